/* What a span says: fields in its slot, and attributes as fields. */

#define LLMOBS_I_ATTRIBUTES_MAX 128u /* as OpenTelemetry's default limits, here and below */

/* One slot cannot hold so many: who fills the first only need not count. */
LLMOBS_I_STATIC_ASSERT(slot_attributes,
                       LLMOBS_I_SLOT_BODY / sizeof(llmobsi_field) < LLMOBS_I_ATTRIBUTES_MAX);

/* ---- room in a slot ------------------------------------------------------------------------ */

/* Chains one more slot to a span that has much to say. */
llmobsi_cold unsigned char* llmobsi_span_extend(llmobsi_thread* thread, llmobsi_slot* slot,
                                                uint32_t bytes)
{
    uint32_t index;
    llmobsi_slot* part;
    if (bytes > LLMOBS_I_SLOT_BODY || slot->part_count >= thread->recorder->span_parts ||
        !llmobsi_slot_take(thread, &index)) {
        return NULL;
    }
    part = &thread->slots[index];
    part->next = 0;
    part->used = (uint16_t)bytes;
    thread->slots[slot->part].next = index + 1;
    slot->part = index;
    slot->part_count++;
    return part->body;
}

/* `bytes` of body, or NULL when the span is full. */
llmobsi_inline unsigned char* llmobsi_span_room(llmobsi_thread* thread, llmobsi_slot* slot,
                                                uint32_t bytes)
{
    llmobsi_slot* part = &thread->slots[slot->part & thread->slot_mask];
    if (llmobsi_likely(part->used + bytes <= LLMOBS_I_SLOT_BODY)) {
        unsigned char* place = part->body + part->used;
        part->used = (uint16_t)(part->used + bytes);
        return place;
    }
    return llmobsi_span_extend(thread, slot, bytes);
}

/* Writes a field's head; returns where its payload goes. */
llmobsi_inline unsigned char* llmobsi_field_head(unsigned char* place, uint32_t key, uint32_t type,
                                                 uint32_t owner, uint32_t payload)
{
    llmobsi_field* field = (llmobsi_field*)(void*)place;
    field->key = key;
    field->size = (uint16_t)payload;
    field->type = (uint8_t)type;
    field->owner = (uint8_t)owner;
    return place + sizeof *field;
}

/* Adds a field; returns where its payload goes, or NULL when the span is full. */
llmobsi_inline unsigned char* llmobsi_field_put(llmobsi_thread* thread, llmobsi_slot* slot,
                                                uint32_t key, uint32_t type, uint32_t owner,
                                                uint32_t payload)
{
    unsigned char* place = llmobsi_span_room(thread, slot, llmobsi_field_bytes(payload));
    if (llmobsi_unlikely(place == NULL)) {
        return NULL;
    }
    return llmobsi_field_head(place, key, type, owner, payload);
}

/* memcpy, without a call for the sizes that most texts have. */
llmobsi_inline void llmobsi_copy_text(unsigned char* to, const char* from, size_t size)
{
    size_t i;
    if (size - 8 < 8) {
        memcpy(to, from, 8);
        memcpy(to + size - 8, from + size - 8, 8);
    } else if (size - 16 <= 48) {
        for (i = 0; i < size - 16; i += 16) {
            memcpy(to + i, from + i, 16);
        }
        memcpy(to + size - 16, from + size - 16, 16);
    } else if (size != 0) {
        memcpy(to, from, size);
    }
}

/* ---- tracestate ---------------------------------------------------------------------------- */

/* A tracestate that came from a remote parent: the first field, whose key is its whole size; what
   does not fit that slot is the first field of the next part. None of it is changed before the slot
   is free. `tracestate` has room for LLMOBS_TRACESTATE_SIZE and a NUL. */
llmobsi_fn void llmobsi_tracestate_carried(const llmobsi_pool* pool, const llmobsi_slot* slot,
                                           char* tracestate)
{
    size_t used = 0;
    size_t size = LLMOBS_TRACESTATE_SIZE;
    while (used < size) {
        const llmobsi_field* field = (const llmobsi_field*)(const void*)slot->body;
        size = field->key < size ? field->key : size;
        if (field->type != LLMOBS_I_FIELD_TRACESTATE || field->size > size - used) {
            break;
        }
        memcpy(tracestate + used, llmobsi_field_payload(field), field->size);
        used += field->size;
        if (used < size) {
            slot = &pool->slots[(slot->next - 1) & pool->mask];
        }
    }
    tracestate[used] = '\0';
}

/* The tracestate of a span that nobody else uses: carried, or this instance's threshold. */
llmobsi_fn void llmobsi_slot_tracestate(const llmobsi_recorder* recorder, const llmobsi_slot* slot,
                                        unsigned flags, char* tracestate)
{
    tracestate[0] = '\0';
    if ((flags & LLMOBS_I_FLAG_OWN_THRESHOLD) != 0) {
        (void)llmobsi_tracestate_set_threshold(tracestate, recorder->threshold);
    } else if ((flags & LLMOBS_I_FLAG_TRACESTATE) != 0) {
        llmobsi_tracestate_carried(&recorder->pool, slot, tracestate);
    }
}

/* Puts it into a new span; all of it or, where there is no room, none. */
llmobsi_cold void llmobsi_tracestate_carry(llmobsi_thread* thread, llmobsi_slot* slot,
                                           const char* tracestate)
{
    const size_t most = LLMOBS_I_SLOT_BODY - sizeof(llmobsi_field);
    size_t size = strlen(tracestate);
    size_t put = 0;
    while (put < size) {
        size_t piece = size - put < most ? size - put : most;
        unsigned char* place = llmobsi_field_put(
            thread, slot, (uint32_t)size, LLMOBS_I_FIELD_TRACESTATE, 0, (uint32_t)piece);
        if (place == NULL) {
            llmobsi_count(&thread->counts.values_truncated, 1);
            break;
        }
        memcpy(place, tracestate + put, piece);
        put += piece;
    }
    if (put == 0 || put < size) {
        uint8_t flags = llmobsi_load_relaxed(&slot->flags);
        llmobsi_store_relaxed(&slot->flags, (uint8_t)(flags & ~LLMOBS_I_FLAG_TRACESTATE));
    }
}

/* ---- attributes ---------------------------------------------------------------------------- */

/* Cuts a string value to the configured size. */
llmobsi_inline size_t llmobsi_value_cut(llmobsi_thread* thread, const char* data, size_t size)
{
    if (llmobsi_unlikely(size > thread->recorder->value_bytes)) {
        llmobsi_count(&thread->counts.values_truncated, 1);
        return llmobsi_utf8_cut(data, size, thread->recorder->value_bytes);
    }
    return size;
}

llmobsi_fn bool llmobsi_put_string(llmobsi_thread* thread, llmobsi_slot* slot, uint32_t key,
                                   uint32_t type, uint32_t owner, const char* data, size_t size)
{
    unsigned char* place;
    size = data != NULL ? llmobsi_value_cut(thread, data, size) : 0;
    place = llmobsi_field_put(thread, slot, key, type, owner, (uint32_t)size);
    if (place == NULL) {
        return false;
    }
    llmobsi_copy_text(place, data, size);
    return true;
}

llmobsi_inline bool llmobsi_put_eight(llmobsi_thread* thread, llmobsi_slot* slot, uint32_t key,
                                      uint32_t type, uint32_t owner, const void* value)
{
    unsigned char* place = llmobsi_field_put(thread, slot, key, type, owner, 8);
    if (llmobsi_unlikely(place == NULL)) {
        return false;
    }
    memcpy(place, value, 8);
    return true;
}

/* An array of strings: each as its size in two bytes, then its bytes. As many as fit one slot. */
llmobsi_fn bool llmobsi_put_strings(llmobsi_thread* thread, llmobsi_slot* slot, uint32_t key,
                                    uint32_t owner, const char* const* strings, size_t count)
{
    unsigned char packed[LLMOBS_I_SLOT_BODY - sizeof(llmobsi_field)];
    uint32_t used = 0;
    unsigned char* place;
    size_t i;
    for (i = 0; strings != NULL && i < count; i++) {
        const char* data = strings[i] != NULL ? strings[i] : "";
        size_t size = llmobsi_value_cut(thread, data, strlen(data));
        uint16_t head = (uint16_t)size;
        if (used + sizeof head + size > sizeof packed) {
            llmobsi_count(&thread->counts.values_truncated, 1);
            break;
        }
        memcpy(packed + used, &head, sizeof head);
        memcpy(packed + used + sizeof head, data, size);
        used += (uint32_t)(sizeof head + size);
    }
    place = llmobsi_field_put(thread, slot, key, LLMOBS_TYPE_STRINGS, owner, used);
    if (place == NULL) {
        return false;
    }
    memcpy(place, packed, used);
    return true;
}

/* The span tells that it has lost one; why is counted elsewhere. */
llmobsi_cold void llmobsi_attribute_dropped(llmobsi_slot* slot)
{
    slot->dropped_attributes =
        (uint16_t)(slot->dropped_attributes + (slot->dropped_attributes != UINT16_MAX));
}

llmobsi_fn bool llmobsi_attribute_put(llmobsi_thread* thread, llmobsi_slot* slot, uint32_t owner,
                                      uint32_t key, const llmobs_attribute* attribute)
{
    int64_t truth;
    switch (attribute->type) {
        case LLMOBS_TYPE_STRING:
            return llmobsi_put_string(thread, slot, key, LLMOBS_TYPE_STRING, owner,
                                      attribute->value.string.data, attribute->value.string.size);
        case LLMOBS_TYPE_INT:
            return llmobsi_put_eight(thread, slot, key, LLMOBS_TYPE_INT, owner,
                                     &attribute->value.integer);
        case LLMOBS_TYPE_DOUBLE:
            return llmobsi_put_eight(thread, slot, key, LLMOBS_TYPE_DOUBLE, owner,
                                     &attribute->value.real);
        case LLMOBS_TYPE_BOOL:
            truth = attribute->value.boolean;
            return llmobsi_put_eight(thread, slot, key, LLMOBS_TYPE_BOOL, owner, &truth);
        case LLMOBS_TYPE_STRINGS:
            return llmobsi_put_strings(thread, slot, key, owner, attribute->value.strings,
                                       attribute->count);
        default:
            return false;
    }
}

/* One attribute of the span itself. */
llmobsi_fn void llmobsi_attribute_add(llmobsi_thread* thread, llmobsi_slot* slot,
                                      const llmobs_attribute* attribute)
{
    uint32_t key;
    if (!llmobsi_key_id(thread, attribute->key, &key)) {
        llmobsi_attribute_dropped(slot);
    } else if (slot->attribute_count < LLMOBS_I_ATTRIBUTES_MAX &&
               llmobsi_attribute_put(thread, slot, LLMOBS_I_OF_SPAN, key, attribute)) {
        slot->attribute_count++;
    } else {
        llmobsi_attribute_dropped(slot);
        llmobsi_count(&thread->counts.attributes_dropped, 1);
    }
}

/* Writes an attribute of the span itself about which nothing is special: a known key, a value that
   is copied as it is, room for it. Returns the bytes it takes; 0, and nothing is written, for
   others. */
llmobsi_inline uint32_t llmobsi_attribute_quick(llmobsi_thread* thread, unsigned char* place,
                                                uint32_t room, const llmobs_attribute* attribute)
{
    const llmobsi_cached_name* name = llmobsi_name_find(thread, attribute->key);
    uint32_t type = (uint32_t)attribute->type;
    if (name == NULL) {
        return 0;
    }
    if (type == LLMOBS_TYPE_STRING) {
        const char* data = attribute->value.string.data;
        size_t size = attribute->value.string.size;
        if (data == NULL || size > thread->recorder->value_bytes ||
            llmobsi_field_bytes((uint32_t)size) > room) {
            return 0;
        }
        place = llmobsi_field_head(place, name->id, LLMOBS_TYPE_STRING, LLMOBS_I_OF_SPAN,
                                   (uint32_t)size);
        llmobsi_copy_text(place, data, size);
        return llmobsi_field_bytes((uint32_t)size);
    }
    if (type <= LLMOBS_TYPE_BOOL && llmobsi_field_bytes(8) <= room) {
        int64_t bits = attribute->value.integer;
        if (type == LLMOBS_TYPE_BOOL) {
            bits = attribute->value.boolean;
        }
        memcpy(llmobsi_field_head(place, name->id, type, LLMOBS_I_OF_SPAN, 8), &bits, 8);
        return llmobsi_field_bytes(8);
    }
    return 0;
}

/* Adds attributes as long as there is nothing special about them; returns how many. The counts stay
   in registers meanwhile: through memory each attribute would wait for the one before. */
llmobsi_fn size_t llmobsi_attributes_add_quick(llmobsi_thread* thread, llmobsi_slot* slot,
                                               const llmobs_attribute* attributes, size_t count)
{
    llmobsi_slot* part = &thread->slots[slot->part & thread->slot_mask];
    uint32_t used = part->used;
    size_t room = LLMOBS_I_ATTRIBUTES_MAX - slot->attribute_count;
    size_t i;
    count = count < room ? count : room;
    for (i = 0; i < count; i++) {
        uint32_t bytes = llmobsi_attribute_quick(thread, part->body + used,
                                                 LLMOBS_I_SLOT_BODY - used, &attributes[i]);
        if (bytes == 0) {
            break;
        }
        used += bytes;
    }
    llmobsi_compiler_barrier(); /* as in llmobsi_set_done */
    part->used = (uint16_t)used;
    slot->attribute_count = (uint16_t)(slot->attribute_count + i);
    return i;
}

llmobsi_fn void llmobsi_attributes_add(llmobsi_thread* thread, llmobsi_slot* slot,
                                       const llmobs_attribute* attributes, size_t count)
{
    size_t i = 0;
    while (attributes != NULL && i < count) {
        i += llmobsi_attributes_add_quick(thread, slot, attributes + i, count - i);
        if (i < count) {
            llmobsi_attribute_add(thread, slot, &attributes[i]);
            i++;
        }
    }
}

/* Counted once it is whole: of what a process leaves in the middle of a call, a recoverer takes
   what is counted. */
llmobsi_inline void llmobsi_set_done(llmobsi_control* self, llmobsi_slot* slot)
{
    llmobsi_compiler_barrier();
    slot->attribute_count++;
    llmobsi_lower(self);
}

/* Member by member, which gcc keeps in registers; a memset it would not. */
llmobsi_inline llmobs_attribute llmobsi_attribute_of(const char* key, llmobs_type type)
{
    llmobs_attribute attribute;
    attribute.key = key;
    attribute.type = type;
    attribute.count = 0;
    attribute.value.string.data = NULL;
    attribute.value.string.size = 0;
    return attribute;
}

llmobsi_inline llmobs_attribute llmobsi_attribute_text(const char* key, const char* value,
                                                       size_t size)
{
    llmobs_attribute attribute = llmobsi_attribute_of(key, LLMOBS_TYPE_STRING);
    attribute.value.string.data = value;
    attribute.value.string.size = size;
    return attribute;
}

LLMOBS_API llmobs_attribute llmobs_attribute_string(const char* key, const char* value)
{
    return llmobsi_attribute_text(key, value, value != NULL ? strlen(value) : 0);
}

LLMOBS_API llmobs_attribute llmobs_attribute_string_n(const char* key, const char* value,
                                                      size_t size)
{
    if (value == NULL || size == LLMOBS_NUL_TERMINATED) {
        return llmobs_attribute_string(key, value);
    }
    return llmobsi_attribute_text(key, value, size);
}

LLMOBS_API llmobs_attribute llmobs_attribute_int(const char* key, int64_t value)
{
    llmobs_attribute attribute = llmobsi_attribute_of(key, LLMOBS_TYPE_INT);
    attribute.value.integer = value;
    return attribute;
}

LLMOBS_API llmobs_attribute llmobs_attribute_double(const char* key, double value)
{
    llmobs_attribute attribute = llmobsi_attribute_of(key, LLMOBS_TYPE_DOUBLE);
    attribute.value.real = value;
    return attribute;
}

LLMOBS_API llmobs_attribute llmobs_attribute_bool(const char* key, bool value)
{
    llmobs_attribute attribute = llmobsi_attribute_of(key, LLMOBS_TYPE_BOOL);
    attribute.value.boolean = value;
    return attribute;
}

LLMOBS_API llmobs_attribute llmobs_attribute_strings(const char* key, const char* const* values,
                                                     size_t count)
{
    llmobs_attribute attribute = llmobsi_attribute_of(key, LLMOBS_TYPE_STRINGS);
    attribute.count = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
    attribute.value.strings = values;
    return attribute;
}
