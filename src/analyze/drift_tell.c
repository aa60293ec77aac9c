/* What a run came to, told: to metrics, as a log record, to the host's callback. Nothing is told
   under a lock. */

#define LLMOBS_I_DRIFT_EVENT "llm.drift"
#define LLMOBS_I_DRIFT_SENTENCE 320u
#define LLMOBS_I_DRIFT_ATTRIBUTES 20u

/* ---- metrics ------------------------------------------------------------------------------- */

/* A p is set where its test was made, and so is the score: what is older stays until then. */
llmobsi_fn void llmobsi_detector_measure_run(const llmobsi_detector* detector,
                                             const llmobs_drift_report* report)
{
    const llmobsi_detector_series* series = &detector->series;
    llmobs_counter_add(series->runs[report->verdict], 1);
    if (report->has_score) {
        llmobs_gauge_set(series->score, report->score);
    }
    if (report->has_embeddings || report->has_answers) {
        llmobs_gauge_set(series->p[0], report->p);
    }
    if (report->has_embeddings) {
        llmobs_gauge_set(series->p[1], report->embeddings.p_centroid);
        llmobs_gauge_set(series->p[2], report->embeddings.p_distance);
        llmobs_gauge_set(series->p[3], report->embeddings.p_topic);
        llmobs_gauge_set(series->p[4], report->embeddings.p_tail);
    }
    if (report->has_answers) {
        llmobs_gauge_set(series->p[5], report->answers.p);
    }
}

/* ---- the log record ------------------------------------------------------------------------ */

/* The test that has the least p. */
llmobsi_fn const char* llmobsi_drift_least(const llmobs_drift_report* report)
{
    const llmobs_drift_result* result = &report->embeddings;
    const char* least = "answers";
    double p = report->has_answers ? report->answers.p : 2.0;
    const char* const names[4] = {"centroid", "distance", "topic", "tail"};
    double ps[4];
    int i;
    ps[0] = 4.0 * result->p_centroid; /* as they are weighed against the answers */
    ps[1] = 4.0 * result->p_distance;
    ps[2] = 4.0 * result->p_topic;
    ps[3] = 4.0 * result->p_tail;
    for (i = 0; i < 4 && report->has_embeddings; i++) {
        if (ps[i] < p) {
            p = ps[i];
            least = names[i];
        }
    }
    return least;
}

llmobsi_inline bool llmobsi_drift_worries(const llmobs_drift_report* report)
{
    return report->verdict == LLMOBS_DRIFT_FOUND || report->verdict == LLMOBS_DRIFT_SUSPECTED;
}

/* A sentence for a person. */
llmobsi_fn llmobs_string llmobsi_drift_sentence(const llmobs_drift_report* report, char* out)
{
    static const char* const said[LLMOBS_I_DETECTOR_VERDICTS] = {
        " sees no drift (", " sees drift (", " suspects drift (", " has too little to tell drift (",
        " has no baseline yet ("};
    llmobsi_writer writer;
    llmobs_string sentence;
    const char* verdict = said[report->verdict];
    const char* least = llmobsi_drift_least(report);
    llmobsi_writer_init(&writer, out, LLMOBS_I_DRIFT_SENTENCE, NULL, NULL);
    llmobsi_put(&writer, report->detector, strlen(report->detector));
    llmobsi_put(&writer, verdict, strlen(verdict));
    llmobsi_put(&writer, report->reason, strlen(report->reason));
    llmobsi_put(&writer, ")", 1);
    if (report->has_embeddings || report->has_answers) {
        llmobsi_put(&writer, ": p ", 4);
        llmobsi_put_double(&writer, report->p);
    }
    if (llmobsi_drift_worries(report)) {
        llmobsi_put(&writer, ", most of all by ", 17);
        llmobsi_put(&writer, least, strlen(least));
    }
    sentence.data = out;
    sentence.size = writer.length;
    return sentence;
}

typedef struct llmobsi_drift_attributes {
    llmobs_attribute list[LLMOBS_I_DRIFT_ATTRIBUTES];
    size_t count;
} llmobsi_drift_attributes;

llmobsi_fn void llmobsi_drift_tell_embeddings(llmobsi_drift_attributes* out,
                                              const llmobs_drift_result* result)
{
    out->list[out->count++] = llmobs_attribute_double("llm.drift.p_centroid", result->p_centroid);
    out->list[out->count++] = llmobs_attribute_double("llm.drift.p_distance", result->p_distance);
    out->list[out->count++] = llmobs_attribute_double("llm.drift.p_topic", result->p_topic);
    out->list[out->count++] = llmobs_attribute_double("llm.drift.p_tail", result->p_tail);
    out->list[out->count++] = llmobs_attribute_int("llm.drift.votes", result->votes);
    out->list[out->count++] = llmobs_attribute_int("llm.drift.baseline_count", result->count);
    out->list[out->count++] = llmobs_attribute_int("llm.drift.topic", result->topic);
    out->list[out->count++] = llmobs_attribute_double("llm.drift.topic_share",
                                                      result->topic_share);
    out->list[out->count++] = llmobs_attribute_double("llm.drift.topic_share_before",
                                                      result->topic_share_before);
}

llmobsi_fn void llmobsi_drift_attributes_of(llmobsi_drift_attributes* out,
                                            const llmobs_drift_report* report)
{
    out->count = 0;
    out->list[out->count++] = llmobs_attribute_string("llm.drift.detector", report->detector);
    out->list[out->count++] = llmobs_attribute_string(
        "llm.drift.verdict", llmobs_drift_verdict_name(report->verdict));
    out->list[out->count++] = llmobs_attribute_string("llm.drift.reason", report->reason);
    out->list[out->count++] = llmobs_attribute_int("llm.drift.run", (int64_t)report->run);
    out->list[out->count++] = llmobs_attribute_int("llm.drift.alarms", report->alarms);
    out->list[out->count++] =
        llmobs_attribute_int("llm.drift.early_warnings", (int64_t)report->early_warnings);
    if (report->has_embeddings || report->has_answers) {
        out->list[out->count++] = llmobs_attribute_double("llm.drift.p", report->p);
    }
    if (report->has_embeddings) {
        llmobsi_drift_tell_embeddings(out, &report->embeddings);
    }
    if (report->has_answers) {
        out->list[out->count++] =
            llmobs_attribute_double("llm.drift.p_answers", report->answers.p);
    }
    if (report->has_score) {
        out->list[out->count++] = llmobs_attribute_double("llm.drift.score", report->score);
    }
}

/* On the thread that makes runs, which takes a recording thread's place. By the rules of
   llmobs_log. */
llmobsi_fn void llmobsi_detector_log(llmobs* obs, const llmobs_drift_report* report)
{
    char text[LLMOBS_I_DRIFT_SENTENCE];
    llmobsi_drift_attributes attributes;
    llmobs_log_info info = llmobs_log_info_default();
    llmobsi_drift_attributes_of(&attributes, report);
    info.severity = llmobsi_drift_worries(report) ? LLMOBS_SEVERITY_WARN : LLMOBS_SEVERITY_INFO;
    info.event_name = LLMOBS_I_DRIFT_EVENT;
    info.body = llmobsi_drift_sentence(report, text);
    info.unix_ns = report->unix_ns;
    info.attributes = attributes.list;
    info.attribute_count = attributes.count;
    llmobs_log_with(obs, &info);
}

/* ---- the callback -------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_detector_is_told(const llmobs_drift_report* report)
{
    return report->asked || report->verdict == LLMOBS_DRIFT_FOUND;
}

llmobsi_fn void llmobsi_detector_tell(const llmobsi_detectors* detectors, uint32_t ticket,
                                      const llmobs_drift_report* report)
{
    llmobsi_callback callback;
    bool threw = false;
    if (detectors->tell != NULL && llmobsi_detector_is_told(report)) {
        callback = llmobsi_callback_mark(ticket);
        llmobsi_try {
            detectors->tell(detectors->user, report);
        }
        llmobsi_catch_any {
            threw = true;
        }
        (void)llmobsi_callback_end(&callback);
        if (threw) {
            llmobsi_callback_threw(ticket);
        }
    }
}
