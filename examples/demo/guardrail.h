/* The guardrail: no personal data, no text that gives the model orders. */
#ifndef DEMO_GUARDRAIL_H
#define DEMO_GUARDRAIL_H

#include <stdbool.h>
#include <stddef.h>

enum { GUARDRAIL_RULES = 4 };

typedef struct verdict {
    bool passed;
    size_t rule_count;
    const char* rules[GUARDRAIL_RULES]; /* the names of those that fired */
} verdict;

/* Nothing found yet. */
verdict verdict_begin(void);

/* The one way in. Looks through a text, adds what fires: of the library's scanner "pii.EMAIL",
   "pii.PHONE" and "pii.CREDIT_CARD"; of the demo's own "injection.instruction", which shows such a
   guardrail's place in a trace and is no protection against one who tries. */
void guardrail_check(verdict* so_far, const char* data);

/* The last of these rules alone: whether a text has an order to the model. */
bool guardrail_finds_order(const char* data);

#endif
