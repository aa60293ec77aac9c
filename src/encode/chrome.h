/* ---- Chrome trace -------------------------------------------------------------------------- */

/* [any] Writes a batch as Chrome trace events, each on a line that ends in ",\n": a pair of
   nestable async events a span, grouped by trace; before them the process's name. Returns false
   as soon as `write` does. Pure. `ts` is Unix time in microseconds modulo 4,000,000 s, since
   viewers read it as a double, which would round today's to a quarter of a microsecond;
   `args.start_unix_ns` is whole. Siblings that overlap in time are drawn into each other by
   Perfetto: async events of one trace are a stack there. */
LLMOBS_API bool llmobs_encode_chrome(const llmobs_batch* batch, llmobs_write_fn write, void* user);
