/* What any system is asked for: the answers. */

/* Of a file, or of what a path leads to, links not followed. */
typedef struct llmobsi_file_facts {
    uint64_t device;
    uint64_t inode; /* no two files of a device have the same */
    uint64_t bytes;
    uint64_t owner; /* see llmobsi_os_user */
    uint64_t names; /* links that lead to it */
    bool plain;
    bool folder;
    bool read_by_others; /* or written, or run */
    bool written_by_others;
} llmobsi_file_facts;

typedef struct llmobsi_machine {
    char name[256];
    char processor[256]; /* x86_64, aarch64, ... */
    char system[256];    /* Linux, Darwin, ... */
} llmobsi_machine;
