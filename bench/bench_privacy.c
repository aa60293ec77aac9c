/* The scanner and the redactor against regular expressions: Hyperscan, RE2, PCRE2 with its JIT, and
   memcpy. All sides run in turn in one process; see bench.h. The peers search the ten classes that
   they can express (without check digits); llmobs all of tiers A and B, with them. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#define LLMOBS_IMPLEMENTATION
#include "../llmobs.h"

#include "bench.h"

#ifdef HAVE_HYPERSCAN
#include <hs.h>
#endif
#ifdef HAVE_RE_TWO
#include "peer_re2.h"
#endif
#ifdef HAVE_PCRE_TWO
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif

enum { TEXT_BYTES = 256 * 1024 };

static char text[TEXT_BYTES + 1];
static char out[TEXT_BYTES * 3];
static size_t text_size;
static uint64_t found_count;

/* The classes as regular expressions: secrets and addresses, then what consists of digits. */
#define PATTERN_EMAIL "[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+"
#define PATTERN_OPENAI "sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}"
#define PATTERN_AWS "(?:AKIA|ASIA)[A-Z2-7]{16}"
#define PATTERN_GITHUB "gh[pousr]_[A-Za-z0-9]{36}"
#define PATTERN_JWT "eyJ[A-Za-z0-9_-]+\\.eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+"
#define PATTERN_CARD "\\b[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{1,7}\\b"
#define PATTERN_SSN "\\b[0-9]{3}-[0-9]{2}-[0-9]{4}\\b"
#define PATTERN_PHONE "\\b[0-9]{3}[-.][0-9]{3}[-.][0-9]{4}\\b"
#define PATTERN_IP "\\b(?:[0-9]{1,3}\\.){3}[0-9]{1,3}\\b"
#define PATTERN_IBAN "\\b[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\\b"

#define PATTERN_COUNT 10
#define PATTERN_DIGITS 5 /* here the digits begin */
static const char* const patterns[PATTERN_COUNT] = {
    PATTERN_EMAIL, PATTERN_OPENAI, PATTERN_AWS, PATTERN_GITHUB, PATTERN_JWT,
    PATTERN_CARD,  PATTERN_SSN,    PATTERN_PHONE, PATTERN_IP,   PATTERN_IBAN};

#if defined(HAVE_RE_TWO) || defined(HAVE_PCRE_TWO)
static const char all_patterns[] =
    "(?:" PATTERN_EMAIL "|" PATTERN_OPENAI "|" PATTERN_AWS "|" PATTERN_GITHUB "|" PATTERN_JWT
    "|" PATTERN_CARD "|" PATTERN_SSN "|" PATTERN_PHONE "|" PATTERN_IP "|" PATTERN_IBAN ")";
#endif

/* ---- the sides ----------------------------------------------------------------------------- */

static void llmobs_scan_body(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        found_count = llmobs_scan(NULL, text, text_size, NULL, NULL);
        bench_keep(&found_count);
    }
}

static void llmobs_redact_body(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        size_t written;
        if (llmobs_redact(NULL, text, text_size, out, sizeof out, &written, NULL) != LLMOBS_OK) {
            exit(1);
        }
        bench_keep(out);
    }
}

static bool stream_write(void* user, const char* data, size_t size)
{
    size_t* at = (size_t*)user;
    memcpy(out + *at, data, size);
    *at += size;
    return true;
}

/* In chunks of so many bytes. */
static void stream(size_t chunk, uint32_t times)
{
    static llmobs_redactor redactor;
    while (times-- > 0) {
        size_t i, at = 0;
        llmobs_redactor_begin(&redactor, NULL, stream_write, &at);
        for (i = 0; i < text_size; i += chunk) {
            size_t left = text_size - i;
            (void)llmobs_redactor_feed(&redactor, text + i, left < chunk ? left : chunk);
        }
        (void)llmobs_redactor_end(&redactor);
        bench_keep(out);
    }
}

static void stream_body(void* context, uint32_t times)
{
    stream(*(const size_t*)context, times);
}

static void memcpy_body(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        memcpy(out, text, text_size);
        bench_keep(out);
    }
}

static uint32_t chosen_before;

static void use_portable(void* context)
{
    (void)context;
    chosen_before = llmobsi_load_relaxed(&llmobsi_trigger_chosen);
    llmobsi_store_relaxed(&llmobsi_trigger_chosen, 1);
}

static void use_fastest(void* context)
{
    (void)context;
    llmobsi_store_relaxed(&llmobsi_trigger_chosen, chosen_before);
}

#ifdef HAVE_HYPERSCAN
static hs_database_t* hyperscan_all;
static hs_database_t* hyperscan_groups[2];
static hs_scratch_t* hyperscan_scratch;

/* With the start of matches, which redacting needs; or their number alone. */
static hs_database_t* hyperscan_build(uint32_t from, uint32_t to, bool with_start)
{
    unsigned flags[PATTERN_COUNT], ids[PATTERN_COUNT];
    hs_compile_error_t* error = NULL;
    hs_database_t* database = NULL;
    const char* taken[PATTERN_COUNT];
    uint32_t i, count = 0;
    for (i = from; i < to; i++) {
        flags[count] = with_start ? HS_FLAG_SOM_LEFTMOST : 0;
        ids[count] = i;
        taken[count] = patterns[i];
        /* Of some it can't tell where they begin: it does without. */
        if (hs_compile(patterns[i], flags[count], HS_MODE_BLOCK, NULL, &database, &error) ==
            HS_SUCCESS) {
            hs_free_database(database);
            count++;
        } else {
            printf("# Hyperscan leaves out %s\n", patterns[i]);
            hs_free_compile_error(error);
        }
    }
    if (hs_compile_multi(taken, flags, ids, count, HS_MODE_BLOCK, NULL, &database, &error) !=
        HS_SUCCESS) {
        fprintf(stderr, "bench_privacy: Hyperscan: %s\n", error->message);
        exit(1);
    }
    hs_alloc_scratch(database, &hyperscan_scratch);
    return database;
}

static int hyperscan_found(unsigned id, unsigned long long from, unsigned long long to,
                           unsigned flags, void* context)
{
    (void)id;
    (void)from;
    (void)to;
    (void)flags;
    ++*(uint64_t*)context;
    return 0;
}

static void hyperscan_all_body(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        found_count = 0;
        hs_scan(hyperscan_all, text, (unsigned)text_size, 0, hyperscan_scratch, hyperscan_found,
                &found_count);
        bench_keep(&found_count);
    }
}

static void hyperscan_groups_body(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        int i;
        found_count = 0;
        for (i = 0; i < 2; i++) {
            hs_scan(hyperscan_groups[i], text, (unsigned)text_size, 0, hyperscan_scratch,
                    hyperscan_found, &found_count);
        }
        bench_keep(&found_count);
    }
}

/* To redact: matches with their starts, of which the longest count; then the text. */
typedef struct hyperscan_spans {
    uint32_t count;
    struct {
        uint32_t from;
        uint32_t to;
    } spans[65536];
} hyperscan_spans;

static hs_database_t* hyperscan_starts;

static int hyperscan_span(unsigned id, unsigned long long from, unsigned long long to,
                          unsigned flags, void* context)
{
    hyperscan_spans* all = (hyperscan_spans*)context;
    (void)id;
    (void)flags;
    while (all->count > 0 && all->spans[all->count - 1].from >= from) {
        all->count--;
    }
    if (all->count > 0 && all->spans[all->count - 1].to > from) {
        all->spans[all->count - 1].to = (uint32_t)to;
        return 0;
    }
    if (all->count < 65536) {
        all->spans[all->count].from = (uint32_t)from;
        all->spans[all->count++].to = (uint32_t)to;
    }
    return 0;
}

static void hyperscan_redact_body(void* context, uint32_t times)
{
    static hyperscan_spans all;
    (void)context;
    while (times-- > 0) {
        uint32_t i;
        size_t at = 0, from = 0;
        all.count = 0;
        hs_scan(hyperscan_starts, text, (unsigned)text_size, 0, hyperscan_scratch, hyperscan_span,
                &all);
        for (i = 0; i < all.count; i++) {
            size_t gap = all.spans[i].from - from;
            memcpy(out + at, text + from, gap);
            memcpy(out + at + gap, "<REDACTED>", 10);
            at += gap + 10;
            from = all.spans[i].to;
        }
        memcpy(out + at, text + from, text_size - from);
        bench_keep(out);
    }
}
#endif

#ifdef HAVE_RE_TWO
static void re2_body(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        found_count = peer_re2_scan(text, text_size);
        bench_keep(&found_count);
    }
}
#endif

#ifdef HAVE_PCRE_TWO
static pcre2_code* pcre2_expression;
static pcre2_match_data* pcre2_data;

static void pcre2_body(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        size_t from = 0;
        found_count = 0;
        while (from < text_size && pcre2_jit_match(pcre2_expression, (PCRE2_SPTR)text, text_size,
                                                   from, 0, pcre2_data, NULL) > 0) {
            from = pcre2_get_ovector_pointer(pcre2_data)[1];
            found_count++;
        }
        bench_keep(&found_count);
    }
}
#endif

static void start_sides(void)
{
    (void)llmobsi_trigger_choose();
#ifdef HAVE_HYPERSCAN
    hyperscan_all = hyperscan_build(0, PATTERN_COUNT, false);
    hyperscan_groups[0] = hyperscan_build(0, PATTERN_DIGITS, false);
    hyperscan_groups[1] = hyperscan_build(PATTERN_DIGITS, PATTERN_COUNT, false);
    hyperscan_starts = hyperscan_build(0, PATTERN_COUNT, true);
#else
    printf("# skipped: hyperscan\n");
#endif
#ifdef HAVE_RE_TWO
    if (!peer_re2_open(all_patterns)) {
        exit(1);
    }
#else
    printf("# skipped: re2\n");
#endif
#ifdef HAVE_PCRE_TWO
    {
        int error;
        PCRE2_SIZE place;
        pcre2_expression = pcre2_compile((PCRE2_SPTR)all_patterns, PCRE2_ZERO_TERMINATED, 0, &error,
                                         &place, NULL);
        if (pcre2_expression == NULL || pcre2_jit_compile(pcre2_expression, PCRE2_JIT_COMPLETE)) {
            exit(1);
        }
        pcre2_data = pcre2_match_data_create_from_pattern(pcre2_expression, NULL);
    }
#else
    printf("# skipped: pcre2\n");
#endif
}

/* ---- texts --------------------------------------------------------------------------------- */

static uint64_t seed = 1;

static uint32_t next_random(uint32_t below)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % below;
}

static const char* const words[] = {
    "the",    "model",  "of",      "and",     "to",       "in",      "a",        "license",
    "that",   "work",   "program", "answers", "question", "context", "source",   "is",
    "for",    "with",   "copy",    "under",   "terms",    "may",     "software", "any",
    "section", "this",  "or",      "by",      "Tokens",   "request", "response", "time"};
static const char* const other_words[] = {
    "\xd0\xbc\xd0\xbe\xd0\xb4\xd0\xb5\xd0\xbb\xd1\x8c", "\xe6\xa8\xa1\xe5\x9e\x8b\xe7\x9a\x84",
    "\xc3\xa9t\xc3\xa9", "gr\xc3\xb6\xc3\x9f" "er", "\xe8\xaf\xad\xe8\xa8\x80",
    "\xd0\xbe\xd1\x82\xd0\xb2\xd0\xb5\xd1\x82", "\xf0\x9f\x98\x80", "Stra\xc3\x9f" "e"};
static const char* const hits[] = {"bob.smith@example.com", "4111 1111 1111 1111", "536-90-4399",
                                   "415-555-0132", "203.0.113.77", "DE89370400440532013000",
                                   "378282246310005", "eve@mail.example.org"};

static void add_text(const char* one)
{
    size_t size = strlen(one);
    if (text_size + size <= TEXT_BYTES) {
        memcpy(text + text_size, one, size);
        text_size += size;
    }
}

/* Prose; a hit after so many words (0: none); numbers among them; in other scripts. */
static void make_text(uint32_t words_a_hit, uint32_t numbers, bool is_utf8)
{
    uint32_t i = 0, sentence = 0;
    text_size = 0;
    while (text_size + 64 < TEXT_BYTES) {
        i++;
        if (words_a_hit > 0 && i % words_a_hit == 0) {
            add_text(hits[next_random(8)]);
        } else if (numbers > 0 && next_random(100) < numbers) {
            char number[32];
            static const char* const forms[] = {"%u", "%u.25", "%u,", "x[%u]", "= %u;", "0x%08x",
                                                "%u|", "2024-11-%02u"};
            snprintf(number, sizeof number, forms[next_random(8)],
                     next_random(next_random(2) ? 100 : 1000000));
            add_text(number);
        } else {
            add_text(is_utf8 && next_random(2) ? other_words[next_random(8)]
                                               : words[next_random(32)]);
        }
        if (++sentence == 14) {
            sentence = 0;
            add_text(".\n");
        } else {
            add_text(" ");
        }
    }
}

/* ---- sets ---------------------------------------------------------------------------------- */

static bench_set set;
static char names[BENCH_CASES][80];

static bench_case* add(const char* what, const char* who,
                       void (*body)(void* context, uint32_t times), void* context)
{
    char* name = names[set.count % BENCH_CASES];
    snprintf(name, sizeof(names[0]), "%s, %s", what, who);
    return bench_add(&set, name, body, context);
}

static void print_speed(const bench_case* one)
{
    int kind;
    for (kind = 0; kind < BENCH_KINDS; kind++) {
        if (one->median[kind] == 0) {
            printf("# %s, %s: too few repetitions\n", one->name, bench_kind_names[kind]);
        } else {
            bench_line(one->name, bench_kind_names[kind],
                       (double)text_size / one->median[kind], "GB/s", NULL, true);
        }
    }
}

static void ratio(const char* what, const char* over, const bench_case* ours,
                  const bench_case* peer, double least)
{
    char name[160];
    snprintf(name, sizeof name, "%s: llmobs / %s", what, over);
    bench_ratio(name, ours, peer, least);
}

/* Real prose, if there is some: licences, of which an address or two are taken out. */
static bool read_prose(void)
{
    static const char* const files[] = {"GPL-3", "Apache-2.0", "MPL-2.0", "GFDL-1.3", "LGPL-2.1",
                                        "Artistic", "GPL-2", "CC0-1.0"};
    size_t i;
    text_size = 0;
    for (i = 0; i < sizeof files / sizeof files[0] && text_size < TEXT_BYTES; i++) {
        char path[100];
        FILE* file;
        snprintf(path, sizeof path, "/usr/share/common-licenses/%s", files[i]);
        file = fopen(path, "rb");
        if (file != NULL) {
            text_size += fread(text + text_size, 1, TEXT_BYTES - text_size, file);
            fclose(file);
        }
    }
    for (i = 0; i < text_size; i++) {
        text[i] = text[i] == '@' ? 'a' : text[i];
    }
    return text_size > TEXT_BYTES / 2;
}

static void run(const char* what, double least_scan, double least_redact)
{
    static size_t token = 4, page = 4096;
    bench_case *scan, *redact, *peers[4], *with_redaction = NULL;
    uint32_t i;
    memset(peers, 0, sizeof peers);
    set.count = 0;
    printf("# %s: %.0f findings a MiB\n", what,
           (double)llmobs_scan(NULL, text, text_size, NULL, NULL) / (double)text_size * 1048576);
    scan = add(what, "llmobs scan", llmobs_scan_body, NULL);
    redact = add(what, "llmobs redact", llmobs_redact_body, NULL);
    add(what, "llmobs redact, chunks of 4096", stream_body, &page);
    add(what, "llmobs redact, chunks of 4", stream_body, &token);
    {
        bench_case* portable = add(what, "llmobs scan, portable", llmobs_scan_body, NULL);
        portable->before = use_portable;
        portable->after = use_fastest;
    }
    add(what, "memcpy", memcpy_body, NULL);
#ifdef HAVE_HYPERSCAN
    peers[0] = add(what, "Hyperscan, one database", hyperscan_all_body, NULL);
    peers[1] = add(what, "Hyperscan, two groups", hyperscan_groups_body, NULL);
    with_redaction = add(what, "Hyperscan with redaction", hyperscan_redact_body, NULL);
#endif
#ifdef HAVE_RE_TWO
    peers[2] = add(what, "RE2", re2_body, NULL);
#endif
#ifdef HAVE_PCRE_TWO
    peers[3] = add(what, "PCRE2 JIT", pcre2_body, NULL);
#endif
    bench_run(&set);
    for (i = 0; i < set.count; i++) {
        print_speed(&set.cases[i]);
    }
    ratio(what, "best Hyperscan", scan, bench_fastest(peers, 2), least_scan);
    ratio(what, "best peer", scan, bench_fastest(peers, 4), least_scan);
    ratio(what, "best peer, ours redacting", redact, bench_fastest(peers, 4), least_redact);
    ratio(what, "Hyperscan, both redacting", redact, with_redaction, 0);
}

int main(void)
{
    start_sides();
    if (!read_prose()) {
        printf("# no licences here: words instead\n");
        make_text(0, 0, false);
    }
    run("clean prose", 5, 0);
    make_text(13, 0, false);
    run("dense prose", 0, 5);
    make_text(0, 40, false);
    run("numbers and code", 0, 0);
    make_text(0, 0, true);
    run("UTF-8", 0, 0);
    printf("# %u short\n", bench_short_count);
    return 0;
}
