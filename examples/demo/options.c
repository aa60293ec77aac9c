#include "options.h"

#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void options_help(void)
{
    fputs("usage: demo [options] [question]\n"
          "\n"
          "Answers a question about a folder of text files by a traced chain: retrieval, prompt\n"
          "assembly, model call, guardrail. Without a question it works through a file of them.\n"
          "The model is a stand-in, a word n-gram fitted to the retrieved passages: nothing is\n"
          "downloaded, nothing leaves this machine. With --endpoint it is a real one: questions\n"
          "and passages go to that server.\n"
          "\n"
          "  --docs DIR        the text files: .md .txt .rst ...    (README.md and docs/)\n"
          "  --questions FILE  one question a line                  (examples/demo/questions.txt)\n"
          "  --answers         print the answers to these, too\n"
          "  --threads N       1 to 32                              (4)\n"
          "  --seed N          the same seed gives the same answers (1)\n"
          "  --pace N          tokens a second of the stand-in; 0: as fast as it can (300)\n"
          "  --no-drift        leaves out what would happen if the documents changed\n"
          "  --out DIR         gets traces.jsonl, trace.json,\n"
          "                    requests.jsonl, metrics.prom\n"
          "                    and alerts.yml                       (out)\n"
          "  --endpoint URL    a server with OpenAI's /v1/chat/completions, such as\n"
          "                    llama-server's http://127.0.0.1:8080\n"
          "  --model NAME      the model to ask for there\n"
          "  --api-key-file F  its first line is the key for that server\n"
          "  --ca FILE         certificates (PEM) to trust there, for one of your own\n"
          "  --timeout N       seconds a call may take              (60)\n"
          "  --help\n"
          "\n"
          "Exit status: 0 done, 1 failed, 2 bad usage, 3 the guardrail blocked the question.\n",
          stdout);
}

static bool complain(const char* option, const char* why)
{
    fprintf(stderr, "demo: %s %s (see --help)\n", option, why);
    return false;
}

static bool read_number(const char* name, const char* value, double least, double most, bool whole,
                        double* to)
{
    char* end;
    *to = strtod(value, &end);
    bool good = end != value && *end == '\0' && *to >= least && *to <= most;
    if (!good || (whole && *to > (double)(size_t)*to)) {
        fprintf(stderr, "demo: --%s takes a %snumber, %.0f to %.0f (see --help)\n", name,
                whole ? "whole " : "", least, most);
        return false;
    }
    return true;
}

static bool read_seed(const char* value, uint64_t* to)
{
    char* end;
    errno = 0;
    *to = strtoull(value, &end, 10);
    bool good = *value >= '0' && *value <= '9' && *end == '\0' && errno == 0;
    return good || complain("--seed", "takes a whole number from 0 to 2^64 - 1");
}

/* The name without its dashes. */
static bool read_option(options* to, const char* name, const char* value)
{
    double number;
    if (strcmp(name, "docs") == 0) {
        to->docs = value;
    } else if (strcmp(name, "questions") == 0) {
        to->questions = value;
    } else if (strcmp(name, "out") == 0) {
        to->out = value;
    } else if (strcmp(name, "endpoint") == 0) {
        to->endpoint = value;
    } else if (strcmp(name, "model") == 0) {
        to->model = value;
    } else if (strcmp(name, "api-key-file") == 0) {
        to->api_key_file = value;
    } else if (strcmp(name, "ca") == 0) {
        to->ca = value;
    } else if (strcmp(name, "timeout") == 0) {
        return read_number(name, value, 1, 3600, false, &to->timeout);
    } else if (strcmp(name, "seed") == 0) {
        return read_seed(value, &to->seed);
    } else if (strcmp(name, "pace") == 0) {
        return read_number(name, value, 0, 1000000, false, &to->pace);
    } else if (strcmp(name, "threads") == 0) {
        if (!read_number(name, value, 1, 32, true, &number)) {
            return false;
        }
        to->threads = (size_t)number;
    } else {
        fprintf(stderr, "demo: there is no option --%s (see --help)\n", name);
        return false;
    }
    return true;
}

static void add_to_question(options* to, const char* word)
{
    text whole = {0};
    if (to->question != NULL) {
        text_add_string(&whole, to->question);
        text_add_string(&whole, " ");
        free(to->question);
    }
    text_add_string(&whole, word);
    to->question = whole.data;
}

static bool fits_together(const options* of)
{
    if (of->endpoint != NULL && (of->model == NULL || *of->model == '\0')) {
        return complain("--endpoint", "needs a --model");
    }
    if (of->endpoint == NULL && of->model != NULL) {
        return complain("--model", "needs an --endpoint");
    }
    if (of->endpoint == NULL && of->api_key_file != NULL) {
        return complain("--api-key-file", "needs an --endpoint");
    }
    if (of->endpoint == NULL && of->ca != NULL) {
        return complain("--ca", "needs an --endpoint");
    }
    return true;
}

bool options_read(options* to, int count, char** words)
{
    memset(to, 0, sizeof *to);
    to->out = "out";
    to->questions = "examples/demo/questions.txt";
    to->threads = 4;
    to->seed = 1;
    to->pace = 300;
    to->timeout = 60;
    to->drift = true;
    bool only_words = false;
    for (int i = 1; i < count; i++) {
        const char* word = words[i];
        if (only_words || *word != '-') {
            add_to_question(to, word);
        } else if (strcmp(word, "--") == 0) {
            only_words = true;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            to->help = true;
        } else if (strcmp(word, "--answers") == 0) {
            to->answers = true;
        } else if (strcmp(word, "--no-drift") == 0) {
            to->drift = false;
        } else if (strncmp(word, "--", 2) != 0) {
            return complain(word, "is not an option");
        } else if (i + 1 == count) {
            return complain(word, "is not an option, or lacks its value");
        } else if (!read_option(to, word + 2, words[++i])) {
            return false;
        }
    }
    if (to->question != NULL && strspn(to->question, " \t\n") == strlen(to->question)) {
        return complain("the question", "is empty");
    }
    return fits_together(to);
}
