/* A bounded queue of small numbers: any thread puts one in at the end, any thread takes the first
   one out. It never waits: full and empty are answers.

   A cell is one word: its turn, and below it the number. Turn 2n: the cell is empty, and was filled
   n times; 2n + 1: it is full once more. The next place of all that ever were says which cell it
   is, and which turn it must have; one compare-and-swap hands the number on and turns the cell. Who
   looks for the next place goes from cell to cell until one has its turn, from where others have
   noted that all before was done: `pushed` for who puts in, `popped` for who takes out. That is
   moved every eight places, so that it costs little, and an old one costs a few looks.

   Vyukov's bounded queue, from which the turns are, claims a place in the count first and fills it
   afterwards: whoever is stopped between the two hides all that is behind, and others find a queue
   empty that is not. Here nobody can be in the way, so "empty" is true, and a judge's queue can
   promise that nothing is lost while there is room. */

#define LLMOBS_I_QUEUE_BITS 16u /* of a number */
#define LLMOBS_I_QUEUE_MOST (1u << LLMOBS_I_QUEUE_BITS)
#define LLMOBS_I_QUEUE_STEPS 8u /* a cache line of cells */

typedef struct llmobsi_queue {
    llmobsi_atomic64* cells; /* this and the next two: whoever lays it out */
    uint32_t mask;
    uint32_t shift; /* from places to turns: the size is 1 << shift */
    unsigned char line_1[LLMOBS_I_CACHE_LINE];
    llmobsi_atomic64 pushed; /* places below are done. This and the next one: any thread, by
                                compare-and-swap */
    unsigned char line_2[LLMOBS_I_CACHE_LINE];
    llmobsi_atomic64 popped;
    unsigned char line_3[LLMOBS_I_CACHE_LINE];
} llmobsi_queue;

/* Empty, as never used. Nobody else is there. `size` is a power of two, and 1 is one. */
llmobsi_fn void llmobsi_queue_reset(llmobsi_queue* queue, llmobsi_atomic64* cells, uint32_t size)
{
    memset(cells, 0, size * sizeof *cells);
    queue->cells = cells;
    queue->mask = size - 1;
    queue->shift = (uint32_t)llmobsi_trailing_zeros32(size);
    queue->pushed = 0;
    queue->popped = 0;
}

/* Puts `*number` into the next cell (`full` is 0: it must be empty), or takes it out (1: it must be
   full). False: it is not that cell's turn yet. Who has passed a place, or reads a note that others
   did, sees what was done to it: so there is room for a number that was taken out, wherever that
   was. */
llmobsi_inline bool llmobsi_queue_turn(llmobsi_queue* queue, llmobsi_atomic64* note, uint32_t full,
                                       uint32_t* number)
{
    uint64_t noted = llmobsi_load_acquire(note);
    uint64_t place;
    for (place = noted;; place++) {
        llmobsi_atomic64* cell = &queue->cells[place & queue->mask];
        uint64_t turn = (place >> queue->shift) * 2 + full;
        uint64_t word = llmobsi_load_acquire(cell);
        uint64_t next = (turn + 1) << LLMOBS_I_QUEUE_BITS | (full != 0 ? 0 : *number);
        if (word >> LLMOBS_I_QUEUE_BITS < turn) {
            return false;
        }
        if (word >> LLMOBS_I_QUEUE_BITS == turn && llmobsi_cas_acquire_release(cell, &word, next)) {
            *number = full != 0 ? (uint32_t)word % LLMOBS_I_QUEUE_MOST : *number;
            break;
        }
    }
    if (place - noted >= LLMOBS_I_QUEUE_STEPS - 1) {
        (void)llmobsi_cas_acquire_release(note, &noted, place + 1);
    }
    return true;
}

/* Puts a number below LLMOBS_I_QUEUE_MOST in at the end, and hands on what this thread wrote
   before. False: it is full. Any thread. */
llmobsi_inline bool llmobsi_queue_push(llmobsi_queue* queue, uint32_t number)
{
    return llmobsi_queue_turn(queue, &queue->pushed, 0, &number);
}

/* Takes the first one out. False: it is empty. Any thread. */
llmobsi_inline bool llmobsi_queue_pop(llmobsi_queue* queue, uint32_t* number)
{
    return llmobsi_queue_turn(queue, &queue->popped, 1, number);
}
