/* The file exporter: what it refuses, what it leaves behind when things go wrong, rotation,
   sharing. The system calls that it makes are defined here, so that each of them can be made to
   fail. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "llmobs_private.h"
#include "tap.h"

#include <dirent.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#if defined(__linux__)
#include <sys/mount.h>
#endif

#define FOLDER "build/tmp/test_file"

/* ---- system calls that fail on demand ------------------------------------------------------ */

#include "faults.h"

/* Of a call that transfers data, how much. */
static size_t portion(size_t size)
{
    bool now;
    if (fault.kind == FAULT_NOTHING && fault.calls - 1 == fault.at) {
        return 0;
    }
    now = fault.kind == FAULT_SHORT && (fault.forever || fault.calls % 3 == 0);
    return now && size > 1 ? 1 : size;
}

/* ---- files --------------------------------------------------------------------------------- */

static const char* path_of(const char* name)
{
    static char paths[8][512];
    static int next;
    next = (next + 1) % 8;
    snprintf(paths[next], sizeof paths[next], "%s/%s", FOLDER, name);
    return paths[next];
}

static void clean(void)
{
    DIR* folder;
    struct dirent* entry;
    (void)mkdir("build", 0777);
    (void)mkdir("build/tmp", 0777);
    (void)mkdir(FOLDER, 0777);
    folder = opendir(FOLDER);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            unlink(path_of(entry->d_name)) != 0) {
            (void)rmdir(path_of(entry->d_name));
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
}

static void put_text(const char* path, const char* text)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text) || close(file) != 0) {
        printf("Bail out! can't write %s\n", path);
        exit(1);
    }
}

/* A file's text, NULL if there is none. Valid until the next call but one. */
static const char* text_of(const char* path)
{
    static char texts[2][1 << 21];
    static int next;
    char* text = texts[next = 1 - next];
    int file = open(path, O_RDONLY);
    size_t size = 0;
    ssize_t got = 1;
    if (file < 0) {
        return NULL;
    }
    while (got > 0 && size < sizeof texts[0] - 1) {
        got = read(file, text + size, sizeof texts[0] - 1 - size);
        size += got > 0 ? (size_t)got : 0;
    }
    (void)close(file);
    text[size] = '\0';
    return text;
}

static long size_of(const char* path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (long)status.st_size : -1;
}

static unsigned mode_of(const char* path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (unsigned)status.st_mode & 07777 : 0;
}

/* ---- batches ------------------------------------------------------------------------------- */

#define SPANS_MOST 200

/* A batch of `spans` spans, all named "batch-<number>.", of about `bytes` bytes each. */
static const llmobs_batch* make_batch(int number, int spans, size_t bytes)
{
    static llmobs_batch batch;
    static llmobs_resource_view resource;
    static llmobs_span_view views[SPANS_MOST];
    static llmobs_attribute_view filling;
    static char name[32];
    static char value[4096];
    int i;
    memset(&batch, 0, sizeof batch);
    memset(views, 0, sizeof views);
    memset(value, 'v', sizeof value);
    filling.key.data = "k";
    filling.key.size = 1;
    filling.type = LLMOBS_TYPE_STRING;
    filling.value.string.data = value;
    filling.value.string.size = bytes < sizeof value ? bytes : sizeof value;
    for (i = 0; i < spans; i++) {
        views[i].trace_id[0] = 1;
        views[i].span_id[7] = (uint8_t)(i + 1);
        views[i].name.data = name;
        views[i].name.size = (size_t)sprintf(name, "batch-%d.", number);
        views[i].trace_state.data = "";
        views[i].status_message.data = "";
        views[i].start_unix_ns = UINT64_C(1700000000000000000);
        views[i].end_unix_ns = UINT64_C(1700000000000001000);
        views[i].attributes = &filling;
        views[i].attribute_count = 1;
    }
    batch.size = sizeof batch;
    batch.id = (uint64_t)number;
    batch.attempt = 1;
    batch.resource = &resource;
    batch.spans = views;
    batch.span_count = (size_t)spans;
    return &batch;
}

/* An exporter's state without an instance around it. */
static bool begin(llmobsi_file* file, llmobs_format format, const char* path, uint64_t rotate,
                  uint32_t keep)
{
    llmobs_file_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.rotate_bytes = rotate;
    options.keep = keep;
    memset(file, 0, sizeof *file);
    file->format = format;
    file->descriptor = -1;
    file->end = LLMOBS_I_FILE_UNKNOWN;
    return llmobsi_file_set_options(file, &options) && llmobsi_file_set_path(file->path, path) &&
           llmobsi_file_begin(file);
}

static llmobs_export_result put(llmobsi_file* file, int number)
{
    return llmobsi_file_export(file, make_batch(number, 1, 10));
}

/* How often `what` stands in `text`. */
static int count_of(const char* text, const char* what)
{
    int count = 0;
    while (text != NULL && (text = strstr(text, what)) != NULL) {
        text += strlen(what);
        count++;
    }
    return count;
}

/* Whether a line is one JSON object, as far as brackets and strings go. */
static bool is_object(const char* line, size_t size)
{
    int depth = 0;
    bool inside = false;
    size_t i;
    for (i = 0; i < size; i++) {
        if (inside) {
            i += line[i] == '\\';
            inside = line[i] != '"';
        } else if (line[i] == '"') {
            inside = true;
        } else if (line[i] == '{' || line[i] == '[') {
            depth++;
        } else if (line[i] == '}' || line[i] == ']') {
            depth--;
            if (depth == 0 && i + 1 != size) {
                return false;
            }
        }
    }
    return size > 1 && line[0] == '{' && depth == 0 && !inside;
}

/* Lines that are objects; `broken` counts the others. A Chrome trace's "[" and commas are allowed
   for. */
static int count_lines(const char* text, llmobs_format format, int* broken)
{
    int count = 0;
    *broken = 0;
    if (text != NULL && format == LLMOBS_FORMAT_CHROME && *text != '\0') {
        *broken += strncmp(text, "[\n", 2) != 0;
        text += 2;
    }
    while (text != NULL && *text != '\0') {
        size_t size = strcspn(text, "\n");
        size_t object = size;
        bool whole = text[size] == '\n';
        if (format == LLMOBS_FORMAT_CHROME) {
            whole &= size > 0 && text[size - 1] == ',';
            object = size > 0 ? size - 1 : 0;
        }
        if (whole && is_object(text, object)) {
            count++;
        } else {
            (*broken)++;
        }
        text += size + (text[size] == '\n');
    }
    return count;
}

/* ---- opening ------------------------------------------------------------------------------- */

static void test_new_file(void)
{
    llmobsi_file file;
    mode_t before;
    clean();
    before = umask(0);
    ok(begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 0, 0), "a new file");
    (void)umask(before);
    is_int(mode_of(path_of("a")), 0600, "... is private, whatever the umask");
    is_int(fault.made_with, 0600, "... from the first moment");
    is_int(fcntl(file.descriptor, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC, "... closed on exec");
    ok((fcntl(file.descriptor, F_GETFL) & O_APPEND) != 0, "... opened to append");
    is_int(size_of(path_of("a")), 0, "... and empty");
    is_int(put(&file, 1), LLMOBS_EXPORT_OK, "a batch");
    is_int(put(&file, 2), LLMOBS_EXPORT_OK, "another");
    llmobsi_file_close(&file);
    is_int(file.descriptor, -1, "closed");
    llmobsi_file_close(&file);
    ok(begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 0, 0), "opened again");
    is_int(put(&file, 3), LLMOBS_EXPORT_OK, "a third");
    llmobsi_file_close(&file);
    {
        int broken;
        const char* text = text_of(path_of("a"));
        is_int(count_lines(text, LLMOBS_FORMAT_OTLP_JSON, &broken), 3, "three lines");
        is_int(broken, 0, "... all whole");
        ok(count_of(text, "batch-1.") == 1 && count_of(text, "batch-2.") == 1 &&
               count_of(text, "batch-3.") == 1 &&
               strstr(text, "batch-3.") > strstr(text, "batch-1."),
           "... in order");
    }
    put_text(path_of("b"), "");
    (void)chmod(path_of("b"), 0666);
    ok(begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("b"), 0, 0), "a file that all may write");
    is_int(mode_of(path_of("b")), 0600, "... is made private");
    llmobsi_file_close(&file);
}

static void refuse(const char* path, const char* what)
{
    llmobsi_file file;
    ok(!begin(&file, LLMOBS_FORMAT_OTLP_JSON, path, 0, 0) && file.descriptor == -1, what);
}

static void test_refusals(void)
{
    llmobsi_file file;
    char line[4096];
    int reader;
    clean();
    put_text(path_of("victim"), "precious");
    ok(symlink("victim", path_of("link")) == 0, "(a link)");
    refuse(path_of("link"), "a symbolic link is refused");
    ok(symlink("nowhere", path_of("dangling")) == 0, "(a dangling link)");
    refuse(path_of("dangling"), "a dangling link is refused");
    is_int(size_of(path_of("nowhere")), -1, "... and nothing is made where it leads");
    ok(link(path_of("victim"), path_of("second")) == 0, "(a second name)");
    refuse(path_of("second"), "a hard link is refused");
    is_str(text_of(path_of("victim")), "precious", "the victim is untouched");
    is_int(mode_of(path_of("victim")), 0600, "... its mode, too");
    refuse(FOLDER, "a folder is refused");
    ok(mkfifo(path_of("fifo"), 0600) == 0, "(a FIFO)");
    refuse(path_of("fifo"), "a FIFO without a reader is refused, at once");
    reader = open(path_of("fifo"), O_RDONLY | O_NONBLOCK);
    refuse(path_of("fifo"), "a FIFO with a reader is refused");
    (void)close(reader);
    refuse("/dev/null", "a device is refused");
    refuse("/dev/full", "another device is refused");
    refuse(path_of("missing/file"), "a missing folder is refused");
    refuse(path_of("victim/file"), "a file as a folder is refused");
    refuse("", "an empty path is refused");
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\0';
    refuse(line, "an endless path is refused");
    if (geteuid() == 0) {
        put_text(path_of("foreign"), "");
        ok(chown(path_of("foreign"), 12345, 12345) == 0, "(somebody else's)");
        refuse(path_of("foreign"), "somebody else's file is refused");
        skip("unwritable folder", "root may write everywhere");
        skip("unreadable file", "root may read everything");
    } else {
        skip("somebody else's file", "only root can make one");
        (void)mkdir(path_of("closed"), 0500);
        refuse(path_of("closed/file"), "an unwritable folder is refused");
        put_text(path_of("unreadable"), "");
        (void)chmod(path_of("unreadable"), 0200);
        refuse(path_of("unreadable"), "an unreadable file is refused");
    }
    put_text(path_of("precious.json"), "{\"precious\":true}");
    ok(!begin(&file, LLMOBS_FORMAT_CHROME, path_of("precious.json"), 0, 0),
       "a Chrome trace is not put behind what is none");
    is_str(text_of(path_of("precious.json")), "{\"precious\":true}", "... which is untouched");
    memset(line, ',', sizeof line);
    line[sizeof line - 1] = '\0';
    put_text(path_of("precious.json"), line);
    ok(!begin(&file, LLMOBS_FORMAT_CHROME, path_of("precious.json"), 0, 0), "... whatever it is");
    is_int(size_of(path_of("precious.json")), (long)sizeof line - 1, "... untouched");
}

/* The path changes between a plain file and a link while it is being opened. */
static void test_link_race(void)
{
    int opened = 0, i;
    pid_t child;
    clean();
    put_text(path_of("victim"), "precious");
    child = fork();
    if (child == 0) {
        for (;;) {
            if (symlink("victim", path_of("path")) == 0 || errno == EEXIST) {
                (void)unlink(path_of("path"));
            }
            if (link(path_of("victim"), path_of("path")) == 0 || errno == EEXIST) {
                (void)unlink(path_of("path"));
            }
        }
    }
    for (i = 0; i < 10000; i++) {
        llmobsi_file file;
        if (begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("path"), 0, 0)) {
            opened++;
            (void)put(&file, i);
            llmobsi_file_close(&file);
        }
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    is_str(text_of(path_of("victim")), "precious", "10,000 races with a link: none was followed");
    ok(opened < 10000, "... and there was one");
    printf("# %d of 10,000 found no link\n", opened);
}

static void test_arguments(void)
{
    llmobs_file_options options;
    char endless[3000];
    llmobs* obs = llmobs_open(NULL, NULL);
    clean();
    memset(endless, '/', sizeof endless);
    endless[sizeof endless - 1] = '\0';
    memset(&options, 0, sizeof options);
    is_int(llmobs_export_file(NULL, LLMOBS_FORMAT_OTLP_JSON, path_of("a")), LLMOBS_ERROR_CLOSED,
           "no instance");
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, NULL), LLMOBS_ERROR_ARGUMENT,
           "no path");
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, ""), LLMOBS_ERROR_ARGUMENT,
           "an empty path");
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, endless), LLMOBS_ERROR_ARGUMENT,
           "an endless path");
    is_int(llmobs_export_file(obs, (llmobs_format)77, path_of("a")), LLMOBS_ERROR_FORMAT,
           "an unknown format");
    options.keep = 1000;
    is_int(llmobs_export_file_with(obs, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), &options),
           LLMOBS_ERROR_ARGUMENT, "a thousand old files");
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, FOLDER), LLMOBS_ERROR_SYSTEM,
           "a folder");
    is_int(size_of(path_of("a")), -1, "and no file was made");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, path_of("a")), LLMOBS_ERROR_CLOSED,
           "a closed instance");
    is_int(size_of(path_of("a")), -1, "... leaves no file behind");
    put_text(path_of("a"), "old\n");
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, path_of("a")), LLMOBS_ERROR_CLOSED,
           "a closed instance and an old file");
    is_str(text_of(path_of("a")), "old\n", "... leave that as it is");
}

/* ---- the last line ------------------------------------------------------------------------- */

static void test_torn_lines(void)
{
    llmobsi_file file;
    const char* text;
    clean();
    put_text(path_of("a"), "{\"whole\":1}\n{\"torn\":");
    ok(begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 0, 0), "OTLP: a torn last line");
    is_int(put(&file, 1), LLMOBS_EXPORT_OK, "... a batch");
    is_int(put(&file, 2), LLMOBS_EXPORT_OK, "... another");
    text = text_of(path_of("a"));
    ok(strncmp(text, "{\"whole\":1}\n{\"torn\":\n{", 22) == 0, "... the torn line stands alone");
    {
        int broken;
        is_int(count_lines(text, LLMOBS_FORMAT_OTLP_JSON, &broken), 3, "... three lines are whole");
        is_int(broken, 1, "... one is not");
        is_int(count_of(text, "\n\n"), 0, "... none is empty");
    }
    /* Somebody else tears a line meanwhile. */
    put_text(path_of("a"), "{\"whole\":1}\n{\"torn");
    is_int(put(&file, 3), LLMOBS_EXPORT_OK, "torn while open: a batch");
    ok(strncmp(text_of(path_of("a")), "{\"whole\":1}\n{\"torn\n{", 20) == 0,
       "... the torn line stands alone");
    llmobsi_file_close(&file);
}

static void mend_chrome(const char* before, const char* kept, const char* what)
{
    llmobsi_file file;
    const char* text;
    char name[80];
    int broken;
    put_text(path_of("a.json"), before);
    ok(begin(&file, LLMOBS_FORMAT_CHROME, path_of("a.json"), 0, 0), what);
    is_int(put(&file, 1), LLMOBS_EXPORT_OK, "... a batch");
    llmobsi_file_close(&file);
    text = text_of(path_of("a.json"));
    snprintf(name, sizeof name, "... what was whole is kept");
    ok(strncmp(text, kept, strlen(kept)) == 0 && text[strlen(kept)] == '{', name);
    (void)count_lines(text, LLMOBS_FORMAT_CHROME, &broken);
    ok(broken == 0 && count_of(text, "batch-1.") > 0, "... and all is whole");
}

static void test_torn_chrome(void)
{
    static char large[300000];
    llmobsi_file file;
    size_t size;
    int broken;
    clean();
    mend_chrome("", "[\n", "Chrome: an empty file");
    mend_chrome("[", "[\n", "Chrome: half a beginning");
    mend_chrome("[\n", "[\n", "Chrome: a beginning");
    mend_chrome("[\n{\"a\":1},\n", "[\n{\"a\":1},\n", "Chrome: whole");
    mend_chrome("[\n{\"a\":1},\n{\"b\":\"x", "[\n{\"a\":1},\n", "Chrome: torn");
    mend_chrome("[\n{\"a\":1},\n{\"b\":1},", "[\n{\"a\":1},\n", "Chrome: torn before the line end");
    mend_chrome("[\n{\"a\":1},\n]\n", "[\n{\"a\":1},\n", "Chrome: closed by hand");
    mend_chrome("[\n{\"b\":", "[\n", "Chrome: the first event torn");
    size = (size_t)sprintf(large, "[\n{\"a\":1},\n");
    memset(large + size, 'x', sizeof large - size);
    large[sizeof large - 1] = '\0';
    mend_chrome(large, "[\n{\"a\":1},\n", "Chrome: a torn event of 300 KB");
    /* The mark on a border of the blocks that are read. */
    size = sizeof large - 1 - 4096;
    large[size - 1] = ',';
    large[size] = '\n';
    put_text(path_of("a.json"), large);
    ok(begin(&file, LLMOBS_FORMAT_CHROME, path_of("a.json"), 0, 0), "Chrome: a mark across blocks");
    is_int(size_of(path_of("a.json")), (long)size + 1, "... is found");
    llmobsi_file_close(&file);
    put_text(path_of("a.json"), "[\n{\"a\":1},\n{\"torn");
    fault.truncation = true;
    ok(!begin(&file, LLMOBS_FORMAT_CHROME, path_of("a.json"), 0, 0),
       "Chrome: torn, and can't be cut");
    fault.truncation = false;
    ok(begin(&file, LLMOBS_FORMAT_CHROME, path_of("a.json"), 0, 0), "Chrome: then it can");
    put_text(path_of("a.json"), "[\n{\"a\":1},\n{\"torn");
    fault.truncation = true;
    is_int(put(&file, 1), LLMOBS_EXPORT_RETRY, "Chrome: torn while open, and can't be cut");
    fault.truncation = false;
    is_str(text_of(path_of("a.json")), "[\n{\"a\":1},\n{\"torn", "... nothing is put behind it");
    is_int(put(&file, 1), LLMOBS_EXPORT_OK, "... until it can");
    llmobsi_file_close(&file);
    put_text(path_of("a.json"), "[\n");
    ok(begin(&file, LLMOBS_FORMAT_CHROME, path_of("a.json"), 0, 0), "Chrome: three batches");
    is_int(put(&file, 1), LLMOBS_EXPORT_OK, "... 1");
    is_int(put(&file, 2), LLMOBS_EXPORT_OK, "... 2");
    is_int(put(&file, 3), LLMOBS_EXPORT_OK, "... 3");
    llmobsi_file_close(&file);
    ok(count_lines(text_of(path_of("a.json")), LLMOBS_FORMAT_CHROME, &broken) >= 6 && broken == 0,
       "... one beginning, whole events");
}

/* ---- rotation ------------------------------------------------------------------------------ */

static void rotate(llmobs_format format, uint32_t keep, int files, const char* what)
{
    llmobsi_file file;
    int number, broken, failed = 0, too_large = 0, whole = 0, order = 0, last = 1000;
    clean();
    ok(begin(&file, format, path_of("a"), 5000, keep), what);
    for (number = 0; number < 100; number++) {
        failed += put(&file, number) != LLMOBS_EXPORT_OK;
    }
    llmobsi_file_close(&file);
    is_int(failed, 0, "... no batch fails");
    for (number = 0; number < files; number++) {
        char name[16];
        const char* text;
        int first;
        snprintf(name, sizeof name, number == 0 ? "a" : "a.%d", number);
        text = text_of(path_of(name));
        too_large += size_of(path_of(name)) > 5000;
        (void)count_lines(text, format, &broken);
        whole += text != NULL && broken == 0 && mode_of(path_of(name)) == 0600;
        text = text != NULL ? strstr(text, "batch-") : NULL;
        first = text != NULL ? atoi(text + 6) : -1;
        order += first < last && first >= 0;
        last = first;
    }
    is_int(too_large, 0, "... no file is too large");
    is_int(whole, files, "... every file is there, whole and private");
    is_int(order, files, "... the newest first");
    {
        char name[16];
        snprintf(name, sizeof name, "a.%d", files);
        is_int(size_of(path_of(name)), -1, "... and no more of them");
    }
    ok(count_of(text_of(path_of("a")), "batch-99.") > 0, "... the last batch in the first of them");
}

static void test_rotation(void)
{
    llmobsi_file file;
    clean();
    rotate(LLMOBS_FORMAT_OTLP_JSON, 0, 4, "rotation, the default of 3");
    rotate(LLMOBS_FORMAT_OTLP_JSON, 1, 2, "rotation, keep 1");
    rotate(LLMOBS_FORMAT_OTLP_JSON, 5, 6, "rotation, keep 5");
    rotate(LLMOBS_FORMAT_OTLP_JSON, LLMOBS_OFF, 1, "rotation, keep none");
    rotate(LLMOBS_FORMAT_CHROME, 2, 3, "rotation, Chrome");

    clean();
    ok(begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 3000, 9), "a batch larger than a file");
    is_int(put(&file, 1), LLMOBS_EXPORT_OK, "... behind a small one");
    is_int(llmobsi_file_export(&file, make_batch(2, 100, 1000)), LLMOBS_EXPORT_OK,
           "... is written");
    is_int(put(&file, 3), LLMOBS_EXPORT_OK, "... before a small one");
    ok(size_of(path_of("a.1")) > 100000 && size_of(path_of("a")) < 3000 &&
           size_of(path_of("a.2")) < 3000,
       "... into a file of its own");
    is_int(size_of(path_of("a.3")), -1, "... of three");
    llmobsi_file_close(&file);

    clean();
    {
        long size;
        ok(begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 0, 0), "the size of a line");
        (void)put(&file, 1);
        llmobsi_file_close(&file);
        size = size_of(path_of("a"));
        clean();
        ok(begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), (uint64_t)size * 2, 0),
           "a file of two lines");
        is_int(put(&file, 1), LLMOBS_EXPORT_OK, "... one");
        is_int(put(&file, 2), LLMOBS_EXPORT_OK, "... two");
        is_int(size_of(path_of("a")), 2 * size, "... just fit");
        is_int(put(&file, 3), LLMOBS_EXPORT_OK, "... three");
        is_int(size_of(path_of("a")), size, "... does not");
        llmobsi_file_close(&file);
    }

    clean();
    (void)mkdir(path_of("a.1"), 0700);
    ok(begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 1500, 1), "a file that can't be moved");
    is_int(put(&file, 1), LLMOBS_EXPORT_OK, "... takes a batch");
    is_int(llmobsi_file_export(&file, make_batch(2, 1, 1000)), LLMOBS_EXPORT_RETRY,
           "... and none past its limit");
    {
        int broken;
        is_int(count_lines(text_of(path_of("a")), LLMOBS_FORMAT_OTLP_JSON, &broken), 1,
               "... it has its one line");
        is_int(broken, 0, "... and nothing else");
    }
    (void)rmdir(path_of("a.1"));
    is_int(llmobsi_file_export(&file, make_batch(2, 1, 1000)), LLMOBS_EXPORT_OK,
           "... until it can be moved");
    ok(size_of(path_of("a.1")) > 0, "... which it then is");
    llmobsi_file_close(&file);
}

/* ---- others at work ------------------------------------------------------------------------ */

static void test_moved_away(void)
{
    llmobsi_file file;
    clean();
    ok(begin(&file, LLMOBS_FORMAT_CHROME, path_of("a"), 0, 0), "a file that others move");
    is_int(put(&file, 1), LLMOBS_EXPORT_OK, "a batch");
    (void)rename(path_of("a"), path_of("b"));
    is_int(put(&file, 2), LLMOBS_EXPORT_OK, "moved: a batch");
    ok(count_of(text_of(path_of("b")), "batch-1.") > 0 &&
           count_of(text_of(path_of("b")), "batch-2.") == 0,
       "... not where the file is now");
    ok(count_of(text_of(path_of("a")), "batch-2.") > 0, "... but where it belongs");
    (void)unlink(path_of("a"));
    is_int(put(&file, 3), LLMOBS_EXPORT_OK, "deleted: a batch");
    ok(count_of(text_of(path_of("a")), "batch-3.") > 0, "... begins it anew");
    is_int(mode_of(path_of("a")), 0600, "... private");
    ok(truncate(path_of("a"), 0) == 0, "(emptied)");
    is_int(put(&file, 4), LLMOBS_EXPORT_OK, "emptied: a batch");
    ok(strncmp(text_of(path_of("a")), "[\n{", 3) == 0, "... begins it anew");
    put_text(path_of("victim"), "precious");
    (void)unlink(path_of("a"));
    ok(symlink("victim", path_of("a")) == 0, "(a link in its place)");
    is_int(put(&file, 5), LLMOBS_EXPORT_RETRY, "replaced by a link: none");
    is_str(text_of(path_of("victim")), "precious", "... the victim is untouched");
    (void)unlink(path_of("a"));
    is_int(put(&file, 5), LLMOBS_EXPORT_OK, "the link gone: a batch");
    (void)unlink(path_of("a"));
    (void)mkdir(path_of("a"), 0700);
    is_int(put(&file, 6), LLMOBS_EXPORT_RETRY, "replaced by a folder: none");
    (void)rmdir(path_of("a"));
    is_int(put(&file, 6), LLMOBS_EXPORT_OK, "the folder gone: a batch");
    llmobsi_file_close(&file);
}

/* A daemon closes all descriptors, then opens what is its own. */
static void test_stolen_descriptor(void)
{
    llmobsi_file file;
    int own;
    clean();
    ok(begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 0, 0), "a descriptor the host closes");
    own = file.descriptor;
    (void)close(own);
    put_text(path_of("own"), "the host's");
    ok(open(path_of("own"), O_RDWR | O_APPEND) == own, "... and uses again");
    is_int(put(&file, 1), LLMOBS_EXPORT_OK, "... a batch");
    is_str(text_of(path_of("own")), "the host's", "... does not go there");
    is_int(count_of(text_of(path_of("a")), "batch-1."), 1, "... but where it belongs");
    ok(fcntl(own, F_GETFD) != -1, "... and the host's stays open");
    (void)close(file.descriptor);
    (void)dup2(own, file.descriptor);
    llmobsi_file_close(&file);
    ok(fcntl(own, F_GETFD) != -1, "closing does not close what is the host's");
    (void)close(own);
}

/* A daemon without standard input: the file gets number 0. */
static void test_descriptor_zero(void)
{
    int status = 1;
    pid_t child;
    clean();
    child = fork();
    if (child == 0) {
        llmobsi_file file;
        int wrong = 0;
        (void)close(0);
        wrong += !begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 0, 0) || file.descriptor != 0;
        wrong += put(&file, 1) != LLMOBS_EXPORT_OK || file.descriptor != 0;
        llmobsi_file_close(&file);
        wrong += fcntl(0, F_GETFD) != -1;
        _exit(wrong);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "a descriptor of 0 is one like others");
}

static void test_relative_path(void)
{
    llmobsi_file file;
    char here[2000];
    clean();
    (void)mkdir(path_of("elsewhere"), 0700);
    ok(getcwd(here, sizeof here) != NULL &&
           begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 0, 0),
       "a relative path");
    ok(chdir(path_of("elsewhere")) == 0, "(going elsewhere)");
    (void)put(&file, 1);
    (void)unlink("../a");
    is_int(put(&file, 2), LLMOBS_EXPORT_OK, "... a batch from elsewhere");
    ok(chdir(here) == 0, "(and back)");
    is_int(count_of(text_of(path_of("a")), "batch-2."), 1, "... is where the path led at first");
    llmobsi_file_close(&file);
}

static void test_lock(void)
{
    llmobsi_file file, other;
    clean();
    ok(begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 0, 0), "a file");
    ok(llmobsi_os_lock(file.descriptor), "... that another process writes");
    ok(begin(&other, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 0, 0), "... can be opened");
    is_int(put(&other, 1), LLMOBS_EXPORT_RETRY, "... written not");
    llmobsi_file_unlock(&file);
    is_int(put(&other, 1), LLMOBS_EXPORT_OK, "... but when the other is done");
    is_int(put(&file, 2), LLMOBS_EXPORT_OK, "... in turns");
    is_int(put(&other, 3), LLMOBS_EXPORT_OK, "... in turns");
    llmobsi_file_close(&file);
    llmobsi_file_close(&other);
}

/* Several processes write and rotate one path: each batch is there once, whole. */
static void test_processes(void)
{
    enum { PROCESSES = 4, BATCHES = 100 };
    static char seen[PROCESSES * BATCHES];
    int process, number, broken_all = 0, once = 0;
    pid_t children[PROCESSES];
    clean();
    for (process = 0; process < PROCESSES; process++) {
        children[process] = fork();
        if (children[process] == 0) {
            llmobsi_file file;
            if (!begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 200000, 99)) {
                _exit(1);
            }
            for (number = 0; number < BATCHES; number++) {
                const llmobs_batch* batch = make_batch(process * BATCHES + number, 20, 1000);
                while (llmobsi_file_export(&file, batch) != LLMOBS_EXPORT_OK) {
                    (void)sched_yield();
                }
            }
            llmobsi_file_close(&file);
            _exit(0);
        }
    }
    for (process = 0; process < PROCESSES; process++) {
        int status = 1;
        (void)waitpid(children[process], &status, 0);
        is_int(status, 0, "one of four processes writes its batches");
    }
    for (number = 0; number <= 99; number++) {
        char name[16];
        const char* text;
        int broken;
        snprintf(name, sizeof name, number == 0 ? "a" : "a.%d", number);
        text = text_of(path_of(name));
        (void)count_lines(text, LLMOBS_FORMAT_OTLP_JSON, &broken);
        broken_all += broken;
        while (text != NULL && (text = strstr(text, "batch-")) != NULL) {
            int batch = atoi(text + 6);
            if (batch >= 0 && batch < PROCESSES * BATCHES) {
                seen[batch]++;
            }
            text++;
        }
    }
    for (number = 0; number < PROCESSES * BATCHES; number++) {
        once += seen[number] == 20;
    }
    is_int(broken_all, 0, "... no line is broken");
    is_int(once, PROCESSES * BATCHES, "... every batch is there once");
    ok(size_of(path_of("a.20")) > 0, "... over many rotations");
}

/* ---- the disk is full ---------------------------------------------------------------------- */

/* In a child, whose SIGXFSZ would kill it. */
static void test_size_limit(void)
{
    int status = 1;
    pid_t child;
    clean();
    child = fork();
    if (child == 0) {
        struct rlimit limit;
        llmobsi_file file;
        int wrong = 0;
        limit.rlim_cur = limit.rlim_max = 20000;
        (void)signal(SIGXFSZ, SIG_DFL);
        wrong += setrlimit(RLIMIT_FSIZE, &limit) != 0;
        wrong += !begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("a"), 0, 0);
        wrong += put(&file, 1) != LLMOBS_EXPORT_OK;
        wrong += llmobsi_file_export(&file, make_batch(2, 15, 1000)) != LLMOBS_EXPORT_OK;
        wrong += llmobsi_file_export(&file, make_batch(3, 15, 1000)) != LLMOBS_EXPORT_OK;
        wrong += llmobsi_file_export(&file, make_batch(4, 40, 1000)) != LLMOBS_EXPORT_RETRY;
        wrong += put(&file, 5) != LLMOBS_EXPORT_OK;
        llmobsi_file_close(&file);
        _exit(wrong);
    }
    (void)waitpid(child, &status, 0);
    ok(WIFEXITED(status), "a limit to the size of files: no signal");
    is_int(WEXITSTATUS(status), 0, "... rotated at the limit, too large a batch refused");
    ok(count_of(text_of(path_of("a.1")), "batch-3.") == 15 || size_of(path_of("a.1")) > 0,
       "... and the rest written");
}

static void test_full_disk(void)
{
#if defined(__linux__)
    llmobsi_file file;
    char* filling;
    long before;
    int broken, number, fits = 0;
    clean();
    (void)mkdir(path_of("small"), 0700);
    if (mount("tmpfs", path_of("small"), "tmpfs", 0, "size=256k") != 0) {
        skip("full disk", "no right to mount a small one");
        return;
    }
    filling = (char*)calloc(1, 100001);
    memset(filling, 'x', 100000);
    put_text(path_of("small/filling"), filling);
    ok(begin(&file, LLMOBS_FORMAT_OTLP_JSON, path_of("small/a"), 0, 0), "a small disk");
    for (number = 0; number < 40; number++) {
        before = size_of(path_of("small/a"));
        if (llmobsi_file_export(&file, make_batch(number, 20, 1000)) != LLMOBS_EXPORT_OK) {
            break;
        }
        fits++;
    }
    ok(fits > 2 && fits < 12, "... is full at some time");
    is_int(size_of(path_of("small/a")), before, "... what did not fit is taken back");
    is_int(llmobsi_file_export(&file, make_batch(number, 20, 1000)), LLMOBS_EXPORT_RETRY,
           "... still full");
    is_int(size_of(path_of("small/a")), before, "... still as it was");
    (void)unlink(path_of("small/filling"));
    is_int(llmobsi_file_export(&file, make_batch(number, 20, 1000)), LLMOBS_EXPORT_OK,
           "... room again: written");
    is_int(count_lines(text_of(path_of("small/a")), LLMOBS_FORMAT_OTLP_JSON, &broken), fits + 1,
           "... every batch is there");
    is_int(broken, 0, "... no half line");
    llmobsi_file_close(&file);
    free(filling);
    is_int(umount(path_of("small")), 0, "(no descriptor is left open)");
#else
    skip("full disk", "no tmpfs");
#endif
}

/* ---- every call fails once, and for ever --------------------------------------------------- */

/* Five batches, one of them of several writes, with rotation in between; each is tried again until
   it is written. Then, without faults, a last one. Returns how many calls were made before the
   last. */
static long run_with_faults(llmobs_format format, int* wrong)
{
    llmobsi_file file;
    static int times[8];
    int number, attempt;
    bool opened = false;
    long calls = 0;
    fault.calls = 0;
    for (attempt = 0; attempt < 3 && !opened; attempt++) {
        opened = begin(&file, format, path_of("a"), 30000, 3);
    }
    if (!opened) { /* for ever */
        fault_kind kind = fault.kind;
        fault.kind = FAULT_NONE;
        *wrong += !begin(&file, format, path_of("a"), 30000, 3);
        fault.kind = kind;
    }
    for (number = 0; number < 6; number++) {
        const llmobs_batch* batch = make_batch(number, number == 2 ? 25 : 8, 900);
        llmobs_export_result result = LLMOBS_EXPORT_RETRY;
        for (attempt = 0; attempt < 6 && result == LLMOBS_EXPORT_RETRY; attempt++) {
            if (attempt == 4 || number == 5) {
                calls = fault.calls;
                fault.kind = FAULT_NONE;
            }
            errno = 4711;
            result = llmobsi_file_export(&file, batch);
            *wrong += errno != 4711;
        }
        *wrong += result != LLMOBS_EXPORT_OK;
    }
    llmobsi_file_close(&file);
    memset(times, 0, sizeof times);
    for (number = 0; number < 4; number++) {
        char name[16];
        const char* text;
        snprintf(name, sizeof name, number == 0 ? "a" : "a.%d", number);
        text = text_of(path_of(name));
        while (text != NULL && *text != '\0') {
            size_t size = strcspn(text, "\n");
            const char* batch = strstr(text, "batch-");
            size_t object = format == LLMOBS_FORMAT_CHROME && size > 0 ? size - 1 : size;
            if (batch != NULL && batch < text + size && is_object(text, object) &&
                text[size] == '\n') {
                times[atoi(batch + 6) & 7]++;
            }
            text += size + (text[size] == '\n');
        }
    }
    for (number = 0; number < 6; number++) {
        int lines = format == LLMOBS_FORMAT_OTLP_JSON ? 1 : 2 * (number == 2 ? 25 : 8);
        /* A Chrome batch is many lines: those that could not be taken back come again. */
        *wrong += times[number] < lines ||
                  (times[number] > lines && format == LLMOBS_FORMAT_OTLP_JSON);
    }
    return calls;
}

static void test_faults(llmobs_format format, const char* format_name)
{
    static const struct {
        fault_kind kind;
        int error;
        bool forever;
        const char* name;
    } plans[] = {{FAULT_ERROR, EIO, false, "EIO"},
                 {FAULT_ERROR, EIO, true, "EIO, for ever"},
                 {FAULT_ERROR, ENOSPC, false, "ENOSPC"},
                 {FAULT_ERROR, ENOSPC, true, "ENOSPC, for ever"},
                 {FAULT_ERROR, EINTR, false, "EINTR"},
                 {FAULT_ERROR, EAGAIN, false, "EAGAIN"},
                 {FAULT_ERROR, EAGAIN, true, "EAGAIN, for ever"},
                 {FAULT_ERROR, EMFILE, false, "EMFILE"},
                 {FAULT_ERROR, EACCES, true, "EACCES, for ever"},
                 {FAULT_SHORT, 0, false, "one byte at a time, sometimes"},
                 {FAULT_SHORT, 0, true, "one byte at a time"},
                 {FAULT_NOTHING, 0, false, "nothing transferred"}};
    size_t i;
    for (i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        int wrong = 0;
        long at = 0, calls;
        char what[100];
        do {
            clean();
            fault.kind = plans[i].kind;
            fault.error = plans[i].error;
            fault.forever = plans[i].forever;
            fault.at = at++;
            calls = run_with_faults(format, &wrong);
            fault.kind = FAULT_NONE;
        } while (plans[i].kind != FAULT_SHORT && at < calls && at < 1000);
        wrong += at == 1000 || (plans[i].kind != FAULT_SHORT && at < 50);
        snprintf(what, sizeof what, "%s, %s (%ld runs): every batch is there, and whole",
                 format_name, plans[i].name, at);
        is_int(wrong, 0, what);
    }
}

/* ---- with an instance ---------------------------------------------------------------------- */

static int notes[LLMOBS_NOTE_COUNT];

static void count_note(void* user, llmobs_note note, uint64_t count, const char* text)
{
    (void)user;
    (void)text;
    notes[note] += (int)count;
}

static void test_instance(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_stats stats;
    llmobs* obs;
    int i, broken;
    clean();
    config.note = count_note;
    config.host_pumped = true;
    obs = llmobs_open(&config, NULL);
    ok(obs != NULL, "an instance");
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, path_of("a.jsonl")), LLMOBS_OK,
           "... with an OTLP file");
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_CHROME, path_of("a.json")), LLMOBS_OK,
           "... and a Chrome file");
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_CHROME, path_of("none/a.json")),
           LLMOBS_ERROR_SYSTEM, "... a third can't be opened");
    for (i = 0; i < 100; i++) {
        llmobs_span_end(llmobs_span_root(obs, "work"));
    }
    is_int(llmobs_flush(obs, 5000), LLMOBS_OK, "100 spans, flushed");
    ok(notes[LLMOBS_NOTE_FILE_OPEN] > 0, "the note tells of the third");
    is_int(count_of(text_of(path_of("a.jsonl")), "\"work\""), 100, "100 spans in one");
    is_int(count_of(text_of(path_of("a.json")), "\"work\""), 200, "100 pairs in the other");
    (void)count_lines(text_of(path_of("a.json")), LLMOBS_FORMAT_CHROME, &broken);
    is_int(broken, 0, "all of them whole");
    (void)count_lines(text_of(path_of("a.jsonl")), LLMOBS_FORMAT_OTLP_JSON, &broken);
    is_int(broken, 0, "in both");
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    is_int(llmobs_stats_read(obs, &stats), LLMOBS_OK, "the account");
    is_str(stats.exporters[0].name, "file", "its name");
    is_int(stats.exporters[0].exported, 100, "what it exported");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
    llmobs_release();
}

static void test_instance_loss(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_stats stats;
    llmobs* obs;
    clean();
    memset(notes, 0, sizeof notes);
    config.note = count_note;
    config.close_timeout_ms = 300;
    obs = llmobs_open(&config, NULL);
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, path_of("a")), LLMOBS_OK,
           "a file that becomes a folder");
    (void)unlink(path_of("a"));
    (void)mkdir(path_of("a"), 0700);
    llmobs_span_end(llmobs_span_root(obs, "lost"));
    is_int(llmobs_flush(obs, 20), LLMOBS_ERROR_TIMEOUT, "a flush waits in vain");
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    (void)llmobs_close_with_stats(obs, &stats);
    ok(notes[LLMOBS_NOTE_FILE_OPEN] > 0, "a note tells why");
    is_int(stats.exporters[0].received, 1, "the span is accounted for");
    is_int(stats.exporters[0].exported, 0, "... not as exported");
    is_int(stats.exporters[0].lost[LLMOBS_LOSS_CLOSE] +
               stats.exporters[0].lost[LLMOBS_LOSS_FAILED],
           1, "... but as lost");
    llmobs_release();
}

/* ---- log records --------------------------------------------------------------------------- */

static llmobs_result add_file(llmobs* obs, llmobs_format format, const char* name, uint32_t signals,
                              llmobs_log_style style)
{
    llmobs_file_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.signals = signals;
    options.log_style = style;
    return llmobs_export_file_with(obs, format, path_of(name), &options);
}

static void test_signals_refused(llmobs* obs)
{
    const uint32_t both = LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_LOGS;
    is_int(add_file(obs, LLMOBS_FORMAT_OTLP_JSON, "x", both, LLMOBS_LOG_STYLE_DEFAULT),
           LLMOBS_ERROR_ARGUMENT, "one file has one signal");
    is_int(add_file(obs, LLMOBS_FORMAT_OTLP_JSON, "x", 8, LLMOBS_LOG_STYLE_DEFAULT),
           LLMOBS_ERROR_ARGUMENT, "one that there is");
    is_int(add_file(obs, LLMOBS_FORMAT_CHROME, "x", LLMOBS_SIGNAL_METRICS,
                    LLMOBS_LOG_STYLE_DEFAULT),
           LLMOBS_ERROR_FORMAT, "nor metrics");
    is_int(add_file(obs, LLMOBS_FORMAT_CHROME, "x", LLMOBS_SIGNAL_LOGS, LLMOBS_LOG_STYLE_DEFAULT),
           LLMOBS_ERROR_FORMAT, "a Chrome trace has no logs");
    is_int(add_file(obs, LLMOBS_FORMAT_LOG_JSON, "x", LLMOBS_SIGNAL_SPANS,
                    LLMOBS_LOG_STYLE_DEFAULT),
           LLMOBS_ERROR_FORMAT, "log lines have no spans");
    ok(access(path_of("x"), F_OK) != 0, "nothing is left of these");
}

static void test_logs(void)
{
    llmobs_config config = llmobs_config_default();
    llmobs_interaction interaction = llmobs_interaction_default();
    llmobs_stats stats;
    llmobs* obs;
    int i, broken;
    clean();
    config.host_pumped = true;
    config.max_exporters = 5;
    obs = llmobs_open(&config, NULL);
    test_signals_refused(obs);
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, path_of("traces")), LLMOBS_OK,
           "OTLP is traces");
    is_int(add_file(obs, LLMOBS_FORMAT_OTLP_JSON, "logs", LLMOBS_SIGNAL_LOGS,
                    LLMOBS_LOG_STYLE_DEFAULT),
           LLMOBS_OK, "or logs");
    is_int(add_file(obs, LLMOBS_FORMAT_OTLP_JSON, "metrics", LLMOBS_SIGNAL_METRICS,
                    LLMOBS_LOG_STYLE_DEFAULT),
           LLMOBS_OK, "or metrics");
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_LOG_JSON, path_of("lines")), LLMOBS_OK,
           "lines of log records");
    is_int(add_file(obs, LLMOBS_FORMAT_LOG_JSON, "article", 0, LLMOBS_LOG_STYLE_ARTICLE), LLMOBS_OK,
           "and the article's");
    interaction.request_id = llmobs_str("req-17");
    for (i = 0; i < 100; i++) {
        llmobs_span span = llmobs_span_root(obs, "work");
        llmobs_log_interaction(obs, span, &interaction);
        llmobs_span_end(span);
    }
    is_int(llmobs_flush(obs, 5000), LLMOBS_OK, "100 of each, flushed");
    is_int(count_of(text_of(path_of("traces")), "\"work\""), 100, "100 spans");
    is_int(count_of(text_of(path_of("traces")), "req-17"), 0, "no log records among them");
    is_int(count_of(text_of(path_of("logs")), "\"llm.interactions\""), 100, "100 OTLP records");
    ok(count_of(text_of(path_of("metrics")), "{\"resourceMetrics\":") > 0 &&
           count_of(text_of(path_of("metrics")), "\"otel.sdk.span.started\"") == 1 &&
           count_of(text_of(path_of("metrics")), "resourceSpans") == 0,
       "metrics as a flush found them, and nothing else");
    is_int(count_of(text_of(path_of("lines")), "\"schema\":\"llmobs.interaction/1\""), 100,
           "100 lines");
    is_int(count_lines(text_of(path_of("lines")), LLMOBS_FORMAT_LOG_JSON, &broken), 100,
           "and no others");
    is_int(broken, 0, "all of them whole");
    is_int(count_of(text_of(path_of("article")), "{\"timestamp\":"), 100, "100 of the article's");
    is_int(count_of(text_of(path_of("article")), "schema"), 0, "in its style");
    memset(&stats, 0, sizeof stats);
    stats.size = sizeof stats;
    (void)llmobs_stats_read(obs, &stats);
    for (i = 0; i < 5; i++) {
        uint64_t takes = i == 2 ? 0 : 100;
        is_int(stats.exporters[i].received, takes, "each has received what it takes");
        is_int(stats.exporters[i].exported, takes, "and exported it");
    }
    ok(stats.exporters[2].points.exported > 20, "points of metrics, too");
    is_int(llmobs_close(obs), LLMOBS_OK, "close");
    llmobs_release();
}

/* What is refused is not ours: not even its mode is touched. */
static void test_refused_untouched(void)
{
    llmobs_config config = llmobs_config_default();
    struct stat status;
    llmobs* obs;
    FILE* file = fopen(path_of("foreign.json"), "w");
    (void)fputs("{\"somebody\":\"else's\"}\n", file);
    (void)fclose(file);
    (void)chmod(path_of("foreign.json"), 0644);
    config.host_pumped = true;
    obs = llmobs_open(&config, NULL);
    errno = 0;
    is_int(llmobs_export_file(obs, LLMOBS_FORMAT_CHROME, path_of("foreign.json")),
           LLMOBS_ERROR_SYSTEM, "a file of another kind is refused");
    is_int(errno, EEXIST, "errno says why");
    (void)stat(path_of("foreign.json"), &status);
    is_int(status.st_mode & 0777, 0644, "its mode stays");
    errno = 0;
    (void)llmobs_export_file(obs, LLMOBS_FORMAT_OTLP_JSON, path_of("missing/file"));
    is_int(errno, ENOENT, "errno says that a folder is missing");
    (void)llmobs_close(obs);
}

int main(void)
{
    test_new_file();
    test_refusals();
    test_link_race();
    test_arguments();
    test_torn_lines();
    test_torn_chrome();
    test_rotation();
    test_moved_away();
    test_stolen_descriptor();
    test_descriptor_zero();
    test_relative_path();
    test_lock();
    test_processes();
    test_size_limit();
    test_full_disk();
    test_faults(LLMOBS_FORMAT_OTLP_JSON, "OTLP");
    test_faults(LLMOBS_FORMAT_CHROME, "Chrome");
    test_refused_untouched();
    test_instance();
    test_instance_loss();
    test_logs();
    clean();
    return done();
}
