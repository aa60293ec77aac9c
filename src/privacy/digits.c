/* What a number can be, by the sizes of its groups. */

/* The classes that need a word, and have the right number of digits: one after the other. */
llmobsi_fn bool llmobsi_number_by_word(const llmobsi_number* number, uint32_t classes,
                                       llmobsi_match* match)
{
    const uint8_t* digits = number->digits;
    size_t start = number->start, end = number->end, count = number->count;
    bool is_plain = number->group_count == 1;
#define llmobsi_by_word(CLASS, form_is_right, is_valid)                                           \
    if ((classes & LLMOBS_PII_BIT(LLMOBS_PII_##CLASS)) != 0 && (form_is_right) && (is_valid)) {   \
        return llmobsi_match_set(match, LLMOBS_PII_##CLASS, start, end, "number");                \
    }
    llmobsi_by_word(US_SSN, count == 9 && (is_plain || number->form == 324),
                    llmobsi_ssn_is_valid(digits))
    llmobsi_by_word(US_ITIN, count == 9 && (is_plain || number->form == 324),
                    llmobsi_itin_is_valid(digits))
    llmobsi_by_word(ABA_ROUTING, count == 9 && is_plain, llmobsi_aba_is_valid(digits))
    llmobsi_by_word(US_NPI, count == 10 && is_plain, llmobsi_npi_is_valid(digits))
    llmobsi_by_word(UK_NHS, count == 10 && (is_plain || number->form == 334),
                    llmobsi_nhs_is_valid(digits))
    llmobsi_by_word(AADHAAR, count == 12 && (is_plain || number->form == 444),
                    llmobsi_aadhaar_is_valid(digits))
    llmobsi_by_word(CA_SIN, count == 9 && (is_plain || number->form == 333),
                    llmobsi_sin_is_valid(digits))
    llmobsi_by_word(BANK_ACCOUNT, is_plain && count >= 8 && count <= 17,
                    !llmobsi_digits_are_same(digits, count))
    llmobsi_by_word(PASSPORT, is_plain && count >= 6 && count <= 9,
                    !llmobsi_digits_are_same(digits, count))
    llmobsi_by_word(DRIVER_LICENSE, is_plain && count >= 7 && count <= 14,
                    !llmobsi_digits_are_same(digits, count))
    llmobsi_by_word(CARD_CODE, is_plain && (count == 3 || count == 4), true)
#undef llmobsi_by_word
    return false;
}

/* "A1234567": a passport or a licence, where a word says so. The letters begin at `start`. */
llmobsi_fn bool llmobsi_lettered_read(llmobsi_view* view, size_t start, size_t digits,
                                      llmobsi_match* match)
{
    size_t count = llmobsi_run(view, digits, LLMOBS_I_DIGIT, 15);
    uint32_t classes;
    if (count < 6 || count > 14 || !llmobsi_number_begins(view, start) ||
        !llmobsi_number_ends(view, digits + count)) {
        return false;
    }
    classes = llmobsi_context(view, start);
    if ((classes & LLMOBS_PII_BIT(LLMOBS_PII_PASSPORT)) != 0 && count <= 9) {
        return llmobsi_match_set(match, LLMOBS_PII_PASSPORT, start, digits + count, "lettered");
    }
    return (classes & LLMOBS_PII_BIT(LLMOBS_PII_DRIVER_LICENSE)) != 0 &&
           llmobsi_match_set(match, LLMOBS_PII_DRIVER_LICENSE, start, digits + count, "lettered");
}

/* 1990-01-31, 31.1.1990, 1/31/1990 */
llmobsi_fn bool llmobsi_birth_date_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    uint32_t values[3], i, year, month, day;
    size_t place = start, sizes[3];
    uint8_t separator = 0;
    for (i = 0; i < 3; i++) {
        size_t k;
        sizes[i] = llmobsi_run(view, place, LLMOBS_I_DIGIT, 5);
        values[i] = 0;
        for (k = 0; k < sizes[i]; k++) {
            values[i] = values[i] * 10 + (uint32_t)(llmobsi_at(view, place + k) - '0');
        }
        place += sizes[i];
        if (i == 0) {
            separator = llmobsi_at(view, place);
        }
        if (sizes[i] == 0 || sizes[i] > 4 || (i < 2 && llmobsi_at(view, place++) != separator)) {
            return false;
        }
    }
    if (separator != '-' && separator != '/' && separator != '.') {
        return false;
    }
    year = sizes[0] == 4 ? values[0] : values[2];
    month = values[1];
    day = sizes[0] == 4 ? values[2] : values[0];
    if (month > 12) {
        uint32_t swapped = month;
        month = day;
        day = swapped;
    }
    return sizes[1] <= 2 && (sizes[0] == 4) != (sizes[2] == 4) && sizes[0] != 3 && sizes[2] != 3 &&
           year >= 1900 && year < 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
           llmobsi_number_ends(view, place) &&
           (llmobsi_context(view, start) & LLMOBS_PII_BIT(LLMOBS_PII_BIRTH_DATE)) != 0 &&
           llmobsi_match_set(match, LLMOBS_PII_BIRTH_DATE, start, place, "date");
}

/* ---- countries and IBANs ------------------------------------------------------------------- */

/* Copies so many letters and digits, without blanks: one may stand after each four. Where they end,
   0: they are not there. */
llmobsi_fn size_t llmobsi_iban_copy(llmobsi_view* view, size_t place, size_t length, uint8_t* text)
{
    size_t count;
    for (count = 0; count < length; count++) {
        uint8_t byte = llmobsi_at(view, place);
        if (byte == ' ' && count % 4 == 0) {
            byte = llmobsi_at(view, ++place);
        }
        if (!llmobsi_is(byte, LLMOBS_I_UPPER | LLMOBS_I_DIGIT)) {
            return 0;
        }
        text[count] = byte;
        place++;
    }
    return place;
}

/* At the second letter, which two digits follow. */
llmobsi_fn bool llmobsi_iban_read(llmobsi_view* view, size_t second, llmobsi_match* match)
{
    uint8_t text[LLMOBS_I_IBAN_MOST];
    size_t start = second - 1, end, length;
    uint8_t first = llmobsi_back(view, second, 1);
    bool is_valid;
    if (!llmobsi_is(first, LLMOBS_I_UPPER) || !llmobsi_begins(view, start)) {
        return false;
    }
    length = llmobsi_iban_length(first, llmobsi_at(view, second));
    if (length == 0) {
        return false;
    }
    end = llmobsi_iban_copy(view, start, length, text);
    is_valid = end != 0 && llmobsi_ends(view, end) && llmobsi_iban_is_valid(text, length);
    llmobsi_wipe(text, sizeof(text));
    return is_valid && llmobsi_match_set(match, LLMOBS_PII_IBAN, start, end, "iban");
}

/* ---- one number ---------------------------------------------------------------------------- */

/* A card: in one group, or four, four, four, four; four, six, five; four, six, four. */
llmobsi_fn bool llmobsi_card_read(llmobsi_view* view, const llmobsi_number* number,
                                  llmobsi_match* match)
{
    if (number->group_count == 1) {
        if (number->count < 13) {
            return false;
        }
    } else if (number->separator == '.' || (number->form != 4444 && number->form != 465 &&
                                            number->form != 464)) {
        return false;
    }
    return llmobsi_card_is_valid(number->digits, number->count) &&
           !llmobsi_number_in_chain(view, number->start, number->end) &&
           llmobsi_match_set(match, LLMOBS_PII_CREDIT_CARD, number->start, number->end,
                             number->group_count == 1 ? "plain" : "grouped");
}

/* With separators: what its form alone makes of it. */
llmobsi_fn bool llmobsi_number_by_form(llmobsi_view* view, const llmobsi_number* number,
                                       llmobsi_match* match)
{
    size_t start = number->start, end = number->end;
    if (number->form == 324 && number->separator == '-') {
        if (llmobsi_wants(view, LLMOBS_PII_US_SSN) && llmobsi_ssn_is_valid(number->digits)) {
            return llmobsi_match_set(match, LLMOBS_PII_US_SSN, start, end, "hyphens");
        }
        return llmobsi_wants(view, LLMOBS_PII_US_ITIN) && llmobsi_itin_is_valid(number->digits) &&
               llmobsi_match_set(match, LLMOBS_PII_US_ITIN, start, end, "hyphens");
    }
    if (number->form == 334 && number->separator != ' ') {
        return llmobsi_wants(view, LLMOBS_PII_PHONE) && llmobsi_nanp_is_valid(number->digits) &&
               llmobsi_match_set(match, LLMOBS_PII_PHONE, start, end, "nanp");
    }
    return llmobsi_wants(view, LLMOBS_PII_CREDIT_CARD) && llmobsi_card_read(view, number, match);
}

/* Whether a word could help it. */
llmobsi_inline bool llmobsi_number_is_likely(const llmobsi_number* number)
{
    if (number->group_count > 1) {
        return number->form == 324 || number->form == 334 || number->form == 333 ||
               number->form == 444;
    }
    return number->count != 5 && number->count >= 3 && number->count <= 17;
}

/* What a number is. Groups may belong to what stands after a blank: they are taken off one by
   one. */
llmobsi_inline bool llmobsi_number_match(llmobsi_view* view, llmobsi_number* number,
                                         llmobsi_match* match)
{
    uint32_t words = UINT32_MAX; /* not looked for yet */
    for (;;) {
        if (llmobsi_number_ends(view, number->end)) {
            if (llmobsi_number_by_form(view, number, match)) {
                return true;
            }
            if (!view->is_within && llmobsi_number_is_likely(number)) {
                words = words == UINT32_MAX ? llmobsi_context(view, number->start) : words;
                if (words != 0 && llmobsi_number_by_word(number, words, match)) {
                    return true;
                }
            }
        }
        if (number->group_count == 1 || number->separator != ' ') {
            return false;
        }
        llmobsi_number_shorten(number);
    }
}

/* All that begins with three digits or more. */
llmobsi_fn bool llmobsi_digits_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    llmobsi_number number;
    bool matches;
    llmobsi_number_read(view, &number, start);
    matches = number.sizes[0] < LLMOBS_I_NUMBER_MOST &&
              llmobsi_number_match(view, &number, match);
    llmobsi_wipe(number.digits, sizeof(number.digits));
    return matches;
}

/* Digits with none behind them, or none that could belong to them: only their number and the words
   before them can make something of them. */
llmobsi_inline bool llmobsi_plain_is_likely(const llmobsi_view* view, size_t start, size_t size)
{
    if (size >= 13) {
        return size <= LLMOBS_I_CARD_MOST;
    }
    return size >= 3 && size != 5 && !view->is_within &&
           (size > 4 ? llmobsi_context(view, start) != 0
                     : llmobsi_context_may_be_code(view, start));
}

/* A digit that begins a number, with `after` behind its first `size`. A year with a month, a
   version, a price have two groups: nothing here has. */
llmobsi_fn bool llmobsi_grouped_read(llmobsi_view* view, size_t start, size_t size, uint8_t after,
                                     llmobsi_match* match)
{
    if (after == '.' || after == '-') {
        size_t second = start + size + 1;
        second += llmobsi_run_of_digits(view, second, LLMOBS_I_NUMBER_MOST);
        if (size > 4 || llmobsi_at(view, second) != after) {
            return false;
        }
    }
    if (size <= 3 && after == '.' && llmobsi_wants(view, LLMOBS_PII_IP_ADDRESS) &&
        llmobsi_ipv4_read(view, start, match)) {
        return true;
    }
    if ((size <= 2 || size == 4) && (after == '-' || after == '/' || after == '.') &&
        llmobsi_wants(view, LLMOBS_PII_BIRTH_DATE) &&
        llmobsi_birth_date_read(view, start, match)) {
        return true;
    }
    if (size == 1 && (after == '-' || after == '.') && llmobsi_at(view, start) == '1' &&
        llmobsi_wants(view, LLMOBS_PII_PHONE) && llmobsi_at(view, start + 5) == after) {
        return llmobsi_nanp_read(view, start, start + 2, start + 6, match);
    }
    return size >= 3 && llmobsi_digits_read(view, start, match);
}

/* Behind a letter or the like. */
llmobsi_fn bool llmobsi_behind_letters_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    size_t letters = llmobsi_run_back(view, start, LLMOBS_I_UPPER, 3);
    return letters >= 1 && letters <= 2 &&
           llmobsi_lettered_read(view, start - letters, start, match);
}

/* At a digit, or at a capital letter that two digits follow. A run of digits is looked at once: at
   its first, or, of two digits, at the second. Most are sorted out here. */
llmobsi_fn bool llmobsi_number_trigger(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    size_t start = place, size;
    uint8_t after;
    if (llmobsi_is(llmobsi_back(view, place, 1), LLMOBS_I_DIGIT)) {
        if (llmobsi_is(llmobsi_back(view, place, 2), LLMOBS_I_DIGIT) ||
            llmobsi_is(llmobsi_at(view, place + 1), LLMOBS_I_DIGIT)) {
            return false;
        }
        start--;
    }
    if (!llmobsi_number_begins(view, start)) {
        return llmobsi_behind_letters_read(view, start, match);
    }
    size = llmobsi_run_of_digits(view, start, LLMOBS_I_NUMBER_MOST);
    after = llmobsi_at(view, start + size);
    if (llmobsi_is(after, LLMOBS_I_WORD)) {
        return false;
    }
    if ((after == '.' || after == '-' || after == '/' || (after == ' ' && size <= 4)) &&
        llmobsi_is(llmobsi_at(view, start + size + 1), LLMOBS_I_DIGIT)) {
        return llmobsi_grouped_read(view, start, size, after, match);
    }
    return llmobsi_plain_is_likely(view, start, size) && llmobsi_digits_read(view, start, match);
}
