/* How files of our own are opened: what is refused, why, and what is asked for by some alone. */
#include "llmobs_private.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "build/tmp/safe_file"
#define PATH FOLDER "/file"
#define OTHER FOLDER "/other"

/* ---- system calls that fail ---------------------------------------------------------------- */

static int interruptions; /* so many opens fail by EINTR first */
static int status_error;  /* fstat fails with it */
static uid_t owner;       /* what fstat says, where it is not -1 */

int open(const char* path, int flags, ...)
{
    if (interruptions > 0) {
        interruptions--;
        errno = EINTR;
        return -1;
    }
    return openat(AT_FDCWD, path, flags, 0600);
}

int fstat(int file, struct stat* status)
{
    if (status_error != 0) {
        errno = status_error;
        return -1;
    }
    if (fstatat(file, "", status, AT_EMPTY_PATH) != 0) {
        return -1;
    }
    status->st_uid = owner != (uid_t)-1 ? owner : status->st_uid;
    return 0;
}

/* ---- opening ------------------------------------------------------------------------------- */

static void clear(void)
{
    (void)rmdir(PATH);
    (void)unlink(PATH);
    (void)unlink(OTHER);
}

static void put(const char* path, mode_t mode)
{
    int file = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, "12345", 5) != 5 || fchmod(file, mode) != 0 || close(file) != 0) {
        printf("Bail out! %s\n", path);
        exit(1);
    }
}

static int descriptors(void)
{
    int file = dup(0);
    (void)close(file);
    return file;
}

/* Opens PATH; -1, or 0 after closing it. Says in errno why, and that nothing stays open. */
static int try_open(int flags, unsigned asked)
{
    const int before = descriptors();
    llmobsi_file_facts facts;
    int file;
    int why;
    errno = 0;
    file = llmobsi_file_open_ours(PATH, flags, asked, &facts);
    why = errno;
    if (file >= 0) {
        (void)close(file);
    }
    is_int(descriptors(), before, "no descriptor stays");
    errno = why;
    return file < 0 ? -1 : 0;
}

static void is_refused(unsigned asked, int why, const char* what)
{
    int got = try_open(O_RDONLY, asked);
    int error = errno;
    ok(got < 0, what);
    is_int(error, why, "... and why");
}

static void is_taken(unsigned asked, const char* what)
{
    ok(try_open(O_RDONLY, asked) == 0, what);
}

static void test_good(void)
{
    llmobsi_file_facts facts;
    struct stat status;
    int file;
    clear();
    put(PATH, 0600);
    file = llmobsi_file_open_ours(PATH, O_RDWR, LLMOBS_I_FILE_ONE_NAME | LLMOBS_I_FILE_UNSHARED,
                                  &facts);
    ok(file >= 0, "a plain file of ours");
    is_int(facts.bytes, 5, "what is known of it is told");
    ok((fcntl(file, F_GETFD) & FD_CLOEXEC) != 0, "no program that is started gets it");
    (void)close(file);
    interruptions = 3;
    is_taken(0, "interruptions do not matter");
    is_int(interruptions, 0, "... of which there were some");
    clear();
    is_refused(0, ENOENT, "nothing there");
    ok(try_open(O_RDWR | O_CREAT, 0) == 0 && stat(PATH, &status) == 0 &&
           (status.st_mode & 0777) == 0600,
       "it is made where that is asked for, for us alone");
}

static void test_bad(void)
{
    clear();
    put(OTHER, 0600);
    ok(symlink("other", PATH) == 0, "a symbolic link");
    is_refused(0, ELOOP, "is not followed");
    clear();
    ok(mkfifo(PATH, 0600) == 0, "a FIFO");
    is_refused(0, EPERM, "is refused, at once");
    clear();
    ok(mkdir(PATH, 0700) == 0, "a folder");
    is_refused(0, EPERM, "is refused");
    clear();
    put(PATH, 0600);
    owner = geteuid() + 1;
    is_refused(0, EPERM, "somebody else's");
    owner = (uid_t)-1;
    status_error = EIO;
    is_refused(0, EIO, "one of which nothing is to be learned");
    status_error = 0;
    is_taken(0, "else it is good");
}

/* What some ask for, and others do not. */
static void test_asked(void)
{
    clear();
    put(PATH, 0600);
    ok(link(PATH, OTHER) == 0, "two names");
    is_taken(LLMOBS_I_FILE_UNSHARED, "are good where one is not asked for");
    is_refused(LLMOBS_I_FILE_ONE_NAME, EPERM, "and bad where it is");
    clear();
    put(PATH, 0644);
    is_taken(LLMOBS_I_FILE_UNSHARED, "others may read it");
    put(PATH, 0620);
    is_taken(LLMOBS_I_FILE_ONE_NAME, "what a group may write is good where that is not asked for");
    is_refused(LLMOBS_I_FILE_UNSHARED, EPERM, "and bad where it is");
    put(PATH, 0602);
    is_refused(LLMOBS_I_FILE_UNSHARED, EPERM, "likewise all others");
}

/* ---- a new one ----------------------------------------------------------------------------- */

static void test_make(void)
{
    struct stat status;
    int file;
    clear();
    put(OTHER, 0644);
    ok(symlink("other", PATH) == 0, "a link that somebody left");
    file = llmobsi_file_make(PATH);
    ok(file >= 0 && lstat(PATH, &status) == 0 && S_ISREG(status.st_mode), "gives way to a file");
    is_int(status.st_mode & 0777, 0600, "for us alone");
    ok((fcntl(file, F_GETFD) & FD_CLOEXEC) != 0, "no program that is started gets it");
    (void)close(file);
    ok(stat(OTHER, &status) == 0 && status.st_size == 5, "what it led to is as it was");
    clear();
    ok(mkdir(PATH, 0700) == 0 && llmobsi_file_make(PATH) < 0 && errno == EEXIST,
       "what can't be taken away stays");
    clear();
}

int main(void)
{
    (void)mkdir("build", 0777);
    (void)mkdir("build/tmp", 0777);
    (void)mkdir(FOLDER, 0777);
    owner = (uid_t)-1;
    test_good();
    test_bad();
    test_asked();
    test_make();
    (void)rmdir(FOLDER);
    return done();
}
