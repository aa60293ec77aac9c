/* Copies of the library in one process: the program's own, and those of two shared objects, of two
   versions. All of them record at one time, on threads that record into the others, too. */
#include <pthread.h>
#include <stdio.h>

#include "version.h"

#define COPIES 3
#define TOKENS 20000

void own_begin(void);
void own_tokens(int count);
void own_give(strangers* out);
void own_take(const strangers* in);
void own_end(account* out);
void same_begin(void);
void same_tokens(int count);
void same_give(strangers* out);
void same_take(const strangers* in);
void same_end(account* out);
void other_begin(void);
void other_tokens(int count);
void other_give(strangers* out);
void other_take(const strangers* in);
void other_end(account* out);

static const struct {
    const char* name;
    void (*begin)(void);
    void (*tokens)(int count);
    void (*give)(strangers* out);
    void (*take)(const strangers* in);
    void (*end)(account* out);
} copies[COPIES] = {{"own", own_begin, own_tokens, own_give, own_take, own_end},
                    {"same", same_begin, same_tokens, same_give, same_take, same_end},
                    {"other", other_begin, other_tokens, other_give, other_take, other_end}};

/* One thread for each request's tokens, which are in an order; it has been in all copies. */
static void* record(void* argument)
{
    int which = (int)(*(const char*)argument - '0');
    int i;
    for (i = 0; i < COPIES; i++) {
        strangers handles;
        copies[i].give(&handles);
    }
    copies[which].tokens(TOKENS);
    return NULL;
}

int main(void)
{
    static const char* const numbers[COPIES] = {"0", "1", "2"};
    pthread_t threads[COPIES];
    strangers handles;
    account told;
    int i;
    int k;
    for (i = 0; i < COPIES; i++) {
        copies[i].begin();
    }
    for (i = 0; i < COPIES; i++) {
        for (k = 0; k < COPIES; k++) {
            copies[k].give(&handles);
            if (k != i) {
                copies[i].take(&handles);
            }
        }
    }
    for (i = 0; i < COPIES; i++) {
        (void)pthread_create(&threads[i], NULL, record, (void*)(size_t)numbers[i]);
    }
    for (i = 0; i < COPIES; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    for (i = 0; i < COPIES; i++) {
        copies[i].end(&told);
        printf("%s version %s config %ld tokens %ld begun %ld ended %ld late %ld spans %ld others "
               "%ld closed %d\n", copies[i].name, told.version, told.config_size, told.tokens,
               told.begun, told.requests, told.late, told.spans, told.others, told.closed);
    }
    return 0;
}
