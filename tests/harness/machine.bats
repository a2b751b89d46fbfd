#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# tools/boot --emulator: the same verdicts, of a kernel for a machine that QEMU emulates.

bats_require_minimum_version 1.5.0
load helpers
load guest

setup_file() {
	"$SCRIPTS/packages" counted || skip "no emulator"
	echo "# building the kernel for it" >&3
	"$SCRIPTS/build" counted >"$BATS_FILE_TMPDIR/build.log" 2>&1
}

setup() {
	needs_kernel
	own_guest
	LINUX=$BUILT/counted/linux
}

emulated() {
	boot --emulator qemu-system-x86_64 --console "$BATS_TEST_TMPDIR/console" "$@"
}

@test "a command that ends with 0 has passed, and its output is all there is" {
	emulated -- uname -m
	verdict passed 0
	[ "$output" = x86_64 ]
	[ -z "$stderr" ]
}

@test "exit status and signal of a command come back" {
	emulated -- sh -c 'exit 3'
	verdict failed 3
	emulated -- sh -c 'kill -ABRT $$'
	verdict failed 134
	[[ $result == *"killed by signal 6 (ABRT)"* ]]
}

@test "a command that hangs is timed out, and the console says which tasks there were" {
	emulated --timeout 3 -- sleep 1000
	verdict timed-out 124
	grep -q 'bulkhead-init: .*(sleep)' "$BATS_TEST_TMPDIR/console"
}

@test "a panic, and a WARNING though the command says 0" {
	emulated -- sh -c 'echo PANIC >/sys/kernel/debug/provoke-crash/DIRECT'
	verdict panicked 121
	emulated -- sh -c 'echo WARNING >/sys/kernel/debug/provoke-crash/DIRECT'
	verdict splat 122
}

@test "a kernel that does not boot" {
	LINUX=$BUILT/tools/init emulated --timeout 5 --grace 0 -- true
	[[ $status == 12[345] && $result != *"verdict=passed"* ]]
}

@test "a lot of output arrives whole" {
	emulated -- sh -c 'seq 20000'
	verdict passed 0
	[ "$(md5sum <<<"$output")" = "$(seq 20000 | md5sum)" ]
}

@test "of the suites it has the one that it is to run" {
	suite one '' 'echo "TAP version 13"; echo 1..1; ls /suites/own; echo ok 1 fine'
	suite two '' 'exit 1'
	emulated -- /suites/own/one/prog
	verdict passed 0
	[[ $output == *$'\n'one$'\n'* && $output != *two* ]]
}

@test "a suite that needs a disk is skipped, one that needs none runs" {
	suite needs 'disks = 64M\n' 'echo "TAP version 13"; echo 1..1; echo ok 1 fine'
	suite likes '' 'echo "TAP version 13"; echo 1..1; echo ok 1 fine'
	run "$BUILT/tools/check" --boot "$BOOT" --kernel "$LINUX" --config "$BUILT/counted/.config" \
		--guest "$GUEST" --run "$BATS_TEST_TMPDIR/run" --emulator qemu-system-x86_64 --release 7.3.4
	grep -q "^own/needs	1	skipped.*needs a disk" "$BATS_TEST_TMPDIR/run/runs.tsv"
	grep -q "^own/likes	1	passed" "$BATS_TEST_TMPDIR/run/runs.tsv"
}

@test "what it cannot have is refused with exit 2, before anything starts" {
	emulated --disk 64M -- true
	exits 2
	emulated --shell
	exits 2
	[ -z "$(ls -A "$GUEST/run")" ]
}
