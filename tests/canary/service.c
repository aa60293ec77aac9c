/* A service that handles a thousand secrets: prompts, answers, users, tenants, errors, headers.
   None of them may be found afterwards in any output, or in memory. With CANARY_LEAK it is careless
   on purpose, so that tests/canary.t can show what it would see: 1, an attribute; 2, memory that is
   not wiped; 3, stderr; 4, a label of a metric; 5, the name of a file. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include "../canary.h"

#ifndef CANARY_LEAK
#define CANARY_LEAK 0
#endif

#define CANARY_HELD 999 /* an answer that streams: tests/canary.t knows it */

static char* careless;

static void tell_note(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)user;
    fprintf(stderr, "%d %llu %s\n", (int)note, (unsigned long long)count, text);
}

static bool write_file(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

static void leak(llmobs_span span, llmobs_counter* counter, llmobs_metric metric, const char* text,
                 const char* directory)
{
    char path[512];
    const char* labels[1];
    FILE* file;
    switch (CANARY_LEAK) {
    case 1:
        llmobs_span_set_string(span, "leak", text);
        break;
    case 2:
        careless = (char*)malloc(CANARY_SIZE);
        memcpy(careless, text, CANARY_SIZE);
        break;
    case 3:
        fprintf(stderr, "can't answer %s\n", text);
        break;
    case 4:
        labels[0] = text;
        *counter = llmobs_counter_get(metric, labels, 1);
        llmobs_counter_add(*counter, 1);
        break;
    case 5:
        (void)snprintf(path, sizeof path, "%s/%s", directory, text);
        file = fopen(path, "w");
        (void)(file != NULL && fclose(file));
        break;
    default:
        break;
    }
}

/* One secret, used as what its number says. */
static void use(llmobs* obs, llmobs_metric sessions, uint32_t number, char* text,
                const char* directory)
{
    char pseudonym[LLMOBS_PSEUDONYM_SIZE];
    llmobs_pseudonymizer maker;
    llmobs_attribute attribute;
    llmobs_counter counter;
    const char* values[4];
    size_t size = strlen(text);
    llmobs_span span = llmobs_span_root(obs, "request");
    switch (number % 6) {
    case 0: /* a prompt */
        (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_INPUT, NULL, text, size, pseudonym);
        llmobs_span_set_string(span, "input.hash", pseudonym);
        break;
    case 1: /* an answer that streams */
        (void)llmobs_pseudonym_begin(&maker, obs, LLMOBS_DOMAIN_OUTPUT, "tenant");
        llmobs_pseudonym_update(&maker, text, 7);
        llmobs_pseudonym_update(&maker, text + 7, size - 7);
        (void)llmobs_pseudonym_end(&maker, pseudonym);
        llmobs_span_set_string(span, "output.hash", pseudonym);
        break;
    case 2: /* a user */
        values[0] = "model";
        values[1] = "input";
        values[2] = text;
        values[3] = "chat";
        counter =
            llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_TOKENS), values, 4);
        llmobs_counter_add(counter, 17);
        break;
    case 3: /* a header */
        llmobs_span_set_string(span, "Authorization", text);
        attribute = llmobs_attribute_string("http.request.header.x_api_key", text);
        llmobs_span_set(span, &attribute, 1);
        llmobs_span_event_with(span, "answered", &attribute, 1);
        break;
    case 4: /* an error's text */
        (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_CONTEXT, NULL, text, size, pseudonym);
        llmobs_span_set_status(span, LLMOBS_STATUS_ERROR, pseudonym);
        break;
    default: /* a tenant, and a session as a label */
        (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_SESSION, text, text, size, pseudonym);
        values[0] = pseudonym;
        llmobs_counter_add(llmobs_counter_get(sessions, values, 1), 1);
        (void)llmobs_pseudonym_verify(obs, LLMOBS_DOMAIN_SESSION, text, text, size, pseudonym);
        break;
    }
    if (number == 500) {
        leak(span, &counter, sessions, text, directory);
    }
    llmobs_span_end(span);
}

/* The same secret in a request: whose it is, what is asked, what is answered, whole and in pieces,
   through the built-in guardrail. */
static void answer(llmobs* obs, uint32_t number, const char* text)
{
    size_t size = strlen(text);
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request;
    info.request_id = "req-1";
    info.feature = "chat";
    info.model = "model";
    info.tenant = number % 2 == 0 ? "tenant" : NULL;
    info.user_id = number % 6 == 0 ? text : "user";
    info.session_id = number % 6 == 1 ? text : NULL;
    request = llmobs_request_begin(obs, &info);
    switch (number % 6) {
    case 2:
        llmobs_request_input(request, text, 9);
        llmobs_request_input(request, text + 9, size - 9);
        break;
    case 3:
        llmobs_request_output(request, "write to a.", 11);
        llmobs_request_output(request, text, 5);
        llmobs_request_output(request, text + 5, size - 5);
        llmobs_request_output(request, "@example.com, or call", 21);
        break;
    case 4:
        outcome.input = llmobs_text(text, size);
        outcome.context = llmobs_text(text, size);
        break;
    case 5:
        outcome.output = llmobs_text(text, size);
        break;
    default:
        break;
    }
    /* Some are abandoned. One of these has streamed: while it is under way its last bytes are held
       back by its hash and its scanner. */
    if ((number % 7 != 0 || number % 6 == 2 || number % 6 == 3) && number != CANARY_HELD) {
        llmobs_request_end(request, &outcome);
    }
}

static llmobs* open_in(const char* directory)
{
    char path[512];
    llmobs_config config = llmobs_config_default();
    llmobs* obs;
    config.service_name = "canary";
    config.metric_user_ids = true;
    config.guard_classes = LLMOBS_PII_DEFAULT;
    config.note = tell_note;
    obs = llmobs_open(&config, NULL);
    (void)snprintf(path, sizeof path, "%s/traces.jsonl", directory);
    (void)llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, path);
    (void)snprintf(path, sizeof path, "%s/trace.json", directory);
    (void)llmobs_export_file(obs, LLMOBS_FORMAT_CHROME, path);
    (void)snprintf(path, sizeof path, "%s/requests.jsonl", directory);
    (void)llmobs_export_file(obs, LLMOBS_FORMAT_LOG_JSON, path);
    return obs;
}

static void scrape(llmobs* obs, const char* directory)
{
    char path[512];
    FILE* file;
    (void)snprintf(path, sizeof path, "%s/metrics.txt", directory);
    file = fopen(path, "w");
    if (file != NULL) {
        (void)llmobs_prometheus_write(obs, LLMOBS_PROMETHEUS_TEXT, write_file, file);
        (void)fclose(file);
    }
}

/* So that the script can look for the keys as well: the eight bytes that begin the first. */
static void tell_key(llmobs* obs)
{
    uint32_t ticket = (uint32_t)(uintptr_t)obs;
    const llmobsi_recorder* recorder = llmobsi_places[LLMOBS_I_PLACE(ticket)].recorder;
    const volatile uint8_t* key = (const volatile uint8_t*)(const volatile void*)&recorder->keyring
                                      .page->places[0]
                                      .words[offsetof(llmobsi_keyset, domains) / 8];
    int i;
    printf("key ");
    for (i = 0; i < 16; i++) {
        printf("%02x", (unsigned)key[i]);
    }
    printf("\n");
}

int main(int count, char** arguments)
{
    static const char* const labels[] = {"session"};
    llmobs_metric_info info = llmobs_metric_info_default();
    char text[CANARY_SIZE];
    uint64_t seed;
    uint32_t number;
    llmobs_metric sessions;
    llmobs* obs;
    if (count != 3) {
        fprintf(stderr, "usage: service DIRECTORY SEED\n");
        return 2;
    }
    seed = strtoull(arguments[2], NULL, 10);
    obs = open_in(arguments[1]);
    info.name = "sessions";
    info.instrument = LLMOBS_COUNTER;
    info.labels = labels;
    info.label_count = 1;
    sessions = llmobs_metric_define(obs, &info, NULL);
    for (number = 0; number < CANARY_COUNT; number++) {
        canary_make(text, seed, number);
        use(obs, sessions, number, text, arguments[1]);
        answer(obs, number, text);
        canary_wipe(text);
    }
    (void)llmobs_flush(obs, 10000);
    scrape(obs, arguments[1]);
    tell_key(obs);
    canary_wait("ready");
    (void)llmobs_close(obs);
    canary_wait("closed");
    (void)llmobs_release();
    return 0;
}
