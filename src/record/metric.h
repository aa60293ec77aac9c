/* ---- metrics: finding a series, and recording ---------------------------------------------- */

/* One series of a metric, by value: keep it, and record through it from any thread. Zeroed ones and
   those of a closed instance are inert; in a fork's child they go on, from zero. */
typedef struct llmobs_counter {
    uint32_t instance; /* private, as all fields of these four */
    uint32_t metric;
    uint32_t series;
    uint32_t cell;
} llmobs_counter;

typedef struct llmobs_updown {
    uint32_t instance;
    uint32_t metric;
    uint32_t series;
    uint32_t cell;
} llmobs_updown;

typedef struct llmobs_gauge {
    uint32_t instance;
    uint32_t metric;
    uint32_t series;
    uint32_t cell;
} llmobs_gauge;

typedef struct llmobs_histogram {
    uint32_t instance;
    uint32_t metric;
    uint32_t series;
    uint32_t cell;
} llmobs_histogram;

/* [any, locks] Defines a metric. The same definition again gives the same metric; another one of
   the same name (or of one that looks the same to Prometheus) is ERROR_ARGUMENT, as are malformed
   names and bounds. ERROR_LIMIT: raise llmobs_config.max_metrics or metric_bytes. `result` may be
   NULL. */
LLMOBS_API llmobs_metric llmobs_metric_define(llmobs* obs, const llmobs_metric_info* info,
                                              llmobs_result* result);

/* [any] The metric of this name, inert if there is none. */
LLMOBS_API llmobs_metric llmobs_metric_find(llmobs* obs, const char* name);

/* [any] One of LLMOBS_METRICS, to get series of: labels in the order of docs/metrics.md, user_id
   only with llmobs_config.metric_user_ids. Inert while its family is switched off. */
LLMOBS_API llmobs_metric llmobs_metric_of(llmobs* obs, llmobs_known known);

/* [setup] Admits only these values of a label; what is recorded with others counts as "other". For
   labels that clients choose. Before the first series is made; ERROR_BUSY after. ERROR_ARGUMENT:
   there is no such label. ERROR_LIMIT: no memory for the list (raise llmobs_config.max_metrics). */
LLMOBS_API llmobs_result llmobs_metric_allow(llmobs_metric metric, const char* label,
                                             const char* const* values, size_t count);

/* [any, locks] The series with these label values, in the order of the definition; made when it is
   new. NULL stands for "". About 40 ns, and no lock, once it exists. Values are cut to
   llmobs_config.label_bytes, and repaired where they are no UTF-8. When there are too many series,
   the answer is the metric's overflow series (`otel_metric_overflow="true"`): totals stay exact,
   and llmobs_metric_overflows_total{metric="..."} counts it. A metric of another instrument, or a
   wrong number of values, gives an inert handle and is counted as misused. In a signal handler that
   interrupted a call of ours, a new label set goes to the overflow series. */
LLMOBS_API llmobs_counter llmobs_counter_get(llmobs_metric metric, const char* const* values,
                                             size_t count);
LLMOBS_API llmobs_updown llmobs_updown_get(llmobs_metric metric, const char* const* values,
                                           size_t count);
LLMOBS_API llmobs_gauge llmobs_gauge_get(llmobs_metric metric, const char* const* values,
                                         size_t count);
LLMOBS_API llmobs_histogram llmobs_histogram_get(llmobs_metric metric, const char* const* values,
                                                 size_t count);

/* [any, locks] The same by names, labels in any order; one that is not given is "". */
LLMOBS_API llmobs_counter llmobs_counter_find(llmobs* obs, const char* name,
                                              const llmobs_label* labels, size_t count);
LLMOBS_API llmobs_updown llmobs_updown_find(llmobs* obs, const char* name,
                                            const llmobs_label* labels, size_t count);
LLMOBS_API llmobs_gauge llmobs_gauge_find(llmobs* obs, const char* name,
                                          const llmobs_label* labels, size_t count);
LLMOBS_API llmobs_histogram llmobs_histogram_find(llmobs* obs, const char* name,
                                                  const llmobs_label* labels, size_t count);

/* [any, locks] Takes a series out of what is exported, so that others have room under max_series.
   What is recorded through old handles is lost; found again, the series begins at zero. False when
   there is no such series. Its memory is not used anew. */
LLMOBS_API bool llmobs_series_remove(llmobs_metric metric, const char* const* values,
                                     size_t count);

/* [any] Adds to a counter: whole units, or billionths of a LLMOBS_NUMBER_NANO metric. About 2 ns;
   also in a signal handler. Amounts above INT64_MAX are negative ones in disguise: they are not
   added, and counted as invalid. At INT64_MAX the sum stays, and is counted as saturated. */
LLMOBS_API void llmobs_counter_add(llmobs_counter counter, uint64_t amount);

/* [any] Adds a positive or negative difference. */
LLMOBS_API void llmobs_updown_add(llmobs_updown updown, int64_t amount);

/* [any] Sets a gauge. NaN and infinities are values here. */
LLMOBS_API void llmobs_gauge_set(llmobs_gauge gauge, double value);

/* [any] The same, for an amount that belongs to a span: its trace becomes the counter's exemplar,
   at most once a second, where the metric keeps exemplars and the span is sampled. */
LLMOBS_API void llmobs_counter_add_in(llmobs_counter counter, uint64_t amount, llmobs_span span);
