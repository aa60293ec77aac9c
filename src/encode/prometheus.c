/* Prometheus text: the format 0.0.4, and OpenMetrics 1.0. They differ in what a counter's family is
   called, in the order and the escapes of the lines that describe it, in how bounds are spelled;
   only OpenMetrics has exemplars, creation times, units and an end.

   Samples are written in one piece: one check for room, then the texts that the registry has made,
   then numbers. Only lines too long for the least buffer, which few labels are, go by pieces. */

/* A line needs so much behind its labels, and for the suffix of its name:
   `_created{,le="...", "} ", a number, an exemplar with its number and its time, and a line end. */
#define LLMOBS_I_SAMPLE_ROOM 256u

/* ---- numbers ------------------------------------------------------------------------------- */

llmobsi_fn char* llmobsi_prometheus_double(char* cursor, double number)
{
    uint64_t bits = llmobsi_double_bits(number);
    if (llmobsi_likely(llmobsi_double_is_finite(number))) {
        return llmobsi_append_double(cursor, number);
    }
    if ((bits & LLMOBS_I_DOUBLE_FRACTION) != 0) {
        return llmobsi_append_text(cursor, "NaN");
    }
    return bits >> 63 != 0 ? llmobsi_append_text(cursor, "-Inf")
                           : llmobsi_append_text(cursor, "+Inf");
}

llmobsi_inline char* llmobsi_prometheus_value(char* cursor, llmobs_number number,
                                              llmobs_value value)
{
    uint64_t magnitude = (uint64_t)value.integer;
    switch (number) {
    case LLMOBS_NUMBER_INT:
        return llmobsi_append_i64(cursor, value.integer);
    case LLMOBS_NUMBER_NANO:
        if (value.integer < 0) {
            *cursor++ = '-';
            magnitude = 0 - magnitude; /* also right for INT64_MIN */
        }
        return llmobsi_append_nano(cursor, magnitude);
    case LLMOBS_NUMBER_DOUBLE:
        break;
    }
    return llmobsi_prometheus_double(cursor, value.real);
}

/* Above 0, and finite. */
llmobsi_inline bool llmobsi_is_positive(double number)
{
    return llmobsi_double_bits(number) - 1 < LLMOBS_I_DOUBLE_INFINITY - 1;
}

/* The digits of a bound, as every client writes them that is written in Go or Python: 0.0001,
   1e-05, 100000, 1e+06, 1.048576e+06. A bound is a label, which must not change with the client. */
llmobsi_fn char* llmobsi_append_bound_digits(char* cursor, const char* digits, int count,
                                             int exponent, bool canonical)
{
    if (exponent < -4 || exponent > 5) {
        *cursor++ = digits[0];
        if (count > 1) {
            *cursor++ = '.';
            memcpy(cursor, digits + 1, LLMOBS_I_DOUBLE_DIGITS);
            cursor += count - 1;
        }
        *cursor++ = 'e';
        *cursor++ = exponent < 0 ? '-' : '+';
        exponent = exponent < 0 ? -exponent : exponent;
        if (exponent < 10) {
            *cursor++ = '0';
        }
        return llmobsi_append_u64(cursor, (uint64_t)exponent);
    }
    if (exponent < 0) {
        memcpy(cursor, "0.000000", 8);
        cursor += 1 - exponent;
        memcpy(cursor, digits, LLMOBS_I_DOUBLE_DIGITS);
        return cursor + count;
    }
    memcpy(cursor, digits, LLMOBS_I_DOUBLE_DIGITS);
    if (count > exponent + 1) {
        memcpy(cursor + exponent + 2, digits + exponent + 1, LLMOBS_I_DOUBLE_DIGITS);
        cursor[exponent + 1] = '.';
        return cursor + count + 1;
    }
    memset(cursor + count, '0', (size_t)(exponent + 1 - count));
    cursor += exponent + 1;
    return canonical ? llmobsi_append_text(cursor, ".0") : cursor;
}

/* A bucket's bound, which is above 0. OpenMetrics' canonical numbers show that they are no
   integers: "1.0". LLMOBS_I_DOUBLE_ROOM bytes must be free. */
llmobsi_fn char* llmobsi_append_bound(char* cursor, double bound, bool canonical)
{
    uint64_t fraction = llmobsi_double_bits(bound) & LLMOBS_I_DOUBLE_FRACTION;
    int biased = (int)(llmobsi_double_bits(bound) >> 52);
    char digits[2 * LLMOBS_I_DOUBLE_DIGITS + LLMOBS_I_APPEND_SLACK];
    llmobsi_decimal decimal;
    int count, all;
    if (!llmobsi_is_positive(bound)) { /* no definition lets it through */
        return llmobsi_prometheus_double(cursor, bound);
    }
    decimal = biased == 0 ? llmobsi_shortest(fraction, -1074, false)
                          : llmobsi_shortest(fraction | (LLMOBS_I_DOUBLE_FRACTION + 1),
                                             biased - 1075, fraction == 0 && biased > 1);
    all = (int)(llmobsi_append_u64(digits, decimal.digits) - digits);
    for (count = all; digits[count - 1] == '0'; count--) {
    }
    return llmobsi_append_bound_digits(cursor, digits, count, all - 1 + decimal.exponent,
                                       canonical);
}

/* ---- texts --------------------------------------------------------------------------------- */

/* A text of any size as it is. */
llmobsi_cold char* llmobsi_prometheus_text(llmobsi_writer* writer, char* cursor, llmobs_string text)
{
    size_t done = 0;
    while (done < text.size && !writer->failed) {
        size_t room, piece = text.size - done;
        cursor = llmobsi_room(writer, cursor, 1);
        room = (size_t)(writer->data + writer->capacity - cursor);
        piece = piece < room ? piece : room;
        memcpy(cursor, text.data + done, piece);
        cursor += piece;
        done += piece;
    }
    return cursor;
}

/* A text of any size with what has a meaning escaped; quotes have none in the HELP of 0.0.4. What
   would harm a reader, and has no escape, is replaced. */
llmobsi_fn char* llmobsi_prometheus_escape(llmobsi_writer* writer, char* cursor, llmobs_string text,
                                           bool quotes)
{
    size_t i = 0;
    while (i < text.size && !writer->failed) {
        bool valid;
        size_t segment = llmobsi_utf8_segment(text.data + i, text.size - i, &valid);
        const char* kept = text.data + i;
        size_t size = llmobsi_safe_segment(&kept, segment, valid);
        cursor = llmobsi_room(writer, cursor, 4);
        if (*kept == '\n') {
            cursor = llmobsi_append_text(cursor, "\\n");
        } else {
            if (*kept == '\\' || (*kept == '"' && quotes)) {
                *cursor++ = '\\';
            }
            memcpy(cursor, kept, size);
            cursor += size;
        }
        i += segment;
    }
    return cursor;
}

/* ---- what a family is ---------------------------------------------------------------------- */

/* `# HELP name ` and the like. In 0.0.4 a counter's name is that of its sample. */
llmobsi_fn char* llmobsi_prometheus_about(llmobsi_writer* writer, char* cursor, const char* what,
                                          const llmobs_metric_view* metric,
                                          llmobs_exposition exposition)
{
    cursor = llmobsi_room(writer, cursor, 8);
    memcpy(cursor, what, 7);
    cursor = llmobsi_prometheus_text(writer, cursor + 7, metric->family);
    cursor = llmobsi_room(writer, cursor, 8);
    if (metric->instrument == LLMOBS_COUNTER && exposition != LLMOBS_OPENMETRICS) {
        cursor = llmobsi_append_text(cursor, "_total");
    }
    *cursor++ = ' ';
    return cursor;
}

llmobsi_fn char* llmobsi_prometheus_help(llmobsi_writer* writer, char* cursor,
                                         const llmobs_metric_view* metric,
                                         llmobs_exposition exposition)
{
    if (metric->help.size > 0) {
        cursor = llmobsi_prometheus_about(writer, cursor, "# HELP ", metric, exposition);
        cursor = llmobsi_prometheus_escape(writer, cursor, metric->help,
                                           exposition == LLMOBS_OPENMETRICS);
        cursor = llmobsi_room(writer, cursor, 1);
        *cursor++ = '\n';
    }
    return cursor;
}

llmobsi_fn char* llmobsi_prometheus_type(llmobsi_writer* writer, char* cursor,
                                         const llmobs_metric_view* metric,
                                         llmobs_exposition exposition)
{
    cursor = llmobsi_prometheus_about(writer, cursor, "# TYPE ", metric, exposition);
    cursor = llmobsi_room(writer, cursor, 16);
    if (metric->instrument == LLMOBS_COUNTER) {
        return llmobsi_append_text(cursor, "counter\n");
    }
    return metric->instrument >= LLMOBS_HISTOGRAM ? llmobsi_append_text(cursor, "histogram\n")
                                                  : llmobsi_append_text(cursor, "gauge\n");
}

/* OpenMetrics wants the unit to be the end of the name, as it is where Prometheus has one. */
llmobsi_fn char* llmobsi_prometheus_unit(llmobsi_writer* writer, char* cursor,
                                         const llmobs_metric_view* metric)
{
    const char* suffix = llmobsi_unit_suffix(metric->unit.data, metric->instrument);
    size_t size = strlen(suffix);
    if (size > 0 && llmobsi_ends_with(metric->family.data, metric->family.size, suffix)) {
        cursor = llmobsi_prometheus_about(writer, cursor, "# UNIT ", metric, LLMOBS_OPENMETRICS);
        cursor = llmobsi_room(writer, cursor, size);
        memcpy(cursor, suffix + 1, size - 1);
        cursor += size - 1;
        *cursor++ = '\n';
    }
    return cursor;
}

/* The lines before a family's samples. */
llmobsi_fn char* llmobsi_prometheus_head(llmobsi_writer* writer, char* cursor,
                                         const llmobs_metric_view* metric,
                                         llmobs_exposition exposition)
{
    if (exposition == LLMOBS_OPENMETRICS) {
        cursor = llmobsi_prometheus_type(writer, cursor, metric, exposition);
        cursor = llmobsi_prometheus_unit(writer, cursor, metric);
        return llmobsi_prometheus_help(writer, cursor, metric, exposition);
    }
    cursor = llmobsi_prometheus_help(writer, cursor, metric, exposition);
    return llmobsi_prometheus_type(writer, cursor, metric, exposition);
}

/* ---- samples ------------------------------------------------------------------------------- */

/* Where a line begins that does not fit the least buffer. */
llmobsi_cold char* llmobsi_prometheus_long(llmobsi_writer* writer, char* cursor,
                                           const llmobs_metric_view* metric,
                                           const llmobs_point_view* point, const char* suffix)
{
    size_t size = strlen(suffix);
    cursor = llmobsi_prometheus_text(writer, cursor, metric->family);
    cursor = llmobsi_room(writer, cursor, size + 1);
    memcpy(cursor, suffix, size);
    cursor += size;
    if (point->labels.size > 0) {
        *cursor++ = '{';
        cursor = llmobsi_prometheus_text(writer, cursor, point->labels);
    }
    return llmobsi_room(writer, cursor, LLMOBS_I_SAMPLE_ROOM);
}

/* `family_suffix{labels`, with room for the rest of the line. */
llmobsi_inline char* llmobsi_prometheus_begin(llmobsi_writer* writer, char* cursor,
                                              const llmobs_metric_view* metric,
                                              const llmobs_point_view* point, const char* suffix)
{
    size_t size = metric->family.size + point->labels.size + LLMOBS_I_SAMPLE_ROOM;
    if (llmobsi_unlikely(size > LLMOBS_I_WRITER_LEAST)) {
        return llmobsi_prometheus_long(writer, cursor, metric, point, suffix);
    }
    cursor = llmobsi_room(writer, cursor, size);
    memcpy(cursor, metric->family.data, metric->family.size);
    cursor += metric->family.size;
    memcpy(cursor, suffix, strlen(suffix)); /* a literal: the compiler knows how long it is */
    cursor += strlen(suffix);
    if (point->labels.size > 0) {
        *cursor++ = '{';
        memcpy(cursor, point->labels.data, point->labels.size);
        cursor += point->labels.size;
    }
    return cursor;
}

/* A line up to its value. */
llmobsi_inline char* llmobsi_prometheus_sample(llmobsi_writer* writer, char* cursor,
                                               const llmobs_metric_view* metric,
                                               const llmobs_point_view* point, const char* suffix)
{
    cursor = llmobsi_prometheus_begin(writer, cursor, metric, point, suffix);
    if (point->labels.size > 0) {
        *cursor++ = '}';
    }
    *cursor++ = ' ';
    return cursor;
}

/* The trace of a value, where there is one, and the end of the line. */
llmobsi_inline char* llmobsi_prometheus_finish(char* cursor, const llmobs_exemplar_view* exemplar)
{
    if (llmobsi_unlikely(exemplar != NULL)) {
        cursor = llmobsi_append_text(cursor, " # {trace_id=\"");
        cursor = llmobsi_append_hex(cursor, exemplar->trace_id, 16);
        cursor = llmobsi_append_text(cursor, "\",span_id=\"");
        cursor = llmobsi_append_hex(cursor, exemplar->span_id, 8);
        cursor = llmobsi_append_text(cursor, "\"} ");
        cursor = llmobsi_prometheus_double(cursor, exemplar->value);
        *cursor++ = ' ';
        cursor = llmobsi_append_nano(cursor, exemplar->unix_ns);
    }
    *cursor++ = '\n';
    return cursor;
}

/* Since when a series counts; 0 is unknown. */
llmobsi_fn char* llmobsi_prometheus_created(llmobsi_writer* writer, char* cursor,
                                            const llmobs_metric_view* metric,
                                            const llmobs_point_view* point,
                                            llmobs_exposition exposition)
{
    if (exposition == LLMOBS_OPENMETRICS && point->start_unix_ns != 0) {
        cursor = llmobsi_prometheus_sample(writer, cursor, metric, point, "_created");
        cursor = llmobsi_append_nano(cursor, point->start_unix_ns);
        *cursor++ = '\n';
    }
    return cursor;
}

/* ---- exemplars ----------------------------------------------------------------------------- */

/* Those of a series that no line has had yet. */
typedef struct llmobsi_exemplars {
    const llmobs_exemplar_view* next;
    uint32_t left;
} llmobsi_exemplars;

llmobsi_inline llmobsi_exemplars llmobsi_exemplars_of(const llmobs_point_view* point,
                                                      llmobs_exposition exposition)
{
    bool shown = exposition == LLMOBS_OPENMETRICS && point->exemplars != NULL;
    llmobsi_exemplars exemplars;
    exemplars.next = point->exemplars;
    exemplars.left = shown ? point->exemplar_count : 0;
    return exemplars;
}

/* The newest of the next ones, of buckets up to this; NULL if there is none. */
llmobsi_inline const llmobs_exemplar_view* llmobsi_exemplar_up_to(llmobsi_exemplars* exemplars,
                                                                  uint32_t bucket)
{
    const llmobs_exemplar_view* newest = NULL;
    for (; exemplars->left > 0 && exemplars->next->bucket <= bucket; exemplars->left--) {
        if (newest == NULL || exemplars->next->unix_ns >= newest->unix_ns) {
            newest = exemplars->next;
        }
        exemplars->next++;
    }
    return newest;
}

/* The newest with a value above the one bound and up to the other: exponential buckets merge and
   move, and zero has none, but lines are cut at powers of two, which values can't be rounded
   across. */
llmobsi_inline const llmobs_exemplar_view* llmobsi_exemplar_within(llmobsi_exemplars exemplars,
                                                                   double above, double most)
{
    const llmobs_exemplar_view* newest = NULL;
    for (; exemplars.left > 0; exemplars.left--, exemplars.next++) {
        if (exemplars.next->value > above && exemplars.next->value <= most &&
            (newest == NULL || exemplars.next->unix_ns >= newest->unix_ns)) {
            newest = exemplars.next;
        }
    }
    return newest;
}

/* ---- histograms ---------------------------------------------------------------------------- */

/* A bucket's line up to its bound. */
llmobsi_inline char* llmobsi_prometheus_bucket(llmobsi_writer* writer, char* cursor,
                                               const llmobs_metric_view* metric,
                                               const llmobs_point_view* point)
{
    cursor = llmobsi_prometheus_begin(writer, cursor, metric, point, "_bucket");
    *cursor++ = point->labels.size > 0 ? ',' : '{';
    return llmobsi_append_text(cursor, "le=\"");
}

/* Behind the bound: how many values there are up to it. */
llmobsi_inline char* llmobsi_prometheus_below(char* cursor, uint64_t count,
                                              const llmobs_exemplar_view* exemplar)
{
    cursor = llmobsi_append_text(cursor, "\"} ");
    cursor = llmobsi_append_u64(cursor, count);
    return llmobsi_prometheus_finish(cursor, exemplar);
}

/* The lines after those of the bounds. */
llmobsi_fn char* llmobsi_prometheus_rest(llmobsi_writer* writer, char* cursor,
                                         const llmobs_metric_view* metric,
                                         const llmobs_point_view* point,
                                         const llmobs_exemplar_view* exemplar)
{
    cursor = llmobsi_prometheus_bucket(writer, cursor, metric, point);
    cursor = llmobsi_append_text(cursor, "+Inf");
    cursor = llmobsi_prometheus_below(cursor, point->count, exemplar);
    cursor = llmobsi_prometheus_sample(writer, cursor, metric, point, "_sum");
    cursor = llmobsi_prometheus_value(cursor, metric->number, point->value);
    *cursor++ = '\n';
    cursor = llmobsi_prometheus_sample(writer, cursor, metric, point, "_count");
    cursor = llmobsi_append_u64(cursor, point->count);
    *cursor++ = '\n';
    return cursor;
}

llmobsi_fn char* llmobsi_prometheus_explicit(llmobsi_writer* writer, char* cursor,
                                             const llmobs_metric_view* metric,
                                             const llmobs_point_view* point,
                                             llmobs_exposition exposition)
{
    llmobsi_exemplars exemplars = llmobsi_exemplars_of(point, exposition);
    uint64_t below = 0;
    uint32_t i;
    for (i = 0; i < metric->bound_count && !writer->failed; i++) {
        below += i < point->bucket_count ? point->bucket_counts[i] : 0;
        cursor = llmobsi_prometheus_bucket(writer, cursor, metric, point);
        cursor = llmobsi_append_bound(cursor, metric->bounds[i], exposition == LLMOBS_OPENMETRICS);
        cursor = llmobsi_prometheus_below(cursor, below, llmobsi_exemplar_up_to(&exemplars, i));
    }
    return llmobsi_prometheus_rest(writer, cursor, metric, point,
                                   llmobsi_exemplar_up_to(&exemplars, UINT32_MAX));
}

/* ---- exponential histograms, as classic ones with a bound at each power of two ------------- */

#define LLMOBS_I_SCALE_MOST 20 /* and at the least its opposite, as OTLP has them */

/* The exponent of the largest power of two that is not above a positive number; the least bucket
   holds what is below the normal numbers. */
llmobsi_fn int llmobsi_power_below(double number)
{
    int biased = (int)(llmobsi_double_bits(number) >> 52);
    return (biased > 0 ? biased : 1) - LLMOBS_I_DOUBLE_BIAS;
}

/* Powers of two, and how far the walk over the buckets below them has come. */
typedef struct llmobsi_powers {
    int next;
    int last;
    int64_t share; /* buckets from one to the next; or where the scale is negative, the reverse */
    uint32_t bucket;
    uint64_t below; /* values in the buckets that are behind it */
} llmobsi_powers;

/* From the one not above the least to the one not below the most of what was declared. */
llmobsi_fn llmobsi_powers llmobsi_powers_of(const llmobs_metric_view* metric,
                                            const llmobs_point_view* point)
{
    llmobsi_powers powers;
    powers.next = 0;
    powers.last = -1;
    powers.share = 1;
    powers.bucket = 0;
    powers.below = point->zero_count;
    if (llmobsi_is_positive(metric->least) && llmobsi_is_positive(metric->most) &&
        point->scale <= LLMOBS_I_SCALE_MOST && point->scale >= -LLMOBS_I_SCALE_MOST) {
        powers.share <<= point->scale < 0 ? -point->scale : point->scale;
        powers.next = llmobsi_power_below(metric->least);
        powers.last = llmobsi_power_below(metric->most);
        powers.last += powers.last < LLMOBS_I_DOUBLE_BIAS &&
                       llmobsi_exponential_bound(powers.last, 0) < metric->most;
    }
    return powers;
}

/* Goes on to the next power at which buckets end. False if there is none. */
llmobsi_fn bool llmobsi_powers_step(llmobsi_powers* powers, const llmobs_point_view* point,
                                    double* bound)
{
    int64_t end; /* the first bucket above the power */
    while (point->scale < 0 && powers->next % powers->share != 0) {
        powers->next++;
    }
    if (powers->next > powers->last) {
        return false;
    }
    end = point->scale < 0 ? powers->next / powers->share : powers->next * powers->share;
    for (; powers->bucket < point->bucket_count && point->offset + (int64_t)powers->bucket < end;
         powers->bucket++) {
        powers->below += point->bucket_counts[powers->bucket];
    }
    *bound = llmobsi_exponential_bound(powers->next++, 0);
    return true;
}

llmobsi_fn char* llmobsi_prometheus_exponential(llmobsi_writer* writer, char* cursor,
                                                const llmobs_metric_view* metric,
                                                const llmobs_point_view* point,
                                                llmobs_exposition exposition)
{
    llmobsi_exemplars exemplars = llmobsi_exemplars_of(point, exposition);
    llmobsi_powers powers = llmobsi_powers_of(metric, point);
    double above = -1.0;
    const double most = llmobsi_double_of(LLMOBS_I_DOUBLE_MOST);
    double bound;
    while (!writer->failed && llmobsi_powers_step(&powers, point, &bound)) {
        cursor = llmobsi_prometheus_bucket(writer, cursor, metric, point);
        cursor = llmobsi_append_bound(cursor, bound, exposition == LLMOBS_OPENMETRICS);
        cursor = llmobsi_prometheus_below(cursor, powers.below,
                                          llmobsi_exemplar_within(exemplars, above, bound));
        above = bound;
    }
    return llmobsi_prometheus_rest(writer, cursor, metric, point,
                                   llmobsi_exemplar_within(exemplars, above, most));
}

/* ---- series -------------------------------------------------------------------------------- */

/* All lines of one series. */
llmobsi_fn char* llmobsi_prometheus_point(llmobsi_writer* writer, char* cursor,
                                          const llmobs_metric_view* metric,
                                          const llmobs_point_view* point,
                                          llmobs_exposition exposition)
{
    llmobsi_exemplars exemplars;
    switch (metric->instrument) {
    case LLMOBS_COUNTER:
        exemplars = llmobsi_exemplars_of(point, exposition);
        cursor = llmobsi_prometheus_sample(writer, cursor, metric, point, "_total");
        cursor = llmobsi_prometheus_value(cursor, metric->number, point->value);
        cursor = llmobsi_prometheus_finish(cursor, llmobsi_exemplar_up_to(&exemplars, UINT32_MAX));
        break;
    case LLMOBS_HISTOGRAM:
        cursor = llmobsi_prometheus_explicit(writer, cursor, metric, point, exposition);
        break;
    case LLMOBS_HISTOGRAM_EXPONENTIAL:
        cursor = llmobsi_prometheus_exponential(writer, cursor, metric, point, exposition);
        break;
    default: /* gauges */
        cursor = llmobsi_prometheus_sample(writer, cursor, metric, point, "");
        cursor = llmobsi_prometheus_value(cursor, metric->number, point->value);
        *cursor++ = '\n';
        return cursor;
    }
    return llmobsi_prometheus_created(writer, cursor, metric, point, exposition);
}

/* ---- who measures -------------------------------------------------------------------------- */

/* A key's byte as a label's name may have it; 0 behind its end. */
llmobsi_fn char llmobsi_prometheus_key_byte(llmobs_string key, size_t place)
{
    if (place >= key.size) {
        return '\0';
    }
    return llmobsi_is_letter(key.data[place]) || llmobsi_is_digit(key.data[place]) ? key.data[place]
                                                                                 : '_';
}

/* A byte of the label's name. "key_" stands before what no name begins with: a digit, and "__",
   which is Prometheus' own. */
llmobsi_fn char llmobsi_prometheus_name_byte(llmobs_string key, size_t place)
{
    char first = llmobsi_prometheus_key_byte(key, 0);
    if (llmobsi_is_digit(first) ||
        (first == '_' && llmobsi_prometheus_key_byte(key, 1) == '_')) {
        if (place < 4) {
            return "key_"[place];
        }
        place -= 4;
    }
    return llmobsi_prometheus_key_byte(key, place);
}

llmobsi_fn bool llmobsi_prometheus_names_clash(llmobs_string a, llmobs_string b)
{
    size_t i = 0;
    char byte;
    do {
        byte = llmobsi_prometheus_name_byte(a, i);
        if (byte != llmobsi_prometheus_name_byte(b, i)) {
            return false;
        }
        i++;
    } while (byte != '\0');
    return true;
}

/* Whether an attribute becomes a label: lists do not, nor does a name that has come before. */
llmobsi_fn bool llmobsi_prometheus_is_label(const llmobs_resource_view* resource, uint32_t number)
{
    const llmobs_attribute_view* attributes = resource->attributes;
    uint32_t i;
    if (attributes[number].key.size == 0 || attributes[number].type == LLMOBS_TYPE_STRINGS) {
        return false;
    }
    for (i = 0; i < number; i++) {
        if (attributes[i].type != LLMOBS_TYPE_STRINGS &&
            llmobsi_prometheus_names_clash(attributes[i].key, attributes[number].key)) {
            return false;
        }
    }
    return true;
}

/* What stands between the quotes. */
llmobsi_fn char* llmobsi_prometheus_attribute(llmobsi_writer* writer, char* cursor,
                                              const llmobs_attribute_view* attribute)
{
    cursor = llmobsi_room(writer, cursor, LLMOBS_I_DOUBLE_ROOM);
    switch (attribute->type) {
    case LLMOBS_TYPE_STRING:
        return llmobsi_prometheus_escape(writer, cursor, attribute->value.string, true);
    case LLMOBS_TYPE_INT:
        return llmobsi_append_i64(cursor, attribute->value.integer);
    case LLMOBS_TYPE_DOUBLE:
        return llmobsi_prometheus_double(cursor, attribute->value.real);
    case LLMOBS_TYPE_BOOL:
        return attribute->value.boolean ? llmobsi_append_text(cursor, "true")
                                        : llmobsi_append_text(cursor, "false");
    case LLMOBS_TYPE_STRINGS:
        break;
    }
    return cursor;
}

llmobsi_fn char* llmobsi_prometheus_resource_labels(llmobsi_writer* writer, char* cursor,
                                                    const llmobs_resource_view* resource)
{
    char before = '{';
    uint32_t i;
    for (i = 0; i < resource->attribute_count && !writer->failed; i++) {
        llmobs_string key = resource->attributes[i].key;
        size_t place;
        char byte;
        if (!llmobsi_prometheus_is_label(resource, i)) {
            continue;
        }
        cursor = llmobsi_room(writer, cursor, 1);
        *cursor++ = before;
        before = ',';
        for (place = 0; (byte = llmobsi_prometheus_name_byte(key, place)) != '\0'; place++) {
            cursor = llmobsi_room(writer, cursor, 1);
            *cursor++ = byte;
        }
        cursor = llmobsi_room(writer, cursor, 2);
        cursor = llmobsi_append_text(cursor, "=\"");
        cursor = llmobsi_prometheus_attribute(writer, cursor, &resource->attributes[i]);
        cursor = llmobsi_room(writer, cursor, 2);
        *cursor++ = '"';
    }
    if (before == ',') {
        *cursor++ = '}';
    }
    return cursor;
}

/* The resource: a family of its own with one sample, whose labels say who measures. */
llmobsi_fn char* llmobsi_prometheus_target_info(llmobsi_writer* writer, char* cursor,
                                                const llmobs_resource_view* resource,
                                                llmobs_exposition exposition)
{
    cursor = llmobsi_room(writer, cursor, 128);
    cursor = exposition == LLMOBS_OPENMETRICS
                 ? llmobsi_append_text(cursor, "# TYPE target info\n"
                                               "# HELP target What the metrics are about.\n"
                                               "target_info")
                 : llmobsi_append_text(cursor, "# HELP target_info What the metrics are about.\n"
                                               "# TYPE target_info gauge\n"
                                               "target_info");
    cursor = llmobsi_prometheus_resource_labels(writer, cursor, resource);
    cursor = llmobsi_room(writer, cursor, 4);
    return llmobsi_append_text(cursor, " 1\n");
}

/* What stands behind all families. */
llmobsi_fn char* llmobsi_prometheus_end(llmobsi_writer* writer, char* cursor,
                                        llmobs_exposition exposition)
{
    if (exposition == LLMOBS_OPENMETRICS) {
        cursor = llmobsi_room(writer, cursor, 8);
        cursor = llmobsi_append_text(cursor, "# EOF\n");
    }
    return cursor;
}
