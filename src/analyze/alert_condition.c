/* Conditions read: precedence climbing, so that each operand and each operator is one step, and
   a node is added behind those that it is made of. Terms and nodes are limited, and so is depth. */

/* ---- nodes --------------------------------------------------------------------------------- */

/* Adds a node, and what is known of it. */
llmobsi_fn bool llmobsi_alert_add(llmobsi_alert_parser* parser, llmobsi_alert_place place,
                                  const llmobsi_alert_node* node, const llmobsi_alert_known* known)
{
    llmobsi_alert_rule* rule = parser->rule;
    if (rule->node_count == LLMOBS_I_ALERT_NODES) {
        return llmobsi_alert_refuse_at(parser, place,
                                       "more than 48 numbers, metrics and operators");
    }
    if (known->constant && !llmobsi_double_is_finite(known->value)) {
        return llmobsi_alert_refuse_at(parser, place, "the number is too large");
    }
    rule->nodes[rule->node_count] = *node;
    parser->known[rule->node_count++] = *known;
    return true;
}

/* Whether comparing what is never below 0 with a constant says nothing: 1 if it is always true, -1
   if never. */
llmobsi_fn int llmobsi_alert_foregone(unsigned op, double constant)
{
    bool above = op == LLMOBS_I_ALERT_GREATER || op == LLMOBS_I_ALERT_GREATER_EQUAL;
    bool below = op == LLMOBS_I_ALERT_LESS || op == LLMOBS_I_ALERT_LESS_EQUAL;
    if (constant > 0) {
        return 0;
    }
    if (constant < 0) {
        return above || op == LLMOBS_I_ALERT_UNEQUAL ? 1 : -1;
    }
    return op == LLMOBS_I_ALERT_GREATER_EQUAL ? 1 : below && op == LLMOBS_I_ALERT_LESS ? -1 : 0;
}

/* The operator as it is when both sides change places. */
llmobsi_fn unsigned llmobsi_alert_turned(unsigned op)
{
    switch (op) {
    case LLMOBS_I_ALERT_GREATER:
        return LLMOBS_I_ALERT_LESS;
    case LLMOBS_I_ALERT_GREATER_EQUAL:
        return LLMOBS_I_ALERT_LESS_EQUAL;
    case LLMOBS_I_ALERT_LESS:
        return LLMOBS_I_ALERT_GREATER;
    case LLMOBS_I_ALERT_LESS_EQUAL:
        return LLMOBS_I_ALERT_GREATER_EQUAL;
    default:
        return op;
    }
}

/* A comparison must be able to be true, and to be false. */
llmobsi_fn bool llmobsi_alert_check_comparison(llmobsi_alert_parser* parser,
                                               llmobsi_alert_place place, unsigned op,
                                               const llmobsi_alert_known* left,
                                               const llmobsi_alert_known* right)
{
    int foregone = 0;
    if (left->constant && right->constant) {
        return llmobsi_alert_refuse_at(parser, place, "two constants are compared: expected a "
                                                      "metric on one side");
    }
    if (left->never_negative && right->constant) {
        foregone = llmobsi_alert_foregone(op, right->value);
    } else if (right->never_negative && left->constant) {
        foregone = llmobsi_alert_foregone(llmobsi_alert_turned(op), left->value);
    }
    if (foregone != 0) {
        return llmobsi_alert_refuse_at(
            parser, place,
            foregone > 0 ? "this is always true: increases and rates are not below 0"
                         : "this is never true: increases and rates are not below 0");
    }
    return true;
}

/* What two numbers come to. */
llmobsi_fn llmobsi_alert_known llmobsi_alert_compute(unsigned op, const llmobsi_alert_known* left,
                                                     const llmobsi_alert_known* right)
{
    llmobsi_alert_known known;
    memset(&known, 0, sizeof known);
    known.constant = left->constant && right->constant;
    known.never_negative =
        left->never_negative && right->never_negative && op != LLMOBS_I_ALERT_SUBTRACT;
    if (!known.constant) {
        return known;
    }
    if (op == LLMOBS_I_ALERT_ADD) {
        known.value = left->value + right->value;
    } else if (op == LLMOBS_I_ALERT_SUBTRACT) {
        known.value = left->value - right->value;
    } else if (op == LLMOBS_I_ALERT_MULTIPLY) {
        known.value = left->value * right->value;
    } else {
        known.value = left->value / right->value;
    }
    known.never_negative = known.value >= 0;
    return known;
}

/* "expected a number before "+", found a comparison", and the like. */
llmobsi_cold bool llmobsi_alert_mistyped(llmobsi_alert_parser* parser, llmobsi_alert_place place,
                                         unsigned op, bool behind)
{
    llmobs_alert_error* error = parser->error;
    const char* word = llmobsi_alert_op_words[op];
    bool wants_truth = op >= LLMOBS_I_ALERT_AND;
    (void)llmobsi_alert_refuse_at(parser, place, "expected a ");
    llmobsi_alert_say_text(error, wants_truth ? "comparison" : "number");
    llmobsi_alert_say_text(error, behind ? " behind " : " before ");
    llmobsi_alert_say_quoted(error, word, strlen(word));
    llmobsi_alert_say_text(error, wants_truth ? ", found a number" : ", found a comparison");
    return false;
}

/* Joins the node `left` and the last one; the operator stands at `place`. */
llmobsi_fn bool llmobsi_alert_join(llmobsi_alert_parser* parser, llmobsi_alert_place place,
                                   unsigned op, unsigned left)
{
    const llmobsi_alert_rule* rule = parser->rule;
    unsigned right = rule->node_count - 1u;
    const llmobsi_alert_known* known = parser->known;
    bool wants_truth = op >= LLMOBS_I_ALERT_AND;
    llmobsi_alert_known made;
    llmobsi_alert_node node;
    memset(&node, 0, sizeof node);
    memset(&made, 0, sizeof made);
    node.op = (uint8_t)op;
    node.left = (uint8_t)left;
    node.right = (uint8_t)right;
    if (llmobsi_alert_is_truth(&rule->nodes[left]) != wants_truth) {
        return llmobsi_alert_mistyped(parser, place, op, false);
    }
    if (llmobsi_alert_is_truth(&rule->nodes[right]) != wants_truth) {
        return llmobsi_alert_mistyped(parser, place, op, true);
    }
    if (op < LLMOBS_I_ALERT_EQUAL) {
        if (op == LLMOBS_I_ALERT_DIVIDE && known[right].constant && known[right].value == 0) {
            return llmobsi_alert_refuse_at(parser, place, "a division by zero");
        }
        made = llmobsi_alert_compute(op, &known[left], &known[right]);
    } else if (!wants_truth && !llmobsi_alert_check_comparison(parser, place, op, &known[left],
                                                               &known[right])) {
        return false;
    }
    return llmobsi_alert_add(parser, place, &node, &made);
}

/* ---- operands ------------------------------------------------------------------------------ */

/* The number at the token. */
llmobsi_fn bool llmobsi_alert_parse_number(llmobsi_alert_parser* parser)
{
    llmobsi_alert_known known;
    llmobsi_alert_node node;
    memset(&node, 0, sizeof node);
    memset(&known, 0, sizeof known);
    if (!llmobsi_alert_number(parser->token, parser->token_size, &node.number)) {
        return llmobsi_alert_expected(parser, "a number");
    }
    node.op = LLMOBS_I_ALERT_NUMBER;
    known.value = node.number;
    known.constant = true;
    known.never_negative = true;
    return llmobsi_alert_add(parser, parser->place, &node, &known) && llmobsi_alert_next(parser);
}

/* The term at the token. A histogram's sum goes down where it has values below 0. */
llmobsi_fn bool llmobsi_alert_parse_term(llmobsi_alert_parser* parser)
{
    llmobsi_alert_place place = parser->place;
    const llmobsi_alert_term* term = &parser->rule->terms[parser->rule->term_count];
    llmobsi_alert_known known;
    llmobsi_alert_node node;
    memset(&node, 0, sizeof node);
    memset(&known, 0, sizeof known);
    node.op = LLMOBS_I_ALERT_TERM;
    node.term = parser->rule->term_count;
    if (!llmobsi_alert_read_term(parser)) {
        return false;
    }
    known.never_negative =
        (term->function == LLMOBS_I_ALERT_INCREASE || term->function == LLMOBS_I_ALERT_RATE) &&
        term->part != LLMOBS_I_ALERT_SUM;
    return llmobsi_alert_add(parser, place, &node, &known);
}

/* Turns the sign of the last node. */
llmobsi_fn bool llmobsi_alert_negate(llmobsi_alert_parser* parser, llmobsi_alert_place place)
{
    unsigned last = parser->rule->node_count - 1u;
    llmobsi_alert_known known;
    llmobsi_alert_node node;
    memset(&node, 0, sizeof node);
    memset(&known, 0, sizeof known);
    node.op = LLMOBS_I_ALERT_NEGATE;
    node.left = (uint8_t)last;
    if (llmobsi_alert_is_truth(&parser->rule->nodes[last])) {
        return llmobsi_alert_mistyped(parser, place, LLMOBS_I_ALERT_NEGATE, true);
    }
    known.constant = parser->known[last].constant;
    known.value = -parser->known[last].value;
    known.never_negative = known.constant && known.value >= 0;
    return llmobsi_alert_add(parser, place, &node, &known);
}

/* The operator at the token; 0: it is none. */
llmobsi_fn unsigned llmobsi_alert_operator(const llmobsi_alert_parser* parser)
{
    unsigned op = LLMOBS_I_ALERT_OR;
    while (op >= LLMOBS_I_ALERT_ADD && !llmobsi_alert_is(parser, llmobsi_alert_op_words[op])) {
        op--;
    }
    return op >= LLMOBS_I_ALERT_ADD ? op : 0;
}

/* Operands and the operators between them that bind at least so closely. It calls itself for what
   stands behind an operator, a sign or in parentheses: with the depth of those, it is bounded. */
llmobsi_fn bool llmobsi_alert_parse_binding(llmobsi_alert_parser* parser, unsigned least)
{
    llmobsi_alert_place place = parser->place;
    unsigned op;
    bool minus = llmobsi_alert_is(parser, "-");
    if (minus || llmobsi_alert_is(parser, "(")) {
        if (++parser->depth > LLMOBS_I_ALERT_DEPTH) {
            return llmobsi_alert_refuse(parser, "parentheses and signs more than 16 deep");
        }
        if (!llmobsi_alert_next(parser) ||
            !llmobsi_alert_parse_binding(
                parser, minus ? llmobsi_alert_ranks[LLMOBS_I_ALERT_NEGATE] : 1) ||
            !(minus ? llmobsi_alert_negate(parser, place) : llmobsi_alert_want(parser, ")"))) {
            return false;
        }
        parser->depth--;
    } else if (parser->kind == LLMOBS_I_ALERT_FIGURE) {
        if (!llmobsi_alert_parse_number(parser)) {
            return false;
        }
    } else if (parser->kind != LLMOBS_I_ALERT_WORD || llmobsi_alert_is_reserved(parser)) {
        return llmobsi_alert_expected(parser, "a number, a metric or \"(\"");
    } else if (!llmobsi_alert_parse_term(parser)) {
        return false;
    }
    while ((op = llmobsi_alert_operator(parser)) != 0 && llmobsi_alert_ranks[op] >= least) {
        unsigned left = parser->rule->node_count - 1u;
        place = parser->place;
        if (!llmobsi_alert_next(parser) ||
            !llmobsi_alert_parse_binding(parser, llmobsi_alert_ranks[op] + 1u) ||
            !llmobsi_alert_join(parser, place, op, left)) {
            return false;
        }
    }
    return !parser->failed;
}

/* A whole condition: true or false. */
llmobsi_fn bool llmobsi_alert_parse_condition(llmobsi_alert_parser* parser)
{
    const llmobsi_alert_rule* rule = parser->rule;
    if (!llmobsi_alert_parse_binding(parser, 1)) {
        return false;
    }
    return llmobsi_alert_is_truth(&rule->nodes[rule->node_count - 1]) ||
           llmobsi_alert_expected(parser, "a comparison such as \"> 0\"");
}
