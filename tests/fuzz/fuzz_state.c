/* A state file of hostile bytes. First as they are: refused, or loaded. Then as the records of
   frames whose checksums are right, so that what is behind the checksums is reached: each two bytes
   say which tag a frame has, and how much of the rest is in it. What is refused leaves nothing;
   what is loaded adds up, and can be saved and loaded again. No seeds: frames are made here. */
#include "llmobs_private.h"

#include <stdlib.h>
#include <sys/syscall.h>

#define CHECK(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static llmobs* obs;
static llmobsi_state_loader loader;
static llmobsi_state_writer writer;
static int file;

static uint64_t fake_clock(void* user)
{
    (void)user;
    return UINT64_C(1764590400000000000);
}

static void begin(void)
{
    llmobs_config config = llmobs_config_default();
    config.host_pumped = true;
    config.clock.unix_ns = fake_clock;
    config.cost_rows = 16;
    config.cost_places = 64;
    config.cost_users = 32;
    config.cost_features = 2;
    config.cost_feature_users = 16;
    config.budgets = 2;
    config.budget_keys = 16;
    config.requests = 16;
    config.alert_rules = 4;
    config.alert_groups = 16;
    config.alert_window_bytes = 16384;
    config.alerts = 16;
    config.metric_series = 64;
    config.metric_families = LLMOBS_FAMILY_LLM;
    config.span_slots = LLMOBS_OFF;
    obs = llmobs_open(&config, NULL);
    file = (int)syscall(SYS_memfd_create, "state", 0);
    CHECK(obs != NULL && file >= 0);
}

static bool load(void)
{
    llmobsi_recorder* recorder = llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder;
    struct stat status;
    memset(&loader, 0, sizeof loader);
    loader.ledger = llmobsi_cost_ledger_of(recorder);
    loader.users = llmobsi_cost_users_of(loader.ledger);
    loader.budgets = llmobsi_budgets_of(recorder);
    loader.alerts.alerts = llmobsi_alerts_of(recorder);
    loader.now_ns = fake_clock(NULL);
    CHECK(lseek(file, 0, SEEK_SET) == 0 && fstat(file, &status) == 0);
    return llmobsi_state_load_all(&loader, file, (uint64_t)status.st_size);
}

static void restart_file(void)
{
    CHECK(ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
}

static void check_reports(void)
{
    static llmobs_cost_line lines[LLMOBS_REPORT_LINES];
    llmobs_cost_question question = llmobs_cost_question_default();
    llmobs_cost_answer answer;
    int by;
    for (by = 0; by < 5; by++) { /* the last one: by user, of the month before */
        size_t i;
        question.by = (llmobs_cost_by)(by < 4 ? by : LLMOBS_COST_BY_USER);
        question.ago = by == 4;
        CHECK(llmobs_cost_report(obs, &question, lines, LLMOBS_REPORT_LINES, &answer) == LLMOBS_OK);
        CHECK(answer.count <= LLMOBS_REPORT_LINES && answer.total.cost_nano >= 0);
        for (i = 0; i < answer.count; i++) {
            CHECK(strlen(lines[i].name) < sizeof lines[i].name);
            CHECK(lines[i].low_nano >= 0 && lines[i].low_nano <= lines[i].high_nano);
        }
    }
}

static void take_alert(void* user, const llmobs_alert* alert, size_t count)
{
    (void)user;
    CHECK(count == 1 && alert->sentence.size > 0);
}

/* A rule that finds what was loaded, and is evaluated on it. */
static void check_alerts(void)
{
    static const char text[] = "a: increase(llm_cost_usd_total[5m]) > 1 by (model)\n"
                               "b: avg_over_time(llm_active_sessions[5m]) > 1";
    llmobsi_recorder* recorder = llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder;
    if (loader.alerts.begun) {
        llmobsi_state_loaded_alerts(llmobsi_alerts_of(recorder), LLMOBS_I_SECOND_NS * 60);
    }
    CHECK(llmobs_alert_rules_load(obs, text, sizeof text - 1, NULL) == LLMOBS_OK);
    llmobsi_alerts_of(recorder)->left_ns = LLMOBS_I_ALERT_STEP_NS;
    CHECK(llmobs_tick(obs) == LLMOBS_OK && llmobs_alerts_read(obs, take_alert, NULL) == LLMOBS_OK);
}

static void check_loaded(bool good)
{
    uint64_t rows = loader.ledger->row_count;
    if (good) {
        check_reports();
        check_alerts();
        restart_file();
        llmobsi_state_write_begin(&writer, file, UINT64_MAX);
        CHECK(llmobsi_state_save_all(
            &writer, llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder, 1));
        llmobsi_state_clear(&loader);
        CHECK(load() && loader.ledger->row_count == rows && loader.lost == 0);
    } else {
        CHECK(loader.reader.refused != NULL);
    }
    llmobsi_state_clear(&loader);
    CHECK(loader.ledger->row_count == 2 && !loader.users->begun && loader.budgets->used == 0);
}

/* Frames of any tags; a head by ourselves, as long as the first byte is even. */
static void write_frames(const uint8_t* data, size_t size)
{
    static const uint32_t tags[] = {LLMOBS_I_STATE_ROWS, LLMOBS_I_STATE_SUMS, LLMOBS_I_STATE_USER,
                                    LLMOBS_I_STATE_GRUP, LLMOBS_I_STATE_SETS, LLMOBS_I_STATE_UNIQ,
                                    LLMOBS_I_STATE_PAST, LLMOBS_I_STATE_HEVY, LLMOBS_I_STATE_BUDG,
                                    LLMOBS_I_STATE_HEAD, LLMOBS_I_STATE_LAST, LLMOBS_I_STATE_STEP,
                                    LLMOBS_I_STATE_WTCH, LLMOBS_I_STATE_WNDW, LLMOBS_I_STATE_ALRT,
                                    LLMOBS_I_STATE_TAG('N', 'E', 'W', '.')};
    static const uint8_t zeros[LLMOBS_I_UNIQUE_REGISTERS];
    restart_file();
    llmobsi_state_write_begin(&writer, file, UINT64_MAX);
    if (size > 0 && data[0] % 2 == 0) {
        llmobsi_state_record(&writer, LLMOBS_I_STATE_HEAD, 48);
        llmobsi_state_put_bytes(&writer, zeros, 48);
    }
    while (size > 2) {
        uint32_t tag = tags[data[0] / 2 % (sizeof tags / sizeof tags[0])];
        size_t part = data[1];
        data += 2;
        size -= 2;
        part = part < size ? part : size;
        llmobsi_state_record(&writer, tag, part + sizeof zeros);
        llmobsi_state_put_bytes(&writer, data, part);
        if (tag == LLMOBS_I_STATE_UNIQ && part < 8) {
            llmobsi_state_put_bytes(&writer, zeros, sizeof zeros - part);
        }
        data += part;
        size -= part;
    }
    CHECK(llmobsi_state_write_end(&writer));
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (obs == NULL) {
        begin();
    }
    restart_file();
    CHECK(write(file, data, size) == (ssize_t)size);
    check_loaded(load());
    write_frames(data, size);
    check_loaded(load());
    return 0;
}
