# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What passed and would say the same again: sourced by check. A suite's key is a
# hash of all that it is made of: kernel, boot, what the guest's root holds, its own
# folder, how it is run, and the machine. Needs common.sh and places.sh.

# hash_of DIR FIND-EXPRESSION...: a hash of names, modes, targets and contents.
hash_of()
{
	(
		cd "$1" || exit
		shift
		find . "$@" -printf '%P %M %l\n' | sort
		find . "$@" -type f -print0 | sort -z | xargs -0r sha256sum
	) | sha256sum | cut -d' ' -f1
}

# kept_keys SETTINGS SUITE...: a line "suite, tab, key" for each that is installed.
# shellcheck disable=SC2154 # places sets kernel, tools and guest
kept_keys()
{
	local common own suite

	common=$(
		sha256sum <"$kernel/linux"
		sha256sum <"$tools/boot"
		hash_of "$guest/rootfs" ! -path './suites/*'
		uname -mrv
		grep -m1 '^model name' /proc/cpuinfo
		printf '%s\n' "$1"
	)
	shift
	for suite; do
		[[ -d $guest/rootfs/suites/$suite ]] || continue
		own=$(hash_of "$guest/rootfs/suites/$suite")
		printf '%s\t%s\n' "$suite" "$(sha256sum <<<"$common $own" | cut -d' ' -f1)"
	done
}

# keep_passed KEPT KEYS RUN: for the next time, what passed in a run. What did not is
# no longer kept.
keep_passed()
{
	local kept=$1 keys=$2 run=$3 suite key

	while IFS=$'\t' read -r suite key; do
		grep -q "^$suite	" "$run/runs.tsv" || continue
		rm -rf -- "${kept:?}/$suite"
		awk -F'\t' -v s="$suite" '
			$1 != s			{ next }
			FILENAME ~ /runs.tsv$/	{ bad += $3 != "passed" }
			FILENAME ~ /summary.tsv$/ { bad += $3 !~ /^(PASS|SKIP)$/ }
			END			{ exit bad > 0 }
		' "$run/runs.tsv" "$run/summary.tsv" || continue
		mkdir -p "$kept/$suite"
		ln "$run/ktap/$suite.1.ktap" "$kept/$suite/ktap"
		ln "$run/console/$suite.1.log" "$kept/$suite/console"
		ln "$run/console/$suite.1.result" "$kept/$suite/result"
		printf '%s\n' "$key" >"$kept/$suite/key"
	done <"$keys"
}
