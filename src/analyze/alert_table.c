/* Alerts that are there, and their places. An alert is a rule and the values of the labels that it
   groups by. It is found by a seeded hash, since values may be strangers'; its fingerprint, which
   is the same in every process, is for those who are told. What is over is listed by age: when all
   places are taken, the oldest makes room. All is done under the caller's lock. */

#define LLMOBS_I_ALERT_LABELS 192u /* bytes of all values of an alert, each with its NUL */
#define LLMOBS_I_ALERT_NEVER INT64_MIN
#define LLMOBS_I_ALERT_NOWHERE UINT32_MAX

LLMOBS_I_STATIC_ASSERT(alert_labels, LLMOBS_I_ALERT_LABELS <= UINT8_MAX);

typedef struct llmobsi_alert {
    uint64_t hash; /* seeded, of rule and labels: its chain */
    uint64_t fingerprint;
    uint32_t rule;  /* its number */
    uint32_t next;  /* in its chain, or of the free places */
    uint32_t older; /* its neighbours among those that are over */
    uint32_t newer;
    uint32_t round; /* that judged it last */
    uint8_t state;  /* llmobs_alert_state; INACTIVE: remembered for its cooldown alone */
    uint8_t labels_size;
    bool used;
    bool keeping;    /* fires on, though its condition does not hold: for keep_firing_for */
    bool told;       /* that it fires, and not yet that it is over */
    bool muted;      /* in the last round */
    bool was_muted;  /* since it fires, which was counted */
    bool was_cooled; /* the same of being kept back by a cooldown */
    bool partial;
    bool no_data; /* it holds for want of data */
    bool cut;     /* its labels are: they are nobody's equals */
    bool dormant; /* from a state file: it waits for its rule, whose identity `hash` is, */
    bool unjudged; /* and then for its first evaluation: whether it is muted is not known yet */
    uint8_t comparison; /* llmobsi_alert_op of value and threshold */
    int64_t since_s; /* it is pending, does not hold any more, is over */
    int64_t active_s;
    int64_t fired_s;    /* or LLMOBS_I_ALERT_NEVER, and so below */
    int64_t resolved_s;
    int64_t told_s;
    int64_t ended_s; /* when the last that was told was over: here its cooldown begins */
    double value;    /* of the last evaluation at which it held */
    double threshold;
    char labels[LLMOBS_I_ALERT_LABELS];
} llmobsi_alert;

typedef struct llmobsi_alert_states {
    llmobsi_alert* alerts;
    uint32_t* chains;
    uint64_t* queue; /* the round's news: order << 32 | place */
    uint32_t limit;
    uint32_t mask;   /* of chains */
    uint32_t used;   /* places ever taken are below it */
    uint32_t vacant; /* the first free place */
    uint32_t oldest; /* of those that are over */
    uint32_t newest;
    uint32_t round;
    uint32_t queue_count;
    uint64_t seed;
    int64_t now_s;  /* of the round */
    int64_t step_s; /* from the one before, without what nobody saw */
    uint64_t overflowed; /* evaluations at which a new alert had no place */
    uint64_t muted;      /* alerts, once each time that they fire */
    uint64_t cooled;     /* the same: not told at once because of a cooldown */
} llmobsi_alert_states;

/* ---- places -------------------------------------------------------------------------------- */

/* The alert of a rule with these labels; NULL: there is none. */
llmobsi_fn llmobsi_alert* llmobsi_alerts_find(const llmobsi_alert_states* states, uint64_t hash,
                                              uint32_t number, const char* labels, size_t size)
{
    uint32_t place = states->chains[hash & states->mask];
    while (place != LLMOBS_I_ALERT_NOWHERE) {
        llmobsi_alert* alert = &states->alerts[place];
        if (alert->hash == hash && alert->rule == number &&
            (alert->cut ||
             (alert->labels_size == size && memcmp(alert->labels, labels, size) == 0))) {
            return alert;
        }
        place = alert->next;
    }
    return NULL;
}

llmobsi_inline uint64_t llmobsi_alerts_hash(const llmobsi_alert_states* states, uint32_t number,
                                            const char* labels, size_t size)
{
    return llmobsi_hash64(labels, size, states->seed + number);
}

/* Puts it behind those that are over. */
llmobsi_fn void llmobsi_alerts_list(llmobsi_alert_states* states, llmobsi_alert* alert)
{
    uint32_t place = (uint32_t)(alert - states->alerts);
    alert->older = states->newest;
    alert->newer = LLMOBS_I_ALERT_NOWHERE;
    if (states->newest != LLMOBS_I_ALERT_NOWHERE) {
        states->alerts[states->newest].newer = place;
    } else {
        states->oldest = place;
    }
    states->newest = place;
}

llmobsi_fn void llmobsi_alerts_unlist(llmobsi_alert_states* states, const llmobsi_alert* alert)
{
    if (alert->older != LLMOBS_I_ALERT_NOWHERE) {
        states->alerts[alert->older].newer = alert->newer;
    } else {
        states->oldest = alert->newer;
    }
    if (alert->newer != LLMOBS_I_ALERT_NOWHERE) {
        states->alerts[alert->newer].older = alert->older;
    } else {
        states->newest = alert->older;
    }
}

llmobsi_inline bool llmobsi_alert_is_active(const llmobsi_alert* alert)
{
    return alert->state == LLMOBS_ALERT_PENDING || alert->state == LLMOBS_ALERT_FIRING;
}

/* Frees the place of one that is in no chain and not listed. */
llmobsi_fn void llmobsi_alerts_vacate(llmobsi_alert_states* states, llmobsi_alert* alert)
{
    memset(alert, 0, sizeof *alert);
    alert->next = states->vacant;
    states->vacant = (uint32_t)(alert - states->alerts);
}

/* Makes an alert one of a rule: it is found from now on. */
llmobsi_fn void llmobsi_alerts_chain(llmobsi_alert_states* states, llmobsi_alert* alert,
                                     uint64_t hash, uint32_t number)
{
    uint32_t* chain = &states->chains[hash & states->mask];
    alert->used = true;
    alert->hash = hash;
    alert->rule = number;
    alert->next = *chain;
    *chain = (uint32_t)(alert - states->alerts);
}

llmobsi_fn void llmobsi_alerts_forget(llmobsi_alert_states* states, llmobsi_alert* alert)
{
    uint32_t place = (uint32_t)(alert - states->alerts);
    uint32_t* link = &states->chains[alert->hash & states->mask];
    while (*link != place) {
        link = &states->alerts[*link].next;
    }
    *link = alert->next;
    if (!llmobsi_alert_is_active(alert)) {
        llmobsi_alerts_unlist(states, alert);
    }
    llmobsi_alerts_vacate(states, alert);
}

/* The place of one that has waited for its rule in vain; NULL: there is none. */
llmobsi_fn llmobsi_alert* llmobsi_alerts_take_dormant(llmobsi_alert_states* states)
{
    uint32_t i;
    for (i = 0; i < states->used; i++) {
        if (states->alerts[i].dormant) {
            memset(&states->alerts[i], 0, sizeof states->alerts[i]);
            return &states->alerts[i];
        }
    }
    return NULL;
}

/* A free place, or that of the one that is over for longest, if all was told of it. NULL: none. */
llmobsi_fn llmobsi_alert* llmobsi_alerts_take(llmobsi_alert_states* states)
{
    llmobsi_alert* alert;
    if (states->vacant == LLMOBS_I_ALERT_NOWHERE) {
        if (states->used < states->limit) {
            return &states->alerts[states->used++];
        }
        if (states->oldest == LLMOBS_I_ALERT_NOWHERE || states->alerts[states->oldest].told) {
            return llmobsi_alerts_take_dormant(states);
        }
        llmobsi_alerts_forget(states, &states->alerts[states->oldest]);
    }
    alert = &states->alerts[states->vacant];
    states->vacant = alert->next;
    return alert;
}

/* ---- labels -------------------------------------------------------------------------------- */

/* Of the rule's name and of the labels' names and values: the same in every process. */
llmobsi_fn uint64_t llmobsi_alert_fingerprint(const llmobsi_alert_rule* rule, const char* labels)
{
    const char* name = llmobsi_alert_text(rule, rule->name);
    uint64_t print = llmobsi_hash64_own(name, strlen(name), 0);
    uint32_t i;
    for (i = 0; i < rule->by_count; i++) {
        size_t size = strlen(labels);
        name = llmobsi_alert_text(rule, rule->by[i]);
        print = llmobsi_hash64_own(name, strlen(name), print);
        print = llmobsi_hash64_own(labels, size, print);
        labels += size + 1;
    }
    return print;
}

/* Values that are too long together are cut each to its share, on a border of UTF-8. */
llmobsi_fn void llmobsi_alert_copy_labels(llmobsi_alert* alert, const llmobsi_alert_rule* rule,
                                          const char* labels, size_t size)
{
    size_t used = 0;
    uint32_t i;
    alert->cut = size > LLMOBS_I_ALERT_LABELS;
    if (!alert->cut) {
        memcpy(alert->labels, labels, size);
        alert->labels_size = (uint8_t)size;
        return;
    }
    for (i = 0; i < rule->by_count; i++) {
        size_t whole = strlen(labels);
        size_t kept = llmobsi_utf8_cut(labels, whole, LLMOBS_I_ALERT_LABELS / rule->by_count - 1);
        memcpy(alert->labels + used, labels, kept);
        alert->labels[used + kept] = '\0';
        used += kept + 1;
        labels += whole + 1;
    }
    alert->labels_size = (uint8_t)used;
}

/* A text that ends in NUL, as a view. */
llmobsi_inline llmobs_string llmobsi_alert_string(const char* text)
{
    llmobs_string string;
    string.data = text;
    string.size = strlen(text);
    return string;
}

/* Views of an alert's labels; returns how many. */
llmobsi_fn uint32_t llmobsi_alert_label_views(const llmobsi_alert* alert,
                                              const llmobsi_alert_rule* rule,
                                              llmobs_alert_label views[LLMOBS_ALERT_LABELS_MAX])
{
    const char* value = alert->labels;
    uint32_t i;
    for (i = 0; i < rule->by_count; i++) {
        views[i].name = llmobsi_alert_string(llmobsi_alert_text(rule, rule->by[i]));
        views[i].value = llmobsi_alert_string(value);
        value += views[i].value.size + 1;
    }
    return i;
}

/* ---- layout -------------------------------------------------------------------------------- */

/* For up to `limit` alerts, at least 1; llmobsi_alert_states_start comes next. NULL while
   measuring. */
llmobsi_fn llmobsi_alert_states* llmobsi_alert_states_layout(llmobsi_arena* arena, uint32_t limit)
{
    uint32_t chain_count = llmobsi_round_up_pow2(limit);
    llmobsi_alert_states* states =
        (llmobsi_alert_states*)llmobsi_arena_take(arena, 1, sizeof *states);
    llmobsi_alert* alerts = (llmobsi_alert*)llmobsi_arena_take(arena, limit, sizeof *alerts);
    uint32_t* chains = (uint32_t*)llmobsi_arena_take(arena, chain_count, sizeof *chains);
    uint64_t* queue = (uint64_t*)llmobsi_arena_take(arena, limit, sizeof *queue);
    if (queue == NULL) {
        return NULL;
    }
    memset(states, 0, sizeof *states);
    states->alerts = alerts;
    states->chains = chains;
    states->queue = queue;
    states->limit = limit;
    states->mask = chain_count - 1;
    return states;
}

/* As when nothing had been judged; in the child of a fork, too. The seed is secret. */
llmobsi_fn void llmobsi_alert_states_start(llmobsi_alert_states* states, uint64_t seed)
{
    size_t chain_bytes = ((size_t)states->mask + 1) * sizeof *states->chains;
    memset(states->alerts, 0, states->limit * sizeof *states->alerts);
    memset(states->chains, 0xff, chain_bytes); /* LLMOBS_I_ALERT_NOWHERE */
    states->used = 0;
    states->vacant = LLMOBS_I_ALERT_NOWHERE;
    states->oldest = LLMOBS_I_ALERT_NOWHERE;
    states->newest = LLMOBS_I_ALERT_NOWHERE;
    states->round = 0;
    states->queue_count = 0;
    states->seed = seed;
    states->now_s = 0;
    states->step_s = 0;
    states->overflowed = 0;
    states->muted = 0;
    states->cooled = 0;
}
