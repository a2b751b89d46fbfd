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
	boot --timeout 3 --console "$BATS_TEST_TMPDIR/console" -- sleep 1000
	verdict timed-out 124
	grep -q 'bulkhead-init: .*(sleep)' "$BATS_TEST_TMPDIR/console"
}

@test "a guest that cannot even say so is timed out too" {
	# SIGSTOP the kernel itself: nothing in the guest runs any more.
	running_guest --timeout 10 --grace 1
	kill -STOP "$kernel"
	end_of_guest
	verdict timed-out 124
	[[ $result == *"init did not answer"* ]]
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
	running_guest
	kill -KILL "$kernel"
	end_of_guest
	verdict killed 123
	[[ $result == *"signal 9 (KILL)"* ]]
	[ -z "$(left_behind)" ]
}

@test "a boot that is interrupted ends its guest and leaves nothing" {
	running_guest
	kill -TERM "$boot"
	end_of_guest
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

@test "a hostfs mount in the guest shows its own folder, not the host" {
	boot -- sh -c 'mkdir /h; mount -t hostfs none /h; ls /h'
	verdict passed 0
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

@test "more words for the kernel's command line: one, several, with blanks around" {
	boot --append bulkhead.a=1 -- cat /proc/cmdline
	verdict passed 0
	[[ " $output " == *" bulkhead.a=1 "* ]]
	boot --append " bulkhead.a=1  bulkhead.b " -- cat /proc/cmdline
	verdict passed 0
	[[ " $output " == *" bulkhead.a=1 bulkhead.b "* ]]
}

@test "a disk that is a file keeps what was written" {
	truncate -s 16M "$BATS_TEST_TMPDIR/kept"
	boot --disk 1M --disk "$BATS_TEST_TMPDIR/kept" -- \
		sh -c 'mkfs.ext4 -q /dev/ubdb && mount /dev/ubdb /mnt && echo kept >/mnt/a && umount /mnt'
	verdict passed 0
	boot --disk "$BATS_TEST_TMPDIR/kept" -- sh -c 'mount /dev/ubda /mnt && cat /mnt/a'
	verdict passed 0
	[ "$output" = kept ]
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
	for args in "--cpus 0" "--cpus 65" "--cpus many" "--memory 12" "--memory 5X" "--memory 9999G" "--disk 0" "--mode qemu" \
		"--cgroup v3" "--cgroup v1" "--cgroup v1:" "--cgroup v1:pids,,memory" "--cgroup v1:pids," \
		"--disk /no/such/disk" "--disk /dev/null" "--disk ./" "--timeout -1" "-k /no/such/kernel" "-g /no/such/guest"; do
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

# sees TEXT: waits until the session has shown it; a hang is a failure that shows all.
sees() {
	local i
	for ((i = 0; i < 300; i++)); do
		grep -q -- "$1" "$BATS_TEST_TMPDIR/out" && return
		kill -0 "$session" 2>/dev/null || break
		sleep 0.1
	done
	printf 'the session never showed %s, but\n' "$1"
	cat "$BATS_TEST_TMPDIR/out"
	kill "$session" 2>/dev/null || :
	return 1
}

@test "a terminal session: size, job control, exit status, and the terminal is given back" {
	command -v script >/dev/null || skip "no script(1)"
	mkfifo "$BATS_TEST_TMPDIR/in"
	script -qefc "stty rows 33 cols 77; '$BOOT' -k '$LINUX' -g '$GUEST' --shell; echo left=\$?; stty -a" \
		/dev/null <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	session=$!
	exec 7>"$BATS_TEST_TMPDIR/in"
	sees 'guest#'
	printf 'echo size=$(stty size)\n' >&7
	sees 'size=33 77'
	# what is typed is shown too: only what the command says itself means that it runs
	printf 'sh -c "echo first=\\$((1 + 1)); exec sleep 1000"; echo slept=$?\n' >&7
	sees 'first=2'
	printf '\003' >&7
	printf 'echo after=$((6 * 7))\n' >&7
	sees 'after=42'
	printf 'sh -c "echo second=\\$((2 + 2)); exec sleep 1001"\n' >&7
	sees 'second=4'
	printf '\032' >&7
	sees 'Stopped'
	# a shell warns once of stopped jobs
	# a shell warns once of stopped jobs
	printf 'exit 5\nexit 5\n' >&7
	sees 'left=5'
	exec 7>&-
	wait "$session" || :
	grep -qE '[ ;]icanon' "$BATS_TEST_TMPDIR/out"
}
