/* ---- baselines in files -------------------------------------------------------------------- */

/* [any] Writes a baseline to a file that none but its owner can read (mode 0600): to
   "<path>.tmp" first, which takes its place once it is on the disk, so that after a crash there
   is the old one or the new one. No link is followed. It blocks. ERROR_SYSTEM, with errno: it
   could not be written, and the file is as it was. ERROR_ARGUMENT: NULL, or a path that is empty
   or too long. Calls on one path must be ordered by the caller. */
LLMOBS_API llmobs_result llmobs_drift_baseline_save(const llmobs_drift_baseline* baseline,
                                                    const char* path);

/* [any] Reads a baseline from a file, as llmobs_drift_baseline_load does. ERROR_SYSTEM, with errno:
   it can't be read, or is no plain file of ours that others can't write (EPERM). */
LLMOBS_API llmobs_result llmobs_drift_baseline_open(const char* path, void* memory, size_t bytes,
                                                    llmobs_drift_baseline** out);
