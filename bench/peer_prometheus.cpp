/* prometheus-cpp's side of bench_metric.c: its calls as its users write them. */
#include "peer_prometheus.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace {

struct Peer {
    explicit Peer(const peer_plan& given) : plan(given) {}

    peer_plan plan;
    prometheus::Registry bound_registry;
    prometheus::Registry registry; /* of what is exposed */
    prometheus::Counter* counter = nullptr;
    prometheus::Histogram* histogram = nullptr;
    prometheus::Family<prometheus::Counter>* few = nullptr;
    prometheus::Family<prometheus::Counter>* many = nullptr;
    prometheus::Labels kept;
    uint32_t next = 0;
    std::atomic<uint64_t> incremented{0}; /* what the loops have done */
    std::atomic<uint64_t> observed{0};
    std::string text;
};

std::unique_ptr<Peer> peer;

prometheus::Labels labels_of(const char* const* names, const char* const* values)
{
    return {{names[0], values[0]}, {names[1], values[1]}, {names[2], values[2]},
            {names[3], values[3]}};
}

void keep(const void* pointer)
{
    __asm__ __volatile__("" : : "r"(pointer) : "memory");
}

} // namespace

void peer_open(const peer_plan* plan)
{
    peer.reset(new Peer(*plan));
    peer->counter =
        &prometheus::BuildCounter().Name("bound_total").Register(peer->bound_registry).Add({});
    peer->histogram =
        &prometheus::BuildHistogram().Name("observed").Register(peer->bound_registry).Add(
            {}, prometheus::Histogram::BucketBoundaries(plan->bounds,
                                                        plan->bounds + plan->bound_count));
    peer->few = &prometheus::BuildCounter().Name("few_total").Register(peer->bound_registry);
    peer->kept = labels_of(plan->labels, plan->sets[0]);
    peer->few->Add(peer->kept);
    peer->many = &prometheus::BuildCounter()
                      .Name("llm_tokens_total")
                      .Help("Total tokens processed")
                      .Register(peer->registry);
    for (size_t i = 0; i < plan->set_count; i++) {
        peer->many->Add(labels_of(plan->labels, plan->sets[i])).Increment(double(100000 + i));
    }
}

void peer_increment(void*, uint32_t times)
{
    prometheus::Counter& counter = *peer->counter;
    for (uint32_t i = 0; i < times; i++) {
        counter.Increment();
    }
    peer->incremented += times;
}

void peer_observe(void*, uint32_t times)
{
    prometheus::Histogram& histogram = *peer->histogram;
    const double* values = peer->plan.values;
    uint32_t mask = peer->plan.value_mask;
    for (uint32_t i = 0; i < times; i++) {
        histogram.Observe(values[i & mask]);
    }
    peer->observed += times;
}

void peer_observe_one(void*, uint32_t times)
{
    prometheus::Histogram& histogram = *peer->histogram;
    double value = peer->plan.values[0];
    for (uint32_t i = 0; i < times; i++) {
        histogram.Observe(value);
    }
    peer->observed += times;
}

void peer_lookup_hot(void*, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        keep(&peer->few->Add(labels_of(peer->plan.labels, peer->plan.sets[0])));
    }
}

void peer_lookup_kept(void*, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        keep(&peer->few->Add(peer->kept));
    }
}

void peer_lookup_many(void*, uint32_t times)
{
    const peer_plan& plan = peer->plan;
    for (uint32_t i = 0; i < times; i++) {
        uint32_t set = plan.order[peer->next++ & plan.order_mask];
        keep(&peer->many->Add(labels_of(plan.labels, plan.sets[set])));
    }
}

void peer_expose(void*, uint32_t times)
{
    prometheus::TextSerializer serializer;
    for (uint32_t i = 0; i < times; i++) {
        peer->text = static_cast<prometheus::Serializer&>(serializer).Serialize(
            peer->registry.Collect());
    }
}

bool peer_is_complete(void)
{
    return !peer || (peer->counter->Value() == double(peer->incremented) &&
           peer->histogram->Collect().histogram.sample_count == peer->observed);
}

size_t peer_text_size(void)
{
    return peer->text.size();
}

size_t peer_text_lines(void)
{
    return size_t(std::count(peer->text.begin(), peer->text.end(), '\n'));
}
