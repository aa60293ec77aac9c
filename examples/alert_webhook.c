/* Alerts to Prometheus' Alertmanager, which groups them, silences them and wakes people up: an
   exporter that posts what llmobs tells to /api/v2/alerts, over HTTP by libcurl. Copy the first
   part. main() watches an imaginary service by the rules of a file.
       cc -I. examples/alert_webhook.c -o alert_webhook -pthread -lm -lcurl
       ./alert_webhook http://127.0.0.1:9093 alerts.rules */
#define _POSIX_C_SOURCE 200809L
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the exporter -------------------------------------------------------------------------- */

typedef struct alert_webhook {
    const char* url;       /* of Alertmanager, such as "http://127.0.0.1:9093"            */
    uint32_t repeat_s;     /* the longest repeat_s of your rules                          */
    uint32_t timeout_ms;   /* of one call                                                 */
    const char* generator; /* a page about this service; NULL: none                       */
    bool by_instance;      /* several processes share the service's name: tell them apart */
} alert_webhook;

/* A batch's texts are UTF-8, so that these are all that JSON wants escaped. */
static void put_string(FILE* out, llmobs_string text)
{
    fputc('"', out);
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte < 0x20 || byte == '"' || byte == '\\') {
            fprintf(out, "\\u%04x", byte);
        } else {
            fputc(byte, out);
        }
    }
    fputc('"', out);
}

/* A member of an object; names are ours, or labels', which have letters, digits and '_'. What is
   empty is left out. */
static void put_member(FILE* out, const char* comma, const char* name, llmobs_string text)
{
    if (text.size > 0) {
        fprintf(out, "%s\"%s\":", comma, name);
        put_string(out, text);
    }
}

/* RFC 3339, in UTC. */
static void put_time(FILE* out, const char* name, uint64_t unix_ns)
{
    time_t seconds = (time_t)(unix_ns / 1000000000);
    struct tm parts;
    char text[32] = "";
    if (gmtime_r(&seconds, &parts) != NULL) {
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    }
    fprintf(out, ",\"%s\":\"%s.%09" PRIu64 "Z\"", name, text, unix_ns % 1000000000);
}

static llmobs_string resource_text(const llmobs_batch* batch, const char* key)
{
    for (uint32_t i = 0; i < batch->resource->attribute_count; i++) {
        const llmobs_attribute_view* attribute = &batch->resource->attributes[i];
        if (attribute->type == LLMOBS_TYPE_STRING && strcmp(attribute->key.data, key) == 0) {
            return attribute->value.string;
        }
    }
    return llmobs_str("");
}

/* Alerts with equal labels are one alert to Alertmanager, whoever sends them. A label that has the
   name of one of ours gets another, as Prometheus does it. */
static void put_labels(FILE* out, const alert_webhook* to, const llmobs_batch* batch,
                       const llmobs_alert* alert)
{
    llmobs_string severity = llmobs_str(llmobs_alert_severity_name(alert->severity));
    fputs("{\"labels\":{", out);
    put_member(out, "", "alertname", alert->rule);
    put_member(out, ",", "severity", severity);
    put_member(out, ",", "service", resource_text(batch, "service.name"));
    if (to->by_instance) {
        put_member(out, ",", "instance", resource_text(batch, "service.instance.id"));
    }
    for (size_t i = 0; i < alert->label_count; i++) {
        llmobs_string name = alert->labels[i].name;
        bool taken = strcmp(name.data, "alertname") == 0 || strcmp(name.data, "severity") == 0 ||
                     strcmp(name.data, "service") == 0 || strcmp(name.data, "instance") == 0;
        char label[300];
        snprintf(label, sizeof label, "%s%s", taken ? "exported_" : "", name.data);
        put_member(out, ",", label, alert->labels[i].value);
    }
    fputs("}", out);
}

/* Alertmanager takes an alert that nobody sends again for over, by default 5 minutes
   (resolve_timeout) after it came. llmobs tells one again each repeat_s. So one that fires ends
   when it was not told four times: that is if this process dies. */
static void put_alert(FILE* out, const alert_webhook* to, const llmobs_batch* batch,
                      const llmobs_alert* alert)
{
    bool is_url = strncmp(alert->runbook.data, "http://", 7) == 0 ||
                  strncmp(alert->runbook.data, "https://", 8) == 0;
    uint64_t starts = alert->fired_unix_ns != 0 ? alert->fired_unix_ns : alert->unix_ns;
    uint64_t ends = alert->unix_ns + UINT64_C(4000000000) * to->repeat_s;
    if (alert->state == LLMOBS_ALERT_RESOLVED) {
        ends = alert->resolved_unix_ns != 0 ? alert->resolved_unix_ns : alert->unix_ns;
    }
    put_labels(out, to, batch, alert);
    fputs(",\"annotations\":{", out);
    put_member(out, "", "description", alert->sentence);
    put_member(out, alert->sentence.size > 0 ? "," : "", "summary",
               alert->summary.size > 0 ? alert->summary : alert->rule);
    put_member(out, ",", is_url ? "runbook_url" : "runbook", alert->runbook);
    fputs("}", out);
    put_time(out, "startsAt", starts);
    put_time(out, "endsAt", ends > starts ? ends : starts);
    put_member(out, ",", "generatorURL", llmobs_str(to->generator));
    fputs("}", out);
}

/* The list that Alertmanager wants; returns how many there are. */
static size_t put_alerts(FILE* out, const alert_webhook* to, const llmobs_batch* batch)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->log_count; i++) {
        llmobs_alert_label labels[LLMOBS_ALERT_LABELS_MAX];
        llmobs_alert alert;
        if (llmobs_alert_of(&batch->logs[i], &alert, labels) &&
            alert.state != LLMOBS_ALERT_PENDING) {
            fputs(count++ == 0 ? "[" : ",", out);
            put_alert(out, to, batch, &alert);
        }
    }
    fputs("]", out);
    return count;
}

static size_t ignore(char* data, size_t unit, size_t count, void* user)
{
    (void)data, (void)user;
    return unit * count;
}

/* The same alerts may be sent twice: nothing comes of it. Of a list that is refused with a 4xx, the
   alerts that are in order have been taken. */
static llmobs_export_result post(const alert_webhook* to, const char* body, size_t size)
{
    CURL* curl = curl_easy_init();
    struct curl_slist* headers = curl_slist_append(NULL, "Content-Type: application/json");
    char target[1024];
    long status = 0;
    int length = snprintf(target, sizeof target, "%s/api/v2/alerts", to->url);
    bool sent = curl != NULL && headers != NULL && length < (int)sizeof target &&
                curl_easy_setopt(curl, CURLOPT_URL, target) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)size) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)to->timeout_ms) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK && /* threads */
                curl_easy_perform(curl) == CURLE_OK &&
                curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK;
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (!sent || status == 408 || status == 429 || status >= 500) {
        return LLMOBS_EXPORT_RETRY;
    }
    return status >= 200 && status < 300 ? LLMOBS_EXPORT_OK : LLMOBS_EXPORT_DROP;
}

/* The callback; `user` is the alert_webhook. */
static llmobs_export_result send_alerts(void* user, const llmobs_batch* batch)
{
    const alert_webhook* to = (const alert_webhook*)user;
    char* body = NULL;
    size_t size = 0;
    FILE* out = open_memstream(&body, &size);
    if (out == NULL) {
        return LLMOBS_EXPORT_RETRY;
    }
    size_t count = put_alerts(out, to, batch);
    bool whole = !ferror(out);
    whole = fclose(out) == 0 && whole;
    llmobs_export_result result = count == 0 ? LLMOBS_EXPORT_OK : LLMOBS_EXPORT_RETRY;
    if (count > 0 && whole) {
        result = post(to, body, size);
    }
    free(body);
    return result;
}

/* `to` lives until llmobs_close; curl_global_init comes before. */
static llmobs_result alert_webhook_add(llmobs* obs, alert_webhook* to)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    exporter.name = "alertmanager";
    exporter.export_batch = send_alerts;
    exporter.user = to;
    exporter.signals = LLMOBS_SIGNAL_LOGS;
    exporter.max_attempts = 20; /* some six minutes, for an Alertmanager that is restarted */
    return llmobs_exporter_add(obs, &exporter);
}

/* ---- a service that is watched ------------------------------------------------------------- */

#ifndef ALERT_WEBHOOK_ALONE /* for programs that include this file */

/* A request a tenth of a second, whose answer a guardrail blocks. */
static void serve(llmobs* obs, int seconds)
{
    const struct timespec pause = {0, 100000000};
    for (int i = 0; i < seconds * 10; i++) {
        llmobs_request_info info = llmobs_request_info_default();
        info.feature = "support";
        info.model = "gpt-4o-mini";
        llmobs_request request = llmobs_request_begin(obs, &info);
        llmobs_guardrail(request, "pii_leak", LLMOBS_GUARDRAIL_BLOCKED);
        llmobs_request_end(request, NULL);
        nanosleep(&pause, NULL);
    }
}

/* Loads rules; says what is wrong with them. */
static bool load_rules(llmobs* obs, const char* path)
{
    static char text[65536];
    llmobs_alert_error error = llmobs_alert_error_default();
    FILE* file = fopen(path, "rb");
    size_t size = file != NULL ? fread(text, 1, sizeof text, file) : 0;
    if (file == NULL || ferror(file) || size == sizeof text) {
        fprintf(stderr, "%s: can't be read, or is too long\n", path);
        return false;
    }
    fclose(file);
    if (llmobs_alert_rules_load(obs, text, size, &error) != LLMOBS_OK) {
        fprintf(stderr, "%s:%u:%u: %s\n", path, error.line, error.column, error.reason);
        return false;
    }
    return true;
}

int main(int argc, char** argv)
{
    alert_webhook to = {argc > 1 ? argv[1] : "", 14400, 10000, NULL, false};
    if (argc < 3) {
        fprintf(stderr, "usage: alert_webhook URL RULES [SECONDS]\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    llmobs* obs = llmobs_open(NULL, NULL);
    bool good = load_rules(obs, argv[2]) && alert_webhook_add(obs, &to) == LLMOBS_OK;
    if (good) {
        serve(obs, argc > 3 ? atoi(argv[3]) : 3600);
    }
    good = llmobs_close(obs) == LLMOBS_OK && good;
    curl_global_cleanup();
    return good ? 0 : 1;
}

#endif
