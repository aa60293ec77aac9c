# What llmobs writes, read by other people's programs. Google's protobuf and Arize Phoenix for Python,
# the OpenTelemetry Collector for Go come from their package registries, into build/interop/;
# Prometheus, its promtool, its client for Python, Alertmanager, libmicrohttpd and libcurl are the
# machine's own.
# What is not to be had is skipped by name; where LLMOBS_CI is set, that fails.
.PHONY: interop interop-otlp interop-prometheus interop-alert interop-incident interop-alertmanager interop-log interop-cost \
        interop-collector interop-phoenix
interop: interop-otlp interop-prometheus interop-alert interop-incident interop-alertmanager interop-log interop-cost \
         interop-collector interop-phoenix

interop-otlp: llmobs.h
	LLMOBS_TAP=build/gates/interop prove --exec tools/run_test.pl tests/interop/otlp.t
	@sed -n 's/^ok .*# skip /SKIP: /p' build/gates/interop/otlp.t.tap

# The article's own Python, which needs nothing but python3; OTLP logs by the protobuf that
# interop-otlp has installed.
interop-log: llmobs.h
	LLMOBS_TAP=build/gates/interop prove --exec tools/run_test.pl tests/interop/log.t
	@sed -n 's/^ok .*# skip /SKIP: /p' build/gates/interop/log.t.tap

interop-prometheus: llmobs.h
	LLMOBS_TAP=build/gates/interop prove --exec tools/run_test.pl tests/interop/prometheus.t
	@sed -n 's/^ok .*# skip /SKIP: /p' build/gates/interop/prometheus.t.tap

interop-alertmanager: llmobs.h
	LLMOBS_TAP=build/gates/interop prove --exec tools/run_test.pl tests/interop/alertmanager.t
	@sed -n 's/^ok .*# skip /SKIP: /p' build/gates/interop/alertmanager.t.tap

# Alert rules, by promtool.
interop-alert: llmobs.h
	LLMOBS_TAP=build/gates/interop prove --exec tools/run_test.pl tests/interop/alert.t
	@sed -n 's/^ok .*# skip /SKIP: /p' build/gates/interop/alert.t.tap

# An incident, played to rules in the process, to promtool and to Prometheus.
interop-incident: llmobs.h
	LLMOBS_TAP=build/gates/interop prove --exec tools/run_test.pl tests/interop/incident.t
	@sed -n 's/^ok .*# skip /SKIP: /p' build/gates/interop/incident.t.tap

# Exact fractions, by python3's own library.
interop-cost: llmobs.h
	LLMOBS_TAP=build/gates/interop prove --exec tools/run_test.pl tests/interop/cost.t
	@sed -n 's/^ok .*# skip /SKIP: /p' build/gates/interop/cost.t.tap

# A real Collector, built from its Go modules, receives examples/otlp_http.h, goes away for half a
# minute, reads our files, and runs the configurations of examples/deploy/ (docs/scale.md).
interop-collector: llmobs.h
	LLMOBS_TAP=build/gates/interop prove --exec tools/run_test.pl tests/interop/collector.t
	@sed -n 's/^ok .*# skip /SKIP: /p' build/gates/interop/collector.t.tap

# The demo's chain, sent to a real Arize Phoenix.
interop-phoenix: llmobs.h
	LLMOBS_TAP=build/gates/interop prove --exec tools/run_test.pl tests/interop/phoenix.t
	@sed -n 's/^ok .*# skip /SKIP: /p' build/gates/interop/phoenix.t.tap

# examples/llama_cpp with the llama.cpp of LLAMA_DIR=prefix or of pkg-config; LLMOBS_LLAMA_INSTALL=1
# compiles PyPI's, which takes eight minutes of a processor.
.PHONY: interop-llama
interop-llama: llmobs.h
	LLMOBS_TAP=build/gates/interop LLMOBS_SECONDS=$${LLMOBS_SECONDS:-1800} \
	    prove --exec tools/run_test.pl tests/interop/llama_cpp.t
	@sed -n 's/^ok .*# skip /SKIP: /p' build/gates/interop/llama_cpp.t.tap
