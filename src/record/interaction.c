/* An interaction in a slot chain: one field with the numbers that are known, then one for each text
   that there is, the important ones first. What finds no room is counted as dropped attributes. */

#define LLMOBS_I_INTERACTION_EVENT "llm.interactions"

/* The members lie one after the other, in the struct as in these counts. */
#define LLMOBS_I_INTERACTION_TEXTS 15u
#define LLMOBS_I_INTERACTION_NUMBERS 17u

LLMOBS_I_STATIC_ASSERT(interaction_texts,
                       offsetof(llmobs_interaction, request_id) +
                               LLMOBS_I_INTERACTION_TEXTS * sizeof(llmobs_string) ==
                           offsetof(llmobs_interaction, prompt_version) + sizeof(llmobs_string));
LLMOBS_I_STATIC_ASSERT(interaction_numbers,
                       offsetof(llmobs_interaction, input_length) +
                               LLMOBS_I_INTERACTION_NUMBERS * sizeof(int64_t) ==
                           offsetof(llmobs_interaction, cost_nano) + sizeof(int64_t));

#define LLMOBS_I_COST_BIT (1u << (LLMOBS_I_INTERACTION_NUMBERS - 1))

/* What the numbers' field begins with. The known ones follow, in the order of their bits. */
typedef struct llmobsi_interaction_head {
    uint32_t known; /* a bit for each number */
    uint16_t passed;
    uint8_t provenance;
    uint8_t vocabulary; /* LLMOBS_VOCABULARY_* | ... */
} llmobsi_interaction_head;

/* The members as arrays, and back. */
typedef struct llmobsi_interaction_parts {
    llmobs_string texts[LLMOBS_I_INTERACTION_TEXTS];
    int64_t numbers[LLMOBS_I_INTERACTION_NUMBERS];
} llmobsi_interaction_parts;

#define LLMOBS_I_INTERACTION_TEXTS_AT offsetof(llmobs_interaction, request_id)
#define LLMOBS_I_INTERACTION_NUMBERS_AT offsetof(llmobs_interaction, input_length)

/* On 32 bits there may be a gap between the two. */
LLMOBS_I_STATIC_ASSERT(interaction_texts,
                       sizeof(((llmobsi_interaction_parts*)0)->texts) ==
                           offsetof(llmobs_interaction, prompt_version) + sizeof(llmobs_string) -
                               LLMOBS_I_INTERACTION_TEXTS_AT);
LLMOBS_I_STATIC_ASSERT(interaction_numbers,
                       sizeof(((llmobsi_interaction_parts*)0)->numbers) ==
                           offsetof(llmobs_interaction, cost_nano) + sizeof(int64_t) -
                               LLMOBS_I_INTERACTION_NUMBERS_AT);

llmobsi_fn void llmobsi_interaction_parts_of(const llmobs_interaction* interaction,
                                             llmobsi_interaction_parts* parts)
{
    const char* from = (const char*)interaction;
    memcpy(parts->texts, from + LLMOBS_I_INTERACTION_TEXTS_AT, sizeof parts->texts);
    memcpy(parts->numbers, from + LLMOBS_I_INTERACTION_NUMBERS_AT, sizeof parts->numbers);
}

llmobsi_fn void llmobsi_interaction_set_parts(llmobs_interaction* interaction,
                                              const llmobsi_interaction_parts* parts)
{
    char* to = (char*)interaction;
    memcpy(to + LLMOBS_I_INTERACTION_TEXTS_AT, parts->texts, sizeof parts->texts);
    memcpy(to + LLMOBS_I_INTERACTION_NUMBERS_AT, parts->numbers, sizeof parts->numbers);
}

LLMOBS_API llmobs_interaction llmobs_interaction_default(void)
{
    llmobs_interaction interaction;
    llmobsi_interaction_parts parts;
    uint32_t i;
    memset(&interaction, 0, sizeof interaction);
    interaction.size = sizeof interaction;
    interaction.severity = LLMOBS_SEVERITY_INFO;
    interaction.guardrails_passed = true;
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS; i++) {
        parts.texts[i].data = "";
        parts.texts[i].size = 0;
    }
    for (i = 0; i < LLMOBS_I_INTERACTION_NUMBERS; i++) {
        parts.numbers[i] = -1;
    }
    llmobsi_interaction_set_parts(&interaction, &parts);
    return interaction;
}

/* Whose word a number of tokens is, where it is not the provider's: "counted", "estimated", else
   "". */
llmobsi_inline llmobs_string llmobsi_provenance_doubt(llmobs_provenance provenance)
{
    return llmobs_str(provenance == LLMOBS_USAGE_REPORTED  ? ""
                      : provenance == LLMOBS_USAGE_COUNTED ? "counted"
                                                           : "estimated");
}

/* What a caller of any version knows of. */
llmobsi_fn void llmobsi_interaction_take(llmobs_interaction* known, const llmobs_interaction* given)
{
    *known = llmobs_interaction_default();
    memcpy(known, given, llmobsi_known_size(given->size, sizeof *known));
    known->size = sizeof *known;
}

/* ---- into the slot ------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_interaction_put_numbers(llmobsi_thread* thread, llmobsi_slot* slot,
                                                const llmobs_interaction* interaction,
                                                const int64_t* numbers)
{
    llmobsi_interaction_head head;
    unsigned char* place;
    uint32_t left;
    uint32_t i;
    head.known = 0;
    head.passed = interaction->guardrails_passed;
    head.provenance = (uint8_t)interaction->provenance;
    head.vocabulary = (uint8_t)thread->recorder->vocabulary;
    for (i = 0; i < LLMOBS_I_INTERACTION_NUMBERS - 1; i++) {
        head.known |= (uint32_t)(numbers[i] >= 0) << i;
    }
    head.known |= interaction->cost_known ? LLMOBS_I_COST_BIT : 0u;
    place = llmobsi_field_put(
        thread, slot, 0, LLMOBS_I_FIELD_NUMBERS, LLMOBS_I_OF_SPAN,
        (uint32_t)sizeof head + 8u * (uint32_t)llmobsi_bit_count32(head.known));
    if (place == NULL) {
        return; /* the first field: there is room */
    }
    memcpy(place, &head, sizeof head);
    place += sizeof head;
    for (left = head.known; left != 0; left &= left - 1) {
        memcpy(place, &numbers[llmobsi_trailing_zeros32(left)], 8);
        place += 8;
    }
}

/* The names of rules, each as its size in two bytes, then its bytes; as many as fit one slot. */
llmobsi_fn void llmobsi_interaction_put_rules(llmobsi_thread* thread, llmobsi_slot* slot,
                                              const llmobs_string* rules, size_t count)
{
    unsigned char packed[LLMOBS_I_SLOT_BODY - sizeof(llmobsi_field)];
    uint32_t used = 0;
    unsigned char* place;
    size_t i;
    for (i = 0; i < count; i++) {
        size_t size =
            rules[i].data != NULL ? llmobsi_value_cut(thread, rules[i].data, rules[i].size) : 0;
        uint16_t head = (uint16_t)size;
        if (used + sizeof head + size > sizeof packed) {
            llmobsi_count(&thread->counts.values_truncated, 1);
            break;
        }
        memcpy(packed + used, &head, sizeof head);
        if (size > 0) {
            memcpy(packed + used + sizeof head, rules[i].data, size);
        }
        used += (uint32_t)(sizeof head + size);
    }
    place = llmobsi_field_put(thread, slot, 0, LLMOBS_I_FIELD_TRIGGERED, LLMOBS_I_OF_SPAN, used);
    if (place == NULL) {
        llmobsi_count(&thread->counts.attributes_dropped, 1);
        llmobsi_attribute_dropped(slot);
        return;
    }
    memcpy(place, packed, used);
}

llmobsi_fn void llmobsi_interaction_put(llmobsi_thread* thread, llmobsi_slot* slot,
                                        const llmobs_interaction* interaction)
{
    llmobsi_interaction_parts parts;
    uint32_t i;
    llmobsi_interaction_parts_of(interaction, &parts);
    llmobsi_interaction_put_numbers(thread, slot, interaction, parts.numbers);
    if (interaction->guardrails_triggered != NULL && interaction->guardrail_count > 0) {
        llmobsi_interaction_put_rules(thread, slot, interaction->guardrails_triggered,
                                      interaction->guardrail_count);
    }
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS; i++) {
        if (parts.texts[i].size > 0 && parts.texts[i].data != NULL &&
            !llmobsi_put_string(thread, slot, i, LLMOBS_I_FIELD_TEXT, LLMOBS_I_OF_SPAN,
                                parts.texts[i].data, parts.texts[i].size)) {
            llmobsi_count(&thread->counts.attributes_dropped, 1);
            llmobsi_attribute_dropped(slot);
        }
    }
}

/* ---- recording ----------------------------------------------------------------------------- */

/* For callers that are inside already: `interaction` is complete (its size is not looked at), and
   `lineage` says where it belongs, with the span's own id as parent_id (llmobsi_log_lineage). */
llmobsi_fn void llmobsi_log_interaction(llmobsi_thread* thread, const llmobsi_lineage* lineage,
                                        const llmobs_interaction* interaction)
{
    uint8_t severity = llmobsi_severity(interaction->severity);
    llmobsi_slot* slot;
    if (!thread->recorder->spans_on || !llmobsi_log_wanted(thread->recorder->ticket, severity)) {
        return;
    }
    slot = llmobsi_log_begin(thread, lineage, LLMOBS_I_INTERACTION_EVENT, interaction->unix_ns);
    if (slot != NULL) {
        slot->kind = LLMOBS_I_SLOT_IS_INTERACTION;
        slot->status = severity;
        llmobsi_interaction_put(thread, slot, interaction);
        llmobsi_log_publish(thread, slot);
    }
}

LLMOBS_API void llmobs_log_interaction(llmobs* obs, llmobs_span span,
                                       const llmobs_interaction* interaction)
{
    uint32_t ticket = llmobsi_ticket(obs);
    llmobs_interaction known;
    llmobsi_lineage lineage;
    llmobsi_thread* thread;
    if (interaction == NULL) {
        return;
    }
    llmobsi_interaction_take(&known, interaction);
    if (!llmobsi_log_wanted(ticket, llmobsi_severity(known.severity))) {
        return;
    }
    thread = llmobsi_enter_to_log(ticket);
    if (thread == NULL) {
        return;
    }
    llmobsi_log_lineage(thread, span, &lineage);
    llmobsi_log_interaction(thread, &lineage, &known);
    llmobsi_leave();
}
