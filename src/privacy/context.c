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

/* What a first letter says of them, as bits: how long they are, and by which letter they end. Of a
   letter its lower five bits count. */
typedef struct llmobsi_context_hint {
    uint32_t sizes;
    uint32_t lasts;
} llmobsi_context_hint;

static const llmobsi_context_hint llmobsi_context_hints[32] = {
    {0x000, 0x0000000}, {0x0d8, 0x0140002}, {0x338, 0x2104920}, {0x008, 0x0400008},
    {0x0cc, 0x00c1084}, {0x000, 0x0000000}, {0x000, 0x0000000}, {0x000, 0x0000000},
    {0x000, 0x0000000}, {0x010, 0x0004000}, {0x000, 0x0000000}, {0x000, 0x0000000},
    {0x080, 0x0000020}, {0x000, 0x0000000}, {0x008, 0x0080200}, {0x000, 0x0000000},
    {0x100, 0x0140000}, {0x000, 0x0000000}, {0x088, 0x0004080}, {0x048, 0x0005000},
    {0x100, 0x0042000}, {0x000, 0x0000000}, {0x000, 0x0000000}, {0x000, 0x0000000},
    {0x000, 0x0000000}, {0x000, 0x0000000}, {0x000, 0x0000000}, {0x000, 0x0000000},
    {0x000, 0x0000000}, {0x000, 0x0000000}, {0x000, 0x0000000}, {0x000, 0x0000000}};

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

/* The 64 bytes before a place, in `copy` where there are less: behind zeros then. The caller wipes
   that. */
llmobsi_inline const uint8_t* llmobsi_context_window(const llmobsi_view* view, size_t place,
                                                     uint8_t copy[64])
{
    size_t before = place - view->floor;
    if (before >= 64) {
        return view->bytes + place - 64;
    }
    memset(copy, 0, 64);
    memcpy(copy + 64 - before, view->bytes + view->floor, before);
    return copy;
}

/* Where in the window the search ends: behind what a redactor has put there, as it ended at the
   finding itself. */
llmobsi_fn uint32_t llmobsi_context_end(const llmobsi_view* view, const uint8_t* window,
                                        size_t place)
{
    uint64_t marks = llmobsi_range_of(window, 0, '*', '*') | llmobsi_range_of(window, 0, '>', '>');
    while (marks != 0) {
        uint32_t last = 63 - (uint32_t)llmobsi_leading_zeros64(marks);
        size_t at = place - (63 - last);
        if (window[last] == '*' ? llmobsi_run_of(view, at, '*') >= 3
                                : llmobsi_is_marker(view, at - 1)) {
            return last + 1;
        }
        marks ^= UINT64_C(1) << last;
    }
    return 0;
}

/* The classes of the words in the window that end at some of its bytes. */
llmobsi_fn uint32_t llmobsi_context_read(const uint8_t* window, uint64_t letters, uint64_t ends)
{
    uint32_t classes = 0, i;
    for (i = 0; i < LLMOBS_I_CONTEXT_WORDS && ends != 0; i++) {
        uint32_t last = 63 - (uint32_t)llmobsi_leading_zeros64(ends);
        uint32_t size = (uint32_t)llmobsi_leading_zeros64(~(letters << (63 - last)) | 1);
        if (size >= 2 && size <= LLMOBS_I_CONTEXT_LONGEST) {
            classes |= llmobsi_context_of_word(window + last + 1 - size, size);
        }
        ends ^= UINT64_C(1) << last;
    }
    return classes;
}

/* The classes that the words in a window speak for. Seldom one of them could be in the list, and
   only then they are read. */
llmobsi_inline uint32_t llmobsi_context_in(const llmobsi_view* view, const uint8_t* window,
                                           size_t place)
{
    uint64_t letters = llmobsi_range_of(window, 0x20, 'a', 'z'), left;
    uint64_t ends = letters & ~(letters >> 1);
    uint32_t found = 0, i;
    left = ends >> (64 - LLMOBS_I_CONTEXT_BYTES) << (64 - LLMOBS_I_CONTEXT_BYTES);
    for (i = 0; i < LLMOBS_I_CONTEXT_WORDS; i++) { /* without branches, which would be guessed */
        uint32_t last = 63 - (uint32_t)llmobsi_leading_zeros64(left | 1);
        uint32_t size = (uint32_t)llmobsi_leading_zeros64(~(letters << (63 - last)) | 1);
        const llmobsi_context_hint* hint = &llmobsi_context_hints[window[last + 1 - size] & 31];
        found |= (left != 0) & hint->sizes >> (size & 15) & hint->lasts >> (window[last] & 31);
        left &= ~(UINT64_C(1) << last);
    }
    if ((found & 1) == 0) {
        return 0;
    }
    ends = ends >> (64 - LLMOBS_I_CONTEXT_BYTES) << (64 - LLMOBS_I_CONTEXT_BYTES);
    i = llmobsi_context_end(view, window, place);
    return i == 64 ? 0 : llmobsi_context_read(window, letters, ends >> i << i) & view->classes;
}

/* The classes that the words before a place speak for. */
llmobsi_fn uint32_t llmobsi_context(const llmobsi_view* view, size_t place)
{
    uint8_t copy[64];
    uint32_t classes =
        llmobsi_context_in(view, llmobsi_context_window(view, place, copy), place);
    llmobsi_wipe(copy, sizeof(copy));
    return classes;
}

/* Whether "csc", "cvc" or "cvv" could stand before a place: a C, and a S or V behind it. Nothing
   else makes anything of three or four digits, such as a year. */
llmobsi_fn bool llmobsi_context_may_be_code(const llmobsi_view* view, size_t place)
{
    uint8_t copy[64];
    const uint8_t* window = llmobsi_context_window(view, place, copy);
    bool may_be = (llmobsi_range_of(window, 0x20, 'c', 'c') << 1 &
                   (llmobsi_range_of(window, 0x20, 's', 's') |
                    llmobsi_range_of(window, 0x20, 'v', 'v'))) != 0;
    llmobsi_wipe(copy, sizeof(copy));
    return may_be;
}
