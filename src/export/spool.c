/* A spool: open, put, peek, take, close. See spool_walk.c for what it is. */

/* ---- is it ours? --------------------------------------------------------------------------- */

llmobsi_fn llmobsi_lock_hold llmobsi_spool_take_lock(llmobsi_spool* spool)
{
    char path[LLMOBS_I_SPOOL_PATH];
    llmobsi_spool_path(spool, LLMOBS_I_SPOOL_LOCK, path);
    return llmobsi_lock_file_take(&spool->lock, path);
}

/* Before each use. In a fork's child it is the parent's. */
llmobsi_fn llmobsi_spool_result llmobsi_spool_ready(llmobsi_spool* spool)
{
    llmobsi_lock_hold hold;
    if (!spool->on || spool->process != llmobsi_process_id()) {
        return LLMOBS_I_SPOOL_OFF;
    }
    hold = llmobsi_spool_take_lock(spool);
    spool->on = hold != LLMOBS_I_LOCK_TAKEN;
    return hold == LLMOBS_I_LOCK_OURS    ? LLMOBS_I_SPOOL_OK
           : hold == LLMOBS_I_LOCK_TAKEN ? LLMOBS_I_SPOOL_OFF
                                         : LLMOBS_I_SPOOL_FAILED;
}

/* ---- peek, take ---------------------------------------------------------------------------- */

/* What is in hand goes back; where its segment is gone, it is displaced now. */
llmobsi_fn void llmobsi_spool_give_back(llmobsi_spool* spool)
{
    llmobsi_spool_hand* hand = &spool->hand;
    uint32_t i;
    for (i = 0; hand->full && hand->displaced && i < LLMOBS_I_SPOOL_SIGNALS; i++) {
        llmobsi_spool_count(spool, LLMOBS_I_SPOOL_DISPLACED, i,
                            hand->behind.items[i] - hand->before.items[i]);
    }
    hand->full = false;
}

llmobsi_fn void llmobsi_spool_hold(llmobsi_spool* spool, const llmobsi_spool_frame* frame,
                                   uint64_t items)
{
    llmobsi_spool_hand* hand = &spool->hand;
    hand->full = true;
    hand->displaced = false;
    hand->frame = *frame;
    hand->taken = spool->taken + items;
    hand->before = spool->at;
    hand->behind = llmobsi_spool_behind(frame, hand->taken);
}

/* The oldest batch, as much of it as the memory (aligned to 64) has room for; the rest is the next
   one. It and all it points to live in the memory. The same again, until it is taken. The id of a
   rest is its batch's, and how many items came before, from bit 40 on. FAILED: try again later. */
llmobsi_fn llmobsi_spool_result llmobsi_spool_peek(llmobsi_spool* spool, unsigned char* memory,
                                                   size_t size, llmobs_batch* batch)
{
    const int saved = errno;
    llmobsi_spool_frame frame;
    llmobsi_spool_result result = llmobsi_spool_ready(spool);
    if (result == LLMOBS_I_SPOOL_OK) {
        llmobsi_spool_give_back(spool);
        result = llmobsi_spool_find(spool, &frame);
    }
    while (result == LLMOBS_I_SPOOL_OK) {
        uint64_t items = 0;
        llmobsi_spool_got got =
            llmobsi_spool_read_frame(spool, &frame, memory, size, batch, &items);
        llmobsi_spool_place behind = llmobsi_spool_behind(&frame,
                                                          llmobsi_spool_frame_items(&frame));
        if (got == LLMOBS_I_SPOOL_GOT && items > 0) {
            batch->id += spool->taken << 40;
            batch->lost_before = spool->taken == 0 ? batch->lost_before : 0;
            llmobsi_spool_hold(spool, &frame, items);
            break;
        }
        if (got == LLMOBS_I_SPOOL_GOT_ERROR) {
            result = LLMOBS_I_SPOOL_FAILED;
            break;
        }
        spool->damaged |= got == LLMOBS_I_SPOOL_GOT_NONE;
        (void)llmobsi_spool_pass(spool, &behind, LLMOBS_I_SPOOL_DAMAGED);
        llmobsi_spool_leave(spool, &frame);
        result = llmobsi_spool_find(spool, &frame);
    }
    errno = saved;
    return result;
}

/* In the segment it is written down how far its frame is taken: after a crash it goes on there. */
llmobsi_fn void llmobsi_spool_write_mark(llmobsi_spool* spool, const llmobsi_spool_hand* hand)
{
    unsigned char mark[8];
    uint64_t size;
    int file = llmobsi_spool_open_segment(spool, spool->segments[0].number, LLMOBS_I_OPEN_WRITE,
                                          &size);
    llmobsi_store_le64(mark, llmobsi_spool_mark(hand->taken));
    if (file < 0 || hand->frame.offset + LLMOBS_I_SPOOL_FRAME_HEAD > size ||
        !llmobsi_spool_write_at(file, hand->frame.offset + LLMOBS_I_SPOOL_MARK, mark,
                                sizeof mark)) {
        llmobsi_spool_fail(spool);
    }
    if (file >= 0) {
        (void)llmobsi_os_close(file);
    }
}

/* The batch that was peeked at is done with, delivered or refused: it does not come again. */
llmobsi_fn void llmobsi_spool_take(llmobsi_spool* spool)
{
    const int saved = errno;
    llmobsi_spool_hand* hand = &spool->hand;
    llmobsi_spool_frame next;
    uint32_t i;
    if (!hand->full || spool->process != llmobsi_process_id()) {
        return;
    }
    hand->full = false;
    for (i = 0; i < LLMOBS_I_SPOOL_SIGNALS; i++) {
        llmobsi_spool_count(spool, LLMOBS_I_SPOOL_TAKEN, i,
                            hand->behind.items[i] - hand->before.items[i]);
    }
    if (!hand->displaced) {
        spool->at = hand->behind;
        spool->taken = hand->taken;
        llmobsi_store_relaxed(&spool->counts.batches, spool->end.batches - spool->at.batches);
        if (hand->taken == llmobsi_spool_frame_items(&hand->frame)) {
            llmobsi_spool_leave(spool, &hand->frame);
        }
        if (llmobsi_spool_ready(spool) == LLMOBS_I_SPOOL_OK) {
            llmobsi_spool_write_mark(spool, hand);
            (void)llmobsi_spool_find(spool, &next); /* a segment that has no more goes now */
        }
    }
    errno = saved;
}

/* ---- put ----------------------------------------------------------------------------------- */

/* A new segment at the end. */
llmobsi_fn bool llmobsi_spool_create(llmobsi_spool* spool)
{
    unsigned char head[LLMOBS_I_SPOOL_SEGMENT_HEAD];
    llmobsi_spool_segment segment;
    uint64_t size;
    int file = -1;
    int attempt;
    bool written;
    if (sizeof head > llmobsi_file_allowed()) {
        return false;
    }
    if (spool->segment_count == LLMOBS_I_SPOOL_SEGMENTS) {
        llmobsi_spool_retire(spool, LLMOBS_I_SPOOL_GIVES_WAY);
    }
    segment.bytes = sizeof head;
    segment.start = spool->end;
    segment.salt = llmobsi_random_seed();
    for (attempt = 0; attempt < LLMOBS_I_FILE_ATTEMPTS && file < 0; attempt++) {
        segment.number = spool->next_number++;
        file = llmobsi_spool_open_segment(spool, segment.number,
                                          LLMOBS_I_OPEN_WRITE | LLMOBS_I_OPEN_NEW, &size);
    }
    if (file < 0) {
        return false;
    }
    llmobsi_spool_store_segment(head, &segment);
    written = llmobsi_write_whole(file, head, sizeof head) == sizeof head;
    (void)llmobsi_os_close(file);
    if (!written) {
        llmobsi_spool_delete(spool, segment.number);
        return false;
    }
    spool->segments[spool->segment_count++] = segment;
    spool->appendable = true;
    llmobsi_spool_count_bytes(spool);
    return true;
}

/* Whether the last segment can have so many bytes more. */
llmobsi_fn bool llmobsi_spool_has_room(const llmobsi_spool* spool, uint64_t bytes)
{
    const llmobsi_spool_segment* last;
    if (!spool->appendable || spool->segment_count == 0) {
        return false;
    }
    last = &spool->segments[spool->segment_count - 1];
    return last->bytes == LLMOBS_I_SPOOL_SEGMENT_HEAD || last->bytes + bytes <= spool->limit / 16;
}

/* The last segment, to append so many bytes to; a new one where it can't have them. -1: the system
   would not. */
llmobsi_fn int llmobsi_spool_open_last(llmobsi_spool* spool, uint64_t bytes)
{
    int attempt;
    for (attempt = 0; attempt < 2; attempt++) {
        const llmobsi_spool_segment* last;
        uint64_t size;
        int file;
        if (!llmobsi_spool_has_room(spool, bytes) && !llmobsi_spool_create(spool)) {
            return -1;
        }
        last = &spool->segments[spool->segment_count - 1];
        file = llmobsi_spool_open_segment(spool, last->number, LLMOBS_I_OPEN_WRITE, &size);
        if (file >= 0 && size == last->bytes) {
            return file;
        }
        spool->appendable = false; /* somebody was at it */
        if (file >= 0) {
            (void)llmobsi_os_close(file);
        }
    }
    return -1;
}

/* Writes a frame to the end; or everything is as it was. */
llmobsi_fn bool llmobsi_spool_append(llmobsi_spool* spool, llmobsi_packed* packed,
                                     llmobsi_spool_frame* frame, uint64_t bytes)
{
    llmobsi_spool_segment* last;
    bool written;
    int file = llmobsi_spool_open_last(spool, bytes);
    if (file < 0) {
        return false;
    }
    last = &spool->segments[spool->segment_count - 1];
    frame->offset = last->bytes;
    written = last->bytes + bytes <= llmobsi_file_allowed() &&
              llmobsi_spool_write_frame(file, packed, frame, last->salt);
    if (written) {
        last->bytes += bytes;
    } else {
        /* What can't be cut off has no magic, and nothing comes behind it. */
        spool->appendable = llmobsi_os_cut(file, last->bytes);
    }
    (void)llmobsi_os_close(file);
    return written;
}

/* Oldest first. */
llmobsi_fn void llmobsi_spool_make_room(llmobsi_spool* spool, uint64_t bytes)
{
    while (spool->segment_count > 0 && llmobsi_load_relaxed(&spool->counts.bytes) + bytes +
                                               LLMOBS_I_SPOOL_SEGMENT_HEAD >
                                           spool->limit) {
        llmobsi_spool_retire(spool, LLMOBS_I_SPOOL_GIVES_WAY);
    }
}

/* The end moves behind a frame that is written. */
llmobsi_fn void llmobsi_spool_count_put(llmobsi_spool* spool, const llmobsi_spool_frame* frame)
{
    uint32_t i;
    spool->end = llmobsi_spool_behind(frame, llmobsi_spool_frame_items(frame));
    for (i = 0; i < LLMOBS_I_SPOOL_SIGNALS; i++) {
        llmobsi_count(&spool->counts.items[LLMOBS_I_SPOOL_PUT][i], frame->items[i]);
        llmobsi_count(&spool->counts.waiting[i], frame->items[i]);
    }
    llmobsi_store_relaxed(&spool->counts.batches, spool->end.batches - spool->at.batches);
    llmobsi_spool_count_bytes(spool);
}

llmobsi_fn llmobsi_spool_result llmobsi_spool_put_batch(llmobsi_spool* spool,
                                                        const llmobs_batch* batch)
{
    llmobsi_packed packed;
    llmobsi_spool_frame frame;
    uint64_t items;
    uint64_t bytes;
    llmobsi_packed_measure(&packed, batch);
    memset(&frame, 0, sizeof frame);
    frame.length = packed.size;
    frame.id = batch->id;
    frame.before = spool->end;
    frame.items[0] = packed.counts.spans;
    frame.items[1] = packed.counts.logs;
    frame.items[2] = packed.counts.points;
    items = llmobsi_spool_frame_items(&frame);
    bytes = llmobsi_spool_frame_end(&frame); /* it begins at 0 yet */
    if (items == 0) {
        return LLMOBS_I_SPOOL_OK;
    }
    if (packed.size > UINT32_MAX || items > UINT32_MAX ||
        bytes > spool->limit - LLMOBS_I_SPOOL_SEGMENT_HEAD) {
        return LLMOBS_I_SPOOL_LARGE;
    }
    llmobsi_spool_make_room(spool, bytes);
    if (!llmobsi_spool_append(spool, &packed, &frame, bytes)) {
        llmobsi_spool_fail(spool);
        return LLMOBS_I_SPOOL_FAILED;
    }
    llmobsi_spool_count_put(spool, &frame);
    return LLMOBS_I_SPOOL_OK;
}

/* Puts a batch to the end. The oldest segments give way to it. FAILED, LARGE: it is not there, and
   whoever put it has it still. */
llmobsi_fn llmobsi_spool_result llmobsi_spool_put(llmobsi_spool* spool, const llmobs_batch* batch)
{
    const int saved = errno;
    llmobsi_spool_result result = llmobsi_spool_ready(spool);
    if (result == LLMOBS_I_SPOOL_OK) {
        result = llmobsi_spool_put_batch(spool, batch);
    }
    errno = saved;
    return result;
}

/* ---- open: what an earlier process left ---------------------------------------------------- */

/* A directory of our own that nobody else may write to, made if need be. */
llmobsi_fn bool llmobsi_spool_open_folder(const char* path)
{
    llmobsi_file_facts facts;
    bool ours;
    int folder;
    if (!llmobsi_os_folder_make(path)) {
        return false;
    }
    folder = llmobsi_os_open(path, LLMOBS_I_OPEN_READ | LLMOBS_I_OPEN_DIRECT);
    if (folder < 0) {
        return false;
    }
    ours = llmobsi_os_facts(folder, &facts) && facts.folder && facts.owner == llmobsi_os_user() &&
           !facts.written_by_others;
    (void)llmobsi_os_close(folder);
    errno = ours ? errno : EPERM;
    return ours;
}

/* Keeps the numbers sorted. We never have more than there is room for; of somebody else's the
   oldest are set aside. */
llmobsi_fn void llmobsi_spool_list_one(llmobsi_spool* spool, uint64_t number)
{
    uint32_t place = spool->segment_count;
    if (place == LLMOBS_I_SPOOL_SEGMENTS) {
        const uint64_t oldest = spool->segments[0].number;
        llmobsi_spool_set_aside(spool, oldest < number ? oldest : number);
        if (number < oldest) {
            return;
        }
        memmove(spool->segments, spool->segments + 1, --place * sizeof spool->segments[0]);
        spool->segment_count--;
    }
    while (place > 0 && spool->segments[place - 1].number > number) {
        spool->segments[place] = spool->segments[place - 1];
        place--;
    }
    spool->segments[place].number = number;
    spool->segment_count++;
}

llmobsi_fn void llmobsi_spool_list_name(void* user, const char* name)
{
    uint64_t number = llmobsi_spool_number(name);
    if (number != 0) {
        llmobsi_spool_list_one((llmobsi_spool*)user, number);
    }
}

llmobsi_fn bool llmobsi_spool_list(llmobsi_spool* spool)
{
    return llmobsi_os_folder_list(spool->path, llmobsi_spool_list_name, spool);
}

/* Reads a segment's head. GOT_NONE: it is none, or has nothing in it, and is out of the way. */
llmobsi_fn llmobsi_spool_got llmobsi_spool_load(llmobsi_spool* spool,
                                                llmobsi_spool_segment* segment)
{
    unsigned char head[LLMOBS_I_SPOOL_SEGMENT_HEAD];
    llmobsi_spool_got got;
    int file = llmobsi_spool_open_segment(spool, segment->number, LLMOBS_I_OPEN_READ,
                                          &segment->bytes);
    if (file < 0) {
        return llmobsi_spool_why(errno);
    }
    if (segment->bytes <= sizeof head) {
        (void)llmobsi_os_close(file);
        llmobsi_spool_delete(spool, segment->number);
        return LLMOBS_I_SPOOL_GOT_NONE;
    }
    got = llmobsi_spool_read_at(file, 0, head, sizeof head);
    (void)llmobsi_os_close(file);
    if (got == LLMOBS_I_SPOOL_GOT && (!llmobsi_spool_load_segment(head, segment) ||
                                      !llmobsi_spool_is_by(&spool->end, &segment->start))) {
        llmobsi_spool_set_aside(spool, segment->number);
        got = LLMOBS_I_SPOOL_GOT_NONE;
    }
    return got;
}

llmobsi_fn bool llmobsi_spool_load_all(llmobsi_spool* spool)
{
    uint32_t kept = 0;
    uint32_t i;
    for (i = 0; i < spool->segment_count; i++) {
        llmobsi_spool_segment segment = spool->segments[i];
        llmobsi_spool_got got = llmobsi_spool_load(spool, &segment);
        spool->next_number = segment.number + 1;
        if (got == LLMOBS_I_SPOOL_GOT_ERROR) {
            return false;
        }
        if (got == LLMOBS_I_SPOOL_GOT) {
            spool->segments[kept++] = segment;
            spool->end = segment.start;
        }
    }
    spool->segment_count = kept;
    return true;
}

/* Where the last segment's last frame ends. What was not finished there is cut off; what is damaged
   stays, and nothing is appended to it. */
llmobsi_fn bool llmobsi_spool_find_end(llmobsi_spool* spool)
{
    llmobsi_spool_segment* last = &spool->segments[spool->segment_count - 1];
    uint64_t offset = LLMOBS_I_SPOOL_SEGMENT_HEAD;
    bool damaged = false;
    llmobsi_spool_frame frame;
    llmobsi_spool_got got;
    uint64_t size;
    int file = llmobsi_spool_open_segment(spool, last->number, LLMOBS_I_OPEN_BOTH, &size);
    if (file < 0) {
        return false;
    }
    while ((got = llmobsi_spool_next(file, last, &offset, &frame, &damaged)) ==
           LLMOBS_I_SPOOL_GOT) {
        offset = llmobsi_spool_frame_end(&frame);
        damaged |= offset > last->bytes;
        if (llmobsi_spool_is_by(&spool->end, &frame.before)) {
            spool->end = llmobsi_spool_behind(&frame, llmobsi_spool_frame_items(&frame));
        } else {
            damaged = true;
        }
    }
    if (got != LLMOBS_I_SPOOL_GOT_ERROR && !damaged) {
        spool->appendable =
            offset == last->bytes || llmobsi_os_cut(file, offset);
        last->bytes = spool->appendable ? offset : last->bytes;
    }
    (void)llmobsi_os_close(file);
    return got != LLMOBS_I_SPOOL_GOT_ERROR;
}

/* Goes behind the last item of the first segment that the earlier process took. Those before it
   were taken, too, whatever their frames say: it took them in order. False: it can't be read. */
llmobsi_fn bool llmobsi_spool_skip_taken(llmobsi_spool* spool)
{
    const llmobsi_spool_segment* first = &spool->segments[0];
    uint64_t offset = LLMOBS_I_SPOOL_SEGMENT_HEAD;
    llmobsi_spool_frame frame;
    llmobsi_spool_got got;
    uint64_t size;
    int file = llmobsi_spool_open_segment(spool, first->number, LLMOBS_I_OPEN_READ, &size);
    if (file < 0) {
        return llmobsi_spool_why(errno) == LLMOBS_I_SPOOL_GOT_NONE; /* then it is passed over */
    }
    while ((got = llmobsi_spool_next(file, first, &offset, &frame, &spool->damaged)) ==
           LLMOBS_I_SPOOL_GOT) {
        const bool whole = frame.taken == llmobsi_spool_frame_items(&frame);
        offset = llmobsi_spool_frame_end(&frame);
        if (frame.taken > 0 && llmobsi_spool_fits(spool, &frame)) {
            spool->at = llmobsi_spool_behind(&frame, frame.taken);
            spool->offset = whole ? offset : frame.offset;
            spool->taken = whole ? 0 : frame.taken;
        }
    }
    (void)llmobsi_os_close(file);
    return got != LLMOBS_I_SPOOL_GOT_ERROR;
}

/* Where the earlier process was. A segment that it was done with goes now. */
llmobsi_fn bool llmobsi_spool_resume(llmobsi_spool* spool)
{
    llmobsi_spool_result result = LLMOBS_I_SPOOL_OK;
    llmobsi_spool_frame frame;
    uint64_t number = 0;
    uint32_t i;
    spool->at = spool->segments[0].start;
    while (result == LLMOBS_I_SPOOL_OK && number != spool->segments[0].number) {
        number = spool->segments[0].number;
        if (!llmobsi_spool_skip_taken(spool)) {
            return false;
        }
        for (i = 0; i < LLMOBS_I_SPOOL_SIGNALS; i++) {
            llmobsi_store_relaxed(&spool->counts.waiting[i],
                                  spool->end.items[i] - spool->at.items[i]);
        }
        result = llmobsi_spool_step(spool, &frame);
    }
    llmobsi_store_relaxed(&spool->counts.batches, spool->end.batches - spool->at.batches);
    return result != LLMOBS_I_SPOOL_FAILED;
}

llmobsi_fn bool llmobsi_spool_recover(llmobsi_spool* spool)
{
    uint32_t i;
    if (!llmobsi_spool_list(spool) || !llmobsi_spool_load_all(spool)) {
        return false;
    }
    if (spool->segment_count == 0) {
        return true;
    }
    if (!llmobsi_spool_find_end(spool)) {
        return false;
    }
    llmobsi_spool_count_bytes(spool);
    if (!llmobsi_spool_resume(spool)) {
        return false;
    }
    for (i = 0; i < LLMOBS_I_SPOOL_SIGNALS; i++) {
        llmobsi_count(&spool->counts.items[LLMOBS_I_SPOOL_RECOVERED][i],
                      llmobsi_load_relaxed(&spool->counts.waiting[i]) +
                          llmobsi_load_relaxed(&spool->counts.items[LLMOBS_I_SPOOL_DAMAGED][i]));
    }
    llmobsi_spool_make_room(spool, 0);
    return true;
}

/* Opens the spool in a directory, whose parent must be there; its segments may have `limit` bytes.
   BUSY: another instance has it. FAILED, and errno says why: no directory of ours, or it can't be
   read. Whatever lies there stays then. */
llmobsi_fn llmobsi_spool_result llmobsi_spool_open(llmobsi_spool* spool, const char* path,
                                                   uint64_t limit)
{
    llmobsi_lock_hold hold;
    memset((void*)spool, 0, sizeof *spool);
    spool->limit = limit > LLMOBS_I_SPOOL_LEAST ? limit : LLMOBS_I_SPOOL_LEAST;
    spool->next_number = 1;
    spool->offset = LLMOBS_I_SPOOL_SEGMENT_HEAD;
    spool->process = llmobsi_process_id();
    if (!llmobsi_file_set_path(spool->path, path)) {
        errno = ENAMETOOLONG;
        return LLMOBS_I_SPOOL_FAILED;
    }
    if (!llmobsi_spool_open_folder(spool->path)) {
        return LLMOBS_I_SPOOL_FAILED;
    }
    hold = llmobsi_spool_take_lock(spool);
    if (hold != LLMOBS_I_LOCK_OURS) {
        return hold == LLMOBS_I_LOCK_TAKEN ? LLMOBS_I_SPOOL_BUSY : LLMOBS_I_SPOOL_FAILED;
    }
    spool->on = llmobsi_spool_recover(spool);
    if (!spool->on) {
        int why = errno;
        memset((void*)&spool->counts, 0, sizeof spool->counts);
        llmobsi_lock_file_give(&spool->lock);
        errno = why;
        return LLMOBS_I_SPOOL_FAILED;
    }
    return LLMOBS_I_SPOOL_OK;
}

/* ---- close, fork --------------------------------------------------------------------------- */

/* What waits stays where it is. Counts can be read on. */
llmobsi_fn void llmobsi_spool_close(llmobsi_spool* spool)
{
    const int saved = errno;
    if (spool->on && spool->process == llmobsi_process_id()) {
        llmobsi_spool_give_back(spool);
        llmobsi_lock_file_give(&spool->lock);
    }
    spool->on = false;
    errno = saved;
}

/* In the child of a fork: the spool is the parent's, and so is what waits there. */
llmobsi_fn void llmobsi_spool_forked(llmobsi_spool* spool)
{
    llmobsi_held_close(&spool->lock);
    spool->on = false;
    spool->hand.full = false;
    memset((void*)&spool->counts, 0, sizeof spool->counts);
}
