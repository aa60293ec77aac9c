#define LLMOBS_I_SERVICE_UNKNOWN "unknown_service"
#define LLMOBS_I_FAMILIES_STANDARD 33u /* LLMOBS_FAMILY_LLM | LLMOBS_FAMILY_SELF */
#define LLMOBS_I_SEVERITY_STANDARD 9u  /* LLMOBS_SEVERITY_INFO                    */
#define LLMOBS_I_SEVERITY_MOST 24u     /* LLMOBS_SEVERITY_FATAL, and three more   */

/* How much is known on both sides of a struct that says its own size: an older version's is
   shorter, a newer one's longer. 0 stands for this version's, which has `whole` bytes. */
llmobsi_inline size_t llmobsi_known_size(size_t given, size_t whole)
{
    return given != 0 && given < whole ? given : whole;
}

/* ---- the host's clock, random source and allocator ----------------------------------------- */

/* One that throws does not know the time: the system's. Not inlined where recorders stamp. */
llmobsi_noinline uint64_t llmobsi_host_time(const llmobs_clock* clock)
{
    uint64_t unix_ns = 0;
    bool threw = false;
    llmobsi_try {
        unix_ns = clock->unix_ns(clock->user);
    }
    llmobsi_catch_any {
        threw = true;
    }
    return threw ? llmobsi_realtime_ns() : unix_ns;
}

llmobsi_fn bool llmobsi_host_fill(const llmobs_random* random, void* bytes, size_t size)
{
    int cancel = llmobsi_cancel_hold();
    bool filled = false;
    llmobsi_try {
        filled = random->fill(random->user, bytes, size);
    }
    llmobsi_catch_any {
    }
    llmobsi_cancel_resume(cancel);
    return filled;
}

/* NULL where it throws: so does operator new when memory runs out. */
llmobsi_fn void* llmobsi_host_allocate(const llmobs_allocator* allocator, size_t bytes)
{
    int cancel = llmobsi_cancel_hold();
    void* memory = NULL;
    llmobsi_try {
        memory = allocator->allocate(allocator->user, bytes, LLMOBS_I_CACHE_LINE);
    }
    llmobsi_catch_any {
    }
    llmobsi_cancel_resume(cancel);
    return memory;
}

llmobsi_fn void llmobsi_host_release(const llmobs_allocator* allocator, void* memory, size_t bytes)
{
    int cancel = llmobsi_cancel_hold();
    llmobsi_try {
        allocator->release(allocator->user, memory, bytes);
    }
    llmobsi_catch_any {
    }
    llmobsi_cancel_resume(cancel);
}

/* ---- defaults ------------------------------------------------------------------------------ */

LLMOBS_API llmobs_key llmobs_key_default(void)
{
    llmobs_key key;
    memset(&key, 0, sizeof key);
    key.size = sizeof key;
    return key;
}

/* What judging and sampling begin with. */
llmobsi_fn void llmobsi_config_sampling(llmobs_config* config)
{
    config->capture_bytes = 2048;
    config->judge_ratio = 0.05;
    config->judge_slow_ms = 30000;
    config->judge_cost_nano = INT64_C(1000000000);
    config->judge_new_version = 50;
    config->judge_forced_per_minute = 60;
    config->judge_floor_per_hour = 4;
    config->judge_workers = 1;
    config->judge_prompt_bytes = 16384;
    config->judge_answer_bytes = 8192;
    config->tail_spans = 64;
    config->tail_wait_s = 30;
}

LLMOBS_API llmobs_config llmobs_config_default(void)
{
    llmobs_config config;
    memset(&config, 0, sizeof config);
    config.size = sizeof config;
    config.service_name = LLMOBS_I_SERVICE_UNKNOWN;
    config.span_slots = 4096;
    config.max_threads = 64;
    config.name_bytes = 32768;
    config.value_bytes = 256;
    config.span_parts = 8;
    config.max_exporters = 4;
    config.queue_bytes = 1048576;
    config.batch_bytes = 65536;
    config.batch_delay_ms = 1000;
    config.tick_ms = 100;
    config.close_timeout_ms = 5000;
    config.span_max_age_s = 3600;
    config.sample_ratio = 1.0;
    config.metric_series = 4096;
    config.metric_max_series = 2000;
    config.metric_bytes = 3145728;
    config.max_metrics = 256;
    config.label_bytes = 128;
    config.exemplars = 1024;
    config.metric_families = LLMOBS_I_FAMILIES_STANDARD;
    config.key = llmobs_key_default();
    config.log_severity = LLMOBS_I_SEVERITY_STANDARD;
    config.requests = 512;
    config.request_max_age_s = 3600;
    config.slow_request_ms = 5000;
    config.recent_requests = 256;
    config.sessions = 1024;
    config.session_idle_s = 1800;
    config.vocabulary = LLMOBS_VOCABULARY_GENAI;
    config.cost_rows = 512;
    config.cost_places = 2048;
    config.cost_users = 4096;
    config.cost_features = 12;
    config.cost_feature_users = 256;
    config.cost_most = 1000000;
    config.budget_keys = 1024;
    config.budget_reservations = 512;
    config.reservation_max_age_s = 600;
    config.state_interval_s = 60;
    config.alert_rules = 64;
    config.alert_groups = 512;
    config.alert_window_bytes = 393216;
    config.alerts = 256;
    llmobsi_config_sampling(&config);
    config.drift_dimensions = 384;
    config.drift_prototypes = 16;
    config.drift_days = 30;
    config.drift_day_embeddings = 64;
    return config;
}

/* One field: 0 becomes the default, what is out of range its nearest border. */
llmobsi_fn bool llmobsi_config_range(uint32_t* field, uint32_t standard, uint32_t least,
                                     uint32_t most)
{
    uint32_t wanted = *field == 0 ? standard : *field;
    uint32_t given = wanted < least ? least : wanted > most ? most : wanted;
    *field = given;
    return given == wanted;
}

/* A queue has 2 to 1,024 batches. */
llmobsi_fn uint32_t llmobsi_batch_most(const llmobs_config* config)
{
    return config->queue_bytes / 2;
}

llmobsi_fn uint32_t llmobsi_batch_least(const llmobs_config* config)
{
    return config->queue_bytes / 1024 > 4096 ? config->queue_bytes / 1024 : 4096;
}

/* NaN must be known under -ffast-math too, which assumes there is none: so the bits are asked. */
llmobsi_fn bool llmobsi_config_ratio(double* ratio, double standard)
{
    uint64_t bits;
    memcpy(&bits, ratio, sizeof bits);
    if ((bits & UINT64_C(0x7fffffffffffffff)) == 0) {
        *ratio = standard;
        return true;
    }
    if ((bits & UINT64_C(0x7ff0000000000000)) == UINT64_C(0x7ff0000000000000)) {
        *ratio = standard;
        return false;
    }
    if (*ratio > 1.0) {
        *ratio = 1.0;
        return false;
    }
    if (*ratio < 0.0) {
        bool none = *ratio >= LLMOBS_SAMPLE_NONE && *ratio <= LLMOBS_SAMPLE_NONE;
        *ratio = 0.0;
        return none;
    }
    return true;
}

/* Where the note about a config goes: nowhere while it is only asked how much memory it needs. */
llmobsi_fn void llmobsi_config_tell(const llmobs_config* config, bool tell, const char* text)
{
    if (tell) {
        llmobsi_host_note(config->note, config->note_user, LLMOBS_NOTE_CONFIG_RANGE, 1, text);
    }
}

#define LLMOBS_I_VALUE_BYTES_MOST 400u
#define LLMOBS_I_PRICE_BYTES_LEAST 4096u
#define LLMOBS_I_DETECTORS 16u /* of drift, at most */
#define LLMOBS_I_DRIFT_LEAST 40u /* embeddings that a baseline is fitted to */

/* The fields that have a range, with its ends. Those of batch_bytes depend on queue_bytes. */
#define LLMOBS_I_RANGES(X)                                                                       \
    X(span_slots, 64, 1u << 20)                                                                  \
    X(max_threads, 1, 1024)                                                                      \
    X(name_bytes, 1024, 1u << 26)                                                                \
    X(value_bytes, 16, LLMOBS_I_VALUE_BYTES_MOST)                                                \
    X(span_parts, 1, 64)                                                                         \
    X(max_exporters, 1, 16)                                                                      \
    X(queue_bytes, 65536, 1u << 30)                                                              \
    X(batch_bytes, llmobsi_batch_least(out), llmobsi_batch_most(out))                            \
    X(batch_delay_ms, 1, 3600000)                                                                \
    X(tick_ms, 1, 3600000)                                                                       \
    X(close_timeout_ms, 1, 3600000)                                                              \
    X(span_max_age_s, 1, 31536000)                                                               \
    X(metric_series, 16, 1u << 20)                                                               \
    X(metric_max_series, 1, 1u << 20)                                                            \
    X(metric_bytes, 65536, 1u << 30)                                                             \
    X(max_metrics, 1, 4096)                                                                      \
    X(label_bytes, 32, 255)                                                                      \
    X(exemplars, 1, 1u << 20)                                                                    \
    X(log_severity, 1, LLMOBS_I_SEVERITY_MOST)                                                   \
    X(requests, 16, 65536)                                                                       \
    X(request_max_age_s, 1, 31536000)                                                            \
    X(slow_request_ms, 1, 86400000)                                                              \
    X(recent_requests, 16, 65536)                                                                \
    X(sessions, 16, 1u << 20)                                                                    \
    X(session_idle_s, 1, 31536000)                                                               \
    X(cost_rows, 16, 65536)                                                                      \
    X(cost_places, 64, 1u << 20)                                                                 \
    X(cost_users, 16, 1u << 20)                                                                  \
    X(cost_features, 1, 1024)                                                                    \
    X(cost_feature_users, 16, 1u << 20)                                                          \
    X(captures, 0, 4096)                                                                         \
    X(capture_bytes, 64, 65536)                                                                  \
    X(price_bytes, out->price_bytes != 0 ? LLMOBS_I_PRICE_BYTES_LEAST : 0, 1u << 28)             \
    X(cost_most, 1, 1000000000)                                                                  \
    X(budgets, 0, 1024)                                                                          \
    X(budget_keys, 16, 1u << 20)                                                                 \
    X(budget_reservations, 16, 65536)                                                            \
    X(reservation_max_age_s, 1, 86400)                                                           \
    X(state_interval_s, 1, 86400)                                                                \
    X(alert_rules, 4, 4096)                                                                      \
    X(alert_groups, 16, 65536)                                                                   \
    X(alert_window_bytes, 16384, 1u << 28)                                                       \
    X(alerts, 16, 65536)                                                                         \
    X(drift_detectors, 0, LLMOBS_I_DETECTORS)                                                    \
    X(drift_dimensions, 2, 65536)                                                                \
    X(drift_prototypes, 1, 32)                                                                   \
    X(drift_days, 2, 400)                                                                        \
    X(drift_day_embeddings, 16, 4096)                                                            \
    X(good_first_token_ms, 0, 86400000)                                                          \
    X(good_token_ms, 0, 86400000)                                                                \
    X(good_request_ms, 0, 86400000)                                                              \
    X(judge_slow_ms, 1, 86400000)                                                                \
    X(judge_new_version, 1, 1000000)                                                             \
    X(judge_forced_per_minute, 1, 1000000)                                                       \
    X(judge_floor_per_hour, 1, 3600)                                                             \
    X(judge_workers, 1, 16)                                                                      \
    X(judge_prompt_bytes, 1024, 1u << 20)                                                        \
    X(judge_answer_bytes, 256, 1u << 20)                                                         \
    X(tail_traces, out->tail_traces != 0 ? 16 : 0, 65536)                                        \
    X(tail_spans, 1, 65536)                                                                      \
    X(tail_wait_s, 1, 86400)                                                                     \
    X(tail_slots, 0, 1u << 20)                                                                   \
    X(recorder_history_bytes, out->recorder_history_bytes != 0 ? 65536 : 0, 1u << 30)

llmobsi_fn void llmobsi_config_ranges(llmobs_config* out, bool tell)
{
    llmobs_config standard = llmobs_config_default();
    standard.queue_bytes = out->queue_bytes != 0 ? out->queue_bytes : standard.queue_bytes;
    if (standard.batch_bytes > llmobsi_batch_most(&standard)) {
        standard.batch_bytes = llmobsi_batch_most(&standard);
    }
    if (standard.batch_bytes < llmobsi_batch_least(&standard)) {
        standard.batch_bytes = llmobsi_batch_least(&standard);
    }
#define LLMOBS_I_RANGE(field, least, most)                                                       \
    if (!llmobsi_config_range(&out->field, standard.field, least, most)) {                       \
        llmobsi_config_tell(out, tell, "llmobs_config." #field                                   \
                                       " is out of range and was brought into it");              \
    }
    LLMOBS_I_RANGES(LLMOBS_I_RANGE)
#undef LLMOBS_I_RANGE
}

/* Fields that can be switched off keep that through the check of ranges. */
typedef struct llmobsi_switches {
    bool spans_off;
    bool metrics_off;
    bool exemplars_off;
    bool logs_off;
    bool requests_off;
    bool recent_off;
    bool ledger_off;
    bool users_off;
    bool features_off;
    bool alerts_off;
    bool judge_slow_off;
    bool judge_new_off;
    bool judge_forced_off;
    bool judge_floor_off;
    bool workers_off;
    bool embeddings_off;
} llmobsi_switches;

llmobsi_fn bool llmobsi_switch_take(uint32_t* field)
{
    bool off = *field == LLMOBS_OFF;
    *field = off ? 0 : *field;
    return off;
}

llmobsi_fn llmobsi_switches llmobsi_switches_take(llmobs_config* config)
{
    llmobsi_switches switches;
    switches.spans_off = llmobsi_switch_take(&config->span_slots);
    switches.metrics_off = llmobsi_switch_take(&config->metric_series);
    switches.exemplars_off = llmobsi_switch_take(&config->exemplars);
    switches.logs_off = llmobsi_switch_take(&config->log_severity);
    switches.requests_off = llmobsi_switch_take(&config->requests);
    switches.recent_off = llmobsi_switch_take(&config->recent_requests);
    switches.ledger_off = llmobsi_switch_take(&config->cost_rows);
    switches.users_off = llmobsi_switch_take(&config->cost_users);
    switches.features_off = llmobsi_switch_take(&config->cost_features);
    switches.alerts_off = llmobsi_switch_take(&config->alert_rules);
    switches.judge_slow_off = llmobsi_switch_take(&config->judge_slow_ms);
    switches.judge_new_off = llmobsi_switch_take(&config->judge_new_version);
    switches.judge_forced_off = llmobsi_switch_take(&config->judge_forced_per_minute);
    switches.judge_floor_off = llmobsi_switch_take(&config->judge_floor_per_hour);
    switches.workers_off = llmobsi_switch_take(&config->judge_workers);
    switches.embeddings_off = llmobsi_switch_take(&config->drift_dimensions);
    (void)llmobsi_switch_take(&config->budgets); /* 0 is off, too, of these three */
    (void)llmobsi_switch_take(&config->tail_traces);
    (void)llmobsi_switch_take(&config->drift_detectors);
    return switches;
}

llmobsi_fn void llmobsi_switches_put(llmobs_config* config, llmobsi_switches switches)
{
    config->span_slots =
        switches.spans_off ? LLMOBS_OFF : llmobsi_round_up_pow2(config->span_slots);
    config->metric_series = switches.metrics_off ? LLMOBS_OFF : config->metric_series;
    config->exemplars = switches.exemplars_off ? LLMOBS_OFF : config->exemplars;
    config->log_severity = switches.logs_off ? LLMOBS_OFF : config->log_severity;
    config->requests =
        switches.requests_off ? LLMOBS_OFF : llmobsi_round_up_pow2(config->requests);
    config->recent_requests = switches.recent_off ? LLMOBS_OFF : config->recent_requests;
    config->cost_rows = switches.ledger_off ? LLMOBS_OFF : config->cost_rows;
    config->cost_users = switches.users_off ? LLMOBS_OFF : config->cost_users;
    config->cost_features = switches.features_off ? LLMOBS_OFF : config->cost_features;
    config->alert_rules = switches.alerts_off ? LLMOBS_OFF : config->alert_rules;
    config->judge_slow_ms = switches.judge_slow_off ? LLMOBS_OFF : config->judge_slow_ms;
    config->judge_new_version = switches.judge_new_off ? LLMOBS_OFF : config->judge_new_version;
    config->judge_forced_per_minute =
        switches.judge_forced_off ? LLMOBS_OFF : config->judge_forced_per_minute;
    config->judge_floor_per_hour =
        switches.judge_floor_off ? LLMOBS_OFF : config->judge_floor_per_hour;
    config->judge_workers = switches.workers_off ? LLMOBS_OFF : config->judge_workers;
    config->drift_dimensions = switches.embeddings_off ? LLMOBS_OFF : config->drift_dimensions;
    config->alert_window_bytes = (config->alert_window_bytes + 63u) & ~63u;
    config->price_bytes = (config->price_bytes + 63u) & ~63u;
    config->recorder_history_bytes &= ~63u;
    if (config->metric_families == 0) {
        config->metric_families = LLMOBS_I_FAMILIES_STANDARD;
    }
}

/* The families that are switched on. */
llmobsi_fn uint32_t llmobsi_families(const llmobs_config* config)
{
    return config->metric_families == LLMOBS_OFF ? 0 : config->metric_families;
}

#define LLMOBS_I_VOCABULARIES                                                                     \
    (LLMOBS_VOCABULARY_ARTICLE | LLMOBS_VOCABULARY_OPENINFERENCE | LLMOBS_VOCABULARY_GENAI |      \
     LLMOBS_VOCABULARY_GENAI_1_41)

/* A vocabulary that is not known is none. */
llmobsi_fn void llmobsi_config_vocabulary(llmobs_config* out, bool tell)
{
    if ((out->vocabulary & ~LLMOBS_I_VOCABULARIES) != 0) {
        llmobsi_config_tell(out, tell, "llmobs_config.vocabulary has one that is not known");
    }
    out->vocabulary &= LLMOBS_I_VOCABULARIES;
    if (out->vocabulary == 0) {
        out->vocabulary = LLMOBS_VOCABULARY_GENAI;
    }
}

/* Days that hold fewer embeddings than a baseline takes would never have one. */
llmobsi_fn void llmobsi_config_drift(llmobs_config* out, bool tell)
{
    uint32_t least = (LLMOBS_I_DRIFT_LEAST + out->drift_days - 1) / out->drift_days;
    if (out->drift_detectors != 0 && out->drift_dimensions != LLMOBS_OFF &&
        out->drift_day_embeddings < least) {
        out->drift_day_embeddings = least;
        llmobsi_config_tell(out, tell, "llmobs_config.drift_days x drift_day_embeddings is below "
                                       "40, too few for a baseline: the latter was raised");
    }
}

/* A list that is malformed is ignored as a whole: as OpenTelemetry has it. */
llmobsi_fn void llmobsi_config_attributes(llmobs_config* out, bool tell)
{
    if (llmobsi_key_values_count(out->resource_attributes) == SIZE_MAX) {
        out->resource_attributes = NULL;
        llmobsi_config_tell(out, tell, "llmobs_config.resource_attributes is malformed or too "
                                       "long, and was ignored");
    }
    if (llmobsi_key_values_count(out->environment_attributes) == SIZE_MAX) {
        out->environment_attributes = NULL;
        llmobsi_config_tell(out, tell, "llmobs_config.environment_attributes is malformed or too "
                                       "long, and was ignored");
    }
}

/* The config with nothing left to decide. */
llmobsi_fn void llmobsi_config_complete(llmobs_config* out, const llmobs_config* given, bool tell)
{
    llmobsi_switches switches;
    *out = llmobs_config_default();
    if (given != NULL) {
        memset(out, 0, sizeof *out);
        memcpy(out, given, llmobsi_known_size(given->size, sizeof *out));
    }
    out->size = sizeof *out;
    if (out->service_name == NULL || out->service_name[0] == '\0') {
        out->service_name = LLMOBS_I_SERVICE_UNKNOWN;
    }
    llmobsi_config_vocabulary(out, tell);
    llmobsi_config_attributes(out, tell);
    switches = llmobsi_switches_take(out);
    llmobsi_config_ranges(out, tell);
    llmobsi_switches_put(out, switches);
    llmobsi_config_drift(out, tell);
    if (out->utc_offset_minutes < -1440 || out->utc_offset_minutes > 1440) {
        out->utc_offset_minutes = 0;
        llmobsi_config_tell(out, tell, "llmobs_config.utc_offset_minutes is no time zone's");
    }
    if (!llmobsi_config_ratio(&out->sample_ratio, 1.0)) {
        llmobsi_config_tell(out, tell,
                            "llmobs_config.sample_ratio is out of range and was brought into it");
    }
    if (!llmobsi_config_ratio(&out->judge_ratio, llmobs_config_default().judge_ratio)) {
        llmobsi_config_tell(out, tell,
                            "llmobs_config.judge_ratio is out of range and was brought into it");
    }
    if (out->judge_cost_nano == 0) {
        out->judge_cost_nano = llmobs_config_default().judge_cost_nano;
    }
}
