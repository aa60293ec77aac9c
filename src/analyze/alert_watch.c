/* What rules look at. A watch is a selector with the labels that its rule tells apart; it has a
   group for each set of their values, a group sums up the series that belong to it, and has a
   window of that sum: every ten seconds the tick reads the cells and puts what they say into the
   windows. So recorders do nothing for alerts. Rules that ask for the same share a watch.

   All under the lock of the alerts. Texts, windows and lists have their memory from the start: what
   finds no room is counted, and its rule says so. */

#define LLMOBS_I_WATCH_KEY 384u
#define LLMOBS_I_WATCH_MATCHERS 8u
#define LLMOBS_I_WATCHES_A_RULE 3u
#define LLMOBS_I_WATCH_MEMBERS_A_GROUP 8u
#define LLMOBS_I_NO_WATCH UINT16_MAX

#define LLMOBS_I_WATCH_USERS_NAME "llm_user_input_tokens_lower_bound"
#define LLMOBS_I_WATCH_LOST_NAME "llmobs_lost_total"

typedef enum llmobsi_watch_kind {
    LLMOBS_I_WATCH_COUNTER,
    LLMOBS_I_WATCH_GAUGE,   /* and up-down counters; its window has the integral over time */
    LLMOBS_I_WATCH_COUNT,   /* of a histogram */
    LLMOBS_I_WATCH_SUM,
    LLMOBS_I_WATCH_BUCKET,  /* what is at most one of its bounds */
    LLMOBS_I_WATCH_BUCKETS, /* a window for each bucket */
    LLMOBS_I_WATCH_HEAVY,   /* the users with the most tokens; no windows */
    LLMOBS_I_WATCH_LOST     /* what the library lost */
} llmobsi_watch_kind;

typedef struct llmobsi_watch_matcher {
    uint16_t value; /* its place in the key */
    uint8_t label;  /* its place in the metric */
    bool negated;
} llmobsi_watch_matcher;

typedef struct llmobsi_watch {
    uint16_t asked;   /* by so many terms; 0: by none as yet, it is from a state file, */
    bool used;        /* or not in use at all */
    uint8_t kind;
    uint8_t tiers;    /* of its windows; 0: it has none */
    uint8_t columns;  /* windows of a group */
    uint8_t by_count;
    uint8_t matcher_count;
    uint8_t by[LLMOBS_ALERT_LABELS_MAX]; /* places of labels in the metric */
    bool has_overflow; /* the overflow series belongs to a group already */
    bool short_of_room; /* there are series that belong to none */
    uint32_t metric;
    uint32_t bucket;   /* BUCKET: the last one that counts */
    uint32_t seen;     /* of the metric's series, number + 1: the last one that was looked at */
    uint32_t first;    /* group + 1 */
    int64_t since;     /* the step of its first reading */
    double scale;      /* from what the cells have to the unit */
    llmobsi_watch_matcher matchers[LLMOBS_I_WATCH_MATCHERS];
    uint32_t key_size; /* what it is, as bytes: equal ones are one */
    char key[LLMOBS_I_WATCH_KEY];
} llmobsi_watch;

typedef struct llmobsi_watch_group {
    uint32_t next;   /* of the watch, group + 1; of those that are free */
    uint32_t chain;  /* of those with the same place in the table, group + 1 */
    uint32_t member; /* + 1: the first of its series */
    uint16_t watch;
    uint16_t labels_size; /* the values of its labels, each with its NUL */
    uint64_t hash;        /* of these */
    double value; /* what the cells say */
    llmobsi_window* windows; /* one for each column; NULL: it has none */
    double* before; /* for each: what the processes before this one had come to */
    char labels[LLMOBS_I_ALERT_LABELS];
} llmobsi_watch_group;

typedef struct llmobsi_watch_member {
    uint32_t series;
    uint32_t next; /* + 1 */
} llmobsi_watch_member;

/* Memory that was given back, of one size. */
typedef struct llmobsi_watch_hole {
    struct llmobsi_watch_hole* next;
    size_t size;
} llmobsi_watch_hole;

typedef struct llmobsi_watches {
    llmobsi_watch* watches;
    uint32_t watch_limit;
    llmobsi_watch_group* groups;
    uint32_t group_limit;
    uint32_t group_count; /* that were ever used: the others are not on the list */
    uint32_t group_free;  /* group + 1 */
    uint32_t* table;      /* groups by watch and labels, + 1 */
    uint32_t table_mask;
    llmobsi_watch_member* members;
    uint32_t member_limit;
    uint32_t member_count;
    uint32_t member_free; /* member + 1 */
    unsigned char* memory; /* of windows */
    size_t memory_size;
    size_t memory_used;
    llmobsi_watch_hole* holes;
    uint64_t lost;    /* what LLMOBS_I_WATCH_LOST reads: the tick writes it before each reading */
    uint64_t refused; /* groups and series that found no room */
    llmobsi_heavy heavy[LLMOBS_I_HEAVY_MOST]; /* room for a reading */
} llmobsi_watches;

/* ---- memory -------------------------------------------------------------------------------- */

/* Windows of a group in one piece: what they are, what was before, and their words. */
llmobsi_fn size_t llmobsi_watch_bytes(uint32_t tiers, uint32_t columns)
{
    return columns *
           (sizeof(llmobsi_window) + (1 + llmobsi_window_words(tiers)) * sizeof(double));
}

llmobsi_fn void* llmobsi_watch_take(llmobsi_watches* watches, size_t size)
{
    llmobsi_watch_hole** link = &watches->holes;
    unsigned char* memory = watches->memory + watches->memory_used;
    for (; *link != NULL; link = &(*link)->next) {
        if ((*link)->size == size) {
            llmobsi_watch_hole* hole = *link;
            *link = hole->next;
            return hole;
        }
    }
    if (size > watches->memory_size - watches->memory_used) {
        return NULL;
    }
    watches->memory_used += size;
    return memory;
}

llmobsi_fn void llmobsi_watch_give(llmobsi_watches* watches, void* memory, size_t size)
{
    llmobsi_watch_hole* hole = (llmobsi_watch_hole*)memory;
    hole->size = size;
    hole->next = watches->holes;
    watches->holes = hole;
}

/* ---- groups -------------------------------------------------------------------------------- */

llmobsi_fn uint64_t llmobsi_watch_hash(const char* labels, size_t size)
{
    return llmobsi_hash64_own(labels, size, 0);
}

llmobsi_inline uint32_t* llmobsi_watch_place(llmobsi_watches* watches, uint16_t watch,
                                             uint64_t hash)
{
    uint64_t mixed = hash + watch * UINT64_C(0x9e3779b97f4a7c15);
    return &watches->table[(uint32_t)(mixed >> 32) & watches->table_mask];
}

/* The group of these labels; NULL: there is none. */
llmobsi_fn llmobsi_watch_group* llmobsi_watch_find(llmobsi_watches* watches, uint16_t watch,
                                                   uint64_t hash, const char* labels, size_t size)
{
    uint32_t number = *llmobsi_watch_place(watches, watch, hash);
    while (number != 0) {
        llmobsi_watch_group* group = &watches->groups[number - 1];
        if (group->watch == watch && group->hash == hash && group->labels_size == size &&
            memcmp(group->labels, labels, size) == 0) {
            return group;
        }
        number = group->chain;
    }
    return NULL;
}

/* Windows that begin with 0 at the watch's first step: whatever comes later was not there then. */
llmobsi_fn bool llmobsi_watch_windows(llmobsi_watches* watches, const llmobsi_watch* watch,
                                      llmobsi_watch_group* group)
{
    uint32_t words;
    uint32_t i;
    if (watch->tiers == 0) {
        return true;
    }
    words = llmobsi_window_words(watch->tiers);
    group->windows = (llmobsi_window*)llmobsi_watch_take(
        watches, llmobsi_watch_bytes(watch->tiers, watch->columns));
    if (group->windows == NULL) {
        return false;
    }
    group->before = (double*)(void*)(group->windows + watch->columns);
    for (i = 0; i < watch->columns; i++) {
        group->before[i] = 0.0;
        llmobsi_window_begin(&group->windows[i],
                             group->before + watch->columns + (size_t)i * words, watch->tiers,
                             watch->since, 0.0);
    }
    return true;
}

/* A new group; NULL: there is no room. `size` is at most LLMOBS_I_ALERT_LABELS. */
llmobsi_fn llmobsi_watch_group* llmobsi_watch_group_make(llmobsi_watches* watches, uint16_t number,
                                                         uint64_t hash, const char* labels,
                                                         size_t size)
{
    llmobsi_watch* watch = &watches->watches[number];
    uint32_t place = watches->group_free != 0 ? watches->group_free : watches->group_count + 1;
    llmobsi_watch_group* group = &watches->groups[place - 1];
    uint32_t next = place == watches->group_free ? group->next : 0;
    uint32_t* head;
    if (place > watches->group_limit) {
        return NULL;
    }
    memset(group, 0, sizeof *group);
    group->next = next;
    if (!llmobsi_watch_windows(watches, watch, group)) {
        return NULL;
    }
    if (place == watches->group_free) {
        watches->group_free = next;
    } else {
        watches->group_count = place;
    }
    head = llmobsi_watch_place(watches, number, hash);
    group->watch = number;
    group->hash = hash;
    group->labels_size = (uint16_t)size;
    memcpy(group->labels, labels, size);
    group->chain = *head;
    *head = place;
    group->next = watch->first;
    watch->first = place;
    return group;
}

llmobsi_fn void llmobsi_watch_group_free(llmobsi_watches* watches, uint32_t place)
{
    llmobsi_watch_group* group = &watches->groups[place - 1];
    const llmobsi_watch* watch = &watches->watches[group->watch];
    uint32_t* link = llmobsi_watch_place(watches, group->watch, group->hash);
    while (*link != place) {
        link = &watches->groups[*link - 1].chain;
    }
    *link = group->chain;
    while (group->member != 0) {
        llmobsi_watch_member* member = &watches->members[group->member - 1];
        uint32_t next = member->next;
        member->next = watches->member_free;
        watches->member_free = group->member;
        group->member = next;
    }
    if (group->windows != NULL) {
        llmobsi_watch_give(watches, group->windows,
                           llmobsi_watch_bytes(watch->tiers, watch->columns));
        group->windows = NULL;
    }
    group->next = watches->group_free;
    watches->group_free = place;
}

llmobsi_fn void llmobsi_watch_groups_free(llmobsi_watches* watches, llmobsi_watch* watch)
{
    while (watch->first != 0) {
        uint32_t next = watches->groups[watch->first - 1].next;
        llmobsi_watch_group_free(watches, watch->first);
        watch->first = next;
    }
}

/* ---- from series to groups ----------------------------------------------------------------- */

/* The values of a series, in the order of the metric's labels; those of an overflow series are not
   known, and "". */
llmobsi_fn void llmobsi_watch_values(const llmobsi_metric* metric, const llmobsi_series* series,
                                     const char* values[LLMOBS_LABELS_MAX])
{
    const char* value = series->key;
    uint32_t i;
    for (i = 0; i < metric->label_count; i++) {
        values[i] = series->key_size != 0 ? value : "";
        value += series->key_size != 0 ? strlen(value) + 1 : 0;
    }
}

llmobsi_fn bool llmobsi_watch_matches(const llmobsi_watch* watch, const char* const* values)
{
    uint32_t i;
    for (i = 0; i < watch->matcher_count; i++) {
        const llmobsi_watch_matcher* matcher = &watch->matchers[i];
        bool equal = strcmp(values[matcher->label], watch->key + matcher->value) == 0;
        if (equal == matcher->negated) {
            return false;
        }
    }
    return true;
}

/* The labels of a series' group: each is cut so that all have room. Returns their size. */
llmobsi_fn size_t llmobsi_watch_labels(const llmobsi_watch* watch, const char* const* values,
                                       char out[LLMOBS_I_ALERT_LABELS])
{
    size_t used = 0;
    uint32_t i;
    for (i = 0; i < watch->by_count; i++) {
        const char* value = values[watch->by[i]];
        size_t room = LLMOBS_I_ALERT_LABELS / watch->by_count - 1;
        size_t size = llmobsi_utf8_cut(value, strlen(value), room);
        memcpy(out + used, value, size);
        out[used + size] = '\0';
        used += size + 1;
    }
    return used;
}

/* Adds a series to its group. False: there is no room. */
llmobsi_fn bool llmobsi_watch_join(llmobsi_watches* watches, uint16_t number, uint32_t series,
                                   const char* const* values)
{
    const llmobsi_watch* watch = &watches->watches[number];
    uint32_t place = watches->member_free != 0 ? watches->member_free : watches->member_count + 1;
    llmobsi_watch_member* member = &watches->members[place - 1];
    char labels[LLMOBS_I_ALERT_LABELS];
    size_t size = llmobsi_watch_labels(watch, values, labels);
    uint64_t hash = llmobsi_watch_hash(labels, size);
    llmobsi_watch_group* group = llmobsi_watch_find(watches, number, hash, labels, size);
    if (place > watches->member_limit) {
        return false;
    }
    if (group == NULL) {
        group = llmobsi_watch_group_make(watches, number, hash, labels, size);
    }
    if (group == NULL) {
        return false;
    }
    if (place == watches->member_free) {
        watches->member_free = member->next;
    } else {
        watches->member_count = place;
    }
    member->series = series;
    member->next = group->member;
    group->member = place;
    return true;
}

/* Looks at one series of the metric. */
llmobsi_fn void llmobsi_watch_look(llmobsi_watches* watches, const llmobsi_registry* registry,
                                   uint16_t number, uint32_t series)
{
    llmobsi_watch* watch = &watches->watches[number];
    const char* values[LLMOBS_LABELS_MAX];
    llmobsi_watch_values(&registry->metrics[watch->metric], &registry->series[series], values);
    if (llmobsi_watch_matches(watch, values) &&
        !llmobsi_watch_join(watches, number, series, values)) {
        watches->refused++;
        watch->short_of_room = true;
    }
}

/* Takes in what series there are since the last time. An overflow series is there from the
   beginning, and looked at once something has come to it. */
llmobsi_fn void llmobsi_watch_extend(llmobsi_watches* watches, const llmobsi_registry* registry,
                                     uint16_t number)
{
    llmobsi_watch* watch = &watches->watches[number];
    const llmobsi_metric* metric = &registry->metrics[watch->metric];
    uint32_t next = watch->seen == 0
                        ? llmobsi_load_acquire(&metric->first)
                        : llmobsi_load_acquire(&registry->series[watch->seen - 1].next);
    while (next != 0) {
        if (metric->label_count == 0 || next - 1 != metric->overflow) {
            llmobsi_watch_look(watches, registry, number, next - 1);
        }
        watch->seen = next;
        next = llmobsi_load_acquire(&registry->series[next - 1].next);
    }
    if (metric->label_count > 0 && !watch->has_overflow &&
        llmobsi_load_relaxed(&registry->series[metric->overflow].state) ==
            LLMOBS_I_SERIES_LIVE) {
        watch->has_overflow = true;
        llmobsi_watch_look(watches, registry, number, metric->overflow);
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

llmobsi_fn double llmobsi_watch_read_histogram(const llmobsi_watch* watch,
                                               const llmobsi_metric* metric,
                                               const llmobsi_reading* reading)
{
    uint64_t count = 0;
    uint32_t i;
    switch ((llmobsi_watch_kind)watch->kind) {
    case LLMOBS_I_WATCH_COUNT:
        return (double)reading->count;
    case LLMOBS_I_WATCH_SUM:
        return metric->number == LLMOBS_NUMBER_DOUBLE ? llmobsi_double_of(reading->sum)
                                                      : (double)reading->sum;
    default:
        for (i = 0; i <= watch->bucket; i++) {
            count += reading->counts[i];
        }
        return (double)count;
    }
}

/* One series, but for BUCKETS. */
llmobsi_fn double llmobsi_watch_read_one(const llmobsi_watch* watch,
                                         const llmobsi_recorder* recorder, uint32_t number)
{
    const llmobsi_series* series = &recorder->registry.series[number];
    const llmobsi_metric* metric = &recorder->registry.metrics[watch->metric];
    llmobsi_reading reading;
    uint64_t count;
    int64_t level;
    switch ((llmobs_instrument)metric->instrument) {
    case LLMOBS_COUNTER:
        count = llmobsi_read_counter(recorder, series->cell);
        return (double)count;
    case LLMOBS_UPDOWN:
        level = llmobsi_read_updown(recorder, series->cell);
        return (double)level;
    case LLMOBS_GAUGE:
        return llmobsi_read_gauge(recorder, series->cell);
    default:
        llmobsi_read_histogram(recorder, series, &reading);
        return llmobsi_watch_read_histogram(watch, metric, &reading);
    }
}

/* Series that were removed are gone from a gauge; what a counter had counted stays. */
llmobsi_fn bool llmobsi_watch_is_gone(const llmobsi_watch* watch, const llmobsi_series* series)
{
    return watch->kind == LLMOBS_I_WATCH_GAUGE &&
           llmobsi_load_relaxed(&series->state) == LLMOBS_I_SERIES_REMOVED;
}

llmobsi_fn void llmobsi_watch_sum_up(const llmobsi_watches* watches, const llmobsi_watch* watch,
                                     const llmobsi_recorder* recorder, llmobsi_watch_group* group)
{
    double sum = watch->kind == LLMOBS_I_WATCH_LOST ? (double)watches->lost : 0.0;
    uint32_t place = group->member;
    uint32_t count = 0;
    while (place != 0) {
        const llmobsi_watch_member* member = &watches->members[place - 1];
        if (!llmobsi_watch_is_gone(watch, &recorder->registry.series[member->series])) {
            sum += llmobsi_watch_read_one(watch, recorder, member->series);
            count++;
        }
        place = member->next;
    }
    /* A gauge that nobody has set has no value; a counter that nobody has made is 0. */
    group->value = watch->kind == LLMOBS_I_WATCH_GAUGE && count == 0
                       ? llmobsi_double_of(llmobsi_nan_bits)
                       : sum;
}

/* At the watch's first step a window begins with what is there by then; after that, what is new was
   not there before. */
llmobsi_fn void llmobsi_watch_put(const llmobsi_watch* watch, llmobsi_window* window, int64_t step,
                                  double value)
{
    if (step == watch->since) {
        llmobsi_window_begin(window, window->values, window->tiers, step, value);
    } else {
        llmobsi_window_put(window, step, value);
    }
}

/* A counter's sum goes on where the process before has left it. A gauge's window has its sum over
   the steps: what it is now counts for those since the last one, and nothing where it has no
   value. */
llmobsi_fn void llmobsi_watch_put_sum(const llmobsi_watch* watch, llmobsi_watch_group* group,
                                      int64_t step)
{
    llmobsi_window* window = &group->windows[0];
    double value = group->value + group->before[0];
    if (watch->kind == LLMOBS_I_WATCH_GAUGE) {
        double now = llmobsi_double_is_finite(group->value) ? group->value : 0.0;
        value = llmobsi_window_newest(window) + now * (double)(step - window->last);
    }
    llmobsi_watch_put(watch, window, step, value);
}

/* A window for each bucket, of the sums over all series. */
llmobsi_fn void llmobsi_watch_put_buckets(const llmobsi_watches* watches,
                                          const llmobsi_watch* watch,
                                          const llmobsi_recorder* recorder,
                                          llmobsi_watch_group* group, int64_t step)
{
    double sums[LLMOBS_BOUNDS_MAX + 1] = {0};
    uint32_t place = group->member;
    uint32_t i;
    while (place != 0) {
        const llmobsi_watch_member* member = &watches->members[place - 1];
        llmobsi_reading reading;
        llmobsi_read_histogram(recorder, &recorder->registry.series[member->series], &reading);
        for (i = 0; i < watch->columns; i++) {
            sums[i] += (double)reading.counts[i];
        }
        place = member->next;
    }
    for (i = 0; i < watch->columns; i++) {
        llmobsi_watch_put(watch, &group->windows[i], step, sums[i] + group->before[i]);
    }
}

/* The heaviest users anew: who is no longer one has no group any more. */
llmobsi_fn void llmobsi_watch_read_heavy(llmobsi_watches* watches, uint16_t number,
                                         const llmobsi_recorder* recorder)
{
    llmobsi_watch* watch = &watches->watches[number];
    uint32_t count = llmobsi_cost_heavy_tokens(
        llmobsi_cost_ledger_of(recorder), llmobsi_clock_unix_ns(&recorder->timeline.injected),
        watches->heavy, LLMOBS_I_HEAVY_MOST);
    uint32_t i;
    llmobsi_watch_groups_free(watches, watch);
    for (i = 0; i < count; i++) {
        const llmobsi_heavy* user = &watches->heavy[i];
        size_t size = strlen(user->pseudonym) + 1;
        llmobsi_watch_group* group =
            llmobsi_watch_group_make(watches, number, llmobsi_watch_hash(user->pseudonym, size),
                                     user->pseudonym, size);
        if (group != NULL) {
            group->value = (double)user->input_tokens;
        } else {
            watches->refused++;
            watch->short_of_room = true;
        }
    }
}

llmobsi_fn void llmobsi_watch_read(llmobsi_watches* watches, uint16_t number,
                                   const llmobsi_recorder* recorder, int64_t step)
{
    llmobsi_watch* watch = &watches->watches[number];
    uint32_t place;
    if (watch->kind == LLMOBS_I_WATCH_HEAVY) {
        llmobsi_watch_read_heavy(watches, number, recorder);
        return;
    }
    if (watch->kind != LLMOBS_I_WATCH_LOST) {
        llmobsi_watch_extend(watches, &recorder->registry, number);
    }
    for (place = watch->first; place != 0; place = watches->groups[place - 1].next) {
        llmobsi_watch_group* group = &watches->groups[place - 1];
        if (watch->kind == LLMOBS_I_WATCH_BUCKETS) {
            llmobsi_watch_put_buckets(watches, watch, recorder, group, step);
            continue;
        }
        llmobsi_watch_sum_up(watches, watch, recorder, group);
        if (group->windows != NULL) {
            llmobsi_watch_put_sum(watch, group, step);
        }
    }
}

/* All that are asked for. */
llmobsi_fn void llmobsi_watches_read(llmobsi_watches* watches, const llmobsi_recorder* recorder,
                                     int64_t step)
{
    uint32_t i;
    for (i = 0; i < watches->watch_limit; i++) {
        if (watches->watches[i].used && watches->watches[i].asked > 0) {
            llmobsi_watch_read(watches, (uint16_t)i, recorder, step);
        }
    }
}

/* ---- layout -------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_watches_layout(llmobsi_arena* arena, const llmobs_config* config,
                                       llmobsi_watches* watches)
{
    uint32_t limit = config->alert_rules * LLMOBS_I_WATCHES_A_RULE;
    uint32_t chains = llmobsi_round_up_pow2(config->alert_groups);
    uint32_t members = config->alert_groups * LLMOBS_I_WATCH_MEMBERS_A_GROUP;
    llmobsi_watch* memory = (llmobsi_watch*)llmobsi_arena_take(arena, limit, sizeof *memory);
    llmobsi_watch_group* groups = (llmobsi_watch_group*)llmobsi_arena_take(
        arena, config->alert_groups, sizeof *groups);
    uint32_t* table = (uint32_t*)llmobsi_arena_take(arena, chains, sizeof *table);
    llmobsi_watch_member* member_memory =
        (llmobsi_watch_member*)llmobsi_arena_take(arena, members, sizeof *member_memory);
    unsigned char* windows =
        (unsigned char*)llmobsi_arena_take(arena, config->alert_window_bytes, 1);
    if (watches == NULL || windows == NULL) {
        return;
    }
    memset(watches, 0, sizeof *watches);
    watches->watches = memory;
    watches->watch_limit = limit;
    watches->groups = groups;
    watches->group_limit = config->alert_groups;
    watches->table = table;
    watches->table_mask = chains - 1;
    watches->members = member_memory;
    watches->member_limit = members;
    watches->memory = windows;
    watches->memory_size = config->alert_window_bytes;
}

llmobsi_fn void llmobsi_watches_start(llmobsi_watches* watches)
{
    memset(watches->watches, 0, watches->watch_limit * sizeof *watches->watches);
    memset(watches->table, 0, ((size_t)watches->table_mask + 1) * sizeof *watches->table);
    watches->group_count = 0;
    watches->group_free = 0;
    watches->member_count = 0;
    watches->member_free = 0;
    watches->memory_used = 0;
    watches->holes = NULL;
    watches->lost = 0;
    watches->refused = 0;
}

/* Begins all windows anew, at this step: in the child of a fork, where all cells are 0. */
llmobsi_fn void llmobsi_watches_forked(llmobsi_watches* watches, int64_t step)
{
    uint32_t i, j;
    for (i = 0; i < watches->watch_limit; i++) {
        watches->watches[i].since = step;
    }
    for (i = 0; i < watches->group_count; i++) {
        llmobsi_watch_group* group = &watches->groups[i];
        for (j = 0; group->windows != NULL && j < watches->watches[group->watch].columns; j++) {
            group->before[j] = 0.0;
            llmobsi_window_begin(&group->windows[j], group->windows[j].values,
                                 group->windows[j].tiers, step, 0.0);
        }
        group->value = 0.0;
    }
    watches->lost = 0;
    watches->refused = 0;
}

/* ---- figures ------------------------------------------------------------------------------- */

llmobsi_fn uint32_t llmobsi_watches_groups(const llmobsi_watches* watches)
{
    uint32_t count = watches->group_count;
    uint32_t place;
    for (place = watches->group_free; place != 0; place = watches->groups[place - 1].next) {
        count--;
    }
    return count;
}

llmobsi_fn size_t llmobsi_watches_memory(const llmobsi_watches* watches)
{
    const llmobsi_watch_hole* hole;
    size_t size = watches->memory_used;
    for (hole = watches->holes; hole != NULL; hole = hole->next) {
        size -= hole->size;
    }
    return size;
}
