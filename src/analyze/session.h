/* ---- sessions ------------------------------------------------------------------------------ */

/* [any, locks] Begins a session of a feature, or keeps it up: the gauge llm_active_sessions counts
   those that have neither ended nor been silent for llmobs_config.session_idle_s. Requests with a
   session_id do this by themselves. ERROR_LIMIT: llmobs_config.sessions are open, and this one is
   not counted. About 100 ns. */
LLMOBS_API llmobs_result llmobs_session_begin(llmobs* obs, const char* session_id,
                                              const char* feature);

/* [any, locks] Ends it. ERROR_ARGUMENT: it is not open, which is harmless. */
LLMOBS_API llmobs_result llmobs_session_end(llmobs* obs, const char* session_id);
