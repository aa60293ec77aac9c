/* Exporters: what they may answer, retries, pending batches, queues that overflow, callbacks that
   hang or call back in. */
#include "llmobs_private.h"
#include "tap.h"

#include "keeper.h"

/* ---- an exporter that follows a script ----------------------------------------------------- */

typedef struct seen {
    uint64_t id;
    uint32_t attempt;
    size_t count;
    uint64_t lost_before;
    uint64_t at_ns;
    llmobs_export_token token;
} seen;

typedef struct script {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const llmobs_export_result* answers; /* one after the other, then OK for ever */
    size_t answer_count;
    size_t calls;
    seen seen[4096];
    size_t delivered; /* spans answered with OK */
    int closed;
    bool hang;    /* the next callback waits until it is false again */
    bool hanging; /* it does */
    llmobs* obs;
    bool early; /* with PENDING: settled before the return, with RETRY at the first attempt */
} script;

static void script_init(script* s, const llmobs_export_result* answers, size_t count)
{
    memset(s, 0, sizeof *s);
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->changed, NULL);
    s->answers = answers;
    s->answer_count = count;
}

static llmobs_export_result follow(void* user, const llmobs_batch* batch)
{
    script* s = (script*)user;
    llmobs_export_result answer = LLMOBS_EXPORT_OK;
    seen* one;
    (void)pthread_mutex_lock(&s->lock);
    one = &s->seen[s->calls % 4096];
    one->id = batch->id;
    one->attempt = batch->attempt;
    one->count = batch->span_count;
    one->lost_before = batch->lost_before;
    one->at_ns = llmobsi_monotonic_ns();
    one->token = batch->token;
    if (s->calls < s->answer_count) {
        answer = s->answers[s->calls];
    }
    s->calls++;
    s->delivered += answer == LLMOBS_EXPORT_OK ? batch->span_count : 0;
    s->hanging = s->hang;
    (void)pthread_cond_broadcast(&s->changed);
    while (s->hang) {
        (void)pthread_cond_wait(&s->changed, &s->lock);
    }
    s->hanging = false;
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->lock);
    if (answer == LLMOBS_EXPORT_PENDING && s->early &&
        llmobs_export_done(batch->token, batch->attempt == 1 ? LLMOBS_EXPORT_RETRY
                                                             : LLMOBS_EXPORT_OK) != LLMOBS_OK) {
        return LLMOBS_EXPORT_DROP;
    }
    return answer;
}

static void count_close(void* user)
{
    ((script*)user)->closed++;
}

static void set_hang(script* s, bool hang)
{
    (void)pthread_mutex_lock(&s->lock);
    s->hang = hang;
    (void)pthread_cond_broadcast(&s->changed);
    (void)pthread_mutex_unlock(&s->lock);
}

static void wait_until_hanging(script* s)
{
    (void)pthread_mutex_lock(&s->lock);
    while (!s->hanging) {
        (void)pthread_cond_wait(&s->changed, &s->lock);
    }
    (void)pthread_mutex_unlock(&s->lock);
}

static llmobs_exporter scripted(script* s)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    exporter.name = "script";
    exporter.export_batch = follow;
    exporter.close = count_close;
    exporter.user = s;
    exporter.retry_first_ms = 1;
    exporter.retry_most_ms = 4;
    exporter.max_attempts = 5;
    return exporter;
}

static llmobs* open_scripted(const llmobs_config* config, script* s)
{
    llmobs_exporter exporter = scripted(s);
    llmobs* obs = llmobs_open(config, NULL);
    s->obs = obs;
    if (obs == NULL || llmobs_exporter_add(obs, &exporter) != LLMOBS_OK) {
        printf("Bail out! open\n");
        exit(1);
    }
    return obs;
}

static void record(llmobs* obs, int count)
{
    int i;
    for (i = 0; i < count; i++) {
        llmobs_span_end(llmobs_span_root(obs, "span"));
    }
}

/* ---- answers ------------------------------------------------------------------------------- */

static void test_retry(void)
{
    static const llmobs_export_result answers[] = {LLMOBS_EXPORT_RETRY, LLMOBS_EXPORT_RETRY,
                                                   LLMOBS_EXPORT_RETRY, LLMOBS_EXPORT_OK};
    llmobs_config config = pumped_config();
    static script s;
    llmobs* obs;
    llmobs_stats stats;
    script_init(&s, answers, 4);
    obs = open_scripted(&config, &s);
    record(obs, 3);
    is_int(llmobs_flush(obs, 10000), LLMOBS_OK, "flush waits for the retries");
    is_int(s.calls, 4, "three retries, then delivery");
    ok(s.seen[0].id == s.seen[3].id, "the id is the same at every attempt");
    is_int(s.seen[3].attempt, 4, "attempts are counted from 1");
    is_int(s.delivered, 3, "all spans arrive, once");
    ok(s.seen[1].at_ns - s.seen[0].at_ns >= 750000, "the first wait is not skipped");
    ok(s.seen[3].at_ns - s.seen[2].at_ns >= 3000000, "later ones are longer");
    record(obs, 1);
    (void)llmobs_flush(obs, 60000);
    ok(s.seen[4].id != s.seen[0].id, "the next batch has another id");
    is_int(s.seen[4].attempt, 1, "and its own attempts");
    stats = stats_of(obs);
    is_int(stats.exporters[0].retries, 3, "retries are counted");
    is_int(stats.exporters[0].batches, 2, "and batches");
    is_str(stats.exporters[0].name, "script", "under the exporter's name");
    ok(balances(&stats), "the account balances");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
    is_int(s.closed, 1, "the exporter is closed once");
}

static void test_give_up(void)
{
    static const llmobs_export_result answers[] = {
        LLMOBS_EXPORT_RETRY, LLMOBS_EXPORT_RETRY, LLMOBS_EXPORT_RETRY, LLMOBS_EXPORT_RETRY,
        LLMOBS_EXPORT_RETRY, LLMOBS_EXPORT_DROP, (llmobs_export_result)99, LLMOBS_EXPORT_OK};
    llmobs_config config = pumped_config();
    static script s;
    llmobs* obs;
    llmobs_stats stats;
    int i;
    script_init(&s, answers, 8);
    obs = open_scripted(&config, &s);
    for (i = 1; i <= 4; i++) {
        record(obs, i);
        is_int(llmobs_flush(obs, 10000), LLMOBS_OK, "flush: every batch is settled");
    }
    is_int(s.calls, 8, "five attempts, then a drop, an unknown answer, a delivery");
    is_int(s.seen[4].attempt, 5, "the last attempt is the fifth");
    stats = stats_of(obs);
    is_int(stats.exporters[0].lost[LLMOBS_LOSS_FAILED], 1 + 2 + 3, "what was given up is counted");
    is_int(stats.exporters[0].exported, 4, "the rest arrives");
    is_int(s.seen[5].lost_before, 1, "the next batch tells of the gap");
    is_int(s.seen[7].lost_before, 1 + 2 + 3, "one that was lost itself leaves that to the next");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

/* ---- whole answers ------------------------------------------------------------------------- */

/* Answers of a receiver, one after the other; then OK. */
typedef struct receiver {
    const llmobs_export_report* reports;
    size_t count;
    size_t calls;
    uint64_t at_ns[8];
    uint64_t ids[8];
    llmobs_export_result returned; /* by the callback, which has said more already */
} receiver;

static llmobs_export_result answer(void* user, const llmobs_batch* batch)
{
    receiver* r = (receiver*)user;
    r->at_ns[r->calls % 8] = llmobsi_monotonic_ns();
    r->ids[r->calls % 8] = batch->id;
    if (r->calls < r->count) {
        is_int(llmobs_export_done_with(batch->token, &r->reports[r->calls++]), LLMOBS_OK,
               "a callback may answer in full");
        return r->returned;
    }
    r->calls++;
    return LLMOBS_EXPORT_OK;
}

static llmobs* open_answered(receiver* r, uint32_t batch_items)
{
    llmobs_config config = pumped_config();
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs* obs;
    config.close_timeout_ms = 200;
    obs = llmobs_open(&config, NULL);
    exporter.export_batch = answer;
    exporter.user = r;
    exporter.retry_first_ms = 1;
    exporter.batch_items = batch_items;
    (void)llmobs_exporter_add(obs, &exporter);
    return obs;
}

static void test_rejected(void)
{
    llmobs_export_report reports[3];
    receiver r;
    llmobs* obs;
    llmobs_stats stats;
    int i;
    memset(&r, 0, sizeof r);
    for (i = 0; i < 3; i++) {
        reports[i] = llmobs_export_report_default();
    }
    reports[0].rejected = 2;
    reports[1].rejected = 1000; /* of a batch of four */
    reports[2].size = offsetof(llmobs_export_report, rejected); /* an older version's */
    reports[2].rejected = 3;
    r.reports = reports;
    r.count = 3;
    r.returned = LLMOBS_EXPORT_DROP;
    obs = open_answered(&r, 0);
    for (i = 0; i < 3; i++) {
        record(obs, 4);
        is_int(llmobs_flush(obs, 10000), LLMOBS_OK, "flush");
    }
    stats = stats_of(obs);
    is_int(r.calls, 3, "what was taken in part is not sent again");
    is_int(stats.exporters[0].lost[LLMOBS_LOSS_REJECTED], 2 + 4, "what was refused is lost");
    is_int(stats.exporters[0].exported, 2 + 0 + 4, "the rest was delivered");
    ok(balances(&stats), "the account balances");
    is_str(llmobs_loss_name(LLMOBS_LOSS_REJECTED), "rejected", "by its name");
    (void)llmobs_close(obs);
}

/* What a receiver says of its state holds for all batches, not for the one alone. */
static void test_retry_after(void)
{
    llmobs_export_report reports[2];
    receiver r;
    llmobs* obs;
    llmobs_stats stats;
    memset(&r, 0, sizeof r);
    reports[0] = llmobs_export_report_default();
    reports[0].result = LLMOBS_EXPORT_RETRY;
    reports[0].retry_after_ms = 60;
    reports[1] = reports[0];
    reports[1].retry_after_ms = UINT64_MAX;
    r.reports = reports;
    r.count = 1;
    r.returned = LLMOBS_EXPORT_OK;
    obs = open_answered(&r, 1);
    record(obs, 3);
    is_int(llmobs_flush(obs, 10000), LLMOBS_OK, "flush");
    is_int(r.calls, 4, "three batches of one, and one again");
    ok(r.at_ns[1] - r.at_ns[0] >= 60000000, "none of them before its time");
    ok(r.ids[1] != r.ids[0] && r.ids[2] != r.ids[0] && r.ids[3] == r.ids[0],
       "those first that were not tried yet");
    r.count = 2;
    r.calls = 1;
    record(obs, 1);
    is_int(llmobs_flush(obs, 50), LLMOBS_ERROR_TIMEOUT, "for ever");
    is_int(r.calls, 2, "is no attempt");
    stats = stats_of(obs);
    is_int(stats.exporters[0].queued, 1, "the batch waits");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

/* A receiver that is away sees one attempt at a time, however many batches wait; one batch that is
   always refused costs the others no more than a wait. */
static void test_away(void)
{
    llmobs_export_report reports[64];
    receiver r;
    llmobs* obs;
    llmobs_stats stats;
    uint64_t begun;
    int i;
    memset(&r, 0, sizeof r);
    for (i = 0; i < 64; i++) {
        reports[i] = llmobs_export_report_default();
        reports[i].result = LLMOBS_EXPORT_RETRY;
    }
    r.reports = reports;
    r.count = 6;
    r.returned = LLMOBS_EXPORT_OK;
    obs = open_answered(&r, 1);
    record(obs, 8);
    begun = llmobsi_monotonic_ns();
    is_int(llmobs_flush(obs, 10000), LLMOBS_OK, "a receiver that comes back");
    is_int(r.calls, 6 + 8, "was asked with one batch after the other");
    ok(llmobsi_monotonic_ns() - begun >= (1 + 2 + 4 + 8 + 16 + 32) * UINT64_C(750000),
       "and left alone for longer each time");
    stats = stats_of(obs);
    is_int(stats.exporters[0].exported, 8, "all arrive");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

static void test_report_misuse(void)
{
    llmobs_export_report report = llmobs_export_report_default();
    llmobs_export_token token;
    memset(&token, 0, sizeof token);
    is_int(llmobs_export_done_with(token, NULL), LLMOBS_ERROR_ARGUMENT, "no report");
    report.result = LLMOBS_EXPORT_PENDING;
    is_int(llmobs_export_done_with(token, &report), LLMOBS_ERROR_ARGUMENT, "no result");
    report.result = LLMOBS_EXPORT_OK;
    is_int(llmobs_export_done_with(token, &report), LLMOBS_ERROR_CLOSED, "no instance");
}

/* Batches of at most so many. */
static void test_batch_items(void)
{
    llmobs_config config = pumped_config();
    static script s;
    llmobs_exporter exporter = scripted(&s);
    llmobs* obs = llmobs_open(&config, NULL);
    size_t i;
    size_t most = 0;
    script_init(&s, NULL, 0);
    exporter.batch_items = 7;
    (void)llmobs_exporter_add(obs, &exporter);
    record(obs, 50);
    is_int(llmobs_flush(obs, 10000), LLMOBS_OK, "flush");
    for (i = 0; i < s.calls; i++) {
        most = s.seen[i].count > most ? s.seen[i].count : most;
    }
    is_int(s.calls, 8, "fifty spans by sevens are eight batches");
    is_int(most, 7, "of seven at most");
    ok(account_balances(obs), "the account balances");
    (void)llmobs_close(obs);
}

/* ---- asynchronous transports --------------------------------------------------------------- */

static void test_pending(void)
{
    static const llmobs_export_result answers[] = {LLMOBS_EXPORT_PENDING, LLMOBS_EXPORT_PENDING,
                                                   LLMOBS_EXPORT_PENDING, LLMOBS_EXPORT_PENDING};
    llmobs_config config = pumped_config();
    static script s;
    llmobs* obs;
    llmobs_stats stats;
    llmobs_export_token token;
    script_init(&s, answers, 4);
    obs = open_scripted(&config, &s);
    record(obs, 2);
    is_int(llmobs_flush(obs, 20), LLMOBS_ERROR_TIMEOUT, "a pending batch is not delivered");
    stats = stats_of(obs);
    is_int(stats.exporters[0].queued, 2, "but queued");
    ok(stats.exporters[0].queue_bytes > 0, "in memory");
    token = s.seen[0].token;
    is_int(llmobs_export_done(token, LLMOBS_EXPORT_PENDING), LLMOBS_ERROR_ARGUMENT, "no result");
    is_int(llmobs_export_done(token, (llmobs_export_result)7), LLMOBS_ERROR_ARGUMENT, "nonsense");
    is_int(llmobs_export_done(token, LLMOBS_EXPORT_RETRY), LLMOBS_OK, "try again");
    is_int(llmobs_export_done(token, LLMOBS_EXPORT_OK), LLMOBS_ERROR_ARGUMENT, "twice is once");
    is_int(llmobs_flush(obs, 500), LLMOBS_ERROR_TIMEOUT, "pending anew");
    is_int(s.seen[1].attempt, 2, "at the second attempt");
    is_int(llmobs_export_done(token, LLMOBS_EXPORT_OK), LLMOBS_ERROR_ARGUMENT, "a stale token");
    is_int(llmobs_export_done(s.seen[1].token, LLMOBS_EXPORT_OK), LLMOBS_OK, "delivered");
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "flush knows");
    record(obs, 1);
    (void)llmobs_flush(obs, 10);
    is_int(llmobs_export_done(s.seen[2].token, LLMOBS_EXPORT_DROP), LLMOBS_OK, "or dropped");
    token.place = 77777;
    is_int(llmobs_export_done(token, LLMOBS_EXPORT_OK), LLMOBS_ERROR_ARGUMENT, "a wrong place");
    token = s.seen[2].token;
    token.place |= 1023;
    is_int(llmobs_export_done(token, LLMOBS_EXPORT_OK), LLMOBS_ERROR_ARGUMENT, "a wrong batch");
    token.instance += LLMOBS_MAX_INSTANCES;
    is_int(llmobs_export_done(token, LLMOBS_EXPORT_OK), LLMOBS_ERROR_CLOSED, "another instance");
    memset(&token, 0, sizeof token);
    is_int(llmobs_export_done(token, LLMOBS_EXPORT_OK), LLMOBS_ERROR_CLOSED, "no instance");
    stats = stats_of(obs);
    is_int(stats.exporters[0].exported, 2, "two were exported");
    is_int(stats.exporters[0].lost[LLMOBS_LOSS_FAILED], 1, "one was dropped");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
    is_int(llmobs_export_done(s.seen[0].token, LLMOBS_EXPORT_OK), LLMOBS_ERROR_CLOSED, "closed");
}

static void test_early(void)
{
    static const llmobs_export_result answers[] = {LLMOBS_EXPORT_PENDING, LLMOBS_EXPORT_PENDING,
                                                   LLMOBS_EXPORT_OK};
    llmobs_config config = pumped_config();
    static script s;
    llmobs* obs;
    llmobs_stats stats;
    script_init(&s, answers, 3);
    s.early = true;
    obs = open_scripted(&config, &s);
    record(obs, 1);
    (void)llmobs_tick(obs);
    is_int(s.calls, 0, "a young batch waits");
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "settled before the callback's return: it counts");
    is_int(s.calls, 2, "RETRY, then OK");
    stats = stats_of(obs);
    is_int(stats.exporters[0].exported, 1, "once");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

static void test_pending_at_close(void)
{
    static const llmobs_export_result answers[] = {LLMOBS_EXPORT_PENDING};
    llmobs_config config = pumped_config();
    static script s;
    llmobs* obs;
    llmobs_stats stats;
    uint64_t begun;
    config.close_timeout_ms = 100;
    config.memory_bytes = llmobs_memory_needed(&config);
    config.memory = aligned_alloc(64, (config.memory_bytes + 63) & ~(size_t)63);
    script_init(&s, answers, 1);
    obs = open_scripted(&config, &s);
    record(obs, 4);
    (void)llmobs_flush(obs, 1);
    begun = llmobsi_monotonic_ns();
    stats.size = sizeof stats;
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_ERROR_INCOMPLETE,
           "close says that somebody still holds a batch");
    ok(llmobsi_monotonic_ns() - begun < 200000000 || slowed(), "in time");
    is_int(stats.exporters[0].lost[LLMOBS_LOSS_CLOSE], 4, "what was pending is lost at close");
    ok(balances(&stats), "the account balances");
    is_int(llmobs_export_done(s.seen[0].token, LLMOBS_EXPORT_OK), LLMOBS_ERROR_CLOSED, "too late");
    free(config.memory); /* what was promised to be left alone is ours in this test */
}

/* ---- queues -------------------------------------------------------------------------------- */

static void test_queue_full(void)
{
    llmobs_config config = pumped_config();
    static script s;
    llmobs* obs;
    llmobs_stats stats;
    uint64_t told = 0;
    uint64_t total = 0;
    size_t i;
    script_init(&s, NULL, 0);
    config.queue_bytes = 65536;
    config.batch_bytes = 4096;
    obs = open_scripted(&config, &s);
    for (i = 0; i < 100; i++) {
        record(obs, 50);
        /* The tick alone, without the pump: the exporter is slow. */
        (void)llmobsi_instance_tick(llmobsi_instance_of(llmobsi_places[LLMOBS_I_PLACE(
            llmobsi_ticket(obs))].recorder));
    }
    stats = stats_of(obs);
    ok(stats.exporters[0].lost[LLMOBS_LOSS_QUEUE] > 0, "a full queue loses");
    ok(stats.exporters[0].queued > 0, "and keeps");
    ok(stats.exporters[0].queue_bytes <= 65536, "no more than it may");
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "what it kept is delivered");
    for (i = 0; i < s.calls; i++) {
        told += s.seen[i].lost_before;
        total += s.seen[i].count;
        if (i > 0 && s.seen[i].lost_before != 0) {
            told = UINT64_MAX / 2;
        }
    }
    stats = stats_of(obs);
    is_int(told, stats.exporters[0].lost[LLMOBS_LOSS_QUEUE], "the first batch tells of the gap");
    is_int(total + told, 5000, "the newest are kept: nothing else is missing");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

static void test_span_too_large(void)
{
    llmobs_config config = pumped_config();
    static script s;
    llmobs* obs;
    llmobs_stats stats;
    llmobs_span span;
    int i;
    char keys[100][8];
    char value[400];
    script_init(&s, NULL, 0);
    config.span_parts = 64;
    config.value_bytes = 400;
    config.batch_bytes = 4096;
    obs = open_scripted(&config, &s);
    memset(value, 'x', sizeof value);
    record(obs, 1);
    span = llmobs_span_root(obs, "large");
    for (i = 0; i < 100; i++) {
        (void)snprintf(keys[i], sizeof keys[i], "k%d", i);
        llmobs_span_set_string_n(span, keys[i], value, sizeof value);
    }
    llmobs_span_end(span);
    record(obs, 1);
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "flush");
    stats = stats_of(obs);
    is_int(stats.exporters[0].lost[LLMOBS_LOSS_SIZE], 1, "a span larger than a batch is lost");
    is_int(s.delivered, 2, "the others are not");
    ok(balances(&stats), "the account balances");
    (void)llmobs_close(obs);
}

/* ---- many ---------------------------------------------------------------------------------- */

static void test_many(void)
{
    llmobs_config config = pumped_config();
    llmobs_exporter exporter = llmobs_exporter_default();
    keeper kept[16];
    llmobs* obs;
    size_t total = 0;
    bool well = true;
    int i;
    config.max_exporters = 16;
    obs = llmobs_open(&config, NULL);
    is_int(llmobs_exporter_add(obs, NULL), LLMOBS_ERROR_ARGUMENT, "no exporter");
    is_int(llmobs_exporter_add(obs, &exporter), LLMOBS_ERROR_ARGUMENT, "one without a callback");
    is_int(llmobs_export_to(NULL, keep, NULL), LLMOBS_ERROR_CLOSED, "no instance");
    record(obs, 5);
    (void)llmobs_flush(obs, 100);
    is_int(stats_of(obs).dropped[LLMOBS_DROP_NO_EXPORTER], 5, "without exporters: counted");
    for (i = 0; i < 16; i++) {
        char name[100];
        memset(name, 'n', sizeof name);
        memcpy(name + 29, "\xe2\x82\xac", 3);
        name[99] = '\0';
        keeper_init(&kept[i]);
        exporter.name = i == 0 ? NULL : name;
        exporter.export_batch = keep;
        exporter.user = &kept[i];
        well &= llmobs_exporter_add(obs, &exporter) == LLMOBS_OK;
    }
    ok(well, "16 exporters");
    is_int(llmobs_exporter_add(obs, &exporter), LLMOBS_ERROR_LIMIT, "and no more");
    record(obs, 100);
    is_int(llmobs_flush(obs, 60000), LLMOBS_OK, "flush");
    for (i = 0; i < 16; i++) {
        total += kept[i].count;
        well &= kept[i].malformed == 0 && kept[i].count == 100;
    }
    is_int(total, 1600, "each gets everything");
    ok(well, "and well");
    is_str(stats_of(obs).exporters[0].name, "exporter", "a name by default");
    is_int(strlen(stats_of(obs).exporters[1].name), 29, "a long one is cut on a border");
    ok(account_balances(obs), "the account balances");
    (void)llmobs_close(obs);
    for (i = 0; i < 16; i++) {
        keeper_clear(&kept[i]);
    }
}

/* ---- callbacks that call back in ----------------------------------------------------------- */

typedef struct inside {
    llmobs* obs;
    llmobs_result flush, tick, close, add, attach;
    bool began;
    uint32_t calls;
    llmobs_span outside;
} inside;

static llmobs_export_result call_back(void* user, const llmobs_batch* batch)
{
    inside* in = (inside*)user;
    llmobs_span span = llmobs_span_root(in->obs, "self");
    (void)batch;
    in->calls++;
    in->began = span.instance != 0 || in->began;
    llmobs_span_set_int(in->outside, "from inside", 1);
    llmobs_span_end(span);
    in->flush = llmobs_flush(in->obs, 60000);
    in->tick = llmobs_tick(in->obs);
    in->close = llmobs_close(in->obs);
    in->add = llmobs_export_to(in->obs, call_back, in);
    in->attach = llmobs_thread_attach(in->obs);
    return LLMOBS_EXPORT_OK;
}

static void run_call_back(bool pumped)
{
    llmobs_config config = pumped_config();
    inside in;
    llmobs_stats stats;
    config.host_pumped = pumped;
    config.batch_delay_ms = 1;
    config.tick_ms = 1;
    memset(&in, 0, sizeof in);
    in.obs = llmobs_open(&config, NULL);
    in.outside = llmobs_span_root(in.obs, "outside");
    (void)llmobs_export_to(in.obs, call_back, &in);
    record(in.obs, 1);
    is_int(llmobs_flush(in.obs, 5000), LLMOBS_OK, pumped ? "pumped" : "on its own thread");
    is_int(in.flush, LLMOBS_ERROR_BUSY, "flush inside: busy");
    is_int(in.tick, LLMOBS_ERROR_BUSY, "tick inside: busy");
    is_int(in.close, LLMOBS_ERROR_BUSY, "close inside: busy");
    is_int(in.add, LLMOBS_ERROR_BUSY, "adding inside: busy");
    is_int(in.attach, LLMOBS_ERROR_BUSY, "attaching inside: busy");
    ok(!in.began, "no span begins inside");
    stats = stats_of(in.obs);
    is_int(stats.dropped[LLMOBS_DROP_SELF], in.calls, "it is dropped and counted");
    llmobs_span_end(in.outside);
    record(in.obs, 1);
    stats.size = sizeof stats;
    is_int(llmobs_close_with_stats(in.obs, &stats), LLMOBS_OK, "this thread records as before");
    is_int(stats.collected, 3, "all of its spans");
    ok(balances(&stats), "the account balances");
}

/* Two instances, each pumped from the other's callback. */
typedef struct nested {
    llmobs* own;
    llmobs* other;
    llmobs_result flush_own;
    llmobs_result flush_other;
    int calls;
} nested;

static llmobs_export_result pump_other(void* user, const llmobs_batch* batch)
{
    nested* n = (nested*)user;
    (void)batch;
    if (n->calls++ == 0) {
        record(n->other, 1); /* dropped where we are inside a callback of it, too */
        n->flush_other = llmobs_flush(n->other, 60000);
        record(n->own, 1);
        n->flush_own = llmobs_flush(n->own, 60000);
    }
    return LLMOBS_EXPORT_OK;
}

static void test_nested(void)
{
    llmobs_config config = pumped_config();
    nested a;
    nested b;
    llmobs_stats stats;
    memset(&a, 0, sizeof a);
    a.own = llmobs_open(&config, NULL);
    a.other = llmobs_open(&config, NULL);
    b = a;
    b.own = a.other;
    b.other = a.own;
    (void)llmobs_export_to(a.own, pump_other, &a);
    (void)llmobs_export_to(b.own, pump_other, &b);
    record(a.own, 1);
    is_int(llmobs_flush(a.own, 60000), LLMOBS_OK, "a flush in a callback of another instance");
    is_int(a.flush_other, LLMOBS_OK, "is fine");
    is_int(b.flush_other, LLMOBS_ERROR_BUSY, "but not round to the first one");
    is_int(a.flush_own, LLMOBS_ERROR_BUSY, "which is still busy afterwards");
    is_int(b.flush_own, LLMOBS_ERROR_BUSY, "and each is in its own");
    record(a.own, 1);
    record(b.own, 1);
    stats = stats_of(a.own);
    is_int(stats.dropped[LLMOBS_DROP_SELF], 2, "what was recorded inside is dropped");
    is_int(stats.threads, 1, "and this thread has one record");
    stats = stats_of(b.own);
    is_int(stats.threads, 1, "in each");
    is_int(llmobs_close(a.own), LLMOBS_OK, "close one");
    is_int(llmobs_close(b.own), LLMOBS_OK, "and the other");
}

/* ---- an exporter that hangs ---------------------------------------------------------------- */

static void test_hung(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_exporter exporter;
    static script hung;
    static script good;
    llmobs* obs;
    llmobs_stats stats;
    uint64_t begun;
    uint64_t took;
    int i;
    script_init(&hung, NULL, 0);
    script_init(&good, NULL, 0);
    config.tick_ms = 5;
    config.batch_delay_ms = 1;
    config.queue_bytes = 65536;
    config.batch_bytes = 4096;
    config.close_timeout_ms = 3000; /* time enough for the other one, on a busy machine, too */
    hung.hang = true;
    obs = open_scripted(&config, &hung);
    exporter = scripted(&good);
    (void)llmobs_exporter_add(obs, &exporter);
    record(obs, 1);
    wait_until_hanging(&hung);
    for (i = 0; i < 400; i++) {
        record(obs, 20);
        (void)llmobs_tick(obs); /* so that the pool does not run out */
        while (i % 4 == 0 && stats_of(obs).exporters[1].queued > 100) {
            (void)sched_yield();
        }
    }
    stats = stats_of(obs);
    is_int(stats.dropped[LLMOBS_DROP_POOL], 0, "recorders do not notice");
    ok(stats.exporters[0].lost[LLMOBS_LOSS_QUEUE] > 0, "the one that hangs loses");
    is_int(stats.exporters[1].lost[LLMOBS_LOSS_QUEUE], 0, "the other one nothing");
    begun = llmobsi_monotonic_ns();
    is_int(llmobs_flush(obs, 50), LLMOBS_ERROR_TIMEOUT, "a flush says that one hangs");
    record(obs, 100);
    begun = llmobsi_monotonic_ns();
    stats.size = sizeof stats;
    is_int(llmobs_close_with_stats(obs, &stats), LLMOBS_ERROR_INCOMPLETE, "so does close");
    took = llmobsi_monotonic_ns() - begun;
    ok(took < 3100000000 || slowed(), "within its time and 100 ms");
    is_int(good.delivered, 1 + 400 * 20 + 100, "the other has everything, to the very end");
    is_int(good.closed, 1, "and was closed");
    is_int(hung.closed, 0, "the one that hangs was not");
    ok(balances(&stats), "the account balances");
    ok(stats.exporters[0].queued == 0 && stats.live == 0 && stats.ended == 0, "nothing is open");
    set_hang(&hung, false);
    (void)usleep(20000);
    is_int(llmobs_close(obs), LLMOBS_OK, "its late return does no harm");
}

int main(void)
{
    test_retry();
    test_give_up();
    test_rejected();
    test_retry_after();
    test_away();
    test_report_misuse();
    test_batch_items();
    test_pending();
    test_early();
    test_pending_at_close();
    test_queue_full();
    test_span_too_large();
    test_many();
    run_call_back(true);
    run_call_back(false);
    test_nested();
    test_hung();
    (void)llmobs_release();
    return done();
}
