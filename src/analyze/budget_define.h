/* ---- budgets: defining them ---------------------------------------------------------------- */

/* A budget by value; zeroed ones and removed ones are inert. */
typedef struct llmobs_budget {
    uint32_t instance; /* private, as all its fields */
    uint32_t number;
    uint64_t generation;
} llmobs_budget;

/* [any, locks] Defines a budget; requests reserved from now on count. `out` may be NULL.
   ERROR_ARGUMENT: no name or one of 32 bytes or more, one that is taken, a limit that is neither
   LLMOBS_BUDGET_NO_LIMIT nor 0 to LLMOBS_BUDGET_MOST, a soft one above the hard one, an offset of a
   day or more, ALL with a key. ERROR_LIMIT: there are llmobs_config.budgets. ERROR_KEY: no
   pseudonym could be made of the user. */
LLMOBS_API llmobs_result llmobs_budget_add(llmobs* obs, const llmobs_budget_info* info,
                                           llmobs_budget* out);

/* [any, locks] Changes the limits, at once: of the budget, or of one key of a template (a user's id
   or pseudonym), which from then on has limits of its own. What is spent stays. ERROR_ARGUMENT: no
   such budget, or as above. ERROR_LIMIT: the template has no place for the key. */
LLMOBS_API llmobs_result llmobs_budget_limit(llmobs_budget budget, const char* key,
                                             int64_t soft_nano, int64_t hard_nano);

/* [any, locks] Ends a budget, with all that was counted. What is reserved in it settles in the
   others. ERROR_ARGUMENT: there is none, which is harmless. */
LLMOBS_API llmobs_result llmobs_budget_remove(llmobs_budget budget);

/* Where a budget stands. */
typedef struct llmobs_budget_state {
    size_t size; /* sizeof(llmobs_budget_state) of the implementation */
    int64_t spent_nano;
    int64_t reserved_nano;
    int64_t soft_nano; /* LLMOBS_BUDGET_NO_LIMIT */
    int64_t hard_nano;
    uint64_t period_start_ns; /* Unix time; of one without a period: since when it is there */
    uint64_t period_end_ns;   /* 0: it never ends */
} llmobs_budget_state;

/* [any, locks] Of a budget, or of a key of a template (a user's id or pseudonym; NULL:
   `__other__`). A key that has spent nothing has no place and a state all the same.
   ERROR_ARGUMENT: there is no such budget, or the key is not its. */
LLMOBS_API llmobs_result llmobs_budget_status(llmobs_budget budget, const char* key,
                                              llmobs_budget_state* state);
