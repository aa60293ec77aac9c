# What llmobs writes, read by other people's programs. Google's protobuf for Python and the
# OpenTelemetry Collector's decoder for Go come from their package registries, into build/interop/;
# Prometheus, its promtool, its client for Python, Alertmanager, libmicrohttpd and libcurl are the
# machine's own.
# What is not to be had is skipped by name; where LLMOBS_CI is set, that fails.
.PHONY: interop interop-otlp interop-prometheus interop-alert interop-incident interop-alertmanager interop-log interop-cost
interop: interop-otlp interop-prometheus interop-alert interop-incident interop-alertmanager interop-log interop-cost

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
