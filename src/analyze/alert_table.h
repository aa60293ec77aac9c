/* ---- alerts: what is told ------------------------------------------------------------------ */

typedef enum llmobs_alert_state {
    LLMOBS_ALERT_INACTIVE = 0,
    LLMOBS_ALERT_PENDING = 1, /* its condition holds, not yet for long enough */
    LLMOBS_ALERT_FIRING = 2,
    LLMOBS_ALERT_RESOLVED = 3 /* over; shown for 15 minutes more */
} llmobs_alert_state;

/* Why an alert is told. */
typedef enum llmobs_alert_news {
    LLMOBS_ALERT_NO_NEWS = 0, /* it was asked for       */
    LLMOBS_ALERT_FIRED = 1,
    LLMOBS_ALERT_REPEATED = 2, /* it fires still         */
    LLMOBS_ALERT_ENDED = 3     /* what was told is over  */
} llmobs_alert_news;

typedef struct llmobs_alert_label {
    llmobs_string name;
    llmobs_string value;
} llmobs_alert_label;

/* One alert: a rule and, where that groups by labels, their values. What it points to lives as long
   as the call that it is handed to. */
struct llmobs_alert {
    size_t size;            /* sizeof(llmobs_alert) of the implementation                        */
    uint64_t fingerprint;   /* of rule and labels: the same alert has the same, in every process */
    llmobs_string rule;     /* its name                                                          */
    llmobs_string group;
    llmobs_string sentence; /* all of it for a person: "cost_spike fires: 0.41 > 0.12 (...)"      */
    llmobs_string summary;  /* the rule's                                                        */
    llmobs_string runbook;
    const llmobs_alert_label* labels;
    size_t label_count;
    llmobs_alert_severity severity;
    llmobs_alert_state state;
    llmobs_alert_news news;
    bool partial;     /* a window reaches back beyond what was seen             */
    bool muted;       /* by a more severe one of its group: it is not told      */
    double value;     /* of the first comparison of what makes the condition hold, its
                         left side; of an alert that is over, when it held last  */
    double threshold; /* and its right one                                      */
    uint64_t unix_ns;          /* of the evaluation                             */
    uint64_t active_unix_ns;   /* since when the condition holds                */
    uint64_t fired_unix_ns;    /* 0: not yet                                    */
    uint64_t resolved_unix_ns; /* 0: it is not over                             */
};
