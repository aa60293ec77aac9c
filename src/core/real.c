/* Numbers that are the same everywhere: whatever the compiler, its flags and the processor, since
   nothing here is libm's, and each operation stands by itself. IEEE doubles that are rounded to the
   nearest are taken for granted: not x87, which rounds twice. Under -ffast-math, where the
   processor takes subnormal numbers for zero, numbers below 1e-290 are not as exact, or zero.

   Logarithms and exponentials work on the sum of two doubles, some 31 digits: what is large and
   cancels is then right to the last digit. They take about a microsecond. */

/* ---- one operation at a time --------------------------------------------------------------- */

/* The value, of which the compiler knows nothing: it can neither contract what it came from with
   what it goes to, as -ffp-contract=fast does, nor put sums in another order, as -ffast-math
   does. No instruction comes of it (where registers of numbers are not known, a store). */
llmobsi_inline double llmobsi_pin(double value)
{
    llmobsi_hide(double, LLMOBS_I_PINNED, value);
    return value;
}

llmobsi_inline double llmobsi_plus(double a, double b)
{
    return llmobsi_pin(a + b);
}

llmobsi_inline double llmobsi_minus(double a, double b)
{
    return llmobsi_pin(a - b);
}

llmobsi_inline double llmobsi_times(double a, double b)
{
    return llmobsi_pin(a * b);
}

/* Each divisor is another one, for all the compiler knows: else -ffast-math would multiply by the
   reciprocal that several quotients have in common. */
llmobsi_inline double llmobsi_over(double a, double b)
{
    llmobsi_hide_each(double, LLMOBS_I_PINNED, b);
    return llmobsi_pin(a / b);
}

llmobsi_inline double llmobsi_magnitude(double value)
{
    return llmobsi_double_of(llmobsi_double_bits(value) & ~(UINT64_C(1) << 63));
}

/* 2^power, from -1022 to 1023. */
llmobsi_inline double llmobsi_power_of_two(int32_t power)
{
    return llmobsi_double_of((uint64_t)(power + LLMOBS_I_DOUBLE_BIAS) << 52);
}

/* A quiet NaN: -ffast-math may do away with one that is computed. */
llmobsi_inline double llmobsi_not_a_number(void)
{
    return llmobsi_double_of(LLMOBS_I_DOUBLE_INFINITY | (UINT64_C(1) << 51));
}

/* ---- the processor's mode ------------------------------------------------------------------ */

/* Sets aside what the host has told the processor about rounding and subnormal numbers, and returns
   it. What is to be computed in between must be reached through the pointer that was passed through
   llmobsi_real_here, and must end in memory that `result` points to: so the compiler cannot move it
   out. */
llmobsi_inline uint64_t llmobsi_real_begin(void)
{
    uint64_t mode = llmobsi_number_mode();
    llmobsi_set_number_mode(LLMOBS_I_PLAIN_MODE);
    return mode;
}

llmobsi_inline const void* llmobsi_real_here(const void* pointer)
{
    llmobsi_hide_each(const void*, "+r", pointer);
    llmobsi_compiler_barrier();
    return pointer;
}

llmobsi_inline void llmobsi_real_end(uint64_t mode, void* result)
{
    llmobsi_hide_each(void*, "+r", result);
    llmobsi_compiler_barrier();
    llmobsi_set_number_mode(mode);
}

/* ---- square roots -------------------------------------------------------------------------- */

/* By integers, two bits of the number for each bit of the root. There is no tie: half a unit more
   than 53 bits would have a square of more than 106. Of a positive finite number. */
llmobsi_fn double llmobsi_sqrt_portable(double value)
{
    uint64_t bits = llmobsi_double_bits(value);
    uint64_t number = bits & LLMOBS_I_DOUBLE_FRACTION, root = 0, rest = 0;
    int32_t power = (int32_t)(bits >> 52);
    int32_t i;
    if (power > 0) {
        number |= LLMOBS_I_DOUBLE_FRACTION + 1;
    } else {
        power = 1 - llmobsi_leading_zeros64(number) + 11;
        number <<= 1 - power;
    }
    power -= LLMOBS_I_DOUBLE_BIAS;
    number <<= power & 1; /* of an even power, then: 53 or 54 bits */
    for (i = 26; i > 26 - 54; i--) {
        uint64_t next = i >= 0 ? number >> (2 * i) & 3 : 0;
        uint64_t trial = root << 2 | 1;
        rest = rest << 2 | next;
        root <<= 1;
        if (rest >= trial) {
            rest -= trial;
            root |= 1;
        }
    }
    root = (root >> 1) + (root & 1);
    power = (power - (power & 1)) / 2 + LLMOBS_I_DOUBLE_BIAS - 1;
    return llmobsi_double_of(((uint64_t)power << 52) + root); /* its leading bit adds 1 to power */
}

/* The square root of a finite number, rounded to the nearest; 0 of what is not above 0. */
llmobsi_fn double llmobsi_sqrt(double value)
{
    uint64_t bits = llmobsi_double_bits(value);
    if (bits == 0 || bits >> 63 != 0) {
        return 0.0;
    }
#if defined(LLMOBS_I_SQRT)
    return llmobsi_sqrt_instruction(value);
#else
    return llmobsi_sqrt_portable(value);
#endif
}

/* ---- two doubles --------------------------------------------------------------------------- */

/* high + low, and high is that sum rounded: Dekker, "A floating-point technique for extending the
   available precision" (1971); Knuth's sum. */
typedef struct llmobsi_wide {
    double high;
    double low;
} llmobsi_wide;

llmobsi_inline llmobsi_wide llmobsi_wide_of(double high, double low)
{
    llmobsi_wide wide;
    wide.high = high;
    wide.low = low;
    return wide;
}

/* a + b, exactly. */
llmobsi_inline llmobsi_wide llmobsi_wide_sum(double a, double b)
{
    double sum = llmobsi_plus(a, b);
    double of_b = llmobsi_minus(sum, a);
    double of_a = llmobsi_minus(sum, of_b);
    return llmobsi_wide_of(sum, llmobsi_plus(llmobsi_minus(a, of_a), llmobsi_minus(b, of_b)));
}

/* The same where b is not the larger one. */
llmobsi_inline llmobsi_wide llmobsi_wide_renew(double a, double b)
{
    double sum = llmobsi_plus(a, b);
    return llmobsi_wide_of(sum, llmobsi_minus(b, llmobsi_minus(sum, a)));
}

/* The upper 26 bits of a number, and the rest, which has 26 and a sign. */
llmobsi_inline llmobsi_wide llmobsi_wide_split(double value)
{
    double large = llmobsi_times(value, 134217729.0); /* 2^27 + 1 */
    double high = llmobsi_minus(large, llmobsi_minus(large, value));
    return llmobsi_wide_of(high, llmobsi_minus(value, high));
}

/* a b, exactly; below 1e300, and not so small that the rest is subnormal. */
llmobsi_fn llmobsi_wide llmobsi_wide_product(double a, double b)
{
    double product = llmobsi_times(a, b);
    llmobsi_wide x = llmobsi_wide_split(a), y = llmobsi_wide_split(b);
    double rest = llmobsi_minus(llmobsi_times(x.high, y.high), product);
    rest = llmobsi_plus(rest, llmobsi_times(x.high, y.low));
    rest = llmobsi_plus(rest, llmobsi_times(x.low, y.high));
    return llmobsi_wide_of(product, llmobsi_plus(rest, llmobsi_times(x.low, y.low)));
}

llmobsi_fn llmobsi_wide llmobsi_wide_add(llmobsi_wide a, llmobsi_wide b)
{
    llmobsi_wide high = llmobsi_wide_sum(a.high, b.high);
    llmobsi_wide low = llmobsi_wide_sum(a.low, b.low);
    high = llmobsi_wide_renew(high.high, llmobsi_plus(high.low, low.high));
    return llmobsi_wide_renew(high.high, llmobsi_plus(high.low, low.low));
}

llmobsi_inline llmobsi_wide llmobsi_wide_negate(llmobsi_wide a)
{
    return llmobsi_wide_of(-a.high, -a.low);
}

llmobsi_fn llmobsi_wide llmobsi_wide_multiply(llmobsi_wide a, llmobsi_wide b)
{
    llmobsi_wide product = llmobsi_wide_product(a.high, b.high);
    double cross = llmobsi_plus(llmobsi_times(a.high, b.low), llmobsi_times(a.low, b.high));
    return llmobsi_wide_renew(product.high, llmobsi_plus(product.low, cross));
}

/* By a power of two. */
llmobsi_inline llmobsi_wide llmobsi_wide_scale(llmobsi_wide a, double by)
{
    return llmobsi_wide_of(llmobsi_times(a.high, by), llmobsi_times(a.low, by));
}

llmobsi_fn llmobsi_wide llmobsi_wide_divide(llmobsi_wide a, llmobsi_wide b)
{
    double quotient = llmobsi_over(a.high, b.high);
    llmobsi_wide rest = llmobsi_wide_add(
        a, llmobsi_wide_negate(llmobsi_wide_multiply(b, llmobsi_wide_of(quotient, 0.0))));
    double second = llmobsi_over(rest.high, b.high);
    rest = llmobsi_wide_add(
        rest, llmobsi_wide_negate(llmobsi_wide_multiply(b, llmobsi_wide_of(second, 0.0))));
    return llmobsi_wide_add(llmobsi_wide_renew(quotient, second),
                            llmobsi_wide_of(llmobsi_over(rest.high, b.high), 0.0));
}

/* Of whole numbers below 2^53. */
llmobsi_inline llmobsi_wide llmobsi_wide_ratio(double a, double b)
{
    return llmobsi_wide_divide(llmobsi_wide_of(a, 0.0), llmobsi_wide_of(b, 0.0));
}

/* ---- logarithms, exponentials -------------------------------------------------------------- */

/* The natural logarithm of 2 to 32 digits. */
llmobsi_inline llmobsi_wide llmobsi_log_two(void)
{
    return llmobsi_wide_of(llmobsi_double_of(UINT64_C(0x3fe62e42fefa39ef)),
                           llmobsi_double_of(UINT64_C(0x3c7abc9e3b39803f)));
}

/* By any power of two: in two steps, since that power itself may be no double. */
llmobsi_inline llmobsi_wide llmobsi_wide_shift(llmobsi_wide a, int32_t power)
{
    int32_t half = power / 2;
    return llmobsi_wide_scale(llmobsi_wide_scale(a, llmobsi_power_of_two(half)),
                              llmobsi_power_of_two(power - half));
}

/* The sum of z^k / (2 k + 1), of z up to 0.0295. From the ninth term on doubles do. */
llmobsi_fn llmobsi_wide llmobsi_log_series(llmobsi_wide z)
{
    double small = 0.0;
    llmobsi_wide sum;
    int32_t k;
    for (k = 21; k >= 8; k--) {
        small = llmobsi_plus(llmobsi_times(small, z.high), llmobsi_over(1.0, 2.0 * k + 1.0));
    }
    sum = llmobsi_wide_of(small, 0.0);
    for (k = 7; k >= 0; k--) {
        sum = llmobsi_wide_add(llmobsi_wide_multiply(sum, z),
                               llmobsi_wide_ratio(1.0, 2.0 * k + 1.0));
    }
    return sum;
}

/* The natural logarithm of a positive, finite x = m 2^k, m from sqrt(1/2) to sqrt(2):
   k ln 2 + 2 artanh((m - 1) / (m + 1)). */
llmobsi_fn llmobsi_wide llmobsi_log_wide(llmobsi_wide x)
{
    llmobsi_wide z, one = llmobsi_wide_of(1.0, 0.0);
    int32_t power = 0;
    uint64_t bits;
    if (llmobsi_double_bits(x.high) >> 52 < 64) { /* so that both parts are normal numbers */
        x = llmobsi_wide_scale(x, llmobsi_power_of_two(128));
        power = -128;
    }
    bits = llmobsi_double_bits(x.high);
    x = llmobsi_wide_shift(x, LLMOBS_I_DOUBLE_BIAS - (int32_t)(bits >> 52));
    power += (int32_t)(bits >> 52) - LLMOBS_I_DOUBLE_BIAS;
    if ((bits & LLMOBS_I_DOUBLE_FRACTION) > UINT64_C(0x6a09e667f3bcc)) { /* above sqrt(2) */
        x = llmobsi_wide_scale(x, 0.5);
        power++;
    }
    z = llmobsi_wide_divide(llmobsi_wide_add(x, llmobsi_wide_negate(one)),
                            llmobsi_wide_add(x, one));
    z = llmobsi_wide_multiply(z, llmobsi_log_series(llmobsi_wide_multiply(z, z)));
    return llmobsi_wide_add(
        llmobsi_wide_multiply(llmobsi_log_two(), llmobsi_wide_of((double)power, 0.0)),
        llmobsi_wide_scale(z, 2.0));
}

/* The natural logarithm of a positive, finite number: the nearest double, but for rare ties. */
llmobsi_fn double llmobsi_log(double x)
{
    return llmobsi_log_wide(llmobsi_wide_of(x, 0.0)).high;
}

/* e^y - 1, of y up to ln(2): Taylor's series at y / 256, squared eight times. */
llmobsi_fn llmobsi_wide llmobsi_exp_rest(llmobsi_wide y)
{
    const llmobsi_wide one = llmobsi_wide_of(1.0, 0.0);
    double small = 1.0;
    llmobsi_wide sum;
    int32_t k;
    y = llmobsi_wide_scale(y, 1.0 / 256.0);
    for (k = 10; k >= 6; k--) {
        small = llmobsi_plus(llmobsi_over(llmobsi_times(small, y.high), (double)k), 1.0);
    }
    sum = llmobsi_wide_of(small, 0.0);
    for (k = 5; k >= 2; k--) {
        sum = llmobsi_wide_divide(llmobsi_wide_multiply(sum, y), llmobsi_wide_of(k, 0.0));
        sum = llmobsi_wide_add(sum, one);
    }
    sum = llmobsi_wide_multiply(sum, y);
    for (k = 0; k < 8; k++) { /* (1 + s)^2 - 1 */
        sum = llmobsi_wide_add(llmobsi_wide_scale(sum, 2.0), llmobsi_wide_multiply(sum, sum));
    }
    return sum;
}

/* e^x: 0 below -745.2, infinity above 709.8. */
llmobsi_fn llmobsi_wide llmobsi_exp_wide(llmobsi_wide x)
{
    const double powers = llmobsi_times(x.high, 1.4426950408889634); /* x / ln 2 */
    llmobsi_wide rest;
    int32_t power;
    if (x.high < -746.0) {
        return llmobsi_wide_of(0.0, 0.0);
    }
    if (x.high > 710.0) {
        return llmobsi_wide_of(llmobsi_double_of(LLMOBS_I_DOUBLE_INFINITY), 0.0);
    }
    power = (int32_t)powers;
    rest = llmobsi_wide_multiply(llmobsi_log_two(), llmobsi_wide_of(-(double)power, 0.0));
    rest = llmobsi_exp_rest(llmobsi_wide_add(x, rest));
    rest = llmobsi_wide_add(llmobsi_wide_of(1.0, 0.0), rest);
    return llmobsi_wide_shift(rest, power);
}

/* The nearest double, but for rare ties and below 2^-1022, where it is rounded twice. */
llmobsi_fn double llmobsi_exp(double x)
{
    return llmobsi_exp_wide(llmobsi_wide_of(x, 0.0)).high;
}
