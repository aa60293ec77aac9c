/* A part of exporter_kit.c: hosts that have the exporter, and what must hold of it at their end. */

#define KIT_PAIR 2u

typedef struct kit_host {
    llmobs* obs;
    kit_exporter exporter;
    llmobs_stats stats; /* the last account */
} kit_host;

static kit_host kit_hosts[KIT_PAIR];

/* Real time, moved on by the scenarios: rules are evaluated every ten seconds. */
static uint64_t kit_shift_ns;

static uint64_t kit_clock(void* user)
{
    struct timespec now;
    (void)user;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec +
           __atomic_load_n(&kit_shift_ns, __ATOMIC_RELAXED);
}

static bool kit_add(kit_host* host, kit_manner manner, uint32_t batch_items)
{
    kit_exporter* exporter = &host->exporter;
    llmobs_exporter outer;
    exporter->inner = llmobs_exporter_default();
    exporter->manner = manner;
    exporter->obs = host->obs;
    exporter->soonest_ms = UINT64_MAX;
    if (!exporter_kit_check(kit->make(kit->user, &exporter->inner), "it is made")) {
        return false;
    }
    outer = exporter->inner;
    outer.export_batch = kit_export;
    outer.close = kit_close;
    outer.user = exporter;
    outer.retry_first_ms = 1;
    outer.retry_most_ms = 4;
    outer.max_attempts = manner == KIT_NEVER ? 1000000 : 16;
    outer.batch_items = batch_items;
    return exporter_kit_check(exporter->inner.export_batch != NULL &&
                              llmobs_exporter_add(host->obs, &outer) == LLMOBS_OK, "and added");
}

static void kit_open(kit_host* host, bool pumped, uint32_t close_ms)
{
    llmobs_config config = llmobs_config_default();
    config.host_pumped = pumped;
    config.clock.unix_ns = kit_clock;
    config.close_timeout_ms = close_ms;
    config.batch_delay_ms = 10;
    config.value_bytes = 400;
    config.batch_bytes = 32768;
    config.queue_bytes = 16u << 20; /* nothing has to give way, in batches of one, too */
    host->obs = llmobs_open(&config, NULL);
    if (host->obs != NULL) {
        kit_alert_rules(host->obs);
    }
}

/* Everything, once: with alerts that fire and end. */
static void kit_record(llmobs* obs)
{
    int round;
    kit_spans(obs);
    kit_logs(obs);
    kit_metrics(obs);
    kit_request(obs);
    for (round = 0; round < 3; round++) {
        kit_alert_level(obs, round == 1 ? 5 : 0);
        (void)__atomic_add_fetch(&kit_shift_ns, KIT_ALERT_NS, __ATOMIC_RELAXED);
        (void)llmobs_tick(obs);
    }
}

static bool kit_flush(kit_host* host)
{
    llmobs_result result = llmobs_flush(host->obs, kit_patience_ms());
    size_t i;
    (void)pthread_mutex_lock(&kit_sums.lock);
    for (i = 0; result == LLMOBS_OK && i < kit_sums.pending_count; i++) {
        kit_take_back(&kit_sums.pending[i]);
    }
    kit_sums.pending_count = result == LLMOBS_OK ? 0 : kit_sums.pending_count;
    (void)pthread_mutex_unlock(&kit_sums.lock);
    return exporter_kit_check(result == LLMOBS_OK, "a flush settles all in its time");
}

static uint64_t kit_lost(const llmobs_signal_stats* points, const llmobs_exporter_stats* one,
                         llmobs_loss loss)
{
    return points->lost[loss] + one->lost[loss];
}

static bool kit_balances(const llmobs_stats* stats)
{
    const llmobs_exporter_stats* one = &stats->exporters[0];
    uint64_t known = one->exported + one->queued;
    uint64_t points = one->points.exported + one->points.queued;
    int loss;
    for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
        known += one->lost[loss];
        points += one->points.lost[loss];
    }
    return stats->exporter_count == 0 ||
           (known == one->received && points == one->points.received);
}

/* What holds whatever the scenario was. */
static void kit_check_exporter(const kit_host* host)
{
    const kit_exporter* exporter = &host->exporter;
    char what[128];
    (void)exporter_kit_check(exporter->closes == 1, "its close is called once");
    (void)exporter_kit_check(exporter->late == 0, "and its callback never after it");
    (void)exporter_kit_check(exporter->overlapping == 0, "one call at a time");
    (void)exporter_kit_check(exporter->unknown == 0, "each answer is OK, RETRY, DROP or PENDING");
    (void)exporter_kit_check(exporter->early == 0,
                             "what is answered OK has arrived before the answer");
    (void)snprintf(what, sizeof what, "no call takes longer than %u ms", kit_slow_ms());
    if (!exporter_kit_check(exporter->slowest_ms <= kit_slow_ms(), what)) {
        printf("# %u ms\n", (unsigned)exporter->slowest_ms);
    }
    (void)exporter_kit_check(exporter->manner == KIT_CALLING ||
                             host->stats.dropped[LLMOBS_DROP_SELF] == 0,
                             "nothing is recorded inside the callback");
    (void)exporter_kit_check(kit_balances(&host->stats), "its account balances");
}

/* Closes, twice; `want` is what the first time should come to. */
static bool kit_end(kit_host* host, llmobs_result want)
{
    llmobs_result result;
    host->stats.size = sizeof host->stats;
    result = llmobs_close_with_stats(host->obs, &host->stats);
    if (result == LLMOBS_ERROR_INCOMPLETE && host->exporter.manner == KIT_NEVER) {
        kit_skip("this machine is too busy: llmobs' own thread came too late");
        return false;
    }
    if (!exporter_kit_check(result == want, "close comes to what it should")) {
        printf("# %s\n", llmobs_result_name(result));
    }
    if (result == LLMOBS_ERROR_INCOMPLETE) {
        (void)exporter_kit_check(false, "its callback returns, and no batch stays pending");
        kit_told->hung = true;
        return false;
    }
    (void)exporter_kit_check(llmobs_close(host->obs) == LLMOBS_OK, "a second close is fine");
    kit_check_exporter(host);
    if (kit->unmake != NULL) {
        kit->unmake(kit->user, &host->exporter.inner);
    }
    return true;
}

/* The receiver has what it is said to have, and no more: each item once, and again only where the
   exporter was told, or asked, to send it again. */
static void kit_check_received(bool again)
{
    uint64_t received;
    uint64_t most = kit_sums.wanted + (again ? kit_sums.maybe : 0);
    char what[128];
    if (kit->received == NULL) {
        return;
    }
    received = kit->received(kit->user);
    (void)snprintf(what, sizeof what, "the receiver has all, and nothing twice%s",
                   again ? " but what was sent again" : "");
    if (!exporter_kit_check(received >= kit_sums.wanted && received <= most, what)) {
        printf("# it has %llu of %llu to %llu items\n", (unsigned long long)received,
               (unsigned long long)kit_sums.wanted, (unsigned long long)most);
    }
}

/* After all closes: there has been time enough to touch what is gone. */
static void kit_check_batches(void)
{
    kit_nap(20);
    (void)exporter_kit_check(kit_none_written(), "nothing is written into a batch");
    (void)exporter_kit_check(kit_none_touched(), "no batch is touched when its time is over");
}

static void kit_check_nothing_lost(const kit_host* host)
{
    const llmobs_exporter_stats* one = &host->stats.exporters[0];
    uint64_t lost = 0;
    int loss;
    for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
        lost += kit_lost(&one->points, one, (llmobs_loss)loss);
    }
    (void)exporter_kit_check(lost == 0, "nothing is given up");
    (void)exporter_kit_check(one->exported + one->points.exported > 0, "something is delivered");
}
