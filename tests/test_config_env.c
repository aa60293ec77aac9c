/* The environment's variables into a config: each, alone and together, good and bad. */
#include "llmobs_private.h"
#include "tap.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define VARIABLE(name, take, wrong) name,
static const char* const variables[] = {LLMOBS_I_ENVIRONMENT(VARIABLE)};
#undef VARIABLE
#define VARIABLES (sizeof variables / sizeof variables[0])

static size_t notes;
static char last_note[256];

static void take_note(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)user;
    notes += note == LLMOBS_NOTE_ENVIRONMENT ? count : 0;
    (void)snprintf(last_note, sizeof last_note, "%s", text);
}

static void clear(void)
{
    size_t i;
    for (i = 0; i < VARIABLES; i++) {
        (void)unsetenv(variables[i]);
    }
    notes = 0;
    last_note[0] = '\0';
}

static llmobs_config base(void)
{
    llmobs_config config = llmobs_config_default();
    config.note = take_note;
    return config;
}

/* A config with one variable set. */
static llmobs_config with(const char* name, const char* value, llmobs_result* result)
{
    llmobs_config config = base();
    clear();
    (void)setenv(name, value, 1);
    *result = llmobs_config_from_env(&config);
    return config;
}

static bool same(const llmobs_config* a, const llmobs_config* b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- nothing ------------------------------------------------------------------------------- */

static void test_nothing(void)
{
    llmobs_config config;
    llmobs_config before;
    size_t i;
    clear();
    memset(&config, 0x5a, sizeof config); /* padding, too: compared by bytes */
    config.size = sizeof config;
    config.note = NULL;
    memcpy(&before, &config, sizeof config);
    is_int(llmobs_config_from_env(&config), LLMOBS_OK, "no variable is set");
    ok(same(&config, &before), "nothing changes");
    for (i = 0; i < VARIABLES; i++) {
        (void)setenv(variables[i], "", 1);
    }
    is_int(llmobs_config_from_env(&config), LLMOBS_OK, "all are empty");
    ok(same(&config, &before), "which is the same");
    is_int(llmobs_config_from_env(NULL), LLMOBS_ERROR_ARGUMENT, "no config");
}

/* An older program's struct ends earlier: nothing is written behind it. */
static void test_older(void)
{
    union {
        llmobs_config config;
        unsigned char bytes[sizeof(llmobs_config)];
    } older;
    size_t changed = 0;
    size_t i;
    memset(&older, 0xee, sizeof older);
    older.config = base();
    older.config.size = offsetof(llmobs_config, resource_attributes);
    memset(older.bytes + older.config.size, 0xee, sizeof older - older.config.size);
    clear();
    (void)setenv("OTEL_SDK_DISABLED", "true", 1);
    (void)setenv("OTEL_SERVICE_NAME", "bot", 1);
    (void)setenv("OTEL_RESOURCE_ATTRIBUTES", "a=b", 1);
    is_int(llmobs_config_from_env(&older.config), LLMOBS_OK, "an older program's config");
    is_str(older.config.service_name, "bot", "gets what it has a field for");
    for (i = older.config.size; i < sizeof older; i++) {
        changed += older.bytes[i] != 0xee;
    }
    is_int(changed, 0, "and nothing behind its end");
    is_int(older.config.size, offsetof(llmobs_config, resource_attributes), "its size stays");
    older.config = base();
    older.config.size = 0;
    (void)llmobs_config_from_env(&older.config);
    ok(older.config.disabled && older.config.size == 0, "0 is this version's size");
}

/* ---- texts --------------------------------------------------------------------------------- */

static void test_service(void)
{
    llmobs_result result;
    llmobs_config config = with("OTEL_SERVICE_NAME", "support bot", &result);
    is_int(result, LLMOBS_OK, "a name");
    is_str(config.service_name, "support bot", "is service_name");
    config = with("OTEL_SERVICE_NAME", "b\xff", &result);
    is_int(result, LLMOBS_ERROR_ARGUMENT, "no UTF-8");
    is_str(config.service_name, "unknown_service", "is ignored");
    is_str(last_note, "OTEL_SERVICE_NAME is no UTF-8, and was ignored", "a note names it");
    clear();
    (void)setenv("OTEL_SERVICE_NAME", "of the environment", 1);
    config = base();
    config.service_name = "before";
    (void)llmobs_config_from_env(&config);
    is_str(config.service_name, "of the environment", "what was set before is replaced");
}

static void test_attributes(void)
{
    llmobs_result result;
    llmobs_config config = with("OTEL_RESOURCE_ATTRIBUTES", "a=b,c=%20", &result);
    is_int(result, LLMOBS_OK, "a list");
    is_str(config.environment_attributes, "a=b,c=%20", "is the environment's attributes");
    ok(config.resource_attributes == NULL, "not the program's");
    config = with("OTEL_RESOURCE_ATTRIBUTES", "a=b,hunter2", &result);
    is_int(result, LLMOBS_ERROR_ARGUMENT, "a malformed one");
    ok(config.environment_attributes == NULL, "is ignored as a whole");
    ok(notes == 1 && strstr(last_note, "OTEL_RESOURCE_ATTRIBUTES") != NULL, "a note names it");
    ok(strstr(last_note, "hunter2") == NULL, "and nothing of what it holds");
}

/* ---- the sampler --------------------------------------------------------------------------- */

static bool close_to(double got, double want)
{
    return got > want - 1e-12 && got < want + 1e-12;
}

static void test_sampler(void)
{
    static const struct {
        const char* sampler;
        const char* argument;
        double ratio;
        bool distrust;
        bool good;
    } cases[] = {
        {"always_on", NULL, 1.0, true, true},
        {"always_off", NULL, LLMOBS_SAMPLE_NONE, true, true},
        {"traceidratio", NULL, 1.0, true, true},
        {"traceidratio", "0.25", 0.25, true, true},
        {"parentbased_always_on", NULL, 1.0, false, true},
        {"parentbased_always_off", NULL, LLMOBS_SAMPLE_NONE, false, true},
        {"parentbased_traceidratio", "0.05", 0.05, false, true},
        {" ParentBased_TraceIdRatio ", " 1 ", 1.0, false, true},
        {"traceidratio", "0", LLMOBS_SAMPLE_NONE, true, true},
        {"traceidratio", "0.0", LLMOBS_SAMPLE_NONE, true, true},
        {"traceidratio", "1.0", 1.0, true, true},
        {"traceidratio", ".5", 0.5, true, true},
        {"traceidratio", "0.000000000000000001", 1e-18, true, true},
        {"traceidratio", "1.01", 1.0, true, false},
        {"traceidratio", "-0.5", 1.0, true, false},
        {"traceidratio", "0,5", 1.0, true, false},
        {"traceidratio", "5e-1", 1.0, true, false},
        {"traceidratio", "nan", 1.0, true, false},
        {"traceidratio", "0x1p-1", 1.0, true, false},
        {"traceidratio", "0.5 %", 1.0, true, false},
        {"always_on", "0.5", 1.0, true, true}, /* has no use for it */
        {"always_off", "rubbish", LLMOBS_SAMPLE_NONE, true, true},
        {NULL, "0.5", 0.75, false, true},
        {"jaeger_remote", "endpoint=http://localhost:14250", 0.75, false, false},
        {"parentbased_jaeger_remote", NULL, 0.75, false, false},
        {"xray", NULL, 0.75, false, false},
        {"always_onn", NULL, 0.75, false, false},
        {"always_o", NULL, 0.75, false, false},
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        llmobs_config config = base();
        llmobs_result result;
        clear();
        config.sample_ratio = 0.75; /* stays where nothing is said */
        if (cases[i].sampler != NULL) {
            (void)setenv("OTEL_TRACES_SAMPLER", cases[i].sampler, 1);
        }
        if (cases[i].argument != NULL) {
            (void)setenv("OTEL_TRACES_SAMPLER_ARG", cases[i].argument, 1);
        }
        result = llmobs_config_from_env(&config);
        ok(close_to(config.sample_ratio, cases[i].ratio), "the ratio");
        is_int(config.distrust_remote, cases[i].distrust, "whether parents decide");
        is_int(result, cases[i].good ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT,
               cases[i].argument != NULL ? cases[i].argument : cases[i].sampler);
        is_int(notes, !cases[i].good, "a note where something is wrong");
    }
}

/* What the settings do: a remote parent that was not sampled. */
static bool is_sampled_under(const char* sampler)
{
    llmobs_result result;
    llmobs_config config = with("OTEL_TRACES_SAMPLER", sampler, &result);
    llmobs_span_info info = llmobs_span_info_default();
    llmobs_span span;
    llmobs* obs;
    bool sampled;
    config.host_pumped = true;
    obs = llmobs_open(&config, NULL);
    info.name = "remote";
    info.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    span = llmobs_span_begin(obs, &info);
    sampled = llmobs_span_is_recording(span);
    llmobs_span_end(span);
    (void)llmobs_close(obs);
    return sampled;
}

static void test_remote(void)
{
    ok(is_sampled_under("always_on"), "always_on samples what a parent did not");
    ok(!is_sampled_under("parentbased_always_on"), "parentbased_always_on does not");
    ok(!is_sampled_under("always_off"), "always_off does not");
}

/* ---- numbers ------------------------------------------------------------------------------- */

static void test_numbers(void)
{
    static const struct {
        const char* name;
        const char* value;
        uint32_t want; /* 0: ignored */
    } cases[] = {
        {"OTEL_BSP_SCHEDULE_DELAY", "5000", 5000},
        {"OTEL_BSP_SCHEDULE_DELAY", " 250 ", 250},
        {"OTEL_BSP_SCHEDULE_DELAY", "0", 1},
        {"OTEL_BSP_SCHEDULE_DELAY", "2147483647", 2147483647},
        {"OTEL_BSP_SCHEDULE_DELAY", "2147483648", 0},
        {"OTEL_BSP_SCHEDULE_DELAY", "-1", 0},
        {"OTEL_BSP_SCHEDULE_DELAY", "5s", 0},
        {"OTEL_BSP_SCHEDULE_DELAY", "1.5", 0},
        {"OTEL_BSP_SCHEDULE_DELAY", "0x10", 0},
        {"OTEL_BSP_SCHEDULE_DELAY", " ", 0},
        {"OTEL_BSP_SCHEDULE_DELAY", "99999999999999999999999", 0},
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100", 100},
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "4096", 400},
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "0", 1},
        {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "many", 0},
    };
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        llmobs_result result;
        llmobs_config config = with(cases[i].name, cases[i].value, &result);
        bool delay = strcmp(cases[i].name, "OTEL_BSP_SCHEDULE_DELAY") == 0;
        uint32_t standard = delay ? 1000 : 256;
        uint32_t want = cases[i].want != 0 ? cases[i].want : standard;
        is_int(delay ? config.batch_delay_ms : config.value_bytes, want, cases[i].value);
        is_int(result, cases[i].want != 0 ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT, "the answer");
        is_int(delay ? config.value_bytes : config.batch_delay_ms, delay ? 256 : 1000,
               "and nothing else");
    }
}

/* ---- the conventions ----------------------------------------------------------------------- */

static void test_stability(void)
{
    const uint32_t both = LLMOBS_VOCABULARY_GENAI | LLMOBS_VOCABULARY_GENAI_1_41;
    static const struct {
        const char* value;
        bool newest;
        bool good;
    } cases[] = {{"gen_ai_latest_experimental", true, true},
                 {"http/dup, GEN_AI_Latest_Experimental ,database", true, true},
                 {"http", false, true},
                 {"gen_ai_latest_experimentals", false, false},
                 {"gen_ai/dup,gen_ai_latest_experimental", true, false}};
    llmobs_config config;
    llmobs_result result;
    size_t i;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        clear();
        (void)setenv("OTEL_SEMCONV_STABILITY_OPT_IN", cases[i].value, 1);
        config = base();
        config.vocabulary = LLMOBS_VOCABULARY_GENAI_1_41 | LLMOBS_VOCABULARY_OPENINFERENCE;
        config.metric_families = LLMOBS_FAMILY_LLM | LLMOBS_FAMILY_GENAI_1_41;
        result = llmobs_config_from_env(&config);
        is_int(config.vocabulary & both,
               cases[i].newest ? LLMOBS_VOCABULARY_GENAI : LLMOBS_VOCABULARY_GENAI_1_41,
               cases[i].value);
        ok((config.vocabulary & LLMOBS_VOCABULARY_OPENINFERENCE) != 0, "others stay");
        is_int(config.metric_families,
               LLMOBS_FAMILY_LLM |
                   (cases[i].newest ? LLMOBS_FAMILY_GENAI : LLMOBS_FAMILY_GENAI_1_41),
               "metrics likewise");
        is_int(result, cases[i].good ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT, "the answer");
    }
    config = with("OTEL_SEMCONV_STABILITY_OPT_IN", "gen_ai_latest_experimental", &result);
    is_int(config.metric_families, LLMOBS_FAMILY_LLM | LLMOBS_FAMILY_SELF, "nothing is put on");
    config = base();
    config.metric_families = LLMOBS_OFF;
    config.vocabulary = LLMOBS_VOCABULARY_ARTICLE;
    (void)llmobs_config_from_env(&config);
    ok(config.metric_families == LLMOBS_OFF && config.vocabulary == LLMOBS_VOCABULARY_ARTICLE,
       "what is off stays off");
}

/* ---- switched off -------------------------------------------------------------------------- */

/* A program as it would be without the variable. */
static bool runs_on(llmobs* obs)
{
    llmobs_request request = llmobs_request_begin(obs, NULL);
    llmobs_span span = llmobs_phase_begin(request, LLMOBS_PHASE_MODEL_CALL);
    llmobs_request_token(request);
    llmobs_span_end(span);
    llmobs_request_end(request, NULL);
    llmobs_log(obs, LLMOBS_SEVERITY_ERROR, "an.event", NULL);
    (void)llmobs_flush(obs, 10);
    return llmobs_close(obs) == LLMOBS_OK || obs == NULL;
}

static void test_disabled(void)
{
    llmobs_result result;
    llmobs_config config = with("OTEL_SDK_DISABLED", "TRUE", &result);
    llmobs* obs;
    ok(result == LLMOBS_OK && config.disabled, "true, in whichever case");
    config.host_pumped = true;
    result = LLMOBS_ERROR_SYSTEM;
    obs = llmobs_open(&config, &result);
    ok(obs == NULL, "opens nothing");
    is_int(result, LLMOBS_OK, "and that is no failure");
    ok(runs_on(obs), "the program runs on");
    config = with("OTEL_SDK_DISABLED", "false", &result);
    ok(result == LLMOBS_OK && !config.disabled, "false");
    obs = llmobs_open(&config, NULL);
    ok(obs != NULL && runs_on(obs), "opens");
    config = with("OTEL_SDK_DISABLED", "1", &result);
    ok(result == LLMOBS_ERROR_ARGUMENT && !config.disabled, "1 is not true, and told");
    clear();
    (void)setenv("OTEL_SDK_DISABLED", "false", 1);
    config = base();
    config.disabled = true;
    (void)llmobs_config_from_env(&config);
    ok(config.disabled, "false does not put on what the program put off");
}

/* ---- many at once -------------------------------------------------------------------------- */

static void test_many(void)
{
    llmobs_config config = base();
    clear();
    (void)setenv("OTEL_SERVICE_NAME", "bot", 1);
    (void)setenv("OTEL_RESOURCE_ATTRIBUTES", "%", 1);
    (void)setenv("OTEL_TRACES_SAMPLER", "sometimes", 1);
    (void)setenv("OTEL_BSP_SCHEDULE_DELAY", "300", 1);
    (void)setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "x", 1);
    is_int(llmobs_config_from_env(&config), LLMOBS_ERROR_ARGUMENT, "three of five are wrong");
    is_int(notes, 3, "three notes");
    is_str(config.service_name, "bot", "the good ones are taken");
    is_int(config.batch_delay_ms, 300, "all of them");
    config.note = NULL;
    is_int(llmobs_config_from_env(&config), LLMOBS_ERROR_ARGUMENT, "also where nobody is told");
}

/* ---- more rights than who started it ------------------------------------------------------- */

/* This program, run as another user's: only root can make one. */
static int run_as_another(const char* path)
{
    char command[512];
    int status;
    (void)setenv("OTEL_SERVICE_NAME", "planted", 1);
    (void)snprintf(command, sizeof command,
                   "mkdir -p build/tmp && cp /proc/%ld/exe %s && chown 65534 %s && chmod 4755 %s "
                   "&& %s planted",
                   (long)getpid(), path, path, path, path);
    status = system(command);
    (void)unlink(path);
    return status;
}

static void test_rights(void)
{
    int status;
    clear();
    if (geteuid() != 0) {
        skip("a set-user-ID program reads nothing", "only root can make one");
        return;
    }
    if (getenv("LLMOBS_SANITIZED") != NULL) {
        skip("a set-user-ID program reads nothing", "a sanitizer's runtime needs more rights");
        return;
    }
    if (by_qemu()) {
        skip("a set-user-ID program reads nothing", "an emulator runs no other program");
        return;
    }
    status = run_as_another("build/tmp/config_env_setuid");
    if (!WIFEXITED(status) || WEXITSTATUS(status) == 77) {
        skip("a set-user-ID program reads nothing", "this file system has none");
    } else {
        is_int(WEXITSTATUS(status), 0, "a set-user-ID program reads nothing");
    }
}

/* In it: 0 where nothing was read. */
static int planted(void)
{
    llmobs_config config = llmobs_config_default();
    if (geteuid() == getuid()) {
        return 77;
    }
    return llmobs_config_from_env(&config) != LLMOBS_OK ||
           strcmp(config.service_name, "unknown_service") != 0;
}

int main(int argc, char** argv)
{
    if (argc > 1 && strcmp(argv[1], "planted") == 0) {
        return planted();
    }
    test_nothing();
    test_older();
    test_service();
    test_attributes();
    test_sampler();
    test_remote();
    test_numbers();
    test_stability();
    test_disabled();
    test_many();
    test_rights();
    return done();
}
