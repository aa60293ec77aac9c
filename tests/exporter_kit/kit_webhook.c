/* The exporter kit on examples/alert_webhook.c, over HTTP. It sends what has alerts in it, and no
   other record. Link it with -lcurl. */
#define ALERT_WEBHOOK_ALONE
#include "../../examples/alert_webhook.c"

#include "exporter_kit.c"

#include "kit_http.h"

static uint64_t alerts_in(const char* path, const char* body, size_t size)
{
    return strcmp(path, "/api/v2/alerts") == 0 ? kit_http_times(body, size, "\"alertname\":") : 0;
}

static kit_http server = {.count = alerts_in};

static bool make_webhook(void* user, llmobs_exporter* exporter)
{
    static char url[64];
    static alert_webhook to = {url, 60, 1000, NULL, false};
    (void)alert_webhook_add; /* the kit adds it */
    (void)user;
    if (server.port == 0) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        if (!kit_http_start(&server)) {
            return false;
        }
        snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)server.port);
    }
    exporter->export_batch = send_alerts;
    exporter->user = &to;
    exporter->signals = LLMOBS_SIGNAL_LOGS;
    return true;
}

static uint64_t received(void* user)
{
    (void)user;
    return kit_http_received(&server);
}

static uint64_t wanted(void* user, const llmobs_batch* batch)
{
    uint64_t count = 0;
    (void)user;
    for (size_t i = 0; i < batch->log_count; i++) {
        llmobs_alert alert;
        count += llmobs_alert_of(&batch->logs[i], &alert, NULL) &&
                 alert.state != LLMOBS_ALERT_PENDING;
    }
    return count;
}

/* Alertmanager says nothing of a part, or of when to come again. */
static bool fail(void* user, exporter_kit_fault fault, uint32_t count)
{
    (void)user;
    return fault != EXPORTER_KIT_BUSY && kit_http_fault(&server, fault, count);
}

int main(void)
{
    exporter_kit webhook;
    memset(&webhook, 0, sizeof webhook);
    webhook.name = "alert_webhook";
    webhook.make = make_webhook;
    webhook.received = received;
    webhook.wanted = wanted;
    webhook.fail = fail;
    exporter_kit_run(&webhook);
    return exporter_kit_done();
}
