/* A program with a copy of its own that loads plugins with theirs:

       plugin_host local:a.so global:b.so ...

   Each copy opens as many instances as one can, records into its own, knows none of the others',
   and exports what was its own. Plugins are unloaded in the order in which they came. */
#include "../../llmobs.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define COPIES 8
#define INSTANCES 8 /* LLMOBS_MAX_INSTANCES */

typedef struct copy {
    void* handle; /* NULL: the program itself */
    llmobs* (*open)(uint64_t* exported);
    void (*record)(llmobs* obs);
    int (*close)(llmobs* obs);
    int (*knows)(llmobs* obs);
    llmobs* instances[INSTANCES];
    uint64_t exported[INSTANCES];
} copy;

static copy copies[COPIES];
static int copy_count;
static int failures;

static void expect(int good, const char* what, int number)
{
    if (!good) {
        printf("copy %d: %s\n", number, what);
        failures++;
    }
}

/* The program's own copy serves by the same calls: see tests/compile/plugin.c. */
llmobs* plugin_open(uint64_t* exported);
void plugin_record(llmobs* obs);
int plugin_close(llmobs* obs);
int plugin_knows(llmobs* obs);

static void find(void* handle, const char* name, void* function, size_t size)
{
    void* address = dlsym(handle, name);
    if (address == NULL) {
        printf("%s: not found\n", name);
        failures++;
    }
    memcpy(function, &address, size);
}

static void load(const char* how)
{
    copy* one = &copies[copy_count++];
    int flags = strncmp(how, "global:", 7) == 0 ? RTLD_GLOBAL : RTLD_LOCAL;
    one->handle = dlopen(strchr(how, ':') + 1, RTLD_NOW | flags);
    if (one->handle == NULL) {
        printf("%s\n", dlerror());
        failures++;
        copy_count--;
        return;
    }
    find(one->handle, "plugin_open", &one->open, sizeof one->open);
    find(one->handle, "plugin_record", &one->record, sizeof one->record);
    find(one->handle, "plugin_close", &one->close, sizeof one->close);
    find(one->handle, "plugin_knows", &one->knows, sizeof one->knows);
}

static void use_all(void)
{
    int i, j, k;
    for (i = 0; i < copy_count; i++) {
        for (k = 0; k < INSTANCES; k++) {
            copies[i].instances[k] = copies[i].open(&copies[i].exported[k]);
            expect(copies[i].instances[k] != NULL, "has all its instances", i);
        }
    }
    for (i = 0; i < copy_count; i++) {
        for (j = 0; j < copy_count; j++) {
            for (k = 0; k < INSTANCES; k++) {
                /* A ticket of another copy may be one of this one's by chance, of 2^29. */
                expect(copies[i].knows(copies[j].instances[k]) == (i == j), "knows its own", i);
                copies[i].record(copies[j].instances[k]);
            }
        }
    }
    for (i = 0; i < copy_count; i++) {
        for (k = 0; k < INSTANCES; k++) {
            expect(copies[i].close(copies[i].instances[k]), "closes", i);
            expect(copies[i].exported[k] == 1, "exports its own span, and no other's", i);
        }
    }
}

int main(int count, char** arguments)
{
    int i;
    copies[0].open = plugin_open;
    copies[0].record = plugin_record;
    copies[0].close = plugin_close;
    copies[0].knows = plugin_knows;
    copy_count = 1;
    for (i = 1; i < count && copy_count < COPIES; i++) {
        load(arguments[i]);
    }
    if (failures == 0) {
        use_all();
    }
    for (i = 1; i < copy_count; i++) {
        expect(dlclose(copies[i].handle) == 0, "is unloaded", i);
    }
    printf("%d copies, %d failures\n", copy_count, failures);
    return failures == 0 ? 0 : 1;
}
