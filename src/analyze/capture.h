/* ---- captures: texts kept for a judge ------------------------------------------------------ */

#define LLMOBS_EXPLAINED_TEXT 129 /* bytes of an id or a model's name, with a NUL */

/* A text, whole or cut: its beginning and its end, on UTF-8 borders, as it came. */
typedef struct llmobs_captured {
    llmobs_string head; /* all of it, where it fits llmobs_config.capture_bytes */
    llmobs_string tail; /* empty where nothing is left out between              */
    uint64_t size;      /* of the whole, in bytes                               */
} llmobs_captured;

/* The texts of a request that was selected: see LLMOBS_KEEPS for why. They lie in private
   memory: neither dumped nor swapped (where the system does that), gone in a fork's child, and
   wiped by llmobs_capture_done. A request whose id was selected not long before is not selected
   once more. */
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
    uint32_t attempts; /* times that llmobs_capture_return gave it back */
    llmobs_keep reason;     /* why it was selected                                             */
    double weight;          /* requests that it stands for: 1, of RANDOM 1 / the ratio it had  */
    bool sampled;   /* the ratio of all alone would have kept it: those are a fair sample   */
    uint64_t group; /* a key of its session, see llmobs_drift_key; 0: it has none           */
} llmobs_capture;

/* [any] The next capture: that of a guardrail which was selected first, else the forced one, else
   the random one that was. False: there is none, or none that is due. What it points to is there
   until llmobs_capture_done or llmobs_capture_return, and no longer than the instance. About 0.1
   us. */
LLMOBS_API bool llmobs_capture_take(llmobs* obs, llmobs_capture* capture);

/* [any] Wipes it, and gives its place back. Of several calls for one, the first does. */
LLMOBS_API void llmobs_capture_done(llmobs_capture* capture);

/* [any] Gives it back for another try, once `delay_ns` nanoseconds are over (0: at once): it goes
   to the end of its queue, and its `attempts` count it. A random one may give way to another
   request meanwhile. Of several calls for one, the first does. */
LLMOBS_API void llmobs_capture_return(llmobs_capture* capture, uint64_t delay_ns);
