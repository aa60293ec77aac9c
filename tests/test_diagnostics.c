/* Diagnostics carry no values: every note that can be provoked, with canaries in all that comes
   from outside; and not a byte on stdout or stderr. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include <ctype.h>

#define CANARY "canary-93b1"

static uint64_t told[LLMOBS_NOTE_COUNT];
static size_t wrong;

/* Of a config's field the text names the field, so it is one of several; all others are the
   note's own. */
static void note(void* user, llmobs_note which, uint64_t count, const char* text)
{
    (void)user;
    told[which] += count;
    wrong += count == 0;
    wrong += strstr(text, "canary") != NULL || strpbrk(text, "0123456789%") != NULL;
    wrong += which != LLMOBS_NOTE_CONFIG_RANGE && text != llmobs_note_text(which);
}

static llmobs_config noted_config(void)
{
    llmobs_config config = pumped_config();
    config.service_name = CANARY;
    config.service_version = CANARY;
    config.note = note;
    return config;
}

static void test_texts(void)
{
    int which;
    size_t bad = 0;
    for (which = 0; which < (int)LLMOBS_NOTE_COUNT; which++) {
        const char* text = llmobs_note_text((llmobs_note)which);
        const char* byte;
        for (byte = text; *byte != '\0'; byte++) {
            bad += *byte < ' ' || *byte >= 0x7f || *byte == '%' || isdigit((unsigned char)*byte);
        }
        bad += strlen(text) < 10;
    }
    is_int(bad, 0, "the texts of notes are fixed: no format, no number, no control");
}

/* Prices and budgets where none are kept: which field to set. */
static void test_off(void)
{
    llmobs_config config = noted_config();
    llmobs_price price = llmobs_price_default();
    llmobs_budget_info info = llmobs_budget_info_default();
    llmobs* obs = llmobs_open(&config, NULL);
    info.name = "all";
    price.femto[LLMOBS_COST_INPUT] = 1;
    is_int(llmobs_price_set(obs, NULL, "m", &price), LLMOBS_ERROR_LIMIT, "no prices");
    is_int(llmobs_prices_load(obs, "{}", 2, NULL), LLMOBS_ERROR_LIMIT, "no table");
    is_int(llmobs_budget_add(obs, &info, NULL), LLMOBS_ERROR_LIMIT, "no budgets");
    (void)llmobs_tick(obs);
    is_int(told[LLMOBS_NOTE_PRICES_OFF], 2, "both are told,");
    is_int(told[LLMOBS_NOTE_BUDGETS_OFF], 1, "and budgets");
    ok(strstr(llmobs_note_text(LLMOBS_NOTE_PRICES_OFF), "llmobs_config.price_bytes") != NULL &&
           strstr(llmobs_note_text(LLMOBS_NOTE_BUDGETS_OFF), "llmobs_config.budgets") != NULL,
       "with the field to set");
    (void)llmobs_tick(obs);
    is_int(told[LLMOBS_NOTE_BUDGETS_OFF], 1, "once");
    (void)llmobs_close(obs);
}

static void provoke_config(void)
{
    llmobs_config config = noted_config();
    char memory[128];
    config.value_bytes = 1;
    config.sample_ratio = 7.0;
    config.key.id = CANARY "\n";
    config.key.secret = CANARY "-a-secret-of-some-length";
    config.key.secret_size = 30;
    (void)llmobs_close(llmobs_open(&config, NULL));
    config = noted_config();
    config.memory = (void*)(((uintptr_t)memory + 63) & ~(uintptr_t)63);
    config.memory_bytes = 64;
    ok(llmobs_open(&config, NULL) == NULL, "no instance in 64 bytes");
}

static void provoke_spans(llmobs* obs)
{
    static char keys[3000][40];
    llmobs_span_info info = llmobs_span_info_default();
    llmobs_span span = llmobs_span_root(obs, CANARY);
    int i;
    for (i = 0; i < 3000; i++) {
        sprintf(keys[i], CANARY "-%d", i);
        llmobs_span_set_string(span, keys[i], CANARY);
    }
    llmobs_span_set_string(span, "authorization", CANARY);
    llmobs_span_set_status(span, LLMOBS_STATUS_ERROR, CANARY);
    llmobs_span_end(span);
    info.name = CANARY;
    info.traceparent = CANARY;
    info.tracestate = CANARY;
    llmobs_span_end(llmobs_span_begin(obs, &info));
    for (i = 0; i < 300; i++) {
        (void)llmobs_span_root(obs, CANARY);
    }
}

static void provoke_metrics(llmobs* obs)
{
    static const char* const labels[] = {"l"};
    llmobs_metric_info info = llmobs_metric_info_default();
    llmobs_metric metric;
    char text[LLMOBS_PSEUDONYM_SIZE];
    int i;
    info.name = "canary";
    info.instrument = LLMOBS_HISTOGRAM_EXPONENTIAL;
    info.number = LLMOBS_NUMBER_DOUBLE;
    info.labels = labels;
    info.label_count = 1;
    info.max_series = 3;
    metric = llmobs_metric_define(obs, &info, NULL);
    for (i = 0; i < 10; i++) {
        char value[40];
        const char* values[2];
        sprintf(value, CANARY "-%d", i);
        values[0] = values[1] = value;
        llmobs_histogram_record(llmobs_histogram_get(metric, values, 1), -1.0);
        (void)llmobs_histogram_get(metric, values, 2);
    }
    (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_INPUT, CANARY, CANARY, 11, text);
}

static llmobs_export_result refuse(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    return LLMOBS_EXPORT_DROP;
}

static void test_provoked(void)
{
    llmobs_config config = noted_config();
    llmobs* obs;
    int which, seen = 0;
    provoke_config();
    config.name_bytes = 1024;
    obs = llmobs_open(&config, NULL);
    provoke_spans(obs);
    (void)llmobs_flush(obs, 100); /* there is no exporter */
    (void)llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, "/nowhere/" CANARY "/traces");
    (void)llmobs_export_to(obs, refuse, (void*)(uintptr_t)CANARY);
    provoke_spans(obs);
    provoke_metrics(obs);
    (void)llmobs_flush(obs, 1000);
    (void)llmobs_tick(obs);
    (void)llmobs_close(obs);
    for (which = 0; which < (int)LLMOBS_NOTE_COUNT; which++) {
        seen += told[which] != 0;
        if (told[which] == 0) {
            printf("# not provoked: %s\n", llmobs_note_text((llmobs_note)which));
        }
    }
    printf("# %d kinds of %d\n", seen, (int)LLMOBS_NOTE_COUNT);
    ok(seen >= 14, "most notes were provoked");
    is_int(wrong, 0, "each by its fixed text, with nothing of what came from outside");
}

/* The names of results, drops and losses likewise. */
static void test_names(void)
{
    int number;
    size_t bad = 0;
    for (number = -20; number < 5; number++) {
        bad += strpbrk(llmobs_result_name((llmobs_result)number), "%\n") != NULL;
    }
    is_int(bad, 0, "results have fixed texts");
}

/* Runs all of it with stdout and stderr in a file, and counts what was written there. */
static long quietly(void (*run)(void))
{
    FILE* file = tmpfile();
    int out = dup(1), err = dup(2);
    long size;
    (void)fflush(stdout);
    (void)dup2(fileno(file), 1);
    (void)dup2(fileno(file), 2);
    run();
    (void)fflush(stdout);
    (void)dup2(out, 1);
    (void)dup2(err, 2);
    (void)close(out);
    (void)close(err);
    (void)fseek(file, 0, SEEK_END);
    size = ftell(file);
    (void)fclose(file);
    return size;
}

static void provoke_quietly(void)
{
    llmobs_config config = noted_config();
    llmobs* obs = llmobs_open(&config, NULL);
    provoke_spans(obs);
    provoke_metrics(obs);
    (void)llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, "/nowhere/" CANARY "/traces");
    (void)llmobs_flush(obs, 1000);
    (void)llmobs_close(obs);
}

int main(void)
{
    test_texts();
    test_off();
    test_provoked();
    test_names();
    is_int(quietly(provoke_quietly), 0, "nothing is written to stdout or stderr");
    return done();
}
