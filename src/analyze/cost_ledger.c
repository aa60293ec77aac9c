/* The cost ledger: exact sums by feature, model and tenant, for each of the last hours, days and
   months, and for all time, in fixed memory.

   A row is a feature, a model and a tenant; rows are never forgotten. A place has the sums of one
   row in one period. When places run out, the oldest periods lose their details, hours first: what
   they had goes to the period's own sums of "other". So a period's total is exact, always.

   One writes, the tick; it and whoever reads a report hold the lock. Recorders never do. */

#define LLMOBS_I_COST_SUMS ((uint32_t)(sizeof(llmobs_cost_sums) / sizeof(int64_t)))

typedef enum llmobsi_cost_dimension {
    LLMOBS_I_COST_FEATURE,
    LLMOBS_I_COST_MODEL,
    LLMOBS_I_COST_TENANT,
    LLMOBS_I_COST_DIMENSIONS
} llmobsi_cost_dimension;

/* How many periods are kept, the current one included. X(period, count). */
#define LLMOBS_I_COST_PERIODS(X) X(HOUR, 25) X(DAY, 32) X(MONTH, 13) X(NONE, 1)

enum {
#define LLMOBS_I_COST_KEPT(period, count) LLMOBS_I_COST_##period##S = count,
    LLMOBS_I_COST_PERIODS(LLMOBS_I_COST_KEPT)
#undef LLMOBS_I_COST_KEPT
#define LLMOBS_I_COST_KEPT(period, count) +count
    LLMOBS_I_COST_SLOTS = 0 LLMOBS_I_COST_PERIODS(LLMOBS_I_COST_KEPT)
#undef LLMOBS_I_COST_KEPT
};

#define LLMOBS_I_COST_ROW_OTHER 0u
#define LLMOBS_I_COST_ROW_UNTRACKED 1u
#define LLMOBS_I_COST_ROW_TEXT 64u /* bytes for names: what is usual, many times */

/* All below: under the lock, but for `untracked` and the counters that are atomic. */
typedef struct llmobsi_cost_row {
    uint64_t hash;                            /* of all three names                    */
    uint32_t text[LLMOBS_I_COST_DIMENSIONS];  /* where each name stands, with its NUL  */
    uint32_t first[LLMOBS_I_COST_DIMENSIONS]; /* the first row that has the same name  */
    uint32_t place[LLMOBS_PERIOD_COUNT]; /* its newest place of each kind of period, + 1; 0: none */
    uint32_t line;                       /* of a report that is being made, + 1        */
    int64_t cost_nano;                   /* likewise: of the rows that have this name  */
} llmobsi_cost_row;

typedef struct llmobsi_cost_place {
    llmobs_cost_sums sums;
    uint32_t next; /* of the same period, or free; + 1, 0: the last */
    uint16_t row;  /* there are 65536 at most */
    uint16_t slot;
} llmobsi_cost_place;

typedef struct llmobsi_cost_slot {
    bool used;
    int32_t number; /* of the period */
    uint32_t first; /* place + 1     */
    llmobs_cost_sums other;
} llmobsi_cost_slot;

/* What one request adds. */
typedef struct llmobsi_bill {
    uint64_t unix_ns;
    llmobs_string names[LLMOBS_I_COST_DIMENSIONS];
    llmobs_string user; /* a pseudonym; empty: nobody's */
    llmobs_cost_sums sums;
} llmobsi_bill;

typedef struct llmobsi_cost_ledger {
    llmobsi_lock lock;
    void* users; /* of a section above: see llmobsi_cost_users_of. Open writes this and what
                    stands up to `offset_s` */
    llmobsi_cost_row* rows;
    uint32_t row_limit;
    llmobsi_cost_place* places;
    uint32_t place_limit;
    uint32_t* table; /* of rows, by hash: row + 1 */
    uint32_t table_mask;
    uint32_t* names; /* by a name's hash and dimension: row + 1 of the first that has it */
    uint32_t names_mask;
    char* text;
    uint32_t text_limit;
    uint64_t seed;
    int32_t offset_s;
    uint32_t row_count;
    uint32_t place_count; /* that were ever used: the others are not on the list */
    uint32_t free;        /* place + 1 */
    uint32_t text_used;
    uint64_t hour_begin_ns; /* the hour that was booked in last, in Unix time, */
    uint64_t hour_end_ns;
    uint32_t current[LLMOBS_PERIOD_COUNT]; /* and the slots that it belongs to */
    int32_t month;                         /* and its month's number           */
    uint64_t overflows; /* requests that went to a period's "other" */
    uint64_t folded;    /* periods that lost their details          */
    uint64_t late;      /* requests of a period that is gone        */
    uint64_t saturated;
    llmobsi_cost_slot slots[LLMOBS_I_COST_SLOTS];
    llmobsi_atomic64 untracked[LLMOBS_I_COST_SUMS]; /* added to by any thread, the tick takes */
} llmobsi_cost_ledger;

/* That of an instance; NULL: it has none. */
llmobsi_inline llmobsi_cost_ledger* llmobsi_cost_ledger_of(const llmobsi_recorder* recorder)
{
    return LLMOBS_I_REQUESTS ? (llmobsi_cost_ledger*)recorder->cost_ledger : NULL;
}

/* ---- sums ---------------------------------------------------------------------------------- */

/* Of two amounts, none of which is below 0. */
llmobsi_inline int64_t llmobsi_cost_plus(int64_t a, int64_t b)
{
    return b < INT64_MAX - a ? a + b : INT64_MAX;
}

/* Adds one to another, none of which is below 0. Returns how many are at their end. */
llmobsi_fn uint32_t llmobsi_cost_sums_add(llmobs_cost_sums* to, const llmobs_cost_sums* more)
{
    uint64_t sums[LLMOBS_I_COST_SUMS];
    uint64_t added[LLMOBS_I_COST_SUMS];
    uint64_t all = 0;
    uint32_t saturated = 0;
    uint32_t i;
    memcpy(sums, to, sizeof sums);
    memcpy(added, more, sizeof added);
    for (i = 0; i < LLMOBS_I_COST_SUMS; i++) {
        sums[i] += added[i];
        all |= sums[i];
    }
    for (i = 0; all > INT64_MAX && i < LLMOBS_I_COST_SUMS; i++) {
        saturated += sums[i] > INT64_MAX;
        sums[i] = sums[i] > INT64_MAX ? INT64_MAX : sums[i];
    }
    memcpy(to, sums, sizeof sums);
    return saturated;
}

/* ---- rows ---------------------------------------------------------------------------------- */

llmobsi_inline const char* llmobsi_cost_name(const llmobsi_cost_ledger* ledger, uint32_t row,
                                             int dimension)
{
    return ledger->text + ledger->rows[row].text[dimension];
}

llmobsi_fn bool llmobsi_cost_row_has(const llmobsi_cost_ledger* ledger, uint32_t row,
                                     int dimension, llmobs_string name)
{
    const char* text = llmobsi_cost_name(ledger, row, dimension);
    return memcmp(text, name.data, name.size) == 0 && text[name.size] == '\0';
}

/* Where a name of a dimension stands, or would. */
llmobsi_fn uint32_t* llmobsi_cost_name_find(const llmobsi_cost_ledger* ledger, int dimension,
                                            llmobs_string name)
{
    uint64_t hash =
        llmobsi_hash64(name.data, name.size, ledger->seed + (uint64_t)dimension + 1);
    uint32_t i = (uint32_t)hash & ledger->names_mask;
    while (ledger->names[i] != 0) {
        uint32_t entry = ledger->names[i] - 1;
        if (entry % LLMOBS_I_COST_DIMENSIONS == (uint32_t)dimension &&
            llmobsi_cost_row_has(ledger, entry / LLMOBS_I_COST_DIMENSIONS, dimension, name)) {
            break;
        }
        i = (i + 1) & ledger->names_mask;
    }
    return &ledger->names[i];
}

llmobsi_fn uint64_t llmobsi_cost_row_hash(const llmobsi_cost_ledger* ledger,
                                          const llmobs_string names[LLMOBS_I_COST_DIMENSIONS])
{
    uint64_t hash = ledger->seed;
    int i;
    for (i = 0; i < (int)LLMOBS_I_COST_DIMENSIONS; i++) {
        hash = llmobsi_hash64(names[i].data, names[i].size, hash);
    }
    return hash;
}

/* Where the row of these names stands in the table, or would. */
llmobsi_fn uint32_t* llmobsi_cost_row_find(const llmobsi_cost_ledger* ledger, uint64_t hash,
                                           const llmobs_string names[LLMOBS_I_COST_DIMENSIONS])
{
    uint32_t i = (uint32_t)hash & ledger->table_mask;
    while (ledger->table[i] != 0) {
        uint32_t row = ledger->table[i] - 1;
        if (ledger->rows[row].hash == hash && llmobsi_cost_row_has(ledger, row, 0, names[0]) &&
            llmobsi_cost_row_has(ledger, row, 1, names[1]) &&
            llmobsi_cost_row_has(ledger, row, 2, names[2])) {
            break;
        }
        i = (i + 1) & ledger->table_mask;
    }
    return &ledger->table[i];
}

/* Makes a row, and keeps those of its names that are new. Returns its number;
   LLMOBS_I_COST_ROW_OTHER: there is no room. */
llmobsi_fn uint32_t llmobsi_cost_row_make(llmobsi_cost_ledger* ledger, uint64_t hash,
                                          const llmobs_string names[LLMOBS_I_COST_DIMENSIONS])
{
    uint32_t number = ledger->row_count;
    llmobsi_cost_row* row = &ledger->rows[number];
    uint32_t used = ledger->text_used;
    uint32_t i;
    if (number == ledger->row_limit || ledger->text_limit - used < 3u * LLMOBS_EXPLAINED_TEXT) {
        return LLMOBS_I_COST_ROW_OTHER;
    }
    memset(row, 0, sizeof *row);
    row->hash = hash;
    for (i = 0; i < LLMOBS_I_COST_DIMENSIONS; i++) {
        uint32_t* first = llmobsi_cost_name_find(ledger, (int)i, names[i]);
        if (*first == 0) {
            *first = number * LLMOBS_I_COST_DIMENSIONS + i + 1;
            row->text[i] = used;
            memcpy(ledger->text + used, names[i].data, names[i].size);
            ledger->text[used + names[i].size] = '\0';
            used += (uint32_t)names[i].size + 1;
        }
        row->first[i] = (*first - 1) / LLMOBS_I_COST_DIMENSIONS;
        row->text[i] = ledger->rows[row->first[i]].text[i];
    }
    ledger->text_used = used;
    ledger->row_count++;
    return number;
}

llmobsi_fn uint32_t llmobsi_cost_row_get(llmobsi_cost_ledger* ledger,
                                         const llmobs_string names[LLMOBS_I_COST_DIMENSIONS])
{
    uint64_t hash = llmobsi_cost_row_hash(ledger, names);
    uint32_t* entry = llmobsi_cost_row_find(ledger, hash, names);
    uint32_t row;
    if (*entry != 0) {
        return *entry - 1;
    }
    row = llmobsi_cost_row_make(ledger, hash, names);
    if (row != LLMOBS_I_COST_ROW_OTHER) {
        *entry = row + 1;
    }
    return row;
}

/* ---- periods and places -------------------------------------------------------------------- */

/* The first slot of a kind of period, and how many there are. */
llmobsi_fn uint32_t llmobsi_cost_slots_of(llmobs_period period, uint32_t* count)
{
    uint32_t first = 0;
#define LLMOBS_I_COST_KIND_OF(kind, kept)         \
    if (period == LLMOBS_PERIOD_##kind) {         \
        *count = kept;                            \
        return first;                             \
    }                                             \
    first += kept;
    LLMOBS_I_COST_PERIODS(LLMOBS_I_COST_KIND_OF)
#undef LLMOBS_I_COST_KIND_OF
    *count = 0;
    return first;
}

llmobsi_fn llmobs_period llmobsi_cost_period_of(uint32_t slot)
{
    return slot < LLMOBS_I_COST_HOURS                             ? LLMOBS_PERIOD_HOUR
           : slot < LLMOBS_I_COST_HOURS + LLMOBS_I_COST_DAYS      ? LLMOBS_PERIOD_DAY
           : slot < LLMOBS_I_COST_SLOTS - LLMOBS_I_COST_NONES ? LLMOBS_PERIOD_MONTH
                                                                  : LLMOBS_PERIOD_NONE;
}

/* Gives a period's places back; its details go to its "other", or nowhere where it is over. */
llmobsi_fn void llmobsi_cost_slot_empty(llmobsi_cost_ledger* ledger, uint32_t number, bool fold)
{
    llmobsi_cost_slot* slot = &ledger->slots[number];
    llmobs_period period = llmobsi_cost_period_of(number);
    while (slot->first != 0) {
        uint32_t place = slot->first;
        llmobsi_cost_place* one = &ledger->places[place - 1];
        if (fold) {
            ledger->saturated += llmobsi_cost_sums_add(&slot->other, &one->sums);
        }
        if (ledger->rows[one->row].place[period] == place) {
            ledger->rows[one->row].place[period] = 0;
        }
        slot->first = one->next;
        one->next = ledger->free;
        ledger->free = place;
    }
}

/* The slot of the period with this number; LLMOBS_I_COST_SLOTS: it is gone. */
llmobsi_fn uint32_t llmobsi_cost_slot_get(llmobsi_cost_ledger* ledger, llmobs_period period,
                                          int32_t number)
{
    uint32_t count;
    uint32_t first = llmobsi_cost_slots_of(period, &count);
    int32_t rest = number % (int32_t)count;
    uint32_t at = first + (uint32_t)(rest < 0 ? rest + (int32_t)count : rest);
    llmobsi_cost_slot* slot = &ledger->slots[at];
    if (slot->used && slot->number > number) {
        return LLMOBS_I_COST_SLOTS;
    }
    if (!slot->used || slot->number < number) {
        llmobsi_cost_slot_empty(ledger, at, false);
        memset(slot, 0, sizeof *slot);
        slot->used = true;
        slot->number = number;
    }
    return at;
}

/* The period that loses its details next: the oldest of hours, else of days, else of months, which
   is not `spared`, nor the newest of its kind. LLMOBS_I_COST_SLOTS: there is none. */
llmobsi_fn uint32_t llmobsi_cost_slot_oldest(const llmobsi_cost_ledger* ledger, uint32_t spared)
{
    static const llmobs_period order[] = {LLMOBS_PERIOD_HOUR, LLMOBS_PERIOD_DAY,
                                          LLMOBS_PERIOD_MONTH};
    uint32_t kind;
    for (kind = 0; kind < sizeof order / sizeof order[0]; kind++) {
        uint32_t oldest = LLMOBS_I_COST_SLOTS;
        int32_t newest = INT32_MIN;
        uint32_t count;
        uint32_t first = llmobsi_cost_slots_of(order[kind], &count);
        uint32_t i;
        for (i = first; i < first + count; i++) {
            const llmobsi_cost_slot* slot = &ledger->slots[i];
            newest = slot->used && slot->number > newest ? slot->number : newest;
            if (slot->first != 0 && i != spared &&
                (oldest == LLMOBS_I_COST_SLOTS ||
                 slot->number < ledger->slots[oldest].number)) {
                oldest = i;
            }
        }
        if (oldest != LLMOBS_I_COST_SLOTS && ledger->slots[oldest].number < newest) {
            return oldest;
        }
    }
    return LLMOBS_I_COST_SLOTS;
}

/* A free place + 1; 0: there is none, though old periods gave up theirs. */
llmobsi_fn uint32_t llmobsi_cost_place_take(llmobsi_cost_ledger* ledger, uint32_t slot)
{
    uint32_t place = ledger->free;
    if (place == 0 && ledger->place_count < ledger->place_limit) {
        return ++ledger->place_count;
    }
    if (place == 0) {
        uint32_t oldest = llmobsi_cost_slot_oldest(ledger, slot);
        if (oldest != LLMOBS_I_COST_SLOTS) {
            llmobsi_cost_slot_empty(ledger, oldest, true);
            ledger->folded++;
        }
        place = ledger->free;
    }
    if (place != 0) {
        ledger->free = ledger->places[place - 1].next;
    }
    return place;
}

/* The place of a row in an older period + 1; 0: it has none. */
llmobsi_fn uint32_t llmobsi_cost_place_find(const llmobsi_cost_ledger* ledger, uint32_t slot,
                                            uint32_t row)
{
    uint32_t place = ledger->slots[slot].first;
    while (place != 0 && ledger->places[place - 1].row != row) {
        place = ledger->places[place - 1].next;
    }
    return place;
}

/* The sums of a row in a period. */
llmobsi_fn llmobs_cost_sums* llmobsi_cost_sums_of(llmobsi_cost_ledger* ledger, uint32_t row,
                                                  llmobs_period period, uint32_t slot)
{
    uint32_t* newest = &ledger->rows[row].place[period];
    uint32_t place = *newest;
    llmobsi_cost_place* one;
    if (row == LLMOBS_I_COST_ROW_OTHER) {
        ledger->overflows += period == LLMOBS_PERIOD_NONE; /* one of the four */
        return &ledger->slots[slot].other;
    }
    if (place != 0 && ledger->places[place - 1].slot == slot) {
        return &ledger->places[place - 1].sums;
    }
    if (place != 0) {
        place = llmobsi_cost_place_find(ledger, slot, row);
    }
    if (place == 0) {
        place = llmobsi_cost_place_take(ledger, slot);
        if (place == 0) {
            ledger->overflows++;
            return &ledger->slots[slot].other;
        }
        one = &ledger->places[place - 1];
        memset(&one->sums, 0, sizeof one->sums);
        one->row = (uint16_t)row;
        one->slot = (uint16_t)slot;
        one->next = ledger->slots[slot].first;
        ledger->slots[slot].first = place;
        if (*newest == 0 ||
            ledger->slots[ledger->places[*newest - 1].slot].number < ledger->slots[slot].number) {
            *newest = place;
        }
    }
    return &ledger->places[place - 1].sums;
}

/* ---- adding -------------------------------------------------------------------------------- */

/* Finds the periods that a time belongs to: of one hour they are the same. */
llmobsi_cold void llmobsi_cost_turn(llmobsi_cost_ledger* ledger, uint64_t unix_ns)
{
    int32_t offset_s = ledger->offset_s;
    int32_t hour = llmobsi_period_at(LLMOBS_PERIOD_HOUR, offset_s, unix_ns);
    int period;
    ledger->hour_begin_ns = llmobsi_period_begins(LLMOBS_PERIOD_HOUR, offset_s, hour);
    ledger->hour_end_ns = llmobsi_period_begins(LLMOBS_PERIOD_HOUR, offset_s, hour + 1);
    for (period = 0; period < (int)LLMOBS_PERIOD_COUNT; period++) {
        int32_t number = llmobsi_period_at((llmobs_period)period, offset_s, unix_ns);
        ledger->current[period] = llmobsi_cost_slot_get(ledger, (llmobs_period)period, number);
        ledger->month = period == (int)LLMOBS_PERIOD_MONTH ? number : ledger->month;
    }
}

/* Adds to a row, in all periods that a time belongs to. */
llmobsi_fn void llmobsi_cost_row_add(llmobsi_cost_ledger* ledger, uint32_t row, uint64_t unix_ns,
                                     const llmobs_cost_sums* sums)
{
    int period;
    if (llmobsi_unlikely(unix_ns < ledger->hour_begin_ns || unix_ns >= ledger->hour_end_ns)) {
        llmobsi_cost_turn(ledger, unix_ns);
    }
    for (period = 0; period < (int)LLMOBS_PERIOD_COUNT; period++) {
        uint32_t slot = ledger->current[period];
        if (llmobsi_unlikely(slot == LLMOBS_I_COST_SLOTS)) {
            ledger->late++;
            continue;
        }
        ledger->saturated += llmobsi_cost_sums_add(
            llmobsi_cost_sums_of(ledger, row, (llmobs_period)period, slot), sums);
    }
}

/* Keeps what finds no record to travel in. Any thread. */
llmobsi_fn void llmobsi_cost_untracked(llmobsi_cost_ledger* ledger, const llmobs_cost_sums* sums)
{
    int64_t more[LLMOBS_I_COST_SUMS];
    uint32_t i;
    memcpy(more, sums, sizeof more);
    for (i = LLMOBS_I_COST_SUMS; i-- > 0;) { /* the count of requests, which the tick asks, last */
        if (more[i] > 0) {
            llmobsi_atomic64* sum = &ledger->untracked[i];
            uint64_t before = llmobsi_load_relaxed(sum);
            uint64_t after;
            do {
                after = before + (uint64_t)more[i];
                after = after > INT64_MAX ? (uint64_t)INT64_MAX : after;
            } while (!llmobsi_cas_acquire_release(sum, &before, after));
        }
    }
}

/* Takes that up. The tick, under the lock. Which request a sum belongs to nobody asks; the next
   tick brings what came in between. */
llmobsi_fn void llmobsi_cost_untracked_take(llmobsi_cost_ledger* ledger, uint64_t unix_ns)
{
    llmobs_cost_sums sums;
    int64_t taken[LLMOBS_I_COST_SUMS];
    uint32_t i;
    if (llmobsi_load_relaxed(&ledger->untracked[0]) == 0) {
        return;
    }
    for (i = 0; i < LLMOBS_I_COST_SUMS; i++) {
        taken[i] = (int64_t)llmobsi_exchange_ordered(&ledger->untracked[i], 0);
    }
    memcpy(&sums, taken, sizeof sums);
    llmobsi_cost_row_add(ledger, LLMOBS_I_COST_ROW_UNTRACKED, unix_ns, &sums);
}

/* ---- layout, open, fork -------------------------------------------------------------------- */

/* As when nothing had been spent. The first two rows are ours. */
llmobsi_fn void llmobsi_cost_reset(llmobsi_cost_ledger* ledger)
{
    static const char* const ours[] = {LLMOBS_COST_OTHER, LLMOBS_COST_UNTRACKED};
    uint32_t row;
    memset(ledger->table, 0, ((size_t)ledger->table_mask + 1) * sizeof *ledger->table);
    memset(ledger->names, 0, ((size_t)ledger->names_mask + 1) * sizeof *ledger->names);
    memset(ledger->slots, 0, sizeof ledger->slots);
    memset((void*)ledger->untracked, 0, sizeof ledger->untracked);
    ledger->hour_begin_ns = 0;
    ledger->hour_end_ns = 0;
    ledger->row_count = 0;
    ledger->place_count = 0;
    ledger->free = 0;
    ledger->text_used = 0;
    ledger->overflows = 0;
    ledger->folded = 0;
    ledger->late = 0;
    ledger->saturated = 0;
    for (row = 0; row < 2; row++) {
        llmobs_string names[LLMOBS_I_COST_DIMENSIONS];
        names[0] = names[1] = names[2] = llmobs_str(ours[row]);
        (void)llmobsi_cost_row_make(ledger, llmobsi_cost_row_hash(ledger, names), names);
    }
}

/* Returns NULL while measuring, and where there is none. */
llmobsi_fn llmobsi_cost_ledger* llmobsi_cost_ledger_layout(llmobsi_arena* arena,
                                                           const llmobs_config* config)
{
    uint32_t rows = config->cost_rows;
    uint32_t table = llmobsi_round_up_pow2(2 * rows);
    uint32_t names = llmobsi_round_up_pow2(2 * LLMOBS_I_COST_DIMENSIONS * rows);
    uint32_t text = rows * LLMOBS_I_COST_ROW_TEXT + 3 * LLMOBS_EXPLAINED_TEXT;
    llmobsi_cost_ledger* ledger;
    llmobsi_cost_row* row_memory;
    llmobsi_cost_place* place_memory;
    uint32_t* table_memory;
    char* text_memory;
    if (rows == LLMOBS_OFF) {
        return NULL;
    }
    ledger = (llmobsi_cost_ledger*)llmobsi_arena_take(arena, 1, sizeof *ledger);
    row_memory = (llmobsi_cost_row*)llmobsi_arena_take(arena, rows, sizeof *row_memory);
    place_memory = (llmobsi_cost_place*)llmobsi_arena_take(arena, config->cost_places,
                                                           sizeof *place_memory);
    table_memory =
        (uint32_t*)llmobsi_arena_take(arena, (size_t)table + names, sizeof *table_memory);
    text_memory = (char*)llmobsi_arena_take(arena, text, 1);
    if (text_memory == NULL) {
        return NULL;
    }
    memset(ledger, 0, sizeof *ledger);
    ledger->rows = row_memory;
    ledger->row_limit = rows;
    ledger->places = place_memory;
    ledger->place_limit = config->cost_places;
    ledger->table = table_memory;
    ledger->table_mask = table - 1;
    ledger->names = table_memory + table;
    ledger->names_mask = names - 1;
    ledger->text = text_memory;
    ledger->text_limit = text;
    return ledger;
}

/* Before anybody else is there. */
llmobsi_fn void llmobsi_cost_start(llmobsi_cost_ledger* ledger, const llmobs_config* config)
{
    ledger->seed = llmobsi_random_seed();
    ledger->offset_s = config->utc_offset_minutes * 60;
    llmobsi_cost_reset(ledger);
}
