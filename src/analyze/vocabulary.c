/* What a request's root span says, in the words that llmobs_config.vocabulary chooses. */

#define LLMOBS_I_SAID_MOST 72u /* all vocabularies at once say 68 */

/* The families have these numbers before their names are known. */
LLMOBS_I_STATIC_ASSERT(genai_families, LLMOBS_I_FAMILY_GENAI_1_41 == LLMOBS_FAMILY_GENAI_1_41 &&
                                           LLMOBS_I_FAMILY_GENAI == LLMOBS_FAMILY_GENAI);

/* Attributes on their way to a span. */
typedef struct llmobsi_said {
    llmobs_attribute attributes[LLMOBS_I_SAID_MOST];
    size_t count;
} llmobsi_said;

llmobsi_fn void llmobsi_say_text(llmobsi_said* said, const char* key, llmobs_string text)
{
    if (text.size > 0) {
        said->attributes[said->count++] = llmobs_attribute_string_n(key, text.data, text.size);
    }
}

llmobsi_fn void llmobsi_say_name(llmobsi_said* said, const char* key, const char* text)
{
    llmobsi_say_text(said, key, llmobs_str(text));
}

/* -1 is unknown, and left out. */
llmobsi_fn void llmobsi_say_count(llmobsi_said* said, const char* key, int64_t count)
{
    if (count >= 0) {
        said->attributes[said->count++] = llmobs_attribute_int(key, count);
    }
}

llmobsi_fn void llmobsi_say_bool(llmobsi_said* said, const char* key, bool truth)
{
    said->attributes[said->count++] = llmobs_attribute_bool(key, truth);
}

/* Nano-USD or nanoseconds as a double of the whole unit; what is unknown is left out. */
llmobsi_fn void llmobsi_say_nano(llmobsi_said* said, const char* key, int64_t nano)
{
    if (nano >= 0) {
        said->attributes[said->count++] = llmobs_attribute_double(key, (double)nano / 1e9);
    }
}

/* What the guardrails said, if any looked, and the rules that triggered, as an array. The pointers
   are to names, which end in a NUL. */
llmobsi_fn void llmobsi_say_rules(llmobsi_said* said, const llmobsi_ending* ending,
                                  const char** rules)
{
    uint32_t i;
    if (ending->verdicts > 0) {
        llmobsi_say_bool(said, "guardrail.passed", ending->worst_action == 0);
    }
    for (i = 0; i < ending->rule_count; i++) {
        rules[i] = ending->rules[i].data;
    }
    if (ending->rule_count > 0) {
        said->attributes[said->count++] =
            llmobs_attribute_strings("guardrail.triggered_rules", rules, ending->rule_count);
    }
}

/* ---- for tail sampling --------------------------------------------------------------------- */

/* Tokens that are known: of two numbers one may be unknown. */
llmobsi_fn int64_t llmobsi_tokens_together(int64_t input, int64_t output)
{
    if (input < 0 || output < 0) {
        return input > output ? input : output;
    }
    return input < INT64_MAX - output ? input + output : INT64_MAX;
}

/* Tells tail sampling, where there is some, what its policies may ask for. Before the attributes,
   so that it finds room. */
llmobsi_fn void llmobsi_tail_mark_put(llmobs_span span, int64_t cost_nano, int64_t tokens,
                                      uint32_t action)
{
    llmobsi_tail_mark mark;
    llmobsi_thread* thread;
    llmobsi_slot* slot = llmobsi_span_enter(span, &thread);
    unsigned char* place;
    if (slot == NULL) {
        return;
    }
    if (thread->recorder->tail != NULL) {
        mark.cost_nano = cost_nano >= 0 ? cost_nano : -1;
        mark.tokens = tokens >= 0 ? tokens : -1;
        mark.action = action;
        place = llmobsi_field_put(thread, slot, 0, LLMOBS_I_FIELD_TAIL, LLMOBS_I_OF_SPAN,
                                  sizeof mark);
        if (place != NULL) {
            memcpy(place, &mark, sizeof mark);
        } else {
            llmobsi_count(&thread->counts.attributes_dropped, 1);
        }
    }
    llmobsi_leave();
}

/* ---- OpenTelemetry's GenAI conventions ----------------------------------------------------- */

/* 1.41 has no media, and another word for what was written to a cache. */
llmobsi_fn void llmobsi_say_genai_usage(llmobsi_said* said, const llmobs_usage* usage,
                                        uint32_t vocabulary)
{
    llmobsi_say_count(said, "gen_ai.usage.input_tokens", usage->input_tokens);
    llmobsi_say_count(said, "gen_ai.usage.output_tokens", usage->output_tokens);
    llmobsi_say_count(said, "gen_ai.usage.cache_read.input_tokens", usage->cached_tokens);
    llmobsi_say_count(said, "gen_ai.usage.reasoning.output_tokens", usage->reasoning_tokens);
    if ((vocabulary & LLMOBS_VOCABULARY_GENAI_1_41) != 0) {
        llmobsi_say_count(said, "gen_ai.usage.cache_creation.input_tokens",
                          usage->cache_write_tokens);
    }
    if ((vocabulary & LLMOBS_VOCABULARY_GENAI) != 0) {
        llmobsi_say_count(said, "gen_ai.usage.cache_write.input_tokens",
                          usage->cache_write_tokens);
        llmobsi_say_count(said, "gen_ai.usage.audio.input_tokens", usage->audio_input_tokens);
        llmobsi_say_count(said, "gen_ai.usage.audio.output_tokens", usage->audio_output_tokens);
        llmobsi_say_count(said, "gen_ai.usage.image.input_tokens", usage->image_input_tokens);
        llmobsi_say_count(said, "gen_ai.usage.image.output_tokens", usage->image_output_tokens);
    }
}

llmobsi_fn void llmobsi_say_genai(llmobsi_said* said, const llmobsi_ending* ending,
                                  const char* const* finish)
{
    const llmobsi_request_facts* facts = &ending->facts;
    const llmobs_outcome* outcome = &ending->outcome;
    llmobsi_say_text(said, "gen_ai.operation.name",
                     llmobsi_request_string(facts, LLMOBS_I_TEXT_OPERATION));
    llmobsi_say_text(said, "gen_ai.provider.name",
                     llmobsi_request_string(facts, LLMOBS_I_TEXT_PROVIDER));
    llmobsi_say_text(said, "gen_ai.request.model",
                     llmobsi_request_string(facts, LLMOBS_I_TEXT_MODEL));
    llmobsi_say_name(said, "gen_ai.response.model", outcome->response_model);
    llmobsi_say_text(said, "gen_ai.prompt.name",
                     llmobsi_request_string(facts, LLMOBS_I_TEXT_PROMPT_NAME));
    if ((ending->vocabulary & LLMOBS_VOCABULARY_GENAI) != 0) { /* 1.41 has a name alone */
        llmobsi_say_text(said, "gen_ai.prompt.version",
                         llmobsi_request_string(facts, LLMOBS_I_TEXT_PROMPT_VERSION));
    }
    llmobsi_say_genai_usage(said, &outcome->usage, ending->vocabulary);
    if (outcome->finish_reason != NULL) {
        said->attributes[said->count++] =
            llmobs_attribute_strings("gen_ai.response.finish_reasons", finish, 1);
    }
    if (facts->stream) {
        llmobsi_say_bool(said, "gen_ai.request.stream", true);
    }
    llmobsi_say_nano(said, "gen_ai.response.time_to_first_chunk", ending->first_token_ns);
    llmobsi_say_nano(said, "gen_ai.usage.cost", outcome->cost_nano);
    llmobsi_say_text(said, "enduser.pseudo.id",
                     llmobsi_request_string(facts, LLMOBS_I_TEXT_USER_ID));
}

/* ---- the article's ------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_say_article(llmobsi_said* said, const llmobsi_ending* ending)
{
    const llmobsi_request_facts* facts = &ending->facts;
    const llmobs_outcome* outcome = &ending->outcome;
    llmobsi_say_text(said, "model.name", llmobsi_request_string(facts, LLMOBS_I_TEXT_MODEL));
    llmobsi_say_count(said, "tokens.input", outcome->usage.input_tokens);
    llmobsi_say_count(said, "tokens.output", outcome->usage.output_tokens);
    llmobsi_say_nano(said, "cost.usd", outcome->cost_nano);
}

/* ---- OpenInference ------------------------------------------------------------------------- */

/* "LLM", or what an embedding model does. A tool's span and a phase's are no requests. */
llmobsi_fn const char* llmobsi_openinference_kind(llmobs_string operation)
{
    return operation.size == 10 && memcmp(operation.data, "embeddings", 10) == 0 ? "EMBEDDING"
                                                                                 : "LLM";
}

llmobsi_fn void llmobsi_say_openinference_usage(llmobsi_said* said, const llmobs_usage* usage)
{
    int64_t input = usage->input_tokens;
    int64_t output = usage->output_tokens;
    llmobsi_say_count(said, "llm.token_count.prompt", input);
    llmobsi_say_count(said, "llm.token_count.completion", output);
    llmobsi_say_count(said, "llm.token_count.total",
                      input >= 0 && output >= 0 ? input + output : -1);
    llmobsi_say_count(said, "llm.token_count.prompt_details.cache_read", usage->cached_tokens);
    llmobsi_say_count(said, "llm.token_count.prompt_details.cache_write",
                      usage->cache_write_tokens);
    llmobsi_say_count(said, "llm.token_count.prompt_details.audio", usage->audio_input_tokens);
    llmobsi_say_count(said, "llm.token_count.completion_details.reasoning",
                      usage->reasoning_tokens);
    llmobsi_say_count(said, "llm.token_count.completion_details.audio",
                      usage->audio_output_tokens);
}

/* What the parts cost, by the table of prices. */
llmobsi_fn void llmobsi_say_openinference_cost(llmobsi_said* said, const int64_t* of)
{
    int64_t input = 0;
    int64_t output = 0;
    int kind;
    for (kind = 0; kind < (int)LLMOBS_COST_OUTPUT; kind++) {
        input += llmobsi_at_least_0(of[kind]);
    }
    for (; kind < (int)LLMOBS_COST_KIND_COUNT; kind++) {
        output += llmobsi_at_least_0(of[kind]);
    }
    llmobsi_say_nano(said, "llm.cost.prompt", input);
    llmobsi_say_nano(said, "llm.cost.completion", output);
    llmobsi_say_nano(said, "llm.cost.prompt_details.input", of[LLMOBS_COST_INPUT]);
    llmobsi_say_nano(said, "llm.cost.prompt_details.cache_read", of[LLMOBS_COST_CACHE_READ]);
    llmobsi_say_nano(said, "llm.cost.prompt_details.cache_write",
                     of[LLMOBS_COST_CACHE_WRITE] + of[LLMOBS_COST_CACHE_WRITE_1H]);
    llmobsi_say_nano(said, "llm.cost.prompt_details.audio", of[LLMOBS_COST_AUDIO_INPUT]);
    llmobsi_say_nano(said, "llm.cost.completion_details.output", of[LLMOBS_COST_OUTPUT]);
    llmobsi_say_nano(said, "llm.cost.completion_details.reasoning", of[LLMOBS_COST_REASONING]);
    llmobsi_say_nano(said, "llm.cost.completion_details.audio", of[LLMOBS_COST_AUDIO_OUTPUT]);
}

/* What ended, with what, and made of which prompt. One model's name has a place: what answered, or
   else what was asked for. */
llmobsi_fn void llmobsi_say_openinference_call(llmobsi_said* said, const llmobsi_ending* ending)
{
    const llmobsi_request_facts* facts = &ending->facts;
    const llmobs_outcome* outcome = &ending->outcome;
    const char* kind =
        llmobsi_openinference_kind(llmobsi_request_string(facts, LLMOBS_I_TEXT_OPERATION));
    llmobs_string model = llmobs_str(outcome->response_model);
    model = model.size > 0 ? model : llmobsi_request_string(facts, LLMOBS_I_TEXT_MODEL);
    llmobsi_say_name(said, "openinference.span.kind", kind);
    llmobsi_say_text(said, "llm.model_name", model);
    if (strcmp(kind, "EMBEDDING") == 0) {
        llmobsi_say_text(said, "embedding.model_name", model);
    }
    llmobsi_say_text(said, "llm.provider",
                     llmobsi_request_string(facts, LLMOBS_I_TEXT_PROVIDER));
    llmobsi_say_name(said, "llm.finish_reason", outcome->finish_reason);
    llmobsi_say_text(said, "llm.prompt_template.version",
                     llmobsi_request_string(facts, LLMOBS_I_TEXT_PROMPT_VERSION));
}

llmobsi_fn void llmobsi_say_openinference(llmobsi_said* said, const llmobsi_ending* ending)
{
    const llmobs_outcome* outcome = &ending->outcome;
    llmobsi_say_openinference_call(said, ending);
    llmobsi_say_openinference_usage(said, &outcome->usage);
    llmobsi_say_nano(said, "llm.cost.total", outcome->cost_nano);
    if (ending->cost.status == LLMOBS_COST_EXACT) {
        llmobsi_say_openinference_cost(said, ending->cost.of);
    }
}

/* ---- all of them --------------------------------------------------------------------------- */

/* In as many vocabularies as there are. Two of them have the same word for a user. */
llmobsi_fn void llmobsi_say_vocabularies(llmobsi_said* said, const llmobsi_ending* ending,
                                         const char* const* finish)
{
    const uint32_t with_user = LLMOBS_VOCABULARY_ARTICLE | LLMOBS_VOCABULARY_OPENINFERENCE;
    if ((ending->vocabulary & LLMOBS_I_VOCABULARY_GENAI_ANY) != 0) {
        llmobsi_say_genai(said, ending, finish);
    }
    if ((ending->vocabulary & LLMOBS_VOCABULARY_OPENINFERENCE) != 0) {
        llmobsi_say_openinference(said, ending);
    }
    if ((ending->vocabulary & LLMOBS_VOCABULARY_ARTICLE) != 0) {
        llmobsi_say_article(said, ending);
    }
    if ((ending->vocabulary & with_user) != 0) {
        llmobsi_say_text(said, "user.id",
                         llmobsi_request_string(&ending->facts, LLMOBS_I_TEXT_USER_ID));
    }
}

/* ---- what no vocabulary has ---------------------------------------------------------------- */

llmobsi_fn void llmobsi_say_ours(llmobsi_said* said, const llmobsi_ending* ending)
{
    const llmobsi_request_facts* facts = &ending->facts;
    llmobsi_say_text(said, "llmobs.request.id",
                     llmobsi_request_string(facts, LLMOBS_I_TEXT_REQUEST_ID));
    llmobsi_say_text(said, "session.id", llmobsi_request_string(facts, LLMOBS_I_TEXT_SESSION_ID));
    llmobsi_say_text(said, "llmobs.tenant", llmobsi_request_string(facts, LLMOBS_I_TEXT_TENANT));
    llmobsi_say_text(said, "llmobs.feature", llmobsi_request_string(facts, LLMOBS_I_TEXT_FEATURE));
    llmobsi_say_name(said, "error.type", ending->outcome.error_type);
    llmobsi_say_text(said, "llmobs.usage.provenance",
                     llmobsi_provenance_doubt(ending->outcome.usage.provenance));
    llmobsi_say_name(said, "llmobs.price.table", ending->cost.table);
    llmobsi_say_name(said, "llmobs.price.date", ending->cost.date);
    llmobsi_say_name(said, "llmobs.price.row", ending->cost.row);
    llmobsi_say_nano(said, "llmobs.request.queue_time", ending->queue_ns);
    llmobsi_say_count(said, "llmobs.request.retries",
                      (int64_t)ending->retries - (ending->retries == 0));
    llmobsi_say_count(said, "llmobs.request.tool_calls",
                      (int64_t)ending->tool_calls - (ending->tool_calls == 0));
    if (ending->shared_ns > 0) {
        llmobsi_say_nano(said, "llmobs.request.compute_time", (int64_t)ending->shared_ns);
    }
    if (ending->energy_told == LLMOBS_I_ENERGY_TOLD) { /* joules */
        said->attributes[said->count++] = llmobs_attribute_double(
            "llmobs.request.energy", (double)ending->shared_uj / 1e6);
    }
}

/* The times between tokens of a slow request, one sign each, of the alphabet of base64url: 'A' is
   up to 1 us, each further one the square root of 2 times as long. */
llmobsi_fn void llmobsi_say_gaps(llmobsi_said* said, const llmobsi_ending* ending,
                                 char text[LLMOBS_I_REQUEST_GAPS])
{
    static const char signs[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint32_t i;
    for (i = 0; i < ending->gap_count; i++) {
        text[i] = signs[ending->gaps[i] < 63 ? ending->gaps[i] : 63];
    }
    if (i > 0) {
        said->attributes[said->count++] =
            llmobs_attribute_string_n("llmobs.token_gaps", text, i);
        llmobsi_say_count(said, "llmobs.token_gaps_stride", ending->gap_stride);
    }
}

/* Retries and preemptions, at the times when they happened. */
llmobsi_fn void llmobsi_ending_tell_events(const llmobsi_ending* ending)
{
    uint32_t i;
    for (i = 0; i < ending->event_count; i++) {
        const llmobsi_request_event* event = &ending->events[i];
        llmobs_attribute why = llmobs_attribute_string("retry.reason", event->why);
        llmobsi_span_event_at(ending->facts.root, event->is_retry ? "retry" : "preempted",
                              event->stamp, &why, event->why[0] != '\0');
    }
}

llmobsi_fn void llmobsi_ending_attributes(const llmobsi_ending* ending)
{
    const char* rules[LLMOBS_I_REQUEST_RULES];
    const char* finish[1];
    char gaps[LLMOBS_I_REQUEST_GAPS];
    llmobsi_said said;
    if (!llmobs_span_is_recording(ending->facts.root)) {
        return; /* not sampled, for one */
    }
    llmobsi_tail_mark_put(ending->facts.root, ending->outcome.cost_nano,
                          llmobsi_tokens_together(ending->outcome.usage.input_tokens,
                                               ending->outcome.usage.output_tokens),
                          ending->worst_action);
    finish[0] = ending->outcome.finish_reason;
    said.count = 0;
    llmobsi_say_vocabularies(&said, ending, finish);
    llmobsi_say_rules(&said, ending, rules);
    if (ending->vocabulary != LLMOBS_VOCABULARY_ARTICLE) { /* which has no more than the above */
        llmobsi_say_ours(&said, ending);
        llmobsi_say_gaps(&said, ending, gaps);
    }
    llmobsi_ending_tell_events(ending);
    llmobs_span_set(ending->facts.root, said.attributes, said.count);
    if (ending->outcome.error_type != NULL) {
        llmobs_span_set_status(ending->facts.root, LLMOBS_STATUS_ERROR, NULL);
    }
}

/* ---- one model call, in one call ----------------------------------------------------------- */

/* The words of llmobs_span_set_llm in some vocabularies. */
typedef struct llmobsi_llm_words {
    uint32_t vocabularies;
    const char* model;
    const char* input;
    const char* output;
    const char* cost;
} llmobsi_llm_words;

llmobsi_fn void llmobsi_say_llm(llmobsi_said* said, const llmobs_llm_attributes* attributes,
                                uint32_t vocabulary)
{
    static const llmobsi_llm_words words[] = {
        {LLMOBS_I_VOCABULARY_GENAI_ANY, "gen_ai.request.model", "gen_ai.usage.input_tokens",
         "gen_ai.usage.output_tokens", "gen_ai.usage.cost"},
        {LLMOBS_VOCABULARY_ARTICLE, "model.name", "tokens.input", "tokens.output", "cost.usd"},
        {LLMOBS_VOCABULARY_OPENINFERENCE, "llm.model_name", "llm.token_count.prompt",
         "llm.token_count.completion", "llm.cost.total"}};
    size_t i;
    for (i = 0; i < sizeof words / sizeof words[0]; i++) {
        if ((words[i].vocabularies & vocabulary) != 0) {
            llmobsi_say_name(said, words[i].model, attributes->model);
            llmobsi_say_count(said, words[i].input, attributes->tokens_in);
            llmobsi_say_count(said, words[i].output, attributes->tokens_out);
            llmobsi_say_nano(said, words[i].cost, attributes->cost_nano);
        }
    }
    if ((vocabulary & LLMOBS_VOCABULARY_OPENINFERENCE) != 0) {
        llmobsi_say_name(said, "openinference.span.kind", "LLM");
    }
    llmobsi_say_bool(said, "guardrail.passed", !attributes->guardrail_triggered);
    llmobsi_say_count(said, "docs.count", attributes->retrieval_docs);
}

LLMOBS_API void llmobs_span_set_llm(llmobs_span span, const llmobs_llm_attributes* attributes)
{
    llmobsi_thread* thread = llmobsi_enter(span.instance);
    uint32_t vocabulary;
    llmobsi_said said;
    if (thread == NULL) {
        return;
    }
    vocabulary = thread->recorder->vocabulary;
    llmobsi_leave();
    if (attributes == NULL) {
        return;
    }
    llmobsi_tail_mark_put(span, attributes->cost_nano,
                          llmobsi_tokens_together(attributes->tokens_in, attributes->tokens_out),
                          attributes->guardrail_triggered ? LLMOBS_GUARDRAIL_FLAGGED
                                                          : LLMOBS_GUARDRAIL_PASSED);
    said.count = 0;
    llmobsi_say_llm(&said, attributes, vocabulary);
    llmobs_span_set(span, said.attributes, said.count);
}
