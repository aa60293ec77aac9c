/* Base-2 exponential histograms: which bucket a value belongs to, what a bucket's bounds are, and
   what quantiles follow from the counts. Nothing here has memory or threads.

   At scale s, bucket `index` holds the values in (2^(index * 2^-s), 2^((index + 1) * 2^-s)]. The
   bounds of a scale are bounds of every finer one, so an index is computed at the finest scale and
   shifted right, arithmetically, for a coarser one. It comes from the bits of the number: no
   logarithm is rounded, and -ffast-math changes nothing. */

#define LLMOBS_I_EXPONENTIAL_FINEST 8 /* a scale: 256 buckets in each power of two */
#define LLMOBS_I_EXPONENTIAL_COARSEST (-10)
#define LLMOBS_I_EXPONENTIAL_SPAN 160u /* buckets of a histogram */
#define LLMOBS_I_EXPONENTIAL_PARTS 256

#define LLMOBS_I_DOUBLE_BIAS 1023
#define LLMOBS_I_DOUBLE_LEAST (LLMOBS_I_DOUBLE_FRACTION + 1) /* the bits of DBL_MIN: 2^52 */
#define LLMOBS_I_DOUBLE_MOST (LLMOBS_I_DOUBLE_INFINITY - 1)  /* of DBL_MAX                */
#define LLMOBS_I_DOUBLE_ONE UINT64_C(0x3ff0000000000000)     /* of 1.0                    */

/* The mantissas of 2^(i / 256), rounded down, so that each is of the largest double not above the
   border: the integer part of 2^(52 + i / 256), less the leading 2^52. They were found by eight
   integer square roots in a row of 2^(52 * 256 + i). */
#define LLMOBS_I_BORDERS(a, b, c, d) UINT64_C(a), UINT64_C(b), UINT64_C(c), UINT64_C(d)
static const uint64_t llmobsi_exponential_borders[257] = {
    LLMOBS_I_BORDERS(0x0000000000000, 0x00b1afa5abcbe, 0x0163da9fb3335, 0x02168143b0280),
    LLMOBS_I_BORDERS(0x02c9a3e778060, 0x037d42e11bbcc, 0x04315e86e7f84, 0x04e5f72f654b1),
    LLMOBS_I_BORDERS(0x059b0d3158574, 0x0650a0e3c1f88, 0x0706b29ddf6dd, 0x07bd42b72a836),
    LLMOBS_I_BORDERS(0x0874518759bc8, 0x092bdf66607df, 0x09e3ecac6f383, 0x0a9c79b1f3919),
    LLMOBS_I_BORDERS(0x0b5586cf9890f, 0x0c0f145e46c85, 0x0cc922b7247f7, 0x0d83b23395deb),
    LLMOBS_I_BORDERS(0x0e3ec32d3d1a2, 0x0efa55fdfa9c4, 0x0fb66affed31a, 0x1073028d7233e),
    LLMOBS_I_BORDERS(0x11301d0125b50, 0x11edbab5e2ab5, 0x12abdc06c31cb, 0x136a814f204aa),
    LLMOBS_I_BORDERS(0x1429aaea92ddf, 0x14e95934f312d, 0x15a98c8a58e51, 0x166a45471c3c2),
    LLMOBS_I_BORDERS(0x172b83c7d517a, 0x17ed48695bbc0, 0x18af9388c8de9, 0x1972658375d2f),
    LLMOBS_I_BORDERS(0x1a35beb6fcb75, 0x1af99f8138a1c, 0x1bbe084045cd3, 0x1c82f95281c6b),
    LLMOBS_I_BORDERS(0x1d4873168b9aa, 0x1e0e75eb44026, 0x1ed5022fcd91c, 0x1f9c18438ce4c),
    LLMOBS_I_BORDERS(0x2063b88628cd6, 0x212be3578a819, 0x21f49917ddc96, 0x22bdda27912d1),
    LLMOBS_I_BORDERS(0x2387a6e756238, 0x2451ffb82140a, 0x251ce4fb2a63f, 0x25e85711ece75),
    LLMOBS_I_BORDERS(0x26b4565e27cdd, 0x2780e341ddf29, 0x284dfe1f56380, 0x291ba7591bb6f),
    LLMOBS_I_BORDERS(0x29e9df51fdee1, 0x2ab8a66d10f12, 0x2b87fd0dad98f, 0x2c57e39771b2e),
    LLMOBS_I_BORDERS(0x2d285a6e4030b, 0x2df961f641589, 0x2ecafa93e2f56, 0x2f9d24abd886a),
    LLMOBS_I_BORDERS(0x306fe0a31b715, 0x31432edeeb2fd, 0x32170fc4cd831, 0x32eb83ba8ea31),
    LLMOBS_I_BORDERS(0x33c08b26416ff, 0x3496266e3fa2c, 0x356c55f929ff0, 0x36431a2de883a),
    LLMOBS_I_BORDERS(0x371a7373aa9ca, 0x37f26231e7549, 0x38cae6d05d865, 0x39a401b7140ee),
    LLMOBS_I_BORDERS(0x3a7db34e59ff6, 0x3b57fbfec6cf4, 0x3c32dc313a8e4, 0x3d0e544ede173),
    LLMOBS_I_BORDERS(0x3dea64c123422, 0x3ec70df1c5174, 0x3fa4504ac801b, 0x40822c367a024),
    LLMOBS_I_BORDERS(0x4160a21f72e29, 0x423fb27094689, 0x431f5d950a896, 0x43ffa3f84b9d4),
    LLMOBS_I_BORDERS(0x44e086061892d, 0x45c2042a7d231, 0x46a41ed1d0057, 0x4786d668b3236),
    LLMOBS_I_BORDERS(0x486a2b5c13cd0, 0x494e1e192aed1, 0x4a32af0d7d3de, 0x4b17dea6db7d6),
    LLMOBS_I_BORDERS(0x4bfdad5362a27, 0x4ce41b817c114, 0x4dcb299fddd0d, 0x4eb2d81d8abfe),
    LLMOBS_I_BORDERS(0x4f9b2769d2ca6, 0x508417f4531ee, 0x516daa2cf6641, 0x5257de83f4eee),
    LLMOBS_I_BORDERS(0x5342b569d4f81, 0x542e2f4f6ad27, 0x551a4ca5d920e, 0x56070dde910d1),
    LLMOBS_I_BORDERS(0x56f4736b527da, 0x57e27dbe2c4ce, 0x58d12d497c7fd, 0x59c0827ff07cb),
    LLMOBS_I_BORDERS(0x5ab07dd485429, 0x5ba11fba87a02, 0x5c9268a5946b7, 0x5d84590998b92),
    LLMOBS_I_BORDERS(0x5e76f15ad2148, 0x5f6a320dceb70, 0x605e1b976dc08, 0x6152ae6cdf6f4),
    LLMOBS_I_BORDERS(0x6247eb03a5584, 0x633dd1d1929fd, 0x6434634ccc31f, 0x652b9febc8fb6),
    LLMOBS_I_BORDERS(0x6623882552224, 0x671c1c70833f5, 0x68155d44ca973, 0x690f4b19e9538),
    LLMOBS_I_BORDERS(0x6a09e667f3bcc, 0x6b052fa75173e, 0x6c012750bdabe, 0x6cfdcddd47645),
    LLMOBS_I_BORDERS(0x6dfb23c651a2e, 0x6ef9298593ae4, 0x6ff7df9519483, 0x70f7466f42e87),
    LLMOBS_I_BORDERS(0x71f75e8ec5f73, 0x72f8286ead089, 0x73f9a48a58173, 0x74fbd35d7cbfd),
    LLMOBS_I_BORDERS(0x75feb564267c8, 0x77024b1ab6e09, 0x780694fde5d3f, 0x790b938ac1cf6),
    LLMOBS_I_BORDERS(0x7a11473eb0186, 0x7b17b0976cfda, 0x7c1ed0130c132, 0x7d26a62ff86f0),
    LLMOBS_I_BORDERS(0x7e2f336cf4e62, 0x7f3878491c490, 0x80427543e1a11, 0x814d2add106d9),
    LLMOBS_I_BORDERS(0x82589994cce12, 0x8364c1eb941f7, 0x8471a4623c7ac, 0x857f4179f5b20),
    LLMOBS_I_BORDERS(0x868d99b4492ec, 0x879cad931a436, 0x88ac7d98a6699, 0x89bd0a478580f),
    LLMOBS_I_BORDERS(0x8ace5422aa0db, 0x8be05bad61778, 0x8cf3216b5448b, 0x8e06a5e0866d8),
    LLMOBS_I_BORDERS(0x8f1ae99157736, 0x902fed0282c8a, 0x9145b0b91ffc5, 0x925c353aa2fe1),
    LLMOBS_I_BORDERS(0x93737b0cdc5e4, 0x948b82b5f98e4, 0x95a44cbc8520e, 0x96bdd9a7670b2),
    LLMOBS_I_BORDERS(0x97d829fde4e4f, 0x98f33e47a22a2, 0x9a0f170ca07b9, 0x9b2bb4d53fe0c),
    LLMOBS_I_BORDERS(0x9c49182a3f090, 0x9d674194bb8d4, 0x9e86319e32323, 0x9fa5e8d07f29d),
    LLMOBS_I_BORDERS(0xa0c667b5de564, 0xa1e7aed8eb8bb, 0xa309bec4a2d33, 0xa42c980460ad7),
    LLMOBS_I_BORDERS(0xa5503b23e255c, 0xa674a8af46052, 0xa799e1330b358, 0xa8bfe53c12e58),
    LLMOBS_I_BORDERS(0xa9e6b5579fdbf, 0xab0e521356eba, 0xac36bbfd3f379, 0xad5ff3a3c2774),
    LLMOBS_I_BORDERS(0xae89f995ad3ad, 0xafb4ce622f2fe, 0xb0e07298db665, 0xb20ce6c9a8952),
    LLMOBS_I_BORDERS(0xb33a2b84f15fa, 0xb468415b749b0, 0xb59728de55939, 0xb6c6e29f1c52a),
    LLMOBS_I_BORDERS(0xb7f76f2fb5e46, 0xb928cf22749e3, 0xba5b030a10649, 0xbb8e0b79a6f1e),
    LLMOBS_I_BORDERS(0xbcc1e904bc1d2, 0xbdf69c3f3a206, 0xbf2c25bd71e08, 0xc06286141b33c),
    LLMOBS_I_BORDERS(0xc199bdd85529c, 0xc2d1cd9fa652b, 0xc40ab5fffd07a, 0xc544778fafb22),
    LLMOBS_I_BORDERS(0xc67f12e57d14b, 0xc7ba88988c932, 0xc8f6d9406e7b5, 0xca3405751c4da),
    LLMOBS_I_BORDERS(0xcb720dcef9069, 0xccb0f2e6d1674, 0xcdf0b555dc3f9, 0xcf3155b5bab73),
    LLMOBS_I_BORDERS(0xd072d4a07897b, 0xd1b532b08c968, 0xd2f87080d89f1, 0xd43c8eacaa1d6),
    LLMOBS_I_BORDERS(0xd5818dcfba487, 0xd6c76e862e6d3, 0xd80e316c98397, 0xd955d71ff6075),
    LLMOBS_I_BORDERS(0xda9e603db3285, 0xdbe7cd63a8314, 0xdd321f301b460, 0xde7d5641c0657),
    LLMOBS_I_BORDERS(0xdfc97337b9b5e, 0xe11676b197d16, 0xe264614f5a128, 0xe3b333b16ee11),
    LLMOBS_I_BORDERS(0xe502ee78b3ff6, 0xe653924676d75, 0xe7a51fbc74c83, 0xe8f7977cdb73f),
    LLMOBS_I_BORDERS(0xea4afa2a490d9, 0xeb9f4867cca6e, 0xecf482d8e67f0, 0xee4aaa2188510),
    LLMOBS_I_BORDERS(0xefa1bee615a27, 0xf0f9c1cb64129, 0xf252b376bba97, 0xf3ac948dd7273),
    LLMOBS_I_BORDERS(0xf50765b6e4540, 0xf6632798844f8, 0xf7bfdad9cbe13, 0xf91d802243c88),
    LLMOBS_I_BORDERS(0xfa7c1819e90d8, 0xfbdba3692d513, 0xfd3c22b8f71f1, 0xfe9d96b2a23d9),
    UINT64_C(1) << 52, /* never reached */
};

/* The last border that is not above the first mantissa of each 512th. The next border may be within
   that 512th, the one after it is not: the closest two are a 369th apart. */
static const uint8_t llmobsi_exponential_guesses[512] = {
      0,   0,   1,   2,   2,   3,   4,   5,   5,   6,   7,   7,   8,   9,   9,  10,
     11,  12,  12,  13,  14,  14,  15,  16,  16,  17,  18,  18,  19,  20,  21,  21,
     22,  23,  23,  24,  25,  25,  26,  27,  27,  28,  29,  29,  30,  31,  31,  32,
     33,  33,  34,  35,  35,  36,  37,  37,  38,  38,  39,  40,  40,  41,  42,  42,
     43,  44,  44,  45,  46,  46,  47,  47,  48,  49,  49,  50,  51,  51,  52,  52,
     53,  54,  54,  55,  56,  56,  57,  57,  58,  59,  59,  60,  61,  61,  62,  62,
     63,  64,  64,  65,  65,  66,  67,  67,  68,  68,  69,  70,  70,  71,  71,  72,
     73,  73,  74,  74,  75,  76,  76,  77,  77,  78,  78,  79,  80,  80,  81,  81,
     82,  82,  83,  84,  84,  85,  85,  86,  87,  87,  88,  88,  89,  89,  90,  90,
     91,  92,  92,  93,  93,  94,  94,  95,  96,  96,  97,  97,  98,  98,  99,  99,
    100, 100, 101, 102, 102, 103, 103, 104, 104, 105, 105, 106, 106, 107, 108, 108,
    109, 109, 110, 110, 111, 111, 112, 112, 113, 113, 114, 114, 115, 116, 116, 117,
    117, 118, 118, 119, 119, 120, 120, 121, 121, 122, 122, 123, 123, 124, 124, 125,
    125, 126, 126, 127, 127, 128, 128, 129, 129, 130, 131, 131, 132, 132, 133, 133,
    134, 134, 135, 135, 136, 136, 137, 137, 138, 138, 139, 139, 140, 140, 140, 141,
    141, 142, 142, 143, 143, 144, 144, 145, 145, 146, 146, 147, 147, 148, 148, 149,
    149, 150, 150, 151, 151, 152, 152, 153, 153, 154, 154, 155, 155, 155, 156, 156,
    157, 157, 158, 158, 159, 159, 160, 160, 161, 161, 162, 162, 162, 163, 163, 164,
    164, 165, 165, 166, 166, 167, 167, 168, 168, 168, 169, 169, 170, 170, 171, 171,
    172, 172, 173, 173, 173, 174, 174, 175, 175, 176, 176, 177, 177, 177, 178, 178,
    179, 179, 180, 180, 181, 181, 181, 182, 182, 183, 183, 184, 184, 185, 185, 185,
    186, 186, 187, 187, 188, 188, 188, 189, 189, 190, 190, 191, 191, 191, 192, 192,
    193, 193, 194, 194, 194, 195, 195, 196, 196, 197, 197, 197, 198, 198, 199, 199,
    200, 200, 200, 201, 201, 202, 202, 202, 203, 203, 204, 204, 205, 205, 205, 206,
    206, 207, 207, 207, 208, 208, 209, 209, 209, 210, 210, 211, 211, 212, 212, 212,
    213, 213, 214, 214, 214, 215, 215, 216, 216, 216, 217, 217, 218, 218, 218, 219,
    219, 220, 220, 220, 221, 221, 222, 222, 222, 223, 223, 223, 224, 224, 225, 225,
    225, 226, 226, 227, 227, 227, 228, 228, 229, 229, 229, 230, 230, 231, 231, 231,
    232, 232, 232, 233, 233, 234, 234, 234, 235, 235, 235, 236, 236, 237, 237, 237,
    238, 238, 239, 239, 239, 240, 240, 240, 241, 241, 242, 242, 242, 243, 243, 243,
    244, 244, 245, 245, 245, 246, 246, 246, 247, 247, 247, 248, 248, 249, 249, 249,
    250, 250, 250, 251, 251, 252, 252, 252, 253, 253, 253, 254, 254, 254, 255, 255,
};

/* ---- buckets ------------------------------------------------------------------------------- */

/* The index at the finest scale of a positive finite value. Zero and subnormals count as the least
   normal number. What is looked up is the double before the value: it is not below a border just
   when the value is above it, which is what makes upper bounds inclusive. */
llmobsi_inline int32_t llmobsi_exponential_index(double value)
{
    uint64_t bits = llmobsi_double_bits(value);
    uint64_t before = (bits > LLMOBS_I_DOUBLE_LEAST ? bits : LLMOBS_I_DOUBLE_LEAST) - 1;
    uint64_t mantissa = before & LLMOBS_I_DOUBLE_FRACTION;
    int32_t power = (int32_t)(before >> 52) - LLMOBS_I_DOUBLE_BIAS;
    int32_t guess = llmobsi_exponential_guesses[mantissa >> 43];
    return power * LLMOBS_I_EXPONENTIAL_PARTS + guess +
           (mantissa >= llmobsi_exponential_borders[guess + 1] ? 1 : 0);
}

/* 2^(index * 2^-scale): the lower bound of bucket `index`, the upper one of `index - 1`. Exact at
   powers of two, otherwise the largest double that is not above it, so that values compare with it
   as llmobsi_exponential_index sorts them. DBL_MAX above the doubles; 0 below the normal ones, as
   the lowest bucket holds all that are smaller. */
llmobsi_fn double llmobsi_exponential_bound(int64_t index, int32_t scale)
{
    const int64_t end = (LLMOBS_I_DOUBLE_BIAS + 1) * LLMOBS_I_EXPONENTIAL_PARTS; /* 2^1024 */
    int64_t finest = index < -end ? -end : index > end ? end : index;
    uint64_t from_zero;
    finest *= INT64_C(1) << (LLMOBS_I_EXPONENTIAL_FINEST - scale);
    if (finest >= end) {
        return llmobsi_double_of(LLMOBS_I_DOUBLE_MOST);
    }
    if (finest < (1 - LLMOBS_I_DOUBLE_BIAS) * LLMOBS_I_EXPONENTIAL_PARTS) {
        return 0.0;
    }
    from_zero = (uint64_t)(finest + LLMOBS_I_DOUBLE_BIAS * LLMOBS_I_EXPONENTIAL_PARTS);
    return llmobsi_double_of(
        from_zero / LLMOBS_I_EXPONENTIAL_PARTS * LLMOBS_I_DOUBLE_LEAST +
        llmobsi_exponential_borders[from_zero % LLMOBS_I_EXPONENTIAL_PARTS]);
}

/* The finest scale at which two indexes of the finest scale are in one histogram. */
llmobsi_fn int32_t llmobsi_exponential_fit(int32_t low, int32_t high)
{
    int shift = 0;
    while (shift < LLMOBS_I_EXPONENTIAL_FINEST - LLMOBS_I_EXPONENTIAL_COARSEST &&
           (int64_t)(high >> shift) - (low >> shift) >= (int64_t)LLMOBS_I_EXPONENTIAL_SPAN) {
        shift++;
    }
    return LLMOBS_I_EXPONENTIAL_FINEST - shift;
}

/* The finest scale at which `least`, `most` and all between are in one histogram. */
llmobsi_fn int32_t llmobsi_exponential_scale(double least, double most)
{
    return llmobsi_exponential_fit(llmobsi_exponential_index(least),
                                   llmobsi_exponential_index(most));
}

/* ---- quantiles ----------------------------------------------------------------------------- */

/* ceil(q * count), within 1 to count (1 of none); NaN counts as 0. A product that is above a whole
   number by no more than rounding is that number: of 100, q = 0.07, which as a double is a little
   more, is the 7th. Of more than 2^51, the rank is only as exact as a double. */
llmobsi_fn uint64_t llmobsi_quantile_rank(double q, uint64_t count)
{
    uint64_t bits = llmobsi_double_bits(q); /* -ffast-math knows no NaN */
    double product;
    uint64_t rank;
    if (count == 0 || bits > LLMOBS_I_DOUBLE_INFINITY) { /* negative numbers, too */
        return 1;
    }
    if (bits >= LLMOBS_I_DOUBLE_ONE) {
        return count;
    }
    product = q * (double)count;
    rank = (uint64_t)product;
    if (product - (double)rank > product / (double)LLMOBS_I_DOUBLE_LEAST) {
        rank++;
    }
    return rank < 1 ? 1 : rank; /* q is below 1, so the product never rounds to more than count */
}

/* A quantile, and bounds between which the value of its rank lies. */
typedef struct llmobsi_bracket {
    double value;
    double low;
    double high;
} llmobsi_bracket;

llmobsi_inline double llmobsi_clamp(double value, double least, double most)
{
    return value < least ? least : value > most ? most : value;
}

/* With what is known of the least and the largest value; least > most says: nothing. */
llmobsi_fn llmobsi_bracket llmobsi_bracket_clamp(llmobsi_bracket bracket, double least, double most)
{
    if (least <= most) {
        bracket.value = llmobsi_clamp(bracket.value, least, most);
        bracket.low = llmobsi_clamp(bracket.low, least, most);
        bracket.high = llmobsi_clamp(bracket.high, least, most);
    }
    return bracket;
}

/* Finds the bucket of a rank, and makes it the rank within that bucket. Past the last value, that
   one; `bucket_count` if there is none. */
llmobsi_fn uint32_t llmobsi_rank_bucket(const uint64_t* counts, uint32_t bucket_count,
                                        uint64_t* rank)
{
    uint32_t found = bucket_count;
    uint32_t i;
    for (i = 0; i < bucket_count; i++) {
        if (counts[i] > 0) {
            found = i;
            if (counts[i] >= *rank) {
                return found;
            }
            *rank -= counts[i];
        }
    }
    if (found < bucket_count) {
        *rank = counts[found];
    }
    return found;
}

/* The value of a rank (from 1), zeros first: the midpoint 2ab / (a + b) of its bucket (a, b], which
   is off by at most (base - 1) / (base + 1) of a value in it: 4.33 % at scale 3, 1.08 % at scale 5.
   Of none, zeros. With the base instead of b, nothing can overflow, nor be lost where -ffast-math
   makes subnormal numbers zero. */
llmobsi_fn llmobsi_bracket llmobsi_exponential_quantile(const uint64_t* counts,
                                                        uint32_t bucket_count, int32_t offset,
                                                        int32_t scale, uint64_t zero_count,
                                                        uint64_t rank)
{
    llmobsi_bracket bracket = {0.0, 0.0, 0.0};
    uint32_t bucket = bucket_count;
    if (rank > zero_count) {
        rank -= zero_count;
        bucket = llmobsi_rank_bucket(counts, bucket_count, &rank);
    }
    if (bucket == bucket_count) {
        return bracket;
    }
    bracket.low = llmobsi_exponential_bound((int64_t)offset + bucket, scale);
    bracket.high = llmobsi_exponential_bound((int64_t)offset + bucket + 1, scale);
    bracket.value = bracket.low / (0.5 + 0.5 / llmobsi_exponential_bound(1, scale));
    if (bracket.low <= 0.0) {
        bracket.value = llmobsi_double_of(LLMOBS_I_DOUBLE_LEAST); /* as its subnormals count */
    }
    return bracket;
}

/* The same of a histogram with `bound_count` upper bounds (inclusive, ascending, above 0) and one
   bucket more. Values are taken to be spread evenly within a bucket, as Prometheus does. */
llmobsi_fn llmobsi_bracket llmobsi_explicit_quantile(const uint64_t* counts, const double* bounds,
                                                     uint32_t bound_count, uint64_t rank,
                                                     double least, double most)
{
    llmobsi_bracket bracket = {0.0, 0.0, 0.0};
    uint32_t bucket = llmobsi_rank_bucket(counts, bound_count + 1, &rank);
    if (bucket > bound_count) {
        return bracket;
    }
    bracket.low = bucket > 0 ? bounds[bucket - 1] : 0.0;
    bracket.high = bucket < bound_count ? bounds[bucket] : most;
    bracket.high = bracket.high > bracket.low ? bracket.high : bracket.low;
    bracket.value = bracket.low + (bracket.high - bracket.low) *
                                      ((double)rank / (double)counts[bucket]);
    bracket.value = llmobsi_clamp(bracket.value, bracket.low, bracket.high);
    return llmobsi_bracket_clamp(bracket, least, most);
}
