/* From a trigger to what is there. */

/* ---- terms of the caller's ----------------------------------------------------------------- */

llmobsi_fn bool llmobsi_term_read(llmobsi_view* view, const llmobs_scan_term* term, size_t start,
                                  llmobsi_match* match)
{
    size_t size = 0, end;
    for (; term->text[size] != '\0'; size++) {
        uint8_t byte = llmobsi_at(view, start + size), wanted = (uint8_t)term->text[size];
        if (byte != wanted &&
            !(term->ignore_case && llmobsi_small(byte) == llmobsi_small(wanted))) {
            return false;
        }
    }
    end = start + size;
    if (llmobsi_is((uint8_t)term->text[0], LLMOBS_I_WORD) && !llmobsi_begins(view, start)) {
        return false;
    }
    if (term->tail > 0) {
        if (llmobsi_run(view, end, LLMOBS_I_TOKEN, term->tail) < term->tail) {
            return false;
        }
        (void)llmobsi_match_set(match, LLMOBS_PII_CUSTOM, start, end + term->tail, "prefix");
        match->tail = LLMOBS_I_TAIL_TOKEN;
        return true;
    }
    return (!llmobsi_is((uint8_t)term->text[size - 1], LLMOBS_I_WORD) ||
            llmobsi_ends(view, end)) &&
           llmobsi_match_set(match, LLMOBS_PII_CUSTOM, start, end, "literal");
}

/* ---- one place ----------------------------------------------------------------------------- */

llmobsi_inline bool llmobsi_keep_better(bool found, const llmobsi_match* match, bool any,
                                        llmobsi_match* best)
{
    if (found && (!any || llmobsi_match_is_better(match, best))) {
        *best = *match;
    }
    return found || any;
}

#define llmobsi_look(CLASS, call)                                                                  \
    (any = llmobsi_keep_better(llmobsi_wants(view, LLMOBS_PII_##CLASS) && (call), &match, any,    \
                               best))

/* The place has ':' or '=' behind it. */
llmobsi_fn bool llmobsi_colon_read(llmobsi_view* view, size_t place, uint8_t first, uint8_t second,
                                   llmobsi_match* best)
{
    llmobsi_match match;
    bool any = false;
    if (second == ':' && llmobsi_is(first, LLMOBS_I_HEX)) {
        size_t start = place + 1 - llmobsi_run_back(view, place + 1, LLMOBS_I_HEX, 5);
        uint8_t before = llmobsi_back(view, start, 1);
        if (llmobsi_number_begins(view, start) && before != ':' && before != '.') {
            llmobsi_look(IP_ADDRESS, llmobsi_ipv6_read(view, start, &match));
        }
        llmobsi_look(MAC_ADDRESS, llmobsi_mac_read(view, place + 1, &match));
    } else if (second == ':' && first == ':' &&
               !llmobsi_is(llmobsi_back(view, place, 1), LLMOBS_I_WORD | LLMOBS_I_DOT) &&
               llmobsi_back(view, place, 1) != ':') {
        llmobsi_look(IP_ADDRESS, llmobsi_ipv6_read(view, place, &match));
    }
    if (llmobsi_is(first, LLMOBS_I_DIGIT)) {
        llmobsi_look(API_KEY, llmobsi_telegram_read(view, place + 1, &match));
    }
    llmobsi_look(PASSWORD, llmobsi_value_read(view, place + 1, &match));
    return any;
}

/* Whether a trigger leads to numbers only: most that are looked at do. */
llmobsi_inline bool llmobsi_is_number_only(const llmobsi_view* view, size_t place)
{
    return !view->has_extras && place + 1 < view->size &&
           llmobsi_is(view->bytes[place], LLMOBS_I_DIGIT) &&
           llmobsi_is(view->bytes[place + 1], LLMOBS_I_DIGIT | LLMOBS_I_DOT);
}

/* The best match that the trigger at a place leads to. */
llmobsi_noinline bool llmobsi_recognize_read(llmobsi_view* view, size_t place, llmobsi_match* best)
{
    uint8_t first = llmobsi_at(view, place), second = llmobsi_at(view, place + 1);
    llmobsi_match match;
    bool any = false;
    size_t i;
    if (llmobsi_is(first, LLMOBS_I_DIGIT) && second != '@') {
        any = llmobsi_number_trigger(view, place, best);
        if (second == 'Q') {
            llmobsi_look(API_KEY, llmobsi_azure_read(view, place, &match));
        }
    } else if (llmobsi_is(first, LLMOBS_I_UPPER) && llmobsi_is(second, LLMOBS_I_DIGIT)) {
        llmobsi_look(IBAN, llmobsi_iban_read(view, place, &match));
    }
    if (second == ':' || second == '=') {
        any = llmobsi_keep_better(llmobsi_colon_read(view, place, first, second, &match), &match,
                                  any, best);
    } else if (second == '@') {
        llmobsi_look(EMAIL, llmobsi_email_read(view, place + 1, &match));
    } else if (second == '-') {
        llmobsi_look(MAC_ADDRESS, llmobsi_mac_read(view, place + 1, &match));
    }
    if (first == ':') {
        llmobsi_look(URL_PASSWORD, llmobsi_url_read(view, place, &match));
    } else if (first == '+') {
        llmobsi_look(PHONE, llmobsi_e164_read(view, place, &match));
    } else if (first == '(') {
        llmobsi_look(PHONE, llmobsi_area_read(view, place, &match));
    } else if (first == '-') {
        llmobsi_look(PRIVATE_KEY, llmobsi_pem_read(view, place, &match));
    } else if (!llmobsi_is(first, LLMOBS_I_DIGIT)) {
        if (first == 'e' && second == 'y') {
            llmobsi_look(JWT, llmobsi_jwt_read(view, place, &match));
        }
        llmobsi_look(API_KEY, llmobsi_secret_read(view, place, &match));
    }
    if (!view->has_extras) {
        return any;
    }
    llmobsi_look(CRYPTO_ADDRESS, llmobsi_coin_read(view, place, &match));
    for (i = 0; i < view->term_count; i++) {
        llmobsi_look(CUSTOM, llmobsi_term_is_valid(&view->terms[i]) &&
                                llmobsi_term_read(view, &view->terms[i], place, &match));
    }
    return any;
}

#undef llmobsi_look

/* ---- what goes on -------------------------------------------------------------------------- */

/* In a PEM key: behind the line that says END; or at a quotation mark, which no key holds, and the
   backslashes that belong to it. */
llmobsi_fn size_t llmobsi_pem_tail_read(llmobsi_view* view, size_t place, bool* has_ended)
{
    for (; place < view->size; place++) {
        uint8_t byte = view->bytes[place];
        size_t i = 0;
        if (byte == '"') {
            break;
        }
        if (byte == '\\') {
            while (i < 64 && llmobsi_at(view, place + i) == '\\') {
                i++;
            }
            if (llmobsi_at(view, place + i) == '"') {
                break;
            }
        } else if (byte == '-' && llmobsi_has_text(view, place, "-----END ")) {
            for (i = 9; i < 73; i++) {
                byte = llmobsi_at(view, place + i);
                if (!llmobsi_is(byte, LLMOBS_I_UPPER | LLMOBS_I_DIGIT) && byte != ' ') {
                    break;
                }
            }
            if (llmobsi_has_text(view, place + i, "-----")) {
                *has_ended = !view->starved;
                return view->starved ? place : place + i + 5;
            }
        }
        if (view->starved) {
            return place;
        }
    }
    *has_ended = place < view->size || view->is_last;
    return place;
}

/* Where it ends that begins before `place`, or what of it is sure. */
llmobsi_fn size_t llmobsi_tail_read(llmobsi_view* view, uint8_t tail, size_t place, bool* has_ended)
{
    uint32_t kinds = tail == LLMOBS_I_TAIL_VALUE    ? (uint32_t)LLMOBS_I_VALUE
                     : tail == LLMOBS_I_TAIL_BASE64 ? (uint32_t)LLMOBS_I_ALNUM | LLMOBS_I_PLUS |
                                                          LLMOBS_I_EQUALS
                                                    : (uint32_t)LLMOBS_I_TOKEN;
    *has_ended = false;
    if (tail == LLMOBS_I_TAIL_PEM) {
        return llmobsi_pem_tail_read(view, place, has_ended);
    }
    for (; place < view->size; place++) {
        uint8_t byte = view->bytes[place];
        if (llmobsi_is(byte, kinds)) {
            continue;
        }
        if (tail != LLMOBS_I_TAIL_DOTTED || byte != '.' ||
            !llmobsi_is(llmobsi_at(view, place + 1), kinds)) {
            break;
        }
    }
    if (view->starved) { /* what stands behind the dot? */
        return place;
    }
    *has_ended = place < view->size || view->is_last;
    return place;
}
