/* ---- alerts: rules ------------------------------------------------------------------------- */

typedef enum llmobs_alert_severity {
    LLMOBS_ALERT_INFO = 0,    /* as a log record: INFO   */
    LLMOBS_ALERT_WARNING = 1, /* WARN                    */
    LLMOBS_ALERT_CRITICAL = 2 /* ERROR2                  */
} llmobs_alert_severity;

/* What a rule does when its condition can't be told: nothing was recorded that it asks for (the
   quantile of no value, a ratio to zero), or there is less history than min_history. */
typedef enum llmobs_alert_no_data {
    LLMOBS_ALERT_NO_DATA_OK = 0,   /* counts as false, as in Prometheus  */
    LLMOBS_ALERT_NO_DATA_KEEP = 1, /* the alert stays as it is           */
    LLMOBS_ALERT_NO_DATA_ALERT = 2 /* counts as true                     */
} llmobs_alert_no_data;

#define LLMOBS_ALERT_NAME_SIZE 64u /* bytes of a rule's name, with its NUL */
#define LLMOBS_ALERT_LABELS_MAX 4u /* labels that a rule groups by         */

/* A rule. Strings are copied; together they may have some 1,000 bytes. docs/alerts.md has the
   language of conditions. */
typedef struct llmobs_alert_rule {
    size_t size;           /* sizeof(llmobs_alert_rule); 0 means this version's                   */
    const char* name;      /* a letter or '_', then letters, digits and '_'; up to 63             */
    const char* condition; /* such as "increase(llm_cost_usd_total[5m]) > 0.5"                    */
    const char* by;        /* labels to be told apart: "feature, model"            (default none) */
    uint32_t for_s;        /* it must hold for so long before the alert fires        (default 0)  */
    uint32_t keep_firing_for_s; /* and not hold for so long before it is over        (default 0)  */
    uint32_t min_history_s;     /* not before so much was seen                       (default 0)  */
    uint32_t cooldown_s; /* after it was over, not told anew for so long             (default 0)  */
    uint32_t repeat_s;   /* told again while it fires             (default 14400, which is 4 h)   */
    llmobs_alert_severity severity;
    llmobs_alert_no_data no_data;
    const char* group;   /* an alert of it that fires mutes less severe ones of the same group
                            whose labels include its own                           (default none) */
    const char* summary; /* what it means, for people                              (default none) */
    const char* runbook; /* what to do about it, or where that stands              (default none) */
} llmobs_alert_rule;

/* [any] A zeroed rule with its size set. */
LLMOBS_API llmobs_alert_rule llmobs_alert_rule_default(void);

/* Why a rule was refused. */
typedef struct llmobs_alert_error {
    size_t size;     /* sizeof(llmobs_alert_error); 0 means this version's             */
    uint32_t line;   /* from 1 on, of the text or the condition; 0: it is not the text */
    uint32_t column; /* in bytes, from 1 on                                            */
    char reason[160]; /* what is wrong, and what was expected                          */
} llmobs_alert_error;

/* [any] Zeroed but for the size. */
LLMOBS_API llmobs_alert_error llmobs_alert_error_default(void);
