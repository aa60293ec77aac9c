/* What becomes of alerts: pending, firing, over, told. No clock, no lock, no callback: who holds
   the lock says what the time is, and what each rule's condition comes to for each group of labels,
   and asks for the news.

   An alert has a place from the first evaluation at which its condition holds until it is
   forgotten: 15 minutes after it was over, as in Prometheus, or when its cooldown is over. Time is
   seconds of one clock that never goes back. What a state needs to go on counts from since_s, which
   moves on with time that nobody saw; the stamps that are shown stay. */

#define LLMOBS_I_ALERT_KEPT_S 900  /* an alert that is over is shown for so long */

typedef enum llmobsi_alert_truth {
    LLMOBS_I_ALERT_FALSE,
    LLMOBS_I_ALERT_TRUE,
    LLMOBS_I_ALERT_UNKNOWN
} llmobsi_alert_truth;

/* What a condition comes to, for one group of labels. */
typedef struct llmobsi_alert_verdict {
    llmobsi_alert_truth truth;
    bool partial;
    uint8_t comparison; /* llmobsi_alert_op of the next two */
    double value;
    double threshold;
} llmobsi_alert_verdict;

/* ---- from state to state ------------------------------------------------------------------- */

llmobsi_inline bool llmobsi_alerts_is_cooling(const llmobsi_alert_states* states,
                                              const llmobsi_alert* alert,
                                              const llmobsi_alert_rule* rule)
{
    return alert->ended_s != LLMOBS_I_ALERT_NEVER &&
           states->now_s - alert->ended_s < (int64_t)rule->cooldown_s;
}

/* Ends one that fires. */
llmobsi_fn void llmobsi_alerts_resolve(llmobsi_alert_states* states, llmobsi_alert* alert)
{
    alert->state = LLMOBS_ALERT_RESOLVED;
    alert->keeping = false;
    alert->muted = false;
    alert->since_s = states->now_s;
    alert->resolved_s = states->now_s;
    if (alert->told) {
        alert->ended_s = states->now_s;
    }
    llmobsi_alerts_list(states, alert);
}

/* Ends one that is pending: nobody knows of it. */
llmobsi_fn void llmobsi_alerts_drop(llmobsi_alert_states* states, llmobsi_alert* alert,
                                    const llmobsi_alert_rule* rule)
{
    if (llmobsi_alerts_is_cooling(states, alert, rule)) {
        alert->state = LLMOBS_ALERT_INACTIVE;
        llmobsi_alerts_list(states, alert);
    } else {
        llmobsi_alerts_forget(states, alert);
    }
}

/* Its condition begins to hold: another alert than the one that was over. */
llmobsi_fn void llmobsi_alerts_begin(const llmobsi_alert_states* states, llmobsi_alert* alert)
{
    alert->state = LLMOBS_ALERT_PENDING;
    alert->told = false;
    alert->was_muted = false;
    alert->was_cooled = false;
    alert->since_s = states->now_s;
    alert->active_s = states->now_s;
    alert->fired_s = LLMOBS_I_ALERT_NEVER;
    alert->resolved_s = LLMOBS_I_ALERT_NEVER;
}

llmobsi_fn void llmobsi_alerts_hold(llmobsi_alert_states* states, llmobsi_alert* alert,
                                    const llmobsi_alert_rule* rule,
                                    const llmobsi_alert_verdict* verdict)
{
    if (!llmobsi_alert_is_active(alert)) {
        llmobsi_alerts_unlist(states, alert);
        llmobsi_alerts_begin(states, alert);
    }
    alert->keeping = false;
    alert->partial = verdict->partial;
    alert->no_data = verdict->truth == LLMOBS_I_ALERT_UNKNOWN;
    alert->comparison = verdict->comparison;
    alert->value = verdict->value;
    alert->threshold = verdict->threshold;
    if (alert->state == LLMOBS_ALERT_PENDING &&
        states->now_s - alert->since_s >= (int64_t)rule->for_s) {
        alert->state = LLMOBS_ALERT_FIRING;
        alert->fired_s = states->now_s;
    }
}

llmobsi_fn void llmobsi_alerts_fail(llmobsi_alert_states* states, llmobsi_alert* alert,
                                    const llmobsi_alert_rule* rule)
{
    if (alert->state == LLMOBS_ALERT_PENDING) {
        llmobsi_alerts_drop(states, alert, rule);
        return;
    }
    if (alert->state == LLMOBS_ALERT_FIRING) {
        if (!alert->keeping) {
            alert->keeping = true;
            alert->since_s = states->now_s;
        }
        if (states->now_s - alert->since_s >= (int64_t)rule->keep_firing_for_s) {
            llmobsi_alerts_resolve(states, alert);
        }
    }
}

/* One evaluation of an alert that has a place. One without data is true or false as the rule says;
   else it is as though it had not been, and the time before it neither. */
llmobsi_fn void llmobsi_alerts_move(llmobsi_alert_states* states, llmobsi_alert* alert,
                                    const llmobsi_alert_rule* rule,
                                    const llmobsi_alert_verdict* verdict)
{
    if (verdict->truth == LLMOBS_I_ALERT_TRUE ||
        (verdict->truth == LLMOBS_I_ALERT_UNKNOWN &&
         rule->no_data == LLMOBS_ALERT_NO_DATA_ALERT)) {
        llmobsi_alerts_hold(states, alert, rule, verdict);
    } else if (verdict->truth == LLMOBS_I_ALERT_FALSE ||
               rule->no_data == LLMOBS_ALERT_NO_DATA_OK) {
        llmobsi_alerts_fail(states, alert, rule);
    } else if (llmobsi_alert_is_active(alert)) {
        alert->since_s += states->step_s;
    }
}

/* ---- a round ------------------------------------------------------------------------------- */

/* Begins a round of evaluations. */
llmobsi_fn void llmobsi_alert_round_begin(llmobsi_alert_states* states, int64_t now_s)
{
    states->step_s = now_s > states->now_s ? now_s - states->now_s : 0;
    states->now_s += states->step_s;
    states->round++;
}

/* Time that has passed since the last round and that nobody saw (the system slept): it counts
   neither for `for` nor keep_firing_for, nor for how long an alert is shown that is over. It does
   for cooldowns and repetitions, which are there for people. Before the next round begins. */
llmobsi_fn void llmobsi_alert_gap(llmobsi_alert_states* states, int64_t gap_s)
{
    uint32_t i;
    for (i = 0; i < states->used; i++) {
        states->alerts[i].since_s += gap_s; /* of free places, it is nothing */
    }
    states->now_s += gap_s;
}

/* Judges a rule for one group: `labels` are the values of the rule's labels, each with its NUL,
   `size` bytes; not NULL. Once a round for each group. */
llmobsi_fn void llmobsi_alert_judge(llmobsi_alert_states* states, uint32_t number,
                                    const llmobsi_alert_rule* rule, const char* labels,
                                    size_t size, const llmobsi_alert_verdict* verdict)
{
    uint64_t hash = llmobsi_alerts_hash(states, number, labels, size);
    llmobsi_alert* alert = llmobsi_alerts_find(states, hash, number, labels, size);
    if (alert == NULL) {
        if (verdict->truth == LLMOBS_I_ALERT_FALSE ||
            (verdict->truth == LLMOBS_I_ALERT_UNKNOWN &&
             rule->no_data != LLMOBS_ALERT_NO_DATA_ALERT)) {
            return;
        }
        alert = llmobsi_alerts_take(states);
        if (alert == NULL) {
            states->overflowed++;
            return;
        }
        llmobsi_alerts_chain(states, alert, hash, number);
        alert->fingerprint = llmobsi_alert_fingerprint(rule, labels);
        llmobsi_alert_copy_labels(alert, rule, labels, size);
        alert->ended_s = LLMOBS_I_ALERT_NEVER;
        llmobsi_alerts_begin(states, alert);
    }
    alert->round = states->round;
    llmobsi_alerts_move(states, alert, rule, verdict);
}

/* What time does to an alert: a group that is gone has no data, but does not begin one anew; what
   is over is forgotten. */
llmobsi_fn void llmobsi_alerts_age(llmobsi_alert_states* states, llmobsi_alert* alert,
                                   const llmobsi_alert_rule* rule)
{
    if (alert->round != states->round && llmobsi_alert_is_active(alert)) {
        double nothing = llmobsi_double_of(llmobsi_nan_bits);
        llmobsi_alert_verdict gone = {LLMOBS_I_ALERT_UNKNOWN, false, 0, 0.0, 0.0};
        gone.value = nothing;
        gone.threshold = nothing;
        llmobsi_alerts_move(states, alert, rule, &gone);
        return;
    }
    if (alert->state == LLMOBS_ALERT_RESOLVED &&
        states->now_s - alert->since_s > LLMOBS_I_ALERT_KEPT_S) {
        alert->state = LLMOBS_ALERT_INACTIVE;
    }
    if (alert->state == LLMOBS_ALERT_INACTIVE && !llmobsi_alerts_is_cooling(states, alert, rule)) {
        llmobsi_alerts_forget(states, alert);
    }
}

/* Whether an alert of another rule fires whose labels are all among this one's, with the same
   values. */
llmobsi_fn bool llmobsi_alerts_is_under(const llmobsi_alert_states* states,
                                        const llmobs_alert_label* views, uint32_t view_count,
                                        uint32_t number, const llmobsi_alert_rule* above)
{
    char labels[LLMOBS_I_ALERT_LABELS];
    const llmobsi_alert* source;
    size_t size = 0;
    uint32_t i, j;
    for (i = 0; i < above->by_count; i++) {
        for (j = 0; j < view_count; j++) {
            if (strcmp(views[j].name.data, llmobsi_alert_text(above, above->by[i])) == 0) {
                break;
            }
        }
        if (j == view_count || views[j].value.size >= sizeof labels - size) {
            return false;
        }
        memcpy(labels + size, views[j].value.data, views[j].value.size + 1);
        size += views[j].value.size + 1;
    }
    source = llmobsi_alerts_find(states, llmobsi_alerts_hash(states, number, labels, size), number,
                                 labels, size);
    return source != NULL && source->state == LLMOBS_ALERT_FIRING;
}

/* Whether a more severe one of its group fires, for all that this one is for. It may be muted
   itself: then what mutes it mutes this one, too. */
llmobsi_fn bool llmobsi_alerts_is_muted(const llmobsi_alert_states* states,
                                        const llmobsi_alert* alert,
                                        const llmobsi_alert_rule* rules, uint32_t rule_count)
{
    const llmobsi_alert_rule* rule = &rules[alert->rule];
    const char* group = llmobsi_alert_text(rule, rule->group);
    llmobs_alert_label views[LLMOBS_ALERT_LABELS_MAX];
    uint32_t view_count, i;
    if (alert->cut || group[0] == '\0') {
        return false;
    }
    view_count = llmobsi_alert_label_views(alert, rule, views);
    for (i = 0; i < rule_count; i++) {
        if (rules[i].severity > rule->severity &&
            strcmp(llmobsi_alert_text(&rules[i], rules[i].group), group) == 0 &&
            llmobsi_alerts_is_under(states, views, view_count, i, &rules[i])) {
            return true;
        }
    }
    return false;
}

/* Ends a round, in which all that there is was judged. */
llmobsi_fn void llmobsi_alert_round_end(llmobsi_alert_states* states,
                                        const llmobsi_alert_rule* rules, uint32_t rule_count)
{
    uint32_t i;
    for (i = 0; i < states->used; i++) {
        if (states->alerts[i].used) {
            llmobsi_alerts_age(states, &states->alerts[i], &rules[states->alerts[i].rule]);
        }
    }
    for (i = 0; i < states->used; i++) { /* when it is known of all of them whether they fire */
        llmobsi_alert* alert = &states->alerts[i];
        alert->unjudged = false;
        if (!alert->used || alert->state != LLMOBS_ALERT_FIRING) {
            continue;
        }
        alert->muted = llmobsi_alerts_is_muted(states, alert, rules, rule_count);
        if (alert->muted && !alert->was_muted) {
            alert->was_muted = true;
            states->muted++;
        }
        if (!alert->muted && !alert->was_cooled &&
            llmobsi_alerts_is_cooling(states, alert, &rules[alert->rule])) {
            alert->was_cooled = true;
            states->cooled++;
        }
    }
}

/* ---- news ---------------------------------------------------------------------------------- */

/* What is to be told of an alert. An end is told even of one that was muted meanwhile: who was told
   that it fires waits for it. */
llmobsi_fn llmobs_alert_news llmobsi_alerts_due(const llmobsi_alert_states* states,
                                                const llmobsi_alert* alert,
                                                const llmobsi_alert_rule* rule)
{
    if (alert->state == LLMOBS_ALERT_RESOLVED && alert->told) {
        return LLMOBS_ALERT_ENDED;
    }
    if (alert->state != LLMOBS_ALERT_FIRING || alert->muted || alert->unjudged) {
        return LLMOBS_ALERT_NO_NEWS;
    }
    if (!alert->told) {
        return llmobsi_alerts_is_cooling(states, alert, rule) ? LLMOBS_ALERT_NO_NEWS
                                                             : LLMOBS_ALERT_FIRED;
    }
    return rule->repeat_s != 0 && states->now_s - alert->told_s >= (int64_t)rule->repeat_s
               ? LLMOBS_ALERT_REPEATED
               : LLMOBS_ALERT_NO_NEWS;
}

/* The first rule of a rule's group; itself, where it has none. */
llmobsi_fn uint32_t llmobsi_alerts_leader(const llmobsi_alert_rule* rules, uint32_t number)
{
    const char* group = llmobsi_alert_text(&rules[number], rules[number].group);
    uint32_t i = 0;
    if (group[0] == '\0') {
        return number;
    }
    while (strcmp(llmobsi_alert_text(&rules[i], rules[i].group), group) != 0) {
        i++;
    }
    return i;
}

llmobsi_fn bool llmobsi_alert_is_later(const void* a, const void* b)
{
    return *(const uint64_t*)a > *(const uint64_t*)b;
}

llmobsi_fn void llmobsi_alerts_gather(llmobsi_alert_states* states,
                                      const llmobsi_alert_rule* rules)
{
    llmobsi_heap heap = {NULL, sizeof *states->queue, 0, 0, llmobsi_alert_is_later};
    uint32_t i;
    states->queue_count = 0;
    for (i = 0; i < states->used; i++) {
        const llmobsi_alert* alert = &states->alerts[i];
        if (alert->used &&
            llmobsi_alerts_due(states, alert, &rules[alert->rule]) != LLMOBS_ALERT_NO_NEWS) {
            states->queue[states->queue_count++] =
                (uint64_t)llmobsi_alerts_leader(rules, alert->rule) << 32 | i;
        }
    }
    heap.items = (unsigned char*)states->queue;
    heap.room = states->limit;
    heap.count = states->queue_count;
    llmobsi_heap_sort(&heap);
}

/* The next alert that is to be told, and why; it counts as told now. `cursor` begins at 0. Those of
   one group, or of one rule without a group, come one after the other. NULL: that was all. Ask for
   all of them before the next round begins: an end that nobody asked for is lost when another alert
   of the same labels begins. */
llmobsi_fn llmobsi_alert* llmobsi_alert_news(llmobsi_alert_states* states,
                                             const llmobsi_alert_rule* rules,
                                             llmobs_alert_news* news, uint32_t* cursor)
{
    if (*cursor == 0) {
        llmobsi_alerts_gather(states, rules);
    }
    while (*cursor < states->queue_count) {
        llmobsi_alert* alert = &states->alerts[(uint32_t)states->queue[(*cursor)++]];
        *news = llmobsi_alerts_due(states, alert, &rules[alert->rule]); /* none of a free place */
        if (*news != LLMOBS_ALERT_NO_NEWS) {
            alert->told = *news != LLMOBS_ALERT_ENDED;
            alert->told_s = states->now_s;
            return alert;
        }
    }
    *news = LLMOBS_ALERT_NO_NEWS;
    return NULL;
}

/* A stamp as Unix time, in nanoseconds; 0: never. */
llmobsi_fn uint64_t llmobsi_alert_unix(const llmobsi_alert_states* states, int64_t stamp_s,
                                       uint64_t unix_ns)
{
    uint64_t age_s;
    if (stamp_s == LLMOBS_I_ALERT_NEVER) {
        return 0;
    }
    age_s = (uint64_t)(states->now_s - stamp_s); /* the clock may have gone back */
    return age_s < unix_ns / LLMOBS_I_SECOND_NS ? unix_ns - age_s * LLMOBS_I_SECOND_NS : 1;
}

/* An alert as it is told, but for its sentence: its texts are the rule's and the alert's own, its
   labels are in `views`. `unix_ns` is the time of the round. */
llmobsi_fn llmobs_alert llmobsi_alert_view(const llmobsi_alert_states* states,
                                           const llmobsi_alert* alert,
                                           const llmobsi_alert_rule* rule,
                                           llmobs_alert_news news, uint64_t unix_ns,
                                           llmobs_alert_label views[LLMOBS_ALERT_LABELS_MAX])
{
    llmobs_alert view;
    memset(&view, 0, sizeof view);
    view.size = sizeof view;
    view.fingerprint = alert->fingerprint;
    view.rule = llmobsi_alert_string(llmobsi_alert_text(rule, rule->name));
    view.group = llmobsi_alert_string(llmobsi_alert_text(rule, rule->group));
    view.summary = llmobsi_alert_string(llmobsi_alert_text(rule, rule->summary));
    view.runbook = llmobsi_alert_string(llmobsi_alert_text(rule, rule->runbook));
    view.labels = views;
    view.label_count = llmobsi_alert_label_views(alert, rule, views);
    view.severity = (llmobs_alert_severity)rule->severity;
    view.state = (llmobs_alert_state)alert->state;
    view.news = news;
    view.partial = alert->partial;
    view.muted = alert->muted;
    view.value = alert->value;
    view.threshold = alert->threshold;
    view.unix_ns = unix_ns;
    view.active_unix_ns = llmobsi_alert_unix(states, alert->active_s, unix_ns);
    view.fired_unix_ns = llmobsi_alert_unix(states, alert->fired_s, unix_ns);
    view.resolved_unix_ns = llmobsi_alert_unix(states, alert->resolved_s, unix_ns);
    return view;
}

/* ---- rules that go ------------------------------------------------------------------------- */

/* Ends what a rule has that is active: so that the ends can be told before it goes. */
llmobsi_fn void llmobsi_alert_rule_stop(llmobsi_alert_states* states, uint32_t number)
{
    uint32_t i;
    for (i = 0; i < states->used; i++) {
        llmobsi_alert* alert = &states->alerts[i];
        if (!alert->used || alert->rule != number) {
            continue;
        }
        if (alert->state == LLMOBS_ALERT_FIRING) {
            llmobsi_alerts_resolve(states, alert);
        } else if (alert->state == LLMOBS_ALERT_PENDING) {
            llmobsi_alerts_forget(states, alert);
        }
    }
}

/* Forgets all that a rule has: then its number can be another's. */
llmobsi_fn void llmobsi_alert_rule_gone(llmobsi_alert_states* states, uint32_t number)
{
    uint32_t i;
    for (i = 0; i < states->used; i++) {
        if (states->alerts[i].used && states->alerts[i].rule == number) {
            llmobsi_alerts_forget(states, &states->alerts[i]);
        }
    }
}
