/* The registry: what metrics there are, and the series of each. It only grows: readers follow it
   without a lock while one writer, under the lock, adds to it. A series is found by the hash of
   its label values, which stand one after the other, each with its NUL: the key. */

#define LLMOBS_I_LABEL_MOST 255u /* bytes of a label value, at the most that can be configured */
#define LLMOBS_I_KEY_MOST (LLMOBS_LABELS_MAX * (LLMOBS_I_LABEL_MOST + 1))
#define LLMOBS_I_NO_SERIES UINT32_MAX
#define LLMOBS_I_NO_LABEL (-1)
#define LLMOBS_I_USER_LABEL_OFF (-2) /* the label user_id is there when it is switched on */

#define LLMOBS_I_SERIES_LIVE 0u
#define LLMOBS_I_SERIES_HIDDEN 1u /* an overflow series that nothing has come to yet */
#define LLMOBS_I_SERIES_REMOVED 2u

/* Values that a label may have. */
typedef struct llmobsi_allowed {
    uint32_t hash;
    uint32_t size;
    const char* text;
} llmobsi_allowed;

/* A metric. Written before it is counted, and not changed after but where it says so. */
typedef struct llmobsi_metric {
    llmobs_string name;
    llmobs_string help;
    llmobs_string unit;
    llmobs_string family;
    llmobs_string labels[LLMOBS_LABELS_MAX];
    const llmobsi_allowed* allowed[LLMOBS_LABELS_MAX]; /* before its first series */
    uint32_t allowed_count[LLMOBS_LABELS_MAX];
    const double* bounds;
    const uint64_t* keys; /* the bounds as values are compared with them, see llmobsi_key_of */
    double least;
    double most;
    uint32_t max_series;
    uint32_t cell_count; /* of one series */
    uint16_t label_count;
    uint16_t bound_count;
    uint8_t instrument;
    uint8_t number;
    int16_t scale;     /* exponential: what a series begins with   */
    int8_t user_label; /* the label whose values become pseudonyms */
    bool exemplars;
    uint32_t overflow;       /* its series, if it has labels */
    llmobsi_atomic32 first;  /* of its series, number + 1; under the lock, readers read */
    uint32_t last;           /* under the lock */
    llmobsi_atomic32 live;   /* series that count for max_series; under the lock, others read */
    llmobsi_atomic64 overflows; /* this and the rest: any thread adds, readers read */
    llmobsi_atomic64 invalid;
    llmobsi_atomic64 saturated;
    llmobsi_atomic64 dropped;
} llmobsi_metric;

/* Whom a callback gauge asks. Apart from the metric, which may lie in a flight recorder's file. */
typedef struct llmobsi_asked {
    llmobs_gauge_fn callback;
    void* user;
} llmobsi_asked;

/* A series. Written before it is counted, and not changed after but where it says so. */
typedef struct llmobsi_series {
    uint32_t metric;
    uint32_t cell;      /* the first of its cells */
    uint32_t cold;      /* exponential: its second set of buckets */
    uint32_t exemplars; /* its first + 1, 0: none */
    llmobsi_atomic32 next;  /* the metric's next series, number + 1; under the lock, readers read */
    llmobsi_atomic32 state; /* under the lock, others read; HIDDEN becomes LIVE without it */
    uint32_t key_size;
    uint32_t text_size; /* of its labels as Prometheus text, which follows the key */
    const char* key;
    uint64_t created_unix_ns;
} llmobsi_series;

typedef struct llmobsi_exemplar {
    llmobsi_atomic64 version; /* odd while one writes */
    llmobsi_atomic64 trace_high;
    llmobsi_atomic64 trace_low;
    llmobsi_atomic64 span_id;
    llmobsi_atomic64 value; /* the bits of a double */
    llmobsi_atomic64 unix_ns;
} llmobsi_exemplar;

typedef struct llmobsi_registry {
    bool on;
    llmobsi_lock lock; /* for whoever adds */
    llmobs_clock clock;
    uint64_t seed;
    uint32_t label_bytes;
    uint32_t max_series; /* of a metric that says nothing else */
    llmobsi_metric* metrics;
    llmobsi_asked* asked; /* by a metric's number */
    uint32_t metric_limit;
    llmobsi_atomic32 metric_count; /* under the lock; those below it are complete */
    llmobsi_series* series;
    uint32_t series_limit;
    llmobsi_atomic32 series_count; /* the same */
    llmobsi_atomic64* table; /* upper half of the hash, series + 1; 0: empty. As series_count */
    uint32_t table_mask;
    unsigned char* texts; /* of metrics and series, arrays too */
    size_t text_bytes;
    size_t text_used; /* under the lock */
    llmobsi_exemplar* exemplars;
    uint32_t exemplar_limit;
    uint32_t exemplar_count; /* under the lock */
    llmobsi_cells cells;
    llmobsi_atomic64 misused; /* calls that named no metric, or the wrong kind; any thread adds */
    llmobsi_atomic64 labels_cut;
    const llmobsi_keyring* keyring; /* of pseudonyms */
} llmobsi_registry;

LLMOBS_API llmobs_metric_info llmobs_metric_info_default(void)
{
    llmobs_metric_info info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    return info;
}

llmobsi_fn uint64_t llmobsi_registry_now(const llmobsi_registry* registry)
{
    return llmobsi_clock_unix_ns(&registry->clock);
}

/* Memory for a text or an array, under the lock; NULL when it has run out. */
llmobsi_fn void* llmobsi_registry_take(llmobsi_registry* registry, size_t size)
{
    size_t start = registry->text_used;
    size = (size + 7) & ~(size_t)7;
    if (size > registry->text_bytes - start) {
        return NULL;
    }
    registry->text_used = start + size;
    return registry->texts + start;
}

/* ---- keys ---------------------------------------------------------------------------------- */

typedef struct llmobsi_key {
    uint32_t size;
    uint64_t hash;
    char text[LLMOBS_I_KEY_MOST];
} llmobsi_key;

llmobsi_fn bool llmobsi_is_allowed(const llmobsi_registry* registry, const llmobsi_metric* metric,
                                   uint32_t label, const char* value, size_t size)
{
    uint32_t hash = (uint32_t)llmobsi_hash64(value, size, registry->seed);
    uint32_t i;
    for (i = 0; i < metric->allowed_count[label]; i++) {
        const llmobsi_allowed* allowed = &metric->allowed[label][i];
        if (allowed->hash == hash && allowed->size == size &&
            memcmp(allowed->text, value, size) == 0) {
            return true;
        }
    }
    return false;
}

#ifndef LLMOBS_NO_SHA256
#define LLMOBS_I_USER_LABEL_SIZE 32u

/* A user's id never leaves the process: what stands for it is the tag of its pseudonym, 128 bits,
   without the key's id. */
llmobsi_fn size_t llmobsi_user_label(const llmobsi_registry* registry, const char* value,
                                     size_t size, char* out)
{
    uint8_t tag[LLMOBS_SHA256_SIZE];
    char id[LLMOBS_KEY_ID_SIZE];
    llmobs_hmac_key key;
    if (!llmobsi_keyring_key(registry->keyring, LLMOBS_DOMAIN_USER, NULL, 0, &key, id)) {
        memcpy(out, "no_key", 6); /* in a fork's child, without random bytes */
        return 6;
    }
    llmobs_hmac_of(&key, value, size, tag);
    llmobs_wipe(&key, sizeof key);
    return (size_t)(llmobsi_append_hex(out, tag, LLMOBS_I_USER_LABEL_SIZE / 2) - out);
}
#endif

/* What of a value goes into the key: as it is nearly always. Returns its size. */
llmobsi_cold size_t llmobsi_key_value_slow(llmobsi_registry* registry,
                                           const llmobsi_metric* metric, uint32_t label,
                                           const char* value, size_t size, char* out)
{
#ifndef LLMOBS_NO_SHA256
    if ((int)label == metric->user_label && size > 0) {
        return llmobsi_user_label(registry, value, size, out);
    }
#endif
    if (metric->allowed[label] != NULL &&
        !llmobsi_is_allowed(registry, metric, label, value, size)) {
        memcpy(out, "other", 5);
        return 5;
    }
    if (size > registry->label_bytes) {
        size = llmobsi_utf8_cut(value, size, registry->label_bytes);
        (void)llmobsi_add_relaxed(&registry->labels_cut, 1);
    }
    memcpy(out, value, size);
    return size;
}

llmobsi_inline uint64_t llmobsi_hash_first(const llmobsi_registry* registry, uint32_t metric)
{
    return registry->seed + metric * UINT64_C(0x9e3779b97f4a7c15);
}

/* Value by value, each seeded with the hash of those before it, so that a series can be found by
   the values as they are. */
llmobsi_fn uint64_t llmobsi_key_hash(const llmobsi_registry* registry, uint32_t metric,
                                     const char* text, uint32_t size)
{
    uint64_t hash = llmobsi_hash_first(registry, metric);
    uint32_t at = 0;
    while (at < size) {
        size_t length = strlen(text + at);
        hash = llmobsi_hash64(text + at, length, hash);
        at += (uint32_t)length + 1;
    }
    return hash;
}

/* Whether a value of this size goes into the key as it is, but for what is no UTF-8. */
llmobsi_inline bool llmobsi_value_is_plain(const llmobsi_registry* registry,
                                           const llmobsi_metric* metric, uint32_t label,
                                           size_t size)
{
    return size <= registry->label_bytes && metric->allowed[label] == NULL &&
           metric->user_label != (int)label;
}

llmobsi_fn void llmobsi_key_make(llmobsi_registry* registry, uint32_t number,
                                 const char* const* values, llmobsi_key* key)
{
    const llmobsi_metric* metric = &registry->metrics[number];
    char* out = key->text;
    uint32_t i;
    for (i = 0; i < metric->label_count; i++) {
        const char* value = values[i] != NULL ? values[i] : "";
        size_t size = strlen(value);
        if (llmobsi_unlikely(!llmobsi_value_is_plain(registry, metric, i, size))) {
            size = llmobsi_key_value_slow(registry, metric, i, value, size, out);
        } else {
            memcpy(out, value, size);
        }
        out[size] = '\0';
        out += size + 1;
    }
    key->size = (uint32_t)(out - key->text);
    key->hash = llmobsi_key_hash(registry, number, key->text, key->size);
}

/* Replaces what no text format can carry: malformed UTF-8, controls, what reorders text. It is done
   here, not when the text is written, so that values that would look the same are one series.
   False: there was nothing to do. */
llmobsi_fn bool llmobsi_key_repair(const llmobsi_registry* registry, uint32_t number,
                                   llmobsi_key* key)
{
    char raw[LLMOBS_I_KEY_MOST];
    bool repaired = false;
    uint32_t at;
    char* out = key->text;
    for (at = 0; at < key->size && !repaired; at += (uint32_t)strlen(key->text + at) + 1) {
        repaired = !llmobsi_text_is_safe(key->text + at, strlen(key->text + at));
    }
    if (!repaired) {
        return false;
    }
    memcpy(raw, key->text, key->size);
    at = 0;
    while (at < key->size) {
        size_t size = strlen(raw + at);
        out += llmobsi_text_make_safe(out, registry->label_bytes, raw + at, size);
        *out++ = '\0';
        at += (uint32_t)size + 1;
    }
    key->size = (uint32_t)(out - key->text);
    key->hash = llmobsi_key_hash(registry, number, key->text, key->size);
    return true;
}

/* ---- finding ------------------------------------------------------------------------------- */

/* The next series with this hash; LLMOBS_I_NO_SERIES: there is none. */
llmobsi_inline uint32_t llmobsi_series_probe(const llmobsi_registry* registry, uint64_t hash,
                                             uint32_t* place)
{
    uint64_t entry;
    do { /* the table is never full */
        entry = llmobsi_load_acquire(&registry->table[(*place)++ & registry->table_mask]);
    } while (entry != 0 && entry >> 32 != hash >> 32);
    return (uint32_t)entry - 1; /* of 0, LLMOBS_I_NO_SERIES */
}

llmobsi_inline bool llmobsi_series_may_be(const llmobsi_series* series, uint32_t metric,
                                          uint32_t key_size)
{
    return series->metric == metric && series->key_size == key_size &&
           llmobsi_load_relaxed(&series->state) == LLMOBS_I_SERIES_LIVE;
}

llmobsi_fn uint32_t llmobsi_series_lookup(const llmobsi_registry* registry, uint32_t metric,
                                          const llmobsi_key* key)
{
    uint32_t place = (uint32_t)key->hash;
    uint32_t number;
    do {
        number = llmobsi_series_probe(registry, key->hash, &place);
    } while (number != LLMOBS_I_NO_SERIES &&
             (!llmobsi_series_may_be(&registry->series[number], metric, key->size) ||
              memcmp(registry->series[number].key, key->text, key->size) != 0));
    return number;
}

/* Whether a key is made of these values; `sizes` with their NULs. */
llmobsi_inline bool llmobsi_key_is(const char* key, const char* const* values,
                                   const uint32_t* sizes, uint32_t count)
{
    uint32_t i;
    for (i = 0; i < count; i++) {
        if (memcmp(key, values[i] != NULL ? values[i] : "", sizes[i]) != 0) {
            return false;
        }
        key += sizes[i];
    }
    return true;
}

/* By values as they are: no key is made, which would be hashed from where it has just been written.
   LLMOBS_I_NO_SERIES: there is none, or it takes a key to tell. */
llmobsi_fn uint32_t llmobsi_series_quick(const llmobsi_registry* registry, uint32_t metric_number,
                                         const char* const* values)
{
    const llmobsi_metric* metric = &registry->metrics[metric_number];
    uint64_t hash = llmobsi_hash_first(registry, metric_number);
    uint32_t sizes[LLMOBS_LABELS_MAX];
    uint32_t key_size = 0;
    uint32_t place, number, i;
    for (i = 0; i < metric->label_count; i++) {
        const char* value = values[i] != NULL ? values[i] : "";
        size_t size = strlen(value);
        if (llmobsi_unlikely(!llmobsi_value_is_plain(registry, metric, i, size))) {
            return LLMOBS_I_NO_SERIES;
        }
        hash = llmobsi_hash64(value, size, hash);
        sizes[i] = (uint32_t)size + 1;
        key_size += sizes[i];
    }
    place = (uint32_t)hash;
    do {
        number = llmobsi_series_probe(registry, hash, &place);
    } while (number != LLMOBS_I_NO_SERIES &&
             (!llmobsi_series_may_be(&registry->series[number], metric_number, key_size) ||
              !llmobsi_key_is(registry->series[number].key, values, sizes, metric->label_count)));
    return number;
}

/* ---- making, under the lock ---------------------------------------------------------------- */

/* A label's name as Prometheus allows it. */
llmobsi_fn char llmobsi_label_byte(char byte)
{
    return byte == '.' ? '_' : byte;
}

/* A label's value with what has a meaning in Prometheus text escaped. `out` may be NULL, to
   measure. Returns the size. */
llmobsi_fn size_t llmobsi_label_escape(const char* value, size_t size, char* out)
{
    size_t used = 0;
    size_t i;
    for (i = 0; i < size; i++) {
        bool special = value[i] == '\\' || value[i] == '"' || value[i] == '\n';
        if (out != NULL) {
            out[used] = '\\';
            out[used + special] = value[i] == '\n' ? 'n' : value[i];
        }
        used += 1u + special;
    }
    return used;
}

/* The size of a metric's labels as text, at most. */
llmobsi_fn size_t llmobsi_labels_room(const llmobsi_metric* metric, const llmobsi_key* key)
{
    size_t size = llmobsi_label_escape(key->text, key->size, NULL);
    uint32_t label;
    for (label = 0; label < metric->label_count; label++) {
        size += metric->labels[label].size + strlen("=\"\",");
    }
    return size;
}

/* A metric's labels as text: name="value",... Returns its size. */
llmobsi_fn size_t llmobsi_labels_render(const llmobsi_metric* metric, const char* key, char* out)
{
    char* end = out;
    uint32_t label;
    for (label = 0; label < metric->label_count; label++) {
        const llmobs_string* name = &metric->labels[label];
        size_t size = strlen(key);
        size_t i;
        if (label > 0) {
            *end++ = ',';
        }
        for (i = 0; i < name->size; i++) {
            *end++ = llmobsi_label_byte(name->data[i]);
        }
        *end++ = '=';
        *end++ = '"';
        end += llmobsi_label_escape(key, size, end);
        *end++ = '"';
        key += size + 1;
    }
    return (size_t)(end - out);
}

static const char llmobsi_overflow_text[] = "otel_metric_overflow=\"true\"";

/* An overflow series has no key. */
llmobsi_fn void llmobsi_series_overflow_text(const llmobsi_metric* metric, llmobsi_series* series)
{
    series->key = metric->label_count > 0 ? llmobsi_overflow_text : "";
    series->text_size = (uint32_t)strlen(series->key);
}

/* The key, and behind it the labels as text. */
llmobsi_fn bool llmobsi_series_text(llmobsi_registry* registry, const llmobsi_metric* metric,
                                    const llmobsi_key* key, llmobsi_series* series)
{
    char* text;
    if (key == NULL) {
        llmobsi_series_overflow_text(metric, series);
        return true;
    }
    text = (char*)llmobsi_registry_take(registry,
                                        key->size + llmobsi_labels_room(metric, key));
    if (text == NULL) {
        return false;
    }
    memcpy(text, key->text, key->size);
    series->key = text;
    series->key_size = key->size;
    series->text_size = (uint32_t)llmobsi_labels_render(metric, text, text + key->size);
    return true;
}

llmobsi_fn bool llmobsi_series_cells(llmobsi_registry* registry, const llmobsi_metric* metric,
                                     llmobsi_series* series)
{
    bool exponential = metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL;
    uint32_t wanted = metric->bound_count > 0 ? metric->bound_count + 1u
                      : exponential || metric->instrument == LLMOBS_COUNTER ? 1
                                                                            : 0;
    series->cell = llmobsi_cells_take(&registry->cells, metric->cell_count);
    if (series->cell == LLMOBS_I_NO_CELLS) {
        return false;
    }
    if (exponential) {
        series->cold = llmobsi_cells_take_cold(&registry->cells);
    }
    if (series->cold == LLMOBS_I_NO_CELLS) {
        return false;
    }
    if (metric->exemplars && wanted > 0 &&
        wanted <= registry->exemplar_limit - registry->exemplar_count) {
        series->exemplars = registry->exemplar_count + 1;
        registry->exemplar_count += wanted;
    }
    return true;
}

llmobsi_fn void llmobsi_series_insert(llmobsi_registry* registry, uint32_t number, uint64_t hash)
{
    uint32_t place = (uint32_t)hash;
    while (llmobsi_load_relaxed(&registry->table[place & registry->table_mask]) != 0) {
        place++;
    }
    llmobsi_store_release(&registry->table[place & registry->table_mask],
                          (hash >> 32) << 32 | (number + 1));
}

llmobsi_fn void llmobsi_series_link(llmobsi_registry* registry, uint32_t number)
{
    llmobsi_metric* metric = &registry->metrics[registry->series[number].metric];
    llmobsi_atomic32* end =
        metric->last != 0 ? &registry->series[metric->last - 1].next : &metric->first;
    llmobsi_store_release(end, number + 1);
    metric->last = number + 1;
}

/* A new series; `key` is NULL for a metric's one series without labels, and its overflow series.
   LLMOBS_I_NO_SERIES when memory or numbers have run out. */
llmobsi_fn uint32_t llmobsi_series_make(llmobsi_registry* registry, uint32_t number,
                                        const llmobsi_key* key)
{
    llmobsi_metric* metric = &registry->metrics[number];
    uint32_t count = llmobsi_load_relaxed(&registry->series_count);
    llmobsi_series* series = &registry->series[count];
    size_t text_used = registry->text_used;
    uint32_t warm = registry->cells.warm;
    if (count == registry->series_limit) {
        return LLMOBS_I_NO_SERIES;
    }
    memset(series, 0, sizeof *series);
    series->metric = number;
    series->created_unix_ns = llmobsi_registry_now(registry);
    if (!llmobsi_series_text(registry, metric, key, series) ||
        !llmobsi_series_cells(registry, metric, series)) {
        registry->text_used = text_used; /* for others, which need less */
        registry->cells.warm = warm;
        return LLMOBS_I_NO_SERIES;
    }
    if (key == NULL && metric->label_count > 0) {
        llmobsi_store_relaxed(&series->state, LLMOBS_I_SERIES_HIDDEN);
    }
    llmobsi_store_release(&registry->series_count, count + 1);
    if (key != NULL) {
        llmobsi_series_insert(registry, count, key->hash);
        llmobsi_store_relaxed(&metric->live, llmobsi_load_relaxed(&metric->live) + 1);
    }
    llmobsi_series_link(registry, count);
    return count;
}

/* ---- find or make -------------------------------------------------------------------------- */

llmobsi_cold uint32_t llmobsi_series_overflow(llmobsi_registry* registry, uint32_t number)
{
    llmobsi_metric* metric = &registry->metrics[number];
    (void)llmobsi_add_relaxed(&metric->overflows, 1);
    llmobsi_store_relaxed(&registry->series[metric->overflow].state, LLMOBS_I_SERIES_LIVE);
    return metric->overflow;
}

llmobsi_fn bool llmobsi_series_full(llmobsi_registry* registry, uint32_t number)
{
    const llmobsi_metric* metric = &registry->metrics[number];
    return llmobsi_load_relaxed(&metric->live) >= metric->max_series ||
           llmobsi_load_relaxed(&registry->series_count) == registry->series_limit;
}

llmobsi_cold uint32_t llmobsi_series_new(llmobsi_registry* registry, uint32_t number,
                                         llmobsi_key* key, llmobsi_wait wait)
{
    uint32_t found;
    if (llmobsi_key_repair(registry, number, key)) {
        found = llmobsi_series_lookup(registry, number, key);
        if (found != LLMOBS_I_NO_SERIES) {
            return found;
        }
    }
    if (llmobsi_series_full(registry, number) || !llmobsi_lock_take_if(&registry->lock, wait)) {
        return llmobsi_series_overflow(registry, number);
    }
    found = llmobsi_series_lookup(registry, number, key);
    if (found == LLMOBS_I_NO_SERIES && !llmobsi_series_full(registry, number)) {
        found = llmobsi_series_make(registry, number, key);
    }
    llmobsi_lock_give(&registry->lock);
    return found != LLMOBS_I_NO_SERIES ? found : llmobsi_series_overflow(registry, number);
}

llmobsi_cold uint32_t llmobsi_series_get_slow(llmobsi_registry* registry, uint32_t number,
                                              const char* const* values, llmobsi_wait wait)
{
    llmobsi_key key;
    uint32_t found;
    llmobsi_key_make(registry, number, values, &key);
    found = llmobsi_series_lookup(registry, number, &key);
    return found != LLMOBS_I_NO_SERIES ? found
                                       : llmobsi_series_new(registry, number, &key, wait);
}

/* The series of these label values, as many as the metric has labels. Where it is new, `wait`
   says whether the lock may be waited for to make it; otherwise it is the overflow series. */
llmobsi_fn uint32_t llmobsi_series_get(llmobsi_registry* registry, uint32_t number,
                                       const char* const* values, llmobsi_wait wait)
{
    const llmobsi_metric* metric = &registry->metrics[number];
    uint32_t found;
    if (metric->label_count == 0) {
        return llmobsi_load_relaxed(&metric->first) - 1;
    }
    found = llmobsi_series_quick(registry, number, values);
    return llmobsi_likely(found != LLMOBS_I_NO_SERIES)
               ? found
               : llmobsi_series_get_slow(registry, number, values, wait);
}

llmobsi_fn bool llmobsi_series_take_out(llmobsi_registry* registry, uint32_t number,
                                        const char* const* values)
{
    llmobsi_metric* metric = &registry->metrics[number];
    llmobsi_key key;
    uint32_t found;
    llmobsi_key_make(registry, number, values, &key);
    (void)llmobsi_key_repair(registry, number, &key);
    llmobsi_lock_take(&registry->lock);
    found = llmobsi_series_lookup(registry, number, &key);
    if (found != LLMOBS_I_NO_SERIES) {
        llmobsi_store_relaxed(&registry->series[found].state, LLMOBS_I_SERIES_REMOVED);
        llmobsi_store_relaxed(&metric->live, llmobsi_load_relaxed(&metric->live) - 1);
    }
    llmobsi_lock_give(&registry->lock);
    return found != LLMOBS_I_NO_SERIES;
}

/* ---- the account --------------------------------------------------------------------------- */

typedef struct llmobsi_metric_totals {
    uint64_t series;
    uint64_t overflows;
    uint64_t invalid;
    uint64_t saturated;
    uint64_t dropped;
} llmobsi_metric_totals;

llmobsi_fn void llmobsi_metrics_total(const llmobsi_registry* registry,
                                      llmobsi_metric_totals* totals)
{
    uint32_t count = llmobsi_load_acquire(&registry->metric_count);
    uint32_t i;
    memset(totals, 0, sizeof *totals);
    for (i = 0; i < count; i++) {
        const llmobsi_metric* metric = &registry->metrics[i];
        totals->series += llmobsi_load_relaxed(&metric->live) + (metric->label_count == 0);
        totals->overflows += llmobsi_load_relaxed(&metric->overflows);
        totals->invalid += llmobsi_load_relaxed(&metric->invalid);
        totals->saturated += llmobsi_load_relaxed(&metric->saturated);
        totals->dropped += llmobsi_load_relaxed(&metric->dropped);
    }
}

/* ---- fork ---------------------------------------------------------------------------------- */

/* In the child, alone: the metrics and their series stay, their values begin at zero. What another
   thread was just adding when the process forked is put in order from the arrays, or forgotten. */
llmobsi_fn void llmobsi_registry_forked(llmobsi_registry* registry)
{
    uint32_t metrics = llmobsi_load_relaxed(&registry->metric_count);
    uint32_t series = llmobsi_load_relaxed(&registry->series_count);
    uint64_t now = llmobsi_registry_now(registry);
    uint32_t i;
    llmobsi_cells_clear(&registry->cells);
    memset(registry->table, 0, ((size_t)registry->table_mask + 1) * sizeof *registry->table);
    memset(registry->exemplars, 0, registry->exemplar_limit * sizeof *registry->exemplars);
    for (i = 0; i < metrics; i++) {
        llmobsi_metric* metric = &registry->metrics[i];
        llmobsi_store_relaxed(&metric->first, 0);
        metric->last = 0;
        llmobsi_store_relaxed(&metric->live, 0);
        llmobsi_store_relaxed(&metric->overflows, 0);
        llmobsi_store_relaxed(&metric->invalid, 0);
        llmobsi_store_relaxed(&metric->saturated, 0);
        llmobsi_store_relaxed(&metric->dropped, 0);
    }
    for (i = 0; i < series; i++) {
        llmobsi_series* one = &registry->series[i];
        llmobsi_store_relaxed(&one->next, 0);
        one->created_unix_ns = now;
        if (one->metric >= metrics) {
            llmobsi_store_relaxed(&one->state, LLMOBS_I_SERIES_REMOVED);
        } else if (llmobsi_load_relaxed(&one->state) != LLMOBS_I_SERIES_REMOVED) {
            llmobsi_series_link(registry, i);
            if (one->key_size > 0) {
                llmobsi_metric* metric = &registry->metrics[one->metric];
                llmobsi_series_insert(
                    registry, i,
                    llmobsi_key_hash(registry, one->metric, one->key, one->key_size));
                llmobsi_store_relaxed(&metric->live, llmobsi_load_relaxed(&metric->live) + 1);
            }
        }
    }
    llmobsi_store_relaxed(&registry->misused, 0);
    llmobsi_store_relaxed(&registry->labels_cut, 0);
}
