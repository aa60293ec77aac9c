/* Requests under way. What a call needs of metrics, keys and callbacks it does before it comes in
   or after it has left: inside, between llmobsi_enter and llmobsi_leave, it only reads and writes
   the request's record. */

LLMOBS_API llmobs_request_info llmobs_request_info_default(void)
{
    llmobs_request_info info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    return info;
}

/* ---- begin --------------------------------------------------------------------------------- */

/* What is kept of a text: up to LLMOBS_I_REQUEST_TEXT_MOST bytes, whole code points. A text of 10
   MiB is not measured for that. `*cut` says whether there is more. */
llmobsi_fn llmobs_string llmobsi_request_short(const char* text, bool* cut)
{
    const size_t most = LLMOBS_I_REQUEST_TEXT_MOST + 1;
    const char* end = text != NULL ? (const char*)memchr(text, '\0', most) : NULL;
    llmobs_string kept;
    kept.data = text != NULL ? text : "";
    kept.size = text == NULL ? 0 : end != NULL ? (size_t)(end - text) : most;
    *cut = kept.size == most;
    kept.size = llmobsi_utf8_cut(kept.data, kept.size, LLMOBS_I_REQUEST_TEXT_MOST);
    return kept;
}

/* Copies a text into the facts, cut where it is too long. There is room for each. */
llmobsi_fn void llmobsi_request_keep(llmobsi_requests* requests, llmobsi_request_facts* facts,
                                     uint32_t* used, llmobsi_request_text which, const char* given)
{
    bool cut;
    llmobs_string kept = llmobsi_request_short(given, &cut);
    if (cut) {
        (void)llmobsi_add_relaxed(&requests->texts_cut, 1);
    }
    if (kept.size == 0) {
        return; /* points to the NUL at place 0 */
    }
    memcpy(facts->texts + *used, kept.data, kept.size);
    facts->texts[*used + kept.size] = '\0';
    facts->place[which] = (uint16_t)*used;
    facts->length[which] = (uint16_t)kept.size;
    *used += (uint32_t)kept.size + 1;
}

/* Keeps a pseudonym of an id; nothing where there is no key, or no SHA-256 in this build. */
llmobsi_fn void llmobsi_request_keep_id(llmobsi_thread* thread, llmobsi_request_facts* facts,
                                        uint32_t* used, llmobsi_request_text which,
                                        llmobs_domain domain, const char* tenant, const char* id)
{
#ifndef LLMOBS_NO_SHA256
    char pseudonym[LLMOBS_PSEUDONYM_SIZE];
    char key_id[LLMOBS_KEY_ID_SIZE];
    llmobs_hmac_key key;
    if (id != NULL && id[0] != '\0' &&
        llmobsi_keyring_key(&thread->recorder->keyring, domain, tenant,
                            tenant != NULL ? strlen(tenant) : 0, &key, key_id)) {
        llmobsi_pseudonym_spend(&key, key_id, id, strlen(id), pseudonym);
        llmobsi_request_keep(llmobsi_requests_of(thread->recorder), facts, used, which, pseudonym);
    }
#else
    (void)thread;
    (void)facts;
    (void)used;
    (void)which;
    (void)domain;
    (void)tenant;
    (void)id;
#endif
}

/* What a begin found out before it came in. */
typedef struct llmobsi_request_start {
    llmobs_request_info info;
    llmobs_request_info labels; /* the same, with texts as short as the end will know them */
    char model[LLMOBS_I_REQUEST_TEXT_MOST + 1]; /* where they had to be cut */
    char provider[LLMOBS_I_REQUEST_TEXT_MOST + 1];
    char operation[LLMOBS_I_REQUEST_TEXT_MOST + 1];
    llmobsi_request_gauges gauges;
    llmobs_counter input_tokens;
    llmobs_counter output_tokens;
    llmobs_counter cost;
    llmobs_histogram gap_series;
    llmobs_histogram chunk_series;
} llmobsi_request_start;

/* The series of llm_tokens_total and llm_cost_usd_total, where they have the user's id as a label:
   it is known here alone. Others are found at the end, when there is something to add. */
llmobsi_fn void llmobsi_request_series(llmobs* obs, llmobsi_request_start* start)
{
    llmobs_metric tokens = llmobs_metric_of(obs, LLMOBS_METRIC_LLM_TOKENS);
    llmobs_metric cost = llmobs_metric_of(obs, LLMOBS_METRIC_LLM_COST);
    const llmobs_request_info* info = &start->labels;
    const char* values[4];
    values[0] = info->model;
    if (tokens.number != 0) {
        values[1] = "input";
        values[2] = info->user_id; /* shown as a pseudonym */
        values[3] = info->feature;
        start->input_tokens = llmobsi_counter_briefly(tokens, values, 4);
        values[1] = "output";
        start->output_tokens = llmobsi_counter_briefly(tokens, values, 4);
    }
    if (cost.number != 0) {
        values[1] = info->user_id;
        values[2] = info->feature;
        start->cost = llmobsi_counter_briefly(cost, values, 3);
    }
}

/* How many labels a metric of an engine has: vLLM's have two, llama.cpp's none. */
llmobsi_inline size_t llmobsi_engine_labels(llmobs_known known)
{
    return known >= LLMOBS_METRIC_LLAMACPP_PROMPT_TOKENS ? 0 : 2;
}

/* A histogram of an engine. */
llmobsi_fn llmobs_histogram llmobsi_engine_histogram(llmobs* obs, llmobs_known known,
                                                     const char* model)
{
    llmobs_metric metric = llmobs_metric_of(obs, known);
    llmobs_histogram none = {0, 0, 0, 0};
    const char* values[2];
    values[0] = model;
    values[1] = "0";
    return metric.number != 0 ? llmobsi_histogram_briefly(metric, values, 2) : none;
}

/* The labels that gen_ai.* metrics share, and one more. */
#define LLMOBS_I_GENAI_LABELS 7u

llmobsi_fn void llmobsi_genai_labels(const char** values, const char* operation,
                                     const char* provider, const char* model,
                                     const char* response_model, const char* last)
{
    values[0] = operation != NULL ? operation : "chat";
    values[1] = provider;
    values[2] = model;
    values[3] = response_model;
    values[4] = NULL; /* server.address, server.port: the host's to know */
    values[5] = NULL;
    values[6] = last;
}

/* Where the times between tokens go: an engine's, or a client's. */
llmobsi_fn void llmobsi_request_gap_series(llmobs* obs, llmobsi_request_start* start)
{
    const llmobs_request_info* info = &start->labels;
    const char* values[LLMOBS_I_GENAI_LABELS];
    llmobs_metric metric;
    if (info->server) {
        start->gap_series =
            llmobsi_engine_histogram(obs, LLMOBS_METRIC_VLLM_INTER_TOKEN_LATENCY, info->model);
        return;
    }
    metric = llmobs_metric_of(obs, LLMOBS_METRIC_GENAI_CLIENT_INFERENCE_TIME_PER_OUTPUT_CHUNK);
    llmobsi_genai_labels(values, info->operation, info->provider, info->model, NULL, NULL);
    if (metric.number != 0) {
        start->gap_series = llmobsi_histogram_briefly(metric, values, LLMOBS_I_GENAI_LABELS - 1);
    }
    metric = llmobs_metric_of(obs, LLMOBS_METRIC_GENAI_CLIENT_OPERATION_TIME_PER_OUTPUT_CHUNK);
    if (metric.number != 0) {
        start->chunk_series =
            llmobsi_histogram_briefly(metric, values, LLMOBS_I_GENAI_LABELS - 1);
    }
}

/* The id of a name that a client may have chosen. Names are never forgotten: half of the room for
   them stays the program's, and what does not fit gets no name of its own. */
llmobsi_fn uint32_t llmobsi_request_name_id(llmobsi_names* names, const char* name, size_t size)
{
    uint32_t id = llmobsi_names_seek(names, name, size);
    return id != LLMOBS_I_NAME_OVERFLOW || !llmobsi_names_are_half_free(names)
               ? id
               : llmobsi_names_id(names, name, size);
}

/* The id of the root span's name: "chat my-model", or the first sketch's own. */
llmobsi_fn uint32_t llmobsi_request_root_name(llmobsi_thread* thread,
                                              const llmobsi_request_facts* facts)
{
    llmobsi_names* names = &thread->recorder->names;
    uint32_t id;
    llmobs_string operation = llmobsi_request_string(facts, LLMOBS_I_TEXT_OPERATION);
    llmobs_string model = llmobsi_request_string(facts, LLMOBS_I_TEXT_MODEL);
    char name[2 * LLMOBS_I_REQUEST_TEXT_MOST + 2];
    if (thread->recorder->vocabulary == LLMOBS_VOCABULARY_ARTICLE) {
        return llmobsi_name_id(thread, "llm_chain");
    }
    memcpy(name, operation.data, operation.size);
    if (model.size > 0) {
        name[operation.size] = ' ';
        memcpy(name + operation.size + 1, model.data, model.size);
        model.size++;
    }
    id = llmobsi_request_name_id(names, name, operation.size + model.size);
    if (id == LLMOBS_I_NAME_OVERFLOW) {
        id = llmobsi_request_name_id(names, operation.data, operation.size);
    }
    return id != LLMOBS_I_NAME_OVERFLOW ? id : llmobsi_name_id(thread, "request");
}

/* The root span of a trace that begins here. Where the request's id decides what is sampled, the
   trace's own id does not: so its tracestate tells the bits that do, to services that only see
   that. */
llmobsi_fn llmobs_span llmobsi_request_trace(llmobsi_thread* thread, const char* request_id)
{
    llmobsi_recorder* recorder = thread->recorder;
    char tracestate[LLMOBS_TRACESTATE_SIZE + 1];
    llmobsi_lineage lineage;
    llmobs_span span;
    uint64_t randomness;
    bool cut;
    llmobs_string id = llmobsi_request_short(request_id, &cut);
    lineage.trace_low = llmobsi_random_id(thread);
    lineage.trace_high = llmobsi_random_next(thread);
    lineage.parent_id = 0;
    if (!llmobsi_requests_of(recorder)->by_request_id || id.size == 0) {
        lineage.flags = llmobsi_root_flags(recorder, lineage.trace_low);
        return llmobsi_span_open(thread, &lineage, "request");
    }
    randomness =
        llmobsi_sample_bits(id.data, id.size, llmobsi_requests_of(recorder)->sample_seed);
    lineage.flags = (uint8_t)((llmobsi_root_flags(recorder, randomness) &
                               ~(unsigned)LLMOBS_I_FLAG_OWN_THRESHOLD) | LLMOBS_I_FLAG_TRACESTATE);
    span = llmobsi_span_open(thread, &lineage, "request");
    if (span.instance != 0) {
        llmobsi_tracestate_of_randomness(tracestate, randomness);
        if ((lineage.flags & LLMOBS_TRACE_SAMPLED) != 0) {
            (void)llmobsi_tracestate_set_threshold(tracestate, recorder->threshold);
        }
        llmobsi_tracestate_carry(thread, &thread->slots[span.slot], tracestate);
    }
    return span;
}

/* The root span: also where the trace is not sampled, since the phases' durations are to be known.
   What is not sampled is not exported, and takes no attributes. */
llmobsi_fn llmobs_span llmobsi_request_root(llmobsi_thread* thread, const llmobs_request_info* info)
{
    llmobs_span_info span = llmobs_span_info_default();
    llmobsi_recorder* recorder = thread->recorder;
    llmobs_trace_context remote;
    llmobsi_lineage lineage; /* of a span that has no slot */
    if (!recorder->spans_on) {
        return llmobsi_span_none();
    }
    span.remote = info->remote;
    span.traceparent = info->traceparent;
    span.tracestate = info->tracestate;
    if (info->parent.instance == recorder->ticket &&
        info->parent.slot != LLMOBS_I_SLOT_UNSAMPLED) {
        return llmobsi_span_child(thread, info->parent, "request");
    }
    if (info->parent.instance == recorder->ticket) {
        llmobsi_log_lineage(thread, info->parent, &lineage);
        return llmobsi_span_open(thread, &lineage, "request");
    }
    if (llmobsi_info_remote(thread, &span, &remote)) {
        return llmobsi_span_remote(thread, &remote, "request");
    }
    return llmobsi_request_trace(thread, info->request_id);
}

/* Its 56 random bits: of its id, if that is to decide, or else of its trace; and where it has none,
   of whatever there is. */
llmobsi_fn uint64_t llmobsi_request_randomness(llmobsi_thread* thread,
                                               const llmobsi_request_facts* facts)
{
    const llmobsi_requests* requests = llmobsi_requests_of(thread->recorder);
    llmobs_string id = llmobsi_request_string(facts, LLMOBS_I_TEXT_REQUEST_ID);
    llmobs_trace_context trace;
    if (id.size > 0 && (requests->by_request_id || facts->root.instance == 0)) {
        return llmobsi_sample_bits(id.data, id.size, requests->sample_seed);
    }
    trace.tracestate[0] = '\0';
    if (facts->root.instance != 0 && llmobsi_context_of(thread, facts->root, &trace)) {
        return llmobsi_sampling_randomness(&trace);
    }
    return llmobsi_random_next(thread) & (LLMOBS_I_SAMPLE_NEVER - 1);
}

/* Fills a record that was taken. */
llmobsi_fn void llmobsi_request_fill(llmobsi_thread* thread, llmobsi_request* record,
                                     const llmobsi_request_start* start)
{
    llmobsi_requests* requests = llmobsi_requests_of(thread->recorder);
    const llmobs_request_info* info = &start->info;
    llmobsi_request_facts* facts = &record->facts;
    uint32_t used = 1;
    facts->queue_ns = info->queue_ns <= LLMOBS_I_REQUEST_NS_MOST ? info->queue_ns : 0;
    facts->gauges = start->gauges;
    facts->server = info->server;
    facts->stream = info->stream;
    facts->input_tokens = start->input_tokens;
    facts->output_tokens = start->output_tokens;
    facts->cost = start->cost;
    facts->may_be_judged = requests->captures != NULL && !info->no_capture;
    llmobsi_store_relaxed(&record->capture, facts->may_be_judged ? 0 : LLMOBS_I_CAPTURE_NEVER);
    llmobsi_store_relaxed(&record->marks, info->debug ? 1u << LLMOBS_KEEP_DEBUG : 0u);
    record->gap_series = start->gap_series;
    record->chunk_series = start->chunk_series;
    record->is_shown = start->gap_series.instance != 0 || start->chunk_series.instance != 0;
    llmobsi_request_keep(requests, facts, &used, LLMOBS_I_TEXT_REQUEST_ID, info->request_id);
    llmobsi_request_keep_id(thread, facts, &used, LLMOBS_I_TEXT_USER_ID, LLMOBS_DOMAIN_USER,
                            info->tenant, info->user_id);
    llmobsi_request_keep_id(thread, facts, &used, LLMOBS_I_TEXT_SESSION_ID, LLMOBS_DOMAIN_SESSION,
                            info->tenant, info->session_id);
    llmobsi_request_keep(requests, facts, &used, LLMOBS_I_TEXT_TENANT, info->tenant);
    llmobsi_request_keep(requests, facts, &used, LLMOBS_I_TEXT_FEATURE, info->feature);
    llmobsi_request_keep(requests, facts, &used, LLMOBS_I_TEXT_MODEL, info->model);
    llmobsi_request_keep(requests, facts, &used, LLMOBS_I_TEXT_PROVIDER, info->provider);
    llmobsi_request_keep(requests, facts, &used, LLMOBS_I_TEXT_OPERATION, info->operation);
    llmobsi_request_keep(requests, facts, &used, LLMOBS_I_TEXT_PROMPT_NAME, info->prompt_name);
    llmobsi_request_keep(requests, facts, &used, LLMOBS_I_TEXT_PROMPT_VERSION,
                         info->prompt_version);
    facts->start = llmobsi_now(&thread->recorder->timeline);
    facts->root = llmobsi_request_root(thread, info);
    if (facts->root.instance != 0) {
        llmobsi_slot* slot = &thread->slots[facts->root.slot];
        facts->start = llmobsi_load_relaxed(&slot->start); /* one latency in span, log and metric */
        slot->name = llmobsi_request_root_name(thread, facts);
        slot->kind = (uint8_t)(info->server ? LLMOBS_KIND_SERVER : LLMOBS_KIND_INTERNAL);
    }
    if (facts->may_be_judged) {
        facts->randomness = llmobsi_request_randomness(thread, facts);
    }
    llmobsi_request_count(thread->recorder, facts->gauges.waiting, 1);
}

/* A gauge of an engine, vLLM's or llama.cpp's. */
llmobsi_fn llmobs_updown llmobsi_engine_gauge(llmobs* obs, llmobs_known known, const char* model)
{
    llmobs_metric metric = llmobs_metric_of(obs, known);
    llmobs_updown none = {0, 0, 0, 0};
    const char* values[2];
    values[0] = model;
    values[1] = "0";
    return metric.number == 0
               ? none
               : llmobsi_updown_briefly(metric, values, llmobsi_engine_labels(known));
}

/* Requests waiting and running, of an engine. */
llmobsi_fn void llmobsi_request_gauges_get(llmobs* obs, llmobsi_request_start* start)
{
    static const llmobs_known waiting[2] = {LLMOBS_METRIC_VLLM_NUM_REQUESTS_WAITING,
                                            LLMOBS_METRIC_LLAMACPP_REQUESTS_DEFERRED};
    static const llmobs_known running[2] = {LLMOBS_METRIC_VLLM_NUM_REQUESTS_RUNNING,
                                            LLMOBS_METRIC_LLAMACPP_REQUESTS_PROCESSING};
    int i;
    for (i = 0; i < 2 && start->info.server; i++) {
        start->gauges.waiting[i] = llmobsi_engine_gauge(obs, waiting[i], start->labels.model);
        start->gauges.running[i] = llmobsi_engine_gauge(obs, running[i], start->labels.model);
    }
}

/* Shortens a label as the request's record does it: what begins under a label ends under it. */
llmobsi_fn void llmobsi_request_label(const char** text,
                                      char room[LLMOBS_I_REQUEST_TEXT_MOST + 1])
{
    bool cut;
    llmobs_string kept = llmobsi_request_short(*text, &cut);
    if (cut) {
        memcpy(room, kept.data, kept.size);
        room[kept.size] = '\0';
        *text = room;
    }
}

/* What needs metrics, before the record is taken. */
llmobsi_fn void llmobsi_request_prepare(llmobs* obs, llmobsi_request_start* start, bool user_ids)
{
    const llmobs_request_info* info = &start->info;
    start->labels = start->info;
    llmobsi_request_label(&start->labels.model, start->model);
    llmobsi_request_label(&start->labels.provider, start->provider);
    llmobsi_request_label(&start->labels.operation, start->operation);
    if (info->session_id != NULL && info->session_id[0] != '\0') {
        (void)llmobsi_session_keep(obs, info->session_id, info->feature, LLMOBS_I_WAIT_BRIEFLY);
    }
    if (user_ids) {
        llmobsi_request_series(obs, start);
    }
    llmobsi_request_gap_series(obs, start);
    llmobsi_request_gauges_get(obs, start);
}

/* Copies what the host gave. An info of an older version is shorter. */
llmobsi_fn void llmobsi_request_given(llmobsi_request_start* start,
                                      const llmobs_request_info* info)
{
    memset(start, 0, sizeof *start);
    if (info != NULL) {
        memcpy(&start->info, info, llmobsi_known_size(info->size, sizeof *info));
    }
    if (start->info.operation == NULL || start->info.operation[0] == '\0') {
        start->info.operation = "chat";
    }
}

/* Whether this instance has requests, and users' ids as labels. */
llmobsi_fn bool llmobsi_requests_are_on(llmobs* obs, bool* user_ids)
{
    llmobsi_thread* thread = llmobsi_enter_to_begin(llmobsi_ticket(obs));
    bool on;
    if (thread == NULL) {
        return false;
    }
    on = llmobsi_requests_of(thread->recorder) != NULL;
    *user_ids = on && llmobsi_requests_of(thread->recorder)->user_ids;
    llmobsi_leave();
    return on;
}

LLMOBS_API llmobs_request llmobs_request_begin(llmobs* obs, const llmobs_request_info* info)
{
    llmobs_request request = llmobsi_request_none();
    llmobsi_request_start start;
    llmobsi_thread* thread;
    llmobsi_request* record;
    bool user_ids;
    if (!LLMOBS_I_REQUESTS || !llmobsi_requests_are_on(obs, &user_ids)) {
        return request;
    }
    llmobsi_request_given(&start, info);
    llmobsi_request_prepare(obs, &start, user_ids);
    thread = llmobsi_enter_to_begin(llmobsi_ticket(obs));
    if (thread == NULL) {
        return request;
    }
    record = llmobsi_request_take(llmobsi_requests_of(thread->recorder));
    if (record != NULL) {
        (void)llmobsi_add_relaxed(&llmobsi_requests_of(thread->recorder)->begun, 1);
        llmobsi_request_fill(thread, record, &start);
        request = llmobsi_request_publish(llmobsi_requests_of(thread->recorder), record,
                                          thread->recorder->ticket);
    } else {
        (void)llmobsi_add_relaxed(&llmobsi_requests_of(thread->recorder)->dropped, 1);
    }
    llmobsi_leave();
    return request;
}

LLMOBS_API llmobs_span llmobs_request_span(llmobs_request request)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    llmobs_span span = llmobsi_span_none();
    if (record != NULL) {
        span = record->facts.root;
        llmobsi_leave();
    }
    return span;
}

/* ---- phases -------------------------------------------------------------------------------- */

llmobsi_fn const char* llmobsi_phase_span_name(llmobs_phase phase)
{
    static const char* const names[LLMOBS_PHASE_COUNT] = {
#define LLMOBS_I_PHASE(id, label, name) name,
        LLMOBS_PHASES(LLMOBS_I_PHASE)
#undef LLMOBS_I_PHASE
    };
    return (unsigned)phase < (unsigned)LLMOBS_PHASE_COUNT ? names[phase] : "other";
}

/* Tells the tick, in a new span's slot, whose phase it is. */
llmobsi_fn void llmobsi_phase_mark_put(llmobsi_thread* thread, llmobs_request request,
                                       llmobs_phase phase, llmobs_span span)
{
    llmobsi_phase_mark mark;
    llmobsi_slot* slot;
    unsigned char* place;
    if (span.instance == 0) {
        return;
    }
    slot = &thread->slots[span.slot];
    mark.generation = request.generation;
    mark.place = request.place;
    mark.phase = (unsigned)phase < (unsigned)LLMOBS_PHASE_COUNT ? (uint32_t)phase
                                                                : (uint32_t)LLMOBS_PHASE_OTHER;
    place = llmobsi_field_put(thread, slot, 0, LLMOBS_I_FIELD_PHASE, LLMOBS_I_OF_SPAN,
                              sizeof mark);
    if (place != NULL) {
        memcpy(place, &mark, sizeof mark);
        llmobsi_store_release(&slot->flags, (uint8_t)(llmobsi_load_relaxed(&slot->flags) |
                                                      LLMOBS_I_FLAG_PHASE));
    }
}

/* A phase of a request whose record we are in. */
llmobsi_fn llmobs_span llmobsi_phase_open(llmobsi_thread* thread, llmobs_request request,
                                          const llmobsi_request* record, llmobs_phase phase)
{
    llmobs_span span = llmobsi_span_none();
    if (record->facts.root.instance != 0) {
        span = llmobsi_span_child(thread, record->facts.root, llmobsi_phase_span_name(phase));
        llmobsi_phase_mark_put(thread, request, phase, span);
        llmobsi_phase_say(thread, span, phase);
    }
    return span;
}

LLMOBS_API llmobs_span llmobs_phase_begin(llmobs_request request, llmobs_phase phase)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    llmobs_span span = llmobsi_span_none();
    if (record != NULL) {
        span = llmobsi_phase_open(thread, request, record, phase);
        llmobsi_leave();
    }
    return span;
}

LLMOBS_API llmobs_span llmobs_phase_next(llmobs_request request, llmobs_span before,
                                         llmobs_phase phase)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    llmobs_span span = llmobsi_span_none();
    llmobsi_slot* slot;
    if (record == NULL) {
        llmobs_span_end(before);
        return span;
    }
    slot = before.instance == request.instance ? llmobsi_span_slot(thread, before) : NULL;
    if (slot != NULL && llmobsi_slot_claim_end(thread, slot, before)) {
        span = llmobsi_span_next(thread, before, slot, llmobsi_phase_span_name(phase));
        llmobsi_phase_mark_put(thread, request, phase, span);
        llmobsi_phase_say(thread, span, phase);
    } else {
        span = llmobsi_phase_open(thread, request, record, phase);
    }
    llmobsi_leave();
    return span;
}

LLMOBS_API llmobs_span llmobs_tool_begin(llmobs_request request, const char* tool)
{
    llmobsi_thread* thread;
    llmobsi_request* record = llmobsi_request_enter(request, &thread);
    llmobs_span span = llmobsi_span_none();
    uint32_t vocabulary;
    if (record == NULL) {
        return span;
    }
    (void)llmobsi_add_relaxed(&record->tool_calls, 1);
    span = llmobsi_phase_open(thread, request, record, LLMOBS_PHASE_TOOL);
    vocabulary = thread->recorder->vocabulary;
    llmobsi_leave();
    llmobsi_tool_say(span, vocabulary, tool);
    return span;
}

/* ---- open ---------------------------------------------------------------------------------- */

/* Before anybody else is there. */
llmobsi_fn void llmobsi_requests_start(llmobsi_recorder* recorder, const llmobs_config* config)
{
    llmobsi_requests* requests = llmobsi_requests_of(recorder);
    llmobsi_sessions* sessions = llmobsi_sessions_of(recorder);
    if (requests == NULL) {
        return;
    }
    requests->max_age_ns = (uint64_t)config->request_max_age_s * UINT64_C(1000000000);
    requests->slow_ns = (uint64_t)config->slow_request_ms * UINT64_C(1000000);
    requests->families = llmobsi_families(config);
    requests->targets.first_token = (uint64_t)config->good_first_token_ms * UINT64_C(1000000);
    requests->targets.token = (uint64_t)config->good_token_ms * UINT64_C(1000000);
    requests->targets.request = (uint64_t)config->good_request_ms * UINT64_C(1000000);
    requests->ledger = llmobsi_cost_ledger_of(recorder);
    if (requests->ledger != NULL) {
        llmobsi_cost_start(requests->ledger, config);
    }
    requests->cost_most = (int64_t)config->cost_most * INT64_C(1000000000);
    requests->second_nano = config->gpu_second_nano > 0 ? config->gpu_second_nano : 0;
    requests->kwh_nano = config->kwh_nano > 0 ? config->kwh_nano : 0;
    requests->cost_store = config->cost_store;
    requests->cost_store_user = config->cost_store_user;
    requests->captures = llmobsi_captures_of(recorder);
    if (requests->captures != NULL) {
        requests->sampler = llmobsi_sampler_of(recorder);
        llmobsi_sampler_start(requests->sampler, config);
    }
    requests->by_request_id = config->sample_by == LLMOBS_SAMPLE_BY_REQUEST_ID;
    requests->sample_seed = config->sample_seed;
    requests->audit = config->audit;
    requests->audit_user = config->audit_user;
    requests->user_ids = config->metric_user_ids;
    requests->docs_name = llmobsi_names_id(&recorder->names, "docs.count", 10);
    /* What is left to be told where models are too many. */
    (void)llmobsi_names_id(&recorder->names, "chat", 4);
    sessions->seed = llmobsi_random_seed();
    if (requests->captures != NULL) {
        llmobsi_captures_start(requests->captures, sessions->seed);
    }
    llmobsi_requests_salt(requests, (uint32_t)(sessions->seed >> 32));
    sessions->swept = llmobsi_now(&recorder->timeline);
}
