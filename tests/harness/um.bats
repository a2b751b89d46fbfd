#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# What kernel/um-fixes mends that no program in a guest can see.

bats_require_minimum_version 1.5.0
load helpers
load guest

setup() {
	needs_kernel
}

# Two destructors, one of them with a priority, are linked by the kernel's own linker
# script; then the pointers that the kernel would follow at its exit are counted.
@test "linker script: destructors with a priority run, too (um-fini-array)" {
	local lds=$BUILT/default/arch/um/kernel/vmlinux.lds
	cd "$BATS_TEST_TMPDIR"
	cat >exit.c <<-'END'
		static void __attribute__((destructor)) late(void) { }
		static void __attribute__((destructor(100))) early(void) { }
	END
	gcc -w -fno-pie -c exit.c -o exit.o
	run readelf -SW exit.o
	contains .fini_array.00100
	ld -no-pie --unresolved-symbols=ignore-all --defsym=jiffies_64=0 -T "$lds" -o linked exit.o 2>ld.log || {
		cat ld.log
		return 1
	}
	start=0x$(nm linked | awk '$3 == "__fini_array_start" { print $1 }')
	end=0x$(nm linked | awk '$3 == "__fini_array_end" { print $1 }')
	echo "__fini_array: $start to $end"
	((end - start == 16))
}

@test "hostfs: a guest cannot mount what lies outside of its folder (um-hostfs-root)" {
	own_guest
	mkdir -p "$BATS_TEST_TMPDIR/outside"
	echo secret >"$BATS_TEST_TMPDIR/outside/file"
	ln -s ../outside "$GUEST/run/link"
	ln -s "$BATS_TEST_TMPDIR/outside" "$GUEST/run/absolute"
	mkdir -p "$GUEST/run/inside"
	echo open >"$GUEST/run/inside/file"
	for path in /../outside /run/../../outside /run/link /run/absolute; do
		boot -- sh -c "mount -t hostfs -o $path none /mnt && cat /mnt/file"
		verdict failed 255
		lacks secret
	done
	boot -- sh -c "mount -t hostfs -o /run/inside none /mnt && cat /mnt/file"
	verdict passed 0
	contains open
	boot -- sh -c "mount -t hostfs -o /run/none none /mnt"
	verdict failed 255
}
