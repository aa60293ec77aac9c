/* The scan, from trigger to trigger. Matches that overlap gather in a cluster; when the next
   trigger lies behind it, the cluster is a finding, and what stands before its end is never looked
   at again. All verdicts depend on the text alone, not on the window: where a recogniser ran into
   the window's end, the scan stops, and begins again at that trigger, or at the first of an
   unfinished cluster, when there is more text. */

/* Nothing joins a cluster that is longer. So no text is held back longer than this, what a match is
   long, and what is looked ahead. */
#define LLMOBS_I_CLUSTER_MOST 384u
/* How far the scan looks behind a cluster for an address that begins in it. */
#define LLMOBS_I_CLUSTER_AHEAD (LLMOBS_I_EMAIL_LOCAL + LLMOBS_I_EMAIL_MOST + 66u)

LLMOBS_I_STATIC_ASSERT(scan_carry, LLMOBS_SCAN_CARRY >=
                                       LLMOBS_I_LOOK_BACK + LLMOBS_I_LOOK_AHEAD +
                                           LLMOBS_I_CLUSTER_MOST + LLMOBS_I_CLUSTER_AHEAD + 64u);
LLMOBS_I_STATIC_ASSERT(scan_look_back, LLMOBS_I_LOOK_BACK >= LLMOBS_I_EMAIL_LOCAL + 5 + 2 +
                                                                 LLMOBS_I_URL_USER + 2);
LLMOBS_I_STATIC_ASSERT(scan_look_ahead, LLMOBS_I_LOOK_AHEAD >= LLMOBS_I_JWT_HEADER +
                                                                   LLMOBS_I_JWT_LEAST + 2);

/* What of a finding is told: all of it; or, of what has a tail, its first part, more of it, that it
   has ended. */
typedef enum llmobsi_scan_step {
    LLMOBS_I_SCAN_WHOLE,
    LLMOBS_I_SCAN_FIRST,
    LLMOBS_I_SCAN_MORE,
    LLMOBS_I_SCAN_END
} llmobsi_scan_step;

/* Who is told. `bytes` are the part that the step is about. */
typedef struct llmobsi_scan_sink {
    bool (*tell)(void* user, llmobsi_scan_step step, const llmobs_finding* finding,
                 const uint8_t* bytes, size_t size);
    void* user;
} llmobsi_scan_sink;

/* Matches that overlap. */
typedef struct llmobsi_cluster {
    llmobsi_match best; /* gives the class */
    size_t trigger;     /* the first one   */
    size_t start;
    size_t end;
    uint8_t tail; /* of the match that ends last */
    bool is_there;
    bool is_closed; /* no number that begins within it ends behind it, or matters otherwise */
} llmobsi_cluster;

/* One run over a window. */
typedef struct llmobsi_scan_run {
    llmobs_scan_state* state;
    const llmobsi_scan_sink* sink;
    llmobsi_view view;
    llmobsi_cluster cluster;
} llmobsi_scan_run;

/* ---- setting up ---------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_scan_add_term(llmobs_scan_state* state, const llmobs_scan_term* term)
{
    uint32_t i;
    for (i = 0; i < 3; i++) {
        uint8_t byte = (uint8_t)term->text[i];
        llmobsi_trigger_add(state->triggers, i, byte);
        if (term->ignore_case && llmobsi_is(byte, LLMOBS_I_ALPHA)) {
            llmobsi_trigger_add(state->triggers, i, (uint8_t)(byte ^ 0x20));
        }
    }
}

/* Patterns for what few ask for. */
llmobsi_fn void llmobsi_scan_add_triggers(llmobs_scan_state* state)
{
    uint32_t i;
    if ((state->rules.classes & LLMOBS_PII_BIT(LLMOBS_PII_MAC_ADDRESS)) != 0) {
        llmobsi_trigger_add_kinds(state->triggers, 0, LLMOBS_I_HEX);
        llmobsi_trigger_add(state->triggers, 1, '-');
        llmobsi_trigger_add_kinds(state->triggers, 2, LLMOBS_I_HEX);
    }
    if ((state->rules.classes & LLMOBS_PII_BIT(LLMOBS_PII_CRYPTO_ADDRESS)) != 0) {
        llmobsi_trigger_add(state->triggers, 0, '0');
        llmobsi_trigger_add(state->triggers, 0, '1');
        llmobsi_trigger_add(state->triggers, 0, '3');
        llmobsi_trigger_add(state->triggers, 0, 'b');
        llmobsi_trigger_add_kinds(state->triggers, 1, LLMOBS_I_BASE58);
        llmobsi_trigger_add_kinds(state->triggers, 2, LLMOBS_I_BASE58 | LLMOBS_I_HEX);
    }
    for (i = 0; i < state->rules.term_count; i++) {
        if (llmobsi_term_is_valid(&state->rules.terms[i])) {
            llmobsi_scan_add_term(state, &state->rules.terms[i]);
        }
    }
}

llmobsi_fn void llmobsi_scan_begin(llmobs_scan_state* state, const llmobs_scan_rules* rules)
{
    memset(state, 0, sizeof(*state));
    if (rules != NULL) {
        memcpy(&state->rules, rules, llmobsi_known_size(rules->size, sizeof(*rules)));
    }
    if (state->rules.classes == 0) {
        state->rules.classes = LLMOBS_PII_DEFAULT;
    }
    if (state->rules.terms == NULL) {
        state->rules.term_count = 0;
    } else if (state->rules.term_count > LLMOBS_SCAN_TERMS_MAX) {
        state->rules.term_count = LLMOBS_SCAN_TERMS_MAX;
    }
    memcpy(state->triggers, llmobsi_trigger_tables, sizeof(state->triggers));
    if (state->rules.classes > LLMOBS_PII_DEFAULT || state->rules.term_count > 0) {
        llmobsi_scan_add_triggers(state);
        state->is_rough = true;
    }
}

/* ---- findings ------------------------------------------------------------------------------ */

/* Tells, and counts when it is whole or has ended. */
llmobsi_fn void llmobsi_scan_tell(llmobsi_scan_run* run, llmobsi_scan_step step,
                                  const llmobs_finding* finding, size_t place, size_t size)
{
    llmobs_scan_state* state = run->state;
    if (step == LLMOBS_I_SCAN_WHOLE || step == LLMOBS_I_SCAN_END) {
        state->counts[finding->pii] += state->counts[finding->pii] < UINT32_MAX;
    }
    if (run->sink->tell != NULL &&
        !run->sink->tell(run->sink->user, step, finding, run->view.bytes + place, size)) {
        state->is_stopped = true;
    }
}

/* Nothing before a place is looked at from now on. */
llmobsi_inline void llmobsi_scan_set_floor(llmobsi_scan_run* run, size_t place)
{
    run->view.floor = place;
    run->state->floor = run->state->base + place;
}

/* What is open goes on from a place: to its end, or to the window's. Returns how far. */
llmobsi_fn size_t llmobsi_scan_go_on(llmobsi_scan_run* run, size_t place)
{
    llmobs_scan_state* state = run->state;
    bool has_ended;
    size_t end;
    run->view.starved = false;
    end = llmobsi_tail_read(&run->view, state->open_tail, place, &has_ended);
    state->open.size += end - place;
    llmobsi_scan_tell(run, LLMOBS_I_SCAN_MORE, &state->open, place, end - place);
    if (has_ended) {
        llmobsi_scan_tell(run, LLMOBS_I_SCAN_END, &state->open, end, 0);
        state->open_tail = LLMOBS_I_TAIL_NONE;
    }
    llmobsi_scan_set_floor(run, end);
    return end;
}

/* The cluster becomes a finding. Returns where it ends, as far as is known. */
llmobsi_fn size_t llmobsi_scan_emit(llmobsi_scan_run* run)
{
    llmobsi_cluster* cluster = &run->cluster;
    llmobs_finding finding;
    size_t end = cluster->end;
    bool has_ended = true;
    if (cluster->tail != LLMOBS_I_TAIL_NONE) {
        run->view.starved = false;
        end = llmobsi_tail_read(&run->view, cluster->tail, end, &has_ended);
    }
    memset(&finding, 0, sizeof(finding));
    finding.offset = run->state->base + cluster->start;
    finding.size = end - cluster->start;
    finding.pii = cluster->best.pii;
    finding.is_local = cluster->best.is_local;
    finding.name = cluster->best.name;
    if (!has_ended) {
        run->state->open = finding;
        run->state->open_tail = cluster->tail;
    }
    if (cluster->tail == LLMOBS_I_TAIL_NONE) {
        llmobsi_scan_tell(run, LLMOBS_I_SCAN_WHOLE, &finding, cluster->start,
                          (size_t)finding.size);
    } else {
        llmobsi_scan_tell(run, LLMOBS_I_SCAN_FIRST, &finding, cluster->start,
                          (size_t)finding.size);
        if (has_ended) {
            llmobsi_scan_tell(run, LLMOBS_I_SCAN_END, &finding, end, 0);
        }
    }
    llmobsi_scan_set_floor(run, end);
    cluster->is_there = false;
    return end;
}

/* ---- clusters ------------------------------------------------------------------------------ */

/* One match only, behind which no digits go on. */
llmobsi_inline bool llmobsi_cluster_closes(const llmobsi_view* view,
                                           const llmobsi_cluster* cluster)
{
    uint8_t after;
    if (view->has_extras || cluster->tail != LLMOBS_I_TAIL_NONE ||
        cluster->best.start != cluster->start || cluster->best.end != cluster->end ||
        cluster->end + 1 >= view->size) {
        return false;
    }
    after = view->bytes[cluster->end];
    return !llmobsi_is(after, LLMOBS_I_DIGIT) &&
           ((after != ' ' && after != '-' && after != '.' && after != '/') ||
            !llmobsi_is(view->bytes[cluster->end + 1], LLMOBS_I_DIGIT));
}

llmobsi_fn void llmobsi_cluster_add(llmobsi_cluster* cluster, const llmobsi_match* match,
                                    size_t trigger)
{
    if (!cluster->is_there) {
        cluster->is_there = true;
        cluster->best = *match;
        cluster->trigger = trigger;
        cluster->start = match->start;
        cluster->end = match->end;
        cluster->tail = match->tail;
        return;
    }
    /* The address around a password in a URL is none. */
    if (cluster->best.pii == LLMOBS_PII_URL_PASSWORD && match->pii == LLMOBS_PII_EMAIL &&
        match->start >= cluster->start) {
        return;
    }
    if (match->end > cluster->end || (match->end == cluster->end && match->tail != 0)) {
        cluster->tail = match->tail;
        cluster->end = match->end;
    }
    if (match->start < cluster->start) {
        cluster->start = match->start;
    }
    if (llmobsi_match_is_better(match, &cluster->best)) {
        cluster->best = *match;
    }
}

/* Whether an address that begins in the cluster goes on behind it: "4111111111111111.a@b.org". */
llmobsi_fn bool llmobsi_cluster_grows(llmobsi_scan_run* run)
{
    llmobsi_cluster* cluster = &run->cluster;
    llmobsi_view* view = &run->view;
    llmobsi_match match;
    size_t at;
    view->starved = false;
    if (cluster->tail != LLMOBS_I_TAIL_NONE || !llmobsi_wants(view, LLMOBS_PII_EMAIL) ||
        cluster->end - cluster->start > LLMOBS_I_CLUSTER_MOST / 2) {
        return false;
    }
    at = cluster->end;
    while (at - cluster->end < LLMOBS_I_EMAIL_LOCAL && llmobsi_is_local(llmobsi_at(view, at))) {
        at++;
    }
    if (llmobsi_at(view, at) != '@' || !llmobsi_email_read(view, at, &match) || view->starved ||
        match.start >= cluster->end) {
        return false;
    }
    at = cluster->end;
    llmobsi_cluster_add(cluster, &match, cluster->trigger);
    cluster->is_closed = false;
    return cluster->end > at;
}

/* ---- one window ---------------------------------------------------------------------------- */

/* Where the scan will go on, and before where all is decided. */
llmobsi_fn void llmobsi_scan_stop(llmobsi_scan_run* run, size_t resume, size_t hold)
{
    llmobsi_cluster* cluster = &run->cluster;
    if (cluster->is_there) {
        resume = cluster->trigger < resume ? cluster->trigger : resume;
        hold = cluster->start < hold ? cluster->start : hold;
    }
    run->state->resume = resume;
    run->state->hold = hold < run->view.floor ? run->view.floor : hold;
}

/* The first place where a finding could begin that is not decided: from a trigger, or from the end
   of the window. */
llmobsi_fn size_t llmobsi_scan_held(const llmobsi_scan_run* run, size_t place)
{
    bool is_plain;
    return place - llmobsi_run_of_local(&run->view, place, &is_plain);
}

llmobsi_fn size_t llmobsi_scan_held_at_end(const llmobsi_scan_run* run, size_t place)
{
    const llmobsi_view* view = &run->view;
    for (; place < view->size; place++) {
        bool has_second = place + 1 < view->size;
        if (llmobsi_trigger_may_begin((const uint8_t(*)[16])run->state->triggers,
                                      view->bytes[place],
                                      has_second ? view->bytes[place + 1] : 0, has_second)) {
            break;
        }
    }
    return llmobsi_scan_held(run, place);
}

/* What one trigger leads to joins the cluster that it lies in. False: the window does not
   suffice. */
llmobsi_fn bool llmobsi_scan_trigger(llmobsi_scan_run* run, size_t place)
{
    llmobsi_cluster* cluster = &run->cluster;
    llmobsi_match match;
    bool found, is_number = llmobsi_is_number_only(&run->view, place);
    run->view.starved = false;
    run->view.is_within = cluster->is_there;
    found = is_number ? llmobsi_number_trigger(&run->view, place, &match)
                      : llmobsi_recognize_read(&run->view, place, &match);
    if (run->view.starved) {
        return false;
    }
    if (found && (!cluster->is_there || cluster->end - cluster->start <= LLMOBS_I_CLUSTER_MOST)) {
        llmobsi_cluster_add(cluster, &match, place);
        cluster->is_closed = llmobsi_cluster_closes(&run->view, cluster);
    }
    return true;
}

/* Tells the cluster if it ends before a place. False: the window does not suffice. */
llmobsi_fn bool llmobsi_scan_settle(llmobsi_scan_run* run, size_t place)
{
    while (run->cluster.is_there && run->cluster.end <= place) {
        if (llmobsi_cluster_grows(run)) {
            continue;
        }
        if (run->view.starved) {
            return false;
        }
        (void)llmobsi_scan_emit(run);
    }
    return true;
}

/* Whether a trigger is a digit that need not be looked at: within a run, of which the first was; or
   within a match that nothing can change. */
llmobsi_inline bool llmobsi_scan_is_within(const llmobsi_scan_run* run, size_t place)
{
    const llmobsi_view* view = &run->view;
    const uint8_t* here = view->bytes + place;
    if (place < view->floor + 2 || place + 1 >= view->size ||
        !llmobsi_is(here[0], LLMOBS_I_DIGIT) ||
        !llmobsi_is(here[1], LLMOBS_I_DIGIT | LLMOBS_I_DOT | LLMOBS_I_HYPHEN) ||
        view->has_extras) {
        return false;
    }
    return (llmobsi_is(here[-1], LLMOBS_I_DIGIT) &&
            (llmobsi_is(here[-2], LLMOBS_I_DIGIT) || llmobsi_is(here[1], LLMOBS_I_DIGIT))) ||
           (run->cluster.is_there && run->cluster.is_closed && place < run->cluster.end);
}

/* Of a block's places those that are not within a run of digits, where that can be told: no finding
   ends between two digits. */
llmobsi_inline uint64_t llmobsi_scan_first_digits(const llmobsi_view* view, size_t block,
                                                  uint64_t places)
{
    uint64_t digits;
    if ((places & (places >> 1)) == 0 || view->has_extras || block < view->floor ||
        block + 64 > view->size) {
        return places;
    }
    digits = llmobsi_range_of(view->bytes + block, 0, '0', '9');
    return places & ~(digits & digits << 1 & digits >> 1);
}

/* Scans a window from a place on. */
llmobsi_fn void llmobsi_scan_window(llmobsi_scan_run* run, size_t place)
{
    llmobs_scan_state* state = run->state;
    llmobsi_view* view = &run->view;
    const uint8_t(*tables)[16] = (const uint8_t(*)[16])state->triggers;
    llmobsi_trigger_fn next = llmobsi_trigger_here();
    size_t limit = view->is_last ? view->size : view->size < 2 ? 0 : view->size - 2;
    size_t block = place;
    if (state->open_tail != LLMOBS_I_TAIL_NONE) {
        block = llmobsi_scan_go_on(run, place);
        if (state->open_tail != LLMOBS_I_TAIL_NONE) {
            llmobsi_scan_stop(run, block, block);
            return;
        }
    }
    while (block < limit && !state->is_stopped) {
        uint64_t places;
        block = next(tables, view->bytes, block, view->size, state->is_rough, &places);
        if (places == 0) {
            places = llmobsi_trigger_rest(next, tables, view->bytes, block, view->size,
                                          state->is_rough);
        }
        places = llmobsi_scan_first_digits(view, block, places);
        for (; places != 0; places &= places - 1) {
            place = block + (size_t)llmobsi_trailing_zeros64(places);
            if (place >= limit) {
                break;
            }
            if (place < view->floor || llmobsi_scan_is_within(run, place)) {
                continue;
            }
            if (run->cluster.is_there && !llmobsi_scan_settle(run, place)) {
                llmobsi_scan_stop(run, place, llmobsi_scan_held(run, place));
                return;
            }
            if (state->open_tail != LLMOBS_I_TAIL_NONE || state->is_stopped) {
                llmobsi_scan_stop(run, view->floor, view->floor);
                return;
            }
            if (place >= view->floor && !llmobsi_scan_trigger(run, place)) {
                llmobsi_scan_stop(run, place, llmobsi_scan_held(run, place));
                return;
            }
        }
        block += 64;
        if (block < view->floor) {
            block = view->floor;
        }
    }
    if (!llmobsi_scan_settle(run, limit)) {
        llmobsi_scan_stop(run, limit, llmobsi_scan_held_at_end(run, limit));
        return;
    }
    if (state->open_tail != LLMOBS_I_TAIL_NONE) {
        llmobsi_scan_stop(run, view->floor, view->floor);
        return;
    }
    limit = limit < view->floor ? view->floor : limit;
    llmobsi_scan_stop(run, limit, view->is_last ? limit : llmobsi_scan_held_at_end(run, limit));
}

/* Scans a window: what lies before `from` is known. */
llmobsi_fn void llmobsi_scan_bytes(llmobs_scan_state* state, const llmobsi_scan_sink* sink,
                                   const uint8_t* bytes, size_t size, size_t from, bool is_last)
{
    llmobsi_scan_run run;
    run.state = state;
    run.sink = sink;
    run.view.bytes = bytes;
    run.view.size = size;
    run.view.floor = state->floor > state->base ? (size_t)(state->floor - state->base) : 0;
    run.view.is_last = is_last;
    run.view.starved = false;
    run.view.is_within = false;
    run.view.classes = state->rules.classes;
    run.view.terms = state->rules.terms;
    run.view.term_count = state->rules.term_count;
    run.view.has_extras = state->is_rough;
    run.cluster.is_there = false;
    run.cluster.trigger = 0; /* for compilers, which do not see who asks whether it is there */
    run.cluster.start = 0;
    llmobsi_scan_window(&run, from);
}
