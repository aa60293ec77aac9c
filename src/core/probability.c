/* Probabilities far out in the tails, to ten digits and more. What makes that possible is that
   logarithms are summed with 31 digits (core/real): the large terms of a density cancel.

   No argument traps, loops for ever or reads what it should not: out of range it counts as the
   range's end, or the result is NaN where that is said. NaN itself is not to be given. */

/* A fraction or a sum has come to rest when it changes by less than this. */
#define LLMOBS_I_AT_REST 1e-16
/* Of arguments up to a million some thousands of terms are needed. */
#define LLMOBS_I_MOST_TERMS 1000000
/* Numbers up to here are exact as doubles, and so are their sums. */
#define LLMOBS_I_MOST_COUNTED (UINT64_C(1) << 52)

llmobsi_inline llmobsi_wide llmobsi_wide_from(double value)
{
    return llmobsi_wide_of(value, 0.0);
}

llmobsi_inline llmobsi_wide llmobsi_wide_subtract(llmobsi_wide a, llmobsi_wide b)
{
    return llmobsi_wide_add(a, llmobsi_wide_negate(b));
}

/* ---- the gamma function -------------------------------------------------------------------- */

/* What Stirling's series has beyond (x - 1/2) ln x - x + ln(2 pi) / 2, of x from 40 on:
   B(2 k) / (2 k (2 k - 1) x^(2 k - 1)), B being Bernoulli's numbers. */
llmobsi_fn llmobsi_wide llmobsi_stirling_rest(llmobsi_wide x)
{
    static const double over[10] = {1, -1, 1, -1, 1, -691, 1, -3617, 43867, -174611};
    static const double under[10] = {12,     360, 1260,   1680,   1188,
                                     360360, 156, 122400, 244188, 125400};
    llmobsi_wide by = llmobsi_wide_divide(llmobsi_wide_from(1.0), x);
    llmobsi_wide square = llmobsi_wide_multiply(by, by), sum = llmobsi_wide_from(0.0);
    int32_t k;
    for (k = 9; k >= 0; k--) {
        sum = llmobsi_wide_add(llmobsi_wide_multiply(sum, square),
                               llmobsi_wide_ratio(over[k], under[k]));
    }
    return llmobsi_wide_multiply(sum, by);
}

/* ln(2 pi) / 2 to 32 digits. */
llmobsi_inline llmobsi_wide llmobsi_half_log_two_pi(void)
{
    return llmobsi_wide_of(llmobsi_double_of(UINT64_C(0x3fed67f1c864beb5)),
                           llmobsi_double_of(UINT64_C(0xbc865b5a1b7ff5df)));
}

/* The logarithm of the gamma function, of x > 0: by Stirling's series; below 40 of a larger number,
   less ln(x (x + 1) ...). */
llmobsi_fn llmobsi_wide llmobsi_log_gamma_wide(llmobsi_wide x)
{
    llmobsi_wide product = llmobsi_wide_from(1.0), sum;
    bool is_small = x.high < 40.0;
    while (x.high < 40.0) {
        product = llmobsi_wide_multiply(product, x);
        x = llmobsi_wide_add(x, llmobsi_wide_from(1.0));
    }
    sum = llmobsi_wide_multiply(llmobsi_wide_add(x, llmobsi_wide_from(-0.5)), llmobsi_log_wide(x));
    sum = llmobsi_wide_subtract(sum, x);
    sum = llmobsi_wide_add(sum, llmobsi_half_log_two_pi());
    sum = llmobsi_wide_add(sum, llmobsi_stirling_rest(x));
    return is_small ? llmobsi_wide_subtract(sum, llmobsi_log_wide(product)) : sum;
}

/* x^a e^-x / gamma(a), of positive numbers. */
llmobsi_fn llmobsi_wide llmobsi_gamma_density(double a, double x)
{
    llmobsi_wide log = llmobsi_wide_multiply(llmobsi_log_wide(llmobsi_wide_from(x)),
                                             llmobsi_wide_from(a));
    log = llmobsi_wide_subtract(log, llmobsi_wide_from(x));
    return llmobsi_exp_wide(
        llmobsi_wide_subtract(log, llmobsi_log_gamma_wide(llmobsi_wide_from(a))));
}

/* The lower regularised incomplete gamma function, of x < a + 1: the sum of x^k / (a (a + 1) ...
   (a + k)). To 28 digits where a is small; the many terms of a large one are doubles. */
llmobsi_fn llmobsi_wide llmobsi_gamma_series(double a, double x)
{
    llmobsi_wide term = llmobsi_wide_divide(llmobsi_wide_from(1.0), llmobsi_wide_from(a));
    llmobsi_wide sum = term;
    double large = 0.0, large_term = 1.0;
    int32_t k;
    for (k = 1; a < 40.0 && term.high > sum.high * 1e-30; k++) {
        term = llmobsi_wide_divide(llmobsi_wide_multiply(term, llmobsi_wide_from(x)),
                                   llmobsi_wide_sum(a, (double)k));
        sum = llmobsi_wide_add(sum, term);
    }
    for (k = 1; a >= 40.0 && large_term > large * LLMOBS_I_AT_REST; k++) {
        large = llmobsi_plus(large, large_term);
        large_term = llmobsi_over(llmobsi_times(large_term, x), llmobsi_plus(a, (double)k));
    }
    sum = large > 0.0 ? llmobsi_wide_from(llmobsi_over(large, a)) : sum;
    return llmobsi_wide_multiply(sum, llmobsi_gamma_density(a, x));
}

/* One step of a continued fraction, by Lentz's method: Thompson and Barnett, "Coulomb and Bessel
   functions" (1986). Here no denominator comes near 0. */
typedef struct llmobsi_fraction {
    double value;
    double upper;
    double lower; /* its reciprocal */
} llmobsi_fraction;

/* Goes on by over / (under + ...); false: it has come to rest. */
llmobsi_inline bool llmobsi_fraction_next(llmobsi_fraction* fraction, double over, double under)
{
    double change;
    fraction->lower = llmobsi_over(1.0, llmobsi_plus(under, llmobsi_times(over, fraction->lower)));
    fraction->upper = llmobsi_plus(under, llmobsi_over(over, fraction->upper));
    change = llmobsi_times(fraction->upper, fraction->lower);
    fraction->value = llmobsi_times(fraction->value, change);
    return llmobsi_magnitude(change - 1.0) > 2.0 * LLMOBS_I_AT_REST;
}

/* The upper one, of x >= a + 1, by Legendre's continued fraction. */
llmobsi_fn double llmobsi_gamma_fraction(double a, double x)
{
    llmobsi_fraction fraction;
    double under = llmobsi_plus(llmobsi_minus(x, a), 1.0);
    int32_t k;
    fraction.value = fraction.lower = llmobsi_over(1.0, under);
    fraction.upper = 1e300;
    for (k = 1; k < LLMOBS_I_MOST_TERMS; k++) {
        under = llmobsi_plus(under, 2.0);
        if (!llmobsi_fraction_next(&fraction, llmobsi_times(k, llmobsi_minus(a, k)), under)) {
            break;
        }
    }
    return llmobsi_times(fraction.value, llmobsi_gamma_density(a, x).high);
}

/* The upper regularised incomplete gamma function Q(a, x), of a from 1e-9 to 1e9: to ten digits
   where it is above 1e-300. It costs tens of microseconds, and of large numbers that are close to
   each other as many thousands of terms as a has digits: a millisecond at a million. */
llmobsi_fn double llmobsi_gamma_q(double a, double x)
{
    if (!(x > 0.0)) {
        return 1.0;
    }
    if (x > 1e300) {
        return 0.0;
    }
    if (x < a + 1.0) {
        return llmobsi_wide_subtract(llmobsi_wide_from(1.0), llmobsi_gamma_series(a, x)).high;
    }
    return llmobsi_gamma_fraction(a, x);
}

/* The tail of the chi-square distribution above x. */
llmobsi_fn double llmobsi_chi_square_upper(double x, uint32_t freedom)
{
    return llmobsi_gamma_q(0.5 * freedom, 0.5 * x);
}

/* ---- the normal distribution --------------------------------------------------------------- */

/* P[|Z| > |z|]. */
llmobsi_fn double llmobsi_normal_both(double z)
{
    return llmobsi_gamma_q(0.5, llmobsi_times(0.5 * z, z));
}

/* P[Z > z]. */
llmobsi_fn double llmobsi_normal_upper(double z)
{
    double half = 0.5 * llmobsi_normal_both(z);
    return z < 0.0 ? llmobsi_minus(1.0, half) : half;
}

llmobsi_fn double llmobsi_normal_density(double z)
{
    return llmobsi_times(0.3989422804014327, llmobsi_exp(llmobsi_times(-0.5 * z, z)));
}

/* z > 0 with P[0 < Z < z] = share, below 1/4. Newton's method; where that function bends it comes
   from below and never goes beyond. */
llmobsi_fn double llmobsi_normal_central(double share)
{
    double z = llmobsi_times(share, 2.5066282746310002), step = z; /* sqrt(2 pi) */
    int32_t tries;
    for (tries = 0; tries < 30 && step > z * LLMOBS_I_AT_REST; tries++) {
        double half = llmobsi_gamma_series(0.5, llmobsi_times(0.5 * z, z)).high;
        step = llmobsi_over(llmobsi_minus(share, 0.5 * half), llmobsi_normal_density(z));
        z = llmobsi_plus(z, step);
    }
    return z;
}

/* z > 0 with P[Z > z] = p, from 1e-300 to 1/4. The logarithm bends downwards, so that Newton's
   method comes from above, where sqrt(-2 ln(2 p)) is, and never goes beyond. */
llmobsi_fn double llmobsi_normal_outer(double p)
{
    double log = llmobsi_log(p);
    double z = llmobsi_sqrt(llmobsi_times(-2.0, llmobsi_log(2.0 * p))), step = z;
    int32_t tries;
    for (tries = 0; tries < 30 && step > z * LLMOBS_I_AT_REST; tries++) {
        double tail = llmobsi_normal_upper(z);
        step = llmobsi_times(llmobsi_minus(log, llmobsi_log(tail)),
                             llmobsi_over(tail, llmobsi_normal_density(z)));
        z = llmobsi_minus(z, step);
    }
    return z;
}

/* z with P[Z < z] = p. Below 1e-300 p counts as that: -37.05; and 1 - p likewise. */
llmobsi_fn double llmobsi_normal_quantile(double p)
{
    double tail = p < 0.5 ? p : 1.0 - p, z = 0.0;
    if (tail < 0.25) {
        z = llmobsi_normal_outer(tail > 1e-300 ? tail : 1e-300);
    } else if (tail < 0.5) {
        z = llmobsi_normal_central(0.5 - tail);
    }
    return p < 0.5 ? -z : z;
}

/* ---- drawing without putting back ---------------------------------------------------------- */

typedef struct llmobsi_urn {
    uint64_t population;
    uint64_t successes;
    uint64_t draws;
} llmobsi_urn;

llmobsi_inline bool llmobsi_urn_is_sound(const llmobsi_urn* urn)
{
    return urn->population <= LLMOBS_I_MOST_COUNTED && urn->successes <= urn->population &&
           urn->draws <= urn->population;
}

/* The fewest and the most successes that can be drawn. */
llmobsi_inline uint64_t llmobsi_urn_least(const llmobsi_urn* urn)
{
    uint64_t failures = urn->population - urn->successes;
    return urn->draws > failures ? urn->draws - failures : 0;
}

llmobsi_inline uint64_t llmobsi_urn_most(const llmobsi_urn* urn)
{
    return urn->draws < urn->successes ? urn->draws : urn->successes;
}

/* The logarithm of the number of ways to choose. */
llmobsi_fn llmobsi_wide llmobsi_log_choices(uint64_t of, uint64_t chosen)
{
    llmobsi_wide log = llmobsi_log_gamma_wide(llmobsi_wide_from((double)of + 1.0));
    log = llmobsi_wide_subtract(
        log, llmobsi_log_gamma_wide(llmobsi_wide_from((double)chosen + 1.0)));
    return llmobsi_wide_subtract(
        log, llmobsi_log_gamma_wide(llmobsi_wide_from((double)(of - chosen) + 1.0)));
}

/* Of P[X = drawn], within what can be drawn. */
llmobsi_fn llmobsi_wide llmobsi_urn_log(const llmobsi_urn* urn, uint64_t drawn)
{
    llmobsi_wide log = llmobsi_log_choices(urn->successes, drawn);
    log = llmobsi_wide_add(
        log, llmobsi_log_choices(urn->population - urn->successes, urn->draws - drawn));
    return llmobsi_wide_subtract(log, llmobsi_log_choices(urn->population, urn->draws));
}

/* P[X = drawn + 1] / P[X = drawn]. */
llmobsi_inline double llmobsi_urn_ratio(const llmobsi_urn* urn, uint64_t drawn)
{
    double failures = (double)(urn->population - urn->successes);
    double left = (double)(urn->draws - drawn); /* failures that were drawn */
    return llmobsi_over(llmobsi_times((double)(urn->successes - drawn), left),
                        llmobsi_times((double)drawn + 1.0, failures - left + 1.0));
}

/* P[X >= from], from a place on where the terms fall. */
llmobsi_fn double llmobsi_urn_above(const llmobsi_urn* urn, uint64_t from)
{
    double term = llmobsi_exp_wide(llmobsi_urn_log(urn, from)).high, sum = 0.0;
    for (; term > sum * LLMOBS_I_AT_REST; from++) {
        sum = llmobsi_plus(sum, term);
        term = llmobsi_times(term, llmobsi_urn_ratio(urn, from)); /* 0 beyond the most */
    }
    return sum;
}

/* P[X <= from] likewise. */
llmobsi_fn double llmobsi_urn_below(const llmobsi_urn* urn, uint64_t from)
{
    uint64_t least = llmobsi_urn_least(urn);
    double term = llmobsi_exp_wide(llmobsi_urn_log(urn, from)).high, sum = 0.0;
    for (; term > sum * LLMOBS_I_AT_REST; from--) {
        sum = llmobsi_plus(sum, term);
        if (from == least) {
            break;
        }
        term = llmobsi_over(term, llmobsi_urn_ratio(urn, from - 1));
    }
    return sum;
}

/* P[X >= at_least] of successes among those drawn from a population: 12 digits and more. NaN where
   more is drawn, or succeeds, than there is, and above 2^52. */
llmobsi_fn double llmobsi_hypergeometric_upper(uint64_t population, uint64_t successes,
                                               uint64_t draws, uint64_t at_least)
{
    llmobsi_urn urn;
    urn.population = population;
    urn.successes = successes;
    urn.draws = draws;
    if (!llmobsi_urn_is_sound(&urn)) {
        return llmobsi_not_a_number();
    }
    if (at_least <= llmobsi_urn_least(&urn)) {
        return 1.0;
    }
    if (at_least > llmobsi_urn_most(&urn)) {
        return 0.0;
    }
    if (llmobsi_urn_ratio(&urn, at_least - 1) <= 1.0) {
        return llmobsi_urn_above(&urn, at_least);
    }
    return llmobsi_minus(1.0, llmobsi_urn_below(&urn, at_least - 1));
}

/* What counts as as likely as the table itself: as in scipy.stats.fisher_exact. */
#define LLMOBS_I_FISHER_TIE 1e-14

/* The first place after `drawn`, where the terms still rise, that is no more likely; most + 1 if
   there is none. */
llmobsi_fn uint64_t llmobsi_urn_other_side(const llmobsi_urn* urn, uint64_t drawn)
{
    llmobsi_wide log = llmobsi_urn_log(urn, drawn);
    uint64_t low = drawn + 1, high = llmobsi_urn_most(urn) + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        llmobsi_wide more = llmobsi_wide_subtract(llmobsi_urn_log(urn, middle), log);
        if (more.high <= LLMOBS_I_FISHER_TIE) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* Fisher's exact test of the table (a, b; c, d): the chance of all tables with its sums that are no
   more likely than it. 1 where a row or a column is empty; NaN of a total above 2^52. */
llmobsi_fn double llmobsi_fisher_two_sided(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    llmobsi_urn urn;
    uint64_t other;
    double tails;
    if ((a | b | c | d) > LLMOBS_I_MOST_COUNTED) {
        return llmobsi_not_a_number();
    }
    urn.population = a + b + c + d;
    urn.successes = a + b;
    urn.draws = a + c;
    if (!llmobsi_urn_is_sound(&urn)) {
        return llmobsi_not_a_number();
    }
    if (llmobsi_urn_ratio(&urn, a) < 1.0) { /* the same with its columns exchanged rises */
        urn.draws = b + d;
        a = b;
    }
    if (llmobsi_urn_ratio(&urn, a) <= 1.0 + LLMOBS_I_FISHER_TIE) {
        return 1.0; /* no table is more likely */
    }
    other = llmobsi_urn_other_side(&urn, a);
    tails = llmobsi_urn_below(&urn, a);
    if (other <= llmobsi_urn_most(&urn)) {
        tails = llmobsi_plus(tails, llmobsi_urn_above(&urn, other));
    }
    return tails < 1.0 ? tails : 1.0;
}
