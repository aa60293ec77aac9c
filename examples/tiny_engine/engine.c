#include "engine.h"

#include <stdlib.h>
#include <string.h>

const char* const finish_names[FINISHES] = {"stop", "length", "cancelled", "error"};

/* ---- making -------------------------------------------------------------------------------- */

bool engine_make(engine* to, const model* with, size_t slots, size_t batch, size_t speculate,
                 llmobs* obs)
{
    memset(to, 0, sizeof *to);
    pthread_mutex_init(&to->lock, NULL);
    pthread_cond_init(&to->work_is_there, NULL);
    pthread_cond_init(&to->tokens_are_there, NULL);
    to->with = with;
    to->batch = batch;
    to->speculate = speculate;
    to->slot_count = slots;
    to->slots = (slot*)calloc(slots, sizeof(slot));
    to->rows = (model_row*)calloc(batch, sizeof(model_row));
    to->logits = (float*)malloc(batch * VOCABULARY * sizeof(float));
    to->requests = (llmobs_request*)calloc(slots, sizeof(llmobs_request)); /* llmobs */
    to->watch = llmobs_engine_of(obs, ENGINE_MODEL);                       /* llmobs */
    bool good = model_work_make(&to->work, with, batch) && to->slots != NULL && to->rows != NULL &&
                to->logits != NULL && to->requests != NULL;
    for (size_t i = 0; good && i < slots; i++) {
        to->slots[i].cache = model_cache_make(with);
        to->slots[i].tokens = (uint16_t*)calloc(with->shape.context, sizeof(uint16_t));
        good = to->slots[i].cache != NULL && to->slots[i].tokens != NULL;
    }
    return good;
}

void engine_free(engine* of)
{
    for (size_t i = 0; of->slots != NULL && i < of->slot_count; i++) {
        free(of->slots[i].cache);
        free(of->slots[i].tokens);
    }
    free(of->slots);
    free(of->rows);
    free(of->logits);
    free(of->requests);
    model_work_free(&of->work);
    pthread_mutex_destroy(&of->lock);
    pthread_cond_destroy(&of->work_is_there);
    pthread_cond_destroy(&of->tokens_are_there);
}

size_t engine_cells(const engine* of)
{
    return of->slot_count * of->with->shape.context;
}

/* ---- submitters ---------------------------------------------------------------------------- */

void engine_submit(engine* to, task* what)
{
    pthread_mutex_lock(&to->lock);
    what->next = NULL;
    if (to->first == NULL) {
        to->first = what;
    } else {
        to->last->next = what;
    }
    to->last = what;
    pthread_cond_signal(&to->work_is_there);
    pthread_mutex_unlock(&to->lock);
}

size_t engine_wait(engine* of, task* what, size_t tokens)
{
    pthread_mutex_lock(&of->lock);
    while (!what->done && what->made < tokens) {
        pthread_cond_wait(&of->tokens_are_there, &of->lock);
    }
    size_t made = what->made;
    pthread_mutex_unlock(&of->lock);
    return made;
}

/* ---- the queue: from here on the engine's thread ------------------------------------------- */

static void finish_task(task* what, finish how)
{
    llmobs_span_end(what->phase); /* llmobs */
    what->how = how;
    what->done = true;
}

/* How much of a prompt a free slot's cache has. The last token is computed in any case: its logits
   are the answer's begin. */
static size_t prefix_in(const slot* of, const task* what)
{
    size_t most = what->prompt_size - 1 < of->computed ? what->prompt_size - 1 : of->computed;
    size_t common = 0;
    while (common < most && of->tokens[common] == what->prompt[common]) {
        common++;
    }
    return common;
}

static slot* best_slot(const engine* of, const task* what)
{
    slot* best = NULL;
    size_t best_prefix = 0;
    for (size_t i = 0; i < of->slot_count; i++) {
        if (of->slots[i].serves == NULL) {
            size_t prefix = prefix_in(&of->slots[i], what);
            if (best == NULL || prefix > best_prefix) {
                best = &of->slots[i];
                best_prefix = prefix;
            }
        }
    }
    return best;
}

static void begin_in(slot* to, task* what)
{
    what->cached = prefix_in(to, what);
    to->serves = what;
    to->computed = what->cached;
    to->count = what->prompt_size;
    for (size_t i = 0; i < to->count; i++) {
        to->tokens[i] = what->prompt[i];
    }
    llmobs_request_scheduled(what->request);                 /* llmobs */
    what->phase = llmobs_span_next(what->phase, "prefill"); /* llmobs */
}

/* From the queue to slots that are free; what can't be served ends here. Under the lock. */
static void take_up(engine* of)
{
    while (of->first != NULL) {
        task* what = of->first;
        slot* to = best_slot(of, what);
        bool fits = what->prompt_size > 0 && what->prompt_size < of->with->shape.context;
        if (fits && to == NULL && !atomic_load(&what->gone)) {
            for (; what != NULL; what = what->next) {
                of->counts.waited += !what->waited;
                what->waited = true;
            }
            return;
        }
        of->first = what->next;
        if (atomic_load(&what->gone) || !fits) {
            finish_task(what, fits ? FINISH_CANCELLED : FINISH_ERROR);
            pthread_cond_broadcast(&of->tokens_are_there);
        } else {
            begin_in(to, what);
        }
    }
}

/* ---- a batch ------------------------------------------------------------------------------- */

static void add_row(engine* of, const slot* from, size_t position, size_t place, bool asked)
{
    model_row* row = &of->rows[place];
    row->token = from->tokens[position];
    row->position = (uint32_t)position;
    row->cache = from->cache;
    row->logits = asked ? of->logits + place * VOCABULARY : NULL;
}

/* What a slot that answers adds: its last token, and tokens that are drafted to follow. */
static size_t add_answer(engine* of, slot* from, size_t place, size_t room)
{
    const task* what = from->serves;
    size_t left = what->tokens_most - what->made - 1; /* after the one that the last token gives */
    size_t context = of->with->shape.context - from->count - 1;
    left = left < context ? left : context;
    left = left < of->speculate ? left : of->speculate;
    left = left < room - 1 ? left : room - 1;
    from->row = place;
    from->rows = 1;
    from->drafts = left > 0 ? sampler_draft(from->tokens, from->count, from->tokens + from->count,
                                            left)
                            : 0;
    for (size_t i = 0; i <= from->drafts; i++) {
        add_row(of, from, from->computed + i, place + i, true);
    }
    return 1 + from->drafts;
}

/* What a slot that still reads adds: a chunk of its prompt. */
static size_t add_prompt(engine* of, slot* from, size_t place, size_t room)
{
    size_t rows = from->count - from->computed;
    rows = rows < room ? rows : room;
    from->row = place;
    from->rows = rows;
    from->drafts = 0;
    for (size_t i = 0; i < rows; i++) {
        size_t position = from->computed + i;
        add_row(of, from, position, place + i, position + 1 == from->count);
    }
    return rows;
}

/* Those that answer come first: each has room for one row at least. Prompts share the rest. */
static size_t fill_batch(engine* of, size_t* served)
{
    size_t answering = 0;
    size_t used = 0;
    *served = 0;
    for (size_t i = 0; i < of->slot_count; i++) {
        slot* at = &of->slots[i];
        at->rows = 0;
        answering += at->serves != NULL && at->serves->made > 0;
    }
    for (int reading = 0; reading < 2; reading++) {
        for (size_t i = 0; i < of->slot_count; i++) {
            slot* at = &of->slots[i];
            if (at->serves == NULL || (at->serves->made == 0) != (reading == 1)) {
                continue;
            }
            size_t room = of->batch - used;
            if (reading == 1) {
                used += room > 0 ? add_prompt(of, at, used, room) : 0;
            } else {
                answering--;
                used += add_answer(of, at, used, room - answering);
            }
            if (at->rows > 0) {
                at->serves->steps++;
                of->requests[(*served)++] = at->serves->request; /* llmobs */
            }
        }
    }
    return used;
}

/* ---- tokens -------------------------------------------------------------------------------- */

/* Takes a token into the answer. True: it was the last. */
static bool take_token(engine* of, slot* from, uint32_t token, finish* how)
{
    task* what = from->serves;
    if (token != TOKEN_END) {
        what->output[what->made] = (unsigned char)token;
    }
    from->tokens[from->count++] = (uint16_t)token;
    what->made++;
    of->counts.generated++;
    *how = token == TOKEN_END ? FINISH_STOP : FINISH_LENGTH;
    return token == TOKEN_END || what->made == what->tokens_most ||
           from->count == of->with->shape.context;
}

/* Samples what follows the slot's rows: one token, and one more for each draft that was right. */
static bool sample(engine* of, slot* from, finish* how)
{
    task* what = from->serves;
    size_t made = what->made;
    size_t right = 0;
    bool over = false;
    for (size_t i = from->rows - 1; !over && i < from->rows + from->drafts; i++) {
        uint32_t drafted = i + 1 < from->rows + from->drafts ? of->rows[from->row + i + 1].token
                                                             : VOCABULARY;
        uint32_t token = sampler_choose(&what->sampling, of->rows[from->row + i].logits);
        over = take_token(of, from, token, how);
        if (token != drafted) {
            break;
        }
        right++;
        from->computed += !over;
    }
    if (from->drafts > 0) {
        what->drafted += from->drafts;
        what->accepted += right;
        of->counts.drafts++;
        of->counts.drafted += from->drafts;
        of->counts.accepted += right;
        llmobs_request_speculative(what->request, (uint32_t)from->drafts, /* llmobs */
                                   (uint32_t)right);
    }
    if (made == 0) {
        what->phase = llmobs_span_next(what->phase, "decode"); /* llmobs */
    }
    of->counts.late += atomic_load(&what->gone) ? what->made - made : 0;
    llmobs_request_tokens(what->request, (uint32_t)(what->made - made)); /* llmobs */
    return over;
}

/* After a step: tokens for those whose prompt is read, and slots that come free. Under the lock. */
static void take_tokens(engine* of)
{
    for (size_t i = 0; i < of->slot_count; i++) {
        slot* at = &of->slots[i];
        bool over = false;
        finish how = FINISH_CANCELLED;
        if (at->serves == NULL) {
            continue;
        }
        at->computed += at->rows;
        if (at->rows > 0 && at->computed == at->count) {
            over = sample(of, at, &how);
        }
        if (!over && atomic_load(&at->serves->gone)) {
            over = true;
            how = FINISH_CANCELLED;
        }
        if (over) {
            finish_task(at->serves, how);
            at->serves = NULL;
        }
    }
    pthread_cond_broadcast(&of->tokens_are_there);
}

/* ---- steps --------------------------------------------------------------------------------- */

bool engine_step(engine* of)
{
    size_t served;
    size_t busy = 0;
    size_t cells = 0;
    pthread_mutex_lock(&of->lock);
    take_up(of);
    pthread_mutex_unlock(&of->lock);
    size_t rows = fill_batch(of, &served);
    if (rows == 0) {
        return false;
    }
    llmobs_engine_step_begin(&of->watch, "step", of->requests, served); /* llmobs */
    model_forward(of->with, &of->work, of->rows, rows);
    for (size_t i = 0; i < of->slot_count; i++) {
        busy += of->slots[i].serves != NULL;
        cells += of->slots[i].serves != NULL ? of->slots[i].computed + of->slots[i].rows : 0;
    }
    llmobs_engine_step_end(&of->watch, /* llmobs */
                           &(llmobs_engine_load){.tokens = rows,
                                                 .kv_used = cells,
                                                 .kv_size = engine_cells(of),
                                                 .slots_busy = (uint32_t)busy});
    of->counts.steps++;
    of->counts.rows += rows;
    of->counts.served += served;
    of->counts.cells_most = cells > of->counts.cells_most ? cells : of->counts.cells_most;
    pthread_mutex_lock(&of->lock);
    take_tokens(of);
    pthread_mutex_unlock(&of->lock);
    return true;
}

static void* engine_run(void* user)
{
    engine* of = (engine*)user;
    for (;;) {
        bool stop = false;
        if (!engine_step(of)) {
            pthread_mutex_lock(&of->lock);
            while (of->first == NULL && !of->stop) {
                pthread_cond_wait(&of->work_is_there, &of->lock);
            }
            stop = of->first == NULL;
            pthread_mutex_unlock(&of->lock);
        }
        if (stop) {
            return NULL;
        }
    }
}

bool engine_start(engine* of)
{
    return pthread_create(&of->thread, NULL, engine_run, of) == 0;
}

void engine_stop(engine* of)
{
    pthread_mutex_lock(&of->lock);
    of->stop = true;
    pthread_cond_signal(&of->work_is_there);
    pthread_mutex_unlock(&of->lock);
    pthread_join(of->thread, NULL);
}
