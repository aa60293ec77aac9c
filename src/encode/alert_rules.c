/* Alert rules as Prometheus reads them. What must come to the same truth there as here:
   - a sum of no series is nothing there, and 0 here: such sums get an `or` with zeros, where it
     makes a difference;
   - a ratio to zero is infinite or NaN there, and can't be told here: the divisor loses its zeros;
   - NaN is unequal to all there, and can't be told here: `!=` is written as less or greater.
   Zeros are those of vector(0), or of a rule that groups, those of all groups that its terms know.
   Texts are one line of printable characters, whatever a rule's texts are: they stand in PromQL's
   and YAML's quotes, which know the same escapes. */

#define LLMOBS_I_PROMQL_INDENT "\n          "
#define LLMOBS_I_HISTORY_GAP "1h" /* what of the history may be missing */

typedef struct llmobsi_promql {
    llmobsi_writer* writer;
    const llmobsi_alert_rule* rule;
    bool negated; /* the condition's opposite is written */
} llmobsi_promql;

/* ---- texts --------------------------------------------------------------------------------- */

/* A code point that YAML has no place for, or that would harm a reader; 0: it may stand. */
llmobsi_fn uint32_t llmobsi_yaml_harmful_point(const char* data, size_t size)
{
    uint8_t first = (uint8_t)data[0];
    if (size == 1) {
        return first < 0x20 || first == 0x7f ? first : 0;
    }
    if (size == 3 && first == 0xef && (uint8_t)data[1] == 0xbf && (uint8_t)data[2] >= 0xbe) {
        return 0xffc0u | ((uint8_t)data[2] & 0x3fu); /* U+FFFE and U+FFFF */
    }
    return llmobsi_harmful_point(data, size);
}

/* Text between double quotes, of PromQL as of YAML. In a template, too, "{{" stands for itself. */
llmobsi_fn void llmobsi_yaml_text(llmobsi_writer* writer, const char* text, bool is_template)
{
    size_t size = strlen(text), i = 0;
    while (i < size) {
        bool valid;
        size_t segment = llmobsi_utf8_segment(text + i, size - i, &valid);
        uint32_t point = valid ? llmobsi_yaml_harmful_point(text + i, segment) : 0xfffd;
        if (is_template && text[i] == '{' && text[i + 1] == '{') {
            llmobsi_put_text(writer, "{{`{{`}}");
            segment = 2;
        } else if (point != 0) {
            uint8_t number[2];
            number[0] = (uint8_t)(point >> 8);
            number[1] = (uint8_t)point;
            llmobsi_put_text(writer, "\\u");
            llmobsi_put_hex(writer, number, 2);
        } else {
            llmobsi_put(writer, "\\", text[i] == '"' || text[i] == '\\' ? 1 : 0);
            llmobsi_put(writer, text + i, segment);
        }
        i += segment;
    }
}

/* A member that there is a text for: `"text"` behind what comes before it. */
llmobsi_fn void llmobsi_yaml_member(llmobsi_writer* writer, const char* key, const char* text)
{
    if (*text != '\0') {
        llmobsi_put_word(writer, key);
        llmobsi_put_text(writer, "\"");
        llmobsi_yaml_text(writer, text, true);
        llmobsi_put_text(writer, "\"");
    }
}

llmobsi_fn void llmobsi_promql_number(llmobsi_writer* writer, double number)
{
    char text[LLMOBS_I_DOUBLE_ROOM];
    llmobsi_put(writer, text, (size_t)(llmobsi_prometheus_double(text, number) - text));
}

/* ---- terms --------------------------------------------------------------------------------- */

/* A bucket's bound is spelled in two ways: which, depends on the format that was scraped. */
llmobsi_fn void llmobsi_promql_le(llmobsi_writer* writer, double le)
{
    char text[LLMOBS_I_DOUBLE_ROOM];
    char canonical[LLMOBS_I_DOUBLE_ROOM];
    size_t size = (size_t)(llmobsi_append_bound(text, le, false) - text);
    bool same = (size_t)(llmobsi_append_bound(canonical, le, true) - canonical) == size;
    llmobsi_put_word(writer, same ? "le=\"" : "le=~\"");
    llmobsi_put(writer, text, size);
    llmobsi_put_word(writer, same ? "\"" : "([.]0)?\"");
}

llmobsi_fn void llmobsi_promql_selector(const llmobsi_promql* promql,
                                        const llmobsi_alert_term* term)
{
    const llmobsi_alert_rule* rule = promql->rule;
    llmobsi_writer* writer = promql->writer;
    bool one = term->le > 0;
    unsigned i;
    llmobsi_put(writer, llmobsi_alert_text(rule, term->metric), term->base_size);
    llmobsi_put_word(writer, llmobsi_alert_endings[term->part]);
    if (term->matcher_count == 0 && !one) {
        return;
    }
    llmobsi_put_text(writer, "{");
    for (i = 0; i < term->matcher_count; i++) {
        const llmobsi_alert_matcher* matcher = &rule->matchers[term->matcher + i];
        llmobsi_put(writer, ",", i > 0);
        llmobsi_put_word(writer, llmobsi_alert_text(rule, matcher->name));
        llmobsi_put_word(writer, matcher->negated ? "!=\"" : "=\"");
        llmobsi_yaml_text(writer, llmobsi_alert_text(rule, matcher->value), false);
        llmobsi_put_text(writer, "\"");
    }
    if (one) {
        llmobsi_put(writer, ",", i > 0);
        llmobsi_promql_le(writer, term->le);
    }
    llmobsi_put_text(writer, "}");
}

/* "sum by (le, feature) (", or "sum(". */
llmobsi_fn void llmobsi_promql_aggregate(const llmobsi_promql* promql, const char* how,
                                         const char* first)
{
    const llmobsi_alert_rule* rule = promql->rule;
    unsigned i;
    llmobsi_put_word(promql->writer, how);
    if (*first != '\0' || rule->by_count > 0) {
        llmobsi_put_text(promql->writer, " by (");
        llmobsi_put_word(promql->writer, first);
        for (i = 0; i < rule->by_count; i++) {
            llmobsi_put(promql->writer, ", ", i > 0 || *first != '\0' ? 2 : 0);
            llmobsi_put_word(promql->writer, llmobsi_alert_text(rule, rule->by[i]));
        }
        llmobsi_put_text(promql->writer, ") ");
    }
    llmobsi_put_text(promql->writer, "(");
}

llmobsi_fn void llmobsi_promql_offset(llmobsi_writer* writer, uint32_t offset_s)
{
    if (offset_s > 0) {
        llmobsi_put_text(writer, " offset ");
        llmobsi_put_alert_duration(writer, offset_s);
    }
}

/* What there is of a term; nothing where that is nothing. */
llmobsi_fn void llmobsi_promql_term(const llmobsi_promql* promql, const llmobsi_alert_term* term)
{
    llmobsi_writer* writer = promql->writer;
    bool quantile = term->function == LLMOBS_I_ALERT_QUANTILE;
    bool instant = term->function == LLMOBS_I_ALERT_INSTANT;
    if (quantile) {
        llmobsi_put_text(writer, "histogram_quantile(");
        llmobsi_promql_number(writer, term->quantile);
        llmobsi_put_text(writer, ", ");
    }
    llmobsi_promql_aggregate(promql, "sum", quantile ? "le" : "");
    if (!instant) {
        llmobsi_put_word(writer, quantile ? "rate" : llmobsi_alert_functions[term->function]);
        llmobsi_put_text(writer, "(");
    }
    llmobsi_promql_selector(promql, term);
    if (!instant) {
        llmobsi_put_text(writer, "[");
        llmobsi_put_alert_duration(writer, term->span_s);
        llmobsi_put_text(writer, "]");
        llmobsi_promql_offset(writer, term->offset_s);
        llmobsi_put_text(writer, ")");
    }
    llmobsi_put(writer, "))", quantile ? 2 : 1);
}

/* One that is there if the term's series are: of a histogram's buckets, the count. */
llmobsi_fn llmobsi_alert_term llmobsi_promql_sign_of_life(const llmobsi_alert_term* term)
{
    llmobsi_alert_term sign = *term;
    if (term->part == LLMOBS_I_ALERT_BUCKETS) {
        sign.part = LLMOBS_I_ALERT_COUNT;
        sign.le = 0;
    }
    return sign;
}

/* Whether two terms ask for the same metric, or parts of the same histogram. */
llmobsi_fn bool llmobsi_promql_same_metric(const llmobsi_alert_rule* rule,
                                           const llmobsi_alert_term* a,
                                           const llmobsi_alert_term* b)
{
    return a->base_size == b->base_size &&
           memcmp(llmobsi_alert_text(rule, a->metric), llmobsi_alert_text(rule, b->metric),
                  a->base_size) == 0;
}

/* Whether they ask for the same series of it, at the same time. A rule has a text but once. */
llmobsi_fn bool llmobsi_promql_same_series(const llmobsi_alert_rule* rule,
                                           const llmobsi_alert_term* a,
                                           const llmobsi_alert_term* b)
{
    bool same = llmobsi_promql_same_metric(rule, a, b) && a->offset_s == b->offset_s &&
                a->matcher_count == b->matcher_count;
    unsigned i;
    for (i = 0; same && i < a->matcher_count; i++) {
        const llmobsi_alert_matcher* one = &rule->matchers[a->matcher + i];
        const llmobsi_alert_matcher* other = &rule->matchers[b->matcher + i];
        same = one->negated == other->negated && one->name == other->name &&
               one->value == other->value;
    }
    return same;
}

/* A 0 for each group that one of the terms knows. */
llmobsi_fn void llmobsi_promql_zeros(const llmobsi_promql* promql)
{
    const llmobsi_alert_rule* rule = promql->rule;
    llmobsi_writer* writer = promql->writer;
    unsigned i, j;
    if (rule->by_count == 0) {
        llmobsi_put_text(writer, "vector(0)");
        return;
    }
    for (i = 0; i < rule->term_count; i++) {
        llmobsi_alert_term sign = llmobsi_promql_sign_of_life(&rule->terms[i]);
        for (j = 0; j < i && !llmobsi_promql_same_series(rule, &sign, &rule->terms[j]); j++) {
        }
        if (j < i) {
            continue;
        }
        llmobsi_put(writer, " or ", i > 0 ? 4 : 0);
        llmobsi_put_text(writer, "0 * ");
        llmobsi_promql_aggregate(promql, "group", "");
        llmobsi_promql_selector(promql, &sign);
        llmobsi_promql_offset(writer, sign.offset_s);
        llmobsi_put_text(writer, ")");
    }
}

/* ---- numbers ------------------------------------------------------------------------------- */

/* Whether no term is in it: a scalar to PromQL. */
llmobsi_fn bool llmobsi_promql_is_scalar(const llmobsi_promql* promql, unsigned place)
{
    const llmobsi_alert_node* node = &promql->rule->nodes[place];
    if (node->op == LLMOBS_I_ALERT_NUMBER || node->op == LLMOBS_I_ALERT_TERM) {
        return node->op == LLMOBS_I_ALERT_NUMBER;
    }
    return llmobsi_promql_is_scalar(promql, node->left) &&
           (node->op == LLMOBS_I_ALERT_NEGATE || llmobsi_promql_is_scalar(promql, node->right));
}

/* Whether it is 0, or can't be told, if one of its sums is of nothing. */
llmobsi_fn bool llmobsi_promql_vanishes(const llmobsi_promql* promql, unsigned place)
{
    const llmobsi_alert_node* node = &promql->rule->nodes[place];
    if (node->op == LLMOBS_I_ALERT_MULTIPLY || node->op == LLMOBS_I_ALERT_DIVIDE) {
        return (llmobsi_promql_is_scalar(promql, node->left) ||
                llmobsi_promql_vanishes(promql, node->left)) &&
               (llmobsi_promql_is_scalar(promql, node->right) ||
                llmobsi_promql_vanishes(promql, node->right));
    }
    return node->op == LLMOBS_I_ALERT_TERM;
}

llmobsi_fn bool llmobsi_promql_is_count(const llmobsi_alert_term* term)
{
    return term->function == LLMOBS_I_ALERT_INCREASE || term->function == LLMOBS_I_ALERT_RATE;
}

/* Whether it is never below 0; a histogram's sum may go down. */
llmobsi_fn bool llmobsi_promql_is_positive(const llmobsi_promql* promql, unsigned place)
{
    const llmobsi_alert_node* node = &promql->rule->nodes[place];
    if (node->op == LLMOBS_I_ALERT_NUMBER) {
        return node->number >= 0;
    }
    if (node->op == LLMOBS_I_ALERT_TERM) {
        const llmobsi_alert_term* term = &promql->rule->terms[node->term];
        return llmobsi_promql_is_count(term) && term->part != LLMOBS_I_ALERT_SUM;
    }
    return (node->op == LLMOBS_I_ALERT_ADD || node->op == LLMOBS_I_ALERT_MULTIPLY ||
            node->op == LLMOBS_I_ALERT_DIVIDE) &&
           llmobsi_promql_is_positive(promql, node->left) &&
           llmobsi_promql_is_positive(promql, node->right);
}

llmobsi_fn void llmobsi_promql_expression(const llmobsi_promql* promql, unsigned place,
                                          unsigned rank, bool filled);

llmobsi_fn void llmobsi_promql_operator(llmobsi_writer* writer, unsigned op)
{
    llmobsi_put_text(writer, " ");
    llmobsi_put_word(writer, llmobsi_alert_op_words[op]);
    llmobsi_put_text(writer, " ");
}

/* A sum of counters; where it is of nothing, 0. */
llmobsi_fn void llmobsi_promql_filled(const llmobsi_promql* promql, const llmobsi_alert_term* term,
                                      bool filled)
{
    if (!filled || !llmobsi_promql_is_count(term)) {
        llmobsi_promql_term(promql, term);
        return;
    }
    llmobsi_put_text(promql->writer, "(");
    llmobsi_promql_term(promql, term);
    llmobsi_put_text(promql->writer, " or ");
    llmobsi_promql_zeros(promql);
    llmobsi_put_text(promql->writer, ")");
}

/* What is not zero of a divisor, so that the ratio to the rest is of nothing. */
llmobsi_fn void llmobsi_promql_divisor(const llmobsi_promql* promql, unsigned place)
{
    if (llmobsi_promql_is_scalar(promql, place)) {
        llmobsi_promql_expression(promql, place, llmobsi_alert_ranks[LLMOBS_I_ALERT_NEGATE], false);
        return;
    }
    llmobsi_put_text(promql->writer, "(");
    llmobsi_promql_expression(promql, place, 0, !llmobsi_promql_vanishes(promql, place));
    llmobsi_put_text(promql->writer, " != 0)");
}

/* A number; in parentheses if it binds less than it must. */
llmobsi_fn void llmobsi_promql_expression(const llmobsi_promql* promql, unsigned place,
                                          unsigned rank, bool filled)
{
    const llmobsi_alert_node* node = &promql->rule->nodes[place];
    unsigned own = llmobsi_alert_ranks[node->op];
    llmobsi_writer* writer = promql->writer;
    if (node->op == LLMOBS_I_ALERT_NUMBER) {
        llmobsi_promql_number(writer, node->number);
        return;
    }
    if (node->op == LLMOBS_I_ALERT_TERM) {
        llmobsi_promql_filled(promql, &promql->rule->terms[node->term], filled);
        return;
    }
    llmobsi_put(writer, "(", own < rank);
    if (node->op == LLMOBS_I_ALERT_NEGATE) {
        llmobsi_put_text(writer, "-");
        llmobsi_promql_expression(promql, node->left, own, filled);
    } else {
        llmobsi_promql_expression(promql, node->left, own, filled);
        llmobsi_promql_operator(writer, node->op);
        if (node->op == LLMOBS_I_ALERT_DIVIDE) {
            llmobsi_promql_divisor(promql, node->right);
        } else {
            llmobsi_promql_expression(promql, node->right, own + 1, filled);
        }
    }
    llmobsi_put(writer, ")", own < rank);
}

/* ---- truths -------------------------------------------------------------------------------- */

/* Whether a side of a comparison must be 0 where it is of nothing: if that vanishes and makes the
   comparison false, it may as well be of nothing. */
llmobsi_fn bool llmobsi_promql_needs_zeros(const llmobsi_promql* promql, unsigned op, unsigned side,
                                           unsigned other, bool is_left)
{
    const llmobsi_alert_node* node = &promql->rule->nodes[other];
    bool above = is_left ? op == LLMOBS_I_ALERT_GREATER : op == LLMOBS_I_ALERT_LESS;
    bool from = is_left ? op == LLMOBS_I_ALERT_GREATER_EQUAL : op == LLMOBS_I_ALERT_LESS_EQUAL;
    bool is_false = (above && llmobsi_promql_is_positive(promql, other)) ||
                    (from && node->op == LLMOBS_I_ALERT_NUMBER && node->number > 0);
    return !is_false || !llmobsi_promql_vanishes(promql, side);
}

llmobsi_fn void llmobsi_promql_compare(const llmobsi_promql* promql, unsigned op, unsigned left,
                                       unsigned right)
{
    llmobsi_promql_expression(promql, left, 0,
                              llmobsi_promql_needs_zeros(promql, op, left, right, true));
    llmobsi_promql_operator(promql->writer, op);
    llmobsi_promql_expression(promql, right, 0,
                              llmobsi_promql_needs_zeros(promql, op, right, left, false));
}

/* The condition at a node, or its opposite: true is what is definitely so. */
llmobsi_fn void llmobsi_promql_truth(const llmobsi_promql* promql, unsigned place, unsigned rank)
{
    static const uint8_t opposites[] = {
        LLMOBS_I_ALERT_UNEQUAL, LLMOBS_I_ALERT_EQUAL, LLMOBS_I_ALERT_LESS_EQUAL,
        LLMOBS_I_ALERT_LESS, LLMOBS_I_ALERT_GREATER_EQUAL, LLMOBS_I_ALERT_GREATER,
        LLMOBS_I_ALERT_OR, LLMOBS_I_ALERT_AND};
    const llmobsi_alert_node* node = &promql->rule->nodes[place];
    unsigned op = promql->negated ? opposites[node->op - LLMOBS_I_ALERT_EQUAL] : node->op;
    unsigned own = llmobsi_alert_ranks[op == LLMOBS_I_ALERT_UNEQUAL ? (unsigned)LLMOBS_I_ALERT_OR
                                                                    : op];
    llmobsi_writer* writer = promql->writer;
    llmobsi_put(writer, "(", own < rank);
    if (op == LLMOBS_I_ALERT_UNEQUAL) {
        llmobsi_promql_compare(promql, LLMOBS_I_ALERT_LESS, node->left, node->right);
        llmobsi_put_text(writer, LLMOBS_I_PROMQL_INDENT "or ");
        llmobsi_promql_compare(promql, LLMOBS_I_ALERT_GREATER, node->left, node->right);
    } else if (op < LLMOBS_I_ALERT_AND) {
        llmobsi_promql_compare(promql, op, node->left, node->right);
    } else {
        llmobsi_promql_truth(promql, node->left, own);
        llmobsi_put_text(writer, LLMOBS_I_PROMQL_INDENT);
        llmobsi_put_word(writer, op == LLMOBS_I_ALERT_AND ? "and " : "or ");
        llmobsi_promql_truth(promql, node->right, own);
    }
    llmobsi_put(writer, ")", own < rank);
}

/* How much history there must be. A window that a rate divides by must be full: what came before
   its first sample is nothing to Prometheus, and makes the rate too low. */
llmobsi_fn uint32_t llmobsi_promql_history_s(const llmobsi_alert_rule* rule)
{
    uint32_t most = rule->min_history_s;
    unsigned i;
    for (i = 0; i < rule->term_count && most > 0; i++) {
        const llmobsi_alert_term* term = &rule->terms[i];
        uint32_t back = term->span_s + term->offset_s;
        most = term->function == LLMOBS_I_ALERT_RATE && back > most ? back : most;
    }
    return most;
}

/* "and one of its metrics had a sample so long ago": all of them, for a counter that stands at
   nothing yet is not there. */
llmobsi_fn void llmobsi_promql_history(const llmobsi_promql* promql)
{
    const llmobsi_alert_rule* rule = promql->rule;
    uint32_t history_s = llmobsi_promql_history_s(rule);
    unsigned i, j;
    for (i = 0; i < rule->term_count && history_s > 0; i++) {
        llmobsi_alert_term sign = llmobsi_promql_sign_of_life(&rule->terms[i]);
        for (j = 0; j < i && !llmobsi_promql_same_metric(rule, &sign, &rule->terms[j]); j++) {
        }
        if (j == i) {
            llmobsi_put_word(promql->writer,
                             i == 0 ? LLMOBS_I_PROMQL_INDENT "and on() (" : " or ");
            llmobsi_put_text(promql->writer, "present_over_time(");
            sign.matcher_count = 0;
            llmobsi_promql_selector(promql, &sign);
            llmobsi_put_text(promql->writer, "[" LLMOBS_I_HISTORY_GAP "]");
            llmobsi_promql_offset(promql->writer, history_s);
            llmobsi_put_text(promql->writer, ")");
        }
    }
    llmobsi_put(promql->writer, ")", history_s > 0);
}

/* The condition, or its opposite, where there is enough history to tell. */
llmobsi_fn void llmobsi_promql_told(llmobsi_promql* promql, bool negated)
{
    bool needs_history = llmobsi_promql_history_s(promql->rule) > 0;
    promql->negated = negated;
    llmobsi_promql_truth(promql, promql->rule->node_count - 1u,
                         needs_history ? llmobsi_alert_ranks[LLMOBS_I_ALERT_AND] : 0);
    llmobsi_promql_history(promql);
    promql->negated = false;
}

/* All of it: where the condition can't be told, neither it nor its opposite is true. */
llmobsi_fn void llmobsi_promql_put(llmobsi_writer* writer, const llmobsi_alert_rule* rule)
{
    llmobsi_promql promql;
    promql.writer = writer;
    promql.rule = rule;
    llmobsi_promql_told(&promql, false);
    if (rule->no_data == LLMOBS_ALERT_NO_DATA_OK) {
        return;
    }
    llmobsi_put_text(writer, LLMOBS_I_PROMQL_INDENT "or (");
    if (rule->no_data == LLMOBS_ALERT_NO_DATA_ALERT) {
        llmobsi_promql_zeros(&promql);
    } else {
        llmobsi_promql_aggregate(&promql, "sum", "");
        llmobsi_put_text(writer, "ALERTS{alertname=\"");
        llmobsi_put_word(writer, llmobsi_alert_text(rule, rule->name));
        llmobsi_put_text(writer, "\",alertstate=\"firing\"})");
    }
    llmobsi_put_text(writer, ")" LLMOBS_I_PROMQL_INDENT "unless (");
    llmobsi_promql_told(&promql, true);
    llmobsi_put_text(writer, ")");
}

/* ---- rules --------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_yaml_span(llmobsi_writer* writer, const char* key, uint32_t seconds)
{
    if (seconds > 0) {
        llmobsi_put_word(writer, key);
        llmobsi_put_alert_duration(writer, seconds);
    }
}

/* Whether a rule groups by a label of this name: a series' own label stays. */
llmobsi_fn bool llmobsi_alert_groups_by(const llmobsi_alert_rule* rule, const char* label)
{
    unsigned i;
    for (i = 0; i < rule->by_count; i++) {
        if (strcmp(llmobsi_alert_text(rule, rule->by[i]), label) == 0) {
            return true;
        }
    }
    return false;
}

llmobsi_fn void llmobsi_alert_rule_labels(llmobsi_writer* writer, const llmobsi_alert_rule* rule)
{
    bool severity = !llmobsi_alert_groups_by(rule, "severity");
    bool group = rule->group != 0 && !llmobsi_alert_groups_by(rule, "group");
    if (!severity && !group) {
        return;
    }
    llmobsi_put_text(writer, "\n        labels:");
    if (severity) {
        llmobsi_put_text(writer, "\n          severity: ");
        llmobsi_put_word(writer, llmobsi_alert_severities[rule->severity]);
    }
    if (group) {
        llmobsi_yaml_member(writer, "\n          group: ", llmobsi_alert_text(rule, rule->group));
    }
}

llmobsi_fn void llmobsi_alert_rule_annotations(llmobsi_writer* writer,
                                               const llmobsi_alert_rule* rule)
{
    const char* runbook = llmobsi_alert_text(rule, rule->runbook);
    bool is_address = strncmp(runbook, "https://", 8) == 0 || strncmp(runbook, "http://", 7) == 0;
    unsigned i;
    llmobsi_put_text(writer, "\n        annotations:");
    llmobsi_yaml_member(writer, "\n          summary: ", llmobsi_alert_text(rule, rule->summary));
    llmobsi_put_text(writer, "\n          description: \"value {{ $value }}");
    for (i = 0; i < rule->by_count; i++) {
        const char* name = llmobsi_alert_text(rule, rule->by[i]);
        llmobsi_put_text(writer, ", ");
        llmobsi_put_word(writer, name);
        llmobsi_put_text(writer, " {{ $labels.");
        llmobsi_put_word(writer, name);
        llmobsi_put_text(writer, " }}");
    }
    llmobsi_put_text(writer, "\"");
    llmobsi_yaml_member(writer, is_address ? "\n          runbook_url: " : "\n          runbook: ",
                        runbook);
}

/* One rule, with a line end before it. */
llmobsi_fn void llmobsi_alert_rules_put(llmobsi_writer* writer, const llmobsi_alert_rule* rule)
{
    llmobsi_put_text(writer, "\n      - alert: \"");
    llmobsi_put_word(writer, llmobsi_alert_text(rule, rule->name));
    llmobsi_put_text(writer, "\"\n        expr: |-" LLMOBS_I_PROMQL_INDENT);
    llmobsi_promql_put(writer, rule);
    llmobsi_yaml_span(writer, "\n        for: ", rule->for_s);
    llmobsi_yaml_span(writer, "\n        keep_firing_for: ", rule->keep_firing_for_s);
    llmobsi_alert_rule_labels(writer, rule);
    llmobsi_alert_rule_annotations(writer, rule);
}

/* A file of one group begins; its rules follow, and then a line end. */
llmobsi_fn void llmobsi_alert_rules_begin(llmobsi_writer* writer, uint32_t interval_s)
{
    llmobsi_put_text(writer, "groups:\n  - name: llmobs");
    llmobsi_yaml_span(writer, "\n    interval: ",
                      interval_s > 0 ? interval_s : LLMOBS_I_ALERT_STEP_S);
    llmobsi_put_text(writer, "\n    rules:");
}

/* ---- those of an instance ------------------------------------------------------------------ */

/* A copy of the next rule, from *number on. */
llmobsi_fn llmobs_result llmobsi_alert_rules_next(llmobs* obs, uint32_t* number, bool* more,
                                                  llmobsi_alert_rule* rule)
{
    llmobsi_alert_call call;
    llmobs_result result = llmobsi_alert_enter(&call, obs);
    *more = false;
    if (result != LLMOBS_OK) {
        return result;
    }
    while (!*more && *number < call.alerts->rule_limit) {
        *more = call.alerts->phases[*number] == LLMOBS_I_ALERT_LIVE;
        *rule = call.alerts->rules[(*number)++];
    }
    llmobsi_alert_leave(&call);
    return result;
}

LLMOBS_API llmobs_result llmobs_alert_rules_write(llmobs* obs, llmobs_alert_form form,
                                                  uint32_t interval_s, llmobs_write_fn write,
                                                  void* user)
{
    char buffer[LLMOBS_I_WRITER_BUFFER];
    bool prometheus = form == LLMOBS_ALERT_FORM_PROMETHEUS;
    llmobs_result result = LLMOBS_OK;
    llmobsi_writer writer;
    llmobsi_alert_rule rule;
    uint32_t number = 0;
    bool more = true;
    if (write == NULL || (!prometheus && form != LLMOBS_ALERT_FORM_TEXT)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_writer_init(&writer, buffer, sizeof buffer, write, user);
    while (more && !writer.failed && result == LLMOBS_OK) {
        bool first = number == 0;
        result = llmobsi_alert_rules_next(obs, &number, &more, &rule);
        if (result == LLMOBS_OK && first && prometheus) {
            llmobsi_alert_rules_begin(&writer, interval_s);
        }
        if (result == LLMOBS_OK && more && prometheus) {
            llmobsi_alert_rules_put(&writer, &rule);
        } else if (result == LLMOBS_OK && more) {
            llmobsi_put_alert_rule(&writer, &rule);
        }
    }
    llmobsi_put(&writer, "\n", prometheus);
    if (!llmobsi_writer_finish(&writer) && result == LLMOBS_OK) {
        result = LLMOBS_ERROR_SYSTEM;
    }
    return result;
}
