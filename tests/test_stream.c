/* Prompts and answers in pieces; the host's audit callback. */
#include "llmobs_private.h"

#include "tap.h"

#include "keeper.h"

#include "requester.h"

#include <pthread.h>
#include <unistd.h>

typedef struct auditor {
    char input[64];
    char output[64];
    char context[64];
    int finals;
    int wrong;
} auditor;

static void audit(void* user, const llmobs_audit* part)
{
    auditor* store = (auditor*)user;
    char* text = part->part == LLMOBS_DOMAIN_INPUT    ? store->input
                 : part->part == LLMOBS_DOMAIN_OUTPUT ? store->output
                                                      : store->context;
    store->wrong += strcmp(part->request_id, "req-17") != 0 || strlen(text) != part->offset;
    (void)strncat(text, part->chunk, part->chunk_size);
    store->finals += part->final;
}

static void test_streams(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    llmobs_outcome outcome = llmobs_outcome_default();
    llmobs_request request;
    auditor store;
    keeper kept;
    llmobs* obs;
    memset(&store, 0, sizeof store);
    config.audit = audit;
    config.audit_user = &store;
    obs = open_kept(&config, &kept);
    request = llmobs_request_begin(obs, &info);
    llmobs_request_output(request, "it is ", 6);
    llmobs_request_output(request, "", 0);
    llmobs_request_output(request, "sec", 3);
    llmobs_request_output(request, "ret", LLMOBS_NUL_TERMINATED);
    outcome.input = llmobs_text("what is my balance?", LLMOBS_NUL_TERMINATED);
    outcome.output = llmobs_text("not this", 8);
    outcome.context = llmobs_text("a statement", 11);
    llmobs_request_end(request, &outcome);
    (void)llmobs_flush(obs, 5000);
    check_hashes(obs, kept.logs[0].interaction);
    is_int(kept.logs[0].interaction->output_length, 12, "in pieces it is measured, too");
    is_str(store.output, "it is secret", "the audit store has the answer");
    is_str(store.input, "what is my balance?", "the prompt");
    is_str(store.context, "a statement", "and the context");
    is_int(store.finals, 3, "each part has one end");
    is_int(store.wrong, 0, "with the request's id and the offset");
    (void)close_kept(obs, &kept);
}

/* ---- pieces that race with the end --------------------------------------------------------- */

typedef struct feeder {
    llmobs_request request;
    llmobsi_atomic32 begun;
} feeder;

static char big[1 << 20];

static void* feed(void* argument)
{
    feeder* with = (feeder*)argument;
    int i;
    for (i = 0; i < 8; i++) {
        llmobs_request_output(with->request, big, sizeof big);
        llmobsi_store_relaxed(&with->begun, 1);
    }
    return NULL;
}

/* A hash that is told is that of whole pieces, whoever ends the request, and when. */
static void test_race(void)
{
    llmobs_config config = request_config();
    llmobs_request_info info = support_info();
    char hashes[9][LLMOBS_PSEUDONYM_SIZE];
    keeper kept;
    long rounds = sized(100);
    long told = 0;
    long wrong = 0;
    long i;
    llmobs* obs;
    char* all = (char*)malloc(8 * sizeof big);
    config.key.secret_size = 32;
    obs = open_kept(&config, &kept);
    memset(big, 'x', sizeof big);
    memset(all, 'x', 8 * sizeof big);
    for (i = 0; i <= 8; i++) {
        (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_OUTPUT, NULL, all, (size_t)i * sizeof big,
                               hashes[i]);
    }
    for (i = 0; i < rounds; i++) {
        const llmobs_interaction* log;
        pthread_t thread;
        feeder with;
        with.request = llmobs_request_begin(obs, &info);
        with.begun = 0;
        (void)pthread_create(&thread, NULL, feed, &with);
        while (i % 2 == 0 && llmobsi_load_relaxed(&with.begun) == 0) {
        }
        llmobs_request_end(with.request, NULL);
        (void)pthread_join(thread, NULL);
        (void)llmobs_flush(obs, 5000);
        log = kept.logs[kept.log_count - 1].interaction;
        if (log->output_hash.size > 0) {
            told++;
            wrong += log->output_length < 0 || log->output_length % (int64_t)sizeof big != 0 ||
                     strcmp(log->output_hash.data,
                            hashes[log->output_length / (int64_t)sizeof big]) != 0;
        } else {
            wrong += log->output_length > 0;
        }
    }
    printf("# %ld of %ld hashes told\n", told, rounds);
    is_int(wrong, 0, "no hash of half a piece is told");
    ok(close_kept(obs, &kept), "all is accounted for");
    free(all);
}

/* An audit callback that is cancelled, as a write to a file may be: the request ends. */
static void audit_slowly(void* user, const llmobs_audit* part)
{
    (void)part;
    llmobsi_store_release((llmobsi_atomic32*)user, 1);
    (void)usleep(20000); /* where a thread may be cancelled */
}

static llmobs* cancel_obs;

static void* end_one(void* unused)
{
    llmobs_outcome outcome = known_outcome();
    (void)unused;
    llmobs_request_end(llmobs_request_begin(cancel_obs, NULL), &outcome);
    pthread_testcancel();
    return NULL;
}

static void test_cancel(void)
{
    llmobs_config config = request_config();
    llmobsi_atomic32 inside = 0;
    pthread_t thread;
    void* result;
    keeper kept;
    config.audit = audit_slowly;
    config.audit_user = &inside;
    cancel_obs = open_kept(&config, &kept);
    (void)pthread_create(&thread, NULL, end_one, NULL);
    while (llmobsi_load_acquire(&inside) == 0) {
        (void)usleep(100);
    }
    (void)pthread_cancel(thread);
    (void)pthread_join(thread, &result);
    ok(result == PTHREAD_CANCELED, "the thread is cancelled");
    is_int(stats_of(cancel_obs).requests_ended, 1, "the request that it was ending has ended");
    ok(close_kept(cancel_obs, &kept), "all is accounted for");
}

int main(void)
{
    test_streams();
    test_race();
    test_cancel();
    return done();
}
