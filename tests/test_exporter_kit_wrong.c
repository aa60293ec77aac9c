/* The exporter kit sees what is wrong with an exporter: one that does all as it should passes, and
   each of these does one thing otherwise. */
#include "llmobs_private.h"
#include "tap.h"

#include "exporter_kit/exporter_kit.c"

/* ---- a receiver ---------------------------------------------------------------------------- */

typedef enum how {
    RIGHT,
    KEEPS_A_POINTER,
    WRITES_INTO_IT,
    SENDS_TWICE,
    ANSWERS_TOO_SOON,
    LOSES_ONE,
    BLOCKS,
    BLOCKS_IN_CLOSE,
    IS_SLOW,
    RECORDS_INSIDE,
    ANSWERS_JUNK,
    DROPS_WHAT_IS_ODD,
    NEVER_SETTLES,
    CRASHES,
    TRUSTS_THE_ATTEMPT,
    DIES_IN_A_FORK,
    TAKES_NO_FOR_YES,
    NEVER_GIVES_UP,
    GIVES_UP_AT_ONCE,
    HIDES_A_PART,
    COMES_TOO_SOON,
    SENDS_PARTS_AGAIN,
    WAITS_FOR_EVER
} how;

/* Lives in the process of the scenario, whose exporters share it. */
static struct {
    pthread_mutex_t lock;
    how how;
    uint64_t items;
    exporter_kit_fault fault;
    uint32_t faults;
    const llmobs_batch* kept;
    llmobs* obs;
    pid_t process;
} receiver = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t items_of(const llmobs_batch* batch)
{
    uint64_t items = batch->span_count + batch->log_count;
    size_t i;
    for (i = 0; i < batch->metric_count; i++) {
        items += batch->metrics[i].point_count;
    }
    return items;
}

static void take(uint64_t items)
{
    (void)pthread_mutex_lock(&receiver.lock);
    receiver.items += items;
    (void)pthread_mutex_unlock(&receiver.lock);
}

/* The fault that the next request meets; false: none. */
static bool meets(exporter_kit_fault* fault)
{
    bool any;
    (void)pthread_mutex_lock(&receiver.lock);
    any = receiver.faults > 0;
    receiver.faults -= any;
    *fault = receiver.fault;
    (void)pthread_mutex_unlock(&receiver.lock);
    return any;
}

/* ---- exporters ----------------------------------------------------------------------------- */

static llmobs_export_result report(const llmobs_batch* batch, uint64_t rejected,
                                   uint64_t retry_after_ms)
{
    llmobs_export_report all = llmobs_export_report_default();
    all.result = retry_after_ms > 0 ? LLMOBS_EXPORT_RETRY : LLMOBS_EXPORT_OK;
    all.rejected = rejected;
    all.retry_after_ms = retry_after_ms;
    (void)llmobs_export_done_with(batch->token, &all);
    return all.result;
}

/* What the exporter makes of a fault. */
static llmobs_export_result mind(exporter_kit_fault fault, const llmobs_batch* batch)
{
    how way = receiver.how;
    switch (fault) {
    case EXPORTER_KIT_PARTIAL:
        take(items_of(batch) - 1);
        return way == SENDS_PARTS_AGAIN ? LLMOBS_EXPORT_RETRY
                                        : report(batch, way == HIDES_A_PART ? 0 : 1, 0);
    case EXPORTER_KIT_BUSY:
        return way == COMES_TOO_SOON ? LLMOBS_EXPORT_RETRY : report(batch, 0, 1000);
    case EXPORTER_KIT_REFUSES:
        return way == NEVER_GIVES_UP ? LLMOBS_EXPORT_RETRY : LLMOBS_EXPORT_DROP;
    case EXPORTER_KIT_LOST:
        take(items_of(batch));
        return LLMOBS_EXPORT_RETRY;
    case EXPORTER_KIT_HANGS:
        kit_nap(way == WAITS_FOR_EVER ? 700 : 50);
        return LLMOBS_EXPORT_RETRY;
    default:
        return way == GIVES_UP_AT_ONCE   ? LLMOBS_EXPORT_DROP
               : way == TAKES_NO_FOR_YES ? LLMOBS_EXPORT_OK
                                         : LLMOBS_EXPORT_RETRY;
    }
}

static void* take_later(void* user)
{
    kit_nap(20);
    take((uint64_t)(uintptr_t)user);
    return NULL;
}

static void block(void)
{
    for (;;) {
        (void)pause();
    }
}

/* What is wrong besides what the receiver gets. */
static void misbehave(const llmobs_batch* batch)
{
    size_t i;
    switch (receiver.how) {
    case KEEPS_A_POINTER:
        if (receiver.kept != NULL) {
            kit_sums.elsewhere |= receiver.kept->id == 0; /* it is never 0: read, and no more */
        }
        receiver.kept = batch;
        break;
    case WRITES_INTO_IT:
        ((llmobs_batch*)(uintptr_t)batch)->attempt = 0;
        break;
    case BLOCKS:
        block();
        break;
    case IS_SLOW: /* once */
        kit_nap(receiver.items == 0 ? 600 : 0);
        break;
    case RECORDS_INSIDE:
        llmobs_span_end(llmobs_span_root(kit_hosts[0].obs, "inside"));
        break;
    case CRASHES:
        for (i = 0; i < batch->log_count; i++) {
            if (batch->logs[i].body.size == 0) {
                (void)raise(SIGSEGV);
            }
        }
        break;
    default:
        break;
    }
}

static llmobs_export_result deliver(void* user, const llmobs_batch* batch)
{
    exporter_kit_fault fault;
    pthread_t later;
    uint64_t items = items_of(batch);
    (void)user;
    misbehave(batch);
    if (meets(&fault)) {
        return mind(fault, batch);
    }
    switch (receiver.how) {
    case ANSWERS_TOO_SOON:
        if (pthread_create(&later, NULL, take_later, (void*)(uintptr_t)items) == 0) {
            (void)pthread_detach(later);
        }
        return LLMOBS_EXPORT_OK;
    case ANSWERS_JUNK:
        take(items);
        return (llmobs_export_result)77;
    case DROPS_WHAT_IS_ODD:
        return batch->log_count > 0 ? LLMOBS_EXPORT_DROP : (take(items), LLMOBS_EXPORT_OK);
    case NEVER_SETTLES:
        take(items);
        return LLMOBS_EXPORT_PENDING;
    case TRUSTS_THE_ATTEMPT:
        take(batch->attempt == 1 ? items : 0); /* "the others are repetitions" */
        return LLMOBS_EXPORT_OK;
    case DIES_IN_A_FORK:
        if (getpid() != receiver.process) {
            return LLMOBS_EXPORT_DROP;
        }
        break;
    default:
        break;
    }
    take(receiver.how == SENDS_TWICE ? 2 * items : receiver.how == LOSES_ONE ? items - 1 : items);
    return LLMOBS_EXPORT_OK;
}

static void shut(void* user)
{
    (void)user;
    if (receiver.how == BLOCKS_IN_CLOSE) {
        block();
    }
}

static bool make(void* user, llmobs_exporter* exporter)
{
    (void)user;
    receiver.process = getpid();
    exporter->export_batch = deliver;
    exporter->close = shut;
    exporter->signals = LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_LOGS | LLMOBS_SIGNAL_METRICS;
    return true;
}

static uint64_t received(void* user)
{
    uint64_t items;
    (void)user;
    (void)pthread_mutex_lock(&receiver.lock);
    items = receiver.items;
    (void)pthread_mutex_unlock(&receiver.lock);
    return items;
}

static bool fail(void* user, exporter_kit_fault fault, uint32_t count)
{
    (void)user;
    (void)pthread_mutex_lock(&receiver.lock);
    receiver.fault = fault;
    receiver.faults = count;
    (void)pthread_mutex_unlock(&receiver.lock);
    return true;
}

/* ---- what the kit says --------------------------------------------------------------------- */

static char said[65536];

/* Runs the kit in a process of its own, whose words are kept. */
static void run(how way, const char* scenario)
{
    FILE* words = tmpfile();
    pid_t child;
    size_t size;
    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        exporter_kit under;
        memset(&under, 0, sizeof under);
        (void)dup2(fileno(words), STDOUT_FILENO);
        receiver.how = way;
        under.name = "it";
        under.only = scenario;
        under.slow_ms = way == RIGHT ? 2000 : slowed() ? 500 : 200;
        under.make = make;
        under.received = received;
        under.fail = fail;
        (void)exporter_kit_run(&under);
        exit(exporter_kit_done());
    }
    (void)kit_wait(child, 120000);
    rewind(words);
    size = fread(said, 1, sizeof said - 1, words);
    said[size] = '\0';
    (void)fclose(words);
}

/* Whether a check of these words failed in this scenario. */
static bool sees(const char* scenario, const char* what)
{
    const char* line = said;
    while ((line = strstr(line, "not ok ")) != NULL) {
        size_t size = strcspn(line, "\n");
        char text[512];
        (void)snprintf(text, sizeof text, "%.*s", (int)size, line);
        if (strstr(text, what) != NULL && strstr(text, scenario) != NULL) {
            return true;
        }
        line += size;
    }
    printf("# it said:\n");
    for (line = strstr(said, "not ok "); line != NULL; line = strstr(line + 1, "not ok ")) {
        printf("#   %.*s\n", (int)strcspn(line, "\n"), line);
    }
    return false;
}

typedef struct row {
    how how;
    const char* scenario;
    const char* what; /* the kit's words */
    const char* name;
} row;

static const char own[] = "on its own thread";
static const row rows[] = {
    {KEEPS_A_POINTER, own, "no batch is touched when its time is over", "keeps a pointer"},
    {WRITES_INTO_IT, own, "nothing is written into a batch", "writes into a batch"},
    {SENDS_TWICE, own, "nothing twice", "sends twice"},
    {ANSWERS_TOO_SOON, own, "has arrived before the answer", "answers too soon"},
    {LOSES_ONE, own, "the receiver has all", "loses one"},
    {BLOCKS, own, "its callback returns", "blocks for ever"},
    {BLOCKS, "host's thread", "it ends (", "blocks the host's own thread"},
    {BLOCKS_IN_CLOSE, own, "it ends (", "blocks in its close"},
    {IS_SLOW, own, "no call takes longer than", "is slower than it says"},
    {RECORDS_INSIDE, own, "nothing is recorded inside", "records what it does"},
    {ANSWERS_JUNK, own, "each answer is OK", "answers junk"},
    {DROPS_WHAT_IS_ODD, own, "nothing is given up", "drops what it does not know"},
    {NEVER_SETTLES, own, "no batch stays pending", "never settles what is pending"},
    {CRASHES, own, "its process ends as it should", "crashes at an empty text"},
    {TRUSTS_THE_ATTEMPT, "second attempt", "the receiver has all", "takes later attempts for sent"},
    {DIES_IN_A_FORK, "fork", "the child of a fork delivers", "is lost in a fork"},
    {TAKES_NO_FOR_YES, "unavailable", "has arrived before", "takes no for yes"},
    {NEVER_GIVES_UP, "refuses", "not sent again", "never gives up"},
    {GIVES_UP_AT_ONCE, "unavailable", "asks for another attempt", "gives up at once"},
    {HIDES_A_PART, "takes a part", "what was not taken is told", "hides what was not taken"},
    {COMES_TOO_SOON, "busy", "when the receiver wants it", "comes too soon"},
    {SENDS_PARTS_AGAIN, "takes a part", "is not sent again", "sends again what was taken in part"},
    {WAITS_FOR_EVER, "hangs", "no call takes longer", "waits longer than it says"},
};

int main(void)
{
    size_t i;
    run(RIGHT, NULL);
    if (!ok(strstr(said, "\nnot ok ") == NULL, "an exporter that is right passes")) {
        (void)sees("", "-");
    }
#ifdef KIT_NO_THREADS_AFTER_FORK
    skip("all scenarios", "ThreadSanitizer can't do one of them");
#else
    ok(strstr(said, "SKIP") == NULL, "all scenarios");
#endif
    ok(strstr(said, "\n1..") != NULL, "to the end");
    for (i = 0; i < sizeof rows / sizeof *rows; i++) {
        char what[128];
        run(rows[i].how, rows[i].scenario);
        (void)snprintf(what, sizeof what, "it sees one that %s", rows[i].name);
        ok(sees(rows[i].scenario, rows[i].what), what);
    }
    return done();
}
