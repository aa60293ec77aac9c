/* What is known of a request at its end: what the host says of it, and what its record does, copied
   while inside. Texts are hashed outside, from the copy. */

LLMOBS_API llmobs_outcome llmobs_outcome_default(void)
{
    llmobs_outcome outcome;
    memset(&outcome, 0, sizeof outcome);
    outcome.size = sizeof outcome;
    llmobsi_usage_clear(&outcome.usage);
    return outcome;
}

/* What is known of a request at its end: a copy, so that nothing is read once we have left. */
typedef struct llmobsi_ending {
    llmobs* obs;
    llmobs_outcome outcome; /* with nothing left to doubt */
    llmobsi_request_facts facts;
    uint8_t gaps[LLMOBS_I_REQUEST_GAPS]; /* of a slow request; a byte for `gap_stride` gaps */
    uint32_t gap_count; /* bytes */
    uint32_t gap_stride;
    llmobsi_request_event events[LLMOBS_I_REQUEST_EVENTS];
    uint32_t event_count;
    llmobsi_auditor auditor;
    uint64_t stamp;      /* when */
    uint64_t latency_ns; /* from the enqueue on */
    int64_t queue_ns;    /* these four: -1 unknown */
    int64_t first_token_ns; /* from the enqueue on: queue and prefill included */
    int64_t prefill_ns;
    int64_t decode_ns; /* first token to last */
    uint64_t tokens;   /* that were told one by one */
    uint64_t shared_ns;
    uint64_t shared_uj;
    uint32_t energy_told;
    uint32_t retries;
    uint32_t tool_calls;
    uint32_t verdicts; /* 0: nobody looked */
    uint32_t rule_count;
    uint32_t worst_action;
    uint32_t marks; /* 1 << LLMOBS_KEEP_* each */
    llmobs_string rules[LLMOBS_I_REQUEST_RULES];
#ifndef LLMOBS_NO_SCANNER
    uint32_t guard_classes; /* 0: answers are not scanned */
    uint32_t found[LLMOBS_PII_COUNT];
#endif
    llmobsi_targets targets;
    uint32_t families;
    llmobsi_trace trace; /* of the root span */
    uint32_t vocabulary;
    char input_hash[LLMOBS_PSEUDONYM_SIZE]; /* "": none */
    char output_hash[LLMOBS_PSEUDONYM_SIZE];
    int64_t input_length; /* bytes, -1: unknown */
    int64_t output_length;
    llmobs_cost_store_fn cost_store;
    void* cost_store_user;
    int64_t cost_most;
    int64_t second_nano; /* of own hardware, 0: unknown, */
    int64_t kwh_nano;    /* and of its energy */
    llmobs_cost cost;    /* by prices */
    int64_t low_nano;    /* of an unknown cost; LLMOBS_COST_UNKNOWN: this is, too */
    int64_t high_nano;
    int64_t saved_nano;  /* of a known cost: by a cache */
    uint32_t capture;     /* as in the record, and whose it was: */
    uint32_t capture_era;
    llmobsi_verdict verdict; /* whether it is judged */
    bool is_lost; /* it is to be, and its texts have no place */
    bool guardrail_triggered; /* the built-in one apart */
    bool was_scheduled;
    bool is_slow;
    bool input_streamed;
    bool output_streamed;
    bool has_prices;
    bool cost_refused; /* what the host said it cost, it can't */
} llmobsi_ending;

/* ---- what the host says, made sure of ------------------------------------------------------ */

llmobsi_inline bool llmobsi_cost_is_sane(int64_t nano, int64_t most)
{
    return nano >= 0 && nano <= most;
}

/* An outcome of an older version is shorter. From here on a cost that is not known, or can't be, is
   LLMOBS_COST_UNKNOWN. */
llmobsi_fn void llmobsi_outcome_complete(llmobs_outcome* complete, const llmobs_outcome* given,
                                         int64_t cost_most)
{
    *complete = llmobs_outcome_default();
    if (given != NULL) {
        memcpy(complete, given, llmobsi_known_size(given->size, sizeof *given));
    }
    llmobsi_usage_complete(&complete->usage);
    if (!complete->cost_known || !llmobsi_cost_is_sane(complete->cost_nano, cost_most)) {
        complete->cost_nano = LLMOBS_COST_UNKNOWN;
    }
    complete->input = llmobs_text(complete->input.data, complete->input.size);
    complete->output = llmobs_text(complete->output.data, complete->output.size);
    complete->context = llmobs_text(complete->context.data, complete->context.size);
}

/* ---- taking the record, inside ------------------------------------------------------------- */

/* The time between two stamps; no more than fits, whatever the host's clock said. */
llmobsi_fn uint64_t llmobsi_ending_elapsed(const llmobsi_timeline* timeline, uint64_t start,
                                           uint64_t end)
{
    uint64_t ns = llmobsi_timeline_elapsed(timeline, start, end);
    return ns < LLMOBS_I_REQUEST_NS_MOST ? ns : LLMOBS_I_REQUEST_NS_MOST;
}

/* `scheduled`: when the engine took it up, 0: it did not. */
llmobsi_fn void llmobsi_ending_times(const llmobsi_timeline* timeline,
                                     const llmobsi_request* record, uint64_t scheduled,
                                     llmobsi_ending* ending)
{
    uint64_t start = record->facts.start;
    uint64_t now = llmobsi_now(timeline);
    uint64_t first = llmobsi_load_relaxed(&record->first_token);
    uint64_t last = llmobsi_load_relaxed(&record->last_token);
    uint64_t waited = record->facts.queue_ns;
    uint64_t work = scheduled != 0 ? scheduled : start;
    ending->stamp = now;
    ending->was_scheduled = scheduled != 0;
    ending->latency_ns = waited + llmobsi_ending_elapsed(timeline, start, now);
    ending->queue_ns = -1;
    ending->first_token_ns = -1;
    ending->prefill_ns = -1;
    ending->decode_ns = -1;
    if (scheduled != 0 || waited != 0) {
        waited += scheduled != 0 ? llmobsi_ending_elapsed(timeline, start, scheduled) : 0;
        ending->queue_ns = (int64_t)waited;
    }
    if (first != 0) {
        ending->first_token_ns = (int64_t)(record->facts.queue_ns +
                                           llmobsi_ending_elapsed(timeline, start, first));
        ending->prefill_ns = (int64_t)llmobsi_ending_elapsed(timeline, work, first);
        ending->decode_ns = (int64_t)llmobsi_ending_elapsed(timeline, first, last);
    }
}

llmobsi_fn void llmobsi_ending_gaps(const llmobsi_request_gaps* gaps, llmobsi_ending* ending)
{
    uint32_t shift = llmobsi_load_relaxed(&gaps->shift) & 31u;
    uint64_t count = (llmobsi_load_relaxed(&gaps->count) + (UINT64_C(1) << shift) - 1) >> shift;
    uint32_t i;
    ending->gap_stride = 1u << shift;
    ending->gap_count = 0;
    for (i = 0; ending->is_slow && i < count && i < LLMOBS_I_REQUEST_GAPS; i++) {
        ending->gaps[ending->gap_count++] = llmobsi_load_relaxed(&gaps->bytes[i]);
    }
}

/* What is being written at this moment is left out. */
llmobsi_fn void llmobsi_ending_events(const llmobsi_request* record, llmobsi_ending* ending)
{
    uint32_t count = llmobsi_load_relaxed(&record->event_count);
    uint32_t i;
    ending->event_count = 0;
    for (i = 0; i < count && i < LLMOBS_I_REQUEST_EVENTS; i++) {
        if (llmobsi_load_acquire(&record->events[i].stamp) != 0) {
            ending->events[ending->event_count++] = record->events[i];
        }
    }
}

llmobsi_fn void llmobsi_ending_rules(const llmobsi_names* names, const llmobsi_request* record,
                                     llmobsi_ending* ending)
{
    uint32_t count = llmobsi_load_relaxed(&record->rule_count);
    uint32_t i;
    count = count < LLMOBS_I_REQUEST_RULES ? count : LLMOBS_I_REQUEST_RULES;
    ending->rule_count = 0;
    for (i = 0; i < count; i++) {
        uint32_t id = llmobsi_load_acquire(&record->rules[i]);
        if (id != 0) {
            ending->rules[ending->rule_count++] = llmobsi_names_text(names, id - 1);
        }
    }
    ending->verdicts = llmobsi_load_relaxed(&record->verdicts);
    ending->worst_action = llmobsi_load_relaxed(&record->worst_action);
    ending->guardrail_triggered = ending->rule_count > 0 || ending->worst_action != 0;
}

/* A part that came in pieces is at its end. Returns whether there was one. If a piece is on its way
   at this moment, neither hash nor length is known: better none than a wrong one. */
llmobsi_fn bool llmobsi_ending_stream(llmobsi_request_stream* stream,
                                      char hash[LLMOBS_PSEUDONYM_SIZE], int64_t* length)
{
    *length = -1;
    if (llmobsi_exchange_ordered(&stream->held, 1) != 0) {
        return true;
    }
    if (stream->begun) {
        llmobsi_stream_end(stream, hash);
        *length = (int64_t)stream->bytes;
    }
    return stream->begun;
}

llmobsi_fn void llmobsi_ending_streams(llmobsi_request* record, llmobsi_ending* ending)
{
    ending->input_streamed =
        llmobsi_ending_stream(&record->input, ending->input_hash, &ending->input_length);
    ending->output_streamed =
        llmobsi_ending_stream(&record->output, ending->output_hash, &ending->output_length);
}

/* The capture comes along, unless a piece is on its way into it at this moment: then the tick gives
   it back, once that is over. After the streams: no piece comes any more. */
llmobsi_fn void llmobsi_ending_take_capture(const llmobsi_requests* requests,
                                            llmobsi_request* record, llmobsi_ending* ending)
{
    bool busy = (ending->input_streamed && ending->input_length < 0) ||
                (ending->output_streamed && ending->output_length < 0);
    ending->capture = LLMOBS_I_CAPTURE_NEVER;
    if (requests->captures == NULL) {
        return;
    }
    ending->capture = llmobsi_load_relaxed(&record->capture);
    ending->capture_era = requests->captures->era;
    if (!busy) {
        llmobsi_store_relaxed(&record->capture, 0);
    } else if (ending->capture != LLMOBS_I_CAPTURE_NEVER) {
        ending->capture = LLMOBS_I_CAPTURE_LOST;
    }
}

#ifndef LLMOBS_NO_SCANNER

llmobsi_fn void llmobsi_ending_guard(const llmobsi_requests* requests,
                                     const llmobsi_request* record, llmobsi_ending* ending)
{
    llmobsi_guard* guard = llmobsi_guard_of(requests, record);
    ending->guard_classes = guard != NULL ? requests->guard_classes : 0;
    memset(ending->found, 0, sizeof ending->found);
    if (guard != NULL) {
        llmobsi_guard_end(guard, ending->found);
    }
}

/* What the built-in guardrail found: each class that it saw is a rule that triggered, each finding
   one time. */
llmobsi_fn void llmobsi_ending_findings(llmobsi_ending* ending)
{
    int pii;
    if (ending->guard_classes != 0 && !ending->output_streamed) {
        llmobsi_guard_text(ending->guard_classes, ending->outcome.output, ending->found);
    }
    if (ending->guard_classes != 0 &&
        (ending->output_streamed || ending->outcome.output.size > 0)) {
        ending->verdicts++;
        llmobsi_guardrail_looked(ending->obs, "pii");
    }
    for (pii = 0; pii < (int)LLMOBS_PII_COUNT; pii++) {
        const char* rule = llmobsi_guard_rule(pii);
        if (ending->found[pii] == 0) {
            continue;
        }
        llmobsi_guardrail_count(ending->obs, rule, LLMOBS_GUARDRAIL_FLAGGED, ending->found[pii]);
        if (ending->rule_count < LLMOBS_I_REQUEST_RULES) {
            ending->rules[ending->rule_count++] = llmobs_str(rule);
        }
        if (ending->worst_action == 0) {
            ending->worst_action = LLMOBS_GUARDRAIL_FLAGGED;
        }
    }
}

#endif

/* Claims the end and copies what is there. False: somebody else has ended it, or it is closed. */
llmobsi_fn bool llmobsi_ending_take(llmobs_request request, llmobsi_ending* ending)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    llmobsi_requests* requests;
    if (record == NULL) {
        return false;
    }
    requests = llmobsi_requests_of(thread->recorder);
    if (!llmobsi_request_claim_end(requests, record, request)) {
        llmobsi_leave();
        return false;
    }
    ending->facts = record->facts;
    ending->tokens = llmobsi_load_relaxed(&record->tokens);
    ending->shared_ns = llmobsi_load_relaxed(&record->shared_ns);
    ending->shared_uj = llmobsi_load_relaxed(&record->shared_uj);
    ending->energy_told = llmobsi_load_relaxed(&record->energy_told);
    ending->retries = llmobsi_load_relaxed(&record->retries);
    ending->tool_calls = llmobsi_load_relaxed(&record->tool_calls);
    ending->marks = llmobsi_load_relaxed(&record->marks);
    ending->targets = requests->targets;
    ending->families = requests->families;
    ending->vocabulary = thread->recorder->vocabulary;
    ending->cost_most = requests->cost_most;
    ending->second_nano = requests->second_nano;
    ending->kwh_nano = requests->kwh_nano;
    ending->has_prices = llmobsi_prices_of(thread->recorder) != NULL;
    ending->cost_store = requests->cost_store;
    ending->cost_store_user = requests->cost_store_user;
    llmobsi_ending_times(&thread->recorder->timeline, record,
                         llmobsi_request_unschedule(thread->recorder, record), ending);
    ending->is_slow = ending->latency_ns >= requests->slow_ns;
    llmobsi_ending_gaps(&record->gaps, ending);
    llmobsi_ending_events(record, ending);
    llmobsi_ending_rules(&thread->recorder->names, record, ending);
    llmobsi_ending_streams(record, ending);
    llmobsi_ending_take_capture(requests, record, ending);
    llmobsi_auditor_take(thread, record, &ending->auditor);
#ifndef LLMOBS_NO_SCANNER
    llmobsi_ending_guard(requests, record, ending);
#endif
    llmobsi_leave();
    return true;
}

llmobsi_inline int64_t llmobsi_at_least_0(int64_t number)
{
    return number > 0 ? number : 0;
}

/* What the cost ledger gets. What is unknown is at least 0, or what is known of it, and never
   nothing. */
llmobsi_fn void llmobsi_ending_due(const llmobsi_ending* ending, llmobsi_request_due* due)
{
    const llmobs_usage* usage = &ending->outcome.usage;
    llmobs_cost_sums* sums = &due->sums;
    due->stamp = ending->stamp;
    memset(sums, 0, sizeof *sums);
    sums->requests = 1;
    sums->errors = ending->outcome.error_type != NULL;
    sums->latency_ns = (int64_t)ending->latency_ns;
    sums->input_tokens = llmobsi_at_least_0(usage->input_tokens);
    sums->output_tokens = llmobsi_at_least_0(usage->output_tokens);
    sums->tokens = sums->input_tokens + sums->output_tokens;
    sums->cached_tokens = llmobsi_at_least_0(usage->cached_tokens);
    sums->cache_write_tokens = llmobsi_at_least_0(usage->cache_write_tokens);
    sums->reasoning_tokens = llmobsi_at_least_0(usage->reasoning_tokens);
    sums->audio_input_tokens = llmobsi_at_least_0(usage->audio_input_tokens);
    sums->audio_output_tokens = llmobsi_at_least_0(usage->audio_output_tokens);
    sums->image_input_tokens = llmobsi_at_least_0(usage->image_input_tokens);
    sums->image_output_tokens = llmobsi_at_least_0(usage->image_output_tokens);
    if (ending->outcome.cost_nano != LLMOBS_COST_UNKNOWN) {
        sums->cost_nano = ending->outcome.cost_nano;
        sums->saved_nano = ending->saved_nano;
        return;
    }
    sums->unknown = 1;
    sums->unbounded = ending->high_nano < 0;
    sums->low_nano = llmobsi_at_least_0(ending->low_nano);
    sums->high_nano = llmobsi_at_least_0(ending->high_nano);
}

/* Copies a text, mended, as far as there is room, on a UTF-8 border. */
llmobsi_fn void llmobsi_ending_note(char* out, size_t capacity, const char* text)
{
    memset(out, 0, capacity);
    (void)llmobsi_utf8_repair(out, capacity - 1, text, text != NULL ? strlen(text) : 0);
}

/* What drift detectors get. */
llmobsi_fn void llmobsi_ending_answer(const llmobsi_ending* ending, llmobsi_drift_answer* answer)
{
    const llmobs_outcome* outcome = &ending->outcome;
    const char* reason = outcome->finish_reason;
    bool filtered = reason != NULL && strcmp(reason, "content_filter") == 0;
    answer->output_tokens = outcome->usage.output_tokens;
    answer->cached = outcome->usage.cached_tokens < 0 ? -1 : outcome->usage.cached_tokens > 0;
    answer->refused = filtered || ending->worst_action == (uint32_t)LLMOBS_GUARDRAIL_BLOCKED;
    answer->failed = outcome->error_type != NULL;
    llmobsi_ending_note(answer->finish_reason, sizeof answer->finish_reason, reason);
    llmobsi_ending_note(answer->response_model, sizeof answer->response_model,
                        outcome->response_model);
    llmobsi_ending_note(answer->fingerprint, sizeof answer->fingerprint,
                        outcome->system_fingerprint);
}

/* Leaves the record to the tick, with what llmobs_request_explain and the cost ledger will want. */
llmobsi_fn void llmobsi_ending_give(llmobs_request request, const llmobsi_ending* done,
                                    const llmobs_explanation* explanation)
{
    llmobsi_thread* thread = llmobsi_enter(request.instance);
    uint64_t ending = llmobsi_request_state(request.generation, LLMOBS_I_REQUEST_ENDING);
    llmobsi_request* record;
    if (thread == NULL) {
        return; /* closed meanwhile */
    }
    record = &llmobsi_requests_of(thread->recorder)->records[request.place];
    if (llmobsi_load_relaxed(&record->state) == ending) { /* not in a fork's child */
        record->explained = *explanation;
        llmobsi_ending_due(done, &record->due);
        if (llmobsi_requests_of(thread->recorder)->answers != NULL) {
            llmobsi_ending_answer(
                done, &llmobsi_requests_of(thread->recorder)->answers[request.place]);
        }
        record->is_explained = explanation->request_id[0] != '\0';
        (void)llmobsi_add_relaxed(&llmobsi_requests_of(thread->recorder)->ended, 1);
        if (done->cost_refused) {
            (void)llmobsi_add_relaxed(&llmobsi_requests_of(thread->recorder)->costs_refused, 1);
        }
        llmobsi_store_release(&record->state,
                              llmobsi_request_state(ending, LLMOBS_I_REQUEST_ENDED));
        llmobsi_request_leave(llmobsi_requests_of(thread->recorder), record);
    }
    llmobsi_leave();
}

/* ---- texts --------------------------------------------------------------------------------- */

#ifndef LLMOBS_NO_SHA256

/* The keys of both sides, taken in one stay. */
typedef struct llmobsi_text_keys {
    llmobs_hmac_key key[2];
    char id[2][LLMOBS_KEY_ID_SIZE];
    bool known;
} llmobsi_text_keys;

llmobsi_fn void llmobsi_text_keys_take(const llmobsi_ending* ending, llmobsi_text_keys* keys)
{
    llmobs_string tenant = llmobsi_request_string(&ending->facts, LLMOBS_I_TEXT_TENANT);
    llmobsi_thread* thread = llmobsi_enter(llmobsi_ticket(ending->obs));
    keys->known = false;
    if (thread != NULL) {
        const llmobsi_keyring* keyring = &thread->recorder->keyring;
        keys->known = llmobsi_keyring_key(keyring, LLMOBS_DOMAIN_INPUT, tenant.data, tenant.size,
                                          &keys->key[0], keys->id[0]) &&
                      llmobsi_keyring_key(keyring, LLMOBS_DOMAIN_OUTPUT, tenant.data, tenant.size,
                                          &keys->key[1], keys->id[1]);
        llmobsi_leave();
    }
}

#endif

/* Hashes what was not hashed in pieces: both sides in one pass where there are two. */
llmobsi_fn void llmobsi_ending_hash(llmobsi_ending* ending)
{
    llmobs_string input = ending->outcome.input;
    llmobs_string output = ending->outcome.output;
    bool hash_input = !ending->input_streamed && input.size > 0;
    bool hash_output = !ending->output_streamed && output.size > 0;
#ifndef LLMOBS_NO_SHA256
    uint8_t tags[2][LLMOBS_SHA256_SIZE];
    llmobsi_text_keys keys;
    if (hash_input || hash_output) {
        llmobsi_text_keys_take(ending, &keys);
        if (keys.known && hash_input && hash_output) {
            llmobs_hmac_of_two(&keys.key[0], input.data, input.size, tags[0], &keys.key[1],
                               output.data, output.size, tags[1]);
        } else if (keys.known && hash_input) {
            llmobs_hmac_of(&keys.key[0], input.data, input.size, tags[0]);
        } else if (keys.known) {
            llmobs_hmac_of(&keys.key[1], output.data, output.size, tags[1]);
        }
        if (keys.known && hash_input) {
            llmobsi_pseudonym_print(ending->input_hash, keys.id[0], tags[0]);
        }
        if (keys.known && hash_output) {
            llmobsi_pseudonym_print(ending->output_hash, keys.id[1], tags[1]);
        }
        llmobs_wipe(&keys, sizeof keys);
    }
#endif
    ending->input_length = hash_input ? (int64_t)input.size : ending->input_length;
    ending->output_length = hash_output ? (int64_t)output.size : ending->output_length;
}

/* One part. What came in pieces the callback has had: it is told the end, where that is known. */
llmobsi_fn void llmobsi_ending_audit_part(const llmobsi_auditor* auditor, llmobs_domain part,
                                          bool streamed, int64_t length, llmobs_string text)
{
    if (streamed && length >= 0) {
        llmobsi_audit_tell(auditor, part, llmobs_str(""), (uint64_t)length, true);
    } else if (!streamed && text.size > 0) {
        llmobsi_audit_tell(auditor, part, text, 0, true);
    }
}

/* What the capture has not had yet goes in. */
llmobsi_fn void llmobsi_ending_texts(const llmobsi_ending* ending, llmobsi_captures* captures,
                                     uint32_t place)
{
    const llmobs_outcome* outcome = &ending->outcome;
    llmobsi_capture_add(captures, place, LLMOBS_I_CAPTURE_CONTEXT, outcome->context.data,
                        outcome->context.size);
    if (!ending->input_streamed) {
        llmobsi_capture_add(captures, place, LLMOBS_I_CAPTURE_INPUT, outcome->input.data,
                            outcome->input.size);
    }
    if (!ending->output_streamed) {
        llmobsi_capture_add(captures, place, LLMOBS_I_CAPTURE_OUTPUT, outcome->output.data,
                            outcome->output.size);
    }
}

/* A request that is selected is left to the host, in a place that it has had or takes now; of
   others a place is wiped. Inside. */
llmobsi_fn void llmobsi_ending_select(llmobsi_ending* ending, llmobsi_sampler* sampler,
                                      llmobsi_captures* captures, const llmobs_trace_context* trace)
{
    llmobs_string id = llmobsi_request_string(&ending->facts, LLMOBS_I_TEXT_REQUEST_ID);
    llmobs_keep reason = ending->verdict.reason;
    uint32_t place = ending->capture;
    if (reason == LLMOBS_KEEP_NONE) {
        llmobsi_capture_drop(captures, place - 1);
        return;
    }
    place = llmobsi_capture_admit(captures, place, id, llmobsi_capture_rank(reason),
                                  &ending->is_lost);
    if (place != 0) {
        llmobs_string session =
            llmobsi_request_string(&ending->facts, LLMOBS_I_TEXT_SESSION_ID);
        llmobsi_ending_texts(ending, captures, place - 1);
        llmobsi_capture_at(captures, place - 1)->group =
            session.size > 0 ? llmobs_drift_key(session.data, session.size) : 0;
        llmobsi_capture_select(captures, place - 1, id, trace, ending->worst_action != 0,
                               &ending->verdict);
    } else if (ending->is_lost) {
        (void)llmobsi_add_relaxed(&sampler->of[reason].lost, 1);
    }
}

llmobsi_fn void llmobsi_ending_capture(llmobsi_ending* ending)
{
    bool kept = ending->verdict.reason != LLMOBS_KEEP_NONE;
    bool has_place = ending->capture != 0 && ending->capture != LLMOBS_I_CAPTURE_LOST;
    llmobs_trace_context trace;
    llmobsi_captures* captures;
    llmobsi_thread* thread;
    if (ending->capture == LLMOBS_I_CAPTURE_NEVER || !(kept || has_place)) {
        return;
    }
    memset(&trace, 0, sizeof trace);
    (void)llmobs_span_context(ending->facts.root, &trace);
    thread = llmobsi_enter(llmobsi_ticket(ending->obs));
    if (thread == NULL) {
        return; /* closed meanwhile, and wiped */
    }
    captures = llmobsi_captures_of(thread->recorder);
    if (captures->era == ending->capture_era) { /* else in a fork's child */
        llmobsi_ending_select(ending, llmobsi_sampler_of(thread->recorder), captures, &trace);
    }
    llmobsi_leave();
}

/* The audit callback gets what it has not had yet, and is told where each part ends. */
llmobsi_fn void llmobsi_ending_audit(const llmobsi_ending* ending)
{
    const llmobs_outcome* outcome = &ending->outcome;
    llmobsi_ending_audit_part(&ending->auditor, LLMOBS_DOMAIN_INPUT, ending->input_streamed,
                              ending->input_length, outcome->input);
    llmobsi_ending_audit_part(&ending->auditor, LLMOBS_DOMAIN_OUTPUT, ending->output_streamed,
                              ending->output_length, outcome->output);
    llmobsi_ending_audit_part(&ending->auditor, LLMOBS_DOMAIN_CONTEXT, false, -1,
                              outcome->context);
}
