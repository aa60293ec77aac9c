/* For tests of tail sampling: an instance that holds traces, on a clock that stands still, and
   policies in a line each. Include it after llmobs.h, tap.h, keeper.h and requester.h. */
#ifndef TAILED_H
#define TAILED_H

#define SECOND UINT64_C(1000000000)

static inline llmobs_config tail_config(void)
{
    llmobs_config config = pumped_config();
    config.clock.unix_ns = fake_clock;
    config.metric_series = LLMOBS_OFF;
    config.requests = LLMOBS_OFF;
    config.alert_rules = LLMOBS_OFF;
    config.tail_traces = 16;
    fake_now = UINT64_C(1764000000) * SECOND;
    return config;
}

static inline llmobs_tail_policy policy_of(llmobs_tail_type type, const char* name)
{
    llmobs_tail_policy policy = llmobs_tail_policy_default();
    policy.type = type;
    policy.name = name;
    return policy;
}

static inline llmobs_tail_policy policy_from(llmobs_tail_type type, const char* name, double least)
{
    llmobs_tail_policy policy = policy_of(type, name);
    policy.least = least;
    return policy;
}

static inline llmobs_tail_policy policy_with(llmobs_tail_type type, const char* name,
                                             uint32_t parts)
{
    llmobs_tail_policy policy = policy_of(type, name);
    policy.parts = parts;
    return policy;
}

static inline llmobs_tail_policy policy_error(const char* name)
{
    llmobs_tail_policy policy = policy_of(LLMOBS_TAIL_STATUS, name);
    policy.status = LLMOBS_STATUS_ERROR;
    return policy;
}

static inline llmobs_tail_policy policy_ratio(const char* name, double ratio)
{
    llmobs_tail_policy policy = policy_of(LLMOBS_TAIL_PROBABILITY, name);
    policy.ratio = ratio;
    return policy;
}

/* The tick's own view; the instance is open. */
static inline llmobsi_collector* collector_of(llmobs* obs)
{
    llmobsi_instance* instance = llmobsi_call_begin(obs);
    llmobsi_call_end(instance);
    return &instance->collector;
}

static inline llmobsi_tail* tail_of(llmobs* obs)
{
    return llmobsi_tail_of(&collector_of(obs)->recorder);
}

/* What is held must be what the lists say. */
static inline bool tail_is_valid(llmobs* obs)
{
    const llmobsi_recorder* recorder = &collector_of(obs)->recorder;
    const llmobsi_tail* tail = llmobsi_tail_of(recorder);
    uint64_t spans = 0;
    uint64_t slots = 0;
    uint32_t traces = 0;
    uint32_t listed = 0;
    uint32_t i;
    int stage;
    for (stage = 0; stage < (int)LLMOBS_I_TAIL_STAGES; stage++) {
        uint32_t number = tail->lists[stage].first;
        uint32_t before = 0;
        for (; number != 0 && traces <= tail->count; number = tail->traces[number - 1].after) {
            const llmobsi_tail_trace* trace = &tail->traces[number - 1];
            uint32_t slot;
            if (trace->stage != (uint32_t)stage || trace->before != before) {
                return false;
            }
            before = number;
            traces++;
            for (slot = stage != (int)LLMOBS_I_TAIL_FREE ? trace->first : 0; slot != 0;
                 slot = tail->links[slot - 1]) {
                spans++;
                slots += recorder->pool.slots[slot - 1].part_count;
            }
        }
        if (tail->lists[stage].last != before) {
            return false;
        }
    }
    for (i = 0; i <= tail->mask; i++) {
        uint32_t number = tail->places[i];
        for (; number != 0; number = tail->traces[number - 1].same) {
            listed++;
        }
    }
    for (i = 0; i < tail->count; i++) {
        listed -= tail->traces[i].stage <= (uint32_t)LLMOBS_I_TAIL_READY;
    }
    return listed == 0 && traces == tail->count && spans == tail->held &&
           slots == (uint64_t)tail->slots + tail->slots_going;
}

static inline const char* policy_named(const llmobs_span_view* span)
{
    return kept_string(span, "llmobs.tail.policy");
}

#endif
