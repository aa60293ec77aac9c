/* Lists as OTEL_RESOURCE_ATTRIBUTES has them: key=value,key2=value2. A comma, and an equals sign in
   a key, are percent-encoded; anything else may be. */

/* Beyond these a list counts as malformed: all of it is taken, or none. */
#define LLMOBS_I_KEY_VALUES_MOST 32u
#define LLMOBS_I_KEY_VALUES_BYTES 4096u

/* Not yet decoded, without the blanks around them. */
typedef struct llmobsi_key_and_value {
    llmobs_string key;
    llmobs_string value;
} llmobsi_key_and_value;

typedef enum llmobsi_key_values {
    LLMOBS_I_KEY_VALUES_ONE, /* there is one more */
    LLMOBS_I_KEY_VALUES_END,
    LLMOBS_I_KEY_VALUES_MALFORMED
} llmobsi_key_values;

/* A text without the blanks around it. */
llmobsi_fn llmobs_string llmobsi_text_trim(const char* text, size_t size)
{
    llmobs_string trimmed;
    while (size > 0 && (text[0] == ' ' || text[0] == '\t')) {
        text++;
        size--;
    }
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t')) {
        size--;
    }
    trimmed.data = text;
    trimmed.size = size;
    return trimmed;
}

/* The next of a list's parts between commas, which moves on; false at its end. Nothing between two
   commas is no part, and no mistake: scripts append ",$MORE". */
llmobsi_fn bool llmobsi_list_next(const char** list, llmobs_string* part)
{
    part->size = 0;
    while (part->size == 0 && **list != '\0') {
        size_t size = strcspn(*list, ",");
        *part = llmobsi_text_trim(*list, size);
        *list += size + ((*list)[size] == ',');
    }
    return part->size != 0;
}

/* The next key and its value; the list moves on. */
llmobsi_fn llmobsi_key_values llmobsi_key_values_next(const char** list,
                                                      llmobsi_key_and_value* next)
{
    llmobs_string part;
    const char* equals;
    if (!llmobsi_list_next(list, &part)) {
        return LLMOBS_I_KEY_VALUES_END;
    }
    equals = (const char*)memchr(part.data, '=', part.size);
    if (equals == NULL || equals == part.data) {
        return LLMOBS_I_KEY_VALUES_MALFORMED;
    }
    next->key = llmobsi_text_trim(part.data, (size_t)(equals - part.data));
    next->value = llmobsi_text_trim(equals + 1, (size_t)(part.data + part.size - equals) - 1);
    return LLMOBS_I_KEY_VALUES_ONE;
}

/* 0 to 15 for a hexadecimal digit of either case, else -1. */
llmobsi_fn int llmobsi_percent_digit(char digit)
{
    return llmobsi_hex_value(digit >= 'A' && digit <= 'F' ? (char)(digit - 'A' + 'a') : digit);
}

/* Decodes a text, which never gets longer. Returns the bytes written, or SIZE_MAX: it is malformed,
   or what comes out has a NUL or is no UTF-8. */
llmobsi_fn size_t llmobsi_percent_decode(char* out, llmobs_string text)
{
    size_t written = 0;
    size_t i;
    for (i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '%') {
            bool whole = text.size - i > 2;
            int high = whole ? llmobsi_percent_digit(text.data[i + 1]) : -1;
            int low = whole ? llmobsi_percent_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                return SIZE_MAX;
            }
            byte = (char)(high << 4 | low);
            i += 2;
        }
        out[written++] = byte;
    }
    return llmobsi_utf8_is_valid(out, written) ? written : SIZE_MAX;
}

/* How many a list has; SIZE_MAX: it is malformed, or too long. NULL has none. */
llmobsi_fn size_t llmobsi_key_values_count(const char* list)
{
    char decoded[LLMOBS_I_KEY_VALUES_BYTES];
    llmobsi_key_values found = LLMOBS_I_KEY_VALUES_END;
    llmobsi_key_and_value next;
    size_t count = 0;
    if (list != NULL && strlen(list) > sizeof decoded) {
        return SIZE_MAX;
    }
    while (list != NULL &&
           (found = llmobsi_key_values_next(&list, &next)) == LLMOBS_I_KEY_VALUES_ONE) {
        if (++count > LLMOBS_I_KEY_VALUES_MOST ||
            llmobsi_percent_decode(decoded, next.key) == SIZE_MAX ||
            llmobsi_percent_decode(decoded, next.value) == SIZE_MAX) {
            return SIZE_MAX;
        }
    }
    return found == LLMOBS_I_KEY_VALUES_END ? count : SIZE_MAX;
}
