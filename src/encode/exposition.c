/* What a scraper asks for: the Accept header, by the rules of RFC 9110. */

/* One media range of it: `text/plain;version=0.0.4;q=0.5`. */
typedef struct llmobsi_media {
    llmobs_string type;
    llmobs_string subtype;
    llmobs_string version;
    bool versioned;
    uint32_t quality; /* thousandths */
} llmobsi_media;

/* How well a format is asked for. The most specific range that names it counts, of several such
   ones the best. */
typedef struct llmobsi_wish {
    uint32_t precision; /* 0: not named; any type, any text, the type, the version */
    uint32_t quality;
    uint32_t place; /* of the range in the header */
} llmobsi_wish;

llmobsi_fn bool llmobsi_is_token_byte(char byte)
{
    return llmobsi_is_letter(byte) || llmobsi_is_digit(byte) ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

llmobsi_fn llmobs_string llmobsi_token_read(const char** at)
{
    llmobs_string token;
    token.data = *at;
    while (llmobsi_is_token_byte(**at)) {
        ++*at;
    }
    token.size = (size_t)(*at - token.data);
    return token;
}

/* A token, or what stands between quotes, with its backslashes. False: neither. */
llmobsi_fn bool llmobsi_parameter_read(const char** at, llmobs_string* value)
{
    if (**at != '"') {
        *value = llmobsi_token_read(at);
        return value->size > 0;
    }
    value->data = ++*at;
    for (; **at != '"'; ++*at) {
        *at += **at == '\\';
        if (**at == '\0') {
            return false;
        }
    }
    value->size = (size_t)((*at)++ - value->data);
    return true;
}

/* Whether a token or the inside of quotes says this, in small or large letters. */
llmobsi_fn bool llmobsi_token_is(llmobs_string token, const char* text)
{
    size_t i;
    for (i = 0; i < token.size; i++) {
        char byte = token.data[i];
        if (byte == '\\') { /* never the last one */
            byte = token.data[++i];
        }
        byte = byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
        if (byte != *text || byte == '\0') {
            return false;
        }
        text++;
    }
    return *text == '\0';
}

/* 0 to 1 with up to three decimals, as thousandths. */
llmobsi_fn bool llmobsi_quality_read(llmobs_string text, uint32_t* quality)
{
    uint32_t unit = 1000;
    size_t i;
    *quality = 0;
    if (text.size > 5 || (text.size > 1 && text.data[1] != '.')) {
        return false;
    }
    for (i = 0; i < text.size; i += i == 0 ? 2 : 1, unit /= 10) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        *quality += unit * (uint32_t)(text.data[i] - '0');
    }
    return text.size > 0 && *quality <= 1000;
}

llmobsi_fn void llmobsi_blanks_skip(const char** at)
{
    while (**at == ' ' || **at == '\t') {
        ++*at;
    }
}

/* The parameters of a range; what they are besides version and quality does not matter here. */
llmobsi_fn bool llmobsi_parameters_parse(const char** at, llmobsi_media* media)
{
    for (;;) {
        llmobs_string name, value;
        llmobsi_blanks_skip(at);
        if (**at != ';') {
            return true;
        }
        ++*at;
        llmobsi_blanks_skip(at);
        name = llmobsi_token_read(at);
        if (**at != '=') { /* none, or one without a value */
            continue;
        }
        ++*at;
        if (name.size == 0 || !llmobsi_parameter_read(at, &value)) {
            return false;
        }
        if (llmobsi_token_is(name, "q") && !llmobsi_quality_read(value, &media->quality)) {
            return false;
        }
        if (llmobsi_token_is(name, "version")) {
            media->version = value;
            media->versioned = true;
        }
    }
}

/* Reads one range and goes on to the comma behind it, or the end. False: it is malformed. */
llmobsi_fn bool llmobsi_media_parse(const char** at, llmobsi_media* media)
{
    bool good;
    memset(media, 0, sizeof(*media));
    media->quality = 1000;
    llmobsi_blanks_skip(at);
    media->type = llmobsi_token_read(at);
    good = media->type.size > 0 && **at == '/';
    if (good) {
        ++*at;
        media->subtype = llmobsi_token_read(at);
        good = media->subtype.size > 0 && llmobsi_parameters_parse(at, media);
    }
    good = good && (**at == ',' || **at == '\0');
    while (**at != ',' && **at != '\0') {
        llmobs_string skipped;
        if (**at != '"') {
            ++*at;
        } else if (!llmobsi_parameter_read(at, &skipped)) {
            break; /* the quotes have no end */
        }
    }
    return good;
}

/* Takes a range into account that stands for the format with this precision, 0: not at all. */
llmobsi_fn void llmobsi_wish_add(llmobsi_wish* wish, uint32_t precision, const llmobsi_media* media,
                                 uint32_t place)
{
    if (precision > wish->precision ||
        (precision > 0 && precision == wish->precision && media->quality > wish->quality)) {
        wish->precision = precision;
        wish->quality = media->quality;
        wish->place = place;
    }
}

/* 0: the range does not stand for the format. */
llmobsi_fn uint32_t llmobsi_media_precision(const llmobsi_media* media, const char* type,
                                            const char* subtype, const char* version,
                                            const char* other_version)
{
    if (llmobsi_token_is(media->subtype, "*")) {
        return llmobsi_token_is(media->type, "*") ? 1 : llmobsi_token_is(media->type, type) ? 2 : 0;
    }
    if (!llmobsi_token_is(media->type, type) || !llmobsi_token_is(media->subtype, subtype)) {
        return 0;
    }
    if (!media->versioned) {
        return 3;
    }
    return llmobsi_token_is(media->version, version) ||
                   llmobsi_token_is(media->version, other_version)
               ? 4
               : 0;
}

LLMOBS_API llmobs_exposition llmobs_exposition_for(const char* accept)
{
    llmobsi_wish text, open;
    uint32_t place;
    memset(&text, 0, sizeof(text));
    memset(&open, 0, sizeof(open));
    for (place = 0; accept != NULL && *accept != '\0'; place++) {
        llmobsi_media media;
        if (llmobsi_media_parse(&accept, &media)) {
            llmobsi_wish_add(&text,
                             llmobsi_media_precision(&media, "text", "plain", "0.0.4", "0.0.4"),
                             &media, place);
            llmobsi_wish_add(&open,
                             llmobsi_media_precision(&media, "application", "openmetrics-text",
                                                     "1.0.0", "0.0.1"),
                             &media, place);
        }
        accept += *accept == ',';
    }
    if (open.quality != text.quality) {
        return open.quality > text.quality ? LLMOBS_OPENMETRICS : LLMOBS_PROMETHEUS_TEXT;
    }
    if (open.quality == 0 || open.precision < text.precision) {
        return LLMOBS_PROMETHEUS_TEXT;
    }
    return open.precision > text.precision || open.place < text.place ? LLMOBS_OPENMETRICS
                                                                      : LLMOBS_PROMETHEUS_TEXT;
}

LLMOBS_API const char* llmobs_exposition_content_type(llmobs_exposition exposition)
{
    return exposition == LLMOBS_OPENMETRICS
               ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
               : "text/plain; version=0.0.4; charset=utf-8";
}
