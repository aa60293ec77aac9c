/* The text of rules, token by token, and what is said of a text that is no rule. The text may be of
   any size and hold any bytes; it is looked at once. */

#define LLMOBS_I_ALERT_FIGURE_MOST 64u /* bytes of a number or a duration */
#define LLMOBS_I_ALERT_SHOWN 28u       /* bytes of a token that an error shows */

typedef enum llmobsi_alert_token {
    LLMOBS_I_ALERT_END,
    LLMOBS_I_ALERT_WORD,   /* letters, digits, '_' and ':' */
    LLMOBS_I_ALERT_HEAD,   /* a word whose last byte is ':': a rule begins */
    LLMOBS_I_ALERT_FIGURE, /* what begins with a digit: a number or a duration */
    LLMOBS_I_ALERT_STRING, /* with its quotes and escapes, which are right */
    LLMOBS_I_ALERT_SIGN,   /* an operator, or what parts things */
    LLMOBS_I_ALERT_STRANGE /* a byte that nothing begins with */
} llmobsi_alert_token;

typedef struct llmobsi_alert_place {
    uint32_t line;
    uint32_t column;
} llmobsi_alert_place;

/* What is known of a node beforehand. */
typedef struct llmobsi_alert_known {
    double value; /* of a constant */
    bool constant;
    bool never_negative;
} llmobsi_alert_known;

typedef struct llmobsi_alert_parser {
    /* The token, and where it stands. */
    llmobsi_alert_token kind;
    const char* token;
    size_t token_size;
    llmobsi_alert_place place;
    /* Behind it. */
    const char* at;
    const char* end;
    const char* line_start;
    uint32_t line;
    /* What is being read. */
    llmobsi_alert_rule* rule;
    llmobs_alert_error* error;
    bool failed;
    uint32_t depth;
    bool grouped; /* a by-list was there: the rule's `by` is told */
    bool summed;  /* a sum without one was there, */
    llmobsi_alert_place sum;
    llmobsi_alert_known known[LLMOBS_I_ALERT_NODES];
} llmobsi_alert_parser;

/* ---- errors -------------------------------------------------------------------------------- */

/* Adds to the reason what of the text finds room. */
llmobsi_cold void llmobsi_alert_say(llmobs_alert_error* error, const char* text, size_t size)
{
    size_t used = strlen(error->reason);
    size_t fits = llmobsi_utf8_cut(text, size, sizeof error->reason - 1 - used);
    memcpy(error->reason + used, text, fits);
    error->reason[used + fits] = '\0';
}

llmobsi_cold void llmobsi_alert_say_text(llmobs_alert_error* error, const char* text)
{
    llmobsi_alert_say(error, text, strlen(text));
}

/* Of a token that is ASCII. */
llmobsi_cold void llmobsi_alert_say_quoted(llmobs_alert_error* error, const char* text, size_t size)
{
    llmobsi_alert_say_text(error, "\"");
    llmobsi_alert_say(error, text, size < LLMOBS_I_ALERT_SHOWN ? size : LLMOBS_I_ALERT_SHOWN);
    llmobsi_alert_say_text(error, size > LLMOBS_I_ALERT_SHOWN ? "...\"" : "\"");
}

/* Refuses the text at a place, unless it is refused already. Returns false. */
llmobsi_cold bool llmobsi_alert_refuse_at(llmobsi_alert_parser* parser, llmobsi_alert_place place,
                                          const char* reason)
{
    if (parser->failed) {
        return false;
    }
    parser->failed = true;
    parser->kind = LLMOBS_I_ALERT_END;
    parser->error->line = place.line;
    parser->error->column = place.column;
    parser->error->reason[0] = '\0';
    llmobsi_alert_say_text(parser->error, reason);
    return false;
}

/* The same at the token. */
llmobsi_cold bool llmobsi_alert_refuse(llmobsi_alert_parser* parser, const char* reason)
{
    return llmobsi_alert_refuse_at(parser, parser->place, reason);
}

/* `reason "token": more`, at the token. */
llmobsi_cold bool llmobsi_alert_refuse_token(llmobsi_alert_parser* parser, const char* reason,
                                             const char* more)
{
    if (!parser->failed) {
        (void)llmobsi_alert_refuse(parser, reason);
        llmobsi_alert_say_quoted(parser->error, parser->token, parser->token_size);
        llmobsi_alert_say_text(parser->error, more);
    }
    return false;
}

llmobsi_cold void llmobsi_alert_say_byte(llmobs_alert_error* error, uint8_t byte)
{
    char text[] = "the byte 0x00";
    text[11] = "0123456789abcdef"[byte >> 4];
    text[12] = "0123456789abcdef"[byte & 15];
    llmobsi_alert_say_text(error, text);
}

/* "expected ..., found ...". */
llmobsi_cold bool llmobsi_alert_expected(llmobsi_alert_parser* parser, const char* what)
{
    llmobsi_alert_token kind = parser->kind;
    llmobs_alert_error* error = parser->error;
    if (parser->failed) {
        return false;
    }
    (void)llmobsi_alert_refuse(parser, "expected ");
    llmobsi_alert_say_text(error, what);
    llmobsi_alert_say_text(error, ", found ");
    if (kind == LLMOBS_I_ALERT_END) {
        llmobsi_alert_say_text(error, "the end");
    } else if (kind == LLMOBS_I_ALERT_STRING) {
        llmobsi_alert_say_text(error, "a text in quotes");
    } else if (kind == LLMOBS_I_ALERT_STRANGE && (*parser->token <= ' ' || *parser->token > '~')) {
        llmobsi_alert_say_byte(error, (uint8_t)*parser->token);
    } else {
        llmobsi_alert_say_quoted(error, parser->token, parser->token_size);
    }
    return false;
}

/* ---- tokens -------------------------------------------------------------------------------- */

llmobsi_inline bool llmobsi_alert_in_word(char byte)
{
    return llmobsi_is_letter(byte) || llmobsi_is_digit(byte) || byte == '_' || byte == ':';
}

/* Blanks, line ends, comments. */
llmobsi_fn void llmobsi_alert_skip(llmobsi_alert_parser* parser)
{
    const char* at = parser->at;
    for (; at < parser->end; at++) {
        if (*at == '#') {
            const char* found = (const char*)memchr(at, '\n', (size_t)(parser->end - at));
            at = found != NULL ? found : parser->end;
        }
        if (at == parser->end || (!llmobsi_is_blank(*at) && *at != '\n' && *at != '\r')) {
            break;
        }
        if (*at == '\n') {
            parser->line++;
            parser->line_start = at + 1;
        }
    }
    parser->at = at;
}

/* Here, or behind. */
llmobsi_fn llmobsi_alert_place llmobsi_alert_place_of(const llmobsi_alert_parser* parser,
                                                      const char* at)
{
    size_t column = (size_t)(at - parser->line_start) + 1;
    llmobsi_alert_place place;
    place.line = parser->line;
    place.column = column < UINT32_MAX ? (uint32_t)column : UINT32_MAX;
    return place;
}

/* 0.5, 1e-3, 1h30m: letters and digits, and the sign of an exponent. */
llmobsi_fn const char* llmobsi_alert_pass_figure(const char* at, const char* end)
{
    bool plain = true; /* digits and points so far */
    for (; at < end && (llmobsi_alert_in_word(*at) || *at == '.') && *at != ':'; at++) {
        if (plain && (*at == 'e' || *at == 'E') && end - at > 2 && (at[1] == '+' || at[1] == '-') &&
            llmobsi_is_digit(at[2])) {
            at++;
        }
        plain = plain && (llmobsi_is_digit(*at) || *at == '.');
    }
    return at;
}

/* To behind the closing quote. Valid UTF-8 that harms no reader, on one line. */
llmobsi_fn bool llmobsi_alert_read_string(llmobsi_alert_parser* parser)
{
    const char* at = parser->token + 1;
    const char* wrong = "a text in quotes has no end";
    while (at < parser->end && *at != '\n') {
        const char* kept = at;
        bool valid;
        size_t segment = llmobsi_utf8_segment(at, (size_t)(parser->end - at), &valid);
        (void)llmobsi_safe_segment(&kept, segment, valid);
        if (kept != at) {
            wrong = valid ? "a text must have no control characters" : "a text must be valid UTF-8";
            break;
        }
        if (*at == '\\') {
            if (parser->end - at < 2 || strchr("\"\\n", at[1]) == NULL || at[1] == '\0') {
                wrong = "a backslash in a text must be followed by \", \\ or n";
                break;
            }
            segment = 2;
        }
        at += segment;
        if (at[-1] == '"' && segment == 1) {
            parser->at = at;
            return true;
        }
    }
    return llmobsi_alert_refuse_at(parser, llmobsi_alert_place_of(parser, at), wrong);
}

/* The size of an operator or the like; 0: it is none. */
llmobsi_fn size_t llmobsi_alert_sign_size(const char* at, const char* end)
{
    if (end - at >= 2 && ((at[1] == '=' && strchr("=!<>", at[0]) != NULL) ||
                          (at[1] == '~' && strchr("=!", at[0]) != NULL))) {
        return at[0] != '\0' ? 2 : 0;
    }
    return *at != '\0' && strchr("(){}[],=<>+-*/", *at) != NULL ? 1 : 0;
}

/* On to the next token. False: what follows is none. */
llmobsi_fn bool llmobsi_alert_next(llmobsi_alert_parser* parser)
{
    const char* end = parser->end;
    const char* at;
    size_t sign;
    llmobsi_alert_skip(parser);
    at = parser->token = parser->at;
    parser->place = llmobsi_alert_place_of(parser, at);
    if (at == end) {
        parser->kind = LLMOBS_I_ALERT_END;
    } else if (*at == '"') {
        parser->kind = LLMOBS_I_ALERT_STRING;
        if (!llmobsi_alert_read_string(parser)) {
            return false;
        }
        at = parser->at;
    } else if (llmobsi_is_digit(*at) || (*at == '.' && end - at > 1 && llmobsi_is_digit(at[1]))) {
        parser->kind = LLMOBS_I_ALERT_FIGURE;
        at = llmobsi_alert_pass_figure(at, end);
    } else if (llmobsi_alert_in_word(*at)) {
        while (at < end && llmobsi_alert_in_word(*at)) {
            at++;
        }
        parser->kind = at[-1] == ':' ? LLMOBS_I_ALERT_HEAD : LLMOBS_I_ALERT_WORD;
    } else {
        sign = llmobsi_alert_sign_size(at, end);
        parser->kind = sign > 0 ? LLMOBS_I_ALERT_SIGN : LLMOBS_I_ALERT_STRANGE;
        at += sign > 0 ? sign : 1;
    }
    parser->at = at;
    parser->token_size = (size_t)(at - parser->token);
    return true;
}

/* Sets out at the text's first token. */
llmobsi_fn bool llmobsi_alert_begin(llmobsi_alert_parser* parser, const char* text, size_t size,
                                    llmobs_alert_error* error)
{
    memset(parser, 0, sizeof *parser);
    parser->at = parser->line_start = text;
    parser->end = size > 0 ? text + size : text; /* NULL is a text, too */
    parser->line = 1;
    parser->error = error;
    return llmobsi_alert_next(parser);
}

/* Whether the token is this word or sign. */
llmobsi_fn bool llmobsi_alert_is(const llmobsi_alert_parser* parser, const char* text)
{
    return (parser->kind == LLMOBS_I_ALERT_WORD || parser->kind == LLMOBS_I_ALERT_SIGN) &&
           strlen(text) == parser->token_size &&
           memcmp(text, parser->token, parser->token_size) == 0;
}

/* Passes it where it is. */
llmobsi_fn bool llmobsi_alert_take(llmobsi_alert_parser* parser, const char* text)
{
    return llmobsi_alert_is(parser, text) && llmobsi_alert_next(parser);
}

/* Passes it, or refuses what stands there. */
llmobsi_fn bool llmobsi_alert_want(llmobsi_alert_parser* parser, const char* text)
{
    char what[8] = "\"";
    if (llmobsi_alert_is(parser, text)) {
        return llmobsi_alert_next(parser);
    }
    memcpy(what + 1, text, strlen(text));
    what[1 + strlen(text)] = '"';
    return llmobsi_alert_expected(parser, what);
}

/* The number of the token among some words; `count`: it is none of them. */
llmobsi_fn unsigned llmobsi_alert_which(const llmobsi_alert_parser* parser,
                                        const char* const* words, unsigned count)
{
    unsigned i = 0;
    while (i < count && !llmobsi_alert_is(parser, words[i])) {
        i++;
    }
    return i;
}

/* ---- the rule's own text ------------------------------------------------------------------- */

/* Keeps a text, once, and tells where; `escaped`: it is a token's inside. */
llmobsi_fn bool llmobsi_alert_keep(llmobsi_alert_parser* parser, const char* text, size_t size,
                                   bool escaped, uint16_t* place)
{
    llmobsi_alert_rule* rule = parser->rule;
    size_t end = rule->text_used, i, kept;
    for (i = 0; i < size && end < LLMOBS_I_ALERT_TEXT; i++) {
        if (escaped && text[i] == '\\') {
            i++;
            rule->text[end++] = text[i] == 'n' ? '\n' : text[i];
        } else {
            rule->text[end++] = text[i];
        }
    }
    if (end == LLMOBS_I_ALERT_TEXT) {
        memset(rule->text + rule->text_used, 0, end - rule->text_used);
        return llmobsi_alert_refuse(parser,
                                    "the rule's names and texts are longer than 1000 bytes");
    }
    rule->text[end] = '\0';
    for (kept = 0; kept < rule->text_used; kept += strlen(rule->text + kept) + 1) {
        if (strcmp(rule->text + kept, rule->text + rule->text_used) == 0) {
            memset(rule->text + rule->text_used, 0, end - rule->text_used);
            *place = (uint16_t)kept;
            return true;
        }
    }
    *place = rule->text_used;
    rule->text_used = (uint16_t)(end + 1);
    return true;
}

/* Keeps the token. */
llmobsi_fn bool llmobsi_alert_keep_token(llmobsi_alert_parser* parser, uint16_t* place)
{
    if (parser->kind == LLMOBS_I_ALERT_STRING) {
        return llmobsi_alert_keep(parser, parser->token + 1, parser->token_size - 2, true, place);
    }
    return llmobsi_alert_keep(parser, parser->token, parser->token_size, false, place);
}

/* A letter or '_', then letters, digits and '_': a rule, a group, a label. */
llmobsi_fn bool llmobsi_alert_is_name(const char* text, size_t size, size_t most)
{
    size_t i;
    for (i = 0; i < size; i++) {
        if (!llmobsi_alert_in_word(text[i]) || text[i] == ':') {
            return false;
        }
    }
    return size > 0 && size <= most && !llmobsi_is_digit(text[0]);
}
