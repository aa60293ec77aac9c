/* Which requests are judged. Forced causes come first, each with a bucket of tokens; what none of
   them keeps, chance does or does not: a request's 56 random bits against a threshold. So services
   that never talk to each other agree, what is kept at 5 % is kept at 20 %, too, and everything
   that is kept has a weight by which it stands for the rest.

   The threshold is that of llmobs_config.judge_ratio or, where a feature and model have so few
   requests that hardly any would be judged, a lower one that the tick works out of their rate. */

#define LLMOBS_I_STRATA 256u
#define LLMOBS_I_VERSIONS 1024u
#define LLMOBS_I_WAYS 16u /* places where a key may stand: two cache lines */
#define LLMOBS_I_NO_STRATUM UINT32_MAX
#define LLMOBS_I_STRATA_INTERVAL_NS UINT64_C(15000000000)
#define LLMOBS_I_RATE_MEMORY_S 900.0 /* a rate forgets in this time: a few floors' worth */
#define LLMOBS_I_RATE_SILENT 0.01    /* requests an hour: the stratum's place goes to another */
#define LLMOBS_I_BUCKET_NS UINT64_C(60000000000)

/* A feature and a model. Its key stands apart; without one, it is as if it were new. */
typedef struct llmobsi_stratum {
    llmobsi_atomic64 count;     /* requests since the tick's last look: any thread adds     */
    llmobsi_atomic64 limit;     /* from so many on the rate is not what was thought: no floor.
                                   The tick writes this and the next, any thread reads        */
    llmobsi_atomic64 threshold;
    double rate; /* requests an hour, a moving average; the tick */
} llmobsi_stratum;

typedef struct llmobsi_keep_counts {
    llmobsi_atomic64 seen; /* any thread, as the next three */
    llmobsi_atomic64 kept;
    llmobsi_atomic64 refused;
    llmobsi_atomic64 lost;
} llmobsi_keep_counts;

typedef struct llmobsi_sampler {
    uint64_t seed; /* of the keys, random. This and what stands up to `buckets`: open writes */
    uint64_t threshold;
    uint64_t slow_ns;   /* UINT64_MAX: never */
    int64_t cost_nano;  /* INT64_MAX: never  */
    uint64_t token_ns;  /* a token comes in this time; 0: none does */
    uint64_t bucket_ns; /* in this time a bucket fills              */
    uint32_t versions_new; /* so many of each */
    uint32_t floor; /* an hour; 0: none */
    llmobsi_atomic64 buckets[LLMOBS_KEEP_COUNT]; /* when each will be full, in ns; any thread */
    llmobsi_atomic64 requests; /* any thread, as all counters */
    llmobsi_keep_counts of[LLMOBS_KEEP_COUNT];
    llmobsi_atomic64 floored;
    llmobsi_atomic64 strata_missed;
    llmobsi_atomic64 versions_missed;
    uint64_t looked; /* when the tick last looked at the strata, in ns; 0: never */
    llmobsi_atomic64 stratum_keys[LLMOBS_I_STRATA]; /* 0: free. Any thread, from there to a key; the
                                                       tick back */
    llmobsi_stratum strata[LLMOBS_I_STRATA];
    llmobsi_atomic64 version_keys[LLMOBS_I_VERSIONS];   /* any thread; never free again */
    llmobsi_atomic32 version_counts[LLMOBS_I_VERSIONS]; /* kept for being new; any thread */
} llmobsi_sampler;

/* What is known of a request when it is decided on. */
typedef struct llmobsi_candidate {
    uint32_t causes; /* 1 << LLMOBS_KEEP_* of each that holds; new versions are found out here */
    uint64_t randomness;
    llmobs_string feature;
    llmobs_string model;
    llmobs_string answered; /* by this model, as far as it said so */
    llmobs_string prompt_name;
    llmobs_string prompt_version;
} llmobsi_candidate;

typedef struct llmobsi_verdict {
    llmobs_keep reason;
    uint32_t refused;   /* 1 << LLMOBS_KEEP_* of those whose bucket was empty */
    uint64_t threshold; /* that its randomness was held against; 0: kept whatever it was */
    bool by_chance;     /* the ratio of all alone would have kept it */
} llmobsi_verdict;

/* That of an instance; NULL: it has none. */
llmobsi_inline llmobsi_sampler* llmobsi_sampler_of(const llmobsi_recorder* recorder)
{
    return LLMOBS_I_JUDGE ? (llmobsi_sampler*)recorder->sampler : NULL;
}

LLMOBS_API const char* llmobs_keep_name(llmobs_keep reason)
{
    static const char* const names[LLMOBS_KEEP_COUNT] = {
#define LLMOBS_I_KEEP(id, name) name,
        LLMOBS_KEEPS(LLMOBS_I_KEEP)
#undef LLMOBS_I_KEEP
    };
    return (unsigned)reason < (unsigned)LLMOBS_KEEP_COUNT ? names[reason] : "unknown";
}

/* ---- by an id ------------------------------------------------------------------------------ */

/* The first eight bytes of the hash, most significant first, are the hash itself: of those the last
   56 bits, as of a trace id. It is our own hash even where LLMOBS_USE_XXHASH has another. */
llmobsi_inline uint64_t llmobsi_sample_bits(const char* id, size_t size, uint64_t seed)
{
    return llmobsi_hash64_own(id, size, seed) & (LLMOBS_I_SAMPLE_NEVER - 1);
}

LLMOBS_API uint64_t llmobs_sample_randomness(const char* id, size_t size, uint64_t seed)
{
    llmobs_string text = llmobs_text(id, size);
    return llmobsi_sample_bits(text.data, text.size, seed);
}

LLMOBS_API uint64_t llmobs_sample_threshold(double ratio)
{
    return llmobsi_sampling_threshold(ratio);
}

LLMOBS_API bool llmobs_sample_keeps(uint64_t threshold, uint64_t randomness)
{
    return llmobsi_sampling_keeps(threshold, randomness);
}

LLMOBS_API double llmobs_sample_weight(uint64_t threshold)
{
    if (threshold >= LLMOBS_I_SAMPLE_NEVER) {
        return 0.0;
    }
    return (double)LLMOBS_I_SAMPLE_NEVER / (double)(LLMOBS_I_SAMPLE_NEVER - threshold);
}

/* What llmobs_should_sample needs: the masks of the seed, and the threshold. In static memory: no
   thread attaches for that. */
llmobsi_fn void llmobsi_sampler_publish(llmobsi_place* place, const llmobs_config* config)
{
    llmobsi_hash_masks masks = llmobsi_hash_masks_of(config->sample_seed);
    llmobsi_store_relaxed(&place->sample_by_id[0], masks.a);
    llmobsi_store_relaxed(&place->sample_by_id[1], masks.b);
    llmobsi_store_relaxed(&place->sample_by_id[2], masks.lane_a);
    llmobsi_store_relaxed(&place->sample_by_id[3], masks.lane_b);
    llmobsi_store_relaxed(&place->sample_by_id[4],
                          llmobsi_sampling_threshold(config->judge_ratio));
}

/* Where the instance is closed at this moment, the answer may be the next one's: no harm. */
LLMOBS_API bool llmobs_should_sample_n(llmobs* obs, const char* request_id, size_t size,
                                       bool triggered)
{
    uint32_t ticket = llmobsi_ticket(obs);
    const llmobsi_place* place = &llmobsi_places[LLMOBS_I_PLACE(ticket)];
    llmobsi_hash_masks masks;
    uint64_t hash;
    if (triggered || ticket == 0 || request_id == NULL ||
        llmobsi_load_acquire(&place->ticket) != ticket) {
        return triggered;
    }
    if (size == LLMOBS_NUL_TERMINATED) {
        size = strlen(request_id);
    }
    masks.a = llmobsi_load_relaxed(&place->sample_by_id[0]);
    masks.b = llmobsi_load_relaxed(&place->sample_by_id[1]);
    masks.lane_a = llmobsi_load_relaxed(&place->sample_by_id[2]);
    masks.lane_b = llmobsi_load_relaxed(&place->sample_by_id[3]);
    hash = llmobsi_hash64_masked(request_id, size, masks);
    return llmobsi_sampling_keeps(llmobsi_load_relaxed(&place->sample_by_id[4]),
                                  hash & (LLMOBS_I_SAMPLE_NEVER - 1));
}

LLMOBS_API bool llmobs_should_sample(llmobs* obs, const char* request_id, bool triggered)
{
    size_t size = request_id != NULL && !triggered ? strlen(request_id) : 0;
    return llmobs_should_sample_n(obs, request_id, size, triggered);
}

/* ---- buckets ------------------------------------------------------------------------------- */

/* Takes a token. The bucket is one word, the time at which it will be full again: a token moves it
   on by the time in which one comes. Full since long, it is full now. Threads read the clock before
   they come here, so that a time may be a little behind the bucket's; if it is far behind, by more
   than an empty bucket takes to fill, the clock was set back, and the bucket counts as full. */
llmobsi_fn bool llmobsi_bucket_take(llmobsi_atomic64* bucket, uint64_t token_ns, uint64_t bucket_ns,
                                    uint64_t now_ns)
{
    uint64_t full = llmobsi_load_relaxed(bucket);
    uint64_t next;
    do {
        next = full < now_ns || full - now_ns > 2 * bucket_ns ? now_ns : full;
        next += token_ns;
        if (token_ns == 0 || next - now_ns > bucket_ns) {
            return false;
        }
    } while (!llmobsi_cas_acquire_release(bucket, &full, next));
    return true;
}

/* The instance's time, by the host's clock where there is one. */
llmobsi_fn uint64_t llmobsi_sampler_now(const llmobsi_timeline* timeline)
{
    return timeline->source == LLMOBS_I_TIME_INJECTED
               ? llmobsi_host_time(&timeline->injected)
               : llmobsi_monotonic_ns();
}

/* ---- keys: features and models, versions --------------------------------------------------- */

/* A key of two texts. They may be strangers': the seed is secret. */
llmobsi_fn uint64_t llmobsi_sampler_key(uint64_t seed, llmobs_string first, llmobs_string second)
{
    uint64_t key = llmobsi_hash64(second.data, second.size,
                                  llmobsi_hash64(first.data, first.size, seed));
    return key != 0 ? key : 1;
}

/* Where a key stands, from now on if it is new; LLMOBS_I_NO_STRATUM: all its places are others'.
   Any thread. Of two that bring the same key at once, one puts it there, and the other finds it.
   (If the tick frees a place meanwhile, it may stand twice: then the one behind falls silent.) */
llmobsi_fn uint32_t llmobsi_sampler_find(llmobsi_atomic64* keys, uint32_t count, uint64_t key)
{
    uint32_t first = (uint32_t)(key >> 32) % (count / LLMOBS_I_WAYS) * LLMOBS_I_WAYS;
    uint32_t i;
    for (i = first; i < first + LLMOBS_I_WAYS; i++) {
        if (llmobsi_load_acquire(&keys[i]) == key) {
            return i;
        }
    }
    for (i = first; i < first + LLMOBS_I_WAYS; i++) {
        uint64_t there = llmobsi_load_relaxed(&keys[i]);
        if ((there == 0 && llmobsi_cas_acquire_release(&keys[i], &there, key)) || there == key) {
            return i;
        }
    }
    return LLMOBS_I_NO_STRATUM;
}

/* ---- versions: the first of each ----------------------------------------------------------- */

/* Takes one of the first of a version. Where it is among them; LLMOBS_I_NO_STRATUM: it is not. */
llmobsi_fn uint32_t llmobsi_version_claim(llmobsi_sampler* sampler, uint64_t key)
{
    uint32_t place = llmobsi_sampler_find(sampler->version_keys, LLMOBS_I_VERSIONS, key);
    llmobsi_atomic32* count;
    if (place == LLMOBS_I_NO_STRATUM) {
        (void)llmobsi_add_relaxed(&sampler->versions_missed, 1);
        return place;
    }
    count = &sampler->version_counts[place];
    if (llmobsi_load_relaxed(count) < sampler->versions_new) {
        if (llmobsi_add_relaxed(count, 1) < sampler->versions_new) {
            return place;
        }
        (void)llmobsi_add_relaxed(count, UINT32_MAX); /* others were quicker */
    }
    return LLMOBS_I_NO_STRATUM;
}

/* Versions that a request is among the first of: its model's, its prompt's. */
typedef struct llmobsi_claims {
    uint32_t place[2];
    uint32_t count;
} llmobsi_claims;

llmobsi_fn void llmobsi_claims_make(llmobsi_sampler* sampler, const llmobsi_candidate* candidate,
                                    llmobsi_claims* claims)
{
    llmobs_string model = candidate->answered.size > 0 ? candidate->answered : candidate->model;
    uint64_t keys[2];
    uint32_t used = 0;
    uint32_t i;
    claims->count = 0;
    if (sampler->versions_new == 0) {
        return;
    }
    if (model.size > 0) {
        keys[used++] = llmobsi_sampler_key(sampler->seed, model, llmobs_str(""));
    }
    if (candidate->prompt_name.size > 0 || candidate->prompt_version.size > 0) {
        keys[used++] = llmobsi_sampler_key(~sampler->seed, candidate->prompt_name,
                                           candidate->prompt_version);
    }
    for (i = 0; i < used; i++) {
        uint32_t place = llmobsi_version_claim(sampler, keys[i]);
        if (place != LLMOBS_I_NO_STRATUM) {
            claims->place[claims->count++] = place;
        }
    }
}

/* It is not kept for that: others may be the first. */
llmobsi_fn void llmobsi_claims_return(llmobsi_sampler* sampler, const llmobsi_claims* claims)
{
    uint32_t i;
    for (i = 0; i < claims->count; i++) {
        (void)llmobsi_add_relaxed(&sampler->version_counts[claims->place[i]], UINT32_MAX);
    }
}

/* ---- chance -------------------------------------------------------------------------------- */

/* The threshold of a request's feature and model. */
llmobsi_fn uint64_t llmobsi_sampler_threshold(llmobsi_sampler* sampler,
                                              const llmobsi_candidate* candidate)
{
    uint32_t place;
    llmobsi_stratum* stratum;
    uint64_t before;
    if (sampler->floor == 0) {
        return sampler->threshold;
    }
    place = llmobsi_sampler_find(
        sampler->stratum_keys, LLMOBS_I_STRATA,
        llmobsi_sampler_key(sampler->seed, candidate->feature, candidate->model));
    if (place == LLMOBS_I_NO_STRATUM) {
        (void)llmobsi_add_relaxed(&sampler->strata_missed, 1);
        return sampler->threshold;
    }
    stratum = &sampler->strata[place];
    before = llmobsi_add_relaxed(&stratum->count, 1);
    return before < llmobsi_load_relaxed(&stratum->limit)
               ? llmobsi_load_relaxed(&stratum->threshold)
               : sampler->threshold;
}

llmobsi_fn void llmobsi_sampler_draw(llmobsi_sampler* sampler, const llmobsi_candidate* candidate,
                                     llmobsi_verdict* verdict)
{
    llmobsi_keep_counts* counts = &sampler->of[LLMOBS_KEEP_RANDOM];
    verdict->threshold = llmobsi_sampler_threshold(sampler, candidate);
    (void)llmobsi_add_relaxed(&counts->seen, 1);
    if (!llmobsi_sampling_keeps(verdict->threshold, candidate->randomness)) {
        verdict->reason = LLMOBS_KEEP_NONE;
        (void)llmobsi_add_relaxed(&counts->refused, 1);
        return;
    }
    verdict->reason = LLMOBS_KEEP_RANDOM;
    (void)llmobsi_add_relaxed(&counts->kept, 1);
    if (!verdict->by_chance) {
        (void)llmobsi_add_relaxed(&sampler->floored, 1);
    }
}

/* ---- the verdict --------------------------------------------------------------------------- */

/* Whether a cause that holds keeps the request; where its bucket is empty it does not. What the
   host's guardrails found, and what it asks for, needs no token. */
llmobsi_fn bool llmobsi_sampler_force(llmobsi_sampler* sampler, const llmobsi_timeline* timeline,
                                      int cause, llmobsi_verdict* verdict)
{
    llmobsi_keep_counts* counts = &sampler->of[cause];
    bool kept = cause == (int)LLMOBS_KEEP_GUARDRAIL || cause == (int)LLMOBS_KEEP_REQUESTED ||
                llmobsi_bucket_take(&sampler->buckets[cause], sampler->token_ns,
                                    sampler->bucket_ns, llmobsi_sampler_now(timeline));
    (void)llmobsi_add_relaxed(&counts->seen, 1);
    (void)llmobsi_add_relaxed(kept ? &counts->kept : &counts->refused, 1);
    if (kept) {
        verdict->reason = (llmobs_keep)cause;
    } else {
        verdict->refused |= 1u << cause;
    }
    return kept;
}

/* Whether it is kept for a version that is new. */
llmobsi_fn bool llmobsi_sampler_force_new(llmobsi_sampler* sampler,
                                          const llmobsi_timeline* timeline,
                                          const llmobsi_candidate* candidate,
                                          llmobsi_verdict* verdict)
{
    llmobsi_claims claims;
    bool kept;
    if ((candidate->causes & 1u << LLMOBS_KEEP_NEW_VERSION) != 0) {
        return llmobsi_sampler_force(sampler, timeline, LLMOBS_KEEP_NEW_VERSION, verdict);
    }
    llmobsi_claims_make(sampler, candidate, &claims);
    kept = claims.count > 0 &&
           llmobsi_sampler_force(sampler, timeline, LLMOBS_KEEP_NEW_VERSION, verdict);
    if (!kept) {
        llmobsi_claims_return(sampler, &claims);
    }
    return kept;
}

/* Decides. Any thread, inside. What a bucket refuses comes to chance as if there were no such
   cause: a bucket does not know of random bits, so weights stay right. */
llmobsi_fn void llmobsi_sampler_decide(llmobsi_sampler* sampler, const llmobsi_timeline* timeline,
                                       const llmobsi_candidate* candidate,
                                       llmobsi_verdict* verdict)
{
    int cause;
    verdict->refused = 0;
    verdict->threshold = 0;
    verdict->by_chance = llmobsi_sampling_keeps(sampler->threshold, candidate->randomness);
    (void)llmobsi_add_relaxed(&sampler->requests, 1);
    for (cause = LLMOBS_KEEP_GUARDRAIL; cause < (int)LLMOBS_KEEP_RANDOM; cause++) {
        bool kept = false;
        if (cause == (int)LLMOBS_KEEP_NEW_VERSION) {
            kept = llmobsi_sampler_force_new(sampler, timeline, candidate, verdict);
        } else if ((candidate->causes >> cause & 1u) != 0) {
            kept = llmobsi_sampler_force(sampler, timeline, cause, verdict);
        }
        if (kept) {
            return;
        }
    }
    llmobsi_sampler_draw(sampler, candidate, verdict);
}

/* ---- the tick's side: floors --------------------------------------------------------------- */

/* As it is before its first request: all are kept, as many as an hour is to have. */
llmobsi_fn void llmobsi_stratum_reset(const llmobsi_sampler* sampler, llmobsi_stratum* stratum)
{
    llmobsi_store_relaxed(&stratum->count, 0);
    llmobsi_store_relaxed(&stratum->limit, sampler->floor);
    llmobsi_store_relaxed(&stratum->threshold, 0);
    stratum->rate = 0.0;
}

/* How much of a rate is remembered after so long: e^(-t / memory), as (1 + t / 64 memory)^-64, so
   that steps may have any length. */
llmobsi_fn double llmobsi_rate_remembered(double elapsed_s)
{
    double factor = 1.0 / (1.0 + elapsed_s / (64.0 * LLMOBS_I_RATE_MEMORY_S));
    int doubling;
    for (doubling = 0; doubling < 6; doubling++) {
        factor *= factor;
    }
    return factor;
}

/* Works out what keeps as many as the floor wants of so many requests, for those to come. Twice as
   many as are expected may go by it, and an hour's floor: after that the rate is known to be
   higher. */
llmobsi_fn void llmobsi_stratum_update(const llmobsi_sampler* sampler, llmobsi_stratum* stratum,
                                       double elapsed_s, double remembered)
{
    uint64_t count = llmobsi_exchange_ordered(&stratum->count, 0);
    double now = (double)count * 3600.0 / elapsed_s;
    uint64_t threshold;
    double expected;
    stratum->rate = now + (stratum->rate - now) * remembered;
    expected = 2.0 * stratum->rate * (double)LLMOBS_I_STRATA_INTERVAL_NS / 3600e9;
    threshold = stratum->rate > (double)sampler->floor
                    ? llmobsi_sampling_threshold((double)sampler->floor / stratum->rate)
                    : 0;
    llmobsi_store_relaxed(&stratum->threshold,
                          threshold < sampler->threshold ? threshold : sampler->threshold);
    llmobsi_store_relaxed(&stratum->limit, (uint64_t)expected + sampler->floor);
}

/* Looks at all of them every 15 seconds. One that has been silent gives its place back; a request
   that is counted there at this moment counts for the next. */
llmobsi_fn void llmobsi_sampler_tick(llmobsi_recorder* recorder)
{
    llmobsi_sampler* sampler = llmobsi_sampler_of(recorder);
    uint64_t now_ns = llmobsi_sampler_now(&recorder->timeline);
    double elapsed_s;
    double remembered;
    uint32_t i;
    if (sampler->looked == 0 || now_ns < sampler->looked) {
        sampler->looked = now_ns; /* the first time, or the host's clock went back */
    }
    if (sampler->floor == 0 || now_ns - sampler->looked < LLMOBS_I_STRATA_INTERVAL_NS) {
        return;
    }
    elapsed_s = (double)(now_ns - sampler->looked) / 1e9;
    remembered = llmobsi_rate_remembered(elapsed_s);
    sampler->looked = now_ns;
    for (i = 0; i < LLMOBS_I_STRATA; i++) {
        llmobsi_stratum* stratum = &sampler->strata[i];
        if (llmobsi_load_acquire(&sampler->stratum_keys[i]) == 0) {
            continue;
        }
        llmobsi_stratum_update(sampler, stratum, elapsed_s, remembered);
        if (stratum->rate < LLMOBS_I_RATE_SILENT) {
            llmobsi_stratum_reset(sampler, stratum);
            llmobsi_store_release(&sampler->stratum_keys[i], 0);
        }
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

llmobsi_fn void llmobsi_sampler_show(const llmobsi_sampler* sampler, llmobs_sampler_stats* stats)
{
    uint32_t i;
    for (i = 0; i < (uint32_t)LLMOBS_KEEP_COUNT; i++) {
        const llmobsi_keep_counts* counts = &sampler->of[i];
        stats->of[i].kept = llmobsi_load_relaxed(&counts->kept);
        stats->of[i].refused = llmobsi_load_relaxed(&counts->refused);
        stats->of[i].lost = llmobsi_load_relaxed(&counts->lost);
        stats->of[i].seen = llmobsi_load_relaxed(&counts->seen);
    }
    stats->requests = llmobsi_load_relaxed(&sampler->requests);
    stats->floored = llmobsi_load_relaxed(&sampler->floored);
    stats->strata_missed = llmobsi_load_relaxed(&sampler->strata_missed);
    stats->versions_missed = llmobsi_load_relaxed(&sampler->versions_missed);
    for (i = 0; i < LLMOBS_I_STRATA; i++) {
        stats->strata += llmobsi_load_relaxed(&sampler->stratum_keys[i]) != 0;
    }
}

LLMOBS_API llmobs_result llmobs_sampler_read(llmobs* obs, llmobs_sampler_stats* stats)
{
    llmobs_result result = LLMOBS_ERROR_CLOSED;
    llmobs_sampler_stats full;
    llmobsi_thread* thread;
    size_t size;
    if (stats == NULL) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&full, 0, sizeof full);
    thread = llmobsi_enter(llmobsi_ticket(obs));
    if (thread != NULL) {
        result = LLMOBS_ERROR_ARGUMENT;
        if (llmobsi_sampler_of(thread->recorder) != NULL) {
            llmobsi_sampler_show(llmobsi_sampler_of(thread->recorder), &full);
            result = LLMOBS_OK;
        }
        llmobsi_leave();
    }
    size = llmobsi_known_size(stats->size, sizeof full);
    full.size = size;
    memcpy(stats, &full, size);
    return result;
}

/* ---- layout, open, fork -------------------------------------------------------------------- */

/* `recorder` is NULL while measuring. Without captures it takes nothing. */
llmobsi_fn void llmobsi_sampler_layout(llmobsi_arena* arena, const llmobs_config* config,
                                       llmobsi_recorder* recorder)
{
    llmobsi_sampler* sampler;
    if (config->captures == 0) {
        return;
    }
    sampler = (llmobsi_sampler*)llmobsi_arena_take(arena, 1, sizeof *sampler);
    if (recorder != NULL && sampler != NULL) {
        memset(sampler, 0, sizeof *sampler);
        recorder->sampler = sampler;
    }
}

/* A number of the config that can be switched off. */
llmobsi_inline uint32_t llmobsi_sampler_number(uint32_t field)
{
    return field != LLMOBS_OFF ? field : 0;
}

/* Before anybody else is there. */
llmobsi_fn void llmobsi_sampler_start(llmobsi_sampler* sampler, const llmobs_config* config)
{
    uint32_t forced = llmobsi_sampler_number(config->judge_forced_per_minute);
    uint32_t i;
    sampler->seed = llmobsi_random_seed();
    sampler->threshold = llmobsi_sampling_threshold(config->judge_ratio);
    sampler->slow_ns = config->judge_slow_ms != LLMOBS_OFF
                           ? (uint64_t)config->judge_slow_ms * UINT64_C(1000000)
                           : UINT64_MAX;
    sampler->cost_nano = config->judge_cost_nano >= 0 ? config->judge_cost_nano : INT64_MAX;
    sampler->token_ns = forced != 0 ? LLMOBS_I_BUCKET_NS / forced : 0;
    sampler->bucket_ns = sampler->token_ns * forced;
    sampler->versions_new = llmobsi_sampler_number(config->judge_new_version);
    /* Where chance keeps none, it keeps none of the rare ones either. */
    sampler->floor = sampler->threshold < LLMOBS_I_SAMPLE_NEVER
                         ? llmobsi_sampler_number(config->judge_floor_per_hour)
                         : 0;
    for (i = 0; i < LLMOBS_I_STRATA; i++) {
        llmobsi_stratum_reset(sampler, &sampler->strata[i]);
    }
}

/* In the child of a fork: what was seen is the parent's. */
llmobsi_fn void llmobsi_sampler_forked(llmobsi_sampler* sampler)
{
    uint32_t i;
    memset(sampler->buckets, 0, sizeof *sampler - offsetof(llmobsi_sampler, buckets));
    for (i = 0; i < LLMOBS_I_STRATA; i++) {
        llmobsi_stratum_reset(sampler, &sampler->strata[i]);
    }
}
