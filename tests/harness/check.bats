#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# From suites to verdicts: tools/check, tools/ktap-run and tools/report on real guests
# that behave badly, and scripts/check on bad input.

bats_require_minimum_version 1.5.0
load helpers
load guest

setup() {
	needs_kernel
	own_guest
}

# check_refuses TEXT: this guest's suites are bad input, of which TEXT is said.
check_refuses() {
	run --separate-stderr "$BUILT/tools/check" --boot "$BOOT" --kernel "$LINUX" \
		--config "$BUILT/default/.config" --guest "$GUEST" --run "$BATS_TEST_TMPDIR/run"
	exits 2
	[[ $stderr == *"$1"* ]]
}

good='echo TAP version 13; echo 1..2; echo ok 1 a; echo ok 2 b'

@test "a suite that passes" {
	suite fine '' "$good"
	check_own
	exits 0
	summary own/fine prog/a PASS
	summary own/fine prog/b PASS
	[ "${lines[-1]}" = "2 passed, 0 failed, 0 skipped" ]
}

@test "a failed test, its reason, its logs and the command that repeats it" {
	suite bad '' 'echo TAP version 13; echo 1..2; echo ok 1 a; echo "# x.c:1:b:Expected 1 == 2"; echo not ok 2 b; exit 1'
	check_own
	exits 1
	summary own/bad prog/b FAIL
	contains 'Expected 1 == 2'
	contains 'run/ktap/own/bad.1.ktap'
	contains 'run/console/own/bad.1.log'
	contains 'make check SUITES=own/bad'
	[ "${lines[-1]}" = "1 passed, 1 failed, 0 skipped" ]
}

@test "fewer tests than planned is a failure, though all said ok" {
	suite fewer '' 'echo TAP version 13; echo 1..3; echo ok 1 a; echo ok 2 b'
	check_own
	exits 1
}

@test "no plan is a failure" {
	suite noplan '' 'echo TAP version 13; echo ok 1 a'
	check_own
	exits 1
}

@test "no output at all is a failure" {
	suite silent '' 'exit 0'
	check_own
	exits 1
}

@test "garbage around the results does not hide a failure" {
	suite garbage '' 'printf "TAP version 13\n1..2\nok 1 a\n\001\377 not KTAP \033[1m\n"; seq 1 2000 | tr -d "\n"; printf "\nnot ok 2 b\n"; exit 1'
	check_own
	exits 1
	summary own/garbage prog/a PASS
	summary own/garbage prog/b FAIL
}

@test "one of the base's own selftests: its status counts, TAP or not, and it starts in its folder" {
	suite plain 'kselftest = proc\n' 'test -e ./prog'
	suite broken 'kselftest = proc\n' 'echo something; exit 1'
	check_own
	exits 1
	summary own/plain prog PASS
	summary own/broken prog FAIL
}

@test "a selftest that the tree does not have is skipped with that reason" {
	suite gone 'kselftest = gone\nabsent = the tree has no tools/testing/selftests/gone\n' 'exit 1'
	suite fine '' "$good"
	check_own
	exits 0
	summary own/gone '(suite)' SKIP
	grep -q 'the tree has no tools/testing/selftests/gone' "$RUN_DIR/summary.tsv"
}

@test "a selftest's folder cannot lie outside of the tree's" {
	suite out 'kselftest = ../../etc\n' 'exit 0'
	check_refuses "not a folder below tools/testing/selftests"
}

@test "a known limit counts as skipped, a failure beside it does not" {
	suite bad '' 'echo TAP version 13; echo 1..2; echo not ok 1 a; echo not ok 2 b; exit 1'
	check_own
	exits 1
	printf 'own/*\tprog/a\tUML cannot\n' >"$BATS_TEST_TMPDIR/limits"
	run "$BUILT/tools/report" --known "$BATS_TEST_TMPDIR/limits" "$RUN_DIR"
	exits 1
	[ "${lines[-1]}" = "0 passed, 1 failed, 1 skipped" ]
	printf 'own/*\tprog/[ab]\tUML cannot\n' >"$BATS_TEST_TMPDIR/limits"
	run "$BUILT/tools/report" --known "$BATS_TEST_TMPDIR/limits" "$RUN_DIR"
	exits 0
	grep -q 'known limit: UML cannot' "$RUN_DIR/summary.tsv"
}

@test "ok everywhere, but the program dies" {
	suite dies '' "$good; kill -SEGV \$\$"
	check_own
	exits 1
	contains 'killed by signal 11'
}

@test "a hang: what was running is named, what was done counts" {
	suite hangs 'timeout = 3\n' 'echo TAP version 13; echo 1..2; echo ok 1 a; echo "#  RUN           global.b ..."; sleep 1000'
	check_own
	exits 1
	summary own/hangs prog/a PASS
	summary own/hangs b TIMEOUT
}

@test "a panic costs one suite; the others are run" {
	suite panics '' 'echo TAP version 13; echo 1..2; echo ok 1 a; echo PANIC >/sys/kernel/debug/provoke-crash/DIRECT'
	suite fine '' "$good"
	check_own
	exits 1
	summary own/fine prog/a PASS
	grep -qP '^own/panics\t.*\tCRASH' "$RUN_DIR/summary.tsv"
	contains 'Kernel panic'
}

@test "a splat fails a suite whose tests all passed" {
	suite splats '' "$good; echo WARNING >/sys/kernel/debug/provoke-crash/DIRECT"
	check_own
	exits 1
	summary own/splats prog/b PASS
	grep -qP '^own/splats\t\(kernel\)\tCRASH\t.*WARNING' "$RUN_DIR/summary.tsv"
}

@test "what cannot run here is skipped with the reason" {
	suite old 'since = 99.1\n' "$good"
	suite feat 'features = warp-drive\n' "$good"
	suite conf '' "$good"
	echo CONFIG_WARP_DRIVE=y >"$GUEST/rootfs/suites/own/conf/config"
	check_own
	contains '0 passed, 0 failed, 3 skipped'
	grep -qP '^own/old\t.*SKIP\t.*needs Linux 99.1' "$RUN_DIR/summary.tsv"
	grep -qP '^own/feat\t.*SKIP\t.*feature warp-drive is not in this tree' "$RUN_DIR/summary.tsv"
	grep -qP '^own/conf\t.*SKIP\t.*the kernel lacks CONFIG_WARP_DRIVE=y' "$RUN_DIR/summary.tsv"
}

@test "each suite gets a kernel of its own" {
	suite one '' 'test ! -e /tmp/dirt && touch /tmp/dirt /bin/dirt && '"{ $good; }"
	check_own --repeat 3
	exits 0
}

@test "a flake is counted, not hidden" {
	suite flaky '' 'echo TAP version 13; echo 1..1; case $(cat /proc/sys/kernel/random/uuid) in [0-7]*) echo ok 1 a;; *) echo not ok 1 a; exit 1;; esac'
	check_own --repeat 24
	exits 1
	grep -qP '^own/flaky\t.*FAIL [0-9]+/24|^own/flaky\t.*[0-9]+/24' "$RUN_DIR/summary.tsv"
}

@test "as many CPUs as the suite asks for, and pinned only with one" {
	suite wide 'cpus = 2\n' 'echo TAP version 13; echo 1..1; [ $(nproc) = 2 ] && echo ok 1 a'
	suite narrow '' 'echo TAP version 13; echo 1..1; [ $(nproc) = 1 ] && echo ok 1 a'
	check_own
	exits 0
}

@test "a guest that only waits for kmemleak leaves its CPUs to the next" {
	local wall
	# what init leaves before it waits; three of them one after the other are 9 s
	suite ages 'cpus = 2\n' 'echo TAP version 13; echo 1..1; echo ok 1 a; touch /run/bulkhead/idle; sleep 3'
	check_own --repeat 3
	exits 0
	wall=$(sed -n 's/^wall_ms=//p' "$RUN_DIR/meta")
	((wall >= 3000 && wall < 9000))
}

# When the suite's guest began and when it was done.
stamps() {
	sed -n 's/^ *# stamp //p' "$RUN_DIR/ktap/own/$1.1.ktap"
}

@test "a suite that mostly waits runs beside one that has all CPUs" {
	local work='echo TAP version 13; echo 1..1; echo "# stamp $(date +%s)"; sleep 3; echo ok 1 a; echo "# stamp $(date +%s)"'
	local busy idle
	suite busy 'cpus = 8\n' "$work"
	suite rests 'waits = y\n' "$work"
	suite other 'cpus = 8\n' "$work"
	check_own
	exits 0
	mapfile -t busy < <({ stamps busy; stamps other; } | sort)
	mapfile -t idle < <(stamps rests)
	# busy and other, one after the other; rests before either of the two had ended
	((${#busy[@]} == 4 && ${#idle[@]} == 2))
	((idle[0] < busy[1] && idle[1] > busy[0]))
	[ "$(stamps busy | head -1)" -ge "$(stamps other | tail -1)" ] ||
		[ "$(stamps other | head -1)" -ge "$(stamps busy | tail -1)" ]
}

@test "waits is y or n" {
	suite broken 'waits = often\n' "$good"
	check_refuses "own/broken/suite:3: waits = 'often': not y or n"
}

@test "a broken suite file names file, line and value" {
	suite broken 'cpus = many\n' "$good"
	check_refuses "own/broken/suite:3: cpus = 'many'"
}

@test "what passed and did not change is taken over, with its output; what changed is run" {
	local kept=$BATS_TEST_TMPDIR/kept keys=$BATS_TEST_TMPDIR/keys
	suite same '' 'echo TAP version 13; echo 1..1; echo "ok 1 a"; echo "# $(cat /proc/sys/kernel/random/uuid)"'
	suite other '' "$good"
	printf 'own/same-v1\tk0\nown/same\tk1\nown/other\tk2\n' >"$keys"
	check_own --kept "$kept" --keys "$keys"
	exits 0
	[[ $output != *"as they were"* ]]
	(. "$SCRIPTS/lib/kept.sh"; keep_passed "$kept" "$keys" "$RUN_DIR")
	cp "$RUN_DIR/ktap/own/same.1.ktap" "$BATS_TEST_TMPDIR/first"
	sed -i 's/k2/k3/' "$keys"
	rm -r "$RUN_DIR"
	check_own --kept "$kept" --keys "$keys"
	exits 0
	contains '1 of them as they were'
	[ "${lines[-1]}" = "3 passed, 0 failed, 0 skipped" ]
	cmp "$BATS_TEST_TMPDIR/first" "$RUN_DIR/ktap/own/same.1.ktap"
	[ "$(grep -c . "$BATS_TEST_TMPDIR/check.err")" = 1 ]
	grep -q own/other "$BATS_TEST_TMPDIR/check.err"
}

@test "what fails is not kept, and no longer if it was" {
	local kept=$BATS_TEST_TMPDIR/kept keys=$BATS_TEST_TMPDIR/keys
	suite flips '' "$good"
	printf 'own/flips\tk1\n' >"$keys"
	check_own
	(. "$SCRIPTS/lib/kept.sh"; keep_passed "$kept" "$keys" "$RUN_DIR")
	[ -e "$kept/own/flips/key" ]
	# The same key, as for a suite that fails now and then.
	suite flips '' 'echo TAP version 13; echo 1..1; echo not ok 1 a; exit 1'
	rm -r "$RUN_DIR"
	check_own
	exits 1
	(. "$SCRIPTS/lib/kept.sh"; keep_passed "$kept" "$keys" "$RUN_DIR")
	[ ! -e "$kept/own/flips" ]
}

@test "a key tells every change of a suite, of the guest and of the kernel" {
	local before after change
	suite one '' "$good"
	. "$SCRIPTS/lib/kept.sh"
	kernel=$BATS_TEST_TMPDIR tools=$BATS_TEST_TMPDIR guest=$GUEST
	echo 1 >"$kernel/linux"
	echo 1 >"$tools/boot"
	before=$(kept_keys x own/one)
	[ "$before" = "$(kept_keys x own/one)" ]
	for change in 'echo 2 >"$kernel/linux"' 'echo 2 >"$tools/boot"' 'echo >>"$GUEST/rootfs/suites/own/one/prog"' \
		'chmod -x "$GUEST/rootfs/suites/own/one/prog"' 'touch "$GUEST/rootfs/suites/own/one/new"' \
		'ln -s a "$GUEST/rootfs/etc/link"' 'ln -sfn b "$GUEST/rootfs/etc/link"' 'echo >"$GUEST/rootfs/etc/file"'; do
		echo "$change"
		eval "$change"
		after=$(kept_keys x own/one)
		[ "$before" != "$after" ]
		before=$after
	done
	[ "$before" != "$(kept_keys y own/one)" ]
	suite two '' "$good"
	[ "$before" = "$(kept_keys x own/one)" ]
}

@test "an interrupted run ends its guests and keeps what was done" {
	suite fine 'expect = 9\n' "$good"
	suite hangs 'timeout = 1000\nexpect = 0\n' 'echo TAP version 13; echo 1..1; sleep 1000'
	"$BUILT/tools/check" --boot "$BOOT" --kernel "$LINUX" --config "$BUILT/default/.config" \
		--guest "$GUEST" --run "$BATS_TEST_TMPDIR/run" 2>/dev/null &
	local check=$!
	until grep -q fine "$BATS_TEST_TMPDIR/run/runs.tsv" 2>/dev/null; do kill -0 "$check"; sleep 0.1; done
	kill -INT "$check"
	status=0
	wait "$check" || status=$?
	exits 130
	grep -q 'own/fine.*passed' "$BATS_TEST_TMPDIR/run/runs.tsv"
	[ -z "$(left_behind)" ]
}

# The scripts above it: refused before anything is installed, fetched or built.

refused() {
	export BULKHEAD_BUILD=$BATS_TEST_TMPDIR/nothing
	run "$@"
	exits 2
	[ "${#lines[@]}" = 1 ]
	[ ! -e "$BULKHEAD_BUILD" ]
}

@test "unknown suite" { refused "$SCRIPTS/check" nosuchsuite; contains "suite 'nosuchsuite'"; }
@test "unknown flavour" { FLAVOUR=vanilla refused "$SCRIPTS/check"; contains "flavour 'vanilla'"; contains debug; }
@test "unknown feature" { FEATURES=warp-drive refused "$SCRIPTS/check"; contains "warp-drive"; }
@test "CPU count of 0" { CPUS=0 refused "$SCRIPTS/check"; contains "CPUS='0'"; }
@test "CPU count that is none" { CPUS=two refused "$SCRIPTS/check"; contains "CPUS='two'"; }
@test "repeat of 0" { REPEAT=0 refused "$SCRIPTS/check"; contains "REPEAT='0'"; }
@test "KERNEL_SRC that is no kernel tree" { KERNEL_SRC=$BATS_TEST_TMPDIR refused "$SCRIPTS/check"; contains "$BATS_TEST_TMPDIR"; }
@test "KERNEL_SRC that is too old" {
	fake_tree "$BATS_TEST_TMPDIR/old" 5.10.1
	KERNEL_SRC=$BATS_TEST_TMPDIR/old refused "$SCRIPTS/check"
	contains 5.10.1
	contains 6.12
}
@test "mode that is none" { MODE=qemu refused "$SCRIPTS/check"; contains "MODE='qemu'"; }
@test "name of a run that is a path" { RUN=a/b refused "$SCRIPTS/check"; contains "RUN='a/b'"; }
@test "build: flavour, feature, KERNEL_SRC" {
	FLAVOUR=vanilla refused "$SCRIPTS/build"
	FEATURES=warp-drive refused "$SCRIPTS/build"
	KERNEL_SRC=/no/such/tree refused "$SCRIPTS/build"
	contains "no such directory"
}
@test "run: everything that it takes by variables" {
	local asked
	for asked in CPUS=0 CPUS=65 CPUS=08 TIMEOUT=-1 TIMEOUT=1s MEMORY=31M MEMORY=x MEMORY=1.5G MEMORY=0 "DISKS=1G 0" \
		DISKS=1X DISKS=/no/such/disk DISKS=/dev/null MODE=qemu CGROUP=v3 CGROUP=v1: CGROUP=v1:a,,b \
		FLAVOUR=vanilla FEATURES=warp-drive "KERNEL_SRC=$BATS_TEST_TMPDIR"; do
		echo "$asked"
		refused env "$asked" "$SCRIPTS/run" true
		contains "${asked##*[ =]}" || contains "${asked#*=}"
	done
	refused "$SCRIPTS/run" --shell </dev/null
	contains "needs a terminal"
}
@test "run takes what boot takes" {
	local asked
	# The build is as far as it gets: its folder cannot be made.
	for asked in CPUS=64 TIMEOUT=0 MEMORY=32M MEMORY=33554432 MEMORY=1g "DISKS=1G 3m 512K" MODE=ptrace CGROUP=none \
		CGROUP=v1:pids,memory; do
		echo "$asked"
		BULKHEAD_BUILD=/dev/null/no run env "$asked" "$SCRIPTS/run" true
		exits 1
		contains /dev/null
	done
}
@test "test: part, mutant, feature, KERNEL_SRC" {
	refused "$SCRIPTS/test" nonsense
	MUTANTS=nonsense refused "$SCRIPTS/test" harness/mutants
	contains "MUTANTS: 'nonsense'"
	FEATURES=warp-drive refused "$SCRIPTS/test"
	KERNEL_SRC=/no/such/tree refused "$SCRIPTS/test"
}
@test "make refuses the names of folders, and says which target is meant" {
	local dir
	for dir in "$PROJECT"/*/; do
		dir=$(basename "$dir")
		[[ $dir != build && $dir != bench ]] || continue
		refused make -s -C "$PROJECT" --no-print-directory "$dir"
		contains "'$dir' is a folder"
		contains "make "
	done
}
@test "make help lists every target, and every target is one" {
	run make -s -C "$PROJECT" --no-print-directory help
	exits 0
	local target
	for target in all test check build run shell bench series refresh lint clean distclean help; do
		grep -qE "^  make $target +[^ ]" <<<"$output"
	done
	while read -r target; do
		make -n -C "$PROJECT" "$target" >/dev/null
	done < <(awk '$1 == "make" { print $2 }' <<<"$output")
}
@test "run without a command" { refused "$SCRIPTS/run" ""; contains "no command"; }
@test "unknown part of the tests" { run "$SCRIPTS/test" nonsense; exits 2; contains "part 'nonsense'"; }

# Mutants take hours to run; that they are whole takes a second.
@test "every mutant has its test, names tests of its suite, and still applies" {
	local patch name suite glob
	for patch in "$PROJECT"/tests/mutants/*.patch; do
		name=$(basename "$patch" .patch)
		echo "$name"
		grep -qxF "@test \"$name\" { caught $name; }" "$PROJECT/tests/harness/mutants.bats"
		suite=$(mutant_header "$patch" Suite)
		[ -f "$PROJECT/selftests/$suite/suite" ]
		grep -q . < <(mutant_header "$patch" Test)
		grep -q . < <(mutant_header "$patch" Why)
		while read -r glob; do
			echo "$glob"
			grep -qr --include='*.c' -- "${glob##*[.*/]}" "$PROJECT/selftests/$suite"
		done < <(mutant_header "$patch" Test)
		patch -s --dry-run --follow-symlinks -p1 -d "${TREE:-$BUILT/tree}" <"$patch"
	done
}
