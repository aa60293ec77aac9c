/* The metrics that llmobs knows: each against a second list, written by hand from the conventions
   and the engines, of what a dashboard expects to find; and from its definition to the scrape. */
#include "tap.h"

#include "llmobs_private.h"

#include "keeper.h"

#define LLM "llm"
#define OLD "genai 1.41"
#define NEW "genai"
#define BOTH "genai, both"
#define VLLM "vllm"
#define LLAMACPP "llamacpp"

#define CALL                                                                                      \
    "gen_ai.operation.name,gen_ai.provider.name,gen_ai.request.model,gen_ai.response.model,"      \
    "server.address,server.port"
#define MODEL "model_name,engine"

#define TOKEN_BUCKETS                                                                             \
    "1 4 16 64 256 1024 4096 16384 65536 262144 1048576 4194304 16777216 67108864"
#define DURATION_BUCKETS                                                                          \
    "0.01 0.02 0.04 0.08 0.16 0.32 0.64 1.28 2.56 5.12 10.24 20.48 40.96 81.92"
#define PER_TOKEN_BUCKETS "0.01 0.025 0.05 0.075 0.1 0.15 0.2 0.3 0.4 0.5 0.75 1 2.5"
#define FIRST_TOKEN_BUCKETS                                                                       \
    "0.001 0.005 0.01 0.02 0.04 0.06 0.08 0.1 0.25 0.5 0.75 1 2.5 5 7.5 10"
#define REQUEST_BUCKETS                                                                           \
    "0.3 0.5 0.8 1 1.5 2 2.5 5 10 15 20 30 40 50 60 120 240 480 960 1920 7680"
#define LENGTH_BUCKETS                                                                            \
    "1 2 5 10 20 50 100 200 500 1000 2000 5000 10000 20000 50000 100000 200000 500000 1000000"
#define BLOCK_BUCKETS                                                                             \
    "0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5 1 2 5 10 20 30 60 120 300 600 1200 1800"
#define PHASE_BUCKETS "0.1 0.25 0.5 1 2.5 5 10 20 30 60 120 300"
#define CALL_BUCKETS "1 2 3 5 10 20 50 100 200 500"

/* What a scrape shows: the name on the TYPE line of a counter is that of its samples. */
typedef struct expected {
    const char* family;
    const char* exposed;
    const char* type;
    const char* labels;
    const char* bounds;
} expected;

static const expected wanted[] = {
    {LLM, "llm_tokens_total", "counter", "model,direction,user_id,feature", ""},
    {LLM, "llm_cost_usd_total", "counter", "model,user_id,feature", ""},
    {LLM, "llm_cost_unknown_requests_total", "counter", "model,feature", ""},
    {LLM, "llm_tokens_by_kind_total", "counter", "model,feature,kind", ""},
    {LLM, "llm_phase_duration_seconds", "histogram", "phase", PHASE_BUCKETS},
    {LLM, "llm_guardrail_triggers_total", "counter", "rule,action", ""},
    {LLM, "llm_guardrail_verdicts_total", "counter", "rule", ""},
    {LLM, "llm_requests_total", "counter", "model,feature,error_type", ""},
    {LLM, "llm_request_duration_seconds", "histogram", "model,feature", PHASE_BUCKETS},
    {LLM, "llm_time_to_first_token_seconds", "histogram", "model,feature",
     FIRST_TOKEN_BUCKETS " 20 40 80 160 640 2560"},
    {LLM, "llm_good_requests_total", "counter", "model,feature", ""},
    {LLM, "llm_drift_score", "gauge", "detector", ""},
    {LLM, "llm_drift_p_value", "gauge", "detector,test", ""},
    {LLM, "llm_drift_runs_total", "counter", "detector,verdict", ""},
    {LLM, "llm_drift_early_warnings_total", "counter", "detector", ""},
    {LLM, "llm_judge_evaluations_total", "counter", "judge,verdict", ""},
    {LLM, "llm_judge_score", "histogram", "judge,category",
     "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1"},
    {LLM, "llm_sampled_requests_total", "counter", "reason,outcome", ""},
    {LLM, "llm_active_sessions", "gauge", "feature", ""},

    {OLD, "gen_ai_client_token_usage", "histogram", CALL ",gen_ai.token.type", TOKEN_BUCKETS},
    {BOTH, "gen_ai_client_operation_duration_seconds", "histogram", CALL ",error.type",
     DURATION_BUCKETS},
    {OLD, "gen_ai_client_operation_time_to_first_chunk_seconds", "histogram", CALL,
     DURATION_BUCKETS},
    {OLD, "gen_ai_client_operation_time_per_output_chunk_seconds", "histogram", CALL,
     DURATION_BUCKETS},
    {BOTH, "gen_ai_server_request_duration_seconds", "histogram", CALL ",error.type",
     DURATION_BUCKETS},
    {BOTH, "gen_ai_server_time_per_output_token_seconds", "histogram", CALL, PER_TOKEN_BUCKETS},
    {BOTH, "gen_ai_server_time_to_first_token_seconds", "histogram", CALL, FIRST_TOKEN_BUCKETS},

    {NEW, "gen_ai_client_inference_duration_seconds", "histogram", CALL ",error.type",
     DURATION_BUCKETS},
    {NEW, "gen_ai_client_inference_time_to_first_chunk_seconds", "histogram", CALL,
     DURATION_BUCKETS},
    {NEW, "gen_ai_client_inference_time_per_output_chunk_seconds", "histogram", CALL,
     DURATION_BUCKETS},
    {NEW, "gen_ai_client_inference_usage_input_tokens_total", "counter",
     CALL ",gen_ai.token.modality", ""},
    {NEW, "gen_ai_client_inference_usage_output_tokens_total", "counter",
     CALL ",gen_ai.token.modality", ""},
    {NEW, "gen_ai_client_inference_usage_cache_read_input_tokens_total", "counter",
     CALL ",gen_ai.token.modality", ""},
    {NEW, "gen_ai_client_inference_usage_cache_write_input_tokens_total", "counter",
     CALL ",gen_ai.token.modality", ""},
    {NEW, "gen_ai_client_inference_usage_reasoning_output_tokens_total", "counter",
     CALL ",gen_ai.token.modality", ""},
    {NEW, "gen_ai_client_inference_operation_input_tokens", "histogram", CALL ",error.type",
     TOKEN_BUCKETS},
    {NEW, "gen_ai_client_inference_operation_output_tokens", "histogram", CALL ",error.type",
     TOKEN_BUCKETS},
    {NEW, "gen_ai_client_embeddings_duration_seconds", "histogram", CALL ",error.type",
     DURATION_BUCKETS},
    {NEW, "gen_ai_client_embeddings_operation_input_tokens", "histogram", CALL ",error.type",
     TOKEN_BUCKETS},
    {NEW, "gen_ai_invoke_agent_duration_seconds", "histogram", "gen_ai.agent.name,error.type",
     DURATION_BUCKETS},
    {NEW, "gen_ai_invoke_agent_inference_calls", "histogram", "gen_ai.agent.name", CALL_BUCKETS},
    {NEW, "gen_ai_invoke_agent_tool_calls", "histogram", "gen_ai.agent.name", CALL_BUCKETS},
    {NEW, "gen_ai_execute_tool_duration_seconds", "histogram",
     "gen_ai.operation.name,gen_ai.tool.name,error.type", DURATION_BUCKETS},
    {NEW, "gen_ai_invoke_workflow_duration_seconds", "histogram",
     "gen_ai.workflow.name,error.type", DURATION_BUCKETS},

    {VLLM, "vllm:num_requests_running", "gauge", MODEL, ""},
    {VLLM, "vllm:num_requests_waiting", "gauge", MODEL, ""},
    {VLLM, "vllm:num_requests_waiting_by_reason", "gauge", MODEL ",reason", ""},
    {VLLM, "vllm:kv_cache_usage_perc", "gauge", MODEL, ""},
    {VLLM, "vllm:engine_sleep_state", "gauge", MODEL ",sleep_state", ""},
    {VLLM, "vllm:prefix_cache_queries_total", "counter", MODEL, ""},
    {VLLM, "vllm:prefix_cache_hits_total", "counter", MODEL, ""},
    {VLLM, "vllm:external_prefix_cache_queries_total", "counter", MODEL, ""},
    {VLLM, "vllm:external_prefix_cache_hits_total", "counter", MODEL, ""},
    {VLLM, "vllm:mm_cache_queries_total", "counter", MODEL, ""},
    {VLLM, "vllm:mm_cache_hits_total", "counter", MODEL, ""},
    {VLLM, "vllm:num_preemptions_total", "counter", MODEL, ""},
    {VLLM, "vllm:prompt_tokens_total", "counter", MODEL, ""},
    {VLLM, "vllm:prompt_tokens_by_source_total", "counter", MODEL ",source", ""},
    {VLLM, "vllm:prompt_tokens_cached_total", "counter", MODEL, ""},
    {VLLM, "vllm:prompt_tokens_recomputed_total", "counter", MODEL, ""},
    {VLLM, "vllm:generation_tokens_total", "counter", MODEL, ""},
    {VLLM, "vllm:request_success_total", "counter", MODEL ",finished_reason", ""},
    {VLLM, "vllm:corrupted_requests_total", "counter", MODEL, ""},
    {VLLM, "vllm:spec_decode_num_drafts_total", "counter", MODEL, ""},
    {VLLM, "vllm:spec_decode_num_draft_tokens_total", "counter", MODEL, ""},
    {VLLM, "vllm:spec_decode_num_accepted_tokens_total", "counter", MODEL, ""},
    {VLLM, "vllm:spec_decode_num_accepted_tokens_per_pos_total", "counter", MODEL ",position",
     ""},
    {VLLM, "vllm:time_to_first_token_seconds", "histogram", MODEL,
     FIRST_TOKEN_BUCKETS " 20 40 80 160 640 2560"},
    {VLLM, "vllm:inter_token_latency_seconds", "histogram", MODEL,
     PER_TOKEN_BUCKETS " 5 7.5 10 20 40 80"},
    {VLLM, "vllm:request_time_per_output_token_seconds", "histogram", MODEL,
     PER_TOKEN_BUCKETS " 5 7.5 10 20 40 80"},
    {VLLM, "vllm:e2e_request_latency_seconds", "histogram", MODEL, REQUEST_BUCKETS},
    {VLLM, "vllm:request_queue_time_seconds", "histogram", MODEL, REQUEST_BUCKETS},
    {VLLM, "vllm:request_inference_time_seconds", "histogram", MODEL, REQUEST_BUCKETS},
    {VLLM, "vllm:request_prefill_time_seconds", "histogram", MODEL, REQUEST_BUCKETS},
    {VLLM, "vllm:request_decode_time_seconds", "histogram", MODEL, REQUEST_BUCKETS},
    {VLLM, "vllm:request_prompt_tokens", "histogram", MODEL, LENGTH_BUCKETS},
    {VLLM, "vllm:request_generation_tokens", "histogram", MODEL, LENGTH_BUCKETS},
    {VLLM, "vllm:request_max_num_generation_tokens", "histogram", MODEL, LENGTH_BUCKETS},
    {VLLM, "vllm:request_params_max_tokens", "histogram", MODEL, LENGTH_BUCKETS},
    {VLLM, "vllm:request_prefill_kv_computed_tokens", "histogram", MODEL, LENGTH_BUCKETS},
    {VLLM, "vllm:iteration_tokens_total", "histogram", MODEL,
     "1 8 16 32 64 128 256 512 1024 2048 4096 8192 16384"},
    {VLLM, "vllm:request_params_n", "histogram", MODEL, "1 2 5 10 20"},
    {VLLM, "vllm:kv_block_lifetime_seconds", "histogram", MODEL, BLOCK_BUCKETS},
    {VLLM, "vllm:kv_block_idle_before_evict_seconds", "histogram", MODEL, BLOCK_BUCKETS},
    {VLLM, "vllm:kv_block_reuse_gap_seconds", "histogram", MODEL, BLOCK_BUCKETS},

    {LLAMACPP, "llamacpp:prompt_tokens_total", "counter", "", ""},
    {LLAMACPP, "llamacpp:prompt_tokens_cached_total", "counter", "", ""},
    {LLAMACPP, "llamacpp:prompt_seconds_total", "counter", "", ""},
    {LLAMACPP, "llamacpp:tokens_predicted_total", "counter", "", ""},
    {LLAMACPP, "llamacpp:tokens_predicted_seconds_total", "counter", "", ""},
    {LLAMACPP, "llamacpp:n_decode_total", "counter", "", ""},
    {LLAMACPP, "llamacpp:n_tokens_max", "gauge", "", ""},
    {LLAMACPP, "llamacpp:spec_decode_num_draft_tokens_total", "counter", "", ""},
    {LLAMACPP, "llamacpp:spec_decode_num_accepted_tokens_total", "counter", "", ""},
    {LLAMACPP, "llamacpp:spec_decode_num_drafts_total", "counter", "", ""},
    {LLAMACPP, "llamacpp:spec_decode_num_accepted_tokens_per_pos_total", "counter", "position",
     ""},
    {LLAMACPP, "llamacpp:prompt_tokens_seconds", "gauge", "", ""},
    {LLAMACPP, "llamacpp:predicted_tokens_seconds", "gauge", "", ""},
    {LLAMACPP, "llamacpp:requests_processing", "gauge", "", ""},
    {LLAMACPP, "llamacpp:requests_deferred", "gauge", "", ""},
    {LLAMACPP, "llamacpp:n_busy_slots_per_decode", "gauge", "", ""},
};

#define WANTED (sizeof wanted / sizeof wanted[0])

static uint32_t family_bits(const char* family)
{
    return strcmp(family, LLM) == 0    ? LLMOBS_FAMILY_LLM
           : strcmp(family, OLD) == 0  ? LLMOBS_FAMILY_GENAI_1_41
           : strcmp(family, NEW) == 0  ? LLMOBS_FAMILY_GENAI
           : strcmp(family, BOTH) == 0 ? LLMOBS_FAMILY_GENAI_1_41 | LLMOBS_FAMILY_GENAI
           : strcmp(family, VLLM) == 0 ? LLMOBS_FAMILY_VLLM
                                       : LLMOBS_FAMILY_LLAMACPP;
}

static const char* type_of(const llmobs_metric_info* info)
{
    return info->instrument == LLMOBS_COUNTER     ? "counter"
           : info->instrument == LLMOBS_HISTOGRAM ? "histogram"
                                                  : "gauge";
}

/* What Prometheus will call it: the rule of the definitions, and a counter's suffix. */
static const char* exposed_name(const llmobs_metric_info* info)
{
    static char name[LLMOBS_I_FAMILY_MOST + 8];
    size_t size = llmobsi_family_name(info, info->unit, name);
    strcpy(name + size, info->instrument == LLMOBS_COUNTER ? "_total" : "");
    return name;
}

static const expected* find_wanted(const char* exposed)
{
    size_t i;
    for (i = 0; i < WANTED; i++) {
        if (strcmp(wanted[i].exposed, exposed) == 0) {
            return &wanted[i];
        }
    }
    return NULL;
}

static llmobs_metric_info info_of(int known, bool user_ids)
{
    llmobs_metric_info info;
    memset(&info, 0xff, sizeof info);
    llmobsi_catalogue_info((llmobs_known)known, user_ids, &info);
    return info;
}

static const char* joined_labels(const llmobs_metric_info* info)
{
    static char text[600];
    size_t i;
    text[0] = '\0';
    for (i = 0; i < info->label_count; i++) {
        strcat(text, i > 0 ? "," : "");
        strcat(text, info->labels[i]);
    }
    return text;
}

static const char* joined_bounds(const llmobs_metric_info* info)
{
    static char text[600];
    size_t i;
    text[0] = '\0';
    for (i = 0; i < info->bound_count; i++) {
        sprintf(text + strlen(text), "%s%.12g", i > 0 ? " " : "", info->bounds[i]);
    }
    return text;
}

/* ---- the table ----------------------------------------------------------------------------- */

static void test_against_the_list(void)
{
    bool seen[WANTED] = {false};
    size_t i;
    int known;
    for (known = 0; known < (int)LLMOBS_KNOWN_COUNT; known++) {
        llmobs_metric_info info = info_of(known, true);
        const char* exposed = exposed_name(&info);
        const expected* one = find_wanted(exposed);
        if (!ok(one != NULL && !seen[one - wanted], exposed)) {
            continue;
        }
        seen[one - wanted] = true;
        is_str(type_of(&info), one->type, "... its type");
        is_str(joined_labels(&info), one->labels, "... its labels");
        is_str(joined_bounds(&info), one->bounds, "... its buckets");
        is_int(llmobsi_catalogue_family((llmobs_known)known), family_bits(one->family),
               "... its family");
    }
    for (i = 0; i < WANTED; i++) {
        if (!seen[i]) {
            ok(false, wanted[i].exposed);
        }
    }
    is_int(LLMOBS_KNOWN_COUNT, WANTED, "no metric is missing");
}

/* Durations and money in billionths, everything else whole; what a definition must have. */
static void test_definitions(void)
{
    int known;
    for (known = 0; known < (int)LLMOBS_KNOWN_COUNT; known++) {
        llmobs_metric_info info = info_of(known, true);
        llmobs_metric_info completed = info;
        bool fraction = strcmp(info.unit, "s") == 0 || strcmp(info.unit, "USD") == 0 ||
                        known == (int)LLMOBS_METRIC_LLM_JUDGE_SCORE;
        llmobs_number number = info.instrument == LLMOBS_GAUGE ? LLMOBS_NUMBER_DOUBLE
                               : fraction                      ? LLMOBS_NUMBER_NANO
                                                               : LLMOBS_NUMBER_INT;
        if (!ok(llmobsi_info_complete(&completed) &&
                    completed.number == info.number && info.number == number &&
                    info.size == sizeof info && strlen(info.help) > 10 &&
                    info.callback == NULL && info.max_series == 0 &&
                    (info.instrument == LLMOBS_HISTOGRAM) == (info.bound_count > 0),
                info.name)) {
            printf("# unit %s, number %d\n", info.unit, (int)info.number);
        }
    }
    ok(info_of(LLMOBS_METRIC_LLM_PHASE_DURATION, false).exemplars, "durations keep exemplars");
    ok(info_of(LLMOBS_METRIC_LLM_COST, false).exemplars, "so does cost");
    ok(!info_of(LLMOBS_METRIC_LLM_TOKENS, false).exemplars, "other counters do not");
}

static void test_user_label(void)
{
    int known;
    int with = 0;
    for (known = 0; known < (int)LLMOBS_KNOWN_COUNT; known++) {
        llmobs_metric_info info = info_of(known, false);
        bool both = llmobsi_catalogue_user_label((llmobs_known)known, true) >= 0;
        with += both;
        if (strstr(joined_labels(&info), "user") != NULL ||
            llmobsi_catalogue_user_label((llmobs_known)known, false) != -1 ||
            info.label_count + (both ? 1 : 0) != info_of(known, true).label_count) {
            ok(false, info.name);
        }
    }
    is_int(with, 2, "two metrics have users' ids, none without being asked");
    is_int(llmobsi_catalogue_user_label(LLMOBS_METRIC_LLM_TOKENS, true), 2, "tokens: the third");
    is_int(llmobsi_catalogue_user_label(LLMOBS_METRIC_LLM_COST, true), 1, "cost: the second");
    ok(info_of(LLMOBS_METRIC_LLM_TOKENS, false).label_count == 3, "three labels are left");
}

/* ---- in an instance ------------------------------------------------------------------------ */

static void count_note(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)text;
    *(uint64_t*)user += note == LLMOBS_NOTE_METRIC_CATALOGUE ? count : 0;
}

static llmobs* open_with(uint32_t families, bool user_ids, uint64_t* notes)
{
    static const char key[] = "a key of thirty-two bytes, always";
    llmobs_config config = pumped_config();
    config.metric_families = families;
    config.metric_user_ids = user_ids;
    config.key.secret = key;
    config.key.secret_size = sizeof key;
    config.note = notes != NULL ? count_note : NULL;
    config.note_user = notes;
    return llmobs_open(&config, NULL);
}

static bool is_there(llmobs* obs, int known)
{
    return llmobs_metric_of(obs, (llmobs_known)known).number != 0;
}

static void test_families(void)
{
    static const uint32_t families[] = {
        LLMOBS_OFF,  0, LLMOBS_FAMILY_LLM, LLMOBS_FAMILY_GENAI_1_41, LLMOBS_FAMILY_GENAI,
        LLMOBS_FAMILY_VLLM, LLMOBS_FAMILY_LLAMACPP, LLMOBS_FAMILY_SELF, LLMOBS_FAMILY_ALL};
    size_t i;
    for (i = 0; i < sizeof families / sizeof families[0]; i++) {
        uint64_t notes = 0;
        llmobs* obs = open_with(families[i], false, &notes);
        uint32_t on = families[i] == LLMOBS_OFF ? 0 : families[i] == 0 ? 33 : families[i];
        uint64_t defined = 0;
        int wrong = 0;
        int known;
        char what[64];
        for (known = 0; known < (int)LLMOBS_KNOWN_COUNT; known++) {
            bool should = (llmobsi_catalogue_family((llmobs_known)known) & on) != 0;
            wrong += is_there(obs, known) != should;
            defined += should;
        }
        sprintf(what, "families %x: exactly theirs", families[i]);
        is_int(wrong, 0, what);
        is_int(stats_of(obs).metrics, defined, "... and no other");
        ok(llmobs_flush(obs, 1000) == LLMOBS_OK && notes == 0, "... without a complaint");
        (void)llmobs_close(obs);
    }
}

static void test_not_a_known_one(void)
{
    llmobs* obs = open_with(LLMOBS_FAMILY_ALL, false, NULL);
    is_int(llmobs_metric_of(obs, LLMOBS_KNOWN_COUNT).number, 0, "no metric stands at the end");
    is_int(llmobs_metric_of(obs, (llmobs_known)-1).number, 0, "nor before the start");
    is_int(llmobs_metric_of(NULL, LLMOBS_METRIC_LLM_TOKENS).number, 0, "nor without an instance");
    (void)llmobs_close(obs);
    is_int(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_TOKENS).number, 0, "nor in a closed one");
}

/* ---- the scrape ---------------------------------------------------------------------------- */

static char* scrape(llmobs* obs, llmobs_exposition exposition)
{
    size_t size = 4 << 20;
    char* text = (char*)malloc(size);
    if (llmobs_prometheus_print(obs, exposition, text, &size) != LLMOBS_OK) {
        text[0] = '\0';
    }
    return text;
}

static bool has_line(const char* text, const char* line)
{
    size_t size = strlen(line);
    const char* at = text;
    while ((at = strstr(at, line)) != NULL) {
        if ((at == text || at[-1] == '\n') && (at[size] == '\n' || at[size] == ' ')) {
            return true;
        }
        at++;
    }
    printf("# there is no line %s\n", line);
    return false;
}

/* One value into each, every label "x". */
static void record_all(llmobs* obs, bool user_ids)
{
    const char* const values[LLMOBS_LABELS_MAX] = {"x", "x", "x", "x", "x", "x", "x", "x"};
    int known;
    for (known = 0; known < (int)LLMOBS_KNOWN_COUNT; known++) {
        llmobs_metric metric = llmobs_metric_of(obs, (llmobs_known)known);
        llmobs_metric_info info = info_of(known, user_ids);
        size_t count = info.label_count;
        if (info.instrument == LLMOBS_COUNTER) {
            llmobs_counter_add(llmobs_counter_get(metric, values, count), 1234567890);
        } else if (info.instrument == LLMOBS_UPDOWN) {
            llmobs_updown_add(llmobs_updown_get(metric, values, count), 7);
        } else if (info.instrument == LLMOBS_GAUGE) {
            llmobs_gauge_set(llmobs_gauge_get(metric, values, count), 0.75);
        } else {
            llmobs_histogram_record(llmobs_histogram_get(metric, values, count), 3);
        }
    }
}

/* Every name with its type, as a Prometheus server reads it. */
static void test_every_name_is_scraped(void)
{
    llmobs* obs = open_with(LLMOBS_FAMILY_ALL & ~LLMOBS_FAMILY_SELF, false, NULL);
    char* text;
    size_t i;
    size_t types = 0;
    const char* at;
    record_all(obs, false);
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    for (i = 0; i < WANTED; i++) {
        char line[200];
        sprintf(line, "# TYPE %s %s", wanted[i].exposed, wanted[i].type);
        ok(has_line(text, line), line);
    }
    for (at = text; (at = strstr(at, "# TYPE ")) != NULL; at++) {
        types += strncmp(at, "# TYPE target_info ", 19) != 0;
    }
    is_int(types, WANTED, "and no other");
    is_int(stats_of(obs).metric_misused + stats_of(obs).metric_invalid, 0, "all are recorded");
    free(text);
    (void)llmobs_close(obs);
}

static void test_samples(void)
{
    static const char* const lines[] = {
        "llm_tokens_total{model=\"x\",direction=\"x\",feature=\"x\"} 1234567890",
        "llm_cost_usd_total{model=\"x\",feature=\"x\"} 1.23456789",
        "llm_active_sessions{feature=\"x\"} 7",
        "llm_guardrail_triggers_total{rule=\"x\",action=\"x\"} 1234567890",
        "llm_phase_duration_seconds_bucket{phase=\"x\",le=\"2.5\"} 0",
        "llm_phase_duration_seconds_bucket{phase=\"x\",le=\"5\"} 1",
        "llm_phase_duration_seconds_bucket{phase=\"x\",le=\"300\"} 1",
        "llm_phase_duration_seconds_bucket{phase=\"x\",le=\"+Inf\"} 1",
        "llm_phase_duration_seconds_sum{phase=\"x\"} 3",
        "vllm:kv_cache_usage_perc{model_name=\"x\",engine=\"x\"} 0.75",
        "vllm:num_requests_running{model_name=\"x\",engine=\"x\"} 7",
        "vllm:iteration_tokens_total_bucket{model_name=\"x\",engine=\"x\",le=\"8\"} 1",
        "vllm:num_requests_waiting_by_reason{model_name=\"x\",engine=\"x\",reason=\"x\"} 7",
        "llamacpp:prompt_tokens_total 1234567890",
        "llamacpp:prompt_seconds_total 1.23456789",
        "llamacpp:tokens_predicted_seconds_total 1.23456789",
        "llamacpp:n_tokens_max 0.75",
        "gen_ai_invoke_agent_tool_calls_count{gen_ai_agent_name=\"x\"} 1",
    };
    llmobs* obs = open_with(LLMOBS_FAMILY_ALL, false, NULL);
    char* text;
    size_t i;
    record_all(obs, false);
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        ok(has_line(text, lines[i]), lines[i]);
    }
    free(text);
    text = scrape(obs, LLMOBS_OPENMETRICS);
    ok(has_line(text, "# TYPE llm_cost_usd counter"), "OpenMetrics: the family has no suffix");
    ok(has_line(text, "# UNIT llm_cost_usd usd"), "... and a unit");
    ok(has_line(text, "# UNIT llamacpp:prompt_seconds seconds"), "... that is not there twice");
    ok(has_line(text, "# TYPE vllm:iteration_tokens_total histogram"), "... but of no histogram");
    ok(strstr(text, "# UNIT vllm:kv_cache_usage_perc") == NULL, "... nor where there is none");
    ok(strstr(text, "# UNIT llamacpp:prompt_tokens_seconds") == NULL, "tokens/s are no seconds");
    free(text);
    (void)llmobs_close(obs);
}

/* ---- users --------------------------------------------------------------------------------- */

static uint64_t tokens_of(llmobs* obs, const char* user)
{
    const char* const values[] = {"m", "input", user, "chat"};
    return llmobs_counter_read(
        llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_TOKENS), values, 4));
}

static void spend(llmobs* obs, const char* user, uint64_t tokens)
{
    const char* const values[] = {"m", "input", user, "chat"};
    const char* const cost[] = {"m", user, "chat"};
    llmobs_counter_add(
        llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_TOKENS), values, 4), tokens);
    llmobs_counter_add(
        llmobs_counter_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_COST), cost, 3), tokens);
}

static void test_users_are_pseudonyms(void)
{
    llmobs* obs = open_with(LLMOBS_FAMILY_LLM, true, NULL);
    llmobs* other = open_with(LLMOBS_FAMILY_LLM, true, NULL);
    char* text;
    char* elsewhere;
    const char* label;
    spend(obs, "alice@example.com", 7);
    spend(obs, "bob", 5);
    spend(other, "alice@example.com", 1);
    is_int(tokens_of(obs, "alice@example.com"), 7, "users are told apart");
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    elsewhere = scrape(other, LLMOBS_PROMETHEUS_TEXT);
    ok(strstr(text, "alice") == NULL && strstr(text, "bob") == NULL, "no id is exported");
    label = strstr(text, ",user_id=\"");
    if (ok(label != NULL && strspn(label + 10, "0123456789abcdef") == 32 && label[42] == '"',
           "but 32 hexadecimal digits")) {
        char quoted[64];
        sprintf(quoted, "%.43s", label);
        ok(strstr(elsewhere, quoted) != NULL, "which are the same where the key is");
        ok(strstr(strstr(text, "llm_cost_usd_total{"), quoted + 1) != NULL, "in both metrics");
    }
    free(text);
    free(elsewhere);
    (void)llmobs_close(obs);
    (void)llmobs_close(other);
}

/* Who passes an id that nobody asked for must not find it in another label. */
static void test_users_that_nobody_asked_for(void)
{
    llmobs* obs = open_with(LLMOBS_FAMILY_LLM, false, NULL);
    char* text;
    spend(obs, "alice", 7);
    text = scrape(obs, LLMOBS_PROMETHEUS_TEXT);
    ok(strstr(text, "alice") == NULL, "an id that comes uninvited is not exported");
    is_int(stats_of(obs).metric_misused, 2, "and the calls are counted");
    free(text);
    (void)llmobs_close(obs);
}

/* The article's rule "p95 above 10 s" can fire. */
static void test_phases_beyond_ten_seconds(void)
{
    llmobs* obs = open_with(LLMOBS_FAMILY_LLM, false, NULL);
    const char* const phase[] = {"model_call"};
    llmobs_histogram histogram =
        llmobs_histogram_get(llmobs_metric_of(obs, LLMOBS_METRIC_LLM_PHASE_DURATION), phase, 1);
    int i;
    for (i = 0; i < 100; i++) {
        llmobs_histogram_record(histogram, i < 90 ? 2.0 : 14.0);
    }
    ok(llmobs_histogram_quantile(histogram, 0.95).value > 10.0, "p95 of slow calls is above 10 s");
    ok(llmobs_histogram_quantile(histogram, 0.95).high <= 20.0, "and known to be at most 20 s");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_against_the_list();
    test_definitions();
    test_user_label();
    test_families();
    test_not_a_known_one();
    test_every_name_is_scraped();
    test_samples();
    test_users_are_pseudonyms();
    test_users_that_nobody_asked_for();
    test_phases_beyond_ten_seconds();
    return done();
}
