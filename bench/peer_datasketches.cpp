#include "peer_datasketches.h"

#include <DataSketches/frequent_items_sketch.hpp>
#include <DataSketches/hll.hpp>

namespace {

struct tag_pair {
    uint64_t words[2];
};

struct tag_hash {
    size_t operator()(const tag_pair& tag) const { return tag.words[0]; }
};

struct tag_equal {
    bool operator()(const tag_pair& a, const tag_pair& b) const
    {
        return a.words[0] == b.words[0] && a.words[1] == b.words[1];
    }
};

using top_sketch = datasketches::frequent_items_sketch<tag_pair, uint64_t, tag_hash, tag_equal>;

tag_pair pair_of(const uint64_t tag[2])
{
    return tag_pair{{tag[0], tag[1]}};
}

datasketches::hll_sketch& unique_sketch()
{
    static datasketches::hll_sketch sketch(12, datasketches::HLL_8);
    return sketch;
}

} // namespace

void* peer_top_open(unsigned lg_size)
{
    return new top_sketch(uint8_t(lg_size), uint8_t(lg_size));
}

void peer_top_close(void* top)
{
    delete static_cast<top_sketch*>(top);
}

void peer_top_add(void* top, const uint64_t tag[2], uint64_t weight)
{
    static_cast<top_sketch*>(top)->update(pair_of(tag), weight);
}

peer_bracket peer_top_estimate(const void* top, const uint64_t tag[2])
{
    const top_sketch* sketch = static_cast<const top_sketch*>(top);
    tag_pair pair = pair_of(tag);
    return peer_bracket{sketch->get_lower_bound(pair), sketch->get_upper_bound(pair)};
}

uint64_t peer_top_total(const void* top)
{
    return static_cast<const top_sketch*>(top)->get_total_weight();
}

void peer_unique_add(uint64_t hash)
{
    unique_sketch().update(hash);
}

double peer_unique_estimate(void)
{
    return unique_sketch().get_estimate();
}
