/* What budgets have spent, out to a state file and back. A budget that the file knows before the
   host has added it is dormant: it keeps its amounts until then. Reservations are not kept. */

typedef struct llmobsi_budget_saved {
    char name[LLMOBS_BUDGET_NAME];
    char key[LLMOBS_BUDGET_KEY]; /* of the one key, or of the template's; "": none */
    llmobs_budget_scope scope;
    llmobs_period period;
    int32_t utc_offset_minutes;
    int32_t number; /* of the period */
    uint64_t since_ns; /* Unix time */
    uint64_t spent_nano;
    bool is_own; /* the budget's own purse: of a template, `__other__` */
} llmobsi_budget_saved;

/* The amount at a place. False: none, or none of a period that lasts. Under the lock. */
llmobsi_fn bool llmobsi_budget_save_at(llmobsi_budgets* budgets, uint32_t place,
                                       llmobsi_budget_saved* saved)
{
    const llmobsi_purse* purse = &budgets->purses[place];
    bool own = place >= budgets->keys;
    uint32_t number = own ? place - budgets->keys : llmobsi_load_relaxed(&purse->budget);
    const llmobsi_budget* budget = &budgets->budgets[number];
    uint64_t when = llmobsi_load_acquire(&budget->when);
    uint64_t used;
    if (budget->state == LLMOBS_I_BUDGET_FREE || (!own && budgets->ids[place] == 0)) {
        return false;
    }
    llmobsi_purse_read(purse, (uint32_t)(when >> 32), &used, &saved->spent_nano);
    llmobsi_budget_name(budget, saved->name);
    memcpy(saved->key, budgets->texts[place], sizeof saved->key);
    saved->scope = (llmobs_budget_scope)budget->scope;
    saved->period = (llmobs_period)budget->period;
    saved->utc_offset_minutes = (int32_t)budget->offset_s / 60;
    saved->number = (int32_t)(uint32_t)when;
    saved->since_ns = budget->since_ns;
    saved->is_own = own;
    return saved->spent_nano != 0;
}

/* The next amount from *place on, which starts at 0; false: there is no more. Inside, or the tick:
   the busy flag is up, if this thread has one, so that its signal handlers do not wait for the
   lock. Amounts are read one after the other, while others are booked. */
llmobsi_fn bool llmobsi_budget_save(llmobsi_budgets* budgets, uint32_t* place,
                                    llmobsi_budget_saved* saved)
{
    uint32_t end = budgets->keys + budgets->limit;
    bool found = false;
    memset(saved, 0, sizeof *saved);
    llmobsi_lock_take(&budgets->lock);
    while (!found && *place < end) {
        found = llmobsi_budget_save_at(budgets, (*place)++, saved);
    }
    llmobsi_lock_give(&budgets->lock);
    return found;
}

/* A saved budget's number, dormant if it was not there. LLMOBS_I_NOWHERE: another one has its name,
   or there is no room. Under the lock. */
llmobsi_fn uint32_t llmobsi_budget_restored(llmobsi_budgets* budgets,
                                            const llmobsi_budget_saved* saved, uint64_t unix_ns)
{
    llmobs_budget_info info = llmobs_budget_info_default();
    uint32_t number = llmobsi_budget_named(budgets, saved->name);
    llmobsi_budget_key key =
        llmobsi_budget_key_of(budgets, saved->is_own ? saved->key : NULL);
    info.name = saved->name;
    info.scope = saved->scope;
    info.period = saved->period;
    info.utc_offset_minutes = saved->utc_offset_minutes;
    if (!llmobsi_budget_info_is_valid(&info)) {
        return LLMOBS_I_NOWHERE;
    }
    if (number == LLMOBS_I_NOWHERE && budgets->used < budgets->limit) {
        number = budgets->used;
        llmobsi_budget_write(budgets, number, &info, &key, unix_ns);
        llmobsi_store_relaxed(&budgets->budgets[number].since_ns, saved->since_ns);
        llmobsi_store_release(&budgets->budgets[number].state, LLMOBS_I_BUDGET_DORMANT);
    } else if (number != LLMOBS_I_NOWHERE) {
        key.hash = saved->is_own ? key.hash : budgets->budgets[number].key;
        number = llmobsi_budget_is_like(&budgets->budgets[number], &info, key.hash)
                     ? number
                     : LLMOBS_I_NOWHERE;
    }
    return number;
}

/* The place of a saved amount: a user's key must be a pseudonym. Under the lock. */
llmobsi_fn uint32_t llmobsi_budget_restored_place(llmobsi_budgets* budgets, uint32_t number,
                                                  const llmobsi_budget_saved* saved)
{
    const llmobsi_budget* budget = &budgets->budgets[number];
    llmobsi_budget_key key = llmobsi_budget_key_of(budgets, saved->key);
    if (saved->is_own) {
        return budgets->keys + number;
    }
    if (key.hash == 0 || budget->key != 0 || budget->scope == LLMOBS_BUDGET_ALL) {
        return LLMOBS_I_NOWHERE;
    }
    return llmobsi_budget_place(budgets, number, llmobsi_budget_id(budget, key.hash), key.text,
                                key.size);
}

/* Adds a saved amount to what is spent. False: its period is over, it is damaged, or there is no
   place for it. It is the caller who knows that the same amount does not come twice. Inside, as
   above. */
llmobsi_fn bool llmobsi_budget_restore(llmobsi_budgets* budgets, uint64_t unix_ns,
                                       const llmobsi_budget_saved* saved)
{
    bool saturated = false;
    bool restored = false;
    uint32_t number;
    if (saved->spent_nano > LLMOBS_I_PURSE_MOST ||
        memchr(saved->name, '\0', sizeof saved->name) == NULL ||
        memchr(saved->key, '\0', sizeof saved->key) == NULL ||
        (saved->scope == LLMOBS_BUDGET_USER && saved->key[0] != '\0' &&
         !llmobsi_budget_is_pseudonym(saved->key))) {
        return false;
    }
    llmobsi_lock_take(&budgets->lock);
    number = llmobsi_budget_restored(budgets, saved, unix_ns);
    if (number != LLMOBS_I_NOWHERE) {
        uint64_t when = llmobsi_load_acquire(&budgets->budgets[number].when);
        uint32_t place = (int32_t)(uint32_t)when == saved->number
                             ? llmobsi_budget_restored_place(budgets, number, saved)
                             : LLMOBS_I_NOWHERE;
        if (place != LLMOBS_I_NOWHERE) {
            llmobsi_purse* purse = &budgets->purses[place];
            uint64_t round = llmobsi_purse_turn(purse, (uint32_t)(when >> 32));
            restored =
                round != 0 &&
                llmobsi_purse_shift(&purse->used, round, 0, saved->spent_nano, &saturated) &&
                llmobsi_purse_shift(&purse->spent, round, 0, saved->spent_nano, &saturated);
        }
    }
    llmobsi_lock_give(&budgets->lock);
    return restored;
}
