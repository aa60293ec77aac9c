/* The account. Everything is derived from counters with one writer each, so nothing has to be
   stopped. */

/* What is left of a sum whose parts are read one after the other while recorders run. */
llmobsi_fn uint64_t llmobsi_stats_rest(uint64_t sum, uint64_t part)
{
    return sum > part ? sum - part : 0;
}

/* What tail sampling has, or had. The last of it is read first, as below. Returns how many spans
   have come to it and have not been collected. */
llmobsi_fn uint64_t llmobsi_stats_tail(const llmobsi_recorder* recorder, llmobs_stats* stats)
{
    const llmobsi_tail* tail = llmobsi_tail_of(recorder);
    if (tail == NULL) {
        return 0;
    }
    stats->tail_kept = llmobsi_load_relaxed(&tail->kept);
    stats->tail_dropped = llmobsi_load_relaxed(&tail->dropped);
    stats->tail_evicted = llmobsi_load_relaxed(&tail->evictions);
    stats->tail_late = llmobsi_load_relaxed(&tail->late);
    stats->tail_held = llmobsi_load_relaxed(&tail->held);
    return stats->tail_dropped + stats->tail_held;
}

/* What of the way of spans and log records is known. What comes late on it is read first. */
llmobsi_fn void llmobsi_stats_spans(llmobsi_collector* collector, const llmobsi_place* place,
                                    llmobs_stats* stats)
{
    llmobsi_thread_counts counts;
    uint64_t no_exporter;
    uint64_t tail;
    uint64_t begun;
    uint64_t ended;
    int drop;
    stats->collected = llmobsi_load_relaxed(&collector->collected);
    no_exporter = llmobsi_load_relaxed(&collector->no_exporter);
    tail = llmobsi_stats_tail(&collector->recorder, stats);
    stats->expired = llmobsi_load_relaxed(&collector->expired);
    llmobsi_counts_sum(&collector->recorder, &counts);
    stats->started = counts.started;
    stats->log_records = counts.logs + llmobsi_load_relaxed(&place->logs_dropped);
    for (drop = 0; drop < (int)LLMOBS_DROP_COUNT; drop++) {
        stats->dropped[drop] = llmobsi_load_relaxed(&place->dropped[drop]);
        stats->started += stats->dropped[drop];
    }
    stats->dropped[LLMOBS_DROP_POOL] += counts.dropped_pool;
    stats->dropped[LLMOBS_DROP_PARENT] += counts.dropped_parent;
    stats->dropped[LLMOBS_DROP_NO_EXPORTER] = no_exporter;
    begun = counts.started - counts.dropped_pool - counts.dropped_parent;
    ended = counts.ended + stats->expired;
    stats->live = llmobsi_stats_rest(begun, ended);
    stats->ended = llmobsi_stats_rest(ended, stats->collected + no_exporter + tail);
    stats->unsampled = counts.unsampled;
    stats->inert_calls = counts.inert_calls;
    stats->attributes_dropped = counts.attributes_dropped;
    stats->events_dropped = counts.events_dropped;
    stats->links_dropped = counts.links_dropped;
    stats->values_truncated = counts.values_truncated;
    stats->attributes_refused = counts.attributes_refused;
    stats->bad_traceparents = counts.bad_traceparents;
}

llmobsi_fn void llmobsi_stats_metrics(const llmobsi_registry* registry, llmobs_stats* stats)
{
    llmobsi_metric_totals totals;
    llmobsi_metrics_total(registry, &totals);
    stats->metrics = llmobsi_load_relaxed(&registry->metric_count);
    stats->metric_series = totals.series;
    stats->metric_overflows = totals.overflows;
    stats->metric_invalid = totals.invalid;
    stats->metric_saturated = totals.saturated;
    stats->metric_dropped = totals.dropped;
    stats->metric_misused = llmobsi_load_relaxed(&registry->misused);
    stats->labels_cut = llmobsi_load_relaxed(&registry->labels_cut);
    stats->metric_bytes_used =
        llmobsi_load_relaxed(&registry->cells.pages_used) * (uint64_t)sizeof(llmobsi_page);
}

/* From the end of a capture's way to its beginning: what is seen to have left has come. */
llmobsi_fn void llmobsi_stats_captures(const llmobsi_captures* captures, llmobs_stats* stats)
{
    if (captures == NULL) {
        return;
    }
    stats->captures_judged = llmobsi_load_relaxed(&captures->judged);
    stats->captures_taken = llmobsi_load_relaxed(&captures->taken);
    stats->captures_displaced = llmobsi_load_relaxed(&captures->displaced);
    stats->captures_returned = llmobsi_load_relaxed(&captures->returned);
    stats->captures_selected = llmobsi_load_relaxed(&captures->selected);
    stats->captures_waiting =
        llmobsi_stats_rest(stats->captures_selected + stats->captures_returned,
                           stats->captures_taken + stats->captures_displaced);
    stats->captures_repeated = llmobsi_load_relaxed(&captures->repeated);
    stats->captures_forced_missed = llmobsi_load_relaxed(&captures->forced_missed);
    stats->captures_random_missed = llmobsi_load_relaxed(&captures->random_missed);
    stats->captures_missed = stats->captures_forced_missed + stats->captures_random_missed;
}

llmobsi_fn void llmobsi_stats_requests(const llmobsi_recorder* recorder, llmobs_stats* stats)
{
    const llmobsi_requests* requests = llmobsi_requests_of(recorder);
    if (requests == NULL) {
        return;
    }
    stats->requests_ended = llmobsi_load_relaxed(&requests->ended);
    stats->requests_expired = llmobsi_load_relaxed(&requests->expired);
    stats->requests_begun = llmobsi_load_relaxed(&requests->begun);
    stats->requests_live = llmobsi_stats_rest(stats->requests_begun,
                                              stats->requests_ended + stats->requests_expired);
    stats->requests_dropped = llmobsi_load_relaxed(&requests->dropped);
    stats->requests_late = llmobsi_load_relaxed(&requests->late);
    stats->request_texts_cut = llmobsi_load_relaxed(&requests->texts_cut);
    stats->sessions_refused = llmobsi_load_relaxed(&llmobsi_sessions_of(recorder)->refused);
    stats->costs_refused = llmobsi_load_relaxed(&requests->costs_refused);
    llmobsi_stats_captures(requests->captures, stats);
    if (requests->captures != NULL) {
        stats->guardrails_missed =
            llmobsi_load_relaxed(&requests->sampler->of[LLMOBS_KEEP_GUARDRAIL].lost);
    }
}

llmobsi_fn void llmobsi_stats_fill(llmobsi_instance* instance, llmobs_stats* stats)
{
    llmobsi_collector* collector = &instance->collector;
    const llmobsi_recorder* recorder = &collector->recorder;
    uint32_t used = llmobsi_load_acquire(&recorder->threads_used);
    uint32_t i;
    memset(stats, 0, sizeof *stats);
    stats->size = sizeof *stats;
    llmobsi_stats_spans(collector, instance->place, stats);
    stats->names_overflowed = llmobsi_load_relaxed(&recorder->names.overflowed);
    stats->cost_headers_refused = llmobsi_load_relaxed(&recorder->cost_headers_refused);
    stats->callbacks_threw = llmobsi_load_relaxed(&recorder->callbacks_threw);
    stats->ticks = llmobsi_load_relaxed(&collector->ticks);
    stats->slots_free = recorder->spans_on ? llmobsi_pool_free_count(&recorder->pool) : 0;
    for (i = 0; i < used; i++) {
        stats->threads +=
            llmobsi_load_relaxed(&recorder->threads[i].state) == LLMOBS_I_THREAD_OWNED;
    }
    llmobsi_stats_metrics(&recorder->registry, stats);
    llmobsi_stats_requests(recorder, stats);
#ifndef LLMOBS_NO_FILE
    llmobsi_state_stats(instance, stats);
#endif
    llmobsi_detectors_stats(instance, stats);
    stats->exporter_count = llmobsi_load_acquire(&collector->exporter_count);
    for (i = 0; i < stats->exporter_count; i++) {
        llmobsi_exporter_stats(&collector->exporters[i], &stats->exporters[i]);
    }
}

/* All that was lost on its way, by no decision of the host's. Of requests to be judged those that
   chance or a bucket has kept are a sample, and others may stand for them. */
llmobsi_fn uint64_t llmobsi_stats_lost(const llmobs_stats* stats)
{
    uint64_t lost =
        stats->requests_dropped + stats->metric_dropped + stats->guardrails_missed;
    uint32_t i;
    int cause;
    for (cause = 0; cause < (int)LLMOBS_DROP_COUNT; cause++) {
        lost += cause != (int)LLMOBS_DROP_NO_EXPORTER ? stats->dropped[cause] : 0;
    }
    for (i = 0; i < stats->exporter_count; i++) {
        for (cause = 0; cause < (int)LLMOBS_LOSS_COUNT; cause++) {
            lost += stats->exporters[i].lost[cause] + stats->exporters[i].points.lost[cause];
        }
    }
    return lost;
}

/* Hands out as much as the caller's version of the struct holds. */
llmobsi_fn void llmobsi_stats_copy(llmobs_stats* out, const llmobs_stats* stats)
{
    size_t size = llmobsi_known_size(out->size, sizeof *stats);
    memcpy(out, stats, size);
    if (size >= sizeof out->size) {
        out->size = size;
    }
}

LLMOBS_API llmobs_result llmobs_stats_read(llmobs* obs, llmobs_stats* stats)
{
    llmobsi_instance* instance;
    llmobs_stats full;
    if (stats == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&full, 0, sizeof full);
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        llmobsi_stats_copy(stats, &full);
        return LLMOBS_ERROR_CLOSED;
    }
    llmobsi_stats_fill(instance, &full);
    llmobsi_call_end(instance);
    llmobsi_stats_copy(stats, &full);
    return LLMOBS_OK;
}
