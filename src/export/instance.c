/* An instance as the calls that are not in a hurry see it, and its exporters. Such calls (flush,
   stats, adding an exporter) count themselves in and out, and close waits for them. */

typedef struct llmobsi_instance {
    llmobsi_collector collector; /* first */
    llmobs_config config;
    llmobsi_place* place;
    llmobsi_lock setup; /* one exporter is added at a time */
    llmobsi_resource resource;
    uint64_t opened_unix_ns; /* or forked */
    llmobsi_delta delta; /* of the one exporter of differences, which reads */
    llmobsi_lock rest; /* where the tick's thread sleeps */
    bool stop;         /* this and the next two: under it */
    bool ended;        /* its thread is done */
    llmobsi_patience last; /* of that thread's last reading of metrics */
    bool ticking;      /* its thread was started; open and close */
    llmobsi_os_thread thread;
    llmobsi_atomic32 telling; /* threads that tell notes: each adds itself */
    void* state; /* of a section above: see llmobsi_state_of. Open writes */
    void* review; /* likewise: llmobsi_review_of */
    void* flight; /* and llmobsi_flight_of */
    void* memory; /* how to give the block back */
    size_t memory_bytes;
    llmobs_allocator allocator;
} llmobsi_instance;

LLMOBS_I_STATIC_ASSERT(recorder_first, offsetof(llmobsi_instance, collector) == 0 &&
                                           offsetof(llmobsi_collector, recorder) == 0);

llmobsi_fn llmobsi_instance* llmobsi_instance_of(llmobsi_recorder* recorder)
{
    return (llmobsi_instance*)(void*)recorder;
}

/* ---- calls in and out ---------------------------------------------------------------------- */

llmobsi_fn void llmobsi_call_count(llmobsi_place* place)
{
    if (llmobsi_self != NULL) {
        llmobsi_self->calls[place - llmobsi_places]++;
    }
    (void)llmobsi_add_ordered(&place->users, 1);
}

/* A call that a callback of its own forked in is no user in the child; nor is one that a handler
   forked in, which may be anywhere in here. */
llmobsi_fn void llmobsi_call_uncount(llmobsi_place* place)
{
    llmobsi_control* self = llmobsi_self;
    uint32_t number = (uint32_t)(place - llmobsi_places);
    bool counted = self != NULL && self->calls[number] != 0; /* there was a control by then */
    bool of_parent = counted && self->calls[number] == self->parents[number];
    if (!of_parent && llmobsi_load_relaxed(&place->users) != 0) {
        (void)llmobsi_add_ordered(&place->users, (uint32_t)-1);
    }
    if (counted) { /* last: a handler that interrupts this must not wait for us */
        uint32_t calls = --self->calls[number];
        self->parents[number] = self->parents[number] < calls ? self->parents[number] : calls;
    }
}

llmobsi_fn void llmobsi_call_end(llmobsi_instance* instance)
{
    llmobsi_call_uncount(instance->place);
}

/* NULL unless `door` (the place's ticket, or the one for exporters) still has this ticket. */
llmobsi_fn llmobsi_instance* llmobsi_call_at(llmobsi_place* place, llmobsi_atomic32* door,
                                             uint32_t ticket)
{
    if (ticket == 0 || llmobsi_load_relaxed(door) != ticket) {
        return NULL;
    }
    if (llmobsi_self == NULL) {
        (void)llmobsi_control_claim();
    }
    llmobsi_call_count(place);
    if (llmobsi_load_ordered(door) != ticket || !llmobsi_place_mend(place)) {
        llmobsi_call_uncount(place);
        return NULL;
    }
    return llmobsi_instance_of(place->recorder);
}

/* The open instance, which stays until llmobsi_call_end; or NULL. */
llmobsi_fn llmobsi_instance* llmobsi_call_begin(const llmobs* obs)
{
    uint32_t ticket = llmobsi_ticket(obs);
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    return llmobsi_call_at(place, &place->ticket, ticket);
}

/* The same for calls that wait for callbacks of the host's, or for locks that a call which a signal
   handler interrupted may hold, and so can't be made inside one. NULL, and why in *refused. */
llmobsi_fn llmobsi_instance* llmobsi_call_outside(const llmobs* obs, llmobs_result* refused)
{
    llmobsi_instance* instance = NULL;
    llmobs_result why = LLMOBS_ERROR_BUSY;
    if (!llmobsi_in_call(llmobsi_ticket(obs))) {
        instance = llmobsi_call_begin(obs);
        why = LLMOBS_ERROR_CLOSED;
    }
    if (instance == NULL) {
        *refused = why;
    }
    return instance;
}

/* Whether the instance is being closed: then long calls return. */
llmobsi_fn bool llmobsi_instance_closing(const llmobsi_instance* instance)
{
    return llmobsi_load_relaxed(&instance->place->ticket) != instance->collector.recorder.ticket;
}

/* For exporters of our own: counts a note, to be told by the next tick. */
llmobsi_fn void llmobsi_note_from_exporter(llmobs* obs, llmobs_note note)
{
    uint32_t ticket = llmobsi_ticket(obs);
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    llmobsi_instance* instance = llmobsi_call_at(place, &place->exporting, ticket);
    if (instance != NULL) {
        llmobsi_notes_add(&instance->collector.notes, note, 1);
        llmobsi_call_end(instance);
    }
}

/* ---- adding exporters ---------------------------------------------------------------------- */

LLMOBS_API llmobs_exporter llmobs_exporter_default(void)
{
    llmobs_exporter exporter;
    memset(&exporter, 0, sizeof exporter);
    exporter.size = sizeof exporter;
    return exporter;
}

/* The exporter's own copy of what it was given, with nothing left to decide. */
llmobsi_fn void llmobsi_exporter_complete(llmobsi_exporter* exporter, const llmobs_exporter* given)
{
    llmobs_exporter* host = &exporter->host;
    const char* name;
    *host = llmobs_exporter_default();
    memcpy(host, given, llmobsi_known_size(given->size, sizeof *host));
    name = host->name != NULL ? host->name : "exporter";
    memset(exporter->name, 0, sizeof exporter->name);
    memcpy(exporter->name, name, llmobsi_utf8_cut(name, strlen(name), sizeof exporter->name - 1));
    host->name = exporter->name;
    host->max_attempts = host->max_attempts != 0 ? host->max_attempts : 16;
    host->retry_first_ms = host->retry_first_ms != 0 ? host->retry_first_ms : 200;
    host->retry_most_ms = host->retry_most_ms != 0 ? host->retry_most_ms : 30000;
    host->signals = host->signals != 0 ? host->signals : LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_LOGS;
    host->metrics_interval_ms = host->metrics_interval_ms != 0 ? host->metrics_interval_ms : 60000;
    host->metrics_interval_ms = host->metrics_interval_ms < 100 ? 100 : host->metrics_interval_ms;
    host->metrics_interval_ms =
        host->metrics_interval_ms < 86400000 ? host->metrics_interval_ms : 86400000;
    host->batch_items = host->batch_items != 0 ? host->batch_items : UINT32_MAX;
}

/* Log records are made as llmobs_config.log_severity says as long as there is no exporter, as for
   spans; once there are some, only if one of them takes logs. Under the setup lock. */
llmobsi_fn void llmobsi_logs_gate(llmobsi_instance* instance)
{
    const llmobsi_collector* collector = &instance->collector;
    uint32_t count = llmobsi_load_relaxed(&collector->exporter_count);
    bool wanted = count == 0;
    uint32_t i;
    for (i = 0; i < count; i++) {
        wanted |= llmobsi_exporter_takes(&collector->exporters[i], LLMOBS_I_LOGS);
    }
    wanted &= collector->recorder.spans_on;
    llmobsi_store_relaxed(&instance->place->log_severity,
                          wanted ? instance->config.log_severity : LLMOBS_OFF);
}

/* False: its thread can't be had. */
llmobsi_fn bool llmobsi_exporter_start(llmobsi_instance* instance, llmobsi_exporter* exporter)
{
    exporter->stop = false;
    exporter->put_away = false;
    exporter->finish = false;
    exporter->thread_ended = false;
    exporter->metrics_due_ns = llmobsi_monotonic_ns() +
                               (uint64_t)exporter->host.metrics_interval_ms * UINT64_C(1000000);
    if (!instance->config.host_pumped) {
        exporter->thread_made =
            llmobsi_thread_start(&exporter->thread, llmobsi_exporter_run, exporter);
        llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_THREAD_START,
                          !exporter->thread_made);
    }
    return exporter->thread_made || instance->config.host_pumped;
}

/* Whether there may be one more exporter of differences. */
llmobsi_fn bool llmobsi_delta_is_free(const llmobsi_instance* instance)
{
    const llmobsi_collector* collector = &instance->collector;
    uint32_t count = llmobsi_load_relaxed(&collector->exporter_count);
    bool is_free = instance->delta.told != NULL;
    uint32_t i;
    for (i = 0; i < count; i++) {
        is_free &= !llmobsi_exporter_wants_delta(&collector->exporters[i]);
    }
    return is_free;
}

/* Starts it, and lets others know of it. Its thread waits for the lock meanwhile: what a spool
   gives it to do at once may call llmobs_export_done_with, which must find the exporter. */
llmobsi_fn llmobs_result llmobsi_exporter_publish(llmobsi_instance* instance,
                                                  llmobsi_exporter* exporter)
{
    bool started;
    llmobsi_lock_take(&exporter->lock);
    started = llmobsi_exporter_start(instance, exporter);
    if (started) {
        llmobsi_store_release(&instance->collector.exporter_count, exporter->number + 1);
    }
    if (!started) {
        llmobsi_spooling_close(exporter);
    }
    llmobsi_lock_give(&exporter->lock);
    return started ? LLMOBS_OK : LLMOBS_ERROR_SYSTEM;
}

/* Adds an exporter under the setup lock. `state`, if not NULL, is copied into the exporter's own
   memory, which then is its user pointer. */
llmobsi_fn llmobs_result llmobsi_exporter_install(llmobsi_instance* instance,
                                                  const llmobs_exporter* given, const void* state,
                                                  size_t state_size)
{
    llmobsi_collector* collector = &instance->collector;
    uint32_t number = llmobsi_load_relaxed(&collector->exporter_count);
    llmobsi_exporter* exporter = &collector->exporters[number];
    llmobs_result result;
    if (number == collector->exporter_limit) {
        return LLMOBS_ERROR_LIMIT;
    }
    llmobsi_exporter_complete(exporter, given);
    if ((exporter->host.signals & ~LLMOBS_I_ALL_SIGNALS) != 0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (llmobsi_exporter_wants_delta(exporter) && !llmobsi_delta_is_free(instance)) {
        return LLMOBS_ERROR_LIMIT;
    }
    exporter->ticket = collector->recorder.ticket;
    exporter->number = number;
    exporter->notes = &collector->notes;
    exporter->resource = &instance->resource.view;
    exporter->batch_ids = &collector->batch_ids;
    if (state != NULL) {
        memcpy(exporter->state, state, state_size);
        exporter->host.user = exporter->state;
    }
    if (!llmobsi_lock_init(&exporter->lock)) {
        return LLMOBS_ERROR_SYSTEM;
    }
    result = llmobsi_spooling_open(exporter);
    exporter->host.spool_directory = NULL; /* the host's, and needed no more */
    if (result == LLMOBS_OK) {
        result = llmobsi_exporter_publish(instance, exporter);
    }
    if (result != LLMOBS_OK) {
        llmobsi_lock_destroy(&exporter->lock);
        return result;
    }
    llmobsi_logs_gate(instance);
    return LLMOBS_OK;
}

/* For exporters of our own; `state_size` is at most LLMOBS_I_EXPORTER_STATE. */
llmobsi_fn llmobs_result llmobsi_exporter_add_with_state(llmobs* obs,
                                                         const llmobs_exporter* exporter,
                                                         const void* state, size_t state_size)
{
    llmobsi_instance* instance;
    llmobs_result result;
    if (exporter == NULL || exporter->export_batch == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    instance = llmobsi_call_outside(obs, &result);
    if (instance == NULL) {
        return result;
    }
    llmobsi_lock_take(&instance->setup);
    result = llmobsi_instance_closing(instance)
                 ? LLMOBS_ERROR_CLOSED
                 : llmobsi_exporter_install(instance, exporter, state, state_size);
    llmobsi_lock_give(&instance->setup);
    llmobsi_call_end(instance);
    return result;
}

LLMOBS_API llmobs_result llmobs_exporter_add(llmobs* obs, const llmobs_exporter* exporter)
{
    return llmobsi_exporter_add_with_state(obs, exporter, NULL, 0);
}

LLMOBS_API llmobs_result llmobs_export_to(llmobs* obs, llmobs_export_fn export_batch, void* user)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    exporter.export_batch = export_batch;
    exporter.user = user;
    return llmobs_exporter_add(obs, &exporter);
}

/* ---- what receivers answered --------------------------------------------------------------- */

llmobsi_fn llmobs_result llmobsi_batch_done(llmobsi_exporter* exporter, uint32_t number,
                                            uint64_t serial, const llmobs_export_report* report)
{
    llmobsi_queued* batch;
    llmobs_result answer = LLMOBS_ERROR_ARGUMENT;
    if (number >= exporter->batch_count) {
        return answer;
    }
    batch = &exporter->batches[number];
    llmobsi_lock_take(&exporter->lock);
    if (batch->serial == serial && batch->state == LLMOBS_I_BATCH_PENDING) {
        llmobsi_batch_settle(exporter, batch, report);
        answer = LLMOBS_OK;
    } else if (batch->serial == serial && batch->state == LLMOBS_I_BATCH_EXPORTING &&
               !batch->settled_early) {
        batch->settled_early = true;
        batch->early = *report;
        answer = LLMOBS_OK;
    }
    llmobsi_lock_give(&exporter->lock);
    return answer;
}

/* Any receiver's answer, or what its callback made of it. */
llmobsi_fn bool llmobsi_report_is_final(const llmobs_export_report* report)
{
    return report->result == LLMOBS_EXPORT_OK || report->result == LLMOBS_EXPORT_RETRY ||
           report->result == LLMOBS_EXPORT_DROP;
}

LLMOBS_API llmobs_result llmobs_export_done_with(llmobs_export_token token,
                                                 const llmobs_export_report* given)
{
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(token.instance)];
    uint32_t number = token.place / LLMOBS_I_BATCH_PLACES;
    llmobs_export_report report = llmobs_export_report_default();
    llmobsi_instance* instance;
    llmobs_result answer = LLMOBS_ERROR_ARGUMENT;
    if (given == NULL) {
        return answer;
    }
    memcpy(&report, given, llmobsi_known_size(given->size, sizeof report));
    if (!llmobsi_report_is_final(&report)) {
        return answer;
    }
    instance = llmobsi_call_at(place, &place->exporting, token.instance);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    if (number < llmobsi_load_acquire(&instance->collector.exporter_count)) {
        answer = llmobsi_batch_done(&instance->collector.exporters[number],
                                    token.place % LLMOBS_I_BATCH_PLACES, token.serial, &report);
    }
    llmobsi_call_end(instance);
    return answer;
}

LLMOBS_API llmobs_result llmobs_export_done(llmobs_export_token token, llmobs_export_result result)
{
    llmobs_export_report report = llmobs_export_report_default();
    report.result = result;
    return llmobs_export_done_with(token, &report);
}
