/* What a state file had of watches and alerts, until a rule asks for it: rules are added when the
   instance is open already. What nobody asks for makes room for what is new. */

/* ---- conditions as texts ------------------------------------------------------------------- */

#define LLMOBS_I_ALERT_CONDITION 4096u /* more than the longest one has */

/* With a NUL. Returns its size. */
llmobsi_fn size_t llmobsi_alert_condition_text(const llmobsi_alert_rule* rule,
                                               char out[LLMOBS_I_ALERT_CONDITION])
{
    llmobsi_writer writer;
    llmobsi_writer_init(&writer, out, LLMOBS_I_ALERT_CONDITION - 1, NULL, NULL);
    llmobsi_put_alert_condition(&writer, rule, llmobsi_put_alert_term);
    out[writer.length] = '\0';
    return writer.length;
}

/* ---- alerts -------------------------------------------------------------------------------- */

/* Which rule an alert was of: its name, its condition and its labels, the same in every process. A
   rule that means something else by now does not get it back. */
llmobsi_fn uint64_t llmobsi_alert_identity(const llmobsi_alert_rule* rule)
{
    char condition[LLMOBS_I_ALERT_CONDITION];
    const char* name = llmobsi_alert_text(rule, rule->name);
    size_t size = llmobsi_alert_condition_text(rule, condition);
    uint64_t identity = llmobsi_hash64_own(name, strlen(name), 0);
    uint32_t i;
    identity = llmobsi_hash64_own(condition, size, identity);
    for (i = 0; i < rule->by_count; i++) {
        name = llmobsi_alert_text(rule, rule->by[i]);
        identity = llmobsi_hash64_own(name, strlen(name), identity);
    }
    return identity;
}

/* Keeps an alert whose `hash` is its rule's identity: while an instance is opened. False: there is
   no room. */
llmobsi_fn bool llmobsi_alert_restore(llmobsi_alert_states* states, const llmobsi_alert* saved)
{
    llmobsi_alert* alert = &states->alerts[states->used];
    if (states->used == states->limit) {
        return false;
    }
    states->used++;
    *alert = *saved;
    alert->dormant = true;
    alert->used = false;
    alert->next = LLMOBS_I_ALERT_NOWHERE;
    return true;
}

/* Whether these are so many values, each with its NUL. */
llmobsi_fn bool llmobsi_alert_has_values(const char* labels, size_t size, uint32_t count)
{
    uint32_t values = 0;
    size_t i;
    for (i = 0; i < size; i++) {
        values += labels[i] == '\0';
    }
    return values == count && (size == 0 || labels[size - 1] == '\0');
}

/* Gives one its rule. One that is there already (no file of ours has it twice) is forgotten. */
llmobsi_fn void llmobsi_alert_awake(llmobsi_alert_states* states, llmobsi_alert* alert,
                                    uint32_t number, const llmobsi_alert_rule* rule)
{
    uint64_t hash = llmobsi_alerts_hash(states, number, alert->labels, alert->labels_size);
    if (llmobsi_alerts_find(states, hash, number, alert->labels, alert->labels_size) != NULL) {
        llmobsi_alerts_vacate(states, alert);
        return;
    }
    alert->dormant = false;
    alert->unjudged = true;
    alert->fingerprint = llmobsi_alert_fingerprint(rule, alert->labels);
    llmobsi_alerts_chain(states, alert, hash, number);
    if (!llmobsi_alert_is_active(alert)) {
        llmobsi_alerts_list(states, alert);
    }
}

/* A rule was added: what was of it goes on. */
llmobsi_fn void llmobsi_alerts_wake(llmobsi_alert_states* states, uint32_t number,
                                    const llmobsi_alert_rule* rule)
{
    uint64_t identity = llmobsi_alert_identity(rule);
    uint32_t i;
    for (i = 0; i < states->used; i++) {
        llmobsi_alert* alert = &states->alerts[i];
        if (alert->dormant && alert->hash == identity &&
            llmobsi_alert_has_values(alert->labels, alert->labels_size, rule->by_count)) {
            llmobsi_alert_awake(states, alert, number, rule);
        }
    }
}

/* ---- watches ------------------------------------------------------------------------------- */

/* Keeps a watch that nobody asks for as yet. LLMOBS_I_NO_WATCH: there is no room, or it is there
   already. */
llmobsi_fn uint16_t llmobsi_watch_restore(llmobsi_watches* watches, const llmobsi_watch* saved)
{
    uint16_t number = llmobsi_watch_same(watches, saved, false, 0) == LLMOBS_I_NO_WATCH
                          ? llmobsi_watch_unused(watches)
                          : LLMOBS_I_NO_WATCH;
    if (number != LLMOBS_I_NO_WATCH) {
        watches->watches[number] = *saved;
        watches->watches[number].used = true;
        watches->watches[number].restored = true;
    }
    return number;
}

llmobsi_fn bool llmobsi_watch_grows(const llmobsi_watches* watches, uint16_t number)
{
    return watches->watches[number].kind != LLMOBS_I_WATCH_GAUGE;
}

/* The window of a column of a restored watch's group, which is made when it is new; NULL: there is
   no room, or the labels can't be its. */
llmobsi_fn llmobsi_window* llmobsi_watch_restore_window(llmobsi_watches* watches, uint16_t number,
                                                        const char* labels, size_t size,
                                                        uint32_t column)
{
    const llmobsi_watch* watch = &watches->watches[number];
    uint64_t hash = llmobsi_watch_hash(watches, labels, size);
    llmobsi_watch_group* group = llmobsi_watch_find(watches, number, hash, labels, size);
    if (!llmobsi_alert_has_values(labels, size, watch->by_count) || column >= watch->columns) {
        return NULL;
    }
    if (group == NULL) {
        group = llmobsi_watch_group_make(watches, number, hash, labels, size);
    }
    return group != NULL ? &group->windows[column] : NULL;
}
