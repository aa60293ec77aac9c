/* ---- parked memory ------------------------------------------------------------------------- */

/* [setup] Frees the parked memory of closed instances. Only when no thread is inside a call of
   this library. Returns the bytes freed. */
LLMOBS_API size_t llmobs_release(void);
