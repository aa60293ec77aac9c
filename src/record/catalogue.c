/* The metrics that llmobs knows, as definitions: LLMOBS_METRICS says it all but for the buckets and
   the labels, which many of them share. */

/* ---- buckets ------------------------------------------------------------------------------- */

#define LLMOBS_I_CATALOGUE_BOUNDS_MOST 22 /* bounds of the longest set */

/* X(name, upper bounds ...). An `le` is part of what a dashboard or a rule asks for, so each set is
   that of the convention or the engine whose names go with it. Exceptions: PHASE goes on where the
   usual 0.1 to 10 s end, since a quantile can't be told above the last bound; VLLM_LENGTH ends at a
   million, where vLLM's ends at the model's context; for CALLS no set is published. */
#define LLMOBS_I_BOUNDS(X)                                                                        \
    X(NONE, 0)                                                                                    \
    X(PHASE, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)                                 \
    X(TOKENS, 1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216,    \
      67108864)                                                                                   \
    X(OPERATION, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, \
      81.92)                                                                                      \
    X(OUTPUT_TOKEN, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5)        \
    X(FIRST_TOKEN, 0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5,   \
      7.5, 10)                                                                                    \
    X(CALLS, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500)                                               \
    X(SCORE, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)                                      \
    X(VLLM_FIRST_TOKEN, 0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, \
      5, 7.5, 10, 20, 40, 80, 160, 640, 2560)                                                     \
    X(VLLM_TOKEN, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5,  \
      10, 20, 40, 80)                                                                             \
    X(VLLM_REQUEST, 0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480,  \
      960, 1920, 7680)                                                                            \
    X(VLLM_LENGTH, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000,     \
      100000, 200000, 500000, 1000000)                                                            \
    X(VLLM_ITERATION, 1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)             \
    X(VLLM_N, 1, 2, 5, 10, 20)                                                                    \
    X(VLLM_BLOCK, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60,  \
      120, 300, 600, 1200, 1800)

typedef enum llmobsi_bounds_set {
#define LLMOBS_I_BOUNDS_ID(name, ...) LLMOBS_I_BOUNDS_##name,
    LLMOBS_I_BOUNDS(LLMOBS_I_BOUNDS_ID)
#undef LLMOBS_I_BOUNDS_ID
    LLMOBS_I_BOUNDS_COUNT
} llmobsi_bounds_set;

/* One more than the longest set, so that a 0 ends each. */
static const double llmobsi_bounds[LLMOBS_I_BOUNDS_COUNT][LLMOBS_I_CATALOGUE_BOUNDS_MOST + 1] = {
#define LLMOBS_I_BOUNDS_ROW(name, ...) {__VA_ARGS__},
    LLMOBS_I_BOUNDS(LLMOBS_I_BOUNDS_ROW)
#undef LLMOBS_I_BOUNDS_ROW
};

/* ---- labels -------------------------------------------------------------------------------- */

/* X(name, the set that stands for it without user ids, labels ...). */
#define LLMOBS_I_LABELS(X)                                                                        \
    X(NONE, NONE, NULL)                                                                           \
    X(TOKENS_BY_USER, TOKENS, "model", "direction", "user_id", "feature")                         \
    X(TOKENS, TOKENS, "model", "direction", "feature")                                            \
    X(COST_BY_USER, COST, "model", "user_id", "feature")                                          \
    X(COST, COST, "model", "feature")                                                             \
    X(PHASE, PHASE, "phase")                                                                      \
    X(GUARDRAIL, GUARDRAIL, "rule", "action")                                                     \
    X(KIND, KIND, "model", "feature", "kind")                                                     \
    X(RULE, RULE, "rule")                                                                         \
    X(REQUESTS, REQUESTS, "model", "feature", "error_type")                                       \
    X(DETECTOR, DETECTOR, "detector")                                                             \
    X(DETECTOR_TEST, DETECTOR_TEST, "detector", "test")                                           \
    X(DETECTOR_VERDICT, DETECTOR_VERDICT, "detector", "verdict")                                  \
    X(JUDGE, JUDGE, "judge", "verdict")                                                           \
    X(SAMPLED, SAMPLED, "reason", "outcome")                                                      \
    X(JUDGE_CATEGORY, JUDGE_CATEGORY, "judge", "category")                                        \
    X(FEATURE, FEATURE, "feature")                                                                \
    X(GENAI_CALL, GENAI_CALL, "gen_ai.operation.name", "gen_ai.provider.name",                    \
      "gen_ai.request.model", "gen_ai.response.model", "server.address", "server.port")           \
    X(GENAI_OPERATION, GENAI_OPERATION, "gen_ai.operation.name", "gen_ai.provider.name",          \
      "gen_ai.request.model", "gen_ai.response.model", "server.address", "server.port",           \
      "error.type")                                                                               \
    X(GENAI_TOKEN, GENAI_TOKEN, "gen_ai.operation.name", "gen_ai.provider.name",                  \
      "gen_ai.request.model", "gen_ai.response.model", "server.address", "server.port",           \
      "gen_ai.token.type")                                                                        \
    X(GENAI_USAGE, GENAI_USAGE, "gen_ai.operation.name", "gen_ai.provider.name",                  \
      "gen_ai.request.model", "gen_ai.response.model", "server.address", "server.port",           \
      "gen_ai.token.modality")                                                                    \
    X(GENAI_AGENT, GENAI_AGENT, "gen_ai.agent.name", "error.type")                                \
    X(GENAI_AGENT_CALLS, GENAI_AGENT_CALLS, "gen_ai.agent.name")                                  \
    X(GENAI_TOOL, GENAI_TOOL, "gen_ai.operation.name", "gen_ai.tool.name", "error.type")          \
    X(GENAI_WORKFLOW, GENAI_WORKFLOW, "gen_ai.workflow.name", "error.type")                       \
    X(ENGINE, ENGINE, "model_name", "engine")                                                     \
    X(ENGINE_REASON, ENGINE_REASON, "model_name", "engine", "reason")                             \
    X(ENGINE_SLEEP, ENGINE_SLEEP, "model_name", "engine", "sleep_state")                          \
    X(ENGINE_SOURCE, ENGINE_SOURCE, "model_name", "engine", "source")                             \
    X(ENGINE_FINISH, ENGINE_FINISH, "model_name", "engine", "finished_reason")                    \
    X(ENGINE_POSITION, ENGINE_POSITION, "model_name", "engine", "position")                       \
    X(POSITION, POSITION, "position")

typedef enum llmobsi_label_set {
#define LLMOBS_I_LABELS_ID(name, without, ...) LLMOBS_I_LABELS_##name,
    LLMOBS_I_LABELS(LLMOBS_I_LABELS_ID)
#undef LLMOBS_I_LABELS_ID
    LLMOBS_I_LABELS_COUNT
} llmobsi_label_set;

static const char* const llmobsi_label_sets[LLMOBS_I_LABELS_COUNT][LLMOBS_LABELS_MAX] = {
#define LLMOBS_I_LABELS_ROW(name, without, ...) {__VA_ARGS__},
    LLMOBS_I_LABELS(LLMOBS_I_LABELS_ROW)
#undef LLMOBS_I_LABELS_ROW
};

static const uint8_t llmobsi_label_sets_without_user[LLMOBS_I_LABELS_COUNT] = {
#define LLMOBS_I_LABELS_WITHOUT(name, without, ...) LLMOBS_I_LABELS_##without,
    LLMOBS_I_LABELS(LLMOBS_I_LABELS_WITHOUT)
#undef LLMOBS_I_LABELS_WITHOUT
};

/* ---- definitions --------------------------------------------------------------------------- */

#define LLMOBS_I_IN_LLM LLMOBS_FAMILY_LLM
#define LLMOBS_I_IN_GENAI_1_41 LLMOBS_FAMILY_GENAI_1_41
#define LLMOBS_I_IN_GENAI LLMOBS_FAMILY_GENAI
#define LLMOBS_I_IN_GENAI_BOTH (LLMOBS_FAMILY_GENAI_1_41 | LLMOBS_FAMILY_GENAI)
#define LLMOBS_I_IN_VLLM LLMOBS_FAMILY_VLLM
#define LLMOBS_I_IN_LLAMACPP LLMOBS_FAMILY_LLAMACPP

typedef struct llmobsi_known_metric {
    const char* name;
    const char* unit;
    const char* help;
    uint8_t family; /* bits: one definition may serve two families */
    uint8_t instrument;
    uint8_t number;
    uint8_t bounds;
    uint8_t labels;
} llmobsi_known_metric;

static const llmobsi_known_metric llmobsi_known_metrics[LLMOBS_KNOWN_COUNT] = {
#define LLMOBS_I_KNOWN(id, family, name, unit, instrument, number, bounds, labels, help)           \
    {name, unit, help, LLMOBS_I_IN_##family, LLMOBS_##instrument, LLMOBS_NUMBER_##number,         \
     LLMOBS_I_BOUNDS_##bounds, LLMOBS_I_LABELS_##labels},
    LLMOBS_METRICS(LLMOBS_I_KNOWN)
#undef LLMOBS_I_KNOWN
};

llmobsi_fn const char* const* llmobsi_catalogue_labels(llmobs_known known, bool user_ids)
{
    uint8_t set = llmobsi_known_metrics[known].labels;
    return llmobsi_label_sets[user_ids ? set : llmobsi_label_sets_without_user[set]];
}

/* The families it belongs to, LLMOBS_FAMILY_*. */
llmobsi_fn uint32_t llmobsi_catalogue_family(llmobs_known known)
{
    return llmobsi_known_metrics[known].family;
}

/* Fills a whole definition; without user_ids the label user_id is left out. */
llmobsi_fn void llmobsi_catalogue_info(llmobs_known known, bool user_ids, llmobs_metric_info* info)
{
    const llmobsi_known_metric* metric = &llmobsi_known_metrics[known];
    *info = llmobs_metric_info_default();
    info->name = metric->name;
    info->unit = metric->unit;
    info->help = metric->help;
    info->instrument = (llmobs_instrument)metric->instrument;
    info->number = (llmobs_number)metric->number;
    info->labels = llmobsi_catalogue_labels(known, user_ids);
    while (info->label_count < LLMOBS_LABELS_MAX && info->labels[info->label_count] != NULL) {
        info->label_count++;
    }
    info->bounds = llmobsi_bounds[metric->bounds];
    while (info->bounds[info->bound_count] > 0.0) {
        info->bound_count++;
    }
    /* Which request was that slow, or that dear? */
    info->exemplars = info->instrument == LLMOBS_HISTOGRAM || known == LLMOBS_METRIC_LLM_COST;
}

/* The place of the label that is a user's id and becomes a pseudonym; LLMOBS_I_NO_LABEL: none. */
llmobsi_fn int llmobsi_catalogue_user_label(llmobs_known known, bool user_ids)
{
    const char* const* labels = llmobsi_catalogue_labels(known, user_ids);
    int place;
    for (place = 0; place < LLMOBS_LABELS_MAX && labels[place] != NULL; place++) {
        if (strcmp(labels[place], "user_id") == 0) {
            return place;
        }
    }
    return LLMOBS_I_NO_LABEL;
}
