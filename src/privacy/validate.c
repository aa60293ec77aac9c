/* Check digits and number plans: whether digits can be what they look like. Digits are given as
   numbers 0 to 9, one a byte. Each check lets through of random digits what its comment says. */

/* ---- check digits -------------------------------------------------------------------------- */

/* The sum of Luhn (ISO/IEC 7812): every second digit from the right but one, doubled, its own
   digits added. */
llmobsi_fn uint32_t llmobsi_luhn_sum(const uint8_t* digits, size_t count)
{
    static const uint8_t doubled[10] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
    uint32_t sum = 0;
    size_t i;
    for (i = 0; i < count; i++) {
        sum += (count - i) % 2 != 0 ? digits[i] : doubled[digits[i]];
    }
    return sum;
}

/* 10 %. */
llmobsi_fn bool llmobsi_luhn_is_valid(const uint8_t* digits, size_t count)
{
    return llmobsi_luhn_sum(digits, count) % 10 == 0;
}

llmobsi_fn bool llmobsi_digits_are_same(const uint8_t* digits, size_t count)
{
    size_t i;
    for (i = 1; i < count; i++) {
        if (digits[i] != digits[0]) {
            return false;
        }
    }
    return true;
}

/* The number that some digits make: at most nine of them. */
llmobsi_fn uint32_t llmobsi_digits_number(const uint8_t* digits, size_t count)
{
    uint32_t number = 0;
    size_t i;
    for (i = 0; i < count; i++) {
        number = number * 10 + digits[i];
    }
    return number;
}

/* Verhoeff's check, by the dihedral group of order ten. 10 %. */
llmobsi_fn bool llmobsi_verhoeff_is_valid(const uint8_t* digits, size_t count)
{
    static const uint8_t permuted[8][10] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4},
        {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
        {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
        {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8}};
    uint32_t check = 0;
    size_t i;
    for (i = 0; i < count; i++) {
        uint32_t digit = permuted[i % 8][digits[count - 1 - i]];
        /* Numbers below 5 are rotations, the others reflections. */
        uint32_t turn = check % 5, by = digit % 5;
        if (check < 5) {
            check = (turn + by) % 5 + (digit < 5 ? 0 : 5);
        } else {
            check = (turn + 5 - by) % 5 + (digit < 5 ? 5 : 0);
        }
    }
    return check == 0;
}

/* ---- cards --------------------------------------------------------------------------------- */

/* One range of issuers: the first digits, and the lengths, as bits. */
typedef struct llmobsi_card_range {
    uint32_t from; /* the first six digits, both inclusive */
    uint32_t to;
    uint32_t lengths;
} llmobsi_card_range;

#define LLMOBS_I_CARD_MOST 19u
#define LLMOBS_I_CARD_LONG (UINT32_C(0xf) << 16) /* 16 to 19 digits */

static const llmobsi_card_range llmobsi_card_ranges[] = {
    {222100, 272099, UINT32_C(1) << 16},                    /* Mastercard          */
    {300000, 305999, UINT32_C(1) << 14 | UINT32_C(1) << 16}, /* Diners Club         */
    {309500, 309599, UINT32_C(1) << 14 | UINT32_C(1) << 16},
    {340000, 349999, UINT32_C(1) << 15},                    /* American Express    */
    {352800, 358999, LLMOBS_I_CARD_LONG},                   /* JCB                 */
    {360000, 369999, UINT32_C(0x3f) << 14},                 /* Diners Club, 14-19  */
    {370000, 379999, UINT32_C(1) << 15},
    {380000, 399999, UINT32_C(1) << 14 | UINT32_C(1) << 16},
    {400000, 499999, UINT32_C(1) << 13 | UINT32_C(1) << 16 | UINT32_C(1) << 19}, /* Visa */
    {510000, 559999, UINT32_C(1) << 16},
    {601100, 601199, LLMOBS_I_CARD_LONG},                   /* Discover            */
    {620000, 629999, LLMOBS_I_CARD_LONG},                   /* UnionPay            */
    {644000, 659999, LLMOBS_I_CARD_LONG},
};

/* Issuer, length and Luhn. 2.4 % of 16 digits, and no time in milliseconds of this century. */
llmobsi_fn bool llmobsi_card_is_valid(const uint8_t* digits, size_t count)
{
    uint32_t first;
    size_t i;
    if (count < 13 || count > LLMOBS_I_CARD_MOST) {
        return false;
    }
    first = llmobsi_digits_number(digits, 6);
    for (i = 0; i < sizeof(llmobsi_card_ranges) / sizeof(llmobsi_card_ranges[0]); i++) {
        const llmobsi_card_range* range = &llmobsi_card_ranges[i];
        if (first >= range->from && first <= range->to) {
            return (range->lengths >> count & 1) != 0 && llmobsi_luhn_is_valid(digits, count) &&
                   !llmobsi_digits_are_same(digits, count);
        }
    }
    return false;
}

/* ---- bank accounts ------------------------------------------------------------------------- */

#define LLMOBS_I_IBAN_LEAST 15u
#define LLMOBS_I_IBAN_MOST 34u

/* The registry of SWIFT, as of 2024: country and length. */
static const char llmobsi_iban_countries[] =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BI27BR29BY28CH21CR22CY28CZ24DE22DJ27DK18DO28EE20EG29ES24"
    "FI18FK18FO18FR27GB22GE22GI23GL18GR27GT28HN28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32"
    "LI21LT20LU20LV21LY25MC27MD24ME22MK19MN20MR27MT31MU30NI28NL18NO15OM23PK24PL28PS29PT25QA29RO24"
    "RS22RU33SA24SC31SD18SE24SI19SK24SM27SO23ST25SV28TL23TN24TR26UA29VA22VG24XK20YE30";

/* How long an IBAN of the country is; 0: there are none. */
llmobsi_fn size_t llmobsi_iban_length(uint8_t first, uint8_t second)
{
    size_t i;
    for (i = 0; i + 4 < sizeof(llmobsi_iban_countries); i += 4) {
        const char* row = llmobsi_iban_countries + i;
        if ((uint8_t)row[0] == first && (uint8_t)row[1] == second) {
            return (size_t)(row[2] - '0') * 10 + (size_t)(row[3] - '0');
        }
    }
    return 0;
}

/* Of capital letters and digits, its length already right: ISO 7064 mod 97 with the first four
   behind the rest. 1 %. */
llmobsi_fn bool llmobsi_iban_is_valid(const uint8_t* text, size_t size)
{
    uint64_t rest = 0;
    uint32_t check;
    size_t i;
    if (size < LLMOBS_I_IBAN_LEAST || size > LLMOBS_I_IBAN_MOST) {
        return false;
    }
    check = (uint32_t)(text[2] - '0') * 10 + (uint32_t)(text[3] - '0');
    for (i = 4; i < size + 4; i++) {
        uint8_t byte = text[i < size ? i : i - size];
        rest = byte >= '0' && byte <= '9' ? rest * 10 + (uint64_t)(byte - '0')
                                          : rest * 100 + (uint64_t)(byte - 'A') + 10;
        rest = rest >> 56 != 0 ? rest % 97 : rest; /* seldom: a division takes long */
    }
    return rest % 97 == 1 && check >= 2 && check <= 98;
}

/* A routing number of the American Bankers Association. 3.8 %. */
llmobsi_fn bool llmobsi_aba_is_valid(const uint8_t* d)
{
    uint32_t prefix = llmobsi_digits_number(d, 2);
    uint32_t sum = 3 * ((uint32_t)d[0] + d[3] + d[6]) + 7 * ((uint32_t)d[1] + d[4] + d[7]) +
                   (uint32_t)d[2] + d[5] + d[8];
    return sum % 10 == 0 && !llmobsi_digits_are_same(d, 9) &&
           (prefix <= 12 || (prefix >= 21 && prefix <= 32) || (prefix >= 61 && prefix <= 72) ||
            prefix == 80);
}

/* ---- persons ------------------------------------------------------------------------------- */

/* A US social security number of nine digits: what is never given out, or known from print. 89 % of
   all: no proof without its hyphens, or a word. */
llmobsi_fn bool llmobsi_ssn_is_valid(const uint8_t* digits)
{
    uint32_t area = llmobsi_digits_number(digits, 3);
    uint32_t number = llmobsi_digits_number(digits, 9);
    return area != 0 && area != 666 && area < 900 && number / 10000 % 100 != 0 &&
           number % 10000 != 0 && number != 78051120 && number != 219099999 &&
           number != 123456789 && !llmobsi_digits_are_same(digits, 9);
}

/* A US taxpayer number: 9dd, and a group of 50-65, 70-88, 90-92, 94-99. */
llmobsi_fn bool llmobsi_itin_is_valid(const uint8_t* digits)
{
    uint32_t group = llmobsi_digits_number(digits + 3, 2);
    return digits[0] == 9 && !llmobsi_digits_are_same(digits, 9) &&
           ((group >= 50 && group <= 65) || (group >= 70 && group <= 88) ||
            (group >= 90 && group != 93));
}

/* A US health provider: ten digits, 1 or 2 first, Luhn with 80840 before them. 2 %. */
llmobsi_fn bool llmobsi_npi_is_valid(const uint8_t* digits)
{
    return (digits[0] == 1 || digits[0] == 2) && (llmobsi_luhn_sum(digits, 10) + 24) % 10 == 0;
}

/* Ten digits of the British health service, mod 11. 9 %. */
llmobsi_fn bool llmobsi_nhs_is_valid(const uint8_t* digits)
{
    uint32_t sum = 0;
    size_t i;
    for (i = 0; i < 10; i++) {
        sum += digits[i] * (uint32_t)(10 - i); /* the check digit counts once */
    }
    return sum % 11 == 0 && !llmobsi_digits_are_same(digits, 10);
}

/* A Canadian social insurance number: nine digits; none begins with 0 or 8. 8 %. */
llmobsi_fn bool llmobsi_sin_is_valid(const uint8_t* digits)
{
    return digits[0] != 0 && digits[0] != 8 && llmobsi_luhn_is_valid(digits, 9) &&
           !llmobsi_digits_are_same(digits, 9);
}

/* An Indian identity number: twelve digits, the first 2 to 9. 8 %. */
llmobsi_fn bool llmobsi_aadhaar_is_valid(const uint8_t* digits)
{
    return digits[0] >= 2 && llmobsi_verhoeff_is_valid(digits, 12) &&
           !llmobsi_digits_are_same(digits, 12);
}

/* ---- telephones ---------------------------------------------------------------------------- */

/* Ten digits of the North American plan: area and exchange begin with 2 to 9, and are no N11. */
llmobsi_fn bool llmobsi_nanp_is_valid(const uint8_t* digits)
{
    return digits[0] >= 2 && digits[3] >= 2 && !(digits[1] == 1 && digits[2] == 1) &&
           !(digits[4] == 1 && digits[5] == 1) && !llmobsi_digits_are_same(digits, 10);
}

/* How many digits the country code has that these begin with (E.164); 0: there is none such. */
llmobsi_fn size_t llmobsi_country_code(const uint8_t* digits, size_t count)
{
    /* By first digit, the second ones that end a code; after the others there is a third digit. */
    static const uint16_t two[10] = {0,      0,      0x0081, 0x025f, 0x03fb,
                                     0x01fe, 0x007f, 0,      0x0056, 0x013f};
    if (count < 2 || digits[0] == 0) {
        return 0;
    }
    if (digits[0] == 1 || digits[0] == 7) {
        return 1;
    }
    if ((two[digits[0]] >> digits[1] & 1) != 0) {
        return 2;
    }
    return count < 3 ? 0 : 3;
}

/* All the digits after a '+'. */
llmobsi_fn bool llmobsi_e164_is_valid(const uint8_t* digits, size_t count)
{
    size_t code;
    if (count < 7 || count > 15 || llmobsi_digits_are_same(digits, count)) {
        return false;
    }
    code = llmobsi_country_code(digits, count);
    if (digits[0] == 1) {
        return count == 11 && llmobsi_nanp_is_valid(digits + 1);
    }
    return code > 0 && count - code >= 4;
}

/* ---- entropy ------------------------------------------------------------------------------- */

/* Shannon's entropy is looked at over so many bytes at most. */
#define LLMOBS_I_ENTROPY_MOST 128u
/* Bits a byte, as fixed point with twelve places. */
#define llmobsi_bits(whole, tenths) ((whole) * 4096u + (tenths) * 4096u / 10u)

/* log2 of a number up to 128, with twelve places after the point, below by less than one of them:
   the fraction by squaring, bit by bit. */
llmobsi_fn uint32_t llmobsi_log2(uint32_t number)
{
    uint32_t whole = 31u - (uint32_t)llmobsi_leading_zeros32(number), i;
    uint64_t part = (uint64_t)number << (30 - whole); /* 1 to 2, with 30 places */
    uint32_t result = whole;
    for (i = 0; i < 12; i++) {
        part = part * part >> 30;
        result = result * 2 + (uint32_t)(part >> 31);
        part >>= part >> 31;
    }
    return result;
}

/* By how much count * log2(count) grows from count - 1 to count, with twelve places. */
static const uint16_t llmobsi_entropy_steps[LLMOBS_I_ENTROPY_MOST + 1] = {
    0, 0, 8192, 11284, 13292, 14785, 15975, 16964, 17812, 18552, 19210, 19802,
    20340, 20833, 21288, 21710, 22105, 22474, 22822, 23150, 23462, 23757, 24039, 24307,
    24564, 24811, 25047, 25274, 25493, 25704, 25908, 26105, 26296, 26481, 26660, 26834,
    27002, 27167, 27326, 27482, 27633, 27781, 27925, 28066, 28203, 28338, 28469, 28598,
    28723, 28846, 28967, 29085, 29201, 29315, 29426, 29536, 29643, 29749, 29852, 29954,
    30054, 30153, 30250, 30345, 30439, 30531, 30622, 30712, 30800, 30887, 30972, 31057,
    31140, 31222, 31303, 31383, 31462, 31539, 31616, 31692, 31767, 31841, 31914, 31986,
    32057, 32127, 32197, 32265, 32333, 32401, 32467, 32533, 32598, 32662, 32725, 32788,
    32850, 32912, 32973, 33033, 33093, 33152, 33210, 33268, 33326, 33383, 33439, 33495,
    33550, 33605, 33659, 33713, 33766, 33819, 33871, 33923, 33974, 34025, 34075, 34126,
    34175, 34224, 34273, 34322, 34370, 34417, 34465, 34512, 34558};

/* The entropy of some bytes, in bits a byte with twelve places. */
llmobsi_fn uint32_t llmobsi_entropy(const uint8_t* bytes, size_t size)
{
    uint8_t counts[256];
    uint32_t sum = 0;
    size_t i, most = size < LLMOBS_I_ENTROPY_MOST ? size : LLMOBS_I_ENTROPY_MOST;
    memset(counts, 0, sizeof(counts));
    for (i = 0; i < most; i++) {
        sum += llmobsi_entropy_steps[++counts[bytes[i]]];
    }
    return most == 0 ? 0 : llmobsi_log2((uint32_t)most) - sum / (uint32_t)most;
}

/* Whether a beginning of the bytes, `least` or more of them, has at least that entropy: more text
   after it can't take that away. The size of the first such, or 0. */
llmobsi_fn size_t llmobsi_entropy_reached(const uint8_t* bytes, size_t size, size_t least,
                                          uint32_t floor)
{
    uint8_t counts[256];
    uint32_t sum = 0;
    size_t i, most = size < LLMOBS_I_ENTROPY_MOST ? size : LLMOBS_I_ENTROPY_MOST;
    memset(counts, 0, sizeof(counts));
    for (i = 0; i < most; i++) {
        uint32_t count = (uint32_t)i + 1;
        sum += llmobsi_entropy_steps[++counts[bytes[i]]];
        if (count >= least && llmobsi_log2(count) * count >= floor * count + sum) {
            return i + 1;
        }
    }
    return 0;
}
