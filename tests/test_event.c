/* Events, links, status, kind, name and context of a span. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

static const llmobs_attribute_view* event_attribute(const llmobs_event_view* event, const char* key)
{
    uint32_t i;
    for (i = 0; i < event->attribute_count; i++) {
        if (strcmp(event->attributes[i].key.data, key) == 0) {
            return &event->attributes[i];
        }
    }
    return NULL;
}

static void test_events(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = llmobs_span_root(obs, "span");
    llmobs_attribute attributes[3];
    const llmobs_span_view* view;
    attributes[0] = llmobs_attribute_int("n", 1);
    attributes[1] = llmobs_attribute_string("s", "x");
    attributes[2] = llmobs_attribute_bool("b", true);
    llmobs_span_event(span, "first");
    llmobs_span_set_int(span, "n", 5);
    llmobs_span_event_with(span, "second", attributes, 3);
    llmobs_span_set_int(span, "m", 6);
    llmobs_span_event_with(span, NULL, NULL, 7);
    llmobs_span_event_with(span, "second", attributes + 1, 1);
    attributes[1] = llmobs_attribute_int("n", 2);
    attributes[2] = llmobs_attribute_string("n", "last");
    llmobs_span_event_with(span, "same key", attributes, 3);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    view = kept_span(&kept, "span");
    is_int(view->event_count, 5, "events arrive");
    is_str(view->events[0].name.data, "first", "in their order");
    is_int(view->events[0].attribute_count, 0, "one without attributes");
    is_int(view->events[1].attribute_count, 3, "one with three");
    is_int(event_attribute(&view->events[1], "n")->value.integer, 1, "an integer");
    is_str(event_attribute(&view->events[1], "s")->value.string.data, "x", "a string");
    ok(event_attribute(&view->events[1], "b")->value.boolean, "a boolean");
    is_str(view->events[2].name.data, "unnamed", "no name at all");
    is_int(view->events[3].attribute_count, 1, "the last has its own");
    is_int(view->events[4].attribute_count, 1, "a key comes once in an event, too");
    is_str(event_attribute(&view->events[4], "n")->value.string.data, "last", "the last wins");
    is_int(view->attribute_count, 2, "the span has its own, too");
    is_int(kept_attribute(view, "n")->value.integer, 5, "not an event's");
    ok(view->start_unix_ns <= view->events[0].unix_ns &&
           view->events[0].unix_ns <= view->events[1].unix_ns &&
           view->events[3].unix_ns <= view->end_unix_ns,
       "events lie in time between begin and end");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_event_limits(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    const llmobs_span_view* view;
    llmobs_attribute attributes[200];
    char keys[200][8];
    int i;
    config.span_parts = 64;
    obs = open_kept(&config, &kept);
    span = llmobs_span_root(obs, "events");
    for (i = 0; i < 10000; i++) {
        llmobs_span_event(span, "again");
    }
    llmobs_span_end(span);
    span = llmobs_span_root(obs, "attributes");
    for (i = 0; i < 200; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "k%d", i);
        attributes[i] = llmobs_attribute_int(keys[i], i);
    }
    llmobs_span_event_with(span, "rich", attributes, 200);
    llmobs_span_event(span, "after");
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    view = kept_span(&kept, "events");
    is_int(view->event_count, 128, "128 events are kept");
    is_int(view->dropped_event_count, 9872, "the rest is told");
    view = kept_span(&kept, "attributes");
    is_int(view->events[0].attribute_count, 128, "128 attributes of an event are kept");
    is_int(view->events[0].dropped_attribute_count, 72, "the rest is told with the event");
    is_int(view->dropped_attribute_count, 0, "not with the span");
    is_str(view->events[1].name.data, "after", "the next event is whole");
    is_int(stats_of(obs).attributes_dropped, 72, "and counted");
    ok(close_kept(obs, &kept), "the account balances");
}

/* A span that is full, at every fill level: an event and its attributes are whole, or counted. */
static void test_event_without_room(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_attribute attributes[2];
    int fill;
    int wrong = 0;
    config.span_parts = 1;
    obs = open_kept(&config, &kept);
    attributes[0] = llmobs_attribute_string("a", "0123456789");
    attributes[1] = llmobs_attribute_int("b", 1);
    for (fill = 0; fill < 30; fill++) {
        llmobs_span span = llmobs_span_root(obs, "full");
        const llmobs_span_view* view;
        int i;
        for (i = 0; i < fill; i++) {
            llmobs_span_event(span, "filler");
        }
        llmobs_span_event_with(span, "event", attributes, 2);
        llmobs_span_set_int(span, "own", 1);
        llmobs_span_end(span);
        (void)llmobs_flush(obs, 60000);
        view = &kept.spans[kept.count - 1];
        wrong += (int)(view->event_count + view->dropped_event_count) != fill + 1;
        wrong += view->attribute_count + view->dropped_attribute_count != 1;
        for (i = 0; i < (int)view->event_count; i++) {
            const llmobs_event_view* event = &view->events[i];
            bool rich = strcmp(event->name.data, "event") == 0;
            wrong += event->attribute_count + event->dropped_attribute_count != (rich ? 2u : 0u);
        }
    }
    is_int(wrong, 0, "at every fill level all is whole or counted");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- links --------------------------------------------------------------------------------- */

static void test_links(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span target = llmobs_span_root(obs, "target");
    llmobs_span span = llmobs_span_root(obs, "span");
    llmobs_trace_context distant;
    const llmobs_span_view* view;
    const llmobs_span_view* to;
    memset(&distant, 0, sizeof distant);
    memset(distant.trace_id, 0xab, sizeof distant.trace_id);
    memset(distant.span_id, 0xcd, sizeof distant.span_id);
    distant.flags = 1;
    (void)snprintf(distant.tracestate, sizeof distant.tracestate, "vendor=1");
    llmobs_span_link(span, &distant);
    llmobs_span_link_to(span, target);
    /* Without an end, too long for a slot. */
    memset(distant.tracestate, 'x', sizeof distant.tracestate);
    llmobs_span_link(span, &distant);
    llmobs_span_link(span, NULL);
    llmobs_span_end(target);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    view = kept_span(&kept, "span");
    to = kept_span(&kept, "target");
    is_int(view->link_count, 3, "links arrive");
    ok(view->links[0].trace_id[15] == 0xab && view->links[0].span_id[7] == 0xcd, "to far away");
    is_str(view->links[0].trace_state.data, "vendor=1", "with their tracestate");
    ok(memcmp(view->links[1].trace_id, to->trace_id, 16) == 0 &&
           memcmp(view->links[1].span_id, to->span_id, 8) == 0, "and to a span of ours");
    is_int(view->links[2].trace_state.size, 0, "a tracestate that does not fit is left out");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_link_limit(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    llmobs_trace_context distant;
    int i;
    config.span_parts = 64;
    obs = open_kept(&config, &kept);
    memset(&distant, 1, sizeof distant);
    distant.tracestate[0] = '\0';
    span = llmobs_span_root(obs, "span");
    for (i = 0; i < 10000; i++) {
        llmobs_span_link(span, &distant);
    }
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    is_int(kept.spans[0].link_count, 128, "128 links are kept");
    is_int(kept.spans[0].dropped_link_count, 9872, "the rest is told");
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- status -------------------------------------------------------------------------------- */

typedef struct status_case {
    llmobs_status set[3];
    const char* messages[3];
    llmobs_status status;
    const char* message;
} status_case;

static void test_status(void)
{
    static const status_case cases[] = {
        {{LLMOBS_STATUS_UNSET}, {"m"}, LLMOBS_STATUS_UNSET, ""},
        {{LLMOBS_STATUS_ERROR}, {"m"}, LLMOBS_STATUS_ERROR, "m"},
        {{LLMOBS_STATUS_ERROR}, {NULL}, LLMOBS_STATUS_ERROR, ""},
        {{LLMOBS_STATUS_OK}, {"m"}, LLMOBS_STATUS_OK, ""},
        {{LLMOBS_STATUS_ERROR, LLMOBS_STATUS_UNSET}, {"m", "n"}, LLMOBS_STATUS_ERROR, "m"},
        {{LLMOBS_STATUS_ERROR, LLMOBS_STATUS_ERROR}, {"m", "n"}, LLMOBS_STATUS_ERROR, "n"},
        {{LLMOBS_STATUS_ERROR, LLMOBS_STATUS_ERROR}, {"m", NULL}, LLMOBS_STATUS_ERROR, ""},
        {{LLMOBS_STATUS_ERROR, LLMOBS_STATUS_OK}, {"m", NULL}, LLMOBS_STATUS_OK, ""},
        {{LLMOBS_STATUS_OK, LLMOBS_STATUS_ERROR}, {NULL, "m"}, LLMOBS_STATUS_OK, ""},
        {{(llmobs_status)3, LLMOBS_STATUS_ERROR, (llmobs_status)-1}, {"a", "b\xff", "c"},
         LLMOBS_STATUS_ERROR, "b\xef\xbf\xbd"},
    };
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    size_t i;
    int k;
    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        llmobs_span span = llmobs_span_root(obs, "span");
        char what[64];
        for (k = 0; k < 3; k++) {
            llmobs_span_set_status(span, cases[i].set[k], cases[i].messages[k]);
        }
        llmobs_span_end(span);
        (void)llmobs_flush(obs, 60000);
        (void)snprintf(what, sizeof what, "status case %d", (int)i);
        is_int(kept.spans[i].status, cases[i].status, what);
        is_str(kept.spans[i].status_message.data, cases[i].message, "and its message");
    }
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_long_message(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = llmobs_span_root(obs, "span");
    size_t size = 10 * 1024 * 1024;
    char* text = (char*)malloc(size + 1);
    memset(text, 'm', size);
    text[size] = '\0';
    llmobs_span_set_status(span, LLMOBS_STATUS_ERROR, text);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    is_int(kept.spans[0].status_message.size, 256, "a message of 10 MB is cut");
    is_int(stats_of(obs).values_truncated, 1, "and that is counted");
    free(text);
    ok(close_kept(obs, &kept), "the account balances");
}

/* ---- name, kind, context ------------------------------------------------------------------- */

static void test_name_and_kind(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = llmobs_span_root(obs, "before");
    int kind;
    llmobs_span_set_name(span, "after");
    for (kind = -1; kind < 8; kind++) {
        llmobs_span_set_kind(span, (llmobs_kind)kind);
    }
    llmobs_span_end(span);
    span = llmobs_span_root(obs, NULL);
    llmobs_span_set_kind(span, LLMOBS_KIND_CONSUMER);
    llmobs_span_end(span);
    span = llmobs_span_root(obs, "named");
    llmobs_span_set_name(span, NULL);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    is_str(kept.spans[0].name.data, "after", "a span can be renamed");
    is_int(kept.spans[0].kind, LLMOBS_KIND_INTERNAL, "no kind is internal");
    is_str(kept.spans[1].name.data, "unnamed", "no name has a name");
    is_int(kept.spans[1].kind, LLMOBS_KIND_CONSUMER, "a kind stays");
    is_str(kept.spans[2].name.data, "unnamed", "a name can be taken away");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_context(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = llmobs_span_root(obs, "span");
    llmobs_span none;
    llmobs_trace_context context;
    memset(&none, 0, sizeof none);
    is_int(llmobs_span_context(span, NULL), LLMOBS_ERROR_ARGUMENT, "no place for a context");
    memset(&context, 0x5a, sizeof context);
    is_int(llmobs_span_context(none, &context), LLMOBS_ERROR_CLOSED, "no span, no context");
    ok(kept_is_zero((const uint8_t*)&context, sizeof context), "but all zero");
    is_int(llmobs_span_context(span, &context), LLMOBS_OK, "a span has one");
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    ok(memcmp(context.trace_id, kept.spans[0].trace_id, 16) == 0 &&
           memcmp(context.span_id, kept.spans[0].span_id, 8) == 0, "the one that is exported");
    is_int(context.flags, LLMOBS_TRACE_SAMPLED | LLMOBS_TRACE_RANDOM, "with its flags");
    ok(close_kept(obs, &kept), "the account balances");
    is_int(llmobs_span_context(span, &context), LLMOBS_ERROR_CLOSED, "none after close");
}

/* An event a token must not push out what is set when the span ends. */
static void test_reserve(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = llmobs_span_root(obs, "chatty");
    const llmobs_span_view* seen;
    llmobs_attribute long_text = llmobs_attribute_string(
        "text", "a text that makes an event so large that there is no room for a hundred of them");
    int i;
    for (i = 0; i < 100; i++) {
        llmobs_span_event_with(span, "token", &long_text, 1);
    }
    llmobs_span_set_int(span, "tokens.output", 100);
    llmobs_span_set_status(span, LLMOBS_STATUS_ERROR, "late, but heard");
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    seen = kept_span(&kept, "chatty");
    ok(seen != NULL && seen->event_count > 10 && seen->event_count < 100, "events fill a span");
    ok(seen != NULL && seen->event_count + seen->dropped_event_count == 100, "none is uncounted");
    ok(seen != NULL && kept_attribute(seen, "tokens.output") != NULL,
       "an attribute at the end finds room");
    is_str(seen != NULL ? seen->status_message.data : NULL, "late, but heard",
           "and so does the status");
    is_int(stats_of(obs).events_dropped, seen != NULL ? seen->dropped_event_count : 0,
           "stats count them, too");
    ok(close_kept(obs, &kept), "the account balances");
}

int main(void)
{
    test_reserve();
    test_events();
    test_event_limits();
    test_event_without_room();
    test_links();
    test_link_limit();
    test_status();
    test_long_message();
    test_name_and_kind();
    test_context();
    (void)llmobs_release();
    return done();
}
