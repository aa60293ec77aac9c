/* The detectors of an instance: what they are, what of them is where. Two sides meet in each:
   whoever adds, under the detector's lock, to what is open; and who makes runs, one at a time and
   mostly without that lock, on what is closed. Vectors lie on pages of their own. */

#define LLMOBS_I_DETECTOR_TEXT 129u    /* of a feature or a model, with its NUL */
#define LLMOBS_I_DETECTOR_VOTERS 8192u /* groups, sessions that a window expects */
#define LLMOBS_I_DETECTOR_KNOWN 16u    /* models and fingerprints that are remembered, of each */
#define LLMOBS_I_DETECTOR_CHANGES 4u   /* runs in a period that new ones of them may start */
#define LLMOBS_I_DETECTOR_AFTER 200u   /* votes after a change that are worth a run */
#define LLMOBS_I_DETECTOR_RUN_LENGTH 100000.0 /* embeddings between two false early warnings */
#define LLMOBS_I_DETECTOR_SEED UINT64_C(0x6c6c6d6f62732d64)
#define LLMOBS_I_DETECTOR_TESTS 6u
#define LLMOBS_I_DETECTOR_VERDICTS 5u
#define LLMOBS_I_DETECTOR_FOLDER 2001u /* bytes of its path, with the NUL */
#define LLMOBS_I_NO_PERIOD INT64_MIN

typedef struct llmobsi_detector_info {
    char name[LLMOBS_DRIFT_NAME_SIZE]; /* texts: zeros behind them */
    char feature[LLMOBS_I_DETECTOR_TEXT];
    char model[LLMOBS_I_DETECTOR_TEXT];
    char embedder[LLMOBS_EMBEDDER_SIZE];
    double alpha;
    double least_change;
    uint32_t windows;
    uint32_t least_votes;
    uint32_t least_baseline;
    uint32_t interval_s;
    bool all_features;
    bool all_models;
    bool no_requests;
} llmobsi_detector_info;

/* Hashes of what was seen lately, the latest first. */
typedef struct llmobsi_detector_known {
    uint64_t seen[LLMOBS_I_DETECTOR_KNOWN];
    uint32_t count;
} llmobsi_detector_known;

/* What became of what was added since the run before. */
typedef struct llmobsi_detector_tally {
    uint64_t early_warnings;
    uint64_t repeated;
    uint64_t mismatched;
    uint64_t unusable;
} llmobsi_detector_tally;

/* Metrics, inert where there are none. */
typedef struct llmobsi_detector_series {
    llmobs_gauge score;
    llmobs_gauge p[LLMOBS_I_DETECTOR_TESTS];
    llmobs_counter runs[LLMOBS_I_DETECTOR_VERDICTS];
    llmobs_counter early_warnings;
} llmobsi_detector_series;

/* A period that is over, or the one under way. */
typedef struct llmobsi_detector_day {
    int64_t number; /* LLMOBS_I_NO_PERIOD: it is empty */
    uint64_t answer_count;
    llmobs_drift_counts answers;
    llmobs_drift_sample* sample; /* NULL: there are no embeddings */
} llmobsi_detector_day;

typedef struct llmobsi_detector {
    llmobsi_detector_info info; /* this and the next: whoever defines it, before others see it */
    llmobsi_detector_series series;
    llmobsi_lock lock; /* no other is taken under it. All from here on to `report` */
    int64_t period;    /* that is under way. Who makes runs writes */
    uint64_t from_unix_ns; /* what is open came from then on */
    llmobs_drift_window* window; /* open; NULL: there is no baseline */
    const llmobs_drift_baseline* baseline; /* that it is of */
    llmobs_cusum cusum;
    llmobs_drift_sample* sample; /* of what came since the run before; NULL: no embeddings */
    llmobs_drift_counts answers; /* likewise */
    llmobs_drift_window* voters; /* sessions that voted with an answer */
    uint64_t answer_count;       /* that voted */
    llmobsi_detector_tally tally;
    llmobsi_detector_known models;
    llmobsi_detector_known fingerprints;
    uint32_t changes; /* that started a run in this period */
    bool asked;       /* a run is wanted, */
    bool by_host;     /* by llmobs_drift_run_now, */
    char reason[LLMOBS_DRIFT_REASON_SIZE]; /* for this */
    char after[LLMOBS_DRIFT_REASON_SIZE]; /* what the next run shall say, after a change; or "" */
    bool anew;        /* and then everything is to be forgotten */
    llmobs_drift_report report; /* of the last run */
    llmobsi_atomic64 due_s; /* Unix time of the end of the period; 0: at once. Its runner and who
                               wants a run write, any reads */
    /* From here on: who makes runs. */
    bool loaded;   /* its file was looked at */
    uint32_t alarms; /* in a row */
    uint64_t runs;
    uint32_t side;   /* of the next two: that in use */
    void* baselines[2];
    uint32_t opened; /* likewise */
    void* windows[2];
    llmobs_drift_sample* taken;  /* what was open */
    llmobsi_detector_day today;  /* of the period, what runs took */
    llmobsi_detector_day* days;  /* the ring: a day's place is its number % day_count */
} llmobsi_detector;

/* Sizes that follow from the config. */
typedef struct llmobsi_detector_sizes {
    uint32_t dimension; /* 0: no embeddings; then all of these are 0, but for `days` and `voters` */
    uint32_t prototypes;
    uint32_t days;
    uint32_t room; /* of a day's sample */
    size_t sample;
    size_t merged;
    size_t baseline;
    size_t window;
    size_t fit;
    size_t voters;
} llmobsi_detector_sizes;

typedef struct llmobsi_detectors {
    llmobsi_detector* detectors; /* this and what stands up to `lock`: open writes */
    uint32_t limit;
    llmobsi_detector_sizes sizes;
    int32_t offset_s; /* of the time zone */
    llmobs_drift_fn tell;
    void* user;
    unsigned char* pages; /* vectors, and what is made of them */
    size_t page_bytes;
    llmobsi_lock lock;     /* one defines at a time. No other lock is taken under it */
    llmobsi_atomic32 count; /* those below it are defined; under the lock, any reads */
    llmobsi_atomic32 running; /* one makes runs at a time: who has raised it */
    llmobsi_atomic32 stopping; /* close raises it: fits end */
    llmobs_drift_sample* merged; /* this and the next two: who makes runs, for one at a time */
    void* fit;
    llmobs_drift_counts before;
    llmobsi_lock call; /* where who makes runs sleeps. No other lock is taken under it */
    llmobsi_os_thread thread;
    bool has_thread; /* this and `thread`: open writes */
    bool wanted;     /* there may be something to do; this and the next three: under `call` */
    bool stop;
    bool ended;
    bool left;
    char folder[LLMOBS_I_DETECTOR_FOLDER]; /* where files are; "": none are kept. Open writes */
    llmobsi_atomic64 saved; /* files written, that could not be, that were set aside */
    llmobsi_atomic64 failed;
    llmobsi_atomic64 damaged;
} llmobsi_detectors;

/* Those of an instance; NULL: it has none. */
llmobsi_inline llmobsi_detectors* llmobsi_detectors_of(const llmobsi_recorder* recorder)
{
    return LLMOBS_I_DRIFT ? (llmobsi_detectors*)recorder->detectors : NULL;
}

/* ---- layout -------------------------------------------------------------------------------- */

/* Of a fit on so many embeddings: two of them for each prototype, at least. */
llmobsi_fn llmobs_drift_fit_options
llmobsi_detector_fit_options(const llmobsi_detector_sizes* sizes, uint32_t count)
{
    llmobs_drift_fit_options options = llmobs_drift_fit_options_default();
    options.prototypes = sizes->prototypes < count / 2 ? sizes->prototypes : count / 2;
    return options;
}

/* Of a fit on as many embeddings as there can be, and of the article's score of these. */
llmobsi_fn size_t llmobsi_detector_fit_bytes(const llmobsi_detector_sizes* sizes)
{
    llmobs_drift_fit_options options;
    llmobs_drift_sample sample;
    llmobs_vectors most;
    size_t fit;
    size_t score;
    float somewhere = 0.0f;
    memset(&sample, 0, sizeof sample);
    sample.dimension = sizes->dimension;
    sample.count = sizes->days * sizes->room;
    options = llmobsi_detector_fit_options(sizes, sample.count);
    most = llmobs_vectors_of_floats(&somewhere, sample.count, sample.dimension);
    fit = llmobs_drift_fit_bytes(&sample, &options);
    score = llmobs_drift_score_memory(&most, &most);
    return fit > score ? fit : score;
}

llmobsi_fn llmobsi_detector_sizes llmobsi_detector_measure(const llmobs_config* config)
{
    llmobsi_detector_sizes sizes;
    memset(&sizes, 0, sizeof sizes);
    sizes.days = config->drift_days;
    sizes.voters =
        llmobsi_drift_window_size(0, llmobsi_drift_words(LLMOBS_I_DETECTOR_VOTERS));
    if (config->drift_dimensions == LLMOBS_OFF) {
        return sizes;
    }
    sizes.dimension = config->drift_dimensions;
    sizes.prototypes = config->drift_prototypes;
    sizes.room = config->drift_day_embeddings;
    sizes.sample = llmobs_drift_sample_bytes(sizes.dimension, sizes.room);
    sizes.merged =
        llmobs_drift_sample_bytes(sizes.dimension, (size_t)sizes.days * sizes.room);
    sizes.baseline = llmobs_drift_baseline_bytes(sizes.dimension, sizes.prototypes);
    sizes.window = llmobs_drift_window_bytes(sizes.dimension, LLMOBS_I_DETECTOR_VOTERS);
    sizes.fit = llmobsi_detector_fit_bytes(&sizes);
    return sizes;
}

/* One of the samples of a detector; NULL where there are no embeddings. */
llmobsi_fn llmobs_drift_sample* llmobsi_detector_sample_layout(llmobsi_arena* pages,
                                                               const llmobsi_detector_sizes* sizes)
{
    return sizes->dimension != 0
               ? (llmobs_drift_sample*)llmobsi_arena_take(pages, 1, sizes->sample)
               : NULL;
}

/* What one detector has on the pages. `detector` is NULL while measuring. */
llmobsi_fn void llmobsi_detector_layout(llmobsi_arena* pages, const llmobsi_detector_sizes* sizes,
                                        llmobsi_detector* detector)
{
    llmobs_drift_sample* samples[3];
    void* sides[4];
    uint32_t i;
    for (i = 0; i < 3; i++) {
        samples[i] = llmobsi_detector_sample_layout(pages, sizes);
    }
    for (i = 0; i < 4; i++) {
        sides[i] = llmobsi_arena_take(pages, 1, i < 2 ? sizes->baseline : sizes->window);
    }
    for (i = 0; i < sizes->days; i++) {
        llmobs_drift_sample* sample = llmobsi_detector_sample_layout(pages, sizes);
        if (detector != NULL) {
            detector->days[i].sample = sample;
        }
    }
    if (detector != NULL) {
        detector->sample = samples[0];
        detector->taken = samples[1];
        detector->today.sample = samples[2];
        detector->baselines[0] = sides[0];
        detector->baselines[1] = sides[1];
        detector->windows[0] = sides[2];
        detector->windows[1] = sides[3];
    }
}

/* All that is on the pages; of `detectors` NULL, only how many bytes that is. */
llmobsi_fn size_t llmobsi_detector_pages(const llmobsi_detector_sizes* sizes, uint32_t limit,
                                         llmobsi_detectors* detectors)
{
    llmobsi_arena pages;
    void* merged;
    void* fit;
    uint32_t i;
    pages.base = detectors != NULL ? detectors->pages : NULL;
    pages.used = 0;
    merged = llmobsi_arena_take(&pages, 1, sizes->merged);
    fit = llmobsi_arena_take(&pages, 1, sizes->fit);
    for (i = 0; i < limit; i++) {
        llmobsi_detector_layout(&pages, sizes, detectors != NULL ? &detectors->detectors[i] : NULL);
    }
    if (detectors != NULL) {
        detectors->merged = sizes->dimension != 0 ? (llmobs_drift_sample*)merged : NULL;
        detectors->fit = fit;
    }
    return pages.used;
}

/* What is not on the pages. */
llmobsi_fn void llmobsi_detectors_place(llmobsi_detectors* detectors, llmobsi_detector* all,
                                        llmobsi_detector_day* days, unsigned char* voters)
{
    const llmobsi_detector_sizes* sizes = &detectors->sizes;
    uint32_t i;
    memset((void*)all, 0, detectors->limit * sizeof *all);
    memset((void*)days, 0, (size_t)detectors->limit * sizes->days * sizeof *days);
    detectors->detectors = all;
    for (i = 0; i < detectors->limit; i++) {
        all[i].days = days + (size_t)i * sizes->days;
        all[i].voters = (llmobs_drift_window*)(void*)(voters + i * sizes->voters);
    }
}

/* `recorder` is NULL while measuring. Without detectors it takes nothing. */
llmobsi_fn void llmobsi_detectors_layout(llmobsi_arena* arena, const llmobs_config* config,
                                         llmobsi_recorder* recorder)
{
    const llmobsi_detector_sizes sizes = llmobsi_detector_measure(config);
    const uint32_t limit = config->drift_detectors;
    size_t page = llmobsi_page_size();
    size_t bytes = llmobsi_detector_pages(&sizes, limit, NULL);
    llmobsi_detectors* detectors =
        (llmobsi_detectors*)llmobsi_arena_take(arena, 1, sizeof *detectors);
    llmobsi_detector* all = (llmobsi_detector*)llmobsi_arena_take(arena, limit, sizeof *all);
    llmobsi_detector_day* days = (llmobsi_detector_day*)llmobsi_arena_take(
        arena, (size_t)limit * sizes.days, sizeof *days);
    unsigned char* voters = (unsigned char*)llmobsi_arena_take(arena, limit, sizes.voters);
    unsigned char* memory;
    bytes = bytes != LLMOBS_I_SIZE_OVERFLOW ? llmobsi_size_align(bytes, page) : bytes;
    memory = (unsigned char*)llmobsi_arena_take_pages(arena, bytes);
    if (recorder == NULL || memory == NULL) {
        return;
    }
    memset((void*)detectors, 0, sizeof *detectors);
    detectors->limit = limit;
    detectors->sizes = sizes;
    detectors->offset_s = config->utc_offset_minutes * 60;
    detectors->tell = config->on_drift;
    detectors->user = config->on_drift_user;
    detectors->pages = memory;
    detectors->page_bytes = bytes;
    llmobsi_detectors_place(detectors, all, days, voters);
    (void)llmobsi_detector_pages(&sizes, limit, detectors);
    recorder->detectors = detectors;
}

/* ---- empty --------------------------------------------------------------------------------- */

/* Wipes what a sample has, and nothing else: that is quick, and is done under a lock. */
llmobsi_fn void llmobsi_detector_sample_clear(const llmobsi_detectors* detectors,
                                              const llmobsi_detector* detector,
                                              llmobs_drift_sample* sample)
{
    const llmobsi_detector_sizes* sizes = &detectors->sizes;
    llmobs_drift_sample* made;
    if (sample != NULL) {
        llmobsi_wipe(llmobsi_drift_items(sample), sample->count * sizeof(llmobsi_drift_item));
        llmobsi_wipe(llmobsi_drift_sample_row(sample, 0),
                     sample->count * (size_t)sample->dimension * sizeof(float));
        (void)llmobs_drift_sample_make(sample, sizes->sample, sizes->dimension, sizes->room,
                                       detector->info.embedder, LLMOBS_I_DETECTOR_SEED, &made);
    }
}

llmobsi_fn void llmobsi_detector_day_clear(const llmobsi_detectors* detectors,
                                           const llmobsi_detector* detector,
                                           llmobsi_detector_day* day)
{
    day->number = LLMOBS_I_NO_PERIOD;
    day->answer_count = 0;
    memset(&day->answers, 0, sizeof day->answers);
    llmobsi_detector_sample_clear(detectors, detector, day->sample);
}

/* Sessions: the filter of a window without dimensions. */
llmobsi_fn void llmobsi_detector_voters_clear(llmobsi_detector* detector)
{
    const uint32_t words = llmobsi_drift_words(LLMOBS_I_DETECTOR_VOTERS);
    memset((void*)detector->voters, 0, llmobsi_drift_window_size(0, words));
    detector->voters->fingerprint = LLMOBS_I_DETECTOR_SEED;
    detector->voters->words = words;
}

/* What came since the run before is taken, or forgotten. Under its lock, as the next one. */
llmobsi_fn void llmobsi_detector_open_clear(const llmobsi_detectors* detectors,
                                            llmobsi_detector* detector)
{
    llmobsi_detector_sample_clear(detectors, detector, detector->sample);
    memset(&detector->answers, 0, sizeof detector->answers);
    llmobsi_detector_voters_clear(detector);
    detector->answer_count = 0;
}

/* Closes what is open, and takes it for nothing. Under the lock. */
llmobsi_fn void llmobsi_detector_close(const llmobsi_detectors* detectors,
                                       llmobsi_detector* detector)
{
    detector->window = NULL;
    detector->baseline = NULL;
    detector->changes = 0;
    detector->after[0] = '\0';
    memset(&detector->tally, 0, sizeof detector->tally);
    llmobsi_detector_open_clear(detectors, detector);
}

/* Of what is not open nothing is left. Who makes runs. */
llmobsi_fn void llmobsi_detector_clear(const llmobsi_detectors* detectors,
                                       llmobsi_detector* detector)
{
    const llmobsi_detector_sizes* sizes = &detectors->sizes;
    uint32_t i;
    detector->alarms = 0;
    for (i = 0; i < 2 && sizes->dimension != 0; i++) {
        llmobsi_wipe(detector->baselines[i], sizes->baseline);
        llmobsi_wipe(detector->windows[i], sizes->window);
    }
    for (i = 0; i < sizes->days; i++) {
        llmobsi_detector_day_clear(detectors, detector, &detector->days[i]);
    }
    llmobsi_detector_day_clear(detectors, detector, &detector->today);
    llmobsi_detector_sample_clear(detectors, detector, detector->taken);
}

/* ---- periods ------------------------------------------------------------------------------- */

llmobsi_fn int64_t llmobsi_detector_period_at(const llmobsi_detectors* detectors,
                                              const llmobsi_detector* detector, uint64_t unix_ns)
{
    return llmobsi_floor_divide((int64_t)(unix_ns / LLMOBS_I_SECOND_NS) + detectors->offset_s,
                                detector->info.interval_s);
}

/* When a period is over, in Unix time. */
llmobsi_fn uint64_t llmobsi_detector_end_s(const llmobsi_detectors* detectors,
                                           const llmobsi_detector* detector, int64_t period)
{
    int64_t end_s = (period + 1) * detector->info.interval_s - detectors->offset_s;
    return end_s > 1 ? (uint64_t)end_s : 1;
}

/* In the child of a fork: all of it but its definition begins anew. */
llmobsi_fn void llmobsi_detector_forked(const llmobsi_detectors* detectors,
                                        llmobsi_detector* detector, uint64_t now_ns)
{
    llmobsi_detector_close(detectors, detector);
    llmobsi_detector_clear(detectors, detector);
    detector->period = llmobsi_detector_period_at(detectors, detector, now_ns);
    detector->from_unix_ns = now_ns;
    memset(&detector->models, 0, sizeof detector->models);
    memset(&detector->fingerprints, 0, sizeof detector->fingerprints);
    memset((void*)&detector->report, 0, sizeof detector->report);
    detector->asked = false;
    detector->by_host = false;
    detector->anew = false;
    detector->loaded = false;
    detector->runs = 0;
    detector->due_s = 0;
}
