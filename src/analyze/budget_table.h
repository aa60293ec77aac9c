/* ---- budgets ------------------------------------------------------------------------------- */

/* A budget is asked before money is spent: llmobs_budget_reserve sets an amount aside in every
   budget that applies, or in none, and says no where one has no room. llmobs_budget_settle books
   what it came to. However many threads ask, together they never get more than the hard limit.
   llmobs_config.budgets says how many there may be; by default none. See docs/budgets.md. */

/* Whom a budget is for. X(id, text). */
#define LLMOBS_BUDGET_SCOPES(X)                                                                   \
    X(ALL, "all")                                                                                 \
    X(TENANT, "tenant")                                                                           \
    X(FEATURE, "feature")                                                                         \
    X(USER, "user")

typedef enum llmobs_budget_scope {
#define LLMOBS_I_BUDGET_SCOPE(id, text) LLMOBS_BUDGET_##id,
    LLMOBS_BUDGET_SCOPES(LLMOBS_I_BUDGET_SCOPE)
#undef LLMOBS_I_BUDGET_SCOPE
    LLMOBS_BUDGET_SCOPE_COUNT
} llmobs_budget_scope;

/* What happens to keys for which a template has no place any more. */
typedef enum llmobs_budget_overflow {
    LLMOBS_BUDGET_SHARE = 0, /* they share one amount, `__other__`, with the same limits */
    LLMOBS_BUDGET_REFUSE     /* they get nothing                                          */
} llmobs_budget_overflow;

#define LLMOBS_BUDGET_NAME 32 /* bytes of a name, with its NUL                  */
#define LLMOBS_BUDGET_KEY 80  /* bytes of a key, with its NUL: longer ones are cut */
#define LLMOBS_BUDGET_MOST ((INT64_C(1) << 60) - 1) /* nano-USD: 1.15 billion dollars */
#define LLMOBS_BUDGET_NO_LIMIT INT64_MAX

typedef struct llmobs_budget_info {
    size_t size;      /* sizeof(llmobs_budget_info); 0 means this version's                       */
    const char* name; /* its own; decisions and the state file tell it                            */
    llmobs_budget_scope scope;   /*                                  (default LLMOBS_BUDGET_ALL) */
    const char* key;  /* of one tenant, feature or user (whose id becomes a pseudonym at once).
                         NULL: a template, for each of them an amount of its own                  */
    int64_t soft_nano; /* above it, requests are allowed and told so   (default none)             */
    int64_t hard_nano; /* up to and with it, they are allowed          (default none)             */
    llmobs_period period; /*                                 (default LLMOBS_PERIOD_DAY)  */
    int32_t utc_offset_minutes;  /* of the time zone in which periods begin, east of Greenwich
                                    positive; it knows no summer time  (default 0)                */
    llmobs_budget_overflow on_overflow; /*                          (default LLMOBS_BUDGET_SHARE) */
} llmobs_budget_info;

/* [any] Zeroed but for the size and the limits, which are LLMOBS_BUDGET_NO_LIMIT. */
LLMOBS_API llmobs_budget_info llmobs_budget_info_default(void);
