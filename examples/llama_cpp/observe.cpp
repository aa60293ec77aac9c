#include "observe.h"

/* The names that dashboards of vLLM and of llama.cpp's server ask for. Where a /metrics has
   llamacpp:* already, leave LLMOBS_FAMILY_LLAMACPP out: no family may stand there twice. */
llmobs* observe_open(const char* otlp_file)
{
    llmobs_config config = llmobs_config_default();
    config.service_name = "llama_cpp";
    config.metric_families = LLMOBS_FAMILY_VLLM | LLMOBS_FAMILY_LLAMACPP | LLMOBS_FAMILY_SELF;
    llmobs* obs = llmobs_open(&config, nullptr);
    if (otlp_file != nullptr &&
        llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, otlp_file) != LLMOBS_OK) {
        llmobs_close(obs);
        return nullptr;
    }
    return obs;
}

llmobs_request observe_request(llmobs* obs, const std::string& id, const char* model,
                               const std::string& prompt, const char* traceparent)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.request_id = id.c_str();
    info.model = model;
    info.operation = "text_completion";
    info.traceparent = traceparent;
    info.server = true; /* this is the engine: vllm:*, llamacpp:* */
    llmobs_request request = llmobs_request_begin(obs, &info);
    llmobs_request_input(request, prompt.data(), prompt.size()); /* hashed and measured, not kept */
    return request;
}

/* No exception may leave it: its caller is C. */
static bool append(void* user, const char* data, size_t size)
{
    try {
        static_cast<std::string*>(user)->append(data, size);
        return true;
    } catch (...) {
        return false;
    }
}

bool append_metrics(llmobs* obs, std::string& page)
{
    return llmobs_prometheus_write(obs, LLMOBS_PROMETHEUS_TEXT, append, &page) == LLMOBS_OK;
}
