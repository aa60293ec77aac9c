/* Hostile bytes as a text of rules: refused at a place, in words, or read; what was read is
   written, read as the same and written as the same. And as the fields of the struct. Seeds in
   corpus/alert_rule. */
#include "llmobs_private.h"

#include <stdlib.h>

#define CHECK(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

/* A rule's most, with each byte escaped, and some for what is written anyway. */
#define WRITTEN 16384u

static size_t write_rule(const llmobsi_alert_rule* rule, char* out)
{
    llmobsi_writer writer;
    llmobsi_writer_init(&writer, out, WRITTEN, NULL, NULL);
    llmobsi_put_alert_rule(&writer, rule);
    CHECK(!writer.failed && writer.length > 0);
    return writer.length;
}

static void check_error(const llmobs_alert_error* error, const char* text, size_t size)
{
    size_t length = strlen(error->reason), lines = 1, i;
    CHECK(length > 0 && length < sizeof error->reason);
    for (i = 0; i < length; i++) {
        CHECK(error->reason[i] >= ' ' && error->reason[i] <= '~');
    }
    for (i = 0; i < size; i++) {
        lines += text[i] == '\n';
    }
    CHECK(error->line >= 1 && error->line <= lines);
    CHECK(error->column >= 1 && error->column <= size + 1);
}

/* Each node stands behind those that it is made of, and has the types that it needs. */
static void check_rule(const llmobsi_alert_rule* rule)
{
    unsigned i;
    CHECK(rule->node_count >= 3 && rule->node_count <= LLMOBS_I_ALERT_NODES);
    CHECK(rule->term_count >= 1 && rule->term_count <= LLMOBS_I_ALERT_TERMS);
    CHECK(rule->matcher_count <= LLMOBS_I_ALERT_MATCHERS);
    CHECK(rule->text_used <= LLMOBS_I_ALERT_TEXT && rule->text[rule->text_used - 1] == '\0');
    CHECK(llmobsi_alert_is_truth(&rule->nodes[rule->node_count - 1]));
    for (i = 0; i < rule->node_count; i++) {
        const llmobsi_alert_node* node = &rule->nodes[i];
        bool truths = node->op >= LLMOBS_I_ALERT_AND;
        if (node->op >= LLMOBS_I_ALERT_NEGATE) {
            CHECK(node->left < i);
            CHECK(llmobsi_alert_is_truth(&rule->nodes[node->left]) == truths);
        }
        if (node->op >= LLMOBS_I_ALERT_ADD) {
            CHECK(node->left < node->right && node->right == i - 1);
            CHECK(llmobsi_alert_is_truth(&rule->nodes[node->right]) == truths);
        }
        CHECK(node->op != LLMOBS_I_ALERT_TERM || node->term < rule->term_count);
        CHECK(llmobsi_double_is_finite(node->number));
    }
    for (i = 0; i < rule->term_count; i++) {
        const llmobsi_alert_term* term = &rule->terms[i];
        CHECK(term->matcher + term->matcher_count <= rule->matcher_count);
        CHECK(term->span_s % LLMOBS_I_ALERT_STEP_S == 0);
        CHECK(term->span_s + term->offset_s <= LLMOBS_I_ALERT_REACH_MOST_S);
        CHECK(term->base_size > 0 && term->base_size <= strlen(rule->text + term->metric));
    }
}

/* Whether a rule's conditions and clauses are kept through the struct. */
static void check_struct(const llmobsi_alert_rule* rule)
{
    static char condition[WRITTEN + 1], by[WRITTEN + 1];
    llmobs_alert_rule given = llmobs_alert_rule_default();
    llmobs_alert_error error;
    llmobsi_alert_rule again;
    llmobsi_writer writer;
    llmobsi_writer_init(&writer, condition, WRITTEN, NULL, NULL);
    llmobsi_put_alert_condition(&writer, rule, llmobsi_put_alert_term);
    condition[writer.length] = '\0';
    llmobsi_writer_init(&writer, by, WRITTEN, NULL, NULL);
    llmobsi_put_alert_by(&writer, rule);
    by[writer.length] = '\0';
    given.name = rule->text + rule->name;
    given.condition = condition;
    given.by = by;
    given.for_s = rule->for_s;
    given.keep_firing_for_s = rule->keep_firing_for_s;
    given.min_history_s = rule->min_history_s;
    given.cooldown_s = rule->cooldown_s;
    given.repeat_s = rule->repeat_s;
    given.severity = (llmobs_alert_severity)rule->severity;
    given.no_data = (llmobs_alert_no_data)rule->no_data;
    given.group = rule->text + rule->group;
    given.summary = rule->text + rule->summary;
    given.runbook = rule->text + rule->runbook;
    CHECK(llmobsi_alert_parse_rule(&again, &given, &error));
    CHECK(llmobsi_alert_rules_equal(rule, &again));
}

static void check_written(const llmobsi_alert_rule* rule)
{
    static char first[WRITTEN], second[WRITTEN];
    static llmobsi_alert_reader reader;
    llmobsi_alert_rule again, none;
    size_t size = write_rule(rule, first);
    llmobsi_alert_reader_begin(&reader, first, size);
    CHECK(llmobsi_alert_read_next(&reader, &again) == LLMOBS_I_ALERT_READ_RULE);
    CHECK(llmobsi_alert_read_next(&reader, &none) == LLMOBS_I_ALERT_READ_END);
    CHECK(llmobsi_alert_rules_equal(rule, &again));
    CHECK(write_rule(&again, second) == size && memcmp(first, second, size) == 0);
}

/* The text as condition, labels and texts of a struct. */
static void check_fields(const char* text, size_t size)
{
    llmobs_alert_rule given = llmobs_alert_rule_default();
    llmobs_alert_error error;
    llmobsi_alert_rule rule;
    unsigned which;
    for (which = 0; which < 4; which++) {
        given.name = which == 0 ? text : "a";
        given.condition = which == 1 ? text : "x > 1";
        given.by = which == 2 ? text : NULL;
        given.summary = which == 3 ? text : NULL;
        if (llmobsi_alert_parse_rule(&rule, &given, &error)) {
            check_rule(&rule);
            check_written(&rule);
        } else if (error.line != 0) {
            CHECK(which == 1);
            check_error(&error, text, size);
        } else {
            CHECK(error.column == 0 && error.reason[0] != '\0');
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static llmobsi_alert_reader reader;
    llmobsi_alert_rule rule;
    llmobsi_alert_read read;
    char* text = (char*)malloc(size + 1);
    CHECK(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    text[size] = '\0';
    check_fields(text, size);
    text = (char*)realloc(text, size + (size == 0)); /* so that a byte too far is seen */
    CHECK(text != NULL);
    llmobsi_alert_reader_begin(&reader, text, size);
    while ((read = llmobsi_alert_read_next(&reader, &rule)) == LLMOBS_I_ALERT_READ_RULE) {
        check_rule(&rule);
        check_written(&rule);
        check_struct(&rule);
    }
    if (read == LLMOBS_I_ALERT_READ_FAILED) {
        check_error(&reader.error, text, size);
    }
    free(text);
    return 0;
}
