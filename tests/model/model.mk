# The lock-free parts under C11's memory model (relacy) and at every interleaving (spin), and the
# models themselves under weakened orders. Included by the Makefile. Debian: relacy-dev, spin.
MODEL_ITERATIONS ?= 100000
MODELS := $(patsubst tests/model/%.c,build/model/%,$(sort $(wildcard tests/model/model_*.c)))

build/model/engine.o: tests/model/engine.cpp tests/model/model.h
	@mkdir -p build/model
	g++ -std=gnu++17 -O2 -w -fno-access-control -c $< -o $@

# What -fsanitize=thread calls is in the engine; the sanitizer itself is not linked.
build/model/%: tests/model/%.c tests/model/world.h tests/model/model.h build/model/engine.o llmobs.h
	gcc -std=gnu11 -O1 -g -w -fsanitize=thread --param tsan-instrument-func-entry-exit=0 \
	    -fno-store-merging -I. -c $< -o $@.o
	g++ $@.o build/model/engine.o -o $@ -pthread

.PHONY: build-model check-model model-table
build-model: $(MODELS)

check-model: llmobs.h
	@if test -e /usr/include/relacy/relacy.hpp && command -v gcc g++ >/dev/null; then \
	    $(MAKE) --no-print-directory -j$(JOBS) build-model || exit 1; \
	fi; \
	MODEL_ITERATIONS=$(MODEL_ITERATIONS) LLMOBS_TAP=build/gates/model \
	    prove --exec tools/run_test.pl tests/model/model.t; status=$$?; \
	sed -n 's/^ok .*# skip /SKIP: /p' build/gates/model/model.t.tap; exit $$status

# Every weakened order with what sees it, those that do not matter too: some minutes.
model-table: build-model
	tests/model/mutate.pl --all --table --iterations $(MODEL_ITERATIONS)
