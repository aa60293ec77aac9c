/* [any] Writes a batch's log records as OTLP/JSON: one line (ending in '\n') that is a LogsData
   message. An interaction is the event "llm.interactions", its members are attributes: docs/log.md
   has their names. Returns false as soon as `write` does. Pure: no state, no allocation. */
LLMOBS_API bool llmobs_encode_otlp_logs_json(const llmobs_batch* batch, llmobs_write_fn write,
                                             void* user);

/* [any] Where OTLP/HTTP wants this batch: "/v1/traces", "/v1/logs" or "/v1/metrics". */
LLMOBS_API const char* llmobs_otlp_path(const llmobs_batch* batch);
