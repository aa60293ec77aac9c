/* Check digits and number plans: known numbers, and how many of 200,000 random strings pass. */
#include "llmobs_private.h"
#include "tap.h"

#define RANDOM_SEED 3
#include "random.h"

#include <math.h>

enum { TRIES = 200000 };

static void random_digits(uint8_t* digits, size_t count)
{
    while (count-- > 0) {
        digits[count] = (uint8_t)(next_random() % 10);
    }
}

static void digits_of(uint8_t* digits, const char* text)
{
    for (; *text != '\0'; text++) {
        *digits++ = (uint8_t)(*text - '0');
    }
}

/* ---- how many pass ------------------------------------------------------------------------- */

typedef bool (*check_fn)(const uint8_t* digits);

static bool luhn_16(const uint8_t* digits) { return llmobsi_luhn_is_valid(digits, 16); }
static bool card_16(const uint8_t* digits) { return llmobsi_card_is_valid(digits, 16); }
static bool verhoeff_12(const uint8_t* digits) { return llmobsi_verhoeff_is_valid(digits, 12); }

static void check_rate(const char* what, check_fn check, size_t count, double percent)
{
    uint8_t digits[20];
    char line[120];
    size_t i, passed = 0;
    double got;
    for (i = 0; i < TRIES; i++) {
        random_digits(digits, count);
        passed += check(digits);
    }
    got = 100.0 * (double)passed / TRIES;
    snprintf(line, sizeof line, "%s: of random digits pass about %.2f %%", what, percent);
    printf("# %.3f %%\n", got);
    ok(fabs(got - percent) < 0.15 + percent * 0.02, line);
}

static bool timestamp_is_card(void)
{
    uint8_t digits[13];
    char text[14];
    size_t i;
    for (i = 0; i < TRIES; i++) {
        snprintf(text, sizeof text, "17%011u", (unsigned)(next_random() % 4000000000u));
        digits_of(digits, text);
        if (llmobsi_card_is_valid(digits, 13)) {
            return true;
        }
    }
    return false;
}

static void test_rates(void)
{
    uint8_t text[22];
    size_t i, k, passed = 0;
    check_rate("Luhn, 16", luhn_16, 16, 10.0);
    check_rate("a card of 16", card_16, 16, 2.66); /* 2.36 without the 16 digits of Diners */
    ok(!timestamp_is_card(), "no time in milliseconds is a card");
    check_rate("SSN", llmobsi_ssn_is_valid, 9, 88.8);
    check_rate("ITIN", llmobsi_itin_is_valid, 9, 4.4);
    check_rate("ABA", llmobsi_aba_is_valid, 9, 3.8);
    check_rate("NPI", llmobsi_npi_is_valid, 10, 2.0);
    check_rate("NHS", llmobsi_nhs_is_valid, 10, 9.1);
    check_rate("SIN", llmobsi_sin_is_valid, 9, 8.0);
    check_rate("Verhoeff, 12", verhoeff_12, 12, 10.0);
    check_rate("Aadhaar", llmobsi_aadhaar_is_valid, 12, 8.0);
    check_rate("NANP", llmobsi_nanp_is_valid, 10, 62.7);
    for (i = 0; i < TRIES; i++) {
        text[0] = 'D';
        text[1] = 'E';
        for (k = 2; k < 22; k++) {
            text[k] = (uint8_t)('0' + next_random() % 10);
        }
        passed += llmobsi_iban_is_valid(text, 22);
    }
    printf("# %.3f %%\n", 100.0 * (double)passed / TRIES);
    ok(passed > TRIES * 0.009 && passed < TRIES * 0.012, "IBAN of the right length: about 1 %");
}

/* ---- known ones ---------------------------------------------------------------------------- */

static void test_known(void)
{
    uint8_t d[20];
    digits_of(d, "2363");
    ok(llmobsi_verhoeff_is_valid(d, 4), "Verhoeff: 2363");
    digits_of(d, "2364");
    ok(!llmobsi_verhoeff_is_valid(d, 4), "Verhoeff: not 2364");
    digits_of(d, "021000021");
    ok(llmobsi_aba_is_valid(d), "ABA: 021000021");
    digits_of(d, "1234567893");
    ok(llmobsi_npi_is_valid(d), "NPI: 1234567893");
    digits_of(d, "9434765919");
    ok(llmobsi_nhs_is_valid(d), "NHS: 9434765919");
    digits_of(d, "3530111333300000");
    ok(llmobsi_card_is_valid(d, 16), "a card");
    ok(!llmobsi_card_is_valid(d, 12) && !llmobsi_card_is_valid(d, 20), "neither 12 nor 20 digits");
    is_int(llmobsi_iban_length('M', 'T'), 31, "IBAN: Malta has 31");
    is_int(llmobsi_iban_length('U', 'S'), 0, "IBAN: the United States have none");
    ok(llmobsi_iban_is_valid((const uint8_t*)"NO9386011117947", 15), "IBAN: Norway");
    ok(!llmobsi_iban_is_valid((const uint8_t*)"NO938601111794", 14), "IBAN: too short");
    digits_of(d, "49");
    is_int(llmobsi_country_code(d, 2), 2, "+49");
    digits_of(d, "1");
    is_int(llmobsi_country_code(d, 1), 0, "one digit says nothing");
    digits_of(d, "14");
    is_int(llmobsi_country_code(d, 2), 1, "+1");
    digits_of(d, "77");
    is_int(llmobsi_country_code(d, 2), 1, "+7");
    digits_of(d, "358");
    is_int(llmobsi_country_code(d, 3), 3, "+358");
    digits_of(d, "35");
    is_int(llmobsi_country_code(d, 2), 0, "+35 is not all");
}

/* ---- entropy ------------------------------------------------------------------------------- */

static double entropy(const uint8_t* bytes, size_t size)
{
    double counts[256], sum = 0;
    size_t i;
    memset(counts, 0, sizeof counts);
    for (i = 0; i < size; i++) {
        counts[bytes[i]]++;
    }
    for (i = 0; i < 256; i++) {
        if (counts[i] > 0) {
            sum -= counts[i] / (double)size * log2(counts[i] / (double)size);
        }
    }
    return sum;
}

static void test_entropy(void)
{
    uint8_t bytes[128];
    size_t i, k, reached, wrong = 0;
    double worst = 0;
    for (i = 1; i <= 128; i++) {
        double difference = log2((double)i) - llmobsi_log2((uint32_t)i) / 4096.0;
        worst = fabs(difference) > worst ? fabs(difference) : worst;
    }
    ok(worst <= 1.0 / 4096, "log2 is right in its last place");
    for (i = 0, worst = 0; i < 20000; i++) {
        size_t size = 1 + next_random() % 128, letters = 1 + next_random() % 64;
        double difference;
        for (k = 0; k < size; k++) {
            bytes[k] = (uint8_t)(next_random() % letters + 32);
        }
        difference = entropy(bytes, size) - llmobsi_entropy(bytes, size) / 4096.0;
        worst = fabs(difference) > worst ? fabs(difference) : worst;
        reached = llmobsi_entropy_reached(bytes, size, 10, llmobsi_bits(3, 5));
        wrong += reached != 0 && (reached < 10 || entropy(bytes, reached) < 3.499);
        wrong += reached > 10 && entropy(bytes, reached - 1) > 3.501;
    }
    printf("# off by %.6f at most\n", worst);
    ok(worst < 0.001, "entropy");
    is_int(wrong, 0, "where it is reached first");
    is_int(llmobsi_entropy(bytes, 0), 0, "of nothing");
}

int main(void)
{
    test_rates();
    test_known();
    test_entropy();
    return done();
}
