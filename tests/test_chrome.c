/* Chrome trace events: exact text for one of everything, times to the nanosecond, JSON that
   perl reads, every buffer size, every refusal. */
#include "llmobs_private.h"
#include "tap.h"

#include "batch_sample.h"

#include <sys/stat.h>

static sample_batch sample;
static sample_sink sink;

static const char* encoded(const llmobs_batch* batch)
{
    sample_sink_reset(&sink, SIZE_MAX);
    ok(llmobs_encode_chrome(batch, sample_write, &sink), "encodes");
    return sink.text;
}

/* ---- the text ------------------------------------------------------------------------------ */

#define ID_1 "11111111111111111111111111111111"

static void test_text(void)
{
    llmobs_span_view* span = &sample.spans[0];
    sample_fill(&sample);
    sample.batch.span_count = 1;
    span->name = sample_text("chat \"x\"");
    span->attributes = sample.attributes + 11; /* minus infinity, yes, no, strings, no strings */
    span->attribute_count = 5;
    sample.strings[2] = sample_text("\n");
    span->status_message = sample_text("late");
    span->event_count = 2;
    sample.events[1].name = sample_text("retry");
    is_str(encoded(&sample.batch),
           "{\"ph\":\"M\",\"pid\":4711,\"name\":\"process_name\",\"args\":{\"name\":"
           "\"checkout \\\"7\\\"\"}},\n"
           "{\"ph\":\"b\",\"cat\":\"llm\",\"id\":\"" ID_1 "\",\"pid\":4711,\"tid\":1,\"ts\":0.000,"
           "\"name\":\"chat \\\"x\\\"\",\"args\":{\"span_id\":\"f0f0f0f0f0f0f0f0\","
           "\"parent_span_id\":\"0000000000000001\",\"start_unix_ns\":\"1764000000000000000\","
           "\"kind\":\"client\",\"status\":\"error\",\"message\":\"late\",\"attributes\":{"
           "\"minus infinity\":\"-Infinity\",\"yes\":true,\"no\":false,"
           "\"strings\":[\"stop\",\"\",\"\\n\"],\"no strings\":[]},\"links\":["
           "{\"trace_id\":\"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\",\"span_id\":\"b2b2b2b2b2b2b2b2\"},"
           "{\"trace_id\":\"01010101010101010101010101010101\",\"span_id\":\"0202020202020202\"}],"
           "\"dropped\":6}},\n"
           "{\"ph\":\"n\",\"cat\":\"llm\",\"id\":\"" ID_1 "\",\"pid\":4711,\"tid\":1,\"ts\":0.501,"
           "\"name\":\"first token\"},\n"
           "{\"ph\":\"n\",\"cat\":\"llm\",\"id\":\"" ID_1 "\",\"pid\":4711,\"tid\":1,\"ts\":0.502,"
           "\"name\":\"retry\",\"args\":{\"attributes\":{\"exception.type\":\"Timeout\","
           "\"attempt\":3}}},\n"
           "{\"ph\":\"e\",\"cat\":\"llm\",\"id\":\"" ID_1 "\",\"pid\":4711,\"tid\":1,\"ts\":1.234,"
           "\"name\":\"chat \\\"x\\\"\"},\n",
           "a span with one of everything");
    sample.batch.spans = &sample.spans[2];
    sample.batch.resource = NULL;
    sample.batch.lost_before = 12;
    is_str(encoded(&sample.batch),
           "{\"ph\":\"i\",\"s\":\"g\",\"cat\":\"llm\",\"pid\":1,\"tid\":1,\"ts\":0.002,"
           "\"name\":\"spans lost\",\"args\":{\"count\":12}},\n"
           "{\"ph\":\"b\",\"cat\":\"llm\",\"id\":\"33333333333333333333333333333333\",\"pid\":1,"
           "\"tid\":3,\"ts\":0.002,\"name\":\"span\",\"args\":{\"span_id\":\"f2f2f2f2f2f2f2f2\","
           "\"parent_span_id\":\"8000000000000000\",\"start_unix_ns\":\"1764000000000000002\","
           "\"status\":\"ok\"}},\n"
           "{\"ph\":\"e\",\"cat\":\"llm\",\"id\":\"33333333333333333333333333333333\",\"pid\":1,"
           "\"tid\":3,\"ts\":1.236,\"name\":\"span\"},\n",
           "a gap, and a span of a process without a name");
    sample.batch.spans = &sample.spans[1];
    ok(strstr(encoded(&sample.batch), "parent_span_id") == NULL, "a root has no parent");
    sample.batch.span_count = 0;
    is_str(encoded(&sample.batch), "", "an empty batch");
}

/* ---- times --------------------------------------------------------------------------------- */

/* Begin and end in the text, as whole nanoseconds, by sscanf. */
static bool times_of(const char* text, uint64_t* begin, uint64_t* end)
{
    const char* first = strstr(text, "\"ts\":");
    const char* second = first != NULL ? strstr(first + 1, "\"ph\":\"e\"") : NULL;
    unsigned long long whole[2];
    unsigned part[2];
    second = second != NULL ? strstr(second, "\"ts\":") : NULL;
    if (second == NULL || sscanf(first, "\"ts\":%llu.%3u,", &whole[0], &part[0]) != 2 ||
        sscanf(second, "\"ts\":%llu.%3u,", &whole[1], &part[1]) != 2) {
        return false;
    }
    *begin = (uint64_t)whole[0] * 1000 + part[0];
    *end = (uint64_t)whole[1] * 1000 + part[1];
    return true;
}

static void test_times(void)
{
    static const uint64_t starts[] = {0,
                                      1,
                                      999,
                                      1000,
                                      UINT64_C(1764000000123456789),
                                      UINT64_C(3999999999999999),
                                      UINT64_C(4000000000000000),
                                      UINT64_C(1763999999999999999),
                                      UINT64_MAX - 3600};
    static const uint64_t durations[] = {0, 1, 10, 999, 1000, 3600};
    size_t i, j, wrong = 0, inexact = 0;
    sample_fill(&sample);
    sample.batch.spans = &sample.spans[1];
    sample.batch.span_count = 1;
    sample.batch.resource = NULL;
    for (i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        for (j = 0; j < sizeof durations / sizeof durations[0]; j++) {
            uint64_t begin = 0, end = 0;
            double viewed;
            sample.spans[1].start_unix_ns = starts[i];
            sample.spans[1].end_unix_ns = starts[i] + durations[j];
            sample_sink_reset(&sink, SIZE_MAX);
            wrong += !llmobs_encode_chrome(&sample.batch, sample_write, &sink) ||
                     !times_of(sink.text, &begin, &end) ||
                     begin != starts[i] % LLMOBS_I_CHROME_WRAP_NS || end != begin + durations[j];
            viewed = strtod(strstr(sink.text, "\"ts\":") + 5, NULL) * 1000.0;
            inexact += (uint64_t)(viewed + 0.5) != begin; /* as viewers read it */
        }
    }
    is_int(wrong, 0, "times are exact, and no end is before its begin");
    is_int(inexact, 0, "a double holds them to the nanosecond");
}

/* ---- against perl -------------------------------------------------------------------------- */

static void test_against_perl(void)
{
    static const char program[] =
        "perl -MJSON::PP -e '"
        "open(my $in, q(<:raw), shift) or die; local $/; my $text = <$in>;"
        "my $lines = ($text =~ tr/\\n//);"
        "die qq(control) if $text =~ /[\\x00-\\x09\\x0b-\\x1f\\x7f]/;"
        "my $events = JSON::PP->new->utf8->decode($text . q({}]));" /* as a viewer closes it */
        "pop @$events; die qq(lines) if $lines != @$events + 1;"
        "my %open; my %count;"
        "for (@$events) { $count{$_->{ph}}++; next if $_->{ph} eq q(M);"
        "  my $place = qq($_->{cat} $_->{id} $_->{name});"
        "  $open{$place}++ if $_->{ph} eq q(b); $open{$place}-- if $_->{ph} eq q(e);"
        "  die qq(order) if $open{$place} < 0;"
        "  die qq(members) if grep { !defined } @$_{qw(pid tid ts)}; }"
        "die qq(pairs) if grep { $_ } values %open;"
        "print join q(,), map { $_ . $count{$_} } sort keys %count' build/tmp/test_chrome/trace";
    char answer[64] = "";
    FILE* file;
    if (system("perl -MJSON::PP -e 1 2>/dev/null") != 0) {
        skip("the file, read by perl", "perl has no JSON::PP");
        return;
    }
    sample_fill(&sample);
    (void)mkdir("build", 0777);
    (void)mkdir("build/tmp", 0777);
    (void)mkdir("build/tmp/test_chrome", 0777);
    file = fopen("build/tmp/test_chrome/trace", "wb");
    ok(file != NULL, "a file for perl");
    if (file == NULL) {
        return;
    }
    fputs(LLMOBS_CHROME_BEGIN, file);
    fputs(encoded(&sample.batch), file);
    fputs(encoded(&sample.batch), file); /* batches follow each other */
    (void)fclose(file);
    file = popen(program, "r");
    ok(file != NULL && fgets(answer, sizeof answer, file) != NULL && pclose(file) == 0,
       "perl reads it, closed or not, and each begin has its end");
    is_str(answer, "M2,b12,e12,n12", "with all its events");
}

/* ---- buffers and refusals, bad input ------------------------------------------------------- */

static void test_buffers(void)
{
    static char want[1 << 17];
    size_t capacity, want_size, at, wrong = 0, silent = 0, late = 0;
    sample_fill(&sample);
    memcpy(want, encoded(&sample.batch), sizeof want);
    want_size = sink.size;
    for (capacity = LLMOBS_I_WRITER_LEAST; capacity < LLMOBS_I_WRITER_LEAST + 3000; capacity++) {
        char* buffer = (char*)malloc(capacity); /* ASan sees its end */
        llmobsi_writer writer;
        sample_sink_reset(&sink, SIZE_MAX);
        llmobsi_writer_init(&writer, buffer, capacity, sample_write, &sink);
        wrong += !llmobsi_chrome_encode(&sample.batch, &writer) || sink.size != want_size ||
                 memcmp(sink.text, want, want_size) != 0;
        free(buffer);
    }
    is_int(wrong, 0, "every buffer size gives the same bytes");
    for (at = 0; at < want_size; at += step_of(7)) {
        sample_sink_reset(&sink, at);
        silent += llmobs_encode_chrome(&sample.batch, sample_write, &sink);
        late += sink.calls_after;
        wrong += memcmp(sink.text, want, sink.size) != 0;
    }
    is_int(silent, 0, "`write` may refuse at every byte: the encoder says so");
    is_int(late, 0, "and does not call it again");
    is_int(wrong, 0, "and what came before is right");
}

static void test_bad_input(void)
{
    llmobs_batch batch;
    llmobs_span_view span;
    llmobs_attribute_view attribute;
    memset(&batch, 0, sizeof batch);
    memset(&span, 0, sizeof span);
    memset(&attribute, 0, sizeof attribute);
    ok(!llmobs_encode_chrome(NULL, sample_write, &sink), "no batch");
    ok(!llmobs_encode_chrome(&batch, NULL, NULL), "no write");
    sample_fill(&sample);
    sample_sink_reset(&sink, 3);
    is_int(llmobs_encode(&sample.batch, LLMOBS_FORMAT_CHROME, sample_write, &sink),
           LLMOBS_ERROR_SYSTEM, "llmobs_encode: refused");
    batch.span_count = 3; /* of which there are none */
    batch.lost_before = 1;
    sample_sink_reset(&sink, SIZE_MAX);
    is_int(llmobs_encode(&batch, LLMOBS_FORMAT_CHROME, sample_write, &sink), LLMOBS_OK,
           "counts without their arrays");
    is_str(sink.text, "", "are nothing");
    attribute.type = (llmobs_type)77;
    span.kind = (llmobs_kind)77;
    span.status = (llmobs_status)77;
    span.event_count = span.link_count = 9;
    span.attributes = &attribute;
    span.attribute_count = 1;
    span.thread = UINT32_MAX;
    batch.spans = &span;
    batch.span_count = 1;
    ok(strstr(encoded(&batch), "\"tid\":4294967296,\"ts\":0.000,\"name\":\"\",\"args\":{"
                               "\"span_id\":\"0000000000000000\",\"start_unix_ns\":\"0\","
                               "\"attributes\":{\"\":null}}},\n") != NULL,
       "numbers out of range become the default, or nothing");
}

int main(void)
{
    test_text();
    test_times();
    test_against_perl();
    test_buffers();
    test_bad_input();
    return done();
}
