/* ---- attributes ---------------------------------------------------------------------------- */

typedef enum llmobs_type {
    LLMOBS_TYPE_STRING = 0,
    LLMOBS_TYPE_INT = 1,
    LLMOBS_TYPE_DOUBLE = 2,
    LLMOBS_TYPE_BOOL = 3,
    LLMOBS_TYPE_STRINGS = 4 /* an array of strings */
} llmobs_type;

/* One attribute on its way in. Keys are string literals, or live unchanged until llmobs_close: they
   are known by their address. Values are copied. */
typedef struct llmobs_attribute {
    const char* key;
    llmobs_type type;
    uint32_t count; /* LLMOBS_TYPE_STRINGS: how many */
    union {
        llmobs_string string;
        int64_t integer;
        double real;
        bool boolean;
        const char* const* strings; /* NUL-terminated each */
    } value;
} llmobs_attribute;

/* [any] Attributes for llmobs_span_set and llmobs_span_event_with. A NULL value is the empty
   string. */
LLMOBS_API llmobs_attribute llmobs_attribute_string(const char* key, const char* value);
LLMOBS_API llmobs_attribute llmobs_attribute_string_n(const char* key, const char* value,
                                                      size_t size);
LLMOBS_API llmobs_attribute llmobs_attribute_int(const char* key, int64_t value);
LLMOBS_API llmobs_attribute llmobs_attribute_double(const char* key, double value);
LLMOBS_API llmobs_attribute llmobs_attribute_bool(const char* key, bool value);
LLMOBS_API llmobs_attribute llmobs_attribute_strings(const char* key, const char* const* values,
                                                     size_t count);
