/* From slots to views: log records. */

/* A log record being packed. */
typedef struct llmobsi_log_packing {
    llmobsi_packer* packer;
    const llmobsi_recorder* recorder;
    llmobs_log_view* view;
    llmobs_interaction* interaction;
    llmobsi_interaction_parts parts;
    llmobsi_pack_list own;
} llmobsi_log_packing;

/* ---- an interaction ------------------------------------------------------------------------ */

llmobsi_fn void llmobsi_pack_numbers(llmobsi_log_packing* packing, const llmobsi_field* field)
{
    const unsigned char* payload = llmobsi_field_payload(field);
    const unsigned char* end = payload + field->size;
    llmobsi_interaction_head head;
    uint32_t left;
    if (field->size < sizeof head) {
        return;
    }
    memcpy(&head, payload, sizeof head);
    payload += sizeof head;
    packing->interaction->guardrails_passed = head.passed != 0;
    packing->interaction->provenance = (llmobs_provenance)head.provenance;
    packing->view->vocabulary = head.vocabulary & LLMOBS_I_VOCABULARIES;
    packing->interaction->cost_known = (head.known & LLMOBS_I_COST_BIT) != 0;
    left = head.known & (2 * LLMOBS_I_COST_BIT - 1);
    for (; left != 0 && payload + 8 <= end; left &= left - 1) {
        memcpy(&packing->parts.numbers[llmobsi_trailing_zeros32(left)], payload, 8);
        payload += 8;
    }
}

llmobsi_fn bool llmobsi_pack_rules(llmobsi_log_packing* packing, const llmobsi_field* field)
{
    llmobs_attribute_view list;
    list.count = 0;
    list.value.strings = NULL;
    if (!llmobsi_pack_strings(packing->packer, llmobsi_field_payload(field), field->size, &list)) {
        return false;
    }
    packing->interaction->guardrails_triggered = list.value.strings;
    packing->interaction->guardrail_count = list.count;
    return true;
}

llmobsi_fn bool llmobsi_pack_interaction_field(llmobsi_log_packing* packing,
                                               const llmobsi_field* field)
{
    if (field->type == LLMOBS_I_FIELD_NUMBERS) {
        llmobsi_pack_numbers(packing, field);
    } else if (field->type == LLMOBS_I_FIELD_TRIGGERED) {
        return llmobsi_pack_rules(packing, field);
    } else if (field->type == LLMOBS_I_FIELD_TEXT && field->key < LLMOBS_I_INTERACTION_TEXTS) {
        return llmobsi_packer_string(packing->packer, llmobsi_field_payload(field), field->size,
                                     &packing->parts.texts[field->key]);
    }
    return true;
}

llmobsi_fn bool llmobsi_pack_interaction(llmobsi_log_packing* packing, const llmobsi_slot* slot)
{
    llmobs_interaction* interaction = (llmobs_interaction*)llmobsi_packer_take(
        packing->packer, sizeof(llmobs_interaction), 8);
    llmobsi_walk walk;
    const llmobsi_field* field;
    if (interaction == NULL) {
        return false;
    }
    *interaction = llmobs_interaction_default();
    interaction->unix_ns = packing->view->unix_ns;
    interaction->severity = packing->view->severity;
    packing->interaction = interaction;
    packing->view->interaction = interaction;
    llmobsi_interaction_parts_of(interaction, &packing->parts);
    llmobsi_walk_begin(&walk, &packing->recorder->pool, slot);
    while ((field = llmobsi_walk_next(&walk)) != NULL) {
        if (!llmobsi_pack_interaction_field(packing, field)) {
            return false;
        }
    }
    llmobsi_interaction_set_parts(interaction, &packing->parts);
    return true;
}

/* ---- any event ----------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_pack_event_record(llmobsi_log_packing* packing, const llmobsi_slot* slot)
{
    const llmobsi_names* names = &packing->recorder->names;
    llmobsi_walk walk;
    const llmobsi_field* field;
    bool fits = true;
    packing->own.count = &packing->view->attribute_count;
    packing->own.room = slot->attribute_count;
    packing->own.attributes = llmobsi_packer_attributes(packing->packer, packing->own.room);
    packing->view->attributes = packing->own.attributes;
    if (packing->own.attributes == NULL) {
        return false;
    }
    llmobsi_walk_begin(&walk, &packing->recorder->pool, slot);
    while (fits && (field = llmobsi_walk_next(&walk)) != NULL) {
        if (field->type == LLMOBS_I_FIELD_BODY) {
            fits = llmobsi_packer_string(packing->packer, llmobsi_field_payload(field),
                                         field->size, &packing->view->body);
        } else if (field->type <= LLMOBS_TYPE_STRINGS) {
            llmobs_attribute_view* place = llmobsi_pack_place(names, &packing->own, field->key);
            fits = place == NULL || llmobsi_pack_attribute(packing->packer, names, field, place);
        }
    }
    return fits;
}

/* ---- a log record -------------------------------------------------------------------------- */

/* What stands in the slot's head. */
llmobsi_fn void llmobsi_pack_log_head(const llmobsi_recorder* recorder, const llmobsi_slot* slot,
                                      llmobs_log_view* view)
{
    uint64_t stamp = llmobsi_load_relaxed(&slot->start);
    uint64_t again;
    memset(view, 0, sizeof *view);
    llmobsi_write_be64(view->trace_id, llmobsi_load_relaxed(&slot->trace_high));
    llmobsi_write_be64(view->trace_id + 8, llmobsi_load_relaxed(&slot->trace_low));
    llmobsi_write_be64(view->span_id, llmobsi_load_relaxed(&slot->span_id));
    llmobsi_timeline_convert(&recorder->timeline, stamp, stamp, &view->observed_unix_ns, &again);
    view->unix_ns = slot->end != 0 ? slot->end : view->observed_unix_ns;
    view->severity = (llmobs_severity)slot->status;
    view->flags = llmobsi_load_relaxed(&slot->flags);
    view->thread = slot->thread;
    view->event_name.data = llmobsi_empty;
    if (slot->name != LLMOBS_I_NAME_UNNAMED) {
        view->event_name = llmobsi_names_text(&recorder->names, slot->name);
    }
    view->body.data = llmobsi_empty;
    view->dropped_attribute_count = slot->dropped_attributes;
}

/* Adds one log record. False, and nothing is changed, when the memory does not suffice. */
llmobsi_fn bool llmobsi_packer_add_log(llmobsi_packer* packer, const llmobsi_recorder* recorder,
                                       const llmobsi_slot* slot)
{
    size_t back = packer->back;
    llmobsi_log_packing packing;
    bool fits;
    if (back - packer->front < sizeof(llmobs_log_view)) {
        return false;
    }
    memset(&packing, 0, sizeof packing);
    packing.packer = packer;
    packing.recorder = recorder;
    packing.view = (llmobs_log_view*)(void*)(packer->memory + packer->front);
    packer->front += sizeof(llmobs_log_view);
    llmobsi_pack_log_head(recorder, slot, packing.view);
    fits = slot->kind == LLMOBS_I_SLOT_IS_INTERACTION ? llmobsi_pack_interaction(&packing, slot)
                                                      : llmobsi_pack_event_record(&packing, slot);
    if (!fits) {
        packer->front -= sizeof(llmobs_log_view);
        packer->back = back;
        return false;
    }
    packer->count++;
    return true;
}
