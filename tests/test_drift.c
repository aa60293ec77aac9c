/* Detectors of an instance, on a clock of the test's own: days pass, embeddings and answers come.
   */
#include "llmobs_private.h"
#include "tap.h"
#include "keeper.h"
#include "requester.h"
#include "drifting.h"
#include "detecting.h"

#include <sys/wait.h>
#include <unistd.h>

/* ---- a year -------------------------------------------------------------------------------- */

static void test_year(void)
{
    llmobs_config config = detector_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector;
    size_t found = 0;
    bool unsaid = true;
    int found_before = 0, found_after = 0, first = 0, last = 0, untested = 0, day;
    info.name = "year";
    info.least_baseline = 0;
    detector = define(obs, &info);
    for (day = 1; day <= 365; day++) {
        llmobs_drift_report report;
        add_embeddings(detector, 60, day < 200 ? SHIFT_NONE : SHIFT_NEW_TOPIC);
        report = pass_days(obs, detector, 1);
        untested += !report.has_embeddings;
        unsaid &= report.has_embeddings || report.verdict == LLMOBS_DRIFT_NO_BASELINE;
        if (report.verdict == LLMOBS_DRIFT_FOUND) {
            found++;
            found_before += day < 200;
            found_after += day >= 215;
            first = day >= 200 && first == 0 ? day : first;
            last = day >= 200 && day < 215 ? day : last;
        }
    }
    printf("# false alarms: %d of 198 days; found on day %d, last on day %d; then %d\n",
           found_before, first, last, found_after);
    is_int(untested, 5, "all days but the first, which make the first baseline, are tested");
    ok(unsaid, "of these it is said that there is none yet");
    is_int(first, 200, "what changes is found on the day that it does");
    ok(last > 200, "and on days after it");
    ok(found_before <= 8, "few false alarms before");
    ok(found_after <= 8, "what stays is the new normal, once the old days have gone");
    is_int(last_report(detector).run, 365, "a run a day");
    is_int(last_report(detector).days, 14, "of so many days before it");
    is_int(last_report(detector).embeddings.count, 14 * 40, "with their samples");
    is_int(last_report(detector).embeddings.votes, 60, "and a day's votes");
    is_int((long long)told_count, (long long)found, "drift is told, and nothing else");
    is_int(told_busy, 4 * (int)told_count, "from inside, what would wait is refused");
    ok(strcmp(sample(obs, "llm_drift_runs_total{detector=\"year\",verdict=\"no_baseline\"}"),
              "5") == 0,
       "runs are counted by their verdict");
    (void)llmobs_close(obs);
}

/* ---- the ring ------------------------------------------------------------------------------ */

static void test_ring(void)
{
    llmobs_config config = detector_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector = define(obs, &info);
    llmobs_drift_report report;
    int day;
    for (day = 0; day < 20; day++) {
        add_embeddings(detector, 60, SHIFT_NONE);
        (void)pass_days(obs, detector, 1);
        if (days_kept(detector) != (uint32_t)(day < 14 ? day + 1 : 14)) {
            break;
        }
    }
    is_int(day, 20, "a day each, until the ring is full");
    is_int(last_report(detector).days, 14, "and all are compared with");
    (void)pass_days(obs, detector, 1);
    is_int(days_kept(detector), 13, "a day on which nothing came stays empty");
    report = last_report(detector);
    is_str(verdict_of(&report), "insufficient_data", "and is not tested");
    is_int(report.days, 14, "though there is something to compare it with");
    add_embeddings(detector, 60, SHIFT_NONE);
    report = pass_days(obs, detector, 5);
    is_int(days_kept(detector), 9, "days that passed unseen roll others away");
    is_str(verdict_of(&report), "none", "what came before them is tested");
    add_embeddings(detector, 60, SHIFT_NONE);
    report = pass_days(obs, detector, 14);
    is_int(days_kept(detector), 1, "all but what came last");
    add_embeddings(detector, 60, SHIFT_NONE);
    report = pass_days(obs, detector, 15);
    is_int(days_kept(detector), 0, "or everything");
    ok(report.has_embeddings, "though it was tested before");
    ok(inside_of(detector)->window == NULL, "there is no baseline, then");
    add_embeddings(detector, 60, SHIFT_NONE);
    report = pass_days(obs, detector, 1);
    is_str(verdict_of(&report), "no_baseline", "nothing to compare with");
    (void)llmobs_close(obs);
}

static void test_clock(void)
{
    llmobs_config config = detector_config();
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector;
    llmobs* obs;
    config.utc_offset_minutes = 90;
    fake_now = FIRST_DAY + 22 * HOUR;
    obs = open_detecting(&config);
    detector = define(obs, &info);
    add_embeddings(detector, 50, SHIFT_NONE);
    fake_now = FIRST_DAY + 22 * HOUR + HOUR / 2 - SECOND;
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 0, "the day is not over yet");
    fake_now += SECOND;
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 1, "it is, at midnight of the time zone");
    is_int((long long)((fake_now - last_report(detector).from_unix_ns) / (HOUR / 2)), 1,
           "a report says since when");
    is_int(last_report(detector).unix_ns, fake_now, "and when it was made");
    fake_now -= 3 * DAY;
    add_embeddings(detector, 50, SHIFT_NONE);
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 1, "a clock that goes back rolls nothing");
    is_int(days_kept(detector), 1, "and loses nothing");
    (void)llmobs_drift_run_now(detector, "in the past");
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 2, "a run that is asked for is made");
    is_int(days_kept(detector), 1, "which rolls nothing, either");
    add_embeddings(detector, 40, SHIFT_NONE);
    fake_now += 4 * DAY;
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 3, "once it is where it was, things go on");
    is_int(last_report(detector).embeddings.votes, 40, "with what came meanwhile");
    is_int(days_kept(detector), 2, "and days end");
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 3, "once");
    (void)llmobs_close(obs);
}

/* A period need not be a day. */
static void test_interval(void)
{
    llmobs_config config = detector_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector;
    int i;
    info.interval_s = 600;
    detector = define(obs, &info);
    for (i = 0; i < 5; i++) {
        add_embeddings(detector, 45, SHIFT_NONE);
        fake_now += 600 * SECOND;
        (void)llmobs_drift_work(obs);
    }
    is_int(last_report(detector).run, 5, "runs every ten minutes");
    is_int(last_report(detector).days, 4, "of those before");
    (void)llmobs_close(obs);
}

/* ---- runs that are asked for --------------------------------------------------------------- */

/* So many days without drift. */
static void usual_days(llmobs* obs, llmobs_drift_detector detector, int days)
{
    while (days-- > 0) {
        add_embeddings(detector, 60, SHIFT_NONE);
        (void)pass_days(obs, detector, 1);
    }
    told_count = 0;
}

/* Of the ring. */
static const llmobsi_detector_day* day_at(llmobs_drift_detector detector, uint64_t unix_ns)
{
    llmobsi_recorder* recorder = llmobsi_places[LLMOBS_I_PLACE(detector.instance)].recorder;
    const llmobsi_detectors* detectors = llmobsi_detectors_of(recorder);
    return llmobsi_detector_day_at(
        detectors, inside_of(detector),
        llmobsi_detector_period_at(detectors, inside_of(detector), unix_ns));
}

static void test_run_now(void)
{
    llmobs_config config = detector_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector = define(obs, &info);
    llmobs_drift_report report;
    char reason[300];
    usual_days(obs, detector, 8);
    add_embeddings(detector, 50, SHIFT_NONE);
    is_int(llmobs_drift_run_now(detector, "prompt 17"), LLMOBS_OK, "a run is asked for");
    is_int(last_report(detector).run, 8, "it is not made by who asks");
    (void)llmobs_drift_work(obs);
    report = last_report(detector);
    is_int(report.run, 9, "but soon");
    is_str(report.reason, "prompt 17", "for its reason");
    ok(report.asked && told_count == 1 && told_reports[0].run == 9,
       "and told, though there is no drift");
    is_str(verdict_of(&told_reports[0]), "none", "which it says");
    is_str(told_reports[0].detector, "answers", "and of what");
    is_int(report.embeddings.votes, 50, "of what came before");
    is_int(days_kept(detector), 8, "the day is not over");
    add_embeddings(detector, 30, SHIFT_TURNED);
    (void)llmobs_drift_run_now(detector, "first");
    (void)llmobs_drift_run_now(detector, "second");
    (void)llmobs_drift_work(obs);
    is_int(told_count, 2, "two requests are one run");
    is_str(told_reports[1].reason, "second", "for the later reason");
    is_int(told_reports[1].embeddings.votes, 30, "of what came since");
    is_str(verdict_of(&told_reports[1]), "drift", "which has moved");
    report = pass_days(obs, detector, 1);
    is_str(report.reason, "schedule", "when the day is over");
    is_int(report.embeddings.votes, 0, "there is nothing new");
    is_int(days_kept(detector), 9, "but the day has what came on it");
    is_int(day_at(detector, fake_now - DAY)->sample->count, 40, "as far as there is room");
    memset(reason, 'x', sizeof reason);
    memcpy(reason + 126, "\xc3\xa9", 2);
    reason[299] = '\0';
    (void)llmobs_drift_run_now(detector, reason);
    (void)llmobs_drift_work(obs);
    is_int((long long)strlen(last_report(detector).reason), 126, "a long reason is cut, whole");
    is_int(llmobs_drift_run_now(detector, NULL), LLMOBS_ERROR_ARGUMENT, "it takes a reason");
    (void)llmobs_close(obs);
    is_int(llmobs_drift_run_now(detector, "late"), LLMOBS_ERROR_CLOSED, "and an instance");
}

static void test_anew(void)
{
    llmobs_config config = detector_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector = define(obs, &info);
    llmobs_drift_report report;
    usual_days(obs, detector, 8);
    add_embeddings(detector, 50, SHIFT_TURNED);
    (void)llmobs_drift_run_now(detector, "prompt 18");
    is_int(llmobs_drift_begin_anew(detector), LLMOBS_OK, "all is to be forgotten");
    (void)llmobs_drift_work(obs);
    report = last_report(detector);
    is_str(verdict_of(&report), "drift", "after the run that was asked for");
    is_int(days_kept(detector), 0, "then nothing is left");
    ok(inside_of(detector)->window == NULL && inside_of(detector)->sample->count == 0,
       "neither of the past nor of the day");
    add_embeddings(detector, 60, SHIFT_TURNED);
    report = pass_days(obs, detector, 1);
    is_str(verdict_of(&report), "no_baseline", "what comes is compared with nothing");
    add_embeddings(detector, 60, SHIFT_TURNED);
    report = pass_days(obs, detector, 1);
    is_str(verdict_of(&report), "none", "then with itself");
    add_embeddings(detector, 60, SHIFT_NONE);
    report = pass_days(obs, detector, 1);
    is_str(verdict_of(&report), "drift", "and what was normal before is drift");
    (void)llmobs_drift_begin_anew(detector);
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, report.run, "to forget is no run");
    is_int(days_kept(detector), 0, "but is done");
    (void)llmobs_close(obs);
    is_int(llmobs_drift_begin_anew(detector), LLMOBS_ERROR_CLOSED, "not after the end");
}

/* What a run of its own makes of so many embeddings. */
static llmobs_drift_report run_with(llmobs* obs, llmobs_drift_detector detector, size_t count,
                                    int shift)
{
    add_embeddings(detector, count, shift);
    (void)llmobs_drift_run_now(detector, "look");
    (void)llmobs_drift_work(obs);
    return last_report(detector);
}

/* What is made of such p, of embeddings and of answers; above 1: it was not tested. */
static llmobs_drift_report judged(double embeddings, double answers)
{
    llmobsi_detector_run run;
    static llmobsi_detector detector;
    memset((void*)&run, 0, sizeof run);
    memset((void*)&detector, 0, sizeof detector);
    run.detector = &detector;
    detector.info.alpha = 0.01;
    detector.info.windows = 1;
    detector.info.least_change = 0.05;
    detector.info.least_votes = 20;
    run.report.days = 3;
    run.report.has_embeddings = embeddings <= 1.0;
    run.report.embeddings.p = embeddings;
    run.report.has_answers = answers <= 1.0;
    run.report.answers.p = answers;
    run.report.answers.tests = 1;
    run.report.answers.category.p = answers;
    run.report.answers.category.after = 0.5;
    run.report.answers.location.p = run.report.answers.shape.p = 1.0;
    run.report.answers.flags[0].p = run.report.answers.flags[1].p = 1.0;
    run.report.answers.flags[2].p = run.report.answers.flags[3].p = 1.0;
    llmobsi_detector_judge(&run);
    return run.report;
}

static void test_judging(void)
{
    llmobs_drift_report report = judged(0.008, 2.0);
    ok(report.verdict == LLMOBS_DRIFT_FOUND && report.p < 0.0081, "one test, by its own p");
    report = judged(0.008, 0.9);
    ok(report.verdict == LLMOBS_DRIFT_NONE && report.p > 0.0159, "two tests: twice the lesser");
    report = judged(0.9, 0.008);
    ok(report.verdict == LLMOBS_DRIFT_NONE && report.p > 0.0159, "whichever that is");
    report = judged(0.9, 0.004);
    ok(report.verdict == LLMOBS_DRIFT_FOUND && report.p < 0.0081, "which still may be little");
    report = judged(0.9, 0.8);
    ok(report.p >= 1.0 && report.p <= 1.0, "but no more than 1");
    report = judged(2.0, 2.0);
    ok(report.verdict == LLMOBS_DRIFT_INSUFFICIENT_DATA && report.p >= 1.0, "no test says nothing");
}

static void test_in_a_row(void)
{
    llmobs_config config = detector_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector;
    llmobs_drift_report report;
    info.windows = 2;
    info.least_votes = 45;
    detector = define(obs, &info);
    usual_days(obs, detector, 8);
    report = run_with(obs, detector, 60, SHIFT_TURNED);
    is_str(verdict_of(&report), "suspected", "one alarm is not enough");
    is_int(report.alarms, 1, "but counted");
    report = run_with(obs, detector, 60, SHIFT_NONE);
    ok(report.verdict == LLMOBS_DRIFT_NONE && report.alarms == 0, "a run without breaks the row");
    report = run_with(obs, detector, 60, SHIFT_TURNED);
    is_str(verdict_of(&report), "suspected", "it begins anew");
    report = run_with(obs, detector, 44, SHIFT_TURNED);
    is_str(verdict_of(&report), "insufficient_data", "too few votes say nothing");
    is_int(report.alarms, 1, "neither way");
    report = run_with(obs, detector, 45, SHIFT_TURNED);
    is_str(verdict_of(&report), "drift", "two in a row are drift");
    is_int(report.alarms, 2, "and counted");
    (void)llmobs_close(obs);
}

/* ---- what is added ------------------------------------------------------------------------- */

static void test_refused_embeddings(void)
{
    llmobs_config config = detector_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector = define(obs, &info);
    llmobs_drift_detector inert;
    float values[WIDTH + 1];
    llmobs_embedding good;
    llmobs_embedding bad;
    usual_days(obs, detector, 3);
    turned_embedding(values, 1, SHIFT_NONE);
    good = drift_as_embedding(values, WIDTH, 1, 77);
    is_int(llmobs_drift_add(detector, NULL), LLMOBS_ERROR_ARGUMENT, "NULL");
    is_int(llmobs_drift_add(detector, &good), LLMOBS_OK, "a good one");
    is_int(llmobs_drift_add(detector, &good), LLMOBS_OK, "the same again");
    bad = good;
    bad.dimension = WIDTH + 1;
    is_int(llmobs_drift_add(detector, &bad), LLMOBS_ERROR_MISMATCH, "another dimension");
    bad = good;
    bad.embedder = "another";
    is_int(llmobs_drift_add(detector, &bad), LLMOBS_ERROR_MISMATCH, "another embedder");
    bad.embedder = NULL;
    bad.group = 78;
    is_int(llmobs_drift_add(detector, &bad), LLMOBS_OK, "none named");
    memset(values, 0, sizeof values);
    is_int(llmobs_drift_add(detector, &good), LLMOBS_ERROR_DATA, "zero");
    memset(&inert, 0, sizeof inert);
    is_int(llmobs_drift_add(inert, &good), LLMOBS_ERROR_CLOSED, "no detector");
    inert.instance = detector.instance;
    is_int(llmobs_drift_add(inert, &good), LLMOBS_ERROR_CLOSED, "place 0");
    inert.place = 2;
    is_int(llmobs_drift_add(inert, &good), LLMOBS_ERROR_CLOSED, "one that was not defined");
    inert.place = UINT32_MAX;
    is_int(llmobs_drift_add(inert, &good), LLMOBS_ERROR_CLOSED, "one that can't be");
    (void)llmobs_drift_run_now(detector, "count");
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).embeddings.votes, 2, "a session has one vote");
    is_int(last_report(detector).repeated, 1, "the others are counted,");
    is_int(last_report(detector).mismatched, 2, "and those that do not belong,");
    is_int(last_report(detector).unusable, 1, "and those that are nothing");
    (void)pass_days(obs, detector, 1);
    is_int(last_report(detector).mismatched, 0, "since the last run");
    (void)llmobs_close(obs);
    is_int(llmobs_drift_add(detector, &good), LLMOBS_ERROR_CLOSED, "not after the end");
}

/* A session that talks all day, and every day, has a vote a day, and each day its chance. */
static void test_sessions(void)
{
    llmobs_config config = detector_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector = define(obs, &info);
    float values[WIDTH];
    size_t i;
    int day;
    for (day = 0; day < 5; day++) {
        for (i = 0; i < 600; i++) {
            llmobs_embedding embedding = drift_as_embedding(values, WIDTH, i, i % 60 + 1);
            turned_embedding(values, i + 600 * (size_t)day, SHIFT_NONE);
            (void)llmobs_drift_add(detector, &embedding);
        }
        (void)pass_days(obs, detector, 1);
    }
    is_int(last_report(detector).embeddings.votes, 60, "60 sessions, 60 votes");
    is_int(last_report(detector).repeated, 540, "what else they said is counted");
    is_int(last_report(detector).embeddings.count, 4 * 40, "each day has a sample of its own");
    (void)llmobs_close(obs);
}

static void test_early_warning(void)
{
    llmobs_config config = detector_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector = define(obs, &info);
    usual_days(obs, detector, 8);
    add_embeddings(detector, 100, SHIFT_NONE);
    is_str(sample(obs, "llm_drift_early_warnings_total{detector=\"answers\"}"), "0",
           "nothing to warn of");
    add_embeddings(detector, 60, SHIFT_TURNED);
    ok(strcmp(sample(obs, "llm_drift_early_warnings_total{detector=\"answers\"}"), "0") != 0,
       "what moves far is warned of before a run");
    (void)llmobs_drift_run_now(detector, "warned");
    (void)llmobs_drift_work(obs);
    ok(last_report(detector).early_warnings > 0, "the report says so, too");
    (void)llmobs_close(obs);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* Detectors that have no embeddings. */
static llmobs_config scalar_config(void)
{
    llmobs_config config = detector_config();
    config.drift_dimensions = LLMOBS_OFF;
    config.drift_days = 7;
    return config;
}

static void answer_days(llmobs* obs, llmobs_drift_detector detector, const answering* answer,
                        int days)
{
    while (days-- > 0) {
        answer_many(obs, answer, 100);
        (void)pass_days(obs, detector, 1);
    }
    told_count = 0;
}

/* What a day of such answers comes to, after some usual ones. */
static llmobs_drift_report answers_come_to(const answering* changed, int count)
{
    llmobs_config config = scalar_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector = define(obs, &info);
    answering usual = usual_answer();
    llmobs_drift_report report;
    answer_days(obs, detector, &usual, 5);
    answer_many(obs, &usual, 100 - count);
    answer_many(obs, changed, count);
    report = pass_days(obs, detector, 1);
    (void)llmobs_close(obs);
    return report;
}

static void test_answers(void)
{
    answering answer = usual_answer();
    llmobs_drift_report report = answers_come_to(&answer, 100);
    is_str(verdict_of(&report), "none", "answers as ever");
    ok(report.has_answers && !report.has_embeddings && !report.has_score, "without embeddings");
    is_int(report.answers.location.after_count, 100, "each has its vote");
    is_int(report.answers.location.before_count, 500, "against all days");
    answer.tokens = 150;
    report = answers_come_to(&answer, 100);
    is_str(verdict_of(&report), "drift", "longer answers");
    is_int(report.answers.location.direction, 1, "and it says that they are");
    answer = usual_answer();
    answer.finish_reason = "length";
    report = answers_come_to(&answer, 30);
    is_str(verdict_of(&report), "drift", "other ends");
    ok(report.answers.category.after_count == 100 && report.answers.category.p < 1e-6,
       "by the test of ends");
    answer.finish_reason = "content_filter";
    report = answers_come_to(&answer, 12);
    is_str(verdict_of(&report), "drift", "filtered ones");
    ok(report.answers.flags[LLMOBS_DRIFT_FLAG_REFUSED].after > 0.11, "are refused");
    answer = usual_answer();
    answer.blocked = true;
    report = answers_come_to(&answer, 12);
    is_str(verdict_of(&report), "drift", "and so are those that a guardrail blocks");
    answer = usual_answer();
    answer.cached = 20;
    report = answers_come_to(&answer, 40);
    is_str(verdict_of(&report), "drift", "a cache that hits");
    answer = usual_answer();
    answer.failed = true;
    report = answers_come_to(&answer, 20);
    is_str(verdict_of(&report), "drift", "errors");
    answer = usual_answer();
    answer.tokens = -1;
    answer.cached = -1;
    answer.finish_reason = NULL;
    report = answers_come_to(&answer, 90);
    is_int(report.answers.location.after_count, 10, "what is not known is not counted");
    is_int(report.answers.category.after_count, 10, "neither an end");
    is_int(report.answers.flags[LLMOBS_DRIFT_FLAG_CACHED].after_count, 10, "nor a cache");
    is_int(report.answers.flags[LLMOBS_DRIFT_FLAG_FAILED].after_count, 100, "a failure is known");
}

/* Many answers make small changes sure, and not large. */
static void test_least_change(void)
{
    llmobs_config config = scalar_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector strict, mild;
    answering usual = usual_answer(), longer = usual_answer(), cached = usual_answer();
    llmobs_drift_report report;
    longer.tokens = 107; /* of the group that moves most, a fifth more; pairs: 28 % */
    cached.cached = 1;
    info.name = "strict";
    strict = define(obs, &info);
    info.name = "mild";
    info.least_change = 0.4;
    mild = define(obs, &info);
    answer_days(obs, strict, &usual, 7);
    answer_many(obs, &longer, 1000);
    (void)pass_days(obs, mild, 1);
    report = last_report(strict);
    is_str(verdict_of(&report), "drift", "a change of a third matters to one");
    report = last_report(mild);
    is_str(verdict_of(&report), "none", "and not to the other");
    ok(report.p < 1e-6, "though it is sure");
    answer_many(obs, &usual, 900);
    answer_many(obs, &cached, 100);
    (void)pass_days(obs, mild, 1);
    report = last_report(mild);
    is_str(verdict_of(&report), "drift", "a flag that is much more frequent always does");
    (void)llmobs_close(obs);
}

static void test_votes_of_answers(void)
{
    llmobs_config config = scalar_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector = define(obs, &info);
    answering usual = usual_answer(), talker = usual_answer();
    llmobs_drift_report report;
    talker.session = "one and the same";
    talker.tokens = 5000;
    answer_days(obs, detector, &usual, 5);
    answer_many(obs, &usual, 60);
    answer_many(obs, &talker, 200);
    report = pass_days(obs, detector, 1);
    is_int(report.answers.location.after_count, 61, "a session has one vote");
    is_int(report.repeated, 199, "what else it got is counted");
    is_str(verdict_of(&report), "none", "so one talker is no drift");
    answer_many(obs, &talker, 3);
    report = pass_days(obs, detector, 1);
    is_int(report.answers.location.after_count, 1, "the next window has another vote of it");
    (void)llmobs_close(obs);
}

static void test_filters(void)
{
    llmobs_config config = scalar_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector of_feature, of_model;
    answering answer = usual_answer();
    info.name = "of_feature";
    info.feature = "support";
    of_feature = define(obs, &info);
    info.name = "of_model";
    info.feature = NULL;
    info.model = "m";
    of_model = define(obs, &info);
    answer_many(obs, &answer, 3);
    answer.feature = "search";
    answer_many(obs, &answer, 4);
    answer.model = "n";
    answer_many(obs, &answer, 5);
    answer.feature = "support";
    answer_many(obs, &answer, 6);
    answer.model = NULL;
    answer_many(obs, &answer, 7);
    is_int((long long)inside_of(of_feature)->answer_count, 3 + 6 + 7, "those of a feature");
    is_int((long long)inside_of(of_model)->answer_count, 3 + 4, "those of a model");
    (void)llmobs_close(obs);
    config = scalar_config();
    obs = open_detecting(&config);
    info = answers_info();
    info.no_requests = true;
    of_feature = define(obs, &info);
    answer_many(obs, &answer, 7);
    is_int((long long)inside_of(of_feature)->answer_count, 0, "or none");
    (void)llmobs_close(obs);
}

/* ---- another model answers ----------------------------------------------------------------- */

static void test_change(void)
{
    llmobs_config config = scalar_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector = define(obs, &info);
    answering usual = usual_answer(), other = usual_answer();
    llmobs_drift_report report;
    answer_days(obs, detector, &usual, 5);
    report = last_report(detector);
    is_int(report.run, 5, "the first model of all is no change");
    answer_many(obs, &usual, 50);
    other.response_model = "m-2";
    other.tokens = 200;
    answer_many(obs, &other, 1);
    (void)llmobs_drift_work(obs);
    report = last_report(detector);
    is_str(report.reason, "before response model m-2", "a new model: what was before it is tested");
    ok(!report.asked && told_count == 0, "by nobody's asking");
    answer_many(obs, &other, 199);
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 6, "what comes after it has to be enough");
    answer_many(obs, &other, 1);
    (void)llmobs_drift_work(obs);
    report = last_report(detector);
    is_str(report.reason, "after response model m-2", "then it is");
    is_str(verdict_of(&report), "drift", "and is tested by itself");
    is_int(report.answers.location.after_count, 200, "all of it");
    answer_many(obs, &usual, 1);
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 7, "a model that is known is no change");
    usual.fingerprint = "fp_1";
    answer_many(obs, &usual, 1);
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 7, "neither is the first fingerprint");
    usual.fingerprint = "fp_2";
    answer_many(obs, &usual, 1);
    (void)llmobs_drift_work(obs);
    report = last_report(detector);
    is_str(report.reason, "before system fingerprint fp_2", "the second one is");
    answer_many(obs, &usual, 30);
    report = pass_days(obs, detector, 1);
    is_str(report.reason, "after system fingerprint fp_2", "the end of the day will do, too");
    report = pass_days(obs, detector, 1);
    is_str(report.reason, "schedule", "once");
    (void)llmobs_drift_run_now(detector, "the host's");
    usual.fingerprint = "fp_3";
    answer_many(obs, &usual, 1);
    (void)llmobs_drift_work(obs);
    report = last_report(detector);
    is_str(report.reason, "before system fingerprint fp_3", "the later reason stands");
    ok(report.asked, "but the host has asked, and is told");
    (void)llmobs_close(obs);
}

/* Models that come and go start no more than a few runs. */
static void test_many_changes(void)
{
    llmobs_config config = scalar_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector = define(obs, &info);
    answering answer = usual_answer();
    char model[32];
    int i;
    for (i = 0; i < 40; i++) {
        (void)snprintf(model, sizeof model, "m-%d", i % 20);
        answer.response_model = model;
        answer_many(obs, &answer, 1);
        (void)llmobs_drift_work(obs);
    }
    is_int(last_report(detector).run, 4, "four a day");
    (void)pass_days(obs, detector, 1);
    answer.response_model = "m-3";
    answer_many(obs, &answer, 1);
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 6, "and anew the next day");
    (void)llmobs_close(obs);
}

/* ---- definitions --------------------------------------------------------------------------- */

static llmobs_result refusal(llmobs* obs, const llmobs_drift_info* info)
{
    llmobs_result result = LLMOBS_OK;
    llmobs_drift_detector detector = llmobs_drift_define(obs, info, &result);
    return detector.instance == 0 && detector.place == 0 ? result : LLMOBS_OK;
}

static void test_definitions(void)
{
    static const char* const bad_names[] = {"", "a b", ".a", "-a", "_a", "a/b", "a\n", "\xc3\xa9"};
    llmobs_config config = detector_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector one, same;
    char name[80];
    size_t i, refused = 0;
    is_int(refusal(obs, NULL), LLMOBS_ERROR_ARGUMENT, "NULL");
    for (i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
        info.name = bad_names[i];
        refused += refusal(obs, &info) == LLMOBS_ERROR_ARGUMENT;
    }
    is_int((long long)refused, sizeof bad_names / sizeof bad_names[0], "names that are no names");
    info.name = NULL;
    is_int(refusal(obs, &info), LLMOBS_ERROR_ARGUMENT, "no name");
    memset(name, 'n', sizeof name);
    name[64] = '\0';
    info.name = name;
    is_int(refusal(obs, &info), LLMOBS_ERROR_ARGUMENT, "a name that is too long");
#define REFUSED(field, value)                                                                    \
    info = answers_info();                                                                       \
    info.field = value;                                                                          \
    is_int(refusal(obs, &info), LLMOBS_ERROR_ARGUMENT, #field " " #value)
    REFUSED(alpha, -0.01);
    REFUSED(alpha, 1.0);
    REFUSED(alpha, llmobsi_double_of(UINT64_C(0x7ff8000000000000)));
    REFUSED(least_change, -0.1);
    REFUSED(least_change, 1.5);
    REFUSED(least_change, llmobsi_double_of(UINT64_C(0x7ff0000000000000)));
    REFUSED(windows, 101);
    REFUSED(least_votes, 19);
    REFUSED(least_votes, 65537);
    REFUSED(least_baseline, 39);
    REFUSED(least_baseline, 1000001);
    REFUSED(interval_s, 59);
    REFUSED(interval_s, 31 * 86400 + 1);
    REFUSED(embedder, "\xff");
    info = answers_info();
    name[63] = '\0';
    info.name = name;
    one = define(obs, &info);
    same = define(obs, &info);
    ok(one.place == same.place, "the same definition is the same detector");
    info.windows = 3;
    is_int(refusal(obs, &info), LLMOBS_ERROR_ARGUMENT, "another one of the name is none");
    info = answers_info();
    (void)define(obs, &info);
    info.name = "third";
    is_int(refusal(obs, &info), LLMOBS_ERROR_LIMIT, "there may be two");
    info.size = offsetof(llmobs_drift_info, feature);
    info.name = "answers";
    info.feature = "beyond what an older caller knows";
    is_int(refusal(obs, &info), LLMOBS_ERROR_ARGUMENT, "an older caller's has no embedder here");
    (void)llmobs_close(obs);
    is_int(refusal(obs, &info), LLMOBS_ERROR_CLOSED, "not after the end");
    config.drift_detectors = 0;
    obs = open_detecting(&config);
    is_int(refusal(obs, &info), LLMOBS_ERROR_LIMIT, "nor where there are none");
    is_int(llmobs_drift_work(obs), LLMOBS_ERROR_LIMIT, "nor is there work");
    is_int(llmobs_memory_of(&config, LLMOBS_PILLAR_DRIFT), 0, "nor memory taken");
    (void)llmobs_close(obs);
    is_int(llmobs_drift_work(obs), LLMOBS_ERROR_CLOSED, "closed is closed");
    is_str(llmobs_drift_verdict_name((llmobs_drift_verdict)17), "unknown", "no such verdict");
}

static void test_memory(void)
{
    llmobs_config config = detector_config();
    llmobs_config without = config;
    size_t one;
    int pillar;
    size_t others = 0;
    without.drift_detectors = LLMOBS_OFF;
    is_int(llmobs_memory_of(&without, LLMOBS_PILLAR_DRIFT), 0, "off: nothing");
    is_int(llmobs_memory_of(&config, LLMOBS_PILLAR_DRIFT),
           llmobs_memory_needed(&config) - llmobs_memory_needed(&without), "else what it is");
    for (pillar = 0; pillar < (int)LLMOBS_PILLAR_COUNT; pillar++) {
        others += pillar != (int)LLMOBS_PILLAR_DRIFT &&
                  llmobs_memory_of(&config, (llmobs_pillar)pillar) !=
                      llmobs_memory_of(&without, (llmobs_pillar)pillar);
    }
    is_int((long long)others, 0, "and nobody else's");
    config = llmobs_config_default();
    config.drift_detectors = 1;
    one = llmobs_memory_of(&config, LLMOBS_PILLAR_DRIFT);
    printf("# one detector of dimension 384: %zu bytes\n", one);
    ok(one > 6000000 && one < 8000000, "6 to 8 MB for one, of the default size");
    config.drift_dimensions = LLMOBS_OFF;
    one = llmobs_memory_of(&config, LLMOBS_PILLAR_DRIFT);
    printf("# one without embeddings: %zu bytes\n", one);
    ok(one < 300000, "little without embeddings");
    config.drift_detectors = 16;
    one = llmobs_memory_of(&config, LLMOBS_PILLAR_DRIFT);
    config.drift_detectors = 17;
    is_int(llmobs_memory_of(&config, LLMOBS_PILLAR_DRIFT), one, "there are 16 at most");
    config.drift_dimensions = 65536;
    config.drift_days = 400;
    config.drift_day_embeddings = 4096;
    config.drift_detectors = 16;
    ok(llmobs_memory_needed(&config) > (size_t)16 * 400 * 4096 * 65536 * 4,
       "the largest that can be asked for is told");
}

/* ---- what comes out ------------------------------------------------------------------------ */

static const llmobs_attribute_view* attribute_of(const llmobs_log_view* log, const char* key)
{
    uint32_t i;
    for (i = 0; i < log->attribute_count; i++) {
        if (strcmp(log->attributes[i].key.data, key) == 0) {
            return &log->attributes[i];
        }
    }
    return NULL;
}

/* Fewer embeddings than two for each prototype are fitted with fewer prototypes. */
static void test_few_embeddings(void)
{
    llmobs_config config = detector_config();
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector;
    llmobs* obs;
    int day;
    config.drift_days = 3;
    config.drift_day_embeddings = 16;
    config.drift_prototypes = 32;
    obs = open_detecting(&config);
    detector = define(obs, &info);
    for (day = 0; day < 3; day++) {
        add_embeddings(detector, 40, SHIFT_NONE);
        (void)pass_days(obs, detector, 1);
    }
    ok(inside_of(detector)->baseline != NULL, "three small days make a baseline");
    (void)llmobs_close(obs);
    config.drift_days = 2; /* 32 embeddings would be too few for ever */
    obs = open_detecting(&config);
    detector = define(obs, &info);
    for (day = 0; day < 2; day++) {
        add_embeddings(detector, 40, SHIFT_NONE);
        (void)pass_days(obs, detector, 1);
    }
    ok(inside_of(detector)->baseline != NULL, "and so do two");
    (void)llmobs_close(obs);
}

static void test_told(void)
{
    llmobs_config config = detector_config();
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector;
    llmobs_drift_report report;
    const llmobs_log_view* log;
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    told_obs = obs;
    detector = define(obs, &info);
    is_str(sample(obs, "llm_drift_runs_total{detector=\"answers\",verdict=\"drift\"}"), "0",
           "a counter is there before it counts");
    usual_days(obs, detector, 8);
    (void)run_with(obs, detector, 60, SHIFT_NONE);
    ok(llmobs_flush(obs, 1000) == LLMOBS_OK && kept.log_count == 9, "a log record a run");
    log = &kept.logs[kept.log_count - 1];
    is_str(log->event_name.data, "llm.drift", "by its name");
    is_int(log->severity, LLMOBS_SEVERITY_INFO, "INFO without drift");
    printf("# %s\n", log->body.data);
    ok(strncmp(log->body.data, "answers sees no drift (look): p ", 32) == 0, "with a sentence");
    report = run_with(obs, detector, 60, SHIFT_TURNED);
    (void)llmobs_flush(obs, 1000);
    log = &kept.logs[kept.log_count - 1];
    is_int(log->severity, LLMOBS_SEVERITY_WARN, "WARN with drift");
    printf("# %s\n", log->body.data);
    ok(strncmp(log->body.data, "answers sees drift (look): p ", 29) == 0, "said, too");
    is_str(attribute_of(log, "llm.drift.verdict")->value.string.data, "drift", "its verdict");
    is_str(attribute_of(log, "llm.drift.detector")->value.string.data, "answers", "its detector");
    is_int(attribute_of(log, "llm.drift.votes")->value.integer, 60, "its votes");
    ok(attribute_of(log, "llm.drift.p")->value.real <= report.p &&
           attribute_of(log, "llm.drift.p")->value.real >= report.p,
       "its p");
    is_int(log->unix_ns, fake_now, "when it was");
    is_int((long long)kept.malformed, 0, "all as promised");
    is_str(sample(obs, "llm_drift_runs_total{detector=\"answers\",verdict=\"drift\"}"), "1",
           "runs are counted");
    ok(strtod(sample(obs, "llm_drift_score{detector=\"answers\"}"), NULL) > 0.2 &&
           report.score > 0.2,
       "the article's score is a metric");
    ok(strtod(sample(obs, "llm_drift_p_value{detector=\"answers\",test=\"all\"}"), NULL) < 0.01,
       "and p of all tests");
    ok(strtod(sample(obs, "llm_drift_p_value{detector=\"answers\",test=\"centroid\"}"), NULL) <
           0.01,
       "and of each");
    is_str(sample(obs, "llm_drift_p_value{detector=\"answers\",test=\"answers\"}"), "0",
           "but what was not tested");
    (void)llmobs_close(obs);
    keeper_clear(&kept);
}

/* What is told may ask for more. */
static llmobs_drift_detector again;
static void ask_again(void* user, const llmobs_drift_report* report)
{
    int* times = (int*)user;
    if (++*times == 1) {
        (void)llmobs_drift_run_now(again, "once more");
    }
    (void)report;
}

static void test_callback(void)
{
    llmobs_config config = detector_config();
    llmobs_drift_info info = answers_info();
    llmobs* obs;
    int times = 0;
    config.on_drift = ask_again;
    config.on_drift_user = &times;
    obs = open_detecting(&config);
    again = define(obs, &info);
    (void)llmobs_drift_run_now(again, "once");
    (void)llmobs_drift_work(obs);
    is_int(times, 1, "one run, told");
    (void)llmobs_drift_work(obs);
    is_int(times, 2, "which asked for another");
    (void)llmobs_drift_work(obs);
    is_int(times, 2, "and that is all");
    (void)llmobs_close(obs);
}

/* ---- fork, close --------------------------------------------------------------------------- */

static void test_fork(void)
{
    llmobs_config config = detector_config();
    llmobs* obs = open_detecting(&config);
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector = define(obs, &info);
    int status = -1;
    pid_t child;
    usual_days(obs, detector, 8);
    add_embeddings(detector, 60, SHIFT_TURNED);
    (void)llmobs_drift_run_now(detector, "the parent's");
    child = fork();
    if (child == 0) {
        llmobs_drift_report report = last_report(detector);
        bool fresh = report.run == 0 && days_kept(detector) == 0 &&
                     inside_of(detector)->window == NULL && told_count == 0;
        usual_days(obs, detector, 3);
        report = last_report(detector);
        _exit(!fresh ? 1 : report.run != 3 || report.days != 2 ? 2 : 0);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "a child has its detectors, which have seen nothing");
    (void)llmobs_drift_work(obs);
    is_int(last_report(detector).run, 9, "the parent's go on");
    (void)llmobs_close(obs);
}

/* A callback that forks: what is left to be done is the parent's. */
static void fork_inside(void* user, const llmobs_drift_report* report)
{
    (void)report;
    *(pid_t*)user = fork();
}

static void test_fork_inside(void)
{
    llmobs_config config = detector_config();
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector first, second;
    llmobs* obs;
    int status = -1;
    pid_t child = -1;
    config.on_drift = fork_inside;
    config.on_drift_user = &child;
    obs = open_detecting(&config);
    first = define(obs, &info);
    info.name = "second";
    second = define(obs, &info);
    (void)llmobs_drift_run_now(first, "fork");
    fake_now += DAY;
    (void)llmobs_drift_work(obs);
    if (child == 0) {
        llmobs_drift_report report = last_report(second);
        bool fresh = report.run == 0;
        (void)pass_days(obs, second, 1);
        _exit(!fresh ? 1
              : last_report(second).run != 1            ? 2
              : llmobs_close(obs) != LLMOBS_OK          ? 3
                                                        : 0);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "the child is one of its own, and can be closed");
    is_int(last_report(second).run, 1, "the parent did the rest");
    (void)llmobs_close(obs);
}

/* Of a normalised embedding, so many values: they stand nowhere else. */
static size_t found_in(const unsigned char* block, size_t size, const float* values)
{
    size_t found = 0;
    size_t i;
    for (i = 0; i + 4 * sizeof *values <= size; i += sizeof *values) {
        found += memcmp(block + i, values, 4 * sizeof *values) == 0;
    }
    return found;
}

static void test_wiped(void)
{
    llmobs_config config = detector_config();
    llmobs_drift_info info = answers_info();
    llmobs_drift_detector detector;
    float values[WIDTH];
    float normal[WIDTH];
    llmobs_embedding embedding;
    double scale;
    unsigned char* block;
    size_t size = llmobs_memory_needed(&config);
    llmobs* obs;
    size_t i;
    block = (unsigned char*)aligned_alloc(64, (size + 63) & ~(size_t)63);
    config.memory = block;
    config.memory_bytes = size;
    obs = open_detecting(&config);
    detector = define(obs, &info);
    usual_days(obs, detector, 3);
    turned_embedding(values, 4711, SHIFT_NONE);
    embedding = drift_as_embedding(values, WIDTH, 1, 1);
    scale = llmobsi_drift_scale(llmobsi_drift_here(), values, WIDTH);
    for (i = 0; i < WIDTH; i++) {
        normal[i] = (float)llmobsi_drift_normal(values[i], scale);
    }
    (void)llmobs_drift_add(detector, &embedding);
    is_int((long long)found_in(block, size, normal), 1, "an embedding is kept once");
    add_embeddings(detector, 20, SHIFT_NONE);
    (void)pass_days(obs, detector, 1);
    is_int((long long)found_in(block, size, normal), 1, "after a run, too");
    (void)pass_days(obs, detector, 13);
    is_int((long long)found_in(block, size, normal), 1, "it stays as long as its day");
    (void)pass_days(obs, detector, 1);
    is_int((long long)found_in(block, size, normal), 0, "and no longer");
    add_embeddings(detector, 60, SHIFT_NONE);
    (void)llmobs_drift_add(detector, &embedding);
    (void)pass_days(obs, detector, 1);
    (void)llmobs_close(obs);
    is_int((long long)found_in(block, size, normal), 0, "nothing is left after the end");
    is_int((long long)found_in(block, size, values), 0, "nor of the host's own");
    (void)llmobs_release();
    free(block);
}

int main(void)
{
    test_year();
    test_ring();
    test_clock();
    test_interval();
    test_run_now();
    test_anew();
    test_judging();
    test_in_a_row();
    test_refused_embeddings();
    test_sessions();
    test_early_warning();
    test_answers();
    test_least_change();
    test_votes_of_answers();
    test_filters();
    test_change();
    test_many_changes();
    test_definitions();
    test_memory();
    test_few_embeddings();
    test_told();
    test_callback();
    if (!skipped_without_fork("fork")) {
        test_fork();
    }
    if (!skipped_without_fork("fork inside a callback")) {
        test_fork_inside();
    }
    test_wiped();
    return done();
}
