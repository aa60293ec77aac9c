/* ---- keys and pseudonyms ------------------------------------------------------------------- */

/* What a pseudonym is of. Each domain has a key of its own, so that the same text in two fields
   can't be told to be the same. */
#define LLMOBS_DOMAINS(X)                                                                         \
    X(USER, "user")                                                                               \
    X(SESSION, "session")                                                                         \
    X(INPUT, "input")                                                                             \
    X(OUTPUT, "output")                                                                           \
    X(CONTEXT, "context")                                                                         \
    X(TENANT, "tenant")                                                                           \
    X(REQUEST, "request")

typedef enum llmobs_domain {
#define LLMOBS_I_DOMAIN(name, text) LLMOBS_DOMAIN_##name,
    LLMOBS_DOMAINS(LLMOBS_I_DOMAIN)
#undef LLMOBS_I_DOMAIN
    LLMOBS_DOMAIN_COUNT
} llmobs_domain;

/* "hmac-sha256:", the key's id, ":", 32 hexadecimal digits, NUL. */
#define LLMOBS_PSEUDONYM_SIZE 80

/* [any] "user", "session", ...; "unknown" for other numbers. */
LLMOBS_API const char* llmobs_domain_name(llmobs_domain domain);
