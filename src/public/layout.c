/* Laying an instance out in its block of memory. */

/* ---- the parts ----------------------------------------------------------------------------- */

/* Most free slots that a thread may hold back: idle threads together at most half of the pool. */
llmobsi_fn uint32_t llmobsi_cache_size(const llmobs_config* config)
{
    uint32_t size = config->span_slots / (2 * config->max_threads);
    return size < 1 ? 1 : size < LLMOBS_I_CACHED_SLOTS ? size : LLMOBS_I_CACHED_SLOTS;
}

/* ---- what a flight recorder's file holds --------------------------------------------------- */

/* Recoverers lay out a file that they have read by the same functions: so these place, and change
   nothing of what is there. */

llmobsi_fn void llmobsi_slots_layout(llmobsi_arena* arena, const llmobs_config* config,
                                     llmobsi_recorder* recorder)
{
    uint32_t slots = config->span_slots;
    llmobsi_slot* memory = (llmobsi_slot*)llmobsi_arena_take(arena, slots, sizeof(llmobsi_slot));
    if (recorder != NULL && memory != NULL) {
        recorder->pool.slots = memory;
        recorder->pool.mask = slots - 1;
    }
}

/* Text for names, help and labels: what is usual, many times. */
#define LLMOBS_I_TEXT_A_METRIC 320u
#define LLMOBS_I_TEXT_A_SERIES 100u
#define LLMOBS_I_ROWS_A_PAGE 3u /* rows that the pages would suffice for, if all cells were used */

llmobsi_fn size_t llmobsi_row_entries(const llmobs_config* config)
{
    uint32_t pages = config->metric_bytes / (uint32_t)sizeof(llmobsi_page);
    return llmobsi_size_mul(pages / LLMOBS_I_ROWS_A_PAGE, (size_t)config->max_threads + 1);
}

llmobsi_fn void llmobsi_cells_layout(llmobsi_arena* arena, const llmobs_config* config,
                                     llmobsi_recorder* recorder)
{
    uint32_t pages = config->metric_bytes / (uint32_t)sizeof(llmobsi_page);
    llmobsi_page* memory = (llmobsi_page*)llmobsi_arena_take(arena, pages, sizeof(llmobsi_page));
    llmobsi_page** rows = (llmobsi_page**)llmobsi_arena_take(arena, llmobsi_row_entries(config),
                                                             sizeof(llmobsi_page*));
    if (recorder != NULL && rows != NULL) {
        llmobsi_cells* cells = &recorder->registry.cells;
        cells->pages = memory;
        cells->page_count = pages;
        cells->row_pages = pages / LLMOBS_I_ROWS_A_PAGE;
        cells->shared.pages = rows;
    }
}

llmobsi_fn void llmobsi_registry_layout(llmobsi_arena* arena, const llmobs_config* config,
                                        llmobsi_recorder* recorder)
{
    size_t text_bytes = (size_t)config->metric_series * LLMOBS_I_TEXT_A_SERIES +
                        (size_t)config->max_metrics * LLMOBS_I_TEXT_A_METRIC;
    /* One more than may be defined: to try one in. */
    llmobsi_metric* metrics = (llmobsi_metric*)llmobsi_arena_take(
        arena, (size_t)config->max_metrics + 1, sizeof(llmobsi_metric));
    llmobsi_series* series = (llmobsi_series*)llmobsi_arena_take(arena, config->metric_series,
                                                                 sizeof(llmobsi_series));
    unsigned char* texts = (unsigned char*)llmobsi_arena_take(arena, text_bytes, 1);
    uint32_t exemplar_count = config->exemplars != LLMOBS_OFF ? config->exemplars : 0;
    llmobsi_exemplar* exemplars = (llmobsi_exemplar*)llmobsi_arena_take(
        arena, exemplar_count, sizeof(llmobsi_exemplar));
    llmobsi_cells_layout(arena, config, recorder);
    if (recorder != NULL && exemplars != NULL) {
        llmobsi_registry* registry = &recorder->registry;
        registry->metrics = metrics;
        registry->metric_limit = config->max_metrics;
        registry->series = series;
        registry->series_limit = config->metric_series;
        registry->texts = texts;
        registry->text_bytes = text_bytes;
        registry->exemplars = exemplars;
        registry->exemplar_limit = exemplar_count;
    }
}

llmobsi_fn void llmobsi_record_layout(llmobsi_arena* arena, const llmobs_config* config,
                                      llmobsi_recorder* recorder)
{
    llmobsi_thread* threads = (llmobsi_thread*)llmobsi_arena_take(arena, config->max_threads,
                                                                  sizeof(llmobsi_thread));
    uint32_t entries = llmobsi_names_entry_count(config->name_bytes);
    llmobsi_atomic32* names =
        (llmobsi_atomic32*)llmobsi_arena_take(arena, entries, sizeof(llmobsi_atomic32));
    unsigned char* texts = (unsigned char*)llmobsi_arena_take(arena, config->name_bytes, 1);
    if (recorder != NULL && texts != NULL) {
        recorder->threads = threads;
        recorder->thread_count = config->max_threads;
        recorder->names.entries = names;
        recorder->names.entry_mask = entries - 1;
        recorder->names.texts = texts;
        recorder->names.text_capacity = config->name_bytes;
    }
    if (config->span_slots != LLMOBS_OFF) {
        llmobsi_slots_layout(arena, config, recorder);
    }
    if (config->metric_series != LLMOBS_OFF) {
        llmobsi_registry_layout(arena, config, recorder);
    }
}

/* What threads have of all that is theirs. */
llmobsi_fn void llmobsi_threads_layout(llmobsi_recorder* recorder)
{
    const llmobsi_cells* cells = &recorder->registry.cells;
    uint32_t i;
    for (i = 0; i < recorder->thread_count; i++) {
        llmobsi_thread* thread = &recorder->threads[i];
        thread->slots = recorder->pool.slots;
        thread->slot_mask = recorder->pool.mask;
        if (cells->shared.pages != NULL) {
            thread->row.pages = cells->shared.pages + (size_t)(i + 1) * cells->row_pages;
        }
    }
}

/* ---- the rest ------------------------------------------------------------------------------ */

/* What of the record is not zero by itself, in a block that another instance had. */
llmobsi_fn void llmobsi_record_clear(const llmobs_config* config, llmobsi_recorder* recorder)
{
    uint32_t i;
    memset((void*)recorder->threads, 0, config->max_threads * sizeof *recorder->threads);
    memset(recorder->names.entries, 0,
           ((size_t)recorder->names.entry_mask + 1) * sizeof *recorder->names.entries);
    for (i = 0; config->span_slots != LLMOBS_OFF && i <= recorder->pool.mask; i++) {
        llmobsi_store_relaxed(&recorder->pool.slots[i].state, 0);
    }
    if (config->metric_series != LLMOBS_OFF) {
        llmobsi_registry* registry = &recorder->registry;
        memset((void*)registry->cells.shared.pages, 0,
               llmobsi_row_entries(config) * sizeof(llmobsi_page*));
        memset(registry->exemplars, 0, registry->exemplar_limit * sizeof *registry->exemplars);
    }
}

/* The rings that can carry all slots. */
llmobsi_fn void llmobsi_rings_layout(llmobsi_arena* arena, const llmobs_config* config,
                                     llmobsi_recorder* recorder)
{
    uint32_t slots = config->span_slots;
    llmobsi_atomic32* free =
        (llmobsi_atomic32*)llmobsi_arena_take(arena, slots, sizeof(llmobsi_atomic32));
    llmobsi_atomic32* rings = (llmobsi_atomic32*)llmobsi_arena_take(
        arena, llmobsi_size_mul(slots, config->max_threads), sizeof(llmobsi_atomic32));
    uint32_t i;
    if (recorder == NULL || rings == NULL) {
        return;
    }
    recorder->pool.free = free;
    for (i = 0; i < config->max_threads; i++) {
        recorder->threads[i].ring.items = rings + (size_t)i * slots;
        recorder->threads[i].ring.mask = slots - 1;
    }
}

/* What finds series, and whom callback gauges ask. */
llmobsi_fn void llmobsi_table_layout(llmobsi_arena* arena, const llmobs_config* config,
                                     llmobsi_recorder* recorder)
{
    uint32_t entries = llmobsi_round_up_pow2(2 * config->metric_series);
    llmobsi_atomic64* table =
        (llmobsi_atomic64*)llmobsi_arena_take(arena, entries, sizeof(llmobsi_atomic64));
    llmobsi_asked* asked = (llmobsi_asked*)llmobsi_arena_take(arena, config->max_metrics,
                                                              sizeof(llmobsi_asked));
    if (recorder != NULL && asked != NULL) {
        memset(table, 0, entries * sizeof *table);
        recorder->registry.table = table;
        recorder->registry.table_mask = entries - 1;
        recorder->registry.asked = asked;
    }
}

/* What an exporter of differences has been told: a number for each cell that a row can have; and
   until when, a time for each series. */
llmobsi_fn void llmobsi_delta_layout(llmobsi_arena* arena, const llmobs_config* config,
                                     llmobsi_instance* instance)
{
    uint32_t pages = config->metric_bytes / (uint32_t)sizeof(llmobsi_page) / LLMOBS_I_ROWS_A_PAGE;
    size_t count = llmobsi_size_mul(pages, LLMOBS_I_PAGE_CELLS);
    uint64_t* told = (uint64_t*)llmobsi_arena_take(arena, count, sizeof(uint64_t));
    uint64_t* until =
        (uint64_t*)llmobsi_arena_take(arena, config->metric_series, sizeof(uint64_t));
    if (instance != NULL && told != NULL && until != NULL) {
        instance->delta.told = told;
        instance->delta.count = count;
        instance->delta.until_unix_ns = until;
        instance->delta.series_count = config->metric_series;
        llmobsi_delta_forked(&instance->delta);
    }
}

/* What the layer above recording needs, part by part. */
llmobsi_fn void llmobsi_analysis_layout(llmobsi_arena* arena, const llmobs_config* config,
                                        llmobsi_recorder* recorder)
{
    if (LLMOBS_I_REQUESTS && config->requests != LLMOBS_OFF) {
        llmobsi_requests_layout(arena, config, recorder);
        llmobsi_sessions_layout(arena, config, recorder);
        if (LLMOBS_I_JUDGE) {
            llmobsi_sampler_layout(arena, config, recorder);
            llmobsi_captures_layout(arena, config, recorder);
        }
        llmobsi_cost_layout(arena, config, recorder);
#ifndef LLMOBS_NO_SCANNER
        llmobsi_guards_layout(arena, config, recorder);
#endif
    }
    if (LLMOBS_I_REQUESTS && config->price_bytes != 0) {
        llmobsi_prices_layout(arena, config, recorder);
    }
    if (LLMOBS_I_REQUESTS && config->budgets != 0) {
        llmobsi_budgets_layout(arena, config, recorder);
    }
    if (LLMOBS_I_ALERTS && config->alert_rules != LLMOBS_OFF) {
        llmobsi_alerts_layout(arena, config, recorder);
    }
    if (LLMOBS_I_TAIL && config->tail_traces != 0 && config->span_slots != LLMOBS_OFF) {
        llmobsi_tail_layout(arena, config, recorder);
    }
    if (LLMOBS_I_DRIFT && config->drift_detectors != 0) {
        llmobsi_detectors_layout(arena, config, recorder);
    }
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Everything an instance needs, once to measure it (base NULL) and once to place it. `record` is
   the flight recorder's file, where that is not the same block. Returns the instance when it is
   placed. What is laid out here is zero, but for the slots, the rings and the batches. */
llmobsi_cold llmobsi_instance* llmobsi_layout(llmobsi_arena* arena, const llmobs_config* config,
                                              llmobsi_arena* record)
{
    llmobsi_instance* instance =
        (llmobsi_instance*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_instance));
    llmobsi_exporter* exporters = (llmobsi_exporter*)llmobsi_arena_take(
        arena, config->max_exporters, sizeof(llmobsi_exporter));
    llmobsi_recorder* recorder = NULL;
    uint32_t i;
    if (exporters != NULL) {
        memset((void*)instance, 0, sizeof *instance);
        recorder = &instance->collector.recorder;
        instance->collector.exporters = exporters;
        instance->collector.exporter_limit = config->max_exporters;
    }
    llmobsi_record_layout(record, config, recorder);
    if (recorder != NULL) {
        llmobsi_record_clear(config, recorder);
        llmobsi_threads_layout(recorder);
    }
    llmobsi_resource_layout(arena, config, recorder != NULL ? &instance->resource : NULL);
    llmobsi_keyring_layout(arena, recorder != NULL ? &recorder->keyring : NULL);
    if (config->span_slots != LLMOBS_OFF) {
        llmobsi_rings_layout(arena, config, recorder);
    }
    if (config->metric_series != LLMOBS_OFF) {
        llmobsi_table_layout(arena, config, recorder);
        if (config->metric_delta) {
            llmobsi_delta_layout(arena, config, recorder != NULL ? instance : NULL);
        }
    }
    llmobsi_analysis_layout(arena, config, recorder);
    if (LLMOBS_I_JUDGE && config->captures != 0 && config->requests != LLMOBS_OFF) {
        llmobsi_review_layout(arena, config, recorder != NULL ? instance : NULL);
    }
#ifndef LLMOBS_NO_FILE
    if (config->state_file != NULL) {
        llmobsi_state_layout(arena, recorder != NULL ? instance : NULL);
    }
    if (config->recorder_file != NULL) {
        llmobsi_flight_take(arena, recorder != NULL ? instance : NULL);
    }
#endif
    for (i = 0; i < config->max_exporters; i++) {
        llmobsi_exporter_layout(arena, config, exporters != NULL ? &exporters[i] : NULL);
        llmobsi_spooling_layout(arena, exporters != NULL ? &exporters[i] : NULL);
    }
    return instance;
}

LLMOBS_API size_t llmobs_memory_needed(const llmobs_config* config)
{
    llmobs_config complete;
    llmobsi_arena arena;
    llmobsi_config_complete(&complete, config, false);
    arena.base = NULL;
    arena.used = 0;
    (void)llmobsi_layout(&arena, &complete, &arena);
    return arena.used;
}

/* What is left of it when the record lies in a file. */
llmobsi_fn size_t llmobsi_memory_beside(const llmobs_config* config)
{
    llmobsi_arena arena;
    llmobsi_arena record;
    memset(&arena, 0, sizeof arena);
    memset(&record, 0, sizeof record);
    (void)llmobsi_layout(&arena, config, &record);
    return arena.used;
}

LLMOBS_API size_t llmobs_memory_of(const llmobs_config* config, llmobs_pillar pillar)
{
    llmobs_config without;
    size_t with_drift, with_tail, with_alerts, with_metrics, with_costs, with_captures;
    size_t with_requests, rest;
    llmobsi_config_complete(&without, config, false);
    with_drift = llmobs_memory_needed(&without);
    without.drift_detectors = 0;
    with_tail = llmobs_memory_needed(&without);
    without.tail_traces = 0;
    with_alerts = llmobs_memory_needed(&without);
    without.alert_rules = LLMOBS_OFF;
    with_metrics = llmobs_memory_needed(&without);
    without.metric_series = LLMOBS_OFF;
    without.exemplars = LLMOBS_OFF;
    with_costs = llmobs_memory_needed(&without);
    without.price_bytes = 0;
    without.budgets = 0;
    without.cost_rows = LLMOBS_OFF;
    with_captures = llmobs_memory_needed(&without);
    without.captures = 0;
    with_requests = llmobs_memory_needed(&without);
    without.requests = LLMOBS_OFF;
    rest = llmobs_memory_needed(&without);
    switch (pillar) {
    case LLMOBS_PILLAR_SPANS:
        return rest; /* and what all pillars share */
    case LLMOBS_PILLAR_METRICS:
        return with_metrics - with_costs;
    case LLMOBS_PILLAR_REQUESTS:
        return with_requests - rest;
    case LLMOBS_PILLAR_COST:
        return with_costs - with_captures;
    case LLMOBS_PILLAR_ALERTS:
        return with_alerts - with_metrics;
    case LLMOBS_PILLAR_DRIFT:
        return with_drift - with_tail;
    case LLMOBS_PILLAR_JUDGE:
        return with_captures - with_requests;
    case LLMOBS_PILLAR_TAIL_SAMPLING:
        return with_tail - with_alerts;
    default:
        return 0; /* not yet built */
    }
}
