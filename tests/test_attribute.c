/* Attributes: types, last value wins, cuts on UTF-8 borders, limits, spans of many parts. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

#include <math.h>

static uint64_t bits_of(double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits;
}

static void test_types(void)
{
    static const char* const words[] = {"a", "", NULL, "\xff", "last"};
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = llmobs_span_root(obs, "types");
    const llmobs_span_view* view;
    const llmobs_attribute_view* list;
    llmobs_span_set_string(span, "s", "text");
    llmobs_span_set_string(span, "s.null", NULL);
    llmobs_span_set_string(span, "s.bad", "a\xff" "b\xed\xa0\x80" "c");
    llmobs_span_set_string_n(span, "s.n", "ab\0cd", 5);
    llmobs_span_set_string_n(span, "s.measured", "abcd", LLMOBS_NUL_TERMINATED);
    llmobs_span_set_string_n(span, "s.empty", "abcd", 0);
    llmobs_span_set_int(span, "i", INT64_MIN);
    llmobs_span_set_double(span, "d", -0.0);
    llmobs_span_set_double(span, "d.nan", (double)NAN);
    llmobs_span_set_bool(span, "b", true);
    llmobs_span_set_bool(span, "b.no", false);
    llmobs_span_set_strings(span, "l", words, 5);
    llmobs_span_set_strings(span, "l.empty", words, 0);
    llmobs_span_set_strings(span, "l.null", NULL, 3);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    view = kept_span(&kept, "types");
    is_int(view->attribute_count, 14, "all are there");
    is_str(kept_string(view, "s"), "text", "a string");
    is_str(kept_string(view, "s.null"), "", "NULL is the empty string");
    is_str(kept_string(view, "s.bad"), "a\xef\xbf\xbd" "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" "c",
           "what is no UTF-8 is repaired");
    ok(kept_attribute(view, "s.n")->value.string.size == 5 &&
           memcmp(kept_string(view, "s.n"), "ab\0cd", 6) == 0, "a NUL may be inside");
    is_str(kept_string(view, "s.measured"), "abcd", "a size may be measured");
    is_str(kept_string(view, "s.empty"), "", "a size of 0 is empty");
    is_int(kept_attribute(view, "i")->value.integer, INT64_MIN, "an integer");
    ok(bits_of(kept_attribute(view, "d")->value.real) == bits_of(-0.0), "a double, to the bit");
    ok(bits_of(kept_attribute(view, "d.nan")->value.real) == bits_of((double)NAN), "and NaN");
    ok(kept_attribute(view, "b")->value.boolean && !kept_attribute(view, "b.no")->value.boolean,
       "booleans");
    list = kept_attribute(view, "l");
    is_int(list->count, 5, "a list of strings");
    is_str(list->value.strings[0].data, "a", "its first");
    is_str(list->value.strings[2].data, "", "NULL in it is empty");
    is_str(list->value.strings[3].data, "\xef\xbf\xbd", "what is no UTF-8 is repaired");
    is_str(list->value.strings[4].data, "last", "its last");
    is_int(kept_attribute(view, "l.empty")->count, 0, "a list may be empty");
    is_int(kept_attribute(view, "l.null")->count, 0, "no list is empty");
    ok(close_kept(obs, &kept), "the account balances");
}

static uint64_t refusals;

static void count_refusals(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)user;
    (void)text;
    refusals += note == LLMOBS_NOTE_NAME_REFUSED ? count : 0;
}

/* Sets what must never be stored in every way there is; `span_name` may be such a name itself. */
static void set_refused(llmobs* obs, const char* span_name)
{
    static const char* const words[] = {"canary-list"};
    llmobs_span_info info = llmobs_span_info_default();
    llmobs_attribute attributes[3];
    llmobs_span span;
    attributes[0] = llmobs_attribute_int("fine", 1);
    attributes[1] = llmobs_attribute_string("x-api-key", "canary-many");
    attributes[2] = llmobs_attribute_int("also.fine", 2);
    info.name = span_name;
    info.attributes = attributes;
    info.attribute_count = 3;
    span = llmobs_span_begin(obs, &info);
    llmobs_span_set_string(span, "Authorization", "canary-one");
    llmobs_span_set_string_n(span, "set_cookie", "canary-two", 10);
    llmobs_span_set_int(span, "api_key", 7777777777);
    llmobs_span_set_strings(span, "http.request.header.cookie", words, 1);
    llmobs_span_set_string(span, span_name, "canary-three"); /* known as a name: still refused */
    llmobs_span_event_with(span, "cookie", attributes, 3);
    llmobs_span_end(span);
}

static void test_refused(void)
{
    static const char name[] = "cookie";
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    const llmobs_span_view* view;
    size_t found = 0, i;
    int round;
    config.note = count_refusals;
    obs = open_kept(&config, &kept);
    for (round = 0; round < 3; round++) {
        set_refused(obs, name);
    }
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "delivered");
    is_int(kept.count, 3, "a span may be called so");
    view = kept_span(&kept, "cookie");
    is_int(view->attribute_count, 2, "only the others are attributes");
    ok(kept_attribute(view, "fine") != NULL && kept_attribute(view, "also.fine") != NULL,
       "on both sides of it");
    is_int(view->dropped_attribute_count, 6, "the span tells that it lost some");
    is_str(view->events[0].name.data, "cookie", "an event may be called so");
    is_int(view->events[0].attribute_count, 2, "and has the others");
    is_int(view->events[0].dropped_attribute_count, 1, "and tells");
    is_int(stats_of(obs).attributes_refused, 21, "they are counted");
    is_int(stats_of(obs).attributes_dropped, 0, "not as for want of room");
    is_int(refusals, 21, "and noted");
    {
        const unsigned char* bytes = (const unsigned char*)llmobsi_places[LLMOBS_I_PLACE(
            (uint32_t)(uintptr_t)obs)].recorder;
        size_t size = llmobs_memory_needed(&config);
        for (i = 0; i + 7 <= size; i++) {
            found += bytes[i] == 'c' && memcmp(bytes + i, "canary-", 7) == 0;
        }
    }
    is_int(found, 0, "no value is anywhere in the instance's memory");
    ok(close_kept(obs, &kept), "the account balances");
}

/* Where the table of names is full, a name has no id; it is refused all the same. */
static void test_refused_without_room(void)
{
    static char fillers[400][200]; /* which stay: names are known by their address */
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    size_t i;
    config.name_bytes = 1024;
    obs = open_kept(&config, &kept);
    span = llmobs_span_root(obs, "s");
    for (i = 0; i < 400; i++) {
        sprintf(fillers[i], "filler.%zu.%0150d", i, 0);
        llmobs_span_set_bool(span, fillers[i], true);
    }
    for (i = 0; i < 26; i++) { /* to the last byte */
        fillers[i][1] = '\0';
        fillers[i][0] = (char)('a' + i);
        llmobs_span_set_bool(span, llmobs_name_n(obs, fillers[i], 1), true);
    }
    ok(stats_of(obs).names_overflowed > 0, "the table of names is full");
    llmobs_span_set_string(span, "cookie", "canary");
    llmobs_span_set_string(span, "cookie", "canary");
    is_int(stats_of(obs).attributes_refused, 2, "what is refused then, too, is counted");
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    ok(strcmp(kept_string(&kept.spans[0], "llmobs.key_overflow"), "canary") != 0,
       "and does not stand under another name");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_last_wins(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = llmobs_span_root(obs, "span");
    llmobs_attribute both[3];
    const llmobs_span_view* view;
    char key[] = "k"; /* another address, the same key */
    llmobs_span_set_int(span, "first", 0);
    llmobs_span_set_int(span, "k", 1);
    llmobs_span_set_string(span, "k", "two");
    llmobs_span_set_int(span, "last", 9);
    both[0] = llmobs_attribute_int("first", 3);
    both[1] = llmobs_attribute_double(key, 4.5);
    both[2] = llmobs_attribute_int("first", 5);
    llmobs_span_set(span, both, 3);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    view = kept_span(&kept, "span");
    is_int(view->attribute_count, 3, "a key comes once");
    is_str(view->attributes[0].key.data, "first", "where it was set first");
    is_int(view->attributes[0].value.integer, 5, "with its last value");
    ok(kept_attribute(view, "k")->type == LLMOBS_TYPE_DOUBLE, "and its last type");
    is_int(view->dropped_attribute_count, 0, "nothing was dropped");
    ok(close_kept(obs, &kept), "the account balances");
}

/* The largest whole number of code points within `limit`, found from the front. */
static size_t cut_by_hand(const char* text, size_t limit)
{
    size_t size = 0;
    while (text[size] != '\0') {
        size_t next = size + 1;
        while (((unsigned char)text[next] & 0xc0) == 0x80) {
            next++;
        }
        if (next > limit) {
            break;
        }
        size = next;
    }
    return size;
}

static void test_cuts(void)
{
    static const char* const patterns[] = {"a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                           "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"};
    uint32_t limit;
    size_t pattern;
    int wrong = 0;
    int uncounted = 0;
    for (limit = 16; limit <= 400; limit += limit < 40 ? 1 : 45) {
        llmobs_config config = pumped_config();
        keeper kept;
        llmobs* obs;
        config.value_bytes = limit;
        obs = open_kept(&config, &kept);
        for (pattern = 0; pattern < sizeof patterns / sizeof patterns[0]; pattern++) {
            char text[1000] = "";
            size_t step = strlen(patterns[pattern]);
            size_t size;
            for (size = 0; size + step < 500; size += step) {
                memcpy(text + size, patterns[pattern], step + 1);
            }
            for (size = limit - 8; size < limit + 8; size++) {
                char part[1000];
                uint64_t before = stats_of(obs).values_truncated;
                llmobs_span span = llmobs_span_root(obs, "cut");
                const llmobs_span_view* view;
                size_t whole = cut_by_hand(text, size);
                memcpy(part, text, whole);
                part[whole] = '\0';
                llmobs_span_set_string(span, "k", part);
                llmobs_span_end(span);
                (void)llmobs_flush(obs, 60000);
                view = &kept.spans[kept.count - 1];
                wrong += strlen(kept_string(view, "k")) != cut_by_hand(part, limit);
                wrong += strncmp(kept_string(view, "k"), part, cut_by_hand(part, limit)) != 0;
                uncounted += stats_of(obs).values_truncated - before != (whole > limit);
            }
        }
        wrong += !close_kept(obs, &kept);
    }
    is_int(wrong, 0, "a value is cut on a border, at every size");
    is_int(uncounted, 0, "and each cut is counted");
}

/* ---- limits -------------------------------------------------------------------------------- */

static void test_count_limit(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span span;
    char keys[200][8];
    int i;
    config.span_parts = 64;
    obs = open_kept(&config, &kept);
    span = llmobs_span_root(obs, "many");
    for (i = 0; i < 200; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "k%d", i);
        llmobs_span_set_int(span, keys[i], i);
    }
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    is_int(kept.spans[0].attribute_count, 128, "128 attributes are kept");
    is_int(kept.spans[0].dropped_attribute_count, 72, "the rest is told with the span");
    is_int(stats_of(obs).attributes_dropped, 72, "and counted");
    is_int(kept_attribute(&kept.spans[0], "k127")->value.integer, 127, "the first ones stay");
    ok(close_kept(obs, &kept), "the account balances");
}

static void test_absurd(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    llmobs_span span = llmobs_span_root(obs, "absurd");
    size_t size = 10 * 1024 * 1024;
    char* text = (char*)malloc(size + 1);
    const char** list = (const char**)malloc(100000 * sizeof *list);
    llmobs_attribute one;
    int i;
    memset(text, 'x', size);
    text[size] = '\0';
    llmobs_span_set_string(span, "large", text);
    llmobs_span_set_string_n(span, "also large", text, size);
    for (i = 0; i < 100000; i++) {
        list[i] = text + size - 3;
    }
    llmobs_span_set_strings(span, "list", list, 100000);
    one = llmobs_attribute_int("odd", 1);
    one.type = (llmobs_type)77;
    llmobs_span_set(span, &one, 1);
    llmobs_span_set(span, NULL, 5);
    llmobs_span_set_int(span, NULL, 1);
    llmobs_span_set_int(span, "", 2);
    llmobs_span_set_int(span, "\xff\xfe", 3);
    llmobs_span_set_int(span, text, 4); /* a key of 10 MB */
    for (i = 0; i < 100000; i++) {
        llmobs_span_set_int(span, "n", i);
    }
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    span = llmobs_span_root(obs, text);
    llmobs_span_end(span);
    (void)llmobs_flush(obs, 60000);
    is_int(strlen(kept_string(&kept.spans[0], "large")), 256, "10 MB are cut");
    is_int(strlen(kept_string(&kept.spans[0], "also large")), 256, "with a size, too");
    ok(kept_attribute(&kept.spans[0], "list")->count > 50, "of a long list, what fits a slot");
    is_int(kept_attribute(&kept.spans[0], "unnamed")->value.integer, 2, "no key has a name");
    is_int(kept_attribute(&kept.spans[0], "\xef\xbf\xbd\xef\xbf\xbd")->value.integer, 3,
           "a key that is no UTF-8 is repaired");
    ok(kept_attribute(&kept.spans[0], "odd") == NULL, "an unknown type is dropped");
    ok(stats_of(obs).attributes_dropped >= 1, "and counted");
    is_int(kept.spans[1].name.size, 255, "a name of 10 MB is cut");
    free(text);
    free((void*)list);
    ok(close_kept(obs, &kept), "the account balances");
}

/* Whatever room a span is given: what is in it is whole, what is not is counted. */
static void test_parts(void)
{
    uint32_t parts;
    int wrong = 0;
    uint32_t most = 0;
    char keys[120][8];
    char value[257];
    int i;
    for (i = 0; i < 120; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "k%03d", i);
    }
    for (parts = 1; parts <= 64; parts++) {
        llmobs_config config = pumped_config();
        keeper kept;
        llmobs* obs;
        llmobs_span span;
        const llmobs_span_view* view;
        config.span_parts = parts;
        config.name_bytes = 8192;
        obs = open_kept(&config, &kept);
        span = llmobs_span_root(obs, "parts");
        for (i = 0; i < 120; i++) {
            memset(value, 'a' + i % 26, sizeof value);
            value[(i * 37) % 257] = '\0';
            llmobs_span_set_string(span, keys[i], value);
        }
        llmobs_span_end(span);
        (void)llmobs_flush(obs, 60000);
        view = &kept.spans[0];
        wrong += view->attribute_count + view->dropped_attribute_count != 120;
        most = view->attribute_count;
        for (i = 0; i < 120; i++) {
            const llmobs_attribute_view* one = kept_attribute(view, keys[i]);
            wrong += one != NULL && (one->value.string.size != (size_t)((i * 37) % 257) ||
                                     (one->value.string.size != 0 &&
                                      one->value.string.data[0] != 'a' + i % 26));
        }
        wrong += stats_of(obs).slots_free + 64 < 256; /* all parts came back */
        wrong += !close_kept(obs, &kept);
    }
    is_int(wrong, 0, "a span of any number of parts is whole");
    is_int(most, 120, "with enough of them nothing is dropped");
}

/* A long span takes slots; when the pool has none left, it is cut, and others are dropped. */
static void test_parts_run_out(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs;
    llmobs_span spans[70];
    uint32_t dropped = 0;
    size_t at;
    char value[300];
    int i;
    int k;
    memset(value, 'v', sizeof value);
    config.span_slots = 64;
    obs = open_kept(&config, &kept);
    for (i = 0; i < 60; i++) {
        spans[i] = llmobs_span_root(obs, "long");
    }
    for (i = 0; i < 60; i++) {
        for (k = 0; k < 4; k++) {
            llmobs_span_set_string_n(spans[i], k == 0 ? "a" : k == 1 ? "b" : k == 2 ? "c" : "d",
                                     value, 250);
        }
        llmobs_span_end(spans[i]);
    }
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 60, "all spans arrive");
    for (at = 0; at < kept.count; at++) {
        dropped += kept.spans[at].dropped_attribute_count;
    }
    is_int(dropped, stats_of(obs).attributes_dropped, "what they lost is told and counted");
    ok(dropped > 100 && dropped < 200, "some found room");
    for (i = 0; i < 64; i++) {
        spans[i] = llmobs_span_root(obs, "again");
    }
    for (i = 0; i < 64; i++) {
        llmobs_span_end(spans[i]);
    }
    (void)llmobs_flush(obs, 60000);
    is_int(kept.count, 124, "every slot came back");
    ok(close_kept(obs, &kept), "the account balances");
}

/* A handle that two threads use at once may leave anything in a slot, but nothing that is no
   attribute is handed out as one. */
static void test_no_type(void)
{
    llmobs_config config = pumped_config();
    keeper kept;
    llmobs* obs = open_kept(&config, &kept);
    const llmobsi_pool* pool =
        &llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder->pool;
    llmobs_span span = llmobs_span_root(obs, "span");
    llmobs_log_info info = llmobs_log_info_default();
    llmobs_attribute attributes[2];
    uint32_t wrong = 0;
    uint32_t i;
    attributes[0] = llmobs_attribute_int("wrong", 1);
    attributes[1] = llmobs_attribute_int("right", 2);
    llmobs_span_set(span, attributes, 2);
    llmobs_span_end(span);
    info.attributes = attributes;
    info.attribute_count = 2;
    llmobs_log_with(obs, &info);
    for (i = 0; i <= pool->mask; i++) {
        llmobsi_field* first = (llmobsi_field*)(void*)pool->slots[i].body;
        if ((pool->slots[i].state & 3u) == LLMOBS_I_SLOT_ENDED) {
            first->type = 109;
            wrong++;
        }
    }
    is_int(wrong, 2, "a span and a log record with an attribute of no type");
    (void)llmobs_flush(obs, 60000);
    is_int(kept.spans[0].attribute_count, 1, "the span comes without it");
    is_int(kept_attribute(&kept.spans[0], "right")->value.integer, 2, "with the other one");
    is_int(kept.logs[0].attribute_count, 1, "and so does the log record");
    ok(close_kept(obs, &kept), "the account balances, the views are as they must be");
}

int main(void)
{
    test_types();
    test_refused();
    test_refused_without_room();
    test_last_wins();
    test_cuts();
    test_count_limit();
    test_absurd();
    test_parts();
    test_parts_run_out();
    test_no_type();
    (void)llmobs_release();
    return done();
}
