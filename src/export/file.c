/* The file exporter. A file may be shared: with other processes that write it, with logrotate, with
   a host that closes descriptors it does not know. So every batch is written under a lock, after a
   look at what is there: six calls of half a microsecond each. Writing is plain write(2). */

#define LLMOBS_I_FILE_ROTATE (UINT64_C(64) << 20)
#define LLMOBS_I_FILE_KEEP 3u
#define LLMOBS_I_FILE_KEEP_MOST 999u
/* A place for ".999", and for what appending a number may overwrite behind it. */
#define LLMOBS_I_FILE_OLD_PATH (LLMOBS_I_FILE_PATH + 1 + LLMOBS_I_U64_ROOM)
/* On the stack while a batch is written. What fits it is one write, which a crash can't tear. */
#define LLMOBS_I_FILE_BUFFER 16384u
/* How far back from the end of a Chrome trace its last whole line is looked for. */
#define LLMOBS_I_FILE_TAIL (1u << 20)
#define LLMOBS_I_FILE_UNKNOWN UINT64_MAX

/* Used by llmobs_export_file first, and then by the exporter's thread alone. */
typedef struct llmobsi_file {
    llmobs* obs;
    llmobs_format format;
    llmobs_log_style log_style;
    uint32_t signals;
    uint32_t metrics_interval_ms;
    uint32_t keep;
    uint64_t rotate_bytes;
    uint64_t end; /* the file's size when our last batch was written: its last line is whole */
    int descriptor; /* -1: none */
    bool created;   /* by the last opening */
    llmobsi_process process;  /* who opened it: a parent and its child would share the lock */
    uint64_t device;
    uint64_t inode;
    char path[LLMOBS_I_FILE_PATH];
} llmobsi_file;

LLMOBS_I_STATIC_ASSERT(file_state, sizeof(llmobsi_file) <= LLMOBS_I_EXPORTER_STATE);

/* ---- opening ------------------------------------------------------------------------------- */

/* Whether this is another file than the one we opened. The host may have closed our descriptor: its
   number can be anything by now. */
llmobsi_fn bool llmobsi_file_is_other(const llmobsi_file* file, const llmobsi_file_facts* facts)
{
    return facts->device != file->device || facts->inode != file->inode;
}

/* Closes it, which gives the lock, too; but not what is the host's by now. */
llmobsi_fn void llmobsi_file_shut(llmobsi_file* file)
{
    llmobsi_file_facts facts;
    if (file->descriptor >= 0) {
        bool known = llmobsi_os_facts(file->descriptor, &facts);
        if (known ? !llmobsi_file_is_other(file, &facts) : errno != EBADF) {
            (void)llmobsi_os_close(file->descriptor);
        }
    }
    file->descriptor = -1;
    file->end = LLMOBS_I_FILE_UNKNOWN;
}

/* What is known of the open file; false when there is none, or none that is ours. */
llmobsi_fn bool llmobsi_file_status(const llmobsi_file* file, llmobsi_file_facts* facts)
{
    return file->descriptor >= 0 && file->process == llmobsi_process_id() &&
           llmobsi_os_facts(file->descriptor, facts) && !llmobsi_file_is_other(file, facts);
}

/* The path, opened, or made if there is nothing; -1 if neither can be. */
llmobsi_fn int llmobsi_file_open_or_make(llmobsi_file* file)
{
    const int how = LLMOBS_I_OPEN_BOTH | LLMOBS_I_OPEN_APPEND;
    int attempt;
    for (attempt = 0; attempt < LLMOBS_I_FILE_ATTEMPTS; attempt++) {
        int descriptor = llmobsi_file_open_path(file->path, how);
        file->created = false;
        if (descriptor < 0 && errno == ENOENT) {
            descriptor = llmobsi_file_open_path(file->path, how | LLMOBS_I_OPEN_NEW);
            file->created = descriptor >= 0;
        }
        if (descriptor >= 0 || errno != EEXIST) {
            return descriptor;
        }
    }
    return -1;
}

typedef enum llmobsi_file_verdict {
    LLMOBS_I_FILE_GOOD,
    LLMOBS_I_FILE_MOVED, /* somebody else was faster: try again */
    LLMOBS_I_FILE_BAD
} llmobsi_file_verdict;

#define LLMOBS_I_FILE_QUESTIONS 3

/* Whether the path leads to our file, and is its only name. One question to the path, or else a
   link could come and go between two. But within one, too: while a link is being taken away, the
   path still leads to the file, whose names are already one less; and that moment lasts as long as
   the other process is held up in it. So the same is asked several times, and must be answered so
   each time; in between we rename the path to itself, which changes nothing, but waits for the
   folder's lock, and so for that moment to pass. */
llmobsi_fn llmobsi_file_verdict llmobsi_file_judge_name(const llmobsi_file* file)
{
    int question;
    for (question = 0; question < LLMOBS_I_FILE_QUESTIONS; question++) {
        llmobsi_file_facts at_path;
        if (question > 0) {
            (void)llmobsi_os_rename(file->path, file->path);
        }
        if (!llmobsi_os_facts_at(file->path, &at_path)) {
            return errno == ENOENT ? LLMOBS_I_FILE_MOVED : LLMOBS_I_FILE_BAD;
        }
        if (llmobsi_file_is_other(file, &at_path)) {
            return LLMOBS_I_FILE_MOVED;
        }
        if (at_path.names != 1) {
            errno = EMLINK;
            return LLMOBS_I_FILE_BAD;
        }
    }
    return LLMOBS_I_FILE_GOOD;
}

/* What was opened must be a plain file of our own. */
llmobsi_fn llmobsi_file_verdict llmobsi_file_judge(llmobsi_file* file)
{
    llmobsi_file_facts facts;
    if (!llmobsi_file_is_ours(file->descriptor, 0, &facts)) {
        return LLMOBS_I_FILE_BAD;
    }
    file->device = facts.device;
    file->inode = facts.inode;
    return llmobsi_file_judge_name(file);
}

/* Opens the path, if it is fit. */
llmobsi_fn bool llmobsi_file_open(llmobsi_file* file)
{
    llmobsi_file_verdict verdict = LLMOBS_I_FILE_MOVED;
    int attempt;
    file->end = LLMOBS_I_FILE_UNKNOWN;
    file->process = llmobsi_process_id();
    for (attempt = 0; attempt < LLMOBS_I_FILE_ATTEMPTS && verdict == LLMOBS_I_FILE_MOVED;
         attempt++) {
        file->descriptor = llmobsi_file_open_or_make(file);
        if (file->descriptor < 0) {
            return false;
        }
        verdict = llmobsi_file_judge(file);
        if (verdict != LLMOBS_I_FILE_GOOD) {
            int why = errno;
            (void)llmobsi_os_close(file->descriptor);
            file->descriptor = -1;
            errno = why;
        }
    }
    return verdict == LLMOBS_I_FILE_GOOD;
}

/* Whether the path leads to our file. When that can't be told (a process that gave up its rights
   may not look any more), it does. */
llmobsi_fn bool llmobsi_file_in_place(const llmobsi_file* file)
{
    llmobsi_file_facts facts;
    if (!llmobsi_os_facts_at(file->path, &facts)) {
        return errno != ENOENT && errno != ENOTDIR;
    }
    return !llmobsi_file_is_other(file, &facts);
}

/* ---- the lock ------------------------------------------------------------------------------ */

llmobsi_fn void llmobsi_file_unlock(const llmobsi_file* file)
{
    if (file->descriptor >= 0) {
        llmobsi_os_unlock(file->descriptor);
    }
}

/* Takes the lock of the file that the path leads to, opened anew if it must be. */
llmobsi_fn bool llmobsi_file_take(llmobsi_file* file, llmobsi_file_facts* facts)
{
    int attempt;
    for (attempt = 0; attempt < LLMOBS_I_FILE_ATTEMPTS; attempt++) {
        if (!llmobsi_file_status(file, facts)) {
            llmobsi_file_shut(file);
            if (!llmobsi_file_open(file)) {
                llmobsi_note_from_exporter(file->obs, LLMOBS_NOTE_FILE_OPEN);
                return false;
            }
        }
        if (!llmobsi_os_lock(file->descriptor)) {
            return false;
        }
        if (llmobsi_file_in_place(file) && llmobsi_file_status(file, facts)) {
            return true;
        }
        llmobsi_file_shut(file);
    }
    return false;
}

/* ---- the last line: whole, or made so ------------------------------------------------------ */

llmobsi_fn bool llmobsi_file_read(const llmobsi_file* file, uint64_t offset, char* out, size_t size)
{
    return llmobsi_os_seek(file->descriptor, offset) &&
           llmobsi_read_whole(file->descriptor, out, size) == size;
}

/* Where the last whole line of a Chrome trace ends: behind ",\n", or behind its first line. 0:
   unknown. */
llmobsi_fn uint64_t llmobsi_file_chrome_end(const llmobsi_file* file, uint64_t size)
{
    char block[4096 + 1]; /* with the first byte of the block behind it */
    uint64_t at = size;
    uint64_t least = size > LLMOBS_I_FILE_TAIL ? size - LLMOBS_I_FILE_TAIL : 0;
    block[0] = '\0';
    while (at > least) {
        size_t count = at - least < 4096 ? (size_t)(at - least) : 4096;
        char next = block[0];
        size_t i;
        at -= count;
        if (!llmobsi_file_read(file, at, block, count)) {
            return 0;
        }
        block[count] = next;
        for (i = count; i-- > 0;) {
            if (block[i] == ',' && block[i + 1] == '\n') {
                return at + i + 2;
            }
        }
    }
    return least == 0 ? sizeof LLMOBS_CHROME_BEGIN - 1 : 0;
}

/* Cuts a Chrome trace behind its last whole event: a torn one, or a ']' that somebody added, would
   spoil what follows. *size becomes the new size. False when the file isn't one of ours. */
llmobsi_fn bool llmobsi_file_mend_chrome(const llmobsi_file* file, uint64_t* size)
{
    const size_t begin = sizeof LLMOBS_CHROME_BEGIN - 1;
    char text[sizeof LLMOBS_CHROME_BEGIN];
    uint64_t end;
    size_t there = *size < begin ? (size_t)*size : begin;
    if (!llmobsi_file_read(file, 0, text, there) || memcmp(text, LLMOBS_CHROME_BEGIN, there) != 0) {
        return false;
    }
    end = there < begin ? 0 : llmobsi_file_chrome_end(file, *size);
    if (there == begin && end == 0) {
        return false;
    }
    if (end < *size && !llmobsi_os_cut(file->descriptor, end)) {
        return false;
    }
    *size = end;
    return true;
}

/* Looks at the last line, unless it is our own. *size, the file's size, may change; *torn says that
   a line end is missing. False when the file can't be continued. */
llmobsi_fn bool llmobsi_file_mend(const llmobsi_file* file, uint64_t* size, bool* torn)
{
    char last = '\n';
    *torn = false;
    if (*size == 0 || *size == file->end) {
        return true;
    }
    if (file->format == LLMOBS_FORMAT_CHROME) {
        return llmobsi_file_mend_chrome(file, size);
    }
    if (!llmobsi_file_read(file, *size - 1, &last, 1)) {
        return false;
    }
    *torn = last != '\n';
    return true;
}

/* ---- rotation ------------------------------------------------------------------------------ */

llmobsi_fn void llmobsi_file_old_path(const llmobsi_file* file, uint32_t number,
                                      char out[LLMOBS_I_FILE_OLD_PATH])
{
    size_t size = strlen(file->path);
    memcpy(out, file->path, size + 1);
    if (number > 0) {
        out[size++] = '.';
        *llmobsi_append_u64(out + size, number) = '\0';
    }
}

/* Moves path.1 to path.2 and so on, then the path to path.1. Under the lock, so that of several
   processes one does it; the others see that the path leads elsewhere. */
llmobsi_fn bool llmobsi_file_rotate(llmobsi_file* file)
{
    char from[LLMOBS_I_FILE_OLD_PATH];
    char to[LLMOBS_I_FILE_OLD_PATH];
    uint32_t number;
    if (file->keep == 0 && !llmobsi_os_remove(file->path)) {
        return false;
    }
    for (number = file->keep; number > 0; number--) {
        llmobsi_file_old_path(file, number - 1, from);
        llmobsi_file_old_path(file, number, to);
        if (!llmobsi_os_rename(from, to) && (errno != ENOENT || number == 1)) {
            return false;
        }
    }
    llmobsi_file_shut(file);
    return true;
}

/* ---- writing ------------------------------------------------------------------------------- */

typedef enum llmobsi_file_outcome {
    LLMOBS_I_FILE_WRITTEN,
    LLMOBS_I_FILE_FULL,   /* it would grow past rotate_bytes  */
    LLMOBS_I_FILE_FAILED, /* the system refused               */
    LLMOBS_I_FILE_USELESS /* the batch can't be encoded: ever */
} llmobsi_file_outcome;

/* A batch on its way into the file. */
typedef struct llmobsi_file_batch {
    const llmobsi_file* file;
    uint64_t position; /* the file's size */
    uint64_t limit;
    bool past_limit;
} llmobsi_file_batch;

/* All of it, or false. */
llmobsi_fn bool llmobsi_file_store(void* user, const char* data, size_t size)
{
    llmobsi_file_batch* batch = (llmobsi_file_batch*)user;
    size_t done;
    if (batch->position > batch->limit || size > batch->limit - batch->position) {
        batch->past_limit = true;
        return false;
    }
    done = llmobsi_append_whole(batch->file->descriptor, data, size);
    batch->position += done;
    return done == size;
}

llmobsi_fn bool llmobsi_file_collect(void* user, const char* data, size_t size)
{
    llmobsi_writer* writer = (llmobsi_writer*)user;
    llmobsi_put(writer, data, size);
    return !writer->failed;
}

/* In the file's format and, where it has several, style. */
llmobsi_fn llmobs_result llmobsi_file_encode(const llmobsi_file* file, const llmobs_batch* batch,
                                             llmobsi_writer* writer)
{
    if (file->format == LLMOBS_FORMAT_LOG_JSON && batch->log_count > 0) {
        return llmobs_encode_log_json(batch, file->log_style, llmobsi_file_collect, writer)
                   ? LLMOBS_OK
                   : LLMOBS_ERROR_SYSTEM;
    }
    return llmobs_encode(batch, file->format, llmobsi_file_collect, writer);
}

/* One attempt at one file, which is ours and locked and has `start` bytes. It is written whole, or
   the file is as it was. */
llmobsi_fn llmobsi_file_outcome llmobsi_file_append(llmobsi_file* file, const llmobs_batch* views,
                                                    uint64_t start, bool torn)
{
    char buffer[LLMOBS_I_FILE_BUFFER];
    llmobsi_writer writer;
    llmobsi_file_batch batch;
    const uint64_t allowed = llmobsi_file_allowed();
    const bool has_batches = start >= sizeof LLMOBS_CHROME_BEGIN; /* more than the first line */
    llmobs_result result;
    batch.file = file;
    batch.position = start;
    batch.limit = has_batches && file->rotate_bytes < allowed ? file->rotate_bytes : allowed;
    batch.past_limit = false;
    llmobsi_writer_init(&writer, buffer, sizeof buffer, llmobsi_file_store, &batch);
    if (torn) {
        llmobsi_put(&writer, "\n", 1);
    } else if (start == 0 && file->format == LLMOBS_FORMAT_CHROME) {
        llmobsi_put(&writer, LLMOBS_CHROME_BEGIN, sizeof LLMOBS_CHROME_BEGIN - 1);
    }
    result = llmobsi_file_encode(file, views, &writer);
    if (result == LLMOBS_OK && llmobsi_writer_finish(&writer)) {
        file->end = batch.position;
        return LLMOBS_I_FILE_WRITTEN;
    }
    if (batch.position > start && !llmobsi_os_cut(file->descriptor, start)) {
        file->end = LLMOBS_I_FILE_UNKNOWN; /* half a line stays, which the next batch will mend */
    }
    if (result != LLMOBS_OK && !writer.failed) {
        return LLMOBS_I_FILE_USELESS;
    }
    return batch.past_limit && has_batches ? LLMOBS_I_FILE_FULL : LLMOBS_I_FILE_FAILED;
}

/* Takes from others what they must not read, once it is clear that the file is ours. */
llmobsi_fn void llmobsi_file_make_private(const llmobsi_file* file, const llmobsi_file_facts* facts)
{
    if (facts->read_by_others) {
        llmobsi_os_make_private(file->descriptor);
    }
}

/* One attempt, with the lock taken. */
llmobsi_fn llmobsi_file_outcome llmobsi_file_put(llmobsi_file* file, const llmobs_batch* batch,
                                                 const llmobsi_file_facts* facts)
{
    uint64_t size = facts->bytes;
    bool torn;
    if (!llmobsi_file_mend(file, &size, &torn)) {
        return LLMOBS_I_FILE_FAILED;
    }
    llmobsi_file_make_private(file, facts);
    return llmobsi_file_append(file, batch, size, torn);
}

/* The callback. */
llmobsi_fn llmobs_export_result llmobsi_file_export(void* user, const llmobs_batch* batch)
{
    llmobsi_file* file = (llmobsi_file*)user;
    const int saved = errno;
    llmobs_export_result result = LLMOBS_EXPORT_RETRY;
    llmobsi_file_outcome outcome = LLMOBS_I_FILE_FULL;
    llmobsi_file_facts facts;
    int attempt;
    for (attempt = 0; attempt < 3 && outcome == LLMOBS_I_FILE_FULL; attempt++) {
        if (!llmobsi_file_take(file, &facts)) {
            errno = saved;
            return LLMOBS_EXPORT_RETRY;
        }
        outcome = llmobsi_file_put(file, batch, &facts);
        if (outcome == LLMOBS_I_FILE_FULL && !llmobsi_file_rotate(file)) {
            outcome = LLMOBS_I_FILE_FAILED;
        }
    }
    llmobsi_file_unlock(file);
    if (outcome == LLMOBS_I_FILE_WRITTEN) {
        result = LLMOBS_EXPORT_OK;
    } else if (outcome == LLMOBS_I_FILE_USELESS) {
        result = LLMOBS_EXPORT_DROP;
    } else {
        llmobsi_note_from_exporter(file->obs, LLMOBS_NOTE_FILE_WRITE);
    }
    errno = saved;
    return result;
}

llmobsi_fn void llmobsi_file_close(void* user)
{
    const int saved = errno;
    llmobsi_file_shut((llmobsi_file*)user);
    errno = saved;
}

/* ---- adding one ---------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_file_discard(void* user, const char* data, size_t size)
{
    (void)user;
    (void)data;
    (void)size;
    return true;
}

/* Whether this build can write the format, and a file can have it: protobuf has no lines. */
llmobsi_fn bool llmobsi_file_knows(llmobs_format format)
{
    llmobs_resource_view resource;
    llmobs_batch empty;
    memset(&resource, 0, sizeof resource);
    memset(&empty, 0, sizeof empty);
    empty.size = sizeof empty;
    empty.resource = &resource;
    return format != LLMOBS_FORMAT_OTLP_PROTOBUF &&
           llmobs_encode(&empty, format, llmobsi_file_discard, NULL) == LLMOBS_OK;
}

llmobsi_fn bool llmobsi_file_set_options(llmobsi_file* file, const llmobs_file_options* given)
{
    llmobs_file_options options;
    memset(&options, 0, sizeof options);
    if (given != NULL) {
        memcpy(&options, given, llmobsi_known_size(given->size, sizeof options));
    }
    file->rotate_bytes = options.rotate_bytes != 0 ? options.rotate_bytes : LLMOBS_I_FILE_ROTATE;
    file->keep = options.keep != 0 ? options.keep : LLMOBS_I_FILE_KEEP;
    if (file->keep == LLMOBS_OFF) {
        file->keep = 0;
    }
    file->log_style = options.log_style;
    file->signals = options.signals;
    if (file->signals == 0) {
        file->signals = file->format == LLMOBS_FORMAT_LOG_JSON ? LLMOBS_SIGNAL_LOGS
                                                               : LLMOBS_SIGNAL_SPANS;
    }
    file->metrics_interval_ms = options.metrics_interval_ms;
    return file->keep <= LLMOBS_I_FILE_KEEP_MOST &&
           (file->signals == LLMOBS_SIGNAL_SPANS || file->signals == LLMOBS_SIGNAL_LOGS ||
            file->signals == LLMOBS_SIGNAL_METRICS);
}

/* Whether the format can hold what the file is to take. */
llmobsi_fn bool llmobsi_file_carries(const llmobsi_file* file)
{
    return file->format == LLMOBS_FORMAT_OTLP_JSON ||
           file->signals == (file->format == LLMOBS_FORMAT_LOG_JSON ? LLMOBS_SIGNAL_LOGS
                                                                    : LLMOBS_SIGNAL_SPANS);
}

/* Opens the file, and looks at it unless somebody else is just writing. */
llmobsi_fn bool llmobsi_file_begin(llmobsi_file* file)
{
    llmobsi_file_facts facts;
    bool usable = true;
    if (!llmobsi_file_open(file)) {
        return false;
    }
    if (llmobsi_os_lock(file->descriptor)) {
        uint64_t size;
        bool torn;
        usable = llmobsi_file_status(file, &facts);
        size = usable ? facts.bytes : 0;
        usable = usable && llmobsi_file_mend(file, &size, &torn);
        if (usable) {
            llmobsi_file_make_private(file, &facts);
        }
        llmobsi_file_unlock(file);
    }
    if (!usable) {
        llmobsi_file_shut(file);
        errno = EEXIST; /* it is there, but no trace of this format */
    }
    return usable;
}

/* Opens the file and hands it to an exporter, or leaves nothing behind. */
llmobsi_fn llmobs_result llmobsi_file_add(llmobsi_file* file)
{
    llmobs_exporter exporter = llmobs_exporter_default();
    llmobs_result result;
    if (!llmobsi_file_begin(file)) {
        int why = errno;
        llmobsi_note_from_exporter(file->obs, LLMOBS_NOTE_FILE_OPEN);
        errno = why;
        return LLMOBS_ERROR_SYSTEM;
    }
    exporter.name = "file";
    exporter.export_batch = llmobsi_file_export;
    exporter.close = llmobsi_file_close;
    exporter.signals = file->signals;
    exporter.metrics_interval_ms = file->metrics_interval_ms;
    result = llmobsi_exporter_add_with_state(file->obs, &exporter, file, sizeof *file);
    if (result != LLMOBS_OK) {
        if (file->created && llmobsi_file_in_place(file)) {
            (void)llmobsi_os_remove(file->path);
        }
        llmobsi_file_shut(file);
    }
    return result;
}

LLMOBS_API llmobs_file_options llmobs_file_options_default(void)
{
    llmobs_file_options options;
    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    return options;
}

LLMOBS_API llmobs_result llmobs_export_file_with(llmobs* obs, llmobs_format format,
                                                 const char* path,
                                                 const llmobs_file_options* options)
{
    const int saved = errno;
    llmobs_result result;
    llmobsi_file file;
    memset(&file, 0, sizeof file);
    file.obs = obs;
    file.format = format;
    file.descriptor = -1;
    file.end = LLMOBS_I_FILE_UNKNOWN;
    if (obs == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    if (!llmobsi_file_knows(format)) {
        return LLMOBS_ERROR_FORMAT;
    }
    if (path == NULL || !llmobsi_file_set_options(&file, options) ||
        !llmobsi_file_set_path(file.path, path)) {
        errno = saved;
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (!llmobsi_file_carries(&file)) {
        errno = saved;
        return LLMOBS_ERROR_FORMAT;
    }
    result = llmobsi_file_add(&file);
    if (result != LLMOBS_ERROR_SYSTEM) {
        errno = saved; /* else it says why */
    }
    return result;
}

LLMOBS_API llmobs_result llmobs_export_file(llmobs* obs, llmobs_format format, const char* path)
{
    return llmobs_export_file_with(obs, format, path, NULL);
}
