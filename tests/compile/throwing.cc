/* Callbacks that throw, in a program whose implementation was compiled as C++: it ends there, and
   where that means that something was not done it is counted. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <cstdio>
#include <cstring>
#include <stdexcept>

static int told = 0;

static llmobs_judge_result ask(void* user, llmobs_judge_call* call)
{
    (void)user;
    if (std::strcmp(call->request_id, "bad") == 0) {
        throw std::runtime_error("the judge is out");
    }
    call->scored = true;
    call->known = LLMOBS_JUDGE_BIT(LLMOBS_JUDGE_PII_EXPOSURE);
    call->scores[LLMOBS_JUDGE_PII_EXPOSURE] = 1.0;
    return LLMOBS_JUDGE_DONE;
}

static void tell(void* user, const llmobs_verdict* verdict)
{
    (void)user;
    (void)verdict;
    told++;
    throw 17;
}

static bool run(bool pumped)
{
    llmobs_config config = llmobs_config_default();
    llmobs_judge judge = llmobs_judge_default();
    llmobs_judge_stats stats;
    static const char* const ids[] = {"good", "bad", "fine"};
    config.captures = 8;
    config.host_pumped = pumped;
    judge.ask = ask;
    judge.tell = tell;
    llmobs* obs = llmobs_open(&config, NULL);
    bool good = llmobs_judge_set(obs, &judge) == LLMOBS_OK;
    for (const char* id : ids) {
        llmobs_request_info info = llmobs_request_info_default();
        llmobs_outcome outcome = llmobs_outcome_default();
        info.request_id = id;
        outcome.judge = true;
        llmobs_request_end(llmobs_request_begin(obs, &info), &outcome);
    }
    good = good && llmobs_judge_flush(obs, 20000) == LLMOBS_OK;
    stats.size = sizeof stats;
    good = good && llmobs_judge_stats_read(obs, &stats) == LLMOBS_OK && stats.judged == 2 &&
           stats.lost[LLMOBS_JUDGE_LOSS_REFUSED] == 1;
    return llmobs_close(obs) == LLMOBS_OK && good;
}

static void on_drift(void* user, const llmobs_drift_report* report)
{
    (void)report;
    ++*static_cast<int*>(user);
    throw "drift";
}

static bool drifts()
{
    llmobs_config config = llmobs_config_default();
    llmobs_drift_info info = llmobs_drift_info_default();
    int runs = 0;
    config.drift_detectors = 1;
    config.drift_dimensions = LLMOBS_OFF;
    config.host_pumped = true;
    config.on_drift = on_drift;
    config.on_drift_user = &runs;
    info.name = "answers";
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_drift_detector detector = llmobs_drift_define(obs, &info, NULL);
    for (int i = 0; i < 2; i++) {
        (void)llmobs_drift_run_now(detector, "a test");
        (void)llmobs_drift_work(obs);
    }
    return llmobs_close(obs) == LLMOBS_OK && runs == 2;
}

int main()
{
    bool good = run(true) && run(false) && told == 4 && drifts();
    std::printf("%s\n", good ? "contained" : "not contained");
    return good ? 0 : 1;
}
