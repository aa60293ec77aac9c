/* Files of our own, for all that keep some: paths, limits, how they are opened, and lock files. */

#include <stdio.h> /* rename, nothing else */
#include <sys/file.h>
#include <sys/resource.h>

#define LLMOBS_I_FILE_PATH 2001u /* with its NUL */
/* How often it is tried to get hold of a path that others move about. */
#define LLMOBS_I_FILE_ATTEMPTS 8

/* See platform.c: a strict -std=c11 may hide these. Which lstat belongs to `struct stat` is the C
   library's choice. */
#if defined(__GLIBC__) && !defined(__USE_GNU)
#if defined(__USE_TIME_BITS64) && !defined(__LP64__)
#define LLMOBS_I_LSTAT "__lstat64_time64"
#elif defined(__USE_FILE_OFFSET64)
#define LLMOBS_I_LSTAT "lstat64"
#else
#define LLMOBS_I_LSTAT "lstat"
#endif
extern int llmobsi_lstat(const char* path, struct stat* status) __asm__(LLMOBS_I_LSTAT);
extern int llmobsi_fchmod(int file, mode_t mode) __asm__("fchmod");
extern int llmobsi_fsync(int file) __asm__("fsync");
#else
#define llmobsi_lstat lstat
#define llmobsi_fchmod fchmod
#define llmobsi_fsync fsync
#endif

/* The largest file the process may write: past it the system would send SIGXFSZ, which kills. */
llmobsi_fn uint64_t llmobsi_file_allowed(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 ? (uint64_t)limit.rlim_cur : UINT64_MAX;
}

/* Keeps a path, made absolute: the process may go elsewhere later. False: it is empty, or too
   long. */
llmobsi_fn bool llmobsi_file_set_path(char out[LLMOBS_I_FILE_PATH], const char* path)
{
    const char* end = (const char*)memchr(path, '\0', LLMOBS_I_FILE_PATH);
    size_t size = end != NULL ? (size_t)(end - path) : 0;
    size_t folder = 0;
    if (size == 0) {
        return false;
    }
    if (path[0] != '/' && getcwd(out, LLMOBS_I_FILE_PATH) != NULL) {
        folder = strlen(out);
        if (folder + 1 + size >= LLMOBS_I_FILE_PATH) {
            return false;
        }
        out[folder++] = '/';
    }
    memcpy(out + folder, path, size + 1);
    return true;
}

/* ---- opening ------------------------------------------------------------------------------- */

/* How everything of ours is opened. Non-blocking, or a FIFO would keep us before it is refused. */
#define LLMOBS_I_FILE_FLAGS (O_NONBLOCK | O_NOCTTY | LLMOBS_I_O_CLOEXEC | LLMOBS_I_O_NOFOLLOW)

/* What some ask for beyond a plain file of ours. */
#define LLMOBS_I_FILE_ONE_NAME 1u  /* no other link leads to it       */
#define LLMOBS_I_FILE_UNSHARED 2u  /* nobody else may write to it     */

/* Whether what is open is a plain file of ours; errno says why not: EPERM, or what the system
   has. */
llmobsi_fn bool llmobsi_file_is_ours(int file, unsigned asked, struct stat* status)
{
    if (fstat(file, status) != 0) {
        return false;
    }
    errno = EPERM;
    return S_ISREG(status->st_mode) && status->st_uid == geteuid() &&
           ((asked & LLMOBS_I_FILE_ONE_NAME) == 0 || status->st_nlink == 1) &&
           ((asked & LLMOBS_I_FILE_UNSHARED) == 0 || (status->st_mode & 022) == 0);
}

/* Opens whatever the path leads to; with O_CREAT it is made, for nobody else to read. -1, and
   errno. */
llmobsi_fn int llmobsi_file_open_path(const char* path, int flags)
{
    int file;
    do {
        file = open(path, flags | LLMOBS_I_FILE_FLAGS, 0600);
    } while (file < 0 && errno == EINTR);
    return file;
}

/* Opens a plain file of ours; -1: there is none, and errno says why. */
llmobsi_fn int llmobsi_file_open_ours(const char* path, int flags, unsigned asked,
                                      struct stat* status)
{
    const int file = llmobsi_file_open_path(path, flags);
    int why;
    if (file < 0 || llmobsi_file_is_ours(file, asked, status)) {
        return file;
    }
    why = errno;
    (void)close(file);
    errno = why;
    return -1;
}

/* A new file to be written and then renamed, in place of what a crash left; -1, and errno. */
llmobsi_fn int llmobsi_file_make(const char* path)
{
    (void)unlink(path);
    return llmobsi_file_open_path(path, O_WRONLY | O_CREAT | O_EXCL);
}

/* ---- lock files ---------------------------------------------------------------------------- */

/* A lock file says who may read and write what lies beside it. It is never taken away again: two
   could hold one each. */
typedef enum llmobsi_lock_hold {
    LLMOBS_I_LOCK_OURS,
    LLMOBS_I_LOCK_TAKEN, /* by another instance, here or elsewhere */
    LLMOBS_I_LOCK_FAILED
} llmobsi_lock_hold;

/* Whether the path leads to the file that is held. */
llmobsi_fn bool llmobsi_held_is_at(const llmobsi_held* held, const char* path)
{
    struct stat status;
    return llmobsi_lstat(path, &status) == 0 && status.st_dev == held->device &&
           status.st_ino == held->inode;
}

/* One attempt. */
llmobsi_fn llmobsi_lock_hold llmobsi_lock_file_try(llmobsi_held* held, const char* path)
{
    struct stat status;
    int file = llmobsi_file_open_ours(path, O_RDWR | O_CREAT, 0, &status);
    if (file < 0) {
        return LLMOBS_I_LOCK_FAILED;
    }
    /* A file system without locks does not keep us from writing. */
    if (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        (void)close(file);
        errno = EBUSY;
        return LLMOBS_I_LOCK_TAKEN;
    }
    held->device = status.st_dev;
    held->inode = status.st_ino;
    held->descriptor = file + 1;
    return LLMOBS_I_LOCK_OURS;
}

/* Gives the lock back, also where a child that was just forked has not come to close its copy of
   the descriptor yet: closing ours would leave the lock to that one. In a child it is closed
   already, and stays the parent's. */
llmobsi_fn void llmobsi_lock_file_give(llmobsi_held* held)
{
    /* Where it can't be told whose descriptor that is, it is ours: a lock must not stay. */
    if (llmobsi_held_is(held, true)) {
        (void)flock(held->descriptor - 1, LOCK_UN);
    }
    llmobsi_held_close(held);
}

/* Takes the lock, or looks whether it is ours still: the host may have closed a descriptor that it
   did not know, somebody may have tidied the folder. */
llmobsi_fn llmobsi_lock_hold llmobsi_lock_file_take(llmobsi_held* held, const char* path)
{
    llmobsi_lock_hold hold = LLMOBS_I_LOCK_FAILED;
    int attempt;
    for (attempt = 0; attempt < LLMOBS_I_FILE_ATTEMPTS; attempt++) {
        if (llmobsi_held_is_ours(held) && llmobsi_held_is_at(held, path)) {
            return LLMOBS_I_LOCK_OURS;
        }
        llmobsi_lock_file_give(held);
        hold = llmobsi_lock_file_try(held, path);
        if (hold != LLMOBS_I_LOCK_OURS) {
            return hold;
        }
    }
    return LLMOBS_I_LOCK_FAILED;
}
