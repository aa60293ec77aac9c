/* The names that prices have in LiteLLM's form: input_cost_per_token_above_200k_tokens_priority. */

typedef struct llmobsi_price_name {
    const char* text;
    llmobs_cost_kind kind;
} llmobsi_price_name;

static const llmobsi_price_name llmobsi_price_names[] = {
    {"input_cost_per_token", LLMOBS_COST_INPUT},
    {"output_cost_per_token", LLMOBS_COST_OUTPUT},
    {"cache_read_input_token_cost", LLMOBS_COST_CACHE_READ},
    {"cache_creation_input_token_cost", LLMOBS_COST_CACHE_WRITE},
    {"output_cost_per_reasoning_token", LLMOBS_COST_REASONING},
    {"input_cost_per_audio_token", LLMOBS_COST_AUDIO_INPUT},
    {"output_cost_per_audio_token", LLMOBS_COST_AUDIO_OUTPUT},
    {"input_cost_per_image_token", LLMOBS_COST_IMAGE_INPUT},
    {"output_cost_per_image_token", LLMOBS_COST_IMAGE_OUTPUT},
};

/* What a price is for. */
typedef struct llmobsi_price_for {
    llmobs_cost_kind kind;
    llmobsi_service_tier tier;
    uint64_t threshold;
} llmobsi_price_for;

/* Takes a word off the front of a text, where the text or a '_' follows it. */
llmobsi_fn bool llmobsi_word_take(llmobs_string* text, const char* word)
{
    size_t size = strlen(word);
    if (text->size < size || memcmp(text->data, word, size) != 0 ||
        (text->size > size && text->data[size] != '_')) {
        return false;
    }
    *text = llmobs_text(text->data + size, text->size - size);
    return true;
}

/* _above_200k_tokens, _above_272000_tokens. */
llmobsi_fn bool llmobsi_threshold_take(llmobs_string* text, uint64_t* threshold)
{
    llmobs_string rest = *text;
    uint64_t number = 0;
    size_t i;
    if (!llmobsi_word_take(&rest, "_above") || rest.size == 0) {
        return false;
    }
    for (i = 1; i < rest.size && rest.data[i] >= '0' && rest.data[i] <= '9'; i++) {
        number = number < 1000000000 ? number * 10 + (uint64_t)(rest.data[i] - '0') : number;
    }
    if (i < rest.size && rest.data[i] == 'k') {
        number *= 1000;
        i++;
    }
    rest = llmobs_text(rest.data + i, rest.size - i);
    if (number == 0 || *threshold != 0 || !llmobsi_word_take(&rest, "_tokens")) {
        return false;
    }
    *threshold = number;
    *text = rest;
    return true;
}

llmobsi_fn bool llmobsi_service_tier_take(llmobs_string* text, llmobsi_service_tier* tier)
{
    int known;
    for (known = 1; known < (int)LLMOBS_I_TIER_COUNT && *tier == LLMOBS_I_TIER_STANDARD; known++) {
        llmobs_string rest = llmobs_text(text->data + 1, text->size - 1);
        if (text->data[0] == '_' && llmobsi_word_take(&rest, llmobsi_service_tiers[known])) {
            *tier = (llmobsi_service_tier)known;
            *text = rest;
            return true;
        }
    }
    return false;
}

/* False: it is no price of a token, or of one that is not billed here. */
llmobsi_fn bool llmobsi_price_name_read(llmobs_string name, llmobsi_price_for* what)
{
    size_t i;
    for (i = 0; i < sizeof llmobsi_price_names / sizeof llmobsi_price_names[0]; i++) {
        llmobs_string rest = name;
        if (!llmobsi_word_take(&rest, llmobsi_price_names[i].text)) {
            continue;
        }
        what->kind = llmobsi_price_names[i].kind;
        what->tier = LLMOBS_I_TIER_STANDARD;
        what->threshold = 0;
        if (what->kind == LLMOBS_COST_CACHE_WRITE && llmobsi_word_take(&rest, "_above_1hr")) {
            what->kind = LLMOBS_COST_CACHE_WRITE_1H;
        }
        while (rest.size > 0 && (llmobsi_threshold_take(&rest, &what->threshold) ||
                                 llmobsi_service_tier_take(&rest, &what->tier))) {
        }
        return rest.size == 0;
    }
    return false;
}
