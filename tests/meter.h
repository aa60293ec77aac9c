/* For tests of metrics: an instance with nothing but metrics, definitions in one line, and a strict
   reader of Prometheus text. Include it after llmobs.h, tap.h and keeper.h. */
#ifndef METER_H
#define METER_H

/* No spans, no known metrics, nothing told of itself; the host pumps. */
static inline llmobs_config metered_config(void)
{
    llmobs_config config = pumped_config();
    config.span_slots = LLMOBS_OFF;
    config.metric_families = LLMOBS_OFF;
    return config;
}

static inline llmobs* open_metered(const llmobs_config* config)
{
    llmobs_result result;
    llmobs* obs = llmobs_open(config, &result);
    if (obs == NULL) {
        printf("Bail out! open: %s\n", llmobs_result_name(result));
        exit(1);
    }
    return obs;
}

static inline llmobsi_registry* registry_of(llmobs* obs)
{
    return &llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder->registry;
}

static inline llmobs_metric_info info_of(const char* name, llmobs_instrument instrument,
                                         llmobs_number number)
{
    llmobs_metric_info info = llmobs_metric_info_default();
    info.name = name;
    info.instrument = instrument;
    info.number = number;
    return info;
}

static inline llmobs_metric define_info(llmobs* obs, const llmobs_metric_info* info)
{
    llmobs_result result;
    llmobs_metric metric = llmobs_metric_define(obs, info, &result);
    if (metric.number == 0) {
        printf("Bail out! %s: %s\n", info->name, llmobs_result_name(result));
        exit(1);
    }
    return metric;
}

/* A metric with one label, or with none where it is NULL. */
static inline llmobs_metric define_with(llmobs* obs, const char* name, const char* label,
                                        llmobs_instrument instrument, llmobs_number number)
{
    llmobs_metric_info info = info_of(name, instrument, number);
    info.labels = &label;
    info.label_count = label != NULL;
    return define_info(obs, &info);
}

static inline llmobs_metric define_bounds(llmobs* obs, const char* name, llmobs_number number,
                                          const double* bounds, size_t count)
{
    llmobs_metric_info info = info_of(name, LLMOBS_HISTOGRAM, number);
    info.bounds = bounds;
    info.bound_count = count;
    return define_info(obs, &info);
}

/* ---- text ---------------------------------------------------------------------------------- */

/* What a scraper gets; to be freed. */
static inline char* scrape(llmobs* obs, llmobs_exposition exposition)
{
    size_t capacity = 65536;
    for (;;) {
        char* text = (char*)malloc(capacity);
        size_t size = capacity;
        llmobs_result result = llmobs_prometheus_print(obs, exposition, text, &size);
        if (result == LLMOBS_OK) {
            return text;
        }
        free(text);
        if (result != LLMOBS_ERROR_LIMIT) {
            printf("Bail out! scrape: %s\n", llmobs_result_name(result));
            exit(1);
        }
        capacity = 2 * size;
    }
}

/* The value behind `name{labels}`, up to the line's end; "(none)" where there is no such line. */
static inline const char* sample_of(const char* text, const char* series)
{
    static char value[128];
    size_t size = strlen(series);
    const char* line = text;
    while (line != NULL && *line != '\0') {
        if (strncmp(line, series, size) == 0 && line[size] == ' ') {
            size_t length = strcspn(line + size + 1, "\n");
            length = length < sizeof value ? length : sizeof value - 1;
            memcpy(value, line + size + 1, length);
            value[length] = '\0';
            return value;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return "(none)";
}

/* The same of an instance as it is now. */
static inline const char* sample_now(llmobs* obs, const char* series)
{
    char* text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    const char* value = sample_of(text, series);
    free(text);
    return value;
}

/* One line of values. */
typedef struct prometheus_sample {
    char name[512];
    int label_count;
    struct {
        char name[264];
        char value[1024]; /* without its escapes */
    } labels[LLMOBS_LABELS_MAX + 1];
    char value[64];
} prometheus_sample;

typedef void (*prometheus_fn)(void* user, const prometheus_sample* sample);

static inline const char* prometheus_name(const char* at, char* out, size_t room, bool colons)
{
    size_t size = 0;
    while ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '_' ||
           (*at == ':' && colons) || (*at >= '0' && *at <= '9' && size > 0)) {
        if (size + 1 == room) {
            return NULL;
        }
        out[size++] = *at++;
    }
    out[size] = '\0';
    return size > 0 ? at : NULL;
}

/* Behind the opening quotes; NULL: this is no label value. */
static inline const char* prometheus_label_value(const char* at, char* out, size_t room)
{
    size_t size = 0;
    for (; *at != '"'; at++) {
        char byte = *at;
        if (byte == '\0' || byte == '\n' || size + 1 == room) {
            return NULL;
        }
        if (byte == '\\') {
            at++;
            if (*at != '\\' && *at != '"' && *at != 'n') {
                return NULL;
            }
            byte = *at == 'n' ? '\n' : *at;
        }
        out[size++] = byte;
    }
    out[size] = '\0';
    return llmobsi_utf8_is_valid(out, size) ? at + 1 : NULL;
}

/* Behind the brace. */
static inline const char* prometheus_labels(const char* at, prometheus_sample* sample)
{
    int count = 0;
    do {
        if (count > LLMOBS_LABELS_MAX) {
            return NULL;
        }
        at = prometheus_name(at, sample->labels[count].name, sizeof sample->labels[count].name,
                             false);
        if (at == NULL || at[0] != '=' || at[1] != '"') {
            return NULL;
        }
        at = prometheus_label_value(at + 2, sample->labels[count].value,
                                    sizeof sample->labels[count].value);
        count++;
        if (at == NULL || (*at != ',' && *at != '}')) {
            return NULL;
        }
    } while (*at++ == ',');
    sample->label_count = count;
    return at;
}

static inline const char* prometheus_line(const char* at, prometheus_sample* sample)
{
    size_t size;
    char* end;
    sample->label_count = 0;
    at = prometheus_name(at, sample->name, sizeof sample->name, true);
    if (at != NULL && *at == '{') {
        at = prometheus_labels(at + 1, sample);
    }
    if (at == NULL || *at != ' ') {
        return NULL;
    }
    size = strcspn(++at, "\n");
    if (size == 0 || size >= sizeof sample->value || at[size] != '\n') {
        return NULL;
    }
    memcpy(sample->value, at, size);
    sample->value[size] = '\0';
    (void)strtod(sample->value, &end);
    return *end == '\0' ? at + size + 1 : NULL;
}

/* Reads the whole text, strictly. False: it is malformed, and a comment says where. */
static inline bool prometheus_read(const char* text, prometheus_fn tell, void* user)
{
    static prometheus_sample sample;
    const char* at = text;
    while (*at != '\0') {
        const char* next;
        if (*at == '#') {
            bool known = strncmp(at, "# HELP ", 7) == 0 || strncmp(at, "# TYPE ", 7) == 0;
            next = strchr(at, '\n');
            next = known && next != NULL ? next + 1 : NULL;
        } else {
            next = prometheus_line(at, &sample);
            if (next != NULL && tell != NULL) {
                tell(user, &sample);
            }
        }
        if (next == NULL) {
            printf("# malformed: %.100s\n", at);
            return false;
        }
        at = next;
    }
    return true;
}

#endif
