#include "llmobs.h"

#include <cstdio>

static llmobs_export_result count(void* user, const llmobs_batch* batch)
{
    *static_cast<size_t*>(user) += batch->span_count;
    return LLMOBS_EXPORT_OK;
}

int main()
{
    size_t spans = 0;
    llmobs* obs = llmobs_open(nullptr, nullptr);
    (void)llmobs_export_to(obs, count, &spans);
    llmobs_span_end(llmobs_span_root(obs, "test_package"));
    bool closed = llmobs_close(obs) == LLMOBS_OK;
    std::printf("llmobs %s: %zu span\n", llmobs_version(), spans);
    return closed && spans == 1 ? 0 : 1;
}
