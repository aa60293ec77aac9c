/* A part of exporter_kit.c: what is recorded. One of everything, and the worst of each. */

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Quotes, control characters, bidirectional marks, line separators, what is no UTF-8, half a sign
   at the end. */
#define KIT_HOSTILE                                                                             \
    "\"quoted\" \\back\\ /slash/ <tag> \b\f\n\r\t \x01\x1b[31m \x7f \xc2\x85 \xe2\x80\xa8 "      \
    "\xe2\x80\xae caf\xc3\xa9 \xf0\x9f\x98\x80 \xed\xa0\x80 \xc0\x80 \xff \xc3"

static char kit_long[1024]; /* longer than any value may be, of signs of two bytes */

static void kit_long_fill(void)
{
    size_t i;
    for (i = 0; i + 2 < sizeof kit_long; i += 2) {
        memcpy(kit_long + i, "\xc3\xa9", 2);
    }
}

/* Every type, every edge of its values. Returns how many. */
#define KIT_ATTRIBUTES 18
static size_t kit_attributes(llmobs_attribute* to)
{
    static const char* const words[] = {"", "two", KIT_HOSTILE, kit_long};
    size_t n = 0;
    to[n++] = llmobs_attribute_string("kit.empty", "");
    to[n++] = llmobs_attribute_string("kit.null", NULL);
    to[n++] = llmobs_attribute_string("kit.hostile", KIT_HOSTILE);
    to[n++] = llmobs_attribute_string("kit.long", kit_long);
    to[n++] = llmobs_attribute_string_n("kit.zero", "a\0b", 3);
    to[n++] = llmobs_attribute_int("kit.least", INT64_MIN);
    to[n++] = llmobs_attribute_int("kit.most", INT64_MAX);
    to[n++] = llmobs_attribute_double("kit.nan", (double)NAN);
    to[n++] = llmobs_attribute_double("kit.infinite", (double)INFINITY);
    to[n++] = llmobs_attribute_double("kit.minus_infinite", -(double)INFINITY);
    to[n++] = llmobs_attribute_double("kit.minus_zero", -0.0);
    to[n++] = llmobs_attribute_double("kit.largest", DBL_MAX);
    to[n++] = llmobs_attribute_double("kit.smallest", 4.9406564584124654e-324);
    to[n++] = llmobs_attribute_bool("kit.true", true);
    to[n++] = llmobs_attribute_bool("kit.false", false);
    to[n++] = llmobs_attribute_strings("kit.words", words, 4);
    to[n++] = llmobs_attribute_strings("kit.no_words", words, 0);
    to[n++] = llmobs_attribute_string("kit \"key\"\n", "x");
    return n;
}

/* ---- spans --------------------------------------------------------------------------------- */

static void kit_span_full(llmobs* obs, const char* name)
{
    llmobs_attribute attributes[KIT_ATTRIBUTES];
    size_t count = kit_attributes(attributes);
    llmobs_span_info info = llmobs_span_info_default();
    llmobs_span root;
    llmobs_span child;
    llmobs_trace_context context;
    size_t i;
    info.name = name;
    info.kind = LLMOBS_KIND_SERVER;
    info.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    info.tracestate = "vendor=value,other=1";
    root = llmobs_span_begin(obs, &info);
    (void)llmobs_span_context(root, &context);
    child = llmobs_span_child(root, "");
    llmobs_span_set_kind(child, LLMOBS_KIND_CLIENT);
    llmobs_span_link(child, &context);
    llmobs_span_link_to(child, root);
    llmobs_span_set(child, attributes, count);
    for (i = 0; i < 3; i++) {
        llmobs_span_event(child, i == 0 ? "" : "event");
        llmobs_span_event_with(child, "event \"with\"", attributes, i * 4);
    }
    llmobs_span_set_status(child, LLMOBS_STATUS_ERROR, KIT_HOSTILE);
    child = llmobs_span_next(child, "next");
    llmobs_span_set_kind(child, LLMOBS_KIND_PRODUCER);
    llmobs_span_end(child);
    llmobs_span_set_status(root, LLMOBS_STATUS_OK, NULL);
    llmobs_span_end(root);
}

/* More than a span has room for: what does not fit is counted in it. */
static void kit_span_overfull(llmobs* obs)
{
    llmobs_span span = llmobs_span_root(obs, "overfull");
    int i;
    for (i = 0; i < 100; i++) {
        char key[24];
        (void)snprintf(key, sizeof key, "kit.key.%d", i);
        llmobs_span_set_string(span, llmobs_name_n(obs, key, strlen(key)), kit_long);
        llmobs_span_event(span, "event");
    }
    llmobs_span_set_kind(span, LLMOBS_KIND_CONSUMER);
    llmobs_span_end(span);
}

static void kit_spans(llmobs* obs)
{
    char name[255];
    memset(name, 'n', sizeof name);
    llmobs_span_end(llmobs_span_root(obs, ""));
    llmobs_span_end(llmobs_span_root(obs, llmobs_name_n(obs, name, sizeof name)));
    kit_span_full(obs, "full");
    kit_span_full(obs, llmobs_name_n(obs, KIT_HOSTILE, strlen(KIT_HOSTILE)));
    kit_span_overfull(obs);
}

/* ---- log records --------------------------------------------------------------------------- */

static void kit_interactions(llmobs* obs, llmobs_span span)
{
    static const llmobs_string rules[] = {{"pii", 3}, {"", 0}, {"quote \" and \\", 13}};
    llmobs_interaction one = llmobs_interaction_default();
    llmobs_log_interaction(obs, span, &one); /* nothing is known */
    one.severity = LLMOBS_SEVERITY_FATAL;
    one.guardrails_passed = false;
    one.cost_known = true;
    one.cost_nano = 1;
    one.provenance = LLMOBS_USAGE_ESTIMATED;
    one.guardrails_triggered = rules;
    one.guardrail_count = 3;
    one.guardrail_verdicts = 4;
    one.request_id = llmobs_str("kit-request");
    one.user_id = llmobs_str(kit_long);
    one.model = llmobs_str(KIT_HOSTILE);
    one.input_hash = llmobs_str("hmac-sha256:k1:0123456789abcdef0123456789abcdef");
    one.finish_reason = llmobs_str("stop");
    one.error_type = llmobs_str("time\nout");
    one.input_tokens = INT64_MAX;
    one.output_tokens = 0;
    one.latency_ns = 1;
    one.retries = 2;
    llmobs_log_interaction(obs, span, &one);
}

/* As the judge has it; anybody may log one. */
static void kit_evaluation(llmobs* obs, llmobs_span span)
{
    llmobs_attribute attributes[4];
    llmobs_log_info info = llmobs_log_info_default();
    attributes[0] = llmobs_attribute_string("gen_ai.evaluation.name", "overall");
    attributes[1] = llmobs_attribute_double("gen_ai.evaluation.score.value", 0.25);
    attributes[2] = llmobs_attribute_string("gen_ai.evaluation.score.label", "flagged");
    attributes[3] = llmobs_attribute_string("gen_ai.evaluation.explanation", KIT_HOSTILE);
    info.event_name = "gen_ai.evaluation.result";
    info.span = span;
    info.attributes = attributes;
    info.attribute_count = 4;
    llmobs_log_with(obs, &info);
}

static void kit_logs(llmobs* obs)
{
    llmobs_attribute attributes[KIT_ATTRIBUTES];
    llmobs_span span = llmobs_span_root(obs, "of logs");
    llmobs_log_info info = llmobs_log_info_default();
    int severity;
    llmobs_log(obs, LLMOBS_SEVERITY_INFO, NULL, NULL);
    llmobs_log(obs, LLMOBS_SEVERITY_ERROR, "", "");
    llmobs_log(obs, LLMOBS_SEVERITY_WARN, "kit.event", KIT_HOSTILE);
    llmobs_log(obs, LLMOBS_SEVERITY_FATAL, "kit.long", kit_long);
    llmobs_log(obs, LLMOBS_SEVERITY_WARN, "llm.alert", "looks like an alert and is none");
    info.event_name = "kit \"event\"";
    info.body = llmobs_text("a\0b", 3);
    info.span = span;
    info.attributes = attributes;
    info.attribute_count = kit_attributes(attributes);
    llmobs_log_with(obs, &info);
    info.unix_ns = UINT64_MAX;
    info.attribute_count = 0;
    for (severity = LLMOBS_SEVERITY_INFO; severity <= 24; severity++) {
        info.severity = (llmobs_severity)severity;
        llmobs_log_with(obs, &info);
        info.unix_ns = 1;
    }
    kit_interactions(obs, span);
    kit_evaluation(obs, span);
    llmobs_span_end(span);
}

/* ---- metrics ------------------------------------------------------------------------------- */

static double kit_ask(void* user)
{
    (void)user;
    return -0.0;
}

static llmobs_metric kit_define(llmobs* obs, const char* name, llmobs_instrument instrument,
                                llmobs_number number)
{
    static const char* const labels[] = {"kind", "text"};
    static const double bounds[] = {1e-9, 0.5, 1, 1e9};
    llmobs_metric_info info = llmobs_metric_info_default();
    info.name = name;
    info.help = "One \"of\" the kit's \\ caf\xc3\xa9\n";
    info.unit = "s";
    info.instrument = instrument;
    info.number = number;
    info.labels = labels;
    info.label_count = instrument == LLMOBS_GAUGE_CALLBACK ? 0 : 2;
    info.bounds = instrument == LLMOBS_HISTOGRAM ? bounds : NULL;
    info.bound_count = instrument == LLMOBS_HISTOGRAM ? 4 : 0;
    info.exemplars = number != LLMOBS_NUMBER_INT;
    info.callback = instrument == LLMOBS_GAUGE_CALLBACK ? kit_ask : NULL;
    return llmobs_metric_define(obs, &info, NULL);
}

static void kit_histograms(llmobs* obs, const char* const* values, llmobs_span span)
{
    static const double some[] = {0, 1e-300, 0.25, 1, 2, 1e12, DBL_MAX, -1};
    llmobs_histogram both[2];
    size_t i;
    both[0] = llmobs_histogram_get(
        kit_define(obs, "kit.buckets", LLMOBS_HISTOGRAM, LLMOBS_NUMBER_DOUBLE), values, 2);
    both[1] = llmobs_histogram_get(kit_define(obs, "kit.exponential", LLMOBS_HISTOGRAM_EXPONENTIAL,
                                              LLMOBS_NUMBER_DOUBLE), values, 2);
    for (i = 0; i < sizeof some / sizeof *some; i++) {
        llmobs_histogram_record_in(both[0], some[i], span);
        llmobs_histogram_record_in(both[1], some[i], span);
    }
    (void)llmobs_histogram_get(
        kit_define(obs, "kit.no_values", LLMOBS_HISTOGRAM_EXPONENTIAL, LLMOBS_NUMBER_NANO),
        values, 2);
}

static void kit_metrics(llmobs* obs)
{
    static const char* const values[][2] = {
        {"", ""}, {"a", NULL}, {"b", KIT_HOSTILE}, {"c", kit_long}, {"d", "\xff\xfe"}};
    static const double gauges[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, -0.0, 7};
    llmobs_span span = llmobs_span_root(obs, "of metrics");
    llmobs_metric counter = kit_define(obs, "kit.counter", LLMOBS_COUNTER, LLMOBS_NUMBER_INT);
    llmobs_metric nano = kit_define(obs, "kit.nano", LLMOBS_COUNTER, LLMOBS_NUMBER_NANO);
    llmobs_metric updown = kit_define(obs, "kit.updown", LLMOBS_UPDOWN, LLMOBS_NUMBER_INT);
    llmobs_metric gauge = kit_define(obs, "kit.gauge", LLMOBS_GAUGE, LLMOBS_NUMBER_DOUBLE);
    size_t i;
    (void)kit_define(obs, "kit.asked", LLMOBS_GAUGE_CALLBACK, LLMOBS_NUMBER_DOUBLE);
    for (i = 0; i < sizeof values / sizeof *values; i++) {
        llmobs_counter_add(llmobs_counter_get(counter, values[i], 2), INT64_MAX);
        llmobs_counter_add_in(llmobs_counter_get(nano, values[i], 2), 1, span);
        llmobs_updown_add(llmobs_updown_get(updown, values[i], 2), -1);
        llmobs_gauge_set(llmobs_gauge_get(gauge, values[i], 2), gauges[i]);
        kit_histograms(obs, values[i], span);
    }
    llmobs_span_end(span);
}

/* ---- alerts -------------------------------------------------------------------------------- */

/* By the kit's clock, which the rules are evaluated by: ten seconds a tick. */
#define KIT_ALERT_NS UINT64_C(10000000000)

static void kit_alert_rules(llmobs* obs)
{
    static const char rules[] =
        "kit_pressure: kit_level > 1 by (kind, text) severity critical\n"
        "    summary \"Pressure \\\"is\\\" on\" runbook \"https://runbook.example/\"";
    static const char* const labels[] = {"kind", "text"};
    llmobs_metric_info info = llmobs_metric_info_default();
    info.name = "kit_level";
    info.instrument = LLMOBS_GAUGE;
    info.number = LLMOBS_NUMBER_DOUBLE;
    info.labels = labels;
    info.label_count = 2;
    (void)llmobs_metric_define(obs, &info, NULL);
    (void)llmobs_alert_rules_load(obs, rules, sizeof rules - 1, NULL);
}

static void kit_alert_level(llmobs* obs, double level)
{
    static const char* const values[][2] = {{"plain", "x"}, {"hostile", KIT_HOSTILE}};
    llmobs_metric metric = llmobs_metric_find(obs, "kit_level");
    size_t i;
    for (i = 0; i < 2; i++) {
        llmobs_gauge_set(llmobs_gauge_get(metric, values[i], 2), level);
    }
}

/* ---- requests ------------------------------------------------------------------------------ */

/* One as a host records it: spans, a log record, metrics of the catalogue. */
static void kit_request(llmobs* obs)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request;
    info.request_id = KIT_HOSTILE;
    info.feature = "kit";
    info.model = "model \"x\"";
    request = llmobs_request_begin(obs, &info);
    llmobs_request_output(request, "answer", 6);
    llmobs_request_end(request, &outcome);
}
