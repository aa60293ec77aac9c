/* Where requests stand while they are under way. A record is taken by whoever begins a request,
   written by those who hold its handle, and given back by the tick, once nobody can be in the
   middle of writing to it. */

/* The low bits of a record's state; above them is the generation, which changes whenever the record
   is used anew. A handle holds the state that its request has while it is live. */
#define LLMOBS_I_REQUEST_FREE 0u
#define LLMOBS_I_REQUEST_FILLING 1u /* by its begin                                     */
#define LLMOBS_I_REQUEST_LIVE 2u
#define LLMOBS_I_REQUEST_ENDING 3u /* its end is claimed, and is being worked on       */
#define LLMOBS_I_REQUEST_ENDED 4u  /* waits for the tick                               */
#define LLMOBS_I_REQUEST_STATES 8u

#define LLMOBS_I_REQUEST_RULES 8u     /* kept by name; what is more is counted           */
#define LLMOBS_I_REQUEST_GAPS 128u    /* bytes of the timeline                            */
#define LLMOBS_I_REQUEST_TEXTS 1024u  /* bytes for all texts of one request               */
#define LLMOBS_I_REQUEST_TEXT_MOST 128u

/* The texts that a request keeps. */
typedef enum llmobsi_request_text {
    LLMOBS_I_TEXT_REQUEST_ID,
    LLMOBS_I_TEXT_USER_ID, /* pseudonyms, these two */
    LLMOBS_I_TEXT_SESSION_ID,
    LLMOBS_I_TEXT_TENANT,
    LLMOBS_I_TEXT_FEATURE,
    LLMOBS_I_TEXT_MODEL,
    LLMOBS_I_TEXT_PROVIDER,
    LLMOBS_I_TEXT_OPERATION,
    LLMOBS_I_TEXT_PROMPT_NAME,
    LLMOBS_I_TEXT_PROMPT_VERSION,
    LLMOBS_I_TEXT_COUNT
} llmobsi_request_text;

/* Written once, by the begin, and then read by all. */
typedef struct llmobsi_request_facts {
    llmobs_span root;
    uint64_t start; /* stamp */
    uint64_t queue_ns;
    bool server;
    bool stream;
    /* The series of llm_tokens_total and llm_cost_usd_total: they may have the user's id as a
       label, which is known at begin alone. */
    llmobs_counter input_tokens;
    llmobs_counter output_tokens;
    llmobs_counter cost;
    uint16_t place[LLMOBS_I_TEXT_COUNT]; /* of each text in `texts`, with a NUL behind it         */
    uint16_t length[LLMOBS_I_TEXT_COUNT];
    char texts[LLMOBS_I_REQUEST_TEXTS];
} llmobsi_request_facts;

/* One side of the conversation, in pieces: its owner alone. */
typedef struct llmobsi_request_stream {
#ifndef LLMOBS_NO_SHA256
    llmobs_hmac hash;
#endif
    char key_id[LLMOBS_KEY_ID_SIZE]; /* "": there was no key */
    uint64_t bytes;
    bool begun;
} llmobsi_request_stream;

/* The times between tokens, a byte each: `stride` of them share one, which has the longest. One
   thread at a time. */
typedef struct llmobsi_request_gaps {
    uint32_t stride;
    uint32_t pending; /* in the byte being filled */
    uint32_t count;
    uint8_t bytes[LLMOBS_I_REQUEST_GAPS];
} llmobsi_request_gaps;

typedef struct llmobsi_request {
    llmobsi_atomic64 state;
    llmobsi_atomic64 scheduled; /* stamps, 0: not yet. The engine's thread writes, the end reads */
    llmobsi_atomic64 first_token;
    llmobsi_atomic64 last_token;
    llmobsi_atomic64 tokens; /* by one thread at a time */
    llmobs_histogram gap_series; /* begin */
    llmobs_histogram chunk_series;
    llmobsi_atomic64 shared_ns; /* added to by any thread, as all below */
    llmobsi_atomic32 retries;
    llmobsi_atomic32 tool_calls;
    llmobsi_atomic32 preemptions;
    llmobsi_atomic32 rule_count;
    llmobsi_atomic32 rules[LLMOBS_I_REQUEST_RULES]; /* name's id + 1, 0: being written */
    llmobsi_atomic32 worst_action;
    llmobsi_request_gaps gaps;
    llmobsi_request_stream input;
    llmobsi_request_stream output;
    llmobsi_request_facts facts;
    llmobsi_atomic64 phase_ns[LLMOBS_PHASE_COUNT]; /* the tick */
    llmobsi_atomic64 docs_count;                   /* the tick; what a phase said, + 1 */
    bool is_explained;                             /* who ends it, then the tick       */
    llmobs_explanation explained;
} llmobsi_request;

/* What the tick needs to see of a phase: a hidden field in its span's slot. */
typedef struct llmobsi_phase_mark {
    uint64_t generation;
    uint32_t place;
    uint32_t phase;
} llmobsi_phase_mark;

typedef struct llmobsi_requests {
    llmobsi_request* records;
    uint32_t count;        /* a power of two, 0: no requests */
    uint64_t max_age_ns;
    uint64_t slow_ns;
    llmobs_vocabulary vocabulary;
    unsigned char* guards; /* one scanner a record, see llmobsi_guard_of; NULL: none */
    size_t guard_size;
    uint32_t guard_classes;
    bool user_ids; /* the metrics of tokens and cost have the label user_id */
    llmobs_audit_fn audit;
    void* audit_user;
    llmobsi_atomic32 next; /* where the next begin looks first; any thread adds */
    llmobsi_atomic64 begun;
    llmobsi_atomic64 ended;
    llmobsi_atomic64 dropped; /* no record was free       */
    llmobsi_atomic64 expired; /* never ended; the tick    */
    llmobsi_atomic64 late;    /* calls that came too late */
    llmobsi_atomic64 texts_cut;
    uint32_t docs_name; /* the id of "docs.count" */
    llmobs_histogram phase_series[LLMOBS_PHASE_COUNT]; /* the tick */
    uint64_t* marked; /* a bit for each record that has ended. This and the rest: under the tick's
                         lock */
    llmobs_explanation* recent; /* a ring */
    uint32_t recent_count;
    uint32_t recent_next; /* this and what it points to: under the lock below */
    llmobsi_lock recent_lock;
} llmobsi_requests;

/* Those of an instance; NULL: it has none. */
llmobsi_inline llmobsi_requests* llmobsi_requests_of(const llmobsi_recorder* recorder)
{
    return (llmobsi_requests*)recorder->requests;
}

llmobsi_inline llmobs_request llmobsi_request_none(void)
{
    llmobs_request request;
    request.instance = 0;
    request.place = 0;
    request.generation = 0;
    return request;
}

/* ---- taking and giving back ---------------------------------------------------------------- */

/* A free record, on its way to be live; NULL: all are in use. Any thread. Each begins to look at
   another place, so that a record rests as long as possible. */
llmobsi_fn llmobsi_request* llmobsi_request_take(llmobsi_requests* requests)
{
    uint32_t first = llmobsi_add_relaxed(&requests->next, 1);
    uint32_t i;
    for (i = 0; i < requests->count; i++) {
        llmobsi_request* record = &requests->records[(first + i) & (requests->count - 1)];
        uint64_t state = llmobsi_load_relaxed(&record->state);
        if ((state & (LLMOBS_I_REQUEST_STATES - 1)) == LLMOBS_I_REQUEST_FREE &&
            llmobsi_cas_acquire_release(&record->state, &state,
                                        state + LLMOBS_I_REQUEST_FILLING)) {
            return record;
        }
    }
    return NULL;
}

/* From here on its handle works. */
llmobsi_inline llmobs_request llmobsi_request_publish(llmobsi_requests* requests,
                                                      llmobsi_request* record, uint32_t ticket)
{
    uint64_t live = llmobsi_load_relaxed(&record->state) - LLMOBS_I_REQUEST_FILLING +
                    LLMOBS_I_REQUEST_LIVE;
    llmobs_request request;
    request.instance = ticket;
    request.place = (uint32_t)(record - requests->records);
    request.generation = live;
    llmobsi_store_release(&record->state, live);
    return request;
}

/* The record of a live request, or NULL. */
llmobsi_inline llmobsi_request* llmobsi_request_live(llmobsi_requests* requests,
                                                     llmobs_request request)
{
    llmobsi_request* record;
    if (llmobsi_unlikely(request.place >= requests->count)) {
        return NULL;
    }
    record = &requests->records[request.place];
    /* Relaxed: who gave this thread the handle also made what it stands for visible. */
    if (llmobsi_unlikely(llmobsi_load_relaxed(&record->state) != request.generation)) {
        (void)llmobsi_add_relaxed(&requests->late, 1);
        return NULL;
    }
    return record;
}

llmobsi_inline uint64_t llmobsi_request_state(uint64_t generation, uint64_t state)
{
    return (generation & ~(uint64_t)(LLMOBS_I_REQUEST_STATES - 1)) + state;
}

/* Of several ends one wins. */
llmobsi_inline bool llmobsi_request_claim_end(llmobsi_requests* requests, llmobsi_request* record,
                                              llmobs_request request)
{
    uint64_t live = request.generation;
    if (!llmobsi_cas_acquire_release(&record->state, &live,
                                     llmobsi_request_state(live, LLMOBS_I_REQUEST_ENDING))) {
        (void)llmobsi_add_relaxed(&requests->late, 1);
        return false;
    }
    return true;
}

/* The instance that a handle names. */
llmobsi_inline llmobs* llmobsi_request_obs(llmobs_request request)
{
    return (llmobs*)(uintptr_t)request.instance;
}

/* Comes in to a live request. NULL: there is none. Otherwise llmobsi_leave must follow. */
llmobsi_inline llmobsi_request* llmobsi_request_enter(llmobs_request request,
                                                      llmobsi_thread** thread)
{
    llmobsi_request* record;
    *thread = llmobsi_enter(request.instance);
    if (*thread == NULL) {
        return NULL;
    }
    record = llmobsi_requests_of((*thread)->recorder) != NULL
                 ? llmobsi_request_live(llmobsi_requests_of((*thread)->recorder), request)
                 : NULL;
    if (record == NULL) {
        llmobsi_leave();
    }
    return record;
}

/* A name of the facts: "" where it is not known. */
llmobsi_inline const char* llmobsi_request_name(const llmobsi_request_facts* facts,
                                                llmobsi_request_text text)
{
    return facts->texts + facts->place[text];
}

llmobsi_inline llmobs_string llmobsi_request_string(const llmobsi_request_facts* facts,
                                                    llmobsi_request_text text)
{
    llmobs_string string;
    string.data = facts->texts + facts->place[text];
    string.size = facts->length[text];
    return string;
}

/* ---- the tick's side ----------------------------------------------------------------------- */

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
        series->series = llmobsi_series_get(registry, number - 1, &label, true);
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

/* Ends a request that nobody has ended for too long: it is counted, and nothing else. */
llmobsi_fn void llmobsi_request_expire(llmobsi_recorder* recorder, llmobsi_request* record,
                                       uint64_t now)
{
    llmobsi_requests* requests = llmobsi_requests_of(recorder);
    uint64_t state = llmobsi_load_acquire(&record->state);
    if ((state & (LLMOBS_I_REQUEST_STATES - 1)) != LLMOBS_I_REQUEST_LIVE ||
        llmobsi_timeline_between(&recorder->timeline, record->facts.start, now) <
            requests->max_age_ns) {
        return;
    }
    if (llmobsi_cas_acquire_release(&record->state, &state,
                                    llmobsi_request_state(state, LLMOBS_I_REQUEST_ENDED))) {
        llmobsi_count(&requests->expired, 1);
    }
}

/* Clears a record and its scanner: texts, running hashes, what a scanner holds back. */
llmobsi_fn void llmobsi_request_clear(llmobsi_requests* requests, llmobsi_request* record)
{
    size_t place = (size_t)(record - requests->records);
    memset((unsigned char*)record + sizeof record->state, 0,
           sizeof *record - sizeof record->state);
    if (requests->guards != NULL) {
        memset(requests->guards + place * requests->guard_size, 0, requests->guard_size);
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

/* ---- what has ended goes back -------------------------------------------------------------- */

/* Notes which requests have ended. Before the rings are emptied: what their phases left there is
   seen before they go. Returns whether there are any. */
llmobsi_fn bool llmobsi_requests_mark(llmobsi_recorder* recorder, uint64_t now)
{
    llmobsi_requests* requests = llmobsi_requests_of(recorder);
    bool any = false;
    uint32_t i;
    memset(requests->marked, 0, (requests->count + 63) / 64 * sizeof *requests->marked);
    for (i = 0; i < requests->count; i++) {
        llmobsi_request* record = &requests->records[i];
        llmobsi_request_expire(recorder, record, now);
        if ((llmobsi_load_acquire(&record->state) & (LLMOBS_I_REQUEST_STATES - 1)) ==
            LLMOBS_I_REQUEST_ENDED) {
            requests->marked[i / 64] |= UINT64_C(1) << (i % 64);
            any = true;
        }
    }
    return any;
}

/* Gives back what was marked. Nobody may be in the middle of a call that began before the marks
   were made: see llmobsi_grace. Texts and running hashes are wiped. */
llmobsi_fn void llmobsi_requests_free(llmobsi_requests* requests)
{
    uint32_t i;
    llmobsi_lock_take(&requests->recent_lock);
    for (i = 0; i < requests->count; i++) {
        llmobsi_request* record = &requests->records[i];
        uint64_t state;
        if ((requests->marked[i / 64] & (UINT64_C(1) << (i % 64))) == 0) {
            continue;
        }
        llmobsi_recent_add(requests, record);
        state = llmobsi_load_relaxed(&record->state);
        llmobsi_request_clear(requests, record);
        llmobsi_store_release(&record->state, llmobsi_request_state(state, 0) +
                                                  LLMOBS_I_REQUEST_STATES);
    }
    llmobsi_lock_give(&requests->recent_lock);
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
    uint64_t* marked = (uint64_t*)llmobsi_arena_take(arena, (count + 63) / 64, sizeof(uint64_t));
    llmobs_explanation* explanations =
        (llmobs_explanation*)llmobsi_arena_take(arena, recent, sizeof(llmobs_explanation));
    uint32_t i;
    if (recorder == NULL || marked == NULL) {
        return;
    }
    memset(requests, 0, sizeof *requests);
    memset(records, 0, count * sizeof *records);
    memset(explanations, 0, recent * sizeof *explanations);
    requests->records = records;
    requests->count = count;
    requests->marked = marked;
    requests->recent = explanations;
    requests->recent_count = recent;
    for (i = 0; i < count; i++) {
        /* A generation that no zeroed handle has. */
        llmobsi_store_relaxed(&records[i].state, LLMOBS_I_REQUEST_STATES);
    }
    recorder->requests = requests;
}

/* In the child of a fork: requests are the parent's. */
llmobsi_fn void llmobsi_requests_forked(llmobsi_requests* requests)
{
    uint32_t i;
    for (i = 0; i < requests->count; i++) {
        llmobsi_request* record = &requests->records[i];
        uint64_t state = llmobsi_load_relaxed(&record->state);
        llmobsi_request_clear(requests, record);
        llmobsi_store_relaxed(&record->state,
                              llmobsi_request_state(state, 0) + LLMOBS_I_REQUEST_STATES);
    }
    requests->begun = 0;
    requests->ended = 0;
    requests->dropped = 0;
    requests->expired = 0;
    requests->late = 0;
    requests->texts_cut = 0;
    requests->recent_next = 0;
    memset(requests->recent, 0, requests->recent_count * sizeof *requests->recent);
}
