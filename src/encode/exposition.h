/* ---- Prometheus text ----------------------------------------------------------------------- */

typedef enum llmobs_exposition {
    LLMOBS_PROMETHEUS_TEXT = 0, /* text/plain; version=0.0.4; charset=utf-8                     */
    LLMOBS_OPENMETRICS = 1      /* application/openmetrics-text; version=1.0.0; charset=utf-8    */
} llmobs_exposition;

/* [any] The format that a request's Accept header asks for (quality values count); Prometheus text
   when it is NULL, malformed or names neither. */
LLMOBS_API llmobs_exposition llmobs_exposition_for(const char* accept);

/* [any] The Content-Type to answer with. */
LLMOBS_API const char* llmobs_exposition_content_type(llmobs_exposition exposition);
