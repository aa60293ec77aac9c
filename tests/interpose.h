/* For tests that stand before a call of the C library's, and hand on to it. */
#ifndef INTERPOSE_H
#define INTERPOSE_H

#ifndef _GNU_SOURCE
#error "dlsym's RTLD_NEXT is an extension: define _GNU_SOURCE before the first header"
#endif
#include "sanitized.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

/* Who would have been called. A sanitizer that is linked into the program (clang's) stands before
   the C library, too: where a test takes its place, the sanitizer is to be called by its own name,
   or it never hears of the threads that are started. (Asked for under a sanitizer alone: a name
   that is not found costs a malloc, which may be what is being looked for.) */
static void* next_of(const char* name)
{
    void* found = NULL;
    if (SANITIZED) {
        char of_sanitizer[64];
        (void)snprintf(of_sanitizer, sizeof of_sanitizer, "__interceptor_%s", name);
        found = dlsym(RTLD_DEFAULT, of_sanitizer);
    }
    if (found == NULL) {
        found = dlsym(RTLD_NEXT, name);
    }
    if (found == NULL) {
        abort();
    }
    return found;
}

#endif
