/* The redactor: its operators; in chunks as at once; scanned again there is nothing; valid UTF-8
   and JSON stay so. */
#include "llmobs_private.h"
#include "tap.h"

#include "json_reader.h"
#include "scan_run.h"
#include "stack_scan.h"
#define RANDOM_SEED 11
#include "random.h"

typedef struct sink {
    char text[100000];
    size_t size;
    size_t refuse_at;
    size_t calls;
} sink;

static bool sink_write(void* user, const char* data, size_t size)
{
    sink* to = (sink*)user;
    to->calls++;
    if (to->size + size > to->refuse_at) {
        return false;
    }
    memcpy(to->text + to->size, data, size);
    to->size += size;
    return true;
}

static char plain[100000];
static size_t plain_size;
static sink streamed;

static void redact(const llmobs_redact_rules* rules, const char* text, size_t size)
{
    if (llmobs_redact(rules, text, size, plain, sizeof plain - 1, &plain_size, NULL) != LLMOBS_OK) {
        plain_size = 0;
    }
    plain[plain_size] = '\0';
}

static bool stream(const llmobs_redact_rules* rules, const char* text, size_t size, size_t step)
{
    llmobs_redactor* redactor = (llmobs_redactor*)malloc(sizeof *redactor);
    size_t i;
    bool done = true;
    streamed.size = streamed.calls = 0;
    streamed.refuse_at = sizeof streamed.text;
    llmobs_redactor_begin(redactor, rules, sink_write, &streamed);
    for (i = 0; i < size; i += step) {
        size_t part = size - i < step ? size - i : step;
        char* chunk = (char*)malloc(part);
        memcpy(chunk, text + i, part);
        done = llmobs_redactor_feed(redactor, chunk, part) && done;
        free(chunk);
    }
    done = llmobs_redactor_end(redactor) && done;
    free(redactor);
    return done && streamed.size == plain_size && memcmp(streamed.text, plain, plain_size) == 0;
}

static bool idempotent(const llmobs_redact_rules* rules)
{
    return llmobs_scan(rules != NULL ? &rules->scan : NULL, plain, plain_size, NULL, NULL) == 0;
}

static llmobs_redact_rules rules_of(uint8_t way, const llmobs_hmac_key* key)
{
    llmobs_redact_rules rules = llmobs_redact_rules_default();
    memset(rules.operators, way, sizeof rules.operators);
    rules.key = key;
    return rules;
}

static const char* shown(const llmobs_redact_rules* rules, const char* text)
{
    redact(rules, text, strlen(text));
    return plain;
}

static void test_operators(void)
{
    llmobs_hmac_key key;
    llmobs_redact_rules rules = rules_of(LLMOBS_REDACT_MASK, NULL);
    llmobs_hmac mac;
    uint8_t tag[LLMOBS_SHA256_SIZE];
    char want[100];
    size_t i;
    is_str(shown(NULL, "to bob@example.com, 536-90-4399"), "to <EMAIL>, <US_SSN>", "replace");
    is_str(shown(&rules, "4111 1111 1111 1234 no"), "4111 1111 1111 1234 no", "no card, no mask");
    is_str(shown(&rules, "a 4111-1111-1111-1111."), "a ***************1111.", "mask a card");
    is_str(shown(&rules, "GB82 WEST 1234 5698 7654 32"), "*************************32",
           "mask an IBAN");
    is_str(shown(&rules, "bob@example.com"), "***************", "mask all of an address");
    is_str(shown(&rules, "password: q7Rt9zLm2Kx8Vb4"), "password: ***************",
           "mask all of a password");
    is_str(shown(&rules, "cvv 123"), "cvv ***", "mask all of a short one");
    rules = rules_of(LLMOBS_REDACT_REMOVE, NULL);
    is_str(shown(&rules, "to bob@example.com."), "to .", "remove");
    rules = rules_of(LLMOBS_REDACT_KEEP, NULL);
    is_str(shown(&rules, "to bob@example.com."), "to bob@example.com.", "keep");
    rules = rules_of(LLMOBS_REDACT_TAG, NULL);
    is_str(shown(&rules, "to bob@example.com."), "to <EMAIL>.", "a tag without a key");
    llmobs_hmac_key_init(&key, "a key of thirty-two bytes, or so", 32);
    rules.key = &key;
    llmobs_hmac_begin(&mac, &key);
    llmobs_hmac_update(&mac, "llmobs redact 1\0EMAIL\0bob@example.com", 37);
    llmobs_hmac_end(&mac, tag);
    memcpy(want, "to <EMAIL_", 10);
    for (i = 0; i < 8; i++) {
        snprintf(want + 10 + 2 * i, 3, "%02x", tag[i]);
    }
    memcpy(want + 26, ">.", 3);
    is_str(shown(&rules, "to bob@example.com."), want, "a tag is HMAC-SHA256 over class and text");
    rules = llmobs_redact_rules_default();
    rules.operators[LLMOBS_PII_EMAIL] = LLMOBS_REDACT_REMOVE;
    is_str(shown(&rules, "bob@example.com 536-90-4399"), " <US_SSN>", "by class");
    is_str(shown(NULL, "https://bob:s3cr3tPw9@db.example.com/x"),
           "https://bob:<URL_PASSWORD>@db.example.com/x", "of a URL the password only");
}

/* One value has one tag, however it is written and wherever the chunks end; other values, and the
   same digits in another class, have others. */
static void test_normal_forms(void)
{
    static const char* const same[][4] = {
        {"4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111", NULL},
        {"Bob.Smith@Example.COM", "bob.smith@example.com", "BOB.SMITH@EXAMPLE.COM", NULL},
        {"J\xc3\xbcrgen@M\xc3\xbcller.DE", "j\xc3\xbcrgen@m\xc3\xbcller.de", NULL, NULL},
        {"(415) 555-0132", "415.555.0132", "1-415-555-0132", "+1 (415) 555-0132"},
        {"+44 20 7946 0958", "+442079460958", "+44-20-7946-0958", NULL},
        {"GB82 WEST 1234 5698 7654 32", "GB82WEST12345698765432", NULL, NULL},
        {"536-90-4399", "SSN: 536904399", "ssn 536 90 4399", NULL},
        {"NHS 943 476 5919", "NHS 9434765919", NULL, NULL},
        {"2001:DB8::1", "2001:db8::1", NULL, NULL},
        {"00:1B:44:11:3A:B7", "00-1b-44-11-3a-b7", NULL, NULL}};
    static const char* const others[] = {"4012888888881881", "bob.smith@example.org",
                                         "415-555-0133",     "passport 536904399"};
    const size_t group_count = sizeof same / sizeof same[0];
    static char tags[16][64];
    llmobs_hmac_key key;
    llmobs_redact_rules rules;
    size_t i, k, n, step, differ = 0, equal = 0, count = 0;
    llmobs_hmac_key_init(&key, "another key", 11);
    rules = rules_of(LLMOBS_REDACT_TAG, &key);
    rules.scan.classes = LLMOBS_PII_ALL;
    for (i = 0; i < group_count + sizeof others / sizeof others[0]; i++) {
        for (k = 0; k < 4 && (i < group_count ? same[i][k] != NULL : k < 1); k++) {
            const char* text = i < group_count ? same[i][k] : others[i - group_count];
            const char* tag;
            redact(&rules, text, strlen(text));
            tag = strchr(plain, '<');
            if (k == 0) {
                snprintf(tags[count++], sizeof tags[0], "%s", tag != NULL ? tag : "");
            } else if (tag == NULL || strcmp(tag, tags[count - 1]) != 0) {
                printf("# %s: %s\n", text, plain);
                differ++;
            }
            for (step = 1; step < strlen(text); step++) {
                differ += !stream(&rules, text, strlen(text), step);
            }
        }
        for (n = 0; n + 1 < count; n++) {
            equal += strcmp(strchr(tags[n], '_') + 1, strchr(tags[count - 1], '_') + 1) == 0;
        }
    }
    is_int(differ, 0, "one value has one tag, however it is written");
    is_int(equal, 0, "and no two have the same");
}

static void tag_of(const llmobs_hmac_key* key, const char* pii, const char* value, size_t size,
                   char* out)
{
    llmobs_hmac mac;
    uint8_t tag[LLMOBS_SHA256_SIZE];
    size_t i, length;
    llmobs_hmac_begin(&mac, key);
    llmobs_hmac_update(&mac, "llmobs redact 1", 16);
    llmobs_hmac_update(&mac, pii, strlen(pii) + 1);
    llmobs_hmac_update(&mac, value, size);
    llmobs_hmac_end(&mac, tag);
    length = (size_t)sprintf(out, "<%s_", pii);
    for (i = 0; i < 8; i++) {
        length += (size_t)sprintf(out + length, "%02x", tag[i]);
    }
    sprintf(out + length, ">");
}

/* What another match overlaps with is taken as it is; so is what goes on, however long it is. */
static void test_overlapping_tags(void)
{
    static const char card[] = "4111 1111 1111 1111:2:3:4:5:6:7:8";
    static char text[3000];
    char want[100];
    size_t size, step, differ = 0;
    llmobs_hmac_key key;
    llmobs_redact_rules rules;
    llmobs_hmac_key_init(&key, "another key", 11);
    rules = rules_of(LLMOBS_REDACT_TAG, &key);
    tag_of(&key, "CREDIT_CARD", card, sizeof card - 1, want);
    is_str(shown(&rules, card), want, "a card that is half an address");
    memset(text, 'A', sizeof text);
    memcpy(text, "Robert.Williams@very.long.Domain.xoxb-123456789012-123456789012-", 64);
    for (size = 64; size <= sizeof text; size = size < 80 ? size + 1 : size * 2) {
        tag_of(&key, "EMAIL", text, size, want);
        redact(&rules, text, size);
        differ += strcmp(plain, want) != 0;
        for (step = 1; step < 2000; step = step * 2 + 1) {
            differ += !stream(&rules, text, size, step);
        }
    }
    is_int(differ, 0, "an address that goes on as a token");
}

/* Every case, by every operator, in every chunk size up to its own. */
static void test_all_cases(void)
{
    static const uint8_t ways[] = {LLMOBS_REDACT_REPLACE, LLMOBS_REDACT_MASK, LLMOBS_REDACT_TAG,
                                   LLMOBS_REDACT_REMOVE, LLMOBS_REDACT_KEEP};
    llmobs_hmac_key key;
    size_t i, k, step, differ = 0, again = 0;
    llmobs_hmac_key_init(&key, "another key", 11);
    for (k = 0; k < sizeof ways; k++) {
        llmobs_redact_rules rules = rules_of(ways[k], &key);
        for (i = 0; i < SCAN_CASE_COUNT + SECRET_CASE_COUNT; i++) {
            const char* text = i < SCAN_CASE_COUNT ? scan_cases[i].text
                                                   : secret_cases[i - SCAN_CASE_COUNT].text;
            size_t size = strlen(text);
            redact(&rules, text, size);
            if (ways[k] < LLMOBS_REDACT_REMOVE && !idempotent(&rules)) {
                printf("# again: %s -> %s\n", text, plain);
                again++;
            }
            for (step = 1; step <= size; step++) {
                differ += !stream(&rules, text, size, step);
            }
        }
    }
    is_int(again, 0, "scanned again, nothing is found");
    is_int(differ, 0, "chunks come to the same");
}

/* ---- random texts -------------------------------------------------------------------------- */

static size_t random_text(char* text, size_t most, bool is_json)
{
    static const char* const glue[] = {" ", "-", ".", ":", "@", "+", "", "/", "=", "\\n", ",", "_",
                                       "\xc3\xa9", "(", ")", "'", "//", "1", "a", "\\u00e9", "\\\\",
                                       "\\\"", "SSN ", "token: ", ">", "<", "X", "\xe2\x82\xac",
                                       "pwd='", "password: \\\"", "\xe7\x94\xa8", "q7&R t9"};
    size_t size = 0;
    for (;;) {
        uint64_t random = next_random();
        const char* piece = scan_piece(random, glue, sizeof glue / sizeof glue[0]);
        size_t length = strlen(piece);
        if (size + length > most) {
            return size;
        }
        if (is_json && (strchr(piece, '"') != NULL || strchr(piece, '\n') != NULL) &&
            strcmp(piece, "\\\"") != 0) {
            continue;
        }
        memcpy(text + size, piece, length);
        size += length;
    }
}

static bool is_json_body(const char* text, size_t size)
{
    static char quoted[200000], back[200000];
    size_t back_size;
    quoted[0] = '"';
    memcpy(quoted + 1, text, size);
    quoted[size + 1] = '"';
    return json_read_string(quoted, size + 2, back, &back_size);
}

static void test_random(void)
{
    static char text[3000];
    llmobs_hmac_key key;
    size_t i, differ = 0, again = 0, broken = 0, json = 0, bodies = 0;
    llmobs_hmac_key_init(&key, "another key", 11);
    for (i = 0; i < (size_t)rounds_of(6000); i++) {
        bool is_body = i % 2 != 0;
        size_t size = random_text(text, 40 + next_random() % 2000, is_body);
        llmobs_redact_rules rules = rules_of((uint8_t)(next_random() % 4), &key);
        bool was_valid = llmobsi_utf8_is_valid(text, size);
        is_body = is_body && is_json_body(text, size);
        redact(&rules, text, size);
        if (rules.operators[0] != LLMOBS_REDACT_REMOVE && !idempotent(&rules)) {
            if (again++ < 3) {
                static scan_log log;
                scan_once(&log, NULL, plain, plain_size);
                printf("# %s %.*s\n# in %.*s\n", llmobs_pii_name(log.findings[0].pii),
                       (int)log.findings[0].size, plain + log.findings[0].offset, (int)size, text);
            }
        }
        broken += was_valid && !llmobsi_utf8_is_valid(plain, plain_size);
        bodies += is_body;
        if (is_body && !is_json_body(plain, plain_size)) {
            if (json++ < 3) {
                printf("# %.*s\n# -> %s\n", (int)size, text, plain);
            }
        }
        differ += !stream(&rules, text, size, 1 + next_random() % 200);
    }
    is_int(differ, 0, "random texts: chunks come to the same");
    is_int(again, 0, "scanned again, nothing is found");
    is_int(broken, 0, "valid UTF-8 stays valid");
    is_int(json, 0, "the body of a JSON string stays one");
    ok(bodies > (size_t)rounds_of(1000), "of which there were enough");
}

/* ---- the interface ------------------------------------------------------------------------- */

static void test_interface(void)
{
    static const char text[] = "to bob@example.com, 536-90-4399";
    static llmobs_redactor redactor;
    uint32_t counts[LLMOBS_PII_COUNT];
    const uint8_t* bytes = (const uint8_t*)&redactor;
    char out[64];
    size_t written = 1, i;
    is_int(llmobs_redact(NULL, text, sizeof text - 1, out, 10, &written, NULL), LLMOBS_ERROR_LIMIT,
           "no room");
    is_int(written, 0, "nothing is written");
    is_int(llmobs_redact(NULL, text, sizeof text - 1, out, sizeof out, &written, counts), LLMOBS_OK,
           "room");
    ok(counts[LLMOBS_PII_EMAIL] == 1 && counts[LLMOBS_PII_US_SSN] == 1, "counts by class");
    is_int(llmobs_redact(NULL, NULL, 0, NULL, 0, &written, NULL), LLMOBS_OK, "no text");
    is_int(llmobs_redact(NULL, NULL, 1, out, 1, &written, NULL), LLMOBS_ERROR_ARGUMENT, "NULL");
    is_int(llmobs_redact(NULL, text, 1, NULL, 1, &written, NULL), LLMOBS_ERROR_ARGUMENT, "NULL");
    is_int(llmobs_redact(NULL, text, 1, out, 1, NULL, NULL), LLMOBS_ERROR_ARGUMENT, "NULL");
    /* Prose leaves as it comes, but for its last word. */
    streamed.size = 0;
    streamed.refuse_at = sizeof streamed.text;
    llmobs_redactor_begin(&redactor, NULL, sink_write, &streamed);
    ok(llmobs_redactor_feed(&redactor, "Once upon a time", 16), "fed");
    ok(streamed.size >= 12, "what can be no finding has left");
    ok(llmobs_redactor_feed(&redactor, "line@", 5) && streamed.size == 12, "the word is held back");
    ok(llmobs_redactor_feed(&redactor, "x.org was there. ", 17), "fed");
    is_int(llmobs_redactor_counts(&redactor, counts), 1, "found");
    ok(llmobs_redactor_end(&redactor), "ended");
    streamed.text[streamed.size] = '\0';
    is_str(streamed.text, "Once upon a <EMAIL> was there. ", "redacted across chunks");
    for (i = 0; i < sizeof redactor && bytes[i] == 0; i++) {
    }
    is_int(i, sizeof redactor, "and wiped");
    ok(!llmobs_redactor_feed(&redactor, "x", 1), "a zeroed one writes nothing");
    ok(sizeof redactor <= 2048, "a redactor is no larger than 2 KiB");
    printf("# llmobs_redactor has %u bytes\n", (unsigned)sizeof redactor);
    /* A write that fails is the last. */
    for (i = 0; i < 32; i++) { /* what comes of it has 32 bytes */
        bool done;
        streamed.size = streamed.calls = 0;
        streamed.refuse_at = i;
        llmobs_redactor_begin(&redactor, NULL, sink_write, &streamed);
        done = llmobs_redactor_feed(&redactor, text, 20);
        done = llmobs_redactor_feed(&redactor, text, sizeof text - 1) && done;
        done = llmobs_redactor_end(&redactor) && done;
        if (done || streamed.size > i) {
            ok(false, "a failure is told");
        }
    }
}

/* The least texts that markers make long. */
static void test_room(void)
{
    static char text[3000];
    llmobs_hmac_key key;
    llmobs_redact_rules rules;
    size_t size = 0;
    llmobs_hmac_key_init(&key, "another key", 11);
    rules = rules_of(LLMOBS_REDACT_TAG, &key);
    while (size + 4 < sizeof text) {
        memcpy(text + size, "::1 ", 4);
        size += 4;
    }
    redact(&rules, text, size);
    ok(plain_size > size * 6 && plain_size < LLMOBS_REDACT_ROOM(size), "the room suffices");
}

/* ---- what stays on a stack ----------------------------------------------------------------- */

/* One for each place that copies a part of a text: what is left of less than 66 bytes, the words
   before a number, numbers of all kinds, values that make tags. */
static const char* const copied[] = {
    "nothing is found here at all",
    "more than sixty-six bytes, so that a block of them is read, and then what is left behind that",
    "card 5105 1051 0510 5100 is hers",
    "card 5105105105105100 is hers",
    "pay to DE89 3704 0044 0532 0130 00 now",
    "pay to GB82WEST12345698765432 now",
    "call +49 30 12345678 tomorrow",
    "call (415) 555-2671 tomorrow",
    "her birthday was on 23 May 1984 and her passport is C01X00T47",
    "write to jane.roe@mail.example.com now",
    "coin 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa and more",
    "password = hunter2hunter2X! and so on",
};

enum { COPIED = sizeof copied / sizeof *copied, PARTS_MOST = 64 };

/* Parts of a text; then of its digits, as such and as numbers. */
static size_t parts_of(const char* text, stack_needle parts[PARTS_MOST])
{
    char digits[64], numbers[64];
    size_t count = 0, digit_count = 0, i;
    for (i = 0; i + 12 <= strlen(text); i += 4) {
        stack_needle_set(&parts[count++], text + i, 12);
    }
    for (i = 0; i < strlen(text); i++) {
        if (text[i] >= '0' && text[i] <= '9') {
            digits[digit_count] = text[i];
            numbers[digit_count++] = (char)(text[i] - '0');
        }
    }
    for (i = 0; i + 8 <= digit_count; i += 2) {
        stack_needle_set(&parts[count++], digits + i, 8);
        stack_needle_set(&parts[count++], numbers + i, 8);
    }
    return count;
}

static llmobs_redact_rules tag_rules;

static void* run_scan(void* text)
{
    (void)llmobs_scan(&tag_rules.scan, (const char*)text, strlen((const char*)text), NULL, NULL);
    return NULL;
}

static void* run_redact(void* text)
{
    redact(&tag_rules, (const char*)text, strlen((const char*)text));
    return NULL;
}

static void* run_chunks(void* text)
{
    static llmobs_scanner scanner; /* these are the host's */
    static llmobs_redactor redactor;
    const char* bytes = (const char*)text;
    size_t size = strlen(bytes), at;
    streamed.size = streamed.calls = 0;
    streamed.refuse_at = sizeof streamed.text;
    llmobs_scanner_begin(&scanner, &tag_rules.scan, NULL, NULL);
    llmobs_redactor_begin(&redactor, &tag_rules, sink_write, &streamed);
    for (at = 0; at < size; at += 7) {
        llmobs_scanner_feed(&scanner, bytes + at, size - at < 7 ? size - at : 7);
        (void)llmobs_redactor_feed(&redactor, bytes + at, size - at < 7 ? size - at : 7);
    }
    (void)llmobs_scanner_end(&scanner);
    (void)llmobs_redactor_end(&redactor);
    return NULL;
}

static void* leave_text(void* text)
{
    char part[16];
    memcpy(part, text, sizeof part);
    __asm__ __volatile__("" : : "r"(part) : "memory");
    return NULL;
}

static void check_stack(void* (*run)(void*), const char* what)
{
    stack_needle parts[PARTS_MOST];
    size_t i, wrong = 0;
    for (i = 0; i < COPIED; i++) {
        char text[128];
        size_t count = parts_of(copied[i], parts);
        (void)snprintf(text, sizeof text, "%s", copied[i]);
        (void)run(text); /* the first call of a function of libc's has the loader save registers */
        if (stack_finds(run, text, parts, count) != -1) {
            wrong++;
            printf("# of: %s\n", text);
        }
    }
    is_int(wrong, 0, what);
}

static void test_stack(void)
{
#if STACK_UNSEEN || !defined(__OPTIMIZE__)
    skip("texts on a stack", STACK_UNSEEN ? STACK_UNSEEN_WHY : "unoptimised code spills");
#else
    llmobs_hmac_key key;
    stack_needle parts[PARTS_MOST];
    char text[128];
    llmobs_hmac_key_init(&key, "0123456789abcdef0123456789abcdef", 32);
    tag_rules = rules_of(LLMOBS_REDACT_TAG, &key);
    tag_rules.scan.classes = LLMOBS_PII_ALL;
    (void)snprintf(text, sizeof text, "%s", copied[0]);
    ok(stack_finds(leave_text, text, parts, parts_of(text, parts)) == 0, "a copy is found");
    check_stack(run_scan, "a scan leaves nothing of a text on the stack");
    check_stack(run_redact, "nor does a redaction");
    check_stack(run_chunks, "nor in chunks");
#endif
}

int main(void)
{
    test_operators();
    test_normal_forms();
    test_overlapping_tags();
    test_all_cases();
    test_random();
    test_interface();
    test_room();
    test_stack();
    return done();
}
