#include "peer_moodycamel.h"

#include <concurrentqueue/concurrentqueue.h>

namespace {

template <uint32_t Words> struct message {
    uint64_t words[Words];
};

/* Without tokens, which would tie it to one producer, as ours is not; try_enqueue does not
   allocate. */
template <uint32_t Words> struct lane {
    moodycamel::ConcurrentQueue<message<Words>> queue{1024};

    void produce(uint64_t from, uint32_t times)
    {
        while (times-- > 0) {
            message<Words> sent;
            for (uint32_t i = 0; i < Words; i++) {
                sent.words[i] = from;
            }
            while (!queue.try_enqueue(sent)) {
            }
            from++;
        }
    }

    uint64_t consume(uint32_t times)
    {
        uint64_t sum = 0;
        while (times-- > 0) {
            message<Words> got;
            while (!queue.try_dequeue(got)) {
            }
            sum += got.words[Words - 1];
        }
        return sum;
    }

    uint64_t pairs(uint64_t from, uint32_t times)
    {
        uint64_t sum = 0;
        while (times-- > 0) {
            produce(from++, 1);
            sum += consume(1);
        }
        return sum;
    }
};

lane<1> small;
lane<8> large;

} // namespace

void peer_produce(uint32_t bytes, uint64_t from, uint32_t times)
{
    bytes == 8 ? small.produce(from, times) : large.produce(from, times);
}

uint64_t peer_consume(uint32_t bytes, uint32_t times)
{
    return bytes == 8 ? small.consume(times) : large.consume(times);
}

uint64_t peer_pairs(uint32_t bytes, uint64_t from, uint32_t times)
{
    return bytes == 8 ? small.pairs(from, times) : large.pairs(from, times);
}
