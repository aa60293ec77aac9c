/* Records of requests, as the tick sees them: phases that have ended, requests that are too old,
   what has ended and goes back, to the recent ones and the cost ledger. */

/* ---- phases -------------------------------------------------------------------------------- */

llmobsi_fn const char* llmobsi_phase_label(llmobs_phase phase)
{
    static const char* const labels[LLMOBS_PHASE_COUNT] = {
#define LLMOBS_I_PHASE(id, label, name) label,
        LLMOBS_PHASES(LLMOBS_I_PHASE)
#undef LLMOBS_I_PHASE
    };
    return (unsigned)phase < (unsigned)LLMOBS_PHASE_COUNT ? labels[phase] : "other";
}

/* The series of a phase, made when its first span has ended: a program without guardrails has no
   such series. False: the metric is switched off. */
llmobsi_fn bool llmobsi_phase_series(llmobsi_recorder* recorder, uint32_t phase,
                                     llmobs_histogram* series)
{
    llmobsi_registry* registry = &recorder->registry;
    uint32_t number = recorder->known[LLMOBS_METRIC_LLM_PHASE_DURATION];
    const char* label = llmobsi_phase_label((llmobs_phase)phase);
    if (series->instance == 0 && registry->on && number != 0) {
        series->instance = recorder->ticket;
        series->metric = number - 1;
        series->series = llmobsi_series_get(registry, number - 1, &label, LLMOBS_I_WAIT);
        series->cell = registry->series[series->series].cell;
    }
    return series->instance != 0;
}

/* Adds a phase's duration to its metric: from the tick, which has no cells of its own. */
llmobsi_fn void llmobsi_phase_measure(llmobsi_recorder* recorder, uint32_t phase,
                                      uint64_t duration_ns)
{
    llmobs_histogram* series = &llmobsi_requests_of(recorder)->phase_series[phase];
    llmobsi_visit visit;
    const llmobsi_metric* metric;
    if (!llmobsi_phase_series(recorder, phase, series)) {
        return;
    }
    memset(&visit, 0, sizeof visit);
    visit.registry = &recorder->registry;
    metric = &recorder->registry.metrics[series->metric];
    (void)llmobsi_histogram_add(&visit, metric, &recorder->registry.series[series->series],
                                duration_ns);
}

/* The number of documents that a phase's span tells. */
llmobsi_fn void llmobsi_phase_documents(llmobsi_requests* requests, llmobsi_request* record,
                                        const llmobsi_field* field)
{
    int64_t count;
    if (field->key == requests->docs_name && field->type == LLMOBS_TYPE_INT &&
        field->owner == LLMOBS_I_OF_SPAN) {
        memcpy(&count, llmobsi_field_payload(field), sizeof count);
        llmobsi_store_relaxed(&record->docs_count, (uint64_t)count + 1);
    }
}

/* A phase's span has come through a ring: its duration is known now. The request's record, if it is
   not over yet or waits for this very tick, learns of it. */
llmobsi_fn void llmobsi_phase_collect(llmobsi_recorder* recorder, const llmobsi_slot* slot)
{
    llmobsi_requests* requests = llmobsi_requests_of(recorder);
    uint64_t duration_ns = llmobsi_timeline_between(
        &recorder->timeline, llmobsi_load_relaxed(&slot->start), slot->end);
    llmobsi_request* record = NULL;
    const llmobsi_field* field;
    llmobsi_walk walk;
    llmobsi_walk_begin(&walk, &recorder->pool, slot);
    while ((field = llmobsi_walk_next(&walk)) != NULL) {
        if (field->type == LLMOBS_I_FIELD_PHASE) {
            llmobsi_phase_mark mark;
            memcpy(&mark, llmobsi_field_payload(field), sizeof mark);
            llmobsi_phase_measure(recorder, mark.phase, duration_ns);
            record = &requests->records[mark.place];
            if (((llmobsi_load_relaxed(&record->state) ^ mark.generation) &
                 ~(uint64_t)(LLMOBS_I_REQUEST_STATES - 1)) != 0) {
                return;
            }
            llmobsi_store_relaxed(
                &record->phase_ns[mark.phase],
                llmobsi_load_relaxed(&record->phase_ns[mark.phase]) + duration_ns);
        } else if (record != NULL) {
            llmobsi_phase_documents(requests, record, field);
        }
    }
}

/* Adds a chain of records to those that go back next. */
llmobsi_fn void llmobsi_requests_await(llmobsi_requests* requests, uint32_t first, uint32_t last)
{
    if (requests->ended_first == 0) {
        requests->ended_last = last;
    }
    llmobsi_store_relaxed(&requests->records[last - 1].link, requests->ended_first);
    requests->ended_first = first;
}

/* Ends a request that nobody has ended for too long: it is counted and leaves the engine's gauges,
   and nothing else. */
llmobsi_fn void llmobsi_request_expire(llmobsi_recorder* recorder, llmobsi_request* record,
                                       uint64_t now)
{
    llmobsi_requests* requests = llmobsi_requests_of(recorder);
    uint32_t place = (uint32_t)(record - requests->records) + 1;
    uint64_t state = llmobsi_load_acquire(&record->state);
    if ((state & (LLMOBS_I_REQUEST_STATES - 1)) != LLMOBS_I_REQUEST_LIVE ||
        llmobsi_timeline_between(&recorder->timeline, record->facts.start, now) <
            requests->max_age_ns) {
        return;
    }
    if (llmobsi_cas_acquire_release(&record->state, &state,
                                    llmobsi_request_state(state, LLMOBS_I_REQUEST_ENDED))) {
        (void)llmobsi_request_unschedule(recorder, record);
        llmobsi_count(&requests->expired, 1);
        llmobsi_requests_await(requests, place, place);
    }
}

/* Looks at every request, now and then: often enough for their greatest age. */
llmobsi_fn void llmobsi_requests_sweep(llmobsi_recorder* recorder, uint64_t now)
{
    llmobsi_requests* requests = llmobsi_requests_of(recorder);
    uint64_t pause = requests->max_age_ns / 4;
    uint32_t i;
    pause = pause < UINT64_C(10000000000) ? pause : UINT64_C(10000000000);
    if (now < requests->swept) {
        requests->swept = now; /* the host's clock went back */
    }
    if (llmobsi_timeline_between(&recorder->timeline, requests->swept, now) < pause) {
        return;
    }
    requests->swept = now;
    for (i = 0; i < requests->count; i++) {
        llmobsi_request_expire(recorder, &requests->records[i], now);
    }
}

/* ---- recent requests: for llmobs_request_explain ------------------------------------------- */

llmobsi_fn void llmobsi_recent_add(llmobsi_requests* requests, llmobsi_request* record)
{
    llmobs_explanation* kept;
    int phase;
    if (requests->recent_count == 0 || !record->is_explained) {
        return;
    }
    kept = &requests->recent[requests->recent_next];
    requests->recent_next = (requests->recent_next + 1) % requests->recent_count;
    *kept = record->explained;
    kept->docs_count = (int64_t)llmobsi_load_relaxed(&record->docs_count) - 1;
    for (phase = 0; phase < (int)LLMOBS_PHASE_COUNT; phase++) {
        kept->phase_ns[phase] = llmobsi_load_relaxed(&record->phase_ns[phase]);
    }
}

/* ---- the cost ledger ----------------------------------------------------------------------- */

/* A name of the ledger; "unknown" where there is none. */
llmobsi_fn llmobs_string llmobsi_bill_name(const llmobsi_request* record, llmobsi_request_text text)
{
    llmobs_string name = llmobsi_request_string(&record->facts, text);
    return name.size > 0 ? name : llmobs_str("unknown");
}

/* The bill of a request that is over. One that nobody ended has failed: its tokens were made, what
   they cost is unknown. */
llmobsi_fn void llmobsi_request_bill(const llmobsi_timeline* timeline,
                                     const llmobsi_request* record, llmobsi_bill* bill)
{
    const llmobsi_request_due* due = &record->due;
    uint64_t end = due->stamp;
    uint64_t start_ns;
    memset(bill, 0, sizeof *bill);
    bill->names[LLMOBS_I_COST_FEATURE] = llmobsi_bill_name(record, LLMOBS_I_TEXT_FEATURE);
    bill->names[LLMOBS_I_COST_MODEL] = llmobsi_bill_name(record, LLMOBS_I_TEXT_MODEL);
    bill->names[LLMOBS_I_COST_TENANT] =
        llmobsi_request_string(&record->facts, LLMOBS_I_TEXT_TENANT);
    bill->user = llmobsi_request_string(&record->facts, LLMOBS_I_TEXT_USER_ID);
    bill->sums = due->sums;
    if (due->stamp == 0) {
        bill->sums.requests = bill->sums.errors = bill->sums.unknown = bill->sums.unbounded = 1;
        bill->sums.output_tokens = (int64_t)llmobsi_load_relaxed(&record->tokens);
        bill->sums.tokens = bill->sums.output_tokens;
        end = llmobsi_now(timeline);
    }
    llmobsi_timeline_convert(timeline, record->facts.start, end, &start_ns, &bill->unix_ns);
}

/* ---- what has ended goes back -------------------------------------------------------------- */

/* Notes which requests have ended. Before the rings are emptied: what their phases left there is
   seen before they go. Returns whether there are any. */
llmobsi_fn bool llmobsi_requests_mark(llmobsi_recorder* recorder, uint64_t now)
{
    llmobsi_requests* requests = llmobsi_requests_of(recorder);
    uint32_t first = llmobsi_exchange_ordered(&requests->over, 0);
    uint32_t last = first;
    while (last != 0 && llmobsi_load_relaxed(&requests->records[last - 1].link) != 0) {
        last = llmobsi_load_relaxed(&requests->records[last - 1].link);
    }
    if (first != 0) {
        llmobsi_requests_await(requests, first, last);
    }
    llmobsi_requests_sweep(recorder, now);
    return requests->ended_first != 0;
}

/* Makes a record that nobody uses as if it had never been used, but for its generation: late
   handles do not fit. */
llmobsi_fn void llmobsi_request_wipe(llmobsi_requests* requests, llmobsi_request* record)
{
    uint64_t state = llmobsi_load_relaxed(&record->state);
    size_t place = (size_t)(record - requests->records);
    uint32_t capture = llmobsi_load_relaxed(&record->capture);
    if (requests->guards != NULL) { /* what its scanner holds back */
        memset(requests->guards + place * requests->guard_size, 0, requests->guard_size);
    }
    if (capture != 0 && capture < LLMOBS_I_CAPTURE_NEVER) { /* its end could not: a piece was on its
                                                              way, or there was none */
        llmobsi_capture_drop(requests->captures, capture - 1);
    }
    memset((unsigned char*)record + offsetof(llmobsi_request, scheduled), 0,
           sizeof *record - offsetof(llmobsi_request, scheduled));
    llmobsi_store_release(&record->state,
                          llmobsi_request_state(state, 0) + LLMOBS_I_REQUEST_STATES);
}

/* What detectors of drift get of those that go back. One that nobody ended tells them nothing. The
   busy flag is up, as below. */
llmobsi_fn void llmobsi_requests_answer(const llmobsi_recorder* recorder)
{
    const llmobsi_requests* requests = llmobsi_requests_of(recorder);
    llmobsi_detectors* detectors = llmobsi_detectors_of(recorder);
    uint32_t place = detectors != NULL ? requests->ended_first : 0;
    while (place != 0) {
        const llmobsi_request* record = &requests->records[place - 1];
        llmobsi_drift_source source;
        if (record->due.stamp != 0) {
            source.feature = llmobsi_request_string(&record->facts, LLMOBS_I_TEXT_FEATURE);
            source.model = llmobsi_request_string(&record->facts, LLMOBS_I_TEXT_MODEL);
            source.session = llmobsi_request_string(&record->facts, LLMOBS_I_TEXT_SESSION_ID);
            llmobsi_detectors_answer(detectors, &source, &requests->answers[place - 1]);
        }
        place = llmobsi_load_relaxed(&record->link);
    }
}

/* Gives back what was marked. Nobody may be in the middle of a call that began before the marks
   were made: see llmobsi_grace. Texts and running hashes are wiped. The busy flag is up, if this
   thread has one, so that its signal handlers do not wait for the lock. Returns how many. */
llmobsi_fn uint32_t llmobsi_requests_free(llmobsi_recorder* recorder)
{
    llmobsi_requests* requests = llmobsi_requests_of(recorder);
    llmobsi_control* self;
    uint32_t place = requests->ended_first;
    uint32_t count = 0;
    self = llmobsi_busy_begin();
    if (requests->answers != NULL) {
        llmobsi_requests_answer(recorder);
    }
    llmobsi_lock_take(&requests->recent_lock);
    if (requests->ledger != NULL) {
        llmobsi_lock_take(&requests->ledger->lock);
    }
    while (place != 0) {
        llmobsi_request* record = &requests->records[place - 1];
        llmobsi_recent_add(requests, record);
        if (requests->ledger != NULL) {
            llmobsi_bill bill;
            llmobsi_request_bill(&recorder->timeline, record, &bill);
            llmobsi_cost_book(requests->ledger, &bill);
        }
        llmobsi_request_wipe(requests, record);
        count++;
        place = llmobsi_load_relaxed(&record->link);
    }
    if (requests->ledger != NULL) {
        llmobsi_lock_give(&requests->ledger->lock);
    }
    llmobsi_lock_give(&requests->recent_lock);
    llmobsi_busy_end(self);
    llmobsi_requests_give(requests, requests->ended_first, requests->ended_last);
    requests->ended_first = 0;
    return count;
}

/* Nobody else is there. All are free, the first place first, with a generation that no handle has,
   be it zeroed or from before. */
llmobsi_fn void llmobsi_requests_reset(llmobsi_requests* requests)
{
    uint32_t i;
    for (i = 0; i < requests->count; i++) {
        llmobsi_request_wipe(requests, &requests->records[i]);
        llmobsi_store_relaxed(&requests->records[i].link, (i + 2) % (requests->count + 1));
    }
    requests->free = 1;
    requests->over = 0;
    requests->ended_first = 0;
    requests->swept = 0;
}

/* Lets generations start anywhere: handles of another instance, or of none, do not fit. */
llmobsi_fn void llmobsi_requests_salt(llmobsi_requests* requests, uint32_t salt)
{
    uint32_t i;
    for (i = 0; i < requests->count; i++) {
        llmobsi_store_relaxed(&requests->records[i].state,
                              (uint64_t)salt * LLMOBS_I_REQUEST_STATES +
                                  LLMOBS_I_REQUEST_STATES);
    }
}

/* Running hashes hold keys, and the last bytes of a text; scanners hold more of it. They do not
   outlive the instance. (Plain stores to memory that goes back: they must not be left out.) */
llmobsi_fn void llmobsi_requests_end(llmobsi_requests* requests)
{
    uint32_t i;
    for (i = 0; i < requests->count; i++) {
        memset(&requests->records[i].input, 0, sizeof requests->records[i].input);
        memset(&requests->records[i].output, 0, sizeof requests->records[i].output);
    }
    if (requests->guards != NULL) {
        memset(requests->guards, 0, requests->count * requests->guard_size);
    }
    llmobsi_compiler_barrier();
}

/* ---- layout -------------------------------------------------------------------------------- */

/* `recorder` is NULL while measuring. */
llmobsi_fn void llmobsi_requests_layout(llmobsi_arena* arena, const llmobs_config* config,
                                        llmobsi_recorder* recorder)
{
    uint32_t count = llmobsi_round_up_pow2(config->requests);
    uint32_t recent = config->recent_requests != LLMOBS_OFF ? config->recent_requests : 0;
    llmobsi_requests* requests =
        (llmobsi_requests*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_requests));
    llmobsi_request* records =
        (llmobsi_request*)llmobsi_arena_take(arena, count, sizeof(llmobsi_request));
    llmobs_explanation* explanations =
        (llmobs_explanation*)llmobsi_arena_take(arena, recent, sizeof(llmobs_explanation));
    uint32_t answer_count = config->drift_detectors != 0 ? count : 0;
    llmobsi_drift_answer* answers = (llmobsi_drift_answer*)llmobsi_arena_take(
        arena, answer_count, sizeof(llmobsi_drift_answer));
    if (recorder == NULL || records == NULL) {
        return;
    }
    memset(requests, 0, sizeof *requests);
    memset(records, 0, count * sizeof *records);
    memset(explanations, 0, recent * sizeof *explanations);
    requests->records = records;
    requests->count = count;
    requests->recent = explanations;
    requests->recent_count = recent;
    requests->answers = answer_count != 0 ? answers : NULL;
    llmobsi_requests_reset(requests);
    recorder->requests = requests;
}

/* In the child of a fork: requests are the parent's. */
llmobsi_fn void llmobsi_requests_forked(llmobsi_requests* requests)
{
    llmobsi_requests_reset(requests);
    requests->begun = 0;
    requests->ended = 0;
    requests->dropped = 0;
    requests->expired = 0;
    requests->late = 0;
    requests->texts_cut = 0;
    requests->costs_refused = 0;
    requests->recent_next = 0;
    memset(requests->recent, 0, requests->recent_count * sizeof *requests->recent);
}
