/* LiteLLM's model_prices_and_context_window.json, and tables of the same form, into a price table.
   What is not understood is passed over; what is understood and wrong refuses the whole text. */

typedef struct llmobsi_loading {
    llmobsi_json_reader reader;
    const llmobsi_prices* prices;
    llmobsi_price_table* table;
    llmobsi_draft draft;
    char room[1024];
} llmobsi_loading;

#define LLMOBS_I_TWICE "this name stood here before"

/* ---- values -------------------------------------------------------------------------------- */

llmobsi_fn llmobs_string llmobsi_loading_text(const llmobsi_loading* loading)
{
    return llmobs_text(loading->reader.text, loading->reader.text_size);
}

llmobsi_fn bool llmobsi_loading_is(const llmobsi_loading* loading, const char* word)
{
    size_t size = strlen(word);
    return loading->reader.text_size == size && memcmp(loading->reader.text, word, size) == 0;
}

llmobsi_fn bool llmobsi_loading_refuse(llmobsi_loading* loading, const char* reason)
{
    (void)llmobsi_json_refuse(&loading->reader, reason);
    return false;
}

/* A name that may come once in a model. */
llmobsi_fn bool llmobsi_loading_once(llmobsi_loading* loading, uint32_t bit)
{
    if ((loading->draft.seen & bit) != 0) {
        return llmobsi_loading_refuse(loading, LLMOBS_I_TWICE);
    }
    loading->draft.seen |= bit;
    return true;
}

/* The least price that may be rounded to a whole femto-USD: the change is one in a million at most.
   LiteLLM has some that were divided or multiplied as doubles, such as 1.6000000000000001e-06. */
#define LLMOBS_I_PRICE_ROUNDED_LEAST 500000u

/* A price, in femto-USD. */
llmobsi_fn bool llmobsi_loading_femto(llmobsi_loading* loading, llmobsi_json_token token,
                                      uint64_t* femto)
{
    if (token != LLMOBS_I_JSON_NUMBER) {
        return llmobsi_loading_refuse(loading, "a price should be a number");
    }
    switch (llmobsi_units_read(loading->reader.text, loading->reader.text_size, 15, femto)) {
    case LLMOBS_I_UNITS_EXACT:
        return true;
    case LLMOBS_I_UNITS_ROUNDED:
        loading->draft.rounded++;
        return *femto >= LLMOBS_I_PRICE_ROUNDED_LEAST ||
               llmobsi_loading_refuse(loading, "a price is no whole number of USD / 10^15");
    case LLMOBS_I_UNITS_NEGATIVE:
        return llmobsi_loading_refuse(loading, "a price is negative");
    default:
        return llmobsi_loading_refuse(loading, "a price is beyond all reason");
    }
}

/* A price's name stands there: its value goes into a sheet. null is no price. */
llmobsi_fn bool llmobsi_loading_rate(llmobsi_loading* loading, llmobsi_draft_sheet* sheet,
                                     llmobs_cost_kind kind)
{
    llmobsi_json_token token;
    uint64_t femto;
    if (sheet == NULL) {
        return llmobsi_loading_refuse(loading, "a model has too many tiers");
    }
    if ((sheet->head.present >> kind & 1) != 0) {
        return llmobsi_loading_refuse(loading, LLMOBS_I_TWICE);
    }
    token = llmobsi_json_read(&loading->reader);
    return token == LLMOBS_I_JSON_NULL ||
           (llmobsi_loading_femto(loading, token, &femto) &&
            llmobsi_draft_rate(sheet, kind, femto));
}

/* A number of tokens; 0: there is none, or one that is none. */
llmobsi_fn bool llmobsi_loading_tokens(llmobsi_loading* loading, uint32_t* tokens)
{
    llmobsi_json_token token = llmobsi_json_read(&loading->reader);
    uint64_t units = 0;
    if (token == LLMOBS_I_JSON_NUMBER) {
        (void)llmobsi_units_read(loading->reader.text, loading->reader.text_size, 0, &units);
        *tokens = units < UINT32_MAX ? (uint32_t)units : UINT32_MAX;
    }
    return llmobsi_json_pass(&loading->reader, token);
}

/* ---- tiered_pricing ------------------------------------------------------------------------ */

/* [0, 256000]: for more than the first, up to the second. */
llmobsi_fn bool llmobsi_loading_range(llmobsi_loading* loading, uint64_t* from, bool* known)
{
    llmobsi_json_token token = llmobsi_json_read(&loading->reader);
    uint64_t to;
    if (token == LLMOBS_I_JSON_FAILED) {
        return false;
    }
    if (token != LLMOBS_I_JSON_ARRAY ||
        llmobsi_json_read(&loading->reader) != LLMOBS_I_JSON_NUMBER ||
        llmobsi_units_read(loading->reader.text, loading->reader.text_size, 0, from) >
            LLMOBS_I_UNITS_ROUNDED ||
        llmobsi_json_read(&loading->reader) != LLMOBS_I_JSON_NUMBER ||
        llmobsi_units_read(loading->reader.text, loading->reader.text_size, 0, &to) >
            LLMOBS_I_UNITS_ROUNDED ||
        llmobsi_json_read(&loading->reader) != LLMOBS_I_JSON_ARRAY_END) {
        return llmobsi_loading_refuse(loading, "a range should be two numbers of tokens");
    }
    *known = true;
    return true;
}

/* One tier. Without a range or a price of the input it is none. */
llmobsi_fn bool llmobsi_loading_tier(llmobsi_loading* loading)
{
    llmobsi_draft_sheet tier;
    llmobsi_draft_sheet* sheet;
    llmobsi_json_token token;
    uint64_t from = 0;
    bool has_range = false;
    memset(&tier, 0, sizeof tier);
    while ((token = llmobsi_json_read(&loading->reader)) == LLMOBS_I_JSON_NAME) {
        llmobsi_price_for what;
        if (llmobsi_loading_is(loading, "range")) {
            if (has_range) {
                return llmobsi_loading_refuse(loading, LLMOBS_I_TWICE);
            }
            if (!llmobsi_loading_range(loading, &from, &has_range)) {
                return false;
            }
        } else if (llmobsi_price_name_read(llmobsi_loading_text(loading), &what) &&
                   what.threshold == 0 && what.tier == LLMOBS_I_TIER_STANDARD) {
            if (!llmobsi_loading_rate(loading, &tier, what.kind)) {
                return false;
            }
        } else if (!llmobsi_json_pass(&loading->reader, llmobsi_json_read(&loading->reader))) {
            return false;
        }
    }
    if (!has_range || (tier.head.present & 1u << LLMOBS_COST_INPUT) == 0) {
        return token != LLMOBS_I_JSON_FAILED;
    }
    sheet = llmobsi_draft_sheet_of(&loading->draft, LLMOBS_I_SHEET_TIERED, from,
                                   LLMOBS_I_TIER_STANDARD);
    if (sheet == NULL || sheet->head.present != 0) {
        return llmobsi_loading_refuse(loading, sheet == NULL ? "a model has too many tiers"
                                                             : "two tiers begin at one number");
    }
    tier.head.form = sheet->head.form;
    tier.head.threshold = from;
    *sheet = tier;
    return true;
}

llmobsi_fn bool llmobsi_loading_tiers(llmobsi_loading* loading)
{
    llmobsi_json_token token = llmobsi_json_read(&loading->reader);
    if (token == LLMOBS_I_JSON_NULL) {
        return true;
    }
    if (token != LLMOBS_I_JSON_ARRAY) {
        return llmobsi_loading_refuse(loading, "tiered_pricing should be an array");
    }
    while ((token = llmobsi_json_read(&loading->reader)) == LLMOBS_I_JSON_OBJECT) {
        if (!llmobsi_loading_tier(loading)) {
            return false;
        }
    }
    return token == LLMOBS_I_JSON_ARRAY_END ||
           llmobsi_loading_refuse(loading, "a tier should be an object");
}

/* ---- off_peak_pricing ---------------------------------------------------------------------- */

#define LLMOBS_I_EVERY_DAY 0x7fu

/* HH:MM, with blanks around it; UINT32_MAX: it is none. */
llmobsi_fn uint32_t llmobsi_minute_read(const char* text, size_t size)
{
    while (size > 0 && text[0] == ' ') {
        text++;
        size--;
    }
    while (size > 0 && text[size - 1] == ' ') {
        size--;
    }
    if (size != 5 || text[0] < '0' || text[0] > '2' || text[1] < '0' || text[1] > '9' ||
        text[2] != ':' || text[3] < '0' || text[3] > '5' || text[4] < '0' || text[4] > '9' ||
        (text[0] == '2' && text[1] > '3')) {
        return UINT32_MAX;
    }
    return (uint32_t)((text[0] - '0') * 600 + (text[1] - '0') * 60 + (text[3] - '0') * 10 +
                      (text[4] - '0'));
}

/* "16:30-00:30" */
llmobsi_fn bool llmobsi_loading_window(llmobsi_loading* loading)
{
    llmobs_string text = llmobsi_loading_text(loading);
    const char* dash = text.size > 0 ? (const char*)memchr(text.data, '-', text.size) : NULL;
    size_t before = dash != NULL ? (size_t)(dash - text.data) : 0;
    uint32_t from = dash != NULL ? llmobsi_minute_read(text.data, before) : UINT32_MAX;
    uint32_t to =
        dash != NULL ? llmobsi_minute_read(dash + 1, text.size - before - 1) : UINT32_MAX;
    llmobsi_off_peak* added;
    if (from == UINT32_MAX || to == UINT32_MAX ||
        loading->draft.off_peak_count == LLMOBS_I_DRAFT_OFF_PEAKS) {
        return llmobsi_loading_refuse(loading, from == UINT32_MAX || to == UINT32_MAX
                                                   ? "off-peak hours should be HH:MM-HH:MM"
                                                   : "too many off-peak hours");
    }
    added = &loading->draft.off_peaks[loading->draft.off_peak_count++];
    memset(added, 0, sizeof *added);
    added->from = (uint16_t)from;
    added->to = (uint16_t)to;
    added->weekdays = LLMOBS_I_EVERY_DAY;
    return true;
}

/* One, or an array of them. */
llmobsi_fn bool llmobsi_loading_hours(llmobsi_loading* loading)
{
    llmobsi_json_token token = llmobsi_json_read(&loading->reader);
    if (token == LLMOBS_I_JSON_STRING) {
        return llmobsi_loading_window(loading);
    }
    if (token != LLMOBS_I_JSON_ARRAY) {
        return llmobsi_loading_refuse(loading, "off-peak hours should be HH:MM-HH:MM");
    }
    while ((token = llmobsi_json_read(&loading->reader)) == LLMOBS_I_JSON_STRING) {
        if (!llmobsi_loading_window(loading)) {
            return false;
        }
    }
    return token == LLMOBS_I_JSON_ARRAY_END ||
           llmobsi_loading_refuse(loading, "off-peak hours should be HH:MM-HH:MM");
}

/* Numbers from 1, Monday, to 7, or names of which the first three letters count. */
llmobsi_fn bool llmobsi_loading_weekdays(llmobsi_loading* loading, uint8_t* weekdays)
{
    static const char names[] = "montuewedthufrisatsun";
    llmobsi_json_token token = llmobsi_json_read(&loading->reader);
    bool good = token == LLMOBS_I_JSON_ARRAY;
    *weekdays = 0;
    while (good && (token = llmobsi_json_read(&loading->reader)) != LLMOBS_I_JSON_ARRAY_END) {
        llmobs_string text = llmobsi_loading_text(loading);
        uint32_t day = 7;
        if (token == LLMOBS_I_JSON_NUMBER && text.size == 1) {
            day = (uint32_t)(text.data[0] - '1');
        } else if (token == LLMOBS_I_JSON_STRING && text.size >= 3) {
            for (day = 0; day < 7 && ((text.data[0] | 0x20) != names[3 * day] ||
                                      (text.data[1] | 0x20) != names[3 * day + 1] ||
                                      (text.data[2] | 0x20) != names[3 * day + 2]);
                 day++) {
            }
        }
        good = day < 7;
        *weekdays = (uint8_t)(*weekdays | 1u << (day & 7));
    }
    return good || llmobsi_loading_refuse(loading, "weekdays should be numbers from 1 to 7");
}

/* Hours that hold on some days of the week. */
llmobsi_fn bool llmobsi_loading_off_peak_rule(llmobsi_loading* loading)
{
    llmobsi_draft* draft = &loading->draft;
    uint32_t first = draft->off_peak_count;
    uint8_t weekdays = LLMOBS_I_EVERY_DAY;
    llmobsi_json_token token;
    while ((token = llmobsi_json_read(&loading->reader)) == LLMOBS_I_JSON_NAME) {
        bool good;
        if (llmobsi_loading_is(loading, "hours_utc")) {
            good = llmobsi_loading_hours(loading);
        } else if (llmobsi_loading_is(loading, "weekdays")) {
            good = llmobsi_loading_weekdays(loading, &weekdays);
        } else {
            good = llmobsi_json_pass(&loading->reader, llmobsi_json_read(&loading->reader));
        }
        if (!good) {
            return false;
        }
    }
    for (; first < draft->off_peak_count; first++) {
        draft->off_peaks[first].weekdays = weekdays;
    }
    return token != LLMOBS_I_JSON_FAILED;
}

llmobsi_fn bool llmobsi_loading_off_peak_rules(llmobsi_loading* loading)
{
    llmobsi_json_token token = llmobsi_json_read(&loading->reader);
    if (token != LLMOBS_I_JSON_ARRAY) {
        return llmobsi_loading_refuse(loading, "windows should be an array");
    }
    while ((token = llmobsi_json_read(&loading->reader)) == LLMOBS_I_JSON_OBJECT) {
        if (!llmobsi_loading_off_peak_rule(loading)) {
            return false;
        }
    }
    return token == LLMOBS_I_JSON_ARRAY_END ||
           llmobsi_loading_refuse(loading, "a window should be an object");
}

/* Zones without summer time, as minutes east of UTC. */
typedef struct llmobsi_zone {
    const char* name;
    int16_t minutes;
} llmobsi_zone;

llmobsi_fn bool llmobsi_loading_zone(llmobsi_loading* loading, int16_t* minutes)
{
    static const llmobsi_zone zones[] = {
        {"UTC", 0},           {"Etc/UTC", 0},          {"GMT", 0},        {"Asia/Shanghai", 480},
        {"Asia/Singapore", 480}, {"Asia/Hong_Kong", 480}, {"Asia/Tokyo", 540}, {"Asia/Seoul", 540},
        {"Asia/Kolkata", 330},
    };
    llmobsi_json_token token = llmobsi_json_read(&loading->reader);
    size_t i;
    if (token == LLMOBS_I_JSON_STRING) {
        for (i = 0; i < sizeof zones / sizeof zones[0]; i++) {
            if (llmobsi_loading_is(loading, zones[i].name)) {
                *minutes = zones[i].minutes;
                return true;
            }
        }
        loading->draft.unknown_zone = true;
    }
    return llmobsi_json_pass(&loading->reader, token);
}

/* The block's members in any order; the zone is for all of its windows. */
llmobsi_fn bool llmobsi_loading_off_peak_read(llmobsi_loading* loading, int16_t* zone)
{
    llmobsi_draft_sheet* sheet = llmobsi_draft_sheet_of(
        &loading->draft, LLMOBS_I_SHEET_OFF_PEAK, 0, LLMOBS_I_TIER_STANDARD);
    llmobsi_json_token token;
    while ((token = llmobsi_json_read(&loading->reader)) == LLMOBS_I_JSON_NAME) {
        llmobsi_price_for what;
        bool good;
        if (llmobsi_loading_is(loading, "hours_utc")) {
            good = llmobsi_loading_hours(loading);
        } else if (llmobsi_loading_is(loading, "windows")) {
            good = llmobsi_loading_off_peak_rules(loading);
        } else if (llmobsi_loading_is(loading, "weekday_timezone")) {
            good = llmobsi_loading_zone(loading, zone);
        } else if (llmobsi_price_name_read(llmobsi_loading_text(loading), &what) &&
                   what.threshold == 0 && what.tier == LLMOBS_I_TIER_STANDARD) {
            good = llmobsi_loading_rate(loading, sheet, what.kind);
        } else {
            good = llmobsi_json_pass(&loading->reader, llmobsi_json_read(&loading->reader));
        }
        if (!good) {
            return false;
        }
    }
    return token != LLMOBS_I_JSON_FAILED;
}

llmobsi_fn bool llmobsi_loading_off_peak(llmobsi_loading* loading)
{
    llmobsi_draft* draft = &loading->draft;
    llmobsi_json_token token = llmobsi_json_read(&loading->reader);
    int16_t zone = 0;
    bool by_weekday = false;
    uint32_t i;
    if (token == LLMOBS_I_JSON_NULL) {
        return true;
    }
    if (token != LLMOBS_I_JSON_OBJECT) {
        return llmobsi_loading_refuse(loading, "off_peak_pricing should be an object");
    }
    if (!llmobsi_loading_off_peak_read(loading, &zone)) {
        return false;
    }
    for (i = 0; i < draft->off_peak_count; i++) {
        draft->off_peaks[i].zone = zone;
        by_weekday |= draft->off_peaks[i].weekdays != LLMOBS_I_EVERY_DAY;
    }
    draft->unknown_zone = draft->unknown_zone && by_weekday;
    return true;
}

/* ---- uplifts ------------------------------------------------------------------------------- */

/* A factor for a region or a way of serving; its name stands there or is given. */
llmobsi_fn bool llmobsi_loading_uplift(llmobsi_loading* loading, llmobs_string name)
{
    llmobsi_draft* draft = &loading->draft;
    llmobsi_uplift uplift;
    llmobsi_json_token token;
    uint64_t units = 0;
    uint32_t i;
    memset(&uplift, 0, sizeof uplift);
    if (name.size == 0 || name.size >= sizeof uplift.name ||
        draft->uplift_count == LLMOBS_I_DRAFT_UPLIFTS) {
        return llmobsi_loading_refuse(loading, "too many regions, or too long a name of one");
    }
    memcpy(uplift.name, name.data, name.size);
    for (i = 0; i < draft->uplift_count; i++) {
        if (strcmp(draft->uplifts[i].name, uplift.name) == 0) {
            return llmobsi_loading_refuse(loading, LLMOBS_I_TWICE);
        }
    }
    token = llmobsi_json_read(&loading->reader);
    if (token == LLMOBS_I_JSON_NULL) {
        return true;
    }
    if (token != LLMOBS_I_JSON_NUMBER ||
        llmobsi_units_read(loading->reader.text, loading->reader.text_size, 6, &units) !=
            LLMOBS_I_UNITS_EXACT ||
        units == 0 || units > LLMOBS_I_UPLIFT_MOST) {
        return llmobsi_loading_refuse(loading, "a multiplier should be a number up to 100");
    }
    uplift.millionths = (uint32_t)units;
    draft->uplifts[draft->uplift_count++] = uplift;
    return true;
}

/* Of provider_specific_entry: the factors for a country, in two letters, and for "fast". */
llmobsi_fn bool llmobsi_loading_specific(llmobsi_loading* loading)
{
    llmobsi_json_token token = llmobsi_json_read(&loading->reader);
    if (token != LLMOBS_I_JSON_OBJECT) {
        return llmobsi_json_pass(&loading->reader, token);
    }
    while ((token = llmobsi_json_read(&loading->reader)) == LLMOBS_I_JSON_NAME) {
        bool is_factor = loading->reader.text_size == 2 || llmobsi_loading_is(loading, "fast");
        if (!(is_factor ? llmobsi_loading_uplift(loading, llmobsi_loading_text(loading))
                        : llmobsi_json_pass(&loading->reader,
                                            llmobsi_json_read(&loading->reader)))) {
            return false;
        }
    }
    return token != LLMOBS_I_JSON_FAILED;
}

/* ---- models -------------------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_loading_owner(llmobsi_loading* loading)
{
    llmobsi_json_token token = llmobsi_json_read(&loading->reader);
    llmobs_string text = llmobsi_loading_text(loading);
    if (token == LLMOBS_I_JSON_NULL) {
        return true;
    }
    if (token != LLMOBS_I_JSON_STRING || text.size >= sizeof loading->draft.owner ||
        loading->reader.text_cut || !llmobsi_text_is_safe(text.data, text.size)) {
        return llmobsi_loading_refuse(loading, "litellm_provider should be a short text");
    }
    memcpy(loading->draft.owner, text.data, text.size);
    return true;
}

/* One member of a model; its name stands there. */
llmobsi_fn bool llmobsi_loading_member(llmobsi_loading* loading)
{
    static const char region[] = "regional_processing_uplift_multiplier_";
    llmobsi_draft* draft = &loading->draft;
    llmobs_string name = llmobsi_loading_text(loading);
    llmobsi_price_for what;
    if (llmobsi_price_name_read(name, &what)) {
        return llmobsi_loading_rate(loading,
                                    llmobsi_draft_sheet_of(draft, LLMOBS_I_SHEET_PLAIN,
                                                           what.threshold, what.tier),
                                    what.kind);
    }
    if (llmobsi_loading_is(loading, "litellm_provider")) {
        return llmobsi_loading_once(loading, 1) && llmobsi_loading_owner(loading);
    }
    if (llmobsi_loading_is(loading, "max_input_tokens")) {
        return llmobsi_loading_once(loading, 2) &&
               llmobsi_loading_tokens(loading, &draft->max_input);
    }
    if (llmobsi_loading_is(loading, "max_output_tokens")) {
        return llmobsi_loading_once(loading, 4) &&
               llmobsi_loading_tokens(loading, &draft->max_output);
    }
    if (llmobsi_loading_is(loading, "tiered_pricing")) {
        return llmobsi_loading_once(loading, 8) && llmobsi_loading_tiers(loading);
    }
    if (llmobsi_loading_is(loading, "off_peak_pricing")) {
        return llmobsi_loading_once(loading, 16) && llmobsi_loading_off_peak(loading);
    }
    if (llmobsi_loading_is(loading, "provider_specific_entry")) {
        return llmobsi_loading_once(loading, 32) && llmobsi_loading_specific(loading);
    }
    if (llmobsi_loading_is(loading, "fedramp_uplift_multiplier")) {
        return llmobsi_loading_uplift(loading, llmobs_str("fedramp"));
    }
    if (llmobsi_loading_is(loading, "regional_endpoint_uplift_multiplier")) {
        return llmobsi_loading_uplift(loading, llmobs_str(LLMOBS_I_UPLIFT_ELSEWHERE));
    }
    if (name.size >= sizeof region && memcmp(name.data, region, sizeof region - 1) == 0) {
        return llmobsi_loading_uplift(loading, llmobs_text(name.data + sizeof region - 1,
                                                           name.size - sizeof region + 1));
    }
    return llmobsi_json_pass(&loading->reader, llmobsi_json_read(&loading->reader));
}

/* Whether any token has a price: sheets without a rate are taken out. */
llmobsi_fn bool llmobsi_draft_is_priced(llmobsi_draft* draft)
{
    bool priced = false;
    uint32_t from, to = 0;
    for (from = 0; from < draft->sheet_count; from++) {
        if (draft->sheets[from].head.present != 0) {
            priced |= draft->sheets[from].head.form != (uint8_t)LLMOBS_I_SHEET_OFF_PEAK;
            draft->sheets[to++] = draft->sheets[from];
        }
    }
    draft->sheet_count = to;
    return priced;
}

/* A model's name stands there. */
llmobsi_fn bool llmobsi_loading_name(llmobsi_loading* loading)
{
    llmobsi_draft* draft = &loading->draft;
    llmobs_string name = llmobsi_loading_text(loading);
    llmobs_string provider, model;
    uint32_t* place;
    llmobsi_draft_begin(draft);
    if (name.size == 0 || name.size >= sizeof draft->name_text || loading->reader.text_cut ||
        !llmobsi_text_is_safe(name.data, name.size)) {
        return llmobsi_loading_refuse(loading, "a model's name should be a short text");
    }
    memcpy(draft->name_text, name.data, name.size);
    draft->name_text[name.size] = '\0';
    draft->name.size = name.size;
    llmobsi_price_part(draft->name, &provider, &model);
    return llmobsi_table_find(loading->prices, loading->table, provider, model, &place) == NULL ||
           llmobsi_loading_refuse(loading, "this model stood here before");
}

/* Its object has begun. */
llmobsi_fn bool llmobsi_loading_model(llmobsi_loading* loading)
{
    llmobs_prices* about = &loading->table->about;
    llmobsi_json_token token;
    const char* reason = NULL;
    while ((token = llmobsi_json_read(&loading->reader)) == LLMOBS_I_JSON_NAME) {
        if (!llmobsi_loading_member(loading)) {
            return false;
        }
    }
    if (token == LLMOBS_I_JSON_FAILED) {
        return false;
    }
    if (!llmobsi_draft_is_priced(&loading->draft)) {
        about->skipped_unpriced++;
    } else if (loading->draft.unknown_zone) {
        about->skipped_zones++;
    } else {
        reason = llmobsi_table_add(loading->prices, loading->table, &loading->draft);
    }
    return reason == NULL || llmobsi_loading_refuse(loading, reason);
}

/* The whole text. False: it is refused, and the reader says why. */
llmobsi_fn bool llmobsi_loading_read(llmobsi_loading* loading)
{
    llmobsi_json_token token = llmobsi_json_read(&loading->reader);
    if (token != LLMOBS_I_JSON_OBJECT) {
        return llmobsi_loading_refuse(loading, "a price table should be an object");
    }
    while ((token = llmobsi_json_read(&loading->reader)) == LLMOBS_I_JSON_NAME) {
        if (llmobsi_loading_is(loading, "sample_spec") ||
            llmobsi_loading_is(loading, "fallback_generalizations")) {
            loading->table->about.skipped_entries++;
            if (!llmobsi_json_pass(&loading->reader, llmobsi_json_read(&loading->reader))) {
                return false;
            }
            continue;
        }
        if (!llmobsi_loading_name(loading)) {
            return false;
        }
        if (llmobsi_json_read(&loading->reader) != LLMOBS_I_JSON_OBJECT) {
            return llmobsi_loading_refuse(loading, "a model should be an object");
        }
        if (!llmobsi_loading_model(loading)) {
            return false;
        }
    }
    return token == LLMOBS_I_JSON_OBJECT_END &&
           llmobsi_json_read(&loading->reader) == LLMOBS_I_JSON_END;
}
