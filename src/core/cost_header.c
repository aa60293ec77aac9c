/* Cost, tokens and feature as values of HTTP headers, strictly: what strtod takes is not what a
   bill may rest on. */

/* A value without the blanks around it: HTTP's optional white space. */
llmobsi_fn llmobs_string llmobsi_header_trim(const char* value, size_t size)
{
    llmobs_string text;
    while (size > 0 && llmobsi_is_blank(value[0])) {
        value++;
        size--;
    }
    while (size > 0 && llmobsi_is_blank(value[size - 1])) {
        size--;
    }
    text.data = value;
    text.size = size;
    return text;
}

/* ---- numbers in ---------------------------------------------------------------------------- */

/* A number that is being read. One that is above the most stays there: nothing overflows. */
typedef struct llmobsi_header_number {
    uint64_t number; /* in units of the last decimal that counts */
    uint64_t most;
    unsigned first_cut; /* the first digit behind that, */
    bool more_cut;      /* and whether one of the rest is not 0 */
} llmobsi_header_number;

llmobsi_inline void llmobsi_header_digit(llmobsi_header_number* to, unsigned digit)
{
    if (to->number <= to->most) {
        to->number = to->number * 10 + digit;
    }
}

/* Half to even. */
llmobsi_inline void llmobsi_header_round(llmobsi_header_number* to)
{
    if (to->first_cut > 5 ||
        (to->first_cut == 5 && (to->more_cut || (to->number & 1) != 0))) {
        to->number++;
    }
}

/* Reads a decimal in units of 10^-places; with no places there is no point, either. */
llmobsi_fn llmobs_result llmobsi_header_number_read(const char* value, unsigned places,
                                                    int64_t most, int64_t* out)
{
    llmobsi_header_number to = {0, (uint64_t)most, 0, false};
    size_t size = 0, i, decimals = 0;
    llmobs_string text;
    bool point = false;
    if (value == NULL || out == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    while (size <= LLMOBS_COST_HEADER_DIGITS && value[size] != '\0') {
        size++;
    }
    text = llmobsi_header_trim(value, size);
    for (i = 0; i < text.size; i++) {
        unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';
        if (text.data[i] == '.' && !point && places != 0) {
            point = true;
            continue;
        }
        if (digit > 9) {
            return LLMOBS_ERROR_ARGUMENT;
        }
        decimals += point;
        if (decimals <= places) {
            llmobsi_header_digit(&to, digit);
        } else if (decimals == places + 1) {
            to.first_cut = digit;
        } else {
            to.more_cut |= digit != 0;
        }
    }
    if (size > LLMOBS_COST_HEADER_DIGITS || text.size == (point ? 1 : 0)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    for (; decimals < places; decimals++) {
        llmobsi_header_digit(&to, 0);
    }
    llmobsi_header_round(&to);
    if (to.number > to.most) {
        return LLMOBS_ERROR_LIMIT;
    }
    *out = (int64_t)to.number;
    return LLMOBS_OK;
}

LLMOBS_API llmobs_result llmobs_cost_header_usd(const char* value, int64_t* nano)
{
    return llmobsi_header_number_read(value, 9, LLMOBS_COST_HEADER_USD_MOST, nano);
}

LLMOBS_API llmobs_result llmobs_cost_header_tokens(const char* value, int64_t* tokens)
{
    return llmobsi_header_number_read(value, 0, LLMOBS_COST_HEADER_TOKENS_MOST, tokens);
}

/* ---- values out ---------------------------------------------------------------------------- */

/* Whether a text may be a header's value: visible ASCII, blanks between, and not too long. */
llmobsi_fn bool llmobsi_header_is_feature(const char* data, size_t size)
{
    size_t i;
    if (size == 0 || size >= LLMOBS_COST_HEADER_SIZE || data[0] == ' ' || data[size - 1] == ' ') {
        return false;
    }
    for (i = 0; i < size; i++) {
        if (data[i] < ' ' || data[i] > '~') {
            return false;
        }
    }
    return true;
}

LLMOBS_API size_t llmobs_cost_header_put_usd(int64_t cost_nano, char out[LLMOBS_COST_HEADER_SIZE])
{
    char* end = out;
    if (out == NULL) {
        return 0;
    }
    if (cost_nano >= 0 && cost_nano <= LLMOBS_COST_HEADER_USD_MOST) {
        end = llmobsi_append_nano(out, (uint64_t)cost_nano);
    }
    *end = '\0';
    return (size_t)(end - out);
}

LLMOBS_API size_t llmobs_cost_header_put_tokens(int64_t tokens, char out[LLMOBS_COST_HEADER_SIZE])
{
    char* end = out;
    if (out == NULL) {
        return 0;
    }
    if (tokens >= 0 && tokens <= LLMOBS_COST_HEADER_TOKENS_MOST) {
        end = llmobsi_append_u64(out, (uint64_t)tokens);
    }
    *end = '\0';
    return (size_t)(end - out);
}

LLMOBS_API size_t llmobs_cost_header_put_feature(const char* feature,
                                                 char out[LLMOBS_COST_HEADER_SIZE])
{
    size_t size = feature != NULL ? strlen(feature) : 0;
    if (out == NULL) {
        return 0;
    }
    if (!llmobsi_header_is_feature(feature, size)) {
        size = 0;
    } else {
        memcpy(out, feature, size);
    }
    out[size] = '\0';
    return size;
}

llmobsi_fn void llmobsi_put_header(llmobsi_writer* writer, const char* name, const char* value,
                                   size_t size)
{
    if (size != 0) {
        llmobsi_put(writer, name, strlen(name));
        llmobsi_put_text(writer, ": ");
        llmobsi_put(writer, value, size);
        llmobsi_put_text(writer, "\r\n");
    }
}

LLMOBS_API size_t llmobs_cost_headers_write(int64_t cost_nano, int64_t tokens, const char* feature,
                                            char* out, size_t capacity)
{
    char value[LLMOBS_COST_HEADER_SIZE];
    llmobsi_writer writer;
    size_t size;
    if (out == NULL || capacity == 0) {
        return 0;
    }
    llmobsi_writer_init(&writer, out, capacity - 1, NULL, NULL);
    size = llmobs_cost_header_put_usd(cost_nano, value);
    llmobsi_put_header(&writer, LLMOBS_HEADER_COST_USD, value, size);
    size = llmobs_cost_header_put_tokens(tokens, value);
    llmobsi_put_header(&writer, LLMOBS_HEADER_TOKENS_TOTAL, value, size);
    size = llmobs_cost_header_put_feature(feature, value);
    llmobsi_put_header(&writer, LLMOBS_HEADER_FEATURE, value, size);
    out[writer.length] = '\0';
    return writer.length;
}
