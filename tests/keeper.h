/* For tests of recording: an exporter that keeps copies of all it gets, and says when a batch is
   not as the header promises. Include it after llmobs.h and tap.h. */
#ifndef KEEPER_H
#define KEEPER_H

#include <pthread.h>
#include <stdlib.h>

typedef struct kept_block {
    struct kept_block* next;
    size_t used;
    size_t size;
    char data[1];
} kept_block;

typedef struct keeper {
    pthread_mutex_t lock;
    kept_block* blocks;
    llmobs_span_view* spans; /* copies, with all they point to */
    size_t count;
    size_t capacity;
    llmobs_log_view* logs; /* copies likewise */
    size_t log_count;
    size_t log_capacity;
    size_t calls;
    size_t batches;      /* answered OK */
    uint64_t items;      /* spans and log records of these */
    uint64_t promised;   /* of those answered PENDING */
    uint64_t lost_told;  /* the sum of lost_before */
    uint64_t last_id;
    size_t malformed;    /* promises broken, with the last one's text */
    const char* problem;
    llmobs_export_result answer; /* what to answer next, OK at first */
    bool forget;                 /* check only, keep nothing */
} keeper;

static inline void* kept_take(keeper* kept, size_t size)
{
    kept_block* block = kept->blocks;
    void* memory;
    size = (size + 15) & ~(size_t)15;
    if (block == NULL || block->size - block->used < size) {
        size_t room = size > 65536 ? size : 65536;
        block = (kept_block*)malloc(sizeof(kept_block) + 16 + room);
        block->next = kept->blocks;
        block->used = 0;
        block->size = room;
        kept->blocks = block;
    }
    memory = (void*)(((uintptr_t)block->data + 15 + block->used) & ~(uintptr_t)15);
    block->used += size;
    return memory;
}

static inline void* kept_copy(keeper* kept, const void* data, size_t size)
{
    void* copy = kept_take(kept, size != 0 ? size : 1);
    if (size != 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

static inline void kept_expect(keeper* kept, bool holds, const char* what)
{
    if (!holds) {
        kept->malformed++;
        kept->problem = what;
    }
}

static inline llmobs_string kept_text(keeper* kept, llmobs_string text)
{
    if (text.data == NULL) {
        kept_expect(kept, false, "a string is NULL");
        text.data = "";
        text.size = 0;
        return text;
    }
    kept_expect(kept, text.data[text.size] == '\0', "a string has no NUL behind it");
    kept_expect(kept, llmobsi_utf8_is_valid(text.data, text.size), "a string is no UTF-8");
    text.data = (const char*)kept_copy(kept, text.data, text.size + 1);
    return text;
}

static inline const llmobs_attribute_view* kept_attributes(keeper* kept,
                                                           const llmobs_attribute_view* from,
                                                           uint32_t count)
{
    llmobs_attribute_view* to =
        (llmobs_attribute_view*)kept_copy(kept, from, count * sizeof *from);
    uint32_t i;
    uint32_t k;
    for (i = 0; i < count; i++) {
        to[i].key = kept_text(kept, to[i].key);
        if (to[i].type == LLMOBS_TYPE_STRING) {
            to[i].value.string = kept_text(kept, to[i].value.string);
        } else if (to[i].type == LLMOBS_TYPE_STRINGS) {
            llmobs_string* strings = (llmobs_string*)kept_copy(
                kept, to[i].value.strings, to[i].count * sizeof(llmobs_string));
            for (k = 0; k < to[i].count; k++) {
                strings[k] = kept_text(kept, strings[k]);
            }
            to[i].value.strings = strings;
        } else {
            kept_expect(kept, to[i].type <= LLMOBS_TYPE_STRINGS, "an attribute has no type");
        }
        for (k = 0; k < i && to[i].key.size != 0; k++) {
            kept_expect(kept, strcmp(to[i].key.data, to[k].key.data) != 0, "a key comes twice");
        }
    }
    return to;
}

static inline bool kept_is_zero(const uint8_t* bytes, size_t size)
{
    size_t i;
    for (i = 0; i < size && bytes[i] == 0; i++) {
    }
    return i == size;
}

static inline void kept_events(keeper* kept, llmobs_span_view* span)
{
    llmobs_event_view* events = (llmobs_event_view*)kept_copy(
        kept, span->events, span->event_count * sizeof *events);
    uint32_t i;
    for (i = 0; i < span->event_count; i++) {
        events[i].name = kept_text(kept, events[i].name);
        events[i].attributes =
            kept_attributes(kept, events[i].attributes, events[i].attribute_count);
    }
    span->events = events;
}

static inline void kept_links(keeper* kept, llmobs_span_view* span)
{
    llmobs_link_view* links =
        (llmobs_link_view*)kept_copy(kept, span->links, span->link_count * sizeof *links);
    uint32_t i;
    for (i = 0; i < span->link_count; i++) {
        links[i].trace_state = kept_text(kept, links[i].trace_state);
        links[i].attributes =
            kept_attributes(kept, links[i].attributes, links[i].attribute_count);
    }
    span->links = links;
}

static inline void kept_add(keeper* kept, const llmobs_span_view* from)
{
    llmobs_span_view* span;
    if (kept->count == kept->capacity) {
        kept->capacity = kept->capacity != 0 ? 2 * kept->capacity : 256;
        kept->spans = (llmobs_span_view*)realloc(kept->spans, kept->capacity * sizeof *span);
    }
    span = &kept->spans[kept->count++];
    *span = *from;
    span->name = kept_text(kept, span->name);
    span->trace_state = kept_text(kept, span->trace_state);
    span->status_message = kept_text(kept, span->status_message);
    span->attributes = kept_attributes(kept, span->attributes, span->attribute_count);
    kept_events(kept, span);
    kept_links(kept, span);
    kept_expect(kept, span->end_unix_ns >= span->start_unix_ns, "a span ends before it begins");
    kept_expect(kept, !kept_is_zero(span->span_id, 8), "a span has no id");
    kept_expect(kept, !kept_is_zero(span->trace_id, 16), "a span has no trace");
    kept_expect(kept, (span->flags & LLMOBS_TRACE_SAMPLED) != 0, "an unsampled span is exported");
    kept_expect(kept, span->kind >= LLMOBS_KIND_INTERNAL && span->kind <= LLMOBS_KIND_CONSUMER,
                "a span has no kind");
}

static inline void kept_interaction(keeper* kept, llmobs_log_view* log)
{
    llmobs_interaction* copy;
    llmobs_string* rules;
    llmobsi_interaction_parts parts;
    size_t i;
    if (log->interaction == NULL) {
        return;
    }
    copy = (llmobs_interaction*)kept_copy(kept, log->interaction, sizeof *copy);
    llmobsi_interaction_parts_of(copy, &parts);
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS; i++) {
        parts.texts[i] = kept_text(kept, parts.texts[i]);
    }
    llmobsi_interaction_set_parts(copy, &parts);
    rules = (llmobs_string*)kept_copy(kept, copy->guardrails_triggered,
                                      copy->guardrail_count * sizeof *rules);
    for (i = 0; i < copy->guardrail_count; i++) {
        rules[i] = kept_text(kept, rules[i]);
    }
    copy->guardrails_triggered = rules;
    kept_expect(kept, copy->unix_ns == log->unix_ns && copy->severity == log->severity,
                "an interaction is not of its record");
    log->interaction = copy;
}

static inline void kept_add_log(keeper* kept, const llmobs_log_view* from)
{
    llmobs_log_view* log;
    if (kept->log_count == kept->log_capacity) {
        kept->log_capacity = kept->log_capacity != 0 ? 2 * kept->log_capacity : 256;
        kept->logs = (llmobs_log_view*)realloc(kept->logs, kept->log_capacity * sizeof *log);
    }
    log = &kept->logs[kept->log_count++];
    *log = *from;
    log->event_name = kept_text(kept, log->event_name);
    log->body = kept_text(kept, log->body);
    log->attributes = kept_attributes(kept, log->attributes, log->attribute_count);
    kept_interaction(kept, log);
    kept_expect(kept, log->severity >= 1 && log->severity <= 24, "a record has no severity");
    kept_expect(kept, log->observed_unix_ns != 0, "a record has no time");
    kept_expect(kept, kept_is_zero(log->span_id, 8) == kept_is_zero(log->trace_id, 16),
                "a record has half an id");
}

/* The callback; `user` is the keeper. */
static inline llmobs_export_result keep(void* user, const llmobs_batch* batch)
{
    keeper* kept = (keeper*)user;
    llmobs_export_result answer;
    size_t i;
    (void)pthread_mutex_lock(&kept->lock);
    kept->calls++;
    kept_expect(kept, batch->size == sizeof *batch, "a batch has another size");
    kept_expect(kept, batch->span_count + batch->log_count > 0, "a batch is empty");
    kept_expect(kept, batch->span_count == 0 || batch->log_count == 0, "a batch has two signals");
    kept_expect(kept, batch->attempt > 0, "an attempt is 0");
    kept_expect(kept, batch->attempt > 1 || batch->id != kept->last_id, "an id comes twice");
    kept_expect(kept, batch->resource->attribute_count >= 6, "the resource is short");
    kept->last_id = batch->id;
    answer = kept->answer;
    kept->promised += answer == LLMOBS_EXPORT_PENDING ? batch->span_count + batch->log_count : 0;
    if (answer == LLMOBS_EXPORT_OK) {
        kept->batches++;
        kept->items += batch->span_count + batch->log_count;
        kept->lost_told += batch->lost_before;
        for (i = 0; i < batch->span_count; i++) {
            if (kept->forget) {
                kept->count++;
            } else {
                kept_add(kept, &batch->spans[i]);
            }
        }
        for (i = 0; i < batch->log_count; i++) {
            if (kept->forget) {
                kept->log_count++;
            } else {
                kept_add_log(kept, &batch->logs[i]);
            }
        }
    }
    (void)pthread_mutex_unlock(&kept->lock);
    return answer;
}

static inline void keeper_init(keeper* kept)
{
    memset(kept, 0, sizeof *kept);
    (void)pthread_mutex_init(&kept->lock, NULL);
}

static inline void keeper_clear(keeper* kept)
{
    while (kept->blocks != NULL) {
        kept_block* next = kept->blocks->next;
        free(kept->blocks);
        kept->blocks = next;
    }
    free(kept->spans);
    free(kept->logs);
    (void)pthread_mutex_destroy(&kept->lock);
    keeper_init(kept);
}

/* How many spans it has, while an exporter's thread may be adding some. */
static inline size_t kept_count(keeper* kept)
{
    size_t count;
    (void)pthread_mutex_lock(&kept->lock);
    count = kept->count;
    (void)pthread_mutex_unlock(&kept->lock);
    return count;
}

/* The first span of this name, or NULL. */
static inline const llmobs_span_view* kept_span(const keeper* kept, const char* name)
{
    size_t i;
    for (i = 0; i < kept->count; i++) {
        if (strcmp(kept->spans[i].name.data, name) == 0) {
            return &kept->spans[i];
        }
    }
    return NULL;
}

static inline const llmobs_attribute_view* kept_attribute(const llmobs_span_view* span,
                                                          const char* key)
{
    uint32_t i;
    for (i = 0; span != NULL && i < span->attribute_count; i++) {
        if (strcmp(span->attributes[i].key.data, key) == 0) {
            return &span->attributes[i];
        }
    }
    return NULL;
}

/* Its text, or "(none)" where there is no such attribute or it is no string. */
static inline const char* kept_string(const llmobs_span_view* span, const char* key)
{
    const llmobs_attribute_view* attribute = kept_attribute(span, key);
    return attribute != NULL && attribute->type == LLMOBS_TYPE_STRING ? attribute->value.string.data
                                                                      : "(none)";
}

static inline llmobs_stats stats_of(llmobs* obs)
{
    llmobs_stats stats;
    stats.size = sizeof stats;
    (void)llmobs_stats_read(obs, &stats);
    return stats;
}

static inline uint64_t dropped_in_all(const llmobs_stats* stats)
{
    uint64_t sum = 0;
    int drop;
    for (drop = 0; drop < (int)LLMOBS_DROP_COUNT; drop++) {
        sum += stats->dropped[drop];
    }
    return sum;
}

/* The equation of an account: nothing is lost silently. Says what does not balance. What an
   exporter has queued is told as what is left of what it received, so here its part sees only that
   there is never more than that: account_balances counts what waits, close_kept holds it against
   what the keeper got. */
static inline bool balances(const llmobs_stats* stats)
{
    uint64_t known = dropped_in_all(stats) + stats->live + stats->ended + stats->tail_held +
                     stats->tail_dropped + stats->collected;
    bool good = stats->started == known;
    uint32_t i;
    if (!good) {
        printf("# started %llu, known %llu (live %llu, ended %llu, collected %llu)\n",
               (unsigned long long)stats->started, (unsigned long long)known,
               (unsigned long long)stats->live, (unsigned long long)stats->ended,
               (unsigned long long)stats->collected);
    }
    for (i = 0; i < stats->exporter_count; i++) {
        const llmobs_exporter_stats* one = &stats->exporters[i];
        uint64_t sum = one->exported + one->queued + one->spooled;
        int loss;
        for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
            sum += one->lost[loss];
        }
        if (sum != one->received + one->recovered) {
            printf("# exporter %u received %llu, knows of %llu\n", i,
                   (unsigned long long)(one->received + one->recovered),
                   (unsigned long long)sum);
            good = false;
        }
        sum = one->points.exported + one->points.queued + one->points.spooled;
        for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
            sum += one->points.lost[loss];
        }
        if (sum != one->points.received + one->points.recovered) {
            printf("# exporter %u received %llu points, knows of %llu\n", i,
                   (unsigned long long)one->points.received, (unsigned long long)sum);
            good = false;
        }
    }
    return good;
}

/* What all exporters lost, of all signals. */
static inline uint64_t lost_by_exporters(const llmobs_stats* stats)
{
    uint64_t sum = 0;
    uint32_t i;
    int loss;
    for (i = 0; i < stats->exporter_count; i++) {
        for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
            sum += stats->exporters[i].lost[loss] + stats->exporters[i].points.lost[loss];
        }
    }
    return sum;
}

/* What stands in an exporter's queue, of all signals: counted batch by batch. */
static inline uint64_t waiting_in(llmobsi_exporter* exporter)
{
    uint64_t sum = 0;
    uint32_t i;
    llmobsi_lock_take(&exporter->lock);
    for (i = 0; i < exporter->batch_count; i++) {
        const llmobsi_queued* batch = &exporter->batches[i];
        if (batch->state != LLMOBS_I_BATCH_FREE && !batch->replayed) { /* else it is spooled */
            sum += batch->packer.count;
        }
    }
    llmobsi_lock_give(&exporter->lock);
    return sum;
}

/* At rest: no thread records, no exporter is at work. */
static inline bool account_balances(llmobs* obs)
{
    llmobs_stats stats = stats_of(obs);
    llmobsi_instance* instance = llmobsi_call_begin(obs);
    bool good = balances(&stats) && instance != NULL;
    uint32_t i;
    for (i = 0; instance != NULL && i < stats.exporter_count; i++) {
        const uint64_t told = stats.exporters[i].queued + stats.exporters[i].points.queued;
        const uint64_t waiting = waiting_in(&instance->collector.exporters[i]);
        if (told != waiting) {
            printf("# exporter %u tells of %llu queued, %llu wait\n", i, (unsigned long long)told,
                   (unsigned long long)waiting);
            good = false;
        }
    }
    if (instance != NULL) {
        llmobsi_call_end(instance);
    }
    return good;
}

/* A config for tests: the host pumps, so nothing happens by itself. */
static inline llmobs_config pumped_config(void)
{
    llmobs_config config = llmobs_config_default();
    config.host_pumped = true;
    config.span_slots = 256;
    config.max_threads = 8;
    return config;
}

/* Opens with the config and one keeper; exits the test where even that fails. */
static inline llmobs* open_kept(const llmobs_config* config, keeper* kept)
{
    llmobs_result result;
    llmobs* obs = llmobs_open(config, &result);
    keeper_init(kept);
    if (obs == NULL || llmobs_export_to(obs, keep, kept) != LLMOBS_OK) {
        printf("Bail out! open: %s\n", llmobs_result_name(result));
        exit(1);
    }
    return obs;
}

/* Whether the keeper, which is the first exporter, got what it is said to have been given, and
   nothing waits in any. */
static inline bool kept_balances(const llmobs_stats* stats, const keeper* kept)
{
    const uint64_t exported = stats->exporters[0].exported;
    bool good = exported >= kept->items && exported <= kept->items + kept->promised;
    uint32_t i;
    if (!good) {
        printf("# exported %llu, the keeper got %llu, and %llu for later\n",
               (unsigned long long)exported, (unsigned long long)kept->items,
               (unsigned long long)kept->promised);
    }
    for (i = 0; i < stats->exporter_count; i++) {
        if (stats->exporters[i].queued + stats->exporters[i].points.queued != 0) {
            printf("# closed, and exporter %u still has some queued\n", i);
            good = false;
        }
    }
    return good;
}

/* Closes, and says whether all went well: the last account balances, no promise was broken. */
static inline bool close_kept(llmobs* obs, keeper* kept)
{
    llmobs_stats stats;
    llmobs_result result;
    bool good;
    stats.size = sizeof stats;
    result = llmobs_close_with_stats(obs, &stats);
    good = result == LLMOBS_OK && balances(&stats) && kept_balances(&stats, kept) &&
           stats.live == 0 && stats.ended == 0;
    if (kept->malformed != 0) {
        printf("# %zu promises broken, such as: %s\n", kept->malformed, kept->problem);
        good = false;
    }
    keeper_clear(kept);
    return good;
}

/* Sizes of the longer tests: LLMOBS_STRESS is a percentage; who is slow gets a tenth. */
static inline long sized(long full)
{
    const char* percent = getenv("LLMOBS_STRESS");
    long share = percent != NULL ? atol(percent) : slowed() ? 10 : 100;
    long size = full * share / 100;
    return size > 0 ? size : 1;
}

#endif
