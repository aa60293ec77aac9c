/* The exporter kit on the file exporter, in each of its formats. */
#include "llmobs_private.h"

#include "exporter_kit/exporter_kit.c"

#include <sys/file.h>

/* ---- the exporter and its files ------------------------------------------------------------ */

typedef struct subject {
    llmobs_format format;
    uint32_t signals;
    llmobs_log_style style;
    uint64_t rotate_bytes;
    const char* item; /* stands once in the file for each span, record or point */
    const char* less; /* and for what this stands for; NULL: for nothing else   */
    char path[128];
} subject;

/* The next calls find the file locked by somebody else, who then lets it go. */
static volatile uint32_t locked;

static llmobs_export_result put(void* user, const llmobs_batch* batch)
{
    llmobsi_file* file = (llmobsi_file*)user;
    llmobs_export_result result;
    int other;
    if (locked == 0) {
        return llmobsi_file_export(user, batch);
    }
    locked--;
    other = open(file->path, O_RDWR | O_CLOEXEC);
    (void)flock(other, LOCK_EX);
    result = llmobsi_file_export(user, batch);
    (void)close(other);
    return result;
}

static bool make(void* user, llmobs_exporter* exporter)
{
    const subject* of = (const subject*)user;
    llmobs_file_options options = llmobs_file_options_default();
    llmobsi_file* file = (llmobsi_file*)calloc(1, sizeof *file);
    options.signals = of->signals;
    options.log_style = of->style;
    options.rotate_bytes = of->rotate_bytes;
    options.keep = LLMOBS_I_FILE_KEEP_MOST;
    file->format = of->format;
    file->descriptor = -1;
    file->end = LLMOBS_I_FILE_UNKNOWN;
    exporter->export_batch = put;
    exporter->close = llmobsi_file_close;
    exporter->signals = of->signals;
    exporter->user = file;
    return llmobsi_file_set_options(file, &options) && llmobsi_file_carries(file) &&
           llmobsi_file_set_path(file->path, of->path) && llmobsi_file_begin(file);
}

static void unmake(void* user, const llmobs_exporter* exporter)
{
    (void)user;
    free(exporter->user);
}

static uint64_t count_in(const char* path, const char* item)
{
    FILE* file = fopen(path, "rb");
    char* text = NULL;
    size_t room = 0;
    uint64_t count = 0;
    while (file != NULL && getline(&text, &room, file) > 0) {
        const char* place = text;
        while ((place = strstr(place, item)) != NULL) {
            count++;
            place += strlen(item);
        }
    }
    free(text);
    if (file != NULL) {
        (void)fclose(file);
    }
    return count;
}

/* Of a file that grows meanwhile not too few. */
static uint64_t items_in(const subject* of, const char* path)
{
    uint64_t less = of->less != NULL ? count_in(path, of->less) : 0;
    return count_in(path, of->item) - less;
}

/* In the file, and in those that it was rotated to: files go the way that is looked here. */
static uint64_t received(void* user)
{
    const subject* of = (const subject*)user;
    uint64_t count = items_in(of, of->path);
    char old[160];
    int missing = 0;
    int i;
    for (i = 1; i <= (int)LLMOBS_I_FILE_KEEP_MOST && missing < 2; i++) {
        (void)snprintf(old, sizeof old, "%s.%d", of->path, i);
        missing += access(old, F_OK) != 0; /* one may be, while it is renamed */
        count += items_in(of, old);
    }
    return count;
}

static bool fail(void* user, exporter_kit_fault fault, uint32_t count)
{
    (void)user;
    locked = fault == EXPORTER_KIT_UNAVAILABLE ? count : 0;
    return fault == EXPORTER_KIT_UNAVAILABLE;
}

/* ---- the formats --------------------------------------------------------------------------- */

/* Each scenario finds no file. */
static bool make_anew(void* user, llmobs_exporter* exporter)
{
    static pid_t process;
    subject* of = (subject*)user;
    if (process != getpid()) {
        process = getpid();
        (void)snprintf(of->path + strlen(of->path), sizeof of->path - strlen(of->path), ".%d",
                       (int)process);
    }
    return make(user, exporter);
}

static void try_format(const char* name, subject of)
{
    exporter_kit one;
    memset(&one, 0, sizeof one);
    (void)mkdir("build", 0777);
    (void)mkdir("build/tmp", 0777);
    (void)mkdir("build/tmp/exporter_kit", 0777);
    (void)snprintf(of.path, sizeof of.path, "build/tmp/exporter_kit/%d", (int)getpid());
    one.name = name;
    one.make = make_anew;
    one.unmake = unmake;
    one.received = received;
    one.fail = fail;
    one.user = &of;
    (void)exporter_kit_run(&one);
}

int main(void)
{
    static const subject spans = {LLMOBS_FORMAT_OTLP_JSON, LLMOBS_SIGNAL_SPANS,
                                  LLMOBS_LOG_STYLE_DEFAULT, 0, "\"startTimeUnixNano\":", NULL, ""};
    static const subject logs = {LLMOBS_FORMAT_OTLP_JSON, LLMOBS_SIGNAL_LOGS,
                                 LLMOBS_LOG_STYLE_DEFAULT, 0, "\"observedTimeUnixNano\":", NULL,
                                 ""};
    /* An exemplar has a time, too, and a span. */
    static const subject points = {LLMOBS_FORMAT_OTLP_JSON, LLMOBS_SIGNAL_METRICS,
                                   LLMOBS_LOG_STYLE_DEFAULT, 0, "\"timeUnixNano\":",
                                   "\"spanId\":", ""};
    static const subject chrome = {LLMOBS_FORMAT_CHROME, LLMOBS_SIGNAL_SPANS,
                                   LLMOBS_LOG_STYLE_DEFAULT, 0, "\"ph\":\"b\"", NULL, ""};
    static const subject lines = {LLMOBS_FORMAT_LOG_JSON, LLMOBS_SIGNAL_LOGS,
                                  LLMOBS_LOG_STYLE_DEFAULT, 0, "\n", NULL, ""};
    subject turned = spans;
    subject article = lines;
    turned.rotate_bytes = 65536;
    article.style = LLMOBS_LOG_STYLE_ARTICLE;
    try_format("OTLP spans", spans);
    try_format("OTLP logs", logs);
    try_format("OTLP metrics", points);
    try_format("OTLP spans, rotated", turned);
    try_format("Chrome", chrome);
    try_format("log lines", lines);
    try_format("log lines, the article's", article);
    return exporter_kit_done();
}
