/* Budgets and the purses of their keys.

   A budget for all, or for one key, has a purse of its own; a template has one for each key that
   it meets, and its own is `__other__`. Keys stand in a table of sets of eight places: a key is at
   one of the sixteen places of its two sets, and never moves, so whoever looks for one takes no
   lock and misses none. A new key takes a free place, or that of a key whose period is over, under
   the lock: so it has one place only. A purse changes hands by way of round 0, in which it is
   nobody's: who looked its place up before finds the mark changed, or another owner.

   A key is known by a seeded 64-bit hash; its text is kept for the state file and for nothing
   else. A user's text is his pseudonym. */

#define LLMOBS_I_BUDGET_WAYS 8u
#define LLMOBS_I_BUDGET_MATCHES 12u  /* budgets that one reservation may be in */
#define LLMOBS_I_BUDGET_WORDS (LLMOBS_BUDGET_NAME / 8)
#define LLMOBS_I_NOWHERE UINT32_MAX /* no purse */

#define LLMOBS_I_BUDGET_FREE 0u
#define LLMOBS_I_BUDGET_DORMANT 1u /* from a state file: it waits for its llmobs_budget_add */
#define LLMOBS_I_BUDGET_ACTIVE 2u

LLMOBS_I_STATIC_ASSERT(purse_most, LLMOBS_I_PURSE_MOST == (uint64_t)LLMOBS_BUDGET_MOST);

/* All written under the lock, but for `when` and the last two; any thread reads. Who removes or
   adds one changes the round first, what it is next, and the state last: what was read in between
   fits no purse. */
typedef struct LLMOBS_I_ALIGNED(64) llmobsi_budget {
    llmobsi_atomic64 when; /* round << 32 | the period's number: any thread, by compare-and-swap */
    llmobsi_atomic32 state;
    llmobsi_atomic32 scope;
    llmobsi_atomic64 key;  /* hash of the one key; 0: a template, or for all */
    llmobsi_atomic64 salt; /* of its keys' places */
    llmobsi_atomic64 soft; /* no more than LLMOBS_I_PURSE_MOST, which stands for no limit */
    llmobsi_atomic64 hard;
    llmobsi_atomic32 period;
    llmobsi_atomic32 offset_s;
    llmobsi_atomic32 refuses;
    llmobsi_atomic64 generation; /* of its handles: counted up when it is removed */
    llmobsi_atomic64 since_ns;   /* Unix time when it was added */
    llmobsi_atomic64 name[LLMOBS_I_BUDGET_WORDS];
    llmobsi_atomic64 over_soft; /* decisions that named it, these two: any thread adds */
    llmobsi_atomic64 denied;
} llmobsi_budget;

typedef struct llmobsi_hold {
    uint32_t purse;
    uint32_t mark;
} llmobsi_hold;

/* The low bits of a reservation's state; above them is the generation. */
#define LLMOBS_I_HOLD_FREE 0u
#define LLMOBS_I_HOLD_FILLING 1u
#define LLMOBS_I_HOLD_OPEN 2u
#define LLMOBS_I_HOLD_CLOSING 3u
#define LLMOBS_I_HOLD_STATES 4u

/* Whoever claimed it, by its state, has the rest alone. */
typedef struct LLMOBS_I_ALIGNED(64) llmobsi_reservation {
    llmobsi_atomic64 state;
    llmobsi_atomic64 uses; /* readers read */
    llmobsi_atomic32 made; /* the era; the tick reads */
    uint32_t count;
    uint64_t nano;
    llmobsi_hold holds[LLMOBS_I_BUDGET_MATCHES];
} llmobsi_reservation;

/* What happened since the instance was opened, or forked. */
typedef struct llmobsi_budget_counts {
    llmobsi_atomic64 reservations; /* made; in llmobsi_budgets: unused */
    llmobsi_atomic64 denied;       /* for whatever reason, */
    llmobsi_atomic64 nameless;     /* and of these: by no budget */
    llmobsi_atomic64 over_soft;    /* allowed all the same */
    llmobsi_atomic64 overruns;     /* settled for more than was reserved */
    llmobsi_atomic64 expired;      /* neither settled nor released in time */
    llmobsi_atomic64 late;         /* settled or released when they were over */
    llmobsi_atomic64 crossed;      /* amounts of a period that was over when they settled */
    llmobsi_atomic64 overflows;    /* keys without a place, once a reservation */
    llmobsi_atomic64 refused;      /* amounts that were negative or absurd */
    llmobsi_atomic64 saturated;    /* amounts that came to LLMOBS_BUDGET_MOST */
    llmobsi_atomic64 unkeyed;      /* users of whom no pseudonym could be made, or was none */
} llmobsi_budget_counts;

typedef struct llmobsi_budgets {
    llmobsi_lock lock;
    llmobsi_budget* budgets; /* this and what stands up to the era: open writes */
    uint32_t limit;
    uint32_t keys; /* a power of two; purses from here on are the budgets' own */
    llmobsi_atomic64* ids; /* of the keys' places; 0: free. Under the lock; any thread reads */
    llmobsi_purse* purses;
    char (*texts)[LLMOBS_BUDGET_KEY]; /* a purse's key, under the lock; "": it is a budget's own */
    llmobsi_reservation* reservations;
    uint32_t reservation_mask;
    uint64_t seed;
    uint64_t quarter_ns; /* of the age at which reservations expire */
    llmobsi_atomic32 era; /* the tick counts it up, every quarter */
    llmobsi_atomic32 used;   /* budgets ever defined are below it */
    llmobsi_atomic32 scopes; /* 1 << scope of those that are there */
    uint64_t era_began; /* stamp; the tick */
    llmobsi_atomic64 until_ns; /* Unix time: no period ends before it. Any thread */
    llmobsi_budget_counts counts; /* any thread adds */
} llmobsi_budgets;

LLMOBS_API llmobs_budget_info llmobs_budget_info_default(void)
{
    llmobs_budget_info info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    info.soft_nano = LLMOBS_BUDGET_NO_LIMIT;
    info.hard_nano = LLMOBS_BUDGET_NO_LIMIT;
    return info;
}

/* Those of an instance; NULL: it has none. */
llmobsi_inline llmobsi_budgets* llmobsi_budgets_of(const llmobsi_recorder* recorder)
{
    return LLMOBS_I_REQUESTS ? (llmobsi_budgets*)recorder->budgets : NULL;
}

/* ---- rounds -------------------------------------------------------------------------------- */

/* Unix time, by the host's clock or a coarse one: a period may begin some milliseconds late. */
llmobsi_inline uint64_t llmobsi_budgets_now(const llmobsi_timeline* timeline)
{
    return llmobsi_unlikely(timeline->source == LLMOBS_I_TIME_INJECTED)
               ? llmobsi_host_time(&timeline->injected)
               : llmobsi_realtime_coarse_ns();
}

llmobsi_fn int32_t llmobsi_budget_number(const llmobsi_budget* budget, uint64_t unix_ns)
{
    uint32_t period = llmobsi_load_relaxed(&budget->period);
    uint32_t offset_s = llmobsi_load_relaxed(&budget->offset_s);
    return llmobsi_period_at((llmobs_period)period, (int32_t)offset_s, unix_ns);
}

/* The next round, in a period. There is no round 0. */
llmobsi_inline uint64_t llmobsi_round_next(uint64_t when, int32_t number)
{
    uint32_t round = (uint32_t)(when >> 32) + 1;
    return (uint64_t)(round + (round == 0)) << 32 | (uint32_t)number;
}

/* Begins the periods that have come, once a minute: then they begin. Time that goes back, or a
   thread that comes with an old one, brings no period back. */
llmobsi_cold void llmobsi_budgets_roll(llmobsi_budgets* budgets, uint64_t unix_ns)
{
    uint64_t next = (unix_ns / LLMOBS_I_MINUTE_NS + 1) * LLMOBS_I_MINUTE_NS;
    uint32_t used = llmobsi_load_acquire(&budgets->used);
    uint32_t i;
    for (i = 0; i < used; i++) {
        llmobsi_budget* budget = &budgets->budgets[i];
        uint64_t when = llmobsi_load_acquire(&budget->when);
        int32_t number = llmobsi_budget_number(budget, unix_ns);
        while (number > (int32_t)(uint32_t)when &&
               !llmobsi_cas_acquire_release(&budget->when, &when,
                                            llmobsi_round_next(when, number))) {
        }
    }
    llmobsi_store_release(&budgets->until_ns, next);
}

/* A clock that was wrong by more than a period, and is set back, must not stop a budget until that
   time has come. The tick alone: it reads the clock after the period, so that it can't be its
   reading that is old. */
llmobsi_fn void llmobsi_budgets_look_back(llmobsi_budgets* budgets,
                                          const llmobsi_timeline* timeline)
{
    uint32_t used = llmobsi_load_acquire(&budgets->used);
    uint32_t i;
    for (i = 0; i < used; i++) {
        llmobsi_budget* budget = &budgets->budgets[i];
        uint64_t when = llmobsi_load_acquire(&budget->when);
        int32_t number = llmobsi_budget_number(budget, llmobsi_budgets_now(timeline));
        if (number < (int32_t)(uint32_t)when - 1) {
            (void)llmobsi_cas_acquire_release(&budget->when, &when,
                                              llmobsi_round_next(when, number));
        }
    }
    llmobsi_budgets_roll(budgets, llmobsi_budgets_now(timeline));
}

/* When a budget's period began and ends; 0: never. */
llmobsi_fn void llmobsi_budget_period(const llmobsi_budget* budget, uint64_t when,
                                      uint64_t* start_ns, uint64_t* end_ns)
{
    uint32_t kind = llmobsi_load_relaxed(&budget->period);
    uint32_t offset = llmobsi_load_relaxed(&budget->offset_s);
    llmobs_period period = (llmobs_period)kind;
    int32_t offset_s = (int32_t)offset;
    int32_t number = (int32_t)(uint32_t)when;
    *start_ns = llmobsi_load_relaxed(&budget->since_ns);
    *end_ns = 0;
    if (period != LLMOBS_PERIOD_NONE) {
        *start_ns = llmobsi_period_begins(period, offset_s, number);
        *end_ns = llmobsi_period_begins(period, offset_s, number + 1);
    }
}

llmobsi_fn void llmobsi_budget_name(const llmobsi_budget* budget, char out[LLMOBS_BUDGET_NAME])
{
    uint32_t i;
    for (i = 0; i < LLMOBS_I_BUDGET_WORDS; i++) {
        uint64_t word = llmobsi_load_relaxed(&budget->name[i]);
        memcpy(out + i * sizeof word, &word, sizeof word);
    }
}

/* ---- keys ---------------------------------------------------------------------------------- */

/* A text as a key: never 0. */
llmobsi_inline uint64_t llmobsi_budget_hash(const llmobsi_budgets* budgets, const char* text,
                                            size_t size)
{
    uint64_t hash = llmobsi_hash64(text, size, budgets->seed);
    return hash != 0 ? hash : 1;
}

/* What a key is called in a template's places: never 0. */
llmobsi_inline uint64_t llmobsi_budget_id(const llmobsi_budget* budget, uint64_t hash)
{
    uint64_t id = llmobsi_hash_fold(hash, llmobsi_load_relaxed(&budget->salt));
    return id != 0 ? id : 1;
}

/* The first place of one of a key's two sets. */
llmobsi_inline uint32_t llmobsi_budget_set(const llmobsi_budgets* budgets, uint64_t id, int which)
{
    return (uint32_t)(which == 0 ? id : id >> 32) & (budgets->keys - 1) &
           ~(LLMOBS_I_BUDGET_WAYS - 1);
}

/* A key's place, or LLMOBS_I_NOWHERE. */
llmobsi_inline uint32_t llmobsi_budget_find(const llmobsi_budgets* budgets, uint64_t id)
{
    int which;
    for (which = 0; which < 2; which++) {
        uint32_t first = llmobsi_budget_set(budgets, id, which);
        uint32_t i;
        for (i = first; i < first + LLMOBS_I_BUDGET_WAYS; i++) {
            if (llmobsi_load_acquire(&budgets->ids[i]) == id) {
                return i;
            }
        }
    }
    return LLMOBS_I_NOWHERE;
}

/* Whether a place may be had while its purse is in this round: it is free, or its key's period is
   over. */
llmobsi_fn bool llmobsi_budget_is_free(const llmobsi_budgets* budgets, uint32_t place,
                                       uint64_t round)
{
    const llmobsi_purse* purse = &budgets->purses[place];
    const llmobsi_budget* budget = &budgets->budgets[llmobsi_load_relaxed(&purse->budget)];
    return llmobsi_load_acquire(&budgets->ids[place]) == 0 ||
           (llmobsi_round_ahead(round, (uint32_t)(llmobsi_load_acquire(&budget->when) >> 32)) < 0 &&
            (llmobsi_load_relaxed(&purse->flags) & LLMOBS_I_PURSE_OWN_LIMITS) == 0);
}

/* A place that a key may have, in that of its sets that has more of them; or LLMOBS_I_NOWHERE. */
llmobsi_fn uint32_t llmobsi_budget_room(const llmobsi_budgets* budgets, uint64_t id)
{
    uint32_t found = LLMOBS_I_NOWHERE;
    uint32_t most = 0;
    int which;
    for (which = 0; which < 2; which++) {
        uint32_t first = llmobsi_budget_set(budgets, id, which);
        uint32_t place = LLMOBS_I_NOWHERE;
        uint32_t count = 0;
        uint32_t i;
        for (i = first; i < first + LLMOBS_I_BUDGET_WAYS; i++) {
            uint64_t round = llmobsi_load_acquire(&budgets->purses[i].round);
            if (llmobsi_budget_is_free(budgets, i, round)) {
                place = i;
                count++;
            }
        }
        found = count > most ? place : found;
        most = count > most ? count : most;
    }
    return found;
}

/* Makes a purse a key's. Under the lock. False: its old owner has just come back. */
llmobsi_fn bool llmobsi_budget_give(llmobsi_budgets* budgets, uint32_t place, uint32_t number,
                                    uint64_t id, const char* text, size_t size)
{
    llmobsi_purse* purse = &budgets->purses[place];
    uint64_t round = llmobsi_load_acquire(&purse->round);
    uint64_t when = llmobsi_load_acquire(&budgets->budgets[number].when);
    if (!llmobsi_budget_is_free(budgets, place, round) ||
        (round >> 32 != 0 && !llmobsi_purse_move(purse, &round, 0))) {
        return false;
    }
    memcpy(budgets->texts[place], text, size);
    budgets->texts[place][size] = '\0';
    llmobsi_store_relaxed(&purse->flags, 0);
    llmobsi_store_relaxed(&purse->budget, number);
    llmobsi_store_release(&budgets->ids[place], id);
    llmobsi_store_release(&purse->round, (when >> 32) << 32 | (uint32_t)round);
    return true;
}

/* The place of a key, which gets one if it has none. Under the lock. */
llmobsi_fn uint32_t llmobsi_budget_place(llmobsi_budgets* budgets, uint32_t number, uint64_t id,
                                         const char* text, size_t size)
{
    uint32_t place = llmobsi_budget_find(budgets, id);
    while (place == LLMOBS_I_NOWHERE) {
        place = llmobsi_budget_room(budgets, id);
        if (place == LLMOBS_I_NOWHERE) {
            break;
        }
        if (!llmobsi_budget_give(budgets, place, number, id, text, size)) {
            place = LLMOBS_I_NOWHERE;
        }
    }
    return place;
}

/* The same for a key that was not found. Where there is no room, nobody waits for the lock. */
llmobsi_cold uint32_t llmobsi_budget_place_new(llmobsi_budgets* budgets, uint32_t number,
                                               uint64_t id, const char* text, size_t size)
{
    uint32_t place;
    if (llmobsi_budget_room(budgets, id) == LLMOBS_I_NOWHERE) {
        return llmobsi_budget_find(budgets, id); /* who filled it may have been another with it */
    }
    llmobsi_lock_take(&budgets->lock);
    place = llmobsi_budget_place(budgets, number, id, text, size);
    llmobsi_lock_give(&budgets->lock);
    return place;
}

/* ---- layout -------------------------------------------------------------------------------- */

/* `recorder` is NULL while measuring. */
llmobsi_fn void llmobsi_budgets_layout(llmobsi_arena* arena, const llmobs_config* config,
                                       llmobsi_recorder* recorder)
{
    uint32_t limit = config->budgets;
    uint32_t keys = llmobsi_round_up_pow2(config->budget_keys);
    uint32_t count = llmobsi_round_up_pow2(config->budget_reservations);
    size_t purses = (size_t)keys + limit;
    llmobsi_budgets* budgets =
        (llmobsi_budgets*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_budgets));
    llmobsi_budget* memory =
        (llmobsi_budget*)llmobsi_arena_take(arena, limit, sizeof(llmobsi_budget));
    llmobsi_atomic64* ids =
        (llmobsi_atomic64*)llmobsi_arena_take(arena, keys, sizeof(llmobsi_atomic64));
    llmobsi_purse* purse_memory =
        (llmobsi_purse*)llmobsi_arena_take(arena, purses, sizeof(llmobsi_purse));
    char* texts = (char*)llmobsi_arena_take(arena, purses, LLMOBS_BUDGET_KEY);
    llmobsi_reservation* reservations = (llmobsi_reservation*)llmobsi_arena_take(
        arena, count, sizeof(llmobsi_reservation));
    if (recorder == NULL || reservations == NULL) {
        return;
    }
    memset(budgets, 0, sizeof *budgets);
    budgets->budgets = memory;
    budgets->limit = limit;
    budgets->keys = keys;
    budgets->ids = ids;
    budgets->purses = purse_memory;
    budgets->texts = (char(*)[LLMOBS_BUDGET_KEY])(void*)texts;
    budgets->reservations = reservations;
    budgets->reservation_mask = count - 1;
    budgets->quarter_ns = (uint64_t)config->reservation_max_age_s * LLMOBS_I_SECOND_NS / 4;
    recorder->budgets = budgets;
}

/* As when nothing had been defined: generations that no handle has, and a seed. Before anybody else
   is there. */
llmobsi_fn void llmobsi_budgets_start(llmobsi_budgets* budgets)
{
    uint32_t count = budgets->reservation_mask + 1;
    size_t purses = (size_t)budgets->keys + budgets->limit;
    uint32_t i;
    memset((void*)budgets->budgets, 0, budgets->limit * sizeof *budgets->budgets);
    memset((void*)budgets->ids, 0, budgets->keys * sizeof *budgets->ids);
    memset((void*)budgets->purses, 0, purses * sizeof *budgets->purses);
    memset(budgets->texts, 0, purses * LLMOBS_BUDGET_KEY);
    memset((void*)budgets->reservations, 0, count * sizeof *budgets->reservations);
    budgets->used = 0;
    budgets->scopes = 0;
    budgets->until_ns = 0;
    budgets->seed = llmobsi_random_seed();
    for (i = 0; i < budgets->limit; i++) {
        budgets->budgets[i].generation = 1;
    }
    for (i = 0; i <= budgets->reservation_mask; i++) {
        budgets->reservations[i].state = LLMOBS_I_HOLD_STATES;
    }
}

/* In the child of a fork: what is spent stays, what is reserved is the parent's, and so is a key
   that was just getting its place. Nobody else is here. */
llmobsi_fn void llmobsi_budgets_forked(llmobsi_budgets* budgets)
{
    uint32_t i;
    for (i = 0; i < budgets->keys + budgets->limit; i++) {
        llmobsi_purse* purse = &budgets->purses[i];
        if (i < budgets->keys && purse->round >> 32 == 0) {
            budgets->ids[i] = 0;
        }
        llmobsi_purse_catch_up(&purse->used, purse->round);
        llmobsi_purse_catch_up(&purse->spent, purse->round);
        purse->used = purse->spent;
    }
    for (i = 0; i <= budgets->reservation_mask; i++) {
        llmobsi_reservation* reservation = &budgets->reservations[i];
        reservation->state = (reservation->state | (LLMOBS_I_HOLD_STATES - 1)) + 1;
        reservation->uses = 0;
    }
    for (i = 0; i < budgets->limit; i++) {
        budgets->budgets[i].over_soft = 0;
        budgets->budgets[i].denied = 0;
    }
    budgets->era_began = 0;
    memset(&budgets->counts, 0, sizeof budgets->counts);
}
