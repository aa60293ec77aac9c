/* ---- privacy: what is looked for ----------------------------------------------------------- */

/* How sure a class is. A: its form, and its check digits where it has some, say enough. B: a number
   like many others, found only where one of its words ("passport", "cvv", ...) stands before it,
   within 5 words and 40 bytes. C: found only by who asks for it. */
typedef enum llmobs_tier {
    LLMOBS_TIER_A = 0,
    LLMOBS_TIER_B = 1,
    LLMOBS_TIER_C = 2
} llmobs_tier;

/* The classes. docs/scanner.md says what is checked of each. */
#define LLMOBS_PII_CLASSES(X)                                                                     \
    X(CUSTOM, "CUSTOM", A)                 /* llmobs_scan_rules.terms                        */   \
    X(PRIVATE_KEY, "PRIVATE_KEY", A)       /* PEM, from BEGIN to END                         */   \
    X(JWT, "JWT", A)                       /* signed or encrypted token of three parts       */   \
    X(API_KEY, "API_KEY", A)               /* 50 shapes: llmobs_finding.name says which      */   \
    X(URL_PASSWORD, "URL_PASSWORD", A)     /* scheme://user:password@host: the password      */   \
    X(EMAIL, "EMAIL", A)                                                                          \
    X(CREDIT_CARD, "CREDIT_CARD", A)       /* issuer, length, Luhn                           */   \
    X(IBAN, "IBAN", A)                     /* country, length, mod 97                        */   \
    X(US_SSN, "US_SSN", A)                 /* with hyphens; else as tier B                   */   \
    X(US_ITIN, "US_ITIN", A)                                                                      \
    X(PHONE, "PHONE", A)                   /* E.164 with country code; North America         */   \
    X(IP_ADDRESS, "IP_ADDRESS", A)         /* 4 and 6                                        */   \
    X(PASSWORD, "PASSWORD", A)             /* password=..., "api_key": "...", Bearer ...     */   \
    X(ABA_ROUTING, "ABA_ROUTING", B)                                                              \
    X(US_NPI, "US_NPI", B)                                                                        \
    X(UK_NHS, "UK_NHS", B)                                                                        \
    X(AADHAAR, "AADHAAR", B)                                                                      \
    X(CA_SIN, "CA_SIN", B)                                                                        \
    X(BANK_ACCOUNT, "BANK_ACCOUNT", B)                                                            \
    X(PASSPORT, "PASSPORT", B)                                                                    \
    X(DRIVER_LICENSE, "DRIVER_LICENSE", B)                                                        \
    X(BIRTH_DATE, "BIRTH_DATE", B)                                                                \
    X(CARD_CODE, "CARD_CODE", B)           /* CVV                                            */   \
    X(MAC_ADDRESS, "MAC_ADDRESS", C)                                                              \
    X(CRYPTO_ADDRESS, "CRYPTO_ADDRESS", C) /* Bitcoin, Ethereum                              */

typedef enum llmobs_pii {
#define LLMOBS_I_PII(name, text, tier) LLMOBS_PII_##name,
    LLMOBS_PII_CLASSES(LLMOBS_I_PII)
#undef LLMOBS_I_PII
    LLMOBS_PII_COUNT /* how many there are */
} llmobs_pii;

/* [any] The static text of a class, such as "EMAIL"; "unknown class" for other numbers. */
LLMOBS_API const char* llmobs_pii_name(llmobs_pii pii);

/* [any] The tier of a class; LLMOBS_TIER_C for other numbers. */
LLMOBS_API llmobs_tier llmobs_pii_tier(llmobs_pii pii);

/* One class in a mask of classes. */
#define LLMOBS_PII_BIT(pii) (UINT32_C(1) << (pii))
/* The classes of tiers A and B, which is what a mask of 0 stands for; and all there are. */
#define LLMOBS_PII_DEFAULT UINT32_C(0x007fffff)
#define LLMOBS_PII_ALL UINT32_C(0x01ffffff)

/* What was found. It names places, and never holds the text. */
typedef struct llmobs_finding {
    uint64_t offset;  /* of its first byte, from the beginning of the text, in bytes            */
    uint64_t size;    /* bytes                                                                  */
    llmobs_pii pii;
    bool is_local;    /* IP_ADDRESS: private, loopback, link-local, or set aside for documents  */
    const char* name; /* which form of its class, such as "github"; a static text, never NULL   */
} llmobs_finding;
