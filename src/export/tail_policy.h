/* ---- tail sampling: policies ---------------------------------------------------------------- */

/* What a policy asks of a whole trace, as far as this process has it. */
#define LLMOBS_TAIL_TYPES(X)                                                                      \
    X(ALWAYS, 1)        /* nothing: it matches                                               */   \
    X(LATENCY, 2)       /* the local root's duration is from `least` to `most` seconds       */   \
    X(STATUS, 3)        /* a span has this `status`                                          */   \
    X(NUMBER, 4)        /* a span's attribute `key` is a number from `least` to `most`       */   \
    X(STRING, 5)        /* ... is `text` or, if `prefix`, begins so; or is a list with such  */   \
    X(BOOLEAN, 6)       /* ... is `truth`                                                    */   \
    X(COST, 7)          /* its requests cost from `least` to `most` USD; not if it's unknown */   \
    X(TOKENS, 8)        /* they have used from `least` to `most` tokens; likewise            */   \
    X(GUARDRAIL, 9)     /* a guardrail triggered: did `action`, or worse                     */   \
    X(SPANS, 10)        /* it has from `least` to `most` spans                               */   \
    X(PROBABILITY, 11)  /* chance: `ratio` of all traces, by the trace's random bits         */   \
    X(SPAN_RATE, 12)    /* `per_second` spans a second are not used up                       */   \
    X(BYTE_RATE, 13)    /* `per_second` bytes a second are not used up                       */   \
    X(AND, 14)          /* all of `parts` match                                              */   \
    X(OR, 15)           /* one of `parts` matches                                            */   \
    X(NOT, 16)          /* `parts`, which is one, does not match                             */   \
    X(DROP, 17)         /* `parts`, which is one, matches: the trace is left out             */

typedef enum llmobs_tail_type {
#define LLMOBS_I_TAIL_TYPE(name, value) LLMOBS_TAIL_##name = value,
    LLMOBS_TAIL_TYPES(LLMOBS_I_TAIL_TYPE)
#undef LLMOBS_I_TAIL_TYPE
} llmobs_tail_type;

#define LLMOBS_TAIL_POLICIES_MOST 32u /* at one time                                    */
#define LLMOBS_TAIL_NAME_MOST 64u     /* bytes of a policy's name                       */
#define LLMOBS_TAIL_TEXT_MOST 255u    /* bytes of `key` and of `text`                   */
#define LLMOBS_TAIL_RATE_MOST 1000000000u /* the highest `per_second`                   */

/* One policy. Each field is of the types that name it above. */
typedef struct llmobs_tail_policy {
    size_t size;           /* sizeof(llmobs_tail_policy); 0 means this version's                  */
    const char* name;      /* what the attribute llmobs.tail.policy says; copied. A part of another
                              policy needs none                                                   */
    llmobs_tail_type type; /* (no default)                                                        */
    uint32_t parts;        /* policies that stand before this one: bits, 1u << index              */
    double least;          /* both ends belong to the range                                       */
    double most;
    const char* key;       /* an attribute's name; copied                                         */
    const char* text;      /* copied                                                              */
    bool prefix;
    bool truth;
    llmobs_status status;
    llmobs_guardrail_action action; /* LLMOBS_GUARDRAIL_PASSED stands for FLAGGED                 */
    double ratio;          /* above 0, up to 1                                                    */
    uint32_t per_second;   /* 1 to 10^9; what two seconds bring can be used at once               */
} llmobs_tail_policy;

/* [any] A zeroed policy with its size set, whose range is open at both ends. */
LLMOBS_API llmobs_tail_policy llmobs_tail_policy_default(void);
