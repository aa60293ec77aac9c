/* What including the header costs a file of the host's: the compiler's time for a file that has
   nothing but the #include, less that for an empty one; and the same of the header's declarations,
   cut off before the implementation, over which the compiler has to read. By turns; of each the
   least and the median. Processor time of the compiler, so that what else runs here counts as
   little as can be. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

#define FOLDER "build/bench/include"
#define REPETITIONS 41
#define FILES 4
#define TARGET_MS 5.0

static double cpu_ms_of_children(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void write_file(const char* path, const char* text)
{
    FILE* file = fopen(path, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
        printf("# %s: %s\n", path, strerror(errno));
        exit(1);
    }
}

/* Milliseconds that a compiler takes for a file; below 0: it could not. */
static double compile(const char* compiler, const char* standard, const char* file)
{
    const char* arguments[] = {compiler, standard, "-fsyntax-only", "-I.", file, NULL};
    posix_spawn_file_actions_t actions;
    double before = cpu_ms_of_children();
    pid_t child;
    int status = -1;
    int error;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    error = posix_spawnp(&child, compiler, &actions, NULL, (char* const*)(uintptr_t)arguments,
                         environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (error != 0 || waitpid(child, &status, 0) != child || status != 0) {
        return -1;
    }
    return cpu_ms_of_children() - before;
}

static void line(const char* compiler, const char* standard, const char* what, double value,
                 bool has_target)
{
    char name[96];
    (void)snprintf(name, sizeof name, "%s %s, %s", compiler, standard, what);
    bench_line(name, "", value, "ms", has_target ? "<= 5" : NULL,
               !has_target || value <= TARGET_MS);
}

/* The header up to its implementation. */
static void write_declarations(const char* path)
{
    static char text[1 << 20];
    static const char mark[] = "\n#if defined(LLMOBS_IMPLEMENTATION) && !defined(LLMOBS_DISABLE)";
    FILE* file = fopen("llmobs.h", "r");
    size_t size = file != NULL ? fread(text, 1, sizeof text - 1, file) : 0;
    char* end = strstr(text, mark);
    if (size == 0 || end == NULL) {
        printf("# llmobs.h: not found, or its implementation is not\n");
        exit(1);
    }
    end[1] = '\0';
    (void)fclose(file);
    write_file(path, text);
}

static void measure(const char* compiler, const char* standard, const char* suffix)
{
    static double times[FILES][REPETITIONS];
    static const char* const names[FILES] = {"empty", "stdlib", "declarations", "user"};
    char files[FILES][64];
    double least[FILES];
    double median[FILES];
    int i, k;
    for (k = 0; k < FILES; k++) {
        (void)snprintf(files[k], sizeof files[k], FOLDER "/%s%s", names[k], suffix);
    }
    write_file(files[0], "extern int nothing;\n");
    write_file(files[1], "#include <stdlib.h>\nextern int nothing;\n");
    write_file(files[2], "#include \"" FOLDER "/declarations.h\"\nextern int nothing;\n");
    write_file(files[3], "#include \"llmobs.h\"\nextern int nothing;\n");
    for (i = 0; i < REPETITIONS; i++) {
        for (k = 0; k < FILES; k++) {
            times[k][i] = compile(compiler, standard, files[k]);
            if (times[k][i] < 0) {
                printf("# skipped: %s %s (not found, or it can't)\n", compiler, standard);
                return;
            }
        }
    }
    for (k = 0; k < FILES; k++) {
        qsort(times[k], REPETITIONS, sizeof times[k][0], bench_compare);
        least[k] = times[k][0];
        median[k] = times[k][REPETITIONS / 2];
    }
    line(compiler, standard, "an empty file, min", least[0], false);
    line(compiler, standard, "an empty file, median", median[0], false);
    line(compiler, standard, "<stdlib.h> over that, min", least[1] - least[0], false);
    line(compiler, standard, "its declarations over that, min", least[2] - least[0], false);
    line(compiler, standard, "llmobs.h over that, min", least[3] - least[0], true);
    line(compiler, standard, "llmobs.h over that, median", median[3] - median[0], true);
}

int main(void)
{
    (void)mkdir("build", 0777);
    (void)mkdir("build/bench", 0777);
    (void)mkdir(FOLDER, 0777);
    write_declarations(FOLDER "/declarations.h");
    measure("gcc", "-std=c11", ".c");
    measure("clang", "-std=c11", ".c");
    measure("g++", "-std=c++11", ".cc");
    measure("clang++", "-std=c++11", ".cc");
    measure("g++", "-std=c++20", ".cc");
    printf("# %u short\n", bench_short_count);
    return 0;
}
