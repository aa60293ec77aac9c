/* Setting the policies of tail sampling. */

LLMOBS_API llmobs_result llmobs_tail_policies(llmobs* obs, const llmobs_tail_policy* policies,
                                              size_t count, size_t* wrong)
{
    llmobsi_instance* instance;
    llmobsi_tail* tail;
    llmobs_result result = LLMOBS_ERROR_LIMIT;
    size_t place = 0;
    int cancel;
    if (wrong != NULL) {
        *wrong = 0;
    }
    if (policies == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    instance = llmobsi_call_begin(obs);
    if (instance == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    cancel = llmobsi_cancel_hold();
    tail = llmobsi_tail_of(&instance->collector.recorder);
    if (tail != NULL) {
        llmobsi_lock_take(&instance->collector.lock);
        result = llmobsi_tail_replace(tail, &instance->collector.recorder.names, policies, count,
                                      &place);
        llmobsi_lock_give(&instance->collector.lock);
    }
    llmobsi_call_end(instance);
    llmobsi_cancel_resume(cancel);
    if (wrong != NULL && result != LLMOBS_OK) {
        *wrong = place;
    }
    return result;
}
