/* Hostile bytes as JSON: read whole and in pieces through a small window, it comes to the same
   tokens and the same refusal; and as a price table, which is refused or loaded, and then answers.
   Seeds in corpus/json_read. */
#include "llmobs_private.h"

#include <stdlib.h>

#include "../pieces.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void check_token(const llmobsi_json_reader* reader, llmobsi_json_token token)
{
    if (token == LLMOBS_I_JSON_FAILED) {
        CHECK(reader->reason != NULL && reader->line > 0 && reader->column > 0);
    } else if (token == LLMOBS_I_JSON_NAME || token == LLMOBS_I_JSON_STRING) {
        CHECK(reader->text_cut || llmobsi_utf8_is_valid(reader->text, reader->text_size));
    } else if (token == LLMOBS_I_JSON_NUMBER) {
        uint64_t units;
        CHECK(reader->text_size > 0);
        (void)llmobsi_units_read(reader->text, reader->text_size, 15, &units);
    }
    CHECK(reader->depth <= LLMOBS_I_JSON_DEPTH);
}

static void check_reader(const uint8_t* data, size_t size)
{
    static char window[4096 + 64], room[2][32];
    llmobsi_json_reader whole, parts;
    llmobsi_json_token token;
    pieces from;
    from.data = (const char*)data;
    from.left = size;
    from.most = size % 13 + 1;
    llmobsi_json_read_begin(&whole, (const char*)data, size, room[0], sizeof room[0]);
    llmobsi_json_read_pieces(&parts, window, sizeof window, next_piece, &from, room[1],
                             sizeof room[1]);
    do {
        token = llmobsi_json_read(&whole);
        CHECK(llmobsi_json_read(&parts) == token && parts.depth == whole.depth);
        check_token(&whole, token);
        if (token >= LLMOBS_I_JSON_NAME && token <= LLMOBS_I_JSON_NUMBER) {
            CHECK(parts.text_size == whole.text_size &&
                  memcmp(parts.text, whole.text, whole.text_size) == 0);
        }
    } while (token > LLMOBS_I_JSON_END);
    CHECK(parts.line == whole.line && parts.column == whole.column);
}

/* A table that is refused leaves the one before: a model "kept" at 2 USD a million tokens. */
static void check_table(const uint8_t* data, size_t size)
{
    static llmobs* obs;
    llmobs_price price = llmobs_price_default();
    llmobs_cost_query query = llmobs_cost_query_default();
    llmobs_price_error error;
    llmobs_cost cost;
    llmobs_result result;
    if (obs == NULL) {
        llmobs_config config = llmobs_config_default();
        config.host_pumped = true;
        config.price_bytes = 8192;
        obs = llmobs_open(&config, NULL);
        CHECK(obs != NULL);
    }
    price.femto[LLMOBS_COST_INPUT] = LLMOBS_PER_MILLION(2);
    CHECK(llmobs_prices_load(obs, "{}", 2, NULL) == LLMOBS_OK);
    CHECK(llmobs_price_set(obs, NULL, "kept", &price) == LLMOBS_OK);
    error.size = sizeof error;
    cost.size = sizeof cost;
    query.model = "kept";
    query.usage.input_tokens = 1000;
    query.usage.output_tokens = 0;
    query.usage.reported = true;
    result = llmobs_prices_load(obs, (const char*)data, size, &error);
    CHECK(llmobs_cost_of(obs, &query, &cost) == LLMOBS_OK);
    if (result != LLMOBS_OK) {
        CHECK(error.line > 0 && error.column > 0 && error.reason[0] != '\0');
        CHECK(cost.status == LLMOBS_COST_EXACT && cost.nano == 2000000);
    }
    query.provider = "p";
    query.model = "m";
    query.service_tier = "flex";
    query.region = "us";
    query.unix_ns = UINT64_C(1764000000000000000);
    query.usage.input_tokens = 300000;
    query.usage.output_tokens = -1;
    CHECK(llmobs_cost_of(obs, &query, &cost) == LLMOBS_OK);
    CHECK(cost.low >= 0 && (cost.high == LLMOBS_COST_UNKNOWN || cost.high >= cost.low));
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size <= 4096) {
        check_reader(data, size);
        check_table(data, size);
    }
    return 0;
}
