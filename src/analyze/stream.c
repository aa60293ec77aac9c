/* Prompts and answers on their way through: hashed and measured as they come, handed to the host's
   audit callback, and stored nowhere. */

#define LLMOBS_I_STREAM_SLICE 65536u /* bytes hashed in one stay inside: close waits for it */

llmobsi_inline llmobsi_request_stream* llmobsi_request_stream_of(llmobsi_request* record,
                                                                 llmobs_domain part)
{
    return part == LLMOBS_DOMAIN_INPUT ? &record->input : &record->output;
}

/* ---- hashing, inside ----------------------------------------------------------------------- */

/* Begins the running hash of a part that comes in pieces. */
llmobsi_fn void llmobsi_stream_begin(llmobsi_thread* thread, llmobsi_request* record,
                                     llmobs_domain part)
{
    llmobsi_request_stream* stream = llmobsi_request_stream_of(record, part);
#ifndef LLMOBS_NO_SHA256
    llmobs_string tenant = llmobsi_request_string(&record->facts, LLMOBS_I_TEXT_TENANT);
    llmobs_hmac_key key;
    if (llmobsi_keyring_key(&thread->recorder->keyring, part, tenant.data, tenant.size, &key,
                            stream->key_id)) {
        llmobs_hmac_begin(&stream->hash, &key);
        llmobs_wipe(&key, sizeof key);
    }
#else
    (void)thread;
#endif
    stream->begun = true;
}

llmobsi_fn void llmobsi_stream_update(llmobsi_request_stream* stream, const char* data, size_t size)
{
#ifndef LLMOBS_NO_SHA256
    if (stream->key_id[0] != '\0') {
        llmobs_hmac_update(&stream->hash, data, size);
    }
#else
    (void)data;
#endif
    stream->bytes += size;
}

/* Ends it: the hash as text, "" where there was no key. */
llmobsi_fn void llmobsi_stream_end(llmobsi_request_stream* stream, char out[LLMOBS_PSEUDONYM_SIZE])
{
    out[0] = '\0';
#ifndef LLMOBS_NO_SHA256
    if (stream->key_id[0] != '\0') {
        uint8_t tag[LLMOBS_SHA256_SIZE];
        llmobs_hmac_end(&stream->hash, tag);
        llmobsi_pseudonym_print(out, stream->key_id, tag);
    }
#else
    (void)stream;
#endif
}

/* ---- the host's audit callback, outside ---------------------------------------------------- */

/* What it needs to know. */
typedef struct llmobsi_auditor {
    uint32_t ticket;
    char request_id[LLMOBS_I_REQUEST_TEXT_MOST + 1];
    llmobs_audit_fn audit;
    void* user;
} llmobsi_auditor;

/* Taken while inside. */
llmobsi_fn void llmobsi_auditor_take(const llmobsi_thread* thread, const llmobsi_request* record,
                                     llmobsi_auditor* auditor)
{
    llmobs_string id = llmobsi_request_string(&record->facts, LLMOBS_I_TEXT_REQUEST_ID);
    auditor->ticket = thread->recorder->ticket;
    auditor->audit = llmobsi_requests_of(thread->recorder)->audit;
    auditor->user = llmobsi_requests_of(thread->recorder)->audit_user;
    memcpy(auditor->request_id, id.data, id.size + 1);
}

llmobsi_fn void llmobsi_audit_tell(const llmobsi_auditor* auditor, llmobs_domain part,
                                   llmobs_string text, uint64_t offset, bool final)
{
    llmobs_audit audit;
    bool threw = false;
    int cancel;
    if (auditor->audit == NULL) {
        return;
    }
    audit.size = sizeof audit;
    audit.request_id = auditor->request_id;
    audit.part = part;
    audit.chunk = text.data;
    audit.chunk_size = text.size;
    audit.offset = offset;
    audit.final = final;
    cancel = llmobsi_cancel_hold(); /* a store writes files; the request must end all the same */
    llmobsi_try {
        auditor->audit(auditor->user, &audit);
    }
    llmobsi_catch_any {
        threw = true;
    }
    if (threw) {
        llmobsi_callback_threw(auditor->ticket);
    }
    llmobsi_cancel_resume(cancel);
}

/* The answer's piece goes through the scanner, where there is one. */
llmobsi_fn void llmobsi_stream_guard(const llmobsi_requests* requests,
                                     const llmobsi_request* record, const char* data, size_t size)
{
#ifndef LLMOBS_NO_SCANNER
    llmobsi_guard* guard = llmobsi_guard_of(requests, record);
    if (guard != NULL) {
        llmobsi_guard_feed(requests, guard, data, size);
    }
#else
    (void)requests;
    (void)record;
    (void)data;
    (void)size;
#endif
}

/* What a judge may see of it is kept, where there is a place. */
llmobsi_fn void llmobsi_stream_keep(const llmobsi_requests* requests, llmobsi_request* record,
                                    llmobs_domain part, const char* data, size_t size)
{
    llmobsi_captures* captures = requests->captures;
    uint32_t place = captures != NULL ? llmobsi_capture_begin(captures, &record->capture) : 0;
    if (place != 0) {
        llmobsi_capture_add(captures, place - 1,
                            part == LLMOBS_DOMAIN_INPUT ? LLMOBS_I_CAPTURE_INPUT
                                                        : LLMOBS_I_CAPTURE_OUTPUT,
                            data, size);
    }
}

/* ---- pieces -------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_stream_feed(llmobs_request request, llmobs_domain part,
                                    llmobs_string text)
{
    llmobsi_auditor auditor;
    uint64_t offset = 0;
    size_t at = 0;
    auditor.audit = NULL;
    do {
        size_t left = text.size - at;
        size_t size = left < LLMOBS_I_STREAM_SLICE ? left : LLMOBS_I_STREAM_SLICE;
        llmobsi_thread* thread;
        llmobsi_request* record = llmobsi_request_enter(request, &thread);
        llmobsi_request_stream* stream;
        if (record == NULL) {
            return; /* over: what is late is not told to the audit callback either */
        }
        stream = llmobsi_request_stream_of(record, part);
        if (at == 0 && llmobsi_exchange_ordered(&stream->held, 1) != 0) {
            (void)llmobsi_add_relaxed(&llmobsi_requests_of(thread->recorder)->late, 1);
            llmobsi_leave();
            return; /* another piece is on its way, or the end */
        }
        if (!stream->begun) {
            llmobsi_stream_begin(thread, record, part);
        }
        if (at == 0) {
            offset = stream->bytes;
            llmobsi_auditor_take(thread, record, &auditor);
        }
        llmobsi_stream_update(stream, text.data + at, size);
        llmobsi_stream_keep(llmobsi_requests_of(thread->recorder), record, part, text.data + at,
                            size);
        if (part == LLMOBS_DOMAIN_OUTPUT) {
            llmobsi_stream_guard(llmobsi_requests_of(thread->recorder), record, text.data + at,
                                 size);
        }
        at += size;
        if (at == text.size) {
            llmobsi_store_release(&stream->held, 0);
        }
        llmobsi_leave();
    } while (at < text.size);
    llmobsi_audit_tell(&auditor, part, text, offset, false);
}

LLMOBS_API void llmobs_request_input(llmobs_request request, const char* chunk, size_t size)
{
    llmobsi_stream_feed(request, LLMOBS_DOMAIN_INPUT, llmobs_text(chunk, size));
}

LLMOBS_API void llmobs_request_output(llmobs_request request, const char* chunk, size_t size)
{
    llmobsi_stream_feed(request, LLMOBS_DOMAIN_OUTPUT, llmobs_text(chunk, size));
}
