/* Callbacks of the host: marks of the thread that runs one. */

/* Counts an exception that left a callback of the host's, of which nothing else would tell; after
   the callback, where the instance may be closed by now. */
llmobsi_cold void llmobsi_callback_threw(uint32_t ticket)
{
    llmobsi_thread* thread = llmobsi_enter(ticket);
    if (thread != NULL) {
        (void)llmobsi_add_relaxed(&thread->recorder->callbacks_threw, 1);
        llmobsi_leave();
    }
}

/* Whether close has given up waiting for a callback of the host's. The instance's block stays then;
   who comes back to it calls nothing else of the host's, and hands nothing over. */
llmobsi_inline bool llmobsi_is_left(const llmobsi_recorder* recorder)
{
    return llmobsi_load_acquire(&recorder->left) != 0;
}

/* What a callback's end puts back. */
typedef struct llmobsi_callback {
    llmobsi_process process;
    uint32_t ticket;
    uint32_t outer; /* the mark before: a scrape inside a callback asks gauges */
    uint32_t held;  /* the thread's ticket before, 0 if it had not attached */
} llmobsi_callback;

/* Marks this thread as inside a callback of an instance: what it records there is dropped, or
   every export would cause another. */
llmobsi_fn llmobsi_callback llmobsi_callback_begin(uint32_t ticket)
{
    llmobsi_control* self = llmobsi_self != NULL ? llmobsi_self : llmobsi_control_claim();
    llmobsi_callback callback;
    callback.process = llmobsi_process_id();
    callback.ticket = ticket;
    callback.outer = 0;
    callback.held = 0;
    if (self != NULL) {
        llmobsi_use* use = &self->uses[LLMOBS_I_PLACE(ticket)];
        callback.outer = use->callback;
        use->callback = ticket;
        callback.held = llmobsi_exchange_ordered(&use->ticket, 0);
    }
    return callback;
}

/* Begins one that may call what it likes, but for what waits for callbacks: llmobs_tick, _flush and
   _close answer ERROR_BUSY. The thread is attached first, since it can't be in between. */
llmobsi_fn llmobsi_callback llmobsi_callback_mark(uint32_t ticket)
{
    bool attached = llmobsi_enter(ticket) != NULL;
    llmobsi_callback callback;
    callback.process = llmobsi_process_id();
    callback.ticket = ticket;
    callback.outer = 0;
    callback.held = 0;
    if (attached) {
        llmobsi_leave();
    }
    if (llmobsi_self != NULL) {
        llmobsi_use* use = &llmobsi_self->uses[LLMOBS_I_PLACE(ticket)];
        callback.outer = use->callback;
        use->callback = ticket;
    }
    return callback;
}

/* The callback forked, and this is the child: what the calls around it were at is the parent's.
   Unless the child has used the instance already, it is emptied, so that they find nothing to do;
   it gets its threads when somebody comes in. */
llmobsi_cold void llmobsi_callback_forked(uint32_t ticket)
{
    llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    bool closing = llmobsi_load_relaxed(&place->ticket) == 0;
    if (llmobsi_load_relaxed(&place->exporting) == ticket &&
        (closing || llmobsi_load_relaxed(&place->forked) == LLMOBS_I_FORKED_AS_IS)) {
        (void)place->recorder->after_fork(place->recorder, false);
    }
}

/* Returns whether this is still the process that the callback was made in. */
llmobsi_fn bool llmobsi_callback_end(const llmobsi_callback* callback)
{
    llmobsi_control* self = llmobsi_self;
    uint32_t ticket = callback->ticket;
    llmobsi_use* use;
    if (llmobsi_process_id() != callback->process) {
        if (self != NULL) { /* where it forked between these two lines of llmobsi_callback_begin */
            self->uses[LLMOBS_I_PLACE(ticket)].callback = 0;
        }
        llmobsi_callback_forked(ticket);
        return false;
    }
    if (self == NULL) {
        return true; /* there were too many threads to mark this one */
    }
    use = &self->uses[LLMOBS_I_PLACE(ticket)];
    use->callback = callback->outer;
    if (callback->held == ticket) {
        /* As in llmobsi_attach: a closer may have been here meanwhile; or a handler that forked,
           whose child has to come in anew. */
        const llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
        uint32_t busy = llmobsi_exchange_ordered(&self->busy, 1);
        llmobsi_store_ordered(&use->ticket, ticket);
        if (llmobsi_load_ordered(&place->ticket) != ticket ||
            llmobsi_load_ordered(&place->forked) != LLMOBS_I_FORKED_NOT) {
            llmobsi_store_ordered(&use->ticket, 0);
        }
        llmobsi_store_release(&self->busy, busy); /* up where a handler of the host's called us */
    }
    return true;
}

llmobsi_fn bool llmobsi_in_callback(uint32_t ticket)
{
    return llmobsi_self != NULL && ticket != 0 &&
           llmobsi_self->uses[LLMOBS_I_PLACE(ticket)].callback == ticket;
}

/* Inside a callback, or in a signal handler that interrupted a call of ours, whose locks this
   thread may hold: who waits here for others may wait for himself. */
llmobsi_fn bool llmobsi_in_call(uint32_t ticket)
{
    return llmobsi_in_callback(ticket) ||
           (llmobsi_self != NULL && ticket != 0 &&
            (llmobsi_load_relaxed(&llmobsi_self->busy) != 0 ||
             llmobsi_self->calls[LLMOBS_I_PLACE(ticket)] !=
                 llmobsi_self->parents[LLMOBS_I_PLACE(ticket)]));
}
