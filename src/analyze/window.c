/* Windows of a counter: what a cumulative value was at any time of the last week, from a ring of
   snapshots a tier. Time is in steps of 10 s, from 0 on; the caller has the clock. Pure: no lock,
   one owner, who gives the room.

   A tier keeps the value at each multiple of its period, also where no step was put: then the value
   before still held. In between, the value is taken to grow evenly from snapshot to snapshot. So
   increase(W) = C(now) - C(now - W), nothing is extrapolated, and it is exact where both ends are
   snapshots: at any step of the last 350 s, then at full minutes, quarters of hours, hours, counted
   from step 0. Otherwise it is off by less than what came in the gaps between snapshots in which
   its ends fall (both ends in one gap: that gap, once): of steady traffic 3.3 % of 30 min, 1.7 % of
   1 h, 1 % of 1 d, 0.6 % of 7 d at most; of a burst that fell into such a gap, all of it. */

#define LLMOBS_I_WINDOW_STEP_S 10u
#define LLMOBS_I_WINDOW_TIERS 4u
#define LLMOBS_I_WINDOW_WORDS_MOST 863u

typedef struct llmobsi_window_tier {
    uint32_t period; /* steps; it divides the next tier's                 */
    uint32_t slots;  /* reaches back (slots - 1) * period steps, or more  */
    uint32_t start;  /* its first word                                    */
} llmobsi_window_tier;

static const llmobsi_window_tier llmobsi_window_tiers_of[LLMOBS_I_WINDOW_TIERS] = {
    {1, 36, 0}, {6, 365, 36}, {90, 292, 401}, {360, 170, 693}};

typedef struct llmobsi_window {
    double* values; /* llmobsi_window_words(tiers), the owner's                      */
    uint32_t tiers;
    int64_t first;  /* the step that it began with: before, its value held for ever  */
    int64_t last;   /* the newest step                                               */
} llmobsi_window;

/* Steps that a tier reaches back just before its oldest slot is written over; one just written
   reaches as far. */
llmobsi_inline uint32_t llmobsi_window_reach(const llmobsi_window_tier* tier)
{
    return (tier->slots - 1) * tier->period;
}

/* How many tiers see so far back, range and offset together; 0: more than 7 d 1 h. */
llmobsi_fn uint32_t llmobsi_window_tiers(uint32_t span_s)
{
    uint32_t i;
    for (i = 0; i < LLMOBS_I_WINDOW_TIERS; i++) {
        if (span_s <= llmobsi_window_reach(&llmobsi_window_tiers_of[i]) * LLMOBS_I_WINDOW_STEP_S) {
            return i + 1;
        }
    }
    return 0;
}

/* The doubles that so many tiers, at least 1, need. */
llmobsi_inline uint32_t llmobsi_window_words(uint32_t tiers)
{
    return llmobsi_window_tiers_of[tiers - 1].start + llmobsi_window_tiers_of[tiers - 1].slots;
}

/* Where a tier keeps a multiple of its period, at most `slots` before step 0. */
llmobsi_inline double* llmobsi_window_slot(const llmobsi_window* window,
                                           const llmobsi_window_tier* tier, int64_t multiple)
{
    return &window->values[tier->start + (uint32_t)((multiple + tier->slots) % tier->slots)];
}

llmobsi_inline double llmobsi_window_newest(const llmobsi_window* window)
{
    return *llmobsi_window_slot(window, &llmobsi_window_tiers_of[0], window->last);
}

/* Begins anew, with the value from which increases count. */
llmobsi_fn void llmobsi_window_begin(llmobsi_window* window, double* values, uint32_t tiers,
                                     int64_t step, double value)
{
    uint32_t i;
    window->values = values;
    window->tiers = tiers;
    window->first = step;
    window->last = step;
    for (i = llmobsi_window_words(tiers); i-- > 0;) {
        values[i] = value;
    }
}

/* Brings one tier to a later step: on the way the value is `held` and, each step, `slope` more. */
llmobsi_inline void llmobsi_window_advance(const llmobsi_window* window,
                                           const llmobsi_window_tier* tier, int64_t step,
                                           double held, double slope, double value)
{
    int64_t multiple = window->last / tier->period + 1;
    int64_t newest = step / tier->period;
    if (newest - multiple >= tier->slots) {
        multiple = newest - tier->slots + 1;
    }
    for (; multiple <= newest; multiple++) {
        int64_t at = multiple * tier->period;
        *llmobsi_window_slot(window, tier, multiple) =
            at == step ? value : held + slope * (double)(at - window->last);
    }
}

/* The value at a step. Between it and the step before, the last value held or, where it comes
   `evenly`, it grew by the same each step; a step that is not later replaces the newest value. What
   is no number leaves the last value. */
llmobsi_fn void llmobsi_window_set(llmobsi_window* window, int64_t step, double value, bool evenly)
{
    double held = llmobsi_window_newest(window);
    double slope = 0.0;
    uint32_t i;
    value = llmobsi_double_is_finite(value) ? value : held;
    if (evenly && step > window->last) {
        slope = (value - held) / (double)(step - window->last);
    }
    for (i = 0; i < window->tiers; i++) {
        const llmobsi_window_tier* tier = &llmobsi_window_tiers_of[i];
        if (step > window->last) {
            llmobsi_window_advance(window, tier, step, held, slope, value);
        } else if (window->last % tier->period == 0) {
            *llmobsi_window_slot(window, tier, window->last / tier->period) = value;
        }
    }
    window->last = step > window->last ? step : window->last;
}

llmobsi_fn void llmobsi_window_put(llmobsi_window* window, int64_t step, double value)
{
    llmobsi_window_set(window, step, value, false);
}

/* How many steps ago the oldest snapshot of a tier was taken. */
llmobsi_inline uint32_t llmobsi_window_oldest(const llmobsi_window* window,
                                              const llmobsi_window_tier* tier)
{
    return (uint32_t)(window->last % tier->period) + llmobsi_window_reach(tier);
}

/* What the value was so many steps before the newest one, by the finest tier that reaches so far;
   beyond all of them, the oldest value that is known. A gap at the border of two tiers ends where
   the finer one begins, so what grows is seen to grow. */
llmobsi_fn double llmobsi_window_at(const llmobsi_window* window, double steps_ago)
{
    const llmobsi_window_tier* tier = llmobsi_window_tiers_of;
    const llmobsi_window_tier* end = tier + window->tiers - 1;
    double since_first = (double)(window->last - window->first);
    double low, high, low_ago, high_ago, since_newest;
    int64_t after;
    while (tier < end && steps_ago > llmobsi_window_oldest(window, tier)) {
        tier++;
    }
    steps_ago = llmobsi_clamp(steps_ago, 0.0, llmobsi_window_oldest(window, tier));
    since_newest = steps_ago - (double)(window->last % tier->period);
    after = window->last / tier->period - (int64_t)(since_newest / tier->period);
    high_ago = (double)(window->last - after * tier->period);
    high = *llmobsi_window_slot(window, tier, after);
    if (high_ago >= steps_ago) {
        return high;
    }
    low = *llmobsi_window_slot(window, tier, after - 1);
    low_ago = high_ago + tier->period;
    if (tier > llmobsi_window_tiers_of && high_ago < llmobsi_window_oldest(window, tier - 1)) {
        high_ago = llmobsi_window_oldest(window, tier - 1);
        high = *llmobsi_window_slot(window, tier - 1,
                                    window->last / tier[-1].period - tier[-1].slots + 1);
    }
    low_ago = low_ago < since_first ? low_ago : since_first;
    return steps_ago < low_ago
               ? high + (low - high) * ((steps_ago - high_ago) / (low_ago - high_ago))
               : low;
}

/* What came between two times: `span` steps, and they ended `offset` steps before the newest one.
   `covered`, which may be NULL, gets the steps of the span that lie within what was seen and what
   the tiers reach. Of a gauge's running integral it is its average times the span. */
llmobsi_fn double llmobsi_window_change(const llmobsi_window* window, uint32_t span,
                                        uint32_t offset, uint32_t* covered)
{
    int64_t seen = window->last - window->first;
    int64_t reach =
        llmobsi_window_oldest(window, &llmobsi_window_tiers_of[window->tiers - 1]);
    if (covered != NULL) {
        seen = (seen < reach ? seen : reach) - offset;
        *covered = seen < 0 ? 0 : seen < span ? (uint32_t)seen : span;
    }
    return llmobsi_window_at(window, offset) -
           llmobsi_window_at(window, (double)offset + (double)span);
}

/* The same of a counter: never below 0. */
llmobsi_fn double llmobsi_window_increase(const llmobsi_window* window, uint32_t span,
                                          uint32_t offset, uint32_t* covered)
{
    double change = llmobsi_window_change(window, span, offset, covered);
    return change > 0.0 ? change : 0.0;
}

/* ---- out to a state file, and back ---- */

/* A snapshot by a number that stays the same wherever the rings stand: tier after tier, each from
   its oldest to its newest, llmobsi_window_words() in all. To take a window back: begin it with its
   first step, set `last`, write the words, and see whether it is sound. */
llmobsi_fn double* llmobsi_window_word(const llmobsi_window* window, uint32_t word)
{
    const llmobsi_window_tier* tier = llmobsi_window_tiers_of;
    while (word >= tier->start + tier->slots) {
        tier++;
    }
    return llmobsi_window_slot(window, tier,
                               window->last / tier->period + (int64_t)(word - tier->start) + 1);
}

/* One tier of a window that came from outside. What the finer one has, too, is the same there; what
   is older is not more than that one's oldest. */
llmobsi_fn bool llmobsi_window_tier_is_sound(const llmobsi_window* window, uint32_t number,
                                             bool grows)
{
    const llmobsi_window_tier* tier = &llmobsi_window_tiers_of[number];
    int64_t finer_oldest = number > 0 ? (int64_t)llmobsi_window_oldest(window, tier - 1) : -1;
    double before = 0.0;
    uint32_t i;
    for (i = 0; i < tier->slots; i++) {
        double value = *llmobsi_window_word(window, tier->start + i);
        int64_t ago = llmobsi_window_oldest(window, tier) - (int64_t)i * tier->period;
        bool both = ago <= finer_oldest;
        double finer = number == 0
                           ? value
                           : llmobsi_window_at(window, (double)(both ? ago : finer_oldest));
        if (!llmobsi_double_is_finite(value) || (both && (value < finer || value > finer)) ||
            (grows && ((i > 0 && value < before) || value > finer))) {
            return false;
        }
        before = value;
    }
    return true;
}

/* Whether a window that came from outside could have become what it is: of a counter, `grows`. */
llmobsi_fn bool llmobsi_window_is_sound(const llmobsi_window* window, bool grows)
{
    uint32_t i;
    if (window->first < 0 || window->first > window->last) {
        return false;
    }
    for (i = 0; i < window->tiers; i++) {
        if (!llmobsi_window_tier_is_sound(window, i, grows)) {
            return false;
        }
    }
    return true;
}
