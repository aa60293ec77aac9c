/* Rules written, so that they are read as the same: one form for each rule, with no parentheses
   that it could do without and no clause that says what is so anyway. */

/* ---- parts --------------------------------------------------------------------------------- */

/* A text in quotes. */
llmobsi_fn void llmobsi_put_alert_string(llmobsi_writer* writer, const char* text)
{
    llmobsi_put_text(writer, "\"");
    while (*text != '\0') {
        size_t plain = strcspn(text, "\"\\\n");
        llmobsi_put(writer, text, plain);
        text += plain;
        if (*text != '\0') {
            llmobsi_put_text(writer, "\\");
            llmobsi_put(writer, *text == '\n' ? "n" : text, 1);
            text++;
        }
    }
    llmobsi_put_text(writer, "\"");
}

llmobsi_fn void llmobsi_put_alert_word(llmobsi_writer* writer, const char* word)
{
    llmobsi_put(writer, word, strlen(word));
}

/* 1d12h, 5m, 0s: in days and less. */
llmobsi_fn void llmobsi_put_alert_duration(llmobsi_writer* writer, uint32_t seconds)
{
    static const uint32_t worth[] = {86400, 3600, 60, 1};
    size_t i;
    if (seconds == 0) {
        llmobsi_put_text(writer, "0s");
    }
    for (i = 0; i < sizeof worth / sizeof worth[0]; i++) {
        if (seconds >= worth[i]) {
            llmobsi_put_u64(writer, seconds / worth[i]);
            llmobsi_put(writer, &"dhms"[i], 1);
            seconds %= worth[i];
        }
    }
}

llmobsi_fn void llmobsi_put_alert_le(llmobsi_writer* writer, double le)
{
    llmobsi_put_text(writer, "le=\"");
    if (llmobsi_double_is_finite(le)) {
        llmobsi_put_double(writer, le);
    } else {
        llmobsi_put_text(writer, "+Inf");
    }
    llmobsi_put_text(writer, "\"");
}

/* ---- terms --------------------------------------------------------------------------------- */

/* metric{label="value"} and, behind it, [5m] offset 7d. */
llmobsi_fn void llmobsi_put_alert_selector(llmobsi_writer* writer, const llmobsi_alert_rule* rule,
                                           const llmobsi_alert_term* term)
{
    unsigned i;
    llmobsi_put_alert_word(writer, llmobsi_alert_text(rule, term->metric));
    for (i = 0; i < term->matcher_count; i++) {
        const llmobsi_alert_matcher* matcher = &rule->matchers[term->matcher + i];
        llmobsi_put_alert_word(writer, i == 0 ? "{" : ",");
        llmobsi_put_alert_word(writer, llmobsi_alert_text(rule, matcher->name));
        llmobsi_put_alert_word(writer, matcher->negated ? "!=" : "=");
        llmobsi_put_alert_string(writer, llmobsi_alert_text(rule, matcher->value));
    }
    if (term->le != 0) {
        llmobsi_put_alert_word(writer, i == 0 ? "{" : ",");
        llmobsi_put_alert_le(writer, term->le);
    }
    llmobsi_put(writer, "}", term->matcher_count > 0 || term->le != 0);
    if (term->span_s > 0) {
        llmobsi_put_text(writer, "[");
        llmobsi_put_alert_duration(writer, term->span_s);
        llmobsi_put_text(writer, "]");
    }
    if (term->offset_s > 0) {
        llmobsi_put_text(writer, " offset ");
        llmobsi_put_alert_duration(writer, term->offset_s);
    }
}

llmobsi_fn void llmobsi_put_alert_term(llmobsi_writer* writer, const llmobsi_alert_rule* rule,
                                       const llmobsi_alert_term* term)
{
    llmobsi_put_alert_word(writer, llmobsi_alert_functions[term->function]);
    if (term->function == LLMOBS_I_ALERT_QUANTILE) {
        llmobsi_put_text(writer, "(");
        llmobsi_put_double(writer, term->quantile);
        llmobsi_put_text(writer, ", rate");
    }
    llmobsi_put(writer, "(", term->function != LLMOBS_I_ALERT_INSTANT);
    llmobsi_put_alert_selector(writer, rule, term);
    llmobsi_put(writer, "))", term->function == LLMOBS_I_ALERT_QUANTILE  ? 2
                              : term->function == LLMOBS_I_ALERT_INSTANT ? 0
                                                                         : 1);
}

/* ---- conditions ---------------------------------------------------------------------------- */

typedef void (*llmobsi_alert_term_fn)(llmobsi_writer* writer, const llmobsi_alert_rule* rule,
                                      const llmobsi_alert_term* term);

/* The node and what it is made of; in parentheses if it binds less closely than `least`. It calls
   itself, as deep as there are nodes at the most. */
llmobsi_fn void llmobsi_put_alert_node(llmobsi_writer* writer, const llmobsi_alert_rule* rule,
                                       unsigned number, unsigned least,
                                       llmobsi_alert_term_fn put_term)
{
    const llmobsi_alert_node* node = &rule->nodes[number];
    unsigned rank = llmobsi_alert_ranks[node->op];
    llmobsi_put(writer, "(", rank < least);
    if (node->op == LLMOBS_I_ALERT_NUMBER) {
        llmobsi_put_double(writer, node->number);
    } else if (node->op == LLMOBS_I_ALERT_TERM) {
        put_term(writer, rule, &rule->terms[node->term]);
    } else if (node->op == LLMOBS_I_ALERT_NEGATE) {
        llmobsi_put_text(writer, "-");
        llmobsi_put_alert_node(writer, rule, node->left, rank, put_term);
    } else { /* what stands to the left is joined first, anyway */
        llmobsi_put_alert_node(writer, rule, node->left, rank, put_term);
        llmobsi_put_text(writer, " ");
        llmobsi_put_alert_word(writer, llmobsi_alert_op_words[node->op]);
        llmobsi_put_text(writer, " ");
        llmobsi_put_alert_node(writer, rule, node->right, rank + 1, put_term);
    }
    llmobsi_put(writer, ")", rank < least);
}

/* A condition, its terms in any spelling. */
llmobsi_fn void llmobsi_put_alert_condition(llmobsi_writer* writer, const llmobsi_alert_rule* rule,
                                            llmobsi_alert_term_fn put_term)
{
    llmobsi_put_alert_node(writer, rule, rule->node_count - 1u, 0, put_term);
}

/* ---- rules --------------------------------------------------------------------------------- */

/* feature, model */
llmobsi_fn void llmobsi_put_alert_by(llmobsi_writer* writer, const llmobsi_alert_rule* rule)
{
    unsigned i;
    for (i = 0; i < rule->by_count; i++) {
        llmobsi_put(writer, ", ", i > 0 ? 2 : 0);
        llmobsi_put_alert_word(writer, llmobsi_alert_text(rule, rule->by[i]));
    }
}

/* Whether a clause says what its absence would not; of those on the line behind the condition. */
llmobsi_fn bool llmobsi_alert_has(const llmobsi_alert_rule* rule, unsigned clause)
{
    switch (clause) {
    case LLMOBS_I_ALERT_BY:
        return rule->by_count > 0;
    case LLMOBS_I_ALERT_SEVERITY:
        return rule->severity != LLMOBS_ALERT_INFO;
    case LLMOBS_I_ALERT_GROUP:
        return *llmobsi_alert_text(rule, rule->group) != '\0';
    case LLMOBS_I_ALERT_NO_DATA:
        return rule->no_data != LLMOBS_ALERT_NO_DATA_OK;
    case LLMOBS_I_ALERT_REPEAT:
        return rule->repeat_s != LLMOBS_I_ALERT_REPEAT_S;
    default:
        return *llmobsi_alert_wait(rule, clause) != 0;
    }
}

llmobsi_fn void llmobsi_put_alert_clause(llmobsi_writer* writer, const llmobsi_alert_rule* rule,
                                         unsigned clause)
{
    llmobsi_put_alert_word(writer, llmobsi_alert_clause_words[clause]);
    llmobsi_put_text(writer, " ");
    switch (clause) {
    case LLMOBS_I_ALERT_BY:
        llmobsi_put_text(writer, "(");
        llmobsi_put_alert_by(writer, rule);
        llmobsi_put_text(writer, ")");
        break;
    case LLMOBS_I_ALERT_SEVERITY:
        llmobsi_put_alert_word(writer, llmobsi_alert_severities[rule->severity]);
        break;
    case LLMOBS_I_ALERT_GROUP:
        llmobsi_put_alert_word(writer, llmobsi_alert_text(rule, rule->group));
        break;
    case LLMOBS_I_ALERT_NO_DATA:
        llmobsi_put_alert_word(writer, llmobsi_alert_policies[rule->no_data]);
        break;
    default:
        llmobsi_put_alert_duration(writer, *llmobsi_alert_wait(rule, clause));
    }
}

/* A clause that is a text, on a line of its own; nothing for an empty one. */
llmobsi_fn void llmobsi_put_alert_note(llmobsi_writer* writer, const char* word, const char* text)
{
    if (*text != '\0') {
        llmobsi_put_text(writer, "\n    ");
        llmobsi_put_alert_word(writer, word);
        llmobsi_put_text(writer, " ");
        llmobsi_put_alert_string(writer, text);
    }
}

/* A rule, as llmobsi_alert_read_next reads it. */
llmobsi_fn void llmobsi_put_alert_rule(llmobsi_writer* writer, const llmobsi_alert_rule* rule)
{
    const char* before = "\n    ";
    unsigned clause;
    llmobsi_put_alert_word(writer, llmobsi_alert_text(rule, rule->name));
    llmobsi_put_text(writer, ": ");
    llmobsi_put_alert_condition(writer, rule, llmobsi_put_alert_term);
    for (clause = 0; clause < LLMOBS_I_ALERT_SUMMARY; clause++) {
        if (llmobsi_alert_has(rule, clause)) {
            llmobsi_put_alert_word(writer, before);
            llmobsi_put_alert_clause(writer, rule, clause);
            before = " ";
        }
    }
    llmobsi_put_alert_note(writer, llmobsi_alert_clause_words[LLMOBS_I_ALERT_SUMMARY],
                           llmobsi_alert_text(rule, rule->summary));
    llmobsi_put_alert_note(writer, llmobsi_alert_clause_words[LLMOBS_I_ALERT_RUNBOOK],
                           llmobsi_alert_text(rule, rule->runbook));
    llmobsi_put_text(writer, "\n");
}

/* ---- comparing ----------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_alert_texts_equal(const llmobsi_alert_rule* a, uint16_t of_a,
                                          const llmobsi_alert_rule* b, uint16_t of_b)
{
    return strcmp(llmobsi_alert_text(a, of_a), llmobsi_alert_text(b, of_b)) == 0;
}

/* The numbers of one term; where it stands in a text is left out. */
llmobsi_fn bool llmobsi_alert_terms_equal(const llmobsi_alert_rule* a, const llmobsi_alert_rule* b,
                                          unsigned number)
{
    const llmobsi_alert_term* one = &a->terms[number];
    const llmobsi_alert_term* other = &b->terms[number];
    return one->function == other->function && one->part == other->part &&
           one->matcher == other->matcher && one->matcher_count == other->matcher_count &&
           one->base_size == other->base_size && one->span_s == other->span_s &&
           one->offset_s == other->offset_s &&
           llmobsi_double_bits(one->quantile) == llmobsi_double_bits(other->quantile) &&
           llmobsi_double_bits(one->le) == llmobsi_double_bits(other->le) &&
           llmobsi_alert_texts_equal(a, one->metric, b, other->metric);
}

/* A tree has one order of nodes, so equal trees are equal rows. */
llmobsi_fn bool llmobsi_alert_conditions_equal(const llmobsi_alert_rule* a,
                                               const llmobsi_alert_rule* b)
{
    bool same = a->node_count == b->node_count && a->term_count == b->term_count &&
                a->matcher_count == b->matcher_count;
    unsigned i;
    for (i = 0; same && i < a->node_count; i++) {
        const llmobsi_alert_node* one = &a->nodes[i];
        const llmobsi_alert_node* other = &b->nodes[i];
        same = one->op == other->op && one->left == other->left && one->right == other->right &&
               one->term == other->term &&
               llmobsi_double_bits(one->number) == llmobsi_double_bits(other->number);
    }
    for (i = 0; same && i < a->term_count; i++) {
        same = llmobsi_alert_terms_equal(a, b, i);
    }
    for (i = 0; same && i < a->matcher_count; i++) {
        const llmobsi_alert_matcher* one = &a->matchers[i];
        const llmobsi_alert_matcher* other = &b->matchers[i];
        same = one->negated == other->negated &&
               llmobsi_alert_texts_equal(a, one->name, b, other->name) &&
               llmobsi_alert_texts_equal(a, one->value, b, other->value);
    }
    return same;
}

/* Whether two rules say the same in all. */
llmobsi_fn bool llmobsi_alert_rules_equal(const llmobsi_alert_rule* a, const llmobsi_alert_rule* b)
{
    bool same = a->severity == b->severity && a->no_data == b->no_data &&
                a->by_count == b->by_count && llmobsi_alert_conditions_equal(a, b) &&
                llmobsi_alert_texts_equal(a, a->name, b, b->name) &&
                llmobsi_alert_texts_equal(a, a->group, b, b->group) &&
                llmobsi_alert_texts_equal(a, a->summary, b, b->summary) &&
                llmobsi_alert_texts_equal(a, a->runbook, b, b->runbook);
    unsigned i;
    for (i = 0; same && i < a->by_count; i++) {
        same = llmobsi_alert_texts_equal(a, a->by[i], b, b->by[i]);
    }
    for (i = 0; same && i < LLMOBS_I_ALERT_CLAUSES; i++) {
        const uint32_t* seconds = llmobsi_alert_wait(a, i);
        same = seconds == NULL || *seconds == *llmobsi_alert_wait(b, i);
    }
    return same;
}
