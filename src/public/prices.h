/* ---- price tables -------------------------------------------------------------------------- */

/* The memory is llmobs_config.price_bytes, taken twice: a table is built beside the one in use, and
   takes its place at once when it is whole. So requests that end meanwhile never see half of one,
   and a table that is refused changes nothing. */

/* [any, locks] Loads a table in the form of LiteLLM's model_prices_and_context_window.json, in
   place of all that was loaded or set before. Refused as a whole, with the place in `error` (which
   may be NULL), is what is no JSON, a model or price that stands twice, and a price that is
   negative, no number, beyond reason, or finer than USD / 10^15. Its id is made of the bytes'
   SHA-256, its date is today. ERROR_ARGUMENT: it is refused. ERROR_LIMIT: it does not fit, or
   price_bytes is 0. ERROR_TIMEOUT: a thread hung inside a call for close_timeout_ms. ERROR_BUSY:
   from a handler that interrupted one. About 7 us a model. */
LLMOBS_API llmobs_result llmobs_prices_load(llmobs* obs, const char* json, size_t size,
                                            llmobs_price_error* error);

/* [any, locks] The same from a file, of which no more is held than 16 KiB. ERROR_SYSTEM: it can't
   be read, or is not a plain file. */
LLMOBS_API llmobs_result llmobs_prices_load_file(llmobs* obs, const char* path,
                                                 llmobs_price_error* error);

/* [any, locks] Sets the prices of one model, in place of what the table has for it; `price` NULL
   takes them out. `provider` NULL: whoever serves it. "*" as model stands for all of a provider
   that have no price of their own. The table gets a new id. ERROR_ARGUMENT: no name, or no price.
   Costs a copy of the table: some 0.2 ms. */
LLMOBS_API llmobs_result llmobs_price_set(llmobs* obs, const char* provider, const char* model,
                                          const llmobs_price* price);

/* [any, locks] Says from when on the prices hold: "2026-01-15". */
LLMOBS_API llmobs_result llmobs_prices_date(llmobs* obs, const char* date);

/* [any, locks] Which table is in use, and what it could not do. ERROR_LIMIT: price_bytes is 0. */
LLMOBS_API llmobs_result llmobs_prices_identity(llmobs* obs, llmobs_prices* prices);
