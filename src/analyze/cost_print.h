/* ---- cost reports as text ------------------------------------------------------------------ */

typedef enum llmobs_report_format {
    LLMOBS_REPORT_TEXT = 0, /* for a terminal: money cut to six decimals, so that lines need not
                               add up in the last one, as they do in the others */
    LLMOBS_REPORT_JSON,     /* one line                            */
    LLMOBS_REPORT_CSV       /* RFC 4180, a header and a line each  */
} llmobs_report_format;

/* [any, locks] llmobs_cost_report as text: the `top` most expensive ones, LLMOBS_REPORT_LINES at
   most, and what is left in one more line. Errors as there; ERROR_SYSTEM: `write` has refused. */
LLMOBS_API llmobs_result llmobs_cost_report_write(llmobs* obs,
                                                  const llmobs_cost_question* question, size_t top,
                                                  llmobs_report_format format,
                                                  llmobs_write_fn write, void* user);
