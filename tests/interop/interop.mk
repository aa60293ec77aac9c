# What llmobs writes, read by other people's programs. Google's protobuf and Arize Phoenix for Python,
# the OpenTelemetry Collector for Go come from their package registries, into build/interop/;
# Prometheus, its promtool, its client for Python, Alertmanager, libmicrohttpd and libcurl are the
# machine's own.
# What is not to be had is skipped by name; where LLMOBS_CI is set, that fails.
INTEROP := otlp prometheus alert incident alertmanager log cost collector phoenix
.PHONY: interop $(INTEROP:%=interop-%) interop-llama
interop: $(INTEROP:%=interop-%)

# otlp       OTLP in both encodings, by Google's protobuf.
# prometheus what it scrapes.
# alert      rules, by promtool.
# incident   an incident, played to rules in the process, to promtool and to Prometheus.
# log        by the article's own Python, which needs nothing but python3; OTLP logs by the protobuf
#            that interop-otlp has installed.
# cost       exact fractions, by python3's own library.
# collector  a real Collector, built from its Go modules, receives examples/otlp_http.h, goes away
#            for half a minute, reads our files, and runs the configurations of examples/deploy/
#            (docs/scale.md).
# phoenix    the demo's chain, sent to a real Arize Phoenix.
# llama      examples/llama_cpp with the llama.cpp of LLAMA_DIR=prefix or of pkg-config;
#            LLMOBS_LLAMA_INSTALL=1 compiles PyPI's, which takes eight minutes of a processor.
$(INTEROP:%=interop-%) interop-llama: interop-%: llmobs.h
	LLMOBS_TAP=build/gates/interop prove --exec tools/run_test.pl tests/interop/$*.t
	@sed -n 's/^ok .*# skip /SKIP: /p' build/gates/interop/$*.t.tap

interop-llama: export LLMOBS_SECONDS := $(or $(LLMOBS_SECONDS),1800)
