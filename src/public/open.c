/* Opening an instance, and closing it under recorders that still run. */

/* ---- memory -------------------------------------------------------------------------------- */

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
#ifndef LLMOBS_NO_FILE
    if (llmobsi_flight_of(instance) != NULL) {
        llmobsi_flight_unmap(llmobsi_flight_of(instance));
    }
#endif
    if (memory != NULL) {
        llmobsi_park(&allocator, memory, bytes);
    }
}

/* ---- open ---------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_tell_now(const llmobs_config* config, llmobs_note note)
{
    llmobsi_host_note(config->note, config->note_user, note, 1, llmobs_note_text(note));
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
            memory = llmobsi_host_allocate(allocator, bytes);
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
    uint32_t ticket;
    if (llmobsi_load_relaxed(&generation) == 0) {
        uint32_t unset = 0;
        (void)llmobsi_cas_ordered(&generation, &unset, (uint32_t)llmobsi_random_seed());
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
    recorder->vocabulary = config->vocabulary;
    recorder->threshold = llmobsi_sampling_threshold(config->sample_ratio);
    recorder->distrust_remote = config->distrust_remote;
    recorder->random = config->random;
    recorder->names.seed = llmobsi_random_seed();
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
    registry->seed = llmobsi_random_seed();
    llmobsi_catalogue_start(collector, config, config->metric_user_ids && has_key);
}

/* Fills the place and lets recorders and callers in. */
llmobsi_fn void llmobsi_place_publish(llmobsi_place* place, llmobsi_instance* instance,
                                      uint32_t ticket)
{
    int drop;
    instance->place = place;
    instance->collector.recorder.ticket = ticket;
    instance->collector.recorder.after_fork = llmobsi_after_fork;
    instance->collector.recorder.at_fork = llmobsi_at_fork;
    for (drop = 0; drop < (int)LLMOBS_DROP_COUNT; drop++) {
        llmobsi_store_relaxed(&place->dropped[drop], 0);
    }
    llmobsi_store_relaxed(&place->logs_dropped, 0);
    llmobsi_sampler_publish(place, &instance->config);
    llmobsi_logs_gate(instance);
    llmobsi_store_relaxed(&place->forked, 0);
    place->recorder = &instance->collector.recorder;
    llmobsi_store_ordered(&place->exporting, ticket);
    llmobsi_store_ordered(&place->ticket, ticket);
}

llmobsi_cold void llmobsi_collector_start(llmobsi_collector* collector, const llmobs_config* config)
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
    if (llmobsi_tail_of(&collector->recorder) != NULL) {
        llmobsi_tail_start(&collector->recorder, config);
    }
    collector->given = llmobsi_load_relaxed(&collector->recorder.pool.given);
    collector->swept = llmobsi_now(&collector->recorder.timeline);
    llmobsi_batch_ids_begin(collector);
    llmobsi_notes_add(&collector->notes, LLMOBS_NOTE_CLOCK,
                      collector->recorder.timeline.source == LLMOBS_I_TIME_MONOTONIC);
}

/* Of keys and texts nothing is left, and their pages are like any others again: what comes to
   stand there next must be in a fork's child. */
llmobsi_fn void llmobsi_texts_end(llmobsi_instance* instance)
{
    llmobsi_recorder* recorder = &instance->collector.recorder;
    llmobsi_keyring_end(&recorder->keyring);
    if (llmobsi_requests_of(recorder) != NULL) {
        llmobsi_requests_end(llmobsi_requests_of(recorder));
    }
    if (llmobsi_captures_of(recorder) != NULL) {
        llmobsi_captures_end(llmobsi_captures_of(recorder));
        llmobsi_review_end(llmobsi_review_of(instance));
    }
}

#ifdef LLMOBS_NO_FILE
/* In builds without files. */
typedef struct llmobsi_flight {
    void* head;
} llmobsi_flight;
#endif

/* Opens in a block that is large enough. `made` is the flight recorder's file, if there is one. */
llmobsi_cold llmobs_result llmobsi_open_in(llmobsi_place* place, const llmobs_config* config,
                                           void* memory, size_t bytes, const llmobsi_flight* made,
                                           llmobs** obs)
{
    uint32_t ticket = llmobsi_ticket_new(place);
    llmobsi_arena arena;
    llmobsi_instance* instance;
    arena.base = (unsigned char*)memory;
    arena.used = 0;
#ifndef LLMOBS_NO_FILE
    instance = llmobsi_flight_instance(&arena, config, made);
#else
    (void)made;
    instance = llmobsi_layout(&arena, config, &arena);
#endif
    LLMOBS_ASSERT(arena.used == bytes);
    instance->config = *config;
    instance->memory = config->memory == NULL ? memory : NULL;
    instance->memory_bytes = bytes;
    instance->allocator = llmobsi_allocator_of(config);
    if (!llmobsi_locks_init(instance)) {
        return LLMOBS_ERROR_SYSTEM;
    }
    llmobsi_collector_start(&instance->collector, config);
    if (llmobsi_review_of(instance) != NULL) {
        llmobsi_review_start(llmobsi_review_of(instance));
    }
    instance->opened_unix_ns = llmobsi_clock_unix_ns(&config->clock);
    llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_NAME_REFUSED,
                      llmobsi_resource_make(&instance->resource, config));
#ifndef LLMOBS_NO_FILE
    llmobsi_state_open(instance, &place->state_lock);
#else
    if (config->state_file != NULL) {
        llmobsi_tell_now(config, LLMOBS_NOTE_STATE_OPEN);
    }
#endif
    llmobsi_detectors_open(instance);
    llmobsi_place_publish(place, instance, ticket);
#ifndef LLMOBS_NO_FILE
    if (made->head != NULL) {
        llmobsi_flight_begin(instance);
    }
#endif
    if (!config->host_pumped && !llmobsi_tick_start(instance)) {
#ifndef LLMOBS_NO_FILE
        (void)llmobsi_state_close(instance, false, UINT64_MAX);
#endif
        llmobsi_detectors_stop(instance);
        (void)llmobsi_detectors_close(instance, UINT64_MAX);
        llmobsi_store_ordered(&place->ticket, 0);
        llmobsi_store_ordered(&place->exporting, 0);
        llmobsi_texts_end(instance);
        llmobsi_locks_destroy(instance);
        llmobsi_tell_now(config, LLMOBS_NOTE_THREAD_START);
        return LLMOBS_ERROR_SYSTEM;
    }
    *obs = (llmobs*)(uintptr_t)ticket;
    return LLMOBS_OK;
}

/* Makes the flight recorder's file, if the config asks for one and it can be had. Returns the size
   of the block. */
llmobsi_fn size_t llmobsi_flight_open(llmobsi_place* place, const llmobs_config* config,
                                      llmobsi_flight* flight)
{
#ifndef LLMOBS_NO_FILE
    llmobsi_flight_make(flight, &place->recorder_file, config);
#else
    (void)place;
    flight->head = NULL;
#endif
    if (flight->head != NULL) {
        return llmobsi_memory_beside(config);
    }
    if (config->recorder_file != NULL) {
        llmobsi_tell_now(config, LLMOBS_NOTE_RECORDER_OPEN);
    }
    return llmobs_memory_needed(config);
}

/* The instance could not be opened. */
llmobsi_fn void llmobsi_flight_drop(llmobsi_place* place, const llmobsi_flight* flight)
{
#ifndef LLMOBS_NO_FILE
    llmobsi_flight_remove(flight, &place->recorder_file);
    llmobsi_flight_unmap(flight);
#else
    (void)place;
    (void)flight;
#endif
}

llmobsi_cold llmobs_result llmobsi_open(const llmobs_config* config, llmobs** obs)
{
    llmobs_allocator allocator = llmobsi_allocator_of(config);
    llmobsi_flight flight;
    llmobs_result result;
    llmobsi_place* place;
    size_t bytes;
    void* memory;
    if (!llmobsi_process_ready()) {
        return LLMOBS_ERROR_SYSTEM;
    }
    place = llmobsi_place_claim();
    if (place == NULL) {
        llmobsi_tell_now(config, LLMOBS_NOTE_INSTANCES);
        return LLMOBS_ERROR_LIMIT;
    }
    bytes = llmobsi_flight_open(place, config, &flight);
    memory = llmobsi_block(config, &allocator, bytes, &result);
    if (memory != NULL) {
        result = llmobsi_open_in(place, config, memory, bytes, &flight, obs);
        if (result != LLMOBS_OK && config->memory == NULL) {
            llmobsi_park(&allocator, memory, bytes);
        }
    }
    if (result != LLMOBS_OK) {
        llmobsi_flight_drop(place, &flight);
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
    came_to = complete.disabled ? LLMOBS_OK : llmobsi_open(&complete, &obs);
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

/* Waits until an exporter is done with its callbacks, and what they left is put away. A callback
   that hangs keeps it, and then it is left alone; so does a disk. Under the lock. */
llmobsi_fn bool llmobsi_exporter_rests(llmobsi_exporter* exporter, uint64_t deadline_ns)
{
    while (exporter->thread_made ? !exporter->put_away : exporter->inside) {
        if (llmobsi_monotonic_ns() >= deadline_ns) {
            return false;
        }
        llmobsi_lock_wait_until(&exporter->lock, deadline_ns);
    }
    return true;
}

/* The last callback: nothing else of the exporter runs. */
llmobsi_fn void llmobsi_exporter_close(const llmobsi_exporter* exporter)
{
    if (exporter->host.close != NULL) {
        llmobsi_callback callback = llmobsi_callback_begin(exporter->ticket);
        llmobsi_try {
            exporter->host.close(exporter->host.user);
        }
        llmobsi_catch_any {
        }
        (void)llmobsi_callback_end(&callback);
    }
}

/* A deadline that leaves time for threads and a last save, to be shared by all who wait. */
llmobsi_fn uint64_t llmobsi_close_by(uint64_t deadline_ns)
{
    uint64_t last_ns = llmobsi_monotonic_ns() + LLMOBS_I_CLOSE_SAVE_NS;
    return deadline_ns > last_ns ? deadline_ns : last_ns;
}

/* False: the exporter hangs. Its spool is seen to by the closer then, unless that is what hangs:
   until `last_ns`. */
llmobsi_fn bool llmobsi_exporter_end(llmobsi_exporter* exporter, uint64_t deadline_ns,
                                     uint64_t last_ns)
{
    bool rests;
    llmobsi_lock_take(&exporter->lock);
    rests = llmobsi_exporter_rests(exporter, deadline_ns);
    if (!rests && exporter->spooling.working) {
        rests = llmobsi_exporter_rests(exporter, last_ns);
    }
    if (!exporter->put_away) {
        llmobsi_notes_add(exporter->notes,
                          exporter->spooling.working ? LLMOBS_NOTE_SPOOL_WRITE
                                                     : LLMOBS_NOTE_EXPORT_SLOW,
                          !rests);
        llmobsi_spooling_last(exporter, last_ns);
    }
    llmobsi_lock_give(&exporter->lock);
    return rests;
}

/* Stops all exporters. False if one hangs: that must not cost the others their end. */
llmobsi_fn bool llmobsi_exporters_close(llmobsi_instance* instance, uint64_t deadline_ns)
{
    llmobsi_collector* collector = &instance->collector;
    uint64_t least_ns = llmobsi_monotonic_ns() + LLMOBS_I_CLOSE_LAST_NS;
    uint64_t last_ns;
    bool all_rest = true;
    uint32_t i;
    deadline_ns = deadline_ns > least_ns ? deadline_ns : least_ns;
    last_ns = deadline_ns + LLMOBS_I_CLOSE_SAVE_NS;
    for (i = 0; i < collector->exporter_count; i++) {
        llmobsi_exporter_stop(&collector->exporters[i]);
    }
    for (i = 0; i < collector->exporter_count; i++) {
        if (llmobsi_exporter_end(&collector->exporters[i], deadline_ns, last_ns)) {
            llmobsi_exporter_close(&collector->exporters[i]);
        } else {
            all_rest = false;
        }
    }
    return all_rest;
}

/* Nobody answers any more: exporters' threads end. False: one hangs, and is left alone. */
llmobsi_fn bool llmobsi_exporter_join(llmobsi_exporter* exporter, uint64_t deadline_ns)
{
    bool ended = true;
    llmobsi_lock_take(&exporter->lock);
    exporter->finish = true;
    llmobsi_lock_wake_all(&exporter->lock);
    while (exporter->thread_made && exporter->put_away && !exporter->thread_ended &&
           llmobsi_monotonic_ns() < deadline_ns) {
        llmobsi_lock_wait_until(&exporter->lock, deadline_ns);
    }
    if (exporter->thread_made) {
        ended = exporter->thread_ended;
    }
    if (!exporter->put_away) {
        llmobsi_spooling_close(exporter);
    }
    llmobsi_lock_give(&exporter->lock);
    if (exporter->thread_made) {
        llmobsi_thread_end(exporter->thread, ended);
    }
    return ended;
}

llmobsi_fn bool llmobsi_exporters_join(llmobsi_collector* collector, uint64_t deadline_ns)
{
    bool all_ended = true;
    uint32_t i;
    for (i = 0; i < collector->exporter_count; i++) {
        all_ended &= llmobsi_exporter_join(&collector->exporters[i], deadline_ns);
    }
    return all_ended;
}

/* Waits for the calls that came in before the door was shut. */
llmobsi_fn bool llmobsi_callers_leave(llmobsi_instance* instance, uint64_t deadline_ns)
{
    while (llmobsi_load_ordered(&instance->place->users) != 0) {
        if (llmobsi_monotonic_ns() >= deadline_ns) {
            llmobsi_store_release(&instance->collector.recorder.left, 1);
            return false;
        }
        llmobsi_thread_yield();
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

/* Whether the end itself lost nothing: all was delivered, or is in spools. */
llmobsi_fn bool llmobsi_exporters_kept_all(const llmobsi_collector* collector)
{
    uint64_t lost = 0;
    uint32_t i;
    uint32_t signal;
    for (i = 0; i < collector->exporter_count; i++) {
        for (signal = 0; signal < LLMOBS_I_SIGNALS; signal++) {
            lost += llmobsi_load_relaxed(
                &collector->exporters[i].lost[signal][LLMOBS_LOSS_CLOSE]);
        }
    }
    return lost == 0;
}

/* The last account: what was still live is lost, and nothing else is left. */
llmobsi_fn void llmobsi_last_stats(llmobsi_instance* instance, llmobs_stats* stats)
{
    llmobs_stats full;
    if (stats == NULL) {
        return;
    }
    llmobsi_stats_fill(instance, &full);
    full.dropped[LLMOBS_DROP_CLOSED] += full.live + full.ended + full.tail_held;
    full.live = 0;
    full.ended = 0;
    full.tail_held = 0;
    llmobsi_stats_copy(stats, &full);
}

/* Whoever is just adding an exporter has added it after this, and nobody adds one any more. */
llmobsi_fn void llmobsi_exporters_settle(llmobsi_instance* instance)
{
    llmobsi_lock_take(&instance->setup);
    llmobsi_lock_give(&instance->setup);
}

/* The state file's last save. False: its disk hangs. */
llmobsi_fn bool llmobsi_instance_keep(llmobsi_instance* instance, uint64_t last_ns)
{
#ifndef LLMOBS_NO_FILE
    return llmobsi_state_close(instance, true, last_ns);
#else
    (void)instance;
    (void)last_ns;
    return true;
#endif
}

/* Of the closer, who has so much time, and so much of it for exporters without room. */
llmobsi_fn llmobsi_patience llmobsi_patience_of_close(uint32_t time_ms, uint32_t others_ms)
{
    llmobsi_patience patience;
    patience.deadline_ns = llmobsi_deadline_ns(time_ms);
    patience.others_ns = llmobsi_deadline_ns(others_ms);
    patience.closing = true;
    return patience;
}

/* Closes what the ticket was taken from. */
llmobsi_cold llmobs_result llmobsi_instance_close(llmobsi_instance* instance, llmobs_stats* stats)
{
    llmobsi_place* place = instance->place;
    uint32_t ticket = instance->collector.recorder.ticket;
    const uint32_t time_ms = instance->config.close_timeout_ms;
    llmobsi_patience patience = llmobsi_patience_of_close(time_ms, time_ms / 2);
    /* The first half of it, and half of that for a full queue. */
    llmobsi_patience reading = llmobsi_patience_of_close(time_ms / 2, time_ms / 4);
    /* The first eighth: nothing is lost for it. */
    llmobsi_patience booking = llmobsi_patience_of_close(time_ms / 8, UINT32_MAX);
    uint64_t last_ns;
    bool delivered;
    bool quiet;
    bool file_done;
    bool judged;
    judged = llmobsi_review_of(instance) == NULL ||
             llmobsi_judge_stop(instance, patience.others_ns);
    llmobsi_shut(ticket);
    llmobsi_detectors_stop(instance);
    llmobsi_exporters_settle(instance);
    quiet = llmobsi_grace(patience.deadline_ns);
    llmobsi_flush_book(instance, &booking);
    delivered = llmobsi_tick_stop(instance, &reading);
    llmobsi_collect_last(&instance->collector);
    delivered &= llmobsi_instance_flush(instance, &patience);
    quiet &= llmobsi_exporters_close(instance, patience.deadline_ns);
    llmobsi_store_ordered(&place->exporting, 0);
    quiet &= llmobsi_callers_leave(instance, patience.deadline_ns + UINT64_C(50000000));
    last_ns = llmobsi_close_by(patience.deadline_ns);
    quiet &= llmobsi_tick_join(instance, last_ns);
    quiet &= llmobsi_exporters_join(&instance->collector, last_ns);
    quiet &= !llmobsi_exporters_abandon(&instance->collector);
    delivered &= llmobsi_exporters_kept_all(&instance->collector);
    last_ns = llmobsi_close_by(patience.deadline_ns); /* once more: what hung may have had it all */
    quiet &= llmobsi_detectors_close(instance, last_ns);
    file_done = llmobsi_instance_keep(instance, last_ns);
    quiet &= file_done && judged;
    llmobsi_last_stats(instance, stats);
    llmobsi_instance_tell(instance, true);
    llmobsi_texts_end(instance);
#ifndef LLMOBS_NO_FILE
    if (llmobsi_flight_of(instance) != NULL) {
        llmobsi_flight_remove(llmobsi_flight_of(instance), &place->recorder_file);
    }
#endif
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
    if (llmobsi_in_call(ticket)) {
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
