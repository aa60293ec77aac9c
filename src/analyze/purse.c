/* A purse: an amount with a limit that begins anew with every period. Any thread adds to it if it
   fits, any thread lets the next period begin, and nobody waits.

   `round` has two numbers. The upper one is the budget's round that the purse is in: rounds are
   counted up by the budget whenever its period changes, and never repeat. The lower one, the mark,
   is counted up whenever the purse goes to another round. `used` (what is spent and what is
   reserved) and `spent` carry the lowest four bits of the mark above their amount. To turn the
   purse, `round` is changed by one compare-and-swap; an amount whose mark is one behind counts as
   nothing from that instant on, and who meets it puts it to zero. Before the next turn both are
   brought up to the mark, so none is ever two behind. An addition compares amount and mark at
   once: one that comes late finds another mark, and is told so. Four bits suffice for that: it
   would have to sleep through fifteen turns between its load and its compare-and-swap, and find
   the very amount that it left.

   Amounts: `used` first, then `spent`, so that no reader sees more spent than used. */

#define LLMOBS_I_PURSE_SHIFT 60
#define LLMOBS_I_PURSE_MOST ((UINT64_C(1) << LLMOBS_I_PURSE_SHIFT) - 1)
#define LLMOBS_I_PURSE_OWN_LIMITS 1u

typedef struct LLMOBS_I_ALIGNED(64) llmobsi_purse {
    llmobsi_atomic64 round; /* budget's round << 32 | mark; in round 0 it is nobody's */
    llmobsi_atomic64 used;
    llmobsi_atomic64 spent;
    llmobsi_atomic64 soft; /* this and the next two: under the budgets' lock; any thread reads */
    llmobsi_atomic64 hard;
    llmobsi_atomic32 flags;  /* LLMOBS_I_PURSE_OWN_LIMITS: those two count, not the budget's */
    llmobsi_atomic32 budget; /* its number */
} llmobsi_purse;

typedef enum llmobsi_fit {
    LLMOBS_I_FIT_IN,
    LLMOBS_I_FIT_OVER,
    LLMOBS_I_FIT_MOVED /* the purse is in another round */
} llmobsi_fit;

llmobsi_inline uint64_t llmobsi_purse_mark(uint64_t round)
{
    return round << LLMOBS_I_PURSE_SHIFT;
}

/* Puts an amount that is one mark behind to zero. */
llmobsi_fn void llmobsi_purse_catch_up(llmobsi_atomic64* amount, uint64_t round)
{
    uint64_t before = llmobsi_load_acquire(amount);
    while (llmobsi_purse_mark(before >> LLMOBS_I_PURSE_SHIFT) == llmobsi_purse_mark(round - 1) &&
           !llmobsi_cas_acquire_release(amount, &before, llmobsi_purse_mark(round))) {
    }
}

/* Goes from one round to another, 0 included. False: somebody else has moved it; *round is where
   it is now. */
llmobsi_fn bool llmobsi_purse_move(llmobsi_purse* purse, uint64_t* round, uint32_t to)
{
    uint64_t next = (uint64_t)to << 32 | (uint32_t)(*round + 1);
    llmobsi_purse_catch_up(&purse->used, *round);
    llmobsi_purse_catch_up(&purse->spent, *round);
    if (!llmobsi_cas_acquire_release(&purse->round, round, next)) {
        return false;
    }
    llmobsi_purse_catch_up(&purse->used, next);
    llmobsi_purse_catch_up(&purse->spent, next);
    *round = next;
    return true;
}

/* How far a round is ahead of a budget's: negative, 0, or positive, also past 2^32. */
llmobsi_inline int32_t llmobsi_round_ahead(uint64_t round, uint32_t of)
{
    return (int32_t)((uint32_t)(round >> 32) - of);
}

/* The purse's `round` with the budget's in it, turning it if need be. 0: it is nobody's, or in a
   later round than the caller has heard of. */
llmobsi_inline uint64_t llmobsi_purse_turn(llmobsi_purse* purse, uint32_t to)
{
    uint64_t round = llmobsi_load_acquire(&purse->round);
    while (llmobsi_unlikely((uint32_t)(round >> 32) != to)) {
        if (round >> 32 == 0 || llmobsi_round_ahead(round, to) > 0) {
            return 0;
        }
        (void)llmobsi_purse_move(purse, &round, to);
    }
    return round;
}

/* An amount with its mark. False: the purse has moved on from this round. */
llmobsi_inline bool llmobsi_purse_load(llmobsi_atomic64* amount, uint64_t round, uint64_t* out)
{
    *out = llmobsi_load_acquire(amount);
    if (llmobsi_unlikely((*out & ~LLMOBS_I_PURSE_MOST) != llmobsi_purse_mark(round))) {
        llmobsi_purse_catch_up(amount, round);
        *out = llmobsi_load_acquire(amount);
    }
    return (*out & ~LLMOBS_I_PURSE_MOST) == llmobsi_purse_mark(round);
}

/* Adds to what is used, if it fits. *used: what it was before. */
llmobsi_inline llmobsi_fit llmobsi_purse_reserve(llmobsi_purse* purse, uint64_t round,
                                                 uint64_t nano, uint64_t hard, uint64_t* used)
{
    uint64_t before;
    do {
        if (!llmobsi_purse_load(&purse->used, round, &before)) {
            return LLMOBS_I_FIT_MOVED;
        }
        *used = before & LLMOBS_I_PURSE_MOST;
        if (nano > hard || *used > hard - nano) {
            return LLMOBS_I_FIT_OVER;
        }
    } while (!llmobsi_cas_acquire_release(&purse->used, &before, before + nano));
    return LLMOBS_I_FIT_IN;
}

/* Takes `less` away and adds `more`, as far as the amount goes. False: the mark is another one. */
llmobsi_inline bool llmobsi_purse_shift(llmobsi_atomic64* amount, uint64_t round, uint64_t less,
                                        uint64_t more, bool* saturated)
{
    uint64_t before;
    uint64_t after;
    do {
        if (!llmobsi_purse_load(amount, round, &before)) {
            return false;
        }
        after = before & LLMOBS_I_PURSE_MOST;
        after = after > less ? after - less : 0; /* it is less only after saturation */
        if (llmobsi_unlikely(more > LLMOBS_I_PURSE_MOST - after)) {
            *saturated = true;
            after = LLMOBS_I_PURSE_MOST - more;
        }
        after = llmobsi_purse_mark(round) | (after + more);
    } while (!llmobsi_cas_acquire_release(amount, &before, after));
    return true;
}

/* Books what a reservation came to. False: the round that it was made in is over. */
llmobsi_inline bool llmobsi_purse_book(llmobsi_purse* purse, uint32_t mark, uint64_t reserved,
                                       uint64_t actual, bool* saturated)
{
    if ((uint32_t)llmobsi_load_acquire(&purse->round) != mark) {
        return false;
    }
    if (reserved != actual &&
        !llmobsi_purse_shift(&purse->used, mark, reserved, actual, saturated)) {
        return false;
    }
    return actual == 0 || llmobsi_purse_shift(&purse->spent, mark, 0, actual, saturated);
}

/* Reads both amounts in a budget's round; nothing where the purse is in another. */
llmobsi_fn void llmobsi_purse_read(const llmobsi_purse* purse, uint32_t of, uint64_t* used,
                                   uint64_t* spent)
{
    uint64_t round = llmobsi_load_acquire(&purse->round);
    uint64_t mark = llmobsi_purse_mark(round);
    *spent = llmobsi_load_acquire(&purse->spent); /* this one first: it is no more than the next */
    *used = llmobsi_load_acquire(&purse->used);
    if ((uint32_t)(round >> 32) != of || (*used & ~LLMOBS_I_PURSE_MOST) != mark) {
        *used = 0;
        *spent = 0;
    } else {
        *spent = (*spent & ~LLMOBS_I_PURSE_MOST) == mark ? *spent & LLMOBS_I_PURSE_MOST : 0;
        *used &= LLMOBS_I_PURSE_MOST;
    }
}
