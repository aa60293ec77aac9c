/* Answers prompts by a GGUF model, several at one time, and shows all that an engine can show.
       make LLAMA_DIR=/usr/local
       ./llama_cpp model.gguf --otlp traces.jsonl --metrics-file metrics.prom "Once upon a time"
   README.md tells of the options. */
#include "engine.h"
#include "scrape.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

struct Options {
    Settings settings;
    const char* otlp = nullptr;
    const char* metrics_file = nullptr;
    const char* traceparent = nullptr;
    bool off = false;   /* no instance: every call of llmobs is a branch */
    bool shows = false; /* the answers */
    int port = -1;      /* no port unless asked for */
    std::vector<std::string> prompts;
};

/* The names that dashboards of vLLM and of llama.cpp's server ask for. */
static const uint32_t FAMILIES =
    LLMOBS_FAMILY_VLLM | LLMOBS_FAMILY_LLAMACPP | LLMOBS_FAMILY_SELF;

static Engine* interrupted = nullptr;

static void interrupt(int)
{
    interrupted->cancel();
}

static int usage()
{
    std::fprintf(stderr,
                 "usage: llama_cpp MODEL.gguf [options] PROMPT...\n"
                 "  --prompts FILE       one a line, besides those above\n"
                 "  --slots N  --context N  --batch N  --predict N  --draft N  --threads N\n"
                 "  --temperature X  --seed N  --traceparent HEADER  --show  --off\n"
                 "  --otlp FILE          traces, as OTLP JSON lines\n"
                 "  --metrics-file FILE  metrics, at the end, as Prometheus text\n"
                 "  --port N             GET /metrics on 127.0.0.1:N meanwhile; 0: a free one\n");
    return 2;
}

static bool read_prompts(const char* file, std::vector<std::string>& prompts)
{
    std::ifstream in(file);
    std::string line;
    bool opened = in.is_open();
    while (std::getline(in, line)) {
        prompts.push_back(line);
    }
    return opened;
}

static bool number(const char* text, int least, int most, int* value)
{
    char* end = nullptr;
    long read = std::strtol(text, &end, 10);
    *value = static_cast<int>(read);
    return *text != '\0' && *end == '\0' && read >= least && read <= most;
}

/* An option with its value. */
static bool option(Options& options, const std::string& name, const char* value)
{
    Settings& settings = options.settings;
    int seed = 0;
    if (name == "--otlp") { options.otlp = value; }
    else if (name == "--metrics-file") { options.metrics_file = value; }
    else if (name == "--traceparent") { options.traceparent = value; }
    else if (name == "--prompts") { return read_prompts(value, options.prompts); }
    else if (name == "--temperature") { settings.temperature = std::strtof(value, nullptr); }
    else if (name == "--slots") { return number(value, 1, 256, &settings.slots); }
    else if (name == "--context") { return number(value, 8, 1000000, &settings.context); }
    else if (name == "--batch") { return number(value, 1, 65536, &settings.batch); }
    else if (name == "--predict") { return number(value, 1, 1000000, &settings.predict); }
    else if (name == "--draft") { return number(value, 0, 64, &settings.draft); }
    else if (name == "--threads") { return number(value, 1, 1024, &settings.threads); }
    else if (name == "--port") { return number(value, 0, 65535, &options.port); }
    else if (name == "--seed" && number(value, 0, 1000000, &seed)) { settings.seed = seed; }
    else { return false; }
    return true;
}

static bool parse(int argc, char** argv, Options& options)
{
    for (int i = 1; i < argc; i++) {
        std::string word = argv[i];
        if (word == "--show") {
            options.shows = true;
        } else if (word == "--off") {
            options.off = true;
        } else if (word.rfind("--", 0) == 0) {
            if (i + 1 == argc || !option(options, word, argv[i + 1])) {
                std::fprintf(stderr, "llama_cpp: %s: no such option, or no such value\n",
                             word.c_str());
                return false;
            }
            i++;
        } else if (options.settings.model == nullptr) {
            options.settings.model = argv[i];
            const char* slash = std::strrchr(argv[i], '/');
            options.settings.name = slash != nullptr ? slash + 1 : argv[i];
        } else {
            options.prompts.push_back(word);
        }
    }
    const Settings& settings = options.settings;
    if (settings.batch < settings.slots * (1 + settings.draft)) {
        std::fprintf(stderr, "llama_cpp: a batch has no room for a token and the drafts of each "
                             "slot: --batch %d or more\n", settings.slots * (1 + settings.draft));
        return false;
    }
    return settings.model != nullptr && !options.prompts.empty();
}

/* What the engine's /metrics said before llmobs, and what llmobs appends to it. */
static bool metrics_page(const Settings& settings, std::string& page)
{
    page += "# HELP engine_slots Sequences that can be decoded at one time.\n"
            "# TYPE engine_slots gauge\n"
            "engine_slots " + std::to_string(settings.slots) + "\n";
    return append_metrics(page);
}

/* Whole, or not at all: who collects such files may look at any moment. */
static bool write_metrics(const Settings& settings, const std::string& file)
{
    std::string page;
    std::ofstream out(file + ".new");
    bool good = metrics_page(settings, page);
    out << page;
    out.close();
    return good && out.good() && std::rename((file + ".new").c_str(), file.c_str()) == 0;
}

static void tell(const Answer& answer, bool shows)
{
    std::printf("answer %s prompt %d output %d %s%s%s\n", answer.id.c_str(), answer.prompt_tokens,
                answer.output_tokens, answer.finish, answer.error != nullptr ? " " : "",
                answer.error != nullptr ? answer.error : "");
    if (shows) {
        std::printf("%s\n", answer.text.c_str());
    }
}

static void account(const Engine& engine)
{
    const Counts& counts = engine.counts();
    llama_perf_context_data theirs = engine.llama_counts();
    std::printf("decodes %ld tokens %ld drafts %ld drafted %ld accepted %ld fullest %ld\n",
                counts.decodes, counts.tokens, counts.drafts, counts.drafted, counts.accepted,
                counts.fullest);
    std::printf("llama_perf prompt %d single %d\n", theirs.n_p_eval, theirs.n_eval);
}

int main(int argc, char** argv)
{
    Options options;
    if (!parse(argc, argv, options)) {
        return usage();
    }
    if (!options.off && !observe_open("llama_cpp", FAMILIES, options.otlp)) {
        std::fprintf(stderr, "llama_cpp: %s can't be written\n", options.otlp);
        llmobs_close(observed);
        return 1;
    }
    llama_log_set([](ggml_log_level level, const char* text, void*) {
        if (level == GGML_LOG_LEVEL_ERROR) { std::fputs(text, stderr); }
    }, nullptr);
    llama_backend_init();
    Engine engine(options.settings);
    if (!engine.load()) {
        std::fprintf(stderr, "llama_cpp: %s can't be loaded\n", options.settings.model);
        llmobs_close(observed);
        return 1;
    }
    interrupted = &engine;
    std::signal(SIGINT, interrupt);
    std::signal(SIGTERM, interrupt);
    Scrape scrape([&](std::string& page) {
        return metrics_page(options.settings, page);
    });
    if (options.port >= 0) {
        int port = scrape.start(options.port);
        if (port == 0) {
            std::fprintf(stderr, "llama_cpp: port %d is taken\n", options.port);
            llmobs_close(observed);
            return 1;
        }
        std::printf("http://127.0.0.1:%d/metrics\n", port);
        std::fflush(stdout);
    }
    std::thread clients([&] { /* as an HTTP server's workers would */
        for (size_t i = 0; i < options.prompts.size(); i++) {
            engine.post("req-" + std::to_string(i), options.prompts[i], options.traceparent);
        }
        engine.close();
    });
    engine.run([&](const Answer& answer) { tell(answer, options.shows); });
    clients.join();
    account(engine);
    bool good = true;
    if (options.metrics_file != nullptr && !write_metrics(options.settings, options.metrics_file)) {
        std::fprintf(stderr, "llama_cpp: %s can't be written\n", options.metrics_file);
        good = false;
    }
    scrape.stop();
    llmobs_close(observed);
    return good ? 0 : 1;
}
