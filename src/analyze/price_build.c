/* Building price tables: a row is drafted at its full size, and then written as short as it can
   be. */

/* ---- drafts -------------------------------------------------------------------------------- */

#define LLMOBS_I_DRAFT_SHEETS 40u
#define LLMOBS_I_DRAFT_OFF_PEAKS 32u
#define LLMOBS_I_DRAFT_UPLIFTS 8u

typedef struct llmobsi_draft_sheet {
    llmobsi_sheet head;
    uint64_t rates[LLMOBS_COST_KIND_COUNT];
} llmobsi_draft_sheet;

/* A row to be. */
typedef struct llmobsi_draft {
    llmobs_string name;
    char name_text[LLMOBS_PRICE_NAME_SIZE];
    char owner[LLMOBS_PRICE_NAME_SIZE];
    uint32_t max_input;
    uint32_t max_output;
    uint32_t sheet_count;
    uint32_t off_peak_count;
    uint32_t uplift_count;
    uint32_t rounded;
    uint32_t seen; /* names that must not come twice */
    bool unknown_zone;
    llmobsi_draft_sheet sheets[LLMOBS_I_DRAFT_SHEETS];
    llmobsi_off_peak off_peaks[LLMOBS_I_DRAFT_OFF_PEAKS];
    llmobsi_uplift uplifts[LLMOBS_I_DRAFT_UPLIFTS];
} llmobsi_draft;

/* Begins one; sheets are cleared as they come. */
llmobsi_fn void llmobsi_draft_begin(llmobsi_draft* draft)
{
    memset(draft, 0, offsetof(llmobsi_draft, sheets));
    draft->name.data = draft->name_text;
}

/* The sheet for a form, threshold and tier; NULL: there are too many. */
llmobsi_fn llmobsi_draft_sheet* llmobsi_draft_sheet_of(llmobsi_draft* draft,
                                                       llmobsi_sheet_form form,
                                                       uint64_t threshold,
                                                       llmobsi_service_tier tier)
{
    llmobsi_draft_sheet* sheet = draft->sheets;
    uint32_t i;
    for (i = 0; i < draft->sheet_count; i++, sheet++) {
        if (sheet->head.form == (uint8_t)form && sheet->head.threshold == threshold &&
            sheet->head.tier == (uint8_t)tier) {
            return sheet;
        }
    }
    if (draft->sheet_count == LLMOBS_I_DRAFT_SHEETS) {
        return NULL;
    }
    draft->sheet_count++;
    memset(sheet, 0, sizeof *sheet);
    sheet->head.form = (uint8_t)form;
    sheet->head.threshold = threshold;
    sheet->head.tier = (uint8_t)tier;
    return sheet;
}

/* False: it has a rate already. */
llmobsi_fn bool llmobsi_draft_rate(llmobsi_draft_sheet* sheet, llmobs_cost_kind kind,
                                   uint64_t femto)
{
    uint16_t bit = (uint16_t)(1u << kind);
    if ((sheet->head.present & bit) != 0) {
        return false;
    }
    sheet->head.present = (uint16_t)(sheet->head.present | bit);
    sheet->head.count++;
    sheet->rates[kind] = femto;
    return true;
}

llmobsi_fn bool llmobsi_sheet_before(const llmobsi_sheet* a, const llmobsi_sheet* b)
{
    if (a->form != b->form) {
        return a->form < b->form;
    }
    return a->threshold != b->threshold ? a->threshold < b->threshold : a->tier < b->tier;
}

/* There are few: by insertion. */
llmobsi_fn void llmobsi_draft_sort(llmobsi_draft* draft)
{
    uint32_t i, at;
    for (i = 1; i < draft->sheet_count; i++) {
        llmobsi_draft_sheet moved = draft->sheets[i];
        for (at = i; at > 0 && llmobsi_sheet_before(&moved.head, &draft->sheets[at - 1].head);
             at--) {
            draft->sheets[at] = draft->sheets[at - 1];
        }
        draft->sheets[at] = moved;
    }
}

/* ---- tables, under the lock ---------------------------------------------------------------- */

/* Begins a table in the half that is not in use. */
llmobsi_fn llmobsi_price_table* llmobsi_table_begin(llmobsi_prices* prices)
{
    unsigned char* half = prices->halves[llmobsi_load_relaxed(&prices->active) == 1];
    llmobsi_price_table* table = (llmobsi_price_table*)(void*)half;
    uint32_t entries = llmobsi_round_up_pow2((uint32_t)(prices->half_bytes / 128));
    memset(table, 0, sizeof *table + entries * sizeof(uint32_t));
    table->index_mask = entries - 1;
    /* An entry says in eights where its row is. */
    table->rows = (uint32_t)llmobsi_size_align(sizeof *table + entries * sizeof(uint32_t), 8);
    table->used = table->rows;
    return table;
}

/* Room for a row; NULL: the half is full. */
llmobsi_fn llmobsi_price_row* llmobsi_table_take(const llmobsi_prices* prices,
                                                 llmobsi_price_table* table, size_t bytes)
{
    llmobsi_price_row* row = llmobsi_table_row(table, table->used);
    if (bytes > prices->half_bytes - table->used ||
        table->about.models >= table->index_mask - table->index_mask / 4) {
        return NULL;
    }
    table->used += (uint32_t)bytes;
    table->about.models++;
    return row;
}

/* Writes what follows a row's head: as llmobsi_draft_bytes has laid it out. */
llmobsi_fn void llmobsi_row_fill(llmobsi_price_row* row, const llmobsi_draft* draft)
{
    unsigned char* base = (unsigned char*)row;
    unsigned char* out = base + row->sheets;
    uint32_t i;
    int kind;
    memcpy(base + sizeof *row, draft->name.data, draft->name.size);
    memcpy(base + sizeof *row + draft->name.size + 1, draft->owner, strlen(draft->owner));
    for (i = 0; i < draft->sheet_count; i++) {
        const llmobsi_draft_sheet* sheet = &draft->sheets[i];
        memcpy(out, &sheet->head, sizeof sheet->head);
        out += sizeof sheet->head;
        for (kind = 0; kind < (int)LLMOBS_COST_KIND_COUNT; kind++) {
            if ((sheet->head.present >> kind & 1) != 0) {
                memcpy(out, &sheet->rates[kind], sizeof sheet->rates[kind]);
                out += sizeof sheet->rates[kind];
            }
        }
    }
    memcpy(base + row->off_peaks, draft->off_peaks,
           draft->off_peak_count * sizeof draft->off_peaks[0]);
    memcpy(base + row->uplifts, draft->uplifts, draft->uplift_count * sizeof draft->uplifts[0]);
}

/* Lays a row out: its head alone is filled. Returns its size. */
llmobsi_fn size_t llmobsi_row_lay_out(llmobsi_price_row* row, const llmobsi_draft* draft)
{
    size_t at = sizeof *row + draft->name.size + strlen(draft->owner) + 2;
    uint32_t i;
    memset(row, 0, sizeof *row);
    at = (at + 7) & ~(size_t)7;
    row->sheets = (uint16_t)at;
    for (i = 0; i < draft->sheet_count; i++) {
        at += sizeof(llmobsi_sheet) + draft->sheets[i].head.count * sizeof(uint64_t);
    }
    row->off_peaks = (uint16_t)at;
    at += draft->off_peak_count * sizeof(llmobsi_off_peak);
    row->uplifts = (uint16_t)at;
    at += draft->uplift_count * sizeof(llmobsi_uplift);
    row->bytes = (uint16_t)((at + 7) & ~(size_t)7);
    row->name_size = (uint8_t)draft->name.size;
    row->owner_size = (uint8_t)strlen(draft->owner);
    row->sheet_count = (uint8_t)draft->sheet_count;
    row->off_peak_count = (uint8_t)draft->off_peak_count;
    row->uplift_count = (uint8_t)draft->uplift_count;
    row->max_input = draft->max_input;
    row->max_output = draft->max_output;
    return row->bytes;
}

static const char llmobsi_table_full[] =
    "the table does not fit (raise llmobs_config.price_bytes)";

/* Puts a row where it is found, at the place that llmobsi_table_find gave. A name with and without
   its owner: the longer one has the say. */
llmobsi_fn void llmobsi_table_enter(const llmobsi_prices* prices, llmobsi_price_table* table,
                                    llmobsi_price_row* row, uint32_t* place)
{
    llmobs_string name = llmobs_text(llmobsi_row_name(row), row->name_size);
    llmobs_string owner = llmobs_str(llmobsi_row_owner(row));
    llmobs_string provider, model, first, rest;
    llmobsi_price_row* bare;
    *place = (uint32_t)((size_t)((unsigned char*)row - (unsigned char*)table) / 8);
    llmobsi_price_part(name, &provider, &model);
    row->shadowed = owner.size > 0 && provider.size == 0 &&
                    llmobsi_table_find(prices, table, owner, model, &place) != NULL;
    if (provider.size > 0) {
        llmobsi_price_part(model, &first, &rest);
        bare = llmobsi_table_find(prices, table, first, rest, &place);
        if (bare != NULL && llmobsi_row_is_owned(bare, provider)) {
            bare->shadowed = true;
        }
    }
}

/* A name that stands in the table already is refused, and so is a table that is too large. */
llmobsi_fn const char* llmobsi_table_add(const llmobsi_prices* prices, llmobsi_price_table* table,
                                         llmobsi_draft* draft)
{
    llmobs_string provider, model;
    llmobsi_price_row head;
    llmobsi_price_row* row;
    uint32_t* place;
    llmobsi_price_part(draft->name, &provider, &model);
    if (llmobsi_table_find(prices, table, provider, model, &place) != NULL) {
        return "this model stood here before";
    }
    llmobsi_draft_sort(draft);
    row = llmobsi_table_take(prices, table, llmobsi_row_lay_out(&head, draft));
    if (row == NULL) {
        return llmobsi_table_full;
    }
    memset((void*)row, 0, head.bytes);
    head.hash = (uint32_t)(llmobsi_price_hash(prices, provider, model) >> 32);
    head.provider_size = (uint8_t)provider.size;
    head.inclusive = strcmp(draft->owner, "xai") == 0 || (provider.size == 3 &&
                     memcmp(provider.data, "xai", 3) == 0);
    *row = head;
    llmobsi_row_fill(row, draft);
    llmobsi_table_enter(prices, table, row, place);
    table->about.rounded += draft->rounded;
    return NULL;
}

/* All rows of another table but for one name. False: they do not fit, which cannot be. */
llmobsi_fn bool llmobsi_table_copy(const llmobsi_prices* prices, llmobsi_price_table* table,
                                   const llmobsi_price_table* from, llmobs_string without)
{
    uint32_t at;
    for (at = from->rows; at < from->used;) {
        const llmobsi_price_row* old = llmobsi_table_row(from, at);
        llmobs_string name = llmobs_text(llmobsi_row_name(old), old->name_size);
        llmobs_string provider, model;
        llmobsi_price_row* row;
        uint32_t* place;
        at += old->bytes;
        if (name.size == without.size && memcmp(name.data, without.data, name.size) == 0) {
            continue;
        }
        llmobsi_price_part(name, &provider, &model);
        (void)llmobsi_table_find(prices, table, provider, model, &place);
        row = llmobsi_table_take(prices, table, old->bytes);
        if (row == NULL) {
            return false;
        }
        memcpy((void*)row, old, old->bytes);
        llmobsi_table_enter(prices, table, row, place);
    }
    return true;
}

/* From here on it is the one in use. */
llmobsi_fn void llmobsi_table_publish(llmobsi_prices* prices, llmobsi_price_table* table)
{
    table->about.size = sizeof table->about;
    table->about.bytes_used = table->used;
    llmobsi_store_relaxed(&prices->models, table->about.models);
    llmobsi_store_relaxed(&prices->rounded, table->about.rounded);
    llmobsi_store_release(&prices->active,
                          (unsigned char*)table == prices->halves[0] ? 1u : 2u);
}

/* ---- layout -------------------------------------------------------------------------------- */

/* `recorder` is NULL while measuring. */
llmobsi_fn void llmobsi_prices_layout(llmobsi_arena* arena, const llmobs_config* config,
                                      llmobsi_recorder* recorder)
{
    llmobsi_prices* prices =
        (llmobsi_prices*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_prices));
    unsigned char* first = (unsigned char*)llmobsi_arena_take(arena, config->price_bytes, 1);
    unsigned char* second = (unsigned char*)llmobsi_arena_take(arena, config->price_bytes, 1);
    if (recorder == NULL || second == NULL) {
        return;
    }
    memset(prices, 0, sizeof *prices);
    prices->halves[0] = first;
    prices->halves[1] = second;
    prices->half_bytes = config->price_bytes;
    prices->most = (int64_t)config->cost_most * INT64_C(1000000000);
    recorder->prices = prices;
}

/* Before anybody else is there. */
llmobsi_fn void llmobsi_prices_start(llmobsi_recorder* recorder)
{
    llmobsi_prices* prices = llmobsi_prices_of(recorder);
    if (prices != NULL) {
        prices->seed = llmobsi_random_seed();
    }
}

/* In the child of a fork: the table is the parent's, and stays; the counters begin anew. */
llmobsi_fn void llmobsi_prices_forked(llmobsi_prices* prices)
{
    prices->refused_tables = 0;
    prices->unknown_models = 0;
    prices->no_usage = 0;
    prices->refused = 0;
}
