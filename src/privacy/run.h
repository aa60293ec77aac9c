/* ---- privacy: where a scan stands ---------------------------------------------------------- */

/* Private; part of what scans. The window is the piece of text that is looked at. */
typedef struct llmobs_scan_state {
    llmobs_scan_rules rules;
    uint64_t base;       /* the window's place in the text                           */
    uint64_t floor;      /* where the last finding ended: nobody looks behind it     */
    size_t resume;       /* in the window: from here on nothing is decided           */
    size_t hold;         /* in the window: the first place where a finding may begin */
    llmobs_finding open; /* goes on beyond the window                                */
    uint8_t open_tail;   /* how; 0: nothing is open                                  */
    bool is_stopped;
    bool is_rough;       /* rules of its own have triggers of their own              */
    uint8_t triggers[6][16];
    uint32_t counts[LLMOBS_PII_COUNT];
} llmobs_scan_state;

/* What a scanner of chunks keeps of the text, and the most that a redactor holds back: bytes. */
#define LLMOBS_SCAN_CARRY 1408
