/* Questions to the cost ledger. A report is made in place, under the ledger's lock: the rows have a
   field for the line that they go to, and one to find the most expensive ones by. */

LLMOBS_API llmobs_cost_question llmobs_cost_question_default(void)
{
    llmobs_cost_question question;
    memset(&question, 0, sizeof question);
    question.size = sizeof question;
    question.period = LLMOBS_PERIOD_MONTH;
    return question;
}

/* ---- what is asked for --------------------------------------------------------------------- */

#define LLMOBS_I_COST_ANY UINT32_MAX
#define LLMOBS_I_COST_NONE (UINT32_MAX - 1)

typedef struct llmobsi_cost_inquiry {
    llmobsi_cost_ledger* ledger;
    const llmobsi_cost_slot* slot; /* NULL: nothing was spent then */
    int dimension;
    uint32_t only[LLMOBS_I_COST_DIMENSIONS]; /* the first row that has the name */
    llmobs_cost_line* lines;
    size_t room;
    llmobs_cost_answer* answer;
} llmobsi_cost_inquiry;

llmobsi_fn uint32_t llmobsi_cost_only(const llmobsi_cost_ledger* ledger, int dimension,
                                      const char* name)
{
    uint32_t entry;
    if (name == NULL) {
        return LLMOBS_I_COST_ANY;
    }
    entry = strlen(name) < LLMOBS_EXPLAINED_TEXT
                ? *llmobsi_cost_name_find(ledger, dimension, llmobs_str(name))
                : 0;
    return entry != 0 ? (entry - 1) / LLMOBS_I_COST_DIMENSIONS : LLMOBS_I_COST_NONE;
}

/* The period that is asked for; false: there is none such. */
llmobsi_fn bool llmobsi_cost_period_find(llmobsi_cost_inquiry* inquiry,
                                         const llmobs_cost_question* question, uint64_t now_ns)
{
    const llmobsi_cost_ledger* ledger = inquiry->ledger;
    llmobs_period period = question->period;
    uint32_t count;
    uint32_t first;
    uint32_t i;
    int32_t number;
    if ((unsigned)period >= (unsigned)LLMOBS_PERIOD_COUNT) {
        return false;
    }
    first = llmobsi_cost_slots_of(period, &count);
    if (question->ago >= count) {
        return false;
    }
    number = llmobsi_period_at(period, ledger->offset_s, now_ns) - (int32_t)question->ago;
    for (i = first; i < first + count; i++) {
        if (ledger->slots[i].used && ledger->slots[i].number == number) {
            inquiry->slot = &ledger->slots[i];
        }
    }
    inquiry->answer->end_unix_ns = UINT64_MAX;
    if (period != LLMOBS_PERIOD_NONE) {
        inquiry->answer->begin_unix_ns = llmobsi_period_begins(period, ledger->offset_s, number);
        inquiry->answer->end_unix_ns =
            llmobsi_period_begins(period, ledger->offset_s, number + 1);
    }
    return true;
}

/* ---- the rows of a period ------------------------------------------------------------------ */

/* Goes through the rows of the period that are asked for: first its "other", then the places. */
typedef struct llmobsi_cost_walk {
    const llmobsi_cost_inquiry* inquiry;
    uint32_t next; /* place + 1 */
    bool begun;
    uint32_t row;
} llmobsi_cost_walk;

llmobsi_fn llmobsi_cost_walk llmobsi_cost_walk_begin(const llmobsi_cost_inquiry* inquiry)
{
    llmobsi_cost_walk walk;
    walk.inquiry = inquiry;
    walk.next = inquiry->slot != NULL ? inquiry->slot->first : 0;
    walk.begun = inquiry->slot == NULL;
    walk.row = LLMOBS_I_COST_ROW_OTHER;
    return walk;
}

llmobsi_fn bool llmobsi_cost_is_asked(const llmobsi_cost_inquiry* inquiry, uint32_t row)
{
    int i;
    for (i = 0; i < (int)LLMOBS_I_COST_DIMENSIONS; i++) {
        if (inquiry->only[i] != LLMOBS_I_COST_ANY &&
            inquiry->only[i] != inquiry->ledger->rows[row].first[i]) {
            return false;
        }
    }
    return true;
}

llmobsi_fn const llmobs_cost_sums* llmobsi_cost_walk_next(llmobsi_cost_walk* walk)
{
    const llmobsi_cost_inquiry* inquiry = walk->inquiry;
    if (!walk->begun) {
        walk->begun = true;
        if (inquiry->slot->other.requests > 0 &&
            llmobsi_cost_is_asked(inquiry, LLMOBS_I_COST_ROW_OTHER)) {
            return &inquiry->slot->other;
        }
    }
    while (walk->next != 0) {
        const llmobsi_cost_place* place = &inquiry->ledger->places[walk->next - 1];
        walk->next = place->next;
        walk->row = place->row;
        if (llmobsi_cost_is_asked(inquiry, place->row)) {
            return &place->sums;
        }
    }
    return NULL;
}

/* The row that stands for the name under which this one is listed. */
llmobsi_inline llmobsi_cost_row* llmobsi_cost_head(const llmobsi_cost_walk* walk)
{
    llmobsi_cost_row* rows = walk->inquiry->ledger->rows;
    return &rows[rows[walk->row].first[walk->inquiry->dimension]];
}

/* ---- the most expensive ones --------------------------------------------------------------- */

/* A name of the ledger, or a pseudonym: there is room. */
llmobsi_fn void llmobsi_cost_name_put(char name[LLMOBS_EXPLAINED_TEXT], const char* text)
{
    memcpy(name, text, strlen(text) + 1);
}

LLMOBS_I_STATIC_ASSERT(cost_line_fits, sizeof(llmobs_cost_line) <= LLMOBS_I_HEAP_ITEM);

/* Whether the first is the cheaper one. */
llmobsi_fn bool llmobsi_cost_line_less(const void* one, const void* other)
{
    const llmobs_cost_line* a = (const llmobs_cost_line*)one;
    const llmobs_cost_line* b = (const llmobs_cost_line*)other;
    return a->sums.cost_nano != b->sums.cost_nano ? a->sums.cost_nano < b->sums.cost_nano
                                                  : strcmp(a->name, b->name) > 0;
}

/* Sums up what each name costs, and the whole. */
llmobsi_fn void llmobsi_cost_report_total(llmobsi_cost_inquiry* inquiry)
{
    llmobsi_cost_walk walk = llmobsi_cost_walk_begin(inquiry);
    const llmobs_cost_sums* sums;
    while ((sums = llmobsi_cost_walk_next(&walk)) != NULL) {
        llmobsi_cost_row* head = llmobsi_cost_head(&walk);
        head->cost_nano = llmobsi_cost_plus(head->cost_nano, sums->cost_nano);
        (void)llmobsi_cost_sums_add(&inquiry->answer->total, sums);
    }
}

/* Gives a line to each name, and where there are too many to the most expensive ones. */
llmobsi_fn void llmobsi_cost_report_choose(llmobsi_cost_inquiry* inquiry)
{
    llmobsi_cost_walk walk = llmobsi_cost_walk_begin(inquiry);
    llmobs_cost_line* lines = inquiry->lines;
    llmobsi_heap heap;
    size_t i;
    heap.items = (unsigned char*)lines;
    heap.item_size = sizeof *lines;
    heap.room = inquiry->room;
    heap.count = 0;
    heap.less = llmobsi_cost_line_less;
    while (llmobsi_cost_walk_next(&walk) != NULL) {
        llmobsi_cost_row* head = llmobsi_cost_head(&walk);
        llmobs_cost_line line;
        if (head->line != 0) {
            continue;
        }
        head->line = LLMOBS_I_COST_NONE; /* seen */
        memset(&line, 0, sizeof line);
        line.row = (uint32_t)(head - inquiry->ledger->rows);
        llmobsi_cost_name_put(
            line.name, llmobsi_cost_name(inquiry->ledger, line.row, inquiry->dimension));
        line.sums.cost_nano = head->cost_nano;
        llmobsi_heap_offer(&heap, &line);
    }
    llmobsi_heap_sort(&heap);
    for (i = 0; i < heap.count; i++) {
        inquiry->ledger->rows[lines[i].row].line = (uint32_t)i + 1;
        lines[i].sums.cost_nano = 0;
    }
    inquiry->answer->count = heap.count;
}

llmobsi_fn int64_t llmobsi_cost_most(const llmobs_cost_sums* sums)
{
    return sums->unbounded > 0 ? INT64_MAX : llmobsi_cost_plus(sums->cost_nano, sums->high_nano);
}

/* From the last line to the first: who is certain to cost no less than those below. */
llmobsi_fn void llmobsi_cost_report_bounds(llmobsi_cost_inquiry* inquiry)
{
    int64_t most = llmobsi_cost_most(&inquiry->answer->rest);
    size_t i;
    for (i = inquiry->answer->count; i-- > 0;) {
        llmobs_cost_line* line = &inquiry->lines[i];
        line->low_nano = llmobsi_cost_plus(line->sums.cost_nano, line->sums.low_nano);
        line->high_nano = llmobsi_cost_most(&line->sums);
        line->guaranteed = line->low_nano >= most;
        most = line->high_nano > most ? line->high_nano : most;
    }
}

/* Fills the lines; what found none is the rest. */
llmobsi_fn void llmobsi_cost_report_fill(llmobsi_cost_inquiry* inquiry)
{
    llmobsi_cost_walk walk = llmobsi_cost_walk_begin(inquiry);
    const llmobs_cost_sums* sums;
    while ((sums = llmobsi_cost_walk_next(&walk)) != NULL) {
        uint32_t line = llmobsi_cost_head(&walk)->line;
        (void)llmobsi_cost_sums_add(line != 0 && line != LLMOBS_I_COST_NONE
                                        ? &inquiry->lines[line - 1].sums
                                        : &inquiry->answer->rest,
                                    sums);
    }
}

/* The rows are as before. */
llmobsi_fn void llmobsi_cost_report_clear(llmobsi_cost_inquiry* inquiry)
{
    llmobsi_cost_walk walk = llmobsi_cost_walk_begin(inquiry);
    while (llmobsi_cost_walk_next(&walk) != NULL) {
        llmobsi_cost_head(&walk)->line = 0;
        llmobsi_cost_head(&walk)->cost_nano = 0;
    }
}

/* ---- users --------------------------------------------------------------------------------- */

/* Who is asked about: everybody, or a feature's users. NULL: of this one they are not kept. */
llmobsi_fn llmobsi_cost_group* llmobsi_cost_group_asked(const llmobsi_cost_inquiry* inquiry)
{
    llmobsi_cost_users* users = llmobsi_cost_users_of(inquiry->ledger);
    uint32_t row = inquiry->only[LLMOBS_I_COST_FEATURE];
    uint32_t i;
    if (row == LLMOBS_I_COST_ANY) {
        return &users->all;
    }
    for (i = 0; i < users->feature_limit && row != LLMOBS_I_COST_NONE; i++) {
        if (users->features[i].row == row + 1) {
            return &users->features[i];
        }
    }
    return NULL;
}

llmobsi_fn void llmobsi_cost_line_of_user(const llmobs_top_entry* entry, llmobs_cost_line* line)
{
    memset(line, 0, sizeof *line);
    memset(&line->sums, 0xff, sizeof line->sums); /* -1 */
    llmobsi_cost_name_put(line->name, entry->pseudonym);
    line->sums.low_nano = 0;
    line->sums.high_nano = 0;
    line->sums.requests = (int64_t)entry->requests;
    line->sums.unknown = (int64_t)entry->unpriced;
    line->sums.cost_nano = entry->low;
    line->sums.input_tokens = (int64_t)entry->input_tokens;
    line->sums.output_tokens = (int64_t)entry->output_tokens;
    line->sums.tokens = line->sums.input_tokens + line->sums.output_tokens;
    line->low_nano = entry->low;
    line->high_nano = entry->high;
    line->guaranteed = entry->guaranteed;
}

/* Lists the users of the month that is asked for, if they are kept: as a month is turned to by its
   first request, those of the one before may still be in the sketches. Returns how many. */
llmobsi_fn size_t llmobsi_cost_users_read(const llmobsi_cost_inquiry* inquiry,
                                          llmobs_top_entry entries[LLMOBS_REPORT_LINES])
{
    const llmobsi_cost_users* users = llmobsi_cost_users_of(inquiry->ledger);
    const llmobsi_cost_group* group = llmobsi_cost_group_asked(inquiry);
    llmobs_cost_answer* answer = inquiry->answer;
    size_t room = inquiry->room < LLMOBS_REPORT_LINES ? inquiry->room : LLMOBS_REPORT_LINES;
    if (group == NULL || inquiry->slot == NULL) {
        return 0;
    }
    if (inquiry->slot->number == users->month) {
        llmobsi_top_read(group->top, entries, room, &answer->users);
        answer->unique = llmobsi_unique_estimate(group->unique);
        answer->nobodys_nano = group == &users->all ? users->nobodys_nano : 0;
    } else if (users->past.begun && inquiry->slot->number == users->past.month) {
        llmobsi_cost_past_read(&users->past, entries, room, &answer->users);
        answer->unique.count = users->past.unique;
        answer->unique.standard_error = LLMOBS_I_UNIQUE_ERROR * (double)users->past.unique;
        answer->nobodys_nano = users->past.nobodys_nano;
    }
    return answer->users.count;
}

/* By users: of this month, or all of the one before. The totals are the ledger's. */
llmobsi_fn llmobs_result llmobsi_cost_report_users(llmobsi_cost_inquiry* inquiry,
                                                   const llmobs_cost_question* question)
{
    llmobs_top_entry entries[LLMOBS_REPORT_LINES];
    size_t count;
    size_t i;
    if (llmobsi_cost_users_of(inquiry->ledger) == NULL) {
        return LLMOBS_ERROR_FORMAT;
    }
    if (question->period != LLMOBS_PERIOD_MONTH || question->ago > 1 ||
        (question->ago == 1 && question->feature != NULL) || question->model != NULL ||
        question->tenant != NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_cost_report_total(inquiry);
    llmobsi_cost_report_clear(inquiry);
    count = llmobsi_cost_users_read(inquiry, entries);
    for (i = 0; i < count; i++) {
        llmobsi_cost_line_of_user(&entries[i], &inquiry->lines[i]);
    }
    inquiry->answer->count = count;
    return LLMOBS_OK;
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Under the lock. */
llmobsi_fn llmobs_result llmobsi_cost_report_make(llmobsi_cost_inquiry* inquiry,
                                                  const llmobs_cost_question* question,
                                                  uint64_t now_ns)
{
    const llmobsi_cost_ledger* ledger = inquiry->ledger;
    const char* only[LLMOBS_I_COST_DIMENSIONS];
    int i;
    only[LLMOBS_I_COST_FEATURE] = question->feature;
    only[LLMOBS_I_COST_MODEL] = question->model;
    only[LLMOBS_I_COST_TENANT] = question->tenant;
    for (i = 0; i < (int)LLMOBS_I_COST_DIMENSIONS; i++) {
        inquiry->only[i] = llmobsi_cost_only(ledger, i, only[i]);
    }
    if ((unsigned)question->by > (unsigned)LLMOBS_COST_BY_USER ||
        !llmobsi_cost_period_find(inquiry, question, now_ns)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    inquiry->answer->saturated = ledger->saturated;
    if (question->by == LLMOBS_COST_BY_USER) {
        return llmobsi_cost_report_users(inquiry, question);
    }
    inquiry->dimension = (int)question->by;
    llmobsi_cost_report_total(inquiry);
    llmobsi_cost_report_choose(inquiry);
    llmobsi_cost_report_fill(inquiry);
    llmobsi_cost_report_clear(inquiry);
    llmobsi_cost_report_bounds(inquiry);
    return LLMOBS_OK;
}

LLMOBS_API llmobs_result llmobs_cost_report(llmobs* obs, const llmobs_cost_question* question,
                                            llmobs_cost_line* lines, size_t room,
                                            llmobs_cost_answer* answer)
{
    llmobs_cost_question asked = llmobs_cost_question_default();
    llmobs_result result = LLMOBS_ERROR_FORMAT;
    llmobsi_cost_inquiry inquiry;
    llmobsi_thread* thread;
    if (answer == NULL || (lines == NULL && room > 0)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (question != NULL) {
        memcpy(&asked, question, llmobsi_known_size(question->size, sizeof asked));
    }
    memset(answer, 0, sizeof *answer);
    answer->size = sizeof *answer;
    memset(&inquiry, 0, sizeof inquiry);
    inquiry.lines = lines;
    inquiry.room = room;
    inquiry.answer = answer;
    thread = llmobsi_enter(llmobsi_ticket(obs));
    if (thread == NULL) {
        return LLMOBS_ERROR_CLOSED;
    }
    inquiry.ledger = llmobsi_cost_ledger_of(thread->recorder);
    if (inquiry.ledger != NULL) {
        uint64_t now_ns = llmobsi_clock_unix_ns(&thread->recorder->timeline.injected);
        llmobsi_lock_take(&inquiry.ledger->lock);
        result = llmobsi_cost_report_make(&inquiry, &asked, now_ns);
        llmobsi_lock_give(&inquiry.ledger->lock);
    }
    llmobsi_leave();
    return result;
}
