/* ---- versions ------------------------------------------------------------------------------ */

#define LLMOBS_VERSION_MAJOR 0
#define LLMOBS_VERSION_MINOR 1
#define LLMOBS_VERSION_PATCH 0
/* For comparisons: 1.2.3 is 10203. */
#define LLMOBS_VERSION \
    (LLMOBS_VERSION_MAJOR * 10000 + LLMOBS_VERSION_MINOR * 100 + LLMOBS_VERSION_PATCH)
#define LLMOBS_VERSION_STRING "0.1.0"

/* [any] The version of the implementation that is linked, as "major.minor.patch". */
LLMOBS_API const char* llmobs_version(void);

/* ---- types that every section uses --------------------------------------------------------- */

/* An open instance. It is a ticket, not an address: it is never dereferenced, NULL and closed ones
   are inert in every call. */
typedef struct llmobs llmobs;

/* Text with its length in bytes. In what the library hands out it is valid UTF-8, and a NUL byte
   follows `data[size - 1]`; `data` is never NULL. */
typedef struct llmobs_string {
    const char* data;
    size_t size;
} llmobs_string;

/* Where encoders put their output: consumes `size` bytes, returns false to stop the encoder. */
typedef bool (*llmobs_write_fn)(void* user, const char* data, size_t size);
