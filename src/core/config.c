/* The pillars of this build. What is left out is off, whatever the config says: nothing is laid out
   for it, and what only its pointer leads to is code that the compiler, or the linker, drops. */
#ifdef LLMOBS_NO_REQUESTS
#define LLMOBS_I_REQUESTS false
#else
#define LLMOBS_I_REQUESTS true
#endif
#if defined(LLMOBS_NO_JUDGE) || defined(LLMOBS_NO_REQUESTS)
#define LLMOBS_I_JUDGE false
#else
#define LLMOBS_I_JUDGE true
#endif
#ifdef LLMOBS_NO_ALERTS
#define LLMOBS_I_ALERTS false
#else
#define LLMOBS_I_ALERTS true
#endif
#ifdef LLMOBS_NO_TAIL
#define LLMOBS_I_TAIL false
#else
#define LLMOBS_I_TAIL true
#endif
#ifdef LLMOBS_NO_DRIFT
#define LLMOBS_I_DRIFT false
#else
#define LLMOBS_I_DRIFT true
#endif

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

/* A field that has a range. */
typedef struct llmobsi_range {
    size_t place;   /* in llmobs_config                               */
    uint32_t least; /* but for 0, which stays where it is the default */
    uint32_t most;
    const char* text; /* that a value is not in it */
} llmobsi_range;

#define LLMOBS_I_RANGE_TEXT(field) \
    "llmobs_config." #field " is out of range and was brought into it"
#define LLMOBS_I_RANGE(field, least, most) \
    {offsetof(llmobs_config, field), (least), (most), LLMOBS_I_RANGE_TEXT(field)}

llmobsi_state const llmobsi_range llmobsi_ranges[] = {
    LLMOBS_I_RANGE(span_slots, 64, 1u << 20),
    LLMOBS_I_RANGE(max_threads, 1, 1024),
    LLMOBS_I_RANGE(name_bytes, 1024, 1u << 26),
    LLMOBS_I_RANGE(value_bytes, 16, LLMOBS_I_VALUE_BYTES_MOST),
    LLMOBS_I_RANGE(span_parts, 1, 64),
    LLMOBS_I_RANGE(max_exporters, 1, 16),
    LLMOBS_I_RANGE(queue_bytes, 65536, 1u << 30),
    LLMOBS_I_RANGE(batch_delay_ms, 1, 3600000),
    LLMOBS_I_RANGE(tick_ms, 1, 3600000),
    LLMOBS_I_RANGE(close_timeout_ms, 1, 3600000),
    LLMOBS_I_RANGE(span_max_age_s, 1, 31536000),
    LLMOBS_I_RANGE(metric_series, 16, 1u << 20),
    LLMOBS_I_RANGE(metric_max_series, 1, 1u << 20),
    LLMOBS_I_RANGE(metric_bytes, 65536, 1u << 30),
    LLMOBS_I_RANGE(max_metrics, 1, 4096),
    LLMOBS_I_RANGE(label_bytes, 32, 255),
    LLMOBS_I_RANGE(exemplars, 1, 1u << 20),
    LLMOBS_I_RANGE(log_severity, 1, LLMOBS_I_SEVERITY_MOST),
    LLMOBS_I_RANGE(requests, 16, 65536),
    LLMOBS_I_RANGE(request_max_age_s, 1, 31536000),
    LLMOBS_I_RANGE(slow_request_ms, 1, 86400000),
    LLMOBS_I_RANGE(recent_requests, 16, 65536),
    LLMOBS_I_RANGE(sessions, 16, 1u << 20),
    LLMOBS_I_RANGE(session_idle_s, 1, 31536000),
    LLMOBS_I_RANGE(cost_rows, 16, 65536),
    LLMOBS_I_RANGE(cost_places, 64, 1u << 20),
    LLMOBS_I_RANGE(cost_users, 16, 1u << 20),
    LLMOBS_I_RANGE(cost_features, 1, 1024),
    LLMOBS_I_RANGE(cost_feature_users, 16, 1u << 20),
    LLMOBS_I_RANGE(captures, 0, 4096),
    LLMOBS_I_RANGE(capture_bytes, 64, 65536),
    LLMOBS_I_RANGE(price_bytes, LLMOBS_I_PRICE_BYTES_LEAST, 1u << 28),
    LLMOBS_I_RANGE(cost_most, 1, 1000000000),
    LLMOBS_I_RANGE(budgets, 0, 1024),
    LLMOBS_I_RANGE(budget_keys, 16, 1u << 20),
    LLMOBS_I_RANGE(budget_reservations, 16, 65536),
    LLMOBS_I_RANGE(reservation_max_age_s, 1, 86400),
    LLMOBS_I_RANGE(state_interval_s, 1, 86400),
    LLMOBS_I_RANGE(alert_rules, 4, 4096),
    LLMOBS_I_RANGE(alert_groups, 16, 65536),
    LLMOBS_I_RANGE(alert_window_bytes, 16384, 1u << 28),
    LLMOBS_I_RANGE(alerts, 16, 65536),
    LLMOBS_I_RANGE(drift_detectors, 0, LLMOBS_I_DETECTORS),
    LLMOBS_I_RANGE(drift_dimensions, 2, 65536),
    LLMOBS_I_RANGE(drift_prototypes, 1, 32),
    LLMOBS_I_RANGE(drift_days, 2, 400),
    LLMOBS_I_RANGE(drift_day_embeddings, 16, 4096),
    LLMOBS_I_RANGE(good_first_token_ms, 0, 86400000),
    LLMOBS_I_RANGE(good_token_ms, 0, 86400000),
    LLMOBS_I_RANGE(good_request_ms, 0, 86400000),
    LLMOBS_I_RANGE(judge_slow_ms, 1, 86400000),
    LLMOBS_I_RANGE(judge_new_version, 1, 1000000),
    LLMOBS_I_RANGE(judge_forced_per_minute, 1, 1000000),
    LLMOBS_I_RANGE(judge_floor_per_hour, 1, 3600),
    LLMOBS_I_RANGE(judge_workers, 1, 16),
    LLMOBS_I_RANGE(judge_prompt_bytes, 1024, 1u << 20),
    LLMOBS_I_RANGE(judge_answer_bytes, 256, 1u << 20),
    LLMOBS_I_RANGE(tail_traces, 16, 65536),
    LLMOBS_I_RANGE(tail_spans, 1, 65536),
    LLMOBS_I_RANGE(tail_wait_s, 1, 86400),
    LLMOBS_I_RANGE(tail_slots, 0, 1u << 20),
    LLMOBS_I_RANGE(recorder_history_bytes, 65536, 1u << 30),
};

llmobsi_fn void llmobsi_config_ranges(llmobs_config* out, bool tell)
{
    llmobs_config standard = llmobs_config_default();
    size_t i;
    for (i = 0; i < sizeof llmobsi_ranges / sizeof llmobsi_ranges[0]; i++) {
        const llmobsi_range* range = &llmobsi_ranges[i];
        unsigned char* place = (unsigned char*)out + range->place;
        uint32_t field;
        uint32_t usual;
        memcpy(&field, place, sizeof field);
        memcpy(&usual, (const unsigned char*)&standard + range->place, sizeof usual);
        if (!llmobsi_config_range(&field, usual, usual == 0 && field == 0 ? 0 : range->least,
                                  range->most)) {
            llmobsi_config_tell(out, tell, range->text);
        }
        memcpy(place, &field, sizeof field);
    }
    if (standard.batch_bytes > llmobsi_batch_most(out)) {
        standard.batch_bytes = llmobsi_batch_most(out);
    }
    if (standard.batch_bytes < llmobsi_batch_least(out)) {
        standard.batch_bytes = llmobsi_batch_least(out);
    }
    if (!llmobsi_config_range(&out->batch_bytes, standard.batch_bytes, llmobsi_batch_least(out),
                              llmobsi_batch_most(out))) {
        llmobsi_config_tell(out, tell, LLMOBS_I_RANGE_TEXT(batch_bytes));
    }
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

/* Of a pillar that only a host switches on: it is told that it is left out. */
llmobsi_fn void llmobsi_config_left_out(llmobs_config* out, bool tell, bool present,
                                        uint32_t* field, const char* text)
{
    if (!present && *field != 0) {
        *field = 0;
        llmobsi_config_tell(out, tell, text);
    }
}

/* What this build leaves out is off. */
llmobsi_fn void llmobsi_config_pillars(llmobs_config* out, bool tell)
{
    out->requests = LLMOBS_I_REQUESTS ? out->requests : LLMOBS_OFF;
    out->alert_rules = LLMOBS_I_ALERTS ? out->alert_rules : LLMOBS_OFF;
    llmobsi_config_left_out(out, tell, LLMOBS_I_REQUESTS, &out->price_bytes,
                            "llmobs_config.price_bytes: built with LLMOBS_NO_REQUESTS");
    llmobsi_config_left_out(out, tell, LLMOBS_I_REQUESTS, &out->budgets,
                            "llmobs_config.budgets: built with LLMOBS_NO_REQUESTS");
    llmobsi_config_left_out(out, tell, LLMOBS_I_JUDGE, &out->captures,
                            "llmobs_config.captures: built with LLMOBS_NO_JUDGE");
    llmobsi_config_left_out(out, tell, LLMOBS_I_TAIL, &out->tail_traces,
                            "llmobs_config.tail_traces: built with LLMOBS_NO_TAIL");
    llmobsi_config_left_out(out, tell, LLMOBS_I_DRIFT, &out->drift_detectors,
                            "llmobs_config.drift_detectors: built with LLMOBS_NO_DRIFT");
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

/* Where no thread can be had, the host pumps. */
llmobsi_fn void llmobsi_config_threads(llmobs_config* out, bool tell)
{
#ifdef LLMOBS_NO_THREADS
    if (!out->host_pumped) {
        out->host_pumped = true;
        llmobsi_config_tell(out, tell, "this build starts no threads: llmobs_config.host_pumped is "
                                       "set, and you must call llmobs_tick");
    }
#else
    (void)out;
    (void)tell;
#endif
}

/* The config with nothing left to decide. */
llmobsi_cold void llmobsi_config_complete(llmobs_config* out, const llmobs_config* given, bool tell)
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
    llmobsi_config_threads(out, tell);
    llmobsi_config_vocabulary(out, tell);
    llmobsi_config_attributes(out, tell);
    switches = llmobsi_switches_take(out);
    llmobsi_config_ranges(out, tell);
    llmobsi_switches_put(out, switches);
    llmobsi_config_pillars(out, tell);
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
