/* ---- batches: what an exporter receives ---------------------------------------------------- */

/* One attribute on its way out. */
typedef struct llmobs_attribute_view {
    llmobs_string key;
    llmobs_type type;
    uint32_t count; /* LLMOBS_TYPE_STRINGS: how many */
    union {
        llmobs_string string;
        int64_t integer;
        double real;
        bool boolean;
        const llmobs_string* strings;
    } value;
} llmobs_attribute_view;

typedef struct llmobs_event_view {
    llmobs_string name;
    uint64_t unix_ns;
    const llmobs_attribute_view* attributes;
    uint32_t attribute_count;
    uint32_t dropped_attribute_count;
} llmobs_event_view;

typedef struct llmobs_link_view {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint32_t flags; /* as in OTLP: W3C flags, and LLMOBS_FLAG_* */
    llmobs_string trace_state;
    const llmobs_attribute_view* attributes;
    uint32_t attribute_count;
    uint32_t dropped_attribute_count;
} llmobs_link_view;

#define LLMOBS_FLAG_HAS_IS_REMOTE 0x100u /* OTLP: the next bit is meaningful     */
#define LLMOBS_FLAG_IS_REMOTE 0x200u     /* OTLP: the parent is in another process */

typedef struct llmobs_span_view {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    uint8_t parent_span_id[8]; /* all zero: a root */
    llmobs_string name;
    llmobs_string trace_state; /* W3C tracestate, with the sampling threshold `ot=th:` */
    llmobs_string status_message;
    uint64_t start_unix_ns;
    uint64_t end_unix_ns; /* never before the start */
    uint32_t flags;       /* as in OTLP: W3C flags, and LLMOBS_FLAG_* */
    uint32_t thread;      /* number of the recording thread that ended it: 0, 1, 2, ... */
    llmobs_kind kind;
    llmobs_status status;
    const llmobs_attribute_view* attributes;
    const llmobs_event_view* events;
    const llmobs_link_view* links;
    uint32_t attribute_count;
    uint32_t event_count;
    uint32_t link_count;
    uint32_t dropped_attribute_count;
    uint32_t dropped_event_count;
    uint32_t dropped_link_count;
} llmobs_span_view;

/* A log record. */
typedef struct llmobs_log_view {
    uint8_t trace_id[16]; /* all zero: it belongs to no trace */
    uint8_t span_id[8];
    uint64_t unix_ns;          /* when it happened */
    uint64_t observed_unix_ns; /* when it was recorded */
    llmobs_severity severity;
    uint32_t flags;  /* W3C flags of its trace */
    uint32_t thread; /* number of the recording thread */
    llmobs_string event_name;
    llmobs_string body;
    const llmobs_attribute_view* attributes;
    uint32_t attribute_count;
    uint32_t dropped_attribute_count;
    const llmobs_interaction* interaction; /* of llmobs_log_interaction, in place of body and
                                              attributes; NULL: any other record */
    uint32_t vocabulary; /* in whose words an interaction becomes attributes: what
                            llmobs_config.vocabulary was; 0: LLMOBS_VOCABULARY_GENAI */
} llmobs_log_view;

/* ---- metrics as typed views ---------------------------------------------------------------- */

/* The trace of one recorded value. */
typedef struct llmobs_exemplar_view {
    uint8_t trace_id[16];
    uint8_t span_id[8];
    double value;
    uint64_t unix_ns;
    uint32_t bucket; /* of the histogram; 0 for counters */
} llmobs_exemplar_view;

/* A value in the number that its metric has. */
typedef union llmobs_value {
    int64_t integer; /* LLMOBS_NUMBER_INT; LLMOBS_NUMBER_NANO: billionths */
    double real;     /* LLMOBS_NUMBER_DOUBLE */
} llmobs_value;

/* One series at one instant. Counts are of values since `start_unix_ns`. */
typedef struct llmobs_point_view {
    const llmobs_attribute_view* attributes; /* its labels, all strings but the overflow's bool */
    uint32_t attribute_count;
    llmobs_string labels; /* the same as Prometheus text, escaped: model="gpt",direction="input" */
    uint64_t start_unix_ns;
    uint64_t time_unix_ns;
    llmobs_value value; /* counters, gauges: the value; histograms: the sum */
    llmobs_value min;   /* histograms, where count is not 0 and the temporality is cumulative */
    llmobs_value max;
    uint64_t count;                /* histograms: the sum of zero_count and all bucket counts */
    const uint64_t* bucket_counts; /* not cumulative; explicit: one more than bounds            */
    uint32_t bucket_count;
    int32_t scale; /* exponential: bucket i is (b^(offset+i), b^(offset+i+1)], b = 2^(2^-scale) */
    int32_t offset;
    uint64_t zero_count;
    const llmobs_exemplar_view* exemplars; /* by ascending bucket */
    uint32_t exemplar_count;
} llmobs_point_view;

/* What a counter's or a histogram's points count: OTLP's numbers. */
typedef enum llmobs_temporality {
    LLMOBS_TEMPORALITY_DELTA = 1,     /* since the point of the batch before     */
    LLMOBS_TEMPORALITY_CUMULATIVE = 2 /* since the series began; 0 is taken for it */
} llmobs_temporality;

/* A metric with some or all of its series. */
typedef struct llmobs_metric_view {
    llmobs_string name; /* as defined */
    llmobs_string help;
    llmobs_string unit;
    llmobs_string family; /* Prometheus' name, a counter's without "_total" */
    llmobs_instrument instrument; /* LLMOBS_GAUGE_CALLBACK is a LLMOBS_GAUGE here */
    llmobs_number number;
    const double* bounds;
    uint32_t bound_count;
    double least; /* exponential: the range that was declared */
    double most;
    const llmobs_point_view* points;
    size_t point_count;
    llmobs_temporality temporality; /* of all its points */
} llmobs_metric_view;

/* ---- the batch ----------------------------------------------------------------------------- */

/* What all that an instance exports shares: who made it. */
typedef struct llmobs_resource_view {
    const llmobs_attribute_view* attributes; /* service.name, telemetry.sdk.*, process.pid, ... */
    uint32_t attribute_count;
} llmobs_resource_view;

/* Names one batch for llmobs_export_done. */
typedef struct llmobs_export_token {
    uint32_t instance; /* private, as all its fields */
    uint32_t place;
    uint64_t serial;
} llmobs_export_token;

/* What an exporter may take; a batch that it gets has one of them. */
#define LLMOBS_SIGNAL_SPANS 1u
#define LLMOBS_SIGNAL_LOGS 2u
#define LLMOBS_SIGNAL_METRICS 4u

/* What the exporter's callback gets. It and all it points to live until the callback returns or, if
   that returned LLMOBS_EXPORT_PENDING, until llmobs_export_done; then the memory is used anew. */
typedef struct llmobs_batch {
    size_t size;     /* sizeof(llmobs_batch) of the implementation: newer ones have more fields */
    uint64_t id;     /* the same at every attempt; unique among this process's batches           */
    uint32_t attempt; /* 1, 2, ...                                                               */
    llmobs_export_token token;
    const llmobs_resource_view* resource;
    const llmobs_span_view* spans;
    size_t span_count;
    uint64_t lost_before; /* spans, log records or points, whichever this has, that the exporter
                             lost since its last batch of them: a gap, told in band */
    const llmobs_metric_view* metrics;
    size_t metric_count;
    const llmobs_log_view* logs;
    size_t log_count;
    bool history; /* by llmobs_recover: of what was delivered already, or was not to be */
} llmobs_batch;
