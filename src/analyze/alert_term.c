/* The terms of a condition read: a selector, what is asked of it, over which span. PromQL's own
   spelling with sums is taken, too, so that what was written for Prometheus can be pasted back. */

/* ---- numbers and durations ----------------------------------------------------------------- */

/* The digits behind an 'e', to where they end; what is beyond all doubles stays there. */
llmobsi_fn const char* llmobsi_alert_exponent(const char* at, const char* end, int* exponent)
{
    int sign = at < end && *at == '-' ? -1 : 1;
    const char* digits = at += at < end && (*at == '-' || *at == '+') ? 1 : 0;
    int number = 0;
    for (; at < end && llmobsi_is_digit(*at); at++) {
        number = number < 1000 ? number * 10 + (*at - '0') : number;
    }
    *exponent += sign * number;
    return at > digits ? at : NULL;
}

/* 5, 0.5, .5, 1e-3: false if it is no such text. It may be infinite. The point is left out, for
   what strtod takes for one depends on the locale. */
llmobsi_fn bool llmobsi_alert_number(const char* text, size_t size, double* number)
{
    char digits[LLMOBS_I_ALERT_FIGURE_MOST + 1 + LLMOBS_I_I64_ROOM];
    const char* at = text;
    const char* end = text + size;
    char* out = digits;
    bool point = false;
    int exponent = 0;
    if (size > LLMOBS_I_ALERT_FIGURE_MOST) {
        return false;
    }
    for (; at < end && (llmobsi_is_digit(*at) || (*at == '.' && !point)); at++) {
        if (*at == '.') {
            point = true;
        } else {
            *out++ = *at;
            exponent -= point;
        }
    }
    if (out == digits) {
        return false;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at = llmobsi_alert_exponent(at + 1, end, &exponent);
    }
    if (at != end) {
        return false;
    }
    *out++ = 'e';
    *llmobsi_append_i64(out, exponent) = '\0';
    *number = strtod(digits, NULL);
    return true;
}

/* 5m, 1h30m: larger units first, each once; a 0 needs none. */
llmobsi_fn bool llmobsi_alert_seconds(const char* text, size_t size, uint32_t* seconds)
{
    static const char units[] = "wdhms";
    static const uint32_t worth[] = {7 * 86400, 86400, 3600, 60, 1};
    uint64_t total = 0;
    size_t i = 0, unit = 0;
    if (size > LLMOBS_I_ALERT_FIGURE_MOST || (size == 1 && text[0] != '0')) {
        return false;
    }
    while (i < size && size > 1) {
        uint64_t number = 0;
        size_t start = i;
        for (; i < size && llmobsi_is_digit(text[i]); i++) {
            number = number < LLMOBS_I_BILLION ? number * 10 + (uint64_t)(text[i] - '0') : number;
        }
        while (i < size && unit < sizeof worth / sizeof worth[0] && units[unit] != text[i]) {
            unit++;
        }
        if (i == start || i == size || unit == sizeof worth / sizeof worth[0]) {
            return false;
        }
        total += number * worth[unit++];
        i++;
    }
    *seconds = total < UINT32_MAX ? (uint32_t)total : UINT32_MAX;
    return true;
}

/* Passes a duration between two, of whole steps if `step` is one. */
llmobsi_fn bool llmobsi_alert_read_duration(llmobsi_alert_parser* parser, uint32_t least,
                                            uint32_t most, uint32_t step, const char* limits,
                                            uint32_t* seconds)
{
    if (parser->kind != LLMOBS_I_ALERT_FIGURE ||
        !llmobsi_alert_seconds(parser->token, parser->token_size, seconds)) {
        return llmobsi_alert_expected(parser, "a duration such as 5m or 1h30m");
    }
    if (*seconds < least || *seconds > most || *seconds % step != 0) {
        return llmobsi_alert_expected(parser, limits);
    }
    return llmobsi_alert_next(parser);
}

/* ---- selectors ----------------------------------------------------------------------------- */

/* As PromQL compares its words: in any case. */
llmobsi_fn bool llmobsi_alert_is_spelled(const llmobsi_alert_parser* parser, const char* word)
{
    size_t i;
    for (i = 0; i < parser->token_size; i++) {
        char byte = parser->token[i];
        if ((llmobsi_is_letter(byte) ? byte | 0x20 : byte) != word[i]) {
            return false;
        }
    }
    return word[i] == '\0';
}

/* Words that can't be a metric's name. */
llmobsi_fn bool llmobsi_alert_is_reserved(const llmobsi_alert_parser* parser)
{
    static const char* const words[] = {"and",    "or",   "unless", "by", "without",
                                        "offset", "bool", "inf",    "nan"};
    size_t i;
    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (llmobsi_alert_is_spelled(parser, words[i])) {
            return true;
        }
    }
    for (i = 0; i < LLMOBS_I_ALERT_CLAUSES; i++) {
        if (llmobsi_alert_is_spelled(parser, llmobsi_alert_clause_words[i])) {
            return true;
        }
    }
    return false;
}

llmobsi_fn bool llmobsi_alert_is_label(const llmobsi_alert_parser* parser)
{
    return parser->kind == LLMOBS_I_ALERT_WORD &&
           llmobsi_alert_is_name(parser->token, parser->token_size, LLMOBS_I_LABEL_MOST);
}

/* The value of `le`, a bucket's upper bound: at the token. */
llmobsi_fn bool llmobsi_alert_read_le(llmobsi_alert_parser* parser, llmobsi_alert_term* term)
{
    const char* text = parser->token + 1;
    size_t size = parser->token_size - 2;
    bool first = term->le == 0;
    if (size == 4 && memcmp(text, "+Inf", 4) == 0) {
        term->le = llmobsi_double_of(LLMOBS_I_DOUBLE_INFINITY);
    } else if (!llmobsi_alert_number(text, size, &term->le) ||
               !llmobsi_double_is_finite(term->le) || term->le <= 0) {
        first = false;
    }
    return first ? llmobsi_alert_next(parser)
                 : llmobsi_alert_refuse(parser, "le must be one bound, above 0 or \"+Inf\"");
}

/* label="value" or label!="value". */
llmobsi_fn bool llmobsi_alert_read_matcher(llmobsi_alert_parser* parser, llmobsi_alert_term* term)
{
    llmobsi_alert_rule* rule = parser->rule;
    llmobsi_alert_matcher* matcher = &rule->matchers[rule->matcher_count];
    bool le = llmobsi_alert_is(parser, "le");
    if (!llmobsi_alert_is_label(parser)) {
        return llmobsi_alert_expected(parser, "a label's name");
    }
    if (!le && rule->matcher_count == LLMOBS_I_ALERT_MATCHERS) {
        return llmobsi_alert_refuse(parser, "more than 24 labels in one rule's selectors");
    }
    if ((!le && !llmobsi_alert_keep_token(parser, &matcher->name)) || !llmobsi_alert_next(parser)) {
        return false;
    }
    if (llmobsi_alert_is(parser, "=~") || llmobsi_alert_is(parser, "!~")) {
        return llmobsi_alert_refuse(parser, "labels are compared by = and != alone, no patterns");
    }
    matcher->negated = !le && llmobsi_alert_is(parser, "!=");
    if (!matcher->negated && !llmobsi_alert_is(parser, "=")) {
        return llmobsi_alert_expected(parser, le ? "\"=\"" : "\"=\" or \"!=\"");
    }
    if (!llmobsi_alert_next(parser) || parser->kind != LLMOBS_I_ALERT_STRING) {
        return llmobsi_alert_expected(parser, "the label's value in quotes");
    }
    if (le) {
        return llmobsi_alert_read_le(parser, term);
    }
    rule->matcher_count++;
    term->matcher_count++;
    return llmobsi_alert_keep_token(parser, &matcher->value) && llmobsi_alert_next(parser);
}

/* What of a metric is meant, by the name's ending. */
llmobsi_fn void llmobsi_alert_find_part(llmobsi_alert_term* term, const char* name, size_t size)
{
    uint8_t part = LLMOBS_I_ALERT_SUM;
    while (part > LLMOBS_I_ALERT_WHOLE &&
           !llmobsi_ends_with(name, size, llmobsi_alert_endings[part])) {
        part--;
    }
    term->part = part;
    term->base_size = (uint16_t)(size - strlen(llmobsi_alert_endings[part]));
}

/* Whether that part can be asked for so. */
llmobsi_fn bool llmobsi_alert_check_part(llmobsi_alert_parser* parser,
                                         const llmobsi_alert_term* term)
{
    bool buckets = term->part == LLMOBS_I_ALERT_BUCKETS;
    llmobsi_alert_place place;
    place.line = term->line;
    place.column = term->column;
    if (term->function == LLMOBS_I_ALERT_QUANTILE) {
        return (buckets && term->le == 0) ||
               llmobsi_alert_refuse_at(parser, place,
                                       "histogram_quantile takes a histogram's buckets, "
                                       "name_bucket, without le");
    }
    if (!buckets) {
        return term->le == 0 ||
               llmobsi_alert_refuse_at(parser, place,
                                       "le is a label of names that end in _bucket alone");
    }
    if (term->le == 0) {
        return llmobsi_alert_refuse_at(parser, place,
                                       "a bucket needs its bound, as in name_bucket{le=\"10\"}; "
                                       "all of them are for histogram_quantile");
    }
    return term->function == LLMOBS_I_ALERT_INCREASE || term->function == LLMOBS_I_ALERT_RATE ||
           llmobsi_alert_refuse_at(parser, place, "a bucket is asked for by increase or rate");
}

/* metric{label="value"}. */
llmobsi_fn bool llmobsi_alert_read_selector(llmobsi_alert_parser* parser, llmobsi_alert_term* term)
{
    if (parser->kind != LLMOBS_I_ALERT_WORD || llmobsi_alert_is_reserved(parser) ||
        llmobsi_alert_is(parser, "sum")) {
        return llmobsi_alert_expected(parser, "a metric's name");
    }
    term->line = parser->place.line;
    term->column = parser->place.column;
    term->matcher = parser->rule->matcher_count;
    llmobsi_alert_find_part(term, parser->token, parser->token_size);
    if (!llmobsi_alert_keep_token(parser, &term->metric) || !llmobsi_alert_next(parser)) {
        return false;
    }
    if (llmobsi_alert_take(parser, "{")) {
        while (!llmobsi_alert_is(parser, "}")) {
            if (!llmobsi_alert_read_matcher(parser, term)) {
                return false;
            }
            if (!llmobsi_alert_take(parser, ",") && !llmobsi_alert_is(parser, "}")) {
                return llmobsi_alert_expected(parser, "\",\" or \"}\"");
            }
        }
        (void)llmobsi_alert_next(parser);
    }
    return !parser->failed && llmobsi_alert_check_part(parser, term);
}

/* [5m], and perhaps `offset 7d`. */
llmobsi_fn bool llmobsi_alert_read_span(llmobsi_alert_parser* parser, llmobsi_alert_term* term)
{
    static const char limits[] = "10s to 7d, a multiple of 10s";
    if (!llmobsi_alert_want(parser, "[") ||
        !llmobsi_alert_read_duration(parser, LLMOBS_I_ALERT_STEP_S, LLMOBS_I_ALERT_SPAN_MOST_S,
                                     LLMOBS_I_ALERT_STEP_S, limits, &term->span_s) ||
        !llmobsi_alert_want(parser, "]")) {
        return false;
    }
    if (llmobsi_alert_take(parser, "offset")) {
        return llmobsi_alert_read_duration(
            parser, 0, LLMOBS_I_ALERT_REACH_MOST_S - term->span_s, LLMOBS_I_ALERT_STEP_S,
            "an offset that is a multiple of 10s, with the range at most 7d1h", &term->offset_s);
    }
    return !parser->failed;
}

/* ---- calls --------------------------------------------------------------------------------- */

/* Whether the token is followed by a parenthesis, so that it names a function. */
llmobsi_fn bool llmobsi_alert_is_call(llmobsi_alert_parser* parser)
{
    llmobsi_alert_skip(parser);
    return parser->at < parser->end && *parser->at == '(';
}

/* (x[5m]). */
llmobsi_fn bool llmobsi_alert_read_call(llmobsi_alert_parser* parser, llmobsi_alert_term* term)
{
    return llmobsi_alert_want(parser, "(") && llmobsi_alert_read_selector(parser, term) &&
           llmobsi_alert_read_span(parser, term) && llmobsi_alert_want(parser, ")");
}

/* A selector, or a call of what takes one. */
llmobsi_fn bool llmobsi_alert_read_plain(llmobsi_alert_parser* parser, llmobsi_alert_term* term)
{
    static const char known[] =
        ": known are increase, rate, avg_over_time, histogram_quantile, sum";
    unsigned function;
    if (parser->kind != LLMOBS_I_ALERT_WORD || llmobsi_alert_is_reserved(parser) ||
        !llmobsi_alert_is_call(parser)) {
        term->function = LLMOBS_I_ALERT_INSTANT;
        return llmobsi_alert_read_selector(parser, term);
    }
    function = llmobsi_alert_which(parser, llmobsi_alert_functions, LLMOBS_I_ALERT_QUANTILE);
    if (function == LLMOBS_I_ALERT_QUANTILE) {
        if (llmobsi_alert_is(parser, "sum") ||
            llmobsi_alert_is(parser, llmobsi_alert_functions[function])) {
            return llmobsi_alert_expected(parser, "a metric, increase, rate or avg_over_time");
        }
        return llmobsi_alert_refuse_token(parser, "unknown function ", known);
    }
    term->function = (uint8_t)function;
    return llmobsi_alert_next(parser) && llmobsi_alert_read_call(parser, term);
}

/* ---- labels to be told apart --------------------------------------------------------------- */

typedef struct llmobsi_alert_by {
    llmobsi_alert_place place;
    uint16_t labels[LLMOBS_ALERT_LABELS_MAX];
    uint8_t count;
    bool le;
} llmobsi_alert_by;

llmobsi_fn bool llmobsi_alert_by_has(const uint16_t* labels, unsigned count, uint16_t label)
{
    unsigned i = 0;
    while (i < count && labels[i] != label) {
        i++;
    }
    return i < count;
}

/* feature, model */
llmobsi_fn bool llmobsi_alert_read_labels(llmobsi_alert_parser* parser, llmobsi_alert_by* by)
{
    by->place = parser->place;
    do {
        uint16_t label = 0;
        if (!llmobsi_alert_is_label(parser)) {
            return llmobsi_alert_expected(parser, "a label's name");
        }
        if (llmobsi_alert_is(parser, "le")) {
            by->le = true;
            continue;
        }
        if (!llmobsi_alert_keep_token(parser, &label)) {
            return false;
        }
        if (llmobsi_alert_by_has(by->labels, by->count, label)) {
            return llmobsi_alert_refuse(parser, "the label stands there twice");
        }
        if (by->count == LLMOBS_ALERT_LABELS_MAX) {
            return llmobsi_alert_refuse(parser, "a rule tells 4 labels apart at most");
        }
        by->labels[by->count++] = label;
    } while (llmobsi_alert_next(parser) && llmobsi_alert_take(parser, ","));
    return !parser->failed;
}

llmobsi_fn bool llmobsi_alert_read_list(llmobsi_alert_parser* parser, llmobsi_alert_by* by)
{
    return llmobsi_alert_want(parser, "(") && llmobsi_alert_read_labels(parser, by) &&
           (llmobsi_alert_is(parser, ")") ? llmobsi_alert_next(parser)
                                          : llmobsi_alert_expected(parser, "\",\" or \")\""));
}

/* The rule's list is the first one; every other must be the same. */
llmobsi_fn bool llmobsi_alert_group(llmobsi_alert_parser* parser, const llmobsi_alert_by* by)
{
    llmobsi_alert_rule* rule = parser->rule;
    bool same = by->count == rule->by_count;
    unsigned i;
    if (!parser->grouped) {
        parser->grouped = true;
        memcpy(rule->by, by->labels, sizeof rule->by);
        rule->by_count = by->count;
        return true;
    }
    for (i = 0; same && i < by->count; i++) {
        same = llmobsi_alert_by_has(rule->by, rule->by_count, by->labels[i]);
    }
    return same || llmobsi_alert_refuse_at(parser, by->place,
                                           "other labels than in a by before: a rule has one list");
}

/* ---- sums and quantiles -------------------------------------------------------------------- */

/* sum(...), sum by (feature) (...) or sum(...) by (feature): of one term. */
llmobsi_fn bool llmobsi_alert_read_sum(llmobsi_alert_parser* parser, llmobsi_alert_term* term)
{
    bool quantile = term->function == LLMOBS_I_ALERT_QUANTILE;
    llmobsi_alert_by by;
    memset(&by, 0, sizeof by);
    by.place = parser->place;
    if (!llmobsi_alert_next(parser) ||
        (llmobsi_alert_take(parser, "by") && !llmobsi_alert_read_list(parser, &by)) ||
        !llmobsi_alert_want(parser, "(")) {
        return false;
    }
    if (quantile ? !llmobsi_alert_want(parser, "rate") || !llmobsi_alert_read_call(parser, term)
                 : !llmobsi_alert_read_plain(parser, term)) {
        return false;
    }
    if (!llmobsi_alert_want(parser, ")") ||
        (by.count == 0 && !by.le && llmobsi_alert_take(parser, "by") &&
         !llmobsi_alert_read_list(parser, &by))) {
        return false;
    }
    if (by.le != quantile) {
        return llmobsi_alert_refuse_at(parser, by.place,
                                       quantile ? "a quantile's sum must be by le"
                                                : "le can't be told apart but for a quantile");
    }
    if (by.count > 0) {
        return llmobsi_alert_group(parser, &by);
    }
    if (!parser->summed) {
        parser->summed = true;
        parser->sum = by.place;
    }
    return !parser->failed;
}

/* (0.95, rate(x_bucket[5m])) */
llmobsi_fn bool llmobsi_alert_read_quantile(llmobsi_alert_parser* parser, llmobsi_alert_term* term)
{
    bool minus;
    term->function = LLMOBS_I_ALERT_QUANTILE;
    if (!llmobsi_alert_next(parser) || !llmobsi_alert_want(parser, "(")) {
        return false;
    }
    minus = llmobsi_alert_take(parser, "-");
    if (parser->kind != LLMOBS_I_ALERT_FIGURE ||
        !llmobsi_alert_number(parser->token, parser->token_size, &term->quantile)) {
        return llmobsi_alert_expected(parser, "the quantile, from 0 to 1");
    }
    if (term->quantile > 1 || (minus && term->quantile > 0)) {
        return llmobsi_alert_refuse(parser, "a quantile is from 0 to 1");
    }
    if (!llmobsi_alert_next(parser) || !llmobsi_alert_want(parser, ",")) {
        return false;
    }
    if (llmobsi_alert_is(parser, "sum")) {
        return llmobsi_alert_read_sum(parser, term) && llmobsi_alert_want(parser, ")");
    }
    return llmobsi_alert_want(parser, "rate") && llmobsi_alert_read_call(parser, term) &&
           llmobsi_alert_want(parser, ")");
}

/* The term that begins at the token, which is a word. */
llmobsi_fn bool llmobsi_alert_read_term(llmobsi_alert_parser* parser)
{
    llmobsi_alert_rule* rule = parser->rule;
    llmobsi_alert_term* term = &rule->terms[rule->term_count];
    bool good;
    if (rule->term_count == LLMOBS_I_ALERT_TERMS) {
        return llmobsi_alert_refuse(parser, "more than 16 metrics in one condition");
    }
    if (llmobsi_alert_is(parser, "sum")) {
        good = llmobsi_alert_read_sum(parser, term);
    } else if (llmobsi_alert_is(parser, llmobsi_alert_functions[LLMOBS_I_ALERT_QUANTILE]) &&
               llmobsi_alert_is_call(parser)) {
        good = llmobsi_alert_read_quantile(parser, term);
    } else {
        good = llmobsi_alert_read_plain(parser, term);
    }
    rule->term_count += good;
    return good;
}
