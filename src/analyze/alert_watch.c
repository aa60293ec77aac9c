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
    bool waking;   /* this is the first reading for a rule */
    bool restored; /* it is from a state file, and no rule that was kept asks for it */
    uint32_t metric;
    uint32_t bucket;   /* BUCKET: the last one that counts */
    uint32_t seen;     /* of the metric's series, number + 1: the last one that was looked at */
    uint32_t first;    /* group + 1 */
    int64_t since;     /* the step of its first reading */
    double unit;       /* as the cells have it */
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
    double* before; /* for each: what it had come to when the rule came, less the cells of then */
    char labels[LLMOBS_I_ALERT_LABELS];
} llmobsi_watch_group;

typedef struct llmobsi_watch_member {
    uint32_t series;
    uint32_t next; /* + 1 */
} llmobsi_watch_member;

/* Free memory. The list is in the order of addresses, and no hole ends where the next begins. */
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
    size_t memory_used; /* without the holes */
    llmobsi_watch_hole* holes;
    uint64_t seed; /* of labels' hashes: values may be strangers' */
    uint64_t lost;    /* what LLMOBS_I_WATCH_LOST reads: the tick writes it before each reading */
    uint64_t refused; /* groups and series that found no room */
    llmobsi_heavy heavy[LLMOBS_I_HEAVY_MOST]; /* room for a reading */
} llmobsi_watches;

/* ---- memory -------------------------------------------------------------------------------- */

/* Windows of a group in one piece: what they are, what was before, and their words. What is left
   over of a hole can be a hole. */
llmobsi_fn size_t llmobsi_watch_bytes(uint32_t tiers, uint32_t columns)
{
    size_t bytes =
        columns * (sizeof(llmobsi_window) + (1 + llmobsi_window_words(tiers)) * sizeof(double));
    return llmobsi_size_align(bytes, sizeof(llmobsi_watch_hole));
}

/* The first hole that is large enough, or its beginning. */
llmobsi_fn void* llmobsi_watch_take(llmobsi_watches* watches, size_t size)
{
    llmobsi_watch_hole** link = &watches->holes;
    llmobsi_watch_hole* hole;
    while (*link != NULL && (*link)->size < size) {
        link = &(*link)->next;
    }
    hole = *link;
    if (hole == NULL) {
        return NULL;
    }
    if (hole->size > size) {
        llmobsi_watch_hole* rest = (llmobsi_watch_hole*)(void*)((unsigned char*)hole + size);
        rest->next = hole->next;
        rest->size = hole->size - size;
        *link = rest;
    } else {
        *link = hole->next;
    }
    watches->memory_used += size;
    return hole;
}

/* Makes one of a hole and the next, where they touch. */
llmobsi_fn void llmobsi_watch_join_holes(llmobsi_watch_hole* hole)
{
    if (hole->next != NULL && (unsigned char*)hole + hole->size == (unsigned char*)hole->next) {
        hole->size += hole->next->size;
        hole->next = hole->next->next;
    }
}

llmobsi_fn void llmobsi_watch_give(llmobsi_watches* watches, void* memory, size_t size)
{
    llmobsi_watch_hole* hole = (llmobsi_watch_hole*)memory;
    llmobsi_watch_hole* before = NULL;
    llmobsi_watch_hole* after = watches->holes;
    while (after != NULL && after < hole) {
        before = after;
        after = after->next;
    }
    hole->size = size;
    hole->next = after;
    llmobsi_watch_join_holes(hole);
    if (before == NULL) {
        watches->holes = hole;
    } else {
        before->next = hole;
        llmobsi_watch_join_holes(before);
    }
    watches->memory_used -= size;
}

/* ---- groups -------------------------------------------------------------------------------- */

llmobsi_fn uint64_t llmobsi_watch_hash(const llmobsi_watches* watches, const char* labels,
                                       size_t size)
{
    return llmobsi_hash64(labels, size, watches->seed);
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

/* Windows that begin with 0 at the watch's first step: whatever comes later was not there then. In
   place of those that the group has, which have seen nothing yet, if it has any. False: no room. */
llmobsi_fn bool llmobsi_watch_windows(llmobsi_watches* watches, const llmobsi_watch* watch,
                                      llmobsi_watch_group* group)
{
    llmobsi_window* windows;
    double* before;
    uint32_t words;
    uint32_t i;
    if (watch->tiers == 0) {
        return true;
    }
    words = llmobsi_window_words(watch->tiers);
    windows = (llmobsi_window*)llmobsi_watch_take(
        watches, llmobsi_watch_bytes(watch->tiers, watch->columns));
    if (windows == NULL) {
        return false;
    }
    before = (double*)(void*)(windows + watch->columns);
    for (i = 0; i < watch->columns; i++) {
        before[i] = group->windows != NULL ? group->before[i] : 0.0;
        llmobsi_window_begin(
            &windows[i], before + watch->columns + (size_t)i * words, watch->tiers, watch->since,
            group->windows != NULL ? llmobsi_window_newest(&group->windows[i]) : 0.0);
    }
    if (group->windows != NULL) {
        llmobsi_watch_give(watches, group->windows,
                           llmobsi_watch_bytes(group->windows[0].tiers, watch->columns));
    }
    group->windows = windows;
    group->before = before;
    return true;
}

/* Takes back that windows were made for more tiers than the watch has: they stay where they are. */
llmobsi_fn void llmobsi_watch_shrink(llmobsi_watches* watches, const llmobsi_watch* watch,
                                     llmobsi_watch_group* group)
{
    size_t size = llmobsi_watch_bytes(group->windows[0].tiers, watch->columns);
    size_t kept = llmobsi_watch_bytes(watch->tiers, watch->columns);
    double* words = group->before + watch->columns;
    uint32_t i;
    for (i = 0; i < watch->columns; i++) {
        double value = llmobsi_window_newest(&group->windows[i]);
        llmobsi_window_begin(&group->windows[i], words, watch->tiers, watch->since, value);
        words += llmobsi_window_words(watch->tiers);
    }
    llmobsi_watch_give(watches, (unsigned char*)group->windows + kept, size - kept);
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
                           llmobsi_watch_bytes(group->windows[0].tiers, watch->columns));
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

llmobsi_fn void llmobsi_watch_drop(llmobsi_watches* watches, llmobsi_watch* watch)
{
    llmobsi_watch_groups_free(watches, watch);
    memset(watch, 0, sizeof *watch);
}

/* One that came from a state file, and that nobody has asked for since, makes room. Returns its
   place; LLMOBS_I_NO_WATCH: there is none. */
llmobsi_fn uint16_t llmobsi_watch_make_room(llmobsi_watches* watches)
{
    uint32_t i;
    for (i = 0; i < watches->watch_limit; i++) {
        if (watches->watches[i].used && watches->watches[i].asked == 0) {
            llmobsi_watch_drop(watches, &watches->watches[i]);
            return (uint16_t)i;
        }
    }
    return LLMOBS_I_NO_WATCH;
}

/* A new group of a watch that is asked for; NULL: there is no room, and none to be made. */
llmobsi_fn llmobsi_watch_group* llmobsi_watch_group_new(llmobsi_watches* watches, uint16_t number,
                                                        uint64_t hash, const char* labels,
                                                        size_t size)
{
    llmobsi_watch_group* group;
    do {
        group = llmobsi_watch_group_make(watches, number, hash, labels, size);
    } while (group == NULL && llmobsi_watch_make_room(watches) != LLMOBS_I_NO_WATCH);
    return group;
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
    uint64_t hash = llmobsi_watch_hash(watches, labels, size);
    llmobsi_watch_group* group = llmobsi_watch_find(watches, number, hash, labels, size);
    if (place > watches->member_limit) {
        return false;
    }
    if (group == NULL) {
        group = llmobsi_watch_group_new(watches, number, hash, labels, size);
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
    const llmobsi_watch* watch = &watches->watches[number];
    const char* values[LLMOBS_LABELS_MAX];
    llmobsi_watch_values(&registry->metrics[watch->metric], &registry->series[series], values);
    if (llmobsi_watch_matches(watch, values) &&
        !llmobsi_watch_join(watches, number, series, values)) {
        watches->refused++;
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
    watches->holes = (llmobsi_watch_hole*)(void*)watches->memory;
    watches->holes->next = NULL;
    watches->holes->size = watches->memory_size;
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
