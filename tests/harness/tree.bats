#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# scripts/assemble, refresh and series: from the base and the stack to a tree,
# back again, and out as mails. The base has twenty files.

load helpers

setup() {
	fake_project
	cached_base 7.3.4
	BASE=$XDG_CACHE_HOME/bulkhead/base/linux-7.3.4
	TREE=$BULKHEAD_ROOT/build/tree
	KERNEL=$BULKHEAD_ROOT/kernel
	export GIT_AUTHOR_NAME='A Hacker' GIT_AUTHOR_EMAIL=a@hacker.example
}

# two_features: both change kernel/a.c, in places far apart.
two_features() {
	fake_feature one kernel/a.c -e 's/^line 10 .*/one/'
	fake_feature two kernel/a.c -e 's/^line 50 .*/two/'
	"$SCRIPTS/assemble" >/dev/null 2>&1
}

# age: make every file of the tree old, so that writing one shows.
age() {
	find "$TREE" -path "$TREE/.assembled" -prune -o -type f -newermt 2020-02-01 -print >"$BATS_TEST_TMPDIR/young"
	touch "$BATS_TEST_TMPDIR/mark"
	sleep 0.02
}

# written: what was written since.
written() {
	(cd "$TREE" && find . \( -path ./.assembled -o -path ./.pc \) -prune -o \
		-type f -newer "$BATS_TEST_TMPDIR/mark" -print | sort)
}

@test "assemble: the base with an empty stack is the base, times included" {
	run "$SCRIPTS/assemble"
	exits 0
	contains "$TREE"
	run diff -r --exclude=.assembled "$BASE" "$TREE"
	exits 0
	[ ! "$TREE/mm/c.c" -nt "$BASE/mm/c.c" ]
}

@test "assemble: patches are applied, new files are links into src" {
	two_features
	grep -qx one "$TREE/kernel/a.c"
	grep -qx two "$TREE/kernel/a.c"
	[ -L "$TREE/kernel/one/core.c" ]
	echo '/* edited in the tree */' >>"$TREE/kernel/one/core.c"
	grep -q 'edited in the tree' "$KERNEL/one/src/kernel/one/core.c"
	# And the base was not touched.
	run grep -l -e one -e two "$BASE/kernel/a.c"
	exits 1
}

@test "assemble: nothing changed, nothing written" {
	two_features
	age
	run "$SCRIPTS/assemble"
	exits 0
	[ "$output" = "$TREE" ]
	[ -z "$(written)" ]
}

@test "assemble: a changed hook rewrites its files only" {
	two_features
	fake_feature three mm/c.c -e 's/^line 3 .*/three/'
	"$SCRIPTS/assemble"
	age
	sed -i 's/^+two/+two and a half/' "$KERNEL/two/hooks.patch"
	run "$SCRIPTS/assemble"
	exits 0
	[ "$(written)" = ./kernel/a.c ]
	grep -qx 'two and a half' "$TREE/kernel/a.c"
}

@test "assemble: a feature taken out takes its changes and its links along" {
	two_features
	age
	echo one >"$KERNEL/series"
	run "$SCRIPTS/assemble"
	exits 0
	grep -qx one "$TREE/kernel/a.c"
	no_line two "$TREE/kernel/a.c"
	[ ! -e "$TREE/kernel/two" ]
	[ ! -L "$TREE/kernel/two/core.c" ]
	[ "$(written)" = ./kernel/a.c ]

	: >"$KERNEL/series"
	run "$SCRIPTS/assemble"
	exits 0
	cmp "$TREE/kernel/a.c" "$BASE/kernel/a.c"
	# What went back to the base's content must look new to make.
	[ "$TREE/kernel/a.c" -nt "$BATS_TEST_TMPDIR/mark" ]
}

@test "assemble: FEATURES goes to a tree of its own" {
	two_features
	age
	FEATURES=two run "$SCRIPTS/assemble"
	exits 0
	local other=${lines[-1]}
	[ "$other" = "$BULKHEAD_ROOT/build/trees/base-two" ]
	grep -qx two "$other/kernel/a.c"
	no_line one "$other/kernel/a.c"
	[ ! -e "$other/kernel/one" ]
	FEATURES=none run "$SCRIPTS/assemble"
	exits 0
	cmp "${lines[-1]}/kernel/a.c" "$BASE/kernel/a.c"
	FEATURES="two one" run "$SCRIPTS/assemble"
	exits 0
	[ "$output" = "$TREE" ]
	[ -z "$(written)" ]
}

@test "assemble: an unknown feature is bad input and starts nothing" {
	two_features
	FEATURES="one tow" run "$SCRIPTS/assemble"
	exits 2
	contains "no feature 'tow'; there are: one two"
	FEATURES="none one" run "$SCRIPTS/assemble"
	exits 2
	[ ! -e "$BULKHEAD_ROOT/build/trees" ]
}

@test "assemble: a series that names what does not exist says so" {
	echo ghost >"$KERNEL/series"
	run "$SCRIPTS/assemble"
	exits 1
	contains "kernel/series names 'ghost', but kernel/ghost does not exist"
}

@test "assemble: a hook that fails names feature, file and hunk, and can be mended" {
	two_features
	age
	cp "$KERNEL/two/hooks.patch" "$BATS_TEST_TMPDIR/good"
	sed -i 's/^-line 50 .*/-line of another time/' "$KERNEL/two/hooks.patch"
	run "$SCRIPTS/assemble"
	exits 1
	contains "feature 'two': kernel/two/hooks.patch does not apply to Linux 7.3.4"
	contains "kernel/a.c: hunk #1 FAILED"
	lacks "feature 'one'"
	[ -z "$(written)" ]
	cp "$BATS_TEST_TMPDIR/good" "$KERNEL/two/hooks.patch"
	run "$SCRIPTS/assemble"
	exits 0
	[ -z "$(written)" ]
}

@test "assemble: a hook on a file that the base lacks names it" {
	two_features
	sed -i 's,kernel/a\.c,kernel/nowhere.c,' "$KERNEL/one/hooks.patch"
	run "$SCRIPTS/assemble"
	exits 1
	contains "feature 'one'"
	contains "kernel/nowhere.c: no such file in this tree"
}

@test "assemble: a src file that the base has is refused" {
	two_features
	mkdir -p "$KERNEL/one/src/mm"
	echo 'int c;' >"$KERNEL/one/src/mm/c.c"
	run "$SCRIPTS/assemble"
	exits 1
	contains "kernel/one/src/mm/c.c: the base has a file of that name"
	grep -q 'line 1 of' "$TREE/mm/c.c"
}

@test "assemble: an edit that is not in the stack is not written over" {
	two_features
	sed -i 's/^line 30 .*/mine/' "$TREE/kernel/a.c"
	# Nothing to do: the edit is mentioned and stays.
	run "$SCRIPTS/assemble"
	exits 0
	contains "kernel/a.c was edited"
	sed -i 's/^+two/+zwei/' "$KERNEL/two/hooks.patch"
	run "$SCRIPTS/assemble"
	exits 1
	contains "    kernel/a.c"
	contains "scripts/refresh"
	grep -qx mine "$TREE/kernel/a.c"
	# Given up.
	run "$SCRIPTS/assemble" --restore kernel/a.c
	exits 0
	no_line mine "$TREE/kernel/a.c"
	grep -qx zwei "$TREE/kernel/a.c"
}

@test "assemble: an edit elsewhere does not stand in the way and stays" {
	two_features
	echo mine >>"$TREE/mm/c.c"
	sed -i 's/^+two/+zwei/' "$KERNEL/two/hooks.patch"
	run "$SCRIPTS/assemble"
	exits 0
	grep -qx mine "$TREE/mm/c.c"
	grep -qx zwei "$TREE/kernel/a.c"
}

@test "assemble: a new patch level of the base is taken over, edits are not lost" {
	two_features
	age
	cached_base 7.3.5
	rm -r "$BASE" "$BASE.ok"
	BASE=$XDG_CACHE_HOME/bulkhead/base/linux-7.3.5
	sed -i 's/^line 7 .*/fixed/' "$BASE/mm/c.c" "$BASE/kernel/a.c"
	rm "$BASE/kernel/b.c"
	run "$SCRIPTS/assemble"
	exits 0
	[ "$(written)" = $'./Makefile\n./kernel/a.c\n./mm/c.c' ]
	grep -qx fixed "$TREE/mm/c.c"
	grep -qx fixed "$TREE/kernel/a.c"
	grep -qx one "$TREE/kernel/a.c"
	[ ! -e "$TREE/kernel/b.c" ]

	echo mine >>"$TREE/mm/c.c"
	sed -i 's/^line 8 .*/fixed too/' "$BASE/mm/c.c"
	echo again >>"$BASE.ok"
	run "$SCRIPTS/assemble"
	exits 1
	contains "    mm/c.c"
	grep -qx mine "$TREE/mm/c.c"
}

@test "assemble: a run that was cut off is made good by the next" {
	two_features
	rm "$TREE/.assembled/tree.manifest" "$TREE/.assembled/stamp"
	rm "$TREE/mm/c.c"
	run "$SCRIPTS/assemble"
	exits 0
	cmp "$TREE/mm/c.c" "$BASE/mm/c.c"
	grep -qx two "$TREE/kernel/a.c"
}

@test "KERNEL_SRC: looked at each time, never written, build output left out" {
	local mine=$BATS_TEST_TMPDIR/mine
	fake_tree "$mine" 7.3.9
	mkdir -p "$mine/include/generated" "$mine/include/config" "$mine/arch/x86/include/generated" "$mine/.git"
	touch "$mine/.config" "$mine/vmlinux" "$mine/kernel/a.o" "$mine/include/generated/x.h" "$mine/.git/HEAD"
	two_features
	chmod -R a-w "$mine"
	KERNEL_SRC=$mine run "$SCRIPTS/assemble"
	chmod -R u+w "$mine"
	exits 0
	TREE=${lines[-1]}
	[[ $TREE == "$BULKHEAD_ROOT"/build/trees/7.3.9-*-all ]]
	grep -qx one "$TREE/kernel/a.c"
	local f
	for f in .config vmlinux kernel/a.o include/generated include/config arch/x86/include/generated .git; do
		[ ! -e "$TREE/$f" ] || { echo "$f was copied"; false; }
	done
	[ ! -e "$mine/.pc" ]

	age
	echo changed >>"$mine/mm/c.c"
	rm "$mine/kernel/b.c"
	# Older than anything built: it still has to be compiled.
	touch -d 2019-01-01 "$mine/mm/c.c"
	KERNEL_SRC=$mine run "$SCRIPTS/assemble"
	exits 0
	[ "$(written)" = ./mm/c.c ]
	grep -qx changed "$TREE/mm/c.c"
	[ ! -e "$TREE/kernel/b.c" ]
}

@test "KERNEL_SRC: a stack that does not apply suggests FEATURES=none" {
	local mine=$BATS_TEST_TMPDIR/mine
	two_features
	fake_tree "$mine" 6.12.1
	seq 1 60 >"$mine/kernel/a.c"
	KERNEL_SRC=$mine run "$SCRIPTS/assemble"
	exits 1
	contains "feature 'one'"
	contains "FEATURES=none"
	KERNEL_SRC=$mine FEATURES=none run "$SCRIPTS/assemble"
	exits 0
}

@test "KERNEL_SRC: bad input starts nothing" {
	KERNEL_SRC=$BATS_TEST_TMPDIR/none run "$SCRIPTS/assemble"
	exits 2
	[ ! -e "$BULKHEAD_ROOT/build/trees" ]
}

@test "a feature may have a series of patches" {
	two_features
	mkdir "$KERNEL/many"
	mv "$KERNEL/one/hooks.patch" "$KERNEL/many/first.patch"
	mv "$KERNEL/two/hooks.patch" "$KERNEL/many/second.patch"
	printf '# in order\nfirst.patch\nsecond.patch\n' >"$KERNEL/many/series"
	echo many >"$KERNEL/series"
	run "$SCRIPTS/assemble"
	exits 0
	grep -qx one "$TREE/kernel/a.c"
	grep -qx two "$TREE/kernel/a.c"
	sed -i 's/^line 55 .*/mine/' "$TREE/kernel/a.c"
	run "$SCRIPTS/refresh" many
	exits 2
	contains "name one: many/first.patch many/second.patch"
	run "$SCRIPTS/refresh" many/second.patch
	exits 0
	grep -qx +mine "$KERNEL/many/second.patch"
}

@test "refresh: an edit goes into the feature's patch, quilt told or not" {
	two_features
	sed -i 's/^line 52 .*/mine/' "$TREE/kernel/a.c"
	echo more >>"$TREE/mm/c.c"
	run "$SCRIPTS/refresh" two
	exits 0
	contains "kernel/two/hooks.patch now holds: kernel/a.c mm/c.c"
	grep -qx +mine "$KERNEL/two/hooks.patch"
	grep -qx +more "$KERNEL/two/hooks.patch"
	# The description stays, and nothing in the text depends on the day.
	[ "$(head -n 1 "$KERNEL/two/hooks.patch")" = 'two: the feature' ]
	grep -qx 'Signed-off-by: A Hacker <a@hacker.example>' "$KERNEL/two/hooks.patch"
	grep -qx -- '--- a/mm/c.c' "$KERNEL/two/hooks.patch"
	no_line 20[0-9][0-9]- "$KERNEL/two/hooks.patch"
	age
	run "$SCRIPTS/assemble"
	exits 0
	[ "$output" = "$TREE" ]
	[ -z "$(written)" ]
	cp "$KERNEL/two/hooks.patch" "$BATS_TEST_TMPDIR/before"
	run "$SCRIPTS/refresh" two
	exits 0
	cmp "$KERNEL/two/hooks.patch" "$BATS_TEST_TMPDIR/before"
}

@test "refresh: an edit goes below the patches above" {
	two_features
	sed -i 's/^line 14 .*/mine/' "$TREE/kernel/a.c"
	cp "$TREE/kernel/a.c" "$BATS_TEST_TMPDIR/edited"
	run "$SCRIPTS/refresh" one
	exits 0
	grep -qx +mine "$KERNEL/one/hooks.patch"
	no_line mine "$KERNEL/two/hooks.patch"
	no_line +two "$KERNEL/one/hooks.patch"
	cmp "$TREE/kernel/a.c" "$BATS_TEST_TMPDIR/edited"
}

@test "refresh: an edit that meets a patch above is refused, nothing is lost" {
	two_features
	cp "$KERNEL/one/hooks.patch" "$BATS_TEST_TMPDIR/before"
	sed -i 's/^two$/mine/' "$TREE/kernel/a.c"
	run "$SCRIPTS/refresh" one
	exits 1
	contains "kernel/a.c: the edit meets lines that a patch above kernel/one/hooks.patch changes"
	cmp "$KERNEL/one/hooks.patch" "$BATS_TEST_TMPDIR/before"
	grep -qx mine "$TREE/kernel/a.c"
	run "$SCRIPTS/refresh" two
	exits 0
	grep -qx +mine "$KERNEL/two/hooks.patch"
}

@test "refresh: only the named files" {
	two_features
	echo mine >>"$TREE/mm/c.c"
	echo mine >>"$TREE/kernel/b.c"
	run "$SCRIPTS/refresh" one mm/c.c
	exits 0
	grep -q 'a/mm/c.c' "$KERNEL/one/hooks.patch"
	no_line 'a/kernel/b.c' "$KERNEL/one/hooks.patch"
	grep -qx mine "$TREE/kernel/b.c"
	run "$SCRIPTS/refresh" one mm/none.c
	exits 2
	contains "mm/none.c: no such file"
}

@test "refresh: an edit taken back leaves the patch again" {
	two_features
	echo mine >>"$TREE/mm/c.c"
	"$SCRIPTS/refresh" one
	cp "$BASE/mm/c.c" "$TREE/mm/c.c"
	run "$SCRIPTS/refresh" one
	exits 0
	no_line mm/c.c "$KERNEL/one/hooks.patch"
	run "$SCRIPTS/assemble"
	exits 0
	[ "$output" = "$TREE" ]
}

@test "refresh: the first edit of a feature makes its patch" {
	two_features
	rm "$KERNEL/two/hooks.patch"
	"$SCRIPTS/assemble"
	echo mine >>"$TREE/mm/c.c"
	run "$SCRIPTS/refresh" two
	exits 0
	contains "kernel/two/hooks.patch is new: write its description"
	[ "$(head -n 1 "$KERNEL/two/hooks.patch")" = 'The feature two' ]
	grep -qx +mine "$KERNEL/two/hooks.patch"
}

@test "refresh: quilt works in the tree and writes to the same patch" {
	two_features
	cd "$TREE"
	quilt --quiltrc - add mm/c.c
	echo mine >>mm/c.c
	quilt --quiltrc - refresh
	grep -qx +mine "$KERNEL/two/hooks.patch"
	age
	run "$SCRIPTS/assemble"
	exits 0
	[ -z "$(written)" ]
}

@test "assemble: a patch popped by quilt is not built without a word" {
	two_features
	(cd "$TREE" && quilt --quiltrc - pop)
	run "$SCRIPTS/assemble"
	exits 1
	contains "not every patch is applied there"
	(cd "$TREE" && quilt --quiltrc - push)
	run "$SCRIPTS/assemble"
	exits 0
}

@test "refresh: a src file whose link an editor replaced goes back" {
	two_features
	# How editors save: a new file, renamed over the old name.
	echo 'int edited;' >"$TREE/kernel/one/new"
	mv "$TREE/kernel/one/new" "$TREE/kernel/one/core.c"
	run "$SCRIPTS/assemble"
	exits 0
	contains "kernel/one/core.c"
	grep -qx 'int edited;' "$TREE/kernel/one/core.c"
	run "$SCRIPTS/refresh" one
	exits 0
	grep -qx 'int edited;' "$KERNEL/one/src/kernel/one/core.c"
	[ -L "$TREE/kernel/one/core.c" ]
}

@test "refresh: a new file is mentioned, and moved when asked to" {
	two_features
	echo 'int fresh;' >"$TREE/mm/fresh.c"
	run "$SCRIPTS/refresh" one
	exits 0
	contains "scripts/refresh one --new mm/fresh.c"
	[ ! -e "$KERNEL/one/src/mm/fresh.c" ]
	cd "$TREE/mm"
	run "$SCRIPTS/refresh" one --new fresh.c
	exits 0
	[ -L "$TREE/mm/fresh.c" ]
	grep -qx 'int fresh;' "$KERNEL/one/src/mm/fresh.c"
	run "$SCRIPTS/refresh" one --new mm/c.c
	exits 2
	contains "the base has this file"
}

@test "refresh: an unknown feature, and a tree not made yet, are bad input" {
	run "$SCRIPTS/refresh"
	exits 2
	two_features
	run "$SCRIPTS/refresh" tow
	exits 2
	contains "no feature 'tow'"
	rm -r "$TREE"
	run "$SCRIPTS/refresh" one
	exits 2
	contains "scripts/assemble"
}

@test "series: git am takes the mails on a clean base and yields the tree" {
	two_features
	printf '# Two\n\n---\n\nIndex: not a patch\n' >"$KERNEL/two/README.md"
	run "$SCRIPTS/series"
	exits 0
	[ -f "$BULKHEAD_ROOT/build/series/0000-cover-letter.patch" ]
	grep -q '^Subject: \[PATCH 1/2\] one: the feature' "$BULKHEAD_ROOT"/build/series/0001-*.patch
	grep -q '^Why one is wanted.' "$BULKHEAD_ROOT"/build/series/0001-*.patch
	grep -q '^ kernel/one/core.c | *1 +' "$BULKHEAD_ROOT"/build/series/0001-*.patch
	grep -q '^What one offers.' "$BULKHEAD_ROOT/build/series/0000-cover-letter.patch"

	cp -r "$BASE" "$BATS_TEST_TMPDIR/clone"
	cd "$BATS_TEST_TMPDIR/clone"
	export GIT_COMMITTER_NAME=C GIT_COMMITTER_EMAIL=c@hacker.example
	git init -q
	git add -A
	git commit -q -m base
	run git am --empty=drop "$BULKHEAD_ROOT"/build/series/*.patch
	exits 0
	run diff -r --exclude=.git --exclude=.pc --exclude=.assembled "$BATS_TEST_TMPDIR/clone" "$TREE"
	exits 0
	[ "$(git log --format=%an -1)" = 'A Hacker' ]
	[ "$(git rev-list --count HEAD)" = 3 ]
}

@test "series: the same stack gives the same mails" {
	two_features
	"$SCRIPTS/series" "$BATS_TEST_TMPDIR/s1"
	sleep 1.1
	"$SCRIPTS/series" "$BATS_TEST_TMPDIR/s2"
	run diff -r "$BATS_TEST_TMPDIR/s1" "$BATS_TEST_TMPDIR/s2"
	exits 0
	run ls "$BULKHEAD_ROOT/build"
	lacks series.
}

@test "series: author, date and subject of a mail in the patch are kept" {
	two_features
	sed -i '1s/.*/From: Someone Else <else@hacker.example>\nDate: Mon, 5 Jan 2026 10:00:00 +0000\nSubject: [PATCH 3\/7] one: as it was sent\n\nBody./' "$KERNEL/one/hooks.patch"
	run "$SCRIPTS/series" "$BATS_TEST_TMPDIR/s"
	exits 0
	local mail=$BATS_TEST_TMPDIR/s/0001-one-as-it-was-sent.patch
	grep -qx 'From: Someone Else <else@hacker.example>' "$mail"
	grep -qx 'Date: Mon, 5 Jan 2026 10:00:00 +0000' "$mail"
	grep -qx 'Subject: \[PATCH 1/2\] one: as it was sent' "$mail"
}

@test "series: a patch without a description, and an empty stack, are refused" {
	run "$SCRIPTS/series"
	exits 1
	contains "there is nothing to send"
	two_features
	sed -i '1,/^---$/d' "$KERNEL/two/hooks.patch"
	run "$SCRIPTS/series"
	exits 1
	contains "kernel/two/hooks.patch has no description"
}

@test "every step has a help text" {
	local step
	for step in packages fetch-base assemble refresh series; do
		run "$SCRIPTS/$step" --help
		exits 0
		contains "usage: $step"
		run "$SCRIPTS/$step" --no-such-option
		exits 2
	done
}
