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
#define LLMOBS_I_REQUEST_TEXT_MOST 128u
#define LLMOBS_I_REQUEST_EVENTS 4u    /* retries and preemptions that the root span tells */
#define LLMOBS_I_REQUEST_WHY 40u      /* bytes of a retry's reason, with a NUL            */
#define LLMOBS_I_REQUEST_OVER UINT64_MAX /* in `scheduled`: it ended, or was given up     */

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

/* Room for all texts of one request, each with a NUL, and the NUL that stands for those that are
   not there: so a text is cut for its own length alone. */
#define LLMOBS_I_REQUEST_TEXTS (1u + LLMOBS_I_TEXT_COUNT * (LLMOBS_I_REQUEST_TEXT_MOST + 1u))

/* The gauges of an engine that a request stands on, vLLM's and llama.cpp's; inert where they are
   off. The very series that it was added to, so that it can't be taken off another. */
typedef struct llmobsi_request_gauges {
    llmobs_updown waiting[2];
    llmobs_updown running[2];
} llmobsi_request_gauges;

/* Written once, by the begin, and then read by all. */
typedef struct llmobsi_request_facts {
    llmobs_span root;
    uint64_t start; /* stamp */
    uint64_t queue_ns; /* no more than LLMOBS_I_REQUEST_NS_MOST */
    llmobsi_request_gauges gauges;
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

#define LLMOBS_I_REQUEST_NS_MOST (LLMOBS_I_CELL_MOST / 4) /* of a duration: the sums fit */

/* One side of the conversation, in pieces. Who holds it reads and writes the rest: a thread that
   hands a piece over, and at last the end, which never lets go. Calls should not race for it; where
   they do, the second comes too late. */
typedef struct llmobsi_request_stream {
    llmobsi_atomic32 held;
#ifndef LLMOBS_NO_SHA256
    llmobs_hmac hash;
#endif
    char key_id[LLMOBS_KEY_ID_SIZE]; /* "": there was no key */
    uint64_t bytes;
    bool begun;
} llmobsi_request_stream;

/* The times between tokens, a byte each: 2^shift of them share one, which has the longest. One
   thread at a time writes. The end may read meanwhile: relaxed, it sees a token more or less. */
typedef struct llmobsi_request_gaps {
    llmobsi_atomic32 shift;
    llmobsi_atomic32 count; /* of gaps, since the bytes last were made half as many */
    llmobsi_atomic8 bytes[LLMOBS_I_REQUEST_GAPS];
} llmobsi_request_gaps;

/* Something that happened on the way. Kept here until the end tells it to the root span, whose
   attributes have one writer: engines and clients do not wait for each other. */
typedef struct llmobsi_request_event {
    llmobsi_atomic64 stamp; /* 0: not written yet; released last */
    uint32_t is_retry;      /* or a preemption                   */
    char why[LLMOBS_I_REQUEST_WHY];
} llmobsi_request_event;

typedef struct llmobsi_request {
    llmobsi_atomic64 state;
    llmobsi_atomic32 link; /* place + 1 of the next one that is free, or has ended; 0: the last.
                              Read also by who comes too late: it is never wiped */
    /* From here on it is wiped when it is given back. */
    llmobsi_atomic64 scheduled; /* stamps, 0: not yet. Any thread, by compare-and-swap */
    llmobsi_atomic64 first_token; /* this and the next two: one thread at a time, the end reads */
    llmobsi_atomic64 last_token;
    llmobsi_atomic64 tokens;
    bool is_shown; /* one of these two is there. Begin writes all three */
    llmobs_histogram gap_series;
    llmobs_histogram chunk_series;
    llmobsi_atomic64 shared_ns; /* added to by any thread, as all below */
    llmobsi_atomic32 event_count;
    llmobsi_atomic32 retries;
    llmobsi_atomic32 tool_calls;
    llmobsi_atomic32 rule_count;
    llmobsi_atomic32 rules[LLMOBS_I_REQUEST_RULES]; /* name's id + 1, 0: being written */
    llmobsi_atomic32 verdicts;
    llmobsi_atomic32 worst_action;
    llmobsi_request_event events[LLMOBS_I_REQUEST_EVENTS];
    llmobsi_request_gaps gaps;
    llmobsi_request_stream input;
    llmobsi_request_stream output;
    llmobsi_request_facts facts;
    uint32_t capture; /* place + 1, 0: none. Begin writes, then who ends it, then the tick */
    llmobsi_atomic64 phase_ns[LLMOBS_PHASE_COUNT]; /* the tick */
    llmobsi_atomic64 docs_count;                   /* the tick; what a phase said, + 1 */
    bool is_explained;                             /* who ends it, then the tick       */
    llmobs_explanation explained;
} __attribute__((aligned(64))) llmobsi_request;

/* What the tick needs to see of a phase: a hidden field in its span's slot. */
typedef struct llmobsi_phase_mark {
    uint64_t generation;
    uint32_t place;
    uint32_t phase;
} llmobsi_phase_mark;

typedef struct llmobsi_requests {
    llmobsi_request* records; /* this and what stands up to the counters: open writes */
    uint32_t count;        /* a power of two */
    uint64_t max_age_ns;
    uint64_t slow_ns;
    llmobs_vocabulary vocabulary;
    unsigned char* guards; /* one scanner a record, see llmobsi_guard_of; NULL: none */
    size_t guard_size;
    uint32_t guard_classes;
    bool user_ids; /* the metrics of tokens and cost have the label user_id */
    llmobsi_captures* captures; /* NULL: none */
    llmobs_audit_fn audit;
    void* audit_user;
    uint32_t docs_name; /* the id of "docs.count" */
    llmobs_histogram phase_series[LLMOBS_PHASE_COUNT];
    /* Apart from what every token reads. */
    llmobsi_atomic64 free __attribute__((aligned(64))); /* a count of takings << 32, place + 1 of
                              the first record that is free. Begins take, the tick gives */
    llmobsi_atomic32 over; /* place + 1 of the record that ended last. Ends add, the tick takes */
    llmobsi_atomic64 begun;
    llmobsi_atomic64 ended;
    llmobsi_atomic64 dropped; /* no record was free       */
    llmobsi_atomic64 expired; /* never ended; the tick    */
    llmobsi_atomic64 late;    /* calls that came too late */
    llmobsi_atomic64 texts_cut;
    uint32_t ended_first; /* place + 1 of those that ended and go back with the next grace, linked.
                             This and the next two: under the tick's lock */
    uint32_t ended_last;
    uint64_t swept; /* stamp of the last look for old ones */
    llmobs_explanation* recent; /* a ring, under the lock below */
    uint32_t recent_count;
    uint32_t recent_next;
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

/* A free record, on its way to be live; NULL: all are in use. Any thread. The link may be another
   list's by the time it is read: then the count has changed, and with it what is compared. */
llmobsi_fn llmobsi_request* llmobsi_request_take(llmobsi_requests* requests)
{
    uint64_t first = llmobsi_load_acquire(&requests->free);
    llmobsi_request* record;
    uint64_t second;
    do {
        if ((uint32_t)first == 0) {
            return NULL;
        }
        record = &requests->records[(uint32_t)first - 1];
        second = ((first >> 32) + 1) << 32 | llmobsi_load_relaxed(&record->link);
    } while (!llmobsi_cas_acquire_release(&requests->free, &first, second));
    llmobsi_store_relaxed(&record->state,
                          llmobsi_load_relaxed(&record->state) + LLMOBS_I_REQUEST_FILLING);
    return record;
}

/* Gives a chain of records back. The tick. */
llmobsi_fn void llmobsi_requests_give(llmobsi_requests* requests, uint32_t first, uint32_t last)
{
    uint64_t before = llmobsi_load_relaxed(&requests->free);
    do {
        llmobsi_store_relaxed(&requests->records[last - 1].link, (uint32_t)before);
    } while (!llmobsi_cas_acquire_release(&requests->free, &before,
                                          ((before >> 32) + 1) << 32 | first));
}

/* Puts a record that has ended where the tick finds it. Any thread. */
llmobsi_fn void llmobsi_request_leave(llmobsi_requests* requests, llmobsi_request* record)
{
    uint32_t place = (uint32_t)(record - requests->records) + 1;
    uint32_t before = llmobsi_load_relaxed(&requests->over);
    do {
        llmobsi_store_relaxed(&record->link, before);
    } while (!llmobsi_cas_acquire_release(&requests->over, &before, place));
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
    if ((live & (LLMOBS_I_REQUEST_STATES - 1)) != LLMOBS_I_REQUEST_LIVE) {
        return false; /* no handle of ours: a free record must not end */
    }
    if (!llmobsi_cas_acquire_release(&record->state, &live,
                                     llmobsi_request_state(live, LLMOBS_I_REQUEST_ENDING))) {
        (void)llmobsi_add_relaxed(&requests->late, 1);
        return false;
    }
    return true;
}

/* Where a request stands on an engine's gauges. Any thread: on the cells that all share, so that no
   reader sees a move's second half before its first. */
llmobsi_fn void llmobsi_request_count(llmobsi_recorder* recorder, const llmobs_updown gauges[2],
                                      int64_t amount)
{
    llmobsi_gauge_shift(recorder, gauges[0], amount);
    llmobsi_gauge_shift(recorder, gauges[1], amount);
}

/* The engine takes it up, or not if it has been, or it is over. It runs before it no longer waits:
   who ends it now finds it there. */
llmobsi_fn void llmobsi_request_schedule(llmobsi_recorder* recorder, llmobsi_request* record,
                                         uint64_t now)
{
    const llmobsi_request_gauges* gauges = &record->facts.gauges;
    uint64_t never = 0;
    if (llmobsi_load_relaxed(&record->scheduled) != 0) {
        return;
    }
    llmobsi_request_count(recorder, gauges->running, 1);
    if (llmobsi_cas_acquire_release(&record->scheduled, &never, now)) {
        llmobsi_request_count(recorder, gauges->waiting, -1);
    } else {
        llmobsi_request_count(recorder, gauges->running, -1);
    }
}

/* It is over: it can't be taken up any more. When it was, 0: never. Once a request. */
llmobsi_fn uint64_t llmobsi_request_unschedule(llmobsi_recorder* recorder, llmobsi_request* record)
{
    uint64_t when = llmobsi_exchange_ordered(&record->scheduled, LLMOBS_I_REQUEST_OVER);
    const llmobsi_request_gauges* gauges = &record->facts.gauges;
    llmobsi_request_count(recorder, when != 0 ? gauges->running : gauges->waiting, -1);
    return when;
}

/* A stamp that stands for none of the marks: the host's clock may say anything. */
llmobsi_inline uint64_t llmobsi_request_now(const llmobsi_timeline* timeline)
{
    uint64_t now = llmobsi_now(timeline);
    return now + (now == 0) - (now == LLMOBS_I_REQUEST_OVER);
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
    if (requests->guards != NULL) { /* what its scanner holds back */
        memset(requests->guards + place * requests->guard_size, 0, requests->guard_size);
    }
    if (record->capture != 0) { /* its end could not: a piece was on its way, or there was none */
        llmobsi_capture_drop(requests->captures, record->capture - 1);
    }
    memset((unsigned char*)record + offsetof(llmobsi_request, scheduled), 0,
           sizeof *record - offsetof(llmobsi_request, scheduled));
    llmobsi_store_release(&record->state,
                          llmobsi_request_state(state, 0) + LLMOBS_I_REQUEST_STATES);
}

/* Gives back what was marked. Nobody may be in the middle of a call that began before the marks
   were made: see llmobsi_grace. Texts and running hashes are wiped. The busy flag is up, if this
   thread has one, so that its signal handlers do not wait for the lock. */
llmobsi_fn void llmobsi_requests_free(llmobsi_requests* requests)
{
    llmobsi_control* self = llmobsi_self;
    uint32_t place = requests->ended_first;
    if (self != NULL) {
        llmobsi_raise(self);
    }
    llmobsi_lock_take(&requests->recent_lock);
    while (place != 0) {
        llmobsi_request* record = &requests->records[place - 1];
        llmobsi_recent_add(requests, record);
        llmobsi_request_wipe(requests, record);
        place = llmobsi_load_relaxed(&record->link);
    }
    llmobsi_lock_give(&requests->recent_lock);
    if (self != NULL) {
        llmobsi_lower(self);
    }
    llmobsi_requests_give(requests, requests->ended_first, requests->ended_last);
    requests->ended_first = 0;
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
    requests->recent_next = 0;
    memset(requests->recent, 0, requests->recent_count * sizeof *requests->recent);
}
