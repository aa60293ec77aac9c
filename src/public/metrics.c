/* Metrics out: as Prometheus text, as batches of views, encoded. All of it on the caller's thread,
   straight from the cells: nobody is waited for. */

/* What asks nobody. `on`: there is a registry. */
llmobsi_fn void llmobsi_gather_unasked(llmobsi_gather* gather, llmobsi_instance* instance, bool on)
{
    const uint32_t families = llmobsi_families(&instance->config);
    if (on) {
        llmobsi_gather_registry(gather, false);
    }
    if (on && (families & LLMOBS_FAMILY_LLM) != 0) {
        llmobsi_gather_heavy(gather, instance);
        llmobsi_gather_alerts(gather, instance);
    }
    if ((families & LLMOBS_FAMILY_SELF) != 0) {
        llmobsi_gather_self(gather, instance);
    }
}

/* Everything there is to read, of the part that is wanted. What asks comes last: it may hang. */
llmobsi_fn void llmobsi_gather_all(llmobsi_gather* gather, llmobsi_instance* instance)
{
    const bool on = instance->collector.recorder.registry.on;
    if (gather->part != LLMOBS_I_GATHER_ASKED) {
        llmobsi_gather_unasked(gather, instance, on);
    }
    if (on && gather->part != LLMOBS_I_GATHER_UNASKED) {
        llmobsi_gather_registry(gather, true);
    }
    gather->last = true;
    (void)llmobsi_gather_flush(gather);
}

/* The same, in batches of views in memory of its own. False: the instance was closed meanwhile, and
   who closed it did not wait for a gauge's callback. */
llmobsi_fn bool llmobsi_metrics_gather(llmobsi_instance* instance, bool attributes,
                                       llmobsi_deliver_fn deliver, void* user)
{
    LLMOBS_I_ALIGNED(64) unsigned char memory[LLMOBS_I_GATHER_BYTES];
    llmobsi_gather gather;
    llmobsi_gather_begin(&gather, &instance->collector.recorder, attributes, deliver, user);
    llmobsi_gather_into(&gather, memory, sizeof memory);
    llmobsi_gather_all(&gather, instance);
    return !llmobsi_is_left(&instance->collector.recorder);
}

/* ---- Prometheus text ----------------------------------------------------------------------- */

/* What the text is written from and to. */
typedef struct llmobsi_scrape {
    llmobsi_writer writer;
    char* cursor;
    llmobs_exposition exposition;
    const char* family; /* whose head is written: its name, by address */
    char buffer[LLMOBS_I_WRITER_BUFFER];
} llmobsi_scrape;

llmobsi_fn bool llmobsi_scrape_metrics(void* user, llmobsi_gather* gather)
{
    const llmobs_metric_view* metrics = gather->metrics;
    llmobsi_scrape* scrape = (llmobsi_scrape*)user;
    char* cursor = scrape->cursor;
    size_t i;
    size_t point;
    for (i = 0; i < gather->metric_count; i++) {
        if (metrics[i].family.data != scrape->family) {
            scrape->family = metrics[i].family.data;
            cursor = llmobsi_prometheus_head(&scrape->writer, cursor, &metrics[i],
                                             scrape->exposition);
        }
        for (point = 0; point < metrics[i].point_count && !scrape->writer.failed; point++) {
            cursor = llmobsi_prometheus_point(&scrape->writer, cursor, &metrics[i],
                                              &metrics[i].points[point], scrape->exposition);
        }
    }
    scrape->cursor = cursor;
    return !scrape->writer.failed;
}

LLMOBS_API llmobs_result llmobs_prometheus_write(llmobs* obs, llmobs_exposition exposition,
                                                 llmobs_write_fn write, void* user)
{
    llmobsi_instance* instance;
    llmobsi_scrape scrape;
    bool whole;
    if (write == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    llmobsi_writer_init(&scrape.writer, scrape.buffer, sizeof scrape.buffer, write, user);
    scrape.cursor = scrape.buffer;
    scrape.exposition = exposition;
    scrape.family = NULL;
    scrape.cursor = llmobsi_prometheus_target_info(&scrape.writer, scrape.cursor,
                                                   &instance->resource.view, exposition);
    whole = llmobsi_metrics_gather(instance, false, llmobsi_scrape_metrics, &scrape);
    llmobsi_call_end(instance);
    if (!whole) {
        return LLMOBS_ERROR_CLOSED;
    }
    scrape.cursor = llmobsi_prometheus_end(&scrape.writer, scrape.cursor, exposition);
    (void)llmobsi_writer_turn(&scrape.writer, scrape.cursor);
    return scrape.writer.failed ? LLMOBS_ERROR_SYSTEM : LLMOBS_OK;
}

/* A buffer that text is put into as long as it fits, and counted in any case. */
typedef struct llmobsi_print {
    char* buffer;
    size_t capacity;
    size_t size;
} llmobsi_print;

llmobsi_fn bool llmobsi_print_write(void* user, const char* data, size_t size)
{
    llmobsi_print* print = (llmobsi_print*)user;
    if (print->size < print->capacity && size < print->capacity - print->size) {
        memcpy(print->buffer + print->size, data, size);
    }
    print->size += size;
    return true;
}

LLMOBS_API llmobs_result llmobs_prometheus_print(llmobs* obs, llmobs_exposition exposition,
                                                 char* buffer, size_t* size)
{
    llmobsi_print print;
    llmobs_result result;
    if (size == NULL || (buffer == NULL && *size > 0)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    print.buffer = buffer;
    print.capacity = *size;
    print.size = 0;
    result = llmobs_prometheus_write(obs, exposition, llmobsi_print_write, &print);
    *size = print.size;
    if (result == LLMOBS_OK && print.size >= print.capacity) {
        result = LLMOBS_ERROR_LIMIT;
    }
    if (print.capacity > 0) {
        buffer[result == LLMOBS_OK ? print.size : 0] = '\0';
    }
    return result;
}

/* ---- batches ------------------------------------------------------------------------------- */

typedef struct llmobsi_collection {
    llmobs_batch batch;
    llmobs_collect_fn collect;
    void* user;
    llmobs_format format; /* of llmobs_metrics_write, which has the next two */
    llmobs_write_fn write;
    llmobs_result result;
} llmobsi_collection;

llmobsi_fn bool llmobsi_collection_deliver(void* user, llmobsi_gather* gather)
{
    llmobsi_collection* collection = (llmobsi_collection*)user;
    collection->batch.metrics = gather->metrics;
    collection->batch.metric_count = gather->metric_count;
    if (collection->collect != NULL) {
        int cancel = llmobsi_cancel_hold();
        collection->result = LLMOBS_ERROR_SYSTEM;
        llmobsi_try {
            if (collection->collect(collection->user, &collection->batch)) {
                collection->result = LLMOBS_OK;
            }
        }
        llmobsi_catch_any {
        }
        llmobsi_cancel_resume(cancel);
    } else {
        collection->result = llmobs_encode(&collection->batch, collection->format,
                                           collection->write, collection->user);
    }
    return collection->result == LLMOBS_OK;
}

llmobsi_fn llmobs_result llmobsi_collection_run(llmobs* obs, llmobsi_collection* collection)
{
    llmobsi_instance* instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    collection->batch.size = sizeof collection->batch;
    collection->batch.attempt = 1;
    collection->batch.resource = &instance->resource.view;
    if (!llmobsi_metrics_gather(instance, true, llmobsi_collection_deliver, collection)) {
        collection->result = LLMOBS_ERROR_CLOSED;
    }
    llmobsi_call_end(instance);
    return collection->result;
}

LLMOBS_API llmobs_result llmobs_metrics_collect(llmobs* obs, llmobs_collect_fn collect, void* user)
{
    llmobsi_collection collection;
    if (collect == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&collection, 0, sizeof collection);
    collection.collect = collect;
    collection.user = user;
    return llmobsi_collection_run(obs, &collection);
}

LLMOBS_API llmobs_result llmobs_metrics_write(llmobs* obs, llmobs_format format,
                                              llmobs_write_fn write, void* user)
{
    llmobsi_collection collection;
    if (write == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&collection, 0, sizeof collection);
    collection.format = format;
    collection.write = write;
    collection.user = user;
    return llmobsi_collection_run(obs, &collection);
}
