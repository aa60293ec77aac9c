/* No thread of the library's: a program with a loop of its own calls llmobs_tick from it. Exporters
   run inside that call, so a slow one holds up the loop: keep their callbacks short.
       cc -I. examples/host_pumped.c -o build/host_pumped -pthread */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <stdio.h>

static llmobs_export_result count_spans(void* user, const llmobs_batch* batch)
{
    *(size_t*)user += batch->span_count;
    return LLMOBS_EXPORT_OK;
}

/* One turn of the host's loop. */
static void decode_batch(llmobs* obs, int number)
{
    llmobs_span step = llmobs_span_root(obs, "decode_batch");
    llmobs_span_set_int(step, "batch.number", number);
    llmobs_span_end(step);
}

int main(void)
{
    size_t exported = 0;
    llmobs_config config = llmobs_config_default();
    config.host_pumped = true;
    config.batch_delay_ms = 1; /* don't wait for a batch to fill */
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_export_to(obs, count_spans, &exported);

    for (int turn = 1; turn <= 1000; turn++) {
        decode_batch(obs, turn);
        if (turn % 50 == 0 && llmobs_tick(obs) != LLMOBS_OK) {
            return 1;
        }
    }
    printf("%zu spans exported by the ticks, ", exported);
    llmobs_close(obs); /* the last tick */
    printf("%zu in all\n", exported);
    return exported == 1000 ? 0 : 1;
}
