/* The same user, in C++. */
#include "llmobs.h"

#include <cstdio>
#include <string>

static llmobs_export_result keep_name(void* user, const llmobs_batch* batch)
{
    if (batch->span_count == 1) {
        static_cast<std::string*>(user)->assign(batch->spans[0].name.data,
                                                batch->spans[0].name.size);
    }
    return LLMOBS_EXPORT_OK;
}

static bool append(void* user, const char* data, size_t size)
{
    static_cast<std::string*>(user)->append(data, size);
    return true;
}

int main()
{
    std::string name;
    std::string text;
    llmobs_metric_info info = llmobs_metric_info_default();
    llmobs* obs = llmobs_open(nullptr, nullptr);
    info.name = "consumer_served_total";
    info.instrument = LLMOBS_COUNTER;
    llmobs_counter served =
        llmobs_counter_get(llmobs_metric_define(obs, &info, nullptr), nullptr, 0);
    (void)llmobs_export_to(obs, keep_name, &name);
    llmobs_span_end(llmobs_span_root(obs, "consumer"));
    llmobs_counter_add(served, 3);
    bool good = llmobs_flush(obs, 5000) == LLMOBS_OK && name == "consumer";
    good = llmobs_prometheus_write(obs, LLMOBS_PROMETHEUS_TEXT, append, &text) == LLMOBS_OK && good;
    good = text.find("\nconsumer_served_total 3\n") != std::string::npos && good;
    good = llmobs_close(obs) == LLMOBS_OK && good;
    std::printf("%s %s\n", LLMOBS_VERSION_STRING, llmobs_version());
    return good ? 0 : 1;
}
