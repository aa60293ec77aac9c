/* A state file, read back into an instance that nobody uses yet. Every length, number and index is
   checked; who finds the file refused begins the instance anew. The sizes of the config may be
   others: rows are found by their names, and what does not fit goes where it would have gone. */

typedef struct llmobsi_state_loader {
    llmobsi_state_reader reader;
    llmobsi_cost_ledger* ledger; /* NULL: there is none; likewise the next two */
    llmobsi_cost_users* users;
    llmobsi_budgets* budgets;
    llmobsi_state_alerts alerts;
    uint64_t now_ns; /* Unix time */
    uint64_t saved_ns;
    int32_t offset_s;
    uint32_t sums; /* that a row has in a period: a file of another version may have more or less */
    uint32_t rows; /* of the file, so far. They have the same numbers here, while there is room */
    llmobsi_cost_group* group; /* whose sketches come; NULL: they have no place here */
    bool all_seen;
    bool ended;
    uint64_t lost; /* what found no place */
} llmobsi_state_loader;

#define LLMOBS_I_STATE_ROWS_MOST (1 << 24)
#define LLMOBS_I_STATE_SUMS_FIRST 18 /* of files whose head does not say */
#define LLMOBS_I_STATE_SUMS_MOST 64

LLMOBS_I_STATIC_ASSERT(state_sums, LLMOBS_I_COST_SUMS <= LLMOBS_I_STATE_SUMS_MOST);

/* ---- the ledger ---------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_state_load_head(llmobsi_state_loader* loader)
{
    llmobsi_state_reader* reader = &loader->reader;
    uint64_t counts[4];
    int i;
    loader->saved_ns = llmobsi_state_get_word(reader);
    loader->offset_s = (int32_t)llmobsi_state_get(reader, -86400, 86400);
    for (i = 0; i < 4; i++) {
        counts[i] = llmobsi_state_get_word(reader);
    }
    if (reader->at < reader->end) {
        loader->sums = (uint32_t)llmobsi_state_get(reader, LLMOBS_I_STATE_SUMS_FIRST,
                                                   LLMOBS_I_STATE_SUMS_MOST);
    }
    if (loader->ledger != NULL) {
        loader->ledger->overflows = counts[0];
        loader->ledger->folded = counts[1];
        loader->ledger->late = counts[2];
        loader->ledger->saturated = counts[3];
    }
}

/* The row must get the number that it had, or none: the file has each one once. */
llmobsi_fn void llmobsi_state_load_row(llmobsi_state_loader* loader)
{
    llmobsi_state_reader* reader = &loader->reader;
    llmobs_string names[LLMOBS_I_COST_DIMENSIONS];
    uint32_t row;
    int i;
    for (i = 0; i < (int)LLMOBS_I_COST_DIMENSIONS; i++) {
        names[i].size = (size_t)llmobsi_state_get(reader, 0, LLMOBS_EXPLAINED_TEXT - 1);
        names[i].data = (const char*)llmobsi_state_get_bytes(reader, names[i].size);
        if (names[i].data == NULL || memchr(names[i].data, '\0', names[i].size) != NULL ||
            !llmobsi_utf8_is_valid(names[i].data, names[i].size)) {
            llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a name is malformed"));
            return;
        }
    }
    if (loader->ledger != NULL && loader->rows == loader->ledger->row_count) {
        row = llmobsi_cost_row_get(loader->ledger, names);
        if (row != loader->rows && row != LLMOBS_I_COST_ROW_OTHER) {
            llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a row comes twice"));
        }
    }
    loader->lost += loader->ledger == NULL || loader->rows >= loader->ledger->row_count;
    loader->rows += loader->rows < LLMOBS_I_STATE_ROWS_MOST;
}

/* A period's number in our time zone: where that is another one than the file's, the number of the
   period that has the middle of it. */
llmobsi_fn int32_t llmobsi_state_number(const llmobsi_state_loader* loader, llmobs_period period,
                                        int32_t number)
{
    uint64_t half = LLMOBS_I_MINUTE_NS * (period == LLMOBS_PERIOD_HOUR  ? 30
                                          : period == LLMOBS_PERIOD_DAY ? 12 * 60
                                                                        : 14 * 24 * 60);
    if (period == LLMOBS_PERIOD_NONE || loader->offset_s == loader->ledger->offset_s) {
        return number;
    }
    return llmobsi_period_at(period, loader->ledger->offset_s,
                             llmobsi_period_begins(period, loader->offset_s, number) + half);
}

/* Days since 1970 in 32 bits, and months that fit them. */
llmobsi_fn int32_t llmobsi_state_get_number(llmobsi_state_reader* reader, llmobs_period period)
{
    int64_t most = period == LLMOBS_PERIOD_NONE    ? 0
                   : period == LLMOBS_PERIOD_MONTH ? 12 * 1000
                                                   : 1 << 23; /* both beyond 64 bits of ns */
    return (int32_t)llmobsi_state_get(reader, -most, most);
}

llmobsi_fn void llmobsi_state_load_sums(llmobsi_state_loader* loader)
{
    llmobsi_state_reader* reader = &loader->reader;
    llmobsi_cost_ledger* ledger = loader->ledger;
    int64_t kind = llmobsi_state_get(reader, 0, LLMOBS_PERIOD_COUNT - 1);
    llmobs_period period = (llmobs_period)kind;
    int32_t number = llmobsi_state_get_number(reader, period);
    uint32_t row = (uint32_t)llmobsi_state_get(reader, 0, (int64_t)loader->rows - 1);
    int64_t words[LLMOBS_I_STATE_SUMS_MOST] = {0};
    llmobs_cost_sums sums;
    uint32_t slot;
    uint32_t i;
    for (i = 0; i < loader->sums; i++) {
        words[i] = llmobsi_state_get(reader, 0, INT64_MAX);
    }
    memcpy(&sums, words, sizeof sums);
    if (reader->refused != NULL || ledger == NULL) {
        loader->lost += ledger == NULL;
        return;
    }
    slot = llmobsi_cost_slot_get(ledger, period, llmobsi_state_number(loader, period, number));
    if (slot == LLMOBS_I_COST_SLOTS) {
        loader->lost++;
    } else if (row == LLMOBS_I_COST_ROW_OTHER) {
        ledger->saturated += llmobsi_cost_sums_add(&ledger->slots[slot].other, &sums);
    } else {
        row = row < ledger->row_count ? row : LLMOBS_I_COST_ROW_OTHER;
        ledger->saturated +=
            llmobsi_cost_sums_add(llmobsi_cost_sums_of(ledger, row, period, slot), &sums);
    }
}

/* ---- who spends ---------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_state_load_user(llmobsi_state_loader* loader)
{
    llmobsi_state_reader* reader = &loader->reader;
    int32_t month = llmobsi_state_get_number(reader, LLMOBS_PERIOD_MONTH);
    int64_t nobodys_nano = llmobsi_state_get(reader, 0, INT64_MAX);
    if (reader->refused == NULL && loader->users != NULL) {
        loader->users->begun = true;
        loader->users->month = llmobsi_state_number(loader, LLMOBS_PERIOD_MONTH, month);
        loader->users->nobodys_nano = nobodys_nano;
    }
}

/* The group of a feature's row + 1, of 0 that of all. NULL: it has no place here, or comes twice;
   then the file is refused. */
llmobsi_fn llmobsi_cost_group* llmobsi_state_group(llmobsi_state_loader* loader, uint32_t row)
{
    const llmobsi_cost_ledger* ledger = loader->ledger;
    bool again = row == 0 && loader->all_seen;
    uint32_t i;
    loader->all_seen |= row == 0;
    if (loader->users == NULL || !loader->users->begun || row > ledger->row_count) {
        return NULL;
    }
    for (i = 0; row != 0 && i < loader->users->feature_limit; i++) {
        again |= loader->users->features[i].row == row;
    }
    if (again || (row != 0 && ledger->rows[row - 1].first[LLMOBS_I_COST_FEATURE] != row - 1)) {
        llmobsi_state_refuse(&loader->reader, LLMOBS_I_STATE_REFUSED("a feature is wrong"));
        return NULL;
    }
    return row == 0 ? &loader->users->all : llmobsi_cost_group_of(loader->users, row - 1);
}

/* An id of a key that pseudonyms were made with. */
llmobsi_fn void llmobsi_state_load_id(llmobsi_state_loader* loader, uint64_t place)
{
    const unsigned char* bytes = llmobsi_state_get_bytes(&loader->reader, LLMOBS_KEY_ID_SIZE);
    char id[LLMOBS_KEY_ID_SIZE] = {0};
    const void* end = bytes != NULL ? memchr(bytes, '\0', sizeof id) : NULL;
    if (end == NULL) {
        llmobsi_state_refuse(&loader->reader, LLMOBS_I_STATE_REFUSED("a key's id is malformed"));
        return;
    }
#ifndef LLMOBS_NO_SHA256
    memcpy(id, bytes, (size_t)((const unsigned char*)end - bytes));
    if (loader->group != NULL && (!llmobsi_key_id_is_valid(id, strlen(id)) ||
                                  llmobsi_top_id(loader->group->top, id) != place + 1)) {
        llmobsi_state_refuse(&loader->reader, LLMOBS_I_STATE_REFUSED("a key's id is malformed"));
    }
#endif
    (void)place;
}

/* Sketches of another size are begun anew: their brackets would not hold. */
llmobsi_fn void llmobsi_state_load_group(llmobsi_state_loader* loader)
{
    llmobsi_state_reader* reader = &loader->reader;
    uint32_t row = (uint32_t)llmobsi_state_get(reader, 0, loader->rows);
    uint64_t sets = llmobsi_state_get_word(reader);
    uint64_t ids = (uint64_t)llmobsi_state_get(reader, 0, LLMOBS_I_TOP_IDS);
    uint64_t i;
    loader->group = NULL;
    if (reader->refused != NULL) {
        return;
    }
    loader->group = llmobsi_state_group(loader, row);
    if (loader->group == NULL || sets != loader->group->top->mask + 1) {
        loader->group = NULL;
        loader->lost++;
    }
#ifdef LLMOBS_NO_SHA256
    loader->group = NULL; /* whose keys these are can't be told */
#endif
    for (i = 0; i < ids && reader->refused == NULL; i++) {
        llmobsi_state_load_id(loader, i);
    }
}

/* A counter. `set` is NULL where it has no place. */
llmobsi_fn void llmobsi_state_load_way(llmobsi_state_loader* loader, llmobsi_top_set* set,
                                       uint64_t number, uint32_t way)
{
    llmobsi_state_reader* reader = &loader->reader;
    const llmobsi_top* top = loader->group != NULL ? loader->group->top : NULL;
    int64_t ids = top != NULL ? (int64_t)llmobsi_load_relaxed(&top->ids_used) : LLMOBS_I_TOP_IDS;
    llmobsi_top_rest rest;
    uint64_t count;
    memset(&rest, 0, sizeof rest);
    rest.tag[0] = llmobsi_state_get_word(reader);
    rest.tag[1] = llmobsi_state_get_word(reader);
    rest.id = (uint64_t)llmobsi_state_get(reader, 0, ids);
    count = (uint64_t)llmobsi_state_get(reader, 0, INT64_MAX);
    rest.error = (uint64_t)llmobsi_state_get(reader, 0, (int64_t)count);
    rest.use.requests = (uint64_t)llmobsi_state_get(reader, 0, INT64_MAX);
    rest.use.unpriced = (uint64_t)llmobsi_state_get(reader, 0, INT64_MAX);
    rest.use.input_tokens = (uint64_t)llmobsi_state_get(reader, 0, INT64_MAX);
    rest.use.output_tokens = (uint64_t)llmobsi_state_get(reader, 0, INT64_MAX);
    if (reader->refused != NULL || top == NULL) {
        return;
    }
    if ((rest.tag[0] & top->mask) != number ||
        llmobsi_top_find(set, rest.tag) != LLMOBS_I_TOP_WAYS) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a user stands at a wrong place"));
        return;
    }
    llmobsi_top_counter_put(set, way, &rest);
    llmobsi_top_put(&set->counts[way], count);
    llmobsi_top_put(&set->used, way + 1);
}

llmobsi_fn void llmobsi_state_load_set(llmobsi_state_loader* loader)
{
    llmobsi_state_reader* reader = &loader->reader;
    llmobsi_top* top = loader->group != NULL ? loader->group->top : NULL;
    int64_t last = top != NULL ? (int64_t)top->mask : INT64_MAX;
    uint64_t number = (uint64_t)llmobsi_state_get(reader, 0, last);
    uint64_t total = (uint64_t)llmobsi_state_get(reader, 0, INT64_MAX);
    uint32_t used = (uint32_t)llmobsi_state_get(reader, 1, LLMOBS_I_TOP_WAYS);
    llmobsi_top_set* set = NULL;
    uint32_t way;
    if (reader->refused == NULL && top != NULL) {
        set = llmobsi_top_set_at(top, number);
        if (llmobsi_load_relaxed(&set->used) != 0) {
            llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a set of users comes twice"));
            return;
        }
        llmobsi_top_put(&set->total, total);
    }
    for (way = 0; way < used && reader->refused == NULL; way++) {
        llmobsi_state_load_way(loader, set, number, way);
    }
}

llmobsi_fn void llmobsi_state_load_unique(llmobsi_state_loader* loader)
{
    const unsigned char* ranks =
        llmobsi_state_get_bytes(&loader->reader, LLMOBS_I_UNIQUE_REGISTERS);
    uint32_t i;
    for (i = 0; ranks != NULL && i < LLMOBS_I_UNIQUE_REGISTERS; i++) {
        if (ranks[i] > LLMOBS_I_UNIQUE_RANKS) {
            llmobsi_state_refuse(&loader->reader, LLMOBS_I_STATE_REFUSED("a rank is too high"));
            return;
        }
        if (loader->group != NULL) {
            llmobsi_unique_raise(&loader->group->unique->registers[i], ranks[i]);
        }
    }
}

llmobsi_fn void llmobsi_state_load_past(llmobsi_state_loader* loader)
{
    llmobsi_state_reader* reader = &loader->reader;
    llmobsi_cost_past past;
    int32_t month = llmobsi_state_get_number(reader, LLMOBS_PERIOD_MONTH);
    memset(&past, 0, sizeof past);
    past.nobodys_nano = llmobsi_state_get(reader, 0, INT64_MAX);
    past.unique = llmobsi_state_get_word(reader);
    past.total = (uint64_t)llmobsi_state_get(reader, 0, INT64_MAX);
    past.rest = (uint64_t)llmobsi_state_get(reader, 0, INT64_MAX);
    if (reader->refused == NULL && loader->users != NULL) {
        past.begun = true;
        past.month = llmobsi_state_number(loader, LLMOBS_PERIOD_MONTH, month);
        loader->users->past = past;
    }
}

/* A pseudonym as we have written it; `out` is all zero. */
llmobsi_fn void llmobsi_state_get_pseudonym(llmobsi_state_reader* reader,
                                            char out[LLMOBS_PSEUDONYM_SIZE])
{
    const unsigned char* bytes = llmobsi_state_get_bytes(reader, LLMOBS_PSEUDONYM_SIZE);
    size_t i = 0;
    while (bytes != NULL && i < LLMOBS_PSEUDONYM_SIZE && bytes[i] > ' ' && bytes[i] < 0x7f) {
        i++;
    }
    if (bytes == NULL || i == 0 || i == LLMOBS_PSEUDONYM_SIZE || bytes[i] != '\0') {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a pseudonym is malformed"));
        return;
    }
    memcpy(out, bytes, i + 1);
}

/* The next one of the month before. */
llmobsi_fn void llmobsi_state_load_heavy(llmobsi_state_loader* loader)
{
    llmobsi_state_reader* reader = &loader->reader;
    llmobsi_cost_past* past = loader->users != NULL ? &loader->users->past : NULL;
    llmobs_top_entry entry;
    memset(&entry, 0, sizeof entry);
    llmobsi_state_get_pseudonym(reader, entry.pseudonym);
    entry.low = llmobsi_state_get(reader, 0, INT64_MAX);
    entry.high = llmobsi_state_get(reader, entry.low, INT64_MAX);
    entry.requests = (uint64_t)llmobsi_state_get(reader, 0, INT64_MAX);
    entry.unpriced = (uint64_t)llmobsi_state_get(reader, 0, INT64_MAX);
    entry.input_tokens = (uint64_t)llmobsi_state_get(reader, 0, INT64_MAX);
    entry.output_tokens = (uint64_t)llmobsi_state_get(reader, 0, INT64_MAX);
    if (past == NULL || reader->refused != NULL) {
        loader->lost += past == NULL;
        return;
    }
    if (!past->begun || past->count == LLMOBS_REPORT_LINES ||
        (past->count > 0 && entry.high > past->entries[past->count - 1].high)) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a user stands at a wrong place"));
        return;
    }
    past->entries[past->count++] = entry;
}

/* ---- budgets ------------------------------------------------------------------------------- */

/* An amount whose period is over is not lost: it would be 0 by now. */
llmobsi_fn void llmobsi_state_load_budget(llmobsi_state_loader* loader)
{
    llmobsi_state_reader* reader = &loader->reader;
    const unsigned char* texts =
        llmobsi_state_get_bytes(reader, LLMOBS_BUDGET_NAME + LLMOBS_BUDGET_KEY);
    llmobsi_budget_saved saved;
    int64_t number;
    memset(&saved, 0, sizeof saved);
    if (texts == NULL) {
        return;
    }
    memcpy(saved.name, texts, sizeof saved.name);
    memcpy(saved.key, texts + sizeof saved.name, sizeof saved.key);
    number = llmobsi_state_get(reader, 0, LLMOBS_BUDGET_SCOPE_COUNT - 1);
    saved.scope = (llmobs_budget_scope)number;
    number = llmobsi_state_get(reader, 0, LLMOBS_PERIOD_COUNT - 1);
    saved.period = (llmobs_period)number;
    saved.utc_offset_minutes = (int32_t)llmobsi_state_get(reader, -1440, 1440);
    saved.number = llmobsi_state_get_number(reader, saved.period);
    saved.since_ns = llmobsi_state_get_word(reader);
    saved.spent_nano = (uint64_t)llmobsi_state_get(reader, 0, LLMOBS_I_PURSE_MOST);
    saved.is_own = llmobsi_state_get(reader, 0, 1) != 0;
    if (reader->refused != NULL || saved.number != llmobsi_period_at(saved.period,
                                                       saved.utc_offset_minutes * 60,
                                                       loader->now_ns)) {
        return;
    }
    loader->lost += loader->budgets == NULL ||
                    !llmobsi_budget_restore(loader->budgets, loader->now_ns, &saved);
}

/* ---- the whole ----------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_state_load_last(llmobsi_state_loader* loader)
{
    llmobsi_state_reader* reader = &loader->reader;
    if (llmobsi_state_get_word(reader) != reader->position) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("its length is wrong"));
    }
    loader->ended = true;
}

llmobsi_fn void llmobsi_state_load_record(llmobsi_state_loader* loader)
{
    switch (loader->reader.tag) {
    case LLMOBS_I_STATE_HEAD:
        llmobsi_state_load_head(loader);
        break;
    case LLMOBS_I_STATE_ROWS:
        llmobsi_state_load_row(loader);
        break;
    case LLMOBS_I_STATE_SUMS:
        llmobsi_state_load_sums(loader);
        break;
    case LLMOBS_I_STATE_USER:
        llmobsi_state_load_user(loader);
        break;
    case LLMOBS_I_STATE_GRUP:
        llmobsi_state_load_group(loader);
        break;
    case LLMOBS_I_STATE_SETS:
        llmobsi_state_load_set(loader);
        break;
    case LLMOBS_I_STATE_UNIQ:
        llmobsi_state_load_unique(loader);
        break;
    case LLMOBS_I_STATE_PAST:
        llmobsi_state_load_past(loader);
        break;
    case LLMOBS_I_STATE_HEVY:
        llmobsi_state_load_heavy(loader);
        break;
    case LLMOBS_I_STATE_BUDG:
        llmobsi_state_load_budget(loader);
        break;
    case LLMOBS_I_STATE_STEP:
        llmobsi_state_load_step(&loader->alerts);
        break;
    case LLMOBS_I_STATE_WTCH:
        llmobsi_state_load_watch(&loader->alerts);
        break;
    case LLMOBS_I_STATE_WNDW:
        llmobsi_state_load_window(&loader->alerts);
        break;
    case LLMOBS_I_STATE_ALRT:
        llmobsi_state_load_alert(&loader->alerts);
        break;
    case LLMOBS_I_STATE_LAST:
        llmobsi_state_load_last(loader);
        break;
    default: /* of a later version, which knows more */
        loader->lost++;
        loader->reader.at = loader->reader.end;
        break;
    }
}

/* All of a file, which has `size` bytes. False: it is refused, and why stands in the reader; then
   llmobsi_state_clear. */
llmobsi_fn bool llmobsi_state_load_all(llmobsi_state_loader* loader, int file, uint64_t size)
{
    llmobsi_state_reader* reader = &loader->reader;
    bool first = true;
    llmobsi_state_read_begin(reader, file);
    loader->alerts.reader = reader;
    loader->rows = LLMOBS_I_COST_ROW_UNTRACKED + 1;
    loader->sums = LLMOBS_I_STATE_SUMS_FIRST;
    while (!loader->ended && llmobsi_state_read_frame(reader)) {
        if (first != (reader->tag == LLMOBS_I_STATE_HEAD)) {
            llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("its head stands elsewhere"));
        }
        first = false;
        while (reader->at < reader->end) {
            llmobsi_state_load_record(loader);
        }
    }
    if (reader->refused == NULL && reader->position != size) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("something stands behind its end"));
    }
    return reader->refused == NULL;
}

/* As if nothing had been loaded. */
llmobsi_fn void llmobsi_state_clear(const llmobsi_state_loader* loader)
{
    if (loader->ledger != NULL) {
        llmobsi_cost_clear(loader->ledger);
    }
    if (loader->budgets != NULL) {
        llmobsi_budgets_start(loader->budgets);
    }
    if (loader->alerts.alerts != NULL) {
        llmobsi_alerts_clear(loader->alerts.alerts);
    }
}
