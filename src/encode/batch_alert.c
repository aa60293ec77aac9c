/* From a log record to the alert that it tells of: the way back from alert_tell.c. Anybody may log
   an event of that name, so nothing is taken on trust. */

llmobsi_fn bool llmobsi_string_is(llmobs_string text, const char* other)
{
    size_t size = strlen(other);
    return text.size == size && memcmp(text.data, other, size) == 0;
}

/* 16 lower-case digits. */
llmobsi_fn bool llmobsi_alert_read_hex(llmobs_string text, uint64_t* number)
{
    size_t i;
    *number = 0;
    for (i = 0; i < 16 && i < text.size; i++) {
        int digit = llmobsi_hex_value(text.data[i]);
        if (digit < 0) {
            return false;
        }
        *number = *number << 4 | (uint64_t)digit;
    }
    return i == 16 && text.size == 16;
}

/* One of the words for a state, for news, or for a severity. */
llmobsi_fn bool llmobsi_alert_read_word(llmobs_alert* alert, llmobsi_alert_form form,
                                        llmobs_string text)
{
    uint32_t i;
    for (i = 0; i < LLMOBS_I_ALERT_STATES; i++) {
        if (form == LLMOBS_I_ALERT_STATE_NAME &&
            llmobsi_string_is(text, llmobs_alert_state_name((llmobs_alert_state)i))) {
            alert->state = (llmobs_alert_state)i;
            return true;
        }
        if (form == LLMOBS_I_ALERT_NEWS_NAME &&
            llmobsi_string_is(text, llmobs_alert_news_name((llmobs_alert_news)i))) {
            alert->news = (llmobs_alert_news)i;
            return true;
        }
        if (form == LLMOBS_I_ALERT_SEVERITY_NAME && i < LLMOBS_I_ALERT_SEVERITIES &&
            llmobsi_string_is(text, llmobs_alert_severity_name((llmobs_alert_severity)i))) {
            alert->severity = (llmobs_alert_severity)i;
            return true;
        }
    }
    return false;
}

/* False: it is not as alert_tell.c has it. */
llmobsi_fn bool llmobsi_alert_read_member(llmobs_alert* alert, const llmobsi_alert_member* member,
                                          const llmobs_attribute_view* attribute)
{
    char* place = (char*)alert + member->offset;
    switch (member->form) {
        case LLMOBS_I_ALERT_REAL:
            memcpy(place, &attribute->value.real, sizeof(double));
            return attribute->type == LLMOBS_TYPE_DOUBLE;
        case LLMOBS_I_ALERT_TIME:
            memcpy(place, &attribute->value.integer, sizeof(uint64_t));
            return attribute->type == LLMOBS_TYPE_INT && attribute->value.integer > 0;
        case LLMOBS_I_ALERT_PARTIAL:
            alert->partial = attribute->type == LLMOBS_TYPE_BOOL && attribute->value.boolean;
            return attribute->type == LLMOBS_TYPE_BOOL;
        default:
            break;
    }
    if (attribute->type != LLMOBS_TYPE_STRING) {
        return false;
    }
    if (member->form == LLMOBS_I_ALERT_TEXT_FORM) {
        memcpy(place, &attribute->value.string, sizeof(llmobs_string));
        return true;
    }
    return member->form == LLMOBS_I_ALERT_HEX
               ? llmobsi_alert_read_hex(attribute->value.string, &alert->fingerprint)
               : llmobsi_alert_read_word(alert, member->form, attribute->value.string);
}

llmobsi_fn bool llmobsi_alert_read_label(llmobs_alert* alert, llmobs_alert_label* labels,
                                         const llmobs_attribute_view* attribute)
{
    const size_t prefix = sizeof LLMOBS_I_ALERT_LABEL - 1;
    if (attribute->type != LLMOBS_TYPE_STRING || alert->label_count == LLMOBS_ALERT_LABELS_MAX) {
        return false;
    }
    if (labels != NULL) {
        labels[alert->label_count].name.data = attribute->key.data + prefix;
        labels[alert->label_count].name.size = attribute->key.size - prefix;
        labels[alert->label_count].value = attribute->value.string;
        alert->label_count++;
    }
    return true;
}

/* An attribute that is none of an alert's means nothing. */
llmobsi_fn bool llmobsi_alert_read_attribute(llmobs_alert* alert, llmobs_alert_label* labels,
                                             const llmobs_attribute_view* attribute)
{
    const size_t prefix = sizeof LLMOBS_I_ALERT_LABEL - 1;
    uint32_t i;
    if (attribute->key.size > prefix &&
        memcmp(attribute->key.data, LLMOBS_I_ALERT_LABEL, prefix) == 0) {
        return llmobsi_alert_read_label(alert, labels, attribute);
    }
    for (i = 0; i < LLMOBS_I_ALERT_MEMBERS; i++) {
        if (llmobsi_string_is(attribute->key, llmobsi_alert_members[i].name)) {
            return llmobsi_alert_read_member(alert, &llmobsi_alert_members[i], attribute);
        }
    }
    return true;
}

/* What an alert is before anything was read. */
llmobsi_fn void llmobsi_alert_blank(llmobs_alert* alert, const llmobs_log_view* log)
{
    alert->size = sizeof *alert;
    alert->rule.data = alert->group.data = alert->summary.data = alert->runbook.data =
        llmobsi_empty;
    alert->sentence = log->body;
    alert->unix_ns = log->unix_ns;
    alert->value = llmobsi_double_of(UINT64_C(0x7ff8000000000000));
    alert->threshold = alert->value;
}

LLMOBS_API bool llmobs_alert_of(const llmobs_log_view* log, llmobs_alert* alert,
                                llmobs_alert_label* labels)
{
    bool good;
    uint32_t i;
    if (alert == NULL) {
        return false;
    }
    memset(alert, 0, sizeof *alert);
    if (log == NULL || log->interaction != NULL ||
        !llmobsi_string_is(log->event_name, LLMOBS_I_ALERT_EVENT)) {
        return false;
    }
    llmobsi_alert_blank(alert, log);
    alert->labels = labels;
    good = true;
    for (i = 0; good && i < log->attribute_count; i++) {
        good = llmobsi_alert_read_attribute(alert, labels, &log->attributes[i]);
    }
    if (!good || alert->rule.size == 0 || alert->state == LLMOBS_ALERT_INACTIVE) {
        memset(alert, 0, sizeof *alert);
        return false;
    }
    return true;
}
