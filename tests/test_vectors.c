/* The same bytes on every machine: what is hashed, written, decided and summed from fixed inputs,
   one SHA-256 each, against what x86-64 gave. A change of an output on purpose changes its digest
   here: the test prints the new one. */
#include "llmobs_private.h"

#include "tap.h"

#include "batch_sample.h"
#include "drifting.h"
#include "interaction_sample.h"
#include "keeper.h"
#include "meter.h"
#include "priced.h"

/* ---- digests ------------------------------------------------------------------------------- */

static llmobs_sha256 digest;
static size_t digested;

static bool digest_bytes(void* user, const char* data, size_t size)
{
    (void)user;
    llmobs_sha256_update(&digest, data, size);
    digested += size;
    return true;
}

/* Its bytes from the lowest, wherever this runs. */
static void digest_number(uint64_t number)
{
    char bytes[8];
    int i;
    for (i = 0; i < 8; i++) {
        bytes[i] = (char)(number >> 8 * i & 0xff);
    }
    (void)digest_bytes(NULL, bytes, sizeof bytes);
}

static void digest_real(double number)
{
    digest_number(llmobsi_double_bits(number));
}

static void digest_begin(void)
{
    llmobs_sha256_begin(&digest);
    digested = 0;
}

/* The first half of it is enough. */
static void digest_is(const char* want, const char* what)
{
    uint8_t bytes[LLMOBS_SHA256_SIZE];
    char got[33];
    llmobs_sha256_end(&digest, bytes);
    *llmobsi_append_hex(got, bytes, 16) = '\0';
    ok(digested > 0, "there are some bytes");
    is_str(got, want, what);
}

static void fill(uint8_t* bytes, size_t size)
{
    uint64_t state = 42;
    size_t i;
    for (i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(llmobsi_splitmix64(&state) >> 56);
    }
}

/* ---- hashes and decisions ------------------------------------------------------------------ */

static void test_hashes(void)
{
    uint8_t bytes[300], one[LLMOBS_SHA256_SIZE], other[LLMOBS_SHA256_SIZE];
    char hash[LLMOBS_HASH_UNKEYED_SIZE];
    llmobs_hmac_key key;
    size_t size;
    fill(bytes, sizeof bytes);
    digest_begin();
    for (size = 0; size < sizeof bytes; size++) {
        digest_number(llmobsi_hash64_own(bytes, size, size * UINT64_C(0x123456789abcdef)));
    }
    digest_is("7203aadbcf927cf3b4c1a9cbf23fc500", "the 64-bit hash");
    digest_begin();
    llmobs_hmac_key_init(&key, bytes, 32);
    for (size = 0; size < sizeof bytes; size++) {
        llmobs_sha256_of(bytes, size, one);
        (void)digest_bytes(NULL, (const char*)one, sizeof one);
        llmobs_sha256_of_two(bytes, size, one, bytes, sizeof bytes - size, other);
        (void)digest_bytes(NULL, (const char*)other, sizeof other);
        llmobs_hmac_of(&key, bytes, size, one);
        (void)digest_bytes(NULL, (const char*)one, sizeof one);
        (void)llmobs_hash_unkeyed((const char*)bytes, size, hash);
        (void)digest_bytes(NULL, hash, sizeof hash);
    }
    digest_is("f3b5bc6860643c45de02c4aecf845ffe", "SHA-256, HMAC, the unkeyed hash");
}

static void test_sampling(void)
{
    char id[32];
    uint32_t i, kept = 0;
    digest_begin();
    for (i = 0; i < 10000; i++) {
        const double ratio = (double)(i % 1001) / 1000.0;
        const uint64_t threshold = llmobs_sample_threshold(ratio);
        uint64_t randomness;
        (void)snprintf(id, sizeof id, "req-%u", (unsigned)i);
        randomness = llmobs_sample_randomness(id, strlen(id), i % 7);
        digest_number(threshold);
        digest_number(randomness);
        kept += llmobs_sample_keeps(threshold, randomness);
    }
    digest_number(kept);
    digest_is("c4a9992f846889145ea2af1117b057c2", "sampling");
}

/* ---- encoders ------------------------------------------------------------------------------ */

static void test_encoders(void)
{
    static sample_batch sample;
    const llmobs_interaction interaction = interaction_sample();
    sample_fill(&sample);
    digest_begin();
    (void)llmobs_encode(&sample.batch, LLMOBS_FORMAT_OTLP_JSON, digest_bytes, NULL);
    digest_is("ca3f0e85216b2b33d9a5ec627da7f567", "OTLP, JSON");
    digest_begin();
    (void)llmobs_encode(&sample.batch, LLMOBS_FORMAT_OTLP_PROTOBUF, digest_bytes, NULL);
    digest_is("2752bb278fe6ba591048a20d63de0b8e", "OTLP, protobuf");
    digest_begin();
    (void)llmobs_encode(&sample.batch, LLMOBS_FORMAT_CHROME, digest_bytes, NULL);
    digest_is("e1f37212851919bf249b1c1bf2c31915", "Chrome trace");
    digest_begin();
    (void)llmobs_interaction_write(&interaction, NULL, LLMOBS_LOG_STYLE_DEFAULT, digest_bytes,
                                   NULL);
    (void)llmobs_interaction_write(&interaction, NULL, LLMOBS_LOG_STYLE_ARTICLE, digest_bytes,
                                   NULL);
    digest_is("00fc3ebecaefb6af1c63382ce3d22815", "log lines");
}

static uint64_t fixed_clock(void* user)
{
    (void)user;
    return UINT64_C(1764000000123456789);
}

/* The rows of our own metrics: others tell of this process. */
static void digest_rows(char* text)
{
    char* row;
    for (row = strtok(text, "\n"); row != NULL; row = strtok(NULL, "\n")) {
        if (strncmp(row, "vector_", 7) == 0) {
            (void)digest_bytes(NULL, row, strlen(row) + 1);
        }
    }
}

static void test_metrics(void)
{
    static const double bounds[] = {0.001, 0.1, 1.0, 2.5, 1000.0};
    llmobs_config config = metered_config();
    llmobs* obs;
    llmobs_metric_info info =
        info_of("vector_exponential", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_DOUBLE);
    llmobs_histogram explicit_one, exponential;
    uint64_t state = 1;
    char* text;
    int i;
    config.clock.unix_ns = fixed_clock;
    obs = open_metered(&config);
    explicit_one = llmobs_histogram_get(
        define_bounds(obs, "vector_seconds", LLMOBS_NUMBER_DOUBLE, bounds, 5), NULL, 0);
    exponential = llmobs_histogram_get(define_info(obs, &info), NULL, 0);
    for (i = 0; i < 3000; i++) {
        const uint64_t bits = llmobsi_splitmix64(&state);
        const double value = (double)(bits >> 40) / (double)(1 + (bits & 0xfffff));
        llmobs_histogram_record(explicit_one, value);
        llmobs_histogram_record(exponential, value);
    }
    digest_begin();
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    digest_rows(text);
    free(text);
    text = scrape(obs, LLMOBS_OPENMETRICS);
    digest_rows(text);
    free(text);
    digest_is("1b760c68e51343aea2dbeb1f83db3189", "Prometheus text, OpenMetrics");
    (void)llmobs_close(obs);
}

/* ---- money --------------------------------------------------------------------------------- */

static void test_costs(void)
{
    llmobs* obs = open_priced(65536);
    int64_t sum = 0;
    int64_t i;
    is_int(load(obs, "{\"m\":{\"input_cost_per_token\":1.6000000000000001e-06,"
                     "\"output_cost_per_token\":2.34567e-06,"
                     "\"cache_read_input_token_cost\":1.2e-07}}"),
           LLMOBS_OK, "a table of prices");
    digest_begin();
    for (i = 0; i < 2000; i++) {
        llmobs_cost_query query = asked("m", i * 977 % 100003, i * 37 % 4001);
        query.usage.cached_tokens = query.usage.input_tokens / 3;
        sum += exact(obs, &query);
        digest_number((uint64_t)sum);
    }
    digest_is("f98fe5a9cababdeaf1a99127623f6a41", "what requests cost");
    (void)llmobs_close(obs);
}

/* ---- drift --------------------------------------------------------------------------------- */

enum { DIMENSION = 24, ROWS = 300, WINDOW = 200 };

static llmobs_drift_sample* sample_of_rows(void)
{
    llmobs_drift_sample* sample = drift_sample_new(DIMENSION, ROWS, 3);
    float row[DIMENSION];
    size_t i;
    for (i = 0; i < ROWS; i++) {
        llmobs_embedding embedding = drift_as_embedding(row, DIMENSION, i + 1, 0);
        drift_embedding(row, DIMENSION, 11, i, SHIFT_NONE);
        (void)llmobs_drift_sample_add(sample, &embedding);
    }
    return sample;
}

static void test_drift(void)
{
    llmobs_drift_sample* sample = sample_of_rows();
    llmobs_drift_baseline* baseline = drift_fit(sample, 16, 5);
    int shift;
    if (!ok(baseline != NULL, "a baseline")) {
        return;
    }
    digest_begin();
    (void)llmobs_drift_baseline_write(baseline, digest_bytes, NULL);
    digest_is("c6d1819413e843b27f2a618cc554cd54", "a drift baseline's file");
    digest_begin();
    for (shift = SHIFT_NONE; shift < SHIFT_COUNT; shift++) {
        llmobs_drift_window* window = drift_window_new(baseline, 0);
        llmobs_drift_result result;
        memset(&result, 0, sizeof result);
        result.size = sizeof result;
        drift_window_fill(window, baseline, 77, shift, 0, WINDOW);
        (void)llmobs_drift_test(baseline, window, 0.0, &result);
        digest_real(result.p);
        digest_real(result.p_centroid);
        digest_real(result.p_distance);
        digest_real(result.p_topic);
        digest_real(result.p_tail);
        digest_real(result.topic_residual);
        digest_real(result.mean_distance);
        digest_real(result.mean_deviation);
        digest_number(result.votes);
        free(window);
    }
    digest_is("8f4c8876bbc096999e53847cdab143ee", "windows of drift");
    free(baseline);
    free(sample);
}

static void test_functions(void)
{
    uint64_t state = 9;
    int i;
    digest_begin();
    for (i = 0; i < 300; i++) {
        const double x = (double)(llmobsi_splitmix64(&state) >> 30) / 16777216.0;
        digest_real(llmobsi_log(x + 1e-9));
        digest_real(llmobsi_exp(-x / 4.0));
        digest_real(llmobsi_sqrt(x));
        digest_real(llmobsi_normal_upper(x / 128.0));
    }
    digest_is("823c0a32d051dd21c101fdab0161f98b", "logarithms, exponentials, roots, tails");
}

int main(void)
{
    test_hashes();
    test_sampling();
    test_encoders();
    test_metrics();
    test_costs();
    test_drift();
    test_functions();
    (void)llmobs_release();
    return done();
}
