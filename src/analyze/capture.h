/* ---- captures: texts kept for a judge ------------------------------------------------------ */

#define LLMOBS_EXPLAINED_TEXT 129 /* bytes of an id or a model's name, with a NUL */

/* A text, whole or cut: its beginning and its end, on UTF-8 borders, as it came. */
typedef struct llmobs_captured {
    llmobs_string head; /* all of it, where it fits llmobs_config.capture_bytes */
    llmobs_string tail; /* empty where nothing is left out between              */
    uint64_t size;      /* of the whole, in bytes                               */
} llmobs_captured;

/* The texts of a request that was selected: by llmobs_outcome.judge, or since a guardrail
   triggered. They lie in private memory: neither dumped nor swapped (where the system does that),
   gone in a fork's child, and wiped by llmobs_capture_done. */
typedef struct llmobs_capture {
    size_t size;       /* sizeof(llmobs_capture) of the implementation */
    uint32_t instance; /* private, as the next two                     */
    uint32_t place;
    uint64_t generation;
    const char* request_id; /* "" where there is none                  */
    uint8_t trace_id[16];   /* of its root span; zeros: it had none    */
    uint8_t span_id[8];
    bool triggered; /* a guardrail did                                 */
    llmobs_captured context;
    llmobs_captured input;
    llmobs_captured output;
} llmobs_capture;

/* [any] The capture that was selected first. False: there is none. What it points to is there until
   llmobs_capture_done, and no longer than the instance. About 0.2 us. */
LLMOBS_API bool llmobs_capture_take(llmobs* obs, llmobs_capture* capture);

/* [owner] Wipes it, and gives its place back. A second call is harmless. */
LLMOBS_API void llmobs_capture_done(llmobs_capture* capture);
