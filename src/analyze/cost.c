/* What a request cost: from its counts of tokens and a row of the price table, in whole numbers
   throughout. A price is in femto-USD, a sum has 128 bits, and it is rounded to nano-USD once. */

/* ---- money --------------------------------------------------------------------------------- */

/* Femto-USD: 2^63 tokens of each kind at 10^18 fit. */
typedef struct llmobsi_femto {
    uint64_t low;
    uint64_t high;
} llmobsi_femto;

llmobsi_inline void llmobsi_femto_add(llmobsi_femto* sum, uint64_t tokens, uint64_t rate)
{
    uint64_t low;
    sum->high += llmobsi_multiply(tokens, rate, &low);
    sum->low += low;
    sum->high += sum->low < low;
}

#define LLMOBS_I_WORDS 6u /* of 32 bits: 2^128 * 10^8 * 10^8 fits */

llmobsi_fn void llmobsi_words_make(uint32_t words[LLMOBS_I_WORDS], uint64_t high, uint64_t low)
{
    words[0] = (uint32_t)low;
    words[1] = (uint32_t)(low >> 32);
    words[2] = (uint32_t)high;
    words[3] = (uint32_t)(high >> 32);
    words[4] = 0;
    words[5] = 0;
}

llmobsi_fn void llmobsi_words_multiply(uint32_t words[LLMOBS_I_WORDS], uint32_t factor)
{
    uint64_t carry = 0;
    uint32_t i;
    for (i = 0; i < LLMOBS_I_WORDS; i++) {
        carry += (uint64_t)words[i] * factor;
        words[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

/* Returns the rest. */
llmobsi_fn uint32_t llmobsi_words_divide(uint32_t words[LLMOBS_I_WORDS], uint32_t divisor)
{
    uint64_t rest = 0;
    uint32_t i;
    for (i = LLMOBS_I_WORDS; i-- > 0;) {
        rest = rest << 32 | words[i];
        words[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    return (uint32_t)rest;
}

/* Half of the unit, and so on: to the nearest nano-USD, from the middle to the even one. */
llmobsi_inline uint64_t llmobsi_round_half_even(uint64_t whole, uint64_t rest, uint64_t unit)
{
    return whole + (rest > unit / 2 || (rest == unit / 2 && (whole & 1) != 0));
}

/* The words and `rest` units of a nano-USD, rounded. More than INT64_MAX becomes that. */
llmobsi_fn int64_t llmobsi_words_round(const uint32_t words[LLMOBS_I_WORDS], uint64_t rest,
                                       uint64_t unit)
{
    uint64_t whole = (uint64_t)words[1] << 32 | words[0];
    if ((words[2] | words[3] | words[4] | words[5]) != 0 || whole >= INT64_MAX) {
        return INT64_MAX;
    }
    return (int64_t)llmobsi_round_half_even(whole, rest, unit);
}

/* Everything at once: two uplifts, the change from femto to nano, the rounding. */
llmobsi_cold int64_t llmobsi_femto_round_wide(llmobsi_femto sum, const uint32_t uplifts[2])
{
    uint32_t words[LLMOBS_I_WORDS];
    uint64_t rest = 0, unit = 1;
    int i;
    llmobsi_words_make(words, sum.high, sum.low);
    llmobsi_words_multiply(words, uplifts[0]);
    llmobsi_words_multiply(words, uplifts[1]);
    for (i = 0; i < 3; i++) { /* 10^6 for each uplift, 10^6 for nano */
        rest += llmobsi_words_divide(words, 1000000) * unit;
        unit *= 1000000;
    }
    return llmobsi_words_round(words, rest, unit);
}

#define LLMOBS_I_FEMTO_NARROW (UINT64_C(1) << 56) /* 72 USD: times 100 it fits, in millionths */

/* Nearly all sums are small. */
llmobsi_inline int64_t llmobsi_femto_round(llmobsi_femto sum, const uint32_t uplifts[2])
{
    uint64_t whole = sum.low / 1000000, rest = sum.low % 1000000;
    if (llmobsi_likely(sum.high == 0 && uplifts[0] == LLMOBS_I_UPLIFT_UNIT &&
                       uplifts[1] == LLMOBS_I_UPLIFT_UNIT)) {
        return (int64_t)llmobsi_round_half_even(whole, rest, 1000000);
    }
    if (llmobsi_unlikely(sum.high != 0 || sum.low >= LLMOBS_I_FEMTO_NARROW ||
                         uplifts[1] != LLMOBS_I_UPLIFT_UNIT)) {
        return llmobsi_femto_round_wide(sum, uplifts);
    }
    rest *= uplifts[0];
    whole = whole * uplifts[0] + rest / 1000000;
    rest = whole % 1000000 * 1000000 + rest % 1000000;
    return (int64_t)llmobsi_round_half_even(whole / 1000000, rest, UINT64_C(1000000000000));
}

/* ---- the sum, and its bounds --------------------------------------------------------------- */

/* The whole, and each kind by itself. */
llmobsi_fn int64_t llmobsi_cost_sum_parts(const llmobsi_counts* counts, const llmobsi_rates* rates,
                                          const llmobsi_terms* terms,
                                          int64_t parts[LLMOBS_COST_KIND_COUNT])
{
    llmobsi_femto sum = {0, 0};
    uint32_t left;
    memset(parts, 0, LLMOBS_COST_KIND_COUNT * sizeof *parts);
    for (left = counts->used; left != 0; left &= left - 1) {
        int kind = llmobsi_trailing_zeros32(left);
        llmobsi_femto part = {0, 0};
        llmobsi_femto_add(&part, counts->of[kind], rates->of[kind]);
        parts[kind] = llmobsi_femto_round(part, terms->uplifts);
        sum.low += part.low;
        sum.high += part.high + (sum.low < part.low);
    }
    return llmobsi_femto_round(sum, terms->uplifts);
}

llmobsi_fn int64_t llmobsi_cost_sum(const llmobsi_counts* counts, const llmobsi_rates* rates,
                                    const llmobsi_terms* terms)
{
    llmobsi_femto sum = {0, 0};
    uint32_t left;
    for (left = counts->used; left != 0; left &= left - 1) {
        llmobsi_femto_add(&sum, counts->of[llmobsi_trailing_zeros32(left)],
                          rates->of[llmobsi_trailing_zeros32(left)]);
    }
    return llmobsi_femto_round(sum, terms->uplifts);
}

/* What reading from the cache saved. One that is dearer than none saved nothing. */
llmobsi_fn int64_t llmobsi_cost_saved(const llmobsi_counts* counts, const llmobsi_rates* rates,
                                      const llmobsi_terms* terms, int64_t nano)
{
    llmobsi_rates without = *rates;
    int64_t plain;
    if (counts->of[LLMOBS_COST_CACHE_READ] == 0 || (rates->present & LLMOBS_I_KIND(INPUT)) == 0) {
        return 0;
    }
    without.of[LLMOBS_COST_CACHE_READ] = rates->of[LLMOBS_COST_INPUT];
    plain = llmobsi_cost_sum(counts, &without, terms);
    return plain > nano ? plain - nano : 0;
}

llmobsi_inline void llmobsi_rate_reach(uint64_t* rate, uint64_t other, bool high)
{
    if (high ? other > *rate : other < *rate) {
        *rate = other;
    }
}

/* Tokens of `kind` may be of these parts, too. */
llmobsi_fn void llmobsi_rates_reach(llmobsi_rates* rates, llmobs_cost_kind kind, uint32_t parts,
                                    bool high)
{
    for (; parts != 0; parts &= parts - 1) {
        llmobsi_rate_reach(&rates->of[kind], rates->of[llmobsi_trailing_zeros32(parts)], high);
    }
}

/* The number of input tokens is unknown, and with it the tier: the least or the highest rates of
   all of them. */
llmobsi_fn void llmobsi_rates_of_any(const llmobsi_price_row* row, const llmobsi_terms* terms,
                                     llmobsi_rates* rates, bool high)
{
    const llmobsi_sheet* sheet = llmobsi_row_sheets(row);
    llmobsi_rates other;
    uint32_t i;
    int kind;
    for (i = 0; i < row->sheet_count; i++, sheet = llmobsi_sheet_next(sheet)) {
        if (sheet->threshold != 0) {
            llmobsi_rates_at(row, terms, sheet->threshold + 1, &other);
            for (kind = 0; kind < (int)LLMOBS_COST_KIND_COUNT; kind++) {
                llmobsi_rate_reach(&rates->of[kind], other.of[kind], high);
            }
        }
    }
}

/* What is left of the most tokens that the model takes; false: nobody knows. */
llmobsi_fn bool llmobsi_count_most(llmobsi_counts* counts, llmobs_cost_kind kind, uint32_t parts,
                                   uint32_t most)
{
    uint64_t known = 0;
    for (; parts != 0; parts &= parts - 1) {
        known += counts->of[llmobsi_trailing_zeros32(parts)];
    }
    counts->of[kind] = most > known ? most - known : 0;
    counts->used |= 1u << kind;
    return most != 0;
}

/* The least that it can have cost, or the most; LLMOBS_COST_UNKNOWN: there is no bound. */
llmobsi_fn int64_t llmobsi_cost_bound(const llmobsi_price_row* row, const llmobsi_terms* terms,
                                      const llmobsi_counts* known, const llmobsi_rates* usual,
                                      bool high)
{
    llmobsi_counts counts = *known;
    llmobsi_rates rates = *usual;
    if (high && known->unbounded) {
        return LLMOBS_COST_UNKNOWN;
    }
    if (!known->has_prompt || known->unbounded) {
        llmobsi_rates_of_any(row, terms, &rates, high);
    }
    if (counts.any_hour) {
        llmobsi_rates_reach(&rates, LLMOBS_COST_CACHE_WRITE, LLMOBS_I_KIND(CACHE_WRITE_1H), high);
    }
    llmobsi_rates_reach(&rates, LLMOBS_COST_INPUT, counts.unknown & LLMOBS_I_INPUT_PARTS, high);
    llmobsi_rates_reach(&rates, LLMOBS_COST_OUTPUT, counts.unknown & LLMOBS_I_OUTPUT_PARTS, high);
    if (high && !known->has_prompt &&
        !llmobsi_count_most(&counts, LLMOBS_COST_INPUT, LLMOBS_I_INPUT_PARTS, row->max_input)) {
        return LLMOBS_COST_UNKNOWN;
    }
    if (high && !known->has_completion &&
        !llmobsi_count_most(&counts, LLMOBS_COST_OUTPUT, LLMOBS_I_OUTPUT_PARTS,
                            row->max_output)) {
        return LLMOBS_COST_UNKNOWN;
    }
    return llmobsi_cost_sum(&counts, &rates, terms);
}

/* ---- the whole ----------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_cost_forget(llmobs_cost* cost)
{
    int kind;
    cost->nano = LLMOBS_COST_UNKNOWN;
    cost->saved = LLMOBS_COST_UNKNOWN;
    for (kind = 0; kind < (int)LLMOBS_COST_KIND_COUNT; kind++) {
        cost->of[kind] = LLMOBS_COST_UNKNOWN;
    }
}

/* Field by field: a memset of so many bytes would cost more than the sum. */
llmobsi_fn void llmobsi_cost_begin(llmobs_cost* cost)
{
    cost->size = sizeof *cost;
    cost->status = LLMOBS_COST_UNKNOWN_MODEL;
    llmobsi_cost_forget(cost);
    cost->low = 0;
    cost->high = LLMOBS_COST_UNKNOWN;
    cost->saturated = false;
    cost->inconsistent = false;
    cost->dated = false;
    cost->wildcard = false;
    cost->tiered = false;
    cost->off_peak = false;
    cost->threshold = 0;
    cost->uplift = LLMOBS_I_UPLIFT_UNIT;
    cost->service_tier = "";
    cost->row[0] = '\0';
    cost->table[0] = '\0';
    cost->date[0] = '\0';
}

/* Which prices it was. */
llmobsi_fn void llmobsi_cost_explain(const llmobsi_price_row* row, const llmobsi_terms* terms,
                                     const llmobsi_rates* rates, llmobs_cost* cost)
{
    memcpy(cost->row, llmobsi_row_name(row), (size_t)row->name_size + 1);
    cost->tiered = rates->tiered;
    cost->threshold = (int64_t)rates->threshold;
    cost->off_peak = terms->off_peak;
    cost->service_tier = llmobsi_service_tiers[rates->tier];
    cost->uplift = (uint64_t)terms->uplifts[0] * terms->uplifts[1] / LLMOBS_I_UPLIFT_UNIT;
}

/* A bound that no request can reach is none that was computed. */
llmobsi_fn void llmobsi_cost_judge(int64_t most, llmobs_cost* cost)
{
    int64_t least = cost->nano > cost->low ? cost->nano : cost->low;
    cost->saturated = cost->low == INT64_MAX || cost->high == INT64_MAX;
    if (cost->status < LLMOBS_COST_NO_USAGE && least > most) {
        cost->status = LLMOBS_COST_REFUSED;
    }
    if (cost->status >= LLMOBS_COST_NO_USAGE) {
        llmobsi_cost_forget(cost);
    }
}

/* Whether a kind that was used, or may have been, has no price. */
llmobsi_fn bool llmobsi_cost_is_unpriced(const llmobsi_counts* counts, const llmobsi_rates* rates)
{
    uint32_t used = counts->used | (counts->has_prompt ? 0 : LLMOBS_I_KIND(INPUT));
    return (used & ~rates->present) != 0;
}

/* What a request cost by a row, into a `cost` that is begun: inside, since the row stays no longer.
   `unix_ns` is when; `most` in nano-USD. Who found the row says so in `cost`. */
llmobsi_fn void llmobsi_cost_compute(const llmobsi_price_row* row, const llmobs_cost_query* query,
                                     uint64_t unix_ns, int64_t most, llmobs_cost* cost)
{
    llmobsi_counts counts;
    llmobsi_terms terms;
    llmobsi_rates rates;
    bool any = llmobsi_counts_read(&counts, &query->usage, query->cache_additive);
    llmobsi_terms_make(row, query, unix_ns, &terms);
    llmobsi_rates_at(row, &terms, counts.prompt, &rates);
    llmobsi_cost_explain(row, &terms, &rates, cost);
    cost->inconsistent = counts.inconsistent;
    if (!any) {
        cost->status = LLMOBS_COST_NO_USAGE;
        return;
    }
    if ((rates.present & LLMOBS_I_KIND(OUTPUT)) == 0 && !counts.has_completion) {
        counts.has_completion = true; /* an embedding has no output, and no price of it */
        counts.unknown &= ~LLMOBS_I_OUTPUT_PARTS;
    }
    cost->low = llmobsi_cost_sum_parts(&counts, &rates, &terms, cost->of);
    if (llmobsi_cost_is_unpriced(&counts, &rates)) {
        cost->status = LLMOBS_COST_UNPRICED;
        llmobsi_cost_judge(most, cost);
        return;
    }
    cost->nano = cost->low;
    cost->high = cost->low;
    cost->saved = llmobsi_cost_saved(&counts, &rates, &terms, cost->nano);
    if (llmobsi_unlikely(!counts.has_prompt || !counts.has_completion)) {
        llmobsi_cost_forget(cost);
    }
    if (llmobsi_counts_are_open(&counts)) {
        cost->low = llmobsi_cost_bound(row, &terms, &counts, &rates, false);
        cost->high = llmobsi_cost_bound(row, &terms, &counts, &rates, true);
    }
    cost->status = cost->nano == cost->low && cost->nano == cost->high ? LLMOBS_COST_EXACT
                                                                       : LLMOBS_COST_RANGE;
    llmobsi_cost_judge(most, cost);
}

/* ---- for the host -------------------------------------------------------------------------- */

/* What becomes of those that have no cost is counted. */
llmobsi_fn void llmobsi_cost_count(llmobsi_prices* prices, llmobs_cost_status status)
{
    if (status == LLMOBS_COST_NO_USAGE) {
        (void)llmobsi_add_relaxed(&prices->no_usage, 1);
    } else if (status == LLMOBS_COST_UNKNOWN_MODEL || status == LLMOBS_COST_UNPRICED) {
        (void)llmobsi_add_relaxed(&prices->unknown_models, 1);
    } else if (status == LLMOBS_COST_REFUSED) {
        (void)llmobsi_add_relaxed(&prices->refused, 1);
    }
}

/* The cost of a query of this version's size by the table in use, into a `cost` that is begun.
   Inside. */
llmobsi_fn void llmobsi_cost_find(llmobsi_recorder* recorder, const llmobs_cost_query* query,
                                  llmobs_cost* cost)
{
    llmobsi_prices* prices = llmobsi_prices_of(recorder);
    const llmobsi_price_table* table = prices != NULL ? llmobsi_prices_table(prices) : NULL;
    llmobsi_price_match match;
    if (table == NULL) {
        if (prices != NULL) {
            llmobsi_cost_count(prices, cost->status);
        }
        return;
    }
    memcpy(cost->table, table->about.id, sizeof cost->table);
    memcpy(cost->date, table->about.date, sizeof cost->date);
    match = llmobsi_price_find(prices, table, llmobs_str(query->provider),
                               llmobs_str(query->model));
    if (match.row != NULL) {
        uint64_t when = query->unix_ns;
        if (when == 0 && match.row->off_peak_count > 0) {
            when = llmobsi_clock_unix_ns(&recorder->timeline.injected);
        }
        cost->dated = match.dated;
        cost->wildcard = match.wildcard;
        llmobsi_cost_compute(match.row, query, when, prices->most, cost);
    }
    if (llmobsi_unlikely(cost->status >= LLMOBS_COST_NO_USAGE)) {
        llmobsi_cost_count(prices, cost->status);
    }
}

LLMOBS_API llmobs_cost llmobs_cost_default(void)
{
    llmobs_cost cost;
    memset(&cost, 0, sizeof cost);
    cost.size = sizeof cost;
    return cost;
}

LLMOBS_API llmobs_result llmobs_cost_of(llmobs* obs, const llmobs_cost_query* query,
                                        llmobs_cost* cost)
{
    llmobs_cost_query complete; /* these two: for structs of an older version */
    llmobs_cost found;
    llmobs_cost* to = cost;
    llmobsi_thread* thread;
    if (query == NULL || cost == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (llmobsi_unlikely(llmobsi_known_size(query->size, sizeof complete) < sizeof complete)) {
        complete = llmobs_cost_query_default();
        memcpy(&complete, query, query->size);
        query = &complete;
    }
    if (llmobsi_unlikely(llmobsi_known_size(cost->size, sizeof found) < sizeof found)) {
        to = &found;
    }
    llmobsi_cost_begin(to);
    thread = llmobsi_enter(llmobsi_ticket(obs));
    if (thread != NULL) {
        llmobsi_cost_find(thread->recorder, query, to);
        llmobsi_leave();
    }
    if (llmobsi_unlikely(to != cost)) {
        found.size = cost->size;
        memcpy(cost, &found, found.size);
    }
    return thread != NULL ? LLMOBS_OK : LLMOBS_ERROR_CLOSED;
}
