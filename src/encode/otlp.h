/* ---- OTLP ---------------------------------------------------------------------------------- */

/* [any] Writes a batch's spans as OTLP/JSON: one line (ending in '\n') that is a TracesData
   message, the OpenTelemetry file format. Returns false as soon as `write` does. Pure: no state, no
   allocation. */
LLMOBS_API bool llmobs_encode_otlp_json(const llmobs_batch* batch, llmobs_write_fn write,
                                        void* user);
