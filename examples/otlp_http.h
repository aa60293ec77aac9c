/* An exporter that sends spans, log records and metrics to what speaks OTLP over HTTP, such as an
   OpenTelemetry Collector. By libcurl, on one connection that is kept; what may be sent again, and
   when, is as OTLP has it. Copy this file; examples/otlp_http.c shows how it is added. Where to and
   how, OpenTelemetry's variables say:
       OTEL_EXPORTER_OTLP_ENDPOINT     http://localhost:4318; /v1/traces and so on come behind it
       OTEL_EXPORTER_OTLP_HEADERS      key=value,key=value, each value percent-encoded
       OTEL_EXPORTER_OTLP_PROTOCOL     http/protobuf or http/json
       OTEL_EXPORTER_OTLP_COMPRESSION  gzip, where this is compiled with HAVE_ZLIB, or none
       OTEL_EXPORTER_OTLP_TIMEOUT      of one call, in milliseconds: 10000
       OTEL_EXPORTER_OTLP_CERTIFICATE  a file (PEM) of those to trust
   and for one signal alone OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, _METRICS_, _LOGS_ and so on: such an
   endpoint is used as it is.
       -lcurl, and for gzip -DHAVE_ZLIB -lz */
#ifndef OTLP_HTTP_H
#define OTLP_HTTP_H

#include "llmobs.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#ifdef HAVE_ZLIB
#include <zlib.h>
#endif

/* ---- what it holds ------------------------------------------------------------------------- */

#define OTLP_REQUEST_MOST ((size_t)64 << 20) /* bytes, before they are compressed */
#define OTLP_ANSWER_MOST ((size_t)4 << 20)

enum { OTLP_TRACES, OTLP_METRICS, OTLP_LOGS, OTLP_SIGNALS };

typedef struct otlp_buffer {
    char* data; /* a NUL follows */
    size_t size;
    size_t room;
    size_t most;
    bool over; /* it was to take more than that */
} otlp_buffer;

/* How one signal is sent. */
typedef struct otlp_signal {
    char* url;
    char* certificate; /* a file of those to trust; NULL: the system's */
    struct curl_slist* headers;
    llmobs_format format;
    long timeout_ms;
    bool gzip;
    char told[128];      /* what was said last of a failure; it is not said twice */
    uint64_t body_bytes; /* of all attempts, as encoded */
    uint64_t sent_bytes; /* and as sent: with gzip fewer */
} otlp_signal;

typedef struct otlp_http {
    CURL* curl; /* and with it the connection */
    pid_t process;
    otlp_signal signals[OTLP_SIGNALS];
    otlp_buffer body;
    otlp_buffer packed;
    otlp_buffer answer;
} otlp_http;

/* Room for so many more bytes and the NUL. */
static bool otlp_reserve(otlp_buffer* in, size_t more)
{
    if (more > in->most - in->size) {
        in->over = true;
        return false;
    }
    if (in->room <= in->size + more) {
        size_t room = 2 * (in->size + more) + 1024;
        char* data = (char*)realloc(in->data, room);
        if (data == NULL) {
            return false;
        }
        in->data = data;
        in->room = room;
    }
    return true;
}

static bool otlp_append(void* user, const char* data, size_t size)
{
    otlp_buffer* to = (otlp_buffer*)user;
    if (!otlp_reserve(to, size)) {
        return false;
    }
    memcpy(to->data + to->size, data, size);
    to->size += size;
    to->data[to->size] = '\0';
    return true;
}

/* ---- the environment ----------------------------------------------------------------------- */

static const char* const otlp_names[OTLP_SIGNALS] = {"TRACES_", "METRICS_", "LOGS_"};
static const char* const otlp_paths[OTLP_SIGNALS] = {"/v1/traces", "/v1/metrics", "/v1/logs"};

#define OTLP_VARIABLE_SIZE 64

/* The variable of one signal, or else that of all; NULL: neither. An empty one is not set. */
static const char* otlp_setting(int signal, const char* option, char name[OTLP_VARIABLE_SIZE])
{
    for (int all = 0; all < 2; all++) {
        snprintf(name, OTLP_VARIABLE_SIZE, "OTEL_EXPORTER_OTLP_%s%s",
                 all ? "" : otlp_names[signal], option);
        const char* value = getenv(name);
        if (value != NULL && *value != '\0') {
            return value;
        }
    }
    return NULL;
}

/* Values may hold secrets: they are never printed. */
static bool otlp_complain(const char* name, const char* why)
{
    fprintf(stderr, "otlp_http: %s %s\n", name, why);
    return false;
}

/* A signal's own endpoint is used as it is; that of all gets the signal's path behind its own. */
static bool otlp_read_endpoint(otlp_http* to, int signal)
{
    char name[OTLP_VARIABLE_SIZE];
    const char* given = otlp_setting(signal, "ENDPOINT", name);
    bool own = given != NULL && strstr(name, otlp_names[signal]) != NULL;
    CURLU* url = curl_url();
    char* scheme = NULL;
    char* base = NULL;
    bool good = url != NULL &&
                curl_url_set(url, CURLUPART_URL, given != NULL ? given : "http://localhost:4318",
                             0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) &&
                curl_url_get(url, CURLUPART_PATH, &base, 0) == CURLUE_OK;
    if (good && !own) {
        char path[2048];
        size_t size = strlen(base);
        size -= size > 0 && base[size - 1] == '/';
        good = size < sizeof path - 16;
        snprintf(path, sizeof path, "%.*s%s", good ? (int)size : 0, base, otlp_paths[signal]);
        good = good && curl_url_set(url, CURLUPART_PATH, path, 0) == CURLUE_OK;
    }
    good = good && curl_url_get(url, CURLUPART_URL, &to->signals[signal].url, 0) == CURLUE_OK;
    curl_free(scheme);
    curl_free(base);
    curl_url_cleanup(url);
    return good || otlp_complain(name, "is no http:// or https:// address");
}

static bool otlp_add_line(otlp_signal* to, const char* line)
{
    struct curl_slist* longer = curl_slist_append(to->headers, line);
    to->headers = longer != NULL ? longer : to->headers;
    return longer != NULL;
}

/* One "key=value" with a percent-encoded value. A line end in it would begin another header. */
static bool otlp_add_header(otlp_signal* to, const char* item, size_t size)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t key = strspn(item, token);
    size_t value = key + strspn(item + key, " \t");
    if (key == 0 || value >= size || item[value] != '=') {
        return false;
    }
    value += 1 + strspn(item + value + 1, " \t");
    value = value < size ? value : size;
    int plain_size = 0;
    char* plain = value < size ? curl_easy_unescape(NULL, item + value, (int)(size - value),
                                                    &plain_size)
                               : NULL;
    size_t room = key + (size_t)plain_size + 3;
    char* line = (char*)malloc(room);
    bool good = line != NULL && (plain != NULL || value == size) &&
                (plain == NULL || (strlen(plain) == (size_t)plain_size &&
                                   strpbrk(plain, "\r\n") == NULL));
    if (good) {
        /* libcurl's way to send a header without a value is a semicolon. */
        snprintf(line, room, "%.*s%s%s", (int)key, item, plain != NULL ? ": " : ";",
                 plain != NULL ? plain : "");
        good = otlp_add_line(to, line);
        llmobs_wipe(line, room);
    }
    free(line);
    if (plain != NULL) {
        llmobs_wipe(plain, (size_t)plain_size);
    }
    curl_free(plain);
    return good;
}

/* "key=value,key=value": the form of W3C Baggage. */
static bool otlp_read_headers(otlp_signal* to, int signal)
{
    char name[OTLP_VARIABLE_SIZE];
    const char* list = otlp_setting(signal, "HEADERS", name);
    bool good = true;
    while (good && list != NULL && *list != '\0') {
        list += strspn(list, ", \t");
        size_t size = strcspn(list, ",");
        size_t end = size;
        while (end > 0 && (list[end - 1] == ' ' || list[end - 1] == '\t')) {
            end--;
        }
        good = end == 0 || otlp_add_header(to, list, end);
        list += size;
    }
    return good || otlp_complain(name, "is no list of key=value");
}

/* What is not known is said and passed over, as OpenTelemetry wants it. */
static bool otlp_read_format(otlp_signal* to, int signal)
{
    char name[OTLP_VARIABLE_SIZE];
    const char* protocol = otlp_setting(signal, "PROTOCOL", name);
    to->format = LLMOBS_FORMAT_OTLP_PROTOBUF;
    if (protocol != NULL && strcmp(protocol, "http/json") == 0) {
        to->format = LLMOBS_FORMAT_OTLP_JSON;
    } else if (protocol != NULL && strcmp(protocol, "http/protobuf") != 0) {
        otlp_complain(name, "is not spoken here: http/protobuf is used");
    }
    const char* compression = otlp_setting(signal, "COMPRESSION", name);
#ifdef HAVE_ZLIB
    to->gzip = compression != NULL && strcmp(compression, "gzip") == 0;
#endif
    if (compression != NULL && !to->gzip && strcmp(compression, "none") != 0) {
        otlp_complain(name, "is not known here: nothing is compressed");
    }
    char type[64];
    snprintf(type, sizeof type, "Content-Type: %s", llmobs_otlp_content_type(to->format));
    /* Without "Expect:" libcurl waits for the server's leave to send a large body. */
    return otlp_add_line(to, type) && otlp_add_line(to, "Expect:") &&
           (!to->gzip || otlp_add_line(to, "Content-Encoding: gzip"));
}

static bool otlp_read_limits(otlp_signal* to, int signal)
{
    char name[OTLP_VARIABLE_SIZE];
    const char* timeout = otlp_setting(signal, "TIMEOUT", name);
    char* end = NULL;
    long value = timeout != NULL ? strtol(timeout, &end, 10) : 10000;
    to->timeout_ms = value;
    if (timeout != NULL && (*end != '\0' || value <= 0 || value > 86400000)) {
        otlp_complain(name, "is no number of milliseconds: 10000 are used");
        to->timeout_ms = 10000;
    }
    const char* certificate = otlp_setting(signal, "CERTIFICATE", name);
    to->certificate = certificate != NULL ? strdup(certificate) : NULL;
    return (to->certificate != NULL) == (certificate != NULL);
}

/* ---- what it sends ------------------------------------------------------------------------- */

/* gzip, at its usual level. */
static bool otlp_pack(const otlp_buffer* from, otlp_buffer* to)
{
#ifdef HAVE_ZLIB
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        return false;
    }
    to->size = 0;
    bool good = otlp_reserve(to, deflateBound(&stream, (uLong)from->size));
    stream.next_in = (Bytef*)from->data;
    stream.avail_in = (uInt)from->size;
    stream.next_out = (Bytef*)to->data;
    stream.avail_out = (uInt)to->room;
    good = good && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    to->size = stream.total_out;
    deflateEnd(&stream);
    return good;
#else
    (void)from;
    (void)to;
    return false;
#endif
}

/* What libcurl takes of a body so far. */
typedef struct otlp_upload {
    const otlp_buffer* from;
    size_t at;
} otlp_upload;

static size_t otlp_give(char* to, size_t unit, size_t count, void* user)
{
    otlp_upload* of = (otlp_upload*)user;
    size_t left = of->from->size - of->at;
    size_t size = unit * count < left ? unit * count : left;
    memcpy(to, of->from->data + of->at, size);
    of->at += size;
    return size;
}

/* By itself libcurl would send a body again where a kept connection ends before the answer. That
   attempt would be in nobody's account; so it can't rewind, and llmobs tries again. */
static int otlp_rewind(void* user, curl_off_t offset, int origin)
{
    (void)user;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static size_t otlp_take(char* data, size_t unit, size_t count, void* user)
{
    return otlp_append(user, data, unit * count) ? unit * count : 0; /* 0 ends the transfer */
}

/* Redirects are not followed: the headers are for this server alone. That it is this one, libcurl
   makes sure of. */
static bool otlp_set_request(otlp_http* to, const otlp_signal* signal, otlp_upload* body)
{
    CURL* curl = to->curl;
    curl_easy_reset(curl); /* the connection stays */
    return curl_easy_setopt(curl, CURLOPT_URL, signal->url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, signal->headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->from->size) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_READFUNCTION, otlp_give) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_READDATA, body) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, otlp_rewind) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, otlp_take) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, &to->answer) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, signal->timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK && /* threads */
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "llmobs/" LLMOBS_VERSION_STRING) ==
               CURLE_OK &&
           (signal->certificate == NULL ||
            curl_easy_setopt(curl, CURLOPT_CAINFO, signal->certificate) == CURLE_OK);
}

/* ---- what the answer says ------------------------------------------------------------------ */

/* Of an answer's partial success: how much was not taken, and whether there are words about it.
   These are not kept, nor printed: a server may put into them what it was sent. */
typedef struct otlp_partial {
    uint64_t rejected;
    bool has_message;
} otlp_partial;

static bool otlp_read_varint(const unsigned char** at, const unsigned char* end, uint64_t* value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        unsigned char byte = *(*at)++;
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            return true;
        }
    }
    return false;
}

/* Export...ServiceResponse: field 1 is the partial success, whose field 1 is the number and field 2
   the message. Fields that are not known are passed over. */
static bool otlp_read_protobuf(const unsigned char* at, const unsigned char* end, bool inner,
                               otlp_partial* to)
{
    while (at < end) {
        uint64_t key;
        uint64_t value = 0;
        uint64_t size = 0; /* of what stands behind key and value */
        if (!otlp_read_varint(&at, end, &key)) {
            return false;
        }
        unsigned type = (unsigned)(key & 7);
        if ((type == 0 && !otlp_read_varint(&at, end, &value)) ||
            (type == 2 && !otlp_read_varint(&at, end, &size)) || type == 3 || type == 4 ||
            type > 5) {
            return false;
        }
        size = type == 1 ? 8 : type == 5 ? 4 : size;
        if (size > (uint64_t)(end - at)) {
            return false;
        }
        if (inner && key == (1 << 3 | 0)) {
            to->rejected = value;
        } else if (inner && key == (2 << 3 | 2)) {
            to->has_message = size > 0;
        } else if (!inner && key == (1 << 3 | 2) && !otlp_read_protobuf(at, at + size, true, to)) {
            return false;
        }
        at += size;
    }
    return true;
}

/* The same in JSON: {"partialSuccess":{"rejectedSpans":"3","errorMessage":"..."}}. It looks for
   these names where they belong, and does not judge the rest. */
static bool otlp_read_json(const char* at, otlp_partial* to)
{
    int depth = 0;
    bool inner = false;
    for (; *at != '\0'; at++) {
        depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
        if (*at != '"') {
            continue;
        }
        const char* name = ++at;
        while (*at != '"' && *at != '\0') {
            at += *at == '\\' && at[1] != '\0' ? 2 : 1;
        }
        if (*at == '\0') {
            return false;
        }
        const char* value = at + 1 + strspn(at + 1, " \t\r\n");
        if (*value != ':') {
            continue;
        }
        value += 1 + strspn(value + 1, " \t\r\n");
        if (depth == 1) {
            inner = strncmp(name, "partialSuccess\"", 15) == 0;
        } else if (depth == 2 && inner && strncmp(name, "rejected", 8) == 0) {
            to->rejected = strtoull(value + (*value == '"'), NULL, 10);
        } else if (depth == 2 && inner && strncmp(name, "errorMessage\"", 13) == 0) {
            to->has_message = value[0] == '"' && value[1] != '"';
        }
    }
    return depth == 0;
}

/* False: the answer is none of OTLP's. */
static bool otlp_read_answer(const otlp_http* from, otlp_partial* to)
{
    const char* text = from->answer.data;
    const char* type = NULL;
    bool good = false;
    curl_easy_getinfo(from->curl, CURLINFO_CONTENT_TYPE, &type);
    memset(to, 0, sizeof *to);
    if (from->answer.size == 0) {
        return true;
    }
    if (type != NULL && strncasecmp(type, "application/json", 16) == 0) {
        good = text[strspn(text, " \t\r\n")] == '{' && otlp_read_json(text, to);
    } else if (type != NULL && strncasecmp(type, "application/x-protobuf", 22) == 0) {
        const unsigned char* begin = (const unsigned char*)text;
        good = otlp_read_protobuf(begin, begin + from->answer.size, false, to);
    }
    if (!good || to->rejected > INT64_MAX) { /* below 0 */
        to->rejected = 0;
    }
    return good;
}

/* Milliseconds that the server wants us to wait; 0: it does not say, or this libcurl does not. Both
   forms, seconds and a date, are seconds by now. */
static uint64_t otlp_retry_after(CURL* curl)
{
    curl_off_t seconds = 0;
#if LIBCURL_VERSION_NUM >= 0x074200
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
#else
    (void)curl;
#endif
    return seconds > 0 ? (uint64_t)seconds * 1000 : 0;
}

/* Once for each kind of failure in a row. */
static void otlp_tell(otlp_signal* signal, int number, const char* what, uint64_t count)
{
    char line[sizeof signal->told] = "";
    if (what != NULL) {
        snprintf(line, sizeof line, "%s: %s (%" PRIu64 ")", otlp_paths[number], what, count);
    }
    if (*line != '\0' && strcmp(line, signal->told) != 0) {
        fprintf(stderr, "otlp_http: %s\n", line);
    }
    memcpy(signal->told, line, sizeof line);
}

/* OTLP's rules. What may come again: 429, 502, 503, 504, and what got no answer. Nothing else may;
   nor what was taken in part. */
static llmobs_export_report otlp_judge(otlp_http* to, int number, CURLcode code)
{
    otlp_signal* signal = &to->signals[number];
    llmobs_export_report report = llmobs_export_report_default();
    otlp_partial partial;
    long status = 0;
    curl_easy_getinfo(to->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200) {
        report.result = LLMOBS_EXPORT_RETRY;
        otlp_tell(signal, number, curl_easy_strerror(code), code);
    } else if (status < 300) {
        /* A connection that ended within the answer, or an answer that is longer than we read: it
           was taken, and must not come again. Only how much of it can't be told. */
        bool whole = otlp_read_answer(to, &partial) && code == CURLE_OK;
        report.result = LLMOBS_EXPORT_OK;
        report.rejected = to->answer.over ? 0 : partial.rejected;
        otlp_tell(signal, number,
                  to->answer.over        ? "the answer is too long"
                  : partial.rejected > 0 ? "some was rejected"
                  : partial.has_message  ? "the server has a warning"
                  : !whole               ? "the answer is not OTLP's"
                                         : NULL,
                  report.rejected);
    } else {
        bool again = status == 429 || status == 502 || status == 503 || status == 504;
        report.result = again ? LLMOBS_EXPORT_RETRY : LLMOBS_EXPORT_DROP;
        report.retry_after_ms = again ? otlp_retry_after(to->curl) : 0;
        otlp_tell(signal, number, again ? "to be sent again" : "refused", (uint64_t)status);
    }
    return report;
}

/* ---- the callback -------------------------------------------------------------------------- */

/* In the child of a fork the connection is its parent's, which a word from here would spoil: the
   child leaves it alone, and has its own. */
static bool otlp_own_connection(otlp_http* to)
{
    if (to->process != getpid()) {
        to->curl = curl_easy_init();
        to->process = getpid();
    }
    return to->curl != NULL;
}

static llmobs_export_report otlp_send(otlp_http* to, int number, const otlp_buffer* body)
{
    llmobs_export_report report = llmobs_export_report_default();
    otlp_upload upload = {body, 0};
    to->answer.size = 0;
    to->answer.over = false;
    report.result = LLMOBS_EXPORT_RETRY;
    if (!otlp_own_connection(to) || !otlp_set_request(to, &to->signals[number], &upload)) {
        return report; /* no memory */
    }
    to->signals[number].body_bytes += to->body.size;
    to->signals[number].sent_bytes += body->size;
    return otlp_judge(to, number, curl_easy_perform(to->curl));
}

/* `user` is the otlp_http. */
static llmobs_export_result otlp_http_export(void* user, const llmobs_batch* batch)
{
    otlp_http* to = (otlp_http*)user;
    int number = batch->metric_count > 0 ? OTLP_METRICS
                 : batch->log_count > 0  ? OTLP_LOGS
                                         : OTLP_TRACES;
    const otlp_signal* signal = &to->signals[number];
    llmobs_export_report report = llmobs_export_report_default();
    report.result = LLMOBS_EXPORT_RETRY;
    to->body.size = 0;
    to->body.over = false;
    llmobs_result written = llmobs_encode(batch, signal->format, otlp_append, &to->body);
    if (written != LLMOBS_OK) {
        bool never = to->body.over || written != LLMOBS_ERROR_SYSTEM;
        report.result = never ? LLMOBS_EXPORT_DROP : LLMOBS_EXPORT_RETRY; /* no memory */
    } else if (!signal->gzip) {
        report = otlp_send(to, number, &to->body);
    } else if (otlp_pack(&to->body, &to->packed)) {
        report = otlp_send(to, number, &to->packed);
    }
    llmobs_export_done_with(batch->token, &report); /* says more than the result */
    return report.result;
}

static void otlp_http_close(void* user)
{
    otlp_http* of = (otlp_http*)user;
    for (int i = 0; i < OTLP_SIGNALS; i++) {
        otlp_signal* signal = &of->signals[i];
        for (struct curl_slist* at = signal->headers; at != NULL; at = at->next) {
            llmobs_wipe(at->data, strlen(at->data));
        }
        curl_slist_free_all(signal->headers);
        curl_free(signal->url);
        free(signal->certificate);
    }
    if (of->process == getpid()) {
        curl_easy_cleanup(of->curl);
    }
    free(of->body.data);
    free(of->packed.data);
    free(of->answer.data);
}

/* Reads the environment; false: there is something wrong with a variable, which it names on
   standard error, or no memory. curl_global_init comes before. */
static bool otlp_http_init(otlp_http* to)
{
    bool good = true;
    memset(to, 0, sizeof *to);
    to->body.most = OTLP_REQUEST_MOST;
    to->packed.most = OTLP_REQUEST_MOST + (OTLP_REQUEST_MOST >> 8);
    to->answer.most = OTLP_ANSWER_MOST;
    to->process = getpid();
    to->curl = curl_easy_init();
    for (int i = 0; i < OTLP_SIGNALS && good; i++) {
        otlp_signal* signal = &to->signals[i];
        good = otlp_read_endpoint(to, i) && otlp_read_headers(signal, i) &&
               otlp_read_format(signal, i) && otlp_read_limits(signal, i);
    }
    good = good && to->curl != NULL;
    if (!good) {
        otlp_http_close(to);
    }
    return good;
}

/* To be given to llmobs_exporter_add. `to` lives until llmobs_close, which closes it. */
static llmobs_exporter otlp_http_exporter(otlp_http* to)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    exporter.name = "otlp_http";
    exporter.export_batch = otlp_http_export;
    exporter.close = otlp_http_close;
    exporter.user = to;
    exporter.signals = LLMOBS_SIGNAL_SPANS | LLMOBS_SIGNAL_LOGS | LLMOBS_SIGNAL_METRICS;
    return exporter;
}

#endif
