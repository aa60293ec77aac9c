/* Spans: begun, filled and ended in place, in a slot of the pool. */

/* The slot of a span that sampling left out: there is none. Its handle's generation is the low
   half of the trace id, from which the rest is computed: it costs no memory, yet has a context. */
#define LLMOBS_I_SLOT_UNSAMPLED UINT32_MAX

llmobsi_inline uint32_t llmobsi_ticket(const llmobs* obs)
{
    return (uint32_t)(uintptr_t)obs;
}

llmobsi_inline llmobs_span llmobsi_span_none(void)
{
    llmobs_span span;
    span.instance = 0;
    span.slot = 0;
    span.generation = 0;
    return span;
}

/* What a span hands down to its children. */
typedef struct llmobsi_lineage {
    uint64_t trace_high;
    uint64_t trace_low;
    uint64_t parent_id;
    uint8_t flags;
} llmobsi_lineage;

/* ---- slots of handles ---------------------------------------------------------------------- */

/* The slot of a live span, or NULL. */
llmobsi_inline llmobsi_slot* llmobsi_span_slot(llmobsi_thread* thread, llmobs_span span)
{
    llmobsi_slot* slot = &thread->slots[span.slot & thread->slot_mask];
    if (llmobsi_likely(span.slot <= thread->slot_mask &&
                       llmobsi_load_relaxed(&slot->state) == span.generation)) {
        /* Relaxed: who gave this thread the handle also made what the handle stands for visible. */
        return slot;
    }
    if (span.slot != LLMOBS_I_SLOT_UNSAMPLED) {
        llmobsi_count(&thread->counts.inert_calls, 1);
    }
    return NULL;
}

/* The slot of a live span whose contents will be exported, or NULL. */
llmobsi_inline llmobsi_slot* llmobsi_span_recording(llmobsi_thread* thread, llmobs_span span)
{
    llmobsi_slot* slot = llmobsi_span_slot(thread, span);
    if (slot != NULL &&
        llmobsi_unlikely((llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) == 0)) {
        return NULL;
    }
    return slot;
}

/* Reads what a child needs. The span may have ended, and its slot may be used anew while it is
   read: the acquire loads keep the second look at the state behind them, and llmobsi_slot_begin
   changes the state before anything else. */
llmobsi_inline bool llmobsi_span_lineage(llmobsi_thread* thread, llmobs_span span,
                                         llmobsi_lineage* lineage)
{
    llmobsi_slot* slot = &thread->slots[span.slot & thread->slot_mask];
    uint64_t state = llmobsi_load_acquire(&slot->state);
    if (span.slot > thread->slot_mask || (state ^ span.generation) >= LLMOBS_I_SLOT_STATES) {
        return false;
    }
    lineage->trace_high = llmobsi_load_acquire(&slot->trace_high);
    lineage->trace_low = llmobsi_load_acquire(&slot->trace_low);
    lineage->parent_id = llmobsi_load_acquire(&slot->span_id);
    lineage->flags = llmobsi_load_acquire(&slot->flags);
    return (llmobsi_load_relaxed(&slot->state) ^ span.generation) < LLMOBS_I_SLOT_STATES;
}

/* Comes in to add to a span. NULL: there is none to add to. Otherwise llmobsi_leave must follow. */
llmobsi_inline llmobsi_slot* llmobsi_span_enter(llmobs_span span, llmobsi_thread** thread)
{
    llmobsi_slot* slot;
    *thread = llmobsi_enter(span.instance);
    if (*thread == NULL) {
        return NULL;
    }
    slot = llmobsi_span_recording(*thread, span);
    if (slot == NULL) {
        llmobsi_leave();
    }
    return slot;
}

LLMOBS_API void llmobs_span_set(llmobs_span span, const llmobs_attribute* attributes, size_t count)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot = llmobsi_span_enter(span, &thread);
    if (slot != NULL) {
        llmobsi_attributes_add(thread, slot, attributes, count);
        llmobsi_leave();
    }
}

/* Adds one attribute, if there is nothing special about it: this thread is attached, the span is
   live and sampled, all that it says stands in its first slot and leaves room, the key is known.
   Returns where the value goes, with the busy flag up: llmobsi_set_done must follow. Or NULL, and
   nothing has happened. Makes no call. */
llmobsi_inline unsigned char* llmobsi_set_quick(llmobsi_control* self, llmobs_span span,
                                                const char* key, llmobs_type type, uint32_t payload,
                                                llmobsi_slot** filled)
{
    llmobsi_thread* thread = llmobsi_enter_quick(self, span.instance);
    const llmobsi_cached_name* name;
    llmobsi_slot* slot;
    if (llmobsi_unlikely(thread == NULL)) {
        return NULL;
    }
    name = llmobsi_name_find(thread, key);
    if (llmobsi_likely(name != NULL && span.slot <= thread->slot_mask &&
                       (type != LLMOBS_TYPE_STRING || payload <= thread->recorder->value_bytes))) {
        slot = &thread->slots[span.slot];
        if (llmobsi_likely(llmobsi_load_relaxed(&slot->state) == span.generation &&
                           (llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) != 0 &&
                           slot->part == span.slot &&
                           slot->used + llmobsi_field_bytes(payload) <= LLMOBS_I_SLOT_BODY)) {
            unsigned char* place = slot->body + slot->used;
            slot->used = (uint16_t)(slot->used + llmobsi_field_bytes(payload));
            *filled = slot;
            return llmobsi_field_head(place, name->id, (uint32_t)type, LLMOBS_I_OF_SPAN, payload);
        }
    }
    llmobsi_lower(self);
    return NULL;
}

/* The long way, for whatever is special. */
llmobsi_cold void llmobsi_set_eight_late(llmobs_span span, const char* key, llmobs_type type,
                                         int64_t bits)
{
    llmobs_attribute attribute = llmobs_attribute_int(key, bits);
    attribute.type = type;
    if (type == LLMOBS_TYPE_BOOL) {
        attribute.value.boolean = bits != 0;
    }
    llmobs_span_set(span, &attribute, 1);
}

/* A value of eight bytes, or what is written as such. */
llmobsi_inline void llmobsi_set_eight(llmobs_span span, const char* key, llmobs_type type,
                                      int64_t bits)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_slot* slot = NULL;
    unsigned char* place = llmobsi_set_quick(self, span, key, type, 8, &slot);
    if (llmobsi_unlikely(place == NULL)) {
        llmobsi_set_eight_late(span, key, type, bits);
        return;
    }
    memcpy(place, &bits, 8);
    llmobsi_set_done(self, slot);
}

llmobsi_cold void llmobsi_set_string_late(llmobs_span span, const char* key, const char* value,
                                          size_t size)
{
    llmobs_attribute attribute = llmobs_attribute_string_n(key, value, size);
    llmobs_span_set(span, &attribute, 1);
}

llmobsi_inline void llmobsi_set_string(llmobs_span span, const char* key, const char* value,
                                       size_t size)
{
    llmobsi_control* self = llmobsi_self;
    llmobsi_slot* slot = NULL;
    unsigned char* place = NULL;
    if (llmobsi_likely(size <= LLMOBS_I_SLOT_BODY)) {
        place = llmobsi_set_quick(self, span, key, LLMOBS_TYPE_STRING, (uint32_t)size, &slot);
    }
    if (llmobsi_likely(place != NULL)) {
        llmobsi_copy_text(place, value, size);
        llmobsi_set_done(self, slot);
    } else {
        llmobsi_set_string_late(span, key, value, size);
    }
}

LLMOBS_API void llmobs_span_set_string(llmobs_span span, const char* key, const char* value)
{
    llmobsi_set_string(span, key, value, value != NULL ? strlen(value) : 0);
}

LLMOBS_API void llmobs_span_set_string_n(llmobs_span span, const char* key, const char* value,
                                         size_t size)
{
    if (llmobsi_likely(value != NULL && size != LLMOBS_NUL_TERMINATED)) {
        llmobsi_set_string(span, key, value, size);
    } else {
        llmobs_span_set_string(span, key, value);
    }
}

LLMOBS_API void llmobs_span_set_int(llmobs_span span, const char* key, int64_t value)
{
    llmobsi_set_eight(span, key, LLMOBS_TYPE_INT, value);
}

LLMOBS_API void llmobs_span_set_double(llmobs_span span, const char* key, double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    llmobsi_set_eight(span, key, LLMOBS_TYPE_DOUBLE, bits);
}

LLMOBS_API void llmobs_span_set_bool(llmobs_span span, const char* key, bool value)
{
    llmobsi_set_eight(span, key, LLMOBS_TYPE_BOOL, value);
}

LLMOBS_API void llmobs_span_set_strings(llmobs_span span, const char* key,
                                        const char* const* values, size_t count)
{
    llmobs_attribute attribute = llmobs_attribute_strings(key, values, count);
    llmobs_span_set(span, &attribute, 1);
}

/* What comes back is used up to its NUL, so one in the middle ends it. */
llmobsi_fn size_t llmobsi_name_size(const char* text, size_t size)
{
    const char* end = size != LLMOBS_NUL_TERMINATED ? (const char*)memchr(text, '\0', size) : NULL;
    if (size == LLMOBS_NUL_TERMINATED) {
        return strlen(text);
    }
    return end != NULL ? (size_t)(end - text) : size;
}

LLMOBS_API const char* llmobs_name_n(llmobs* obs, const char* text, size_t size)
{
    llmobsi_thread* thread = llmobsi_enter(llmobsi_ticket(obs));
    const char* kept = NULL;
    if (thread == NULL) {
        return NULL;
    }
    if (text != NULL) {
        llmobsi_names* names = &thread->recorder->names;
        uint32_t id = llmobsi_names_id(names, text, llmobsi_name_size(text, size));
        kept = id != LLMOBS_I_NAME_OVERFLOW ? llmobsi_names_text(names, id).data : NULL;
    }
    llmobsi_leave();
    return kept;
}

/* ---- begin --------------------------------------------------------------------------------- */

/* Fills a slot that was taken. The state leaves its old generation first, so that who still
   reads the slot by an old handle sees that it changed; the releases keep that order. Returns that
   state. */
llmobsi_inline uint64_t llmobsi_slot_fill(llmobsi_thread* thread, uint32_t index,
                                          const llmobsi_lineage* lineage, uint64_t span_id,
                                          uint32_t name)
{
    llmobsi_slot* slot = &thread->slots[index];
    uint64_t state = (llmobsi_load_relaxed(&slot->state) | 3u) + 1; /* the next generation, free */
    llmobsi_store_relaxed(&slot->state, state);
    llmobsi_store_release(&slot->trace_high, lineage->trace_high);
    llmobsi_store_release(&slot->trace_low, lineage->trace_low);
    llmobsi_store_release(&slot->span_id, span_id);
    llmobsi_store_release(&slot->flags, lineage->flags);
    slot->parent_id = lineage->parent_id;
    slot->end = 0; /* until it is known: a recoverer sees an end that was claimed and no more */
    slot->name = name;
    slot->part = index;
    slot->next = 0;
    slot->used = 0;
    slot->attribute_count = 0;
    slot->event_count = 0;
    slot->link_count = 0;
    slot->dropped_attributes = 0;
    slot->dropped_events = 0;
    slot->dropped_links = 0;
    slot->part_count = 1;
    slot->kind = LLMOBS_KIND_INTERNAL;
    slot->status = LLMOBS_STATUS_UNSET;
    return state;
}

llmobsi_inline void llmobsi_slot_begin(llmobsi_thread* thread, uint32_t index,
                                       const llmobsi_lineage* lineage, uint32_t name,
                                       llmobs_span* span)
{
    uint64_t state = llmobsi_slot_fill(thread, index, lineage, llmobsi_random_id(thread), name);
    span->instance = thread->recorder->ticket;
    span->slot = index;
    span->generation = state + LLMOBS_I_SLOT_LIVE;
}

/* The span is there: from here on its handle works. */
llmobsi_inline void llmobsi_slot_live(llmobsi_slot* slot, uint64_t start, llmobs_span span)
{
    llmobsi_store_relaxed(&slot->start, start);
    llmobsi_store_release(&slot->state, span.generation);
}

/* Counts a span that begins, and takes its slot. */
llmobsi_inline bool llmobsi_span_admit(llmobsi_thread* thread, uint8_t flags, uint32_t* index)
{
    bool sampled = (flags & LLMOBS_TRACE_SAMPLED) != 0;
    bool taken = llmobsi_slot_take(thread, index);
    llmobsi_count(sampled ? &thread->counts.started : &thread->counts.unsampled, 1);
    if (llmobsi_unlikely(!taken) && sampled) {
        llmobsi_count(&thread->counts.dropped_pool, 1);
    }
    return taken;
}

llmobsi_inline llmobs_span llmobsi_span_open(llmobsi_thread* thread, const llmobsi_lineage* lineage,
                                             const char* name)
{
    llmobs_span span = llmobsi_span_none();
    uint32_t index;
    if (llmobsi_likely(llmobsi_span_admit(thread, lineage->flags, &index))) {
        llmobsi_slot_begin(thread, index, lineage, llmobsi_name_id(thread, name), &span);
        llmobsi_slot_live(&thread->slots[index], llmobsi_now(&thread->recorder->timeline), span);
    }
    return span;
}

/* The ids of a span that sampling left out. */
llmobsi_fn uint64_t llmobsi_unsampled_mix(uint64_t seed, uint64_t which)
{
    uint64_t mixed = (seed + which) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    mixed ^= mixed >> 32;
    return mixed != 0 ? mixed : which;
}

llmobsi_inline llmobs_span llmobsi_span_unsampled(llmobsi_thread* thread, uint64_t trace_low)
{
    llmobs_span span;
    llmobsi_count(&thread->counts.unsampled, 1);
    span.instance = thread->recorder->ticket;
    span.slot = LLMOBS_I_SLOT_UNSAMPLED;
    span.generation = trace_low;
    return span;
}

/* The flags of a new trace, whose random bits decide whether it is sampled. */
llmobsi_inline uint8_t llmobsi_root_flags(const llmobsi_recorder* recorder, uint64_t trace_low)
{
    if (llmobsi_unlikely(!llmobsi_sampling_keeps(recorder->threshold,
                                                 trace_low & (LLMOBS_I_SAMPLE_NEVER - 1)))) {
        return LLMOBS_TRACE_RANDOM;
    }
    return (uint8_t)(LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM |
                     (recorder->threshold != 0 ? LLMOBS_I_FLAG_OWN_THRESHOLD : 0u));
}

llmobsi_inline llmobs_span llmobsi_span_root(llmobsi_thread* thread, const char* name)
{
    llmobsi_lineage lineage;
    lineage.trace_low = llmobsi_random_id(thread);
    lineage.flags = llmobsi_root_flags(thread->recorder, lineage.trace_low);
    if (llmobsi_unlikely((lineage.flags & LLMOBS_TRACE_SAMPLED) == 0)) {
        return llmobsi_span_unsampled(thread, lineage.trace_low);
    }
    lineage.trace_high = llmobsi_random_next(thread);
    lineage.parent_id = 0;
    return llmobsi_span_open(thread, &lineage, name);
}

LLMOBS_API llmobs_span llmobs_span_root(llmobs* obs, const char* name)
{
    llmobsi_thread* thread = llmobsi_enter_to_begin(llmobsi_ticket(obs));
    llmobs_span span;
    if (llmobsi_unlikely(thread == NULL)) {
        return llmobsi_span_none();
    }
    if (llmobsi_unlikely(!thread->recorder->spans_on)) {
        span = llmobsi_span_none();
    } else {
        span = llmobsi_span_root(thread, name);
    }
    llmobsi_leave();
    return span;
}

/* ---- children ------------------------------------------------------------------------------ */

/* The tracestate of a span, for any thread that has a handle. Where the slot is not free yet, it is
   not used anew before this call leaves: llmobsi_collect_publish waits for that. Where it is, it
   is too late. */
llmobsi_fn void llmobsi_span_tracestate(const llmobsi_recorder* recorder, llmobs_span span,
                                        unsigned flags, char* tracestate)
{
    const llmobsi_slot* slot = &recorder->pool.slots[span.slot];
    uint64_t state = llmobsi_load_ordered(&slot->state);
    if ((state ^ span.generation) >= LLMOBS_I_SLOT_STATES || (state & 3u) == LLMOBS_I_SLOT_FREE) {
        flags &= ~LLMOBS_I_FLAG_TRACESTATE;
    }
    llmobsi_slot_tracestate(recorder, slot, flags, tracestate);
}

/* What came from outside goes on to the children. */
llmobsi_cold void llmobsi_tracestate_inherit(llmobsi_thread* thread, llmobs_span parent,
                                             llmobsi_slot* child)
{
    char tracestate[LLMOBS_TRACESTATE_SIZE + 1];
    llmobsi_span_tracestate(thread->recorder, parent, LLMOBS_I_FLAG_TRACESTATE, tracestate);
    llmobsi_tracestate_carry(thread, child, tracestate);
}

llmobsi_inline llmobs_span llmobsi_span_child(llmobsi_thread* thread, llmobs_span parent,
                                              const char* name)
{
    llmobsi_lineage lineage;
    llmobs_span span;
    if (llmobsi_unlikely(!llmobsi_span_lineage(thread, parent, &lineage))) {
        llmobsi_count(&thread->counts.started, 1);
        llmobsi_count(&thread->counts.dropped_parent, 1);
        return llmobsi_span_none();
    }
    lineage.flags =
        (uint8_t)(lineage.flags & ~(LLMOBS_I_FLAG_REMOTE_PARENT | LLMOBS_I_FLAG_PHASE));
    span = llmobsi_span_open(thread, &lineage, name);
    if (llmobsi_unlikely((lineage.flags & LLMOBS_I_FLAG_TRACESTATE) != 0) && span.instance != 0) {
        llmobsi_tracestate_inherit(thread, parent, &thread->slots[span.slot]);
    }
    return span;
}

LLMOBS_API llmobs_span llmobs_span_child(llmobs_span parent, const char* name)
{
    llmobsi_thread* thread;
    llmobs_span span;
    if (parent.slot == LLMOBS_I_SLOT_UNSAMPLED) {
        return parent;
    }
    thread = llmobsi_enter_to_begin(parent.instance);
    if (llmobsi_unlikely(thread == NULL)) {
        return llmobsi_span_none();
    }
    span = llmobsi_span_child(thread, parent, name);
    llmobsi_leave();
    return span;
}

/* ---- begin with a remote parent ------------------------------------------------------------ */

llmobsi_inline uint64_t llmobsi_read_be64(const uint8_t* bytes)
{
    uint64_t value = 0;
    int i;
    for (i = 0; i < 8; i++) {
        value = (value << 8) | bytes[i];
    }
    return value;
}

llmobsi_inline void llmobsi_write_be64(uint8_t* bytes, uint64_t value)
{
    int i;
    for (i = 7; i >= 0; i--) {
        bytes[i] = (uint8_t)value;
        value >>= 8;
    }
}

/* Says in the tracestate by which threshold the trace was kept here. One that came along must go if
   it would have rejected this trace: it tells of another decision. */
llmobsi_fn void llmobsi_remote_threshold(const llmobsi_recorder* recorder,
                                         llmobs_trace_context* remote, bool decided_here)
{
    uint64_t threshold;
    if (decided_here) {
        (void)llmobsi_tracestate_set_threshold(remote->tracestate, recorder->threshold);
    } else if (llmobsi_tracestate_threshold(remote->tracestate, &threshold) &&
               !llmobsi_sampling_keeps(threshold, llmobsi_sampling_randomness(remote))) {
        (void)llmobsi_tracestate_clear_threshold(remote->tracestate);
    }
}

/* Whether a trace that comes from elsewhere is recorded here: as its sampled flag says or, where
   the caller is not to be trusted with that, by the same rule as our own roots. */
llmobsi_fn uint8_t llmobsi_remote_flags(const llmobsi_recorder* recorder,
                                        llmobs_trace_context* remote)
{
    unsigned flags = remote->flags & (LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM);
    if (recorder->distrust_remote) {
        flags &= ~LLMOBS_TRACE_SAMPLED;
        if (llmobsi_sampling_keeps(recorder->threshold, llmobsi_sampling_randomness(remote))) {
            flags |= LLMOBS_TRACE_SAMPLED;
        }
    }
    if (remote->tracestate[0] != '\0' || recorder->distrust_remote) {
        if ((flags & LLMOBS_TRACE_SAMPLED) != 0) {
            llmobsi_remote_threshold(recorder, remote, recorder->distrust_remote);
        } else {
            (void)llmobsi_tracestate_clear_threshold(remote->tracestate);
        }
    }
    if (remote->tracestate[0] != '\0') {
        flags |= LLMOBS_I_FLAG_TRACESTATE;
    }
    return (uint8_t)(flags | LLMOBS_I_FLAG_REMOTE_PARENT);
}

llmobsi_fn llmobs_span llmobsi_span_remote(llmobsi_thread* thread, llmobs_trace_context* remote,
                                           const char* name)
{
    llmobsi_lineage lineage;
    llmobs_span span;
    lineage.trace_high = llmobsi_read_be64(remote->trace_id);
    lineage.trace_low = llmobsi_read_be64(remote->trace_id + 8);
    lineage.parent_id = llmobsi_read_be64(remote->span_id);
    lineage.flags = llmobsi_remote_flags(thread->recorder, remote);
    span = llmobsi_span_open(thread, &lineage, name);
    if (span.instance != 0 && (lineage.flags & LLMOBS_I_FLAG_TRACESTATE) != 0) {
        llmobsi_tracestate_carry(thread, &thread->slots[span.slot], remote->tracestate);
    }
    return span;
}

/* W3C: neither id is all zero. */
llmobsi_fn bool llmobsi_context_is_valid(const llmobs_trace_context* context)
{
    static const uint8_t none[16] = {0};
    return memcmp(context->trace_id, none, 16) != 0 && memcmp(context->span_id, none, 8) != 0;
}

/* The remote parent that an info names, or false. */
llmobsi_fn bool llmobsi_info_remote(llmobsi_thread* thread, const llmobs_span_info* info,
                                    llmobs_trace_context* remote)
{
    if (info->remote != NULL) {
        *remote = *info->remote;
        remote->tracestate[LLMOBS_TRACESTATE_SIZE] = '\0';
    } else if (info->traceparent != NULL) {
        (void)llmobs_trace_context_parse(remote, info->traceparent, LLMOBS_NUL_TERMINATED,
                                         info->tracestate, LLMOBS_NUL_TERMINATED);
    } else {
        return false;
    }
    if (!llmobsi_context_is_valid(remote)) {
        llmobsi_count(&thread->counts.bad_traceparents, 1);
        return false;
    }
    return true;
}

LLMOBS_API llmobs_span_info llmobs_span_info_default(void)
{
    llmobs_span_info info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    return info;
}

/* As a slot holds it; internal for numbers that are no kind. */
llmobsi_inline uint8_t llmobsi_kind(llmobs_kind kind)
{
    unsigned number = (unsigned)kind;
    return (uint8_t)(number - 1u < 5u ? number : (unsigned)LLMOBS_KIND_INTERNAL);
}

llmobsi_fn llmobs_span llmobsi_span_begin(llmobsi_thread* thread, const llmobs_span_info* info)
{
    llmobs_trace_context remote;
    llmobs_span span;
    llmobsi_slot* slot;
    if (info->parent.instance == thread->recorder->ticket) {
        span = info->parent.slot == LLMOBS_I_SLOT_UNSAMPLED
                   ? info->parent
                   : llmobsi_span_child(thread, info->parent, info->name);
    } else if (llmobsi_info_remote(thread, info, &remote)) {
        span = llmobsi_span_remote(thread, &remote, info->name);
    } else {
        span = llmobsi_span_root(thread, info->name);
    }
    if (span.instance != 0 && span.slot != LLMOBS_I_SLOT_UNSAMPLED) {
        slot = llmobsi_span_recording(thread, span);
        if (slot != NULL) {
            slot->kind = llmobsi_kind(info->kind);
            llmobsi_attributes_add(thread, slot, info->attributes, info->attribute_count);
        }
    }
    return span;
}

LLMOBS_API llmobs_span llmobs_span_begin(llmobs* obs, const llmobs_span_info* info)
{
    llmobs_span_info known = llmobs_span_info_default();
    llmobsi_thread* thread;
    llmobs_span span = llmobsi_span_none();
    if (info != NULL) {
        memcpy(&known, info, llmobsi_known_size(info->size, sizeof known));
    }
    thread = llmobsi_enter_to_begin(llmobsi_ticket(obs));
    if (thread == NULL) {
        return span;
    }
    if (thread->recorder->spans_on) {
        span = llmobsi_span_begin(thread, &known);
    }
    llmobsi_leave();
    return span;
}

/* ---- end ----------------------------------------------------------------------------------- */

/* Of several ends (other threads', the tick's for old spans) the exchange lets one win; only the
   winner may write the slot and hand it on. It stands before the clock is read: under that its cost
   hides. */
llmobsi_inline bool llmobsi_slot_claim_end(llmobsi_thread* thread, llmobsi_slot* slot,
                                           llmobs_span span)
{
    uint64_t live = span.generation;
    bool won = llmobsi_cas_acquire_release(&slot->state, &live,
                                           live - LLMOBS_I_SLOT_LIVE + LLMOBS_I_SLOT_ENDED);
    if (llmobsi_unlikely(!won)) {
        llmobsi_count(&thread->counts.inert_calls, 1);
    }
    return won;
}

/* The winner's part. */
llmobsi_inline void llmobsi_slot_end(llmobsi_thread* thread, llmobsi_slot* slot, uint32_t index,
                                     uint64_t end)
{
    slot->end = end;
    slot->thread = (uint16_t)thread->number;
    if (llmobsi_likely((llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) != 0)) {
        llmobsi_count(&thread->counts.ended, 1);
    }
    llmobsi_ring_push(&thread->ring, index);
}

LLMOBS_API void llmobs_span_end(llmobs_span span)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot;
    if (span.slot == LLMOBS_I_SLOT_UNSAMPLED) {
        return;
    }
    thread = llmobsi_enter(span.instance);
    if (llmobsi_unlikely(thread == NULL)) {
        return;
    }
    slot = llmobsi_span_slot(thread, span);
    if (llmobsi_likely(slot != NULL && llmobsi_slot_claim_end(thread, slot, span))) {
        llmobsi_slot_end(thread, slot, span.slot, llmobsi_now(&thread->recorder->timeline));
    }
    llmobsi_leave();
}

/* The span's end is claimed: until it is handed on, its slot is ours alone. The sibling is begun
   before: it needs what is there. */
llmobsi_inline llmobs_span llmobsi_span_next(llmobsi_thread* thread, llmobs_span span,
                                             llmobsi_slot* slot, const char* name)
{
    llmobsi_lineage lineage;
    llmobs_span next = llmobsi_span_none();
    uint64_t now = llmobsi_now(&thread->recorder->timeline);
    uint32_t index;
    lineage.trace_high = llmobsi_load_relaxed(&slot->trace_high);
    lineage.trace_low = llmobsi_load_relaxed(&slot->trace_low);
    lineage.parent_id = slot->parent_id;
    lineage.flags = (uint8_t)(llmobsi_load_relaxed(&slot->flags) & ~LLMOBS_I_FLAG_PHASE);
    if (llmobsi_likely(llmobsi_span_admit(thread, lineage.flags, &index))) {
        llmobsi_slot* sibling = &thread->slots[index];
        llmobsi_slot_begin(thread, index, &lineage, llmobsi_name_id(thread, name), &next);
        sibling->kind = slot->kind;
        if (llmobsi_unlikely((lineage.flags & LLMOBS_I_FLAG_TRACESTATE) != 0)) {
            llmobsi_tracestate_inherit(thread, span, sibling);
        }
        llmobsi_slot_live(sibling, now, next);
    }
    llmobsi_slot_end(thread, slot, span.slot, now);
    return next;
}

LLMOBS_API llmobs_span llmobs_span_next(llmobs_span span, const char* name)
{
    llmobsi_thread* thread;
    llmobsi_slot* slot;
    llmobs_span next = llmobsi_span_none();
    if (span.slot == LLMOBS_I_SLOT_UNSAMPLED) {
        return span;
    }
    thread = llmobsi_enter_to_begin(span.instance);
    if (llmobsi_unlikely(thread == NULL)) {
        return next;
    }
    slot = llmobsi_span_slot(thread, span);
    if (llmobsi_likely(slot != NULL && llmobsi_slot_claim_end(thread, slot, span))) {
        next = llmobsi_span_next(thread, span, slot, name);
    } else {
        llmobsi_count(&thread->counts.started, 1);
        llmobsi_count(&thread->counts.dropped_parent, 1);
    }
    llmobsi_leave();
    return next;
}
