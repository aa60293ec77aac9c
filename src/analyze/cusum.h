/* ---- early warning: CUSUM ------------------------------------------------------------------ */

#define LLMOBS_CUSUM_ALLOWANCE 0.25

typedef enum llmobs_cusum_alarm {
    LLMOBS_CUSUM_NONE,
    LLMOBS_CUSUM_UP,  /* values are larger than they were */
    LLMOBS_CUSUM_DOWN /* smaller                          */
} llmobs_cusum_alarm;

/* Watches a value, one after the other, for a lasting change: two sums of how far values stand from
   the mean, in standard deviations. llmobs_cusum_begin fills it; read, do not write. It points
   nowhere: a copy is another one. */
typedef struct llmobs_cusum {
    double mean;
    double deviation;
    double allowance; /* deviations: what is taken off each step (k)  */
    double threshold; /* deviations: a sum above it is an alarm (h)   */
    double up;        /* the sums, deviations: 0 to the threshold     */
    double down;
    uint64_t values;  /* that counted; alarms so far                  */
    uint64_t ups;
    uint64_t downs;
    uint64_t refused; /* NaN or infinite: as if they had not been     */
} llmobs_cusum;

/* [owner] Begins, or begins anew. `mean` and `deviation` are those of usual values, from at least
   some hundreds that were not used for anything else: distances to prototypes are shorter where
   the prototypes were fitted. `allowance` is half the shift, in deviations, that shall be found
   soonest; 0: LLMOBS_CUSUM_ALLOWANCE. `average_run_length` is how many usual values there shall be
   from one false alarm to the next; the threshold h is from it by Siegmund's formula (1985), of the
   two sums together (exp(2kb) - 1 - 2kb) / (4 k^2), b = h + 1.166. For independent values of a
   normal distribution that is kept to 10 %; docs/drift.md says of which it is not.
   ERROR_ARGUMENT, and nothing is written: NULL, a number is not finite, `deviation` is below
   1e-300, `allowance` is neither 0 nor from 0.01 to 2, or the run length is above 10^15, or too
   short for any threshold (2 suffices for allowances up to 1, 7 for any). */
LLMOBS_API llmobs_result llmobs_cusum_begin(llmobs_cusum* cusum, double mean, double deviation,
                                            double allowance, double average_run_length);

/* [owner] Adds a value. An alarm puts both sums back to 0: while the change lasts there are more.
   A few nanoseconds. */
LLMOBS_API llmobs_cusum_alarm llmobs_cusum_add(llmobs_cusum* cusum, double value);
