/* The file of the flight recorder: made at open, given up at close and in a fork's child. Whoever
   holds the lock on it lives. */

/* ---- the layout of the file ---------------------------------------------------------------- */

llmobsi_fn llmobsi_flight_head* llmobsi_flight_head_layout(llmobsi_arena* arena)
{
    return (llmobsi_flight_head*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_flight_head));
}

llmobsi_fn size_t llmobsi_journal_count(const llmobs_config* config)
{
    return (size_t)config->max_exporters * llmobsi_exporter_batches(config);
}

/* The journals of all batches of all exporters. */
llmobsi_fn unsigned char* llmobsi_journals_layout(llmobsi_arena* arena, const llmobs_config* config)
{
    return (unsigned char*)llmobsi_arena_take(arena, llmobsi_journal_count(config),
                                              llmobsi_journal_stride(config->batch_bytes));
}

/* The ring of the newest, behind them. NULL: the config has none, or this is but to measure. */
llmobsi_fn llmobsi_history* llmobsi_history_layout(llmobsi_arena* arena,
                                                   const llmobs_config* config)
{
    if (config->recorder_history_bytes == 0) {
        return NULL;
    }
    return (llmobsi_history*)llmobsi_arena_take(
        arena, 1, sizeof(llmobsi_history) + (size_t)config->recorder_history_bytes);
}

/* Of a config with nothing left to decide. */
llmobsi_fn size_t llmobsi_flight_bytes(const llmobs_config* config)
{
    llmobsi_arena arena;
    memset(&arena, 0, sizeof arena);
    (void)llmobsi_flight_head_layout(&arena);
    llmobsi_record_layout(&arena, config, NULL);
    (void)llmobsi_journals_layout(&arena, config);
    (void)llmobsi_history_layout(&arena, config);
    return llmobsi_size_align(arena.used, llmobsi_page_size());
}

LLMOBS_API size_t llmobs_recorder_file_bytes(const llmobs_config* config)
{
    llmobs_config complete;
    llmobsi_config_complete(&complete, config, false);
    return llmobsi_flight_bytes(&complete);
}

/* ---- the path ------------------------------------------------------------------------------ */

/* A name that nobody can have made beforehand. */
llmobsi_fn bool llmobsi_flight_name(char* path)
{
    static const char folder[] = LLMOBS_I_MEMORY_FOLDER "llmobs-";
    uint8_t random[8];
    char* end = path + sizeof folder - 1;
    if (!llmobsi_random_bytes(random, sizeof random)) {
        return false;
    }
    memcpy(path, folder, sizeof folder);
    end = llmobsi_append_u64(end, llmobsi_os_user());
    *end++ = '-';
    end = llmobsi_append_u64(end, (uint64_t)llmobsi_process_id());
    *end++ = '-';
    end = llmobsi_append_hex(end, random, sizeof random);
    memcpy(end, ".rec", 5);
    return true;
}

llmobsi_fn bool llmobsi_flight_path(const char* given, char path[LLMOBS_I_FILE_PATH])
{
    if (given[0] == '\0') {
        return llmobsi_flight_name(path);
    }
    if (!llmobsi_file_set_path(path, given)) {
        errno = ENAMETOOLONG;
        return false;
    }
    return true;
}

/* ---- making it ----------------------------------------------------------------------------- */

/* Maps a new file. False: it can't be had. */
llmobsi_fn bool llmobsi_flight_map(llmobsi_flight* flight, llmobsi_held* held, int file)
{
    llmobsi_file_facts facts;
    if (!llmobsi_os_facts(file, &facts) || !llmobsi_os_lock_for_process(file)) {
        return false;
    }
    if (flight->bytes > llmobsi_file_allowed()) {
        errno = EFBIG;
        return false;
    }
    flight->head = llmobsi_os_allocate(file, flight->bytes)
                       ? (llmobsi_flight_head*)llmobsi_os_map(file, flight->bytes)
                       : NULL;
    if (flight->head == NULL) {
        return false;
    }
    held->device = facts.device;
    held->inode = facts.inode;
    held->descriptor = file + 1;
    return true;
}

/* Makes the file of a config that asks for one. Where `flight->head` is NULL afterwards, there is
   none: it was not to be had, and the instance does without. Preserves errno. */
llmobsi_fn void llmobsi_flight_make(llmobsi_flight* flight, llmobsi_held* held,
                                    const llmobs_config* config)
{
    int before = errno;
    int file = -1;
    memset(flight, 0, offsetof(llmobsi_flight, path));
    if (config->recorder_file == NULL) {
        return;
    }
    flight->bytes = llmobsi_flight_bytes(config);
    if (flight->bytes != LLMOBS_I_SIZE_OVERFLOW &&
        llmobsi_flight_path(config->recorder_file, flight->path)) {
        file = llmobsi_file_open_path(flight->path, LLMOBS_I_OPEN_BOTH | LLMOBS_I_OPEN_NEW);
    }
    if (file >= 0 && !llmobsi_flight_map(flight, held, file)) {
        (void)llmobsi_os_remove(flight->path);
        (void)llmobsi_os_close(file);
    }
    errno = before;
}

/* ---- giving it up -------------------------------------------------------------------------- */

/* Takes the file away, if the path still leads to it. The memory stays. */
llmobsi_fn void llmobsi_flight_remove(const llmobsi_flight* flight, llmobsi_held* held)
{
    if (flight->head != NULL && held->descriptor > 0 &&
        llmobsi_held_is_at(held, flight->path)) {
        (void)llmobsi_os_remove(flight->path);
    }
    llmobsi_held_close(held);
}

/* Nobody is in it any more. */
llmobsi_fn void llmobsi_flight_unmap(const llmobsi_flight* flight)
{
    if (flight->head != NULL) {
        llmobsi_os_unmap((void*)flight->head, flight->bytes);
    }
}

/* ---- what is written once ------------------------------------------------------------------ */

/* When a process was started, in the system's ticks; 0 where that is not known, there is none, or
   it is dead and waited for. It is the 22nd word of a line whose second is a name in brackets,
   which may hold anything; the third says whether it lives. */
llmobsi_fn uint64_t llmobsi_process_start_of(uint64_t process)
{
    char text[1024] = "/proc/";
    char* end = llmobsi_append_u64(text + 6, process);
    uint64_t start = 0;
    uint32_t word = 2;
    char* at;
    memcpy(end, "/stat", 6);
    llmobsi_os_process_line(text, sizeof text);
    end = text;
    for (at = text; *at != '\0'; at++) {
        end = *at == ')' ? at : end;
    }
    if (strlen(end) < 3 || end[2] == 'Z' || end[2] == 'X') {
        return 0;
    }
    for (; *end != '\0' && word < 22; end++) {
        word += *end == ' ';
    }
    for (; *end >= '0' && *end <= '9'; end++) {
        start = start * 10 + (uint64_t)(*end - '0');
    }
    return start;
}

/* Who records: each attribute as the sizes of key and value in two bytes each, its type in four,
   the key and the value with their NULs. Numbers are eight bytes. What does not fit is left out. */
llmobsi_fn void llmobsi_flight_resource(const llmobs_resource_view* resource,
                                        llmobsi_flight_head* head)
{
    uint32_t i;
    for (i = 0; i < resource->attribute_count; i++) {
        const llmobs_attribute_view* view = &resource->attributes[i];
        bool text = view->type == LLMOBS_TYPE_STRING;
        size_t value = text ? view->value.string.size + 1 : sizeof view->value.integer;
        size_t key = view->key.size + 1;
        unsigned char* out = head->resource + head->resource_size;
        uint16_t sizes[2];
        uint32_t type = (uint32_t)view->type;
        if (view->type == LLMOBS_TYPE_STRINGS || key > LLMOBS_I_FLIGHT_RESOURCE ||
            value > LLMOBS_I_FLIGHT_RESOURCE ||
            8 + key + value > LLMOBS_I_FLIGHT_RESOURCE - head->resource_size) {
            continue;
        }
        sizes[0] = (uint16_t)key;
        sizes[1] = (uint16_t)value;
        memcpy(out, sizes, sizeof sizes);
        memcpy(out + 4, &type, sizeof type);
        memcpy(out + 8, view->key.data, key);
        if (text) {
            memcpy(out + 8 + key, view->value.string.data, value);
        } else {
            memcpy(out + 8 + key, &view->value.integer, value);
        }
        head->resource_size += (uint32_t)(8 + key + value);
    }
}

/* The head, its magic last: before that nobody takes the file for one. */
llmobsi_fn void llmobsi_flight_begin(llmobsi_instance* instance)
{
    const llmobsi_flight* flight = llmobsi_flight_of(instance);
    llmobsi_recorder* recorder = &instance->collector.recorder;
    const llmobs_config* config = &instance->config;
    llmobsi_flight_head* head = flight->head;
    head->id = llmobsi_random_seed();
    head->build = llmobsi_flight_build();
    head->base = (uint64_t)(uintptr_t)head;
    head->bytes = flight->bytes;
    head->process = (uint64_t)llmobsi_process_id();
    head->process_start = llmobsi_process_start_of(head->process);
    head->opened_unix_ns = instance->opened_unix_ns;
    head->threshold = recorder->threshold;
    head->names_seed = recorder->names.seed;
#define LLMOBS_I_FLIGHT_FIELD(field) head->field = config->field;
    LLMOBS_I_FLIGHT_FIELDS(LLMOBS_I_FLIGHT_FIELD)
#undef LLMOBS_I_FLIGHT_FIELD
    llmobsi_flight_resource(&instance->resource.view, head);
    head->checksum = llmobsi_flight_checksum(head);
    llmobsi_timeline_update(&recorder->timeline); /* so that times are known from the beginning */
    llmobsi_flight_pulse(instance);
    llmobsi_compiler_barrier();
    memcpy(head->magic, LLMOBS_I_FLIGHT_MAGIC, sizeof head->magic);
}

/* Lays an instance out, with its record in the file where there is one. */
llmobsi_fn llmobsi_instance* llmobsi_flight_instance(llmobsi_arena* arena,
                                                     const llmobs_config* config,
                                                     const llmobsi_flight* made)
{
    llmobsi_instance* instance;
    llmobsi_flight_head* head;
    unsigned char* journals;
    llmobsi_arena record;
    uint32_t batches = llmobsi_exporter_batches(config);
    size_t stride = llmobsi_journal_stride(config->batch_bytes);
    uint32_t i;
    if (made->head == NULL) {
        return llmobsi_layout(arena, config, arena);
    }
    record.base = (unsigned char*)(void*)made->head;
    record.used = 0;
    head = llmobsi_flight_head_layout(&record);
    instance = llmobsi_layout(arena, config, &record);
    journals = llmobsi_journals_layout(&record, config);
    instance->collector.recorder.history = llmobsi_history_layout(&record, config);
    instance->collector.recorder.history_bytes = config->recorder_history_bytes;
    LLMOBS_ASSERT(record.used <= made->bytes);
    *llmobsi_flight_of(instance) = *made;
    instance->collector.recorder.tally = &head->tally;
    for (i = 0; i < config->max_exporters * batches; i++) {
        llmobsi_queued* batch = &instance->collector.exporters[i / batches].batches[i % batches];
        batch->journal = (llmobsi_journal*)(void*)(journals + i * stride);
        batch->journal_bytes = (uint32_t)(stride - sizeof(llmobsi_journal));
    }
    return instance;
}

/* ---- fork ---------------------------------------------------------------------------------- */

/* Names that came after the fork: who reads the copy must not follow them. */
llmobsi_fn void llmobsi_names_forked(llmobsi_names* names)
{
    uint32_t used = llmobsi_load_relaxed(&names->text_used);
    uint32_t i;
    for (i = 0; i <= names->entry_mask; i++) {
        if (llmobsi_load_relaxed(&names->entries[i]) > used) {
            llmobsi_store_relaxed(&names->entries[i], 0);
        }
    }
}

/* And pages of cells that were claimed after it. */
llmobsi_fn void llmobsi_rows_forked(llmobsi_cells* cells, uint32_t thread_count)
{
    size_t count = (size_t)cells->row_pages * (thread_count + 1u);
    const llmobsi_page* end = cells->pages + llmobsi_load_relaxed(&cells->pages_used);
    size_t i;
    for (i = 0; i < count; i++) {
        if (cells->shared.pages[i] >= end) {
            cells->shared.pages[i] = NULL;
        }
    }
}

/* In the child: the file is the parent's, which goes on writing it. What lies in it becomes private
   memory at the same addresses. Meanwhile the parent goes on, and so the copy may hold what came
   after the fork; what says how much there is lies in memory that is ours, as of the fork. Calls
   nothing but the system: a handler may have forked. False: there is no memory. */
llmobsi_fn bool llmobsi_flight_part(llmobsi_flight* flight)
{
    flight->parted =
        flight->parted || llmobsi_os_map_part((void*)flight->head, flight->bytes);
    return flight->parted;
}

/* In the child, before anybody records. False: there is no memory, and so no instance here. */
llmobsi_fn bool llmobsi_flight_forked(llmobsi_instance* instance)
{
    llmobsi_flight* flight = llmobsi_flight_of(instance);
    llmobsi_recorder* recorder = &instance->collector.recorder;
    uint32_t i;
    if (flight == NULL || flight->head == NULL || recorder->tally == NULL) {
        return true;
    }
    if (!llmobsi_flight_part(flight)) {
        return false;
    }
    recorder->tally = NULL;
    recorder->history = NULL;
    for (i = 0; i < instance->collector.exporter_limit; i++) {
        llmobsi_exporter* exporter = &instance->collector.exporters[i];
        uint32_t batch;
        for (batch = 0; batch < exporter->batch_count; batch++) {
            exporter->batches[batch].journal = NULL;
        }
    }
    llmobsi_names_forked(&recorder->names);
    if (recorder->registry.on) {
        llmobsi_rows_forked(&recorder->registry.cells, recorder->thread_count);
    }
    for (i = 0; i < recorder->thread_count; i++) {
        memset((void*)recorder->threads[i].names, 0, sizeof recorder->threads[i].names);
    }
    return true;
}

/* ---- asked --------------------------------------------------------------------------------- */

LLMOBS_API size_t llmobs_recorder_path(llmobs* obs, char* path, size_t size)
{
    llmobsi_instance* instance = llmobsi_call_begin(obs);
    const llmobsi_flight* flight;
    size_t length = 0;
    if (instance == NULL) {
        return 0;
    }
    flight = llmobsi_flight_of(instance);
    if (flight != NULL && instance->collector.recorder.tally != NULL) {
        length = strlen(flight->path);
        if (path != NULL && length < size) {
            memcpy(path, flight->path, length + 1);
        }
    }
    llmobsi_call_end(instance);
    return length;
}
