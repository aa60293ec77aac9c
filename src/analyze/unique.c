/* How many different keys were seen: HyperLogLog with 2^12 registers, and the estimator of Ertl
   ("New cardinality estimation algorithms for HyperLogLog sketches", 2017, the improved raw one),
   which has no bias, no table and no borders between ranges.

   Twelve bits of a key's hash choose a register, which keeps the largest rank: by how many zeros
   the other bits begin, + 1. So the order of keys, and how often one comes, do not matter, and the
   largest of two sketches is the sketch of both. (Registers of six bits, ten to a word, would take
   3.2 KiB instead of 4; but an addition takes 1.4 ns then, now 0.8.)

   One writes; any may read at any time. Registers only grow and each is right by itself, so that
   relaxed accesses are enough. */

#define LLMOBS_I_UNIQUE_BITS 12
#define LLMOBS_I_UNIQUE_REGISTERS (1u << LLMOBS_I_UNIQUE_BITS)
#define LLMOBS_I_UNIQUE_RANKS (64 - LLMOBS_I_UNIQUE_BITS + 1) /* the highest */
#define LLMOBS_I_UNIQUE_ALPHA 0.72134752044448170 /* 1 / (2 ln 2) */
#define LLMOBS_I_UNIQUE_ERROR 0.01623377752209 /* sqrt(3 ln 2 - 1), by the root of 4,096 */

/* All zero: nothing was seen. */
typedef struct llmobsi_unique {
    llmobsi_atomic8 registers[LLMOBS_I_UNIQUE_REGISTERS];
} llmobsi_unique;

llmobsi_inline void llmobsi_unique_raise(llmobsi_atomic8* place, uint8_t rank)
{
    if (llmobsi_load_relaxed(place) < rank) {
        llmobsi_store_relaxed(place, rank); /* no other writes */
    }
}

/* A key by its hash, all 64 bits of which must be good. */
llmobsi_inline void llmobsi_unique_add(llmobsi_unique* unique, uint64_t hash)
{
    const uint64_t stop = UINT64_C(1) << (LLMOBS_I_UNIQUE_BITS - 1);
    uint64_t others = hash << LLMOBS_I_UNIQUE_BITS | stop;
    llmobsi_unique_raise(&unique->registers[hash >> (64 - LLMOBS_I_UNIQUE_BITS)],
                         (uint8_t)(llmobsi_leading_zeros64(others) + 1));
}

/* Adds what another has seen to the writer's own. */
llmobsi_fn void llmobsi_unique_merge(llmobsi_unique* unique, const llmobsi_unique* other)
{
    uint32_t i;
    for (i = 0; i < LLMOBS_I_UNIQUE_REGISTERS; i++) {
        llmobsi_unique_raise(&unique->registers[i], llmobsi_load_relaxed(&other->registers[i]));
    }
}

/* The writer: as if nothing had been seen. */
llmobsi_fn void llmobsi_unique_reset(llmobsi_unique* unique)
{
    uint32_t i;
    for (i = 0; i < LLMOBS_I_UNIQUE_REGISTERS; i++) {
        llmobsi_store_relaxed(&unique->registers[i], 0);
    }
}

/* x + x^2 + 2 x^4 + 4 x^8 + ..., 0 <= x < 1: what registers that are still 0 stand for. */
llmobsi_fn double llmobsi_unique_sigma(double x)
{
    double factor = 1.0;
    double sum = x;
    double before;
    do {
        before = sum;
        x *= x;
        sum += x * factor;
        factor += factor;
    } while (sum > before);
    return sum;
}

/* The registers above the rank of a hash that ends in zeros are summed as if there were more bits:
   as many keys as it takes for that to matter, near 2^62, nobody has. */
llmobsi_fn llmobs_unique_count llmobsi_unique_estimate(const llmobsi_unique* unique)
{
    const double registers = (double)LLMOBS_I_UNIQUE_REGISTERS;
    uint32_t counts[LLMOBS_I_UNIQUE_RANKS + 1] = {0};
    llmobs_unique_count result = {0, 0.0};
    double sum = 0.0;
    double estimate;
    uint32_t i;
    for (i = 0; i < LLMOBS_I_UNIQUE_REGISTERS; i++) {
        uint32_t rank = llmobsi_load_relaxed(&unique->registers[i]);
        counts[rank < LLMOBS_I_UNIQUE_RANKS ? rank : LLMOBS_I_UNIQUE_RANKS]++;
    }
    if (counts[0] == LLMOBS_I_UNIQUE_REGISTERS) {
        return result;
    }
    for (i = LLMOBS_I_UNIQUE_RANKS; i > 0; i--) {
        sum = 0.5 * (sum + (double)counts[i]);
    }
    sum += registers * llmobsi_unique_sigma((double)counts[0] / registers);
    estimate = LLMOBS_I_UNIQUE_ALPHA * registers * registers / sum;
    result.count = estimate < 18446744073709549568.0 ? (uint64_t)(estimate + 0.5) : UINT64_MAX;
    result.standard_error = LLMOBS_I_UNIQUE_ERROR * (double)result.count;
    return result;
}
