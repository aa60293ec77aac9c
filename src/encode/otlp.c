/* OTLP: what all signals have, and spans. Each message is a function that names its fields; the
   order is that of the JSON. Needs and leaves room as encode/otlp_field says.

   A message that lies in another is a head with its size, which for protobuf is the same function
   run as SIZE, then its fields. As SIZE the head counts for both. */

llmobsi_inline bool llmobsi_otlp_is_protobuf(llmobsi_otlp out)
{
    return out.form != LLMOBS_I_OTLP_JSON;
}

/* To measure something by its function. */
llmobsi_inline llmobsi_otlp llmobsi_otlp_measure(llmobsi_otlp_texts* texts)
{
    return llmobsi_otlp_of(LLMOBS_I_OTLP_SIZE, NULL, texts);
}

/* ---- lists of messages --------------------------------------------------------------------- */

/* The fields of one message of a list. */
typedef llmobsi_otlp_at (*llmobsi_otlp_part)(llmobsi_otlp out, llmobsi_otlp_at at,
                                             const void* part);

/* `count` messages, one each `stride` bytes. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_parts(llmobsi_otlp out, llmobsi_otlp_at at,
                                                  llmobsi_otlp_name name, llmobsi_otlp_part part,
                                                  const void* parts, size_t stride, size_t count)
{
    const unsigned char* one = (const unsigned char*)parts;
    size_t i;
    at = llmobsi_otlp_room(out, at, LLMOBS_I_JSON_AFTER);
    at = llmobsi_otlp_list(out, at, name);
    for (i = 0; i < count && !llmobsi_otlp_failed(out); i++, one += stride) {
        uint64_t size = 0;
        if (llmobsi_otlp_is_protobuf(out)) {
            size = part(llmobsi_otlp_measure(out.texts), llmobsi_otlp_begin_at(NULL), one).size;
        }
        at = llmobsi_otlp_room(out, at, LLMOBS_I_JSON_AFTER);
        at = llmobsi_otlp_item(out, at, name.number, i == 0, size);
        if (out.form != LLMOBS_I_OTLP_SIZE) {
            at = part(out, at, one);
            at = llmobsi_otlp_close(out, at);
        }
    }
    return llmobsi_otlp_list_end(out, at);
}

/* ---- attributes ---------------------------------------------------------------------------- */

/* AnyValue, of a string. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_string_value(llmobsi_otlp out, llmobsi_otlp_at at,
                                                         llmobs_string text)
{
    return llmobsi_otlp_text(out, at, llmobsi_otlp_choice(1, "stringValue"), text);
}

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_string_part(llmobsi_otlp out, llmobsi_otlp_at at,
                                                        const void* part)
{
    return llmobsi_otlp_string_value(out, at, *(const llmobs_string*)part);
}

/* ArrayValue, of strings. Rare enough for one copy. */
llmobsi_fn llmobsi_otlp_at llmobsi_otlp_strings(llmobsi_otlp out, llmobsi_otlp_at at,
                                                const llmobs_string* strings, size_t count)
{
    return llmobsi_otlp_parts(out, at, llmobsi_otlp_first(1, "values"), llmobsi_otlp_string_part,
                              strings, sizeof *strings, count);
}

llmobsi_fn llmobsi_otlp_at llmobsi_otlp_array_value(llmobsi_otlp out, llmobsi_otlp_at at,
                                                    const llmobs_string* strings, size_t count)
{
    uint64_t size = 0;
    if (strings == NULL) {
        count = 0;
    }
    if (llmobsi_otlp_is_protobuf(out)) {
        size = llmobsi_otlp_strings(llmobsi_otlp_measure(out.texts), llmobsi_otlp_begin_at(NULL),
                                    strings, count)
                   .size;
    }
    at = llmobsi_otlp_open(out, at, llmobsi_otlp_choice(5, "arrayValue"), size);
    if (out.form == LLMOBS_I_OTLP_SIZE) {
        return at;
    }
    at = llmobsi_otlp_strings(out, at, strings, count);
    at = llmobsi_otlp_close(out, at);
    return llmobsi_otlp_room(out, at, LLMOBS_I_JSON_AFTER);
}

/* What encode/otlp_log makes of an interaction: billionths in value.integer, told as a double. */
#define LLMOBS_I_TYPE_NANO ((llmobs_type)7)

/* AnyValue. An unknown type leaves it empty, which is a value, too. Needs 128 bytes. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_value(llmobsi_otlp out, llmobsi_otlp_at at,
                                                  const llmobs_attribute_view* attribute)
{
    switch (attribute->type) {
    case LLMOBS_TYPE_STRING:
        return llmobsi_otlp_string_value(out, at, attribute->value.string);
    case LLMOBS_TYPE_INT:
        return llmobsi_otlp_int64(out, at, llmobsi_otlp_choice(3, "intValue"),
                                  attribute->value.integer);
    case LLMOBS_TYPE_DOUBLE:
        return llmobsi_otlp_double(out, at, llmobsi_otlp_choice(4, "doubleValue"),
                                   attribute->value.real);
    case LLMOBS_TYPE_BOOL:
        return llmobsi_otlp_bool(out, at, llmobsi_otlp_choice(2, "boolValue"),
                                 attribute->value.boolean);
    case LLMOBS_TYPE_STRINGS:
        return llmobsi_otlp_array_value(out, at, attribute->value.strings, attribute->count);
    }
    if (attribute->type == LLMOBS_I_TYPE_NANO) {
        at = llmobsi_otlp_nano(out, at, llmobsi_otlp_choice(4, "doubleValue"),
                               attribute->value.integer);
    }
    return at;
}

llmobsi_inline uint64_t llmobsi_otlp_value_size(llmobsi_otlp_texts* texts,
                                                const llmobs_attribute_view* attribute)
{
    return llmobsi_otlp_value(llmobsi_otlp_measure(texts), llmobsi_otlp_begin_at(NULL), attribute)
        .size;
}

/* KeyValue; `value_size` is asked for protobuf alone. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_key_value(llmobsi_otlp out, llmobsi_otlp_at at,
                                                      const llmobs_attribute_view* attribute,
                                                      uint64_t value_size)
{
    at = llmobsi_otlp_text(out, at, llmobsi_otlp_first(1, "key"), attribute->key);
    at = llmobsi_otlp_room(out, at, 128);
    at = llmobsi_otlp_open(out, at, llmobsi_otlp_field(2, "value"), value_size);
    if (out.form == LLMOBS_I_OTLP_SIZE) {
        return at;
    }
    at = llmobsi_otlp_value(out, at, attribute);
    return llmobsi_otlp_close(out, at);
}

/* What is left free by the begin of the list, or the value before, is enough for its head. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_attribute(llmobsi_otlp out, llmobsi_otlp_at at,
                                                      uint32_t number, bool first,
                                                      const llmobs_attribute_view* attribute)
{
    uint64_t value_size = 0, size = 0;
    if (llmobsi_otlp_is_protobuf(out)) {
        value_size = llmobsi_otlp_value_size(out.texts, attribute);
        size = llmobsi_otlp_key_value(llmobsi_otlp_measure(out.texts), llmobsi_otlp_begin_at(NULL),
                                      attribute, value_size)
                   .size;
    }
    at = llmobsi_otlp_item(out, at, number, first, size);
    if (out.form == LLMOBS_I_OTLP_SIZE) {
        return at;
    }
    at = llmobsi_otlp_key_value(out, at, attribute, value_size);
    return llmobsi_otlp_close(out, at);
}

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_attribute_items(llmobsi_otlp out, llmobsi_otlp_at at,
                                                            uint32_t number,
                                                            const llmobs_attribute_view* attributes,
                                                            size_t count)
{
    size_t i;
    for (i = 0; i < count && !llmobsi_otlp_failed(out); i++) {
        at = llmobsi_otlp_attribute(out, at, number, i == 0, &attributes[i]);
    }
    return at;
}

llmobsi_noinline char* llmobsi_otlp_attributes_json(llmobsi_writer* writer, char* cursor,
                                                    const llmobs_attribute_view* attributes,
                                                    size_t count)
{
    const llmobsi_otlp out = llmobsi_otlp_of(LLMOBS_I_OTLP_JSON, writer, NULL);
    return llmobsi_otlp_attribute_items(out, llmobsi_otlp_begin_at(cursor), 0, attributes, count)
        .cursor;
}

llmobsi_noinline uint64_t llmobsi_otlp_attributes_size(llmobsi_otlp_texts* texts, uint32_t number,
                                                       const llmobs_attribute_view* attributes,
                                                       size_t count)
{
    return llmobsi_otlp_attribute_items(llmobsi_otlp_measure(texts), llmobsi_otlp_begin_at(NULL),
                                        number, attributes, count)
        .size;
}

llmobsi_noinline char* llmobsi_otlp_attributes_bytes(llmobsi_writer* writer,
                                                     llmobsi_otlp_texts* texts, char* cursor,
                                                     uint32_t number,
                                                     const llmobs_attribute_view* attributes,
                                                     size_t count)
{
    const llmobsi_otlp out = llmobsi_otlp_of(LLMOBS_I_OTLP_BYTES, writer, texts);
    return llmobsi_otlp_attribute_items(out, llmobsi_otlp_begin_at(cursor), number, attributes,
                                        count)
        .cursor;
}

/* A list of attributes, of whatever it is. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_attributes(llmobsi_otlp out, llmobsi_otlp_at at,
                                                       llmobsi_otlp_name name,
                                                       const llmobs_attribute_view* attributes,
                                                       size_t count)
{
    at = llmobsi_otlp_list(out, at, name);
    switch (out.form) {
    case LLMOBS_I_OTLP_JSON:
        at.cursor = llmobsi_otlp_attributes_json(out.writer, at.cursor, attributes, count);
        break;
    case LLMOBS_I_OTLP_SIZE:
        at.size += llmobsi_otlp_attributes_size(out.texts, name.number, attributes, count);
        break;
    case LLMOBS_I_OTLP_BYTES:
        at.cursor = llmobsi_otlp_attributes_bytes(out.writer, out.texts, at.cursor, name.number,
                                                  attributes, count);
        break;
    }
    return llmobsi_otlp_list_end(out, at);
}

/* Those of something that is not a resource: none is no list. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_own_attributes(llmobsi_otlp out, llmobsi_otlp_at at,
                                                           llmobsi_otlp_name name,
                                                           const llmobs_attribute_view* attributes,
                                                           size_t count)
{
    if (count > 0 && attributes != NULL) {
        at = llmobsi_otlp_attributes(out, at, name, attributes, count);
    }
    return at;
}

/* How many of something were dropped, where any were. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_dropped(llmobsi_otlp out, llmobsi_otlp_at at,
                                                    llmobsi_otlp_name name, uint32_t count)
{
    if (llmobsi_unlikely(count > 0)) {
        at = llmobsi_otlp_room(out, at, 128);
        at = llmobsi_otlp_uint32(out, at, name, count);
    }
    return at;
}

/* ---- events and links ---------------------------------------------------------------------- */

/* Span.Event */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_event(llmobsi_otlp out, llmobsi_otlp_at at,
                                                  const void* part)
{
    const llmobs_event_view* event = (const llmobs_event_view*)part;
    at = llmobsi_otlp_room(out, at, 128);
    at = llmobsi_otlp_fixed64(out, at, llmobsi_otlp_first(1, "timeUnixNano"), event->unix_ns);
    at = llmobsi_otlp_text(out, at, llmobsi_otlp_field(2, "name"), event->name);
    at = llmobsi_otlp_own_attributes(out, at, llmobsi_otlp_field(3, "attributes"),
                                     event->attributes, event->attribute_count);
    return llmobsi_otlp_dropped(out, at, llmobsi_otlp_field(4, "droppedAttributesCount"),
                                event->dropped_attribute_count);
}

/* Span.Link */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_link(llmobsi_otlp out, llmobsi_otlp_at at,
                                                 const void* part)
{
    const llmobs_link_view* link = (const llmobs_link_view*)part;
    at = llmobsi_otlp_room(out, at, 192);
    at = llmobsi_otlp_id(out, at, llmobsi_otlp_first(1, "traceId"), link->trace_id, 16);
    at = llmobsi_otlp_id(out, at, llmobsi_otlp_field(2, "spanId"), link->span_id, 8);
    if (link->flags != 0) {
        at = llmobsi_otlp_fixed32(out, at, llmobsi_otlp_field(6, "flags"), link->flags);
    }
    if (link->trace_state.size > 0) {
        at = llmobsi_otlp_text(out, at, llmobsi_otlp_field(3, "traceState"), link->trace_state);
    }
    at = llmobsi_otlp_room(out, at, LLMOBS_I_JSON_AFTER);
    at = llmobsi_otlp_own_attributes(out, at, llmobsi_otlp_field(4, "attributes"), link->attributes,
                                     link->attribute_count);
    return llmobsi_otlp_dropped(out, at, llmobsi_otlp_field(5, "droppedAttributesCount"),
                                link->dropped_attribute_count);
}

/* ---- spans --------------------------------------------------------------------------------- */

/* Status: only an error has a message. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_status(llmobsi_otlp out, llmobsi_otlp_at at,
                                                   const llmobs_span_view* span)
{
    bool has_message = span->status == LLMOBS_STATUS_ERROR && span->status_message.size > 0;
    if (has_message) {
        at = llmobsi_otlp_text(out, at, llmobsi_otlp_first(2, "message"), span->status_message);
    }
    at = llmobsi_otlp_room(out, at, 128);
    return llmobsi_otlp_enum(
        out, at, llmobsi_otlp_first_if(!has_message, llmobsi_otlp_field(3, "code")),
        (uint32_t)span->status);
}

llmobsi_fn uint64_t llmobsi_otlp_status_size(llmobsi_otlp_texts* texts,
                                             const llmobs_span_view* span)
{
    return llmobsi_otlp_status(llmobsi_otlp_measure(texts), llmobsi_otlp_begin_at(NULL), span).size;
}

/* The status of a span that has one. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_span_status(llmobsi_otlp out, llmobsi_otlp_at at,
                                                        llmobsi_otlp_name name,
                                                        const llmobs_span_view* span)
{
    if (llmobsi_likely(span->status != LLMOBS_STATUS_OK && span->status != LLMOBS_STATUS_ERROR)) {
        return at;
    }
    at = llmobsi_otlp_room(out, at, LLMOBS_I_JSON_AFTER);
    at = llmobsi_otlp_open(out, at, name,
                           llmobsi_otlp_is_protobuf(out)
                               ? llmobsi_otlp_status_size(out.texts, span)
                               : 0);
    if (out.form == LLMOBS_I_OTLP_SIZE) {
        return at;
    }
    at = llmobsi_otlp_status(out, at, span);
    return llmobsi_otlp_close(out, at);
}

/* Which trace, which span, and under whom: a root has no parent id at all. */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_span_ids(llmobsi_otlp out, llmobsi_otlp_at at,
                                                     const llmobs_span_view* span)
{
    at = llmobsi_otlp_room(out, at, 256);
    at = llmobsi_otlp_id(out, at, llmobsi_otlp_first(1, "traceId"), span->trace_id, 16);
    at = llmobsi_otlp_id(out, at, llmobsi_otlp_field(2, "spanId"), span->span_id, 8);
    if (llmobsi_load_le64(span->parent_span_id) != 0) {
        at = llmobsi_otlp_id(out, at, llmobsi_otlp_field(4, "parentSpanId"), span->parent_span_id,
                             8);
    }
    if (span->flags != 0) {
        at = llmobsi_otlp_fixed32(out, at, llmobsi_otlp_field(16, "flags"), span->flags);
    }
    if (llmobsi_unlikely(span->trace_state.size > 0)) {
        at = llmobsi_otlp_text(out, at, llmobsi_otlp_field(3, "traceState"), span->trace_state);
    }
    return at;
}

llmobsi_inline llmobsi_otlp_at llmobsi_otlp_events_and_links(llmobsi_otlp out, llmobsi_otlp_at at,
                                                             const llmobs_span_view* span)
{
    if (llmobsi_unlikely(span->event_count > 0 && span->events != NULL)) {
        at = llmobsi_otlp_parts(out, at, llmobsi_otlp_field(11, "events"), llmobsi_otlp_event,
                                span->events, sizeof *span->events, span->event_count);
    }
    at = llmobsi_otlp_dropped(out, at, llmobsi_otlp_field(12, "droppedEventsCount"),
                              span->dropped_event_count);
    if (llmobsi_unlikely(span->link_count > 0 && span->links != NULL)) {
        at = llmobsi_otlp_parts(out, at, llmobsi_otlp_field(13, "links"), llmobsi_otlp_link,
                                span->links, sizeof *span->links, span->link_count);
    }
    return llmobsi_otlp_dropped(out, at, llmobsi_otlp_field(14, "droppedLinksCount"),
                                span->dropped_link_count);
}

/* Span */
llmobsi_inline llmobsi_otlp_at llmobsi_otlp_span(llmobsi_otlp out, llmobsi_otlp_at at,
                                                 const llmobs_span_view* span)
{
    bool known = span->kind >= LLMOBS_KIND_INTERNAL && span->kind <= LLMOBS_KIND_CONSUMER;
    at = llmobsi_otlp_span_ids(out, at, span);
    at = llmobsi_otlp_text(out, at, llmobsi_otlp_field(5, "name"), span->name);
    at = llmobsi_otlp_room(out, at, 256);
    at = llmobsi_otlp_enum(out, at, llmobsi_otlp_field(6, "kind"),
                           (uint32_t)(known ? span->kind : LLMOBS_KIND_INTERNAL));
    at = llmobsi_otlp_fixed64(out, at, llmobsi_otlp_field(7, "startTimeUnixNano"),
                              span->start_unix_ns);
    at = llmobsi_otlp_fixed64(out, at, llmobsi_otlp_field(8, "endTimeUnixNano"), span->end_unix_ns);
    at = llmobsi_otlp_own_attributes(out, at, llmobsi_otlp_field(9, "attributes"), span->attributes,
                                     span->attribute_count);
    at = llmobsi_otlp_dropped(out, at, llmobsi_otlp_field(10, "droppedAttributesCount"),
                              span->dropped_attribute_count);
    at = llmobsi_otlp_events_and_links(out, at, span);
    return llmobsi_otlp_span_status(out, at, llmobsi_otlp_field(15, "status"), span);
}

llmobsi_fn char* llmobsi_otlp_span_json(llmobsi_writer* writer, char* cursor,
                                       const llmobs_batch* batch, size_t i)
{
    return llmobsi_otlp_span(llmobsi_otlp_of(LLMOBS_I_OTLP_JSON, writer, NULL),
                             llmobsi_otlp_begin_at(cursor), &batch->spans[i])
        .cursor;
}

llmobsi_fn uint64_t llmobsi_otlp_span_size(llmobsi_otlp_texts* texts, const llmobs_batch* batch,
                                           size_t i)
{
    return llmobsi_otlp_span(llmobsi_otlp_measure(texts), llmobsi_otlp_begin_at(NULL),
                             &batch->spans[i])
        .size;
}

llmobsi_fn char* llmobsi_otlp_span_bytes(llmobsi_writer* writer, llmobsi_otlp_texts* texts,
                                         char* cursor, const llmobs_batch* batch, size_t i)
{
    return llmobsi_otlp_span(llmobsi_otlp_of(LLMOBS_I_OTLP_BYTES, writer, texts),
                             llmobsi_otlp_begin_at(cursor), &batch->spans[i])
        .cursor;
}

/* ---- the message --------------------------------------------------------------------------- */

/* A signal: what its lists are called, how many records a batch has of it, and one of them in
   protobuf. */
typedef struct llmobsi_otlp_signal {
    llmobsi_otlp_name resources; /* ResourceSpans in TracesData */
    llmobsi_otlp_name scopes;    /* ScopeSpans in ResourceSpans */
    llmobsi_otlp_name records;   /* Span in ScopeSpans          */
    size_t count;
    uint64_t lost_before;
    uint64_t (*measure)(llmobsi_otlp_texts* texts, const llmobs_batch* batch, size_t i);
    char* (*bytes)(llmobsi_writer* writer, llmobsi_otlp_texts* texts, char* cursor,
                   const llmobs_batch* batch, size_t i);
} llmobsi_otlp_signal;

llmobsi_fn llmobsi_otlp_signal llmobsi_otlp_spans(const llmobs_batch* batch)
{
    llmobsi_otlp_signal signal;
    signal.resources = llmobsi_otlp_first(1, "resourceSpans");
    signal.scopes = llmobsi_otlp_field(2, "scopeSpans");
    signal.records = llmobsi_otlp_field(2, "spans");
    signal.count = batch->spans != NULL ? batch->span_count : 0;
    signal.lost_before = batch->lost_before;
    signal.measure = llmobsi_otlp_span_size;
    signal.bytes = llmobsi_otlp_span_bytes;
    return signal;
}

/* Resource */
llmobsi_fn llmobsi_otlp_at llmobsi_otlp_resource(llmobsi_otlp out, llmobsi_otlp_at at,
                                                 const llmobs_resource_view* resource)
{
    at = llmobsi_otlp_room(out, at, LLMOBS_I_JSON_AFTER);
    if (resource != NULL && resource->attributes != NULL) {
        at = llmobsi_otlp_attributes(out, at, llmobsi_otlp_first(1, "attributes"),
                                     resource->attributes, resource->attribute_count);
    }
    return at;
}

/* InstrumentationScope: who made it, the same for every signal. What was lost before this batch is
   an attribute of it, an int64: the gap is told where it is. */
llmobsi_fn llmobsi_otlp_at llmobsi_otlp_scope(llmobsi_otlp out, llmobsi_otlp_at at,
                                              uint64_t lost_before)
{
    llmobs_attribute_view lost;
    at = llmobsi_otlp_text(out, at, llmobsi_otlp_first(1, "name"), llmobs_str("llmobs"));
    at = llmobsi_otlp_text(out, at, llmobsi_otlp_field(2, "version"),
                           llmobs_str(LLMOBS_VERSION_STRING));
    if (lost_before > 0) {
        memset(&lost, 0, sizeof lost);
        lost.key = llmobs_str("llmobs.lost_before");
        lost.type = LLMOBS_TYPE_INT;
        lost.value.integer = lost_before < INT64_MAX ? (int64_t)lost_before : INT64_MAX;
        at = llmobsi_otlp_attributes(out, at, llmobsi_otlp_field(3, "attributes"), &lost, 1);
    }
    return at;
}

/* The sizes of the message's parts, the outer ones with all that is in them. For protobuf alone. */
typedef struct llmobsi_otlp_sizes {
    uint64_t resource;
    uint64_t scope;
    uint64_t scopes;    /* ScopeSpans    */
    uint64_t resources; /* ResourceSpans */
    uint64_t message;
} llmobsi_otlp_sizes;

/* All before the first record. */
llmobsi_fn llmobsi_otlp_at llmobsi_otlp_head(llmobsi_otlp out, llmobsi_otlp_at at,
                                             const llmobs_batch* batch,
                                             const llmobsi_otlp_signal* signal,
                                             const llmobsi_otlp_sizes* sizes)
{
    at = llmobsi_otlp_room(out, at, 256);
    if (out.form == LLMOBS_I_OTLP_JSON) {
        *at.cursor++ = '{';
    }
    at = llmobsi_otlp_list(out, at, signal->resources);
    at = llmobsi_otlp_item(out, at, signal->resources.number, true, sizes->resources);
    at = llmobsi_otlp_open(out, at, llmobsi_otlp_first(1, "resource"), sizes->resource);
    at = llmobsi_otlp_resource(out, at, batch->resource);
    at = llmobsi_otlp_close(out, at);
    at = llmobsi_otlp_room(out, at, 256);
    at = llmobsi_otlp_list(out, at, signal->scopes);
    at = llmobsi_otlp_item(out, at, signal->scopes.number, true, sizes->scopes);
    at = llmobsi_otlp_open(out, at, llmobsi_otlp_first(1, "scope"), sizes->scope);
    at = llmobsi_otlp_scope(out, at, signal->lost_before);
    at = llmobsi_otlp_close(out, at);
    at = llmobsi_otlp_room(out, at, 128);
    return llmobsi_otlp_list(out, at, signal->records);
}

/* ---- JSON ---------------------------------------------------------------------------------- */

typedef char* (*llmobsi_otlp_json_record)(llmobsi_writer* writer, char* cursor,
                                          const llmobs_batch* batch, size_t i);

/* One line, with a buffer of any size from LLMOBS_I_WRITER_LEAST. */
llmobsi_inline bool llmobsi_otlp_write_json(const llmobs_batch* batch, llmobsi_writer* writer,
                                            const llmobsi_otlp_signal* signal,
                                            llmobsi_otlp_json_record record)
{
    const llmobsi_otlp out = llmobsi_otlp_of(LLMOBS_I_OTLP_JSON, writer, NULL);
    llmobsi_otlp_sizes none;
    llmobsi_otlp_at at = llmobsi_otlp_begin_at(writer->data);
    const size_t count = signal->count;
    size_t i;
    memset(&none, 0, sizeof none);
    at = llmobsi_otlp_head(out, at, batch, signal, &none);
    for (i = 0; i < count && !writer->failed; i++) {
        at = llmobsi_otlp_room(out, at, LLMOBS_I_JSON_AFTER);
        at = llmobsi_otlp_item(out, at, signal->records.number, i == 0, 0);
        at.cursor = record(writer, at.cursor, batch, i);
        at = llmobsi_otlp_close(out, at);
    }
    at = llmobsi_otlp_room(out, at, LLMOBS_I_JSON_AFTER);
    at.cursor = llmobsi_append_text(at.cursor, "]}]}]}\n");
    (void)llmobsi_writer_turn(writer, at.cursor);
    return !writer->failed;
}

llmobsi_fn bool llmobsi_otlp_encode(const llmobs_batch* batch, llmobsi_writer* writer)
{
    const llmobsi_otlp_signal signal = llmobsi_otlp_spans(batch);
    return llmobsi_otlp_write_json(batch, writer, &signal, llmobsi_otlp_span_json);
}

LLMOBS_API bool llmobs_encode_otlp_json(const llmobs_batch* batch, llmobs_write_fn write,
                                        void* user)
{
    return llmobsi_batch_write(llmobsi_otlp_encode, batch, write, user);
}
