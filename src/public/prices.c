/* Replacing the price table: one at a time, beside the one in use. */

#define LLMOBS_I_PRICES_WINDOW 16384u

/* ---- the way in ---------------------------------------------------------------------------- */

/* A change under way, with the lock taken. */
typedef struct llmobsi_repricing {
    llmobsi_instance* instance;
    llmobsi_prices* prices;
    const llmobsi_price_table* old; /* NULL: none is in use */
    llmobsi_price_table* table;
    int cancel;
} llmobsi_repricing;

/* The instance and its prices, for a call that may wait. Not where this thread has been interrupted
   inside a call, which may be reading the table: no grace period would wait for it. */
llmobsi_fn llmobs_result llmobsi_prices_enter(const llmobs* obs, llmobsi_instance** instance)
{
    llmobs_result result = LLMOBS_OK;
    if (llmobsi_self != NULL && llmobsi_load_relaxed(&llmobsi_self->busy) != 0) {
        return LLMOBS_ERROR_BUSY;
    }
    *instance = llmobsi_call_begin(obs);
    if (*instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    if (llmobsi_prices_of(&(*instance)->collector.recorder) == NULL) {
        result = LLMOBS_ERROR_LIMIT;
        llmobsi_notes_add(&(*instance)->collector.notes, LLMOBS_NOTE_PRICES_OFF, 1);
        llmobsi_call_end(*instance);
    }
    return result;
}

llmobsi_fn void llmobsi_repricing_end(llmobsi_repricing* change)
{
    llmobsi_lock_give(&change->prices->lock);
    llmobsi_cancel_resume(change->cancel);
    llmobsi_call_end(change->instance);
}

/* On success a table is begun where nobody reads any more. */
llmobsi_fn llmobs_result llmobsi_repricing_begin(llmobs* obs, llmobsi_repricing* change)
{
    llmobs_result result = llmobsi_prices_enter(obs, &change->instance);
    uint64_t deadline_ns;
    if (result != LLMOBS_OK) {
        return result;
    }
    change->prices = llmobsi_prices_of(&change->instance->collector.recorder);
    change->cancel = llmobsi_cancel_hold();
    llmobsi_lock_take(&change->prices->lock);
    deadline_ns = llmobsi_monotonic_ns() +
                  (uint64_t)change->instance->config.close_timeout_ms * UINT64_C(1000000);
    if (!llmobsi_grace(deadline_ns)) {
        llmobsi_repricing_end(change);
        return LLMOBS_ERROR_TIMEOUT;
    }
    change->old = llmobsi_prices_table(change->prices);
    change->table = llmobsi_table_begin(change->prices);
    return LLMOBS_OK;
}

/* Begins with all that the table in use has, but for one name. */
llmobsi_fn bool llmobsi_repricing_copy(llmobsi_repricing* change, llmobs_string without)
{
    if (change->old == NULL) {
        return true;
    }
    change->table->about = change->old->about;
    change->table->about.models = 0;
    memcpy(change->table->digest, change->old->digest, sizeof change->table->digest);
    return llmobsi_table_copy(change->prices, change->table, change->old, without);
}

/* ---- id and date --------------------------------------------------------------------------- */

/* A digest of what a table was made from, as it comes. */
#ifndef LLMOBS_NO_SHA256
typedef llmobs_sha256 llmobsi_price_digest;

llmobsi_fn void llmobsi_price_digest_begin(llmobsi_price_digest* digest)
{
    llmobs_sha256_begin(digest);
}

llmobsi_fn void llmobsi_price_digest_update(llmobsi_price_digest* digest, const void* data,
                                            size_t size)
{
    llmobs_sha256_update(digest, data, size);
}

llmobsi_fn void llmobsi_price_digest_end(llmobsi_price_digest* digest, llmobsi_price_table* table)
{
    llmobs_sha256_end(digest, table->digest);
}

#else

/* Without SHA-256 a hash, which tells tables apart, but not those of a forger. */
typedef uint64_t llmobsi_price_digest;

llmobsi_fn void llmobsi_price_digest_begin(llmobsi_price_digest* digest)
{
    *digest = 0;
}

llmobsi_fn void llmobsi_price_digest_update(llmobsi_price_digest* digest, const void* data,
                                            size_t size)
{
    *digest = llmobsi_hash64_own(data, size, *digest);
}

llmobsi_fn void llmobsi_price_digest_end(llmobsi_price_digest* digest, llmobsi_price_table* table)
{
    llmobsi_store_le64((char*)table->digest, *digest);
}
#endif

/* Gives a table the id of what it was made from. */
llmobsi_fn void llmobsi_table_identify(llmobsi_price_table* table, llmobsi_price_digest* digest)
{
    llmobsi_price_digest_end(digest, table);
    *llmobsi_append_hex(table->about.id, table->digest, (LLMOBS_PRICES_ID_SIZE - 1) / 2) = '\0';
}

llmobsi_fn void llmobsi_table_date_today(llmobsi_price_table* table, const llmobs_clock* clock)
{
    llmobsi_second second;
    memset(&second, 0, sizeof second);
    llmobsi_second_fill(&second, llmobsi_clock_unix_ns(clock) / LLMOBS_I_BILLION);
    memcpy(table->about.date, second.text, LLMOBS_PRICES_DATE_SIZE - 1);
}

/* ---- loading ------------------------------------------------------------------------------- */

/* Where the text comes from: memory, or a file. */
typedef struct llmobsi_price_source {
    const char* data;
    size_t left;
    int file; /* -1: memory */
    bool failed;
    llmobsi_price_digest digest;
} llmobsi_price_source;

llmobsi_fn size_t llmobsi_price_source_more(void* user, char* data, size_t size)
{
    llmobsi_price_source* source = (llmobsi_price_source*)user;
    size_t got = 0;
    if (source->file < 0) {
        got = size < source->left ? size : source->left;
        if (got > 0) {
            memcpy(data, source->data, got);
            source->data += got;
            source->left -= got;
        }
    } else {
        got = llmobsi_read_whole(source->file, data, size);
        source->failed |= got < size && errno != 0;
    }
    llmobsi_price_digest_update(&source->digest, data, got);
    return got;
}

llmobsi_fn void llmobsi_price_error_tell(llmobs_price_error* error, uint32_t line, uint32_t column,
                                         const char* reason)
{
    llmobs_price_error full;
    if (error != NULL) {
        memset(&full, 0, sizeof full);
        full.size = llmobsi_known_size(error->size, sizeof full);
        full.line = line;
        full.column = column;
        full.reason = reason;
        memcpy(error, &full, full.size);
    }
}

/* Reads a table from where it comes, and publishes it. */
llmobsi_fn llmobs_result llmobsi_prices_read(llmobsi_repricing* change,
                                             llmobsi_price_source* source,
                                             llmobs_price_error* error)
{
    char window[LLMOBS_I_PRICES_WINDOW];
    llmobsi_loading loading;
    bool good;
    llmobsi_price_digest_begin(&source->digest);
    loading.prices = change->prices;
    loading.table = change->table;
    llmobsi_json_read_pieces(&loading.reader, window, sizeof window, llmobsi_price_source_more,
                             source, loading.room, sizeof loading.room);
    good = llmobsi_loading_read(&loading);
    if (source->failed) {
        llmobsi_price_error_tell(error, 0, 0, "reading the file failed");
        return LLMOBS_ERROR_SYSTEM;
    }
    if (!good) {
        llmobsi_price_error_tell(error, loading.reader.line, loading.reader.column,
                                 loading.reader.reason);
        return loading.reader.reason == llmobsi_table_full ? LLMOBS_ERROR_LIMIT
                                                           : LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_table_identify(change->table, &source->digest);
    llmobsi_table_date_today(change->table, &change->instance->config.clock);
    llmobsi_table_publish(change->prices, change->table);
    llmobsi_price_error_tell(error, 0, 0, "");
    return LLMOBS_OK;
}

llmobsi_fn llmobs_result llmobsi_prices_load(llmobs* obs, llmobsi_price_source* source,
                                             llmobs_price_error* error)
{
    llmobsi_repricing change;
    llmobs_result result = llmobsi_repricing_begin(obs, &change);
    if (result != LLMOBS_OK) {
        llmobsi_price_error_tell(error, 0, 0,
                                 result == LLMOBS_ERROR_LIMIT
                                     ? llmobs_note_text(LLMOBS_NOTE_PRICES_OFF)
                                     : llmobs_result_name(result));
        return result;
    }
    result = llmobsi_prices_read(&change, source, error);
    if (result != LLMOBS_OK) {
        (void)llmobsi_add_relaxed(&change.prices->refused_tables, 1);
    }
    llmobsi_repricing_end(&change);
    return result;
}

LLMOBS_API llmobs_result llmobs_prices_load(llmobs* obs, const char* json, size_t size,
                                            llmobs_price_error* error)
{
    llmobsi_price_source source;
    llmobs_string text = llmobs_text(json, size);
    memset(&source, 0, sizeof source);
    source.data = text.data;
    source.left = text.size;
    source.file = -1;
    return llmobsi_prices_load(obs, &source, error);
}

/* Descriptor of a plain file, or -1. */
llmobsi_fn int llmobsi_prices_file(const char* path)
{
    llmobsi_file_facts facts;
    int file = llmobsi_os_open(path, LLMOBS_I_OPEN_READ);
    if (file >= 0 && (!llmobsi_os_facts(file, &facts) || !facts.plain)) {
        (void)llmobsi_os_close(file);
        file = -1;
    }
    return file;
}

LLMOBS_API llmobs_result llmobs_prices_load_file(llmobs* obs, const char* path,
                                                 llmobs_price_error* error)
{
    llmobsi_price_source source;
    llmobs_result result;
    int saved = errno;
    memset(&source, 0, sizeof source);
    source.file = path != NULL ? llmobsi_prices_file(path) : -1;
    if (source.file < 0) {
        llmobsi_price_error_tell(error, 0, 0, "the file could not be opened");
        errno = saved;
        return path != NULL ? LLMOBS_ERROR_SYSTEM : LLMOBS_ERROR_ARGUMENT;
    }
    result = llmobsi_prices_load(obs, &source, error);
    (void)llmobsi_os_close(source.file);
    errno = saved;
    return result;
}

/* ---- changing the table in use ------------------------------------------------------------- */

/* A row of prices set by call. False: some argument will not do. */
llmobsi_fn bool llmobsi_draft_price(llmobsi_draft* draft, const llmobs_price* given)
{
    llmobs_price price = llmobs_price_default();
    llmobsi_draft_sheet* sheet =
        llmobsi_draft_sheet_of(draft, LLMOBS_I_SHEET_PLAIN, 0, LLMOBS_I_TIER_STANDARD);
    int kind;
    memcpy(&price, given, llmobsi_known_size(given->size, sizeof price));
    for (kind = 0; kind < (int)LLMOBS_COST_KIND_COUNT; kind++) {
        if (price.femto[kind] > (int64_t)LLMOBS_I_UNITS_MOST) {
            return false;
        }
        if (price.femto[kind] >= 0) {
            (void)llmobsi_draft_rate(sheet, (llmobs_cost_kind)kind, (uint64_t)price.femto[kind]);
        }
    }
    draft->max_input = price.max_input_tokens > 0 && price.max_input_tokens < UINT32_MAX
                           ? (uint32_t)price.max_input_tokens
                           : 0;
    draft->max_output = price.max_output_tokens > 0 && price.max_output_tokens < UINT32_MAX
                            ? (uint32_t)price.max_output_tokens
                            : 0;
    return sheet->head.present != 0;
}

/* "provider/model", or the model alone. */
llmobsi_fn bool llmobsi_draft_name(llmobsi_draft* draft, llmobs_string provider,
                                   llmobs_string model)
{
    size_t before = provider.size > 0 ? provider.size + 1 : 0;
    llmobsi_draft_begin(draft);
    if (model.size == 0 || model.size > LLMOBS_PRICE_NAME_SIZE ||
        before > LLMOBS_PRICE_NAME_SIZE || before + model.size >= LLMOBS_PRICE_NAME_SIZE ||
        !llmobsi_text_is_safe(provider.data, provider.size) ||
        !llmobsi_text_is_safe(model.data, model.size)) {
        return false;
    }
    if (before > 0) {
        memcpy(draft->owner, provider.data, provider.size);
        memcpy(draft->name_text, provider.data, provider.size);
        draft->name_text[provider.size] = '/';
    }
    memcpy(draft->name_text + before, model.data, model.size);
    draft->name.size = before + model.size;
    return true;
}

/* The id of a table that was changed: of what it was before, and the change. */
llmobsi_fn void llmobsi_repricing_digest(llmobsi_repricing* change, const llmobsi_draft* draft)
{
    llmobsi_price_digest digest;
    char rate[9];
    int kind;
    llmobsi_price_digest_begin(&digest);
    llmobsi_price_digest_update(&digest, change->table->digest, sizeof change->table->digest);
    llmobsi_price_digest_update(&digest, draft->name_text, draft->name.size + 1);
    for (kind = 0; draft->sheet_count > 0 && kind < (int)LLMOBS_COST_KIND_COUNT; kind++) {
        rate[0] = (char)(draft->sheets[0].head.present >> kind & 1);
        llmobsi_store_le64(rate + 1, draft->sheets[0].rates[kind]);
        llmobsi_price_digest_update(&digest, rate, sizeof rate);
    }
    llmobsi_table_identify(change->table, &digest);
}

LLMOBS_API llmobs_result llmobs_price_set(llmobs* obs, const char* provider, const char* model,
                                          const llmobs_price* price)
{
    llmobsi_repricing change;
    llmobsi_draft draft;
    llmobs_result result;
    if (!llmobsi_draft_name(&draft, llmobsi_provider_name(llmobs_str(provider)),
                            llmobs_str(model)) ||
        (price != NULL && !llmobsi_draft_price(&draft, price))) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    result = llmobsi_repricing_begin(obs, &change);
    if (result != LLMOBS_OK) {
        return result;
    }
    if (!llmobsi_repricing_copy(&change, draft.name) ||
        (price != NULL && llmobsi_table_add(change.prices, change.table, &draft) != NULL)) {
        result = LLMOBS_ERROR_LIMIT;
    } else {
        llmobsi_repricing_digest(&change, &draft);
        if (change.table->about.date[0] == '\0') {
            llmobsi_table_date_today(change.table, &change.instance->config.clock);
        }
        llmobsi_table_publish(change.prices, change.table);
    }
    llmobsi_repricing_end(&change);
    return result;
}

llmobsi_fn bool llmobsi_date_is_good(const char* date)
{
    static const char form[] = "dddd-dd-dd";
    size_t i;
    for (i = 0; date != NULL && i < sizeof form - 1; i++) {
        if (form[i] == 'd' ? date[i] < '0' || date[i] > '9' : date[i] != form[i]) {
            return false;
        }
    }
    return date != NULL && date[i] == '\0';
}

LLMOBS_API llmobs_result llmobs_prices_date(llmobs* obs, const char* date)
{
    llmobsi_repricing change;
    llmobs_result result;
    if (!llmobsi_date_is_good(date)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    result = llmobsi_repricing_begin(obs, &change);
    if (result != LLMOBS_OK) {
        return result;
    }
    if (change.old == NULL || !llmobsi_repricing_copy(&change, llmobs_str(""))) {
        result = LLMOBS_ERROR_ARGUMENT;
    } else {
        memcpy(change.table->about.date, date, LLMOBS_PRICES_DATE_SIZE);
        llmobsi_table_publish(change.prices, change.table);
    }
    llmobsi_repricing_end(&change);
    return result;
}

LLMOBS_API llmobs_result llmobs_prices_identity(llmobs* obs, llmobs_prices* prices)
{
    const llmobsi_price_table* table;
    llmobsi_instance* instance;
    llmobsi_prices* from;
    llmobs_prices full;
    llmobs_result result;
    if (prices == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&full, 0, sizeof full);
    result = llmobsi_prices_enter(obs, &instance);
    from = result == LLMOBS_OK ? llmobsi_prices_of(&instance->collector.recorder) : NULL;
    if (from != NULL) {
        llmobsi_lock_take(&from->lock); /* so that nobody builds where we read */
        table = llmobsi_prices_table(from);
        if (table != NULL) {
            full = table->about;
        }
        llmobsi_lock_give(&from->lock);
        full.unknown_models = llmobsi_load_relaxed(&from->unknown_models);
        full.no_usage = llmobsi_load_relaxed(&from->no_usage);
        full.refused = llmobsi_load_relaxed(&from->refused);
        llmobsi_call_end(instance);
    }
    full.size = llmobsi_known_size(prices->size, sizeof full);
    memcpy(prices, &full, full.size);
    return result;
}
