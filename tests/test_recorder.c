/* The flight recorder: what was recorded is there when the process is not. */
#define _GNU_SOURCE
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "recorded.h"

#define RANDOM_SEED 41
#include "random.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <time.h>

/* ---- the file of a process that lives ------------------------------------------------------ */

static void test_life(void)
{
    llmobs_config config = recorder_config(RECORD);
    char path[200];
    struct stat status;
    keeper kept;
    size_t size;
    llmobs* obs;
    fresh_folder();
    obs = open_kept(&config, &kept);
    ok(lstat(RECORD, &status) == 0 && S_ISREG(status.st_mode), "there is a file");
    is_int(status.st_mode & 0777, 0600, "for its owner alone");
    is_int(status.st_size, llmobs_recorder_file_bytes(&config), "as large as is said");
    ok((long long)status.st_blocks * 512 >= (long long)status.st_size, "with all of its room");
    size = llmobs_recorder_path(obs, path, sizeof path);
    is_int(size, strlen(path), "its path is told");
    ok(path[0] == '/' && size > sizeof RECORD && strcmp(path + size - strlen(RECORD), RECORD) == 0,
       "from the root, since the process may go elsewhere");
    is_int(llmobs_recorder_path(obs, path, 3), size, "and its length");
    is_int(llmobs_recorder_path(NULL, path, sizeof path), 0, "no instance has none");
    is_int(noted[LLMOBS_NOTE_RECORDER_OPEN], 0, "nothing is noted");
    llmobs_span_end(llmobs_span_root(obs, "a"));
    ok(llmobs_flush(obs, 5000) == LLMOBS_OK && kept_count(&kept) == 1, "recording goes on");
    ok(account_balances(obs), "the account balances");
    is_int(llmobs_recover(RECORD, keep, &kept, LLMOBS_RECOVER_REMOVE, NULL), LLMOBS_ERROR_BUSY,
           "its own process does not recover it");
    ok(close_kept(obs, &kept), "it closes");
    ok(!is_there(RECORD), "and the file is gone");
}

static void test_refused(void)
{
    llmobs_config config = recorder_config(RECORD);
    keeper kept;
    llmobs* obs;
    fresh_folder();
    put_file(RECORD, "other", 5);
    obs = open_kept(&config, &kept);
    is_int(noted[LLMOBS_NOTE_RECORDER_OPEN], 1, "what is there already is left alone");
    is_int(llmobs_recorder_path(obs, NULL, 0), 0, "there is no recorder");
    llmobs_span_end(llmobs_span_root(obs, "a"));
    ok(close_kept(obs, &kept), "but everything else");
    ok(is_there(RECORD), "and the file stays");
    (void)unlink(RECORD);
    config.recorder_file = FOLDER "/none/record";
    obs = open_kept(&config, &kept);
    is_int(noted[LLMOBS_NOTE_RECORDER_OPEN], 2, "a folder that is not there is noted");
    ok(close_kept(obs, &kept), "it closes");
    (void)symlink("target", RECORD);
    config.recorder_file = RECORD;
    obs = open_kept(&config, &kept);
    is_int(noted[LLMOBS_NOTE_RECORDER_OPEN], 3, "links are not followed");
    ok(close_kept(obs, &kept) && !is_there(FOLDER "/target"), "anywhere");
    (void)unlink(RECORD);
}

static void limited(void* user)
{
    int* came_to = (int*)user;
    llmobs_config config = recorder_config(RECORD);
    struct rlimit limit = {65536, 65536};
    keeper kept;
    llmobs* obs;
    (void)setrlimit(RLIMIT_FSIZE, &limit);
    obs = open_kept(&config, &kept);
    llmobs_span_end(llmobs_span_root(obs, "a"));
    *came_to = noted[LLMOBS_NOTE_RECORDER_OPEN] == 1 && llmobs_recorder_path(obs, NULL, 0) == 0 &&
               close_kept(obs, &kept) && !is_there(RECORD);
}

static void filled(void* user)
{
    int* came_to = (int*)user;
    llmobs_config config = recorder_config(FOLDER "/small/record");
    keeper kept;
    llmobs* obs;
    (void)mkdir(FOLDER "/small", 0700);
    if (mount("none", FOLDER "/small", "tmpfs", 0, "size=64k") != 0) {
        *came_to = 2;
        return;
    }
    obs = open_kept(&config, &kept);
    llmobs_span_end(llmobs_span_root(obs, "a"));
    *came_to = noted[LLMOBS_NOTE_RECORDER_OPEN] == 1 && llmobs_recorder_path(obs, NULL, 0) == 0 &&
               close_kept(obs, &kept) && !is_there(FOLDER "/small/record");
    (void)umount(FOLDER "/small");
}

/* No room is an open without a recorder, not a signal. */
static void test_no_room(void)
{
    int* came_to = (int*)shared(sizeof(int));
    fresh_folder();
    (void)in_process(limited, came_to);
    is_int(*came_to, 1, "a limit on files is kept to");
    *came_to = 0;
    fresh_folder();
    (void)in_process(filled, came_to);
    if (*came_to == 2) {
        skip("a full disk is no signal", "no file system may be mounted here");
    } else {
        is_int(*came_to, 1, "a full disk is no signal");
    }
}

static void default_path(void* user)
{
    llmobs_config config = recorder_config("");
    llmobs* obs = opened(&config);
    (void)llmobs_recorder_path(obs, (char*)user, 200);
    (void)llmobs_span_root(obs, "open");
}

static void test_default_path(void)
{
    char* path = (char*)shared(200);
    char start[64];
    keeper kept;
    keeper_init(&kept);
    (void)in_process(default_path, path);
    if (path[0] == '\0') {
        skip("a name of its own", "there is no /dev/shm");
        return;
    }
    (void)snprintf(start, sizeof start, "/dev/shm/llmobs-%u-", (unsigned)geteuid());
    ok(strncmp(path, start, strlen(start)) == 0, "by default it has a name of its own");
    is_int(llmobs_recover(path, keep, &kept, LLMOBS_RECOVER_REMOVE, NULL), LLMOBS_OK,
           "which is recovered");
    ok(kept_count(&kept) == 1 && !is_there(path), "and removed");
    keeper_clear(&kept);
}

static void test_two(void)
{
    llmobs_config config = recorder_config(RECORD);
    llmobs_config other = recorder_config(FOLDER "/other");
    keeper kept;
    keeper kept_other;
    llmobs* obs;
    llmobs* obs_other;
    fresh_folder();
    (void)unlink(FOLDER "/other");
    obs = open_kept(&config, &kept);
    obs_other = open_kept(&other, &kept_other);
    llmobs_span_end(llmobs_span_root(obs, "a"));
    llmobs_span_end(llmobs_span_root(obs_other, "b"));
    ok(is_there(RECORD) && is_there(FOLDER "/other"), "two instances have a file each");
    ok(llmobs_flush(obs, 5000) == LLMOBS_OK && kept_count(&kept) == 1, "one records");
    ok(close_kept(obs, &kept) && !is_there(RECORD) && is_there(FOLDER "/other"), "and closes");
    ok(llmobs_flush(obs_other, 5000) == LLMOBS_OK && kept_count(&kept_other) == 1,
       "the other one goes on");
    ok(close_kept(obs_other, &kept_other) && !is_there(FOLDER "/other"), "and closes");
}

/* Somebody tidies up. */
static void test_vanished(void)
{
    llmobs_config config = recorder_config(RECORD);
    keeper kept;
    llmobs* obs;
    fresh_folder();
    obs = open_kept(&config, &kept);
    (void)unlink(RECORD);
    put_file(RECORD, "another's", 9);
    llmobs_span_end(llmobs_span_root(obs, "a"));
    ok(llmobs_flush(obs, 5000) == LLMOBS_OK && kept_count(&kept) == 1,
       "a file that goes takes nothing along");
    ok(close_kept(obs, &kept), "it closes");
    ok(is_there(RECORD), "and what is there now is not taken away");
    (void)unlink(RECORD);
}

static void test_memory(void)
{
    llmobs_config config = recorder_config(RECORD);
    llmobs_config without = recorder_config(NULL);
    size_t size = llmobs_memory_needed(&config);
    void* memory = aligned_alloc(64, (size + 63) & ~(size_t)63);
    keeper kept;
    llmobs* obs;
    fresh_folder();
    ok(size >= llmobs_memory_needed(&without), "what is needed is said as if there were no file");
    config.memory = memory;
    config.memory_bytes = size;
    obs = open_kept(&config, &kept);
    ok(is_there(RECORD), "the host's own memory and a file go together");
    llmobs_span_end(llmobs_span_root(obs, "a"));
    ok(close_kept(obs, &kept), "it closes");
    put_file(RECORD, "other", 5);
    obs = open_kept(&config, &kept);
    is_int(noted[LLMOBS_NOTE_RECORDER_OPEN], 1, "without a file");
    llmobs_span_end(llmobs_span_root(obs, "a"));
    ok(close_kept(obs, &kept), "it suffices as well");
    (void)llmobs_release();
    free(memory);
    (void)unlink(RECORD);
}

/* ---- what a dead process leaves ------------------------------------------------------------ */

static llmobs_counter counted(llmobs* obs, const char* name, const char* label, const char* value)
{
    llmobs_metric_info info = llmobs_metric_info_default();
    info.name = name;
    info.help = "What is counted.";
    info.instrument = LLMOBS_COUNTER;
    info.labels = &label;
    info.label_count = label != NULL ? 1 : 0;
    return llmobs_counter_get(llmobs_metric_define(obs, &info, NULL), &value, info.label_count);
}

static double asked(void* user)
{
    return *(double*)user;
}

/* A metric of each kind, by two threads' worth of values. */
static void leave_metrics(llmobs* obs)
{
    static const double bounds[] = {0.1, 1.0, 10.0};
    static double gauge = 3.5;
    llmobs_metric_info info = llmobs_metric_info_default();
    llmobs_histogram histogram;
    int i;
    llmobs_counter_add(counted(obs, "tokens", "model", "a \"model\""), 42);
    llmobs_counter_add(counted(obs, "plain", NULL, NULL), 7);
    info.name = "level";
    info.instrument = LLMOBS_GAUGE;
    llmobs_gauge_set(llmobs_gauge_get(llmobs_metric_define(obs, &info, NULL), NULL, 0), 2.5);
    info.name = "asked";
    info.instrument = LLMOBS_GAUGE_CALLBACK;
    info.callback = asked;
    info.callback_user = &gauge;
    (void)llmobs_metric_define(obs, &info, NULL);
    info = llmobs_metric_info_default();
    info.name = "seconds";
    info.unit = "s";
    info.number = LLMOBS_NUMBER_NANO;
    info.instrument = LLMOBS_HISTOGRAM;
    info.bounds = bounds;
    info.bound_count = 3;
    info.exemplars = true;
    histogram = llmobs_histogram_get(llmobs_metric_define(obs, &info, NULL), NULL, 0);
    llmobs_histogram_record(histogram, 0.5);
    llmobs_histogram_record(histogram, 20.0);
    info = llmobs_metric_info_default();
    info.name = "spread";
    info.number = LLMOBS_NUMBER_DOUBLE;
    info.instrument = LLMOBS_HISTOGRAM_EXPONENTIAL;
    histogram = llmobs_histogram_get(llmobs_metric_define(obs, &info, NULL), NULL, 0);
    for (i = 1; i <= 100; i++) {
        llmobs_histogram_record(histogram, (double)i * (double)i * 1e-6);
    }
}

static llmobs_span say_much(llmobs* obs)
{
    static const char* const keys[] = {"k0", "k1", "k2", "k3", "k4", "k5"};
    static const char* const list[] = {"one", "two"};
    llmobs_span_info info = llmobs_span_info_default();
    llmobs_trace_context link;
    llmobs_span span;
    char text[200];
    int i;
    info.name = "much";
    info.traceparent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
    info.tracestate = "vendor=value";
    info.kind = LLMOBS_KIND_SERVER;
    span = llmobs_span_begin(obs, &info);
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (i = 0; i < 6; i++) {
        text[0] = (char)('0' + i);
        llmobs_span_set_string(span, keys[i], text);
    }
    (void)llmobs_trace_context_parse(&link,
                                     "00-00112233445566778899aabbccddeeff-0011223344556677-01",
                                     LLMOBS_NUL_TERMINATED, NULL, 0);
    llmobs_span_link(span, &link);
    llmobs_span_event(span, "event");
    llmobs_span_set_strings(span, "list", list, 2);
    llmobs_span_set_status(span, LLMOBS_STATUS_ERROR, "what went wrong");
    return span;
}

/* Of each kind one: in a queue, ended, in flight; with all that spans can say. */
static void leave_some(void* user)
{
    llmobs_config config = recorder_config(RECORD);
    llmobs_export_fn callback = *(const llmobs_export_fn*)user;
    llmobs_span root;
    llmobs_span child;
    llmobs* obs;
    config.host_pumped = true;
    config.batch_delay_ms = 3600000;
    config.metric_series = 64;
    config.metric_bytes = 262144;
    config.metric_families = LLMOBS_OFF;
    config.service_name = "some service";
    obs = opened(&config);
    (void)llmobs_export_to(obs, callback, NULL);
    (void)llmobs_export_to(obs, callback, NULL);
    llmobs_span_end(say_much(obs));
    llmobs_log(obs, LLMOBS_SEVERITY_WARN, "queued.event", "queued body");
    (void)llmobs_tick(obs); /* collected, not sealed: no exporter has seen it */
    llmobs_span_end(llmobs_span_root(obs, "ended"));
    llmobs_log(obs, LLMOBS_SEVERITY_ERROR, "ended.event", "ended body");
    root = llmobs_span_root(obs, "open");
    llmobs_span_set_int(root, "step", 7);
    child = llmobs_span_child(root, "open child");
    llmobs_span_set_status(child, LLMOBS_STATUS_ERROR, "early");
    llmobs_span_set_int(child, "step", 8);
    leave_metrics(obs);
}

static llmobs_export_result never(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    return LLMOBS_EXPORT_RETRY;
}

/* Metrics that were handed out: one line each, as the encoder has them. */
typedef struct handed {
    keeper kept;
    char text[65536];
    size_t used;
} handed;

static bool append_text(void* user, const char* data, size_t size)
{
    handed* all = (handed*)user;
    if (size < sizeof all->text - all->used) {
        memcpy(all->text + all->used, data, size);
        all->used += size;
        all->text[all->used] = '\0';
        return true;
    }
    return false;
}

static llmobs_export_result take_all(void* user, const llmobs_batch* batch)
{
    handed* all = (handed*)user;
    (void)llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, append_text, all);
    return batch->metric_count > 0 ? LLMOBS_EXPORT_OK : keep(&all->kept, batch);
}

static void check_much(const llmobs_span_view* span)
{
    static const uint8_t trace[16] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                      0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    if (!ok(span != NULL, "what was in a queue is there")) {
        return;
    }
    ok(memcmp(span->trace_id, trace, 16) == 0, "with its trace");
    is_str(span->trace_state.data, "vendor=value", "and its state");
    is_int(span->kind, LLMOBS_KIND_SERVER, "its kind");
    is_int(span->attribute_count, 7, "all attributes");
    is_int(strlen(kept_string(span, "k5")), 199, "over several slots");
    ok(kept_string(span, "k5")[0] == '5', "each its own");
    ok(kept_attribute(span, "list") != NULL && kept_attribute(span, "list")->count == 2, "lists");
    is_int(span->event_count, 1, "its event");
    is_int(span->link_count, 1, "its link");
    is_str(span->status_message.data, "what went wrong", "its status");
    ok(kept_attribute(span, "llmobs.interrupted") == NULL, "and it was not interrupted");
}

static void check_open(const keeper* kept, const llmobs_recovery* report)
{
    const llmobs_span_view* open = kept_span(kept, "open");
    const llmobs_span_view* child = kept_span(kept, "open child");
    const llmobs_attribute_view* mark = kept_attribute(open, "llmobs.interrupted");
    if (!ok(open != NULL && child != NULL, "spans in flight are there")) {
        return;
    }
    ok(mark != NULL && mark->type == LLMOBS_TYPE_BOOL && mark->value.boolean, "marked");
    is_int(open->status, LLMOBS_STATUS_ERROR, "as errors");
    ok(strstr(open->status_message.data, "ended before") != NULL, "that say so");
    ok(kept_attribute(open, "step") != NULL && kept_attribute(open, "step")->value.integer == 7,
       "with what they had said");
    ok(memcmp(child->parent_span_id, open->span_id, 8) == 0, "children of their parents");
    is_str(child->status_message.data, "early", "whose own message stays");
    ok(open->end_unix_ns >= open->start_unix_ns && open->end_unix_ns == report->last_unix_ns,
       "ended at the last sign of life");
}

static void check_metrics(const char* text)
{
    static const char* const there[] = {
        "\"name\":\"tokens\"", "\"asInt\":\"42\"", "a \\\"model\\\"", "\"name\":\"plain\"",
        "\"asInt\":\"7\"", "\"name\":\"level\"", "\"asDouble\":2.5", "\"name\":\"seconds\"",
        "\"bucketCounts\":[\"0\",\"1\",\"0\",\"1\"]", "\"sum\":20.5", "\"name\":\"spread\"",
        "\"count\":\"100\"", "some service", "process.pid"};
    size_t i;
    for (i = 0; i < sizeof there / sizeof there[0]; i++) {
        if (!ok(strstr(text, there[i]) != NULL, there[i])) {
            printf("# in %s\n", text);
        }
    }
    ok(strstr(text, "\"name\":\"asked\"") == NULL, "a gauge that is asked for is not");
}

static void test_leavings(void)
{
    llmobs_export_fn callback = never;
    static handed all;
    llmobs_recovery report;
    int attempt;
    memset(&report, 0, sizeof report);
    fresh_folder();
    ok(WIFSIGNALED(in_process(leave_some, (void*)&callback)), "a process is killed");
    for (attempt = 0; attempt < 2; attempt++) {
        memset(&all, 0, sizeof all);
        keeper_init(&all.kept);
        is_int(llmobs_recover(RECORD, take_all, &all, attempt == 1 ? LLMOBS_RECOVER_REMOVE : 0,
                              &report),
               LLMOBS_OK, "what it left is recovered");
        is_int(all.kept.malformed, 0, "in batches as the header promises");
        is_int(report.spans, 2, "spans that had ended");
        is_int(report.interrupted, 2, "that had not");
        is_int(report.logs, 2, "log records");
        is_int(report.queued, 2, "two of which were in queues, of two exporters");
        is_int(all.kept.count, 4, "each came once");
        is_int(all.kept.log_count, 2, "each log, too");
        is_int(report.damaged + report.refused + report.half_made, 0, "nothing is wrong");
        is_int(report.series, 5, "all series");
        check_much(kept_span(&all.kept, "much"));
        ok(kept_span(&all.kept, "ended") != NULL, "what had ended is there");
        check_open(&all.kept, &report);
        check_metrics(all.text);
        is_int(report.stats.started, 6, "the account knows how many were begun");
        is_int(sum_of_account(&report.stats), 6, "and where they are");
        is_int(report.stats.live, 2, "in flight");
        is_int(report.stats.collected, 2, "collected");
        is_int(report.stats.exporters[0].queued, 2, "queued");
        ok(report.process != 0 && report.opened_unix_ns <= report.last_unix_ns &&
               report.last_unix_ns - report.opened_unix_ns < UINT64_C(60000000000),
           "whose it was, and when");
        is_int(report.removed, attempt, "the file goes when that is asked for");
        keeper_clear(&all.kept);
    }
    ok(!is_there(RECORD), "it is gone");
    is_int(llmobs_recover(RECORD, take_all, &all, 0, NULL), LLMOBS_ERROR_SYSTEM,
           "and then it can't be had");
}

static llmobs_export_result answer(void* user, const llmobs_batch* batch)
{
    (void)batch;
    return *(const llmobs_export_result*)user;
}

static void test_answers(void)
{
    llmobs_export_fn callback = never;
    llmobs_export_result result = LLMOBS_EXPORT_RETRY;
    llmobs_recovery report;
    memset(&report, 0, sizeof report);
    fresh_folder();
    (void)in_process(leave_some, (void*)&callback);
    is_int(llmobs_recover(RECORD, answer, &result, LLMOBS_RECOVER_REMOVE, &report),
           LLMOBS_ERROR_INCOMPLETE, "a callback that asks for a retry ends it");
    ok(report.batches == 1 && is_there(RECORD), "at once, and the file stays");
    result = LLMOBS_EXPORT_DROP;
    is_int(llmobs_recover(RECORD, answer, &result, LLMOBS_RECOVER_REMOVE, &report),
           LLMOBS_ERROR_INCOMPLETE, "one that drops gets all");
    ok(report.refused == 11 && is_there(RECORD), "what it dropped is counted, and the file stays");
    result = LLMOBS_EXPORT_OK;
    is_int(llmobs_recover(RECORD, answer, &result,
                          LLMOBS_RECOVER_REMOVE | LLMOBS_RECOVER_NO_METRICS, &report),
           LLMOBS_OK, "one that takes it");
    ok(report.series == 0 && !is_there(RECORD), "is the last");
    is_int(llmobs_recover(NULL, answer, &result, 0, NULL), LLMOBS_ERROR_ARGUMENT, "no path");
    is_int(llmobs_recover(RECORD, NULL, &result, 0, NULL), LLMOBS_ERROR_ARGUMENT, "no callback");
}

/* What was delivered does not come again. */
static llmobs_export_result take(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    return LLMOBS_EXPORT_OK;
}

static void deliver_some(void* user)
{
    llmobs_config config = recorder_config(RECORD);
    llmobs* obs;
    (void)user;
    obs = opened(&config);
    (void)llmobs_export_to(obs, take, NULL);
    llmobs_span_end(llmobs_span_root(obs, "delivered"));
    llmobs_log(obs, LLMOBS_SEVERITY_ERROR, "delivered", "body");
    (void)llmobs_flush(obs, 5000);
    (void)signal(*(int*)user, SIG_DFL); /* sanitizers have handlers */
    (void)raise(*(int*)user);
}

static void test_delivered(void)
{
    static const int signals[] = {SIGSEGV, SIGABRT, SIGTERM, SIGKILL};
    llmobs_recovery report;
    llmobs_export_result result = LLMOBS_EXPORT_OK;
    size_t i;
    for (i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        int which = signals[i];
        int status;
        memset(&report, 0, sizeof report);
        fresh_folder();
        status = in_process(deliver_some, &which);
        ok(WIFSIGNALED(status) && WTERMSIG(status) == which, "a process dies");
        is_int(llmobs_recover(RECORD, answer, &result, LLMOBS_RECOVER_REMOVE, &report), LLMOBS_OK,
               "it is recovered");
        is_int(report.spans + report.logs + report.interrupted, 0,
               "what was delivered does not come again");
        is_int(report.stats.collected, 2, "the account has it");
    }
}

/* ---- killed while recording ---------------------------------------------------------------- */

#define THREADS 4
#define MOST 20000 /* of a thread in a round */
#define AHEAD 400  /* of what is delivered: less than the queue holds */

typedef struct round_of {
    int ready;
    int slow; /* the exporter: 0 takes all, 1 takes its time, 2 never comes back */
    uint32_t history; /* bytes of the file for what was delivered */
    unsigned most;    /* of a thread; MOST or fewer */
    unsigned committed[THREADS]; /* ended, and the call has returned */
    unsigned delivered_count[THREADS];
    unsigned char delivered[THREADS][MOST];
    unsigned char found[THREADS][MOST];
    unsigned long torn;
    unsigned long twice;
    unsigned long open;
} round_of;

static round_of* now;

static void text_of(unsigned thread, unsigned number, char* text, size_t size)
{
    size_t i;
    for (i = 0; i + 1 < size; i++) {
        text[i] = (char)('a' + (thread * 7 + number * 13 + i) % 26);
    }
    text[size - 1] = '\0';
}

/* Whether the attributes are those of this thread's record of this number. */
static bool is_whole(const llmobs_attribute_view* attributes, uint32_t count, unsigned* thread,
                     unsigned* number)
{
    char text[400];
    uint32_t i;
    if (count < 4 || attributes[0].type != LLMOBS_TYPE_INT ||
        attributes[1].type != LLMOBS_TYPE_INT || attributes[2].type != LLMOBS_TYPE_STRING ||
        attributes[3].type != LLMOBS_TYPE_DOUBLE) {
        return false;
    }
    *thread = (unsigned)attributes[0].value.integer;
    *number = (unsigned)attributes[1].value.integer;
    text_of(*thread, *number, text, attributes[2].value.string.size + 1);
    if (*thread >= THREADS || *number >= MOST ||
        strcmp(text, attributes[2].value.string.data) != 0 ||
        attributes[2].value.string.size != (*number % 16 == 0 ? 250 : 20) ||
        attributes[3].value.real != (double)*number * 0.5) {
        return false;
    }
    for (i = 4; i < count; i++) {
        if (attributes[i].type != LLMOBS_TYPE_STRING ||
            strcmp(attributes[i].value.string.data, text) != 0) {
            return false;
        }
    }
    return count == (*number % 16 == 0 ? 7u : 4u);
}

static void see(unsigned thread, unsigned number, bool delivering)
{
    if (delivering) {
        now->delivered[thread][number] = 1;
        __atomic_add_fetch(&now->delivered_count[thread], 1, __ATOMIC_RELEASE);
    } else {
        now->twice += now->found[thread][number];
        now->found[thread][number] = 1;
    }
}

static void see_all(const llmobs_batch* batch, bool delivering)
{
    size_t i;
    unsigned thread;
    unsigned number;
    for (i = 0; i < batch->span_count; i++) {
        const llmobs_span_view* span = &batch->spans[i];
        if (kept_attribute(span, "llmobs.interrupted") != NULL) {
            now->open++;
            now->torn += span->attribute_count > 1 &&
                         span->attributes[0].value.integer >= THREADS;
        } else if (is_whole(span->attributes, span->attribute_count, &thread, &number) &&
                   strcmp(span->name.data, "work") == 0 &&
                   span->event_count == (number % 16 == 0 ? 1u : 0u)) {
            see(thread, number, delivering);
        } else {
            now->torn++;
        }
    }
    for (i = 0; i < batch->log_count; i++) {
        const llmobs_log_view* log = &batch->logs[i];
        if (is_whole(log->attributes, log->attribute_count, &thread, &number)) {
            see(thread, number, delivering);
        } else {
            now->torn++;
        }
    }
}

static llmobs_export_result deliver(void* user, const llmobs_batch* batch)
{
    (void)user;
    while (now->slow == 2) {
        (void)usleep(10000);
    }
    if (now->slow == 1) {
        (void)usleep(500);
    }
    see_all(batch, true);
    return LLMOBS_EXPORT_OK;
}

static llmobs_export_result find(void* user, const llmobs_batch* batch)
{
    (void)user;
    see_all(batch, false);
    return LLMOBS_EXPORT_OK;
}

static const char* const more_keys[] = {"more0", "more1", "more2"};

/* One record; false: no slot was free. */
static bool record_one(llmobs* obs, unsigned thread, unsigned number)
{
    llmobs_attribute attributes[7];
    char text[400];
    size_t count = 4;
    size_t i;
    llmobs_span span;
    text_of(thread, number, text, number % 16 == 0 ? 251 : 21);
    attributes[0] = llmobs_attribute_int("thread", thread);
    attributes[1] = llmobs_attribute_int("number", number);
    attributes[2] = llmobs_attribute_string("text", text);
    attributes[3] = llmobs_attribute_double("half", (double)number * 0.5);
    for (i = 0; number % 16 == 0 && i < 3; i++) {
        attributes[count++] = llmobs_attribute_string(more_keys[i], text);
    }
    if (number % 8 == 3) {
        llmobs_log_info info = llmobs_log_info_default();
        info.event_name = "work";
        info.attributes = attributes;
        info.attribute_count = count;
        llmobs_log_with(obs, &info);
        return true;
    }
    span = llmobs_span_root(obs, "work");
    if (span.instance == 0) {
        return false;
    }
    for (i = 0; i < count; i++) {
        if (i == 0) {
            llmobs_span_set_int(span, "thread", thread);
        } else if (i == 2 && number % 16 != 0) {
            llmobs_span_set_string(span, "text", text);
        } else {
            llmobs_span_set(span, &attributes[i], 1);
        }
    }
    if (number % 16 == 0) {
        llmobs_span_event(span, "event");
    }
    llmobs_span_end(span);
    return true;
}

typedef struct recording {
    llmobs* obs;
    unsigned thread;
} recording;

static void* record_on(void* argument)
{
    const recording* of = (const recording*)argument;
    unsigned thread = of->thread;
    unsigned number;
    for (number = 0; number < now->most; number++) {
        unsigned gone = 0;
        while (number - __atomic_load_n(&now->delivered_count[thread], __ATOMIC_ACQUIRE) - gone >
               AHEAD) {
            (void)sched_yield();
        }
        while (!record_one(of->obs, thread, number)) {
            (void)sched_yield();
        }
        __atomic_store_n(&now->committed[thread], number + 1, __ATOMIC_RELEASE);
    }
    for (;;) {
        (void)pause();
    }
    return NULL;
}

static void record_till_killed(void* user)
{
    llmobs_config config = recorder_config(RECORD);
    recording all[THREADS];
    pthread_t threads[THREADS];
    llmobs* obs;
    unsigned i;
    (void)user;
    config.note = NULL;
    config.span_slots = 4096; /* log records that find none free would be lost, as is said */
    config.queue_bytes = 4194304;
    config.batch_bytes = 16384;
    config.max_exporters = 1;
    config.tick_ms = 1;
    config.batch_delay_ms = 1;
    config.recorder_history_bytes = now->history;
    obs = opened(&config);
    (void)llmobs_export_to(obs, deliver, NULL);
    for (i = 0; i < THREADS; i++) {
        all[i].obs = obs;
        all[i].thread = i;
        (void)pthread_create(&threads[i], NULL, record_on, &all[i]);
    }
    __atomic_store_n(&now->ready, 1, __ATOMIC_RELEASE);
    for (;;) {
        (void)pause();
    }
}

static bool all_delivered(void)
{
    unsigned thread;
    for (thread = 0; thread < THREADS; thread++) {
        if (__atomic_load_n(&now->delivered_count[thread], __ATOMIC_ACQUIRE) < now->most) {
            return false;
        }
    }
    return true;
}

/* Starts recording, and kills it after so many microseconds; where fewer than MOST are to be
   recorded, after all of them were delivered. */
static void kill_after(unsigned us)
{
    pid_t child;
    int status;
    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        record_till_killed(NULL);
        _exit(1);
    }
    while (__atomic_load_n(&now->ready, __ATOMIC_ACQUIRE) == 0 &&
           waitpid(child, &status, WNOHANG) == 0) {
        (void)usleep(100);
    }
    while (now->most < MOST && !all_delivered() && waitpid(child, &status, WNOHANG) == 0) {
        (void)usleep(100);
    }
    (void)usleep(us);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
}

/* Of the spans that one thread committed and had delivered, the newest come again, without a gap.
   (Log records may have been under way when spans of later were delivered.) Returns how many came
   that are older than a missing one. */
static unsigned long gap_of(unsigned thread, unsigned long long* past)
{
    unsigned long older = 0;
    bool missing = false;
    unsigned number;
    for (number = now->committed[thread]; number-- > 0;) {
        bool was = now->delivered[thread][number] != 0;
        bool is = now->found[thread][number] != 0;
        if (number % 8 != 3) {
            missing |= was && !is;
            older += missing && was && is;
            *past += was && is;
        }
    }
    return older;
}

static void test_kills(void)
{
    long rounds = sized(300);
    unsigned long long committed = 0, delivered = 0, found = 0, again = 0, lost = 0, torn = 0;
    unsigned long long twice = 0, open = 0, half_made = 0;
    unsigned long long past = 0, history = 0;
    unsigned long refused = 0, unbalanced = 0, damaged = 0, gaps = 0;
    long i;
    now = (round_of*)shared(sizeof *now);
    for (i = 0; i < rounds; i++) {
        llmobs_recovery report;
        unsigned thread;
        unsigned number;
        memset(&report, 0, sizeof report);
        memset(now, 0, sizeof *now);
        now->slow = (int)(i % 3);
        now->history = i % 2 == 0 ? 0 : 65536;
        now->most = MOST;
        (void)unlink(RECORD);
        kill_after((unsigned)(next_random() % 6000));
        refused += llmobs_recover(RECORD, find, NULL,
                                  LLMOBS_RECOVER_REMOVE | LLMOBS_RECOVER_HISTORY,
                                  &report) != LLMOBS_OK;
        history += report.history;
        damaged += report.damaged;
        half_made += report.half_made;
        unbalanced += sum_of_account(&report.stats) + report.half_made != report.stats.started ||
                      report.half_made > THREADS + 1;
        for (thread = 0; thread < THREADS; thread++) {
            committed += now->committed[thread];
            gaps += gap_of(thread, &past);
            for (number = 0; number < MOST; number++) {
                bool was = now->delivered[thread][number] != 0;
                bool is = now->found[thread][number] != 0;
                lost += number < now->committed[thread] && !was && !is;
                again += was && is && now->history == 0;
                delivered += was;
                found += is;
            }
        }
        torn += now->torn;
        twice += now->twice;
        open += now->open;
    }
    printf("# %ld kills: %llu records committed, %llu delivered, %llu recovered, of these %llu "
           "delivered as well; %llu in flight, %llu half made\n",
           rounds, committed, delivered, found, again, open, half_made);
    ok(committed > (unsigned long long)rounds, "something was recorded");
    printf("# %llu in the history, %llu delivered ones handed out again\n", history, past);
    ok(found > (unsigned long long)rounds / 2, "and something was left to be recovered");
    is_int(gaps, 0, "the newest of each thread, without a gap");
    is_int(refused, 0, "each file is recovered");
    is_int(lost, 0, "no committed record is lost");
    is_int(torn, 0, "none is torn");
    is_int(twice, 0, "none comes twice in one recovery");
    is_int(damaged, 0, "none is damaged");
    is_int(unbalanced, 0, "each account balances, but for one half-made record a thread");
}

/* Killed when all was delivered: the newest are still there. */
static void test_kill_after_delivery(void)
{
    llmobs_recovery report;
    unsigned long long past = 0;
    unsigned long gaps = 0;
    unsigned thread;
    memset(&report, 0, sizeof report);
    memset(now, 0, sizeof *now);
    now->history = 65536;
    now->most = 200;
    kill_after(0);
    ok(all_delivered(), "all is delivered");
    is_int(llmobs_recover(RECORD, find, NULL, LLMOBS_RECOVER_REMOVE | LLMOBS_RECOVER_HISTORY,
                          &report),
           LLMOBS_OK, "and the process killed: its file is read");
    for (thread = 0; thread < THREADS; thread++) {
        gaps += gap_of(thread, &past);
    }
    ok(past > 50 && report.history >= past, "the newest of what was delivered come again");
    is_int(gaps, 0, "without a gap");
    is_int(now->torn + now->twice, 0, "whole, and once");
}

/* ---- fork ---------------------------------------------------------------------------------- */

static llmobs* forked_obs;
static llmobs_counter forked_counter;

static void in_child(void* user)
{
    int* good = (int*)user;
    keeper kept;
    keeper_init(&kept);
    *good = llmobs_recorder_path(forked_obs, NULL, 0) == 0;
    llmobs_span_set_int(llmobs_span_root(forked_obs, "child's"), "new.name", 1);
    llmobs_span_end(llmobs_span_root(forked_obs, "child's own"));
    llmobs_counter_add(forked_counter, 5);
    *good += 2 * (llmobs_counter_read(forked_counter) == 5);
    *good += 4 * (llmobs_flush(forked_obs, 5000) == LLMOBS_OK);
    *good += 8 * account_balances(forked_obs);
    *good += 16 * (llmobs_close(forked_obs) == LLMOBS_OK);
    *good += 32 * is_there(RECORD);
}

static void test_fork(void)
{
    llmobs_config config = recorder_config(RECORD);
    int* good = (int*)shared(sizeof(int));
    unsigned char* before;
    unsigned char* after;
    size_t size = 0;
    keeper kept;
    fresh_folder();
    config.host_pumped = true;
    config.metric_series = 64;
    config.metric_bytes = 262144;
    config.metric_families = LLMOBS_OFF;
    forked_obs = open_kept(&config, &kept);
    forked_counter = counted(forked_obs, "tokens", "model", "m");
    llmobs_counter_add(forked_counter, 3);
    (void)llmobs_span_root(forked_obs, "parent's");
    (void)llmobs_tick(forked_obs);
    before = file_bytes(RECORD, &size);
    (void)in_process(in_child, good);
    after = file_bytes(RECORD, &size);
    is_int(*good, 63, "a child records, without a recorder");
    ok(memcmp(before, after, size) == 0, "and changes nothing in its parent's file");
    is_int(llmobs_counter_read(forked_counter), 3, "which goes on");
    free(before);
    free(after);
    ok(llmobs_close(forked_obs) == LLMOBS_OK && !is_there(RECORD), "and closes it");
    keeper_clear(&kept);
}

/* Forks while threads record, in a process that is then killed: what the parent has is recovered,
   what the children recorded is not in it. */
static void fork_and_record(void* user)
{
    llmobs_config config = recorder_config(RECORD);
    recording one;
    pthread_t thread;
    int* good = (int*)user;
    int i;
    config.note = NULL;
    config.span_slots = 4096;
    config.queue_bytes = 4194304;
    config.batch_bytes = 16384;
    config.max_exporters = 1;
    now->slow = 2;
    one.obs = opened(&config);
    one.thread = 0;
    (void)llmobs_export_to(one.obs, deliver, NULL);
    (void)pthread_create(&thread, NULL, record_on, &one);
    for (i = 0; i < 20; i++) {
        pid_t child = fork();
        int status = 0;
        if (child == 0) {
            bool recorded = record_one(one.obs, 3, 5);
            (void)llmobs_tick(one.obs);
            _exit(recorded ? 0 : 1);
        }
        (void)waitpid(child, &status, 0);
        *good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
}

static void test_fork_race(void)
{
    int* good = (int*)shared(sizeof(int));
    llmobs_recovery report;
    long rounds = sized(10);
    unsigned long lost = 0;
    long i;
    for (i = 0; i < rounds; i++) {
        unsigned number;
        fresh_folder();
        memset(now, 0, sizeof *now);
        memset(&report, 0, sizeof report);
        (void)in_process(fork_and_record, good);
        (void)llmobs_recover(RECORD, find, NULL, LLMOBS_RECOVER_REMOVE, &report);
        for (number = 0; number < now->committed[0]; number++) {
            lost += now->found[0][number] == 0;
        }
        lost += now->found[3][5] + now->torn + now->twice + report.damaged;
    }
    is_int(*good, 20 * rounds, "children record");
    is_int(lost, 0, "and nothing of it is in the parent's file, which has all that is its own");
}

/* ---- a recoverer that is killed ------------------------------------------------------------ */

typedef struct recovering {
    int batches;
    uint64_t sums[64]; /* of the ids in each batch */
} recovering;

static llmobs_export_result note_ids(void* user, const llmobs_batch* batch)
{
    recovering* seen = (recovering*)user;
    uint64_t sum = batch->id;
    size_t i;
    for (i = 0; i < batch->span_count; i++) {
        uint64_t id;
        memcpy(&id, batch->spans[i].span_id, 8);
        sum = (sum ^ id) * UINT64_C(0x9e3779b97f4a7c15);
    }
    if (seen->batches < 64) {
        seen->sums[seen->batches++] = sum;
    }
    return LLMOBS_EXPORT_OK;
}

static void recover_once(void* user)
{
    (void)llmobs_recover(RECORD, note_ids, user, 0, NULL);
    (void)pause();
}

static void test_killed_recoverer(void)
{
    recovering whole;
    recovering* seen = (recovering*)shared(sizeof *seen);
    long rounds = sized(100);
    unsigned long wrong = 0;
    unsigned char* before;
    unsigned char* after;
    size_t size = 0;
    long i;
    fresh_folder();
    memset(now, 0, sizeof *now);
    memset(&whole, 0, sizeof whole);
    now->slow = 2;
    kill_after(4000);
    before = file_bytes(RECORD, &size);
    is_int(llmobs_recover(RECORD, note_ids, &whole, 0, NULL), LLMOBS_OK, "a file is recovered");
    for (i = 0; i < rounds; i++) {
        pid_t child;
        memset(seen, 0, sizeof *seen);
        child = fork();
        if (child == 0) {
            recover_once(seen);
            _exit(1);
        }
        (void)usleep((unsigned)(next_random() % 4000));
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        wrong += memcmp(seen->sums, whole.sums, (size_t)seen->batches * 8) != 0;
    }
    is_int(wrong, 0, "recoverers that are killed see the same, as far as they come");
    after = file_bytes(RECORD, &size);
    ok(memcmp(before, after, size) == 0, "and leave the file as it is");
    memset(seen, 0, sizeof *seen);
    is_int(llmobs_recover(RECORD, note_ids, seen, LLMOBS_RECOVER_REMOVE, NULL), LLMOBS_OK,
           "so that the last one has all");
    ok(seen->batches == whole.batches && memcmp(seen->sums, whole.sums, sizeof whole.sums) == 0,
       "the same");
    free(before);
    free(after);
}

/* ---- a live one is left alone -------------------------------------------------------------- */

static void live_on(void* user)
{
    llmobs_config config = recorder_config(RECORD);
    llmobs* obs = opened(&config);
    int i;
    (void)obs;
    if (*(int*)user != 0) {
        for (i = 3; i < 200; i++) {
            (void)close(i); /* as daemons do: the lock is gone */
        }
    }
    *(int*)user = 2;
    for (;;) {
        (void)pause();
    }
}

static void test_live(void)
{
    int* state = (int*)shared(sizeof(int));
    llmobs_export_result result = LLMOBS_EXPORT_OK;
    int without_lock;
    for (without_lock = 0; without_lock < 2; without_lock++) {
        pid_t child;
        if (without_lock && skipped_by_qemu("one that lost its lock")) {
            break;
        }
        fresh_folder();
        *state = without_lock;
        (void)fflush(stdout);
        child = fork();
        if (child == 0) {
            live_on(state);
            _exit(1);
        }
        while (__atomic_load_n(state, __ATOMIC_SEQ_CST) != 2) {
            (void)usleep(1000);
        }
        is_int(llmobs_recover(RECORD, answer, &result, LLMOBS_RECOVER_REMOVE, NULL),
               LLMOBS_ERROR_BUSY,
               without_lock ? "one that lost its lock lives" : "a live process is left alone");
        (void)kill(child, SIGKILL);
        if (without_lock == 0) {
            siginfo_t info; /* dead, and nobody has waited for it: a zombie */
            (void)waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
        } else {
            (void)waitpid(child, NULL, 0);
        }
        is_int(llmobs_recover(RECORD, answer, &result, LLMOBS_RECOVER_REMOVE, NULL), LLMOBS_OK,
               "a dead one is not");
        (void)waitpid(child, NULL, WNOHANG);
    }
}

int main(void)
{
    test_life();
    test_refused();
    test_no_room();
    test_default_path();
    test_two();
    test_vanished();
    test_memory();
    test_leavings();
    test_answers();
    test_delivered();
    test_kills();
    test_kill_after_delivery();
    test_fork();
    /* ThreadSanitizer can't start threads in such a child, either. */
    if (!LLMOBS_I_TSAN && !skipped_by_qemu("forks beside recording")) {
        test_fork_race();
    }
    test_killed_recoverer();
    test_live();
    return done();
}
