#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# scripts/fetch-base: where the base comes from, and what is refused.

load helpers

setup() {
	fake_project
	export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
	export BULKHEAD_OFFLINE=1
}

# fake_deb FILE VERSION: a package as Debian builds it, with such a tree.
fake_deb() {
	local work=$BATS_TEST_TMPDIR/deb
	rm -rf "$work"
	mkdir -p "$work/root/DEBIAN" "$work/root/usr/src"
	fake_tree "$work/linux-source-7.3" "$2"
	tar -cJf "$work/root/usr/src/linux-source-7.3.tar.xz" -C "$work" linux-source-7.3
	printf 'Package: linux-source-7.3\nVersion: %s-1\nArchitecture: all\nMaintainer: A <a@hacker.example>\nDescription: test\n' \
		"$2" >"$work/root/DEBIAN/control"
	dpkg-deb --root-owner-group -b "$work/root" "$1" >/dev/null
}

@test "fetch-base: the cached tree is taken" {
	cached_base 7.3.4
	run "$SCRIPTS/fetch-base"
	exits 0
	[ "$output" = "$XDG_CACHE_HOME/bulkhead/base/linux-7.3.4" ]
}

@test "fetch-base: another patch level of the series is taken, with a note" {
	cached_base 7.3.2
	cached_base 7.3.11
	run "$SCRIPTS/fetch-base"
	exits 0
	contains "base/linux-7.3.11"
	contains "the stack was last tested on 7.3.4"
}

@test "fetch-base: a cached tree that is not whole is not taken" {
	cached_base 7.3.4
	rm "$XDG_CACHE_HOME/bulkhead/base/linux-7.3.4/mm/memory.c"
	run "$SCRIPTS/fetch-base"
	exits 1
}

@test "fetch-base: a tree whose unpacking was cut off is not taken" {
	cached_base 7.3.4
	rm "$XDG_CACHE_HOME/bulkhead/base/linux-7.3.4.ok"
	run "$SCRIPTS/fetch-base"
	exits 1
}

@test "fetch-base: no network and no cache says what was tried and how to hand in a tree" {
	run "$SCRIPTS/fetch-base"
	exits 1
	contains "the cache $XDG_CACHE_HOME/bulkhead/base: no tree of Linux 7.3"
	contains "linux-source-7.3: BULKHEAD_OFFLINE is set"
	contains "kernel.org: BULKHEAD_OFFLINE is set"
	contains "make KERNEL_SRC=dir"
	contains "--import FILE"
}

@test "fetch-base: a network that does not answer gives the reason of each way" {
	unset BULKHEAD_OFFLINE
	mkdir "$BATS_TEST_TMPDIR/apt"
	# Port 9 of this host: nothing answers, and at once.
	printf 'deb http://127.0.0.1:9/debian trixie main\n' >"$BATS_TEST_TMPDIR/apt/sources.list"
	cat >"$BATS_TEST_TMPDIR/apt.conf" <<-END
		Dir::Etc::sourcelist "$BATS_TEST_TMPDIR/apt/sources.list";
		Dir::Etc::sourceparts "$BATS_TEST_TMPDIR/apt/parts/";
		Dir::State::lists "$BATS_TEST_TMPDIR/apt/lists";
		Acquire::Retries "0";
	END
	sed -i 's,https://[^/]*,http://127.0.0.1:9,' "$BULKHEAD_ROOT/kernel/base"
	export APT_CONFIG=$BATS_TEST_TMPDIR/apt.conf no_proxy='*'
	run "$SCRIPTS/fetch-base"
	exits 1
	contains "from the suites this machine's apt knows: none of them has linux-source-7.3"
	contains "from trixie-backports of http://127.0.0.1:9/debian: "
	contains "kernel.org: "
	contains "make KERNEL_SRC=dir"
}

@test "apt's sources are read in both formats, with their keys" {
	mkdir -p "$BATS_TEST_TMPDIR/apt/parts"
	cat >"$BATS_TEST_TMPDIR/apt/sources.list" <<-END
		# a comment
		deb [arch=amd64 signed-by=/k/one.gpg] http://one.example/debian trixie main
		deb-src http://src.example/debian trixie main
		deb http://other.example/repo nodistro main
	END
	cat >"$BATS_TEST_TMPDIR/apt/parts/d.sources" <<-END
		Types: deb deb-src
		URIs: http://two.example/debian http://three.example/debian
		Suites: bookworm bookworm-updates
		Components: main
		Signed-By:
		 -----BEGIN PGP PUBLIC KEY BLOCK-----
		 .
		 abc

		Types: deb
		URIs: http://security.example/debian-security
		Suites: bookworm-security
		Components: main

		Types: deb
		Enabled: no
		URIs: http://off.example/debian
		Suites: bookworm
		Components: main
	END
	cat >"$BATS_TEST_TMPDIR/apt.conf" <<-END
		Dir::Etc::sourcelist "$BATS_TEST_TMPDIR/apt/sources.list";
		Dir::Etc::sourceparts "$BATS_TEST_TMPDIR/apt/parts/";
	END
	APT_CONFIG=$BATS_TEST_TMPDIR/apt.conf run bash -c ". '$SCRIPTS/lib/common.sh'; . '$SCRIPTS/lib/apt.sh'; apt_mirrors"
	exits 0
	[ "${#lines[@]}" = 3 ]
	[ "${lines[0]}" = $'http://one.example/debian\t/k/one.gpg' ]
	[ "${lines[1]}" = $'http://two.example/debian\t\\n -----BEGIN PGP PUBLIC KEY BLOCK-----\\n .\\n abc' ]
	[[ ${lines[2]} == http://three.example/debian* ]]
}

@test "fetch-base --import: a package becomes the cached base" {
	fake_deb "$BATS_TEST_TMPDIR/x.deb" 7.3.6
	run "$SCRIPTS/fetch-base" --import "$BATS_TEST_TMPDIR/x.deb"
	exits 0
	contains "base/linux-7.3.6"
	[ -f "$XDG_CACHE_HOME/bulkhead/base/linux-7.3.6/mm/memory.c" ]
	run "$SCRIPTS/fetch-base"
	exits 0
	# Nothing half made is left.
	run ls "$XDG_CACHE_HOME/bulkhead/base"
	lacks unpack
}

@test "fetch-base --import: a tree that cannot be put in place is no base" {
	fake_deb "$BATS_TEST_TMPDIR/x.deb" 7.3.6
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\ncase "$*" in *base/linux-*) exit 1 ;; esac\nexec /bin/mv "$@"\n' >"$BATS_TEST_TMPDIR/bin/mv"
	chmod +x "$BATS_TEST_TMPDIR/bin/mv"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$SCRIPTS/fetch-base" --import "$BATS_TEST_TMPDIR/x.deb"
	exits 1
	contains "base/linux-7.3.6 could not be replaced"
	run ls "$XDG_CACHE_HOME/bulkhead/base"
	lacks linux-
	lacks unpack
}

@test "fetch-base --import: another series, half a tree and rubbish are refused" {
	fake_deb "$BATS_TEST_TMPDIR/x.deb" 6.18.2
	run "$SCRIPTS/fetch-base" --import "$BATS_TEST_TMPDIR/x.deb"
	exits 1
	contains "x.deb is Linux 6.18.2, not 7.3"

	fake_tree "$BATS_TEST_TMPDIR/t/linux-7.3.4" 7.3.4
	rm "$BATS_TEST_TMPDIR/t/linux-7.3.4/init/main.c"
	tar -cJf "$BATS_TEST_TMPDIR/half.tar.xz" -C "$BATS_TEST_TMPDIR/t" linux-7.3.4
	run "$SCRIPTS/fetch-base" --import "$BATS_TEST_TMPDIR/half.tar.xz"
	exits 1
	contains "half.tar.xz is not whole, init/main.c is missing"

	head -c 5000 /dev/urandom >"$BATS_TEST_TMPDIR/bad.tar.xz"
	run "$SCRIPTS/fetch-base" --import "$BATS_TEST_TMPDIR/bad.tar.xz"
	exits 1
	contains "unpacking bad.tar.xz failed"

	run "$SCRIPTS/fetch-base" --import "$BATS_TEST_TMPDIR/none.deb"
	exits 2
	run ls "$XDG_CACHE_HOME/bulkhead/base"
	lacks unpack
}

@test "KERNEL_SRC: a whole tree is taken as it is, relative paths too" {
	fake_tree "$BATS_TEST_TMPDIR/mine" 6.12.0
	cd "$BATS_TEST_TMPDIR"
	KERNEL_SRC=mine run "$SCRIPTS/fetch-base"
	exits 0
	[ "$output" = "$BATS_TEST_TMPDIR/mine" ]
}

@test "KERNEL_SRC: what is no tree, too old or not whole is bad input" {
	KERNEL_SRC=$BATS_TEST_TMPDIR/none run "$SCRIPTS/fetch-base"
	exits 2
	contains "no such directory"

	mkdir "$BATS_TEST_TMPDIR/empty"
	KERNEL_SRC=$BATS_TEST_TMPDIR/empty run "$SCRIPTS/fetch-base"
	exits 2
	contains "not a kernel tree"

	fake_tree "$BATS_TEST_TMPDIR/old" 6.6.80
	KERNEL_SRC=$BATS_TEST_TMPDIR/old run "$SCRIPTS/fetch-base"
	exits 2
	contains "is Linux 6.6.80: too old, 6.12 or newer is needed"

	fake_tree "$BATS_TEST_TMPDIR/half" 7.3.4
	rm -r "$BATS_TEST_TMPDIR/half/arch/um"
	KERNEL_SRC=$BATS_TEST_TMPDIR/half run "$SCRIPTS/fetch-base"
	exits 2
	contains "arch/um/Makefile is missing"
	[ "${#lines[@]}" = 1 ]
}

@test "kernel.org's checksums count only with the right key" {
	command -v gpg >/dev/null || skip "gpg is not installed"
	command -v curl >/dev/null || skip "curl is not installed"
	local site=$BATS_TEST_TMPDIR/site gnupg=$BATS_TEST_TMPDIR/g key
	mkdir -p "$site" "$gnupg"
	chmod 700 "$gnupg"
	fake_tree "$BATS_TEST_TMPDIR/t/linux-7.3.4" 7.3.4
	tar -cJf "$site/linux-7.3.4.tar.xz" -C "$BATS_TEST_TMPDIR/t" linux-7.3.4
	gpg --homedir "$gnupg" --batch --quiet --passphrase '' --quick-generate-key s@hacker.example default sign never 2>/dev/null
	key=$(gpg --homedir "$gnupg" --batch --with-colons --list-keys | awk -F: '$1 == "fpr" { print $10; exit }')
	(cd "$site" && sha256sum linux-7.3.4.tar.xz | gpg --homedir "$gnupg" --batch --quiet --clearsign >sha256sums.asc)
	gpg --homedir "$gnupg" --batch --export --armor >"$BATS_TEST_TMPDIR/key.asc"
	gpgconf --homedir "$gnupg" --kill all
	sed -i -e "s,^TARBALL=.*,TARBALL=file://$site/linux-%s.tar.xz," \
		-e "s,^CHECKSUMS=.*,CHECKSUMS=file://$site/sha256sums.asc," "$BULKHEAD_ROOT/kernel/base"
	unset BULKHEAD_OFFLINE
	# A machine without apt: the PATH has everything else.
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s /usr/bin/* "$BATS_TEST_TMPDIR/bin/"
	rm "$BATS_TEST_TMPDIR/bin/apt-get"
	export BULKHEAD_KEYRING=$BATS_TEST_TMPDIR/key.asc

	PATH=$BATS_TEST_TMPDIR/bin run "$SCRIPTS/fetch-base"
	exits 1
	contains "this machine has no apt"
	contains "not signed by B8868C80BA62A1FFFAF5FDA9632D3A06589DA6B1: refused"

	sed -i "s/^CHECKSUMS_KEY=.*/CHECKSUMS_KEY=$key/" "$BULKHEAD_ROOT/kernel/base"
	cp "$site/linux-7.3.4.tar.xz" "$BATS_TEST_TMPDIR/good"
	echo >>"$site/linux-7.3.4.tar.xz"
	PATH=$BATS_TEST_TMPDIR/bin run "$SCRIPTS/fetch-base"
	exits 1
	contains "does not have the signed checksum: refused"

	mv "$BATS_TEST_TMPDIR/good" "$site/linux-7.3.4.tar.xz"
	PATH=$BATS_TEST_TMPDIR/bin run "$SCRIPTS/fetch-base"
	exits 0
	contains "base/linux-7.3.4"
}
