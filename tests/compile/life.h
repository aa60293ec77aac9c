/* One instance's life through the public API: how many spans reached the exporter, or -1. */
static llmobs_export_result life_count(void* user, const llmobs_batch* batch)
{
    uint64_t* count = (uint64_t*)user;
    *count += batch->span_count;
    return LLMOBS_EXPORT_OK;
}

static int life(void)
{
    uint64_t exported = 0;
    llmobs_config config = llmobs_config_default();
    llmobs* obs;
    llmobs_span root;
    llmobs_span child;
    config.service_name = "life";
    config.host_pumped = true;
    obs = llmobs_open(&config, NULL);
    if (obs == NULL || llmobs_export_to(obs, life_count, &exported) != LLMOBS_OK) {
        return -1;
    }
    root = llmobs_span_root(obs, "root");
    child = llmobs_span_child(root, "child");
    llmobs_span_set_int(child, "n", 1);
    llmobs_span_end(child);
    llmobs_span_end(root);
    if (llmobs_flush(obs, 5000) != LLMOBS_OK || llmobs_close(obs) != LLMOBS_OK) {
        return -1;
    }
    llmobs_release();
    return (int)exported;
}
