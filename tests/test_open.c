/* Open and close: memory, allocators, limits, dead handles; close against all that may run. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "build/tmp/test_open"

/* ---- memory -------------------------------------------------------------------------------- */

typedef struct counted {
    int allocations;
    int releases;
    size_t bytes;
    size_t alignment;
    bool fail;
} counted;

static void* counted_allocate(void* user, size_t size, size_t alignment)
{
    counted* c = (counted*)user;
    c->allocations++;
    c->bytes = size;
    c->alignment = alignment;
    return c->fail ? NULL : aligned_alloc(alignment, (size + alignment - 1) & ~(alignment - 1));
}

static void counted_release(void* user, void* memory, size_t size)
{
    counted* c = (counted*)user;
    c->releases += size == c->bytes ? 1 : 1000;
    free(memory);
}

static void count_notes(void* user, llmobs_note note, uint64_t count, const char* text)
{
    ((uint64_t*)user)[note] += text == llmobs_note_text(note) ? count : UINT64_MAX / 2;
}

static void test_allocator(void)
{
    llmobs_config config = pumped_config();
    uint64_t notes[LLMOBS_NOTE_COUNT] = {0};
    counted c;
    llmobs_result result;
    llmobs* obs;
    keeper kept;
    memset(&c, 0, sizeof c);
    config.allocator.allocate = counted_allocate;
    config.allocator.release = counted_release;
    config.allocator.user = &c;
    config.note = count_notes;
    config.note_user = notes;
    c.fail = true;
    ok(llmobs_open(&config, &result) == NULL, "no memory, no instance");
    is_int(result, LLMOBS_ERROR_MEMORY, "and it says so");
    is_int(notes[LLMOBS_NOTE_CONFIG_MEMORY], 1, "in a note, too");
    c.fail = false;
    c.allocations = 0;
    obs = open_kept(&config, &kept);
    is_int(c.allocations, 1, "open allocates once");
    is_int(c.bytes, llmobs_memory_needed(&config), "what it said it would");
    is_int(c.alignment, 64, "on a cache line");
    llmobs_span_end(llmobs_span_root(obs, "span"));
    (void)llmobs_flush(obs, 60000);
    ok(close_kept(obs, &kept), "close");
    is_int(c.allocations, 1, "nothing after it");
    is_int(c.releases, 0, "the block is parked");
    obs = open_kept(&config, &kept);
    is_int(c.allocations, 1, "and used anew");
    ok(close_kept(obs, &kept), "close");
    is_int(llmobs_release(), c.bytes, "release tells what it frees");
    is_int(c.releases, 1, "once");
    is_int(llmobs_release(), 0, "then there is nothing left");
}

static void test_host_memory(void)
{
    llmobs_config config = pumped_config();
    uint64_t notes[LLMOBS_NOTE_COUNT] = {0};
    size_t need = llmobs_memory_needed(&config);
    unsigned char* block = (unsigned char*)aligned_alloc(64, (need + 191) & ~(size_t)63);
    llmobs_result result;
    llmobs* obs;
    keeper kept;
    size_t i;
    int round;
    memset(block, 0x5a, need + 64);
    config.note = count_notes;
    config.note_user = notes;
    config.memory = block;
    config.memory_bytes = need - 1;
    ok(llmobs_open(&config, &result) == NULL, "a byte too few");
    is_int(result, LLMOBS_ERROR_MEMORY, "is too few");
    is_int(notes[LLMOBS_NOTE_CONFIG_MEMORY], 1, "with a note that names the field");
    config.memory_bytes = need;
    config.memory = block + 8;
    ok(llmobs_open(&config, &result) == NULL, "not on a cache line");
    is_int(result, LLMOBS_ERROR_ARGUMENT, "is an error");
    config.memory = block;
    for (round = 0; round < 2; round++) {
        obs = open_kept(&config, &kept);
        for (i = 0; i < 1000; i++) {
            llmobs_span_end(llmobs_span_root(obs, "span"));
            (void)llmobs_tick(obs);
        }
        ok(close_kept(obs, &kept), "the exact size will do");
    }
    for (i = need; i < need + 64 && block[i] == 0x5a; i++) {
    }
    is_int(i, need + 64, "nothing is written behind it");
    is_int(llmobs_release(), 0, "the host's block is the host's");
    free(block);
}

static void test_pillars(void)
{
    size_t sum = 0;
    size_t caps = 0;
    size_t with_spans = llmobs_memory_needed(NULL);
    llmobs_config config = llmobs_config_default();
    size_t per_thread;
    int pillar;
#define ADD_CAP(name, text, cap) caps += (cap);
    LLMOBS_PILLARS(ADD_CAP)
#undef ADD_CAP
    for (pillar = -1; pillar <= (int)LLMOBS_PILLAR_COUNT; pillar++) {
        sum += llmobs_memory_of(NULL, (llmobs_pillar)pillar);
    }
    is_int(sum, with_spans, "the pillars sum to the whole");
    is_int(caps, 16777216, "their caps to 16 MiB");
    ok(with_spans <= caps, "by default all take no more");
    printf("# by default %zu bytes\n", with_spans);
    config.max_threads = 65;
    per_thread = llmobs_memory_needed(&config) - with_spans;
    ok(per_thread <= 1048576, "a thread at most 1 MiB");
    printf("# a thread %zu bytes\n", per_thread);
    config = llmobs_config_default();
    config.span_slots = LLMOBS_OFF;
    ok(llmobs_memory_needed(&config) < with_spans - 4096 * 512, "without spans, no slots");
    config = llmobs_config_default();
    config.span_slots = UINT32_MAX - 1;
    config.max_threads = UINT32_MAX;
    config.queue_bytes = UINT32_MAX;
    config.max_exporters = UINT32_MAX;
    config.name_bytes = UINT32_MAX;
    ok(llmobs_memory_needed(&config) > (sizeof(size_t) > 4 ? UINT32_MAX : SIZE_MAX - 1),
       "absurd sizes are brought into range, or can't be had");
}

static void test_off(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    llmobs_span_info info = llmobs_span_info_default();
    config.span_slots = LLMOBS_OFF;
    obs = open_kept(&config, &kept);
    span = llmobs_span_root(obs, "span");
    is_int(span.instance, 0, "spans that are off are inert");
    is_int(llmobs_span_begin(obs, &info).instance, 0, "however they begin");
    is_int(llmobs_thread_attach(obs), LLMOBS_OK, "a thread may attach");
    ok(llmobs_name_n(obs, "name", 4) != NULL, "names are there");
    span.instance = llmobsi_ticket(obs); /* a handle that nobody was given */
    llmobs_span_set_int(span, "a", 1);
    llmobs_span_end(span);
    ok(!llmobs_span_is_recording(span), "nothing records");
    is_int(llmobs_flush(obs, 100), LLMOBS_OK, "flush is fine");
    is_int(kept.count, 0, "nothing arrives");
    ok(close_kept(obs, &kept), "close");
}

/* With every part on, an instance has as many locks as there is room for where they are listed. */
static void test_locks(void)
{
    llmobs_config config = llmobs_config_default();
    llmobsi_lock* locks[LLMOBS_I_LOCKS + 8];
    llmobs* obs;
    (void)mkdir("build/tmp", 0777);
    (void)mkdir(FOLDER, 0777);
    config.price_bytes = 65536;
    config.budgets = 4;
    config.captures = 4;
    config.drift_detectors = 16;
    config.drift_dimensions = LLMOBS_OFF;
    config.state_file = FOLDER "/state";
    obs = llmobs_open(&config, NULL);
    ok(obs != NULL, "every part is on");
    is_int(llmobsi_locks_of(llmobsi_instance_of(
                                llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder),
                            locks),
           LLMOBS_I_LOCKS, "and all locks have room");
    (void)llmobs_close(obs);
    (void)unlink(FOLDER "/state");
}

static void test_limit(void)
{
    llmobs_config config = pumped_config();
    uint64_t notes[LLMOBS_NOTE_COUNT] = {0};
    llmobs* obs[LLMOBS_MAX_INSTANCES + 1];
    keeper kept;
    llmobs_result result;
    int i;
    config.note = count_notes;
    config.note_user = notes;
    for (i = 0; i < LLMOBS_MAX_INSTANCES; i++) {
        obs[i] = llmobs_open(&config, &result);
        llmobs_span_end(llmobs_span_root(obs[i], "span"));
    }
    is_int(result, LLMOBS_OK, "as many instances as there may be");
    ok(llmobs_open(&config, &result) == NULL, "and no more");
    is_int(result, LLMOBS_ERROR_LIMIT, "which is an error");
    is_int(notes[LLMOBS_NOTE_INSTANCES], 1, "with a note");
    is_int(llmobs_close(obs[3]), LLMOBS_OK, "one goes");
    obs[3] = open_kept(&config, &kept);
    llmobs_span_end(llmobs_span_root(obs[3], "span"));
    (void)llmobs_flush(obs[3], 60000);
    is_int(kept.count, 1, "another comes");
    ok(close_kept(obs[3], &kept), "close");
    for (i = 0; i < LLMOBS_MAX_INSTANCES; i++) {
        is_int(llmobs_close(obs[i]), LLMOBS_OK, "close");
    }
}

/* ---- misuse -------------------------------------------------------------------------------- */

static size_t misuse_calls;

/* Every call on a span, with hostile arguments. */
static void misuse_span(llmobs_span span)
{
    static const char* const texts[] = {NULL, "", "a", "\xff\xfe", "\xed\xa0\x80"};
    llmobs_attribute odd[3];
    llmobs_trace_context context;
    size_t i;
    for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char* text = texts[i];
        llmobs_span_set_string(span, text, text);
        llmobs_span_set_string_n(span, text, text, 0);
        llmobs_span_set_string_n(span, text, text, LLMOBS_NUL_TERMINATED);
        llmobs_span_set_int(span, text, INT64_MIN);
        llmobs_span_set_double(span, text, -1e308);
        llmobs_span_set_bool(span, text, true);
        llmobs_span_set_strings(span, text, NULL, SIZE_MAX);
        llmobs_span_set_strings(span, text, texts, 5);
        odd[0] = llmobs_attribute_string(text, text);
        odd[1] = llmobs_attribute_strings(text, NULL, 3);
        odd[2] = llmobs_attribute_int(text, 1);
        odd[2].type = (llmobs_type)-1;
        llmobs_span_set(span, odd, 3);
        llmobs_span_set(span, NULL, SIZE_MAX);
        llmobs_span_event(span, text);
        llmobs_span_event_with(span, text, odd, 3);
        llmobs_span_event_with(span, text, NULL, SIZE_MAX);
        llmobs_span_set_status(span, (llmobs_status)i, text);
        llmobs_span_set_name(span, text);
        llmobs_span_set_kind(span, (llmobs_kind)(i * 1000));
        llmobs_span_end(llmobs_span_child(span, text));
        misuse_calls += 17;
    }
    llmobs_span_link(span, NULL);
    (void)llmobs_span_context(span, NULL);
    (void)llmobs_span_context(span, &context);
    llmobs_span_link(span, &context);
    llmobs_span_link_to(span, span);
    (void)llmobs_span_is_recording(span);
    llmobs_span_end(llmobs_span_next(span, NULL));
    llmobs_span_end(span);
    llmobs_span_end(span);
    misuse_calls += 9;
}

/* Every call on an instance. Returns how many answered as a closed one must. */
static int misuse_instance(llmobs* obs)
{
    llmobs_span_info info = llmobs_span_info_default();
    llmobs_stats stats;
    int right = 0;
    misuse_span(llmobs_span_root(obs, NULL));
    misuse_span(llmobs_span_begin(obs, NULL));
    info.size = 1;
    misuse_span(llmobs_span_begin(obs, &info));
    info.size = SIZE_MAX;
    info.attribute_count = SIZE_MAX;
    info.traceparent = "\xff";
    info.tracestate = "\xff";
    misuse_span(llmobs_span_begin(obs, &info));
    right += llmobs_name_n(obs, NULL, 5) == NULL;
    right += llmobs_name_n(obs, "text", 4) == NULL;
    right += llmobs_thread_attach(obs) == LLMOBS_ERROR_CLOSED;
    right += llmobs_tick(obs) == LLMOBS_ERROR_CLOSED;
    right += llmobs_flush(obs, 0) == LLMOBS_ERROR_CLOSED;
    right += llmobs_flush(obs, UINT32_MAX) == LLMOBS_ERROR_CLOSED;
    right += llmobs_export_to(obs, NULL, NULL) == LLMOBS_ERROR_ARGUMENT;
    right += llmobs_export_to(obs, keep, NULL) == LLMOBS_ERROR_CLOSED;
    right += llmobs_exporter_add(obs, NULL) == LLMOBS_ERROR_ARGUMENT;
    right += llmobs_stats_read(obs, NULL) == LLMOBS_ERROR_ARGUMENT;
    memset(&stats, 0x5a, sizeof stats);
    stats.size = sizeof stats;
    right += llmobs_stats_read(obs, &stats) == LLMOBS_ERROR_CLOSED && stats.started == 0;
    stats.size = 0;
    (void)llmobs_stats_read(obs, &stats);
    right += stats.size == sizeof stats;
    right += llmobs_close(obs) == LLMOBS_OK;
    memset(&stats, 0x5a, sizeof stats);
    stats.size = sizeof stats;
    right += llmobs_close_with_stats(obs, &stats) == LLMOBS_OK && stats.started == 0;
    misuse_calls += 14;
    return right;
}

static void test_misuse(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span live = llmobs_span_root(obs, "live");
    llmobs_span forged;
    uint64_t seed = 1;
    int i;
    is_int(misuse_instance(NULL), 14, "no instance: every call is inert");
    is_int(misuse_instance((llmobs*)(uintptr_t)0xdeadbeef), 14, "garbage: every call is inert");
    is_int(misuse_instance((llmobs*)UINTPTR_MAX), 14, "more garbage: every call is inert");
    memset(&forged, 0, sizeof forged);
    misuse_span(forged);
    for (i = 0; i < 200; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        forged = live;
        forged.slot = i % 3 == 0 ? (uint32_t)(seed >> 33) : live.slot;
        forged.generation = i % 3 == 1 ? seed : live.generation ^ ((uint64_t)1 << (i % 64));
        misuse_span(forged);
    }
    forged = live;
    forged.instance = 0x12345678;
    misuse_span(forged);
    memset(&forged, 0xff, sizeof forged);
    misuse_span(forged);
    ok(llmobs_span_is_recording(live), "a live span is none the worse");
    llmobs_span_end(live);
    (void)llmobs_flush(obs, 60000);
    ok(kept_span(&kept, "live") != NULL && kept_span(&kept, "live")->attribute_count == 0,
       "nothing of it came to another span");
    ok(account_balances(obs), "the account balances");
    for (i = 0; i < 20; i++) {
        misuse_span(llmobs_span_root(obs, "misused"));
        (void)llmobs_flush(obs, 60000);
    }
    ok(close_kept(obs, &kept), "all that was exported is well formed");
    is_int(misuse_instance(obs), 14, "a closed instance: every call is inert");
    misuse_span(live);
    ok(misuse_calls > 2000, "more than 2,000 hostile calls");
    is_str(llmobs_result_name((llmobs_result)-77), "unknown result", "no result");
    is_str(llmobs_note_text((llmobs_note)-1), "unknown note", "no note");
    is_str(llmobs_drop_name(LLMOBS_DROP_COUNT), "unknown", "no drop");
    is_str(llmobs_loss_name((llmobs_loss)-1), "unknown", "no loss");
}

static bool write_file(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

static llmobs_export_result to_stdio(void* user, const llmobs_batch* batch)
{
    return llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, write_file, user) == LLMOBS_OK
               ? LLMOBS_EXPORT_OK
               : LLMOBS_EXPORT_DROP;
}

/* What misuse leaves behind, read by somebody else's JSON reader. */
static void test_misuse_output(void)
{
    llmobs_config config = pumped_config();
    llmobs* obs = llmobs_open(&config, NULL);
    char answer[64] = "";
    FILE* file;
    int i;
    (void)system("mkdir -p " FOLDER);
    file = fopen(FOLDER "/misuse.jsonl", "w");
    (void)llmobs_export_to(obs, to_stdio, file);
    for (i = 0; i < 50; i++) {
        misuse_span(llmobs_span_root(obs, i % 2 ? "misused" : "\xc3"));
        (void)llmobs_flush(obs, 60000);
    }
    (void)llmobs_close(obs);
    (void)fclose(file);
    file = system("perl -e 1") == 0
               ? popen("perl tests/check_otlp.pl " FOLDER "/misuse.jsonl 2>&1", "r")
               : NULL;
    if (file == NULL) {
        skip("what misuse leaves is valid OTLP/JSON", "perl does not run here");
        return;
    }
    if (fgets(answer, sizeof answer, file) == NULL) {
        answer[0] = '\0';
    }
    is_int(pclose(file), 0, "what misuse leaves is valid OTLP/JSON");
    printf("# %s", answer);
}

/* ---- handles over a re-open ---------------------------------------------------------------- */

static void test_reopen(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* old = open_kept(&config, &kept);
    llmobs* obs;
    llmobs_span stale = llmobs_span_root(old, "stale");
    const char* name = llmobs_name_n(old, "kept name", 9);
    llmobs_stats stats;
    ok(name != NULL, "a name");
    stats.size = sizeof stats;
    is_int(llmobs_close_with_stats(old, &stats), LLMOBS_OK, "close with a live span");
    is_int(stats.dropped[LLMOBS_DROP_CLOSED], 1, "it is counted");
    keeper_clear(&kept);
    obs = open_kept(&config, &kept);
    ok(obs != old, "another ticket");
    llmobs_span_set_int(stale, "a", 1);
    llmobs_span_end(stale);
    is_int(llmobs_span_child(stale, "child").instance, 0, "a handle of the old one is inert");
    is_int(llmobs_flush(old, 10), LLMOBS_ERROR_CLOSED, "and so is the old instance");
    is_int(llmobs_close(old), LLMOBS_OK, "which can be closed again");
    llmobs_span_end(llmobs_span_root(obs, "fresh"));
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 1, "the new one works");
    stats = stats_of(obs);
    is_int(stats.started, 1, "with an account of its own");
    is_int(stats.inert_calls, 0, "in which the old one does not show");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- close against all that may run -------------------------------------------------------- */

typedef struct arena_of_strife {
    llmobsi_atomic64 obs;
    llmobsi_atomic32 stop;
    llmobsi_atomic64 spans;
} arena_of_strife;

static llmobs_export_result swallow(void* user, const llmobs_batch* batch)
{
    (void)llmobsi_add_relaxed((llmobsi_atomic64*)user, batch->span_count);
    return LLMOBS_EXPORT_OK;
}

static void* strive(void* argument)
{
    arena_of_strife* a = (arena_of_strife*)argument;
    unsigned turn = (unsigned)(uintptr_t)&turn >> 4;
    while (llmobsi_load_relaxed(&a->stop) == 0) {
        llmobs* obs = (llmobs*)(uintptr_t)llmobsi_load_acquire(&a->obs);
        llmobs_span span = llmobs_span_root(obs, "span");
        llmobs_span child = llmobs_span_child(span, "child");
        llmobs_span_set_int(child, "n", turn);
        child = llmobs_span_next(child, "next");
        llmobs_span_end(child);
        llmobs_span_end(span);
        switch (turn++ % 64) {
            case 0: (void)llmobs_flush(obs, 20); break;
            case 7: (void)llmobs_tick(obs); break;
            case 13: (void)llmobs_name_n(obs, "name", 4); break;
            case 23: (void)llmobs_export_to(obs, swallow, &a->spans); break;
            case 31: (void)stats_of(obs); break;
            case 43: (void)llmobs_close(obs); break;
            default: break;
        }
    }
    return NULL;
}

static void test_strife(void)
{
    enum { THREADS = 8 };
    llmobs_config config = llmobs_config_default();
    static arena_of_strife a;
    pthread_t threads[THREADS];
    long cycles = sized(150);
    long cycle;
    long wrong = 0;
    int i;
    config.span_slots = 256;
    config.max_threads = 16;
    config.queue_bytes = 65536;
    config.tick_ms = 1;
    for (i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, strive, &a);
    }
    for (cycle = 0; cycle < cycles; cycle++) {
        llmobs_stats stats;
        llmobs* obs;
        llmobs_result result;
        config.host_pumped = cycle % 3 == 0;
        obs = llmobs_open(&config, &result);
        /* A close of one of the threads may still be at the last one. */
        if (obs == NULL) {
            wrong += result != LLMOBS_ERROR_LIMIT;
            continue;
        }
        llmobsi_store_release(&a.obs, (uint64_t)(uintptr_t)obs);
        (void)llmobs_export_to(obs, swallow, &a.spans);
        llmobs_span_end(llmobs_span_root(obs, "span"));
        if (cycle % 4 == 0) {
            (void)usleep(500);
        }
        stats.size = sizeof stats;
        result = llmobs_close_with_stats(obs, &stats);
        wrong += result != LLMOBS_OK || !balances(&stats) || stats.live + stats.ended != 0;
        wrong += stats.exporter_count != 0 && stats.exporters[0].queued != 0;
        if (result != LLMOBS_OK) {
            printf("# %s\n", llmobs_result_name(result));
        }
    }
    llmobsi_store_relaxed(&a.stop, 1);
    for (i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    is_int(wrong, 0, "open and close against recorders, flushers, closers: each account balances");
    printf("# %ld cycles, %llu spans\n", cycles, (unsigned long long)a.spans);
}

/* Exporters that are added while the instance closes: each that got in is closed, once. */
typedef struct adders {
    llmobsi_atomic64 obs;
    llmobsi_atomic32 stop;
    llmobsi_atomic64 added;
    llmobsi_atomic64 closed;
    llmobsi_atomic64 spans;
} adders;

static llmobs_export_result count_spans(void* user, const llmobs_batch* batch)
{
    (void)llmobsi_add_relaxed(&((adders*)user)->spans, batch->span_count);
    return LLMOBS_EXPORT_OK;
}

static void count_closed(void* user)
{
    (void)llmobsi_add_relaxed(&((adders*)user)->closed, 1);
}

static void* keep_adding(void* argument)
{
    adders* a = (adders*)argument;
    llmobs_exporter exporter = llmobs_exporter_default();
    exporter.export_batch = count_spans;
    exporter.close = count_closed;
    exporter.user = a;
    while (llmobsi_load_relaxed(&a->stop) == 0) {
        llmobs* obs = (llmobs*)(uintptr_t)llmobsi_load_acquire(&a->obs);
        if (llmobs_exporter_add(obs, &exporter) == LLMOBS_OK) {
            (void)llmobsi_add_relaxed(&a->added, 1);
        }
    }
    return NULL;
}

static void test_adders(void)
{
    llmobs_config config = pumped_config();
    static adders a;
    pthread_t threads[2];
    long wrong = 0;
    long i;
    config.host_pumped = false;
    config.max_exporters = 16;
    config.span_slots = 64;
    config.queue_bytes = 65536;
    for (i = 0; i < 2; i++) {
        (void)pthread_create(&threads[i], NULL, keep_adding, &a);
    }
    for (i = 0; i < sized(400); i++) {
        llmobs* obs = llmobs_open(&config, NULL);
        llmobsi_store_release(&a.obs, (uint64_t)(uintptr_t)obs);
        (void)usleep((unsigned)(i % 20) * 20);
        wrong += llmobs_close(obs) != LLMOBS_OK;
    }
    llmobsi_store_relaxed(&a.stop, 1);
    for (i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    is_int(wrong, 0, "close against those who add exporters");
    is_int(a.closed, a.added, "each exporter that was added is closed, once");
    ok(a.added > 0, "there were some");
}

int main(void)
{
    test_allocator();
    test_host_memory();
    test_pillars();
    test_off();
    test_locks();
    test_limit();
    test_misuse();
    test_misuse_output();
    test_reopen();
    test_strife();
    test_adders();
    (void)llmobs_release();
    return done();
}
