/* The blocks of memory that instances live in. Those of closed instances wait here for the next
   open, or for llmobs_release. */

#define LLMOBS_I_PARKING 8

typedef struct llmobsi_parked {
    void* memory;
    size_t bytes;
    llmobs_allocator allocator;
} llmobsi_parked;

llmobsi_state llmobsi_parked llmobsi_parking[LLMOBS_I_PARKING]; /* under the lock */
llmobsi_state llmobsi_mutex llmobsi_parking_lock = LLMOBS_I_MUTEX_INIT;

llmobsi_fn void* llmobsi_allocate_default(void* user, size_t size, size_t alignment)
{
    (void)user;
    return llmobsi_os_block(llmobsi_size_align(size, alignment), alignment);
}

llmobsi_fn void llmobsi_release_default(void* user, void* memory, size_t size)
{
    (void)user;
    (void)size;
    llmobsi_os_block_free(memory);
}

llmobsi_fn llmobs_allocator llmobsi_allocator_of(const llmobs_config* config)
{
    llmobs_allocator allocator = config->allocator;
    if (allocator.allocate == NULL || allocator.release == NULL) {
        allocator.allocate = llmobsi_allocate_default;
        allocator.release = llmobsi_release_default;
        allocator.user = NULL;
    }
    return allocator;
}

/* A parked block of this very size from this very allocator. */
llmobsi_fn void* llmobsi_unpark(const llmobs_allocator* allocator, size_t bytes)
{
    void* memory = NULL;
    int i;
    llmobsi_mutex_take(&llmobsi_parking_lock);
    for (i = 0; i < LLMOBS_I_PARKING && memory == NULL; i++) {
        llmobsi_parked* parked = &llmobsi_parking[i];
        if (parked->memory != NULL && parked->bytes == bytes &&
            parked->allocator.allocate == allocator->allocate &&
            parked->allocator.release == allocator->release &&
            parked->allocator.user == allocator->user) {
            memory = parked->memory;
            parked->memory = NULL;
        }
    }
    llmobsi_mutex_give(&llmobsi_parking_lock);
    return memory;
}

/* Parks a block; when the parking is full, one that has been there longer is freed: nobody is in
   it. */
llmobsi_fn void llmobsi_park(const llmobs_allocator* allocator, void* memory, size_t bytes)
{
    llmobsi_parked last;
    int i;
    llmobsi_mutex_take(&llmobsi_parking_lock);
    for (i = 0; i < LLMOBS_I_PARKING - 1 && llmobsi_parking[i].memory != NULL; i++) {
    }
    last = llmobsi_parking[i];
    llmobsi_parking[i].memory = memory;
    llmobsi_parking[i].bytes = bytes;
    llmobsi_parking[i].allocator = *allocator;
    llmobsi_mutex_give(&llmobsi_parking_lock);
    if (last.memory != NULL) {
        llmobsi_host_release(&last.allocator, last.memory, last.bytes);
    }
}

/* Blocks that stay with a callback that hung, or with a batch that the host was promised: for good,
   but within reach, so that leak checkers do not take them for lost. */
llmobsi_state void* llmobsi_left[64]; /* under the lock; what does not fit is out of reach */
llmobsi_state uint32_t llmobsi_left_count;

llmobsi_fn void llmobsi_leave_block(void* memory)
{
    llmobsi_mutex_take(&llmobsi_parking_lock);
    llmobsi_left[llmobsi_left_count++ % 64u] = memory;
    llmobsi_mutex_give(&llmobsi_parking_lock);
}

LLMOBS_API size_t llmobs_release(void)
{
    llmobsi_parked parked[LLMOBS_I_PARKING];
    size_t freed = 0;
    int i;
    llmobsi_mutex_take(&llmobsi_parking_lock);
    memcpy(parked, llmobsi_parking, sizeof parked);
    memset(llmobsi_parking, 0, sizeof llmobsi_parking);
    llmobsi_mutex_give(&llmobsi_parking_lock);
    for (i = 0; i < LLMOBS_I_PARKING; i++) {
        if (parked[i].memory != NULL) {
            freed += parked[i].bytes;
            llmobsi_host_release(&parked[i].allocator, parked[i].memory, parked[i].bytes);
        }
    }
    return freed;
}

/* In the child of a fork: whoever held the lock is not here. */
llmobsi_fn void llmobsi_parking_forked(void)
{
    llmobsi_mutex_forked(&llmobsi_parking_lock);
}
