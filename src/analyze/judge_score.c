/* From a judge's answer to scores. A judge is a model, and what it judges was written by strangers
   who may want it judged well: the answer may be prose, or quote what was judged. So nothing is
   guessed: what is said twice in two ways is unknown, and what is unknown is no score.

   Every byte is looked at a bounded number of times, by loops alone. */

#define LLMOBS_I_JUDGE_NAN UINT64_C(0x7ff8000000000000)
#define LLMOBS_I_JUDGE_HALF UINT64_C(0x3fe0000000000000)

static const char* const llmobsi_judge_names[LLMOBS_JUDGE_CATEGORY_COUNT] = {
#define LLMOBS_I_JUDGE_NAME(name, text, question) text,
    LLMOBS_JUDGE_CATEGORIES(LLMOBS_I_JUDGE_NAME)
#undef LLMOBS_I_JUDGE_NAME
};

LLMOBS_API const char* llmobs_judge_category_name(llmobs_judge_category category)
{
    return (uint32_t)category < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT
               ? llmobsi_judge_names[category]
               : "unknown category";
}

LLMOBS_API llmobs_judge_thresholds llmobs_judge_thresholds_default(void)
{
    llmobs_judge_thresholds thresholds;
    int i;
    memset(&thresholds, 0, sizeof thresholds);
    thresholds.size = sizeof thresholds;
    for (i = 0; i < (int)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
        thresholds.least[i] = llmobsi_double_of(LLMOBS_I_JUDGE_HALF);
    }
    return thresholds;
}

/* ---- what was said ------------------------------------------------------------------------- */

typedef enum llmobsi_judge_reading {
    LLMOBS_I_JUDGE_SILENT, /* there is no number            */
    LLMOBS_I_JUDGE_SCORE,  /* from 0 to 1                   */
    LLMOBS_I_JUDGE_BAD     /* a number, and none of a score */
} llmobsi_judge_reading;

typedef enum llmobsi_judge_standing {
    LLMOBS_I_JUDGE_CLAIM,   /* the judge's own word                                             */
    LLMOBS_I_JUDGE_MENTION, /* in the middle of a text: may be a quotation; it makes no score, but
                               unmakes one that differs                                         */
    LLMOBS_I_JUDGE_STANDINGS
} llmobsi_judge_standing;

typedef struct llmobsi_judge_tally {
    double values[LLMOBS_I_JUDGE_STANDINGS][LLMOBS_JUDGE_CATEGORY_COUNT];
    uint32_t seen[LLMOBS_I_JUDGE_STANDINGS];
    uint32_t spoiled;
} llmobsi_judge_tally;

llmobsi_fn bool llmobsi_judge_same(double a, double b)
{
    return llmobsi_double_bits(a) == llmobsi_double_bits(b);
}

llmobsi_fn void llmobsi_judge_note(llmobsi_judge_tally* tally, llmobsi_judge_standing standing,
                                   uint32_t category, llmobsi_judge_reading reading, double score)
{
    uint32_t bit = LLMOBS_JUDGE_BIT(category);
    double* value = &tally->values[standing][category];
    if (reading == LLMOBS_I_JUDGE_SILENT) {
        return;
    }
    if (reading == LLMOBS_I_JUDGE_BAD ||
        ((tally->seen[standing] & bit) != 0 && !llmobsi_judge_same(*value, score))) {
        tally->spoiled |= bit;
    }
    *value = score;
    tally->seen[standing] |= bit;
}

/* ---- numbers ------------------------------------------------------------------------------- */

/* 0.8, .8, 8, 8e-1: how many bytes; 0: no number begins here. A point at its end is the
   sentence's. */
llmobsi_fn size_t llmobsi_judge_figure(const char* text, size_t size)
{
    bool point = false;
    size_t i = 0, behind;
    while (i < size && (llmobsi_is_digit(text[i]) || (text[i] == '.' && !point && i + 1 < size &&
                                                      llmobsi_is_digit(text[i + 1])))) {
        point = point || text[i] == '.';
        i++;
    }
    if (i > 0 && i < size && (text[i] == 'e' || text[i] == 'E')) {
        behind = i + 1;
        behind += behind < size && (text[behind] == '-' || text[behind] == '+');
        if (behind < size && llmobsi_is_digit(text[behind])) {
            for (i = behind; i < size && llmobsi_is_digit(text[i]); i++) {
            }
        }
    }
    return i;
}

llmobsi_fn size_t llmobsi_judge_blanks(const char* text, size_t size)
{
    size_t i = 0;
    while (i < size && llmobsi_is_blank(text[i])) {
        i++;
    }
    return i;
}

/* Whether a text begins with a word, in any case; not what comes behind it. */
llmobsi_fn bool llmobsi_judge_begins(const char* text, size_t size, const char* word)
{
    size_t i;
    for (i = 0; word[i] != '\0'; i++) {
        if (i == size || (text[i] | 0x20) != (word[i] | 0x20)) {
            return false;
        }
    }
    return true;
}

/* What says that a number is a part of another: "/10", " out of 10", " (of 10)", "%". Its size up
   to that other number, and 0 if there is none of it. */
llmobsi_fn size_t llmobsi_judge_of(const char* text, size_t size)
{
    static const char* const words[] = {"/", "out of ", "of "};
    size_t i = llmobsi_judge_blanks(text, size);
    size_t word;
    i += i < size && text[i] == '(';
    for (word = 0; word < sizeof words / sizeof words[0]; word++) {
        if (llmobsi_judge_begins(text + i, size - i, words[word])) {
            i += strlen(words[word]);
            return i + llmobsi_judge_blanks(text + i, size - i);
        }
    }
    return 0;
}

/* Whether a score may be followed by this: the end, or what begins something else. Not a word
   ("1 on a scale of 10", "0.0 to 1.0"), not a second number ("0.5-0.7"). */
llmobsi_fn bool llmobsi_judge_may_follow(const char* text, size_t size)
{
    static const char dashes[] = "\xe2\x80\x93\xe2\x80\x94"; /* of n and m */
    size_t i = llmobsi_judge_blanks(text, size);
    size_t dash = 0;
    if (i == size) {
        return true;
    }
    if (text[i] == '-' || (text[i] == '.' && i == 0)) {
        dash = 1;
    } else if (size - i >= 3 && (memcmp(text + i, dashes, 3) == 0 ||
                                 memcmp(text + i, dashes + 3, 3) == 0)) {
        dash = 3;
    }
    if (dash > 0) {
        i += dash;
        i += llmobsi_judge_blanks(text + i, size - i);
        return i == size || !(llmobsi_is_digit(text[i]) || text[i] == '.');
    }
    return text[i] != '\0' && strchr("\n\r,;|}])\"'`*(:#", text[i]) != NULL;
}

/* x as a part of y. */
llmobsi_fn llmobsi_judge_reading llmobsi_judge_part(double x, double y, double* score)
{
    if (!llmobsi_double_is_finite(x) || !llmobsi_double_is_finite(y) || y <= 0 || x > y) {
        return LLMOBS_I_JUDGE_BAD;
    }
    *score = x / y;
    return LLMOBS_I_JUDGE_SCORE;
}

/* The score at the beginning of a text, and how many bytes it takes. */
llmobsi_fn llmobsi_judge_reading llmobsi_judge_number(const char* text, size_t size, double* score,
                                                      size_t* taken)
{
    bool negative = size > 0 && text[0] == '-';
    size_t start = negative ? 1 : 0;
    size_t figure = llmobsi_judge_figure(text + start, size - start);
    size_t at = start + figure;
    size_t of;
    double whole = 1;
    *taken = at;
    if (figure == 0) {
        return LLMOBS_I_JUDGE_SILENT;
    }
    if (negative || !llmobsi_alert_number(text + start, figure, score)) {
        return LLMOBS_I_JUDGE_BAD;
    }
    of = llmobsi_judge_of(text + at, size - at);
    if (at < size && text[at] == '%') {
        whole = 100;
        at++;
    } else if (of > 0) {
        at += of;
        figure = llmobsi_judge_figure(text + at, size - at);
        if (!llmobsi_alert_number(text + at, figure, &whole)) {
            return LLMOBS_I_JUDGE_BAD;
        }
        at += figure;
    }
    if (!llmobsi_judge_may_follow(text + at, size - at)) {
        return LLMOBS_I_JUDGE_BAD;
    }
    *taken = at;
    return llmobsi_judge_part(*score, whole, score);
}

/* ---- names --------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_judge_in_word(char byte)
{
    return llmobsi_is_letter(byte) || llmobsi_is_digit(byte) || byte == '_';
}

/* "factual_accuracy", "Factual accuracy", "FACTUAL-ACCURACY", "factual\_accuracy": how many bytes
   of the text are this name; 0: it is another. */
llmobsi_fn size_t llmobsi_judge_spelled(const char* text, size_t size, const char* name)
{
    size_t i = 0;
    for (; *name != '\0'; name++, i++) {
        if (*name == '_' && i + 1 < size && text[i] == '\\') {
            i++;
        }
        if (i >= size) {
            return 0;
        }
        if (*name == '_' ? text[i] != '_' && text[i] != '-' && text[i] != ' '
                         : (text[i] | 0x20) != *name || !llmobsi_is_letter(text[i])) {
            return 0;
        }
    }
    return i < size && llmobsi_judge_in_word(text[i]) ? 0 : i;
}

/* Which category a text begins with; LLMOBS_JUDGE_CATEGORY_COUNT: none. */
llmobsi_fn uint32_t llmobsi_judge_category_at(const char* text, size_t size, size_t* taken)
{
    uint32_t category = 0;
    *taken = 0;
    while (category < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT &&
           (*taken = llmobsi_judge_spelled(text, size, llmobsi_judge_names[category])) == 0) {
        category++;
    }
    return category;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

/* What a member's name means, beyond the categories. */
enum {
    LLMOBS_I_JUDGE_IS_SCORES = LLMOBS_JUDGE_CATEGORY_COUNT, /* an object with the categories */
    LLMOBS_I_JUDGE_IS_SCORE,
    LLMOBS_I_JUDGE_IS_REASON,
    LLMOBS_I_JUDGE_IS_OTHER
};

#define LLMOBS_I_JUDGE_DEPTH 3u /* {"scores": {"pii_exposure": {"score": */

typedef struct llmobsi_judge_reader {
    llmobsi_json_reader json;
    llmobsi_judge_tally* tally;
    llmobs_judge_score* score; /* its reasons are filled                                    */
    uint32_t scopes[LLMOBS_I_JUDGE_DEPTH + 1]; /* by depth: a category, or ..._IS_SCORES   */
    char room[LLMOBS_JUDGE_REASON - 1];
} llmobsi_judge_reader;

llmobsi_fn uint32_t llmobsi_judge_member(const char* name, size_t size)
{
    static const struct {
        const char* name;
        uint32_t meaning;
    } others[] = {
        {"scores", LLMOBS_I_JUDGE_IS_SCORES},   {"categories", LLMOBS_I_JUDGE_IS_SCORES},
        {"score", LLMOBS_I_JUDGE_IS_SCORE},     {"value", LLMOBS_I_JUDGE_IS_SCORE},
        {"reason", LLMOBS_I_JUDGE_IS_REASON},   {"explanation", LLMOBS_I_JUDGE_IS_REASON},
        {"reasoning", LLMOBS_I_JUDGE_IS_REASON}};
    size_t taken, i;
    uint32_t category = llmobsi_judge_category_at(name, size, &taken);
    if (taken == size && size > 0) {
        return category;
    }
    for (i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (size == strlen(others[i].name) && llmobsi_judge_begins(name, size, others[i].name)) {
            return others[i].meaning;
        }
    }
    return LLMOBS_I_JUDGE_IS_OTHER;
}

llmobsi_fn void llmobsi_judge_keep(char out[LLMOBS_JUDGE_REASON], const char* text, size_t size)
{
    size_t kept = llmobsi_utf8_cut(text, size, LLMOBS_JUDGE_REASON - 1);
    memcpy(out, text, kept);
    out[kept] = '\0';
}

/* A member that is no object: `scope` is what it stands in. */
llmobsi_fn void llmobsi_judge_take(llmobsi_judge_reader* reader, llmobsi_json_token token,
                                   uint32_t scope, uint32_t meaning)
{
    const char* text = reader->json.text;
    size_t size = reader->json.text_size;
    bool in_scores = scope == LLMOBS_I_JUDGE_IS_SCORES;
    uint32_t category = in_scores ? meaning : scope;
    llmobsi_judge_reading reading;
    double score = 0;
    size_t blanks;
    if (token == LLMOBS_I_JSON_STRING && meaning == LLMOBS_I_JUDGE_IS_REASON) {
        llmobsi_judge_keep(in_scores ? reader->score->explanation : reader->score->reasons[scope],
                           text, size);
    } else if ((token == LLMOBS_I_JSON_NUMBER || token == LLMOBS_I_JSON_STRING) &&
               (in_scores ? meaning < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT
                          : meaning == LLMOBS_I_JUDGE_IS_SCORE)) {
        blanks = llmobsi_judge_blanks(text, size);
        reading = llmobsi_judge_number(text + blanks, size - blanks, &score, &blanks);
        llmobsi_judge_note(reader->tally, LLMOBS_I_JUDGE_CLAIM, category, reading, score);
    }
}

/* Whether an object is looked into. */
llmobsi_fn bool llmobsi_judge_enters(uint32_t depth, uint32_t scope, uint32_t meaning)
{
    return scope == LLMOBS_I_JUDGE_IS_SCORES &&
           (meaning < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT ||
            (meaning == LLMOBS_I_JUDGE_IS_SCORES && depth == 1));
}

/* An object, behind its first brace, to its end. False: it is none, or broken. */
llmobsi_fn bool llmobsi_judge_read_object(llmobsi_judge_reader* reader)
{
    reader->scopes[1] = LLMOBS_I_JUDGE_IS_SCORES;
    while (reader->json.depth > 0) {
        llmobsi_json_token token = llmobsi_json_read(&reader->json);
        uint32_t depth = reader->json.depth;
        uint32_t meaning, scope;
        if (token == LLMOBS_I_JSON_OBJECT_END) {
            continue;
        }
        if (token != LLMOBS_I_JSON_NAME) {
            return false;
        }
        scope = reader->scopes[depth];
        meaning = llmobsi_judge_member(reader->json.text, reader->json.text_size);
        token = llmobsi_json_read(&reader->json);
        if (token == LLMOBS_I_JSON_OBJECT && llmobsi_judge_enters(depth, scope, meaning)) {
            reader->scopes[depth + 1] = meaning;
            continue;
        }
        llmobsi_judge_take(reader, token, scope, meaning);
        if (!llmobsi_json_pass(&reader->json, token)) {
            return false;
        }
    }
    return true;
}

/* Whether what was refused was meant to be an object: it begins with a name. */
llmobsi_fn bool llmobsi_judge_is_broken(const llmobsi_json_reader* json)
{
    return json->expected != LLMOBS_I_JSON_A_NAME_OR_END || json->depth > 1 ||
           (json->token < json->end && *json->token == '"');
}

/* All objects in a text. Where one is broken, nobody knows what of the rest stands in it: false. */
llmobsi_fn bool llmobsi_judge_read_objects(const char* text, size_t size,
                                           llmobsi_judge_tally* tally, llmobs_judge_score* score)
{
    llmobsi_judge_reader reader;
    const char* end = text + size;
    bool known = true;
    reader.tally = tally;
    reader.score = score;
    while (known && text < end &&
           (text = (const char*)memchr(text, '{', (size_t)(end - text))) != NULL) {
        llmobsi_json_read_begin(&reader.json, text, (size_t)(end - text), reader.room,
                                sizeof reader.room);
        (void)llmobsi_json_read(&reader.json); /* the brace */
        known = llmobsi_judge_read_object(&reader) || !llmobsi_judge_is_broken(&reader.json);
        text = reader.json.at;
    }
    llmobsi_wipe(reader.room, sizeof reader.room); /* judges quote what they judge */
    return known;
}

/* ---- lines --------------------------------------------------------------------------------- */

/* What may stand before a name on its line: "- ", "1. ", "**", "| ", of a table, "{". What begins a
   quotation may not. */
llmobsi_fn bool llmobsi_judge_is_mark(char byte)
{
    return byte != '\0' && strchr(" \t\r-*+#|{.)0123456789\xe2\x80\xa2", byte) != NULL;
}

llmobsi_fn bool llmobsi_judge_is_quote(char byte)
{
    return byte == '"' || byte == '\'' || byte == '`';
}

/* Passes blanks and marks that make a text bold or code. */
llmobsi_fn size_t llmobsi_judge_dressing(const char* text, size_t size)
{
    size_t i = 0;
    while (i < size && (llmobsi_is_blank(text[i]) || text[i] == '*' ||
                        llmobsi_judge_is_quote(text[i]))) {
        i++;
    }
    return i;
}

/* `name: number` at the beginning of a text, the name in quotes or not. Returns its size, 0: it is
   no such thing. */
llmobsi_fn size_t llmobsi_judge_pair(const char* text, size_t size, uint32_t* category,
                                     llmobsi_judge_reading* reading, double* score)
{
    size_t at = llmobsi_judge_is_quote(text[0]) ? 1 : 0;
    size_t taken;
    *category = llmobsi_judge_category_at(text + at, size - at, &taken);
    if (taken == 0) {
        return 0;
    }
    taken += at;
    if (at == 1 && (taken == size || text[taken++] != text[0])) {
        return 0; /* "pii_exposure: 1.0": a quotation */
    }
    at = taken;
    while (at < size && (llmobsi_is_blank(text[at]) || text[at] == '*')) {
        at++;
    }
    if (at == size || (text[at] != ':' && text[at] != '=' && text[at] != '|')) {
        return 0;
    }
    at++;
    at += llmobsi_judge_dressing(text + at, size - at);
    *reading = llmobsi_judge_number(text + at, size - at, score, &taken);
    return *reading == LLMOBS_I_JUDGE_SILENT ? 0 : at + taken;
}

/* Where a line goes on with another pair, behind one; 0: it does not. */
llmobsi_fn size_t llmobsi_judge_next_pair(const char* text, size_t size)
{
    size_t i = llmobsi_judge_dressing(text, size);
    return i < size && (text[i] == ',' || text[i] == ';' || text[i] == '|') ? i + 1 : 0;
}

llmobsi_fn void llmobsi_judge_read_lines(const char* text, size_t size, llmobsi_judge_tally* tally)
{
    bool fresh = true; /* nothing but marks, and pairs, on this line so far */
    bool inside = false; /* a word */
    size_t i = 0;
    while (i < size) {
        llmobsi_judge_reading reading;
        uint32_t category;
        double score = 0;
        size_t taken = 0;
        if (!inside) {
            taken = llmobsi_judge_pair(text + i, size - i, &category, &reading, &score);
        }
        if (taken == 0) {
            inside = llmobsi_judge_in_word(text[i]) && !(fresh && llmobsi_is_digit(text[i]));
            fresh = text[i] == '\n' || (fresh && llmobsi_judge_is_mark(text[i]));
            i++;
            continue;
        }
        llmobsi_judge_note(tally, fresh ? LLMOBS_I_JUDGE_CLAIM : LLMOBS_I_JUDGE_MENTION, category,
                           reading, score);
        i += taken;
        taken = llmobsi_judge_next_pair(text + i, size - i);
        fresh = fresh && taken > 0;
        i += taken;
    }
}

/* ---- what is the judge's own word ---------------------------------------------------------- */

/* The prompt's tags (judge_prompt.c): "<response-0123456789abcdef>". Their size, 0: it is none. */
llmobsi_fn size_t llmobsi_judge_tag(const char* text, size_t size)
{
    static const char* const words[] = {"<context-", "<input-", "<response-"};
    size_t word, i, first;
    for (word = 0; word < sizeof words / sizeof words[0]; word++) {
        if (llmobsi_judge_begins(text, size, words[word])) {
            first = strlen(words[word]);
            for (i = first; i < size && llmobsi_hex_value(text[i]) >= 0; i++) {
            }
            return i - first == 16 && i < size && text[i] == '>' ? i + 1 : 0;
        }
    }
    return 0;
}

/* From behind a tag to behind the one that closes it, which may be nowhere. */
llmobsi_fn const char* llmobsi_judge_closed(const char* tag, size_t tag_size, const char* end)
{
    const char* at = tag + tag_size;
    while (at < end && (at = (const char*)memchr(at, '<', (size_t)(end - at))) != NULL) {
        at++;
        if ((size_t)(end - at) >= tag_size && *at == '/' &&
            memcmp(at + 1, tag + 1, tag_size - 1) == 0) {
            return at + tag_size;
        }
    }
    return end;
}

/* The next stretch of an answer, from `*at` on, that quotes nothing of the prompt's texts; `*at`
   moves behind it. False: there is none. */
llmobsi_fn bool llmobsi_judge_stretch(const char** at, const char* end, llmobs_string* stretch)
{
    const char* look = *at;
    size_t tag = 0;
    if (*at >= end) {
        return false;
    }
    stretch->data = look;
    while (look < end && (look = (const char*)memchr(look, '<', (size_t)(end - look))) != NULL &&
           (tag = llmobsi_judge_tag(look, (size_t)(end - look))) == 0) {
        look++;
    }
    if (look == NULL || look >= end) {
        look = end;
    }
    stretch->size = (size_t)(look - stretch->data);
    *at = look < end ? llmobsi_judge_closed(look, tag, end) : end;
    return true;
}

/* Where the answer begins behind what a model thought before it: "<think>...</think>". Thoughts
   that were cut off are no answer. */
llmobsi_fn const char* llmobsi_judge_thought(const char* at, const char* end)
{
    static const char open[] = "<think>";
    while (at < end && (llmobsi_is_blank(*at) || *at == '\n' || *at == '\r')) {
        at++;
    }
    return llmobsi_judge_begins(at, (size_t)(end - at), open)
               ? llmobsi_judge_closed(at, sizeof open - 1, end)
               : at;
}

/* ---- all of it ----------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_judge_blank(llmobs_judge_score* score)
{
    int i;
    memset(score, 0, sizeof *score);
    score->size = sizeof *score;
    score->overall = llmobsi_double_of(LLMOBS_I_JUDGE_NAN);
    for (i = 0; i < (int)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
        score->scores[i] = score->overall;
    }
}

llmobsi_fn void llmobsi_judge_read(const char* answer, size_t size, llmobsi_judge_tally* tally,
                                   llmobs_judge_score* score)
{
    const char* end = answer + size;
    const char* begin = llmobsi_judge_thought(answer, end);
    const char* at = begin;
    llmobs_string stretch;
    bool whole = true;
    while (whole && llmobsi_judge_stretch(&at, end, &stretch)) {
        whole = llmobsi_judge_read_objects(stretch.data, stretch.size, tally, score);
    }
    if (whole && (tally->seen[LLMOBS_I_JUDGE_CLAIM] | tally->spoiled) != 0) {
        return;
    }
    memset(tally, 0, sizeof *tally);
    llmobsi_judge_blank(score);
    for (at = begin; llmobsi_judge_stretch(&at, end, &stretch);) {
        llmobsi_judge_read_lines(stretch.data, stretch.size, tally);
    }
}

/* A category has this score. */
llmobsi_fn void llmobsi_judge_set(llmobs_judge_score* score, uint32_t category, double value,
                                  double least)
{
    uint32_t bit = LLMOBS_JUDGE_BIT(category);
    if (score->known == 0 || value < score->overall) {
        score->overall = value;
    }
    score->scores[category] = value;
    score->known |= bit;
    score->partial = score->known != LLMOBS_JUDGE_ALL;
    if (value < least) {
        score->flagged_by |= bit;
        score->flagged = true;
    }
}

/* One category's score, from what was read. */
llmobsi_fn void llmobsi_judge_settle(const llmobsi_judge_tally* tally, uint32_t category,
                                     double least, llmobs_judge_score* score)
{
    uint32_t bit = LLMOBS_JUDGE_BIT(category);
    double claim = tally->values[LLMOBS_I_JUDGE_CLAIM][category];
    double mention = tally->values[LLMOBS_I_JUDGE_MENTION][category];
    if ((tally->seen[LLMOBS_I_JUDGE_CLAIM] & bit) == 0) {
        return;
    }
    if ((tally->spoiled & bit) != 0 || ((tally->seen[LLMOBS_I_JUDGE_MENTION] & bit) != 0 &&
                                        !llmobsi_judge_same(claim, mention))) {
        score->disputed |= bit;
        return;
    }
    llmobsi_judge_set(score, category, claim, least);
}

/* The thresholds that are to be used: numbers, all of them. */
llmobsi_fn void llmobsi_judge_bounds(const llmobs_judge_thresholds* given,
                                     llmobs_judge_thresholds* used)
{
    uint32_t i;
    *used = llmobs_judge_thresholds_default();
    if (given != NULL) {
        memcpy(used, given, llmobsi_known_size(given->size, sizeof *used));
    }
    for (i = 0; i < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
        if (llmobsi_double_bits(used->least[i]) << 1 > LLMOBS_I_DOUBLE_INFINITY << 1) {
            used->least[i] = llmobsi_double_of(LLMOBS_I_JUDGE_HALF);
        }
    }
}

LLMOBS_API llmobs_result llmobs_judge_score_of(const double* scores, uint32_t known,
                                               const llmobs_judge_thresholds* thresholds,
                                               llmobs_judge_score* score)
{
    llmobs_judge_thresholds used;
    uint32_t i;
    if (score == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_judge_blank(score);
    llmobsi_judge_bounds(thresholds, &used);
    for (i = 0; scores != NULL && i < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
        if ((known & LLMOBS_JUDGE_BIT(i)) == 0) {
            continue;
        }
        if (llmobsi_double_is_finite(scores[i]) && scores[i] >= 0.0 && scores[i] <= 1.0) {
            llmobsi_judge_set(score, i, scores[i], used.least[i]);
        } else {
            score->disputed |= LLMOBS_JUDGE_BIT(i);
        }
    }
    return score->known != 0 ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT;
}

LLMOBS_API llmobs_result llmobs_judge_parse(const char* answer, size_t size,
                                            const llmobs_judge_thresholds* thresholds,
                                            llmobs_judge_score* score)
{
    llmobs_judge_thresholds used;
    llmobsi_judge_tally tally;
    uint32_t i;
    if (score == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_judge_blank(score);
    if (answer == NULL || size == 0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    size = size != LLMOBS_NUL_TERMINATED ? size : strlen(answer);
    llmobsi_judge_bounds(thresholds, &used);
    memset(&tally, 0, sizeof tally);
    llmobsi_judge_read(answer, size, &tally, score);
    for (i = 0; i < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
        llmobsi_judge_settle(&tally, i, used.least[i], score);
    }
    return score->known != 0 ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT;
}
