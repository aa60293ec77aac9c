/* What the spans and the log record of one request say in each vocabulary: written by hand from
   OpenTelemetry's conventions (1.41.1 and the newest), OpenInference's, and the article. */

#define GENAI_CALL                                                                                \
    "gen_ai.operation.name=chat\n"                                                                \
    "gen_ai.provider.name=openai\n"                                                               \
    "gen_ai.request.model=gpt-4o-mini\n"                                                          \
    "gen_ai.response.model=gpt-4o-mini-2024\n"                                                    \
    "gen_ai.prompt.name=greeting\n"
#define GENAI_VERSION "gen_ai.prompt.version=7\n"
#define GENAI_TOKENS                                                                              \
    "gen_ai.usage.input_tokens=812\n"                                                             \
    "gen_ai.usage.output_tokens=96\n"                                                             \
    "gen_ai.usage.cache_read.input_tokens=512\n"                                                  \
    "gen_ai.usage.reasoning.output_tokens=32\n"
#define GENAI_CREATION "gen_ai.usage.cache_creation.input_tokens=64\n"
#define GENAI_WRITE_AND_MEDIA                                                                     \
    "gen_ai.usage.cache_write.input_tokens=64\n"                                                  \
    "gen_ai.usage.audio.input_tokens=16\n"                                                        \
    "gen_ai.usage.audio.output_tokens=8\n"                                                        \
    "gen_ai.usage.image.input_tokens=4\n"                                                         \
    "gen_ai.usage.image.output_tokens=2\n"
#define GENAI_ANSWER                                                                              \
    "gen_ai.response.finish_reasons=[stop]\n"                                                     \
    "gen_ai.request.stream=true\n"                                                                \
    "gen_ai.response.time_to_first_chunk=0.25\n"                                                  \
    "gen_ai.usage.cost=0.0001794\n"                                                               \
    "enduser.pseudo.id=hmac\n"
#define GENAI_TOOL "gen_ai.tool.name=search\n"

#define ARTICLE_CALL                                                                              \
    "model.name=gpt-4o-mini\n"                                                                    \
    "tokens.input=812\n"                                                                          \
    "tokens.output=96\n"                                                                          \
    "cost.usd=0.0001794\n"

#define OPENINFERENCE_CALL                                                                        \
    "openinference.span.kind=LLM\n"                                                               \
    "llm.model_name=gpt-4o-mini-2024\n"                                                           \
    "llm.provider=openai\n"                                                                       \
    "llm.finish_reason=stop\n"                                                                    \
    "llm.prompt_template.version=7\n"                                                             \
    "llm.token_count.prompt=812\n"                                                                \
    "llm.token_count.completion=96\n"                                                             \
    "llm.token_count.total=908\n"                                                                 \
    "llm.token_count.prompt_details.cache_read=512\n"                                             \
    "llm.token_count.prompt_details.cache_write=64\n"                                             \
    "llm.token_count.prompt_details.audio=16\n"                                                   \
    "llm.token_count.completion_details.reasoning=32\n"                                           \
    "llm.token_count.completion_details.audio=8\n"                                                \
    "llm.cost.total=0.0001794\n"
#define KIND(kind) "openinference.span.kind=" kind "\n"
#define OPERATION(operation) "gen_ai.operation.name=" operation "\n"
#define TOOL "tool.name=search\n"

#define USER "user.id=hmac\n"
#define OURS                                                                                      \
    "llmobs.request.id=req-17\n"                                                                  \
    "session.id=hmac\n"                                                                           \
    "llmobs.feature=support\n"                                                                    \
    "llmobs.request.tool_calls=1\n"

typedef struct vocabulary_golden {
    uint32_t vocabulary;
    const char* name; /* of the root span */
    const char* root;
    const char* retrieval; /* what the spans of the phases say, */
    const char* prompt;
    const char* model;
    const char* guardrails;
    const char* tool;
    const char* named_tool; /* and one that llmobs_tool_begin began */
    const char* other;
} vocabulary_golden;

static const vocabulary_golden vocabulary_goldens[] = {
    {LLMOBS_VOCABULARY_GENAI, "chat gpt-4o-mini",
     GENAI_CALL GENAI_VERSION GENAI_TOKENS GENAI_WRITE_AND_MEDIA GENAI_ANSWER OURS,
     OPERATION("retrieval"), "", "", "", OPERATION("execute_tool"),
     OPERATION("execute_tool") GENAI_TOOL, ""},
    {LLMOBS_VOCABULARY_GENAI_1_41, "chat gpt-4o-mini",
     GENAI_CALL GENAI_TOKENS GENAI_CREATION GENAI_ANSWER OURS,
     OPERATION("retrieval"), "", "", "", OPERATION("execute_tool"),
     OPERATION("execute_tool") GENAI_TOOL, ""},
    {LLMOBS_VOCABULARY_GENAI | LLMOBS_VOCABULARY_GENAI_1_41, "chat gpt-4o-mini",
     GENAI_CALL GENAI_VERSION GENAI_TOKENS GENAI_CREATION GENAI_WRITE_AND_MEDIA GENAI_ANSWER OURS,
     OPERATION("retrieval"), "", "", "", OPERATION("execute_tool"),
     OPERATION("execute_tool") GENAI_TOOL, ""},
    {LLMOBS_VOCABULARY_ARTICLE, "llm_chain", ARTICLE_CALL USER, "", "", "", "", "", TOOL, ""},
    {LLMOBS_VOCABULARY_OPENINFERENCE, "chat gpt-4o-mini", OPENINFERENCE_CALL USER OURS,
     KIND("RETRIEVER"), KIND("PROMPT"), KIND("CHAIN"), KIND("GUARDRAIL"), KIND("TOOL"),
     KIND("TOOL") TOOL, KIND("CHAIN")},
    {LLMOBS_VOCABULARY_GENAI | LLMOBS_VOCABULARY_OPENINFERENCE | LLMOBS_VOCABULARY_ARTICLE,
     "chat gpt-4o-mini",
     GENAI_CALL GENAI_VERSION GENAI_TOKENS GENAI_WRITE_AND_MEDIA GENAI_ANSWER
         OPENINFERENCE_CALL ARTICLE_CALL USER OURS,
     OPERATION("retrieval") KIND("RETRIEVER"), KIND("PROMPT"), KIND("CHAIN"), KIND("GUARDRAIL"),
     OPERATION("execute_tool") KIND("TOOL"),
     OPERATION("execute_tool") KIND("TOOL") GENAI_TOOL TOOL, KIND("CHAIN")},
};

/* ---- the log record ------------------------------------------------------------------------ */

typedef struct record_golden {
    uint32_t vocabulary;
    const char* record;
} record_golden;

/* In its order, an attribute a line. Where several vocabularies are chosen, all that each says. */
#define RECORD_OURS_BEFORE                                                                        \
    "guardrail.passed=true\n"                                                                     \
    "llmobs.request.id=req-17\n"
#define RECORD_GENAI_CALL                                                                         \
    "enduser.pseudo.id=hmac\n"                                                                    \
    "gen_ai.request.model=gpt-4o-mini\n"                                                          \
    "llmobs.input.hash=hmac\n"                                                                    \
    "llmobs.output.hash=hmac\n"                                                                   \
    "gen_ai.response.finish_reasons=[stop]\n"                                                     \
    "session.id=hmac\n"                                                                           \
    "llmobs.feature=support\n"                                                                    \
    "gen_ai.provider.name=openai\n"                                                               \
    "gen_ai.operation.name=chat\n"                                                                \
    "gen_ai.response.model=gpt-4o-mini-2024\n"                                                    \
    "gen_ai.prompt.name=greeting\n"
#define RECORD_LENGTHS                                                                            \
    "llmobs.input.length=19\n"                                                                    \
    "llmobs.output.length=12\n"
#define RECORD_GENAI_TOKENS                                                                       \
    "gen_ai.usage.input_tokens=812\n"                                                             \
    "gen_ai.usage.output_tokens=96\n"                                                             \
    "gen_ai.usage.cache_read.input_tokens=512\n"
#define RECORD_GENAI_MEDIA                                                                        \
    "gen_ai.usage.audio.input_tokens=16\n"                                                        \
    "gen_ai.usage.audio.output_tokens=8\n"                                                        \
    "gen_ai.usage.image.input_tokens=4\n"                                                         \
    "gen_ai.usage.image.output_tokens=2\n"
#define RECORD_GENAI_END                                                                          \
    "llmobs.request.duration=0.25\n"                                                              \
    "gen_ai.response.time_to_first_chunk=0.25\n"                                                  \
    "llmobs.request.retries=0\n"                                                                  \
    "llmobs.guardrail.verdicts=0\n"                                                               \
    "gen_ai.usage.cost=0.0001794\n"                                                               \
    "llmobs.cost.nano_usd=179400\n"

static const record_golden record_goldens[] = {
    {LLMOBS_VOCABULARY_GENAI,
     RECORD_OURS_BEFORE RECORD_GENAI_CALL "gen_ai.prompt.version=7\n" RECORD_LENGTHS
         RECORD_GENAI_TOKENS "gen_ai.usage.cache_write.input_tokens=64\n"
         "gen_ai.usage.reasoning.output_tokens=32\n" RECORD_GENAI_MEDIA RECORD_GENAI_END},
    {LLMOBS_VOCABULARY_GENAI_1_41,
     RECORD_OURS_BEFORE RECORD_GENAI_CALL RECORD_LENGTHS RECORD_GENAI_TOKENS
         "gen_ai.usage.cache_creation.input_tokens=64\n"
         "gen_ai.usage.reasoning.output_tokens=32\n" RECORD_GENAI_END},
    {LLMOBS_VOCABULARY_ARTICLE,
     "guardrail.passed=true\n"
     "request_id=req-17\n"
     "user.id=hmac\n"
     "model.name=gpt-4o-mini\n"
     "input_hash=hmac\n"
     "output_hash=hmac\n"
     "input_length=19\n"
     "output_length=12\n"
     "tokens.input=812\n"
     "tokens.output=96\n"
     "latency_ms=250\n"
     "cost.usd=0.0001794\n"},
    {LLMOBS_VOCABULARY_OPENINFERENCE,
     RECORD_OURS_BEFORE
     "user.id=hmac\n"
     "llmobs.input.hash=hmac\n"
     "llmobs.output.hash=hmac\n"
     "llm.finish_reason=stop\n"
     "session.id=hmac\n"
     "llmobs.feature=support\n"
     "llm.provider=openai\n"
     "llm.prompt_template.version=7\n" RECORD_LENGTHS
     "llm.token_count.prompt=812\n"
     "llm.token_count.completion=96\n"
     "llm.token_count.prompt_details.cache_read=512\n"
     "llm.token_count.prompt_details.cache_write=64\n"
     "llm.token_count.completion_details.reasoning=32\n"
     "llm.token_count.prompt_details.audio=16\n"
     "llm.token_count.completion_details.audio=8\n"
     "llmobs.request.duration=0.25\n"
     "llmobs.request.retries=0\n"
     "llmobs.guardrail.verdicts=0\n"
     "llm.cost.total=0.0001794\n"
     "llmobs.cost.nano_usd=179400\n"
     "llm.model_name=gpt-4o-mini-2024\n"
     "llm.token_count.total=908\n"},
};

/* What a record says and no span does. */
static const char* const record_alone[] = {
    "guardrail.passed",  "llmobs.input.hash",       "llmobs.output.hash",
    "input_hash",        "output_hash",             "llmobs.input.length",
    "input_length",      "llmobs.output.length",    "output_length",
    "request_id",        "llmobs.request.duration", "latency_ms",
    "llmobs.request.retries", "llmobs.guardrail.verdicts", "llmobs.cost.nano_usd"};
