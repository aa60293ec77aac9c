/* Hours, days and months, against the system's own calendar. */
#define _GNU_SOURCE
#include "llmobs_private.h"

#include "tap.h"

#include "random.h"

#include <time.h>

#define HOUR UINT64_C(3600000000000)
#define DAY (24 * HOUR)

/* The same by the C library; -1: outside of what it should be. */
static int32_t months_of(int64_t local_s)
{
    time_t when = (time_t)local_s;
    struct tm date;
    (void)gmtime_r(&when, &date);
    return (date.tm_year - 70) * 12 + date.tm_mon;
}

static uint64_t month_start_ns(int32_t month, int32_t offset_s)
{
    struct tm date;
    memset(&date, 0, sizeof date);
    date.tm_year = 70 + month / 12;
    date.tm_mon = month % 12;
    date.tm_mday = 1;
    return (uint64_t)(timegm(&date) - offset_s) * UINT64_C(1000000000);
}

static void test_months(void)
{
    int wrong = 0;
    int wrong_start = 0;
    int32_t month;
    long i;
    for (i = 0; i < 200000; i++) {
        uint64_t unix_ns = next_random();
        int32_t offset_s = (int32_t)(next_random() % 2879) * 60 - 1439 * 60;
        int64_t local_s = (int64_t)(unix_ns / UINT64_C(1000000000)) + offset_s;
        wrong += llmobsi_period_at(LLMOBS_PERIOD_MONTH, offset_s, unix_ns) != months_of(local_s);
    }
    is_int(wrong, 0, "the month of any time, in any zone");
    for (month = 1; month < 584 * 12; month++) {
        int32_t offset_s = (int32_t)(next_random() % 2879) * 60 - 1439 * 60;
        uint64_t start = llmobsi_period_begins(LLMOBS_PERIOD_MONTH, offset_s, month);
        wrong_start += start != month_start_ns(month, offset_s);
        wrong_start += llmobsi_period_at(LLMOBS_PERIOD_MONTH, offset_s, start) != month;
        wrong_start += llmobsi_period_at(LLMOBS_PERIOD_MONTH, offset_s, start - 1) != month - 1;
    }
    is_int(wrong_start, 0, "each begins on its first, to the nanosecond");
}

static void test_days_and_hours(void)
{
    const llmobs_period periods[2] = {LLMOBS_PERIOD_DAY, LLMOBS_PERIOD_HOUR};
    const uint64_t lengths[2] = {DAY, HOUR};
    int wrong = 0;
    long i;
    for (i = 0; i < 200000; i++) {
        uint64_t unix_ns = next_random() / 2 + 2 * DAY;
        int32_t offset_s = (int32_t)(next_random() % 2879) * 60 - 1439 * 60;
        int which = (int)(i % 2);
        int32_t number = llmobsi_period_at(periods[which], offset_s, unix_ns);
        uint64_t start = llmobsi_period_begins(periods[which], offset_s, number);
        uint64_t end = llmobsi_period_begins(periods[which], offset_s, number + 1);
        wrong += !(start <= unix_ns && unix_ns < end && end - start == lengths[which]);
        wrong += (start / UINT64_C(1000000000) + (uint64_t)(offset_s + 86400)) %
                     (lengths[which] / UINT64_C(1000000000)) != 0;
        wrong += start % UINT64_C(60000000000) != 0;
    }
    is_int(wrong, 0, "a time is in its day and hour, which begin at full ones of the zone");
}

static void test_ends(void)
{
    is_int(llmobsi_period_at(LLMOBS_PERIOD_DAY, -3600, 0), -1, "before 1970, in the west");
    is_int(llmobsi_period_at(LLMOBS_PERIOD_MONTH, -60, 0), -1, "its month");
    is_int(llmobsi_period_begins(LLMOBS_PERIOD_MONTH, -60, -1), 0, "not one of ours");
    is_int(llmobsi_period_at(LLMOBS_PERIOD_MONTH, 0, UINT64_MAX), 584 * 12 + 6, "July 2554");
    ok(llmobsi_period_begins(LLMOBS_PERIOD_MONTH, 0, 584 * 12 + 7) == UINT64_MAX,
       "is the last of 64 bits");
    is_int(llmobsi_period_at(LLMOBS_PERIOD_NONE, 0, UINT64_MAX), 0, "no period, no number");
}

int main(void)
{
    test_months();
    test_days_and_hours();
    test_ends();
    return done();
}
