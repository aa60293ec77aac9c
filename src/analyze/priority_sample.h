/* ---- samples of a fixed size --------------------------------------------------------------- */

/* One of a sample. */
typedef struct llmobs_priority_item {
    double priority; /* weight / u, which orders them */
    double weight;
    uint64_t random; /* 56 bits: see llmobs_priority_offer */
    uint64_t id;     /* the host's */
} llmobs_priority_item;

/* Of all that is offered, the items that are of most use to estimate sums: priority sampling
   (Duffield, Lund and Thorup, 2007). Each has u = (2^56 - random) / 2^56, from above 0 to 1, and
   the priority weight / u; those with the largest are kept. With all weights 1 that is a plain
   random sample of a fixed size: those whose `random` is largest, as OpenTelemetry's samplers keep.
   It depends on what was offered only, not on the order, and not on how it was split up. */
typedef struct llmobs_priority_sample {
    llmobs_priority_item* items; /* the caller's: `room` of them, one more than are of use */
    size_t room;
    size_t count;
    uint64_t offered;
    uint64_t refused; /* weights that are not above 0, or above 1e290 */
    bool in_order;    /* it was read: no heap now */
} llmobs_priority_sample;

/* [owner] Begins, or begins anew. `room` is at least 2: one less than it are the sample, the last
   one tells the threshold. ERROR_ARGUMENT: it is less, or NULL. */
LLMOBS_API llmobs_result llmobs_priority_begin(llmobs_priority_sample* sample,
                                               llmobs_priority_item* items, size_t room);

/* [owner] Offers an item: its weight, such as what a request has cost; 56 random bits that are its
   own wherever it is offered (the low 56 of its trace id, or of a hash of its id: higher bits do
   not count); and what the host knows it by. The same one must not be offered twice. O(log room)
   if it is kept, else a few nanoseconds. */
LLMOBS_API void llmobs_priority_offer(llmobs_priority_sample* sample, double weight,
                                      uint64_t random, uint64_t id);

/* [owner] Offers what another sample, of other items, has kept. The result is the sample of what
   both were offered, if the room of the other one is not less. */
LLMOBS_API void llmobs_priority_merge(llmobs_priority_sample* sample,
                                      const llmobs_priority_sample* other);

/* [owner] Puts the items in order, the largest priority first, and returns how many are the sample,
   items[0] to items[n - 1]. `threshold` gets the largest priority that is not among them, 0 if
   nothing was left out. An item stands for max(weight, threshold): the sum of that over the items
   that meet any condition has as its mean, over all random numbers, the sum of the weights of all
   such that were offered. It may be offered to after that. */
LLMOBS_API size_t llmobs_priority_read(llmobs_priority_sample* sample, double* threshold);
