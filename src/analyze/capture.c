/* Captures: a few requests' texts, cut, in pages of their own. A place goes round:

   free -> held by a request -> selected, by its rank -> taken by the host -> free
                    \-> free, where nobody selects it  \-> selected again, returned

   A request takes a place with its first piece of text, or at its end where nothing came in pieces;
   so who is not selected holds one for as long as its text comes by, and no longer. Queues have the
   numbers of those places that nobody holds: of free ones, and of selected ones of each rank. Who
   took a number out holds the place, reads and writes it, until it puts the number into a queue.

   Where none is free, the random one that was selected first gives way; to what a guardrail
   triggered, other forced ones do, too. */

enum {
    LLMOBS_I_CAPTURE_FREE,
    LLMOBS_I_CAPTURE_HELD,     /* by a thread, inside */
    LLMOBS_I_CAPTURE_SELECTED, /* by nobody           */
    LLMOBS_I_CAPTURE_TAKEN,    /* by the host         */
    LLMOBS_I_CAPTURE_STATES
};

/* What comes first, and gives way last. */
typedef enum llmobsi_capture_rank_of {
    LLMOBS_I_CAPTURE_GUARDED, /* a guardrail triggered               */
    LLMOBS_I_CAPTURE_FORCED,  /* it is kept for another cause        */
    LLMOBS_I_CAPTURE_RANDOM,  /* chance kept it; or it is not known yet */
    LLMOBS_I_CAPTURE_RANKS
} llmobsi_capture_rank_of;

typedef enum llmobsi_capture_part {
    LLMOBS_I_CAPTURE_CONTEXT,
    LLMOBS_I_CAPTURE_INPUT,
    LLMOBS_I_CAPTURE_OUTPUT,
    LLMOBS_I_CAPTURE_PARTS
} llmobsi_capture_part;

/* What a request has of a place: its number + 1, 0: none yet, or one of these. */
#define LLMOBS_I_CAPTURE_LOST UINT32_MAX         /* none was free, and a piece of text went by */
#define LLMOBS_I_CAPTURE_NEVER (UINT32_MAX - 1u) /* it is not to have any                      */

/* A place. Behind it, for each part, its bytes: the first half keeps the beginning, the second one
   is a ring with the end. Who holds the place reads and writes. */
typedef struct llmobsi_capture {
    uint64_t sizes[LLMOBS_I_CAPTURE_PARTS];
    uint64_t returned; /* stamp; it is not given out again for so long after it: */
    uint64_t delay_ns;
    uint32_t attempts; /* times that it was returned */
    bool triggered;
    bool sampled;
    bool reviewed; /* a worker of the judge has it, or has put it back */
    llmobs_keep reason;
    uint64_t group; /* of its session */
    uint64_t threshold; /* that it was kept by, 0: for sure */
    uint8_t trace_id[16];
    uint8_t span_id[8];
    char request_id[LLMOBS_EXPLAINED_TEXT];
} llmobsi_capture;

typedef struct llmobsi_captures {
    llmobsi_atomic64* states; /* of places: a generation * STATES + the state. Who holds it; the
                                 host's calls take it back by compare-and-swap. This and what stands
                                 up to `era`: open writes */
    unsigned char* pages;     /* what the places hold, `stride` bytes each */
    size_t page_bytes;
    size_t stride;
    uint32_t count;
    uint32_t bytes; /* of a text, even */
    uint32_t sets;  /* of `seen` */
    uint32_t era;   /* of a fork: the child adds one, before anybody is there */
    llmobsi_queue free;
    llmobsi_queue selected_of[LLMOBS_I_CAPTURE_RANKS];
    llmobsi_seen seen; /* ids of requests that were selected */
    llmobsi_atomic64 selected; /* counts, from here on: any thread adds */
    llmobsi_atomic64 repeated;
    llmobsi_atomic64 forced_missed;
    llmobsi_atomic64 random_missed;
    llmobsi_atomic64 displaced;
    llmobsi_atomic64 given_way; /* what a worker had put back, displaced or taken by the host */
    llmobsi_atomic64 taken;
    llmobsi_atomic64 returned;
    llmobsi_atomic64 judged;
} llmobsi_captures;

/* Those of an instance; NULL: it has none. */
llmobsi_inline llmobsi_captures* llmobsi_captures_of(const llmobsi_recorder* recorder)
{
    return LLMOBS_I_JUDGE ? (llmobsi_captures*)recorder->captures : NULL;
}

llmobsi_inline llmobsi_capture* llmobsi_capture_at(const llmobsi_captures* captures,
                                                   uint32_t place)
{
    return (llmobsi_capture*)(void*)(captures->pages + place * captures->stride);
}

llmobsi_inline char* llmobsi_capture_bytes(const llmobsi_captures* captures, uint32_t place,
                                           int part)
{
    return (char*)(llmobsi_capture_at(captures, place) + 1) + (size_t)part * captures->bytes;
}

/* ---- places -------------------------------------------------------------------------------- */

/* Notes a place's next state. Who holds it: the queue that it goes into hands this on. */
llmobsi_inline void llmobsi_capture_mark(llmobsi_captures* captures, uint32_t place, uint64_t state)
{
    uint64_t before = llmobsi_load_relaxed(&captures->states[place]);
    llmobsi_store_relaxed(&captures->states[place],
                          before - before % LLMOBS_I_CAPTURE_STATES + state);
}

/* The same under a new generation: no handle fits any more. */
llmobsi_inline void llmobsi_capture_renew(llmobsi_captures* captures, uint32_t place,
                                          uint64_t state)
{
    llmobsi_capture_mark(captures, place, LLMOBS_I_CAPTURE_STATES + state);
}

/* Wipes a place, as far as it was used. Who holds it. */
llmobsi_fn void llmobsi_capture_wipe(llmobsi_captures* captures, uint32_t place)
{
    llmobsi_capture* capture = llmobsi_capture_at(captures, place);
    int part;
    for (part = 0; part < (int)LLMOBS_I_CAPTURE_PARTS; part++) {
        uint64_t used = capture->sizes[part];
        llmobsi_wipe(llmobsi_capture_bytes(captures, place, part),
                     used < captures->bytes ? (size_t)used : captures->bytes);
    }
    llmobsi_wipe(capture, sizeof *capture);
}

/* Wipes a place and gives it back. Who holds it. */
llmobsi_fn void llmobsi_capture_drop(llmobsi_captures* captures, uint32_t place)
{
    llmobsi_capture_wipe(captures, place);
    llmobsi_capture_renew(captures, place, LLMOBS_I_CAPTURE_FREE);
    (void)llmobsi_queue_push(&captures->free, place); /* it has room for all */
}

/* What an id is known by; 0: there is none. */
llmobsi_fn uint64_t llmobsi_capture_hash(const llmobsi_captures* captures, llmobs_string id)
{
    return id.size > 0 ? llmobsi_seen_hash(&captures->seen, id) : 0;
}

llmobsi_fn llmobsi_capture_rank_of llmobsi_capture_rank(llmobs_keep reason)
{
    return reason == LLMOBS_KEEP_GUARDRAIL ? LLMOBS_I_CAPTURE_GUARDED
           : reason == LLMOBS_KEEP_RANDOM  ? LLMOBS_I_CAPTURE_RANDOM
                                           : LLMOBS_I_CAPTURE_FORCED;
}

/* The random one that was selected first gives way to one of this rank; where there is none, a
   forced one to what a guardrail triggered. It was not judged: it may come again. */
llmobsi_fn bool llmobsi_capture_displace(llmobsi_captures* captures, llmobsi_capture_rank_of rank,
                                         uint32_t* place)
{
    uint64_t hash;
    if (!llmobsi_queue_pop(&captures->selected_of[LLMOBS_I_CAPTURE_RANDOM], place) &&
        (rank != LLMOBS_I_CAPTURE_GUARDED ||
         !llmobsi_queue_pop(&captures->selected_of[LLMOBS_I_CAPTURE_FORCED], place))) {
        return false;
    }
    (void)llmobsi_add_relaxed(&captures->given_way,
                              llmobsi_capture_at(captures, *place)->reviewed);
    hash = llmobsi_capture_hash(captures,
                                llmobs_str(llmobsi_capture_at(captures, *place)->request_id));
    if (hash != 0) {
        llmobsi_seen_forget(&captures->seen, hash);
    }
    llmobsi_capture_wipe(captures, *place);
    llmobsi_capture_renew(captures, *place, LLMOBS_I_CAPTURE_HELD);
    (void)llmobsi_add_relaxed(&captures->displaced, 1);
    return true;
}

#define LLMOBS_I_CAPTURE_LOOKS 4

/* Takes a place, for one of this rank: its number + 1, 0: there is none. Any thread. A place may go
   to where this has looked from where it is about to look, so it looks some times. */
llmobsi_fn uint32_t llmobsi_capture_hold(llmobsi_captures* captures, llmobsi_capture_rank_of rank)
{
    uint32_t place;
    int look;
    for (look = 0; look < LLMOBS_I_CAPTURE_LOOKS; look++) {
        if (llmobsi_queue_pop(&captures->free, &place)) {
            llmobsi_capture_mark(captures, place, LLMOBS_I_CAPTURE_HELD);
            return place + 1;
        }
        if (llmobsi_capture_displace(captures, rank, &place)) {
            return place + 1;
        }
    }
    return 0;
}

/* The place of a request whose text begins to come in pieces: its number + 1, 0: it has none. Who
   holds one of the request's streams; both may begin at once, and then use the same place. */
llmobsi_fn uint32_t llmobsi_capture_begin(llmobsi_captures* captures, llmobsi_atomic32* held)
{
    uint32_t has = llmobsi_load_acquire(held);
    if (has == 0) {
        uint32_t place = llmobsi_capture_hold(captures, LLMOBS_I_CAPTURE_RANDOM);
        uint32_t mine = place != 0 ? place : LLMOBS_I_CAPTURE_LOST;
        if (llmobsi_cas_acquire_release(held, &has, mine)) {
            has = mine;
        } else if (place != 0) {
            llmobsi_capture_drop(captures, place - 1);
        }
    }
    return has <= captures->count ? has : 0;
}

/* ---- texts --------------------------------------------------------------------------------- */

/* Adds a piece to a part. Who holds the place. */
llmobsi_fn void llmobsi_capture_add(llmobsi_captures* captures, uint32_t place, int part,
                                    const char* data, size_t size)
{
    char* bytes = llmobsi_capture_bytes(captures, place, part);
    uint64_t* total = &llmobsi_capture_at(captures, place)->sizes[part];
    size_t half = captures->bytes / 2;
    if (*total < half && size > 0) {
        size_t room = half - (size_t)*total;
        size_t first = size < room ? size : room;
        memcpy(bytes + *total, data, first);
        *total += first;
        data += first;
        size -= first;
    }
    if (size > half) { /* what the ring would lose at once */
        *total += size - half;
        data += size - half;
        size = half;
    }
    while (size > 0) {
        size_t at = (size_t)((*total - half) % half);
        size_t run = size < half - at ? size : half - at;
        memcpy(bytes + half + at, data, run);
        *total += run;
        data += run;
        size -= run;
    }
}

llmobsi_fn void llmobsi_bytes_reverse(char* bytes, size_t size)
{
    size_t i;
    for (i = 0; i < size / 2; i++) {
        char byte = bytes[i];
        bytes[i] = bytes[size - 1 - i];
        bytes[size - 1 - i] = byte;
    }
}

/* Turns each ring so that it begins with its oldest byte. */
llmobsi_fn void llmobsi_capture_straighten(llmobsi_captures* captures, uint32_t place)
{
    size_t half = captures->bytes / 2;
    int part;
    for (part = 0; part < (int)LLMOBS_I_CAPTURE_PARTS; part++) {
        uint64_t size = llmobsi_capture_at(captures, place)->sizes[part];
        if (size > captures->bytes) {
            char* ring = llmobsi_capture_bytes(captures, place, part) + half;
            size_t oldest = (size_t)((size - half) % half);
            llmobsi_bytes_reverse(ring, oldest);
            llmobsi_bytes_reverse(ring + oldest, half - oldest);
            llmobsi_bytes_reverse(ring, half);
        }
    }
}

/* The size without a code point at the end that is not all there. */
llmobsi_fn size_t llmobsi_utf8_whole(const char* data, size_t size)
{
    size_t back;
    for (back = 1; back <= 3 && back <= size; back++) {
        uint8_t byte = (uint8_t)data[size - back];
        size_t needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        if ((byte & 0xc0) != 0x80) {
            return needs > back ? size - back : size;
        }
    }
    return size;
}

/* How many bytes at the beginning belong to a code point that began before: at most three. */
llmobsi_fn size_t llmobsi_utf8_rest(const char* data, size_t size)
{
    size_t rest = 0;
    while (rest < 3 && rest < size && ((uint8_t)data[rest] & 0xc0) == 0x80) {
        rest++;
    }
    return rest;
}

llmobsi_fn void llmobsi_capture_view(const llmobsi_captures* captures, uint32_t place, int part,
                                     llmobs_captured* view)
{
    const char* bytes = llmobsi_capture_bytes(captures, place, part);
    size_t half = captures->bytes / 2;
    size_t rest;
    view->size = llmobsi_capture_at(captures, place)->sizes[part];
    view->tail = llmobs_str("");
    view->head.data = bytes;
    if (view->size <= captures->bytes) {
        view->head.size = (size_t)view->size;
        return;
    }
    view->head.size = llmobsi_utf8_whole(bytes, half);
    rest = llmobsi_utf8_rest(bytes + half, half);
    view->tail.data = bytes + half + rest;
    view->tail.size = half - rest;
}

/* ---- from a request's end to the host ------------------------------------------------------ */

/* Why a request that is to be selected is not. */
llmobsi_fn uint32_t llmobsi_capture_refuse(llmobsi_captures* captures, uint32_t held,
                                           llmobsi_atomic64* why)
{
    if (held != 0 && held <= captures->count) {
        llmobsi_capture_drop(captures, held - 1);
    }
    (void)llmobsi_add_relaxed(why, 1);
    return 0;
}

/* The place of a request that is to be selected, from what it has of one: its number + 1. 0: it is
   not selected, and why is counted; *lost: there is no place. Its id is noted last, when nothing
   can come between. */
llmobsi_fn uint32_t llmobsi_capture_admit(llmobsi_captures* captures, uint32_t held,
                                          llmobs_string request_id, llmobsi_capture_rank_of rank,
                                          bool* lost)
{
    uint64_t hash = llmobsi_capture_hash(captures, request_id);
    if (hash != 0 && llmobsi_seen_has(&captures->seen, hash)) {
        return llmobsi_capture_refuse(captures, held, &captures->repeated);
    }
    if (held == 0) {
        held = llmobsi_capture_hold(captures, rank);
    }
    *lost = held == 0 || held > captures->count;
    if (*lost) {
        return llmobsi_capture_refuse(captures, held,
                                      rank != LLMOBS_I_CAPTURE_RANDOM ? &captures->forced_missed
                                                                      : &captures->random_missed);
    }
    if (hash != 0 && !llmobsi_seen_add(&captures->seen, hash)) { /* its twin was quicker */
        return llmobsi_capture_refuse(captures, held, &captures->repeated);
    }
    return held;
}

/* Puts a place to the end of its queue, for the host. Who holds it. */
llmobsi_fn void llmobsi_capture_queue(llmobsi_captures* captures, uint32_t place)
{
    llmobsi_capture_rank_of rank =
        llmobsi_capture_rank(llmobsi_capture_at(captures, place)->reason);
    llmobsi_capture_mark(captures, place, LLMOBS_I_CAPTURE_SELECTED);
    (void)llmobsi_queue_push(&captures->selected_of[rank], place);
}

/* Leaves a place that was admitted to the host. Who holds it, inside. */
llmobsi_fn void llmobsi_capture_select(llmobsi_captures* captures, uint32_t place,
                                       llmobs_string request_id,
                                       const llmobs_trace_context* trace, bool triggered,
                                       const llmobsi_verdict* verdict)
{
    llmobsi_capture* capture = llmobsi_capture_at(captures, place);
    llmobsi_capture_straighten(captures, place);
    memcpy(capture->request_id, request_id.data, request_id.size);
    memcpy(capture->trace_id, trace->trace_id, sizeof capture->trace_id);
    memcpy(capture->span_id, trace->span_id, sizeof capture->span_id);
    capture->triggered = triggered;
    capture->reason = verdict->reason;
    capture->threshold = verdict->threshold;
    capture->sampled = verdict->by_chance;
    (void)llmobsi_add_relaxed(&captures->selected, 1);
    llmobsi_capture_queue(captures, place);
}

/* The first one of a queue that is due: its number + 1, 0: there is none. Those that are not go to
   the end, until the first of them comes by again. */
llmobsi_fn uint32_t llmobsi_capture_next(llmobsi_captures* captures, llmobsi_queue* queue,
                                         const llmobsi_timeline* timeline)
{
    uint32_t first = captures->count;
    uint32_t place, looked;
    for (looked = 0; looked < captures->count && llmobsi_queue_pop(queue, &place); looked++) {
        const llmobsi_capture* capture = llmobsi_capture_at(captures, place);
        if (capture->delay_ns == 0 ||
            llmobsi_timeline_elapsed(timeline, capture->returned, llmobsi_now(timeline)) >=
                capture->delay_ns) {
            return place + 1;
        }
        (void)llmobsi_queue_push(queue, place);
        if (place == first) {
            break;
        }
        first = first == captures->count ? place : first;
    }
    return 0;
}

llmobsi_fn void llmobsi_capture_show(llmobsi_captures* captures, uint32_t place,
                                     llmobs_capture* view)
{
    const llmobsi_capture* capture = llmobsi_capture_at(captures, place);
    view->place = place;
    view->generation = llmobsi_load_relaxed(&captures->states[place]);
    view->request_id = capture->request_id;
    memcpy(view->trace_id, capture->trace_id, sizeof view->trace_id);
    memcpy(view->span_id, capture->span_id, sizeof view->span_id);
    view->triggered = capture->triggered;
    view->attempts = capture->attempts;
    view->reason = capture->reason;
    view->weight = llmobs_sample_weight(capture->threshold);
    view->sampled = capture->sampled;
    view->group = capture->group;
    llmobsi_capture_view(captures, place, LLMOBS_I_CAPTURE_CONTEXT, &view->context);
    llmobsi_capture_view(captures, place, LLMOBS_I_CAPTURE_INPUT, &view->input);
    llmobsi_capture_view(captures, place, LLMOBS_I_CAPTURE_OUTPUT, &view->output);
}

/* For a worker of the judge, or for the host. *again: a worker had it before. */
llmobsi_fn bool llmobsi_capture_take(llmobs* obs, llmobs_capture* capture, bool review, bool* again)
{
    llmobsi_thread* thread = llmobsi_enter(llmobsi_ticket(obs));
    llmobsi_captures* captures;
    uint32_t place = 0;
    if (thread == NULL) {
        return false;
    }
    captures = capture != NULL ? llmobsi_captures_of(thread->recorder) : NULL;
    if (captures != NULL) {
        const llmobsi_timeline* timeline = &thread->recorder->timeline;
        int rank;
        for (rank = 0; rank < (int)LLMOBS_I_CAPTURE_RANKS && place == 0; rank++) {
            place = llmobsi_capture_next(captures, &captures->selected_of[rank], timeline);
        }
    }
    if (place != 0) {
        llmobsi_capture* kept = llmobsi_capture_at(captures, place - 1);
        *again = kept->reviewed;
        kept->reviewed = review;
        (void)llmobsi_add_relaxed(&captures->given_way, *again && !review);
        memset(capture, 0, sizeof *capture);
        capture->size = sizeof *capture;
        capture->instance = thread->recorder->ticket;
        llmobsi_capture_mark(captures, place - 1, LLMOBS_I_CAPTURE_TAKEN);
        (void)llmobsi_add_relaxed(&captures->taken, 1);
        llmobsi_capture_show(captures, place - 1, capture);
    }
    llmobsi_leave();
    return place != 0;
}

LLMOBS_API bool llmobs_capture_take(llmobs* obs, llmobs_capture* capture)
{
    bool again;
    return llmobsi_capture_take(obs, capture, false, &again);
}

/* Takes a place back from the host, where the handle is that of who has it: of several calls one
   alone gets it. Inside. */
llmobsi_fn bool llmobsi_capture_reclaim(llmobsi_captures* captures, const llmobs_capture* capture)
{
    uint64_t taken = capture->generation;
    return captures != NULL && capture->place < captures->count &&
           taken % LLMOBS_I_CAPTURE_STATES == LLMOBS_I_CAPTURE_TAKEN &&
           llmobsi_cas_acquire_release(&captures->states[capture->place], &taken,
                                       taken - LLMOBS_I_CAPTURE_TAKEN + LLMOBS_I_CAPTURE_HELD);
}

LLMOBS_API void llmobs_capture_done(llmobs_capture* capture)
{
    llmobsi_thread* thread = capture != NULL ? llmobsi_enter(capture->instance) : NULL;
    llmobsi_captures* captures;
    if (thread == NULL) {
        return;
    }
    captures = llmobsi_captures_of(thread->recorder);
    if (llmobsi_capture_reclaim(captures, capture)) {
        (void)llmobsi_add_relaxed(&captures->judged, 1);
        llmobsi_capture_drop(captures, capture->place);
    }
    llmobsi_leave();
    memset(capture, 0, sizeof *capture);
}

LLMOBS_API void llmobs_capture_return(llmobs_capture* capture, uint64_t delay_ns)
{
    llmobsi_thread* thread = capture != NULL ? llmobsi_enter(capture->instance) : NULL;
    llmobsi_captures* captures;
    if (thread == NULL) {
        return;
    }
    captures = llmobsi_captures_of(thread->recorder);
    if (llmobsi_capture_reclaim(captures, capture)) {
        llmobsi_capture* kept = llmobsi_capture_at(captures, capture->place);
        kept->returned = llmobsi_now(&thread->recorder->timeline);
        kept->delay_ns = delay_ns;
        kept->attempts++;
        (void)llmobsi_add_relaxed(&captures->returned, 1);
        llmobsi_capture_renew(captures, capture->place, LLMOBS_I_CAPTURE_HELD);
        llmobsi_capture_queue(captures, capture->place);
    }
    llmobsi_leave();
    memset(capture, 0, sizeof *capture);
}

/* How many wait for a judge, or are being judged. */
llmobsi_fn uint64_t llmobsi_captures_waiting(const llmobsi_captures* captures)
{
    uint64_t done = llmobsi_load_relaxed(&captures->judged);
    done += llmobsi_load_relaxed(&captures->displaced);
    return llmobsi_load_relaxed(&captures->selected) - done;
}

/* ---- layout, fork, close ------------------------------------------------------------------- */

/* All places are free. Nobody else is there; their memory is zeroed. */
llmobsi_fn void llmobsi_captures_reset(llmobsi_captures* captures)
{
    uint32_t size = llmobsi_round_up_pow2(captures->count);
    uint32_t place;
    int rank;
    llmobsi_queue_reset(&captures->free, captures->free.cells, size);
    for (rank = 0; rank < (int)LLMOBS_I_CAPTURE_RANKS; rank++) {
        llmobsi_queue* queue = &captures->selected_of[rank];
        llmobsi_queue_reset(queue, queue->cells, size);
    }
    llmobsi_seen_reset(&captures->seen, captures->seen.words, captures->sets, captures->seen.seed);
    for (place = 0; place < captures->count; place++) {
        llmobsi_capture_renew(captures, place, LLMOBS_I_CAPTURE_FREE);
        (void)llmobsi_queue_push(&captures->free, place);
    }
    captures->selected = captures->repeated = 0;
    captures->forced_missed = captures->random_missed = captures->displaced = 0;
    captures->given_way = 0;
    captures->taken = captures->returned = captures->judged = 0;
}

/* Sets of ids: eight for each place, in sets of 16. So an id is forgotten when 16 newer ones have
   come to its set: while as many ids as there are places come, once in 10^9 times. */
llmobsi_inline uint32_t llmobsi_capture_sets(uint32_t count)
{
    uint32_t words = llmobsi_round_up_pow2(count) * 8;
    return words > LLMOBS_I_SEEN_WAYS ? words / LLMOBS_I_SEEN_WAYS : 1;
}

#define LLMOBS_I_CAPTURE_QUEUES ((size_t)LLMOBS_I_CAPTURE_RANKS + 1) /* and that of free places */

/* `recorder` is NULL while measuring. Without captures it takes nothing. */
llmobsi_fn void llmobsi_captures_layout(llmobsi_arena* arena, const llmobs_config* config,
                                        llmobsi_recorder* recorder)
{
    size_t stride = sizeof(llmobsi_capture) +
                    (size_t)LLMOBS_I_CAPTURE_PARTS * (config->capture_bytes & ~UINT32_C(1));
    size_t page = llmobsi_page_size();
    uint32_t size = llmobsi_round_up_pow2(config->captures);
    uint32_t sets = llmobsi_capture_sets(config->captures);
    llmobsi_captures* captures;
    llmobsi_atomic64* words; /* cells of queues, ids, states */
    unsigned char* memory;
    int rank;
    size_t bytes;
    if (config->captures == 0) {
        return;
    }
    stride = (stride + 63) & ~(size_t)63;
    bytes = (llmobsi_size_mul(config->captures, stride) + page - 1) / page * page;
    captures = (llmobsi_captures*)llmobsi_arena_take(arena, 1, sizeof *captures);
    words = (llmobsi_atomic64*)llmobsi_arena_take(
        arena,
        LLMOBS_I_CAPTURE_QUEUES * size + (size_t)sets * LLMOBS_I_SEEN_WAYS + config->captures,
        sizeof *words);
    memory = (unsigned char*)llmobsi_arena_take_pages(arena, bytes);
    if (recorder == NULL || memory == NULL) {
        return;
    }
    memset(captures, 0, sizeof *captures);
    captures->free.cells = words;
    for (rank = 0; rank < (int)LLMOBS_I_CAPTURE_RANKS; rank++) {
        captures->selected_of[rank].cells = words + ((size_t)rank + 1) * size;
    }
    captures->seen.words = words + LLMOBS_I_CAPTURE_QUEUES * (size_t)size;
    captures->states = captures->seen.words + (size_t)sets * LLMOBS_I_SEEN_WAYS;
    captures->pages = memory;
    captures->page_bytes = bytes;
    captures->stride = stride;
    captures->count = config->captures;
    captures->bytes = config->capture_bytes & ~UINT32_C(1);
    captures->sets = sets;
    memset(captures->states, 0, config->captures * sizeof *captures->states);
    memset(captures->pages, 0, bytes);
    llmobsi_captures_reset(captures);
    recorder->captures = captures;
}

/* Before anybody else is there. `seed` is secret: who chooses ids can't tell which are alike. */
llmobsi_fn void llmobsi_captures_start(llmobsi_captures* captures, uint64_t seed)
{
    captures->seen.seed = seed;
    llmobsi_pages_seclude(captures->pages, captures->page_bytes, true);
}

/* In the child of a fork: texts are the parent's, and what its threads were about to do with
   places. The kernel zeroes the pages, where it can. */
llmobsi_fn void llmobsi_captures_forked(llmobsi_captures* captures)
{
    memset(captures->pages, 0, captures->page_bytes);
    captures->era++;
    llmobsi_captures_reset(captures);
}

/* Nothing of any text is left. */
llmobsi_fn void llmobsi_captures_end(llmobsi_captures* captures)
{
    llmobsi_wipe(captures->pages, captures->page_bytes);
    llmobsi_pages_seclude(captures->pages, captures->page_bytes, false);
}
