/* What rules look at, read: from cells into windows, every ten seconds, or when a rule comes. Under
   the lock of the alerts. */

llmobsi_fn double llmobsi_watch_read_histogram(const llmobsi_watch* watch,
                                               const llmobsi_metric* metric,
                                               const llmobsi_reading* reading)
{
    uint64_t count = 0;
    uint32_t i;
    switch ((llmobsi_watch_kind)watch->kind) {
    case LLMOBS_I_WATCH_COUNT:
        return (double)reading->count;
    case LLMOBS_I_WATCH_SUM:
        return metric->number == LLMOBS_NUMBER_DOUBLE ? llmobsi_double_of(reading->sum)
                                                      : (double)reading->sum;
    default:
        for (i = 0; i <= watch->bucket; i++) {
            count += reading->counts[i];
        }
        return (double)count;
    }
}

/* One series, but for BUCKETS. */
llmobsi_fn double llmobsi_watch_read_one(const llmobsi_watch* watch,
                                         const llmobsi_recorder* recorder, uint32_t number)
{
    const llmobsi_series* series = &recorder->registry.series[number];
    const llmobsi_metric* metric = &recorder->registry.metrics[watch->metric];
    llmobsi_reading reading;
    uint64_t count;
    int64_t level;
    switch ((llmobs_instrument)metric->instrument) {
    case LLMOBS_COUNTER:
        count = llmobsi_read_counter(recorder, series->cell);
        return (double)count;
    case LLMOBS_UPDOWN:
        level = llmobsi_read_updown(recorder, series->cell);
        return (double)level;
    case LLMOBS_GAUGE:
        return llmobsi_read_gauge(recorder, series->cell);
    default:
        llmobsi_read_histogram(recorder, series, &reading);
        return llmobsi_watch_read_histogram(watch, metric, &reading);
    }
}

/* Series that were removed are gone from a gauge; what a counter had counted stays. */
llmobsi_fn bool llmobsi_watch_is_gone(const llmobsi_watch* watch, const llmobsi_series* series)
{
    return watch->kind == LLMOBS_I_WATCH_GAUGE &&
           llmobsi_load_relaxed(&series->state) == LLMOBS_I_SERIES_REMOVED;
}

llmobsi_fn void llmobsi_watch_sum_up(const llmobsi_watches* watches, const llmobsi_watch* watch,
                                     const llmobsi_recorder* recorder, llmobsi_watch_group* group)
{
    double sum = watch->kind == LLMOBS_I_WATCH_LOST ? (double)watches->lost : 0.0;
    uint32_t place = group->member;
    uint32_t count = 0;
    while (place != 0) {
        const llmobsi_watch_member* member = &watches->members[place - 1];
        if (!llmobsi_watch_is_gone(watch, &recorder->registry.series[member->series])) {
            sum += llmobsi_watch_read_one(watch, recorder, member->series);
            count++;
        }
        place = member->next;
    }
    /* A gauge that nobody has set has no value; a counter that nobody has made is 0. */
    group->value = watch->kind == LLMOBS_I_WATCH_GAUGE && count == 0
                       ? llmobsi_double_of(llmobsi_nan_bits)
                       : sum;
}

/* What cells that only grow have come to. What they had when the first rule asked is not counted,
   and a window of a state file goes on where it was. A sum of doubles, whose parts change their
   order, may lose its last digit: it stays. */
llmobsi_fn void llmobsi_watch_put_counter(const llmobsi_watch* watch, llmobsi_watch_group* group,
                                          uint32_t column, int64_t step, double cells)
{
    llmobsi_window* window = &group->windows[column];
    double newest = llmobsi_window_newest(window);
    double value;
    if (watch->waking) {
        group->before[column] = newest - cells;
    }
    value = cells + group->before[column];
    llmobsi_window_put(window, step, value > newest ? value : newest);
}

/* A gauge's window has its sum over the steps: what it is now counts for all those since the last
   one, though nobody looked, and nothing where it has no value. */
llmobsi_fn void llmobsi_watch_put_gauge(llmobsi_watch_group* group, int64_t step)
{
    llmobsi_window* window = &group->windows[0];
    double now = llmobsi_double_is_finite(group->value) ? group->value : 0.0;
    double sum = llmobsi_window_newest(window) + now * (double)(step - window->last);
    llmobsi_window_set(window, step, sum, true);
}

/* A window for each bucket, of the sums over all series. */
llmobsi_fn void llmobsi_watch_put_buckets(const llmobsi_watches* watches,
                                          const llmobsi_watch* watch,
                                          const llmobsi_recorder* recorder,
                                          llmobsi_watch_group* group, int64_t step)
{
    double sums[LLMOBS_BOUNDS_MAX + 1] = {0};
    uint32_t place = group->member;
    uint32_t i;
    while (place != 0) {
        const llmobsi_watch_member* member = &watches->members[place - 1];
        llmobsi_reading reading;
        llmobsi_read_histogram(recorder, &recorder->registry.series[member->series], &reading);
        for (i = 0; i < watch->columns; i++) {
            sums[i] += (double)reading.counts[i];
        }
        place = member->next;
    }
    for (i = 0; i < watch->columns; i++) {
        llmobsi_watch_put_counter(watch, group, i, step, sums[i]);
    }
}

/* The heaviest users anew: who is no longer one has no group any more. */
llmobsi_fn void llmobsi_watch_read_heavy(llmobsi_watches* watches, uint16_t number,
                                         const llmobsi_recorder* recorder)
{
    llmobsi_watch* watch = &watches->watches[number];
    uint32_t count = llmobsi_cost_heavy_tokens(
        llmobsi_cost_ledger_of(recorder), llmobsi_clock_unix_ns(&recorder->timeline.injected),
        watches->heavy, LLMOBS_I_HEAVY_MOST);
    uint32_t i;
    llmobsi_watch_groups_free(watches, watch);
    for (i = 0; i < count; i++) {
        const llmobsi_heavy* user = &watches->heavy[i];
        size_t size = strlen(user->pseudonym) + 1;
        llmobsi_watch_group* group =
            llmobsi_watch_group_new(watches, number,
                                    llmobsi_watch_hash(watches, user->pseudonym, size),
                                    user->pseudonym, size);
        if (group != NULL) {
            group->value = (double)user->input_tokens;
        } else {
            watches->refused++;
        }
    }
}

llmobsi_fn void llmobsi_watch_read(llmobsi_watches* watches, uint16_t number,
                                   const llmobsi_recorder* recorder, int64_t step)
{
    llmobsi_watch* watch = &watches->watches[number];
    uint32_t place;
    if (watch->kind == LLMOBS_I_WATCH_HEAVY) {
        llmobsi_watch_read_heavy(watches, number, recorder);
        return;
    }
    if (watch->kind != LLMOBS_I_WATCH_LOST) {
        llmobsi_watch_extend(watches, &recorder->registry, number);
    }
    for (place = watch->first; place != 0; place = watches->groups[place - 1].next) {
        llmobsi_watch_group* group = &watches->groups[place - 1];
        if (watch->kind == LLMOBS_I_WATCH_BUCKETS) {
            llmobsi_watch_put_buckets(watches, watch, recorder, group, step);
            continue;
        }
        llmobsi_watch_sum_up(watches, watch, recorder, group);
        if (group->windows != NULL && watch->kind == LLMOBS_I_WATCH_GAUGE) {
            llmobsi_watch_put_gauge(group, step);
        } else if (group->windows != NULL) {
            llmobsi_watch_put_counter(watch, group, 0, step, group->value);
        }
    }
}

/* All that are asked for. */
llmobsi_fn void llmobsi_watches_read(llmobsi_watches* watches, const llmobsi_recorder* recorder,
                                     int64_t step)
{
    uint32_t i;
    for (i = 0; i < watches->watch_limit; i++) {
        if (watches->watches[i].used && watches->watches[i].asked > 0) {
            llmobsi_watch_read(watches, (uint16_t)i, recorder, step);
        }
    }
}
