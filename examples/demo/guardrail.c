#include "guardrail.h"

#include <ctype.h>
#include <string.h>

verdict verdict_begin(void)
{
    verdict none = {true, 0, {NULL}};
    return none;
}

static bool is_digit(char c)
{
    return isdigit((unsigned char)c) != 0;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '_' || (unsigned char)c >= 0x80;
}

/* ---- e-mail: local@domain.tld -------------------------------------------------------------- */

static bool has_email(const char* data)
{
    for (const char* at = strchr(data, '@'); at != NULL; at = strchr(at + 1, '@')) {
        if (at == data || (!is_word(at[-1]) && strchr("+-._", at[-1]) == NULL)) {
            continue;
        }
        const char* label = at + 1;
        for (size_t labels = 1; is_word(*label); labels++) {
            size_t size = 0;
            size_t letters = 0;
            while (is_word(label[size]) || label[size] == '-') {
                letters += isalpha((unsigned char)label[size]) != 0;
                size++;
            }
            if (labels > 1 && size >= 2 && letters == size) {
                return true;
            }
            label += size + (label[size] == '.');
        }
    }
    return false;
}

/* ---- numbers: phone and card --------------------------------------------------------------- */

enum { DIGITS_MOST = 19, GROUPS_MOST = 8 };

/* Digits in groups, with one space, dot, dash, slash or parenthesis (and a space) between them. */
typedef struct number {
    char digits[DIGITS_MOST + 1];
    size_t count;
    size_t groups[GROUPS_MOST];
    size_t group_count;
    bool plus;
    bool parenthesis;
} number;

/* Reads the number at `at`, which is a digit, '+' or '('. Returns where it ends; a count of 0 means
   that it is none, or too long for any of the rules. */
static const char* read_number(const char* at, number* read)
{
    memset(read, 0, sizeof *read);
    bool fits = true;
    read->plus = *at == '+';
    at += read->plus;
    read->parenthesis = *at == '(';
    at += read->parenthesis;
    while (is_digit(*at)) {
        size_t size = 0;
        for (; is_digit(*at); at++, size++) {
            if (read->count < DIGITS_MOST) {
                read->digits[read->count++] = *at;
            } else {
                fits = false;
            }
        }
        if (read->group_count < GROUPS_MOST) {
            read->groups[read->group_count++] = size;
        } else {
            fits = false;
        }
        const char* next = at + (*at == ')');
        next += *next != '\0' && strchr(" .-/", *next) != NULL;
        next += read->plus && *next == '(';
        if (next == at || !is_digit(*next)) {
            break;
        }
        at = next;
    }
    if (!fits || is_word(*at)) {
        read->count = 0;
    }
    return at;
}

/* International with '+'; (ddd) ddd-dddd and ddd-ddd-dddd; national with a leading 0 and groups. */
static bool is_phone(const number* n)
{
    if (n->plus) {
        return n->count >= 8 && n->count <= 15;
    }
    bool ten = n->count == 10 && n->group_count == 3 && n->groups[0] == 3 && n->groups[1] == 3;
    bool national = n->count >= 9 && n->count <= 13 && n->group_count >= 2 && n->group_count <= 6 &&
                    n->digits[0] == '0' && n->digits[1] != '0' && n->groups[0] >= 3;
    return ten || national;
}

/* An issuer's first digits (3 to 6, or 2221 to 2720), 13 to 19 digits, whole or in fours, Luhn. */
static bool is_card(const number* n)
{
    bool issuer = (n->digits[0] >= '3' && n->digits[0] <= '6') ||
                  (strncmp(n->digits, "2221", 4) >= 0 && strncmp(n->digits, "2720", 4) <= 0);
    bool grouped = n->group_count == 1 || n->groups[0] == 4;
    if (n->count < 13 || !issuer || !grouped || n->plus) {
        return false;
    }
    int sum = 0;
    for (size_t i = 0; i < n->count; i++) {
        int digit = n->digits[n->count - 1 - i] - '0';
        digit *= 1 + (int)(i % 2);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 == 0;
}

static bool has_number(const char* data, bool (*is_it)(const number* n))
{
    char before = ' ';
    while (*data != '\0') {
        number read;
        bool begins = is_digit(*data) || *data == '+' || *data == '(';
        if (!begins || is_word(before) || before == '.') {
            before = *data++;
            continue;
        }
        const char* end = read_number(data, &read);
        if (read.count > 0 && is_it(&read)) {
            return true;
        }
        data = end > data ? end : data + 1;
        before = data[-1];
    }
    return false;
}

static bool has_phone(const char* data)
{
    return has_number(data, is_phone);
}

static bool has_card(const char* data)
{
    return has_number(data, is_card);
}

/* ---- orders: a verb, then whose, then what, within a few words ----------------------------- */

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
            return false;
        }
        place += fits;
    }
    return place == 3;
}

static bool has_instruction(const char* data)
{
    char lower[WORD_SIZE + 2];
    for (const char* at = data; *at != '\0'; (void)next_word(&at, lower)) {
        for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
            if (has_order_at(at, orders[i])) {
                return true;
            }
        }
    }
    return false;
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

/* The seam: what a scanner for personal data finds, as the names of rules. All above it that is not
   about orders serves this function alone. */
static void find_personal_data(verdict* so_far, const char* data)
{
    static const struct {
        const char* name;
        bool (*fires)(const char* data);
    } rules[] = {
        {"pii.email", has_email},
        {"pii.phone", has_phone},
        {"pii.card", has_card},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].fires(data)) {
            add_rule(so_far, rules[i].name);
        }
    }
}

void guardrail_check(verdict* so_far, const char* data)
{
    find_personal_data(so_far, data);
    if (has_instruction(data)) {
        add_rule(so_far, "injection.instruction");
    }
}
