/* ---- tick and flush ------------------------------------------------------------------------ */

/* [any, locks] Moves what was recorded into the exporters' queues, and gives the slots back. The
   library's own thread does this; call it yourself when config.host_pumped, in which case the
   exporters' callbacks run in it too, and it blocks for as long as they do. ERROR_BUSY inside a
   callback, and in a signal handler that interrupted a call of ours. */
LLMOBS_API llmobs_result llmobs_tick(llmobs* obs);

/* [any, locks] Returns when every exporter has settled all that was recorded before the call, by
   this thread or by any that it has synchronised with: delivered it, or given it up and counted it.
   ERROR_TIMEOUT when the time was up before. ERROR_BUSY inside a callback, and in a signal handler
   that interrupted a call of ours. Tail sampling decides nothing sooner for it: it settles traces
   whose local root has ended, and holds the others on. */
LLMOBS_API llmobs_result llmobs_flush(llmobs* obs, uint32_t timeout_ms);
