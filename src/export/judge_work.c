/* The judge at work: a worker takes what waits, asks the host's callback, reads the answer, tells
   what came of it. No lock is held while it does, and nobody waits for it but llmobs_judge_flush
   and, for half of its time, llmobs_close. */

/* One call, from taking a capture to settling it. */
typedef struct llmobsi_judging {
    llmobsi_instance* instance;
    llmobsi_review* review;
    llmobsi_judge_worker* worker;
    llmobs_capture capture;
    llmobs_judge_call call;
    llmobs_judge_score score;
    llmobs_judge_result result;
    llmobsi_process process; /* that took it up                  */
    bool again;    /* a worker had it before           */
    bool trial;    /* of the breaker                   */
    bool readable; /* the answer holds at least one score */
    bool too_slow;
} llmobsi_judging;

llmobsi_inline llmobs* llmobsi_judging_obs(const llmobsi_judging* judging)
{
    return (llmobs*)(uintptr_t)judging->instance->collector.recorder.ticket;
}

/* For time-outs and the breaker: the host's clock where there is one. */
llmobsi_fn uint64_t llmobsi_review_now(const llmobsi_instance* instance)
{
    const llmobs_clock* clock = &instance->config.clock;
    return clock->unix_ns != NULL ? llmobsi_host_time(clock) : llmobsi_monotonic_ns();
}

/* ---- taking and giving up ------------------------------------------------------------------ */

/* Takes what is due next, if there may be a call now. */
llmobsi_fn bool llmobsi_judging_begin(llmobsi_judging* judging)
{
    llmobsi_review* review = judging->review;
    uint64_t now_ns = llmobsi_review_now(judging->instance);
    bool taken;
    llmobsi_lock_take(&review->lock);
    taken = !review->stop && llmobsi_breaker_lets(review, now_ns, &judging->trial);
    llmobsi_lock_give(&review->lock);
    if (!taken) {
        return false;
    }
    taken = llmobsi_capture_take(llmobsi_judging_obs(judging), &judging->capture, true,
                                 &judging->again);
    llmobsi_lock_take(&review->lock);
    if (taken) {
        review->stats.taken += !judging->again;
        review->taken_again += judging->again;
        review->in_hand++;
    } else {
        review->trying &= !judging->trial;
    }
    llmobsi_lock_give(&review->lock);
    return taken;
}

/* The capture goes, and why is counted. */
llmobsi_fn void llmobsi_judging_lose(llmobsi_judging* judging, llmobs_judge_loss loss)
{
    llmobsi_lock_take(&judging->review->lock);
    judging->review->stats.lost[loss]++;
    judging->review->in_hand--;
    llmobsi_lock_give(&judging->review->lock);
    llmobs_capture_done(&judging->capture);
}

/* The same before there was a call, which then is no trial of the breaker's. */
llmobsi_fn void llmobsi_judging_spare(llmobsi_judging* judging, llmobs_judge_loss loss)
{
    llmobsi_lock_take(&judging->review->lock);
    judging->review->trying &= !judging->trial;
    llmobsi_lock_give(&judging->review->lock);
    llmobsi_judging_lose(judging, loss);
}

#define LLMOBS_I_JUDGE_WAIT_MOST_MS 86400000u /* who is asked to wait for longer comes back then */

llmobsi_inline uint64_t llmobsi_judge_wait_ns(uint32_t wait_ms)
{
    return (uint64_t)(wait_ms < LLMOBS_I_JUDGE_WAIT_MOST_MS ? wait_ms
                                                            : LLMOBS_I_JUDGE_WAIT_MOST_MS) *
           UINT64_C(1000000);
}

/* Puts it back for another attempt; false: that was its last one. */
llmobsi_fn bool llmobsi_judging_retry(llmobsi_judging* judging)
{
    llmobsi_review* review = judging->review;
    const llmobs_judge* judge = &review->judge;
    uint64_t wait_ns;
    if (judging->call.attempt >= judge->max_attempts) {
        return false;
    }
    wait_ns = judging->call.retry_after_ms != 0
                  ? llmobsi_judge_wait_ns(judging->call.retry_after_ms)
                  : llmobsi_backoff_ns(judge->retry_first_ms, judge->retry_most_ms,
                                       judging->call.attempt,
                                       llmobsi_review_number(review, &judging->capture));
    llmobsi_lock_take(&review->lock);
    review->in_hand--;
    review->put_back++;
    llmobsi_lock_give(&review->lock);
    llmobs_capture_return(&judging->capture, wait_ns);
    return true;
}

/* Whether the day allows the call, which is counted then. What a guardrail triggered is always
   judged. */
llmobsi_fn bool llmobsi_judging_affords(llmobsi_judging* judging)
{
    llmobsi_review* review = judging->review;
    uint64_t unix_ns = llmobsi_clock_unix_ns(&judging->instance->config.clock);
    bool affords;
    llmobsi_lock_take(&review->lock);
    llmobsi_judge_day(review, &judging->instance->config, unix_ns);
    affords = judging->capture.reason == LLMOBS_KEEP_GUARDRAIL || llmobsi_judge_affords(review);
    review->stats.calls_today += affords;
    review->stats.calls += affords;
    llmobsi_lock_give(&review->lock);
    return affords;
}

/* ---- the call ------------------------------------------------------------------------------ */

LLMOBS_API void llmobs_judge_answer(llmobs_judge_call* call, const char* data, size_t size)
{
    size_t room;
    if (call == NULL || (data == NULL && size != 0)) {
        return;
    }
    size = size != LLMOBS_NUL_TERMINATED ? size : strlen(data);
    room = call->answer_size < call->answer_capacity ? call->answer_capacity - call->answer_size
                                                     : 0;
    if (room > 0 && size > 0) {
        memcpy(call->answer + call->answer_size, data, size < room ? size : room);
    }
    call->answer_size = llmobsi_size_add(call->answer_size, size);
}

/* What the callback gets. False: no prompt could be made. */
llmobsi_fn bool llmobsi_judging_prepare(llmobsi_judging* judging)
{
    const llmobsi_review* review = judging->review;
    llmobs_judge_call* call = &judging->call;
    llmobs_judge_prompt_options options = review->judge.prompt;
    size_t size;
    options.seed = options.seed != 0
                       ? options.seed
                       : llmobsi_review_number(review, &judging->capture);
    size = llmobs_judge_prompt(&judging->capture, &options, judging->worker->prompt,
                               review->prompt_bytes);
    memset(call, 0, sizeof *call);
    call->size = sizeof *call;
    call->prompt.data = judging->worker->prompt;
    call->prompt.size = size;
    call->request_id = judging->capture.request_id;
    memcpy(call->trace_id, judging->capture.trace_id, sizeof call->trace_id);
    memcpy(call->span_id, judging->capture.span_id, sizeof call->span_id);
    call->reason = judging->capture.reason;
    call->attempt = judging->capture.attempts + 1;
    call->timeout_ms = review->judge.timeout_ms;
    call->answer = judging->worker->answer;
    call->answer_capacity = review->answer_bytes;
    call->cost_nano = LLMOBS_COST_UNKNOWN;
    return size > 0;
}

llmobsi_fn void llmobsi_judging_ask(llmobsi_judging* judging)
{
    const llmobs_judge* judge = &judging->review->judge;
    uint64_t begun_ns = llmobsi_review_now(judging->instance);
    uint64_t ended_ns;
    llmobsi_callback callback =
        llmobsi_callback_mark(judging->instance->collector.recorder.ticket);
    judging->result = LLMOBS_JUDGE_DROP;
    llmobsi_try {
        judging->result = judge->ask(judge->user, &judging->call);
    }
    llmobsi_catch_any {
        judging->result = LLMOBS_JUDGE_DROP;
    }
    (void)llmobsi_callback_end(&callback);
    ended_ns = llmobsi_review_now(judging->instance);
    judging->too_slow = ended_ns > begun_ns && ended_ns - begun_ns >
                                                   (uint64_t)judge->timeout_ms * UINT64_C(1000000);
}

/* From the answer, or what the callback filled in, to a score. */
llmobsi_fn void llmobsi_judging_read(llmobsi_judging* judging)
{
    const llmobs_judge_call* call = &judging->call;
    const llmobs_judge_thresholds* thresholds = &judging->review->judge.thresholds;
    size_t size = call->answer_size < call->answer_capacity ? call->answer_size
                                                            : call->answer_capacity;
    judging->readable = false;
    if (judging->result != LLMOBS_JUDGE_DONE) {
        return;
    }
    if (call->scored) {
        judging->readable =
            llmobs_judge_score_of(call->scores, call->known, thresholds, &judging->score) ==
            LLMOBS_OK;
    } else {
        judging->readable =
            llmobs_judge_parse(call->answer, size, thresholds, &judging->score) == LLMOBS_OK;
    }
}

/* ---- what came of it ----------------------------------------------------------------------- */

/* Counts a call, and what it says of the judge. */
llmobsi_fn void llmobsi_judging_book(llmobsi_judging* judging)
{
    llmobsi_review* review = judging->review;
    llmobs_judge_stats* stats = &review->stats;
    bool failed = judging->result != LLMOBS_JUDGE_DONE || judging->too_slow;
    uint64_t now_ns = llmobsi_review_now(judging->instance);
    if (!llmobsi_cost_is_plausible(&judging->instance->config, judging->call.cost_nano)) {
        judging->call.cost_nano = LLMOBS_COST_UNKNOWN;
    }
    llmobsi_lock_take(&review->lock);
    llmobsi_judge_spend(review, judging->call.cost_nano);
    if (llmobsi_breaker_settle(review, judging->trial, failed, now_ns)) {
        llmobsi_notes_add(&judging->instance->collector.notes, LLMOBS_NOTE_JUDGE_LEFT, 1);
    }
    stats->failures += failed;
    stats->timeouts += judging->too_slow;
    stats->unreadable += judging->result == LLMOBS_JUDGE_DONE && !judging->readable;
    if (judging->readable) {
        review->in_hand--;
        stats->judged++;
        stats->flagged += judging->score.flagged;
        stats->partial += judging->score.partial;
        llmobs_estimate_add(&review->estimates[judging->capture.reason], judging->capture.weight,
                            judging->score.flagged);
    }
    llmobsi_lock_give(&review->lock);
}

llmobsi_fn void llmobsi_judging_measure(const llmobsi_judging* judging, const char* verdict)
{
    llmobs* obs = llmobsi_judging_obs(judging);
    const char* values[2];
    int category;
    values[0] = judging->review->name;
    values[1] = verdict;
    llmobs_counter_add(
        llmobsi_counter_known(obs, LLMOBS_METRIC_LLM_JUDGE_EVALUATIONS, values, 2), 1);
    for (category = 0; judging->readable && category < (int)LLMOBS_JUDGE_CATEGORY_COUNT;
         category++) {
        if ((judging->score.known >> category & 1u) != 0) {
            values[1] = llmobs_judge_category_name((llmobs_judge_category)category);
            llmobs_histogram_record(
                llmobsi_histogram_known(obs, LLMOBS_METRIC_LLM_JUDGE_SCORE, values, 2),
                judging->score.scores[category]);
        }
    }
}

/* An event for each category that has a score, and one for all of them. */
llmobsi_fn void llmobsi_judging_record(const llmobsi_judging* judging, uint64_t unix_ns)
{
    llmobs_evaluation evaluation;
    memset(&evaluation, 0, sizeof evaluation);
    evaluation.size = sizeof evaluation;
    evaluation.judge = llmobs_str(judging->review->name);
    evaluation.request_id = llmobs_str(judging->capture.request_id);
    memcpy(evaluation.trace_id, judging->capture.trace_id, sizeof evaluation.trace_id);
    memcpy(evaluation.span_id, judging->capture.span_id, sizeof evaluation.span_id);
    evaluation.reason = llmobs_str(llmobs_keep_name(judging->capture.reason));
    evaluation.weight = judging->capture.weight;
    evaluation.unix_ns = unix_ns;
    evaluation.response_id = evaluation.explanation = llmobs_str("");
    llmobsi_judge_record(judging->instance->collector.recorder.ticket, &evaluation,
                         &judging->score, judging->review->judge.explain);
}

llmobsi_fn void llmobsi_judging_tell(const llmobsi_judging* judging, uint64_t unix_ns)
{
    const llmobs_judge* judge = &judging->review->judge;
    llmobs_verdict verdict;
    llmobsi_callback callback;
    bool threw = false;
    if (judge->tell == NULL) {
        return;
    }
    memset(&verdict, 0, sizeof verdict);
    verdict.size = sizeof verdict;
    verdict.request_id = judging->capture.request_id;
    memcpy(verdict.trace_id, judging->capture.trace_id, sizeof verdict.trace_id);
    memcpy(verdict.span_id, judging->capture.span_id, sizeof verdict.span_id);
    verdict.reason = judging->capture.reason;
    verdict.weight = judging->capture.weight;
    verdict.score = judging->score;
    verdict.attempts = judging->call.attempt;
    verdict.cost_nano = judging->call.cost_nano;
    verdict.unix_ns = unix_ns;
    callback = llmobsi_callback_mark(judging->instance->collector.recorder.ticket);
    llmobsi_try {
        judge->tell(judge->user, &verdict);
    }
    llmobsi_catch_any {
        threw = true;
    }
    (void)llmobsi_callback_end(&callback);
    if (threw) {
        llmobsi_callback_threw(judging->instance->collector.recorder.ticket);
    }
}

/* Settles a call: told, put back, or lost. */
llmobsi_fn void llmobsi_judging_settle(llmobsi_judging* judging)
{
    uint64_t unix_ns = llmobsi_clock_unix_ns(&judging->instance->config.clock);
    llmobsi_judging_book(judging);
    if (judging->readable) {
        llmobsi_judging_measure(judging, judging->score.flagged ? "flagged" : "passed");
        llmobsi_judging_record(judging, unix_ns);
        llmobsi_judging_tell(judging, unix_ns);
        llmobs_capture_done(&judging->capture);
        return;
    }
    if (judging->result != LLMOBS_JUDGE_DROP && llmobsi_judging_retry(judging)) {
        return;
    }
    llmobsi_judging_measure(judging, "error");
    llmobsi_judging_lose(judging, judging->result == LLMOBS_JUDGE_DROP ? LLMOBS_JUDGE_LOSS_REFUSED
                                  : judging->result == LLMOBS_JUDGE_DONE
                                      ? LLMOBS_JUDGE_LOSS_UNREADABLE
                                      : LLMOBS_JUDGE_LOSS_FAILED);
}

/* ---- a worker's round ---------------------------------------------------------------------- */

/* Whether a callback came back to where it was called: where it forked, not in the child, whose
   instance knows nothing of this. */
llmobsi_inline bool llmobsi_judging_is_here(const llmobsi_judging* judging)
{
    return llmobsi_process_id() == judging->process;
}

/* Whether it goes on after a callback: no call begins once a close does, and where that went on
   without this worker, there is nobody to tell. */
llmobsi_fn bool llmobsi_judging_goes_on(const llmobsi_judging* judging, bool with_call)
{
    bool goes_on = false;
    if (llmobsi_judging_is_here(judging)) {
        llmobsi_lock_take(&judging->review->lock);
        goes_on = with_call ? !judging->review->stop : !judging->worker->left;
        llmobsi_lock_give(&judging->review->lock);
    }
    return goes_on;
}

/* There is no judge: its embedding was all that was wanted. */
llmobsi_fn void llmobsi_judging_skip(llmobsi_judging* judging)
{
    llmobsi_lock_take(&judging->review->lock);
    judging->review->trying &= !judging->trial;
    judging->review->in_hand--;
    judging->review->stats.unjudged++;
    llmobsi_lock_give(&judging->review->lock);
    llmobs_capture_done(&judging->capture);
}

/* What was taken up is embedded, then judged, or lost. */
llmobsi_fn void llmobsi_judging_run(llmobsi_judging* judging, bool embeds, bool judges)
{
    if (embeds && judging->capture.sampled && !judging->again) {
        llmobsi_embed(judging->worker, &judging->capture);
        if (!llmobsi_judging_goes_on(judging, true)) {
            return;
        }
    }
    if (!judges) {
        llmobsi_judging_skip(judging);
        return;
    }
    if (!llmobsi_judging_prepare(judging)) {
        llmobsi_judging_spare(judging, LLMOBS_JUDGE_LOSS_PROMPT);
        return;
    }
    if (!llmobsi_judging_affords(judging)) {
        llmobsi_judging_spare(judging, LLMOBS_JUDGE_LOSS_BUDGET);
        return;
    }
    llmobsi_judging_ask(judging);
    if (llmobsi_judging_goes_on(judging, false)) {
        llmobsi_judging_read(judging);
        llmobsi_judging_settle(judging);
    }
}

/* Takes one capture up, if one is due. False: there is none, or the judge is left alone. Who made
   the worker busy. */
llmobsi_fn bool llmobsi_judge_one(llmobsi_judge_worker* worker)
{
    llmobsi_judging judging;
    bool embeds, judges;
    memset(&judging, 0, sizeof judging);
    judging.instance = worker->instance;
    judging.review = llmobsi_review_of(worker->instance);
    judging.worker = worker;
    judging.process = llmobsi_process_id();
    if (!llmobsi_judging_begin(&judging)) {
        return false;
    }
    llmobsi_lock_take(&judging.review->lock);
    embeds = judging.review->embeds;
    judges = judging.review->judges;
    llmobsi_lock_give(&judging.review->lock);
    llmobsi_judging_run(&judging, embeds, judges);
    if (llmobsi_judging_is_here(&judging)) { /* else they are a worker's of the child */
        llmobsi_wipe(worker->prompt, judging.review->prompt_bytes);
        llmobsi_wipe(worker->answer, judging.review->answer_bytes);
    }
    llmobsi_wipe(&judging, sizeof judging);
    return true;
}
