/* What becomes of alerts: timelines by hand, then what is told. tests/test_alert_state_model.c
   compares with a model. */
#include "llmobs_private.h"

#include "tap.h"

#include "judged.h"

#include <ctype.h>

/* ---- timelines ----------------------------------------------------------------------------- */

#define LANES 3
#define ROUNDS 2000

/* A rule with one group of labels, and what becomes of it: a sign for each evaluation; a number
   behind a sign repeats it.
     rule      for, keep, cooldown, repeat: seconds; stands, alerts: without data; by: its group's
               labels; in the first lane, step: from one evaluation to the next (10), and limit: of
               alerts (4)
     verdicts  T true, F false, ? no data, - the group is not there, S true, but then the rule is
               stopped and goes; in the first lane, g: 600 s that nobody saw, before the next one
     states    . none, p pending, f firing, k only kept, m muted, r resolved, c cooling
     news      F fired, R repeated, E ended, . none */
typedef struct lane {
    const char* rule; /* NULL: no lane */
    const char* verdicts;
    const char* states;
    const char* news;
} lane;

typedef struct timeline {
    const char* name;
    lane lanes[LANES];
} timeline;

static const timeline timelines[] = {
    {"for 0 fires at once", {{"", "FTTF2", ".f2r2", ".F.E."}}},
    {"for 20 s", {{"for 20", "T4F", "p2f2r", ".2F.E"}}},
    {"what was only pending is never told", {{"for 20", "T2FT2F2", "p2.p2.2", ".7"}}},
    {"for 15 s is 20 s", {{"for 15", "T3F", "p2fr", ".2FE"}}},
    {"for a minute", {{"for 60", "T6FT7F", "p6.p6fr", ".13FE"}}},
    {"for 20 s to the second", {{"step 1 for 20", "T20FT21", "p20.p20f", ".41F"}}},

    {"kept for 20 s", {{"keep 20", "TF4", "fk2r2", "F.2E."}}},
    {"true again: kept anew", {{"keep 20", "TF2TF3", "fk2fk2r", "F.5E"}}},
    {"kept to the second", {{"step 1 keep 20", "TF21", "fk20r", "F.20E"}}},
    {"pending is not kept", {{"for 20 keep 60", "TF", "p.", ".2"}}},
    {"for and kept", {{"for 20 keep 20", "T3F2TF3", "p2fk2fk2r", ".2F.5E"}}},
    {"kept each time", {{"keep 20", "TF3TF3", "fk2rfk2r", "F.2EF.2E"}}},

    {"shown for 15 minutes", {{"", "TF92", "fr91.", "FE.91"}}},
    {"shown to the second", {{"step 1", "TF902", "fr901.", "FE.901"}}},
    {"true again is another one", {{"for 20", "T3FT3F", "p2frp2fr", ".2FE.2FE"}}},
    {"pending again, then nothing", {{"for 20", "T3FTF", "p2frp.", ".2FE.2"}}},
    {"it flaps", {{"", "TFTFTF", "frfrfr", "FEFEFE"}}},

    {"repeated each minute", {{"repeat 60", "T14F", "f14r", "F.5R.5R.E"}}},
    {"repeated to the second", {{"step 1 repeat 31", "T64", "f64", "F.30R.30R."}}},
    {"repeated while kept", {{"keep 50 repeat 30", "TF6", "fk5r", "F.2R.2E"}}},
    {"another one is repeated from its own", {{"repeat 30", "T3FT4", "f3rf4", "F.2EF.2R"}}},
    {"never repeated", {{"", "T1999", "f1999", "F.1998"}}},

    {"told when the cooldown is over", {{"cooldown 60", "TFT7F", "frf7r", "FE.5F.E"}}},
    {"to the second", {{"step 1 cooldown 60", "TFT60F", "frf60r", "FE.59FE"}}},
    {"flaps in it", {{"cooldown 60", "TFTFTFT3F", "frfrfrf3r", "FE.5F.E"}}},
    {"it is from the last end told", {{"cooldown 80", "TFTFTF4T", "frfrfr4f", "FE.7F"}}},
    {"it is longer than shown", {{"cooldown 1200", "TF121", "fr91c29.", "FE.120"}}},
    {"by a second", {{"step 1 cooldown 902", "TF903", "fr901c.", "FE.902"}}},
    {"fires again while shown", {{"cooldown 1200", "TF91TF", "fr91fr", "FE.92"}}},
    {"and when not", {{"cooldown 1200", "TF92TF", "fr91cfr", "FE.93"}}},
    {"pending in it", {{"for 20 cooldown 600", "T3FTF2T3", "p2frpc2p2f", ".2FE.6"}}},
    {"till it is over", {{"for 20 cooldown 50", "T3FTF4", "p2frpc3.", ".2FE.5"}}},

    {"no data is false", {{"", "?T?2", ".fr2", ".FE."}}},
    {"to pending, too", {{"for 20", "?T?T3", ".p.p2f", ".5F"}}},
    {"no data keeps it", {{"stands", "?2T?3F", ".2f4r", ".2F.3E"}}},
    {"pending stands still", {{"stands for 20", "T?T2", "p3f", ".3F"}}},
    {"for long, too", {{"stands for 20", "T2?90TF", "p92fr", ".92FE"}}},
    {"keeping stands still", {{"stands keep 20", "TF?2F2", "fk4r", "F.4E"}}},
    {"what is over does not", {{"stands", "TF?91", "fr91.", "FE.91"}}},
    {"no data alerts", {{"alerts", "?2F?", "f2rf", "F.EF"}}},
    {"after 20 s", {{"alerts for 20", "?T?F", "p2fr", ".2FE"}}},
    {"as true does", {{"alerts keep 20", "TF?F3", "fkfk2r", "F.4E"}}},

    {"a group that is gone is false", {{"", "T-", "fr", "FE"}}},
    {"kept for a while", {{"keep 20", "T-4", "fk2r2", "F.2E."}}},
    {"or for good", {{"stands", "T-3F", "f4r", "F.3E"}}},
    {"pending without it", {{"stands for 20", "T-2T2", "p4f", ".4F"}}},
    {"its absence alerts", {{"alerts for 20", "-2T-2F", ".2p2fr", ".4FE"}}},
    {"but begins nothing", {{"alerts", "TF-91", "fr91.", "FE.91"}}},

    {"a gap does not count as for", {{"for 20", "TgT2", "p2f", ".2F"}}},
    {"nor as keeping", {{"keep 20", "TFgF2", "fk2r", "F.2E"}}},
    {"nor as shown", {{"", "TFgF91", "fr91.", "FE.91"}}},
    {"but till it is repeated", {{"repeat 610", "TgT", "f2", "FR"}}},
    {"and for a cooldown", {{"cooldown 610", "TFgT", "frf", "FEF"}}},
    {"for no longer than it was", {{"cooldown 611", "TFgT2", "frf2", "FE.F"}}},
    {"without data after it", {{"stands for 20", "Tg?T2", "p3f", ".3F"}}},

    {"a rule that goes ends", {{"", "TS-T", "f.2f", "FE.F"}}},
    {"or was only pending", {{"for 20", "TST3", "p.p2f", ".4F"}}},
    {"or was never told", {{"", "TFST", "fr.f", "FE.F"}}},
};

/* The same of several. */
static const timeline together[] = {
    {"muted by a more severe one",
     {{"group g critical by a=x", "FT3F2", ".f3r2", ".F.2E."},
      {"group g warning by a=x,b=y", "T5F", "fm3fr", "F.4E"}}},
    {"in the other order",
     {{"group g warning by a=x,b=y", "T5F", "fm3fr", "F.4E"},
      {"group g critical by a=x", "FT3F2", ".f3r2", ".F.2E."}}},
    {"told when that is over, not when that is kept",
     {{"group g info by b=y,a=x", "T4F", "m3fr", ".3FE"},
      {"group g critical keep 10 by a=x", "T2F3", "f2kr2", "F.2E."}}},
    {"not by another value's",
     {{"group g critical by a=z", "T2", "f2", "F."},
      {"group g warning by a=x,b=y", "T2", "f2", "F."}}},
    {"nor another label's",
     {{"group g critical by c=x", "T2", "f2", "F."}, {"group g info by a=x", "T2", "f2", "F."}}},
    {"nor by one with a label more",
     {{"group g critical by a=x,b=y", "T2", "f2", "F."},
      {"group g info by a=x", "T2", "f2", "F."}}},
    {"nor by an equal",
     {{"group g warning by a=x", "T2", "f2", "F."}, {"group g warning by a=x", "T2", "f2", "F."}}},
    {"nor in another group",
     {{"group h critical by a=x", "T2", "f2", "F."}, {"group g info by a=x", "T2", "f2", "F."}}},
    {"nor without one",
     {{"critical by a=x", "T2", "f2", "F."}, {"info by a=x", "T2", "f2", "F."}}},
    {"nor by a pending one",
     {{"group g critical for 20", "T3", "p2f", ".2F"},
      {"group g info by a=x", "T3", "f2m", "F.2"}}},
    {"a muted one mutes",
     {{"group g info by a=x,b=y", "T3", "m3", ".3"},
      {"group g warning by b=y", "T3", "fm2", "F.2"},
      {"group g critical", "FT2", ".f2", ".F."}}},
    {"an end is told while muted",
     {{"group g critical", "FT3", ".f3", ".F.2"}, {"group g info", "T2F2", "fmr2", "F.E."}}},
    {"unless nothing was",
     {{"group g critical", "T3", "f3", "F.2"}, {"group g info", "TF2", "mr2", ".3"}}},
    {"not repeated while muted, but then",
     {{"group g critical", "FT2F2", ".f2r2", ".F.E."},
      {"group g info repeat 20", "T5", "fm2f2", "F.2R."}}},
    {"muted beyond a cooldown",
     {{"group g critical", "F3T2F", ".3f2r", ".3F.E"},
      {"group g info cooldown 20", "TFT4", "frfm2f", "FE.3F"}}},

    {"one that fires keeps its place", {{"limit 1", "T3", "f3", "F.2"}, {"", "T3", ".3", ".3"}}},
    {"one that is pending, too",
     {{"limit 1 for 20", "T3", "p2f", ".2F"}, {"", "T3", ".3", ".3"}}},
    {"one that is over makes room, when that was told",
     {{"limit 1", "TF3", "fr.2", "FE.2"}, {"", "FT2F", ".2fr", ".2FE"}}},
    {"the oldest one does",
     {{"limit 2", "T2F2", "f2r2", "F.E."},
      {"", "TF3", "fr2.", "FE.2"},
      {"", "F3T", ".3f", ".3F"}}},
    {"one that is cooling does",
     {{"limit 1 for 20 cooldown 600", "T3FTF2", "p2frpc.", ".2FE.3"}, {"", "F6T", ".6f", ".6F"}}},
    {"a place that was given back is found",
     {{"limit 1 for 20", "T2F2", "p2.2", ".4"}, {"", "F2T2", ".2f2", ".2F."}}},
};

/* "f3r" as "fffr". */
static void expand(const char* text, char* out)
{
    while (*text != '\0') {
        char sign = *text++;
        char* end = (char*)(uintptr_t)text;
        long times = isdigit((unsigned char)*text) ? strtol(text, &end, 10) : 1;
        text = end;
        memset(out, sign, (size_t)times);
        out += times;
    }
    *out = '\0';
}

/* "fffr" as "f3r". */
static void shorten(const char* text, char* out)
{
    while (*text != '\0') {
        char sign[2] = {*text, '\0'};
        size_t times = strspn(text, sign);
        text += times;
        *out++ = sign[0];
        out += times > 1 ? sprintf(out, "%zu", times) : 0;
    }
    *out = '\0';
}

/* A lane, as it is run. */
typedef struct course {
    char verdicts[ROUNDS];
    char states[ROUNDS];
    char news[ROUNDS];
    char labels[64];
    size_t size;
    bool stopped;
} course;

/* A number of a lane's first words, or what there is without it. */
static uint32_t figure(const char* words, const char* name, uint32_t otherwise)
{
    char want[32];
    const char* found;
    (void)snprintf(want, sizeof want, "%s ", name);
    found = strstr(words, want);
    return found != NULL ? (uint32_t)atoi(found + strlen(want)) : otherwise;
}

static void read_lane(const lane* from, llmobsi_alert_rule* rule, course* to)
{
    const char* group = strstr(from->rule, "group ");
    const char* by = strstr(from->rule, "by ");
    char name[2] = {group != NULL ? group[6] : '\0', '\0'};
    char names[16] = "";
    memset(to, 0, sizeof *to);
    expand(from->verdicts, to->verdicts);
    for (by = by != NULL ? by + 3 : ""; *by != '\0'; by += by[3] == ',' ? 4 : strlen(by)) {
        (void)sprintf(names + strlen(names), "%s%c", names[0] != '\0' ? "," : "", by[0]);
        to->labels[to->size] = by[2];
        to->size += 2;
    }
    judged_rule(rule, "rule", name, names);
    rule->for_s = figure(from->rule, "for", 0);
    rule->keep_firing_for_s = figure(from->rule, "keep", 0);
    rule->cooldown_s = figure(from->rule, "cooldown", 0);
    rule->repeat_s = figure(from->rule, "repeat", 0);
    rule->no_data = strstr(from->rule, "stands") != NULL    ? LLMOBS_ALERT_NO_DATA_KEEP
                    : strstr(from->rule, "alerts") != NULL ? LLMOBS_ALERT_NO_DATA_ALERT
                                                                  : LLMOBS_ALERT_NO_DATA_OK;
    rule->severity = strstr(from->rule, "critical") != NULL  ? LLMOBS_ALERT_CRITICAL
                     : strstr(from->rule, "warning") != NULL ? LLMOBS_ALERT_WARNING
                                                             : LLMOBS_ALERT_INFO;
}

static char sign_of(const llmobsi_alert* alert)
{
    if (alert == NULL) {
        return '.';
    }
    if (alert->state == LLMOBS_ALERT_FIRING) {
        return alert->muted ? 'm' : alert->keeping ? 'k' : 'f';
    }
    return "cp.r"[alert->state];
}

static void judge(llmobsi_alert_states* states, uint32_t number, const llmobsi_alert_rule* rule,
                  const course* lane_course, char sign)
{
    llmobsi_alert_verdict verdict = {LLMOBS_I_ALERT_TRUE, false, 0, 2.0, 1.0};
    if (sign == '-') {
        return;
    }
    verdict.truth = sign == 'F'   ? LLMOBS_I_ALERT_FALSE
                    : sign == '?' ? LLMOBS_I_ALERT_UNKNOWN
                                  : LLMOBS_I_ALERT_TRUE;
    llmobsi_alert_judge(states, number, rule, lane_course->labels, lane_course->size, &verdict);
}

static void run_round(llmobsi_alert_states* states, const llmobsi_alert_rule* rules,
                      course* courses, uint32_t lanes, int round)
{
    uint32_t cursor = 0;
    llmobs_alert_news news;
    const llmobsi_alert* alert;
    uint32_t i;
    for (i = 0; i < lanes; i++) {
        judge(states, i, &rules[i], &courses[i], courses[i].verdicts[round]);
        courses[i].news[round] = '.';
    }
    llmobsi_alert_round_end(states, rules, lanes);
    for (i = 0; i < lanes; i++) {
        if (courses[i].verdicts[round] == 'S') {
            llmobsi_alert_rule_stop(states, i);
        }
    }
    while ((alert = llmobsi_alert_news(states, rules, &news, &cursor)) != NULL) {
        courses[alert->rule].news[round] = ".FRE"[news];
    }
    for (i = 0; i < lanes; i++) {
        if (courses[i].verdicts[round] == 'S') {
            llmobsi_alert_rule_gone(states, i);
        }
        courses[i].states[round] =
            sign_of(judged_find(states, i, courses[i].labels, courses[i].size));
    }
}

static void run_timeline(const timeline* line)
{
    static llmobsi_alert_rule rules[LANES];
    static course courses[LANES];
    static char short_states[2 * ROUNDS], short_news[2 * ROUNDS], what[128], all[ROUNDS];
    int64_t step_s = figure(line->lanes[0].rule, "step", 10);
    int64_t now_s = -step_s; /* the first evaluation is at 0 */
    void* memory;
    llmobsi_alert_states* states =
        judged_open(figure(line->lanes[0].rule, "limit", 4), &memory);
    uint32_t lanes = 0, i;
    int round = 0;
    const char* at;
    while (lanes < LANES && line->lanes[lanes].rule != NULL) {
        read_lane(&line->lanes[lanes], &rules[lanes], &courses[lanes]);
        lanes++;
    }
    memcpy(all, courses[0].verdicts, sizeof all);
    for (at = all; *at != '\0'; at++) {
        if (*at == 'g') {
            llmobsi_alert_gap(states, 600);
            now_s += 600;
            continue;
        }
        now_s += step_s;
        courses[0].verdicts[round] = *at;
        llmobsi_alert_round_begin(states, now_s);
        run_round(states, rules, courses, lanes, round++);
    }
    for (i = 0; i < lanes; i++) {
        shorten(courses[i].states, short_states);
        shorten(courses[i].news, short_news);
        (void)snprintf(what, sizeof what, "%s: states of %u", line->name, i);
        is_str(short_states, line->lanes[i].states, what);
        (void)snprintf(what, sizeof what, "%s: news of %u", line->name, i);
        is_str(short_news, line->lanes[i].news, what);
    }
    free(memory);
}

static void test_timelines(void)
{
    size_t i;
    for (i = 0; i < sizeof timelines / sizeof timelines[0]; i++) {
        run_timeline(&timelines[i]);
    }
    for (i = 0; i < sizeof together / sizeof together[0]; i++) {
        run_timeline(&together[i]);
    }
}

/* ---- what is told -------------------------------------------------------------------------- */

static llmobsi_alert_verdict verdict_of(llmobsi_alert_truth truth, double value)
{
    llmobsi_alert_verdict verdict = {truth, true, 0, value, 0.5};
    return verdict;
}

/* One round of one rule, of one group, without its news. */
static void one_round(llmobsi_alert_states* states, const llmobsi_alert_rule* rule, int64_t now_s,
                      const char* labels, size_t size, llmobsi_alert_verdict verdict)
{
    llmobsi_alert_round_begin(states, now_s);
    llmobsi_alert_judge(states, 0, rule, labels, size, &verdict);
    llmobsi_alert_round_end(states, rule, 1);
}

#define SECOND UINT64_C(1000000000)

static void test_view(void)
{
    llmobs_alert_label views[LLMOBS_ALERT_LABELS_MAX];
    llmobsi_alert_rule rule;
    llmobs_alert_news news;
    llmobsi_alert* alert;
    uint32_t cursor = 0;
    llmobs_alert view;
    void* memory;
    llmobsi_alert_states* states = judged_open(4, &memory);
    judged_rule(&rule, "cost_spike", "cost", "feature,model");
    rule.summary = judged_text(&rule, "It costs more.");
    rule.runbook = judged_text(&rule, "docs/cost");
    rule.severity = LLMOBS_ALERT_CRITICAL;
    rule.for_s = 20;
    one_round(states, &rule, 1000, "chat\0large", 11, verdict_of(LLMOBS_I_ALERT_TRUE, 0.75));
    one_round(states, &rule, 1020, "chat\0large", 11, verdict_of(LLMOBS_I_ALERT_TRUE, 2.25));
    alert = llmobsi_alert_news(states, &rule, &news, &cursor);
    view = llmobsi_alert_view(states, alert, &rule, news, 5000 * SECOND, views);
    is_int(view.size, sizeof view, "an alert as it is told");
    is_str(view.rule.data, "cost_spike", "its rule");
    is_int(view.rule.size, 10, "and how long that is");
    is_str(view.group.data, "cost", "its group");
    is_str(view.summary.data, "It costs more.", "its summary");
    is_str(view.runbook.data, "docs/cost", "its runbook");
    is_int(view.label_count, 2, "two labels");
    is_str(view.labels[0].name.data, "feature", "the first one's name");
    is_str(view.labels[0].value.data, "chat", "its value");
    is_str(view.labels[1].name.data, "model", "the second one's name");
    is_str(view.labels[1].value.data, "large", "its value");
    is_int(view.labels[1].value.size, 5, "and its size");
    is_int(view.severity, LLMOBS_ALERT_CRITICAL, "its severity");
    is_int(view.state, LLMOBS_ALERT_FIRING, "its state");
    is_int(view.news, LLMOBS_ALERT_FIRED, "why it is told");
    ok(view.partial && !view.muted && !alert->no_data, "partial, neither muted nor without data");
    ok(view.value == 2.25 && view.threshold == 0.5, "the last evaluation's numbers");
    ok(view.fingerprint == llmobsi_alert_fingerprint(&rule, "chat\0large"), "its fingerprint");
    is_int(view.unix_ns / SECOND, 5000, "time of the evaluation");
    is_int(view.active_unix_ns / SECOND, 4980, "active since");
    is_int(view.fired_unix_ns / SECOND, 5000, "fired at");
    is_int(view.resolved_unix_ns, 0, "not over");
    llmobsi_alert_gap(states, 100);
    one_round(states, &rule, 1130, "chat\0large", 11, verdict_of(LLMOBS_I_ALERT_FALSE, 0.25));
    view = llmobsi_alert_view(states, alert, &rule, LLMOBS_ALERT_ENDED, 5110 * SECOND, views);
    is_int(view.state, LLMOBS_ALERT_RESOLVED, "over");
    ok(view.value == 2.25, "its last value while it held");
    is_int(view.active_unix_ns / SECOND, 4980, "stamps that are shown stay, over a gap, too");
    is_int(view.fired_unix_ns / SECOND, 5000, "fired at");
    is_int(view.resolved_unix_ns / SECOND, 5110, "over since");
    view = llmobsi_alert_view(states, alert, &rule, LLMOBS_ALERT_ENDED, 120 * SECOND, views);
    is_int(view.active_unix_ns, 1, "no time before 1970");
    view = llmobsi_alert_view(states, alert, &rule, LLMOBS_ALERT_ENDED, 130 * SECOND, views);
    is_int(view.active_unix_ns, 1, "nor what stands for never");
    free(memory);
}

static void test_no_data(void)
{
    llmobsi_alert_rule rule;
    void* memory;
    llmobsi_alert_states* states = judged_open(4, &memory);
    const llmobsi_alert* alert;
    judged_rule(&rule, "r", "", "");
    rule.no_data = LLMOBS_ALERT_NO_DATA_ALERT;
    one_round(states, &rule, 0, "", 0, verdict_of(LLMOBS_I_ALERT_TRUE, 1.5));
    alert = judged_find(states, 0, "", 0);
    ok(!alert->no_data && alert->value == 1.5, "with data");
    llmobsi_alert_round_begin(states, 10);
    llmobsi_alert_round_end(states, &rule, 1);
    ok(alert->no_data && alert->value != alert->value, "without: it has no value");
    one_round(states, &rule, 20, "", 0, verdict_of(LLMOBS_I_ALERT_TRUE, 2.5));
    ok(!alert->no_data && alert->value == 2.5, "with data again");
    free(memory);
}

static void test_fingerprint(void)
{
    llmobsi_alert_rule rule;
    llmobsi_alert_rule other;
    judged_rule(&rule, "cost_spike", "", "feature,model");
    ok(llmobsi_alert_fingerprint(&rule, "chat\0large") == UINT64_C(0x5604ee7d2c6168f4),
       "the same as ever");
    ok(llmobsi_alert_fingerprint(&rule, "chat\0large") !=
           llmobsi_alert_fingerprint(&rule, "chatl\0arge"),
       "values are told apart");
    judged_rule(&other, "cost_spike", "group", "feature,model");
    other.for_s = 60;
    ok(llmobsi_alert_fingerprint(&rule, "a\0b") == llmobsi_alert_fingerprint(&other, "a\0b"),
       "of name and labels alone");
    judged_rule(&other, "cost_spikes", "", "feature,model");
    ok(llmobsi_alert_fingerprint(&rule, "a\0b") != llmobsi_alert_fingerprint(&other, "a\0b"),
       "another rule's");
    judged_rule(&other, "cost_spike", "", "feature,models");
    ok(llmobsi_alert_fingerprint(&rule, "a\0b") != llmobsi_alert_fingerprint(&other, "a\0b"),
       "another label's");
    judged_rule(&rule, "cost_spike", "", "");
    ok(llmobsi_alert_fingerprint(&rule, "") == UINT64_C(0x11788f24de6b25ed),
       "without labels, as ever");
}

/* All in one chain, and told apart. */
static void test_find(void)
{
    llmobsi_alert_verdict holds = verdict_of(LLMOBS_I_ALERT_TRUE, 1.0);
    llmobsi_alert_rule rule;
    void* memory;
    llmobsi_alert_states* states = judged_open(8, &memory);
    const llmobsi_alert* alert;
    judged_rule(&rule, "r", "", "feature,model");
    states->mask = 0;
    llmobsi_alert_judge(states, 0, &rule, "chat\0large", 11, &holds);
    llmobsi_alert_judge(states, 0, &rule, "chat\0small", 11, &holds);
    llmobsi_alert_judge(states, 1, &rule, "chat\0large", 11, &holds);
    alert = judged_find(states, 0, "chat\0large", 11);
    is_int(states->used, 3, "an alert for each rule and labels");
    ok(alert->rule == 0 && strcmp(alert->labels + 5, "large") == 0, "found");
    ok(llmobsi_alerts_find(states, alert->hash, 1, "chat\0large", 11) == NULL,
       "not as another rule's");
    ok(llmobsi_alerts_find(states, alert->hash, 0, "chat\0lARGE", 11) == NULL,
       "nor by other values");
    ok(llmobsi_alerts_find(states, alert->hash, 0, "chat\0", 5) == NULL, "nor by fewer");
    ok(llmobsi_alerts_hash(states, 0, "x", 2) != llmobsi_alerts_hash(states, 1, "x", 2),
       "rules have chains of their own");
    free(memory);
}

/* Four values of 60 bytes, each of U+20AC, but for the last one's end. */
static size_t long_labels(char* out, char last)
{
    size_t used = 0;
    int i, j;
    for (i = 0; i < 4; i++) {
        for (j = 0; j < 20; j++, used += 3) {
            memcpy(out + used, "\xe2\x82\xac", 3);
        }
        out[used++] = '\0';
    }
    out[used - 2] = last;
    return used;
}

static void test_cut(void)
{
    llmobs_alert_label views[LLMOBS_ALERT_LABELS_MAX];
    llmobsi_alert_verdict holds = verdict_of(LLMOBS_I_ALERT_TRUE, 1.0);
    llmobsi_alert_rule rules[2];
    llmobsi_alert* alert;
    char labels[256];
    void* memory;
    llmobsi_alert_states* states = judged_open(4, &memory);
    size_t size = long_labels(labels, '1');
    states->mask = 0;
    judged_rule(&rules[0], "r", "g", "a,b,c,d");
    judged_rule(&rules[1], "s", "g", "");
    rules[1].severity = LLMOBS_ALERT_CRITICAL;
    llmobsi_alert_round_begin(states, 0);
    llmobsi_alert_judge(states, 0, &rules[0], labels, size, &holds);
    alert = judged_find(states, 0, labels, size);
    (void)long_labels(labels, '2');
    llmobsi_alert_judge(states, 0, &rules[0], labels, size, &holds);
    llmobsi_alert_judge(states, 1, &rules[1], "", 0, &holds);
    llmobsi_alert_round_end(states, rules, 2);
    ok(judged_find(states, 0, labels, size) != alert, "told apart by what was cut");
    ok(judged_find(states, 0, labels, size)->fingerprint != alert->fingerprint, "outside, too");
    is_int(llmobsi_alert_label_views(alert, &rules[0], views), 4, "four labels");
    is_int(views[0].value.size, 45, "each cut to its share, on a border");
    is_int(views[3].value.size, 45, "the last one, too");
    ok(alert->cut && !alert->muted, "what was cut is nobody's equal");
    size = 192;
    memset(labels, 'x', size);
    labels[47] = labels[95] = labels[143] = labels[191] = '\0';
    llmobsi_alert_judge(states, 0, &rules[0], labels, size, &holds);
    alert = judged_find(states, 0, labels, size);
    (void)llmobsi_alert_label_views(alert, &rules[0], views);
    ok(!alert->cut && views[3].value.size == 47, "192 bytes are not too long");
    free(memory);
}

/* 300 alerts of ten rules, some of them in groups: the news of each come one after the other. */
static void test_order(void)
{
    static llmobsi_alert_rule rules[10];
    llmobsi_alert_verdict holds = verdict_of(LLMOBS_I_ALERT_TRUE, 1.0);
    bool seen[10] = {false};
    uint32_t last = UINT32_MAX, cursor = 0, count = 0, i;
    int wrong = 0;
    llmobs_alert_news news;
    const llmobsi_alert* alert;
    void* memory;
    llmobsi_alert_states* states = judged_open(300, &memory);
    for (i = 0; i < 10; i++) {
        judged_rule(&rules[i], "r", i % 3 == 0 ? "g" : i % 3 == 1 ? "h" : "", "n");
    }
    llmobsi_alert_round_begin(states, 0);
    for (i = 0; i < 300; i++) {
        char label[8];
        int size = snprintf(label, sizeof label, "%u", i / 10) + 1;
        llmobsi_alert_judge(states, i % 10, &rules[i % 10], label, (size_t)size, &holds);
    }
    llmobsi_alert_round_end(states, rules, 10);
    while ((alert = llmobsi_alert_news(states, rules, &news, &cursor)) != NULL) {
        uint32_t leader = alert->rule % 3 < 2 ? alert->rule % 3 : alert->rule;
        wrong += leader != last && seen[leader];
        seen[leader] = true;
        last = leader;
        count++;
        if (count == 150) { /* some of the rest go before they are told */
            llmobsi_alert_rule_gone(states, 8);
        }
    }
    is_int(wrong, 0, "the news of a group, or a rule, come one after the other");
    is_int(count, 270, "all of them, but for those of a rule that went");
    is_int(news, LLMOBS_ALERT_NO_NEWS, "and then none");
    cursor = 0;
    ok(llmobsi_alert_news(states, rules, &news, &cursor) == NULL, "once");
    free(memory);
}

/* The news of one round are not asked for. */
static void test_unasked(void)
{
    llmobsi_alert_rule rule;
    llmobs_alert_news news;
    uint32_t cursor = 0;
    void* memory;
    llmobsi_alert_states* states = judged_open(1, &memory);
    judged_rule(&rule, "r", "", "");
    one_round(states, &rule, 10, "", 0, verdict_of(LLMOBS_I_ALERT_TRUE, 1.0));
    ok(llmobsi_alert_news(states, &rule, &news, &cursor) != NULL, "told that it fires");
    one_round(states, &rule, 20, "", 0, verdict_of(LLMOBS_I_ALERT_FALSE, 1.0));
    one_round(states, &rule, 30, "", 0, verdict_of(LLMOBS_I_ALERT_TRUE, 1.0));
    cursor = 0;
    (void)llmobsi_alert_news(states, &rule, &news, &cursor);
    is_int(news, LLMOBS_ALERT_FIRED, "an end that nobody asked for, then another one is told");
    free(memory);
}

static void test_forgotten(void)
{
    llmobsi_alert_rule rule;
    void* memory;
    llmobsi_alert_states* states = judged_open(1, &memory);
    judged_rule(&rule, "r", "", "a");
    one_round(states, &rule, 10, "x", 2, verdict_of(LLMOBS_I_ALERT_TRUE, 1.0));
    one_round(states, &rule, 20, "y", 2, verdict_of(LLMOBS_I_ALERT_TRUE, 1.0));
    is_int(states->overflowed, 1, "one more than there is room for");
    one_round(states, &rule, 15, "y", 2, verdict_of(LLMOBS_I_ALERT_FALSE, 1.0));
    is_int(states->now_s, 20, "time does not go back");
    llmobsi_alert_states_start(states, 7);
    ok(judged_find(states, 0, "x", 2) == NULL && states->overflowed == 0, "all is forgotten");
    one_round(states, &rule, 5, "y", 2, verdict_of(LLMOBS_I_ALERT_TRUE, 1.0));
    is_int(judged_find(states, 0, "y", 2)->active_s, 5, "and begins anew");
    free(memory);
}

int main(void)
{
    test_timelines();
    test_view();
    test_no_data();
    test_fingerprint();
    test_find();
    test_cut();
    test_order();
    test_unasked();
    test_forgotten();
    return done();
}
