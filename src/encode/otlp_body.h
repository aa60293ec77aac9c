/* ---- OTLP as protobuf ---------------------------------------------------------------------- */

/* [any] Writes a batch as OTLP protobuf: the body of a POST to llmobs_otlp_path(batch), an
   ExportTraceServiceRequest, ...LogsServiceRequest or ...MetricsServiceRequest, which is also a
   TracesData, LogsData or MetricsData. The batch has one signal, as those of exporters have: bodies
   of several can't be mixed. It says the same as the JSON, and messages written one after the other
   are one message. Text that is not UTF-8 has U+FFFD where it is malformed. False as soon as
   `write` does, and, before anything is written, for a batch of several signals, NULL, and a body
   of 2 GiB or more, which no reader takes. Pure: no state, no allocation; 12 KiB of stack. */
LLMOBS_API bool llmobs_encode_otlp_protobuf(const llmobs_batch* batch, llmobs_write_fn write,
                                            void* user);

/* [any] How many bytes llmobs_encode_otlp_protobuf writes: for a Content-Length. 0: it writes none.
   A third of the time that writing takes. */
LLMOBS_API size_t llmobs_otlp_protobuf_size(const llmobs_batch* batch);
