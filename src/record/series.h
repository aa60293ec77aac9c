/* ---- metrics: what is measured ------------------------------------------------------------- */

typedef enum llmobs_instrument {
    LLMOBS_COUNTER = 1,        /* only grows: a Prometheus counter, a monotonic OTLP sum         */
    LLMOBS_UPDOWN = 2,         /* moves by differences, such as requests running: a gauge, a sum */
    LLMOBS_GAUGE = 3,          /* is set; the last value counts                                  */
    LLMOBS_GAUGE_CALLBACK = 4, /* is asked for when metrics are read                             */
    LLMOBS_HISTOGRAM = 5,      /* with buckets of your choice                                    */
    LLMOBS_HISTOGRAM_EXPONENTIAL = 6 /* base-2 exponential: every quantile within a known error  */
} llmobs_instrument;

/* What a metric's values are. Whole numbers add up exactly, in any order. */
typedef enum llmobs_number {
    LLMOBS_NUMBER_INT = 0,   /* whole numbers, such as tokens                                     */
    LLMOBS_NUMBER_NANO = 1,  /* whole billionths, such as nanoseconds and nano-USD: exported as
                                seconds and USD, as exact decimals                                */
    LLMOBS_NUMBER_DOUBLE = 2 /* histograms of anything else; gauges are always doubles            */
} llmobs_number;

#define LLMOBS_LABELS_MAX 8          /* labels of one metric                  */
#define LLMOBS_BOUNDS_MAX 64         /* bounds of one histogram               */
#define LLMOBS_EXPONENTIAL_BUCKETS 160
#define LLMOBS_METRIC_NAME_MAX 255   /* bytes                                 */

/* One label of a series, for calls that go by name. */
typedef struct llmobs_label {
    const char* name;
    const char* value;
} llmobs_label;

/* Gives a callback gauge's value; runs on the thread that reads the metrics: the library's own, or
   that of a caller who flushes or scrapes, or pumps. NaN: no value now. It must not read metrics of
   this instance (llmobs_tick, _flush and _close answer ERROR_BUSY in it), and must return soon: the
   reader waits for it. */
typedef double (*llmobs_gauge_fn)(void* user);

/* The definition of a metric: strings and arrays are copied. */
typedef struct llmobs_metric_info {
    size_t size;      /* sizeof(llmobs_metric_info); 0 means this version's                       */
    const char* name; /* a letter, then letters, digits and "_.:/-": `llm_tokens_total`,
                         `gen_ai.client.token.usage`. Prometheus gets every other sign as '_', the
                         unit as suffix, and "_total" on counters, where they are not there yet   */
    const char* help; /* one sentence                                                (default "") */
    const char* unit; /* UCUM, as OpenTelemetry has it: "s", "By", "{token}", "USD"  (default "") */
    llmobs_instrument instrument;
    llmobs_number number;
    const char* const* labels; /* names: letters, digits and "_."                                 */
    size_t label_count;        /* up to LLMOBS_LABELS_MAX                                         */
    const double* bounds;      /* LLMOBS_HISTOGRAM: upper, inclusive, ascending, finite, above 0  */
    size_t bound_count;        /* up to LLMOBS_BOUNDS_MAX                                         */
    double least;              /* LLMOBS_HISTOGRAM_EXPONENTIAL: the range of common values, from  */
    double most;               /* which the resolution is chosen. Others widen it    (default 1e-6
                                  to 4096; for LLMOBS_NUMBER_INT 1 to 2^26)                       */
    uint32_t max_series;       /* label sets at a time (default llmobs_config.metric_max_series) */
    bool exemplars;            /* keep the trace of a recent value in each bucket                 */
    llmobs_gauge_fn callback;  /* LLMOBS_GAUGE_CALLBACK, which has no labels                      */
    void* callback_user;
} llmobs_metric_info;

/* A metric, by value; a zeroed one and one of a closed instance are inert. */
typedef struct llmobs_metric {
    uint32_t instance; /* private */
    uint32_t number;   /* private: its place + 1 */
} llmobs_metric;

/* [any] A zeroed info with its size set. */
LLMOBS_API llmobs_metric_info llmobs_metric_info_default(void);
