/* The input is a judge's answer. Whatever it is: a score is from 0 to 1, what is unknown is NaN,
   what follows from scores follows from these; and scores written plainly read as the same. */
#include "llmobs_private.h"

#include <stdio.h>

#define CHECK(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static bool is_score(double score)
{
    return llmobsi_double_is_finite(score) && score >= 0 && score <= 1;
}

static void check_text(const char* text)
{
    CHECK(memchr(text, '\0', LLMOBS_JUDGE_REASON) != NULL);
    CHECK(llmobsi_utf8_is_valid(text, strlen(text)));
}

static void check_score(const llmobs_judge_score* score, llmobs_result result)
{
    double least = 2;
    uint32_t flagged = 0, i;
    CHECK(score->size == sizeof *score && (score->known & ~LLMOBS_JUDGE_ALL) == 0);
    CHECK((score->known & score->disputed) == 0);
    for (i = 0; i < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
        bool known = (score->known & LLMOBS_JUDGE_BIT(i)) != 0;
        CHECK(known == is_score(score->scores[i]));
        if (known && score->scores[i] < least) {
            least = score->scores[i];
        }
        flagged |= known && score->scores[i] < 0.5 ? LLMOBS_JUDGE_BIT(i) : 0;
        check_text(score->reasons[i]);
    }
    check_text(score->explanation);
    CHECK(score->flagged_by == flagged && score->flagged == (flagged != 0));
    CHECK((result == LLMOBS_OK) == (score->known != 0));
    CHECK(score->known != 0 ? llmobsi_double_bits(score->overall) == llmobsi_double_bits(least)
                            : !llmobsi_double_is_finite(score->overall));
    CHECK(score->partial == (score->known != 0 && score->known != LLMOBS_JUDGE_ALL));
}

/* As lines, and as an object. */
static void check_again(const llmobs_judge_score* score, const char* begin, const char* form,
                        const char* end)
{
    llmobs_judge_score again;
    char text[512];
    size_t used = (size_t)snprintf(text, sizeof text, "%s", begin);
    uint32_t i;
    for (i = 0; i < (uint32_t)LLMOBS_JUDGE_CATEGORY_COUNT; i++) {
        if ((score->known & LLMOBS_JUDGE_BIT(i)) != 0) {
            used += (size_t)snprintf(text + used, sizeof text - used, form,
                                     llmobs_judge_category_name((llmobs_judge_category)i),
                                     score->scores[i]);
        }
    }
    used += (size_t)snprintf(text + used, sizeof text - used, "%s", end);
    (void)llmobs_judge_parse(text, used, NULL, &again);
    CHECK(again.known == score->known);
    CHECK(memcmp(again.scores, score->scores, sizeof again.scores) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    llmobs_judge_score score;
    char* text = (char*)malloc(size); /* of its own size: what is read behind it is found */
    llmobs_result result;
    CHECK(text != NULL || size == 0);
    if (size > 0) {
        memcpy(text, data, size);
    }
    result = llmobs_judge_parse(text, size, NULL, &score);
    check_score(&score, result);
    check_again(&score, "", "%s: %.17g\n", "");
    check_again(&score, "{", "\"%s\": %.17g, ", "\"end\": null}");
    free(text);
    return 0;
}
