/* ---- OTLP of metrics ----------------------------------------------------------------------- */

/* [any] Writes a batch's metrics as OTLP/JSON: one line (ending in '\n') that is a MetricsData
   message. What is counted in whole units or billionths keeps all its digits, as a decimal. Returns
   false as soon as `write` does. Pure: no state, no allocation. */
LLMOBS_API bool llmobs_encode_otlp_metrics_json(const llmobs_batch* batch, llmobs_write_fn write,
                                                void* user);
