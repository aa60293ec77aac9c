/* What the library tells of itself: points made from the account when metrics are read, under
   OpenTelemetry's names for such where it has one. */

#define LLMOBS_I_SELF_TEXT 640u /* labels of one point as text */

/* Metrics of the family SELF: id, name, family for Prometheus, unit, instrument, help. */
#define LLMOBS_I_SELF_METRICS(X)                                                                  \
    X(SPAN_STARTED, "otel.sdk.span.started", "otel_sdk_span_started", "{span}", COUNTER,          \
      "Spans begun, by whether they were sampled.")                                               \
    X(SPAN_LIVE, "otel.sdk.span.live", "otel_sdk_span_live", "{span}", UPDOWN,                    \
      "Spans begun and not yet ended.")                                                           \
    X(SPANS_DROPPED, "llmobs.spans.dropped", "llmobs_spans_dropped", "{span}", COUNTER,           \
      "Spans and log records lost before they reached the exporters, by cause.")                  \
    X(PROCESSED, "otel.sdk.processor.span.processed", "otel_sdk_processor_span_processed",        \
      "{span}", COUNTER, "Spans handed to the exporters' queues.")                                \
    X(QUEUE_SIZE, "otel.sdk.processor.span.queue.size", "otel_sdk_processor_span_queue_size",     \
      "{span}", UPDOWN,                                                                           \
      "Spans ended and log records made, not yet handed to the exporters' queues.")               \
    X(QUEUE_CAPACITY, "otel.sdk.processor.span.queue.capacity",                                   \
      "otel_sdk_processor_span_queue_capacity", "{span}", UPDOWN,                                 \
      "Spans that may be begun, and log records made, not yet collected at one time.")            \
    X(EXPORTED, "otel.sdk.exporter.span.exported", "otel_sdk_exporter_span_exported", "{span}",   \
      COUNTER, "Spans that an exporter has settled; error_type says why it lost them.")           \
    X(INFLIGHT, "otel.sdk.exporter.span.inflight", "otel_sdk_exporter_span_inflight", "{span}",   \
      UPDOWN, "Spans in an exporter's queue, being exported or pending.")                         \
    X(LOG_CREATED, "otel.sdk.log.created", "otel_sdk_log_created", "{log_record}", COUNTER,       \
      "Log records made.")                                                                        \
    X(LOG_PROCESSED, "otel.sdk.processor.log.processed", "otel_sdk_processor_log_processed",      \
      "{log_record}", COUNTER, "Log records handed to the exporters' queues.")                    \
    X(LOG_EXPORTED, "otel.sdk.exporter.log.exported", "otel_sdk_exporter_log_exported",           \
      "{log_record}", COUNTER,                                                                    \
      "Log records that an exporter has settled; error_type says why it lost them.")              \
    X(LOG_INFLIGHT, "otel.sdk.exporter.log.inflight", "otel_sdk_exporter_log_inflight",           \
      "{log_record}", UPDOWN,                                                                     \
      "Log records in an exporter's queue, being exported or pending.")                           \
    X(POINT_EXPORTED, "otel.sdk.exporter.metric_data_point.exported",                             \
      "otel_sdk_exporter_metric_data_point_exported", "{data_point}", COUNTER,                    \
      "Points of metrics that an exporter has settled; error_type says why it lost them.")        \
    X(POINT_INFLIGHT, "otel.sdk.exporter.metric_data_point.inflight",                             \
      "otel_sdk_exporter_metric_data_point_inflight", "{data_point}", UPDOWN,                     \
      "Points of metrics in an exporter's queue, being exported or pending.")                     \
    X(SPOOL_ITEMS, "llmobs.spool.items", "llmobs_spool_items", "{item}", UPDOWN,                  \
      "Spans, log records and points that wait in an exporter's spool.")                          \
    X(SPOOL_RECOVERED, "llmobs.spool.recovered", "llmobs_spool_recovered", "{item}", COUNTER,     \
      "Spans, log records and points that an earlier process had left in an exporter's spool.")   \
    X(SPOOL_BYTES, "llmobs.spool.bytes", "llmobs_spool_bytes", "By", UPDOWN,                      \
      "Bytes of an exporter's spool on disk.")                                                    \
    X(METRIC_OVERFLOWS, "llmobs.metric.overflows", "llmobs_metric_overflows", "", COUNTER,        \
      "Label sets that went to a metric's overflow series.")                                      \
    X(METRIC_INVALID, "llmobs.metric.invalid", "llmobs_metric_invalid", "", COUNTER,              \
      "Values that were not recorded: negative, NaN or infinite.")                                \
    X(METRIC_SATURATED, "llmobs.metric.saturated", "llmobs_metric_saturated", "", COUNTER,        \
      "Additions to a sum that has come to the end of its range.")                                \
    X(METRIC_DROPPED, "llmobs.metric.dropped", "llmobs_metric_dropped", "", COUNTER,              \
      "Values lost for want of memory, or to a signal handler.")                                  \
    X(METRIC_SERIES, "llmobs.metric.series", "llmobs_metric_series", "{series}", UPDOWN,          \
      "Label sets at this time, of all metrics.")                                                 \
    X(METRIC_MISUSED, "llmobs.metric.misused", "llmobs_metric_misused", "", COUNTER,              \
      "Calls that named no metric, one of another kind, or the wrong labels.")                    \
    X(LOST, "llmobs.lost", "llmobs_lost", "", COUNTER,                                            \
      "Spans, log records, requests, texts to be judged and values lost in this library.")        \
    X(BUDGET_LIMIT, "llm.budget.limit", "llm_budget_limit_usd", "USD", UPDOWN,                    \
      "What a budget allows; of a template each key.")                                            \
    X(BUDGET_SPENT, "llm.budget.spent", "llm_budget_spent_usd", "USD", UPDOWN,                    \
      "What is spent of a budget in its period.")                                                 \
    X(BUDGET_RESERVED, "llm.budget.reserved", "llm_budget_reserved_usd", "USD", UPDOWN,           \
      "What requests under way have set aside of a budget.")                                      \
    X(BUDGET_DECISIONS, "llm.budget.decisions", "llm_budget_decisions", "", COUNTER,              \
      "Answers of budgets, by what they were and the budget that they named.")                    \
    X(BUDGET_EVENTS, "llm.budget.events", "llm_budget_events", "", COUNTER,                       \
      "What befell reservations and keys of budgets.")                                            \
    X(PRICE_MODELS, "llm.price.models", "llm_price_models", "{model}", UPDOWN,                    \
      "Models of the price table in use.")                                                        \
    X(PRICE_ROUNDED, "llm.price.rounded", "llm_price_rounded", "{price}", UPDOWN,                 \
      "Prices of that table that were rounded to a whole femto-USD.")                             \
    X(PRICE_REFUSED_TABLES, "llm.price.refused_tables", "llm_price_refused_tables", "", COUNTER,  \
      "Price tables that were refused.")                                                          \
    X(PRICE_UNPRICED, "llm.price.unpriced", "llm_price_unpriced", "", COUNTER,                    \
      "Costs that the price table did not tell, by why.")

typedef enum llmobsi_self_metric {
#define LLMOBS_I_SELF(id, name, family, unit, instrument, help) LLMOBS_I_SELF_##id,
    LLMOBS_I_SELF_METRICS(LLMOBS_I_SELF)
#undef LLMOBS_I_SELF
    LLMOBS_I_SELF_COUNT
} llmobsi_self_metric;

/* What a metric is. */
typedef struct llmobsi_self_kind {
    const char* name;
    const char* family;
    const char* unit;
    const char* help;
    llmobs_instrument instrument;
} llmobsi_self_kind;

static const llmobsi_self_kind llmobsi_self_kinds[LLMOBS_I_SELF_COUNT] = {
#define LLMOBS_I_SELF(id, name, family, unit, instrument, help) \
    {name, family, unit, help, LLMOBS_##instrument},
    LLMOBS_I_SELF_METRICS(LLMOBS_I_SELF)
#undef LLMOBS_I_SELF
};

/* A metric on its way to the gather, and where its values come from. */
typedef struct llmobsi_account {
    llmobsi_gather* gather;
    const llmobsi_instance* instance;
    const llmobs_stats* stats;
    llmobsi_self_metric id;
    const llmobsi_self_kind* kind;
    uint64_t start_unix_ns; /* 0: it has none */
    llmobs_metric_view* view;
} llmobsi_account;

llmobsi_fn void llmobsi_self_describe(llmobsi_account* account)
{
    llmobs_metric_view* view = llmobsi_gather_metric(account->gather);
    view->name = llmobs_str(account->kind->name);
    view->family = llmobs_str(account->kind->family);
    view->unit = llmobs_str(account->kind->unit);
    view->help = llmobs_str(account->kind->help);
    view->instrument = account->kind->instrument;
    view->number = strcmp(account->kind->unit, "USD") == 0 ? LLMOBS_NUMBER_NANO
                                                           : LLMOBS_NUMBER_INT;
    account->view = view;
}

/* A label, as an attribute and as text. Names of exporters are the host's: they are escaped. */
llmobsi_fn char* llmobsi_self_label(llmobs_point_view* point, char* text, const char* name,
                                    llmobs_string value)
{
    llmobs_attribute_view* attribute;
    union {
        const llmobs_attribute_view* shown;
        llmobs_attribute_view* made;
    } attributes;
    attributes.shown = point->attributes;
    attribute = &attributes.made[point->attribute_count++];
    memset(attribute, 0, sizeof *attribute);
    attribute->key = llmobs_str(name);
    attribute->type = LLMOBS_TYPE_STRING;
    attribute->value.string = value;
    if (text != point->labels.data) {
        *text++ = ',';
    }
    for (; *name != '\0'; name++) {
        *text++ = llmobsi_label_byte(*name);
    }
    *text++ = '=';
    *text++ = '"';
    text += llmobsi_label_escape(value.data, value.size, text);
    *text++ = '"';
    return text;
}

/* A copy of a text, which lives until the points are handed over: names of budgets, rules and users
   may go before. */
llmobsi_fn llmobs_string llmobsi_self_keep(llmobsi_packer* packer, llmobs_string text)
{
    char* kept = text.size > 0 ? (char*)llmobsi_packer_take(packer, text.size + 1, 1) : NULL;
    if (kept != NULL) {
        memcpy(kept, text.data, text.size);
        kept[text.size] = '\0';
        text.data = kept;
    }
    return text;
}

/* Adds a point with up to two labels (NULL: none). */
llmobsi_fn void llmobsi_self_point(llmobsi_account* account, uint64_t value, const char* label,
                                   llmobs_string of, const char* label_2, llmobs_string of_2)
{
    llmobsi_packer* packer = &account->gather->packer;
    llmobs_point_view* point;
    llmobs_attribute_view* attributes;
    char* text;
    if (!llmobsi_gather_has_room(account->gather,
                                 2 * sizeof *attributes + 2 * LLMOBS_I_SELF_TEXT) &&
        llmobsi_gather_flush(account->gather)) {
        llmobsi_self_describe(account);
    }
    if (account->gather->stopped) {
        return;
    }
    of = llmobsi_self_keep(packer, of);
    point = llmobsi_gather_point(account->gather);
    attributes = llmobsi_packer_attributes(packer, 2);
    text = (char*)llmobsi_packer_take(packer, LLMOBS_I_SELF_TEXT, 1);
    if (point == NULL || attributes == NULL || text == NULL) {
        return; /* there was room */
    }
    point->attributes = attributes;
    point->labels.data = text;
    if (label != NULL) {
        text = llmobsi_self_label(point, text, label, of);
    }
    if (label_2 != NULL) {
        text = llmobsi_self_label(point, text, label_2, of_2);
    }
    point->labels.size = (size_t)(text - point->labels.data);
    llmobsi_point_begun(point, account->start_unix_ns);
    point->value.integer = value < LLMOBS_I_CELL_MOST ? (int64_t)value : INT64_MAX;
    account->view->point_count++;
}

llmobsi_fn void llmobsi_self_number(llmobsi_account* account, uint64_t value)
{
    llmobs_string none = {NULL, 0};
    llmobsi_self_point(account, value, NULL, none, NULL, none);
}

llmobsi_fn void llmobsi_self_labelled(llmobsi_account* account, uint64_t value, const char* label,
                                      const char* of)
{
    llmobs_string none = {NULL, 0};
    llmobsi_self_point(account, value, label, llmobs_str(of), NULL, none);
}

/* ---- spans and log records ----------------------------------------------------------------- */

/* What the exporters' metrics are of. */
llmobsi_fn uint32_t llmobsi_self_signal(llmobsi_self_metric id)
{
    if (id == LLMOBS_I_SELF_EXPORTED || id == LLMOBS_I_SELF_INFLIGHT) {
        return LLMOBS_I_SPANS;
    }
    return id == LLMOBS_I_SELF_LOG_EXPORTED || id == LLMOBS_I_SELF_LOG_INFLIGHT ? LLMOBS_I_LOGS
                                                                                : LLMOBS_I_METRICS;
}

/* An exporter's account of a signal. Returns whether it has a spool. */
llmobsi_fn bool llmobsi_self_account(llmobsi_exporter* exporter, uint32_t signal,
                                     llmobs_signal_stats* stats)
{
    bool spools;
    llmobsi_lock_take(&exporter->lock);
    llmobsi_exporter_account(exporter, signal, stats);
    spools = exporter->spooling.on;
    llmobsi_lock_give(&exporter->lock);
    return spools;
}

/* Of the exporters that take the signal. */
llmobsi_fn void llmobsi_self_exporters(llmobsi_account* account, uint32_t signal, bool inflight)
{
    uint32_t i;
    int loss;
    for (i = 0; i < account->stats->exporter_count; i++) {
        llmobsi_exporter* exporter = &account->instance->collector.exporters[i];
        llmobs_string name = llmobs_str(exporter->name);
        llmobs_string none = {NULL, 0};
        llmobs_signal_stats stats;
        if (!llmobsi_exporter_takes(exporter, signal)) {
            continue;
        }
        (void)llmobsi_self_account(exporter, signal, &stats);
        if (inflight) {
            llmobsi_self_point(account, stats.queued, "otel.component.name", name, NULL, none);
            continue;
        }
        llmobsi_self_point(account, stats.exported, "otel.component.name", name, NULL, none);
        for (loss = 0; loss < (int)LLMOBS_LOSS_COUNT; loss++) {
            llmobsi_self_point(account, stats.lost[loss], "otel.component.name", name,
                               "error.type",
                               llmobs_str(llmobs_loss_name((llmobs_loss)loss)));
        }
    }
}

/* Of the exporters that have a spool: its bytes, or its items of each signal. */
llmobsi_fn void llmobsi_self_spools(llmobsi_account* account)
{
    static const char* const signals[LLMOBS_I_SIGNALS] = {"spans", "logs", "metrics"};
    uint32_t i;
    uint32_t signal;
    for (i = 0; i < account->stats->exporter_count; i++) {
        llmobsi_exporter* exporter = &account->instance->collector.exporters[i];
        llmobs_string name = llmobs_str(exporter->name);
        llmobs_string none = {NULL, 0};
        llmobs_signal_stats stats;
        for (signal = 0; signal < LLMOBS_I_SIGNALS; signal++) {
            if (!llmobsi_self_account(exporter, signal, &stats)) {
                break;
            }
            if (account->id == LLMOBS_I_SELF_SPOOL_BYTES) {
                llmobsi_self_point(account, account->stats->exporters[i].spool_bytes,
                                   "otel.component.name", name, NULL, none);
                break;
            }
            llmobsi_self_point(
                account,
                account->id == LLMOBS_I_SELF_SPOOL_ITEMS ? stats.spooled : stats.recovered,
                "otel.component.name", name, "signal", llmobs_str(signals[signal]));
        }
    }
}

llmobsi_fn void llmobsi_self_drops(llmobsi_account* account)
{
    int drop;
    for (drop = 0; drop < (int)LLMOBS_DROP_COUNT; drop++) {
        llmobsi_self_labelled(account, account->stats->dropped[drop], "reason",
                              llmobs_drop_name((llmobs_drop)drop));
    }
}

llmobsi_fn void llmobsi_self_capacity(llmobsi_account* account)
{
    if (account->instance->config.span_slots != LLMOBS_OFF) {
        llmobsi_self_number(account, account->instance->config.span_slots);
    }
}

/* ---- metrics ------------------------------------------------------------------------------- */

/* One count of each metric where it is not zero, and their names. */
llmobsi_fn void llmobsi_self_metrics(llmobsi_account* account)
{
    const llmobsi_registry* registry = &account->instance->collector.recorder.registry;
    uint32_t count = llmobsi_load_acquire(&registry->metric_count);
    llmobs_string none = {NULL, 0};
    uint32_t i;
    for (i = 0; i < count; i++) {
        const llmobsi_metric* metric = &registry->metrics[i];
        uint64_t value = llmobsi_load_relaxed(
            account->id == LLMOBS_I_SELF_METRIC_OVERFLOWS   ? &metric->overflows
            : account->id == LLMOBS_I_SELF_METRIC_INVALID   ? &metric->invalid
            : account->id == LLMOBS_I_SELF_METRIC_SATURATED ? &metric->saturated
                                                            : &metric->dropped);
        if (value != 0) {
            llmobsi_self_point(account, value, "metric", metric->name, NULL, none);
        }
    }
}

llmobsi_fn void llmobsi_self_metric_values(llmobsi_account* account)
{
    if (account->id == LLMOBS_I_SELF_METRIC_SERIES) {
        llmobsi_self_number(account, account->stats->metric_series);
    } else if (account->id == LLMOBS_I_SELF_METRIC_MISUSED) {
        llmobsi_self_number(account, account->stats->metric_misused);
    } else {
        llmobsi_self_metrics(account);
    }
}

/* ---- budgets and prices -------------------------------------------------------------------- */

/* One amount of each budget; a limit that there is not is no point. */
llmobsi_fn void llmobsi_self_budget(llmobsi_account* account,
                                    const llmobsi_budget_account* budget)
{
    llmobs_string name = llmobs_str(budget->name);
    llmobs_string none = {NULL, 0};
    switch (account->id) {
    case LLMOBS_I_SELF_BUDGET_LIMIT:
        if (budget->soft_nano != LLMOBS_BUDGET_NO_LIMIT) {
            llmobsi_self_point(account, (uint64_t)budget->soft_nano, "budget", name, "limit",
                               llmobs_str("soft"));
        }
        if (budget->hard_nano != LLMOBS_BUDGET_NO_LIMIT) {
            llmobsi_self_point(account, (uint64_t)budget->hard_nano, "budget", name, "limit",
                               llmobs_str("hard"));
        }
        break;
    case LLMOBS_I_SELF_BUDGET_SPENT:
        llmobsi_self_point(account, budget->spent_nano, "budget", name, NULL, none);
        break;
    case LLMOBS_I_SELF_BUDGET_RESERVED:
        llmobsi_self_point(account, budget->reserved_nano, "budget", name, NULL, none);
        break;
    default:
        llmobsi_self_point(account, budget->over_soft, "budget", name, "decision",
                           llmobs_str("over_soft"));
        llmobsi_self_point(account, budget->denied, "budget", name, "decision",
                           llmobs_str("refused"));
        break;
    }
}

llmobsi_fn void llmobsi_self_budgets(llmobsi_account* account)
{
    llmobsi_budgets* budgets = llmobsi_budgets_of(&account->instance->collector.recorder);
    llmobsi_budget_account budget;
    llmobsi_budget_counts counts;
    uint32_t i;
    if (budgets == NULL) {
        return;
    }
    llmobsi_budgets_roll(budgets,
                         llmobsi_budgets_now(&account->instance->collector.recorder.timeline));
    for (i = 0; i < llmobsi_load_acquire(&budgets->used); i++) {
        if (llmobsi_budget_account_of(budgets, i, &budget)) {
            llmobsi_self_budget(account, &budget);
        }
    }
    if (account->id == LLMOBS_I_SELF_BUDGET_DECISIONS) {
        llmobsi_budgets_count(budgets, &counts);
        llmobsi_self_labelled(account, llmobsi_stats_rest(counts.reservations, counts.over_soft),
                              "decision", "allowed");
        llmobsi_self_labelled(account, counts.nameless, "decision", "refused");
    }
}

llmobsi_fn void llmobsi_self_budget_events(llmobsi_account* account)
{
    const llmobsi_budgets* budgets = llmobsi_budgets_of(&account->instance->collector.recorder);
    llmobsi_budget_counts counts;
    if (budgets == NULL) {
        return;
    }
    llmobsi_budgets_count(budgets, &counts);
    llmobsi_self_labelled(account, counts.expired, "event", "expired");
    llmobsi_self_labelled(account, counts.overruns, "event", "overrun");
    llmobsi_self_labelled(account, counts.late, "event", "late");
    llmobsi_self_labelled(account, counts.crossed, "event", "crossed");
    llmobsi_self_labelled(account, counts.overflows, "event", "overflow");
    llmobsi_self_labelled(account, counts.refused, "event", "bad_amount");
    llmobsi_self_labelled(account, counts.saturated, "event", "saturated");
    llmobsi_self_labelled(account, counts.unkeyed, "event", "unkeyed");
}

llmobsi_fn void llmobsi_self_prices(llmobsi_account* account)
{
    const llmobsi_prices* prices = llmobsi_prices_of(&account->instance->collector.recorder);
    if (prices == NULL) {
        return;
    }
    if (account->id == LLMOBS_I_SELF_PRICE_MODELS) {
        llmobsi_self_number(account, llmobsi_load_relaxed(&prices->models));
    } else if (account->id == LLMOBS_I_SELF_PRICE_ROUNDED) {
        llmobsi_self_number(account, llmobsi_load_relaxed(&prices->rounded));
    } else if (account->id == LLMOBS_I_SELF_PRICE_REFUSED_TABLES) {
        llmobsi_self_number(account, llmobsi_load_relaxed(&prices->refused_tables));
    } else {
        llmobsi_self_labelled(account, llmobsi_load_relaxed(&prices->unknown_models), "reason",
                              "unknown_model");
        llmobsi_self_labelled(account, llmobsi_load_relaxed(&prices->no_usage), "reason",
                              "no_usage");
        llmobsi_self_labelled(account, llmobsi_load_relaxed(&prices->refused), "reason",
                              "too_high");
    }
}

/* They stand last in the list, budgets first. */
llmobsi_fn void llmobsi_self_money(llmobsi_account* account)
{
    if (account->id < LLMOBS_I_SELF_BUDGET_EVENTS) {
        llmobsi_self_budgets(account);
    } else if (account->id == LLMOBS_I_SELF_BUDGET_EVENTS) {
        llmobsi_self_budget_events(account);
    } else {
        llmobsi_self_prices(account);
    }
}

/* ---- the whole ----------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_self_values(llmobsi_account* account)
{
    const llmobs_stats* stats = account->stats;
    uint64_t logs = llmobsi_load_relaxed(&account->instance->collector.collected_logs);
    switch (account->id) {
    case LLMOBS_I_SELF_SPAN_STARTED:
        llmobsi_self_labelled(account, llmobsi_stats_rest(stats->started, stats->log_records),
                              "otel.span.sampling_result", "RECORD_AND_SAMPLE");
        llmobsi_self_labelled(account, stats->unsampled, "otel.span.sampling_result", "DROP");
        break;
    case LLMOBS_I_SELF_SPAN_LIVE:
        llmobsi_self_number(account, stats->live);
        break;
    case LLMOBS_I_SELF_SPANS_DROPPED:
        llmobsi_self_drops(account);
        break;
    case LLMOBS_I_SELF_PROCESSED:
        llmobsi_self_number(account, llmobsi_stats_rest(stats->collected, logs));
        break;
    case LLMOBS_I_SELF_LOG_CREATED:
        llmobsi_self_number(account, stats->log_records);
        break;
    case LLMOBS_I_SELF_LOG_PROCESSED:
        llmobsi_self_number(account, logs);
        break;
    case LLMOBS_I_SELF_QUEUE_SIZE:
        llmobsi_self_number(account, stats->ended + stats->tail_held);
        break;
    case LLMOBS_I_SELF_QUEUE_CAPACITY:
        llmobsi_self_capacity(account);
        break;
    case LLMOBS_I_SELF_LOST:
        llmobsi_self_number(account, llmobsi_stats_lost(stats));
        break;
    case LLMOBS_I_SELF_EXPORTED:
    case LLMOBS_I_SELF_LOG_EXPORTED:
    case LLMOBS_I_SELF_POINT_EXPORTED:
        llmobsi_self_exporters(account, llmobsi_self_signal(account->id), false);
        break;
    case LLMOBS_I_SELF_SPOOL_ITEMS:
    case LLMOBS_I_SELF_SPOOL_RECOVERED:
    case LLMOBS_I_SELF_SPOOL_BYTES:
        llmobsi_self_spools(account);
        break;
    case LLMOBS_I_SELF_INFLIGHT:
    case LLMOBS_I_SELF_LOG_INFLIGHT:
    case LLMOBS_I_SELF_POINT_INFLIGHT:
        llmobsi_self_exporters(account, llmobsi_self_signal(account->id), true);
        break;
    default:
        if (account->id < LLMOBS_I_SELF_BUDGET_LIMIT) {
            llmobsi_self_metric_values(account);
        } else {
            llmobsi_self_money(account);
        }
        break;
    }
}

llmobsi_fn void llmobsi_gather_self(llmobsi_gather* gather, llmobsi_instance* instance)
{
    llmobs_stats stats;
    llmobsi_account account;
    int id;
    llmobsi_stats_fill(instance, &stats);
    account.gather = gather;
    account.instance = instance;
    account.stats = &stats;
    account.start_unix_ns = instance->opened_unix_ns;
    for (id = 0; id < (int)LLMOBS_I_SELF_COUNT && !gather->stopped; id++) {
        account.id = (llmobsi_self_metric)id;
        account.kind = &llmobsi_self_kinds[id];
        llmobsi_self_describe(&account);
        llmobsi_self_values(&account);
    }
}
