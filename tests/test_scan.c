/* The scanner as a machine: whatever the chunks, the findings are those of the whole; whatever the
   vectors, those of plain C. Built twice: test_scan_portable.c leaves the vector code out. */
#ifndef LLMOBS_NO_SIMD
#include "llmobs_private.h"
#else
#define LLMOBS_STATIC
#include "../llmobs.h"
#endif
#include "tap.h"

#include "scan_run.h"
#define RANDOM_SEED 7
#include "random.h"

#include <glob.h>

static scan_log whole, parts;

/* ---- chunks -------------------------------------------------------------------------------- */

/* Byte by byte, cut in two at every place, and in threes around it. */
static bool splits_agree(const llmobs_scan_rules* rules, const char* text, size_t size)
{
    size_t i;
    scan_once(&whole, rules, text, size);
    scan_steps(&parts, rules, text, size, 1);
    if (!scan_same(&whole, &parts)) {
        printf("# byte by byte: %s\n", scan_show(&parts, text, size));
        return false;
    }
    for (i = 0; i <= size; i++) {
        size_t places[2];
        places[0] = i;
        places[1] = i + 3 < size ? i + 3 : size;
        scan_chunks(&parts, rules, text, size, places, 1);
        if (scan_same(&whole, &parts)) {
            scan_chunks(&parts, rules, text, size, places, 2);
        }
        if (!scan_same(&whole, &parts)) {
            printf("# cut at %u: %s\n", (unsigned)i, scan_show(&parts, text, size));
            return false;
        }
    }
    return true;
}

static void test_splits(void)
{
    char text[4096];
    size_t i, wrong = 0;
    for (i = 0; i < SCAN_CASE_COUNT; i++) {
        if (!splits_agree(NULL, scan_cases[i].text, strlen(scan_cases[i].text))) {
            wrong++;
            printf("# %s\n", scan_cases[i].text);
        }
    }
    is_int(wrong, 0, "every case, cut at every place");
    for (i = wrong = 0; i < SECRET_CASE_COUNT; i++) {
        snprintf(text, sizeof text, "a key=\"%s\", and then", secret_cases[i].text);
        wrong += !splits_agree(NULL, text, strlen(text));
    }
    is_int(wrong, 0, "every key, cut at every place");
    for (i = wrong = 0; i + 1 < SCAN_CASE_COUNT; i++) {
        snprintf(text, sizeof text, "%s %s\n%s", scan_cases[i].text, scan_cases[i + 1].text,
                 scan_cases[(i * 7) % SCAN_CASE_COUNT].text);
        wrong += !splits_agree(NULL, text, strlen(text));
    }
    is_int(wrong, 0, "three cases beside each other");
}

/* ---- what goes on and on ------------------------------------------------------------------- */

static void test_long(void)
{
    static char text[40000];
    static const size_t steps[] = {1, 7, 64, 1000, 1407, 1408, 1409, 4096, 39999};
    static const char* const heads[] = {
        "x " JWT_HEAD "." JWT_BODY, "pypi-AgEIcHlwaS5vcmc" MIXED_58, "token=q7Rt9zLm2Kx8Vb4",
        "-----BEGIN PRIVATE KEY-----\n", ("ABSK" MIXED_58 MIXED_58), "ghp_" MIXED_36};
    static const char* const ends[] = {" end", ".", ". end", "", "\n-----END PRIVATE KEY-----\n x",
                                       "\\\\\"}", "-----END "};
    size_t i, k, n, wrong = 0;
    for (i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        for (k = 0; k < sizeof ends / sizeof ends[0]; k++) {
            size_t size = strlen(heads[i]), middle = k % 2 != 0 ? 30000 : 2000;
            memcpy(text, heads[i], size);
            memset(text + size, 'A', middle);
            text[size + middle / 2] = '7';
            size += middle;
            memcpy(text + size, ends[k], strlen(ends[k]));
            size += strlen(ends[k]);
            scan_once(&whole, NULL, text, size);
            if (whole.told != 1 || whole.findings[0].size < middle) {
                printf("# %s...%s\n", heads[i], ends[k]);
                wrong++;
            }
            for (n = 0; n < sizeof steps / sizeof steps[0]; n++) {
                scan_steps(&parts, NULL, text, size, steps[n]);
                wrong += !scan_same(&whole, &parts);
            }
        }
    }
    is_int(wrong, 0, "what is longer than the carry is one finding");
}

/* A finding at every place around the borders of carry and window. */
static void test_borders(void)
{
    static char text[8192];
    static const char* const ones[] = {"415-555-0132", "averylongname.of.somebody@example.com",
                                       "DE89 3704 0044 0532 0130 00", "password: q7Rt9zLm2Kx8Vb"};
    static const size_t steps[] = {1, 100, 1408, 1500, 4000};
    size_t i, k, n, wrong = 0, step = by_qemu() ? 71 : 7;
    for (i = 0; i < sizeof ones / sizeof ones[0]; i++) {
        for (k = 1000; k < 3200; k += step) {
            memset(text, ' ', sizeof text);
            memcpy(text + k, ones[i], strlen(ones[i]));
            for (n = 0; n < sizeof steps / sizeof steps[0]; n++) {
                scan_steps(&parts, NULL, text, 5000, steps[n]);
                wrong += parts.told != 1 || parts.findings[0].offset < k ||
                         parts.findings[0].offset + parts.findings[0].size !=
                             k + strlen(ones[i]);
            }
        }
    }
    is_int(wrong, 0, "a finding at every place");
}

/* ---- random texts -------------------------------------------------------------------------- */

/* Of pieces that recognisers know, and what separates them; some bytes are changed. */
static size_t random_text(char* text, size_t most)
{
    static const char* const glue[] = {" ", "-", ".", ":", "@", "+", "", "/", "\\", "\"", "=", "\n",
                                       ",", "_", "\xc3\xa9", "(", ")", "'", "\\n", "//", "1", "a",
                                       "pwd='", "password: \"", "\xe7\x94\xa8", "q7&R t9"};
    size_t size = 0;
    for (;;) {
        uint64_t random = next_random();
        const char* piece = scan_piece(random, glue, sizeof glue / sizeof glue[0]);
        size_t length = strlen(piece);
        if (random % 5 == 0 && length > 2) {
            size_t from = (random >> 32) % length;
            piece += from;
            length = 1 + (random >> 48) % (length - from);
        }
        if (size + length > most) {
            return size;
        }
        memcpy(text + size, piece, length);
        if (random % 7 == 0) {
            text[size + (random >> 40) % (length > 0 ? length : 1)] = (char)(random >> 20);
        }
        size += length;
    }
}

static bool random_agrees(size_t most)
{
    static char text[6000];
    size_t size = random_text(text, most), places[40], count = 0, i;
    scan_once(&whole, NULL, text, size);
    scan_steps(&parts, NULL, text, size, 1);
    if (!scan_same(&whole, &parts)) {
        return false;
    }
    for (i = 0; i < size && count < 40;) {
        i += next_random() % (size / 8 + 2);
        if (i <= size) {
            places[count++] = i;
        }
    }
    scan_chunks(&parts, NULL, text, size, places, count);
    return scan_same(&whole, &parts);
}

static void test_random(void)
{
    long i, wrong = 0, some = rounds_of(300);
    for (i = 0; i < 10 * some; i++) {
        wrong += !random_agrees(300);
    }
    is_int(wrong, 0, "3000 short random texts, byte by byte and in random chunks");
    for (i = wrong = 0; i < some; i++) {
        wrong += !random_agrees(6000);
    }
    is_int(wrong, 0, "300 long ones");
}

/* Every path of this machine marks the same places by tables of its own. Those of bytes let other
   bytes slip through than those of sixteen entries. */
static size_t path_differs(uint32_t path, char* text, size_t size, bool is_rough)
{
    uint8_t tables[6][16];
    const uint8_t(*used)[16] = (const uint8_t(*)[16])tables;
    const uint8_t* bytes = (const uint8_t*)text;
    size_t place = next_random() % (size + 1), at = place;
    uint64_t found;
    memcpy(tables, llmobsi_trigger_tables, sizeof tables);
    if (is_rough) {
        llmobsi_trigger_add(tables, 0, 0xc3);
        llmobsi_trigger_add(tables, 1, (uint8_t)(0x80 + size % 128));
        llmobsi_trigger_add_kinds(tables, 2, LLMOBS_I_ALNUM);
    }
    for (;;) {
        size_t next = llmobsi_trigger_paths[path].next(used, bytes, at, size, is_rough, &found), i;
        for (; at + 66 <= size && at <= next; at += 64) {
            for (i = 0; i < 64; i++) {
                bool slips = llmobsi_trigger_groups(bytes + at + i) != 0;
                bool rough = llmobsi_trigger_rough(used, bytes + at + i) != 0;
                bool got = at == next && (found >> i & 1) != 0;
                if (is_rough ? got != rough : got != slips && (got || rough)) {
                    return 1;
                }
            }
        }
        if (found == 0) {
            return next != at || next + 66 <= size;
        }
    }
}

static void test_paths(void)
{
    static char text[5000];
    size_t i, k, wrong;
    uint32_t path, chosen = llmobsi_load_relaxed(&llmobsi_trigger_chosen);
    for (path = 0; path < LLMOBS_I_TRIGGER_PATHS; path++) {
        if (!llmobsi_trigger_runs_here(path)) {
            skip("a vector path", llmobsi_trigger_paths[path].name);
            continue;
        }
        for (i = wrong = 0; i < 2000; i++) {
            size_t size = random_text(text, 66 + next_random() % 4000);
            for (k = 0; i % 3 == 0 && k < size; k++) {
                text[k] = (char)next_random();
            }
            wrong += path_differs(path, text, size, i % 2 != 0);
            llmobsi_store_relaxed(&llmobsi_trigger_chosen, 1);
            scan_once(&whole, NULL, text, size);
            llmobsi_store_relaxed(&llmobsi_trigger_chosen, path + 1);
            scan_once(&parts, NULL, text, size);
            wrong += !scan_same(&whole, &parts);
        }
        printf("# %s\n", llmobsi_trigger_paths[path].name);
        is_int(wrong, 0, "the places of the tables, the findings of plain C");
    }
    llmobsi_store_relaxed(&llmobsi_trigger_chosen, chosen);
}

/* A term has other tables decide where a look is worth it, and nothing passed over: what is found
   besides it is the same. */
static void test_rough(void)
{
    static char text[5000];
    llmobs_scan_rules rules = llmobs_scan_rules_default();
    llmobs_scan_term term;
    size_t i, k, wrong = 0;
    memset(&term, 0, sizeof term);
    term.text = "~~~nobody~~~";
    rules.terms = &term;
    rules.term_count = 1;
    for (i = 0; i < (size_t)rounds_of(3000); i++) {
        size_t size = random_text(text, 66 + next_random() % 4000);
        for (k = 0; i % 3 == 0 && k < 20 && size > 0; k++) {
            text[next_random() % size] = (char)next_random();
        }
        scan_once(&whole, NULL, text, size);
        scan_once(&parts, &rules, text, size);
        if (!scan_same(&whole, &parts) && wrong++ < 3) {
            printf("# %s\n# %s\n", scan_show(&whole, text, size), scan_show(&parts, text, size));
        }
    }
    is_int(wrong, 0, "with a term of its own a scan finds the same");
}

/* ---- clean text, large text ---------------------------------------------------------------- */

static char* read_all(const char* pattern, size_t* size)
{
    glob_t files;
    size_t i;
    char* text = NULL;
    *size = 0;
    if (glob(pattern, 0, NULL, &files) != 0) {
        return NULL;
    }
    for (i = 0; i < files.gl_pathc; i++) {
        FILE* file = fopen(files.gl_pathv[i], "rb");
        char buffer[4096];
        size_t got;
        while (file != NULL && (got = fread(buffer, 1, sizeof buffer, file)) > 0) {
            char* more = (char*)realloc(text, *size + got);
            if (more == NULL) {
                break;
            }
            text = more;
            memcpy(text + *size, buffer, got);
            *size += got;
        }
        if (file != NULL) {
            fclose(file);
        }
    }
    globfree(&files);
    return text;
}

static void test_prose(void)
{
    size_t size, i;
    char* text = read_all("/usr/share/common-licenses/[A-Z]*", &size);
    if (text == NULL || size < 100000) {
        skip("nothing in licences", "/usr/share/common-licenses is not there");
    } else {
        scan_once(&whole, NULL, text, size);
        for (i = 0; i < whole.count; i++) {
            printf("# %s: %.*s\n", llmobs_pii_name(whole.findings[i].pii),
                   (int)whole.findings[i].size, text + whole.findings[i].offset);
        }
        /* They name one real address. */
        for (i = 0; i < whole.count && whole.findings[i].pii == LLMOBS_PII_EMAIL; i++) {
        }
        is_int(whole.count - i, 0, "nothing but e-mail addresses in licences");
        scan_steps(&parts, NULL, text, size, 777);
        ok(scan_same(&whole, &parts), "and the same in chunks");
    }
    free(text);
    text = read_all("LICENSE", &size);
    if (text == NULL) {
        skip("nothing in LICENSE", "run from elsewhere");
        return;
    }
    scan_once(&whole, NULL, text, size);
    is_int(whole.told, 0, "nothing in LICENSE");
    free(text);
}

static void test_large(void)
{
    const size_t size = (size_t)16 << 20;
    char* text = (char*)malloc(size);
    size_t i, count = 0;
    uint64_t got;
    llmobs_scanner* scanner = (llmobs_scanner*)malloc(sizeof *scanner);
    if (text == NULL) {
        skip("16 MiB", "no memory");
        free(scanner);
        return;
    }
    memset(text, 'a', size);
    for (i = 5000; i + 100 < size; i += 65521, count++) {
        memcpy(text + i, " 4111111111111111 ", 18);
    }
    is_int(llmobs_scan(NULL, text, size, NULL, NULL), count, "16 MiB at once");
    llmobs_scanner_begin(scanner, NULL, NULL, NULL);
    for (i = 0; i < size; i += 65536) {
        llmobs_scanner_feed(scanner, text + i, 65536);
    }
    got = llmobs_scanner_end(scanner);
    is_int(got, count, "and in chunks");
    memset(text, 0, size / 16);
    is_int(llmobs_scan(NULL, text, size / 16, NULL, NULL), 0, "zeros");
    memset(text, '1', size / 16);
    is_int(llmobs_scan(NULL, text, size / 16, NULL, NULL), 0, "ones");
    memset(text, '@', size / 16);
    is_int(llmobs_scan(NULL, text, size / 16, NULL, NULL), 0, "all @");
    memset(text, '\\', size / 16);
    is_int(llmobs_scan(NULL, text, size / 16, NULL, NULL), 0, "all backslashes");
    free(text);
    free(scanner);
}

/* ---- the interface ------------------------------------------------------------------------- */

static bool stop_at_once(void* user, const llmobs_finding* finding)
{
    (void)finding;
    ++*(int*)user;
    return false;
}

static void test_interface(void)
{
    static const char text[] = "a@b.io\0 c@d.io";
    static llmobs_scanner scanner;
    uint32_t counts[LLMOBS_PII_COUNT];
    const uint8_t* bytes = (const uint8_t*)&scanner;
    size_t i;
    int calls = 0;
    is_int(llmobs_scan(NULL, text, sizeof text - 1, NULL, NULL), 2, "past a NUL byte");
    is_int(llmobs_scan(NULL, NULL, 0, NULL, NULL), 0, "no text");
    is_int(llmobs_scan(NULL, text, sizeof text - 1, stop_at_once, &calls), 1, "stopped");
    is_int(calls, 1, "after one call");
    /* Zeroed: the defaults. */
    llmobs_scanner_feed(&scanner, text, sizeof text - 1);
    llmobs_scanner_feed(&scanner, NULL, 0);
    llmobs_scanner_feed(&scanner, "   ", 3);
    is_int(llmobs_scanner_counts(&scanner, counts), 2, "a zeroed scanner scans");
    is_int(counts[LLMOBS_PII_EMAIL], 2, "and counts by class");
    is_int(llmobs_scanner_counts(&scanner, NULL), 2, "also without the classes");
    is_int(llmobs_scanner_end(&scanner), 2, "the end tells it, too");
    for (i = 0; i < sizeof scanner && bytes[i] == 0; i++) {
    }
    is_int(i, sizeof scanner, "and wipes");
    ok(sizeof(llmobs_scanner) <= 2048, "a scanner is no larger than 2 KiB");
    printf("# llmobs_scanner has %u bytes\n", (unsigned)sizeof(llmobs_scanner));
    calls = 0;
    llmobs_scanner_begin(&scanner, NULL, stop_at_once, &calls);
    for (i = 0; i < sizeof text - 1; i++) {
        llmobs_scanner_feed(&scanner, text + i, 1);
    }
    (void)llmobs_scanner_end(&scanner);
    is_int(calls, 1, "a stream is stopped, too");
}

int main(void)
{
    test_splits();
    test_long();
    test_borders();
    test_random();
    test_paths();
    test_rough();
    test_prose();
    test_large();
    test_interface();
    return done();
}
