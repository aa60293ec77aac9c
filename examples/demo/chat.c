#include "chat.h"

#include "json.h"

#include <string.h>

text chat_body(const char* model, const prompt* said)
{
    text body = {0};
    const char* rest = said->whole.data + said->system_size;
    size_t size = said->whole.size - said->system_size;
    size_t blank = strspn(rest, "\n");
    text_add_string(&body, "{\"model\":");
    json_write_string(&body, model, strlen(model));
    text_add_string(&body, ",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
                           "\"messages\":[{\"role\":\"system\",\"content\":");
    json_write_string(&body, said->whole.data, said->system_size);
    text_add_string(&body, "},{\"role\":\"user\",\"content\":");
    json_write_string(&body, rest + blank, size - blank);
    text_add_string(&body, "}]}");
    return body;
}

/* ---- what it says -------------------------------------------------------------------------- */

static bool fail(chat* with, const char* error_type)
{
    with->reply->error_type = error_type;
    return false;
}

/* Of a fixed list: a server's own text gets no further. */
static const char* known_finish(const char* said)
{
    static const char* const known[] = {"stop", "length", "content_filter", "tool_calls",
                                        "function_call"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(said, known[i]) == 0) {
            return known[i];
        }
    }
    return "other";
}

/* The decoded string, or NULL; it lives until the next one. */
static const char* read_string(chat* with, json value)
{
    with->piece.size = 0;
    return json_string(value, &with->piece) ? with->piece.data : NULL;
}

/* Negative counts and those that are no numbers stay unknown. */
static void read_count(json usage, const char* name, int64_t* to)
{
    int64_t count;
    if (json_int(json_member(usage, name), &count) && count >= 0) {
        *to = count;
    }
}

/* The last chunk has it; some servers say it in each, and then the last one counts, too. */
static void read_usage(chat* with, json usage)
{
    llmobs_usage* to = &with->reply->usage;
    read_count(usage, "prompt_tokens", &to->input_tokens);
    read_count(usage, "completion_tokens", &to->output_tokens);
    read_count(json_member(usage, "prompt_tokens_details"), "cached_tokens", &to->cached_tokens);
    read_count(json_member(usage, "completion_tokens_details"), "reasoning_tokens",
               &to->reasoning_tokens);
    to->provenance = LLMOBS_USAGE_REPORTED;
    to->reported = to->input_tokens >= 0 && to->output_tokens >= 0;
}

static bool read_delta(chat* with, json delta)
{
    const char* content = read_string(with, json_member(delta, "content"));
    if (content != NULL && with->piece.size > 0) {
        with->told = true;
        with->size += with->piece.size;
        with->to->token(with->to->user, content, with->piece.size);
    } else if (read_string(with, json_member(delta, "reasoning_content")) != NULL &&
               with->piece.size > 0) { /* llama-server and others: thoughts, not the answer */
        with->told = true;
        with->to->token(with->to->user, "", 0);
    }
    return with->size <= CHAT_ANSWER_MOST || fail(with, CHAT_TOO_LARGE);
}

static void read_model(chat* with, json name)
{
    const char* said = read_string(with, name);
    if (said != NULL) {
        size_t size = with->piece.size < MODEL_NAME_SIZE ? with->piece.size : MODEL_NAME_SIZE - 1;
        memcpy(with->reply->name, said, size);
        with->reply->name[size] = '\0';
    }
}

bool chat_event(void* user, const char* data, size_t size)
{
    chat* with = (chat*)user;
    if (strcmp(data, "[DONE]") == 0) {
        with->finished = true;
        with->done = true;
        return true;
    }
    json said = json_parse(data, size);
    if (said.data == NULL || *said.data != '{') {
        return fail(with, CHAT_MALFORMED);
    }
    json error = json_member(said, "error");
    if (error.data != NULL && *error.data != 'n') { /* null */
        return fail(with, CHAT_SERVER);
    }
    json choice = json_item(json_member(said, "choices"), 0);
    const char* finish = read_string(with, json_member(choice, "finish_reason"));
    if (finish != NULL) {
        with->reply->finish_reason = known_finish(finish);
        with->finished = true;
    }
    read_model(with, json_member(said, "model"));
    json usage = json_member(said, "usage");
    if (usage.data != NULL && *usage.data == '{') {
        read_usage(with, usage);
    }
    return read_delta(with, json_member(choice, "delta"));
}

void chat_free(chat* of)
{
    text_free(&of->piece);
}
