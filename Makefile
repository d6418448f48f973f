# One word for each thing a person does here; `make` alone lists them. Every target brings its own set-up: on a Debian 12 or 13
# with nothing but git and make, `make demo` is enough.
SHELL := /bin/bash
JOBS  ?= $(shell nproc)
# Of tests at once: the long ones wait most of the time, for credentials that end and for a cloud that is asked once a second.
TEST_JOBS ?= $(shell expr 2 '*' $(JOBS))
FUZZ_SECONDS ?= 60
# What `make test-profiled` runs: a regular expression over the names that `ctest -N` lists.
PROFILED_TESTS ?= .
# `make bench BESIDE=DIR` measures the gateway of DIR, too, in the same rounds: what a change costs.
BESIDE ?=
SETUP := tools/setup.sh

.PHONY: help setup build profiled demo run test unit test-profiled test-sanitize test-threads test-kills test-following test-replicas bench bench-all bench-micro instructions-keep fuzz fuzz-differential package reference format format-check lint clean
.DEFAULT_GOAL := help

help:           ## this list
	@sed -n 's/^\([a-z-]*\): .*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup:          ## install everything that the other targets need (they do it themselves, too)
	@$(SETUP) all

build:          ## build/release/bin/ecs-gateway and build/release/bin/ecs-simulator
	@$(SETUP) build
	cmake --preset release --log-level=WARNING
	ninja -C build/release -j$(JOBS) ecs-gateway ecs-simulator

profiled:       ## both programs as packages hold them, in build/profiled/bin: compiled by the counts of a load; four minutes
	@$(SETUP) build profile
	@JOBS=$(JOBS) tools/profiled.sh profiled ecs-gateway ecs-simulator

demo: build     ## a story of calls through the gateway, told step by step; ends by itself
	@$(SETUP) test sdk
	@tools/demo.sh

run: build      ## the gateway and the simulator of the demo, until Ctrl-C
	@$(SETUP) test
	@tools/demo.sh --stay

test:           ## every test, with the programs of one plain build
	@$(SETUP) build test sdk browser package deploy
	cmake --preset release --log-level=WARNING
	ninja -C build/release -j$(JOBS)
	ctest --test-dir build/release --output-on-failure -j$(TEST_JOBS)

unit:           ## the unit tests alone, built for it: seconds
	@$(SETUP) build test
	cmake --preset release --log-level=WARNING
	ninja -C build/release -j$(JOBS) unit_tests
	ctest --test-dir build/release --output-on-failure -j$(TEST_JOBS) -L unit

test-profiled: profiled ## the whole-program tests, with the programs as packages hold them
	@$(SETUP) build test sdk browser package deploy
	cmake --preset release -DGATEWAY_PROGRAMS=$(CURDIR)/build/profiled/bin --log-level=WARNING
	ctest --test-dir build/release --output-on-failure -j$(TEST_JOBS) -L integration -R '$(PROFILED_TESTS)' -E '^bench'

test-sanitize:  ## every test again, under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(SETUP) build test sdk
	cmake --preset asan --log-level=WARNING
	ninja -C build/asan -j$(JOBS)
	ctest --test-dir build/asan --output-on-failure -j$(TEST_JOBS)

bench: profiled ## the goals: the gateway beside nginx; seven minutes after the builds; BESIDE=DIR adds another build of it
	@$(SETUP) test bench
	cmake --preset release --log-level=WARNING
	ninja -C build/release -j$(JOBS) ledger_bench
	ninja -C build/profiled -j$(JOBS) steady_load
	@JOBS=$(JOBS) tools/profiled.sh unrecorded ecs-gateway
	@/usr/bin/python3 -B bench/proxy_bench.py --goals --beside unrecorded=build/unrecorded/bin $(if $(BESIDE),--beside before=$(BESIDE))
	@/usr/bin/python3 -B bench/changes_bench.py --callers 64 --rounds 2

bench-all: profiled ## all of docs/performance.md: HAProxy, slow calls, growth, idle connections; 25 minutes after the builds
	@$(SETUP) test bench
	ninja -C build/profiled -j$(JOBS) steady_load
	@JOBS=$(JOBS) tools/profiled.sh unrecorded ecs-gateway
	@/usr/bin/python3 -B bench/proxy_bench.py --beside unrecorded=build/unrecorded/bin
	@/usr/bin/python3 -B bench/tail_bench.py
	@/usr/bin/python3 -B bench/scale_bench.py
	ninja -C build/release -j$(JOBS) ecs-gateway ledger_bench make_ledger steady_load
	@/usr/bin/python3 -B bench/changes_bench.py
	@/usr/bin/python3 -B bench/following_bench.py
	@GATEWAY_BIN_DIR=build/profiled/bin /usr/bin/python3 -B bench/idle_memory.py

bench-micro:    ## the micro-benchmarks of signing, policy and the others
	@$(SETUP) build
	cmake --preset release --log-level=WARNING
	ninja -C build/release -j$(JOBS) benchmarks
	@for bench in build/release/bin/*_bench; do "$$bench" || exit; done

instructions-keep: build ## keep the instructions of a call, as they are now, for the test that watches over them
	@$(SETUP) test
	@GATEWAY_BIN_DIR=build/release/bin /usr/bin/python3 -B bench/instructions.py --keep

fuzz:           ## every fuzz target for FUZZ_SECONDS (60) each, from the kept corpus
	@$(SETUP) build fuzz
	cmake --preset fuzz --log-level=WARNING
	ninja -C build/fuzz -j$(JOBS) fuzzers
	tests/fuzz/run.sh build/fuzz/bin $(FUZZ_SECONDS)

fuzz-differential: build ## 100,000 mutated requests: what is sent on must read the same for another parser
	@$(SETUP) test
	GATEWAY_BIN_DIR=build/release/bin /usr/bin/python3 -B tests/fuzz/differential.py --count 100000

test-threads:   ## the integration tests under ThreadSanitizer
	@$(SETUP) build test sdk
	cmake --preset tsan --log-level=WARNING
	ninja -C build/tsan -j$(JOBS) ecs-gateway ecs-simulator
	GATEWAY_BIN_DIR=build/tsan/bin TSAN_OPTIONS=exitcode=66 /usr/bin/python3 -B -m pytest -q -p no:cacheprovider tests/integration

test-kills: build ## 300 kills at random moments under load, and what cloud and ledger say afterwards: some minutes
	@$(SETUP) test
	GATEWAY_KILLS=300 GATEWAY_BIN_DIR=build/release/bin /usr/bin/python3 -B -m pytest -q -s -p no:cacheprovider \
	    tests/integration/test_ledger_kills.py -k random_moments

test-following: build ## 1,000 changes whose answers were lost, and every malformed form of a trace: some minutes
	@$(SETUP) test
	GATEWAY_LOST_ANSWERS=1000 GATEWAY_ALL_FORMS=1 GATEWAY_BIN_DIR=build/release/bin /usr/bin/python3 -B -m pytest -q -s -p no:cacheprovider \
	    tests/integration/test_evidence.py -k 'malformed or every_change'

test-replicas: build ## 200 times that a replica, the database or the network between fails, under load; twenty minutes
	@$(SETUP) test
	GATEWAY_EVENTS=200 GATEWAY_BIN_DIR=build/release/bin /usr/bin/python3 -B -m pytest -q -s -p no:cacheprovider \
		tests/integration/test_replica_faults.py

package: profiled ## build/profiled/packages/ecs-gateway_*.deb
	@$(SETUP) package
	cd build/profiled && cpack --config CPackConfig.cmake

reference:      ## docs/configuration.md and conf/gateway.schema.json anew, from the schema that files are read by
	@$(SETUP) build test
	cmake --preset release --log-level=WARNING
	ninja -C build/release -j$(JOBS) describe
	build/release/bin/describe reference > docs/configuration.md
	build/release/bin/describe schema | /usr/bin/python3 -m json.tool --no-ensure-ascii > conf/gateway.schema.json

format:         ## let clang-format 14 decide all white space
	@$(SETUP) lint
	git ls-files -co --exclude-standard '*.cpp' '*.hpp' | xargs -r clang-format-14 -i

format-check:   ## fails where `make format` would change something
	@$(SETUP) lint
	git ls-files -co --exclude-standard '*.cpp' '*.hpp' | xargs -r clang-format-14 --dry-run --Werror

lint: format-check ## clang-tidy over src and the simulator
	@$(SETUP) build lint
	cmake --preset lint --log-level=WARNING
	tools/lint.sh $(JOBS)

clean:          ## remove build/
	rm -rf build
