# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every step of the harness shares. A script sources it first:
#
#	. "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
#
# Exit statuses: 2 when the caller asked for something that cannot be (nothing
# was started), 1 for every other failure. stdout belongs to a script's result
# (a path, a table), so everything meant for a person goes to stderr.

PROG=${0##*/}

# The project, and where it puts what it makes. Both can be moved: the
# project's own tests run the scripts on projects of a few files.
BULKHEAD_ROOT=${BULKHEAD_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
BUILD=${BULKHEAD_BUILD:-$BULKHEAD_ROOT/build}
KERNEL_DIR=$BULKHEAD_ROOT/kernel

# Sorting and pattern ranges must not depend on the user's language.
export LC_ALL=C

die() {
	printf '%s: %s\n' "$PROG" "$*" >&2
	exit 2
}

fail() {
	printf '%s: %s\n' "$PROG" "$*" >&2
	exit 1
}

note() {
	printf '%s: %s\n' "$PROG" "$*" >&2
}

# Long work says what it does before it starts.
progress() {
	printf '  %-10s %s\n' "$1" "${*:2}" >&2
}

# usage: the script's head comment is its help text.
usage() {
	awk '
		NR == 1 || /^# SPDX/	{ next }
		/^#/			{ sub(/^# ?/, ""); text = text $0 "\n"; next }
					{ exit }
		END			{ sub(/^\n+/, "", text); printf "%s", text }
	' "$0"
}

cache_dir() {
	printf '%s\n' "${XDG_CACHE_HOME:-${HOME:?neither XDG_CACHE_HOME nor HOME is set}/.cache}/bulkhead"
}

# base_get KEY: a value of kernel/base.
base_get() {
	local value
	value=$(sed -n "s/^$1=//p" "$KERNEL_DIR/base")
	[ -n "$value" ] || fail "kernel/base has no $1"
	printf '%s\n' "$value"
}

# tree_version DIR: "7.3.4" of a kernel tree, or failure if DIR has none.
# A release candidate counts as its release.
tree_version() {
	awk '
		FNR > 20		{ exit }
		/^VERSION *=/		{ v = $NF }
		/^PATCHLEVEL *=/	{ p = $NF }
		/^SUBLEVEL *=/		{ s = $NF }
		END {
			if (v !~ /^[0-9]+$/ || p !~ /^[0-9]+$/)
				exit 1
			print v "." p "." (s ~ /^[0-9]+$/ ? s : 0)
		}
	' "$1/Makefile" 2>/dev/null
}

# version_ge A B: whether version A is B or newer.
version_ge() {
	[ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

# tree_missing DIR: the first of the files that every usable tree has and DIR
# lacks; nothing if DIR is whole. They are spread over what a build of UML
# and of the suites reads, so that half a tree does not pass for one.
tree_missing() {
	local f
	for f in Makefile Kconfig Kbuild arch/um/Makefile arch/um/Kconfig \
		arch/x86/um/Makefile fs/namespace.c include/linux/sched.h \
		init/main.c kernel/fork.c kernel/cgroup/cgroup.c mm/memory.c \
		net/core/net_namespace.c scripts/Kconfig.include \
		scripts/kconfig/Makefile tools/testing/selftests/lib.mk \
		tools/testing/selftests/kselftest_harness.h; do
		if [ ! -f "$1/$f" ]; then
			printf '%s\n' "$f"
			return
		fi
	done
}

# with_lock FILE COMMAND...: run it while nobody else holds the lock; waits,
# and says so when there is something to wait for.
with_lock() {
	local lock=$1 fd
	shift
	mkdir -p "$(dirname "$lock")"
	exec {fd}>"$lock"
	if ! flock -n "$fd"; then
		note "waiting for another run to finish with ${lock##*/}"
		flock "$fd"
	fi
	# Not inherited: a background process of the command must not hold it. On
	# failure the script ends, and the lock with it.
	"$@" {fd}>&-
	exec {fd}>&-
}

# Lines of a list without comments and blanks.
list_lines() {
	sed -e 's/[[:space:]]*#.*//' -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^$/d' "$1"
}

# features_known: every feature of the stack, in the order they apply.
features_known() {
	local feature
	[ -f "$KERNEL_DIR/series" ] || fail "kernel/series is missing"
	while read -r feature; do
		[ -d "$KERNEL_DIR/$feature" ] ||
			fail "kernel/series names '$feature', but kernel/$feature does not exist"
		printf '%s\n' "$feature"
	done < <(list_lines "$KERNEL_DIR/series")
}

# features_selected: those that FEATURES (all, none, or names) asks for, in
# the order they apply, whatever order they were asked in.
features_selected() {
	local known want=" ${FEATURES:-all} " feature
	known=$(features_known) || exit $?
	want=${want//,/ }
	case $want in
	*" all "*)
		[ "${want// /}" = all ] || die "FEATURES='$FEATURES': 'all' stands alone"
		[ -z "$known" ] || printf '%s\n' "$known"
		return ;;
	*" none "*)
		[ "${want// /}" = none ] || die "FEATURES='$FEATURES': 'none' stands alone"
		return ;;
	esac
	for feature in $want; do
		grep -qxF -- "$feature" <<<"$known" ||
			die "FEATURES: no feature '$feature'; there are: ${known//$'\n'/ } (or all, none)"
	done
	while read -r feature; do
		[[ $want != *" $feature "* ]] || printf '%s\n' "$feature"
	done <<<"$known"
}

# feature_patches FEATURE: its patches, relative to kernel/, in order. Either
# one hooks.patch, or the files that the feature's own series lists.
feature_patches() {
	local dir=$KERNEL_DIR/$1 patch
	if [ -f "$dir/series" ]; then
		while read -r patch; do
			[ -f "$dir/$patch" ] ||
				fail "kernel/$1/series names '$patch', which does not exist"
			printf '%s/%s\n' "$1" "$patch"
		done < <(list_lines "$dir/series")
	elif [ -f "$dir/hooks.patch" ]; then
		printf '%s/hooks.patch\n' "$1"
	fi
}

# feature_sources FEATURE: its new files, at the paths they have in a tree.
feature_sources() {
	[ -d "$KERNEL_DIR/$1/src" ] || return 0
	(cd "$KERNEL_DIR/$1/src" && find . -type f ! -name '*~' ! -name '.*.sw?' \
		! -name '.#*' -printf '%P\n' | sort)
}

# tree_path: where the tree for KERNEL_SRC and FEATURES is assembled. The
# pinned base with the whole stack is build/tree; every other combination has
# a place of its own, so that going back and forth rebuilds nothing.
tree_path() {
	local selected key
	selected=$(features_selected) || exit $?
	if [ -z "${KERNEL_SRC:-}" ] && [ "$selected" = "$(features_known)" ]; then
		printf '%s/tree\n' "$BUILD"
		return
	fi
	key=base
	if [ -n "${KERNEL_SRC:-}" ]; then
		key=$(tree_version "$KERNEL_SRC") || key=unknown
		key+=-$(realpath -m -- "$KERNEL_SRC" | sha256sum | cut -c1-8)
	fi
	if [ "$selected" = "$(features_known)" ] && [ -n "$selected" ]; then
		key+=-all
	elif [ -z "$selected" ]; then
		key+=-none
	else
		key+=-${selected//$'\n'/+}
	fi
	printf '%s/trees/%s\n' "$BUILD" "$key"
}

# suites_known: every suite of selftests/, as GROUP/NAME.
suites_known() {
	(cd "$BULKHEAD_ROOT/selftests" && find . -mindepth 3 -maxdepth 3 -name suite -printf '%h\n') |
		sed 's,^\./,,' | sort
}

# new_run DIR NAME: makes a folder for a run, DIR/NAME or DIR/NAME.2 and so on, and prints its name.
new_run() {
	local name=$2 n=1
	[[ $2 != */* ]] || die "run '$2': a name, not a path"
	mkdir -p "$1" || return
	until mkdir "$1/$name" 2>/dev/null; do
		[ -e "$1/$name" ] || fail "run '$2': no folder of that name can be made in $1"
		n=$((n + 1))
		name=$2.$n
	done
	printf '%s\n' "$name"
}
