/* Each callback that the API takes throws once, in a program whose implementation was compiled as
   C++: the exception ends there, and stands for what the header says. A line a callback, named as
   docs/api.txt names it; each runs in a process of its own, which what escapes would end.
   tests/cxx_callbacks.t sees to it that none is left out. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>

static int threw = 0; /* how often a callback did */

static void fail_with(const char* what)
{
    threw++;
    throw std::runtime_error(what);
}

static uint64_t now_ns = UINT64_C(1764590400000000000);

static uint64_t tell_time(void*)
{
    return now_ns;
}

static llmobs_config pumped()
{
    llmobs_config config = llmobs_config_default();
    config.host_pumped = true;
    return config;
}

static uint64_t counted(llmobs* obs)
{
    llmobs_stats stats;
    stats.size = sizeof stats;
    return llmobs_stats_read(obs, &stats) == LLMOBS_OK ? stats.callbacks_threw : UINT64_MAX;
}

static void one_request(llmobs* obs, const char* id)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    info.request_id = id;
    info.model = "m";
    outcome.judge = true;
    outcome.output = llmobs_str("an answer");
    llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
}

/* Closes, and that the exception was thrown so often, and told by a count so often. */
static bool ends(llmobs* obs, int thrown, uint64_t told)
{
    bool same = threw == thrown && counted(obs) == told;
    return llmobs_close(obs) == LLMOBS_OK && same;
}

/* ---- configuration ------------------------------------------------------------------------- */

static void* no_memory(void*, size_t, size_t)
{
    threw++;
    throw std::bad_alloc();
}

static void* some_memory(void*, size_t size, size_t alignment)
{
    void* memory = NULL;
    return posix_memalign(&memory, alignment, size) == 0 ? memory : NULL;
}

static void no_release(void*, void* memory, size_t)
{
    std::free(memory);
    fail_with("release");
}

static bool allocate()
{
    llmobs_config config = pumped();
    llmobs_result result = LLMOBS_OK;
    config.allocator.allocate = no_memory;
    config.allocator.release = no_release;
    return llmobs_open(&config, &result) == NULL && result == LLMOBS_ERROR_MEMORY && threw == 1;
}

static bool release()
{
    llmobs_config config = pumped();
    config.allocator.allocate = some_memory;
    config.allocator.release = no_release;
    return llmobs_close(llmobs_open(&config, NULL)) == LLMOBS_OK && llmobs_release() > 0 &&
           threw == 1;
}

static uint64_t no_time(void*)
{
    fail_with("clock");
    return 0;
}

static llmobs_export_result keep_time(void* user, const llmobs_batch* batch)
{
    *static_cast<uint64_t*>(user) = batch->spans[0].start_unix_ns;
    return LLMOBS_EXPORT_OK;
}

/* The system's time stands in for it. */
static bool host_clock()
{
    llmobs_config config = pumped();
    uint64_t began = 0;
    config.clock.unix_ns = no_time;
    llmobs* obs = llmobs_open(&config, NULL);
    (void)llmobs_export_to(obs, keep_time, &began);
    llmobs_span_end(llmobs_span_root(obs, "root"));
    return llmobs_flush(obs, 5000) == LLMOBS_OK && threw > 1 && began > now_ns &&
           llmobs_close(obs) == LLMOBS_OK;
}

static bool no_bytes(void*, void*, size_t)
{
    fail_with("random");
    return true;
}

static bool random_source()
{
    llmobs_config config = pumped();
    config.random.fill = no_bytes;
    llmobs* obs = llmobs_open(&config, NULL);
    (void)llmobs_thread_attach(obs);
    return threw > 0 && (obs == NULL || llmobs_close(obs) == LLMOBS_OK);
}

static void on_note(void*, llmobs_note, uint64_t, const char*)
{
    fail_with("note");
}

static bool note()
{
    llmobs_config config = pumped();
    config.note = on_note;
    config.span_slots = 1; /* out of range: a note at open, and one from the tick follows */
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_span_end(llmobs_span_root(obs, "nobody takes it"));
    return llmobs_tick(obs) == LLMOBS_OK && threw == 2 && llmobs_close(obs) == LLMOBS_OK;
}

static void on_audit(void*, const llmobs_audit*)
{
    fail_with("audit");
}

static bool audit()
{
    llmobs_config config = pumped();
    config.audit = on_audit;
    llmobs* obs = llmobs_open(&config, NULL);
    one_request(obs, "one");
    return ends(obs, 1, 1);
}

static void on_cost(void*, const llmobs_cost_entry*)
{
    fail_with("cost store");
}

static bool cost_store()
{
    llmobs_config config = pumped();
    config.cost_store = on_cost;
    llmobs* obs = llmobs_open(&config, NULL);
    one_request(obs, "one");
    return ends(obs, 1, 1);
}

static void on_alert(void*, const llmobs_alert*, size_t)
{
    fail_with("alert");
}

/* An alert that fires at an evaluation. */
static llmobs* with_alert(llmobs_config* config)
{
    llmobs_alert_rule rule = llmobs_alert_rule_default();
    llmobs_metric_info info = llmobs_metric_info_default();
    config->clock.unix_ns = tell_time;
    info.name = "knocks_total";
    info.instrument = LLMOBS_COUNTER;
    rule.name = "knocks";
    rule.condition = "increase(knocks_total[1m]) > 0";
    llmobs* obs = llmobs_open(config, NULL);
    llmobs_counter knocks =
        llmobs_counter_get(llmobs_metric_define(obs, &info, NULL), NULL, 0);
    bool added = llmobs_alert_rule_add(obs, &rule, NULL) == LLMOBS_OK;
    for (int i = 0; added && i < 4; i++) {
        llmobs_counter_add(knocks, 1);
        now_ns += UINT64_C(10000000000);
        (void)llmobs_tick(obs);
    }
    return obs;
}

static bool alert()
{
    llmobs_config config = pumped();
    config.alert = on_alert;
    return ends(with_alert(&config), 1, 1);
}

static bool alerts_read()
{
    llmobs_config config = pumped();
    llmobs* obs = with_alert(&config);
    return llmobs_alerts_read(obs, on_alert, NULL) == LLMOBS_ERROR_SYSTEM && ends(obs, 1, 0);
}

static void on_drift(void*, const llmobs_drift_report*)
{
    fail_with("drift");
}

static bool drift()
{
    llmobs_config config = pumped();
    llmobs_drift_info info = llmobs_drift_info_default();
    config.drift_detectors = 1;
    config.drift_dimensions = LLMOBS_OFF;
    config.on_drift = on_drift;
    info.name = "answers";
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_drift_detector detector = llmobs_drift_define(obs, &info, NULL);
    for (int i = 0; i < 2; i++) {
        (void)llmobs_drift_run_now(detector, "a test");
        (void)llmobs_drift_work(obs);
    }
    return ends(obs, 2, 2);
}

/* ---- exporters ----------------------------------------------------------------------------- */

static llmobs_export_result no_export(void*, const llmobs_batch*)
{
    fail_with("export");
    return LLMOBS_EXPORT_OK;
}

static void no_close(void*)
{
    fail_with("close");
}

static llmobs_export_result take(void*, const llmobs_batch*)
{
    return LLMOBS_EXPORT_OK;
}

static void note_throw(void* user, llmobs_note note, uint64_t, const char*)
{
    *static_cast<int*>(user) += note == LLMOBS_NOTE_CALLBACK_THREW;
}

/* DROP, counted as that, and a note of why. Some by a thread of ours. */
static bool exports(bool by_host)
{
    llmobs_config config = pumped();
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs_stats stats;
    int noted = 0;
    config.host_pumped = by_host;
    config.note = note_throw;
    config.note_user = &noted;
    exporter.export_batch = no_export;
    llmobs* obs = llmobs_open(&config, NULL);
    (void)llmobs_exporter_add(obs, &exporter);
    llmobs_span_end(llmobs_span_root(obs, "root"));
    (void)llmobs_flush(obs, 5000);
    stats.size = sizeof stats;
    (void)llmobs_stats_read(obs, &stats);
    return stats.exporters[0].lost[LLMOBS_LOSS_FAILED] == 1 && threw == 1 &&
           llmobs_close(obs) == LLMOBS_OK && noted == 1;
}

static bool export_batch()
{
    bool first = exports(true);
    threw = 0;
    return first && exports(false);
}

static bool exporter_close()
{
    llmobs_config config = pumped();
    llmobs_exporter exporter = llmobs_exporter_default();
    exporter.export_batch = take;
    exporter.close = no_close;
    llmobs* obs = llmobs_open(&config, NULL);
    (void)llmobs_exporter_add(obs, &exporter);
    return llmobs_close(obs) == LLMOBS_OK && threw == 1;
}

/* A process that is dead has left what was never delivered. */
static bool recover()
{
    static const char path[] = "throwing.flight";
    llmobs_recovery report;
    int status = 0;
    (void)unlink(path);
    pid_t child = fork();
    if (child == 0) {
        llmobs_config config = pumped();
        config.recorder_file = path;
        llmobs* obs = llmobs_open(&config, NULL);
        (void)llmobs_export_to(obs, take, NULL);
        llmobs_span_end(llmobs_span_root(obs, "root"));
        _exit(obs != NULL ? 0 : 1);
    }
    (void)waitpid(child, &status, 0);
    report.size = sizeof report;
    llmobs_result result = llmobs_recover(path, no_export, NULL, 0, &report);
    (void)unlink(path);
    return status == 0 && result == LLMOBS_ERROR_INCOMPLETE && threw >= 1 && report.refused >= 1;
}

/* ---- the judge ----------------------------------------------------------------------------- */

static llmobs_judge_result no_ask(void*, llmobs_judge_call*)
{
    fail_with("ask");
    return LLMOBS_JUDGE_DONE;
}

static llmobs_judge_result ask(void*, llmobs_judge_call* call)
{
    call->scored = true;
    call->known = LLMOBS_JUDGE_BIT(LLMOBS_JUDGE_PII_EXPOSURE);
    call->scores[LLMOBS_JUDGE_PII_EXPOSURE] = 1.0;
    return LLMOBS_JUDGE_DONE;
}

static void no_tell(void*, const llmobs_verdict*)
{
    fail_with("tell");
}

/* By a thread of ours, or by the host's. */
static bool judges(bool by_host, llmobs_judge_fn first, llmobs_verdict_fn then, bool judged)
{
    llmobs_config config = pumped();
    llmobs_judge judge = llmobs_judge_default();
    llmobs_judge_stats stats;
    config.host_pumped = by_host;
    config.captures = 8;
    judge.ask = first;
    judge.tell = then;
    threw = 0;
    llmobs* obs = llmobs_open(&config, NULL);
    (void)llmobs_judge_set(obs, &judge);
    one_request(obs, "one");
    (void)llmobs_judge_flush(obs, 20000);
    stats.size = sizeof stats;
    (void)llmobs_judge_stats_read(obs, &stats);
    return stats.judged == (judged ? 1 : 0) &&
           stats.lost[LLMOBS_JUDGE_LOSS_REFUSED] == (judged ? 0 : 1) &&
           ends(obs, 1, judged ? 1 : 0);
}

static bool judge_ask()
{
    return judges(true, no_ask, NULL, false) && judges(false, no_ask, NULL, false);
}

static bool judge_tell()
{
    return judges(true, ask, no_tell, true) && judges(false, ask, no_tell, true);
}

static bool no_embedding(void*, llmobs_string, float*, size_t)
{
    fail_with("embed");
    return true;
}

static bool embed()
{
    llmobs_config config = pumped();
    llmobs_drift_info info = llmobs_drift_info_default();
    llmobs_embedder embedder = llmobs_embedder_default();
    llmobs_judge_stats stats;
    config.captures = 8;
    config.judge_ratio = 1.0;
    config.drift_detectors = 1;
    config.drift_dimensions = 8;
    config.drift_prototypes = 2;
    llmobs* obs = llmobs_open(&config, NULL);
    info.name = "answers";
    info.embedder = "none";
    embedder.embed = no_embedding;
    embedder.model = "none";
    embedder.detector = llmobs_drift_define(obs, &info, NULL);
    bool set = llmobs_embedder_set(obs, &embedder) == LLMOBS_OK;
    one_request(obs, "one");
    (void)llmobs_tick(obs);
    (void)llmobs_judge_flush(obs, 20000);
    stats.size = sizeof stats;
    (void)llmobs_judge_stats_read(obs, &stats);
    return set && stats.not_embedded == 1 && stats.embedded == 0 && ends(obs, 1, 0);
}

/* ---- metrics ------------------------------------------------------------------------------- */

static double no_value(void*)
{
    fail_with("gauge");
    return 1;
}

static bool gauge()
{
    llmobs_config config = pumped();
    llmobs_metric_info info = llmobs_metric_info_default();
    char text[65536];
    size_t size = sizeof text;
    llmobs* obs = llmobs_open(&config, NULL);
    info.name = "throwing_gauge";
    info.instrument = LLMOBS_GAUGE_CALLBACK;
    info.callback = no_value;
    (void)llmobs_metric_define(obs, &info, NULL);
    return llmobs_prometheus_print(obs, LLMOBS_PROMETHEUS_TEXT, text, &size) == LLMOBS_OK &&
           std::strstr(text, "\nthrowing_gauge ") == NULL && ends(obs, 1, 1);
}

static bool no_collect(void*, const llmobs_batch*)
{
    fail_with("collect");
    return true;
}

static bool metrics_collect()
{
    llmobs_config config = pumped();
    llmobs* obs = llmobs_open(&config, NULL);
    one_request(obs, "one");
    return llmobs_metrics_collect(obs, no_collect, NULL) == LLMOBS_ERROR_SYSTEM && ends(obs, 1, 0);
}

/* ---- scanner and redactor ------------------------------------------------------------------ */

static const char secret[] = "write to jane.roe@mail.example.com or john@mail.example.com now";

static bool no_finding(void*, const llmobs_finding*)
{
    fail_with("found");
    return true;
}

/* It ends the scan, as false does. */
static bool scan()
{
    return llmobs_scan(NULL, secret, sizeof secret - 1, no_finding, NULL) == 1 && threw == 1;
}

static bool scanner()
{
    llmobs_scanner scanner;
    llmobs_scanner_begin(&scanner, NULL, no_finding, NULL);
    llmobs_scanner_feed(&scanner, secret, sizeof secret - 1);
    (void)llmobs_scanner_end(&scanner);
    return threw == 1;
}

static bool no_write(void*, const char*, size_t)
{
    fail_with("write");
    return true;
}

static bool redactor()
{
    llmobs_redactor redactor;
    llmobs_redactor_begin(&redactor, NULL, no_write, NULL);
    bool fed = llmobs_redactor_feed(&redactor, secret, sizeof secret - 1);
    bool ended = llmobs_redactor_end(&redactor);
    return !(fed && ended) && threw == 1;
}

/* ---- writers ------------------------------------------------------------------------------- */

static bool alert_rules_write()
{
    llmobs_config config = pumped();
    llmobs* obs = with_alert(&config);
    return llmobs_alert_rules_write(obs, LLMOBS_ALERT_FORM_TEXT, 0, no_write, NULL) ==
               LLMOBS_ERROR_SYSTEM && ends(obs, 1, 0);
}

static bool cost_report_write()
{
    llmobs_config config = pumped();
    llmobs_cost_question question = llmobs_cost_question_default();
    llmobs* obs = llmobs_open(&config, NULL);
    return llmobs_cost_report_write(obs, &question, 1, LLMOBS_REPORT_JSON, no_write, NULL) ==
               LLMOBS_ERROR_SYSTEM && ends(obs, 1, 0);
}

static bool baseline_write()
{
    const size_t rows = 64;
    const size_t bytes = 1u << 20;
    llmobs_drift_sample* sample = NULL;
    llmobs_drift_fit* fit = NULL;
    llmobs_drift_baseline* baseline = NULL;
    void* memory[3] = {std::malloc(bytes), std::malloc(bytes), std::malloc(bytes)};
    bool made =
        llmobs_drift_sample_make(memory[0], bytes, 4, rows, "none", 1, &sample) == LLMOBS_OK;
    for (size_t i = 0; made && i < rows; i++) {
        float values[4];
        llmobs_embedding embedding;
        std::memset(&embedding, 0, sizeof embedding);
        for (size_t j = 0; j < 4; j++) {
            values[j] = static_cast<float>(std::sin(static_cast<double>(7 * i + 3 * j + 1)));
        }
        embedding.values = values;
        embedding.dimension = 4;
        embedding.embedder = "none";
        embedding.id = i + 1;
        made = llmobs_drift_sample_add(sample, &embedding) == LLMOBS_OK;
    }
    made = made && llmobs_drift_fit_begin(memory[1], bytes, sample, NULL, &fit) == LLMOBS_OK &&
           llmobs_drift_fit_end(fit, memory[2], bytes, &baseline) == LLMOBS_OK;
    made = made && llmobs_drift_baseline_write(baseline, no_write, NULL) == LLMOBS_ERROR_SYSTEM;
    for (void* one : memory) {
        std::free(one);
    }
    return made && threw == 1;
}

static bool explanation_write()
{
    llmobs_config config = pumped();
    llmobs_explanation explanation;
    llmobs* obs = llmobs_open(&config, NULL);
    one_request(obs, "one");
    (void)llmobs_flush(obs, 1000);
    explanation.size = sizeof explanation;
    return llmobs_request_explain(obs, "one", &explanation) == LLMOBS_OK &&
           llmobs_explanation_write(&explanation, no_write, NULL) == LLMOBS_ERROR_SYSTEM &&
           ends(obs, 1, 0);
}

static bool interaction_write()
{
    llmobs_interaction interaction = llmobs_interaction_default();
    return !llmobs_interaction_write(&interaction, NULL, LLMOBS_LOG_STYLE_DEFAULT, no_write,
                                     NULL) && threw == 1;
}

static bool metrics_write()
{
    llmobs_config config = pumped();
    llmobs* obs = llmobs_open(&config, NULL);
    one_request(obs, "one");
    return llmobs_metrics_write(obs, LLMOBS_FORMAT_OTLP_JSON, no_write, NULL) ==
               LLMOBS_ERROR_SYSTEM && ends(obs, 1, 0);
}

static bool prometheus_write()
{
    llmobs_config config = pumped();
    llmobs* obs = llmobs_open(&config, NULL);
    one_request(obs, "one");
    return llmobs_prometheus_write(obs, LLMOBS_PROMETHEUS_TEXT, no_write, NULL) ==
               LLMOBS_ERROR_SYSTEM && ends(obs, 1, 0);
}

/* A thread that is cancelled in one is so after the call: glibc unwinds it by an exception, too. */
static bool scrape_returned = false;

static bool cancel_point(void*, const char*, size_t)
{
    pthread_testcancel();
    return true;
}

static void* scrape(void* obs)
{
    (void)pthread_cancel(pthread_self());
    scrape_returned = llmobs_prometheus_write(static_cast<llmobs*>(obs), LLMOBS_PROMETHEUS_TEXT,
                                              cancel_point, NULL) == LLMOBS_OK;
    pthread_testcancel();
    return NULL;
}

static bool cancel()
{
    llmobs_config config = pumped();
    llmobs* obs = llmobs_open(&config, NULL);
    pthread_t thread;
    void* end = NULL;
    one_request(obs, "one");
    bool joined = pthread_create(&thread, NULL, scrape, obs) == 0 &&
                  pthread_join(thread, &end) == 0;
    return joined && scrape_returned && end == PTHREAD_CANCELED && llmobs_close(obs) == LLMOBS_OK;
}

/* Encoders want a batch: an exporter has one. */
typedef bool (*encoder)(const llmobs_batch* batch);
static bool encoded_badly = false;

static llmobs_export_result encode_it(void* user, const llmobs_batch* batch)
{
    encoder* encode_batch = static_cast<encoder*>(user);
    encoded_badly = encoded_badly || (*encode_batch)(batch);
    return LLMOBS_EXPORT_OK;
}

static bool encodes(encoder encode_batch, unsigned signals)
{
    llmobs_config config = pumped();
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs* obs = llmobs_open(&config, NULL);
    exporter.export_batch = encode_it;
    exporter.user = &encode_batch;
    exporter.signals = signals;
    (void)llmobs_exporter_add(obs, &exporter);
    one_request(obs, "one");
    bool flushed = llmobs_flush(obs, 5000) == LLMOBS_OK;
    bool once = threw >= 1 && !encoded_badly;
    return llmobs_close(obs) == LLMOBS_OK && flushed && once;
}

static bool encode()
{
    return encodes([](const llmobs_batch* batch) {
        return llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, no_write, NULL) != LLMOBS_ERROR_SYSTEM;
    }, LLMOBS_SIGNAL_SPANS);
}

static bool encode_chrome()
{
    return encodes([](const llmobs_batch* batch) {
        return llmobs_encode_chrome(batch, no_write, NULL);
    }, LLMOBS_SIGNAL_SPANS);
}

static bool encode_log_json()
{
    return encodes([](const llmobs_batch* batch) {
        return llmobs_encode_log_json(batch, LLMOBS_LOG_STYLE_DEFAULT, no_write, NULL);
    }, LLMOBS_SIGNAL_LOGS);
}

static bool encode_otlp_json()
{
    return encodes([](const llmobs_batch* batch) {
        return llmobs_encode_otlp_json(batch, no_write, NULL);
    }, LLMOBS_SIGNAL_SPANS);
}

static bool encode_otlp_logs_json()
{
    return encodes([](const llmobs_batch* batch) {
        return llmobs_encode_otlp_logs_json(batch, no_write, NULL);
    }, LLMOBS_SIGNAL_LOGS);
}

static bool encode_otlp_metrics_json()
{
    return encodes([](const llmobs_batch* batch) {
        return llmobs_encode_otlp_metrics_json(batch, no_write, NULL);
    }, LLMOBS_SIGNAL_METRICS);
}

static bool encode_otlp_protobuf()
{
    return encodes([](const llmobs_batch* batch) {
        return llmobs_encode_otlp_protobuf(batch, no_write, NULL);
    }, LLMOBS_SIGNAL_SPANS);
}

/* ---- the whole ----------------------------------------------------------------------------- */

static const struct {
    const char* name;
    bool (*run)();
} rows[] = {
    {"llmobs_allocator.allocate", allocate},
    {"llmobs_allocator.release", release},
    {"llmobs_clock.unix_ns", host_clock},
    {"llmobs_random.fill", random_source},
    {"llmobs_config.note", note},
    {"llmobs_config.audit", audit},
    {"llmobs_config.cost_store", cost_store},
    {"llmobs_config.alert", alert},
    {"llmobs_config.on_drift", drift},
    {"llmobs_embedder.embed", embed},
    {"llmobs_exporter.export_batch", export_batch},
    {"llmobs_exporter.close", exporter_close},
    {"llmobs_judge.ask", judge_ask},
    {"llmobs_judge.tell", judge_tell},
    {"llmobs_metric_info.callback", gauge},
    {"llmobs_alert_rules_write", alert_rules_write},
    {"llmobs_alerts_read", alerts_read},
    {"llmobs_cost_report_write", cost_report_write},
    {"llmobs_drift_baseline_write", baseline_write},
    {"llmobs_encode", encode},
    {"llmobs_encode_chrome", encode_chrome},
    {"llmobs_encode_log_json", encode_log_json},
    {"llmobs_encode_otlp_json", encode_otlp_json},
    {"llmobs_encode_otlp_logs_json", encode_otlp_logs_json},
    {"llmobs_encode_otlp_metrics_json", encode_otlp_metrics_json},
    {"llmobs_encode_otlp_protobuf", encode_otlp_protobuf},
    {"llmobs_explanation_write", explanation_write},
    {"llmobs_export_to", export_batch},
    {"llmobs_interaction_write", interaction_write},
    {"llmobs_metrics_collect", metrics_collect},
    {"llmobs_metrics_write", metrics_write},
    {"llmobs_prometheus_write", prometheus_write},
    {"llmobs_recover", recover},
    {"llmobs_redactor_begin", redactor},
    {"llmobs_scan", scan},
    {"llmobs_scanner_begin", scanner},
    {"pthread_cancel", cancel},
};

int main()
{
    int escaped = 0;
    for (const auto& row : rows) {
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
            _exit(row.run() ? 0 : 1);
        }
        (void)waitpid(child, &status, 0);
        std::printf("%s\t%s\n", row.name,
                    status == 0 ? "contained" : WIFSIGNALED(status) ? "escaped" : "wrong");
        std::fflush(stdout);
        escaped += status != 0;
    }
    return escaped == 0 ? 0 : 1;
}
