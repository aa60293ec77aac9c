/* The redactor: what the scanner tells it becomes text. */

/* Gathers small pieces for the caller's `write`; large ones are handed on as they are. */
#define LLMOBS_I_REDACT_BUFFER 2048u

/* Of these the last four digits may stay: they tell one number from another, and are no
   secret. */
#define LLMOBS_I_REDACT_ENDS                                                                      \
    (LLMOBS_PII_BIT(LLMOBS_PII_CREDIT_CARD) | LLMOBS_PII_BIT(LLMOBS_PII_IBAN) |                   \
     LLMOBS_PII_BIT(LLMOBS_PII_US_SSN) | LLMOBS_PII_BIT(LLMOBS_PII_US_ITIN) |                     \
     LLMOBS_PII_BIT(LLMOBS_PII_PHONE) | LLMOBS_PII_BIT(LLMOBS_PII_ABA_ROUTING) |                  \
     LLMOBS_PII_BIT(LLMOBS_PII_US_NPI) | LLMOBS_PII_BIT(LLMOBS_PII_UK_NHS) |                      \
     LLMOBS_PII_BIT(LLMOBS_PII_AADHAAR) | LLMOBS_PII_BIT(LLMOBS_PII_CA_SIN) |                     \
     LLMOBS_PII_BIT(LLMOBS_PII_BANK_ACCOUNT))
#define LLMOBS_I_REDACT_ENDS_LEAST 9u

/* One call's work on a redactor. */
typedef struct llmobsi_redaction {
    const llmobs_redact_rules* rules;
    const llmobs_scan_state* state;
    uint64_t* written; /* of the text */
#ifndef LLMOBS_NO_SHA256
    llmobs_hmac* hmac;
#endif
    llmobsi_writer* writer;
} llmobsi_redaction;

/* ---- operators ----------------------------------------------------------------------------- */

llmobsi_fn uint32_t llmobsi_redact_operator_of(const llmobs_redact_rules* rules, llmobs_pii pii)
{
    uint32_t way = rules->operators[pii];
#ifdef LLMOBS_NO_SHA256
    return way == LLMOBS_REDACT_TAG ? (uint32_t)LLMOBS_REDACT_REPLACE : way;
#else
    return way == LLMOBS_REDACT_TAG && rules->key == NULL ? (uint32_t)LLMOBS_REDACT_REPLACE : way;
#endif
}

llmobsi_fn void llmobsi_redact_marker(llmobsi_writer* writer, llmobs_pii pii, const char* tag,
                                      size_t tag_size)
{
    char text[48];
    const char* name = llmobsi_pii_names[pii];
    size_t size = strlen(name);
    text[0] = '<';
    memcpy(text + 1, name, size++);
    if (tag_size > 0) {
        text[size++] = '_'; /* so that digits behind it begin no number */
        memcpy(text + size, tag, tag_size);
        size += tag_size;
    }
    text[size++] = '>';
    llmobsi_put(writer, text, size);
}

llmobsi_fn void llmobsi_redact_mask(llmobsi_writer* writer, llmobs_pii pii, const uint8_t* bytes,
                                    size_t size)
{
    char text[64];
    size_t shown = 0;
    if (size >= LLMOBS_I_REDACT_ENDS_LEAST &&
        (LLMOBS_PII_BIT(pii) & LLMOBS_I_REDACT_ENDS) != 0) {
        while (shown < 4 && llmobsi_is(bytes[size - 1 - shown], LLMOBS_I_DIGIT)) {
            shown++;
        }
    }
    memset(text, '*', sizeof(text));
    bytes += size - shown;
    for (size -= shown; size > sizeof(text); size -= sizeof(text)) {
        llmobsi_put(writer, text, sizeof(text));
    }
    llmobsi_put(writer, text, size);
    llmobsi_put(writer, (const char*)bytes, shown);
}

#ifndef LLMOBS_NO_SHA256
LLMOBS_I_STATIC_ASSERT(redactor_hmac, sizeof(llmobs_hmac) == 17 * sizeof(uint64_t));

#define LLMOBS_I_REDACT_TAG_BYTES 8u

/* The message begins with what it is for, so that the key may serve other ends. */
llmobsi_fn void llmobsi_redact_tag_begin(const llmobsi_redaction* redaction, llmobs_pii pii)
{
    static const char domain[] = "llmobs redact 1";
    const char* name = llmobsi_pii_names[pii];
    llmobs_hmac_begin(redaction->hmac, redaction->rules->key);
    llmobs_hmac_update(redaction->hmac, domain, sizeof(domain)); /* with their last NUL */
    llmobs_hmac_update(redaction->hmac, name, strlen(name) + 1);
}

llmobsi_fn void llmobsi_redact_tag_end(const llmobsi_redaction* redaction, llmobs_pii pii)
{
    uint8_t tag[LLMOBS_SHA256_SIZE];
    char text[2 * LLMOBS_I_REDACT_TAG_BYTES + LLMOBS_I_APPEND_SLACK];
    llmobs_hmac_end(redaction->hmac, tag);
    (void)llmobsi_append_hex(text, tag, LLMOBS_I_REDACT_TAG_BYTES);
    llmobsi_redact_marker(redaction->writer, pii, text, 2 * LLMOBS_I_REDACT_TAG_BYTES);
}

/* How the values of a class are brought into one form: kinds of bytes that stay, others that are
   left out, and 0x20 if letters become small. Where no kinds are named, all stay. */
typedef struct llmobsi_normal_form {
    uint32_t kept;
    const char* left_out;
    uint8_t set;
} llmobsi_normal_form;

llmobsi_fn llmobsi_normal_form llmobsi_redact_form_of(llmobs_pii pii)
{
    static const llmobsi_normal_form as_it_is = {0, "", 0}, small = {0, "", 0x20};
    static const llmobsi_normal_form digits = {LLMOBS_I_DIGIT, " -.()+", 0};
    static const llmobsi_normal_form account = {LLMOBS_I_UPPER | LLMOBS_I_DIGIT, " ", 0};
    static const llmobsi_normal_form machine = {LLMOBS_I_HEX, ":-", 0x20};
    switch (pii) {
    case LLMOBS_PII_EMAIL:
    case LLMOBS_PII_IP_ADDRESS:
        return small;
    case LLMOBS_PII_CREDIT_CARD:
    case LLMOBS_PII_US_SSN:
    case LLMOBS_PII_US_ITIN:
    case LLMOBS_PII_PHONE:
    case LLMOBS_PII_UK_NHS:
    case LLMOBS_PII_AADHAAR:
    case LLMOBS_PII_CA_SIN:
        return digits;
    case LLMOBS_PII_IBAN:
        return account;
    case LLMOBS_PII_MAC_ADDRESS:
        return machine;
    default:
        return as_it_is;
    }
}

/* The bytes of a value that go into its tag. Where others stand in it, which are of something that
   overlaps with it, it is taken as it is. */
llmobsi_fn void llmobsi_redact_tag_value(const llmobsi_redaction* redaction,
                                         const llmobs_finding* finding, const uint8_t* bytes,
                                         size_t size)
{
    llmobsi_normal_form form = llmobsi_redact_form_of(finding->pii);
    uint8_t part[64];
    size_t i, used = 0;
    for (i = 0; i < size && form.kept != 0; i++) {
        if (!llmobsi_is(bytes[i], form.kept) &&
            (bytes[i] == 0 || strchr(form.left_out, bytes[i]) == NULL)) {
            form.kept = 0;
            form.set = 0;
        }
    }
    if (finding->pii == LLMOBS_PII_PHONE && form.kept != 0) {
        /* One of North America without its country's 1, which no area begins with. */
        bool has_code = bytes[0] == '+' || bytes[0] == '1';
        llmobs_hmac_update(redaction->hmac, "+1", has_code ? 1 : 2);
    }
    for (i = 0; i < size; i++) {
        if (form.kept != 0 && !llmobsi_is(bytes[i], form.kept)) {
            continue;
        }
        part[used++] = form.set != 0 ? llmobsi_small(bytes[i]) : bytes[i];
        if (used == sizeof(part)) {
            llmobs_hmac_update(redaction->hmac, part, used);
            used = 0;
        }
    }
    llmobs_hmac_update(redaction->hmac, part, used);
    llmobsi_wipe(part, sizeof(part));
}

/* A value with a tail is taken as it is: it may be longer than any buffer, and is a secret. */
llmobsi_fn void llmobsi_redact_tag(const llmobsi_redaction* redaction, llmobsi_scan_step step,
                                   const llmobs_finding* finding, const uint8_t* bytes,
                                   size_t size)
{
    if (step == LLMOBS_I_SCAN_WHOLE || step == LLMOBS_I_SCAN_FIRST) {
        llmobsi_redact_tag_begin(redaction, finding->pii);
    }
    if (step == LLMOBS_I_SCAN_WHOLE) {
        llmobsi_redact_tag_value(redaction, finding, bytes, size);
    } else {
        llmobs_hmac_update(redaction->hmac, bytes, size);
    }
    if (step == LLMOBS_I_SCAN_WHOLE || step == LLMOBS_I_SCAN_END) {
        llmobsi_redact_tag_end(redaction, finding->pii);
    }
}
#endif

/* One step of a finding: its first part, more of it, its end. */
llmobsi_fn void llmobsi_redact_step(const llmobsi_redaction* redaction, llmobsi_scan_step step,
                                    const llmobs_finding* finding, const uint8_t* bytes,
                                    size_t size)
{
    switch (llmobsi_redact_operator_of(redaction->rules, finding->pii)) {
    case LLMOBS_REDACT_KEEP:
        llmobsi_put(redaction->writer, (const char*)bytes, size);
        break;
    case LLMOBS_REDACT_MASK:
        llmobsi_redact_mask(redaction->writer, finding->pii, bytes, size);
        break;
    case LLMOBS_REDACT_REMOVE:
        break;
#ifndef LLMOBS_NO_SHA256
    case LLMOBS_REDACT_TAG:
        llmobsi_redact_tag(redaction, step, finding, bytes, size);
        break;
#endif
    default:
        if (step == LLMOBS_I_SCAN_WHOLE || step == LLMOBS_I_SCAN_FIRST) {
            llmobsi_redact_marker(redaction->writer, finding->pii, NULL, 0);
        }
        break;
    }
}

/* ---- the scanner's word -------------------------------------------------------------------- */

llmobsi_fn bool llmobsi_redact_tell(void* user, llmobsi_scan_step step,
                                    const llmobs_finding* finding, const uint8_t* bytes,
                                    size_t size)
{
    const llmobsi_redaction* redaction = (const llmobsi_redaction*)user;
    if (step == LLMOBS_I_SCAN_WHOLE || step == LLMOBS_I_SCAN_FIRST) {
        /* The text since the last one stands before it in the window. */
        size_t gap = (size_t)(finding->offset - *redaction->written);
        llmobsi_put(redaction->writer, (const char*)bytes - gap, gap);
        *redaction->written = finding->offset;
    }
    llmobsi_redact_step(redaction, step, finding, bytes, size);
    *redaction->written += size;
    return !redaction->writer->failed;
}

/* What of a window is decided, and no finding. */
llmobsi_fn bool llmobsi_redact_passed(void* user, const uint8_t* bytes, size_t hold)
{
    const llmobsi_redaction* redaction = (const llmobsi_redaction*)user;
    size_t from = (size_t)(*redaction->written - redaction->state->base);
    if (hold > from) {
        llmobsi_put(redaction->writer, (const char*)bytes + from, hold - from);
        *redaction->written += hold - from;
    }
    return !redaction->writer->failed;
}

/* ---- the public redactor ------------------------------------------------------------------- */

LLMOBS_API llmobs_redact_rules llmobs_redact_rules_default(void)
{
    llmobs_redact_rules rules;
    memset(&rules, 0, sizeof(rules));
    rules.size = sizeof(rules);
    rules.scan = llmobs_scan_rules_default();
    return rules;
}

llmobsi_fn void llmobsi_redact_rules_read(const llmobs_redact_rules* rules,
                                          llmobs_redact_rules* out)
{
    memset(out, 0, sizeof(*out));
    if (rules != NULL) {
        memcpy(out, rules, llmobsi_known_size(rules->size, sizeof(*out)));
    }
}

LLMOBS_API llmobs_result llmobs_redact(const llmobs_redact_rules* rules, const char* text,
                                       size_t size, char* out, size_t capacity, size_t* written,
                                       uint32_t counts[LLMOBS_PII_COUNT])
{
    llmobs_redact_rules used;
    llmobs_scan_state state;
    llmobsi_redaction redaction;
    llmobsi_scan_sink sink;
    llmobsi_writer writer;
    uint64_t done = 0;
#ifndef LLMOBS_NO_SHA256
    llmobs_hmac hmac;
    redaction.hmac = &hmac;
#endif
    if (written == NULL || (text == NULL && size > 0) || (out == NULL && capacity > 0)) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_redact_rules_read(rules, &used);
    llmobsi_scan_begin(&state, &used.scan);
    llmobsi_writer_init(&writer, out, capacity, NULL, NULL);
    redaction.rules = &used;
    redaction.state = &state;
    redaction.written = &done;
    redaction.writer = &writer;
    sink.tell = llmobsi_redact_tell;
    sink.user = &redaction;
    if (size > 0) {
        llmobsi_scan_bytes(&state, &sink, (const uint8_t*)text, size, 0, true);
        (void)llmobsi_redact_passed(&redaction, (const uint8_t*)text, size);
    }
    if (counts != NULL) {
        memcpy(counts, state.counts, sizeof(state.counts));
    }
    *written = writer.length;
    return writer.failed ? LLMOBS_ERROR_LIMIT : LLMOBS_OK;
}

/* What is on its way to the host. */
typedef struct llmobsi_redact_outlet {
    llmobs_redactor* redactor;
    char buffer[LLMOBS_I_REDACT_BUFFER];
} llmobsi_redact_outlet;

/* Hands on what the buffer holds, which is wiped then, or what is too large for it. */
llmobsi_fn bool llmobsi_redact_hand_on(void* user, const char* data, size_t size)
{
    llmobsi_redact_outlet* outlet = (llmobsi_redact_outlet*)user;
    bool done = llmobsi_host_write(outlet->redactor->write, outlet->redactor->user, data, size);
    if (data == outlet->buffer) {
        llmobsi_wipe(outlet->buffer, size);
    }
    return done;
}

/* Scans a chunk, or the end of all, and hands on what came of it. */
llmobsi_fn bool llmobsi_redactor_run(llmobs_redactor* redactor, const char* text, size_t size,
                                     bool is_end)
{
    llmobsi_redact_outlet outlet;
    llmobsi_redaction redaction;
    llmobsi_scan_sink sink;
    llmobsi_carry carry;
    llmobsi_writer writer;
    if (redactor->has_failed || redactor->write == NULL) {
        return false;
    }
    outlet.redactor = redactor;
    llmobsi_writer_init(&writer, outlet.buffer, sizeof(outlet.buffer), llmobsi_redact_hand_on,
                        &outlet);
    redaction.rules = &redactor->rules;
    redaction.state = &redactor->state;
    redaction.written = &redactor->written;
    redaction.writer = &writer;
#ifndef LLMOBS_NO_SHA256
    redaction.hmac = &redactor->hmac;
#endif
    sink.tell = llmobsi_redact_tell;
    sink.user = &redaction;
    carry.state = &redactor->state;
    carry.sink = &sink;
    carry.passed = llmobsi_redact_passed;
    carry.bytes = redactor->carry;
    carry.used = &redactor->used;
    if (is_end) {
        llmobsi_carry_end(&carry);
    } else {
        llmobsi_carry_feed(&carry, (const uint8_t*)text, size);
    }
    redactor->has_failed = !llmobsi_writer_finish(&writer);
    return !redactor->has_failed;
}

LLMOBS_API void llmobs_redactor_begin(llmobs_redactor* redactor, const llmobs_redact_rules* rules,
                                      llmobs_write_fn write, void* user)
{
    llmobsi_redact_rules_read(rules, &redactor->rules);
    llmobsi_scan_begin(&redactor->state, &redactor->rules.scan);
    redactor->write = write;
    redactor->user = user;
    redactor->written = 0;
    redactor->has_failed = false;
    redactor->used = 0;
}

LLMOBS_API bool llmobs_redactor_feed(llmobs_redactor* redactor, const char* text, size_t size)
{
    return llmobsi_redactor_run(redactor, text, text == NULL ? 0 : size, false);
}

LLMOBS_API bool llmobs_redactor_end(llmobs_redactor* redactor)
{
    bool done = llmobsi_redactor_run(redactor, NULL, 0, true);
    llmobsi_wipe(redactor, sizeof(*redactor));
    return done;
}

LLMOBS_API uint64_t llmobs_redactor_counts(const llmobs_redactor* redactor,
                                           uint32_t counts[LLMOBS_PII_COUNT])
{
    return llmobsi_scan_counts(&redactor->state, counts);
}
