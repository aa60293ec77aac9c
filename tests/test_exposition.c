/* The Accept header: what browsers, scrapers and nobody send. */
#include "llmobs_private.h"
#include "tap.h"

#include <stdlib.h>

#define TEXT LLMOBS_PROMETHEUS_TEXT
#define OPEN LLMOBS_OPENMETRICS
#define OPEN_TYPE "application/openmetrics-text"

typedef struct request {
    const char* accept;
    llmobs_exposition want;
} request;

static const request requests[] = {
    /* what is really sent */
    {OPEN_TYPE ";version=1.0.0," OPEN_TYPE ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,"
               "*/*;q=0.1", OPEN},
    {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
     OPEN_TYPE ";version=1.0.0;q=0.8," OPEN_TYPE ";version=0.0.1;q=0.75,"
     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1", OPEN},
    {OPEN_TYPE ";version=1.0.0;escaping=allow-utf-8;q=0.6," OPEN_TYPE ";version=0.0.1;q=0.5,"
               "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
               "*/*;q=0.2", OPEN},
    {"text/plain;version=0.0.4;q=1,*/*;q=0.1", TEXT},
    {"text/html,*/*;q=0.8", TEXT},
    {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", TEXT},
    {"*/*", TEXT},
    {"application/json", TEXT},
    {"", TEXT},
    /* quality */
    {OPEN_TYPE ";q=0.5,text/plain;q=0.6", TEXT},
    {OPEN_TYPE ";q=0.6,text/plain;q=0.5", OPEN},
    {OPEN_TYPE ";q=0.501,text/plain;q=0.5", OPEN},
    {OPEN_TYPE ";q=0.5,text/plain;q=0.501", TEXT},
    {OPEN_TYPE ";q=1.000,text/plain;q=0.999", OPEN},
    {OPEN_TYPE ";q=0.09,text/plain;q=0.1", TEXT},
    {OPEN_TYPE ";q=1,text/plain;q=0.", OPEN},
    {OPEN_TYPE ";Q=0.4,text/plain;Q=0.3", OPEN},
    {OPEN_TYPE ";q=0", TEXT},
    {OPEN_TYPE ";q=0.000,text/plain;q=0", TEXT},
    {"text/plain;q=0," OPEN_TYPE ";q=0.001", OPEN},
    {"text/plain;q=0,*/*", OPEN}, /* everything but that */
    {"*/*;q=0", TEXT},
    /* ties: the more specific, then the first */
    {"text/plain;version=0.0.4," OPEN_TYPE ";version=1.0.0", TEXT},
    {OPEN_TYPE ";version=1.0.0,text/plain;version=0.0.4", OPEN},
    {"text/plain," OPEN_TYPE, TEXT},
    {OPEN_TYPE ",text/plain", OPEN},
    {"text/plain," OPEN_TYPE ";version=1.0.0", OPEN},
    {OPEN_TYPE ",text/plain;version=0.0.4", TEXT},
    {"text/*," OPEN_TYPE, OPEN},
    {"*/*,text/plain", TEXT},
    {"*/*," OPEN_TYPE, OPEN},
    {"text/*,application/*", TEXT},
    {"application/*,text/*", OPEN},
    {"application/*", OPEN},
    {"application/*;q=0.5,*/*;q=0.6", TEXT},
    /* a range that says more counts, even if it asks less */
    {OPEN_TYPE ";q=0.2,application/*,text/plain;q=0.5", TEXT},
    {OPEN_TYPE ";version=1.0.0;q=0.2," OPEN_TYPE ",text/plain;q=0.5", TEXT},
    {OPEN_TYPE ";version=0.0.1;q=0.2," OPEN_TYPE ";version=1.0.0;q=0.7,text/plain;q=0.5", OPEN},
    {OPEN_TYPE ";version=1.0.0;q=0.7," OPEN_TYPE ";version=0.0.1;q=0.2,text/plain;q=0.5", OPEN},
    /* versions */
    {OPEN_TYPE ";version=2.0.0", TEXT},
    {OPEN_TYPE ";version=2.0.0," OPEN_TYPE ";version=1.0.0;q=0.1", OPEN},
    {OPEN_TYPE ";version=0.0.1", OPEN},
    {OPEN_TYPE ";version=1.0.00", TEXT},
    {OPEN_TYPE ";version=1.0", TEXT},
    {OPEN_TYPE ";q=0.4,text/plain;version=1.0.0", OPEN},
    {OPEN_TYPE ";q=0.4,text/plain;version=0.0.4", TEXT},
    /* spelling */
    {"APPLICATION/OpenMetrics-Text;VERSION=1.0.0", OPEN},
    {" \t" OPEN_TYPE "\t ;\tversion=1.0.0 ; q=0.9 ,\ttext/plain ; q=0.8 ", OPEN},
    {",,, ," OPEN_TYPE " ,,", OPEN},
    {OPEN_TYPE ";;;charset=utf-8;;", OPEN},
    {OPEN_TYPE ";version=\"1.0.0\"", OPEN},
    {OPEN_TYPE ";version=\"1\\.0.\\0\"", OPEN},
    {OPEN_TYPE ";version=\"2.0.0\"", TEXT},
    {OPEN_TYPE ";note=\"a, b; q=0, \\\" text/plain\";q=0.6,text/plain;q=0.5", OPEN},
    {"text/plain;note=\"" OPEN_TYPE ",\"", TEXT},
    {OPEN_TYPE ";q=0.6;extension;other=1,text/plain;q=0.5", OPEN},
    /* malformed ranges do not count, others do */
    {OPEN_TYPE ";q=1.1", TEXT},
    {OPEN_TYPE ";q=2", TEXT},
    {OPEN_TYPE ";q=10", TEXT},
    {OPEN_TYPE ";q=1.001", TEXT},
    {OPEN_TYPE ";q=0.1234", TEXT},
    {OPEN_TYPE ";q=.5", TEXT},
    {OPEN_TYPE ";q=0,5", TEXT},
    {OPEN_TYPE ";q=-0.5", TEXT},
    {OPEN_TYPE ";q=x", TEXT},
    {OPEN_TYPE ";q=0.x", TEXT},
    {OPEN_TYPE ";q=", TEXT},
    {OPEN_TYPE ";q=\"", TEXT},
    {OPEN_TYPE ";q=\"\"", TEXT},
    {OPEN_TYPE ";=1", TEXT},
    {OPEN_TYPE ";version = 1.0.0", TEXT},
    {OPEN_TYPE " text/plain", TEXT},
    {OPEN_TYPE "/1", TEXT},
    {OPEN_TYPE "s", TEXT},
    {"application /openmetrics-text", TEXT},
    {"application/ openmetrics-text", TEXT},
    {"application/", TEXT},
    {"/openmetrics-text", TEXT},
    {"application", TEXT},
    {"*", TEXT},
    {"*/openmetrics-text", TEXT},
    {"\x01\xff\xfe," OPEN_TYPE, OPEN},
    {"((text/plain))," OPEN_TYPE ";q=0.1", OPEN},
    {"x\"," OPEN_TYPE, TEXT}, /* quotes without an end hide all */
    {"x\"\\", TEXT},
    {"x\"y\" z," OPEN_TYPE, OPEN},
    {OPEN_TYPE ";version=\"1.0.0", TEXT},
    {OPEN_TYPE ";version=\"1.0.0\\", TEXT},
};

static void test_requests(void)
{
    size_t i;
    for (i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        is_int(llmobs_exposition_for(requests[i].accept), requests[i].want, requests[i].accept);
    }
    is_int(llmobs_exposition_for(NULL), TEXT, "no header");
}

static uint64_t state = 88172645463325252u;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Pieces of headers in any order, each in memory of its own size: ASan sees its end. */
static void test_garbage(void)
{
    static const char* const pieces[] = {
        OPEN_TYPE, "text/plain", "*/*", "text/*", ";", ",", "\"", "\\", "q=", "q", "=", "version=",
        "1.0.0", "0.0.4", "0", ".", "1", "0.5", " ", "\t", "/", "\xff", "\x01", "charset=utf-8"};
    size_t odd = 0, open = 0;
    int i, k;
    for (i = 0; i < 200000; i++) {
        char text[1024] = "";
        char* copy;
        llmobs_exposition got;
        int count = (int)(next_random() % 24);
        for (k = 0; k < count; k++) {
            strcat(text, pieces[next_random() % (sizeof pieces / sizeof pieces[0])]);
        }
        copy = (char*)malloc(strlen(text) + 1);
        strcpy(copy, text);
        got = llmobs_exposition_for(copy);
        odd += got != TEXT && got != OPEN;
        odd += got == OPEN && strstr(text, "openmetrics") == NULL && strstr(text, "*/*") == NULL;
        open += got == OPEN;
        free(copy);
    }
    is_int(odd, 0, "200,000 headers of random pieces: only what was named is given");
    ok(open > 100, "some of them asked for OpenMetrics");
}

int main(void)
{
    test_requests();
    test_garbage();
    is_str(llmobs_exposition_content_type(TEXT), "text/plain; version=0.0.4; charset=utf-8",
           "the content type of text");
    is_str(llmobs_exposition_content_type(OPEN),
           "application/openmetrics-text; version=1.0.0; charset=utf-8", "and of OpenMetrics");
    is_str(llmobs_exposition_content_type((llmobs_exposition)7),
           "text/plain; version=0.0.4; charset=utf-8", "text where there is no such format");
    return done();
}
