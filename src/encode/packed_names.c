/* A batch as bytes that outlive the process: all that its views say, and what they point to. Other
   than the formats for receivers it is exact, and read by nobody but us.

       byte      version: LLMOBS_I_PACKED_VERSION
       8 bytes   the batch's id
       number    lost_before
       numbers   how many spans, log records, metrics, points it has
       names     how many, then each: texts that come often, told once
       resource  its attributes
       spans, log records, metrics, each as its view lists its members

   A number is a variable one: seven bits in a byte, the lowest first, the highest bit says that
   there are more. What fills 64 bits anyway (times, doubles, values) has eight bytes, the lowest
   first. A text is its size and its bytes. A name is the number of one told before, from 1, or 0
   and the text itself. */

#define LLMOBS_I_PACKED_VERSION 1u
#define LLMOBS_I_PACKED_NAMES 256u /* told once; what comes beyond is told each time */
#define LLMOBS_I_PACKED_PROBES 16u

/* How much a batch holds. */
typedef struct llmobsi_packed_counts {
    uint64_t spans;
    uint64_t logs;
    uint64_t metrics;
    uint64_t points; /* of all metrics */
} llmobsi_packed_counts;

/* Keys, and names of spans and events. Their texts lie elsewhere as long as this is used. */
typedef struct llmobsi_packed_names {
    uint32_t count;
    uint16_t places[2 * LLMOBS_I_PACKED_NAMES]; /* number, from 1; by hash, then those behind it */
    llmobs_string texts[LLMOBS_I_PACKED_NAMES];
} llmobsi_packed_names;

llmobsi_fn uint32_t llmobsi_packed_hash(llmobs_string text)
{
    return (uint32_t)llmobsi_hash64_own(text.data, text.size, 0);
}

/* A name's number, from 1, which it gets if need be and `add` says so; 0: it has none. */
llmobsi_fn uint32_t llmobsi_packed_name(llmobsi_packed_names* names, llmobs_string text, bool add)
{
    uint32_t place = llmobsi_packed_hash(text);
    uint32_t probe;
    for (probe = 0; probe < LLMOBS_I_PACKED_PROBES; probe++, place++) {
        uint16_t* number = &names->places[place % (2 * LLMOBS_I_PACKED_NAMES)];
        if (*number == 0) {
            if (!add || names->count == LLMOBS_I_PACKED_NAMES) {
                return 0;
            }
            names->texts[names->count] = text;
            *number = (uint16_t)++names->count;
            return *number;
        }
        if (names->texts[*number - 1].size == text.size &&
            (text.size == 0 ||
             memcmp(names->texts[*number - 1].data, text.data, text.size) == 0)) {
            return *number;
        }
    }
    return 0;
}
