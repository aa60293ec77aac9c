/* From what a rule names to what there is: metrics, their labels and buckets. Here it is told that
   a metric is not known, is of the wrong kind, or that a condition can't change. */

/* ---- errors -------------------------------------------------------------------------------- */

/* Three texts make the reason; the term, which may be NULL, the place. Always false. */
llmobsi_cold bool llmobsi_alert_misfit(llmobs_alert_error* error, const llmobsi_alert_term* term,
                                       const char* first, const char* second, const char* third)
{
    const char* const parts[] = {first, second, third};
    size_t used = 0;
    size_t i;
    error->line = term != NULL ? term->line : 0;
    error->column = term != NULL ? term->column : 0;
    for (i = 0; i < 3; i++) {
        size_t size = llmobsi_utf8_cut(parts[i], strlen(parts[i]), sizeof error->reason - 1 - used);
        memcpy(error->reason + used, parts[i], size);
        used += size;
    }
    error->reason[used] = '\0';
    return false;
}

/* ---- names --------------------------------------------------------------------------------- */

/* A name as Prometheus shows it. */
llmobsi_fn bool llmobsi_alert_label_is(llmobs_string label, const char* name)
{
    size_t i;
    for (i = 0; i < label.size; i++) {
        if (name[i] != llmobsi_label_byte(label.data[i])) {
            return false;
        }
    }
    return name[label.size] == '\0';
}

/* The place of a label; LLMOBS_LABELS_MAX: there is none of this name. */
llmobsi_fn uint8_t llmobsi_alert_label(const llmobsi_metric* metric, const char* name)
{
    uint8_t label = 0;
    while (label < metric->label_count && !llmobsi_alert_label_is(metric->labels[label], name)) {
        label++;
    }
    return label < metric->label_count ? label : (uint8_t)LLMOBS_LABELS_MAX;
}

/* Whether the name, of this size, is the metric's with this ending. */
llmobsi_fn bool llmobsi_alert_is_metric(const llmobsi_metric* metric, const char* name,
                                        size_t size, const char* ending)
{
    size_t rest = strlen(ending);
    return size == metric->family.size + rest &&
           memcmp(name, metric->family.data, metric->family.size) == 0 &&
           memcmp(name + metric->family.size, ending, rest) == 0;
}

/* The number of the metric that shows this name, as it is or with the ending of a part; -1: there
   is none. */
llmobsi_fn int32_t llmobsi_alert_metric(const llmobsi_registry* registry, const char* name,
                                        llmobsi_alert_part* part)
{
    uint32_t count = llmobsi_load_acquire(&registry->metric_count);
    size_t size = strlen(name);
    uint32_t i;
    int ending;
    for (i = 0; i < count; i++) {
        const llmobsi_metric* metric = &registry->metrics[i];
        bool histogram = metric->instrument == LLMOBS_HISTOGRAM ||
                         metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL;
        for (ending = histogram; ending < (histogram ? 4 : 1); ending++) {
            const char* text = metric->instrument == LLMOBS_COUNTER
                                   ? "_total"
                                   : llmobsi_alert_endings[ending];
            if (llmobsi_alert_is_metric(metric, name, size, text)) {
                *part = (llmobsi_alert_part)ending;
                return (int32_t)i;
            }
        }
    }
    return -1;
}

/* ---- keys ---------------------------------------------------------------------------------- */

/* Adds a text with its NUL. Returns its place; what finds no room leaves the key too long. */
llmobsi_fn uint32_t llmobsi_watch_key_add(llmobsi_watch* watch, const char* text)
{
    uint32_t place = watch->key_size;
    size_t size = strlen(text) + 1;
    if (place <= LLMOBS_I_WATCH_KEY && size <= LLMOBS_I_WATCH_KEY - place) {
        memcpy(watch->key + place, text, size);
        watch->key_size += (uint32_t)size;
    } else {
        watch->key_size = LLMOBS_I_WATCH_KEY + 1;
    }
    return place;
}

/* Windows of a histogram's buckets are of these bounds alone. */
llmobsi_fn void llmobsi_watch_key_add_bounds(llmobsi_watch* watch, const llmobsi_metric* metric)
{
    uint64_t hash = 0;
    uint8_t last[8];
    char text[17];
    uint32_t i;
    for (i = 0; i < metric->bound_count; i++) {
        unsigned char bytes[8];
        llmobsi_store_le64(bytes, llmobsi_double_bits(metric->bounds[i]));
        hash = llmobsi_hash64_own(bytes, sizeof bytes, hash);
    }
    llmobsi_store_le64(last, hash);
    *llmobsi_append_hex(text, last, sizeof last) = '\0';
    (void)llmobsi_watch_key_add(watch, text);
}

typedef struct llmobsi_alert_binder {
    llmobsi_watches* watches;
    const llmobsi_recorder* recorder;
    const llmobsi_alert_rule* rule;
    const llmobsi_alert_term* term;
    const llmobsi_metric* metric; /* NULL: of the library's own */
    const char* name;
    llmobsi_watch watch; /* what the term asks for */
    llmobs_alert_error* error;
} llmobsi_alert_binder;

llmobsi_fn bool llmobsi_alert_no(llmobsi_alert_binder* binder, const char* what)
{
    return llmobsi_alert_misfit(binder->error, binder->term, binder->name, what, "");
}

/* Names the labels that there are. Always false. */
llmobsi_cold bool llmobsi_alert_no_label(llmobsi_alert_binder* binder, const char* name)
{
    char text[sizeof binder->error->reason];
    llmobsi_writer writer;
    uint32_t i, j;
    llmobsi_writer_init(&writer, text, sizeof text - 1, NULL, NULL);
    llmobsi_put(&writer, name, strlen(name));
    llmobsi_put_text(&writer, ": it has ");
    for (i = 0; i < binder->metric->label_count; i++) {
        llmobs_string label = binder->metric->labels[i];
        llmobsi_put(&writer, ", ", i > 0 ? 2 : 0);
        for (j = 0; j < label.size; j++) {
            char byte = llmobsi_label_byte(label.data[j]);
            llmobsi_put(&writer, &byte, 1);
        }
    }
    llmobsi_put(&writer, "none", binder->metric->label_count == 0 ? 4 : 0);
    text[writer.length] = '\0'; /* empty where it is too long: then the name alone */
    return llmobsi_alert_misfit(binder->error, binder->term, binder->name, " has no label ",
                                writer.length > 0 ? text : name);
}

llmobsi_fn bool llmobsi_alert_bind_labels(llmobsi_alert_binder* binder)
{
    llmobsi_watch* watch = &binder->watch;
    const llmobsi_alert_rule* rule = binder->rule;
    uint32_t i;
    if (binder->term->matcher_count > LLMOBS_I_WATCH_MATCHERS) {
        return llmobsi_alert_no(binder, ": more than 8 labels to match");
    }
    for (i = 0; i < binder->term->matcher_count; i++) {
        const llmobsi_alert_matcher* given = &rule->matchers[binder->term->matcher + i];
        llmobsi_watch_matcher* matcher = &watch->matchers[watch->matcher_count++];
        const char* name = llmobsi_alert_text(rule, given->name);
        matcher->label = llmobsi_alert_label(binder->metric, name);
        matcher->negated = given->negated;
        (void)llmobsi_watch_key_add(watch, given->negated ? "!" : "=");
        (void)llmobsi_watch_key_add(watch, name);
        matcher->value =
            (uint16_t)llmobsi_watch_key_add(watch, llmobsi_alert_text(rule, given->value));
        if (matcher->label == LLMOBS_LABELS_MAX) {
            return llmobsi_alert_no_label(binder, name);
        }
    }
    for (i = 0; i < rule->by_count; i++) {
        const char* name = llmobsi_alert_text(rule, rule->by[i]);
        watch->by[watch->by_count++] = llmobsi_alert_label(binder->metric, name);
        (void)llmobsi_watch_key_add(watch, "by");
        (void)llmobsi_watch_key_add(watch, name);
        if (watch->by[i] == LLMOBS_LABELS_MAX) {
            return llmobsi_alert_no_label(binder, name);
        }
    }
    return true;
}

/* ---- kinds --------------------------------------------------------------------------------- */

/* The bucket whose upper bound `le` is. */
llmobsi_fn bool llmobsi_alert_bind_bucket(llmobsi_alert_binder* binder)
{
    const llmobsi_metric* metric = binder->metric;
    char bound[LLMOBS_I_DOUBLE_ROOM + 1];
    uint32_t i = 0;
    while (i < metric->bound_count && metric->bounds[i] != binder->term->le) {
        i++;
    }
    if (i == metric->bound_count) {
        return llmobsi_alert_no(binder, " has no bucket with this bound");
    }
    *llmobsi_append_double(bound, binder->term->le) = '\0';
    (void)llmobsi_watch_key_add(&binder->watch, bound);
    binder->watch.kind = LLMOBS_I_WATCH_BUCKET;
    binder->watch.bucket = i;
    return true;
}

llmobsi_fn bool llmobsi_alert_bind_part(llmobsi_alert_binder* binder, llmobsi_alert_part part)
{
    llmobsi_watch* watch = &binder->watch;
    watch->unit = (part == LLMOBS_I_ALERT_WHOLE || part == LLMOBS_I_ALERT_SUM) &&
                          binder->metric->number == LLMOBS_NUMBER_NANO
                      ? 1e9
                      : 1.0;
    switch (part) {
    case LLMOBS_I_ALERT_COUNT:
        watch->kind = LLMOBS_I_WATCH_COUNT;
        return true;
    case LLMOBS_I_ALERT_SUM:
        watch->kind = LLMOBS_I_WATCH_SUM;
        return true;
    case LLMOBS_I_ALERT_BUCKETS:
        if (binder->metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL) {
            return llmobsi_alert_no(binder, ": the histogram is exponential, it has no such "
                                            "buckets; its _count and _sum can be asked for");
        }
        if (binder->term->function != LLMOBS_I_ALERT_QUANTILE) {
            return llmobsi_alert_bind_bucket(binder);
        }
        watch->kind = LLMOBS_I_WATCH_BUCKETS;
        watch->columns = (uint8_t)(binder->metric->bound_count + 1);
        llmobsi_watch_key_add_bounds(watch, binder->metric);
        return true;
    case LLMOBS_I_ALERT_WHOLE:
        break;
    }
    if (binder->metric->instrument == LLMOBS_GAUGE_CALLBACK) {
        return llmobsi_alert_no(binder, " is asked of the host by a callback, which alerts do not "
                                        "call: set a gauge");
    }
    watch->kind = binder->metric->instrument == LLMOBS_COUNTER ? LLMOBS_I_WATCH_COUNTER
                                                               : LLMOBS_I_WATCH_GAUGE;
    return true;
}

/* Whether what is asked can be asked of this kind. */
llmobsi_fn bool llmobsi_alert_bind_function(llmobsi_alert_binder* binder)
{
    llmobsi_watch_kind kind = (llmobsi_watch_kind)binder->watch.kind;
    switch ((llmobsi_alert_function)binder->term->function) {
    case LLMOBS_I_ALERT_INCREASE:
    case LLMOBS_I_ALERT_RATE:
        return (kind != LLMOBS_I_WATCH_GAUGE && kind != LLMOBS_I_WATCH_HEAVY) ||
               llmobsi_alert_no(binder, " is a gauge: it has no rate; ask for avg_over_time");
    case LLMOBS_I_ALERT_AVERAGE:
        return kind == LLMOBS_I_WATCH_GAUGE ||
               llmobsi_alert_no(binder, " is no gauge: avg_over_time of what only grows tells "
                                        "nothing; ask for rate or increase");
    case LLMOBS_I_ALERT_QUANTILE:
        return kind == LLMOBS_I_WATCH_BUCKETS ||
               llmobsi_alert_no(binder, ": a quantile is of a histogram's _bucket");
    case LLMOBS_I_ALERT_INSTANT:
        break;
    }
    return true;
}

/* Says what is wrong with a name that no metric shows: it may be that of one without its ending.
   Always false. */
llmobsi_cold bool llmobsi_alert_no_metric(llmobsi_alert_binder* binder)
{
    const llmobsi_registry* registry = &binder->recorder->registry;
    uint32_t count = registry->on ? llmobsi_load_acquire(&registry->metric_count) : 0;
    uint32_t i = 0;
    while (i < count && !llmobsi_alert_is_metric(&registry->metrics[i], binder->name,
                                                 strlen(binder->name), "")) {
        i++;
    }
    if (i == count) {
        return llmobsi_alert_no(binder, ": there is no such metric (is its family in "
                                        "llmobs_config.metric_families?), or none that is kept");
    }
    return llmobsi_alert_no(binder, registry->metrics[i].instrument == LLMOBS_COUNTER
                                        ? " is a counter: its name ends in _total"
                                        : " is a histogram: ask for its _count, _sum or _bucket, "
                                          "or for histogram_quantile");
}

/* What is no metric of the registry. */
llmobsi_fn bool llmobsi_alert_bind_own(llmobsi_alert_binder* binder)
{
    const llmobsi_alert_rule* rule = binder->rule;
    bool heavy = strcmp(binder->name, LLMOBS_I_WATCH_USERS_NAME) == 0;
    if (!heavy && strcmp(binder->name, LLMOBS_I_WATCH_LOST_NAME) != 0) {
        return llmobsi_alert_no_metric(binder);
    }
    if (binder->term->matcher_count != 0) {
        return llmobsi_alert_no(binder, ": its labels can't be matched");
    }
    binder->watch.kind = heavy ? LLMOBS_I_WATCH_HEAVY : LLMOBS_I_WATCH_LOST;
    binder->watch.unit = 1.0;
    binder->watch.by_count = rule->by_count;
    if (heavy) {
        return (rule->by_count == 1 &&
                strcmp(llmobsi_alert_text(rule, rule->by[0]), "user") == 0) ||
               llmobsi_alert_no(binder, ": its rule needs `by (user)`");
    }
    return rule->by_count == 0 || llmobsi_alert_no(binder, " has no labels to group by");
}

/* ---- watches ------------------------------------------------------------------------------- */

/* One that is the same, and reaches as far or, where `fresh`, began at this step and may reach less
   far. LLMOBS_I_NO_WATCH: there is none. */
llmobsi_fn uint16_t llmobsi_watch_same(const llmobsi_watches* watches, const llmobsi_watch* wanted,
                                       bool fresh, int64_t step)
{
    uint32_t i;
    for (i = 0; i < watches->watch_limit; i++) {
        const llmobsi_watch* watch = &watches->watches[i];
        if (watch->used && watch->key_size == wanted->key_size && watch->kind == wanted->kind &&
            watch->columns == wanted->columns && watch->by_count == wanted->by_count &&
            (fresh ? watch->since == step && watch->tiers > 0 && watch->asked > 0
                   : watch->tiers >= wanted->tiers) &&
            memcmp(watch->key, wanted->key, wanted->key_size) == 0) {
            return (uint16_t)i;
        }
    }
    return LLMOBS_I_NO_WATCH;
}

/* A free place. LLMOBS_I_NO_WATCH: there is none. */
llmobsi_fn uint16_t llmobsi_watch_unused(const llmobsi_watches* watches)
{
    uint32_t i;
    for (i = 0; i < watches->watch_limit; i++) {
        if (!watches->watches[i].used) {
            return (uint16_t)i;
        }
    }
    return LLMOBS_I_NO_WATCH;
}

/* A new watch, with its group where it has but one. */
llmobsi_fn uint16_t llmobsi_watch_begin(llmobsi_watches* watches, const llmobsi_watch* wanted,
                                        int64_t step)
{
    uint16_t number = llmobsi_watch_unused(watches);
    number = number != LLMOBS_I_NO_WATCH ? number : llmobsi_watch_make_room(watches);
    if (number == LLMOBS_I_NO_WATCH) {
        return number;
    }
    watches->watches[number] = *wanted;
    watches->watches[number].asked = 1; /* so that it makes no room for itself */
    watches->watches[number].used = true;
    watches->watches[number].since = step;
    if (wanted->by_count == 0 &&
        llmobsi_watch_group_new(watches, number, llmobsi_watch_hash(watches, "", 0), "", 0) ==
            NULL) {
        llmobsi_watch_drop(watches, &watches->watches[number]);
        return LLMOBS_I_NO_WATCH;
    }
    watches->watches[number].asked = 0;
    return number;
}

/* Makes one that has seen nothing yet reach farther, so that rules that are added together share it
   in whatever order they come: all of its groups, or none. LLMOBS_I_NO_WATCH: there is none such,
   or no room. */
llmobsi_fn uint16_t llmobsi_watch_widen(llmobsi_watches* watches, const llmobsi_watch* wanted,
                                        int64_t step)
{
    uint16_t number = llmobsi_watch_same(watches, wanted, true, step);
    llmobsi_watch* watch;
    uint8_t tiers;
    uint32_t place;
    if (number == LLMOBS_I_NO_WATCH) {
        return number;
    }
    watch = &watches->watches[number];
    tiers = watch->tiers;
    watch->tiers = wanted->tiers;
    for (place = watch->first; place != 0; place = watches->groups[place - 1].next) {
        if (!llmobsi_watch_windows(watches, watch, &watches->groups[place - 1])) {
            break;
        }
    }
    if (place == 0) {
        return number;
    }
    watch->tiers = tiers;
    for (place = watch->first; watches->groups[place - 1].windows[0].tiers != tiers;
         place = watches->groups[place - 1].next) {
        llmobsi_watch_shrink(watches, watch, &watches->groups[place - 1]);
    }
    return LLMOBS_I_NO_WATCH;
}

/* One that was restored learns what its names mean here. */
llmobsi_fn void llmobsi_watch_wake(llmobsi_watch* watch, const llmobsi_watch* wanted)
{
    watch->metric = wanted->metric;
    watch->bucket = wanted->bucket;
    watch->unit = wanted->unit;
    watch->matcher_count = wanted->matcher_count;
    memcpy(watch->by, wanted->by, sizeof watch->by);
    memcpy(watch->matchers, wanted->matchers, sizeof watch->matchers);
}

llmobsi_fn void llmobsi_watch_release(llmobsi_watches* watches, uint16_t number)
{
    llmobsi_watch* watch = &watches->watches[number];
    watch->asked--;
    if (watch->asked == 0 && !watch->restored) {
        llmobsi_watch_drop(watches, watch);
    }
}

/* ---- terms and rules ----------------------------------------------------------------------- */

/* What a term asks for, as a watch that is in no list yet. */
llmobsi_fn bool llmobsi_alert_describe(llmobsi_alert_binder* binder)
{
    const llmobsi_registry* registry = &binder->recorder->registry;
    llmobsi_watch* watch = &binder->watch;
    const llmobsi_alert_term* term = binder->term;
    llmobsi_alert_part part = LLMOBS_I_ALERT_WHOLE;
    int32_t number = -1;
    static const char kinds[][2] = {"c", "g", "n", "s", "b", "h", "u", "l"};
    memset(watch, 0, sizeof *watch);
    watch->columns = 1;
    watch->tiers = (uint8_t)(term->function != LLMOBS_I_ALERT_INSTANT
                                 ? llmobsi_window_tiers(term->span_s + term->offset_s)
                                 : 0);
    binder->name = llmobsi_alert_text(binder->rule, term->metric);
    (void)llmobsi_watch_key_add(watch, binder->name);
    if (registry->on) {
        number = llmobsi_alert_metric(registry, binder->name, &part);
    }
    binder->metric = number >= 0 ? &registry->metrics[number] : NULL;
    watch->metric = (uint32_t)number;
    if (binder->metric != NULL
            ? !llmobsi_alert_bind_part(binder, part) || !llmobsi_alert_bind_labels(binder)
            : !llmobsi_alert_bind_own(binder)) {
        return false;
    }
    (void)llmobsi_watch_key_add(watch, kinds[watch->kind]);
    if (watch->key_size > LLMOBS_I_WATCH_KEY) {
        return llmobsi_alert_no(binder, ": its labels are too long");
    }
    return llmobsi_alert_bind_function(binder);
}

llmobsi_fn llmobs_result llmobsi_alert_bind_term(llmobsi_alert_binder* binder,
                                                 llmobsi_alert_term* term, int64_t step)
{
    llmobsi_watches* watches = binder->watches;
    llmobsi_watch* watch;
    uint16_t number;
    binder->term = term;
    if (!llmobsi_alert_describe(binder)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    number = llmobsi_watch_same(watches, &binder->watch, false, step);
    if (number == LLMOBS_I_NO_WATCH) {
        number = llmobsi_watch_widen(watches, &binder->watch, step);
    }
    if (number == LLMOBS_I_NO_WATCH) {
        number = llmobsi_watch_begin(watches, &binder->watch, step);
    }
    if (number == LLMOBS_I_NO_WATCH) {
        (void)llmobsi_alert_no(binder, ": no room for its windows (raise llmobs_config."
                                       "alert_window_bytes, alert_groups or alert_rules)");
        return LLMOBS_ERROR_LIMIT;
    }
    term->watch = number;
    watch = &watches->watches[number];
    watch->asked++;
    if (watch->asked == 1) {
        llmobsi_watch_wake(watch, &binder->watch);
        watch->waking = true;
        llmobsi_watch_read(watches, number, binder->recorder, step);
        watch->waking = false;
    }
    return LLMOBS_OK;
}

llmobsi_fn void llmobsi_alert_unbind(llmobsi_watches* watches, const llmobsi_alert_rule* rule,
                                     uint32_t terms)
{
    uint32_t i;
    for (i = 0; i < terms; i++) {
        llmobsi_watch_release(watches, rule->terms[i].watch);
    }
}

/* ---- what never changes -------------------------------------------------------------------- */

/* What a node can come to. */
typedef struct llmobsi_alert_range {
    double least;
    double most;
    bool can_hold; /* of comparisons, and what is made of them */
    bool can_fail;
} llmobsi_alert_range;

/* Stands for infinity, so that no sum and no product of the ends is a NaN. */
#define LLMOBS_I_ALERT_ENDLESS 1e300

llmobsi_fn llmobsi_alert_range llmobsi_alert_range_of(double least, double most)
{
    llmobsi_alert_range range;
    range.least = llmobsi_clamp(least, -LLMOBS_I_ALERT_ENDLESS, LLMOBS_I_ALERT_ENDLESS);
    range.most = llmobsi_clamp(most, -LLMOBS_I_ALERT_ENDLESS, LLMOBS_I_ALERT_ENDLESS);
    range.can_hold = true;
    range.can_fail = true;
    return range;
}

llmobsi_fn llmobsi_alert_range llmobsi_alert_term_range(const llmobsi_watches* watches,
                                                        const llmobsi_recorder* recorder,
                                                        const llmobsi_alert_term* term)
{
    const llmobsi_watch* watch = &watches->watches[term->watch];
    if (watch->kind == LLMOBS_I_WATCH_GAUGE) {
        return llmobsi_alert_range_of(-LLMOBS_I_ALERT_ENDLESS, LLMOBS_I_ALERT_ENDLESS);
    }
    if (watch->kind == LLMOBS_I_WATCH_BUCKETS) {
        const llmobsi_metric* metric = &recorder->registry.metrics[watch->metric];
        return llmobsi_alert_range_of(0.0, metric->bounds[metric->bound_count - 1]);
    }
    return llmobsi_alert_range_of(0.0, LLMOBS_I_ALERT_ENDLESS);
}

/* Of the four products or quotients of the ends. */
llmobsi_fn llmobsi_alert_range llmobsi_alert_range_times(llmobsi_alert_range a,
                                                         llmobsi_alert_range b, bool divide)
{
    double ends[4];
    double least, most;
    int i;
    if (divide && b.least <= 0.0 && b.most >= 0.0) {
        bool positive = a.least >= 0.0 && b.least >= 0.0;
        return llmobsi_alert_range_of(positive ? 0.0 : -LLMOBS_I_ALERT_ENDLESS,
                                      LLMOBS_I_ALERT_ENDLESS);
    }
    ends[0] = divide ? a.least / b.least : a.least * b.least;
    ends[1] = divide ? a.least / b.most : a.least * b.most;
    ends[2] = divide ? a.most / b.least : a.most * b.least;
    ends[3] = divide ? a.most / b.most : a.most * b.most;
    least = ends[0];
    most = ends[0];
    for (i = 1; i < 4; i++) {
        least = ends[i] < least ? ends[i] : least;
        most = ends[i] > most ? ends[i] : most;
    }
    return llmobsi_alert_range_of(least, most);
}

llmobsi_fn llmobsi_alert_range llmobsi_alert_range_compare(llmobsi_alert_op op,
                                                           llmobsi_alert_range a,
                                                           llmobsi_alert_range b)
{
    llmobsi_alert_range range = llmobsi_alert_range_of(0.0, 1.0);
    bool apart = a.most < b.least || b.most < a.least;
    bool equal = a.least == a.most && b.least == b.most && a.least == b.least;
    switch (op) {
    case LLMOBS_I_ALERT_GREATER:
        range.can_hold = a.most > b.least;
        range.can_fail = a.least <= b.most;
        break;
    case LLMOBS_I_ALERT_GREATER_EQUAL:
        range.can_hold = a.most >= b.least;
        range.can_fail = a.least < b.most;
        break;
    case LLMOBS_I_ALERT_LESS:
        range.can_hold = a.least < b.most;
        range.can_fail = a.most >= b.least;
        break;
    case LLMOBS_I_ALERT_LESS_EQUAL:
        range.can_hold = a.least <= b.most;
        range.can_fail = a.most > b.least;
        break;
    default:
        range.can_hold = op == LLMOBS_I_ALERT_EQUAL ? !apart : !equal;
        range.can_fail = op == LLMOBS_I_ALERT_EQUAL ? !equal : !apart;
        break;
    }
    return range;
}

llmobsi_fn llmobsi_alert_range llmobsi_alert_range_join(llmobsi_alert_op op, llmobsi_alert_range a,
                                                        llmobsi_alert_range b)
{
    switch (op) {
    case LLMOBS_I_ALERT_NEGATE:
        return llmobsi_alert_range_of(-a.most, -a.least);
    case LLMOBS_I_ALERT_ADD:
        return llmobsi_alert_range_of(a.least + b.least, a.most + b.most);
    case LLMOBS_I_ALERT_SUBTRACT:
        return llmobsi_alert_range_of(a.least - b.most, a.most - b.least);
    case LLMOBS_I_ALERT_MULTIPLY:
    case LLMOBS_I_ALERT_DIVIDE:
        return llmobsi_alert_range_times(a, b, op == LLMOBS_I_ALERT_DIVIDE);
    case LLMOBS_I_ALERT_AND:
        a.can_hold &= b.can_hold;
        a.can_fail |= b.can_fail;
        return a;
    case LLMOBS_I_ALERT_OR:
        a.can_hold |= b.can_hold;
        a.can_fail &= b.can_fail;
        return a;
    default:
        return llmobsi_alert_range_compare(op, a, b);
    }
}

/* Refuses a condition that never can hold, such as one on a quantile above the last bucket, or that
   always does. */
llmobsi_fn bool llmobsi_alert_can_change(const llmobsi_watches* watches,
                                         const llmobsi_recorder* recorder,
                                         const llmobsi_alert_rule* rule,
                                         llmobs_alert_error* error)
{
    llmobsi_alert_range ranges[LLMOBS_I_ALERT_NODES];
    uint32_t i;
    for (i = 0; i < rule->node_count; i++) {
        const llmobsi_alert_node* node = &rule->nodes[i];
        llmobsi_alert_op op = (llmobsi_alert_op)node->op;
        ranges[i] = op == LLMOBS_I_ALERT_NUMBER
                        ? llmobsi_alert_range_of(node->number, node->number)
                    : op == LLMOBS_I_ALERT_TERM
                        ? llmobsi_alert_term_range(watches, recorder, &rule->terms[node->term])
                        : llmobsi_alert_range_join(op, ranges[node->left], ranges[node->right]);
        if (op >= LLMOBS_I_ALERT_EQUAL && op <= LLMOBS_I_ALERT_LESS_EQUAL &&
            !(ranges[i].can_hold && ranges[i].can_fail)) {
            return llmobsi_alert_misfit(
                error, NULL, ranges[i].can_hold ? "a comparison always holds"
                                             : "a comparison never holds",
                ": no value that its sides can have changes that (a quantile is at most its "
                "histogram's last bound)", "");
        }
    }
    return true;
}

/* Binds all terms of a rule, or none. `error` gets the reason. */
llmobsi_fn llmobs_result llmobsi_alert_bind(llmobsi_watches* watches,
                                            const llmobsi_recorder* recorder,
                                            llmobsi_alert_rule* rule, int64_t step,
                                            llmobs_alert_error* error)
{
    llmobs_result result = LLMOBS_OK;
    llmobsi_alert_binder binder;
    uint32_t i;
    binder.watches = watches;
    binder.recorder = recorder;
    binder.rule = rule;
    binder.error = error;
    for (i = 0; i < rule->term_count; i++) {
        result = llmobsi_alert_bind_term(&binder, &rule->terms[i], step);
        if (result != LLMOBS_OK) {
            break;
        }
    }
    if (result == LLMOBS_OK && !llmobsi_alert_can_change(watches, recorder, rule, error)) {
        result = LLMOBS_ERROR_ARGUMENT;
    }
    if (result != LLMOBS_OK) {
        llmobsi_alert_unbind(watches, rule, i);
    }
    return result;
}

/* The rule is kept: what a state file had for it is its alone from now on. */
llmobsi_fn void llmobsi_alert_bound(llmobsi_watches* watches, const llmobsi_alert_rule* rule)
{
    uint32_t i;
    for (i = 0; i < rule->term_count; i++) {
        watches->watches[rule->terms[i].watch].restored = false;
    }
}
