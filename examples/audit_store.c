/* A secure audit log: the raw texts that llmobs itself never keeps, encrypted by libsodium in a
   file that is only appended to. Whoever has the key finds a request's texts by its id; nobody else
   reads anything, not even the ids, or changes anything unnoticed.
       cc -I. examples/audit_store.c -o audit_store -pthread -lm -lsodium
       ./audit_store keygen audit.key                        # 32 random bytes, mode 0600
       ./audit_store demo audit.store audit.key              # what a service would write
       ./audit_store lookup audit.store audit.key req-17
   The key comes from a file, never from the command line or the environment, which others can read.
   What is cut off the file's end goes unnoticed: keep it where its writer can't shorten it. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KEY_SIZE = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    SEAL_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    ID_MOST = 255,
    CHUNK_MOST = 65536, /* longer ones become several records */
    HEAD_SIZE = 8 + NONCE_SIZE,
    PLAIN_MOST = 1 + 1 + 8 + 1 + ID_MOST + CHUNK_MOST
};
static const char MAGIC[16] = "llmobs audit 1\n";

/* A record: the size of the sealed part (4 bytes, and their complement), the nonce, the sealed
   part. Sealed with it is its place in the file, so that none is moved, doubled or left out. */
typedef struct audit_store {
    int file;
    uint64_t end; /* where the next record goes */
    unsigned char* key;
    unsigned char* plain;
    unsigned char sealed[HEAD_SIZE + PLAIN_MOST + SEAL_SIZE];
    pthread_mutex_t lock; /* the callback comes on any thread */
    uint64_t failed;      /* records that could not be written: watch it */
} audit_store;

/* Least significant byte first. */
static void put_number(unsigned char* out, uint64_t number, int size)
{
    for (int i = 0; i < size; i++) {
        out[i] = (unsigned char)(number >> (8 * i));
    }
}

static uint64_t get_number(const unsigned char* from, int size)
{
    uint64_t number = 0;
    for (int i = size - 1; i >= 0; i--) {
        number = number << 8 | from[i];
    }
    return number;
}

static bool read_all(int file, void* out, size_t size, uint64_t offset)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(file, (char*)out + done, size - done, (off_t)(offset + done));
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            return false;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* ---- the key ------------------------------------------------------------------------------- */

static bool audit_keygen(const char* path)
{
    unsigned char key[KEY_SIZE];
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    randombytes_buf(key, sizeof key);
    bool written = file >= 0 && write(file, key, sizeof key) == (ssize_t)sizeof key;
    sodium_memzero(key, sizeof key);
    return (file < 0 || close(file) == 0) && written;
}

/* A key that others may read is no key: refused. In memory it is locked and guarded. */
static unsigned char* key_read(const char* path)
{
    struct stat about;
    unsigned char* key = (unsigned char*)sodium_malloc(KEY_SIZE);
    int file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool good = key != NULL && file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode) &&
                (about.st_mode & 077) == 0 && about.st_uid == geteuid() &&
                about.st_size == KEY_SIZE && read_all(file, key, KEY_SIZE, 0);
    if (file >= 0) {
        (void)close(file);
    }
    if (!good) {
        sodium_free(key);
        return NULL;
    }
    (void)sodium_mprotect_readonly(key);
    return key;
}

/* ---- records ------------------------------------------------------------------------------- */

/* The size of the sealed part at `place`; 0: no whole record stands there; -1: it was changed. */
static long record_size(audit_store* store, uint64_t place, uint64_t file_size)
{
    unsigned char head[8];
    if (file_size - place < HEAD_SIZE || !read_all(store->file, head, sizeof head, place)) {
        return 0;
    }
    uint64_t size = get_number(head, 4);
    if ((size ^ get_number(head + 4, 4)) != 0xffffffff || size < SEAL_SIZE ||
        size > PLAIN_MOST + SEAL_SIZE) {
        return -1;
    }
    return size <= file_size - place - HEAD_SIZE ? (long)size : 0;
}

static bool record_append(audit_store* store, const llmobs_audit* part, size_t from, size_t size)
{
    unsigned char place[8];
    unsigned char* plain = store->plain;
    unsigned char* nonce = store->sealed + 8;
    size_t id_size = strnlen(part->request_id, ID_MOST);
    unsigned long long sealed_size;
    *plain++ = (unsigned char)part->part;
    *plain++ = part->final && from + size == part->chunk_size;
    put_number(plain, part->offset + from, 8);
    plain[8] = (unsigned char)id_size;
    memcpy(plain + 9, part->request_id, id_size);
    plain += 9 + id_size;
    if (size > 0) {
        memcpy(plain, part->chunk + from, size);
        plain += size;
    }
    put_number(place, store->end, 8);
    randombytes_buf(nonce, NONCE_SIZE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
        store->sealed + HEAD_SIZE, &sealed_size, store->plain,
        (unsigned long long)(plain - store->plain), place, sizeof place, NULL, nonce, store->key);
    sodium_memzero(store->plain, (size_t)(plain - store->plain));
    put_number(store->sealed, sealed_size, 4);
    put_number(store->sealed + 4, ~sealed_size, 4);
    size_t whole = HEAD_SIZE + (size_t)sealed_size;
    if (pwrite(store->file, store->sealed, whole, (off_t)store->end) != (ssize_t)whole) {
        return false; /* the next one goes over what was written of it */
    }
    store->end += whole;
    return true;
}

/* ---- the store ----------------------------------------------------------------------------- */

static void audit_close(audit_store* store)
{
    if (store != NULL) {
        (void)(store->file >= 0 && close(store->file));
        sodium_free(store->key);
        sodium_free(store->plain);
        (void)pthread_mutex_destroy(&store->lock);
        free(store);
    }
}

/* NULL, with a reason on stderr. One writer at a time. */
static audit_store* audit_open(const char* path, const char* key_path, bool writes)
{
    struct stat about;
    audit_store* store = (audit_store*)calloc(1, sizeof *store);
    const char* problem = "no memory";
    if (store == NULL) {
        return NULL;
    }
    (void)pthread_mutex_init(&store->lock, NULL);
    store->file = open(path, (writes ? O_RDWR | O_CREAT : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC, 0600);
    store->plain = (unsigned char*)sodium_malloc(PLAIN_MOST);
    store->key = key_read(key_path);
    if (store->key == NULL) {
        problem = "the key file must be yours alone (mode 0600) and have 32 bytes";
    } else if (store->file < 0 || fstat(store->file, &about) != 0 || !S_ISREG(about.st_mode) ||
               (about.st_mode & 077) != 0) {
        problem = "the store can't be opened, or others may read it";
    } else if (writes && flock(store->file, LOCK_EX | LOCK_NB) != 0) {
        problem = "another process writes this store";
    } else if (store->plain != NULL) {
        char magic[sizeof MAGIC] = "";
        uint64_t size = (uint64_t)about.st_size;
        bool begun = size >= sizeof magic && read_all(store->file, magic, sizeof magic, 0);
        problem = NULL;
        if (begun ? memcmp(magic, MAGIC, sizeof magic) != 0
                  : !writes || pwrite(store->file, MAGIC, sizeof MAGIC, 0) != sizeof MAGIC) {
            problem = "this is no store";
        }
        long record = 0;
        store->end = sizeof magic;
        while (begun && (record = record_size(store, store->end, size)) > 0) {
            store->end += HEAD_SIZE + (uint64_t)record;
        } /* what a crash left unfinished is written over, nothing else */
        problem = writes && record < 0 ? "this store was changed" : problem;
    }
    if (problem != NULL) {
        fprintf(stderr, "audit_store: %s\n", problem);
        audit_close(store);
        return NULL;
    }
    return store;
}

/* The callback: `user` is the store. What is on the disk when a text is complete stays there. */
static void audit_append(void* user, const llmobs_audit* part)
{
    audit_store* store = (audit_store*)user;
    (void)pthread_mutex_lock(&store->lock);
    size_t from = 0;
    bool good = true;
    do {
        size_t left = part->chunk_size - from;
        size_t size = left < CHUNK_MOST ? left : (size_t)CHUNK_MOST;
        good = good && record_append(store, part, from, size);
        from += size;
    } while (from < part->chunk_size);
    good = good && (!part->final || fdatasync(store->file) == 0);
    store->failed += !good;
    (void)pthread_mutex_unlock(&store->lock);
}

/* Text may hold anything: what would act on a terminal is shown, not done. */
static void print_text(const unsigned char* text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool harmless = (text[i] >= ' ' && text[i] != 0x7f) || text[i] == '\n' || text[i] == '\t';
        printf(harmless ? "%c" : "\\x%02x", text[i]);
    }
}

/* Prints what there is of a request. Returns how many records, -1 when the store was changed. */
static long audit_lookup(audit_store* store, const char* request_id)
{
    struct stat about;
    uint64_t place = sizeof MAGIC;
    size_t id_size = strlen(request_id);
    long found = 0, sealed_size;
    int part = -1;
    (void)fstat(store->file, &about);
    while ((sealed_size = record_size(store, place, (uint64_t)about.st_size)) != 0) {
        unsigned char at[8];
        unsigned long long size;
        put_number(at, place, 8);
        if (sealed_size < 0 ||
            !read_all(store->file, store->sealed, HEAD_SIZE + (size_t)sealed_size, place) ||
            crypto_aead_xchacha20poly1305_ietf_decrypt(
                store->plain, &size, NULL, store->sealed + HEAD_SIZE,
                (unsigned long long)sealed_size, at, sizeof at, store->sealed + 8,
                store->key) != 0) {
            fprintf(stderr, "audit_store: not this key, or the store was changed, at byte %llu\n",
                    (unsigned long long)place);
            return -1;
        }
        const unsigned char* id = store->plain + 11;
        size_t text_size = (size_t)size - 11 - store->plain[10]; /* 0: the end of a part's pieces */
        if (text_size > 0 && store->plain[10] == id_size && memcmp(id, request_id, id_size) == 0) {
            if (part != store->plain[0] || get_number(store->plain + 2, 8) == 0) {
                part = store->plain[0];
                printf("%s== %s\n", found > 0 ? "\n" : "",
                       llmobs_domain_name((llmobs_domain)part));
            }
            print_text(id + id_size, text_size);
            found++;
        }
        sodium_memzero(store->plain, (size_t)size);
        place += HEAD_SIZE + (uint64_t)sealed_size;
    }
    printf("%s", found > 0 ? "\n" : "");
    return found;
}

/* ---- the programs -------------------------------------------------------------------------- */

static llmobs_request begin(llmobs* obs, const char* request_id)
{
    llmobs_request_info info = llmobs_request_info_default();
    info.request_id = request_id;
    return llmobs_request_begin(obs, &info);
}

/* A service with two requests. Its instance has no exporter: the texts go to the store alone. */
static bool demo(audit_store* store)
{
    const char* question = "Where is my parcel? I am Ann, ann@example.com.";
    llmobs_config config = llmobs_config_default();
    config.audit = audit_append;
    config.audit_user = store;
    llmobs* obs = llmobs_open(&config, NULL);
    llmobs_request ann = begin(obs, "req-17");
    llmobs_request other = begin(obs, "req-18");
    llmobs_outcome outcome = llmobs_outcome_default();
    outcome.input = llmobs_text("A question of somebody else.", LLMOBS_NUL_TERMINATED);
    llmobs_request_end(other, &outcome);
    llmobs_request_input(ann, question, strlen(question));
    llmobs_request_output(ann, "It is \x1b[1mon its way", 20); /* as it streams */
    llmobs_request_output(ann, ", Ann.", 6);
    llmobs_request_end(ann, NULL);
    return llmobs_close(obs) == LLMOBS_OK;
}

static int fail(const char* what)
{
    fprintf(stderr, "audit_store: %s\n", what);
    return 1;
}

int main(int count, char** arguments)
{
    const char* usage = "keygen KEY | demo STORE KEY | lookup STORE KEY REQUEST_ID";
    if (sodium_init() < 0) {
        return fail("libsodium can't start");
    }
    if (count == 3 && strcmp(arguments[1], "keygen") == 0) {
        return audit_keygen(arguments[2]) ? 0 : fail("the key file is there, or can't be made");
    }
    bool writes = count == 4 && strcmp(arguments[1], "demo") == 0;
    if (!writes && !(count == 5 && strcmp(arguments[1], "lookup") == 0)) {
        return fail(usage);
    }
    audit_store* store = audit_open(arguments[2], arguments[3], writes);
    if (store == NULL) {
        return 1;
    }
    long found = 1;
    if (writes) {
        found = demo(store);
    } else {
        found = audit_lookup(store, arguments[4]);
    }
    bool good = found > 0 && store->failed == 0;
    audit_close(store);
    return good ? 0 : found == 0 ? fail("there is no such request") : 1;
}
