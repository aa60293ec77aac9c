/* ---- what a request cost ------------------------------------------------------------------- */

typedef enum llmobs_cost_status {
    LLMOBS_COST_EXACT = 0,    /* nano, low and high are the same                               */
    LLMOBS_COST_RANGE,        /* something is unknown: the cost lies between low and high      */
    LLMOBS_COST_NO_USAGE,     /* no number of tokens is known                                  */
    LLMOBS_COST_UNKNOWN_MODEL, /* the table does not have it, or there is no table             */
    LLMOBS_COST_UNPRICED,     /* it has no price for a kind of token that was used             */
    LLMOBS_COST_REFUSED       /* more than llmobs_config.cost_most: it can't be                */
} llmobs_cost_status;

/* Money is in nano-USD, USD / 10^9: LLMOBS_COST_UNKNOWN where it is not known. */
typedef struct llmobs_cost {
    size_t size; /* sizeof(llmobs_cost); 0 means this version's                                */
    llmobs_cost_status status;
    int64_t nano; /* rounded once, half to even. With RANGE: what it is if the parts that nobody
                     has counted are none; unknown where a total is                            */
    int64_t low;
    int64_t high; /* unknown: there is no bound                                                */
    int64_t of[LLMOBS_COST_KIND_COUNT]; /* of `nano`, each rounded by itself: to look at. Their
                                           sum may be some nano-USD off                        */
    bool saturated;    /* low or high is INT64_MAX, and was more                               */
    bool inconsistent; /* the parts were more than the total: cut, see docs/cost.md            */
    bool dated;        /* by the price of the model's name without its date                    */
    bool wildcard;     /* by the price of all models of its provider                           */
    bool tiered;       /* by tiered_pricing                                                    */
    bool off_peak;     /* by off-peak prices                                                   */
    int64_t threshold; /* by the price of requests with more input tokens than this; 0: none   */
    uint64_t uplift;   /* for the region and service, in millionths, 1000000: none             */
    const char* service_tier; /* whose price it was: a static text, "": the standard price     */
    char row[LLMOBS_PRICE_NAME_SIZE];   /* of the table                                        */
    char table[LLMOBS_PRICES_ID_SIZE];  /* llmobs_prices.id: with it the cost can be made again */
    char date[LLMOBS_PRICES_DATE_SIZE]; /* llmobs_prices.date                                  */
    int64_t saved; /* by reading from a cache: nano + saved is what it cost if those tokens were
                      input like the others. Never below 0; unknown where nano is              */
} llmobs_cost;

/* [any] Zeroed but for the size. */
LLMOBS_API llmobs_cost llmobs_cost_default(void);

/* [any] What it cost, by the table in use, into a `cost` made by llmobs_cost_default. LLMOBS_OK
   whatever the status is; ERROR_CLOSED, with UNKNOWN_MODEL as status, where no thread can come in.
   About 60 ns. */
LLMOBS_API llmobs_result llmobs_cost_of(llmobs* obs, const llmobs_cost_query* query,
                                        llmobs_cost* cost);
