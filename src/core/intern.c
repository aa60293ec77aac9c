/* Names and keys become small numbers, so that slots hold no pointers. The table only grows, is
   read without locks and filled by compare-and-swap: nobody waits for anybody. */

#define LLMOBS_I_NAME_MAX 255u /* bytes of one name; longer ones are cut */
#define LLMOBS_I_NAME_OVERFLOW 0u         /* the id when the table is full */
#define LLMOBS_I_NAME_UNNAMED UINT32_MAX  /* the id of NULL and of ""      */

typedef struct llmobsi_names {
    llmobsi_atomic32* entries; /* place of a text + 1, 0 while empty; any recorder, once each */
    unsigned char* texts;      /* llmobsi_name after llmobsi_name                              */
    uint32_t entry_mask;
    uint32_t text_capacity;
    uint64_t seed;
    llmobsi_atomic32 text_used;  /* any recorder adds */
    llmobsi_atomic64 overflowed; /* any recorder adds, stats read */
} llmobsi_names;

/* A text in the table; never changed once an entry points to it. */
typedef struct llmobsi_name {
    uint32_t hash;
    uint16_t size;
    uint16_t refused; /* 1: no attribute may be called so */
    char text[1]; /* and its NUL; the struct is the head of a longer piece */
} llmobsi_name;

#define LLMOBS_I_NAME_HEAD offsetof(llmobsi_name, text)

/* ---- names that are refused ---------------------------------------------------------------- */

/* Letters without case; one byte for the signs that stand between words. */
llmobsi_fn char llmobsi_name_fold(char byte)
{
    if (byte >= 'A' && byte <= 'Z') {
        return (char)(byte - 'A' + 'a');
    }
    return byte == '_' || byte == '.' ? '-' : byte;
}

/* Whether a text begins with another, both folded. */
llmobsi_fn bool llmobsi_name_begins(const char* text, size_t size, const char* start,
                                    size_t start_size)
{
    size_t i;
    for (i = 0; i < start_size && i < size; i++) {
        if (llmobsi_name_fold(text[i]) != llmobsi_name_fold(start[i])) {
            return false;
        }
    }
    return i == start_size;
}

/* Whether no attribute may have this name. */
llmobsi_fn bool llmobsi_name_is_refused(const char* text, size_t size)
{
#define LLMOBS_I_REFUSED(name) name,
    static const char* const names[] = {LLMOBS_REFUSED_NAMES(LLMOBS_I_REFUSED)};
    static const char* const prefixes[] = {LLMOBS_REFUSED_PREFIXES(LLMOBS_I_REFUSED)};
#undef LLMOBS_I_REFUSED
    size_t i;
    for (i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t prefix = strlen(prefixes[i]);
        if (llmobsi_name_begins(text, size, prefixes[i], prefix)) {
            text += prefix;
            size -= prefix;
            break;
        }
    }
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) == size && llmobsi_name_begins(text, size, names[i], size)) {
            return true;
        }
    }
    return false;
}

/* ---- the table ----------------------------------------------------------------------------- */

/* One entry for every 16 bytes of text, and half of them stay empty. */
llmobsi_fn uint32_t llmobsi_names_entry_count(uint32_t text_bytes)
{
    return llmobsi_round_up_pow2(text_bytes / 16);
}

llmobsi_fn const llmobsi_name* llmobsi_names_at(const llmobsi_names* names, uint32_t place)
{
    return (const llmobsi_name*)(const void*)(names->texts + (place - 1));
}

/* The text of an id; of numbers that are no id, the overflow's. */
llmobsi_fn llmobs_string llmobsi_names_text(const llmobsi_names* names, uint32_t id)
{
    llmobs_string string;
    uint32_t place = 0;
    const llmobsi_name* name;
    if (id - 1 <= names->entry_mask) {
        place = llmobsi_load_acquire(&names->entries[id - 1]);
    }
    if (place == 0) {
        string.data = id == LLMOBS_I_NAME_UNNAMED ? "unnamed" : "llmobs.key_overflow";
        string.size = strlen(string.data);
        return string;
    }
    name = llmobsi_names_at(names, place);
    string.data = name->text;
    string.size = name->size;
    return string;
}

/* Whether an id is of a refused name: decided once, when it came into the table. */
llmobsi_fn bool llmobsi_names_is_refused(const llmobsi_names* names, uint32_t id)
{
    uint32_t place = 0;
    if (id - 1 <= names->entry_mask) {
        place = llmobsi_load_acquire(&names->entries[id - 1]);
    }
    return place != 0 && llmobsi_names_at(names, place)->refused != 0;
}

/* Copies a text into the table's memory, not yet into the table. 0 when it is full. */
llmobsi_fn uint32_t llmobsi_names_store(llmobsi_names* names, const char* text, uint32_t size,
                                        uint32_t hash)
{
    uint32_t bytes = (uint32_t)((LLMOBS_I_NAME_HEAD + size + 1 + 7) & ~(size_t)7);
    uint32_t place = llmobsi_load_relaxed(&names->text_used);
    llmobsi_name* name;
    do {
        if (bytes > names->text_capacity - place) {
            return 0;
        }
    } while (!llmobsi_cas_acquire_release(&names->text_used, &place, place + bytes));
    name = (llmobsi_name*)(void*)(names->texts + place);
    name->hash = hash;
    name->size = (uint16_t)size;
    name->refused = llmobsi_name_is_refused(text, size);
    memcpy(name->text, text, size);
    name->text[size] = '\0';
    return place + 1;
}

/* The id of a text that is valid UTF-8 and short enough. */
llmobsi_fn uint32_t llmobsi_names_find(llmobsi_names* names, const char* text, uint32_t size)
{
    uint32_t hash = (uint32_t)llmobsi_hash64(text, size, names->seed);
    uint32_t probe;
    uint32_t stored = 0;
    for (probe = 0; probe <= names->entry_mask / 2; probe++) {
        uint32_t index = (hash + probe) & names->entry_mask;
        uint32_t place = llmobsi_load_acquire(&names->entries[index]);
        const llmobsi_name* name;
        if (place == 0) {
            stored = stored != 0 ? stored : llmobsi_names_store(names, text, size, hash);
            if (stored == 0) {
                break;
            }
            if (llmobsi_cas_acquire_release(&names->entries[index], &place, stored)) {
                return index + 1;
            }
        }
        name = llmobsi_names_at(names, place);
        if (name->hash == hash && name->size == size && memcmp(name->text, text, size) == 0) {
            return index + 1;
        }
    }
    (void)llmobsi_add_relaxed(&names->overflowed, 1);
    return LLMOBS_I_NAME_OVERFLOW;
}

/* The id of a text that is there already, else LLMOBS_I_NAME_OVERFLOW. Bytes that are no UTF-8, and
   texts that are too long, are not. */
llmobsi_fn uint32_t llmobsi_names_seek(const llmobsi_names* names, const char* text, size_t size)
{
    uint32_t hash = (uint32_t)llmobsi_hash64(text, size, names->seed);
    uint32_t probe;
    for (probe = 0; probe <= names->entry_mask / 2; probe++) {
        uint32_t index = (hash + probe) & names->entry_mask;
        uint32_t place = llmobsi_load_acquire(&names->entries[index]);
        const llmobsi_name* name;
        if (place == 0) {
            break;
        }
        name = llmobsi_names_at(names, place);
        if (name->hash == hash && name->size == size && memcmp(name->text, text, size) == 0) {
            return index + 1;
        }
    }
    return LLMOBS_I_NAME_OVERFLOW;
}

/* Whether half of the room is left: what comes from outside may take the other half only. */
llmobsi_fn bool llmobsi_names_are_half_free(const llmobsi_names* names)
{
    return llmobsi_load_relaxed(&names->text_used) < names->text_capacity / 2;
}

/* The id of any bytes: cut, and repaired where they are no UTF-8. */
llmobsi_fn uint32_t llmobsi_names_id(llmobsi_names* names, const char* text, size_t size)
{
    char repaired[LLMOBS_I_NAME_MAX];
    if (text == NULL || size == 0) {
        return LLMOBS_I_NAME_UNNAMED;
    }
    size = llmobsi_utf8_cut(text, size, LLMOBS_I_NAME_MAX);
    if (!llmobsi_utf8_is_valid(text, size)) {
        size = llmobsi_utf8_repair(repaired, sizeof repaired, text, size);
        text = repaired;
    }
    return llmobsi_names_find(names, text, (uint32_t)size);
}
