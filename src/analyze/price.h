/* ---- prices -------------------------------------------------------------------------------- */

/* Kinds of tokens, each with a price of its own. Those of the input, then those of the output. */
#define LLMOBS_COST_KINDS(X)                                                                      \
    X(INPUT, "input")             /* text that came from no cache                              */ \
    X(CACHE_READ, "cache_read")                                                                   \
    X(CACHE_WRITE, "cache_write") /* kept for some minutes                                     */ \
    X(CACHE_WRITE_1H, "cache_write_1h")                                                           \
    X(AUDIO_INPUT, "audio_input")                                                                 \
    X(IMAGE_INPUT, "image_input")                                                                 \
    X(OUTPUT, "output")           /* text that is read by somebody                             */ \
    X(REASONING, "reasoning")                                                                     \
    X(AUDIO_OUTPUT, "audio_output")                                                               \
    X(IMAGE_OUTPUT, "image_output")

typedef enum llmobs_cost_kind {
#define LLMOBS_I_COST_KIND(name, text) LLMOBS_COST_##name,
    LLMOBS_COST_KINDS(LLMOBS_I_COST_KIND)
#undef LLMOBS_I_COST_KIND
    LLMOBS_COST_KIND_COUNT
} llmobs_cost_kind;

/* From the unit that price lists use, USD for a million tokens, to the one that is exact:
   USD / 10^15 for a token. */
#define LLMOBS_PER_MILLION(usd) ((int64_t)((usd) * 1e9 + 0.5))

/* A model's prices, set by call: what they are whatever the size of the request or the time of day.
   -1: there is none. A cached, audio or image token without a price is an input token, reasoning
   is output. */
typedef struct llmobs_price {
    size_t size;                 /* sizeof(llmobs_price); 0 means this version's              */
    int64_t max_input_tokens;    /* these two bound the cost of what nobody has counted (-1)  */
    int64_t max_output_tokens;
    int64_t femto[LLMOBS_COST_KIND_COUNT]; /* USD / 10^15 a token: LLMOBS_PER_MILLION(2.50)   */
} llmobs_price;

/* [any] One without any price. */
LLMOBS_API llmobs_price llmobs_price_default(void);

/* Why a table was refused. */
typedef struct llmobs_price_error {
    size_t size;        /* sizeof(llmobs_price_error); 0 means this version's                  */
    uint32_t line;      /* from 1 on; 0: it is not the text                                    */
    uint32_t column;    /* in code points                                                      */
    const char* reason; /* a static text                                                       */
} llmobs_price_error;

/* [any] Zeroed but for the size. */
LLMOBS_API llmobs_price_error llmobs_price_error_default(void);

#define LLMOBS_PRICE_NAME_SIZE 128 /* bytes of a model's name in a table, with its NUL */
#define LLMOBS_PRICES_ID_SIZE 9    /* eight hexadecimal digits and a NUL               */
#define LLMOBS_PRICES_DATE_SIZE 11 /* 2026-01-15 and a NUL                             */

/* The table in use, and what became of those who asked it. */
typedef struct llmobs_prices {
    size_t size;                        /* sizeof(llmobs_prices); 0 means this version's       */
    char id[LLMOBS_PRICES_ID_SIZE];     /* of its contents: see llmobs_prices_load. "": none   */
    char date[LLMOBS_PRICES_DATE_SIZE]; /* from when on its prices hold                        */
    uint32_t models;
    uint32_t skipped_entries; /* that are no models: sample_spec, fallback_generalizations     */
    uint32_t skipped_unpriced; /* that have no price for a token                               */
    uint32_t skipped_zones;    /* whose off-peak hours are in a time zone that is not known    */
    uint32_t rounded;          /* prices that were no whole femto-USD                          */
    uint32_t bytes_used;       /* of llmobs_config.price_bytes                                 */
    uint64_t unknown_models;   /* requests without a price, since the instance was opened,     */
    uint64_t no_usage;         /* without numbers of tokens,                                   */
    uint64_t refused;          /* and of more than llmobs_config.cost_most USD                 */
} llmobs_prices;

/* [any] Zeroed but for the size. */
LLMOBS_API llmobs_prices llmobs_prices_default(void);
