/* ---- asking -------------------------------------------------------------------------------- */

/* Who wants to spend how much. A budget whose key is not given here does not apply. */
typedef struct llmobs_budget_query {
    size_t size;         /* sizeof(llmobs_budget_query); 0 means this version's                   */
    int64_t nano;        /* the most that the request may cost, in USD / 10^9                     */
    const char* tenant;  /* trusted                                                               */
    const char* feature; /* trusted                                                               */
    const char* user_id; /* becomes the pseudonym that requests of this tenant's user have        */
    const char* user;    /* or that pseudonym, which saves its hashing                            */
} llmobs_budget_query;

/* [any] Zeroed but for the size. */
LLMOBS_API llmobs_budget_query llmobs_budget_query_default(void);

/* Why. X(id, allowed, text). */
#define LLMOBS_BUDGET_REASONS(X)                                                                  \
    X(WITHIN, true, "it fits")                                                                    \
    X(OVER_SOFT, true, "it is over the soft limit")                                               \
    X(NONE_APPLIES, true, "no budget applies")                                                    \
    X(UNCHECKED, true, "the instance is closed, or keeps no budgets")                             \
    X(OVER_HARD, false, "it would be over the hard limit")                                        \
    X(NO_PLACE, false, "the budget has no place for another key (raise "                          \
                       "llmobs_config.budget_keys)")                                              \
    X(NO_RESERVATION, false, "too many reservations are open (raise "                             \
                             "llmobs_config.budget_reservations, or settle them)")                \
    X(TOO_MANY, false, "more than 12 budgets apply at once")                                      \
    X(BAD_AMOUNT, false, "the amount is negative or absurd")                                      \
    X(INTERRUPTED, false, "a signal handler asked that interrupted a call of llmobs")

typedef enum llmobs_budget_reason {
#define LLMOBS_I_BUDGET_REASON(id, allowed, text) LLMOBS_BUDGET_IS_##id,
    LLMOBS_BUDGET_REASONS(LLMOBS_I_BUDGET_REASON)
#undef LLMOBS_I_BUDGET_REASON
    LLMOBS_BUDGET_REASON_COUNT
} llmobs_budget_reason;

/* [any] "it fits", ...; "unknown" for other numbers. */
LLMOBS_API const char* llmobs_budget_reason_text(llmobs_budget_reason reason);

/* The answer. The budget that it names is the one that refused; else of those over their soft
   limit, or else of all, the one with the least room. */
typedef struct llmobs_budget_decision {
    size_t size; /* sizeof(llmobs_budget_decision); set by llmobs_budget_decision_default; 0 means
                    this version's                                                                */
    bool allowed;
    llmobs_budget_reason reason;
    char budget[LLMOBS_BUDGET_NAME]; /* "": none */
    int64_t nano;           /* what was asked for                                                 */
    int64_t room_nano;      /* what is left up to the hard limit, after this if it was allowed    */
    uint64_t period_end_ns; /* Unix time; 0: it never ends                                        */
    uint64_t exhausted_in_ns; /* the room lasts so long at the period's rate until now: room x time
                               gone by / spent. UINT64_MAX: for ever, as nothing is spent         */
} llmobs_budget_decision;

/* [any] Zeroed but for the size. */
LLMOBS_API llmobs_budget_decision llmobs_budget_decision_default(void);

/* [any] The decision in a sentence, cut to `capacity` with its NUL; for logs and error messages. */
LLMOBS_API void llmobs_budget_explain(const llmobs_budget_decision* decision, char* out,
                                      size_t capacity);

/* What was set aside, by value. Zeroed ones and those that are over are inert. */
typedef struct llmobs_reservation {
    uint32_t instance; /* private, as all its fields */
    uint32_t place;
    uint64_t generation;
} llmobs_reservation;

/* [any, locks] Asks all budgets that apply. The lock is for keys not seen in this period. A zeroed
   reservation is returned where nothing was set aside: refused, or no budget applies. `decision`
   may be NULL. About 80 ns with two budgets and the settling, 130 more with a user_id. */
LLMOBS_API llmobs_reservation llmobs_budget_reserve(llmobs* obs, const llmobs_budget_query* query,
                                                    llmobs_budget_decision* decision);

/* [any] Books what it came to, all of it, and gives back the rest. (LLMOBS_COST_UNKNOWN: all that
   was reserved.) More than was reserved is booked
   too, over the limit if need be, since it is spent. It counts for the period in which it was
   reserved; when that is over, for none. ERROR_ARGUMENT: the reservation is over or was none, which
   is harmless, or the amount is negative or above LLMOBS_BUDGET_MOST: then it stays open. */
LLMOBS_API llmobs_result llmobs_budget_settle(llmobs_reservation reservation, int64_t actual_nano);

/* [any] Gives all of it back: nothing was spent. */
LLMOBS_API llmobs_result llmobs_budget_release(llmobs_reservation reservation);
