#include "collector.h"

#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void copy_text(char to[KEPT_TEXT], llmobs_string from)
{
    size_t size = from.size < KEPT_TEXT ? from.size : KEPT_TEXT - 1;
    memcpy(to, from.data, size);
    to[size] = '\0';
}

static void join(char to[KEPT_TEXT], const llmobs_string* strings, size_t count)
{
    size_t size = 0;
    to[0] = '\0';
    for (size_t i = 0; i < count && size < KEPT_TEXT - 1; i++) {
        const char* comma = i > 0 ? "," : "";
        int written = snprintf(to + size, KEPT_TEXT - size, "%s%s", comma, strings[i].data);
        size += written > 0 ? (size_t)written : 0;
    }
}

static void keep_attribute(kept_attribute* to, const llmobs_attribute_view* from)
{
    copy_text(to->key, from->key);
    to->integer = 0;
    switch (from->type) {
    case LLMOBS_TYPE_STRING:
        copy_text(to->value, from->value.string);
        break;
    case LLMOBS_TYPE_INT:
        to->integer = from->value.integer;
        snprintf(to->value, KEPT_TEXT, "%" PRId64, to->integer);
        break;
    case LLMOBS_TYPE_DOUBLE:
        snprintf(to->value, KEPT_TEXT, "%g", from->value.real);
        break;
    case LLMOBS_TYPE_BOOL:
        to->integer = from->value.boolean;
        snprintf(to->value, KEPT_TEXT, "%s", from->value.boolean ? "true" : "false");
        break;
    case LLMOBS_TYPE_STRINGS:
        join(to->value, from->value.strings, from->count);
        break;
    default:
        to->value[0] = '\0';
        break;
    }
}

static void keep_span(kept_span* to, const llmobs_span_view* from)
{
    memset(to, 0, sizeof *to);
    memcpy(to->trace_id, from->trace_id, sizeof to->trace_id);
    memcpy(to->span_id, from->span_id, sizeof to->span_id);
    memcpy(to->parent_span_id, from->parent_span_id, sizeof to->parent_span_id);
    copy_text(to->name, from->name);
    to->start_ns = from->start_unix_ns;
    to->end_ns = from->end_unix_ns;
    to->failed = from->status == LLMOBS_STATUS_ERROR;
    for (uint32_t i = 0; i < from->event_count && to->first_token_ns == 0; i++) {
        if (strcmp(from->events[i].name.data, "first_token") == 0) {
            to->first_token_ns = from->events[i].unix_ns;
        }
    }
    for (uint32_t i = 0; i < from->attribute_count && i < KEPT_ATTRIBUTES; i++) {
        keep_attribute(&to->attributes[to->attribute_count++], &from->attributes[i]);
    }
}

llmobs_export_result collector_export(void* user, const llmobs_batch* batch)
{
    collector* to = (collector*)user;
    to->spans = (kept_span*)grow(to->spans, to->count + batch->span_count + 1, sizeof(kept_span));
    for (size_t i = 0; i < batch->span_count; i++) {
        keep_span(&to->spans[to->count++], &batch->spans[i]);
    }
    return LLMOBS_EXPORT_OK;
}

void collector_free(collector* of)
{
    free(of->spans);
    memset(of, 0, sizeof *of);
}

const kept_attribute* kept_find(const kept_span* in, const char* key)
{
    for (uint32_t i = 0; i < in->attribute_count; i++) {
        if (strcmp(in->attributes[i].key, key) == 0) {
            return &in->attributes[i];
        }
    }
    return NULL;
}
