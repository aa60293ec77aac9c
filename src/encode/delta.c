/* From cumulative to delta. One exporter may have counters and histograms as differences since its
   last batch of metrics. What it has been told of a series stands in as many numbers as the series
   has cells, at the same places, in memory that is there where llmobs_config.metric_delta is set.
   Cells only grow, so a difference is never negative, and what is once told is not told again.
   Until when it was told each series has by itself: a reading that finds no room may stop half way,
   and the points of a series must not overlap in time. */

typedef struct llmobsi_delta {
    uint64_t* told; /* by number of cell. All of it: who reads metrics for the one exporter */
    size_t count;
    uint64_t* until_unix_ns; /* by number of series; 0: it was never told */
    size_t series_count;
} llmobsi_delta;

/* What is new of a number. Returns it, and takes it for told. */
llmobsi_inline uint64_t llmobsi_delta_take(uint64_t* told, uint64_t now)
{
    uint64_t news = now - *told;
    *told = now;
    return news;
}

llmobsi_fn uint64_t llmobsi_delta_sum(uint8_t number, uint64_t* told, uint64_t now)
{
    uint64_t before = *told;
    *told = now;
    return number == LLMOBS_NUMBER_DOUBLE
               ? llmobsi_double_bits(llmobsi_double_of(now) - llmobsi_double_of(before))
               : now - before;
}

llmobsi_fn void llmobsi_delta_explicit(uint64_t* told, llmobsi_reading* reading)
{
    uint32_t i;
    for (i = 0; i < reading->bucket_count; i++) {
        reading->counts[i] =
            llmobsi_delta_take(&told[LLMOBS_I_EXPLICIT_HEAD + i], reading->counts[i]);
    }
}

/* What was told at a finer scale, or of another range, is moved into the window of now, which holds
   it all. */
llmobsi_fn void llmobsi_delta_exponential(uint64_t* told, llmobsi_reading* reading)
{
    uint64_t before[LLMOBS_EXPONENTIAL_BUCKETS];
    uint64_t* counts = told + LLMOBS_I_EXPONENTIAL_HEAD;
    uint32_t i;
    reading->zeros = llmobsi_delta_take(&told[LLMOBS_I_EXPONENTIAL_ZEROS], reading->zeros);
    if (reading->window == 0) {
        return;
    }
    memset(before, 0, sizeof before);
    if (told[LLMOBS_I_EXPONENTIAL_WINDOW] != 0) {
        llmobsi_counts_move(told[LLMOBS_I_EXPONENTIAL_WINDOW], counts, reading->window, before);
    }
    memcpy(counts, reading->counts, sizeof before);
    told[LLMOBS_I_EXPONENTIAL_WINDOW] = reading->window;
    for (i = 0; i < reading->bucket_count; i++) {
        reading->counts[i] -= before[i];
    }
}

/* Turns a reading into what is new of it. The least and the largest value are of all times: a
   difference has none. A value that is just being recorded may be in the sum and not yet counted,
   or the other way round: where nothing is counted no point goes out, and the sum waits. */
llmobsi_fn void llmobsi_delta_histogram(llmobsi_delta* delta, const llmobsi_metric* metric,
                                        const llmobsi_series* series, llmobsi_reading* reading)
{
    uint64_t* told = delta->told + series->cell;
    uint32_t sum = LLMOBS_I_EXPLICIT_SUM;
    uint32_t i;
    if (metric->instrument == LLMOBS_HISTOGRAM) {
        llmobsi_delta_explicit(told, reading);
    } else {
        sum = LLMOBS_I_EXPONENTIAL_SUM;
        llmobsi_delta_exponential(told, reading);
    }
    reading->count = reading->zeros;
    for (i = 0; i < reading->bucket_count; i++) {
        reading->count += reading->counts[i];
    }
    if (reading->count != 0) {
        reading->sum = llmobsi_delta_sum(metric->number, &told[sum], reading->sum);
    }
}

/* Whether points of this kind are differences. What goes up and down stays what it is. */
llmobsi_inline bool llmobsi_is_delta(const llmobsi_delta* delta, uint8_t instrument)
{
    return delta != NULL && instrument != LLMOBS_UPDOWN && instrument != LLMOBS_GAUGE &&
           instrument != LLMOBS_GAUGE_CALLBACK;
}

/* Since when a point counts. */
llmobsi_inline uint64_t llmobsi_delta_start(const llmobsi_delta* delta, size_t series,
                                            uint64_t created_unix_ns)
{
    uint64_t until_unix_ns = delta->until_unix_ns[series];
    return until_unix_ns > created_unix_ns ? until_unix_ns : created_unix_ns;
}

/* In the child of a fork: its cells begin from zero. */
llmobsi_fn void llmobsi_delta_forked(llmobsi_delta* delta)
{
    memset(delta->told, 0, delta->count * sizeof *delta->told);
    memset(delta->until_unix_ns, 0, delta->series_count * sizeof *delta->until_unix_ns);
}
