/* A reader of JSON as far as a chat server's answers need it: a text is checked as a whole, then
   members are looked up in place. Nothing is allocated but decoded strings. */
#ifndef DEMO_JSON_H
#define DEMO_JSON_H

#include "text.h"

#include <stdint.h>

/* A value: its text within a checked one. NULL data: there is none, and none within it. */
typedef struct json {
    const char* data;
    const char* end;
} json;

/* Exactly one value, nested at most JSON_DEPTH deep, of any bytes that need no UTF-8 check. */
enum { JSON_DEPTH = 32 };
json json_parse(const char* data, size_t size);

/* The first member of that name; keys written with escapes are not found. */
json json_member(json object, const char* name);

/* The item at that place. */
json json_item(json array, size_t place);

/* False, with nothing changed, for what is no whole number that fits. */
bool json_int(json value, int64_t* to);

/* Appends the decoded string; false for what is none. A surrogate without its other half becomes
   U+FFFD, and \u0000 as well: texts here end in NUL. */
bool json_string(json value, text* to);

/* Appends a string in its quotes. Bytes that are no UTF-8 become U+FFFD. */
void json_write_string(text* to, const char* data, size_t size);

#endif
