/* LTTng-UST's side of bench_span.c: the probes of two events. tracepoint.h reads this file several
   times, hence the unusual guard. */
#undef TRACEPOINT_PROVIDER
#define TRACEPOINT_PROVIDER llmobs_bench
#undef TRACEPOINT_INCLUDE
#define TRACEPOINT_INCLUDE "peer_lttng.h"

#if !defined(PEER_LTTNG_H) || defined(TRACEPOINT_HEADER_MULTI_READ)
#define PEER_LTTNG_H

#include <lttng/tracepoint.h>

TRACEPOINT_EVENT(llmobs_bench, begin,
                 TP_ARGS(const char*, name, uint64_t, id, uint64_t, parent),
                 TP_FIELDS(ctf_string(name, name) ctf_integer(uint64_t, id, id)
                               ctf_integer(uint64_t, parent, parent)))

TRACEPOINT_EVENT(llmobs_bench, end, TP_ARGS(uint64_t, id),
                 TP_FIELDS(ctf_integer(uint64_t, id, id)))

TRACEPOINT_EVENT(llmobs_bench, end_with_six,
                 TP_ARGS(uint64_t, id, const char*, model, const char*, response, int64_t, input,
                         int64_t, output, double, temperature, int, stream),
                 TP_FIELDS(ctf_integer(uint64_t, id, id) ctf_string(model, model)
                               ctf_string(response, response) ctf_integer(int64_t, input, input)
                                   ctf_integer(int64_t, output, output)
                                       ctf_float(double, temperature, temperature)
                                           ctf_integer(int, stream, stream)))

#endif

#include <lttng/tracepoint-event.h>
