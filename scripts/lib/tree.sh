# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# An assembled tree and what is known about it. Beside the files of the tree
# stands .assembled/:
#	base.manifest	the base when it was last looked at: path, size, mtime
#	tree.manifest	the same of the tree, as we wrote it: what differs from
#			it now may have been edited
#	work/		what the stack yields for the files it touches, and
#			quilt's own folder .pc with those files before each patch
#	base.ok		the note of the cached base that it was copied from
#	links		the src/ files that are linked in
#	stamp		everything that the tree was made from

# manifest DIR: path, size and mtime of every source file. What a build leaves
# behind, what editors do, and version control are not source; the patterns are
# written so that they match nothing in a pristine tree.
manifest() {
	(cd "$1" && find . \
		\( -name .git -o -path ./.assembled -o -path ./.pc \
			-o -path ./include/config -o -path ./include/generated \
			-o -path './arch/*/include/generated' \) -prune -o \
		\( -name '*.o' -o -name '*.ko' -o -name '*.mod' -o -name '*.mod.c' \
			-o -name '.*.cmd' -o -name '.*.d' -o -name '.tmp_*' \
			-o -name '*.lex.c' -o -name '*.tab.[ch]' -o -name 'built-in.a' \
			-o -name 'lib.a' -o -name modules.order -o -name '*~' -o -name '*.orig' \
			-o -name '*.rej' -o -name '.*.sw?' -o -name '.#*' \
			-o -path './.config*' -o -path './vmlinux*' -o -path ./linux \
			-o -path ./System.map -o -path ./Module.symvers \) -o \
		\( -type f -o -type l \) -printf '%P\t%s\t%T@\n') | sort
}

# manifest_of DIR: the same for the paths on stdin, those that exist.
manifest_of() {
	(cd "$1" && tr '\n' '\0' |
		xargs -0 -r sh -c 'find "$@" -maxdepth 0 -printf "%p\t%s\t%T@\n" 2>/dev/null || :' _) | sort
}

# manifest_paths: of the lines on stdin.
manifest_paths() {
	cut -f1 | sort -u
}

# same_file A B: same content, or both absent.
same_file() {
	if [ -e "$1" ] && [ -e "$2" ]; then
		cmp -s "$1" "$2"
	else
		[ ! -e "$1" ] && [ ! -e "$2" ]
	fi
}

# tree_edited TREE BASE: files of the base (or of the stack's patches) that
# somebody changed, removed or added in TREE, one a line: how (edited, removed,
# new) and path. Time and size find the candidates, content decides.
tree_edited() {
	local tree=$1 base=$2 state=$1/.assembled path work
	work=$state/work
	while read -r path; do
		# A link to a src/ file needs no way back; a file in its place does.
		if grep -qxF -- "$path" "$state/links"; then
			[ -L "$tree/$path" ] || printf 'replaced\t%s\n' "$path"
		elif grep -qxF -- "$path" "$work.files"; then
			same_file "$tree/$path" "$work/$path" || printf 'edited\t%s\n' "$path"
		elif [ ! -e "$base/$path" ] && [ ! -L "$base/$path" ]; then
			printf 'new\t%s\n' "$path"
		elif [ ! -e "$tree/$path" ]; then
			[ -L "$base/$path" ] || printf 'removed\t%s\n' "$path"
		elif ! cmp -s "$tree/$path" "$base/$path"; then
			printf 'edited\t%s\n' "$path"
		fi
	done < <(
		{
			manifest "$tree" | comm -3 - "$state/tree.manifest" | sed 's/^\t//' | manifest_paths
			cat "$work.files"
		} | sort -u
	)
}
