/* The file of a flight recorder with hostile bytes. First as they are: refused. Then in a file that
   a process has left: each eight bytes say where in it, and what. The head's checksum is made right
   again, so that what is behind it is reached. Whatever is handed out is as the header promises,
   and can be encoded. A seed finds the same words only as long as the layout stays. */
#include "llmobs_private.h"

#include <stdlib.h>
#include <sys/wait.h>

#define CHECK(condition) ((condition) ? (void)0 : abort())
#define FILE_NAME "build/fuzz/recover.rec"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static unsigned char* whole;
static unsigned char* image;
static size_t whole_size;
static size_t* places; /* of words in which something stands */
static size_t place_count;

static llmobs_export_result answer(void* user, const llmobs_batch* batch)
{
    (void)batch;
    return *(const llmobs_export_result*)user;
}

static void leave(void)
{
    static const double bounds[] = {1.0, 2.0};
    static const char* const label = "model";
    static const char* const value = "some model";
    static const char* const list[] = {"one", "two"};
    llmobs_attribute attribute = llmobs_attribute_string("of", "the event");
    llmobs_config config = llmobs_config_default();
    llmobs_metric_info info = llmobs_metric_info_default();
    llmobs_span_info remote = llmobs_span_info_default();
    llmobs_interaction interaction = llmobs_interaction_default();
    llmobs_export_result result = LLMOBS_EXPORT_OK;
    llmobs* obs;
    int i;
    config.recorder_file = FILE_NAME;
    config.recorder_history_bytes = 65536;
    config.host_pumped = true;
    config.batch_delay_ms = 3600000;
    config.span_slots = 64;
    config.max_threads = 1;
    config.name_bytes = 1024;
    config.max_exporters = 1;
    config.queue_bytes = 65536;
    config.batch_bytes = 8192;
    config.metric_series = 16;
    config.max_metrics = 8;
    config.metric_bytes = 65536;
    config.exemplars = 16;
    config.metric_families = LLMOBS_OFF;
    config.requests = LLMOBS_OFF;
    config.alert_rules = LLMOBS_OFF;
    obs = llmobs_open(&config, NULL);
    CHECK(llmobs_recorder_path(obs, NULL, 0) != 0);
    CHECK(llmobs_export_to(obs, answer, &result) == LLMOBS_OK);
    llmobs_span_set_strings(llmobs_span_root(obs, "open"), "list", list, 2);
    llmobs_span_end(llmobs_span_root(obs, "delivered"));
    llmobs_log(obs, LLMOBS_SEVERITY_WARN, "event", "delivered");
    CHECK(llmobs_flush(obs, 5000) == LLMOBS_OK);
    result = LLMOBS_EXPORT_RETRY;
    remote.name = "remote";
    remote.traceparent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
    remote.tracestate = "vendor=value";
    for (i = 0; i < 4; i++) {
        llmobs_span span = llmobs_span_begin(obs, &remote);
        char text[200];
        memset(text, 'a' + i, sizeof text - 1);
        text[sizeof text - 1] = '\0';
        llmobs_span_set_string(span, "k0", text);
        llmobs_span_set_string(span, "k1", text);
        llmobs_span_set_string(span, "k2", text);
        llmobs_span_set_int(span, "int", i);
        llmobs_span_set_strings(span, "list", list, 2);
        llmobs_span_event_with(span, "event", &attribute, 1);
        llmobs_span_link_to(span, span);
        llmobs_span_set_status(span, LLMOBS_STATUS_ERROR, "went wrong");
        if (i == 1) {
            interaction.model = llmobs_str("model");
            interaction.input_tokens = 5;
            llmobs_log_interaction(obs, span, &interaction);
            llmobs_log(obs, LLMOBS_SEVERITY_WARN, "event", "body");
            llmobs_span_end(span);
            (void)llmobs_tick(obs);
        } else if (i != 3) {
            llmobs_span_end(span);
        }
    }
    info.name = "tokens";
    info.instrument = LLMOBS_COUNTER;
    info.labels = &label;
    info.label_count = 1;
    llmobs_counter_add(llmobs_counter_get(llmobs_metric_define(obs, &info, NULL), &value, 1), 42);
    info.name = "seconds";
    info.instrument = LLMOBS_HISTOGRAM;
    info.bounds = bounds;
    info.bound_count = 2;
    llmobs_histogram_record_int(
        llmobs_histogram_get(llmobs_metric_define(obs, &info, NULL), &value, 1), 2);
    info.name = "spread";
    info.instrument = LLMOBS_HISTOGRAM_EXPONENTIAL;
    for (i = 1; i < 50; i++) {
        llmobs_histogram_record_int(
            llmobs_histogram_get(llmobs_metric_define(obs, &info, NULL), &value, 1),
            (uint64_t)i * (uint64_t)i);
    }
}

static void begin(void)
{
    struct stat status;
    pid_t child;
    size_t i;
    int file;
    (void)unlink(FILE_NAME);
    child = fork();
    if (child == 0) {
        leave();
        _exit(0);
    }
    CHECK(waitpid(child, NULL, 0) == child);
    file = open(FILE_NAME, O_RDONLY);
    CHECK(file >= 0 && fstat(file, &status) == 0);
    whole_size = (size_t)status.st_size;
    whole = (unsigned char*)aligned_alloc(64, whole_size);
    image = (unsigned char*)aligned_alloc(64, whole_size);
    places = (size_t*)malloc(whole_size);
    CHECK(read(file, whole, whole_size) == (ssize_t)whole_size);
    (void)close(file);
    (void)unlink(FILE_NAME);
    for (i = 0; i < whole_size / 4; i++) {
        static const unsigned char none[4];
        if (memcmp(whole + 4 * i, none, 4) != 0) {
            places[place_count++] = 4 * i;
        }
    }
}

/* ---- what is handed out -------------------------------------------------------------------- */

static void check_text(llmobs_string text)
{
    CHECK(text.data != NULL && text.data[text.size] == '\0');
    CHECK(llmobsi_utf8_is_valid(text.data, text.size));
}

static void check_attributes(const llmobs_attribute_view* attributes, uint32_t count)
{
    uint32_t i;
    uint32_t k;
    for (i = 0; i < count; i++) {
        check_text(attributes[i].key);
        CHECK((unsigned)attributes[i].type <= LLMOBS_TYPE_STRINGS);
        if (attributes[i].type == LLMOBS_TYPE_STRING) {
            check_text(attributes[i].value.string);
        }
        for (k = 0; attributes[i].type == LLMOBS_TYPE_STRINGS && k < attributes[i].count; k++) {
            check_text(attributes[i].value.strings[k]);
        }
    }
}

static void check_span(const llmobs_span_view* span)
{
    uint32_t i;
    check_text(span->name);
    check_text(span->trace_state);
    check_text(span->status_message);
    check_attributes(span->attributes, span->attribute_count);
    CHECK(span->end_unix_ns >= span->start_unix_ns);
    for (i = 0; i < span->event_count; i++) {
        check_text(span->events[i].name);
        check_attributes(span->events[i].attributes, span->events[i].attribute_count);
    }
    for (i = 0; i < span->link_count; i++) {
        check_text(span->links[i].trace_state);
    }
}

static bool swallow(void* user, const char* data, size_t size)
{
    *(size_t*)user += size + (unsigned char)data[size - 1];
    return true;
}

static llmobs_export_result take(void* user, const llmobs_batch* batch)
{
    static const llmobs_format formats[] = {LLMOBS_FORMAT_OTLP_JSON, LLMOBS_FORMAT_CHROME,
                                            LLMOBS_FORMAT_LOG_JSON};
    size_t i;
    check_attributes(batch->resource->attributes, batch->resource->attribute_count);
    for (i = 0; i < batch->span_count; i++) {
        check_span(&batch->spans[i]);
    }
    for (i = 0; i < batch->log_count; i++) {
        check_text(batch->logs[i].body);
        check_text(batch->logs[i].event_name);
        check_attributes(batch->logs[i].attributes, batch->logs[i].attribute_count);
    }
    for (i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        (void)llmobs_encode(batch, formats[i], swallow, user);
    }
    return LLMOBS_EXPORT_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    llmobs_recovery report;
    size_t swallowed = 0;
    size_t at;
    if (whole == NULL) {
        begin();
    }
    memset(&report, 0, sizeof report);
    memcpy(image, data, size < whole_size ? size : whole_size);
    CHECK(llmobsi_recover_image(image, size < whole_size ? size : whole_size, take, &swallowed,
                                LLMOBS_RECOVER_HISTORY, &report) != LLMOBS_OK);
    memcpy(image, whole, whole_size);
    for (at = 0; at + 8 <= size; at += 8) {
        uint32_t where;
        uint32_t what;
        memcpy(&where, data + at, 4);
        memcpy(&what, data + at + 4, 4);
        where = where % 2 != 0 ? (uint32_t)places[where / 2 % place_count]
                               : where / 2 % (uint32_t)(whole_size - 4);
        memcpy(image + where, &what, 4);
    }
    ((llmobsi_flight_head*)(void*)image)->checksum =
        llmobsi_flight_checksum((llmobsi_flight_head*)(void*)image);
    memset(&report, 0, sizeof report);
    (void)llmobsi_recover_image(image, whole_size, take, &swallowed, LLMOBS_RECOVER_HISTORY,
                                &report);
    return 0;
}
