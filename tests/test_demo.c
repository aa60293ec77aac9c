/* What the demo reads from a server: JSON, server-sent events, chat completions; cut at every byte,
   broken at every byte. The network's side is in tests/endpoint.t. */
#include "llmobs_private.h"

#include "../examples/demo/chat.c"
#include "../examples/demo/json.c"
#include "../examples/demo/sse.c"
#include "../examples/demo/text.c"

#include "tap.h"

#include <stdlib.h>

/* A copy that ends where its memory does: the sanitizers see a read behind it. */
static char* exact(const char* data, size_t size)
{
    char* copy = (char*)malloc(size > 0 ? size : 1);
    memcpy(copy, data, size);
    return copy;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static bool is_json(const char* data)
{
    char* copy = exact(data, strlen(data));
    bool good = json_parse(copy, strlen(data)).data != NULL;
    free(copy);
    return good;
}

static void test_json_form(void)
{
    static const char* const good[] = {
        "{}", "[]", " [ ] ", "0", "-0", "10", "1.5e+3", "1E9", "\"\"", "\"\\u00e9\\n\"", "true",
        "false", "null", "[1,2]", "{\"a\":1,\"b\":[{}]}", "{\"a\" : 1 , \"b\" : 2}\r\n\t"};
    static const char* const bad[] = {
        "", " ", "{", "}", "[1", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",
        "{1:1}", "01", "-", "+1", "1.", ".5", "1e", "1e+", "tru", "nulll", "\"", "\"\\x\"",
        "\"\\u12\"", "\"\\u12g4\"", "\"a\nb\"", "1 2", "[1 2]", "{\"a\":1 \"b\":2}", "'a'", "NaN",
        "[1}", "{\"a\":1]"};
    size_t i;
    bool all = true;
    for (i = 0; i < sizeof good / sizeof *good; i++) {
        all = all && is_json(good[i]);
    }
    ok(all, "JSON is read");
    for (i = 0, all = true; i < sizeof bad / sizeof *bad; i++) {
        if (is_json(bad[i])) {
            printf("# taken for JSON: %s\n", bad[i]);
            all = false;
        }
    }
    ok(all, "what is none is refused");
}

static void test_json_depth(void)
{
    char nest[2 * JSON_DEPTH + 3];
    size_t depth;
    for (depth = JSON_DEPTH; depth <= JSON_DEPTH + 1; depth++) {
        memset(nest, '[', depth);
        memset(nest + depth, ']', depth);
        nest[2 * depth] = '\0';
        is_int(is_json(nest), depth == JSON_DEPTH, "nested as deep as is said, no deeper");
    }
    memset(nest, '[', sizeof nest - 1);
    nest[sizeof nest - 1] = '\0';
    ok(!is_json(nest), "or without an end");
}

static void test_json_values(void)
{
    static const char data[] =
        "{\"x\\u0061\":9, \"n\":{\"n\":1}, \"n\":2, \"list\":[7,{\"k\":-5}],"
        "\"big\":9223372036854775807,\"over\":9223372036854775808,\"part\":1.0,\"text\":\"t\"}";
    json all = json_parse(data, sizeof data - 1);
    int64_t number = 42;
    text said = {0};
    ok(json_int(json_member(json_member(all, "n"), "n"), &number) && number == 1, "a member's");
    ok(json_int(json_item(json_member(all, "list"), 0), &number) && number == 7, "an item");
    ok(json_int(json_member(json_item(json_member(all, "list"), 1), "k"), &number) && number == -5,
       "a negative one");
    ok(json_int(json_member(all, "big"), &number) && number == INT64_MAX, "the largest");
    number = 42;
    ok(!json_int(json_member(all, "over"), &number) &&
           !json_int(json_member(all, "part"), &number) &&
           !json_int(json_member(all, "text"), &number) && number == 42,
       "no whole number, or too large");
    ok(json_item(json_member(all, "list"), 2).data == NULL, "no such item");
    ok(json_member(json_member(json_member(all, "none"), "n"), "n").data == NULL, "none in none");
    ok(json_member(all, "xa").data == NULL, "a key with escapes is not found");
    ok(json_member(json_member(all, "list"), "k").data == NULL, "a list has no members");
    ok(!json_string(json_member(all, "n"), &said), "an object is no string");
    text_free(&said);
}

static const char* decoded(const char* data, text* into)
{
    into->size = 0;
    return json_string(json_parse(data, strlen(data)), into) ? into->data : NULL;
}

static void test_json_strings(void)
{
    text said = {0};
    text written = {0};
    is_str(decoded("\"\"", &said), "", "an empty string");
    is_str(decoded("\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"", &said), "a\"\\/\b\f\n\r\tz", "escapes");
    is_str(decoded("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00!\"", &said),
           "A\303\251\342\202\254\360\237\230\200!", "code points");
    is_str(decoded("\"\\ud83d\"", &said), "\357\277\275", "half a pair");
    is_str(decoded("\"\\ude00\\ud83dx\"", &said), "\357\277\275\357\277\275x", "two halves");
    is_str(decoded("\"\\ud83d\\u0041\"", &said), "\357\277\275A", "half a pair and a letter");
    is_str(decoded("\"a\\u0000b\"", &said), "a\357\277\275b", "NUL");
    json_write_string(&written, "a\"\\\n\001\303\251\200\355\240\200z", 12);
    is_str(written.data, "\"a\\\"\\\\\\u000a\\u0001\303\251\\ufffd\\ufffd\\ufffd\\ufffdz\"",
           "written: escapes, and no byte that is no UTF-8");
    is_str(decoded(written.data, &said),
           "a\"\\\n\001\303\251\357\277\275\357\277\275\357\277\275\357\277\275z",
           "and read again");
    text_free(&said);
    text_free(&written);
}

/* ---- server-sent events -------------------------------------------------------------------- */

/* Joins events, each behind a '|'. */
static bool keep_event(void* user, const char* data, size_t size)
{
    text_add_string((text*)user, "|");
    text_add((text*)user, data, size);
    return strcmp(data, "stop") != 0;
}

/* All events of a stream that comes in two pieces. */
static text events_of(const char* stream, size_t size, size_t split)
{
    text seen = {0};
    sse from;
    char* first = exact(stream, split);
    char* second = exact(stream + split, size - split);
    memset(&from, 0, sizeof from);
    from.on_event = keep_event;
    from.user = &seen;
    text_add_string(&seen, "");
    if (sse_feed(&from, first, split)) {
        (void)sse_feed(&from, second, size - split);
    }
    sse_free(&from);
    free(first);
    free(second);
    return seen;
}

static void check_events(const char* stream, const char* want, const char* what)
{
    size_t size = strlen(stream);
    size_t split;
    size_t wrong = 0;
    for (split = 0; split <= size; split++) {
        text seen = events_of(stream, size, split);
        if (strcmp(seen.data, want) != 0) {
            printf("# split at %u: %s\n", (unsigned)split, seen.data);
            wrong++;
        }
        text_free(&seen);
    }
    is_int(wrong, 0, what);
}

static void test_events(void)
{
    text large = {0};
    text none;
    size_t i;
    check_events("data: a\n\ndata: b\n\n", "|a|b", "two events");
    check_events("data: a\r\ndata: b\r\n\r\n", "|a\nb", "a line that ends in two characters");
    check_events("data: a\r\n\r\ndata:b\r\rdata:  c\n\n", "|a|b| c", "any line end, one blank");
    check_events("\357\273\277data: a\n\n", "|a", "a byte order mark");
    check_events(": hello\nevent: x\nid: 1\ndata: a\nretry: 5\ndata: b\n\n\n\n", "|a\nb",
                 "comments, other fields, two lines of data");
    check_events("data\n\ndata:\n\ndatax: 1\n\n", "||", "no data, and no such field");
    check_events("data: a\n\ndata: b\n", "|a", "the last one has no end");
    check_events("data: stop\n\ndata: b\n\n", "|stop", "none after a refusal");
    for (i = 0; i <= SSE_EVENT_MOST; i++) {
        text_add(&large, "x", 1);
    }
    none = events_of(large.data, large.size, 10);
    is_str(none.data, "", "a line without an end is not kept for ever");
    text_free(&none);
    text_free(&large);
}

/* ---- chat completions ---------------------------------------------------------------------- */

static void keep_token(void* user, const char* data, size_t size)
{
    text_add_string((text*)user, "|");
    text_add((text*)user, data, size);
}

typedef struct heard {
    text tokens;
    model_reply reply;
    bool finished;
} heard;

static heard hear(const char* stream, size_t size, size_t split)
{
    heard all;
    chat from;
    sse events;
    char* first = exact(stream, split);
    char* second = exact(stream + split, size - split);
    const model_listener to = {keep_token, NULL, &all.tokens};
    memset(&all, 0, sizeof all);
    memset(&from, 0, sizeof from);
    memset(&events, 0, sizeof events);
    all.reply.usage = llmobs_outcome_default().usage;
    text_add_string(&all.tokens, "");
    from.to = &to;
    from.reply = &all.reply;
    events.on_event = chat_event;
    events.user = &from;
    if (sse_feed(&events, first, split)) {
        (void)sse_feed(&events, second, size - split);
    }
    all.finished = from.finished;
    sse_free(&events);
    chat_free(&from);
    free(first);
    free(second);
    return all;
}

static const char conversation[] =
    "data: {\"model\":\"m-2024\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
    "\"finish_reason\":null}],\"usage\":null}\n\n"
    "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\"Gr\\u00fc\\u00df\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{\"content\":\" Gott\"}}]}\n\n"
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":3,"
    "\"prompt_tokens_details\":{\"cached_tokens\":8},"
    "\"completion_tokens_details\":{\"reasoning_tokens\":1}}}\n\n"
    "data: [DONE]\n\n";

static void test_chat(void)
{
    size_t size = sizeof conversation - 1;
    size_t split;
    size_t wrong = 0;
    for (split = 0; split <= size; split++) {
        heard all = hear(conversation, size, split);
        const llmobs_usage* usage = &all.reply.usage;
        bool good = strcmp(all.tokens.data, "||Gr\303\274\303\237| Gott") == 0 && all.finished &&
                    all.reply.error_type == NULL && strcmp(all.reply.name, "m-2024") == 0 &&
                    strcmp(all.reply.finish_reason, "length") == 0 && usage->input_tokens == 12 &&
                    usage->output_tokens == 3 && usage->cached_tokens == 8 &&
                    usage->reasoning_tokens == 1 && usage->reported;
        wrong += !good;
        text_free(&all.tokens);
    }
    is_int(wrong, 0, "an answer, cut at each of its bytes");
}

static void check_chat(const char* stream, const char* error_type, const char* what)
{
    heard all = hear(stream, strlen(stream), strlen(stream) / 2);
    is_str(all.reply.error_type, error_type, what);
    text_free(&all.tokens);
}

static void test_chat_errors(void)
{
    static const char counts[] =
        "data: {\"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":1e3}}\n\n";
    static const char finish[] = "data: {\"choices\":[{\"finish_reason\":\"<b>\"}]}\n\n";
    heard all;
    check_chat("data: {\"error\":{\"message\":\"secret\"}}\n\n", CHAT_SERVER, "an error event");
    check_chat("data: {\"error\":null}\n\n", NULL, "no error");
    check_chat("data: {\"choices\":[\n\n", CHAT_MALFORMED, "no JSON");
    check_chat("data: 7\n\n", CHAT_MALFORMED, "no object");
    check_chat("data: {\"choices\":7,\"usage\":[],\"model\":{}}\n\n", NULL, "other types: unknown");
    all = hear(counts, sizeof counts - 1, 3);
    ok(all.reply.usage.input_tokens == -1 && all.reply.usage.output_tokens == -1,
       "counts that can't be are unknown");
    text_free(&all.tokens);
    all = hear(finish, sizeof finish - 1, 3);
    is_str(all.reply.finish_reason, "other", "no text of a server's own gets on");
    text_free(&all.tokens);
}

/* Each byte is changed, each end is cut off: nothing is read that is not there. */
static void test_chat_broken(void)
{
    static const char instead[] = {'\0', '"', '\\', '{', ']', '\n', '\r', '0', '\377'};
    char broken[sizeof conversation];
    size_t size = sizeof conversation - 1;
    size_t seen = 0;
    size_t i;
    size_t k;
    for (i = 0; i < size; i++) {
        heard cut = hear(conversation, i, i / 2);
        text_free(&cut.tokens);
        for (k = 0; k < sizeof instead; k++) {
            heard all;
            memcpy(broken, conversation, sizeof broken);
            broken[i] = instead[k];
            all = hear(broken, size, i);
            seen++;
            text_free(&all.tokens);
        }
    }
    is_int(seen, size * sizeof instead, "broken answers do no harm");
}

static void test_body(void)
{
    prompt said = {{0}, 0, 0, 0, 0, 0};
    text content = {0};
    text body;
    json messages;
    text_add_string(&said.whole, "Be \"brief\".");
    said.system_size = said.whole.size;
    text_add_string(&said.whole, "\n\nPassage: p\377\n\nQuestion: q");
    body = chat_body("m\"1", &said);
    messages = json_member(json_parse(body.data, body.size), "messages");
    ok(json_string(json_member(json_item(messages, 0), "content"), &content), "a body is JSON");
    is_str(content.data, "Be \"brief\".", "the instructions are the system's");
    content.size = 0;
    (void)json_string(json_member(json_item(messages, 1), "content"), &content);
    is_str(content.data, "Passage: p\357\277\275\n\nQuestion: q", "the rest is the user's");
    text_free(&content);
    text_free(&body);
    text_free(&said.whole);
}

int main(void)
{
    test_json_form();
    test_json_depth();
    test_json_values();
    test_json_strings();
    test_events();
    test_chat();
    test_chat_errors();
    test_chat_broken();
    test_body();
    return done();
}
