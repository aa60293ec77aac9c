/* ---- state that outlives a restart --------------------------------------------------------- */

/* [any, locks] Writes llmobs_config.state_file now, as of the last tick (llmobs_flush makes that
   current). A thread of its own does so every llmobs_config.state_interval_s, llmobs_close once
   more; where config.host_pumped both are done by the caller. It blocks until the file is on its
   disk, and another save before it. ERROR_ARGUMENT: there is no such file, or it is
   not this instance's: another one held it when this one was opened, it could not be opened, or
   this is the child of a fork, whose parent goes on writing it. ERROR_SYSTEM, with errno and a
   note: it could not be written; the file is as it was. ERROR_BUSY: inside a callback. See
   docs/state.md. */
LLMOBS_API llmobs_result llmobs_state_save(llmobs* obs);
