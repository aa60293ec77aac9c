/* Budgets: what they are, how they stand, and their answers as text. */

/* ---- coming in ----------------------------------------------------------------------------- */

/* A call that is inside. */
typedef struct llmobsi_budget_call {
    llmobsi_budgets* budgets;
    llmobsi_recorder* recorder;
    llmobsi_thread* thread; /* NULL: it has no record of its own */
    llmobsi_place* place;   /* then it is counted here           */
    llmobsi_control* self;
} llmobsi_budget_call;

llmobsi_inline void llmobsi_budget_leave(const llmobsi_budget_call* call)
{
    if (llmobsi_unlikely(call->place != NULL)) {
        (void)llmobsi_add_ordered(&call->place->users, (uint32_t)-1);
    }
    llmobsi_busy_end(call->self);
}

/* Beyond max_threads, or in a callback: limits hold there too, so the call counts itself in, as
   those that are not in a hurry do. */
llmobsi_cold llmobs_result llmobsi_budget_enter_counted(llmobsi_budget_call* call,
                                                        uint32_t ticket)
{
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    call->self = llmobsi_self;
    if (ticket == 0 || llmobsi_load_acquire(&place->ticket) != ticket) {
        return LLMOBS_ERROR_CLOSED;
    }
    if (call->self != NULL && llmobsi_load_relaxed(&call->self->busy) != 0) {
        return LLMOBS_ERROR_BUSY; /* a signal handler: this thread may hold the lock */
    }
    (void)llmobsi_busy_begin();
    call->place = place;
    (void)llmobsi_add_ordered(&place->users, 1);
    if (llmobsi_load_ordered(&place->ticket) != ticket || !llmobsi_place_mend(place)) {
        llmobsi_budget_leave(call);
        return LLMOBS_ERROR_CLOSED;
    }
    call->recorder = place->recorder;
    return LLMOBS_OK;
}

/* On success llmobsi_budget_leave must follow. ERROR_LIMIT: the instance keeps no budgets. */
llmobsi_inline llmobs_result llmobsi_budget_enter(llmobsi_budget_call* call, uint32_t ticket)
{
    call->place = NULL;
    call->thread = llmobsi_enter(ticket);
    if (llmobsi_likely(call->thread != NULL)) {
        call->self = llmobsi_self;
        call->recorder = call->thread->recorder;
    } else {
        llmobs_result result = llmobsi_budget_enter_counted(call, ticket);
        if (result != LLMOBS_OK) {
            return result;
        }
    }
    call->budgets = llmobsi_budgets_of(call->recorder);
    if (call->budgets == NULL) {
        llmobsi_budget_leave(call);
        return LLMOBS_ERROR_LIMIT;
    }
    return LLMOBS_OK;
}

/* ---- keys ---------------------------------------------------------------------------------- */

typedef struct llmobsi_budget_key {
    uint64_t hash; /* 0: the query has none */
    const char* text;
    size_t size;
} llmobsi_budget_key;

llmobsi_inline llmobsi_budget_key llmobsi_budget_key_of(const llmobsi_budgets* budgets,
                                                        const char* text)
{
    llmobsi_budget_key key = {0, text, 0};
    if (text != NULL && text[0] != '\0') {
        key.size = strlen(text);
        if (llmobsi_unlikely(key.size >= LLMOBS_BUDGET_KEY)) {
            key.size = llmobsi_utf8_cut(text, key.size, LLMOBS_BUDGET_KEY - 1);
        }
        key.hash = llmobsi_budget_hash(budgets, text, key.size);
    }
    return key;
}

/* A user's pseudonym as requests make it. False: there is no key, or no SHA-256. */
llmobsi_fn bool llmobsi_budget_pseudonym(const llmobsi_recorder* recorder, const char* tenant,
                                         const char* user_id, char out[LLMOBS_PSEUDONYM_SIZE])
{
#ifndef LLMOBS_NO_SHA256
    char key_id[LLMOBS_KEY_ID_SIZE];
    llmobs_hmac_key key;
    if (llmobsi_keyring_key(&recorder->keyring, LLMOBS_DOMAIN_USER, tenant,
                            tenant != NULL ? strlen(tenant) : 0, &key, key_id)) {
        llmobsi_pseudonym_spend(&key, key_id, user_id, strlen(user_id), out);
        return true;
    }
#else
    (void)recorder;
    (void)tenant;
    (void)user_id;
#endif
    out[0] = '\0';
    return false;
}

/* Whether a text is a pseudonym: others are not kept. */
llmobsi_fn bool llmobsi_budget_is_pseudonym(const char* text)
{
#ifndef LLMOBS_NO_SHA256
    char id[LLMOBS_KEY_ID_SIZE];
    uint8_t tag[LLMOBS_I_TAG_SIZE];
    return llmobsi_pseudonym_read(text, id, tag);
#else
    (void)text;
    return false;
#endif
}

/* ---- what makes sense ---------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_budget_limit_is_valid(int64_t nano)
{
    return nano == LLMOBS_BUDGET_NO_LIMIT || (nano >= 0 && nano <= LLMOBS_BUDGET_MOST);
}

llmobsi_fn bool llmobsi_budget_limits_are_valid(int64_t soft_nano, int64_t hard_nano)
{
    return llmobsi_budget_limit_is_valid(soft_nano) && llmobsi_budget_limit_is_valid(hard_nano) &&
           (soft_nano == LLMOBS_BUDGET_NO_LIMIT || soft_nano <= hard_nano);
}

/* As a purse compares it. */
llmobsi_fn uint64_t llmobsi_budget_limit_of(int64_t nano)
{
    return nano == LLMOBS_BUDGET_NO_LIMIT ? LLMOBS_I_PURSE_MOST : (uint64_t)nano;
}

llmobsi_fn int64_t llmobsi_budget_limit_told(uint64_t limit)
{
    return limit == LLMOBS_I_PURSE_MOST ? LLMOBS_BUDGET_NO_LIMIT : (int64_t)limit;
}

llmobsi_fn bool llmobsi_budget_info_is_valid(const llmobs_budget_info* info)
{
    size_t size = info->name != NULL ? strlen(info->name) : 0;
    return size > 0 && size < LLMOBS_BUDGET_NAME && llmobsi_text_is_safe(info->name, size) &&
           strchr(info->name, '\n') == NULL &&
           (unsigned)info->scope < (unsigned)LLMOBS_BUDGET_SCOPE_COUNT &&
           (unsigned)info->period < (unsigned)LLMOBS_PERIOD_COUNT &&
           (unsigned)info->on_overflow <= (unsigned)LLMOBS_BUDGET_REFUSE &&
           info->utc_offset_minutes > -1440 && info->utc_offset_minutes < 1440 &&
           (info->scope != LLMOBS_BUDGET_ALL || info->key == NULL) &&
           llmobsi_budget_limits_are_valid(info->soft_nano, info->hard_nano);
}

/* ---- defining: all under the lock ---------------------------------------------------------- */

/* The budget of a name, or LLMOBS_I_NOWHERE. */
llmobsi_fn uint32_t llmobsi_budget_named(const llmobsi_budgets* budgets, const char* name)
{
    char taken[LLMOBS_BUDGET_NAME];
    uint32_t i;
    for (i = 0; i < budgets->used; i++) {
        llmobsi_budget_name(&budgets->budgets[i], taken);
        if (budgets->budgets[i].state != LLMOBS_I_BUDGET_FREE && strcmp(taken, name) == 0) {
            return i;
        }
    }
    return LLMOBS_I_NOWHERE;
}

/* Frees the places of a template's keys. */
llmobsi_fn void llmobsi_budget_clear(llmobsi_budgets* budgets, uint32_t number)
{
    uint32_t place;
    for (place = 0; place < budgets->keys; place++) {
        llmobsi_purse* purse = &budgets->purses[place];
        uint64_t round = llmobsi_load_acquire(&purse->round);
        if (budgets->ids[place] == 0 || llmobsi_load_relaxed(&purse->budget) != number) {
            continue;
        }
        while (round >> 32 != 0 && !llmobsi_purse_move(purse, &round, 0)) {
        }
        llmobsi_store_relaxed(&purse->flags, 0);
        llmobsi_store_release(&budgets->ids[place], 0);
    }
}

/* Which scopes there are. */
llmobsi_fn void llmobsi_budget_scopes(llmobsi_budgets* budgets)
{
    uint32_t scopes = 0;
    uint32_t i;
    for (i = 0; i < budgets->used; i++) {
        if (budgets->budgets[i].state == LLMOBS_I_BUDGET_ACTIVE) {
            scopes |= 1u << budgets->budgets[i].scope;
        }
    }
    llmobsi_store_release(&budgets->scopes, scopes);
}

/* A new round, so that nothing fits that was read before. */
llmobsi_fn void llmobsi_budget_renew(llmobsi_budgets* budgets, uint32_t number, int32_t period)
{
    llmobsi_budget* budget = &budgets->budgets[number];
    llmobsi_purse* purse = &budgets->purses[budgets->keys + number];
    uint64_t when = llmobsi_load_acquire(&budget->when);
    uint64_t round = llmobsi_load_acquire(&purse->round);
    uint64_t next;
    do {
        next = llmobsi_round_next(when, period);
    } while (!llmobsi_cas_acquire_release(&budget->when, &when, next));
    while (!llmobsi_purse_move(purse, &round, (uint32_t)(next >> 32))) {
    }
}

llmobsi_fn void llmobsi_budget_end(llmobsi_budgets* budgets, uint32_t number)
{
    llmobsi_budget* budget = &budgets->budgets[number];
    llmobsi_store_release(&budget->state, LLMOBS_I_BUDGET_FREE);
    llmobsi_store_release(&budget->generation, budget->generation + 1);
    llmobsi_budget_renew(budgets, number, (int32_t)(uint32_t)llmobsi_load_relaxed(&budget->when));
    llmobsi_budget_clear(budgets, number);
    llmobsi_budget_scopes(budgets);
}

/* A free number, or that of one that still waits for its llmobs_budget_add; or LLMOBS_I_NOWHERE. */
llmobsi_fn uint32_t llmobsi_budget_free(llmobsi_budgets* budgets)
{
    uint32_t dormant = LLMOBS_I_NOWHERE;
    uint32_t i;
    for (i = 0; i < budgets->limit; i++) {
        if (budgets->budgets[i].state == LLMOBS_I_BUDGET_FREE) {
            return i;
        }
        dormant = budgets->budgets[i].state == LLMOBS_I_BUDGET_DORMANT ? i : dormant;
    }
    if (dormant != LLMOBS_I_NOWHERE) {
        llmobsi_budget_end(budgets, dormant);
    }
    return dormant;
}

/* Whether two budgets count the same. */
llmobsi_fn bool llmobsi_budget_is_like(const llmobsi_budget* budget,
                                       const llmobs_budget_info* info, uint64_t key)
{
    return budget->scope == (uint32_t)info->scope && budget->key == key &&
           budget->period == (uint32_t)info->period &&
           (int32_t)budget->offset_s == info->utc_offset_minutes * 60;
}

llmobsi_fn void llmobsi_budget_limits_set(llmobsi_budget* budget, const llmobs_budget_info* info)
{
    llmobsi_store_relaxed(&budget->soft, llmobsi_budget_limit_of(info->soft_nano));
    llmobsi_store_relaxed(&budget->hard, llmobsi_budget_limit_of(info->hard_nano));
    llmobsi_store_relaxed(&budget->refuses, info->on_overflow == LLMOBS_BUDGET_REFUSE);
}

/* Writes a budget at a free number. */
llmobsi_fn void llmobsi_budget_write(llmobsi_budgets* budgets, uint32_t number,
                                     const llmobs_budget_info* info,
                                     const llmobsi_budget_key* key, uint64_t unix_ns)
{
    llmobsi_budget* budget = &budgets->budgets[number];
    char* text = budgets->texts[budgets->keys + number];
    uint64_t words[LLMOBS_I_BUDGET_WORDS] = {0};
    uint32_t i;
    memcpy(words, info->name, strlen(info->name));
    for (i = 0; i < LLMOBS_I_BUDGET_WORDS; i++) {
        llmobsi_store_relaxed(&budget->name[i], words[i]);
    }
    if (key->size != 0) {
        memcpy(text, key->text, key->size);
    }
    text[key->size] = '\0';
    llmobsi_budget_limits_set(budget, info);
    llmobsi_store_relaxed(&budget->scope, (uint32_t)info->scope);
    llmobsi_store_relaxed(&budget->key, key->hash);
    llmobsi_store_relaxed(&budget->period, (uint32_t)info->period);
    llmobsi_store_relaxed(&budget->offset_s, (uint32_t)(info->utc_offset_minutes * 60));
    llmobsi_store_relaxed(&budget->since_ns, unix_ns);
    llmobsi_store_relaxed(&budget->over_soft, 0);
    llmobsi_store_relaxed(&budget->denied, 0);
    llmobsi_store_relaxed(&budget->salt,
                          llmobsi_budget_hash(budgets, info->name, strlen(info->name)) +
                              2 * budget->generation);
    llmobsi_budget_renew(budgets, number, llmobsi_budget_number(budget, unix_ns));
    llmobsi_raise_max(&budgets->used, number + 1);
}

/* Defines one, or wakes the one that the state file had. */
llmobsi_fn llmobs_result llmobsi_budget_define(llmobsi_budgets* budgets,
                                               const llmobs_budget_info* info,
                                               const llmobsi_budget_key* key, uint64_t unix_ns,
                                               uint32_t* out)
{
    uint32_t number = llmobsi_budget_named(budgets, info->name);
    if (number != LLMOBS_I_NOWHERE) {
        llmobsi_budget* old = &budgets->budgets[number];
        if (old->state == LLMOBS_I_BUDGET_ACTIVE) {
            return LLMOBS_ERROR_ARGUMENT;
        }
        if (llmobsi_budget_is_like(old, info, key->hash)) {
            llmobsi_budget_limits_set(old, info);
        } else {
            llmobsi_budget_end(budgets, number);
            number = LLMOBS_I_NOWHERE;
        }
    }
    if (number == LLMOBS_I_NOWHERE) {
        number = llmobsi_budget_free(budgets);
        if (number == LLMOBS_I_NOWHERE) {
            return LLMOBS_ERROR_LIMIT;
        }
        llmobsi_budget_write(budgets, number, info, key, unix_ns);
    }
    llmobsi_store_release(&budgets->budgets[number].state, LLMOBS_I_BUDGET_ACTIVE);
    llmobsi_budget_scopes(budgets);
    *out = number;
    return LLMOBS_OK;
}

/* A key as the host gives it where no query is at hand: a user's is an id of no tenant, or a
   pseudonym. *pseudonym keeps what is made. False: none can be made. */
llmobsi_fn bool llmobsi_budget_key_given(const llmobsi_budget_call* call, uint32_t scope,
                                         const char* text, char pseudonym[LLMOBS_PSEUDONYM_SIZE],
                                         llmobsi_budget_key* key)
{
    if (scope == LLMOBS_BUDGET_USER && text != NULL && !llmobsi_budget_is_pseudonym(text)) {
        if (!llmobsi_budget_pseudonym(call->recorder, NULL, text, pseudonym)) {
            return false;
        }
        text = pseudonym;
    }
    *key = llmobsi_budget_key_of(call->budgets, text);
    return true;
}

/* No budgets are kept: the tick tells what to set. */
llmobsi_cold void llmobsi_budget_missed(uint32_t ticket)
{
    llmobsi_thread* thread = llmobsi_enter(ticket);
    if (thread != NULL) {
        (void)llmobsi_add_relaxed(&thread->recorder->budgets_missed, 1);
        llmobsi_leave();
    }
}

LLMOBS_API llmobs_result llmobs_budget_add(llmobs* obs, const llmobs_budget_info* info,
                                           llmobs_budget* out)
{
    llmobs_budget_info given = llmobs_budget_info_default();
    llmobs_budget handle = {0, 0, 0};
    char pseudonym[LLMOBS_PSEUDONYM_SIZE];
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    llmobsi_budget_call call;
    llmobsi_budget_key key;
    if (out != NULL) {
        *out = handle;
    }
    if (info == NULL) {
        return result;
    }
    memcpy(&given, info, llmobsi_known_size(info->size, sizeof given));
    if (!llmobsi_budget_info_is_valid(&given) || (given.key != NULL && given.key[0] == '\0')) {
        return result;
    }
    result = llmobsi_budget_enter(&call, llmobsi_ticket(obs));
    if (result != LLMOBS_OK) {
        if (result == LLMOBS_ERROR_LIMIT) {
            llmobsi_budget_missed(llmobsi_ticket(obs));
        }
        return result;
    }
    result = LLMOBS_ERROR_KEY;
    if (llmobsi_budget_key_given(&call, (uint32_t)given.scope, given.key, pseudonym, &key)) {
        llmobsi_lock_take(&call.budgets->lock);
        result = llmobsi_budget_define(call.budgets, &given, &key,
                                       llmobsi_budgets_now(&call.recorder->timeline),
                                       &handle.number);
        handle.generation = call.budgets->budgets[handle.number].generation;
        llmobsi_lock_give(&call.budgets->lock);
    }
    if (result == LLMOBS_OK && out != NULL) {
        handle.instance = call.recorder->ticket;
        *out = handle;
    }
    llmobsi_budget_leave(&call);
    return result;
}

/* ---- one that is there --------------------------------------------------------------------- */

/* Comes in, and takes the lock, for a budget that is there. */
llmobsi_fn llmobs_result llmobsi_budget_open(llmobsi_budget_call* call, llmobs_budget handle)
{
    const llmobsi_budget* budget;
    llmobs_result result = llmobsi_budget_enter(call, handle.instance);
    if (result != LLMOBS_OK) {
        return result;
    }
    llmobsi_lock_take(&call->budgets->lock);
    if (handle.number < call->budgets->limit) {
        budget = &call->budgets->budgets[handle.number];
        if (budget->state == LLMOBS_I_BUDGET_ACTIVE && budget->generation == handle.generation) {
            return LLMOBS_OK;
        }
    }
    llmobsi_lock_give(&call->budgets->lock);
    llmobsi_budget_leave(call);
    return LLMOBS_ERROR_ARGUMENT;
}

llmobsi_fn void llmobsi_budget_close(const llmobsi_budget_call* call)
{
    llmobsi_lock_give(&call->budgets->lock);
    llmobsi_budget_leave(call);
}

LLMOBS_API llmobs_result llmobs_budget_remove(llmobs_budget budget)
{
    llmobsi_budget_call call;
    llmobs_result result = llmobsi_budget_open(&call, budget);
    if (result == LLMOBS_OK) {
        llmobsi_budget_end(call.budgets, budget.number);
        llmobsi_budget_close(&call);
    }
    return result;
}

/* The purse of a key that the host names; NULL: the budget's own. LLMOBS_I_NOWHERE: it has none,
   and gets none unless `make`. False: the key is not this budget's. */
llmobsi_fn bool llmobsi_budget_purse_named(const llmobsi_budget_call* call, uint32_t number,
                                           const char* text, bool make, uint32_t* place)
{
    llmobsi_budgets* budgets = call->budgets;
    const llmobsi_budget* budget = &budgets->budgets[number];
    char pseudonym[LLMOBS_PSEUDONYM_SIZE];
    llmobsi_budget_key key;
    uint64_t id;
    *place = budgets->keys + number;
    if (text == NULL) {
        return true;
    }
    if (budget->scope == LLMOBS_BUDGET_ALL ||
        !llmobsi_budget_key_given(call, budget->scope, text, pseudonym, &key) || key.hash == 0) {
        return false;
    }
    if (budget->key != 0) {
        return budget->key == key.hash;
    }
    id = llmobsi_budget_id(budget, key.hash);
    *place = make ? llmobsi_budget_place(budgets, number, id, key.text, key.size)
                  : llmobsi_budget_find(budgets, id);
    return true;
}

LLMOBS_API llmobs_result llmobs_budget_limit(llmobs_budget budget, const char* key,
                                             int64_t soft_nano, int64_t hard_nano)
{
    uint64_t soft = llmobsi_budget_limit_of(soft_nano);
    uint64_t hard = llmobsi_budget_limit_of(hard_nano);
    llmobsi_budget_call call;
    llmobs_result result;
    uint32_t place;
    if (!llmobsi_budget_limits_are_valid(soft_nano, hard_nano)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    result = llmobsi_budget_open(&call, budget);
    if (result != LLMOBS_OK) {
        return result;
    }
    if (!llmobsi_budget_purse_named(&call, budget.number, key, true, &place)) {
        result = LLMOBS_ERROR_ARGUMENT;
    } else if (place == LLMOBS_I_NOWHERE) {
        result = LLMOBS_ERROR_LIMIT;
    } else if (place < call.budgets->keys) {
        llmobsi_purse* purse = &call.budgets->purses[place];
        llmobsi_store_relaxed(&purse->soft, soft);
        llmobsi_store_relaxed(&purse->hard, hard);
        llmobsi_store_release(&purse->flags, LLMOBS_I_PURSE_OWN_LIMITS);
    } else {
        llmobsi_store_relaxed(&call.budgets->budgets[budget.number].soft, soft);
        llmobsi_store_relaxed(&call.budgets->budgets[budget.number].hard, hard);
    }
    llmobsi_budget_close(&call);
    return result;
}

LLMOBS_API llmobs_result llmobs_budget_status(llmobs_budget budget, const char* key,
                                              llmobs_budget_state* state)
{
    llmobs_budget_state told;
    llmobsi_budget_call call;
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    const llmobsi_budget* rule;
    uint32_t place;
    if (state == NULL) {
        return result;
    }
    memset(&told, 0, sizeof told);
    told.size = llmobsi_known_size(state->size, sizeof told);
    result = llmobsi_budget_open(&call, budget);
    if (result != LLMOBS_OK) {
        return result;
    }
    rule = &call.budgets->budgets[budget.number];
    llmobsi_budgets_roll(call.budgets, llmobsi_budgets_now(&call.recorder->timeline));
    if (llmobsi_budget_purse_named(&call, budget.number, key, false, &place)) {
        uint64_t when = llmobsi_load_acquire(&rule->when);
        const llmobsi_purse* purse =
            place != LLMOBS_I_NOWHERE ? &call.budgets->purses[place] : NULL;
        bool own = purse != NULL && purse->flags != 0;
        uint64_t used = 0;
        uint64_t spent = 0;
        if (purse != NULL) {
            llmobsi_purse_read(purse, (uint32_t)(when >> 32), &used, &spent);
        }
        told.spent_nano = (int64_t)(spent < used ? spent : used);
        told.reserved_nano = (int64_t)used - told.spent_nano;
        told.soft_nano = llmobsi_budget_limit_told(own ? purse->soft : rule->soft);
        told.hard_nano = llmobsi_budget_limit_told(own ? purse->hard : rule->hard);
        llmobsi_budget_period(rule, when, &told.period_start_ns, &told.period_end_ns);
        memcpy(state, &told, told.size);
    } else {
        result = LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_budget_close(&call);
    return result;
}

/* ---- for metrics --------------------------------------------------------------------------- */

/* A budget as metrics tell it: of a template the amounts of all its keys together, and the limits
   that each of them has. */
typedef struct llmobsi_budget_account {
    char name[LLMOBS_BUDGET_NAME];
    int64_t soft_nano; /* LLMOBS_BUDGET_NO_LIMIT */
    int64_t hard_nano;
    uint64_t spent_nano;
    uint64_t reserved_nano;
    uint64_t over_soft; /* decisions that named it */
    uint64_t denied;
} llmobsi_budget_account;

llmobsi_fn void llmobsi_budget_account_add(const llmobsi_purse* purse, uint32_t round,
                                           llmobsi_budget_account* account)
{
    uint64_t used;
    uint64_t spent;
    llmobsi_purse_read(purse, round, &used, &spent);
    spent = spent < used ? spent : used;
    account->spent_nano =
        (uint64_t)llmobsi_cost_plus((int64_t)account->spent_nano, (int64_t)spent);
    account->reserved_nano =
        (uint64_t)llmobsi_cost_plus((int64_t)account->reserved_nano, (int64_t)(used - spent));
}

/* False: there is no budget of this number. The busy flag is up, so that this thread's signal
   handlers do not wait for the lock. */
llmobsi_fn bool llmobsi_budget_account_of(llmobsi_budgets* budgets, uint32_t number,
                                          llmobsi_budget_account* account)
{
    const llmobsi_budget* budget = &budgets->budgets[number];
    llmobsi_control* self = llmobsi_busy_begin();
    bool there;
    uint32_t round;
    uint32_t i;
    memset(account, 0, sizeof *account);
    llmobsi_lock_take(&budgets->lock);
    there = budget->state == LLMOBS_I_BUDGET_ACTIVE;
    if (there) {
        llmobsi_budget_name(budget, account->name);
        account->soft_nano = llmobsi_budget_limit_told(budget->soft);
        account->hard_nano = llmobsi_budget_limit_told(budget->hard);
        account->over_soft = llmobsi_load_relaxed(&budget->over_soft);
        account->denied = llmobsi_load_relaxed(&budget->denied);
        round = (uint32_t)(llmobsi_load_acquire(&budget->when) >> 32);
        llmobsi_budget_account_add(&budgets->purses[budgets->keys + number], round, account);
        for (i = 0; budget->scope != LLMOBS_BUDGET_ALL && i < budgets->keys; i++) {
            if (budgets->ids[i] != 0 &&
                llmobsi_load_relaxed(&budgets->purses[i].budget) == number) {
                llmobsi_budget_account_add(&budgets->purses[i], round, account);
            }
        }
    }
    llmobsi_lock_give(&budgets->lock);
    llmobsi_busy_end(self);
    return there;
}
