/* What an engine does once, outside its loop: an instance, a request that arrives, GET /metrics. An
   instance that is NULL is off: it costs a branch in every call. */
#ifndef OBSERVE_H
#define OBSERVE_H

#include "llmobs.h"

#include <string>

/* Opens an instance, with an exporter where `otlp_file` is not null. Null: it can't be written. */
llmobs* observe_open(const char* otlp_file);

/* Begins a request, where it arrives; llmobs_request_end where it is over. `traceparent` is the
   header of that name, or null. */
llmobs_request observe_request(llmobs* obs, const std::string& id, const char* model,
                               const std::string& prompt, const char* traceparent);

/* Appends the metrics to the text that the engine's own handler of GET /metrics has made. That text
   must end its last line, and have no family that is in ours. From any thread, at any time: it
   waits neither for a decode nor for a lock. False: there is no memory, or `obs` is closed. */
bool append_metrics(llmobs* obs, std::string& page);

#endif
