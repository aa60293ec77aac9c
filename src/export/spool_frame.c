/* What a spool's segments look like. A segment is a file: a head, then frames, each at a multiple
   of eight bytes and with a head of its own. Numbers are words of 64 bits, the lowest byte first.

       segment   16 bytes "llmobs spool 1\n" and a NUL; number, salt, place, checksum
       frame     magic, length, the batch's id, place, items (spans, log records, points),
                 checksum of the bytes, checksum of the words so far, mark; then `length` bytes of
                 encode/packed, and zeros up to a multiple of eight

   A place says how many batches, spans, log records and points the spool ever had before this: so
   what is missing between two frames is known, wherever it went. The mark says how many items of
   the frame are delivered; it is the one thing that changes, and checks itself.

   Checksums begin with the segment's salt, which is random, and a head's also with its offset. So
   no text in a batch can pass for a frame, and no frame for one of another time or place. */

#define LLMOBS_I_SPOOL_MAGIC "llmobs spool 1\n" /* and its NUL */
#define LLMOBS_I_SPOOL_FRAME UINT64_C(0xa7d1f0e5c3926b84) /* magic: no UTF-8 */
#define LLMOBS_I_SPOOL_SEGMENT_HEAD 72u
#define LLMOBS_I_SPOOL_FRAME_HEAD 104u
#define LLMOBS_I_SPOOL_SUMMED 88u /* of a frame's head; behind it its checksum and the mark */
#define LLMOBS_I_SPOOL_MARK 96u
#define LLMOBS_I_SPOOL_PIECE 8192u /* so many bytes are hashed at a time */
#define LLMOBS_I_SPOOL_SIGNALS 3u  /* spans, log records, points */
#define LLMOBS_I_SPOOL_MOST (UINT64_C(1) << 60) /* no count is larger */

LLMOBS_I_STATIC_ASSERT(spool_magic, sizeof LLMOBS_I_SPOOL_MAGIC == 16);

typedef struct llmobsi_spool_place {
    uint64_t batches;
    uint64_t items[LLMOBS_I_SPOOL_SIGNALS];
} llmobsi_spool_place;

typedef struct llmobsi_spool_segment {
    uint64_t number;
    uint64_t bytes; /* of its file, as far as we know */
    uint64_t salt;
    llmobsi_spool_place start;
} llmobsi_spool_segment;

typedef struct llmobsi_spool_frame {
    uint64_t offset;
    uint64_t length;
    uint64_t id;
    llmobsi_spool_place before;
    uint64_t items[LLMOBS_I_SPOOL_SIGNALS];
    uint64_t sum; /* of its bytes */
    uint64_t taken; /* items, in the order of the batch: spans, log records, points */
} llmobsi_spool_frame;

/* ---- places -------------------------------------------------------------------------------- */

/* Whether nothing of `a` comes after `b`. */
llmobsi_fn bool llmobsi_spool_is_by(const llmobsi_spool_place* a, const llmobsi_spool_place* b)
{
    bool by = a->batches <= b->batches;
    uint32_t i;
    for (i = 0; i < LLMOBS_I_SPOOL_SIGNALS; i++) {
        by &= a->items[i] <= b->items[i];
    }
    return by;
}

llmobsi_fn uint64_t llmobsi_spool_frame_items(const llmobsi_spool_frame* frame)
{
    return frame->items[0] + frame->items[1] + frame->items[2];
}

/* The place behind so many of a frame's items. */
llmobsi_fn llmobsi_spool_place llmobsi_spool_behind(const llmobsi_spool_frame* frame,
                                                    uint64_t taken)
{
    llmobsi_spool_place place = frame->before;
    uint32_t i;
    place.batches += taken == llmobsi_spool_frame_items(frame);
    for (i = 0; i < LLMOBS_I_SPOOL_SIGNALS; i++) {
        uint64_t here = taken < frame->items[i] ? taken : frame->items[i];
        place.items[i] += here;
        taken -= here;
    }
    return place;
}

/* Where the next frame is. */
llmobsi_fn uint64_t llmobsi_spool_frame_end(const llmobsi_spool_frame* frame)
{
    return frame->offset + LLMOBS_I_SPOOL_FRAME_HEAD + ((frame->length + 7) & ~UINT64_C(7));
}

llmobsi_fn void llmobsi_spool_store_place(unsigned char* bytes, const llmobsi_spool_place* place)
{
    uint32_t i;
    llmobsi_store_le64(bytes, place->batches);
    for (i = 0; i < LLMOBS_I_SPOOL_SIGNALS; i++) {
        llmobsi_store_le64(bytes + 8 + 8 * i, place->items[i]);
    }
}

/* False: it can't be one. */
llmobsi_fn bool llmobsi_spool_load_place(const unsigned char* bytes, llmobsi_spool_place* place)
{
    bool sound;
    uint32_t i;
    place->batches = llmobsi_load_le64(bytes);
    sound = place->batches <= LLMOBS_I_SPOOL_MOST;
    for (i = 0; i < LLMOBS_I_SPOOL_SIGNALS; i++) {
        place->items[i] = llmobsi_load_le64(bytes + 8 + 8 * i);
        sound &= place->items[i] <= LLMOBS_I_SPOOL_MOST;
    }
    return sound;
}

/* ---- heads --------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_spool_store_segment(unsigned char bytes[LLMOBS_I_SPOOL_SEGMENT_HEAD],
                                            const llmobsi_spool_segment* segment)
{
    memcpy(bytes, LLMOBS_I_SPOOL_MAGIC, sizeof LLMOBS_I_SPOOL_MAGIC);
    llmobsi_store_le64(bytes + 16, segment->number);
    llmobsi_store_le64(bytes + 24, segment->salt);
    llmobsi_spool_store_place(bytes + 32, &segment->start);
    llmobsi_store_le64(bytes + 64, llmobsi_hash64_own(bytes, 64, segment->salt));
}

/* Whether it is the head of the segment with the number that is there. */
llmobsi_fn bool llmobsi_spool_load_segment(const unsigned char bytes[LLMOBS_I_SPOOL_SEGMENT_HEAD],
                                           llmobsi_spool_segment* segment)
{
    segment->salt = llmobsi_load_le64(bytes + 24);
    return memcmp(bytes, LLMOBS_I_SPOOL_MAGIC, sizeof LLMOBS_I_SPOOL_MAGIC) == 0 &&
           llmobsi_load_le64(bytes + 16) == segment->number &&
           llmobsi_load_le64(bytes + 64) == llmobsi_hash64_own(bytes, 64, segment->salt) &&
           llmobsi_spool_load_place(bytes + 32, &segment->start);
}

/* One bit that flips makes it none at all. */
llmobsi_inline uint64_t llmobsi_spool_mark(uint64_t taken)
{
    return taken | (taken ^ UINT32_MAX) << 32;
}

llmobsi_fn void llmobsi_spool_store_frame(unsigned char bytes[LLMOBS_I_SPOOL_FRAME_HEAD],
                                          const llmobsi_spool_frame* frame, uint64_t salt)
{
    uint32_t i;
    llmobsi_store_le64(bytes, LLMOBS_I_SPOOL_FRAME);
    llmobsi_store_le64(bytes + 8, frame->length);
    llmobsi_store_le64(bytes + 16, frame->id);
    llmobsi_spool_store_place(bytes + 24, &frame->before);
    for (i = 0; i < LLMOBS_I_SPOOL_SIGNALS; i++) {
        llmobsi_store_le64(bytes + 56 + 8 * i, frame->items[i]);
    }
    llmobsi_store_le64(bytes + 80, frame->sum);
    llmobsi_store_le64(bytes + LLMOBS_I_SPOOL_SUMMED,
                       llmobsi_hash64_own(bytes, LLMOBS_I_SPOOL_SUMMED, salt + frame->offset));
    llmobsi_store_le64(bytes + LLMOBS_I_SPOOL_MARK, llmobsi_spool_mark(frame->taken));
}

/* Whether it is the head of a frame that stands at `frame->offset`. A mark that does not fit says
   nothing: then the frame is delivered once more. */
llmobsi_fn bool llmobsi_spool_load_frame(const unsigned char bytes[LLMOBS_I_SPOOL_FRAME_HEAD],
                                         llmobsi_spool_frame* frame, uint64_t salt)
{
    const uint64_t mark = llmobsi_load_le64(bytes + LLMOBS_I_SPOOL_MARK);
    bool sound = llmobsi_load_le64(bytes) == LLMOBS_I_SPOOL_FRAME &&
                 llmobsi_load_le64(bytes + LLMOBS_I_SPOOL_SUMMED) ==
                     llmobsi_hash64_own(bytes, LLMOBS_I_SPOOL_SUMMED, salt + frame->offset);
    uint32_t i;
    frame->length = llmobsi_load_le64(bytes + 8);
    frame->id = llmobsi_load_le64(bytes + 16);
    sound = sound && llmobsi_spool_load_place(bytes + 24, &frame->before);
    for (i = 0; i < LLMOBS_I_SPOOL_SIGNALS; i++) {
        frame->items[i] = llmobsi_load_le64(bytes + 56 + 8 * i);
        sound &= frame->items[i] <= UINT32_MAX;
    }
    frame->sum = llmobsi_load_le64(bytes + 80);
    frame->taken = mark & UINT32_MAX;
    if (!sound || frame->length > UINT32_MAX || llmobsi_spool_frame_items(frame) == 0 ||
        llmobsi_spool_frame_items(frame) > UINT32_MAX) {
        return false;
    }
    if (mark != llmobsi_spool_mark(frame->taken) ||
        frame->taken > llmobsi_spool_frame_items(frame)) {
        frame->taken = 0;
    }
    return true;
}
