/* OTLP/JSON, by ProtoJSON's rules: ids in hex, 64-bit numbers as strings, enums as numbers, and
   what is empty or zero left out.

   Room: every function here begins with at least LLMOBS_I_JSON_AFTER free bytes behind the cursor
   and leaves as many, so that short punctuation needs no check. */

/* ---- attributes ---------------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_otlp_strings(llmobsi_writer* writer, char* cursor,
                                      const llmobs_string* strings, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, "\"arrayValue\":{\"values\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",{\"stringValue\":")
                       : llmobsi_append_text(cursor, "{\"stringValue\":");
        cursor = llmobsi_json_string_at(writer, cursor, strings[i]);
        *cursor++ = '}';
    }
    cursor = llmobsi_append_text(cursor, "]}");
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* The inside of an AnyValue. An unknown type leaves it empty, which is a value, too. */
llmobsi_inline char* llmobsi_otlp_value(llmobsi_writer* writer, char* cursor,
                                        const llmobs_attribute_view* attribute)
{
    switch (attribute->type) {
    case LLMOBS_TYPE_STRING:
        cursor = llmobsi_append_text(cursor, "\"stringValue\":");
        return llmobsi_json_string_at(writer, cursor, attribute->value.string);
    case LLMOBS_TYPE_INT:
        cursor = llmobsi_append_text(cursor, "\"intValue\":\"");
        cursor = llmobsi_append_i64(cursor, attribute->value.integer);
        *cursor++ = '"';
        return cursor;
    case LLMOBS_TYPE_DOUBLE:
        cursor = llmobsi_append_text(cursor, "\"doubleValue\":");
        return llmobsi_json_double_at(cursor, attribute->value.real);
    case LLMOBS_TYPE_BOOL:
        cursor = llmobsi_append_text(cursor, "\"boolValue\":");
        return attribute->value.boolean ? llmobsi_append_text(cursor, "true")
                                        : llmobsi_append_text(cursor, "false");
    case LLMOBS_TYPE_STRINGS:
        return llmobsi_otlp_strings(writer, cursor, attribute->value.strings, attribute->count);
    }
    return cursor;
}

/* `"attributes":[...]` */
llmobsi_fn char* llmobsi_otlp_attributes(llmobsi_writer* writer, char* cursor,
                                         const llmobs_attribute_view* attributes, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, "\"attributes\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",{\"key\":")
                       : llmobsi_append_text(cursor, "{\"key\":");
        cursor = llmobsi_json_string_at(writer, cursor, attributes[i].key);
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = llmobsi_append_text(cursor, ",\"value\":{");
        cursor = llmobsi_otlp_value(writer, cursor, &attributes[i]);
        cursor = llmobsi_append_text(cursor, "}}");
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

/* The attributes of something, with how many it lost, as further members of an object. */
llmobsi_fn char* llmobsi_otlp_attribute_members(llmobsi_writer* writer, char* cursor,
                                                const llmobs_attribute_view* attributes,
                                                uint32_t count, uint32_t dropped)
{
    if (count > 0 && attributes != NULL) {
        *cursor++ = ',';
        cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
        cursor = llmobsi_otlp_attributes(writer, cursor, attributes, count);
    }
    if (dropped > 0) {
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = llmobsi_append_text(cursor, ",\"droppedAttributesCount\":");
        cursor = llmobsi_append_u64(cursor, dropped);
    }
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* ---- events and links ---------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_otlp_events(llmobsi_writer* writer, char* cursor,
                                     const llmobs_event_view* events, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"events\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",{\"timeUnixNano\":\"")
                       : llmobsi_append_text(cursor, "{\"timeUnixNano\":\"");
        cursor = llmobsi_append_u64(cursor, events[i].unix_ns);
        cursor = llmobsi_append_text(cursor, "\",\"name\":");
        cursor = llmobsi_json_string_at(writer, cursor, events[i].name);
        cursor = llmobsi_otlp_attribute_members(writer, cursor, events[i].attributes,
                                                events[i].attribute_count,
                                                events[i].dropped_attribute_count);
        *cursor++ = '}';
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_flags_and_state(llmobsi_writer* writer, char* cursor, uint32_t flags,
                                              llmobs_string trace_state)
{
    cursor = llmobsi_room(writer, cursor, 128);
    if (flags != 0) {
        cursor = llmobsi_append_text(cursor, ",\"flags\":");
        cursor = llmobsi_append_u64(cursor, flags);
    }
    if (trace_state.size > 0) {
        cursor = llmobsi_append_text(cursor, ",\"traceState\":");
        cursor = llmobsi_json_string_at(writer, cursor, trace_state);
    }
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_links(llmobsi_writer* writer, char* cursor,
                                    const llmobs_link_view* links, size_t count)
{
    size_t i;
    cursor = llmobsi_append_text(cursor, ",\"links\":[");
    for (i = 0; i < count && !writer->failed; i++) {
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = i > 0 ? llmobsi_append_text(cursor, ",{\"traceId\":\"")
                       : llmobsi_append_text(cursor, "{\"traceId\":\"");
        cursor = llmobsi_append_hex(cursor, links[i].trace_id, 16);
        cursor = llmobsi_append_text(cursor, "\",\"spanId\":\"");
        cursor = llmobsi_append_hex(cursor, links[i].span_id, 8);
        *cursor++ = '"';
        cursor = llmobsi_otlp_flags_and_state(writer, cursor, links[i].flags,
                                              links[i].trace_state);
        cursor = llmobsi_otlp_attribute_members(writer, cursor, links[i].attributes,
                                                links[i].attribute_count,
                                                links[i].dropped_attribute_count);
        *cursor++ = '}';
    }
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER + 1);
    *cursor++ = ']';
    return cursor;
}

/* ---- spans --------------------------------------------------------------------------------- */

/* Which trace, which span, and under whom. A root has no parent id at all. */
llmobsi_inline char* llmobsi_otlp_ids(llmobsi_writer* writer, char* cursor,
                                      const llmobs_span_view* span)
{
    cursor = llmobsi_room(writer, cursor, 192);
    cursor = llmobsi_append_text(cursor, "{\"traceId\":\"");
    cursor = llmobsi_append_hex(cursor, span->trace_id, 16);
    cursor = llmobsi_append_text(cursor, "\",\"spanId\":\"");
    cursor = llmobsi_append_hex(cursor, span->span_id, 8);
    if (llmobsi_load_le64(span->parent_span_id) != 0) {
        cursor = llmobsi_append_text(cursor, "\",\"parentSpanId\":\"");
        cursor = llmobsi_append_hex(cursor, span->parent_span_id, 8);
    }
    *cursor++ = '"';
    return cursor;
}

llmobsi_inline char* llmobsi_otlp_kind_and_times(llmobsi_writer* writer, char* cursor,
                                                 const llmobs_span_view* span)
{
    bool known = span->kind >= LLMOBS_KIND_INTERNAL && span->kind <= LLMOBS_KIND_CONSUMER;
    cursor = llmobsi_room(writer, cursor, 192);
    cursor = llmobsi_append_text(cursor, ",\"kind\":");
    *cursor++ = (char)('0' + (known ? (int)span->kind : (int)LLMOBS_KIND_INTERNAL));
    cursor = llmobsi_append_text(cursor, ",\"startTimeUnixNano\":\"");
    cursor = llmobsi_append_u64(cursor, span->start_unix_ns);
    cursor = llmobsi_append_text(cursor, "\",\"endTimeUnixNano\":\"");
    cursor = llmobsi_append_u64(cursor, span->end_unix_ns);
    *cursor++ = '"';
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_events_and_links(llmobsi_writer* writer, char* cursor,
                                               const llmobs_span_view* span)
{
    if (span->event_count > 0 && span->events != NULL) {
        cursor = llmobsi_otlp_events(writer, cursor, span->events, span->event_count);
    }
    if (span->dropped_event_count > 0) {
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = llmobsi_append_text(cursor, ",\"droppedEventsCount\":");
        cursor = llmobsi_append_u64(cursor, span->dropped_event_count);
    }
    if (span->link_count > 0 && span->links != NULL) {
        cursor = llmobsi_otlp_links(writer, cursor, span->links, span->link_count);
    }
    if (span->dropped_link_count > 0) {
        cursor = llmobsi_room(writer, cursor, 128);
        cursor = llmobsi_append_text(cursor, ",\"droppedLinksCount\":");
        cursor = llmobsi_append_u64(cursor, span->dropped_link_count);
    }
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_status(llmobsi_writer* writer, char* cursor,
                                     const llmobs_span_view* span)
{
    if (span->status != LLMOBS_STATUS_OK && span->status != LLMOBS_STATUS_ERROR) {
        return cursor;
    }
    cursor = llmobsi_append_text(cursor, ",\"status\":{");
    if (span->status == LLMOBS_STATUS_ERROR && span->status_message.size > 0) {
        cursor = llmobsi_append_text(cursor, "\"message\":");
        cursor = llmobsi_json_string_at(writer, cursor, span->status_message);
        *cursor++ = ',';
    }
    cursor = llmobsi_append_text(cursor, "\"code\":");
    *cursor++ = (char)('0' + (int)span->status);
    *cursor++ = '}';
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

llmobsi_fn char* llmobsi_otlp_span(llmobsi_writer* writer, char* cursor,
                                   const llmobs_span_view* span)
{
    cursor = llmobsi_otlp_ids(writer, cursor, span);
    cursor = llmobsi_otlp_flags_and_state(writer, cursor, span->flags, span->trace_state);
    cursor = llmobsi_append_text(cursor, ",\"name\":");
    cursor = llmobsi_json_string_at(writer, cursor, span->name);
    cursor = llmobsi_otlp_kind_and_times(writer, cursor, span);
    cursor = llmobsi_otlp_attribute_members(writer, cursor, span->attributes, span->attribute_count,
                                            span->dropped_attribute_count);
    cursor = llmobsi_otlp_events_and_links(writer, cursor, span);
    cursor = llmobsi_otlp_status(writer, cursor, span);
    *cursor++ = '}';
    return cursor;
}

/* ---- the message --------------------------------------------------------------------------- */

/* Who made it: these two are the same for every signal. The scope can be given more members. */
#define LLMOBS_I_OTLP_SCOPE \
    "\"scope\":{\"name\":\"llmobs\",\"version\":\"" LLMOBS_VERSION_STRING "\""

llmobsi_fn char* llmobsi_otlp_resource(llmobsi_writer* writer, char* cursor,
                                       const llmobs_resource_view* resource)
{
    cursor = llmobsi_append_text(cursor, "\"resource\":{");
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    if (resource != NULL && resource->attributes != NULL) {
        cursor = llmobsi_otlp_attributes(writer, cursor, resource->attributes,
                                         resource->attribute_count);
    }
    *cursor++ = '}';
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* The scope. What was lost before this batch is an attribute of it: the gap is told where it is.
   256 bytes must be free. */
llmobsi_fn char* llmobsi_otlp_scope(char* cursor, const llmobs_batch* batch)
{
    cursor = llmobsi_append_text(cursor, LLMOBS_I_OTLP_SCOPE);
    if (batch->lost_before > 0) { /* an int64 */
        cursor = llmobsi_append_text(cursor, ",\"attributes\":[{\"key\":\"llmobs.lost_before\","
                                             "\"value\":{\"intValue\":\"");
        cursor = llmobsi_append_u64(cursor, batch->lost_before < INT64_MAX ? batch->lost_before
                                                                           : (uint64_t)INT64_MAX);
        cursor = llmobsi_append_text(cursor, "\"}}]");
    }
    *cursor++ = '}';
    return cursor;
}

llmobsi_fn char* llmobsi_otlp_head(llmobsi_writer* writer, char* cursor, const llmobs_batch* batch)
{
    cursor = llmobsi_room(writer, cursor, 128);
    cursor = llmobsi_append_text(cursor, "{\"resourceSpans\":[{");
    cursor = llmobsi_otlp_resource(writer, cursor, batch->resource);
    cursor = llmobsi_room(writer, cursor, 320);
    cursor = llmobsi_append_text(cursor, ",\"scopeSpans\":[{");
    cursor = llmobsi_otlp_scope(cursor, batch);
    cursor = llmobsi_append_text(cursor, ",\"spans\":[");
    return llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
}

/* What every message ends with, of whichever signal. */
llmobsi_fn bool llmobsi_otlp_end(llmobsi_writer* writer, char* cursor)
{
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_JSON_AFTER);
    cursor = llmobsi_append_text(cursor, "]}]}]}\n");
    (void)llmobsi_writer_turn(writer, cursor);
    return !writer->failed;
}

/* With a buffer of any size from LLMOBS_I_WRITER_LEAST, for the tests. */
llmobsi_fn bool llmobsi_otlp_encode(const llmobs_batch* batch, llmobsi_writer* writer)
{
    size_t count = batch->spans != NULL ? batch->span_count : 0;
    size_t i;
    char* cursor = llmobsi_otlp_head(writer, writer->data, batch);
    for (i = 0; i < count && !writer->failed; i++) {
        if (i > 0) {
            *cursor++ = ',';
        }
        cursor = llmobsi_otlp_span(writer, cursor, &batch->spans[i]);
    }
    return llmobsi_otlp_end(writer, cursor);
}

LLMOBS_API bool llmobs_encode_otlp_json(const llmobs_batch* batch, llmobs_write_fn write,
                                        void* user)
{
    return llmobsi_batch_write(llmobsi_otlp_encode, batch, write, user);
}
