/* ---- how many different ones --------------------------------------------------------------- */

/* How many there were, from a sketch of 4 KiB. Two out of three times the truth is within one
   standard error of the count, 997 of 1,000 times within three. */
typedef struct llmobs_unique_count {
    uint64_t count;
    double standard_error; /* in the same unit: 1.63 % of the count; less below some thousands */
} llmobs_unique_count;
