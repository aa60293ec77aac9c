#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void options_help(void)
{
    puts("usage: tiny_engine [options]\n"
         "Serves made-up requests by a small transformer, observed by llmobs.h.\n"
         "  --requests N      to serve                               (default 64)\n"
         "  --threads N       that submit them                       (8)\n"
         "  --slots N         requests that are served at one time   (4)\n"
         "  --batch N         tokens in a step                       (32)\n"
         "  --context N       tokens that a slot holds               (256)\n"
         "  --prompt N        bytes of a prompt, at most             (64)\n"
         "  --tokens N        of an answer, at most                  (32)\n"
         "  --temperature T   0: greedy                              (0.8)\n"
         "  --top-p P                                                (0.95)\n"
         "  --seed N          of weights, prompts and answers        (1)\n"
         "  --speculate N     tokens drafted in a step               (0)\n"
         "  --leave N         each N-th client leaves half-way       (0: none)\n"
         "  --scrape MS       write the metrics to memory meanwhile  (0: no)\n"
         "  --weights FILE    from a file     --save-weights FILE    to one\n"
         "  --metrics FILE    at the end, as Prometheus text; - is stdout\n"
         "  --trace FILE      spans as OTLP/JSON\n"
         "  --list            a line for each request\n"
         "  --off             nothing is recorded");
}

static bool read_size(size_t* to, const char* text, size_t least, size_t most)
{
    char* end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value < least ||
        value > most) {
        return false;
    }
    *to = (size_t)value;
    return true;
}

static bool read_real(double* to, const char* text, double least, double most)
{
    char* end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= least && value <= most)) {
        return false;
    }
    *to = value;
    return true;
}

/* Whether the word is an option with a value, and the value is one. */
static bool read_value(options* to, const char* name, const char* value)
{
    const struct {
        const char* name;
        size_t* to;
        size_t least;
        size_t most;
    } sizes[] = {
        {"--requests", &to->requests, 1, 1000000}, {"--threads", &to->threads, 1, 256},
        {"--slots", &to->slots, 1, 256},           {"--batch", &to->batch, 1, 4096},
        {"--context", &to->context, 2, 65536},     {"--prompt", &to->prompt, 1, 65536},
        {"--tokens", &to->tokens, 1, 65536},       {"--speculate", &to->speculate, 0, 64},
        {"--leave", &to->leave, 0, 1000000},       {"--scrape", &to->scrape_ms, 0, 60000},
    };
    const struct {
        const char* name;
        const char** to;
    } files[] = {{"--weights", &to->weights},
                 {"--save-weights", &to->save},
                 {"--metrics", &to->metrics},
                 {"--trace", &to->trace}};
    size_t seed;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (strcmp(name, sizes[i].name) == 0) {
            return read_size(sizes[i].to, value, sizes[i].least, sizes[i].most);
        }
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        if (strcmp(name, files[i].name) == 0) {
            *files[i].to = value;
            return true;
        }
    }
    if (strcmp(name, "--seed") == 0 && read_size(&seed, value, 0, SIZE_MAX)) {
        to->seed = seed;
        return true;
    }
    return (strcmp(name, "--temperature") == 0 && read_real(&to->temperature, value, 0, 100)) ||
           (strcmp(name, "--top-p") == 0 && read_real(&to->top_p, value, 0, 1));
}

bool options_read(options* to, int count, char** words)
{
    *to = (options){.requests = 64, .threads = 8, .slots = 4, .batch = 32, .context = 256,
                    .tokens = 32, .prompt = 64, .seed = 1, .temperature = 0.8, .top_p = 0.95};
    for (int i = 1; i < count; i++) {
        if (strcmp(words[i], "--off") == 0) {
            to->off = true;
        } else if (strcmp(words[i], "--list") == 0) {
            to->list = true;
        } else if (strcmp(words[i], "--help") == 0) {
            to->help = true;
        } else if (i + 1 == count || !read_value(to, words[i], words[i + 1])) {
            fprintf(stderr, "tiny_engine: %s %s: not understood; --help tells what is\n", words[i],
                    i + 1 < count ? words[i + 1] : "");
            return false;
        } else {
            i++;
        }
    }
    if (to->batch < to->slots) {
        fprintf(stderr, "tiny_engine: a batch of %zu has no room for %zu slots\n", to->batch,
                to->slots);
        return false;
    }
    return true;
}
