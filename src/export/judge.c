/* The judge: what it may cost, when it is left alone, and its account. The calls themselves are in
   judge_work.c.

   All of it is under the review's lock, which is never held across a callback; what a worker works
   on is its own. */

#define LLMOBS_I_JUDGE_WORKERS 16u
#define LLMOBS_I_JUDGE_NAME 32u

/* Of one worker: its thread, and its private pages. */
typedef struct llmobsi_judge_worker {
    llmobsi_instance* instance; /* this and the next two: open writes */
    char* prompt;
    char* answer;
    float* values; /* of an embedding; NULL: there are none. Open writes */
    llmobsi_os_thread thread;
    bool has_thread; /* this and all below: under the lock                        */
    bool ended;      /* its thread has                                            */
    bool busy;       /* it has a capture, or looks for one                        */
    bool left;       /* close did not wait: the instance is over, nothing is told */
} llmobsi_judge_worker;

typedef struct llmobsi_review {
    llmobsi_lock lock;
    llmobsi_judge_worker workers[LLMOBS_I_JUDGE_WORKERS];
    uint32_t worker_count; /* this and what stands up to `judge`: open writes */
    uint32_t prompt_bytes;
    uint32_t answer_bytes;
    uint64_t salt; /* of llmobsi_review_number, random */
    unsigned char* pages;
    size_t page_bytes;
    llmobs_judge judge; /* llmobs_judge_set writes this and the name, before `on` */
    char name[LLMOBS_I_JUDGE_NAME];
    llmobs_embedder embedder; /* likewise, by llmobs_embedder_set, before `embeds` */
    char embedder_model[LLMOBS_EMBEDDER_SIZE];
    bool judges; /* there is a judge. This and all below: under the lock */
    bool embeds; /* and an embedder                                      */
    bool on;     /* workers run, or may be borrowed                      */
    bool stop; /* no call begins any more */
    uint32_t failures_in_a_row;
    uint64_t closed_until_ns; /* the breaker is open until then; 0: it is not          */
    bool trying;              /* and one call is under way to see whether it may close */
    int32_t day;              /* that is counted: its number, by llmobs_config.utc_offset_minutes */
    llmobs_judge_stats stats;
    uint64_t in_hand;     /* captures that workers have           */
    uint64_t put_back;    /* for another attempt                  */
    uint64_t taken_again; /* of these; others may have given way  */
    llmobs_estimate estimates[LLMOBS_KEEP_COUNT]; /* of what was judged, by why it was kept */
} llmobsi_review;

/* Of an instance; NULL: it keeps no captures. */
llmobsi_inline llmobsi_review* llmobsi_review_of(const llmobsi_instance* instance)
{
    return LLMOBS_I_JUDGE ? (llmobsi_review*)instance->review : NULL;
}

/* A number that no other attempt has, of no other capture, and that nobody can guess. */
llmobsi_fn uint64_t llmobsi_review_number(const llmobsi_review* review,
                                          const llmobs_capture* capture)
{
    uint64_t key[2];
    key[0] = capture->generation;
    key[1] = capture->place;
    return llmobsi_hash64_own(key, sizeof key, review->salt);
}

/* ---- layout -------------------------------------------------------------------------------- */

/* The workers' texts on pages of their own, as captures are. `instance` is NULL while measuring. */
llmobsi_fn void llmobsi_review_layout(llmobsi_arena* arena, const llmobs_config* config,
                                      llmobsi_instance* instance)
{
    uint32_t workers = config->judge_workers != LLMOBS_OFF ? config->judge_workers : 1;
    uint32_t numbers = config->drift_detectors != 0 && config->drift_dimensions != LLMOBS_OFF
                           ? config->drift_dimensions
                           : 0;
    size_t texts = (size_t)config->judge_prompt_bytes + config->judge_answer_bytes;
    size_t each = (texts + 63) / 64 * 64 + numbers * sizeof(float);
    size_t page = llmobsi_page_size();
    size_t bytes = (workers * each + page - 1) / page * page;
    llmobsi_review* review =
        (llmobsi_review*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_review));
    unsigned char* pages = (unsigned char*)llmobsi_arena_take_pages(arena, bytes);
    uint32_t i;
    if (instance == NULL || pages == NULL) {
        return;
    }
    memset(review, 0, sizeof *review);
    memset(pages, 0, bytes);
    review->worker_count = workers;
    review->prompt_bytes = config->judge_prompt_bytes;
    review->answer_bytes = config->judge_answer_bytes;
    review->pages = pages;
    review->page_bytes = bytes;
    for (i = 0; i < workers; i++) {
        review->workers[i].instance = instance;
        review->workers[i].prompt = (char*)pages + i * each;
        review->workers[i].answer = review->workers[i].prompt + config->judge_prompt_bytes;
        review->workers[i].values =
            numbers != 0 ? (float*)(void*)(pages + (i + 1) * each) - numbers : NULL;
    }
    instance->review = review;
}

llmobsi_fn void llmobsi_review_seed(llmobsi_review* review)
{
    review->salt = llmobsi_random_seed();
}

/* Before anybody else is there. */
llmobsi_fn void llmobsi_review_start(llmobsi_review* review)
{
    llmobsi_review_seed(review);
    llmobsi_pages_seclude(review->pages, review->page_bytes, true);
}

/* ---- the breaker --------------------------------------------------------------------------- */

/* Whether a call may begin: while the judge is left alone none, and then one, the *trial. Under the
   lock. */
llmobsi_fn bool llmobsi_breaker_lets(llmobsi_review* review, uint64_t now_ns, bool* trial)
{
    const uint64_t pause_ns = (uint64_t)review->judge.breaker_pause_ms * UINT64_C(1000000);
    *trial = review->closed_until_ns != 0;
    if (*trial && (review->trying || (now_ns < review->closed_until_ns &&
                                      review->closed_until_ns - now_ns <= pause_ns))) {
        return false; /* if it were longer, the host's clock was set back */
    }
    review->trying = *trial;
    return true;
}

/* What a call that was let through came to. Calls that began before the breaker opened may end
   after that: they say nothing of the judge as it is now. True: it opens. Under the
   lock. */
llmobsi_fn bool llmobsi_breaker_settle(llmobsi_review* review, bool trial, bool failed,
                                       uint64_t now_ns)
{
    review->trying &= !trial;
    if (!trial && review->closed_until_ns != 0) {
        return false;
    }
    if (!failed) {
        review->failures_in_a_row = 0;
        review->closed_until_ns = 0;
        return false;
    }
    review->failures_in_a_row++;
    if (review->failures_in_a_row < review->judge.breaker_failures) {
        return false;
    }
    review->stats.breaker_opened += !trial;
    review->closed_until_ns = now_ns + (uint64_t)review->judge.breaker_pause_ms * UINT64_C(1000000);
    return true;
}

/* ---- the day's budget ---------------------------------------------------------------------- */

/* A new day begins from nothing; a clock that goes back does not. Under the lock. */
llmobsi_fn void llmobsi_judge_day(llmobsi_review* review, const llmobs_config* config,
                                  uint64_t unix_ns)
{
    int32_t day = llmobsi_period_at(LLMOBS_PERIOD_DAY, config->utc_offset_minutes * 60, unix_ns);
    if (day > review->day) {
        review->day = day;
        review->stats.calls_today = 0;
        review->stats.spent_today_nano = 0;
    }
}

/* Whether the day's budget has a call left. Under the lock. */
llmobsi_fn bool llmobsi_judge_affords(const llmobsi_review* review)
{
    const llmobs_judge* judge = &review->judge;
    return (judge->daily_calls == 0 || review->stats.calls_today < judge->daily_calls) &&
           (judge->daily_nano <= 0 || review->stats.spent_today_nano < judge->daily_nano);
}

/* A cost that a callback tells: not below 0, and no more than a request may cost. */
llmobsi_inline bool llmobsi_cost_is_plausible(const llmobs_config* config, int64_t cost_nano)
{
    return cost_nano >= 0 && cost_nano / INT64_C(1000000000) < (int64_t)config->cost_most;
}

/* Books a call. Under the lock. */
llmobsi_fn void llmobsi_judge_spend(llmobsi_review* review, int64_t cost_nano)
{
    int64_t room = INT64_MAX - review->stats.spent_today_nano;
    if (cost_nano < 0) { /* unknown, or nonsense */
        review->stats.cost_unknown++;
        cost_nano = review->judge.call_nano > 0 ? review->judge.call_nano : 0;
    }
    review->stats.spent_today_nano += cost_nano < room ? cost_nano : room;
}

/* ---- the account --------------------------------------------------------------------------- */

LLMOBS_API const char* llmobs_judge_loss_name(llmobs_judge_loss loss)
{
    static const char* const names[LLMOBS_JUDGE_LOSS_COUNT] = {
#define LLMOBS_I_JUDGE_LOSS(name, text) text,
        LLMOBS_JUDGE_LOSSES(LLMOBS_I_JUDGE_LOSS)
#undef LLMOBS_I_JUDGE_LOSS
    };
    return (uint32_t)loss < (uint32_t)LLMOBS_JUDGE_LOSS_COUNT ? names[loss] : "unknown";
}

LLMOBS_API llmobs_result llmobs_judge_stats_read(llmobs* obs, llmobs_judge_stats* stats)
{
    llmobsi_instance* instance = stats != NULL ? llmobsi_call_begin(obs) : NULL;
    llmobsi_review* review;
    llmobs_judge_stats full;
    uint64_t unix_ns;
    if (instance == NULL) {
        return stats != NULL ? LLMOBS_ERROR_CLOSED : LLMOBS_ERROR_ARGUMENT;
    }
    review = llmobsi_review_of(instance);
    if (review != NULL) {
        unix_ns = llmobsi_clock_unix_ns(&instance->config.clock);
        llmobsi_lock_take(&review->lock);
        llmobsi_judge_day(review, &instance->config, unix_ns);
        full = review->stats;
        full.breaker_open = review->closed_until_ns != 0;
        full.given_way = llmobsi_load_relaxed(
            &llmobsi_captures_of(&instance->collector.recorder)->given_way);
        full.waiting = review->in_hand + review->put_back - review->taken_again - full.given_way;
        llmobsi_lock_give(&review->lock);
        full.size = llmobsi_known_size(stats->size, sizeof full);
        memcpy(stats, &full, full.size);
    }
    llmobsi_call_end(instance);
    return review != NULL ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT;
}

/* ---- what the verdicts say of all traffic -------------------------------------------------- */

/* Scales what was judged of a cause up to all that it kept: some found no place, some no
   verdict. */
llmobsi_fn void llmobsi_judge_scale(llmobs_estimate* estimate, double all)
{
    double weight = estimate->positive_weight + estimate->negative_weight;
    double factor = weight > 0.0 ? all / weight : 0.0;
    estimate->positive_weight *= factor;
    estimate->negative_weight *= factor;
    estimate->positive_squares *= factor * factor;
    estimate->negative_squares *= factor * factor;
}

/* A request is kept for one cause, or comes to chance: so these are strata, and how many came to
   each is known. */
llmobsi_fn void llmobsi_judge_join(const llmobs_estimate* estimates,
                                   const llmobs_sampler_stats* sampled, llmobs_estimate* sum,
                                   double* unjudged)
{
    int cause;
    memset(sum, 0, sizeof *sum);
    *unjudged = 0.0;
    for (cause = 0; cause < (int)LLMOBS_KEEP_COUNT; cause++) {
        llmobs_estimate of = estimates[cause];
        uint64_t all = cause == (int)LLMOBS_KEEP_RANDOM ? sampled->of[cause].seen
                                                        : sampled->of[cause].kept;
        if (of.count == 0) {
            *unjudged += (double)all;
        } else {
            llmobsi_judge_scale(&of, (double)all);
            llmobs_estimate_merge(sum, &of);
        }
    }
}

/* Of so many requests nothing is known: the interval has room for all of them, or none, being
   flagged. */
llmobsi_fn void llmobsi_judge_widen(llmobs_share* share, double unjudged)
{
    double all = share->all + unjudged;
    share->partial = true;
    share->unjudged = unjudged / all;
    share->low *= share->all / all;
    share->high = (share->high * share->all + unjudged) / all;
    share->all = all;
}

LLMOBS_API llmobs_result llmobs_judge_estimate(llmobs* obs, double confidence, llmobs_share* share)
{
    llmobsi_instance* instance = share != NULL ? llmobsi_call_begin(obs) : NULL;
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    llmobsi_review* review;
    llmobs_estimate estimates[LLMOBS_KEEP_COUNT];
    llmobs_sampler_stats sampled;
    llmobs_estimate sum;
    double unjudged;
    if (instance == NULL) {
        return share != NULL ? LLMOBS_ERROR_CLOSED : result;
    }
    review = llmobsi_review_of(instance);
    sampled.size = sizeof sampled;
    if (review != NULL) {
        llmobsi_lock_take(&review->lock);
        memcpy(estimates, review->estimates, sizeof estimates);
        llmobsi_lock_give(&review->lock);
    }
    /* Second: what was judged has been kept by now. */
    if (review != NULL && llmobs_sampler_read(obs, &sampled) == LLMOBS_OK) {
        llmobsi_judge_join(estimates, &sampled, &sum, &unjudged);
        result = llmobs_estimate_read(&sum, confidence, share);
        if (result == LLMOBS_OK && unjudged > 0.0) {
            llmobsi_judge_widen(share, unjudged);
        }
    }
    llmobsi_call_end(instance);
    return result;
}
