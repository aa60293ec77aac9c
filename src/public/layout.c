/* Laying an instance out in its block of memory. */

/* ---- the parts ----------------------------------------------------------------------------- */

/* Most free slots that a thread may hold back: idle threads together at most half of the pool. */
llmobsi_fn uint32_t llmobsi_cache_size(const llmobs_config* config)
{
    uint32_t size = config->span_slots / (2 * config->max_threads);
    return size < 1 ? 1 : size < LLMOBS_I_CACHED_SLOTS ? size : LLMOBS_I_CACHED_SLOTS;
}

/* The slots, and the rings that can carry them all. */
llmobsi_fn void llmobsi_pool_layout(llmobsi_arena* arena, const llmobs_config* config,
                                    llmobsi_recorder* recorder)
{
    uint32_t slots = config->span_slots;
    llmobsi_slot* memory = (llmobsi_slot*)llmobsi_arena_take(arena, slots, sizeof(llmobsi_slot));
    llmobsi_atomic32* free =
        (llmobsi_atomic32*)llmobsi_arena_take(arena, slots, sizeof(llmobsi_atomic32));
    llmobsi_atomic32* rings = (llmobsi_atomic32*)llmobsi_arena_take(
        arena, llmobsi_size_mul(slots, config->max_threads), sizeof(llmobsi_atomic32));
    uint32_t i;
    if (recorder == NULL || rings == NULL) {
        return;
    }
    for (i = 0; i < slots; i++) {
        llmobsi_store_relaxed(&memory[i].state, 0);
    }
    recorder->pool.slots = memory;
    recorder->pool.free = free;
    recorder->pool.mask = slots - 1;
    for (i = 0; i < config->max_threads; i++) {
        recorder->threads[i].slots = memory;
        recorder->threads[i].slot_mask = slots - 1;
        recorder->threads[i].ring.items = rings + (size_t)i * slots;
        recorder->threads[i].ring.mask = slots - 1;
    }
}

/* Text for names, help and labels: what is usual, many times. */
#define LLMOBS_I_TEXT_A_METRIC 320u
#define LLMOBS_I_TEXT_A_SERIES 100u
#define LLMOBS_I_ROWS_A_PAGE 3u /* rows that the pages would suffice for, if all cells were used */

llmobsi_fn void llmobsi_cells_layout(llmobsi_arena* arena, const llmobs_config* config,
                                     llmobsi_recorder* recorder)
{
    uint32_t pages = config->metric_bytes / (uint32_t)sizeof(llmobsi_page);
    uint32_t row_pages = pages / LLMOBS_I_ROWS_A_PAGE;
    size_t entries = llmobsi_size_mul(row_pages, (size_t)config->max_threads + 1);
    llmobsi_page* memory = (llmobsi_page*)llmobsi_arena_take(arena, pages, sizeof(llmobsi_page));
    llmobsi_page** rows =
        (llmobsi_page**)llmobsi_arena_take(arena, entries, sizeof(llmobsi_page*));
    llmobsi_cells* cells;
    uint32_t i;
    if (recorder == NULL || rows == NULL) {
        return;
    }
    memset((void*)rows, 0, entries * sizeof(void*));
    cells = &recorder->registry.cells;
    cells->pages = memory;
    cells->page_count = pages;
    cells->row_pages = row_pages;
    cells->shared.pages = rows;
    for (i = 0; i < config->max_threads; i++) {
        recorder->threads[i].row.pages = rows + (size_t)(i + 1) * row_pages;
    }
}

llmobsi_fn void llmobsi_registry_layout(llmobsi_arena* arena, const llmobs_config* config,
                                        llmobsi_recorder* recorder)
{
    uint32_t entries = llmobsi_round_up_pow2(2 * config->metric_series);
    size_t text_bytes = (size_t)config->metric_series * LLMOBS_I_TEXT_A_SERIES +
                        (size_t)config->max_metrics * LLMOBS_I_TEXT_A_METRIC;
    /* One more than may be defined: to try one in. */
    llmobsi_metric* metrics = (llmobsi_metric*)llmobsi_arena_take(
        arena, (size_t)config->max_metrics + 1, sizeof(llmobsi_metric));
    llmobsi_series* series = (llmobsi_series*)llmobsi_arena_take(arena, config->metric_series,
                                                                 sizeof(llmobsi_series));
    llmobsi_atomic64* table =
        (llmobsi_atomic64*)llmobsi_arena_take(arena, entries, sizeof(llmobsi_atomic64));
    unsigned char* texts = (unsigned char*)llmobsi_arena_take(arena, text_bytes, 1);
    uint32_t exemplar_count = config->exemplars != LLMOBS_OFF ? config->exemplars : 0;
    llmobsi_exemplar* exemplars = (llmobsi_exemplar*)llmobsi_arena_take(
        arena, exemplar_count, sizeof(llmobsi_exemplar));
    llmobsi_cells_layout(arena, config, recorder);
    if (recorder != NULL && exemplars != NULL) {
        llmobsi_registry* registry = &recorder->registry;
        memset(table, 0, entries * sizeof *table);
        memset(exemplars, 0, exemplar_count * sizeof *exemplars);
        registry->metrics = metrics;
        registry->metric_limit = config->max_metrics;
        registry->series = series;
        registry->series_limit = config->metric_series;
        registry->table = table;
        registry->table_mask = entries - 1;
        registry->texts = texts;
        registry->text_bytes = text_bytes;
        registry->exemplars = exemplars;
        registry->exemplar_limit = exemplar_count;
    }
}

/* What the layer above recording needs, part by part. */
llmobsi_fn void llmobsi_analysis_layout(llmobsi_arena* arena, const llmobs_config* config,
                                        llmobsi_recorder* recorder)
{
    if (config->requests != LLMOBS_OFF) {
        llmobsi_requests_layout(arena, config, recorder);
        llmobsi_sessions_layout(arena, config, recorder);
        llmobsi_captures_layout(arena, config, recorder);
        llmobsi_cost_layout(arena, config, recorder);
#ifndef LLMOBS_NO_SCANNER
        llmobsi_guards_layout(arena, config, recorder);
#endif
    }
    if (config->price_bytes != 0) {
        llmobsi_prices_layout(arena, config, recorder);
    }
    if (config->budgets != 0) {
        llmobsi_budgets_layout(arena, config, recorder);
    }
    if (config->alert_rules != LLMOBS_OFF) {
        llmobsi_alerts_layout(arena, config, recorder);
    }
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Everything an instance needs, once to measure it (base NULL) and once to place it. Returns the
   instance when it is placed. What is laid out here is zero, but for the slots, the rings and
   the batches. */
llmobsi_fn llmobsi_instance* llmobsi_layout(llmobsi_arena* arena, const llmobs_config* config)
{
    llmobsi_instance* instance =
        (llmobsi_instance*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_instance));
    llmobsi_thread* threads = (llmobsi_thread*)llmobsi_arena_take(arena, config->max_threads,
                                                                  sizeof(llmobsi_thread));
    uint32_t entries = llmobsi_names_entry_count(config->name_bytes);
    llmobsi_atomic32* names =
        (llmobsi_atomic32*)llmobsi_arena_take(arena, entries, sizeof(llmobsi_atomic32));
    unsigned char* texts = (unsigned char*)llmobsi_arena_take(arena, config->name_bytes, 1);
    llmobsi_exporter* exporters = (llmobsi_exporter*)llmobsi_arena_take(
        arena, config->max_exporters, sizeof(llmobsi_exporter));
    llmobsi_recorder* recorder = NULL;
    uint32_t i;
    if (exporters != NULL) {
        memset(instance, 0, sizeof *instance);
        memset(threads, 0, config->max_threads * sizeof *threads);
        memset(names, 0, entries * sizeof *names);
        recorder = &instance->collector.recorder;
        recorder->threads = threads;
        recorder->thread_count = config->max_threads;
        recorder->names.entries = names;
        recorder->names.entry_mask = entries - 1;
        recorder->names.texts = texts;
        recorder->names.text_capacity = config->name_bytes;
        instance->collector.exporters = exporters;
        instance->collector.exporter_limit = config->max_exporters;
    }
    llmobsi_keyring_layout(arena, recorder != NULL ? &recorder->keyring : NULL);
    if (config->span_slots != LLMOBS_OFF) {
        llmobsi_pool_layout(arena, config, recorder);
    }
    if (config->metric_series != LLMOBS_OFF) {
        llmobsi_registry_layout(arena, config, recorder);
    }
    llmobsi_analysis_layout(arena, config, recorder);
#ifndef LLMOBS_NO_FILE
    if (config->state_file != NULL) {
        llmobsi_state_layout(arena, recorder != NULL ? instance : NULL);
    }
#endif
    for (i = 0; i < config->max_exporters; i++) {
        llmobsi_exporter_layout(arena, config, exporters != NULL ? &exporters[i] : NULL);
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
    (void)llmobsi_layout(&arena, &complete);
    return arena.used;
}

LLMOBS_API size_t llmobs_memory_of(const llmobs_config* config, llmobs_pillar pillar)
{
    llmobs_config without;
    size_t with_alerts, with_metrics, with_costs, with_captures, with_requests, rest;
    llmobsi_config_complete(&without, config, false);
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
    case LLMOBS_PILLAR_JUDGE:
        return with_captures - with_requests;
    default:
        return 0; /* not yet built */
    }
}
