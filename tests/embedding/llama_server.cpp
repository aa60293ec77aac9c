/* @ server-context.cpp, before its first include */
/* An engine that has no model, but the names that docs/embedding.md's lines for llama-server need,
   in the order in which that calls them: each mark is replaced by the page's lines for the place
   that it names. All of it is our own. */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>
/* @ server-task.h, with the other includes */

enum stop_type { STOP_TYPE_NONE, STOP_TYPE_EOS, STOP_TYPE_WORD, STOP_TYPE_LIMIT };
enum error_type { ERROR_TYPE_INVALID_REQUEST, ERROR_TYPE_SERVER };

struct server_http_req {
    std::map<std::string, std::string> headers;
};

struct server_http_res {
    std::string data;
};

struct server_meta {
    std::string model_name = "stub";
};

struct server_task {
    int id = -1;
    int id_parent = -1;
    bool is_child() const { return id_parent != -1; }
    /* @ server-task.h, in struct server_task: a member */
    std::vector<server_task> child_tasks;
};

struct server_slot_stats {
    uint64_t n_prompt_processed = 0;
    uint64_t n_prompt_cached = 0;
    uint64_t n_gen = 0;
};

struct server_prompt {
    int count = 0;
    int n_tokens() const { return count; }
};

struct server_slot {
    int id = 0;
    std::unique_ptr<const server_task> task;
    server_slot_stats stats;
    server_prompt prompt;
    stop_type stop = STOP_TYPE_NONE;

    void release()
    {
        /* @ server-context.cpp, server_slot::release: before the state becomes idle */
        task.reset();
        stats = server_slot_stats();
        prompt.count = 0;
    }
};

struct server_batch {
    struct token {
        int id_slot;
    };
    struct rendered {
        int count = 0;
        int size() const { return count; }
    };
    std::vector<token> tokens;
    rendered view;
};

struct server_context {
    std::string model_name = "stub";
    server_meta meta_data;
    server_meta* meta = &meta_data;
    std::vector<server_slot> slots;
    server_batch batch;
    int n_ctx = 64;

    std::vector<server_task> handle_completions_impl(const server_http_req& req, int children)
    {
        const std::string completion_id = "cmpl-1";
        std::vector<server_task> tasks;
        server_task task;
        for (int i = 0; i < children; i++) {
            task.child_tasks.push_back(server_task());
        }
        /* @ server-context.cpp, handle_completions_impl: before a task goes into `tasks` */
        tasks.push_back(std::move(task));
        return tasks;
    }

    bool launch_slot_with_task(server_slot& slot, server_task&& task)
    {
        slot.task = std::make_unique<const server_task>(std::move(task));
        slot.stats.n_prompt_processed = 3;
        slot.stats.n_prompt_cached = 2;
        slot.prompt.count = 5;
        /* @ server-context.cpp, launch_slot_with_task: before it returns true */
        return true;
    }

    void decode(int off)
    {
        /* @ server-context.cpp, decode: before the batch is processed */
        /* @ server-context.cpp, decode: after it was, whatever came of it */
    }

    void sampled(server_slot& slot)
    {
        slot.stats.n_gen += 1;
        /* @ server-context.cpp, post_decode: one token was sampled, beside `n_gen += 1` */
    }

    void verified(server_slot& slot, size_t n_draft, size_t n_accepted)
    {
        const std::vector<int> ids(n_accepted + 1);
        slot.stats.n_gen += ids.size();
        /* @ server-context.cpp, post_decode: a draft was verified, before the loop over `ids` */
    }

    void send_error(const server_slot& slot, error_type type)
    {
        /* @ server-context.cpp, send_error of a slot: first */
    }

    void send_error(const server_task& task, error_type type)
    {
        /* @ server-context.cpp, send_error of a task: first */
    }

    std::unique_ptr<server_http_res> get_metrics()
    {
        auto res = std::make_unique<server_http_res>();
        res->data = "llamacpp:requests_processing 0\n";
        /* @ server-context.cpp, get_metrics: before it returns its text */
        return res;
    }
};

/* Two slots: a request that is served, one with a child that waits in vain, two that fail. */
static void serve(server_context& context)
{
    const std::string parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const server_http_req asked = {{{"Host", "here"}, {"TraceParent", parent}}};
    context.slots.resize(2);
    context.slots[1].id = 1;
    auto first = context.handle_completions_impl(asked, 0);
    auto failing = context.handle_completions_impl({}, 0);
    auto refused = context.handle_completions_impl({}, 0);
    auto waiting = context.handle_completions_impl({}, 1);
    context.send_error(refused[0], ERROR_TYPE_INVALID_REQUEST);
    context.launch_slot_with_task(context.slots[0], std::move(first[0]));
    context.launch_slot_with_task(context.slots[1], std::move(failing[0]));
    context.batch.tokens = {{0}, {0}, {0}, {1}, {1}, {1}};
    context.batch.view.count = 6;
    context.decode(0);
    context.sampled(context.slots[0]);
    context.send_error(context.slots[1], ERROR_TYPE_SERVER);
    context.slots[1].release();
    context.batch.tokens = {{0}, {0}, {0}, {0}};
    context.batch.view.count = 4;
    context.decode(0);
    context.verified(context.slots[0], 3, 2);
    context.slots[0].stop = STOP_TYPE_LIMIT;
    context.slots[0].release();
    waiting.clear(); /* its client went away */
}

int main()
{
    server_context context;
    /* @ server.cpp, llama_server: before the HTTP server starts */
    serve(context);
    std::fputs(context.get_metrics()->data.c_str(), stdout);
    /* @ server.cpp, llama_server: after start_loop */
    return 0;
}
