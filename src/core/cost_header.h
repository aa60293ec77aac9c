/* ---- cost as HTTP headers ------------------------------------------------------------------ */

/* Money is in nano-USD, USD / 10^9, whole numbers. This stands where it is not known. */
#define LLMOBS_COST_UNKNOWN INT64_MIN

/* What a service that asks a model tells about one request. Names of headers have no case. */
#define LLMOBS_HEADER_COST_USD "X-LLM-Cost-USD"
#define LLMOBS_HEADER_TOKENS_TOTAL "X-LLM-Tokens-Total"
#define LLMOBS_HEADER_FEATURE "X-Feature"

#define LLMOBS_COST_HEADER_USD_MOST INT64_C(1000000000000000) /* a million dollars a request    */
/* 2^53: up to here readers that have no whole numbers (JavaScript, JSON, spreadsheets) are exact */
#define LLMOBS_COST_HEADER_TOKENS_MOST INT64_C(9007199254740992)
#define LLMOBS_COST_HEADER_DIGITS 64 /* most bytes of a number's value, blanks included          */
#define LLMOBS_COST_HEADER_SIZE 129  /* room for any value that is written, with its NUL         */

/* [any] Reads a value of X-LLM-Cost-USD: digits with at most one point, blanks around them, nothing
   else. More than nine decimals are rounded, half to even. ERROR_ARGUMENT: anything else ("nan",
   "1e309", "-5", "+1", "0x10", "1,5", "", NULL, more than LLMOBS_COST_HEADER_DIGITS bytes).
   ERROR_LIMIT: more than LLMOBS_COST_HEADER_USD_MOST. `*nano` changes on success only. Exact, no
   locale; about 15 ns. */
LLMOBS_API llmobs_result llmobs_cost_header_usd(const char* value, int64_t* nano);

/* [any] The same for X-LLM-Tokens-Total: a whole number, no point, up to
   LLMOBS_COST_HEADER_TOKENS_MOST. */
LLMOBS_API llmobs_result llmobs_cost_header_tokens(const char* value, int64_t* tokens);

/* [any] Writes the value of one header, with its NUL, and returns its size. 0, and "": it is
   unknown (LLMOBS_COST_UNKNOWN; tokens below 0; NULL or "" as feature), or refused: above the most,
   a negative amount, a feature of more than 128 bytes or with other than visible ASCII characters
   and blanks between them. So no line break gets into a header. Amounts are exact: "0.0001794". */
LLMOBS_API size_t llmobs_cost_header_put_usd(int64_t cost_nano, char out[LLMOBS_COST_HEADER_SIZE]);
LLMOBS_API size_t llmobs_cost_header_put_tokens(int64_t tokens, char out[LLMOBS_COST_HEADER_SIZE]);
LLMOBS_API size_t llmobs_cost_header_put_feature(const char* feature,
                                                 char out[LLMOBS_COST_HEADER_SIZE]);

/* [any] All three as lines, "X-LLM-Cost-USD: 0.0001794\r\n" and so on, with a NUL; returns the size
   without it. What is unknown or refused has no line. 0, and "" where there is room for that: there
   is no line, or they do not fit; 256 bytes are always enough. */
LLMOBS_API size_t llmobs_cost_headers_write(int64_t cost_nano, int64_t tokens, const char* feature,
                                            char* out, size_t capacity);
