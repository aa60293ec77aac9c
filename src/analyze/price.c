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
    llmobsi_atomic64 models;  /* of the table in use; under the lock, any thread reads */
    llmobsi_atomic64 rounded; /* likewise */
    llmobsi_atomic64 refused_tables; /* under the lock */
    llmobsi_atomic64 unknown_models; /* these three: any thread adds */
    llmobsi_atomic64 no_usage;
    llmobsi_atomic64 refused;
} llmobsi_prices;

/* Those of an instance; NULL: it has none. */
llmobsi_inline llmobsi_prices* llmobsi_prices_of(const llmobsi_recorder* recorder)
{
    return LLMOBS_I_REQUESTS ? (llmobsi_prices*)recorder->prices : NULL;
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

LLMOBS_API llmobs_price_error llmobs_price_error_default(void)
{
    llmobs_price_error error;
    memset(&error, 0, sizeof error);
    error.size = sizeof error;
    return error;
}

LLMOBS_API llmobs_prices llmobs_prices_default(void)
{
    llmobs_prices prices;
    memset(&prices, 0, sizeof prices);
    prices.size = sizeof prices;
    return prices;
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
