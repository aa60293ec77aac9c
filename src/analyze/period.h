/* ---- periods ------------------------------------------------------------------------------- */

/* For how long something is counted. They begin at midnight, on the full hour, on the first of the
   month, in a time zone with a fixed offset: it knows no summer time. */
typedef enum llmobs_period {
    LLMOBS_PERIOD_DAY = 0,
    LLMOBS_PERIOD_HOUR,
    LLMOBS_PERIOD_MONTH,
    LLMOBS_PERIOD_NONE, /* it never begins anew */
    LLMOBS_PERIOD_COUNT
} llmobs_period;
