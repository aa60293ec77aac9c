/* The judge's threads, and the calls that do their work on the host's. */

#define LLMOBS_I_JUDGE_SLEEP_NS UINT64_C(60000000000) /* the tick wakes it before */
#define LLMOBS_I_JUDGE_NAP_NS UINT64_C(5000000)

/* ---- threads ------------------------------------------------------------------------------- */

llmobsi_fn void* llmobsi_judge_thread(void* argument)
{
    llmobsi_judge_worker* worker = (llmobsi_judge_worker*)argument;
    llmobsi_review* review = llmobsi_review_of(worker->instance);
    const llmobsi_process process = llmobsi_process_id();
    llmobsi_lock_take(&review->lock);
    while (!review->stop) {
        bool worked;
        worker->busy = true;
        llmobsi_lock_give(&review->lock);
        worked = llmobsi_judge_one(worker);
        if (llmobsi_process_id() != process) {
            return NULL; /* the callback forked, and came back in the child */
        }
        llmobsi_lock_take(&review->lock);
        worker->busy = false;
        if (!worked && !review->stop) {
            llmobsi_lock_wait_until(&review->lock,
                                    llmobsi_monotonic_ns() + LLMOBS_I_JUDGE_SLEEP_NS);
        }
    }
    worker->ended = true;
    llmobsi_lock_wake_all(&review->lock);
    llmobsi_lock_give(&review->lock);
    return NULL;
}

/* Starts what threads can be had. False: there is none, though there should be. With the lock
   taken. */
llmobsi_fn bool llmobsi_judge_start(llmobsi_instance* instance)
{
    llmobsi_review* review = llmobsi_review_of(instance);
    uint32_t wanted = instance->config.host_pumped ||
                              instance->config.judge_workers == LLMOBS_OFF
                          ? 0
                          : review->worker_count;
    uint32_t i;
    for (i = 0; i < wanted; i++) {
        llmobsi_judge_worker* worker = &review->workers[i];
        worker->ended = false;
        worker->has_thread = llmobsi_thread_start(&worker->thread, llmobsi_judge_thread, worker);
        if (!worker->has_thread) {
            llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_THREAD_START, 1);
            return i > 0;
        }
    }
    return true;
}

/* After a tick: something may wait, or have become due. */
llmobsi_fn void llmobsi_judge_tick(llmobsi_instance* instance)
{
    llmobsi_review* review = llmobsi_review_of(instance);
    if (review != NULL &&
        llmobsi_captures_waiting(llmobsi_captures_of(&instance->collector.recorder)) > 0) {
        llmobsi_lock_take(&review->lock);
        llmobsi_lock_wake_all(&review->lock);
        llmobsi_lock_give(&review->lock);
    }
}

/* Nobody works any more. With the lock taken. */
llmobsi_fn bool llmobsi_judge_is_idle(const llmobsi_review* review)
{
    uint32_t i;
    for (i = 0; i < review->worker_count; i++) {
        const llmobsi_judge_worker* worker = &review->workers[i];
        if (worker->busy || (worker->has_thread && !worker->ended)) {
            return false;
        }
    }
    return true;
}

/* Waits for the calls that are under way, and lets none begin. What still waits stays in
   captures_waiting; its texts are wiped with all captures. False: a callback hangs, and its worker
   is left alone. */
llmobsi_fn bool llmobsi_judge_stop(llmobsi_instance* instance, uint64_t deadline_ns)
{
    llmobsi_review* review = llmobsi_review_of(instance);
    bool ended;
    uint32_t i;
    llmobsi_lock_take(&review->lock);
    review->stop = true;
    llmobsi_lock_wake_all(&review->lock);
    while (!llmobsi_judge_is_idle(review) && llmobsi_monotonic_ns() < deadline_ns) {
        llmobsi_lock_wait_until(&review->lock, deadline_ns);
    }
    ended = llmobsi_judge_is_idle(review);
    for (i = 0; i < review->worker_count; i++) {
        llmobsi_judge_worker* worker = &review->workers[i];
        worker->left = worker->busy;
        if (worker->has_thread && !worker->ended) {
            llmobsi_thread_detach(worker->thread);
            worker->has_thread = false;
        }
    }
    llmobsi_lock_give(&review->lock);
    for (i = 0; i < review->worker_count; i++) {
        if (review->workers[i].has_thread) {
            llmobsi_thread_join(review->workers[i].thread);
            review->workers[i].has_thread = false;
        }
    }
    return ended;
}

/* In the child of a fork: the texts are the parent's, and so is the account. Nobody else is
   here. */
llmobsi_fn void llmobsi_judge_forked(llmobsi_instance* instance, bool start)
{
    llmobsi_review* review = llmobsi_review_of(instance);
    uint32_t i;
    memset(review->pages, 0, review->page_bytes);
    memset(&review->stats, 0, sizeof review->stats);
    review->in_hand = review->put_back = review->taken_again = 0;
    memset(review->estimates, 0, sizeof review->estimates);
    review->trying = false;
    llmobsi_review_seed(review);
    for (i = 0; i < review->worker_count; i++) {
        review->workers[i].has_thread = false;
        review->workers[i].busy = false;
    }
    if (start && review->on) {
        (void)llmobsi_judge_start(instance);
    }
}

/* When nobody else is there any more, or those who are were left. */
llmobsi_fn void llmobsi_review_end(llmobsi_review* review)
{
    uint32_t i;
    for (i = 0; i < review->worker_count; i++) {
        if (!review->workers[i].left) {
            llmobsi_wipe(review->workers[i].prompt, review->prompt_bytes);
            llmobsi_wipe(review->workers[i].answer, review->answer_bytes);
        }
    }
    llmobsi_pages_seclude(review->pages, review->page_bytes, false);
}

/* ---- giving an instance its judge ---------------------------------------------------------- */

LLMOBS_API llmobs_judge llmobs_judge_default(void)
{
    llmobs_judge judge;
    memset(&judge, 0, sizeof judge);
    judge.size = sizeof judge;
    judge.thresholds = llmobs_judge_thresholds_default();
    judge.prompt = llmobs_judge_prompt_options_default();
    return judge;
}

llmobsi_inline uint32_t llmobsi_or_default(uint32_t given, uint32_t otherwise)
{
    return given != 0 ? given : otherwise;
}

/* Our own copy, with nothing left to decide. */
llmobsi_fn void llmobsi_judge_complete(llmobsi_review* review, const llmobs_judge* given)
{
    llmobs_judge* judge = &review->judge;
    const char* name;
    *judge = *given;
    name = judge->name != NULL && judge->name[0] != '\0' ? judge->name : "judge";
    memset(review->name, 0, sizeof review->name);
    memcpy(review->name, name, llmobsi_utf8_cut(name, strlen(name), sizeof review->name - 1));
    judge->name = review->name;
    if (judge->thresholds.size == 0) {
        judge->thresholds = llmobs_judge_thresholds_default();
    }
    if (judge->prompt.size == 0) {
        judge->prompt = llmobs_judge_prompt_options_default();
    }
    judge->timeout_ms = llmobsi_or_default(judge->timeout_ms, 30000);
    judge->max_attempts = llmobsi_or_default(judge->max_attempts, 3);
    judge->retry_first_ms = llmobsi_or_default(judge->retry_first_ms, 1000);
    judge->retry_most_ms = llmobsi_or_default(judge->retry_most_ms, 60000);
    judge->breaker_failures = llmobsi_or_default(judge->breaker_failures, 5);
    judge->breaker_pause_ms = llmobsi_or_default(judge->breaker_pause_ms, 30000);
}

/* Starts the workers, if there was nothing for them to do before. With the lock taken. */
llmobsi_fn llmobs_result llmobsi_review_begin(llmobsi_instance* instance)
{
    llmobsi_review* review = llmobsi_review_of(instance);
    bool begins = !review->on;
    review->on = true;
    return !begins || llmobsi_judge_start(instance) ? LLMOBS_OK : LLMOBS_ERROR_SYSTEM;
}

llmobsi_fn llmobs_result llmobsi_judge_install(llmobsi_instance* instance,
                                               const llmobs_judge* given)
{
    llmobsi_review* review = llmobsi_review_of(instance);
    llmobs_result result = LLMOBS_ERROR_LIMIT;
    llmobsi_lock_take(&review->lock);
    if (review->stop) {
        result = LLMOBS_ERROR_CLOSED;
    } else if (!review->judges) {
        llmobsi_judge_complete(review, given);
        review->judges = true;
        result = llmobsi_review_begin(instance);
    }
    llmobsi_lock_give(&review->lock);
    return result;
}

LLMOBS_API llmobs_result llmobs_judge_set(llmobs* obs, const llmobs_judge* judge)
{
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    llmobs_judge known = llmobs_judge_default();
    llmobsi_instance* instance;
    if (judge != NULL) {
        memcpy(&known, judge, llmobsi_known_size(judge->size, sizeof known));
    }
#ifdef LLMOBS_NO_SCANNER
    known.ask = known.prompt.raw ? known.ask : NULL;
#endif
    if (known.ask == NULL) {
        return result;
    }
    instance = llmobsi_call_outside(obs, &result);
    if (instance == NULL) {
        return result;
    }
    if (llmobsi_review_of(instance) != NULL) {
        result = llmobsi_judge_install(instance, &known);
    }
    llmobsi_call_end(instance);
    return result;
}

/* ---- and its embedder ---------------------------------------------------------------------- */

llmobsi_fn llmobs_result llmobsi_embedder_install(llmobsi_instance* instance,
                                                  const llmobs_embedder* given)
{
    llmobsi_review* review = llmobsi_review_of(instance);
    llmobs_result result = LLMOBS_ERROR_LIMIT;
    llmobsi_lock_take(&review->lock);
    if (review->stop) {
        result = LLMOBS_ERROR_CLOSED;
    } else if (!review->embeds) {
        const char* model = given->model != NULL ? given->model : "";
        memset(review->embedder_model, 0, sizeof review->embedder_model);
        memcpy(review->embedder_model, model,
               llmobsi_utf8_cut(model, strlen(model), sizeof review->embedder_model - 1));
        review->embedder = *given;
        review->embedder.model = review->embedder_model;
        review->embeds = true;
        result = llmobsi_review_begin(instance);
    }
    llmobsi_lock_give(&review->lock);
    return result;
}

LLMOBS_API llmobs_result llmobs_embedder_set(llmobs* obs, const llmobs_embedder* embedder)
{
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    llmobs_embedder known = llmobs_embedder_default();
    llmobsi_instance* instance;
    if (embedder != NULL) {
        memcpy(&known, embedder, llmobsi_known_size(embedder->size, sizeof known));
    }
#ifdef LLMOBS_NO_SCANNER
    known.embed = known.raw ? known.embed : NULL;
#endif
    if (known.embed == NULL) {
        return result;
    }
    instance = llmobsi_call_outside(obs, &result);
    if (instance == NULL) {
        return result;
    }
    if (llmobsi_review_of(instance) != NULL &&
        llmobsi_review_of(instance)->workers[0].values != NULL) {
        result = llmobsi_embedder_install(instance, &known);
    }
    llmobsi_call_end(instance);
    return result;
}

/* ---- on the host's threads ----------------------------------------------------------------- */

/* A worker without a thread that nobody works with, which is busy from now on; NULL: there is none,
   or no judge. */
llmobsi_fn llmobsi_judge_worker* llmobsi_judge_borrow(llmobsi_review* review)
{
    llmobsi_judge_worker* worker = NULL;
    uint32_t i;
    llmobsi_lock_take(&review->lock);
    for (i = 0; i < review->worker_count && worker == NULL && review->on && !review->stop; i++) {
        if (!review->workers[i].busy && !review->workers[i].has_thread) {
            worker = &review->workers[i];
            worker->busy = true;
        }
    }
    llmobsi_lock_give(&review->lock);
    return worker;
}

/* Up to so many calls on this thread. Where a callback forks, the child has none of them. */
llmobsi_fn uint32_t llmobsi_judge_pump(llmobsi_instance* instance, uint32_t most)
{
    llmobsi_review* review = llmobsi_review_of(instance);
    llmobsi_judge_worker* worker = llmobsi_judge_borrow(review);
    const llmobsi_process process = llmobsi_process_id();
    uint32_t count = 0;
    if (worker == NULL) {
        return 0;
    }
    while (count < most && llmobsi_judge_one(worker)) {
        if (llmobsi_process_id() != process) {
            return 0;
        }
        count++;
    }
    llmobsi_lock_take(&review->lock);
    worker->busy = false;
    llmobsi_lock_wake_all(&review->lock);
    llmobsi_lock_give(&review->lock);
    return count;
}

LLMOBS_API uint32_t llmobs_judge_work(llmobs* obs, uint32_t most)
{
    llmobsi_instance* instance;
    llmobs_result refused;
    uint32_t count = 0;
    int cancel;
    instance = llmobsi_call_outside(obs, &refused);
    if (instance == NULL) {
        return 0;
    }
    cancel = llmobsi_cancel_hold();
    if (llmobsi_review_of(instance) != NULL) {
        count = llmobsi_judge_pump(instance, most);
    }
    llmobsi_call_end(instance);
    llmobsi_cancel_resume(cancel);
    return count;
}

/* Waits until nothing waits, or the time is up. In a child of a callback's nothing does. */
llmobsi_fn bool llmobsi_judge_drain(llmobsi_instance* instance, uint64_t deadline_ns)
{
    llmobsi_review* review = llmobsi_review_of(instance);
    const llmobsi_captures* captures = llmobsi_captures_of(&instance->collector.recorder);
    const llmobsi_process process = llmobsi_process_id();
    while (llmobsi_process_id() == process && llmobsi_captures_waiting(captures) > 0) {
        uint64_t now_ns = llmobsi_monotonic_ns();
        if (now_ns >= deadline_ns || llmobsi_instance_closing(instance)) {
            return false;
        }
        if (llmobsi_judge_pump(instance, 1) == 0 && llmobsi_process_id() == process) {
            llmobsi_lock_take(&review->lock);
            llmobsi_lock_wake_all(&review->lock);
            llmobsi_lock_wait_until(&review->lock, now_ns + LLMOBS_I_JUDGE_NAP_NS);
            llmobsi_lock_give(&review->lock);
        }
    }
    return true;
}

LLMOBS_API llmobs_result llmobs_judge_flush(llmobs* obs, uint32_t timeout_ms)
{
    llmobs_result result = LLMOBS_OK;
    llmobsi_instance* instance;
    int cancel;
    instance = llmobsi_call_outside(obs, &result);
    if (instance == NULL) {
        return result;
    }
    cancel = llmobsi_cancel_hold();
    if (llmobsi_review_of(instance) != NULL &&
        !llmobsi_judge_drain(instance, llmobsi_monotonic_ns() +
                                           (uint64_t)timeout_ms * UINT64_C(1000000))) {
        result = LLMOBS_ERROR_TIMEOUT;
    }
    llmobsi_call_end(instance);
    llmobsi_cancel_resume(cancel);
    return result;
}
