/* Metrics out: as Prometheus text, as batches of views, encoded. All of it on the caller's thread,
   straight from the cells: nobody is waited for. */

/* Everything there is to read, in batches of views. */
llmobsi_fn void llmobsi_metrics_gather(llmobsi_instance* instance, bool attributes,
                                       llmobsi_deliver_fn deliver, void* user)
{
    llmobsi_recorder* recorder = &instance->collector.recorder;
    llmobsi_gather gather;
    llmobsi_gather_begin(&gather, recorder, attributes, deliver, user);
    if (recorder->registry.on) {
        llmobsi_gather_registry(&gather);
    }
    if (recorder->registry.on && (llmobsi_families(&instance->config) & LLMOBS_FAMILY_LLM) != 0) {
        llmobsi_gather_heavy(&gather, instance);
        llmobsi_gather_alerts(&gather, instance);
    }
    if ((llmobsi_families(&instance->config) & LLMOBS_FAMILY_SELF) != 0) {
        llmobsi_gather_self(&gather, instance);
    }
    (void)llmobsi_gather_flush(&gather);
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

llmobsi_fn bool llmobsi_scrape_metrics(void* user, const llmobs_metric_view* metrics, size_t count)
{
    llmobsi_scrape* scrape = (llmobsi_scrape*)user;
    char* cursor = scrape->cursor;
    size_t i;
    size_t point;
    for (i = 0; i < count; i++) {
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
                                                   &instance->resource, exposition);
    llmobsi_metrics_gather(instance, false, llmobsi_scrape_metrics, &scrape);
    llmobsi_call_end(instance);
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

llmobsi_fn bool llmobsi_collection_deliver(void* user, const llmobs_metric_view* metrics,
                                           size_t count)
{
    llmobsi_collection* collection = (llmobsi_collection*)user;
    collection->batch.metrics = metrics;
    collection->batch.metric_count = count;
    if (collection->collect != NULL) {
        collection->result = collection->collect(collection->user, &collection->batch)
                                 ? LLMOBS_OK
                                 : LLMOBS_ERROR_SYSTEM;
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
    collection->batch.resource = &instance->resource;
    llmobsi_metrics_gather(instance, true, llmobsi_collection_deliver, collection);
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
