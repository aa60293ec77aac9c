#include "engine.h"

#include <algorithm>
#include <utility>

Engine::Engine(const Settings& settings)
    : settings_(settings), steps_(settings.name)                                        /* llmobs */
{
}

Engine::~Engine()
{
    for (Slot& slot : slots_) {
        llama_sampler_free(slot.sampler);
    }
    llama_batch_free(batch_);
    llama_free(context_);
    llama_model_free(model_);
}

bool Engine::load()
{
    llama_context_params context = llama_context_default_params();
    model_ = llama_model_load_from_file(settings_.model, llama_model_default_params());
    if (model_ == nullptr) {
        return false;
    }
    context.n_ctx = static_cast<uint32_t>(settings_.context * settings_.slots);
    context.n_seq_max = static_cast<uint32_t>(settings_.slots);
    context.n_batch = static_cast<uint32_t>(settings_.batch);
    context.n_ubatch = context.n_batch;
    context.n_threads = settings_.threads;
    context.n_threads_batch = settings_.threads;
    context.no_perf = false; /* its own count is printed beside ours */
    context_ = llama_init_from_model(model_, context);
    if (context_ == nullptr) {
        return false;
    }
    vocabulary_ = llama_model_get_vocab(model_);
    batch_ = llama_batch_init(settings_.batch, 0, 1);
    slots_.resize(static_cast<size_t>(settings_.slots));
    for (Slot& slot : slots_) {
        slot.sampler = llama_sampler_chain_init(llama_sampler_chain_default_params());
        if (settings_.temperature > 0) {
            llama_sampler_chain_add(slot.sampler, llama_sampler_init_temp(settings_.temperature));
            llama_sampler_chain_add(slot.sampler, llama_sampler_init_dist(settings_.seed));
        } else {
            llama_sampler_chain_add(slot.sampler, llama_sampler_init_greedy());
        }
    }
    return true;
}

/* The first call says how many there are. */
std::vector<llama_token> Engine::tokenize(const std::string& text) const
{
    int32_t size = static_cast<int32_t>(text.size());
    int count = -llama_tokenize(vocabulary_, text.data(), size, nullptr, 0, true, false);
    std::vector<llama_token> tokens(static_cast<size_t>(std::max(count, 0)));
    llama_tokenize(vocabulary_, text.data(), size, tokens.data(), count, true, false);
    return tokens;
}

/* ---- the queue ----------------------------------------------------------------------------- */

void Engine::post(const std::string& id, const std::string& prompt, const char* traceparent)
{
    Task task;
    task.id = id;
    task.request = observe_request(id, settings_.name, traceparent);                    /* llmobs */
    task.phase = llmobs_span_child(llmobs_request_span(task.request), "queue");         /* llmobs */
    task.tokens = tokenize(prompt);
    std::lock_guard<std::mutex> guard(lock_);
    queue_.push_back(std::move(task));
    news_.notify_one();
}

void Engine::close()
{
    std::lock_guard<std::mutex> guard(lock_);
    closed_ = true;
    news_.notify_one();
}

/* The next task, if there is one; waits for one where no slot has anything to do. */
bool Engine::take(Task& task)
{
    std::unique_lock<std::mutex> guard(lock_);
    if (!any_busy()) {
        news_.wait(guard, [this] { return closed_ || !queue_.empty(); });
    }
    if (queue_.empty()) {
        return false;
    }
    task = std::move(queue_.front());
    queue_.pop_front();
    return true;
}

bool Engine::is_over()
{
    std::lock_guard<std::mutex> guard(lock_);
    return closed_ && queue_.empty();
}

bool Engine::any_busy() const
{
    return std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.busy; });
}

/* ---- slots --------------------------------------------------------------------------------- */

void Engine::begin(Slot& slot, int sequence, Task&& task)
{
    llmobs_request_scheduled(task.request);                                             /* llmobs */
    task.phase = llmobs_span_next(task.phase, "prefill");                               /* llmobs */
    slot.busy = true;
    slot.task = std::move(task);
    slot.answer = Answer();
    slot.answer.id = slot.task.id;
    slot.tokens = slot.task.tokens;
    slot.draft.clear();
    slot.kept = 0;
    llama_sampler_reset(slot.sampler);
    if (slot.tokens.empty()) {
        release(slot, sequence, nullptr, "empty_prompt");
    } else if (static_cast<int>(slot.tokens.size()) >= settings_.context) {
        release(slot, sequence, nullptr, "prompt_too_long");
    }
}

/* The one way out of a slot, however it ends. */
void Engine::release(Slot& slot, int sequence, const char* finish, const char* error)
{
    ObservedTokens tokens{slot.answer.prompt_tokens, 0, slot.answer.output_tokens};     /* llmobs */
    llmobs_span_end(slot.task.phase);                                                   /* llmobs */
    slot.task.request.end(finish, tokens, error);                                       /* llmobs */
    slot.busy = false;
    slot.answer.finish = finish != nullptr ? finish : error != nullptr ? "error" : "cancelled";
    slot.answer.error = error;
    llama_memory_seq_rm(llama_get_memory(context_), sequence, -1, -1);
    answered_(slot.answer);
}

void Engine::admit()
{
    Task task;
    for (int i = 0; i < settings_.slots; i++) {
        if (!slots_[i].busy && take(task)) {
            begin(slots_[i], i, std::move(task));
        }
        if (slots_[i].busy && cancelled_) {
            release(slots_[i], i, nullptr, nullptr);
        }
    }
}

/* ---- a turn -------------------------------------------------------------------------------- */

void Engine::run(const std::function<void(const Answer&)>& answered)
{
    answered_ = answered;
    while (any_busy() || !is_over()) {
        admit();
        if (!any_busy()) {
            continue;
        }
        fill();
        bool decoded = decode();
        for (int i = 0; i < settings_.slots; i++) {
            if (slots_[i].in_batch > 0 && decoded) {
                sample(slots_[i], i);
            } else if (slots_[i].in_batch > 0) {
                release(slots_[i], i, nullptr, "decode_failed");
            }
        }
    }
}

void Engine::add(Slot& slot, int sequence, llama_token token, int position, bool logits)
{
    int at = batch_.n_tokens++;
    steps_.serve(slot.task.request);                                                    /* llmobs */
    batch_.token[at] = token;
    batch_.pos[at] = position;
    batch_.n_seq_id[at] = 1;
    batch_.seq_id[at][0] = sequence;
    batch_.logits[at] = logits;
    slot.in_batch++;
    if (logits && slot.logits_at < 0) {
        slot.logits_at = at;
    }
}

/* First a token of each answer, and what is guessed to come after it; then as much of the prompts
   as there is room for. */
void Engine::fill()
{
    batch_.n_tokens = 0;
    for (int i = 0; i < settings_.slots; i++) {
        Slot& slot = slots_[i];
        slot.in_batch = 0;
        slot.logits_at = -1;
        if (slot.busy && slot.answer.output_tokens > 0) {
            look_up(slot);
            add(slot, i, slot.tokens.back(), slot.kept, true);
            for (llama_token token : slot.draft) {
                add(slot, i, token, slot.kept + slot.in_batch, true);
            }
        }
    }
    for (int i = 0; i < settings_.slots; i++) {
        Slot& slot = slots_[i];
        int size = static_cast<int>(slot.tokens.size());
        for (int at = slot.kept; slot.busy && slot.answer.output_tokens == 0 && at < size &&
                                 batch_.n_tokens < settings_.batch; at++) {
            add(slot, i, slot.tokens[at], at, at == size - 1);
        }
    }
}

/* Drafts what came after the two newest tokens when they stood there before. */
void Engine::look_up(Slot& slot) const
{
    const std::vector<llama_token>& tokens = slot.tokens;
    int size = static_cast<int>(tokens.size());
    int most = std::min({settings_.draft, settings_.context - size - 1,
                         settings_.predict - slot.answer.output_tokens - 1});
    slot.draft.clear();
    for (int at = size - 3; most > 0 && at >= 0; at--) {
        if (tokens[at] == tokens[size - 2] && tokens[at + 1] == tokens[size - 1]) {
            int end = std::min(at + 2 + most, size);
            slot.draft.assign(tokens.begin() + at + 2, tokens.begin() + end);
            return;
        }
    }
}

/* Tokens that the memory holds. */
long Engine::in_memory() const
{
    long count = 0;
    for (int i = 0; i < settings_.slots; i++) {
        count += llama_memory_seq_pos_max(llama_get_memory(context_), i) + 1;
    }
    return count;
}

/* One batch for all that have something in it: a step. */
bool Engine::decode()
{
    steps_.begin("decode");                                                             /* llmobs */
    int status = llama_decode(context_, batch_);
    llama_synchronize(context_); /* or the step would end before its work */
    counts_.decodes++;
    counts_.tokens += status == 0 ? batch_.n_tokens : 0;
    counts_.fullest = std::max(counts_.fullest, in_memory());
    steps_.end(batch_.n_tokens, in_memory(), llama_n_ctx(context_));                    /* llmobs */
    return status == 0;
}

/* Takes the token that comes next, and all that were guessed right. */
void Engine::sample(Slot& slot, int sequence)
{
    const char* finish = nullptr;
    uint32_t count = 0;
    slot.kept += slot.in_batch - static_cast<int>(slot.draft.size());
    slot.answer.prompt_tokens = std::min(slot.kept, static_cast<int>(slot.task.tokens.size()));
    if (slot.logits_at < 0) {
        return; /* there is more of the prompt */
    }
    if (slot.answer.output_tokens == 0) {
        slot.task.phase = llmobs_span_next(slot.task.phase, "decode");                  /* llmobs */
    }
    for (bool guessed = true; guessed && finish == nullptr; count++) {
        llama_token token = llama_sampler_sample(slot.sampler, context_, slot.logits_at + count);
        guessed = count < slot.draft.size() && slot.draft[count] == token;
        finish = accept(slot, token);
    }
    llmobs_request_tokens(slot.task.request, count);                                    /* llmobs */
    if (!slot.draft.empty()) {
        uint32_t drafted = static_cast<uint32_t>(slot.draft.size());
        llmobs_request_speculative(slot.task.request, drafted, count - 1);              /* llmobs */
        counts_.drafts++;
        counts_.drafted += drafted;
        counts_.accepted += count - 1;
        slot.draft.clear();
    }
    slot.kept = static_cast<int>(slot.tokens.size()) - 1;
    llama_memory_seq_rm(llama_get_memory(context_), sequence, slot.kept, -1);
    if (finish != nullptr) {
        release(slot, sequence, finish, nullptr);
    }
}

/* Adds a token to the answer; says why it was the last one, if it was. */
const char* Engine::accept(Slot& slot, llama_token token)
{
    char piece[256];
    int size = llama_token_to_piece(vocabulary_, token, piece, sizeof piece, 0, false);
    slot.tokens.push_back(token);
    slot.answer.output_tokens++;
    if (llama_vocab_is_eog(vocabulary_, token)) {
        return "stop";
    }
    if (size > 0) {
        slot.answer.text.append(piece, static_cast<size_t>(size));
    }
    bool is_full = static_cast<int>(slot.tokens.size()) >= settings_.context;
    return slot.answer.output_tokens >= settings_.predict || is_full ? "length" : nullptr;
}
