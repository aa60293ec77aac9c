# llmobs: `make demo` shows it, `make test` proves it. Both need a C compiler, make and perl.
#
#   make test       the tests, read by prove          make bench      all benches; bench-span, ...
#   make check      sanitizers, analyzers, fuzzing,   make docs       build/docs/: HTML and man page
#                   coverage (needs more tools)       make install    PREFIX=/usr/local DESTDIR=
#   make header     llmobs.h from src/                make api        docs/api.txt from src/
#
# CC, CXX, CFLAGS, LDFLAGS are yours.
CC ?= cc
CXX ?= c++
CFLAGS ?= -g1 -O1
PREFIX ?= /usr/local
JOBS ?= 2

FLAGS := -std=gnu11 -Wall -Wextra -I. -Itests -Ibuild -pthread
LIBS := -pthread -lm -ldl
PARTS := src/header.list src/manual.h examples/quickstart.c tools/amalgamate.pl tools/Sections.pm \
         $(wildcard src/*/*.[ch])
TESTS := $(patsubst tests/%.c,%,$(sort $(wildcard tests/test_*.c)))
SCRIPTS := $(sort $(wildcard tests/*.t))
DEMO := $(sort $(wildcard examples/demo/*.c))
BENCHES := $(patsubst bench/%.c,%,$(sort $(wildcard bench/bench_*.c)))
STRESSES := $(patsubst tests/stress/%.c,%,$(sort $(wildcard tests/stress/stress_*.c)))
FUZZERS := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

.DEFAULT_GOAL := all
.PHONY: all header api demo test check bench docs package install uninstall check-packaging clean
.DELETE_ON_ERROR:

all: header build/demo

# ---- the header -------------------------------------------------------------------------------

# Written only when it changes, so that nothing is compiled anew for nothing.
llmobs.h: FORCE
	@tools/amalgamate.pl
FORCE:

header: llmobs.h

api: llmobs.h
	tools/apidiff.pl --write docs/api.txt

# ---- the demo ---------------------------------------------------------------------------------

# Flags for libcurl, which --endpoint needs, where it is; DEMO_LIBS= builds without.
DEMO_LIBS ?= $(shell tools/peers.sh "$(CC)" "$(CXX)" examples/demo/transfer.c 2>/dev/null)

build/demo: $(DEMO) $(wildcard examples/demo/*.h) llmobs.h
	@mkdir -p build
	$(CC) -std=gnu11 -O2 -Wall -Wextra -I. $(DEMO) -o $@ $(DEMO_LIBS) $(LDFLAGS) $(LIBS)

demo: build/demo
	./build/demo

# ---- the engine -------------------------------------------------------------------------------

ENGINE := $(sort $(wildcard examples/tiny_engine/*.c))

build/tiny_engine: $(ENGINE) $(wildcard examples/tiny_engine/*.h) llmobs.h
	@mkdir -p build
	$(CC) -std=gnu11 -O2 -Wall -Wextra -I. $(ENGINE) -o $@ $(LDFLAGS) $(LIBS)

# ---- tests ------------------------------------------------------------------------------------

# Compiling the implementation is what takes long. Most tests share one copy of it, whose private
# parts they see in llmobs_private.h; an archive, since the others bring their own.
build/llmobs_private.h: llmobs.h tools/private.pl
	@mkdir -p build
	tools/private.pl $@

# Where tests are built once more to be watched, what is inlined by force is called instead: that is
# half of the compiler's work there, and no matter to a sanitizer.
OUTLINE := -Dalways_inline=unused

# $(call copy,DIRECTORY,COMPILER AND FLAGS)
define copy
build/$(1)/private.a: tests/private.c llmobs.h
	@mkdir -p build/$(1)
	$(2) $$(FLAGS) -c $$< -o build/$(1)/private.o
	rm -f $$@; $$(or $$(PLATFORM_AR),ar) rc $$@ build/$(1)/private.o
endef
TEST_PARTS := tests/tap.h $(wildcard tests/*.h tests/golden/*.h tests/exporter_kit/*) \
              build/llmobs_private.h llmobs.h
# One test reads parts of the demo.
build/tests/test_demo: $(DEMO) $(wildcard examples/demo/*.h)

$(eval $(call copy,tests,$(CC) $(CFLAGS)))
build/tests/%: tests/%.c build/tests/private.a $(TEST_PARTS)
	$(CC) $(FLAGS) $(CFLAGS) $< build/tests/private.a -o $@ $(LDFLAGS) $(LIBS)

# The compiler's own work in parallel, whatever -j says.
.PHONY: test-programs
test-programs: $(TESTS:%=build/tests/%) build/demo

test: llmobs.h
	@$(MAKE) --no-print-directory -j$(JOBS) test-programs
	@rm -rf build/tap build/tmp
	prove -j$(JOBS) --exec tools/run_test.pl $(SCRIPTS) $(TESTS:%=build/tests/%)

# ---- check: what takes longer, or needs more tools --------------------------------------------

GATES := check-asan-gcc check-asan-clang check-tsan-gcc check-tsan-clang check-stress check-drift \
         check-engine check-builds check-flags check-model check-canary check-analyzer check-tidy \
         check-cppcheck check-fuzz check-coverage check-packaging
.PHONY: $(GATES)

check: llmobs.h
	@tools/gates.pl check $(GATES)

# $(call need,TOOL): the recipe goes on only where the tool is.
need = command -v $(1) >/dev/null 2>&1 || { echo "SKIP: $(1) not found"; exit 0; }

ADDRESS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
THREAD := -fsanitize=thread -fno-omit-frame-pointer
# Where the kernel spreads addresses wider than the sanitizer knows, without that.
PLAIN := $(shell setarch -R true 2>/dev/null && echo setarch -R)

# Of functions alone, called by one thread: nothing for ThreadSanitizer to see.
FUNCTIONS := alert_parse alert_rules alert_state alert_write decimal drift_fit drift_golden \
    drift_sample drift_score drift_vector drift_window exponential exponential_fast \
    exposition hash heap json json_portable json_read judge_score log_json otlp otlp_log \
    otlp_metric packed period probability prometheus real recognize redact scan \
    scan_portable text text_portable trace_context trigger validate window
THREADED := $(filter-out $(FUNCTIONS:%=test_%),$(TESTS))

# $(call sanitized,NAME,COMPILER,FLAGS,TESTS): unit tests, built and run. The implementation is
# optimised, the tests are not: half of the compiler's work.
define sanitized
$(call copy,$(1),$(2) -g1 -O1 $(OUTLINE) $(3))
build/$(1)/%: tests/%.c build/$(1)/private.a $$(TEST_PARTS)
	$(2) $$(FLAGS) -g1 -O0 $(OUTLINE) $(3) $$< build/$(1)/private.a -o $$@ $$(LIBS)

.PHONY: build-$(1)
build-$(1): $$(addprefix build/$(1)/,$(4))

check-$(1): llmobs.h
	@$$(call need,$(2)); set -e; mkdir -p build; \
	echo 'int main(void) { return 0; }' >build/$(1).c; \
	$(2) $(3) build/$(1).c -o build/$(1).probe 2>/dev/null || \
	    { echo "SKIP: $(2) has no $(1) runtime"; exit 0; }; \
	$$(MAKE) --no-print-directory -j$$(JOBS) build-$(1); \
	ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 \
	UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
	LLMOBS_SANITIZED=1 LLMOBS_SECONDS=900 LLMOBS_TAP=build/gates/$(1) LLMOBS_RUNNER="$$(PLAIN)" \
	    prove --failures -j$$(JOBS) --exec tools/run_test.pl \
	    $$(addprefix build/$(1)/,$(4))
endef
$(eval $(call sanitized,asan-gcc,gcc,$(ADDRESS),$(TESTS)))
$(eval $(call sanitized,asan-clang,clang,$(ADDRESS),$(TESTS)))
$(eval $(call sanitized,tsan-gcc,gcc,$(THREAD),$(THREADED)))
$(eval $(call sanitized,tsan-clang,clang,$(THREAD),$(THREADED)))

# Threads that come and go against exporters of all tempers: ten million spans, and some under
# ThreadSanitizer. And a million damaged files of a flight recorder, under AddressSanitizer.
build/stress/%: tests/stress/%.c tests/tap.h tests/keeper.h llmobs.h
	@mkdir -p build/stress
	$(CC) $(FLAGS) -O2 $< -o $@ $(LIBS)
	$(CC) $(FLAGS) -O1 -g1 $(OUTLINE) $(THREAD) $< -o $@.tsan $(LIBS)

check-stress: llmobs.h
	@set -e; for program in $(STRESSES); do \
	    $(MAKE) --no-print-directory build/stress/$$program; \
	    for run in "build/stress/$$program 10000000" \
	               "$(PLAIN) build/stress/$$program.tsan 300000"; do \
	        echo "# $$run"; \
	        $$run; \
	    done; \
	done; \
	if $(MAKE) --no-print-directory build/asan-gcc/test_recover; then \
	    LLMOBS_STRESS=2500 $(PLAIN) build/asan-gcc/test_recover; \
	else \
	    echo '# a million damaged files: left out, gcc has no AddressSanitizer'; \
	fi

# 500 requests of the engine from 8 threads, some of which leave, scraped meanwhile.
build/tsan/tiny_engine: $(ENGINE) $(wildcard examples/tiny_engine/*.h) llmobs.h
	@mkdir -p build/tsan
	$(CC) -std=gnu11 -O1 -g1 -Wall -Wextra -I. $(OUTLINE) $(THREAD) $(ENGINE) -o $@ $(LIBS)

.PHONY: check-engine
check-engine: llmobs.h
	@mkdir -p build/tsan; echo 'int main(void) { return 0; }' >build/tsan/probe.c; \
	$(CC) $(THREAD) build/tsan/probe.c -o build/tsan/probe 2>/dev/null || \
	    { echo "SKIP: $(CC) has no ThreadSanitizer"; exit 0; }; \
	set -e; $(MAKE) --no-print-directory build/tsan/tiny_engine; \
	for more in '' '--speculate 4 --temperature 0'; do \
	    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 $(PLAIN) build/tsan/tiny_engine \
	        --requests 500 --threads 8 --leave 7 --scrape 1 --metrics build/tsan/metrics.txt \
	        --trace build/tsan/trace.jsonl $$more; \
	done

# DRIFT4's false alarms and its power, over many baselines.
DRIFT_PARTS := tests/tap.h tests/drifting.h tests/drift_world.h
build/stress/drift_world: tests/stress/drift_world.c $(DRIFT_PARTS) llmobs.h
	@mkdir -p build/stress
	$(CC) $(FLAGS) -O2 $< -o $@ $(LIBS)

check-drift: build/stress/drift_world
	$<

# The demo, the examples and the unit tests with canaries as their texts.
check-canary: llmobs.h
	@LLMOBS_TAP=build/gates/canary prove --failures --exec tools/run_test.pl \
	    tests/canary/everywhere.t; status=$$?; \
	sed -n 's/^1\.\.0 # SKIP /SKIP: /p' build/gates/canary/everywhere.t.tap; exit $$status

# What make test looks at for some compilers and standards, for all of them.
check-builds: llmobs.h
	@LLMOBS_WHOLE=1 LLMOBS_SECONDS=1500 LLMOBS_TAP=build/gates/builds \
	    prove --failures --exec tools/run_test.pl tests/warnings.t tests/symbols.t tests/linking.t \
	    tests/same_bits.t

# The flags of engines that embed such headers, where that collection is at hand.
FLAGS_GATE ?= ../shared/flags_gate.sh
check-flags: llmobs.h
	@test -e $(FLAGS_GATE) || { echo "SKIP: $(FLAGS_GATE) not found"; exit 0; }; \
	$(call need,gcc); $(call need,clang); \
	mkdir -p build; bash $(FLAGS_GATE) llmobs.h >build/flags.txt 2>&1; status=$$?; \
	sed 's/^flags_gate/# &/' build/flags.txt; exit $$status

IMPLEMENTATION := tests/compile/implementation.c

# What the analyzers get wrong here, each seen and judged: gcc 12 and cppcheck take an array that is
# filled through a pointer for uninitialised (the sanitizers and the tests know better).
# Its bounds are lower than the defaults, by which it would take more than 24 GB.
check-analyzer: llmobs.h
	@$(call need,gcc); \
	gcc -std=c11 -O1 -fanalyzer -Wno-analyzer-use-of-uninitialized-value -Wall -Wextra -Werror \
	    --param analyzer-max-enodes-per-program-point=3 --param analyzer-bb-explosion-factor=1 \
	    -c $(IMPLEMENTATION) -o /dev/null

TIDY := clang-analyzer-*,bugprone-*,cert-*,concurrency-*,misc-*,performance-*,portability-*
TIDY_NOT := -bugprone-easily-swappable-parameters,-bugprone-reserved-identifier,-cert-dcl37-c
TIDY_NOT := $(TIDY_NOT),-cert-dcl51-cpp,-misc-no-recursion,-bugprone-macro-parentheses
# Products of small constants; texts of counted length; a ticket that is no address; long literals.
TIDY_NOT := $(TIDY_NOT),-bugprone-implicit-widening-of-multiplication-result
TIDY_NOT := $(TIDY_NOT),-bugprone-not-null-terminated-result,-performance-no-int-to-ptr
TIDY_NOT := $(TIDY_NOT),-bugprone-suspicious-missing-comma
# -Wconversion of both compilers sees what narrows, and does not take `a ? char : char` for it.
TIDY_NOT := $(TIDY_NOT),-bugprone-narrowing-conversions
# The environment is read at set-up, a directory by the one who opened it.
TIDY_NOT := $(TIDY_NOT),-concurrency-mt-unsafe
TIDY_NOT := $(TIDY_NOT),-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling
check-tidy: llmobs.h
	@$(call need,clang-tidy); \
	clang-tidy --quiet --warnings-as-errors='*' --header-filter='llmobs\.h' \
	    --checks='-*,$(TIDY),$(TIDY_NOT)' $(IMPLEMENTATION) -- -std=c11

check-cppcheck: llmobs.h
	@$(call need,cppcheck); \
	cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability \
	    -D__linux__ -D__x86_64__ -D__GNUC__=12 -D__GLIBC__=2 -D__ELF__ \
	    --suppress=uninitvar --suppress=ctuuninitvar --error-exitcode=1 $(IMPLEMENTATION)

# Each fuzz target for a moment, from its corpus; FUZZ_SECONDS for longer.
FUZZ_SECONDS ?= 15
FUZZED := -g1 -O1 $(OUTLINE) -fsanitize=address,undefined -fno-sanitize-recover=all
$(eval $(call copy,fuzz,clang $(FUZZED) -fsanitize=fuzzer-no-link))
build/fuzz/%: tests/fuzz/%.c build/fuzz/private.a $(TEST_PARTS)
	clang $(FLAGS) $(FUZZED) -fsanitize=fuzzer $< build/fuzz/private.a -o $@ $(LIBS)

.PHONY: build-fuzz
build-fuzz: $(FUZZERS:%=build/fuzz/%)

check-fuzz: llmobs.h
	@$(call need,clang); set -e; \
	$(MAKE) --no-print-directory -j$(JOBS) build-fuzz; \
	for target in $(FUZZERS); do \
	    corpus=tests/fuzz/corpus/$${target#fuzz_}; mkdir -p build/fuzz/$$target.found; \
	    echo "# $$target for $(FUZZ_SECONDS) s"; \
	    $(PLAIN) build/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 \
	        -artifact_prefix=build/fuzz/$$target. build/fuzz/$$target.found \
	        $$(test -d $$corpus && echo $$corpus); \
	done

# Compiled without optimisation or inlining: a branch of the source is a branch of the program.
COVERAGE_LINES ?= 90
COVERAGE_BRANCHES ?= 60
$(eval $(call copy,coverage,gcc -O0 $(OUTLINE) --coverage))
build/coverage/%: tests/%.c build/coverage/private.a $(TEST_PARTS)
	gcc $(FLAGS) -O0 $(OUTLINE) --coverage $< build/coverage/private.a -o $@ $(LIBS)

.PHONY: build-coverage
build-coverage: $(TESTS:%=build/coverage/%)

check-coverage: llmobs.h
	@$(call need,gcc); $(call need,gcov); set -e; \
	$(MAKE) --no-print-directory -j$(JOBS) build-coverage; rm -f build/coverage/*.gcda; \
	status=0; LLMOBS_SANITIZED=1 LLMOBS_SECONDS=900 LLMOBS_TAP=build/gates/coverage \
	    prove --failures -j$(JOBS) --exec tools/run_test.pl \
	    $(TESTS:%=build/coverage/%) || status=1; \
	tools/coverage.pl --lines $(COVERAGE_LINES) --branches $(COVERAGE_BRANCHES) \
	    build/coverage || status=1; \
	exit $$status

include tests/interop/interop.mk
include tests/model/model.mk

# ---- platforms --------------------------------------------------------------------------------

# The unit tests on other machines than this one, built and run by tools/platforms.pl, which has the
# table of targets and comes back here with PLATFORM for one of them. Time is the compilers': tests
# are not optimised there, and begin with a precompiled header where the compiler can (gcc; it takes
# those whose first words are that header and the macro).
.PHONY: platforms
platforms: build/llmobs_private.h
	tools/platforms.pl

ifdef PLATFORM
$(eval $(call copy,platforms/$(PLATFORM),$(PLATFORM_CC)))
PLATFORM_TEST := $(PLATFORM_CC) -O0 -D_GNU_SOURCE= -Ibuild/platforms/$(PLATFORM) $(FLAGS)

build/platforms/$(PLATFORM)/llmobs_private.h.gch: build/llmobs_private.h
	$(PLATFORM_TEST) -w -x c-header $< -o $@

build/platforms/$(PLATFORM)/%.o: tests/%.c $(TEST_PARTS) $(PLATFORM_HEADER)
	$(PLATFORM_TEST) $(PLATFORM_INCLUDE) -c $< -o $@

.PRECIOUS: build/platforms/$(PLATFORM)/%.o
build/platforms/$(PLATFORM)/%$(PLATFORM_SUFFIX): build/platforms/$(PLATFORM)/%.o \
                                                 build/platforms/$(PLATFORM)/private.a
	$(PLATFORM_CC) $(FLAGS) $^ -o $@ $(LIBS)
endif

# ---- benches ----------------------------------------------------------------------------------

# Peers are compared with where they are, and skipped by name where not.
build/bench/%: bench/%.c $(wildcard bench/*.h bench/*.cpp bench/*.proto) llmobs.h
	@mkdir -p build/bench
	$(CC) -std=gnu11 -O2 -g -Wall -Wextra -I. -Ibench -pthread $< -o $@ \
	    $$(tools/peers.sh "$(CC)" "$(CXX)" $<) $(LIBS)

bench: $(BENCHES:%=build/bench/%)
	@for program in $^; do echo "== $$program"; $$program || exit 1; done

# Not how long, but how large.
bench-size: llmobs.h
	@bench/size.pl

# bench-span runs bench/bench_span.c, and so on.
bench-%: build/bench/bench_%
	@$<

# ---- documentation ----------------------------------------------------------------------------

docs: llmobs.h
	@mkdir -p build/docs
	tools/apidocs.pl --html build/docs/api.html --man build/docs/llmobs.3

# ---- install ----------------------------------------------------------------------------------

# What is installed, below PREFIX; CMakeLists.txt has the same. All of it may be moved as a whole.
VERSION := $(shell sed -n 's/^.define LLMOBS_VERSION_STRING "\(.*\)"/\1/p' src/platform/platform.h)
PACKAGE := include/llmobs.h share/pkgconfig/llmobs.pc share/llmobs/llmobs.c \
           share/cmake/llmobs/llmobsConfig.cmake share/cmake/llmobs/llmobsConfigVersion.cmake \
           share/cmake/llmobs/llmobsImplementation.cmake share/doc/llmobs/LICENSE \
           share/man/man3/llmobs.3
INSTALL_TO = $(DESTDIR)$(PREFIX)

package: llmobs.h docs
	@rm -rf build/package; \
	for file in $(PACKAGE); do \
	    mkdir -p "build/package/$${file%/*}"; name=$${file##*/}; \
	    for from in "packaging/$$name.in" "packaging/$$name" "build/docs/$$name" "$$name"; do \
	        test ! -e "$$from" || break; \
	    done; \
	    sed 's/@LLMOBS_VERSION@/$(VERSION)/g' "$$from" >"build/package/$$file" || exit 1; \
	done

install: package
	@set -e; for file in $(PACKAGE); do \
	    mkdir -p "$(INSTALL_TO)/$${file%/*}"; \
	    install -m 644 "build/package/$$file" "$(INSTALL_TO)/$$file"; \
	done

# Takes away what install has brought, and directories that bear the library's name.
uninstall:
	@for file in $(PACKAGE); do rm -f "$(INSTALL_TO)/$$file"; done; \
	for place in cmake doc .; do rmdir "$(INSTALL_TO)/share/$$place/llmobs" 2>/dev/null || :; done

# What tests/packaging.t does, with what takes longer or needs more: the implementation compiled by
# CMake, the vcpkg port, Conan (PYTHON has it, or can get it).
check-packaging: llmobs.h
	@LLMOBS_WHOLE=1 LLMOBS_SECONDS=1500 LLMOBS_TAP=build/gates/packaging \
	    prove --failures --exec tools/run_test.pl tests/packaging.t; status=$$?; \
	sed -n 's/^ok .* \# skip /SKIP: /p' build/gates/packaging/packaging.t.tap; exit $$status

clean:
	rm -rf build out
