/* For tests of files: the system calls that a part makes, failing on demand, each of them counted.
   Include it after tap.h; then say how much a call that transfers data may have, by a portion() of
   your own. */
#ifndef FAULTS_H
#define FAULTS_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef enum fault_kind { FAULT_NONE, FAULT_ERROR, FAULT_SHORT, FAULT_NOTHING } fault_kind;

/* Of this thread: others are spared. */
static __thread struct {
    fault_kind kind;
    int error;
    long at;      /* the number of the call that fails */
    bool forever; /* and all after it                  */
    long calls;
    bool truncation; /* ftruncate, too, whatever the rest */
    mode_t made_with;
} fault;

/* How many of so many bytes the call just counted transfers. */
static size_t portion(size_t size);

/* Whether this call is to fail. */
static bool fails(void)
{
    long call = fault.calls++;
    if (fault.kind != FAULT_ERROR || (fault.forever ? call < fault.at : call != fault.at)) {
        return false;
    }
    errno = fault.error;
    return true;
}

ssize_t write(int file, const void* data, size_t size)
{
    return fails() ? -1 : (ssize_t)syscall(SYS_write, file, data, portion(size));
}

ssize_t read(int file, void* data, size_t size)
{
    return fails() ? -1 : (ssize_t)syscall(SYS_read, file, data, portion(size));
}

int open(const char* path, int flags, ...)
{
    mode_t mode;
    va_list arguments;
    va_start(arguments, flags);
    mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(arguments, int) : 0;
    va_end(arguments);
    fault.made_with = (flags & O_CREAT) != 0 ? mode : fault.made_with;
    return fails() ? -1 : openat(AT_FDCWD, path, flags, mode);
}

int rename(const char* from, const char* to)
{
    return fails() ? -1 : renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int ftruncate(int file, off_t size)
{
    return fails() || fault.truncation ? -1 : (int)syscall(SYS_ftruncate, file, (long)size);
}

int flock(int file, int operation)
{
    return fails() ? -1 : (int)syscall(SYS_flock, file, operation);
}

int fstat(int file, struct stat* status)
{
    return fails() ? -1 : fstatat(file, "", status, AT_EMPTY_PATH);
}

int lstat(const char* path, struct stat* status)
{
    return fails() ? -1 : fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW);
}

#endif
