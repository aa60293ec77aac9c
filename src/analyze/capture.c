/* Captures: a few requests' texts, cut, in pages of their own. A request takes a place when it
   begins, and fills it as its texts come by; its end gives the place back, wiped, or selects it.
   Selected ones wait for the host, oldest first, and none gives way to another: a request that
   finds no place is counted, and not captured.

   Who holds a place reads and writes it; places are handed on by their states. */

enum {
    LLMOBS_I_CAPTURE_FREE,
    LLMOBS_I_CAPTURE_HELD,     /* by a request */
    LLMOBS_I_CAPTURE_SELECTED, /* by nobody    */
    LLMOBS_I_CAPTURE_TAKEN,    /* by the host  */
    LLMOBS_I_CAPTURE_STATES
};

typedef enum llmobsi_capture_part {
    LLMOBS_I_CAPTURE_CONTEXT,
    LLMOBS_I_CAPTURE_INPUT,
    LLMOBS_I_CAPTURE_OUTPUT,
    LLMOBS_I_CAPTURE_PARTS
} llmobsi_capture_part;

/* A place. Behind it, for each part, its bytes: the first half keeps the beginning, the second one
   is a ring with the end. Who holds the place reads and writes. */
typedef struct llmobsi_capture {
    uint64_t sizes[LLMOBS_I_CAPTURE_PARTS];
    bool triggered;
    uint8_t trace_id[16];
    uint8_t span_id[8];
    char request_id[LLMOBS_EXPLAINED_TEXT];
} llmobsi_capture;

typedef struct llmobsi_capture_place {
    llmobsi_atomic64 state; /* a generation * STATES + the state; by compare-and-swap       */
    llmobsi_atomic64 order; /* of being selected. Who holds the place; whoever looks for one */
} llmobsi_capture_place;

typedef struct llmobsi_captures {
    llmobsi_capture_place* places; /* this and what stands up to `next`: open writes */
    unsigned char* pages;          /* what the places hold, `stride` bytes each      */
    size_t page_bytes;
    size_t stride;
    uint32_t count;
    uint32_t bytes;        /* of a text, even. Up to here open writes                      */
    llmobsi_atomic32 next; /* where to look for a free place. This and all below: any thread */
    llmobsi_atomic64 selected;
    llmobsi_atomic64 missed; /* requests that found no place */
} llmobsi_captures;

/* Those of an instance; NULL: it has none. */
llmobsi_inline llmobsi_captures* llmobsi_captures_of(const llmobsi_recorder* recorder)
{
    return (llmobsi_captures*)recorder->captures;
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

/* ---- states -------------------------------------------------------------------------------- */

/* From one state to another. False: it is not, or no longer, in the first. */
llmobsi_inline bool llmobsi_capture_move(llmobsi_captures* captures, uint32_t place,
                                         uint64_t from, uint64_t state)
{
    uint64_t to = from - from % LLMOBS_I_CAPTURE_STATES + state;
    return llmobsi_cas_acquire_release(&captures->places[place].state, &from, to);
}

/* Takes a free place: its number + 1, 0: there is none. Any thread. */
llmobsi_fn uint32_t llmobsi_capture_hold(llmobsi_captures* captures)
{
    uint32_t first = llmobsi_add_relaxed(&captures->next, 1);
    uint32_t i;
    for (i = 0; i < captures->count; i++) {
        uint32_t place = (first + i) % captures->count;
        uint64_t state = llmobsi_load_relaxed(&captures->places[place].state);
        if (state % LLMOBS_I_CAPTURE_STATES == LLMOBS_I_CAPTURE_FREE &&
            llmobsi_capture_move(captures, place, state, LLMOBS_I_CAPTURE_HELD)) {
            return place + 1;
        }
    }
    (void)llmobsi_add_relaxed(&captures->missed, 1);
    return 0;
}

/* Wipes a place, as far as it was used, and gives it back. Who holds it. */
llmobsi_fn void llmobsi_capture_drop(llmobsi_captures* captures, uint32_t place)
{
    llmobsi_capture* capture = llmobsi_capture_at(captures, place);
    uint64_t state = llmobsi_load_relaxed(&captures->places[place].state);
    int part;
    for (part = 0; part < (int)LLMOBS_I_CAPTURE_PARTS; part++) {
        uint64_t used = capture->sizes[part];
        llmobsi_wipe(llmobsi_capture_bytes(captures, place, part),
                     used < captures->bytes ? (size_t)used : captures->bytes);
    }
    llmobsi_wipe(capture, sizeof *capture);
    llmobsi_store_release(
        &captures->places[place].state,
        state - state % LLMOBS_I_CAPTURE_STATES + LLMOBS_I_CAPTURE_STATES);
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

/* Leaves a place to the host. Who holds it, inside. */
llmobsi_fn void llmobsi_capture_select(llmobsi_captures* captures, uint32_t place,
                                       llmobs_string request_id,
                                       const llmobs_trace_context* trace, bool triggered)
{
    llmobsi_capture* capture = llmobsi_capture_at(captures, place);
    uint64_t state = llmobsi_load_relaxed(&captures->places[place].state);
    llmobsi_capture_straighten(captures, place);
    memcpy(capture->request_id, request_id.data, request_id.size);
    memcpy(capture->trace_id, trace->trace_id, sizeof capture->trace_id);
    memcpy(capture->span_id, trace->span_id, sizeof capture->span_id);
    capture->triggered = triggered;
    llmobsi_store_relaxed(&captures->places[place].order,
                          llmobsi_add_relaxed(&captures->selected, 1));
    (void)llmobsi_capture_move(captures, place, state, LLMOBS_I_CAPTURE_SELECTED);
}

/* The place that was selected first, and its state; `count` where there is none. What is read of a
   place that another thread takes meanwhile is not used: the claim fails. */
llmobsi_fn uint32_t llmobsi_capture_oldest(llmobsi_captures* captures, uint64_t* state)
{
    uint32_t oldest = captures->count;
    uint64_t order = UINT64_MAX;
    uint32_t i;
    for (i = 0; i < captures->count; i++) {
        uint64_t seen = llmobsi_load_acquire(&captures->places[i].state);
        uint64_t since = llmobsi_load_relaxed(&captures->places[i].order);
        if (seen % LLMOBS_I_CAPTURE_STATES == LLMOBS_I_CAPTURE_SELECTED && since < order) {
            order = since;
            oldest = i;
            *state = seen;
        }
    }
    return oldest;
}

llmobsi_fn void llmobsi_capture_show(llmobsi_captures* captures, uint32_t place,
                                     llmobs_capture* view)
{
    const llmobsi_capture* capture = llmobsi_capture_at(captures, place);
    view->place = place;
    view->generation = llmobsi_load_relaxed(&captures->places[place].state);
    view->request_id = capture->request_id;
    memcpy(view->trace_id, capture->trace_id, sizeof view->trace_id);
    memcpy(view->span_id, capture->span_id, sizeof view->span_id);
    view->triggered = capture->triggered;
    llmobsi_capture_view(captures, place, LLMOBS_I_CAPTURE_CONTEXT, &view->context);
    llmobsi_capture_view(captures, place, LLMOBS_I_CAPTURE_INPUT, &view->input);
    llmobsi_capture_view(captures, place, LLMOBS_I_CAPTURE_OUTPUT, &view->output);
}

LLMOBS_API bool llmobs_capture_take(llmobs* obs, llmobs_capture* capture)
{
    llmobsi_thread* thread = llmobsi_enter(llmobsi_ticket(obs));
    llmobsi_captures* captures;
    uint64_t state = 0;
    uint32_t place = 0;
    bool taken = false;
    if (thread == NULL) {
        return false;
    }
    captures = capture != NULL ? llmobsi_captures_of(thread->recorder) : NULL;
    while (captures != NULL && !taken &&
           (place = llmobsi_capture_oldest(captures, &state)) < captures->count) {
        taken = llmobsi_capture_move(captures, place, state, LLMOBS_I_CAPTURE_TAKEN);
    }
    if (taken) {
        memset(capture, 0, sizeof *capture);
        capture->size = sizeof *capture;
        capture->instance = thread->recorder->ticket;
        llmobsi_capture_show(captures, place, capture);
    }
    llmobsi_leave();
    return taken;
}

LLMOBS_API void llmobs_capture_done(llmobs_capture* capture)
{
    llmobsi_thread* thread = capture != NULL ? llmobsi_enter(capture->instance) : NULL;
    llmobsi_captures* captures;
    if (thread == NULL) {
        return;
    }
    captures = llmobsi_captures_of(thread->recorder);
    if (captures != NULL && capture->place < captures->count &&
        capture->generation % LLMOBS_I_CAPTURE_STATES == LLMOBS_I_CAPTURE_TAKEN &&
        llmobsi_load_relaxed(&captures->places[capture->place].state) == capture->generation) {
        llmobsi_capture_drop(captures, capture->place);
    }
    llmobsi_leave();
    memset(capture, 0, sizeof *capture);
}

/* ---- layout, fork, close ------------------------------------------------------------------- */

/* `recorder` is NULL while measuring. Without captures it takes nothing. */
llmobsi_fn void llmobsi_captures_layout(llmobsi_arena* arena, const llmobs_config* config,
                                        llmobsi_recorder* recorder)
{
    size_t stride = sizeof(llmobsi_capture) +
                    (size_t)LLMOBS_I_CAPTURE_PARTS * (config->capture_bytes & ~UINT32_C(1));
    size_t page = llmobsi_page_size();
    llmobsi_captures* captures;
    llmobsi_capture_place* places;
    unsigned char* memory;
    size_t bytes;
    if (config->captures == 0) {
        return;
    }
    stride = (stride + 63) & ~(size_t)63;
    bytes = (llmobsi_size_mul(config->captures, stride) + page - 1) / page * page;
    captures = (llmobsi_captures*)llmobsi_arena_take(arena, 1, sizeof *captures);
    places = (llmobsi_capture_place*)llmobsi_arena_take(arena, config->captures, sizeof *places);
    memory = (unsigned char*)llmobsi_arena_take_pages(arena, bytes);
    if (recorder == NULL || memory == NULL) {
        return;
    }
    memset(captures, 0, sizeof *captures);
    memset(places, 0, config->captures * sizeof *places);
    captures->places = places;
    captures->pages = memory;
    captures->page_bytes = bytes;
    captures->stride = stride;
    captures->count = config->captures;
    captures->bytes = config->capture_bytes & ~UINT32_C(1);
    memset(captures->pages, 0, bytes);
    recorder->captures = captures;
}

/* Before anybody else is there. */
llmobsi_fn void llmobsi_captures_start(llmobsi_captures* captures)
{
    llmobsi_pages_seclude(captures->pages, captures->page_bytes, true);
}

/* In the child of a fork: texts are the parent's. The kernel zeroes them, where it can. */
llmobsi_fn void llmobsi_captures_forked(llmobsi_captures* captures)
{
    uint32_t i;
    for (i = 0; i < captures->count; i++) {
        llmobsi_capture_drop(captures, i);
    }
    memset(captures->pages, 0, captures->page_bytes);
    captures->selected = 0;
    captures->missed = 0;
}

/* Nothing of any text is left. */
llmobsi_fn void llmobsi_captures_end(llmobsi_captures* captures)
{
    llmobsi_wipe(captures->pages, captures->page_bytes);
    llmobsi_pages_seclude(captures->pages, captures->page_bytes, false);
}
