/* E-mail addresses, in any script (RFC 6531). */

#define LLMOBS_I_EMAIL_LOCAL 64u
#define LLMOBS_I_EMAIL_MOST 254u
#define LLMOBS_I_URL_USER 64u

/* ---- letters beyond ASCII ------------------------------------------------------------------ */

/* What a character beyond ASCII is: none that an address holds, such as punctuation and emoji; a
   letter of a script that separates words; or of one that does not, such as Chinese. There the text
   goes on without a blank where an address in Latin letters begins and ends. */
enum {
    LLMOBS_I_LETTER_NONE,
    LLMOBS_I_LETTER_SPACED,
    LLMOBS_I_LETTER_SOLID
};

/* From which code point on it is what: the code point times four, and the kind. By blocks, as far
   as it matters beside an address. */
static const uint32_t llmobsi_letter_kinds[] = {
#define LLMOBS_I_NO(code) (UINT32_C(code) << 2 | LLMOBS_I_LETTER_NONE)
#define LLMOBS_I_SP(code) (UINT32_C(code) << 2 | LLMOBS_I_LETTER_SPACED)
#define LLMOBS_I_SO(code) (UINT32_C(code) << 2 | LLMOBS_I_LETTER_SOLID)
    LLMOBS_I_NO(0x0080),  LLMOBS_I_SP(0x00aa),  LLMOBS_I_NO(0x00ab),  LLMOBS_I_SP(0x00b5),
    LLMOBS_I_NO(0x00b6),  LLMOBS_I_SP(0x00ba),  LLMOBS_I_NO(0x00bb),  LLMOBS_I_SP(0x00c0),
    LLMOBS_I_NO(0x00d7),  LLMOBS_I_SP(0x00d8),  LLMOBS_I_NO(0x00f7),  LLMOBS_I_SP(0x00f8),
    LLMOBS_I_NO(0x037e),  LLMOBS_I_SP(0x037f),  LLMOBS_I_NO(0x0387),  LLMOBS_I_SP(0x0388),
    LLMOBS_I_NO(0x055a),  LLMOBS_I_SP(0x0560),  LLMOBS_I_NO(0x0589),  LLMOBS_I_SP(0x0591),
    LLMOBS_I_NO(0x05be),  LLMOBS_I_SP(0x05bf),  LLMOBS_I_NO(0x05c0),  LLMOBS_I_SP(0x05c1),
    LLMOBS_I_NO(0x05c3),  LLMOBS_I_SP(0x05c4),  LLMOBS_I_NO(0x05f3),  LLMOBS_I_SP(0x0610),
    LLMOBS_I_NO(0x061b),  LLMOBS_I_SP(0x0620),  LLMOBS_I_NO(0x066a),  LLMOBS_I_SP(0x066e),
    LLMOBS_I_NO(0x06d4),  LLMOBS_I_SP(0x06d5),  LLMOBS_I_NO(0x0700),  LLMOBS_I_SP(0x0710),
    LLMOBS_I_NO(0x0964),  LLMOBS_I_SP(0x0966),  LLMOBS_I_SO(0x0e01),  LLMOBS_I_NO(0x0e3f),
    LLMOBS_I_SO(0x0e40),  LLMOBS_I_NO(0x0e4f),  LLMOBS_I_SO(0x0e50),  LLMOBS_I_NO(0x0e5a),
    LLMOBS_I_SO(0x0e81),  LLMOBS_I_NO(0x0f00),  LLMOBS_I_SO(0x0f40),  LLMOBS_I_NO(0x104a),
    LLMOBS_I_SO(0x1050),  LLMOBS_I_SP(0x10a0),  LLMOBS_I_NO(0x10fb),  LLMOBS_I_SP(0x10fc),
    LLMOBS_I_SO(0x1100),  LLMOBS_I_SP(0x1200),  LLMOBS_I_NO(0x1361),  LLMOBS_I_SP(0x1369),
    LLMOBS_I_SO(0x1780),  LLMOBS_I_NO(0x17d4),  LLMOBS_I_SO(0x17e0),  LLMOBS_I_SP(0x1800),
    LLMOBS_I_NO(0x2000),  LLMOBS_I_SP(0x2c00),  LLMOBS_I_NO(0x2e00),  LLMOBS_I_SO(0x3005),
    LLMOBS_I_NO(0x3008),  LLMOBS_I_SO(0x3021),  LLMOBS_I_NO(0x3030),  LLMOBS_I_SO(0x3031),
    LLMOBS_I_NO(0x303d),  LLMOBS_I_SO(0x3041),  LLMOBS_I_NO(0x30a0),  LLMOBS_I_SO(0x30a1),
    LLMOBS_I_NO(0x30fb),  LLMOBS_I_SO(0x30fc),  LLMOBS_I_NO(0x3190),  LLMOBS_I_SO(0x31a0),
    LLMOBS_I_NO(0x3200),  LLMOBS_I_SO(0x3400),  LLMOBS_I_SP(0xa4d0),  LLMOBS_I_SO(0xa960),
    LLMOBS_I_SP(0xa980),  LLMOBS_I_SO(0xac00),  LLMOBS_I_NO(0xd800),  LLMOBS_I_SO(0xf900),
    LLMOBS_I_SP(0xfb00),  LLMOBS_I_NO(0xfe00),  LLMOBS_I_SP(0xfe70),  LLMOBS_I_NO(0xfeff),
    LLMOBS_I_SO(0xff10),  LLMOBS_I_NO(0xff1a),  LLMOBS_I_SO(0xff21),  LLMOBS_I_NO(0xff3b),
    LLMOBS_I_SO(0xff41),  LLMOBS_I_NO(0xff5b),  LLMOBS_I_SO(0xff66),  LLMOBS_I_NO(0xffe0),
    LLMOBS_I_SP(0x10000), LLMOBS_I_NO(0x1d000), LLMOBS_I_SP(0x1e000), LLMOBS_I_NO(0x1f000),
    LLMOBS_I_SO(0x20000), LLMOBS_I_NO(0x40000)
#undef LLMOBS_I_NO
#undef LLMOBS_I_SP
#undef LLMOBS_I_SO
};

llmobsi_fn uint32_t llmobsi_letter_kind(uint32_t code)
{
    size_t i = sizeof(llmobsi_letter_kinds) / sizeof(llmobsi_letter_kinds[0]);
    while (i > 0 && code < llmobsi_letter_kinds[i - 1] >> 2) {
        i--;
    }
    return i == 0 ? (uint32_t)LLMOBS_I_LETTER_NONE : llmobsi_letter_kinds[i - 1] & 3;
}

/* The size of the letter beyond ASCII at a place, and its kind. 0: there is none, or no UTF-8. */
llmobsi_fn size_t llmobsi_letter_at(llmobsi_view* view, size_t place, uint32_t* kind)
{
    char bytes[4];
    uint8_t lead = llmobsi_at(view, place);
    size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4, i;
    uint32_t code = lead & (0xffu >> (size + 1));
    bool valid;
    *kind = LLMOBS_I_LETTER_NONE;
    if (lead < 0xc2) {
        return 0;
    }
    for (i = 0; i < size; i++) {
        bytes[i] = (char)llmobsi_at(view, place + i);
        code = i == 0 ? code : code << 6 | ((uint8_t)bytes[i] & 63u);
    }
    if (llmobsi_utf8_segment(bytes, size, &valid) == size && valid) {
        *kind = llmobsi_letter_kind(code);
    }
    return *kind == LLMOBS_I_LETTER_NONE ? 0 : size;
}

/* Of the letter that ends before a place. */
llmobsi_fn size_t llmobsi_letter_before(llmobsi_view* view, size_t place, uint32_t* kind)
{
    size_t size = 1;
    while (size < 4 && (llmobsi_back(view, place, size) & 0xc0) == 0x80) {
        size++;
    }
    *kind = LLMOBS_I_LETTER_NONE;
    return llmobsi_back(view, place, size) >= 0xc2 &&
                   llmobsi_letter_at(view, place - size, kind) == size
               ? size
               : 0;
}

/* Whether a byte may stand in a local part. */
llmobsi_inline bool llmobsi_is_local(uint8_t byte)
{
    return byte >= 0x80 || llmobsi_is(byte, LLMOBS_I_LOCAL);
}

/* How many such stand before a place: as many as matter, an escape before the longest local part,
   such as \u00e9, included. Whether they are letters, digits and . _ - only, no two dots beside
   each other. */
llmobsi_inline size_t llmobsi_run_of_local(const llmobsi_view* view, size_t place, bool* is_plain)
{
    size_t count = 0;
    bool was_dot = false;
    *is_plain = true;
    for (; count < LLMOBS_I_EMAIL_LOCAL + 5; count++) {
        uint8_t byte = llmobsi_back(view, place, count + 1);
        if (!llmobsi_is_local(byte)) {
            break;
        }
        *is_plain &= llmobsi_is(byte, LLMOBS_I_TOKEN | LLMOBS_I_DOT) && !(was_dot && byte == '.');
        was_dot = byte == '.';
    }
    return count;
}

/* ---- behind the @ -------------------------------------------------------------------------- */

/* "icon@2x.png" and its like are files. */
llmobsi_fn bool llmobsi_is_file_ending(llmobsi_view* view, size_t place, size_t size)
{
    static const char endings[][5] = {"png", "jpg", "jpeg", "svg", "gif", "css", "js", "webp"};
    size_t i, k;
    if (size >= sizeof endings[0]) {
        return false;
    }
    for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        for (k = 0; k < size; k++) {
            if (llmobsi_small(llmobsi_at(view, place + k)) != (uint8_t)endings[i][k]) {
                break;
            }
        }
        if (k == size && endings[i][k] == '\0') {
            return true;
        }
    }
    return false;
}

/* A part of a domain. */
typedef struct llmobsi_label {
    size_t size;    /* bytes, up to 64; none after a change from a spaced script to a solid one */
    size_t letters; /* bytes of its letters, from its beginning on, without such a change       */
    size_t count;   /* how many letters those are                                               */
    bool is_solid;
} llmobsi_label;

/* A label in ASCII, as most are. False: it is none. */
llmobsi_inline bool llmobsi_label_read_ascii(llmobsi_view* view, size_t place,
                                             llmobsi_label* label)
{
    bool all = true;
    uint8_t byte = 0;
    for (label->size = 0; label->size < 64; label->size++) {
        byte = llmobsi_at(view, place + label->size);
        if (!llmobsi_is(byte, LLMOBS_I_ALNUM | LLMOBS_I_HYPHEN)) {
            break;
        }
        all &= llmobsi_is(byte, LLMOBS_I_ALPHA);
    }
    label->letters = all ? label->size : llmobsi_run(view, place, LLMOBS_I_ALPHA, 64);
    label->count = label->letters;
    label->is_solid = false;
    return byte < 0x80;
}

llmobsi_fn void llmobsi_label_read(llmobsi_view* view, size_t place, llmobsi_label* label)
{
    bool goes_on = true; /* with letters */
    if (llmobsi_label_read_ascii(view, place, label)) {
        return;
    }
    memset(label, 0, sizeof(*label));
    while (label->size < 64) {
        uint8_t byte = llmobsi_at(view, place + label->size);
        uint32_t kind = LLMOBS_I_LETTER_SPACED;
        size_t size = 1;
        if (byte >= 0x80) {
            size = llmobsi_letter_at(view, place + label->size, &kind);
            if (size == 0 || (kind == LLMOBS_I_LETTER_SOLID && label->size > 0 &&
                              !label->is_solid)) {
                return;
            }
            label->is_solid |= kind == LLMOBS_I_LETTER_SOLID;
        } else if (!llmobsi_is(byte, LLMOBS_I_ALNUM | LLMOBS_I_HYPHEN)) {
            return;
        }
        goes_on = goes_on && (byte >= 0x80 || llmobsi_is(byte, LLMOBS_I_ALPHA)) &&
                  (kind == LLMOBS_I_LETTER_SOLID) == label->is_solid;
        if (goes_on) {
            label->letters += size;
            label->count++;
        }
        label->size += size;
    }
}

/* "xn--...": a label of another script in ASCII. */
llmobsi_fn void llmobsi_label_read_coded(llmobsi_view* view, size_t place, llmobsi_label* label)
{
    size_t size = label->size;
    if (size <= 4 || !llmobsi_has_text(view, place, "xn--")) {
        return;
    }
    while (size > 4 && llmobsi_at(view, place + size - 1) == '-') {
        size--;
    }
    if (size > 4 && llmobsi_ends(view, place + size)) {
        label->letters = label->count = size;
    }
}

/* Whether a top-level domain may end there. What a redactor has put behind a letter beyond ASCII
   may have begun with more of it. */
llmobsi_fn bool llmobsi_domain_ends(llmobsi_view* view, size_t place, bool is_solid)
{
    return (is_solid || llmobsi_ends(view, place)) &&
           (llmobsi_at(view, place - 1) < 0x80 || llmobsi_covered_size(view, place) == 0);
}

/* Where the last label ends that can be a top-level domain: letters, or "xn--..."; 0: none does. */
llmobsi_fn size_t llmobsi_domain_read(llmobsi_view* view, size_t place, size_t most)
{
    size_t start = place, end = 0, labels = 0;
    for (;;) {
        llmobsi_label label;
        llmobsi_label_read(view, place, &label);
        llmobsi_label_read_coded(view, place, &label);
        /* A top-level domain may be followed by a hyphen that is not its own. */
        if (labels > 0 && label.count >= 2 && label.letters <= 63 &&
            place + label.letters - start <= most &&
            llmobsi_domain_ends(view, place + label.letters, label.is_solid)) {
            end = llmobsi_is_file_ending(view, place, label.letters) ? 0 : place + label.letters;
        }
        if (label.size == 0 || label.size > 63 || llmobsi_at(view, place) == '-' ||
            llmobsi_at(view, place + label.size - 1) == '-' ||
            llmobsi_at(view, place + label.size) != '.' ||
            place + label.size - start > most) {
            return end;
        }
        labels++;
        place += label.size + 1;
    }
}

/* ---- before the @ -------------------------------------------------------------------------- */

/* Whether the text before a place is a URL's "//user:": what follows is a password. */
llmobsi_fn bool llmobsi_is_in_authority(const llmobsi_view* view, size_t place)
{
    size_t size;
    if (llmobsi_back(view, place, 1) != ':') {
        return false;
    }
    size = llmobsi_run_back(view, place - 1, LLMOBS_I_USER, LLMOBS_I_URL_USER);
    return llmobsi_back(view, place - 1, size + 1) == '/' &&
           llmobsi_back(view, place - 1, size + 2) == '/';
}

/* Where the local part begins that ends before the '@' at a place: not before `start`, a path,
   "key=", or what is no letter. Nor where a solid script begins, if neither side of the '@' has
   one; of a solid script, where nobody knows where the name begins, as much as may be. */
llmobsi_fn size_t llmobsi_local_read(llmobsi_view* view, size_t start, size_t place)
{
    uint32_t before = LLMOBS_I_LETTER_NONE, behind = LLMOBS_I_LETTER_NONE;
    size_t at = place;
    while (at > start) {
        uint8_t byte = view->bytes[at - 1];
        uint32_t kind;
        size_t size;
        if (byte < 0x80) {
            if (byte == '=' || byte == '/' || byte == '?') {
                break;
            }
            at--;
            continue;
        }
        size = llmobsi_letter_before(view, at, &kind);
        if (kind == LLMOBS_I_LETTER_SOLID && before != kind && behind != kind) {
            (void)llmobsi_letter_before(view, place, &before);
            (void)llmobsi_letter_at(view, place + 1, &behind);
            size = before == kind || behind == kind ? size : 0;
        }
        if (size == 0 || at - start < size ||
            (kind == LLMOBS_I_LETTER_SOLID && place - at + size > LLMOBS_I_EMAIL_LOCAL)) {
            break;
        }
        at -= size;
    }
    return at;
}

/* Around the '@' at a place. What is no part of the address although it could be: quotation marks
   and the like, a path, "key=", escapes. */
llmobsi_fn bool llmobsi_email_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    bool follows /* a finding */, is_plain;
    size_t size = llmobsi_run_of_local(view, place, &is_plain), start = place - size, i, end;
    if (size == 0 || llmobsi_is_in_authority(view, start)) {
        return false;
    }
    if (llmobsi_is_escaped(view, start)) {
        start += llmobsi_at(view, start) != 'u' ? 1u : size < 5 ? size : 5u;
    }
    follows = start == view->floor && start > 0;
    start = is_plain ? start : llmobsi_local_read(view, start, place);
    while (start < place && view->bytes[start] < 0x80 && view->bytes[start] != '+' &&
           !llmobsi_is(view->bytes[start], LLMOBS_I_TOKEN | LLMOBS_I_DOT)) {
        start++;
    }
    if (follows && llmobsi_at(view, start) == '.') {
        start++; /* which ended a sentence with that finding */
    }
    if (start == place || place - start > LLMOBS_I_EMAIL_LOCAL ||
        llmobsi_at(view, start) == '.' || llmobsi_at(view, place - 1) == '.' ||
        (llmobsi_is(llmobsi_at(view, start), LLMOBS_I_UPPER | LLMOBS_I_DIGIT) &&
         llmobsi_run_of(view, start, '*') >= 5)) {
        return false;
    }
    for (i = is_plain ? place : start; i < place; i++) {
        if (view->bytes[i] == '.' && view->bytes[i + 1] == '.') {
            return false;
        }
    }
    end = llmobsi_domain_read(view, place + 1, LLMOBS_I_EMAIL_MOST - (place + 1 - start));
    return end != 0 && llmobsi_match_set(match, LLMOBS_PII_EMAIL, start, end, "email");
}
