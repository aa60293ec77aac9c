/* The shapes of keys: a prefix, and so many bytes of some kinds. The lengths are the least: what is
   longer is the same secret with something behind it. Most follow the rules of gitleaks. */

/* Rules beyond that. */
enum {
    LLMOBS_I_SHAPE_PLAIN,
    LLMOBS_I_SHAPE_EXACT,    /* not one byte more                               */
    LLMOBS_I_SHAPE_AWS,      /* exact, and not one of the manual's examples     */
    LLMOBS_I_SHAPE_OPENAI,   /* T3BlbkFJ in its middle                          */
    LLMOBS_I_SHAPE_ANTHROPIC, /* AA at its end                                  */
    LLMOBS_I_SHAPE_SLACK,    /* two groups of digits first                      */
    LLMOBS_I_SHAPE_GRAFANA,  /* a second part of eight hexadecimal digits       */
    LLMOBS_I_SHAPE_POSTMAN   /* a second part of 34                             */
};

typedef struct llmobsi_shape {
    const char* name;
    char prefix[30];
    uint8_t prefix_size;
    uint8_t anchor; /* where in the prefix the three bytes are that trigger a look at it */
    uint8_t least;  /* bytes after the prefix */
    uint8_t rule;
    uint8_t tail;
    uint32_t kinds;
    uint32_t entropy; /* the least, of prefix and the least bytes; as llmobsi_bits */
} llmobsi_shape;

#define LLMOBS_I_SHAPE(name, prefix, anchor, least, kinds, rule, tail, tenths)                    \
    {name, prefix, sizeof(prefix) - 1, anchor, least, LLMOBS_I_SHAPE_##rule,                      \
     LLMOBS_I_TAIL_##tail, LLMOBS_I_##kinds, llmobsi_bits((tenths) / 10u, (tenths) % 10u)},

#define LLMOBS_I_SMALL (LLMOBS_I_LOWER | LLMOBS_I_DIGIT)
#define LLMOBS_I_CAPITAL (LLMOBS_I_UPPER | LLMOBS_I_DIGIT)
#define LLMOBS_I_BASE64 (LLMOBS_I_ALNUM | LLMOBS_I_PLUS)
#define LLMOBS_I_SENDGRID (LLMOBS_I_TOKEN | LLMOBS_I_DOT | LLMOBS_I_EQUALS)

static const llmobsi_shape llmobsi_shapes[] = {
    LLMOBS_I_SHAPE("aws", "AKIA", 0, 16, BASE32, AWS, NONE, 30)
    LLMOBS_I_SHAPE("aws", "ASIA", 0, 16, BASE32, AWS, NONE, 30)
    LLMOBS_I_SHAPE("aws", "ABIA", 0, 16, BASE32, AWS, NONE, 30)
    LLMOBS_I_SHAPE("aws", "ACCA", 0, 16, BASE32, AWS, NONE, 30)
    LLMOBS_I_SHAPE("aws", "A3T", 0, 17, CAPITAL, AWS, NONE, 30)
    LLMOBS_I_SHAPE("google", "AIza", 0, 35, TOKEN, PLAIN, TOKEN, 40)
    LLMOBS_I_SHAPE("postman", "PMAK-", 2, 24, HEX, POSTMAN, TOKEN, 30)
    LLMOBS_I_SHAPE("aws_bedrock", "ABSK", 1, 109, BASE64, PLAIN, BASE64, 30)
    LLMOBS_I_SHAPE("sendgrid", "SG.", 0, 66, SENDGRID, PLAIN, DOTTED, 20)
    LLMOBS_I_SHAPE("twilio", "SK", 0, 32, HEX, EXACT, NONE, 30)
    LLMOBS_I_SHAPE("age", "AGE-SECRET-KEY-1", 13, 58, CAPITAL, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("github", "github_pat_", 8, 82, WORD, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("gitlab", "glpat-", 3, 20, TOKEN, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("shopify", "shpat_", 3, 32, HEX, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("databricks", "dapi", 0, 32, LOWER_HEX, EXACT, NONE, 30)
    LLMOBS_I_SHAPE("doppler", "dp.pt.", 0, 43, SMALL, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("vault", "hvs.", 0, 90, TOKEN, PLAIN, TOKEN, 35)
    LLMOBS_I_SHAPE("huggingface", "hf_", 0, 34, ALPHA, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("github", "ghp_", 1, 36, ALNUM, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("github", "gho_", 1, 36, ALNUM, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("github", "ghu_", 1, 36, ALNUM, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("github", "ghs_", 1, 36, ALNUM, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("github", "ghr_", 1, 36, ALNUM, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("perplexity", "pplx-", 2, 48, ALNUM, PLAIN, TOKEN, 40)
    LLMOBS_I_SHAPE("rubygems", "rubygems_", 6, 48, LOWER_HEX, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("npm", "npm_", 1, 36, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("pypi", "pypi-AgEIcHlwaS5vcmc", 2, 50, TOKEN, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("linear", "lin_api_", 5, 40, SMALL, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("stripe", "rk_live_", 0, 10, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("stripe", "rk_test_", 0, 10, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("stripe", "rk_prod_", 0, 10, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("openai", "sk-proj-", 0, 124, TOKEN, OPENAI, TOKEN, 30)
    LLMOBS_I_SHAPE("openai", "sk-svcacct-", 0, 124, TOKEN, OPENAI, TOKEN, 30)
    LLMOBS_I_SHAPE("openai", "sk-admin-", 0, 124, TOKEN, OPENAI, TOKEN, 30)
    LLMOBS_I_SHAPE("anthropic", "sk-ant-api03-", 0, 95, TOKEN, ANTHROPIC, TOKEN, 30)
    LLMOBS_I_SHAPE("anthropic", "sk-ant-admin01-", 0, 95, TOKEN, ANTHROPIC, TOKEN, 30)
    LLMOBS_I_SHAPE("openai", "sk-", 0, 48, ALNUM, OPENAI, TOKEN, 30)
    LLMOBS_I_SHAPE("slack_webhook", "hooks.slack.com/services/", 4, 43, BASE64, PLAIN, BASE64, 0)
    LLMOBS_I_SHAPE("slack_webhook", "hooks.slack.com/workflows/", 4, 43, BASE64, PLAIN, BASE64, 0)
    LLMOBS_I_SHAPE("slack_webhook", "hooks.slack.com/triggers/", 4, 43, BASE64, PLAIN, BASE64, 0)
    LLMOBS_I_SHAPE("stripe", "sk_live_", 0, 10, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("stripe", "sk_test_", 0, 10, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("stripe", "sk_prod_", 0, 10, ALNUM, PLAIN, TOKEN, 20)
    LLMOBS_I_SHAPE("grafana", "glsa_", 2, 32, ALNUM, GRAFANA, TOKEN, 30)
    LLMOBS_I_SHAPE("notion", "ntn_", 1, 46, ALNUM, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("digitalocean", "dop_v1_", 4, 64, LOWER_HEX, PLAIN, TOKEN, 30)
    LLMOBS_I_SHAPE("slack", "xoxb-", 0, 21, TOKEN, SLACK, TOKEN, 30)
    LLMOBS_I_SHAPE("slack", "xoxp-", 0, 21, TOKEN, SLACK, TOKEN, 20)
    LLMOBS_I_SHAPE("slack", "xoxe-", 0, 21, TOKEN, SLACK, TOKEN, 20)
    LLMOBS_I_SHAPE("sentry", "sntryu_", 4, 64, LOWER_HEX, PLAIN, TOKEN, 30)
};

#define LLMOBS_I_SHAPE_COUNT (sizeof(llmobsi_shapes) / sizeof(llmobsi_shapes[0]))
LLMOBS_I_STATIC_ASSERT(shape_count, LLMOBS_I_SHAPE_COUNT == 50);

/* They are sorted by the first byte of their anchors: where those begin, from '@' on. */
static const uint8_t llmobsi_shape_starts[64] = {
    50,  0,  7, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50,
    50, 50, 50,  8, 50, 50, 50, 50, 50, 10, 50, 50, 50, 50, 50, 50,
    50, 11, 50, 50, 14, 50, 50, 50, 16, 50, 50, 50, 23, 24, 50, 50,
    25, 50, 28, 31, 44, 50, 45, 50, 46, 49, 50, 50, 50, 50, 50, 50};

/* Two groups of 10 to 13 digits. */
llmobsi_fn bool llmobsi_shape_is_slack(llmobsi_view* view, size_t place)
{
    size_t first = llmobsi_run(view, place, LLMOBS_I_DIGIT, 14), second;
    if (first < 10 || first > 13 || llmobsi_at(view, place + first) != '-') {
        return false;
    }
    second = llmobsi_run(view, place + first + 1, LLMOBS_I_DIGIT, 14);
    return second >= 10 && second <= 13;
}

/* Where what the rule wants ends, after prefix and least bytes; 0: it is not so. `place` is behind
   the prefix. */
llmobsi_fn size_t llmobsi_shape_rule(llmobsi_view* view, const llmobsi_shape* shape, size_t place)
{
    size_t end = place + shape->least;
    switch (shape->rule) {
    case LLMOBS_I_SHAPE_AWS:
        return llmobsi_ends(view, end) && !llmobsi_had(view, end, "EXAMPLE", 7) ? end : 0;
    case LLMOBS_I_SHAPE_EXACT:
        return llmobsi_ends(view, end) ? end : 0;
    case LLMOBS_I_SHAPE_OPENAI:
        return llmobsi_has_text(view, place + 20, "T3BlbkFJ") ||
                       llmobsi_has_text(view, place + 58, "T3BlbkFJ") ||
                       llmobsi_has_text(view, place + 74, "T3BlbkFJ")
                   ? end
                   : 0;
    case LLMOBS_I_SHAPE_ANTHROPIC:
        return llmobsi_has_text(view, end - 2, "AA") ? end : 0;
    case LLMOBS_I_SHAPE_SLACK:
        return llmobsi_shape_is_slack(view, place) ? end : 0;
    case LLMOBS_I_SHAPE_GRAFANA:
        return llmobsi_at(view, end) == '_' && llmobsi_run(view, end + 1, LLMOBS_I_HEX, 8) == 8
                   ? end + 9
                   : 0;
    case LLMOBS_I_SHAPE_POSTMAN:
        return llmobsi_at(view, end) == '-' && llmobsi_run(view, end + 1, LLMOBS_I_HEX, 34) == 34
                   ? end + 35
                   : 0;
    default:
        return end;
    }
}

llmobsi_fn bool llmobsi_shape_read(llmobsi_view* view, const llmobsi_shape* shape, size_t start,
                                   llmobsi_match* match)
{
    size_t place = start + shape->prefix_size, end, whole = shape->prefix_size + shape->least;
    if (!llmobsi_begins(view, start) ||
        !llmobsi_has(view, start, shape->prefix, shape->prefix_size) ||
        llmobsi_run(view, place, shape->kinds, shape->least) < shape->least) {
        return false;
    }
    end = llmobsi_shape_rule(view, shape, place);
    if (end == 0 || (shape->entropy != 0 &&
                     llmobsi_entropy(view->bytes + start, whole) < shape->entropy)) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_API_KEY, start, end, shape->name);
    match->tail = shape->tail;
    return true;
}

/* Any of the shapes whose anchor is at a place. */
llmobsi_fn bool llmobsi_secret_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    uint8_t first = llmobsi_at(view, place), second = llmobsi_at(view, place + 1);
    uint8_t third = llmobsi_at(view, place + 2);
    size_t i;
    if (first < 64 || first > 127) {
        return false;
    }
    for (i = llmobsi_shape_starts[first - 64]; i < LLMOBS_I_SHAPE_COUNT; i++) {
        const llmobsi_shape* shape = &llmobsi_shapes[i];
        const char* anchor = shape->prefix + shape->anchor;
        if ((uint8_t)anchor[0] != first) {
            return false;
        }
        if ((uint8_t)anchor[1] != second ||
            (anchor[2] != '\0' && (uint8_t)anchor[2] != third) ||
            (shape->anchor > 0 && !llmobsi_had(view, place, shape->prefix, shape->anchor))) {
            continue;
        }
        if (llmobsi_shape_read(view, shape, place - shape->anchor, match)) {
            return true;
        }
    }
    return false;
}

/* Azure: three bytes, a digit, "Q~", at least 31 more. `place` is at the digit. */
llmobsi_fn bool llmobsi_azure_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    const uint32_t kinds = LLMOBS_I_WORD | LLMOBS_I_TILDE | LLMOBS_I_DOT;
    size_t start = place - 3;
    if (llmobsi_run_back(view, place, kinds, 3) != 3 || !llmobsi_begins(view, start) ||
        !llmobsi_has_text(view, place + 1, "Q~") ||
        llmobsi_run(view, place + 3, kinds | LLMOBS_I_HYPHEN, 31) < 31 ||
        llmobsi_entropy(view->bytes + start, 37) < llmobsi_bits(3, 0)) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_API_KEY, start, place + 34, "azure");
    match->tail = LLMOBS_I_TAIL_DOTTED;
    return true;
}

/* Telegram: 5 to 16 digits, a colon, "A" and 34 more; and the word. `place` is the colon. */
llmobsi_fn bool llmobsi_telegram_read(llmobsi_view* view, size_t place, llmobsi_match* match)
{
    size_t digits = llmobsi_run_back(view, place, LLMOBS_I_DIGIT, 17), start = place - digits;
    if (digits < 5 || digits > 16 || llmobsi_at(view, place + 1) != 'A' ||
        !llmobsi_begins(view, start) ||
        llmobsi_run(view, place + 2, LLMOBS_I_TOKEN, 34) < 34 ||
        (llmobsi_context(view, start) & LLMOBS_PII_BIT(LLMOBS_PII_API_KEY)) == 0) {
        return false;
    }
    (void)llmobsi_match_set(match, LLMOBS_PII_API_KEY, start, place + 36, "telegram");
    match->tail = LLMOBS_I_TAIL_TOKEN;
    return true;
}
