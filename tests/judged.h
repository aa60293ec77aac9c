/* Rules and places for tests of what becomes of alerts. */
#ifndef JUDGED_H
#define JUDGED_H

#include <stdlib.h>

static inline uint16_t judged_text(llmobsi_alert_rule* rule, const char* text)
{
    uint16_t place = rule->text_used;
    size_t size = strlen(text) + 1;
    memcpy(rule->text + place, text, size);
    rule->text_used = (uint16_t)(place + size);
    return place;
}

/* `by` is up to four names of labels, parted by commas. */
static inline void judged_rule(llmobsi_alert_rule* rule, const char* name, const char* group,
                               const char* by)
{
    memset(rule, 0, sizeof *rule);
    rule->text_used = 1;
    rule->name = judged_text(rule, name);
    rule->group = judged_text(rule, group);
    while (*by != '\0') {
        size_t size = strcspn(by, ",");
        char label[64];
        memcpy(label, by, size);
        label[size] = '\0';
        rule->by[rule->by_count++] = judged_text(rule, label);
        by += size + (by[size] == ',');
    }
}

/* Places for `limit` alerts, to be freed with judged_close. The memory is dirty. */
static inline llmobsi_alert_states* judged_open(uint32_t limit, void** memory)
{
    llmobsi_arena arena = {NULL, 0};
    llmobsi_alert_states* states;
    (void)llmobsi_alert_states_layout(&arena, limit);
    *memory = aligned_alloc(64, arena.used);
    memset(*memory, 0xa5, arena.used);
    arena.base = (unsigned char*)*memory;
    arena.used = 0;
    states = llmobsi_alert_states_layout(&arena, limit);
    llmobsi_alert_states_start(states, UINT64_C(0x5eed));
    return states;
}

/* The alert of a rule with these values; NULL: there is none. */
static inline llmobsi_alert* judged_find(const llmobsi_alert_states* states, uint32_t number,
                                         const char* labels, size_t size)
{
    return llmobsi_alerts_find(states, llmobsi_alerts_hash(states, number, labels, size), number,
                               labels, size);
}

#endif
