/* The judge: some answers are looked at once more after they were given, by rules that stand in for
   a judge model. Like one, they know nothing but the question that llmobs.h puts to a judge. */
#ifndef DEMO_JUDGING_H
#define DEMO_JUDGING_H

#include "llmobs.h"
#include "terminal.h"
#include "workers.h"

/* What is kept of a verdict: no text, since a judge may quote what it judged. */
typedef struct judged {
    char request_id[32];
    llmobs_keep reason;
    double scores[LLMOBS_JUDGE_CATEGORY_COUNT];
    uint32_t known;      /* LLMOBS_JUDGE_BIT of each category that has a score */
    uint32_t flagged_by; /* of each that flags the answer                      */
} judged;

/* Written by the library's thread that judges. Read it after judging_wait. */
typedef struct judging {
    judged* list;
    size_t count;
} judging;

/* Before llmobs_open. `all`: every answer is judged, else some. */
void judging_configure(llmobs_config* config, bool all);

/* Gives the instance its judge. False, after a message, if it takes none. */
bool judging_start(llmobs* obs, judging* to);

/* Until all that is to be judged was, and is exported. */
void judging_wait(llmobs* obs);

/* How many were judged, and why; what was flagged; what follows for all answers. `all` were asked,
   `path` is their file. */
void judging_report(const terminal* on, llmobs* obs, const judging* from, const questions* all,
                    const char* path);

/* The scores of the one question that was asked. */
void judging_report_one(const terminal* on, const judging* from);

void judging_free(judging* of);

#endif
