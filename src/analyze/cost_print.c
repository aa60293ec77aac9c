/* Cost reports for people and programs. */

typedef struct llmobsi_cost_page {
    llmobsi_writer* writer;
    const llmobs_cost_question* question;
    const llmobs_cost_answer* answer;
    const llmobs_cost_line* lines;
} llmobsi_cost_page;

llmobsi_fn const char* llmobsi_cost_by_name(llmobs_cost_by by)
{
    static const char* const names[] = {"feature", "model", "tenant", "user"};
    return names[by];
}

/* A period's border: they are full seconds. Of all time there is none. */
llmobsi_fn void llmobsi_put_border(llmobsi_writer* writer, uint64_t unix_ns)
{
    llmobsi_second second;
    char text[48];
    if (unix_ns == 0 || unix_ns == UINT64_MAX) {
        llmobsi_put_text(writer, "ever");
        return;
    }
    memset(&second, 0, sizeof second);
    (void)llmobsi_append_time(text, &second, unix_ns);
    llmobsi_put(writer, text, 19);
    llmobsi_put_text(writer, "Z");
}

/* A name that any client may have chosen, so that it harms no reader, on one line. */
llmobsi_fn size_t llmobsi_cost_name_clean(const char* name, char safe[3 * LLMOBS_EXPLAINED_TEXT])
{
    size_t size =
        llmobsi_text_make_safe(safe, 3 * LLMOBS_EXPLAINED_TEXT, name, strlen(name));
    size_t i;
    for (i = 0; i < size; i++) {
        safe[i] = safe[i] == '\n' ? ' ' : safe[i];
    }
    return size;
}

/* ---- for a terminal ------------------------------------------------------------------------ */

/* A number in a column. */
llmobsi_fn void llmobsi_put_right(llmobsi_writer* writer, const char* text, size_t size,
                                  size_t width)
{
    for (; size < width; width--) {
        llmobsi_put_text(writer, " ");
    }
    llmobsi_put(writer, text, size);
}

/* Money to six decimals. */
llmobsi_fn void llmobsi_put_money(llmobsi_writer* writer, int64_t nano, size_t width)
{
    char text[48];
    char* end = llmobsi_append_u64(text, (uint64_t)nano / LLMOBS_I_BILLION);
    uint64_t micro = (uint64_t)nano % LLMOBS_I_BILLION / 1000;
    uint64_t place;
    *end++ = '.';
    for (place = 100000; place > 0; place /= 10) {
        *end++ = (char)('0' + micro / place % 10);
    }
    llmobsi_put_right(writer, text, (size_t)(end - text), width);
}

/* A part of the whole: "66.7 %". */
llmobsi_fn void llmobsi_put_percent(llmobsi_writer* writer, double share, size_t width)
{
    char text[32];
    uint64_t tenths = (uint64_t)(share * 1000.0 + 0.5);
    char* end = llmobsi_append_u64(text, tenths / 10);
    *end++ = '.';
    *end++ = (char)('0' + tenths % 10);
    llmobsi_put_right(writer, text, (size_t)(end - text), width);
    llmobsi_put_text(writer, " %");
}

llmobsi_fn double llmobsi_share_of(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0.0;
}

llmobsi_fn void llmobsi_cost_text_line(const llmobsi_cost_page* page, const char* name,
                                       const llmobs_cost_sums* sums)
{
    llmobsi_writer* writer = page->writer;
    char safe[3 * LLMOBS_EXPLAINED_TEXT];
    char text[24];
    size_t size = llmobsi_cost_name_clean(name, safe);
    llmobsi_put_money(writer, sums->cost_nano, 16);
    llmobsi_put_text(writer, " USD");
    llmobsi_put_percent(writer, llmobsi_share_of(sums->cost_nano, page->answer->total.cost_nano),
                        7);
    llmobsi_put_right(writer, text,
                      (size_t)(llmobsi_append_u64(text, (uint64_t)sums->requests) - text), 10);
    llmobsi_put_text(writer, " requests");
    llmobsi_put_right(writer, text,
                      (size_t)(llmobsi_append_u64(text, (uint64_t)sums->tokens) - text), 13);
    llmobsi_put_text(writer, " tokens  ");
    llmobsi_put(writer, size > 0 ? safe : "(none)", size > 0 ? size : 6);
    if (sums->saved_nano > 0) {
        llmobsi_put_text(writer, " (");
        llmobsi_put_money(writer, sums->saved_nano, 0);
        llmobsi_put_text(writer, " USD saved by caches)");
    }
}

/* What is not known is told, never shown as 0. */
llmobsi_fn void llmobsi_cost_text_unknown(llmobsi_writer* writer, const llmobs_cost_sums* sums)
{
    if (sums->unknown == 0) {
        return;
    }
    llmobsi_put_text(writer, ", and ");
    llmobsi_put_u64(writer, (uint64_t)sums->unknown);
    llmobsi_put_text(writer, " requests of unknown cost, at least ");
    llmobsi_put_money(writer, sums->low_nano, 0);
    if (sums->unbounded == 0) {
        llmobsi_put_text(writer, " and at most ");
        llmobsi_put_money(writer, sums->high_nano, 0);
    }
    llmobsi_put_text(writer, " USD more");
}

llmobsi_fn void llmobsi_cost_text_users(const llmobsi_cost_page* page)
{
    const llmobs_cost_answer* answer = page->answer;
    llmobsi_writer* writer = page->writer;
    llmobsi_put_text(writer, "about ");
    llmobsi_put_u64(writer, answer->unique.count);
    llmobsi_put_text(writer, " users (+- ");
    llmobsi_put_u64(writer, (uint64_t)(answer->unique.standard_error + 0.5));
    llmobsi_put_text(writer, "); the first ");
    llmobsi_put_u64(writer, answer->count);
    llmobsi_put_text(writer, " cost ");
    llmobsi_put_percent(writer, answer->users.low_share, 0);
    llmobsi_put_text(writer, " to ");
    llmobsi_put_percent(writer, answer->users.high_share, 0);
    llmobsi_put_text(writer, " of what users cost\n");
}

/* From where to where, if that is not one, and whether the place in the list is certain. */
llmobsi_fn void llmobsi_cost_text_bracket(llmobsi_writer* writer, const llmobs_cost_line* line)
{
    if (line->high_nano == INT64_MAX) {
        llmobsi_put_text(writer, "  or more");
    } else if (line->high_nano != line->low_nano) {
        llmobsi_put_text(writer, "  to ");
        llmobsi_put_money(writer, line->high_nano, 0);
    }
    if (line->sums.unknown > 0 && line->sums.unbounded < 0) { /* of a user: in no bracket */
        llmobsi_put_text(writer, ", and ");
        llmobsi_put_u64(writer, (uint64_t)line->sums.unknown);
        llmobsi_put_text(writer, " of unknown cost");
    }
    if (!line->guaranteed) {
        llmobsi_put_text(writer, "  ?");
    }
}

/* What the question was narrowed to. */
llmobsi_fn void llmobsi_cost_text_only(llmobsi_writer* writer, const char* what, const char* name)
{
    char safe[3 * LLMOBS_EXPLAINED_TEXT];
    if (name != NULL) {
        llmobsi_put_text(writer, " of ");
        llmobsi_put_word(writer, what);
        llmobsi_put_text(writer, " ");
        llmobsi_put(writer, safe, llmobsi_cost_name_clean(name, safe));
    }
}

llmobsi_fn void llmobsi_cost_print_text(const llmobsi_cost_page* page)
{
    const llmobs_cost_answer* answer = page->answer;
    llmobsi_writer* writer = page->writer;
    size_t i;
    llmobsi_put_text(writer, "cost by ");
    llmobsi_put_word(writer, llmobsi_cost_by_name(page->question->by));
    llmobsi_cost_text_only(writer, "feature", page->question->feature);
    llmobsi_cost_text_only(writer, "model", page->question->model);
    llmobsi_cost_text_only(writer, "tenant", page->question->tenant);
    llmobsi_put_text(writer, ", from ");
    llmobsi_put_border(writer, answer->begin_unix_ns);
    llmobsi_put_text(writer, " to ");
    llmobsi_put_border(writer, answer->end_unix_ns);
    llmobsi_put_text(writer, "\n");
    llmobsi_cost_text_line(page, "all", &answer->total);
    llmobsi_cost_text_unknown(writer, &answer->total);
    llmobsi_put_text(writer, "\n");
    if (page->question->by == LLMOBS_COST_BY_USER) {
        llmobsi_cost_text_users(page);
    }
    for (i = 0; i < answer->count; i++) {
        llmobsi_cost_text_line(page, page->lines[i].name, &page->lines[i].sums);
        llmobsi_cost_text_bracket(writer, &page->lines[i]);
        llmobsi_put_text(writer, "\n");
    }
    if (answer->rest.requests > 0) {
        llmobsi_cost_text_line(page, "(the others)", &answer->rest);
        llmobsi_put_text(writer, "\n");
    }
}

/* ---- JSON ---------------------------------------------------------------------------------- */

/* A sum, or what stands for one that is not kept of users. */
llmobsi_fn void llmobsi_put_sum(llmobsi_writer* writer, int64_t sum, bool is_nano,
                                const char* unknown)
{
    if (sum < 0) {
        llmobsi_put_word(writer, unknown);
    } else if (is_nano) {
        llmobsi_put_nano(writer, sum);
    } else {
        llmobsi_put_i64(writer, sum);
    }
}

/* The sums by name. */
#define LLMOBS_I_COST_COUNTS(X)                                                                   \
    X(requests) X(errors) X(unknown) X(unbounded) X(tokens) X(input_tokens) X(output_tokens)      \
    X(cached_tokens) X(cache_write_tokens) X(reasoning_tokens) X(audio_input_tokens)              \
    X(audio_output_tokens) X(image_input_tokens) X(image_output_tokens)

llmobsi_fn void llmobsi_cost_json_sums(llmobsi_writer* writer, const llmobs_cost_sums* sums)
{
    llmobsi_put_text(writer, "\"cost_usd\":");
    llmobsi_put_nano(writer, sums->cost_nano);
    llmobsi_put_text(writer, ",\"unknown_low_usd\":");
    llmobsi_put_nano(writer, sums->low_nano);
    llmobsi_put_text(writer, ",\"unknown_high_usd\":");
    if (sums->unbounded > 0) {
        llmobsi_put_text(writer, "null");
    } else {
        llmobsi_put_nano(writer, sums->high_nano);
    }
    llmobsi_put_text(writer, ",\"latency_s\":");
    llmobsi_put_sum(writer, sums->latency_ns, true, "null");
    llmobsi_put_text(writer, ",\"saved_usd\":");
    llmobsi_put_sum(writer, sums->saved_nano, true, "null");
#define LLMOBS_I_COST_MEMBER(count)                     \
    llmobsi_put_text(writer, ",\"" #count "\":");       \
    llmobsi_put_sum(writer, sums->count, false, "null");
    LLMOBS_I_COST_COUNTS(LLMOBS_I_COST_MEMBER)
#undef LLMOBS_I_COST_MEMBER
}

llmobsi_fn void llmobsi_cost_json_line(llmobsi_writer* writer, const llmobs_cost_line* line)
{
    llmobsi_put_text(writer, "{\"name\":");
    llmobsi_json_string(writer, line->name, strlen(line->name));
    llmobsi_put_text(writer, ",\"low_usd\":");
    llmobsi_put_nano(writer, line->low_nano);
    llmobsi_put_text(writer, ",\"high_usd\":");
    if (line->high_nano == INT64_MAX) {
        llmobsi_put_text(writer, "null");
    } else {
        llmobsi_put_nano(writer, line->high_nano);
    }
    llmobsi_put_text(writer, ",\"guaranteed\":");
    llmobsi_put_word(writer, line->guaranteed ? "true," : "false,");
    llmobsi_cost_json_sums(writer, &line->sums);
    llmobsi_put_text(writer, "}");
}

llmobsi_fn void llmobsi_cost_json_users(const llmobsi_cost_page* page)
{
    const llmobs_cost_answer* answer = page->answer;
    llmobsi_put_text(page->writer, ",\"users\":{\"count\":");
    llmobsi_put_u64(page->writer, answer->unique.count);
    llmobsi_put_text(page->writer, ",\"standard_error\":");
    llmobsi_put_double(page->writer, answer->unique.standard_error);
    llmobsi_put_text(page->writer, ",\"listed_low_usd\":");
    llmobsi_put_nano(page->writer, answer->users.low);
    llmobsi_put_text(page->writer, ",\"listed_high_usd\":");
    llmobsi_put_nano(page->writer, answer->users.high);
    llmobsi_put_text(page->writer, ",\"total_usd\":");
    llmobsi_put_nano(page->writer, answer->users.total);
    llmobsi_put_text(page->writer, ",\"nobodys_usd\":");
    llmobsi_put_nano(page->writer, answer->nobodys_nano);
    llmobsi_put_text(page->writer, "}");
}

llmobsi_fn void llmobsi_cost_print_json(const llmobsi_cost_page* page)
{
    const llmobs_cost_answer* answer = page->answer;
    llmobsi_writer* writer = page->writer;
    size_t i;
    llmobsi_put_text(writer, "{\"schema\":\"llmobs.cost/1\",\"by\":\"");
    llmobsi_put_word(writer, llmobsi_cost_by_name(page->question->by));
    llmobsi_put_text(writer, "\",\"begin\":\"");
    llmobsi_put_border(writer, answer->begin_unix_ns);
    llmobsi_put_text(writer, "\",\"end\":\"");
    llmobsi_put_border(writer, answer->end_unix_ns);
    llmobsi_put_text(writer, "\",\"total\":{");
    llmobsi_cost_json_sums(writer, &answer->total);
    llmobsi_put_text(writer, "},\"lines\":[");
    for (i = 0; i < answer->count; i++) {
        llmobsi_put(writer, ",", i > 0);
        llmobsi_cost_json_line(writer, &page->lines[i]);
    }
    llmobsi_put_text(writer, "]");
    if (page->question->by == LLMOBS_COST_BY_USER) {
        llmobsi_cost_json_users(page);
    } else {
        llmobsi_put_text(writer, ",\"rest\":{");
        llmobsi_cost_json_sums(writer, &answer->rest);
        llmobsi_put_text(writer, "}");
    }
    llmobsi_put_text(writer, "}\n");
}

/* ---- CSV ----------------------------------------------------------------------------------- */

/* A name in quotes. One that a spreadsheet would take for a formula gets an apostrophe. */
llmobsi_fn void llmobsi_cost_csv_name(llmobsi_writer* writer, const char* name)
{
    char safe[3 * LLMOBS_EXPLAINED_TEXT];
    size_t size = llmobsi_cost_name_clean(name, safe);
    size_t i;
    llmobsi_put_text(writer, "\"");
    if (size > 0 && strchr("=+-@", safe[0]) != NULL) {
        llmobsi_put_text(writer, "'");
    }
    for (i = 0; i < size; i++) {
        llmobsi_put(writer, "\"\"", safe[i] == '"' ? 1 : 0);
        llmobsi_put(writer, safe + i, 1);
    }
    llmobsi_put_text(writer, "\"");
}

llmobsi_fn void llmobsi_cost_csv_line(llmobsi_writer* writer, const char* name, int64_t low_nano,
                                      int64_t high_nano, const char* guaranteed,
                                      const llmobs_cost_sums* sums)
{
    llmobsi_cost_csv_name(writer, name);
    llmobsi_put_text(writer, ",");
    llmobsi_put_nano(writer, sums->cost_nano);
    llmobsi_put_text(writer, ",");
    llmobsi_put_nano(writer, low_nano);
    llmobsi_put_text(writer, ",");
    if (high_nano != INT64_MAX) {
        llmobsi_put_nano(writer, high_nano);
    }
    llmobsi_put_text(writer, ",");
    llmobsi_put_word(writer, guaranteed);
    llmobsi_put_text(writer, ",");
    llmobsi_put_sum(writer, sums->latency_ns, true, "");
    llmobsi_put_text(writer, ",");
    llmobsi_put_sum(writer, sums->saved_nano, true, "");
#define LLMOBS_I_COST_COLUMN(count)   \
    llmobsi_put_text(writer, ",");    \
    llmobsi_put_sum(writer, sums->count, false, "");
    LLMOBS_I_COST_COUNTS(LLMOBS_I_COST_COLUMN)
#undef LLMOBS_I_COST_COLUMN
    llmobsi_put_text(writer, "\r\n");
}

llmobsi_fn void llmobsi_cost_print_csv(const llmobsi_cost_page* page)
{
    const llmobs_cost_sums* rest = &page->answer->rest;
    llmobsi_writer* writer = page->writer;
    size_t i;
    llmobsi_put_word(writer, llmobsi_cost_by_name(page->question->by));
    llmobsi_put_text(writer, ",cost_usd,low_usd,high_usd,guaranteed,latency_s,saved_usd");
#define LLMOBS_I_COST_HEADER(count) llmobsi_put_text(writer, "," #count);
    LLMOBS_I_COST_COUNTS(LLMOBS_I_COST_HEADER)
#undef LLMOBS_I_COST_HEADER
    llmobsi_put_text(writer, "\r\n");
    for (i = 0; i < page->answer->count; i++) {
        const llmobs_cost_line* line = &page->lines[i];
        llmobsi_cost_csv_line(writer, line->name, line->low_nano, line->high_nano,
                              line->guaranteed ? "true" : "false", &line->sums);
    }
    if (rest->requests > 0) {
        llmobsi_cost_csv_line(writer, "(the others)",
                              llmobsi_cost_plus(rest->cost_nano, rest->low_nano),
                              llmobsi_cost_most(rest), "", rest);
    }
}

/* ---- the whole ----------------------------------------------------------------------------- */

LLMOBS_API llmobs_result llmobs_cost_report_write(llmobs* obs,
                                                  const llmobs_cost_question* question, size_t top,
                                                  llmobs_report_format format,
                                                  llmobs_write_fn write, void* user)
{
    llmobs_cost_question asked = llmobs_cost_question_default();
    llmobs_cost_line lines[LLMOBS_REPORT_LINES];
    llmobs_cost_answer answer;
    llmobsi_cost_page page;
    llmobsi_writer writer;
    llmobs_result result;
    char buffer[1024];
    if (write == NULL || (unsigned)format > (unsigned)LLMOBS_REPORT_CSV) {
        return LLMOBS_ERROR_ARGUMENT;
    }
    if (question != NULL) {
        memcpy(&asked, question, llmobsi_known_size(question->size, sizeof asked));
        asked.size = sizeof asked;
    }
    result = llmobs_cost_report(obs, &asked, lines,
                                top < LLMOBS_REPORT_LINES ? top : LLMOBS_REPORT_LINES, &answer);
    if (result != LLMOBS_OK) {
        return result;
    }
    llmobsi_writer_init(&writer, buffer, sizeof buffer, write, user);
    page.writer = &writer;
    page.question = &asked;
    page.answer = &answer;
    page.lines = lines;
    if (format == LLMOBS_REPORT_JSON) {
        llmobsi_cost_print_json(&page);
    } else if (format == LLMOBS_REPORT_CSV) {
        llmobsi_cost_print_csv(&page);
    } else {
        llmobsi_cost_print_text(&page);
    }
    return llmobsi_writer_finish(&writer) ? LLMOBS_OK : LLMOBS_ERROR_SYSTEM;
}
