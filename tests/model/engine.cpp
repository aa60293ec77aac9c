/* Plays a model's threads against each other. Every atomic operation of the code under test
   comes here (LLMOBS_ATOMICS), and every plain access too: the code is compiled with
   -fsanitize=thread, whose callbacks are ours, not the sanitizer's. So what is checked is the
   header as it is shipped. Atomic places are shadowed by relacy's atomics, which may answer a load
   with an older value wherever C11 lets them; plain places by its vector clocks, which tell a
   data race. One weakened ordering (--mutate) shows whether the models would see it missing. */

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

/* Compiled with -fno-access-control: relacy keeps its threads to itself, and a membarrier is an
   operation on all of them. */
#include <relacy/relacy.hpp>
#undef new
#undef delete
#undef malloc
#undef calloc
#undef realloc
#undef free
#undef assert
#undef errno
#define errno (*__errno_location())

#include "model.h"

typedef rl::atomic_data_impl<MODEL_THREADS> atomic_record;
typedef rl::var_data_impl<MODEL_THREADS> plain_record;

extern "C" {
extern model_site __start_model_sites[];
extern model_site __stop_model_sites[];
void (*model_loaded)(const void* place, uint64_t value, const model_site* site);
unsigned model_fault;
}

/* ---- options and the state of a run -------------------------------------------------------- */

static const model_scenario* scenario;
static bool live; /* false while `before` and `after` run: then memory is what it is */
static unsigned long iterations_done;
static char failure[400];

struct step {
    unsigned thread;
    const model_site* site;
    const void* place;
    uint64_t value;
};
static step steps[1 << 12]; /* the last ones of this iteration, for who wants to see a failure */
static unsigned step_count;

/* ---- shadows ------------------------------------------------------------------------------- */

struct cell {
    const void* address;
    size_t size;
    size_t atomic; /* its size as an atomic, 0: not one (yet) */
    alignas(16) unsigned char shadow[sizeof(rl::atomic<uint64_t>)];
    plain_record plain;
};

static const unsigned cell_limit = 4096;
alignas(64) static unsigned char cell_memory[cell_limit][sizeof(cell)];
static unsigned cell_count;
static struct {
    const void* address;
    unsigned number;
    unsigned long epoch;
} table[cell_limit * 4];
static unsigned long epoch;

/* What was written as a whole: closed memory. */
struct stretch {
    const unsigned char* from;
    const unsigned char* to;
    rl::timestamp_t when[MODEL_THREADS];
};
static stretch stretches[64];
static unsigned stretch_count;

static cell* cell_at(unsigned number)
{
    return reinterpret_cast<cell*>(cell_memory[number]);
}

static rl::thread_info<MODEL_THREADS>& me()
{
    return *static_cast<rl::thread_info<MODEL_THREADS>*>(rl::ctx().threadx_);
}

/* Ends the iteration. Does not return. */
static void fail(const char* what, const void* place, const model_site* site)
{
    if (failure[0] == '\0') {
        snprintf(failure, sizeof failure, "%s%s%s%s%s (thread %u, place %p)", what,
                 site != NULL ? " at " : "", site != NULL ? site->function : "",
                 site != NULL ? ": " : "", site != NULL ? site->text : "", rl::thread_index(),
                 place);
    }
    rl::ctx().fail_test(what, rl::test_result_user_assert_failed, RL_INFO);
}

static cell* cell_of(const void* address, size_t size)
{
    size_t mixed = ((reinterpret_cast<uintptr_t>(address) >> 1) * UINT64_C(0x9e3779b97f4a7c15)) >> 40;
    unsigned place = static_cast<unsigned>(mixed % (cell_limit * 4));
    while (table[place].epoch == epoch) {
        if (table[place].address == address) {
            return cell_at(table[place].number);
        }
        place = (place + 1) % (cell_limit * 4);
    }
    if (cell_count == cell_limit) {
        fprintf(stderr, "engine: more than %u places\n", cell_limit);
        abort();
    }
    table[place].address = address;
    table[place].number = cell_count;
    table[place].epoch = epoch;
    cell* made = cell_at(cell_count++);
    made->address = address;
    made->size = size;
    made->atomic = 0;
    ::new (&made->plain) plain_record();
    for (unsigned i = 0; i < stretch_count; i++) {
        const unsigned char* at = static_cast<const unsigned char*>(address);
        if (at >= stretches[i].from && at < stretches[i].to) {
            for (unsigned t = 0; t < MODEL_THREADS; t++) {
                if (made->plain.store_acq_rel_timestamp_[t] < stretches[i].when[t]) {
                    made->plain.store_acq_rel_timestamp_[t] = stretches[i].when[t];
                }
            }
        }
    }
    return made;
}

template <typename T> static rl::atomic<T>& shadow_of(cell* of)
{
    return *reinterpret_cast<rl::atomic<T>*>(of->shadow);
}

/* Makes a shadow that holds what memory holds, as if written before all threads. */
template <typename T> static void shadow_make(cell* of)
{
    rl::atomic<T>* made = ::new (of->shadow) rl::atomic<T>();
    atomic_record* record = static_cast<atomic_record*>(made->impl_);
    unsigned index = rl::ctx().threadx_->atomic_init(record);
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        record->history_[index].first_seen_order_[i] = static_cast<rl::timestamp_t>(-1);
    }
    made->last_index_ = index;
    made->initialized_ = true;
    memcpy(&made->value_, of->address, sizeof(T));
    made->history_[index] = made->value_;
    of->atomic = sizeof(T);
}

static cell* atomic_at(const void* place, size_t size, const model_site* site)
{
    cell* of = cell_of(place, size);
    if (of->atomic == size) {
        return of;
    }
    if (of->atomic != 0) {
        fail("atomic of two sizes", place, site);
    }
    switch (size) {
    case 1: shadow_make<uint8_t>(of); break;
    case 4: shadow_make<uint32_t>(of); break;
    case 8: shadow_make<uint64_t>(of); break;
    default: fail("atomic of an odd size", place, site);
    }
    return of;
}

static void shadow_drop(cell* of)
{
    switch (of->atomic) {
    case 1: shadow_of<uint8_t>(of).~atomic<uint8_t>(); break;
    case 4: shadow_of<uint32_t>(of).~atomic<uint32_t>(); break;
    case 8: shadow_of<uint64_t>(of).~atomic<uint64_t>(); break;
    }
    of->atomic = 0;
}

/* An atomic access must not race with a plain one either. */
static void touch(cell* of, const model_site* site)
{
    if (!of->plain.load(me())) {
        fail("data race", of->address, site);
    }
}

/* On this thread's stack, or thread-local: the engine's threads are one to the system. */
static bool is_own(const void* address)
{
    uintptr_t here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    return reinterpret_cast<uintptr_t>(address) - here < 65536 || address == model_tls() ||
           address == model_endings() || address == &errno;
}

/* What each thread has of its own, here where all are one thread of the system's. */
struct own {
    void* self;
    uint32_t endings;
};

static own own_now() { return {*model_tls(), *model_endings()}; }

static void own_again(const own& what)
{
    *model_tls() = what.self;
    *model_endings() = what.endings;
}

/* ---- atomic operations --------------------------------------------------------------------- */

static rl::memory_order order_of(const model_site* site, bool failing)
{
    switch (failing ? site->failure : site->order) {
    case MODEL_ACQUIRE: return rl::mo_acquire;
    case MODEL_RELEASE: return rl::mo_release;
    case MODEL_ACQ_REL: return rl::mo_acq_rel;
    case MODEL_SEQ_CST: return rl::mo_seq_cst;
    default: return rl::mo_relaxed;
    }
}

/* Where another thread may come in between; how often one does differs from iteration to iteration,
   so that threads are also held up for long. Each has its own llmobsi_self. */
static unsigned pace;

struct interlude {
    own mine;
    explicit interlude(model_site* site) : mine(own_now())
    {
        static const unsigned run_lengths[] = {1, 1, 3, 10, 40};
        site->hits++;
        if (run_lengths[pace] == 1 || rl::rand(run_lengths[pace]) == 0) {
            rl::ctx().sched();
        }
        own_again(mine);
        rl::ctx().disable_preemption_ += 1;
    }
    ~interlude() { rl::ctx().disable_preemption_ -= 1; }
};

static uint64_t noted(const void* place, uint64_t value, const model_site* site)
{
    step& next = steps[step_count++ % (sizeof steps / sizeof steps[0])];
    next.thread = rl::thread_index();
    next.site = site;
    next.place = place;
    next.value = value;
    return value;
}

static uint64_t raw_load(const void* place, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, place, size); /* little endian, as every machine that relacy runs on here */
    return value;
}

template <typename T> static uint64_t load_as(cell* of, rl::memory_order order)
{
    return shadow_of<T>(of).load(order, RL_INFO);
}

static uint64_t shadow_load(cell* of, rl::memory_order order)
{
    return of->atomic == 8   ? load_as<uint64_t>(of, order)
           : of->atomic == 4 ? load_as<uint32_t>(of, order)
                             : load_as<uint8_t>(of, order);
}

extern "C" uint64_t model_load(const void* place, size_t size, model_site* site)
{
    if (!live || is_own(place)) {
        return raw_load(place, size);
    }
    uint64_t value;
    {
        interlude here(site);
        cell* of = atomic_at(place, size, site);
        value = noted(place, shadow_load(of, order_of(site, false)), site);
        touch(of, site);
    }
    if (model_loaded != NULL) {
        model_loaded(place, value, site);
    }
    return value;
}

template <typename T> static void store_as(cell* of, uint64_t value, rl::memory_order order)
{
    shadow_of<T>(of).store(static_cast<T>(value), order, RL_INFO);
}

extern "C" void model_store(void* place, size_t size, uint64_t value, model_site* site)
{
    if (live) {
        interlude here(site);
        cell* of = atomic_at(place, size, site);
        rl::memory_order order = order_of(site, false);
        size == 8   ? store_as<uint64_t>(of, value, order)
        : size == 4 ? store_as<uint32_t>(of, value, order)
                    : store_as<uint8_t>(of, value, order);
        touch(of, site);
        noted(place, value, site);
        memcpy(place, &value, size);
        return;
    }
    memcpy(place, &value, size);
}

template <typename T> static uint64_t exchange_as(cell* of, uint64_t value, rl::memory_order order)
{
    return shadow_of<T>(of).exchange(static_cast<T>(value), order, RL_INFO);
}

static uint64_t replace(void* place, size_t size, uint64_t value, bool add, model_site* site)
{
    uint64_t before = raw_load(place, size);
    if (live) {
        interlude here(site);
        cell* of = atomic_at(place, size, site);
        rl::memory_order order = order_of(site, false);
        before = raw_load(place, size);
        value = add ? before + value : value;
        before = size == 8 ? exchange_as<uint64_t>(of, value, order)
                           : exchange_as<uint32_t>(of, value, order);
        touch(of, site);
        noted(place, before, site);
        memcpy(place, &value, size);
        return before;
    }
    value = add ? before + value : value;
    memcpy(place, &value, size);
    return before;
}

extern "C" uint64_t model_exchange(void* place, size_t size, uint64_t value, model_site* site)
{
    return replace(place, size, value, false, site);
}

extern "C" uint64_t model_add(void* place, size_t size, uint64_t value, model_site* site)
{
    return replace(place, size, value, true, site);
}

template <typename T>
static bool cas_as(cell* of, uint64_t* expected, uint64_t value, rl::memory_order order,
                   rl::memory_order failing)
{
    T known = static_cast<T>(*expected);
    bool done = shadow_of<T>(of).compare_exchange(rl::bool_t<false>(), known,
                                                  static_cast<T>(value), order, failing, RL_INFO);
    *expected = known;
    return done;
}

/* In one step; one that fails is a load, and may have seen an old value. */
static bool cas_step(void* place, size_t size, uint64_t* known, uint64_t value, model_site* site)
{
    interlude here(site);
    cell* of = atomic_at(place, size, site);
    uint64_t wanted = *known;
    bool done = false;
    rl::memory_order failing = order_of(site, true);
    if (rl::ctx().rand(2, rl::sched_type_user) == 0) {
        *known = shadow_load(of, failing);
    }
    if (*known == wanted) {
        /* A failure's order is what counts where it fails, and then only. */
        rl::memory_order order =
            raw_load(place, size) == wanted ? order_of(site, false) : rl::mo_seq_cst;
        failing = order == rl::mo_seq_cst ? failing : rl::mo_relaxed;
        done = size == 8 ? cas_as<uint64_t>(of, known, value, order, failing)
                         : cas_as<uint32_t>(of, known, value, order, failing);
    }
    touch(of, site);
    noted(place, *known, site);
    if (done) {
        memcpy(place, &value, size);
    }
    return done;
}

extern "C" int model_cas(void* place, size_t size, void* expected, uint64_t value,
                         model_site* site)
{
    uint64_t known = raw_load(expected, size);
    bool done;
    if (!live || is_own(place)) {
        done = raw_load(place, size) == known;
        memcpy(done ? place : expected, done ? static_cast<void*>(&value) : place, size);
        return done;
    }
    done = cas_step(place, size, &known, value, site);
    if (!done) {
        memcpy(expected, &known, size);
        if (model_loaded != NULL) {
            model_loaded(place, known, site);
        }
    }
    return done;
}

/* ---- plain accesses ------------------------------------------------------------------------ */

static void plain(const void* address, size_t size, bool writes)
{
    if (!live || is_own(address)) {
        return;
    }
    cell* of = cell_of(address, size);
    if (!(writes ? of->plain.store(me()) : of->plain.load(me()))) {
        fail(writes ? "data race (write)" : "data race (read)", address, NULL);
    }
    if (writes && of->atomic != 0) {
        shadow_drop(of); /* made anew from what memory then holds */
    }
}

extern "C" void model_reads(const void* memory, size_t size)
{
    const unsigned char* from = static_cast<const unsigned char*>(memory);
    if (!live || is_own(memory)) {
        return;
    }
    for (unsigned i = 0; i < cell_count; i++) {
        cell* of = cell_at(i);
        const unsigned char* at = static_cast<const unsigned char*>(of->address);
        if (at > from && at < from + size && !of->plain.load(me())) {
            fail("data race (read)", at, NULL);
        }
    }
    plain(memory, size, false);
}

extern "C" void model_writes(void* memory, size_t size)
{
    const unsigned char* from = static_cast<const unsigned char*>(memory);
    if (!live || is_own(memory)) {
        return;
    }
    for (unsigned i = 0; i < cell_count; i++) {
        cell* of = cell_at(i);
        const unsigned char* at = static_cast<const unsigned char*>(of->address);
        if (at >= from && at < from + size) {
            plain(at, of->size, true);
        }
    }
    if (size <= 64) {
        plain(memory, size, true); /* one place, by its first address */
        return;
    }
    if (stretch_count == sizeof stretches / sizeof stretches[0]) {
        fail("engine: too much is written as a whole", memory, NULL);
    }
    stretch& written = stretches[stretch_count++];
    written.from = from;
    written.to = from + size;
    memset(written.when, 0, sizeof written.when);
    me().own_acq_rel_order_ += 1;
    written.when[rl::thread_index()] = me().own_acq_rel_order_;
}

#define ACCESS(name, size, writes) \
    extern "C" void __tsan_##name(void* address) { plain(address, size, writes); }
ACCESS(read1, 1, false)
ACCESS(read2, 2, false)
ACCESS(read4, 4, false)
ACCESS(read8, 8, false)
ACCESS(read16, 16, false)
ACCESS(write1, 1, true)
ACCESS(write2, 2, true)
ACCESS(write4, 4, true)
ACCESS(write8, 8, true)
ACCESS(write16, 16, true)
ACCESS(unaligned_read2, 2, false)
ACCESS(unaligned_read4, 4, false)
ACCESS(unaligned_read8, 8, false)
ACCESS(unaligned_read16, 16, false)
ACCESS(unaligned_write2, 2, true)
ACCESS(unaligned_write4, 4, true)
ACCESS(unaligned_write8, 8, true)
ACCESS(unaligned_write16, 16, true)
extern "C" void __tsan_read_range(void* address, unsigned long size) { model_reads(address, size); }
extern "C" void __tsan_write_range(void* address, unsigned long size) { model_writes(address, size); }
extern "C" void __tsan_init(void) {}
extern "C" void __tsan_func_entry(void*) {}
extern "C" void __tsan_func_exit(void) {}

/* ---- the system ---------------------------------------------------------------------------- */

extern "C" int model_yield(void)
{
    if (live) {
        own mine = own_now();
        rl::yield(1, RL_INFO);
        own_again(mine);
    }
    return 0;
}

extern "C" int model_lock(void* mutex)
{
    static model_site site = {"lock", "lock", 0, MODEL_ACQ_REL, MODEL_RELAXED, 0, 0};
    uint32_t open = 0;
    while (!model_cas(mutex, sizeof open, &open, 1, &site)) {
        open = 0;
        model_yield();
    }
    return 0;
}

extern "C" int model_unlock(void* mutex)
{
    static model_site site = {"unlock", "unlock", 0, MODEL_RELEASE, MODEL_NONE, 0, 0};
    model_store(mutex, sizeof(uint32_t), 0, &site);
    return 0;
}

extern "C" unsigned model_thread(void)
{
    return rl::thread_index();
}

extern "C" unsigned model_random(unsigned n)
{
    return rl::rand(n);
}

extern "C" void model_fail(const char* why)
{
    if (live) {
        fail(why, NULL, NULL);
    }
    snprintf(failure, sizeof failure, "%s (after all threads)", why);
    rl::ctx().fail_test(why, rl::test_result_user_assert_failed, RL_INFO);
}

/* ---- one iteration ------------------------------------------------------------------------- */

struct suite : rl::test_suite<suite, MODEL_THREADS> {
    void before()
    {
        live = false;
        epoch++;
        cell_count = 0;
        stretch_count = 0;
        step_count = 0;
        own_again({NULL, 0});
        scenario->before();
        own_again({NULL, 0});
        pace = rl::rand(5);
        live = true;
    }

    void thread(unsigned number)
    {
        own_again({NULL, 0});
        if (scenario->run[number] != NULL) {
            scenario->run[number]();
        }
    }

    void after()
    {
        live = false;
        own_again({NULL, 0});
        if (scenario->after != NULL) {
            scenario->after();
        }
        for (unsigned i = 0; i < cell_count; i++) {
            shadow_drop(cell_at(i));
        }
        iterations_done++;
    }
};

typedef rl::random_scheduler<MODEL_THREADS> scheduler;
typedef rl::context_impl<suite, scheduler> machine;

/* A full barrier on every thread, one after the other while all go on; the caller is back after
   the last. */
extern "C" void model_membarrier(void)
{
    static model_site site = {"membarrier", "membarrier", 0, MODEL_SEQ_CST, MODEL_NONE, 0, 0};
    if (!live) {
        return;
    }
    machine& all = (machine&)rl::ctx();
    unsigned first = rl::rand(MODEL_THREADS);
    me().atomic_thread_fence_seq_cst(all.seq_cst_fence_order_);
    for (unsigned i = 0; i < MODEL_THREADS; i++) {
        interlude here(&site);
        all.threads_[(first + i) % MODEL_THREADS].atomic_thread_fence_seq_cst(
            all.seq_cst_fence_order_);
    }
    interlude here(&site);
    me().atomic_thread_fence_seq_cst(all.seq_cst_fence_order_);
}

/* ---- the command line ---------------------------------------------------------------------- */

static const char* const order_names[] = {"", "relaxed", "acquire", "release", "acq_rel", "seq_cst"};

/* Equal operations of one function are numbered as they stand in the source. */
static void number_sites()
{
    std::map<std::string, std::map<int, model_site*> > alike;
    for (model_site* site = __start_model_sites; site < __stop_model_sites; site++) {
        alike[std::string(site->function) + " " + site->text][site->line] = site;
    }
    for (auto& group : alike) {
        unsigned ordinal = 0;
        for (auto& one : group.second) {
            one.second->ordinal = ++ordinal;
        }
    }
}

static std::string name_of(const model_site* site)
{
    char number[16];
    snprintf(number, sizeof number, "#%u", site->ordinal);
    return std::string(site->function) + ":" + site->text + number;
}

/* Weakens one order: FUNCTION:TEXT#ORDINAL=ORDER, and =fail=ORDER for what a compare-and-swap does
   when it fails. */
static bool mutate(const char* text)
{
    std::string name(text);
    size_t equals = name.rfind('=');
    std::string order = equals == std::string::npos ? "" : name.substr(equals + 1);
    bool failing = equals > 5 && name.compare(equals - 5, 5, "=fail") == 0;
    int weak = MODEL_SEQ_CST;
    while (weak > MODEL_NONE && order != order_names[weak]) {
        weak--;
    }
    name.resize(equals != std::string::npos ? equals - (failing ? 5 : 0) : 0);
    for (model_site* site = __start_model_sites; site < __stop_model_sites; site++) {
        if (weak != MODEL_NONE && name == name_of(site)) {
            (failing ? site->failure : site->order) = static_cast<model_order>(weak);
            return true;
        }
    }
    return false;
}

static void print_steps()
{
    unsigned most = sizeof steps / sizeof steps[0];
    unsigned from = step_count > most ? step_count - most : 0;
    for (unsigned i = from; i < step_count; i++) {
        const step& one = steps[i % most];
        printf("#   thread %u %-28s %-50s %p %llu\n", one.thread, one.site->function,
               one.site->text, one.place, static_cast<unsigned long long>(one.value));
    }
}

static bool simulate(unsigned long iterations, unsigned long first)
{
    rl::test_params params;
    std::ostringstream said, state;
    char start[32];
    snprintf(start, sizeof start, "%lu", first);
    params.iteration_count = first + iterations - 1;
    params.output_stream = &said;
    params.progress_stream = &said;
    params.execution_depth_limit = 20000;
    params.initial_state = start;
    return rl::run_test<suite, scheduler>(params, state, false) == rl::test_result_success;
}

/* Each operation that was met: hits, orders, name. */
static void print_sites()
{
    for (model_site* site = __start_model_sites; site < __stop_model_sites; site++) {
        printf("site\t%lu\t%s\t%s\t%s\n", site->hits, order_names[site->order],
               site->failure != MODEL_NONE ? order_names[site->failure] : "-",
               name_of(site).c_str());
    }
}

static int usage(const char* program)
{
    fprintf(stderr,
            "%s [--list] [--sites] [--trace] [--iterations N] [--first N] [--only SCENARIO]\n"
            "    [--fault N] [--mutate FUNCTION:TEXT#ORDINAL=[fail=]ORDER]...\n", program);
    return 2;
}

int main(int count, char** arguments)
{
    unsigned long iterations = 100000;
    unsigned long first = 1;
    const char* only = NULL;
    bool sites = false;
    bool trace = false;
    unsigned number = 0;
    unsigned failed = 0;
    number_sites();
    for (int i = 1; i < count; i++) {
        std::string option = arguments[i];
        const char* value = i + 1 < count ? arguments[i + 1] : NULL;
        if (option == "--list") {
            for (const model_scenario* one = model_scenarios; one->name != NULL; one++) {
                printf("%s\n", one->name);
            }
            return 0;
        }
        if (option == "--sites") {
            sites = true;
        } else if (option == "--trace") {
            trace = true;
        } else if (value == NULL) {
            return usage(arguments[0]);
        } else if (option == "--iterations") {
            iterations = strtoul(arguments[++i], NULL, 10);
        } else if (option == "--first") {
            first = strtoul(arguments[++i], NULL, 10);
        } else if (option == "--only") {
            only = arguments[++i];
        } else if (option == "--fault") {
            model_fault = static_cast<unsigned>(strtoul(arguments[++i], NULL, 10));
        } else if (option != "--mutate" || !mutate(arguments[++i])) {
            return usage(arguments[0]);
        }
    }
    for (scenario = model_scenarios; scenario->name != NULL; scenario++) {
        if (only != NULL && strcmp(only, scenario->name) != 0) {
            continue;
        }
        failure[0] = '\0';
        model_loaded = NULL;
        iterations_done = 0;
        bool passed = simulate(iterations, first);
        printf("%sok %u - %s: %s (%lu iterations)\n", passed ? "" : "not ", ++number,
               scenario->name, scenario->what, iterations_done);
        if (!passed) {
            failed++;
            printf("#   %s, iteration %lu\n",
                   failure[0] != '\0' ? failure : "livelock or deadlock", iterations_done + first);
            if (trace) {
                print_steps();
            }
            break; /* what relacy left behind is not for the next */
        }
        fflush(stdout);
    }
    if (sites) {
        print_sites();
    }
    printf("1..%u\n", number);
    fflush(stdout);
    _Exit(failed != 0 || number == 0);
}
