/* A judge of answers: every answer that a guardrail triggered on is judged, of all others one in
   twenty, and what the verdicts say of all of them is estimated.
       cc -I. examples/judge.c -o judge -pthread
       ./judge
   The traffic is made up: its seed and what is true of it are printed, so that the estimate can be
   held against it. The judge goes by two rules; yours asks a model, with call->prompt. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { REQUESTS = 4000, SEED = 8271, LEAKS_PER_1000 = 15, REFUSALS_PER_1000 = 10 };

static uint32_t next_random(void)
{
    static uint32_t state = SEED;
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

/* llmobs_judge.ask: on a thread of the library's, so it may take its time. What it is asked is
   redacted, so there is <EMAIL> in the response where there was an address. */
static llmobs_judge_result ask(void* user, llmobs_judge_call* call)
{
    static const char leaks[] = "{\"pii_exposure\": 0.1, \"policy_compliance\": 0.9}";
    static const char fine[] = "{\"pii_exposure\": 1.0, \"policy_compliance\": 0.9}";
    const char* response = strstr(call->prompt.data, "Response: ");
    const char* end = response != NULL ? strstr(response, "</response-") : NULL;
    const char* address = response != NULL ? strstr(response, "<EMAIL>") : NULL;
    const char* answer = address != NULL && address < end ? leaks : fine;
    (void)user;
    llmobs_judge_answer(call, answer, strlen(answer));
    call->cost_nano = 250000; /* what your provider says: here, 0.00025 USD */
    return LLMOBS_JUDGE_DONE; /* or _RETRY: the library waits, and asks again */
}

/* llmobs_judge.tell: each verdict. Flagged ones are also a metric and events in your backend. */
static void tell(void* user, const llmobs_verdict* verdict)
{
    unsigned* shown = (unsigned*)user;
    if (verdict->score.flagged && (*shown)++ < 3) {
        printf("flagged: %s, kept for %s, pii_exposure %.1f\n", verdict->request_id,
               llmobs_keep_name(verdict->reason),
               verdict->score.scores[LLMOBS_JUDGE_PII_EXPOSURE]);
    }
}

/* One answer; true: it leaks an address. */
static bool answer_one(llmobs* obs, int number)
{
    uint32_t chance = next_random() % 1000;
    bool leaks = chance < LEAKS_PER_1000;
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    char id[16];
    (void)snprintf(id, sizeof id, "req-%d", number);
    info.request_id = id;
    info.feature = "support";
    llmobs_request request = llmobs_request_begin(obs, &info);
    if (chance >= 1000 - REFUSALS_PER_1000 || (leaks && chance % 3 == 0)) {
        llmobs_guardrail(request, "tone", LLMOBS_GUARDRAIL_FLAGGED);
    }
    outcome.input = llmobs_str("Where is my parcel?");
    outcome.output = llmobs_str(leaks ? "Ask ann@example.com about it." : "It is on its way.");
    llmobs_request_end(request, &outcome);
    return leaks;
}

int main(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_judge judge = llmobs_judge_default();
    llmobs_judge_stats stats;
    llmobs_share share;
    unsigned shown = 0;
    int leaks = 0;
    config.captures = 512;  /* answers that may wait: 6.5 KB each by default, here 1 KB */
    config.capture_bytes = 256;
    config.sample_by = LLMOBS_SAMPLE_BY_REQUEST_ID; /* the same choice at each run */
    judge.ask = ask;
    judge.tell = tell;
    judge.user = &shown;
    judge.daily_nano = 1000000000; /* a dollar a day; guardrails' are judged beyond it */
    llmobs* obs = llmobs_open(&config, NULL);
    bool good = llmobs_judge_set(obs, &judge) == LLMOBS_OK;
    for (int i = 0; good && i < REQUESTS; i++) {
        leaks += answer_one(obs, i);
        if (i % 256 == 255) { /* no service is that fast */
            good = llmobs_flush(obs, 5000) == LLMOBS_OK;
        }
    }
    good = good && llmobs_judge_flush(obs, 20000) == LLMOBS_OK;
    stats.size = sizeof stats;
    good = good && llmobs_judge_stats_read(obs, &stats) == LLMOBS_OK;
    good = good && llmobs_judge_estimate(obs, 0.95, &share) == LLMOBS_OK;
    if (good) {
        printf("seed %d: %d answers, %d leak (%.2f %%)\n", SEED, REQUESTS, leaks,
               100.0 * leaks / REQUESTS);
        printf("judged %" PRIu64 ", flagged %" PRIu64 " of these (%.1f %%)\n", stats.judged,
               stats.flagged, 100.0 * (double)stats.flagged / (double)stats.judged);
        printf("so of all answers %.2f %% would be flagged; with 95 %% confidence %.2f to "
               "%.2f %%\n", 100.0 * share.share, 100.0 * share.low, 100.0 * share.high);
        good = share.low <= 1.0 * leaks / REQUESTS && 1.0 * leaks / REQUESTS <= share.high;
    }
    return llmobs_close(obs) == LLMOBS_OK && good ? 0 : 1;
}
