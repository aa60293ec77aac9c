/* A rule's condition, for one set of labels: one pass over its nodes. Truth has three values: what
   is compared with no number is neither true nor false, and stays so unless the other side of an
   `and` or an `or` decides. */

typedef struct llmobsi_alert_scope {
    llmobsi_watches* watches;
    const llmobsi_recorder* recorder;
    const llmobsi_alert_rule* rule;
    int64_t step;
    const llmobsi_watch_group* groups[LLMOBS_I_ALERT_TERMS]; /* NULL: nothing as yet */
    llmobsi_alert_verdict verdict;
} llmobsi_alert_scope;

llmobsi_inline bool llmobsi_double_is_nan(double number)
{
    return (llmobsi_double_bits(number) & INT64_MAX) > LLMOBS_I_DOUBLE_INFINITY;
}

/* ---- terms --------------------------------------------------------------------------------- */

/* Prometheus' histogram_quantile of classic buckets: the value at the rank q * count, linear within
   its bucket; above the last bound, that bound. `counts` of each bucket, one more than bounds; NaN
   where they are empty. */
llmobsi_fn double llmobsi_alert_quantile(double q, const double* counts, const double* bounds,
                                         uint32_t bound_count)
{
    double total = 0.0;
    double below = 0.0;
    double rank, low;
    uint32_t i;
    for (i = 0; i <= bound_count; i++) {
        total += counts[i];
    }
    if (!(total > 0.0)) {
        return llmobsi_double_of(llmobsi_nan_bits);
    }
    rank = q * total;
    for (i = 0; i < bound_count && below + counts[i] < rank; i++) {
        below += counts[i];
    }
    if (i == bound_count) {
        return bounds[bound_count - 1];
    }
    low = i > 0 ? bounds[i - 1] : 0.0;
    return counts[i] > 0.0 ? low + (bounds[i] - low) * ((rank - below) / counts[i]) : low;
}

/* What came in a column of the group during the term's span; of a gauge, its sum over it. `covered`
   gets what was seen of it. */
llmobsi_fn double llmobsi_alert_change(llmobsi_alert_scope* scope, const llmobsi_alert_term* term,
                                       const llmobsi_window* window, uint32_t* covered)
{
    uint32_t span = term->span_s / LLMOBS_I_ALERT_STEP_S;
    uint32_t offset = term->offset_s / LLMOBS_I_ALERT_STEP_S;
    double change = term->function == LLMOBS_I_ALERT_AVERAGE
                        ? llmobsi_window_change(window, span, offset, covered)
                        : llmobsi_window_increase(window, span, offset, covered);
    scope->verdict.partial |= *covered < span;
    return change;
}

llmobsi_fn double llmobsi_alert_buckets(llmobsi_alert_scope* scope, const llmobsi_alert_term* term,
                                        const llmobsi_watch* watch,
                                        const llmobsi_watch_group* group)
{
    const llmobsi_metric* metric = &scope->recorder->registry.metrics[watch->metric];
    double counts[LLMOBS_BOUNDS_MAX + 1];
    uint32_t covered;
    uint32_t i;
    for (i = 0; i < watch->columns; i++) {
        counts[i] = llmobsi_alert_change(scope, term, &group->windows[i], &covered);
    }
    return llmobsi_alert_quantile(term->quantile, counts, metric->bounds, metric->bound_count);
}

/* The value of a term that has no series with these labels: a sum of nothing is 0, once there was
   time for something; a gauge has no value. */
llmobsi_fn double llmobsi_alert_nothing(llmobsi_alert_scope* scope, const llmobsi_alert_term* term)
{
    const llmobsi_watch* watch = &scope->watches->watches[term->watch];
    int64_t seen = scope->step - watch->since - term->offset_s / LLMOBS_I_ALERT_STEP_S;
    bool counts = watch->kind != LLMOBS_I_WATCH_GAUGE && watch->kind != LLMOBS_I_WATCH_HEAVY &&
                  watch->kind != LLMOBS_I_WATCH_BUCKETS;
    scope->verdict.partial |= seen < term->span_s / LLMOBS_I_ALERT_STEP_S;
    return counts && (term->function == LLMOBS_I_ALERT_INSTANT || seen > 0)
               ? 0.0
               : llmobsi_double_of(llmobsi_nan_bits);
}

/* A term's value in its unit; NaN: there is none. */
llmobsi_fn double llmobsi_alert_value(llmobsi_alert_scope* scope, const llmobsi_alert_term* term,
                                      const llmobsi_watch_group* group)
{
    const llmobsi_watch* watch = &scope->watches->watches[term->watch];
    const double none = llmobsi_double_of(llmobsi_nan_bits);
    uint32_t covered;
    double change;
    if (group == NULL) {
        return llmobsi_alert_nothing(scope, term);
    }
    switch ((llmobsi_alert_function)term->function) {
    case LLMOBS_I_ALERT_INSTANT:
        return group->value / watch->unit;
    case LLMOBS_I_ALERT_QUANTILE:
        return llmobsi_alert_buckets(scope, term, watch, group);
    case LLMOBS_I_ALERT_AVERAGE:
        change = llmobsi_alert_change(scope, term, &group->windows[0], &covered);
        return covered > 0 ? change / watch->unit / (double)covered : none;
    case LLMOBS_I_ALERT_INCREASE:
    case LLMOBS_I_ALERT_RATE:
        break;
    }
    change = llmobsi_alert_change(scope, term, &group->windows[0], &covered) / watch->unit;
    if (covered == 0) {
        return none;
    }
    return term->function == LLMOBS_I_ALERT_INCREASE
               ? change
               : change / ((double)covered * LLMOBS_I_ALERT_STEP_S);
}

/* ---- nodes --------------------------------------------------------------------------------- */

llmobsi_fn double llmobsi_alert_arithmetic(llmobsi_alert_op op, double a, double b)
{
    switch (op) {
    case LLMOBS_I_ALERT_NEGATE:
        return -a;
    case LLMOBS_I_ALERT_ADD:
        return a + b;
    case LLMOBS_I_ALERT_SUBTRACT:
        return a - b;
    case LLMOBS_I_ALERT_MULTIPLY:
        return a * b;
    default:
        return b == 0.0 ? llmobsi_double_of(llmobsi_nan_bits) : a / b;
    }
}

/* What is no number, as a share of nothing, can't be told from anything. (In PromQL it is unequal
   to everything, and a share of nothing is infinite; rules written there are worded for that.) */
llmobsi_fn llmobsi_alert_truth llmobsi_alert_compare(llmobsi_alert_op op, double a, double b)
{
    bool holds;
    if (llmobsi_double_is_nan(a) || llmobsi_double_is_nan(b)) {
        return LLMOBS_I_ALERT_UNKNOWN;
    }
    switch (op) {
    case LLMOBS_I_ALERT_EQUAL:
        holds = a == b;
        break;
    case LLMOBS_I_ALERT_UNEQUAL:
        holds = a != b;
        break;
    case LLMOBS_I_ALERT_GREATER:
        holds = a > b;
        break;
    case LLMOBS_I_ALERT_GREATER_EQUAL:
        holds = a >= b;
        break;
    case LLMOBS_I_ALERT_LESS:
        holds = a < b;
        break;
    default:
        holds = a <= b;
        break;
    }
    return holds ? LLMOBS_I_ALERT_TRUE : LLMOBS_I_ALERT_FALSE;
}

llmobsi_fn llmobsi_alert_truth llmobsi_alert_connect(llmobsi_alert_op op, llmobsi_alert_truth a,
                                                  llmobsi_alert_truth b)
{
    llmobsi_alert_truth decides =
        op == LLMOBS_I_ALERT_AND ? LLMOBS_I_ALERT_FALSE : LLMOBS_I_ALERT_TRUE;
    if (a == decides || b == decides) {
        return decides;
    }
    return a == LLMOBS_I_ALERT_UNKNOWN ? a : b;
}

/* The comparison that is told: the first one of what makes the condition hold or, where it does
   not, of all. */
llmobsi_fn uint32_t llmobsi_alert_telling(const llmobsi_alert_rule* rule,
                                          const llmobsi_alert_truth* truths)
{
    uint32_t at = rule->node_count - 1u;
    while (rule->nodes[at].op > LLMOBS_I_ALERT_LESS_EQUAL) {
        const llmobsi_alert_node* node = &rule->nodes[at];
        bool right = node->op == LLMOBS_I_ALERT_OR && truths[at] == LLMOBS_I_ALERT_TRUE &&
                     truths[node->left] != LLMOBS_I_ALERT_TRUE;
        at = right ? node->right : node->left;
    }
    return at;
}

/* The scope's verdict, from its groups. */
llmobsi_fn void llmobsi_alert_evaluate(llmobsi_alert_scope* scope)
{
    const llmobsi_alert_rule* rule = scope->rule;
    double numbers[LLMOBS_I_ALERT_NODES];
    llmobsi_alert_truth truths[LLMOBS_I_ALERT_NODES];
    const llmobsi_alert_node* told;
    uint32_t i;
    memset(&scope->verdict, 0, sizeof scope->verdict);
    for (i = 0; i < rule->node_count; i++) {
        const llmobsi_alert_node* node = &rule->nodes[i];
        llmobsi_alert_op op = (llmobsi_alert_op)node->op;
        numbers[i] = 0.0;
        truths[i] = LLMOBS_I_ALERT_UNKNOWN;
        if (op == LLMOBS_I_ALERT_NUMBER) {
            numbers[i] = node->number;
        } else if (op == LLMOBS_I_ALERT_TERM) {
            numbers[i] = llmobsi_alert_value(scope, &rule->terms[node->term],
                                             scope->groups[node->term]);
        } else if (op < LLMOBS_I_ALERT_EQUAL) {
            numbers[i] =
                llmobsi_alert_arithmetic(op, numbers[node->left], numbers[node->right]);
        } else if (op <= LLMOBS_I_ALERT_LESS_EQUAL) {
            truths[i] = llmobsi_alert_compare(op, numbers[node->left], numbers[node->right]);
        } else {
            truths[i] = llmobsi_alert_connect(op, truths[node->left], truths[node->right]);
        }
    }
    told = &rule->nodes[llmobsi_alert_telling(rule, truths)];
    scope->verdict.truth = truths[rule->node_count - 1];
    scope->verdict.comparison = told->op;
    scope->verdict.value = numbers[told->left];
    scope->verdict.threshold = numbers[told->right];
}

/* Whether all watches of the rule have seen as much as it asks for. */
llmobsi_fn bool llmobsi_alert_has_history(const llmobsi_alert_scope* scope)
{
    const llmobsi_alert_rule* rule = scope->rule;
    uint32_t i;
    for (i = 0; i < rule->term_count; i++) {
        const llmobsi_watch* watch = &scope->watches->watches[rule->terms[i].watch];
        if (watch->tiers != 0 && (scope->step - watch->since) * (int64_t)LLMOBS_I_ALERT_STEP_S <
                                     (int64_t)rule->min_history_s) {
            return false;
        }
    }
    return true;
}
