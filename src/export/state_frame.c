/* Frames of a state file. Behind the file's first 16 bytes there is nothing but frames: a tag and
   the length of what follows it, records, a checksum. Numbers are words of 64 bits, the lowest byte
   first. A record stands in one frame, and frames are as large as one buffer at most: what there
   is much of fills several with the same tag.

   A frame's checksum begins with that of the one before, so that none can be missing, come twice or
   stand elsewhere; the last frame has the file's size. The checksum is our own 64-bit hash with a
   fixed seed: it is the same on every machine and in every build, without SHA-256 and with
   somebody else's hash for tables, too. It is there against disks and crashes. Who may write our
   files can make one that fits, and so what is read is checked all the same. */

#define LLMOBS_I_STATE_MAGIC "llmobs state 1\n" /* and its NUL */
#define LLMOBS_I_STATE_FRAME 8192u /* most bytes of a frame, whole */
#define LLMOBS_I_STATE_ENDS 16u    /* of these: tag and length before, the checksum behind */

/* A tag as four letters, the first one the lowest byte. */
#define LLMOBS_I_STATE_TAG(a, b, c, d)                                                            \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define LLMOBS_I_STATE_HEAD LLMOBS_I_STATE_TAG('H', 'E', 'A', 'D')
#define LLMOBS_I_STATE_ROWS LLMOBS_I_STATE_TAG('R', 'O', 'W', 'S')
#define LLMOBS_I_STATE_SUMS LLMOBS_I_STATE_TAG('S', 'U', 'M', 'S')
#define LLMOBS_I_STATE_USER LLMOBS_I_STATE_TAG('U', 'S', 'E', 'R')
#define LLMOBS_I_STATE_GRUP LLMOBS_I_STATE_TAG('G', 'R', 'U', 'P')
#define LLMOBS_I_STATE_SETS LLMOBS_I_STATE_TAG('S', 'E', 'T', 'S')
#define LLMOBS_I_STATE_UNIQ LLMOBS_I_STATE_TAG('U', 'N', 'I', 'Q')
#define LLMOBS_I_STATE_PAST LLMOBS_I_STATE_TAG('P', 'A', 'S', 'T')
#define LLMOBS_I_STATE_HEVY LLMOBS_I_STATE_TAG('H', 'E', 'V', 'Y')
#define LLMOBS_I_STATE_BUDG LLMOBS_I_STATE_TAG('B', 'U', 'D', 'G')
#define LLMOBS_I_STATE_STEP LLMOBS_I_STATE_TAG('S', 'T', 'E', 'P')
#define LLMOBS_I_STATE_WTCH LLMOBS_I_STATE_TAG('W', 'T', 'C', 'H')
#define LLMOBS_I_STATE_WNDW LLMOBS_I_STATE_TAG('W', 'N', 'D', 'W')
#define LLMOBS_I_STATE_ALRT LLMOBS_I_STATE_TAG('A', 'L', 'R', 'T')
#define LLMOBS_I_STATE_LAST LLMOBS_I_STATE_TAG('L', 'A', 'S', 'T')

LLMOBS_I_STATIC_ASSERT(state_magic, sizeof LLMOBS_I_STATE_MAGIC == 16);

/* ---- out ----------------------------------------------------------------------------------- */

typedef struct llmobsi_state_writer {
    int file;
    bool failed;
    uint32_t tag;      /* of the frame under way; 0: none is */
    uint32_t used;     /* bytes of it */
    uint64_t position; /* what is written */
    uint64_t limit;    /* past it the system would send SIGXFSZ, which kills */
    uint64_t sum;
    unsigned char bytes[LLMOBS_I_STATE_FRAME];
} llmobsi_state_writer;

llmobsi_fn void llmobsi_state_write(llmobsi_state_writer* writer, const void* data, size_t size)
{
    writer->failed |= writer->position > writer->limit || size > writer->limit - writer->position;
    if (!writer->failed) {
        size_t done = llmobsi_write_whole(writer->file, data, size);
        writer->position += done;
        writer->failed = done < size;
    }
}

llmobsi_fn void llmobsi_state_write_begin(llmobsi_state_writer* writer, int file, uint64_t limit)
{
    writer->file = file;
    writer->failed = false;
    writer->tag = 0;
    writer->position = 0;
    writer->limit = limit;
    writer->sum = llmobsi_hash64_own(LLMOBS_I_STATE_MAGIC, sizeof LLMOBS_I_STATE_MAGIC, 0);
    llmobsi_state_write(writer, LLMOBS_I_STATE_MAGIC, sizeof LLMOBS_I_STATE_MAGIC);
}

/* Ends the frame under way. */
llmobsi_fn void llmobsi_state_seal(llmobsi_state_writer* writer)
{
    if (writer->tag == 0) {
        return;
    }
    llmobsi_store_le64(writer->bytes, writer->tag | (uint64_t)(writer->used - 8) << 32);
    writer->sum = llmobsi_hash64_own(writer->bytes, writer->used, writer->sum);
    llmobsi_store_le64(writer->bytes + writer->used, writer->sum);
    llmobsi_state_write(writer, writer->bytes, writer->used + 8u);
    writer->tag = 0;
}

/* Before each record: it goes into the frame under way, or begins one. `size` is at most
   LLMOBS_I_STATE_FRAME - LLMOBS_I_STATE_ENDS. */
llmobsi_fn void llmobsi_state_record(llmobsi_state_writer* writer, uint32_t tag, size_t size)
{
    if (tag != writer->tag || size > LLMOBS_I_STATE_FRAME - 8u - writer->used) {
        llmobsi_state_seal(writer);
        writer->tag = tag;
        writer->used = 8;
    }
}

llmobsi_fn void llmobsi_state_put(llmobsi_state_writer* writer, uint64_t word)
{
    llmobsi_store_le64(writer->bytes + writer->used, word);
    writer->used += 8;
}

llmobsi_fn void llmobsi_state_put_bytes(llmobsi_state_writer* writer, const void* data, size_t size)
{
    memcpy(writer->bytes + writer->used, data, size);
    writer->used += (uint32_t)size;
}

/* The last frame. False: not all could be written. */
llmobsi_fn bool llmobsi_state_write_end(llmobsi_state_writer* writer)
{
    llmobsi_state_seal(writer);
    llmobsi_state_record(writer, LLMOBS_I_STATE_LAST, 8);
    llmobsi_state_put(writer, writer->position + LLMOBS_I_STATE_ENDS + 8);
    llmobsi_state_seal(writer);
    return !writer->failed;
}

/* ---- in ------------------------------------------------------------------------------------ */

/* Why a file is refused, as a note tells it. */
#define LLMOBS_I_STATE_REFUSED(why) "the state file was set aside (.damaged) and not loaded: " why

typedef struct llmobsi_state_reader {
    int file;
    const char* refused; /* why; NULL: it is not. The first reason stays */
    uint32_t tag;        /* of this frame */
    uint32_t at;         /* what is read of it, */
    uint32_t end;        /* and its records' end */
    uint64_t position;   /* behind this frame */
    uint64_t sum;
    unsigned char bytes[LLMOBS_I_STATE_FRAME];
} llmobsi_state_reader;

llmobsi_fn void llmobsi_state_refuse(llmobsi_state_reader* reader, const char* why)
{
    reader->refused = reader->refused != NULL ? reader->refused : why;
    reader->at = reader->end;
}

/* Whether there are so many more bytes. */
llmobsi_fn bool llmobsi_state_read(llmobsi_state_reader* reader, void* to, size_t size)
{
    size_t got = llmobsi_read_whole(reader->file, to, size);
    reader->position += got;
    if (got < size) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("it is cut off"));
    }
    return got == size;
}

llmobsi_fn void llmobsi_state_read_begin(llmobsi_state_reader* reader, int file)
{
    memset(reader, 0, offsetof(llmobsi_state_reader, bytes));
    reader->file = file;
    if (llmobsi_state_read(reader, reader->bytes, sizeof LLMOBS_I_STATE_MAGIC) &&
        memcmp(reader->bytes, LLMOBS_I_STATE_MAGIC, sizeof LLMOBS_I_STATE_MAGIC) != 0) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("it is none, or of another version"));
    }
    reader->sum = llmobsi_hash64_own(LLMOBS_I_STATE_MAGIC, sizeof LLMOBS_I_STATE_MAGIC, 0);
}

/* The next frame; false: the file is refused. */
llmobsi_fn bool llmobsi_state_read_frame(llmobsi_state_reader* reader)
{
    uint64_t head;
    uint64_t size;
    if (reader->refused != NULL || !llmobsi_state_read(reader, reader->bytes, 8)) {
        return false;
    }
    head = llmobsi_load_le64(reader->bytes);
    size = head >> 32;
    if (size > LLMOBS_I_STATE_FRAME - LLMOBS_I_STATE_ENDS) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a length is wrong"));
        return false;
    }
    if (!llmobsi_state_read(reader, reader->bytes + 8, (size_t)size + 8)) {
        return false;
    }
    reader->tag = (uint32_t)head;
    reader->at = 8;
    reader->end = 8 + (uint32_t)size;
    reader->sum = llmobsi_hash64_own(reader->bytes, reader->end, reader->sum);
    if (llmobsi_load_le64(reader->bytes + reader->end) != reader->sum) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a checksum does not fit"));
        return false;
    }
    return true;
}

/* So many bytes of the record; NULL: it is refused. */
llmobsi_fn const unsigned char* llmobsi_state_get_bytes(llmobsi_state_reader* reader, uint64_t size)
{
    const unsigned char* bytes = reader->bytes + reader->at;
    if (size > reader->end - reader->at) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a record is cut off"));
        return NULL;
    }
    reader->at += (uint32_t)size;
    return bytes;
}

/* A number from `least` to `most`; `least` where the file is refused. */
llmobsi_fn int64_t llmobsi_state_get(llmobsi_state_reader* reader, int64_t least, int64_t most)
{
    const unsigned char* bytes = llmobsi_state_get_bytes(reader, 8);
    int64_t number = bytes != NULL ? (int64_t)llmobsi_load_le64(bytes) : least;
    if (number < least || number > most) {
        llmobsi_state_refuse(reader, LLMOBS_I_STATE_REFUSED("a number is out of range"));
        return least;
    }
    return number;
}

/* All bits. */
llmobsi_fn uint64_t llmobsi_state_get_word(llmobsi_state_reader* reader)
{
    return (uint64_t)llmobsi_state_get(reader, INT64_MIN, INT64_MAX);
}
