/* Where requests stand while they are under way. A record is taken by whoever begins a request,
   written by those who hold its handle, and given back by the tick, once nobody can be in the
   middle of writing to it. */

/* The low bits of a record's state; above them is the generation, which changes whenever the record
   is used anew. A handle holds the state that its request has while it is live. 0: it is free. */
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
/* Whether its energy is known. */
#define LLMOBS_I_ENERGY_TOLD 1u
#define LLMOBS_I_ENERGY_LOST 2u /* once it was beyond reason */
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
    bool may_be_judged;  /* captures are on, and nobody has forbidden this one */
    uint64_t randomness; /* 56 bits that decide; only where it may be judged   */
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

/* What the end leaves for the cost ledger. */
typedef struct llmobsi_request_due {
    uint64_t stamp; /* when it ended; 0: nobody ended it */
    llmobs_cost_sums sums;
} llmobsi_request_due;

typedef struct LLMOBS_I_ALIGNED(64) llmobsi_request {
    llmobsi_atomic64 state;
    llmobsi_atomic32 link; /* place + 1 of the next one that is free, or has ended; 0: the last.
                              Read also by who comes too late: it is never wiped */
    /* From here on it is wiped when it is given back. */
    llmobsi_atomic64 scheduled; /* stamps, 0: not yet. Any thread, by compare-and-swap */
    llmobsi_atomic64 first_token; /* this and the next two: one thread at a time, the end reads */
    llmobsi_atomic64 last_token;
    llmobsi_atomic64 tokens;
    bool is_explained; /* who ends it, then the tick */
    bool is_shown; /* one of these two is there. Begin writes all three */
    llmobs_histogram gap_series;
    llmobs_histogram chunk_series;
    llmobsi_atomic64 shared_ns; /* added to by any thread, as all below */
    llmobsi_atomic64 shared_uj;
    llmobsi_atomic32 energy_told; /* LLMOBS_I_ENERGY_*: raised, never lowered */
    llmobsi_atomic32 event_count;
    llmobsi_atomic32 retries;
    llmobsi_atomic32 tool_calls;
    llmobsi_atomic32 rule_count;
    llmobsi_atomic32 rules[LLMOBS_I_REQUEST_RULES]; /* name's id + 1, 0: being written */
    llmobsi_atomic32 verdicts;
    llmobsi_atomic32 worst_action;
    llmobsi_atomic32 marks; /* 1 << LLMOBS_KEEP_* each: raised, never lowered */
    llmobsi_atomic32 capture; /* place + 1, 0: none yet, or LLMOBS_I_CAPTURE_LOST or _NEVER. Begin
                                 writes, who holds a stream by compare-and-swap, the end once it
                                 holds both, at last the tick */
    llmobsi_request_event events[LLMOBS_I_REQUEST_EVENTS];
    llmobsi_request_gaps gaps;
    llmobsi_request_stream input;
    llmobsi_request_stream output;
    llmobsi_request_facts facts;
    llmobsi_atomic64 phase_ns[LLMOBS_PHASE_COUNT]; /* the tick */
    llmobsi_atomic64 docs_count;                   /* the tick; what a phase said, + 1 */
    llmobsi_request_due due; /* who ends it, then the tick */
    llmobs_explanation explained;
} llmobsi_request;

/* What the tick needs to see of a phase: a hidden field in its span's slot. */
typedef struct llmobsi_phase_mark {
    uint64_t generation;
    uint32_t place;
    uint32_t phase;
} llmobsi_phase_mark;

/* What tail sampling needs to see of a request, in no vocabulary's words: a hidden field in its
   root span's slot. */
typedef struct llmobsi_tail_mark {
    int64_t cost_nano; /* these two: -1 unknown */
    int64_t tokens;
    uint64_t action; /* the worst of its guardrails */
} llmobsi_tail_mark;

/* What a good request keeps to, in nanoseconds; 0: no target. */
typedef struct llmobsi_targets {
    uint64_t first_token;
    uint64_t token;
    uint64_t request;
} llmobsi_targets;

typedef struct llmobsi_requests {
    llmobsi_request* records; /* this and what stands up to the counters: open writes */
    uint32_t count;     /* a power of two */
    uint32_t docs_name; /* the id of "docs.count" */
    uint64_t max_age_ns;
    uint64_t slow_ns;
    llmobsi_targets targets;
    uint32_t families; /* of metrics, that are on */
    unsigned char* guards; /* one scanner a record, see llmobsi_guard_of; NULL: none */
    size_t guard_size;
    uint32_t guard_classes;
    bool user_ids; /* the metrics of tokens and cost have the label user_id */
    llmobsi_captures* captures; /* NULL: none */
    llmobsi_sampler* sampler;   /* there where captures are */
    bool by_request_id; /* the random bits are those of request ids */
    uint64_t sample_seed;
    llmobsi_drift_answer* answers; /* for detectors, one a record: who ends it writes, then the tick
                                      reads. NULL: there are no detectors */
    llmobs_audit_fn audit;
    void* audit_user;
    llmobsi_cost_ledger* ledger; /* NULL: none */
    int64_t cost_most;   /* nano-USD a request can cost  */
    int64_t second_nano; /* of own hardware; 0: not told, */
    int64_t kwh_nano;    /* and of its energy            */
    llmobs_cost_store_fn cost_store;
    void* cost_store_user;
    llmobs_histogram phase_series[LLMOBS_PHASE_COUNT];
    /* Apart from what every token reads. */
    LLMOBS_I_ALIGNED(64) llmobsi_atomic64 free; /* a count of takings << 32, place + 1 of
                              the first record that is free. Begins take, the tick gives */
    llmobsi_atomic32 over; /* place + 1 of the record that ended last. Ends add, the tick takes */
    llmobsi_atomic64 begun;
    llmobsi_atomic64 ended;
    llmobsi_atomic64 dropped; /* no record was free       */
    llmobsi_atomic64 expired; /* never ended; the tick    */
    llmobsi_atomic64 late;    /* calls that came too late */
    llmobsi_atomic64 texts_cut;
    llmobsi_atomic64 costs_refused; /* negative or absurd ones */
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
    return LLMOBS_I_REQUESTS ? (llmobsi_requests*)recorder->requests : NULL;
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
