/* For tests on Windows: the calls about processes that tests compile with. They are never made:
   what forks is skipped there (skipped_without_fork). */
#ifndef WINDOWS_WAIT_H
#define WINDOWS_WAIT_H

#include <stdlib.h>

#define WNOHANG 1
#define WIFEXITED(status) ((void)(status), 0)
#define WEXITSTATUS(status) ((void)(status), 0)
#define WIFSIGNALED(status) ((void)(status), 0)
#define WTERMSIG(status) ((void)(status), 0)

static inline int windows_never(void)
{
    abort();
    return -1;
}

#define fork() windows_never()
#define waitpid(child, status, options) ((void)(status), windows_never())
#define kill(process, number) windows_never()
#define getppid() windows_never()
#define alarm(seconds) windows_never()
#define pause() windows_never()

#endif
