/* The headers of cost, by whom they come from: a peer that is not trusted is heard, not believed,
   and no text of anybody's becomes a feature. */

LLMOBS_API llmobs_cost_headers_in llmobs_cost_headers_in_default(void)
{
    llmobs_cost_headers_in in;
    memset(&in, 0, sizeof in);
    in.size = sizeof in;
    return in;
}

/* The feature of the list that a value names; NULL: none. */
llmobsi_fn const char* llmobsi_header_feature(const llmobs_cost_headers_in* in,
                                              llmobs_string value)
{
    size_t i;
    for (i = 0; i < in->feature_count; i++) {
        const char* feature = in->features[i];
        if (feature != NULL && strlen(feature) == value.size &&
            memcmp(feature, value.data, value.size) == 0) {
            return feature;
        }
    }
    return NULL;
}

llmobsi_fn llmobs_result llmobsi_cost_headers_feature(const llmobs_cost_headers_in* in,
                                                      llmobs_cost_headers* out)
{
    llmobs_string value;
    const char* feature;
    if (in->feature == NULL) {
        return LLMOBS_OK;
    }
    value = llmobsi_header_trim(in->feature, strlen(in->feature));
    if (!llmobsi_header_is_feature(value.data, value.size)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    feature = in->features != NULL ? llmobsi_header_feature(in, value) : NULL;
    out->feature = feature != NULL ? feature : out->feature;
    return LLMOBS_OK;
}

/* Counts values that were junk. */
llmobsi_cold void llmobsi_cost_headers_count(llmobs* obs, uint64_t refused)
{
    llmobsi_thread* thread = llmobsi_enter(llmobsi_ticket(obs));
    if (thread != NULL) {
        (void)llmobsi_add_relaxed(&thread->recorder->cost_headers_refused, refused);
        llmobsi_leave();
    }
}

LLMOBS_API llmobs_result llmobs_cost_headers_read(llmobs* obs, const llmobs_cost_headers_in* in,
                                                  llmobs_cost_headers* out)
{
    llmobs_cost_headers_in given;
    unsigned refused;
    if (in == NULL || out == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&given, 0, sizeof given);
    memcpy(&given, in, llmobsi_known_size(in->size, sizeof given));
    memset(out, 0, sizeof *out);
    out->size = sizeof *out;
    out->feature = "unknown";
    out->told_cost_nano = LLMOBS_COST_UNKNOWN;
    out->told_tokens = -1;
    if (given.cost_usd != NULL) {
        out->cost_result = llmobs_cost_header_usd(given.cost_usd, &out->told_cost_nano);
    }
    if (given.tokens_total != NULL) {
        out->tokens_result = llmobs_cost_header_tokens(given.tokens_total, &out->told_tokens);
    }
    out->feature_result = llmobsi_cost_headers_feature(&given, out);
    out->cost_nano = given.trusted ? out->told_cost_nano : LLMOBS_COST_UNKNOWN;
    out->tokens = given.trusted ? out->told_tokens : -1;
    out->untrusted = out->cost_nano != out->told_cost_nano || out->tokens != out->told_tokens;
    refused = (unsigned)(out->cost_result != LLMOBS_OK) +
              (unsigned)(out->tokens_result != LLMOBS_OK) +
              (unsigned)(out->feature_result != LLMOBS_OK);
    if (refused != 0) {
        llmobsi_cost_headers_count(obs, refused);
    }
    return out->cost_result != LLMOBS_OK     ? out->cost_result
           : out->tokens_result != LLMOBS_OK ? out->tokens_result
                                             : out->feature_result;
}
