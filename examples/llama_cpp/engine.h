/* A small engine on llama.cpp: it serves several prompts in one batch (continuous batching), with
   drafts looked up in what was said before (speculative decoding without a second model). What
   llmobs adds to it is marked: about fifteen lines of engine.cpp. */
#ifndef ENGINE_H
#define ENGINE_H

#include "observe.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <llama.h>

struct Settings {
    const char* model = nullptr;
    const char* name = nullptr; /* as metrics call it                               */
    int slots = 2;              /* sequences that are decoded at one time           */
    int context = 512;          /* tokens of each: prompt and answer                */
    int batch = 64;             /* tokens of one llama_decode                       */
    int predict = 32;           /* tokens of an answer at most                      */
    int draft = 0;              /* tokens that are looked up and tried at one time  */
    int threads = 1;
    float temperature = 0;      /* 0: always the likeliest token                    */
    unsigned seed = 1;
};

/* A client's request, from where it arrives to where a slot takes it. */
struct Task {
    std::string id;
    std::vector<llama_token> tokens;
    ObservedRequest request;
    llmobs_span phase{}; /* under its request: queue, prefill, decode */
};

/* What became of it. */
struct Answer {
    std::string id;
    std::string text;
    int prompt_tokens = 0; /* that were worked on */
    int output_tokens = 0;
    const char* finish = nullptr; /* "stop", "length", "cancelled", "error" */
    const char* error = nullptr;
};

/* The engine's own count, for the test to compare with. */
struct Counts {
    long decodes = 0;
    long tokens = 0; /* that llama_decode worked on: prompts, answers, drafts in vain */
    long drafts = 0;
    long drafted = 0;
    long accepted = 0;
    long fullest = 0; /* tokens in the memory at one time */
};

class Engine {
public:
    explicit Engine(const Settings& settings);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /* Loads the model. False: there is none, or no memory for it. */
    bool load();

    /* A request arrives, on any thread; the answer comes from run. */
    void post(const std::string& id, const std::string& prompt, const char* traceparent);

    /* No request will come any more. From any thread. */
    void close();

    /* Gives up what is under way and what waits. From any thread, and from a signal handler. */
    void cancel() { cancelled_ = true; }

    /* Serves until it is closed and all is answered. */
    void run(const std::function<void(const Answer&)>& answered);

    const Counts& counts() const { return counts_; }
    llama_perf_context_data llama_counts() const { return llama_perf_context(context_); }

private:
    struct Slot {
        bool busy = false;
        Task task;
        Answer answer;
        llama_sampler* sampler = nullptr;
        std::vector<llama_token> tokens; /* what the memory has, then what it gets next */
        std::vector<llama_token> draft;  /* what may come after that                    */
        int kept = 0;       /* of these, how many the memory has                         */
        int in_batch = 0;   /* tokens of this batch that are this slot's                 */
        int logits_at = -1; /* where in the batch the first one is whose logits are told */
    };

    std::vector<llama_token> tokenize(const std::string& text) const;
    bool take(Task& task);
    bool is_over();
    bool any_busy() const;
    void admit();
    void begin(Slot& slot, int sequence, Task&& task);
    void release(Slot& slot, int sequence, const char* finish, const char* error);
    void fill();
    void add(Slot& slot, int sequence, llama_token token, int position, bool logits);
    void look_up(Slot& slot) const;
    bool decode();
    long in_memory() const;
    void sample(Slot& slot, int sequence);
    const char* accept(Slot& slot, llama_token token);

    Settings settings_;
    ObservedSteps steps_; /* llmobs */
    std::function<void(const Answer&)> answered_;
    std::atomic<bool> cancelled_{false};
    std::mutex lock_; /* of the next two */
    std::condition_variable news_;
    std::deque<Task> queue_;
    bool closed_ = false;
    llama_model* model_ = nullptr;
    llama_context* context_ = nullptr;
    const llama_vocab* vocabulary_ = nullptr;
    llama_batch batch_{};
    std::vector<Slot> slots_;
    Counts counts_;
};

#endif
