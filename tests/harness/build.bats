#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# scripts/build: the order of its steps, and what runs beside what.

load helpers

# A project whose steps are the test's. Each writes down when it begins and ends, and
# may wait for what another has written.
setup() {
	local step
	fake_project
	mkdir -p "$BULKHEAD_ROOT/scripts" "$BULKHEAD_ROOT/uml-configs" "$BULKHEAD_ROOT/tools"
	echo base >"$BULKHEAD_ROOT/uml-configs/default.flavour"
	for step in packages fetch-base assemble configure compile rootfs selftests; do
		step "$step" ''
	done
	printf 'all:\n\t@echo tools >>$(STEPS)\n' >"$BULKHEAD_ROOT/tools/Makefile"
	export STEPS=$BATS_TEST_TMPDIR/steps PATH=$BATS_TEST_TMPDIR:$PATH
	# what a wait that never ends would look like
	cat >"$BATS_TEST_TMPDIR/await" <<-'EOF'
		#!/bin/bash
		for ((i = 0; i < 600; i++)); do
			! grep -qx "$*" "$STEPS" || exit 0
			sleep 0.05
		done
		echo "never came: $*" >>"$STEPS"
		exit 1
	EOF
	chmod +x "$BATS_TEST_TMPDIR/await"
}

# step NAME COMMANDS: what scripts/NAME does.
step() {
	printf '#!/bin/bash\n%s\necho "%s" >>"$STEPS"\n%s\necho "%s done" >>"$STEPS"\n' \
		'[[ ${1-} != --installs ]] || exit "${INSTALLS:-1}"' "$1" "$2" "$1" >"$BULKHEAD_ROOT/scripts/$1"
	chmod +x "$BULKHEAD_ROOT/scripts/$1"
}

# before A B: whether A stands before B among the steps.
before() {
	awk -v a="$1" -v b="$2" '$0 == a { seen = 1 } $0 == b { exit !seen }' "$STEPS" || {
		printf 'not before "%s": "%s", in\n' "$2" "$1"
		cat "$STEPS"
		return 1
	}
}

@test "build: the kernel and what user space needs are compiled side by side" {
	step compile 'await selftests'
	step selftests 'await compile'
	run "$SCRIPTS/build"
	exits 0
	run cat "$STEPS"
	lacks never
	contains "compile done"
	contains "selftests done"
	before "assemble done" tools
	before "assemble done" configure
	before "configure done" compile
	before tools rootfs
	before "rootfs done" selftests
	[ -e "$BULKHEAD_ROOT/build/default/features" ]
}

@test "build: packages that are there are not waited for, nor is the base fetched beside them" {
	run "$SCRIPTS/build"
	exits 0
	run cat "$STEPS"
	lacks fetch-base
	before "packages done" assemble
}

@test "build: the base comes while packages are installed" {
	step packages 'await fetch-base'
	step fetch-base 'await packages'
	INSTALLS=0 run "$SCRIPTS/build"
	exits 0
	run cat "$STEPS"
	lacks never
	before "packages done" assemble
	before "fetch-base done" assemble
}

@test "build: a tree that is given is looked at before anything is installed" {
	fake_tree "$BATS_TEST_TMPDIR/tree" 7.3.4
	INSTALLS=0 KERNEL_SRC=$BATS_TEST_TMPDIR/tree run "$SCRIPTS/build"
	exits 0
	before "fetch-base done" packages
	[ "$(grep -cx fetch-base "$STEPS")" = 1 ]
}

@test "build: packages that cannot be installed end it, and the base is not lost" {
	step packages 'echo "no such package" >&2; exit 1'
	step fetch-base 'sleep 0.3'
	INSTALLS=0 run "$SCRIPTS/build"
	exits 1
	contains "no such package"
	run cat "$STEPS"
	contains "fetch-base done"
	lacks assemble
}

@test "build: a base that cannot be had ends it when the packages are there" {
	step packages 'await fetch-base; sleep 0.3'
	step fetch-base 'echo "fetch-base: no base tree" >&2; exit 1'
	INSTALLS=0 run "$SCRIPTS/build"
	exits 1
	contains "no base tree"
	run cat "$STEPS"
	contains "packages done"
	lacks assemble
}

@test "build: a suite that does not compile fails the build" {
	step selftests 'echo "suite pids does not compile" >&2; exit 1'
	run "$SCRIPTS/build"
	exits 1
	contains "suite pids does not compile"
	[ ! -e "$BULKHEAD_ROOT/build/default/features" ]
}

@test "build: a kernel that does not compile fails it at once, and no job stays behind" {
	step compile 'await selftests; exit 1'
	step selftests 'echo "job $$" >>"$STEPS"; await the end'
	run "$SCRIPTS/build"
	exits 1
	[ -z "$output" ]
	gone
	run cat "$STEPS"
	lacks "selftests done"
}

# gone: whether the step that wrote down its number has ended. Its shell has been killed, but
# whoever inherited it may not have asked for its status.
gone() {
	local state
	state=$(ps -o stat= -p "$(sed -n 's/^job //p' "$STEPS")") || return 0
	[[ $state == Z* ]]
}

# begin_build: as a terminal's job, in a process group of its own: its number is pid. An asynchronous
# command of a shell would ignore INT.
begin_build() {
	perl -e '$SIG{INT} = "DEFAULT"; setpgrp; exec @ARGV' "$SCRIPTS/build" &
	pid=$!
}

@test "build: interrupted, it leaves no job behind" {
	local pid status
	for signal in TERM INT; do
		: >"$STEPS"
		step compile 'await the end'
		step selftests 'echo "job $$" >>"$STEPS"; await the end'
		begin_build
		await compile
		await selftests
		kill -"$signal" -- "-$pid"
		status=0
		wait "$pid" || status=$?
		[ "$status" -ge 128 ]
		gone
	done
}

@test "build: interrupted, it lets an installation finish" {
	local pid status=0
	step packages 'await fetch-base; sleep 0.5'
	step fetch-base 'await the end'
	INSTALLS=0 begin_build
	await fetch-base
	kill -INT -- "-$pid"
	wait "$pid" || status=$?
	[ "$status" -ge 128 ]
	grep -qx "packages done" "$STEPS"
}
