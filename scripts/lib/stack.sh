# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The patch stack: what it touches, and what the touched files look like when
# it is applied. Applying happens in a work folder that holds nothing but the
# files concerned, so it costs the same on any tree and a patch that fails
# leaves nothing behind in the tree that is being built.

# Where the patches are read from; refresh tries new ones from elsewhere.
STACK_DIR=$KERNEL_DIR

# patch_files PATCH: the files that it changes, creates or removes. Hunks are
# counted through, so that a removed line beginning with "--" is no header.
patch_files() {
	awk '
		old > 0 || new > 0 {
			c = substr($0, 1, 1)
			if (c == "-")
				old--
			else if (c == "+")
				new--
			else if (c != "\\") {
				old--
				new--
			}
			next
		}
		/^@@ -[0-9]/ {
			n = split($2, a, ",")
			old = n > 1 ? a[2] : 1
			n = split($3, b, ",")
			new = n > 1 ? b[2] : 1
			next
		}
		/^--- /	{ from = $2; next }
		/^\+\+\+ / {
			name = from == "/dev/null" ? $2 : from
			sub(/^[^\/]*\//, "", name)
			print name
		}
		/^rename (from|to) /	{ print $3 }
	' "$1"
}

# patch_header PATCH: its description, which is all that stands before the
# first change. A diffstat in it is left out, for it would go stale.
patch_header() {
	awk '
		{ line[NR] = $0 }
		/^\+\+\+ / && line[NR - 1] ~ /^--- [^ ]/ {
			n = NR - 2
			while (n > 0 && line[n] ~ /^(diff -|Index: |=====+$|index |(new|deleted) file mode |(old|new) mode )/)
				n--
			found = 1
			exit
		}
		END {
			if (!found)
				n = NR
			for (i = 1; i <= n; i++) {
				if (line[i] == "---")
					cut = 1
				if (!cut || line[i] !~ /^( .* \| +([0-9]+|Bin)| [0-9]+ files? changed| (create|delete) mode |$)/)
					print line[i]
			}
		}
	' "$1"
}

# stack_patches: the patches of the selected features, in order.
stack_patches() {
	local feature selected
	selected=$(features_selected) || exit $?
	for feature in $selected; do
		feature_patches "$feature" || exit $?
	done
}

# stack_stage BASE WORK PATCH...: put copies of what the patches touch into
# WORK. Mode and time are kept: quilt and diff do not care, but make does.
stack_stage() {
	local base=$1 work=$2 patch
	shift 2
	mkdir -p "$work"
	for patch in "$@"; do
		patch_files "$STACK_DIR/$patch"
	done | sort -u >"$work.files"
	(cd "$base" && while read -r f; do
		[ ! -e "$f" ] || printf '%s\n' "$f"
	done) <"$work.files" |
		rsync -a --no-owner --no-group --chmod=u+w --files-from=- "$base/" "$work/"
}

# in_quilt DIR SERIES ARG...: quilt in a folder, deaf to the user's own
# settings, which may change what a patch looks like.
in_quilt() {
	local dir=$1 series=$2
	shift 2
	(cd "$dir" && env -u QUILT_PATCH_OPTS -u QUILT_DIFF_OPTS -u QUILT_PUSH_ARGS \
		QUILT_PC=.pc QUILT_PATCHES="$STACK_DIR" QUILT_SERIES="$series" \
		quilt --quiltrc - "$@")
}

# stack_complaints: from quilt's output, what did not apply: file and hunk.
stack_complaints() {
	awk '
		/^patching file /	{ file = $3 }
		/^Hunk #[0-9]+ FAILED/ {
			sub(/^Hunk/, "hunk"); sub(/\.$/, "")
			print "    " file ": " $0
		}
		/^can.t find file to patch/	{ lost = 1 }
		lost && /^\|\+\+\+ / {
			name = $2
			sub(/^[^\/]*\//, "", name)
			print "    " name ": no such file in this tree"
			lost = 0
		}
		/^The next patch would create the file / {
			print "    " $8 " is to be created, but exists"
		}
		/^patch: \*\*\*\*/ || /malformed patch/ { print "    " $0 }
	'
}

# stack_apply BASE WORK SERIES PATCH...: apply them all in WORK, made anew.
# SERIES is the file that lists them for quilt, and the one that the tree's
# own quilt will use afterwards.
stack_apply() {
	local base=$1 work=$2 series=$3 patch feature out
	shift 3
	rm -rf "$work"
	stack_stage "$base" "$work" "$@"
	printf '%s\n' "$@" | sed '/^$/d' >"$series"
	[ $# -gt 0 ] || return 0
	# Fuzz is allowed, because a base of another patch level should not stop
	# work; but it is said, because it means that the patch wants a refresh.
	if ! out=$(in_quilt "$work" "$series" push -a 2>&1); then
		patch=$(sed -n 's/^Applying patch //p' <<<"$out" | tail -n 1)
		feature=${patch%%/*}
		note "feature '$feature': kernel/$patch does not apply to Linux $(tree_version "$base"):"
		out=$(awk '/^Applying patch / { keep = "" } { keep = keep $0 "\n" } END { printf "%s", keep }' <<<"$out")
		patch=$(stack_complaints <<<"$out")
		[ -n "$patch" ] || patch=${out//$'\n'/$'\n    '}
		printf '%s\n' "$patch" >&2
		if [ -n "${KERNEL_SRC:-}" ] && [ "${FEATURES:-all}" = all ]; then
			note "KERNEL_SRC=$KERNEL_SRC goes without the stack with FEATURES=none (or name the features that apply)"
		fi
		exit 1
	fi
	awk '
		/^Applying patch /	{ patch = $3 }
		/^patching file /	{ file = $3 }
		/with fuzz/		{ print "  kernel/" patch ": " file ": " $1, $2 " applied with fuzz" }
	' <<<"$out" >&2
}
