/* The state file: its lock, writing it so that a crash leaves the old one or the new one, and
   loading it. Whoever holds "<path>.lock" is the one who reads and writes the file.

   It has a thread of its own, which the tick wakes when it is time: a disk that takes long holds up
   nobody but who calls llmobs_state_save. Where the host pumps, or no thread could be had, the tick
   saves, and waits. */

#define LLMOBS_I_STATE_SUFFIX 9u /* of ".damaged", with its NUL */
#define LLMOBS_I_STATE_PATH (LLMOBS_I_FILE_PATH + LLMOBS_I_STATE_SUFFIX)
#define LLMOBS_I_STATE_NEVER UINT64_MAX

typedef struct llmobsi_state_file {
    llmobsi_lock lock; /* one saves at a time. Taken before the tick's */
    llmobsi_held* held; /* the lock file; this and `on`: under the lock */
    bool on;           /* the file is ours */
    uint64_t interval_ns;
    llmobsi_atomic64 due_ns; /* monotonic time; who saves at that time moves it first */
    llmobsi_atomic64 saved;  /* this and the next: under the lock; any reads */
    llmobsi_atomic64 failed;
    uint64_t lost; /* open alone writes this and the next */
    uint64_t gap_ns;
    llmobsi_os_thread thread;
    bool has_thread;   /* this and `thread`: open writes */
    llmobsi_lock call; /* where the thread sleeps. No other lock is taken under it */
    bool asked; /* to save; this and the next three: under `call` */
    bool stop;  /* and then to end */
    bool ended;
    bool left;  /* close did not wait for it: it gives back what is left */
    char path[LLMOBS_I_FILE_PATH];
} llmobsi_state_file;

/* Of an instance; NULL: it has none. */
llmobsi_inline llmobsi_state_file* llmobsi_state_of(const llmobsi_instance* instance)
{
    return (llmobsi_state_file*)instance->state;
}

llmobsi_fn void llmobsi_state_layout(llmobsi_arena* arena, llmobsi_instance* instance)
{
    llmobsi_state_file* state =
        (llmobsi_state_file*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_state_file));
    if (instance != NULL && state != NULL) {
        memset((void*)state, 0, sizeof *state);
        state->due_ns = LLMOBS_I_STATE_NEVER;
        instance->state = state;
    }
}

llmobsi_fn void llmobsi_state_path(const llmobsi_state_file* state, const char* suffix,
                                   char out[LLMOBS_I_STATE_PATH])
{
    size_t size = strlen(state->path);
    memcpy(out, state->path, size);
    memcpy(out + size, suffix, strlen(suffix) + 1);
}

/* ---- the lock ------------------------------------------------------------------------------ */

llmobsi_fn llmobsi_lock_hold llmobsi_state_take(llmobsi_state_file* state)
{
    char path[LLMOBS_I_STATE_PATH];
    llmobsi_state_path(state, ".lock", path);
    return llmobsi_lock_file_take(state->held, path);
}

/* From here on there is no state file. */
llmobsi_fn void llmobsi_state_off(llmobsi_state_file* state)
{
    state->on = false;
    llmobsi_store_relaxed(&state->due_ns, LLMOBS_I_STATE_NEVER);
    llmobsi_lock_file_give(state->held);
}

/* ---- saving -------------------------------------------------------------------------------- */

/* On disk is what the folder says, once that is. */
llmobsi_fn bool llmobsi_state_sync_folder(const char* of)
{
    char path[LLMOBS_I_STATE_PATH];
    size_t size = strlen(of);
    while (size > 1 && of[size - 1] != '/') {
        size--;
    }
    memcpy(path, of, size);
    path[size] = '\0';
    path[0] = path[size - 1] == '/' ? path[0] : '.';
    return llmobsi_os_folder_sync(path);
}

/* Writes all into a new file. The tick's lock is held while it is encoded and goes to the kernel,
   not while we wait for the disk. */
llmobsi_fn bool llmobsi_state_write_file(llmobsi_instance* instance, const char* path)
{
    llmobsi_collector* collector = &instance->collector;
    llmobsi_state_writer writer;
    bool written;
    int file;
    file = llmobsi_file_make(path);
    if (file < 0) {
        return false;
    }
    llmobsi_state_write_begin(&writer, file, llmobsi_file_allowed());
    llmobsi_lock_take(&collector->lock);
    written = llmobsi_state_save_all(&writer, &collector->recorder,
                                     llmobsi_clock_unix_ns(&instance->config.clock));
    llmobsi_lock_give(&collector->lock);
    written = written && llmobsi_os_sync(file);
    return llmobsi_os_close(file) && written;
}

/* Under the state's lock. False: the file is as it was, and errno says why. */
llmobsi_fn bool llmobsi_state_save(llmobsi_instance* instance)
{
    llmobsi_state_file* state = llmobsi_state_of(instance);
    llmobsi_lock_hold hold = llmobsi_state_take(state);
    char path[LLMOBS_I_STATE_PATH];
    bool saved = false;
    int why;
    if (hold == LLMOBS_I_LOCK_OURS) {
        llmobsi_state_path(state, ".tmp", path);
        saved = llmobsi_state_write_file(instance, path);
        saved = saved && llmobsi_os_rename(path, state->path) &&
                llmobsi_state_sync_folder(state->path);
    }
    why = errno;
    if (saved) {
        llmobsi_count(&state->saved, 1);
    } else {
        llmobsi_count(&state->failed, 1);
        llmobsi_notes_add(&instance->collector.notes,
                          hold == LLMOBS_I_LOCK_TAKEN ? LLMOBS_NOTE_STATE_TAKEN
                                                      : LLMOBS_NOTE_STATE_WRITE,
                          1);
    }
    if (hold == LLMOBS_I_LOCK_TAKEN) {
        llmobsi_state_off(state); /* it is another one's by now */
    }
    errno = why;
    return saved;
}

/* Saves, if the file is ours still. */
llmobsi_fn void llmobsi_state_save_now(llmobsi_instance* instance)
{
    llmobsi_state_file* state = llmobsi_state_of(instance);
    const int before = errno;
    llmobsi_lock_take(&state->lock);
    if (state->on) {
        (void)llmobsi_state_save(instance);
    }
    llmobsi_lock_give(&state->lock);
    errno = before;
}

/* ---- its thread ---------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_state_end(llmobsi_state_file* state)
{
    llmobsi_lock_take(&state->lock);
    llmobsi_state_off(state);
    llmobsi_lock_give(&state->lock);
}

/* Sleeps until there is something to do. Returns whether it is the last time. */
llmobsi_fn bool llmobsi_state_rest(llmobsi_state_file* state, bool* save)
{
    bool last;
    llmobsi_lock_take(&state->call);
    while (!state->asked && !state->stop) {
        llmobsi_lock_wait_until(&state->call, llmobsi_monotonic_ns() + LLMOBS_I_MINUTE_NS);
    }
    last = state->stop;
    *save = state->asked;
    state->asked = false;
    llmobsi_lock_give(&state->call);
    return last;
}

/* One whom close did not wait for has the block, the lock file and the place to itself; the block
   stays. */
llmobsi_fn void* llmobsi_state_run(void* argument)
{
    llmobsi_instance* instance = (llmobsi_instance*)argument;
    llmobsi_state_file* state = llmobsi_state_of(instance);
    bool left;
    bool last;
    bool save;
    do {
        last = llmobsi_state_rest(state, &save);
        if (save) {
            llmobsi_state_save_now(instance);
        }
    } while (!last);
    llmobsi_lock_take(&state->call);
    state->ended = true;
    left = state->left;
    llmobsi_lock_wake_all(&state->call);
    llmobsi_lock_give(&state->call);
    if (left) {
        llmobsi_state_end(state);
        llmobsi_store_relaxed(&instance->place->left, 0);
        llmobsi_store_ordered(&instance->place->claimed, 0);
    }
    return NULL;
}

llmobsi_fn void llmobsi_state_ask(llmobsi_state_file* state, bool save, bool stop)
{
    llmobsi_lock_take(&state->call);
    state->asked |= save;
    state->stop |= stop;
    llmobsi_lock_wake_all(&state->call);
    llmobsi_lock_give(&state->call);
}

/* Ends the thread, with a last save or without. False: the disk hangs, and the thread is left to
   it. */
llmobsi_fn bool llmobsi_state_stop(llmobsi_instance* instance, bool save, uint64_t deadline_ns)
{
    llmobsi_state_file* state = llmobsi_state_of(instance);
    bool ended;
    llmobsi_state_ask(state, save, true);
    llmobsi_lock_take(&state->call);
    while (!state->ended && llmobsi_monotonic_ns() < deadline_ns) {
        llmobsi_lock_wait_until(&state->call, deadline_ns);
    }
    ended = state->ended;
    state->left = !ended;
    if (!ended) {
        llmobsi_store_relaxed(&instance->place->left, 1);
    }
    llmobsi_lock_give(&state->call);
    llmobsi_thread_end(state->thread, ended);
    return ended;
}

/* ---- when it is time ----------------------------------------------------------------------- */

/* After a tick, outside its lock. */
llmobsi_fn void llmobsi_state_tick(llmobsi_instance* instance)
{
    llmobsi_state_file* state = llmobsi_state_of(instance);
    uint64_t now_ns = llmobsi_monotonic_ns();
    uint64_t due_ns = state != NULL ? llmobsi_load_relaxed(&state->due_ns) : LLMOBS_I_STATE_NEVER;
    if (now_ns < due_ns ||
        !llmobsi_cas_acquire_release(&state->due_ns, &due_ns, now_ns + state->interval_ns)) {
        return;
    }
    if (state->has_thread) {
        llmobsi_state_ask(state, true, false);
    } else {
        llmobsi_state_save_now(instance);
    }
}

LLMOBS_API llmobs_result llmobs_state_save(llmobs* obs)
{
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    llmobsi_instance* instance;
    llmobsi_state_file* state;
    int cancel;
    instance = llmobsi_call_outside(obs, &result);
    if (instance == NULL) {
        return result;
    }
    cancel = llmobsi_cancel_hold();
    state = llmobsi_state_of(instance);
    if (state != NULL) {
        const int before = errno;
        llmobsi_lock_take(&state->lock);
        if (state->on) {
            result = llmobsi_state_save(instance) ? LLMOBS_OK : LLMOBS_ERROR_SYSTEM;
        }
        llmobsi_lock_give(&state->lock);
        errno = result == LLMOBS_ERROR_SYSTEM ? errno : before;
    }
    llmobsi_call_end(instance);
    llmobsi_cancel_resume(cancel);
    return result;
}

/* ---- loading ------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_state_tell(const llmobs_config* config, llmobs_note note, const char* text)
{
    llmobsi_host_note(config->note, config->note_user, note, 1, text);
}

/* The file as it is, if it is a plain one of our own with one name; -1, with errno, if not. */
llmobsi_fn int llmobsi_state_open_file(const llmobsi_state_file* state, uint64_t* size)
{
    llmobsi_file_facts facts;
    int file = llmobsi_file_open_ours(state->path, LLMOBS_I_OPEN_READ, LLMOBS_I_FILE_ONE_NAME,
                                      &facts);
    *size = file >= 0 ? facts.bytes : 0;
    return file;
}

/* What came of a file that was read. False: it can't be set aside, and must not be written over. */
llmobsi_fn bool llmobsi_state_loaded(llmobsi_instance* instance, llmobsi_state_loader* loader)
{
    llmobsi_state_file* state = llmobsi_state_of(instance);
    char aside[LLMOBS_I_STATE_PATH];
    if (loader->reader.refused != NULL) {
        llmobsi_state_clear(loader);
        llmobsi_state_tell(&instance->config, LLMOBS_NOTE_STATE_DAMAGED, loader->reader.refused);
        llmobsi_state_path(state, ".damaged", aside);
        return llmobsi_os_rename(state->path, aside);
    }
    state->gap_ns = loader->now_ns > loader->saved_ns ? loader->now_ns - loader->saved_ns : 1;
    loader->lost += loader->alerts.lost;
    state->lost = loader->lost;
    if (loader->alerts.begun && loader->alerts.alerts != NULL) {
        llmobsi_state_loaded_alerts(loader->alerts.alerts, state->gap_ns);
    }
    if (loader->lost != 0) {
        llmobsi_state_tell(&instance->config, LLMOBS_NOTE_STATE_LOST,
                           llmobs_note_text(LLMOBS_NOTE_STATE_LOST));
    }
    return true;
}

/* False: there is a file that is not ours to read or replace. */
llmobsi_fn bool llmobsi_state_load(llmobsi_instance* instance)
{
    llmobsi_recorder* recorder = &instance->collector.recorder;
    llmobsi_state_loader loader;
    uint64_t size;
    int file = llmobsi_state_open_file(llmobsi_state_of(instance), &size);
    if (file < 0) {
        return errno == ENOENT;
    }
    memset(&loader, 0, sizeof loader);
    loader.ledger = llmobsi_cost_ledger_of(recorder);
    loader.users = loader.ledger != NULL ? llmobsi_cost_users_of(loader.ledger) : NULL;
    loader.budgets = llmobsi_budgets_of(recorder);
    loader.alerts.alerts = llmobsi_alerts_of(recorder);
    loader.now_ns = llmobsi_clock_unix_ns(&instance->config.clock);
    (void)llmobsi_state_load_all(&loader, file, size);
    (void)llmobsi_os_close(file);
    return llmobsi_state_loaded(instance, &loader);
}

/* ---- open, close, fork --------------------------------------------------------------------- */

/* Without a thread the tick saves. */
llmobsi_fn void llmobsi_state_start(llmobsi_instance* instance)
{
    llmobsi_state_file* state = llmobsi_state_of(instance);
    if (!instance->config.host_pumped) {
        state->has_thread = llmobsi_thread_start(&state->thread, llmobsi_state_run, instance);
        llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_THREAD_START,
                          !state->has_thread);
    }
}

/* Before anybody else is there. Whatever is wrong with the file, the instance opens. */
llmobsi_fn void llmobsi_state_open(llmobsi_instance* instance, llmobsi_held* held)
{
    llmobsi_state_file* state = llmobsi_state_of(instance);
    llmobsi_lock_hold hold = LLMOBS_I_LOCK_FAILED;
    const int before = errno;
    if (state == NULL) {
        return;
    }
    state->held = held;
    state->interval_ns = (uint64_t)instance->config.state_interval_s * LLMOBS_I_SECOND_NS;
    if (llmobsi_file_set_path(state->path, instance->config.state_file)) {
        hold = llmobsi_state_take(state);
    }
    state->on = hold == LLMOBS_I_LOCK_OURS && llmobsi_state_load(instance);
    if (state->on) {
        llmobsi_store_relaxed(&state->due_ns, llmobsi_monotonic_ns() + state->interval_ns);
        llmobsi_state_start(instance);
    } else {
        llmobs_note note = hold == LLMOBS_I_LOCK_TAKEN ? LLMOBS_NOTE_STATE_TAKEN
                                                       : LLMOBS_NOTE_STATE_OPEN;
        llmobsi_state_off(state);
        llmobsi_state_tell(&instance->config, note, llmobs_note_text(note));
    }
    errno = before;
}

/* When nobody else is there any more; `save`: once more, by the deadline where there is a thread.
   False: the disk hangs, and the place and the block are the thread's. */
llmobsi_fn bool llmobsi_state_close(llmobsi_instance* instance, bool save, uint64_t deadline_ns)
{
    llmobsi_state_file* state = llmobsi_state_of(instance);
    if (state == NULL) {
        return true;
    }
    if (state->has_thread) {
        if (!llmobsi_state_stop(instance, save, deadline_ns)) {
            llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_STATE_SLOW, 1);
            return false;
        }
    } else if (save) {
        llmobsi_state_save_now(instance);
    }
    llmobsi_state_end(state);
    return true;
}

/* In the child: the file is the parent's, and so is its thread. The lock file was closed when it
   was forked. */
llmobsi_fn void llmobsi_state_forked(llmobsi_instance* instance)
{
    llmobsi_state_file* state = llmobsi_state_of(instance);
    if (state != NULL) {
        llmobsi_state_off(state);
        state->has_thread = false;
        state->saved = 0;
        state->failed = 0;
        state->lost = 0;
        state->gap_ns = 0;
    }
}

llmobsi_fn void llmobsi_state_stats(const llmobsi_instance* instance, llmobs_stats* stats)
{
    const llmobsi_state_file* state = llmobsi_state_of(instance);
    if (state != NULL) {
        stats->state_saved = llmobsi_load_relaxed(&state->saved);
        stats->state_failed = llmobsi_load_relaxed(&state->failed);
        stats->state_lost = state->lost;
        stats->state_gap_ns = state->gap_ns;
    }
}
