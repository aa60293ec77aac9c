/* What tail sampling costs the tick, by span: held, judged by five policies, and handed to an
   exporter or left out; against a tick without it. Traces of five spans with three attributes each.
   What is recorded is collected between repetitions, too, untimed, and counted at the end. */
#define _GNU_SOURCE

#include "library.h"

#include "bench.h"

#define SPANS_OF_A_TRACE 5u

typedef struct subject {
    llmobs* obs;
    bench_case* its;
    llmobs_status status; /* of each root */
    uint64_t recorded;
    uint64_t exported;
} subject;

static llmobs_export_result export_batch(void* user, const llmobs_batch* batch)
{
    ((subject*)user)->exported += batch->span_count;
    return LLMOBS_EXPORT_OK;
}

/* Errors, what is slow, dear or of one customer, and chance; no health checks. */
static void set_policies(llmobs* obs)
{
    llmobs_tail_policy all[6];
    size_t i;
    for (i = 0; i < 6; i++) {
        all[i] = llmobs_tail_policy_default();
    }
    all[0].type = LLMOBS_TAIL_STRING;
    all[0].key = "url.path";
    all[0].text = "/health";
    all[1].type = LLMOBS_TAIL_DROP;
    all[1].name = "health";
    all[1].parts = 1;
    all[2].type = LLMOBS_TAIL_STATUS;
    all[2].status = LLMOBS_STATUS_ERROR;
    all[2].name = "error";
    all[3].type = LLMOBS_TAIL_LATENCY;
    all[3].least = 5.0;
    all[3].name = "slow";
    all[4].type = LLMOBS_TAIL_COST;
    all[4].least = 0.5;
    all[4].name = "dear";
    all[5].type = LLMOBS_TAIL_NUMBER;
    all[5].key = "attempt";
    all[5].least = 1000000.0;
    all[5].name = "desperate";
    if (llmobs_tail_policies(obs, all, 6, NULL) != LLMOBS_OK) {
        bench_fail("llmobs_tail_policies");
    }
}

static void subject_open(subject* to, uint32_t traces, llmobs_status status)
{
    llmobs_config config = llmobs_config_default();
    memset(to, 0, sizeof(*to));
    config.host_pumped = true;
    config.metric_series = LLMOBS_OFF;
    config.tail_traces = traces;
    to->status = status;
    to->obs = llmobs_open(&config, NULL);
    if (to->obs == NULL || llmobs_export_to(to->obs, export_batch, to) != LLMOBS_OK) {
        bench_fail("llmobs_open");
    }
    if (traces != 0) {
        set_policies(to->obs);
    }
}

static void subject_check(subject* to, const char* name, bool exports)
{
    llmobs_stats stats;
    stats.size = sizeof(stats);
    if (llmobs_close_with_stats(to->obs, &stats) != LLMOBS_OK ||
        stats.started != to->recorded || to->exported != (exports ? to->recorded : 0) ||
        stats.tail_evicted != 0) {
        bench_fail(name);
    }
    printf("# %s: %llu spans recorded, %llu exported\n", name, (unsigned long long)to->recorded,
           (unsigned long long)to->exported);
}

static void say(llmobs_span span)
{
    llmobs_span_set_string(span, "url.path", "/v1/chat/completions");
    llmobs_span_set_int(span, "attempt", 1);
    llmobs_span_set_double(span, "score", 0.75);
}

static void fill(void* context)
{
    subject* to = (subject*)context;
    uint32_t left = to->its->times;
    (void)llmobs_tick(to->obs);
    while (left > 0) {
        llmobs_span root = llmobs_span_root(to->obs, "root");
        uint32_t i;
        for (i = 1; i < SPANS_OF_A_TRACE && left > 1; i++, left--) {
            llmobs_span child = llmobs_span_child(root, "child");
            say(child);
            llmobs_span_end(child);
            to->recorded++;
        }
        say(root);
        llmobs_span_set_status(root, to->status, NULL);
        llmobs_span_end(root);
        to->recorded++;
        left--;
    }
}

static void tick(void* context, uint32_t times)
{
    (void)times;
    (void)llmobs_tick(((subject*)context)->obs);
}

static bench_case* add(bench_set* set, const char* name, subject* to)
{
    bench_case* added = bench_add(set, name, tick, to);
    added->before = fill;
    added->most_times = 1500;
    to->its = added;
    return added;
}

int main(void)
{
    static bench_set set;
    static subject off, kept, dropped;
    bench_case *without, *keeps, *drops;
    bench_start();
    subject_open(&off, 0, LLMOBS_STATUS_ERROR);
    subject_open(&kept, 4096, LLMOBS_STATUS_ERROR);
    subject_open(&dropped, 4096, LLMOBS_STATUS_OK);
    without = add(&set, "tick, a span, without", &off);
    keeps = add(&set, "tick, a span held and kept", &kept);
    drops = add(&set, "tick, a span held and left out", &dropped);
    bench_run(&set);
    bench_print(without, 0);
    bench_print(keeps, 0);
    bench_print(drops, 0);
    bench_ratio("held and kept, to without", keeps, without, 0.4);
    bench_ratio("held and left out, to without", drops, without, 0.9);
    subject_check(&off, "without", true);
    subject_check(&kept, "kept", true);
    subject_check(&dropped, "left out", false);
    printf("# %u short\n", bench_short_count);
    return 0;
}
