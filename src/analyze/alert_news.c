/* Alerts told to exporters, as log records, and to the host's callback; and told to whoever asks. A
   copy is made under the lock, and handed on without it. */

llmobsi_fn void llmobsi_alert_copy(const llmobsi_alerts* alerts, const llmobsi_alert* alert,
                                   llmobs_alert_news news, llmobsi_alert_told* told,
                                   llmobs_alert* view)
{
    char condition[LLMOBS_I_ALERT_CONDITION];
    told->entry = *alert;
    told->rule = alerts->rules[alert->rule];
    *view = llmobsi_alert_view(alerts->states, &told->entry, &told->rule, news, alerts->unix_ns,
                               told->labels);
    (void)llmobsi_alert_condition_text(&told->rule, condition);
    view->sentence.data = told->sentence;
    view->sentence.size =
        llmobsi_alert_sentence(told->sentence, sizeof told->sentence - 1, view,
                               (llmobsi_alert_op)alert->comparison, condition);
    told->sentence[view->sentence.size] = '\0';
}

/* ---- news ---------------------------------------------------------------------------------- */

/* Copies the news of one group, as many as there is room for. Under the lock. Returns how many. */
llmobsi_fn uint32_t llmobsi_alerts_take_news(llmobsi_alerts* alerts)
{
    llmobsi_alert_states* states = alerts->states;
    uint32_t cursor = 0;
    uint32_t count = 0;
    uint64_t group = 0;
    while (count < LLMOBS_I_ALERT_TOLD) {
        llmobs_alert_news news;
        llmobsi_alert* alert;
        if (count > 0 &&
            (cursor == states->queue_count || states->queue[cursor] >> 32 != group)) {
            break;
        }
        alert = llmobsi_alert_news(states, alerts->rules, &news, &cursor);
        if (alert == NULL) {
            break;
        }
        group = states->queue[cursor - 1] >> 32;
        llmobsi_alert_copy(alerts, alert, news, &alerts->told[count], &alerts->views[count]);
        count++;
    }
    alerts->told_count += count;
    llmobsi_store_release(&alerts->news, count > 0);
    if (count == 0) {
        llmobsi_alerts_free_rules(alerts);
    }
    return count;
}

/* The busy flag is up while the lock is held, if this thread has one, so that its signal handlers
   do not wait for it. */
llmobsi_fn uint32_t llmobsi_alerts_news(llmobsi_alerts* alerts)
{
    llmobsi_control* self = llmobsi_busy_begin();
    uint32_t count;
    llmobsi_lock_take(&alerts->lock);
    count = llmobsi_alerts_take_news(alerts);
    llmobsi_lock_give(&alerts->lock);
    llmobsi_busy_end(self);
    return count;
}

/* Tells what news there are. False: another thread is at it. */
llmobsi_fn bool llmobsi_alerts_tell_all(llmobsi_recorder* recorder)
{
    llmobsi_alerts* alerts = llmobsi_alerts_of(recorder);
    uint32_t idle = 0;
    uint32_t count;
    uint32_t i;
    if (!llmobsi_cas_acquire_release(&alerts->telling, &idle, 1)) {
        return false;
    }
    while (!llmobsi_is_left(recorder) && (count = llmobsi_alerts_news(alerts)) > 0) {
        for (i = 0; i < count; i++) {
            llmobsi_alert_record(recorder->ticket, &alerts->views[i]);
        }
        if (alerts->tell != NULL) {
            llmobsi_callback callback = llmobsi_callback_mark(recorder->ticket);
            bool threw = false;
            llmobsi_try {
                alerts->tell(alerts->user, alerts->views, count);
            }
            llmobsi_catch_any {
                threw = true;
            }
            (void)llmobsi_callback_end(&callback);
            if (threw) {
                llmobsi_callback_threw(recorder->ticket);
            }
        }
    }
    llmobsi_store_release(&alerts->telling, 0);
    return true;
}

/* After a tick, with no lock held. If another thread is at it, that one tells these, too: it looks
   once more when it is done. */
llmobsi_fn void llmobsi_alerts_tell(llmobsi_recorder* recorder)
{
    llmobsi_alerts* alerts = llmobsi_alerts_of(recorder);
    while (llmobsi_load_acquire(&alerts->news) != 0 && !llmobsi_is_left(recorder) &&
           llmobsi_alerts_tell_all(recorder)) {
    }
}

/* ---- on request ---------------------------------------------------------------------------- */

/* The next alert that is not merely remembered, from *place on; false: there is no more. */
llmobsi_fn bool llmobsi_alerts_next(const llmobsi_alerts* alerts, uint32_t* place,
                                    llmobsi_alert_told* told, llmobs_alert* view)
{
    const llmobsi_alert_states* states = alerts->states;
    while (*place < states->used) {
        const llmobsi_alert* alert = &states->alerts[(*place)++];
        if (alert->used && alert->state != LLMOBS_ALERT_INACTIVE) {
            llmobsi_alert_copy(alerts, alert, LLMOBS_ALERT_NO_NEWS, told, view);
            return true;
        }
    }
    return false;
}

LLMOBS_API llmobs_result llmobs_alerts_read(llmobs* obs, llmobs_alert_fn each, void* user)
{
    llmobs_result result = LLMOBS_OK;
    llmobsi_alert_told told;
    llmobs_alert view;
    llmobsi_alert_call call;
    uint32_t place = 0;
    bool more = true;
    if (each == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    while (more) {
        result = llmobsi_alert_enter(&call, obs);
        if (result != LLMOBS_OK) {
            break;
        }
        more = llmobsi_alerts_next(call.alerts, &place, &told, &view);
        llmobsi_alert_leave(&call);
        if (more) {
            int cancel = llmobsi_cancel_hold();
            llmobsi_try {
                each(user, &view, 1);
            }
            llmobsi_catch_any {
                result = LLMOBS_ERROR_SYSTEM;
                more = false;
            }
            llmobsi_cancel_resume(cancel);
        }
    }
    return result;
}

/* ---- figures ------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_alerts_count(const llmobsi_alerts* alerts, llmobs_alert_stats* stats)
{
    const llmobsi_watches* watches = &alerts->watches;
    uint32_t i;
    for (i = 0; i < alerts->rule_limit; i++) {
        stats->rules += alerts->phases[i] == LLMOBS_I_ALERT_LIVE;
        stats->pending += alerts->counts[i][0];
        stats->firing += alerts->counts[i][1];
    }
    for (i = 0; i < watches->watch_limit; i++) {
        stats->watches += watches->watches[i].used && watches->watches[i].asked > 0;
    }
    stats->groups = llmobsi_watches_groups(watches);
    stats->evaluations = alerts->evaluations;
    stats->told = alerts->told_count;
    stats->muted = alerts->states->muted;
    stats->cooled = alerts->states->cooled;
    stats->refused = watches->refused;
    stats->overflowed = alerts->states->overflowed;
    stats->unseen_s = alerts->unseen_s;
    stats->window_bytes = watches->memory_used;
}

LLMOBS_API llmobs_result llmobs_alert_stats_read(llmobs* obs, llmobs_alert_stats* stats)
{
    llmobs_alert_stats full;
    llmobsi_alert_call call;
    llmobs_result result;
    if (stats == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    result = llmobsi_alert_enter(&call, obs);
    if (result == LLMOBS_OK) {
        memset(&full, 0, sizeof full);
        llmobsi_alerts_count(call.alerts, &full);
        llmobsi_alert_leave(&call);
        full.size = llmobsi_known_size(stats->size, sizeof full);
        memcpy(stats, &full, full.size);
    }
    return result;
}
