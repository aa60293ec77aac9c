/* ---- the flight recorder ------------------------------------------------------------------- */

/* [any, locks] Copies the path of this instance's flight recorder into `path`, of `size` bytes, and
   returns its length without the NUL; nothing is copied where it does not fit. It is told from the
   root. 0: there is none. */
LLMOBS_API size_t llmobs_recorder_path(llmobs* obs, char* path, size_t size);

/* [any] The bytes of its file with this config (NULL: the defaults): room that must be on its disk,
   see docs/recorder.md. So much the block is smaller; llmobs_memory_needed says what is taken where
   the file can't be made. */
LLMOBS_API size_t llmobs_recorder_file_bytes(const llmobs_config* config);
