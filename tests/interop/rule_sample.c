/* Alert rules for alert.t: the default ones as text, and any text of rules as Prometheus YAML.

       rule_sample default [MONTHLY_BUDGET_USD] > RULES
       rule_sample prometheus < RULES > YAML */
#define LLMOBS_IMPLEMENTATION
#include "../../llmobs.h"

#include <stdio.h>
#include <stdlib.h>

static char text[1 << 20];
static char buffer[LLMOBS_I_WRITER_BUFFER];

static bool put_out(void* user, const char* data, size_t size)
{
    return fwrite(data, 1, size, (FILE*)user) == size;
}

static void write_defaults(llmobsi_writer* writer, const char* budget)
{
    llmobs_alert_defaults numbers = llmobs_alert_defaults_default();
    size_t i;
    numbers.monthly_budget_usd = atof(budget);
    numbers = llmobsi_alert_defaults_complete(&numbers);
    for (i = 0; i < LLMOBS_I_ALERT_DEFAULT_RULES; i++) {
        if (llmobsi_alert_defaults_has(&numbers, i)) {
            llmobsi_alert_defaults_put(writer, &numbers, i);
        }
    }
}

static bool write_yaml(llmobsi_writer* writer, size_t size)
{
    static llmobsi_alert_reader reader;
    static llmobsi_alert_rule rule;
    llmobsi_alert_read read;
    llmobsi_alert_reader_begin(&reader, text, size);
    llmobsi_alert_rules_begin(writer, 0);
    while ((read = llmobsi_alert_read_next(&reader, &rule)) == LLMOBS_I_ALERT_READ_RULE) {
        llmobsi_alert_rules_put(writer, &rule);
    }
    llmobsi_put_text(writer, "\n");
    if (read == LLMOBS_I_ALERT_READ_FAILED) {
        fprintf(stderr, "%u:%u: %s\n", reader.error.line, reader.error.column,
                reader.error.reason);
    }
    return read == LLMOBS_I_ALERT_READ_END;
}

int main(int count, char** words)
{
    llmobsi_writer writer;
    bool good = count >= 2;
    llmobsi_writer_init(&writer, buffer, sizeof buffer, put_out, stdout);
    if (good && strcmp(words[1], "default") == 0) {
        write_defaults(&writer, count > 2 ? words[2] : "0");
    } else if (good && strcmp(words[1], "prometheus") == 0) {
        good = write_yaml(&writer, fread(text, 1, sizeof text, stdin));
    } else {
        good = false;
    }
    return good && llmobsi_writer_finish(&writer) ? 0 : 1;
}
