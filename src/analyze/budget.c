/* Budgets: what is set aside, settled and given back; what the tick does for them. */

/* ---- whose budgets ------------------------------------------------------------------------- */

typedef struct llmobsi_budget_keys {
    llmobsi_budget_key of[LLMOBS_BUDGET_SCOPE_COUNT];
    char pseudonym[LLMOBS_PSEUDONYM_SIZE]; /* of the user, made here */
} llmobsi_budget_keys;

/* The keys of a query, as far as budgets ask for them. */
llmobsi_inline void llmobsi_budget_keys_of(const llmobsi_budget_call* call,
                                           const llmobs_budget_query* query,
                                           llmobsi_budget_keys* keys)
{
    llmobsi_budgets* budgets = call->budgets;
    uint32_t scopes = llmobsi_load_relaxed(&budgets->scopes);
    const char* user = query->user;
    keys->of[LLMOBS_BUDGET_ALL].hash = 1;
    keys->of[LLMOBS_BUDGET_TENANT].hash = 0;
    keys->of[LLMOBS_BUDGET_FEATURE].hash = 0;
    keys->of[LLMOBS_BUDGET_USER].hash = 0;
    if ((scopes & 1u << LLMOBS_BUDGET_TENANT) != 0) {
        keys->of[LLMOBS_BUDGET_TENANT] = llmobsi_budget_key_of(budgets, query->tenant);
    }
    if ((scopes & 1u << LLMOBS_BUDGET_FEATURE) != 0) {
        keys->of[LLMOBS_BUDGET_FEATURE] = llmobsi_budget_key_of(budgets, query->feature);
    }
    if ((scopes & 1u << LLMOBS_BUDGET_USER) != 0) {
        if (user == NULL && query->user_id != NULL && query->user_id[0] != '\0') {
            user = keys->pseudonym;
            if (!llmobsi_budget_pseudonym(call->recorder, query->tenant, query->user_id,
                                          keys->pseudonym)) {
                (void)llmobsi_add_relaxed(&budgets->counts.unkeyed, 1);
            }
        }
        keys->of[LLMOBS_BUDGET_USER] = llmobsi_budget_key_of(budgets, user);
    }
}

/* ---- reserving ----------------------------------------------------------------------------- */

/* One reservation in the making, and the budget that its decision will tell of. */
typedef struct llmobsi_asking {
    llmobsi_budgets* budgets;
    llmobsi_budget_keys keys;
    llmobsi_reservation* reservation;
    uint64_t nano;
    uint64_t open; /* its state when it is made */
    llmobs_budget_reason reason;
    uint32_t number; /* LLMOBS_I_NOWHERE: none yet */
    uint32_t purse;
    uint64_t when;
    uint64_t room;
} llmobsi_asking;

/* A key that has no place yet: it gets one, or its budget's own purse; or LLMOBS_I_NOWHERE, with a
   reason if that is a refusal. */
llmobsi_cold uint32_t llmobsi_budget_purse_new(llmobsi_asking* asking, uint32_t number,
                                               uint64_t id)
{
    llmobsi_budgets* budgets = asking->budgets;
    const llmobsi_budget* budget = &budgets->budgets[number];
    uint32_t scope = llmobsi_load_relaxed(&budget->scope);
    const llmobsi_budget_key* key = &asking->keys.of[scope];
    uint32_t place;
    if (scope == LLMOBS_BUDGET_USER && !llmobsi_budget_is_pseudonym(key->text)) {
        (void)llmobsi_add_relaxed(&budgets->counts.unkeyed, 1);
        return LLMOBS_I_NOWHERE;
    }
    place = llmobsi_budget_place_new(budgets, number, id, key->text, key->size);
    if (place == LLMOBS_I_NOWHERE) {
        (void)llmobsi_add_relaxed(&budgets->counts.overflows, 1);
        if (llmobsi_load_relaxed(&budget->refuses) == 0) {
            return budgets->keys + number;
        }
        asking->reason = LLMOBS_BUDGET_IS_NO_PLACE;
        asking->number = number;
    }
    return place;
}

/* Which purse a budget has for the keys; LLMOBS_I_NOWHERE: it does not apply, or has no place.
   *id: what stands at its place, 0 for a budget's own. */
llmobsi_inline uint32_t llmobsi_budget_purse_of(llmobsi_asking* asking, uint32_t number,
                                                uint64_t* id)
{
    llmobsi_budgets* budgets = asking->budgets;
    const llmobsi_budget* budget = &budgets->budgets[number];
    uint32_t scope = llmobsi_load_relaxed(&budget->scope);
    uint64_t key = llmobsi_load_relaxed(&budget->key);
    uint64_t hash = asking->keys.of[scope].hash;
    uint32_t place;
    *id = 0;
    if (hash == 0 || (key != 0 && key != hash)) {
        return LLMOBS_I_NOWHERE;
    }
    if (scope == LLMOBS_BUDGET_ALL || key != 0) {
        return budgets->keys + number;
    }
    *id = llmobsi_budget_id(budget, hash);
    place = llmobsi_budget_find(budgets, *id);
    return llmobsi_likely(place != LLMOBS_I_NOWHERE)
               ? place
               : llmobsi_budget_purse_new(asking, number, *id);
}

/* Keeps what a decision tells, if this budget has more to say than the one before. */
llmobsi_inline void llmobsi_budget_note(llmobsi_asking* asking, uint32_t number, uint32_t purse,
                                        uint64_t when, llmobs_budget_reason reason, uint64_t room)
{
    if (asking->number == LLMOBS_I_NOWHERE || reason > asking->reason ||
        (reason == asking->reason && room < asking->room)) {
        asking->reason = reason;
        asking->number = number;
        asking->purse = purse;
        asking->when = when;
        asking->room = room;
    }
}

/* Sets the amount aside in a purse of a budget's round. False: it refuses. *moved: the purse has
   another round or owner by now, and nothing was done. */
llmobsi_inline bool llmobsi_budget_take(llmobsi_asking* asking, uint32_t number, uint32_t at,
                                        uint64_t id, uint64_t when, bool* moved)
{
    llmobsi_budgets* budgets = asking->budgets;
    const llmobsi_budget* budget = &budgets->budgets[number];
    llmobsi_purse* purse = &budgets->purses[at];
    llmobsi_reservation* reservation = asking->reservation;
    uint64_t round = llmobsi_purse_turn(purse, (uint32_t)(when >> 32));
    bool own = (llmobsi_load_relaxed(&purse->flags) & LLMOBS_I_PURSE_OWN_LIMITS) != 0;
    uint64_t hard = llmobsi_load_relaxed(own ? &purse->hard : &budget->hard);
    uint64_t soft = llmobsi_load_relaxed(own ? &purse->soft : &budget->soft);
    uint64_t used = 0;
    llmobsi_fit fit;
    *moved = round == 0 || (at < budgets->keys && llmobsi_load_acquire(&budgets->ids[at]) != id);
    if (*moved) {
        return true;
    }
    if (reservation->count == LLMOBS_I_BUDGET_MATCHES) {
        llmobsi_budget_note(asking, number, at, when, LLMOBS_BUDGET_IS_TOO_MANY, 0);
        return false;
    }
    fit = llmobsi_purse_reserve(purse, round, asking->nano, hard, &used);
    *moved = fit == LLMOBS_I_FIT_MOVED;
    if (fit == LLMOBS_I_FIT_IN) {
        llmobsi_hold* hold = &reservation->holds[reservation->count++];
        hold->purse = at;
        hold->mark = (uint32_t)round;
        used += asking->nano;
        llmobsi_budget_note(asking, number, at, when,
                            used > soft ? LLMOBS_BUDGET_IS_OVER_SOFT : LLMOBS_BUDGET_IS_WITHIN,
                            hard - used);
    } else if (fit == LLMOBS_I_FIT_OVER) {
        llmobsi_budget_note(asking, number, at, when, LLMOBS_BUDGET_IS_OVER_HARD,
                            hard > used ? hard - used : 0);
    }
    return fit != LLMOBS_I_FIT_OVER;
}

/* Asks one budget. False: it refuses. */
llmobsi_inline bool llmobsi_budget_ask(llmobsi_asking* asking, uint32_t number)
{
    llmobsi_budgets* budgets = asking->budgets;
    const llmobsi_budget* budget = &budgets->budgets[number];
    bool moved;
    bool granted;
    do {
        uint64_t when = llmobsi_load_acquire(&budget->when);
        uint64_t id;
        uint32_t at;
        if (llmobsi_load_acquire(&budget->state) != LLMOBS_I_BUDGET_ACTIVE) {
            return true;
        }
        at = llmobsi_budget_purse_of(asking, number, &id);
        if (at == LLMOBS_I_NOWHERE) {
            return asking->reason != LLMOBS_BUDGET_IS_NO_PLACE;
        }
        granted = llmobsi_budget_take(asking, number, at, id, when, &moved);
        if (llmobsi_unlikely(moved)) { /* it may be changing hands: let that be done */
            llmobsi_lock_take(&budgets->lock);
            llmobsi_lock_give(&budgets->lock);
        }
    } while (moved);
    return granted;
}

/* A free record. A thread looks first where it has just given one back. NULL: none was found. */
llmobsi_inline llmobsi_reservation* llmobsi_reservation_take(llmobsi_budgets* budgets,
                                                             llmobsi_thread* thread)
{
    uint32_t start = thread != NULL ? thread->reservation_next : 0;
    uint32_t i;
    for (i = 0; i <= budgets->reservation_mask; i++) {
        uint32_t place = (start + i) & budgets->reservation_mask;
        llmobsi_reservation* reservation = &budgets->reservations[place];
        uint64_t state = llmobsi_load_relaxed(&reservation->state);
        if (state % LLMOBS_I_HOLD_STATES == LLMOBS_I_HOLD_FREE &&
            llmobsi_cas_acquire_release(&reservation->state, &state,
                                        state + LLMOBS_I_HOLD_FILLING)) {
            if (thread != NULL) {
                thread->reservation_next = place + 1;
            }
            return reservation;
        }
    }
    return NULL;
}

/* Gives a record back that one has claimed: with the next generation. */
llmobsi_inline void llmobsi_reservation_give(llmobsi_reservation* reservation)
{
    uint64_t state = llmobsi_load_relaxed(&reservation->state);
    llmobsi_store_release(&reservation->state, (state | (LLMOBS_I_HOLD_STATES - 1)) + 1);
}

/* Books an amount in all purses of a reservation that one has claimed, and gives it back. */
llmobsi_inline void llmobsi_reservation_book(llmobsi_budgets* budgets,
                                             llmobsi_reservation* reservation, uint64_t actual)
{
    uint32_t i;
    for (i = 0; i < reservation->count; i++) {
        const llmobsi_hold* hold = &reservation->holds[i];
        bool saturated = false;
        if (!llmobsi_purse_book(&budgets->purses[hold->purse], hold->mark, reservation->nano,
                                actual, &saturated) && actual != 0) {
            (void)llmobsi_add_relaxed(&budgets->counts.crossed, 1);
        }
        if (llmobsi_unlikely(saturated)) {
            (void)llmobsi_add_relaxed(&budgets->counts.saturated, 1);
        }
    }
    llmobsi_reservation_give(reservation);
}

/* Asks all budgets. False: one refused, and the others have their amounts back. */
llmobsi_inline bool llmobsi_budgets_ask(llmobsi_asking* asking)
{
    llmobsi_budgets* budgets = asking->budgets;
    uint32_t used = llmobsi_load_acquire(&budgets->used);
    uint32_t i;
    for (i = 0; i < used; i++) {
        if (!llmobsi_budget_ask(asking, i)) {
            llmobsi_reservation_book(budgets, asking->reservation, 0);
            return false;
        }
    }
    return true;
}

/* Reserves, inside. Returns the reservation, or NULL with a reason. */
llmobsi_inline llmobsi_reservation* llmobsi_budget_try(const llmobsi_budget_call* call,
                                                       const llmobs_budget_query* query,
                                                       uint64_t now, llmobsi_asking* asking)
{
    llmobsi_budgets* budgets = call->budgets;
    llmobsi_reservation* reservation;
    if (now >= llmobsi_load_acquire(&budgets->until_ns)) {
        llmobsi_budgets_roll(budgets, now);
    }
    asking->reason = LLMOBS_BUDGET_IS_BAD_AMOUNT;
    if (query->nano < 0 || query->nano > LLMOBS_BUDGET_MOST) {
        (void)llmobsi_add_relaxed(&budgets->counts.refused, 1);
        return NULL;
    }
    asking->reason = LLMOBS_BUDGET_IS_NO_RESERVATION;
    reservation = llmobsi_reservation_take(budgets, call->thread);
    if (reservation == NULL) {
        return NULL;
    }
    reservation->count = 0;
    reservation->nano = (uint64_t)query->nano;
    asking->reservation = reservation;
    asking->nano = reservation->nano;
    asking->reason = LLMOBS_BUDGET_IS_NONE_APPLIES;
    llmobsi_budget_keys_of(call, query, &asking->keys);
    if (!llmobsi_budgets_ask(asking)) {
        return NULL;
    }
    if (reservation->count == 0) {
        llmobsi_reservation_give(reservation);
        return NULL;
    }
    llmobsi_store_relaxed(&reservation->made, llmobsi_load_relaxed(&budgets->era));
    llmobsi_count(&reservation->uses, 1);
    asking->open = llmobsi_load_relaxed(&reservation->state) - LLMOBS_I_HOLD_FILLING +
                   LLMOBS_I_HOLD_OPEN;
    llmobsi_store_release(&reservation->state, asking->open);
    return reservation;
}

/* ---- what is told of it -------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_budget_reason_allows(llmobs_budget_reason reason)
{
    static const bool allows[] = {
#define LLMOBS_I_BUDGET_REASON(id, allowed, text) allowed,
        LLMOBS_BUDGET_REASONS(LLMOBS_I_BUDGET_REASON)
#undef LLMOBS_I_BUDGET_REASON
    };
    return allows[reason];
}

/* room x time gone by / spent, in floating point: an estimate. */
llmobsi_fn uint64_t llmobsi_budget_lasts(uint64_t room, uint64_t gone_by_ns, uint64_t spent)
{
    double lasts_ns;
    if (spent == 0) {
        return UINT64_MAX;
    }
    lasts_ns = (double)room * (double)gone_by_ns / (double)spent;
    return lasts_ns < 1.8e19 ? (uint64_t)lasts_ns : UINT64_MAX;
}

/* Counts what is not as usual, there and with the budget that is named. */
llmobsi_inline void llmobsi_budget_count(const llmobsi_asking* asking)
{
    llmobsi_budgets* budgets = asking->budgets;
    if (asking->reason == LLMOBS_BUDGET_IS_OVER_SOFT) {
        (void)llmobsi_add_relaxed(&budgets->counts.over_soft, 1);
        (void)llmobsi_add_relaxed(&budgets->budgets[asking->number].over_soft, 1);
    } else if (!llmobsi_budget_reason_allows(asking->reason)) {
        (void)llmobsi_add_relaxed(&budgets->counts.denied, 1);
        (void)llmobsi_add_relaxed(asking->number != LLMOBS_I_NOWHERE
                                      ? &budgets->budgets[asking->number].denied
                                      : &budgets->counts.nameless,
                                  1);
    }
}

llmobsi_fn void llmobsi_budget_decide(const llmobsi_asking* asking, uint64_t now,
                                      llmobs_budget_decision* decision)
{
    const llmobsi_budget* budget;
    uint64_t start_ns;
    uint64_t used;
    uint64_t spent;
    if (asking->number == LLMOBS_I_NOWHERE) {
        return;
    }
    budget = &asking->budgets->budgets[asking->number];
    llmobsi_budget_name(budget, decision->budget);
    if (asking->reason == LLMOBS_BUDGET_IS_NO_PLACE) {
        return;
    }
    llmobsi_budget_period(budget, asking->when, &start_ns, &decision->period_end_ns);
    llmobsi_purse_read(&asking->budgets->purses[asking->purse], (uint32_t)(asking->when >> 32),
                       &used, &spent);
    decision->room_nano = (int64_t)asking->room;
    decision->exhausted_in_ns =
        llmobsi_budget_lasts(asking->room, now > start_ns ? now - start_ns : 0, spent);
}

LLMOBS_API llmobs_budget_query llmobs_budget_query_default(void)
{
    llmobs_budget_query query;
    memset(&query, 0, sizeof query);
    query.size = sizeof query;
    return query;
}

LLMOBS_API llmobs_budget_decision llmobs_budget_decision_default(void)
{
    llmobs_budget_decision decision;
    memset(&decision, 0, sizeof decision);
    decision.size = sizeof decision;
    return decision;
}

/* Tells the host, as far as his struct goes. */
llmobsi_fn void llmobsi_budget_tell(const llmobsi_asking* asking, int64_t nano, uint64_t now,
                                    llmobs_budget_decision* decision)
{
    llmobs_budget_decision told = llmobs_budget_decision_default();
    told.size = llmobsi_known_size(decision->size, sizeof told);
    told.allowed = llmobsi_budget_reason_allows(asking->reason);
    told.reason = asking->reason;
    told.nano = nano;
    told.exhausted_in_ns = UINT64_MAX;
    llmobsi_budget_decide(asking, now, &told);
    memcpy(decision, &told, told.size);
}

/* A query that an older version's struct holds: the rest is as by default. */
llmobsi_cold const llmobs_budget_query* llmobsi_budget_query_of(const llmobs_budget_query* given,
                                                                llmobs_budget_query* whole)
{
    *whole = llmobs_budget_query_default();
    whole->nano = -1; /* no query: no amount */
    if (given != NULL) {
        memcpy(whole, given, llmobsi_known_size(given->size, sizeof *whole));
    }
    return whole;
}

LLMOBS_API llmobs_reservation llmobs_budget_reserve(llmobs* obs, const llmobs_budget_query* query,
                                                    llmobs_budget_decision* decision)
{
    llmobs_reservation handle = {0, 0, 0};
    llmobs_budget_query whole;
    llmobsi_budget_call call;
    llmobsi_asking asking;
    llmobs_result entered = llmobsi_budget_enter(&call, llmobsi_ticket(obs));
    uint64_t now = 0;
    if (llmobsi_unlikely(query == NULL || query->size - 1 < sizeof whole - 1)) {
        query = llmobsi_budget_query_of(query, &whole);
    }
    asking.number = LLMOBS_I_NOWHERE;
    if (llmobsi_likely(entered == LLMOBS_OK)) {
        llmobsi_reservation* reservation;
        asking.budgets = call.budgets;
        now = llmobsi_budgets_now(&call.recorder->timeline);
        reservation = llmobsi_budget_try(&call, query, now, &asking);
        if (reservation != NULL) {
            handle.instance = call.recorder->ticket;
            handle.place = (uint32_t)(reservation - call.budgets->reservations);
            handle.generation = asking.open;
        }
        llmobsi_budget_count(&asking);
    } else {
        asking.reason = entered == LLMOBS_ERROR_BUSY ? LLMOBS_BUDGET_IS_INTERRUPTED
                                                     : LLMOBS_BUDGET_IS_UNCHECKED;
    }
    if (decision != NULL) {
        llmobsi_budget_tell(&asking, query->nano, now, decision);
    }
    if (entered == LLMOBS_OK) {
        llmobsi_budget_leave(&call);
    }
    return handle;
}

/* ---- as text ------------------------------------------------------------------------------- */

LLMOBS_API const char* llmobs_budget_reason_text(llmobs_budget_reason reason)
{
    static const char* const texts[] = {
#define LLMOBS_I_BUDGET_REASON(id, allowed, text) text,
        LLMOBS_BUDGET_REASONS(LLMOBS_I_BUDGET_REASON)
#undef LLMOBS_I_BUDGET_REASON
    };
    return (unsigned)reason < (unsigned)LLMOBS_BUDGET_REASON_COUNT ? texts[reason] : "unknown";
}

#define LLMOBS_I_BUDGET_SENTENCE 512u /* the longest reason, a name, numbers: half of it */

llmobsi_fn char* llmobsi_budget_append(char* cursor, const char* text)
{
    size_t size = strlen(text);
    memcpy(cursor, text, size);
    return cursor + size;
}

LLMOBS_API void llmobs_budget_explain(const llmobs_budget_decision* decision, char* out,
                                      size_t capacity)
{
    char sentence[LLMOBS_I_BUDGET_SENTENCE];
    char* cursor = sentence;
    llmobsi_second second = {0, {0}};
    size_t size;
    if (decision == NULL || out == NULL || capacity == 0) {
        return;
    }
    cursor = decision->allowed ? llmobsi_append_text(cursor, "allowed: ")
                               : llmobsi_append_text(cursor, "refused: ");
    cursor = llmobsi_budget_append(cursor, llmobs_budget_reason_text(decision->reason));
    if (decision->budget[0] != '\0') {
        cursor = llmobsi_append_text(cursor, " (budget ");
        cursor = llmobsi_budget_append(cursor, decision->budget);
        cursor = llmobsi_append_text(cursor, ": ");
        cursor = llmobsi_append_nano_signed(cursor, decision->nano);
        cursor = llmobsi_append_text(cursor, " USD asked, ");
        cursor = llmobsi_append_nano_signed(cursor, decision->room_nano);
        cursor = llmobsi_append_text(cursor, " USD left");
        if (decision->period_end_ns != 0) {
            cursor = llmobsi_append_text(cursor, " until ");
            cursor = llmobsi_append_second(cursor, &second,
                                           decision->period_end_ns / LLMOBS_I_SECOND_NS);
            *cursor++ = 'Z';
        }
        *cursor++ = ')';
    }
    size = (size_t)(cursor - sentence);
    size = size < capacity ? size : capacity - 1;
    memcpy(out, sentence, size);
    out[size] = '\0';
}

/* ---- settling ------------------------------------------------------------------------------ */

/* Settles, inside: LLMOBS_COST_UNKNOWN with what was set aside. The calls below come here, and the
   end of a request. */
llmobsi_inline llmobs_result llmobsi_budget_settle(llmobsi_budgets* budgets,
                                                   llmobs_reservation handle, int64_t actual_nano)
{
    uint64_t state = handle.generation;
    llmobsi_reservation* reservation;
    if ((actual_nano < 0 && actual_nano != LLMOBS_COST_UNKNOWN) ||
        actual_nano > LLMOBS_BUDGET_MOST) {
        (void)llmobsi_add_relaxed(&budgets->counts.refused, 1);
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (handle.place > budgets->reservation_mask ||
        state % LLMOBS_I_HOLD_STATES != LLMOBS_I_HOLD_OPEN) {
        return LLMOBS_ERROR_ARGUMENT; /* no handle of ours */
    }
    reservation = &budgets->reservations[handle.place];
    if (!llmobsi_cas_acquire_release(&reservation->state, &state,
                                     state - LLMOBS_I_HOLD_OPEN + LLMOBS_I_HOLD_CLOSING)) {
        (void)llmobsi_add_relaxed(&budgets->counts.late, 1);
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (actual_nano == LLMOBS_COST_UNKNOWN) {
        actual_nano = (int64_t)reservation->nano;
    }
    if ((uint64_t)actual_nano > reservation->nano) {
        (void)llmobsi_add_relaxed(&budgets->counts.overruns, 1);
    }
    llmobsi_reservation_book(budgets, reservation, (uint64_t)actual_nano);
    return LLMOBS_OK;
}

LLMOBS_API llmobs_result llmobs_budget_settle(llmobs_reservation reservation, int64_t actual_nano)
{
    llmobsi_budget_call call;
    llmobs_result result = llmobsi_budget_enter(&call, reservation.instance);
    if (result != LLMOBS_OK) {
        return result;
    }
    result = llmobsi_budget_settle(call.budgets, reservation, actual_nano);
    if (call.thread != NULL) {
        call.thread->reservation_next = reservation.place;
    }
    llmobsi_budget_leave(&call);
    return result;
}

LLMOBS_API llmobs_result llmobs_budget_release(llmobs_reservation reservation)
{
    return llmobs_budget_settle(reservation, 0);
}

/* ---- the tick's side ----------------------------------------------------------------------- */

#define LLMOBS_I_ERAS 5u /* then a reservation is as old as it may be, or a quarter older */

/* Gives back what nobody has settled for too long. */
llmobsi_fn void llmobsi_reservation_expire(llmobsi_budgets* budgets,
                                           llmobsi_reservation* reservation)
{
    uint64_t state = llmobsi_load_acquire(&reservation->state);
    uint32_t age = llmobsi_load_relaxed(&budgets->era) - llmobsi_load_relaxed(&reservation->made);
    if (state % LLMOBS_I_HOLD_STATES == LLMOBS_I_HOLD_OPEN && age >= LLMOBS_I_ERAS &&
        llmobsi_cas_acquire_release(&reservation->state, &state,
                                    state - LLMOBS_I_HOLD_OPEN + LLMOBS_I_HOLD_CLOSING)) {
        llmobsi_reservation_book(budgets, reservation, 0);
        (void)llmobsi_add_relaxed(&budgets->counts.expired, 1);
    }
}

/* A part of each tick. An era is at least a quarter of the greatest age, however rare ticks are: so
   no reservation expires before its time. */
llmobsi_fn void llmobsi_budgets_tick(llmobsi_recorder* recorder, uint64_t now)
{
    llmobsi_budgets* budgets = llmobsi_budgets_of(recorder);
    uint32_t i;
    llmobsi_budgets_look_back(budgets, &recorder->timeline);
    if (now < budgets->era_began || budgets->era_began == 0) {
        budgets->era_began = now; /* the first tick; or the host's clock went back */
    }
    if (llmobsi_timeline_between(&recorder->timeline, budgets->era_began, now) <
        budgets->quarter_ns) {
        return;
    }
    budgets->era_began = now;
    (void)llmobsi_add_relaxed(&budgets->era, 1);
    for (i = 0; i <= budgets->reservation_mask; i++) {
        llmobsi_reservation_expire(budgets, &budgets->reservations[i]);
    }
}

/* What happened, for metrics. */
llmobsi_fn void llmobsi_budgets_count(const llmobsi_budgets* budgets, llmobsi_budget_counts* out)
{
    uint32_t i;
    out->reservations = 0;
    out->denied = llmobsi_load_relaxed(&budgets->counts.denied);
    out->nameless = llmobsi_load_relaxed(&budgets->counts.nameless);
    out->over_soft = llmobsi_load_relaxed(&budgets->counts.over_soft);
    out->overruns = llmobsi_load_relaxed(&budgets->counts.overruns);
    out->expired = llmobsi_load_relaxed(&budgets->counts.expired);
    out->late = llmobsi_load_relaxed(&budgets->counts.late);
    out->crossed = llmobsi_load_relaxed(&budgets->counts.crossed);
    out->overflows = llmobsi_load_relaxed(&budgets->counts.overflows);
    out->refused = llmobsi_load_relaxed(&budgets->counts.refused);
    out->saturated = llmobsi_load_relaxed(&budgets->counts.saturated);
    out->unkeyed = llmobsi_load_relaxed(&budgets->counts.unkeyed);
    for (i = 0; i <= budgets->reservation_mask; i++) {
        out->reservations += llmobsi_load_relaxed(&budgets->reservations[i].uses);
    }
}
