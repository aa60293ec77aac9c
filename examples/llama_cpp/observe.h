/* What an engine in C++ calls llmobs by, where one call of the library is not enough. The example
   uses it, and docs/embedding.md puts it into llama-server: copy it beside llmobs.h. While
   `observed` is null observability is off, and costs a branch. */
#ifndef OBSERVE_H
#define OBSERVE_H

#include "llmobs.h"

#include <cctype>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

inline llmobs* observed = nullptr; /* of this process; set once, before it has threads */

/* Opens it, with an exporter where `otlp_file` is not null. `families` are those of the metrics:
   into a /metrics that has llamacpp:* already, without LLMOBS_FAMILY_LLAMACPP, since no family may
   stand there twice. Who starts the program has a say by OTEL_* variables: OTEL_SDK_DISABLED=true
   leaves it null. False: the file can't be written. */
inline bool observe_open(const char* service, uint32_t families, const char* otlp_file)
{
    llmobs_config config = llmobs_config_default();
    config.service_name = service;
    config.metric_families = families;
    (void)llmobs_config_from_env(&config);
    observed = llmobs_open(&config, nullptr);
    return observed == nullptr || otlp_file == nullptr ||
           llmobs_export_file(observed, LLMOBS_FORMAT_OTLP_JSON, otlp_file) == LLMOBS_OK;
}

/* What an engine has worked on, in tokens; by default it is not known. */
struct ObservedTokens {
    ObservedTokens() = default;
    ObservedTokens(int64_t processed_now, int64_t from_cache, int64_t generated)
        : processed(processed_now), cached(from_cache), output(generated)
    {
    }
    int64_t processed = -1; /* of the prompt, besides those     */
    int64_t cached = 0;     /* that the cache had from before   */
    int64_t output = 0;
};

/* A request for as long as the engine has anything to do with it. It moves with the engine's own
   task; one that goes away without an end was given up, whatever made it go. */
class ObservedRequest {
public:
    ObservedRequest() = default;
    explicit ObservedRequest(llmobs_request request) : request_(request), open_(true) {}
    ~ObservedRequest() { end(nullptr); }
    ObservedRequest(ObservedRequest&& other) noexcept { *this = std::move(other); }
    ObservedRequest& operator=(ObservedRequest&& other) noexcept
    {
        std::swap(request_, other.request_);
        std::swap(open_, other.open_);
        return *this;
    }
    operator llmobs_request() const { return request_; }

    /* Ends it, where the engine lets go of it; later ends do nothing. `finish` is "stop", "length",
       ...; an error is a class of errors, no text; with neither it was given up. */
    void end(const char* finish, const ObservedTokens& tokens = ObservedTokens(),
             const char* error_type = nullptr) const
    {
        if (open_) {
            llmobs_outcome outcome = llmobs_outcome_default();
            if (tokens.processed >= 0) {
                outcome.usage.input_tokens = tokens.processed + tokens.cached;
                outcome.usage.cached_tokens = tokens.cached;
                outcome.usage.output_tokens = tokens.output;
                outcome.usage.reported = true; /* 0 is 0 */
            }
            outcome.finish_reason = finish;
            outcome.error_type = error_type;
            outcome.cancelled = finish == nullptr && error_type == nullptr;
            llmobs_request_end(request_, &outcome);
            open_ = false;
        }
    }

private:
    llmobs_request request_{};
    mutable bool open_ = false; /* engines keep tasks as const */
};

/* Begins a request, where it arrives. `traceparent` is the header of that name, or null. */
inline ObservedRequest observe_request(const std::string& id, const std::string& model,
                                       const char* traceparent)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.request_id = id.c_str();
    info.model = model.c_str();
    info.operation = "text_completion";
    info.traceparent = traceparent;
    info.server = true; /* this is the engine: its metrics are vllm:* and llamacpp:* */
    return ObservedRequest(llmobs_request_begin(observed, &info));
}

/* The value of a header, whose name clients write in any case; null: it is not there. The map is
   one of strings, such as std::map or httplib's Headers. */
template <typename Headers>
const char* observe_header(const Headers& headers, const std::string& name)
{
    for (const auto& header : headers) {
        bool same = header.first.size() == name.size();
        for (size_t i = 0; same && i < name.size(); i++) {
            same = std::tolower(static_cast<unsigned char>(header.first[i])) == name[i];
        }
        if (same) {
            return header.second.c_str();
        }
    }
    return nullptr;
}

/* The same for one that came by HTTP, with all of its headers. */
template <typename Headers>
ObservedRequest observe_http_request(const std::string& id, const std::string& model,
                                     const Headers& headers)
{
    return observe_request(id, model, observe_header(headers, "traceparent"));
}

/* The steps of an engine and what each of them serves. For the thread that decodes alone. */
class ObservedSteps {
public:
    explicit ObservedSteps(const char* model) : engine_(llmobs_engine_of(observed, model)) {}

    /* The next step serves this request, too. Each token of one may say so, in a row. */
    void serve(llmobs_request request)
    {
        llmobs_request before = served_.empty() ? llmobs_request{} : served_.back();
        if (std::memcmp(&request, &before, sizeof request) != 0) { /* not zeroed, which is none */
            served_.push_back(request);
        }
    }

    void begin(const char* name)
    {
        llmobs_engine_step_begin(&engine_, name, served_.data(), served_.size());
    }

    /* Once the work is done. Tokens that were worked on; how many the KV cache holds, and can. */
    void end(int64_t tokens, int64_t kv_used, int64_t kv_size)
    {
        llmobs_engine_load load = llmobs_engine_load_default();
        load.tokens = static_cast<uint64_t>(tokens);
        load.kv_used = static_cast<uint64_t>(kv_used);
        load.kv_size = static_cast<uint64_t>(kv_size);
        llmobs_engine_step_end(&engine_, &load);
        served_.clear();
    }

private:
    llmobs_engine engine_;
    std::vector<llmobs_request> served_;
};

/* Appends the metrics to the text that the engine's own handler of GET /metrics has made. That text
   must end its last line. From any thread, at any time: it waits neither for a decode nor for a
   lock. False: there was no memory. */
inline bool append_metrics(std::string& page)
{
    llmobs_write_fn append = [](void* user, const char* data, size_t size) {
        try { /* the caller is C: no exception may leave this */
            static_cast<std::string*>(user)->append(data, size);
            return true;
        } catch (...) {
            return false;
        }
    };
    return observed == nullptr ||
           llmobs_prometheus_write(observed, LLMOBS_PROMETHEUS_TEXT, append, &page) == LLMOBS_OK;
}

#endif
