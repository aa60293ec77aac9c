/* The guardrail that is built in: the scanner, on answers, as they stream or at their end. What it
   finds triggers the rules pii.EMAIL, pii.CREDIT_CARD, ... as flagged. It holds no text but the
   scanner's carry, and that is wiped. */

/* A request's scanner. Its owner alone, as the answer's pieces. */
typedef struct llmobsi_guard {
    llmobs_scanner scanner;
    uint32_t counts[LLMOBS_PII_COUNT];
    bool begun;
} llmobsi_guard;

llmobsi_fn bool llmobsi_guard_found(void* user, const llmobs_finding* finding)
{
    uint32_t* count = &((uint32_t*)user)[finding->pii];
    *count += *count != UINT32_MAX;
    return true;
}

llmobsi_fn llmobs_scan_rules llmobsi_guard_rules(uint32_t classes)
{
    llmobs_scan_rules rules = llmobs_scan_rules_default();
    rules.classes = classes;
    return rules;
}

/* The scanner of a record; NULL: answers are not scanned. */
llmobsi_inline llmobsi_guard* llmobsi_guard_of(const llmobsi_requests* requests,
                                               const llmobsi_request* record)
{
    size_t place = (size_t)(record - requests->records);
    return requests->guards != NULL ? (llmobsi_guard*)(void*)requests->guards + place : NULL;
}

/* A piece of the answer. */
llmobsi_fn void llmobsi_guard_feed(const llmobsi_requests* requests, llmobsi_guard* guard,
                                   const char* text, size_t size)
{
    if (!guard->begun) {
        llmobs_scan_rules rules = llmobsi_guard_rules(requests->guard_classes);
        llmobs_scanner_begin(&guard->scanner, &rules, llmobsi_guard_found, guard->counts);
        guard->begun = true;
    }
    llmobs_scanner_feed(&guard->scanner, text, size);
}

/* The answer's end: how many of each class there were. */
llmobsi_fn void llmobsi_guard_end(llmobsi_guard* guard, uint32_t counts[LLMOBS_PII_COUNT])
{
    if (guard->begun) {
        (void)llmobs_scanner_end(&guard->scanner);
    }
    memcpy(counts, guard->counts, sizeof guard->counts);
    memset(guard, 0, sizeof *guard);
}

/* An answer in one piece. */
llmobsi_fn void llmobsi_guard_text(uint32_t classes, llmobs_string text,
                                   uint32_t counts[LLMOBS_PII_COUNT])
{
    llmobs_scan_rules rules = llmobsi_guard_rules(classes);
    (void)llmobs_scan(&rules, text.data, text.size, llmobsi_guard_found, counts);
}

llmobsi_fn const char* llmobsi_guard_rule(int pii)
{
    static const char* const rules[LLMOBS_PII_COUNT] = {
#define LLMOBS_I_GUARD_RULE(name, text, tier) "pii." text,
        LLMOBS_PII_CLASSES(LLMOBS_I_GUARD_RULE)
#undef LLMOBS_I_GUARD_RULE
    };
    return rules[pii];
}

/* ---- layout -------------------------------------------------------------------------------- */

/* `recorder` is NULL while measuring. Where answers are not scanned it takes nothing. */
llmobsi_fn void llmobsi_guards_layout(llmobsi_arena* arena, const llmobs_config* config,
                                      llmobsi_recorder* recorder)
{
    uint32_t count = llmobsi_round_up_pow2(config->requests);
    llmobsi_guard* guards;
    if ((config->guard_classes & LLMOBS_PII_ALL) == 0) {
        return;
    }
    guards = (llmobsi_guard*)llmobsi_arena_take(arena, count, sizeof(llmobsi_guard));
    if (recorder != NULL && guards != NULL) {
        memset(guards, 0, count * sizeof *guards);
        llmobsi_requests_of(recorder)->guards = (unsigned char*)guards;
        llmobsi_requests_of(recorder)->guard_size = sizeof *guards;
        llmobsi_requests_of(recorder)->guard_classes = config->guard_classes & LLMOBS_PII_ALL;
    }
}
