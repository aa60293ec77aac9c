/* For tests: how many entries a folder has, such as /proc/self/fd. */
#ifndef ENTRIES_H
#define ENTRIES_H

#include <dirent.h>
#include <stddef.h>

static inline long entries_of(const char* path)
{
    DIR* folder = opendir(path);
    long count = 0;
    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return count;
}

#endif
