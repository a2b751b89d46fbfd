#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# scripts/packages: what is missing is found, and installed or asked for.

load helpers

# A project whose list is the test's, and a PATH on which apt-get and id are
# the test's too: nothing is ever installed on this machine.
setup() {
	fake_project
	mkdir -p "$BULKHEAD_ROOT/scripts" "$BATS_TEST_TMPDIR/bin"
	LIST=$BULKHEAD_ROOT/scripts/packages.list
	export PATH=$BATS_TEST_TMPDIR/bin:$PATH
	printf 'build coreutils ls # there\ntest bash bash\n' >"$LIST"
}

# as_user UID
as_user() {
	printf '#!/bin/sh\n[ "$1" = -u ] && { echo %s; exit; }\nexec /usr/bin/id "$@"\n' "$1" >"$BATS_TEST_TMPDIR/bin/id"
	chmod +x "$BATS_TEST_TMPDIR/bin/id"
}

# fake_apt SCRIPT: an apt-get that writes down how it was called.
fake_apt() {
	printf '#!/bin/bash\necho "$*" >>"%s/apt.calls"\n%s\n' "$BATS_TEST_TMPDIR" "$1" >"$BATS_TEST_TMPDIR/bin/apt-get"
	chmod +x "$BATS_TEST_TMPDIR/bin/apt-get"
}

@test "packages: nothing missing, nothing said, apt not asked" {
	fake_apt 'exit 1'
	run "$SCRIPTS/packages" build test
	exits 0
	[ -z "$output" ]
	[ ! -e "$BATS_TEST_TMPDIR/apt.calls" ]
}

@test "packages: an ordinary user gets the one command" {
	as_user 1000
	fake_apt 'exit 1'
	printf 'build one no-such-command-1\nbuild two /no/such/*.h # why\ntest three no-such-command-3\n' >>"$LIST"
	run "$SCRIPTS/packages"
	exits 1
	contains "sudo apt-get install -y --no-install-recommends one two"
	lacks three
	[ ! -e "$BATS_TEST_TMPDIR/apt.calls" ]
	run "$SCRIPTS/packages" test
	exits 1
	contains "--no-install-recommends three"
}

@test "packages: root gets them installed, and the lists fetched only if need be" {
	as_user 0
	printf 'build one no-such-command-1\n' >>"$LIST"
	fake_apt '[[ $* != *install* ]] || { printf "#!/bin/sh\n" >'"$BATS_TEST_TMPDIR"'/bin/no-such-command-1; chmod +x '"$BATS_TEST_TMPDIR"'/bin/no-such-command-1; }'
	run "$SCRIPTS/packages"
	exits 0
	contains "INSTALL    one"
	run cat "$BATS_TEST_TMPDIR/apt.calls"
	lacks update
	contains "install -y --no-install-recommends one"
}

@test "packages: whether something would be installed can be asked, and nothing is" {
	as_user 0
	fake_apt 'exit 1'
	run "$SCRIPTS/packages" --installs
	exits 1
	printf 'build one no-such-command-1\ntest two no-such-command-2\n' >>"$LIST"
	run "$SCRIPTS/packages" --installs
	exits 0
	[ -z "$output" ]
	BULKHEAD_OFFLINE=1 run "$SCRIPTS/packages" --installs
	exits 1
	as_user 1000
	run "$SCRIPTS/packages" --installs
	exits 1
	[ ! -e "$BATS_TEST_TMPDIR/apt.calls" ]
}

@test "packages: stale lists are fetched anew" {
	as_user 0
	printf 'build one no-such-command-1\n' >>"$LIST"
	fake_apt 'case $* in
		*update*) touch '"$BATS_TEST_TMPDIR"'/fresh ;;
		*) [ -e '"$BATS_TEST_TMPDIR"'/fresh ] || exit 100
		   printf "#!/bin/sh\n" >'"$BATS_TEST_TMPDIR"'/bin/no-such-command-1; chmod +x '"$BATS_TEST_TMPDIR"'/bin/no-such-command-1 ;;
		esac'
	run "$SCRIPTS/packages"
	exits 0
	contains "UPDATE"
}

@test "packages: a failed installation shows apt's last lines and names the log" {
	as_user 0
	printf 'build one no-such-command-1\n' >>"$LIST"
	fake_apt 'echo "E: Unable to locate package one"; exit 100'
	run "$SCRIPTS/packages"
	exits 1
	contains "Unable to locate package one"
	contains "installing one failed; the log is $BULKHEAD_ROOT/build/packages.log"
}

@test "packages: installed but still not found is a failure" {
	as_user 0
	printf 'build one no-such-command-1\n' >>"$LIST"
	fake_apt 'exit 0'
	run "$SCRIPTS/packages"
	exits 1
	contains "installed, but still not found: one"
}

@test "packages: a dynamically linked command is not a static one" {
	as_user 1000
	printf 'build bash-static static:bash\n' >>"$LIST"
	run "$SCRIPTS/packages"
	exits 1
	contains "bash-static"
}

# ldd is several processes, the last of which may write when the answer is known.
@test "packages: a dynamically linked command is not a static one, however slow ldd is" {
	as_user 1000
	printf '#!/bin/sh\necho "	libc.so.6 => /lib/libc.so.6"\nsleep 0.5\necho "	/lib/ld.so"\n' >"$BATS_TEST_TMPDIR/bin/ldd"
	chmod +x "$BATS_TEST_TMPDIR/bin/ldd"
	printf 'build bash-static static:bash\n' >>"$LIST"
	run "$SCRIPTS/packages"
	exits 1
	contains "bash-static"
}

@test "packages: an unknown group is bad input" {
	run "$SCRIPTS/packages" all
	exits 2
	contains "no group 'all'"
}

@test "packages.list: every line has a group, a package, a probe and a reason" {
	run awk '/^#|^$/ { next } $1 !~ /^(build|test|upstream|bench|counted|lxcfs)$/ || NF < 5 || $4 != "#"' "$PROJECT/scripts/packages.list"
	exits 0
	[ -z "$output" ]
}
