/* Batches as bytes: back in. The bytes are taken for hostile: no count and no size is believed
   before what is left could have it, and nothing is written but to the memory given. Views are
   built as the packer builds them, at the front; what they point to comes from the back.

   What does not fit is left for another time: with `skip`, reading goes on behind what was had
   already. A unit of that is an item: a span, a log record or a point. */

typedef enum llmobsi_unpack_result {
    LLMOBS_I_UNPACK_WHOLE, /* nothing is left                                              */
    LLMOBS_I_UNPACK_PART,  /* the memory is full                                           */
    LLMOBS_I_UNPACK_NONE,  /* not one item fits                                            */
    LLMOBS_I_UNPACK_WRONG  /* these bytes are no batch, or one of another version, or they
                              could not be got                                             */
} llmobsi_unpack_result;

typedef struct llmobsi_unpacker {
    const unsigned char* at; /* what is at hand */
    const unsigned char* end;
    uint64_t behind; /* bytes that `fill` brings; it takes them off, and moves `at` and `end` */
    bool (*fill)(struct llmobsi_unpacker* unpacker);
    void* user;
    bool wrong;
    bool full;
    uint64_t skip; /* items to go, then 0 */
    uint64_t items; /* that are had */
    llmobsi_packed_counts counts; /* as the batch says */
    llmobsi_packer packer;
    uint32_t name_count;
    llmobs_string names[LLMOBS_I_PACKED_NAMES];
} llmobsi_unpacker;

llmobsi_inline bool llmobsi_unpack_goes_on(const llmobsi_unpacker* in)
{
    return !in->wrong && !in->full;
}

/* ---- numbers ------------------------------------------------------------------------------- */

llmobsi_fn uint64_t llmobsi_unpack_left(const llmobsi_unpacker* in)
{
    return in->behind + (uint64_t)(in->end - in->at);
}

/* Zeros, when it is wrong. Once the memory is full nothing is read: some bytes were passed over. */
llmobsi_fn void llmobsi_unpack_bytes(llmobsi_unpacker* in, void* out, size_t size)
{
    unsigned char* to = (unsigned char*)out;
    in->wrong |= !in->full && size > llmobsi_unpack_left(in);
    while (size > 0 && llmobsi_unpack_goes_on(in)) {
        size_t here = (size_t)(in->end - in->at);
        here = here < size ? here : size;
        if (here > 0) {
            memcpy(to, in->at, here);
        }
        in->at += here;
        to += here;
        size -= here;
        in->wrong = size > 0 && !in->fill(in);
    }
    memset(to, 0, size);
}

llmobsi_fn uint64_t llmobsi_unpack_word(llmobsi_unpacker* in)
{
    unsigned char bytes[8];
    llmobsi_unpack_bytes(in, bytes, sizeof bytes);
    return llmobsi_load_le64(bytes);
}

llmobsi_fn double llmobsi_unpack_double(llmobsi_unpacker* in)
{
    return llmobsi_double_of(llmobsi_unpack_word(in));
}

/* At most `most`; 0, when it is not, or wrong, or full. */
llmobsi_fn uint64_t llmobsi_unpack_number(llmobsi_unpacker* in, uint64_t most)
{
    uint64_t number = 0;
    unsigned shift = 0;
    unsigned char byte = 0x80;
    for (; (byte & 0x80) != 0 && shift < 64 && llmobsi_unpack_goes_on(in); shift += 7) {
        if (in->at != in->end) {
            byte = *in->at++;
        } else {
            llmobsi_unpack_bytes(in, &byte, 1);
        }
        in->wrong |= shift == 63 && byte > 1; /* it has 64 bits */
        number |= (uint64_t)(byte & 0x7f) << shift;
    }
    in->wrong |= number > most;
    return llmobsi_unpack_goes_on(in) ? number : 0;
}

/* As one of an enumeration. The sum is there for compilers that warn of a cast of a call. */
#define llmobsi_unpack_as(type, in, most) ((type)(llmobsi_unpack_number(in, most) + 0u))

llmobsi_fn uint32_t llmobsi_unpack_u32(llmobsi_unpacker* in)
{
    return (uint32_t)llmobsi_unpack_number(in, UINT32_MAX);
}

/* Of things that take at least so many bytes each. */
llmobsi_fn uint32_t llmobsi_unpack_count(llmobsi_unpacker* in, uint32_t least)
{
    uint64_t most = llmobsi_unpack_left(in) / least;
    return (uint32_t)llmobsi_unpack_number(in, most < UINT32_MAX ? most : UINT32_MAX);
}

/* ---- memory and texts ---------------------------------------------------------------------- */

/* Room for an array; NULL: there is none, or nothing to put there. */
llmobsi_fn void* llmobsi_unpack_take(llmobsi_unpacker* in, uint32_t count, size_t size)
{
    llmobsi_packer* packer = &in->packer;
    void* place = NULL;
    if (count > 0 && llmobsi_unpack_goes_on(in)) {
        if (count <= (packer->back - packer->front) / size) {
            place = llmobsi_packer_take(packer, count * size, size == 1 ? 1 : 8);
        }
        in->full = place == NULL;
    }
    return place;
}

/* The next view at the front, zeroed. */
llmobsi_fn void* llmobsi_unpack_view(llmobsi_unpacker* in, size_t size)
{
    llmobsi_packer* packer = &in->packer;
    void* view = packer->memory + packer->front;
    if (!llmobsi_unpack_goes_on(in) || packer->back - packer->front < size) {
        in->full = true;
        return NULL;
    }
    packer->front += size;
    memset(view, 0, size);
    return view;
}

/* As written, or repaired where that was no UTF-8. Empty, when there is none. */
llmobsi_fn llmobs_string llmobsi_unpack_text(llmobsi_unpacker* in)
{
    uint32_t size = llmobsi_unpack_count(in, 1);
    llmobs_string text;
    char* copy;
    text.data = llmobsi_empty;
    text.size = 0;
    if (size >= UINT32_MAX / 3) {
        in->wrong = true;
    }
    copy = (char*)llmobsi_unpack_take(in, size > 0 ? size + 1 : 0, 1);
    if (copy == NULL) {
        return text;
    }
    llmobsi_unpack_bytes(in, copy, size);
    copy[size] = '\0';
    if (llmobsi_utf8_is_valid(copy, size)) {
        text.data = copy;
        text.size = size;
    } else {
        in->full |= !llmobsi_packer_string(&in->packer, (const unsigned char*)copy, size, &text);
    }
    return text;
}

llmobsi_fn const llmobs_string* llmobsi_unpack_texts(llmobsi_unpacker* in, uint32_t* count)
{
    uint32_t wanted = llmobsi_unpack_count(in, 1);
    llmobs_string* texts = (llmobs_string*)llmobsi_unpack_take(in, wanted, sizeof *texts);
    *count = 0;
    while (texts != NULL && *count < wanted && llmobsi_unpack_goes_on(in)) {
        texts[(*count)++] = llmobsi_unpack_text(in);
    }
    return texts;
}

llmobsi_fn llmobs_string llmobsi_unpack_name(llmobsi_unpacker* in)
{
    uint64_t number = llmobsi_unpack_number(in, in->name_count);
    return number > 0 ? in->names[number - 1] : llmobsi_unpack_text(in);
}

/* ---- attributes ---------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_unpack_attribute(llmobsi_unpacker* in, llmobs_attribute_view* view)
{
    memset(view, 0, sizeof *view);
    view->key = llmobsi_unpack_name(in);
    view->type = llmobsi_unpack_as(llmobs_type, in, LLMOBS_TYPE_STRINGS);
    switch (view->type) {
        case LLMOBS_TYPE_STRING:
            view->value.string = llmobsi_unpack_text(in);
            break;
        case LLMOBS_TYPE_STRINGS:
            view->value.strings = llmobsi_unpack_texts(in, &view->count);
            break;
        case LLMOBS_TYPE_BOOL:
            view->value.boolean = llmobsi_unpack_number(in, 1) != 0;
            break;
        case LLMOBS_TYPE_DOUBLE:
            view->value.real = llmobsi_unpack_double(in);
            break;
        case LLMOBS_TYPE_INT:
            view->value.integer = (int64_t)llmobsi_unpack_word(in);
            break;
    }
}

#define LLMOBS_I_ATTRIBUTE_LEAST 3u /* bytes: a name, a type, a value */

llmobsi_fn const llmobs_attribute_view* llmobsi_unpack_attributes(llmobsi_unpacker* in,
                                                                  uint32_t* count)
{
    uint32_t wanted = llmobsi_unpack_count(in, LLMOBS_I_ATTRIBUTE_LEAST);
    llmobs_attribute_view* views =
        (llmobs_attribute_view*)llmobsi_unpack_take(in, wanted, sizeof *views);
    *count = 0;
    while (views != NULL && *count < wanted && llmobsi_unpack_goes_on(in)) {
        llmobsi_unpack_attribute(in, &views[(*count)++]);
    }
    return views;
}

/* ---- spans --------------------------------------------------------------------------------- */

#define LLMOBS_I_EVENT_LEAST 11u
#define LLMOBS_I_LINK_LEAST 28u
#define LLMOBS_I_SPAN_LEAST 61u

llmobsi_fn void llmobsi_unpack_event(llmobsi_unpacker* in, llmobs_event_view* event)
{
    memset(event, 0, sizeof *event);
    event->name = llmobsi_unpack_name(in);
    event->unix_ns = llmobsi_unpack_word(in);
    event->dropped_attribute_count = llmobsi_unpack_u32(in);
    event->attributes = llmobsi_unpack_attributes(in, &event->attribute_count);
}

llmobsi_fn void llmobsi_unpack_link(llmobsi_unpacker* in, llmobs_link_view* link)
{
    memset(link, 0, sizeof *link);
    llmobsi_unpack_bytes(in, link->trace_id, sizeof link->trace_id);
    llmobsi_unpack_bytes(in, link->span_id, sizeof link->span_id);
    link->flags = llmobsi_unpack_u32(in);
    link->dropped_attribute_count = llmobsi_unpack_u32(in);
    link->trace_state = llmobsi_unpack_text(in);
    link->attributes = llmobsi_unpack_attributes(in, &link->attribute_count);
}

llmobsi_fn void llmobsi_unpack_events(llmobsi_unpacker* in, llmobs_span_view* span)
{
    uint32_t count = llmobsi_unpack_count(in, LLMOBS_I_EVENT_LEAST);
    llmobs_event_view* events = (llmobs_event_view*)llmobsi_unpack_take(in, count, sizeof *events);
    span->events = events;
    while (events != NULL && span->event_count < count && llmobsi_unpack_goes_on(in)) {
        llmobsi_unpack_event(in, &events[span->event_count++]);
    }
}

llmobsi_fn void llmobsi_unpack_links(llmobsi_unpacker* in, llmobs_span_view* span)
{
    uint32_t count = llmobsi_unpack_count(in, LLMOBS_I_LINK_LEAST);
    llmobs_link_view* links = (llmobs_link_view*)llmobsi_unpack_take(in, count, sizeof *links);
    span->links = links;
    while (links != NULL && span->link_count < count && llmobsi_unpack_goes_on(in)) {
        llmobsi_unpack_link(in, &links[span->link_count++]);
    }
}

llmobsi_fn void llmobsi_unpack_span(llmobsi_unpacker* in)
{
    llmobs_span_view* span = (llmobs_span_view*)llmobsi_unpack_view(in, sizeof *span);
    if (span == NULL) {
        return;
    }
    llmobsi_unpack_bytes(in, span->trace_id, sizeof span->trace_id);
    llmobsi_unpack_bytes(in, span->span_id, sizeof span->span_id);
    llmobsi_unpack_bytes(in, span->parent_span_id, sizeof span->parent_span_id);
    span->start_unix_ns = llmobsi_unpack_word(in);
    span->end_unix_ns = llmobsi_unpack_word(in);
    span->kind = llmobsi_unpack_as(llmobs_kind, in, LLMOBS_KIND_CONSUMER);
    span->status = llmobsi_unpack_as(llmobs_status, in, LLMOBS_STATUS_ERROR);
    span->flags = llmobsi_unpack_u32(in);
    span->thread = llmobsi_unpack_u32(in);
    span->dropped_attribute_count = llmobsi_unpack_u32(in);
    span->dropped_event_count = llmobsi_unpack_u32(in);
    span->dropped_link_count = llmobsi_unpack_u32(in);
    span->name = llmobsi_unpack_name(in);
    span->trace_state = llmobsi_unpack_text(in);
    span->status_message = llmobsi_unpack_text(in);
    span->attributes = llmobsi_unpack_attributes(in, &span->attribute_count);
    llmobsi_unpack_events(in, span);
    llmobsi_unpack_links(in, span);
}

/* ---- log records --------------------------------------------------------------------------- */

#define LLMOBS_I_SEVERITY_MOST 24u /* OpenTelemetry's */
#define LLMOBS_I_LOG_LEAST 48u

llmobsi_fn const llmobs_interaction* llmobsi_unpack_interaction(llmobsi_unpacker* in)
{
    llmobs_interaction* interaction =
        (llmobs_interaction*)llmobsi_unpack_take(in, 1, sizeof *interaction);
    llmobsi_interaction_parts parts;
    uint32_t count;
    uint32_t i;
    if (interaction == NULL) {
        return NULL;
    }
    *interaction = llmobs_interaction_default();
    interaction->unix_ns = llmobsi_unpack_word(in);
    interaction->severity = llmobsi_unpack_as(llmobs_severity, in, LLMOBS_I_SEVERITY_MOST);
    interaction->guardrails_passed = llmobsi_unpack_number(in, 1) != 0;
    interaction->cost_known = llmobsi_unpack_number(in, 1) != 0;
    interaction->provenance =
        llmobsi_unpack_as(llmobs_provenance, in, LLMOBS_USAGE_ESTIMATED);
    interaction->guardrails_triggered = llmobsi_unpack_texts(in, &count);
    interaction->guardrail_count = count;
    for (i = 0; i < LLMOBS_I_INTERACTION_TEXTS; i++) {
        parts.texts[i] = llmobsi_unpack_text(in);
    }
    for (i = 0; i < LLMOBS_I_INTERACTION_NUMBERS; i++) {
        parts.numbers[i] = (int64_t)(llmobsi_unpack_number(in, UINT64_MAX) - 1);
    }
    llmobsi_interaction_set_parts(interaction, &parts);
    return interaction;
}

llmobsi_fn void llmobsi_unpack_log(llmobsi_unpacker* in)
{
    llmobs_log_view* log = (llmobs_log_view*)llmobsi_unpack_view(in, sizeof *log);
    uint32_t vocabulary;
    if (log == NULL) {
        return;
    }
    llmobsi_unpack_bytes(in, log->trace_id, sizeof log->trace_id);
    llmobsi_unpack_bytes(in, log->span_id, sizeof log->span_id);
    log->unix_ns = llmobsi_unpack_word(in);
    log->observed_unix_ns = llmobsi_unpack_word(in);
    log->severity = llmobsi_unpack_as(llmobs_severity, in, LLMOBS_I_SEVERITY_MOST);
    log->flags = llmobsi_unpack_u32(in);
    log->thread = llmobsi_unpack_u32(in);
    log->dropped_attribute_count = llmobsi_unpack_u32(in);
    log->event_name = llmobsi_unpack_name(in);
    log->body = llmobsi_unpack_text(in);
    log->attributes = llmobsi_unpack_attributes(in, &log->attribute_count);
    vocabulary = (uint32_t)llmobsi_unpack_number(in, 1 + LLMOBS_I_VOCABULARIES);
    if (vocabulary != 0) {
        log->vocabulary = vocabulary - 1;
        log->interaction = llmobsi_unpack_interaction(in);
    }
}

/* ---- metrics ------------------------------------------------------------------------------- */

#define LLMOBS_I_EXEMPLAR_LEAST 41u
#define LLMOBS_I_POINT_LEAST 48u
#define LLMOBS_I_METRIC_LEAST 25u

llmobsi_fn llmobs_value llmobsi_unpack_value(llmobsi_unpacker* in)
{
    uint64_t bits = llmobsi_unpack_word(in);
    llmobs_value value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

llmobsi_fn void llmobsi_unpack_buckets(llmobsi_unpacker* in, llmobs_point_view* point)
{
    uint32_t count = llmobsi_unpack_count(in, 1);
    uint64_t* counts = (uint64_t*)llmobsi_unpack_take(in, count, sizeof *counts);
    point->bucket_counts = counts;
    while (counts != NULL && point->bucket_count < count && llmobsi_unpack_goes_on(in)) {
        counts[point->bucket_count++] = llmobsi_unpack_number(in, UINT64_MAX);
    }
}

llmobsi_fn void llmobsi_unpack_exemplars(llmobsi_unpacker* in, llmobs_point_view* point)
{
    uint32_t count = llmobsi_unpack_count(in, LLMOBS_I_EXEMPLAR_LEAST);
    llmobs_exemplar_view* exemplars =
        (llmobs_exemplar_view*)llmobsi_unpack_take(in, count, sizeof *exemplars);
    point->exemplars = exemplars;
    while (exemplars != NULL && point->exemplar_count < count && llmobsi_unpack_goes_on(in)) {
        llmobs_exemplar_view* exemplar = &exemplars[point->exemplar_count++];
        memset(exemplar, 0, sizeof *exemplar);
        llmobsi_unpack_bytes(in, exemplar->trace_id, sizeof exemplar->trace_id);
        llmobsi_unpack_bytes(in, exemplar->span_id, sizeof exemplar->span_id);
        exemplar->value = llmobsi_unpack_double(in);
        exemplar->unix_ns = llmobsi_unpack_word(in);
        exemplar->bucket = llmobsi_unpack_u32(in);
    }
}

llmobsi_fn void llmobsi_unpack_point(llmobsi_unpacker* in, const llmobs_metric_view* metric)
{
    llmobs_point_view* point = (llmobs_point_view*)llmobsi_unpack_view(in, sizeof *point);
    if (point == NULL) {
        return;
    }
    point->attributes = llmobsi_unpack_attributes(in, &point->attribute_count);
    point->labels = llmobsi_unpack_text(in);
    point->start_unix_ns = llmobsi_unpack_word(in);
    point->time_unix_ns = llmobsi_unpack_word(in);
    point->value = llmobsi_unpack_value(in);
    point->min = llmobsi_unpack_value(in);
    point->max = llmobsi_unpack_value(in);
    point->count = llmobsi_unpack_number(in, UINT64_MAX);
    point->zero_count = llmobsi_unpack_number(in, UINT64_MAX);
    point->scale = (int32_t)llmobsi_unpack_u32(in);
    point->offset = (int32_t)llmobsi_unpack_u32(in);
    llmobsi_unpack_buckets(in, point);
    llmobsi_unpack_exemplars(in, point);
    /* Readers of explicit buckets go by the bounds. */
    in->wrong |= !in->full && metric->instrument == LLMOBS_HISTOGRAM && point->bucket_count != 0 &&
                 point->bucket_count != metric->bound_count + 1;
}

/* All of it but its points. Returns how many those are. */
llmobsi_fn uint32_t llmobsi_unpack_metric(llmobsi_unpacker* in, llmobs_metric_view* metric)
{
    uint32_t count;
    double* bounds;
    memset(metric, 0, sizeof *metric);
    metric->name = llmobsi_unpack_text(in);
    metric->help = llmobsi_unpack_text(in);
    metric->unit = llmobsi_unpack_text(in);
    metric->family = llmobsi_unpack_text(in);
    metric->instrument =
        llmobsi_unpack_as(llmobs_instrument, in, LLMOBS_HISTOGRAM_EXPONENTIAL);
    in->wrong |= !in->full && (int)metric->instrument < (int)LLMOBS_COUNTER;
    metric->number = llmobsi_unpack_as(llmobs_number, in, LLMOBS_NUMBER_DOUBLE);
    metric->temporality =
        llmobsi_unpack_as(llmobs_temporality, in, LLMOBS_TEMPORALITY_CUMULATIVE);
    metric->least = llmobsi_unpack_double(in);
    metric->most = llmobsi_unpack_double(in);
    count = llmobsi_unpack_count(in, 8);
    bounds = (double*)llmobsi_unpack_take(in, count, sizeof *bounds);
    metric->bounds = bounds;
    while (bounds != NULL && metric->bound_count < count && llmobsi_unpack_goes_on(in)) {
        bounds[metric->bound_count++] = llmobsi_unpack_double(in);
    }
    metric->points = (const llmobs_point_view*)(const void*)(in->packer.memory + in->packer.front);
    return llmobsi_unpack_count(in, LLMOBS_I_POINT_LEAST);
}

/* ---- items, one by one --------------------------------------------------------------------- */

/* After an item. One that was to be skipped gives its memory back, as does one that does not fit.
   False: that was the last. */
llmobsi_fn bool llmobsi_unpack_item(llmobsi_unpacker* in, const llmobsi_packer* before,
                                    size_t* count)
{
    if (llmobsi_unpack_goes_on(in) && in->skip == 0) {
        (*count)++;
        in->items++;
        return true;
    }
    in->packer = *before;
    if (llmobsi_unpack_goes_on(in)) {
        in->skip--;
        return true;
    }
    return false;
}

llmobsi_fn void llmobsi_unpack_spans(llmobsi_unpacker* in, llmobs_batch* batch)
{
    uint64_t i;
    bool more = llmobsi_unpack_goes_on(in);
    batch->spans =
        (const llmobs_span_view*)(const void*)(in->packer.memory + in->packer.front);
    for (i = 0; i < in->counts.spans && more; i++) {
        const llmobsi_packer before = in->packer;
        llmobsi_unpack_span(in);
        more = llmobsi_unpack_item(in, &before, &batch->span_count);
    }
}

llmobsi_fn void llmobsi_unpack_logs(llmobsi_unpacker* in, llmobs_batch* batch)
{
    uint64_t i;
    bool more = llmobsi_unpack_goes_on(in);
    batch->logs = (const llmobs_log_view*)(const void*)(in->packer.memory + in->packer.front);
    for (i = 0; i < in->counts.logs && more; i++) {
        const llmobsi_packer before = in->packer;
        llmobsi_unpack_log(in);
        more = llmobsi_unpack_item(in, &before, &batch->log_count);
    }
}

/* The views of metrics come first, with room for all, and behind them their points. A metric all of
   whose points were had before is passed over. */
llmobsi_fn void llmobsi_unpack_metrics(llmobsi_unpacker* in, llmobs_batch* batch)
{
    llmobs_metric_view* metrics =
        (llmobs_metric_view*)(void*)(in->packer.memory + in->packer.front);
    const size_t room = in->packer.back - in->packer.front;
    uint64_t points = 0;
    uint64_t i;
    bool more = llmobsi_unpack_goes_on(in);
    if (more && in->counts.metrics > room / sizeof *metrics) {
        in->full = true;
        return;
    }
    batch->metrics = metrics;
    in->packer.front += more ? (size_t)in->counts.metrics * sizeof *metrics : 0;
    for (i = 0; i < in->counts.metrics && more; i++) {
        const llmobsi_packer whole = in->packer;
        llmobs_metric_view* metric = &metrics[batch->metric_count];
        const bool skipping = in->skip > 0;
        uint32_t count = llmobsi_unpack_metric(in, metric);
        uint32_t point;
        more = llmobsi_unpack_goes_on(in);
        for (point = 0; point < count && more; point++) {
            const llmobsi_packer before = in->packer;
            llmobsi_unpack_point(in, metric);
            more = llmobsi_unpack_item(in, &before, &metric->point_count);
        }
        points += count;
        if (metric->point_count > 0 || (more && !skipping && count == 0)) {
            batch->metric_count++;
        } else {
            in->packer = whole;
        }
    }
    in->wrong |= llmobsi_unpack_goes_on(in) && points != in->counts.points;
}

/* ---- a batch ------------------------------------------------------------------------------- */

/* So many things of at least so many bytes each. */
llmobsi_fn uint64_t llmobsi_unpack_total(llmobsi_unpacker* in, uint32_t least)
{
    return llmobsi_unpack_number(in, llmobsi_unpack_left(in) / least);
}

llmobsi_fn void llmobsi_unpack_begin(llmobsi_unpacker* in, llmobs_batch* batch)
{
    unsigned char version;
    uint32_t count;
    llmobsi_unpack_bytes(in, &version, 1);
    in->wrong |= version != LLMOBS_I_PACKED_VERSION;
    batch->id = llmobsi_unpack_word(in);
    batch->lost_before = llmobsi_unpack_number(in, UINT64_MAX);
    in->counts.spans = llmobsi_unpack_total(in, LLMOBS_I_SPAN_LEAST);
    in->counts.logs = llmobsi_unpack_total(in, LLMOBS_I_LOG_LEAST);
    in->counts.metrics = llmobsi_unpack_total(in, LLMOBS_I_METRIC_LEAST);
    in->counts.points = llmobsi_unpack_total(in, LLMOBS_I_POINT_LEAST);
    count = llmobsi_unpack_count(in, 1);
    in->wrong |= count > LLMOBS_I_PACKED_NAMES;
    while (in->name_count < count && llmobsi_unpack_goes_on(in)) {
        in->names[in->name_count++] = llmobsi_unpack_text(in);
    }
}

llmobsi_fn llmobsi_unpack_result llmobsi_unpack_verdict(const llmobsi_unpacker* in)
{
    if (in->wrong || (!in->full && (in->skip > 0 || llmobsi_unpack_left(in) > 0))) {
        return LLMOBS_I_UNPACK_WRONG;
    }
    if (!in->full) {
        return LLMOBS_I_UNPACK_WHOLE;
    }
    return in->items > 0 ? LLMOBS_I_UNPACK_PART : LLMOBS_I_UNPACK_NONE;
}

/* Reads from where `in` is set to: `at`, `end`, `behind`, `fill` and `user`. `memory` is aligned to
   64. What the batch then has, from its item `skip` on, lives there, and `items` are so many; a
   wrong one has nothing. attempt and token are 0. */
llmobsi_fn llmobsi_unpack_result llmobsi_unpack(llmobsi_unpacker* in, uint64_t skip,
                                                unsigned char* memory, size_t size,
                                                llmobs_batch* batch)
{
    llmobs_resource_view* resource;
    llmobsi_unpack_result result;
    in->wrong = in->full = false;
    in->skip = skip;
    in->items = 0;
    in->name_count = 0;
    in->packer.memory = memory;
    llmobsi_packer_reset(&in->packer, size);
    memset(batch, 0, sizeof *batch);
    batch->size = sizeof *batch;
    llmobsi_unpack_begin(in, batch);
    resource = (llmobs_resource_view*)llmobsi_unpack_take(in, 1, sizeof *resource);
    batch->resource = resource;
    if (resource != NULL) {
        resource->attributes = llmobsi_unpack_attributes(in, &resource->attribute_count);
    }
    llmobsi_unpack_spans(in, batch);
    llmobsi_unpack_logs(in, batch);
    llmobsi_unpack_metrics(in, batch);
    result = llmobsi_unpack_verdict(in);
    if (result == LLMOBS_I_UNPACK_WRONG || result == LLMOBS_I_UNPACK_NONE) {
        memset(batch, 0, sizeof *batch);
        batch->size = sizeof *batch;
        in->items = 0;
    }
    return result;
}
