/* Whole numbers of small units as decimals, exact or rounded, and times as text. What append_...
   promises holds here, too: up to 7 bytes more may be overwritten. */

#define LLMOBS_I_BILLION UINT64_C(1000000000)

/* ---- exact --------------------------------------------------------------------------------- */

/* A point and the digits of digits / 10^8, without the zeros at their end; nothing for 0. */
llmobsi_inline char* llmobsi_append_eight_fraction(char* cursor, uint32_t digits)
{
    uint64_t bytes = llmobsi_eight_digits(digits);
    if (bytes == 0) {
        return cursor;
    }
    *cursor++ = '.';
    llmobsi_store_le64(cursor, bytes + LLMOBS_I_EACH_BYTE('0'));
    return cursor + 8 - llmobsi_leading_zeros64(bytes) / 8;
}

/* number / 10^9: 1.5, 0.000000001, 3. LLMOBS_I_U64_ROOM bytes must be free. */
llmobsi_inline char* llmobsi_append_nano(char* cursor, uint64_t number)
{
    uint32_t fraction = (uint32_t)(number % LLMOBS_I_BILLION);
    cursor = llmobsi_append_u64(cursor, number / LLMOBS_I_BILLION);
    if (fraction % 10 == 0) {
        return llmobsi_append_eight_fraction(cursor, fraction / 10);
    }
    *cursor++ = '.';
    cursor = llmobsi_append_eight_digits(cursor, fraction / 10);
    *cursor++ = (char)('0' + fraction % 10);
    return cursor;
}

/* The same with a sign. */
llmobsi_inline char* llmobsi_append_nano_signed(char* cursor, int64_t number)
{
    if (number < 0) {
        *cursor++ = '-';
        return llmobsi_append_nano(cursor, 0 - (uint64_t)number);
    }
    return llmobsi_append_nano(cursor, (uint64_t)number);
}

llmobsi_fn void llmobsi_put_nano(llmobsi_writer* writer, int64_t nano)
{
    char text[48];
    llmobsi_put(writer, text, (size_t)(llmobsi_append_nano_signed(text, nano) - text));
}

/* number / 10^6. */
llmobsi_inline char* llmobsi_append_micro(char* cursor, uint64_t number)
{
    cursor = llmobsi_append_u64(cursor, number / 1000000);
    return llmobsi_append_eight_fraction(cursor, (uint32_t)(number % 1000000) * 100);
}

/* ---- rounded as Python does ---------------------------------------------------------------- */

/* The double nearest to number / unit, as significand * 2^-down: computed in whole numbers, since
   under -ffast-math a division may be another. `number` is not 0, `unit` from 2^12 to 2^31. */
llmobsi_fn uint64_t llmobsi_ratio_significand(uint64_t number, uint64_t unit, unsigned* down)
{
    unsigned zeros = (unsigned)llmobsi_leading_zeros64(number);
    uint64_t left = number << zeros, high, low, rest, lost, half;
    unsigned cut;
    high = (left >> 32) / unit;
    rest = ((left >> 32) % unit) << 32 | (left & UINT32_MAX);
    low = (rest / unit) << 32;
    rest = (rest % unit) << 32;
    low |= rest / unit;
    rest %= unit; /* left * 2^32 = (high * 2^64 + low) * unit + rest */
    cut = 75u - (unsigned)llmobsi_leading_zeros64(high); /* all but 53 bits; high is not 0 */
    lost = low & ((UINT64_C(1) << cut) - 1);
    half = UINT64_C(1) << (cut - 1);
    low = (high << 1 << (63 - cut)) | low >> cut;
    *down = zeros + 32 - cut;
    return low + (lost > half || (lost == half && (rest != 0 || (low & 1) != 0)));
}

/* significand * factor * 2^-down to the nearest whole number, and from the middle to the even
   one. */
llmobsi_fn uint64_t llmobsi_scaled_round(uint64_t significand, uint64_t factor, unsigned down)
{
    uint64_t low, high = llmobsi_multiply(significand, factor, &low);
    uint64_t whole, lost, half, below = 0;
    if (down > 64) {
        below = low;
        low = high;
        high = 0;
        down -= 64;
    }
    whole = down == 64 ? high : (high << 1 << (63 - down)) | low >> down;
    lost = down == 64 ? low : low & ((UINT64_C(1) << down) - 1);
    half = UINT64_C(1) << (down - 1);
    return whole + (lost > half || (lost == half && (below != 0 || (whole & 1) != 0)));
}

/* round(number / unit, places) as CPython has it, which rounds the double's own value; at least
   one digit stands behind the point. `unit` is 10^9 or 10^6; `power`, up to 10^6, is
   10^places. */
llmobsi_fn char* llmobsi_append_rounded(char* cursor, int64_t number, uint64_t unit, uint32_t power)
{
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    uint64_t rounded = 0;
    unsigned down;
    if (size != 0) {
        uint64_t significand = llmobsi_ratio_significand(size, unit, &down);
        rounded = llmobsi_scaled_round(significand, power, down);
    }
    if (number < 0) {
        *cursor++ = '-';
    }
    cursor = llmobsi_append_u64(cursor, rounded / power);
    if (rounded % power == 0) {
        return llmobsi_append_text(cursor, ".0");
    }
    return llmobsi_append_eight_fraction(cursor,
                                         (uint32_t)(rounded % power) * (100000000 / power));
}

/* ---- times --------------------------------------------------------------------------------- */

#define LLMOBS_I_SECOND_TEXT 19u /* 2026-01-15T10:00:00 */

/* The text of the last second that was asked for: many records share it. Zeroed, it holds
   nothing. */
typedef struct llmobsi_second {
    uint64_t number; /* + 1 */
    char text[LLMOBS_I_SECOND_TEXT + 5];
} llmobsi_second;

llmobsi_inline char* llmobsi_append_pair(char* cursor, uint32_t number, char after)
{
    cursor[0] = (char)('0' + number / 10);
    cursor[1] = (char)('0' + number % 10);
    cursor[2] = after;
    return cursor + 3;
}

/* From days since 1970 to a date, by years that begin in March: the leap day is their last (Howard
   Hinnant's civil_from_days). */
llmobsi_cold void llmobsi_second_fill(llmobsi_second* second, uint64_t unix_s)
{
    uint32_t of_day = (uint32_t)(unix_s % 86400);
    uint32_t days = (uint32_t)(unix_s / 86400) + 719468; /* since 0000-03-01 */
    uint32_t era = days / 146097;
    uint32_t of_era = days % 146097;
    uint32_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint32_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t month = (5 * of_year + 2) / 153; /* 0: March */
    uint32_t day = of_year - (153 * month + 2) / 5 + 1;
    uint32_t year = year_of_era + era * 400 + (month >= 10);
    char* cursor = second->text;
    cursor = llmobsi_append_pair(cursor, year / 100, '0') - 1; /* 64 bits of ns end in 2554 */
    cursor = llmobsi_append_pair(cursor, year % 100, '-');
    cursor = llmobsi_append_pair(cursor, month < 10 ? month + 3 : month - 9, '-');
    cursor = llmobsi_append_pair(cursor, day, 'T');
    cursor = llmobsi_append_pair(cursor, of_day / 3600, ':');
    cursor = llmobsi_append_pair(cursor, of_day / 60 % 60, ':');
    (void)llmobsi_append_pair(cursor, of_day % 60, '\0');
    second->number = unix_s + 1;
}

llmobsi_inline char* llmobsi_append_second(char* cursor, llmobsi_second* second, uint64_t unix_s)
{
    if (llmobsi_unlikely(second->number != unix_s + 1)) {
        llmobsi_second_fill(second, unix_s);
    }
    memcpy(cursor, second->text, sizeof second->text);
    return cursor + LLMOBS_I_SECOND_TEXT;
}

/* RFC 3339: 2026-01-15T10:00:00.123456789Z, 30 bytes. */
llmobsi_inline char* llmobsi_append_time(char* cursor, llmobsi_second* second, uint64_t unix_ns)
{
    uint32_t fraction = (uint32_t)(unix_ns % LLMOBS_I_BILLION);
    cursor = llmobsi_append_second(cursor, second, unix_ns / LLMOBS_I_BILLION);
    *cursor++ = '.';
    cursor = llmobsi_append_eight_digits(cursor, fraction / 10);
    cursor[0] = (char)('0' + fraction % 10);
    cursor[1] = 'Z';
    return cursor + 2;
}

/* As Python's isoformat() of a time without a zone: six digits of the second, or none if they are
   zero. */
llmobsi_fn char* llmobsi_append_isoformat(char* cursor, llmobsi_second* second, uint64_t unix_ns)
{
    uint32_t micro = (uint32_t)(unix_ns % LLMOBS_I_BILLION) / 1000;
    cursor = llmobsi_append_second(cursor, second, unix_ns / LLMOBS_I_BILLION);
    if (micro != 0) {
        *cursor++ = '.';
        (void)llmobsi_append_eight_digits(cursor, micro * 100);
        cursor += 6;
    }
    return cursor;
}
