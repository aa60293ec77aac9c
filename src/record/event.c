/* What else a span can tell: events, links, status, and where it stands in its trace. */

#define LLMOBS_I_EVENTS_MAX 128u /* as OpenTelemetry's default limits */
#define LLMOBS_I_LINKS_MAX 128u
#define LLMOBS_I_LINK_HEAD 25u /* trace id, span id, flags; the tracestate follows */

/* Events and links stop short of a span's last part: what is set at its end, tokens and status,
   must find room there. A span of one part has no such reserve. */
llmobsi_inline bool llmobsi_span_is_roomy(llmobsi_thread* thread, const llmobsi_slot* slot)
{
    uint32_t parts = thread->recorder->span_parts;
    return parts == 1 || slot->part_count < parts;
}

/* ---- name, kind, status -------------------------------------------------------------------- */

/* Ends a span at a stamp that is known already. */
llmobsi_fn void llmobsi_span_end_at(llmobs_span span, uint64_t stamp)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot;
    if (span.slot == LLMOBS_I_SLOT_UNSAMPLED) {
        return;
    }
    thread = llmobsi_enter(span.instance);
    if (thread == NULL) {
        return;
    }
    slot = llmobsi_span_slot(thread, span);
    if (slot != NULL && llmobsi_slot_claim_end(thread, slot, span)) {
        llmobsi_slot_end(thread, slot, span.slot, stamp);
    }
    llmobsi_leave();
}

LLMOBS_API void llmobs_span_set_name(llmobs_span span, const char* name)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot = llmobsi_span_enter(span, &thread);
    if (slot != NULL) {
        slot->name = llmobsi_name_id(thread, name);
        llmobsi_leave();
    }
}

LLMOBS_API void llmobs_span_set_kind(llmobs_span span, llmobs_kind kind)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot = llmobsi_span_enter(span, &thread);
    if (slot != NULL) {
        slot->kind = llmobsi_kind(kind);
        llmobsi_leave();
    }
}

/* OpenTelemetry's rules: OK is final, UNSET is never set, a message goes with an error. */
llmobsi_fn void llmobsi_status_put(llmobsi_thread* thread, llmobsi_slot* slot, llmobs_status status,
                                   const char* message)
{
    bool has_message;
    if (slot->status == LLMOBS_STATUS_OK ||
        (status != LLMOBS_STATUS_OK && status != LLMOBS_STATUS_ERROR)) {
        return;
    }
    /* No message takes an earlier one away. */
    has_message = message != NULL || slot->status == LLMOBS_STATUS_ERROR;
    slot->status = (uint8_t)status;
    if (status == LLMOBS_STATUS_ERROR && has_message &&
        !llmobsi_put_string(thread, slot, 0, LLMOBS_I_FIELD_MESSAGE, LLMOBS_I_OF_SPAN, message,
                            message != NULL ? strlen(message) : 0)) {
        llmobsi_count(&thread->counts.values_truncated, 1);
    }
}

LLMOBS_API void llmobs_span_set_status(llmobs_span span, llmobs_status status, const char* message)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot = llmobsi_span_enter(span, &thread);
    if (slot != NULL) {
        llmobsi_status_put(thread, slot, status, message);
        llmobsi_leave();
    }
}

/* ---- events -------------------------------------------------------------------------------- */

/* An event's payload: when, and how many of its attributes found no room. Its attributes follow
   it. */
typedef struct llmobsi_event_head {
    uint64_t stamp;
    uint32_t dropped_attributes;
    uint32_t attribute_count;
} llmobsi_event_head;

/* `stamp`: when it happened, 0 stands for now. */
llmobsi_fn bool llmobsi_event_put(llmobsi_thread* thread, llmobsi_slot* slot, const char* name,
                                  uint64_t stamp, const llmobs_attribute* attributes,
                                  size_t count)
{
    llmobsi_event_head head;
    unsigned char* place = llmobsi_field_put(thread, slot, llmobsi_name_id(thread, name),
                                             LLMOBS_I_FIELD_EVENT, LLMOBS_I_OF_EVENT, sizeof head);
    size_t i;
    if (place == NULL) {
        return false;
    }
    head.stamp = stamp != 0 ? stamp : llmobsi_now(&thread->recorder->timeline);
    head.dropped_attributes = 0;
    head.attribute_count = 0;
    for (i = 0; attributes != NULL && i < count; i++) {
        uint32_t key;
        if (!llmobsi_key_id(thread, attributes[i].key, &key)) {
            head.dropped_attributes++;
        } else if (head.attribute_count < LLMOBS_I_ATTRIBUTES_MAX &&
                   llmobsi_attribute_put(thread, slot, LLMOBS_I_OF_EVENT, key, &attributes[i])) {
            head.attribute_count++;
        } else {
            head.dropped_attributes++;
            llmobsi_count(&thread->counts.attributes_dropped, 1);
        }
    }
    memcpy(place, &head, sizeof head);
    return true;
}

llmobsi_fn void llmobsi_span_event_at(llmobs_span span, const char* name, uint64_t stamp,
                                      const llmobs_attribute* attributes, size_t count)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot = llmobsi_span_enter(span, &thread);
    if (slot != NULL) {
        if (slot->event_count < LLMOBS_I_EVENTS_MAX && llmobsi_span_is_roomy(thread, slot) &&
            llmobsi_event_put(thread, slot, name, stamp, attributes, count)) {
            slot->event_count++;
        } else {
            slot->dropped_events =
                (uint16_t)(slot->dropped_events + (slot->dropped_events != UINT16_MAX));
            llmobsi_count(&thread->counts.events_dropped, 1);
        }
        llmobsi_leave();
    }
}

LLMOBS_API void llmobs_span_event_with(llmobs_span span, const char* name,
                                       const llmobs_attribute* attributes, size_t count)
{
    llmobsi_span_event_at(span, name, 0, attributes, count);
}

LLMOBS_API void llmobs_span_event(llmobs_span span, const char* name)
{
    llmobs_span_event_with(span, name, NULL, 0);
}

/* ---- context ------------------------------------------------------------------------------- */

/* The trace context of a span that sampling left out, computed from its handle. */
llmobsi_fn void llmobsi_context_unsampled(llmobs_span span, llmobs_trace_context* context)
{
    llmobsi_write_be64(context->trace_id, llmobsi_unsampled_mix(span.generation, 1));
    llmobsi_write_be64(context->trace_id + 8, span.generation);
    llmobsi_write_be64(context->span_id, llmobsi_unsampled_mix(span.generation, 2));
    context->flags = LLMOBS_TRACE_RANDOM;
}

llmobsi_fn bool llmobsi_context_of(llmobsi_thread* thread, llmobs_span span,
                                   llmobs_trace_context* context)
{
    llmobsi_lineage lineage;
    if (!llmobsi_span_lineage(thread, span, &lineage)) {
        llmobsi_count(&thread->counts.inert_calls, 1);
        return false;
    }
    llmobsi_write_be64(context->trace_id, lineage.trace_high);
    llmobsi_write_be64(context->trace_id + 8, lineage.trace_low);
    llmobsi_write_be64(context->span_id, lineage.parent_id);
    context->flags = (uint8_t)(lineage.flags & (LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM));
    if ((lineage.flags & LLMOBS_I_FLAGS_TRACESTATE) != 0) {
        llmobsi_span_tracestate(thread->recorder, span, lineage.flags, context->tracestate);
    }
    return true;
}

/* Fills what a context has, whatever was in it: clearing all of its text takes longer. */
llmobsi_fn bool llmobsi_context_fill(llmobs_span span, llmobs_trace_context* context)
{
    llmobsi_thread* thread = llmobsi_enter(span.instance);
    bool found = true;
    if (thread == NULL) {
        return false;
    }
    context->tracestate[0] = '\0';
    if (span.slot == LLMOBS_I_SLOT_UNSAMPLED) {
        llmobsi_context_unsampled(span, context);
    } else {
        found = llmobsi_context_of(thread, span, context);
    }
    llmobsi_leave();
    return found;
}

LLMOBS_API llmobs_result llmobs_span_context(llmobs_span span, llmobs_trace_context* context)
{
    if (context == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(context, 0, sizeof *context);
    return llmobsi_context_fill(span, context) ? LLMOBS_OK : LLMOBS_ERROR_CLOSED;
}

LLMOBS_API bool llmobs_span_is_recording(llmobs_span span)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot;
    bool recording = false;
    if (span.slot == LLMOBS_I_SLOT_UNSAMPLED) {
        return false;
    }
    thread = llmobsi_enter(span.instance);
    if (thread != NULL) {
        slot = &thread->slots[span.slot & thread->slot_mask];
        recording = span.slot <= thread->slot_mask &&
                    llmobsi_load_acquire(&slot->state) == span.generation &&
                    (llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) != 0;
        llmobsi_leave();
    }
    return recording;
}

/* ---- links --------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_link_put(llmobsi_thread* thread, llmobsi_slot* slot,
                                 const llmobs_trace_context* target)
{
    size_t state_size =
        llmobsi_header_size(target->tracestate, LLMOBS_NUL_TERMINATED, LLMOBS_TRACESTATE_SIZE);
    unsigned char* place;
    if (LLMOBS_I_LINK_HEAD + state_size + sizeof(llmobsi_field) > LLMOBS_I_SLOT_BODY) {
        state_size = 0; /* the link matters more than its tracestate */
    }
    place = llmobsi_field_put(thread, slot, 0, LLMOBS_I_FIELD_LINK, 0,
                              LLMOBS_I_LINK_HEAD + (uint32_t)state_size);
    if (place == NULL) {
        return false;
    }
    memcpy(place, target->trace_id, 16);
    memcpy(place + 16, target->span_id, 8);
    place[24] = target->flags;
    memcpy(place + LLMOBS_I_LINK_HEAD, target->tracestate, state_size);
    return true;
}

LLMOBS_API void llmobs_span_link(llmobs_span span, const llmobs_trace_context* target)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot = target != NULL ? llmobsi_span_enter(span, &thread) : NULL;
    if (slot != NULL) {
        if (slot->link_count < LLMOBS_I_LINKS_MAX && llmobsi_context_is_valid(target) &&
            llmobsi_span_is_roomy(thread, slot) && llmobsi_link_put(thread, slot, target)) {
            slot->link_count++;
        } else {
            slot->dropped_links =
                (uint16_t)(slot->dropped_links + (slot->dropped_links != UINT16_MAX));
            llmobsi_count(&thread->counts.links_dropped, 1);
        }
        llmobsi_leave();
    }
}

LLMOBS_API void llmobs_span_link_to(llmobs_span span, llmobs_span target)
{
    llmobs_trace_context context;
    if (llmobsi_context_fill(target, &context)) {
        llmobs_span_link(span, &context);
    }
}

LLMOBS_API llmobs_result llmobs_thread_attach(llmobs* obs)
{
    uint32_t ticket = llmobsi_ticket(obs);
    llmobs_drop why;
    llmobsi_thread* thread = llmobsi_enter(ticket);
    if (thread == NULL) {
        thread = llmobsi_enter_anew(ticket, &why);
        if (thread == NULL) {
            return why == LLMOBS_DROP_COUNT ? LLMOBS_ERROR_CLOSED
                   : why == LLMOBS_DROP_THREADS ? LLMOBS_ERROR_LIMIT
                                                : LLMOBS_ERROR_BUSY;
        }
    }
    llmobsi_leave();
    return LLMOBS_OK;
}
