/* Handing out what a dead process had recorded. Nothing is written: whoever begins again finds the
   same. */

#define LLMOBS_I_RECOVER_BATCH 262144u /* room for a batch: more than any span takes */

typedef struct llmobsi_rescue {
    llmobsi_remains* remains;
    llmobs_export_fn export_batch;
    void* user;
    llmobs_recovery* report;
    bool past;        /* the newest that nobody is owed is asked for, and there may be some */
    bool in_past;     /* it is being handed out, after all that is owed */
    bool stopped;     /* the callback wants no more */
    uint64_t first_id; /* and so many batches more: that of the next batch */
    uint32_t signal;  /* of the batch being filled */
    llmobsi_packer packer;
    uint64_t* seen;   /* what entries were, by prints that are not 0 */
    size_t seen_mask;
    uint64_t seed;    /* of these prints: nobody can make them meet */
    uint64_t ended;   /* in slots, by what the slots say */
    uint64_t open;
    llmobsi_slot slots[LLMOBS_I_RECOVER_PARTS]; /* the parts of an entry */
} llmobsi_rescue;

/* ---- the file ------------------------------------------------------------------------------ */

/* Whether a file is the recorder of an instance that is open here. To open it, even, and close it
   again would give its lock away. */
llmobsi_fn bool llmobsi_flight_is_here(const llmobsi_file_facts* facts)
{
    uint32_t i;
    for (i = 0; i < LLMOBS_MAX_INSTANCES; i++) {
        const llmobsi_held* held = &llmobsi_places[i].recorder_file;
        if (held->descriptor > 0 && held->device == facts->device &&
            held->inode == facts->inode) {
            return true;
        }
    }
    return false;
}

/* Opens the file of somebody who is dead, for us alone. -1, and why in *result. */
llmobsi_fn int llmobsi_recover_open(const char* path, llmobsi_file_facts* facts,
                                    llmobs_result* result)
{
    llmobsi_file_facts at_path;
    int file;
    *result = LLMOBS_ERROR_SYSTEM;
    if (!llmobsi_os_facts_at(path, &at_path)) {
        return -1;
    }
    *result = LLMOBS_ERROR_BUSY;
    if (llmobsi_flight_is_here(&at_path)) {
        return -1;
    }
    *result = LLMOBS_ERROR_ARGUMENT;
    if (!at_path.plain || at_path.owner != llmobsi_os_user()) {
        return -1;
    }
    file = llmobsi_file_open_ours(path, LLMOBS_I_OPEN_BOTH, LLMOBS_I_FILE_ONE_NAME, facts);
    if (file < 0) {
        *result = errno == EPERM ? LLMOBS_ERROR_ARGUMENT : LLMOBS_ERROR_SYSTEM;
        return -1;
    }
    if (facts->device != at_path.device || facts->inode != at_path.inode) {
        *result = LLMOBS_ERROR_ARGUMENT;
    } else if (!llmobsi_os_lock_for_process(file)) {
        *result = LLMOBS_ERROR_BUSY;
    } else {
        *result = LLMOBS_OK;
        return file;
    }
    (void)llmobsi_os_close(file);
    return -1;
}

/* ---- batches ------------------------------------------------------------------------------- */

/* Hands out a batch of `count` spans, log records or series. */
llmobsi_fn void llmobsi_rescue_deliver(llmobsi_rescue* rescue, llmobs_batch* batch, uint64_t count)
{
    llmobs_export_result result = LLMOBS_EXPORT_DROP;
    int cancel;
    batch->size = sizeof *batch;
    batch->id = rescue->first_id + rescue->report->batches;
    batch->history = rescue->in_past;
    batch->attempt = 1;
    batch->resource = &rescue->remains->resource;
    rescue->report->batches++;
    cancel = llmobsi_cancel_hold();
    llmobsi_try {
        result = rescue->export_batch(rescue->user, batch);
    }
    llmobsi_catch_any {
    }
    llmobsi_cancel_resume(cancel);
    if (result == LLMOBS_EXPORT_DROP) {
        rescue->report->refused += count;
    } else if (result != LLMOBS_EXPORT_OK) {
        rescue->stopped = true;
    }
}

/* Hands out what has been packed. */
llmobsi_fn void llmobsi_rescue_flush(llmobsi_rescue* rescue)
{
    llmobsi_packer* packer = &rescue->packer;
    llmobs_batch batch;
    memset(&batch, 0, sizeof batch);
    if (rescue->signal == LLMOBS_I_LOGS) {
        batch.logs = (const llmobs_log_view*)(const void*)packer->memory;
        batch.log_count = packer->count;
    } else {
        batch.spans = (const llmobs_span_view*)(const void*)packer->memory;
        batch.span_count = packer->count;
    }
    if (packer->count > 0 && !rescue->stopped) {
        llmobsi_rescue_deliver(rescue, &batch, packer->count);
    }
    llmobsi_packer_reset(packer, LLMOBS_I_RECOVER_BATCH);
}

/* Says of the span packed last that it was interrupted. */
llmobsi_fn bool llmobsi_rescue_mark(llmobsi_packer* packer)
{
    static const char key[] = "llmobs.interrupted";
    static const char message[] = "the process ended before the span did";
    llmobs_span_view* view = (llmobs_span_view*)(void*)packer->memory + (packer->count - 1);
    llmobs_attribute_view* attributes =
        llmobsi_packer_attributes(packer, (size_t)view->attribute_count + 1);
    llmobs_attribute_view* mark;
    uint32_t place = 0;
    if (attributes == NULL) {
        return false;
    }
    memcpy((void*)attributes, view->attributes, view->attribute_count * sizeof *attributes);
    while (place < view->attribute_count && strcmp(attributes[place].key.data, key) != 0) {
        place++;
    }
    view->attribute_count += place == view->attribute_count;
    mark = &attributes[place];
    memset(mark, 0, sizeof *mark);
    mark->key.data = key;
    mark->key.size = sizeof key - 1;
    mark->type = LLMOBS_TYPE_BOOL;
    mark->value.boolean = true;
    view->attributes = attributes;
    view->status = LLMOBS_STATUS_ERROR;
    if (view->status_message.size == 0) {
        view->status_message.data = message;
        view->status_message.size = sizeof message - 1;
    }
    return true;
}

/* Adds to the batch. False, and nothing is changed, where there is no room. */
llmobsi_fn bool llmobsi_rescue_pack(llmobsi_rescue* rescue, const llmobsi_slot* slot, bool open)
{
    const llmobsi_packer before = rescue->packer;
    const llmobsi_recorder* recorder = &rescue->remains->recorder;
    bool packed = rescue->signal == LLMOBS_I_LOGS
                      ? llmobsi_packer_add_log(&rescue->packer, recorder, slot)
                      : llmobsi_packer_add(&rescue->packer, recorder, slot, &llmobsi_no_verdict);
    if (packed && open) {
        packed = llmobsi_rescue_mark(&rescue->packer);
    }
    if (!packed) {
        rescue->packer = before;
    }
    return packed;
}

/* One span or log record, in slots of the recorder's pool. */
llmobsi_fn void llmobsi_rescue_put(llmobsi_rescue* rescue, llmobsi_slot* slot, bool open)
{
    llmobs_recovery* report = rescue->report;
    if (!llmobsi_remains_check(&rescue->remains->recorder, slot, open)) {
        report->damaged++;
        return;
    }
    if (open) {
        slot->end = rescue->remains->last_stamp;
    }
    if (!llmobsi_rescue_pack(rescue, slot, open)) {
        llmobsi_rescue_flush(rescue);
        if (!llmobsi_rescue_pack(rescue, slot, open)) {
            report->damaged++;
            return;
        }
    }
    report->history += rescue->in_past;
    report->interrupted += open;
    report->logs += rescue->signal == LLMOBS_I_LOGS && !rescue->in_past;
    report->spans += rescue->signal != LLMOBS_I_LOGS && !open && !rescue->in_past;
}

/* ---- what was in queues -------------------------------------------------------------------- */

/* Each use of a slot has a state of its own, and a slot a number: with the ids and the times they
   are one record's. */
llmobsi_fn uint64_t llmobsi_rescue_print(const llmobsi_rescue* rescue, const void* head)
{
    return llmobsi_hash64_own(head, offsetof(llmobsi_slot, next), rescue->seed) | 1;
}

/* Whether an entry was it; if not and `add`, from now on. */
llmobsi_fn bool llmobsi_rescue_seen(llmobsi_rescue* rescue, uint64_t print, bool add)
{
    size_t place = (size_t)(print >> 1) & rescue->seen_mask;
    while (rescue->seen[place] != 0) {
        if (rescue->seen[place] == print) {
            return true;
        }
        place = (place + 1) & rescue->seen_mask;
    }
    if (add) {
        rescue->seen[place] = print;
    }
    return false;
}

/* An entry, of which at most `size` bytes are there: handed out, if it is of the batch's signal and
   was not there before. Returns its size; 0: it is damaged. */
llmobsi_fn uint32_t llmobsi_rescue_entry(llmobsi_rescue* rescue, const unsigned char* bytes,
                                         uint32_t size)
{
    const unsigned char* head = bytes + sizeof(llmobsi_journal_entry);
    size = llmobsi_remains_entry(bytes, size, rescue->slots);
    if (size != 0 && llmobsi_slot_signal(rescue->slots) == rescue->signal &&
        !llmobsi_rescue_seen(rescue, llmobsi_rescue_print(rescue, head), true)) {
        rescue->report->queued += !rescue->in_past;
        llmobsi_rescue_put(rescue, rescue->slots, false);
    }
    return size;
}

/* What can't be read is counted once, though it is looked at for each signal. */
llmobsi_fn void llmobsi_rescue_damaged(llmobsi_rescue* rescue, uint64_t count)
{
    rescue->report->damaged += rescue->signal == LLMOBS_I_SPANS ? count : 0;
}

llmobsi_fn void llmobsi_rescue_journal(llmobsi_rescue* rescue, llmobsi_journal* journal,
                                       uint32_t room)
{
    const unsigned char* bytes = llmobsi_journal_bytes(journal);
    uint64_t left = llmobsi_load_relaxed(&journal->count);
    uint32_t at = 0;
    for (; left > 0 && !rescue->stopped; left--) {
        uint32_t size = llmobsi_rescue_entry(rescue, bytes + at, room - at);
        if (size == 0) {
            llmobsi_rescue_damaged(rescue, left);
            return;
        }
        at += size;
    }
}

/* Several exporters may have had the same. */
llmobsi_fn void llmobsi_rescue_queues(llmobsi_rescue* rescue)
{
    const llmobsi_remains* remains = rescue->remains;
    size_t stride = llmobsi_journal_stride(remains->config.batch_bytes);
    size_t count = llmobsi_journal_count(&remains->config);
    size_t i;
    for (i = 0; i < count; i++) {
        llmobsi_rescue_journal(rescue,
                               (llmobsi_journal*)(void*)(remains->journals + i * stride),
                               (uint32_t)(stride - sizeof(llmobsi_journal)));
    }
}

/* Room to tell what comes twice. False: no memory. */
llmobsi_fn bool llmobsi_rescue_begin(llmobsi_rescue* rescue)
{
    const llmobsi_remains* remains = rescue->remains;
    size_t least = sizeof(llmobsi_journal_entry) + LLMOBS_I_SLOT_HEAD;
    size_t most = (llmobsi_journal_stride(remains->config.batch_bytes) *
                       llmobsi_journal_count(&remains->config) +
                   remains->config.recorder_history_bytes) /
                      least +
                  remains->recorder.pool.mask + 1u;
    size_t size = 2;
    while (size < 2 * most) {
        size *= 2;
    }
    rescue->seen_mask = size - 1;
    rescue->seed = llmobsi_random_seed();
    rescue->seen = (uint64_t*)llmobsi_allocate_default(NULL, size * sizeof *rescue->seen, 64);
    rescue->packer.memory =
        (unsigned char*)llmobsi_allocate_default(NULL, LLMOBS_I_RECOVER_BATCH, 64);
    if (rescue->seen == NULL || rescue->packer.memory == NULL) {
        return false;
    }
    memset(rescue->seen, 0, size * sizeof *rescue->seen);
    llmobsi_packer_reset(&rescue->packer, LLMOBS_I_RECOVER_BATCH);
    return true;
}

/* ---- what was in slots --------------------------------------------------------------------- */

/* Whether a slot is in use, by something that would have been exported. Log records are never
   live. */
llmobsi_fn bool llmobsi_rescue_wanted(const llmobsi_slot* slot)
{
    bool ended = (slot->state & 3u) == LLMOBS_I_SLOT_ENDED;
    return llmobsi_slot_signal(slot) == LLMOBS_I_LOGS
               ? ended
               : (ended || (slot->state & 3u) == LLMOBS_I_SLOT_LIVE) &&
                     (llmobsi_load_relaxed(&slot->flags) & LLMOBS_TRACE_SAMPLED) != 0;
}

/* A span that has not ended: or its end was claimed, and the process died before it was written. */
llmobsi_fn bool llmobsi_rescue_is_open(const llmobsi_slot* slot)
{
    return llmobsi_slot_signal(slot) == LLMOBS_I_SPANS &&
           ((slot->state & 3u) == LLMOBS_I_SLOT_LIVE || slot->end == 0);
}

/* The last sign of life, by all that is in the slots. */
llmobsi_fn void llmobsi_rescue_last(llmobsi_remains* remains)
{
    const llmobsi_pool* pool = &remains->recorder.pool;
    uint32_t i;
    for (i = 0; i <= pool->mask; i++) {
        const llmobsi_slot* slot = &pool->slots[i];
        if (llmobsi_rescue_wanted(slot) && llmobsi_slot_signal(slot) == LLMOBS_I_SPANS) {
            uint64_t start = llmobsi_load_relaxed(&slot->start);
            uint64_t last = start > slot->end ? start : slot->end;
            remains->last_stamp = last > remains->last_stamp ? last : remains->last_stamp;
        }
    }
}

llmobsi_fn void llmobsi_rescue_slots(llmobsi_rescue* rescue)
{
    llmobsi_pool* pool = &rescue->remains->recorder.pool;
    uint32_t i;
    for (i = 0; i <= pool->mask && !rescue->stopped; i++) {
        llmobsi_slot* slot = &pool->slots[i];
        bool open = llmobsi_rescue_is_open(slot);
        if (llmobsi_rescue_wanted(slot) && llmobsi_slot_signal(slot) == rescue->signal &&
            !llmobsi_rescue_seen(rescue, llmobsi_rescue_print(rescue, (const void*)slot),
                                 rescue->past)) {
            rescue->open += open;
            rescue->ended += !open;
            llmobsi_rescue_put(rescue, slot, open);
        }
    }
}

/* ---- the newest ---------------------------------------------------------------------------- */

/* One entry of the ring, `left` bytes before all that is in it ends. Returns its size; 0: it has
   none, and the next one can't be found. */
llmobsi_fn uint32_t llmobsi_rescue_past(llmobsi_rescue* rescue, uint32_t place, uint64_t left)
{
    const unsigned char* bytes = llmobsi_history_bytes(rescue->remains->history) + place;
    uint32_t room = rescue->remains->config.recorder_history_bytes - place;
    llmobsi_journal_entry entry;
    room = left < room ? (uint32_t)left : room;
    if (room < sizeof entry) {
        return 0;
    }
    memcpy(&entry, bytes, sizeof entry);
    if (entry.size < sizeof entry || entry.size > room) {
        return 0;
    }
    if (entry.parts != 0 && llmobsi_rescue_entry(rescue, bytes, room) == 0) {
        llmobsi_rescue_damaged(rescue, 1); /* those behind it may be good */
    }
    return entry.size;
}

llmobsi_fn void llmobsi_rescue_history(llmobsi_rescue* rescue)
{
    uint64_t capacity = rescue->remains->config.recorder_history_bytes;
    uint64_t at = llmobsi_load_relaxed(&rescue->remains->history->begin);
    uint64_t end = llmobsi_load_relaxed(&rescue->remains->history->end);
    while (at != end && !rescue->stopped) {
        uint32_t size = end - at <= capacity
                            ? llmobsi_rescue_past(rescue, (uint32_t)(at % capacity), end - at)
                            : 0;
        if (size == 0) {
            llmobsi_rescue_damaged(rescue, 1);
            return;
        }
        at += size;
    }
}

/* Entries, one after the other: meanwhile the pool is that of their parts. */
llmobsi_fn void llmobsi_rescue_entries(llmobsi_rescue* rescue,
                                       void (*each)(llmobsi_rescue* rescue))
{
    llmobsi_pool* pool = &rescue->remains->recorder.pool;
    llmobsi_slot* slots = pool->slots;
    uint32_t mask = pool->mask;
    pool->slots = rescue->slots;
    pool->mask = LLMOBS_I_RECOVER_PARTS - 1;
    each(rescue);
    pool->slots = slots;
    pool->mask = mask;
}

llmobsi_fn void llmobsi_rescue_records(llmobsi_rescue* rescue)
{
    if (!rescue->remains->recorder.spans_on) {
        return;
    }
    llmobsi_rescue_last(rescue->remains);
    for (rescue->signal = 0; rescue->signal < 2; rescue->signal++) {
        llmobsi_rescue_entries(rescue, llmobsi_rescue_queues);
        llmobsi_rescue_slots(rescue);
        llmobsi_rescue_flush(rescue);
    }
}

/* In batches with ids of their own: those of what is owed are the same whether this is asked for or
   not. */
llmobsi_fn void llmobsi_rescue_pasts(llmobsi_rescue* rescue)
{
    if (!rescue->past || !rescue->remains->recorder.spans_on) {
        return;
    }
    rescue->in_past = true;
    rescue->first_id = ~rescue->remains->head->id - rescue->report->batches;
    for (rescue->signal = 0; rescue->signal < 2; rescue->signal++) {
        llmobsi_rescue_entries(rescue, llmobsi_rescue_history);
        llmobsi_rescue_flush(rescue);
    }
}

/* ---- metrics and the account --------------------------------------------------------------- */

llmobsi_fn bool llmobsi_rescue_points(void* user, llmobsi_gather* gather)
{
    llmobsi_rescue* rescue = (llmobsi_rescue*)user;
    llmobs_batch batch;
    memset(&batch, 0, sizeof batch);
    batch.metrics = gather->metrics;
    batch.metric_count = gather->metric_count;
    rescue->report->series += gather->packer.count;
    llmobsi_rescue_deliver(rescue, &batch, gather->packer.count);
    return !rescue->stopped;
}

llmobsi_fn void llmobsi_rescue_metrics(llmobsi_rescue* rescue)
{
    const llmobsi_registry* registry = &rescue->remains->recorder.registry;
    llmobsi_gather gather;
    uint32_t i;
    llmobsi_gather_begin(&gather, &rescue->remains->recorder, true, llmobsi_rescue_points, rescue);
    gather.now_unix_ns = rescue->report->last_unix_ns;
    llmobsi_gather_into(&gather, rescue->packer.memory, LLMOBS_I_RECOVER_BATCH);
    for (i = 0; i < registry->metric_count && !rescue->stopped; i++) {
        const llmobsi_metric* metric = &registry->metrics[i];
        if (metric->instrument != 0 && metric->instrument != LLMOBS_GAUGE_CALLBACK) {
            llmobsi_gather_metric_series(&gather, metric);
        }
    }
    if (!rescue->stopped) {
        (void)llmobsi_gather_flush(&gather);
    }
}

/* The account: what recorders and the tick have counted is in the file as of the end, and what is
   in slots was seen; the rest is as of the last tick. */
llmobsi_fn void llmobsi_rescue_account(const llmobsi_rescue* rescue)
{
    const llmobsi_recorder* recorder = &rescue->remains->recorder;
    const llmobsi_tally* tally = &rescue->remains->head->tally;
    llmobs_stats* stats = &rescue->report->stats;
    llmobsi_thread_counts counts;
    uint64_t known;
    int drop;
    llmobsi_remains_account(rescue->remains, stats);
    llmobsi_counts_sum(recorder, &counts);
    stats->dropped[LLMOBS_DROP_POOL] = counts.dropped_pool;
    stats->dropped[LLMOBS_DROP_PARENT] = counts.dropped_parent;
    stats->dropped[LLMOBS_DROP_NO_EXPORTER] = tally->no_exporter;
    stats->collected = tally->collected;
    stats->expired = tally->expired;
    stats->tail_dropped = tally->tail_dropped;
    stats->unsampled = counts.unsampled;
    stats->live = rescue->open;
    stats->ended = rescue->ended;
    stats->tail_held = 0;
    stats->started = counts.started;
    known = stats->live + stats->ended + stats->collected + stats->tail_dropped;
    for (drop = 0; drop < (int)LLMOBS_DROP_COUNT; drop++) {
        bool inside = drop == (int)LLMOBS_DROP_POOL || drop == (int)LLMOBS_DROP_PARENT ||
                      drop == (int)LLMOBS_DROP_NO_EXPORTER;
        stats->started += inside ? 0 : stats->dropped[drop];
        known += stats->dropped[drop];
    }
    rescue->report->half_made = llmobsi_stats_rest(stats->started, known);
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* What is in an image, handed out. */
llmobsi_fn llmobs_result llmobsi_rescue_run(llmobsi_rescue* rescue, unsigned options)
{
    llmobsi_remains* remains = rescue->remains;
    llmobs_recovery* report = rescue->report;
    llmobs_result result = llmobsi_remains_head(remains);
    uint64_t again;
    if (result != LLMOBS_OK) {
        return result;
    }
    llmobsi_remains_layout(remains);
    rescue->first_id = remains->head->id;
    rescue->past = (options & LLMOBS_RECOVER_HISTORY) != 0 && remains->history != NULL;
    if (!llmobsi_remains_pulse(remains)) {
        return LLMOBS_ERROR_DATA;
    }
    if (!llmobsi_rescue_begin(rescue)) {
        return LLMOBS_ERROR_MEMORY;
    }
    llmobsi_remains_names(remains);
    llmobsi_remains_resource(remains);
    report->process = remains->head->process;
    report->opened_unix_ns = remains->head->opened_unix_ns;
    report->damaged = llmobsi_remains_registry(remains);
    llmobsi_rescue_records(rescue);
    llmobsi_timeline_convert(&remains->recorder.timeline, remains->last_stamp, remains->last_stamp,
                             &report->last_unix_ns, &again);
    if ((options & LLMOBS_RECOVER_NO_METRICS) == 0 && remains->recorder.registry.on) {
        llmobsi_rescue_metrics(rescue);
    }
    llmobsi_rescue_pasts(rescue);
    llmobsi_rescue_account(rescue);
    return rescue->stopped || report->refused != 0 ? LLMOBS_ERROR_INCOMPLETE : LLMOBS_OK;
}

/* The same, with the memory that it takes. `image` is on a cache line. */
llmobsi_fn llmobs_result llmobsi_recover_image(unsigned char* image, size_t size,
                                               llmobs_export_fn export_batch, void* user,
                                               unsigned options, llmobs_recovery* report)
{
    llmobsi_remains* remains =
        (llmobsi_remains*)llmobsi_allocate_default(NULL, sizeof(llmobsi_remains), 64);
    llmobsi_rescue* rescue =
        (llmobsi_rescue*)llmobsi_allocate_default(NULL, sizeof(llmobsi_rescue), 64);
    llmobs_result result = LLMOBS_ERROR_MEMORY;
    if (remains != NULL && rescue != NULL) {
        memset((void*)remains, 0, sizeof *remains);
        memset((void*)rescue, 0, sizeof *rescue);
        remains->image = image;
        remains->size = size;
        rescue->remains = remains;
        rescue->export_batch = export_batch;
        rescue->user = user;
        rescue->report = report;
        result = llmobsi_rescue_run(rescue, options);
        llmobsi_os_block_free(rescue->seen);
        llmobsi_os_block_free(rescue->packer.memory);
    }
    llmobsi_os_block_free(rescue);
    llmobsi_os_block_free(remains);
    return result;
}

/* Whether a file of this size begins with a head that fits it, of a process that is dead: before
   memory is taken for all of it. */
llmobsi_fn llmobs_result llmobsi_recover_look(int file, size_t size)
{
    llmobsi_remains* remains =
        (llmobsi_remains*)llmobsi_allocate_default(NULL, sizeof(llmobsi_remains), 64);
    unsigned char* head =
        (unsigned char*)llmobsi_allocate_default(NULL, sizeof(llmobsi_flight_head), 64);
    llmobs_result result = LLMOBS_ERROR_MEMORY;
    if (remains != NULL && head != NULL) {
        memset((void*)remains, 0, sizeof *remains);
        remains->image = head;
        remains->size = size;
        result = llmobsi_read_whole(file, head, sizeof(llmobsi_flight_head)) ==
                         sizeof(llmobsi_flight_head)
                     ? llmobsi_remains_head(remains)
                     : LLMOBS_ERROR_DATA;
    }
    if (result == LLMOBS_OK && remains->head->process_start != 0 &&
        llmobsi_process_start_of(remains->head->process) == remains->head->process_start) {
        result = LLMOBS_ERROR_BUSY; /* it lives without its lock, which goes with any descriptor */
    }
    llmobsi_os_block_free(head);
    llmobsi_os_block_free(remains);
    return result;
}

/* A file that is open, and ours. */
llmobsi_fn llmobs_result llmobsi_recover_file(int file, const llmobsi_file_facts* facts,
                                              llmobs_export_fn export_batch, void* user,
                                              unsigned options, llmobs_recovery* report)
{
    size_t size = (size_t)facts->bytes;
    unsigned char* image;
    llmobs_result result = LLMOBS_ERROR_DATA;
    if (size < sizeof(llmobsi_flight_head) || (uint64_t)size != facts->bytes) {
        return result;
    }
    result = llmobsi_recover_look(file, size);
    if (result != LLMOBS_OK) {
        return result;
    }
    image = (unsigned char*)llmobsi_allocate_default(NULL, size, 64);
    if (image == NULL) {
        return LLMOBS_ERROR_MEMORY;
    }
    result = llmobsi_os_seek(file, 0) && llmobsi_read_whole(file, image, size) == size
                 ? llmobsi_recover_image(image, size, export_batch, user, options, report)
                 : LLMOBS_ERROR_DATA;
    llmobsi_os_block_free(image);
    return result;
}

LLMOBS_API llmobs_result llmobs_recover(const char* path, llmobs_export_fn export_batch,
                                        void* user, unsigned options, llmobs_recovery* report)
{
    llmobs_recovery full;
    llmobsi_file_facts facts;
    llmobsi_file_facts at_path;
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    int file = -1;
    memset(&full, 0, sizeof full);
    full.size = sizeof full;
    if (path != NULL && export_batch != NULL) {
        file = llmobsi_recover_open(path, &facts, &result);
    }
    if (file >= 0) {
        result = llmobsi_recover_file(file, &facts, export_batch, user, options, &full);
        if (result == LLMOBS_OK && (options & LLMOBS_RECOVER_REMOVE) != 0 &&
            llmobsi_os_facts_at(path, &at_path) && at_path.device == facts.device &&
            at_path.inode == facts.inode) {
            full.removed = llmobsi_os_remove(path);
        }
        (void)llmobsi_os_close(file);
    }
    if (report != NULL) {
        full.size = llmobsi_known_size(report->size, sizeof full);
        memcpy(report, &full, full.size);
    }
    return result;
}
