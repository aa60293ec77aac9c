/* The log line of an interaction: 552 bytes, full escaping, from what is known of it; then with
   the HMAC of an input of 1 KiB and an output of 2 KiB; and what recording one costs the caller.
   Against spdlog, snprintf, yyjson and the article's own Python. */
#define LLMOBS_IMPLEMENTATION
#include "../llmobs.h"

#include "bench.h"
#include "peer_spdlog.h"

#ifdef HAVE_OPENSSL
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include <openssl/evp.h>
#include <openssl/hmac.h>
#endif
#ifdef HAVE_YYJSON
#include <yyjson.h>
#endif

#define INPUT 1024u
#define OUTPUT 2048u
#define HASH 48u /* "hmac-sha256:k1:" and 32 digits, with a NUL */

static char input[INPUT], output[OUTPUT];
static char input_hash[HASH], output_hash[HASH];
static const uint8_t secret[32] = "a key of thirty-two octets, so..";
static llmobs_hmac_key key;
static llmobs_interaction interaction;
static llmobs_trace_context context;
static peer_record record;
static char out[4096];
static size_t out_size;

/* ---- ours ---------------------------------------------------------------------------------- */

static bool keep_line(void* user, const char* data, size_t size)
{
    (void)user;
    bench_keep(data);
    out_size += size;
    return true;
}

#define RECORDS 64u
static llmobs_log_view views[RECORDS];

/* As the file exporter writes them: batches, some of a second. */
static void batch_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times > 0) {
        llmobs_batch batch;
        memset(&batch, 0, sizeof batch);
        batch.logs = views;
        batch.log_count = times < RECORDS ? times : RECORDS;
        times -= (uint32_t)batch.log_count;
        (void)llmobs_encode_log_json(&batch, LLMOBS_LOG_STYLE_DEFAULT, keep_line, NULL);
    }
}

static void line_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times-- > 0) {
        interaction.unix_ns += 1001;
        out_size = llmobs_interaction_line(&interaction, &context, LLMOBS_LOG_STYLE_DEFAULT, out,
                                           sizeof out);
        bench_keep(out);
    }
}

static void article_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times-- > 0) {
        (void)llmobs_interaction_line(&interaction, NULL, LLMOBS_LOG_STYLE_ARTICLE, out,
                                      sizeof out);
        bench_keep(out);
    }
}

static void tags_of(uint8_t tags[2][32])
{
    llmobs_hmac_of_two(&key, input, INPUT, tags[0], &key, output, OUTPUT, tags[1]);
}

static void pair_body(void* unused, uint32_t times)
{
    uint8_t tags[2][32];
    (void)unused;
    while (times-- > 0) {
        tags_of(tags);
        bench_keep(tags);
    }
}

static void hash_texts(uint8_t tags[2][32])
{
    (void)llmobsi_append_hex(input_hash + 15, tags[0], 16);
    (void)llmobsi_append_hex(output_hash + 15, tags[1], 16);
}

static void hashed_line_body(void* unused, uint32_t times)
{
    uint8_t tags[2][32];
    (void)unused;
    while (times-- > 0) {
        tags_of(tags);
        hash_texts(tags);
        line_body(NULL, 1);
    }
}

/* ---- peers --------------------------------------------------------------------------------- */

static int print_line(void)
{
    struct timespec now;
    struct tm utc;
    char second[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", &utc);
    return snprintf(
        out, sizeof out,
        "{\"schema\":\"llmobs.interaction/1\",\"timestamp\":\"%s.%09ldZ\",\"severity\":\"INFO\","
        "\"request_id\":\"%s\",\"user_id\":\"%s\",\"model\":\"%s\",\"tokens\":{\"input\":%lld,"
        "\"output\":%lld},\"cost_usd\":%.6f,\"latency_ms\":%.6f,\"guardrails\":{\"passed\":true,"
        "\"triggered\":[]},\"finish_reason\":\"%s\",\"input_hash\":\"%s\",\"output_hash\":\"%s\","
        "\"input_length\":%lld,\"output_length\":%lld,\"trace_id\":\"%s\",\"span_id\":\"%s\"}\n",
        second, now.tv_nsec, record.request_id, record.user_id, record.model, record.input_tokens,
        record.output_tokens, record.cost_usd, record.latency_ms, record.finish_reason,
        record.input_hash, record.output_hash, record.input_length, record.output_length,
        record.trace_id, record.span_id);
}

static void snprintf_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times-- > 0) {
        out_size = (size_t)print_line();
        bench_keep(out);
    }
}

#ifdef HAVE_SPDLOG
static void spdlog_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times-- > 0) {
        peer_spdlog_line(&record);
    }
}
#endif

#ifdef HAVE_OPENSSL
/* Keyed once, as ours is: EVP_MAC is slower. */
static HMAC_CTX* openssl_key;

static void openssl_tag(const char* data, size_t size, uint8_t* tag)
{
    unsigned length;
    HMAC_Init_ex(openssl_key, NULL, 0, NULL, NULL);
    HMAC_Update(openssl_key, (const unsigned char*)data, size);
    HMAC_Final(openssl_key, tag, &length);
}

static void openssl_tags(uint8_t tags[2][32])
{
    openssl_tag(input, INPUT, tags[0]);
    openssl_tag(output, OUTPUT, tags[1]);
}

#ifdef HAVE_SPDLOG
static void spdlog_hashed_body(void* unused, uint32_t times)
{
    uint8_t tags[2][32];
    (void)unused;
    while (times-- > 0) {
        openssl_tags(tags);
        hash_texts(tags);
        peer_spdlog_line(&record);
    }
}
#endif

static void snprintf_hashed_body(void* unused, uint32_t times)
{
    uint8_t tags[2][32];
    (void)unused;
    while (times-- > 0) {
        openssl_tags(tags);
        hash_texts(tags);
        snprintf_body(NULL, 1);
    }
}
#endif

#ifdef HAVE_YYJSON
/* A document in a pool of its own, written into another: its quickest way. */
static void yyjson_line(void)
{
    static char memory[16384], text[8192];
    yyjson_alc pool, writing;
    yyjson_mut_doc* doc;
    yyjson_mut_val *root, *tokens, *guardrails;
    char time[32];
    char* cursor;
    static llmobsi_second second; /* as quick as ours: yyjson has no times */
    size_t size;
    char* line;
    yyjson_alc_pool_init(&pool, memory, sizeof memory);
    yyjson_alc_pool_init(&writing, text, sizeof text);
    doc = yyjson_mut_doc_new(&pool);
    root = yyjson_mut_obj(doc);
    yyjson_mut_doc_set_root(doc, root);
    cursor = llmobsi_append_time(time, &second, interaction.unix_ns);
    yyjson_mut_obj_add_str(doc, root, "schema", "llmobs.interaction/1");
    yyjson_mut_obj_add_strn(doc, root, "timestamp", time, (size_t)(cursor - time));
    yyjson_mut_obj_add_str(doc, root, "severity", "INFO");
    yyjson_mut_obj_add_str(doc, root, "request_id", record.request_id);
    yyjson_mut_obj_add_str(doc, root, "user_id", record.user_id);
    yyjson_mut_obj_add_str(doc, root, "model", record.model);
    tokens = yyjson_mut_obj_add_obj(doc, root, "tokens");
    yyjson_mut_obj_add_int(doc, tokens, "input", record.input_tokens);
    yyjson_mut_obj_add_int(doc, tokens, "output", record.output_tokens);
    yyjson_mut_obj_add_real(doc, root, "cost_usd", record.cost_usd);
    yyjson_mut_obj_add_real(doc, root, "latency_ms", record.latency_ms);
    guardrails = yyjson_mut_obj_add_obj(doc, root, "guardrails");
    yyjson_mut_obj_add_bool(doc, guardrails, "passed", true);
    yyjson_mut_obj_add_arr(doc, guardrails, "triggered");
    yyjson_mut_obj_add_str(doc, root, "finish_reason", record.finish_reason);
    yyjson_mut_obj_add_str(doc, root, "input_hash", record.input_hash);
    yyjson_mut_obj_add_str(doc, root, "output_hash", record.output_hash);
    yyjson_mut_obj_add_int(doc, root, "input_length", record.input_length);
    yyjson_mut_obj_add_int(doc, root, "output_length", record.output_length);
    yyjson_mut_obj_add_str(doc, root, "trace_id", record.trace_id);
    yyjson_mut_obj_add_str(doc, root, "span_id", record.span_id);
    line = yyjson_mut_write_opts(doc, YYJSON_WRITE_NEWLINE_AT_END, &writing, &size, NULL);
    memcpy(out, line, size);
    out_size = size;
}

static void yyjson_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times-- > 0) {
        interaction.unix_ns += 1001;
        yyjson_line();
        bench_keep(out);
    }
}
#endif

/* ---- recording ----------------------------------------------------------------------------- */

static llmobs* obs;
static llmobs_span span;

static llmobs_export_result take(void* user, const llmobs_batch* batch)
{
    *(uint64_t*)user += batch->log_count;
    return LLMOBS_EXPORT_OK;
}

static void tick(void* unused)
{
    (void)unused;
    (void)llmobs_flush(obs, 1000);
}

static void record_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times-- > 0) {
        llmobs_log_interaction(obs, span, &interaction);
    }
}

/* As the end of a request does it: inside already, ids known. */
static void record_inside_body(void* unused, uint32_t times)
{
    llmobsi_thread* thread = llmobsi_enter_to_log(llmobsi_ticket(obs));
    llmobsi_lineage lineage;
    (void)unused;
    llmobsi_log_lineage(thread, span, &lineage);
    while (times-- > 0) {
        llmobsi_log_interaction(thread, &lineage, &interaction);
    }
    llmobsi_leave();
}

static void log_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times-- > 0) {
        llmobs_log(obs, LLMOBS_SEVERITY_WARN, "queue.full", "the queue of a worker is full");
    }
}

static void quiet_log_body(void* unused, uint32_t times)
{
    (void)unused;
    while (times-- > 0) {
        llmobs_log(obs, LLMOBS_SEVERITY_DEBUG, "queue.full", "the queue of a worker is full");
    }
}

/* ---- the article's Python ------------------------------------------------------------------ */

static bool python_ns(double* plain, double* hashed)
{
    FILE* pipe = popen("python3 bench/peer_article.py 2>/dev/null", "r");
    bool read = pipe != NULL && fscanf(pipe, "%lf %lf", plain, hashed) == 2;
    return (pipe != NULL && pclose(pipe) == 0) && read;
}

static void python_ratio(const char* name, const bench_case* ours, double python, double least)
{
    int kind;
    char target[40];
    snprintf(target, sizeof target, ">= %g", least);
    for (kind = 0; kind < BENCH_KINDS; kind++) {
        if (ours->median[kind] > 0) {
            double ratio = python / ours->median[kind];
            bench_line(name, bench_kind_names[kind], ratio, "x", least > 0 ? target : NULL,
                       ratio >= least);
        }
    }
}

/* ---- main ---------------------------------------------------------------------------------- */

static void fill(void)
{
    uint8_t tags[2][32];
    uint32_t i;
    memset(input, 'x', sizeof input);
    memset(output, 'y', sizeof output);
    llmobs_hmac_key_init(&key, secret, sizeof secret);
    strcpy(input_hash, "hmac-sha256:k1:");
    strcpy(output_hash, "hmac-sha256:k1:");
    tags_of(tags);
    hash_texts(tags);
    interaction = llmobs_interaction_default();
    interaction.unix_ns = UINT64_C(1768471200123456789);
    interaction.request_id = llmobs_str("req-000017");
    interaction.user_id = llmobs_str("u-42");
    interaction.model = llmobs_str("gpt-4o-mini");
    interaction.finish_reason = llmobs_str("stop");
    interaction.input_hash = llmobs_str(input_hash);
    interaction.output_hash = llmobs_str(output_hash);
    interaction.input_tokens = 812;
    interaction.output_tokens = 96;
    interaction.cost_known = true;
    interaction.cost_nano = 12345600;
    interaction.latency_ns = 812345678;
    interaction.input_length = INPUT;
    interaction.output_length = OUTPUT;
    (void)llmobs_trace_context_parse(&context,
                                     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                     LLMOBS_NUL_TERMINATED, NULL, 0);
    for (i = 0; i < RECORDS; i++) {
        memset(&views[i], 0, sizeof views[i]);
        memcpy(views[i].trace_id, context.trace_id, 16);
        memcpy(views[i].span_id, context.span_id, 8);
        views[i].unix_ns = interaction.unix_ns;
        views[i].severity = LLMOBS_SEVERITY_INFO;
        views[i].interaction = &interaction;
    }
    record.request_id = interaction.request_id.data;
    record.user_id = interaction.user_id.data;
    record.model = interaction.model.data;
    record.finish_reason = interaction.finish_reason.data;
    record.input_hash = input_hash;
    record.output_hash = output_hash;
    record.trace_id = "0af7651916cd43dd8448eb211c80319c";
    record.span_id = "b7ad6b7169203331";
    record.input_tokens = interaction.input_tokens;
    record.output_tokens = interaction.output_tokens;
    record.cost_usd = 0.0123456;
    record.latency_ms = 812.345678;
    record.input_length = INPUT;
    record.output_length = OUTPUT;
}

static bench_set lines, hashes, recording;

static void tell_sizes(void)
{
    line_body(NULL, 1);
    printf("# a line has %zu bytes", out_size);
#ifdef HAVE_SPDLOG
    peer_spdlog_line(&record);
    printf(", spdlog's %zu", peer_spdlog_size());
#endif
#ifdef HAVE_YYJSON
    yyjson_line();
    printf(", yyjson's %zu", out_size);
#endif
    printf(", snprintf's %d\n", print_line());
}

static void bench_lines(double python)
{
    bench_case* batch = bench_add(&lines, "log line, in a batch", batch_body, NULL);
    bench_case* line = bench_add(&lines, "log line, alone", line_body, NULL);
    bench_case* article = bench_add(&lines, "the article's line, alone", article_body, NULL);
    bench_case* printed = bench_add(&lines, "snprintf, no escaping", snprintf_body, NULL);
    bench_case* spdlog = NULL;
    bench_case* yyjson = NULL;
#ifdef HAVE_SPDLOG
    spdlog = bench_add(&lines, "spdlog, no escaping", spdlog_body, NULL);
#endif
#ifdef HAVE_YYJSON
    yyjson = bench_add(&lines, "yyjson", yyjson_body, NULL);
#endif
    bench_run(&lines);
    bench_print(batch, 0);
    bench_print(line, 0);
    bench_print(article, 0);
    bench_print(printed, 0);
    bench_ratio("log line: snprintf / llmobs", batch, printed, 0);
    if (spdlog != NULL) {
        bench_print(spdlog, 0);
    }
    bench_ratio("log line: spdlog / llmobs", batch, spdlog, 5);
    if (yyjson != NULL) {
        bench_print(yyjson, 0);
    }
    bench_ratio("log line: yyjson / llmobs", batch, yyjson, 3);
    if (python > 0) {
        python_ratio("log line: the article's Python / llmobs", batch, python, 80);
    }
}

static void bench_hashes(double python)
{
    bench_case* pair = bench_add(&hashes, "HMAC of 1 and 2 KiB, at once", pair_body, NULL);
    bench_case* ours = bench_add(&hashes, "both and the line", hashed_line_body, NULL);
    bench_case* printed = NULL;
    bench_case* spdlog = NULL;
#ifdef HAVE_OPENSSL
    printed = bench_add(&hashes, "OpenSSL's HMACs and snprintf", snprintf_hashed_body, NULL);
#ifdef HAVE_SPDLOG
    spdlog = bench_add(&hashes, "OpenSSL's HMACs and spdlog", spdlog_hashed_body, NULL);
#endif
#endif
    bench_run(&hashes);
    bench_print(pair, 0);
    bench_print(ours, 0);
    bench_ratio("with hashes: the pair alone / pair and line", ours, pair, 1 / 1.12);
    bench_ratio("with hashes: snprintf and OpenSSL / llmobs", ours, printed, 0);
    bench_ratio("with hashes: spdlog and OpenSSL / llmobs", ours, spdlog, 1.9);
    if (python > 0) {
        python_ratio("with hashes: the article's Python / llmobs", ours, python, 0);
    }
}

static bench_case* add_drained(const char* name, void (*body)(void*, uint32_t))
{
    bench_case* added = bench_add(&recording, name, body, NULL);
    added->before = tick;
    added->most_times = 800;
    return added;
}

static void bench_recording(void)
{
    static uint64_t taken;
    llmobs_config config = llmobs_config_default();
    llmobs_stats stats;
    bench_case *interactions, *inside, *logs, *quiet;
    config.host_pumped = true;
    obs = llmobs_open(&config, NULL);
    if (obs == NULL || llmobs_export_to(obs, take, &taken) != LLMOBS_OK) {
        fprintf(stderr, "bench_log: open\n");
        exit(1);
    }
    span = llmobs_span_root(obs, "request");
    interactions = add_drained("recording an interaction", record_body);
    inside = add_drained("recording an interaction, inside", record_inside_body);
    logs = add_drained("recording any event", log_body);
    quiet = add_drained("a log call below the level", quiet_log_body);
    quiet->most_times = 0;
    bench_run(&recording);
    bench_print(interactions, 0);
    bench_print(inside, 300);
    bench_print(logs, 0);
    bench_print(quiet, 0);
    llmobs_span_end(span);
    stats.size = sizeof stats;
    (void)llmobs_close_with_stats(obs, &stats);
    if (stats.log_records != taken || stats.dropped[LLMOBS_DROP_POOL] != 0) {
        fprintf(stderr, "bench_log: not all was recorded\n");
        exit(1);
    }
}

int main(void)
{
    double plain = 0, hashed = 0;
    if (!python_ns(&plain, &hashed)) {
        printf("# skipped: python3\n");
    } else {
        bench_line("the article's Python", "", plain, "ns", NULL, true);
        bench_line("the article's Python, with hashes", "", hashed, "ns", NULL, true);
    }
    fill();
#ifdef HAVE_SPDLOG
    peer_spdlog_open();
#else
    printf("# skipped: spdlog\n");
#endif
#ifndef HAVE_YYJSON
    printf("# skipped: yyjson\n");
#endif
#ifdef HAVE_OPENSSL
    openssl_key = HMAC_CTX_new();
    HMAC_Init_ex(openssl_key, secret, sizeof secret, EVP_sha256(), NULL);
#else
    printf("# skipped: openssl\n");
#endif
    tell_sizes();
    bench_lines(plain);
    bench_hashes(hashed);
    bench_recording();
    printf("# %u short\n", bench_short_count);
    return 0;
}
