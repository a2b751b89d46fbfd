# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Puts programs of the host into a folder that a guest has as its root. Needs common.sh.

# put FILE TO: replaces a file only when it differs: guests may be running from it.
put()
{
	cmp -s "$1" "$2" || { cp -- "$1" "$2.new" && chmod 755 "$2.new" && mv -f -- "$2.new" "$2"; }
}

# copy_libs ROOT FILE: the shared libraries that a program or library names, to where its
# loader looks.
copy_libs()
{
	local lib

	for lib in $(ldd "$2" | sed -nE 's/.*[[:space:]](\/[^ ]+) \(0x[0-9a-f]+\)$/\1/p'); do
		mkdir -p "$1${lib%/*}"
		put "$lib" "$1$lib"
	done
}
