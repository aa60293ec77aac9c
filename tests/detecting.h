/* For tests of detectors: an instance on a clock of the test's own that is asked for what is due,
   and keeps what it is told. Include it after llmobs_private.h, tap.h, keeper.h, requester.h and
   drifting.h. */
#ifndef DETECTING_H
#define DETECTING_H

#define WIDTH 16
#define SECOND UINT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define FIRST_DAY (UINT64_C(20424) * DAY) /* 2025-12-02 */

static llmobs_drift_report told_reports[512];
static size_t told_count;
static llmobs* told_obs;
static int told_busy; /* calls from inside that were refused */

static inline void take_report(void* user, const llmobs_drift_report* report)
{
    (void)user;
    if (told_count < sizeof told_reports / sizeof told_reports[0]) {
        told_reports[told_count] = *report;
    }
    told_count++;
    told_busy += llmobs_drift_work(told_obs) == LLMOBS_ERROR_BUSY;
    told_busy += llmobs_tick(told_obs) == LLMOBS_ERROR_BUSY;
    told_busy += llmobs_flush(told_obs, 10) == LLMOBS_ERROR_BUSY;
    told_busy += llmobs_close(told_obs) == LLMOBS_ERROR_BUSY;
}

static size_t added_rows; /* embeddings go on from one to the next */

static inline llmobs_config detector_config(void)
{
    llmobs_config config = request_config();
    config.metric_families = LLMOBS_FAMILY_LLM;
    config.drift_detectors = 2;
    config.drift_dimensions = WIDTH;
    config.drift_prototypes = 6;
    config.drift_days = 14;
    config.drift_day_embeddings = 40;
    config.on_drift = take_report;
    fake_now = FIRST_DAY + HOUR;
    told_count = 0;
    told_busy = 0;
    added_rows = 0;
    return config;
}

static inline llmobs* open_detecting(const llmobs_config* config)
{
    told_obs = llmobs_open(config, NULL);
    if (told_obs == NULL) {
        printf("Bail out! no instance\n");
        exit(1);
    }
    return told_obs;
}

static inline llmobs_drift_info answers_info(void)
{
    llmobs_drift_info info = llmobs_drift_info_default();
    info.name = "answers";
    info.embedder = "test embedder";
    info.least_baseline = 40; /* a day's */
    return info;
}

static inline llmobs_drift_detector define(llmobs* obs, const llmobs_drift_info* info)
{
    llmobs_result result;
    llmobs_drift_detector detector = llmobs_drift_define(obs, info, &result);
    if (result != LLMOBS_OK) {
        printf("Bail out! no detector: %s\n", llmobs_result_name(result));
        exit(1);
    }
    return detector;
}

/* A shift that nobody can miss: every second number has the other sign. */
#define SHIFT_TURNED ((int)SHIFT_COUNT)

static inline void turned_embedding(float* values, size_t row, int shift)
{
    size_t i;
    drift_embedding(values, WIDTH, 11, row, shift == SHIFT_TURNED ? SHIFT_NONE : shift);
    for (i = 0; i < WIDTH && shift == SHIFT_TURNED; i += 2) {
        values[i] = -values[i];
    }
}

/* So many embeddings, each of a session of its own. */
static inline void add_embeddings(llmobs_drift_detector detector, size_t count, int shift)
{
    float values[WIDTH];
    size_t i;
    for (i = 0; i < count; i++, added_rows++) {
        llmobs_embedding embedding =
            drift_as_embedding(values, WIDTH, added_rows + 1, added_rows + 1000000);
        turned_embedding(values, added_rows, shift);
        (void)llmobs_drift_add(detector, &embedding);
    }
}

static inline llmobs_drift_report last_report(llmobs_drift_detector detector)
{
    llmobs_drift_report report;
    memset((void*)&report, 0, sizeof report);
    report.size = sizeof report;
    if (llmobs_drift_read(detector, &report) != LLMOBS_OK) {
        printf("Bail out! no report\n");
        exit(1);
    }
    return report;
}

/* A day passes, and what is due is done. Returns the last run's report. */
static inline llmobs_drift_report pass_days(llmobs* obs, llmobs_drift_detector detector, int days)
{
    fake_now += (uint64_t)days * DAY;
    (void)llmobs_drift_work(obs);
    return last_report(detector);
}

static inline const char* verdict_of(const llmobs_drift_report* report)
{
    return llmobs_drift_verdict_name(report->verdict);
}

static inline llmobsi_detector* inside_of(llmobs_drift_detector detector)
{
    llmobsi_recorder* recorder = llmobsi_places[LLMOBS_I_PLACE(detector.instance)].recorder;
    return &llmobsi_detectors_of(recorder)->detectors[detector.place - 1];
}

/* What an answer is like, and how often it comes. */
typedef struct answering {
    const char* feature;
    const char* model;
    const char* session; /* NULL: one of its own */
    const char* finish_reason;
    const char* response_model;
    const char* fingerprint;
    int64_t tokens; /* -1: unknown; else more or less so many */
    int64_t cached;
    bool blocked;
    bool failed;
} answering;

static inline answering usual_answer(void)
{
    answering answer;
    memset(&answer, 0, sizeof answer);
    answer.feature = "support";
    answer.model = "m";
    answer.finish_reason = "stop";
    answer.response_model = "m-1";
    answer.tokens = 100;
    return answer;
}

static uint64_t answered;
static inline void answer_one(llmobs* obs, const answering* answer)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request;
    char session[32];
    (void)snprintf(session, sizeof session, "s%llu", (unsigned long long)++answered);
    info.feature = answer->feature;
    info.model = answer->model;
    info.session_id = answer->session != NULL ? answer->session : session;
    request = llmobs_request_begin(obs, &info);
    if (answer->blocked) {
        llmobs_guardrail(request, "pii", LLMOBS_GUARDRAIL_BLOCKED);
    }
    outcome.finish_reason = answer->finish_reason;
    outcome.response_model = answer->response_model;
    outcome.system_fingerprint = answer->fingerprint;
    outcome.error_type = answer->failed ? "timeout" : NULL;
    outcome.usage.output_tokens =
        answer->tokens < 0 ? -1 : answer->tokens + (int64_t)(drift_number(3, answered) % 50);
    outcome.usage.cached_tokens = answer->cached;
    llmobs_request_end(request, &outcome);
}

static inline void answer_many(llmobs* obs, const answering* answer, int count)
{
    while (count-- > 0) {
        answer_one(obs, answer);
        if (count % 8 == 0) {
            (void)llmobs_tick(obs);
        }
    }
}

/* Days of the ring that have something. */
static inline uint32_t days_kept(llmobs_drift_detector detector)
{
    llmobsi_recorder* recorder = llmobsi_places[LLMOBS_I_PLACE(detector.instance)].recorder;
    uint32_t days = llmobsi_detectors_of(recorder)->sizes.days;
    uint32_t count = 0;
    uint32_t i;
    for (i = 0; i < days; i++) {
        count += inside_of(detector)->days[i].number != LLMOBS_I_NO_PERIOD;
    }
    return count;
}

#endif
