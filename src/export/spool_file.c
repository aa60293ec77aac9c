/* One segment of a spool as a file. It is opened for each thing that is done to it, and closed
   again: no descriptor is held that the host could close, or a child inherit. */

typedef enum llmobsi_spool_got {
    LLMOBS_I_SPOOL_GOT,
    LLMOBS_I_SPOOL_GOT_NONE, /* it isn't there, or not what it should be: that will not change */
    LLMOBS_I_SPOOL_GOT_ERROR /* the system would not, this time                                */
} llmobsi_spool_got;

/* The number's file, if it is a plain one of our own with one name; -1, with errno, if not. */
llmobsi_fn int llmobsi_spool_open_path(const char* path, int how, uint64_t* size)
{
    llmobsi_file_facts facts;
    const int file = llmobsi_file_open_ours(
        path, how, LLMOBS_I_FILE_ONE_NAME | LLMOBS_I_FILE_UNSHARED, &facts);
    *size = file >= 0 ? facts.bytes : 0;
    return file;
}

/* Of a file that could not be opened: whether it is worth another attempt. */
llmobsi_fn llmobsi_spool_got llmobsi_spool_why(int error)
{
    return error == ENOENT || error == ELOOP || error == EPERM || error == ENXIO || error == EISDIR
               ? LLMOBS_I_SPOOL_GOT_NONE
               : LLMOBS_I_SPOOL_GOT_ERROR;
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* From where the file is. GOT_NONE: it ends before. */
llmobsi_fn llmobsi_spool_got llmobsi_spool_read(int file, unsigned char* out, size_t size)
{
    if (llmobsi_read_whole(file, out, size) == size) {
        return LLMOBS_I_SPOOL_GOT;
    }
    return errno == 0 ? LLMOBS_I_SPOOL_GOT_NONE : LLMOBS_I_SPOOL_GOT_ERROR;
}

llmobsi_fn llmobsi_spool_got llmobsi_spool_read_at(int file, uint64_t offset, unsigned char* out,
                                                   size_t size)
{
    return llmobsi_os_seek(file, offset) ? llmobsi_spool_read(file, out, size)
                                         : LLMOBS_I_SPOOL_GOT_ERROR;
}

llmobsi_fn bool llmobsi_spool_write_at(int file, uint64_t offset, const unsigned char* data,
                                       size_t size)
{
    return offset + size <= llmobsi_file_allowed() && llmobsi_os_seek(file, offset) &&
           llmobsi_write_whole(file, data, size) == size;
}

/* ---- a batch in ---------------------------------------------------------------------------- */

typedef struct llmobsi_spool_sink {
    int file;
    uint64_t sum;
    size_t used;
    unsigned char bytes[LLMOBS_I_SPOOL_PIECE];
} llmobsi_spool_sink;

llmobsi_fn bool llmobsi_spool_sink_flush(llmobsi_spool_sink* sink)
{
    const size_t used = sink->used;
    sink->sum = llmobsi_hash64_own(sink->bytes, used, sink->sum);
    sink->used = 0;
    return llmobsi_write_whole(sink->file, sink->bytes, used) == used;
}

llmobsi_fn bool llmobsi_spool_sink_put(void* user, const char* data, size_t size)
{
    llmobsi_spool_sink* sink = (llmobsi_spool_sink*)user;
    while (size > 0) {
        size_t here = sizeof sink->bytes - sink->used;
        here = here < size ? here : size;
        memcpy(sink->bytes + sink->used, data, here);
        sink->used += here;
        data += here;
        size -= here;
        if (sink->used == sizeof sink->bytes && !llmobsi_spool_sink_flush(sink)) {
            return false;
        }
    }
    return true;
}

/* The batch's bytes, and their checksum. */
llmobsi_fn bool llmobsi_spool_write_batch(int file, llmobsi_packed* packed,
                                          llmobsi_spool_frame* frame, uint64_t salt)
{
    static const unsigned char zeros[8] = {0};
    const size_t rest = (size_t)(0 - frame->length) & 7;
    char buffer[1024];
    llmobsi_writer writer;
    llmobsi_spool_sink sink;
    sink.file = file;
    sink.sum = salt;
    sink.used = 0;
    llmobsi_writer_init(&writer, buffer, sizeof buffer, llmobsi_spool_sink_put, &sink);
    if (!llmobsi_os_seek(file, frame->offset + LLMOBS_I_SPOOL_FRAME_HEAD) ||
        !llmobsi_packed_write(packed, &writer) ||
        (sink.used > 0 && !llmobsi_spool_sink_flush(&sink))) {
        return false;
    }
    frame->sum = sink.sum;
    return llmobsi_write_whole(file, zeros, rest) == rest;
}

/* A whole frame. Its magic comes last, in a write that nothing can tear: before that there is
   none, whatever happens. */
llmobsi_fn bool llmobsi_spool_write_frame(int file, llmobsi_packed* packed,
                                          llmobsi_spool_frame* frame, uint64_t salt)
{
    unsigned char head[LLMOBS_I_SPOOL_FRAME_HEAD];
    if (!llmobsi_spool_write_batch(file, packed, frame, salt)) {
        return false;
    }
    llmobsi_spool_store_frame(head, frame, salt);
    return llmobsi_spool_write_at(file, frame->offset + 8, head + 8, sizeof head - 8) &&
           llmobsi_spool_write_at(file, frame->offset, head, 8);
}

/* ---- a batch out --------------------------------------------------------------------------- */

typedef struct llmobsi_spool_source {
    int file;
    uint64_t sum;
    llmobsi_spool_got got;
    unsigned char bytes[LLMOBS_I_SPOOL_PIECE];
} llmobsi_spool_source;

llmobsi_fn bool llmobsi_spool_source_fill(llmobsi_unpacker* unpacker)
{
    llmobsi_spool_source* source = (llmobsi_spool_source*)unpacker->user;
    const size_t size =
        unpacker->behind < sizeof source->bytes ? (size_t)unpacker->behind : sizeof source->bytes;
    if (size == 0 || source->got != LLMOBS_I_SPOOL_GOT) {
        return false;
    }
    source->got = llmobsi_spool_read(source->file, source->bytes, size);
    if (source->got != LLMOBS_I_SPOOL_GOT) {
        return false;
    }
    source->sum = llmobsi_hash64_own(source->bytes, size, source->sum);
    unpacker->at = source->bytes;
    unpacker->end = source->bytes + size;
    unpacker->behind -= size;
    return true;
}

/* A frame's batch from its item `taken` on, as much as the memory has room for: so many *items. 0:
   not one fits. The bytes are read to their end in any case: only then it is known whether they are
   those that were written. */
llmobsi_fn llmobsi_spool_got llmobsi_spool_read_batch(int file, const llmobsi_spool_frame* frame,
                                                      uint64_t salt, uint64_t taken,
                                                      unsigned char* memory, size_t size,
                                                      llmobs_batch* batch, uint64_t* items)
{
    llmobsi_spool_source source;
    llmobsi_unpacker unpacker;
    llmobsi_unpack_result result;
    source.file = file;
    source.sum = salt;
    source.got = LLMOBS_I_SPOOL_GOT;
    unpacker.at = unpacker.end = source.bytes;
    unpacker.behind = frame->length;
    unpacker.fill = llmobsi_spool_source_fill;
    unpacker.user = &source;
    if (!llmobsi_os_seek(file, frame->offset + LLMOBS_I_SPOOL_FRAME_HEAD)) {
        return LLMOBS_I_SPOOL_GOT_ERROR;
    }
    result = llmobsi_unpack(&unpacker, taken, memory, size, batch);
    while (llmobsi_spool_source_fill(&unpacker)) {
    }
    *items = unpacker.items;
    if (source.got != LLMOBS_I_SPOOL_GOT) {
        return source.got;
    }
    return source.sum != frame->sum || result == LLMOBS_I_UNPACK_WRONG ||
                   (result == LLMOBS_I_UNPACK_WHOLE &&
                    taken + unpacker.items != llmobsi_spool_frame_items(frame))
               ? LLMOBS_I_SPOOL_GOT_NONE
               : LLMOBS_I_SPOOL_GOT;
}

/* ---- from frame to frame ------------------------------------------------------------------- */

/* The next place from *offset on that could be a frame's; the segment's end, if there is none. */
llmobsi_fn llmobsi_spool_got llmobsi_spool_search(int file, uint64_t end, uint64_t* offset)
{
    unsigned char bytes[4096];
    while (end - *offset >= 8) {
        size_t size = end - *offset < sizeof bytes ? (size_t)(end - *offset) & ~(size_t)7
                                                   : sizeof bytes;
        llmobsi_spool_got got = llmobsi_spool_read_at(file, *offset, bytes, size);
        size_t i;
        if (got != LLMOBS_I_SPOOL_GOT) {
            return got;
        }
        for (i = 0; i < size; i += 8) {
            if (llmobsi_load_le64(bytes + i) == LLMOBS_I_SPOOL_FRAME) {
                *offset += i;
                return LLMOBS_I_SPOOL_GOT;
            }
        }
        *offset += size;
    }
    *offset = end;
    return LLMOBS_I_SPOOL_GOT;
}

/* The frame at *offset, or the next one behind what is damaged there. GOT_NONE: there is none up
   to the end, or only one that was not finished: that begins with zeros, and ends the segment.
   Where a frame stands behind such zeros, they are what a power cut left, and damage. */
llmobsi_fn llmobsi_spool_got llmobsi_spool_next(int file, const llmobsi_spool_segment* segment,
                                                uint64_t* offset, llmobsi_spool_frame* frame,
                                                bool* damaged)
{
    unsigned char head[LLMOBS_I_SPOOL_FRAME_HEAD];
    llmobsi_spool_got got = LLMOBS_I_SPOOL_GOT;
    uint64_t at = *offset;
    bool unfinished = false;
    while (got == LLMOBS_I_SPOOL_GOT && at < segment->bytes) {
        if (segment->bytes - at < sizeof head) {
            got = LLMOBS_I_SPOOL_GOT_NONE;
            break;
        }
        got = llmobsi_spool_read_at(file, at, head, sizeof head);
        frame->offset = at;
        if (got == LLMOBS_I_SPOOL_GOT && llmobsi_spool_load_frame(head, frame, segment->salt)) {
            *damaged |= at != *offset;
            *offset = at;
            return got;
        }
        if (got == LLMOBS_I_SPOOL_GOT) {
            unfinished |= at == *offset && llmobsi_load_le64(head) == 0;
            at += 8;
            got = llmobsi_spool_search(file, segment->bytes, &at);
        }
    }
    /* Bytes that are no frame; or the file is shorter than it was. */
    *damaged |= (got == LLMOBS_I_SPOOL_GOT_NONE || at != *offset) && !unfinished;
    return got == LLMOBS_I_SPOOL_GOT_ERROR ? got : LLMOBS_I_SPOOL_GOT_NONE;
}
