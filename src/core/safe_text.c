/* Text that harms no reader: what could end a line, act on a terminal or reorder what a person
   sees. JSON escapes it; where a format has no escape it becomes U+FFFD. */

/* A code point above ASCII that would harm a log or its reader: C1 controls, line and paragraph
   separators, the marks that reorder text on the screen, the byte order mark. 0 if this one, which
   is valid, is none of them. */
llmobsi_fn uint32_t llmobsi_harmful_point(const char* data, size_t size)
{
    const uint8_t* bytes = (const uint8_t*)data;
    uint32_t point;
    if (size == 2) {
        point = (uint32_t)(bytes[0] & 0x1f) << 6 | (bytes[1] & 0x3f);
        return (point >= 0x80 && point <= 0x9f) || point == 0x61c ? point : 0;
    }
    if (size != 3) {
        return 0;
    }
    point = (uint32_t)(bytes[0] & 0x0f) << 12 | (uint32_t)(bytes[1] & 0x3f) << 6 |
            (bytes[2] & 0x3f);
    return point == 0x200e || point == 0x200f || (point >= 0x2028 && point <= 0x202e) ||
                   (point >= 0x2066 && point <= 0x2069) || point == 0xfeff
               ? point
               : 0;
}

/* What stands for a segment in a format that has no escape for it; a line feed, which such formats
   do have one for, stays. Returns the size, and where it is. */
llmobsi_fn size_t llmobsi_safe_segment(const char** data, size_t size, bool valid)
{
    char byte = **data;
    if (size == 1 && (byte == '\r' || byte == '\t')) {
        *data = " ";
        return 1;
    }
    if (!valid || (size == 1 && ((uint8_t)byte < 0x20 || byte == 0x7f) && byte != '\n') ||
        llmobsi_harmful_point(*data, size) != 0) {
        *data = LLMOBS_I_REPLACEMENT;
        return 3;
    }
    return size;
}

/* Whether a text may stand as it is, by that rule. */
llmobsi_fn bool llmobsi_text_is_safe(const char* data, size_t size)
{
    size_t i = 0;
    while (i < size) {
        const char* kept = data + i;
        size_t segment;
        bool valid;
        if (*kept >= ' ' && *kept < 0x7f) {
            i++;
            continue;
        }
        segment = llmobsi_utf8_segment(kept, size - i, &valid);
        (void)llmobsi_safe_segment(&kept, segment, valid);
        if (kept != data + i) {
            return false;
        }
        i += segment;
    }
    return true;
}

/* Copies as much of a text, made safe, as there is room for, and returns the size. */
llmobsi_fn size_t llmobsi_text_make_safe(char* out, size_t capacity, const char* data, size_t size)
{
    size_t used = 0;
    size_t i = 0;
    while (i < size) {
        bool valid;
        size_t segment = llmobsi_utf8_segment(data + i, size - i, &valid);
        const char* kept = data + i;
        size_t kept_size = llmobsi_safe_segment(&kept, segment, valid);
        if (kept_size > capacity - used) {
            break;
        }
        memcpy(out + used, kept, kept_size);
        used += kept_size;
        i += segment;
    }
    return used;
}
