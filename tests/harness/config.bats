#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# scripts/configure and tools/kconfig-why: what a fragment asks for is what the kernel
# gets, or the build stops and says why. TREE=dir is the kernel tree to ask; each test
# runs on a project of its own, with fragments of a few lines.

setup()
{
	[[ -r ${TREE:-}/Makefile ]] || skip "TREE=dir of a kernel tree is not set"
	real=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	export BULKHEAD_ROOT=$BATS_TEST_TMPDIR/project
	mkdir -p "$BULKHEAD_ROOT/uml-configs" "$BULKHEAD_ROOT/kernel"
	ln -s "$real/tools" "$BULKHEAD_ROOT/tools"
	: >"$BULKHEAD_ROOT/kernel/series"
	out=$BATS_TEST_TMPDIR/out
	mkdir -p "$out"
	unset FEATURES
	version=$(sed -n 's/^VERSION = //p' "$TREE/Makefile").$(sed -n 's/^PATCHLEVEL = //p' "$TREE/Makefile")

	# Kconfig's parser takes longest: compiled once, for all tests.
	if [[ -d $BATS_FILE_TMPDIR/scripts ]]; then
		cp -a "$BATS_FILE_TMPDIR/scripts" "$BATS_FILE_TMPDIR/Makefile" "$out"
	fi
}

teardown()
{
	if [[ -e ${out:-}/scripts/kconfig/conf && ! -d $BATS_FILE_TMPDIR/scripts ]]; then
		cp -a "$out/scripts" "$out/Makefile" "$BATS_FILE_TMPDIR"
	fi
}

# fragment NAME LINE...: a fragment, which flavour "one" consists of.
fragment()
{
	printf '%s\n' "${@:2}" >"$BULKHEAD_ROOT/uml-configs/$1.config"
	echo "$1" >>"$BULKHEAD_ROOT/uml-configs/one.flavour"
}

configure()
{
	"$real/scripts/configure" "$TREE" "$out" one
}

@test "what is asked for stands in .config" {
	fragment a CONFIG_CGROUPS=y CONFIG_CGROUP_PIDS=y 'CONFIG_DEFAULT_HOSTNAME="a # b"'
	run configure
	[ "$status" -eq 0 ]
	grep -qx CONFIG_CGROUP_PIDS=y "$out/.config"
	grep -qxF 'CONFIG_DEFAULT_HOSTNAME="a # b"' "$out/.config"
}

@test "an option without its dependency stops the build and names both" {
	fragment a CONFIG_64BIT=y CONFIG_CGROUP_PIDS=y
	run configure
	[ "$status" -eq 1 ]
	[[ $output == *"CONFIG_CGROUP_PIDS=y (a.config:2): dropped"* ]]
	[[ $output == *"needs CGROUPS, which is off"* ]]
	[[ $output == *"no fragment asks for it"* ]]
	[ ! -e "$out/.config" ]
}

@test "only the missing one of several dependencies is named, however far away" {
	fragment a CONFIG_CGROUPS=y CONFIG_CFS_BANDWIDTH=y
	run configure
	[ "$status" -eq 1 ]
	[[ $output == *"CONFIG_CFS_BANDWIDTH=y (a.config:2): dropped"* ]]
	[[ $output == *"needs FAIR_GROUP_SCHED, which is off"* ]]
	[[ $output == *"needs CGROUP_SCHED, which is off"* ]]
	[[ $output != *"needs CGROUPS"* ]]
}

@test "an option that excludes another one: who asked for that" {
	fragment a CONFIG_SMP=y CONFIG_UML_TIME_TRAVEL_SUPPORT=y
	grep -qs 'config SMP' "$TREE/arch/um/Kconfig" || skip "this UML has no SMP"
	run configure
	[ "$status" -eq 1 ]
	[[ $output == *"CONFIG_UML_TIME_TRAVEL_SUPPORT=y (a.config:2): dropped"* ]]
	[[ $output == *"needs !SMP, but SMP=y (asked by a.config:1)"* ]]
}

@test "an option without a prompt cannot be asked for" {
	fragment a CONFIG_CGROUPS=y CONFIG_SOCK_CGROUP_DATA=y
	run configure
	[ "$status" -eq 1 ]
	[[ $output == *"CONFIG_SOCK_CGROUP_DATA=y (a.config:2): dropped"* ]]
	[[ $output == *"has no prompt: only a select or its own default can set it"* ]]
}

@test "of two members of a choice that are asked for, the loser names the winner" {
	fragment a CONFIG_CC_OPTIMIZE_FOR_SIZE=y CONFIG_CC_OPTIMIZE_FOR_PERFORMANCE=y
	run configure
	[ "$status" -eq 1 ]
	[[ $output == *"CONFIG_CC_OPTIMIZE_FOR_SIZE=y (a.config:1): dropped"* ]]
	[[ $output == *"the choice \"Compiler optimization level\" went to CC_OPTIMIZE_FOR_PERFORMANCE=y (asked by a.config:2)"* ]]
}

@test "an unknown option is named, even when it is asked to be off" {
	fragment a CONFIG_NO_SUCH_THING=y CONFIG_NOR_THIS=n
	run configure
	[ "$status" -eq 1 ]
	[[ $output == *"CONFIG_NO_SUCH_THING=y (a.config:1): no such option in Linux $version"* ]]
	[[ $output == *"CONFIG_NOR_THIS=n (a.config:2): no such option in Linux $version"* ]]
	[[ $output == *"2 option(s) not as asked"* ]]
}

@test "an option that a select forces on names the selector" {
	fragment a CONFIG_CGROUPS=y CONFIG_KERNFS=n
	fragment b CONFIG_SYSFS=y
	run configure
	[ "$status" -eq 1 ]
	[[ $output == *"CONFIG_KERNFS=n (a.config:2): forced to y"* ]]
	[[ $output == *"selected by "*"CGROUPS=y (asked by a.config:1)"* ]]
}

@test "a number out of its range says the range" {
	fragment a CONFIG_LOG_BUF_SHIFT=99 CONFIG_PRINTK=y
	run configure
	[ "$status" -eq 1 ]
	[[ $output == *"CONFIG_LOG_BUF_SHIFT=99 (a.config:1): is "* ]]
	[[ $output == *"must be in the range"* ]]
}

@test "since: an option of a later version is left out, and the log says so" {
	fragment a 'CONFIG_NO_SUCH_THING=y # since 99.1' 'CONFIG_CGROUPS=y # since 2.6'
	run configure
	[ "$status" -eq 0 ]
	grep -q 'a.config:1: CONFIG_NO_SUCH_THING=y left out: since 99.1' "$out/configure.log"
	grep -qx CONFIG_CGROUPS=y "$out/.config"
}

@test "if known: an option that no Kconfig file has is left out, and the log says so" {
	fragment a 'CONFIG_NO_SUCH_THING=y # if known' 'CONFIG_CGROUPS=y # if known'
	run configure
	[ "$status" -eq 0 ]
	grep -q 'a.config:1: CONFIG_NO_SUCH_THING=y left out: Linux .* has no such option' "$out/configure.log"
	grep -qx CONFIG_CGROUPS=y "$out/.config"
}

@test "a later fragment overrides an earlier one" {
	fragment a CONFIG_CGROUPS=y
	fragment b CONFIG_CGROUPS=n
	run configure
	[ "$status" -eq 0 ]
	grep -qx '# CONFIG_CGROUPS is not set' "$out/.config"
	grep -q 'b.config:1: CONFIG_CGROUPS=n overrides y of a.config:1' "$out/configure.log"
}

@test "the features of the stack bring their own options" {
	fragment a CONFIG_64BIT=y
	mkdir "$BULKHEAD_ROOT/kernel/thing"
	echo thing >"$BULKHEAD_ROOT/kernel/series"
	echo CONFIG_NO_SUCH_THING=y >"$BULKHEAD_ROOT/kernel/thing/config"
	run configure
	[ "$status" -eq 1 ]
	[[ $output == *"CONFIG_NO_SUCH_THING=y (kernel/thing/config:1): no such option"* ]]
	FEATURES=none run configure
	[ "$status" -eq 0 ]
}

@test "a line that is no option is refused with its place" {
	fragment a CONFIG_CGROUPS=y 'CONFIG_PIDS: y'
	run configure
	[ "$status" -eq 1 ]
	[[ $output == *"a.config:2: not an option: CONFIG_PIDS: y"* ]]
}

@test "a flavour which names an absent fragment" {
	echo nowhere >"$BULKHEAD_ROOT/uml-configs/one.flavour"
	run configure
	[ "$status" -eq 1 ]
	[[ $output == *"names the fragment 'nowhere'"* ]]
}

@test "an unknown flavour: one line with those there are, exit 2, nothing written" {
	fragment a CONFIG_CGROUPS=y
	touch "$BULKHEAD_ROOT/uml-configs/two.flavour"
	run "$real/scripts/configure" "$TREE" "$BATS_TEST_TMPDIR/nothing" ../one
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *"flavour '../one': no such flavour; there are: one two" ]]
	[ ! -e "$BATS_TEST_TMPDIR/nothing" ]
}

@test "an unknown feature: one line, exit 2" {
	fragment a CONFIG_CGROUPS=y
	FEATURES=nosuch run configure
	[ "$status" -eq 2 ]
	[[ $output == *"no feature 'nosuch'"* ]]
}

@test "a folder which is no kernel tree: one line, exit 2" {
	fragment a CONFIG_CGROUPS=y
	run "$real/scripts/configure" "$BATS_TEST_TMPDIR" "$out" one
	[ "$status" -eq 2 ]
	[ "${#lines[@]}" -eq 1 ]
}

@test "the second run writes nothing, and says nothing" {
	fragment a CONFIG_CGROUPS=y
	configure
	find "$out" -printf '%p %T@\n' | sort >"$BATS_TEST_TMPDIR/before"
	run configure
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	find "$out" -printf '%p %T@\n' | sort | diff "$BATS_TEST_TMPDIR/before" -
}

@test ".config keeps its time when a change of the fragments makes none" {
	fragment a CONFIG_CGROUPS=y
	configure
	touch -d 2001-01-01 "$out/.config"
	echo '# a comment' >>"$BULKHEAD_ROOT/uml-configs/a.config"
	configure
	[ "$(stat -c %Y "$out/.config")" -eq "$(date -d 2001-01-01 +%s)" ]
}

@test "an edited .config is brought back" {
	fragment a CONFIG_CGROUPS=y
	configure
	sed -i '/CONFIG_CGROUPS/d' "$out/.config"
	configure
	grep -qx CONFIG_CGROUPS=y "$out/.config"
}

@test "a refused change leaves the last good .config" {
	fragment a CONFIG_CGROUPS=y
	configure
	cp "$out/.config" "$BATS_TEST_TMPDIR/good"
	echo CONFIG_NO_SUCH_THING=y >>"$BULKHEAD_ROOT/uml-configs/a.config"
	run configure
	[ "$status" -eq 1 ]
	cmp "$out/.config" "$BATS_TEST_TMPDIR/good"
	run configure
	[ "$status" -eq 1 ]
}

@test "an option that is left out takes with it what depends on it, and nothing else" {
	fragment a CONFIG_CGROUPS=y CONFIG_CGROUP_SCHED=y CONFIG_FAIR_GROUP_SCHED=y CONFIG_CFS_BANDWIDTH=y CONFIG_CGROUP_PIDS=y
	WITHOUT=CGROUP_SCHED run configure
	[ "$status" -eq 0 ]
	run grep -E '^CONFIG_(CGROUP_SCHED|FAIR_GROUP_SCHED|CFS_BANDWIDTH)=' "$out/.config"
	[ "$status" -eq 1 ]
	grep -qx CONFIG_CGROUP_PIDS=y "$out/.config"
	grep -qF 'CONFIG_CGROUP_SCHED left out' "$out/configure.log"
	# and comes back
	run configure
	[ "$status" -eq 0 ]
	grep -qx CONFIG_CFS_BANDWIDTH=y "$out/.config"
}

@test "an option that cannot be left out alone stops the build, and who wants it is named" {
	fragment a CONFIG_CGROUPS=y CONFIG_MEMCG=y
	WITHOUT=PAGE_COUNTER run configure
	[ "$status" -eq 1 ]
	[[ $output == *"CONFIG_PAGE_COUNTER=n (WITHOUT)"* ]]
	[[ $output == *MEMCG* ]]
	[ ! -e "$out/.config" ]
}

@test "every flavour of this project is taken by the tree as it is" {
	cp "$real"/uml-configs/*.flavour "$real"/uml-configs/*.config "$BULKHEAD_ROOT/uml-configs"
	for f in "$real"/uml-configs/*.flavour; do
		f=${f##*/}
		"$real/scripts/configure" "$TREE" "$out" "${f%.flavour}"
	done
}

@test "compile: no .config, no tree" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	run "$real/scripts/compile" "$TREE" "$BATS_TEST_TMPDIR/empty"
	[ "$status" -eq 1 ]
	[[ $output == *"has no .config"* ]]
	run "$real/scripts/compile" "$BATS_TEST_TMPDIR/empty" "$out"
	[ "$status" -eq 2 ]
}

@test "compile: a failure shows its first error and where the rest is" {
	fragment a CONFIG_CGROUPS=y
	configure
	CC=false run "$real/scripts/compile" "$TREE" "$out"
	[ "$status" -eq 1 ]
	[[ $output == *"Error"* ]]
	[[ $output == *"failed after"*"$out/build.log"* ]]
}

# What cannot be compiled must not be, also for who has ccache compile what it has preprocessed: Kconfig
# tells compilers apart by that.
@test "a setting of ccache does not change what the compiler is taken for" {
	command -v ccache >/dev/null || skip "no ccache"
	export CCACHE_DIR=$BATS_TEST_TMPDIR/ccache CCACHE_NOCPP2=1
	# shellcheck disable=SC1090,SC1091,SC2154
	. "$real/scripts/lib/common.sh"
	# shellcheck disable=SC1090,SC1091
	. "$real/scripts/lib/kbuild.sh"
	kbuild_setup "$TREE" "$out"
	run ccache gcc -Werror -m64 -D__SIZEOF_INT128__=0 -S -x c /dev/null -o "$out/x.s"
	[ "$status" -ne 0 ]
}
