/* ---- metrics out --------------------------------------------------------------------------- */

/* [any, locks] Writes all metrics as Prometheus text: for the handler of GET /metrics. `write` is
   called with up to 8 KiB at a time. Waits neither for recorders nor for the tick; series come in
   the order in which they were made. Takes 40 KiB of stack. ERROR_CLOSED (nothing is written),
   ERROR_SYSTEM when `write` returned false. About 1 us for every 2 KiB of text. */
LLMOBS_API llmobs_result llmobs_prometheus_write(llmobs* obs, llmobs_exposition exposition,
                                                 llmobs_write_fn write, void* user);

/* [any, locks] The same into a buffer: `*size` is its capacity, then the size of the whole text,
   without the NUL that follows it. ERROR_LIMIT when it does not fit with its NUL: the buffer holds
   "" then, and `*size` says how much there is to be told (some more may come). */
LLMOBS_API llmobs_result llmobs_prometheus_print(llmobs* obs, llmobs_exposition exposition,
                                                 char* buffer, size_t* size);

/* Gets the metrics, some at a time: batch->metrics and batch->metric_count. What it points to lives
   until the callback returns. False stops. */
typedef bool (*llmobs_collect_fn)(void* user, const llmobs_batch* batch);

/* [any, locks] Reads all metrics and hands them over as batches of typed views. A metric with many
   series may come in several batches. ERROR_SYSTEM when `collect` returned false. */
LLMOBS_API llmobs_result llmobs_metrics_collect(llmobs* obs, llmobs_collect_fn collect, void* user);

/* [any, locks] Reads all metrics and encodes them, as llmobs_encode does, cumulative: OTLP/JSON
   lines, or OTLP protobuf. Where there are many, several messages of protobuf come one after the
   other: by its rules they are one, so all that is written is the body of one request. */
LLMOBS_API llmobs_result llmobs_metrics_write(llmobs* obs, llmobs_format format,
                                              llmobs_write_fn write, void* user);
