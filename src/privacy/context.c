/* Words that make a number what it is: "passport", "cvv". */

typedef struct llmobsi_context_word {
    const char* text;
    uint32_t classes;
} llmobsi_context_word;

#define LLMOBS_I_CONTEXT_BYTES 40u
#define LLMOBS_I_CONTEXT_WORDS 5u
#define LLMOBS_I_CONTEXT_LONGEST 9u
#define LLMOBS_I_CONTEXT_LICENSE LLMOBS_PII_BIT(LLMOBS_PII_DRIVER_LICENSE)

/* By length, then by letters. */
static const llmobsi_context_word llmobsi_context_words[] = {
    {"dl", LLMOBS_I_CONTEXT_LICENSE},
    {"aba", LLMOBS_PII_BIT(LLMOBS_PII_ABA_ROUTING)},
    {"bot", LLMOBS_PII_BIT(LLMOBS_PII_API_KEY)}, /* Telegram's */
    {"csc", LLMOBS_PII_BIT(LLMOBS_PII_CARD_CODE)},
    {"cvc", LLMOBS_PII_BIT(LLMOBS_PII_CARD_CODE)},
    {"cvv", LLMOBS_PII_BIT(LLMOBS_PII_CARD_CODE)},
    {"dob", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"nhs", LLMOBS_PII_BIT(LLMOBS_PII_UK_NHS)},
    {"npi", LLMOBS_PII_BIT(LLMOBS_PII_US_NPI)},
    {"rtn", LLMOBS_PII_BIT(LLMOBS_PII_ABA_ROUTING)},
    {"sin", LLMOBS_PII_BIT(LLMOBS_PII_CA_SIN)},
    {"ssn", LLMOBS_PII_BIT(LLMOBS_PII_US_SSN)},
    {"acct", LLMOBS_PII_BIT(LLMOBS_PII_BANK_ACCOUNT)},
    {"bank", LLMOBS_PII_BIT(LLMOBS_PII_BANK_ACCOUNT)},
    {"born", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"itin", LLMOBS_PII_BIT(LLMOBS_PII_US_ITIN)},
    {"birth", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"aadhar", LLMOBS_PII_BIT(LLMOBS_PII_AADHAAR)},
    {"driver", LLMOBS_I_CONTEXT_LICENSE},
    {"social", LLMOBS_PII_BIT(LLMOBS_PII_US_SSN) | LLMOBS_PII_BIT(LLMOBS_PII_CA_SIN)},
    {"aadhaar", LLMOBS_PII_BIT(LLMOBS_PII_AADHAAR)},
    {"account", LLMOBS_PII_BIT(LLMOBS_PII_BANK_ACCOUNT)},
    {"drivers", LLMOBS_I_CONTEXT_LICENSE},
    {"driving", LLMOBS_I_CONTEXT_LICENSE},
    {"licence", LLMOBS_I_CONTEXT_LICENSE},
    {"license", LLMOBS_I_CONTEXT_LICENSE},
    {"routing", LLMOBS_PII_BIT(LLMOBS_PII_ABA_ROUTING)},
    {"birthday", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
    {"passport", LLMOBS_PII_BIT(LLMOBS_PII_PASSPORT)},
    {"provider", LLMOBS_PII_BIT(LLMOBS_PII_US_NPI)},
    {"telegram", LLMOBS_PII_BIT(LLMOBS_PII_API_KEY)},
    {"taxpayer", LLMOBS_PII_BIT(LLMOBS_PII_US_ITIN)},
    {"birthdate", LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)},
};

/* The classes of one word. */
llmobsi_fn uint32_t llmobsi_context_of_word(const uint8_t* word, size_t size)
{
    size_t i, k;
    for (i = 0; i < sizeof(llmobsi_context_words) / sizeof(llmobsi_context_words[0]); i++) {
        const char* text = llmobsi_context_words[i].text;
        if ((uint8_t)text[0] != llmobsi_small(word[0])) {
            continue;
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

/* The classes that the words before a place speak for. What a redactor has put there ends the
   search, as the finding itself did. */
llmobsi_fn uint32_t llmobsi_context(const llmobsi_view* view, size_t place)
{
    uint32_t classes = 0, words = 0;
    size_t distance = 1;
    while (distance <= LLMOBS_I_CONTEXT_BYTES && words < LLMOBS_I_CONTEXT_WORDS) {
        uint8_t byte = llmobsi_back(view, place, distance);
        size_t size;
        if (!llmobsi_is(byte, LLMOBS_I_ALPHA)) {
            if ((byte == '>' && llmobsi_is_marker(view, place - distance)) ||
                (byte == '*' && llmobsi_run_of(view, place - distance + 1, '*') >= 3)) {
                break;
            }
            distance++;
            continue;
        }
        size = llmobsi_run_back(view, place - distance + 1, LLMOBS_I_ALPHA,
                                LLMOBS_I_CONTEXT_BYTES);
        if (size >= 2 && size <= LLMOBS_I_CONTEXT_LONGEST) {
            classes |= llmobsi_context_of_word(view->bytes + place - distance + 1 - size, size);
        }
        distance += size;
        words++;
    }
    return classes & view->classes;
}
