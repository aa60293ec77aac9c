/* From OpenTelemetry's environment variables to a config. The library reads them here alone, and
   only when it is asked to. */

#define LLMOBS_I_FAMILY_GENAI_1_41 2u /* LLMOBS_FAMILY_GENAI_1_41 */
#define LLMOBS_I_FAMILY_GENAI 4u      /* LLMOBS_FAMILY_GENAI      */

/* ---- values -------------------------------------------------------------------------------- */

/* NULL: it is not set, or empty, which is the same. */
llmobsi_fn const char* llmobsi_env_get(const char* name)
{
    const char* value = llmobsi_process_is_foreign() ? NULL : getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* Whether a text is a word of lower-case letters, in whichever case. */
llmobsi_fn bool llmobsi_env_is(llmobs_string text, const char* word)
{
    size_t i;
    for (i = 0; i < text.size && word[i] != '\0'; i++) {
        char byte = text.data[i];
        if ((byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte) != word[i]) {
            return false;
        }
    }
    return i == text.size && word[i] == '\0';
}

/* A whole number for a field whose 0 means the default: so 0 becomes 1. */
llmobsi_fn bool llmobsi_env_number(const char* value, uint32_t most, uint32_t* field)
{
    int64_t number;
    if (llmobsi_header_number_read(value, 0, INT32_MAX, &number) != LLMOBS_OK) {
        return false;
    }
    *field = number < 1 ? 1 : number < (int64_t)most ? (uint32_t)number : most;
    return true;
}

/* ---- samplers ------------------------------------------------------------------------------ */

typedef struct llmobsi_env_sampler {
    const char* name;
    double ratio;
    bool by_ratio; /* OTEL_TRACES_SAMPLER_ARG says which */
    bool by_parent;
} llmobsi_env_sampler;

/* NULL: it is not known here. */
llmobsi_fn const llmobsi_env_sampler* llmobsi_env_sampler_of(const char* value)
{
    static const llmobsi_env_sampler samplers[] = {
        {"always_on", 1.0, false, false},
        {"always_off", LLMOBS_SAMPLE_NONE, false, false},
        {"traceidratio", 1.0, true, false},
        {"parentbased_always_on", 1.0, false, true},
        {"parentbased_always_off", LLMOBS_SAMPLE_NONE, false, true},
        {"parentbased_traceidratio", 1.0, true, true},
    };
    llmobs_string name = llmobsi_text_trim(value, strlen(value));
    size_t i;
    for (i = 0; i < sizeof samplers / sizeof samplers[0]; i++) {
        if (llmobsi_env_is(name, samplers[i].name)) {
            return &samplers[i];
        }
    }
    return NULL;
}

llmobsi_fn bool llmobsi_env_take_sampler(llmobs_config* config, const char* value)
{
    const llmobsi_env_sampler* sampler = llmobsi_env_sampler_of(value);
    if (sampler != NULL) {
        config->sample_ratio = sampler->ratio;
        config->distrust_remote = !sampler->by_parent;
    }
    return sampler != NULL;
}

/* After the sampler, whose argument it is; one that has none has no use for it. */
llmobsi_fn bool llmobsi_env_take_sampler_argument(llmobs_config* config, const char* value)
{
    const int64_t whole = INT64_C(1000000000000000000);
    const char* name = llmobsi_env_get("OTEL_TRACES_SAMPLER");
    const llmobsi_env_sampler* sampler = name != NULL ? llmobsi_env_sampler_of(name) : NULL;
    int64_t part;
    if (sampler == NULL || !sampler->by_ratio) {
        return true;
    }
    if (llmobsi_header_number_read(value, 18, whole, &part) != LLMOBS_OK) {
        return false;
    }
    config->sample_ratio = part > 0 ? (double)part / (double)whole : LLMOBS_SAMPLE_NONE;
    return true;
}

/* ---- the others ---------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_env_take_disabled(llmobs_config* config, const char* value)
{
    llmobs_string text = llmobsi_text_trim(value, strlen(value));
    config->disabled |= llmobsi_env_is(text, "true");
    return llmobsi_env_is(text, "true") || llmobsi_env_is(text, "false");
}

llmobsi_fn bool llmobsi_env_take_service(llmobs_config* config, const char* value)
{
    bool is_text = llmobsi_utf8_is_valid(value, strlen(value));
    if (is_text) {
        config->service_name = value;
    }
    return is_text;
}

llmobsi_fn bool llmobsi_env_take_attributes(llmobs_config* config, const char* value)
{
    config->environment_attributes = llmobsi_key_values_count(value) != SIZE_MAX ? value : NULL;
    return config->environment_attributes != NULL;
}

llmobsi_fn bool llmobsi_env_take_delay(llmobs_config* config, const char* value)
{
    return llmobsi_env_number(value, INT32_MAX, &config->batch_delay_ms);
}

/* Who allows more than there can be is content with that. */
llmobsi_fn bool llmobsi_env_take_length(llmobs_config* config, const char* value)
{
    return llmobsi_env_number(value, LLMOBS_I_VALUE_BYTES_MOST, &config->value_bytes);
}

/* A list of opt-ins for all kinds of instrumentation, of which one is ours. It says which version
   "GenAI" means, not that it be on: where the older one is, the newest comes instead. */
llmobsi_fn bool llmobsi_env_take_stability(llmobs_config* config, const char* value)
{
    bool newest = false;
    bool known = true;
    llmobs_string part;
    while (llmobsi_list_next(&value, &part)) {
        bool is_newest = llmobsi_env_is(part, "gen_ai_latest_experimental");
        newest |= is_newest;
        known &= is_newest || part.size < 6 || memcmp(part.data, "gen_ai", 6) != 0;
    }
    if (newest && (config->vocabulary & LLMOBS_VOCABULARY_GENAI_1_41) != 0) {
        config->vocabulary &= ~LLMOBS_VOCABULARY_GENAI_1_41;
        config->vocabulary |= LLMOBS_VOCABULARY_GENAI;
    }
    if (newest && (llmobsi_families(config) & LLMOBS_I_FAMILY_GENAI_1_41) != 0) {
        config->metric_families &= ~LLMOBS_I_FAMILY_GENAI_1_41;
        config->metric_families |= LLMOBS_I_FAMILY_GENAI;
    }
    return known;
}

/* ---- all of them --------------------------------------------------------------------------- */

/* X(variable, how it is taken, what is wrong with one that is not), in the order in which they are
   taken. docs/environment.md has them, too. */
#define LLMOBS_I_ENVIRONMENT(X)                                                                   \
    X("OTEL_SDK_DISABLED", disabled, "is neither true nor false")                                 \
    X("OTEL_SERVICE_NAME", service, "is no UTF-8")                                                \
    X("OTEL_RESOURCE_ATTRIBUTES", attributes, "is no list of key=value, or too long a one")       \
    X("OTEL_TRACES_SAMPLER", sampler, "is no sampler that is known here")                         \
    X("OTEL_TRACES_SAMPLER_ARG", sampler_argument, "is no number from 0 to 1")                    \
    X("OTEL_BSP_SCHEDULE_DELAY", delay, "is no number of milliseconds")                           \
    X("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", length, "is no number of bytes")                       \
    X("OTEL_SEMCONV_STABILITY_OPT_IN", stability, "has a word for GenAI that is not known here")

LLMOBS_API llmobs_result llmobs_config_from_env(llmobs_config* config)
{
    static const struct {
        const char* name;
        bool (*take)(llmobs_config* config, const char* value);
        const char* refused;
    } variables[] = {
#define LLMOBS_I_VARIABLE(name, take, wrong)                                                     \
    {name, llmobsi_env_take_##take, name " " wrong ", and was ignored"},
        LLMOBS_I_ENVIRONMENT(LLMOBS_I_VARIABLE)
#undef LLMOBS_I_VARIABLE
    };
    llmobs_result result = LLMOBS_OK;
    llmobs_config whole; /* of this version */
    size_t known;
    size_t i;
    if (config == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    known = llmobsi_known_size(config->size, sizeof whole);
    memset(&whole, 0, sizeof whole);
    memcpy(&whole, config, known);
    for (i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char* value = llmobsi_env_get(variables[i].name);
        if (value != NULL && !variables[i].take(&whole, value)) {
            result = LLMOBS_ERROR_ARGUMENT;
            llmobsi_host_note(whole.note, whole.note_user, LLMOBS_NOTE_ENVIRONMENT, 1,
                              variables[i].refused);
        }
    }
    memcpy(config, &whole, known);
    return result;
}
