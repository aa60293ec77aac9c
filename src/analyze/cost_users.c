/* Who spends: the heaviest users of this month, of all features and of each of the first ones, and
   how many users there are, in fixed memory. Of the month before those that a report can list, of
   all features. Written by the tick, under the cost ledger's lock.

   The first request that is booked in a month turns to it: until then the sketches are those of the
   month before, and a report of it is made of them. */

typedef struct llmobsi_cost_group {
    uint32_t row; /* the first row of its feature, + 1; 0: not in use */
    llmobsi_top* top;
    llmobsi_unique* unique;
} llmobsi_cost_group;

/* The month before, as it was when the next one began. */
typedef struct llmobsi_cost_past {
    bool begun; /* false: nobody's request was booked in it */
    int32_t month;
    int64_t nobodys_nano;
    uint64_t unique;
    uint64_t total;
    uint64_t rest; /* nobody who is not among the entries has more */
    size_t count;
    llmobs_top_entry entries[LLMOBS_REPORT_LINES];
} llmobsi_cost_past;

typedef struct llmobsi_cost_users {
    llmobsi_cost_group all; /* this and the next two: open writes */
    llmobsi_cost_group* features; /* in the order in which they came */
    uint32_t feature_limit;
    bool begun;
    int32_t month;
    int64_t nobodys_nano; /* of requests without a user */
    llmobsi_cost_past past;
} llmobsi_cost_users;

/* Those of a ledger; NULL: none are kept. */
llmobsi_inline llmobsi_cost_users* llmobsi_cost_users_of(const llmobsi_cost_ledger* ledger)
{
    return (llmobsi_cost_users*)ledger->users;
}

llmobsi_fn void llmobsi_cost_group_add(llmobsi_cost_group* group, const llmobsi_top_key* key,
                                       const llmobs_cost_sums* sums)
{
    llmobsi_top_use use;
    use.requests = (uint64_t)sums->requests;
    use.unpriced = (uint64_t)sums->unknown;
    use.input_tokens = (uint64_t)sums->input_tokens;
    use.output_tokens = (uint64_t)sums->output_tokens;
    (void)llmobsi_top_add(group->top, key, sums->cost_nano, &use);
    llmobsi_unique_add(group->unique, key->tag[1]); /* of an HMAC: all bits are good */
}

/* The group of a feature, by its first row; NULL: there were others before. */
llmobsi_fn llmobsi_cost_group* llmobsi_cost_group_of(llmobsi_cost_users* users, uint32_t row)
{
    uint32_t i;
    for (i = 0; i < users->feature_limit; i++) {
        llmobsi_cost_group* group = &users->features[i];
        if (group->row == 0) {
            group->row = row + 1;
        }
        if (group->row == row + 1) {
            return group;
        }
    }
    return NULL;
}

llmobsi_fn void llmobsi_cost_group_reset(llmobsi_cost_group* group)
{
    llmobsi_top_reset(group->top);
    llmobsi_unique_reset(group->unique);
}

/* A new month: features keep their places. */
llmobsi_fn void llmobsi_cost_users_reset(llmobsi_cost_users* users)
{
    uint32_t i;
    llmobsi_cost_group_reset(&users->all);
    for (i = 0; i < users->feature_limit; i++) {
        llmobsi_cost_group_reset(&users->features[i]);
    }
    users->nobodys_nano = 0;
}

/* One pass over the counters. */
llmobsi_fn void llmobsi_cost_past_keep(llmobsi_cost_users* users)
{
    llmobsi_cost_past* past = &users->past;
    llmobs_top_share share;
    llmobsi_top_read(users->all.top, past->entries, LLMOBS_REPORT_LINES, &share);
    past->begun = true;
    past->month = users->month;
    past->nobodys_nano = users->nobodys_nano;
    past->unique = llmobsi_unique_estimate(users->all.unique).count;
    past->total = (uint64_t)share.total;
    past->rest = (uint64_t)share.rest;
    past->count = share.count;
}

/* The first ones of the month before, `room` of them at most, as llmobsi_top_read gives them. */
llmobsi_fn void llmobsi_cost_past_read(const llmobsi_cost_past* past, llmobs_top_entry* entries,
                                       size_t room, llmobs_top_share* share)
{
    size_t count = past->count < room ? past->count : room;
    uint64_t rest = past->rest;
    if (count < past->count) {
        llmobsi_top_raise(&rest, (uint64_t)past->entries[count].high);
    }
    memcpy(entries, past->entries, count * sizeof *entries);
    llmobsi_top_sum_up(entries, count, room, past->total, rest, share);
}

/* Begins a month. Of the one before what a report can list stays; an older one is forgotten. */
llmobsi_fn void llmobsi_cost_users_turn(llmobsi_cost_users* users, int32_t month)
{
    memset(&users->past, 0, sizeof users->past);
    if (users->begun && users->month == month - 1) {
        llmobsi_cost_past_keep(users);
    }
    llmobsi_cost_users_reset(users);
    users->begun = true;
    users->month = month;
}

/* What was spent in a month that is over by now is in the ledger alone. */
llmobsi_fn void llmobsi_cost_users_add(llmobsi_cost_users* users, uint32_t feature_row,
                                       int32_t month, const llmobsi_bill* bill)
{
    llmobsi_cost_group* group;
    llmobsi_top_key key;
    if (!users->begun || month > users->month) {
        llmobsi_cost_users_turn(users, month);
    }
    if (month < users->month) {
        return;
    }
    if (bill->user.size == 0 || !llmobsi_top_key_read(&key, bill->user.data)) {
        users->nobodys_nano = llmobsi_cost_plus(users->nobodys_nano, bill->sums.cost_nano);
        return;
    }
    llmobsi_cost_group_add(&users->all, &key, &bill->sums);
    group = llmobsi_cost_group_of(users, feature_row);
    if (group != NULL) {
        llmobsi_cost_group_add(group, &key, &bill->sums);
    }
}

/* ---- ledger and users ---------------------------------------------------------------------- */

/* Books a request. The tick, under the lock. */
llmobsi_fn void llmobsi_cost_book(llmobsi_cost_ledger* ledger, const llmobsi_bill* bill)
{
    uint32_t row = llmobsi_cost_row_get(ledger, bill->names);
    llmobsi_cost_row_add(ledger, row, bill->unix_ns, &bill->sums);
    if (ledger->users != NULL) {
        llmobsi_cost_users_add(llmobsi_cost_users_of(ledger),
                               ledger->rows[row].first[LLMOBS_I_COST_FEATURE], ledger->month,
                               bill);
    }
}

/* The tick: what had no record to travel in. The busy flag is up, if this thread has one, so that
   its signal handlers do not wait for the lock. */
llmobsi_fn void llmobsi_cost_collect(llmobsi_recorder* recorder)
{
    llmobsi_cost_ledger* ledger = llmobsi_cost_ledger_of(recorder);
    llmobsi_control* self;
    uint64_t stamp;
    uint64_t start_ns;
    uint64_t now_ns;
    if (llmobsi_load_acquire(&ledger->untracked[0]) == 0) {
        return;
    }
    stamp = llmobsi_now(&recorder->timeline);
    llmobsi_timeline_convert(&recorder->timeline, stamp, stamp, &start_ns, &now_ns);
    self = llmobsi_busy_begin();
    llmobsi_lock_take(&ledger->lock);
    llmobsi_cost_untracked_take(ledger, now_ns);
    llmobsi_lock_give(&ledger->lock);
    llmobsi_busy_end(self);
}

/* As when nothing had been spent: in the child of a fork, where it is the parent's, and where a
   state file is refused that was half read. */
llmobsi_fn void llmobsi_cost_clear(llmobsi_cost_ledger* ledger)
{
    llmobsi_cost_users* users = llmobsi_cost_users_of(ledger);
    uint32_t i;
    llmobsi_cost_reset(ledger);
    if (users != NULL) {
        llmobsi_cost_users_reset(users);
        users->begun = false;
        memset(&users->past, 0, sizeof users->past);
        for (i = 0; i < users->feature_limit; i++) {
            users->features[i].row = 0; /* rows are numbered anew */
        }
    }
}

/* ---- layout -------------------------------------------------------------------------------- */

/* The sketches of a group; `group` is NULL while measuring. */
llmobsi_fn void llmobsi_cost_group_layout(llmobsi_arena* arena, uint32_t counters,
                                          llmobsi_cost_group* group)
{
    void* top = llmobsi_arena_take(arena, 1, llmobsi_top_bytes(counters));
    llmobsi_unique* unique =
        (llmobsi_unique*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_unique));
    if (group != NULL && unique != NULL) {
        memset(unique, 0, sizeof *unique);
        group->row = 0;
        group->top = llmobsi_top_make(top, counters);
        group->unique = unique;
    }
}

/* Returns NULL while measuring, and where there are none. */
llmobsi_fn llmobsi_cost_users* llmobsi_cost_users_layout(llmobsi_arena* arena,
                                                         const llmobs_config* config)
{
    uint32_t features = config->cost_features != LLMOBS_OFF ? config->cost_features : 0;
    llmobsi_cost_users* users;
    llmobsi_cost_group* groups;
    uint32_t i;
    if (config->cost_users == LLMOBS_OFF) {
        return NULL;
    }
    users = (llmobsi_cost_users*)llmobsi_arena_take(arena, 1, sizeof *users);
    groups = (llmobsi_cost_group*)llmobsi_arena_take(arena, features, sizeof *groups);
    if (users != NULL && groups != NULL) {
        memset(users, 0, sizeof *users);
        users->features = groups;
        users->feature_limit = features;
    }
    llmobsi_cost_group_layout(arena, config->cost_users, users != NULL ? &users->all : NULL);
    for (i = 0; i < features; i++) {
        llmobsi_cost_group_layout(arena, config->cost_feature_users,
                                  users != NULL ? &groups[i] : NULL);
    }
    return users;
}

/* `recorder` is NULL while measuring. */
llmobsi_fn void llmobsi_cost_layout(llmobsi_arena* arena, const llmobs_config* config,
                                    llmobsi_recorder* recorder)
{
    llmobsi_cost_ledger* ledger = llmobsi_cost_ledger_layout(arena, config);
    llmobsi_cost_users* users = NULL;
    if (config->cost_rows != LLMOBS_OFF) {
        users = llmobsi_cost_users_layout(arena, config);
    }
    if (recorder != NULL && ledger != NULL) {
        ledger->users = users;
        recorder->cost_ledger = ledger;
    }
}
