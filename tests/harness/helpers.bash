# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of the harness share. A test file begins with
#
#	load helpers
#
# and works in $BATS_TEST_TMPDIR, which bats empties.

# The project that is tested; a test may point BULKHEAD_ROOT elsewhere.
PROJECT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
SCRIPTS=$PROJECT/scripts

# Bats sets these in run.
: "${output=}" "${status=}"

# What the caller of the tests has set must not decide them.
unset KERNEL_SRC FEATURES FLAVOUR BULKHEAD_ROOT BULKHEAD_BUILD BULKHEAD_KEYRING
unset GIT_DIR GIT_WORK_TREE QUILT_PATCHES QUILT_SERIES QUILT_PC

# contains TEXT: whether the last run printed it; shows the output if not.
contains() {
	[[ $output == *"$1"* ]] || {
		printf 'expected in the output: %s\noutput:\n%s\n' "$1" "$output"
		return 1
	}
}

lacks() {
	[[ $output != *"$1"* ]] || {
		printf 'not expected in the output: %s\noutput:\n%s\n' "$1" "$output"
		return 1
	}
}

# exits STATUS
exits() {
	[ "$status" = "$1" ] || {
		printf 'exit status %s instead of %s; output:\n%s\n' "$status" "$1" "$output"
		return 1
	}
}

# fake_tree DIR VERSION: the smallest thing that passes for a whole kernel
# tree: the files that the scripts look for, and three to be patched.
fake_tree() {
	local dir=$1 version=$2 v p s f
	IFS=. read -r v p s <<<"$version"
	for f in Kconfig Kbuild arch/um/Makefile arch/um/Kconfig \
		arch/x86/um/Makefile fs/namespace.c include/linux/sched.h \
		init/main.c kernel/fork.c kernel/cgroup/cgroup.c mm/memory.c \
		net/core/net_namespace.c scripts/Kconfig.include \
		scripts/kconfig/Makefile tools/testing/selftests/lib.mk \
		tools/testing/selftests/kselftest_harness.h; do
		mkdir -p "$dir/$(dirname "$f")"
		printf '/* %s */\n' "$f" >"$dir/$f"
	done
	printf 'VERSION = %s\nPATCHLEVEL = %s\nSUBLEVEL = %s\nEXTRAVERSION =\n' \
		"$v" "$p" "${s:-0}" >"$dir/Makefile"
	for f in kernel/a.c kernel/b.c mm/c.c; do
		seq -f "line %g of $f" 1 60 >"$dir/$f"
	done
	find "$dir" -type f -exec touch -d '2020-01-02 03:04:05' {} +
}

# cached_base VERSION: such a tree, in a cache of the test's own.
cached_base() {
	export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
	local dir=$XDG_CACHE_HOME/bulkhead/base/linux-$1
	fake_tree "$dir" "$1"
	printf 'version=%s\norigin=test\n' "$1" >"$dir.ok"
}

# fake_project: a project with an empty stack and the real kernel/base.
fake_project() {
	export BULKHEAD_ROOT=$BATS_TEST_TMPDIR/project
	mkdir -p "$BULKHEAD_ROOT/kernel"
	cp "$PROJECT/kernel/base" "$BULKHEAD_ROOT/kernel/base"
	: >"$BULKHEAD_ROOT/kernel/series"
}

# fake_feature NAME FILE SED-EXPRESSION...: a feature whose patch changes FILE
# of the tree as the stack leaves it until now, and which has one new file.
fake_feature() {
	local name=$1 file=$2 dir=$BULKHEAD_ROOT/kernel/$1 tree scratch=$BATS_TEST_TMPDIR/scratch
	shift 2
	tree=$("$SCRIPTS/assemble" 2>/dev/null)
	rm -rf "$scratch"
	mkdir -p "$dir/src/kernel/$name" "$scratch"/{a,b}/"$(dirname "$file")"
	cp "$tree/$file" "$scratch/a/$file"
	sed "$@" "$tree/$file" >"$scratch/b/$file"
	printf '%s: the feature\n\nWhy %s is wanted.\n\nSigned-off-by: A Hacker <a@hacker.example>\n---\n' \
		"$name" "$name" >"$dir/hooks.patch"
	(cd "$scratch" && diff -up --label "a/$file" --label "b/$file" "a/$file" "b/$file") >>"$dir/hooks.patch" || :
	printf '/* %s */\n' "$name" >"$dir/src/kernel/$name/core.c"
	printf '# The feature %s\n\nWhat %s offers.\n' "$name" "$name" >"$dir/README.md"
	printf '%s\n' "$name" >>"$BULKHEAD_ROOT/kernel/series"
}

# no_line PATTERN FILE: a test does not fail by "! grep", which set -e ignores.
no_line() {
	if grep -n -e "$1" "$2"; then
		printf 'not expected in %s: %s\n' "$2" "$1"
		return 1
	fi
}

# mutant_header PATCH KEY: the values of KEY in the header of a patch of tests/mutants.
mutant_header() {
	sed -n "/^--- /q; s/^$2: *//p" "$1"
}
