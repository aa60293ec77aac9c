#include "clients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char* const tenant_names[TENANTS] = {"acme", "globex", "initech"};
/* What stands before each prompt of a tenant: the next one finds it in a slot's cache. */
static const char* const preambles[TENANTS] = {
    "You serve acme. ", "You help customers of globex. ", "Answer initech's staff briefly. "};

typedef struct client {
    engine* with;
    llmobs* obs;
    const options* by;
    receipt* receipts;
    size_t first; /* its requests: this one, and each `threads`-th after it */
    pthread_t thread;
    bool good;
} client;

static uint64_t draw(uint64_t* state)
{
    uint64_t mixed = (*state += UINT64_C(0x9e3779b97f4a7c15));
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* A tenant's preamble, and letters. Returns its size. */
static size_t write_prompt(unsigned char* to, size_t most, size_t tenant, uint64_t* random)
{
    size_t size = 1 + draw(random) % most;
    size_t preamble = strlen(preambles[tenant]);
    for (size_t i = 0; i < size; i++) {
        to[i] = i < preamble ? (unsigned char)preambles[tenant][i]
                             : (unsigned char)("etaoin shrdlu"[draw(random) % 13]);
    }
    return size;
}

static uint64_t sum_of(const unsigned char* data, size_t size)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < size; i++) {
        sum = (sum ^ data[i]) * UINT64_C(1099511628211); /* FNV-1a */
    }
    return sum;
}

/* ---- a request ----------------------------------------------------------------------------- */

static void end_request(const task* what, const receipt* told)
{
    llmobs_request_end(what->request, /* llmobs */
                       &(llmobs_outcome){.usage = {.input_tokens = (int64_t)told->input,
                                                   .output_tokens = (int64_t)told->output,
                                                   .cached_tokens = (int64_t)told->cached,
                                                   .provenance = LLMOBS_USAGE_COUNTED,
                                                   .reported = true},
                                         .finish_reason = finish_names[told->how],
                                         .error_type = told->how == FINISH_ERROR ? "prompt_size"
                                                                                 : NULL,
                                         .cancelled = told->how == FINISH_CANCELLED});
}

/* Sends it, and waits for its answer; or leaves before its end, as clients do. */
static void send(const client* from, task* what, const char* id, const char* tenant, bool leaves,
                 receipt* told)
{
    what->request = llmobs_request_begin(from->obs, /* llmobs */
                                         &(llmobs_request_info){.request_id = id,
                                                                .tenant = tenant,
                                                                .model = ENGINE_MODEL,
                                                                .server = true});
    what->phase = llmobs_span_child(llmobs_request_span(what->request), "queue"); /* llmobs */
    engine_submit(from->with, what);
    told->output = engine_wait(from->with, what, leaves ? what->tokens_most / 2 : SIZE_MAX);
    /* Who leaves knows what it got so far; the engine may be at the next token. */
    pthread_mutex_lock(&from->with->lock);
    leaves = leaves && !what->done;
    told->how = leaves ? FINISH_CANCELLED : what->how;
    told->input = told->how == FINISH_ERROR ? 0 : what->prompt_size;
    told->output = what->made;
    told->cached = what->cached;
    pthread_mutex_unlock(&from->with->lock);
    end_request(what, told);
    if (leaves) {
        atomic_store(&what->gone, true);
        engine_wait(from->with, what, SIZE_MAX); /* for its memory */
    }
    told->drafted = what->drafted;
    told->accepted = what->accepted;
    told->steps = what->steps;
    told->waited = what->waited;
}

/* All that a request does is made of the seed and its number, whenever it comes, to any slot. */
static bool serve(const client* from, size_t number)
{
    const options* by = from->by;
    receipt* told = &from->receipts[number];
    uint64_t random = by->seed + UINT64_C(1000003) * (number + 1);
    unsigned char* prompt = (unsigned char*)malloc(by->prompt + by->tokens);
    char id[32];
    task what;
    if (prompt == NULL) {
        return false;
    }
    memset(&what, 0, sizeof what);
    what.prompt = prompt;
    what.prompt_size = write_prompt(prompt, by->prompt, number % TENANTS, &random);
    what.output = prompt + by->prompt;
    what.tokens_most = 1 + draw(&random) % by->tokens;
    what.sampling.temperature = (float)by->temperature;
    what.sampling.top_p = (float)by->top_p;
    what.sampling.random = random;
    snprintf(id, sizeof id, "req-%zu", number);
    send(from, &what, id, tenant_names[number % TENANTS],
         by->leave > 0 && number % by->leave == by->leave - 1, told);
    size_t text = told->output - (told->how == FINISH_STOP);
    told->checksum = told->how == FINISH_CANCELLED ? 0 : sum_of(what.output, text);
    free(prompt);
    return true;
}

/* ---- all of them --------------------------------------------------------------------------- */

static void* client_run(void* user)
{
    client* one = (client*)user;
    one->good = true;
    for (size_t i = one->first; i < one->by->requests && one->good; i += one->by->threads) {
        one->good = serve(one, i);
    }
    return NULL;
}

bool clients_run(engine* with, llmobs* obs, const options* by, receipt* receipts)
{
    client* all = (client*)calloc(by->threads, sizeof(client));
    size_t started = 0;
    bool good = all != NULL;
    for (; good && started < by->threads; started++) {
        client* one = &all[started];
        *one = (client){.with = with, .obs = obs, .by = by, .receipts = receipts, .first = started};
        if (pthread_create(&one->thread, NULL, client_run, one) != 0) {
            good = false;
            break;
        }
    }
    for (size_t i = 0; i < started; i++) {
        pthread_join(all[i].thread, NULL);
        good = good && all[i].good;
    }
    free(all);
    return good;
}
