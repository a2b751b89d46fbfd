# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the tests that boot real guests: where the built kernel is, and guests
# of a test's own, with suites of a few lines.

# needs_kernel: skips the test unless the default flavour is built.
needs_kernel() {
	BUILT=$PROJECT/build
	BOOT=$BUILT/tools/boot
	LINUX=$BUILT/default/linux
	[ -x "$BOOT" ] && [ -x "$LINUX" ] && [ -d "$BUILT/guest/rootfs/bin" ] ||
		skip "not built: make build"
}

# own_guest: a guest folder of this test, with no suites, in $GUEST.
own_guest() {
	GUEST=$BATS_TEST_TMPDIR/guest
	mkdir -p "$GUEST/run" "$GUEST/rootfs"
	(cd "$BUILT/guest/rootfs" && tar c --exclude=./suites .) | tar x -C "$GUEST/rootfs"
	mkdir -p "$GUEST/rootfs/suites"
}

# boot ARG...: boots this test's guest; the result's lines end up in $result.
boot() {
	run --separate-stderr "$BOOT" -k "$LINUX" -g "$GUEST" --result "$BATS_TEST_TMPDIR/result" "$@"
	result=$(cat "$BATS_TEST_TMPDIR/result" 2>/dev/null || :)
}

# verdict WORD STATUS: what the last boot said, and its exit status.
verdict() {
	[[ $result == *"verdict=$1"* && $status == "$2" ]] || {
		printf 'expected verdict %s and exit status %s, got status %s and\n%s\n%s\n%s\n' \
			"$1" "$2" "$status" "$result" "$output" "${stderr:-}"
		return 1
	}
}

# suite NAME SETTINGS BODY: a suite "own/NAME" with one program, a shell script.
suite() {
	local dir=$GUEST/rootfs/suites/own/$1
	mkdir -p "$dir"
	printf 'desc = a suite of a test\ncgroup = none\n%b' "$2" >"$dir/suite"
	printf 'prog\n' >"$dir/programs"
	printf '#!/bin/sh\n%s\n' "$3" >"$dir/prog"
	chmod +x "$dir/prog"
	: >"$dir/config"
}

# check_own ARG...: runs this guest's suites, then reads the run.
check_own() {
	RUN_DIR=$BATS_TEST_TMPDIR/run
	"$BUILT/tools/check" --boot "$BOOT" --kernel "$LINUX" --config "$BUILT/default/.config" \
		--guest "$GUEST" --run "$RUN_DIR" --flavour default "$@" 2>"$BATS_TEST_TMPDIR/check.err"
	run "$BUILT/tools/report" "$RUN_DIR"
}

# summary SUITE TEST OUTCOME: whether summary.tsv has such a line.
summary() {
	awk -F'\t' -v s="$1" -v t="$2" -v o="$3" '
		$1 == s && $2 ~ t && $3 ~ "^" o { found = 1 }
		END { exit !found }' "$RUN_DIR/summary.tsv" || {
		printf 'no line %s %s %s in\n' "$1" "$2" "$3"
		cat "$RUN_DIR/summary.tsv"
		return 1
	}
}

# left_behind: host processes whose command line names this test's guest.
left_behind() {
	local pid
	for pid in /proc/[0-9]*; do
		[ "${pid#/proc/}" = $$ ] || ! tr '\0' ' ' <"$pid/cmdline" 2>/dev/null |
			grep -qF -- "hostfs=$GUEST" || printf '%s\n' "${pid#/proc/}"
	done
}

# running_guest ARG...: boots in the background a guest that sleeps; returns when it
# is up, with the pids of boot and of the kernel's main process in $boot and $kernel.
running_guest() {
	"$BOOT" -k "$LINUX" -g "$GUEST" --result "$BATS_TEST_TMPDIR/result" "$@" -- \
		sh -c 'echo up; sleep 1000' >"$BATS_TEST_TMPDIR/out" 2>/dev/null 3>&- &
	boot=$!
	until grep -q up "$BATS_TEST_TMPDIR/out"; do
		kill -0 "$boot" || return 1
		sleep 0.05
	done
	kernel=$(awk '{ print $1 }' "/proc/$boot/task/$boot/children")
}

# end_of_guest: the verdict of a guest that runs in the background.
end_of_guest() {
	status=0
	wait "$boot" || status=$?
	output=$(cat "$BATS_TEST_TMPDIR/out")
	result=$(cat "$BATS_TEST_TMPDIR/result")
}
