/* A run. What was open is taken under the detector's lock, in two moments that last as long as a
   copy of a sample; all else is done beside it, by whoever makes runs, while others go on adding:

     take     the sample and the counts of answers; where the period is over, the next one begins
     gather   the past: the days of the ring, put together
     score    the article's, of the past and what was taken
     roll     where the period is over: it goes into the ring, and what is too old out of it
     fit      then, too: a new baseline, of what is in the ring
     turn     the window is closed, another one opened, of the new baseline
     test     the window that was closed, of the baseline that it was of; the answers
     judge    what they came to

   So each embedding is in one window, and the new baseline has been fitted before the old one is
   let go of. */

#define LLMOBS_I_DETECTOR_STEP 4096u /* rows of a fit between two looks at whether to go on */

typedef struct llmobsi_detector_run {
    llmobsi_detectors* detectors;
    llmobsi_detector* detector;
    uint64_t now_ns;
    int64_t now;    /* the period that is under way */
    int64_t period; /* that of what is taken */
    bool rolls;
    bool by_host;
    llmobs_drift_counts answers; /* that were taken */
    uint64_t answer_count;
    llmobsi_detector_tally tally;
    const llmobs_drift_baseline* baseline; /* of the window that was closed; NULL: there is none */
    const llmobs_drift_baseline* next;     /* of the one that was opened */
    llmobs_drift_window* closed;
    llmobs_drift_report report;
} llmobsi_detector_run;

/* ---- when ---------------------------------------------------------------------------------- */

/* Whether a detector has something to do at this time. Any thread. */
llmobsi_fn bool llmobsi_detector_is_due(const llmobsi_detector* detector, uint64_t unix_ns)
{
    return unix_ns / LLMOBS_I_SECOND_NS >= llmobsi_load_relaxed(&detector->due_s);
}

llmobsi_fn bool llmobsi_detectors_are_due(const llmobsi_detectors* detectors, uint64_t unix_ns)
{
    const uint32_t count = llmobsi_load_acquire(&detectors->count);
    uint32_t i;
    for (i = 0; i < count; i++) {
        if (llmobsi_detector_is_due(&detectors->detectors[i], unix_ns)) {
            return true;
        }
    }
    return false;
}

/* ---- the past ------------------------------------------------------------------------------ */

llmobsi_inline llmobsi_detector_day* llmobsi_detector_day_at(const llmobsi_detectors* detectors,
                                                             const llmobsi_detector* detector,
                                                             int64_t period)
{
    int64_t days = detectors->sizes.days;
    return &detector->days[((period % days) + days) % days];
}

/* Days that are too old by the time of this period are empty from now on. */
llmobsi_fn void llmobsi_detector_age(const llmobsi_detectors* detectors,
                                     const llmobsi_detector* detector, int64_t period)
{
    uint32_t i;
    for (i = 0; i < detectors->sizes.days; i++) {
        llmobsi_detector_day* day = &detector->days[i];
        if (day->number != LLMOBS_I_NO_PERIOD &&
            day->number < period - (int64_t)detectors->sizes.days) {
            llmobsi_detector_day_clear(detectors, detector, day);
        }
    }
}

/* An empty sample for all days together; NULL: there are no embeddings. */
llmobsi_fn llmobs_drift_sample* llmobsi_detector_merged(const llmobsi_detectors* detectors,
                                                        const llmobsi_detector* detector)
{
    const llmobsi_detector_sizes* sizes = &detectors->sizes;
    llmobs_drift_sample* merged = NULL;
    if (detectors->merged != NULL) {
        (void)llmobs_drift_sample_make(detectors->merged, sizes->merged, sizes->dimension,
                                       (size_t)sizes->days * sizes->room, detector->info.embedder,
                                       LLMOBS_I_DETECTOR_SEED, &merged);
    }
    return merged;
}

/* Puts the embeddings of the ring's days together. */
llmobsi_fn void llmobsi_detector_gather(llmobsi_detectors* detectors,
                                        const llmobsi_detector* detector)
{
    llmobs_drift_sample* merged = llmobsi_detector_merged(detectors, detector);
    uint32_t i;
    for (i = 0; i < detectors->sizes.days && merged != NULL; i++) {
        (void)llmobs_drift_sample_merge(merged, detector->days[i].sample);
    }
}

/* Puts their answers together. Returns how many days there are. */
llmobsi_fn uint32_t llmobsi_detector_gather_answers(llmobsi_detectors* detectors,
                                                    const llmobsi_detector* detector)
{
    uint32_t count = 0;
    uint32_t i;
    memset(&detectors->before, 0, sizeof detectors->before);
    for (i = 0; i < detectors->sizes.days; i++) {
        const llmobsi_detector_day* day = &detector->days[i];
        if (day->number != LLMOBS_I_NO_PERIOD) {
            llmobs_drift_counts_merge(&detectors->before, &day->answers);
            count++;
        }
    }
    return count;
}

/* A period goes into the ring, in place of the day that is as many days older. One in which nothing
   came is none. */
llmobsi_fn void llmobsi_detector_roll(const llmobsi_detectors* detectors,
                                      llmobsi_detector* detector, int64_t period)
{
    llmobsi_detector_day* today = &detector->today;
    llmobsi_detector_day* day = llmobsi_detector_day_at(detectors, detector, period);
    if (today->answer_count > 0 || (today->sample != NULL && today->sample->count > 0)) {
        day->number = period;
        day->answer_count = today->answer_count;
        day->answers = today->answers;
        if (day->sample != NULL) {
            memcpy((void*)day->sample, today->sample, detectors->sizes.sample);
        }
    }
    llmobsi_detector_day_clear(detectors, detector, today);
}

/* ---- a baseline ---------------------------------------------------------------------------- */

/* Fits one to what was gathered, in place of the one that is not in use. NULL: too little, all the
   same, or there is no time. */
llmobsi_fn const llmobs_drift_baseline* llmobsi_detector_fit(llmobsi_detectors* detectors,
                                                             llmobsi_detector* detector)
{
    const llmobsi_detector_sizes* sizes = &detectors->sizes;
    const llmobs_drift_sample* sample = detectors->merged;
    llmobs_drift_baseline* baseline = NULL;
    llmobs_drift_fit_options options;
    llmobs_drift_fit* fit;
    if (sample == NULL) {
        return NULL;
    }
    options = llmobsi_detector_fit_options(sizes, sample->count);
    if (llmobs_drift_fit_begin(detectors->fit, sizes->fit, sample, &options, &fit) != LLMOBS_OK) {
        return NULL;
    }
    while (llmobs_drift_fit_step(fit, LLMOBS_I_DETECTOR_STEP)) {
        if (llmobsi_load_relaxed(&detectors->stopping) != 0) {
            llmobsi_wipe(detectors->fit, sizes->fit);
            return NULL;
        }
    }
    if (llmobs_drift_fit_end(fit, detector->baselines[detector->side ^ 1], sizes->baseline,
                             &baseline) != LLMOBS_OK) {
        return NULL;
    }
    return baseline;
}

/* Opens a window of a baseline, and the early warning that goes with it; of NULL, none. The other
   side is in use from now on. Under the lock. */
llmobsi_fn void llmobsi_detector_open(llmobsi_detectors* detectors, llmobsi_detector* detector,
                                      const llmobs_drift_baseline* baseline)
{
    const bool same = baseline == detector->baseline;
    detector->window = NULL;
    detector->baseline = baseline;
    if (baseline == NULL) {
        return;
    }
    (void)llmobs_drift_window_make(detector->windows[detector->opened ^ 1], detectors->sizes.window,
                                   baseline, LLMOBS_I_DETECTOR_VOTERS, &detector->window);
    detector->opened ^= 1;
    if (!same) {
        detector->side ^= 1;
        (void)llmobs_cusum_begin(&detector->cusum, baseline->distance_mean,
                                 baseline->distance_deviation, 0.0, LLMOBS_I_DETECTOR_RUN_LENGTH);
    }
}

/* ---- the parts of a run -------------------------------------------------------------------- */

/* Why it is made. Under the lock. */
llmobsi_fn void llmobsi_detector_take_reason(llmobsi_detector_run* run)
{
    llmobsi_detector* detector = run->detector;
    llmobs_drift_report* report = &run->report;
    if (detector->asked) {
        memcpy(report->reason, detector->reason, sizeof report->reason);
    } else if (detector->after[0] != '\0') {
        memcpy(report->reason, detector->after, sizeof report->reason);
    } else {
        llmobsi_detector_say(report->reason, "schedule");
    }
    if (strcmp(report->reason, detector->after) == 0) {
        detector->after[0] = '\0';
    }
    run->by_host = detector->by_host;
    detector->asked = false;
    detector->by_host = false;
}

/* Takes what is open, if there is a run to be made. Under the lock. */
llmobsi_fn bool llmobsi_detector_take(llmobsi_detector_run* run)
{
    llmobsi_detector* detector = run->detector;
    run->period = detector->period;
    run->rolls = run->now > detector->period;
    if (!run->rolls && !detector->asked) {
        return false;
    }
    llmobsi_detector_take_reason(run);
    if (run->rolls) {
        detector->period = run->now;
        detector->changes = 0;
    }
    if (detector->sample != NULL) {
        memcpy((void*)detector->taken, detector->sample, run->detectors->sizes.sample);
    }
    run->answers = detector->answers;
    run->answer_count = detector->answer_count;
    llmobsi_detector_open_clear(run->detectors, detector);
    return true;
}

/* The rows of a sample, in no order. */
llmobsi_fn llmobs_vectors llmobsi_detector_rows(const llmobs_drift_sample* sample)
{
    return llmobs_vectors_of_floats(llmobsi_drift_sample_row(sample, 0), sample->count,
                                    sample->dimension);
}

/* The article's score; the memory is that of fits. */
llmobsi_fn void llmobsi_detector_score(llmobsi_detector_run* run)
{
    llmobsi_detectors* detectors = run->detectors;
    llmobs_vectors before;
    llmobs_vectors after;
    if (detectors->merged == NULL || detectors->merged->count < LLMOBS_DRIFT_VOTES ||
        run->detector->taken->count < LLMOBS_DRIFT_VOTES) {
        return;
    }
    before = llmobsi_detector_rows(detectors->merged);
    after = llmobsi_detector_rows(run->detector->taken);
    run->report.has_score =
        llmobs_drift_score(&before, &after, detectors->fit, detectors->sizes.fit, NULL,
                           &run->report.score) == LLMOBS_OK;
}

/* What was taken belongs to the period, and this, if it is over, to the past. */
llmobsi_fn void llmobsi_detector_learn(llmobsi_detector_run* run)
{
    llmobsi_detectors* detectors = run->detectors;
    llmobsi_detector* detector = run->detector;
    llmobsi_detector_day* today = &detector->today;
    today->answer_count += run->answer_count;
    llmobs_drift_counts_merge(&today->answers, &run->answers);
    (void)llmobs_drift_sample_merge(today->sample, detector->taken);
    run->next = detector->baseline;
    if (run->rolls) {
        llmobsi_detector_roll(detectors, detector, run->period);
        llmobsi_detector_age(detectors, detector, run->now);
        llmobsi_detector_gather(detectors, detector);
        run->next = llmobsi_detector_fit(detectors, detector);
    }
}

/* Closes the window, and opens one of the next baseline. */
llmobsi_fn void llmobsi_detector_turn(llmobsi_detector_run* run)
{
    llmobsi_detector* detector = run->detector;
    llmobsi_lock_take(&detector->lock);
    run->closed = detector->window;
    run->baseline = detector->baseline;
    run->tally = detector->tally;
    memset(&detector->tally, 0, sizeof detector->tally);
    run->report.from_unix_ns = detector->from_unix_ns;
    detector->from_unix_ns = run->now_ns;
    llmobsi_detector_open(run->detectors, detector, run->next);
    llmobsi_lock_give(&detector->lock);
}

/* ---- judging ------------------------------------------------------------------------------- */

/* Whether what a test of answers found is large enough to matter. Flags may be rare: for them twice
   as many is, too, or half. */
llmobsi_fn bool llmobsi_detector_matters(const llmobs_drift_finding* finding, double least,
                                         bool is_flag)
{
    double more = finding->after > finding->before ? finding->after : finding->before;
    double less = finding->after > finding->before ? finding->before : finding->after;
    return !finding->insufficient_data &&
           (more - less >= least || (is_flag && more >= 2.0 * less && more > 0.0));
}

llmobsi_inline double llmobsi_detector_lesser(double p, const llmobs_drift_finding* finding,
                                              bool matters)
{
    return matters && finding->p < p ? finding->p : p;
}

/* The p of those findings on answers that matter, by as many tests as were made. Of pairs, a change
   of the larger one's share by so much takes the difference of both shares to twice that. */
llmobsi_fn double llmobsi_detector_answers_p(const llmobs_drift_counts_report* report, double least)
{
    double p = 1.0;
    uint32_t i;
    p = llmobsi_detector_lesser(p, &report->location,
                                llmobsi_detector_matters(&report->location, 2.0 * least, false));
    p = llmobsi_detector_lesser(p, &report->shape,
                                llmobsi_detector_matters(&report->shape, least, false));
    p = llmobsi_detector_lesser(p, &report->category,
                                llmobsi_detector_matters(&report->category, least, false));
    for (i = 0; i < LLMOBS_DRIFT_COUNTS_FLAGS; i++) {
        p = llmobsi_detector_lesser(p, &report->flags[i],
                                    llmobsi_detector_matters(&report->flags[i], least, true));
    }
    return p * report->tests < 1.0 ? p * report->tests : 1.0;
}

/* The window that was closed, and the answers. */
llmobsi_fn void llmobsi_detector_test(llmobsi_detector_run* run)
{
    const llmobsi_detector_info* info = &run->detector->info;
    llmobs_drift_report* report = &run->report;
    report->embeddings.size = sizeof report->embeddings;
    report->embeddings.p = 1.0;
    report->answers.size = sizeof report->answers;
    if (run->baseline != NULL) {
        (void)llmobs_drift_test(run->baseline, run->closed, info->alpha, &report->embeddings);
        report->has_embeddings = report->embeddings.votes >= info->least_votes &&
                                 report->embeddings.count >= info->least_baseline;
    }
    (void)llmobs_drift_counts_compare(&run->detectors->before, &run->answers, &report->answers);
    report->has_answers = report->answers.tests > 0;
}

/* What both came to. */
llmobsi_fn void llmobsi_detector_judge(llmobsi_detector_run* run)
{
    llmobsi_detector* detector = run->detector;
    llmobs_drift_report* report = &run->report;
    double tests = (double)report->has_embeddings + (double)report->has_answers;
    double embeddings = report->has_embeddings ? report->embeddings.p : 1.0;
    double answers = report->has_answers ? report->answers.p : 1.0;
    double telling =
        report->has_answers
            ? llmobsi_detector_answers_p(&report->answers, detector->info.least_change)
            : 1.0;
    double least = embeddings < answers ? embeddings : answers;
    bool lacks_past = report->embeddings.votes >= detector->info.least_votes;
    bool alarm = tests * (embeddings < telling ? embeddings : telling) <= detector->info.alpha;
    report->p = tests * least < 1.0 && tests > 0.0 ? tests * least : 1.0;
    if (tests > 0.0) {
        detector->alarms = alarm ? detector->alarms + 1 : 0;
        report->verdict = !alarm                                        ? LLMOBS_DRIFT_NONE
                          : detector->alarms >= detector->info.windows ? LLMOBS_DRIFT_FOUND
                                                                        : LLMOBS_DRIFT_SUSPECTED;
    } else {
        report->verdict = report->days == 0 || lacks_past ? LLMOBS_DRIFT_NO_BASELINE
                                                          : LLMOBS_DRIFT_INSUFFICIENT_DATA;
    }
    report->alarms = detector->alarms;
}

/* ---- the end of a run ---------------------------------------------------------------------- */

llmobsi_fn void llmobsi_detector_report(llmobsi_detector_run* run)
{
    llmobsi_detector* detector = run->detector;
    llmobs_drift_report* report = &run->report;
    report->size = sizeof *report;
    memcpy(report->detector, detector->info.name, sizeof report->detector);
    report->asked = run->by_host;
    report->run = ++detector->runs;
    report->unix_ns = run->now_ns;
    report->early_warnings = run->tally.early_warnings;
    report->repeated = run->tally.repeated;
    report->mismatched = run->tally.mismatched;
    report->unusable = run->tally.unusable;
    llmobsi_lock_take(&detector->lock);
    detector->report = *report;
    llmobsi_lock_give(&detector->lock);
}

/* What was closed is no more: of vectors nothing is kept that is not needed. */
llmobsi_fn void llmobsi_detector_wipe(llmobsi_detector_run* run)
{
    llmobsi_detectors* detectors = run->detectors;
    llmobsi_detector* detector = run->detector;
    if (detectors->merged == NULL) {
        return;
    }
    llmobsi_wipe(detectors->merged, detectors->sizes.merged);
    llmobsi_wipe(detector->taken, detectors->sizes.sample);
    if (run->closed != NULL) {
        llmobsi_wipe(run->closed, detectors->sizes.window);
    }
    if (run->baseline != NULL && run->baseline != run->next) {
        llmobsi_wipe(detector->baselines[detector->side ^ (run->next != NULL)],
                     detectors->sizes.baseline);
    }
}

/* Makes a run, if one is due. Its report is in `run`. Who makes runs. */
llmobsi_fn bool llmobsi_detector_make(llmobsi_detectors* detectors, llmobsi_detector* detector,
                                      uint64_t now_ns, llmobsi_detector_run* run)
{
    bool taken;
    memset((void*)run, 0, sizeof *run);
    run->detectors = detectors;
    run->detector = detector;
    run->now_ns = now_ns;
    run->now = llmobsi_detector_period_at(detectors, detector, now_ns);
    llmobsi_lock_take(&detector->lock);
    taken = llmobsi_detector_take(run);
    llmobsi_store_relaxed(&detector->due_s,
                          llmobsi_detector_end_s(detectors, detector, detector->period));
    llmobsi_lock_give(&detector->lock);
    if (!taken) {
        return false;
    }
    run->report.days = llmobsi_detector_gather_answers(detectors, detector);
    llmobsi_detector_gather(detectors, detector);
    llmobsi_detector_score(run);
    llmobsi_detector_learn(run);
    llmobsi_detector_turn(run);
    llmobsi_detector_test(run);
    llmobsi_detector_judge(run);
    llmobsi_detector_wipe(run);
    llmobsi_detector_report(run);
    return true;
}

/* ---- beginning ----------------------------------------------------------------------------- */

/* Gives what a file kept of the open period to the window: it has been taken there before, but the
   window was not kept. */
llmobsi_fn void llmobsi_detector_replay(llmobsi_detector* detector)
{
    const llmobs_drift_sample* sample = detector->sample;
    uint32_t i;
    for (i = 0; detector->window != NULL && i < sample->count; i++) {
        const llmobsi_drift_item* item = &llmobsi_drift_items(sample)[i];
        llmobs_embedding embedding;
        memset((void*)&embedding, 0, sizeof embedding);
        embedding.values = llmobsi_drift_sample_row(sample, item->place);
        embedding.dimension = sample->dimension;
        embedding.id = item->order;
        embedding.group = item->rank;
        (void)llmobs_drift_window_add(detector->window, detector->baseline, &embedding);
    }
}

/* The first thing that is done for a detector, once its file was looked at: of the past, if there
   is one, a baseline is fitted, and a window opened. */
llmobsi_fn void llmobsi_detector_begin(llmobsi_detectors* detectors, llmobsi_detector* detector)
{
    const llmobs_drift_baseline* baseline;
    llmobsi_detector_gather(detectors, detector);
    baseline = llmobsi_detector_fit(detectors, detector);
    if (detectors->merged != NULL) {
        llmobsi_wipe(detectors->merged, detectors->sizes.merged);
    }
    llmobsi_lock_take(&detector->lock);
    llmobsi_detector_open(detectors, detector, baseline);
    llmobsi_detector_replay(detector);
    llmobsi_lock_give(&detector->lock);
}

/* Forgets, where that is wanted. Returns whether it was. */
llmobsi_fn bool llmobsi_detector_forget(llmobsi_detectors* detectors, llmobsi_detector* detector,
                                        uint64_t now_ns)
{
    bool anew;
    llmobsi_lock_take(&detector->lock);
    anew = detector->anew;
    if (anew) {
        llmobsi_detector_close(detectors, detector);
        detector->period = llmobsi_detector_period_at(detectors, detector, now_ns);
        detector->from_unix_ns = now_ns;
        detector->anew = false;
    }
    llmobsi_lock_give(&detector->lock);
    if (anew) {
        llmobsi_detector_clear(detectors, detector);
    }
    return anew;
}
