/* From a log record to the evaluation that it tells of: the way back from judge_tell.c. Anybody may
   log an event of that name, so nothing is taken on trust. */

/* False: it is not as judge_tell.c has it. */
llmobsi_fn bool llmobsi_evaluation_read_member(llmobs_evaluation* evaluation,
                                               const llmobsi_evaluation_member* member,
                                               const llmobs_attribute_view* attribute)
{
    char* place = (char*)evaluation + member->offset;
    bool truth;
    switch (member->form) {
        case LLMOBS_I_EVALUATION_REAL:
            memcpy(place, &attribute->value.real, sizeof(double));
            return attribute->type == LLMOBS_TYPE_DOUBLE;
        case LLMOBS_I_EVALUATION_TRUTH:
            truth = attribute->type == LLMOBS_TYPE_BOOL && attribute->value.boolean;
            memcpy(place, &truth, sizeof truth);
            return attribute->type == LLMOBS_TYPE_BOOL;
        default:
            memcpy(place, &attribute->value.string, sizeof(llmobs_string));
            return attribute->type == LLMOBS_TYPE_STRING;
    }
}

/* An attribute that is none of an evaluation's means nothing. */
llmobsi_fn bool llmobsi_evaluation_read_attribute(llmobs_evaluation* evaluation,
                                                  const llmobs_attribute_view* attribute)
{
    uint32_t i;
    for (i = 0; i < LLMOBS_I_EVALUATION_MEMBERS; i++) {
        if (llmobsi_string_is(attribute->key, llmobsi_evaluation_members[i].name)) {
            return llmobsi_evaluation_read_member(evaluation, &llmobsi_evaluation_members[i],
                                                  attribute);
        }
    }
    return true;
}

/* What an evaluation is before anything was read. */
llmobsi_fn void llmobsi_evaluation_blank(llmobs_evaluation* evaluation, const llmobs_log_view* log)
{
    evaluation->size = sizeof *evaluation;
    memcpy(evaluation->trace_id, log->trace_id, sizeof evaluation->trace_id);
    memcpy(evaluation->span_id, log->span_id, sizeof evaluation->span_id);
    evaluation->unix_ns = log->unix_ns;
    evaluation->value = evaluation->weight = llmobsi_double_of(LLMOBS_I_JUDGE_NAN);
    evaluation->name.data = evaluation->label.data = evaluation->request_id.data =
        evaluation->reason.data = evaluation->judge.data = evaluation->response_id.data =
            evaluation->explanation.data = llmobsi_empty;
}

LLMOBS_API bool llmobs_evaluation_of(const llmobs_log_view* log, llmobs_evaluation* evaluation)
{
    bool good;
    uint32_t i;
    if (evaluation == NULL) {
        return false;
    }
    memset(evaluation, 0, sizeof *evaluation);
    if (log == NULL || log->interaction != NULL ||
        !llmobsi_string_is(log->event_name, LLMOBS_I_EVALUATION_EVENT)) {
        return false;
    }
    llmobsi_evaluation_blank(evaluation, log);
    good = true;
    for (i = 0; good && i < log->attribute_count; i++) {
        good = llmobsi_evaluation_read_attribute(evaluation, &log->attributes[i]);
    }
    if (!good || evaluation->name.size == 0) {
        memset(evaluation, 0, sizeof *evaluation);
        return false;
    }
    return true;
}
