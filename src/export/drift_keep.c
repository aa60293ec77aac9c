/* The past of detectors in files: llmobs_config.drift_directory/<name>.drift, one each, written so
   that a crash leaves the old one or the new one. Two processes need two folders: of two that write
   to one, the later one's stays. Who makes runs reads and writes, so a slow disk holds up nobody
   else. */

#define LLMOBS_I_KEEP_SUFFIX ".drift"
#define LLMOBS_I_KEEP_PATH                                                                        \
    (LLMOBS_I_FILE_PATH + LLMOBS_DRIFT_NAME_SIZE + sizeof LLMOBS_I_KEEP_SUFFIX +                  \
     LLMOBS_I_STATE_SUFFIX)

LLMOBS_I_STATIC_ASSERT(keep_folder, LLMOBS_I_DETECTOR_FOLDER == LLMOBS_I_FILE_PATH);

/* "folder/name.drift", and what follows. */
llmobsi_fn void llmobsi_keep_path(const llmobsi_detectors* detectors, const char* name,
                                  const char* suffix, char out[LLMOBS_I_KEEP_PATH])
{
    size_t used = strlen(detectors->folder);
    memcpy(out, detectors->folder, used);
    out[used++] = '/';
    memcpy(out + used, name, strlen(name));
    used += strlen(name);
    memcpy(out + used, LLMOBS_I_KEEP_SUFFIX, sizeof LLMOBS_I_KEEP_SUFFIX - 1);
    used += sizeof LLMOBS_I_KEEP_SUFFIX - 1;
    memcpy(out + used, suffix, strlen(suffix) + 1);
}

/* ---- saving -------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_keep_put(void* user, const char* data, size_t size)
{
    llmobsi_state_writer* writer = (llmobsi_state_writer*)user;
    llmobsi_state_write(writer, data, size);
    return !writer->failed;
}

/* Writes all into a new file, and waits for the disk. */
llmobsi_fn bool llmobsi_keep_write(const llmobsi_detectors* detectors, llmobsi_detector* detector,
                                   const char* path)
{
    llmobsi_state_writer writer;
    bool written;
    int file;
    file = llmobsi_file_make(path);
    if (file < 0) {
        return false;
    }
    writer.file = file;
    writer.failed = false;
    writer.position = 0;
    writer.limit = llmobsi_file_allowed();
    written = llmobsi_past_write(detectors, detector, llmobsi_keep_put, &writer) &&
              llmobsi_os_sync(file);
    return llmobsi_os_close(file) && written;
}

llmobsi_fn void llmobsi_keep_save(llmobsi_instance* instance, llmobsi_detector* detector)
{
    llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    char fresh[LLMOBS_I_KEEP_PATH];
    char path[LLMOBS_I_KEEP_PATH];
    const int before = errno;
    if (detectors->folder[0] == '\0') {
        return;
    }
    llmobsi_keep_path(detectors, detector->info.name, ".tmp", fresh);
    llmobsi_keep_path(detectors, detector->info.name, "", path);
    if (llmobsi_keep_write(detectors, detector, fresh) && llmobsi_os_rename(fresh, path) &&
        llmobsi_state_sync_folder(path)) {
        llmobsi_count(&detectors->saved, 1);
    } else {
        (void)llmobsi_os_remove(fresh);
        llmobsi_count(&detectors->failed, 1);
        llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_DRIFT_WRITE, 1);
    }
    errno = before;
}

/* ---- loading ------------------------------------------------------------------------------- */

/* Loads what there is. What can't be used is set aside, so that it is not written over. */
llmobsi_fn void llmobsi_keep_load(llmobsi_instance* instance, llmobsi_detector* detector)
{
    llmobsi_detectors* detectors = llmobsi_detectors_of(&instance->collector.recorder);
    char aside[LLMOBS_I_KEEP_PATH];
    char path[LLMOBS_I_KEEP_PATH];
    const int before = errno;
    bool sound = false;
    uint64_t size;
    int file;
    if (detectors->folder[0] == '\0') {
        return;
    }
    llmobsi_keep_path(detectors, detector->info.name, "", path);
    file = llmobsi_drift_path_open(path, &size);
    if (file >= 0) {
        sound = llmobsi_past_load(detectors, detector, llmobsi_drift_path_get, &file, size);
        (void)llmobsi_os_close(file);
    } else {
        sound = errno == ENOENT;
    }
    if (!sound) {
        llmobsi_keep_path(detectors, detector->info.name, ".damaged", aside);
        (void)llmobsi_os_rename(path, aside);
        llmobsi_count(&detectors->damaged, 1);
        llmobsi_notes_add(&instance->collector.notes, LLMOBS_NOTE_DRIFT_DAMAGED, 1);
    }
    errno = before;
}
