/* The system, where it is POSIX: files, folders, mappings, and what it says of itself. A file is an
   int, -1 where there is none. Functions that fail set errno. */

#if !defined(_WIN32)

#include <dirent.h>
#include <stdio.h> /* rename, nothing else */
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/utsname.h>

/* See posix.c: a strict -std=c11 may hide these. Which lstat belongs to `struct stat` is the C
   library's choice. */
#if defined(__GLIBC__) && !defined(__USE_GNU)
#if defined(__USE_TIME_BITS64) && !defined(__LP64__)
#define LLMOBS_I_LSTAT "__lstat64_time64"
#elif defined(__USE_FILE_OFFSET64)
#define LLMOBS_I_LSTAT "lstat64"
#else
#define LLMOBS_I_LSTAT "lstat"
#endif
#if defined(__USE_FILE_OFFSET64)
#define LLMOBS_I_FTRUNCATE "ftruncate64"
#define LLMOBS_I_FALLOCATE "posix_fallocate64"
#else
#define LLMOBS_I_FTRUNCATE "ftruncate"
#define LLMOBS_I_FALLOCATE "posix_fallocate"
#endif
extern int llmobsi_lstat(const char* path, struct stat* status) __asm__(LLMOBS_I_LSTAT);
extern int llmobsi_fchmod(int file, mode_t mode) __asm__("fchmod");
extern int llmobsi_fsync(int file) __asm__("fsync");
extern int llmobsi_ftruncate(int file, off_t size) __asm__(LLMOBS_I_FTRUNCATE);
extern int llmobsi_fallocate(int file, off_t from, off_t size) __asm__(LLMOBS_I_FALLOCATE);
extern ssize_t llmobsi_readlink(const char* path, char* out, size_t size) __asm__("readlink");
#else
#define llmobsi_lstat lstat
#define llmobsi_fchmod fchmod
#define llmobsi_fsync fsync
#define llmobsi_ftruncate ftruncate
#define llmobsi_readlink readlink
#if !defined(__APPLE__)
#define llmobsi_fallocate posix_fallocate
#endif
#endif
#ifndef O_NOFOLLOW
#if defined(__arm__) || defined(__aarch64__) || defined(__powerpc__)
#define LLMOBS_I_O_NOFOLLOW 0100000
#else
#define LLMOBS_I_O_NOFOLLOW 0400000
#endif
#else
#define LLMOBS_I_O_NOFOLLOW O_NOFOLLOW
#endif
#if defined(MAP_ANONYMOUS)
#define LLMOBS_I_MAP_ANONYMOUS MAP_ANONYMOUS
#elif defined(__mips__)
#define LLMOBS_I_MAP_ANONYMOUS 0x800
#else
#define LLMOBS_I_MAP_ANONYMOUS 0x20
#endif

/* ---- what is known of a file --------------------------------------------------------------- */

llmobsi_fn void llmobsi_file_facts_of(const struct stat* status, llmobsi_file_facts* facts)
{
    facts->device = (uint64_t)status->st_dev;
    facts->inode = (uint64_t)status->st_ino;
    facts->bytes = (uint64_t)status->st_size;
    facts->owner = (uint64_t)status->st_uid;
    facts->names = (uint64_t)status->st_nlink;
    facts->plain = S_ISREG(status->st_mode);
    facts->folder = S_ISDIR(status->st_mode);
    facts->read_by_others = (status->st_mode & 077) != 0;
    facts->written_by_others = (status->st_mode & 022) != 0;
}

llmobsi_fn bool llmobsi_os_facts(int file, llmobsi_file_facts* facts)
{
    struct stat status;
    bool known = fstat(file, &status) == 0;
    if (known) {
        llmobsi_file_facts_of(&status, facts);
    }
    return known;
}

llmobsi_fn bool llmobsi_os_facts_at(const char* path, llmobsi_file_facts* facts)
{
    struct stat status;
    bool known = llmobsi_lstat(path, &status) == 0;
    if (known) {
        llmobsi_file_facts_of(&status, facts);
    }
    return known;
}

/* Who this process is, as far as files are concerned. */
llmobsi_fn uint64_t llmobsi_os_user(void)
{
    return (uint64_t)geteuid();
}

/* ---- opening, closing ---------------------------------------------------------------------- */

/* How a file is opened: one of the first three, and what else. */
#define LLMOBS_I_OPEN_READ O_RDONLY
#define LLMOBS_I_OPEN_WRITE O_WRONLY
#define LLMOBS_I_OPEN_BOTH O_RDWR
#define LLMOBS_I_OPEN_MAKE O_CREAT            /* for nobody else to read */
#define LLMOBS_I_OPEN_NEW (O_CREAT | O_EXCL)  /* likewise, and only where there is nothing */
#define LLMOBS_I_OPEN_APPEND O_APPEND         /* writes go to the end */
#define LLMOBS_I_OPEN_DIRECT LLMOBS_I_O_NOFOLLOW /* not if the path is a link */

/* Non-blocking, or a FIFO would keep us before it is refused. */
llmobsi_fn int llmobsi_os_open(const char* path, int how)
{
    return open(path, how | O_NONBLOCK | O_NOCTTY | LLMOBS_I_O_CLOEXEC, 0600);
}

llmobsi_fn bool llmobsi_os_close(int file)
{
    return close(file) == 0;
}

/* ---- reading, writing ---------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_os_seek(int file, uint64_t offset)
{
    return lseek(file, (off_t)offset, SEEK_SET) >= 0;
}

/* To the end of a file that was opened to be appended to. */
llmobsi_fn size_t llmobsi_append_whole(int file, const void* from, size_t size)
{
    return llmobsi_write_whole(file, from, size);
}

llmobsi_fn bool llmobsi_os_cut(int file, uint64_t bytes)
{
    return llmobsi_ftruncate(file, (off_t)bytes) == 0;
}

/* Waits for the disk: on macOS fsync waits for the way there alone. */
llmobsi_fn bool llmobsi_os_sync(int file)
{
#if defined(F_FULLFSYNC)
    if (fcntl(file, F_FULLFSYNC) == 0) {
        return true;
    }
#endif
    return llmobsi_fsync(file) == 0;
}

/* Takes from others what they must not read. Fails where files have no modes: then there is nothing
   to be had. */
llmobsi_fn void llmobsi_os_make_private(int file)
{
    (void)llmobsi_fchmod(file, 0600);
}

/* The largest file the process may write: past it the system would send SIGXFSZ, which kills. */
llmobsi_fn uint64_t llmobsi_file_allowed(void)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 ? (uint64_t)limit.rlim_cur : UINT64_MAX;
}

/* ---- locks --------------------------------------------------------------------------------- */

/* False when somebody else has the file locked, here or elsewhere. A file system without locks does
   not keep us from writing. */
llmobsi_fn bool llmobsi_os_lock(int file)
{
    int result;
    do {
        result = flock(file, LOCK_EX | LOCK_NB);
    } while (result != 0 && errno == EINTR);
    return result == 0 || errno != EWOULDBLOCK;
}

llmobsi_fn void llmobsi_os_unlock(int file)
{
    (void)flock(file, LOCK_UN);
}

/* Locks a file for this process alone. False: another one has it. The lock goes when the process
   does, and with any descriptor of the file that the process closes. */
llmobsi_fn bool llmobsi_os_lock_for_process(int file)
{
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return fcntl(file, F_SETLK, &lock) == 0;
}

/* ---- names --------------------------------------------------------------------------------- */

/* In place of what is there. */
llmobsi_fn bool llmobsi_os_rename(const char* from, const char* to)
{
    return rename(from, to) == 0;
}

llmobsi_fn bool llmobsi_os_remove(const char* path)
{
    return unlink(path) == 0;
}

/* Keeps a path, made absolute: the process may go elsewhere later. False: it is empty, or too
   long. */
llmobsi_fn bool llmobsi_os_absolute(char* out, size_t room, const char* path)
{
    const char* end = (const char*)memchr(path, '\0', room);
    size_t size = end != NULL ? (size_t)(end - path) : 0;
    size_t folder = 0;
    if (size == 0) {
        return false;
    }
    if (path[0] != '/' && getcwd(out, room) != NULL) {
        folder = strlen(out);
        if (folder + 1 + size >= room) {
            return false;
        }
        out[folder++] = '/';
    }
    memcpy(out + folder, path, size + 1);
    return true;
}

/* ---- folders ------------------------------------------------------------------------------- */

/* A directory that nobody else may look into; one that is there stays as it is. */
llmobsi_fn bool llmobsi_os_folder_make(const char* path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

/* Tells each name in it. */
llmobsi_fn bool llmobsi_os_folder_list(const char* path, void (*tell)(void* user, const char* name),
                                       void* user)
{
    DIR* folder = opendir(path);
    const struct dirent* entry;
    int error = 0;
    if (folder == NULL) {
        return false;
    }
    do {
        errno = 0;
        entry = readdir(folder);
        error = errno;
        if (entry != NULL) {
            tell(user, entry->d_name);
        }
    } while (entry != NULL);
    (void)closedir(folder);
    errno = error;
    return error == 0;
}

/* Waits until what a folder says of its names is on disk. A folder that we may write to and not
   read, and a file system that can't: then it is as good as it gets. */
llmobsi_fn bool llmobsi_os_folder_sync(const char* path)
{
    int folder = llmobsi_os_open(path, LLMOBS_I_OPEN_READ);
    bool done;
    if (folder < 0) {
        return true;
    }
    done = llmobsi_fsync(folder) == 0 || errno == EINVAL;
    (void)close(folder);
    return done;
}

/* ---- files as memory ----------------------------------------------------------------------- */

/* What a name of a file begins with that lies in memory alone, and stays when the process goes. */
#if defined(__linux__)
#define LLMOBS_I_MEMORY_FOLDER "/dev/shm/"
#else
#define LLMOBS_I_MEMORY_FOLDER "/tmp/" /* the nearest to it */
#endif

/* Real memory or disk for all of it: else the first store to a page that can't be had would kill
   the process. */
llmobsi_fn bool llmobsi_os_allocate(int file, size_t bytes)
{
    int failed;
    off_t end = (off_t)bytes; /* of 32 or 64 bits, whatever size_t has */
#if defined(__APPLE__)
    fstore_t store;
#endif
    if (end < 0 || (size_t)end != bytes) {
        errno = EFBIG;
        return false;
    }
#if defined(__APPLE__)
    memset(&store, 0, sizeof store);
    store.fst_flags = F_ALLOCATEALL;
    store.fst_posmode = F_PEOFPOSMODE;
    store.fst_length = end;
    failed = fcntl(file, F_PREALLOCATE, &store) != -1 && ftruncate(file, end) == 0 ? 0 : errno;
#else
    do {
        failed = llmobsi_fallocate(file, 0, end);
    } while (failed == EINTR);
#endif
    if (failed != 0) {
        errno = failed;
    }
    return failed == 0;
}

/* NULL: it can't be had. What is written goes to the file. */
llmobsi_fn void* llmobsi_os_map(int file, size_t bytes)
{
    void* memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

llmobsi_fn void llmobsi_os_unmap(void* memory, size_t bytes)
{
    (void)munmap(memory, bytes);
}

/* What lies in a mapping becomes private memory at the same addresses, by a copy that others may
   write to meanwhile. Calls nothing but the system. False: there is no memory. */
llmobsi_fn bool llmobsi_os_map_part(void* memory, size_t bytes)
{
    const int flags = MAP_PRIVATE | LLMOBS_I_MAP_ANONYMOUS;
    void* copy = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    void* own;
    if (copy == MAP_FAILED) {
        return false;
    }
    memcpy(copy, (const void*)memory, bytes);
    own = mmap(memory, bytes, PROT_READ | PROT_WRITE, flags | MAP_FIXED, -1, 0);
    if (own != MAP_FAILED) {
        memcpy(own, copy, bytes);
    }
    (void)munmap(copy, bytes);
    return own != MAP_FAILED;
}

/* ---- processes, and the machine ------------------------------------------------------------ */

/* The line that the system keeps of a process, and a NUL; "" where there is none. Linux only. */
llmobsi_fn void llmobsi_os_process_line(char* path_and_line, size_t room)
{
    ssize_t size;
    int file = open(path_and_line, O_RDONLY | LLMOBS_I_O_CLOEXEC);
    path_and_line[0] = '\0';
    if (file < 0) {
        return;
    }
    size = read(file, path_and_line, room - 1);
    (void)close(file);
    path_and_line[size > 0 ? size : 0] = '\0';
}

/* Where the program that runs here is; 0: not known. Linux only. */
llmobsi_fn size_t llmobsi_os_program(char* path, size_t room)
{
    ssize_t size = llmobsi_readlink("/proc/self/exe", path, room);
    if (size <= 0 || (size_t)size == room) {
        return 0;
    }
    path[size] = '\0';
    return (size_t)size;
}

llmobsi_fn void llmobsi_machine_copy(char out[256], const char* text)
{
    size_t size = strlen(text);
    size = size < 255 ? size : 255;
    memcpy(out, text, size);
    out[size] = '\0';
}

/* One system call: no file is opened. */
llmobsi_fn bool llmobsi_os_machine(llmobsi_machine* machine)
{
    struct utsname names;
    if (uname(&names) < 0) {
        return false;
    }
    llmobsi_machine_copy(machine->name, names.nodename);
    llmobsi_machine_copy(machine->processor, names.machine);
    llmobsi_machine_copy(machine->system, names.sysname);
    return true;
}

#endif /* !_WIN32 */
