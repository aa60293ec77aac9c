/* ---- files --------------------------------------------------------------------------------- */

typedef struct llmobs_file_options {
    size_t size;           /* sizeof(llmobs_file_options); 0 means this version's                 */
    uint64_t rotate_bytes; /* begin a new file when this one would grow past it (default 64 MiB)  */
    uint32_t keep;         /* old files kept, as path.1 (newest) to path.N, up to 999; LLMOBS_OFF:
                              none                                                    (default 3) */
    uint32_t signals;      /* LLMOBS_SIGNAL_*, one of them: what goes into this file. LOG_JSON has
                              logs, CHROME has spans, OTLP_JSON any of them (default spans)       */
    llmobs_log_style log_style; /* LOG_JSON: how interactions are written (default the full form) */
    uint32_t metrics_interval_ms; /* of metrics: as in llmobs_exporter           (default 60000)  */
} llmobs_file_options;

/* [any] Zeroed, with its size set. */
LLMOBS_API llmobs_file_options llmobs_file_options_default(void);

/* [any, locks] Exports to a file, appending: OTLP JSON lines, a Chrome trace, or lines of log
   records. The file is opened at once, and made if need be; its folder is not. It is private: its
   mode is 0600, and an existing file is brought to it. ERROR_SYSTEM, with errno and a note, for a
   path that can't be opened, for a symbolic link, a hard link, no plain file or somebody else's,
   and for a Chrome file that does not begin as ours do. ERROR_ARGUMENT: no path, one longer than
   2000 bytes, or more than one signal; ERROR_FORMAT: a signal that the format has not, and
   OTLP_PROTOBUF, which has no lines. `options` may be NULL. A relative path is taken from where the
   process is now.

   A line that a crash left unfinished is ended before the next one begins (OTLP: readers skip
   it), or taken out (Chrome: it would spoil the rest). What could not be written, with the disk
   full, is taken back and tried again, then counted as lost: no half lines are left, and a
   reader sees whole batches unless the process is killed. Several processes may share a file:
   they take turns by flock. A file that was moved away or deleted (logrotate) is begun anew.
   Nothing is synced to disk; a batch is with the kernel once it counts as exported. A path that
   can't be rotated is not written past its limit. */
LLMOBS_API llmobs_result llmobs_export_file(llmobs* obs, llmobs_format format, const char* path);
LLMOBS_API llmobs_result llmobs_export_file_with(llmobs* obs, llmobs_format format,
                                                 const char* path,
                                                 const llmobs_file_options* options);
