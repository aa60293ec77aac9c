/* What is found, and what is not: every case of the list, the shapes of keys, coins, terms. */
#include "llmobs_private.h"
#include "tap.h"

#include "scan_run.h"

static scan_log found;

static void check(const llmobs_scan_rules* rules, const char* text, const char* want)
{
    scan_once(&found, rules, text, strlen(text));
    is_str(scan_show(&found, text, strlen(text)), want != NULL ? want : text, text);
}

static void test_cases(void)
{
    size_t i;
    for (i = 0; i < SCAN_CASE_COUNT; i++) {
        check(NULL, scan_cases[i].text, scan_cases[i].want);
    }
}

/* Files' endings are none of a host, however long the others are. */
static void test_file_endings(void)
{
    check(NULL, "see icon@2x.png and icon@2x.webp", NULL);
    check(NULL, "to a@b.webpx, a@b.jpegs", "to [EMAIL:a@b.webpx], [EMAIL:a@b.jpegs]");
    check(NULL, "to a@b.technology", "to [EMAIL:a@b.technology]");
}

/* A password in quotation marks is looked for so far, and no farther: then it ends as without. */
static void test_quoted(void)
{
    char text[400], want[500];
    size_t size;
    for (size = 240; size < 270; size++) {
        memset(text, 0, sizeof text);
        memcpy(text, "password: \"q7Rt9zLm2Kx8Vb4 ", 27);
        memset(text + 27, 'x', size - 16);
        text[11 + size] = '"';
        if (size < LLMOBS_I_QUOTED_MOST) {
            snprintf(want, sizeof want, "password: \"[PASSWORD:%.*s]\"", (int)size, text + 11);
        } else {
            snprintf(want, sizeof want, "password: \"[PASSWORD:q7Rt9zLm2Kx8Vb4]%s", text + 26);
        }
        check(NULL, text, want);
    }
}

/* Alone, in brackets, before a comma; and not with a letter before it. */
static void test_secrets(void)
{
    char text[600], want[600];
    size_t i;
    for (i = 0; i < SECRET_CASE_COUNT; i++) {
        const secret_case* one = &secret_cases[i];
        snprintf(want, sizeof want, "[API_KEY:%s]", one->text);
        check(NULL, one->text, want);
        is_str(found.count == 1 ? found.findings[0].name : "", one->name, "its name");
        snprintf(text, sizeof text, "(\"%s\", %s)", one->text, one->text);
        snprintf(want, sizeof want, "(\"[API_KEY:%s]\", [API_KEY:%s])", one->text, one->text);
        check(NULL, text, want);
        snprintf(text, sizeof text, "x%s", one->text);
        check(NULL, text, NULL);
        /* Without its last byte it is too short. */
        snprintf(text, sizeof text, "%.*s", (int)strlen(one->text) - 10, one->text);
        scan_once(&found, NULL, text, strlen(text));
        ok(found.count == 0 || strcmp(one->name, "slack") == 0 ||
               strcmp(one->name, "stripe") == 0 || strcmp(one->name, "slack_webhook") == 0 ||
               strcmp(one->name, "sendgrid") == 0 || strcmp(one->name, "pypi") == 0 ||
               strcmp(one->name, "aws_bedrock") == 0 || strcmp(one->name, "vault") == 0 ||
               strcmp(one->name, "github") == 0 || strcmp(one->name, "azure") == 0,
           "not when it is cut");
    }
    check(NULL, "ghp_000000000000000000000000000000000000", NULL);
    check(NULL, "AKIAIOSFODNN7EXAMPLE", NULL);
    check(NULL, "AKIAQ3EGRZ7XB5MNV4TKA", NULL);
    check(NULL, "telegram bot 123456789:AAH" HEX_32,
          "telegram bot [API_KEY:123456789:AAH" HEX_32 "]");
    check(NULL, "123456789:AAH" HEX_32, NULL);
}

static void test_opt_in(void)
{
    llmobs_scan_rules rules = llmobs_scan_rules_default();
    static const char* const coins[] = {
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        "0x52908400098527886E0F7030069857D2E4169EE7"};
    char want[200];
    size_t i;
    check(NULL, "00:1b:44:11:3a:b7", NULL);
    check(NULL, coins[0], NULL);
    rules.classes = LLMOBS_PII_ALL;
    check(&rules, "at 00:1b:44:11:3a:b7,", "at [MAC_ADDRESS:00:1b:44:11:3a:b7],");
    check(&rules, "at ab-1b-44-11-3a-b7.", "at [MAC_ADDRESS:ab-1b-44-11-3a-b7].");
    check(&rules, "ff:ff:ff:ff:ff:ff", NULL);
    check(&rules, "00:1b:44:11:3a:b7:01", NULL);
    for (i = 0; i < sizeof coins / sizeof coins[0]; i++) {
        char other[100];
        size_t last = strlen(coins[i]) - 1;
        snprintf(want, sizeof want, "[CRYPTO_ADDRESS:%s]", coins[i]);
        check(&rules, coins[i], want);
        snprintf(other, sizeof other, "%s", coins[i]);
        other[last] = other[last] == 'q' ? 'p' : 'q';
        check(&rules, other, NULL);
    }
    rules.classes = LLMOBS_PII_BIT(LLMOBS_PII_EMAIL);
    check(&rules, "a@b.io 536-90-4399 8.8.8.8 SSN 536904399", "[EMAIL:a@b.io] 536-90-4399 8.8.8.8 "
                                                              "SSN 536904399");
}

static void test_terms(void)
{
    llmobs_scan_rules rules = llmobs_scan_rules_default();
    llmobs_scan_term terms[4];
    memset(terms, 0, sizeof terms);
    terms[0].text = "Project Falcon";
    terms[0].ignore_case = true;
    terms[1].text = "acme-";
    terms[1].tail = 8;
    terms[2].text = "M\xc3\xbcller";
    terms[3].text = "...";
    rules.terms = terms;
    rules.term_count = 4;
    is_int(llmobs_scan_rules_check(&rules), LLMOBS_OK, "the terms are right");
    check(&rules, "on project falcon!", "on [CUSTOM:project falcon]!");
    check(&rules, "project falcons", NULL);
    check(&rules, "key acme-12345678-x, acme-1234567",
          "key [CUSTOM:acme-12345678-x], acme-1234567");
    check(&rules, "Herr M\xc3\xbcller\xe2\x80\x9d", "Herr [CUSTOM:M\xc3\xbcller]\xe2\x80\x9d");
    check(&rules, "m\xc3\xbcller", NULL);
    check(&rules, "well...", "well[CUSTOM:...]");
    terms[3].text = "ab";
    is_int(llmobs_scan_rules_check(&rules), LLMOBS_ERROR_ARGUMENT, "two bytes are too short");
    check(&rules, "ab acme-12345678", "ab [CUSTOM:acme-12345678]");
    terms[3].text = "a\"bc";
    is_int(llmobs_scan_rules_check(&rules), LLMOBS_ERROR_ARGUMENT, "no quotation marks");
    terms[3].text = "\xff\xfe\xfd";
    is_int(llmobs_scan_rules_check(&rules), LLMOBS_ERROR_ARGUMENT, "valid UTF-8 only");
    terms[3].text = NULL;
    is_int(llmobs_scan_rules_check(&rules), LLMOBS_ERROR_ARGUMENT, "NULL is no term");
    rules.term_count = LLMOBS_SCAN_TERMS_MAX + 1;
    is_int(llmobs_scan_rules_check(&rules), LLMOBS_ERROR_LIMIT, "too many terms");
    rules.terms = NULL;
    is_int(llmobs_scan_rules_check(&rules), LLMOBS_ERROR_ARGUMENT, "NULL is no list");
    check(&rules, "a@b.io", "[EMAIL:a@b.io]");
}

static void test_names(void)
{
    static const char addresses[] =
        "10.0.0.1 8.8.8.8 172.31.0.1 172.32.0.1 fe80::1 2a00::1 ::1 203.0.113.9";
    is_str(llmobs_pii_name(LLMOBS_PII_EMAIL), "EMAIL", "a name");
    is_str(llmobs_pii_name((llmobs_pii)99), "unknown class", "no name");
    is_int(llmobs_pii_tier(LLMOBS_PII_CARD_CODE), LLMOBS_TIER_B, "a tier");
    is_int(llmobs_pii_tier((llmobs_pii)99), LLMOBS_TIER_C, "no tier");
    scan_once(&found, NULL, addresses, strlen(addresses));
    ok(found.count == 8 && found.findings[0].is_local && !found.findings[1].is_local &&
           found.findings[2].is_local && !found.findings[3].is_local &&
           found.findings[4].is_local && !found.findings[5].is_local &&
           found.findings[6].is_local && found.findings[7].is_local,
       "local addresses are told apart");
}

int main(void)
{
    test_cases();
    test_file_endings();
    test_quoted();
    test_secrets();
    test_opt_in();
    test_terms();
    test_names();
    return done();
}
