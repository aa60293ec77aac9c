/* The keyring: a key is taken whole while others are written, also over the one that is read. */
#include "world.h"

static llmobsi_keyring ring;
static llmobsi_key_page page;
static llmobsi_keyset sets[6];

/* Sets whose words are all the same number, which stands in the id as well. */
ghost void before(void)
{
    unsigned i;
    (memset)(&page, 0, sizeof page);
    (memset)(&ring, 0, sizeof ring);
    ring.page = &page;
    for (i = 0; i < 6; i++) {
        (memset)(&sets[i], (int)i + 1, sizeof sets[i]);
        sets[i].random = 0;
    }
    (memcpy)(page.places[0].words, &sets[0], sizeof sets[0]);
    page.places[0].version = 2;
    page.current = 1;
    ring.written = 1;
}

ghost bool is_whole(const llmobs_hmac_key* key, const char* id)
{
    const unsigned char* bytes = (const unsigned char*)key;
    size_t i;
    bool whole = id[0] >= 1 && id[0] <= 6;
    for (i = 0; i < sizeof *key; i++) {
        whole = whole && bytes[i] == (unsigned char)id[0];
    }
    for (i = 0; i < LLMOBS_KEY_ID_SIZE; i++) {
        whole = whole && id[i] == id[0];
    }
    return whole;
}

/* Five more keys: the last two are written over the first two. */
static void rotate(void)
{
    llmobsi_key_origin origin;
    unsigned i;
    (memset)(&origin, 0, sizeof origin);
    for (i = 1; i < 6; i++) {
        llmobsi_keyring_put(&ring, &sets[i], &origin);
        (void)model_yield();
    }
}

static void take_current(void)
{
    llmobs_hmac_key key;
    char id[LLMOBS_KEY_ID_SIZE];
    char last = 0;
    unsigned i;
    for (i = 0; i < 3; i++) {
        require(llmobsi_keyring_key(&ring, LLMOBS_DOMAIN_USER, NULL, 0, &key, id));
        require(is_whole(&key, id));
        require(id[0] >= last); /* never an older one than before */
        last = id[0];
        (void)model_yield();
    }
}

/* One place, written over and over. */
static void rewrite(void)
{
    llmobsi_key_write(&page.places[0], &sets[1]);
    llmobsi_key_write(&page.places[0], &sets[2]);
}

static void take_it(void)
{
    unsigned i;
    for (i = 0; i < 3; i++) {
        llmobsi_key_taken taken;
        if (llmobsi_key_take(&page.places[0], offsetof(llmobsi_keyset, master), &taken)) {
            require(is_whole(&taken.key, taken.id));
        }
        (void)model_yield();
    }
}

const model_scenario model_scenarios[] = {
    {"key",
     "a key is taken whole, and never an older one after a newer",
     before,
     {rotate, take_current, take_current, NULL},
     NULL},
    {"key, one place",
     "what is taken of a place that is rewritten is of one key",
     before,
     {rewrite, take_it, take_it, NULL},
     NULL},
    {NULL, NULL, NULL, {NULL, NULL, NULL, NULL}, NULL},
};
