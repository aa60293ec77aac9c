/* Metrics to the exporters that take them: at each one's interval, and at each flush. They are
   read on the tick's thread, or the flusher's, with no lock held: gauges may ask callbacks of the
   host's. They are put straight into batches of the exporter's queue. */

typedef struct llmobsi_metric_reader {
    llmobsi_exporter* exporter;
    llmobsi_queued* batch; /* being filled */
    const llmobsi_patience* patience; /* of a flush, which waits for room; NULL: the tick's, none */
} llmobsi_metric_reader;

llmobsi_fn void llmobsi_metric_reader_nap(llmobsi_exporter* exporter)
{
    llmobsi_lock_take(&exporter->lock);
    llmobsi_lock_wait_until(&exporter->lock, llmobsi_monotonic_ns() + LLMOBS_I_FLUSH_NAP_NS);
    llmobsi_lock_give(&exporter->lock);
}

/* Waits until a batch is free, as long as there is patience, so that nothing has to give way. */
llmobsi_fn void llmobsi_metric_reader_wait(const llmobsi_metric_reader* reader)
{
    llmobsi_exporter* exporter = reader->exporter;
    const llmobsi_patience* patience = reader->patience;
    while (patience != NULL && llmobsi_exporter_room(exporter) == 0) {
        uint64_t now_ns = llmobsi_monotonic_ns();
        if (now_ns >= patience->others_ns ||
            llmobsi_patience_over(patience, exporter->ticket, now_ns)) {
            return;
        }
        (void)llmobsi_exporter_pump(exporter);
        llmobsi_metric_reader_nap(exporter);
    }
}

/* A batch to gather into. False: all are under way. */
llmobsi_fn bool llmobsi_metric_reader_claim(llmobsi_metric_reader* reader, llmobsi_gather* gather)
{
    llmobsi_exporter* exporter = reader->exporter;
    llmobsi_metric_reader_wait(reader);
    reader->batch = llmobsi_batch_claim(exporter, LLMOBS_I_METRICS);
    if (reader->batch == NULL) {
        llmobsi_notes_add(exporter->notes, LLMOBS_NOTE_QUEUE, 1);
        return false;
    }
    llmobsi_gather_into(gather, reader->batch->packer.memory, exporter->batch_bytes);
    return true;
}

llmobsi_fn bool llmobsi_metric_reader_deliver(void* user, llmobsi_gather* gather)
{
    llmobsi_metric_reader* reader = (llmobsi_metric_reader*)user;
    llmobsi_queued* batch = reader->batch;
    (void)llmobsi_add_relaxed(&reader->exporter->received[LLMOBS_I_METRICS], gather->packer.count);
    batch->packer = gather->packer;
    batch->metric_count = gather->metric_count;
    reader->batch = NULL;
    llmobsi_batch_seal(reader->exporter, batch);
    return gather->last || llmobsi_metric_reader_claim(reader, gather);
}

/* All metrics of a part, once, for one exporter. */
llmobsi_fn void llmobsi_metrics_read(llmobsi_instance* instance, llmobsi_exporter* exporter,
                                     llmobsi_gather_part part, const llmobsi_patience* patience)
{
    const llmobsi_process process = llmobsi_process_id();
    llmobsi_metric_reader reader;
    llmobsi_gather gather;
    reader.exporter = exporter;
    reader.patience = patience;
    llmobsi_gather_begin(&gather, &instance->collector.recorder, true,
                         llmobsi_metric_reader_deliver, &reader);
    gather.point_limit = exporter->host.batch_items;
    gather.part = part;
    if (llmobsi_exporter_wants_delta(exporter)) {
        gather.delta = &instance->delta;
    }
    if (!llmobsi_metric_reader_claim(&reader, &gather)) {
        return;
    }
    llmobsi_gather_all(&gather, instance);
    if (llmobsi_process_id() != process) {
        return; /* a gauge's callback forked, and this is the child: the batch was the parent's */
    }
    if (gather.oversized > 0) {
        (void)llmobsi_add_relaxed(&exporter->received[LLMOBS_I_METRICS], gather.oversized);
        llmobsi_exporter_lose(exporter, LLMOBS_I_METRICS, LLMOBS_LOSS_SIZE, gather.oversized);
    }
    if (reader.batch != NULL) {
        llmobsi_batch_give_back(exporter, reader.batch);
    }
}

/* The next time: as the interval has it, or from now on where that is over. */
llmobsi_fn void llmobsi_metrics_plan(llmobsi_exporter* exporter, uint64_t now_ns)
{
    uint64_t interval_ns = (uint64_t)exporter->host.metrics_interval_ms * UINT64_C(1000000);
    exporter->metrics_due_ns += interval_ns;
    if (exporter->metrics_due_ns <= now_ns || exporter->metrics_due_ns > now_ns + interval_ns) {
        exporter->metrics_due_ns = now_ns + interval_ns;
    }
}

/* The tick's part: for those whose time has come. */
llmobsi_fn void llmobsi_metrics_tick(llmobsi_instance* instance)
{
    llmobsi_collector* collector = &instance->collector;
    uint32_t count = llmobsi_load_acquire(&collector->exporter_count);
    uint32_t i;
    for (i = 0; i < count && !llmobsi_is_left(&collector->recorder); i++) {
        llmobsi_exporter* exporter = &collector->exporters[i];
        uint64_t now_ns = llmobsi_monotonic_ns();
        uint32_t idle = 0;
        if (!llmobsi_exporter_takes(exporter, LLMOBS_I_METRICS) ||
            !llmobsi_cas_acquire_release(&exporter->reading, &idle, 1)) {
            continue;
        }
        if (now_ns >= exporter->metrics_due_ns) {
            llmobsi_metrics_plan(exporter, now_ns);
            llmobsi_metrics_read(instance, exporter, LLMOBS_I_GATHER_ALL, NULL);
        }
        llmobsi_store_release(&exporter->reading, 0);
    }
}

/* Takes the right to read for an exporter. What a reader under way has seen may be older than the
   flush: its end is waited for. False: there is no time left. */
llmobsi_fn bool llmobsi_metrics_wait(llmobsi_exporter* exporter, const llmobsi_patience* patience)
{
    uint32_t idle = 0;
    while (!llmobsi_cas_acquire_release(&exporter->reading, &idle, 1)) {
        if (llmobsi_patience_over(patience, exporter->ticket, llmobsi_monotonic_ns())) {
            return false;
        }
        llmobsi_metric_reader_nap(exporter); /* a gauge's callback may take its time */
        idle = 0;
    }
    return true;
}

/* A part for all of them, now. A closer passes over one whose reader does not come back: the others
   get theirs. */
llmobsi_fn void llmobsi_metrics_flush_part(llmobsi_instance* instance, llmobsi_gather_part part,
                                           const llmobsi_patience* patience)
{
    llmobsi_collector* collector = &instance->collector;
    uint32_t count = llmobsi_load_acquire(&collector->exporter_count);
    uint32_t i;
    for (i = 0; i < count && !llmobsi_is_left(&collector->recorder); i++) {
        llmobsi_exporter* exporter = &collector->exporters[i];
        if (!llmobsi_exporter_takes(exporter, LLMOBS_I_METRICS)) {
            continue;
        }
        if (llmobsi_metrics_wait(exporter, patience)) {
            llmobsi_metrics_read(instance, exporter, part, patience);
            llmobsi_store_release(&exporter->reading, 0);
        } else if (!patience->closing) {
            return;
        }
    }
}

/* All of it. At close a gauge that hangs must keep back nothing but gauges: there is no next
   time. */
llmobsi_fn void llmobsi_metrics_flush(llmobsi_instance* instance, const llmobsi_patience* patience)
{
    if (!patience->closing) {
        llmobsi_metrics_flush_part(instance, LLMOBS_I_GATHER_ALL, patience);
        return;
    }
    llmobsi_metrics_flush_part(instance, LLMOBS_I_GATHER_UNASKED, patience);
    if (llmobsi_registry_asks(&instance->collector.recorder.registry)) {
        llmobsi_metrics_flush_part(instance, LLMOBS_I_GATHER_ASKED, patience);
    }
}
