/* Log records: taken, filled and published by one call, in a slot chain such as a span has. From
   there on they go the same way: ring, tick, queues. No handle ever stands for one, and the tick
   can't find one that is open. */

#define LLMOBS_I_SEVERITIES 24u

/* As a slot holds it. */
llmobsi_inline uint8_t llmobsi_severity(llmobs_severity severity)
{
    uint32_t number = (uint32_t)severity;
    return (uint8_t)(number == 0                   ? (uint32_t)LLMOBS_SEVERITY_INFO
                     : number < LLMOBS_I_SEVERITIES ? number
                                                    : LLMOBS_I_SEVERITIES);
}

LLMOBS_API const char* llmobs_severity_name(llmobs_severity severity)
{
    static const char* const names[LLMOBS_I_SEVERITIES + 1] = {
        "UNSPECIFIED", "TRACE",  "TRACE2", "TRACE3", "TRACE4", "DEBUG",  "DEBUG2",
        "DEBUG3",      "DEBUG4", "INFO",   "INFO2",  "INFO3",  "INFO4",  "WARN",
        "WARN2",       "WARN3",  "WARN4",  "ERROR",  "ERROR2", "ERROR3", "ERROR4",
        "FATAL",       "FATAL2", "FATAL3", "FATAL4"};
    return names[(uint32_t)severity <= LLMOBS_I_SEVERITIES ? (uint32_t)severity : 0u];
}

LLMOBS_API llmobs_string llmobs_str(const char* text)
{
    llmobs_string string;
    string.data = text != NULL ? text : "";
    string.size = strlen(string.data);
    return string;
}

LLMOBS_API llmobs_string llmobs_text(const char* data, size_t size)
{
    llmobs_string text;
    text.data = data;
    text.size = size;
    return data == NULL || size == LLMOBS_NUL_TERMINATED ? llmobs_str(data) : text;
}

/* Whether a record of this severity is wanted by the instance of the ticket. If that is closed the
   answer is another's, and the way in is shut anyway. */
llmobsi_inline bool llmobsi_log_wanted(uint32_t ticket, uint8_t severity)
{
    const llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    return ticket != 0 && severity >= llmobsi_load_relaxed(&place->log_severity);
}

/* Comes in to make a log record: when that fails, it is counted with the instance. */
llmobsi_cold llmobsi_thread* llmobsi_enter_to_log_late(uint32_t ticket)
{
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    llmobs_drop why;
    llmobsi_thread* thread = llmobsi_enter_anew(ticket, &why);
    if (thread == NULL && why != LLMOBS_DROP_COUNT) {
        (void)llmobsi_add_relaxed(&place->dropped[why], 1);
        (void)llmobsi_add_relaxed(&place->logs_dropped, 1);
    }
    return thread;
}

llmobsi_inline llmobsi_thread* llmobsi_enter_to_log(uint32_t ticket)
{
    return llmobsi_enter_by(ticket, llmobsi_enter_to_log_late);
}

/* Where in its trace a record of this span stands: `parent_id` is the span's own id. All zero for a
   span that is none, another instance's, or so long ended that its slot is another's. */
llmobsi_fn void llmobsi_log_lineage(llmobsi_thread* thread, llmobs_span span,
                                    llmobsi_lineage* lineage)
{
    bool known = span.instance == thread->recorder->ticket;
    if (known && span.slot == LLMOBS_I_SLOT_UNSAMPLED) {
        lineage->trace_high = llmobsi_unsampled_mix(span.generation, 1);
        lineage->trace_low = span.generation;
        lineage->parent_id = llmobsi_unsampled_mix(span.generation, 2);
        lineage->flags = LLMOBS_TRACE_RANDOM;
    } else if (!known || !llmobsi_span_lineage(thread, span, lineage)) {
        memset(lineage, 0, sizeof *lineage);
    } else {
        lineage->flags &= (uint8_t)(LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM);
    }
}

/* ---- begin and publish --------------------------------------------------------------------- */

/* Counts a record, and takes and fills its slot; NULL, and it is dropped: the pool is empty. A
   slot's `start` is when the record was made, its `end` when the thing happened, in Unix time. */
llmobsi_inline llmobsi_slot* llmobsi_log_begin(llmobsi_thread* thread,
                                               const llmobsi_lineage* lineage,
                                               const char* event_name, uint64_t unix_ns)
{
    llmobsi_slot* slot;
    uint32_t index;
    bool taken = llmobsi_slot_take(thread, &index);
    llmobsi_count(&thread->counts.started, 1);
    llmobsi_count(&thread->counts.logs, 1);
    if (llmobsi_unlikely(!taken)) {
        llmobsi_count(&thread->counts.dropped_pool, 1);
        return NULL;
    }
    slot = &thread->slots[index];
    (void)llmobsi_slot_fill(thread, index, lineage, lineage->parent_id,
                            llmobsi_name_id(thread, event_name));
    llmobsi_store_relaxed(&slot->start, llmobsi_now(&thread->recorder->timeline));
    slot->end = unix_ns;
    slot->thread = (uint16_t)thread->number;
    return slot;
}

llmobsi_inline void llmobsi_log_publish(llmobsi_thread* thread, llmobsi_slot* slot)
{
    uint64_t state = llmobsi_load_relaxed(&slot->state);
    llmobsi_store_release(&slot->state, state + LLMOBS_I_SLOT_ENDED); /* whole, for a recoverer */
    llmobsi_count(&thread->counts.ended, 1);
    llmobsi_ring_push(&thread->ring, (uint32_t)(slot - thread->slots)); /* releases all of it */
}

/* ---- any event ----------------------------------------------------------------------------- */

/* What every event but an interaction begins with. */
llmobsi_inline void llmobsi_log_say(llmobsi_thread* thread, llmobsi_slot* slot, uint8_t severity,
                                    llmobs_string body)
{
    slot->kind = LLMOBS_I_SLOT_IS_LOG;
    slot->status = severity;
    if (body.size > 0) { /* the first field: there is room */
        (void)llmobsi_put_string(thread, slot, 0, LLMOBS_I_FIELD_BODY, LLMOBS_I_OF_SPAN, body.data,
                                 body.size);
    }
}

llmobsi_fn void llmobsi_log_record(llmobsi_thread* thread, const llmobs_log_info* info,
                                   uint8_t severity)
{
    llmobsi_lineage lineage;
    llmobsi_slot* slot;
    llmobsi_log_lineage(thread, info->span, &lineage);
    slot = llmobsi_log_begin(thread, &lineage, info->event_name, info->unix_ns);
    if (slot == NULL) {
        return;
    }
    llmobsi_log_say(thread, slot, severity, info->body);
    llmobsi_attributes_add(thread, slot, info->attributes, info->attribute_count);
    llmobsi_log_publish(thread, slot);
}

LLMOBS_API llmobs_log_info llmobs_log_info_default(void)
{
    llmobs_log_info info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    info.severity = LLMOBS_SEVERITY_INFO;
    return info;
}

LLMOBS_API void llmobs_log_with(llmobs* obs, const llmobs_log_info* info)
{
    llmobs_log_info known = llmobs_log_info_default();
    uint32_t ticket = llmobsi_ticket(obs);
    llmobsi_thread* thread;
    uint8_t severity;
    if (info == NULL) {
        return;
    }
    memcpy(&known, info, llmobsi_known_size(info->size, sizeof known));
    severity = llmobsi_severity(known.severity);
    if (!llmobsi_log_wanted(ticket, severity)) {
        return;
    }
    thread = llmobsi_enter_to_log(ticket);
    if (thread == NULL) {
        return;
    }
    if (thread->recorder->spans_on) {
        llmobsi_log_record(thread, &known, severity);
    }
    llmobsi_leave();
}

LLMOBS_API void llmobs_log(llmobs* obs, llmobs_severity severity, const char* event_name,
                           const char* body)
{
    llmobs_log_info info;
    if (!llmobsi_log_wanted(llmobsi_ticket(obs), llmobsi_severity(severity))) {
        return; /* the cheap way out */
    }
    info = llmobs_log_info_default();
    info.severity = severity;
    info.event_name = event_name;
    info.body = llmobs_str(body);
    llmobs_log_with(obs, &info);
}
