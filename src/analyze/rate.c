/* What a token of each kind costs in a request: which sheets of a row hold, and what is laid over
   what. */

LLMOBS_API llmobs_cost_query llmobs_cost_query_default(void)
{
    llmobs_cost_query query;
    memset(&query, 0, sizeof query);
    query.size = sizeof query;
    llmobsi_usage_clear(&query.usage);
    return query;
}

/* ---- rates --------------------------------------------------------------------------------- */

/* What decides about rates beside the number of tokens. */
typedef struct llmobsi_terms {
    llmobsi_service_tier tier;
    bool off_peak;
    uint32_t uplifts[2]; /* millionths; the second is 1 but where both in one are no whole number */
} llmobsi_terms;

/* A token of each kind, in femto-USD; those that are not `present` have no price. */
typedef struct llmobsi_rates {
    uint64_t of[LLMOBS_COST_KIND_COUNT];
    uint32_t present;
    uint64_t threshold;
    bool tiered;
    llmobsi_service_tier tier;
} llmobsi_rates;

llmobsi_inline void llmobsi_rates_lay(llmobsi_rates* rates, const llmobsi_sheet* sheet)
{
    const uint64_t* from = llmobsi_sheet_rates(sheet);
    uint32_t left = sheet->present;
    while (left != 0) {
        rates->of[llmobsi_trailing_zeros32(left)] = *from++;
        left &= left - 1;
    }
    rates->present |= sheet->present;
}

llmobsi_inline bool llmobsi_threshold_passed(const llmobsi_price_row* row, uint64_t threshold,
                                             uint64_t prompt)
{
    return prompt > threshold || (prompt == threshold && row->inclusive);
}

/* The highest threshold that a request has passed of those with a price of the input: of the plain
   sheets and of tiered_pricing, of which *tier is the one that holds. */
llmobsi_fn uint64_t llmobsi_rates_threshold(const llmobsi_price_row* row,
                                            llmobsi_service_tier service, uint64_t prompt,
                                            const llmobsi_sheet** tier)
{
    const llmobsi_sheet* sheet = llmobsi_row_sheets(row);
    uint64_t highest = 0;
    uint32_t i;
    *tier = NULL;
    for (i = 0; i < row->sheet_count; i++, sheet = llmobsi_sheet_next(sheet)) {
        if (sheet->form == (uint8_t)LLMOBS_I_SHEET_TIERED) {
            if (sheet->threshold == 0 || prompt > sheet->threshold) {
                *tier = sheet; /* they ascend */
            }
        } else if (sheet->form == (uint8_t)LLMOBS_I_SHEET_PLAIN && sheet->threshold != 0 &&
                   (sheet->tier == 0 || sheet->tier == (uint8_t)service) &&
                   (sheet->present & LLMOBS_I_KIND(INPUT)) != 0 &&
                   llmobsi_threshold_passed(row, sheet->threshold, prompt)) {
            highest = sheet->threshold;
        }
    }
    return highest;
}

/* A kind without a price has that of the kind it is part of. */
llmobsi_inline void llmobsi_rates_derive(llmobsi_rates* rates, llmobs_cost_kind kind,
                                         llmobs_cost_kind from)
{
    if ((rates->present >> kind & 1) == 0 && (rates->present >> from & 1) != 0) {
        rates->of[kind] = rates->of[from];
        rates->present |= 1u << kind;
    }
}

llmobsi_inline void llmobsi_rates_complete(llmobsi_rates* rates)
{
    llmobsi_rates_derive(rates, LLMOBS_COST_CACHE_READ, LLMOBS_COST_INPUT);
    llmobsi_rates_derive(rates, LLMOBS_COST_CACHE_WRITE, LLMOBS_COST_INPUT);
    llmobsi_rates_derive(rates, LLMOBS_COST_CACHE_WRITE_1H, LLMOBS_COST_CACHE_WRITE);
    llmobsi_rates_derive(rates, LLMOBS_COST_AUDIO_INPUT, LLMOBS_COST_INPUT);
    llmobsi_rates_derive(rates, LLMOBS_COST_IMAGE_INPUT, LLMOBS_COST_INPUT);
    llmobsi_rates_derive(rates, LLMOBS_COST_OUTPUT, LLMOBS_COST_IMAGE_OUTPUT);
    llmobsi_rates_derive(rates, LLMOBS_COST_REASONING, LLMOBS_COST_OUTPUT);
    llmobsi_rates_derive(rates, LLMOBS_COST_AUDIO_OUTPUT, LLMOBS_COST_OUTPUT);
    llmobsi_rates_derive(rates, LLMOBS_COST_IMAGE_OUTPUT, LLMOBS_COST_OUTPUT);
}

/* A sheet of the service tier with a price of the output is dearer or cheaper as a whole: reasoning
   without a price of its own there goes with the output. */
llmobsi_inline void llmobsi_rates_lay_service(llmobsi_rates* rates, const llmobsi_sheet* sheet)
{
    if (sheet->tier != 0) {
        rates->tier = (llmobsi_service_tier)sheet->tier;
        if (sheet->threshold == 0 && (sheet->present & LLMOBS_I_KIND(OUTPUT)) != 0) {
            rates->present &= ~LLMOBS_I_KIND(REASONING);
        }
    }
    llmobsi_rates_lay(rates, sheet);
}

/* A tier of tiered_pricing does not mix with what stands beside it, but for kinds that it can't
   have and an output it does not name. */
llmobsi_inline void llmobsi_rates_lay_tier(llmobsi_rates* rates, const llmobsi_sheet* sheet)
{
    rates->present &= ~(LLMOBS_I_KIND(CACHE_READ) | LLMOBS_I_KIND(CACHE_WRITE) |
                        LLMOBS_I_KIND(CACHE_WRITE_1H));
    if ((sheet->present & LLMOBS_I_KIND(OUTPUT)) != 0) {
        rates->present &= ~LLMOBS_I_KIND(REASONING);
    }
    rates->tiered = true;
    rates->threshold = sheet->threshold;
    llmobsi_rates_lay(rates, sheet);
}

/* The rates of a request with so many input tokens: all of it has the same. */
llmobsi_fn void llmobsi_rates_at(const llmobsi_price_row* row, const llmobsi_terms* terms,
                                 uint64_t prompt, llmobsi_rates* rates)
{
    const llmobsi_sheet* sheet = llmobsi_row_sheets(row);
    const llmobsi_sheet* tier = NULL;
    uint32_t i;
    memset(rates->of, 0, sizeof rates->of);
    rates->present = 0;
    rates->threshold = 0;
    rates->tiered = false;
    rates->tier = LLMOBS_I_TIER_STANDARD;
    if (row->sheet_count > 1) {
        rates->threshold = llmobsi_rates_threshold(row, terms->tier, prompt, &tier);
    }
    for (i = 0; i < row->sheet_count; i++, sheet = llmobsi_sheet_next(sheet)) {
        if (sheet->form == (uint8_t)LLMOBS_I_SHEET_OFF_PEAK) {
            if (terms->off_peak) {
                llmobsi_rates_lay(rates, sheet);
            }
        } else if (sheet->form == (uint8_t)LLMOBS_I_SHEET_TIERED) {
            if (sheet == tier) {
                llmobsi_rates_lay_tier(rates, sheet);
            }
        } else if ((sheet->tier == 0 || sheet->tier == (uint8_t)terms->tier) &&
                   (sheet->threshold == 0 || sheet->threshold == rates->threshold)) {
            llmobsi_rates_lay_service(rates, sheet);
        }
    }
    llmobsi_rates_complete(rates);
}

/* ---- terms --------------------------------------------------------------------------------- */

/* Off-peak hours are by the clock of UTC, on weekdays of a calendar that may be another. */
llmobsi_fn bool llmobsi_is_off_peak(const llmobsi_price_row* row, uint64_t unix_ns)
{
    const llmobsi_off_peak* hours = llmobsi_row_off_peaks(row);
    int64_t minutes = (int64_t)(unix_ns / UINT64_C(60000000000));
    uint32_t i;
    for (i = 0; i < row->off_peak_count; i++, hours++) {
        uint32_t now = (uint32_t)(minutes % 1440);
        uint32_t weekday = (uint32_t)((minutes + hours->zone) / 1440 + 3) % 7; /* 1970: Thursday */
        bool inside = hours->from < hours->to ? now >= hours->from && now < hours->to
                                              : now >= hours->from || now < hours->to;
        if (inside && (hours->weekdays >> weekday & 1) != 0) {
            return true;
        }
    }
    return false;
}

/* ASCII, whatever the case. */
llmobsi_fn bool llmobsi_words_match(const char* a, const char* b)
{
    while (*a != '\0' && (*a >= 'A' && *a <= 'Z' ? *a | 0x20 : *a) == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

llmobsi_fn llmobsi_service_tier llmobsi_service_tier_of(const llmobs_cost_query* query)
{
    int tier;
    if (query->batch) {
        return LLMOBS_I_TIER_BATCHES;
    }
    if (query->service_tier == NULL) {
        return LLMOBS_I_TIER_STANDARD;
    }
    for (tier = 1; tier < (int)LLMOBS_I_TIER_COUNT; tier++) {
        if (llmobsi_words_match(query->service_tier, llmobsi_service_tiers[tier])) {
            return (llmobsi_service_tier)tier;
        }
    }
    return llmobsi_words_match(query->service_tier, "fast")    ? LLMOBS_I_TIER_PRIORITY
           : llmobsi_words_match(query->service_tier, "batch") ? LLMOBS_I_TIER_BATCHES
                                                               : LLMOBS_I_TIER_STANDARD;
}

/* 0: there is none of this name. */
llmobsi_fn uint32_t llmobsi_uplift_of(const llmobsi_price_row* row, const char* name)
{
    const llmobsi_uplift* uplift = llmobsi_row_uplifts(row);
    uint32_t i;
    for (i = 0; i < row->uplift_count; i++, uplift++) {
        if (llmobsi_words_match(name, uplift->name)) {
            return uplift->millionths;
        }
    }
    return 0;
}

llmobsi_fn void llmobsi_terms_uplifts(const llmobsi_price_row* row, const llmobs_cost_query* query,
                                      llmobsi_terms* terms)
{
    uint32_t found = 0;
    if (query->region != NULL) {
        found = llmobsi_uplift_of(row, query->region);
        if (found == 0 && !llmobsi_words_match(query->region, "global")) {
            found = llmobsi_uplift_of(row, LLMOBS_I_UPLIFT_ELSEWHERE);
        }
    }
    terms->uplifts[0] = found != 0 ? found : LLMOBS_I_UPLIFT_UNIT;
    if (query->service_tier != NULL && llmobsi_words_match(query->service_tier, "fast")) {
        uint64_t both;
        found = llmobsi_uplift_of(row, "fast");
        terms->uplifts[1] = found != 0 ? found : LLMOBS_I_UPLIFT_UNIT;
        both = (uint64_t)terms->uplifts[0] * terms->uplifts[1];
        if (both % LLMOBS_I_UPLIFT_UNIT == 0 &&
            both / LLMOBS_I_UPLIFT_UNIT <= LLMOBS_I_UPLIFT_MOST) {
            terms->uplifts[0] = (uint32_t)(both / LLMOBS_I_UPLIFT_UNIT);
            terms->uplifts[1] = LLMOBS_I_UPLIFT_UNIT;
        }
    }
}

llmobsi_fn void llmobsi_terms_make(const llmobsi_price_row* row, const llmobs_cost_query* query,
                                   uint64_t unix_ns, llmobsi_terms* terms)
{
    terms->tier = llmobsi_service_tier_of(query);
    terms->off_peak = row->off_peak_count > 0 && llmobsi_is_off_peak(row, unix_ns);
    terms->uplifts[0] = LLMOBS_I_UPLIFT_UNIT;
    terms->uplifts[1] = LLMOBS_I_UPLIFT_UNIT;
    if (row->uplift_count > 0) {
        llmobsi_terms_uplifts(row, query, terms);
    }
}
