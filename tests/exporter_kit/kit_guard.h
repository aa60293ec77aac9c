/* A part of exporter_kit.c: copies of batches, on pages that are taken away from the exporter when
   its time with the batch is over. A page that is touched all the same is given back, so that the
   exporter goes on, and counted. */

#include <signal.h>
#include <sys/mman.h>

#define KIT_GUARD_BYTES ((size_t)128 << 20)
#define KIT_PAGE ((size_t)4096) /* or a multiple: of the machine's, see kit_guard_open */

enum { KIT_PAGE_OPEN, KIT_PAGE_READ, KIT_PAGE_GONE };

typedef struct kit_guard {
    char* memory;
    size_t page;
    size_t used;
    bool full; /* a batch found no room: it is handed over as it is */
    unsigned char pages[KIT_GUARD_BYTES / KIT_PAGE]; /* KIT_PAGE_... */
    uint32_t written; /* pages of a batch, by the exporter. The handler adds, on any thread */
    uint32_t touched; /* pages of a batch that was gone; likewise */
    struct sigaction before[2];
} kit_guard;

static kit_guard kit_pages;

static void kit_guard_protect(size_t from, size_t end, int state)
{
    static const int rights[] = {PROT_READ | PROT_WRITE, PROT_READ, PROT_NONE};
    size_t i;
    for (i = from / kit_pages.page; i < end / kit_pages.page; i++) {
        kit_pages.pages[i] = (unsigned char)state;
    }
    (void)mprotect(kit_pages.memory + from, end - from, rights[state]);
}

/* The handler: on the thread that touched the page. */
static void kit_guard_fault(int number, siginfo_t* about, void* context)
{
    const char* place = (const char*)about->si_addr;
    (void)context;
    if (place >= kit_pages.memory && place < kit_pages.memory + KIT_GUARD_BYTES) {
        size_t page = (size_t)(place - kit_pages.memory) / kit_pages.page;
        uint32_t* count = kit_pages.pages[page] == KIT_PAGE_GONE ? &kit_pages.touched
                                                                 : &kit_pages.written;
        (void)__atomic_add_fetch(count, 1, __ATOMIC_RELAXED);
        kit_guard_protect(page * kit_pages.page, (page + 1) * kit_pages.page, KIT_PAGE_OPEN);
        return;
    }
    (void)sigaction(number, &kit_pages.before[number == SIGBUS], NULL);
    (void)raise(number); /* at the return from here */
}

static bool kit_none_written(void)
{
    return __atomic_load_n(&kit_pages.written, __ATOMIC_RELAXED) == 0;
}

static bool kit_none_touched(void)
{
    return __atomic_load_n(&kit_pages.touched, __ATOMIC_RELAXED) == 0;
}

static bool kit_guard_open(void)
{
    struct sigaction action;
    long page = sysconf(_SC_PAGESIZE);
    memset(&kit_pages, 0, sizeof kit_pages);
    kit_pages.page = page > (long)KIT_PAGE ? (size_t)page : KIT_PAGE;
    kit_pages.memory = (char*)mmap(NULL, KIT_GUARD_BYTES, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    memset(&action, 0, sizeof action);
    action.sa_sigaction = kit_guard_fault;
    action.sa_flags = SA_SIGINFO;
    return kit_pages.memory != MAP_FAILED &&
           sigaction(SIGSEGV, &action, &kit_pages.before[0]) == 0 &&
           sigaction(SIGBUS, &action, &kit_pages.before[1]) == 0;
}

/* ---- copies -------------------------------------------------------------------------------- */

/* NULL where there is no room any more. */
static void* kit_copy(const void* data, size_t size)
{
    size_t place = (kit_pages.used + 15) & ~(size_t)15;
    if (kit_pages.full || size > KIT_GUARD_BYTES - place) {
        kit_pages.full = true;
        return NULL;
    }
    kit_pages.used = place + size;
    if (size > 0) {
        memcpy(kit_pages.memory + place, data, size);
    }
    return kit_pages.memory + place;
}

static void kit_copy_text(llmobs_string* text)
{
    char* copy = (char*)kit_copy(text->data, text->size + 1);
    text->data = copy != NULL ? copy : text->data;
}

static const llmobs_string* kit_copy_texts(const llmobs_string* from, size_t count)
{
    llmobs_string* to = (llmobs_string*)kit_copy(from, count * sizeof *from);
    size_t i;
    for (i = 0; to != NULL && i < count; i++) {
        kit_copy_text(&to[i]);
    }
    return to;
}

static const llmobs_attribute_view* kit_copy_attributes(const llmobs_attribute_view* from,
                                                        uint32_t count)
{
    llmobs_attribute_view* to = (llmobs_attribute_view*)kit_copy(from, count * sizeof *from);
    uint32_t i;
    for (i = 0; to != NULL && i < count; i++) {
        kit_copy_text(&to[i].key);
        if (to[i].type == LLMOBS_TYPE_STRING) {
            kit_copy_text(&to[i].value.string);
        } else if (to[i].type == LLMOBS_TYPE_STRINGS) {
            to[i].value.strings = kit_copy_texts(to[i].value.strings, to[i].count);
        }
    }
    return to;
}

static const llmobs_event_view* kit_copy_events(const llmobs_event_view* from, uint32_t count)
{
    llmobs_event_view* to = (llmobs_event_view*)kit_copy(from, count * sizeof *from);
    uint32_t i;
    for (i = 0; to != NULL && i < count; i++) {
        kit_copy_text(&to[i].name);
        to[i].attributes = kit_copy_attributes(to[i].attributes, to[i].attribute_count);
    }
    return to;
}

static const llmobs_link_view* kit_copy_links(const llmobs_link_view* from, uint32_t count)
{
    llmobs_link_view* to = (llmobs_link_view*)kit_copy(from, count * sizeof *from);
    uint32_t i;
    for (i = 0; to != NULL && i < count; i++) {
        kit_copy_text(&to[i].trace_state);
        to[i].attributes = kit_copy_attributes(to[i].attributes, to[i].attribute_count);
    }
    return to;
}

static const llmobs_span_view* kit_copy_spans(const llmobs_span_view* from, size_t count)
{
    llmobs_span_view* to = (llmobs_span_view*)kit_copy(from, count * sizeof *from);
    size_t i;
    for (i = 0; to != NULL && i < count; i++) {
        kit_copy_text(&to[i].name);
        kit_copy_text(&to[i].trace_state);
        kit_copy_text(&to[i].status_message);
        to[i].attributes = kit_copy_attributes(to[i].attributes, to[i].attribute_count);
        to[i].events = kit_copy_events(to[i].events, to[i].event_count);
        to[i].links = kit_copy_links(to[i].links, to[i].link_count);
    }
    return to;
}

static const llmobs_interaction* kit_copy_interaction(const llmobs_interaction* from)
{
    llmobs_interaction* to = (llmobs_interaction*)kit_copy(from, sizeof *from);
    llmobs_string* texts[15];
    size_t i;
    if (to == NULL) {
        return NULL;
    }
    texts[0] = &to->request_id;
    texts[1] = &to->user_id;
    texts[2] = &to->model;
    texts[3] = &to->input_hash;
    texts[4] = &to->output_hash;
    texts[5] = &to->finish_reason;
    texts[6] = &to->error_type;
    texts[7] = &to->session_id;
    texts[8] = &to->tenant;
    texts[9] = &to->feature;
    texts[10] = &to->provider;
    texts[11] = &to->operation;
    texts[12] = &to->response_model;
    texts[13] = &to->prompt_name;
    texts[14] = &to->prompt_version;
    for (i = 0; i < sizeof texts / sizeof *texts; i++) {
        kit_copy_text(texts[i]);
    }
    to->guardrails_triggered = kit_copy_texts(to->guardrails_triggered, to->guardrail_count);
    return to;
}

static const llmobs_log_view* kit_copy_logs(const llmobs_log_view* from, size_t count)
{
    llmobs_log_view* to = (llmobs_log_view*)kit_copy(from, count * sizeof *from);
    size_t i;
    for (i = 0; to != NULL && i < count; i++) {
        kit_copy_text(&to[i].event_name);
        kit_copy_text(&to[i].body);
        to[i].attributes = kit_copy_attributes(to[i].attributes, to[i].attribute_count);
        if (to[i].interaction != NULL) {
            to[i].interaction = kit_copy_interaction(to[i].interaction);
        }
    }
    return to;
}

static const llmobs_point_view* kit_copy_points(const llmobs_point_view* from, size_t count)
{
    llmobs_point_view* to = (llmobs_point_view*)kit_copy(from, count * sizeof *from);
    size_t i;
    for (i = 0; to != NULL && i < count; i++) {
        kit_copy_text(&to[i].labels);
        to[i].attributes = kit_copy_attributes(to[i].attributes, to[i].attribute_count);
        to[i].bucket_counts = (const uint64_t*)kit_copy(
            to[i].bucket_counts, to[i].bucket_count * sizeof *to[i].bucket_counts);
        to[i].exemplars = (const llmobs_exemplar_view*)kit_copy(
            to[i].exemplars, to[i].exemplar_count * sizeof *to[i].exemplars);
    }
    return to;
}

static const llmobs_metric_view* kit_copy_metrics(const llmobs_metric_view* from, size_t count)
{
    llmobs_metric_view* to = (llmobs_metric_view*)kit_copy(from, count * sizeof *from);
    size_t i;
    for (i = 0; to != NULL && i < count; i++) {
        kit_copy_text(&to[i].name);
        kit_copy_text(&to[i].help);
        kit_copy_text(&to[i].unit);
        kit_copy_text(&to[i].family);
        to[i].bounds = (const double*)kit_copy(to[i].bounds, to[i].bound_count * sizeof(double));
        to[i].points = kit_copy_points(to[i].points, to[i].point_count);
    }
    return to;
}

/* ---- a batch's time ------------------------------------------------------------------------ */

typedef struct kit_loan {
    const llmobs_batch* batch; /* the copy, or the batch itself where there was no room */
    size_t from;               /* pages, if it is a copy                                */
    size_t end;
} kit_loan;

/* Under the kit's lock. */
static kit_loan kit_lend(const llmobs_batch* batch)
{
    kit_loan loan;
    llmobs_resource_view* resource;
    llmobs_batch* copy;
    loan.from = kit_pages.used;
    copy = (llmobs_batch*)kit_copy(batch, sizeof *batch);
    resource = (llmobs_resource_view*)kit_copy(batch->resource, sizeof *batch->resource);
    if (copy != NULL && resource != NULL) {
        resource->attributes = kit_copy_attributes(resource->attributes, resource->attribute_count);
        copy->resource = resource;
        copy->spans = kit_copy_spans(batch->spans, batch->span_count);
        copy->logs = kit_copy_logs(batch->logs, batch->log_count);
        copy->metrics = kit_copy_metrics(batch->metrics, batch->metric_count);
    }
    loan.batch = kit_pages.full ? batch : copy;
    loan.end = (kit_pages.used + kit_pages.page - 1) / kit_pages.page * kit_pages.page;
    if (kit_pages.full || loan.end > KIT_GUARD_BYTES) {
        kit_pages.full = true;
        loan.batch = batch;
        loan.end = loan.from;
    }
    kit_pages.used = loan.end;
    kit_guard_protect(loan.from, loan.end, KIT_PAGE_READ);
    return loan;
}

static void kit_take_back(const kit_loan* loan)
{
    kit_guard_protect(loan->from, loan->end, KIT_PAGE_GONE);
}
