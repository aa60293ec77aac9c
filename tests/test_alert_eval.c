/* Conditions against a model that has the plain history, step by step, of what was recorded: random
   rules over random events, each verdict and each value at each step. Ranges within the exact tier
   must come to the same; longer ones to no more than what came in the gaps that their ends fall
   into. */
#include "llmobs_private.h"
#include "tap.h"
#include "keeper.h"
#define RANDOM_SEED 41
#include "random.h"
#include "requester.h"
#include "alerted.h"

#define EXACT_STEPS 260
#define RULES 16
#define BUCKETS 3 /* of the model: up to 1 s, up to 10 s, above */

static uint32_t below(uint32_t limit)
{
    return (uint32_t)(next_random() % limit);
}

/* ---- the history --------------------------------------------------------------------------- */

/* What can be asked for. Of two models, "a" and "b", each, but for the last three. */
typedef enum source {
    REQUESTS, /* all of them */
    ERRORS,   /* those with an error type */
    COST,     /* in nano USD */
    SESSIONS, /* a gauge */
    CALLS,    /* a histogram's count */
    QUICK,    /* those of at most 10 s */
    SOURCES
} source;

static const char* const selectors[SOURCES] = {
    "llm_requests_total", "llm_requests_total{error_type!=\"\"}", "llm_cost_usd_total",
    "llm_active_sessions", "llm_phase_duration_seconds_count",
    "llm_phase_duration_seconds_bucket{le=\"10\"}"};

static int64_t history[SOURCES][2][EXACT_STEPS + 1]; /* by model; of gauges, the sum over steps */
static int64_t gauge_now[EXACT_STEPS + 1];
static bool gauge_set;
static bool exists[SOURCES][2];
static int64_t buckets[BUCKETS][EXACT_STEPS + 1];
static int now; /* the step */

static int64_t at(source which, int model, int when)
{
    return history[which][model][when < 0 ? 0 : when];
}

/* ---- conditions ---------------------------------------------------------------------------- */

typedef struct term {
    source which;
    int function; /* 0 increase, 1 rate, 2 average, 3 quantile, 4 as it is */
    int span;     /* steps */
    int offset;
    double quantile;
} term;

/* left + factor * right, left / right, or left alone; against a number */
typedef struct comparison {
    term left, right;
    int shape; /* 0: left, 1: left + 2 * right, 2: left / right, 3: left - right */
    int op;    /* 0 >, 1 >=, 2 <, 3 <=, 4 ==, 5 != */
    double number;
} comparison;

typedef struct condition {
    comparison parts[3];
    int count;
    int joins[2]; /* 0 and, 1 or; "or" binds less */
    bool by_model;
    char text[1024];
} condition;

static const char* const op_words[] = {">", ">=", "<", "<=", "==", "!="};

static term random_term(bool by_model)
{
    term one = {REQUESTS, 0, 1, 0, 0.5};
    one.which = (source)below(by_model ? COST + 1 : SOURCES);
    one.function = (int)below(2);
    if (one.which == SESSIONS) {
        one.function = below(3) == 0 ? 4 : 2;
    } else if (one.which == CALLS && below(2) == 0) {
        one.function = 3;
        one.quantile = (double)below(101) / 100.0;
    }
    one.span = one.function == 4 ? 0 : 1 + (int)below(35);
    one.offset = one.function == 4 || below(2) ? 0 : (int)below((uint32_t)(36 - one.span));
    return one;
}

static void write_term(char* out, size_t size, const term* one)
{
    static const char* const functions[] = {"increase", "rate", "avg_over_time"};
    char offset[32] = "";
    if (one->offset > 0) {
        (void)snprintf(offset, sizeof offset, " offset %ds", one->offset * 10);
    }
    if (one->function == 4) {
        (void)snprintf(out, size, "%s", selectors[one->which]);
    } else if (one->function == 3) {
        (void)snprintf(out, size,
                       "histogram_quantile(%g, rate(llm_phase_duration_seconds_bucket[%ds]%s))",
                       one->quantile, one->span * 10, offset);
    } else {
        (void)snprintf(out, size, "%s(%s[%ds]%s)", functions[one->function],
                       selectors[one->which], one->span * 10, offset);
    }
}

static comparison random_comparison(bool by_model)
{
    static const double numbers[] = {0.05, 0.3, 0.5, 1, 2, 3, 5, 7.5, 9.25};
    comparison one;
    one.left = random_term(by_model);
    one.right = random_term(by_model);
    one.shape = (int)below(4);
    one.op = (int)below(6);
    one.number = numbers[below(sizeof numbers / sizeof numbers[0])];
    return one;
}

static void write_comparison(char* out, size_t size, const comparison* one)
{
    static const char* const shapes[] = {"", " + 2 * ", " / ", " - "};
    char left[160], right[160];
    write_term(left, sizeof left, &one->left);
    write_term(right, sizeof right, &one->right);
    (void)snprintf(out, size, "%s%s%s %s %g", left, shapes[one->shape],
                   one->shape == 0 ? "" : right, op_words[one->op], one->number);
}

static condition random_condition(int number)
{
    condition one;
    size_t used;
    int i;
    memset(&one, 0, sizeof one);
    one.by_model = below(2) == 0;
    one.count = 1 + (int)below(3);
    used = (size_t)snprintf(one.text, sizeof one.text, "r%d: ", number);
    for (i = 0; i < one.count; i++) {
        char text[400];
        one.parts[i] = random_comparison(one.by_model);
        write_comparison(text, sizeof text, &one.parts[i]);
        if (i > 0) {
            one.joins[i - 1] = (int)below(2);
        }
        used += (size_t)snprintf(one.text + used, sizeof one.text - used, "%s%s",
                                 i == 0 ? "" : one.joins[i - 1] ? " or " : " and ", text);
    }
    if (one.by_model) {
        (void)snprintf(one.text + used, sizeof one.text - used, " by (model)");
    }
    return one;
}

/* ---- what they come to --------------------------------------------------------------------- */

typedef struct number {
    double value;
    bool known;
} number;

static int covered(const term* one)
{
    int seen = now - one->offset;
    return seen < 0 ? 0 : seen < one->span ? seen : one->span;
}

static int64_t grown(const term* one, int group)
{
    int end = now - one->offset;
    int model;
    int64_t sum = 0;
    for (model = 0; model < 2; model++) {
        if (group < 0 || group == model) {
            sum += at(one->which, model, end) - at(one->which, model, end - one->span);
        }
    }
    return sum;
}

/* Prometheus' way, from cumulative counts. */
static number quantile_of(const term* one)
{
    static const double bounds[] = {1.0, 10.0, 300.0};
    static const double lower[] = {0.5, 5.0, 0.0};
    int end = now - one->offset;
    double counts[BUCKETS], rank, sum = 0;
    number result = {0, false};
    int i;
    for (i = 0; i < BUCKETS; i++) {
        int64_t end_count = buckets[i][end < 0 ? 0 : end];
        counts[i] = (double)(end_count - buckets[i][end < one->span ? 0 : end - one->span]);
        sum += counts[i];
    }
    if (sum == 0) {
        return result;
    }
    result.known = true;
    rank = one->quantile * sum;
    for (i = 0, sum = counts[0]; sum < rank && i < BUCKETS - 1; sum += counts[++i]) {
    }
    if (i == BUCKETS - 1) {
        result.value = bounds[BUCKETS - 1];
    } else if (rank == 0) {
        result.value = 0; /* the beginning of the first bucket */
    } else {
        result.value =
            lower[i] + (bounds[i] - lower[i]) * ((rank - (sum - counts[i])) / counts[i]);
    }
    return result;
}

static number term_number(const term* one, int group)
{
    double unit = one->which == COST ? 1e9 : 1.0;
    int steps = covered(one);
    number result = {0, steps > 0};
    switch (one->function) {
    case 3:
        return quantile_of(one);
    case 4:
        result.known = gauge_set;
        result.value = (double)gauge_now[now];
        return result;
    case 2:
        result.value = steps > 0 ? (double)grown(one, -1) / steps : 0;
        return result;
    default:
        result.value = (double)grown(one, group) / unit;
        result.value = one->function == 1 && steps > 0 ? result.value / (steps * 10) : result.value;
        return result;
    }
}

static number left_of(const comparison* one, int group)
{
    number a = term_number(&one->left, group);
    number b = one->shape > 0 ? term_number(&one->right, group) : a;
    a.known = a.known && b.known && !(one->shape == 2 && b.value == 0);
    if (a.known) {
        a.value = one->shape == 1   ? a.value + 2 * b.value
                  : one->shape == 2 ? a.value / b.value
                  : one->shape == 3 ? a.value - b.value
                                    : a.value;
    }
    return a;
}

/* 0 false, 1 unknown, 2 true; `close` is raised where rounding decides. */
static int compare(const comparison* one, int group, double* value, bool* close)
{
    number left = left_of(one, group);
    double apart = left.value - one->number;
    bool holds[6];
    *value = left.value;
    if (!left.known) {
        return 1;
    }
    *close |= apart != 0 && apart < 1e-9 && apart > -1e-9;
    holds[0] = apart > 0;
    holds[1] = apart >= 0;
    holds[2] = apart < 0;
    holds[3] = apart <= 0;
    holds[4] = apart == 0;
    holds[5] = apart != 0;
    return holds[one->op] ? 2 : 0;
}

/* `value` and `number` are those of the first comparison of the first run of `and`s that holds. */
static int truth_of(const condition* one, int group, double* value, double* number_out, bool* close)
{
    double lefts[3];
    int truths[3] = {0, 0, 0};
    int all = 0, run = 2, begin = 0, i;
    bool told = false;
    for (i = 0; i < one->count; i++) {
        truths[i] = compare(&one->parts[i], group, &lefts[i], close);
    }
    for (i = 0; i < one->count; i++) {
        run = truths[i] < run ? truths[i] : run;
        if (i + 1 == one->count || one->joins[i] == 1) { /* the run's end */
            if (run == 2 && !told) {
                told = true;
                *value = lefts[begin];
                *number_out = one->parts[begin].number;
            }
            all = run > all ? run : all;
            run = 2;
            begin = i + 1;
        }
    }
    return all;
}

/* Whether a rule has the group at all: one of its terms has it, and the others come to 0. */
static bool has_group(const condition* one, int group)
{
    bool has = !one->by_model;
    int i;
    for (i = 0; i < one->count; i++) {
        has |= exists[one->parts[i].left.which][group] ||
               (one->parts[i].shape > 0 && exists[one->parts[i].right.which][group]);
    }
    return has;
}

/* ---- what is told -------------------------------------------------------------------------- */

typedef struct seen_alert {
    bool fires;
    double value, threshold;
} seen_alert;

static seen_alert seen[64][2];

static void see(void* user, const llmobs_alert* alert, size_t count)
{
    int rule = atoi(alert->rule.data + 1);
    int group = alert->label_count > 0 && alert->labels[0].value.data[0] == 'b';
    (void)user;
    if (count == 1 && alert->state == LLMOBS_ALERT_FIRING) {
        seen[rule][group].fires = true;
        seen[rule][group].value = alert->value;
        seen[rule][group].threshold = alert->threshold;
    }
}

static void read_all(llmobs* obs)
{
    memset(seen, 0, sizeof seen);
    (void)llmobs_alerts_read(obs, see, NULL);
}

/* ---- events -------------------------------------------------------------------------------- */

static void count_requests(llmobs* obs, int model, bool failed, int64_t amount)
{
    const char* values[] = {model ? "b" : "a", below(2) ? "f" : "g", failed ? "timeout" : ""};
    llmobs_counter_add(
        llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_REQUESTS), values, 3),
        (uint64_t)amount);
    history[REQUESTS][model][now] += amount;
    exists[REQUESTS][model] = true;
    if (failed) {
        history[ERRORS][model][now] += amount;
        exists[ERRORS][model] = true;
    }
}

static void count_cost(llmobs* obs, int model, int64_t nano)
{
    const char* values[] = {model ? "b" : "a", below(2) ? "f" : "g"};
    llmobs_counter_add(llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_COST), values, 2),
                       (uint64_t)nano);
    history[COST][model][now] += nano;
    exists[COST][model] = true;
}

static void count_call(llmobs* obs)
{
    static const uint64_t times_ns[BUCKETS] = {700000000, 7000000000, 400000000000};
    const char* phase[] = {below(2) ? "model_call" : "retrieval"};
    uint32_t bucket = below(BUCKETS);
    llmobs_histogram_record_int(
        llmobs_histogram_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_PHASE_DURATION), phase, 1),
        times_ns[bucket]);
    buckets[bucket][now]++;
    history[CALLS][0][now]++;
    history[QUICK][0][now] += bucket < 2;
}

static void set_sessions(llmobs* obs)
{
    llmobs_label label = {"feature", "f"};
    int64_t change = (int64_t)below(7) - gauge_now[now];
    llmobs_updown_add(llmobs_updown_find(obs, "llm_active_sessions", &label, 1), change);
    gauge_now[now] += change;
    gauge_set = true;
}

static void random_events(llmobs* obs)
{
    uint32_t count = below(3) == 0 ? 0 : below(8);
    while (count-- > 0) {
        switch (below(6)) {
        case 0:
        case 1:
            count_requests(obs, (int)below(2), below(3) == 0, 1 + below(4));
            break;
        case 2:
            count_cost(obs, (int)below(2), (int64_t)(1 + below(4)) * 100000000);
            break;
        case 3:
        case 4:
            count_call(obs);
            break;
        default:
            set_sessions(obs);
            break;
        }
    }
}

/* To a later step: what is recorded from here on is its alone; a gauge was never otherwise. */
static void move(int count)
{
    int i, model, which;
    for (i = 0; i < count; i++, now++) {
        for (which = 0; which < (int)SOURCES; which++) {
            for (model = 0; model < 2; model++) {
                history[which][model][now + 1] = history[which][model][now];
            }
        }
        for (which = 0; which < BUCKETS; which++) {
            buckets[which][now + 1] = buckets[which][now];
        }
        gauge_now[now + 1] = gauge_now[now];
    }
}

/* The gauge's sum over the steps since the last evaluation. */
static void sum_gauge(int count)
{
    int i;
    for (i = now - count + 1; i <= now; i++) {
        history[SESSIONS][0][i] = history[SESSIONS][0][i - 1] + gauge_now[now];
    }
}

static void add_requests(llmobs* obs, int64_t amount)
{
    const char* values[] = {"a", "f", ""};
    llmobs_counter_add(
        llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_REQUESTS), values, 3),
        (uint64_t)amount);
}

/* ---- within the exact tier ----------------------------------------------------------------- */

static long evaluations;
static long fired;

static int check_rule(const condition* one, int rule, int group)
{
    const seen_alert* told_one = &seen[rule][group];
    double value = 0, threshold = 0;
    bool close = false;
    bool want = has_group(one, group) &&
                truth_of(one, one->by_model ? group : -1, &value, &threshold, &close) == 2;
    evaluations++;
    fired += want;
    if (close || (want == told_one->fires &&
                  (!want || (threshold == told_one->threshold && value - told_one->value < 1e-9 &&
                             told_one->value - value < 1e-9)))) {
        return 0;
    }
    printf("# step %d, group %d: want %d %.17g, got %d %.17g: %s\n", now, group, want, value,
           told_one->fires, told_one->value, one->text);
    return 1;
}

static int run_world(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = llmobs_open(&config, NULL);
    condition rules[RULES];
    int wrong = 0;
    int i;
    memset(history, 0, sizeof history);
    memset(gauge_now, 0, sizeof gauge_now);
    memset(buckets, 0, sizeof buckets);
    memset(exists, 0, sizeof exists);
    gauge_set = false;
    now = 0;
    random_events(obs); /* before there are rules: it does not count */
    for (i = 0; i < RULES; i++) {
        do {
            rules[i] = random_condition(i);
        } while (strstr(refuse(obs, rules[i].text), "a comparison ") != NULL);
        if (refused.reason[0] != '\0') {
            printf("# %s: %s\n", refused.reason, rules[i].text);
            wrong++;
        }
    }
    while (now < EXACT_STEPS - 4) {
        int count = below(8) == 0 ? 1 + (int)below(4) : 1; /* the tick is late at times */
        move(count);
        random_events(obs);
        sum_gauge(count);
        fake_now += (uint64_t)count * STEP;
        (void)llmobs_tick(obs);
        read_all(obs);
        for (i = 0; i < RULES; i++) {
            wrong += check_rule(&rules[i], i, 0);
            wrong += rules[i].by_model ? check_rule(&rules[i], i, 1) : 0;
        }
    }
    (void)llmobs_close(obs);
    return wrong;
}

static void test_exact(void)
{
    long worlds = sized(50);
    int wrong = 0;
    long i;
    for (i = 0; i < worlds && wrong < 10; i++) {
        wrong += run_world();
    }
    is_int(wrong, 0, "within the exact tier each verdict and each value is that of the history");
    ok(fired > evaluations / 20 && fired < evaluations * 19 / 20, "of both kinds there are many");
    printf("# %ld evaluations, %ld of them true\n", evaluations, fired);
}

/* ---- beyond it ----------------------------------------------------------------------------- */

#define COARSE 24
#define COARSE_STEPS 66000

static int64_t totals[COARSE_STEPS + 1];

static int64_t total_at(int when)
{
    return totals[when < 0 ? 0 : when];
}

/* The gap that a time falls into: by how far back it is, the distance of snapshots. */
static void gap_of(int when, int* begin, int* end)
{
    int ago = now - when;
    int period = ago <= 35 ? 1 : ago <= 364 * 6 ? 6 : ago <= 291 * 90 ? 90 : 360;
    *begin = when / period * period;
    *end = when % period == 0 ? *begin : *begin + period;
    *end = *end < now ? *end : now;
}

/* What it may be off by: all that came in the gaps of its ends. */
static int64_t allowed(int span, int offset)
{
    int begin[2], end[2];
    if (now - offset <= 0) {
        return 0;
    }
    gap_of(now - offset, &begin[0], &end[0]);
    if (now - offset - span <= 0) {
        return total_at(end[0]) - total_at(begin[0]);
    }
    gap_of(now - offset - span, &begin[1], &end[1]);
    return total_at(end[0]) - total_at(begin[0]) +
           (begin[0] == begin[1] ? 0 : total_at(end[1]) - total_at(begin[1]));
}

static int coarse_spans[COARSE];
static int coarse_offsets[COARSE];

static void add_coarse(llmobs* obs)
{
    static const int scales[] = {60, 360, 2000, 8000, 26000, 60480};
    char text[160];
    int i;
    for (i = 0; i < COARSE; i++) {
        uint32_t most = (uint32_t)scales[i % 6];
        coarse_spans[i] = 1 + (int)below(most);
        coarse_offsets[i] = below(2) ? 0 : (int)below(most + 361 - (uint32_t)coarse_spans[i]);
        if (i < 6) {
            coarse_spans[i] = scales[i];
            coarse_offsets[i] = 0;
        }
        (void)snprintf(text, sizeof text,
                       "r%d: increase(llm_requests_total[%ds] offset %ds) != 0.123", i,
                       coarse_spans[i] * 10, coarse_offsets[i] * 10);
        if (coarse_offsets[i] == 0) {
            (void)snprintf(text, sizeof text, "r%d: increase(llm_requests_total[%ds]) != 0.123", i,
                           coarse_spans[i] * 10);
        }
        is_str(refuse(obs, text), "", text);
    }
}

static void test_coarse(void)
{
    llmobs_config config = alerted_config();
    llmobs* obs = llmobs_open(&config, NULL);
    long most = sized(COARSE_STEPS);
    int outside = 0, absent = 0, exact = 0, checked = 0;
    int i;
    add_coarse(obs);
    memset(totals, 0, sizeof totals);
    for (now = 1; now <= most; now++) {
        int64_t amount = below(4) ? 0 : below(50) ? (int64_t)below(5) : 1000;
        totals[now] = totals[now - 1] + amount;
        add_requests(obs, amount);
        step(obs);
        if (below(16) != 0) {
            continue;
        }
        read_all(obs);
        for (i = 0; i < COARSE; i++) {
            int end = now - coarse_offsets[i];
            double want = (double)(total_at(end) - total_at(end - coarse_spans[i]));
            double off = seen[i][0].value - want;
            double bound = (double)allowed(coarse_spans[i], coarse_offsets[i]);
            if (end <= 0) {
                absent += seen[i][0].fires;
                continue;
            }
            absent += !seen[i][0].fires;
            checked++;
            exact += bound == 0;
            if (off > bound + 1e-6 || off < -bound - 1e-6) {
                outside++;
                printf("# step %d [%d] offset %d: %g, want %g within %g\n", now, coarse_spans[i],
                       coarse_offsets[i], seen[i][0].value, want, bound);
            }
        }
    }
    is_int(outside, 0, "no window is off by more than what came in its gaps");
    is_int(absent, 0, "there is a value as soon as there is a step, and not before");
    ok(exact > checked / 20, "and many are exact");
    printf("# %d values, %d exact\n", checked, exact);
    (void)llmobs_close(obs);
}

int main(void)
{
    test_exact();
    test_coarse();
    return done();
}
