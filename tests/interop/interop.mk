# What llmobs writes, read by other people's decoders: Google's protobuf for Python, and the
# OpenTelemetry Collector's for Go. Both come from their package registries, into build/interop/.
# What is not to be had is skipped by name; where LLMOBS_CI is set, that fails.
.PHONY: interop
interop: llmobs.h
	LLMOBS_TAP=build/gates/interop prove --exec tools/run_test.pl tests/interop/otlp.t
	@sed -n 's/^ok .*# skip /SKIP: /p' build/gates/interop/otlp.t.tap
