/* Hostile text into scanner and redactor; the first bytes say by which operator and in which
   chunks. Chunks come to what the whole comes to; findings lie in order within the text; what is
   redacted is clean when it is scanned again, and valid UTF-8 if the text was. */
#include "llmobs_private.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

enum { MOST = 4096 };

typedef struct list {
    llmobs_finding findings[MOST];
    size_t count;
} list;

static bool list_found(void* user, const llmobs_finding* finding)
{
    list* all = (list*)user;
    CHECK(all->count < MOST);
    all->findings[all->count++] = *finding;
    return true;
}

typedef struct sink {
    char text[LLMOBS_REDACT_ROOM(MOST)];
    size_t size;
} sink;

static bool sink_write(void* user, const char* data, size_t size)
{
    sink* to = (sink*)user;
    CHECK(to->size + size <= sizeof to->text);
    memcpy(to->text + to->size, data, size);
    to->size += size;
    return true;
}

/* A text in memory of its own size, so that reading beside it is seen. */
static char* copy_of(const char* text, size_t size)
{
    char* copy = (char*)malloc(size > 0 ? size : 1);
    if (size > 0) {
        memcpy(copy, text, size);
    }
    return copy;
}

static void check_findings(const list* all, size_t size)
{
    uint64_t at = 0;
    size_t i;
    for (i = 0; i < all->count; i++) {
        const llmobs_finding* one = &all->findings[i];
        CHECK(one->offset >= at && one->size > 0 && one->name != NULL);
        at = one->offset + one->size;
        CHECK(at <= size && (uint32_t)one->pii < LLMOBS_PII_COUNT);
    }
}

static void check_scan(const llmobs_scan_rules* rules, const char* text, size_t size, size_t chunk)
{
    static list whole, parts;
    llmobs_scanner scanner;
    size_t i;
    whole.count = parts.count = 0;
    CHECK(llmobs_scan(rules, text, size, list_found, &whole) == whole.count);
    check_findings(&whole, size);
    llmobs_scanner_begin(&scanner, rules, list_found, &parts);
    for (i = 0; i < size; i += chunk) {
        size_t part = size - i < chunk ? size - i : chunk;
        char* copy = copy_of(text + i, part);
        llmobs_scanner_feed(&scanner, copy, part);
        free(copy);
    }
    CHECK(llmobs_scanner_end(&scanner) == whole.count);
    CHECK(parts.count == whole.count);
    for (i = 0; i < whole.count; i++) {
        CHECK(parts.findings[i].offset == whole.findings[i].offset &&
              parts.findings[i].size == whole.findings[i].size &&
              parts.findings[i].pii == whole.findings[i].pii);
    }
}

static void check_redact(const llmobs_redact_rules* rules, const char* text, size_t size,
                         size_t chunk)
{
    static sink parts;
    static char out[LLMOBS_REDACT_ROOM(MOST)];
    llmobs_redactor redactor;
    size_t i, written;
    parts.size = 0;
    CHECK(llmobs_redact(rules, text, size, out, sizeof out, &written, NULL) == LLMOBS_OK);
    llmobs_redactor_begin(&redactor, rules, sink_write, &parts);
    for (i = 0; i < size; i += chunk) {
        size_t part = size - i < chunk ? size - i : chunk;
        char* copy = copy_of(text + i, part);
        CHECK(llmobs_redactor_feed(&redactor, copy, part));
        free(copy);
    }
    CHECK(llmobs_redactor_end(&redactor));
    CHECK(parts.size == written && memcmp(parts.text, out, written) == 0);
    CHECK(!llmobsi_utf8_is_valid(text, size) || llmobsi_utf8_is_valid(out, written));
    if (rules->operators[0] < LLMOBS_REDACT_REMOVE) {
        CHECK(llmobs_scan(&rules->scan, out, written, NULL, NULL) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static llmobs_hmac_key key;
    llmobs_redact_rules rules = llmobs_redact_rules_default();
    size_t chunk;
    char* text;
    if (size < 2 || size > MOST) {
        return 0;
    }
    if (key.inner[0] == 0) {
        llmobs_hmac_key_init(&key, "key", 3);
    }
    chunk = (size_t)data[1] * (data[0] >= 128 ? 8 : 1) + 1;
    memset(rules.operators, data[0] % 4, sizeof rules.operators);
    rules.key = &key;
    text = copy_of((const char*)data + 2, size - 2);
    check_scan(&rules.scan, text, size - 2, chunk);
    check_redact(&rules, text, size - 2, chunk);
    free(text);
    rules.scan.classes = LLMOBS_PII_ALL;
    text = copy_of((const char*)data + 2, size - 2);
    check_scan(&rules.scan, text, size - 2, chunk);
    free(text);
    return 0;
}
