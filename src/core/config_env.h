/* ---- configuration by the environment ------------------------------------------------------ */

/* [setup] Fills into a config what OpenTelemetry's environment variables say (docs/environment.md
   has all that are read). What was set in the config before is replaced, what is set after it
   stays: called right after llmobs_config_default(), it leaves the program the last word. Variables
   that are not set, or empty, change nothing. ERROR_ARGUMENT: some were ignored, since they are
   malformed or say what is not known here; the others were taken, and config.note, if it is set by
   then, is told which. A program that has more rights than who started it (set-user-ID) reads none.
   Texts are not copied: open before the environment changes. */
LLMOBS_API llmobs_result llmobs_config_from_env(llmobs_config* config);
