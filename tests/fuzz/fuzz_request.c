/* A sequence of request calls, an operation and its argument from each two bytes, on a pumped
   instance with a tiny pool and a clock that goes where the input says. At the end the account
   balances, every gauge is at 0, and every record is free. Seeds in corpus/request. */
#include "llmobs_private.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

#define HANDLES 24u /* more than there are records: old ones are used again */
#define SPANS 8u

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static uint64_t now_ns;

typedef struct play {
    llmobs* obs;
    llmobs_request requests[HANDLES];
    llmobs_span spans[SPANS];
    uint64_t begun;
    char text[300];
} play;

static uint64_t fake_clock(void* user)
{
    (void)user;
    return now_ns;
}

static llmobs_export_result take(void* user, const llmobs_batch* batch)
{
    *(uint64_t*)user += batch->log_count;
    return LLMOBS_EXPORT_OK;
}

static void audit(void* user, const llmobs_audit* part)
{
    CHECK(user == NULL && part->request_id != NULL && part->chunk != NULL);
}

/* A text of up to 299 signs, with what is no UTF-8 among them. */
static const char* text_of(play* with, uint8_t argument)
{
    size_t i;
    size_t length = (size_t)argument * argument % 300;
    for (i = 0; i < length; i++) {
        with->text[i] = (char)(argument + i * 7 % 251 + 1);
        with->text[i] = with->text[i] != '\0' ? with->text[i] : 'x';
    }
    with->text[length] = '\0';
    return argument % 16 != 0 ? with->text : NULL;
}

static void begin(play* with, uint8_t argument)
{
    llmobs_request_info info = llmobs_request_info_default();
    llmobs_request* request = &with->requests[argument % HANDLES];
    const char* text = text_of(with, argument);
    info.server = (argument & 1u) != 0;
    info.request_id = text;
    info.model = text;
    info.user_id = text;
    info.session_id = (argument & 2u) != 0 ? text : NULL;
    info.tenant = (argument & 4u) != 0 ? text : NULL;
    info.prompt_name = text;
    info.prompt_version = text;
    info.feature = (argument & 8u) != 0 ? "f" : NULL;
    info.operation = (argument & 16u) != 0 ? text : NULL;
    info.traceparent = (argument & 32u) != 0 ? text : NULL;
    info.parent = with->spans[argument % SPANS];
    info.queue_ns = (uint64_t)argument << (argument % 64);
    *request = llmobs_request_begin(with->obs, (argument & 64u) != 0 ? &info : NULL);
    with->begun += request->instance != 0;
}

static void end(play* with, uint8_t argument)
{
    llmobs_outcome outcome = llmobs_outcome_default();
    const char* text = text_of(with, argument);
    outcome.usage.input_tokens = (int64_t)((uint64_t)argument << (argument % 64));
    outcome.usage.output_tokens = argument - 5;
    outcome.cost_nano = argument - 100;
    outcome.cost_known = (argument & 1u) != 0;
    outcome.cancelled = (argument & 2u) != 0;
    outcome.error_type = (argument & 4u) != 0 ? text : NULL;
    outcome.finish_reason = text;
    outcome.response_model = text;
    outcome.input = llmobs_text(text, LLMOBS_NUL_TERMINATED);
    outcome.output = llmobs_text(text, LLMOBS_NUL_TERMINATED);
    llmobs_request_end(with->requests[argument % HANDLES],
                       (argument & 8u) != 0 ? &outcome : NULL);
}

static void go(play* with, uint8_t operation, uint8_t argument)
{
    llmobs_request request = with->requests[argument % HANDLES];
    llmobs_span* span = &with->spans[argument % SPANS];
    llmobs_explanation why;
    switch (operation % 20) {
    case 0:
    case 1:
        begin(with, argument);
        break;
    case 2:
    case 3:
        end(with, argument);
        break;
    case 4:
        llmobs_request_scheduled(request);
        break;
    case 5:
        llmobs_request_tokens(request, argument);
        break;
    case 6:
        llmobs_request_token(request);
        break;
    case 7:
        *span = llmobs_phase_begin(request, (llmobs_phase)(argument % 9));
        llmobs_span_set_int(*span, "docs.count", argument);
        break;
    case 8:
        *span = llmobs_phase_next(request, *span, (llmobs_phase)(argument % 9));
        break;
    case 9:
        llmobs_span_end(*span);
        break;
    case 10:
        llmobs_guardrail(request, "rule", (llmobs_guardrail_action)(argument % 6));
        break;
    case 11:
        llmobs_request_retry(request, text_of(with, argument));
        llmobs_request_preempted(request);
        break;
    case 12:
        llmobs_request_output(request, text_of(with, argument), argument % 20);
        llmobs_request_input(request, text_of(with, argument), LLMOBS_NUL_TERMINATED);
        break;
    case 13:
        llmobs_requests_share(with->requests, argument % HANDLES, (uint64_t)argument << 32);
        llmobs_requests_share_energy(with->requests, argument % HANDLES,
                                     (uint64_t)argument << argument % 64);
        *span = llmobs_batch_begin(with->obs, "decode", with->requests, argument % HANDLES);
        break;
    case 14:
        now_ns += (uint64_t)argument << (argument % 40);
        break;
    case 15:
        now_ns -= now_ns > 1000 ? now_ns / (argument + 2u) / 1000 : 0;
        break;
    case 16:
        (void)llmobs_tick(with->obs);
        break;
    case 17:
        (void)llmobs_flush(with->obs, 1000);
        (void)llmobs_request_explain(with->obs, text_of(with, argument), &why);
        break;
    case 18:
        request.place += argument;
        request.generation += argument / 16u;
        llmobs_request_scheduled(request); /* may be somebody's; ends are not forged */
        break;
    default:
        (void)llmobs_session_end(with->obs, text_of(with, argument));
        break;
    }
}

/* Nothing below 0, and at the end nothing above. */
static void check_gauges(llmobs* obs, bool at_end)
{
    static const llmobs_known known[] = {
        LLMOBS_METRIC_VLLM_NUM_REQUESTS_WAITING, LLMOBS_METRIC_VLLM_NUM_REQUESTS_RUNNING,
        LLMOBS_METRIC_LLAMACPP_REQUESTS_DEFERRED, LLMOBS_METRIC_LLAMACPP_REQUESTS_PROCESSING};
    llmobsi_registry* registry =
        &llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder->registry;
    uint32_t i;
    size_t j;
    for (i = 0; i < llmobsi_load_acquire(&registry->series_count); i++) {
        for (j = 0; j < sizeof known / sizeof known[0]; j++) {
            llmobs_metric metric = llmobs_metric_of(obs, known[j]);
            if (registry->series[i].metric == metric.number - 1) {
                int64_t value = (int64_t)*llmobsi_shared_cell(registry, registry->series[i].cell);
                CHECK(value >= 0 && (!at_end || value == 0));
            }
        }
    }
}

static void check_records(llmobs* obs)
{
    llmobsi_requests* requests =
        llmobsi_requests_of(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder);
    uint32_t place = (uint32_t)requests->free;
    uint32_t free_count = 0;
    while (place != 0 && free_count <= requests->count) {
        free_count++;
        place = requests->records[place - 1].link;
    }
    CHECK(free_count == requests->count);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static play with;
    llmobs_config config = llmobs_config_default();
    llmobs_stats stats;
    uint64_t logs = 0;
    size_t i;
    memset(&with, 0, sizeof with);
    now_ns = UINT64_C(1764000000000000000);
    config.host_pumped = true;
    config.span_slots = 256;
    config.max_threads = 2;
    config.requests = 16;
    config.sessions = 16;
    config.recent_requests = 16;
    config.metric_families = LLMOBS_FAMILY_ALL;
    config.clock.unix_ns = fake_clock;
    config.slow_request_ms = 1;
    config.audit = audit;
    config.key.secret = "0123456789abcdef0123456789abcdef";
    config.key.secret_size = 32;
    if (size > 0) {
        config.sample_ratio = (data[0] & 1u) != 0 ? LLMOBS_SAMPLE_NONE : 1.0;
        config.vocabulary = (uint32_t)(data[0] / 2 % 16);
    }
    with.obs = llmobs_open(&config, NULL);
    CHECK(with.obs != NULL && llmobs_export_to(with.obs, take, &logs) == LLMOBS_OK);
    for (i = 1; i + 1 < size; i += 2) {
        go(&with, data[i], data[i + 1]);
    }
    check_gauges(with.obs, false);
    for (i = 0; i < SPANS; i++) {
        llmobs_span_end(with.spans[i]);
    }
    now_ns = UINT64_C(3000000000000000000); /* the clock may have gone back by days */
    for (i = 0; i < 3; i++) { /* what nobody ended any more */
        now_ns += UINT64_C(4000) * 1000000000;
        (void)llmobs_flush(with.obs, 5000);
    }
    check_gauges(with.obs, true);
    check_records(with.obs);
    stats.size = sizeof stats;
    (void)llmobs_close_with_stats(with.obs, &stats);
    CHECK(stats.requests_begun == with.begun);
    CHECK(stats.requests_begun == stats.requests_ended + stats.requests_expired);
    CHECK(stats.requests_live == 0);
    CHECK(stats.log_records == stats.requests_ended);
    CHECK(logs + stats.dropped[LLMOBS_DROP_POOL] >= stats.requests_ended);
    return 0;
}
