/* Defining metrics: what a name may be, what Prometheus calls it, and which two can't live side by
   side. */

#define LLMOBS_I_EXPONENTIAL_HEAD 6u /* cells before an exponential histogram's buckets */
#define LLMOBS_I_EXPLICIT_HEAD 3u    /* and before those of one with bounds */
#define LLMOBS_I_FAMILY_MOST (LLMOBS_METRIC_NAME_MAX + 16u)

/* ---- names --------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

llmobsi_fn bool llmobsi_is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

llmobsi_fn bool llmobsi_metric_name_is_valid(const char* name)
{
    size_t i;
    if (name == NULL || !llmobsi_is_letter(name[0])) {
        return false;
    }
    for (i = 1; name[i] != '\0'; i++) {
        bool sign = name[i] == '_' || name[i] == '.' || name[i] == ':' || name[i] == '/' ||
                    name[i] == '-';
        if ((!sign && !llmobsi_is_letter(name[i]) && !llmobsi_is_digit(name[i])) ||
            i == LLMOBS_METRIC_NAME_MAX) {
            return false;
        }
    }
    return true;
}

/* A letter or '_', then digits and '.' too. "__" at the front is Prometheus' own, and so are `le`
   of histograms and the overflow's label. Names of headers that carry credentials are refused. */
llmobsi_fn bool llmobsi_label_name_is_valid(const char* name, bool histogram)
{
    size_t i;
    if (name == NULL || (!llmobsi_is_letter(name[0]) && name[0] != '_') ||
        (name[0] == '_' && (name[1] == '_' || name[1] == '.')) ||
        (histogram && strcmp(name, "le") == 0) || strcmp(name, "otel_metric_overflow") == 0 ||
        strcmp(name, "otel.metric.overflow") == 0 ||
        llmobsi_name_is_refused(name, strlen(name))) {
        return false;
    }
    for (i = 1; name[i] != '\0'; i++) {
        if ((name[i] != '_' && name[i] != '.' && !llmobsi_is_letter(name[i]) &&
             !llmobsi_is_digit(name[i])) ||
            i == LLMOBS_I_LABEL_MOST) {
            return false;
        }
    }
    return true;
}

/* Whether Prometheus takes two label names for one. */
llmobsi_fn bool llmobsi_label_names_clash(const char* a, const char* b)
{
    while (*a != '\0' && llmobsi_label_byte(*a) == llmobsi_label_byte(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

/* ---- what Prometheus calls it -------------------------------------------------------------- */

llmobsi_fn bool llmobsi_ends_with(const char* text, size_t size, const char* end)
{
    size_t length = strlen(end);
    return size > length && memcmp(text + size - length, end, length) == 0;
}

llmobsi_fn const char* llmobsi_unit_suffix(const char* unit, llmobs_instrument instrument)
{
    static const char* const units[][2] = {
        {"s", "_seconds"},    {"ms", "_milliseconds"}, {"us", "_microseconds"},
        {"ns", "_nanoseconds"}, {"By", "_bytes"},      {"USD", "_usd"},
        {"Cel", "_celsius"},  {"W", "_watts"},         {"J", "_joules"}};
    size_t i;
    if (strcmp(unit, "1") == 0) {
        return instrument == LLMOBS_GAUGE || instrument == LLMOBS_GAUGE_CALLBACK ? "_ratio" : "";
    }
    for (i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i][0]) == 0) {
            return units[i][1];
        }
    }
    return "";
}

/* The name of the family, a counter's without "_total". Returns its size. */
llmobsi_fn size_t llmobsi_family_name(const llmobs_metric_info* info, const char* unit, char* out)
{
    const char* suffix = llmobsi_unit_suffix(unit, info->instrument);
    size_t size = strlen(info->name);
    size_t i;
    for (i = 0; i < size; i++) {
        char byte = info->name[i];
        out[i] = byte == '.' || byte == '/' || byte == '-' ? '_' : byte;
    }
    if (info->instrument == LLMOBS_COUNTER && llmobsi_ends_with(out, size, "_total")) {
        size -= strlen("_total");
    }
    if (!llmobsi_ends_with(out, size, suffix)) {
        memcpy(out + size, suffix, strlen(suffix));
        size += strlen(suffix);
    }
    return size;
}

/* What samples of an instrument's families are called, after the family's name, which counts
   too. */
llmobsi_fn const char* const* llmobsi_sample_suffixes(uint8_t instrument)
{
    static const char* const of_counter[] = {"", "_total", "_created", NULL};
    static const char* const of_gauge[] = {"", NULL};
    static const char* const of_histogram[] = {"", "_bucket", "_count", "_sum", "_created", NULL};
    return instrument == LLMOBS_COUNTER        ? of_counter
           : instrument >= LLMOBS_HISTOGRAM    ? of_histogram
                                               : of_gauge;
}

/* Whether a + a_end and b + b_end are one text. */
llmobsi_fn bool llmobsi_names_meet(llmobs_string a, const char* a_end, llmobs_string b,
                                   const char* b_end)
{
    size_t a_size = strlen(a_end);
    size_t b_size = strlen(b_end);
    size_t i;
    if (a.size + a_size != b.size + b_size) {
        return false;
    }
    for (i = 0; i < a.size + a_size; i++) {
        char of_a = i < a.size ? a.data[i] : a_end[i - a.size];
        char of_b = i < b.size ? b.data[i] : b_end[i - b.size];
        if (of_a != of_b) {
            return false;
        }
    }
    return true;
}

llmobsi_fn bool llmobsi_families_clash(const llmobsi_metric* a, const llmobsi_metric* b)
{
    const char* const* a_end;
    const char* const* b_end;
    for (a_end = llmobsi_sample_suffixes(a->instrument); *a_end != NULL; a_end++) {
        for (b_end = llmobsi_sample_suffixes(b->instrument); *b_end != NULL; b_end++) {
            if (llmobsi_names_meet(a->family, *a_end, b->family, *b_end)) {
                return true;
            }
        }
    }
    return false;
}

/* ---- values -------------------------------------------------------------------------------- */

#define LLMOBS_I_NANO 1e9

/* What values are compared by: the whole number, or the bits of a double, which are in order as
   long as nothing is negative. */
llmobsi_inline uint64_t llmobsi_key_of_double(uint8_t number, double value)
{
    uint64_t whole;
    if (number == LLMOBS_NUMBER_DOUBLE) {
        return llmobsi_double_bits(value);
    }
    value = number == LLMOBS_NUMBER_NANO ? value * LLMOBS_I_NANO : value;
    if (llmobsi_unlikely(value >= 9223372036854775808.0)) {
        return LLMOBS_I_CELL_MOST + 1; /* 2^63 itself is one too much */
    }
    /* Not value + 0.5, which is rounded itself: of 2^52 + 1 it would be 2^52 + 2. */
    whole = (uint64_t)value;
    return whole + (value - (double)whole >= 0.5);
}

/* A key as the number that it stands for. */
llmobsi_inline double llmobsi_key_value(uint8_t number, uint64_t key)
{
    return number == LLMOBS_NUMBER_DOUBLE ? llmobsi_double_of(key)
           : number == LLMOBS_NUMBER_NANO ? (double)key / LLMOBS_I_NANO
                                          : (double)key;
}

/* A bound as the largest key that is not above it: of whole numbers it is rounded down, but for
   billionths, where 0.1 is meant to be 100000000. */
llmobsi_fn uint64_t llmobsi_key_of_bound(uint8_t number, double bound)
{
    if (number == LLMOBS_NUMBER_INT && bound < 9223372036854775808.0) {
        return (uint64_t)bound;
    }
    return llmobsi_key_of_double(number, bound);
}

llmobsi_fn bool llmobsi_bounds_are_valid(const llmobs_metric_info* info)
{
    size_t i;
    if (info->bound_count == 0 || info->bound_count > LLMOBS_BOUNDS_MAX || info->bounds == NULL) {
        return false;
    }
    for (i = 0; i < info->bound_count; i++) {
        if (!llmobsi_double_is_finite(info->bounds[i]) || info->bounds[i] <= 0.0 ||
            (i > 0 && info->bounds[i] <= info->bounds[i - 1])) {
            return false;
        }
    }
    return true;
}

llmobsi_fn bool llmobsi_range_is_valid(double least, double most)
{
    return llmobsi_double_is_finite(least) && llmobsi_double_is_finite(most) && least > 0.0 &&
           least <= most;
}

/* ---- definitions --------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_labels_are_valid(const llmobs_metric_info* info)
{
    bool histogram = info->instrument >= LLMOBS_HISTOGRAM;
    size_t i;
    size_t before;
    if (info->label_count > LLMOBS_LABELS_MAX ||
        (info->label_count > 0 &&
         (info->labels == NULL || info->instrument == LLMOBS_GAUGE_CALLBACK))) {
        return false;
    }
    for (i = 0; i < info->label_count; i++) {
        if (!llmobsi_label_name_is_valid(info->labels[i], histogram)) {
            return false;
        }
        for (before = 0; before < i; before++) {
            if (llmobsi_label_names_clash(info->labels[i], info->labels[before])) {
                return false;
            }
        }
    }
    return true;
}

/* Fills in what an info leaves open; false when it makes no sense. */
llmobsi_fn bool llmobsi_info_complete(llmobs_metric_info* info)
{
    info->help = info->help != NULL ? info->help : "";
    info->unit = info->unit != NULL ? info->unit : "";
    if (info->instrument < LLMOBS_COUNTER || info->instrument > LLMOBS_HISTOGRAM_EXPONENTIAL ||
        (unsigned)info->number > (unsigned)LLMOBS_NUMBER_DOUBLE ||
        !llmobsi_metric_name_is_valid(info->name) || !llmobsi_labels_are_valid(info) ||
        strlen(info->help) > 1000 || strlen(info->unit) > 63 ||
        !llmobsi_utf8_is_valid(info->help, strlen(info->help)) ||
        !llmobsi_utf8_is_valid(info->unit, strlen(info->unit))) {
        return false;
    }
    switch (info->instrument) {
    case LLMOBS_GAUGE:
    case LLMOBS_GAUGE_CALLBACK:
        info->number = LLMOBS_NUMBER_DOUBLE;
        return info->instrument == LLMOBS_GAUGE || info->callback != NULL;
    case LLMOBS_HISTOGRAM:
        return llmobsi_bounds_are_valid(info);
    case LLMOBS_HISTOGRAM_EXPONENTIAL:
        if (info->least <= 0.0 && info->most <= 0.0) {
            info->least = info->number == LLMOBS_NUMBER_INT ? 1.0 : 1e-6;
            info->most = info->number == LLMOBS_NUMBER_INT ? 67108864.0 : 4096.0;
        }
        return llmobsi_range_is_valid(info->least, info->most);
    case LLMOBS_COUNTER:
    case LLMOBS_UPDOWN:
        break;
    }
    return info->number != LLMOBS_NUMBER_DOUBLE;
}

llmobsi_fn bool llmobsi_text_copy(llmobsi_registry* registry, const char* text, size_t size,
                                  llmobs_string* out)
{
    char* copy = (char*)llmobsi_registry_take(registry, size + 1);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, text, size);
    copy[size] = '\0';
    out->data = copy;
    out->size = size;
    return true;
}

llmobsi_fn bool llmobsi_bounds_copy(llmobsi_registry* registry, const llmobs_metric_info* info,
                                    llmobsi_metric* metric)
{
    size_t count = info->instrument == LLMOBS_HISTOGRAM ? info->bound_count : 0;
    double* bounds;
    uint64_t* keys;
    size_t i;
    if (count == 0) {
        return true;
    }
    bounds = (double*)llmobsi_registry_take(registry, count * sizeof *bounds);
    keys = (uint64_t*)llmobsi_registry_take(registry, count * sizeof *keys);
    if (keys == NULL) {
        return false;
    }
    for (i = 0; i < count; i++) {
        bounds[i] = info->bounds[i];
        keys[i] = llmobsi_key_of_bound((uint8_t)info->number, info->bounds[i]);
    }
    metric->bounds = bounds;
    metric->keys = keys;
    metric->bound_count = (uint16_t)count;
    return true;
}

llmobsi_fn bool llmobsi_metric_texts(llmobsi_registry* registry, const llmobs_metric_info* info,
                                     llmobsi_metric* metric)
{
    char family[LLMOBS_I_FAMILY_MOST];
    size_t size = llmobsi_family_name(info, info->unit, family);
    size_t i;
    if (!llmobsi_text_copy(registry, info->name, strlen(info->name), &metric->name) ||
        !llmobsi_text_copy(registry, info->help, strlen(info->help), &metric->help) ||
        !llmobsi_text_copy(registry, info->unit, strlen(info->unit), &metric->unit) ||
        !llmobsi_text_copy(registry, family, size, &metric->family)) {
        return false;
    }
    for (i = 0; i < info->label_count; i++) {
        if (!llmobsi_text_copy(registry, info->labels[i], strlen(info->labels[i]),
                               &metric->labels[i])) {
            return false;
        }
    }
    metric->label_count = (uint16_t)info->label_count;
    return llmobsi_bounds_copy(registry, info, metric);
}

llmobsi_fn uint32_t llmobsi_metric_cells(const llmobsi_metric* metric)
{
    if (metric->instrument == LLMOBS_HISTOGRAM) {
        return LLMOBS_I_EXPLICIT_HEAD + metric->bound_count + 1u;
    }
    return metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL
               ? LLMOBS_I_EXPONENTIAL_HEAD + LLMOBS_EXPONENTIAL_BUCKETS
               : 1;
}

/* Everything but what needs the other metrics. */
llmobsi_fn bool llmobsi_metric_fill(llmobsi_registry* registry, const llmobs_metric_info* info,
                                    llmobsi_metric* metric)
{
    memset(metric, 0, sizeof *metric);
    metric->instrument = (uint8_t)info->instrument;
    metric->number = (uint8_t)info->number;
    metric->exemplars = info->exemplars;
    metric->max_series = info->max_series != 0 ? info->max_series : registry->max_series;
    metric->user_label = LLMOBS_I_NO_LABEL;
    if (info->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL) {
        metric->least = info->least;
        metric->most = info->most;
        metric->scale = (int16_t)llmobsi_exponential_scale(info->least, info->most);
    }
    if (!llmobsi_metric_texts(registry, info, metric)) {
        return false;
    }
    metric->cell_count = llmobsi_metric_cells(metric);
    return true;
}

/* A number + 1, or 0. Names are few and looked up seldom. */
llmobsi_fn uint32_t llmobsi_metric_by_name(const llmobsi_registry* registry, const char* name)
{
    uint32_t count = llmobsi_load_acquire(&registry->metric_count);
    size_t size = name != NULL ? strlen(name) : 0;
    uint32_t i;
    for (i = 0; i < count; i++) {
        llmobs_string known = registry->metrics[i].name;
        if (known.size == size && memcmp(known.data, name, size) == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* Whether a definition says the same as the metric of its name. */
llmobsi_fn bool llmobsi_metric_agrees(const llmobsi_metric* metric, const llmobs_metric_info* info)
{
    size_t bound_count = info->instrument == LLMOBS_HISTOGRAM ? info->bound_count : 0;
    size_t i;
    if (strcmp(metric->unit.data, info->unit) != 0 ||
        metric->instrument != (uint8_t)info->instrument ||
        metric->number != (uint8_t)info->number || metric->label_count != info->label_count ||
        metric->bound_count != bound_count ||
        (info->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL &&
         metric->scale != llmobsi_exponential_scale(info->least, info->most)) ||
        (bound_count > 0 &&
         memcmp(metric->bounds, info->bounds, bound_count * sizeof *info->bounds) != 0)) {
        return false;
    }
    for (i = 0; i < info->label_count; i++) {
        if (strcmp(metric->labels[i].data, info->labels[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* The metric's series that needs no labels: its only one, or the one for too many. */
llmobsi_fn bool llmobsi_metric_first_series(llmobsi_registry* registry, uint32_t number)
{
    llmobsi_metric* metric = &registry->metrics[number];
    if (metric->instrument == LLMOBS_GAUGE_CALLBACK) {
        return true;
    }
    metric->overflow = llmobsi_series_make(registry, number, NULL);
    return metric->overflow != LLMOBS_I_NO_SERIES;
}

/* Under the lock. A number + 1, or 0. */
llmobsi_fn uint32_t llmobsi_metric_add(llmobsi_registry* registry, const llmobs_metric_info* info,
                                       llmobs_result* result)
{
    uint32_t count = llmobsi_load_relaxed(&registry->metric_count);
    size_t text_used = registry->text_used;
    llmobsi_metric* metric = &registry->metrics[count]; /* there is one more than the limit */
    uint32_t i = llmobsi_metric_by_name(registry, info->name);
    if (i != 0) {
        bool agrees = llmobsi_metric_agrees(&registry->metrics[i - 1], info) &&
                      registry->asked[i - 1].callback == info->callback &&
                      registry->asked[i - 1].user == info->callback_user;
        *result = agrees ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT;
        return agrees ? i : 0;
    }
    *result = LLMOBS_ERROR_LIMIT;
    if (!llmobsi_metric_fill(registry, info, metric)) {
        registry->text_used = text_used;
        return 0;
    }
    for (i = 0; i < count; i++) {
        if (llmobsi_families_clash(&registry->metrics[i], metric)) {
            registry->text_used = text_used;
            *result = LLMOBS_ERROR_ARGUMENT;
            return 0;
        }
    }
    if (count == registry->metric_limit || !llmobsi_metric_first_series(registry, count)) {
        registry->text_used = text_used;
        return 0;
    }
    registry->asked[count].callback = info->callback;
    registry->asked[count].user = info->callback_user;
    llmobsi_store_release(&registry->metric_count, count + 1);
    *result = LLMOBS_OK;
    return count + 1;
}

/* Defines a metric, or finds the one that was defined alike. A number + 1, or 0. */
llmobsi_cold uint32_t llmobsi_metric_define(llmobsi_registry* registry,
                                            const llmobs_metric_info* info, llmobs_result* result)
{
    llmobs_metric_info complete;
    uint32_t number;
    memset(&complete, 0, sizeof complete);
    *result = LLMOBS_ERROR_ARGUMENT;
    if (info == NULL) {
        return 0;
    }
    memcpy(&complete, info, llmobsi_known_size(info->size, sizeof complete));
    if (!llmobsi_info_complete(&complete)) {
        return 0;
    }
    llmobsi_lock_take(&registry->lock);
    number = llmobsi_metric_add(registry, &complete, result);
    llmobsi_lock_give(&registry->lock);
    return number;
}

/* ---- values that a label may have ---------------------------------------------------------- */

llmobsi_fn const llmobsi_allowed* llmobsi_allowed_copy(llmobsi_registry* registry,
                                                       const char* const* values, size_t count)
{
    size_t text_used = registry->text_used;
    llmobsi_allowed* list;
    size_t i;
    if (count > registry->text_bytes / sizeof *list) {
        return NULL;
    }
    list = (llmobsi_allowed*)llmobsi_registry_take(registry, (count + 1) * sizeof *list);
    for (i = 0; list != NULL && i < count; i++) {
        const char* value = values[i] != NULL ? values[i] : "";
        size_t size = llmobsi_utf8_cut(value, strlen(value), registry->label_bytes);
        llmobs_string copy;
        if (!llmobsi_text_copy(registry, value, size, &copy)) {
            registry->text_used = text_used;
            return NULL;
        }
        list[i].text = copy.data;
        list[i].size = (uint32_t)size;
        list[i].hash = (uint32_t)llmobsi_hash64(copy.data, size, registry->seed);
    }
    return list;
}

llmobsi_fn llmobs_result llmobsi_metric_admit(llmobsi_registry* registry, uint32_t number,
                                              const char* label, const char* const* values,
                                              size_t count)
{
    llmobsi_metric* metric = &registry->metrics[number];
    const llmobsi_allowed* list;
    uint32_t i = 0;
    while (i < metric->label_count && strcmp(metric->labels[i].data, label) != 0) {
        i++;
    }
    if (i == metric->label_count) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (llmobsi_load_relaxed(&metric->first) != metric->last ||
        metric->last != metric->overflow + 1 || metric->allowed[i] != NULL) {
        return LLMOBS_ERROR_BUSY;
    }
    list = llmobsi_allowed_copy(registry, values, count);
    if (list == NULL) {
        return LLMOBS_ERROR_LIMIT;
    }
    metric->allowed[i] = list;
    metric->allowed_count[i] = (uint32_t)count;
    return LLMOBS_OK;
}
