/* Log records for other people's programs.

       log_sample article RECORDS LINES   the article's record of each input that log_python.py made
       log_sample otlp LINES              OTLP/JSON of records of all kinds, by the file exporter */
#define LLMOBS_IMPLEMENTATION
#include "../../llmobs.h"

#include <stdio.h>
#include <stdlib.h>

#include "../interaction_sample.h"

#define RULES 64

/* ---- the article's record ------------------------------------------------------------------ */

/* A field of a row: hex digits become bytes, in place. */
static llmobs_string unhex(char* field)
{
    llmobs_string text;
    size_t i;
    text.data = field;
    text.size = strlen(field) / 2;
    for (i = 0; i < text.size; i++) {
        unsigned byte = 0;
        (void)sscanf(field + 2 * i, "%2x", &byte);
        field[i] = (char)byte;
    }
    return text;
}

static char* next_field(char** row)
{
    return strsep(row, "\t\n");
}

static int64_t number(char** row)
{
    return (int64_t)strtoll(next_field(row), NULL, 10);
}

static void write_record(char* row, FILE* out)
{
    static char line[1 << 20];
    static llmobs_string rules[RULES];
    llmobs_interaction one = llmobs_interaction_default();
    char hashes[2][LLMOBS_HASH_UNKEYED_SIZE];
    llmobs_string text;
    char* list;
    size_t size;
    one.unix_ns = (uint64_t)strtoull(next_field(&row), NULL, 10);
    one.request_id = unhex(next_field(&row));
    one.user_id = unhex(next_field(&row));
    one.model = unhex(next_field(&row));
    one.input_tokens = number(&row);
    one.output_tokens = number(&row);
    one.cost_nano = number(&row);
    one.cost_known = true;
    one.latency_ns = number(&row);
    one.guardrails_passed = number(&row) != 0;
    list = next_field(&row);
    one.guardrails_triggered = rules;
    while (list != NULL && *list != '\0' && one.guardrail_count < RULES) {
        rules[one.guardrail_count++] = unhex(strsep(&list, ","));
    }
    text = unhex(next_field(&row));
    one.input_length = llmobs_hash_unkeyed(text.data, text.size, hashes[0]);
    text = unhex(next_field(&row));
    one.output_length = llmobs_hash_unkeyed(text.data, text.size, hashes[1]);
    one.input_hash = llmobs_str(hashes[0]);
    one.output_hash = llmobs_str(hashes[1]);
    size = llmobs_interaction_line(&one, NULL, LLMOBS_LOG_STYLE_ARTICLE, line, sizeof line);
    if (size == 0) {
        fprintf(stderr, "log_sample: a line does not fit\n");
        exit(1);
    }
    (void)fwrite(line, 1, size, out);
}

static int write_article(const char* records, const char* lines)
{
    FILE* in = fopen(records, "r");
    FILE* out = fopen(lines, "w");
    char* row = NULL;
    size_t room = 0;
    if (in == NULL || out == NULL) {
        return 1;
    }
    while (getline(&row, &room, in) > 0) {
        write_record(row, out);
    }
    free(row);
    (void)fclose(in);
    return fclose(out) != 0;
}

/* ---- OTLP ---------------------------------------------------------------------------------- */

static void record_all(llmobs* obs)
{
    static const char* const texts[] = {"plain", "\"\\\n\x1b[31m", "\xff\xfe", "",
                                        "\xe2\x80\xa8\xe2\x80\xae\xc2\x85", "\xf0\x9f\x98\x80"};
    const size_t count = sizeof texts / sizeof texts[0];
    size_t i;
    for (i = 0; i < 120; i++) {
        llmobs_span span = llmobs_span_root(obs, "request");
        llmobs_interaction one = i % 3 == 0 ? llmobs_interaction_default() : interaction_sample();
        llmobs_log_info info = llmobs_log_info_default();
        llmobs_attribute attributes[5];
        attributes[0] = llmobs_attribute_string("text", texts[i % count]);
        attributes[1] = llmobs_attribute_int("int", i % 2 ? INT64_MIN : INT64_MAX);
        attributes[2] = llmobs_attribute_double("double", i % 7 == 0 ? strtod("nan", NULL) : 0.1);
        attributes[3] = llmobs_attribute_bool("bool", i % 2 == 0);
        attributes[4] = llmobs_attribute_strings("list", texts, i % (count + 1));
        info.severity = (llmobs_severity)(9 + i % 16);
        info.event_name = i % 5 == 0 ? NULL : "event";
        info.body = llmobs_str(texts[i % count]);
        info.attributes = attributes;
        info.attribute_count = i % 6;
        info.span = span;
        llmobs_log_with(obs, &info);
        one.model = llmobs_str(texts[i % count]);
        llmobs_log_interaction(obs, i % 2 == 0 ? span : llmobsi_span_none(), &one);
        llmobs_span_end(span);
    }
}

static void record_alerts(llmobs* obs)
{
    static const char* const numbers[] = {"nan", "inf", "-inf", "-0", "1e-300", "0.1"};
    size_t i;
    for (i = 0; i < 30; i++) {
        llmobs_alert_label label = {llmobs_str("feature"), llmobs_str("\"\n\xff")};
        llmobs_alert alert;
        memset(&alert, 0, sizeof alert);
        alert.rule = llmobs_str("cost_spike");
        alert.sentence = llmobs_str("cost_spike fires");
        alert.labels = &label;
        alert.label_count = 1;
        alert.severity = (llmobs_alert_severity)(i % 3);
        alert.state = i % 2 == 0 ? LLMOBS_ALERT_FIRING : LLMOBS_ALERT_RESOLVED;
        alert.value = strtod(numbers[i % 6], NULL);
        alert.threshold = strtod(numbers[i / 5], NULL);
        alert.unix_ns = UINT64_C(1768485900000000000) + i;
        alert.active_unix_ns = alert.fired_unix_ns = alert.unix_ns;
        llmobsi_alert_record(llmobsi_ticket(obs), &alert);
    }
}

static int write_otlp(const char* path)
{
    llmobs_file_options options;
    llmobs* obs = llmobs_open(NULL, NULL);
    memset(&options, 0, sizeof options);
    options.signals = LLMOBS_SIGNAL_LOGS;
    if (llmobs_export_file_with(obs, LLMOBS_FORMAT_OTLP_JSON, path, &options) != LLMOBS_OK) {
        return 1;
    }
    record_all(obs);
    record_alerts(obs);
    return llmobs_close(obs) != LLMOBS_OK;
}

int main(int count, char** arguments)
{
    if (count == 4 && strcmp(arguments[1], "article") == 0) {
        return write_article(arguments[2], arguments[3]);
    }
    if (count == 3 && strcmp(arguments[1], "otlp") == 0) {
        return write_otlp(arguments[2]);
    }
    fprintf(stderr, "usage: log_sample article RECORDS LINES | otlp LINES\n");
    return 2;
}
