/* What detectors keep in files: a restart changes nothing; files that lie are refused. */
#include "llmobs_private.h"
#include "tap.h"
#include "keeper.h"
#include "requester.h"
#include "drifting.h"
#include "detecting.h"


#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER "build/tmp/test_drift_keep"
#define KEPT FOLDER "/answers.drift"

static uint64_t noted[LLMOBS_NOTE_COUNT];

static void take_note(void* user, llmobs_note which, uint64_t count, const char* text)
{
    (void)user;
    (void)text;
    noted[which] += count;
}

static void fresh_folder(void)
{
    static const char* const names[] = {KEPT, KEPT ".tmp", KEPT ".damaged", FOLDER "/other",
                                        FOLDER "/second.drift"};
    size_t i;
    (void)mkdir("build/tmp", 0777);
    (void)mkdir(FOLDER, 0777);
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(names[i]);
        (void)rmdir(names[i]);
    }
    memset(noted, 0, sizeof noted);
}

static llmobs_config kept_config(void)
{
    llmobs_config config = detector_config();
    config.drift_directory = FOLDER;
    config.note = take_note;
    config.note_user = NULL;
    return config;
}

static bool is_there(const char* path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* ---- a restart ----------------------------------------------------------------------------- */

/* Ten days and a half, another half; with restarts or without. */
static llmobs_drift_report ten_days(bool restarts, llmobs_drift_report* second)
{
    llmobs_config config = kept_config();
    llmobs_drift_info info = answers_info();
    answering usual = usual_answer();
    llmobs_drift_report report;
    llmobs_drift_detector detector;
    llmobs* obs;
    int half;
    fresh_folder();
    added_rows = 0;
    answered = 0;
    obs = open_detecting(&config);
    detector = define(obs, &info);
    for (half = 0; half < 21; half++) {
        add_embeddings(detector, 20, SHIFT_NONE);
        answer_many(obs, &usual, 16);
        fake_now += DAY / 2;
        (void)llmobs_drift_work(obs);
        if (restarts) {
            (void)llmobs_close(obs);
            obs = open_detecting(&config);
            detector = define(obs, &info);
            (void)llmobs_drift_work(obs);
        }
    }
    add_embeddings(detector, 10, SHIFT_NONE);
    (void)llmobs_drift_run_now(detector, "half a day");
    (void)llmobs_drift_work(obs);
    report = last_report(detector);
    add_embeddings(detector, 20, SHIFT_TURNED);
    *second = pass_days(obs, detector, 1);
    (void)llmobs_close(obs);
    return report;
}

static bool are_same(const llmobs_drift_report* a, const llmobs_drift_report* b)
{
    return a->verdict == b->verdict && a->run == b->run && a->days == b->days &&
           a->from_unix_ns == b->from_unix_ns &&
           llmobsi_double_bits(a->p) == llmobsi_double_bits(b->p) &&
           llmobsi_double_bits(a->score) == llmobsi_double_bits(b->score) &&
           memcmp(&a->embeddings, &b->embeddings, sizeof a->embeddings) == 0 &&
           memcmp(&a->answers, &b->answers, sizeof a->answers) == 0;
}

static void test_restart(void)
{
    llmobs_drift_report after, after_next, without, without_next;
    struct stat status;
    without = ten_days(false, &without_next);
    after = ten_days(true, &after_next);
    is_int(after.embeddings.votes, 30, "votes are kept, as many as the sample is");
    is_int(after.embeddings.count, without.embeddings.count, "and the days before");
    ok(are_same(&after, &without), "a restart each half day changes no bit of a report");
    ok(are_same(&after_next, &without_next), "nor of the next one");
    if (!skipped_without_modes("nobody else may read it")) {
        ok(lstat(KEPT, &status) == 0 && (status.st_mode & 0777) == 0600, "nobody else may read it");
    }
    ok(!is_there(KEPT ".tmp"), "nothing else lies about");
    is_int((long long)(noted[LLMOBS_NOTE_DRIFT_WRITE] + noted[LLMOBS_NOTE_DRIFT_DAMAGED]), 0,
           "and nothing was wrong");
}

/* What was known is, and a change goes on to be looked at. */
static void test_known(void)
{
    llmobs_config config = kept_config();
    llmobs_drift_info info = answers_info();
    answering answer = usual_answer();
    llmobs_drift_detector detector;
    llmobs_stats stats;
    llmobs* obs;
    fresh_folder();
    obs = open_detecting(&config);
    detector = define(obs, &info);
    answer_many(obs, &answer, 1);
    (void)llmobs_drift_work(obs);
    memset(&stats, 0, sizeof stats);
    (void)llmobs_close_with_stats(obs, &stats);
    is_int((long long)stats.drift_saved, 1, "a close keeps what there is");
    obs = open_detecting(&config);
    detector = define(obs, &info);
    (void)llmobs_drift_work(obs);
    answer_many(obs, &answer, 1);
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 0, "a model that was known before is known after");
    answer.response_model = "m-2";
    answer_many(obs, &answer, 1);
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 1, "and a new one is new");
    (void)llmobs_close(obs);
}

/* Who has voted before a restart has voted after it. */
static void test_voters(void)
{
    llmobs_config config = kept_config();
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector;
    float values[WIDTH];
    llmobs_embedding embedding = drift_as_embedding(values, WIDTH, 1, 77);
    llmobs* obs;
    int i;
    fresh_folder();
    turned_embedding(values, 4711, SHIFT_NONE);
    obs = open_detecting(&config);
    detector = define(obs, &info);
    for (i = 0; i < 2; i++) {
        add_embeddings(detector, 60, SHIFT_NONE);
        (void)pass_days(obs, detector, 1);
    }
    (void)llmobs_drift_add(detector, &embedding);
    (void)llmobs_close(obs);
    obs = llmobs_open(&config, NULL);
    detector = define(obs, &info);
    (void)llmobs_drift_work(obs);
    is_int(inside_of(detector)->window->votes, 1, "a vote outlives a restart");
    embedding.id = 2;
    (void)llmobs_drift_add(detector, &embedding);
    is_int(inside_of(detector)->window->votes, 1, "and its session is known");
    (void)llmobs_close(obs);
}

/* What ended just before the end is kept, too: by the thread that makes runs. */
static void test_last(void)
{
    llmobs_config config = kept_config();
    llmobs_drift_info info = answers_info();
    answering answer = usual_answer();
    llmobs_drift_detector detector;
    llmobs_stats stats;
    llmobs* obs;
    int i;
    fresh_folder();
    config.host_pumped = false;
    config.tick_ms = 20;
    obs = open_detecting(&config);
    detector = define(obs, &info);
    (void)llmobs_drift_run_now(detector, "first");
    memset(&stats, 0, sizeof stats);
    for (i = 0; i < 10000 && stats.drift_saved == 0; i++) {
        (void)usleep(1000);
        (void)llmobs_stats_read(obs, &stats);
    }
    for (i = 0; i < 12; i++) {
        answer_one(obs, &answer);
    }
    is_int(llmobs_close(obs), LLMOBS_OK, "it closes");
    config.host_pumped = true;
    obs = open_detecting(&config);
    detector = define(obs, &info);
    (void)llmobs_drift_work(obs);
    is_int((long long)inside_of(detector)->answer_count, 12, "with the last answers");
    (void)llmobs_close(obs);
}

static void test_forgotten(void)
{
    llmobs_config config = kept_config();
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector;
    struct stat before, after;
    llmobs* obs;
    fresh_folder();
    obs = open_detecting(&config);
    detector = define(obs, &info);
    add_embeddings(detector, 60, SHIFT_NONE);
    (void)pass_days(obs, detector, 1);
    (void)lstat(KEPT, &before);
    (void)llmobs_drift_begin_anew(detector);
    (void)llmobs_drift_work(obs);
    (void)lstat(KEPT, &after);
    ok(after.st_size < before.st_size - 40 * WIDTH * 4, "what is forgotten is not in the file");
    (void)llmobs_close(obs);
}

/* In a fork's child the file is the parent's. */
static void test_child(void)
{
    llmobs_config config = kept_config();
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector;
    pid_t child;
    int status;
    llmobs* obs;
    fresh_folder();
    obs = open_detecting(&config);
    detector = define(obs, &info);
    add_embeddings(detector, 60, SHIFT_NONE);
    (void)pass_days(obs, detector, 1);
    (void)unlink(KEPT);
    child = fork();
    if (child == 0) {
        (void)pass_days(obs, detector, 1);
        (void)llmobs_close(obs);
        _exit(0);
    }
    ok(waitpid(child, &status, 0) == child && status == 0, "a child comes to its end");
    ok(!is_there(KEPT), "and keeps nothing");
    (void)llmobs_close(obs);
    ok(is_there(KEPT), "its parent does");
}

/* ---- files that can't be used -------------------------------------------------------------- */

/* Opens, looks, closes; what lay in place of the file is there before. Returns days that were kept.
   */
static uint32_t look(const llmobs_config* config, const llmobs_drift_info* info)
{
    llmobs* obs = open_detecting(config);
    llmobs_drift_detector detector = define(obs, info);
    uint32_t days;
    (void)llmobs_drift_work(obs);
    (void)llmobs_tick(obs);
    days = days_kept(detector);
    (void)llmobs_close(obs);
    return days;
}

static void keep_some(const llmobs_config* config)
{
    llmobs_drift_info info = answers_info();
    llmobs* obs;
    llmobs_drift_detector detector;
    fresh_folder();
    obs = open_detecting(config);
    detector = define(obs, &info);
    add_embeddings(detector, 60, SHIFT_NONE);
    (void)pass_days(obs, detector, 1);
    add_embeddings(detector, 60, SHIFT_NONE);
    (void)pass_days(obs, detector, 1);
    (void)llmobs_close(obs);
}

/* A provider's finish reason is text from outside. */
static void test_malformed_names(void)
{
    llmobs_config config = kept_config();
    llmobs_drift_info info = answers_info();
    answering answer = usual_answer();
    llmobs_drift_detector detector;
    llmobs* obs;
    fresh_folder();
    obs = open_detecting(&config);
    detector = define(obs, &info);
    answer.finish_reason = "st\xff" "op";
    answer_many(obs, &answer, 40);
    (void)pass_days(obs, detector, 1);
    (void)llmobs_close(obs);
    is_int(look(&config, &info), 1, "what is malformed is mended before it is kept");
    ok(!is_there(KEPT ".damaged"), "so that it is read again");
}

static void test_other_kinds(void)
{
    llmobs_config config = kept_config();
    llmobs_config other = config;
    llmobs_drift_info info = answers_info();
    keep_some(&config);
    is_int(look(&config, &info), 2, "what fits is loaded");
    other.drift_days = 5;
    other.drift_day_embeddings = 16;
    is_int(look(&other, &info), 2, "with other sizes, too");
    other.drift_days = 14;
    other.drift_dimensions = 8;
    is_int(look(&other, &info), 0, "not with another dimension");
    is_int((long long)noted[LLMOBS_NOTE_DRIFT_DAMAGED], 1, "which is noted");
    ok(is_there(KEPT ".damaged"), "and set aside");
    keep_some(&config);
    info.embedder = "another one";
    is_int(look(&config, &info), 0, "not with another embedder");
    keep_some(&config);
    info = answers_info();
    info.interval_s = 3600;
    is_int(look(&config, &info), 0, "not with another interval");
    keep_some(&config);
    other = config;
    other.drift_dimensions = LLMOBS_OFF;
    info = answers_info();
    is_int(look(&other, &info), 0, "not without embeddings");
    keep_some(&config);
    other = config;
    other.drift_days = 2;
    fake_now += 3 * DAY;
    is_int(look(&other, &info), 0, "days that are too old are not in the ring");
}

static void test_links(void)
{
    llmobs_config config = kept_config();
    llmobs_drift_info info = answers_info();
    keep_some(&config);
    (void)rename(KEPT, FOLDER "/other");
    (void)symlink("other", KEPT);
    is_int(look(&config, &info), 0, "no link is followed");
    ok(is_there(FOLDER "/other"), "nor written over");
    keep_some(&config);
    (void)chmod(KEPT, 0620);
    is_int(look(&config, &info), 0, "nor is a file read that others can write");
    fresh_folder();
    (void)mkdir(KEPT, 0700);
    is_int(look(&config, &info), 0, "nor a folder");
    ok(is_there(KEPT ".damaged") && is_there(KEPT), "it makes way");
    config.drift_directory = FOLDER "/not there";
    is_int(look(&config, &info), 0, "a folder that is not there");
    ok(noted[LLMOBS_NOTE_DRIFT_WRITE] > 0, "is noted");
}

/* ---- every byte ---------------------------------------------------------------------------- */

static unsigned char written[1 << 16];
static size_t written_size;

static bool take_bytes(void* user, const char* data, size_t size)
{
    (void)user;
    if (written_size + size > sizeof written) {
        return false;
    }
    memcpy(written + written_size, data, size);
    written_size += size;
    return true;
}

static bool load_bytes(llmobsi_detectors* detectors, llmobsi_detector* detector, size_t size)
{
    llmobsi_drift_bytes bytes;
    llmobsi_detector_close(detectors, detector); /* as when it was defined */
    llmobsi_detector_clear(detectors, detector);
    bytes.data = written;
    bytes.left = size;
    return llmobsi_past_load(detectors, detector, llmobsi_drift_read_bytes, &bytes, size);
}

/* Makes the checksum fit. */
static void forge(void)
{
    uint64_t sum = 0;
    size_t at;
    size_t size = written_size - 8;
    for (at = 0; at < size; at += 4096) {
        sum = llmobsi_hash64_own(written + at, size - at < 4096 ? size - at : 4096, sum);
    }
    llmobsi_store_le64(written + size, sum);
}

/* A run of whatever was loaded comes to something that makes sense. */
static bool run_makes_sense(llmobsi_detectors* detectors, llmobsi_detector* detector)
{
    llmobsi_detector_run run;
    llmobsi_detector_begin(detectors, detector);
    if (!llmobsi_detector_make(detectors, detector, fake_now + DAY, &run)) {
        return true;
    }
    return run.report.p >= 0.0 && run.report.p <= 1.0 &&
           (!run.report.has_score || (run.report.score >= 0.0 && run.report.score <= 1.0));
}

static void test_damaged(void)
{
    llmobs_config config = detector_config();
    llmobs_drift_info info = answers_info();
    answering answer = usual_answer();
    llmobs_drift_detector handle;
    llmobsi_detectors* detectors;
    llmobsi_detector* detector;
    llmobs* obs;
    size_t step = step_of(7);
    size_t i, loaded = 0, senseless = 0, cut = 0, forged = 0;
    config.drift_dimensions = 2;
    config.drift_day_embeddings = 20;
    config.drift_days = 2;
    config.drift_prototypes = 2;
    obs = open_detecting(&config);
    handle = define(obs, &info);
    for (i = 0; i < 75; i++) {
        float values[2];
        llmobs_embedding embedding = drift_as_embedding(values, 2, i, i + 1);
        values[0] = (float)(10 + i % 7);
        values[1] = (float)(2 + i % 11);
        (void)llmobs_drift_add(handle, &embedding);
        answer_many(obs, &answer, 1);
        if (i % 25 == 24) {
            (void)pass_days(obs, handle, i < 74);
        }
    }
    detector = inside_of(handle);
    detectors = llmobsi_detectors_of(llmobsi_places[LLMOBS_I_PLACE(handle.instance)].recorder);
    ok(llmobsi_past_write(detectors, detector, take_bytes, NULL), "a small one is written");
    printf("# %zu bytes\n", written_size);
    ok(load_bytes(detectors, detector, written_size), "and read");
    for (i = 0; i < written_size; i += step_of(7)) {
        written[i] ^= (unsigned char)(1u << i % 8);
        loaded += load_bytes(detectors, detector, written_size);
        written[i] ^= (unsigned char)(1u << i % 8);
        cut += load_bytes(detectors, detector, i);
    }
    is_int((long long)loaded, 0, "not with any byte changed");
    is_int((long long)cut, 0, "nor cut off anywhere");
    is_int(days_kept(handle), 0, "and nothing of it stays");
    for (i = 0; i < written_size - 8; i += step) {
        unsigned char before = written[i];
        written[i] = (unsigned char)(i % 3 == 0 ? 0xff : i % 3 == 1 ? 0x7f : before ^ 0x80);
        forge();
        if (load_bytes(detectors, detector, written_size)) {
            forged++;
            senseless += !run_makes_sense(detectors, detector);
        }
        written[i] = before;
    }
    forge();
    printf("# with a checksum that fits, %zu were loaded\n", forged);
    ok(forged > 100, "some are loaded, with a checksum that fits");
    is_int((long long)senseless, 0, "what is forged is refused, or comes to something");
    ok(load_bytes(detectors, detector, written_size), "what was not touched is read");
    i = detector->days[0].sample->count > 0 ? 0 : 1;
    llmobsi_drift_sample_row(detector->days[i].sample, 0)[0] += 0.5f;
    written_size = 0;
    (void)llmobsi_past_write(detectors, detector, take_bytes, NULL);
    ok(!load_bytes(detectors, detector, written_size), "a vector of another length is refused");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_restart();
    test_known();
    test_voters();
    if (!skipped_without_threads("the last answers")) {
        test_last();
    }
    test_forgotten();
    if (!skipped_without_fork("a child")) {
        test_child();
    }
    test_malformed_names();
    test_other_kinds();
    if (!skipped_without_modes("links and modes")) {
        test_links();
    }
    test_damaged();
    return done();
}
