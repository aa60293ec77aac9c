#include "guardrail.h"

#include "llmobs.h"

#include <ctype.h>
#include <string.h>

verdict verdict_begin(void)
{
    verdict none = {true, 0, {NULL}};
    return none;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '_' || (unsigned char)c >= 0x80;
}

/* ---- orders: a verb, then whose, then what, within a few words ----------------------------- */

/* Words are copied, in small letters, and wiped: a judge's thread comes here, too, and when it is
   done nobody has the text any more. */
enum { WORD_SIZE = 24, ORDER_SPAN = 6 };

static bool next_word(const char** cursor, char lower[WORD_SIZE + 2])
{
    const char* at = *cursor;
    size_t size = 0;
    while (*at != '\0' && !is_word(*at)) {
        at++;
    }
    for (; is_word(*at); at++) {
        if (size < WORD_SIZE - 1) {
            lower[1 + size++] = (char)tolower((unsigned char)*at);
        }
    }
    lower[0] = ' ';
    lower[1 + size] = ' ';
    lower[2 + size] = '\0';
    *cursor = at;
    return size > 0;
}

/* The words that may fill each place of an order, each between blanks. */
static const char* const orders[][3] = {
    {" ignore disregard forget override bypass neglect discard ",
     " all any previous prior above earlier preceding foregoing former your system safety ",
     " instruction instructions prompt prompts rule rules direction directions guideline "
     "guidelines order orders command commands context "},
    {" reveal print show repeat output leak tell disclose expose ",
     " your system hidden secret initial original developer ",
     " prompt prompts instruction instructions "},
};

static bool has_order_at(const char* data, const char* const order[3])
{
    char lower[WORD_SIZE + 2];
    size_t place = 0;
    for (int i = 0; i < ORDER_SPAN && place < 3 && next_word(&data, lower); i++) {
        bool fits = strstr(order[place], lower) != NULL;
        if (i == 0 && !fits) {
            break;
        }
        place += fits;
    }
    llmobs_wipe(lower, sizeof lower);
    return place == 3;
}

bool guardrail_finds_order(const char* data)
{
    char lower[WORD_SIZE + 2];
    bool finds = false;
    while (!finds && *data != '\0') {
        for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
            finds = finds || has_order_at(data, orders[i]);
        }
        (void)next_word(&data, lower);
    }
    llmobs_wipe(lower, sizeof lower);
    return finds;
}

/* ---- all rules ----------------------------------------------------------------------------- */

static void add_rule(verdict* so_far, const char* rule)
{
    for (size_t i = 0; i < so_far->rule_count; i++) {
        if (strcmp(so_far->rules[i], rule) == 0) {
            return;
        }
    }
    so_far->rules[so_far->rule_count++] = rule;
    so_far->passed = false;
}

/* ---- personal data: the library's scanner -------------------------------------------------- */

static bool found(void* user, const llmobs_finding* finding)
{
    const char* rule = finding->pii == LLMOBS_PII_EMAIL   ? "pii.EMAIL"
                       : finding->pii == LLMOBS_PII_PHONE ? "pii.PHONE"
                                                          : "pii.CREDIT_CARD";
    add_rule((verdict*)user, rule);
    return true;
}

static void find_personal_data(verdict* so_far, const char* data)
{
    llmobs_scan_rules rules = llmobs_scan_rules_default();
    rules.classes = LLMOBS_PII_BIT(LLMOBS_PII_EMAIL) | LLMOBS_PII_BIT(LLMOBS_PII_PHONE) |
                    LLMOBS_PII_BIT(LLMOBS_PII_CREDIT_CARD);
    (void)llmobs_scan(&rules, data, strlen(data), found, so_far);
}

void guardrail_check(verdict* so_far, const char* data)
{
    find_personal_data(so_far, data);
    if (guardrail_finds_order(data)) {
        add_rule(so_far, "injection.instruction");
    }
}
