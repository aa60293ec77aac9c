/* What the platform gives: bytes of files to the last, whatever interrupts. */
#include "llmobs_private.h"
#include "tap.h"

#include <sys/syscall.h>

/* ---- a system that does as it is told ------------------------------------------------------- */

/* What calls of read and write answer, one after the other: more than 0, so many bytes at most; 0,
   the end; less, an error. Then as the system does. */
static const int* answers;
static size_t answer_count;
static size_t call_count;

/* Returns how many bytes the call may have, or -1: *result is the answer. */
static ssize_t told(size_t size, ssize_t* result)
{
    int answer = call_count < answer_count ? answers[call_count] : INT32_MAX;
    call_count++;
    *result = 0;
    if (answer < 0) {
        errno = -answer;
        *result = -1;
    }
    return answer <= 0 ? -1 : (size_t)answer < size ? answer : (ssize_t)size;
}

ssize_t read(int file, void* to, size_t size)
{
    ssize_t result;
    ssize_t most = told(size, &result);
    return most < 0 ? result : (ssize_t)syscall(SYS_read, file, to, (size_t)most);
}

ssize_t write(int file, const void* from, size_t size)
{
    ssize_t result;
    ssize_t most = told(size, &result);
    return most < 0 ? result : (ssize_t)syscall(SYS_write, file, from, (size_t)most);
}

static void tell(const int* list, size_t count)
{
    answers = list;
    answer_count = count;
    call_count = 0;
}

/* ---- bytes of files ------------------------------------------------------------------------ */

static const char text[] = "all of it, to the last byte";

static void test_write(int in, int out)
{
    static const int broken[] = {-EINTR, 3, -EINTR, -EINTR, 1, 5};
    static const int full[] = {4, -ENOSPC};
    static const int nothing[] = {6, 0};
    char got[sizeof text];
    size_t done;
    tell(broken, 6);
    done = llmobsi_write_whole(out, text, sizeof text);
    is_int(call_count, 7, "interrupted, and in pieces");
    tell(NULL, 0);
    is_int(done, sizeof text, "all is written");
    is_int(read(in, got, sizeof got), sizeof text, "and is there");
    ok(memcmp(got, text, sizeof text) == 0, "as it was");
    tell(full, 2);
    errno = 0;
    done = llmobsi_write_whole(out, text, sizeof text);
    ok(done == 4 && errno == ENOSPC, "what the system does not take is not written");
    tell(nothing, 2);
    done = llmobsi_write_whole(out, text, sizeof text);
    ok(done == 6 && call_count == 2, "nor tried for ever");
    tell(NULL, 0);
    is_int(read(in, got, sizeof got), 4 + 6, "so many are there");
    is_int(llmobsi_write_whole(-1, text, 0), 0, "nothing is no call");
}

static void test_read(int in, int out)
{
    static const int broken[] = {-EINTR, 3, -EINTR, -EINTR, 1, 5};
    static const int ends[] = {4, 0};
    static const int fails[] = {6, -EIO};
    char got[sizeof text];
    size_t count;
    is_int(llmobsi_write_whole(out, text, sizeof text), sizeof text, "something to be read");
    memset(got, 0, sizeof got);
    tell(broken, 6);
    count = llmobsi_read_whole(in, got, sizeof text);
    tell(NULL, 0);
    is_int(count, sizeof text, "interrupted, and in pieces, all is read");
    ok(memcmp(got, text, sizeof text) == 0, "as it was");
    (void)llmobsi_write_whole(out, text, sizeof text);
    tell(ends, 2);
    errno = EIO;
    count = llmobsi_read_whole(in, got, sizeof text);
    ok(count == 4 && errno == 0, "an end is no error");
    tell(fails, 2);
    count = llmobsi_read_whole(in, got, sizeof text);
    ok(count == 6 && errno == EIO, "an error is no end");
    tell(NULL, 0);
}

int main(void)
{
    int ends[2];
    if (pipe(ends) != 0) {
        printf("Bail out! pipe\n");
        return 1;
    }
    test_write(ends[0], ends[1]);
    test_read(ends[0], ends[1]);
    return done();
}
