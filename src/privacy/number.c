/* Recognisers of what is written in digits. Each begins at the first digit of a run. */

/* Up to so many digits are read, and one more tells that there are more. */
#define LLMOBS_I_NUMBER_MOST 20u
#define LLMOBS_I_NUMBER_GROUPS 5u

/* Digits in groups, with the same separator between them. */
typedef struct llmobsi_number {
    size_t start;
    size_t end;
    size_t count; /* digits */
    size_t group_count;
    size_t sizes[LLMOBS_I_NUMBER_GROUPS];
    uint32_t form;     /* the sizes, as decimal digits: 4444, 324 */
    uint8_t separator; /* 0: one group */
    uint8_t digits[LLMOBS_I_NUMBER_MOST + 1 + 8]; /* so that eight at a time may be stored */
} llmobsi_number;

/* One more run of digits, those too many included. */
llmobsi_inline void llmobsi_number_group(llmobsi_view* view, llmobsi_number* number, size_t place)
{
    size_t size = llmobsi_run_of_digits(view, place, LLMOBS_I_NUMBER_MOST + 1 - number->count), i;
    uint8_t* digits = number->digits + number->count;
    for (i = 0; i < size && place + i + 8 <= view->size; i += 8) {
        llmobsi_store_le64(digits + i, llmobsi_load_le64(view->bytes + place + i) -
                                           LLMOBS_I_EACH_BYTE('0'));
    }
    for (; i < size; i++) {
        digits[i] = (uint8_t)(view->bytes[place + i] - '0');
    }
    number->count += size;
    number->end = place + size;
    number->sizes[number->group_count++] = size;
    number->form = number->form * 10 + (uint32_t)(size < 9 ? size : 9);
}

/* Reads the number at a place: one group, and more if it is short and the separator stays the
   same. */
llmobsi_fn void llmobsi_number_read(llmobsi_view* view, llmobsi_number* number, size_t start)
{
    uint8_t separator;
    number->start = start;
    number->count = number->group_count = 0;
    number->form = 0;
    number->separator = 0;
    llmobsi_number_group(view, number, start);
    separator = llmobsi_at(view, number->end);
    if (number->count > 4 || (separator != ' ' && separator != '-' && separator != '.')) {
        return;
    }
    while (number->group_count < LLMOBS_I_NUMBER_GROUPS && number->count < LLMOBS_I_NUMBER_MOST &&
           llmobsi_at(view, number->end) == separator &&
           llmobsi_is(llmobsi_at(view, number->end + 1), LLMOBS_I_DIGIT)) {
        number->separator = separator;
        llmobsi_number_group(view, number, number->end + 1);
    }
}

/* Takes the last group off. */
llmobsi_inline void llmobsi_number_shorten(llmobsi_number* number)
{
    size_t size = number->sizes[--number->group_count];
    number->end -= size + 1;
    number->count -= size;
    number->form /= 10;
}

/* Whether a number is part of a chain of hexadecimal groups, such as a UUID. */
llmobsi_fn bool llmobsi_number_in_chain(llmobsi_view* view, size_t start, size_t end)
{
    if (llmobsi_back(view, start, 1) == '-') {
        size_t size = llmobsi_run_back(view, start - 1, LLMOBS_I_HEX, 12);
        if (size >= 4 && llmobsi_back(view, start - 1, size + 1) == '-') {
            return true;
        }
    }
    return llmobsi_at(view, end) == '-' && llmobsi_run(view, end + 1, LLMOBS_I_HEX, 5) == 4 &&
           llmobsi_at(view, end + 5) == '-';
}

/* ---- addresses of machines ----------------------------------------------------------------- */

llmobsi_fn bool llmobsi_ipv4_is_local(const uint8_t* octets)
{
    static const uint8_t nets[][4] = {/* three octets, and how many bits of them count */
                                      {0, 0, 0, 8},      {10, 0, 0, 8},     {127, 0, 0, 8},
                                      {169, 254, 0, 16}, {172, 16, 0, 12},  {192, 168, 0, 16},
                                      {192, 0, 2, 24},   {198, 51, 100, 24}, {203, 0, 113, 24},
                                      {100, 64, 0, 10}};
    uint32_t address = (uint32_t)octets[0] << 16 | (uint32_t)octets[1] << 8 | octets[2];
    size_t i;
    for (i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
        uint32_t net = (uint32_t)nets[i][0] << 16 | (uint32_t)nets[i][1] << 8 | nets[i][2];
        if ((address ^ net) >> (24 - nets[i][3]) == 0) {
            return true;
        }
    }
    return false;
}

/* Four octets without leading zeros; where they end, or 0. */
llmobsi_fn size_t llmobsi_ipv4_parse(llmobsi_view* view, size_t place, uint8_t* octets)
{
    uint32_t i;
    for (i = 0; i < 4; i++) {
        uint32_t value = 0;
        size_t size = llmobsi_run(view, place, LLMOBS_I_DIGIT, 4), k;
        if (size == 0 || size > 3 || (size > 1 && llmobsi_at(view, place) == '0')) {
            return 0;
        }
        for (k = 0; k < size; k++) {
            value = value * 10 + (uint32_t)(llmobsi_at(view, place + k) - '0');
        }
        if (value > 255) {
            return 0;
        }
        octets[i] = (uint8_t)value;
        place += size;
        if (i < 3 && llmobsi_at(view, place++) != '.') {
            return 0;
        }
    }
    if (llmobsi_is(llmobsi_at(view, place), LLMOBS_I_WORD) ||
        (llmobsi_at(view, place) == '.' &&
         llmobsi_is(llmobsi_at(view, place + 1), LLMOBS_I_DIGIT))) {
        return 0;
    }
    return place;
}

llmobsi_fn bool llmobsi_ipv4_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    uint8_t octets[4];
    size_t end = llmobsi_ipv4_parse(view, start, octets);
    if (end == 0) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_IP_ADDRESS, start, end, "ipv4");
    match->is_local = llmobsi_ipv4_is_local(octets);
    return true;
}

/* What a redactor has put behind a colon may have been one more group. */
llmobsi_fn bool llmobsi_ipv6_ends(llmobsi_view* view, size_t place)
{
    uint8_t after = llmobsi_at(view, place);
    if (after == ':') {
        after = llmobsi_at(view, place + 1);
    } else if (llmobsi_at(view, place - 1) != ':') {
        return !llmobsi_is(after, LLMOBS_I_WORD);
    }
    return !llmobsi_is(after, LLMOBS_I_WORD) && after != '<' && after != '*';
}

/* Up to eight groups of one to four digits, at most one "::", an IPv4 address at the end: RFC 4291,
   2.2. At `start` is the first group or the "::". */
llmobsi_fn bool llmobsi_ipv6_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    size_t place = start, groups = 0, digits = 0, pairs = 0;
    bool gap = false;
    uint32_t first = 0, second = 0;
    uint8_t octets[4];
    if (llmobsi_at(view, place) == ':') {
        if (llmobsi_at(view, place + 1) != ':') {
            return false;
        }
        gap = true;
        place += 2;
    }
    while (groups < 8) {
        size_t size = llmobsi_run(view, place, LLMOBS_I_HEX, 5), i;
        uint32_t value = 0;
        if (size == 0) {
            break;
        }
        if (size > 4) {
            return false;
        }
        if (llmobsi_at(view, place + size) == '.' && groups <= 6 && groups + (gap ? 0 : 2) >= 2) {
            size_t end = llmobsi_ipv4_parse(view, place, octets);
            if (end != 0) {
                groups += 2;
                digits++;
                place = end;
                break;
            }
        }
        for (i = 0; i < size; i++) {
            uint8_t byte = llmobsi_at(view, place + i);
            value = value * 16 + (uint32_t)llmobsi_hex_value((char)byte);
            digits += llmobsi_is(byte, LLMOBS_I_DIGIT) ? 1u : 0u;
        }
        pairs += size == 2 ? 1u : 0u;
        first = groups == 0 ? value : first;
        second = groups == 1 ? value : second;
        groups++;
        place += size;
        if (llmobsi_at(view, place) != ':') {
            break;
        }
        if (llmobsi_at(view, place + 1) == ':') {
            if (gap) {
                return false;
            }
            gap = true;
            place += 2;
        } else if (groups < 8 && llmobsi_is(llmobsi_at(view, place + 1), LLMOBS_I_HEX)) {
            place++;
        } else {
            break;
        }
    }
    if (groups == 0 || (gap ? groups > 7 : groups != 8 || pairs == 8) ||
        (digits == 0 && groups < 3) || !llmobsi_ipv6_ends(view, place)) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_IP_ADDRESS, start, place, "ipv6");
    match->is_local = (first & 0xffc0) == 0xfe80 || (first & 0xfe00) == 0xfc00 ||
                      (first == 0x2001 && second == 0xdb8) ||
                      (llmobsi_at(view, start) == ':' && groups == 1 && first == 1);
    return true;
}

/* Six pairs with the same separator. `place` is the first separator. */
llmobsi_fn bool llmobsi_mac_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    uint8_t separator = llmobsi_at(view, place);
    size_t start = place - 2, i, zeros = 0, fs = 0;
    if (llmobsi_run_back(view, place, LLMOBS_I_HEX, 2) != 2 ||
        !llmobsi_number_begins(view, start) ||
        llmobsi_back(view, start, 1) == separator) {
        return false;
    }
    for (i = 0; i < 17; i++) {
        uint8_t byte = llmobsi_at(view, start + i);
        if (i % 3 == 2 ? byte != separator : !llmobsi_is(byte, LLMOBS_I_HEX)) {
            return false;
        }
        zeros += byte == '0';
        fs += llmobsi_small(byte) == 'f';
    }
    if (zeros == 12 || fs == 12 || !llmobsi_ends(view, start + 17) ||
        (llmobsi_at(view, start + 17) == separator &&
         llmobsi_is(llmobsi_at(view, start + 18), LLMOBS_I_HEX))) {
        return false;
    }
    return llmobsi_match_set(match, LLMOBS_PII_MAC_ADDRESS, start, start + 17, "mac");
}

/* ---- telephones ---------------------------------------------------------------------------- */

/* After a '+': groups of digits, between them a blank, '-', '.', or brackets. Two digits at least
   make a group that is not the first. As many groups as make a number. */
llmobsi_fn bool llmobsi_e164_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    uint8_t digits[16];
    size_t count = 0, end = 0, place = start + 1;
    if (!llmobsi_begins(view, start) || llmobsi_back(view, start, 1) == '+') {
        return false;
    }
    for (;;) {
        size_t size = llmobsi_run(view, place, LLMOBS_I_DIGIT, 16), i;
        if (size == 0 || count + size > 15 || (count != 0 && size < 2) ||
            !llmobsi_ends(view, place + size)) {
            break;
        }
        for (i = 0; i < size; i++) {
            digits[count++] = (uint8_t)(llmobsi_at(view, place + i) - '0');
        }
        place += size;
        end = llmobsi_e164_is_valid(digits, count) ? place : end;
        size = place;
        place += llmobsi_at(view, place) == ')';
        place += llmobsi_at(view, place) == ' ' || llmobsi_at(view, place) == '-' ||
                 llmobsi_at(view, place) == '.';
        place += llmobsi_at(view, place) == '(';
        if (place == size) {
            break;
        }
    }
    llmobsi_wipe(digits, sizeof(digits));
    return end != 0 && llmobsi_match_set(match, LLMOBS_PII_PHONE, start, end, "e164");
}

/* "ddd-dddd" at a place, with one of some separators, and the area code where it stands. */
llmobsi_fn bool llmobsi_nanp_read(llmobsi_view* view, size_t start, size_t area, size_t place,
                                  llmobsi_match* match)
{
    uint8_t digits[10], separator = llmobsi_at(view, place + 3);
    size_t i;
    bool is_valid = separator == '-' || separator == '.' || separator == ' ';
    for (i = 0; i < 10 && is_valid; i++) {
        size_t at = i < 3 ? area + i : i < 6 ? place + i - 3 : place + i - 2;
        uint8_t byte = llmobsi_at(view, at);
        is_valid = llmobsi_is(byte, LLMOBS_I_DIGIT);
        digits[i] = (uint8_t)(byte - '0');
    }
    is_valid = is_valid && llmobsi_number_ends(view, place + 8) && llmobsi_nanp_is_valid(digits);
    llmobsi_wipe(digits, sizeof(digits));
    return is_valid && llmobsi_match_set(match, LLMOBS_PII_PHONE, start, place + 8, "nanp");
}

/* "(ddd) ddd-dddd" */
llmobsi_fn bool llmobsi_area_read(llmobsi_view* view, size_t start, llmobsi_match* match)
{
    size_t place = start + 5;
    if (llmobsi_run(view, start + 1, LLMOBS_I_DIGIT, 4) != 3 ||
        llmobsi_at(view, start + 4) != ')' || !llmobsi_begins(view, start)) {
        return false;
    }
    if (llmobsi_at(view, place) == ' ' || llmobsi_at(view, place) == '-') {
        place++;
    }
    return llmobsi_nanp_read(view, start, start + 1, place, match);
}
