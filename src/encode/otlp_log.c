/* OTLP of log records, by the rules of encode/otlp. */

/* ---- an interaction as attributes ---------------------------------------------------------- */

/* How a member becomes a value. What is unknown is left out. */
typedef enum llmobsi_interaction_form {
    LLMOBS_I_INTERACTION_TEXT,
    LLMOBS_I_INTERACTION_LIST,         /* a text as an array of one */
    LLMOBS_I_INTERACTION_PROVENANCE,
    LLMOBS_I_INTERACTION_INT,
    LLMOBS_I_INTERACTION_SECONDS,      /* of nanoseconds, a double */
    LLMOBS_I_INTERACTION_MILLISECONDS, /* likewise */
    LLMOBS_I_INTERACTION_USD,          /* of nano-USD, a double */
    LLMOBS_I_INTERACTION_NANO_USD
} llmobsi_interaction_form;

typedef struct llmobsi_interaction_word {
    const char* name;
    uint8_t vocabularies; /* said where one of them is asked for */
    uint8_t form;
    uint16_t offset; /* in llmobs_interaction */
} llmobsi_interaction_word;

/* The vocabularies by short names. Our own words stand beside any but the article's alone, which
   says no more than the article did. */
#define LLMOBS_I_SAID_ARTICLE LLMOBS_VOCABULARY_ARTICLE
#define LLMOBS_I_SAID_OPENINFERENCE LLMOBS_VOCABULARY_OPENINFERENCE
#define LLMOBS_I_SAID_GENAI LLMOBS_I_VOCABULARY_GENAI_ANY
#define LLMOBS_I_SAID_NEWEST LLMOBS_VOCABULARY_GENAI
#define LLMOBS_I_SAID_1_41 LLMOBS_VOCABULARY_GENAI_1_41
#define LLMOBS_I_SAID_OURS (LLMOBS_I_VOCABULARIES & ~LLMOBS_VOCABULARY_ARTICLE)
#define LLMOBS_I_SAID_USER (LLMOBS_VOCABULARY_ARTICLE | LLMOBS_VOCABULARY_OPENINFERENCE)

#define LLMOBS_I_SAY(vocabularies, form, member, name)                                           \
    {name, LLMOBS_I_SAID_##vocabularies, LLMOBS_I_INTERACTION_##form,                            \
     (uint16_t)offsetof(llmobs_interaction, member)}

/* The one table of names. They are those of a request's root span (vocabulary.c); what the article
   has on no span has its name from the article's log record. */
static const llmobsi_interaction_word llmobsi_interaction_words[] = {
    LLMOBS_I_SAY(OURS, TEXT, request_id, "llmobs.request.id"),
    LLMOBS_I_SAY(ARTICLE, TEXT, request_id, "request_id"),
    LLMOBS_I_SAY(GENAI, TEXT, user_id, "enduser.pseudo.id"),
    LLMOBS_I_SAY(USER, TEXT, user_id, "user.id"),
    LLMOBS_I_SAY(GENAI, TEXT, model, "gen_ai.request.model"),
    LLMOBS_I_SAY(ARTICLE, TEXT, model, "model.name"),
    LLMOBS_I_SAY(OURS, TEXT, input_hash, "llmobs.input.hash"),
    LLMOBS_I_SAY(ARTICLE, TEXT, input_hash, "input_hash"),
    LLMOBS_I_SAY(OURS, TEXT, output_hash, "llmobs.output.hash"),
    LLMOBS_I_SAY(ARTICLE, TEXT, output_hash, "output_hash"),
    LLMOBS_I_SAY(GENAI, LIST, finish_reason, "gen_ai.response.finish_reasons"),
    LLMOBS_I_SAY(OPENINFERENCE, TEXT, finish_reason, "llm.finish_reason"),
    LLMOBS_I_SAY(OURS, TEXT, error_type, "error.type"),
    LLMOBS_I_SAY(OURS, TEXT, session_id, "session.id"),
    LLMOBS_I_SAY(OURS, TEXT, tenant, "llmobs.tenant"),
    LLMOBS_I_SAY(OURS, TEXT, feature, "llmobs.feature"),
    LLMOBS_I_SAY(GENAI, TEXT, provider, "gen_ai.provider.name"),
    LLMOBS_I_SAY(OPENINFERENCE, TEXT, provider, "llm.provider"),
    LLMOBS_I_SAY(GENAI, TEXT, operation, "gen_ai.operation.name"),
    LLMOBS_I_SAY(GENAI, TEXT, response_model, "gen_ai.response.model"),
    LLMOBS_I_SAY(GENAI, TEXT, prompt_name, "gen_ai.prompt.name"),
    LLMOBS_I_SAY(NEWEST, TEXT, prompt_version, "gen_ai.prompt.version"),
    LLMOBS_I_SAY(OPENINFERENCE, TEXT, prompt_version, "llm.prompt_template.version"),
    LLMOBS_I_SAY(OURS, PROVENANCE, provenance, "llmobs.usage.provenance"),
    LLMOBS_I_SAY(OURS, INT, input_length, "llmobs.input.length"),
    LLMOBS_I_SAY(ARTICLE, INT, input_length, "input_length"),
    LLMOBS_I_SAY(OURS, INT, output_length, "llmobs.output.length"),
    LLMOBS_I_SAY(ARTICLE, INT, output_length, "output_length"),
    LLMOBS_I_SAY(GENAI, INT, input_tokens, "gen_ai.usage.input_tokens"),
    LLMOBS_I_SAY(ARTICLE, INT, input_tokens, "tokens.input"),
    LLMOBS_I_SAY(OPENINFERENCE, INT, input_tokens, "llm.token_count.prompt"),
    LLMOBS_I_SAY(GENAI, INT, output_tokens, "gen_ai.usage.output_tokens"),
    LLMOBS_I_SAY(ARTICLE, INT, output_tokens, "tokens.output"),
    LLMOBS_I_SAY(OPENINFERENCE, INT, output_tokens, "llm.token_count.completion"),
    LLMOBS_I_SAY(GENAI, INT, cached_tokens, "gen_ai.usage.cache_read.input_tokens"),
    LLMOBS_I_SAY(OPENINFERENCE, INT, cached_tokens, "llm.token_count.prompt_details.cache_read"),
    LLMOBS_I_SAY(1_41, INT, cache_write_tokens, "gen_ai.usage.cache_creation.input_tokens"),
    LLMOBS_I_SAY(NEWEST, INT, cache_write_tokens, "gen_ai.usage.cache_write.input_tokens"),
    LLMOBS_I_SAY(OPENINFERENCE, INT, cache_write_tokens,
                 "llm.token_count.prompt_details.cache_write"),
    LLMOBS_I_SAY(GENAI, INT, reasoning_tokens, "gen_ai.usage.reasoning.output_tokens"),
    LLMOBS_I_SAY(OPENINFERENCE, INT, reasoning_tokens,
                 "llm.token_count.completion_details.reasoning"),
    LLMOBS_I_SAY(NEWEST, INT, audio_input_tokens, "gen_ai.usage.audio.input_tokens"),
    LLMOBS_I_SAY(OPENINFERENCE, INT, audio_input_tokens, "llm.token_count.prompt_details.audio"),
    LLMOBS_I_SAY(NEWEST, INT, audio_output_tokens, "gen_ai.usage.audio.output_tokens"),
    LLMOBS_I_SAY(OPENINFERENCE, INT, audio_output_tokens,
                 "llm.token_count.completion_details.audio"),
    LLMOBS_I_SAY(NEWEST, INT, image_input_tokens, "gen_ai.usage.image.input_tokens"),
    LLMOBS_I_SAY(NEWEST, INT, image_output_tokens, "gen_ai.usage.image.output_tokens"),
    LLMOBS_I_SAY(OURS, SECONDS, latency_ns, "llmobs.request.duration"),
    LLMOBS_I_SAY(ARTICLE, MILLISECONDS, latency_ns, "latency_ms"),
    LLMOBS_I_SAY(GENAI, SECONDS, time_to_first_token_ns, "gen_ai.response.time_to_first_chunk"),
    LLMOBS_I_SAY(OURS, SECONDS, queue_ns, "llmobs.request.queue_time"),
    LLMOBS_I_SAY(OURS, INT, retries, "llmobs.request.retries"),
    LLMOBS_I_SAY(OURS, INT, guardrail_verdicts, "llmobs.guardrail.verdicts"),
    LLMOBS_I_SAY(GENAI, USD, cost_nano, "gen_ai.usage.cost"),
    LLMOBS_I_SAY(ARTICLE, USD, cost_nano, "cost.usd"),
    LLMOBS_I_SAY(OPENINFERENCE, USD, cost_nano, "llm.cost.total"),
    LLMOBS_I_SAY(OURS, NANO_USD, cost_nano, "llmobs.cost.nano_usd"),
};

#define LLMOBS_I_INTERACTION_WORDS \
    (sizeof llmobsi_interaction_words / sizeof llmobsi_interaction_words[0])

/* ---- its attributes ------------------------------------------------------------------------ */

/* An interaction as a list of attributes: the words, and 5 that are not in the table. */
typedef struct llmobsi_otlp_list_of {
    llmobs_attribute_view attributes[LLMOBS_I_INTERACTION_WORDS + 5];
    uint32_t count;
} llmobsi_otlp_list_of;

llmobsi_inline llmobs_attribute_view* llmobsi_otlp_add(llmobsi_otlp_list_of* list, const char* key,
                                                       llmobs_type type)
{
    llmobs_attribute_view* added = &list->attributes[list->count++];
    added->key = llmobs_str(key);
    added->type = type;
    added->count = 1;
    return added;
}

llmobsi_fn void llmobsi_otlp_add_guardrails(llmobsi_otlp_list_of* list,
                                            const llmobs_interaction* interaction)
{
    llmobsi_otlp_add(list, "guardrail.passed", LLMOBS_TYPE_BOOL)->value.boolean =
        interaction->guardrails_passed;
    if (interaction->guardrail_count > 0 && interaction->guardrails_triggered != NULL) {
        llmobs_attribute_view* rules =
            llmobsi_otlp_add(list, "guardrail.triggered_rules", LLMOBS_TYPE_STRINGS);
        rules->value.strings = interaction->guardrails_triggered;
        rules->count = (uint32_t)interaction->guardrail_count;
    }
}

llmobsi_fn void llmobsi_otlp_add_text(llmobsi_otlp_list_of* list, const char* name,
                                      llmobs_string text)
{
    if (text.size > 0 && text.data != NULL) {
        llmobsi_otlp_add(list, name, LLMOBS_TYPE_STRING)->value.string = text;
    }
}

llmobsi_fn void llmobsi_otlp_add_list(llmobsi_otlp_list_of* list, const char* name,
                                      const llmobs_string* text)
{
    if (text->size > 0 && text->data != NULL) {
        llmobsi_otlp_add(list, name, LLMOBS_TYPE_STRINGS)->value.strings = text;
    }
}

llmobsi_fn void llmobsi_otlp_add_number(llmobsi_otlp_list_of* list, const char* name,
                                        llmobsi_interaction_form form, int64_t number)
{
    switch (form) {
        case LLMOBS_I_INTERACTION_SECONDS:
        case LLMOBS_I_INTERACTION_USD:
            llmobsi_otlp_add(list, name, LLMOBS_I_TYPE_NANO)->value.integer = number;
            break;
        case LLMOBS_I_INTERACTION_MILLISECONDS:
            llmobsi_otlp_add(list, name, LLMOBS_TYPE_DOUBLE)->value.real = (double)number / 1e6;
            break;
        default:
            llmobsi_otlp_add(list, name, LLMOBS_TYPE_INT)->value.integer = number;
            break;
    }
}

llmobsi_fn void llmobsi_otlp_add_word(llmobsi_otlp_list_of* list,
                                      const llmobs_interaction* interaction,
                                      const llmobsi_interaction_word* word)
{
    const llmobsi_interaction_form form = (llmobsi_interaction_form)word->form;
    const void* member = (const char*)interaction + word->offset;
    int64_t number;
    switch (form) {
        case LLMOBS_I_INTERACTION_TEXT:
            llmobsi_otlp_add_text(list, word->name, *(const llmobs_string*)member);
            return;
        case LLMOBS_I_INTERACTION_LIST:
            llmobsi_otlp_add_list(list, word->name, (const llmobs_string*)member);
            return;
        case LLMOBS_I_INTERACTION_PROVENANCE:
            llmobsi_otlp_add_text(list, word->name,
                                  llmobsi_provenance_doubt(interaction->provenance));
            return;
        default:
            break;
    }
    memcpy(&number, member, sizeof number);
    if (form >= LLMOBS_I_INTERACTION_USD ? interaction->cost_known : number >= 0) {
        llmobsi_otlp_add_number(list, word->name, form, number);
    }
}

/* What OpenInference makes of several members. One model's name has a place: what answered, or else
   what was asked for. */
llmobsi_fn void llmobsi_otlp_add_openinference(llmobsi_otlp_list_of* list,
                                               const llmobs_interaction* interaction)
{
    const bool answered = interaction->response_model.size > 0;
    const llmobs_string model = answered ? interaction->response_model : interaction->model;
    const int64_t input = interaction->input_tokens;
    const int64_t output = interaction->output_tokens;
    llmobsi_otlp_add_text(list, "llm.model_name", model);
    if (strcmp(llmobsi_openinference_kind(interaction->operation), "EMBEDDING") == 0) {
        llmobsi_otlp_add_text(list, "embedding.model_name", model);
    }
    if (input >= 0 && output >= 0) {
        llmobsi_otlp_add(list, "llm.token_count.total", LLMOBS_TYPE_INT)->value.integer =
            llmobsi_tokens_together(input, output);
    }
}

/* What is known of it, in the words of the vocabularies; the views point into the interaction. */
llmobsi_fn void llmobsi_otlp_list_interaction(llmobsi_otlp_list_of* list, uint32_t vocabulary,
                                              const llmobs_interaction* interaction)
{
    size_t i;
    vocabulary = vocabulary != 0 ? vocabulary : LLMOBS_VOCABULARY_GENAI;
    list->count = 0;
    llmobsi_otlp_add_guardrails(list, interaction);
    for (i = 0; i < LLMOBS_I_INTERACTION_WORDS; i++) {
        if ((llmobsi_interaction_words[i].vocabularies & vocabulary) != 0) {
            llmobsi_otlp_add_word(list, interaction, &llmobsi_interaction_words[i]);
        }
    }
    if ((vocabulary & LLMOBS_VOCABULARY_OPENINFERENCE) != 0) {
        llmobsi_otlp_add_openinference(list, interaction);
    }
}

llmobsi_fn llmobsi_otlp_at llmobsi_otlp_interaction(llmobsi_otlp out, llmobsi_otlp_at at,
                                                    llmobsi_otlp_name name,
                                                    const llmobs_log_view* log)
{
    llmobsi_otlp_list_of list;
    llmobsi_otlp_list_interaction(&list, log->vocabulary, log->interaction);
    return llmobsi_otlp_attributes(out, at, name, list.attributes, list.count);
}

/* ---- a record ------------------------------------------------------------------------------ */

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_log_attributes(llmobsi_otlp out, llmobsi_otlp_at at,
                                                           llmobsi_otlp_name name,
                                                           const llmobs_log_view* log)
{
    if (log->interaction != NULL) {
        return llmobsi_otlp_interaction(out, at, name, log);
    }
    return llmobsi_otlp_own_attributes(out, at, name, log->attributes, log->attribute_count);
}

/* AnyValue: the body. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_log_body(llmobsi_otlp out, llmobsi_otlp_at at,
                                                     llmobsi_otlp_name name, llmobs_string body)
{
    uint64_t size = 0;
    if (llmobsi_otlp_is_protobuf(out)) {
        size = llmobsi_otlp_string_value(llmobsi_otlp_measure(out.texts),
                                         llmobsi_otlp_begin_at(NULL), body)
                   .size;
    }
    at = llmobsi_otlp_open(out, at, name, size);
    if (out.form == LLMOBS_I_OTLP_SIZE) {
        return at;
    }
    at = llmobsi_otlp_string_value(out, at, body);
    return llmobsi_otlp_close(out, at);
}

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_log_ids(llmobsi_otlp out, llmobsi_otlp_at at,
                                                    const llmobs_log_view* log)
{
    at = llmobsi_otlp_room(out, at, 192);
    if (log->flags != 0) {
        at = llmobsi_otlp_fixed32(out, at, llmobsi_otlp_field(8, "flags"), log->flags);
    }
    if ((llmobsi_load_le64(log->trace_id) | llmobsi_load_le64(log->trace_id + 8)) != 0) {
        at = llmobsi_otlp_id(out, at, llmobsi_otlp_field(9, "traceId"), log->trace_id, 16);
        at = llmobsi_otlp_id(out, at, llmobsi_otlp_field(10, "spanId"), log->span_id, 8);
    }
    return at;
}

/* LogRecord. A severity that OpenTelemetry has not is none. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_log(llmobsi_otlp out, llmobsi_otlp_at at,
                                                const llmobs_log_view* log)
{
    uint32_t severity = (uint32_t)log->severity;
    at = llmobsi_otlp_room(out, at, 320);
    at = llmobsi_otlp_fixed64(out, at, llmobsi_otlp_first(1, "timeUnixNano"), log->unix_ns);
    at = llmobsi_otlp_fixed64(out, at, llmobsi_otlp_field(11, "observedTimeUnixNano"),
                              log->observed_unix_ns);
    at = llmobsi_otlp_uint32(out, at, llmobsi_otlp_field(2, "severityNumber"),
                             severity <= LLMOBS_I_SEVERITIES ? severity : 0);
    at = llmobsi_otlp_text(out, at, llmobsi_otlp_field(3, "severityText"),
                           llmobs_str(llmobs_severity_name(log->severity)));
    if (log->event_name.size > 0) {
        at = llmobsi_otlp_text(out, at, llmobsi_otlp_field(12, "eventName"), log->event_name);
    }
    if (log->body.size > 0) {
        at = llmobsi_otlp_log_body(out, at, llmobsi_otlp_field(5, "body"), log->body);
    }
    at = llmobsi_otlp_room(out, at, LLMOBS_I_JSON_AFTER);
    at = llmobsi_otlp_log_attributes(out, at, llmobsi_otlp_field(6, "attributes"), log);
    at = llmobsi_otlp_dropped(out, at, llmobsi_otlp_field(7, "droppedAttributesCount"),
                              log->dropped_attribute_count);
    return llmobsi_otlp_log_ids(out, at, log);
}

llmobsi_fn char* llmobsi_otlp_log_json(llmobsi_writer* writer, char* cursor,
                                       const llmobs_batch* batch, size_t i)
{
    return llmobsi_otlp_log(llmobsi_otlp_of(LLMOBS_I_OTLP_JSON, writer, NULL),
                             llmobsi_otlp_begin_at(cursor), &batch->logs[i])
        .cursor;
}

llmobsi_fn uint64_t llmobsi_otlp_log_size(llmobsi_otlp_texts* texts, const llmobs_batch* batch,
                                           size_t i)
{
    return llmobsi_otlp_log(llmobsi_otlp_measure(texts), llmobsi_otlp_begin_at(NULL),
                             &batch->logs[i])
        .size;
}

llmobsi_fn char* llmobsi_otlp_log_bytes(llmobsi_writer* writer, llmobsi_otlp_texts* texts,
                                         char* cursor, const llmobs_batch* batch, size_t i)
{
    return llmobsi_otlp_log(llmobsi_otlp_of(LLMOBS_I_OTLP_BYTES, writer, texts),
                             llmobsi_otlp_begin_at(cursor), &batch->logs[i])
        .cursor;
}

/* ---- the message --------------------------------------------------------------------------- */

llmobsi_fn llmobsi_otlp_signal llmobsi_otlp_logs(const llmobs_batch* batch)
{
    llmobsi_otlp_signal signal;
    signal.resources = llmobsi_otlp_first(1, "resourceLogs");
    signal.scopes = llmobsi_otlp_field(2, "scopeLogs");
    signal.records = llmobsi_otlp_field(2, "logRecords");
    signal.count = batch->logs != NULL ? batch->log_count : 0;
    signal.lost_before = batch->lost_before;
    signal.measure = llmobsi_otlp_log_size;
    signal.bytes = llmobsi_otlp_log_bytes;
    return signal;
}

llmobsi_fn bool llmobsi_otlp_encode_logs(const llmobs_batch* batch, llmobsi_writer* writer)
{
    const llmobsi_otlp_signal signal = llmobsi_otlp_logs(batch);
    return llmobsi_otlp_write_json(batch, writer, &signal, llmobsi_otlp_log_json);
}

LLMOBS_API bool llmobs_encode_otlp_logs_json(const llmobs_batch* batch, llmobs_write_fn write,
                                             void* user)
{
    return llmobsi_batch_write(llmobsi_otlp_encode_logs, batch, write, user);
}

LLMOBS_API const char* llmobs_otlp_path(const llmobs_batch* batch)
{
    if (batch != NULL && batch->span_count == 0 && batch->log_count > 0) {
        return "/v1/logs";
    }
    return batch != NULL && batch->span_count == 0 && batch->metric_count > 0 ? "/v1/metrics"
                                                                              : "/v1/traces";
}
