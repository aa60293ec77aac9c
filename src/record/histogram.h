/* ---- metrics: histograms ------------------------------------------------------------------- */

/* [any] Records a value: seconds, USD, tokens. Of a LLMOBS_NUMBER_NANO metric it is rounded to
   billionths, of a LLMOBS_NUMBER_INT one to a whole number. Negative values, NaN and infinities are
   not recorded, and counted as invalid. About 4 ns. */
LLMOBS_API void llmobs_histogram_record(llmobs_histogram histogram, double value);

/* [any] Records whole units, or the nanoseconds (billionths) of a LLMOBS_NUMBER_NANO metric: faster
   than a double. Values above INT64_MAX are invalid. */
LLMOBS_API void llmobs_histogram_record_int(llmobs_histogram histogram, uint64_t value);

/* [any] The same for a value that belongs to a span: its trace becomes the bucket's exemplar, at
   most once a second, where the metric keeps exemplars and the span is sampled. */
LLMOBS_API void llmobs_histogram_record_in(llmobs_histogram histogram, double value,
                                           llmobs_span span);
LLMOBS_API void llmobs_histogram_record_int_in(llmobs_histogram histogram, uint64_t value,
                                               llmobs_span span);
