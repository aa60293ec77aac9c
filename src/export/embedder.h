/* ---- embeddings of answers ----------------------------------------------------------------- */

/* Makes the embedding of a text: fills `dimension` numbers (llmobs_config.drift_dimensions); their
   length does not matter. False: it could not, and the answer is left out, counted. It may make any
   call, as llmobs_judge_fn may, and runs on the same threads. It must not keep the text. */
typedef bool (*llmobs_embed_fn)(void* user, llmobs_string text, float* values, size_t dimension);

typedef struct llmobs_embedder {
    size_t size;                    /* sizeof(llmobs_embedder); 0 means this version's           */
    llmobs_embed_fn embed;          /* required                                                  */
    void* user;
    const char* model;              /* which model makes them: a detector takes those of its
                                       own llmobs_drift_info.embedder alone. Copied, 63 bytes    */
    llmobs_drift_detector detector; /* gets them, with the session as their group                */
    bool raw;                       /* texts as they came; else redacted, as the judge's are, and
                                       without what stands at a gap. A build with
                                       LLMOBS_NO_SCANNER has no other          (default false) */
} llmobs_embedder;

/* [any] Zeroed but for the size. */
LLMOBS_API llmobs_embedder llmobs_embedder_default(void);
