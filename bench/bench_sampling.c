/* What it costs to decide whether a request is sampled, by its id. Read docs/performance.md first.

   Each case takes the same 1,024 ids in turn, 36 bytes each as UUIDs have; how many it keeps is
   checked. A decision by SHA-256 is what is usual where it must be the same in each service.

 * peers: the article's random() < rate in Python, in a process of its own; SHA-256 of this header
   (docs/performance.md has it beside OpenSSL) */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include "bench.h"

#define IDS 1024u
#define RATIO 0.05

static char ids[IDS][40];
static llmobs* obs;
static uint64_t threshold;

/* What a case has kept. */
typedef struct tally {
    uint32_t at;
    uint64_t asked;
    uint64_t kept;
} tally;

static void make_ids(void)
{
    uint64_t random = 88172645463325252u;
    uint32_t i;
    uint32_t digit;
    for (i = 0; i < IDS; i++) {
        for (digit = 0; digit < 36; digit++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            ids[i][digit] = digit == 8 || digit == 13 || digit == 18 || digit == 23
                                ? '-'
                                : "0123456789abcdef"[random >> 60];
        }
    }
}

/* A body that asks for each of the ids, as `call` does. */
#define ASKING(name, call)                              \
    static void name(void* context, uint32_t times)     \
    {                                                   \
        tally* t = (tally*)context;                     \
        uint64_t kept = 0;                              \
        uint32_t at = t->at;                            \
        t->asked += times;                              \
        while (times-- > 0) {                           \
            const char* id = ids[at++ % IDS];           \
            kept += call;                               \
        }                                               \
        t->at = at;                                     \
        t->kept += kept;                                \
    }

static bool by_sha256(const char* id)
{
    uint8_t digest[LLMOBS_SHA256_SIZE];
    uint64_t bits = 0;
    int i;
    llmobs_sha256_of(id, 36, digest);
    for (i = 1; i < 8; i++) {
        bits = bits << 8 | digest[i];
    }
    return bits >= threshold;
}

ASKING(one_call, llmobs_should_sample_n(obs, id, 36, false))
ASKING(measured, llmobs_should_sample(obs, id, false))
ASKING(triggered, llmobs_should_sample(obs, id, true))
ASKING(pure, llmobs_sample_keeps(threshold, llmobs_sample_randomness(id, 36, 0)))
ASKING(sha256, by_sha256(id))

/* What the end of a request asks: nothing is forced, its feature and model are known. */
static llmobsi_sampler sampler;
static llmobsi_timeline timeline;

static bool verdict_of(const char* id)
{
    llmobsi_candidate candidate;
    llmobsi_verdict verdict;
    candidate.causes = 0;
    candidate.randomness = llmobs_sample_randomness(id, 36, 0);
    candidate.feature = llmobs_text("support", 7);
    candidate.model = llmobs_text("gpt-4o-mini", 11);
    candidate.answered = llmobs_text("gpt-4o-mini-2024-07-18", 22);
    candidate.prompt_name = llmobs_text("greeting", 8);
    candidate.prompt_version = llmobs_text("17", 2);
    llmobsi_sampler_decide(&sampler, &timeline, &candidate, &verdict);
    return verdict.reason != LLMOBS_KEEP_NONE;
}

ASKING(whole, verdict_of(id))

/* The article's line in Python, in ns; 0: there is no Python here. */
static double ask_python(void)
{
    FILE* pipe = popen("python3 -c 'import random, timeit\n"
                       "class Monitor:\n"
                       "    sample_rate = 0.05\n"
                       "    def should_sample(self, request_id):\n"
                       "        return random.random() < self.sample_rate\n"
                       "monitor = Monitor()\n"
                       "print(min(timeit.repeat(lambda: monitor.should_sample(\"req-1\"),\n"
                       "    number=200000, repeat=7)) / 200000 * 1e9)' 2>/dev/null",
                       "r");
    double ns = 0;
    if (pipe != NULL) {
        if (fscanf(pipe, "%lf", &ns) != 1) {
            ns = 0;
        }
        (void)pclose(pipe);
    }
    return ns;
}

static void check(const char* name, const tally* t, double ratio)
{
    double share = (double)t->kept / (double)t->asked;
    if (share < ratio * 0.5 || share > ratio * 1.5) {
        printf("# FAILED: %s keeps %.4f\n", name, share);
        exit(1);
    }
}

int main(void)
{
    static bench_set set;
    static tally tallies[6];
    llmobs_config config = llmobs_config_default();
    bench_case* ours;
    bench_case* unsized;
    bench_case* forced;
    bench_case* bare;
    bench_case* sha;
    bench_case* end;
    double python;
    config.host_pumped = true;
    config.judge_ratio = RATIO;
    obs = llmobs_open(&config, NULL);
    threshold = llmobs_sample_threshold(RATIO);
    make_ids();
    ours = bench_add(&set, "llmobs_should_sample_n, 36 bytes", one_call, &tallies[0]);
    unsized = bench_add(&set, "llmobs_should_sample, 36 bytes", measured, &tallies[4]);
    forced = bench_add(&set, "llmobs_should_sample, triggered", triggered, &tallies[1]);
    bare = bench_add(&set, "llmobs_sample_randomness, _keeps", pure, &tallies[2]);
    sha = bench_add(&set, "by SHA-256, 36 bytes", sha256, &tallies[3]);
    end = bench_add(&set, "a request's verdict at its end", whole, &tallies[5]);
    llmobsi_sampler_start(&sampler, &config);
    llmobsi_timeline_init(&timeline, &config.clock);
    bench_run(&set);
    bench_print(ours, 5);
    bench_print(unsized, 6); /* strlen is the rest of it */
    bench_print(forced, 5);
    bench_print(bare, 5);
    bench_print(sha, 0);
    bench_print(end, 100);
    bench_ratio("by SHA-256 / llmobs_should_sample_n", ours, sha, 5);
    check("llmobs_should_sample_n", &tallies[0], RATIO);
    check("llmobs_should_sample", &tallies[4], RATIO);
    check("triggered", &tallies[1], 1.0);
    check("llmobs_sample_randomness", &tallies[2], RATIO);
    check("SHA-256", &tallies[3], RATIO);
    check("a verdict", &tallies[5], RATIO);
    python = ask_python();
    if (python > 0) {
        bench_line("random() < rate in Python, with its call", "", python, "ns", NULL, true);
        bench_line("Python / llmobs_should_sample_n", "", python / ours->least, "x", ">= 10",
                   python / ours->least >= 10);
    } else {
        printf("# skipped: Python (it is not there)\n");
    }
    (void)llmobs_close(obs);
    return bench_short_count != 0;
}
