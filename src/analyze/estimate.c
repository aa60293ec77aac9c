/* Estimates for all traffic from the part that was kept, and was judged. */

#define LLMOBS_I_ESTIMATE_CONFIDENCE 0.95
#define LLMOBS_I_ESTIMATE_COUNT_MOST 9007199254740992.0 /* 2^53: counts are exact as doubles */
#define LLMOBS_I_ESTIMATE_WEIGHT_MOST 1e18              /* above 2^56, the least rate there is */

/* ---- Wilson -------------------------------------------------------------------------------- */

/* The standard normal's two-sided quantile; 0: no such confidence. */
llmobsi_fn double llmobsi_confidence_z(double confidence)
{
    if (!llmobsi_double_is_finite(confidence)) {
        return 0.0;
    }
    if (confidence == 0.0) {
        confidence = LLMOBS_I_ESTIMATE_CONFIDENCE;
    }
    if (confidence < 0.5 || confidence > 0.9999) {
        return 0.0;
    }
    return llmobsi_normal_quantile(0.5 + confidence / 2.0);
}

/* The interval for a share of n, n > 0. Its ends are roots of a quadratic; the one that is nearer
   to 0 (or 1) is had from the other, so that it is exactly 0 where nothing was seen. */
llmobsi_fn void llmobsi_wilson(double share, double n, double z, double* low, double* high)
{
    double square = z * z / n;
    double middle = share + square / 2.0;
    double half = llmobsi_sqrt(square * (share * (1.0 - share) + square / 4.0));
    *low = share > 0.0 ? share * share / (middle + half) : 0.0;
    *high = share < 1.0 ? (middle + half) / (1.0 + square) : 1.0;
}

LLMOBS_API llmobs_result llmobs_wilson(double successes, double n, double confidence, double* low,
                                       double* high)
{
    double z = llmobsi_confidence_z(confidence);
    if (low == NULL || high == NULL || z <= 0.0 || !llmobsi_double_is_finite(successes) ||
        !llmobsi_double_is_finite(n) || successes < 0.0 || successes > n) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    *low = 0.0;
    *high = 1.0;
    if (n > 0.0) {
        llmobsi_wilson(successes / n, n, z, low, high);
    }
    return LLMOBS_OK;
}

/* ---- by weights ---------------------------------------------------------------------------- */

LLMOBS_API void llmobs_estimate_add(llmobs_estimate* estimate, double weight, bool is_positive)
{
    if (estimate == NULL) {
        return;
    }
    if (!llmobsi_double_is_finite(weight) || weight < 1.0 ||
        weight > LLMOBS_I_ESTIMATE_WEIGHT_MOST) {
        estimate->refused++;
        return;
    }
    estimate->count++;
    if (is_positive) {
        estimate->positives++;
        estimate->positive_weight += weight;
        estimate->positive_squares += weight * weight;
    } else {
        estimate->negative_weight += weight;
        estimate->negative_squares += weight * weight;
    }
}

LLMOBS_API void llmobs_estimate_merge(llmobs_estimate* estimate, const llmobs_estimate* other)
{
    if (estimate == NULL || other == NULL) {
        return;
    }
    estimate->count += other->count;
    estimate->positives += other->positives;
    estimate->refused += other->refused;
    estimate->positive_weight += other->positive_weight;
    estimate->positive_squares += other->positive_squares;
    estimate->negative_weight += other->negative_weight;
    estimate->negative_squares += other->negative_squares;
}

/* As many from a plain random sample as have a variance as large. The linearized one is 0 where all
   weights are 1, or where none, or all, are positive: then it says nothing. */
llmobsi_fn double llmobsi_estimate_effective(const llmobs_estimate* estimate, double share)
{
    double all = estimate->positive_weight + estimate->negative_weight;
    double kish = all * all / (estimate->positive_squares + estimate->negative_squares);
    double off = 1.0 - share;
    double spread =
        (estimate->positive_squares - estimate->positive_weight) * off * off +
        (estimate->negative_squares - estimate->negative_weight) * share * share;
    double design = all * all * share * off; /* / spread */
    return spread > 0.0 && design > 0.0 && design < kish * spread ? design / spread : kish;
}

llmobsi_fn void llmobsi_share_unknown(llmobs_share* share)
{
    memset(share, 0, sizeof *share);
    share->high = 1.0;
}

LLMOBS_API llmobs_result llmobs_estimate_read(const llmobs_estimate* estimate, double confidence,
                                              llmobs_share* share)
{
    double z = llmobsi_confidence_z(confidence);
    if (estimate == NULL || share == NULL || z <= 0.0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    llmobsi_share_unknown(share);
    if (estimate->count == 0) {
        return LLMOBS_OK;
    }
    share->known = true;
    share->all = estimate->positive_weight + estimate->negative_weight;
    share->total = estimate->positive_weight;
    share->share = share->total / share->all;
    share->effective_count = llmobsi_estimate_effective(estimate, share->share);
    llmobsi_wilson(share->share, share->effective_count, z, &share->low, &share->high);
    return LLMOBS_OK;
}

/* ---- by strata ----------------------------------------------------------------------------- */

/* What is summed over strata. */
typedef struct llmobsi_strata {
    double seen;
    double judged_of; /* seen where something was judged */
    double positive;  /* estimated in those              */
    double variance;  /* of that                         */
    double below;     /* squares of what the strata's intervals reach below and above theirs */
    double above;
} llmobsi_strata;

llmobsi_fn bool llmobsi_stratum_is_sound(const llmobs_stratum* stratum)
{
    return stratum->flagged <= stratum->judged && stratum->judged <= stratum->seen &&
           (double)stratum->seen <= LLMOBS_I_ESTIMATE_COUNT_MOST;
}

/* Adds a stratum of which something was judged. Of a finite population that was judged to a part f
   the variance is 1 - f of an endless one's, about; of one judged whole, nothing. */
llmobsi_fn void llmobsi_strata_add(llmobsi_strata* sums, const llmobs_stratum* stratum, double z)
{
    double seen = (double)stratum->seen;
    double judged = (double)stratum->judged;
    double share = (double)stratum->flagged / judged;
    double low, high, n;
    sums->judged_of += seen;
    sums->positive += seen * share;
    if (stratum->judged == stratum->seen) {
        return;
    }
    n = judged * (seen - 1.0) / (seen - judged);
    llmobsi_wilson(share, n, z, &low, &high);
    sums->variance += seen * seen * share * (1.0 - share) / n;
    sums->below += seen * seen * (share - low) * (share - low);
    sums->above += seen * seen * (high - share) * (high - share);
}

/* Square and add: what the parts reach below their shares adds up to less than p, above them to
   less than 1 - p, so the ends are within 0 and 1. */
llmobsi_fn void llmobsi_strata_read(const llmobsi_strata* sums, double judged, llmobs_share* share)
{
    double part = sums->judged_of / sums->seen;
    double p = sums->positive / sums->judged_of;
    share->known = true;
    share->share = p;
    share->total = sums->positive;
    share->unjudged = 1.0 - part;
    share->low = part * (p - llmobsi_sqrt(sums->below) / sums->judged_of);
    share->high = part * (p + llmobsi_sqrt(sums->above) / sums->judged_of) + share->unjudged;
    share->effective_count =
        sums->variance > 0.0 ? p * (1.0 - p) * sums->judged_of * sums->judged_of / sums->variance
                             : judged;
}

LLMOBS_API llmobs_result llmobs_estimate_strata(const llmobs_stratum* strata, size_t count,
                                                double confidence, llmobs_share* share)
{
    double z = llmobsi_confidence_z(confidence);
    llmobsi_strata sums;
    double judged = 0.0;
    size_t i;
    if (share == NULL || (strata == NULL && count > 0) || z <= 0.0) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    memset(&sums, 0, sizeof sums);
    for (i = 0; i < count; i++) {
        if (!llmobsi_stratum_is_sound(&strata[i])) {
            return LLMOBS_ERROR_ARGUMENT;
        }
        sums.seen += (double)strata[i].seen;
        judged += (double)strata[i].judged;
        if (strata[i].judged > 0) {
            llmobsi_strata_add(&sums, &strata[i], z);
        }
    }
    llmobsi_share_unknown(share);
    share->all = sums.seen;
    share->partial = sums.judged_of < sums.seen;
    if (sums.judged_of > 0.0) {
        llmobsi_strata_read(&sums, judged, share);
    } else if (sums.seen > 0.0) {
        share->unjudged = 1.0;
    }
    return LLMOBS_OK;
}
