#include "../../llmobs.h"

/* What a file of the host does with it: values, enums, a callback type. */
static llmobs_export_result take(void* user, const llmobs_batch* batch)
{
    (void)user;
    (void)batch;
    return LLMOBS_EXPORT_OK;
}

int user_of(llmobs* obs);
int user_of(llmobs* obs)
{
    llmobs_config config = llmobs_config_default();
    llmobs_span_info info = llmobs_span_info_default();
    llmobs_span span;
    config.span_slots = 64;
    info.name = "user";
    span = llmobs_span_begin(obs, &info);
    llmobs_span_set_int(span, "key", 1);
    llmobs_span_end(span);
    return llmobs_export_to(obs, take, &config) == LLMOBS_OK && config.span_slots == 64;
}
