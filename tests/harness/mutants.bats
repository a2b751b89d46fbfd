#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Kernels that are wrong on purpose: every suite must fail for the right reason.
#
# A patch in tests/mutants is one small regression: a dropped permission check, a
# forgotten uncharge, a limit off by one. Its header names the suite that owns the
# behaviour and the tests that must fall:
#
#	Suite: controllers/pids
#	Test: pids_limit/pids.fork_fails_at_the_limit	(a glob; one per line)
#	Why: one sentence
#
# `make mutants` runs them all, MUTANTS="pids-off-by-one ..." some of them. They have a
# build folder of their own, build/mutants: the tree that others work with stays as it is.

load helpers

setup_file() {
	export BULKHEAD_BUILD=$PROJECT/build/mutants
	mkdir -p "$BULKHEAD_BUILD"
	echo "# building the kernel to be mutated; the log is build/mutants/build.log" >&3
	"$SCRIPTS/build" default >"$BULKHEAD_BUILD/build.log" 2>&1
}

setup() {
	export BULKHEAD_BUILD=$PROJECT/build/mutants
	tree=$BULKHEAD_BUILD/tree
	applied=
}

teardown() {
	[[ ! $applied ]] || patch -s -R -p1 -d "$tree" <"$applied"
}

# header PATCH KEY: the values of KEY in the patch's header.
header() {
	sed -n "/^--- /q; s/^$2: *//p" "$1"
}

# caught NAME: applies the mutant, runs the suite that owns it, and looks for the tests
# that must fall. That another test falls, or the kernel with it, is not enough.
caught() {
	local patch=$PROJECT/tests/mutants/$1.patch suite glob test outcome reason fell=
	[[ ! ${MUTANTS:-} || " $MUTANTS " == *" $1 "* ]] || skip "MUTANTS does not name it"

	suite=$(header "$patch" Suite)
	[[ $suite && $(header "$patch" Why) ]]
	patch -s -p1 -d "$tree" <"$patch"
	applied=$patch
	run "$SCRIPTS/check" "$suite"
	[[ $status == 1 ]] || {
		printf '%s passed on a kernel with %s\n%s\n' "$suite" "$1" "$output"
		return 1
	}
	while read -r glob; do
		fell=
		while IFS=$'\t' read -r _ test outcome _ reason; do
			# shellcheck disable=SC2053 # a glob is meant
			if [[ $test == $glob && $outcome =~ ^(FAIL|TIMEOUT|CRASH)$ ]]; then
				fell=y
				echo "# $1: $outcome $test: ${reason:0:100}" >&3
				break
			fi
		done <"$BULKHEAD_BUILD/results/latest/summary.tsv"
		[[ $fell ]] || {
			printf '%s did not fall:\n' "$glob"
			cat "$BULKHEAD_BUILD/results/latest/summary.tsv"
			return 1
		}
	done < <(header "$patch" Test)
	[[ $fell ]]
}

