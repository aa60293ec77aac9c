/* Batches as bytes: out. A first walk collects the names and the size, a second one writes. */

typedef struct llmobsi_packed {
    const llmobs_batch* batch;
    llmobsi_writer* writer; /* NULL while it is measured */
    uint64_t size;          /* of all, once it is measured */
    llmobsi_packed_counts counts;
    llmobsi_packed_names names;
} llmobsi_packed;

llmobsi_inline void llmobsi_packed_bytes(llmobsi_packed* out, const void* data, size_t size)
{
    if (out->writer != NULL) {
        llmobsi_put(out->writer, (const char*)data, size);
    } else {
        out->size += size;
    }
}

llmobsi_fn void llmobsi_packed_number(llmobsi_packed* out, uint64_t number)
{
    unsigned char bytes[10];
    size_t size = 0;
    while (number >= 0x80) {
        bytes[size++] = (unsigned char)(number | 0x80);
        number >>= 7;
    }
    bytes[size++] = (unsigned char)number;
    llmobsi_packed_bytes(out, bytes, size);
}

llmobsi_fn void llmobsi_packed_word(llmobsi_packed* out, uint64_t word)
{
    unsigned char bytes[8];
    llmobsi_store_le64(bytes, word);
    llmobsi_packed_bytes(out, bytes, sizeof bytes);
}

llmobsi_fn void llmobsi_packed_double(llmobsi_packed* out, double number)
{
    llmobsi_packed_word(out, llmobsi_double_bits(number));
}

llmobsi_fn void llmobsi_packed_text(llmobsi_packed* out, llmobs_string text)
{
    llmobsi_packed_number(out, text.size);
    llmobsi_packed_bytes(out, text.data, text.size);
}

llmobsi_fn void llmobsi_packed_texts(llmobsi_packed* out, const llmobs_string* texts, size_t count)
{
    size_t i;
    llmobsi_packed_number(out, count);
    for (i = 0; i < count; i++) {
        llmobsi_packed_text(out, texts[i]);
    }
}

llmobsi_fn void llmobsi_packed_put_name(llmobsi_packed* out, llmobs_string text)
{
    uint32_t number = llmobsi_packed_name(&out->names, text, out->writer == NULL);
    llmobsi_packed_number(out, number);
    if (number == 0) {
        llmobsi_packed_text(out, text);
    }
}

/* ---- attributes ---------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_packed_attribute(llmobsi_packed* out, const llmobs_attribute_view* view)
{
    llmobsi_packed_put_name(out, view->key);
    llmobsi_packed_number(out, (uint64_t)view->type);
    switch (view->type) {
        case LLMOBS_TYPE_STRING:
            llmobsi_packed_text(out, view->value.string);
            break;
        case LLMOBS_TYPE_STRINGS:
            llmobsi_packed_texts(out, view->value.strings, view->count);
            break;
        case LLMOBS_TYPE_BOOL:
            llmobsi_packed_number(out, view->value.boolean);
            break;
        case LLMOBS_TYPE_DOUBLE:
            llmobsi_packed_double(out, view->value.real);
            break;
        case LLMOBS_TYPE_INT:
            llmobsi_packed_word(out, (uint64_t)view->value.integer);
            break;
    }
}

llmobsi_fn void llmobsi_packed_attributes(llmobsi_packed* out, const llmobs_attribute_view* views,
                                          uint32_t count)
{
    uint32_t i;
    llmobsi_packed_number(out, count);
    for (i = 0; i < count; i++) {
        llmobsi_packed_attribute(out, &views[i]);
    }
}

/* ---- spans --------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_packed_event(llmobsi_packed* out, const llmobs_event_view* event)
{
    llmobsi_packed_put_name(out, event->name);
    llmobsi_packed_word(out, event->unix_ns);
    llmobsi_packed_number(out, event->dropped_attribute_count);
    llmobsi_packed_attributes(out, event->attributes, event->attribute_count);
}

llmobsi_fn void llmobsi_packed_link(llmobsi_packed* out, const llmobs_link_view* link)
{
    llmobsi_packed_bytes(out, link->trace_id, sizeof link->trace_id);
    llmobsi_packed_bytes(out, link->span_id, sizeof link->span_id);
    llmobsi_packed_number(out, link->flags);
    llmobsi_packed_number(out, link->dropped_attribute_count);
    llmobsi_packed_text(out, link->trace_state);
    llmobsi_packed_attributes(out, link->attributes, link->attribute_count);
}

llmobsi_fn void llmobsi_packed_span(llmobsi_packed* out, const llmobs_span_view* span)
{
    uint32_t i;
    llmobsi_packed_bytes(out, span->trace_id, sizeof span->trace_id);
    llmobsi_packed_bytes(out, span->span_id, sizeof span->span_id);
    llmobsi_packed_bytes(out, span->parent_span_id, sizeof span->parent_span_id);
    llmobsi_packed_word(out, span->start_unix_ns);
    llmobsi_packed_word(out, span->end_unix_ns);
    llmobsi_packed_number(out, (uint64_t)span->kind);
    llmobsi_packed_number(out, (uint64_t)span->status);
    llmobsi_packed_number(out, span->flags);
    llmobsi_packed_number(out, span->thread);
    llmobsi_packed_number(out, span->dropped_attribute_count);
    llmobsi_packed_number(out, span->dropped_event_count);
    llmobsi_packed_number(out, span->dropped_link_count);
    llmobsi_packed_put_name(out, span->name);
    llmobsi_packed_text(out, span->trace_state);
    llmobsi_packed_text(out, span->status_message);
    llmobsi_packed_attributes(out, span->attributes, span->attribute_count);
    llmobsi_packed_number(out, span->event_count);
    for (i = 0; i < span->event_count; i++) {
        llmobsi_packed_event(out, &span->events[i]);
    }
    llmobsi_packed_number(out, span->link_count);
    for (i = 0; i < span->link_count; i++) {
        llmobsi_packed_link(out, &span->links[i]);
    }
}

/* ---- log records --------------------------------------------------------------------------- */

/* Its numbers are mostly -1, "unknown": one more takes a byte. */
llmobsi_fn void llmobsi_packed_interaction(llmobsi_packed* out,
                                           const llmobs_interaction* interaction)
{
    llmobsi_interaction_parts parts;
    uint32_t i;
    llmobsi_interaction_parts_of(interaction, &parts);
    llmobsi_packed_word(out, interaction->unix_ns);
    llmobsi_packed_number(out, (uint64_t)interaction->severity);
    llmobsi_packed_number(out, interaction->guardrails_passed);
    llmobsi_packed_number(out, interaction->cost_known);
    llmobsi_packed_number(out, (uint64_t)interaction->provenance);
    llmobsi_packed_texts(out, interaction->guardrails_triggered, interaction->guardrail_count);
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS; i++) {
        llmobsi_packed_text(out, parts.texts[i]);
    }
    for (i = 0; i < LLMOBS_I_INTERACTION_NUMBERS; i++) {
        llmobsi_packed_number(out, (uint64_t)parts.numbers[i] + 1);
    }
}

llmobsi_fn void llmobsi_packed_log(llmobsi_packed* out, const llmobs_log_view* log)
{
    llmobsi_packed_bytes(out, log->trace_id, sizeof log->trace_id);
    llmobsi_packed_bytes(out, log->span_id, sizeof log->span_id);
    llmobsi_packed_word(out, log->unix_ns);
    llmobsi_packed_word(out, log->observed_unix_ns);
    llmobsi_packed_number(out, (uint64_t)log->severity);
    llmobsi_packed_number(out, log->flags);
    llmobsi_packed_number(out, log->thread);
    llmobsi_packed_number(out, log->dropped_attribute_count);
    llmobsi_packed_put_name(out, log->event_name);
    llmobsi_packed_text(out, log->body);
    llmobsi_packed_attributes(out, log->attributes, log->attribute_count);
    /* 0: there is none; else 1 more than its vocabulary. */
    llmobsi_packed_number(out, log->interaction != NULL ? 1u + (uint64_t)log->vocabulary : 0u);
    if (log->interaction != NULL) {
        llmobsi_packed_interaction(out, log->interaction);
    }
}

/* ---- metrics ------------------------------------------------------------------------------- */

/* A value's bits: which number it is, its metric says. */
llmobsi_fn void llmobsi_packed_value(llmobsi_packed* out, llmobs_value value)
{
    uint64_t bits;
    LLMOBS_I_STATIC_ASSERT(packed_value, sizeof value == sizeof bits);
    memcpy(&bits, &value, sizeof bits);
    llmobsi_packed_word(out, bits);
}

llmobsi_fn void llmobsi_packed_exemplar(llmobsi_packed* out, const llmobs_exemplar_view* exemplar)
{
    llmobsi_packed_bytes(out, exemplar->trace_id, sizeof exemplar->trace_id);
    llmobsi_packed_bytes(out, exemplar->span_id, sizeof exemplar->span_id);
    llmobsi_packed_double(out, exemplar->value);
    llmobsi_packed_word(out, exemplar->unix_ns);
    llmobsi_packed_number(out, exemplar->bucket);
}

llmobsi_fn void llmobsi_packed_point(llmobsi_packed* out, const llmobs_point_view* point)
{
    uint32_t i;
    llmobsi_packed_attributes(out, point->attributes, point->attribute_count);
    llmobsi_packed_text(out, point->labels);
    llmobsi_packed_word(out, point->start_unix_ns);
    llmobsi_packed_word(out, point->time_unix_ns);
    llmobsi_packed_value(out, point->value);
    llmobsi_packed_value(out, point->min);
    llmobsi_packed_value(out, point->max);
    llmobsi_packed_number(out, point->count);
    llmobsi_packed_number(out, point->zero_count);
    llmobsi_packed_number(out, (uint32_t)point->scale);
    llmobsi_packed_number(out, (uint32_t)point->offset);
    llmobsi_packed_number(out, point->bucket_count);
    for (i = 0; i < point->bucket_count; i++) {
        llmobsi_packed_number(out, point->bucket_counts[i]);
    }
    llmobsi_packed_number(out, point->exemplar_count);
    for (i = 0; i < point->exemplar_count; i++) {
        llmobsi_packed_exemplar(out, &point->exemplars[i]);
    }
}

llmobsi_fn void llmobsi_packed_metric(llmobsi_packed* out, const llmobs_metric_view* metric)
{
    size_t i;
    llmobsi_packed_text(out, metric->name);
    llmobsi_packed_text(out, metric->help);
    llmobsi_packed_text(out, metric->unit);
    llmobsi_packed_text(out, metric->family);
    llmobsi_packed_number(out, (uint64_t)metric->instrument);
    llmobsi_packed_number(out, (uint64_t)metric->number);
    llmobsi_packed_number(out, (uint64_t)metric->temporality);
    llmobsi_packed_double(out, metric->least);
    llmobsi_packed_double(out, metric->most);
    llmobsi_packed_number(out, metric->bound_count);
    for (i = 0; i < metric->bound_count; i++) {
        llmobsi_packed_double(out, metric->bounds[i]);
    }
    llmobsi_packed_number(out, metric->point_count);
    for (i = 0; i < metric->point_count; i++) {
        llmobsi_packed_point(out, &metric->points[i]);
    }
}

/* ---- a batch ------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_packed_begin(llmobsi_packed* out)
{
    const unsigned char version = LLMOBS_I_PACKED_VERSION;
    llmobsi_packed_bytes(out, &version, 1);
    llmobsi_packed_word(out, out->batch->id);
    llmobsi_packed_number(out, out->batch->lost_before);
    llmobsi_packed_number(out, out->counts.spans);
    llmobsi_packed_number(out, out->counts.logs);
    llmobsi_packed_number(out, out->counts.metrics);
    llmobsi_packed_number(out, out->counts.points);
    llmobsi_packed_texts(out, out->names.texts, out->names.count);
}

llmobsi_fn void llmobsi_packed_body(llmobsi_packed* out)
{
    const llmobs_batch* batch = out->batch;
    size_t i;
    if (batch->resource != NULL) {
        llmobsi_packed_attributes(out, batch->resource->attributes,
                                  batch->resource->attribute_count);
    } else {
        llmobsi_packed_number(out, 0);
    }
    for (i = 0; i < batch->span_count; i++) {
        llmobsi_packed_span(out, &batch->spans[i]);
    }
    for (i = 0; i < batch->log_count; i++) {
        llmobsi_packed_log(out, &batch->logs[i]);
    }
    for (i = 0; i < batch->metric_count; i++) {
        llmobsi_packed_metric(out, &batch->metrics[i]);
    }
}

/* The first walk: afterwards its size is known. The batch must stay as it is till it is written. */
llmobsi_fn void llmobsi_packed_measure(llmobsi_packed* out, const llmobs_batch* batch)
{
    memset(out, 0, offsetof(llmobsi_packed, names) + offsetof(llmobsi_packed_names, texts));
    out->batch = batch;
    out->counts.spans = batch->span_count;
    out->counts.logs = batch->log_count;
    out->counts.metrics = batch->metric_count;
    out->counts.points = llmobsi_batch_points(batch);
    llmobsi_packed_body(out);
    llmobsi_packed_begin(out);
}

/* The second walk: `size` bytes. False: the writer failed. */
llmobsi_fn bool llmobsi_packed_write(llmobsi_packed* out, llmobsi_writer* writer)
{
    out->writer = writer;
    llmobsi_packed_begin(out);
    llmobsi_packed_body(out);
    return llmobsi_writer_finish(writer);
}
