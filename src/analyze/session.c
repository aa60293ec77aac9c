/* Sessions: a table of those that are open, under a short lock. A gauge counts them; who takes one
   out of the table takes it off the gauge, so it neither leaks nor falls below zero. */

typedef struct llmobsi_session {
    uint64_t hash; /* of its id, seeded; 0: no session */
    uint64_t seen; /* stamp */
    llmobs_updown gauge; /* its feature's series, inert where there is none */
} llmobsi_session;

typedef struct llmobsi_sessions {
    llmobsi_lock lock;
    llmobsi_session* places; /* all below: under the lock */
    uint32_t mask;
    uint32_t limit;
    uint32_t count;
    uint64_t seed;
    uint64_t idle_ns;
    uint64_t swept; /* stamp */
    llmobsi_atomic64 refused;
    llmobsi_atomic64 idled; /* ended for having been silent */
} llmobsi_sessions;

/* Those of an instance; NULL: it has none. */
llmobsi_inline llmobsi_sessions* llmobsi_sessions_of(const llmobsi_recorder* recorder)
{
    return LLMOBS_I_REQUESTS ? (llmobsi_sessions*)recorder->sessions : NULL;
}

/* ---- the table ----------------------------------------------------------------------------- */

/* The place of a session, or the free one where it would stand. There is always one: half of the
   places stay free. */
llmobsi_fn llmobsi_session* llmobsi_session_find(llmobsi_sessions* sessions, uint64_t hash)
{
    uint32_t place = (uint32_t)hash & sessions->mask;
    while (sessions->places[place].hash != 0 && sessions->places[place].hash != hash) {
        place = (place + 1) & sessions->mask;
    }
    return &sessions->places[place];
}

/* Takes one out; those behind it that would not be found any more move up. */
llmobsi_fn void llmobsi_session_take_out(llmobsi_sessions* sessions, llmobsi_session* session)
{
    uint32_t hole = (uint32_t)(session - sessions->places);
    uint32_t place = hole;
    for (;;) {
        uint32_t home;
        place = (place + 1) & sessions->mask;
        if (sessions->places[place].hash == 0) {
            break;
        }
        home = (uint32_t)sessions->places[place].hash & sessions->mask;
        if (((place - home) & sessions->mask) >= ((place - hole) & sessions->mask)) {
            sessions->places[hole] = sessions->places[place];
            hole = place;
        }
    }
    memset(&sessions->places[hole], 0, sizeof sessions->places[hole]);
    sessions->count--;
}

llmobsi_fn uint64_t llmobsi_session_hash(const llmobsi_sessions* sessions, const char* session_id)
{
    uint64_t hash = llmobsi_hash64(session_id, strlen(session_id), sessions->seed);
    return hash != 0 ? hash : 1;
}

/* Moves a gauge, on the cell that all threads share: so a sum over the threads' own cells never
   shows a session's end without its begin. Inside, or the tick. */
llmobsi_fn void llmobsi_gauge_shift(llmobsi_recorder* recorder, llmobs_updown gauge,
                                    int64_t amount)
{
    if (gauge.instance != 0 &&
        !llmobsi_updown_shared(llmobsi_shared_cell(&recorder->registry, gauge.cell), amount)) {
        (void)llmobsi_add_relaxed(&recorder->registry.metrics[gauge.metric].saturated, 1);
    }
}

/* ---- begin and end ------------------------------------------------------------------------- */

/* Comes in to the table, with its lock taken and the session's hash made. NULL: there is none, or
   somebody else has the lock for longer than this caller may wait, which is counted. */
llmobsi_fn llmobsi_sessions* llmobsi_sessions_enter(llmobs* obs, const char* session_id,
                                                    llmobsi_wait wait,
                                                    llmobsi_thread** thread, uint64_t* hash)
{
    llmobsi_sessions* sessions;
    *thread = LLMOBS_I_REQUESTS ? llmobsi_enter(llmobsi_ticket(obs)) : NULL;
    if (*thread == NULL) {
        return NULL;
    }
    sessions = llmobsi_sessions_of((*thread)->recorder);
    if (sessions == NULL) {
        llmobsi_leave();
        return NULL;
    }
    *hash = llmobsi_session_hash(sessions, session_id); /* before: ids may be long */
    if (!llmobsi_lock_take_if(&sessions->lock, wait)) {
        (void)llmobsi_add_relaxed(&sessions->refused, 1);
        llmobsi_leave();
        return NULL;
    }
    return sessions;
}

llmobsi_fn void llmobsi_sessions_leave(llmobsi_sessions* sessions)
{
    llmobsi_lock_give(&sessions->lock);
    llmobsi_leave();
}

llmobsi_fn llmobs_result llmobsi_session_keep(llmobs* obs, const char* session_id,
                                              const char* feature, llmobsi_wait wait)
{
    llmobs_metric metric = llmobs_metric_of(obs, LLMOBS_METRIC_LLM_ACTIVE_SESSIONS);
    llmobs_updown gauge = {0, 0, 0, 0};
    llmobs_result result = LLMOBS_OK;
    llmobsi_sessions* sessions;
    llmobsi_session* session;
    llmobsi_thread* thread;
    uint64_t hash;
    if (session_id == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (metric.number != 0) {
        gauge = llmobsi_updown_briefly(metric, &feature, 1);
    }
    sessions = llmobsi_sessions_enter(obs, session_id, wait, &thread, &hash);
    if (sessions == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    session = llmobsi_session_find(sessions, hash);
    if (session->hash != 0) {
        session->seen = llmobsi_now(&thread->recorder->timeline);
    } else if (sessions->count == sessions->limit) {
        (void)llmobsi_add_relaxed(&sessions->refused, 1);
        result = LLMOBS_ERROR_LIMIT;
    } else {
        sessions->count++;
        session->gauge = gauge;
        session->hash = hash;
        session->seen = llmobsi_now(&thread->recorder->timeline);
        llmobsi_gauge_shift(thread->recorder, gauge, 1);
    }
    llmobsi_sessions_leave(sessions);
    return result;
}

LLMOBS_API llmobs_result llmobs_session_begin(llmobs* obs, const char* session_id,
                                              const char* feature)
{
    return llmobsi_session_keep(obs, session_id, feature, LLMOBS_I_WAIT);
}

LLMOBS_API llmobs_result llmobs_session_end(llmobs* obs, const char* session_id)
{
    llmobsi_sessions* sessions;
    llmobsi_session* session;
    llmobsi_thread* thread;
    uint64_t hash;
    bool ended;
    if (session_id == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    sessions = llmobsi_sessions_enter(obs, session_id, LLMOBS_I_WAIT, &thread, &hash);
    if (sessions == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    session = llmobsi_session_find(sessions, hash);
    ended = session->hash != 0;
    if (ended) {
        llmobsi_gauge_shift(thread->recorder, session->gauge, -1);
        llmobsi_session_take_out(sessions, session);
    }
    llmobsi_sessions_leave(sessions);
    return ended ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT;
}

/* ---- the tick's side ----------------------------------------------------------------------- */

/* Ends the sessions that were silent for too long, under their lock. */
llmobsi_fn void llmobsi_sessions_idle(llmobsi_recorder* recorder, uint64_t now)
{
    llmobsi_sessions* sessions = llmobsi_sessions_of(recorder);
    uint32_t place = 0;
    while (place <= sessions->mask) {
        llmobsi_session* session = &sessions->places[place];
        if (session->seen > now) {
            session->seen = now; /* the host's clock went back */
        }
        if (session->hash != 0 && llmobsi_timeline_between(&recorder->timeline, session->seen,
                                                           now) >= sessions->idle_ns) {
            llmobsi_gauge_shift(recorder, session->gauge, -1);
            llmobsi_session_take_out(sessions, session); /* another may stand here now */
            llmobsi_count(&sessions->idled, 1);
        } else {
            place++;
        }
    }
}

/* Looks at them, at most four times in the time that they may be silent. The busy flag is up, if
   this thread has one, so that its signal handlers do not wait for the lock. */
llmobsi_fn void llmobsi_sessions_sweep(llmobsi_recorder* recorder, uint64_t now)
{
    llmobsi_sessions* sessions = llmobsi_sessions_of(recorder);
    llmobsi_control* self;
    if (now >= sessions->swept && llmobsi_timeline_between(&recorder->timeline, sessions->swept,
                                                           now) < sessions->idle_ns / 4) {
        return;
    }
    self = llmobsi_busy_begin();
    llmobsi_lock_take(&sessions->lock);
    sessions->swept = now;
    llmobsi_sessions_idle(recorder, now);
    llmobsi_lock_give(&sessions->lock);
    llmobsi_busy_end(self);
}

/* ---- layout -------------------------------------------------------------------------------- */

/* `recorder` is NULL while measuring. */
llmobsi_fn void llmobsi_sessions_layout(llmobsi_arena* arena, const llmobs_config* config,
                                        llmobsi_recorder* recorder)
{
    uint32_t places = llmobsi_round_up_pow2(config->sessions) * 2;
    llmobsi_sessions* sessions =
        (llmobsi_sessions*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_sessions));
    llmobsi_session* memory =
        (llmobsi_session*)llmobsi_arena_take(arena, places, sizeof(llmobsi_session));
    if (recorder == NULL || memory == NULL) {
        return;
    }
    memset(sessions, 0, sizeof *sessions);
    memset(memory, 0, places * sizeof *memory);
    sessions->places = memory;
    sessions->mask = places - 1;
    sessions->limit = config->sessions;
    sessions->idle_ns = (uint64_t)config->session_idle_s * UINT64_C(1000000000);
    recorder->sessions = sessions;
}

/* In the child of a fork: sessions are the parent's, and so was their gauge. */
llmobsi_fn void llmobsi_sessions_forked(llmobsi_sessions* sessions)
{
    memset(sessions->places, 0, ((size_t)sessions->mask + 1) * sizeof *sessions->places);
    sessions->count = 0;
    sessions->swept = 0;
    sessions->refused = 0;
    sessions->idled = 0;
}
