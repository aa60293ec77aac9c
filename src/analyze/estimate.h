/* ---- estimates from what was kept ---------------------------------------------------------- */

/* What is kept is not what came: whoever keeps one of twenty at random, and each one that a
   guardrail has blocked, finds too many that are bad among those kept. So each one that is kept
   has a weight, 1 / (the probability with which such a one is kept): 1 if it was kept for sure, 20
   if one of twenty is. Sums of weights are estimates for all that came (Horvitz and Thompson,
   1952). */
typedef struct llmobs_estimate { /* zeroed: nothing was added */
    uint64_t count;              /* that were added           */
    uint64_t positives;          /* those that are positive   */
    uint64_t refused;            /* weights that are none     */
    double positive_weight;      /* sums of weights, and of their squares */
    double positive_squares;
    double negative_weight;
    double negative_squares;
} llmobs_estimate;

/* How many of all are positive: a share, and between what it is with the confidence asked for. */
typedef struct llmobs_share {
    bool known;             /* false: nothing was judged; share 0, low 0, high 1 */
    bool partial;           /* of a part nothing was judged (strata only)        */
    double share;           /* 0 to 1, of what was judged a part of              */
    double low;             /* 0 to 1, of all                                    */
    double high;
    double total;           /* positive ones among all                           */
    double all;             /* how many came: estimated by weights, of strata exact */
    double unjudged;        /* 0 to 1: the part that is in no estimate (strata only) */
    double effective_count; /* as many from a plain random sample say as much    */
} llmobs_share;

/* A part of the traffic in which everything is kept with the same probability: all that is not kept
   for some cause is one, each cause is one more. Nothing may be in two. */
typedef struct llmobs_stratum {
    uint64_t seen;    /* all that came, kept or not      */
    uint64_t judged;  /* at random from those            */
    uint64_t flagged; /* the judged ones that are positive */
} llmobs_stratum;

/* [owner] Adds one that was kept, with its weight: 1 or more. What is less, or no number, is
   counted as refused. */
LLMOBS_API void llmobs_estimate_add(llmobs_estimate* estimate, double weight, bool is_positive);

/* [owner] Adds what another one has. */
LLMOBS_API void llmobs_estimate_merge(llmobs_estimate* estimate, const llmobs_estimate* other);

/* [owner] What follows for all that came. `share` is sum(w y) / sum(w) (Hajek, 1971), `total`
   sum(w y). The interval is Wilson's for `effective_count`: the less of sum(w)^2 / sum(w^2) (Kish)
   and of what share (1 - share) and the linearized variance sum(w (w - 1) (y - share)^2) / sum(w)^2
   stand for. Kish's alone is too large where it is the heavy ones that are positive. `confidence`
   is from 0.5 to 0.9999; 0: 0.95. ERROR_ARGUMENT: it is not, or NULL. About a microsecond. */
LLMOBS_API llmobs_result llmobs_estimate_read(const llmobs_estimate* estimate, double confidence,
                                              llmobs_share* share);

/* [any] The same from strata, of which it is known how many came: no sampling rate is needed, and a
   stratum that was judged whole adds no doubt. `share` is the mean of the strata's shares, weighted
   by `seen`; the interval joins the strata's Wilson intervals for finite populations (square and
   add: Zou and Donner, 2008). Where nothing of a stratum was judged, though something came, the
   estimate is `partial`: `share` and `total` are of the other strata, `unjudged` says how large a
   part it is, and [low, high] has room for all of it, or nothing, being positive.
   ERROR_ARGUMENT: NULL, no such confidence, more than 2^53 came, more were judged than came, or
   more flagged than judged. */
LLMOBS_API llmobs_result llmobs_estimate_strata(const llmobs_stratum* strata, size_t count,
                                                double confidence, llmobs_share* share);

/* [any] Wilson's interval (1927) for the share of successes, without a correction for continuity:
   it holds what it promises on average also where there are few, or none. `n` may be an effective
   one, not whole. n = 0: 0 and 1. ERROR_ARGUMENT: NULL, no numbers, below 0, more successes than n,
   or no such confidence (0.5 to 0.9999; 0: 0.95). */
LLMOBS_API llmobs_result llmobs_wilson(double successes, double n, double confidence, double* low,
                                       double* high);
