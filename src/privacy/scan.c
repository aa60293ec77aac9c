/* The public scanner: one text, or chunks. */

llmobsi_fn uint64_t llmobsi_scan_sum(const llmobs_scan_state* state)
{
    uint64_t sum = 0;
    uint32_t i;
    for (i = 0; i < LLMOBS_PII_COUNT; i++) {
        sum += state->counts[i];
    }
    return sum;
}

/* Hands the counts out, where they are asked for. Returns their sum. */
llmobsi_fn uint64_t llmobsi_scan_counts(const llmobs_scan_state* state,
                                        uint32_t counts[LLMOBS_PII_COUNT])
{
    if (counts != NULL) {
        memcpy(counts, state->counts, sizeof(state->counts));
    }
    return llmobsi_scan_sum(state);
}

/* A caller of ours that is told of findings. */
typedef struct llmobsi_scan_listener {
    llmobs_found_fn found;
    void* user;
} llmobsi_scan_listener;

llmobsi_fn bool llmobsi_scan_listen(void* user, llmobsi_scan_step step,
                                    const llmobs_finding* finding, const uint8_t* bytes,
                                    size_t size)
{
    const llmobsi_scan_listener* listener = (const llmobsi_scan_listener*)user;
    bool told = (step == LLMOBS_I_SCAN_WHOLE || step == LLMOBS_I_SCAN_END) &&
                listener->found != NULL;
    bool more = !told; /* one that throws wants no more */
    (void)bytes;
    (void)size;
    if (told) {
        int cancel = llmobsi_cancel_hold();
        llmobsi_try {
            more = listener->found(listener->user, finding);
        }
        llmobsi_catch_any {
        }
        llmobsi_cancel_resume(cancel);
    }
    return more;
}

LLMOBS_API uint64_t llmobs_scan(const llmobs_scan_rules* rules, const char* text, size_t size,
                                llmobs_found_fn found, void* user)
{
    llmobs_scan_state state;
    llmobsi_scan_listener listener;
    llmobsi_scan_sink sink;
    if (text == NULL || size == 0) {
        return 0;
    }
    listener.found = found;
    listener.user = user;
    sink.tell = llmobsi_scan_listen;
    sink.user = &listener;
    llmobsi_scan_begin(&state, rules);
    llmobsi_scan_bytes(&state, &sink, (const uint8_t*)text, size, 0, true);
    return llmobsi_scan_sum(&state);
}

/* ---- chunks -------------------------------------------------------------------------------- */

/* Called after each window, with the window and what of it is decided. False: enough. */
typedef bool (*llmobsi_scan_passed_fn)(void* user, const uint8_t* bytes, size_t hold);

/* What is carried from chunk to chunk. */
typedef struct llmobsi_carry {
    llmobs_scan_state* state;
    const llmobsi_scan_sink* sink;
    llmobsi_scan_passed_fn passed; /* or NULL */
    uint8_t* bytes;                /* LLMOBS_SCAN_CARRY of them */
    uint32_t* used;
} llmobsi_carry;

llmobsi_fn void llmobsi_carry_scan(const llmobsi_carry* carry, const uint8_t* bytes, size_t size,
                                   size_t from, bool is_last)
{
    llmobs_scan_state* state = carry->state;
    llmobsi_scan_bytes(state, carry->sink, bytes, size, from, is_last);
    if (carry->passed != NULL && !state->is_stopped &&
        !carry->passed(carry->sink->user, bytes, state->hold)) {
        state->is_stopped = true;
    }
}

/* Keeps of a window what is not decided and what may still be looked back at. */
llmobsi_fn void llmobsi_carry_keep(const llmobsi_carry* carry, const uint8_t* bytes, size_t size)
{
    llmobs_scan_state* state = carry->state;
    size_t gone = state->resume > LLMOBS_I_LOOK_BACK ? state->resume - LLMOBS_I_LOOK_BACK : 0;
    LLMOBS_ASSERT(gone <= state->hold && size - gone <= LLMOBS_SCAN_CARRY);
    memmove(carry->bytes, bytes + gone, size - gone);
    *carry->used = (uint32_t)(size - gone);
    state->base += gone;
    state->resume -= gone;
    state->hold -= gone;
}

/* The beginning of a chunk is scanned in the carry, behind what was left of the last one; the rest,
   once it is far enough from the beginning, where it is. */
llmobsi_fn void llmobsi_carry_feed(const llmobsi_carry* carry, const uint8_t* text, size_t size)
{
    llmobs_scan_state* state = carry->state;
    while (size > 0 && !state->is_stopped) {
        size_t used = *carry->used, room = LLMOBS_SCAN_CARRY - used;
        size_t part = size < room ? size : room;
        memcpy(carry->bytes + used, text, part);
        *carry->used = (uint32_t)(used + part);
        llmobsi_carry_scan(carry, carry->bytes, used + part, state->resume, false);
        if (part < size && state->resume >= used + LLMOBS_I_LOOK_BACK) {
            size_t from = state->resume - used;
            state->base += used;
            llmobsi_carry_scan(carry, text, size, from, false);
            llmobsi_carry_keep(carry, text, size);
            return;
        }
        if (part == room || LLMOBS_SCAN_CARRY - *carry->used < LLMOBS_SCAN_CARRY / 8) {
            llmobsi_carry_keep(carry, carry->bytes, *carry->used);
        }
        text += part;
        size -= part;
    }
}

llmobsi_fn void llmobsi_carry_end(const llmobsi_carry* carry)
{
    if (!carry->state->is_stopped) {
        llmobsi_carry_scan(carry, carry->bytes, *carry->used, carry->state->resume, true);
        if (carry->state->open_tail != LLMOBS_I_TAIL_NONE) {
            LLMOBS_ASSERT(false);
        }
    }
}

llmobsi_fn void llmobsi_scanner_carry(llmobs_scanner* scanner, llmobsi_carry* carry,
                                      llmobsi_scan_sink* sink, llmobsi_scan_listener* listener)
{
    listener->found = scanner->found;
    listener->user = scanner->user;
    sink->tell = llmobsi_scan_listen;
    sink->user = listener;
    carry->state = &scanner->state;
    carry->sink = sink;
    carry->passed = NULL;
    carry->bytes = scanner->carry;
    carry->used = &scanner->used;
    if (scanner->state.rules.classes == 0) { /* zeroed, never begun */
        llmobsi_scan_begin(&scanner->state, NULL);
    }
}

LLMOBS_API void llmobs_scanner_begin(llmobs_scanner* scanner, const llmobs_scan_rules* rules,
                                     llmobs_found_fn found, void* user)
{
    llmobsi_scan_begin(&scanner->state, rules);
    scanner->found = found;
    scanner->user = user;
    scanner->used = 0;
}

LLMOBS_API void llmobs_scanner_feed(llmobs_scanner* scanner, const char* text, size_t size)
{
    llmobsi_scan_listener listener;
    llmobsi_scan_sink sink;
    llmobsi_carry carry;
    if (text == NULL) {
        return;
    }
    llmobsi_scanner_carry(scanner, &carry, &sink, &listener);
    llmobsi_carry_feed(&carry, (const uint8_t*)text, size);
}

LLMOBS_API uint64_t llmobs_scanner_end(llmobs_scanner* scanner)
{
    llmobsi_scan_listener listener;
    llmobsi_scan_sink sink;
    llmobsi_carry carry;
    uint64_t sum;
    llmobsi_scanner_carry(scanner, &carry, &sink, &listener);
    llmobsi_carry_end(&carry);
    sum = llmobsi_scan_sum(&scanner->state);
    llmobsi_wipe(scanner, sizeof(*scanner));
    return sum;
}

LLMOBS_API uint64_t llmobs_scanner_counts(const llmobs_scanner* scanner,
                                          uint32_t counts[LLMOBS_PII_COUNT])
{
    return llmobsi_scan_counts(&scanner->state, counts);
}
