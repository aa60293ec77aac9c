/* Puts canaries into the texts of any program, between it and the library: linked with --wrap, each
   call that hands over a prompt, an answer, a user's or session's id, a label or a header comes
   here first. Equal texts get equal canaries in front, so that the program goes on as it would. The
   copies are wiped when the call is back; then nobody has the canary but who leaked it. Works where
   LLMOBS_CANARY is set, to a seed; LLMOBS_CANARY_STOP lets tests/canary look into the program as it
   closes an instance, LLMOBS_CANARY_TALLY names a file that gets a line about what was planted.

   With CANARY_LEAK it is careless on purpose: 1, an attribute; 2, memory; 3, stderr; 4, the name of
   a rule, which is a label; 5, the name of a file. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include "llmobs.h"

#include "../canary.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef CANARY_LEAK
#define CANARY_LEAK 0
#endif

/* Everything that is wrapped; tests/canary/everywhere.t reads this list. */
#define WRAPPED(X)                                                                                \
    X(llmobs_request_begin)                                                                       \
    X(llmobs_request_input)                                                                       \
    X(llmobs_request_output)                                                                      \
    X(llmobs_request_end)                                                                         \
    X(llmobs_pseudonym)                                                                           \
    X(llmobs_pseudonym_update)                                                                    \
    X(llmobs_pseudonym_verify)                                                                    \
    X(llmobs_session_begin)                                                                       \
    X(llmobs_session_end)                                                                         \
    X(llmobs_counter_get)                                                                         \
    X(llmobs_span_set_string)                                                                     \
    X(llmobs_span_set)                                                                            \
    X(llmobs_close)                                                                               \
    X(llmobs_close_with_stats)                                                                    \
    X(write)
/* By the names that the linker gives them: ours is called instead, and the real one stays there. */
#define DECLARED(name)                                                                            \
    __typeof__(name) with_##name __asm__("__wrap_" #name);                                        \
    __typeof__(name) real_##name __asm__("__real_" #name);
WRAPPED(DECLARED)

enum { PROMPT, ANSWER, CONTEXT, USER, SESSION, LABEL, HEADER, HASHED, KINDS };
static const char* const kinds[KINDS] = {"prompt",  "answer", "context", "user",
                                         "session", "label",  "header",  "hashed"};

enum { SEEN_BITS = 1 << 20, ROOM = 512 };

static uint64_t seed;
static int stops;
static int halted; /* by a stop: calls wait */
static int inside; /* calls under way */
static unsigned planted_count[KINDS]; /* different ones */
static unsigned written;              /* calls of write with a canary */
static uint32_t seen[KINDS][SEEN_BITS / 32];
static char* careless;

/* ---- one text ------------------------------------------------------------------------------ */

/* A text with its canary in front. No malloc: calls come from signal handlers as well. */
typedef struct plant {
    char room[ROOM];
    char* data;
    size_t size; /* with the NUL */
} plant;

static void wipe(char* data, size_t size)
{
    volatile char* bytes = data;
    size_t i;
    for (i = 0; i < size; i++) {
        bytes[i] = 0;
    }
}

static uint32_t hash_of(const char* text, size_t size)
{
    uint32_t hash = 2166136261u;
    size_t i;
    for (i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    }
    return hash;
}

static void count(int kind, uint32_t hash)
{
    uint32_t bit = (hash ^ hash >> 20) % SEEN_BITS;
    uint32_t before =
        __atomic_fetch_or(&seen[kind][bit / 32], UINT32_C(1) << bit % 32, __ATOMIC_RELAXED);
    if ((before >> bit % 32 & 1) == 0) {
        (void)__atomic_fetch_add(&planted_count[kind], 1, __ATOMIC_RELAXED);
    }
}

/* What stands for the text; the text itself where there is nothing to plant. */
static const char* plant_in(plant* to, int kind, const char* text, size_t size)
{
    uint32_t hash;
    to->data = NULL;
    if (seed == 0 || text == NULL || size == 0) {
        return text;
    }
    to->size = CANARY_SIZE + size + 1;
    to->data = to->room;
    if (to->size > ROOM) {
        void* pages = mmap(NULL, to->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                           -1, 0);
        if (pages == MAP_FAILED) {
            to->data = NULL;
            return text;
        }
        to->data = (char*)pages;
    }
    hash = hash_of(text, size);
    count(kind, hash);
    canary_make(to->data, seed, hash);
    to->data[CANARY_SIZE - 1] = ' ';
    memcpy(to->data + CANARY_SIZE, text, size);
    to->data[CANARY_SIZE + size] = '\0';
    return to->data;
}

static const char* plant_text(plant* to, int kind, const char* text)
{
    return plant_in(to, kind, text, text != NULL ? strlen(text) : 0);
}

static size_t plant_size(const plant* of, size_t size)
{
    return of->data != NULL ? size + CANARY_SIZE : size;
}

static llmobs_string plant_string(plant* to, int kind, llmobs_string text)
{
    text = llmobs_text(text.data, text.size);
    text.data = plant_in(to, kind, text.data, text.size);
    text.size = plant_size(to, text.size);
    return text;
}

static void plant_end(plant* of)
{
    if (of->data != NULL) {
        wipe(of->data, of->size);
    }
    if (of->data != NULL && of->data != of->room) {
        (void)munmap(of->data, of->size);
    }
}

/* ---- leaks on purpose ---------------------------------------------------------------------- */

static void leak(llmobs_request request, const char* text)
{
    switch (seed != 0 && text != NULL && careless == NULL ? CANARY_LEAK : 0) {
    case 1:
        llmobs_span_set_string(llmobs_request_span(request), "leak", text);
        break;
    case 2:
        careless = strdup(text);
        break;
    case 3:
        fprintf(stderr, "can't answer %s\n", text);
        break;
    case 4:
        llmobs_guardrail(request, text, LLMOBS_GUARDRAIL_FLAGGED);
        break;
    case 5:
        careless = (char*)malloc(ROOM);
        (void)snprintf(careless, ROOM, "%s/%s", getenv("LLMOBS_CANARY_OUT"), text);
        (void)close(open(careless, O_CREAT | O_WRONLY, 0600));
        wipe(careless, ROOM);
        break;
    default:
        break;
    }
}

/* ---- stops --------------------------------------------------------------------------------- */

/* No call is in the middle of anything while the script looks. */
static void enter(void)
{
    while (stops) {
        (void)__atomic_fetch_add(&inside, 1, __ATOMIC_SEQ_CST);
        if (!__atomic_load_n(&halted, __ATOMIC_SEQ_CST)) {
            break;
        }
        (void)__atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
        (void)usleep(1000);
    }
}

static void leave(void)
{
    if (stops) {
        (void)__atomic_fetch_sub(&inside, 1, __ATOMIC_SEQ_CST);
    }
}

static void stop(const char* where)
{
    if (stops) {
        __atomic_store_n(&halted, 1, __ATOMIC_SEQ_CST);
        while (__atomic_load_n(&inside, __ATOMIC_SEQ_CST) != 0) {
            (void)usleep(1000);
        }
        canary_wait(where);
    }
}

llmobs_result with_llmobs_close_with_stats(llmobs* obs, llmobs_stats* stats)
{
    llmobs_result result;
    stop("\nready");
    result = real_llmobs_close_with_stats(obs, stats);
    stop("\nclosed");
    __atomic_store_n(&halted, 0, __ATOMIC_SEQ_CST);
    return result;
}

llmobs_result with_llmobs_close(llmobs* obs)
{
    llmobs_result result;
    stop("\nready");
    result = real_llmobs_close(obs);
    stop("\nclosed");
    __atomic_store_n(&halted, 0, __ATOMIC_SEQ_CST);
    return result;
}

/* ---- the calls ----------------------------------------------------------------------------- */

llmobs_request with_llmobs_request_begin(llmobs* obs, const llmobs_request_info* info)
{
    llmobs_request_info with = llmobs_request_info_default();
    llmobs_request request;
    plant user;
    plant session;
    enter();
    if (info != NULL) {
        memcpy(&with, info, info->size != 0 && info->size < sizeof with ? info->size : sizeof with);
    }
    with.user_id = plant_text(&user, USER, with.user_id);
    with.session_id = plant_text(&session, SESSION, with.session_id);
    request = real_llmobs_request_begin(obs, info != NULL ? &with : NULL);
    leak(request, with.user_id);
    plant_end(&user);
    plant_end(&session);
    leave();
    return request;
}

void with_llmobs_request_input(llmobs_request request, const char* chunk, size_t size)
{
    llmobs_string text = llmobs_text(chunk, size);
    plant with;
    enter();
    text = plant_string(&with, PROMPT, text);
    real_llmobs_request_input(request, text.data, text.size);
    plant_end(&with);
    leave();
}

void with_llmobs_request_output(llmobs_request request, const char* chunk, size_t size)
{
    llmobs_string text = llmobs_text(chunk, size);
    plant with;
    enter();
    text = plant_string(&with, ANSWER, text);
    real_llmobs_request_output(request, text.data, text.size);
    plant_end(&with);
    leave();
}

void with_llmobs_request_end(llmobs_request request, const llmobs_outcome* outcome)
{
    llmobs_outcome with = llmobs_outcome_default();
    plant texts[3];
    enter();
    if (outcome != NULL) {
        memcpy(&with, outcome,
               outcome->size != 0 && outcome->size < sizeof with ? outcome->size : sizeof with);
    }
    with.input = plant_string(&texts[0], PROMPT, with.input);
    with.output = plant_string(&texts[1], ANSWER, with.output);
    with.context = plant_string(&texts[2], CONTEXT, with.context);
    real_llmobs_request_end(request, outcome != NULL ? &with : NULL);
    plant_end(&texts[0]);
    plant_end(&texts[1]);
    plant_end(&texts[2]);
    leave();
}

llmobs_result with_llmobs_pseudonym(llmobs* obs, llmobs_domain domain, const char* tenant,
                                      const void* data, size_t size,
                                      char out[LLMOBS_PSEUDONYM_SIZE])
{
    llmobs_result result;
    plant with;
    enter();
    data = plant_in(&with, HASHED, (const char*)data, size);
    result = real_llmobs_pseudonym(obs, domain, tenant, data, plant_size(&with, size), out);
    plant_end(&with);
    leave();
    return result;
}

void with_llmobs_pseudonym_update(llmobs_pseudonymizer* maker, const void* data, size_t size)
{
    plant with;
    enter();
    data = plant_in(&with, HASHED, (const char*)data, size);
    real_llmobs_pseudonym_update(maker, data, plant_size(&with, size));
    plant_end(&with);
    leave();
}

llmobs_result with_llmobs_pseudonym_verify(llmobs* obs, llmobs_domain domain, const char* tenant,
                                             const void* data, size_t size, const char* pseudonym)
{
    llmobs_result result;
    plant with;
    enter();
    data = plant_in(&with, HASHED, (const char*)data, size);
    result = real_llmobs_pseudonym_verify(obs, domain, tenant, data, plant_size(&with, size),
                                            pseudonym);
    plant_end(&with);
    leave();
    return result;
}

llmobs_result with_llmobs_session_begin(llmobs* obs, const char* session_id, const char* feature)
{
    llmobs_result result;
    plant with;
    enter();
    result = real_llmobs_session_begin(obs, plant_text(&with, SESSION, session_id), feature);
    plant_end(&with);
    leave();
    return result;
}

llmobs_result with_llmobs_session_end(llmobs* obs, const char* session_id)
{
    llmobs_result result;
    plant with;
    enter();
    result = real_llmobs_session_end(obs, plant_text(&with, SESSION, session_id));
    plant_end(&with);
    leave();
    return result;
}

/* Where a metric's label is the user's id, the place of that label; else -1. */
static int user_label(llmobs_metric metric, size_t count)
{
    llmobs* obs = (llmobs*)(uintptr_t)metric.instance;
    uint32_t tokens = llmobs_metric_of(obs, LLMOBS_METRIC_LLM_TOKENS).number;
    uint32_t cost = llmobs_metric_of(obs, LLMOBS_METRIC_LLM_COST).number;
    bool is_tokens = metric.number != 0 && metric.number == tokens && count == 4;
    bool is_cost = metric.number != 0 && metric.number == cost && count == 3;
    return is_tokens ? 2 : is_cost ? 1 : -1;
}

llmobs_counter with_llmobs_counter_get(llmobs_metric metric, const char* const* values,
                                         size_t count)
{
    int place = values != NULL ? user_label(metric, count) : -1;
    const char* given[4];
    llmobs_counter counter;
    plant with;
    if (place < 0) {
        return real_llmobs_counter_get(metric, values, count);
    }
    enter();
    memcpy(given, values, count * sizeof *given);
    given[place] = plant_text(&with, LABEL, given[place]);
    counter = real_llmobs_counter_get(metric, given, count);
    plant_end(&with);
    leave();
    return counter;
}

/* The library drops values under such keys. */
static bool is_header(const char* key)
{
    return key != NULL &&
           (strcasecmp(key, "authorization") == 0 || strcasecmp(key, "cookie") == 0 ||
            strcasecmp(key, "x-api-key") == 0);
}

void with_llmobs_span_set_string(llmobs_span span, const char* key, const char* value)
{
    plant with;
    enter();
    with.data = NULL;
    real_llmobs_span_set_string(span, key,
                                  is_header(key) ? plant_text(&with, HEADER, value) : value);
    plant_end(&with);
    leave();
}

void with_llmobs_span_set(llmobs_span span, const llmobs_attribute* attributes, size_t count)
{
    llmobs_attribute given;
    plant with;
    if (count != 1 || attributes == NULL || attributes[0].type != LLMOBS_TYPE_STRING ||
        !is_header(attributes[0].key)) {
        real_llmobs_span_set(span, attributes, count);
        return;
    }
    enter();
    given = llmobs_attribute_string(attributes[0].key,
                                    plant_text(&with, HEADER, attributes[0].value.string.data));
    real_llmobs_span_set(span, &given, 1);
    plant_end(&with);
    leave();
}

/* ---- what is written, also into files that a test then removes ----------------------------- */

static bool has_canary(const char* text, size_t size)
{
    size_t i;
    for (i = 0; i + 12 <= size; i++) {
        if (text[i] == 'c' && text[i + 1] == 'n' && text[i + 2] == 'r' && text[i + 3] == 'y' &&
            isxdigit((unsigned char)text[i + 4]) && isxdigit((unsigned char)text[i + 11])) {
            return true;
        }
    }
    return false;
}

ssize_t with_write(int descriptor, const void* data, size_t size)
{
    if (seed != 0 && data != NULL && has_canary((const char*)data, size)) {
        (void)__atomic_fetch_add(&written, 1, __ATOMIC_RELAXED);
    }
    return real_write(descriptor, data, size);
}

/* ---- begin and end ------------------------------------------------------------------------- */

__attribute__((constructor)) static void plant_start(void)
{
    const char* given = getenv("LLMOBS_CANARY");
    seed = given != NULL ? strtoull(given, NULL, 10) : 0;
    stops = getenv("LLMOBS_CANARY_STOP") != NULL;
}

__attribute__((destructor)) static void plant_tell(void)
{
    const char* path = getenv("LLMOBS_CANARY_TALLY");
    char line[512];
    int size = 0;
    int file;
    int kind;
    if (seed == 0 || path == NULL) {
        return;
    }
    for (kind = 0; kind < KINDS; kind++) {
        size += snprintf(line + size, sizeof line - (size_t)size, "%s=%u ", kinds[kind],
                         planted_count[kind]);
    }
    size += snprintf(line + size, sizeof line - (size_t)size, "written=%u\n", written);
    file = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
    (void)!real_write(file, line, (size_t)size);
    (void)close(file);
}
