/* OTLP/JSON of log records. Rooms as in otlp.c. */

/* ---- an interaction as attributes ---------------------------------------------------------- */

/* How a number becomes a value. */
typedef enum llmobsi_number_form {
    LLMOBS_I_FORM_INT,
    LLMOBS_I_FORM_SECONDS, /* of nanoseconds, a double */
    LLMOBS_I_FORM_NANO     /* of nano-USD, a double and, beside it, the whole number */
} llmobsi_number_form;

/* The one table of names: OpenTelemetry's where it has one, our own. The same as those of a
   request's root span (vocabulary.c). In the order of the members of llmobs_interaction. */
static const char* const llmobsi_interaction_text_names[LLMOBS_I_INTERACTION_TEXTS] = {
    "llmobs.request.id",
    "enduser.pseudo.id",
    "gen_ai.request.model",
    "llmobs.input.hash",
    "llmobs.output.hash",
    "gen_ai.response.finish_reasons",
    "error.type",
    "session.id",
    "llmobs.tenant",
    "llmobs.feature",
    "gen_ai.provider.name",
    "gen_ai.operation.name",
    "gen_ai.response.model",
    "gen_ai.prompt.name",
    "gen_ai.prompt.version",
};

#define LLMOBS_I_INTERACTION_FINISH 5u /* an array in OpenTelemetry */

static const struct {
    const char* name;
    llmobsi_number_form form;
} llmobsi_interaction_number_names[LLMOBS_I_INTERACTION_NUMBERS] = {
    {"llmobs.input.length", LLMOBS_I_FORM_INT},
    {"llmobs.output.length", LLMOBS_I_FORM_INT},
    {"gen_ai.usage.input_tokens", LLMOBS_I_FORM_INT},
    {"gen_ai.usage.output_tokens", LLMOBS_I_FORM_INT},
    {"gen_ai.usage.cache_read.input_tokens", LLMOBS_I_FORM_INT},
    {"gen_ai.usage.cache_write.input_tokens", LLMOBS_I_FORM_INT},
    {"gen_ai.usage.reasoning.output_tokens", LLMOBS_I_FORM_INT},
    {"gen_ai.usage.audio.input_tokens", LLMOBS_I_FORM_INT},
    {"gen_ai.usage.audio.output_tokens", LLMOBS_I_FORM_INT},
    {"gen_ai.usage.image.input_tokens", LLMOBS_I_FORM_INT},
    {"gen_ai.usage.image.output_tokens", LLMOBS_I_FORM_INT},
    {"llmobs.request.duration", LLMOBS_I_FORM_SECONDS},
    {"gen_ai.response.time_to_first_chunk", LLMOBS_I_FORM_SECONDS},
    {"llmobs.request.queue_time", LLMOBS_I_FORM_SECONDS},
    {"llmobs.request.retries", LLMOBS_I_FORM_INT},
    {"llmobs.guardrail.verdicts", LLMOBS_I_FORM_INT},
    {"gen_ai.usage.cost", LLMOBS_I_FORM_NANO},
};

/* `,{"key":"...","value":{` */
llmobsi_fn char* llmobsi_otlp_key(llmobsi_writer* writer, char* cursor, const char* key)
{
    size_t size = strlen(key); /* of the table: at most 40 */
    cursor = llmobsi_room(writer, cursor, 160);
    cursor = llmobsi_append_text(cursor, ",{\"key\":\"");
    memcpy(cursor, key, size);
    return llmobsi_append_text(cursor + size, "\",\"value\":{");
}

/* A text that is there, as a string or, where OpenTelemetry has an array of them, as one of one. */
llmobsi_fn char* llmobsi_otlp_named_text(llmobsi_writer* writer, char* cursor, const char* name,
                                         llmobs_string text, bool is_array)
{
    if (text.size == 0 || text.data == NULL) {
        return cursor;
    }
    cursor = llmobsi_otlp_key(writer, cursor, name);
    if (is_array) {
        cursor = llmobsi_otlp_strings(writer, cursor, &text, 1);
    } else {
        cursor = llmobsi_append_text(cursor, "\"stringValue\":");
        cursor = llmobsi_json_string_at(writer, cursor, text);
    }
    return llmobsi_append_text(cursor, "}}");
}

llmobsi_fn char* llmobsi_otlp_named_int(llmobsi_writer* writer, char* cursor, const char* name,
                                        int64_t number)
{
    cursor = llmobsi_otlp_key(writer, cursor, name);
    cursor = llmobsi_append_text(cursor, "\"intValue\":\"");
    cursor = llmobsi_append_i64(cursor, number);
    return llmobsi_append_text(cursor, "\"}}");
}

llmobsi_fn char* llmobsi_otlp_named_number(llmobsi_writer* writer, char* cursor, uint32_t which,
                                           int64_t number)
{
    const char* name = llmobsi_interaction_number_names[which].name;
    llmobsi_number_form form = llmobsi_interaction_number_names[which].form;
    if (form == LLMOBS_I_FORM_INT) {
        return llmobsi_otlp_named_int(writer, cursor, name, number);
    }
    cursor = llmobsi_otlp_key(writer, cursor, name);
    cursor = llmobsi_append_text(cursor, "\"doubleValue\":");
    cursor = llmobsi_append_nano_signed(cursor, number);
    cursor = llmobsi_append_text(cursor, "}}");
    return form == LLMOBS_I_FORM_NANO
               ? llmobsi_otlp_named_int(writer, cursor, "llmobs.cost.nano_usd", number)
               : cursor;
}

/* The first of the attributes; 96 bytes must be free. */
llmobsi_fn char* llmobsi_otlp_guardrails(llmobsi_writer* writer, char* cursor,
                                         const llmobs_interaction* interaction)
{
    cursor = llmobsi_append_text(cursor, "{\"key\":\"guardrail.passed\",\"value\":{\"boolValue\":");
    cursor = interaction->guardrails_passed ? llmobsi_append_text(cursor, "true}}")
                                            : llmobsi_append_text(cursor, "false}}");
    if (interaction->guardrail_count > 0 && interaction->guardrails_triggered != NULL) {
        cursor = llmobsi_otlp_key(writer, cursor, "guardrail.triggered_rules");
        cursor = llmobsi_otlp_strings(writer, cursor, interaction->guardrails_triggered,
                                      interaction->guardrail_count);
        cursor = llmobsi_append_text(cursor, "}}");
    }
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_interaction(llmobsi_writer* writer, char* cursor,
                                          const llmobs_interaction* interaction)
{
    llmobsi_interaction_parts parts;
    uint32_t i;
    llmobsi_interaction_parts_of(interaction, &parts);
    cursor = llmobsi_room(writer, cursor, 160);
    cursor = llmobsi_append_text(cursor, ",\"attributes\":[");
    cursor = llmobsi_otlp_guardrails(writer, cursor, interaction);
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS && !writer->failed; i++) {
        cursor = llmobsi_otlp_named_text(writer, cursor, llmobsi_interaction_text_names[i],
                                         parts.texts[i], i == LLMOBS_I_INTERACTION_FINISH);
    }
    cursor = llmobsi_otlp_named_text(writer, cursor, "llmobs.usage.provenance",
                                     llmobsi_provenance_doubt(interaction->provenance), false);
    for (i = 0; i < LLMOBS_I_INTERACTION_NUMBERS && !writer->failed; i++) {
        bool known =
            i == LLMOBS_I_INTERACTION_NUMBERS - 1 ? interaction->cost_known : parts.numbers[i] >= 0;
        if (known) {
            cursor = llmobsi_otlp_named_number(writer, cursor, i, parts.numbers[i]);
        }
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

/* ---- a record ------------------------------------------------------------------------------ */

llmobsi_fn char* llmobsi_otlp_log_head(llmobsi_writer* writer, char* cursor,
                                       const llmobs_log_view* log)
{
    const char* severity = llmobs_severity_name(log->severity);
    size_t size = strlen(severity);
    cursor = llmobsi_room(writer, cursor, 320);
    cursor = llmobsi_append_text(cursor, "{\"timeUnixNano\":\"");
    cursor = llmobsi_append_u64(cursor, log->unix_ns);
    cursor = llmobsi_append_text(cursor, "\",\"observedTimeUnixNano\":\"");
    cursor = llmobsi_append_u64(cursor, log->observed_unix_ns);
    cursor = llmobsi_append_text(cursor, "\",\"severityNumber\":");
    cursor = llmobsi_append_u64(cursor, (uint64_t)log->severity);
    cursor = llmobsi_append_text(cursor, ",\"severityText\":\"");
    memcpy(cursor, severity, size);
    cursor += size;
    *cursor++ = '"';
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_log_ids(llmobsi_writer* writer, char* cursor,
                                      const llmobs_log_view* log)
{
    cursor = llmobsi_room(writer, cursor, 192);
    if (log->flags != 0) {
        cursor = llmobsi_append_text(cursor, ",\"flags\":");
        cursor = llmobsi_append_u64(cursor, log->flags);
    }
    if ((llmobsi_load_le64(log->trace_id) | llmobsi_load_le64(log->trace_id + 8)) != 0) {
        cursor = llmobsi_append_text(cursor, ",\"traceId\":\"");
        cursor = llmobsi_append_hex(cursor, log->trace_id, 16);
        cursor = llmobsi_append_text(cursor, "\",\"spanId\":\"");
        cursor = llmobsi_append_hex(cursor, log->span_id, 8);
        *cursor++ = '"';
    }
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_log(llmobsi_writer* writer, char* cursor, const llmobs_log_view* log)
{
    cursor = llmobsi_otlp_log_head(writer, cursor, log);
    if (log->event_name.size > 0) {
        cursor = llmobsi_append_text(cursor, ",\"eventName\":");
        cursor = llmobsi_json_string_at(writer, cursor, log->event_name);
    }
    if (log->body.size > 0) {
        cursor = llmobsi_append_text(cursor, ",\"body\":{\"stringValue\":");
        cursor = llmobsi_json_string_at(writer, cursor, log->body);
        *cursor++ = '}';
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    if (log->interaction != NULL) {
        cursor = llmobsi_otlp_interaction(writer, cursor, log->interaction);
        cursor = llmobsi_otlp_attribute_members(writer, cursor, NULL, 0,
                                                log->dropped_attribute_count);
    } else {
        cursor = llmobsi_otlp_attribute_members(writer, cursor, log->attributes,
                                                log->attribute_count, log->dropped_attribute_count);
    }
    cursor = llmobsi_otlp_log_ids(writer, cursor, log);
    *cursor++ = '}';
    return cursor;
}

/* ---- the message --------------------------------------------------------------------------- */

/* With a buffer of any size from LLMOBS_I_WRITER_LEAST, for the tests. */
llmobsi_fn bool llmobsi_otlp_encode_logs(const llmobs_batch* batch, llmobsi_writer* writer)
{
    size_t count = batch->logs != NULL ? batch->log_count : 0;
    size_t i;
    char* cursor = llmobsi_append_text(writer->data, "{\"resourceLogs\":[{");
    cursor = llmobsi_otlp_resource(writer, cursor, batch->resource);
    cursor = llmobsi_room(writer, cursor, 320);
    cursor = llmobsi_append_text(cursor, ",\"scopeLogs\":[{");
    cursor = llmobsi_otlp_scope(cursor, batch);
    cursor = llmobsi_append_text(cursor, ",\"logRecords\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_otlp_log(writer, cursor, &batch->logs[i]);
    }
    return llmobsi_otlp_end(writer, cursor);
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
