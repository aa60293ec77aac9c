/* The exporter kit on llmobs' example programs, which include no test of their own: how it is used.
   Each example is included as it is, its main renamed. */
#define main custom_exporter_main
#include "../../examples/custom_exporter.c"
#undef main
#define main async_exporter_main
#include "../../examples/async_exporter.c"
#undef main

#include "exporter_kit.c"

/* ---- examples/custom_exporter.c: a callback and a count of spans ----------------------------- */

static size_t printed[KIT_PAIR]; /* by two exporters */
static size_t printers;

static bool make_printer(void* user, llmobs_exporter* exporter)
{
    (void)user;
    exporter->export_batch = print_spans;
    exporter->user = &printed[printers++ % KIT_PAIR];
    exporter->signals = LLMOBS_SIGNAL_SPANS;
    return true;
}

static uint64_t spans_printed(void* user)
{
    (void)user;
    return __atomic_load_n(&printed[0], __ATOMIC_RELAXED) +
           __atomic_load_n(&printed[1], __ATOMIC_RELAXED);
}

/* ---- examples/async_exporter.c: a transport with a thread of its own ------------------------- */

typedef struct sender {
    transport wire;
    pthread_t thread;
} sender;

static bool make_sender(void* user, llmobs_exporter* exporter)
{
    sender* to = (sender*)calloc(1, sizeof *to);
    (void)user;
    pthread_mutex_init(&to->wire.lock, NULL);
    pthread_cond_init(&to->wire.changed, NULL);
    exporter->export_batch = enqueue;
    exporter->user = &to->wire;
    exporter->signals = LLMOBS_SIGNAL_SPANS;
    return pthread_create(&to->thread, NULL, send_all, &to->wire) == 0;
}

/* It has sent what it was given before its thread ends. */
static void unmake_sender(void* user, const llmobs_exporter* exporter)
{
    sender* to = (sender*)exporter->user; /* its first member */
    (void)user;
    pthread_mutex_lock(&to->wire.lock);
    to->wire.stop = true;
    pthread_cond_signal(&to->wire.changed);
    pthread_mutex_unlock(&to->wire.lock);
    pthread_join(to->thread, NULL);
    free(to);
}

int main(void)
{
    exporter_kit printer;
    exporter_kit async;
    memset(&printer, 0, sizeof printer);
    printer.name = "custom_exporter";
    printer.make = make_printer;
    printer.received = spans_printed;
    exporter_kit_run(&printer);
    memset(&async, 0, sizeof async);
    async.name = "async_exporter";
    async.make = make_sender;
    async.unmake = unmake_sender;
    async.no_fork = true;
    exporter_kit_run(&async);
    return exporter_kit_done();
}
