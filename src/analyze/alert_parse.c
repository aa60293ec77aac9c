/* Rules read: from a text of many, and from the struct. */

/* ---- clauses ------------------------------------------------------------------------------- */

/* Passes a word of a few. Which one is told. */
llmobsi_fn bool llmobsi_alert_read_choice(llmobsi_alert_parser* parser, const char* const* words,
                                          const char* expected, uint8_t* choice)
{
    unsigned which = llmobsi_alert_which(parser, words, 3);
    *choice = (uint8_t)which;
    return which < 3 ? llmobsi_alert_next(parser) : llmobsi_alert_expected(parser, expected);
}

/* Passes a text in quotes, and keeps it. */
llmobsi_fn bool llmobsi_alert_read_text(llmobsi_alert_parser* parser, uint16_t* place)
{
    if (parser->kind != LLMOBS_I_ALERT_STRING) {
        return llmobsi_alert_expected(parser, "a text in double quotes");
    }
    return llmobsi_alert_keep_token(parser, place) && llmobsi_alert_next(parser);
}

llmobsi_fn bool llmobsi_alert_read_wait(llmobsi_alert_parser* parser, uint32_t least,
                                        uint32_t* seconds)
{
    return llmobsi_alert_read_duration(parser, least, LLMOBS_I_ALERT_WAIT_MOST_S, 1,
                                       least > 0 ? "10s to 30d" : "at most 30d", seconds);
}

/* The rule's own list of labels, from behind `by` on. */
llmobsi_fn bool llmobsi_alert_group_by(llmobsi_alert_parser* parser, llmobsi_alert_by* by)
{
    if (by->le) {
        return llmobsi_alert_refuse_at(parser, by->place,
                                       "le can't be told apart but for a quantile");
    }
    return llmobsi_alert_group(parser, by);
}

/* What stands behind a clause's word. */
llmobsi_fn bool llmobsi_alert_read_clause(llmobsi_alert_parser* parser, unsigned clause)
{
    llmobsi_alert_rule* rule = parser->rule;
    llmobsi_alert_by by;
    switch (clause) {
    case LLMOBS_I_ALERT_BY:
        memset(&by, 0, sizeof by);
        return llmobsi_alert_read_list(parser, &by) && llmobsi_alert_group_by(parser, &by);
    case LLMOBS_I_ALERT_SEVERITY:
        return llmobsi_alert_read_choice(parser, llmobsi_alert_severities,
                                         "info, warning or critical", &rule->severity);
    case LLMOBS_I_ALERT_NO_DATA:
        return llmobsi_alert_read_choice(parser, llmobsi_alert_policies, "ok, keep or alert",
                                         &rule->no_data);
    case LLMOBS_I_ALERT_GROUP:
        if (parser->kind != LLMOBS_I_ALERT_WORD ||
            !llmobsi_alert_is_name(parser->token, parser->token_size, LLMOBS_ALERT_NAME_SIZE - 1)) {
            return llmobsi_alert_expected(parser, "a group's name (letters, digits, \"_\")");
        }
        return llmobsi_alert_keep_token(parser, &rule->group) && llmobsi_alert_next(parser);
    case LLMOBS_I_ALERT_SUMMARY:
        return llmobsi_alert_read_text(parser, &rule->summary);
    case LLMOBS_I_ALERT_RUNBOOK:
        return llmobsi_alert_read_text(parser, &rule->runbook);
    case LLMOBS_I_ALERT_FOR:
        return llmobsi_alert_read_wait(parser, 0, &rule->for_s);
    case LLMOBS_I_ALERT_KEEP_FIRING_FOR:
        return llmobsi_alert_read_wait(parser, 0, &rule->keep_firing_for_s);
    case LLMOBS_I_ALERT_MIN_HISTORY:
        return llmobsi_alert_read_wait(parser, 0, &rule->min_history_s);
    case LLMOBS_I_ALERT_COOLDOWN:
        return llmobsi_alert_read_wait(parser, 0, &rule->cooldown_s);
    default:
        return llmobsi_alert_read_wait(parser, LLMOBS_I_ALERT_STEP_S, &rule->repeat_s);
    }
}

/* All clauses, to where the next rule begins. */
llmobsi_fn bool llmobsi_alert_read_clauses(llmobsi_alert_parser* parser)
{
    static const char known[] = ": known are by, for, keep_firing_for, min_history, severity, "
                                "group, no_data, cooldown, repeat, summary, runbook";
    unsigned seen = 0;
    while (parser->kind == LLMOBS_I_ALERT_WORD) {
        unsigned clause = llmobsi_alert_which(parser, llmobsi_alert_clause_words,
                                              LLMOBS_I_ALERT_CLAUSES);
        if (clause == LLMOBS_I_ALERT_CLAUSES) {
            return llmobsi_alert_refuse_token(parser, "unknown word ", known);
        }
        if ((seen & 1u << clause) != 0) {
            return llmobsi_alert_refuse_token(parser, "a second ", "");
        }
        seen |= 1u << clause;
        if (!llmobsi_alert_next(parser) || !llmobsi_alert_read_clause(parser, clause)) {
            return false;
        }
    }
    if (parser->kind != LLMOBS_I_ALERT_END && parser->kind != LLMOBS_I_ALERT_HEAD) {
        return llmobsi_alert_expected(
            parser, seen != 0 ? "a clause, the next rule or the end"
                              : "an operator, a clause, the next rule or the end");
    }
    return !parser->failed;
}

/* ---- one rule ------------------------------------------------------------------------------ */

llmobsi_fn void llmobsi_alert_start(llmobsi_alert_parser* parser, llmobsi_alert_rule* rule)
{
    memset(rule, 0, sizeof *rule);
    rule->text_used = 1;
    rule->repeat_s = LLMOBS_I_ALERT_REPEAT_S;
    parser->rule = rule;
    parser->depth = 0;
    parser->grouped = false;
    parser->summed = false;
}

/* A sum without a list adds all series, which is another thing where the rule tells some apart. */
llmobsi_fn bool llmobsi_alert_check_sums(llmobsi_alert_parser* parser)
{
    return !parser->summed || parser->rule->by_count == 0 ||
           llmobsi_alert_refuse_at(parser, parser->sum,
                                   "a sum without by in a rule that has one: give it the same by, "
                                   "or leave sum out");
}

llmobsi_fn bool llmobsi_alert_read_rule(llmobsi_alert_parser* parser, llmobsi_alert_rule* rule)
{
    size_t size = parser->token_size - 1; /* without the colon */
    llmobsi_alert_start(parser, rule);
    if (parser->kind != LLMOBS_I_ALERT_HEAD) {
        return llmobsi_alert_expected(parser, "a rule's name and \":\", such as cost_spike:");
    }
    if (!llmobsi_alert_is_name(parser->token, size, LLMOBS_ALERT_NAME_SIZE - 1)) {
        return llmobsi_alert_expected(
            parser, "a name of letters, digits and \"_\", at most 63, and \":\"");
    }
    return llmobsi_alert_keep(parser, parser->token, size, false, &rule->name) &&
           llmobsi_alert_next(parser) && llmobsi_alert_parse_condition(parser) &&
           llmobsi_alert_read_clauses(parser) && llmobsi_alert_check_sums(parser);
}

/* ---- a text of rules ----------------------------------------------------------------------- */

typedef struct llmobsi_alert_reader {
    llmobs_alert_error error; /* of READ_FAILED */
    llmobsi_alert_parser parser;
} llmobsi_alert_reader;

typedef enum llmobsi_alert_read {
    LLMOBS_I_ALERT_READ_RULE,
    LLMOBS_I_ALERT_READ_END,
    LLMOBS_I_ALERT_READ_FAILED /* for good */
} llmobsi_alert_read;

/* The reader must stay where it is; the text, of any bytes, must live as long. */
llmobsi_fn void llmobsi_alert_reader_begin(llmobsi_alert_reader* reader, const char* text,
                                           size_t size)
{
    reader->error = llmobs_alert_error_default();
    (void)llmobsi_alert_begin(&reader->parser, text, size, &reader->error);
}

llmobsi_fn llmobsi_alert_read llmobsi_alert_read_next(llmobsi_alert_reader* reader,
                                                      llmobsi_alert_rule* out)
{
    if (!reader->parser.failed && reader->parser.kind == LLMOBS_I_ALERT_END) {
        return LLMOBS_I_ALERT_READ_END;
    }
    return !reader->parser.failed && llmobsi_alert_read_rule(&reader->parser, out)
               ? LLMOBS_I_ALERT_READ_RULE
               : LLMOBS_I_ALERT_READ_FAILED;
}

/* ---- a rule from the struct ---------------------------------------------------------------- */

/* Keeps a name. */
llmobsi_fn bool llmobsi_alert_give_name(llmobsi_alert_parser* parser, const char* name,
                                        const char* reason, uint16_t* place)
{
    size_t size = name != NULL ? strlen(name) : 0;
    if (!llmobsi_alert_is_name(name, size, LLMOBS_ALERT_NAME_SIZE - 1)) {
        return llmobsi_alert_refuse(parser, reason);
    }
    return llmobsi_alert_keep(parser, name, size, false, place);
}

llmobsi_fn bool llmobsi_alert_give_text(llmobsi_alert_parser* parser, const char* text,
                                        const char* reason, uint16_t* place)
{
    size_t size = text != NULL ? strlen(text) : 0;
    if (!llmobsi_text_is_safe(text, size)) {
        return llmobsi_alert_refuse(parser, reason);
    }
    return llmobsi_alert_keep(parser, text, size, false, place);
}

/* "feature, model"; what is said of it is said of `by`. */
llmobsi_fn bool llmobsi_alert_give_by(llmobsi_alert_parser* parser, const char* text)
{
    llmobs_alert_error error = llmobs_alert_error_default();
    llmobsi_alert_parser inner;
    llmobsi_alert_by by;
    if (text == NULL || text[strspn(text, " \t\r\n")] == '\0') {
        return true;
    }
    memset(&by, 0, sizeof by);
    (void)llmobsi_alert_begin(&inner, text, strlen(text), &error);
    inner.rule = parser->rule;
    inner.grouped = parser->grouped;
    if (llmobsi_alert_read_labels(&inner, &by) &&
        (inner.kind == LLMOBS_I_ALERT_END ||
         llmobsi_alert_expected(&inner, "\",\" or the end")) &&
        llmobsi_alert_group_by(&inner, &by)) {
        return true;
    }
    (void)llmobsi_alert_refuse(parser, "by: ");
    llmobsi_alert_say_text(parser->error, error.reason);
    return false;
}

llmobsi_fn bool llmobsi_alert_give_numbers(llmobsi_alert_parser* parser,
                                           const llmobs_alert_rule* given)
{
    llmobsi_alert_rule* rule = parser->rule;
    unsigned clause;
    rule->for_s = given->for_s;
    rule->keep_firing_for_s = given->keep_firing_for_s;
    rule->min_history_s = given->min_history_s;
    rule->cooldown_s = given->cooldown_s;
    rule->repeat_s = given->repeat_s != 0 ? given->repeat_s : LLMOBS_I_ALERT_REPEAT_S;
    for (clause = 0; clause < LLMOBS_I_ALERT_CLAUSES; clause++) {
        const uint32_t* seconds = llmobsi_alert_wait(rule, clause);
        if (seconds != NULL && *seconds > LLMOBS_I_ALERT_WAIT_MOST_S) {
            (void)llmobsi_alert_refuse(parser, llmobsi_alert_clause_words[clause]);
            llmobsi_alert_say_text(parser->error, "_s: expected at most 30 days");
            return false;
        }
    }
    if (rule->repeat_s < LLMOBS_I_ALERT_STEP_S) {
        return llmobsi_alert_refuse(parser, "repeat_s: expected at least 10 s");
    }
    rule->severity = (uint8_t)given->severity;
    rule->no_data = (uint8_t)given->no_data;
    return ((unsigned)given->severity <= (unsigned)LLMOBS_ALERT_CRITICAL ||
            llmobsi_alert_refuse(parser, "severity: no such value")) &&
           ((unsigned)given->no_data <= (unsigned)LLMOBS_ALERT_NO_DATA_ALERT ||
            llmobsi_alert_refuse(parser, "no_data: no such value"));
}

/* `given` and `error` are of this version's size. Where it is refused, `out` holds no rule. */
llmobsi_fn bool llmobsi_alert_parse_rule(llmobsi_alert_rule* out, const llmobs_alert_rule* given,
                                         llmobs_alert_error* error)
{
    const char* condition = given->condition != NULL ? given->condition : "";
    bool has_group = given->group != NULL && given->group[0] != '\0';
    llmobsi_alert_parser parser;
    *error = llmobs_alert_error_default();
    (void)llmobsi_alert_begin(&parser, condition, strlen(condition), error);
    llmobsi_alert_start(&parser, out);
    if (!llmobsi_alert_parse_condition(&parser)) {
        return false;
    }
    if (parser.kind != LLMOBS_I_ALERT_END) {
        return llmobsi_alert_expected(&parser, "an operator or the end");
    }
    memset(&parser.place, 0, sizeof parser.place); /* the rest is of no text */
    return llmobsi_alert_give_name(&parser, given->name,
                                   "name: expected a letter or \"_\", then letters, digits and "
                                   "\"_\", at most 63",
                                   &out->name) &&
           llmobsi_alert_give_by(&parser, given->by) && llmobsi_alert_check_sums(&parser) &&
           (!has_group || llmobsi_alert_give_name(&parser, given->group,
                                                  "group: expected a name as of a rule",
                                                  &out->group)) &&
           llmobsi_alert_give_text(&parser, given->summary,
                                   "summary: expected UTF-8 without control characters",
                                   &out->summary) &&
           llmobsi_alert_give_text(&parser, given->runbook,
                                   "runbook: expected UTF-8 without control characters",
                                   &out->runbook) &&
           llmobsi_alert_give_numbers(&parser, given);
}
