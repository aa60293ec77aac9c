/* What recognisers look through: a window of the text, and classes of bytes. A recogniser reads
   forward by llmobsi_at and back by llmobsi_back, so that two things hold whatever window it is
   given. It never looks past what was found last, as if the text began there. And when it came to
   the end of a window that is not the end of the text, the window says so: starved. Its verdict is
   then void, and is asked for again with more text. That is all of streaming. */

/* How far a recogniser may look back and ahead of its trigger. */
#define LLMOBS_I_LOOK_BACK 144u
#define LLMOBS_I_LOOK_AHEAD 400u

typedef struct llmobsi_view {
    const uint8_t* bytes;
    size_t size;
    size_t floor; /* where the last finding ended, or the text begins */
    bool is_last; /* the text ends where the window ends              */
    bool starved;
    bool is_within; /* the trigger lies in a match: words before it are none of its own */
    bool has_extras; /* there are terms, or classes that few ask for */
    uint32_t classes;
    const struct llmobs_scan_term* terms;
    size_t term_count;
} llmobsi_view;

/* What a recogniser says it has found. */
typedef struct llmobsi_match {
    size_t start;
    size_t end;
    llmobs_pii pii;
    uint8_t tail; /* LLMOBS_I_TAIL_*: it goes on, to where those bytes end */
    bool is_local;
    const char* name;
} llmobsi_match;

enum {
    LLMOBS_I_TAIL_NONE,
    LLMOBS_I_TAIL_TOKEN, /* letters, digits, _ -                            */
    LLMOBS_I_TAIL_BASE64, /* letters, digits, + / =                          */
    LLMOBS_I_TAIL_DOTTED, /* the first kind, and dots within                 */
    LLMOBS_I_TAIL_VALUE, /* whatever a password may hold                    */
    LLMOBS_I_TAIL_PEM    /* to the line that says END, or a quotation mark  */
};

/* ---- classes of bytes ---------------------------------------------------------------------- */

enum {
    LLMOBS_I_DIGIT = 0x1,
    LLMOBS_I_UPPER = 0x2,
    LLMOBS_I_LOWER = 0x4,
    LLMOBS_I_UNDERSCORE = 0x8,
    LLMOBS_I_HYPHEN = 0x10,
    LLMOBS_I_DOT = 0x20,
    LLMOBS_I_HEX = 0x40,
    LLMOBS_I_LOWER_HEX = 0x80,
    LLMOBS_I_LOCAL = 0x100, /* an address before the @: RFC 5322's dot-atom, but for '*'   */
    LLMOBS_I_VALUE = 0x200, /* a password in an assignment: no blanks, quotes, brackets ,;& */
    LLMOBS_I_BASE58 = 0x400,
    LLMOBS_I_BASE32 = 0x800,
    LLMOBS_I_PLUS = 0x1000, /* + and / */
    LLMOBS_I_EQUALS = 0x2000,
    LLMOBS_I_TILDE = 0x4000,
    LLMOBS_I_USER = 0x8000, /* user and password within a URL */
    LLMOBS_I_ALPHA = LLMOBS_I_UPPER | LLMOBS_I_LOWER,
    LLMOBS_I_ALNUM = LLMOBS_I_ALPHA | LLMOBS_I_DIGIT,
    LLMOBS_I_WORD = LLMOBS_I_ALNUM | LLMOBS_I_UNDERSCORE,
    LLMOBS_I_TOKEN = LLMOBS_I_WORD | LLMOBS_I_HYPHEN
};

static const uint16_t llmobsi_kinds[256] = {
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
    0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000, 0x0000,
    0x0000, 0x8300, 0x0000, 0x8300, 0x8300, 0x8300, 0x8100, 0x0100,
    0x0000, 0x0000, 0x8200, 0x9300, 0x0000, 0x8310, 0x8320, 0x1300,
    0x83c1, 0x87c1, 0x8fc1, 0x8fc1, 0x8fc1, 0x8fc1, 0x8fc1, 0x8fc1,
    0x87c1, 0x87c1, 0x0200, 0x0000, 0x0000, 0xa300, 0x0000, 0x8300,
    0x0200, 0x8f42, 0x8f42, 0x8f42, 0x8f42, 0x8f42, 0x8f42, 0x8f02,
    0x8f02, 0x8b02, 0x8f02, 0x8f02, 0x8f02, 0x8f02, 0x8f02, 0x8b02,
    0x8f02, 0x8f02, 0x8f02, 0x8f02, 0x8f02, 0x8f02, 0x8f02, 0x8f02,
    0x8f02, 0x8f02, 0x8f02, 0x0000, 0x0000, 0x0000, 0x0300, 0x8308,
    0x0100, 0x87c4, 0x87c4, 0x87c4, 0x87c4, 0x87c4, 0x87c4, 0x8704,
    0x8704, 0x8704, 0x8704, 0x8704, 0x8304, 0x8704, 0x8704, 0x8704,
    0x8704, 0x8704, 0x8704, 0x8704, 0x8704, 0x8704, 0x8704, 0x8704,
    0x8704, 0x8704, 0x8704, 0x0100, 0x0300, 0x0100, 0xc300, 0x0000,
    /* above ASCII */
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200,
    0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200, 0x8200};

llmobsi_inline bool llmobsi_is(uint8_t byte, uint32_t kinds)
{
    return (llmobsi_kinds[byte] & kinds) != 0;
}

llmobsi_inline uint8_t llmobsi_small(uint8_t byte)
{
    return llmobsi_is(byte, LLMOBS_I_UPPER) ? (uint8_t)(byte | 0x20) : byte;
}

/* ---- looking ------------------------------------------------------------------------------- */

/* The byte at a place; 0 behind the end. */
llmobsi_inline uint8_t llmobsi_at(llmobsi_view* view, size_t place)
{
    if (llmobsi_likely(place < view->size)) {
        return view->bytes[place];
    }
    view->starved = !view->is_last;
    return 0;
}

/* The byte `distance` (1 or more) before a place; 0 where there is none. */
llmobsi_inline uint8_t llmobsi_back(const llmobsi_view* view, size_t place, size_t distance)
{
    return place >= view->floor + distance ? view->bytes[place - distance] : 0;
}

/* How many bytes from a place on are of some kinds, but no more than `most`. */
llmobsi_inline size_t llmobsi_run(llmobsi_view* view, size_t place, uint32_t kinds, size_t most)
{
    size_t count = 0;
    while (count < most && llmobsi_is(llmobsi_at(view, place + count), kinds)) {
        count++;
    }
    return count;
}

/* A bit for each of 64 bytes that lies, with some bits set, in a range of ASCII. */
#if LLMOBS_I_SSE2
llmobsi_inline uint64_t llmobsi_range_of(const uint8_t* bytes, uint8_t set, char from, char to)
{
    __m128i most = _mm_set1_epi8((char)(to - from));
    uint64_t all = 0;
    uint32_t i;
    for (i = 0; i < 64; i += 16) {
        __m128i part = _mm_loadu_si128((const __m128i*)(const void*)(bytes + i));
        part = _mm_sub_epi8(_mm_or_si128(part, _mm_set1_epi8((char)set)), _mm_set1_epi8(from));
        part = _mm_cmpeq_epi8(_mm_min_epu8(part, most), part);
        all |= (uint64_t)(uint32_t)_mm_movemask_epi8(part) << i;
    }
    return all;
}
#else
llmobsi_inline uint64_t llmobsi_range_of(const uint8_t* bytes, uint8_t set, char from, char to)
{
    uint64_t all = 0;
    uint32_t i;
    for (i = 0; i < 64; i += 8) {
        uint64_t word = llmobsi_load_le64(bytes + i);
        uint64_t low = (word & LLMOBS_I_EACH_BYTE(0x7f)) | LLMOBS_I_EACH_BYTE(1) * set;
        uint64_t begun = low + LLMOBS_I_EACH_BYTE(1) * (uint8_t)(0x80 - from);
        uint64_t over = low + LLMOBS_I_EACH_BYTE(1) * (uint8_t)(0x7f - to);
        uint64_t found = (begun ^ over) & ~word & LLMOBS_I_EACH_BYTE(0x80);
        all |= (found >> 7) * UINT64_C(0x0102040810204080) >> 56 << i;
    }
    return all;
}
#endif

/* How many digits stand at a place, but no more than `most`: by eight bytes at a time where so many
   are there. */
llmobsi_inline size_t llmobsi_run_of_digits(llmobsi_view* view, size_t place, size_t most)
{
    size_t count = 0;
    while (count < most && place + count + 8 <= view->size) {
        uint64_t word = llmobsi_load_le64(view->bytes + place + count);
        uint64_t others = ((word + LLMOBS_I_EACH_BYTE(0x7f - '9')) |
                           (word - LLMOBS_I_EACH_BYTE('0')) | word) & LLMOBS_I_EACH_BYTE(0x80);
        if (others != 0) {
            count += (size_t)llmobsi_trailing_zeros64(others) / 8;
            return count < most ? count : most;
        }
        count += 8;
    }
    return count < most ? count + llmobsi_run(view, place + count, LLMOBS_I_DIGIT, most - count)
                        : most;
}

/* How many before a place. */
llmobsi_inline size_t llmobsi_run_back(const llmobsi_view* view, size_t place, uint32_t kinds,
                                       size_t most)
{
    size_t count = 0;
    while (count < most && llmobsi_is(llmobsi_back(view, place, count + 1), kinds)) {
        count++;
    }
    return count;
}

/* Whether this text stands there. */
llmobsi_inline bool llmobsi_has(llmobsi_view* view, size_t place, const char* text, size_t size)
{
    size_t i;
    for (i = 0; i < size; i++) {
        if (llmobsi_at(view, place + i) != (uint8_t)text[i]) {
            return false;
        }
    }
    return true;
}

#define llmobsi_has_text(view, place, literal) \
    llmobsi_has((view), (place), "" literal, sizeof(literal) - 1)

/* Whether this text stands before a place. */
llmobsi_inline bool llmobsi_had(const llmobsi_view* view, size_t place, const char* text,
                                size_t size)
{
    return place >= view->floor + size && memcmp(view->bytes + place - size, text, size) == 0;
}

/* Whether the byte at a place belongs to an escape of JSON or C: an odd number of backslashes
   stands before it. */
llmobsi_fn bool llmobsi_is_escaped(const llmobsi_view* view, size_t place)
{
    size_t count = 0;
    while (count < 32 && llmobsi_back(view, place, count + 1) == '\\') {
        count++;
    }
    return count % 2 != 0;
}

/* Whether a word may begin at a place: after no letter, digit or underscore; or after an escape
   such as \n, which reads as one but is none. */
llmobsi_inline bool llmobsi_begins(const llmobsi_view* view, size_t place)
{
    uint8_t before = llmobsi_back(view, place, 1);
    if (before == '\\') {
        return !llmobsi_is_escaped(view, place); /* never in the middle of an escape */
    }
    if (!llmobsi_is(before, LLMOBS_I_WORD)) {
        return true;
    }
    return (before == 'n' || before == 't' || before == 'r') &&
           llmobsi_back(view, place, 2) == '\\' && llmobsi_is_escaped(view, place - 1);
}

/* Whether a word may end before a place. */
llmobsi_inline bool llmobsi_ends(llmobsi_view* view, size_t place)
{
    return !llmobsi_is(llmobsi_at(view, place), LLMOBS_I_WORD);
}

/* How often a byte stands before a place: up to five times. */
llmobsi_inline uint32_t llmobsi_run_of(const llmobsi_view* view, size_t place, uint8_t byte)
{
    uint32_t count = 0;
    while (count < 5 && llmobsi_back(view, place, count + 1) == byte) {
        count++;
    }
    return count;
}

/* The size of what a redactor wrote at a place: <CLASS>, <CLASS_0123456789abcdef>, or three stars
   of a mask; 0: it did not. */
llmobsi_fn size_t llmobsi_covered_size(llmobsi_view* view, size_t place)
{
    size_t i, k;
    if (llmobsi_at(view, place) == '*') {
        return llmobsi_at(view, place + 1) == '*' && llmobsi_at(view, place + 2) == '*' ? 3 : 0;
    }
    if (llmobsi_at(view, place) != '<') {
        return 0;
    }
    for (i = 0; i < LLMOBS_PII_COUNT; i++) {
        const char* name = llmobsi_pii_names[i];
        size_t end = place + 1;
        for (k = 0; name[k] != '\0' && llmobsi_at(view, end) == (uint8_t)name[k]; k++) {
            end++;
        }
        if (name[k] != '\0') {
            continue;
        }
        if (llmobsi_at(view, end) == '_' && llmobsi_run(view, end + 1, LLMOBS_I_HEX, 16) == 16) {
            end += 17;
        }
        if (llmobsi_at(view, end) == '>') {
            return end + 1 - place;
        }
    }
    return 0;
}

/* The same of numbers, which neither go on with nor come from "-5" or ".5", nor with what a
   redactor may have put there instead. */
llmobsi_inline bool llmobsi_number_begins(const llmobsi_view* view, size_t place)
{
    uint8_t before = llmobsi_back(view, place, 1);
    if ((before == '-' || before == '.') &&
        llmobsi_is(llmobsi_back(view, place, 2), LLMOBS_I_DIGIT)) {
        return false;
    }
    if (before == '*' && llmobsi_run_of(view, place, '*') >= 5) {
        return false; /* what is left of a number */
    }
    return llmobsi_begins(view, place);
}

llmobsi_inline bool llmobsi_number_ends(llmobsi_view* view, size_t place)
{
    uint8_t after = llmobsi_at(view, place);
    if (after == '-' || after == '.') {
        return !llmobsi_is(llmobsi_at(view, place + 1), LLMOBS_I_DIGIT) &&
               llmobsi_covered_size(view, place + 1) == 0;
    }
    return !llmobsi_is(after, LLMOBS_I_WORD);
}

llmobsi_inline bool llmobsi_wants(const llmobsi_view* view, llmobs_pii pii)
{
    return (view->classes & LLMOBS_PII_BIT(pii)) != 0;
}

/* ---- matches ------------------------------------------------------------------------------- */

llmobsi_inline bool llmobsi_match_set(llmobsi_match* match, llmobs_pii pii, size_t start,
                                      size_t end, const char* name)
{
    match->start = start;
    match->end = end;
    match->pii = pii;
    match->tail = LLMOBS_I_TAIL_NONE;
    match->is_local = false;
    match->name = name;
    return true;
}

/* Whether the first gives the name where two overlap: the longer, then the surer, then the one
   whose class stands first. */
llmobsi_fn bool llmobsi_match_is_better(const llmobsi_match* a, const llmobsi_match* b)
{
    size_t size_a = a->end - a->start, size_b = b->end - b->start;
    uint8_t tier_a = llmobsi_pii_tiers[a->pii], tier_b = llmobsi_pii_tiers[b->pii];
    if (size_a != size_b) {
        return size_a > size_b;
    }
    return tier_a != tier_b ? tier_a < tier_b : a->pii < b->pii;
}
