/* RE2's side of bench_privacy.c. */
#include "peer_re2.h"

#include <re2/re2.h>

static RE2* expression;

extern "C" int peer_re2_open(const char* pattern)
{
    RE2::Options options;
    options.set_encoding(RE2::Options::EncodingLatin1);
    options.set_log_errors(false);
    options.set_max_mem(64 << 20);
    expression = new RE2(pattern, options);
    return expression->ok();
}

extern "C" uint64_t peer_re2_scan(const char* text, size_t size)
{
    re2::StringPiece all(text, size), match;
    uint64_t count = 0;
    size_t from = 0;
    while (from < size && expression->Match(all, from, size, RE2::UNANCHORED, &match, 1)) {
        count++;
        from = static_cast<size_t>(match.data() - text) + (match.empty() ? 1 : match.size());
    }
    return count;
}
