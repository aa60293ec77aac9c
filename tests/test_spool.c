/* The spool: batches come back in order and whole, over restarts, kills, full disks, damage of
   every bit, and each item is accounted for once. The system calls that it makes are defined here,
   so that each of them can be made to fail. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "llmobs_private.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tap.h"
#define RANDOM_SEED 72
#include "random.h"
#include "batches.h"

#define FOLDER "test_spool" /* in memory, where there is such a place: see go_to_place */
#define SPOOL FOLDER "/spool"

/* ---- system calls that fail on demand ------------------------------------------------------ */

#include "faults.h"

static size_t portion(size_t size)
{
    return fault.kind == FAULT_SHORT && size > 1 ? 1 + size / 3 : size;
}

int unlink(const char* path)
{
    return fails() ? -1 : unlinkat(AT_FDCWD, path, 0);
}

int mkdir(const char* path, mode_t mode)
{
    return fails() ? -1 : mkdirat(AT_FDCWD, path, mode);
}

off_t lseek(int file, off_t offset, int from)
{
    return fails() ? -1 : (off_t)syscall(SYS_lseek, file, (long)offset, from);
}

/* ---- files --------------------------------------------------------------------------------- */

static void empty_folder(const char* path)
{
    DIR* folder = opendir(path);
    struct dirent* entry;
    char name[600];
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
            if (unlink(name) != 0) {
                empty_folder(name);
                (void)rmdir(name);
            }
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

static char place[64];

/* Ten thousand spools on a disk that others use, too, take minutes. */
static void go_to_place(void)
{
    snprintf(place, sizeof place, "/dev/shm/llmobs_test.%ld", (long)getpid());
    if (mkdir(place, 0700) != 0 || chdir(place) != 0) {
        place[0] = '\0';
        (void)mkdir("build", 0777);
        (void)mkdir("build/tmp", 0777);
        if (chdir("build/tmp") != 0) {
            printf("Bail out! no directory\n");
            exit(1);
        }
    }
}

static void leave_place(void)
{
    empty_folder(FOLDER);
    (void)rmdir(FOLDER);
    if (place[0] != '\0') {
        (void)rmdir(place);
    }
}

static void clean(void)
{
    (void)mkdir(FOLDER, 0777);
    (void)chmod(SPOOL, 0700);
    empty_folder(FOLDER);
}

/* How many files there are whose name has that in it; their sizes are added to *bytes. */
static int files_with(const char* part, uint64_t* bytes)
{
    DIR* folder = opendir(SPOOL);
    struct dirent* entry;
    int count = 0;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        struct stat status;
        char name[600];
        if (entry->d_name[0] == '.' || strstr(entry->d_name, part) == NULL) {
            continue;
        }
        snprintf(name, sizeof name, "%s/%s", SPOOL, entry->d_name);
        count++;
        if (bytes != NULL && stat(name, &status) == 0) {
            *bytes += (uint64_t)status.st_size;
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return count;
}

static unsigned mode_of(const char* path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (unsigned)status.st_mode & 07777 : 0;
}

typedef struct kept_file {
    char path[600];
    size_t size;
    unsigned char bytes[1 << 17];
} kept_file;

static kept_file kept[4];
static int kept_count;

static void keep_file(const char* name)
{
    kept_file* file = &kept[kept_count++];
    int from;
    snprintf(file->path, sizeof file->path, "%s/%s", SPOOL, name);
    from = open(file->path, O_RDONLY);
    file->size = from >= 0 ? (size_t)read(from, file->bytes, sizeof file->bytes) : 0;
    (void)close(from);
}

static void put_file(const kept_file* file, size_t size)
{
    int to = open(file->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (to < 0 || write(to, file->bytes, size) != (ssize_t)size || close(to) != 0) {
        printf("Bail out! can't write %s\n", file->path);
        exit(1);
    }
}

/* ---- batches whose items can be told apart ------------------------------------------------- */

static unsigned char memory[1 << 17] __attribute__((aligned(64)));
static llmobsi_spool spool;

static void name_item(uint8_t id[16], uint64_t number, uint64_t item)
{
    llmobsi_write_be64(id, number);
    llmobsi_write_be64(id + 8, item);
}

#define ITEMS_MOST 24

/* A batch of so many items of signal `number` % 3, each with so much text. */
static const llmobs_batch* numbered(uint64_t number, uint64_t items, size_t text)
{
    static llmobs_batch batch;
    static llmobs_resource_view resource;
    static llmobs_span_view spans[ITEMS_MOST];
    static llmobs_log_view logs[ITEMS_MOST];
    static llmobs_metric_view metric;
    static llmobs_point_view points[ITEMS_MOST];
    static char letters[4096];
    llmobs_string filling;
    uint64_t i;
    memset(letters, 'l', sizeof letters);
    memset(&batch, 0, sizeof batch);
    memset(spans, 0, sizeof spans);
    memset(logs, 0, sizeof logs);
    memset(&metric, 0, sizeof metric);
    memset(points, 0, sizeof points);
    filling.data = letters;
    filling.size = text;
    batch.size = sizeof batch;
    batch.id = number + 1;
    batch.resource = &resource;
    for (i = 0; i < items; i++) {
        name_item(spans[i].trace_id, number, i);
        name_item(logs[i].trace_id, number, i);
        spans[i].status_message = logs[i].body = points[i].labels = filling;
        points[i].start_unix_ns = number;
        points[i].count = i;
    }
    metric.instrument = LLMOBS_COUNTER;
    metric.points = points;
    metric.point_count = (size_t)items;
    if (number % 3 == 0) {
        batch.spans = spans;
        batch.span_count = (size_t)items;
    } else if (number % 3 == 1) {
        batch.logs = logs;
        batch.log_count = (size_t)items;
    } else {
        batch.metrics = &metric;
        batch.metric_count = 1;
    }
    return &batch;
}

/* The number and item of an item. */
static void item_of(const llmobs_batch* batch, size_t i, uint64_t* number, uint64_t* item)
{
    const uint8_t* id = i < batch->span_count ? batch->spans[i].trace_id
                        : i < batch->log_count ? batch->logs[i].trace_id
                                               : NULL;
    uint32_t k;
    if (id == NULL) {
        *number = batch->metrics[0].points[i].start_unix_ns;
        *item = batch->metrics[0].points[i].count;
        return;
    }
    *number = *item = 0;
    for (k = 0; k < 8; k++) {
        *number = *number << 8 | id[k];
        *item = *item << 8 | id[8 + k];
    }
}

static uint64_t fate(llmobsi_spool_fate what)
{
    return spool.counts.items[what][0] + spool.counts.items[what][1] + spool.counts.items[what][2];
}

static uint64_t waiting(void)
{
    return spool.counts.waiting[0] + spool.counts.waiting[1] + spool.counts.waiting[2];
}

/* Of each signal. */
static bool balances(void)
{
    bool so = true;
    uint32_t i;
    for (i = 0; i < 3; i++) {
        so &= spool.counts.items[LLMOBS_I_SPOOL_PUT][i] +
                  spool.counts.items[LLMOBS_I_SPOOL_RECOVERED][i] ==
              spool.counts.items[LLMOBS_I_SPOOL_TAKEN][i] +
                  spool.counts.items[LLMOBS_I_SPOOL_DISPLACED][i] +
                  spool.counts.items[LLMOBS_I_SPOOL_DAMAGED][i] + spool.counts.waiting[i];
    }
    return so;
}

static bool open_spool(uint64_t limit)
{
    return llmobsi_spool_open(&spool, SPOOL, limit) == LLMOBS_I_SPOOL_OK;
}

static llmobsi_spool_result peek(llmobs_batch* batch)
{
    return llmobsi_spool_peek(&spool, memory, sizeof memory, batch);
}

/* ---- the plain way ------------------------------------------------------------------------- */

static const llmobs_batch* put_before[40];

static void test_back_as_put(void)
{
    static batch_maker makers[40];
    unsigned i, wrong = 0, different = 0;
    llmobs_batch back;
    clean();
    ok(open_spool(8 << 20), "a spool is opened, and its directory made");
    is_int(mode_of(SPOOL), 0700, "... private");
    is_int(peek(&back), LLMOBS_I_SPOOL_EMPTY, "... empty");
    for (i = 0; i < 40; i++) {
        makers[i].plain = true;
        do {
            put_before[i] = some_batch(&makers[i], i % 4 == 3 ? 7 : 1u << i % 4, 8);
        } while (items_of(put_before[i]) == 0);
        wrong += llmobsi_spool_put(&spool, put_before[i]) != LLMOBS_I_SPOOL_OK || !balances();
    }
    is_int(wrong, 0, "40 batches are put");
    ok(files_with(".spool", NULL) > 0 && mode_of(SPOOL "/0000000000000001.spool") == 0600,
       "... into a private file");
    is_int(spool.counts.batches, 40, "... all wait");
    for (i = 0; i < 40; i++) {
        if (i == 13 || i == 27) {
            llmobsi_spool_close(&spool);
            wrong += !open_spool(8 << 20);
            wrong += fate(LLMOBS_I_SPOOL_RECOVERED) != waiting() ||
                     spool.counts.batches != 40 - i;
        }
        wrong += peek(&back) != LLMOBS_I_SPOOL_OK;
        different += !same_batch(put_before[i], &back);
        if (i % 3 == 0) {
            wrong += peek(&back) != LLMOBS_I_SPOOL_OK; /* the same again */
            different += !same_batch(put_before[i], &back);
        }
        llmobsi_spool_take(&spool);
        wrong += !balances();
    }
    is_int(wrong, 0, "... given back in order, over two restarts");
    is_int(different, 0, "... as they were");
    is_int(peek(&back), LLMOBS_I_SPOOL_EMPTY, "... and no more");
    is_int(files_with("", NULL), 1, "... nothing is left but the lock");
    is_int(spool.counts.bytes, 0, "... and no bytes");
    llmobsi_spool_take(&spool);
    ok(balances() && waiting() == 0, "taking nothing changes nothing");
    llmobsi_spool_close(&spool);
    is_int(llmobsi_spool_put(&spool, put_before[0]), LLMOBS_I_SPOOL_OFF, "once closed it is off");
    is_int(peek(&back), LLMOBS_I_SPOOL_OFF, "... for all");
}

/* ---- against a model ----------------------------------------------------------------------- */

#define ITEMS (1 << 16)

/* Every item that was put, in order; and how far they were given back. */
static struct {
    uint64_t number[ITEMS];
    uint64_t item[ITEMS];
    size_t count;
    size_t next;   /* the first that was neither taken nor passed over */
    size_t missed; /* passed over */
    size_t wrong;
    size_t lost_before; /* counted lost by spools that were closed since */
} model;

static void model_put(uint64_t number, uint64_t items)
{
    uint64_t i;
    for (i = 0; i < items; i++) {
        model.number[model.count] = number;
        model.item[model.count++] = i;
    }
}

/* Checks a batch; returns where it ends. */
static size_t model_check(const llmobs_batch* batch)
{
    size_t at = model.next;
    size_t i;
    for (i = 0; i < items_of(batch); i++) {
        uint64_t number, item;
        item_of(batch, i, &number, &item);
        while (i == 0 && at < model.count &&
               (model.number[at] != number || model.item[at] != item)) {
            at++;
        }
        model.wrong += at >= model.count || model.number[at] != number || model.item[at] != item;
        at++;
    }
    return at;
}

static void model_take(const llmobs_batch* batch)
{
    size_t end = model_check(batch);
    model.missed += end - items_of(batch) - model.next;
    model.next = end;
}

static void model_restart(uint64_t limit)
{
    uint64_t before;
    llmobsi_spool_give_back(&spool);
    before = waiting();
    model.lost_before += fate(LLMOBS_I_SPOOL_DISPLACED) + fate(LLMOBS_I_SPOOL_DAMAGED);
    if (below(2) == 0) {
        llmobsi_spool_close(&spool);
    } else { /* as if it had died */
        llmobsi_lock_file_give(&spool.lock);
    }
    model.wrong += !open_spool(limit) || fate(LLMOBS_I_SPOOL_RECOVERED) != before || !balances();
}

/* One random run; returns how many items were lost. */
static size_t model_run(unsigned steps)
{
    uint64_t limit = 65536 + below(200000);
    uint64_t number = 0;
    llmobs_batch batch;
    memset(&model, 0, sizeof model);
    clean();
    model.wrong += !open_spool(limit);
    while (steps-- > 0) {
        uint64_t what = below(20);
        uint64_t bytes = 0;
        if (what < 9) {
            uint64_t items = 1 + below(ITEMS_MOST);
            llmobsi_spool_result result =
                llmobsi_spool_put(&spool, numbered(number, items, (size_t)below(600)));
            model.wrong += result != LLMOBS_I_SPOOL_OK;
            model_put(number++, items);
        } else if (what < 19) {
            size_t room = 2048 + 64 * (size_t)below(900);
            llmobsi_spool_result result = llmobsi_spool_peek(&spool, memory, room, &batch);
            model.wrong += result != LLMOBS_I_SPOOL_OK && result != LLMOBS_I_SPOOL_EMPTY;
            if (result == LLMOBS_I_SPOOL_OK && what < 17) {
                if (what == 16) { /* it may be displaced meanwhile, and is delivered all the same */
                    uint64_t items = 1 + below(ITEMS_MOST);
                    (void)model_check(&batch);
                    model.wrong += llmobsi_spool_put(&spool, numbered(number, items, 2000)) !=
                                   LLMOBS_I_SPOOL_OK;
                    model_put(number++, items);
                }
                model_take(&batch);
                llmobsi_spool_take(&spool);
            }
        } else if (below(3) == 0) {
            model_restart(limit);
        }
        (void)files_with(".spool", &bytes);
        model.wrong += !balances() || bytes > limit || bytes != spool.counts.bytes;
    }
    llmobsi_spool_give_back(&spool);
    while (peek(&batch) == LLMOBS_I_SPOOL_OK) {
        model_take(&batch);
        llmobsi_spool_take(&spool);
    }
    model.missed += model.count - model.next;
    model.lost_before += fate(LLMOBS_I_SPOOL_DISPLACED) + fate(LLMOBS_I_SPOOL_DAMAGED);
    model.wrong += waiting() != 0 || model.lost_before != model.missed;
    llmobsi_spool_close(&spool);
    return model.missed;
}

static void test_model(void)
{
    size_t wrong = 0, lost = 0, items = 0;
    unsigned run, runs = by_qemu() ? 15 : 60;
    for (run = 0; run < runs; run++) {
        lost += model_run(300);
        wrong += model.wrong;
        items += model.count;
    }
    is_int(wrong, 0, "60 random runs: in order, each item delivered once or counted lost, never "
                     "more bytes than allowed");
    ok(lost > 1000 && lost < items / 2, "... some gave way");
    printf("# %zu items, %zu of them lost\n", items, lost);
}

static void test_large(void)
{
    static char text[70000];
    llmobs_batch batch = *numbered(0, 1, 0);
    llmobs_span_view span = batch.spans[0];
    llmobs_batch back;
    clean();
    memset(text, 't', sizeof text);
    ok(open_spool(0), "the least limit");
    batch.spans = &span;
    span.status_message.data = text;
    span.status_message.size = 50000;
    is_int(llmobsi_spool_put(&spool, &batch), LLMOBS_I_SPOOL_OK, "a batch of most of it");
    is_int(llmobsi_spool_put(&spool, &batch), LLMOBS_I_SPOOL_OK, "another: the first gives way");
    is_int(fate(LLMOBS_I_SPOOL_DISPLACED), 1, "... counted");
    span.status_message.size = 70000;
    is_int(llmobsi_spool_put(&spool, &batch), LLMOBS_I_SPOOL_LARGE, "one of more is refused");
    is_int(waiting(), 1, "... and nothing gives way to it");
    batch.span_count = 0;
    ok(llmobsi_spool_put(&spool, &batch) == LLMOBS_I_SPOOL_OK && waiting() == 1,
       "an empty batch is nothing");
    is_int(llmobsi_spool_peek(&spool, memory, 4096, &back), LLMOBS_I_SPOOL_EMPTY,
           "an item that is larger than the memory is passed over");
    ok(fate(LLMOBS_I_SPOOL_DAMAGED) == 1 && waiting() == 0 && balances(), "... and counted");
    is_int(spool.counts.damaged_files, 0, "... but its segment is sound");
    llmobsi_spool_close(&spool);
}

/* ---- damage -------------------------------------------------------------------------------- */

/* Two segments: batches 0 to 2, with 2 items, then 3 and 4. Half of batch 0 is taken. */
static void make_small(void)
{
    uint64_t number;
    llmobs_batch batch;
    clean();
    (void)open_spool(0);
    for (number = 0; number < 5; number++) {
        if (number == 3) {
            spool.appendable = false;
        }
        (void)llmobsi_spool_put(&spool, numbered(number, 2, 20));
    }
    (void)llmobsi_spool_peek(&spool, memory, 40 * sizeof(void*), &batch); /* room for one */
    llmobsi_spool_take(&spool);
    is_int(fate(LLMOBS_I_SPOOL_TAKEN), 1, "a small spool, one item of which is taken");
    llmobsi_spool_close(&spool);
    kept_count = 0;
    keep_file("0000000000000001.spool");
    keep_file("0000000000000002.spool");
    memset(&model, 0, sizeof model);
    for (number = 0; number < 5; number++) {
        model_put(number, 2);
    }
}

/* Opens, and delivers what there is. Returns how many items. */
static size_t drain_damaged(size_t* wrong)
{
    llmobs_batch batch;
    size_t delivered = 0;
    model.next = model.missed = model.wrong = 0;
    if (!open_spool(0)) {
        (*wrong)++;
        return 0;
    }
    while (peek(&batch) == LLMOBS_I_SPOOL_OK) {
        delivered += items_of(&batch);
        model_take(&batch);
        llmobsi_spool_take(&spool);
    }
    *wrong += model.wrong != 0 || !balances() || waiting() != 0 || spool.counts.failures != 0 ||
              fate(LLMOBS_I_SPOOL_DISPLACED) != 0 || fate(LLMOBS_I_SPOOL_RECOVERED) > 10 ||
              files_with(".spool", NULL) != 0 ||
              (files_with("spool.damaged", NULL) > 0) != (spool.counts.damaged_files > 0);
    llmobsi_spool_close(&spool);
    return delivered;
}

static void restore(void)
{
    int i;
    for (i = 0; i < kept_count; i++) {
        put_file(&kept[i], kept[i].size);
    }
    (void)unlink(SPOOL "/spool.damaged");
}

static void test_flipped(void)
{
    size_t wrong = 0, least = 10, unseen = 0, too_many = 0, flips = 0;
    int which;
    make_small();
    for (which = 0; which < kept_count; which++) {
        size_t bit;
        for (bit = 0; bit < 8 * kept[which].size; bit += step_of(5)) {
            size_t delivered;
            restore();
            kept[which].bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
            put_file(&kept[which], kept[which].size);
            kept[which].bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
            delivered = drain_damaged(&wrong);
            flips++;
            if (bit / 8 >= LLMOBS_I_SPOOL_SEGMENT_HEAD) {
                least = delivered < least ? delivered : least;
            }
            too_many += delivered > 10;
            /* All that was there is delivered, or known to be lost, but for the last frame's. */
            unseen += delivered < 9 && spool.counts.damaged_files == 0;
        }
    }
    is_int(wrong, 0, "whichever bit flips: what is delivered is right, and the account, too");
    is_int(least, 7, "... behind a segment's head it costs one batch at most");
    ok(too_many == 0 && unseen == 0, "... and a damaged file is set aside");
    printf("# %zu flips\n", flips);
}

/* Pages that never came to the disk are zeros: a frame begins with zeros as long as it is not
   finished, but others may stand behind it. */
static void test_zeroed(void)
{
    size_t wrong = 0, least = 10, unknown = 0, holes = 0, last;
    int which;
    make_small();
    last = (LLMOBS_I_SPOOL_SEGMENT_HEAD + kept[1].size) / 2; /* of two frames, equally long */
    for (which = 0; which < kept_count; which++) {
        size_t at;
        for (at = LLMOBS_I_SPOOL_SEGMENT_HEAD; at + 8 <= kept[which].size; at += 8) {
            static kept_file zeroed;
            size_t delivered;
            restore();
            zeroed = kept[which];
            memset(zeroed.bytes + at, 0, 8);
            put_file(&zeroed, zeroed.size);
            delivered = drain_damaged(&wrong);
            holes++;
            least = delivered < least ? delivered : least;
            /* But for the last frame, behind which nothing stands that would know of it. */
            if (delivered < 9 && (which == 0 || at < last)) {
                unknown += delivered + fate(LLMOBS_I_SPOOL_DAMAGED) < 9 ||
                           spool.counts.damaged_files == 0;
            }
        }
    }
    is_int(wrong, 0, "eight zeros anywhere: what is delivered is right, and the account, too");
    is_int(least, 7, "... they cost the batch that they are in");
    is_int(unknown, 0, "... which is known");
    printf("# %zu holes\n", holes);
}

static void test_truncated(void)
{
    size_t wrong = 0, unknown = 0, cut;
    make_small();
    for (cut = 0; cut < kept[0].size; cut++) {
        size_t delivered;
        restore();
        put_file(&kept[0], cut);
        delivered = drain_damaged(&wrong);
        unknown += delivered < 4 || (cut > LLMOBS_I_SPOOL_SEGMENT_HEAD &&
                                     delivered + fate(LLMOBS_I_SPOOL_DAMAGED) < 9);
    }
    is_int(wrong + unknown, 0,
           "an older segment cut anywhere: what is missing is known to the item");
    for (cut = 0; cut < kept[1].size; cut++) {
        restore();
        put_file(&kept[1], cut);
        unknown += drain_damaged(&wrong) < 5;
    }
    is_int(wrong + unknown, 0, "the last one cut anywhere: what was before is delivered");
    for (cut = 0; cut < kept[1].size; cut++) { /* as a batch that was not finished, and a restart */
        llmobs_batch batch;
        restore();
        put_file(&kept[1], cut);
        wrong += !open_spool(0);
        wrong += llmobsi_spool_put(&spool, numbered(5, 2, 20)) != LLMOBS_I_SPOOL_OK;
        model_put(5, 2);
        llmobsi_spool_close(&spool);
        wrong += !open_spool(0);
        model.next = 0;
        while (peek(&batch) == LLMOBS_I_SPOOL_OK) {
            model_take(&batch);
            llmobsi_spool_take(&spool);
        }
        wrong += model.next != model.count || !balances();
        model.count -= 2;
        llmobsi_spool_close(&spool);
    }
    is_int(wrong, 0, "... and what is put then comes behind it");
}

/* Random damage of several places, with random bytes: of larger spools. */
static void test_garbled(void)
{
    size_t wrong = 0;
    unsigned round;
    make_small();
    for (round = 0; round < 3000; round++) {
        int which = (int)below(2);
        unsigned spots = 1 + (unsigned)below(6);
        static kept_file garbled;
        restore();
        garbled = kept[which];
        while (spots-- > 0) {
            size_t from = (size_t)below(garbled.size);
            size_t count = 1 + (size_t)below(below(2) == 0 ? 8 : 200);
            while (count-- > 0 && from < garbled.size) {
                garbled.bytes[from++] = (unsigned char)(round % 3 == 0 ? 0 : next_random());
            }
        }
        put_file(&garbled, garbled.size);
        if (below(4) == 0) { /* and files in each other's place */
            (void)rename(kept[0].path, kept[1].path);
        }
        (void)drain_damaged(&wrong);
    }
    is_int(wrong, 0, "3000 garbled spools: what is delivered is right, and the account, too");
}

/* A text that is a frame, as it would be written, is no frame. */
static void test_forged(void)
{
    llmobs_batch batch = *numbered(0, 1, 0);
    llmobs_span_view span = batch.spans[0];
    size_t wrong = 0;
    make_small();
    restore();
    batch.spans = &span;
    span.status_message.data = (const char*)kept[1].bytes + LLMOBS_I_SPOOL_SEGMENT_HEAD;
    span.status_message.size = 400;
    span.trace_state.data = (const char*)&span; /* moves it by each of eight */
    for (span.trace_state.size = 0; span.trace_state.size < 8; span.trace_state.size++) {
        int file;
        llmobs_batch back;
        clean();
        wrong += !open_spool(0) || llmobsi_spool_put(&spool, &batch) != LLMOBS_I_SPOOL_OK;
        file = open(SPOOL "/0000000000000001.spool", O_WRONLY);
        wrong += lseek(file, LLMOBS_I_SPOOL_SEGMENT_HEAD + 16, SEEK_SET) < 0 ||
                 write(file, "damaged.", 8) != 8;
        (void)close(file);
        wrong += peek(&back) != LLMOBS_I_SPOOL_EMPTY || fate(LLMOBS_I_SPOOL_DAMAGED) != 1;
        llmobsi_spool_close(&spool);
    }
    is_int(wrong, 0, "behind a damaged head no text passes for a frame");
}

/* Somebody tidies. */
static void test_deleted(void)
{
    llmobs_batch batch;
    make_small();
    restore();
    (void)open_spool(0);
    (void)unlink(kept[0].path);
    ok(peek(&batch) == LLMOBS_I_SPOOL_OK && batch.id == 4, "a deleted segment is passed over");
    ok(fate(LLMOBS_I_SPOOL_DAMAGED) == 5 && balances(), "... and counted");
    (void)unlink(kept[1].path);
    (void)unlink(SPOOL "/lock");
    is_int(llmobsi_spool_put(&spool, numbered(5, 2, 9)), LLMOBS_I_SPOOL_OK,
           "all deleted: one is put");
    llmobsi_spool_take(&spool);
    ok(peek(&batch) == LLMOBS_I_SPOOL_OK && batch.id == 6, "... and comes back");
    ok(balances() && fate(LLMOBS_I_SPOOL_DAMAGED) == 7 && fate(LLMOBS_I_SPOOL_TAKEN) == 2,
       "... the rest is counted");
    llmobsi_spool_close(&spool);
    make_small();
    restore();
    (void)open_spool(0);
    (void)truncate(kept[1].path, 0);
    is_int(llmobsi_spool_put(&spool, numbered(5, 2, 9)), LLMOBS_I_SPOOL_OK,
           "the last segment emptied: what is put goes to another");
    memset(&model, 0, sizeof model);
    while (peek(&batch) == LLMOBS_I_SPOOL_OK) {
        llmobsi_spool_take(&spool);
    }
    ok(fate(LLMOBS_I_SPOOL_DAMAGED) == 4 && fate(LLMOBS_I_SPOOL_TAKEN) == 7 && balances(),
       "... and what was in it is counted");
    llmobsi_spool_close(&spool);
}

/* ---- system calls fail --------------------------------------------------------------------- */

/* What was taken while nothing could be written comes once more after a restart: from the front. */
static void take_again(const llmobs_batch* back)
{
    size_t again = model.next;
    uint64_t first, item;
    item_of(back, 0, &first, &item);
    while (again > 0 && model.number[again - 1] >= first) {
        again--;
    }
    model.next = again < model.next ? again : model.next;
    model_take(back);
    llmobsi_spool_take(&spool);
}

/* Puts, peeks, takes and restarts; what failed is tried again without faults at the end. Returns
   how many calls there were. */
static long run_with_faults(size_t* wrong)
{
    static const llmobs_batch* batch;
    llmobs_batch back;
    fault_kind kind = fault.kind;
    uint64_t number;
    uint64_t put = 0;
    bool is_put[12];
    memset(&model, 0, sizeof model);
    fault.calls = 0;
    (void)llmobsi_spool_open(&spool, SPOOL, 65536);
    for (number = 0; number < 12; number++) {
        bool was_on = spool.on;
        batch = numbered(number, 2, number == 5 ? 3000 : 400);
        is_put[number] = llmobsi_spool_put(&spool, batch) == LLMOBS_I_SPOOL_OK;
        if (is_put[number]) {
            put += 2;
            model_put(number, 2);
        }
        *wrong += is_put[number] && !was_on;
        if (number % 4 == 3 && peek(&back) == LLMOBS_I_SPOOL_OK) {
            take_again(&back);
        }
        if (number == 7) {
            llmobsi_spool_close(&spool);
            (void)llmobsi_spool_open(&spool, SPOOL, 65536);
        }
        *wrong += !balances();
    }
    fault.kind = FAULT_NONE;
    llmobsi_spool_close(&spool);
    *wrong += !open_spool(65536);
    while (peek(&back) == LLMOBS_I_SPOOL_OK) {
        take_again(&back);
    }
    *wrong += model.wrong != 0 || !balances() || waiting() != 0 || model.next != model.count ||
              model.missed != 0;
    llmobsi_spool_close(&spool);
    fault.kind = kind;
    return fault.calls;
}

static void test_faults(void)
{
    static const int errors[] = {EIO, ENOSPC, EINTR, EMFILE, EACCES};
    size_t wrong = 0, which, runs = 0;
    long calls, at;
    clean();
    fault.kind = FAULT_NONE;
    calls = run_with_faults(&wrong);
    is_int(wrong, 0, "without faults");
    for (which = 0; which < 5; which++) {
        for (at = 0; at < 2 * calls; at += step_of(7)) {
            size_t before = wrong;
            fault.kind = FAULT_ERROR;
            fault.error = errors[which];
            fault.at = at / 2;
            fault.forever = at % 2 == 1 && errors[which] != EINTR;
            clean();
            (void)run_with_faults(&wrong);
            runs++;
            if (wrong != before && before == 0) {
                printf("# first wrong: error %d at call %ld, %s\n", errors[which], at / 2,
                       fault.forever ? "for ever" : "once");
            }
        }
    }
    fault.kind = FAULT_SHORT;
    clean();
    (void)run_with_faults(&wrong);
    fault.kind = FAULT_NONE;
    is_int(wrong, 0, "every call fails, once and for ever: what was put comes back, in order");
    printf("# %zu runs, %ld calls each\n", runs, calls);
}

static void test_size_limit(void)
{
    int status = 1;
    pid_t child;
    clean();
    child = fork();
    if (child == 0) {
        struct rlimit limit;
        uint64_t number, refused = 0, bytes = 0;
        int wrong = 0;
        limit.rlim_cur = limit.rlim_max = 6000;
        (void)signal(SIGXFSZ, SIG_DFL);
        wrong += setrlimit(RLIMIT_FSIZE, &limit) != 0;
        wrong += !open_spool(1 << 20);
        for (number = 0; number < 20; number++) {
            refused += llmobsi_spool_put(&spool, numbered(number, number == 7 ? 20 : 2, 600)) !=
                       LLMOBS_I_SPOOL_OK;
        }
        wrong += refused == 0 || refused == 20 || spool.counts.failures != refused || !balances();
        (void)files_with(".spool", &bytes);
        wrong += bytes != spool.counts.bytes;
        _exit(wrong);
    }
    (void)waitpid(child, &status, 0);
    ok(WIFEXITED(status), "a limit to the size of files: no signal");
    is_int(WEXITSTATUS(status), 0,
           "... what does not fit is refused and cut off, and all else is put");
}

/* Limits that a segment's head is too long for; and one that came after the segments. */
static int under_limit(rlim_t most)
{
    struct rlimit limit;
    llmobs_batch batch;
    int wrong = 0;
    limit.rlim_cur = most;
    limit.rlim_max = RLIM_INFINITY;
    (void)signal(SIGXFSZ, SIG_DFL);
    wrong += !open_spool(1 << 20);
    wrong += llmobsi_spool_put(&spool, numbered(0, 2, 600)) != LLMOBS_I_SPOOL_OK;
    wrong += setrlimit(RLIMIT_FSIZE, &limit) != 0;
    spool.appendable = false;
    wrong += llmobsi_spool_put(&spool, numbered(1, 2, 600)) == LLMOBS_I_SPOOL_OK;
    wrong += spool.counts.failures != 1;
    wrong += peek(&batch) != LLMOBS_I_SPOOL_OK;
    llmobsi_spool_take(&spool);
    wrong += peek(&batch) != LLMOBS_I_SPOOL_EMPTY || !balances();
    return wrong;
}

static void test_small_limits(void)
{
    size_t died = 0, wrong = 0;
    rlim_t most;
    for (most = 0; most < 300; most++) {
        int status = 1;
        pid_t child;
        clean();
        child = fork();
        if (child == 0) {
            _exit(under_limit(most));
        }
        (void)waitpid(child, &status, 0);
        died += !WIFEXITED(status);
        wrong += WIFEXITED(status) && WEXITSTATUS(status) != 0;
    }
    is_int(died, 0, "a limit of 0 to 299 bytes: no signal");
    is_int(wrong, 0, "... nothing is put, and what was before is taken");
}

/* ---- whose it is --------------------------------------------------------------------------- */

static bool refused(void)
{
    bool is = llmobsi_spool_open(&spool, SPOOL, 0) == LLMOBS_I_SPOOL_FAILED;
    return is && llmobsi_spool_put(&spool, numbered(0, 1, 1)) == LLMOBS_I_SPOOL_OFF;
}

static void test_folder(void)
{
    static char longest[3000];
    clean();
    (void)mkdir(SPOOL, 0777);
    (void)chmod(SPOOL, 0770);
    ok(refused() && errno == EPERM, "a directory that the group may write to is refused");
    (void)chmod(SPOOL, 0755);
    ok(open_spool(0), "... one that others may read is not");
    llmobsi_spool_close(&spool);
    clean();
    (void)mkdir(FOLDER "/other", 0700);
    (void)symlink("other", SPOOL);
    ok(refused(), "a symbolic link is refused");
    (void)unlink(SPOOL);
    (void)mkfifo(SPOOL, 0600);
    ok(refused(), "a FIFO is refused, at once");
    (void)unlink(SPOOL);
    (void)close(open(SPOOL, O_WRONLY | O_CREAT, 0600));
    ok(refused(), "a file is refused");
    clean();
    ok(llmobsi_spool_open(&spool, SPOOL "/a/b", 0) == LLMOBS_I_SPOOL_FAILED && errno == ENOENT,
       "parents are not made");
    memset(longest, 'a', sizeof longest - 1);
    ok(llmobsi_spool_open(&spool, longest, 0) == LLMOBS_I_SPOOL_FAILED && errno == ENAMETOOLONG,
       "a path that is too long is refused");
    is_int(llmobsi_spool_open(&spool, "", 0), LLMOBS_I_SPOOL_FAILED, "... and none at all");
    if (geteuid() == 0) {
        clean();
        (void)mkdir(SPOOL, 0700);
        (void)!chown(SPOOL, 12345, 12345);
        ok(refused() && errno == EPERM, "somebody else's directory is refused");
    }
}

/* Something that is not ours where a segment should be. */
static void plant(int how)
{
    static const char victim[] = FOLDER "/victim";
    (void)unlink(victim);
    put_file(&kept[0], kept[0].size);
    (void)rename(kept[0].path, victim);
    if (how == 0) {
        (void)symlink("../victim", kept[0].path);
    } else if (how == 1) {
        (void)mkfifo(kept[0].path, 0600);
    } else if (how == 2) {
        (void)!link(victim, kept[0].path);
    } else if (how == 3) {
        (void)rename(victim, kept[0].path);
        (void)chmod(kept[0].path, 0666);
    } else {
        (void)mkdir(kept[0].path, 0700);
    }
}

static void test_planted(void)
{
    static const char* const whats[] = {"a symbolic link", "a FIFO", "a hard link",
                                        "a file that others may write", "a directory"};
    int how;
    for (how = 0; how < 5; how++) {
        llmobs_batch batch;
        make_small();
        restore();
        (void)unlink(kept[0].path);
        plant(how);
        ok(open_spool(0) && peek(&batch) == LLMOBS_I_SPOOL_OK && batch.id == 4, whats[how]);
        ok(mode_of(kept[0].path) != 0 && balances(), "... is left alone, and not read");
        llmobsi_spool_take(&spool);
        llmobsi_spool_close(&spool);
        (void)rmdir(kept[0].path);
    }
    clean();
    (void)mkdir(SPOOL, 0700);
    (void)open_spool(0);
    (void)symlink("../victim", SPOOL "/0000000000000001.spool");
    (void)mkfifo(SPOOL "/0000000000000002.spool", 0600);
    is_int(llmobsi_spool_put(&spool, numbered(0, 1, 1)), LLMOBS_I_SPOOL_OK,
           "where the next segments' names are taken, it has another");
    ok(mode_of(SPOOL "/0000000000000003.spool") == 0600 && mode_of(FOLDER "/victim") == 0,
       "... and nothing was written through them");
    llmobsi_spool_close(&spool);
    (void)close(open(SPOOL "/README", O_WRONLY | O_CREAT, 0600));
    (void)close(open(SPOOL "/000000000000000G.spool", O_WRONLY | O_CREAT, 0600));
    (void)close(open(SPOOL "/ffffffffffffffff.spool", O_WRONLY | O_CREAT, 0600));
    ok(open_spool(0) && waiting() == 1, "names that we do not give are passed over");
    llmobsi_spool_close(&spool);
    (void)symlink("victim", FOLDER "/lock");
    clean();
    (void)mkdir(SPOOL, 0700);
    (void)symlink("../victim", SPOOL "/lock");
    ok(refused(), "a lock that is a symbolic link is refused");
}

static void test_lock(void)
{
    static llmobsi_spool second;
    int status = 1;
    pid_t child;
    llmobs_batch batch;
    clean();
    (void)open_spool(0);
    (void)llmobsi_spool_put(&spool, numbered(0, 2, 10));
    is_int(llmobsi_spool_open(&second, SPOOL, 0), LLMOBS_I_SPOOL_BUSY,
           "a second one in this process is told that it is busy");
    is_int(llmobsi_spool_put(&second, numbered(1, 2, 10)), LLMOBS_I_SPOOL_OFF,
           "... and works without");
    child = fork();
    if (child == 0) {
        int wrong = llmobsi_spool_put(&spool, numbered(1, 2, 10)) != LLMOBS_I_SPOOL_OFF;
        wrong += peek(&batch) != LLMOBS_I_SPOOL_OFF;
        llmobsi_spool_take(&spool);
        llmobsi_spool_close(&spool); /* whether it is told of the fork or not */
        wrong += llmobsi_spool_open(&second, SPOOL, 0) != LLMOBS_I_SPOOL_BUSY;
        llmobsi_spool_forked(&spool);
        wrong += waiting() != 0 || peek(&batch) != LLMOBS_I_SPOOL_OFF;
        wrong += llmobsi_spool_open(&second, SPOOL, 0) != LLMOBS_I_SPOOL_BUSY;
        _exit(wrong);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "in a fork's child it is off, and stays the parent's");
    ok(peek(&batch) == LLMOBS_I_SPOOL_OK && batch.id == 1, "... who has it still");
    child = fork();
    if (child == 0) {
        llmobsi_spool_forked(&spool);
        (void)pause();
        _exit(0);
    }
    usleep(50000);
    llmobsi_spool_close(&spool);
    is_int(llmobsi_spool_open(&second, SPOOL, 0), LLMOBS_I_SPOOL_OK,
           "once closed another one may have it, though a child lives");
    is_int(llmobsi_spool_put(&spool, numbered(1, 2, 10)), LLMOBS_I_SPOOL_OFF, "... the first not");
    llmobsi_spool_close(&second);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
}

/* A host that closes descriptors that it does not know. */
static void test_closed_descriptor(void)
{
    static llmobsi_spool second;
    pid_t child;
    int lock;
    clean();
    (void)open_spool(0);
    lock = spool.lock.descriptor - 1;
    (void)close(lock);
    is_int(llmobsi_spool_put(&spool, numbered(0, 2, 10)), LLMOBS_I_SPOOL_OK,
           "the lock's descriptor was closed: it is locked again");
    is_int(llmobsi_spool_open(&second, SPOOL, 0), LLMOBS_I_SPOOL_BUSY, "... and busy for others");
    (void)close(spool.lock.descriptor - 1);
    child = fork();
    if (child == 0) {
        _exit(llmobsi_spool_open(&second, SPOOL, 0) != LLMOBS_I_SPOOL_OK || (pause(), true));
    }
    usleep(100000);
    is_int(llmobsi_spool_put(&spool, numbered(0, 2, 10)), LLMOBS_I_SPOOL_OFF,
           "closed, and another process was faster: it is theirs");
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    is_int(llmobsi_spool_put(&spool, numbered(0, 2, 10)), LLMOBS_I_SPOOL_OFF, "... for good");
    llmobsi_spool_close(&spool);
}

/* ---- kill -9 ------------------------------------------------------------------------------- */

/* Shared with children that are killed. */
typedef struct ledger {
    volatile uint64_t put_begun; /* batches are put in order: numbers below are begun, */
    volatile uint64_t put_done;  /* done                                               */
    volatile uint64_t delivered; /* the last number + 1 that was delivered             */
    volatile uint64_t taken;     /* and that was taken                                 */
    volatile uint64_t twice;
    volatile uint64_t wrong;
} ledger;

/* Until it is killed. */
static void live(ledger* shared, uint64_t seed)
{
    llmobs_batch batch;
    random_state = seed;
    if (!open_spool(1 << 18)) {
        shared->wrong++;
        _exit(1);
    }
    for (;;) {
        if (below(2) == 0) {
            uint64_t number = shared->put_begun;
            shared->put_begun = number + 1;
            shared->wrong += llmobsi_spool_put(&spool, numbered(number, 1, (size_t)below(300))) !=
                             LLMOBS_I_SPOOL_OK;
            shared->put_done = number + 1;
        } else if (peek(&batch) == LLMOBS_I_SPOOL_OK) {
            uint64_t number, item;
            item_of(&batch, 0, &number, &item);
            shared->twice += number + 1 == shared->delivered;
            shared->wrong += number + 1 < shared->delivered ||
                             (number + 1 == shared->delivered && shared->taken >= number + 1);
            shared->wrong += batch.id != number + 1 || items_of(&batch) != 1;
            shared->delivered = number + 1;
            llmobsi_spool_take(&spool);
            shared->taken = number + 1;
        }
    }
}

/* However slow the machine is. */
static void wait_for_put(const ledger* shared)
{
    const uint64_t before = shared->put_done;
    int i;
    for (i = 0; i < 10000 && shared->put_done == before; i++) {
        usleep(100);
    }
}

static void test_kill(void)
{
    ledger* shared = (ledger*)mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned rounds = by_qemu() ? 60 : slowed() ? 200 : 2000;
    unsigned round;
    uint64_t missing = 0, before = 0;
    llmobs_batch batch;
    clean();
    for (round = 0; round < rounds; round++) {
        pid_t child = fork();
        if (child == 0) {
            live(shared, next_random() + round);
        }
        if (round % 4 != 0) { /* else wherever it is: it may just be opening */
            wait_for_put(shared);
        }
        usleep((useconds_t)(300 + next_random() % 1500));
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
    }
    /* What is left. */
    shared->wrong += !open_spool(1 << 18);
    shared->wrong += spool.counts.damaged_files != 0;
    before = shared->delivered;
    while (peek(&batch) == LLMOBS_I_SPOOL_OK) {
        uint64_t number, item;
        item_of(&batch, 0, &number, &item);
        shared->twice += number + 1 == before;
        shared->wrong += number + 1 < before;
        before = number + 1;
        llmobsi_spool_take(&spool);
    }
    missing = fate(LLMOBS_I_SPOOL_DAMAGED) + fate(LLMOBS_I_SPOOL_DISPLACED);
    llmobsi_spool_close(&spool);
    is_int(shared->wrong, 0,
           "killed at random: nothing torn, nothing out of order, nothing damaged");
    ok(shared->put_done > rounds && shared->delivered > rounds / 2, "... at work");
    ok(before >= shared->put_done, "... what was put is there to the last");
    ok(shared->twice <= rounds, "... at most the batch in hand comes twice");
    is_int(missing, 0, "... none is missing at the end");
    printf("# %u kills, %lu put, %lu delivered, %lu twice\n", rounds,
           (unsigned long)shared->put_done, (unsigned long)shared->delivered,
           (unsigned long)shared->twice);
}

int main(void)
{
    go_to_place();
    test_back_as_put();
    test_model();
    test_large();
    test_flipped();
    test_zeroed();
    test_truncated();
    test_garbled();
    test_forged();
    test_deleted();
    test_faults();
    test_size_limit();
    test_small_limits();
    test_folder();
    test_planted();
    test_lock();
    test_closed_descriptor();
    test_kill();
    leave_place();
    return done();
}
