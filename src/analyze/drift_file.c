/* A baseline as bytes: a magic text that has the version, its numbers as words of 64 bits, the
   name of the embedder, the mean as bits of doubles, the prototypes as bits of floats, zeros up
   to the next word, a checksum. The lowest byte comes first.

   It goes in and out in blocks. The checksum is our own 64-bit hash, the same in every build, of
   each block with the one before for its seed. It is there against disks and crashes. Who may
   write can make one that fits, and so every number is checked: it is finite, in its range, and
   goes with the others. With any numbers that pass, all tests have results in their ranges. */

#define LLMOBS_I_DRIFT_MAGIC "llmobs drift 1\n" /* and its NUL */
#define LLMOBS_I_DRIFT_BLOCK 4096u
#define LLMOBS_I_DRIFT_HEAD_WORDS 11u /* before what is in each prototype */
#define LLMOBS_I_DRIFT_SKEW_MOST 20.0 /* of 399 numbers it is below the root of that */
#define LLMOBS_I_DRIFT_UNIT 1.0001    /* the most that the square of a mean of unit vectors is */

LLMOBS_I_STATIC_ASSERT(drift_magic, sizeof LLMOBS_I_DRIFT_MAGIC == 16);

/* ---- out ----------------------------------------------------------------------------------- */

typedef struct llmobsi_drift_writer {
    llmobs_write_fn write;
    void* user;
    bool failed;
    uint32_t used;
    uint64_t sum;
    unsigned char block[LLMOBS_I_DRIFT_BLOCK];
} llmobsi_drift_writer;

llmobsi_fn void llmobsi_drift_flush(llmobsi_drift_writer* writer)
{
    writer->sum = llmobsi_hash64_own(writer->block, writer->used, writer->sum);
    writer->failed = writer->failed ||
                     !llmobsi_host_write(writer->write, writer->user, (const char*)writer->block,
                                         writer->used);
    writer->used = 0;
}

/* A block is a whole number of words, and all before the floats is, too. */
llmobsi_fn void llmobsi_drift_put(llmobsi_drift_writer* writer, uint64_t word, uint32_t size)
{
    unsigned char bytes[8];
    if (writer->used == LLMOBS_I_DRIFT_BLOCK) {
        llmobsi_drift_flush(writer);
    }
    llmobsi_store_le64(bytes, word);
    memcpy(writer->block + writer->used, bytes, size);
    writer->used += size;
}

llmobsi_fn void llmobsi_drift_put_head(llmobsi_drift_writer* writer,
                                       const llmobs_drift_baseline* baseline)
{
    uint32_t i;
    memcpy(writer->block, LLMOBS_I_DRIFT_MAGIC, sizeof LLMOBS_I_DRIFT_MAGIC);
    writer->used = sizeof LLMOBS_I_DRIFT_MAGIC;
    llmobsi_drift_put(writer, baseline->dimension, 8);
    llmobsi_drift_put(writer, baseline->prototypes, 8);
    llmobsi_drift_put(writer, baseline->count, 8);
    llmobsi_drift_put(writer, baseline->held, 8);
    llmobsi_drift_put(writer, baseline->seed, 8);
    llmobsi_drift_put(writer, llmobsi_double_bits(baseline->distance_mean), 8);
    llmobsi_drift_put(writer, llmobsi_double_bits(baseline->distance_deviation), 8);
    llmobsi_drift_put(writer, llmobsi_double_bits(baseline->distance_most), 8);
    llmobsi_drift_put(writer, llmobsi_double_bits(baseline->null_mean), 8);
    llmobsi_drift_put(writer, llmobsi_double_bits(baseline->null_deviation), 8);
    llmobsi_drift_put(writer, llmobsi_double_bits(baseline->null_skew), 8);
    for (i = 0; i < baseline->prototypes; i++) {
        llmobsi_drift_put(writer, baseline->held_in[i], 8);
    }
    memcpy(writer->block + writer->used, baseline->embedder, LLMOBS_EMBEDDER_SIZE);
    writer->used += LLMOBS_EMBEDDER_SIZE;
}

/* All up to the checksum, which is in writer->sum then. */
llmobsi_fn void llmobsi_drift_put_all(llmobsi_drift_writer* writer,
                                      const llmobs_drift_baseline* baseline)
{
    const double* mean = llmobsi_drift_mean_of(baseline);
    const float* rows = llmobsi_drift_rows_of(baseline);
    size_t floats = (size_t)baseline->prototypes * baseline->dimension;
    size_t i;
    llmobsi_drift_put_head(writer, baseline);
    for (i = 0; i < baseline->dimension; i++) {
        llmobsi_drift_put(writer, llmobsi_double_bits(mean[i]), 8);
    }
    for (i = 0; i < floats; i++) {
        uint32_t bits;
        memcpy(&bits, rows + i, sizeof bits);
        llmobsi_drift_put(writer, bits, 4);
    }
    if (floats % 2 != 0) {
        llmobsi_drift_put(writer, 0, 4);
    }
    llmobsi_drift_flush(writer);
}

llmobsi_fn void llmobsi_drift_writer_begin(llmobsi_drift_writer* writer, llmobs_write_fn write,
                                           void* user)
{
    writer->write = write;
    writer->user = user;
    writer->failed = false;
    writer->used = 0;
    writer->sum = 0;
}

llmobsi_fn size_t llmobsi_drift_written(size_t dimension, size_t prototypes)
{
    size_t floats = prototypes * dimension;
    return sizeof LLMOBS_I_DRIFT_MAGIC + 8 * (LLMOBS_I_DRIFT_HEAD_WORDS + prototypes) +
           LLMOBS_EMBEDDER_SIZE + 8 * dimension + 4 * (floats + floats % 2) + 8;
}

llmobsi_fn bool llmobsi_drift_discard(void* user, const char* data, size_t size)
{
    (void)user;
    (void)data;
    (void)size;
    return true;
}

/* The checksum is what a baseline is told apart by. */
llmobsi_fn uint64_t llmobsi_drift_fingerprint(const llmobs_drift_baseline* baseline)
{
    llmobsi_drift_writer writer;
    llmobsi_drift_writer_begin(&writer, llmobsi_drift_discard, NULL);
    llmobsi_drift_put_all(&writer, baseline);
    llmobsi_wipe(writer.block, sizeof writer.block);
    return writer.sum;
}

LLMOBS_API size_t llmobs_drift_baseline_written(const llmobs_drift_baseline* baseline)
{
    return baseline != NULL ? llmobsi_drift_written(baseline->dimension, baseline->prototypes) : 0;
}

LLMOBS_API llmobs_result llmobs_drift_baseline_write(const llmobs_drift_baseline* baseline,
                                                     llmobs_write_fn write, void* user)
{
    llmobsi_drift_writer writer;
    unsigned char sum[8];
    if (baseline == NULL || write == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_drift_writer_begin(&writer, write, user);
    llmobsi_drift_put_all(&writer, baseline);
    llmobsi_wipe(writer.block, sizeof writer.block);
    llmobsi_store_le64(sum, writer.sum);
    if (writer.failed || !llmobsi_host_write(write, user, (const char*)sum, sizeof sum)) {
        return LLMOBS_ERROR_SYSTEM;
    }
    return LLMOBS_OK;
}

/* ---- in ------------------------------------------------------------------------------------ */

/* Fills a buffer, or is false. */
typedef bool (*llmobsi_drift_read_fn)(void* user, void* out, size_t size);

typedef struct llmobsi_drift_reader {
    llmobsi_drift_read_fn read;
    void* user;
    bool failed;
    uint32_t used; /* of the block */
    uint32_t end;
    uint64_t left; /* behind the block, up to the checksum */
    uint64_t sum;
    unsigned char block[LLMOBS_I_DRIFT_BLOCK];
} llmobsi_drift_reader;

llmobsi_fn void llmobsi_drift_next_block(llmobsi_drift_reader* reader)
{
    uint32_t size = reader->left < LLMOBS_I_DRIFT_BLOCK ? (uint32_t)reader->left
                                                        : LLMOBS_I_DRIFT_BLOCK;
    reader->failed = reader->failed || size == 0 ||
                     !reader->read(reader->user, reader->block, size);
    if (!reader->failed) {
        reader->sum = llmobsi_hash64_own(reader->block, size, reader->sum);
        reader->left -= size;
        reader->used = 0;
        reader->end = size;
    }
}

/* So many bytes, at most eight; 0 where there are none. */
llmobsi_fn uint64_t llmobsi_drift_get(llmobsi_drift_reader* reader, uint32_t size)
{
    unsigned char bytes[8] = {0};
    if (reader->used == reader->end) {
        llmobsi_drift_next_block(reader);
    }
    if (reader->failed || reader->end - reader->used < size) {
        reader->failed = true;
        return 0;
    }
    memcpy(bytes, reader->block + reader->used, size);
    reader->used += size;
    return llmobsi_load_le64(bytes);
}

/* A whole number from `least` to `most`; `least` where there is none. */
llmobsi_fn uint32_t llmobsi_drift_get_count(llmobsi_drift_reader* reader, uint32_t least,
                                            uint32_t most)
{
    uint64_t word = llmobsi_drift_get(reader, 8);
    if (word < least || word > most) {
        reader->failed = true;
        return least;
    }
    return (uint32_t)word;
}

/* A number from `least` to `most`. */
llmobsi_fn double llmobsi_drift_get_double(llmobsi_drift_reader* reader, double least, double most)
{
    double number = llmobsi_double_of(llmobsi_drift_get(reader, 8));
    if (!llmobsi_double_is_finite(number) || number < least || number > most) {
        reader->failed = true;
        return least;
    }
    return number;
}

llmobsi_fn void llmobsi_drift_get_embedder(llmobsi_drift_reader* reader, char* out)
{
    char bytes[LLMOBS_EMBEDDER_SIZE];
    uint32_t i;
    for (i = 0; i < LLMOBS_EMBEDDER_SIZE; i += 8) {
        llmobsi_store_le64(bytes + i, llmobsi_drift_get(reader, 8));
    }
    reader->failed = reader->failed || !llmobsi_drift_set_embedder(out, bytes) ||
                     memcmp(out, bytes, sizeof bytes) != 0; /* nothing is hidden behind it */
}

/* All before the mean. */
llmobsi_fn void llmobsi_drift_get_head(llmobsi_drift_reader* reader,
                                       llmobs_drift_baseline* baseline)
{
    static const char magic[] = LLMOBS_I_DRIFT_MAGIC;
    const double most = 2.001; /* between two of length 1 */
    uint64_t all = 0;
    uint32_t i;
    reader->failed = reader->failed ||
                     llmobsi_drift_get(reader, 8) != llmobsi_load_le64(magic) ||
                     llmobsi_drift_get(reader, 8) != llmobsi_load_le64(magic + 8);
    baseline->dimension = llmobsi_drift_get_count(reader, 2, LLMOBS_DRIFT_DIMENSIONS);
    baseline->prototypes = llmobsi_drift_get_count(reader, 1, LLMOBS_DRIFT_PROTOTYPES);
    baseline->count = llmobsi_drift_get_count(reader, LLMOBS_I_DRIFT_LEAST, LLMOBS_I_DRIFT_ROOM);
    baseline->held = llmobsi_drift_get_count(reader, baseline->count - baseline->count / 2,
                                             baseline->count - baseline->count / 2);
    baseline->seed = llmobsi_drift_get(reader, 8);
    baseline->distance_mean = llmobsi_drift_get_double(reader, 0.0, most);
    baseline->distance_deviation =
        llmobsi_drift_get_double(reader, LLMOBS_I_DRIFT_LEAST_DEVIATION, most);
    baseline->distance_most = llmobsi_drift_get_double(reader, baseline->distance_mean, most);
    baseline->null_mean = llmobsi_drift_get_double(reader, LLMOBS_I_DRIFT_LEAST_NULL, 8.0);
    baseline->null_deviation = llmobsi_drift_get_double(reader, LLMOBS_I_DRIFT_LEAST_NULL, 8.0);
    baseline->null_skew = llmobsi_drift_get_double(reader, -LLMOBS_I_DRIFT_SKEW_MOST,
                                                   LLMOBS_I_DRIFT_SKEW_MOST);
    for (i = 0; i < baseline->prototypes; i++) {
        baseline->held_in[i] = llmobsi_drift_get_count(reader, 0, baseline->held);
        all += baseline->held_in[i];
    }
    reader->failed = reader->failed || all != baseline->held;
    llmobsi_drift_get_embedder(reader, baseline->embedder);
}

/* The mean and the prototypes, for which there is room. */
llmobsi_fn void llmobsi_drift_get_vectors(llmobsi_drift_reader* reader,
                                          llmobs_drift_baseline* baseline)
{
    double* mean = llmobsi_drift_mean_of(baseline);
    float* rows = llmobsi_drift_rows_of(baseline);
    size_t floats = (size_t)baseline->prototypes * baseline->dimension;
    double square = 0.0;
    size_t i;
    for (i = 0; i < baseline->dimension; i++) {
        mean[i] = llmobsi_drift_get_double(reader, -LLMOBS_I_DRIFT_UNIT, LLMOBS_I_DRIFT_UNIT);
        square += mean[i] * mean[i];
    }
    for (i = 0; i < floats && !reader->failed; i++) {
        uint32_t bits = (uint32_t)llmobsi_drift_get(reader, 4);
        memcpy(rows + i, &bits, sizeof bits);
    }
    reader->failed = reader->failed || square > LLMOBS_I_DRIFT_UNIT ||
                     (floats % 2 != 0 && llmobsi_drift_get(reader, 4) != 0);
    if (!reader->failed) {
        llmobsi_drift_baseline_complete(baseline);
    }
    for (i = 0; i < baseline->prototypes && !reader->failed; i++) {
        reader->failed = !llmobsi_double_is_finite(baseline->squares[i]) ||
                         baseline->squares[i] > LLMOBS_I_DRIFT_UNIT;
    }
}

/* From a source that has `size` bytes. */
llmobsi_fn llmobs_result llmobsi_drift_load_all(llmobsi_drift_reader* reader, uint64_t size,
                                                void* memory, size_t bytes)
{
    llmobs_drift_baseline* baseline = (llmobs_drift_baseline*)memory;
    unsigned char sum[8];
    reader->failed = size < llmobsi_drift_written(2, 1) || size % 8 != 0;
    reader->used = reader->end = 0;
    reader->left = reader->failed ? 0 : size - sizeof sum;
    reader->sum = 0;
    memset((void*)baseline, 0, sizeof *baseline);
    llmobsi_drift_get_head(reader, baseline);
    if (reader->failed || size != llmobsi_drift_written(baseline->dimension,
                                                        baseline->prototypes)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (bytes < llmobs_drift_baseline_bytes(baseline->dimension, baseline->prototypes)) {
        return LLMOBS_ERROR_MEMORY;
    }
    llmobsi_drift_get_vectors(reader, baseline);
    baseline->fingerprint = reader->sum;
    if (reader->failed || reader->used != reader->end || reader->left != 0 ||
        !reader->read(reader->user, sum, sizeof sum) || llmobsi_load_le64(sum) != reader->sum) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    return LLMOBS_OK;
}

/* Checks what the caller has given, and leaves nothing in it unless there is a baseline. */
llmobsi_fn llmobs_result llmobsi_drift_load(llmobsi_drift_reader* reader, uint64_t size,
                                            void* memory, size_t bytes,
                                            llmobs_drift_baseline** out)
{
    llmobs_result result;
    if (memory == NULL || out == NULL || !llmobsi_drift_is_aligned(memory)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (bytes < sizeof(llmobs_drift_baseline)) {
        return LLMOBS_ERROR_MEMORY;
    }
    result = llmobsi_drift_load_all(reader, size, memory, bytes);
    llmobsi_wipe(reader->block, sizeof reader->block);
    if (result == LLMOBS_OK) {
        *out = (llmobs_drift_baseline*)memory;
    } else {
        llmobsi_wipe(memory, bytes);
    }
    return result;
}

/* Bytes in memory. */
typedef struct llmobsi_drift_bytes {
    const unsigned char* data;
    size_t left;
} llmobsi_drift_bytes;

llmobsi_fn bool llmobsi_drift_read_bytes(void* user, void* out, size_t size)
{
    llmobsi_drift_bytes* bytes = (llmobsi_drift_bytes*)user;
    if (size > bytes->left) {
        return false;
    }
    memcpy(out, bytes->data, size);
    bytes->data += size;
    bytes->left -= size;
    return true;
}

LLMOBS_API llmobs_result llmobs_drift_baseline_load(const void* data, size_t size, void* memory,
                                                    size_t bytes, llmobs_drift_baseline** out)
{
    llmobsi_drift_reader reader;
    llmobsi_drift_bytes source;
    if (data == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    source.data = (const unsigned char*)data;
    source.left = size;
    reader.read = llmobsi_drift_read_bytes;
    reader.user = &source;
    return llmobsi_drift_load(&reader, size, memory, bytes, out);
}
