/* An instance as the calls that are not in a hurry see it, and its exporters. Such calls (flush,
   stats, adding an exporter) count themselves in and out, and close waits for them. */

#define LLMOBS_I_RESOURCE_MAX 8u

typedef struct llmobsi_instance {
    llmobsi_collector collector; /* first */
    llmobs_config config;
    llmobsi_place* place;
    llmobsi_lock setup; /* one exporter is added at a time */
    llmobs_resource_view resource;
    llmobs_attribute_view resource_attributes[LLMOBS_I_RESOURCE_MAX];
    char instance_id[37];
    uint64_t opened_unix_ns; /* or forked */
    llmobsi_lock rest; /* where the tick's thread sleeps */
    bool stop;         /* under it */
    bool ticking;      /* its thread was started; open and close */
    pthread_t thread;
    void* state; /* of a section above: see llmobsi_state_of. Open writes */
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

llmobsi_fn void llmobsi_call_end(llmobsi_instance* instance)
{
    (void)llmobsi_add_ordered(&instance->place->users, (uint32_t)-1);
}

/* NULL unless `door` (the place's ticket, or the one for exporters) still has this ticket. */
llmobsi_fn llmobsi_instance* llmobsi_call_at(llmobsi_place* place, llmobsi_atomic32* door,
                                             uint32_t ticket)
{
    (void)llmobsi_add_ordered(&place->users, 1);
    if (ticket == 0 || llmobsi_load_ordered(door) != ticket || !llmobsi_place_mend(place)) {
        (void)llmobsi_add_ordered(&place->users, (uint32_t)-1);
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

/* ---- the resource -------------------------------------------------------------------------- */

llmobsi_fn llmobs_attribute_view* llmobsi_resource_add(llmobsi_instance* instance, const char* key)
{
    llmobs_attribute_view* view =
        &instance->resource_attributes[instance->resource.attribute_count++];
    memset(view, 0, sizeof *view);
    view->key.data = key;
    view->key.size = strlen(key);
    return view;
}

/* Text from the config goes through the names: there it is made valid UTF-8, and stays. */
llmobsi_fn void llmobsi_resource_add_text(llmobsi_instance* instance, const char* key,
                                          const char* text)
{
    llmobsi_names* names = &instance->collector.recorder.names;
    llmobs_attribute_view* view = llmobsi_resource_add(instance, key);
    view->type = LLMOBS_TYPE_STRING;
    view->value.string = llmobsi_names_text(names, llmobsi_names_id(names, text, strlen(text)));
}

/* A random UUID (RFC 9562, version 4). */
llmobsi_fn void llmobsi_instance_id(llmobsi_instance* instance)
{
    static const char digits[] = "0123456789abcdef";
    const llmobs_random* random = &instance->config.random;
    uint8_t bytes[16] = {0};
    char* out = instance->instance_id;
    int i;
    if (random->fill != NULL) {
        (void)random->fill(random->user, bytes, sizeof bytes);
    } else {
        (void)llmobsi_random_bytes(bytes, sizeof bytes);
    }
    bytes[6] = (uint8_t)((bytes[6] & 0x0fu) | 0x40u);
    bytes[8] = (uint8_t)((bytes[8] & 0x3fu) | 0x80u);
    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15u];
    }
    *out = '\0';
}

/* Who records: made at open, and anew in the child of a fork. */
llmobsi_fn void llmobsi_resource_make(llmobsi_instance* instance)
{
    llmobs_attribute_view* pid;
    llmobs_attribute_view* id;
    instance->resource.attributes = instance->resource_attributes;
    instance->resource.attribute_count = 0;
    instance->opened_unix_ns = llmobsi_clock_unix_ns(&instance->config.clock);
    llmobsi_instance_id(instance);
    llmobsi_resource_add_text(instance, "service.name", instance->config.service_name);
    if (instance->config.service_version != NULL && instance->config.service_version[0] != '\0') {
        llmobsi_resource_add_text(instance, "service.version", instance->config.service_version);
    }
    id = llmobsi_resource_add(instance, "service.instance.id");
    id->type = LLMOBS_TYPE_STRING;
    id->value.string.data = instance->instance_id;
    id->value.string.size = sizeof instance->instance_id - 1;
    llmobsi_resource_add_text(instance, "telemetry.sdk.name", "llmobs");
    llmobsi_resource_add_text(instance, "telemetry.sdk.language", "c");
    llmobsi_resource_add_text(instance, "telemetry.sdk.version", LLMOBS_VERSION_STRING);
    pid = llmobsi_resource_add(instance, "process.pid");
    pid->type = LLMOBS_TYPE_INT;
    pid->value.integer = (int64_t)getpid();
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
    host->max_attempts = host->max_attempts != 0 ? host->max_attempts : 5;
    host->retry_first_ms = host->retry_first_ms != 0 ? host->retry_first_ms : 200;
    host->retry_most_ms = host->retry_most_ms != 0 ? host->retry_most_ms : 30000;
    host->signals = host->signals != 0 ? host->signals : LLMOBS_I_ALL_SIGNALS;
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

llmobsi_fn bool llmobsi_exporter_start(llmobsi_instance* instance, llmobsi_exporter* exporter)
{
    if (!llmobsi_lock_init(&exporter->lock)) {
        return false;
    }
    exporter->stop = false;
    exporter->thread_ended = false;
    if (!instance->config.host_pumped) {
        exporter->thread_made =
            llmobsi_thread_start(&exporter->thread, llmobsi_exporter_run, exporter);
        if (!exporter->thread_made) {
            llmobsi_lock_destroy(&exporter->lock);
            llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_THREAD_START, 1);
            return false;
        }
    }
    return true;
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
    if (number == collector->exporter_limit) {
        return LLMOBS_ERROR_LIMIT;
    }
    llmobsi_exporter_complete(exporter, given);
    if ((exporter->host.signals & ~LLMOBS_I_ALL_SIGNALS) != 0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    exporter->ticket = collector->recorder.ticket;
    exporter->number = number;
    exporter->notes = &collector->notes;
    exporter->resource = &instance->resource;
    exporter->batch_ids = &collector->batch_ids;
    if (state != NULL) {
        memcpy(exporter->state, state, state_size);
        exporter->host.user = exporter->state;
    }
    if (!llmobsi_exporter_start(instance, exporter)) {
        return LLMOBS_ERROR_SYSTEM;
    }
    llmobsi_store_release(&collector->exporter_count, number + 1);
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
    if (llmobsi_in_callback(llmobsi_ticket(obs))) {
        return LLMOBS_ERROR_BUSY;
    }
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
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

/* ---- asynchronous transports --------------------------------------------------------------- */

llmobsi_fn llmobs_result llmobsi_batch_done(llmobsi_exporter* exporter, uint32_t number,
                                            uint64_t serial, llmobs_export_result result)
{
    llmobsi_queued* batch;
    llmobs_result answer = LLMOBS_ERROR_ARGUMENT;
    if (number >= exporter->batch_count) {
        return answer;
    }
    batch = &exporter->batches[number];
    llmobsi_lock_take(&exporter->lock);
    if (batch->serial == serial && batch->state == LLMOBS_I_BATCH_PENDING) {
        llmobsi_batch_settle(exporter, batch, result);
        answer = LLMOBS_OK;
    } else if (batch->serial == serial && batch->state == LLMOBS_I_BATCH_EXPORTING &&
               !batch->settled_early) {
        batch->settled_early = true;
        batch->early = result;
        answer = LLMOBS_OK;
    }
    llmobsi_lock_give(&exporter->lock);
    return answer;
}

LLMOBS_API llmobs_result llmobs_export_done(llmobs_export_token token, llmobs_export_result result)
{
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(token.instance)];
    uint32_t number = token.place / LLMOBS_I_BATCH_PLACES;
    llmobsi_instance* instance;
    llmobs_result answer = LLMOBS_ERROR_ARGUMENT;
    if (result != LLMOBS_EXPORT_OK && result != LLMOBS_EXPORT_RETRY &&
        result != LLMOBS_EXPORT_DROP) {
        return answer;
    }
    instance = llmobsi_call_at(place, &place->exporting, token.instance);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    if (number < llmobsi_load_acquire(&instance->collector.exporter_count)) {
        answer = llmobsi_batch_done(&instance->collector.exporters[number],
                                    token.place % LLMOBS_I_BATCH_PLACES, token.serial, result);
    }
    llmobsi_call_end(instance);
    return answer;
}
