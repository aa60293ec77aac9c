/* The flight recorder: a file that holds what was recorded, as it is, so that it is there when the
   process is not. Its first part is the head: what a reader must know of the process and of the
   layout, written once; and what the tick keeps current, in two copies, of which one is whole. */

#define LLMOBS_I_FLIGHT_MAGIC "llmobs recorder" /* and its NUL */
#define LLMOBS_I_FLIGHT_RESOURCE 16384u

LLMOBS_I_STATIC_ASSERT(flight_magic, sizeof LLMOBS_I_FLIGHT_MAGIC == 16);

/* The fields of a config that the layout of the file depends on, and nothing else does. */
#define LLMOBS_I_FLIGHT_FIELDS(X) \
    X(span_slots)                 \
    X(max_threads)                \
    X(name_bytes)                 \
    X(metric_series)              \
    X(metric_bytes)               \
    X(max_metrics)                \
    X(exemplars)                  \
    X(max_exporters)              \
    X(queue_bytes)                \
    X(batch_bytes)                \
    X(recorder_history_bytes)

/* How stamps become times; what a timeline knows but for the host's clock. */
typedef struct llmobsi_line {
    uint32_t source;
    uint32_t knot_count;
    llmobsi_knot knots[LLMOBS_I_KNOTS];
} llmobsi_line;

typedef struct llmobsi_pulse {
    uint64_t stamp; /* when it was written */
    llmobsi_line line;
    llmobs_stats stats;
} llmobsi_pulse;

typedef struct llmobsi_flight_head {
    char magic[16]; /* written last */
    uint64_t build; /* see llmobsi_flight_build */
    uint64_t id;    /* of the file, random */
    uint64_t base;  /* the address at which the process has it */
    uint64_t bytes;
    uint64_t process;
    uint64_t process_start; /* in the system's ticks since it was started; 0: not known */
    uint64_t opened_unix_ns;
    uint64_t threshold; /* of sampling: see LLMOBS_I_FLAG_OWN_THRESHOLD */
    uint64_t names_seed; /* of the hashes of names, by which they can be checked */
#define LLMOBS_I_FLIGHT_FIELD(field) uint32_t field;
    LLMOBS_I_FLIGHT_FIELDS(LLMOBS_I_FLIGHT_FIELD)
#undef LLMOBS_I_FLIGHT_FIELD
    uint32_t resource_size;
    unsigned char resource[LLMOBS_I_FLIGHT_RESOURCE]; /* see llmobsi_flight_resource */
    uint64_t checksum;                                /* of all above */
    llmobsi_tally tally;                              /* from here on: the tick */
    llmobsi_atomic32 whole;                           /* which of the pulses is */
    llmobsi_pulse pulses[2];
} llmobsi_flight_head;

typedef struct llmobsi_flight {
    llmobsi_flight_head* head; /* mapped, as is all behind it; NULL: there is no file */
    size_t bytes;
    bool parted; /* a fork's child: the memory is private, and no file's */
    char path[LLMOBS_I_FILE_PATH];
} llmobsi_flight;

/* Of an instance; NULL: it was not asked for. In a fork's child the memory is there still, but no
   file. */
llmobsi_inline llmobsi_flight* llmobsi_flight_of(const llmobsi_instance* instance)
{
    return (llmobsi_flight*)instance->flight;
}

llmobsi_fn void llmobsi_flight_take(llmobsi_arena* arena, llmobsi_instance* instance)
{
    llmobsi_flight* flight = (llmobsi_flight*)llmobsi_arena_take(arena, 1, sizeof(llmobsi_flight));
    if (instance != NULL && flight != NULL) {
        memset((void*)flight, 0, sizeof *flight);
        instance->flight = flight;
    }
}

/* Stands for the version of the library and for how this build lays structures out: who reads a
   file must be built alike. */
llmobsi_fn uint64_t llmobsi_flight_build(void)
{
    const uint64_t facts[] = {LLMOBS_VERSION,           UINT64_C(0x0102030405060708),
                              sizeof(void*),            sizeof(llmobsi_flight_head),
                              sizeof(llmobsi_thread),   offsetof(llmobsi_thread, counts),
                              sizeof(llmobsi_slot),     sizeof(llmobsi_journal),
                              sizeof(llmobsi_history),
                              sizeof(llmobsi_name),     sizeof(llmobsi_metric),
                              sizeof(llmobsi_series),   sizeof(llmobsi_page),
                              sizeof(llmobsi_exemplar), offsetof(llmobsi_metric, cell_count),
                              offsetof(llmobsi_series, key),
                              llmobsi_hash64("llmobs recorder", 15, 1)};
    return llmobsi_hash64_own(facts, sizeof facts, 0);
}

/* What a reader checks first. */
llmobsi_fn uint64_t llmobsi_flight_checksum(const llmobsi_flight_head* head)
{
    return llmobsi_hash64_own((const char*)head + sizeof head->magic,
                              offsetof(llmobsi_flight_head, checksum) - sizeof head->magic, 0);
}

/* ---- what the tick keeps current ----------------------------------------------------------- */

llmobsi_fn void llmobsi_line_of(const llmobsi_timeline* timeline, llmobsi_line* line)
{
    line->source = (uint32_t)timeline->source;
    line->knot_count = timeline->knot_count;
    memcpy(line->knots, timeline->knots, timeline->knot_count * sizeof line->knots[0]);
}

/* Writes the copy that is not whole, and makes it that. Under the tick's lock. */
llmobsi_fn void llmobsi_flight_pulse(llmobsi_instance* instance)
{
    llmobsi_flight* flight = llmobsi_flight_of(instance);
    llmobsi_flight_head* head = flight != NULL ? flight->head : NULL;
    uint32_t next;
    if (head == NULL) {
        return;
    }
    next = 1 - (llmobsi_load_relaxed(&head->whole) & 1u);
    llmobsi_line_of(&instance->collector.recorder.timeline, &head->pulses[next].line);
    llmobsi_stats_fill(instance, &head->pulses[next].stats);
    head->pulses[next].stamp = llmobsi_now(&instance->collector.recorder.timeline);
    llmobsi_compiler_barrier();
    llmobsi_store_release(&head->whole, next);
}
