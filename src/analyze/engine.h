/* ---- requests: the steps of an engine ------------------------------------------------------ */

/* An engine that serves several requests in one step. Made once, kept by the thread that decodes,
   which alone uses it. A zeroed one, and one of a closed instance, is inert. */
typedef struct llmobs_engine {
    uint32_t instance; /* private, as all its fields */
    llmobs_gauge kv_usage;
    llmobs_gauge busy_slots;
    llmobs_histogram step_tokens;
    llmobs_counter steps;
    uint64_t step_count;
    uint64_t busy_count;
    llmobs_span step;
    const llmobs_request* requests;
    size_t request_count;
    uint64_t began;
} llmobs_engine;

/* How an engine stands at the end of a step. */
typedef struct llmobs_engine_load {
    size_t size;         /* sizeof(llmobs_engine_load); 0 means this version's                   */
    uint64_t tokens;     /* that the step has worked on, of prompts and of answers; 0: not known */
    uint64_t kv_used;    /* of the KV cache, in tokens, blocks or bytes,                         */
    uint64_t kv_size;    /* and all of it; 0: not known                                          */
    uint32_t slots_busy; /* that have a request; 0: as many as the step has served               */
} llmobs_engine_load;

/* [any] Zeroed but for the size. */
LLMOBS_API llmobs_engine_load llmobs_engine_load_default(void);

/* [any, locks] Finds the series of an engine that serves this model. */
LLMOBS_API llmobs_engine llmobs_engine_of(llmobs* obs, const char* model);

/* [owner] Begins a step, such as a decode: its span with a link to each request that it serves,
   and llamacpp:n_decode. The list must not change until the step's end. Its span is returned, to
   set attributes on. 45 ns, and 25 for each request. */
LLMOBS_API llmobs_span llmobs_engine_step_begin(llmobs_engine* engine, const char* name,
                                                const llmobs_request* requests, size_t count);

/* [owner] Ends it: the time that it took is shared by its requests (llmobs_requests_share), and
   the load goes to vllm:kv_cache_usage_perc, vllm:iteration_tokens_total and
   llamacpp:n_busy_slots_per_decode, an average. `load` may be NULL: not known. 30 ns, and 10 for
   each request. Without a step under way it does nothing. */
LLMOBS_API void llmobs_engine_step_end(llmobs_engine* engine, const llmobs_engine_load* load);
