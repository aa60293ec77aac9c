/* What becomes of alerts, beside a model that is as plain as can be: it counts durations where the
   code compares stamps, and looks at everything where that looks something up. */
#include "llmobs_private.h"

#include "tap.h"

#include "judged.h"
#include "keeper.h"

#include "random.h"

#define RULES 4
#define GROUPS 4 /* of labels, for each rule */
#define KEYS (RULES * GROUPS)
#define NEVER (-1)

/* An alert of the model. Durations in seconds. */
typedef struct mark {
    bool there;
    int state;
    int held;     /* pending: it holds */
    int not_held; /* firing: it does not; NEVER: it does */
    int over;     /* it is */
    int since_end; /* of the last that was told; NEVER */
    int since_told;
    bool told;
    bool muted;
    bool counted_muted;
    bool counted_cooled;
    bool judged;
    long order; /* among those that are over; of those that a round's end ended, the same */
    int64_t active, fired, resolved; /* times as shown */
} mark;

typedef struct model {
    llmobsi_alert_rule rules[RULES];
    mark marks[KEYS];
    int limit;
    int64_t now;
    long orders;
    bool at_end; /* of a round */
    uint64_t overflowed, muted, cooled;
} model;

static bool one_in(uint64_t count)
{
    return next_random() % count == 0;
}

static uint32_t any_of(const uint32_t* numbers, uint64_t count)
{
    return numbers[next_random() % count];
}

/* ---- labels: a rule has none, a, b, or a and b ---------------------------------------------- */

static const char* const bys[] = {"", "a", "b", "a,b", "b,a"};

static bool has(const llmobsi_alert_rule* rule, char name)
{
    uint32_t i;
    for (i = 0; i < rule->by_count; i++) {
        if (llmobsi_alert_text(rule, rule->by[i])[0] == name) {
            return true;
        }
    }
    return false;
}

/* The value that a label has in a group: group 0 to 3 is a = 0 or 1, b = 0 or 1. */
static char value_of(int group, char name)
{
    return (char)('0' + (name == 'a' ? group & 1 : group >> 1));
}

/* Whether a rule has this group: without a label, only where that would be 0. */
static bool exists(const llmobsi_alert_rule* rule, int group)
{
    return (has(rule, 'a') || value_of(group, 'a') == '0') &&
           (has(rule, 'b') || value_of(group, 'b') == '0');
}

static size_t labels_of(const llmobsi_alert_rule* rule, int group, char* out)
{
    size_t size = 0;
    uint32_t i;
    for (i = 0; i < rule->by_count; i++) {
        out[size++] = value_of(group, llmobsi_alert_text(rule, rule->by[i])[0]);
        out[size++] = '\0';
    }
    return size;
}

/* ---- the model ------------------------------------------------------------------------------ */

static bool cooling(const mark* one, const llmobsi_alert_rule* rule)
{
    return one->since_end != NEVER && one->since_end < (int)rule->cooldown_s;
}

static void model_pass(model* all, int seconds, bool seen)
{
    int key;
    all->now += seconds;
    for (key = 0; key < KEYS; key++) {
        mark* one = &all->marks[key];
        one->since_told += seconds;
        one->since_end += one->since_end != NEVER ? seconds : 0;
        one->held += seen ? seconds : 0;
        one->not_held += seen && one->not_held != NEVER ? seconds : 0;
        one->over += seen ? seconds : 0;
        one->judged = false;
    }
}

/* The code's alert for one of the model's. */
static const llmobsi_alert* find_key(const model* all, const llmobsi_alert_states* states, int key)
{
    char labels[8];
    size_t size = labels_of(&all->rules[key / GROUPS], key % GROUPS, labels);
    return judged_find(states, (uint32_t)(key / GROUPS), labels, size);
}

static long model_order(model* all)
{
    all->orders += !all->at_end;
    return all->orders;
}

static void model_end(model* all, mark* one)
{
    one->state = LLMOBS_ALERT_RESOLVED;
    one->over = 0;
    one->not_held = NEVER;
    one->muted = false;
    one->resolved = all->now;
    one->order = model_order(all);
    if (one->told) {
        one->since_end = 0;
    }
}

static bool is_active(const mark* one)
{
    return one->there &&
           (one->state == LLMOBS_ALERT_PENDING || one->state == LLMOBS_ALERT_FIRING);
}

/* Finds room for one more. Of those that were over at once, the one that the code took. */
static bool model_room(model* all, const llmobsi_alert_states* states)
{
    mark* oldest = NULL;
    int count = 0;
    int key;
    for (key = 0; key < KEYS; key++) {
        mark* one = &all->marks[key];
        count += one->there;
        if (one->there && !is_active(one) &&
            (oldest == NULL || one->order < oldest->order ||
             (one->order == oldest->order && find_key(all, states, key) == NULL))) {
            oldest = one;
        }
    }
    if (count < all->limit) {
        return true;
    }
    if (oldest == NULL || oldest->told) {
        return false;
    }
    memset(oldest, 0, sizeof *oldest);
    return true;
}

static void model_true(model* all, const llmobsi_alert_states* states, mark* one,
                       const llmobsi_alert_rule* rule)
{
    if (!one->there) {
        if (!model_room(all, states)) {
            all->overflowed++;
            return;
        }
        memset(one, 0, sizeof *one);
        one->there = true;
        one->since_end = NEVER;
        one->state = LLMOBS_ALERT_INACTIVE;
    }
    one->judged = true;
    if (!is_active(one)) {
        one->state = LLMOBS_ALERT_PENDING;
        one->held = 0;
        one->told = one->counted_muted = one->counted_cooled = false;
        one->active = all->now;
        one->fired = one->resolved = LLMOBS_I_ALERT_NEVER;
    }
    one->not_held = NEVER;
    if (one->state == LLMOBS_ALERT_PENDING && one->held >= (int)rule->for_s) {
        one->state = LLMOBS_ALERT_FIRING;
        one->fired = all->now;
    }
}

static void model_false(model* all, mark* one, const llmobsi_alert_rule* rule)
{
    one->judged = true;
    if (one->there && one->state == LLMOBS_ALERT_PENDING) {
        one->state = LLMOBS_ALERT_INACTIVE;
        one->order = model_order(all);
        one->there = cooling(one, rule);
    } else if (one->there && one->state == LLMOBS_ALERT_FIRING) {
        if (one->not_held == NEVER) {
            one->not_held = 0;
        }
        if (one->not_held >= (int)rule->keep_firing_for_s) {
            model_end(all, one);
        }
    }
}

static void model_judge(model* all, const llmobsi_alert_states* states, int key,
                        llmobsi_alert_truth truth, int step)
{
    const llmobsi_alert_rule* rule = &all->rules[key / GROUPS];
    mark* one = &all->marks[key];
    if (truth == LLMOBS_I_ALERT_UNKNOWN && rule->no_data == LLMOBS_ALERT_NO_DATA_KEEP) {
        one->judged = true;
        one->held -= step;
        one->not_held -= one->not_held != NEVER ? step : 0;
    } else if (truth == LLMOBS_I_ALERT_TRUE || (truth == LLMOBS_I_ALERT_UNKNOWN &&
                                                rule->no_data == LLMOBS_ALERT_NO_DATA_ALERT)) {
        model_true(all, states, one, rule);
    } else {
        model_false(all, one, rule);
    }
}

/* Whether one alert mutes another. */
static bool mutes(const model* all, int key, int other)
{
    const llmobsi_alert_rule* above = &all->rules[key / GROUPS];
    const llmobsi_alert_rule* below = &all->rules[other / GROUPS];
    char name;
    if (!all->marks[key].there || all->marks[key].state != LLMOBS_ALERT_FIRING ||
        above->severity <= below->severity || above->group == 0 || below->group == 0 ||
        strcmp(above->text + above->group, below->text + below->group) != 0) {
        return false;
    }
    for (name = 'a'; name <= 'b'; name++) {
        if (has(above, name) &&
            (!has(below, name) || value_of(key % GROUPS, name) != value_of(other % GROUPS, name))) {
            return false;
        }
    }
    return true;
}

static void model_round_end(model* all, const llmobsi_alert_states* states, int step)
{
    int key, other;
    all->at_end = true;
    all->orders++;
    for (key = 0; key < KEYS; key++) {
        mark* one = &all->marks[key];
        if (is_active(one) && !one->judged) {
            model_judge(all, states, key, LLMOBS_I_ALERT_UNKNOWN, step);
        }
        if (one->there && one->state == LLMOBS_ALERT_RESOLVED && one->over > 15 * 60) {
            one->state = LLMOBS_ALERT_INACTIVE;
        }
        if (one->there && one->state == LLMOBS_ALERT_INACTIVE &&
            !cooling(one, &all->rules[key / GROUPS])) {
            one->there = false;
        }
    }
    all->at_end = false;
    for (key = 0; key < KEYS; key++) {
        mark* one = &all->marks[key];
        if (!one->there || one->state != LLMOBS_ALERT_FIRING) {
            continue;
        }
        one->muted = false;
        for (other = 0; other < KEYS; other++) {
            one->muted = one->muted || mutes(all, other, key);
        }
        all->muted += one->muted && !one->counted_muted;
        one->counted_muted = one->counted_muted || one->muted;
        if (!one->muted && !one->told && cooling(one, &all->rules[key / GROUPS])) {
            all->cooled += !one->counted_cooled;
            one->counted_cooled = true;
        }
    }
}

static llmobs_alert_news model_news(const model* all, int key)
{
    const llmobsi_alert_rule* rule = &all->rules[key / GROUPS];
    const mark* one = &all->marks[key];
    if (!one->there || one->muted) {
        return LLMOBS_ALERT_NO_NEWS;
    }
    if (one->told && one->state == LLMOBS_ALERT_RESOLVED) {
        return LLMOBS_ALERT_ENDED;
    }
    if (one->state != LLMOBS_ALERT_FIRING) {
        return LLMOBS_ALERT_NO_NEWS;
    }
    if (one->told) {
        return rule->repeat_s > 0 && one->since_told >= (int)rule->repeat_s ? LLMOBS_ALERT_REPEATED
                                                                            : LLMOBS_ALERT_NO_NEWS;
    }
    return cooling(one, rule) ? LLMOBS_ALERT_NO_NEWS : LLMOBS_ALERT_FIRED;
}

/* ---- streams --------------------------------------------------------------------------------- */

static void random_rule(llmobsi_alert_rule* rule)
{
    static const uint32_t waits[] = {0, 10, 15, 20, 60};
    static const uint32_t cooldowns[] = {0, 0, 30, 300, 1200};
    static const uint32_t repeats[] = {0, 30, 100, 14400};
    static const char* const groups[] = {"", "g", "g", "h"};
    judged_rule(rule, "r", groups[next_random() % 4], bys[next_random() % 5]);
    if (rule->text[rule->group] == '\0') {
        rule->group = 0;
    }
    rule->for_s = any_of(waits, 5);
    rule->keep_firing_for_s = any_of(waits, 5);
    rule->cooldown_s = any_of(cooldowns, 5);
    rule->repeat_s = any_of(repeats, 4);
    rule->no_data = (uint8_t)(next_random() % 3);
    rule->severity = (uint8_t)(next_random() % 3);
}

/* Whether the places hold what the model has: each alert, and no more of them. */
static int differences(const model* all, const llmobsi_alert_states* states)
{
    int wrong = 0, count = 0, key;
    uint32_t i;
    for (key = 0; key < KEYS; key++) {
        const llmobsi_alert_rule* rule = &all->rules[key / GROUPS];
        const mark* one = &all->marks[key];
        const llmobsi_alert* alert;
        if (!exists(rule, key % GROUPS)) {
            continue;
        }
        alert = find_key(all, states, key);
        count += one->there;
        if (one->there != (alert != NULL)) {
            wrong++;
        } else if (alert != NULL) {
            wrong += alert->state != one->state || alert->muted != one->muted;
            wrong += alert->told != one->told || alert->keeping != (one->not_held != NEVER &&
                                                                    is_active(one));
            wrong += alert->active_s != one->active || alert->fired_s != one->fired;
            wrong += alert->resolved_s != one->resolved;
        }
    }
    for (i = 0; i < states->used; i++) {
        count -= states->alerts[i].used;
    }
    return wrong + (count != 0) + (states->overflowed != all->overflowed) +
           (states->muted != all->muted) + (states->cooled != all->cooled);
}

/* What is told, by both. */
static int news_differences(model* all, llmobsi_alert_states* states)
{
    int wrong = 0, left = 0, key;
    uint32_t cursor = 0;
    llmobs_alert_news news;
    const llmobsi_alert* alert;
    for (key = 0; key < KEYS; key++) {
        left += model_news(all, key) != LLMOBS_ALERT_NO_NEWS;
    }
    while ((alert = llmobsi_alert_news(states, all->rules, &news, &cursor)) != NULL) {
        for (key = (int)alert->rule * GROUPS; key < KEYS; key++) {
            if (exists(&all->rules[alert->rule], key % GROUPS) &&
                find_key(all, states, key) == alert) {
                break;
            }
        }
        wrong += model_news(all, key) != news;
        all->marks[key].told = news != LLMOBS_ALERT_ENDED;
        all->marks[key].since_told = 0;
        left--;
    }
    return wrong + (left != 0);
}

/* A rule goes, and another one takes its number. */
static int change_rule(model* all, llmobsi_alert_states* states)
{
    uint32_t number = (uint32_t)(next_random() % RULES);
    int wrong = 0, group;
    if (one_in(2)) {
        llmobsi_alert_rule_stop(states, number);
        for (group = 0; group < GROUPS; group++) {
            mark* one = &all->marks[(int)number * GROUPS + group];
            if (one->there && one->state == LLMOBS_ALERT_FIRING) {
                model_end(all, one);
            } else if (one->there && one->state == LLMOBS_ALERT_PENDING) {
                one->there = false;
            }
        }
        wrong = news_differences(all, states) + differences(all, states);
    }
    llmobsi_alert_rule_gone(states, number);
    for (group = 0; group < GROUPS; group++) {
        all->marks[(int)number * GROUPS + group].there = false;
    }
    random_rule(&all->rules[number]);
    return wrong;
}

/* What each group's condition came to last; it stays so for a while. */
static llmobsi_alert_truth mood(int* moods, int key)
{
    if (one_in(3)) {
        static const int choices[] = {0, 0, 0, 1, 1, 1, 2};
        moods[key] = choices[next_random() % 7];
    }
    return (llmobsi_alert_truth)moods[key];
}

/* All groups in an order of its own, some of them not there. */
static void judge_all(model* all, llmobsi_alert_states* states, int* moods, int step)
{
    int first = (int)(next_random() % KEYS);
    int stride = (int)(next_random() % 8) * 2 + 1; /* odd: it comes to all of them */
    int i;
    for (i = 0; i < KEYS; i++) {
        int key = (first + i * stride) % KEYS;
        const llmobsi_alert_rule* rule = &all->rules[key / GROUPS];
        llmobsi_alert_verdict verdict = {LLMOBS_I_ALERT_FALSE, false, 0, 1.0, 0.0};
        char labels[8];
        size_t size = labels_of(rule, key % GROUPS, labels);
        verdict.truth = mood(moods, key);
        if (exists(rule, key % GROUPS) && !one_in(16)) {
            llmobsi_alert_judge(states, (uint32_t)(key / GROUPS), rule, labels, size, &verdict);
            model_judge(all, states, key, verdict.truth, step);
        }
    }
}

static int run_stream(int rounds)
{
    static const uint32_t limits[] = {2, 5, KEYS};
    static const uint32_t steps[] = {10, 10, 10, 10, 10, 1, 5, 30, 300};
    static model all;
    int moods[KEYS] = {0};
    int wrong = 0, round, i;
    void* memory;
    llmobsi_alert_states* states;
    memset(&all, 0, sizeof all);
    all.limit = (int)any_of(limits, 3);
    states = judged_open((uint32_t)all.limit, &memory);
    for (i = 0; i < RULES; i++) {
        random_rule(&all.rules[i]);
    }
    for (round = 0; round < rounds && wrong == 0; round++) {
        int step = (int)any_of(steps, 9);
        if (one_in(16)) {
            int gap = (int)(next_random() % 1000);
            llmobsi_alert_gap(states, gap);
            model_pass(&all, gap, false);
        }
        model_pass(&all, step, true);
        llmobsi_alert_round_begin(states, all.now);
        judge_all(&all, states, moods, step);
        llmobsi_alert_round_end(states, all.rules, RULES);
        model_round_end(&all, states, step);
        wrong += differences(&all, states);
        wrong += news_differences(&all, states);
        wrong += differences(&all, states);
        if (one_in(32)) {
            wrong += change_rule(&all, states);
        }
    }
    free(memory);
    return wrong != 0;
}

int main(void)
{
    long streams = by_qemu() ? 2000 : sized(100000);
    int wrong = 0;
    long i;
    for (i = 0; i < streams; i++) {
        wrong += run_stream(40);
    }
    is_int(wrong, 0, "streams of verdicts come to what the model has");
    return done();
}
