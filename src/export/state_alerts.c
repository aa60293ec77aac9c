/* What rules have seen and told, out to a state file and back. Windows and alerts are saved by what
   they are of, in words, and wait for a rule that asks for them: rules are added after open. Time
   goes on by the clock on the wall while the process is away, and nothing increases meanwhile. */

#define LLMOBS_I_STATE_WINDOW_HEAD (8u * 5u)

/* The steps that a file can tell of: as many as would take a thousand years. */
#define LLMOBS_I_STATE_STEPS INT64_C(3200000000)

LLMOBS_I_STATIC_ASSERT(state_window, LLMOBS_I_STATE_WINDOW_HEAD + LLMOBS_I_ALERT_LABELS +
                                             8u * LLMOBS_I_WINDOW_WORDS_MOST <=
                                         LLMOBS_I_STATE_FRAME - LLMOBS_I_STATE_ENDS);

/* ---- out ----------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_state_save_window(llmobsi_state_writer* writer,
                                          const llmobsi_watch_group* group, uint32_t column)
{
    const llmobsi_window* window = &group->windows[column];
    uint32_t words = llmobsi_window_words(window->tiers);
    uint32_t i;
    llmobsi_state_record(writer, LLMOBS_I_STATE_WNDW,
                         LLMOBS_I_STATE_WINDOW_HEAD + group->labels_size + 8u * words);
    llmobsi_state_put(writer, group->watch);
    llmobsi_state_put(writer, column);
    llmobsi_state_put(writer, (uint64_t)window->first);
    llmobsi_state_put(writer, (uint64_t)window->last);
    llmobsi_state_put(writer, group->labels_size);
    llmobsi_state_put_bytes(writer, group->labels, group->labels_size);
    for (i = 0; i < words; i++) {
        llmobsi_state_put(writer, llmobsi_double_bits(*llmobsi_window_word(window, i)));
    }
}

/* A watch, then the windows of its groups. One without windows is what it is now, no more. */
llmobsi_fn void llmobsi_state_save_watch(llmobsi_state_writer* writer,
                                         const llmobsi_watches* watches, uint32_t number)
{
    const llmobsi_watch* watch = &watches->watches[number];
    uint32_t place;
    uint32_t column;
    llmobsi_state_record(writer, LLMOBS_I_STATE_WTCH, 8u * 7u + watch->key_size);
    llmobsi_state_put(writer, number);
    llmobsi_state_put(writer, watch->kind);
    llmobsi_state_put(writer, watch->tiers);
    llmobsi_state_put(writer, watch->columns);
    llmobsi_state_put(writer, watch->by_count);
    llmobsi_state_put(writer, (uint64_t)watch->since);
    llmobsi_state_put(writer, watch->key_size);
    llmobsi_state_put_bytes(writer, watch->key, watch->key_size);
    for (place = watch->first; place != 0; place = watches->groups[place - 1].next) {
        for (column = 0; column < watch->columns; column++) {
            llmobsi_state_save_window(writer, &watches->groups[place - 1], column);
        }
    }
}

/* `identity` says which rule it is of. */
llmobsi_fn void llmobsi_state_save_alert(llmobsi_state_writer* writer, const llmobsi_alert* alert,
                                         uint64_t identity)
{
    llmobsi_state_record(writer, LLMOBS_I_STATE_ALRT, 8u * 18u + alert->labels_size);
    llmobsi_state_put(writer, identity);
    llmobsi_state_put(writer, alert->state | (uint64_t)alert->comparison << 8);
    llmobsi_state_put(writer, alert->keeping);
    llmobsi_state_put(writer, alert->told);
    llmobsi_state_put(writer, alert->was_muted);
    llmobsi_state_put(writer, alert->was_cooled);
    llmobsi_state_put(writer, alert->partial);
    llmobsi_state_put(writer, alert->no_data);
    llmobsi_state_put(writer, alert->cut);
    llmobsi_state_put(writer, (uint64_t)alert->since_s);
    llmobsi_state_put(writer, (uint64_t)alert->active_s);
    llmobsi_state_put(writer, (uint64_t)alert->fired_s);
    llmobsi_state_put(writer, (uint64_t)alert->resolved_s);
    llmobsi_state_put(writer, (uint64_t)alert->told_s);
    llmobsi_state_put(writer, (uint64_t)alert->ended_s);
    llmobsi_state_put(writer, llmobsi_double_bits(alert->value));
    llmobsi_state_put(writer, llmobsi_double_bits(alert->threshold));
    llmobsi_state_put(writer, alert->labels_size);
    llmobsi_state_put_bytes(writer, alert->labels, alert->labels_size);
}

llmobsi_fn void llmobsi_state_save_states(llmobsi_state_writer* writer,
                                          const llmobsi_alerts* alerts)
{
    const llmobsi_alert_states* states = alerts->states;
    uint32_t i;
    for (i = 0; i < states->used; i++) {
        const llmobsi_alert* alert = &states->alerts[i];
        if (alert->dormant) {
            llmobsi_state_save_alert(writer, alert, alert->hash);
        } else if (alert->used && alerts->phases[alert->rule] == LLMOBS_I_ALERT_LIVE) {
            llmobsi_state_save_alert(writer, alert,
                                     llmobsi_alert_identity(&alerts->rules[alert->rule]));
        }
    }
}

llmobsi_fn void llmobsi_state_save_rounds(llmobsi_state_writer* writer,
                                          const llmobsi_alerts* alerts)
{
    uint32_t i;
    llmobsi_state_record(writer, LLMOBS_I_STATE_STEP, 8);
    llmobsi_state_put(writer, (uint64_t)alerts->step);
    for (i = 0; i < alerts->watches.watch_limit; i++) {
        if (alerts->watches.watches[i].used && alerts->watches.watches[i].tiers != 0) {
            llmobsi_state_save_watch(writer, &alerts->watches, i);
        }
    }
    llmobsi_state_save_states(writer, alerts);
}

/* Under the tick's lock. The busy flag is up, so that this thread's signal handlers do not wait for
   the alerts'. */
llmobsi_fn void llmobsi_state_save_alerts(llmobsi_state_writer* writer, llmobsi_alerts* alerts)
{
    llmobsi_control* self;
    if (alerts == NULL) {
        return;
    }
    self = llmobsi_busy_begin();
    llmobsi_lock_take(&alerts->lock);
    if (alerts->step <= LLMOBS_I_STATE_STEPS) { /* else the clock is mad, and no file is better */
        llmobsi_state_save_rounds(writer, alerts);
    }
    llmobsi_lock_give(&alerts->lock);
    llmobsi_busy_end(self);
}

/* ---- in ------------------------------------------------------------------------------------ */

typedef struct llmobsi_state_alerts {
    llmobsi_state_reader* reader;
    llmobsi_alerts* alerts; /* NULL: there are none */
    bool begun;      /* the step has come */
    uint32_t number; /* of the watch in the file, and */
    uint16_t watch;  /* its place here; LLMOBS_I_NO_WATCH: none */
    uint64_t lost;   /* records without a place */
} llmobsi_state_alerts;

llmobsi_fn void llmobsi_state_load_step(llmobsi_state_alerts* loader)
{
    int64_t step = llmobsi_state_get(loader->reader, 0, LLMOBS_I_STATE_STEPS);
    if (loader->begun) {
        llmobsi_state_refuse(loader->reader, LLMOBS_I_STATE_REFUSED("alerts begin twice"));
    }
    loader->begun = true;
    loader->watch = LLMOBS_I_NO_WATCH;
    if (loader->alerts != NULL) {
        loader->alerts->step = step;
    }
}

llmobsi_fn int64_t llmobsi_state_last_step(const llmobsi_state_alerts* loader)
{
    return loader->alerts != NULL ? loader->alerts->step : LLMOBS_I_STATE_STEPS;
}

/* A watch that waits; the windows that follow are its groups'. */
llmobsi_fn void llmobsi_state_load_watch(llmobsi_state_alerts* loader)
{
    llmobsi_state_reader* reader = loader->reader;
    const unsigned char* key;
    llmobsi_watch watch;
    memset(&watch, 0, sizeof watch);
    loader->number = (uint32_t)llmobsi_state_get(reader, 0, UINT16_MAX);
    watch.kind = (uint8_t)llmobsi_state_get(reader, 0, LLMOBS_I_WATCH_LOST);
    watch.tiers = (uint8_t)llmobsi_state_get(reader, 1, LLMOBS_I_WINDOW_TIERS);
    watch.columns = (uint8_t)llmobsi_state_get(
        reader, 1, watch.kind == LLMOBS_I_WATCH_BUCKETS ? LLMOBS_BOUNDS_MAX + 1 : 1);
    watch.by_count = (uint8_t)llmobsi_state_get(reader, 0, LLMOBS_ALERT_LABELS_MAX);
    watch.since = llmobsi_state_get(reader, 0, llmobsi_state_last_step(loader));
    watch.key_size = (uint32_t)llmobsi_state_get(reader, 1, LLMOBS_I_WATCH_KEY);
    key = llmobsi_state_get_bytes(reader, watch.key_size);
    if (!loader->begun) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a watch comes before alerts begin"));
    }
    if (reader->refused != NULL || loader->alerts == NULL) {
        return;
    }
    memcpy(watch.key, key, watch.key_size);
    loader->watch = llmobsi_watch_restore(&loader->alerts->watches, &watch);
    loader->lost += loader->watch == LLMOBS_I_NO_WATCH;
}

/* The words of a window that has begun; false: they can't be its. */
llmobsi_fn bool llmobsi_state_load_words(llmobsi_state_reader* reader, llmobsi_window* window,
                                         bool grows)
{
    uint32_t words = llmobsi_window_words(window->tiers);
    uint32_t i;
    for (i = 0; i < words; i++) {
        *llmobsi_window_word(window, i) = llmobsi_double_of(llmobsi_state_get_word(reader));
    }
    return reader->refused == NULL && llmobsi_window_is_sound(window, grows);
}

llmobsi_fn void llmobsi_state_load_window(llmobsi_state_alerts* loader)
{
    llmobsi_state_reader* reader = loader->reader;
    uint32_t number = (uint32_t)llmobsi_state_get(reader, 0, UINT16_MAX);
    uint32_t column = (uint32_t)llmobsi_state_get(reader, 0, LLMOBS_BOUNDS_MAX);
    int64_t first = llmobsi_state_get(reader, 0, llmobsi_state_last_step(loader));
    int64_t last = llmobsi_state_get(reader, first, llmobsi_state_last_step(loader));
    size_t size = (size_t)llmobsi_state_get(reader, 0, LLMOBS_I_ALERT_LABELS);
    const unsigned char* labels = llmobsi_state_get_bytes(reader, size);
    llmobsi_window* window = NULL;
    if (reader->refused == NULL && (!loader->begun || number != loader->number)) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a window is nobody's"));
    }
    if (reader->refused != NULL) {
        return;
    }
    if (loader->alerts != NULL && loader->watch != LLMOBS_I_NO_WATCH) {
        window = llmobsi_watch_restore_window(&loader->alerts->watches, loader->watch,
                                              (const char*)labels, size, column);
    }
    if (window == NULL) { /* it was counted with its watch, or finds no room */
        loader->lost += loader->alerts != NULL && loader->watch != LLMOBS_I_NO_WATCH;
        reader->at = reader->end;
        return;
    }
    llmobsi_window_begin(window, window->values, window->tiers, first, 0.0);
    window->last = last;
    if (!llmobsi_state_load_words(
            reader, window, llmobsi_watch_grows(&loader->alerts->watches, loader->watch))) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a window is not sound"));
    }
}

llmobsi_fn bool llmobsi_state_get_flag(llmobsi_state_reader* reader)
{
    return llmobsi_state_get(reader, 0, 1) != 0;
}

/* A time of an alert: one that has been, or never. */
llmobsi_fn int64_t llmobsi_state_get_second(llmobsi_state_alerts* loader)
{
    llmobsi_state_reader* reader = loader->reader;
    int64_t second = (int64_t)llmobsi_state_get_word(reader);
    int64_t last = llmobsi_state_last_step(loader) * (int64_t)LLMOBS_I_ALERT_STEP_S;
    if (second != LLMOBS_I_ALERT_NEVER && (second < 0 || second > last)) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a time of an alert is out of range"));
    }
    return second;
}

llmobsi_fn void llmobsi_state_load_alert(llmobsi_state_alerts* loader)
{
    llmobsi_state_reader* reader = loader->reader;
    const unsigned char* labels;
    llmobsi_alert alert;
    uint64_t word;
    memset(&alert, 0, sizeof alert);
    alert.hash = llmobsi_state_get_word(reader);
    word = (uint64_t)llmobsi_state_get(
        reader, 0, LLMOBS_I_ALERT_LESS_EQUAL << 8 | (int64_t)LLMOBS_ALERT_RESOLVED);
    alert.state = (uint8_t)word;
    alert.comparison = (uint8_t)(word >> 8);
    alert.keeping = llmobsi_state_get_flag(reader);
    alert.told = llmobsi_state_get_flag(reader);
    alert.was_muted = llmobsi_state_get_flag(reader);
    alert.was_cooled = llmobsi_state_get_flag(reader);
    alert.partial = llmobsi_state_get_flag(reader);
    alert.no_data = llmobsi_state_get_flag(reader);
    alert.cut = llmobsi_state_get_flag(reader);
    alert.since_s = llmobsi_state_get_second(loader);
    alert.active_s = llmobsi_state_get_second(loader);
    alert.fired_s = llmobsi_state_get_second(loader);
    alert.resolved_s = llmobsi_state_get_second(loader);
    alert.told_s = llmobsi_state_get_second(loader);
    alert.ended_s = llmobsi_state_get_second(loader);
    alert.value = llmobsi_double_of(llmobsi_state_get_word(reader));
    alert.threshold = llmobsi_double_of(llmobsi_state_get_word(reader));
    alert.labels_size = (uint8_t)llmobsi_state_get(reader, 0, LLMOBS_I_ALERT_LABELS);
    labels = llmobsi_state_get_bytes(reader, alert.labels_size);
    if (alert.state > LLMOBS_ALERT_RESOLVED || alert.since_s == LLMOBS_I_ALERT_NEVER ||
        (alert.told && alert.told_s == LLMOBS_I_ALERT_NEVER)) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("an alert contradicts itself"));
    }
    if (reader->refused == NULL &&
        (!loader->begun || (alert.labels_size > 0 && labels[alert.labels_size - 1] != '\0'))) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("an alert's labels are malformed"));
    }
    if (reader->refused != NULL || loader->alerts == NULL) {
        return;
    }
    memcpy(alert.labels, labels, alert.labels_size);
    loader->lost += !llmobsi_alert_restore(loader->alerts->states, &alert);
}

/* When all is read: the time that the process was away has passed, and nobody saw it. */
llmobsi_fn void llmobsi_state_loaded_alerts(llmobsi_alerts* alerts, uint64_t away_ns)
{
    int64_t steps = (int64_t)(away_ns / LLMOBS_I_ALERT_STEP_NS);
    int64_t away_s = steps * (int64_t)LLMOBS_I_ALERT_STEP_S;
    alerts->states->now_s = llmobsi_alerts_now_s(alerts);
    alerts->step += steps;
    alerts->unseen_s += (uint64_t)away_s;
    llmobsi_alert_gap(alerts->states, away_s);
}
