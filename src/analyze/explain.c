/* Recent requests, taken apart. */

/* A text that is no literal. */
llmobsi_fn void llmobsi_put_word(llmobsi_writer* writer, const char* text)
{
    llmobsi_put(writer, text, strlen(text));
}

llmobsi_fn uint64_t llmobsi_rounded(uint64_t number, uint64_t unit)
{
    return number / unit + (number % unit >= unit / 2 ? 1u : 0u);
}

/* A duration as people say it: "1.52 s", "37.04 ms", "9.50 us"; rounded. */
llmobsi_fn void llmobsi_put_duration(llmobsi_writer* writer, uint64_t ns)
{
    static const char* const units[] = {" us", " ms", " s"};
    char text[32];
    char* end;
    uint64_t unit = 10; /* a hundredth of it, in nanoseconds */
    uint64_t hundredths = llmobsi_rounded(ns, unit);
    int which = 0;
    while (which < 2 && hundredths >= 100000) {
        unit *= 1000;
        hundredths = llmobsi_rounded(ns, unit);
        which++;
    }
    end = llmobsi_append_u64(text, hundredths / 100);
    *end++ = '.';
    *end++ = (char)('0' + hundredths / 10 % 10);
    *end++ = (char)('0' + hundredths % 10);
    llmobsi_put(writer, text, (size_t)(end - text));
    llmobsi_put_word(writer, units[which]);
}

/* `part` of `whole` in percent. */
llmobsi_fn void llmobsi_put_share(llmobsi_writer* writer, uint64_t part, uint64_t whole)
{
    if (whole > 0) {
        llmobsi_put_text(writer, " (");
        llmobsi_put_u64(writer, (uint64_t)((double)part * 100.0 / (double)whole + 0.5));
        llmobsi_put_text(writer, " %)");
    }
}

llmobsi_fn void llmobsi_explain_phases(llmobsi_writer* writer,
                                       const llmobs_explanation* explanation)
{
    int slowest = -1;
    int phase;
    for (phase = 0; phase < (int)LLMOBS_PHASE_COUNT; phase++) {
        if (explanation->phase_ns[phase] > 0 &&
            (slowest < 0 || explanation->phase_ns[phase] > explanation->phase_ns[slowest])) {
            slowest = phase;
        }
    }
    for (phase = 0; phase < (int)LLMOBS_PHASE_COUNT; phase++) {
        uint64_t ns = explanation->phase_ns[phase];
        if (ns == 0) {
            continue;
        }
        llmobsi_put_text(writer, "  ");
        llmobsi_put_word(writer, llmobsi_phase_label((llmobs_phase)phase));
        llmobsi_put_text(writer, " ");
        llmobsi_put_duration(writer, ns);
        llmobsi_put_share(writer, ns, explanation->latency_ns);
        if (phase == slowest) {
            llmobsi_put_text(writer, ", the slowest phase");
        }
        if (phase == (int)LLMOBS_PHASE_RETRIEVAL && explanation->docs_count >= 0) {
            llmobsi_put_text(writer, ", ");
            llmobsi_put_i64(writer, explanation->docs_count);
            llmobsi_put_text(writer, " documents");
        }
        llmobsi_put_text(writer, "\n");
    }
}

/* One kind of token: " history 12000 (71 %)". */
llmobsi_fn void llmobsi_explain_tokens(llmobsi_writer* writer, const char* name, int64_t tokens,
                                       int64_t all)
{
    if (tokens <= 0) {
        return;
    }
    llmobsi_put_text(writer, "  ");
    llmobsi_put_word(writer, name);
    llmobsi_put_text(writer, " ");
    llmobsi_put_i64(writer, tokens);
    llmobsi_put_share(writer, (uint64_t)tokens, all > 0 ? (uint64_t)all : 0);
    llmobsi_put_text(writer, "\n");
}

llmobsi_fn void llmobsi_explain_usage(llmobsi_writer* writer, const llmobs_usage* usage)
{
    int64_t input = usage->input_tokens;
    if (input < 0 && usage->output_tokens < 0) {
        llmobsi_put_text(writer, "tokens unknown\n");
        return;
    }
    llmobsi_put_text(writer, "tokens ");
    if (input >= 0) {
        llmobsi_put_i64(writer, input);
        llmobsi_put_text(writer, " in");
    }
    if (usage->output_tokens >= 0) {
        llmobsi_put_word(writer, input >= 0 ? ", " : "");
        llmobsi_put_i64(writer, usage->output_tokens);
        llmobsi_put_text(writer, " out");
    }
    llmobsi_put_text(writer, "\n");
    llmobsi_explain_tokens(writer, "system", usage->system_tokens, input);
    llmobsi_explain_tokens(writer, "history", usage->history_tokens, input);
    llmobsi_explain_tokens(writer, "retrieval", usage->retrieval_tokens, input);
    llmobsi_explain_tokens(writer, "tools", usage->tool_tokens, input);
    llmobsi_explain_tokens(writer, "user", usage->user_tokens, input);
    llmobsi_explain_tokens(writer, "cached", usage->cached_tokens, input);
    llmobsi_explain_tokens(writer, "reasoning", usage->reasoning_tokens, usage->output_tokens);
}

/* What each kind of token cost. */
llmobsi_fn void llmobsi_explain_cost(llmobsi_writer* writer, const llmobs_explanation* explanation)
{
    static const char* const names[LLMOBS_COST_KIND_COUNT] = {
#define LLMOBS_I_EXPLAINED(name, text) "  " text " ",
        LLMOBS_COST_KINDS(LLMOBS_I_EXPLAINED)
#undef LLMOBS_I_EXPLAINED
    };
    int kind;
    if (explanation->cost_nano == LLMOBS_COST_UNKNOWN) {
        llmobsi_put_text(writer, "cost unknown\n");
        return;
    }
    llmobsi_put_text(writer, "cost ");
    llmobsi_put_nano(writer, explanation->cost_nano);
    llmobsi_put_text(writer, " USD\n");
    for (kind = 0; kind < (int)LLMOBS_COST_KIND_COUNT; kind++) {
        int64_t nano = explanation->cost_of[kind];
        if (nano > 0) {
            llmobsi_put_word(writer, names[kind]);
            llmobsi_put_nano(writer, nano);
            llmobsi_put_share(writer, (uint64_t)nano, (uint64_t)explanation->cost_nano);
            llmobsi_put_text(writer, "\n");
        }
    }
    if (explanation->saved_nano > 0) {
        llmobsi_put_text(writer, "  saved by the cache ");
        llmobsi_put_nano(writer, explanation->saved_nano);
        llmobsi_put_text(writer, " USD\n");
    }
}

/* "2 retries"; nothing of none. */
llmobsi_fn void llmobsi_explain_count(llmobsi_writer* writer, uint32_t count, const char* one,
                                      const char* many)
{
    if (count > 0) {
        llmobsi_put_u64(writer, count);
        llmobsi_put_word(writer, count == 1 ? one : many);
        llmobsi_put_text(writer, "\n");
    }
}

LLMOBS_API llmobs_result llmobs_explanation_write(const llmobs_explanation* explanation,
                                                  llmobs_write_fn write, void* user)
{
    llmobsi_writer writer;
    char buffer[1024];
    if (explanation == NULL || write == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_writer_init(&writer, buffer, sizeof buffer, write, user);
    llmobsi_put_text(&writer, "took ");
    llmobsi_put_duration(&writer, explanation->latency_ns);
    if (explanation->queue_ns > 0) {
        llmobsi_put_text(&writer, ", of which it waited ");
        llmobsi_put_duration(&writer, (uint64_t)explanation->queue_ns);
    }
    if (explanation->time_to_first_token_ns >= 0) {
        llmobsi_put_text(&writer, ", first token after ");
        llmobsi_put_duration(&writer, (uint64_t)explanation->time_to_first_token_ns);
    }
    llmobsi_put_text(&writer, "\n");
    llmobsi_explain_phases(&writer, explanation);
    llmobsi_explain_usage(&writer, &explanation->usage);
    llmobsi_explain_count(&writer, explanation->retries, " retry", " retries");
    llmobsi_explain_count(&writer, explanation->rules, " guardrail rule triggered",
                          " guardrail rules triggered");
    llmobsi_explain_cost(&writer, explanation);
    return llmobsi_writer_finish(&writer) ? LLMOBS_OK : LLMOBS_ERROR_SYSTEM;
}

LLMOBS_API llmobs_result llmobs_request_explain(llmobs* obs, const char* request_id,
                                                llmobs_explanation* explanation)
{
    llmobs_result result = LLMOBS_ERROR_ARGUMENT;
    llmobsi_requests* requests;
    llmobsi_thread* thread;
    llmobs_string id;
    uint32_t i;
    bool cut;
    if (request_id == NULL || request_id[0] == '\0' || explanation == NULL) {
        return result;
    }
    thread = llmobsi_enter(llmobsi_ticket(obs));
    if (thread == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    requests = llmobsi_requests_of(thread->recorder);
    id = llmobsi_request_short(request_id, &cut); /* as it is kept */
    if (requests != NULL) {
        llmobsi_lock_take(&requests->recent_lock);
        for (i = 1; i <= requests->recent_count && result != LLMOBS_OK; i++) {
            const llmobs_explanation* kept =
                &requests->recent[(requests->recent_next + requests->recent_count - i) %
                                  requests->recent_count]; /* the newest first */
            if (memcmp(kept->request_id, id.data, id.size) == 0 &&
                kept->request_id[id.size] == '\0') {
                *explanation = *kept;
                result = LLMOBS_OK;
            }
        }
        llmobsi_lock_give(&requests->recent_lock);
    }
    llmobsi_leave();
    return result;
}
