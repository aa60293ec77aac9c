/* How scores are told: a log record for each category that is known, and one for all. */

#define LLMOBS_I_EVALUATION_EVENT "gen_ai.evaluation.result"
#define LLMOBS_I_EVALUATION_FLAGGED "flagged"
#define LLMOBS_I_EVALUATION_SAFE "safe"

typedef enum llmobsi_evaluation_form {
    LLMOBS_I_EVALUATION_TEXT, /* left out where it is empty */
    LLMOBS_I_EVALUATION_REAL, /* left out where it is no number */
    LLMOBS_I_EVALUATION_TRUTH /* left out where it is false */
} llmobsi_evaluation_form;

typedef struct llmobsi_evaluation_member {
    const char* name;
    llmobsi_evaluation_form form;
    uint16_t offset; /* in llmobs_evaluation */
} llmobsi_evaluation_member;

/* The attributes of a record in the order in which they are put: where there is room for some of
   them only, for the first ones. */
#define LLMOBS_I_EVALUATION_MEMBERS 10u
#define LLMOBS_I_EVALUATION_MEMBER(name, form, field) \
    {name, LLMOBS_I_EVALUATION_##form, (uint16_t)offsetof(llmobs_evaluation, field)}

static const llmobsi_evaluation_member
    llmobsi_evaluation_members[LLMOBS_I_EVALUATION_MEMBERS] = {
        LLMOBS_I_EVALUATION_MEMBER("gen_ai.evaluation.name", TEXT, name),
        LLMOBS_I_EVALUATION_MEMBER("gen_ai.evaluation.score.value", REAL, value),
        LLMOBS_I_EVALUATION_MEMBER("gen_ai.evaluation.score.label", TEXT, label),
        LLMOBS_I_EVALUATION_MEMBER("llmobs.judge.partial", TRUTH, partial),
        LLMOBS_I_EVALUATION_MEMBER("llmobs.judge.request_id", TEXT, request_id),
        LLMOBS_I_EVALUATION_MEMBER("llmobs.judge.reason", TEXT, reason),
        LLMOBS_I_EVALUATION_MEMBER("llmobs.judge.weight", REAL, weight),
        LLMOBS_I_EVALUATION_MEMBER("llmobs.judge.name", TEXT, judge),
        LLMOBS_I_EVALUATION_MEMBER("gen_ai.response.id", TEXT, response_id),
        LLMOBS_I_EVALUATION_MEMBER("gen_ai.evaluation.explanation", TEXT, explanation),
};

/* A member as an attribute. False: there is nothing to tell. */
llmobsi_fn bool llmobsi_evaluation_attribute(const llmobs_evaluation* evaluation,
                                             const llmobsi_evaluation_member* member,
                                             llmobs_attribute* attribute)
{
    const char* place = (const char*)evaluation + member->offset;
    llmobs_string text;
    double real;
    bool truth;
    switch (member->form) {
        case LLMOBS_I_EVALUATION_REAL:
            memcpy(&real, place, sizeof real);
            *attribute = llmobs_attribute_double(member->name, real);
            return llmobsi_double_is_finite(real);
        case LLMOBS_I_EVALUATION_TRUTH:
            memcpy(&truth, place, sizeof truth);
            *attribute = llmobs_attribute_bool(member->name, truth);
            return truth;
        default:
            memcpy(&text, place, sizeof text);
            *attribute = llmobsi_attribute_text(member->name, text.data, text.size);
            return text.size != 0;
    }
}

llmobsi_fn void llmobsi_evaluation_log(llmobsi_thread* thread, const llmobs_evaluation* evaluation,
                                       uint8_t severity)
{
    llmobsi_lineage lineage;
    llmobs_attribute attribute;
    llmobsi_slot* slot;
    uint32_t i;
    memset(&lineage, 0, sizeof lineage);
    lineage.trace_high = llmobsi_read_be64(evaluation->trace_id);
    lineage.trace_low = llmobsi_read_be64(evaluation->trace_id + 8);
    lineage.parent_id = llmobsi_read_be64(evaluation->span_id);
    slot = llmobsi_log_begin(thread, &lineage, LLMOBS_I_EVALUATION_EVENT, evaluation->unix_ns);
    if (slot == NULL) {
        return;
    }
    llmobsi_log_say(thread, slot, severity, llmobs_str(NULL));
    for (i = 0; i < LLMOBS_I_EVALUATION_MEMBERS; i++) {
        if (llmobsi_evaluation_attribute(evaluation, &llmobsi_evaluation_members[i], &attribute)) {
            llmobsi_attribute_add(thread, slot, &attribute);
        }
    }
    llmobsi_log_publish(thread, slot);
}

/* Records one score, from outside of callbacks and recording calls, by the rules of llmobs_log:
   WARN if it is flagged, else INFO. */
llmobsi_fn void llmobsi_evaluation_record(uint32_t ticket, const llmobs_evaluation* evaluation)
{
    bool flagged = evaluation->label.size == sizeof LLMOBS_I_EVALUATION_FLAGGED - 1 &&
                   memcmp(evaluation->label.data, LLMOBS_I_EVALUATION_FLAGGED,
                          sizeof LLMOBS_I_EVALUATION_FLAGGED - 1) == 0;
    uint8_t severity = (uint8_t)(flagged ? LLMOBS_SEVERITY_WARN : LLMOBS_SEVERITY_INFO);
    llmobsi_thread* thread;
    if (!llmobsi_log_wanted(ticket, severity)) {
        return;
    }
    thread = llmobsi_enter_to_log(ticket);
    if (thread == NULL) {
        return;
    }
    if (thread->recorder->spans_on) {
        llmobsi_evaluation_log(thread, evaluation, severity);
    }
    llmobsi_leave();
}

/* Records all scores that are known of one answer: each category's, then "overall". `common` has
   what they share; with `explain` the judge's reasons go along. */
llmobsi_fn void llmobsi_judge_record(uint32_t ticket, const llmobs_evaluation* common,
                                     const llmobs_judge_score* score, bool explain)
{
    llmobs_evaluation one = *common;
    uint32_t i;
    for (i = 0; i < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
        if ((score->known & LLMOBS_JUDGE_BIT(i)) != 0) {
            one.name = llmobs_str(llmobsi_judge_names[i]);
            one.value = score->scores[i];
            one.label = llmobs_str((score->flagged_by & LLMOBS_JUDGE_BIT(i)) != 0
                                       ? LLMOBS_I_EVALUATION_FLAGGED
                                       : LLMOBS_I_EVALUATION_SAFE);
            one.explanation = llmobs_str(explain ? score->reasons[i] : "");
            llmobsi_evaluation_record(ticket, &one);
        }
    }
    if (score->known != 0) {
        one.name = llmobs_str("overall");
        one.value = score->overall;
        one.label = llmobs_str(score->flagged ? LLMOBS_I_EVALUATION_FLAGGED
                                              : LLMOBS_I_EVALUATION_SAFE);
        one.partial = score->partial;
        one.explanation = llmobs_str(explain ? score->explanation : "");
        llmobsi_evaluation_record(ticket, &one);
    }
}
