/* Text that harms no reader: every code point and every short sequence of bytes, through each way
   out there is. */
#include "llmobs_private.h"

#include "tap.h"

#include "harmful.h"
#include "json_reader.h"
#include "keeper.h"
#include "sink.h"

/* ---- the rule ------------------------------------------------------------------------------ */

static void test_every_code_point(void)
{
    size_t wrong = 0, replaced = 0;
    long point;
    for (point = 0; point <= 0x10ffff; point++) {
        char text[8], out[16], want[8];
        size_t size, got, want_size;
        if (point >= 0xd800 && point <= 0xdfff) {
            continue;
        }
        size = want_size = json_put_point(point, text);
        memcpy(want, text, size);
        if (is_harmful(point) && point != '\n') {
            want_size = point == '\r' || point == '\t' ? 1 : 3;
            memcpy(want, point == '\r' || point == '\t' ? "   " : "\xef\xbf\xbd", 3);
            replaced++;
        }
        got = llmobsi_text_make_safe(out, sizeof out, text, size);
        wrong += got != want_size || memcmp(out, want, got) != 0;
        wrong += llmobsi_text_is_safe(text, size) != (memcmp(want, text, size) == 0);
        wrong += size > 1 && (llmobsi_harmful_point(text, size) != 0) != is_harmful(point);
    }
    is_int(wrong, 0, "every code point is kept or replaced");
    is_int(replaced, 31 + 33 + 1 + 2 + 7 + 4 + 1, "and no more are replaced than must be");
}

static void test_every_short_sequence(void)
{
    size_t wrong = 0;
    uint32_t i, step = step_of(41);
    for (i = 0; i < 1u << 24; i += step) {
        char text[3], out[9], again[9];
        size_t size, limit;
        if ((i & 0x808080) == 0 && i % 7 != 0) {
            continue;
        }
        text[0] = (char)i;
        text[1] = (char)(i >> 8);
        text[2] = (char)(i >> 16);
        size = llmobsi_text_make_safe(out, sizeof out, text, 3);
        wrong += !llmobsi_utf8_is_valid(out, size) || harmful_in(out, size) != 0;
        wrong += !llmobsi_text_is_safe(out, size);
        wrong += llmobsi_text_is_safe(text, 3) != (size == 3 && memcmp(text, out, 3) == 0);
        for (limit = 0; limit < size; limit++) {
            size_t cut = llmobsi_text_make_safe(again, limit, text, 3);
            wrong += cut > limit || memcmp(again, out, cut) != 0 ||
                     !llmobsi_utf8_is_valid(again, cut);
        }
    }
    is_int(wrong, 0, "every three bytes: valid, harmless, cut on a border, done in one go");
}

/* JSON has an escape: what is read back is what was written. */
static void test_json(void)
{
    static char out[8], quoted[16], back[16];
    size_t wrong = 0;
    long point;
    for (point = 0; point <= 0xffff; point++) {
        llmobsi_writer writer;
        size_t size, back_size = 0;
        if (!is_harmful(point)) {
            continue;
        }
        size = json_put_point(point, out);
        llmobsi_writer_init(&writer, quoted, sizeof quoted, NULL, NULL);
        llmobsi_json_string(&writer, out, size);
        wrong += harmful_in(quoted, writer.length) != 0 || memchr(quoted, '\n', writer.length) ||
                 !json_read_string(quoted, writer.length, back, &back_size) ||
                 back_size != size || memcmp(back, out, size) != 0;
    }
    is_int(wrong, 0, "JSON: escaped, and read back");
}

/* ---- the ways out -------------------------------------------------------------------------- */

static void test_prometheus(void)
{
    static sink to;
    char buffer[512];
    llmobsi_writer writer;
    size_t wrong = 0;
    long point;
    for (point = 0; point <= 0x10ffff; point += step_of(7)) {
        char text[16] = "ab";
        llmobs_string string;
        char* cursor;
        if (point >= 0xd800 && point <= 0xdfff) {
            continue;
        }
        string.data = text;
        string.size = 2 + json_put_point(point, text + 2);
        text[string.size++] = 'c';
        to.size = 0;
        llmobsi_writer_init(&writer, buffer, sizeof buffer, sink_write, &to);
        cursor = llmobsi_prometheus_escape(&writer, buffer, string, (point & 1) != 0);
        (void)llmobsi_writer_turn(&writer, cursor);
        wrong += writer.failed || !llmobsi_utf8_is_valid(to.text, to.size) ||
                 harmful_in(to.text, to.size) != 0 || memchr(to.text, '\n', to.size) != NULL;
    }
    is_int(wrong, 0, "Prometheus: no code point stands raw that harms");
}

/* Everything that is harmful, with bytes that are no UTF-8 between them. */
static const char* hostile(size_t turn)
{
    static char texts[8][256];
    static const char* const bad[] = {"\xff", "\xc2", "\xe2\x80", "\xed\xa0\x80", "\xc0\x80"};
    static long point = 1;
    char* text = texts[turn % 8];
    char* end = text;
    while (end < text + 180) {
        do {
            point = point >= 0xffff ? 1 : point + 1;
        } while (!is_harmful(point));
        end += json_put_point(point, end);
        strcpy(end, point % 3 == 0 ? bad[point % 5] : "x");
        end += strlen(end);
    }
    return text;
}

typedef struct formats {
    sink sinks[2];
    size_t wrong;
} formats;

static llmobs_export_result encode_all(void* user, const llmobs_batch* batch)
{
    static const llmobs_format all[] = {LLMOBS_FORMAT_OTLP_JSON, LLMOBS_FORMAT_CHROME};
    formats* to = (formats*)user;
    size_t i;
    for (i = 0; i < 2; i++) {
        to->sinks[i].size = 0;
        to->wrong += llmobs_encode(batch, all[i], sink_write, &to->sinks[i]) != LLMOBS_OK;
        to->wrong += harmful_in(to->sinks[i].text, to->sinks[i].size);
        to->wrong += !llmobsi_utf8_is_valid(to->sinks[i].text, to->sinks[i].size);
    }
    return LLMOBS_EXPORT_OK;
}

static void test_spans(void)
{
    static formats to;
    static const char name[] = "\x1b[31m\xe2\x80\xae\xff\xef\xbb\xbfname\n";
    llmobs_config config = pumped_config();
    llmobs* obs;
    size_t turn = 0;
    int round;
    config.service_name = hostile(7);
    obs = llmobs_open(&config, NULL);
    (void)llmobs_export_to(obs, encode_all, &to);
    for (round = 0; round < 40; round++) {
        const char* list[2];
        llmobs_span span = llmobs_span_root(obs, name);
        list[0] = hostile(turn++);
        list[1] = hostile(turn++);
        llmobs_span_set_string(span, "value", hostile(turn++));
        llmobs_span_set_strings(span, "\xe2\x80\xa8list\x1b", list, 2);
        llmobs_span_event(span, name);
        llmobs_span_set_status(span, LLMOBS_STATUS_ERROR, hostile(turn++));
        llmobs_span_end(span);
        to.wrong += llmobs_flush(obs, 1000) != LLMOBS_OK;
        turn %= 4;
    }
    is_int(to.wrong, 0, "OTLP/JSON, Chrome: none of it stands raw");
    ok(to.sinks[0].size > 1000 && to.sinks[1].size > 500, "and there was some");
    (void)llmobs_close(obs);
}

/* Labels of metrics, in both text formats; values that would look the same are one series. */
static void test_labels(void)
{
    static sink to;
    static const llmobs_exposition all[] = {LLMOBS_PROMETHEUS_TEXT, LLMOBS_OPENMETRICS};
    llmobs_config config = pumped_config();
    llmobs_metric_info info = llmobs_metric_info_default();
    const char* const labels[] = {"l"};
    llmobs_metric metric;
    size_t wrong = 0, i;
    llmobs* obs;
    long point;
    config.metric_families = LLMOBS_OFF;
    obs = llmobs_open(&config, NULL);
    info.name = "m";
    info.help = "\x1b[2J\xe2\x80\xae";
    info.instrument = LLMOBS_COUNTER;
    info.labels = labels;
    info.label_count = 1;
    metric = llmobs_metric_define(obs, &info, NULL);
    for (point = 1; point <= 0xffff; point++) {
        char text[16] = "v";
        const char* value = text;
        if (is_harmful(point)) {
            text[1 + json_put_point(point, text + 1)] = '\0';
            llmobs_counter_add(llmobs_counter_get(metric, &value, 1), 1);
        }
    }
    for (i = 0; i < 2; i++) {
        size_t size = sizeof to.text;
        wrong += llmobs_prometheus_print(obs, all[i], to.text, &size) != LLMOBS_OK;
        wrong += harmful_in(to.text, size) + !llmobsi_utf8_is_valid(to.text, size);
        wrong += strstr(to.text, "m_total{l=\"v\\n\"} 1\n") == NULL;
        wrong += strstr(to.text, "m_total{l=\"v \"} 2\n") == NULL;
        wrong += strstr(to.text, "m_total{l=\"v\xef\xbf\xbd\"} 76\n") == NULL;
    }
    is_int(wrong, 0, "labels and help: none stands raw, what looks the same is one series");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_every_code_point();
    test_every_short_sequence();
    test_json();
    test_prometheus();
    test_spans();
    test_labels();
    return done();
}
