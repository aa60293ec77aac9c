/* The rules of an instance, and their evaluation by the tick, every ten seconds of its timeline.
   The lock is held for the length of an evaluation; no recorder ever takes it. Nobody is told
   anything under it: what is told is copied first. */

#define LLMOBS_I_ALERT_STEP_NS (LLMOBS_I_ALERT_STEP_S * LLMOBS_I_SECOND_NS)
#define LLMOBS_I_ALERT_UNSEEN 2u /* steps at once that are no gap yet */
#define LLMOBS_I_ALERT_TOLD 8u   /* alerts told in one call           */

/* What a place of a rule has. */
typedef enum llmobsi_alert_phase {
    LLMOBS_I_ALERT_FREE = 0,
    LLMOBS_I_ALERT_FRESH,  /* a rule that is being added: all of its text, or none */
    LLMOBS_I_ALERT_LIVE,   /* one that is evaluated */
    LLMOBS_I_ALERT_LEAVING /* one that was taken out; that its alerts are over is not told yet */
} llmobsi_alert_phase;

/* A copy of an alert, which points into itself. */
typedef struct llmobsi_alert_told {
    llmobs_alert_label labels[LLMOBS_ALERT_LABELS_MAX];
    llmobsi_alert entry;
    llmobsi_alert_rule rule;
    char sentence[LLMOBS_I_ALERT_SENTENCE];
} llmobsi_alert_told;

typedef struct llmobsi_alerts {
    llmobsi_lock lock;
    llmobs_alert_fn tell; /* this and the next: open writes */
    void* user;
    uint32_t rule_limit;  /* likewise */
    llmobsi_alert_rule* rules; /* this and what stands up to `news`: under the lock */
    uint8_t* phases; /* llmobsi_alert_phase of each */
    uint32_t (*counts)[2]; /* pending, firing of each, at the last evaluation */
    llmobsi_watches watches;
    llmobsi_alert_states* states;
    uint64_t stamp;   /* of the last look at the clock */
    uint64_t left_ns; /* since the last evaluation, at that time */
    int64_t step;     /* of the last evaluation */
    uint64_t unix_ns; /* and when it was */
    uint64_t evaluations;
    uint64_t told_count;
    uint64_t unseen_s;
    llmobsi_atomic32 news;    /* there may be some. Under the lock; who tells looks without it */
    llmobsi_atomic32 telling; /* one tells at a time: whoever has raised it has the next two */
    llmobsi_alert_told* told; /* LLMOBS_I_ALERT_TOLD of them */
    llmobs_alert views[LLMOBS_I_ALERT_TOLD];
} llmobsi_alerts;

/* Those of an instance; NULL: it has none. */
llmobsi_inline llmobsi_alerts* llmobsi_alerts_of(const llmobsi_recorder* recorder)
{
    return LLMOBS_I_ALERTS ? (llmobsi_alerts*)recorder->alerts : NULL;
}

llmobsi_inline int64_t llmobsi_alerts_now_s(const llmobsi_alerts* alerts)
{
    return alerts->step * (int64_t)LLMOBS_I_ALERT_STEP_S;
}

/* ---- layout -------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_alerts_layout(llmobsi_arena* arena, const llmobs_config* config,
                                      llmobsi_recorder* recorder)
{
    llmobsi_alerts* alerts =
        (llmobsi_alerts*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_alerts));
    llmobsi_alert_rule* rules =
        (llmobsi_alert_rule*)llmobsi_arena_take(arena, config->alert_rules, sizeof *rules);
    uint8_t* phases = (uint8_t*)llmobsi_arena_take(arena, config->alert_rules, 1);
    uint32_t(*counts)[2] =
        (uint32_t(*)[2])llmobsi_arena_take(arena, config->alert_rules, sizeof *counts);
    llmobsi_alert_told* told =
        (llmobsi_alert_told*)llmobsi_arena_take(arena, LLMOBS_I_ALERT_TOLD, sizeof *told);
    llmobsi_alert_states* states = llmobsi_alert_states_layout(arena, config->alerts);
    bool placed = recorder != NULL && states != NULL;
    if (placed) {
        memset((void*)alerts, 0, sizeof *alerts);
    }
    llmobsi_watches_layout(arena, config, placed ? &alerts->watches : NULL);
    if (placed) {
        alerts->rules = rules;
        alerts->phases = phases;
        alerts->counts = counts;
        alerts->told = told;
        alerts->states = states;
        alerts->rule_limit = config->alert_rules;
        alerts->tell = config->alert;
        alerts->user = config->alert_user;
        recorder->alerts = alerts;
    }
}

/* Without rules, and as when nothing had been seen: before anybody else is there. */
llmobsi_fn void llmobsi_alerts_clear(llmobsi_alerts* alerts)
{
    memset((void*)alerts->rules, 0, alerts->rule_limit * sizeof *alerts->rules);
    memset(alerts->phases, 0, alerts->rule_limit);
    memset(alerts->counts, 0, alerts->rule_limit * sizeof *alerts->counts);
    llmobsi_watches_start(&alerts->watches);
    llmobsi_alert_states_start(alerts->states, alerts->states->seed);
    alerts->step = 0;
}

llmobsi_fn void llmobsi_alerts_start(llmobsi_recorder* recorder)
{
    llmobsi_alerts* alerts = llmobsi_alerts_of(recorder);
    alerts->states->seed = recorder->names.seed;
    alerts->watches.seed = recorder->names.seed;
    llmobsi_alerts_clear(alerts);
    alerts->stamp = llmobsi_now(&recorder->timeline);
    alerts->unix_ns = llmobsi_clock_unix_ns(&recorder->timeline.injected);
}

/* Watches anew, for the rules that are evaluated and no others. */
llmobsi_fn void llmobsi_alerts_rebind(llmobsi_alerts* alerts, const llmobsi_recorder* recorder)
{
    llmobs_alert_error why = llmobs_alert_error_default();
    uint32_t i;
    llmobsi_watches_start(&alerts->watches);
    for (i = 0; i < alerts->rule_limit; i++) {
        if (alerts->phases[i] != LLMOBS_I_ALERT_LIVE ||
            llmobsi_alert_bind(&alerts->watches, recorder, &alerts->rules[i], alerts->step,
                               &why) != LLMOBS_OK) {
            memset(&alerts->rules[i], 0, sizeof alerts->rules[i]);
            alerts->phases[i] = LLMOBS_I_ALERT_FREE;
        }
    }
}

/* In the child of a fork: the rules stay, what they have seen and told is the parent's. Another
   thread may have been in the middle of something: what is under the lock is made anew, but for the
   rules that are evaluated, which nobody writes to. */
llmobsi_fn void llmobsi_alerts_forked(llmobsi_recorder* recorder)
{
    llmobsi_alerts* alerts = llmobsi_alerts_of(recorder);
    llmobsi_alerts_rebind(alerts, recorder);
    llmobsi_alert_states_start(alerts->states, alerts->states->seed);
    memset(alerts->counts, 0, alerts->rule_limit * sizeof *alerts->counts);
    alerts->stamp = llmobsi_now(&recorder->timeline);
    alerts->left_ns = 0;
    alerts->evaluations = 0;
    alerts->told_count = 0;
    alerts->unseen_s = 0;
    alerts->telling = 0;
}

/* ---- evaluation ---------------------------------------------------------------------------- */

/* The first term of the rule that looks at what this one looks at. */
llmobsi_fn uint32_t llmobsi_alert_first_of(const llmobsi_alert_rule* rule, uint32_t term)
{
    uint32_t i = 0;
    while (rule->terms[i].watch != rule->terms[term].watch) {
        i++;
    }
    return i;
}

/* What each term has of these labels; NULL: nothing. False: a term before this one has them, too:
   they were judged with it. */
llmobsi_fn bool llmobsi_alert_match(llmobsi_alert_scope* scope, uint32_t term,
                                    const llmobsi_watch_group* group)
{
    const llmobsi_alert_rule* rule = scope->rule;
    uint32_t i;
    for (i = 0; i < rule->term_count; i++) {
        uint32_t first = llmobsi_alert_first_of(rule, i);
        scope->groups[i] = i == term   ? group
                           : first < i ? scope->groups[first]
                                       : llmobsi_watch_find(scope->watches, rule->terms[i].watch,
                                                            group->hash, group->labels,
                                                            group->labels_size);
        if (i < term && scope->groups[i] != NULL) {
            return false;
        }
    }
    return true;
}

llmobsi_fn void llmobsi_alert_judge_group(llmobsi_alerts* alerts, llmobsi_alert_scope* scope,
                                          uint32_t number, const llmobsi_watch_group* group)
{
    llmobsi_alert_evaluate(scope);
    if (!llmobsi_alert_has_history(scope)) {
        scope->verdict.truth = LLMOBS_I_ALERT_UNKNOWN;
    }
    llmobsi_alert_judge(alerts->states, number, scope->rule, group->labels, group->labels_size,
                        &scope->verdict);
}

/* One rule, for each set of labels that any of its terms has. */
llmobsi_fn void llmobsi_alert_judge_rule(llmobsi_alerts* alerts, const llmobsi_recorder* recorder,
                                         uint32_t number)
{
    const llmobsi_alert_rule* rule = &alerts->rules[number];
    llmobsi_alert_scope scope;
    uint32_t term;
    uint32_t place;
    scope.watches = &alerts->watches;
    scope.recorder = recorder;
    scope.rule = rule;
    scope.step = alerts->step;
    for (term = 0; term < rule->term_count; term++) {
        place = llmobsi_alert_first_of(rule, term) == term
                    ? alerts->watches.watches[rule->terms[term].watch].first
                    : 0;
        while (place != 0) {
            const llmobsi_watch_group* group = &alerts->watches.groups[place - 1];
            if (llmobsi_alert_match(&scope, term, group)) {
                llmobsi_alert_judge_group(alerts, &scope, number, group);
            }
            place = group->next;
        }
    }
}

/* How many alerts of each rule there are. */
llmobsi_fn void llmobsi_alerts_tally(llmobsi_alerts* alerts)
{
    uint32_t i;
    memset(alerts->counts, 0, alerts->rule_limit * sizeof *alerts->counts);
    for (i = 0; i < alerts->states->used; i++) {
        const llmobsi_alert* alert = &alerts->states->alerts[i];
        if (alert->used && llmobsi_alert_is_active(alert)) {
            alerts->counts[alert->rule][alert->state == LLMOBS_ALERT_FIRING]++;
        }
    }
}

/* The name and the counts of a rule; false: there is none at this place. */
llmobsi_fn bool llmobsi_alerts_count_of(llmobsi_alerts* alerts, uint32_t number,
                                        char name[LLMOBS_ALERT_NAME_SIZE], uint32_t counts[2])
{
    llmobsi_control* self = llmobsi_busy_begin();
    bool live;
    llmobsi_lock_take(&alerts->lock);
    live = alerts->phases[number] == LLMOBS_I_ALERT_LIVE;
    if (live) {
        const char* text = llmobsi_alert_text(&alerts->rules[number], alerts->rules[number].name);
        memcpy(name, text, strlen(text) + 1);
        counts[0] = alerts->counts[number][0];
        counts[1] = alerts->counts[number][1];
    }
    llmobsi_lock_give(&alerts->lock);
    llmobsi_busy_end(self);
    return live;
}

/* One evaluation, under the lock. */
llmobsi_fn void llmobsi_alerts_round(llmobsi_alerts* alerts, const llmobsi_recorder* recorder)
{
    uint32_t i;
    llmobsi_watches_read(&alerts->watches, recorder, alerts->step);
    llmobsi_alert_round_begin(alerts->states, llmobsi_alerts_now_s(alerts));
    for (i = 0; i < alerts->rule_limit; i++) {
        if (alerts->phases[i] == LLMOBS_I_ALERT_LIVE) {
            llmobsi_alert_judge_rule(alerts, recorder, i);
        }
    }
    llmobsi_alert_round_end(alerts->states, alerts->rules, alerts->rule_limit);
    llmobsi_alerts_tally(alerts);
    alerts->evaluations++;
    llmobsi_store_release(&alerts->news, 1);
}

/* Whether a step has passed since the last evaluation. The tick. */
llmobsi_fn bool llmobsi_alerts_are_due(const llmobsi_recorder* recorder)
{
    const llmobsi_alerts* alerts = llmobsi_alerts_of(recorder);
    uint64_t now = llmobsi_now(&recorder->timeline);
    return now < alerts->stamp ||
           llmobsi_timeline_between(&recorder->timeline, alerts->stamp, now) + alerts->left_ns >=
               LLMOBS_I_ALERT_STEP_NS;
}

/* Moves time on. Returns how many steps have passed; the clock may stand still or go back, which
   is no time at all. */
llmobsi_fn uint64_t llmobsi_alerts_elapse(llmobsi_alerts* alerts,
                                          const llmobsi_timeline* timeline)
{
    uint64_t now = llmobsi_now(timeline);
    uint64_t steps;
    if (now > alerts->stamp) {
        alerts->left_ns += llmobsi_timeline_between(timeline, alerts->stamp, now);
    }
    alerts->stamp = now;
    steps = alerts->left_ns / LLMOBS_I_ALERT_STEP_NS;
    alerts->left_ns %= LLMOBS_I_ALERT_STEP_NS;
    return steps;
}

/* The tick: evaluates when it is time to. `lost` is all that the library has lost. The busy flag is
   up, if this thread has one, so that its signal handlers do not wait for the lock. */
llmobsi_fn void llmobsi_alerts_tick(llmobsi_recorder* recorder, uint64_t lost)
{
    llmobsi_alerts* alerts = llmobsi_alerts_of(recorder);
    llmobsi_control* self = llmobsi_busy_begin();
    uint64_t steps;
    llmobsi_lock_take(&alerts->lock);
    steps = llmobsi_alerts_elapse(alerts, &recorder->timeline);
    if (steps > 0) {
        alerts->step += (int64_t)steps;
        llmobsi_timeline_convert(&recorder->timeline, alerts->stamp, alerts->stamp,
                                 &alerts->unix_ns, &alerts->unix_ns);
        alerts->watches.lost = lost;
        if (steps > LLMOBS_I_ALERT_UNSEEN) {
            alerts->unseen_s += (steps - 1) * LLMOBS_I_ALERT_STEP_S;
            llmobsi_alert_gap(alerts->states,
                              (int64_t)(steps - 1) * (int64_t)LLMOBS_I_ALERT_STEP_S);
        }
        llmobsi_alerts_round(alerts, recorder);
    }
    llmobsi_lock_give(&alerts->lock);
    llmobsi_busy_end(self);
}

/* ---- rules --------------------------------------------------------------------------------- */

/* The rule of this name in this phase; rule_limit: there is none. */
llmobsi_fn uint32_t llmobsi_alert_named(const llmobsi_alerts* alerts, const char* name,
                                        llmobsi_alert_phase phase)
{
    uint32_t i = 0;
    while (i < alerts->rule_limit &&
           (alerts->phases[i] != (uint8_t)phase ||
            strcmp(llmobsi_alert_text(&alerts->rules[i], alerts->rules[i].name), name) != 0)) {
        i++;
    }
    return i;
}

/* Frees a place; what its rule's terms asked for, nobody else may ask for. */
llmobsi_fn void llmobsi_alert_drop(llmobsi_alerts* alerts, uint32_t number)
{
    llmobsi_alert_rule* rule = &alerts->rules[number];
    llmobsi_alert_unbind(&alerts->watches, rule, rule->term_count);
    memset(rule, 0, sizeof *rule);
    alerts->phases[number] = LLMOBS_I_ALERT_FREE;
}

/* Takes a rule out; its place is free once it was told that its alerts are over. */
llmobsi_fn void llmobsi_alert_retire(llmobsi_alerts* alerts, uint32_t number)
{
    llmobsi_alert_rule_stop(alerts->states, number);
    alerts->counts[number][0] = 0;
    alerts->counts[number][1] = 0;
    alerts->phases[number] = LLMOBS_I_ALERT_LEAVING;
    llmobsi_store_release(&alerts->news, 1);
}

/* Nothing is left to be told of those that leave. */
llmobsi_fn void llmobsi_alerts_free_rules(llmobsi_alerts* alerts)
{
    uint32_t i;
    for (i = 0; i < alerts->rule_limit; i++) {
        if (alerts->phases[i] == LLMOBS_I_ALERT_LEAVING) {
            llmobsi_alert_rule_gone(alerts->states, i);
            llmobsi_alert_drop(alerts, i);
        }
    }
}

/* Adds a rule that was read, as one that is not there yet. One that is there already, just as it
   is, is left alone. */
llmobsi_fn llmobs_result llmobsi_alert_put(llmobsi_alerts* alerts,
                                           const llmobsi_recorder* recorder,
                                           const llmobsi_alert_rule* rule,
                                           llmobs_alert_error* error)
{
    const char* name = llmobsi_alert_text(rule, rule->name);
    uint32_t old = llmobsi_alert_named(alerts, name, LLMOBS_I_ALERT_LIVE);
    uint32_t number = 0;
    llmobs_result result;
    if (llmobsi_alert_named(alerts, name, LLMOBS_I_ALERT_FRESH) < alerts->rule_limit) {
        (void)llmobsi_alert_misfit(error, NULL, "the rule ", name, " stands there twice");
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (old < alerts->rule_limit && llmobsi_alert_rules_equal(&alerts->rules[old], rule)) {
        return LLMOBS_OK;
    }
    while (number < alerts->rule_limit && alerts->phases[number] != LLMOBS_I_ALERT_FREE) {
        number++;
    }
    if (number == alerts->rule_limit) {
        (void)llmobsi_alert_misfit(error, NULL, "there is no room for the rule ", name,
                                   " (raise llmobs_config.alert_rules)");
        return LLMOBS_ERROR_LIMIT;
    }
    alerts->rules[number] = *rule;
    result = llmobsi_alert_bind(&alerts->watches, recorder, &alerts->rules[number], alerts->step,
                                error);
    if (result == LLMOBS_OK) {
        alerts->phases[number] = LLMOBS_I_ALERT_FRESH;
    } else {
        memset(&alerts->rules[number], 0, sizeof alerts->rules[number]);
    }
    return result;
}

/* What was added is there from now on, in place of what had its name. */
llmobsi_fn void llmobsi_alerts_keep(llmobsi_alerts* alerts)
{
    uint32_t i;
    for (i = 0; i < alerts->rule_limit; i++) {
        if (alerts->phases[i] == LLMOBS_I_ALERT_FRESH) {
            const llmobsi_alert_rule* rule = &alerts->rules[i];
            uint32_t old = llmobsi_alert_named(alerts, llmobsi_alert_text(rule, rule->name),
                                               LLMOBS_I_ALERT_LIVE);
            if (old < alerts->rule_limit) {
                llmobsi_alert_retire(alerts, old);
            }
            alerts->phases[i] = LLMOBS_I_ALERT_LIVE;
            llmobsi_alert_bound(&alerts->watches, rule);
            llmobsi_alerts_wake(alerts->states, i, rule);
        }
    }
}

/* Keeps all that was added, or nothing of it. */
llmobsi_fn void llmobsi_alerts_settle(llmobsi_alerts* alerts, bool keep)
{
    uint32_t i;
    if (keep) {
        llmobsi_alerts_keep(alerts);
        return;
    }
    for (i = 0; i < alerts->rule_limit; i++) {
        if (alerts->phases[i] == LLMOBS_I_ALERT_FRESH) {
            llmobsi_alert_drop(alerts, i);
        }
    }
}

/* ---- calls --------------------------------------------------------------------------------- */

typedef struct llmobsi_alert_call {
    llmobsi_recorder* recorder;
    llmobsi_alerts* alerts;
} llmobsi_alert_call;

/* In, and under the lock. */
llmobsi_fn llmobs_result llmobsi_alert_enter(llmobsi_alert_call* call, llmobs* obs)
{
    llmobsi_thread* thread = llmobsi_enter(llmobsi_ticket(obs));
    if (thread == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    call->recorder = thread->recorder;
    call->alerts = llmobsi_alerts_of(thread->recorder);
    if (call->alerts == NULL) {
        llmobsi_leave();
        return LLMOBS_ERROR_LIMIT;
    }
    llmobsi_lock_take(&call->alerts->lock);
    return LLMOBS_OK;
}

llmobsi_fn void llmobsi_alert_leave(llmobsi_alert_call* call)
{
    llmobsi_lock_give(&call->alerts->lock);
    llmobsi_leave();
}

/* Hands an error out to a caller of any version. */
llmobsi_fn void llmobsi_alert_error_out(llmobs_alert_error* out, llmobs_alert_error* error)
{
    if (out != NULL) {
        size_t size = llmobsi_known_size(out->size, sizeof *error);
        error->size = size;
        memcpy(out, error, size);
    }
}

LLMOBS_API llmobs_result llmobs_alert_rule_add(llmobs* obs, const llmobs_alert_rule* rule,
                                               llmobs_alert_error* error)
{
    llmobs_alert_error why = llmobs_alert_error_default();
    llmobs_alert_rule given = llmobs_alert_rule_default();
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    llmobsi_alert_rule read;
    llmobsi_alert_call call;
    if (rule != NULL) {
        memcpy(&given, rule, llmobsi_known_size(rule->size, sizeof given));
    }
    if (llmobsi_alert_parse_rule(&read, &given, &why)) {
        result = llmobsi_alert_enter(&call, obs);
        if (result == LLMOBS_OK) {
            result = llmobsi_alert_put(call.alerts, call.recorder, &read, &why);
            llmobsi_alerts_settle(call.alerts, result == LLMOBS_OK);
            llmobsi_alert_leave(&call);
        }
    }
    llmobsi_alert_error_out(error, &why);
    return result;
}

/* All rules of a text, under the lock. */
llmobsi_fn llmobs_result llmobsi_alerts_load(llmobsi_alert_call* call, const char* text,
                                             size_t size, llmobs_alert_error* why)
{
    llmobs_result result = LLMOBS_OK;
    llmobsi_alert_read read = LLMOBS_I_ALERT_READ_RULE;
    llmobsi_alert_reader reader;
    llmobsi_alert_rule rule;
    llmobsi_alert_reader_begin(&reader, text, size);
    while (result == LLMOBS_OK && read == LLMOBS_I_ALERT_READ_RULE) {
        read = llmobsi_alert_read_next(&reader, &rule);
        if (read == LLMOBS_I_ALERT_READ_RULE) {
            result = llmobsi_alert_put(call->alerts, call->recorder, &rule, why);
        } else if (read == LLMOBS_I_ALERT_READ_FAILED) {
            *why = reader.error;
            result = LLMOBS_ERROR_ARGUMENT;
        }
    }
    llmobsi_alerts_settle(call->alerts, result == LLMOBS_OK);
    return result;
}

LLMOBS_API llmobs_result llmobs_alert_rules_load(llmobs* obs, const char* text, size_t size,
                                                 llmobs_alert_error* error)
{
    llmobs_alert_error why = llmobs_alert_error_default();
    llmobsi_alert_call call;
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    if (text != NULL) {
        result = llmobsi_alert_enter(&call, obs);
        if (result == LLMOBS_OK) {
            result = llmobsi_alerts_load(&call, text, size, &why);
            llmobsi_alert_leave(&call);
        }
    }
    llmobsi_alert_error_out(error, &why);
    return result;
}

LLMOBS_API llmobs_result llmobs_alert_rule_remove(llmobs* obs, const char* name)
{
    llmobsi_alert_call call;
    llmobs_result result;
    uint32_t number;
    if (name == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    result = llmobsi_alert_enter(&call, obs);
    if (result != LLMOBS_OK) {
        return result;
    }
    number = llmobsi_alert_named(call.alerts, name, LLMOBS_I_ALERT_LIVE);
    if (number < call.alerts->rule_limit) {
        llmobsi_alert_retire(call.alerts, number);
    } else {
        result = LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_alert_leave(&call);
    return result;
}
