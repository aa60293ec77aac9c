/* ---- the judge: its scores, told ----------------------------------------------------------- */

/* One score of one answer: the event "gen_ai.evaluation.result" of OpenTelemetry's conventions, of
   the span that was judged. docs/judge.md lists its attributes. Exporters read it by
   llmobs_evaluation_of. Texts are never NULL there; "" is unknown. */
typedef struct llmobs_evaluation {
    size_t size;         /* sizeof(llmobs_evaluation) of the implementation                       */
    uint8_t trace_id[16]; /* of the span; all zero: of none                                       */
    uint8_t span_id[8];
    uint64_t unix_ns;           /* when it was judged                                             */
    llmobs_string name;         /* a category ("pii_exposure", ...) or "overall"                  */
    double value;               /* 0.0 unsafe to 1.0 safe; NaN: unknown                           */
    llmobs_string label;        /* "flagged": it, or for "overall" any, is below its threshold; or
                                   "safe"                                                         */
    bool partial;               /* "overall" of some categories: the others are unknown           */
    llmobs_string request_id;   /* the judged request's                                           */
    llmobs_string reason;       /* why it was judged: "random", "guardrail", ...                  */
    double weight;              /* for how many requests it stands; NaN: unknown                  */
    llmobs_string judge;        /* its name: llmobs_judge.name                                    */
    llmobs_string response_id;  /* the provider's, of the judged answer                           */
    llmobs_string explanation;  /* in the judge's words, which may quote the answer: "" unless the
                                   host allows it                                                 */
} llmobs_evaluation;
