/* ---- encoders by format -------------------------------------------------------------------- */

typedef enum llmobs_format {
    LLMOBS_FORMAT_OTLP_JSON = 1, /* JSON lines, one message a line (.jsonl)                    */
    LLMOBS_FORMAT_CHROME = 2,    /* Chrome trace events (.json), opens in Perfetto             */
    LLMOBS_FORMAT_LOG_JSON = 3,  /* JSON lines of log records, one a line (.jsonl)             */
    LLMOBS_FORMAT_OTLP_PROTOBUF = 4 /* one message, the body of a request; no file            */
} llmobs_format;

/* What a Chrome trace file begins with; the events of any number of batches follow. The closing
   ']' may be missing (chrome://tracing and Perfetto allow it), so a file can be appended to for
   ever. */
#define LLMOBS_CHROME_BEGIN "[\n"

/* [any] Writes a batch in a format. In OTLP_JSON, spans, log records and metrics have a line each,
   in this order: a body for llmobs_otlp_path where the batch has one signal, as those of exporters
   have. OTLP_PROTOBUF is one such body: ERROR_FORMAT for a batch of several signals, ERROR_LIMIT
   for a body of 2 GiB, and nothing is written. A Chrome trace has spans alone, and log lines have
   log records alone: what else is in the batch is left out beside them. ERROR_FORMAT where nothing
   would be left, and for a format that this build does not have. ERROR_SYSTEM when `write` returned
   false, ERROR_ARGUMENT for NULL. */
LLMOBS_API llmobs_result llmobs_encode(const llmobs_batch* batch, llmobs_format format,
                                       llmobs_write_fn write, void* user);

/* [any] The Content-Type of an OTLP format: "application/json" or "application/x-protobuf"; "" for
   any other. */
LLMOBS_API const char* llmobs_otlp_content_type(llmobs_format format);
