/* Decimals against snprintf and 128-bit arithmetic, dates against gmtime. */
#include "llmobs_private.h"
#include "tap.h"

#include <stdlib.h>
#include <time.h>

static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t next(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* The same by division, zeros cut one by one. */
static void plain(char* text, uint64_t number, int digits)
{
    uint64_t unit = digits == 9 ? 1000000000u : 1000000u;
    char* end;
    sprintf(text, "%llu.%0*llu", (unsigned long long)(number / unit), digits,
            (unsigned long long)(number % unit));
    end = text + strlen(text);
    while (end[-1] == '0') {
        *--end = '\0';
    }
    if (end[-1] == '.') {
        end[-1] = '\0';
    }
}

static void test_exact(void)
{
    static const uint64_t some[] = {0, 1, 9, 10, 99, 100, 999999, 1000000, 1000001, 123456789,
                                    999999999, 1000000000, 1000000001, 1500000000, UINT64_MAX,
                                    INT64_MAX, UINT64_C(9007199254740993)};
    char got[64], want[64];
    size_t wrong = 0;
    size_t i;
    for (i = 0; i < 200000 + sizeof some / sizeof some[0]; i++) {
        uint64_t number = i < sizeof some / sizeof some[0] ? some[i] : next() >> (next() & 63);
        *llmobsi_append_nano(got, number) = '\0';
        plain(want, number, 9);
        wrong += strcmp(got, want) != 0;
        *llmobsi_append_micro(got, number) = '\0';
        plain(want, number, 6);
        wrong += strcmp(got, want) != 0;
    }
    is_int(wrong, 0, "billionths and millionths are exact");
    *llmobsi_append_nano_signed(got, INT64_MIN) = '\0';
    is_str(got, "-9223372036.854775808", "the least number");
    *llmobsi_append_nano_signed(got, -1500000000) = '\0';
    is_str(got, "-1.5", "a sign");
}

static void rounded(char* out, int64_t number, uint64_t unit, uint32_t power)
{
    *llmobsi_append_rounded(out, number, unit, power) = '\0';
}

/* glibc's printf rounds the double's own value, half to even, as Python does; the double here is
   the nearest to the fraction, by a division of doubles that is exact for these sizes. */
static void test_rounded(void)
{
    static const int64_t some[] = {0, 1, 499, 500, 501, 1500, 2500, 500000, 4999, 5000, 5001, 15000,
                                   25000, 125000000, INT64_C(1) << 52, 999999500, 1000000500};
    char got[64], want[64];
    size_t wrong = 0;
    size_t i;
    for (i = 0; i < (size_t)rounds_of(300000) + sizeof some / sizeof some[0]; i++) {
        int64_t number = i < sizeof some / sizeof some[0] ? some[i]
                                                          : (int64_t)(next() >> (11 + next() % 50));
        if (i > 1000 && i % 3 == 0) {
            number = number / 1000 * 1000 + 500; /* the middle, where it matters */
        } else if (i > 1000 && i % 3 == 1) {
            number = number / 10000 * 10000 + 5000;
        }
        rounded(got, number, 1000000000, 1000000);
        snprintf(want, sizeof want, "%.6f", (double)number / 1e9);
        wrong += strtod(got, NULL) != strtod(want, NULL) || strchr(got, '.') == NULL;
        rounded(got, number, 1000000, 100);
        snprintf(want, sizeof want, "%.2f", (double)number / 1e6);
        wrong += strtod(got, NULL) != strtod(want, NULL) || strchr(got, '.') == NULL;
    }
    is_int(wrong, 0, "rounds as Python does");
    rounded(got, 0, 1000000000, 1000000);
    is_str(got, "0.0", "a float stays one");
    rounded(got, INT64_MIN, 1000000000, 1000000);
    is_str(got, "-9223372036.854776", "the least");
    rounded(got, INT64_MAX, 1000000, 100);
    is_str(got, "9223372036854.78", "the greatest");
    rounded(got, 500, 1000000000, 1000000); /* the double of 5e-7 is a little less */
    is_str(got, "0.0", "half of the last place: as the double says");
    rounded(got, 125000, 1000000, 100); /* 0.125 is exact: to the even one */
    is_str(got, "0.12", "exactly in the middle: to the even one");
}

static void test_times(void)
{
    char got[64], want[64];
    llmobsi_second second;
    size_t wrong = 0;
    long i;
    memset(&second, 0, sizeof second);
    for (i = 0; i < 200000; i++) {
        uint64_t ns = i < 4 ? (uint64_t)i : next();
        time_t seconds;
        struct tm utc;
        char part[32];
        if (i % 4 == 3) {
            ns = UINT64_C(1768471200000000000) + (uint64_t)i * 100000000; /* a second again */
        }
        seconds = (time_t)(ns / 1000000000);
        gmtime_r(&seconds, &utc);
        strftime(part, sizeof part, "%Y-%m-%dT%H:%M:%S", &utc);
        snprintf(want, sizeof want, "%s.%09lluZ", part, (unsigned long long)(ns % 1000000000));
        *llmobsi_append_time(got, &second, ns) = '\0';
        wrong += strcmp(got, want) != 0;
    }
    is_int(wrong, 0, "times of all centuries that 64 bits know");
    *llmobsi_append_time(got, &second, UINT64_C(951782400000000000)) = '\0';
    is_str(got, "2000-02-29T00:00:00.000000000Z", "a leap day");
    *llmobsi_append_time(got, &second, UINT64_MAX) = '\0';
    is_str(got, "2554-07-21T23:34:33.709551615Z", "the last one");
    *llmobsi_append_isoformat(got, &second, UINT64_C(1768471200000000999)) = '\0';
    is_str(got, "2026-01-15T10:00:00", "no microseconds: none written");
    *llmobsi_append_isoformat(got, &second, UINT64_C(1768471200000100999)) = '\0';
    is_str(got, "2026-01-15T10:00:00.000100", "else six digits");
}

int main(void)
{
    test_exact();
    test_rounded();
    test_times();
    return done();
}
