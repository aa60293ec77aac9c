/* Periods of the calendar: the hours, days and months of a time zone with a fixed offset, by
   number. Their borders are full minutes of UTC. */

#define LLMOBS_I_SECOND_NS UINT64_C(1000000000)
#define LLMOBS_I_MINUTE_NS (60 * LLMOBS_I_SECOND_NS)
#define LLMOBS_I_YEARS_400 146097 /* days */

/* Leap days in the years before this one, from the first year on. */
llmobsi_inline int32_t llmobsi_leap_days(int32_t year)
{
    return (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
}

/* The day on which a month begins, in days since 1970. Months are counted from January 1970. */
llmobsi_fn int32_t llmobsi_month_begins(int32_t month)
{
    static const uint16_t before[12] = {0,   31,  59,  90,  120, 151,
                                        181, 212, 243, 273, 304, 334};
    int32_t year = (month + 1970 * 12) / 12;
    int32_t of_year = (month + 1970 * 12) % 12;
    int32_t leap = of_year > 1 ? llmobsi_leap_days(year + 1) - llmobsi_leap_days(year) : 0;
    return 365 * (year - 1970) + llmobsi_leap_days(year) - llmobsi_leap_days(1970) +
           before[of_year] + leap;
}

/* The month of a day: a guess by the mean length, then the right one. */
llmobsi_fn int32_t llmobsi_month_of(int32_t day)
{
    int32_t month = (int32_t)((int64_t)day * 12 * 400 / LLMOBS_I_YEARS_400);
    while (llmobsi_month_begins(month) > day) {
        month--;
    }
    while (llmobsi_month_begins(month + 1) <= day) {
        month++;
    }
    return month;
}

llmobsi_inline int64_t llmobsi_floor_divide(int64_t number, int64_t by)
{
    return number / by - (number % by < 0);
}

/* The number of the period at a Unix time. */
llmobsi_fn int32_t llmobsi_period_at(llmobs_period period, int32_t offset_s,
                                     uint64_t unix_ns)
{
    int64_t local_s = (int64_t)(unix_ns / LLMOBS_I_SECOND_NS) + offset_s;
    switch (period) {
    case LLMOBS_PERIOD_HOUR:
        return (int32_t)llmobsi_floor_divide(local_s, 3600);
    case LLMOBS_PERIOD_MONTH:
        return llmobsi_month_of((int32_t)llmobsi_floor_divide(local_s, 86400));
    case LLMOBS_PERIOD_DAY:
        return (int32_t)llmobsi_floor_divide(local_s, 86400);
    default:
        return 0;
    }
}

/* When a period begins, in Unix time. Before 1970, or after what 64 bits of nanoseconds can tell,
   that end. Not for LLMOBS_PERIOD_NONE. */
llmobsi_fn uint64_t llmobsi_period_begins(llmobs_period period, int32_t offset_s,
                                          int32_t number)
{
    int64_t unix_s = period == LLMOBS_PERIOD_HOUR ? (int64_t)number * 3600
                     : period == LLMOBS_PERIOD_MONTH
                         ? (int64_t)llmobsi_month_begins(number) * 86400
                         : (int64_t)number * 86400;
    unix_s -= offset_s;
    if (unix_s < 0) {
        return 0;
    }
    return (uint64_t)unix_s < UINT64_MAX / LLMOBS_I_SECOND_NS
               ? (uint64_t)unix_s * LLMOBS_I_SECOND_NS
               : UINT64_MAX;
}
