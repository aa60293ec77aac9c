/* The price table. There are two halves of memory: one is in use, in the other the next table is
   built, under a lock. A release store makes it the one in use, and the half that was is built in
   again only after a grace period: so readers, who are inside, take no lock.

   A half holds a head, an index (open addressing; a place is a row's offset / 8) and the rows, one
   after the other, as short as they can be. */

/* ---- rows ---------------------------------------------------------------------------------- */

/* Who serves it how fast; the names as they end keys of the table. */
#define LLMOBS_I_SERVICE_TIERS(X)                                                                 \
    X(STANDARD, "") X(BATCHES, "batches") X(FLEX, "flex") X(PRIORITY, "priority")                 \
    X(ULTRAFAST, "ultrafast") X(BALANCED, "balanced")

typedef enum llmobsi_service_tier {
#define LLMOBS_I_SERVICE_TIER(name, text) LLMOBS_I_TIER_##name,
    LLMOBS_I_SERVICE_TIERS(LLMOBS_I_SERVICE_TIER)
#undef LLMOBS_I_SERVICE_TIER
    LLMOBS_I_TIER_COUNT
} llmobsi_service_tier;

static const char* const llmobsi_service_tiers[] = {
#define LLMOBS_I_SERVICE_TIER(name, text) text,
    LLMOBS_I_SERVICE_TIERS(LLMOBS_I_SERVICE_TIER)
#undef LLMOBS_I_SERVICE_TIER
};

/* What the rates of a sheet are for. A row's sheets stand in this order, then by threshold, then by
   service tier: what comes later is laid over what came before. */
typedef enum llmobsi_sheet_form {
    LLMOBS_I_SHEET_PLAIN,
    LLMOBS_I_SHEET_TIERED, /* of tiered_pricing: takes precedence */
    LLMOBS_I_SHEET_OFF_PEAK
} llmobsi_sheet_form;

/* Followed by `count` rates, in the order of their bits. */
typedef struct llmobsi_sheet {
    uint64_t threshold; /* for requests with more input tokens than this; 0: for all */
    uint16_t present;   /* a bit for each llmobs_cost_kind */
    uint8_t count;
    uint8_t form;
    uint8_t tier;
    uint8_t unused[3];
} llmobsi_sheet;

/* Off-peak hours: minutes of the day in UTC, from `from` to before `to`. */
typedef struct llmobsi_off_peak {
    uint16_t from;
    uint16_t to;
    int16_t zone; /* minutes east of UTC, of the calendar that the weekdays are of */
    uint8_t weekdays; /* from Monday, bit 0 */
    uint8_t unused;
} llmobsi_off_peak;

#define LLMOBS_I_UPLIFT_NAME 20u
#define LLMOBS_I_UPLIFT_UNIT 1000000u /* what an uplift of 1 is          */
#define LLMOBS_I_UPLIFT_MOST 100000000u
#define LLMOBS_I_UPLIFT_ELSEWHERE "*" /* in any region, but for "global" */

/* A factor on the whole, for a region or a way of serving. */
typedef struct llmobsi_uplift {
    uint32_t millionths;
    char name[LLMOBS_I_UPLIFT_NAME];
} llmobsi_uplift;

/* Followed by its name and its owner's (each with a NUL), sheets, off-peak hours, uplifts; the
   last three at offsets from its beginning. */
typedef struct llmobsi_price_row {
    uint32_t hash;
    uint16_t bytes; /* to the next row */
    uint16_t sheets;
    uint16_t off_peaks;
    uint16_t uplifts;
    uint8_t provider_size; /* of the name: what stands before its first '/' */
    uint8_t name_size;
    uint8_t owner_size;
    uint8_t sheet_count;
    uint8_t off_peak_count;
    uint8_t uplift_count;
    bool inclusive; /* a threshold itself is above it */
    bool shadowed;  /* its owner has another row of this name, with the owner before it */
    uint32_t max_input; /* 0: unknown, these two */
    uint32_t max_output;
} llmobsi_price_row;

typedef struct llmobsi_price_table {
    uint32_t used; /* bytes, from its beginning */
    uint32_t index_mask;
    uint32_t rows; /* where the first one stands */
    uint8_t digest[32];
    llmobs_prices about; /* but for the counters */
} llmobsi_price_table;

typedef struct llmobsi_prices {
    llmobsi_lock lock; /* for whoever builds */
    llmobsi_atomic32 active; /* 1 + the half in use, 0: none. Under the lock; readers acquire */
    unsigned char* halves[2]; /* this and the next three: open writes */
    size_t half_bytes;
    uint64_t seed;
    int64_t most; /* nano-USD a request */
    llmobsi_atomic64 unknown_models; /* these three: any thread adds */
    llmobsi_atomic64 no_usage;
    llmobsi_atomic64 refused;
} llmobsi_prices;

/* Those of an instance; NULL: it has none. */
llmobsi_inline llmobsi_prices* llmobsi_prices_of(const llmobsi_recorder* recorder)
{
    return (llmobsi_prices*)recorder->prices;
}

/* Inside, or under the lock; NULL: there is no table. It stays until we leave. */
llmobsi_inline const llmobsi_price_table* llmobsi_prices_table(const llmobsi_prices* prices)
{
    uint32_t active = llmobsi_load_acquire(&prices->active);
    return active != 0 ? (const llmobsi_price_table*)(void*)prices->halves[active - 1] : NULL;
}

llmobsi_inline const char* llmobsi_row_name(const llmobsi_price_row* row)
{
    return (const char*)(row + 1);
}

/* Of LiteLLM's litellm_provider; "": unknown. */
llmobsi_inline const char* llmobsi_row_owner(const llmobsi_price_row* row)
{
    return llmobsi_row_name(row) + row->name_size + 1;
}

llmobsi_inline const llmobsi_sheet* llmobsi_row_sheets(const llmobsi_price_row* row)
{
    return (const llmobsi_sheet*)(const void*)((const unsigned char*)row + row->sheets);
}

llmobsi_inline const uint64_t* llmobsi_sheet_rates(const llmobsi_sheet* sheet)
{
    return (const uint64_t*)(const void*)(sheet + 1);
}

llmobsi_inline const llmobsi_sheet* llmobsi_sheet_next(const llmobsi_sheet* sheet)
{
    return (const llmobsi_sheet*)(const void*)(llmobsi_sheet_rates(sheet) + sheet->count);
}

llmobsi_inline const llmobsi_off_peak* llmobsi_row_off_peaks(const llmobsi_price_row* row)
{
    return (const llmobsi_off_peak*)(const void*)((const unsigned char*)row + row->off_peaks);
}

llmobsi_inline const llmobsi_uplift* llmobsi_row_uplifts(const llmobsi_price_row* row)
{
    return (const llmobsi_uplift*)(const void*)((const unsigned char*)row + row->uplifts);
}

LLMOBS_API llmobs_price llmobs_price_default(void)
{
    llmobs_price price;
    int kind;
    memset(&price, 0, sizeof price);
    price.size = sizeof price;
    price.max_input_tokens = -1;
    price.max_output_tokens = -1;
    for (kind = 0; kind < (int)LLMOBS_COST_KIND_COUNT; kind++) {
        price.femto[kind] = -1;
    }
    return price;
}

/* ---- the index ----------------------------------------------------------------------------- */

llmobsi_inline uint32_t* llmobsi_table_index(const llmobsi_price_table* table)
{
    return (uint32_t*)(uintptr_t)(table + 1);
}

llmobsi_inline llmobsi_price_row* llmobsi_table_row(const llmobsi_price_table* table, size_t at)
{
    return (llmobsi_price_row*)(uintptr_t)((const unsigned char*)table + at);
}

/* A name in two parts, `provider` before its first '/' or empty. */
llmobsi_inline uint64_t llmobsi_price_hash(const llmobsi_prices* prices, llmobs_string provider,
                                           llmobs_string model)
{
    uint64_t hash = prices->seed;
    if (provider.size > 0) {
        hash = llmobsi_hash64(provider.data, provider.size, hash);
    }
    return llmobsi_hash64(model.data, model.size, hash);
}

llmobsi_inline bool llmobsi_row_is(const llmobsi_price_row* row, llmobs_string provider,
                                   llmobs_string model)
{
    const char* name = llmobsi_row_name(row);
    size_t before = provider.size > 0 ? provider.size + 1 : 0;
    return row->provider_size == provider.size && row->name_size == before + model.size &&
           (before == 0 || memcmp(name, provider.data, provider.size) == 0) &&
           memcmp(name + before, model.data, model.size) == 0;
}

/* The row of a name, or the empty place where it would stand: there always is one. */
llmobsi_fn llmobsi_price_row* llmobsi_table_find(const llmobsi_prices* prices,
                                                 const llmobsi_price_table* table,
                                                 llmobs_string provider, llmobs_string model,
                                                 uint32_t** place)
{
    uint64_t hash = llmobsi_price_hash(prices, provider, model);
    uint32_t at = (uint32_t)hash;
    for (;; at++) {
        uint32_t* entry = &llmobsi_table_index(table)[at & table->index_mask];
        llmobsi_price_row* row;
        if (*entry == 0) {
            *place = entry;
            return NULL;
        }
        row = llmobsi_table_row(table, (size_t)*entry * 8);
        if (row->hash == (uint32_t)(hash >> 32) && llmobsi_row_is(row, provider, model)) {
            *place = entry;
            return row;
        }
    }
}

/* Parts a name at its first '/'. */
llmobsi_fn void llmobsi_price_part(llmobs_string name, llmobs_string* provider,
                                   llmobs_string* model)
{
    const char* slash =
        name.size > 0 ? (const char*)memchr(name.data, '/', name.size) : NULL;
    *provider = llmobs_text(name.data, slash != NULL ? (size_t)(slash - name.data) : 0);
    *model = name;
    if (slash != NULL && slash != name.data) {
        *model = llmobs_text(slash + 1, name.size - provider->size - 1);
    }
}

/* ---- finding the row of a request ---------------------------------------------------------- */

/* How it was found. */
typedef struct llmobsi_price_match {
    const llmobsi_price_row* row; /* NULL: not at all */
    bool dated;    /* of the name without its date */
    bool wildcard; /* by a name that ends in a star */
} llmobsi_price_match;

/* What OpenTelemetry calls providers, and what the table does. */
static const char* const llmobsi_provider_names[][2] = {
    {"azure.ai.openai", "azure"},   {"azure.ai.inference", "azure_ai"},
    {"aws.bedrock", "bedrock"},     {"gcp.gemini", "gemini"},
    {"gcp.gen_ai", "gemini"},       {"gcp.vertex_ai", "vertex_ai"},
    {"ibm.watsonx.ai", "watsonx"},  {"mistral_ai", "mistral"},
    {"x_ai", "xai"},
};

llmobsi_fn llmobs_string llmobsi_provider_name(llmobs_string provider)
{
    size_t i;
    if (memchr(provider.data, '.', provider.size) == NULL &&
        memchr(provider.data, '_', provider.size) == NULL) {
        return provider;
    }
    for (i = 0; i < sizeof llmobsi_provider_names / sizeof llmobsi_provider_names[0]; i++) {
        if (strlen(llmobsi_provider_names[i][0]) == provider.size &&
            memcmp(llmobsi_provider_names[i][0], provider.data, provider.size) == 0) {
            return llmobs_str(llmobsi_provider_names[i][1]);
        }
    }
    return provider;
}

/* Whether a row without a provider in its name may serve this one: it is its owner, as "vertex_ai"
   is of "vertex_ai-language-models", or one of the two is not known. */
llmobsi_fn bool llmobsi_row_serves(const llmobsi_price_row* row, llmobs_string provider)
{
    const char* owner = llmobsi_row_owner(row);
    return provider.size == 0 || owner[0] == '\0' ||
           (strncmp(owner, provider.data, provider.size) == 0 &&
            (owner[provider.size] == '\0' || owner[provider.size] == '-' ||
             owner[provider.size] == '_'));
}

/* Whether a provider is the very owner of a row. */
llmobsi_inline bool llmobsi_row_is_owned(const llmobsi_price_row* row, llmobs_string provider)
{
    const char* owner = llmobsi_row_owner(row);
    return row->owner_size == provider.size &&
           memcmp(owner, provider.data, provider.size) == 0;
}

/* By the name as it is, with the provider before it or without. What a provider sells under its own
   name is what is asked for most: it is found at once. */
llmobsi_fn const llmobsi_price_row* llmobsi_price_exact(const llmobsi_prices* prices,
                                                        const llmobsi_price_table* table,
                                                        llmobs_string provider,
                                                        llmobs_string model)
{
    const llmobsi_price_row* row;
    const llmobsi_price_row* own = NULL;
    llmobs_string first, rest;
    uint32_t* place;
    llmobsi_price_part(model, &first, &rest);
    row = llmobsi_table_find(prices, table, first, rest, &place);
    if (row != NULL && row->provider_size == 0 && !row->shadowed &&
        llmobsi_row_is_owned(row, provider)) {
        return row;
    }
    if (row != NULL && llmobsi_row_serves(row, provider)) {
        own = row;
    }
    if (provider.size > 0) {
        row = llmobsi_table_find(prices, table, provider, model, &place);
        return row != NULL ? row : own;
    }
    if (own == NULL && provider.size == 0 && first.size > 0) {
        return llmobsi_price_exact(prices, table, first, rest); /* the row is "gpt-4o" alone */
    }
    return own;
}

/* The size of a name without the date at its end: -2024-08-06, -20240806, @20240806. The same
   size: it has none. */
llmobsi_fn size_t llmobsi_undated_size(llmobs_string model)
{
    static const char* const forms[] = {"-dddd-dd-dd", "-dddddddd", "@dddddddd"};
    size_t form;
    for (form = 0; form < sizeof forms / sizeof forms[0]; form++) {
        size_t size = strlen(forms[form]);
        const char* date;
        size_t i = 0;
        if (model.size <= size) {
            continue;
        }
        date = model.data + (model.size - size);
        while (i < size && (forms[form][i] == 'd' ? date[i] >= '0' && date[i] <= '9'
                                                  : date[i] == forms[form][i])) {
            i++;
        }
        if (i == size) {
            return model.size - size;
        }
    }
    return model.size;
}

/* By a name that ends in "/" and a star: the longest one first. */
llmobsi_fn const llmobsi_price_row* llmobsi_price_wildcard(const llmobsi_prices* prices,
                                                           const llmobsi_price_table* table,
                                                           llmobs_string provider,
                                                           llmobs_string model)
{
    char pattern[LLMOBS_PRICE_NAME_SIZE];
    size_t size = model.size;
    llmobs_string first = provider, rest = model;
    if (provider.size == 0) {
        llmobsi_price_part(model, &first, &rest);
        size = rest.size;
    }
    if (first.size == 0 || size >= sizeof pattern - 1) {
        return NULL;
    }
    memcpy(pattern, rest.data, size);
    for (;; size--) {
        if (size == 0 || pattern[size - 1] == '/') {
            const llmobsi_price_row* row;
            uint32_t* place;
            pattern[size] = '*';
            row = llmobsi_table_find(prices, table, first, llmobs_text(pattern, size + 1), &place);
            if (row != NULL || size == 0) {
                return row;
            }
        }
    }
}

/* Inside. */
llmobsi_fn llmobsi_price_match llmobsi_price_find(const llmobsi_prices* prices,
                                                  const llmobsi_price_table* table,
                                                  llmobs_string provider, llmobs_string model)
{
    llmobsi_price_match match;
    llmobs_string undated = model;
    llmobs_string other;
    memset(&match, 0, sizeof match);
    if (table == NULL || model.size == 0) {
        return match;
    }
    match.row = llmobsi_price_exact(prices, table, provider, model);
    if (llmobsi_likely(match.row != NULL)) {
        return match;
    }
    other = llmobsi_provider_name(provider);
    if (other.data != provider.data) {
        provider = other;
        match.row = llmobsi_price_exact(prices, table, provider, model);
    }
    if (match.row == NULL) {
        undated.size = llmobsi_undated_size(model);
        match.dated = undated.size < model.size;
        match.row =
            match.dated ? llmobsi_price_exact(prices, table, provider, undated) : NULL;
    }
    if (match.row == NULL) {
        match.dated = false;
        match.row = llmobsi_price_wildcard(prices, table, provider, model);
        match.wildcard = match.row != NULL;
    }
    return match;
}

/* ---- building a table, under the lock ------------------------------------------------------ */

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

/* Begins a table in the half that is not in use. */
llmobsi_fn llmobsi_price_table* llmobsi_table_begin(llmobsi_prices* prices)
{
    unsigned char* half = prices->halves[llmobsi_load_relaxed(&prices->active) == 1];
    llmobsi_price_table* table = (llmobsi_price_table*)(void*)half;
    uint32_t entries = llmobsi_round_up_pow2((uint32_t)(prices->half_bytes / 128));
    memset(table, 0, sizeof *table + entries * sizeof(uint32_t));
    table->index_mask = entries - 1;
    table->rows = (uint32_t)(sizeof *table + entries * sizeof(uint32_t));
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
    if (prices != NULL && !llmobsi_random_bytes(&prices->seed, sizeof prices->seed)) {
        prices->seed = llmobsi_monotonic_ns();
    }
}

/* In the child of a fork: the table is the parent's, and stays; the counters begin anew. */
llmobsi_fn void llmobsi_prices_forked(llmobsi_prices* prices)
{
    prices->unknown_models = 0;
    prices->no_usage = 0;
    prices->refused = 0;
}
