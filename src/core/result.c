LLMOBS_API const char* llmobs_result_name(llmobs_result result)
{
    switch ((int)result) {
#define LLMOBS_I_RESULT(name, value, text) \
    case value:                            \
        return text;
        LLMOBS_RESULTS(LLMOBS_I_RESULT)
#undef LLMOBS_I_RESULT
        default:
            return "unknown result";
    }
}

LLMOBS_API const char* llmobs_note_text(llmobs_note note)
{
    static const char* const texts[] = {
#define LLMOBS_I_NOTE(name, text) text,
        LLMOBS_NOTES(LLMOBS_I_NOTE)
#undef LLMOBS_I_NOTE
    };
    return (unsigned)note < (unsigned)LLMOBS_NOTE_COUNT ? texts[note] : "unknown note";
}

/* One that throws has been told all the same. */
llmobsi_fn void llmobsi_host_note(llmobs_note_fn tell, void* user, llmobs_note note,
                                  uint64_t count, const char* text)
{
    if (tell != NULL) {
        int cancel = llmobsi_cancel_hold();
        llmobsi_try {
            tell(user, note, count, text);
        }
        llmobsi_catch_any {
        }
        llmobsi_cancel_resume(cancel);
    }
}

/* Counts what is to be told, and tells it: each kind at most once a second, with how often it
   happened. */
typedef struct llmobsi_notes {
    llmobs_note_fn tell;
    void* user;
    llmobsi_atomic64 count[LLMOBS_NOTE_COUNT];   /* any thread adds, the teller takes */
    llmobsi_atomic64 told_ns[LLMOBS_NOTE_COUNT]; /* the tellers: when it was last told */
} llmobsi_notes;

#define LLMOBS_I_NOTE_PAUSE_NS UINT64_C(1000000000)

/* Tells one kind if it is due. Two tellers at once: the exchange lets one have the count. */
llmobsi_fn void llmobsi_notes_tell(llmobsi_notes* notes, llmobs_note note, uint64_t now_ns)
{
    uint64_t last = llmobsi_load_relaxed(&notes->told_ns[note]);
    uint64_t count;
    if (notes->tell == NULL || llmobsi_load_relaxed(&notes->count[note]) == 0 ||
        (last != 0 && now_ns - last < LLMOBS_I_NOTE_PAUSE_NS)) {
        return;
    }
    llmobsi_store_relaxed(&notes->told_ns[note], now_ns);
    count = llmobsi_exchange_ordered(&notes->count[note], 0);
    if (count != 0) {
        llmobsi_host_note(notes->tell, notes->user, note, count, llmobs_note_text(note));
    }
}

/* Adds to a kind, to be told after the next tick. */
llmobsi_fn void llmobsi_notes_add(llmobsi_notes* notes, llmobs_note note, uint64_t count)
{
    if (count != 0) {
        (void)llmobsi_add_relaxed(&notes->count[note], count);
    }
}
