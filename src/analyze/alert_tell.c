/* How alerts are told: as a sentence for a person, and as a log record. */

#define LLMOBS_I_ALERT_EVENT "llm.alert"
#define LLMOBS_I_ALERT_LABEL "llm.alert.label." /* and its name */

/* ---- names --------------------------------------------------------------------------------- */

#define LLMOBS_I_ALERT_SEVERITIES 3u
#define LLMOBS_I_ALERT_STATES 4u
#define LLMOBS_I_ALERT_NEWS 4u

LLMOBS_API const char* llmobs_alert_severity_name(llmobs_alert_severity severity)
{
    return (uint32_t)severity < LLMOBS_I_ALERT_SEVERITIES ? llmobsi_alert_severities[severity]
                                                          : "unknown";
}

LLMOBS_API const char* llmobs_alert_state_name(llmobs_alert_state state)
{
    static const char* const names[LLMOBS_I_ALERT_STATES] = {"inactive", "pending", "firing",
                                                             "resolved"};
    return (uint32_t)state < LLMOBS_I_ALERT_STATES ? names[state] : "unknown";
}

LLMOBS_API const char* llmobs_alert_news_name(llmobs_alert_news news)
{
    static const char* const names[LLMOBS_I_ALERT_NEWS] = {"none", "fired", "repeated", "ended"};
    return (uint32_t)news < LLMOBS_I_ALERT_NEWS ? names[news] : "unknown";
}

/* ---- the sentence -------------------------------------------------------------------------- */

/* Room for the longest one. Whoever keeps it cut to value_bytes gives that as its capacity, so that
   it says where it was cut. */
#define LLMOBS_I_ALERT_SENTENCE 400u
/* What all labels together may take of it, but for signs: a label must not push out what follows,
   and stands whole in the record's attributes. */
#define LLMOBS_I_ALERT_LABELS_ROOM 96u
#define LLMOBS_I_ALERT_DIGITS 1000000u /* six digits of a number are told */

typedef struct llmobsi_sentence {
    char* data;
    size_t capacity;
    size_t used;
    bool cut; /* nothing more is added */
} llmobsi_sentence;

llmobsi_fn void llmobsi_tell(llmobsi_sentence* sentence, const char* data, size_t size)
{
    if (sentence->cut || size > sentence->capacity - sentence->used) {
        sentence->cut = true;
        return;
    }
    memcpy(sentence->data + sentence->used, data, size);
    sentence->used += size;
}

#define llmobsi_tell_literal(sentence, literal) \
    llmobsi_tell((sentence), "" literal, sizeof(literal) - 1)

/* A text from elsewhere, made safe, on one line, in at most so many bytes, and two dots where that
   cuts it. One that is quoted can't end its quotation marks. */
llmobsi_fn void llmobsi_tell_text(llmobsi_sentence* sentence, llmobs_string text, size_t most,
                                 bool quoted)
{
    size_t end = sentence->used + most;
    size_t i = 0;
    while (i < text.size && !sentence->cut) {
        const char* kept = text.data + i;
        bool valid;
        size_t segment = llmobsi_utf8_segment(kept, text.size - i, &valid);
        size_t size = llmobsi_safe_segment(&kept, segment, valid);
        bool escaped = quoted && (*kept == '"' || *kept == '\\');
        if (sentence->used + size + escaped > end) {
            llmobsi_tell_literal(sentence, "..");
            return;
        }
        if (escaped) {
            llmobsi_tell_literal(sentence, "\\");
        }
        llmobsi_tell(sentence, *kept == '\n' ? " " : kept, size);
        i += segment;
    }
}

/* {feature="support", model="large"} */
llmobsi_fn void llmobsi_tell_labels(llmobsi_sentence* sentence, const llmobs_alert* alert)
{
    size_t i;
    for (i = 0; i < alert->label_count; i++) {
        size_t room = LLMOBS_I_ALERT_LABELS_ROOM / alert->label_count;
        size_t before;
        llmobsi_tell(sentence, i == 0 ? "{" : ", ", i == 0 ? 1 : 2);
        before = sentence->used;
        llmobsi_tell_text(sentence, alert->labels[i].name, room / 2, false);
        room -= sentence->used - before < room ? sentence->used - before : room;
        llmobsi_tell_literal(sentence, "=\"");
        llmobsi_tell_text(sentence, alert->labels[i].value, room, true);
        llmobsi_tell_literal(sentence, "\"");
    }
    if (i > 0) {
        llmobsi_tell_literal(sentence, "}");
    }
}

/* A number with six digits. LLMOBS_I_DOUBLE_ROOM bytes must be free. */
llmobsi_fn char* llmobsi_append_six_digits(char* cursor, double number)
{
    uint64_t bits = llmobsi_double_bits(number);
    uint64_t power = 1;
    llmobsi_decimal decimal;
    if (!llmobsi_double_is_finite(number) || bits << 1 == 0) {
        return llmobsi_append_double(cursor, number);
    }
    decimal = llmobsi_decimal_of(bits);
    while (decimal.digits / power >= LLMOBS_I_ALERT_DIGITS) {
        power *= 10;
        decimal.exponent++;
    }
    decimal.digits = (decimal.digits + power / 2) / power;
    if (bits >> 63 != 0) {
        *cursor++ = '-';
    }
    return llmobsi_append_decimal(cursor, decimal);
}

/* 0.41 > 0.12. Two numbers that differ look different. */
llmobsi_fn void llmobsi_tell_comparison(llmobsi_sentence* sentence, double value,
                                       llmobsi_alert_op comparison, double threshold)
{
    char left[LLMOBS_I_DOUBLE_ROOM], right[LLMOBS_I_DOUBLE_ROOM];
    size_t left_size = (size_t)(llmobsi_append_six_digits(left, value) - left);
    size_t right_size = (size_t)(llmobsi_append_six_digits(right, threshold) - right);
    const char* sign;
    if (comparison < LLMOBS_I_ALERT_EQUAL || comparison > LLMOBS_I_ALERT_LESS_EQUAL) {
        llmobsi_tell_literal(sentence, "no data");
        return;
    }
    if (left_size == right_size && memcmp(left, right, left_size) == 0 &&
        llmobsi_double_bits(value) != llmobsi_double_bits(threshold)) {
        left_size = (size_t)(llmobsi_append_double(left, value) - left);
        right_size = (size_t)(llmobsi_append_double(right, threshold) - right);
    }
    sign = llmobsi_alert_op_words[comparison];
    llmobsi_tell(sentence, left, left_size);
    llmobsi_tell_literal(sentence, " ");
    llmobsi_tell(sentence, sign, strlen(sign));
    llmobsi_tell_literal(sentence, " ");
    llmobsi_tell(sentence, right, right_size);
}

/* In its two largest units: 5 m 10 s. */
llmobsi_fn void llmobsi_tell_duration(llmobsi_sentence* sentence, uint64_t ns)
{
    static const uint32_t units[] = {86400, 3600, 60, 1};
    static const char names[] = "dhms";
    char text[2 * LLMOBS_I_U64_ROOM + 8];
    char* cursor = text;
    uint64_t seconds = ns / LLMOBS_I_BILLION;
    uint32_t i = 0;
    uint32_t last;
    while (i < 3 && seconds < units[i]) {
        i++;
    }
    for (last = i + 1; i <= last && i < 4; i++) {
        if (cursor == text || seconds >= units[i]) {
            cursor = llmobsi_append_u64(cursor != text ? cursor + 1 : cursor, seconds / units[i]);
            seconds %= units[i];
            *cursor++ = ' ';
            *cursor++ = names[i];
            *cursor = ' ';
        }
    }
    llmobsi_tell(sentence, text, (size_t)(cursor - text));
}

/* 14:05:10Z, with the date where that is not today's. */
llmobsi_fn void llmobsi_tell_time(llmobsi_sentence* sentence, uint64_t unix_ns, bool with_date)
{
    llmobsi_second second;
    char text[sizeof second.text];
    size_t date = with_date ? 0 : sizeof "2026-01-15";
    memset(&second, 0, sizeof second);
    (void)llmobsi_append_second(text, &second, unix_ns / LLMOBS_I_BILLION);
    llmobsi_tell(sentence, text + date, LLMOBS_I_SECOND_TEXT - date);
    llmobsi_tell_literal(sentence, "Z");
}

/* Since when, and for how long; of what is over, when it fired. */
llmobsi_fn void llmobsi_tell_span(llmobsi_sentence* sentence, const llmobs_alert* alert)
{
    bool over = alert->state == LLMOBS_ALERT_RESOLVED;
    uint64_t from = over ? alert->fired_unix_ns : alert->active_unix_ns;
    uint64_t to = over ? alert->resolved_unix_ns : alert->unix_ns;
    uint64_t ns = to > from ? to - from : 0;
    bool with_date = ns >= 86400 * LLMOBS_I_BILLION;
    if (over) {
        llmobsi_tell_literal(sentence, "it fired from ");
        llmobsi_tell_time(sentence, from, with_date);
        llmobsi_tell_literal(sentence, " to ");
        llmobsi_tell_time(sentence, to, with_date);
    } else {
        llmobsi_tell_literal(sentence, " since ");
        llmobsi_tell_time(sentence, from, with_date);
    }
    llmobsi_tell_literal(sentence, ", ");
    llmobsi_tell_duration(sentence, ns);
}

/* What it means, or else its condition; then what to do. */
llmobsi_fn void llmobsi_tell_advice(llmobsi_sentence* sentence, const llmobs_alert* alert,
                                   const char* condition)
{
    llmobs_string meaning = alert->summary.size > 0 ? alert->summary : llmobs_str(condition);
    if (meaning.size > 0) {
        llmobsi_tell_literal(sentence, ": ");
        llmobsi_tell_text(sentence, meaning, LLMOBS_I_ALERT_SENTENCE, false);
    }
    if (alert->runbook.size > 0) {
        if (!sentence->cut && strchr(".!?", sentence->data[sentence->used - 1]) == NULL) {
            llmobsi_tell_literal(sentence, ".");
        }
        llmobsi_tell_literal(sentence, " ");
        llmobsi_tell_text(sentence, alert->runbook, LLMOBS_I_ALERT_SENTENCE, false);
    }
}

/* All of an alert in a sentence, what matters most first: `alert->sentence` is not looked at.
   `comparison` is that of its value and its threshold; what is no comparison: no data made it fire.
   Returns the size, without a NUL; three dots at the end say that it was cut. */
llmobsi_fn size_t llmobsi_alert_sentence(char* out, size_t capacity, const llmobs_alert* alert,
                                         llmobsi_alert_op comparison, const char* condition)
{
    static const char* const verbs[LLMOBS_I_ALERT_STATES] = {" is inactive (", " is pending (",
                                                             " fires (", " is over ("};
    const char* verb = verbs[alert->state];
    const char* severity = llmobs_alert_severity_name(alert->severity);
    llmobsi_sentence sentence = {out, capacity, 0, false};
    if (alert->news == LLMOBS_ALERT_REPEATED) {
        verb = " still fires (";
    }
    llmobsi_tell_text(&sentence, alert->rule, LLMOBS_ALERT_NAME_SIZE, false);
    llmobsi_tell_labels(&sentence, alert);
    llmobsi_tell(&sentence, verb, strlen(verb));
    llmobsi_tell(&sentence, severity, strlen(severity));
    llmobsi_tell_literal(&sentence, "): ");
    if (alert->state != LLMOBS_ALERT_RESOLVED) {
        llmobsi_tell_comparison(&sentence, alert->value, comparison, alert->threshold);
    }
    llmobsi_tell_span(&sentence, alert);
    if (alert->partial) {
        llmobsi_tell_literal(&sentence, ", from less than a whole window");
    }
    llmobsi_tell_advice(&sentence, alert, condition);
    if (sentence.cut) {
        sentence.used = llmobsi_utf8_cut(out, sentence.used, capacity > 3 ? capacity - 3 : 0);
        memcpy(out + sentence.used, "...", capacity > 3 ? 3 : 0);
        sentence.used += capacity > 3 ? 3 : 0;
    }
    return sentence.used;
}

/* ---- the record ---------------------------------------------------------------------------- */

typedef enum llmobsi_alert_form {
    LLMOBS_I_ALERT_TEXT_FORM, /* a string; left out where it is empty */
    LLMOBS_I_ALERT_REAL,
    LLMOBS_I_ALERT_TIME, /* left out where it is 0 */
    LLMOBS_I_ALERT_HEX,
    LLMOBS_I_ALERT_PARTIAL,
    LLMOBS_I_ALERT_STATE_NAME,
    LLMOBS_I_ALERT_NEWS_NAME,
    LLMOBS_I_ALERT_SEVERITY_NAME
} llmobsi_alert_form;

typedef struct llmobsi_alert_member {
    const char* name;
    llmobsi_alert_form form;
    uint16_t offset; /* in llmobs_alert */
} llmobsi_alert_member;

/* The attributes of a record in the order in which they are put: where there is room for some of
   them only, for the first ones. Labels stand before the member of this number. */
#define LLMOBS_I_ALERT_MEMBERS 14u
#define LLMOBS_I_ALERT_LABELS_AT 7u
#define LLMOBS_I_ALERT_MEMBER(name, form, field) \
    {"llm.alert." name, LLMOBS_I_ALERT_##form, (uint16_t)offsetof(llmobs_alert, field)}

static const llmobsi_alert_member llmobsi_alert_members[LLMOBS_I_ALERT_MEMBERS] = {
    LLMOBS_I_ALERT_MEMBER("rule", TEXT_FORM, rule),
    LLMOBS_I_ALERT_MEMBER("state", STATE_NAME, state),
    LLMOBS_I_ALERT_MEMBER("fingerprint", HEX, fingerprint),
    LLMOBS_I_ALERT_MEMBER("news", NEWS_NAME, news),
    LLMOBS_I_ALERT_MEMBER("severity", SEVERITY_NAME, severity),
    LLMOBS_I_ALERT_MEMBER("value", REAL, value),
    LLMOBS_I_ALERT_MEMBER("threshold", REAL, threshold),
    LLMOBS_I_ALERT_MEMBER("active_unix_ns", TIME, active_unix_ns),
    LLMOBS_I_ALERT_MEMBER("fired_unix_ns", TIME, fired_unix_ns),
    LLMOBS_I_ALERT_MEMBER("resolved_unix_ns", TIME, resolved_unix_ns),
    LLMOBS_I_ALERT_MEMBER("partial", PARTIAL, partial),
    LLMOBS_I_ALERT_MEMBER("group", TEXT_FORM, group),
    LLMOBS_I_ALERT_MEMBER("runbook", TEXT_FORM, runbook),
    LLMOBS_I_ALERT_MEMBER("summary", TEXT_FORM, summary),
};

/* A member as an attribute; `hex` has room for 16 digits. False: there is nothing to tell. */
llmobsi_fn bool llmobsi_alert_attribute(const llmobs_alert* alert,
                                        const llmobsi_alert_member* member, char* hex,
                                        llmobs_attribute* attribute)
{
    const char* place = (const char*)alert + member->offset;
    uint8_t bytes[8];
    llmobs_string text = llmobs_str(NULL);
    uint64_t time;
    double real;
    switch (member->form) {
        case LLMOBS_I_ALERT_REAL:
            memcpy(&real, place, sizeof real);
            *attribute = llmobs_attribute_double(member->name, real);
            return true;
        case LLMOBS_I_ALERT_TIME:
            memcpy(&time, place, sizeof time);
            *attribute = llmobs_attribute_int(member->name, (int64_t)time);
            return time != 0;
        case LLMOBS_I_ALERT_PARTIAL:
            *attribute = llmobs_attribute_bool(member->name, alert->partial);
            return true;
        case LLMOBS_I_ALERT_TEXT_FORM:
            memcpy(&text, place, sizeof text);
            break;
        case LLMOBS_I_ALERT_HEX:
            llmobsi_write_be64(bytes, alert->fingerprint);
            text.data = hex;
            text.size = (size_t)(llmobsi_append_hex(hex, bytes, 8) - hex);
            break;
        case LLMOBS_I_ALERT_STATE_NAME:
            text = llmobs_str(llmobs_alert_state_name(alert->state));
            break;
        case LLMOBS_I_ALERT_NEWS_NAME:
            text = llmobs_str(llmobs_alert_news_name(alert->news));
            break;
        case LLMOBS_I_ALERT_SEVERITY_NAME:
            text = llmobs_str(llmobs_alert_severity_name(alert->severity));
            break;
    }
    *attribute = llmobsi_attribute_text(member->name, text.data, text.size);
    return text.size != 0;
}

llmobsi_fn void llmobsi_alert_put_members(llmobsi_thread* thread, llmobsi_slot* slot,
                                          const llmobs_alert* alert, uint32_t from, uint32_t to)
{
    char hex[16];
    for (; from < to; from++) {
        llmobs_attribute attribute;
        if (llmobsi_alert_attribute(alert, &llmobsi_alert_members[from], hex, &attribute)) {
            llmobsi_attribute_add(thread, slot, &attribute);
        }
    }
}

/* Keys are known by their address, but for those of labels: their names are the metrics', so that
   there are few, and the table keeps them. Where that is full the label is dropped and counted. */
llmobsi_fn void llmobsi_alert_put_label(llmobsi_thread* thread, llmobsi_slot* slot,
                                        const llmobs_alert_label* label)
{
    const size_t prefix = sizeof LLMOBS_I_ALERT_LABEL - 1;
    llmobs_attribute value = llmobsi_attribute_text(NULL, label->value.data, label->value.size);
    char key[LLMOBS_I_NAME_MAX];
    uint32_t id = LLMOBS_I_NAME_OVERFLOW;
    if (label->name.size <= sizeof key - prefix) {
        memcpy(key, LLMOBS_I_ALERT_LABEL, prefix);
        memcpy(key + prefix, label->name.data, label->name.size);
        id = llmobsi_names_id(&thread->recorder->names, key, prefix + label->name.size);
    }
    if (id != LLMOBS_I_NAME_OVERFLOW &&
        llmobsi_attribute_put(thread, slot, LLMOBS_I_OF_SPAN, id, &value)) {
        slot->attribute_count++;
    } else {
        llmobsi_attribute_dropped(slot);
        llmobsi_count(&thread->counts.attributes_dropped, 1);
    }
}

llmobsi_fn uint8_t llmobsi_alert_log_severity(const llmobs_alert* alert)
{
    if (alert->state == LLMOBS_ALERT_RESOLVED || alert->severity == LLMOBS_ALERT_INFO) {
        return (uint8_t)LLMOBS_SEVERITY_INFO;
    }
    return alert->severity == LLMOBS_ALERT_CRITICAL ? (uint8_t)(LLMOBS_SEVERITY_ERROR + 1)
                                                    : (uint8_t)LLMOBS_SEVERITY_WARN;
}

llmobsi_fn void llmobsi_alert_log(llmobsi_thread* thread, const llmobs_alert* alert,
                                  uint8_t severity)
{
    llmobsi_lineage none;
    llmobsi_slot* slot;
    size_t i;
    memset(&none, 0, sizeof none);
    slot = llmobsi_log_begin(thread, &none, LLMOBS_I_ALERT_EVENT, alert->unix_ns);
    if (slot == NULL) {
        return;
    }
    llmobsi_log_say(thread, slot, severity, alert->sentence);
    llmobsi_alert_put_members(thread, slot, alert, 0, LLMOBS_I_ALERT_LABELS_AT);
    for (i = 0; i < alert->label_count; i++) {
        llmobsi_alert_put_label(thread, slot, &alert->labels[i]);
    }
    llmobsi_alert_put_members(thread, slot, alert, LLMOBS_I_ALERT_LABELS_AT,
                              LLMOBS_I_ALERT_MEMBERS);
    llmobsi_log_publish(thread, slot);
}

/* Records an alert, from outside of callbacks and recording calls: from the tick, on whose thread
   it takes a recording thread's place. By the rules of llmobs_log. */
llmobsi_fn void llmobsi_alert_record(uint32_t ticket, const llmobs_alert* alert)
{
    uint8_t severity = llmobsi_alert_log_severity(alert);
    llmobsi_thread* thread;
    if (!llmobsi_log_wanted(ticket, severity)) {
        return;
    }
    thread = llmobsi_enter_to_log(ticket);
    if (thread == NULL) {
        return;
    }
    llmobsi_alert_log(thread, alert, severity);
    llmobsi_leave();
}
