/* Chrome trace events. A span is a pair of nestable async events, whose id is the trace's:
   Perfetto puts a trace on a track of its own and nests by time, whichever threads the spans ran
   on. Two spans of one trace that overlap without one being in the other are drawn one below the
   other.

   Viewers read `ts` as a double. Today's Unix time in microseconds leaves that a grain of 0.25,
   and a child that begins within the same grain as its parent is taken for the outer one, because
   it ended, and was written, first. So `ts` is the Unix time modulo 4 * 10^6 seconds, which a
   double holds to the nanosecond; the argument start_unix_ns has it whole. */

#define LLMOBS_I_CHROME_WRAP_NS UINT64_C(4000000000000000)

/* What the events of a batch have in common. */
typedef struct llmobsi_chrome {
    llmobsi_writer* writer;
    uint64_t pid;
} llmobsi_chrome;

/* An attribute of the batch's resource; NULL if it has none of this name and type. */
llmobsi_fn const llmobs_attribute_view* llmobsi_chrome_resource(const llmobs_batch* batch,
                                                                const char* key, llmobs_type type)
{
    uint32_t i;
    if (batch->resource == NULL || batch->resource->attributes == NULL) {
        return NULL;
    }
    for (i = 0; i < batch->resource->attribute_count; i++) {
        const llmobs_attribute_view* attribute = &batch->resource->attributes[i];
        if (attribute->type == type && attribute->key.size == strlen(key) &&
            memcmp(attribute->key.data, key, attribute->key.size) == 0) {
            return attribute;
        }
    }
    return NULL;
}

/* ---- arguments ----------------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_chrome_links(llmobsi_writer* writer, char* cursor,
                                      const llmobs_link_view* links, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"links\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",{\"trace_id\":\"")
                       : llmobsi_append_text(cursor, "{\"trace_id\":\"");
        cursor = llmobsi_append_hex(cursor, links[i].trace_id, 16);
        cursor = llmobsi_append_text(cursor, "\",\"span_id\":\"");
        cursor = llmobsi_append_hex(cursor, links[i].span_id, 8);
        cursor = llmobsi_append_text(cursor, "\"}");
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

llmobsi_fn char* llmobsi_chrome_kind_and_status(llmobsi_writer* writer, char* cursor,
                                                const llmobs_span_view* span)
{
    static const char* const kinds[] = {"internal", "server", "client", "producer", "consumer"};
    llmobs_string kind;
    if (span->kind > LLMOBS_KIND_INTERNAL && span->kind <= LLMOBS_KIND_CONSUMER) {
        kind.data = kinds[span->kind - LLMOBS_KIND_INTERNAL];
        kind.size = strlen(kind.data);
        cursor = llmobsi_append_text(cursor, ",\"kind\":");
        cursor = llmobsi_json_string_at(writer, cursor, kind);
    }
    if (span->status == LLMOBS_STATUS_OK) {
        cursor = llmobsi_append_text(cursor, ",\"status\":\"ok\"");
    } else if (span->status == LLMOBS_STATUS_ERROR) {
        cursor = llmobsi_append_text(cursor, ",\"status\":\"error\"");
        if (span->status_message.size > 0) {
            cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
            cursor = llmobsi_append_text(cursor, ",\"message\":");
            cursor = llmobsi_json_string_at(writer, cursor, span->status_message);
        }
    }
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

llmobsi_fn char* llmobsi_chrome_dropped(llmobsi_writer* writer, char* cursor,
                                        const llmobs_span_view* span)
{
    uint64_t dropped = (uint64_t)span->dropped_attribute_count + span->dropped_event_count +
                       span->dropped_link_count;
    if (dropped > 0) {
        cursor = llmobsi_room(writer, cursor, 64);
        cursor = llmobsi_append_text(cursor, ",\"dropped\":");
        cursor = llmobsi_append_u64(cursor, dropped);
    }
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* `"args":{...}` of a span: its attributes are an object of their own, so that none of them can
   take the name of another argument. */
llmobsi_fn char* llmobsi_chrome_arguments(llmobsi_writer* writer, char* cursor,
                                          const llmobs_span_view* span)
{
    cursor = llmobsi_room(writer, cursor, 256);
    cursor = llmobsi_append_text(cursor, "\"args\":{\"span_id\":\"");
    cursor = llmobsi_append_hex(cursor, span->span_id, 8);
    if (llmobsi_load_le64(span->parent_span_id) != 0) {
        cursor = llmobsi_append_text(cursor, "\",\"parent_span_id\":\"");
        cursor = llmobsi_append_hex(cursor, span->parent_span_id, 8);
    }
    cursor = llmobsi_append_text(cursor, "\",\"start_unix_ns\":\"");
    cursor = llmobsi_append_u64(cursor, span->start_unix_ns);
    *cursor++ = '"';
    cursor = llmobsi_chrome_kind_and_status(writer, cursor, span);
    if (span->attribute_count > 0 && span->attributes != NULL) {
        *cursor++ = ',';
        cursor = llmobsi_json_attributes_at(writer, cursor, span->attributes,
                                            span->attribute_count);
    }
    if (span->link_count > 0 && span->links != NULL) {
        cursor = llmobsi_chrome_links(writer, cursor, span->links, span->link_count);
    }
    cursor = llmobsi_chrome_dropped(writer, cursor, span);
    *cursor++ = '}';
    return cursor;
}

/* ---- events -------------------------------------------------------------------------------- */

/* Microseconds with three decimals. Counted from the span's own wrap, so that no end is before its
   begin. */
llmobsi_fn char* llmobsi_chrome_time(char* cursor, const llmobs_span_view* span, uint64_t unix_ns)
{
    uint64_t wrap = span->start_unix_ns - span->start_unix_ns % LLMOBS_I_CHROME_WRAP_NS;
    uint64_t ns = unix_ns >= wrap ? unix_ns - wrap : unix_ns % LLMOBS_I_CHROME_WRAP_NS;
    unsigned fraction = (unsigned)(ns % 1000);
    cursor = llmobsi_append_u64(cursor, ns / 1000);
    cursor[0] = '.';
    cursor[1] = (char)('0' + fraction / 100);
    cursor[2] = (char)('0' + fraction / 10 % 10);
    cursor[3] = (char)('0' + fraction % 10);
    return cursor + 4;
}

/* An event up to its name. All that has no escapes comes first: readers that look for these
   members by hand need not understand a string. */
llmobsi_fn char* llmobsi_chrome_event(const llmobsi_chrome* chrome, char* cursor, char phase,
                                      const llmobs_span_view* span, uint64_t unix_ns,
                                      llmobs_string name)
{
    cursor = llmobsi_room(chrome->writer, cursor, 256);
    cursor = llmobsi_append_text(cursor, "{\"ph\":\"");
    *cursor++ = phase;
    cursor = llmobsi_append_text(cursor, "\",\"cat\":\"llm\",\"id\":\"");
    cursor = llmobsi_append_hex(cursor, span->trace_id, 16);
    cursor = llmobsi_append_text(cursor, "\",\"pid\":");
    cursor = llmobsi_append_u64(cursor, chrome->pid);
    cursor = llmobsi_append_text(cursor, ",\"tid\":");
    cursor = llmobsi_append_u64(cursor, (uint64_t)span->thread + 1);
    cursor = llmobsi_append_text(cursor, ",\"ts\":");
    cursor = llmobsi_chrome_time(cursor, span, unix_ns);
    cursor = llmobsi_append_text(cursor, ",\"name\":");
    return llmobsi_json_string_at(chrome->writer, cursor, name);
}

llmobsi_fn char* llmobsi_chrome_span(const llmobsi_chrome* chrome, char* cursor,
                                     const llmobs_span_view* span)
{
    uint32_t events = span->events != NULL ? span->event_count : 0;
    uint32_t i;
    cursor = llmobsi_chrome_event(chrome, cursor, 'b', span, span->start_unix_ns, span->name);
    *cursor++ = ',';
    cursor = llmobsi_chrome_arguments(chrome->writer, cursor, span);
    cursor = llmobsi_append_text(cursor, "},\n");
    for (i = 0; i < events && !chrome->writer->failed; i++) {
        const llmobs_event_view* event = &span->events[i];
        cursor = llmobsi_chrome_event(chrome, cursor, 'n', span, event->unix_ns, event->name);
        if (event->attribute_count > 0 && event->attributes != NULL) {
            cursor = llmobsi_append_text(cursor, ",\"args\":{");
            cursor = llmobsi_room(chrome->writer, cursor, LLMOBS_I_JSON_AFTER);
            cursor = llmobsi_json_attributes_at(chrome->writer, cursor, event->attributes,
                                                event->attribute_count);
            *cursor++ = '}';
        }
        cursor = llmobsi_append_text(cursor, "},\n");
    }
    cursor = llmobsi_chrome_event(chrome, cursor, 'e', span, span->end_unix_ns, span->name);
    return llmobsi_append_text(cursor, "},\n");
}

/* ---- the batch ----------------------------------------------------------------------------- */

/* The process's name, and a mark where spans are missing. */
llmobsi_fn char* llmobsi_chrome_head(const llmobsi_chrome* chrome, char* cursor,
                                     const llmobs_batch* batch)
{
    const llmobs_attribute_view* service =
        llmobsi_chrome_resource(batch, "service.name", LLMOBS_TYPE_STRING);
    cursor = llmobsi_room(chrome->writer, cursor, 256);
    if (service != NULL) {
        cursor = llmobsi_append_text(cursor, "{\"ph\":\"M\",\"pid\":");
        cursor = llmobsi_append_u64(cursor, chrome->pid);
        cursor = llmobsi_append_text(cursor, ",\"name\":\"process_name\",\"args\":{\"name\":");
        cursor = llmobsi_json_string_at(chrome->writer, cursor, service->value.string);
        cursor = llmobsi_append_text(cursor, "}},\n");
    }
    if (batch->lost_before > 0) {
        cursor = llmobsi_room(chrome->writer, cursor, 256);
        cursor = llmobsi_append_text(cursor, "{\"ph\":\"i\",\"s\":\"g\",\"cat\":\"llm\",\"pid\":");
        cursor = llmobsi_append_u64(cursor, chrome->pid);
        cursor = llmobsi_append_text(cursor, ",\"tid\":1,\"ts\":");
        cursor = llmobsi_chrome_time(cursor, batch->spans, batch->spans->start_unix_ns);
        cursor = llmobsi_append_text(cursor, ",\"name\":\"spans lost\",\"args\":{\"count\":");
        cursor = llmobsi_append_u64(cursor, batch->lost_before);
        cursor = llmobsi_append_text(cursor, "}},\n");
    }
    return cursor;
}

/* With a buffer of any size from LLMOBS_I_WRITER_LEAST, for the tests. */
llmobsi_fn bool llmobsi_chrome_encode(const llmobs_batch* batch, llmobsi_writer* writer)
{
    const llmobs_attribute_view* pid =
        llmobsi_chrome_resource(batch, "process.pid", LLMOBS_TYPE_INT);
    size_t count = batch->spans != NULL ? batch->span_count : 0;
    size_t i;
    char* cursor = writer->data;
    llmobsi_chrome chrome;
    chrome.writer = writer;
    chrome.pid = pid != NULL && pid->value.integer > 0 ? (uint64_t)pid->value.integer : 1;
    if (count > 0) {
        cursor = llmobsi_chrome_head(&chrome, cursor, batch);
    }
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_chrome_span(&chrome, cursor, &batch->spans[i]);
    }
    (void)llmobsi_writer_turn(writer, cursor);
    return !writer->failed;
}

LLMOBS_API bool llmobs_encode_chrome(const llmobs_batch* batch, llmobs_write_fn write, void* user)
{
    return llmobsi_batch_write(llmobsi_chrome_encode, batch, write, user);
}
