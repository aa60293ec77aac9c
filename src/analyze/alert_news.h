/* ---- alerts: asked for --------------------------------------------------------------------- */

/* What the alerts of an instance came to. */
typedef struct llmobs_alert_stats {
    size_t size;          /* sizeof(llmobs_alert_stats); 0 means this version's              */
    uint32_t rules;
    uint32_t watches;     /* selectors that they ask for, each read once                     */
    uint32_t groups;      /* sets of label values that these are told apart by               */
    uint32_t pending;     /* alerts at this time                                             */
    uint32_t firing;
    uint64_t evaluations; /* rounds, one in ten seconds                                      */
    uint64_t told;        /* to exporters and llmobs_config.alert                            */
    uint64_t muted;       /* news that were not told: of an alert muted by a more severe one, */
    uint64_t cooled;      /* or too soon after the same alert's end                          */
    uint64_t refused;     /* series that found no group (raise llmobs_config.alert_groups,
                             alert_window_bytes)                                             */
    uint64_t overflowed;  /* alerts that found no place (raise llmobs_config.alerts)         */
    uint64_t unseen_s;    /* time that passed unseen: suspended, or the clock jumped         */
    size_t window_bytes;  /* in use, of llmobs_config.alert_window_bytes                     */
} llmobs_alert_stats;

/* [any, locks] Calls `each` with every alert that is pending, firing or has ended within 15
   minutes, as of the last evaluation: one call an alert, on this thread, no lock held. */
LLMOBS_API llmobs_result llmobs_alerts_read(llmobs* obs, llmobs_alert_fn each, void* user);

/* [any, locks] What the alerts came to. ERROR_LIMIT: they are off. */
LLMOBS_API llmobs_result llmobs_alert_stats_read(llmobs* obs, llmobs_alert_stats* stats);
