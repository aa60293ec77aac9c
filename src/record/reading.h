/* ---- metrics: reading them back ------------------------------------------------------------ */

/* A quantile and what is known of it: the value of that rank lies within [low, high]. Of an
   exponential histogram, `value` is off by at most `relative_error` of itself. */
typedef struct llmobs_quantile {
    double value; /* NaN while nothing is recorded */
    double low;
    double high;           /* of an explicit histogram's last bucket, the largest value recorded */
    double relative_error; /* (high - low) / (high + low) of the bucket                          */
    uint64_t count;        /* values that it is drawn from                                       */
} llmobs_quantile;

/* All that a histogram's series knows. */
typedef struct llmobs_histogram_stats {
    size_t size; /* sizeof(llmobs_histogram_stats); 0 means this version's */
    uint64_t count;
    double sum; /* exact in the export where the number is whole; here the nearest double */
    double min; /* NaN while nothing is recorded */
    double max;
    int32_t scale; /* exponential: 2^scale buckets in each power of two */
} llmobs_histogram_stats;

/* [any] What has been recorded so far by all threads; 0 for inert handles. Waits for nobody. */
LLMOBS_API uint64_t llmobs_counter_read(llmobs_counter counter);
LLMOBS_API int64_t llmobs_updown_read(llmobs_updown updown);
LLMOBS_API double llmobs_gauge_read(llmobs_gauge gauge);
LLMOBS_API llmobs_result llmobs_histogram_read(llmobs_histogram histogram,
                                               llmobs_histogram_stats* stats);

/* [any] The quantile `q`, 0 to 1: the value of rank ceil(q * count). About a microsecond. In a
   bucket of an exponential histogram with the bounds (a, b] it is the midpoint 2ab / (a + b), whose
   relative error is at most (b - a) / (b + a); in an explicit one it is interpolated linearly. Both
   stay within the least and largest value recorded. */
LLMOBS_API llmobs_quantile llmobs_histogram_quantile(llmobs_histogram histogram, double q);
