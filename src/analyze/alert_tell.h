/* ---- alerts: told -------------------------------------------------------------------------- */

/* An alert that is told is a log record, too: the event "llm.alert", whose body is the sentence and
   whose attributes docs/log.md lists. Its end is INFO. Exporters read it by llmobs_alert_of. */

/* [any] "info", "warning" or "critical"; "inactive", "pending", "firing" or "resolved"; "none",
   "fired", "repeated" or "ended". "unknown" of what is none of them. */
LLMOBS_API const char* llmobs_alert_severity_name(llmobs_alert_severity severity);
LLMOBS_API const char* llmobs_alert_state_name(llmobs_alert_state state);
LLMOBS_API const char* llmobs_alert_news_name(llmobs_alert_news news);
