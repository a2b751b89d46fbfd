#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# scripts/bench: what it refuses, what it compares, and that it does without QEMU.

bats_require_minimum_version 1.5.0
load helpers

setup() {
	unset INSTRUMENT ROUNDS BOOTS MOST_BOOTS SEED QUICK VARIANTS RUN
	cd "$BATS_TEST_TMPDIR" || return
}

# refused TEXT COMMAND...: exit 2, TEXT among one or two lines, and nothing was begun.
refused() {
	run "${@:2}"
	exits 2
	contains "$1"
	((${#lines[@]} <= 2))
	lacks compil
}

# results FILE COUNT RATIO [KEY=VALUE...]: a recorded run with one operation on both instruments.
results() {
	local file=$1 count=$2 ratio=$3 schema=bulkhead-bench-3 cpu=fast qemu=7.2 fit=true line="charge n=1"
	local "${@:4}"
	cat >"$file" <<-END
		{ "schema": "$schema", "date": "today",
		  "facts": { "compiler": "gcc", "cpu": "$cpu", "qemu": "$qemu" },
		  "runs": { "counted": { "fit": true }, "timed": { "fit": $fit, "unfit": "noise" } },
		  "results": [
		  { "instrument": "counted", "bench": "memory", "op": "charge", "line": "$line", "variant": "d4",
		    "per_op": $count, "spread": 0.0, "boots": 0.0, "ratio": 1.1, "lo": 1.1, "hi": 1.1 },
		  { "instrument": "timed", "bench": "memory", "op": "charge", "line": "$line", "variant": "d4",
		    "per_op": 300, "spread": 0.1, "boots": 0.1, "ratio": $ratio, "lo": 1.09, "hi": 1.11 } ] }
	END
}

compare() {
	"$SCRIPTS/bench" --compare "$1" "$2"
}

# without_qemu COMMAND...: on a machine that has everything else and may install nothing.
without_qemu() {
	mkdir bin
	find /usr/bin /usr/sbin /bin /sbin -maxdepth 1 ! -type d ! -name 'qemu-*' -exec ln -sf -t bin {} +
	# the real folders are on the path of scripts/packages as well
	sed "s,PATH=\$PATH:/usr/sbin:/sbin,PATH=\$PATH," "$SCRIPTS/packages" >packages
	PATH=$PWD/bin BULKHEAD_OFFLINE=1 "$@"
}

@test "an unknown benchmark is refused, and those that there are named" {
	refused "benchmark 'memroy': no such benchmark; there are: cgroup checkpoint" "$SCRIPTS/bench" memory memroy
	refused "benchmark 'self-check'" "$SCRIPTS/bench" self-check
	refused "benchmark '../x'" "$SCRIPTS/bench" ../x
}

@test "an unknown instrument is refused" {
	INSTRUMENT=guessed refused "INSTRUMENT='guessed': not counted, timed or both" "$SCRIPTS/bench"
}

@test "rounds of 0, and what is no number, are refused" {
	ROUNDS=0 refused "ROUNDS='0': not a number from 1" "$SCRIPTS/bench"
	ROUNDS=-1 refused "ROUNDS='-1'" "$SCRIPTS/bench"
	ROUNDS=many refused "ROUNDS='many'" "$SCRIPTS/bench"
	BOOTS=0 refused "BOOTS='0'" "$SCRIPTS/bench"
	MOST_BOOTS=0 refused "MOST_BOOTS='0'" "$SCRIPTS/bench"
	MOST_BOOTS=3 refused "MOST_BOOTS='3': fewer than the 4" "$SCRIPTS/bench"
	SEED=x refused "SEED='x'" "$SCRIPTS/bench"
}

@test "an unknown variant is refused, and those that there are named" {
	VARIANTS="d4 d5" refused "'d5': no such variant; there are: aa d1 d16 d4 dump frozen hit limit lxcfs off out restart stats write" "$SCRIPTS/bench"
}

@test "an unknown option is refused" {
	refused "'--fast': unknown" "$SCRIPTS/bench" --fast
}

@test "a tree without the feature that measures is refused" {
	FEATURES=none refused "FEATURES='none' leaves out 'bench'" "$SCRIPTS/bench"
}

@test "a kernel without what a benchmark needs is refused" {
	[ -x "$PROJECT/build/tools/bench" ] || skip "not built: make bench"
	mkdir kernel
	: >kernel/linux
	printf '#\nCONFIG_OPBENCH=y\n# CONFIG_MEMCG is not set\n' >kernel/.config
	refused "has no CONFIG_MEMCG, which benchmark 'memory' needs" "$PROJECT/build/tools/bench" \
		--specs "$PROJECT/bench" -i counted --counted-kernel kernel/linux --guest /bin/true -o out memory
}

@test "a variant out without an option is refused, and so is an option without it" {
	[ -x "$PROJECT/build/tools/bench" ] || skip "not built: make bench"
	mkdir specs
	printf 'variants = off out\nop = a nop\n' >specs/mine.bench
	refused "operation a: no option is named that the variant 'out' is without" \
		"$PROJECT/build/tools/bench" --specs specs --kernels
	printf 'option = MEMCG\nvariants = off\nop = a nop\n' >specs/mine.bench
	refused "'out' is not among the variants" "$PROJECT/build/tools/bench" --specs specs --kernels
	printf 'option = MEMCG=y\nvariants = off out\nop = a nop\n' >specs/mine.bench
	refused "option 'MEMCG=y': not the name of an option" "$PROJECT/build/tools/bench" --specs specs --kernels
}

@test "only the kernels that are asked for are named, and of few timed boots none" {
	[ -x "$PROJECT/build/tools/bench" ] || skip "not built: make bench"
	run "$PROJECT/build/tools/bench" --specs "$PROJECT/bench" --kernels -i counted pids
	exits 0
	[ "$output" = $'counted CGROUP_PIDS\ncounted again' ]
	run "$PROJECT/build/tools/bench" --specs "$PROJECT/bench" --kernels --variants d4 -i counted pids
	[ "$output" = "" ]
	run "$PROJECT/build/tools/bench" --specs "$PROJECT/bench" --kernels -i timed pids
	[ "$output" = "" ]
	run "$PROJECT/build/tools/bench" --specs "$PROJECT/bench" --kernels -i timed --boots 6 pids
	[ "$output" = $'timed CGROUP_PIDS\ntimed again' ]
}

@test "a kernel that is not there is asked for, before any is booted" {
	[ -x "$PROJECT/build/tools/bench" ] || skip "not built: make bench"
	mkdir kernel
	: >kernel/linux
	printf '#\nCONFIG_OPBENCH=y\nCONFIG_CGROUP_PIDS=y\n' >kernel/.config
	bench() {
		"$PROJECT/build/tools/bench" --specs "$PROJECT/bench" -i counted --counted-kernel kernel/linux \
			--guest /bin/true -o out "$@" pids
	}
	refused "--other=counted:CGROUP_PIDS=FILE is needed" bench --other counted:again=kernel/linux
	refused "kernel 'absent': No such file" bench --other counted:CGROUP_PIDS=absent
	refused "--other 'CGROUP_PIDS': INSTRUMENT:NAME=FILE is needed" bench --other CGROUP_PIDS
	refused "--other 'guessed:A=x': not counted or timed" bench --other guessed:A=x
}

@test "bench-kernel: what cannot be switched off is refused" {
	refused "flavour 'fast': no such flavour" "$SCRIPTS/bench-kernel" fast MEMCG
	BULKHEAD_BUILD=$PWD/none refused "flavour 'counted' is not built" "$SCRIPTS/bench-kernel" counted MEMCG
	mkdir -p build/counted
	printf 'CONFIG_MEMCG=y\n' >build/counted/.config
	install -m 755 /dev/null build/counted/linux
	export BULKHEAD_BUILD=$PWD/build
	refused "option 'MEMCG=y': not the name" "$SCRIPTS/bench-kernel" counted MEMCG=y
	refused "option 'NOSUCH': the kernel of flavour 'counted' is without it" "$SCRIPTS/bench-kernel" counted NOSUCH
}

# kernel_project: a project of a few files, a flavour that is built, and in the place of configure and
# compile what notes that it was called.
kernel_project() {
	local stubs
	cached_base "$(sed -n 's/^VERSION=//p' "$PROJECT/kernel/base")"
	fake_project
	stubs=$BULKHEAD_ROOT/scripts
	mkdir -p "$stubs" "$BULKHEAD_ROOT/uml-configs" "$BULKHEAD_ROOT/build/counted/scripts"
	echo a >"$BULKHEAD_ROOT/uml-configs/counted.flavour"
	ln -s "$SCRIPTS/fetch-base" "$SCRIPTS/lib" "$stubs/"
	cat >"$stubs/configure" <<-'END'
		#!/bin/bash
		grep -vE "^CONFIG_(${WITHOUT// /|})=" "$1/../counted/.config" >"$2/.config"
		[[ $WITHOUT != *MEMCG* ]] || sed -i '/^CONFIG_MEMCG_V1=/d' "$2/.config"
	END
	cat >"$stubs/compile" <<-'END'
		#!/bin/bash
		echo "${2##*/}" >>compiled
		cp "$2/tools/objtool/.check.o.cmd" command || :
		cat "$1/kernel/a.c" "$2/.config" >"$2/linux"
		chmod +x "$2/linux"
	END
	chmod +x "$stubs"/co*
	printf 'CONFIG_%s=y\n' CGROUPS MEMCG MEMCG_V1 >"$BULKHEAD_ROOT/build/counted/.config"
	echo um >"$BULKHEAD_ROOT/build/counted/.arch"
	install -m 755 /dev/null "$BULKHEAD_ROOT/build/counted/linux"
	"$SCRIPTS/assemble" >tree 2>log
}

@test "bench-kernel: a kernel is compiled once, and again when tree or compiler are others" {
	kernel_project
	run --separate-stderr "$SCRIPTS/bench-kernel" counted MEMCG
	exits 0
	local first=$output
	[ "$(cat compiled)" = counted-without-MEMCG ]
	[ -x "$first/linux" ]
	[ "$(cat "$first/fell")" = -MEMCG_V1 ]
	[ ! -e "$BULKHEAD_ROOT/build/counted-without-MEMCG" ]
	run --separate-stderr "$SCRIPTS/bench-kernel" counted MEMCG
	[ "$output" = "$first" ]
	[ "$(wc -l <compiled)" = 1 ]
	# an edit in the tree
	echo "another line" >>"$(cat tree)/kernel/a.c"
	run --separate-stderr "$SCRIPTS/bench-kernel" counted MEMCG
	[ "$output" != "$first" ]
	[ "$(wc -l <compiled)" = 2 ]
	"$SCRIPTS/assemble" --restore kernel/a.c >log 2>&1
	run --separate-stderr "$SCRIPTS/bench-kernel" counted MEMCG
	[ "$output" = "$first" ]
	[ "$(wc -l <compiled)" = 2 ]
	# another compiler
	printf '#!/bin/sh\necho another compiler\n' >cc
	chmod +x cc
	CC=$PWD/cc run --separate-stderr "$SCRIPTS/bench-kernel" counted MEMCG
	[ "$output" != "$first" ]
	[ "$(wc -l <compiled)" = 3 ]
}

@test "bench-kernel: what made objtool is told its new folder, or all would be compiled again" {
	kernel_project
	mkdir -p "$BULKHEAD_ROOT/build/counted/tools/objtool"
	echo "gcc -I$BULKHEAD_ROOT/build/counted/tools -c check.c" \
		>"$BULKHEAD_ROOT/build/counted/tools/objtool/.check.o.cmd"
	run --separate-stderr "$SCRIPTS/bench-kernel" counted MEMCG
	exits 0
	[ "$(cat command)" = "gcc -I$BULKHEAD_ROOT/build/counted-without-MEMCG/tools -c check.c" ]
	grep -q "build/counted/tools" "$BULKHEAD_ROOT/build/counted/tools/objtool/.check.o.cmd"
}

@test "bench-kernel: the same again is no copy, and nothing fell" {
	kernel_project
	run --separate-stderr "$SCRIPTS/bench-kernel" counted
	exits 0
	[ "$(cat compiled)" = counted-again ]
	[ ! -s "$output/fell" ]
	cmp "$output/.config" "$BULKHEAD_ROOT/build/counted/.config"
}

@test "bench-kernel: a compilation that fails leaves no kernel behind" {
	kernel_project
	printf '#!/bin/bash\nexit 1\n' >"$BULKHEAD_ROOT/scripts/compile"
	run "$SCRIPTS/bench-kernel" counted MEMCG
	exits 1
	[ -z "$(find "$XDG_CACHE_HOME/bulkhead/kernels" -name linux)" ]
}

@test "bench-kernel: an option that another one selects is refused, and what wants it named" {
	[ -x "$PROJECT/build/counted/linux" ] || skip "not built: make bench"
	run "$SCRIPTS/bench-kernel" --check counted PAGE_COUNTER
	exits 1
	contains "CONFIG_PAGE_COUNTER=n (WITHOUT)"
	contains MEMCG
	lacks compil
}

@test "without QEMU counted is refused, with the command that installs it" {
	run without_qemu env INSTRUMENT=counted "$SCRIPTS/bench"
	exits 2
	contains "apt-get install -y --no-install-recommends qemu-system-x86"
	contains "INSTRUMENT=timed does not"
}

@test "without QEMU timed works, alone" {
	[ -x "$PROJECT/build/bench/linux" ] || skip "not built: make bench"
	# One round on a busy machine may well not be fit to judge (1); it must have measured.
	run without_qemu env QUICK=y ROUNDS=2 BOOTS=1 MOST_BOOTS=3 RUN=bats-timed "$SCRIPTS/bench" memory
	[ "$status" -le 1 ]
	contains "goes on with the timed instrument alone"
	contains "memory/charge"
	# Two pairs are seldom within 1 % of each other; when they are, there is nothing to go on for.
	further=$(grep -c 'not sure to within 1 % yet; boot [23] of at most 3' <<<"$output") || :
	((!further)) || contains "timed: ns per operation; 1 to $((1 + further)) boots of 2 rounds"
	grep -q "\"most_boots\": $((1 + further))," "$PROJECT/build/benchmarks/latest/results.json"
	grep -q '"instrument": "timed"' "$PROJECT/build/benchmarks/latest/results.json"
	no_line '"instrument": "counted"' "$PROJECT/build/benchmarks/latest/results.json"
}

# eventually COMMAND...: waits until it succeeds; 60 s.
eventually() {
	local i

	for ((i = 0; i < 600; i++)); do
		"$@" && return
		sleep 0.1
	done
	printf 'not within a minute: %s\n' "$*"
	return 1
}

# noisy_bench: runs, in the background as $bench, a timed benchmark that is never sure. Its kernel is a script
# that says what a plan leads to; from the third on it stays, with its pid in the file boot.pid, where a file stay is.
noisy_bench() {
	[ -x "$PROJECT/build/tools/bench" ] || skip "not built: make bench"
	mkdir kernel specs
	: >kernel/linux
	printf '#\nCONFIG_OPBENCH=y\n' >kernel/.config
	printf '%s\n' 'needs = OPBENCH' 'variants = off aa' 'op = sums sums n=100' >specs/noisy.bench
	cat >boot <<-'END'
		#!/bin/bash
		while [[ $1 != --guest ]]; do shift; done
		[[ ! -e stay || $2 != *.2.*guest ]] || { echo $$ >boot.pid; exec sleep 100; }
		while read -r run id op rest; do
			[[ $run != run ]] || echo "r $id n=100 done=100 refused=0 ns=$((RANDOM + 1000)) cycles=0 idle_ns=0"
		done <"$2/rootfs/plan"
		echo end
	END
	chmod +x boot
	"$PROJECT/build/tools/bench" --specs specs -i timed --timed-kernel kernel/linux --guest /bin/true --boot ./boot \
		--init /bin/true --rounds 3 --boots 1 --most-boots 6000 -o out noisy >table 2>log &
	bench=$!
}

@test "an interrupt ends the further boots, and what there is is told" {
	noisy_bench
	eventually grep -q 'boot 3 of at most 6000' log
	kill -INT "$bench"
	status=0
	wait "$bench" || status=$?
	((status <= 1))
	grep -q 'interrupted: no further boots' log
	grep -q noisy/sums table
	grep -qE '"most_boots": [0-9]{1,4},' out/results.json
}

@test "a second interrupt ends the bench, and the kernel that it has booted" {
	: >stay
	noisy_bench
	eventually test -s boot.pid
	kill -INT "$bench"
	eventually grep -q 'once more to stop at once' log
	kill -INT "$bench"
	status=0
	wait "$bench" || status=$?
	[ "$status" -eq 130 ]
	ended() { ! kill -0 "$(<boot.pid)" 2>/dev/null; }
	eventually ended
	[ ! -e out/results.json ]
}

# share BENCH OP VARIANT: of its operations in the newest run, those that were refused.
share() {
	tr -d '\n' <"$PROJECT/build/benchmarks/latest/results.json" | tr '{' '\n' |
		sed -nE "s/.*\"bench\": \"$1\", *\"op\": \"$2\",.*\"variant\": \"$3\".*\"refused\": ([0-9.]+).*/\1/p"
}

@test "what a program of the cgroup refuses is refused where the task sits in it, and nowhere else" {
	[ -x "$PROJECT/build/counted/linux" ] || skip "not built: make bench"
	run env INSTRUMENT=counted VARIANTS="d4 limit hit" ROUNDS=2 BOOTS=1 RUN=bats-refused "$SCRIPTS/bench" devices swap
	[ "$status" -le 1 ]
	[ "$(share devices open off)" = 0.0 ]
	[ "$(share devices open d4)" = 0.0 ]
	[ "$(share devices open limit)" = 0.0 ]
	[ "$(share devices open hit)" = 1.0 ]
	[ "$(share swap out limit)" = 0.0 ]
	[ "$(share swap out hit)" = 1.0 ]
}

@test "a namespace that cannot be entered is named with the reason" {
	[ -x "$PROJECT/build/counted/linux" ] || skip "not built: make bench"
	mkdir specs
	printf '%s\n' 'needs = OPBENCH' 'variants = off' 'op = moon sys-setns file=moon n=1' \
		'op = deep @child sys-setns file=user n=32' 'op = user @child sys-setns file=user n=30 warm=1' \
		'op = swap swap-in n=64' >specs/odd.bench
	run "$PROJECT/build/tools/bench" --specs specs -i counted --counted-kernel "$PROJECT/build/counted/linux" \
		--guest "$PROJECT/build/tools/bench-guest" --boot /bin/true --init /bin/true \
		--rounds 1 --boots 1 -o out odd
	contains "22 Invalid argument"
	contains "34 Numerical result out of range"
	grep -q '"op": "user"' out/results.json
}

# texts FILE: what is written in a figure, in one line.
texts() {
	grep -oE '>[^<>]+<' "$1" | tr -d '<>' | tr '\n' ' '
}

@test "a run is drawn, and of what was not measured there is no figure" {
	"$SCRIPTS/packages" bench >/dev/null
	mkdir drawn empty
	printf '"memory/charge" 26.3 26.2 26.4\n"cpu/wake" 1500 1490 1510\n' >drawn/overhead-counted.dat
	printf '"memory/charge" 24.0 20.0 28.0\n"io/bio" -2 -3 -1\n' >drawn/overhead-timed.dat
	printf '"memory/charge"\n1 26\n4 34\n\n\n"cpu/wake"\n1 170\n16 1500\n\n\n"net/skb"\n1 40\n' >drawn/depth-counted.dat
	printf '"pids/clone" -3.1 -1 0 20 30 ?\n' >drawn/levels-counted.dat
	printf '"cgroup/freeze off"\n1 20000\n100 1600000\n' >drawn/sizes-counted.dat
	"$SCRIPTS/plot" drawn
	run texts drawn/overhead.svg
	for text in memory/charge cpu/wake io/bio instructions "time on UML"; do
		contains "$text"
	done
	run texts drawn/depth-counted.svg
	contains "charge"
	contains "wake"
	# of one depth there is no line
	lacks "skb"
	run texts drawn/levels-counted.svg
	contains "pids/clone"
	contains "compiled out"
	run texts drawn/sizes-counted.svg
	contains "cgroup/freeze off"
	[ ! -e drawn/depth-timed.svg ]
	[ ! -e drawn/levels-timed.svg ]
	touch empty/{overhead,depth,levels,sizes}-{counted,timed}.dat
	"$SCRIPTS/plot" empty
	run ls empty
	lacks ".svg"
}

@test "data that cannot be drawn are an error, with the figure's name" {
	"$SCRIPTS/packages" bench >/dev/null
	echo '"cgroup/freeze off' >sizes-counted.dat
	echo '0 nonsense' >>sizes-counted.dat
	run "$SCRIPTS/plot" .
	[ "$status" -eq 1 ]
	contains "gnuplot: sizes-counted.svg:"
	run "$SCRIPTS/plot" absent
	exits 2
}

@test "a run is equal to itself" {
	results a 1000 1.10
	run compare a a
	exits 0
	lacks DEARER
	contains "counted  charge"
	contains "+0.00%"
}

@test "what has become dearer is named, by each instrument" {
	results a 1000 1.10
	results b 1005 1.20
	run compare a b
	exits 0
	[[ ${lines[2]} == *"counted  charge"*"+0.50%"*DEARER* ]]
	[[ ${lines[3]} == *"timed    charge"*"+9.09%"*DEARER* ]]
	run compare b a
	contains cheaper
	lacks DEARER
}

@test "less than the tolerance is no difference" {
	results a 1000 1.10
	results b 1000.5 1.105
	run compare a b
	lacks DEARER
}

@test "a folder stands for its results.json" {
	mkdir a
	results a/results.json 1000 1.10
	run compare a a
	exits 0
}

@test "what is not comparable is not compared, and why" {
	results a 1000 1.10
	results b 1005 1.20 cpu=slow
	run compare a b
	exits 0
	contains "timed cannot be compared: cpu is 'fast' in A and 'slow' in B"
	contains "counted  charge"
	lacks "timed    charge"
	results b 1005 1.20 fit=false
	run compare a b
	contains "timed cannot be compared: B was not fit to judge: noise"
	results b 1005 1.20 cpu=slow qemu=9
	run compare a b
	exits 2
	contains "counted cannot be compared: qemu is '7.2' in A and '9' in B"
	contains "nothing in the two runs can be compared"
	results b 1005 1.20 line="charge n=2"
	run compare a b
	exits 2
}

@test "files that hold no results are refused" {
	results a 1000 1.10
	results b 1000 1.10 schema=bulkhead-bench-1
	run compare a b
	exits 2
	contains "b: its schema is 'bulkhead-bench-1', this program reads bulkhead-bench-3"
	echo nonsense >b
	run compare a b
	exits 2
	run compare a absent
	exits 2
	contains "absent: no such results"
	run compare a ""
	exits 2
	contains "usage: make bench-compare A=... B=..."
}
