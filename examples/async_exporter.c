/* An exporter that does not wait: it hands the batch to a transport, answers "pending", and the
   transport tells the outcome later, from its own thread. The batch lives until then. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { ROOM = 8 };

/* The transport: a thread with a short queue, where an HTTP client's would be. */
typedef struct transport {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    const llmobs_batch* queue[ROOM];
    size_t count;
    size_t sent; /* spans */
    bool stop;
} transport;

static llmobs_export_result enqueue(void* user, const llmobs_batch* batch)
{
    transport* to = (transport*)user;
    pthread_mutex_lock(&to->lock);
    bool fits = to->count < ROOM;
    if (fits) {
        to->queue[to->count++] = batch;
        pthread_cond_signal(&to->changed);
    }
    pthread_mutex_unlock(&to->lock);
    return fits ? LLMOBS_EXPORT_PENDING : LLMOBS_EXPORT_RETRY;
}

static void* send_all(void* user)
{
    transport* of = (transport*)user;
    pthread_mutex_lock(&of->lock);
    for (;;) {
        while (of->count == 0 && !of->stop) {
            pthread_cond_wait(&of->changed, &of->lock);
        }
        if (of->count == 0) {
            break;
        }
        const llmobs_batch* batch = of->queue[0];
        memmove(of->queue, of->queue + 1, --of->count * sizeof *of->queue);
        pthread_mutex_unlock(&of->lock);
        printf("sent batch %llu: %zu spans\n", (unsigned long long)batch->id, batch->span_count);
        of->sent += batch->span_count;
        llmobs_export_done(batch->token, LLMOBS_EXPORT_OK); /* after this the batch is gone */
        pthread_mutex_lock(&of->lock);
    }
    pthread_mutex_unlock(&of->lock);
    return NULL;
}

int main(void)
{
    static transport wire = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {NULL}, 0, 0,
                             false};
    pthread_t sender;
    if (pthread_create(&sender, NULL, send_all, &wire) != 0) {
        return 1;
    }
    llmobs* obs = llmobs_open(NULL, NULL);
    llmobs_export_to(obs, enqueue, &wire);
    for (int i = 0; i < 100; i++) {
        llmobs_span_end(llmobs_span_root(obs, "request"));
    }
    llmobs_close(obs); /* waits until nothing is pending */

    pthread_mutex_lock(&wire.lock);
    wire.stop = true;
    pthread_cond_signal(&wire.changed);
    pthread_mutex_unlock(&wire.lock);
    pthread_join(sender, NULL);
    return wire.sent == 100 ? 0 : 1;
}
