/* What a cost costs: of plain models, of one with every rule, and of a table that is loaded. Read
   docs/performance.md first.

 * peers: none */
#define _GNU_SOURCE

#include "library.h"

#include "bench.h"

#define MODELS 3000

static llmobs* obs;
static char* table;
static size_t table_size;

/* ---- a table like LiteLLM's ---------------------------------------------------------------- */

/* As long as LiteLLM's entries are, with what they say beside prices. */
static const char plain[] =
    "    \"%s\": {\n"
    "        \"cache_read_input_token_cost\": 1.25e-06,\n"
    "        \"deprecation_date\": \"2027-06-25\",\n"
    "        \"input_cost_per_token\": 2.5e-06,\n"
    "        \"litellm_provider\": \"%s\",\n"
    "        \"max_input_tokens\": 128000,\n"
    "        \"max_output_tokens\": 16384,\n"
    "        \"max_tokens\": 16384,\n"
    "        \"mode\": \"chat\",\n"
    "        \"output_cost_per_token\": 1e-05,\n"
    "        \"source\": \"https://example.org/pricing/models/%s\",\n"
    "        \"supported_endpoints\": [\"/v1/chat/completions\", \"/v1/batch\"],\n"
    "        \"supported_modalities\": [\"text\", \"image\"],\n"
    "        \"supports_function_calling\": true,\n"
    "        \"supports_parallel_function_calling\": true,\n"
    "        \"supports_prompt_caching\": true,\n"
    "        \"supports_vision\": true\n"
    "    },\n";

static const char every_rule[] =
    "    \"every\": {\n"
    "        \"litellm_provider\": \"openai\",\n"
    "        \"input_cost_per_token\": 3e-06, \"output_cost_per_token\": 1.5e-05,\n"
    "        \"cache_read_input_token_cost\": 3e-07,\n"
    "        \"cache_creation_input_token_cost\": 3.75e-06,\n"
    "        \"cache_creation_input_token_cost_above_1hr\": 6e-06,\n"
    "        \"output_cost_per_reasoning_token\": 2e-05,\n"
    "        \"input_cost_per_audio_token\": 1e-05, \"output_cost_per_audio_token\": 2e-05,\n"
    "        \"input_cost_per_image_token\": 5e-06, \"output_cost_per_image_token\": 4e-05,\n"
    "        \"input_cost_per_token_above_200k_tokens\": 6e-06,\n"
    "        \"output_cost_per_token_above_200k_tokens\": 2.25e-05,\n"
    "        \"cache_read_input_token_cost_above_200k_tokens\": 6e-07,\n"
    "        \"input_cost_per_token_priority\": 5e-06, \"output_cost_per_token_priority\": 3e-05,\n"
    "        \"input_cost_per_token_above_200k_tokens_priority\": 9e-06,\n"
    "        \"regional_processing_uplift_multiplier_eu\": 1.1,\n"
    "        \"off_peak_pricing\": {\"hours_utc\": \"16:30-00:30\",\n"
    "            \"input_cost_per_token\": 2e-06}\n"
    "    }\n}\n";

static void make_table(void)
{
    char name[64];
    int i;
    table = (char*)malloc((size_t)MODELS * 1200);
    table_size = (size_t)sprintf(table, "{\n");
    for (i = 0; i < MODELS; i++) {
        (void)snprintf(name, sizeof name, "%smodel-%d-chat-latest",
                       i % 3 == 0 ? "" : i % 3 == 1 ? "azure/" : "vertex_ai/", i);
        table_size += (size_t)sprintf(table + table_size, plain, i == 0 ? "gpt-4o" : name,
                                      i % 3 == 0 ? "openai" : "azure", name);
    }
    table_size += (size_t)sprintf(table + table_size, "%s", every_rule);
}

/* ---- what is measured ---------------------------------------------------------------------- */

typedef struct subject {
    llmobs_cost_query query;
    int64_t nano; /* what it must be */
} subject;

static void compute(void* context, uint32_t times)
{
    const subject* of = (const subject*)context;
    llmobs_cost cost;
    cost.size = sizeof cost;
    while (times-- > 0) {
        (void)llmobs_cost_of(obs, &of->query, &cost);
        bench_keep(&cost);
    }
}

static void check(void* context)
{
    const subject* of = (const subject*)context;
    llmobs_cost cost;
    cost.size = sizeof cost;
    (void)llmobs_cost_of(obs, &of->query, &cost);
    if (cost.nano != of->nano) {
        fprintf(stderr, "bench: it cost %lld, not %lld\n", (long long)cost.nano,
                (long long)of->nano);
        exit(1);
    }
}

static void load(void* context, uint32_t times)
{
    (void)context;
    while (times-- > 0) {
        if (llmobs_prices_load(obs, table, table_size, NULL) != LLMOBS_OK) {
            fprintf(stderr, "bench: the table was refused\n");
            exit(1);
        }
    }
}

static void set(void* context, uint32_t times)
{
    llmobs_price price = llmobs_price_default();
    (void)context;
    price.femto[LLMOBS_COST_INPUT] = LLMOBS_PER_MILLION(1);
    while (times-- > 0) {
        (void)llmobs_price_set(obs, NULL, "mine", &price);
    }
}

static subject subject_of(const char* model, const char* provider, int64_t nano)
{
    subject made;
    made.query = llmobs_cost_query_default();
    made.query.model = model;
    made.query.provider = provider;
    made.query.usage.input_tokens = 812;
    made.query.usage.output_tokens = 96;
    made.query.usage.reported = true;
    made.nano = nano;
    return made;
}

/* A subject with a count of every kind, in every respect off the beaten path. */
static subject subject_of_all(void)
{
    subject all = subject_of("every", "openai", 0);
    llmobs_usage* usage = &all.query.usage;
    llmobs_cost cost;
    all.query.service_tier = "priority";
    all.query.region = "eu";
    all.query.unix_ns = UINT64_C(1764010000) * 1000000000;
    usage->input_tokens = 250000;
    usage->output_tokens = 5000;
    usage->cached_tokens = 100000;
    usage->cache_write_tokens = 20000;
    usage->cache_write_1h_tokens = 5000;
    usage->audio_input_tokens = 3000;
    usage->image_input_tokens = 4000;
    usage->reasoning_tokens = 2000;
    usage->audio_output_tokens = 300;
    usage->image_output_tokens = 400;
    cost.size = sizeof cost;
    (void)llmobs_cost_of(obs, &all.query, &cost);
    all.nano = cost.nano;
    return all;
}

/* ---- booking, as the tick does it ---------------------------------------------------------- */

#define ROWS 64
#define USERS 4096

typedef struct bookings {
    llmobsi_cost_ledger* ledger;
    llmobsi_bill bills[ROWS];
    char users[USERS][LLMOBS_PSEUDONYM_SIZE];
    uint32_t next;
} bookings;

static bookings booked;

static void make_bookings(void)
{
    static char features[ROWS][16];
    uint32_t i;
    booked.ledger =
        llmobsi_cost_ledger_of(llmobsi_places[LLMOBS_I_PLACE(llmobsi_ticket(obs))].recorder);
    for (i = 0; i < ROWS; i++) {
        llmobsi_bill* bill = &booked.bills[i];
        (void)snprintf(features[i], sizeof features[i], "feature-%u", i / 4);
        bill->unix_ns = llmobsi_realtime_ns();
        bill->names[LLMOBS_I_COST_FEATURE] = llmobs_str(features[i]);
        bill->names[LLMOBS_I_COST_MODEL] = llmobs_str(i % 2 ? "gpt-4o" : "gpt-4o-mini");
        bill->names[LLMOBS_I_COST_TENANT] = llmobs_str(i % 4 < 2 ? "acme" : "umbrella");
        bill->sums.requests = 1;
        bill->sums.cost_nano = 179400;
        bill->sums.tokens = bill->sums.input_tokens = 812;
    }
    for (i = 0; i < USERS; i++) {
        char id[16];
        (void)snprintf(id, sizeof id, "user-%u", i * i % USERS);
        (void)llmobs_pseudonym(obs, LLMOBS_DOMAIN_USER, NULL, id, strlen(id), booked.users[i]);
    }
}

static void book_row(void* context, uint32_t times)
{
    bookings* of = (bookings*)context;
    while (times-- > 0) {
        const llmobsi_bill* bill = &of->bills[of->next++ % ROWS];
        llmobsi_cost_row_add(of->ledger, llmobsi_cost_row_get(of->ledger, bill->names),
                             bill->unix_ns, &bill->sums);
    }
}

static void book_user(void* context, uint32_t times)
{
    bookings* of = (bookings*)context;
    while (times-- > 0) {
        llmobsi_bill* bill = &of->bills[of->next % ROWS];
        bill->user = llmobs_str(of->users[of->next++ % USERS]);
        llmobsi_cost_book(of->ledger, bill);
    }
}

static void report(void* context, uint32_t times)
{
    static llmobs_cost_line lines[64];
    llmobs_cost_answer answer;
    (void)context;
    while (times-- > 0) {
        (void)llmobs_cost_report(obs, NULL, lines, 64, &answer);
        bench_keep(&answer);
    }
}

int main(void)
{
    static bench_set costs, loads, books;
    llmobs_config config = llmobs_config_default();
    subject usual, unreported, all, missing;
    bench_case* cases[4];
    bench_case* booking[3];
    bench_case* loading;
    bench_case* setting;
    config.host_pumped = true;
    config.price_bytes = 1 << 20;
    obs = llmobs_open(&config, NULL);
    make_table();
    load(NULL, 1);
    usual = subject_of("gpt-4o", "openai", 812 * 2500 + 96 * 10000);
    unreported = usual;
    unreported.query.usage.reported = false;
    all = subject_of_all();
    missing = subject_of("no-such-model-2025-01-15", "openai", LLMOBS_COST_UNKNOWN);
    cases[0] = bench_add(&costs, "the cost of a plain model", compute, &usual);
    cases[1] = bench_add(&costs, "... with bounds, the cache unknown", compute, &unreported);
    cases[2] = bench_add(&costs, "... with every rule and kind", compute, &all);
    cases[3] = bench_add(&costs, "... of a model that is not there", compute, &missing);
    cases[0]->after = check;
    cases[1]->after = check;
    cases[2]->after = check;
    cases[3]->after = check;
    bench_run(&costs);
    bench_print(cases[0], 60);
    bench_print(cases[1], 0);
    bench_print(cases[2], 200);
    bench_print(cases[3], 0);

    make_bookings();
    booking[0] = bench_add(&books, "a request booked in four periods", book_row, &booked);
    booking[1] = bench_add(&books, "... and its user, of all and of a feature", book_user, &booked);
    booking[2] = bench_add(&books, "a report of 16 features", report, NULL);
    bench_run(&books);
    bench_print(booking[0], 60);
    bench_print(booking[1], 0);
    bench_print(booking[2], 0);

    loading = bench_add(&loads, "a table of 3,000 models, loaded", load, NULL);
    setting = bench_add(&loads, "a price set in it", set, NULL);
    loading->thread_time = true;
    setting->thread_time = true;
    bench_run(&loads);
    printf("# a table of %.2f MB\n", (double)table_size / 1e6);
    bench_print(loading, 30e6);
    bench_print(setting, 0);
    (void)llmobs_close(obs);
    free(table);
    return bench_short_count > 0;
}
