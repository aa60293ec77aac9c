/* The question to a judge in a build without the scanner: texts go out as they came, and only if
   that is asked for. */
#define LLMOBS_NO_SCANNER
#define LLMOBS_IMPLEMENTATION
#include "llmobs.h"
#include "tap.h"

int main(void)
{
    static char out[LLMOBS_JUDGE_PROMPT_ROOM];
    llmobs_judge_prompt_options options = llmobs_judge_prompt_options_default();
    llmobs_capture capture;
    size_t size;
    memset(&capture, 0, sizeof capture);
    capture.output.head = llmobs_str("ann@example.com");
    capture.output.size = capture.output.head.size;
    strcpy(out, "x");
    is_int(llmobs_judge_prompt(&capture, NULL, out, sizeof out), 0, "nothing goes out by default");
    is_str(out, "", "nothing at all");
    is_int(llmobs_judge_prompt(&capture, &options, out, sizeof out), 0, "nor with the defaults");
    options.raw = true;
    size = llmobs_judge_prompt(&capture, &options, out, sizeof out);
    ok(size > 0 && strlen(out) == size && strstr(out, ">\nann@example.com\n</response-") != NULL,
       "as it came, if that is asked for");
    ok(strstr(out, "replaced") == NULL, "and it is not said to be anything else");
    return done();
}
