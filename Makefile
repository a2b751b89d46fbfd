# SPDX-License-Identifier: GPL-2.0
# Bulkhead's entry points; `make help` lists them. Each target is one script.

FLAVOUR	 ?= default
FEATURES ?= all
export FLAVOUR FEATURES KERNEL_SRC CPUS REPEAT MODE MEMORY DISKS CGROUP TIMEOUT RUN MUTANTS \
	INSTRUMENT ROUNDS BOOTS MOST_BOOTS SEED QUICK VARIANTS PIN

# The scripts see to parallelism and to order themselves.
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

all: ## everything: build, boot, the suites that changed, the roadmap, the verdict (default)
	@KEPT=y scripts/check

test: ## all of the project's tests, what CI runs; some: TESTS="unit harness/boot suites/debug"
	@scripts/test $(TESTS)

mutants: ## kernels that are wrong on purpose: does each suite say so? MUTANTS="pids-..."
	@scripts/test harness/mutants

check: ## only some suites: SUITES="pidns oom-handler" FLAVOUR= CPUS= REPEAT=
	@scripts/check $(SUITES)

machine: ## checkpoint/restart on an emulated x86_64 machine, not User-Mode Linux
	@FLAVOUR=counted scripts/check $(addprefix checkpoint/,tree signals memory files namespaces ipc images freeze rseq)

build: ## everything that a boot needs, but no boot
	@scripts/build

run: ## boot, run one command, exit with its status: CMD="..." CPUS= MEMORY= DISKS= CGROUP=
	@CMD='$(subst ','\'',$(CMD))'; scripts/run "$$CMD"

shell: ## boot and open a terminal in the guest
	@scripts/run --shell

bench: ## what operations cost: BENCH="memory pids" INSTRUMENT=counted|timed|both ROUNDS= BOOTS= MOST_BOOTS= QUICK=y VARIANTS=
	@scripts/bench $(BENCH)

bench-compare: ## two recorded runs of it: A=dir B=dir
	@scripts/bench --compare "$(A)" "$(B)"

series: ## the stack as mails, under build/series, for git send-email
	@scripts/series

refresh: ## take edits in build/tree back into the stack: FEATURE=oom-handler
	@scripts/refresh $(FEATURE)

lint: ## checkpatch, sparse, shellcheck and what else costs nothing
	@scripts/lint

clean: ## remove what was compiled; the tree, the caches and the results stay
	@scripts/clean

distclean: ## remove build/ (the cache folder outside stays)
	@scripts/clean --all

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
	@printf '\nFLAVOUR=%s  KERNEL_SRC=dir (another kernel tree)  FEATURES=none|"a b"\n' \
		"$$(ls uml-configs/*.flavour | sed 's,.*/,,; s,\.flavour,,' | paste -sd'|')"
	@printf 'suites: %s\n' "$$(ls -d selftests/*/*/suite | sed 's,selftests/,,; s,/suite,,' | paste -sd' ')"

# Folders, of which make would say that there is nothing to be done.
kernel scripts tools uml-configs:
	$(error '$@' is a folder and no target; make build compiles all that a boot needs)

selftests:
	$(error '$@' is a folder and no target; make check SUITES="..." runs suites)

tests:
	$(error '$@' is a folder and no target; make test runs all of the project's tests)

Documentation:
	$(error '$@' is a folder and no target; make help lists the targets)

.PHONY: all test mutants check machine build run shell bench bench-compare series refresh lint clean distclean help \
	kernel scripts tools uml-configs selftests tests Documentation
