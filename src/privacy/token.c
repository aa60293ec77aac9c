/* Recognisers of secrets in URLs and assignments, of JSON web tokens and PEM keys. */

#define LLMOBS_I_URL_PASSWORD 128u

/* ---- URLs ---------------------------------------------------------------------------------- */

/* "://user:password@host", at the ':'. */
llmobsi_fn bool llmobsi_url_read(llmobsi_view* view, size_t colon, llmobsi_match* match)
{
    size_t user = colon + 3, size, password, end = 0, stars = 0, i;
    uint8_t before = llmobsi_back(view, colon, 1);
    if (!llmobsi_has_text(view, colon, "://") ||
        (colon != view->floor && !llmobsi_is(before, LLMOBS_I_ALNUM))) {
        return false;
    }
    size = llmobsi_run(view, user, LLMOBS_I_USER, LLMOBS_I_URL_USER);
    password = user + size + 1;
    if (llmobsi_at(view, user + size) != ':') {
        return false;
    }
    size = llmobsi_run(view, password, LLMOBS_I_USER | LLMOBS_I_VALUE, LLMOBS_I_URL_PASSWORD);
    for (i = 0; i < size; i++) {
        uint8_t byte = llmobsi_at(view, password + i);
        if (byte == '/' || byte == '?' || byte == '#') {
            break;
        }
        stars += end == 0 && byte == '*' ? 1u : 0u;
        /* The last '@' that a host follows ends it. */
        if (byte == '@' && i > 0 && llmobsi_is(llmobsi_at(view, password + i + 1),
                                               LLMOBS_I_ALNUM)) {
            stars = end == 0 && stars == i ? 5 : stars;
            end = i;
        }
    }
    if (end == 0 || stars >= 5 || (end == 8 && llmobsi_has_text(view, password, "password"))) {
        return false; /* none, or what a redactor left of one, or a placeholder */
    }
    return llmobsi_match_set(match, LLMOBS_PII_URL_PASSWORD, password, password + end, "url");
}

/* ---- assignments --------------------------------------------------------------------------- */

#define LLMOBS_I_VALUE_LEAST 10u

/* Whether text in small letters stands before a place, in any. */
llmobsi_fn bool llmobsi_had_word(const llmobsi_view* view, size_t place, const char* word,
                                 size_t size)
{
    size_t i;
    for (i = 1; i <= size; i++) {
        uint8_t byte = llmobsi_small(llmobsi_back(view, place, i));
        if (byte != (uint8_t)word[size - i] && !(word[size - i] == '_' && byte == '-')) {
            return false;
        }
    }
    return true;
}

typedef struct llmobsi_value_word {
    const char* text;
    uint8_t size;
} llmobsi_value_word;

/* What a secret is called, by how the name ends. */
static const llmobsi_value_word llmobsi_value_words[] = {
    {"password", 8}, {"passwd", 6},  {"pwd", 3},         {"secret", 6},      {"token", 5},
    {"api_key", 7},  {"apikey", 6},  {"secret_key", 10}, {"access_key", 10}, {"private_key", 11},
    {"auth_key", 8}, {"passphrase", 10},
};

llmobsi_fn bool llmobsi_had_value_word(const llmobsi_view* view, size_t place)
{
    uint8_t last = llmobsi_small(llmobsi_back(view, place, 1));
    size_t i;
    for (i = 0; i < sizeof(llmobsi_value_words) / sizeof(llmobsi_value_words[0]); i++) {
        const llmobsi_value_word* word = &llmobsi_value_words[i];
        if ((uint8_t)word->text[word->size - 1] == last &&
            llmobsi_had_word(view, place, word->text, word->size)) {
            return true;
        }
    }
    return false;
}

/* What people write where a secret would stand. */
llmobsi_fn bool llmobsi_is_placeholder(const uint8_t* text, size_t size)
{
    static const char words[][8] = {"example", "sample", "xxxxxx", "aaaaaa",
                                    "abcde",   "00000",  "*****",  "your_"};
    size_t i, k, n;
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t length = strlen(words[i]);
        for (k = 0; k + length <= size; k++) {
            for (n = 0; n < length && llmobsi_small(text[k + n]) == (uint8_t)words[i][n]; n++) {
            }
            if (n == length) {
                return true;
            }
        }
    }
    return false;
}

/* Whether what stands there could be a secret: it has a digit and enough entropy, and is none that
   people write instead. Judged by its beginning, so that what follows can't change the verdict. */
llmobsi_fn bool llmobsi_is_secret(llmobsi_view* view, size_t start, size_t size)
{
    size_t i = 0, most = size < LLMOBS_I_ENTROPY_MOST ? size : LLMOBS_I_ENTROPY_MOST, reached;
    if (size < LLMOBS_I_VALUE_LEAST) {
        return false;
    }
    while (i < most && !llmobsi_is(llmobsi_at(view, start + i), LLMOBS_I_DIGIT)) {
        i++;
    }
    if (i++ == most) {
        return false;
    }
    reached = llmobsi_entropy_reached(view->bytes + start, most,
                                      i > LLMOBS_I_VALUE_LEAST ? i : LLMOBS_I_VALUE_LEAST,
                                      llmobsi_bits(3, 5));
    return reached != 0 && !llmobsi_is_placeholder(view->bytes + start, reached);
}

llmobsi_inline bool llmobsi_is_quote(uint8_t byte)
{
    return byte == '"' || byte == '\'' || byte == '`';
}

/* Over what may stand between name and value: blanks, quotation marks, their escapes, one more of
   ":=>". */
llmobsi_inline size_t llmobsi_value_gap(llmobsi_view* view, size_t place)
{
    size_t i;
    for (i = 0; i < 6; i++) {
        uint8_t byte = llmobsi_at(view, place + i);
        if (byte != ' ' && byte != '\t' && !llmobsi_is_quote(byte) && byte != '\\' &&
            byte != ':' && byte != '=' && byte != '>') {
            break;
        }
    }
    return place + i;
}

/* What follows "Bearer " or "Basic ". */
llmobsi_fn size_t llmobsi_value_scheme(llmobsi_view* view, size_t start)
{
    size_t size = llmobsi_run(view, start, LLMOBS_I_ALPHA, 7);
    bool is_there = (size == 6 || size == 5) && llmobsi_at(view, start + size) == ' ';
    return is_there ? start + size + 1 : start;
}

#define LLMOBS_I_QUOTED_MOST 256u

/* Where what stands in quotation marks ends, before the closing one and the backslashes that belong
   to it. 0: it does not, in one line, or the string that it lies in ends, or a redactor has been
   there. The opening one may be that of a string within a string: \", or \\\". Before `start`
   blanks don't matter. */
llmobsi_fn size_t llmobsi_quoted_end(llmobsi_view* view, size_t open, size_t start,
                                     bool has_blanks)
{
    uint8_t quote = llmobsi_at(view, open);
    size_t level = llmobsi_run_of(view, open, '\\'), slashes = 0, i;
    if (level != 0 && level != 1 && level != 3) {
        return 0;
    }
    for (i = open + 1; i <= open + LLMOBS_I_QUOTED_MOST; i++) {
        uint8_t byte = llmobsi_at(view, i);
        size_t rest = slashes % (2 * level + 2); /* of escaped backslashes */
        if (byte == quote && rest == level) {
            return i - level;
        }
        if ((byte == quote || byte == '"') && rest != 2 * level + 1) {
            return 0;
        }
        if (byte < 0x20 || (byte == ' ' && !has_blanks && i >= start) ||
            ((byte == '<' || byte == '*') && llmobsi_covered_size(view, i) != 0)) {
            return 0;
        }
        slashes = byte == '\\' ? slashes + 1 : 0;
    }
    return 0;
}

/* In quotation marks between `gap` and `start`, where the value begins otherwise. Blanks may stand
   in a password; in a token, or a key, what has some is a sentence. */
llmobsi_fn bool llmobsi_quoted_read(llmobsi_view* view, size_t name, size_t gap, size_t start,
                                    llmobsi_match* match)
{
    uint8_t last = llmobsi_small(llmobsi_back(view, name, 1));
    size_t open = start, end, content;
    while (open > gap && !llmobsi_is_quote(llmobsi_at(view, open - 1))) {
        open--;
    }
    if (open-- == gap || (open > gap && llmobsi_is_quote(llmobsi_at(view, open - 1)))) {
        return false; /* none, or nothing in it */
    }
    content = open + 1 + (llmobsi_at(view, open + 1) == ' ' ? 1u : 0u);
    if (llmobsi_had_word(view, name, "authorization", 13)) {
        content = llmobsi_value_scheme(view, content);
    }
    end = llmobsi_quoted_end(view, open, content, last != 'n' && last != 'y');
    return end > content && llmobsi_is_secret(view, content, end - content) &&
           llmobsi_match_set(match, LLMOBS_PII_PASSWORD, content, end, "assignment");
}

/* The value behind the ':' or '=' at a place, if the name before it is one of a secret's. */
llmobsi_fn bool llmobsi_value_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    size_t name = place, start, size, i;
    bool is_header;
    for (i = 0; i < 5; i++) {
        uint8_t byte = llmobsi_back(view, name, 1);
        if (byte != ' ' && !llmobsi_is_quote(byte) && byte != '\\' && byte != ']' &&
            byte != ':') {
            break;
        }
        name--;
    }
    is_header = llmobsi_had_word(view, name, "authorization", 13);
    if (!is_header && !llmobsi_had_value_word(view, name)) {
        return false;
    }
    start = llmobsi_value_gap(view, place + 1);
    if (llmobsi_quoted_read(view, name, place + 1, start, match)) {
        return true;
    }
    if (llmobsi_is_escaped(view, start)) { /* a line's end, say: "token:\\n..." */
        start += llmobsi_at(view, start) != 'u' ? 1u : 5u;
    }
    if (is_header) {
        start = llmobsi_value_scheme(view, start);
    }
    size = llmobsi_run(view, start, LLMOBS_I_VALUE, LLMOBS_I_ENTROPY_MOST);
    for (i = 0; i < size && !llmobsi_has_text(view, start + i, "*****"); i++) {
    }
    if (!llmobsi_is_secret(view, start, i)) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_PASSWORD, start, start + i, "assignment");
    match->tail = i == LLMOBS_I_ENTROPY_MOST ? LLMOBS_I_TAIL_VALUE : LLMOBS_I_TAIL_NONE;
    return true;
}

/* ---- tokens and keys ----------------------------------------------------------------------- */

#define LLMOBS_I_JWT_HEADER 320u
#define LLMOBS_I_JWT_LEAST 19u

/* A header in base64url that begins with {", a dot, a payload that does, too; and on to the end. */
llmobsi_fn bool llmobsi_jwt_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    size_t size, payload;
    if (!llmobsi_begins(view, start) || !llmobsi_has_text(view, start, "ey")) {
        return false;
    }
    size = llmobsi_run(view, start, LLMOBS_I_TOKEN, LLMOBS_I_JWT_HEADER);
    payload = start + size + 1;
    if (size < LLMOBS_I_JWT_LEAST || llmobsi_at(view, start + size) != '.' ||
        !llmobsi_has_text(view, payload, "ey")) {
        return false;
    }
    size = llmobsi_run(view, payload, LLMOBS_I_TOKEN, LLMOBS_I_JWT_LEAST);
    if (size < LLMOBS_I_JWT_LEAST) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_JWT, start, payload + size, "jwt");
    match->tail = LLMOBS_I_TAIL_DOTTED;
    return true;
}

/* "-----BEGIN ... PRIVATE KEY-----", with the last of the five hyphens at a place. */
llmobsi_fn bool llmobsi_pem_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    size_t size, end = place + 7;
    if (!llmobsi_had(view, place + 1, "-----", 5) || !llmobsi_has_text(view, place + 1, "BEGIN ")) {
        return false;
    }
    for (size = 0; size < 64; size++) {
        uint8_t byte = llmobsi_at(view, end + size);
        if (!llmobsi_is(byte, LLMOBS_I_UPPER | LLMOBS_I_DIGIT) && byte != ' ') {
            break;
        }
    }
    end += size;
    if (!llmobsi_has_text(view, end, "-----") ||
        !((size >= 11 && llmobsi_has_text(view, end - 11, "PRIVATE KEY")) ||
          (size >= 17 && llmobsi_has_text(view, end - 17, "PRIVATE KEY BLOCK")))) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_PRIVATE_KEY, place - 4, end + 5, "pem");
    match->tail = LLMOBS_I_TAIL_PEM;
    return true;
}
