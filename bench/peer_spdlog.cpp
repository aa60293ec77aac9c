/* spdlog as its users set it up for JSON lines: the pattern has the time and the level, the message
   the rest; one logger, one sink, no queue. The sink copies the line: no file, no system call. */
#include "peer_spdlog.h"

#include <cstring>
#include <memory>

#include <spdlog/details/null_mutex.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace {

class MemorySink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
    size_t size = 0;

protected:
    void sink_it_(const spdlog::details::log_msg& message) override
    {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        size = line.size() < sizeof text ? line.size() : sizeof text;
        std::memcpy(text, line.data(), size);
        __asm__ __volatile__("" : : "r"(text) : "memory");
    }

    void flush_() override {}

private:
    char text[4096];
};

std::shared_ptr<MemorySink> sink;
std::unique_ptr<spdlog::logger> logger;

} // namespace

void peer_spdlog_open(void)
{
    sink = std::make_shared<MemorySink>();
    logger.reset(new spdlog::logger("llm.interactions", sink));
    logger->set_formatter(std::unique_ptr<spdlog::formatter>(new spdlog::pattern_formatter(
        "{\"schema\":\"llmobs.interaction/1\",\"timestamp\":\"%Y-%m-%dT%H:%M:%S.%FZ\","
        "\"severity\":\"%l\",%v}",
        spdlog::pattern_time_type::utc, "\n")));
}

void peer_spdlog_line(const peer_record* r)
{
    logger->info("\"request_id\":\"{}\",\"user_id\":\"{}\",\"model\":\"{}\",\"tokens\":{{"
                 "\"input\":{},\"output\":{}}},\"cost_usd\":{:.6f},\"latency_ms\":{:.6f},"
                 "\"guardrails\":{{\"passed\":true,\"triggered\":[]}},\"finish_reason\":\"{}\","
                 "\"input_hash\":\"{}\",\"output_hash\":\"{}\",\"input_length\":{},"
                 "\"output_length\":{},\"trace_id\":\"{}\",\"span_id\":\"{}\"",
                 r->request_id, r->user_id, r->model, r->input_tokens, r->output_tokens,
                 r->cost_usd, r->latency_ms, r->finish_reason, r->input_hash, r->output_hash,
                 r->input_length, r->output_length, r->trace_id, r->span_id);
}

size_t peer_spdlog_size(void)
{
    return sink->size;
}
