/* Policies of tail sampling: read, then asked of what is known of a trace. Since a policy's parts
   stand before it, one pass over them answers all. */

#define LLMOBS_I_TAIL_OPEN 1.7976931348623157e308 /* an end of a range that is none: the largest */
#define LLMOBS_I_TAIL_FULL_NS UINT64_C(2000000000) /* after so long a rate is as full as it gets */
#define LLMOBS_I_TAIL_BILLION UINT64_C(1000000000)

/* A policy, read. */
typedef struct llmobsi_tail_policy {
    llmobs_tail_type type;
    uint32_t parts;
    uint32_t name; /* these two: ids */
    uint32_t key;
    llmobs_string text; /* a name's */
    bool prefix;
    bool truth;
    uint32_t status;
    uint64_t action;
    int64_t least; /* nanoseconds, nano-USD, tokens, spans: whole, so that they compare exactly */
    int64_t most;
    double least_number; /* of an attribute */
    double most_number;
    uint64_t threshold;
    uint64_t per_second;
    uint64_t filled; /* of a rate: what is left, in billionths; as of `filled_ns`. The tick */
    uint64_t filled_ns;
} llmobsi_tail_policy;

typedef struct llmobsi_tail_policies {
    llmobsi_tail_policy list[LLMOBS_TAIL_POLICIES_MOST];
    uint32_t count;
    uint32_t deciding; /* bits: those that are part of no other */
    uint32_t random;   /* bits: chance or a rate has a say      */
    uint32_t asking;   /* bits: those that ask for an attribute */
    uint64_t keys;     /* a bit for each of their keys, by its low bits */
    bool marks;        /* some ask for cost, tokens, guardrails */
} llmobsi_tail_policies;

/* What is known of a trace. */
typedef struct llmobsi_tail_facts {
    uint64_t latency_ns;
    uint64_t randomness; /* 56 bits */
    uint64_t spans;
    uint64_t bytes;
    int64_t cost_nano; /* these two: -1 unknown */
    int64_t tokens;
    uint64_t action;   /* the worst one */
    uint32_t statuses; /* bits, by llmobs_status */
    uint32_t matched;  /* bits: policies that ask for an attribute */
    uint64_t first;    /* stamps: the earliest start, the latest end */
    uint64_t last;
} llmobsi_tail_facts;

LLMOBS_I_STATIC_ASSERT(tail_policies, LLMOBS_TAIL_POLICIES_MOST == 32);
LLMOBS_I_STATIC_ASSERT(tail_text, LLMOBS_TAIL_TEXT_MOST == LLMOBS_I_NAME_MAX);

LLMOBS_API llmobs_tail_policy llmobs_tail_policy_default(void)
{
    llmobs_tail_policy policy;
    memset(&policy, 0, sizeof policy);
    policy.size = sizeof policy;
    policy.least = -LLMOBS_I_TAIL_OPEN;
    policy.most = LLMOBS_I_TAIL_OPEN;
    return policy;
}

/* ---- what makes sense ---------------------------------------------------------------------- */

llmobsi_inline bool llmobsi_tail_is_one_of(llmobs_tail_type type, uint32_t types)
{
    return (unsigned)type < 32u && (types >> (unsigned)type & 1u) != 0;
}

#define LLMOBS_I_TAIL_RANGED                                                                     \
    (1u << LLMOBS_TAIL_LATENCY | 1u << LLMOBS_TAIL_NUMBER | 1u << LLMOBS_TAIL_COST |             \
     1u << LLMOBS_TAIL_TOKENS | 1u << LLMOBS_TAIL_SPANS)
#define LLMOBS_I_TAIL_ASKING \
    (1u << LLMOBS_TAIL_NUMBER | 1u << LLMOBS_TAIL_STRING | 1u << LLMOBS_TAIL_BOOLEAN)
#define LLMOBS_I_TAIL_MARKS \
    (1u << LLMOBS_TAIL_COST | 1u << LLMOBS_TAIL_TOKENS | 1u << LLMOBS_TAIL_GUARDRAIL)
#define LLMOBS_I_TAIL_RATES (1u << LLMOBS_TAIL_SPAN_RATE | 1u << LLMOBS_TAIL_BYTE_RATE)
#define LLMOBS_I_TAIL_RANDOM (1u << LLMOBS_TAIL_PROBABILITY | LLMOBS_I_TAIL_RATES)
#define LLMOBS_I_TAIL_MANY (1u << LLMOBS_TAIL_AND | 1u << LLMOBS_TAIL_OR)
#define LLMOBS_I_TAIL_SINGLE (1u << LLMOBS_TAIL_NOT | 1u << LLMOBS_TAIL_DROP)

/* Whether a text is there and no longer than that. */
llmobsi_fn bool llmobsi_tail_text_fits(const char* text, size_t most)
{
    return text != NULL && strlen(text) <= most;
}

/* A number from above `low` to `high`; NaN, known by its bits, is none. */
llmobsi_fn bool llmobsi_tail_number_fits(double number, double low, double high)
{
    return llmobsi_double_is_finite(number) && number > low && number <= high;
}

/* Parts stand before the policy, DROPs are none; and chance can't be turned round. */
llmobsi_fn bool llmobsi_tail_parts_fit(const llmobsi_tail_policies* policies, uint32_t dropping,
                                       const llmobs_tail_policy* policy)
{
    bool single = llmobsi_tail_is_one_of(policy->type, LLMOBS_I_TAIL_SINGLE);
    if (!single && !llmobsi_tail_is_one_of(policy->type, LLMOBS_I_TAIL_MANY)) {
        return policy->parts == 0;
    }
    return policy->parts != 0 && policy->parts >> policies->count == 0 &&
           (policy->parts & dropping) == 0 &&
           (!single || ((policy->parts & (policy->parts - 1)) == 0 &&
                        (policy->parts & policies->random) == 0));
}

/* Whether its fields, as far as its type has them, make sense. */
llmobsi_fn bool llmobsi_tail_fields_fit(const llmobs_tail_policy* policy)
{
    if (llmobsi_tail_is_one_of(policy->type, LLMOBS_I_TAIL_RANGED) &&
        (!llmobsi_double_is_finite(policy->least) || !llmobsi_double_is_finite(policy->most) ||
         policy->least > policy->most)) {
        return false;
    }
    if (llmobsi_tail_is_one_of(policy->type, LLMOBS_I_TAIL_ASKING) &&
        (!llmobsi_tail_text_fits(policy->key, LLMOBS_TAIL_TEXT_MOST) || policy->key[0] == '\0')) {
        return false;
    }
    switch (policy->type) {
    case LLMOBS_TAIL_STATUS:
        return (unsigned)policy->status <= (unsigned)LLMOBS_STATUS_ERROR;
    case LLMOBS_TAIL_STRING:
        return llmobsi_tail_text_fits(policy->text, LLMOBS_TAIL_TEXT_MOST);
    case LLMOBS_TAIL_GUARDRAIL:
        return (unsigned)policy->action <= (unsigned)LLMOBS_GUARDRAIL_BLOCKED;
    case LLMOBS_TAIL_PROBABILITY:
        return llmobsi_tail_number_fits(policy->ratio, 0.0, 1.0);
    case LLMOBS_TAIL_SPAN_RATE:
    case LLMOBS_TAIL_BYTE_RATE:
        return policy->per_second - 1 < LLMOBS_TAIL_RATE_MOST;
    default:
        return (unsigned)policy->type - 1u < (unsigned)LLMOBS_TAIL_DROP;
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

/* So many units, rounded, or as many as there can be. */
llmobsi_fn int64_t llmobsi_tail_whole(double number, double unit)
{
    double most = 9.2e18 / unit;
    if (number >= most) {
        return INT64_MAX;
    }
    if (number <= -most) {
        return INT64_MIN;
    }
    number *= unit;
    return (int64_t)(number < 0.0 ? number - 0.5 : number + 0.5);
}

llmobsi_fn double llmobsi_tail_unit(llmobs_tail_type type)
{
    return type == LLMOBS_TAIL_LATENCY || type == LLMOBS_TAIL_COST ? 1e9 : 1.0;
}

/* A text of the host's as a name, which lives as long as the instance does. */
llmobsi_fn uint32_t llmobsi_tail_name(llmobsi_names* names, const char* text)
{
    return llmobsi_names_id(names, text, text != NULL ? strlen(text) : 0);
}

/* Its texts; false: there is no room for them. */
llmobsi_fn bool llmobsi_tail_policy_read_texts(llmobsi_tail_policy* policy, llmobsi_names* names,
                                        const llmobs_tail_policy* given)
{
    uint32_t text = LLMOBS_I_NAME_UNNAMED;
    policy->name = llmobsi_tail_name(names, given->name);
    policy->key = LLMOBS_I_NAME_UNNAMED;
    policy->text = llmobs_str("");
    if (llmobsi_tail_is_one_of(given->type, LLMOBS_I_TAIL_ASKING)) {
        policy->key = llmobsi_tail_name(names, given->key);
    }
    if (given->type == LLMOBS_TAIL_STRING && given->text[0] != '\0') {
        text = llmobsi_tail_name(names, given->text);
        policy->text = llmobsi_names_text(names, text);
    }
    return policy->name != LLMOBS_I_NAME_OVERFLOW && policy->key != LLMOBS_I_NAME_OVERFLOW &&
           text != LLMOBS_I_NAME_OVERFLOW;
}

llmobsi_fn bool llmobsi_tail_policy_read(llmobsi_tail_policies* policies, llmobsi_names* names,
                                  const llmobs_tail_policy* given)
{
    llmobsi_tail_policy* policy = &policies->list[policies->count];
    uint32_t bit = 1u << policies->count;
    memset(policy, 0, sizeof *policy);
    if (!llmobsi_tail_policy_read_texts(policy, names, given)) {
        return false;
    }
    policy->type = given->type;
    policy->parts = given->parts;
    policy->prefix = given->prefix;
    policy->truth = given->truth;
    policy->status = 1u << (unsigned)given->status % 32u;
    policy->action = given->action > LLMOBS_GUARDRAIL_FLAGGED ? (uint64_t)given->action
                                                              : (uint64_t)LLMOBS_GUARDRAIL_FLAGGED;
    if (llmobsi_tail_is_one_of(given->type, LLMOBS_I_TAIL_RANGED)) {
        policy->least = llmobsi_tail_whole(given->least, llmobsi_tail_unit(given->type));
        policy->most = llmobsi_tail_whole(given->most, llmobsi_tail_unit(given->type));
    }
    policy->least_number = given->least;
    policy->most_number = given->most;
    policy->threshold = given->type == LLMOBS_TAIL_PROBABILITY
                            ? llmobsi_sampling_threshold(given->ratio)
                            : 0;
    policy->per_second = given->per_second;
    policy->filled = policy->per_second * LLMOBS_I_TAIL_FULL_NS;
    policies->count++;
    policies->deciding = (policies->deciding | bit) & ~policy->parts;
    if (llmobsi_tail_is_one_of(given->type, LLMOBS_I_TAIL_RANDOM) ||
        (policy->parts & policies->random) != 0) {
        policies->random |= bit;
    }
    if (llmobsi_tail_is_one_of(given->type, LLMOBS_I_TAIL_ASKING)) {
        policies->asking |= bit;
        policies->keys |= UINT64_C(1) << (policy->key & 63u);
    }
    policies->marks |= llmobsi_tail_is_one_of(given->type, LLMOBS_I_TAIL_MARKS);
    return true;
}

/* Who decides has a name. `*wrong` is the first one that has none. */
llmobsi_fn bool llmobsi_tail_names_fit(const llmobsi_tail_policies* policies, size_t* wrong)
{
    uint32_t i;
    for (i = 0; i < policies->count; i++) {
        if ((policies->deciding >> i & 1u) != 0 &&
            policies->list[i].name == LLMOBS_I_NAME_UNNAMED) {
            *wrong = i;
            return false;
        }
    }
    return true;
}

/* Reads policies as the host gave them, whose version may be another. What is refused has been read
   no further than `*wrong`. */
llmobsi_fn llmobs_result llmobsi_tail_policies_read(llmobsi_tail_policies* policies,
                                               llmobsi_names* names,
                                               const llmobs_tail_policy* given, size_t count,
                                               size_t* wrong)
{
    size_t stride = count != 0 && given->size != 0 ? given->size : sizeof *given;
    uint32_t dropping = 0;
    memset(policies, 0, sizeof *policies);
    if (count == 0 || count > LLMOBS_TAIL_POLICIES_MOST) {
        *wrong = count == 0 ? 0 : LLMOBS_TAIL_POLICIES_MOST;
        return count == 0 ? LLMOBS_ERROR_ARGUMENT : LLMOBS_ERROR_LIMIT;
    }
    for (*wrong = 0; *wrong < count; (*wrong)++) {
        llmobs_tail_policy policy = llmobs_tail_policy_default();
        const unsigned char* bytes = (const unsigned char*)given + *wrong * stride;
        memcpy(&policy, bytes, llmobsi_known_size(stride, sizeof policy));
        if (!llmobsi_tail_fields_fit(&policy) ||
            !llmobsi_tail_parts_fit(policies, dropping, &policy) ||
            (policy.name != NULL && !llmobsi_tail_text_fits(policy.name, LLMOBS_TAIL_NAME_MOST))) {
            return LLMOBS_ERROR_ARGUMENT;
        }
        if (!llmobsi_tail_policy_read(policies, names, &policy)) {
            return LLMOBS_ERROR_LIMIT;
        }
        dropping |= policy.type == LLMOBS_TAIL_DROP ? 1u << *wrong : 0u;
    }
    *wrong = count - 1;
    if (!llmobsi_tail_names_fit(policies, wrong) || (policies->deciding & ~dropping) == 0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    return LLMOBS_OK;
}

/* ---- facts --------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_tail_facts_begin(llmobsi_tail_facts* facts)
{
    memset(facts, 0, sizeof *facts);
    facts->cost_nano = -1;
    facts->tokens = -1;
    facts->first = UINT64_MAX;
}

/* A sum of what is known. */
llmobsi_fn void llmobsi_tail_add(int64_t* sum, int64_t amount)
{
    if (amount >= 0) {
        *sum = *sum < 0 ? amount : *sum < INT64_MAX - amount ? *sum + amount : INT64_MAX;
    }
}

llmobsi_fn bool llmobsi_tail_text_is(const llmobsi_tail_policy* policy, const unsigned char* data,
                                     size_t size)
{
    return (policy->prefix ? size >= policy->text.size : size == policy->text.size) &&
           memcmp(data, policy->text.data, policy->text.size) == 0;
}

/* A list, packed as llmobsi_put_strings does. */
llmobsi_fn bool llmobsi_tail_any_text_is(const llmobsi_tail_policy* policy,
                                         const unsigned char* packed, size_t size)
{
    size_t place = 0;
    uint16_t length;
    while (place + sizeof length <= size) {
        memcpy(&length, packed + place, sizeof length);
        place += sizeof length;
        if (length > size - place) {
            break;
        }
        if (llmobsi_tail_text_is(policy, packed + place, length)) {
            return true;
        }
        place += length;
    }
    return false;
}

llmobsi_fn bool llmobsi_tail_number_is(const llmobsi_tail_policy* policy, double number)
{
    return llmobsi_double_is_finite(number) && number >= policy->least_number &&
           number <= policy->most_number;
}

/* Whether an attribute is as a policy wants it. */
llmobsi_fn bool llmobsi_tail_attribute_is(const llmobsi_tail_policy* policy,
                                          const llmobsi_field* field)
{
    const unsigned char* payload = llmobsi_field_payload(field);
    int64_t bits = 0;
    if (field->type == LLMOBS_TYPE_STRING) {
        return policy->type == LLMOBS_TAIL_STRING &&
               llmobsi_tail_text_is(policy, payload, field->size);
    }
    if (field->type == LLMOBS_TYPE_STRINGS) {
        return policy->type == LLMOBS_TAIL_STRING &&
               llmobsi_tail_any_text_is(policy, payload, field->size);
    }
    memcpy(&bits, payload, sizeof bits);
    if (field->type == LLMOBS_TYPE_BOOL) {
        return policy->type == LLMOBS_TAIL_BOOLEAN && policy->truth == (bits != 0);
    }
    return policy->type == LLMOBS_TAIL_NUMBER &&
           llmobsi_tail_number_is(policy, field->type == LLMOBS_TYPE_INT
                                              ? (double)bits
                                              : llmobsi_double_of((uint64_t)bits));
}

/* A span's attribute: the last value of a key counts, as it does for exporters. `*matched` is the
   span's. */
llmobsi_fn void llmobsi_tail_facts_attribute(const llmobsi_tail_policies* policies,
                                             const llmobsi_field* field, uint32_t* matched)
{
    uint32_t left = policies->asking;
    while (left != 0) {
        uint32_t i = (uint32_t)llmobsi_trailing_zeros32(left);
        left &= left - 1;
        if (policies->list[i].key == field->key) {
            bool holds = llmobsi_tail_attribute_is(&policies->list[i], field);
            *matched = (*matched & ~(1u << i)) | (holds ? 1u << i : 0u);
        }
    }
}

llmobsi_fn void llmobsi_tail_facts_mark(llmobsi_tail_facts* facts, const llmobsi_field* field)
{
    llmobsi_tail_mark mark;
    memcpy(&mark, llmobsi_field_payload(field), sizeof mark);
    llmobsi_tail_add(&facts->cost_nano, mark.cost_nano);
    llmobsi_tail_add(&facts->tokens, mark.tokens);
    facts->action = mark.action > facts->action ? mark.action : facts->action;
}

/* What a span's body says. */
llmobsi_fn void llmobsi_tail_facts_body(const llmobsi_tail_policies* policies,
                                        const llmobsi_pool* pool, const llmobsi_slot* slot,
                                        llmobsi_tail_facts* facts)
{
    uint32_t matched = 0;
    const llmobsi_field* field;
    llmobsi_walk walk;
    llmobsi_walk_begin(&walk, pool, slot);
    while ((field = llmobsi_walk_next(&walk)) != NULL) {
        if (field->type <= LLMOBS_TYPE_STRINGS) {
            if (field->owner == LLMOBS_I_OF_SPAN && (policies->keys >> (field->key & 63u) & 1u)) {
                llmobsi_tail_facts_attribute(policies, field, &matched);
            }
        } else if (field->type == LLMOBS_I_FIELD_TAIL) {
            llmobsi_tail_facts_mark(facts, field);
        }
    }
    facts->matched |= matched;
}

/* Adds a span to what is known. */
llmobsi_fn void llmobsi_tail_facts_span(const llmobsi_tail_policies* policies,
                                        const llmobsi_pool* pool, const llmobsi_slot* slot,
                                        llmobsi_tail_facts* facts)
{
    uint64_t start = llmobsi_load_relaxed(&slot->start);
    const llmobsi_slot* part = slot;
    uint32_t left = slot->part_count;
    facts->spans++;
    facts->bytes += offsetof(llmobsi_slot, body);
    for (;;) {
        facts->bytes += part->used;
        if (left-- <= 1 || part->next == 0) {
            break;
        }
        part = &pool->slots[(part->next - 1) & pool->mask];
    }
    facts->statuses |= 1u << slot->status % 32u;
    facts->first = start < facts->first ? start : facts->first;
    facts->last = slot->end > facts->last ? slot->end : facts->last;
    if (policies->asking != 0 || policies->marks) {
        llmobsi_tail_facts_body(policies, pool, slot, facts);
    }
}

/* ---- rates --------------------------------------------------------------------------------- */

/* Lets time fill a rate. */
llmobsi_fn void llmobsi_tail_fill(llmobsi_tail_policy* policy, uint64_t now_ns)
{
    uint64_t full = policy->per_second * LLMOBS_I_TAIL_FULL_NS;
    uint64_t passed = now_ns - policy->filled_ns;
    passed = passed < LLMOBS_I_TAIL_FULL_NS ? passed : LLMOBS_I_TAIL_FULL_NS;
    policy->filled += policy->per_second * passed;
    policy->filled = policy->filled < full ? policy->filled : full;
    policy->filled_ns = now_ns;
}

/* What a trace uses up of a rate: no more than there can be, or a large one would never pass. */
llmobsi_fn uint64_t llmobsi_tail_price(const llmobsi_tail_policy* policy,
                                       const llmobsi_tail_facts* facts)
{
    uint64_t amount = policy->type == LLMOBS_TAIL_SPAN_RATE ? facts->spans : facts->bytes;
    uint64_t most = 2 * policy->per_second;
    return (amount < most ? amount : most) * LLMOBS_I_TAIL_BILLION;
}

/* What a policy that decided uses up: its rates, and those of the parts by which it matched. */
llmobsi_fn void llmobsi_tail_spend(llmobsi_tail_policies* policies, uint32_t decided,
                                   uint32_t matched, const llmobsi_tail_facts* facts)
{
    uint32_t left = 1u << decided;
    while (left != 0) {
        uint32_t i = 31u - (uint32_t)llmobsi_leading_zeros32(left);
        llmobsi_tail_policy* policy = &policies->list[i];
        uint32_t parts = policy->parts & matched;
        left &= ~(1u << i);
        if (policy->type == LLMOBS_TAIL_AND) {
            left |= parts;
        } else if (policy->type == LLMOBS_TAIL_OR) {
            left |= parts & (0u - parts); /* the first one would have done */
        } else if (llmobsi_tail_is_one_of(policy->type, LLMOBS_I_TAIL_RATES)) {
            policy->filled -= llmobsi_tail_price(policy, facts);
        }
    }
}

/* ---- answers ------------------------------------------------------------------------------- */

llmobsi_inline bool llmobsi_tail_within(const llmobsi_tail_policy* policy, int64_t number)
{
    return number >= policy->least && number <= policy->most;
}

llmobsi_inline int64_t llmobsi_tail_signed(uint64_t number)
{
    return number < (uint64_t)INT64_MAX ? (int64_t)number : INT64_MAX;
}

/* `matched`: which of those before it match. */
llmobsi_fn bool llmobsi_tail_holds(const llmobsi_tail_policy* policy, uint32_t matched,
                                   const llmobsi_tail_facts* facts)
{
    switch (policy->type) {
    case LLMOBS_TAIL_LATENCY:
        return llmobsi_tail_within(policy, llmobsi_tail_signed(facts->latency_ns));
    case LLMOBS_TAIL_STATUS:
        return (facts->statuses & policy->status) != 0;
    case LLMOBS_TAIL_COST:
        return facts->cost_nano >= 0 && llmobsi_tail_within(policy, facts->cost_nano);
    case LLMOBS_TAIL_TOKENS:
        return facts->tokens >= 0 && llmobsi_tail_within(policy, facts->tokens);
    case LLMOBS_TAIL_GUARDRAIL:
        return facts->action >= policy->action;
    case LLMOBS_TAIL_SPANS:
        return llmobsi_tail_within(policy, llmobsi_tail_signed(facts->spans));
    case LLMOBS_TAIL_PROBABILITY:
        return llmobsi_sampling_keeps(policy->threshold, facts->randomness);
    case LLMOBS_TAIL_SPAN_RATE:
    case LLMOBS_TAIL_BYTE_RATE:
        return policy->filled >= llmobsi_tail_price(policy, facts);
    case LLMOBS_TAIL_AND:
        return (matched & policy->parts) == policy->parts;
    case LLMOBS_TAIL_OR:
    case LLMOBS_TAIL_DROP:
        return (matched & policy->parts) != 0;
    case LLMOBS_TAIL_NOT:
        return (matched & policy->parts) == 0;
    default:
        return true; /* LLMOBS_TAIL_ALWAYS; who asks for an attribute has been answered before */
    }
}

/* The threshold by which a policy that matches does so: that of an AND is the highest of its
   parts', that of an OR the lowest of those that match. */
llmobsi_fn uint64_t llmobsi_tail_threshold(const llmobsi_tail_policy* policy, uint32_t matched,
                                           const uint64_t* thresholds)
{
    bool all = policy->type == LLMOBS_TAIL_AND;
    uint32_t left = policy->parts & matched;
    uint64_t threshold = all ? 0 : UINT64_MAX;
    if (left == 0) {
        return policy->threshold;
    }
    while (left != 0) {
        uint64_t one = thresholds[llmobsi_trailing_zeros32(left)];
        left &= left - 1;
        threshold = (all ? one > threshold : one < threshold) ? one : threshold;
    }
    return threshold;
}

/* Which policies match. `thresholds` is filled for those. */
llmobsi_fn uint32_t llmobsi_tail_match(llmobsi_tail_policies* policies,
                                       const llmobsi_tail_facts* facts, uint64_t now_ns,
                                       uint64_t* thresholds)
{
    uint32_t matched = 0;
    uint32_t i;
    for (i = 0; i < policies->count; i++) {
        llmobsi_tail_policy* policy = &policies->list[i];
        bool holds;
        if (llmobsi_tail_is_one_of(policy->type, LLMOBS_I_TAIL_RATES)) {
            llmobsi_tail_fill(policy, now_ns);
        }
        holds = (policies->asking >> i & 1u) != 0 ? (facts->matched >> i & 1u) != 0
                                                  : llmobsi_tail_holds(policy, matched, facts);
        matched |= holds ? 1u << i : 0u;
        thresholds[i] = llmobsi_tail_threshold(policy, matched, thresholds);
    }
    return matched;
}

/* Decides. A DROP wins over all, else the first of those that match. By which threshold a trace was
   kept tells the lowest of all that match: had chance been against the first, another would have
   kept it. `now_ns` counts from anywhere, and never goes back. */
llmobsi_fn void llmobsi_tail_judge(llmobsi_tail_policies* policies,
                                   const llmobsi_tail_facts* facts, uint64_t now_ns,
                                   llmobsi_tail_verdict* verdict)
{
    uint64_t thresholds[LLMOBS_TAIL_POLICIES_MOST];
    uint32_t matched = llmobsi_tail_match(policies, facts, now_ns, thresholds);
    uint32_t left = matched & policies->deciding;
    uint32_t first = LLMOBS_TAIL_POLICIES_MOST;
    verdict->threshold = UINT64_MAX;
    verdict->policy = LLMOBS_I_NAME_UNNAMED;
    verdict->kept = false;
    while (left != 0) {
        uint32_t i = (uint32_t)llmobsi_trailing_zeros32(left);
        left &= left - 1;
        if (policies->list[i].type == LLMOBS_TAIL_DROP) {
            verdict->policy = policies->list[i].name;
            verdict->kept = false;
            return;
        }
        first = i < first ? i : first;
        verdict->kept = true;
        verdict->threshold = thresholds[i] < verdict->threshold ? thresholds[i]
                                                                : verdict->threshold;
    }
    if (verdict->kept) {
        verdict->policy = policies->list[first].name;
        llmobsi_tail_spend(policies, first, matched, facts);
    }
}
