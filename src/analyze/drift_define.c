/* Defining detectors, and the calls on one that do not add to it. */

LLMOBS_API llmobs_drift_info llmobs_drift_info_default(void)
{
    llmobs_drift_info info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    return info;
}

LLMOBS_API const char* llmobs_drift_verdict_name(llmobs_drift_verdict verdict)
{
    static const char* const names[LLMOBS_I_DETECTOR_VERDICTS] = {
        "none", "drift", "suspected", "insufficient_data", "no_baseline"};
    return (uint32_t)verdict < LLMOBS_I_DETECTOR_VERDICTS ? names[verdict] : "unknown";
}

/* A name is a label's value and a part of a path. */
llmobsi_fn bool llmobsi_detector_name_is_sound(const char* name)
{
    static const char others[] = "_-.";
    size_t size = 0;
    for (; name != NULL && name[size] != '\0' && size < LLMOBS_DRIFT_NAME_SIZE; size++) {
        char c = name[size];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!plain && (size == 0 || strchr(others, c) == NULL)) {
            return false;
        }
    }
    return size > 0 && size < LLMOBS_DRIFT_NAME_SIZE;
}

/* Copies a text that is not too long; NULL is "". */
llmobsi_fn bool llmobsi_detector_set_text(char* out, size_t capacity, const char* text)
{
    size_t size = text != NULL ? strlen(text) : 0;
    if (size >= capacity || !llmobsi_utf8_is_valid(text, size)) {
        return false;
    }
    memset(out, 0, capacity);
    memcpy(out, text != NULL ? text : "", size);
    return true;
}

llmobsi_inline bool llmobsi_detector_share_is_sound(double share, double least)
{
    return llmobsi_double_is_finite(share) && share >= least && share <= 1.0;
}

/* What is given, with nothing left to decide; false: something is out of range. */
llmobsi_fn bool llmobsi_detector_info_complete(llmobsi_detector_info* out,
                                               const llmobs_drift_info* given)
{
    llmobs_drift_info info = llmobs_drift_info_default();
    memset((void*)out, 0, sizeof *out);
    if (given == NULL) {
        return false;
    }
    memcpy(&info, given, llmobsi_known_size(given->size, sizeof info));
    if (!llmobsi_double_is_finite(info.alpha) || !llmobsi_double_is_finite(info.least_change)) {
        return false;
    }
    out->alpha = info.alpha > 0.0 || info.alpha < 0.0 ? info.alpha : LLMOBS_DRIFT_ALPHA;
    out->least_change =
        info.least_change > 0.0 || info.least_change < 0.0 ? info.least_change : 0.05;
    out->windows = info.windows != 0 ? info.windows : 1;
    out->least_votes = info.least_votes != 0 ? info.least_votes : LLMOBS_DRIFT_VOTES;
    out->least_baseline = info.least_baseline != 0 ? info.least_baseline : 200;
    out->interval_s = info.interval_s != 0 ? info.interval_s : 86400;
    out->all_features = info.feature == NULL;
    out->all_models = info.model == NULL;
    out->no_requests = info.no_requests;
    return llmobsi_detector_name_is_sound(info.name) &&
           llmobsi_detector_set_text(out->name, sizeof out->name, info.name) &&
           llmobsi_detector_set_text(out->feature, sizeof out->feature, info.feature) &&
           llmobsi_detector_set_text(out->model, sizeof out->model, info.model) &&
           llmobsi_detector_set_text(out->embedder, sizeof out->embedder, info.embedder) &&
           out->alpha > 0.0 && out->alpha < 1.0 &&
           llmobsi_detector_share_is_sound(out->least_change, 0.0) && out->windows <= 100 &&
           out->least_votes >= LLMOBS_DRIFT_VOTES && out->least_votes <= 65536 &&
           out->least_baseline >= LLMOBS_I_DRIFT_LEAST && out->least_baseline <= 1000000 &&
           out->interval_s >= 60 && out->interval_s <= 31 * 86400;
}

/* The series of a detector. They are there from the start, at 0: an increase is seen by rules that
   find a series only once it is there. */
llmobsi_fn void llmobsi_detector_series_get(llmobs* obs, const char* name,
                                            llmobsi_detector_series* series)
{
    static const char* const tests[LLMOBS_I_DETECTOR_TESTS] = {"all",   "centroid", "distance",
                                                               "topic", "tail",     "answers"};
    const char* labels[2];
    uint32_t i;
    labels[0] = name;
    series->score =
        llmobs_gauge_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_DRIFT_SCORE), labels, 1);
    series->early_warnings = llmobs_counter_get(
        llmobs_metric_of(obs, LLMOBS_METRIC_LLM_DRIFT_EARLY_WARNINGS), labels, 1);
    for (i = 0; i < LLMOBS_I_DETECTOR_TESTS; i++) {
        labels[1] = tests[i];
        series->p[i] =
            llmobs_gauge_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_DRIFT_P_VALUE), labels, 2);
    }
    for (i = 0; i < LLMOBS_I_DETECTOR_VERDICTS; i++) {
        labels[1] = llmobs_drift_verdict_name((llmobs_drift_verdict)i);
        series->runs[i] =
            llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_DRIFT_RUNS), labels, 2);
    }
}

/* Whether two definitions say the same. Texts are compared with the zeros behind them. */
llmobsi_fn bool llmobsi_detector_info_is(const llmobsi_detector_info* a,
                                         const llmobsi_detector_info* b)
{
    return memcmp(a->name, b->name, sizeof a->name) == 0 &&
           memcmp(a->feature, b->feature, sizeof a->feature) == 0 &&
           memcmp(a->model, b->model, sizeof a->model) == 0 &&
           memcmp(a->embedder, b->embedder, sizeof a->embedder) == 0 &&
           llmobsi_double_bits(a->alpha) == llmobsi_double_bits(b->alpha) &&
           llmobsi_double_bits(a->least_change) == llmobsi_double_bits(b->least_change) &&
           a->windows == b->windows && a->least_votes == b->least_votes &&
           a->least_baseline == b->least_baseline && a->interval_s == b->interval_s &&
           a->all_features == b->all_features && a->all_models == b->all_models &&
           a->no_requests == b->no_requests;
}

/* Its place, + 1; 0, with the reason: there is none. Under the lock. */
llmobsi_fn uint32_t llmobsi_detector_put(llmobsi_detectors* detectors,
                                         const llmobsi_detector_info* info,
                                         const llmobsi_detector_series* series,
                                         uint64_t now_ns, llmobs_result* result)
{
    const uint32_t count = llmobsi_load_relaxed(&detectors->count);
    llmobsi_detector* detector = &detectors->detectors[count];
    uint32_t i;
    *result = LLMOBS_ERROR_LIMIT;
    for (i = 0; i < count; i++) {
        const llmobsi_detector_info* other = &detectors->detectors[i].info;
        if (strcmp(other->name, info->name) == 0) {
            bool same = llmobsi_detector_info_is(other, info);
            *result = same ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT;
            return same ? i + 1 : 0;
        }
    }
    if (count == detectors->limit) {
        return 0;
    }
    detector->info = *info;
    detector->series = *series;
    detector->period = llmobsi_detector_period_at(detectors, detector, now_ns);
    detector->from_unix_ns = now_ns;
    llmobsi_detector_close(detectors, detector);
    llmobsi_detector_clear(detectors, detector);
    llmobsi_store_relaxed(&detector->due_s, 0);
    *result = LLMOBS_OK;
    llmobsi_store_release(&detectors->count, count + 1);
    return count + 1;
}

LLMOBS_API llmobs_drift_detector llmobs_drift_define(llmobs* obs, const llmobs_drift_info* info,
                                                     llmobs_result* result)
{
    llmobs_result came_to = LLMOBS_ERROR_ARGUMENT;
    llmobs_drift_detector detector;
    llmobsi_detector_info complete;
    llmobsi_detector_series series;
    llmobsi_detectors* detectors;
    llmobsi_thread* thread;
    memset(&detector, 0, sizeof detector);
    memset((void*)&series, 0, sizeof series);
    if (llmobsi_detector_info_complete(&complete, info)) {
        llmobsi_detector_series_get(obs, complete.name, &series);
        thread = llmobsi_enter(llmobsi_ticket(obs));
        came_to = thread != NULL ? LLMOBS_ERROR_LIMIT : LLMOBS_ERROR_CLOSED;
        detectors = thread != NULL ? llmobsi_detectors_of(thread->recorder) : NULL;
        if (detectors != NULL) {
            uint64_t now_ns = llmobsi_clock_unix_ns(&thread->recorder->timeline.injected);
            llmobsi_lock_take(&detectors->lock);
            detector.place =
                llmobsi_detector_put(detectors, &complete, &series, now_ns, &came_to);
            llmobsi_lock_give(&detectors->lock);
        }
        if (thread != NULL) {
            llmobsi_leave();
        }
    }
    detector.instance = detector.place != 0 ? llmobsi_ticket(obs) : 0;
    if (result != NULL) {
        *result = came_to;
    }
    return detector;
}

/* ---- calls --------------------------------------------------------------------------------- */

/* Comes in, to a detector's lock; NULL: there is no such detector. Otherwise llmobsi_detector_leave
   must follow. */
llmobsi_fn llmobsi_detector* llmobsi_detector_enter(llmobs_drift_detector handle,
                                                    llmobsi_detectors** detectors)
{
    llmobsi_thread* thread = llmobsi_enter(handle.instance);
    if (thread == NULL) {
        return NULL;
    }
    *detectors = llmobsi_detectors_of(thread->recorder);
    if (*detectors == NULL || handle.place == 0 ||
        handle.place > llmobsi_load_acquire(&(*detectors)->count)) {
        llmobsi_leave();
        return NULL;
    }
    llmobsi_lock_take(&(*detectors)->detectors[handle.place - 1].lock);
    return &(*detectors)->detectors[handle.place - 1];
}

llmobsi_fn void llmobsi_detector_leave(llmobsi_detector* detector)
{
    llmobsi_lock_give(&detector->lock);
    llmobsi_leave();
}

/* Copies a text, cut on a UTF-8 border. */
llmobsi_fn void llmobsi_detector_say(char out[LLMOBS_DRIFT_REASON_SIZE], const char* text)
{
    size_t size = llmobsi_utf8_cut(text, strlen(text), LLMOBS_DRIFT_REASON_SIZE - 1);
    memset(out, 0, LLMOBS_DRIFT_REASON_SIZE);
    memcpy(out, text, size);
}

/* A run is wanted. Under the lock. */
llmobsi_fn void llmobsi_detector_ask(llmobsi_detector* detector, const char* reason, bool by_host)
{
    llmobsi_detector_say(detector->reason, reason);
    detector->asked = true;
    detector->by_host = detector->by_host || by_host;
    llmobsi_store_relaxed(&detector->due_s, 0);
}

LLMOBS_API llmobs_result llmobs_drift_run_now(llmobs_drift_detector detector, const char* reason)
{
    llmobsi_detectors* detectors;
    llmobsi_detector* found = NULL;
    if (reason == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    found = llmobsi_detector_enter(detector, &detectors);
    if (found == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    llmobsi_detector_ask(found, reason, true);
    llmobsi_detector_leave(found);
    return LLMOBS_OK;
}

LLMOBS_API llmobs_result llmobs_drift_begin_anew(llmobs_drift_detector detector)
{
    llmobsi_detectors* detectors;
    llmobsi_detector* found = llmobsi_detector_enter(detector, &detectors);
    if (found == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    found->anew = true;
    llmobsi_store_relaxed(&found->due_s, 0);
    llmobsi_detector_leave(found);
    return LLMOBS_OK;
}

LLMOBS_API llmobs_result llmobs_drift_read(llmobs_drift_detector detector,
                                           llmobs_drift_report* report)
{
    llmobsi_detectors* detectors;
    llmobsi_detector* found;
    if (report == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    found = llmobsi_detector_enter(detector, &detectors);
    if (found == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    report->size = llmobsi_known_size(report->size, sizeof *report);
    memcpy((char*)report + sizeof report->size, (const char*)&found->report + sizeof report->size,
           report->size - sizeof report->size);
    llmobsi_detector_leave(found);
    return LLMOBS_OK;
}
