#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# tools/boot: each verdict, provoked for real. The kernel's own troubles come from LKDTM.

bats_require_minimum_version 1.5.0
load helpers
load guest

setup() {
	needs_kernel
	own_guest
}

crash='echo %s >/sys/kernel/debug/provoke-crash/DIRECT'

@test "a command that ends with 0 has passed, and its output is all there is" {
	boot -- echo "one two"
	verdict passed 0
	[ "$output" = "one two" ]
	[ -z "$stderr" ]
}

@test "the exit status of a command comes back" {
	boot -- sh -c 'exit 3'
	verdict failed 3
	[[ $result == *"status=exit 3"* ]]
}

@test "the signal that killed a command comes back" {
	boot -- sh -c 'kill -ABRT $$'
	verdict failed 134
	[[ $result == *"killed by signal 6 (ABRT)"* ]]
}

@test "arguments arrive as they were given" {
	boot -- printf '%s|' "a b" 'c"d' "e'f" '$g' '' 'h\i'
	verdict passed 0
	[ "$output" = "a b|c\"d|e'f|\$g||h\\i|" ]
}

@test "a command that does not exist is 127" {
	boot -- /no/such/command
	verdict failed 127
	[[ $output == *"cannot run '/no/such/command': No such file"* ]]
}

@test "a command that hangs is timed out, and the console says which tasks there were" {
	boot --timeout 1 --console "$BATS_TEST_TMPDIR/console" -- sleep 1000
	verdict timed-out 124
	grep -q 'bulkhead-init: .*(sleep)' "$BATS_TEST_TMPDIR/console"
}

@test "a guest that cannot even say so is timed out too" {
	# SIGSTOP the kernel itself: nothing in the guest runs any more.
	"$BOOT" -k "$LINUX" -g "$GUEST" --result "$BATS_TEST_TMPDIR/result" --timeout 1 --grace 1 \
		-- sleep 1000 2>/dev/null &
	local boot=$! kernel=
	while [ -z "$kernel" ]; do
		kernel=$(cat "/proc/$boot/task/$boot/children")
	done
	kill -STOP $kernel
	run wait "$boot"
	result=$(cat "$BATS_TEST_TMPDIR/result")
	verdict timed-out 124
	[ -z "$(left_behind)" ]
}

@test "a panic" {
	boot --console "$BATS_TEST_TMPDIR/console" -- sh -c "$(printf "$crash" PANIC); echo not reached"
	verdict panicked 121
	[[ $result == *"reason=Kernel panic"* ]]
	lacks "not reached"
	grep -q 'Kernel panic - not syncing' "$BATS_TEST_TMPDIR/console"
	[[ $stderr == *"$BATS_TEST_TMPDIR/console"* ]]
}

@test "a WARNING is a splat, though the command says 0" {
	boot -- sh -c "$(printf "$crash" WARNING); exit 0"
	verdict splat 122
	[[ $result == *"reason=WARNING"* ]]
}

@test "a BUG is not passed" {
	boot -- sh -c "$(printf "$crash" BUG); exit 0"
	[[ $result == *verdict=splat* || $result == *verdict=panicked* ]]
	[ "$status" -ne 0 ]
}

@test "a kernel that is killed from outside" {
	"$BOOT" -k "$LINUX" -g "$GUEST" --result "$BATS_TEST_TMPDIR/result" -- sleep 1000 2>/dev/null &
	local boot=$! kernel=
	while [ -z "$kernel" ]; do
		kernel=$(cat "/proc/$boot/task/$boot/children")
	done
	kill -KILL $kernel
	run wait "$boot"
	result=$(cat "$BATS_TEST_TMPDIR/result")
	verdict killed 123
	[[ $result == *"signal 9 (KILL)"* ]]
	[ -z "$(left_behind)" ]
}

@test "a boot that is interrupted ends its guest and leaves nothing" {
	"$BOOT" -k "$LINUX" -g "$GUEST" --result "$BATS_TEST_TMPDIR/result" -- \
		sh -c 'echo up; sleep 1000' >"$BATS_TEST_TMPDIR/out" 2>/dev/null &
	local boot=$!
	until grep -q up "$BATS_TEST_TMPDIR/out"; do
		kill -0 "$boot"
		sleep 0.05
	done
	kill -TERM "$boot"
	run wait "$boot"
	result=$(cat "$BATS_TEST_TMPDIR/result")
	verdict killed 123
	[ -z "$(left_behind)" ]
	[ -z "$(ls -A "$GUEST/run")" ]
}

@test "what a command leaves running does not keep the guest" {
	boot -- sh -c 'sleep 1000 & setsid sleep 1000 & echo done'
	verdict passed 0
	[ "$output" = done ]
}

@test "output and console do not mix" {
	boot --console "$BATS_TEST_TMPDIR/console" -- sh -c 'echo in the log >/dev/kmsg; echo out'
	verdict passed 0
	[ "$output" = out ]
	grep -q 'in the log' "$BATS_TEST_TMPDIR/console"
	no_line '^out' "$BATS_TEST_TMPDIR/console"
}

@test "a lot of output arrives whole" {
	boot -- sh -c 'seq 1 20000'
	verdict passed 0
	[ "$output" = "$(seq 1 20000)" ]
}

@test "the guest may write anywhere, and the host's folder stays as it is" {
	local before
	before=$(cd "$GUEST/rootfs" && find . -printf '%p %s %m\n' | sort)
	boot -- sh -c 'rm /bin/ls; echo x >/etc/passwd; mkdir /new; echo ok'
	verdict passed 0
	[ "$before" = "$(cd "$GUEST/rootfs" && find . -printf '%p %s %m\n' | sort)" ]
}

@test "the guest cannot mount the host outside its folder" {
	boot -- sh -c 'mkdir /h; mount -t hostfs none /h; ls /h; mount -t hostfs -o /../../../../.. none /h && ls /h'
	contains rootfs
	lacks vmlinuz
	lacks home
}

@test "disks of the asked size, CPUs and memory" {
	boot --disk 64M --disk 3M --cpus 2 --memory 300M -- \
		sh -c 'cat /sys/block/ubda/size /sys/block/ubdb/size; nproc; grep MemTotal /proc/meminfo'
	verdict passed 0
	[ "${lines[0]}" = 131072 ]
	[ "${lines[1]}" = 6144 ]
	[ "${lines[2]}" = 2 ]
	[ "$(awk '{ print ($2 > 220000 && $2 < 307200) }' <<<"${lines[3]}")" = 1 ]
}

@test "ptrace mode boots too, with one CPU" {
	boot --mode ptrace -- echo hi
	verdict passed 0
	boot --mode ptrace --cpus 2 -- echo hi
	[ "$status" = 2 ]
	[[ $stderr == *"2 CPUs need mode seccomp"* ]]
}

@test "cgroup v1 hierarchies on demand" {
	boot --cgroup v1:pids,memory -- sh -c 'ls /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids/tasks 2>&1; ls /sys/fs/cgroup'
	contains /sys/fs/cgroup/pids/tasks
	contains memory
	boot --cgroup v1:nonsense -- true
	verdict error 125
	[[ $result == *"nonsense"* ]]
}

@test "bad input is refused with exit 2, before anything starts" {
	local args
	for args in "--cpus 0" "--cpus 65" "--cpus many" "--memory 12" "--memory 5X" "--disk 0" "--mode qemu" \
		"--timeout -1" "-k /no/such/kernel" "-g /no/such/guest"; do
		# shellcheck disable=SC2086 # words are meant
		boot $args -- true
		exits 2
		[ "$(wc -l <<<"$stderr")" -le 2 ]
		[[ $stderr == *"${args##* }"* ]]
	done
	boot
	exits 2
	[ -z "$(ls -A "$GUEST/run")" ]
}

@test "an ordinary user can boot" {
	[ "$(id -u)" = 0 ] || skip "this whole run is one by an ordinary user"
	command -v setpriv >/dev/null || skip "no setpriv"
	local dir
	dir=$(mktemp -d /tmp/bulkhead.XXXXXX)
	cp "$BOOT" "$LINUX" "$dir"
	cp -a "$GUEST" "$dir/guest"
	chown -R 65534:65534 "$dir"
	run setpriv --reuid 65534 --regid 65534 --clear-groups env -u TMPDIR \
		"$dir/boot" -k "$dir/linux" -g "$dir/guest" --disk 8M -- sh -c 'id -u; touch /bin/new && echo ok'
	rm -rf "$dir"
	exits 0
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = ok ]
}

@test "a terminal session: size, job control, exit status, and the terminal is given back" {
	command -v script >/dev/null || skip "no script(1)"
	local in=$BATS_TEST_TMPDIR/in out=$BATS_TEST_TMPDIR/out session
	mkfifo "$in"
	script -qefc "stty rows 33 cols 77; '$BOOT' -k '$LINUX' -g '$GUEST' --shell; echo left=\$?; stty -a | tr ';' '\n' | grep -w icanon" \
		/dev/null <"$in" >"$out" 2>&1 &
	session=$!
	exec 7>"$in"
	until grep -q 'guest#' "$out"; do kill -0 "$session"; sleep 0.1; done
	printf 'echo size=$(stty size | tr " " x)\n' >&7
	until grep -q 'size=33x77' "$out"; do kill -0 "$session"; sleep 0.1; done
	printf 'sleep 1000\n' >&7
	sleep 0.5
	printf '\032' >&7
	until grep -q 'Stopped' "$out"; do kill -0 "$session"; sleep 0.1; done
	printf 'kill %%1; cat\n' >&7
	sleep 0.5
	printf '\003' >&7
	printf 'exit 5\n' >&7
	exec 7>&-
	wait "$session" || :
	grep -q 'left=5' "$out"
	grep -qE '(^|[[:space:]])icanon' "$out"
}
