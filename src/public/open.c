/* Opening an instance, closing it under recorders that still run, and what a fork's child needs. */

/* ---- memory -------------------------------------------------------------------------------- */

/* The locks of an instance; how many there are. Those of parts that are off are not there. */
#define LLMOBS_I_LOCKS 12u

llmobsi_fn uint32_t llmobsi_locks_of(llmobsi_instance* instance, llmobsi_lock** locks)
{
    llmobsi_recorder* recorder = &instance->collector.recorder;
    uint32_t count = 0;
    locks[count++] = &instance->collector.lock;
    locks[count++] = &instance->setup;
    locks[count++] = &instance->rest;
    locks[count++] = &recorder->registry.lock;
    if (llmobsi_requests_of(recorder) != NULL) {
        locks[count++] = &llmobsi_requests_of(recorder)->recent_lock;
        locks[count++] = &llmobsi_sessions_of(recorder)->lock;
    }
    if (llmobsi_cost_ledger_of(recorder) != NULL) {
        locks[count++] = &llmobsi_cost_ledger_of(recorder)->lock;
    }
    if (llmobsi_prices_of(recorder) != NULL) {
        locks[count++] = &llmobsi_prices_of(recorder)->lock;
    }
    if (llmobsi_budgets_of(recorder) != NULL) {
        locks[count++] = &llmobsi_budgets_of(recorder)->lock;
    }
    if (llmobsi_alerts_of(recorder) != NULL) {
        locks[count++] = &llmobsi_alerts_of(recorder)->lock;
    }
#ifndef LLMOBS_NO_FILE
    if (llmobsi_state_of(instance) != NULL) {
        locks[count++] = &llmobsi_state_of(instance)->lock;
        locks[count++] = &llmobsi_state_of(instance)->call;
    }
#endif
    return count;
}

llmobsi_fn bool llmobsi_locks_init(llmobsi_instance* instance)
{
    llmobsi_lock* locks[LLMOBS_I_LOCKS];
    uint32_t count = llmobsi_locks_of(instance, locks);
    uint32_t i;
    for (i = 0; i < count; i++) {
        if (!llmobsi_lock_init(locks[i])) {
            while (i > 0) {
                llmobsi_lock_destroy(locks[--i]);
            }
            return false;
        }
    }
    return true;
}

llmobsi_fn void llmobsi_locks_destroy(llmobsi_instance* instance)
{
    llmobsi_lock* locks[LLMOBS_I_LOCKS];
    uint32_t count = llmobsi_locks_of(instance, locks);
    while (count > 0) {
        llmobsi_lock_destroy(locks[--count]);
    }
}

/* Of an instance that nobody is in any more. The host's own block is the host's again. */
llmobsi_fn void llmobsi_memory_return(llmobsi_instance* instance)
{
    llmobs_allocator allocator = instance->allocator;
    void* memory = instance->memory;
    size_t bytes = instance->memory_bytes;
    llmobsi_collector* collector = &instance->collector;
    uint32_t i;
    for (i = 0; i < collector->exporter_count; i++) {
        llmobsi_lock_destroy(&collector->exporters[i].lock);
    }
    llmobsi_locks_destroy(instance);
    if (memory != NULL) {
        llmobsi_park(&allocator, memory, bytes);
    }
}

/* ---- open ---------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_tell_now(const llmobs_config* config, llmobs_note note)
{
    if (config->note != NULL) {
        config->note(config->note_user, note, 1, llmobs_note_text(note));
    }
}

/* The block: the host's, a parked one, or a new one. */
llmobsi_fn void* llmobsi_block(const llmobs_config* config, const llmobs_allocator* allocator,
                               size_t bytes, llmobs_result* result)
{
    void* memory = config->memory;
    *result = LLMOBS_ERROR_MEMORY;
    if (memory != NULL) {
        if (((uintptr_t)memory & (LLMOBS_I_CACHE_LINE - 1)) != 0) {
            *result = LLMOBS_ERROR_ARGUMENT;
            return NULL;
        }
        memory = config->memory_bytes >= bytes ? memory : NULL;
    } else if (bytes != LLMOBS_I_SIZE_OVERFLOW) {
        memory = llmobsi_unpark(allocator, bytes);
        if (memory == NULL) {
            memory = allocator->allocate(allocator->user, bytes, LLMOBS_I_CACHE_LINE);
        }
    }
    if (memory == NULL) {
        llmobsi_tell_now(config, LLMOBS_NOTE_CONFIG_MEMORY);
    }
    return memory;
}

llmobsi_fn llmobsi_place* llmobsi_place_claim(void)
{
    uint32_t i;
    for (i = 0; i < 2 * LLMOBS_MAX_INSTANCES; i++) {
        llmobsi_place* place = &llmobsi_places[i % LLMOBS_MAX_INSTANCES];
        uint32_t unclaimed = 0;
        /* In the first round only where no call of an instance before hangs: our close would wait
           for it. */
        if ((i >= LLMOBS_MAX_INSTANCES || llmobsi_load_relaxed(&place->users) == 0) &&
            llmobsi_cas_ordered(&place->claimed, &unclaimed, 1)) {
            return place;
        }
    }
    return NULL;
}

/* A ticket that no handle of this copy holds: generations start at random, so that handles of
   another copy are no good here either. */
llmobsi_fn uint32_t llmobsi_ticket_new(const llmobsi_place* place)
{
    static llmobsi_atomic32 generation;
    uint32_t start = 0;
    uint32_t ticket;
    if (llmobsi_load_relaxed(&generation) == 0 && llmobsi_random_bytes(&start, sizeof start)) {
        uint32_t unset = 0;
        (void)llmobsi_cas_ordered(&generation, &unset, start);
    }
    do {
        ticket = (llmobsi_add_ordered(&generation, 1) + 1) * (uint32_t)LLMOBS_MAX_INSTANCES;
    } while (ticket == 0);
    return ticket + (uint32_t)(place - llmobsi_places);
}

/* The slot that spans of an instance without spans point to: no handle fits it. */
llmobsi_state llmobsi_slot llmobsi_no_slot;

llmobsi_fn void llmobsi_recorder_start(llmobsi_recorder* recorder, const llmobs_config* config)
{
    uint32_t i;
    recorder->spans_on = config->span_slots != LLMOBS_OFF;
    recorder->cache_size = llmobsi_cache_size(config);
    recorder->value_bytes = config->value_bytes;
    recorder->span_parts = config->span_parts;
    recorder->threshold = llmobsi_sampling_threshold(config->sample_ratio);
    recorder->distrust_remote = config->distrust_remote;
    recorder->random = config->random;
    if (!llmobsi_random_bytes(&recorder->names.seed, sizeof recorder->names.seed)) {
        recorder->names.seed = llmobsi_monotonic_ns();
    }
    llmobsi_timeline_init(&recorder->timeline, &config->clock);
    for (i = 0; i < recorder->thread_count; i++) {
        recorder->threads[i].recorder = recorder;
        recorder->threads[i].number = i;
        if (!recorder->spans_on) {
            llmobsi_store_relaxed(&llmobsi_no_slot.state, UINT64_MAX);
            recorder->threads[i].slots = &llmobsi_no_slot;
        }
    }
    if (recorder->spans_on) {
        llmobsi_pool_reset(&recorder->pool);
    }
}

LLMOBS_I_STATIC_ASSERT(families,
                       LLMOBS_I_FAMILIES_STANDARD == (LLMOBS_FAMILY_LLM | LLMOBS_FAMILY_SELF));

/* Defines the catalogue's metrics, those whose family is switched on. */
llmobsi_fn void llmobsi_catalogue_start(llmobsi_collector* collector, const llmobs_config* config,
                                        bool user_ids)
{
    llmobsi_recorder* recorder = &collector->recorder;
    llmobsi_registry* registry = &recorder->registry;
    int known;
    for (known = 0; known < (int)LLMOBS_KNOWN_COUNT; known++) {
        llmobs_metric_info info;
        llmobs_result result;
        uint32_t number;
        if ((llmobsi_catalogue_family((llmobs_known)known) & llmobsi_families(config)) == 0) {
            continue;
        }
        llmobsi_catalogue_info((llmobs_known)known, user_ids, &info);
        number = llmobsi_metric_define(registry, &info, &result);
        recorder->known[known] = number;
        if (number == 0) {
            llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_METRIC_CATALOGUE, 1);
        } else {
            int label = llmobsi_catalogue_user_label((llmobs_known)known, user_ids);
            if (!user_ids &&
                llmobsi_catalogue_user_label((llmobs_known)known, true) != LLMOBS_I_NO_LABEL) {
                label = LLMOBS_I_USER_LABEL_OFF;
            }
            registry->metrics[number - 1].user_label = (int8_t)label;
        }
    }
}

llmobsi_fn void llmobsi_metrics_start(llmobsi_collector* collector, const llmobs_config* config,
                                      bool has_key)
{
    llmobsi_registry* registry = &collector->recorder.registry;
    if (config->metric_series == LLMOBS_OFF) {
        return;
    }
    registry->on = true;
    registry->keyring = &collector->recorder.keyring;
    registry->clock = config->clock;
    registry->label_bytes = config->label_bytes;
    registry->max_series = config->metric_max_series;
    if (!llmobsi_random_bytes(&registry->seed, sizeof registry->seed)) {
        registry->seed = llmobsi_monotonic_ns();
    }
    llmobsi_catalogue_start(collector, config, config->metric_user_ids && has_key);
}

/* In the child of a fork: what the parts that can be off had is the parent's. */
llmobsi_fn void llmobsi_parts_forked(llmobsi_recorder* recorder)
{
    if (llmobsi_cost_ledger_of(recorder) != NULL) {
        llmobsi_cost_clear(llmobsi_cost_ledger_of(recorder));
    }
    if (llmobsi_captures_of(recorder) != NULL) {
        llmobsi_captures_forked(llmobsi_captures_of(recorder));
    }
    if (llmobsi_requests_of(recorder) != NULL) {
        llmobsi_requests_forked(llmobsi_requests_of(recorder));
        llmobsi_sessions_forked(llmobsi_sessions_of(recorder));
    }
    if (llmobsi_prices_of(recorder) != NULL) {
        llmobsi_prices_forked(llmobsi_prices_of(recorder));
    }
    if (llmobsi_budgets_of(recorder) != NULL) {
        llmobsi_budgets_forked(llmobsi_budgets_of(recorder));
    }
    if (llmobsi_alerts_of(recorder) != NULL) {
        llmobsi_alerts_forked(recorder);
    }
}

/* In the child of a fork: an empty instance, with the same exporters, running. Nobody else is
   here. */
llmobsi_fn void llmobsi_after_fork(llmobsi_recorder* recorder)
{
    llmobsi_instance* instance = llmobsi_instance_of(recorder);
    llmobsi_collector* collector = &instance->collector;
    uint32_t i;
    for (i = 0; i < recorder->thread_count; i++) {
        llmobsi_thread* thread = &recorder->threads[i];
        memset(&thread->counts, 0, sizeof thread->counts);
        memset(thread->random, 0, sizeof thread->random);
        thread->cache_next = thread->cache_end;
        llmobsi_store_relaxed(&thread->ring.pushed, 0);
        llmobsi_store_relaxed(&thread->ring.popped, 0);
        llmobsi_store_relaxed(&thread->state, LLMOBS_I_THREAD_FREE);
    }
    if (recorder->spans_on) {
        llmobsi_pool_reset(&recorder->pool);
        collector->given = llmobsi_load_relaxed(&recorder->pool.given);
        collector->guarded = false;
    }
    /* The parent's tick may have been at it. */
    llmobsi_timeline_init(&recorder->timeline, &instance->config.clock);
    collector->swept = llmobsi_now(&recorder->timeline);
    collector->limbo_count = 0;
    collector->collected = 0;
    collector->collected_logs = 0;
    collector->expired = 0;
    collector->no_exporter = 0;
    recorder->cost_headers_refused = 0;
    memset(&collector->noted, 0, sizeof collector->noted);
    memset(collector->noted_drops, 0, sizeof collector->noted_drops);
    (void)llmobsi_locks_init(instance);
    llmobsi_keyring_forked(&recorder->keyring);
    if (recorder->registry.on) {
        llmobsi_registry_forked(&recorder->registry);
        memset(&collector->noted_metrics, 0, sizeof collector->noted_metrics);
        collector->noted_misused = 0;
    }
    llmobsi_parts_forked(recorder);
#ifndef LLMOBS_NO_FILE
    llmobsi_state_forked(instance);
#endif
    llmobsi_resource_make(instance);
    for (i = 0; i < collector->exporter_count; i++) {
        llmobsi_exporter_forked(&collector->exporters[i]);
        (void)llmobsi_exporter_start(instance, &collector->exporters[i]);
    }
    if (!instance->config.host_pumped) {
        (void)llmobsi_tick_start(instance);
    }
}

/* Fills the place and lets recorders and callers in. */
llmobsi_fn void llmobsi_place_publish(llmobsi_place* place, llmobsi_instance* instance,
                                      uint32_t ticket)
{
    int drop;
    instance->place = place;
    instance->collector.recorder.ticket = ticket;
    instance->collector.recorder.after_fork = llmobsi_after_fork;
    for (drop = 0; drop < (int)LLMOBS_DROP_COUNT; drop++) {
        llmobsi_store_relaxed(&place->dropped[drop], 0);
    }
    llmobsi_store_relaxed(&place->logs_dropped, 0);
    llmobsi_logs_gate(instance);
    llmobsi_store_relaxed(&place->forked, 0);
    place->recorder = &instance->collector.recorder;
    llmobsi_store_ordered(&place->exporting, ticket);
    llmobsi_store_ordered(&place->ticket, ticket);
}

llmobsi_fn void llmobsi_collector_start(llmobsi_collector* collector, const llmobs_config* config)
{
    bool refused;
    bool has_key;
    collector->notes.tell = config->note;
    collector->notes.user = config->note_user;
    collector->batch_delay_ns = (uint64_t)config->batch_delay_ms * UINT64_C(1000000);
    collector->span_max_age_ns = (uint64_t)config->span_max_age_s * UINT64_C(1000000000);
    llmobsi_recorder_start(&collector->recorder, config);
    has_key = llmobsi_keyring_start(&collector->recorder.keyring, config, &refused);
    llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_KEY_REFUSED, refused);
    llmobsi_metrics_start(collector, config, has_key);
    llmobsi_requests_start(&collector->recorder, config);
    llmobsi_prices_start(&collector->recorder);
    if (llmobsi_budgets_of(&collector->recorder) != NULL) {
        llmobsi_budgets_start(llmobsi_budgets_of(&collector->recorder));
    }
    if (llmobsi_alerts_of(&collector->recorder) != NULL) {
        llmobsi_alerts_start(&collector->recorder);
    }
    collector->given = llmobsi_load_relaxed(&collector->recorder.pool.given);
    collector->swept = llmobsi_now(&collector->recorder.timeline);
    if (!llmobsi_random_bytes(&collector->batch_ids, sizeof collector->batch_ids)) {
        collector->batch_ids = llmobsi_realtime_ns();
    }
    llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_CLOCK,
                      collector->recorder.timeline.source == LLMOBS_I_TIME_MONOTONIC);
}

/* Opens in a block that is large enough. */
llmobsi_fn llmobs_result llmobsi_open_in(llmobsi_place* place, const llmobs_config* config,
                                         void* memory, size_t bytes, llmobs** obs)
{
    uint32_t ticket = llmobsi_ticket_new(place);
    llmobsi_arena arena;
    llmobsi_instance* instance;
    arena.base = (unsigned char*)memory;
    arena.used = 0;
    instance = llmobsi_layout(&arena, config);
    LLMOBS_ASSERT(arena.used == bytes);
    instance->config = *config;
    instance->memory = config->memory == NULL ? memory : NULL;
    instance->memory_bytes = bytes;
    instance->allocator = llmobsi_allocator_of(config);
    if (!llmobsi_locks_init(instance)) {
        return LLMOBS_ERROR_SYSTEM;
    }
    llmobsi_collector_start(&instance->collector, config);
    llmobsi_resource_make(instance);
#ifndef LLMOBS_NO_FILE
    llmobsi_state_open(instance, &place->state_lock);
#else
    if (config->state_file != NULL) {
        llmobsi_tell_now(config, LLMOBS_NOTE_STATE_OPEN);
    }
#endif
    llmobsi_place_publish(place, instance, ticket);
    if (!config->host_pumped && !llmobsi_tick_start(instance)) {
#ifndef LLMOBS_NO_FILE
        (void)llmobsi_state_close(instance, false, UINT64_MAX);
#endif
        llmobsi_store_ordered(&place->ticket, 0);
        llmobsi_store_ordered(&place->exporting, 0);
        llmobsi_keyring_end(&instance->collector.recorder.keyring);
        llmobsi_locks_destroy(instance);
        llmobsi_tell_now(config, LLMOBS_NOTE_THREAD_START);
        return LLMOBS_ERROR_SYSTEM;
    }
    *obs = (llmobs*)(uintptr_t)ticket;
    return LLMOBS_OK;
}

llmobsi_fn llmobs_result llmobsi_open(const llmobs_config* config, llmobs** obs)
{
    llmobs_allocator allocator = llmobsi_allocator_of(config);
    size_t bytes = llmobs_memory_needed(config);
    llmobs_result result;
    llmobsi_place* place;
    void* memory;
    if (!llmobsi_process_ready()) {
        return LLMOBS_ERROR_SYSTEM;
    }
    place = llmobsi_place_claim();
    if (place == NULL) {
        llmobsi_tell_now(config, LLMOBS_NOTE_INSTANCES);
        return LLMOBS_ERROR_LIMIT;
    }
    memory = llmobsi_block(config, &allocator, bytes, &result);
    if (memory != NULL) {
        result = llmobsi_open_in(place, config, memory, bytes, obs);
        if (result != LLMOBS_OK && config->memory == NULL) {
            llmobsi_park(&allocator, memory, bytes);
        }
    }
    if (result != LLMOBS_OK) {
        llmobsi_store_ordered(&place->claimed, 0);
    }
    return result;
}

LLMOBS_API llmobs* llmobs_open(const llmobs_config* config, llmobs_result* result)
{
    llmobs_config complete;
    llmobs* obs = NULL;
    llmobs_result came_to;
    llmobsi_config_complete(&complete, config, true);
    came_to = llmobsi_open(&complete, &obs);
    if (result != NULL) {
        *result = came_to;
    }
    return obs;
}

/* ---- close --------------------------------------------------------------------------------- */

#define LLMOBS_I_CLOSE_LAST_NS UINT64_C(40000000) /* for threads to end when time is up, */
#define LLMOBS_I_CLOSE_SAVE_NS UINT64_C(200000000) /* and for a last save              */

/* From here on no callback is begun. */
llmobsi_fn void llmobsi_exporter_stop(llmobsi_exporter* exporter)
{
    llmobsi_lock_take(&exporter->lock);
    exporter->stop = true;
    llmobsi_lock_wake_all(&exporter->lock);
    llmobsi_lock_give(&exporter->lock);
}

/* Waits for an exporter's thread to end; a callback that hangs keeps it, and then it is left
   alone. */
llmobsi_fn bool llmobsi_exporter_ended(llmobsi_exporter* exporter, uint64_t deadline_ns)
{
    bool ended;
    llmobsi_lock_take(&exporter->lock);
    while (exporter->thread_made ? !exporter->thread_ended : exporter->inside) {
        if (llmobsi_monotonic_ns() >= deadline_ns) {
            break;
        }
        llmobsi_lock_wait_until(&exporter->lock, deadline_ns);
    }
    ended = exporter->thread_made ? exporter->thread_ended : !exporter->inside;
    llmobsi_lock_give(&exporter->lock);
    if (exporter->thread_made) {
        (void)(ended ? pthread_join(exporter->thread, NULL) : pthread_detach(exporter->thread));
    }
    return ended;
}

/* Stops all exporters. False if one hangs: that must not cost the others their end. */
llmobsi_fn bool llmobsi_exporters_close(llmobsi_instance* instance, uint64_t deadline_ns)
{
    llmobsi_collector* collector = &instance->collector;
    uint32_t ticket = collector->recorder.ticket;
    uint64_t last_ns = llmobsi_monotonic_ns() + LLMOBS_I_CLOSE_LAST_NS;
    bool all_ended = true;
    uint32_t i;
    deadline_ns = deadline_ns > last_ns ? deadline_ns : last_ns;
    for (i = 0; i < collector->exporter_count; i++) {
        llmobsi_exporter_stop(&collector->exporters[i]);
    }
    for (i = 0; i < collector->exporter_count; i++) {
        llmobsi_exporter* exporter = &collector->exporters[i];
        if (!llmobsi_exporter_ended(exporter, deadline_ns)) {
            llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_EXPORT_SLOW, 1);
            all_ended = false;
        } else if (exporter->host.close != NULL) {
            llmobsi_callback callback = llmobsi_callback_begin(ticket);
            exporter->host.close(exporter->host.user);
            llmobsi_callback_end(&callback);
        }
    }
    return all_ended;
}

/* Waits for the calls that came in before the door was shut. */
llmobsi_fn bool llmobsi_callers_leave(llmobsi_place* place, uint64_t deadline_ns)
{
    while (llmobsi_load_ordered(&place->users) != 0) {
        if (llmobsi_monotonic_ns() >= deadline_ns) {
            return false;
        }
        (void)sched_yield();
    }
    return true;
}

/* What is still queued is lost. True if the host still holds a batch. */
llmobsi_fn bool llmobsi_exporters_abandon(llmobsi_collector* collector)
{
    bool promised = false;
    uint32_t i;
    for (i = 0; i < collector->exporter_count; i++) {
        promised |= llmobsi_exporter_abandon(&collector->exporters[i]);
    }
    return promised;
}

/* The last account: what was still live is lost, and nothing else is left. */
llmobsi_fn void llmobsi_last_stats(llmobsi_instance* instance, llmobs_stats* stats)
{
    llmobs_stats full;
    if (stats == NULL) {
        return;
    }
    llmobsi_stats_fill(instance, &full);
    full.dropped[LLMOBS_DROP_CLOSED] += full.live + full.ended;
    full.live = 0;
    full.ended = 0;
    llmobsi_stats_copy(stats, &full);
}

/* Whoever is just adding an exporter has added it after this, and nobody adds one any more. */
llmobsi_fn void llmobsi_exporters_settle(llmobsi_instance* instance)
{
    llmobsi_lock_take(&instance->setup);
    llmobsi_lock_give(&instance->setup);
}

/* The state file's last save. False: its disk hangs. */
llmobsi_fn bool llmobsi_instance_keep(llmobsi_instance* instance, uint64_t deadline_ns)
{
#ifndef LLMOBS_NO_FILE
    uint64_t last_ns = llmobsi_monotonic_ns() + LLMOBS_I_CLOSE_SAVE_NS;
    return llmobsi_state_close(instance, true, deadline_ns > last_ns ? deadline_ns : last_ns);
#else
    (void)instance;
    (void)deadline_ns;
    return true;
#endif
}

/* Closes what the ticket was taken from. */
llmobsi_fn llmobs_result llmobsi_instance_close(llmobsi_instance* instance, llmobs_stats* stats)
{
    llmobsi_place* place = instance->place;
    uint32_t ticket = instance->collector.recorder.ticket;
    llmobsi_patience patience;
    bool delivered;
    bool quiet;
    bool file_done;
    patience.deadline_ns = llmobsi_deadline_ns(instance->config.close_timeout_ms);
    patience.pumped = instance->config.host_pumped;
    patience.others_ns = llmobsi_deadline_ns(instance->config.close_timeout_ms / 2);
    patience.closing = true;
    llmobsi_shut(ticket);
    llmobsi_exporters_settle(instance);
    quiet = llmobsi_grace(patience.deadline_ns);
    llmobsi_tick_stop(instance);
    delivered = llmobsi_instance_flush(instance, &patience);
    quiet &= llmobsi_exporters_close(instance, patience.deadline_ns);
    llmobsi_store_ordered(&place->exporting, 0);
    quiet &= llmobsi_callers_leave(place, patience.deadline_ns + UINT64_C(50000000));
    quiet &= !llmobsi_exporters_abandon(&instance->collector);
    file_done = llmobsi_instance_keep(instance, patience.deadline_ns);
    quiet &= file_done;
    llmobsi_last_stats(instance, stats);
    llmobsi_instance_tell(instance);
    llmobsi_keyring_end(&instance->collector.recorder.keyring);
    if (llmobsi_requests_of(&instance->collector.recorder) != NULL) {
        llmobsi_requests_end(llmobsi_requests_of(&instance->collector.recorder));
    }
    if (llmobsi_captures_of(&instance->collector.recorder) != NULL) {
        llmobsi_captures_end(llmobsi_captures_of(&instance->collector.recorder));
    }
    if (quiet) {
        llmobsi_memory_return(instance);
    } else {
        llmobsi_leave_block(instance);
    }
    if (file_done) {
        llmobsi_store_ordered(&place->claimed, 0);
    }
    return quiet ? (delivered ? LLMOBS_OK : LLMOBS_ERROR_TIMEOUT) : LLMOBS_ERROR_INCOMPLETE;
}

LLMOBS_API llmobs_result llmobs_close_with_stats(llmobs* obs, llmobs_stats* stats)
{
    uint32_t ticket = llmobsi_ticket(obs);
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    uint32_t held = ticket;
    llmobs_result result;
    llmobs_stats none;
    int cancel;
    memset(&none, 0, sizeof none);
    if (stats != NULL) {
        llmobsi_stats_copy(stats, &none);
    }
    if (ticket == 0) {
        return LLMOBS_OK;
    }
    if (llmobsi_in_callback(ticket)) {
        return LLMOBS_ERROR_BUSY;
    }
    /* Whoever takes the ticket closes; for all others the instance is closed already. */
    if (!llmobsi_place_mend(place) || !llmobsi_cas_ordered(&place->ticket, &held, 0)) {
        return LLMOBS_OK;
    }
    cancel = llmobsi_cancel_hold();
    result = llmobsi_instance_close(llmobsi_instance_of(place->recorder), stats);
    llmobsi_cancel_resume(cancel);
    return result;
}

LLMOBS_API llmobs_result llmobs_close(llmobs* obs)
{
    return llmobs_close_with_stats(obs, NULL);
}
