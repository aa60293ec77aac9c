/* A part of exporter_kit.c: the callback between llmobs and the exporter under test. It lends each
   batch, and keeps account of the answers. */

typedef enum kit_manner {
    KIT_PLAINLY,
    KIT_SECOND,  /* the first attempt at each batch does not reach the exporter        */
    KIT_TWICE,   /* the first time that it has delivered a batch is not believed       */
    KIT_NEVER,   /* nothing reaches it                                                 */
    KIT_SLOWLY,  /* each takes a while                                                 */
    KIT_CALLING  /* the kit calls llmobs from inside                                   */
} kit_manner;

#define KIT_IDS 4096u

typedef struct kit_exporter {
    llmobs_exporter inner; /* as its author made it */
    kit_manner manner;
    llmobs* obs;
    bool inside;
    uint32_t calls;
    uint32_t overlapping;   /* calls while there was one    */
    uint32_t late;          /* calls after the close        */
    uint32_t closes;
    uint32_t unknown;       /* answers that are none        */
    uint32_t early;         /* OK, and the receiver has not got it */
    uint32_t not_busy;      /* calls into llmobs that should have been refused */
    uint64_t slowest_ms;
    uint64_t first_ms[KIT_IDS]; /* by batch: when it was tried first */
    uint64_t soonest_ms;    /* from the first attempt of any batch to its second */
    bool counted[KIT_IDS];  /* by batch: it is in kit_sums.wanted */
} kit_exporter;

/* Of all exporters of a scenario. Under the lock. */
typedef struct kit_totals {
    pthread_mutex_t lock;
    uint64_t wanted;   /* items that must arrive: of batches answered OK or PENDING */
    uint64_t arrived;  /* of these: answered OK                                     */
    uint64_t maybe;    /* items of other attempts, which may have arrived too       */
    uint32_t seen;     /* KIT_SEEN_* */
    kit_loan pending[KIT_IDS];
    size_t pending_count;
    bool elsewhere;    /* the receiver's account is not this one: in the child of a fork    */
} kit_totals;

static kit_totals kit_sums;

#define KIT_SEEN_EVENT 1u
#define KIT_SEEN_LINK 2u
#define KIT_SEEN_INTERACTION 4u
#define KIT_SEEN_ALERT 8u
#define KIT_SEEN_EVALUATION 16u
#define KIT_SEEN_EXEMPLAR 32u
#define KIT_SEEN_BUCKETS 64u
#define KIT_SEEN_EXPONENTIAL 128u
#define KIT_SEEN_SPANS (KIT_SEEN_EVENT | KIT_SEEN_LINK)
#define KIT_SEEN_LOGS (KIT_SEEN_INTERACTION | KIT_SEEN_ALERT | KIT_SEEN_EVALUATION)
#define KIT_SEEN_METRICS (KIT_SEEN_EXEMPLAR | KIT_SEEN_BUCKETS | KIT_SEEN_EXPONENTIAL)

static uint32_t kit_see_metric(const llmobs_metric_view* metric)
{
    uint32_t seen = 0;
    size_t i;
    for (i = 0; i < metric->point_count; i++) {
        const llmobs_point_view* point = &metric->points[i];
        seen |= point->exemplar_count > 0 ? KIT_SEEN_EXEMPLAR : 0u;
        seen |= metric->instrument == LLMOBS_HISTOGRAM && point->count > 0 ? KIT_SEEN_BUCKETS : 0u;
        seen |= metric->instrument == LLMOBS_HISTOGRAM_EXPONENTIAL && point->bucket_count > 0
                    ? KIT_SEEN_EXPONENTIAL
                    : 0u;
    }
    return seen;
}

/* What a batch has, of what each exporter should have seen. */
static uint32_t kit_see(const llmobs_batch* batch)
{
    llmobs_evaluation evaluation;
    llmobs_alert alert;
    uint32_t seen = 0;
    size_t i;
    for (i = 0; i < batch->span_count; i++) {
        seen |= batch->spans[i].event_count > 0 ? KIT_SEEN_EVENT : 0u;
        seen |= batch->spans[i].link_count > 0 ? KIT_SEEN_LINK : 0u;
    }
    for (i = 0; i < batch->log_count; i++) {
        seen |= batch->logs[i].interaction != NULL ? KIT_SEEN_INTERACTION : 0u;
        seen |= llmobs_alert_of(&batch->logs[i], &alert, NULL) ? KIT_SEEN_ALERT : 0u;
        seen |= llmobs_evaluation_of(&batch->logs[i], &evaluation) ? KIT_SEEN_EVALUATION : 0u;
    }
    for (i = 0; i < batch->metric_count; i++) {
        seen |= kit_see_metric(&batch->metrics[i]);
    }
    return seen;
}

static uint64_t kit_items(const llmobs_batch* batch)
{
    uint64_t items = batch->span_count + batch->log_count;
    size_t i;
    for (i = 0; i < batch->metric_count; i++) {
        items += batch->metrics[i].point_count;
    }
    return kit->wanted != NULL ? kit->wanted(kit->user, batch) : items;
}

static void kit_enter(kit_exporter* self, const llmobs_batch* batch)
{
    uint64_t now_ms = kit_ms();
    uint64_t* first_ms = &self->first_ms[batch->id % KIT_IDS];
    (void)pthread_mutex_lock(&kit_sums.lock);
    self->calls++;
    self->overlapping += self->inside;
    self->inside = true;
    self->late += self->closes > 0;
    kit_sums.seen |= kit_see(batch);
    if (batch->attempt == 1) {
        *first_ms = now_ms;
        self->counted[batch->id % KIT_IDS] = false;
    } else if (batch->attempt == 2 && now_ms - *first_ms < self->soonest_ms) {
        self->soonest_ms = now_ms - *first_ms;
    }
    (void)pthread_mutex_unlock(&kit_sums.lock);
}

/* What an answer means for the receiver. Returns whether it should have what it is said to have. */
static void kit_book(kit_exporter* self, const llmobs_batch* batch, llmobs_export_result answer)
{
    bool* counted = &self->counted[batch->id % KIT_IDS];
    bool taken = answer == LLMOBS_EXPORT_OK || answer == LLMOBS_EXPORT_PENDING;
    uint64_t items = kit_items(batch);
    uint64_t arrived;
    (void)pthread_mutex_lock(&kit_sums.lock);
    self->unknown += !taken && answer != LLMOBS_EXPORT_RETRY && answer != LLMOBS_EXPORT_DROP;
    if (taken && !*counted) {
        *counted = true;
        kit_sums.wanted += items;
        kit_sums.arrived += answer == LLMOBS_EXPORT_OK ? items : 0;
    } else {
        kit_sums.maybe += items;
    }
    arrived = kit_sums.arrived;
    (void)pthread_mutex_unlock(&kit_sums.lock);
    if (kit->received != NULL && !kit_sums.elsewhere && answer == LLMOBS_EXPORT_OK &&
        kit->received(kit->user) < arrived) {
        self->early++;
    }
}

/* A batch that is pending is the exporter's until it is settled: until a flush has settled all. */
static void kit_loan_ends(const kit_loan* loan, llmobs_export_result answer)
{
    (void)pthread_mutex_lock(&kit_sums.lock);
    if (answer != LLMOBS_EXPORT_PENDING) {
        kit_take_back(loan);
    } else if (kit_sums.pending_count < KIT_IDS) {
        kit_sums.pending[kit_sums.pending_count++] = *loan;
    }
    (void)pthread_mutex_unlock(&kit_sums.lock);
}

static void kit_call_inside(kit_exporter* self)
{
    self->not_busy += llmobs_tick(self->obs) != LLMOBS_ERROR_BUSY;
    self->not_busy += llmobs_flush(self->obs, 1) != LLMOBS_ERROR_BUSY;
    self->not_busy += llmobs_close(self->obs) != LLMOBS_ERROR_BUSY;
    llmobs_span_end(llmobs_span_root(self->obs, "inside"));
    llmobs_log(self->obs, LLMOBS_SEVERITY_FATAL, "inside", "");
}

/* llmobs' threads block all signals, and the guard needs some. */
static llmobs_export_result kit_pass_on(kit_exporter* self, const llmobs_batch* batch)
{
    llmobs_export_result answer;
    uint64_t begun_ms;
    uint64_t took_ms;
    kit_loan loan;
    sigset_t faults;
    sigset_t before;
    (void)sigemptyset(&faults);
    (void)sigaddset(&faults, SIGSEGV);
    (void)sigaddset(&faults, SIGBUS);
    (void)pthread_sigmask(SIG_UNBLOCK, &faults, &before);
    (void)pthread_mutex_lock(&kit_sums.lock);
    loan = kit_lend(batch);
    (void)pthread_mutex_unlock(&kit_sums.lock);
    begun_ms = kit_ms();
    answer = self->inner.export_batch(self->inner.user, loan.batch);
    took_ms = kit_ms() - begun_ms;
    self->slowest_ms = took_ms > self->slowest_ms ? took_ms : self->slowest_ms;
    kit_book(self, batch, answer);
    kit_loan_ends(&loan, answer);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return answer;
}

static llmobs_export_result kit_export(void* user, const llmobs_batch* batch)
{
    kit_exporter* self = (kit_exporter*)user;
    llmobs_export_result answer = LLMOBS_EXPORT_RETRY;
    kit_enter(self, batch);
    if (self->manner == KIT_SLOWLY) {
        kit_nap(50);
    } else if (self->manner == KIT_CALLING) {
        kit_call_inside(self);
    }
    if (self->manner != KIT_NEVER && (self->manner != KIT_SECOND || batch->attempt > 1)) {
        answer = kit_pass_on(self, batch);
    }
    if (self->manner == KIT_TWICE && batch->attempt == 1 && answer == LLMOBS_EXPORT_OK) {
        answer = LLMOBS_EXPORT_RETRY;
    }
    (void)pthread_mutex_lock(&kit_sums.lock);
    self->inside = false;
    (void)pthread_mutex_unlock(&kit_sums.lock);
    return answer;
}

static void kit_close(void* user)
{
    kit_exporter* self = (kit_exporter*)user;
    (void)pthread_mutex_lock(&kit_sums.lock);
    self->closes++;
    (void)pthread_mutex_unlock(&kit_sums.lock);
    if (self->inner.close != NULL) {
        self->inner.close(self->inner.user);
    }
}
