/* Baselines in files of their own. They have embeddings' means, which tell of texts, so nobody else
   may read them; and a baseline that somebody else could write would say that all is well. */

/* Handed to llmobs_drift_baseline_write: the file. */
llmobsi_fn bool llmobsi_drift_path_put(void* user, const char* data, size_t size)
{
    return llmobsi_write_whole(*(const int*)user, data, size) == size;
}

/* A new file, whole and on its disk; or none, and errno says why. Past the process's own limit the
   system would send SIGXFSZ, which kills. */
llmobsi_fn bool llmobsi_drift_path_write(const llmobs_drift_baseline* baseline, const char* path)
{
    bool written;
    int why;
    int file;
    if (llmobs_drift_baseline_written(baseline) > llmobsi_file_allowed()) {
        errno = EFBIG;
        return false;
    }
    file = llmobsi_file_make(path);
    if (file < 0) {
        return false;
    }
    written = llmobs_drift_baseline_write(baseline, llmobsi_drift_path_put, &file) == LLMOBS_OK &&
              llmobsi_os_sync(file);
    why = errno;
    if (!llmobsi_os_close(file) && written) {
        written = false;
        why = errno;
    }
    if (!written) {
        (void)llmobsi_os_remove(path);
        errno = why;
    }
    return written;
}

LLMOBS_API llmobs_result llmobs_drift_baseline_save(const llmobs_drift_baseline* baseline,
                                                    const char* path)
{
    char whole[LLMOBS_I_FILE_PATH];
    char temporary[LLMOBS_I_STATE_PATH];
    size_t size;
    if (baseline == NULL || path == NULL || !llmobsi_file_set_path(whole, path)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    size = strlen(whole);
    memcpy(temporary, whole, size);
    memcpy(temporary + size, ".tmp", sizeof ".tmp");
    if (!llmobsi_drift_path_write(baseline, temporary)) {
        return LLMOBS_ERROR_SYSTEM;
    }
    if (!llmobsi_os_rename(temporary, whole)) {
        int why = errno;
        (void)llmobsi_os_remove(temporary);
        errno = why;
        return LLMOBS_ERROR_SYSTEM;
    }
    return llmobsi_state_sync_folder(whole) ? LLMOBS_OK : LLMOBS_ERROR_SYSTEM;
}

/* ---- in ------------------------------------------------------------------------------------ */

llmobsi_fn bool llmobsi_drift_path_get(void* user, void* out, size_t size)
{
    return llmobsi_read_whole(*(const int*)user, out, size) == size;
}

/* Opens a plain file of ours that nobody else may write to; -1: there is none, and errno says
   why. */
llmobsi_fn int llmobsi_drift_path_open(const char* path, uint64_t* size)
{
    llmobsi_file_facts facts;
    int file = llmobsi_file_open_ours(path, LLMOBS_I_OPEN_READ, LLMOBS_I_FILE_UNSHARED, &facts);
    *size = file >= 0 ? facts.bytes : 0;
    return file;
}

LLMOBS_API llmobs_result llmobs_drift_baseline_open(const char* path, void* memory, size_t bytes,
                                                    llmobs_drift_baseline** out)
{
    llmobsi_drift_reader reader;
    llmobs_result result;
    uint64_t size;
    int file;
    if (path == NULL || memory == NULL || out == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    file = llmobsi_drift_path_open(path, &size);
    if (file < 0) {
        return LLMOBS_ERROR_SYSTEM;
    }
    reader.read = llmobsi_drift_path_get;
    reader.user = &file;
    result = llmobsi_drift_load(&reader, size, memory, bytes, out);
    (void)llmobsi_os_close(file);
    return result;
}
