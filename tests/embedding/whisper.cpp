/* The names of whisper.h that docs/embedding.md's lines need, and a whisper that hears three
   segments. All of it is our own. */
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <cstdint>
#include <cstdio>

#define WHISPER_SAMPLE_RATE 16000

struct whisper_context {
    int fails;
};

struct whisper_state {
    int segments;
};

struct whisper_full_params {
    bool (*encoder_begin_callback)(whisper_context*, whisper_state*, void*);
    void* encoder_begin_callback_user_data;
    void (*new_segment_callback)(whisper_context*, whisper_state*, int, void*);
    void* new_segment_callback_user_data;
};

static int whisper_full_n_segments_from_state(whisper_state* state)
{
    return state->segments;
}

static int whisper_full_n_tokens_from_state(whisper_state*, int segment)
{
    return 10 + segment;
}

static int whisper_full(whisper_context* context, whisper_full_params params, const float*, int)
{
    whisper_state state = {0};
    params.encoder_begin_callback(context, &state, params.encoder_begin_callback_user_data);
    state.segments = 2;
    params.new_segment_callback(context, &state, 2, params.new_segment_callback_user_data);
    params.encoder_begin_callback(context, &state, params.encoder_begin_callback_user_data);
    state.segments = 3;
    params.new_segment_callback(context, &state, 1, params.new_segment_callback_user_data);
    return context->fails;
}

/* @ whisper: around whisper_full */

static bool to_stdout(void*, const char* data, size_t size)
{
    return std::fwrite(data, 1, size, stdout) == size;
}

int main()
{
    llmobs_config config = llmobs_config_default();
    config.metric_families = LLMOBS_FAMILY_VLLM;
    llmobs* obs = llmobs_open(&config, nullptr);
    llmobs_counter audio = audio_seconds(obs);
    whisper_context good = {0};
    whisper_context bad = {1};
    int status = transcribe(obs, audio, &good, whisper_full_params(), nullptr, 40000);
    status += transcribe(obs, audio, &bad, whisper_full_params(), nullptr, 8000);
    llmobs_prometheus_write(obs, LLMOBS_PROMETHEUS_TEXT, to_stdout, nullptr);
    return llmobs_close(obs) == LLMOBS_OK && status == 1 ? 0 : 2;
}
