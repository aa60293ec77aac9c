/* A plugin with a copy of the library of its own: tests/compile/plugin_host.c loads some. */
#include "../../llmobs.h"

#define PLUGIN_API __attribute__((visibility("default")))
#ifdef __cplusplus
extern "C" {
#endif

PLUGIN_API llmobs* plugin_open(uint64_t* exported);
PLUGIN_API void plugin_record(llmobs* obs);
PLUGIN_API int plugin_close(llmobs* obs);
PLUGIN_API int plugin_knows(llmobs* obs);

static llmobs_export_result count(void* user, const llmobs_batch* batch)
{
    *(uint64_t*)user += batch->span_count;
    return LLMOBS_EXPORT_OK;
}

llmobs* plugin_open(uint64_t* exported)
{
    llmobs_config config = llmobs_config_default();
    llmobs* obs;
    config.host_pumped = true;
    config.span_slots = 64;
    obs = llmobs_open(&config, NULL);
    return llmobs_export_to(obs, count, exported) == LLMOBS_OK ? obs : NULL;
}

void plugin_record(llmobs* obs)
{
    llmobs_span_end(llmobs_span_root(obs, "plugin"));
}

int plugin_close(llmobs* obs)
{
    return llmobs_close(obs) == LLMOBS_OK;
}

/* Whether it is an instance of this copy. */
int plugin_knows(llmobs* obs)
{
    return llmobs_tick(obs) != LLMOBS_ERROR_CLOSED;
}

#ifdef __cplusplus
}
#endif
