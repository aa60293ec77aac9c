/* CUSUM (Page, 1954), two-sided, with a threshold from the run length that was chosen. The mean and
   the deviation are frozen: where they follow the values, a slow change takes them along. */

#define LLMOBS_I_CUSUM_ALLOWANCE_LEAST 0.01
#define LLMOBS_I_CUSUM_ALLOWANCE_MOST 2.0
#define LLMOBS_I_CUSUM_RUN_MOST 1e15
/* By how much a sum of normal steps overshoots, at both ends together: Siegmund's 2 x 0.583. */
#define LLMOBS_I_CUSUM_OVERSHOOT 1.166
/* A normal number whose reciprocal is one, too: -ffast-math may multiply by that. */
#define LLMOBS_I_CUSUM_DEVIATION_LEAST 1e-300

/* The x of exp(x) - 1 - x = c, c > 0, by Newton's method from above: x <= sqrt(2c), since the left
   side is at least x^2 / 2, and it is convex, so that each step comes nearer until rounding ends
   it. */
llmobsi_fn double llmobsi_cusum_solve(double c)
{
    double next = llmobsi_log(1.0 + c + llmobsi_sqrt(2.0 * c));
    double x;
    do {
        double power;
        x = next;
        power = llmobsi_exp(x);
        next = x - (power - 1.0 - x - c) / (power - 1.0);
    } while (next < x);
    return x;
}

/* The threshold for a run length; not above 0: there is none. */
llmobsi_fn double llmobsi_cusum_threshold(double allowance, double average_run_length)
{
    double x = llmobsi_cusum_solve(4.0 * allowance * allowance * average_run_length);
    return x / (2.0 * allowance) - LLMOBS_I_CUSUM_OVERSHOOT;
}

llmobsi_fn bool llmobsi_cusum_is_sound(double mean, double deviation, double allowance,
                                       double average_run_length)
{
    return llmobsi_double_is_finite(mean) && llmobsi_double_is_finite(deviation) &&
           llmobsi_double_is_finite(allowance) && llmobsi_double_is_finite(average_run_length) &&
           deviation >= LLMOBS_I_CUSUM_DEVIATION_LEAST &&
           allowance >= LLMOBS_I_CUSUM_ALLOWANCE_LEAST &&
           allowance <= LLMOBS_I_CUSUM_ALLOWANCE_MOST && average_run_length >= 1.0 &&
           average_run_length <= LLMOBS_I_CUSUM_RUN_MOST;
}

LLMOBS_API llmobs_result llmobs_cusum_begin(llmobs_cusum* cusum, double mean, double deviation,
                                            double allowance, double average_run_length)
{
    double threshold;
    if (llmobsi_double_is_finite(allowance) && allowance == 0.0) {
        allowance = LLMOBS_CUSUM_ALLOWANCE;
    }
    if (cusum == NULL ||
        !llmobsi_cusum_is_sound(mean, deviation, allowance, average_run_length)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    threshold = llmobsi_cusum_threshold(allowance, average_run_length);
    if (threshold <= 0.0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(cusum, 0, sizeof *cusum);
    cusum->mean = mean;
    cusum->deviation = deviation;
    cusum->allowance = allowance;
    cusum->threshold = threshold;
    return LLMOBS_OK;
}

/* Takes a step. Above the threshold? */
llmobsi_inline bool llmobsi_cusum_step(double* sum, double step, double threshold)
{
    double next = *sum + step;
    *sum = next > 0.0 ? next : 0.0;
    return next > threshold;
}

LLMOBS_API llmobs_cusum_alarm llmobs_cusum_add(llmobs_cusum* cusum, double value)
{
    double z;
    bool up, down;
    if (cusum == NULL) {
        return LLMOBS_CUSUM_NONE;
    }
    if (!llmobsi_double_is_finite(value) || cusum->threshold <= 0.0) {
        cusum->refused++;
        return LLMOBS_CUSUM_NONE;
    }
    z = (value - cusum->mean) / cusum->deviation; /* infinite, it is an alarm, and no more */
    up = llmobsi_cusum_step(&cusum->up, z - cusum->allowance, cusum->threshold);
    down = llmobsi_cusum_step(&cusum->down, -z - cusum->allowance, cusum->threshold);
    cusum->values++;
    if (!up && !down) {
        return LLMOBS_CUSUM_NONE;
    }
    cusum->up = 0.0;
    cusum->down = 0.0;
    cusum->ups += up;
    cusum->downs += !up;
    return up ? LLMOBS_CUSUM_UP : LLMOBS_CUSUM_DOWN;
}
