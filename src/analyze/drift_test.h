/* ---- DRIFT4: whether a window is like its baseline ----------------------------------------- */

#define LLMOBS_DRIFT_ALPHA 0.01 /* false alarms, unless the caller wants others */
#define LLMOBS_DRIFT_VOTES 20   /* of fewer nothing is said */

/* Bits of llmobs_drift_result.warnings. */
#define LLMOBS_DRIFT_WARN_INSUFFICIENT 1u /* fewer than 20 votes: every p is 1, no alarm        */
#define LLMOBS_DRIFT_WARN_BASELINE 2u     /* fewer than 5 times as many embeddings in the
                                             baseline as votes: its own error counts, and it
                                             alarms more often                                  */
#define LLMOBS_DRIFT_WARN_GROUPS 4u       /* more groups than the window was made for: of new
                                             ones more than 1 in 250 are taken for old ones,
                                             and had no vote                                    */

/* What a window came to. Each p is the chance that a window of the baseline's own kind looks at
   least as odd; docs/drift.md has the formulae. */
typedef struct llmobs_drift_result {
    size_t size;            /* of this struct, as the caller knows it                            */
    uint32_t warnings;      /* LLMOBS_DRIFT_ bits                                                */
    bool alarm;             /* p <= alpha, and there are 20 votes                                */
    double p;               /* of all four together: the least, times four                       */
    double p_centroid;      /* the mean has moved                                                */
    double p_distance;      /* texts are nearer to known topics, or farther, on average          */
    double p_topic;         /* topics have other shares                                          */
    double p_tail;          /* texts that are farther from all topics than any was               */
    uint32_t votes;         /* of the window                                                     */
    uint32_t count;         /* embeddings of the baseline                                        */
    uint32_t beyond;        /* votes that are farther than any was                               */
    uint32_t topic;         /* the prototype that grew most, by its residual                     */
    double topic_residual;  /* standardised: about normal if nothing has changed                 */
    double topic_share;     /* of the votes                                                      */
    double topic_share_before; /* of the embeddings held                                         */
    double mean_distance;   /* from the nearest prototype: of the votes, and their deviation     */
    double mean_deviation;
    double mean_distance_before; /* of the embeddings held                                       */
} llmobs_drift_result;

/* [any] Tests a window against its baseline. `alpha` is the share of false alarms that is
   wanted, above 0 and below 1; 0: 0.01. `out->size` says what the caller knows of it. It takes
   20 to 100 us, a few ms where the null is all but normal. ERROR_MISMATCH: the window is of
   another baseline. ERROR_ARGUMENT: NULL, or alpha. */
LLMOBS_API llmobs_result llmobs_drift_test(const llmobs_drift_baseline* baseline,
                                           const llmobs_drift_window* window, double alpha,
                                           llmobs_drift_result* out);
