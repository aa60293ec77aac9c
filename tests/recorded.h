/* For tests of the flight recorder: a folder, an instance with small tables, processes that record
   and die. Include it after llmobs_private.h, tap.h and keeper.h. A test that runs beside another
   one has a FOLDER of its own. */
#ifndef RECORDED_H
#define RECORDED_H

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef FOLDER
#define FOLDER "build/tmp/test_recorder"
#endif
#define RECORD FOLDER "/record"

static uint64_t noted[LLMOBS_NOTE_COUNT];

static inline void take_note(void* user, llmobs_note which, uint64_t count, const char* text)
{
    (void)user;
    (void)text;
    noted[which] += count;
}

static inline void fresh_folder(void)
{
    (void)mkdir("build/tmp", 0777);
    (void)mkdir(FOLDER, 0777);
    (void)unlink(RECORD);
    memset(noted, 0, sizeof noted);
}

/* Small, so that many can be made. */
static inline llmobs_config recorder_config(const char* path)
{
    llmobs_config config = llmobs_config_default();
    config.recorder_file = path;
    config.note = take_note;
    config.span_slots = 256;
    config.max_threads = 8;
    config.name_bytes = 4096;
    config.metric_series = LLMOBS_OFF;
    config.requests = LLMOBS_OFF;
    config.alert_rules = LLMOBS_OFF;
    config.max_exporters = 2;
    config.queue_bytes = 65536;
    config.batch_bytes = 8192;
    config.tick_ms = 5;
    config.batch_delay_ms = 5;
    return config;
}

static inline llmobs* opened(const llmobs_config* config)
{
    llmobs* obs = llmobs_open(config, NULL);
    if (obs == NULL) {
        printf("Bail out! no instance\n");
        exit(1);
    }
    return obs;
}

static inline bool is_there(const char* path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

/* Memory that a process shares with its children. */
static inline void* shared(size_t size)
{
    void* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        printf("Bail out! no memory\n");
        exit(1);
    }
    return memory;
}

/* Runs `body` in a process that is then killed, if it has not died by itself; returns how. */
static inline int in_process(void (*body)(void* user), void* user)
{
    int status = 0;
    pid_t child;
    (void)fflush(stdout);
    child = fork();
    if (child == 0) {
        body(user);
        (void)kill(getpid(), SIGKILL);
        _exit(1);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        printf("Bail out! no process\n");
        exit(1);
    }
    return status;
}

/* A whole file; its size in *size. */
static inline unsigned char* file_bytes(const char* path, size_t* size)
{
    struct stat status;
    int file = open(path, O_RDONLY);
    unsigned char* bytes = NULL;
    if (file >= 0 && fstat(file, &status) == 0) {
        bytes = (unsigned char*)aligned_alloc(64, ((size_t)status.st_size + 63) & ~(size_t)63);
        *size = (size_t)status.st_size;
        if (read(file, bytes, *size) != (ssize_t)*size) {
            printf("Bail out! %s can't be read\n", path);
            exit(1);
        }
    }
    (void)close(file);
    return bytes;
}

static inline void put_file(const char* path, const void* bytes, size_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, bytes, size) != (ssize_t)size || close(file) != 0) {
        printf("Bail out! %s can't be written\n", path);
        exit(1);
    }
}

static inline uint64_t sum_of_account(const llmobs_stats* stats)
{
    return dropped_in_all(stats) + stats->live + stats->ended + stats->tail_held +
           stats->tail_dropped + stats->collected;
}

#endif
