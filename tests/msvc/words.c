/* MSVC's words against gcc's, of the numbers where they would differ and many by chance. They are
   ../../src/platform/msvc*.c, of the intrinsics in words/intrin.h. */
#define LLMOBS_STATIC
#include "../../llmobs.h"

#include "../tap.h"

#include "../random.h"

#include <pthread.h>
#include <sched.h>

enum { NUMBERS = 4096, ROUNDS = 2000000, THREADS = 4 };

static uint64_t numbers[NUMBERS];

/* 0, all ones, each power of two and its neighbours, their negatives, then numbers by chance of all
   lengths. */
static void make_numbers(void)
{
    uint32_t i, count = 0;
    numbers[count++] = 0;
    for (i = 0; i < 64; i++) {
        numbers[count++] = (uint64_t)1 << i;
        numbers[count++] = ((uint64_t)1 << i) - 1;
        numbers[count++] = ((uint64_t)1 << i) + 1;
        numbers[count++] = 0 - ((uint64_t)1 << i);
        numbers[count++] = ~((uint64_t)1 << i);
    }
    for (; count < NUMBERS; count++) {
        uint64_t number = next_random();
        numbers[count] = number >> next_random() % 64;
    }
}

static void check_bits(void)
{
    uint32_t i, wrong = 0;
    for (i = 0; i < NUMBERS; i++) {
        uint64_t wide = numbers[i];
        uint32_t narrow = (uint32_t)wide;
        if (narrow != 0) {
            wrong += llmobsi_leading_zeros32(narrow) != __builtin_clz(narrow);
            wrong += llmobsi_trailing_zeros32(narrow) != __builtin_ctz(narrow);
        }
        if (wide != 0) {
            wrong += llmobsi_leading_zeros64(wide) != __builtin_clzll(wide);
            wrong += llmobsi_trailing_zeros64(wide) != __builtin_ctzll(wide);
        }
        wrong += llmobsi_bit_count32(narrow) != __builtin_popcount(narrow);
        wrong += llmobsi_bit_count64(wide) != __builtin_popcountll(wide);
        wrong += llmobsi_swap_bytes32(narrow) != __builtin_bswap32(narrow);
        wrong += llmobsi_swap_bytes64(wide) != __builtin_bswap64(wide);
    }
    is_int(wrong, 0, "bits");
}

static uint32_t overflow_is_wrong(uint64_t one, uint64_t other)
{
    size_t a = (size_t)one, b = (size_t)other, got, want;
    int64_t c = (int64_t)one, d = (int64_t)other, sum = c, total;
    uint32_t wrong = 0;
    wrong += llmobsi_add_overflows(a, b, &got) != __builtin_add_overflow(a, b, &want);
    wrong += got != want;
    wrong += llmobsi_mul_overflows(a, b, &got) != __builtin_mul_overflow(a, b, &want);
    wrong += got != want;
    /* In place, as metrics are added. */
    wrong += llmobsi_add_overflows(sum, d, &sum) != __builtin_add_overflow(c, d, &total);
    wrong += sum != total;
    return wrong;
}

static void check_overflow(void)
{
    uint32_t i, j, wrong = 0;
    for (i = 0; i < NUMBERS; i++) {
        uint64_t number = numbers[i];
        for (j = 0; j < NUMBERS; j += 61) {
            wrong += overflow_is_wrong(number, numbers[j]);
        }
        for (j = 0; j < 5; j++) { /* around the borders: two less, ... two more */
            wrong += overflow_is_wrong(number, ((uint64_t)1 << 63) - number + j - 2);
            wrong += overflow_is_wrong(number, UINT64_MAX - number + j - 2);
            wrong += number != 0 && overflow_is_wrong(number, UINT64_MAX / number + j - 2);
        }
    }
    is_int(wrong, 0, "overflow");
}

static void check_products(void)
{
    uint32_t i, wrong = 0;
    for (i = 0; i + 1 < NUMBERS; i++) {
        uint64_t a = numbers[i], b = numbers[NUMBERS - 1 - i], lower;
        uint64_t upper = llmobsi_multiply(a, b, &lower);
        uint64_t left = (a >> 32) * (uint32_t)b + ((a & UINT32_MAX) * (b & UINT32_MAX) >> 32);
        uint64_t cross = (a & UINT32_MAX) * (b >> 32) + (uint32_t)left;
        wrong += lower != a * b;
        wrong += upper != (a >> 32) * (b >> 32) + (left >> 32) + (cross >> 32);
        wrong += llmobsi_hash_fold(a, b) != (upper ^ lower);
    }
    is_int(wrong, 0, "products of 128 bits");
}

/* ---- atomic operations: one at a time ------------------------------------------------------ */

#define CHECK_PLACE(type, place_type)                                                        \
    do {                                                                                     \
        struct {                                                                             \
            place_type before;                                                               \
            place_type place;                                                                \
            place_type behind;                                                               \
        } of;                                                                                \
        const place_type* read_only = &of.place;                                             \
        uint32_t i, wrong = 0;                                                               \
        of.before = of.behind = (type)0x5a5a5a5a5a5a5a5aull;                                 \
        for (i = 0; i + 2 < NUMBERS; i++) {                                                  \
            type a = (type)numbers[i], b = (type)numbers[i + 1], expected = a;               \
            llmobsi_store_relaxed(&of.place, b);                                             \
            wrong += llmobsi_load_relaxed(read_only) != b;                                   \
            llmobsi_store_release(&of.place, a);                                             \
            wrong += llmobsi_load_acquire(read_only) != a;                                   \
            llmobsi_store_ordered(&of.place, b);                                             \
            wrong += llmobsi_load_ordered(read_only) != b;                                   \
            wrong += llmobsi_exchange_ordered(&of.place, a) != b || of.place != a;           \
            wrong += llmobsi_add_relaxed(&of.place, b) != a || of.place != (type)(a + b);    \
            wrong += llmobsi_add_ordered(&of.place, 1) != (type)(a + b);                     \
            wrong += of.place != (type)(a + b + 1);                                          \
            of.place = a;                                                                    \
            wrong += !llmobsi_cas_ordered(&of.place, &expected, b) || of.place != b;         \
            wrong += expected != a;                                                          \
            expected = (type)(b + 1);                                                        \
            wrong += llmobsi_cas_ordered(&of.place, &expected, a) || of.place != b;          \
            wrong += expected != b;                                                          \
            wrong += !llmobsi_cas_acquire_release(&of.place, &expected, a) || of.place != a; \
            expected = (type)~a;                                                             \
            wrong += llmobsi_cas_acquire_release(&of.place, &expected, b) || expected != a;  \
            /* What comes back has the place's own size. */                                  \
            wrong += sizeof(llmobsi_load_relaxed(&of.place)) != sizeof(type);                \
            wrong += sizeof(llmobsi_add_relaxed(&of.place, 1)) != sizeof(type);              \
        }                                                                                    \
        wrong += of.before != (type)0x5a5a5a5a5a5a5a5aull || of.behind != of.before;         \
        is_int(wrong, 0, "atomic operations: " #type);                                       \
    } while (0)

static void check_pointers(void)
{
    static int things[2];
    int* place = &things[0];
    int* expected = &things[1];
    ok(llmobsi_pointer_load_relaxed(int, &place) == &things[0], "a pointer, loaded");
    llmobsi_pointer_store_release(&place, &things[1]);
    ok(llmobsi_pointer_load_acquire(int, &place) == &things[1], "a pointer, stored");
    ok(llmobsi_pointer_cas_acquire_release(&place, &expected, &things[0]) && place == &things[0],
       "a pointer, replaced");
    ok(!llmobsi_pointer_cas_acquire_release(&place, &expected, &things[0]) &&
           expected == &things[0],
       "or not, and told why");
}

/* ---- atomic operations: many at a time ----------------------------------------------------- */

static llmobsi_atomic64 sum64;
static llmobsi_atomic64 tried64;
static llmobsi_atomic32 sum32;
static llmobsi_atomic8 sum8;
static llmobsi_atomic64 halves; /* both the same, whoever reads it */
static llmobsi_atomic32 torn;
static llmobsi_atomic32 there; /* threads that have begun: they wait for each other */

static void* change(void* which)
{
    uint64_t number = (uint64_t)(uintptr_t)which + 1;
    int i;
    (void)llmobsi_add_ordered(&there, 1);
    while (llmobsi_load_acquire(&there) < THREADS) {
        (void)sched_yield();
    }
    for (i = 0; i < ROUNDS; i++) {
        uint64_t seen = llmobsi_load_relaxed(&tried64);
        uint64_t both;
        (void)llmobsi_add_relaxed(&sum64, UINT64_C(0x100000001));
        (void)llmobsi_add_ordered(&sum32, 1);
        (void)llmobsi_add_relaxed(&sum8, 1);
        while (!llmobsi_cas_acquire_release(&tried64, &seen, seen + 3)) {
        }
        llmobsi_store_release(&halves, number << 32 | number);
        both = llmobsi_load_acquire(&halves);
        if (both >> 32 != (both & UINT32_MAX)) {
            (void)llmobsi_add_relaxed(&torn, 1);
        }
    }
    return NULL;
}

static void check_threads(void)
{
    pthread_t threads[THREADS];
    int i;
    for (i = 0; i < THREADS; i++) {
        (void)pthread_create(&threads[i], NULL, change, (void*)(uintptr_t)i);
    }
    for (i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    ok(sum64 == UINT64_C(0x100000001) * ROUNDS * THREADS, "64 bits by many threads: none is lost");
    ok(tried64 == (uint64_t)3 * ROUNDS * THREADS, "by compare and exchange: none is lost");
    ok(sum32 == (uint32_t)ROUNDS * THREADS, "32 bits: none is lost");
    ok(sum8 == (uint8_t)((uint32_t)ROUNDS * THREADS), "8 bits: none is lost");
    is_int(torn, 0, "64 bits are loaded and stored in one piece");
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void check_rest(void)
{
    struct LLMOBS_I_ALIGNED(64) aligned {
        char byte;
    };
    unsigned char secret[100];
    size_t i, left = 0;
    uint64_t mode = llmobsi_number_mode();
    llmobsi_set_number_mode(LLMOBS_I_PLAIN_MODE);
    is_int(llmobsi_number_mode(), LLMOBS_I_PLAIN_MODE, "numbers are computed in the plain mode");
    llmobsi_set_number_mode(mode);
    is_int(llmobsi_number_mode(), mode, "and then in the host's again");
    memset(secret, 0x77, sizeof secret);
    llmobsi_zero(secret + 1, sizeof secret - 2);
    for (i = 1; i < sizeof secret - 1; i++) {
        left += secret[i];
    }
    ok(left == 0 && secret[0] == 0x77 && secret[sizeof secret - 1] == 0x77, "zeros, no more");
    ok(sizeof(struct aligned) == 64, "aligned");
    ok(llmobsi_cycles() <= llmobsi_cycles() || !llmobsi_cycles_are_invariant(), "a clock");
    ok(llmobsi_plus(llmobsi_over(1.0, 4.0), llmobsi_times(0.5, 0.5)) == 0.5, "pinned numbers");
    ok(llmobsi_sqrt(2.0) == 1.4142135623730951, "a root");
}

int main(void)
{
#ifndef LLMOBS_I_MSVC
#error These are not the words of MSVC.
#endif
    make_numbers();
    check_bits();
    check_overflow();
    check_products();
    CHECK_PLACE(uint8_t, llmobsi_atomic8);
    CHECK_PLACE(uint32_t, llmobsi_atomic32);
    CHECK_PLACE(uint64_t, llmobsi_atomic64);
    check_pointers();
    check_threads();
    check_rest();
    return done();
}
