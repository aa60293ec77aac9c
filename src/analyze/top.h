/* ---- who is heaviest ----------------------------------------------------------------------- */

/* One of the heaviest. Its weight lies within [low, high]; a bracket whose ends are the same is
   exact. docs/attribution.md says what bounds them. */
typedef struct llmobs_top_entry {
    char pseudonym[LLMOBS_PSEUDONYM_SIZE];
    int64_t low;            /* at least this                                                  */
    int64_t high;           /* at most this; INT64_MAX: or more                               */
    bool guaranteed;        /* nobody who stands below, or is not listed, can be heavier      */
    uint64_t requests;      /* these four since it last came in: what was before weighed at   */
    uint64_t unpriced;      /* most high - low. Requests whose weight is not known are in no  */
    uint64_t input_tokens;  /* bracket: `unpriced` says how many                              */
    uint64_t output_tokens;
} llmobs_top_entry;

/* What the heaviest have together, as many as were asked for, whoever they are. */
typedef struct llmobs_top_share {
    size_t count;      /* entries that were written: fewer if there are no more     */
    int64_t total;     /* of all, listed or not: exact; INT64_MAX: or more          */
    int64_t low;       /* the heaviest have at least this together,                 */
    int64_t high;      /* and at most this                                          */
    double low_share;  /* the same as parts of the total, 0 to 1                    */
    double high_share;
    int64_t rest;      /* nobody who is not listed is heavier than this             */
} llmobs_top_share;
