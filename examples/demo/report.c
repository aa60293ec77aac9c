#include "report.h"

#include "text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t no_id[8] = {0};

static uint64_t duration(const kept_span* of)
{
    return of->end_ns - of->start_ns;
}

static bool is_root(const kept_span* span)
{
    return memcmp(span->parent_span_id, no_id, sizeof no_id) == 0;
}

const kept_span* report_slowest(const collector* from)
{
    const kept_span* slowest = NULL;
    for (size_t i = 0; i < from->count; i++) {
        const kept_span* span = &from->spans[i];
        if (is_root(span) && (slowest == NULL || duration(span) > duration(slowest))) {
            slowest = span;
        }
    }
    return slowest;
}

/* ---- the summary --------------------------------------------------------------------------- */

static int by_number(const void* a, const void* b)
{
    uint64_t first = *(const uint64_t*)a;
    uint64_t second = *(const uint64_t*)b;
    return (first > second) - (first < second);
}

/* A line of the table: quantiles by nearest rank, over the spans of one name. */
static void print_phase(const terminal* on, const collector* from, const char* name)
{
    uint64_t* sorted = (uint64_t*)grow(NULL, from->count + 1, sizeof(uint64_t));
    size_t count = 0;
    for (size_t i = 0; i < from->count; i++) {
        if (strcmp(from->spans[i].name, name) == 0) {
            sorted[count++] = duration(&from->spans[i]);
        }
    }
    if (count > 0) {
        char p50[SHORT_TEXT];
        char p95[SHORT_TEXT];
        char most[SHORT_TEXT];
        qsort(sorted, count, sizeof *sorted, by_number);
        bool whole = strcmp(name, "llm_chain") == 0;
        fprintf(on->stream, "  %s%s%-*s%10s%10s%10s%s\n", paint(on, whole ? BOLD : PLAIN),
                whole ? "" : "  ", whole ? 19 : 17, name,
                show_duration(p50, sorted[(count * 50 + 99) / 100 - 1]),
                show_duration(p95, sorted[(count * 95 + 99) / 100 - 1]),
                show_duration(most, sorted[count - 1]), paint(on, PLAIN));
    }
    free(sorted);
}

/* Over the root spans: a phase may say the same once more. */
static int64_t sum_of(const collector* from, const char* key)
{
    int64_t sum = 0;
    for (size_t i = 0; i < from->count; i++) {
        const kept_attribute* found = kept_find(&from->spans[i], key);
        sum += found != NULL && is_root(&from->spans[i]) ? found->integer : 0;
    }
    return sum;
}

void report_summary(const terminal* on, const collector* from)
{
    static const char* const phases[] = {"llm_chain", "retrieval", "prompt_assembly", "model_call",
                                         "guardrail_check"};
    uint64_t requests = 0;
    uint64_t blocked = 0;
    uint64_t failed = 0;
    for (size_t i = 0; i < from->count; i++) {
        const kept_span* span = &from->spans[i];
        const kept_attribute* passed = kept_find(span, "guardrail.passed");
        bool root = is_root(span);
        bool stopped = root && passed != NULL && passed->integer == 0;
        requests += root;
        blocked += stopped;
        failed += root && !stopped && span->failed;
    }
    char a[SHORT_TEXT];
    char b[SHORT_TEXT];
    fprintf(on->stream, "  %srequests%s %16s answered%10s blocked", paint(on, DIM),
            paint(on, PLAIN), show_count(a, requests - blocked - failed), show_count(b, blocked));
    if (failed > 0) {
        fprintf(on->stream, "%10s failed", show_count(a, failed));
    }
    fputc('\n', on->stream);
    fprintf(on->stream, "  %stokens%s   %16s in      %10s out\n\n", paint(on, DIM),
            paint(on, PLAIN), show_count(a, (uint64_t)sum_of(from, "tokens.input")),
            show_count(b, (uint64_t)sum_of(from, "tokens.output")));
    fprintf(on->stream, "  %s%-19s%10s%10s%10s%s\n", paint(on, DIM), "latency", "p50", "p95", "max",
            paint(on, PLAIN));
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        print_phase(on, from, phases[i]);
    }
}

/* ---- the waterfall ------------------------------------------------------------------------- */

enum { NAME_CELLS = 19, DURATION_CELLS = 9, ATTRIBUTE_CELLS = 60 };

typedef struct waterfall {
    const terminal* on;
    const kept_span* root;
    int bar_cells;
    bool beside; /* attributes stand beside the bars, else below them */
} waterfall;

static int scale(const waterfall* in, uint64_t instant)
{
    double whole = (double)duration(in->root);
    double part = (double)(instant - in->root->start_ns);
    return whole > 0 ? (int)(part / whole * in->bar_cells) : 0;
}

/* From its start to its end on the root's scale: what waits for the first token is lighter. */
static void print_bar(const waterfall* in, const kept_span* span, colour bar)
{
    const terminal* on = in->on;
    int start = scale(in, span->start_ns);
    int end = scale(in, span->end_ns);
    int first = span->first_token_ns > 0 ? scale(in, span->first_token_ns) : start;
    start = start < in->bar_cells ? start : in->bar_cells - 1;
    repeat(on, " ", start);
    fputs(paint(on, bar), on->stream);
    if (end == start) {
        fputs(on->unicode ? "\342\226\217" : "|", on->stream); /* a thin block */
        end++;
    } else {
        repeat(on, on->unicode ? "\342\226\221" : ".", first - start);
        repeat(on, on->unicode ? "\342\226\210" : "#", end - first);
    }
    fputs(paint(on, PLAIN), on->stream);
    repeat(on, " ", in->bar_cells - end);
}

/* As long as there is room. A pseudonym is cut: its first digits say enough. */
static void add_attribute(text* line, const kept_attribute* added, int room)
{
    enum { SHOWN = 26 };
    char said[2 * KEPT_TEXT + 8];
    bool cut = strlen(added->value) > SHOWN + 2;
    int size = snprintf(said, sizeof said, "%s%s=%.*s%s", line->size > 0 ? "  " : "", added->key,
                        cut ? SHOWN : KEPT_TEXT, added->value, cut ? ".." : "");
    if (added->value[0] != '\0' && (int)line->size + size <= room) {
        text_add_string(line, said);
    }
}

static void print_attributes(const waterfall* in, const kept_span* span)
{
    const terminal* on = in->on;
    text line = {0};
    int taken = 2 + NAME_CELLS + (in->beside ? in->bar_cells + DURATION_CELLS + 2 : 0);
    for (uint32_t i = 0; i < span->attribute_count; i++) {
        add_attribute(&line, &span->attributes[i], on->width - taken);
    }
    if (line.size > 0) {
        if (!in->beside) {
            fputc('\n', on->stream);
            repeat(on, " ", taken);
        } else {
            fputs("  ", on->stream);
        }
        fprintf(on->stream, "%s%s%s", paint(on, DIM), line.data, paint(on, PLAIN));
    }
    text_free(&line);
}

static void print_span(const waterfall* in, const kept_span* span, bool last, colour bar)
{
    const terminal* on = in->on;
    bool child = span != in->root;
    const char* branch = !on->unicode ? "  " : last ? "\342\224\224 " : "\342\224\234 ";
    char time[SHORT_TEXT];
    fprintf(on->stream, "  %s%s%s%-*s", paint(on, DIM), child ? branch : "", paint(on, PLAIN),
            child ? NAME_CELLS - 2 : NAME_CELLS, span->name);
    print_bar(in, span, bar);
    fprintf(on->stream, "%*s", DURATION_CELLS, show_duration(time, duration(span)));
    print_attributes(in, span);
    fputc('\n', on->stream);
}

static int by_start(const void* a, const void* b)
{
    const kept_span* first = *(const kept_span* const*)a;
    const kept_span* second = *(const kept_span* const*)b;
    return (first->start_ns > second->start_ns) - (first->start_ns < second->start_ns);
}

void report_waterfall(const terminal* on, const collector* from, const kept_span* root)
{
    static const colour colours[] = {CYAN, YELLOW, BLUE, GREEN};
    waterfall in = {.on = on, .root = root, .beside = on->width >= 112};
    const kept_span** spans = (const kept_span**)grow(NULL, from->count + 1, sizeof *spans);
    size_t count = 0;
    for (size_t i = 0; i < from->count; i++) {
        const kept_span* span = &from->spans[i];
        if (span != root && memcmp(span->trace_id, root->trace_id, 16) == 0) {
            spans[count++] = span;
        }
    }
    int room = on->width - 2 - NAME_CELLS - DURATION_CELLS;
    in.bar_cells = in.beside ? room - 2 - ATTRIBUTE_CELLS : room;
    qsort(spans, count, sizeof *spans, by_start);
    print_span(&in, root, false, PLAIN);
    for (size_t i = 0; i < count; i++) {
        const kept_attribute* passed = kept_find(spans[i], "guardrail.passed");
        bool blocked = passed != NULL && passed->integer == 0;
        print_span(&in, spans[i], i + 1 == count, blocked ? RED : colours[i % 4]);
    }
    free(spans);
}

/* ---- in the library's words ---------------------------------------------------------------- */

static bool collect(void* user, const char* data, size_t size)
{
    text_add((text*)user, data, size);
    return true;
}

/* Line by line. A pseudonym that does not fit is cut: its first digits say enough. */
static void print_lines(const terminal* on, const text* words)
{
    size_t room = (size_t)on->width - 2;
    for (const char* line = words->data; line != NULL && *line != '\0';) {
        size_t size = strcspn(line, "\n");
        const char* pseudonym = strstr(line, " hmac-sha256:");
        bool cut = size > room && pseudonym != NULL && pseudonym < line + size;
        fprintf(on->stream, "  %.*s\n", (int)(cut ? room : size), line);
        line += size + (line[size] == '\n');
    }
}

void report_explanation(const terminal* on, llmobs* obs, const kept_span* root)
{
    const kept_attribute* id = kept_find(root, "request.id");
    llmobs_explanation why;
    text words = {0};
    if (id == NULL || llmobs_request_explain(obs, id->value, &why) != LLMOBS_OK ||
        llmobs_explanation_write(&why, collect, &words) != LLMOBS_OK) {
        fputs("  It is not among the recent ones any more.\n", on->stream);
    }
    print_lines(on, &words);
    text_free(&words);
}

void report_costs(const terminal* on, llmobs* obs, llmobs_cost_by by)
{
    llmobs_cost_question question = llmobs_cost_question_default();
    text words = {0};
    question.by = by;
    llmobs_result result =
        llmobs_cost_report_write(obs, &question, 5, LLMOBS_REPORT_TEXT, collect, &words);
    if (result != LLMOBS_OK) {
        fprintf(on->stream, "  no report: %s\n", llmobs_result_name(result));
    }
    print_lines(on, &words);
    text_free(&words);
}

/* ---- alerts -------------------------------------------------------------------------------- */

/* Gets them one by one. */
static void collect_alert(void* user, const llmobs_alert* alerts, size_t count)
{
    text* words = (text*)user;
    for (size_t i = 0; i < count; i++) {
        text_add(words, alerts[i].sentence.data, alerts[i].sentence.size);
        text_add_string(words, "\n");
    }
}

void report_alerts(const terminal* on, llmobs* obs)
{
    text words = {0};
    llmobs_alert_stats stats;
    memset(&stats, 0, sizeof stats);
    llmobs_result result = llmobs_alerts_read(obs, collect_alert, &words);
    if (result == LLMOBS_OK) {
        result = llmobs_alert_stats_read(obs, &stats);
    }
    fprintf(on->stream, "  %sAlerts%s\n", paint(on, BOLD), paint(on, PLAIN));
    if (result != LLMOBS_OK) {
        fprintf(on->stream, "  no alerts: %s\n", llmobs_result_name(result));
    } else if (stats.evaluations == 0) {
        fprintf(on->stream, "  none as yet: %" PRIu32 " rules are evaluated every ten seconds\n",
                stats.rules);
    } else if (words.size == 0) {
        fprintf(on->stream, "  none by %" PRIu32 " rules, evaluated %" PRIu64 " times\n",
                stats.rules, stats.evaluations);
    }
    print_lines(on, &words);
    fputc('\n', on->stream);
    text_free(&words);
}
