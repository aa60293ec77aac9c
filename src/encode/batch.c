/* From slots to views: a packer copies ended spans into a batch's memory, complete in
   themselves, so that the slots can go back to the pool at once. Views grow from the front of
   the memory, all that they point to from the back. */

typedef struct llmobsi_packer {
    unsigned char* memory; /* aligned to 64 */
    size_t front;
    size_t back;
    size_t count;
} llmobsi_packer;

/* Where strings of size 0 point. */
static const char llmobsi_empty[1] = "";

llmobsi_fn void llmobsi_packer_reset(llmobsi_packer* packer, size_t size)
{
    packer->front = 0;
    packer->back = size;
    packer->count = 0;
}

llmobsi_fn void* llmobsi_packer_take(llmobsi_packer* packer, size_t size, size_t alignment)
{
    size_t back = packer->back;
    if (back - packer->front < size + alignment) {
        return NULL;
    }
    packer->back = (back - size) & ~(alignment - 1);
    return packer->memory + packer->back;
}

llmobsi_fn llmobs_attribute_view* llmobsi_packer_attributes(llmobsi_packer* packer, size_t count)
{
    return (llmobs_attribute_view*)llmobsi_packer_take(packer,
                                                       count * sizeof(llmobs_attribute_view), 8);
}

/* Copies text; what is no UTF-8 is repaired, which may make it three times as long. */
llmobsi_fn bool llmobsi_packer_string(llmobsi_packer* packer, const unsigned char* data,
                                      size_t size, llmobs_string* string)
{
    const char* text = (const char*)data;
    bool valid = llmobsi_utf8_is_valid(text, size);
    char* copy;
    string->data = llmobsi_empty;
    string->size = 0;
    if (size == 0) {
        return true;
    }
    copy = (char*)llmobsi_packer_take(packer, (valid ? size : 3 * size) + 1, 1);
    if (copy == NULL) {
        return false;
    }
    if (valid) {
        memcpy(copy, text, size);
    } else {
        size = llmobsi_utf8_repair(copy, 3 * size, text, size);
    }
    copy[size] = '\0';
    string->data = copy;
    string->size = size;
    return true;
}

/* ---- one attribute ------------------------------------------------------------------------- */

llmobsi_fn uint32_t llmobsi_strings_count(const unsigned char* packed, uint32_t size)
{
    uint32_t count = 0;
    uint32_t place = 0;
    uint16_t length;
    while (place + sizeof length <= size) {
        memcpy(&length, packed + place, sizeof length);
        place += (uint32_t)sizeof length + length;
        count += place <= size;
    }
    return count;
}

llmobsi_fn bool llmobsi_pack_strings(llmobsi_packer* packer, const unsigned char* packed,
                                     uint32_t size, llmobs_attribute_view* view)
{
    uint32_t count = llmobsi_strings_count(packed, size);
    llmobs_string* strings =
        (llmobs_string*)llmobsi_packer_take(packer, count * sizeof(llmobs_string), sizeof(void*));
    uint32_t i;
    if (strings == NULL) {
        return false;
    }
    for (i = 0; i < count; i++) {
        uint16_t length;
        memcpy(&length, packed, sizeof length);
        packed += sizeof length;
        if (!llmobsi_packer_string(packer, packed, length, &strings[i])) {
            return false;
        }
        packed += length;
    }
    view->count = count;
    view->value.strings = strings;
    return true;
}

llmobsi_fn bool llmobsi_pack_attribute(llmobsi_packer* packer, const llmobsi_names* names,
                                       const llmobsi_field* field, llmobs_attribute_view* view)
{
    const unsigned char* payload = llmobsi_field_payload(field);
    int64_t truth = 0;
    view->key = llmobsi_names_text(names, field->key);
    view->type = (llmobs_type)field->type;
    view->count = 0;
    switch (field->type) {
        case LLMOBS_TYPE_STRING:
            return llmobsi_packer_string(packer, payload, field->size, &view->value.string);
        case LLMOBS_TYPE_STRINGS:
            return llmobsi_pack_strings(packer, payload, field->size, view);
        case LLMOBS_TYPE_BOOL:
            memcpy(&truth, payload, sizeof truth);
            view->value.boolean = truth != 0;
            return true;
        default:
            memcpy(&view->value.integer, payload, sizeof view->value.integer);
            return true;
    }
}

/* ---- a span -------------------------------------------------------------------------------- */

/* Attributes of a span, or of an event, where a key comes once. */
typedef struct llmobsi_pack_list {
    llmobs_attribute_view* attributes;
    uint32_t* count; /* in the view */
    uint32_t room;
    uint64_t keys_seen; /* a bit for each key, by its low bits */
} llmobsi_pack_list;

/* What sampling has decided of an ended span. */
typedef struct llmobsi_tail_verdict {
    uint64_t threshold; /* by which the trace was kept, above that of its head; 0: by no chance */
    uint32_t policy;    /* name of who decided; LLMOBS_I_NAME_OVERFLOW: nobody was asked        */
    uint32_t key;       /* name of the attribute that says so                                   */
    bool kept;
} llmobsi_tail_verdict;

/* Of what nobody was asked about. */
static const llmobsi_tail_verdict llmobsi_no_verdict = {0, LLMOBS_I_NAME_OVERFLOW, 0, true};

/* A span being packed: the arrays that its view points to are filled through these. */
typedef struct llmobsi_packing {
    llmobsi_packer* packer;
    const llmobsi_recorder* recorder;
    const llmobsi_tail_verdict* verdict;
    llmobs_span_view* view;
    llmobs_event_view* events;
    llmobs_link_view* links;
    uint32_t event_room;
    uint32_t link_room;
    llmobsi_pack_list own;
    llmobsi_pack_list event; /* of the event whose attributes come now */
} llmobsi_packing;

/* The place for an attribute: that of an earlier value with the same key, or the next. NULL: there
   is none, the counts in the slot are wrong. */
llmobsi_fn llmobs_attribute_view* llmobsi_pack_place(const llmobsi_names* names,
                                                     llmobsi_pack_list* list, uint32_t key)
{
    uint64_t bit = UINT64_C(1) << (key & 63u);
    uint32_t i;
    if ((list->keys_seen & bit) != 0) {
        llmobs_string text = llmobsi_names_text(names, key);
        for (i = 0; i < *list->count; i++) {
            if (list->attributes[i].key.data == text.data) {
                return &list->attributes[i];
            }
        }
    }
    list->keys_seen |= bit;
    if (*list->count == list->room) {
        return NULL;
    }
    return &list->attributes[(*list->count)++];
}

llmobsi_fn bool llmobsi_pack_event(llmobsi_packing* packing, const llmobsi_field* field)
{
    llmobsi_pack_list* list = &packing->event;
    llmobs_event_view* event;
    llmobsi_event_head head;
    uint64_t from;
    if (packing->view->event_count == packing->event_room || field->size != sizeof head) {
        return true;
    }
    memcpy(&head, llmobsi_field_payload(field), sizeof head);
    event = &packing->events[packing->view->event_count];
    event->name = llmobsi_names_text(&packing->recorder->names, field->key);
    llmobsi_timeline_convert(&packing->recorder->timeline, head.stamp, head.stamp, &from,
                             &event->unix_ns);
    event->attribute_count = 0;
    event->dropped_attribute_count = head.dropped_attributes;
    list->room = head.attribute_count <= LLMOBS_I_ATTRIBUTES_MAX ? head.attribute_count : 0;
    list->attributes = llmobsi_packer_attributes(packing->packer, list->room);
    list->count = &event->attribute_count;
    list->keys_seen = 0;
    event->attributes = list->attributes;
    packing->view->event_count++;
    return list->attributes != NULL;
}

llmobsi_fn bool llmobsi_pack_link(llmobsi_packing* packing, const llmobsi_field* field)
{
    const unsigned char* payload = llmobsi_field_payload(field);
    llmobs_link_view* link;
    if (packing->view->link_count == packing->link_room || field->size < LLMOBS_I_LINK_HEAD) {
        return true;
    }
    link = &packing->links[packing->view->link_count++];
    memset(link, 0, sizeof *link);
    memcpy(link->trace_id, payload, 16);
    memcpy(link->span_id, payload + 16, 8);
    link->flags = payload[24];
    return llmobsi_packer_string(packing->packer, payload + LLMOBS_I_LINK_HEAD,
                                 field->size - LLMOBS_I_LINK_HEAD, &link->trace_state);
}

/* A field that is no attribute. */
llmobsi_fn bool llmobsi_pack_other(llmobsi_packing* packing, const llmobsi_field* field)
{
    switch (field->type) {
        case LLMOBS_I_FIELD_EVENT:
            return llmobsi_pack_event(packing, field);
        case LLMOBS_I_FIELD_LINK:
            return llmobsi_pack_link(packing, field);
        case LLMOBS_I_FIELD_MESSAGE:
            /* OK may have come after it, which has none. */
            return packing->view->status != LLMOBS_STATUS_ERROR ||
                   llmobsi_packer_string(packing->packer, llmobsi_field_payload(field),
                                         field->size, &packing->view->status_message);
        default:
            return true; /* llmobsi_pack_tracestate has that, the tick its marks */
    }
}

llmobsi_fn bool llmobsi_pack_field(llmobsi_packing* packing, const llmobsi_field* field)
{
    const llmobsi_names* names = &packing->recorder->names;
    llmobsi_pack_list* list;
    llmobs_attribute_view* place;
    if (field->type > LLMOBS_TYPE_STRINGS) {
        return llmobsi_pack_other(packing, field);
    }
    list = field->owner == LLMOBS_I_OF_EVENT ? &packing->event : &packing->own;
    place = list->count != NULL ? llmobsi_pack_place(names, list, field->key) : NULL;
    return place == NULL || llmobsi_pack_attribute(packing->packer, names, field, place);
}

/* What stands in the slot's head. */
llmobsi_fn void llmobsi_pack_head(const llmobsi_recorder* recorder, const llmobsi_slot* slot,
                                  llmobs_span_view* view)
{
    uint8_t flags = llmobsi_load_relaxed(&slot->flags);
    memset(view, 0, sizeof *view);
    llmobsi_write_be64(view->trace_id, llmobsi_load_relaxed(&slot->trace_high));
    llmobsi_write_be64(view->trace_id + 8, llmobsi_load_relaxed(&slot->trace_low));
    llmobsi_write_be64(view->span_id, llmobsi_load_relaxed(&slot->span_id));
    llmobsi_write_be64(view->parent_span_id, slot->parent_id);
    view->name = llmobsi_names_text(&recorder->names, slot->name);
    view->trace_state.data = llmobsi_empty;
    view->status_message.data = llmobsi_empty;
    llmobsi_timeline_convert(&recorder->timeline, llmobsi_load_relaxed(&slot->start), slot->end,
                             &view->start_unix_ns, &view->end_unix_ns);
    view->flags = (flags & (LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM)) |
                  LLMOBS_FLAG_HAS_IS_REMOTE |
                  ((flags & LLMOBS_I_FLAG_REMOTE_PARENT) != 0 ? LLMOBS_FLAG_IS_REMOTE : 0u);
    view->thread = slot->thread;
    view->kind = (llmobs_kind)slot->kind;
    view->status = (llmobs_status)slot->status;
    view->dropped_attribute_count = slot->dropped_attributes;
    view->dropped_event_count = slot->dropped_events;
    view->dropped_link_count = slot->dropped_links;
}

/* A span without a parent in this process: its trace, as far as it is ours, ends with it. */
llmobsi_inline bool llmobsi_slot_is_root(const llmobsi_slot* slot)
{
    return slot->parent_id == 0 ||
           (llmobsi_load_relaxed(&slot->flags) & LLMOBS_I_FLAG_REMOTE_PARENT) != 0;
}

/* Whether it says why its trace was kept. */
llmobsi_inline bool llmobsi_is_judged_root(const llmobsi_packing* packing, const llmobsi_slot* slot)
{
    return llmobsi_unlikely(packing->verdict->policy != LLMOBS_I_NAME_OVERFLOW) &&
           llmobsi_slot_is_root(slot);
}

/* Room for the arrays, by the counts in the slot's head. */
llmobsi_fn bool llmobsi_pack_arrays(llmobsi_packing* packing, const llmobsi_slot* slot)
{
    llmobsi_packer* packer = packing->packer;
    packing->own.count = &packing->view->attribute_count;
    packing->own.room = slot->attribute_count + (llmobsi_is_judged_root(packing, slot) ? 1u : 0u);
    packing->event_room = slot->event_count;
    packing->link_room = slot->link_count;
    packing->own.attributes = llmobsi_packer_attributes(packer, packing->own.room);
    if (packing->own.attributes == NULL) {
        return false;
    }
    packing->view->attributes = packing->own.attributes;
    if (llmobsi_likely(packing->event_room + packing->link_room == 0)) {
        return true;
    }
    packing->events = (llmobs_event_view*)llmobsi_packer_take(
        packer, packing->event_room * sizeof(llmobs_event_view), 8);
    packing->links = (llmobs_link_view*)llmobsi_packer_take(
        packer, packing->link_room * sizeof(llmobs_link_view), 8);
    packing->view->events = packing->events;
    packing->view->links = packing->links;
    return packing->events != NULL && packing->links != NULL;
}

/* Kept twice by chance, by the same random bits: the higher threshold is that of both. */
llmobsi_fn void llmobsi_pack_threshold(uint64_t threshold, char* tracestate)
{
    uint64_t before = 0;
    if (threshold != 0) {
        (void)llmobsi_tracestate_threshold(tracestate, &before);
        if (threshold > before) {
            (void)llmobsi_tracestate_set_threshold(tracestate, threshold);
        }
    }
}

llmobsi_fn bool llmobsi_pack_policy(llmobsi_packing* packing)
{
    const llmobsi_names* names = &packing->recorder->names;
    llmobs_attribute_view* place =
        llmobsi_pack_place(names, &packing->own, packing->verdict->key);
    llmobs_string policy = llmobsi_names_text(names, packing->verdict->policy);
    if (place == NULL) {
        return true;
    }
    place->key = llmobsi_names_text(names, packing->verdict->key);
    place->type = LLMOBS_TYPE_STRING;
    place->count = 0;
    return llmobsi_packer_string(packing->packer, (const unsigned char*)policy.data, policy.size,
                                 &place->value.string);
}

llmobsi_fn bool llmobsi_pack_tracestate(llmobsi_packing* packing, const llmobsi_slot* slot)
{
    char tracestate[LLMOBS_TRACESTATE_SIZE + 1];
    uint8_t flags = llmobsi_load_relaxed(&slot->flags);
    llmobsi_slot_tracestate(packing->recorder, slot, flags, tracestate);
    llmobsi_pack_threshold(packing->verdict->threshold, tracestate);
    return llmobsi_packer_string(packing->packer, (const unsigned char*)tracestate,
                                 strlen(tracestate), &packing->view->trace_state);
}

llmobsi_fn bool llmobsi_pack_body(llmobsi_packing* packing, const llmobsi_slot* slot)
{
    llmobsi_walk walk;
    const llmobsi_field* field;
    llmobsi_walk_begin(&walk, &packing->recorder->pool, slot);
    while ((field = llmobsi_walk_next(&walk)) != NULL) {
        if (!llmobsi_pack_field(packing, field)) {
            return false;
        }
    }
    if (llmobsi_is_judged_root(packing, slot) && !llmobsi_pack_policy(packing)) {
        return false;
    }
    return ((llmobsi_load_relaxed(&slot->flags) & LLMOBS_I_FLAGS_TRACESTATE) == 0 &&
            packing->verdict->threshold == 0) ||
           llmobsi_pack_tracestate(packing, slot);
}

/* Adds one ended span. False, and nothing is changed, when the memory does not suffice. */
llmobsi_fn bool llmobsi_packer_add(llmobsi_packer* packer, const llmobsi_recorder* recorder,
                                   const llmobsi_slot* slot, const llmobsi_tail_verdict* verdict)
{
    size_t back = packer->back;
    llmobsi_packing packing;
    if (back - packer->front < sizeof(llmobs_span_view)) {
        return false;
    }
    memset(&packing, 0, sizeof packing);
    packing.packer = packer;
    packing.recorder = recorder;
    packing.verdict = verdict;
    packing.view = (llmobs_span_view*)(void*)(packer->memory + packer->front);
    packer->front += sizeof(llmobs_span_view);
    llmobsi_pack_head(recorder, slot, packing.view);
    if (!llmobsi_pack_arrays(&packing, slot) || !llmobsi_pack_body(&packing, slot)) {
        packer->front -= sizeof(llmobs_span_view);
        packer->back = back;
        return false;
    }
    packer->count++;
    return true;
}

/* How many points its metrics have. */
llmobsi_fn size_t llmobsi_batch_points(const llmobs_batch* batch)
{
    size_t points = 0;
    size_t i;
    for (i = 0; i < batch->metric_count; i++) {
        points += batch->metrics[i].point_count;
    }
    return points;
}

/* ---- encoders ------------------------------------------------------------------------------ */

typedef bool (*llmobsi_batch_encoder)(const llmobs_batch* batch, llmobsi_writer* writer);

/* Runs an encoder with a buffer on the stack. */
llmobsi_fn bool llmobsi_batch_write(llmobsi_batch_encoder encode, const llmobs_batch* batch,
                                    llmobs_write_fn write, void* user)
{
    char buffer[LLMOBS_I_WRITER_BUFFER];
    llmobsi_writer writer;
    if (batch == NULL || write == NULL) {
        return false;
    }
    llmobsi_writer_init(&writer, buffer, sizeof(buffer), write, user);
    return encode(batch, &writer);
}
