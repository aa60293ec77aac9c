/* Drift of what can be counted: windows of counts, and tests that compare two of them. No threshold
   is chosen by hand: each test has a p-value, which means the same at 20 values and at 20,000. */

#define LLMOBS_I_DRIFT_COUNTS_OCTAVES 24u
#define LLMOBS_I_DRIFT_COUNTS_GROUPS 8u     /* of numbers, at most */
#define LLMOBS_I_DRIFT_COUNTS_EXPECTED 5.0  /* from this expected count on chi-square is good */
#define LLMOBS_I_DRIFT_COUNTS_ROWS (2u * LLMOBS_DRIFT_COUNTS_NAMES + 1u)
#define LLMOBS_I_DRIFT_COUNTS_OTHER "__other__"

LLMOBS_I_STATIC_ASSERT(drift_bins,
                       LLMOBS_DRIFT_COUNTS_BINS == 8u * LLMOBS_I_DRIFT_COUNTS_OCTAVES + 2u);
LLMOBS_I_STATIC_ASSERT(drift_counts_size, sizeof(llmobs_drift_counts) <= 2048);

/* ---- windows ------------------------------------------------------------------------------- */

llmobsi_inline void llmobsi_drift_counts_add(uint32_t* count, uint32_t more)
{
    *count = *count < UINT32_MAX - more ? *count + more : UINT32_MAX;
}

/* The bin of a number that is not below 0: the three bits after the leading one tell which eighth
   of its octave it is in. */
llmobsi_inline uint32_t llmobsi_drift_counts_bin(double number)
{
    uint64_t bits = llmobsi_double_bits(number);
    if (number < 1.0) {
        return 0;
    }
    if (number >= (double)(UINT32_C(1) << LLMOBS_I_DRIFT_COUNTS_OCTAVES)) {
        return LLMOBS_DRIFT_COUNTS_BINS - 1;
    }
    return (uint32_t)(bits >> 49) - (1023u << 3) + 1u;
}

/* Where a bin begins. */
llmobsi_inline double llmobsi_drift_counts_bin_low(uint32_t bin)
{
    uint32_t eighths = bin - 1;
    return bin == 0 ? 0.0
                    : (double)(UINT32_C(1) << eighths / 8) * (1.0 + 0.125 * (double)(eighths % 8));
}

llmobsi_inline double llmobsi_drift_counts_bin_high(uint32_t bin, double largest)
{
    return bin + 1 < LLMOBS_DRIFT_COUNTS_BINS ? llmobsi_drift_counts_bin_low(bin + 1) : largest;
}

LLMOBS_API void llmobs_drift_counts_number(llmobs_drift_counts* counts, double number)
{
    if (counts == NULL) {
        return;
    }
    if (llmobsi_unlikely(!llmobsi_double_is_finite(number) || number < 0.0)) {
        counts->refused++;
        return;
    }
    llmobsi_drift_counts_add(&counts->bins[llmobsi_drift_counts_bin(number)], 1);
    counts->largest = number > counts->largest ? number : counts->largest;
}

/* The place of a name, which is padded with zeros; that of others where it has none. */
llmobsi_fn uint32_t llmobsi_drift_counts_name_find(const llmobs_drift_counts* counts,
                                                   const char* name)
{
    uint32_t i;
    for (i = 0; i < counts->name_count; i++) {
        if (memcmp(counts->names[i], name, LLMOBS_DRIFT_COUNTS_NAME_SIZE) == 0) {
            return i;
        }
    }
    return LLMOBS_DRIFT_COUNTS_NAMES;
}

/* The same; it takes a place if there is one left. */
llmobsi_fn uint32_t llmobsi_drift_counts_name_take(llmobs_drift_counts* counts, const char* name)
{
    uint32_t place = llmobsi_drift_counts_name_find(counts, name);
    if (place == LLMOBS_DRIFT_COUNTS_NAMES && counts->name_count < LLMOBS_DRIFT_COUNTS_NAMES) {
        place = counts->name_count++;
        memcpy(counts->names[place], name, LLMOBS_DRIFT_COUNTS_NAME_SIZE);
    }
    return place;
}

LLMOBS_API void llmobs_drift_counts_category(llmobs_drift_counts* counts, llmobs_string name)
{
    char padded[LLMOBS_DRIFT_COUNTS_NAME_SIZE];
    size_t size;
    uint32_t place;
    if (counts == NULL) {
        return;
    }
    name = llmobs_text(name.data, name.size);
    size = name.size;
    if (name.data == NULL || size == 0) {
        counts->refused++;
        return;
    }
    if (size >= sizeof padded) {
        size = llmobsi_utf8_whole(name.data, sizeof padded - 1);
    }
    memset(padded, 0, sizeof padded);
    memcpy(padded, name.data, size);
    place = llmobsi_drift_counts_name_take(counts, padded);
    llmobsi_drift_counts_add(&counts->categories[place], 1);
}

LLMOBS_API void llmobs_drift_counts_flag(llmobs_drift_counts* counts, uint32_t flag, bool is_yes)
{
    if (counts == NULL) {
        return;
    }
    if (flag >= LLMOBS_DRIFT_COUNTS_FLAGS) {
        counts->refused++;
        return;
    }
    llmobsi_drift_counts_add(&counts->flags[flag][is_yes], 1);
}

LLMOBS_API void llmobs_drift_counts_merge(llmobs_drift_counts* counts,
                                          const llmobs_drift_counts* other)
{
    uint32_t i;
    if (counts == NULL || other == NULL) {
        return;
    }
    for (i = 0; i < LLMOBS_DRIFT_COUNTS_BINS; i++) {
        llmobsi_drift_counts_add(&counts->bins[i], other->bins[i]);
    }
    for (i = 0; i < other->name_count; i++) {
        uint32_t place = llmobsi_drift_counts_name_take(counts, other->names[i]);
        llmobsi_drift_counts_add(&counts->categories[place], other->categories[i]);
    }
    llmobsi_drift_counts_add(&counts->categories[LLMOBS_DRIFT_COUNTS_NAMES],
                        other->categories[LLMOBS_DRIFT_COUNTS_NAMES]);
    for (i = 0; i < LLMOBS_DRIFT_COUNTS_FLAGS; i++) {
        llmobsi_drift_counts_add(&counts->flags[i][0], other->flags[i][0]);
        llmobsi_drift_counts_add(&counts->flags[i][1], other->flags[i][1]);
    }
    counts->refused += other->refused;
    counts->largest = other->largest > counts->largest ? other->largest : counts->largest;
}

/* ---- tables of two columns ----------------------------------------------------------------- */

typedef struct llmobsi_drift_counts_row {
    uint64_t before;
    uint64_t after;
} llmobsi_drift_counts_row;

typedef struct llmobsi_drift_counts_table {
    uint32_t count;
    llmobsi_drift_counts_row rows[LLMOBS_I_DRIFT_COUNTS_ROWS];
    uint64_t before; /* sums of the rows */
    uint64_t after;
} llmobsi_drift_counts_table;

/* Adds a row, if there is anything in it. Its number, or that of the next one. */
llmobsi_fn uint32_t llmobsi_drift_counts_table_add(llmobsi_drift_counts_table* table,
                                                   uint64_t before, uint64_t after)
{
    if (before + after == 0) {
        return table->count;
    }
    table->rows[table->count].before = before;
    table->rows[table->count].after = after;
    table->before += before;
    table->after += after;
    return table->count++;
}

/* The part that the window after has of all values, so of each row if nothing changed. */
llmobsi_fn double llmobsi_drift_counts_part(const llmobsi_drift_counts_table* table)
{
    return (double)table->after / ((double)table->before + (double)table->after);
}

/* How many more there are in a row than there would be. */
llmobsi_fn double llmobsi_drift_counts_more(const llmobsi_drift_counts_table* table, uint32_t row)
{
    const llmobsi_drift_counts_row* cells = &table->rows[row];
    return (double)cells->after -
           ((double)cells->before + (double)cells->after) * llmobsi_drift_counts_part(table);
}

/* Pearson's chi-square for two samples. */
llmobsi_fn double llmobsi_drift_counts_chi_square(const llmobsi_drift_counts_table* table)
{
    double part = llmobsi_drift_counts_part(table);
    double sum = 0.0;
    uint32_t i;
    for (i = 0; i < table->count; i++) {
        double both = (double)table->rows[i].before + (double)table->rows[i].after;
        double more = llmobsi_drift_counts_more(table, i);
        sum += more * more / (both * part * (1.0 - part));
    }
    return llmobsi_chi_square_upper(sum, table->count - 1);
}

/* The least count that is expected in any cell. */
llmobsi_fn double llmobsi_drift_counts_expected(const llmobsi_drift_counts_table* table)
{
    double part = llmobsi_drift_counts_part(table);
    double least = (double)table->before + (double)table->after;
    uint32_t i;
    for (i = 0; i < table->count; i++) {
        double both = (double)table->rows[i].before + (double)table->rows[i].after;
        least = both < least ? both : least;
    }
    return least * (part < 0.5 ? part : 1.0 - part);
}

/* Each row against all others, exactly; p of the least is that times their number. Of two rows
   both say the same. */
llmobsi_fn double llmobsi_drift_counts_exact(const llmobsi_drift_counts_table* table)
{
    double least = 1.0;
    uint32_t tests = table->count > 2 ? table->count : 1;
    uint32_t i;
    for (i = 0; i < tests; i++) {
        const llmobsi_drift_counts_row* cells = &table->rows[i];
        double p = llmobsi_fisher_two_sided(cells->after, table->after - cells->after,
                                            cells->before, table->before - cells->before);
        least = p < least ? p : least;
    }
    return least * tests < 1.0 ? least * tests : 1.0;
}

/* The row that moved most: by its standardized residual. */
llmobsi_fn uint32_t llmobsi_drift_counts_mover(const llmobsi_drift_counts_table* table)
{
    double all = (double)table->before + (double)table->after;
    double most = -1.0;
    uint32_t mover = 0;
    uint32_t i;
    for (i = 0; i < table->count; i++) {
        double both = (double)table->rows[i].before + (double)table->rows[i].after;
        double more = llmobsi_drift_counts_more(table, i);
        double square = both < all ? more * more / (both * (all - both)) : 0.0;
        if (square > most) {
            most = square;
            mover = i;
        }
    }
    return mover;
}

/* ---- findings ------------------------------------------------------------------------------ */

/* Before its test. Is there one to be made? */
llmobsi_fn bool llmobsi_drift_counts_begin(llmobs_drift_finding* finding,
                                           const llmobsi_drift_counts_table* table)
{
    finding->p = 1.0;
    finding->before_count = table->before;
    finding->after_count = table->after;
    finding->insufficient_data = table->before < LLMOBS_DRIFT_COUNTS_LEAST ||
                                 table->after < LLMOBS_DRIFT_COUNTS_LEAST;
    return !finding->insufficient_data;
}

llmobsi_inline int32_t llmobsi_drift_counts_sign(double more)
{
    return more > 0.0 ? 1 : more < 0.0 ? -1 : 0;
}

/* The shares of one row. */
llmobsi_fn void llmobsi_drift_counts_show(llmobs_drift_finding* finding,
                                          const llmobsi_drift_counts_table* table, uint32_t row)
{
    finding->before = (double)table->rows[row].before / (double)table->before;
    finding->after = (double)table->rows[row].after / (double)table->after;
    finding->direction = llmobsi_drift_counts_sign(finding->after - finding->before);
}

/* Takes a test's p into the report's. */
llmobsi_fn void llmobsi_drift_counts_tell(llmobs_drift_counts_report* report,
                                          llmobs_drift_finding* finding, double p)
{
    finding->p = p;
    report->tests++;
    report->p = p < report->p ? p : report->p;
}

/* ---- numbers ------------------------------------------------------------------------------- */

/* Mann and Whitney's U of the numbers after, from midranks, and its variance, both divided by the
   count of pairs. */
typedef struct llmobsi_drift_counts_ranks {
    double superiority; /* U: pairs in which the one after is larger, ties as halves */
    double variance;
} llmobsi_drift_counts_ranks;

llmobsi_fn llmobsi_drift_counts_ranks
llmobsi_drift_counts_rank(const llmobs_drift_counts* before, const llmobs_drift_counts* after,
                          const llmobsi_drift_counts_table* table)
{
    double n = (double)table->after;
    double m = (double)table->before;
    double below = 0.0, pairs = 0.0, ties = 0.0;
    llmobsi_drift_counts_ranks ranks;
    uint32_t i;
    for (i = 0; i < LLMOBS_DRIFT_COUNTS_BINS; i++) {
        double h = (double)before->bins[i];
        double k = (double)after->bins[i];
        double both = h + k;
        pairs += k * (below + h / 2.0);
        below += h;
        ties += both * (both - 1.0) * (both + 1.0);
    }
    ranks.superiority = pairs / (n * m);
    ranks.variance = (n + m + 1.0 - ties / ((n + m) * (n + m - 1.0))) / (12.0 * n * m);
    return ranks;
}

llmobsi_fn void llmobsi_drift_counts_location(const llmobs_drift_counts* before,
                                              const llmobs_drift_counts* after,
                                              const llmobsi_drift_counts_table* table,
                                              llmobs_drift_counts_report* report)
{
    llmobs_drift_finding* finding = &report->location;
    llmobsi_drift_counts_ranks ranks;
    double off;
    if (!llmobsi_drift_counts_begin(finding, table)) {
        return;
    }
    ranks = llmobsi_drift_counts_rank(before, after, table);
    finding->before = 1.0 - ranks.superiority;
    finding->after = ranks.superiority;
    off = ranks.superiority - 0.5;
    finding->direction = llmobsi_drift_counts_sign(off);
    if (table->count > 1) {
        llmobsi_drift_counts_tell(report, finding,
                           llmobsi_normal_both(off / llmobsi_sqrt(ranks.variance)));
    }
}

/* The bins in groups, none of which has fewer than an eighth of both windows' values, nor fewer
   than 5 expected in either: what is left joins the last. It is by both together that they are
   grouped, not by the one before: what a test is conditional on must not tell the windows apart.
   `ends` gets where each group ends. */
llmobsi_fn void llmobsi_drift_counts_group(const llmobs_drift_counts* before,
                                           const llmobs_drift_counts* after,
                                           const llmobsi_drift_counts_table* bins,
                                           llmobsi_drift_counts_table* groups, uint32_t* ends)
{
    double all = (double)bins->before + (double)bins->after;
    double part = llmobsi_drift_counts_part(bins);
    double least = LLMOBS_I_DRIFT_COUNTS_EXPECTED / (part < 0.5 ? part : 1.0 - part);
    double left = all;
    uint64_t h = 0;
    uint64_t k = 0;
    uint32_t i;
    least = least > all / LLMOBS_I_DRIFT_COUNTS_GROUPS ? least : all / LLMOBS_I_DRIFT_COUNTS_GROUPS;
    for (i = 0; i < LLMOBS_DRIFT_COUNTS_BINS; i++) {
        h += before->bins[i];
        k += after->bins[i];
        if ((double)(h + k) >= least && left - (double)(h + k) >= least) {
            left -= (double)(h + k);
            ends[llmobsi_drift_counts_table_add(groups, h, k)] = i + 1;
            h = 0;
            k = 0;
        }
    }
    ends[llmobsi_drift_counts_table_add(groups, h, k)] = LLMOBS_DRIFT_COUNTS_BINS;
}

llmobsi_fn void llmobsi_drift_counts_shape(const llmobs_drift_counts* before,
                                           const llmobs_drift_counts* after,
                                           const llmobsi_drift_counts_table* table,
                                           llmobs_drift_counts_report* report)
{
    llmobs_drift_finding* finding = &report->shape;
    double largest = before->largest > after->largest ? before->largest : after->largest;
    llmobsi_drift_counts_table groups;
    uint32_t ends[LLMOBS_I_DRIFT_COUNTS_GROUPS + 1];
    uint32_t mover;
    memset(&groups, 0, sizeof groups);
    if (!llmobsi_drift_counts_begin(finding, table)) {
        return;
    }
    llmobsi_drift_counts_group(before, after, table, &groups, ends);
    mover = llmobsi_drift_counts_mover(&groups);
    llmobsi_drift_counts_show(finding, &groups, mover);
    report->shape_low = mover > 0 ? llmobsi_drift_counts_bin_low(ends[mover - 1]) : 0.0;
    report->shape_high = llmobsi_drift_counts_bin_high(ends[mover] - 1, largest);
    if (groups.count > 1) {
        llmobsi_drift_counts_tell(report, finding, llmobsi_drift_counts_chi_square(&groups));
    }
}

/* The quarters of a window's numbers: the bins of the ranks count/4, count/2, 3 count/4, rounded
   up. */
llmobsi_fn void llmobsi_drift_counts_quartile(const llmobs_drift_counts* counts, uint64_t count,
                                              llmobs_drift_quartiles* quartiles)
{
    uint64_t below = 0;
    uint64_t quarter = 1;
    uint32_t i;
    for (i = 0; i < LLMOBS_DRIFT_COUNTS_BINS && count > 0; i++) {
        below += counts->bins[i];
        for (; quarter < 4 && 4 * below >= quarter * count; quarter++) {
            quartiles->low[quarter - 1] = llmobsi_drift_counts_bin_low(i);
            quartiles->high[quarter - 1] = llmobsi_drift_counts_bin_high(i, counts->largest);
        }
    }
}

/* Both tests of numbers, of a table that has sums of all bins, and how many are in use. */
llmobsi_fn void llmobsi_drift_counts_numbers(const llmobs_drift_counts* before,
                                             const llmobs_drift_counts* after,
                                             llmobs_drift_counts_report* report)
{
    llmobsi_drift_counts_table table;
    uint32_t i;
    memset(&table, 0, sizeof table);
    for (i = 0; i < LLMOBS_DRIFT_COUNTS_BINS; i++) {
        table.before += before->bins[i];
        table.after += after->bins[i];
        table.count += before->bins[i] > 0 || after->bins[i] > 0;
    }
    llmobsi_drift_counts_location(before, after, &table, report);
    llmobsi_drift_counts_shape(before, after, &table, report);
    llmobsi_drift_counts_quartile(before, table.before, &report->before);
    llmobsi_drift_counts_quartile(after, table.after, &report->after);
}

/* ---- categories, flags --------------------------------------------------------------------- */

/* What two windows have under names that both know. A name that only one has was not seen by the
   other; unless that ran out of places, when it may be among its others: then in both. */
typedef struct llmobsi_drift_counts_names {
    llmobsi_drift_counts_table table;
    const char* names[LLMOBS_I_DRIFT_COUNTS_ROWS + 1];
    uint64_t other_before;
    uint64_t other_after;
} llmobsi_drift_counts_names;

/* Rows for the names of one window that are not in the other: `swapped`, it is the one after. */
llmobsi_fn void llmobsi_drift_counts_names_add(llmobsi_drift_counts_names* names,
                                               const llmobs_drift_counts* one,
                                               const llmobs_drift_counts* other, bool swapped)
{
    const uint32_t others = LLMOBS_DRIFT_COUNTS_NAMES;
    uint32_t i;
    for (i = 0; i < one->name_count; i++) {
        uint32_t found = llmobsi_drift_counts_name_find(other, one->names[i]);
        uint64_t mine = one->categories[i];
        uint64_t theirs = found < others ? other->categories[found] : 0;
        uint32_t row;
        if (found < others && swapped) {
            continue; /* it has its row */
        }
        if (found == others && other->categories[others] > 0) {
            names->other_before += swapped ? 0 : mine;
            names->other_after += swapped ? mine : 0;
            continue;
        }
        row = llmobsi_drift_counts_table_add(&names->table, swapped ? theirs : mine,
                                      swapped ? mine : theirs);
        names->names[row] = one->names[i];
    }
}

llmobsi_fn void llmobsi_drift_counts_category(const llmobs_drift_counts* before,
                                              const llmobs_drift_counts* after,
                                              llmobs_drift_counts_report* report)
{
    const uint32_t others = LLMOBS_DRIFT_COUNTS_NAMES;
    llmobs_drift_finding* finding = &report->category;
    llmobsi_drift_counts_names names;
    const llmobsi_drift_counts_table* table = &names.table;
    uint32_t row;
    memset(&names, 0, sizeof names);
    names.other_before = before->categories[others];
    names.other_after = after->categories[others];
    llmobsi_drift_counts_names_add(&names, before, after, false);
    llmobsi_drift_counts_names_add(&names, after, before, true);
    row = llmobsi_drift_counts_table_add(&names.table, names.other_before, names.other_after);
    names.names[row] = LLMOBS_I_DRIFT_COUNTS_OTHER;
    if (!llmobsi_drift_counts_begin(finding, table)) {
        return;
    }
    row = llmobsi_drift_counts_mover(table);
    llmobsi_drift_counts_show(finding, table, row);
    memcpy(report->category_name, names.names[row], strlen(names.names[row]));
    if (table->count > 1) {
        bool many = llmobsi_drift_counts_expected(table) >= LLMOBS_I_DRIFT_COUNTS_EXPECTED;
        llmobsi_drift_counts_tell(report, finding,
                                  many ? llmobsi_drift_counts_chi_square(table)
                                       : llmobsi_drift_counts_exact(table));
    }
}

llmobsi_fn void llmobsi_drift_counts_flag(const llmobs_drift_counts* before,
                                          const llmobs_drift_counts* after, uint32_t flag,
                                          llmobs_drift_counts_report* report)
{
    llmobs_drift_finding* finding = &report->flags[flag];
    llmobsi_drift_counts_table table;
    memset(&table, 0, sizeof table);
    (void)llmobsi_drift_counts_table_add(&table, before->flags[flag][1], after->flags[flag][1]);
    (void)llmobsi_drift_counts_table_add(&table, before->flags[flag][0], after->flags[flag][0]);
    if (!llmobsi_drift_counts_begin(finding, &table)) {
        return;
    }
    if (table.count > 1) {
        llmobsi_drift_counts_show(finding, &table, 0);
        llmobsi_drift_counts_tell(report, finding, llmobsi_drift_counts_exact(&table));
    } else {
        finding->before = before->flags[flag][1] > 0 ? 1.0 : 0.0;
        finding->after = finding->before;
    }
}

LLMOBS_API llmobs_result llmobs_drift_counts_compare(const llmobs_drift_counts* before,
                                                     const llmobs_drift_counts* after,
                                                     llmobs_drift_counts_report* report)
{
    llmobs_drift_counts_report full;
    uint32_t flag;
    if (before == NULL || after == NULL || report == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&full, 0, sizeof full);
    full.size = llmobsi_known_size(report->size, sizeof full);
    full.p = 1.0;
    llmobsi_drift_counts_numbers(before, after, &full);
    llmobsi_drift_counts_category(before, after, &full);
    for (flag = 0; flag < LLMOBS_DRIFT_COUNTS_FLAGS; flag++) {
        llmobsi_drift_counts_flag(before, after, flag, &full);
    }
    full.insufficient_data =
        full.location.insufficient_data && full.category.insufficient_data;
    for (flag = 0; flag < LLMOBS_DRIFT_COUNTS_FLAGS; flag++) {
        full.insufficient_data = full.insufficient_data && full.flags[flag].insufficient_data;
    }
    if (full.tests > 0) {
        full.p = full.p * full.tests < 1.0 ? full.p * full.tests : 1.0;
    }
    memcpy(report, &full, full.size);
    return LLMOBS_OK;
}
