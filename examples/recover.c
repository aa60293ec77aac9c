/* What a process had recorded when it was killed: reads the files of its flight recorder and writes
   OTLP/JSON, one message a line, to stdout; the accounts go to stderr. A file that was written out
   whole is removed with -d; one that is not there is none. With -a also the newest of what had been
   delivered, where the process kept that (config.recorder_history_bytes): look first, then hand on.
       cc -I. examples/recover.c -o build/recover -pthread
       build/recover -a /dev/shm/llmobs-*.rec >last_moments.jsonl
       build/recover -d /dev/shm/llmobs-*.rec >>traces.jsonl */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool to_stdout(void* user, const char* data, size_t size)
{
    (void)user;
    return fwrite(data, 1, size, stdout) == size;
}

/* OK once it is out of our hands: only then the file may go. */
static llmobs_export_result write_batch(void* user, const llmobs_batch* batch)
{
    llmobs_result result = llmobs_encode(batch, LLMOBS_FORMAT_OTLP_JSON, to_stdout, user);
    return result == LLMOBS_OK && fflush(stdout) == 0 ? LLMOBS_EXPORT_OK : LLMOBS_EXPORT_RETRY;
}

static unsigned long long number(uint64_t value)
{
    return (unsigned long long)value;
}

static void print_account(const char* path, const llmobs_recovery* found)
{
    const llmobs_stats* stats = &found->stats;
    uint64_t dropped = 0;
    for (int cause = 0; cause < (int)LLMOBS_DROP_COUNT; cause++) {
        dropped += stats->dropped[cause];
    }
    fprintf(stderr, "%s: process %llu lived for %.3f s\n", path, number(found->process),
            (double)(found->last_unix_ns - found->opened_unix_ns) / 1e9);
    fprintf(stderr,
            "  recovered: %llu spans, %llu interrupted ones, %llu log records (%llu of these from "
            "queues), %llu series; %llu of the history\n",
            number(found->spans), number(found->interrupted), number(found->logs),
            number(found->queued), number(found->series), number(found->history));
    fprintf(stderr,
            "  account: %llu begun = %llu collected + %llu ended + %llu in flight + %llu dropped + "
            "%llu by tail sampling + %llu half made; %llu damaged\n",
            number(stats->started), number(stats->collected), number(stats->ended),
            number(stats->live), number(dropped), number(stats->tail_dropped),
            number(found->half_made), number(found->damaged));
    for (uint32_t i = 0; i < stats->exporter_count; i++) {
        const llmobs_exporter_stats* exporter = &stats->exporters[i];
        fprintf(stderr, "  exporter %s: %llu received, %llu exported\n", exporter->name,
                number(exporter->received), number(exporter->exported));
    }
}

int main(int argc, char** argv)
{
    unsigned options = 0;
    int failed = 0;
    int first = 1;
    for (; first < argc && argv[first][0] == '-'; first++) {
        if (strcmp(argv[first], "-d") == 0) {
            options |= LLMOBS_RECOVER_REMOVE;
        } else if (strcmp(argv[first], "-a") == 0) {
            options |= LLMOBS_RECOVER_HISTORY;
        } else {
            break;
        }
    }
    if (first == argc || argv[first][0] == '-') {
        fprintf(stderr, "usage: recover [-a] [-d] FILE...\n");
        return 2;
    }
    for (int i = first; i < argc; i++) {
        llmobs_recovery found;
        memset(&found, 0, sizeof found);
        llmobs_result result = llmobs_recover(argv[i], write_batch, NULL, options, &found);
        if (result == LLMOBS_OK || result == LLMOBS_ERROR_INCOMPLETE) {
            print_account(argv[i], &found);
        }
        if (result == LLMOBS_ERROR_BUSY) {
            fprintf(stderr, "%s: its process lives\n", argv[i]);
        } else if (result == LLMOBS_ERROR_SYSTEM && errno == ENOENT) {
            fprintf(stderr, "%s: not there\n", argv[i]);
        } else if (result != LLMOBS_OK) {
            fprintf(stderr, "%s: %s%s%s\n", argv[i], llmobs_result_name(result),
                    result == LLMOBS_ERROR_SYSTEM ? ": " : "",
                    result == LLMOBS_ERROR_SYSTEM ? strerror(errno) : "");
            failed = 1;
        }
    }
    return failed;
}
