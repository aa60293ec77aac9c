/* ---- embeddings that come one by one ------------------------------------------------------- */

#define LLMOBS_DRIFT_DIMENSIONS 65536 /* at most; at least 2 */
#define LLMOBS_EMBEDDER_SIZE 64       /* with the NUL */

/* One embedding. It is normalised by whoever takes it, so its length does not matter. */
typedef struct llmobs_embedding {
    const float* values;
    size_t dimension;
    uint64_t id;          /* of the text, by which a sample chooses. A number that is the same each
                             time: see llmobs_drift_key. Windows do not look at it */
    uint64_t group;       /* of the session or user: each has one vote. 0: of none, a vote each */
    const char* embedder; /* which model made it, by any name; NULL: the right one */
} llmobs_embedding;

/* [any] A number, never 0, for an id or a group that is text. The same on every machine. It is no
   secret: what is hashed can be guessed, so let it be ids or pseudonyms. */
LLMOBS_API uint64_t llmobs_drift_key(const void* data, size_t size);
