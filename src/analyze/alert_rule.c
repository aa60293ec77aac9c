/* Rules as they are evaluated and written: a condition is a row of nodes, each behind those that it
   is made of, so that one pass from the first to the last evaluates it. All that is of varying
   length stands in the rule's own text, so that a rule can be copied. */

#define LLMOBS_I_ALERT_NODES 48u
#define LLMOBS_I_ALERT_TERMS 16u    /* calls and selectors of a condition */
#define LLMOBS_I_ALERT_MATCHERS 24u /* of all its selectors */
#define LLMOBS_I_ALERT_TEXT 1024u
#define LLMOBS_I_ALERT_DEPTH 16u /* of parentheses, and of what a printed one needs */
#define LLMOBS_I_ALERT_STEP_S 10u /* from one evaluation to the next */
#define LLMOBS_I_ALERT_SPAN_MOST_S (7u * 86400u)
#define LLMOBS_I_ALERT_REACH_MOST_S (LLMOBS_I_ALERT_SPAN_MOST_S + 3600u) /* offset and span */
#define LLMOBS_I_ALERT_WAIT_MOST_S (30u * 86400u) /* `for` and the like */
#define LLMOBS_I_ALERT_REPEAT_S 14400u

typedef enum llmobsi_alert_op {
    LLMOBS_I_ALERT_NUMBER,
    LLMOBS_I_ALERT_TERM,
    LLMOBS_I_ALERT_NEGATE, /* numbers from numbers */
    LLMOBS_I_ALERT_ADD,
    LLMOBS_I_ALERT_SUBTRACT,
    LLMOBS_I_ALERT_MULTIPLY,
    LLMOBS_I_ALERT_DIVIDE,
    LLMOBS_I_ALERT_EQUAL, /* truths from numbers */
    LLMOBS_I_ALERT_UNEQUAL,
    LLMOBS_I_ALERT_GREATER,
    LLMOBS_I_ALERT_GREATER_EQUAL,
    LLMOBS_I_ALERT_LESS,
    LLMOBS_I_ALERT_LESS_EQUAL,
    LLMOBS_I_ALERT_AND, /* truths from truths */
    LLMOBS_I_ALERT_OR
} llmobsi_alert_op;

typedef struct llmobsi_alert_node {
    uint8_t op;
    uint8_t left; /* nodes before it; NEGATE has the left one alone */
    uint8_t right;
    uint8_t term;
    double number;
} llmobsi_alert_node;

typedef enum llmobsi_alert_function {
    LLMOBS_I_ALERT_INSTANT,  /* the value now */
    LLMOBS_I_ALERT_INCREASE, /* of a counter over the span */
    LLMOBS_I_ALERT_RATE,     /* the same a second */
    LLMOBS_I_ALERT_AVERAGE,  /* avg_over_time of a gauge */
    LLMOBS_I_ALERT_QUANTILE  /* histogram_quantile of the buckets' rates over the span */
} llmobsi_alert_function;

/* What of a metric is meant; the last three are a histogram's. */
typedef enum llmobsi_alert_part {
    LLMOBS_I_ALERT_WHOLE,
    LLMOBS_I_ALERT_BUCKETS, /* "_bucket", all of them: for a quantile; with `le`, that one */
    LLMOBS_I_ALERT_COUNT,   /* "_count" */
    LLMOBS_I_ALERT_SUM      /* "_sum" */
} llmobsi_alert_part;

/* Texts by their place in the rule's text. */
typedef struct llmobsi_alert_matcher {
    uint16_t name;
    uint16_t value;
    bool negated; /* != */
} llmobsi_alert_matcher;

/* A selector, and what is asked of it. The metric has the name that Prometheus knows it by:
   "llm_cost_usd_total", "llm_phase_duration_seconds_count". The part is told by the name's ending
   alone, and base_size is the size of the name before that (of all of it for WHOLE): whoever knows
   the metrics looks for the whole name first, since a counter may be called "foo_count". `le` is no
   matcher. */
typedef struct llmobsi_alert_term {
    uint8_t function;
    uint8_t part;
    uint8_t matcher; /* its first one */
    uint8_t matcher_count;
    uint16_t metric;
    uint16_t base_size;
    uint16_t watch; /* of a bound rule: see alert_watch.c */
    uint32_t span_s;   /* multiples of the step; 0 of INSTANT */
    uint32_t offset_s; /* so long ago; 0 of INSTANT */
    double quantile;
    double le;     /* of BUCKETS that are one: its upper bound, or infinity; 0: it is none */
    uint32_t line; /* where it stands in the text, for errors */
    uint32_t column;
} llmobsi_alert_term;

/* A rule, complete: nothing in it points anywhere. */
typedef struct llmobsi_alert_rule {
    uint8_t severity;
    uint8_t no_data;
    uint8_t node_count; /* the last one is the whole condition */
    uint8_t term_count;
    uint8_t matcher_count;
    uint8_t by_count;
    uint16_t by[LLMOBS_ALERT_LABELS_MAX];
    uint16_t name; /* places in the text; "" where there is none */
    uint16_t group;
    uint16_t summary;
    uint16_t runbook;
    uint16_t text_used;
    uint32_t for_s;
    uint32_t keep_firing_for_s;
    uint32_t min_history_s;
    uint32_t cooldown_s;
    uint32_t repeat_s;
    llmobsi_alert_node nodes[LLMOBS_I_ALERT_NODES];
    llmobsi_alert_term terms[LLMOBS_I_ALERT_TERMS];
    llmobsi_alert_matcher matchers[LLMOBS_I_ALERT_MATCHERS];
    char text[LLMOBS_I_ALERT_TEXT]; /* begins with a NUL: place 0 is "" */
} llmobsi_alert_rule;

/* ---- words --------------------------------------------------------------------------------- */

/* How operators are written, and how they bind: the higher, the closer. */
static const char* const llmobsi_alert_op_words[] = {"",  "",   "-", "+",  "-", "*",   "/", "==",
                                                     "!=", ">", ">=", "<", "<=", "and", "or"};
static const uint8_t llmobsi_alert_ranks[] = {7, 7, 6, 4, 4, 5, 5, 3, 3, 3, 3, 3, 3, 2, 1};

static const char* const llmobsi_alert_functions[] = {"", "increase", "rate", "avg_over_time",
                                                      "histogram_quantile"};
static const char* const llmobsi_alert_endings[] = {"", "_bucket", "_count", "_sum"};
static const char* const llmobsi_alert_severities[] = {"info", "warning", "critical"};
static const char* const llmobsi_alert_policies[] = {"ok", "keep", "alert"};

/* What may follow a condition. */
typedef enum llmobsi_alert_clause {
    LLMOBS_I_ALERT_BY,
    LLMOBS_I_ALERT_FOR,
    LLMOBS_I_ALERT_KEEP_FIRING_FOR,
    LLMOBS_I_ALERT_MIN_HISTORY,
    LLMOBS_I_ALERT_SEVERITY,
    LLMOBS_I_ALERT_GROUP,
    LLMOBS_I_ALERT_NO_DATA,
    LLMOBS_I_ALERT_COOLDOWN,
    LLMOBS_I_ALERT_REPEAT,
    LLMOBS_I_ALERT_SUMMARY,
    LLMOBS_I_ALERT_RUNBOOK,
    LLMOBS_I_ALERT_CLAUSES
} llmobsi_alert_clause;

static const char* const llmobsi_alert_clause_words[] = {
    "by",      "for",      "keep_firing_for", "min_history", "severity", "group",
    "no_data", "cooldown", "repeat",          "summary",     "runbook"};

/* ---- the whole ----------------------------------------------------------------------------- */

LLMOBS_API llmobs_alert_rule llmobs_alert_rule_default(void)
{
    llmobs_alert_rule rule;
    memset(&rule, 0, sizeof rule);
    rule.size = sizeof rule;
    return rule;
}

LLMOBS_API llmobs_alert_error llmobs_alert_error_default(void)
{
    llmobs_alert_error error;
    memset(&error, 0, sizeof error);
    error.size = sizeof error;
    return error;
}

/* One of a rule's texts. */
llmobsi_inline const char* llmobsi_alert_text(const llmobsi_alert_rule* rule, uint16_t place)
{
    return rule->text + place;
}

/* Whether a node is true or false, rather than a number. */
llmobsi_inline bool llmobsi_alert_is_truth(const llmobsi_alert_node* node)
{
    return node->op >= LLMOBS_I_ALERT_EQUAL;
}

/* The seconds of a clause that is a duration; NULL: it is none. */
llmobsi_fn const uint32_t* llmobsi_alert_wait(const llmobsi_alert_rule* rule, unsigned clause)
{
    return clause == LLMOBS_I_ALERT_FOR               ? &rule->for_s
           : clause == LLMOBS_I_ALERT_KEEP_FIRING_FOR ? &rule->keep_firing_for_s
           : clause == LLMOBS_I_ALERT_MIN_HISTORY     ? &rule->min_history_s
           : clause == LLMOBS_I_ALERT_COOLDOWN        ? &rule->cooldown_s
           : clause == LLMOBS_I_ALERT_REPEAT          ? &rule->repeat_s
                                                      : NULL;
}
