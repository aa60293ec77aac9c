/* A spool: a directory in which an exporter's batches outlive a long outage of its receiver, and
   the process. New batches go to the end, the oldest one is given back until it is taken away. It
   is one exporter's, in one process, by its lock file; all calls but those that read counts are
   made by one thread at a time, which may wait for a disk.

   Batches lie in segments, files that are appended to up to a sixteenth of the limit and deleted
   whole: when all in them is taken, or, the oldest first, to make room. What an item of a batch
   becomes is counted exactly once:

       put + recovered = taken + displaced + damaged + waiting

   since every segment and every frame knows how many items stood before it. Nothing is synced: a
   batch is with the kernel, which is enough for a process that dies, not for a machine. */


#define LLMOBS_I_SPOOL_SEGMENTS 64u /* more than two to each sixteenth of the limit */
#define LLMOBS_I_SPOOL_LEAST 65536u /* of a limit */
#define LLMOBS_I_SPOOL_SUFFIX ".spool"
#define LLMOBS_I_SPOOL_NAME (16u + sizeof LLMOBS_I_SPOOL_SUFFIX)
#define LLMOBS_I_SPOOL_PATH (LLMOBS_I_FILE_PATH + 1 + LLMOBS_I_SPOOL_NAME)
#define LLMOBS_I_SPOOL_LOCK "lock"
#define LLMOBS_I_SPOOL_ASIDE "spool.damaged" /* what was set aside last */
#define LLMOBS_I_SPOOL_NUMBERS (UINT64_C(1) << 48)

typedef enum llmobsi_spool_result {
    LLMOBS_I_SPOOL_OK,
    LLMOBS_I_SPOOL_EMPTY,
    LLMOBS_I_SPOOL_OFF,    /* there is none: not opened, a fork's child, or another one's by now */
    LLMOBS_I_SPOOL_BUSY,   /* open: another instance has it                                      */
    LLMOBS_I_SPOOL_LARGE,  /* put: more than the limit                                           */
    LLMOBS_I_SPOOL_FAILED  /* the system would not; errno says why                               */
} llmobsi_spool_result;

/* What becomes of items. */
typedef enum llmobsi_spool_fate {
    LLMOBS_I_SPOOL_PUT,
    LLMOBS_I_SPOOL_RECOVERED, /* an earlier process left them                            */
    LLMOBS_I_SPOOL_TAKEN,     /* given back, and taken away                              */
    LLMOBS_I_SPOOL_DISPLACED, /* they gave way to newer ones                             */
    LLMOBS_I_SPOOL_DAMAGED,   /* or deleted by somebody, or too large for the memory     */
    LLMOBS_I_SPOOL_FATES
} llmobsi_spool_fate;

/* Its thread writes these, any thread reads them. */
typedef struct llmobsi_spool_counts {
    llmobsi_atomic64 items[LLMOBS_I_SPOOL_FATES][LLMOBS_I_SPOOL_SIGNALS];
    llmobsi_atomic64 waiting[LLMOBS_I_SPOOL_SIGNALS];
    llmobsi_atomic64 batches;       /* waiting */
    llmobsi_atomic64 bytes;         /* of all segments */
    llmobsi_atomic64 damaged_files; /* set aside */
    llmobsi_atomic64 failures;      /* of writing, marking, deleting */
} llmobsi_spool_counts;

/* A batch that was given back and not taken yet. */
typedef struct llmobsi_spool_hand {
    bool full;
    bool displaced; /* its segment is gone meanwhile */
    llmobsi_spool_frame frame;
    llmobsi_spool_place before; /* it, and behind it */
    llmobsi_spool_place behind;
    uint64_t taken; /* of its frame's items, once it is taken */
} llmobsi_spool_hand;

typedef struct llmobsi_spool {
    bool on;
    bool appendable; /* the last segment is sound */
    bool damaged;    /* the first segment has bytes that are no frames */
    llmobsi_process process;
    llmobsi_held lock;
    uint64_t limit;
    uint64_t next_number;
    uint32_t segment_count;
    uint64_t offset; /* in the first segment: of the next frame */
    uint64_t taken;  /* items of that frame */
    llmobsi_spool_place at;  /* before the next item */
    llmobsi_spool_place end; /* behind the last */
    llmobsi_spool_hand hand;
    llmobsi_spool_counts counts;
    llmobsi_spool_segment segments[LLMOBS_I_SPOOL_SEGMENTS]; /* oldest first */
    char path[LLMOBS_I_FILE_PATH];
} llmobsi_spool;

/* ---- names --------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_spool_path(const llmobsi_spool* spool, const char* name,
                                   char out[LLMOBS_I_SPOOL_PATH])
{
    size_t size = strlen(spool->path);
    memcpy(out, spool->path, size);
    out[size++] = '/';
    memcpy(out + size, name, strlen(name) + 1);
}

/* Sixteen hexadecimal digits, so that names sort as numbers do. */
llmobsi_fn void llmobsi_spool_segment_path(const llmobsi_spool* spool, uint64_t number,
                                           char out[LLMOBS_I_SPOOL_PATH])
{
    char name[LLMOBS_I_SPOOL_NAME];
    uint8_t bytes[8];
    llmobsi_write_be64(bytes, number);
    memcpy(llmobsi_append_hex(name, bytes, sizeof bytes), LLMOBS_I_SPOOL_SUFFIX,
           sizeof LLMOBS_I_SPOOL_SUFFIX);
    llmobsi_spool_path(spool, name, out);
}

/* The number in a name; 0: it is none that we give. */
llmobsi_fn uint64_t llmobsi_spool_number(const char* name)
{
    uint64_t number = 0;
    uint32_t i;
    for (i = 0; i < 16; i++) {
        int digit = llmobsi_hex_value(name[i]);
        if (digit < 0) {
            return 0;
        }
        number = number << 4 | (uint64_t)digit;
    }
    return strcmp(name + 16, LLMOBS_I_SPOOL_SUFFIX) == 0 && number < LLMOBS_I_SPOOL_NUMBERS ? number
                                                                                            : 0;
}

llmobsi_fn int llmobsi_spool_open_segment(const llmobsi_spool* spool, uint64_t number, int flags,
                                          uint64_t* size)
{
    char path[LLMOBS_I_SPOOL_PATH];
    llmobsi_spool_segment_path(spool, number, path);
    return llmobsi_spool_open_path(path, flags, size);
}

/* ---- counting ------------------------------------------------------------------------------ */

llmobsi_fn void llmobsi_spool_fail(llmobsi_spool* spool)
{
    llmobsi_count(&spool->counts.failures, 1);
}

/* So many that waited do no more. */
llmobsi_fn void llmobsi_spool_count(llmobsi_spool* spool, llmobsi_spool_fate fate, uint32_t signal,
                                    uint64_t count)
{
    llmobsi_count(&spool->counts.items[fate][signal], count);
    llmobsi_count(&spool->counts.waiting[signal], 0 - count);
}

llmobsi_fn void llmobsi_spool_count_bytes(llmobsi_spool* spool)
{
    uint64_t bytes = 0;
    uint32_t i;
    for (i = 0; i < spool->segment_count; i++) {
        bytes += spool->segments[i].bytes;
    }
    llmobsi_store_relaxed(&spool->counts.bytes, bytes);
}

/* Goes on to a place that is not before. What lies between is lost, but for what is in the
   exporter's hand: that is delivered, or not, all the same. Returns whether anything was lost. */
llmobsi_fn bool llmobsi_spool_pass(llmobsi_spool* spool, const llmobsi_spool_place* to,
                                   llmobsi_spool_fate fate)
{
    const llmobsi_spool_hand* hand = &spool->hand;
    const bool in_hand = hand->full && !hand->displaced;
    bool lost = false;
    uint32_t i;
    for (i = 0; i < LLMOBS_I_SPOOL_SIGNALS; i++) {
        uint64_t count = to->items[i] - spool->at.items[i] -
                         (in_hand ? hand->behind.items[i] - hand->before.items[i] : 0);
        lost |= count != 0;
        llmobsi_spool_count(spool, fate, i, count);
    }
    spool->hand.displaced |= in_hand;
    spool->at = *to;
    llmobsi_store_relaxed(&spool->counts.batches, spool->end.batches - spool->at.batches);
    return lost;
}

/* ---- segments come and go ------------------------------------------------------------------ */

typedef enum llmobsi_spool_end {
    LLMOBS_I_SPOOL_READ,   /* all of it that could be */
    LLMOBS_I_SPOOL_GIVES_WAY,
    LLMOBS_I_SPOOL_MISSING /* there is no such file, or it isn't ours to touch */
} llmobsi_spool_end;

llmobsi_fn void llmobsi_spool_set_aside(llmobsi_spool* spool, uint64_t number)
{
    char path[LLMOBS_I_SPOOL_PATH];
    char aside[LLMOBS_I_SPOOL_PATH];
    llmobsi_spool_segment_path(spool, number, path);
    llmobsi_spool_path(spool, LLMOBS_I_SPOOL_ASIDE, aside);
    llmobsi_count(&spool->counts.damaged_files, 1);
    if (!llmobsi_os_rename(path, aside)) {
        llmobsi_spool_fail(spool);
    }
}

llmobsi_fn void llmobsi_spool_delete(llmobsi_spool* spool, uint64_t number)
{
    char path[LLMOBS_I_SPOOL_PATH];
    llmobsi_spool_segment_path(spool, number, path);
    if (!llmobsi_os_remove(path) && errno != ENOENT) {
        llmobsi_spool_fail(spool);
    }
}

/* The first segment goes. */
llmobsi_fn void llmobsi_spool_retire(llmobsi_spool* spool, llmobsi_spool_end why)
{
    const uint64_t number = spool->segments[0].number;
    const llmobsi_spool_place to =
        spool->segment_count > 1 ? spool->segments[1].start : spool->end;
    const bool gives_way = why == LLMOBS_I_SPOOL_GIVES_WAY;
    const bool lost = llmobsi_spool_pass(
        spool, &to, gives_way ? LLMOBS_I_SPOOL_DISPLACED : LLMOBS_I_SPOOL_DAMAGED);
    if (gives_way || (why == LLMOBS_I_SPOOL_READ && !spool->damaged && !lost)) {
        llmobsi_spool_delete(spool, number);
    } else if (why == LLMOBS_I_SPOOL_READ) {
        llmobsi_spool_set_aside(spool, number);
    }
    spool->segment_count--;
    memmove(spool->segments, spool->segments + 1,
            spool->segment_count * sizeof spool->segments[0]);
    spool->appendable &= spool->segment_count > 0;
    spool->damaged = false;
    spool->offset = LLMOBS_I_SPOOL_SEGMENT_HEAD;
    spool->taken = 0;
    llmobsi_spool_count_bytes(spool);
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Whether a frame of the first segment stands where its numbers say. */
llmobsi_fn bool llmobsi_spool_fits(const llmobsi_spool* spool, const llmobsi_spool_frame* frame)
{
    const llmobsi_spool_place here = llmobsi_spool_behind(frame, spool->taken);
    const llmobsi_spool_place after =
        llmobsi_spool_behind(frame, llmobsi_spool_frame_items(frame));
    return llmobsi_spool_is_by(&spool->at, &here) &&
           llmobsi_spool_is_by(&after, spool->segment_count > 1 ? &spool->segments[1].start
                                                                : &spool->end);
}

/* Looks at the next frame of the first segment. GOT_NONE: it has no more, and goes for that
   reason. */
llmobsi_fn llmobsi_spool_got llmobsi_spool_look(llmobsi_spool* spool, llmobsi_spool_frame* frame,
                                                llmobsi_spool_end* why)
{
    const llmobsi_spool_segment* segment = &spool->segments[0];
    const uint64_t before = spool->offset;
    llmobsi_spool_got got;
    uint64_t size;
    int file = llmobsi_spool_open_segment(spool, segment->number, LLMOBS_I_OPEN_READ, &size);
    *why = file < 0 ? LLMOBS_I_SPOOL_MISSING : LLMOBS_I_SPOOL_READ;
    if (file < 0) {
        return llmobsi_spool_why(errno);
    }
    got = llmobsi_spool_next(file, segment, &spool->offset, frame, &spool->damaged);
    spool->taken = spool->offset == before ? spool->taken : 0;
    (void)llmobsi_os_close(file);
    return got;
}

llmobsi_fn void llmobsi_spool_leave(llmobsi_spool* spool, const llmobsi_spool_frame* frame)
{
    spool->offset = llmobsi_spool_frame_end(frame);
    spool->taken = 0;
}

/* Goes to the next frame that there is. */
llmobsi_fn llmobsi_spool_result llmobsi_spool_step(llmobsi_spool* spool,
                                                   llmobsi_spool_frame* frame)
{
    while (spool->segment_count > 0) {
        llmobsi_spool_end why;
        llmobsi_spool_got got = llmobsi_spool_look(spool, frame, &why);
        if (got == LLMOBS_I_SPOOL_GOT_ERROR) {
            return LLMOBS_I_SPOOL_FAILED;
        }
        if (got == LLMOBS_I_SPOOL_GOT_NONE) {
            llmobsi_spool_retire(spool, why);
        } else if (llmobsi_spool_fits(spool, frame)) {
            return LLMOBS_I_SPOOL_OK;
        } else {
            spool->damaged = true;
            llmobsi_spool_leave(spool, frame);
        }
    }
    return LLMOBS_I_SPOOL_EMPTY;
}

/* And counts what should have been before it. */
llmobsi_fn llmobsi_spool_result llmobsi_spool_find(llmobsi_spool* spool,
                                                   llmobsi_spool_frame* frame)
{
    llmobsi_spool_result result = llmobsi_spool_step(spool, frame);
    if (result == LLMOBS_I_SPOOL_OK) {
        const llmobsi_spool_place here = llmobsi_spool_behind(frame, spool->taken);
        spool->damaged |= llmobsi_spool_pass(spool, &here, LLMOBS_I_SPOOL_DAMAGED);
    }
    return result;
}

llmobsi_fn llmobsi_spool_got llmobsi_spool_read_frame(const llmobsi_spool* spool,
                                                      const llmobsi_spool_frame* frame,
                                                      unsigned char* memory, size_t bytes,
                                                      llmobs_batch* batch, uint64_t* items)
{
    const llmobsi_spool_segment* segment = &spool->segments[0];
    llmobsi_spool_got got;
    uint64_t size;
    int file = llmobsi_spool_open_segment(spool, segment->number, LLMOBS_I_OPEN_READ, &size);
    if (file < 0) {
        return llmobsi_spool_why(errno);
    }
    got = llmobsi_spool_read_batch(file, frame, segment->salt, spool->taken, memory, bytes, batch,
                                   items);
    (void)llmobsi_os_close(file);
    return got;
}
