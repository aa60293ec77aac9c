/* What a state file has, written. The tick's lock is held: the tick alone writes the ledger and its
   sketches, so they stand still. Budgets go on; each amount is what it was at one moment. */

#define LLMOBS_I_STATE_SUMS_BYTES (8u * (3u + LLMOBS_I_COST_SUMS))
#define LLMOBS_I_STATE_WAY_WORDS 9u /* of a counter */

/* ---- the ledger ---------------------------------------------------------------------------- */

/* Names, by which the rows are found again. The first two rows are the same everywhere. */
llmobsi_fn void llmobsi_state_save_rows(llmobsi_state_writer* writer,
                                        const llmobsi_cost_ledger* ledger)
{
    uint32_t row;
    int i;
    for (row = LLMOBS_I_COST_ROW_UNTRACKED + 1; row < ledger->row_count; row++) {
        size_t sizes[LLMOBS_I_COST_DIMENSIONS];
        size_t all = 0;
        for (i = 0; i < (int)LLMOBS_I_COST_DIMENSIONS; i++) {
            sizes[i] = strlen(llmobsi_cost_name(ledger, row, i));
            all += 8 + sizes[i];
        }
        llmobsi_state_record(writer, LLMOBS_I_STATE_ROWS, all);
        for (i = 0; i < (int)LLMOBS_I_COST_DIMENSIONS; i++) {
            llmobsi_state_put(writer, sizes[i]);
            llmobsi_state_put_bytes(writer, llmobsi_cost_name(ledger, row, i), sizes[i]);
        }
    }
}

llmobsi_fn void llmobsi_state_save_sums(llmobsi_state_writer* writer, llmobs_period period,
                                        int32_t number, uint32_t row, const llmobs_cost_sums* sums)
{
    int64_t words[LLMOBS_I_COST_SUMS];
    uint32_t i;
    memcpy(words, sums, sizeof words);
    llmobsi_state_record(writer, LLMOBS_I_STATE_SUMS, LLMOBS_I_STATE_SUMS_BYTES);
    llmobsi_state_put(writer, (uint64_t)period);
    llmobsi_state_put(writer, (uint64_t)(int64_t)number);
    llmobsi_state_put(writer, row);
    for (i = 0; i < LLMOBS_I_COST_SUMS; i++) {
        llmobsi_state_put(writer, (uint64_t)words[i]);
    }
}

/* The period of a kind that comes after a number; LLMOBS_I_COST_SLOTS: there is none. */
llmobsi_fn uint32_t llmobsi_state_slot_after(const llmobsi_cost_ledger* ledger,
                                             llmobs_period period, int64_t number)
{
    uint32_t next = LLMOBS_I_COST_SLOTS;
    uint32_t count;
    uint32_t i = llmobsi_cost_slots_of(period, &count);
    uint32_t end = i + count;
    for (; i < end; i++) {
        const llmobsi_cost_slot* slot = &ledger->slots[i];
        if (slot->used && slot->number > number &&
            (next == LLMOBS_I_COST_SLOTS || slot->number < ledger->slots[next].number)) {
            next = i;
        }
    }
    return next;
}

/* In the order in which periods give up their details, the first ones first: where there are fewer
   places, the newest periods keep theirs. */
llmobsi_fn void llmobsi_state_save_periods(llmobsi_state_writer* writer,
                                           const llmobsi_cost_ledger* ledger)
{
    static const llmobs_period order[] = {LLMOBS_PERIOD_HOUR, LLMOBS_PERIOD_DAY,
                                          LLMOBS_PERIOD_MONTH, LLMOBS_PERIOD_NONE};
    llmobs_cost_sums nothing;
    size_t kind;
    memset(&nothing, 0, sizeof nothing);
    for (kind = 0; kind < sizeof order / sizeof order[0]; kind++) {
        int64_t number = INT64_MIN;
        uint32_t at;
        while ((at = llmobsi_state_slot_after(ledger, order[kind], number)) !=
               LLMOBS_I_COST_SLOTS) {
            const llmobsi_cost_slot* slot = &ledger->slots[at];
            uint32_t place;
            number = slot->number;
            if (memcmp(&slot->other, &nothing, sizeof nothing) != 0) {
                llmobsi_state_save_sums(writer, order[kind], slot->number, LLMOBS_I_COST_ROW_OTHER,
                                        &slot->other);
            }
            for (place = slot->first; place != 0; place = ledger->places[place - 1].next) {
                llmobsi_state_save_sums(writer, order[kind], slot->number,
                                        ledger->places[place - 1].row,
                                        &ledger->places[place - 1].sums);
            }
        }
    }
}

/* ---- who spends ---------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_state_save_set(llmobsi_state_writer* writer, const llmobsi_top_set* set,
                                       uint64_t number)
{
    uint64_t used = llmobsi_load_relaxed(&set->used);
    uint64_t way;
    llmobsi_state_record(writer, LLMOBS_I_STATE_SETS,
                         (size_t)(8 * (3 + LLMOBS_I_STATE_WAY_WORDS * used)));
    llmobsi_state_put(writer, number);
    llmobsi_state_put(writer, llmobsi_load_relaxed(&set->total));
    llmobsi_state_put(writer, used);
    for (way = 0; way < used; way++) {
        const llmobsi_top_rest* rest = &set->rest[way];
        llmobsi_state_put(writer, llmobsi_load_relaxed(&rest->tag[0]));
        llmobsi_state_put(writer, llmobsi_load_relaxed(&rest->tag[1]));
        llmobsi_state_put(writer, llmobsi_load_relaxed(&rest->id));
        llmobsi_state_put(writer, llmobsi_load_relaxed(&set->counts[way]));
        llmobsi_state_put(writer, llmobsi_load_relaxed(&rest->error));
        llmobsi_state_put(writer, llmobsi_load_relaxed(&rest->use.requests));
        llmobsi_state_put(writer, llmobsi_load_relaxed(&rest->use.unpriced));
        llmobsi_state_put(writer, llmobsi_load_relaxed(&rest->use.input_tokens));
        llmobsi_state_put(writer, llmobsi_load_relaxed(&rest->use.output_tokens));
    }
}

llmobsi_fn void llmobsi_state_save_group(llmobsi_state_writer* writer,
                                         const llmobsi_cost_group* group)
{
    const llmobsi_top* top = group->top;
    uint64_t ids = llmobsi_load_relaxed(&top->ids_used);
    uint64_t i;
    llmobsi_state_record(writer, LLMOBS_I_STATE_GRUP, (size_t)(8 * 3 + LLMOBS_KEY_ID_SIZE * ids));
    llmobsi_state_put(writer, group->row);
    llmobsi_state_put(writer, top->mask + 1);
    llmobsi_state_put(writer, ids);
    for (i = 0; i < ids; i++) {
        char id[LLMOBS_KEY_ID_SIZE];
        llmobsi_top_id_get(top, i + 1, id);
        llmobsi_state_put_bytes(writer, id, sizeof id);
    }
    for (i = 0; i <= top->mask; i++) {
        const llmobsi_top_set* set = llmobsi_top_set_of(top, i);
        if (llmobsi_load_relaxed(&set->used) != 0) {
            llmobsi_state_save_set(writer, set, i);
        }
    }
    llmobsi_state_record(writer, LLMOBS_I_STATE_UNIQ, LLMOBS_I_UNIQUE_REGISTERS);
    for (i = 0; i < LLMOBS_I_UNIQUE_REGISTERS; i++) {
        writer->bytes[writer->used++] = llmobsi_load_relaxed(&group->unique->registers[i]);
    }
}

#define LLMOBS_I_STATE_HEAVY_BYTES (LLMOBS_PSEUDONYM_SIZE + 8u * 6u)

/* The month before: what it came to, and its heaviest users in order. */
llmobsi_fn void llmobsi_state_save_past(llmobsi_state_writer* writer,
                                        const llmobsi_cost_past* past)
{
    size_t i;
    if (!past->begun) {
        return;
    }
    llmobsi_state_record(writer, LLMOBS_I_STATE_PAST, 8 * 5);
    llmobsi_state_put(writer, (uint64_t)(int64_t)past->month);
    llmobsi_state_put(writer, (uint64_t)past->nobodys_nano);
    llmobsi_state_put(writer, past->unique);
    llmobsi_state_put(writer, past->total);
    llmobsi_state_put(writer, past->rest);
    for (i = 0; i < past->count; i++) {
        const llmobs_top_entry* entry = &past->entries[i];
        llmobsi_state_record(writer, LLMOBS_I_STATE_HEVY, LLMOBS_I_STATE_HEAVY_BYTES);
        llmobsi_state_put_bytes(writer, entry->pseudonym, sizeof entry->pseudonym);
        llmobsi_state_put(writer, (uint64_t)entry->low);
        llmobsi_state_put(writer, (uint64_t)entry->high);
        llmobsi_state_put(writer, entry->requests);
        llmobsi_state_put(writer, entry->unpriced);
        llmobsi_state_put(writer, entry->input_tokens);
        llmobsi_state_put(writer, entry->output_tokens);
    }
}

llmobsi_fn void llmobsi_state_save_users(llmobsi_state_writer* writer,
                                         const llmobsi_cost_users* users)
{
    uint32_t i;
    if (users == NULL || !users->begun) {
        return;
    }
    llmobsi_state_record(writer, LLMOBS_I_STATE_USER, 16);
    llmobsi_state_put(writer, (uint64_t)(int64_t)users->month);
    llmobsi_state_put(writer, (uint64_t)users->nobodys_nano);
    llmobsi_state_save_group(writer, &users->all);
    for (i = 0; i < users->feature_limit && users->features[i].row != 0; i++) {
        llmobsi_state_save_group(writer, &users->features[i]);
    }
    llmobsi_state_save_past(writer, &users->past);
}

/* ---- budgets ------------------------------------------------------------------------------- */

#define LLMOBS_I_STATE_BUDGET_BYTES (LLMOBS_BUDGET_NAME + LLMOBS_BUDGET_KEY + 8u * 7u)

/* The next amount. The busy flag is up, so that this thread's signal handlers do not wait for the
   lock. */
llmobsi_fn bool llmobsi_state_next_budget(llmobsi_budgets* budgets, uint32_t* place,
                                          llmobsi_budget_saved* saved)
{
    llmobsi_control* self;
    bool found;
    self = llmobsi_busy_begin();
    found = llmobsi_budget_save(budgets, place, saved);
    llmobsi_busy_end(self);
    return found;
}

llmobsi_fn void llmobsi_state_save_budgets(llmobsi_state_writer* writer, llmobsi_budgets* budgets)
{
    llmobsi_budget_saved saved;
    uint32_t place = 0;
    while (budgets != NULL && llmobsi_state_next_budget(budgets, &place, &saved)) {
        llmobsi_state_record(writer, LLMOBS_I_STATE_BUDG, LLMOBS_I_STATE_BUDGET_BYTES);
        llmobsi_state_put_bytes(writer, saved.name, sizeof saved.name);
        llmobsi_state_put_bytes(writer, saved.key, sizeof saved.key);
        llmobsi_state_put(writer, (uint64_t)saved.scope);
        llmobsi_state_put(writer, (uint64_t)saved.period);
        llmobsi_state_put(writer, (uint64_t)(int64_t)saved.utc_offset_minutes);
        llmobsi_state_put(writer, (uint64_t)(int64_t)saved.number);
        llmobsi_state_put(writer, saved.since_ns);
        llmobsi_state_put(writer, saved.spent_nano);
        llmobsi_state_put(writer, saved.is_own);
    }
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Under the tick's lock. False: not all could be written. */
llmobsi_fn bool llmobsi_state_save_all(llmobsi_state_writer* writer, llmobsi_recorder* recorder,
                                       uint64_t unix_ns)
{
    const llmobsi_cost_ledger* ledger = llmobsi_cost_ledger_of(recorder);
    llmobsi_state_record(writer, LLMOBS_I_STATE_HEAD, 8 * 7);
    llmobsi_state_put(writer, unix_ns);
    llmobsi_state_put(writer, ledger != NULL ? (uint64_t)(int64_t)ledger->offset_s : 0);
    llmobsi_state_put(writer, ledger != NULL ? ledger->overflows : 0);
    llmobsi_state_put(writer, ledger != NULL ? ledger->folded : 0);
    llmobsi_state_put(writer, ledger != NULL ? ledger->late : 0);
    llmobsi_state_put(writer, ledger != NULL ? ledger->saturated : 0);
    llmobsi_state_put(writer, LLMOBS_I_COST_SUMS);
    if (ledger != NULL) {
        llmobsi_state_save_rows(writer, ledger);
        llmobsi_state_save_periods(writer, ledger);
        llmobsi_state_save_users(writer, llmobsi_cost_users_of(ledger));
    }
    llmobsi_state_save_budgets(writer, llmobsi_budgets_of(recorder));
    llmobsi_state_save_alerts(writer, llmobsi_alerts_of(recorder));
    return llmobsi_state_write_end(writer);
}
