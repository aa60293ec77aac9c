/* What a detector keeps over a restart, as bytes: the days of its ring, the one under way, what
   came since the last run. No baseline: it is fitted anew to the same days, and comes to the same
   bits. So there is none that could be forged, and what is read is vectors of length 1, and counts.

   Written and read as baselines are, in blocks with a checksum: words of 64 bits, the lowest byte
   first, and floats by two. */

#define LLMOBS_I_PAST_MAGIC "llmobs past  1\n" /* and its NUL */
#define LLMOBS_I_PAST_PERIODS 400000000u /* minutes, up to the end of time in nanoseconds */

LLMOBS_I_STATIC_ASSERT(past_magic, sizeof LLMOBS_I_PAST_MAGIC == 16);
LLMOBS_I_STATIC_ASSERT(past_counts, (LLMOBS_DRIFT_COUNTS_BINS + LLMOBS_DRIFT_COUNTS_NAMES + 1 +
                                     2 * LLMOBS_DRIFT_COUNTS_FLAGS + 1) % 2 == 0 &&
                                        LLMOBS_DRIFT_COUNTS_NAME_SIZE % 8 == 0);

/* What is open, as it is kept. */
typedef struct llmobsi_drift_past {
    int64_t period;
    uint64_t from_unix_ns;
    uint64_t answer_count;
    llmobs_drift_counts answers;
    llmobsi_detector_known models;
    llmobsi_detector_known fingerprints;
} llmobsi_drift_past;

/* ---- out ----------------------------------------------------------------------------------- */

/* The 32-bit numbers of counts, one after the other. */
llmobsi_fn void llmobsi_past_put_counts(llmobsi_drift_writer* writer,
                                        const llmobs_drift_counts* counts)
{
    uint32_t i;
    for (i = 0; i < LLMOBS_DRIFT_COUNTS_BINS; i++) {
        llmobsi_drift_put(writer, counts->bins[i], 4);
    }
    for (i = 0; i <= LLMOBS_DRIFT_COUNTS_NAMES; i++) {
        llmobsi_drift_put(writer, counts->categories[i], 4);
    }
    for (i = 0; i < 2 * LLMOBS_DRIFT_COUNTS_FLAGS; i++) {
        llmobsi_drift_put(writer, counts->flags[i / 2][i % 2], 4);
    }
    llmobsi_drift_put(writer, counts->name_count, 4);
    for (i = 0; i < LLMOBS_DRIFT_COUNTS_NAMES * LLMOBS_DRIFT_COUNTS_NAME_SIZE; i += 8) {
        llmobsi_drift_put(writer, llmobsi_load_le64((const char*)counts->names + i), 8);
    }
    llmobsi_drift_put(writer, counts->refused, 8);
    llmobsi_drift_put(writer, llmobsi_double_bits(counts->largest), 8);
}

llmobsi_fn void llmobsi_past_put_sample(llmobsi_drift_writer* writer,
                                        const llmobs_drift_sample* sample)
{
    const uint32_t count = sample != NULL ? sample->count : 0;
    uint32_t i;
    uint32_t k;
    llmobsi_drift_put(writer, count, 8);
    for (i = 0; i < count; i++) {
        const llmobsi_drift_item* item = &llmobsi_drift_items(sample)[i];
        const float* row = llmobsi_drift_sample_row(sample, item->place);
        llmobsi_drift_put(writer, item->rank, 8);
        llmobsi_drift_put(writer, item->order, 8);
        for (k = 0; k < sample->dimension + sample->dimension % 2; k++) {
            uint32_t bits = 0;
            if (k < sample->dimension) {
                memcpy(&bits, row + k, sizeof bits);
            }
            llmobsi_drift_put(writer, bits, 4);
        }
    }
}

llmobsi_fn void llmobsi_past_put_day(llmobsi_drift_writer* writer, int64_t number,
                                     uint64_t answer_count, const llmobs_drift_counts* answers,
                                     const llmobs_drift_sample* sample)
{
    llmobsi_drift_put(writer, (uint64_t)number, 8);
    llmobsi_drift_put(writer, answer_count, 8);
    llmobsi_past_put_counts(writer, answers);
    llmobsi_past_put_sample(writer, sample);
}

llmobsi_fn void llmobsi_past_put_known(llmobsi_drift_writer* writer,
                                       const llmobsi_detector_known* known)
{
    uint32_t i;
    llmobsi_drift_put(writer, known->count, 8);
    for (i = 0; i < LLMOBS_I_DETECTOR_KNOWN; i++) {
        llmobsi_drift_put(writer, known->seen[i], 8);
    }
}

llmobsi_fn void llmobsi_past_put_head(llmobsi_drift_writer* writer,
                                      const llmobsi_detectors* detectors,
                                      const llmobsi_detector* detector,
                                      const llmobsi_drift_past* past)
{
    static const char magic[] = LLMOBS_I_PAST_MAGIC;
    uint32_t i;
    for (i = 0; i < sizeof magic; i += 8) {
        llmobsi_drift_put(writer, llmobsi_load_le64(magic + i), 8);
    }
    llmobsi_drift_put(writer, detectors->sizes.dimension, 8);
    llmobsi_drift_put(writer, detector->info.interval_s, 8);
    for (i = 0; i < LLMOBS_EMBEDDER_SIZE; i += 8) {
        llmobsi_drift_put(writer, llmobsi_load_le64(detector->info.embedder + i), 8);
    }
    llmobsi_drift_put(writer, (uint64_t)past->period, 8);
    llmobsi_drift_put(writer, past->from_unix_ns, 8);
    llmobsi_drift_put(writer, detector->runs, 8);
    llmobsi_drift_put(writer, detector->alarms, 8);
    llmobsi_past_put_known(writer, &past->models);
    llmobsi_past_put_known(writer, &past->fingerprints);
}

/* What is open, as it is at this moment: its sample is in `taken` then. */
llmobsi_fn void llmobsi_past_take(const llmobsi_detectors* detectors, llmobsi_detector* detector,
                                  llmobsi_drift_past* past)
{
    llmobsi_lock_take(&detector->lock);
    past->period = detector->period;
    past->from_unix_ns = detector->from_unix_ns;
    past->answer_count = detector->answer_count;
    past->answers = detector->answers;
    past->models = detector->models;
    past->fingerprints = detector->fingerprints;
    if (detector->sample != NULL) {
        memcpy((void*)detector->taken, detector->sample, detectors->sizes.sample);
    }
    llmobsi_lock_give(&detector->lock);
}

/* Writes a detector's past. False: `write` has failed. Who makes runs. */
llmobsi_fn bool llmobsi_past_write(const llmobsi_detectors* detectors, llmobsi_detector* detector,
                                   llmobs_write_fn write, void* user)
{
    llmobsi_drift_writer writer;
    llmobsi_drift_past past;
    unsigned char sum[8];
    uint32_t i;
    llmobsi_past_take(detectors, detector, &past);
    llmobsi_drift_writer_begin(&writer, write, user);
    llmobsi_past_put_head(&writer, detectors, detector, &past);
    llmobsi_past_put_day(&writer, past.period, past.answer_count, &past.answers, detector->taken);
    llmobsi_past_put_day(&writer, past.period, detector->today.answer_count,
                         &detector->today.answers, detector->today.sample);
    for (i = 0; i < detectors->sizes.days; i++) {
        const llmobsi_detector_day* day = &detector->days[i];
        if (day->number != LLMOBS_I_NO_PERIOD) {
            llmobsi_past_put_day(&writer, day->number, day->answer_count, &day->answers,
                                 day->sample);
        }
    }
    llmobsi_drift_flush(&writer);
    llmobsi_store_le64(sum, writer.sum);
    llmobsi_wipe(writer.block, sizeof writer.block);
    if (detector->taken != NULL) {
        llmobsi_wipe(detector->taken, detectors->sizes.sample);
    }
    return !writer.failed && write(user, (const char*)sum, sizeof sum);
}

/* ---- in ------------------------------------------------------------------------------------ */

/* Names: as many as there are, of valid UTF-8, with zeros behind each and after the last. */
llmobsi_fn bool llmobsi_past_names_are_sound(const llmobs_drift_counts* counts)
{
    const size_t size = LLMOBS_DRIFT_COUNTS_NAME_SIZE;
    uint32_t i;
    for (i = 0; i < LLMOBS_DRIFT_COUNTS_NAMES; i++) {
        const char* name = counts->names[i];
        const char* end = (const char*)memchr(name, '\0', size);
        size_t length = end != NULL ? (size_t)(end - name) : size;
        size_t k = length;
        while (k < size && name[k] == '\0') {
            k++;
        }
        if (length == size || k < size || (length > 0) != (i < counts->name_count) ||
            (length == 0 && counts->categories[i] != 0) || !llmobsi_utf8_is_valid(name, length)) {
            return false;
        }
    }
    return true;
}

llmobsi_fn void llmobsi_past_get_counts(llmobsi_drift_reader* reader, llmobs_drift_counts* counts)
{
    uint32_t i;
    memset(counts, 0, sizeof *counts);
    for (i = 0; i < LLMOBS_DRIFT_COUNTS_BINS; i++) {
        counts->bins[i] = (uint32_t)llmobsi_drift_get(reader, 4);
    }
    for (i = 0; i <= LLMOBS_DRIFT_COUNTS_NAMES; i++) {
        counts->categories[i] = (uint32_t)llmobsi_drift_get(reader, 4);
    }
    for (i = 0; i < 2 * LLMOBS_DRIFT_COUNTS_FLAGS; i++) {
        counts->flags[i / 2][i % 2] = (uint32_t)llmobsi_drift_get(reader, 4);
    }
    counts->name_count = (uint32_t)llmobsi_drift_get(reader, 4);
    for (i = 0; i < LLMOBS_DRIFT_COUNTS_NAMES * LLMOBS_DRIFT_COUNTS_NAME_SIZE; i += 8) {
        llmobsi_store_le64((char*)counts->names + i, llmobsi_drift_get(reader, 8));
    }
    counts->refused = llmobsi_drift_get(reader, 8);
    counts->largest = llmobsi_drift_get_double(reader, 0.0, 1e300);
    reader->failed = reader->failed || counts->name_count > LLMOBS_DRIFT_COUNTS_NAMES ||
                     !llmobsi_past_names_are_sound(counts);
}

/* One vector, into the place that it is given. It has length 1, as far as floats can tell. */
llmobsi_fn void llmobsi_past_get_row(llmobsi_drift_reader* reader, float* row, uint32_t dimension)
{
    double square = 0.0;
    uint32_t k;
    for (k = 0; k < dimension && !reader->failed; k++) {
        uint32_t bits = (uint32_t)llmobsi_drift_get(reader, 4);
        memcpy(&row[k], &bits, sizeof bits);
        reader->failed = reader->failed || !llmobsi_double_is_finite((double)row[k]);
        square += (double)row[k] * (double)row[k];
    }
    if (dimension % 2 != 0) {
        reader->failed = llmobsi_drift_get(reader, 4) != 0 || reader->failed;
    }
    reader->failed = reader->failed || square < 0.999 || square > 1.001;
}

/* Into a sample, which is empty; what it has no room for is read, and let go of. `spare`: a row
   that nobody needs. */
llmobsi_fn void llmobsi_past_get_sample(llmobsi_drift_reader* reader, llmobs_drift_sample* sample,
                                        float* spare)
{
    uint32_t count = llmobsi_drift_get_count(reader, 0, sample != NULL ? LLMOBS_I_DRIFT_ROOM : 0);
    uint32_t i;
    for (i = 0; i < count && !reader->failed; i++) {
        uint64_t rank = llmobsi_drift_get(reader, 8);
        uint64_t order = llmobsi_drift_get(reader, 8);
        uint64_t place = llmobsi_drift_sample_take(sample, rank, order);
        llmobsi_past_get_row(reader,
                             place < sample->room ? llmobsi_drift_sample_row(sample, place) : spare,
                             sample->dimension);
        reader->failed = reader->failed || sample->counts.repeated != 0;
    }
}

/* A day, into `day`, which is empty: of a period from `least` to `most`. */
llmobsi_fn void llmobsi_past_get_day(llmobsi_drift_reader* reader, llmobsi_detector_day* day,
                                     float* spare, uint32_t least, uint32_t most)
{
    day->number = llmobsi_drift_get_count(reader, least, most);
    day->answer_count = llmobsi_drift_get(reader, 8);
    llmobsi_past_get_counts(reader, &day->answers);
    llmobsi_past_get_sample(reader, day->sample, spare);
}

llmobsi_fn void llmobsi_past_get_known(llmobsi_drift_reader* reader, llmobsi_detector_known* known)
{
    uint32_t i;
    known->count = llmobsi_drift_get_count(reader, 0, LLMOBS_I_DETECTOR_KNOWN);
    for (i = 0; i < LLMOBS_I_DETECTOR_KNOWN; i++) {
        known->seen[i] = llmobsi_drift_get(reader, 8);
    }
}

/* The head: what it is of has to be what the detector is. */
llmobsi_fn void llmobsi_past_get_head(llmobsi_drift_reader* reader,
                                      const llmobsi_detectors* detectors,
                                      llmobsi_detector* detector, llmobsi_drift_past* past)
{
    static const char magic[] = LLMOBS_I_PAST_MAGIC;
    uint32_t i;
    bool same = true;
    for (i = 0; i < sizeof magic; i += 8) {
        same &= llmobsi_drift_get(reader, 8) == llmobsi_load_le64(magic + i);
    }
    same &= llmobsi_drift_get(reader, 8) == detectors->sizes.dimension;
    same &= llmobsi_drift_get(reader, 8) == detector->info.interval_s;
    for (i = 0; i < LLMOBS_EMBEDDER_SIZE; i += 8) {
        same &= llmobsi_drift_get(reader, 8) == llmobsi_load_le64(detector->info.embedder + i);
    }
    past->period = llmobsi_drift_get_count(reader, 0, LLMOBS_I_PAST_PERIODS);
    past->from_unix_ns = llmobsi_drift_get(reader, 8);
    detector->runs = llmobsi_drift_get(reader, 8);
    detector->alarms = llmobsi_drift_get_count(reader, 0, UINT32_MAX);
    llmobsi_past_get_known(reader, &past->models);
    llmobsi_past_get_known(reader, &past->fingerprints);
    reader->failed = reader->failed || !same;
}

/* The days of the ring, up to the checksum. Each goes through `taken`, since where it belongs is
   not known before. One that is too old for the ring is let go of. */
llmobsi_fn void llmobsi_past_get_days(llmobsi_drift_reader* reader,
                                      const llmobsi_detectors* detectors,
                                      llmobsi_detector* detector, float* spare, int64_t period)
{
    llmobsi_detector_day day;
    memset((void*)&day, 0, sizeof day);
    day.sample = detector->taken;
    while (!reader->failed && (reader->used != reader->end || reader->left != 0)) {
        llmobsi_detector_day* place;
        llmobsi_detector_day_clear(detectors, detector, &day);
        llmobsi_past_get_day(reader, &day, spare, 0, (uint32_t)period);
        place = llmobsi_detector_day_at(detectors, detector, day.number);
        reader->failed = reader->failed || day.number >= period || place->number == day.number;
        if (!reader->failed && day.number >= period - (int64_t)detectors->sizes.days) {
            place->number = day.number;
            place->answer_count = day.answer_count;
            place->answers = day.answers;
            if (place->sample != NULL) {
                memcpy((void*)place->sample, day.sample, detectors->sizes.sample);
            }
        }
    }
}

/* Reads all, of `size` bytes, into a detector that has only just begun; what is open is in `open`,
   whose sample is the one on loan, the detector's `merged`. */
llmobsi_fn bool llmobsi_past_read(llmobsi_drift_reader* reader, uint64_t size,
                                  llmobsi_detectors* detectors, llmobsi_detector* detector,
                                  llmobsi_drift_past* past, llmobsi_detector_day* open)
{
    float* spare = (float*)detectors->fit;
    unsigned char sum[8];
    reader->failed = size < sizeof sum || size % 8 != 0;
    reader->used = reader->end = 0;
    reader->left = reader->failed ? 0 : size - sizeof sum;
    reader->sum = 0;
    llmobsi_past_get_head(reader, detectors, detector, past);
    llmobsi_past_get_day(reader, open, spare, (uint32_t)past->period, (uint32_t)past->period);
    llmobsi_past_get_day(reader, &detector->today, spare, (uint32_t)past->period,
                         (uint32_t)past->period);
    llmobsi_past_get_days(reader, detectors, detector, spare, past->period);
    llmobsi_wipe(reader->block, sizeof reader->block);
    return !reader->failed && reader->read(reader->user, sum, sizeof sum) &&
           llmobsi_load_le64(sum) == reader->sum;
}

/* What was open goes on, together with what came since the detector was defined. */
llmobsi_fn void llmobsi_past_resume(llmobsi_detector* detector, const llmobsi_drift_past* past,
                                    const llmobsi_detector_day* open)
{
    llmobsi_lock_take(&detector->lock);
    detector->period = past->period;
    detector->from_unix_ns = past->from_unix_ns;
    detector->answer_count += open->answer_count;
    llmobs_drift_counts_merge(&detector->answers, &open->answers);
    (void)llmobs_drift_sample_merge(detector->sample, open->sample);
    detector->models = past->models;
    detector->fingerprints = past->fingerprints;
    llmobsi_lock_give(&detector->lock);
}

/* Loads a detector's past. False: it is not one, or of another kind of detector, and the detector
   is as if there had been none. Who makes runs. */
llmobsi_fn bool llmobsi_past_load(llmobsi_detectors* detectors, llmobsi_detector* detector,
                                  llmobsi_drift_read_fn read, void* user, uint64_t size)
{
    llmobsi_drift_reader reader;
    llmobsi_drift_past past;
    llmobsi_detector_day open;
    bool loaded;
    memset((void*)&open, 0, sizeof open);
    memset((void*)&past, 0, sizeof past);
    open.sample = llmobsi_detector_merged(detectors, detector);
    reader.read = read;
    reader.user = user;
    loaded = llmobsi_past_read(&reader, size, detectors, detector, &past, &open);
    if (loaded) {
        llmobsi_past_resume(detector, &past, &open);
    } else {
        detector->runs = 0;
        llmobsi_detector_clear(detectors, detector);
    }
    if (detectors->merged != NULL) {
        llmobsi_wipe(detectors->merged, detectors->sizes.merged);
        llmobsi_wipe(detector->taken, detectors->sizes.sample);
    }
    return loaded;
}
