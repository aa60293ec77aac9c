/* The table of names: filled and read without locks. */
#include "world.h"

#define TEXTS 3u

static const char texts[TEXTS][4] = {"a", "bc", "def"};
static uint32_t ids[TEXTS];
static unsigned overflows;

/* A table so small that the texts meet in it. */
ghost void prepare(uint32_t entries, uint32_t text_bytes)
{
    llmobsi_names* names;
    world_has_membarrier = false;
    world_open(4, 3);
    names = &world->recorder.names;
    (memset)(names->entries, 0, 64 * sizeof names->entries[0]);
    names->entry_mask = entries - 1;
    names->text_used = 0;
    names->text_capacity = text_bytes;
    (void)world_thread(0)->ring;
    names->text_used = 0; /* without the name that the thread knows */
    (memset)(names->entries, 0, 64 * sizeof names->entries[0]);
    (memset)(ids, 0, sizeof ids);
    overflows = 0;
    model_loaded = NULL;
}

ghost void before_names(void)
{
    prepare(8, 1024);
}

/* Room for two of the three. */
ghost void before_full(void)
{
    prepare(8, 32);
}

/* The same text always has the same id. */
ghost void found(unsigned text, uint32_t id)
{
    if (id == LLMOBS_I_NAME_OVERFLOW) {
        overflows++;
        return;
    }
    if (ids[text] != 0 && ids[text] != id) {
        model_fail("two ids for one text");
    }
    ids[text] = id;
}

ghost bool may_overflow(void)
{
    return world->recorder.names.text_capacity < 1024;
}

static void find(unsigned text)
{
    llmobsi_names* names = &world->recorder.names;
    uint32_t id = llmobsi_names_id(names, texts[text], strlen(texts[text]));
    found(text, id);
    if (id != LLMOBS_I_NAME_OVERFLOW) {
        llmobs_string string = llmobsi_names_text(names, id);
        require(string.size == strlen(texts[text]));
        require(memcmp(string.data, texts[text], string.size) == 0);
        require(string.data[string.size] == '\0');
    } else {
        require(may_overflow());
    }
}

static void find_up(void)
{
    unsigned text;
    for (text = 0; text < TEXTS; text++) {
        find(text);
    }
}

static void find_down(void)
{
    unsigned text;
    for (text = TEXTS; text > 0; text--) {
        find(text - 1);
    }
}

/* What is sought is there as a whole, or not yet. */
static void find_same(void)
{
    uint32_t there = llmobsi_names_seek(&world->recorder.names, texts[1], 2);
    if (there != LLMOBS_I_NAME_OVERFLOW) {
        found(1, there);
    }
    find(1);
    find(1);
}

/* An id that went to the tick: there is a text to it. */
static void find_and_send(void)
{
    llmobsi_names* names = &world->recorder.names;
    uint32_t id = llmobsi_names_id(names, texts[1], 2);
    llmobsi_ring_push(&world->recorder.threads[0].ring, id);
}

static void read_sent(void)
{
    llmobsi_ring* ring = &world->recorder.threads[0].ring;
    unsigned i;
    for (i = 0; i < 4; i++) {
        uint64_t end = llmobsi_load_acquire(&ring->pushed);
        uint32_t id;
        if (llmobsi_ring_pop(ring, end, &id)) {
            llmobs_string string = llmobsi_names_text(&world->recorder.names, id);
            require(string.size == 2);
            require(memcmp(string.data, texts[1], 2) == 0);
        }
        (void)model_yield();
    }
}

ghost void after(void)
{
    llmobsi_names* names = &world->recorder.names;
    uint32_t entry;
    uint32_t full = 0;
    for (entry = 0; entry <= names->entry_mask; entry++) {
        full += names->entries[entry] != 0;
    }
    if (full != (uint32_t)((ids[0] != 0) + (ids[1] != 0) + (ids[2] != 0))) {
        model_fail("a text has two entries");
    }
    if (names->overflowed != overflows) {
        model_fail("overflows are miscounted");
    }
    if (names->text_used > names->text_capacity) {
        model_fail("more texts than there is room for");
    }
}

const model_scenario model_scenarios[] = {
    {"names",
     "the same text always has the same id, and the text of an id is there",
     before_names,
     {find_up, find_down, find_same, NULL},
     after},
    {"names, nearly full",
     "the same where not all find room",
     before_full,
     {find_up, find_down, find_same, NULL},
     after},
    {"names, sent",
     "an id that reaches the tick has its text",
     before_names,
     {find_and_send, read_sent, find_up, NULL},
     NULL},
    {NULL, NULL, NULL, {NULL, NULL, NULL, NULL}, NULL},
};
