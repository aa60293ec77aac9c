/* ---- cost as HTTP headers: whom to believe ------------------------------------------------- */

/* The three headers of one message, and what is known of whoever sent it. */
typedef struct llmobs_cost_headers_in {
    size_t size;              /* sizeof(llmobs_cost_headers_in); 0 means this version's           */
    const char* cost_usd;     /* the value of each header; NULL: it is absent                     */
    const char* tokens_total;
    const char* feature;
    const char* const* features; /* the features that there are; no other gets in                 */
    size_t feature_count;
    bool trusted;             /* it was a service of yours: its cost and its tokens are taken
                                                                                  (default false) */
} llmobs_cost_headers_in;

typedef struct llmobs_cost_headers {
    size_t size;            /* sizeof(llmobs_cost_headers) of the implementation                  */
    int64_t cost_nano;      /* to be recorded. LLMOBS_COST_UNKNOWN: absent, junk or not trusted   */
    int64_t tokens;         /* likewise; -1                                                       */
    const char* feature;    /* one of `features`, the pointer that stands there; else "unknown"   */
    int64_t told_cost_nano; /* what was told, trusted or not: to be shown, not to be billed       */
    int64_t told_tokens;
    llmobs_result cost_result;    /* why it is junk: see llmobs_cost_header_usd; OK where absent  */
    llmobs_result tokens_result;
    llmobs_result feature_result; /* ERROR_ARGUMENT: no text that llmobs_cost_header_put_feature
                                     would write. One that is not among `features` is no junk     */
    bool untrusted;         /* a cost or tokens were told, and not taken                          */
} llmobs_cost_headers;

/* [any] Zeroed but for the size: nothing is there, nobody is trusted. */
LLMOBS_API llmobs_cost_headers_in llmobs_cost_headers_in_default(void);

/* [any] Reads them into `out`, whole in every case. Returns the first of the three results that is
   not OK; each such value counts in llmobs_stats.cost_headers_refused. The rest stands. Works with
   no instance, too, and then counts nothing. ERROR_ARGUMENT with `in` or `out` NULL. About 35 ns,
   and 2 for each feature. */
LLMOBS_API llmobs_result llmobs_cost_headers_read(llmobs* obs, const llmobs_cost_headers_in* in,
                                                  llmobs_cost_headers* out);
