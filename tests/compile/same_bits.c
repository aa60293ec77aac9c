/* Says whether drift scores are bit for bit those of tests/golden, by each path that runs here, and
   what logarithms, exponentials and tails come to, as a number: it is the same however this is
   compiled. Built by tests/same_bits.t. */
#define LLMOBS_STATIC
#include "llmobs.h"

#include <stdio.h>

#include "drift_vectors.h"
#include "golden_row.h"

static uint32_t scores_wrong(const golden_score* golden, const llmobsi_score_path* path)
{
    llmobs_vectors sides[2];
    const llmobs_vectors* both[2];
    llmobsi_score_answer answer;
    size_t bytes;
    void* memory;
    uint32_t wrong;
    both[0] = &sides[0];
    both[1] = &sides[1];
    sides[0] = drift_vectors(golden, 0);
    sides[1] = drift_vectors(golden, 1);
    bytes = llmobs_drift_score_memory(both[0], both[1]);
    memory = malloc(bytes);
    (void)llmobsi_score_by(path, both, false, memory, bytes, &answer);
    wrong = llmobsi_double_bits(answer.score) != golden->bits[0];
    wrong += llmobsi_double_bits(answer.parts.centroid_distance) != golden->bits[1];
    wrong += llmobsi_double_bits(answer.parts.baseline_spread) != golden->bits[2];
    wrong += llmobsi_double_bits(answer.parts.current_spread) != golden->bits[3];
    wrong += llmobsi_double_bits(answer.parts.spread_change) != golden->bits[4];
    free(memory);
    drift_free(&sides[0]);
    drift_free(&sides[1]);
    return wrong;
}

static double value_of(const golden_row* row)
{
    const double* x = row->arguments;
    switch (row->name) {
    case OF_LOG:
        return llmobsi_log(x[0]);
    case OF_EXP:
        return llmobsi_exp(x[0]);
    case OF_LOG_GAMMA:
        return llmobsi_log_gamma_wide(llmobsi_wide_from(x[0])).high;
    case OF_GAMMA_Q:
        return llmobsi_gamma_q(x[0], x[1]);
    case OF_NORMAL_QUANTILE:
        return llmobsi_normal_quantile(x[0]);
    case OF_FISHER:
        return llmobsi_fisher_two_sided((uint64_t)x[0], (uint64_t)x[1], (uint64_t)x[2],
                                        (uint64_t)x[3]);
    default:
        return llmobsi_normal_upper(llmobsi_over(x[0], 1e3));
    }
}

static bool is_tiny(double value)
{
    uint64_t bits = llmobsi_double_bits(llmobsi_magnitude(value));
    return bits != 0 && bits < llmobsi_double_bits(1e-280);
}

int main(void)
{
    uint64_t all = 0;
    uint32_t wrong = 0;
    size_t i, path;
    for (path = 0; path < LLMOBS_I_SCORE_PATHS; path++) {
        for (i = 0; i < GOLDEN_SCORES && llmobsi_score_runs_here(path); i++) {
            wrong += scores_wrong(&golden_scores[i], &llmobsi_score_paths[path]);
        }
    }
    for (i = 0; i < GOLDEN_ROWS; i++) {
        /* Under -ffast-math there are no subnormal numbers; of what is this small the lower half
           is one. */
        bool is_small = is_tiny(golden_rows[i].arguments[0]) || is_tiny(golden_rows[i].value);
        if (!is_small) {
            all = drift_mix(all ^ llmobsi_double_bits(value_of(&golden_rows[i])), i);
        }
    }
    printf("%u scores differ; functions %016llx\n", wrong, (unsigned long long)all);
    return wrong != 0;
}
