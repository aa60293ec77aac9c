/* What copies of the library tell about themselves, in words that none of them has made. */
#define TEXT_OF_IT(word) #word
#define TEXT_OF(word) TEXT_OF_IT(word)

typedef struct strangers {
    unsigned char request[64];
    unsigned char span[64];
    void* instance;
} strangers;

typedef struct account {
    char version[32];
    long config_size;
    long tokens;
    long begun;
    long requests;
    long late;
    long spans;
    long others; /* spans that another copy has made */
    int closed;
} account;
