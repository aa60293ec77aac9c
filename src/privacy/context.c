/* Words that make a number what it is: "passport", "cvv". */

typedef struct llmobsi_context_word {
    const char* text;
    uint32_t classes;
} llmobsi_context_word;

#define LLMOBS_I_CONTEXT_BYTES 40u
#define LLMOBS_I_CONTEXT_WORDS 5u
#define LLMOBS_I_CONTEXT_LONGEST 9u
#define LLMOBS_I_CONTEXT_LICENSE LLMOBS_PII_BIT(LLMOBS_PII_DRIVER_LICENSE)

/* Sorted. "bot" is Telegram's. */
static const llmobsi_context_word llmobsi_context_words[] = {
    {"aadhaar", LLMOBS_PII_BIT(LLMOBS_PII_AADHAAR)},
    {"aadhar", LLMOBS_PII_BIT(LLMOBS_PII_AADHAAR)},
    {"aba", LLMOBS_PII_BIT(LLMOBS_PII_ABA_ROUTING)},
    {"account", LLMOBS_PII_BIT(LLMOBS_PII_BANK_ACCOUNT)},
    {"acct", LLMOBS_PII_BIT(LLMOBS_PII_BANK_ACCOUNT)},
    {"bank", LLMOBS_PII_BIT(LLMOBS_PII_BANK_ACCOUNT)},
    {"birth", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"birthdate", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"birthday", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"born", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"bot", LLMOBS_PII_BIT(LLMOBS_PII_API_KEY)},
    {"csc", LLMOBS_PII_BIT(LLMOBS_PII_CARD_CODE)},
    {"cvc", LLMOBS_PII_BIT(LLMOBS_PII_CARD_CODE)},
    {"cvv", LLMOBS_PII_BIT(LLMOBS_PII_CARD_CODE)},
    {"dl", LLMOBS_I_CONTEXT_LICENSE},
    {"dob", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"driver", LLMOBS_I_CONTEXT_LICENSE},
    {"drivers", LLMOBS_I_CONTEXT_LICENSE},
    {"driving", LLMOBS_I_CONTEXT_LICENSE},
    {"itin", LLMOBS_PII_BIT(LLMOBS_PII_US_ITIN)},
    {"licence", LLMOBS_I_CONTEXT_LICENSE},
    {"license", LLMOBS_I_CONTEXT_LICENSE},
    {"nhs", LLMOBS_PII_BIT(LLMOBS_PII_UK_NHS)},
    {"npi", LLMOBS_PII_BIT(LLMOBS_PII_US_NPI)},
    {"passport", LLMOBS_PII_BIT(LLMOBS_PII_PASSPORT)},
    {"provider", LLMOBS_PII_BIT(LLMOBS_PII_US_NPI)},
    {"routing", LLMOBS_PII_BIT(LLMOBS_PII_ABA_ROUTING)},
    {"rtn", LLMOBS_PII_BIT(LLMOBS_PII_ABA_ROUTING)},
    {"sin", LLMOBS_PII_BIT(LLMOBS_PII_CA_SIN)},
    {"social", LLMOBS_PII_BIT(LLMOBS_PII_US_SSN) | LLMOBS_PII_BIT(LLMOBS_PII_CA_SIN)},
    {"ssn", LLMOBS_PII_BIT(LLMOBS_PII_US_SSN)},
    {"taxpayer", LLMOBS_PII_BIT(LLMOBS_PII_US_ITIN)},
    {"telegram", LLMOBS_PII_BIT(LLMOBS_PII_API_KEY)},
};

#define LLMOBS_I_CONTEXT_COUNT (sizeof(llmobsi_context_words) / sizeof(llmobsi_context_words[0]))
LLMOBS_I_STATIC_ASSERT(context_count, LLMOBS_I_CONTEXT_COUNT == 33);

/* Where those with a letter begin. */
static const uint8_t llmobsi_context_starts[26] = {
    0, 5, 11, 14, 33, 33, 33, 33, 19, 33, 33, 20, 33,
    22, 33, 24, 33, 26, 28, 31, 33, 33, 33, 33, 33, 33};

/* What a first letter says of them, as bits: how long they are, and by which letter they end. */
typedef struct llmobsi_context_hint {
    uint16_t sizes;
    uint32_t lasts;
} llmobsi_context_hint;

static const llmobsi_context_hint llmobsi_context_hints[26] = {
    {0x0d8, 0x00a0001}, {0x338, 0x1082490}, {0x008, 0x0200004}, {0x0cc, 0x0060842}, {0x000, 0x0000000},
    {0x000, 0x0000000}, {0x000, 0x0000000}, {0x000, 0x0000000}, {0x010, 0x0002000}, {0x000, 0x0000000},
    {0x000, 0x0000000}, {0x080, 0x0000010}, {0x000, 0x0000000}, {0x008, 0x0040100}, {0x000, 0x0000000},
    {0x100, 0x00a0000}, {0x000, 0x0000000}, {0x088, 0x0002040}, {0x048, 0x0002800}, {0x100, 0x0021000},
    {0x000, 0x0000000}, {0x000, 0x0000000}, {0x000, 0x0000000}, {0x000, 0x0000000}, {0x000, 0x0000000},
    {0x000, 0x0000000}};

/* The classes of one word. */
llmobsi_fn uint32_t llmobsi_context_of_word(const uint8_t* word, size_t size)
{
    uint8_t first = llmobsi_small(word[0]);
    size_t i, k;
    for (i = llmobsi_context_starts[first - 'a']; i < LLMOBS_I_CONTEXT_COUNT; i++) {
        const char* text = llmobsi_context_words[i].text;
        if ((uint8_t)text[0] != first) {
            break;
        }
        for (k = 1; k < size && (uint8_t)text[k] == llmobsi_small(word[k]); k++) {
        }
        if (k == size && text[k] == '\0') {
            return llmobsi_context_words[i].classes;
        }
    }
    return 0;
}

/* Whether a '>' at a place ends what a redactor wrote. */
llmobsi_fn bool llmobsi_is_marker(const llmobsi_view* view, size_t place)
{
    size_t size = llmobsi_run_back(view, place, LLMOBS_I_WORD, LLMOBS_I_CONTEXT_BYTES);
    llmobsi_view before = *view;
    return llmobsi_back(view, place, size + 1) == '<' &&
           llmobsi_covered_size(&before, place - size - 1) == size + 2;
}

/* A bit for each of eight bytes that is a letter. */
llmobsi_inline uint64_t llmobsi_letters(const uint8_t* bytes)
{
    uint64_t all = llmobsi_load_le64(bytes);
    uint64_t small = (all & LLMOBS_I_EACH_BYTE(0x7f)) | LLMOBS_I_EACH_BYTE(0x20);
    uint64_t from_a = small + LLMOBS_I_EACH_BYTE(0x80 - 'a');
    uint64_t behind_z = small + LLMOBS_I_EACH_BYTE(0x7f - 'z');
    uint64_t letters = (from_a ^ behind_z) & ~all & LLMOBS_I_EACH_BYTE(0x80);
    return (letters >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

/* Whether one of the words could stand before a place: seldom, and then they are read. */
llmobsi_fn bool llmobsi_context_may_be(const llmobsi_view* view, size_t place)
{
    uint8_t copy[64];
    const uint8_t* bytes = copy;
    size_t before = place - view->floor;
    uint64_t letters = 0, ends;
    uint32_t i;
    if (before >= sizeof(copy)) {
        bytes = view->bytes + place - sizeof(copy);
    } else {
        memset(copy, 0, sizeof(copy));
        memcpy(copy + sizeof(copy) - before, view->bytes + view->floor, before);
    }
    for (i = 0; i < 8; i++) {
        letters |= llmobsi_letters(bytes + 8 * i) << 8 * i;
    }
    ends = (letters & ~(letters >> 1)) >> (64 - LLMOBS_I_CONTEXT_BYTES)
                                              << (64 - LLMOBS_I_CONTEXT_BYTES);
    for (i = 0; i < LLMOBS_I_CONTEXT_WORDS && ends != 0; i++) {
        uint32_t last = 63 - (uint32_t)__builtin_clzll(ends);
        uint32_t size = (uint32_t)__builtin_clzll(~(letters << (63 - last)) | 1);
        const llmobsi_context_hint* hint =
            &llmobsi_context_hints[(bytes[last + 1 - size] | 0x20) - 'a'];
        if (size <= LLMOBS_I_CONTEXT_LONGEST && (hint->sizes >> size & 1) != 0 &&
            (hint->lasts >> ((bytes[last] | 0x20) - 'a') & 1) != 0) {
            return true;
        }
        ends ^= UINT64_C(1) << last;
    }
    return false;
}

/* The classes that the words before a place speak for. What a redactor has put there ends the
   search, as the finding itself did. */
llmobsi_fn uint32_t llmobsi_context(const llmobsi_view* view, size_t place)
{
    const uint8_t* bytes = view->bytes;
    size_t at = place, least = view->floor;
    uint32_t classes = 0, words = 0;
    if (!llmobsi_context_may_be(view, place)) {
        return 0;
    }
    if (place - least > LLMOBS_I_CONTEXT_BYTES) {
        least = place - LLMOBS_I_CONTEXT_BYTES;
    }
    while (at > least && words < LLMOBS_I_CONTEXT_WORDS) {
        uint8_t byte = bytes[at - 1];
        size_t end = at;
        if (!llmobsi_is(byte, LLMOBS_I_ALPHA)) {
            if ((byte == '>' && llmobsi_is_marker(view, at - 1)) ||
                (byte == '*' && llmobsi_run_of(view, at, '*') >= 3)) {
                break;
            }
            at--;
            continue;
        }
        while (at > view->floor && llmobsi_is(bytes[at - 1], LLMOBS_I_ALPHA) &&
               end - at <= LLMOBS_I_CONTEXT_LONGEST) {
            at--;
        }
        if (end - at >= 2 && end - at <= LLMOBS_I_CONTEXT_LONGEST) {
            classes |= llmobsi_context_of_word(bytes + at, end - at);
        }
        while (at > least && llmobsi_is(bytes[at - 1], LLMOBS_I_ALPHA)) {
            at--; /* of a longer word */
        }
        words++;
    }
    return classes & view->classes;
}
