/* Baselines as bytes and in files: they come back as they were; whatever is cut off or changed is
   refused; numbers that make no sense are refused although their checksum is right. */
#include "llmobs_private.h"

#include "tap.h"

#include <sys/stat.h>
#include <unistd.h>

#include "drifting.h"

enum { DIMENSION = 5, PROTOTYPES = 3, MOST = 4096 };

static llmobs_drift_baseline* baseline;
static unsigned char written[MOST];
static size_t written_size;
static size_t memory_size;
static void* memory;

typedef struct sink {
    unsigned char* data;
    size_t size;
    size_t most;
} sink;

static bool take(void* user, const char* data, size_t size)
{
    sink* to = (sink*)user;
    if (size > to->most - to->size) {
        return false;
    }
    memcpy(to->data + to->size, data, size);
    to->size += size;
    return true;
}

static llmobs_result load(const unsigned char* data, size_t size)
{
    llmobs_drift_baseline* loaded = NULL;
    llmobs_result result = llmobs_drift_baseline_load(data, size, memory, memory_size, &loaded);
    size_t i;
    if (result != LLMOBS_OK) {
        for (i = 0; i < memory_size && ((unsigned char*)memory)[i] == 0; i++) {
        }
        return i == memory_size && loaded == NULL ? result : LLMOBS_OK;
    }
    return loaded == memory ? result : LLMOBS_ERROR_SYSTEM;
}

static void check_again(void)
{
    sink to;
    llmobs_drift_baseline* large = drift_baseline_new(600, 60, 7, 8, 9);
    size_t size = llmobs_drift_baseline_written(large);
    size_t bytes = llmobs_drift_baseline_bytes(600, 7);
    llmobs_drift_baseline* loaded = NULL;
    void* room = drift_memory(bytes);
    to.data = (unsigned char*)drift_memory(size);
    to.size = 0;
    to.most = size;
    is_int(llmobs_drift_baseline_write(large, take, &to), LLMOBS_OK, "written, in several blocks");
    is_int((long long)to.size, (long long)size, "as many bytes as were told");
    is_int(llmobs_drift_baseline_load(to.data, to.size, room, bytes - 1, &loaded),
           LLMOBS_ERROR_MEMORY, "a byte less than it takes");
    is_int(llmobs_drift_baseline_load(to.data, to.size, room, bytes, &loaded), LLMOBS_OK, "loaded");
    ok(memcmp(loaded, large, bytes) == 0, "and the same bits");
    to.size = 0;
    to.most = size - 1;
    is_int(llmobs_drift_baseline_write(large, take, &to), LLMOBS_ERROR_SYSTEM,
           "what can't be written whole is told");
    free(to.data);
    free(room);
    free(large);
}

static void check_damage(void)
{
    unsigned char bytes[MOST];
    int wrong = 0;
    size_t i;
    ok(load(written, written_size) == LLMOBS_OK && memcmp(memory, baseline, memory_size) == 0,
       "a small one comes back");
    for (i = 0; i < written_size; i++) {
        wrong += load(written, i) == LLMOBS_OK;
    }
    is_int(wrong, 0, "cut off at any byte it is refused, and leaves nothing");
    for (i = 0; i < written_size * 8; i++) {
        memcpy(bytes, written, written_size);
        bytes[i / 8] ^= (unsigned char)(1u << i % 8);
        wrong += load(bytes, written_size) == LLMOBS_OK;
    }
    is_int(wrong, 0, "with any bit changed, too");
    memcpy(bytes, written, written_size);
    memset(bytes + written_size, 0, 8);
    ok(load(bytes, written_size + 8) != LLMOBS_OK, "and with more behind it");
}

/* ---- forged ones --------------------------------------------------------------------------- */

/* A word at a place, and the checksum made right. */
static llmobs_result load_forged(size_t place, uint64_t word, size_t size)
{
    unsigned char bytes[MOST];
    unsigned char le[8];
    memcpy(bytes, written, written_size);
    llmobsi_store_le64(le, word);
    memcpy(bytes + place, le, size);
    llmobsi_store_le64(bytes + written_size - 8,
                       llmobsi_hash64_own(bytes, written_size - 8, 0));
    return load(bytes, written_size);
}

/* The head's words, by their order. */
static size_t word_at(size_t number)
{
    return 16 + 8 * number;
}

static uint64_t bits(double number)
{
    return llmobsi_double_bits(number);
}

static void check_forged(void)
{
    const uint64_t nan_bits = UINT64_C(0x7ff8000000000000);
    const uint64_t infinity_bits = UINT64_C(0x7ff0000000000000);
    const size_t name = word_at(11 + PROTOTYPES);
    const size_t mean = name + LLMOBS_EMBEDDER_SIZE;
    const size_t rows = mean + 8 * DIMENSION;
    const size_t padding = rows + 4 * DIMENSION * PROTOTYPES;
    size_t i;
    int taken = 0;
    is_int(load_forged(word_at(4), 77, 8), LLMOBS_OK, "another seed is as good");
    ok(load_forged(word_at(0), 0, 8) != LLMOBS_OK && load_forged(word_at(0), 1, 8) != LLMOBS_OK &&
           load_forged(word_at(0), 100000, 8) != LLMOBS_OK &&
           load_forged(word_at(0), DIMENSION + 1, 8) != LLMOBS_OK &&
           load_forged(word_at(0), UINT64_MAX, 8) != LLMOBS_OK,
       "a dimension that is out of range, or another one");
    ok(load_forged(word_at(1), 0, 8) != LLMOBS_OK && load_forged(word_at(1), 33, 8) != LLMOBS_OK &&
           load_forged(word_at(1), PROTOTYPES - 1, 8) != LLMOBS_OK,
       "a number of prototypes");
    ok(load_forged(word_at(2), 39, 8) != LLMOBS_OK &&
           load_forged(word_at(2), UINT64_C(1) << 40, 8) != LLMOBS_OK &&
           load_forged(word_at(2), baseline->count + 2, 8) != LLMOBS_OK,
       "a number of embeddings");
    ok(load_forged(word_at(3), baseline->held + 1, 8) != LLMOBS_OK, "a number of those held");
    for (i = 5; i < 11; i++) {
        taken += load_forged(word_at(i), nan_bits, 8) == LLMOBS_OK;
        taken += load_forged(word_at(i), infinity_bits, 8) == LLMOBS_OK;
        taken += load_forged(word_at(i), bits(-30.0), 8) == LLMOBS_OK;
        taken += load_forged(word_at(i), bits(30.0), 8) == LLMOBS_OK;
    }
    for (i = 0; i < PROTOTYPES; i++) {
        taken += load_forged(word_at(11 + i), baseline->held_in[i] + 1, 8) == LLMOBS_OK;
        taken += load_forged(word_at(11 + i), UINT64_MAX, 8) == LLMOBS_OK;
    }
    is_int(taken, 0, "numbers that are none, out of range, or do not add up");
    ok(load_forged(word_at(6), bits(0.0), 8) != LLMOBS_OK &&
           load_forged(word_at(8), bits(0.0), 8) != LLMOBS_OK &&
           load_forged(word_at(9), bits(0.0), 8) != LLMOBS_OK,
       "deviations of 0, by which would be divided");
    ok(load_forged(word_at(7), bits(baseline->distance_mean * 0.5), 8) != LLMOBS_OK,
       "a largest distance below the mean");
    ok(load_forged(name, UINT64_C(0x6565656565ff6565), 8) != LLMOBS_OK &&
           load_forged(name + 56, UINT64_C(0x6565656565656565), 8) != LLMOBS_OK &&
           load_forged(name + 40, UINT64_C(0x65), 8) != LLMOBS_OK,
       "a name that is no text, has no end, or something behind it");
    taken = 0;
    for (i = 0; i < DIMENSION; i++) {
        taken += load_forged(mean + 8 * i, nan_bits, 8) == LLMOBS_OK;
        taken += load_forged(mean + 8 * i, bits(1.001), 8) == LLMOBS_OK;
        taken += load_forged(rows + 4 * i, 0x7fc00000u, 4) == LLMOBS_OK;
        taken += load_forged(rows + 4 * (i + DIMENSION), 0x7f800000u, 4) == LLMOBS_OK;
        taken += load_forged(rows + 4 * (i + DIMENSION), 0x3f810000u, 4) == LLMOBS_OK;
    }
    is_int(taken, 0, "vectors that are none, or longer than 1");
    ok(load_forged(padding, 1, 4) != LLMOBS_OK, "something in the padding");
}

/* ---- files --------------------------------------------------------------------------------- */

static llmobs_result open_file(const char* path)
{
    llmobs_drift_baseline* loaded = NULL;
    return llmobs_drift_baseline_open(path, memory, memory_size, &loaded);
}

static bool is_private(const char* path)
{
    struct stat status;
    return stat(path, &status) == 0 && (!HAS_MODES || (status.st_mode & 0777) == 0600);
}

static void check_files(void)
{
    static const char path[] = "build/tmp/test_drift_file/baseline";
    static const char temporary[] = "build/tmp/test_drift_file/baseline.tmp";
    static const char other[] = "build/tmp/test_drift_file/other";
    struct stat status;
    char longest[5000];
    FILE* file;
    (void)mkdir("build/tmp", 0777);
    (void)mkdir("build/tmp/test_drift_file", 0777);
    (void)unlink(path);
    (void)unlink(other);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    is_int(open_file(path), LLMOBS_ERROR_SYSTEM, "there is no file");
    file = fopen(temporary, "w"); /* left by a crash */
    (void)fclose(file);
    is_int(llmobs_drift_baseline_save(baseline, path), LLMOBS_OK, "saved");
    ok(is_private(path) && stat(path, &status) == 0 && (size_t)status.st_size == written_size,
       "for its owner alone");
    ok(stat(temporary, &status) != 0, "and nothing is left beside it");
    is_int(open_file(path), LLMOBS_OK, "opened");
    ok(memcmp(memory, baseline, memory_size) == 0, "and the same bits");
    if (!skipped_without_modes("a file that others can write is refused")) {
        (void)chmod(path, 0620);
        is_int(open_file(path), LLMOBS_ERROR_SYSTEM, "a file that others can write is refused");
        (void)chmod(path, 0644);
    }
    is_int(llmobs_drift_baseline_save(baseline, path), LLMOBS_OK, "saved over it");
    ok(is_private(path), "for its owner alone again");
    ok(truncate(path, (off_t)written_size - 1) == 0 && open_file(path) == LLMOBS_ERROR_ARGUMENT,
       "one that is cut off is refused");
    if (!skipped_without_modes("a link in its place")) {
        ok(rename(path, other) == 0 && symlink("other", path) == 0, "a link in its place");
        is_int(open_file(path), LLMOBS_ERROR_SYSTEM, "is not followed");
        is_int(llmobs_drift_baseline_save(baseline, path), LLMOBS_OK, "nor written through:");
        ok(stat(other, &status) == 0 && (size_t)status.st_size == written_size - 1 &&
               open_file(path) == LLMOBS_OK,
           "it is replaced");
    } else {
        (void)llmobs_drift_baseline_save(baseline, path);
    }
    is_int(open_file("build/tmp"), LLMOBS_ERROR_SYSTEM, "a folder");
    is_int(llmobs_drift_baseline_save(baseline, "build/no such folder/x"), LLMOBS_ERROR_SYSTEM,
           "a folder that is not there");
    ok(mkdir(temporary, 0700) == 0 &&
           llmobs_drift_baseline_save(baseline, path) == LLMOBS_ERROR_SYSTEM &&
           rmdir(temporary) == 0 && open_file(path) == LLMOBS_OK,
       "what can't be written leaves the old one");
    is_int(llmobs_drift_baseline_save(baseline, ""), LLMOBS_ERROR_ARGUMENT, "no path");
    is_int(llmobs_drift_baseline_save(baseline, longest), LLMOBS_ERROR_ARGUMENT, "one too long");
    is_int(llmobs_drift_baseline_save(NULL, path), LLMOBS_ERROR_ARGUMENT, "no baseline");
    is_int(open_file(NULL), LLMOBS_ERROR_ARGUMENT, "nothing to open");
}

static void check_refusals(void)
{
    llmobs_drift_baseline* loaded = NULL;
    ok(llmobs_drift_baseline_load(NULL, 10, memory, memory_size, &loaded) ==
               LLMOBS_ERROR_ARGUMENT &&
           llmobs_drift_baseline_load(written, written_size, NULL, 0, &loaded) ==
               LLMOBS_ERROR_ARGUMENT &&
           llmobs_drift_baseline_load(written, written_size, (char*)memory + 1, memory_size - 1,
                                      &loaded) == LLMOBS_ERROR_ARGUMENT &&
           llmobs_drift_baseline_load(written, written_size, memory, 8, &loaded) ==
               LLMOBS_ERROR_MEMORY &&
           llmobs_drift_baseline_write(NULL, take, NULL) == LLMOBS_ERROR_ARGUMENT &&
           llmobs_drift_baseline_written(NULL) == 0,
       "arguments");
}

int main(void)
{
    sink to;
    baseline = drift_baseline_new(DIMENSION, 61, PROTOTYPES, 8, 9);
    memory_size = llmobs_drift_baseline_bytes(DIMENSION, PROTOTYPES);
    memory = drift_memory(memory_size);
    to.data = written;
    to.size = 0;
    to.most = sizeof written;
    (void)llmobs_drift_baseline_write(baseline, take, &to);
    written_size = to.size;
    check_again();
    check_damage();
    check_forged();
    check_files();
    check_refusals();
    free(memory);
    free(baseline);
    return done();
}
