/* Price tables: what is loaded and refused, what is found, and that readers never see half of
   one. */
#include "llmobs_private.h"

#include "tap.h"

#include "priced.h"

#define RANDOM_SEED 11
#include "random.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A price that says which row it is: `input` USD / 10^6 a token. */
#define MODEL(name, input) "\"" name "\":{\"input_cost_per_token\":" input "e-06}"

/* The row and the price that a query finds: nano-USD for 1,000 tokens. */
static int64_t priced(llmobs* obs, const char* provider, const char* model)
{
    llmobs_cost_query query = asked(model, 1000, 0);
    query.provider = provider;
    return exact(obs, &query);
}

static llmobs_prices about(llmobs* obs)
{
    llmobs_prices prices;
    memset(&prices, 0, sizeof prices);
    (void)llmobs_prices_identity(obs, &prices);
    return prices;
}

/* ---- loading ------------------------------------------------------------------------------- */

static void test_loading(void)
{
    llmobs* obs = open_priced(65536);
    char digest[65];
    uint8_t hash[32];
    static const char text[] = "{\"sample_spec\":{\"input_cost_per_token\":\"text\"},"
                               "\"fallback_generalizations\":{\"rules\":[{}]}," MODEL("m", "2.5")
                               ",\"dall-e\":{\"input_cost_per_image\":0.04,\"mode\":\"image\"}}";
    is_str(about(obs).id, "", "no table yet");
    is_int(priced(obs, NULL, "m"), LLMOBS_COST_UNKNOWN, "and no price");
    is_int(load(obs, text), LLMOBS_OK, "a table is loaded");
    is_str(load_error.reason, "", "without a complaint");
    is_int(priced(obs, NULL, "m"), 2500000, "and has the price");
    llmobs_sha256_of(text, sizeof text - 1, hash);
    *llmobsi_append_hex(digest, hash, 4) = '\0';
    is_str(about(obs).id, digest, "its id is the beginning of its SHA-256");
    is_int(strlen(about(obs).date), 10, "its date is a day");
    is_int(about(obs).models, 1, "models are counted");
    is_int(about(obs).skipped_entries, 2, "what is no model");
    is_int(about(obs).skipped_unpriced, 1, "what has no price of a token");
    is_int(about(obs).unknown_models, 1, "who asked in vain");
    is_int(llmobs_prices_date(obs, "2026-01-15"), LLMOBS_OK, "the date can be set");
    is_str(about(obs).date, "2026-01-15", "and is");
    is_str(about(obs).id, digest, "with the same id");
    is_int(priced(obs, NULL, "m"), 2500000, "and the same prices");
    is_int(llmobs_prices_date(obs, "2026-1-15"), LLMOBS_ERROR_ARGUMENT, "another form is refused");
    is_int(llmobs_prices_date(obs, "2026-01-155"), LLMOBS_ERROR_ARGUMENT, "and more of it");
    is_int(llmobs_prices_date(obs, NULL), LLMOBS_ERROR_ARGUMENT, "and none");
    is_int(load(obs, "{}"), LLMOBS_OK, "an empty table");
    is_int(priced(obs, NULL, "m"), LLMOBS_COST_UNKNOWN, "replaces all");
    (void)llmobs_close(obs);
}

static void test_no_prices(void)
{
    llmobs* obs = open_priced(0);
    llmobs_price price = llmobs_price_default();
    llmobs_cost_query query = asked("m", 1, 1);
    llmobs_prices prices;
    is_int(load(obs, "{}"), LLMOBS_ERROR_LIMIT, "without memory there is no table");
    ok(strstr(load_error.reason, "price_bytes") != NULL, "... and it is said what to set");
    ok(load_error.reason[0] != '\0', "which it says");
    is_int(llmobs_price_set(obs, NULL, "m", &price), LLMOBS_ERROR_ARGUMENT, "no price is none");
    price.femto[0] = 1;
    is_int(llmobs_price_set(obs, NULL, "m", &price), LLMOBS_ERROR_LIMIT, "nor prices by call");
    memset(&prices, 0, sizeof prices);
    is_int(llmobs_prices_identity(obs, &prices), LLMOBS_ERROR_LIMIT, "nor an id");
    is_int(cost_of(obs, &query).status, LLMOBS_COST_UNKNOWN_MODEL, "no model is known");
    is_int(llmobs_config_default().price_bytes, 0, "by default it takes nothing");
    (void)llmobs_close(obs);
    is_int(load(obs, "{}"), LLMOBS_ERROR_CLOSED, "closed");
    is_int(llmobs_prices_load(NULL, "{}", 2, NULL), LLMOBS_ERROR_CLOSED, "none at all");
}

static void test_memory(void)
{
    llmobs_config config = llmobs_config_default();
    size_t without;
    config.cost_rows = LLMOBS_OFF; /* which is costs', too */
    without = llmobs_memory_needed(&config);
    config.price_bytes = 100000;
    ok(llmobs_memory_needed(&config) - without >= 200000 &&
           llmobs_memory_needed(&config) - without < 201000,
       "two tables are paid for");
    is_int(llmobs_memory_of(&config, LLMOBS_PILLAR_COST), llmobs_memory_needed(&config) - without,
           "by the pillar of costs");
    config.price_bytes = 1;
    ok(llmobs_memory_of(&config, LLMOBS_PILLAR_COST) >= 8192, "of 4 KiB at least");
}

/* ---- refusing ------------------------------------------------------------------------------ */

typedef struct refusal {
    const char* text;
    uint32_t line;
    uint32_t column;
    const char* reason;
} refusal;

#define TWICE "this name stood here before"
#define NUMBER "a price should be a number"
#define HOURS "off-peak hours should be HH:MM-HH:MM"
#define M1 "{\"m\":{"

static const refusal refusals[] = {
    {"", 1, 1, "the text ends too early"},
    {"[]", 1, 1, "a price table should be an object"},
    {"{} {}", 1, 4, "something stands after the end"},
    {"{\"m\":1}", 1, 6, "a model should be an object"},
    {"{\"m\":null}", 1, 6, "a model should be an object"},
    {"{\"\":{}}", 1, 2, "a model's name should be a short text"},
    {"{\"a\\u0000\":{}}", 1, 2, "a model's name should be a short text"},
    {"{" MODEL("m", "1") ",\n " MODEL("m", "2") "}", 2, 2, "this model stood here before"},
    {"{" MODEL("p/m", "1") ",\n" MODEL("p/m", "1") "}", 2, 1, "this model stood here before"},
    {M1 "\"input_cost_per_token\":1,\"input_cost_per_token\":1}}", 1, 32, TWICE},
    {M1 "\"input_cost_per_token_above_200k_tokens\":1,"
        "\"input_cost_per_token_above_200000_tokens\":1}}", 1, 50, TWICE},
    {M1 "\"max_input_tokens\":1,\"max_input_tokens\":1}}", 1, 28, TWICE},
    {M1 "\"tiered_pricing\":[],\"tiered_pricing\":[]}}", 1, 27, TWICE},
    {M1 "\"fedramp_uplift_multiplier\":1,\"fedramp_uplift_multiplier\":1}}", 1, 37, TWICE},
    {M1 "\"litellm_provider\":\"a\",\"litellm_provider\":\"a\"}}", 1, 30, TWICE},
    {M1 "\"input_cost_per_token\":-1e-6}}", 1, 30, "a price is negative"},
    {M1 "\"input_cost_per_token\":NaN}}", 1, 30, "not a value"},
    {M1 "\"input_cost_per_token\":\"1e-6\"}}", 1, 30, NUMBER},
    {M1 "\"input_cost_per_token\":true}}", 1, 30, NUMBER},
    {M1 "\"input_cost_per_token\":[1]}}", 1, 30, NUMBER},
    {M1 "\"input_cost_per_token\":{}}}", 1, 30, NUMBER},
    {M1 "\"output_cost_per_reasoning_token\":\"x\"}}", 1, 41, NUMBER},
    {M1 "\"cache_creation_input_token_cost_above_1hr_above_200k_tokens\":\"\"}}", 1, 69, NUMBER},
    {M1 "\"input_cost_per_token\":1e400}}", 1, 30, "a price is beyond all reason"},
    {M1 "\"input_cost_per_token\":1001}}", 1, 30, "a price is beyond all reason"},
    {M1 "\"input_cost_per_token\":1e-16}}", 1, 30, "a price is no whole number of USD / 10^15"},
    {M1 "\"input_cost_per_token\":4.9999949e-10}}", 1, 30,
     "a price is no whole number of USD / 10^15"},
    {M1 "\"input_cost_per_token\":1.}}", 1, 32, "a malformed number"},
    {M1 "\"litellm_provider\":7}}", 1, 26, "litellm_provider should be a short text"},
    {M1 "\"tiered_pricing\":{}}}", 1, 24, "tiered_pricing should be an array"},
    {M1 "\"tiered_pricing\":[7]}}", 1, 25, "a tier should be an object"},
    {M1 "\"tiered_pricing\":[{\"range\":7}]}}", 1, 34, "a range should be two numbers of tokens"},
    {M1 "\"tiered_pricing\":[{\"range\":[1]}]}}", 1, 36,
     "a range should be two numbers of tokens"},
    {M1 "\"tiered_pricing\":[{\"range\":[-1,2]}]}}", 1, 35,
     "a range should be two numbers of tokens"},
    {M1 "\"tiered_pricing\":[{\"range\":[1,2],\"range\":[1,2]}]}}", 1, 40, TWICE},
    {M1 "\"tiered_pricing\":[{\"range\":[0,9],\"input_cost_per_token\":1},"
        "{\"range\":[0,9],\"input_cost_per_token\":1}]}}", 1, 105, "two tiers begin at one number"},
    {M1 "\"off_peak_pricing\":[]}}", 1, 26, "off_peak_pricing should be an object"},
    {M1 "\"off_peak_pricing\":{\"hours_utc\":\"24:00-01:00\"}}}", 1, 39, HOURS},
    {M1 "\"off_peak_pricing\":{\"hours_utc\":\"1:00-2:00\"}}}", 1, 39, HOURS},
    {M1 "\"off_peak_pricing\":{\"hours_utc\":[\"01:00-02:00\",3]}}}", 1, 54, HOURS},
    {M1 "\"off_peak_pricing\":{\"windows\":[{\"weekdays\":[8]}]}}}", 1, 51,
     "weekdays should be numbers from 1 to 7"},
    {M1 "\"off_peak_pricing\":{\"windows\":[{\"weekdays\":[\"day\"]}]}}}", 1, 51,
     "weekdays should be numbers from 1 to 7"},
    {M1 "\"fedramp_uplift_multiplier\":0}}", 1, 35, "a multiplier should be a number up to 100"},
    {M1 "\"fedramp_uplift_multiplier\":1.0000001}}", 1, 35,
     "a multiplier should be a number up to 100"},
    {M1 "\"regional_processing_uplift_multiplier_a23456789012345678901\":1}}", 1, 7,
     "too many regions, or too long a name of one"},
    {"{" MODEL("a", "1") ",\"b\":{\"x\":[[{]}}", 1, 49, "a name in quotes should stand here"},
};

/* Refused whole, at its place, with its reason; what was there before stays. */
static void test_refusals(void)
{
    llmobs* obs = open_priced(65536);
    char id[16];
    size_t i;
    (void)load(obs, "{" MODEL("kept", "7") "}");
    (void)snprintf(id, sizeof id, "%s", about(obs).id);
    for (i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const refusal* one = &refusals[i];
        llmobs_result result = load(obs, one->text);
        ok(result == LLMOBS_ERROR_ARGUMENT && load_error.line == one->line &&
               load_error.column == one->column &&
               strcmp(load_error.reason, one->reason) == 0,
           one->reason);
        if (tap_failed != 0 && load_error.column != one->column) {
            printf("# %s: %u:%u %s\n", one->text, load_error.line, load_error.column,
                   load_error.reason);
        }
        if (priced(obs, NULL, "kept") != 7000000 || strcmp(about(obs).id, id) != 0) {
            ok(false, "the old table stays");
        }
    }
    ok(priced(obs, NULL, "kept") == 7000000, "the old table stays through all of them");
    is_int(llmobs_prices_load(obs, "[", 1, NULL), LLMOBS_ERROR_ARGUMENT, "without asking why");
    is_int(llmobs_prices_load(obs, NULL, 0, &load_error), LLMOBS_ERROR_ARGUMENT, "nothing at all");
    (void)llmobs_close(obs);
}

/* A table with every form that is read. */
static const char every_form[] =
    "{\"sample_spec\":{\"max_tokens\":\"text\",\"code\":[1,{\"a\":null}]},\n"
    " \"p/m\":{\"litellm_provider\":\"p\",\"input_cost_per_token\":2.5e-06,\n"
    "  \"output_cost_per_token\":1e-05,\"cache_read_input_token_cost\":null,\"mode\":\"chat\",\n"
    "  \"cache_creation_input_token_cost_above_1hr_above_200k_tokens_priority\":1e-05,\n"
    "  \"input_cost_per_token_above_200k_tokens\":5e-06,\"max_input_tokens\":128000,\n"
    "  \"regional_processing_uplift_multiplier_eu\":1.1,\"provider_specific_entry\":{\"us\":1.1},\n"
    "  \"tiered_pricing\":[{\"range\":[0,32000.0],\"input_cost_per_token\":1e-06}],\n"
    "  \"off_peak_pricing\":{\"hours_utc\":[\"16:30-00:30\"],\"windows\":[{\"hours_utc\":\n"
    "   \"00:00-00:00\",\"weekdays\":[6,\"sunday\"]}],\"weekday_timezone\":\"Asia/Shanghai\",\n"
    "   \"output_cost_per_token\":1e-06}},\"\\u20ac/\xe2\x82\xac\":{\"input_cost_per_token\":1}}";

static void test_truncated(void)
{
    llmobs* obs = open_priced(65536);
    int accepted = 0, lost = 0;
    size_t size;
    (void)load(obs, "{" MODEL("kept", "7") "}");
    for (size = 0; size < sizeof every_form - 1; size++) {
        char* copy = (char*)malloc(size + (size == 0));
        memcpy(copy, every_form, size);
        accepted += llmobs_prices_load(obs, copy, size, &load_error) == LLMOBS_OK;
        lost += load_error.line == 0 || priced(obs, NULL, "kept") != 7000000;
        free(copy);
    }
    is_int(accepted, 0, "truncated at every byte it is refused");
    is_int(lost, 0, "with its place, and the old table stays");
    is_int(load(obs, every_form), LLMOBS_OK, "the whole is not");
    is_int(about(obs).models, 2, "it has two models");
    (void)llmobs_close(obs);
}

/* Each byte replaced by others: whatever comes of it, nothing breaks. */
static void test_damaged(void)
{
    llmobs* obs = open_priced(65536);
    static const char bytes[] = "\"{}[],:0-e\\ \n\xff\x01";
    char copy[sizeof every_form];
    int refused = 0, odd = 0;
    size_t at, b;
    for (at = 0; at < sizeof every_form - 1; at++) {
        for (b = 0; b < sizeof bytes - 1; b++) {
            llmobs_result result;
            memcpy(copy, every_form, sizeof copy);
            copy[at] = bytes[b];
            result = llmobs_prices_load(obs, copy, sizeof copy - 1, &load_error);
            refused += result == LLMOBS_ERROR_ARGUMENT;
            odd += result != LLMOBS_OK && (load_error.line == 0 || load_error.reason[0] == '\0');
        }
    }
    ok(refused > 5000, "most damage is seen");
    is_int(odd, 0, "and told");
    (void)llmobs_close(obs);
}

static void test_nested(void)
{
    llmobs* obs = open_priced(65536);
    char text[512];
    size_t depth, size, i;
    for (depth = 64; depth <= 65; depth++) { /* the table, the model, and arrays in it */
        size = (size_t)snprintf(text, sizeof text, "{\"m\":{\"input_cost_per_token\":1,\"x\":");
        for (i = 2; i < depth; i++) {
            text[size++] = '[';
        }
        for (i = 2; i < depth; i++) {
            text[size++] = ']';
        }
        size += (size_t)snprintf(text + size, sizeof text - size, "}}");
        is_int(llmobs_prices_load(obs, text, size, &load_error),
               depth == 64 ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT, "64 deep is fine, 65 is refused");
    }
    is_str(load_error.reason, "nested too deep", "for that reason");
    (void)llmobs_close(obs);
}

/* `count` models, numbered. The caller frees it. */
static char* many_models(int count, size_t* size)
{
    char* text = (char*)malloc((size_t)count * 100 + 10);
    int i;
    *size = (size_t)snprintf(text, 10, "{");
    for (i = 0; i < count; i++) {
        *size += (size_t)snprintf(text + *size, 100,
                                  "%s\"p%d/model-%d\":{\"input_cost_per_token\":%de-09}",
                                  i > 0 ? ",\n" : "", i % 7, i, i + 1);
    }
    text[(*size)++] = '}';
    return text;
}

static void test_enormous(void)
{
    llmobs* obs = open_priced(65536);
    size_t size;
    char* text = many_models(20000, &size);
    llmobs_price price = llmobs_price_default();
    char name[32];
    int i;
    llmobs_result result = LLMOBS_OK;
    (void)load(obs, "{" MODEL("kept", "7") "}");
    is_int(llmobs_prices_load(obs, text, size, &load_error), LLMOBS_ERROR_LIMIT,
           "more models than there is memory for");
    ok(load_error.line > 300 && strstr(load_error.reason, "price_bytes") != NULL,
       "which is said, with the place and the remedy");
    is_int(priced(obs, NULL, "kept"), 7000000, "the old table stays");
    free(text);
    text = (char*)malloc(40000);
    memset(text, 'x', 40000);
    memcpy(text, "{\"m\":{\"notes\":\"", 15);
    memcpy(text + 39996, "\"}}", 3);
    is_int(llmobs_prices_load(obs, text, 39999, &load_error), LLMOBS_ERROR_ARGUMENT,
           "a text of 40 KB in it");
    is_str(load_error.reason, "a string or number is too long", "is too long");
    free(text);
    price.femto[LLMOBS_COST_INPUT] = 5000000;
    for (i = 0; i < 2000 && result == LLMOBS_OK; i++) {
        (void)snprintf(name, sizeof name, "set-%d", i);
        result = llmobs_price_set(obs, NULL, name, &price);
    }
    is_int(result, LLMOBS_ERROR_LIMIT, "prices by call end with the memory, too");
    ok(i > 300 && priced(obs, NULL, "set-0") == 5000 && priced(obs, NULL, "kept") == 7000000,
       "all before it are there");
    (void)llmobs_close(obs);
}

/* Prices that were computed as doubles are a hair off: as near as can be, and counted. */
static void test_rounded(void)
{
    llmobs* obs = open_priced(65536);
    is_int(load(obs, M1 "\"input_cost_per_token\":1.6000000000000001e-06,"
                        "\"output_cost_per_token\":2.857142857142857e-07,"
                        "\"cache_read_input_token_cost\":5e-10}}"),
           LLMOBS_OK, "prices that are no whole femto-USD, by less than one in a million");
    is_int(about(obs).rounded, 2, "are counted");
    is_int(priced(obs, NULL, "m"), 1600000, "and rounded");
    (void)llmobs_close(obs);
}

/* ---- files --------------------------------------------------------------------------------- */

static void test_files(void)
{
    llmobs* obs = open_priced(1 << 20);
    static const char path[] = "build/tmp/prices.json";
    size_t size;
    char* text = many_models(3000, &size);
    char id[16];
    FILE* file;
    (void)mkdir("build/tmp", 0777);
    file = fopen(path, "wb");
    (void)fwrite(text, 1, size, file);
    (void)fclose(file);
    is_int(llmobs_prices_load(obs, text, size, NULL), LLMOBS_OK, "a table from memory");
    (void)snprintf(id, sizeof id, "%s", about(obs).id);
    (void)load(obs, "{}");
    is_int(llmobs_prices_load_file(obs, path, &load_error), LLMOBS_OK, "and from a file");
    is_str(about(obs).id, id, "is the same");
    is_int(about(obs).models, 3000, "in all its parts");
    is_int(priced(obs, "p3", "model-2999"), 3000000, "to the last one");
    is_int(llmobs_prices_load_file(obs, "build/tmp/none", &load_error), LLMOBS_ERROR_SYSTEM,
           "no file");
    ok(load_error.line == 0 && load_error.reason[0] != '\0', "is said to be none");
    is_int(llmobs_prices_load_file(obs, "build/tmp", NULL), LLMOBS_ERROR_SYSTEM, "a folder");
    is_int(llmobs_prices_load_file(obs, NULL, NULL), LLMOBS_ERROR_ARGUMENT, "no path");
    (void)unlink("build/tmp/fifo");
    if (HAS_MODES && mkfifo("build/tmp/fifo", 0600) == 0) {
        is_int(llmobs_prices_load_file(obs, "build/tmp/fifo", NULL), LLMOBS_ERROR_SYSTEM,
               "a pipe is not waited for");
        (void)unlink("build/tmp/fifo");
    }
    is_str(about(obs).id, id, "the table stays");
    (void)unlink(path);
    free(text);
    (void)llmobs_close(obs);
}

/* ---- finding ------------------------------------------------------------------------------- */

static const char families[] =
    "{\"gpt-4o\":{\"litellm_provider\":\"openai\",\"input_cost_per_token\":1e-06},"
    "\"azure/gpt-4o\":{\"litellm_provider\":\"azure\",\"input_cost_per_token\":2e-06},"
    "\"azure/eu/gpt-4o\":{\"litellm_provider\":\"azure\",\"input_cost_per_token\":3e-06},"
    "\"gpt-4o-2024-05-13\":{\"litellm_provider\":\"openai\",\"input_cost_per_token\":4e-06},"
    "\"gemini-pro\":{\"litellm_provider\":\"vertex_ai-language-models\","
    "\"input_cost_per_token\":5e-06},"
    "\"claude-x\":{\"litellm_provider\":\"bedrock_converse\",\"input_cost_per_token\":6e-06},"
    "\"together/*\":{\"input_cost_per_token\":7e-06},"
    "\"together/big/*\":{\"input_cost_per_token\":8e-06},"
    "\"together/big/one\":{\"input_cost_per_token\":9e-06},"
    "\"meta/llama\":{\"litellm_provider\":\"replicate\",\"input_cost_per_token\":10e-06},"
    "\"own\":{\"input_cost_per_token\":11e-06},"
    "\"both\":{\"litellm_provider\":\"openai\",\"input_cost_per_token\":14e-06},"
    "\"openai/both\":{\"litellm_provider\":\"openai\",\"input_cost_per_token\":15e-06},"
    "\"openai/two\":{\"litellm_provider\":\"openai\",\"input_cost_per_token\":16e-06},"
    "\"two\":{\"litellm_provider\":\"openai\",\"input_cost_per_token\":17e-06},"
    "\"/odd\":{\"input_cost_per_token\":12e-06},"
    "\"mistral/small-2402\":{\"litellm_provider\":\"mistral\",\"input_cost_per_token\":13e-06}}";

typedef struct finding {
    const char* provider;
    const char* model;
    int64_t price; /* nano-USD a token; 0: none */
    const char* row;
} finding;

static const finding findings[] = {
    {NULL, "gpt-4o", 1000, "gpt-4o"},
    {"openai", "gpt-4o", 1000, "gpt-4o"},
    {NULL, "openai/gpt-4o", 1000, "gpt-4o"},
    {"azure", "gpt-4o", 2000, "azure/gpt-4o"},
    {NULL, "azure/gpt-4o", 2000, "azure/gpt-4o"},
    {"azure", "azure/gpt-4o", 2000, "azure/gpt-4o"},
    {"azure.ai.openai", "gpt-4o", 2000, "azure/gpt-4o"},
    {"azure", "eu/gpt-4o", 3000, "azure/eu/gpt-4o"},
    {NULL, "azure/eu/gpt-4o", 3000, "azure/eu/gpt-4o"},
    {"openai", "gpt-4o-2024-05-13", 4000, "gpt-4o-2024-05-13"},
    {"openai", "gpt-4o-2024-08-06", 1000, "gpt-4o"},
    {NULL, "gpt-4o-20240806", 1000, "gpt-4o"},
    {NULL, "gpt-4o@20240806", 1000, "gpt-4o"},
    {"azure", "gpt-4o-2024-08-06", 2000, "azure/gpt-4o"},
    {NULL, "gpt-4o-2024-08", 0, ""},
    {NULL, "gpt-4o-0806", 0, ""},
    {NULL, "-2024-08-06", 0, ""},
    {"gcp.vertex_ai", "gemini-pro", 5000, "gemini-pro"},
    {"vertex_ai", "gemini-pro", 5000, "gemini-pro"},
    {"vertex", "gemini-pro", 5000, "gemini-pro"},
    {"vert", "gemini-pro", 0, ""},
    {"aws.bedrock", "claude-x", 6000, "claude-x"},
    {"anthropic", "claude-x", 0, ""},
    {"together", "any", 7000, "together/*"},
    {NULL, "together/any", 7000, "together/*"},
    {"together", "any/of/them", 7000, "together/*"},
    {"together", "big/two", 8000, "together/big/*"},
    {"together", "big/deep/two", 8000, "together/big/*"},
    {"together", "big/one", 9000, "together/big/one"},
    {"together", "big/one-20250101", 9000, "together/big/one"},
    {"togetherx", "any", 0, ""},
    {NULL, "meta/llama", 10000, "meta/llama"},
    {"replicate", "meta/llama", 10000, "meta/llama"},
    {"openai", "meta/llama", 0, ""},
    {"openai", "own", 11000, "own"},
    {"anybody", "own", 11000, "own"},
    {"openai", "both", 15000, "openai/both"},
    {NULL, "openai/both", 15000, "openai/both"},
    {NULL, "both", 14000, "both"},
    {"openai", "two", 16000, "openai/two"},
    {NULL, "two", 17000, "two"},
    {NULL, "/odd", 12000, "/odd"},
    {"mistral_ai", "small-2402", 13000, "mistral/small-2402"},
    {NULL, "GPT-4o", 0, ""},
    {NULL, "gpt-4", 0, ""},
    {NULL, "gpt-4o-mini", 0, ""},
    {NULL, "", 0, ""},
    {NULL, NULL, 0, ""},
    {"openai", NULL, 0, ""},
    {"", "gpt-4o", 1000, "gpt-4o"},
};

static void test_finding(void)
{
    llmobs* obs = open_priced(65536);
    char name[64];
    size_t i;
    is_int(load(obs, families), LLMOBS_OK, "a table of families");
    for (i = 0; i < sizeof findings / sizeof findings[0]; i++) {
        const finding* one = &findings[i];
        llmobs_cost_query query = asked(one->model, 1000, 0);
        llmobs_cost cost;
        bool dated = strstr(one->row, "-20") == NULL && one->model != NULL &&
                     strpbrk(one->model, "@0") != NULL && strstr(one->model, "20") != NULL &&
                     strstr(one->model, "2402") == NULL && one->price != 0;
        query.provider = one->provider;
        cost = cost_of(obs, &query);
        (void)snprintf(name, sizeof name, "%s, %s", one->provider != NULL ? one->provider : "-",
                       one->model != NULL ? one->model : "-");
        ok(cost.nano == (one->price != 0 ? one->price * 1000 : LLMOBS_COST_UNKNOWN) &&
               strcmp(cost.row, one->row) == 0 && cost.dated == dated &&
               cost.wildcard == (strchr(one->row, '*') != NULL),
           name);
    }
    {
        char longest[400];
        memset(longest, 'a', sizeof longest);
        longest[399] = '\0';
        is_int(priced(obs, NULL, longest), LLMOBS_COST_UNKNOWN, "a name of 399 bytes");
        longest[3] = '/';
        is_int(priced(obs, "together", longest), LLMOBS_COST_UNKNOWN,
               "is too long for wildcards, too");
    }
    (void)llmobs_close(obs);
}

static void test_many(void)
{
    llmobs* obs = open_priced(1 << 20);
    size_t size;
    char* text = many_models(5000, &size);
    char provider[8], model[24];
    int i, wrong = 0;
    is_int(llmobs_prices_load(obs, text, size, &load_error), LLMOBS_OK, "5,000 models");
    for (i = 0; i < 5000; i++) {
        (void)snprintf(provider, sizeof provider, "p%d", i % 7);
        (void)snprintf(model, sizeof model, "model-%d", i);
        wrong += priced(obs, provider, model) != ((int64_t)i + 1) * 1000;
        wrong += priced(obs, "p9", model) != LLMOBS_COST_UNKNOWN;
    }
    is_int(wrong, 0, "each is found, under its provider alone");
    ok(about(obs).bytes_used <= 5000 * 120 + 40000, "in little memory");
    free(text);
    (void)llmobs_close(obs);
}

/* Two names may have one hash: then the names decide. */
static void test_collision(void)
{
    llmobs* obs = open_priced(16384);
    llmobsi_instance* instance;
    llmobsi_prices* prices;
    const llmobsi_price_table* table;
    uint64_t hash;
    (void)load(obs, "{" MODEL("a", "1") "}");
    instance = llmobsi_call_begin(obs);
    prices = llmobsi_prices_of(&instance->collector.recorder);
    table = llmobsi_prices_table(prices);
    hash = llmobsi_price_hash(prices, llmobs_str(""), llmobs_str("b"));
    llmobsi_table_row(table, table->rows)->hash = (uint32_t)(hash >> 32);
    llmobsi_table_index(table)[(uint32_t)hash & table->index_mask] = table->rows / 8;
    llmobsi_call_end(instance);
    is_int(priced(obs, NULL, "b"), LLMOBS_COST_UNKNOWN, "another name of the same hash");
    (void)llmobs_close(obs);
}

/* ---- by call ------------------------------------------------------------------------------- */

static void test_set(void)
{
    llmobs* obs = open_priced(65536);
    llmobs_price price = llmobs_price_default();
    char before[16];
    char name[256];
    int i;
    price.femto[LLMOBS_COST_INPUT] = LLMOBS_PER_MILLION(2.50);
    price.femto[LLMOBS_COST_OUTPUT] = LLMOBS_PER_MILLION(10);
    is_int(price.femto[LLMOBS_COST_INPUT], 2500000000LL, "USD a million tokens, in femto a token");
    is_int(LLMOBS_PER_MILLION(0.075), 75000000LL, "a small one");
    is_int(llmobs_price_set(obs, NULL, "m", &price), LLMOBS_OK, "prices without a table");
    is_int(priced(obs, NULL, "m"), 2500000, "are there");
    is_int(strlen(about(obs).id), 8, "with an id");
    is_int(strlen(about(obs).date), 10, "and a date");
    (void)load(obs, families);
    is_int(priced(obs, NULL, "m"), LLMOBS_COST_UNKNOWN, "a table replaces them");
    (void)snprintf(before, sizeof before, "%s", about(obs).id);
    is_int(llmobs_price_set(obs, "azure.ai.openai", "gpt-4o", &price), LLMOBS_OK, "one is set");
    is_int(priced(obs, "azure", "gpt-4o"), 2500000, "in place of the table's");
    is_int(priced(obs, NULL, "gpt-4o"), 1000000, "and no other");
    is_int(about(obs).models, 17, "there are as many as before");
    is_int(priced(obs, "openai", "both"), 15000000, "all as they were");
    ok(strcmp(about(obs).id, before) != 0, "the id is another");
    is_int(llmobs_price_set(obs, "openai", "*", &price), LLMOBS_OK, "one for all of a provider");
    is_int(priced(obs, "openai", "gpt-99"), 2500000, "serves those without a price");
    is_int(priced(obs, "openai", "gpt-4o"), 1000000, "and no others");
    is_int(llmobs_price_set(obs, "azure", "gpt-4o", NULL), LLMOBS_OK, "one is taken out");
    is_int(priced(obs, "azure", "gpt-4o"), LLMOBS_COST_UNKNOWN, "and gone");
    is_int(about(obs).models, 17, "one less");
    is_int(llmobs_price_set(obs, "openai", "two", NULL), LLMOBS_OK, "one of two is taken out");
    is_int(priced(obs, "openai", "two"), 17000000, "and the other holds");
    for (i = 0; i < 500; i++) {
        price.femto[LLMOBS_COST_INPUT] = i * 1000000;
        (void)llmobs_price_set(obs, NULL, "again", &price);
    }
    is_int(priced(obs, NULL, "again"), 499000, "set 500 times it takes the room of one");
    is_int(about(obs).models, 17, "and is one");
    price.femto[LLMOBS_COST_INPUT] = INT64_MAX;
    is_int(llmobs_price_set(obs, NULL, "m", &price), LLMOBS_ERROR_ARGUMENT, "beyond reason");
    price = llmobs_price_default();
    is_int(llmobs_price_set(obs, NULL, "m", &price), LLMOBS_ERROR_ARGUMENT, "no price at all");
    price.femto[LLMOBS_COST_INPUT] = 0;
    is_int(llmobs_price_set(obs, NULL, "", &price), LLMOBS_ERROR_ARGUMENT, "no name");
    is_int(llmobs_price_set(obs, NULL, NULL, &price), LLMOBS_ERROR_ARGUMENT, "none at all");
    is_int(llmobs_price_set(obs, NULL, "a\x01z", &price), LLMOBS_ERROR_ARGUMENT, "a harmful one");
    memset(name, 'n', sizeof name);
    name[128] = '\0';
    is_int(llmobs_price_set(obs, NULL, name, &price), LLMOBS_ERROR_ARGUMENT, "one too long");
    name[127] = '\0';
    is_int(llmobs_price_set(obs, NULL, name, &price), LLMOBS_OK, "one that just fits");
    is_int(llmobs_price_set(obs, "p", name, &price), LLMOBS_ERROR_ARGUMENT, "but no provider");
    is_int(llmobs_price_set(obs, name, "m", &price), LLMOBS_ERROR_ARGUMENT, "nor as one");
    name[125] = '\0';
    is_int(llmobs_price_set(obs, name, "m", &price), LLMOBS_OK, "which just fits, too");
    is_int(priced(obs, name, "m"), 0, "free of charge is a price");
    (void)llmobs_close(obs);
}

/* ---- under fire ---------------------------------------------------------------------------- */

#define READERS 3

static llmobs* fired_at;
static llmobsi_atomic32 fire_over;

/* Both prices of a row are of one table: n and 2n; and the id is that table's. */
static void* read_prices(void* argument)
{
    long* bad = (long*)argument;
    while (llmobsi_load_relaxed(&fire_over) == 0) {
        llmobs_cost_query query = asked("model-7", 1000, 1000);
        llmobs_cost cost = cost_of(fired_at, &query);
        int64_t input = cost.of[LLMOBS_COST_INPUT];
        bad[0]++;
        bad[1] += cost.status != LLMOBS_COST_EXACT || cost.of[LLMOBS_COST_OUTPUT] != 2 * input ||
                  cost.nano != 3 * input || strcmp(cost.row, "model-7") != 0 ||
                  strlen(cost.table) != 8;
    }
    return NULL;
}

static size_t fire_table(char* text, size_t room, int version)
{
    size_t size = 0;
    int i;
    for (i = 0; i < 40; i++) {
        size += (size_t)snprintf(text + size, room - size,
                                 "%s\"model-%d\":{\"input_cost_per_token\":%de-09,"
                                 "\"output_cost_per_token\":%de-09}",
                                 i == 0 ? "{" : ",", (i + version) % 40, version + 1,
                                 2 * version + 2);
    }
    text[size++] = '}';
    return size;
}

static void test_fire(void)
{
    static char text[8192];
    pthread_t threads[READERS];
    long bad[READERS][2];
    long reads = 0, wrong = 0, failed = 0;
    int version, i;
    int versions = by_qemu() ? 40 : slowed() || LLMOBS_I_TSAN ? 500 : 3000;
    llmobs_config config = llmobs_config_default();
    llmobs_price price = llmobs_price_default();
    config.host_pumped = true;
    config.price_bytes = 16384;
    config.close_timeout_ms = 60000; /* readers are hardly ever outside */
    fired_at = llmobs_open(&config, NULL);
    memset(bad, 0, sizeof bad);
    (void)llmobs_prices_load(fired_at, text, fire_table(text, sizeof text, 0), NULL);
    for (i = 0; i < READERS; i++) {
        (void)pthread_create(&threads[i], NULL, read_prices, bad[i]);
    }
    for (version = 1; version < versions; version++) {
        size_t size = fire_table(text, sizeof text, version % 1000);
        failed += llmobs_prices_load(fired_at, text, size, NULL) != LLMOBS_OK;
        failed += llmobs_prices_load(fired_at, text, size - 1, NULL) == LLMOBS_OK;
        if (version % 16 == 0) {
            price.femto[LLMOBS_COST_INPUT] = version;
            price.femto[LLMOBS_COST_OUTPUT] = version;
            failed += llmobs_price_set(fired_at, NULL, "other", &price) != LLMOBS_OK;
        }
    }
    llmobsi_store_relaxed(&fire_over, 1);
    for (i = 0; i < READERS; i++) {
        (void)pthread_join(threads[i], NULL);
        reads += bad[i][0];
        wrong += bad[i][1];
    }
    is_int(failed, 0, "tables are replaced while they are read");
    is_int(wrong, 0, "no reader sees half of one");
    printf("# %ld reads of %d tables\n", reads, versions);
    (void)llmobs_close(fired_at);
}

/* A handler that interrupts a thread inside a call must not build where that call reads. */
static void test_busy(void)
{
    llmobs* obs = open_priced(16384);
    llmobsi_thread* thread;
    (void)load(obs, families);
    thread = llmobsi_enter(llmobsi_ticket(obs));
    ok(thread != NULL, "inside a call");
    is_int(load(obs, families), LLMOBS_ERROR_BUSY, "a table is not loaded");
    is_int(llmobs_price_set(obs, NULL, "gpt-4o", NULL), LLMOBS_ERROR_BUSY, "nor changed");
    llmobsi_leave();
    is_int(load(obs, families), LLMOBS_OK, "outside it is");
    (void)llmobs_close(obs);
}

static llmobsi_atomic32 is_inside;
static llmobsi_atomic32 may_leave;

static void wait_until(const llmobsi_atomic32* said)
{
    while (llmobsi_load_acquire(said) == 0) {
        (void)usleep(100);
    }
}

static void* hang_inside(void* argument)
{
    (void)argument;
    if (llmobsi_enter(llmobsi_ticket(fired_at)) != NULL) {
        llmobsi_store_release(&is_inside, 1);
        wait_until(&may_leave);
        llmobsi_leave();
    }
    return NULL;
}

/* Whoever reads the old table may take long: its memory is not built in before he is done. */
static void test_grace(void)
{
    llmobs_config config = llmobs_config_default();
    pthread_t thread;
    config.host_pumped = true;
    config.price_bytes = 16384;
    config.close_timeout_ms = 200;
    fired_at = llmobs_open(&config, NULL);
    (void)load(fired_at, families);
    (void)pthread_create(&thread, NULL, hang_inside, NULL);
    wait_until(&is_inside);
    is_int(load(fired_at, "{}"), LLMOBS_ERROR_TIMEOUT, "a thread hangs inside: no new table");
    is_int(priced(fired_at, NULL, "gpt-4o"), 1000000, "the old one stays");
    llmobsi_store_release(&may_leave, 1);
    (void)pthread_join(thread, NULL);
    is_int(load(fired_at, "{}"), LLMOBS_OK, "it is out: there is one");
    (void)llmobs_close(fired_at);
}

static void test_fork(void)
{
    llmobs* obs = open_priced(16384);
    int status = -1;
    pid_t child;
    (void)load(obs, families);
    child = fork();
    if (child == 0) {
        int bad = priced(obs, NULL, "gpt-4o") != 1000000;
        bad |= about(obs).unknown_models != 0;
        bad |= load(obs, "{" MODEL("m", "3") "}") != LLMOBS_OK;
        bad |= priced(obs, NULL, "m") != 3000000;
        _exit(bad);
    }
    (void)waitpid(child, &status, 0);
    is_int(status, 0, "a fork's child has the table, and may replace it");
    is_int(priced(obs, NULL, "gpt-4o"), 1000000, "its parent does not see that");
    (void)llmobs_close(obs);
}

/* ---- the example --------------------------------------------------------------------------- */

static void test_example(void)
{
    llmobs* obs = open_priced(65536);
    llmobs_cost_query query = asked("gpt-4o-2024-08-06", 20212, 931);
    query.provider = "openai";
    query.usage.cached_tokens = 16298;
    is_int(llmobs_prices_load_file(obs, "examples/prices.json", &load_error), LLMOBS_OK,
           "examples/prices.json");
    ok(about(obs).models >= 20 && about(obs).skipped_unpriced == 0 && about(obs).rounded == 0,
       "has prices for all of its models");
    is_int(exact(obs, &query), 3914 * 2500 + 16298 * 1250 + 931 * 10000, "and right ones");
    (void)llmobs_close(obs);
}

/* ---- LiteLLM's own ------------------------------------------------------------------------- */

#define LITELLM "../shared/data/model_prices_and_context_window.json"

static void test_litellm(void)
{
    llmobs* obs = open_priced(4 << 20);
    llmobs_result result = llmobs_prices_load_file(obs, LITELLM, &load_error);
    if (result == LLMOBS_ERROR_SYSTEM) {
        skip("LiteLLM's table", LITELLM " not found");
    } else {
        is_int(result, LLMOBS_OK, "LiteLLM's table");
        printf("# %u models, %u bytes\n", about(obs).models, about(obs).bytes_used);
        ok(about(obs).models > 100, "with its models");
    }
    (void)llmobs_close(obs);
}

int main(void)
{
    test_loading();
    test_no_prices();
    test_memory();
    test_refusals();
    test_truncated();
    test_damaged();
    test_nested();
    test_enormous();
    test_rounded();
    test_files();
    test_finding();
    test_many();
    test_collision();
    test_set();
    test_fire();
    test_busy();
    test_grace();
    if (!skipped_without_fork("fork")) {
        test_fork();
    }
    test_example();
    test_litellm();
    return done();
}
