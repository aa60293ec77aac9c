/* For tests of the state file: a folder, an instance with small tables, all that can be asked of
   its ledger. Include it after llmobs_private.h, tap.h, keeper.h, random.h, requester.h and
   ledger.h. A test that runs beside another one has a FOLDER of its own. */
#ifndef STATEFUL_H
#define STATEFUL_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef FOLDER
#define FOLDER "build/tmp/test_state"
#endif
#define STATE FOLDER "/state"

static uint64_t noted[LLMOBS_NOTE_COUNT];
static const char* noted_text;

static inline void take_note(void* user, llmobs_note which, uint64_t count, const char* text)
{
    (void)user;
    noted[which] += count;
    noted_text = text;
}

/* An empty folder, and no notes. */
static inline void fresh_folder(void)
{
    static const char* const names[] = {STATE,          STATE ".tmp",    STATE ".lock",
                                        STATE ".other", STATE ".damaged"};
    size_t i;
    (void)mkdir("build/tmp", 0777);
    (void)mkdir(FOLDER, 0777);
    for (i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(names[i]);
        (void)rmdir(names[i]);
    }
    memset(noted, 0, sizeof noted);
}

static inline llmobs_config state_config(void)
{
    llmobs_config config = ledger_config();
    config.note = take_note;
    config.state_file = STATE;
    config.metric_series = LLMOBS_OFF;
    config.cost_rows = 64;
    config.cost_places = 512;
    config.cost_users = 64;
    config.cost_features = 4;
    config.cost_feature_users = 16;
    config.budgets = 4;
    config.budget_keys = 64;
    config.budget_reservations = 16;
    return config;
}

static inline llmobs* open_state(const llmobs_config* config)
{
    llmobs* obs = llmobs_open(config, NULL);
    if (obs == NULL) {
        printf("Bail out! no instance\n");
        exit(1);
    }
    return obs;
}

static inline llmobsi_recorder* recorder_of(llmobs* obs)
{
    return llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder;
}

/* Features, models, tenants and users at random, for some weeks; some of it is unknown. */
static inline void fill(llmobs* obs, int requests)
{
    int i;
    for (i = 0; i < requests; i++) {
        char names[4][32];
        spent one = {names[0], names[1], names[2], names[3], 0};
        (void)snprintf(names[0], sizeof names[0], "feature %d", (int)(next_random() % 8));
        (void)snprintf(names[1], sizeof names[1], "model %d", (int)(next_random() % 5));
        (void)snprintf(names[2], sizeof names[2], "tenant %d", (int)(next_random() % 3));
        (void)snprintf(names[3], sizeof names[3], "u%d", (int)(next_random() % 200));
        one.nano = (int64_t)(next_random() % 1000000) - 1;
        one.user = next_random() % 8 != 0 ? names[3] : NULL;
        spend(obs, one);
        (void)llmobs_tick(obs);
        fake_now += next_random() % 5 * HOUR;
    }
}

/* ---- all that can be asked ----------------------------------------------------------------- */

#define ANSWERS (3 * LLMOBS_I_COST_SLOTS + 10)

typedef struct answer_kept {
    llmobs_result result;
    llmobs_cost_answer answer;
    llmobs_cost_line lines[64];
} answer_kept;

typedef struct snapshot {
    int count;
    answer_kept answers[ANSWERS];
} snapshot;

static inline void take_answer(llmobs* obs, snapshot* all, const llmobs_cost_question* question)
{
    answer_kept* kept = &all->answers[all->count++];
    kept->result = llmobs_cost_report(obs, question, kept->lines, 64, &kept->answer);
}

static inline void take_snapshot(llmobs* obs, snapshot* all)
{
    static const uint32_t counts[LLMOBS_PERIOD_COUNT] = {LLMOBS_I_COST_DAYS, LLMOBS_I_COST_HOURS,
                                                         LLMOBS_I_COST_MONTHS, 1};
    llmobs_cost_question question = llmobs_cost_question_default();
    char feature[32];
    int by, period, i;
    all->count = 0;
    (void)llmobs_flush(obs, 5000);
    for (by = 0; by < 3; by++) {
        for (period = 0; period < (int)LLMOBS_PERIOD_COUNT; period++) {
            question.by = (llmobs_cost_by)by;
            question.period = (llmobs_period)period;
            for (question.ago = 0; question.ago < counts[period]; question.ago++) {
                take_answer(obs, all, &question);
            }
        }
    }
    question = llmobs_cost_question_default();
    question.by = LLMOBS_COST_BY_USER;
    question.ago = 1;
    take_answer(obs, all, &question);
    question.ago = 0;
    take_answer(obs, all, &question);
    for (i = 0; i < 8; i++) {
        (void)snprintf(feature, sizeof feature, "feature %d", i);
        question.feature = feature;
        take_answer(obs, all, &question);
    }
}

static inline int line_differs(const llmobs_cost_line* line, const answer_kept* among)
{
    size_t i;
    for (i = 0; i < among->answer.count; i++) {
        const llmobs_cost_line* other = &among->lines[i];
        if (strcmp(line->name, other->name) == 0) {
            return memcmp(&line->sums, &other->sums, sizeof line->sums) != 0 ||
                   line->low_nano != other->low_nano || line->high_nano != other->high_nano ||
                   line->guaranteed != other->guaranteed;
        }
    }
    return 1;
}

static inline int answers_differ(const answer_kept* a, const answer_kept* b)
{
    int wrong = a->result != b->result || a->answer.count != b->answer.count ||
                memcmp(&a->answer.total, &b->answer.total, sizeof a->answer.total) != 0 ||
                memcmp(&a->answer.rest, &b->answer.rest, sizeof a->answer.rest) != 0 ||
                a->answer.users.total != b->answer.users.total ||
                a->answer.users.low != b->answer.users.low ||
                a->answer.users.high != b->answer.users.high ||
                a->answer.unique.count != b->answer.unique.count ||
                a->answer.nobodys_nano != b->answer.nobodys_nano ||
                a->answer.saturated != b->answer.saturated;
    size_t i;
    for (i = 0; i < a->answer.count && !wrong; i++) {
        wrong += line_differs(&a->lines[i], b);
    }
    return wrong;
}

/* How many answers differ. */
static inline int snapshots_differ(const snapshot* a, const snapshot* b)
{
    int wrong = a->count != b->count;
    int i;
    for (i = 0; i < a->count; i++) {
        wrong += answers_differ(&a->answers[i], &b->answers[i]) != 0;
    }
    return wrong;
}

static inline int64_t total_of(llmobs* obs, llmobs_period period)
{
    llmobs_cost_question question = llmobs_cost_question_default();
    question.period = period;
    return ask(obs, &question, 64) == LLMOBS_OK && adds_up() ? asked_answer.total.cost_nano : -1;
}

/* ---- files --------------------------------------------------------------------------------- */

static unsigned char file_bytes[1 << 20];

/* A file's size, its bytes in file_bytes; -1: there is none. */
static inline long slurp(const char* path)
{
    int file = open(path, O_RDONLY);
    long size = file >= 0 ? (long)read(file, file_bytes, sizeof file_bytes) : -1;
    if (file >= 0) {
        (void)close(file);
    }
    return size;
}

static inline void spill(const char* path, const void* data, size_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || write(file, data, size) != (ssize_t)size || close(file) != 0) {
        printf("Bail out! %s can't be written\n", path);
        exit(1);
    }
}

static inline bool is_there(const char* path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

#endif
