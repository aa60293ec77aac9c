/* The file of a flight recorder, read as what it may be: hostile. It is copied into memory of our
   own first, so that nobody changes it meanwhile. The head says which config it was laid out by;
   the layout is computed from that anew, and must have the file's size: no offset is taken from the
   file. Where it holds addresses, of names, labels and pages of cells, they are numbers relative to
   where the process had the file, and must lead to where such things are. What has been checked is
   then read by the same functions as in a live instance. */

#define LLMOBS_I_RECOVER_PARTS 64u /* of a span: the most that can be configured */
#define LLMOBS_I_RECOVER_RESOURCE 64u
#define LLMOBS_I_RECOVER_PACE 1e6 /* nanoseconds a unit: no clock is slower */

typedef struct llmobsi_remains {
    unsigned char* image; /* the file, copied */
    size_t size;
    llmobsi_flight_head* head; /* in it, as all of the record */
    const llmobsi_pulse* pulse;
    unsigned char* journals;
    llmobsi_history* history; /* NULL: it had none */
    llmobs_config config;
    uint64_t last_stamp; /* the last sign of life */
    llmobs_resource_view resource;
    llmobs_attribute_view resource_attributes[LLMOBS_I_RECOVER_RESOURCE];
    llmobsi_recorder recorder; /* whose parts lie in the image */
} llmobsi_remains;

/* ---- the head ------------------------------------------------------------------------------ */

/* The config that the head tells of. False: no instance can have had it. */
llmobsi_fn bool llmobsi_remains_config(llmobsi_remains* remains)
{
    const llmobsi_flight_head* head = remains->head;
    llmobs_config given = llmobs_config_default();
    bool same = true;
    given.recorder_file = "";
#define LLMOBS_I_FLIGHT_FIELD(field) given.field = head->field;
    LLMOBS_I_FLIGHT_FIELDS(LLMOBS_I_FLIGHT_FIELD)
#undef LLMOBS_I_FLIGHT_FIELD
    llmobsi_config_complete(&remains->config, &given, false);
#define LLMOBS_I_FLIGHT_FIELD(field) same = same && remains->config.field == head->field;
    LLMOBS_I_FLIGHT_FIELDS(LLMOBS_I_FLIGHT_FIELD)
#undef LLMOBS_I_FLIGHT_FIELD
    return same && llmobsi_flight_bytes(&remains->config) == remains->size;
}

llmobsi_fn llmobs_result llmobsi_remains_head(llmobsi_remains* remains)
{
    llmobsi_flight_head* head = (llmobsi_flight_head*)(void*)remains->image;
    if (remains->size < sizeof *head ||
        memcmp(head->magic, LLMOBS_I_FLIGHT_MAGIC, sizeof head->magic) != 0) {
        return LLMOBS_ERROR_DATA;
    }
    if (head->build != llmobsi_flight_build()) {
        return LLMOBS_ERROR_MISMATCH;
    }
    remains->head = head;
    return head->checksum == llmobsi_flight_checksum(head) && head->bytes == remains->size &&
                   llmobsi_remains_config(remains)
               ? LLMOBS_OK
               : LLMOBS_ERROR_DATA;
}

/* Lays the record out in the image. */
llmobsi_fn void llmobsi_remains_layout(llmobsi_remains* remains)
{
    llmobsi_recorder* recorder = &remains->recorder;
    llmobsi_arena arena;
    arena.base = remains->image;
    arena.used = 0;
    (void)llmobsi_flight_head_layout(&arena);
    llmobsi_record_layout(&arena, &remains->config, recorder);
    llmobsi_threads_layout(recorder);
    remains->journals = llmobsi_journals_layout(&arena, &remains->config);
    remains->history = llmobsi_history_layout(&arena, &remains->config);
    recorder->spans_on = remains->config.span_slots != LLMOBS_OFF;
    recorder->registry.on = remains->config.metric_series != LLMOBS_OFF;
    recorder->threshold = remains->head->threshold;
    recorder->threads_used = recorder->thread_count;
}

/* ---- addresses and texts ------------------------------------------------------------------- */

/* What an address of the dead process stands for, if `size` bytes from there on lie in a region of
   the image, on such a border from its beginning; else NULL. */
llmobsi_fn void* llmobsi_remains_at(const llmobsi_remains* remains, const void* address,
                                    const void* region, size_t region_size, size_t size,
                                    size_t border)
{
    uint64_t first;
    uint64_t at;
    if (region == NULL) {
        return NULL;
    }
    first = (uint64_t)((const unsigned char*)region - remains->image);
    at = (uint64_t)(uintptr_t)address - remains->head->base - first;
    if (at > region_size || size > region_size - at || at % border != 0) {
        return NULL;
    }
    return remains->image + first + at;
}

/* Whether a text is as long as it says: its NUL is there, and no other one. */
llmobsi_fn bool llmobsi_is_long(const char* text, size_t size)
{
    return memchr(text, '\0', size + 1) == text + size;
}

/* A text of the registry's, whose address is put right. */
llmobsi_fn bool llmobsi_remains_text(const llmobsi_remains* remains, llmobs_string* text)
{
    const llmobsi_registry* registry = &remains->recorder.registry;
    const char* data;
    if (text->size >= registry->text_bytes) {
        return false;
    }
    data = (const char*)llmobsi_remains_at(remains, text->data, registry->texts,
                                           registry->text_bytes, text->size + 1, 1);
    if (data == NULL || !llmobsi_is_long(data, text->size)) {
        return false;
    }
    text->data = data;
    return true;
}

/* ---- names --------------------------------------------------------------------------------- */

#define LLMOBS_I_RECOVER_BAD UINT32_MAX /* in place of an entry that leads to no name */
#define LLMOBS_I_RECOVER_PROBES 1024u   /* a name stands no farther from its place */

/* The name at a place; NULL: there is none. */
llmobsi_fn const llmobsi_name* llmobsi_remains_name(const llmobsi_names* names, uint32_t place)
{
    const llmobsi_name* name;
    uint32_t room;
    if (place - 1 >= names->text_capacity || (place - 1) % 8 != 0) {
        return NULL;
    }
    room = names->text_capacity - (place - 1);
    if (room < LLMOBS_I_NAME_HEAD + 1) {
        return NULL;
    }
    name = llmobsi_names_at(names, place);
    return name->size > 0 && name->size <= LLMOBS_I_NAME_MAX &&
                   LLMOBS_I_NAME_HEAD + name->size + 1 <= room &&
                   llmobsi_is_long(name->text, name->size) &&
                   llmobsi_utf8_is_valid(name->text, name->size) &&
                   name->hash == (uint32_t)llmobsi_hash64(name->text, name->size, names->seed)
               ? name
               : NULL;
}

/* Whether an entry stands where its name is looked for, and is the first that has it. */
llmobsi_fn bool llmobsi_remains_entry_fits(const llmobsi_names* names, uint32_t entry)
{
    const llmobsi_name* name = llmobsi_remains_name(names, names->entries[entry]);
    uint32_t probe;
    for (probe = 0; name != NULL && probe < LLMOBS_I_RECOVER_PROBES; probe++) {
        uint32_t index = (name->hash + probe) & names->entry_mask;
        const llmobsi_name* other;
        if (index == entry) {
            return true;
        }
        other = llmobsi_remains_name(names, names->entries[index]);
        if (names->entries[index] == 0 ||
            (other != NULL && other->size == name->size &&
             memcmp(other->text, name->text, name->size) == 0)) {
            break;
        }
    }
    return false;
}

/* What is no name becomes none: what is called so has the name of what found no room. */
llmobsi_fn void llmobsi_remains_names(llmobsi_remains* remains)
{
    llmobsi_names* names = &remains->recorder.names;
    uint32_t i;
    names->seed = remains->head->names_seed;
    for (i = 0; i <= names->entry_mask; i++) {
        if (names->entries[i] != 0 && !llmobsi_remains_entry_fits(names, i)) {
            names->entries[i] = LLMOBS_I_RECOVER_BAD;
        }
    }
    for (i = 0; i <= names->entry_mask; i++) {
        if (names->entries[i] == LLMOBS_I_RECOVER_BAD) {
            names->entries[i] = 0;
        }
    }
}

/* ---- time and the account ------------------------------------------------------------------ */

llmobsi_fn bool llmobsi_line_is_valid(const llmobsi_line* line)
{
    uint32_t i;
    if (line->source > (uint32_t)LLMOBS_I_TIME_INJECTED || line->knot_count < 1 ||
        line->knot_count > LLMOBS_I_KNOTS) {
        return false;
    }
    for (i = 0; i < line->knot_count && line->source != (uint32_t)LLMOBS_I_TIME_INJECTED; i++) {
        double pace = line->knots[i].ns_per_unit;
        if (!llmobsi_double_is_finite(pace) || pace <= 0.0 || pace > LLMOBS_I_RECOVER_PACE) {
            return false;
        }
    }
    return true;
}

/* The pulse that is whole, or the other one, if that is what is left. */
llmobsi_fn bool llmobsi_remains_pulse(llmobsi_remains* remains)
{
    const llmobsi_flight_head* head = remains->head;
    llmobsi_timeline* timeline = &remains->recorder.timeline;
    uint32_t whole = head->whole & 1u;
    if (!llmobsi_line_is_valid(&head->pulses[whole].line)) {
        whole = 1 - whole;
    }
    remains->pulse = &head->pulses[whole];
    if (!llmobsi_line_is_valid(&remains->pulse->line)) {
        return false;
    }
    timeline->source = (llmobsi_time_source)remains->pulse->line.source;
    timeline->knot_count = remains->pulse->line.knot_count;
    memcpy(timeline->knots, remains->pulse->line.knots, sizeof timeline->knots);
    remains->last_stamp = remains->pulse->stamp;
    return true;
}

/* The account as of the last pulse: only its texts can do harm. */
llmobsi_fn void llmobsi_remains_account(const llmobsi_remains* remains, llmobs_stats* stats)
{
    uint32_t i;
    *stats = remains->pulse->stats;
    stats->size = sizeof *stats;
    if (stats->exporter_count > LLMOBS_STATS_EXPORTERS) {
        stats->exporter_count = 0;
    }
    for (i = 0; i < LLMOBS_STATS_EXPORTERS; i++) {
        char* name = stats->exporters[i].name;
        if (memchr(name, '\0', sizeof stats->exporters[i].name) == NULL ||
            !llmobsi_utf8_is_valid(name, strlen(name))) {
            memset(name, 0, sizeof stats->exporters[i].name);
        }
    }
}

/* ---- the resource -------------------------------------------------------------------------- */

/* One attribute, of `size` bytes at most. Returns how many it has; 0: it is none. */
llmobsi_fn uint32_t llmobsi_remains_attribute(const unsigned char* bytes, uint32_t size,
                                              llmobs_attribute_view* view)
{
    uint16_t sizes[2];
    uint32_t type;
    const char* key = (const char*)bytes + 8;
    const char* value;
    if (size < 8) {
        return 0;
    }
    memcpy(sizes, bytes, sizeof sizes);
    memcpy(&type, bytes + 4, sizeof type);
    value = key + sizes[0];
    if (sizes[0] < 2 || sizes[1] < 1 || (uint32_t)sizes[0] + sizes[1] > size - 8 ||
        !llmobsi_is_long(key, sizes[0] - 1u) || !llmobsi_utf8_is_valid(key, sizes[0] - 1u)) {
        return 0;
    }
    memset(view, 0, sizeof *view);
    view->key.data = key;
    view->key.size = sizes[0] - 1u;
    view->type = (llmobs_type)type;
    if (type == LLMOBS_TYPE_STRING) {
        if (!llmobsi_is_long(value, sizes[1] - 1u) ||
            !llmobsi_utf8_is_valid(value, sizes[1] - 1u)) {
            return 0;
        }
        view->value.string.data = value;
        view->value.string.size = sizes[1] - 1u;
    } else if (sizes[1] != 8 || (type != LLMOBS_TYPE_INT && type != LLMOBS_TYPE_DOUBLE)) {
        return 0;
    } else {
        memcpy(&view->value.integer, value, 8);
    }
    return 8u + sizes[0] + sizes[1];
}

llmobsi_fn void llmobsi_remains_resource(llmobsi_remains* remains)
{
    const llmobsi_flight_head* head = remains->head;
    uint32_t size = head->resource_size <= LLMOBS_I_FLIGHT_RESOURCE ? head->resource_size : 0;
    uint32_t count = 0;
    uint32_t at = 0;
    uint32_t used = 1;
    while (used != 0 && count < LLMOBS_I_RECOVER_RESOURCE) {
        used = llmobsi_remains_attribute(head->resource + at, size - at,
                                         &remains->resource_attributes[count]);
        at += used;
        count += used != 0;
    }
    remains->resource.attributes = remains->resource_attributes;
    remains->resource.attribute_count = count;
}

/* ---- spans and log records ----------------------------------------------------------------- */

/* Strings, each as its size and its bytes. */
llmobsi_fn bool llmobsi_remains_strings(const unsigned char* packed, uint32_t size)
{
    uint32_t place = 0;
    uint16_t length;
    while (place + sizeof length <= size) {
        memcpy(&length, packed + place, sizeof length);
        place += (uint32_t)sizeof length + length;
    }
    return place == size;
}

llmobsi_fn bool llmobsi_remains_numbers(const llmobsi_field* field)
{
    llmobsi_interaction_head head;
    if (field->size < sizeof head) {
        return false;
    }
    memcpy(&head, llmobsi_field_payload(field), sizeof head);
    return head.provenance <= (uint16_t)LLMOBS_USAGE_ESTIMATED &&
           head.known < 2 * LLMOBS_I_COST_BIT &&
           (head.vocabulary & ~LLMOBS_I_VOCABULARIES) == 0 &&
           field->size == sizeof head + 8u * (uint32_t)llmobsi_bit_count32(head.known);
}

/* Whether a field is an attribute that recorders write. */
llmobsi_fn bool llmobsi_remains_value(const llmobsi_field* field)
{
    switch (field->type) {
    case LLMOBS_TYPE_STRING:
        return true;
    case LLMOBS_TYPE_INT:
    case LLMOBS_TYPE_DOUBLE:
    case LLMOBS_TYPE_BOOL:
        return field->size == 8;
    case LLMOBS_TYPE_STRINGS:
        return llmobsi_remains_strings(llmobsi_field_payload(field), field->size);
    default:
        return false;
    }
}

/* Whether a field is one that recorders write into a record of this kind. */
llmobsi_fn bool llmobsi_remains_field(const llmobsi_field* field, uint8_t kind)
{
    bool span = kind < LLMOBS_I_SLOT_IS_LOG;
    bool interaction = kind == LLMOBS_I_SLOT_IS_INTERACTION;
    switch (field->type) {
    case LLMOBS_I_FIELD_EVENT:
        return span && field->size == sizeof(llmobsi_event_head);
    case LLMOBS_I_FIELD_LINK:
        return span && field->size >= LLMOBS_I_LINK_HEAD;
    case LLMOBS_I_FIELD_MESSAGE:
    case LLMOBS_I_FIELD_TRACESTATE:
    case LLMOBS_I_FIELD_PHASE:
    case LLMOBS_I_FIELD_TAIL:
        return span;
    case LLMOBS_I_FIELD_NUMBERS:
        return interaction && llmobsi_remains_numbers(field);
    case LLMOBS_I_FIELD_TRIGGERED:
        return interaction && llmobsi_remains_strings(llmobsi_field_payload(field), field->size);
    case LLMOBS_I_FIELD_TEXT:
        return interaction;
    case LLMOBS_I_FIELD_BODY:
        return kind == LLMOBS_I_SLOT_IS_LOG;
    default:
        return !interaction && llmobsi_remains_value(field);
    }
}

/* Names that are damaged are all one, so that no key comes twice. */
llmobsi_fn void llmobsi_remains_rename(const llmobsi_names* names, llmobsi_field* field)
{
    bool named = field->type <= LLMOBS_TYPE_STRINGS || field->type == LLMOBS_I_FIELD_EVENT;
    if (named && field->key != LLMOBS_I_NAME_UNNAMED &&
        (field->key - 1 > names->entry_mask || names->entries[field->key - 1] == 0)) {
        field->key = LLMOBS_I_NAME_OVERFLOW;
    }
}

/* Spans have ids, and are sampled; log records have the ids of a span, or none. */
llmobsi_fn bool llmobsi_remains_ids(const llmobsi_slot* slot, bool log)
{
    bool traced = (slot->trace_high | slot->trace_low) != 0;
    bool sampled = (llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) != 0;
    return traced == (slot->span_id != 0) && (log || (traced && sampled));
}

/* Whether a slot's head is one that recorders write. */
llmobsi_fn bool llmobsi_remains_slot(const llmobsi_slot* slot)
{
    bool log = slot->kind == LLMOBS_I_SLOT_IS_LOG || slot->kind == LLMOBS_I_SLOT_IS_INTERACTION;
    if (log ? slot->status < 1 || slot->status > LLMOBS_I_SEVERITIES
            : slot->kind != llmobsi_kind((llmobs_kind)slot->kind) ||
                  slot->status > (uint8_t)LLMOBS_STATUS_ERROR) {
        return false;
    }
    return llmobsi_remains_ids(slot, log) && llmobsi_load_relaxed(&slot->start) != 0 &&
           slot->part_count >= 1 &&
           slot->part_count <= LLMOBS_I_RECOVER_PARTS &&
           slot->attribute_count <= LLMOBS_I_ATTRIBUTES_MAX &&
           slot->event_count <= LLMOBS_I_EVENTS_MAX && slot->link_count <= LLMOBS_I_LINKS_MAX;
}

/* Whether a tracestate is there as a whole: else it is left out. */
llmobsi_fn bool llmobsi_remains_tracestate(const llmobsi_pool* pool, const llmobsi_slot* slot)
{
    uint32_t size = LLMOBS_TRACESTATE_SIZE;
    uint32_t used = 0;
    uint32_t parts;
    for (parts = slot->part_count; parts > 0 && used < size; parts--) {
        uint32_t place = 0;
        const llmobsi_field* field = llmobsi_field_next(slot, &place);
        if (field == NULL || field->type != LLMOBS_I_FIELD_TRACESTATE ||
            field->key > LLMOBS_TRACESTATE_SIZE || field->size == 0) {
            return false;
        }
        size = field->key;
        used += field->size;
        slot = &pool->slots[(slot->next - 1) & pool->mask];
    }
    return used == size;
}

/* What is left to be told of one span. */
typedef struct llmobsi_told {
    uint32_t attributes;
    uint32_t events;
    uint32_t links;
} llmobsi_told;

/* Whether one more field of a span that was in flight is counted, and so whole. */
llmobsi_fn bool llmobsi_remains_counted(const llmobsi_field* field, llmobsi_told* left)
{
    uint32_t* count = field->type == LLMOBS_I_FIELD_EVENT     ? &left->events
                      : field->type == LLMOBS_I_FIELD_LINK    ? &left->links
                      : field->type <= LLMOBS_TYPE_STRINGS &&
                                field->owner != LLMOBS_I_OF_EVENT
                          ? &left->attributes
                          : NULL;
    if (count == NULL) {
        return true;
    }
    return *count > 0 && (*count)--;
}

/* Checks one part of a record of a kind. `left` is of a span that was in flight: there it ends
   before the first field that was not finished. Returns whether all of it is good. */
llmobsi_fn bool llmobsi_remains_part(const llmobsi_names* names, llmobsi_slot* part, uint8_t kind,
                                     llmobsi_told* left)
{
    const llmobsi_field* field;
    uint32_t place = 0;
    uint32_t before = 0;
    while ((field = llmobsi_field_next(part, &place)) != NULL) {
        if (!llmobsi_remains_field(field, kind) ||
            (left != NULL && !llmobsi_remains_counted(field, left))) {
            break;
        }
        llmobsi_remains_rename(names, (llmobsi_field*)(void*)(part->body + before));
        before = place;
    }
    if (field == NULL && before == part->used) {
        return true;
    }
    if (left != NULL) {
        part->used = (uint16_t)before;
    }
    return false;
}

/* Checks a span or log record with all its parts. Of one that was in flight, what is not whole is
   cut off. False: it is damaged. */
llmobsi_fn bool llmobsi_remains_check(llmobsi_recorder* recorder, llmobsi_slot* slot, bool open)
{
    llmobsi_pool* pool = &recorder->pool;
    llmobsi_slot* part = slot;
    llmobsi_told left;
    uint32_t parts;
    uint8_t flags = llmobsi_load_relaxed(&slot->flags);
    if (!llmobsi_remains_slot(slot)) {
        return false;
    }
    left.attributes = slot->attribute_count;
    left.events = slot->event_count;
    left.links = slot->link_count;
    for (parts = 1;; parts++) {
        if (part->used > LLMOBS_I_SLOT_BODY) {
            return false; /* nobody leaves that, at whatever moment */
        }
        if (!llmobsi_remains_part(&recorder->names, part, slot->kind, open ? &left : NULL)) {
            if (!open) {
                return false;
            }
            slot->part_count = (uint8_t)parts;
        }
        if (parts == slot->part_count) {
            break;
        }
        if (part->next - 1 > pool->mask) {
            return false;
        }
        part = &pool->slots[part->next - 1];
    }
    if ((flags & LLMOBS_I_FLAG_TRACESTATE) != 0 && !llmobsi_remains_tracestate(pool, slot)) {
        llmobsi_store_relaxed(&slot->flags, (uint8_t)(flags & ~LLMOBS_I_FLAG_TRACESTATE));
    }
    return true;
}

/* ---- journals and the history -------------------------------------------------------------- */

/* Puts an entry into slots, LLMOBS_I_RECOVER_PARTS of them. Returns its size; 0: it is none. */
llmobsi_fn uint32_t llmobsi_remains_entry(const unsigned char* bytes, uint32_t size,
                                          llmobsi_slot* slots)
{
    llmobsi_journal_entry entry;
    uint32_t at = (uint32_t)(sizeof entry + LLMOBS_I_SLOT_HEAD);
    uint64_t used;
    uint32_t part;
    if (size < at) {
        return 0;
    }
    memcpy(&entry, bytes, sizeof entry);
    if (entry.size > size || entry.size < at || entry.parts < 1 ||
        entry.parts > LLMOBS_I_RECOVER_PARTS) {
        return 0;
    }
    memcpy((void*)slots, bytes + sizeof entry, LLMOBS_I_SLOT_HEAD);
    used = slots->used;
    for (part = 0;; part++) {
        if (used > LLMOBS_I_SLOT_BODY || used > entry.size - at) {
            return 0;
        }
        memcpy(slots[part].body, bytes + at, (size_t)used);
        slots[part].used = (uint16_t)used;
        at += (uint32_t)used;
        if (part + 1 == entry.parts) {
            break;
        }
        slots[part].next = part + 2;
        if (entry.size - at < sizeof used) {
            return 0;
        }
        memcpy(&used, bytes + at, sizeof used);
        at += (uint32_t)sizeof used;
    }
    slots[part].next = 0;
    slots->part_count = (uint8_t)entry.parts;
    return at == entry.size ? at : 0;
}
