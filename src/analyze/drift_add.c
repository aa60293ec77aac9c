/* What detectors are given: embeddings by whoever calls, answers by the tick. Each session has one
   vote in a window, and one in what is kept of a period. */

/* The number of a group in a period: so the same sessions are not chosen each day, and of a day's
   ends none is left out where days are put together. */
llmobsi_fn uint64_t llmobsi_detector_key(const llmobsi_detector* detector, uint64_t number)
{
    return llmobsi_drift_hash(number, LLMOBS_I_DETECTOR_SEED + (uint64_t)detector->period);
}

/* ---- embeddings ---------------------------------------------------------------------------- */

/* Into the sample of what came since the run before. */
llmobsi_fn llmobs_result llmobsi_detector_sample(llmobsi_detector* detector,
                                                 const llmobs_embedding* embedding)
{
    llmobs_embedding keyed = *embedding;
    keyed.group = llmobsi_detector_key(
        detector, embedding->group != 0 ? embedding->group : embedding->id);
    return llmobs_drift_sample_add(detector->sample, &keyed);
}

/* Into the window. Its group is the rank that the sample gives it, since of what a file kept there
   is no more: see llmobsi_detector_replay. Returns whether the distance was an early warning. */
llmobsi_fn bool llmobsi_detector_vote(llmobsi_detector* detector,
                                      const llmobs_embedding* embedding, llmobs_result* result)
{
    llmobs_drift_window* window = detector->window;
    const int64_t distance = window->distance;
    const uint32_t votes = window->votes;
    const uint64_t repeated = window->repeated;
    llmobs_embedding keyed = *embedding;
    if (embedding->group != 0) {
        keyed.group = llmobsi_drift_hash(llmobsi_detector_key(detector, embedding->group),
                                         LLMOBS_I_DETECTOR_SEED);
    }
    *result = llmobs_drift_window_add(window, detector->baseline, &keyed);
    detector->tally.repeated += window->repeated - repeated;
    return window->votes != votes &&
           llmobs_cusum_add(&detector->cusum, llmobsi_drift_unfixed(window->distance - distance)) !=
               LLMOBS_CUSUM_NONE;
}

/* There was a change, and by now enough came after it to be tested. */
llmobsi_fn void llmobsi_detector_look_after(llmobsi_detector* detector)
{
    uint64_t votes = detector->window != NULL ? detector->window->votes : detector->answer_count;
    if (llmobsi_unlikely(detector->after[0] != '\0') && !detector->asked &&
        votes >= LLMOBS_I_DETECTOR_AFTER) {
        char reason[LLMOBS_DRIFT_REASON_SIZE];
        memcpy(reason, detector->after, sizeof reason);
        llmobsi_detector_ask(detector, reason, false);
    }
}

/* Under the lock. `warned`: it was an early warning. */
llmobsi_fn llmobs_result llmobsi_detector_add(llmobsi_detector* detector,
                                              const llmobs_embedding* embedding, bool* warned)
{
    llmobs_result result = LLMOBS_ERROR_LIMIT;
    if (detector->sample == NULL) {
        return result;
    }
    result = llmobsi_detector_sample(detector, embedding);
    if (result == LLMOBS_OK && detector->window != NULL) {
        *warned = llmobsi_detector_vote(detector, embedding, &result);
        llmobsi_detector_look_after(detector);
    }
    detector->tally.early_warnings += *warned;
    detector->tally.mismatched += result == LLMOBS_ERROR_MISMATCH;
    detector->tally.unusable +=
        result == LLMOBS_ERROR_ARGUMENT || result == LLMOBS_ERROR_DATA ||
        result == LLMOBS_ERROR_LIMIT;
    return result;
}

LLMOBS_API llmobs_result llmobs_drift_add(llmobs_drift_detector detector,
                                          const llmobs_embedding* embedding)
{
    llmobsi_detectors* detectors;
    llmobsi_detector* found;
    llmobs_counter warnings;
    llmobs_result result;
    bool warned = false;
    if (embedding == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    found = llmobsi_detector_enter(detector, &detectors);
    if (found == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    result = llmobsi_detector_add(found, embedding, &warned);
    warnings = found->series.early_warnings;
    llmobsi_detector_leave(found);
    if (warned) {
        llmobs_counter_add(warnings, 1);
    }
    return result;
}

/* ---- answers ------------------------------------------------------------------------------- */

/* What an answer was like: of a request that has ended. */
typedef struct llmobsi_drift_answer {
    int64_t output_tokens; /* -1: unknown */
    int8_t cached;         /* this and the next two: 0, 1; -1: unknown */
    int8_t refused;
    int8_t failed;
    char finish_reason[LLMOBS_DRIFT_COUNTS_NAME_SIZE]; /* "": unknown, as the next two */
    char response_model[LLMOBS_EMBEDDER_SIZE];
    char fingerprint[LLMOBS_EMBEDDER_SIZE];
} llmobsi_drift_answer;

/* Whose it is. */
typedef struct llmobsi_drift_source {
    llmobs_string feature;
    llmobs_string model;
    llmobs_string session; /* "": none; each has a vote, then */
} llmobsi_drift_source;

llmobsi_inline bool llmobsi_detector_is_text(const char* text, llmobs_string other)
{
    return strlen(text) == other.size && memcmp(text, other.data, other.size) == 0;
}

llmobsi_fn bool llmobsi_detector_wants(const llmobsi_detector_info* info,
                                       const llmobsi_drift_source* source)
{
    return !info->no_requests &&
           (info->all_features || llmobsi_detector_is_text(info->feature, source->feature)) &&
           (info->all_models || llmobsi_detector_is_text(info->model, source->model));
}

/* Whether a session votes here for the first time. */
llmobsi_fn bool llmobsi_detector_admits(llmobsi_detector* detector, llmobs_string session)
{
    llmobsi_drift_probe probe;
    if (session.size == 0) {
        return true;
    }
    probe = llmobsi_drift_probe_of(detector->voters, llmobs_drift_key(session.data, session.size));
    if (llmobsi_drift_has_voted(detector->voters, &probe)) {
        return false;
    }
    llmobsi_drift_note_vote(detector->voters, &probe);
    return true;
}

/* Brings a hash to the front. False: it is the first time that it is seen. */
llmobsi_fn bool llmobsi_detector_recall(llmobsi_detector_known* known, uint64_t hash)
{
    uint32_t at = 0;
    bool found;
    while (at < known->count && known->seen[at] != hash) {
        at++;
    }
    found = at < known->count;
    if (!found) {
        known->count += known->count < LLMOBS_I_DETECTOR_KNOWN;
        at = known->count - 1;
    }
    memmove(known->seen + 1, known->seen, at * sizeof known->seen[0]);
    known->seen[0] = hash;
    return found;
}

/* Puts three texts together, cut on a UTF-8 border. */
llmobsi_fn void llmobsi_detector_phrase(char out[LLMOBS_DRIFT_REASON_SIZE], const char* when,
                                        const char* what, const char* value)
{
    char text[2 * LLMOBS_DRIFT_REASON_SIZE];
    size_t first = strlen(when);
    size_t second = strlen(what);
    memcpy(text, when, first);
    memcpy(text + first, what, second);
    memcpy(text + first + second, value, strlen(value) + 1);
    llmobsi_detector_say(out, text);
}

/* A model or fingerprint answers. If it is a new one, and not the first of all, what came before it
   is tested, and once there is enough what comes after it. Under the lock. */
llmobsi_fn void llmobsi_detector_recognize(llmobsi_detector* detector,
                                           llmobsi_detector_known* known, const char* what,
                                           const char* value)
{
    const bool is_first = known->count == 0;
    char text[LLMOBS_DRIFT_REASON_SIZE];
    if (value[0] == '\0' ||
        llmobsi_detector_recall(known, llmobs_drift_key(value, strlen(value))) || is_first ||
        detector->changes == LLMOBS_I_DETECTOR_CHANGES) {
        return;
    }
    detector->changes++;
    llmobsi_detector_phrase(text, "before ", what, value);
    llmobsi_detector_ask(detector, text, false);
    llmobsi_detector_phrase(detector->after, "after ", what, value);
}

llmobsi_fn void llmobsi_detector_flag(llmobsi_detector* detector, uint32_t flag, int8_t value)
{
    if (value >= 0) {
        llmobs_drift_counts_flag(&detector->answers, flag, value != 0);
    }
}

/* What is known of an answer. Under the lock. */
llmobsi_fn void llmobsi_detector_count(llmobsi_detector* detector,
                                       const llmobsi_drift_answer* answer)
{
    if (answer->output_tokens >= 0) {
        llmobs_drift_counts_number(&detector->answers, (double)answer->output_tokens);
    }
    if (answer->finish_reason[0] != '\0') {
        llmobs_drift_counts_category(&detector->answers, llmobs_str(answer->finish_reason));
    }
    llmobsi_detector_flag(detector, LLMOBS_DRIFT_FLAG_REFUSED, answer->refused);
    llmobsi_detector_flag(detector, LLMOBS_DRIFT_FLAG_CACHED, answer->cached);
    llmobsi_detector_flag(detector, LLMOBS_DRIFT_FLAG_FAILED, answer->failed);
    detector->answer_count++;
}

llmobsi_fn void llmobsi_detector_answer(llmobsi_detector* detector,
                                        const llmobsi_drift_source* source,
                                        const llmobsi_drift_answer* answer)
{
    llmobsi_lock_take(&detector->lock);
    llmobsi_detector_recognize(detector, &detector->models, "response model ",
                               answer->response_model);
    llmobsi_detector_recognize(detector, &detector->fingerprints, "system fingerprint ",
                               answer->fingerprint);
    if (llmobsi_detector_admits(detector, source->session)) {
        llmobsi_detector_count(detector, answer);
        llmobsi_detector_look_after(detector);
    } else {
        detector->tally.repeated++;
    }
    llmobsi_lock_give(&detector->lock);
}

/* The tick: a request has ended, for each detector that follows it. The busy flag is up, if this
   thread has one, so that its signal handlers do not wait for a lock. */
llmobsi_fn void llmobsi_detectors_answer(llmobsi_detectors* detectors,
                                         const llmobsi_drift_source* source,
                                         const llmobsi_drift_answer* answer)
{
    const uint32_t count = llmobsi_load_acquire(&detectors->count);
    uint32_t i;
    for (i = 0; i < count; i++) {
        if (llmobsi_detector_wants(&detectors->detectors[i].info, source)) {
            llmobsi_detector_answer(&detectors->detectors[i], source, answer);
        }
    }
}
