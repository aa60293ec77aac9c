/* JSON lines. The members of a line and their order are a contract: docs/log.md.

   Room: as in otlp.c, every function begins with LLMOBS_I_JSON_AFTER free bytes behind the cursor
   and leaves as many; the longest key here has 26. */

typedef struct llmobsi_lines {
    llmobsi_writer* writer;
    llmobs_log_style style;
    llmobsi_second second;
} llmobsi_lines;

/* ---- members ------------------------------------------------------------------------------- */

/* `key` is `,"name":`. Inlined, its size is a constant, and copying it two moves. */
llmobsi_inline char* llmobsi_line_key(char* cursor, const char* key, size_t key_size)
{
    memcpy(cursor, key, key_size);
    return cursor + key_size;
}

llmobsi_inline llmobs_string llmobsi_line_safe(llmobs_string text)
{
    text.size = text.data != NULL ? text.size : 0;
    return text;
}

/* A text that is always there: where it is unknown, null or "". */
llmobsi_inline char* llmobsi_line_text(llmobsi_writer* writer, char* cursor, const char* key,
                                       size_t key_size, llmobs_string text, bool null)
{
    text = llmobsi_line_safe(text);
    cursor = llmobsi_line_key(cursor, key, key_size);
    if (text.size == 0 && null) {
        return llmobsi_room(writer, llmobsi_append_text(cursor, "null"), LLMOBS_I_JSON_AFTER);
    }
    return llmobsi_json_string_at(writer, cursor, text);
}

/* One that is left out where it is unknown. */
llmobsi_inline char* llmobsi_line_maybe(llmobsi_writer* writer, char* cursor, const char* key,
                                        size_t key_size, llmobs_string text)
{
    if (text.size == 0 || text.data == NULL) {
        return cursor;
    }
    return llmobsi_json_string_at(writer, llmobsi_line_key(cursor, key, key_size), text);
}

llmobsi_inline char* llmobsi_line_number(char* cursor, int64_t number)
{
    return number >= 0 ? llmobsi_append_u64(cursor, (uint64_t)number)
                       : llmobsi_append_text(cursor, "null");
}

llmobsi_inline char* llmobsi_line_maybe_number(char* cursor, const char* key, size_t key_size,
                                               int64_t number)
{
    return number >= 0 ? llmobsi_append_u64(llmobsi_line_key(cursor, key, key_size),
                                            (uint64_t)number)
                       : cursor;
}

llmobsi_inline char* llmobsi_line_maybe_ms(char* cursor, const char* key, size_t key_size,
                                           int64_t ns)
{
    return ns >= 0 ? llmobsi_append_micro(llmobsi_line_key(cursor, key, key_size), (uint64_t)ns)
                   : cursor;
}

#define LLMOBS_I_KEY(text) text, sizeof(text) - 1
#define LLMOBS_I_LINE_TEXT(name, member) \
    llmobsi_line_text(writer, cursor, LLMOBS_I_KEY(",\"" name "\":"), (member), true)
#define LLMOBS_I_LINE_MAYBE(name, member) \
    llmobsi_line_maybe(writer, cursor, LLMOBS_I_KEY(",\"" name "\":"), (member))
#define LLMOBS_I_LINE_COUNT(name, number) \
    llmobsi_line_maybe_number(cursor, LLMOBS_I_KEY(",\"" name "\":"), (number))

/* What a line begins with. */
llmobsi_inline char* llmobsi_line_begin(llmobsi_lines* lines, char* cursor, const char* schema,
                                        size_t schema_size, uint64_t unix_ns,
                                        llmobs_severity severity)
{
    const char* name = llmobs_severity_name(severity);
    size_t size = strlen(name);
    cursor = llmobsi_room(lines->writer, cursor, 160);
    cursor = llmobsi_line_key(cursor, schema, schema_size);
    cursor = llmobsi_append_text(cursor, ",\"timestamp\":\"");
    cursor = llmobsi_append_time(cursor, &lines->second, unix_ns);
    cursor = llmobsi_append_text(cursor, "\",\"severity\":\"");
    memcpy(cursor, name, size);
    cursor += size;
    *cursor++ = '"';
    return cursor;
}

/* And what it ends with. A record of no trace has no ids. */
llmobsi_inline char* llmobsi_line_end(const llmobsi_lines* lines, char* cursor,
                                      const uint8_t* trace_id, const uint8_t* span_id)
{
    cursor = llmobsi_room(lines->writer, cursor, 128);
    if (trace_id != NULL &&
        (llmobsi_load_le64(trace_id) | llmobsi_load_le64(trace_id + 8)) != 0) {
        cursor = llmobsi_append_text(cursor, ",\"trace_id\":\"");
        cursor = llmobsi_append_hex(cursor, trace_id, 16);
        cursor = llmobsi_append_text(cursor, "\",\"span_id\":\"");
        cursor = llmobsi_append_hex(cursor, span_id, 8);
        *cursor++ = '"';
    }
    return llmobsi_append_text(cursor, "}\n");
}

/* ---- an interaction ------------------------------------------------------------------------ */

/* The tokens that every style has; the object stays open. */
llmobsi_inline char* llmobsi_line_in_and_out(char* cursor, const llmobs_interaction* interaction)
{
    cursor = llmobsi_append_text(cursor, ",\"tokens\":{\"input\":");
    cursor = llmobsi_line_number(cursor, interaction->input_tokens);
    cursor = llmobsi_append_text(cursor, ",\"output\":");
    return llmobsi_line_number(cursor, interaction->output_tokens);
}

llmobsi_inline char* llmobsi_line_lengths(char* cursor, const llmobs_interaction* interaction)
{
    cursor = llmobsi_append_text(cursor, ",\"input_length\":");
    cursor = llmobsi_line_number(cursor, interaction->input_length);
    cursor = llmobsi_append_text(cursor, ",\"output_length\":");
    return llmobsi_line_number(cursor, interaction->output_length);
}

llmobsi_inline char* llmobsi_line_tokens(llmobsi_writer* writer, char* cursor,
                                         const llmobs_interaction* interaction)
{
    cursor = llmobsi_room(writer, cursor, 400);
    cursor = llmobsi_line_in_and_out(cursor, interaction);
    cursor = LLMOBS_I_LINE_COUNT("cached", interaction->cached_tokens);
    cursor = LLMOBS_I_LINE_COUNT("cache_write", interaction->cache_write_tokens);
    cursor = LLMOBS_I_LINE_COUNT("reasoning", interaction->reasoning_tokens);
    cursor = LLMOBS_I_LINE_COUNT("audio_input", interaction->audio_input_tokens);
    cursor = LLMOBS_I_LINE_COUNT("audio_output", interaction->audio_output_tokens);
    cursor = LLMOBS_I_LINE_COUNT("image_input", interaction->image_input_tokens);
    cursor = LLMOBS_I_LINE_COUNT("image_output", interaction->image_output_tokens);
    cursor = LLMOBS_I_LINE_MAYBE("provenance", llmobsi_provenance_doubt(interaction->provenance));
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    *cursor++ = '}';
    return cursor;
}

/* Money and times; room for the guardrails' beginning is left behind. */
llmobsi_inline char* llmobsi_line_measures(llmobsi_writer* writer, char* cursor,
                                           const llmobs_interaction* interaction)
{
    cursor = llmobsi_room(writer, cursor, 360);
    cursor = llmobsi_append_text(cursor, ",\"cost_usd\":");
    cursor = interaction->cost_known ? llmobsi_append_nano_signed(cursor, interaction->cost_nano)
                                     : llmobsi_append_text(cursor, "null");
    cursor = llmobsi_append_text(cursor, ",\"latency_ms\":");
    cursor = interaction->latency_ns >= 0
                 ? llmobsi_append_micro(cursor, (uint64_t)interaction->latency_ns)
                 : llmobsi_append_text(cursor, "null");
    cursor = llmobsi_line_maybe_ms(cursor, LLMOBS_I_KEY(",\"time_to_first_token_ms\":"),
                                   interaction->time_to_first_token_ns);
    cursor = llmobsi_line_maybe_ms(cursor, LLMOBS_I_KEY(",\"queue_ms\":"), interaction->queue_ns);
    return LLMOBS_I_LINE_COUNT("retries", interaction->retries);
}

/* What every style has of the guardrails; the object stays open. */
llmobsi_inline char* llmobsi_line_guardrails(llmobsi_writer* writer, char* cursor,
                                             const llmobs_interaction* interaction)
{
    size_t count = interaction->guardrails_triggered != NULL ? interaction->guardrail_count : 0;
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"guardrails\":{\"passed\":");
    cursor = interaction->guardrails_passed ? llmobsi_append_text(cursor, "true")
                                            : llmobsi_append_text(cursor, "false");
    cursor = llmobsi_append_text(cursor, ",\"triggered\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_json_string_at(
            writer, cursor, llmobsi_line_safe(interaction->guardrails_triggered[i]));
    }
    *cursor++ = ']';
    return cursor;
}

/* Who, and with what. */
llmobsi_inline char* llmobsi_line_subjects(llmobsi_writer* writer, char* cursor,
                                           const llmobs_interaction* interaction)
{
    cursor = LLMOBS_I_LINE_TEXT("request_id", interaction->request_id);
    cursor = LLMOBS_I_LINE_TEXT("user_id", interaction->user_id);
    cursor = LLMOBS_I_LINE_MAYBE("session_id", interaction->session_id);
    cursor = LLMOBS_I_LINE_MAYBE("tenant", interaction->tenant);
    cursor = LLMOBS_I_LINE_MAYBE("feature", interaction->feature);
    cursor = LLMOBS_I_LINE_MAYBE("provider", interaction->provider);
    cursor = LLMOBS_I_LINE_MAYBE("operation", interaction->operation);
    cursor = LLMOBS_I_LINE_TEXT("model", interaction->model);
    cursor = LLMOBS_I_LINE_MAYBE("response_model", interaction->response_model);
    cursor = LLMOBS_I_LINE_MAYBE("prompt_name", interaction->prompt_name);
    return LLMOBS_I_LINE_MAYBE("prompt_version", interaction->prompt_version);
}

llmobsi_fn char* llmobsi_interaction_line_at(llmobsi_lines* lines, char* cursor,
                                             const llmobs_interaction* interaction,
                                             const uint8_t* trace_id, const uint8_t* span_id,
                                             uint32_t dropped)
{
    llmobsi_writer* writer = lines->writer;
    cursor = llmobsi_line_begin(lines, cursor, LLMOBS_I_KEY("{\"schema\":\"llmobs.interaction/1\""),
                                interaction->unix_ns, interaction->severity);
    cursor = llmobsi_line_subjects(writer, cursor, interaction);
    cursor = llmobsi_line_tokens(writer, cursor, interaction);
    cursor = llmobsi_line_measures(writer, cursor, interaction);
    cursor = llmobsi_line_guardrails(writer, cursor, interaction);
    cursor = llmobsi_room(writer, cursor, 64);
    cursor = LLMOBS_I_LINE_COUNT("verdicts", interaction->guardrail_verdicts);
    *cursor++ = '}';
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    cursor = LLMOBS_I_LINE_MAYBE("finish_reason", interaction->finish_reason);
    cursor = LLMOBS_I_LINE_MAYBE("error_type", interaction->error_type);
    cursor = LLMOBS_I_LINE_TEXT("input_hash", interaction->input_hash);
    cursor = LLMOBS_I_LINE_TEXT("output_hash", interaction->output_hash);
    cursor = llmobsi_room(writer, cursor, 160);
    cursor = llmobsi_line_lengths(cursor, interaction);
    if (dropped > 0) {
        cursor = llmobsi_append_text(cursor, ",\"dropped_fields\":");
        cursor = llmobsi_append_u64(cursor, dropped);
    }
    return llmobsi_line_end(lines, cursor, trace_id, span_id);
}

/* ---- the article's record ------------------------------------------------------------------ */

#define LLMOBS_I_LINE_ARTICLE_TEXT(name, member) \
    llmobsi_line_text(writer, cursor, LLMOBS_I_KEY(",\"" name "\":"), (member), false)

llmobsi_fn char* llmobsi_article_line_at(llmobsi_lines* lines, char* cursor,
                                         const llmobs_interaction* interaction)
{
    llmobsi_writer* writer = lines->writer;
    cursor = llmobsi_room(writer, cursor, 128);
    cursor = llmobsi_append_text(cursor, "{\"timestamp\":\"");
    cursor = llmobsi_append_isoformat(cursor, &lines->second, interaction->unix_ns);
    *cursor++ = '"';
    cursor = LLMOBS_I_LINE_ARTICLE_TEXT("request_id", interaction->request_id);
    cursor = LLMOBS_I_LINE_ARTICLE_TEXT("user_id", interaction->user_id);
    cursor = LLMOBS_I_LINE_ARTICLE_TEXT("model", interaction->model);
    cursor = llmobsi_room(writer, cursor, 320);
    cursor = llmobsi_line_in_and_out(cursor, interaction);
    cursor = llmobsi_append_text(cursor, "},\"cost_usd\":");
    cursor = interaction->cost_known
                 ? llmobsi_append_rounded(cursor, interaction->cost_nano, LLMOBS_I_BILLION, 1000000)
                 : llmobsi_append_text(cursor, "null");
    cursor = llmobsi_append_text(cursor, ",\"latency_ms\":");
    cursor = interaction->latency_ns >= 0
                 ? llmobsi_append_rounded(cursor, interaction->latency_ns, 1000000, 100)
                 : llmobsi_append_text(cursor, "null");
    cursor = llmobsi_line_guardrails(writer, cursor, interaction);
    *cursor++ = '}';
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    cursor = LLMOBS_I_LINE_ARTICLE_TEXT("input_hash", interaction->input_hash);
    cursor = LLMOBS_I_LINE_ARTICLE_TEXT("output_hash", interaction->output_hash);
    cursor = llmobsi_room(writer, cursor, 128);
    cursor = llmobsi_line_lengths(cursor, interaction);
    return llmobsi_append_text(cursor, "}\n");
}

/* ---- any other record ---------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_event_line_at(llmobsi_lines* lines, char* cursor,
                                       const llmobs_log_view* log)
{
    llmobsi_writer* writer = lines->writer;
    cursor = llmobsi_line_begin(lines, cursor, LLMOBS_I_KEY("{\"schema\":\"llmobs.log/1\""),
                                log->unix_ns, log->severity);
    cursor = LLMOBS_I_LINE_MAYBE("event", log->event_name);
    cursor = LLMOBS_I_LINE_MAYBE("body", log->body);
    if (log->attribute_count > 0 && log->attributes != NULL) {
        *cursor++ = ',';
        cursor = llmobsi_json_attributes_at(writer, cursor, log->attributes, log->attribute_count);
    }
    if (log->dropped_attribute_count > 0) {
        cursor = llmobsi_room(writer, cursor, 64);
        cursor = llmobsi_append_text(cursor, ",\"dropped_attributes\":");
        cursor = llmobsi_append_u64(cursor, log->dropped_attribute_count);
    }
    return llmobsi_line_end(lines, cursor, log->trace_id, log->span_id);
}

llmobsi_fn char* llmobsi_log_line_at(llmobsi_lines* lines, char* cursor, const llmobs_log_view* log)
{
    if (log->interaction == NULL) {
        return llmobsi_event_line_at(lines, cursor, log);
    }
    if (lines->style == LLMOBS_LOG_STYLE_ARTICLE) {
        return llmobsi_article_line_at(lines, cursor, log->interaction);
    }
    return llmobsi_interaction_line_at(lines, cursor, log->interaction, log->trace_id, log->span_id,
                                       log->dropped_attribute_count);
}

/* ---- the batch ----------------------------------------------------------------------------- */

/* The gap is told where it is. */
llmobsi_fn char* llmobsi_lost_line_at(llmobsi_lines* lines, char* cursor, const llmobs_batch* batch)
{
    cursor = llmobsi_line_begin(lines, cursor, LLMOBS_I_KEY("{\"schema\":\"llmobs.log/1\""),
                                batch->logs[0].unix_ns, LLMOBS_SEVERITY_WARN);
    cursor = llmobsi_room(lines->writer, cursor, 128);
    cursor = llmobsi_append_text(cursor, ",\"event\":\"llmobs.lost\",\"attributes\":{\"count\":");
    cursor = llmobsi_append_u64(cursor, batch->lost_before);
    return llmobsi_append_text(cursor, "}}\n");
}

/* With a buffer of any size from LLMOBS_I_WRITER_LEAST, for the tests. */
llmobsi_fn bool llmobsi_log_json_encode(const llmobs_batch* batch, llmobs_log_style style,
                                        llmobsi_writer* writer)
{
    size_t count = batch->logs != NULL ? batch->log_count : 0;
    char* cursor = writer->data;
    llmobsi_lines lines;
    size_t i;
    memset(&lines, 0, sizeof lines);
    lines.writer = writer;
    lines.style = style;
    if (batch->lost_before > 0 && count > 0 && style != LLMOBS_LOG_STYLE_ARTICLE) {
        cursor = llmobsi_lost_line_at(&lines, cursor, batch);
    }
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_log_line_at(&lines, cursor, &batch->logs[i]);
    }
    (void)llmobsi_writer_turn(writer, cursor);
    return !writer->failed;
}

LLMOBS_API bool llmobs_encode_log_json(const llmobs_batch* batch, llmobs_log_style style,
                                       llmobs_write_fn write, void* user)
{
    char buffer[LLMOBS_I_WRITER_BUFFER];
    llmobsi_writer writer;
    if (batch == NULL || write == NULL) {
        return false;
    }
    llmobsi_writer_init(&writer, buffer, sizeof buffer, write, user);
    return llmobsi_log_json_encode(batch, style, &writer);
}

/* ---- one line ------------------------------------------------------------------------------ */

LLMOBS_API bool llmobs_interaction_write(const llmobs_interaction* interaction,
                                         const llmobs_trace_context* context,
                                         llmobs_log_style style, llmobs_write_fn write, void* user)
{
    char buffer[LLMOBS_I_WRITER_BUFFER];
    llmobs_interaction known;
    llmobsi_writer writer;
    llmobsi_lines lines;
    char* cursor;
    if (interaction == NULL || write == NULL) {
        return false;
    }
    if (interaction->size != 0 && interaction->size < sizeof known) {
        llmobsi_interaction_take(&known, interaction);
        interaction = &known;
    }
    llmobsi_writer_init(&writer, buffer, sizeof buffer, write, user);
    memset(&lines, 0, sizeof lines);
    lines.writer = &writer;
    lines.style = style;
    cursor = style == LLMOBS_LOG_STYLE_ARTICLE
                 ? llmobsi_article_line_at(&lines, buffer, interaction)
                 : llmobsi_interaction_line_at(&lines, buffer, interaction,
                                               context != NULL ? context->trace_id : NULL,
                                               context != NULL ? context->span_id : NULL, 0);
    (void)llmobsi_writer_turn(&writer, cursor);
    return !writer.failed;
}

llmobsi_fn bool llmobsi_line_collect(void* user, const char* data, size_t size)
{
    llmobsi_writer* writer = (llmobsi_writer*)user;
    llmobsi_put(writer, data, size);
    return !writer->failed;
}

LLMOBS_API size_t llmobs_interaction_line(const llmobs_interaction* interaction,
                                          const llmobs_trace_context* context,
                                          llmobs_log_style style, char* out, size_t capacity)
{
    llmobsi_writer whole;
    llmobsi_writer_init(&whole, out, out != NULL ? capacity : 0, NULL, NULL);
    if (!llmobs_interaction_write(interaction, context, style, llmobsi_line_collect, &whole)) {
        return 0;
    }
    return whole.length;
}
