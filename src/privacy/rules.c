/* Rules and the caller's terms. */

#define LLMOBS_I_TERM_LEAST 3u
#define LLMOBS_I_TERM_MOST 64u
#define LLMOBS_I_TERM_TAIL 128u

llmobsi_fn bool llmobsi_term_is_valid(const llmobs_scan_term* term)
{
    size_t size = term->text == NULL ? 0 : strlen(term->text), i;
    if (size < LLMOBS_I_TERM_LEAST || size > LLMOBS_I_TERM_MOST ||
        term->tail > LLMOBS_I_TERM_TAIL || !llmobsi_utf8_is_valid(term->text, size)) {
        return false;
    }
    for (i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)term->text[i];
        if (byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\' || byte == '\'') {
            return false;
        }
    }
    return true;
}

LLMOBS_API llmobs_scan_rules llmobs_scan_rules_default(void)
{
    llmobs_scan_rules rules;
    memset(&rules, 0, sizeof(rules));
    rules.size = sizeof(rules);
    rules.classes = LLMOBS_PII_DEFAULT;
    return rules;
}

LLMOBS_API llmobs_result llmobs_scan_rules_check(const llmobs_scan_rules* rules)
{
    llmobs_scan_rules used;
    uint32_t i;
    if (rules == NULL) {
        return LLMOBS_OK;
    }
    memset(&used, 0, sizeof(used));
    memcpy(&used, rules, llmobsi_known_size(rules->size, sizeof(used)));
    if (used.terms == NULL && used.term_count > 0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (used.term_count > LLMOBS_SCAN_TERMS_MAX) {
        return LLMOBS_ERROR_LIMIT;
    }
    for (i = 0; i < used.term_count; i++) {
        if (!llmobsi_term_is_valid(&used.terms[i])) {
            return LLMOBS_ERROR_ARGUMENT;
        }
    }
    return (used.classes & ~LLMOBS_PII_ALL) == 0 ? LLMOBS_OK : LLMOBS_ERROR_ARGUMENT;
}
