# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What may be asked of a guest, by variables of the environment: looked at before
# anything is installed, fetched or compiled, where boot, which takes them in the end,
# may not have been built yet. Each does nothing when its variable is empty. Needs common.sh.

# number_asked NAME MIN MAX
number_asked()
{
	[[ ! ${!1:-} ]] || { [[ ${!1} =~ ^(0|[1-9][0-9]{0,6})$ ]] && ((${!1} >= $2 && ${!1} <= $3)); } ||
		die "$1='${!1}': not a number from $2 to $3"
}

# is_size TEXT: a number of bytes, not 0, or of K, M, G or T; the bytes are left in $size.
is_size()
{
	local units=_KMGT unit

	[[ ${1^^} =~ ^([1-9][0-9]{0,11})([KMGT]?)$ ]] || return
	unit=${units%%"${BASH_REMATCH[2]:-_}"*}
	size=$((BASH_REMATCH[1] << (10 * ${#unit})))
}

memory_asked()
{
	local size

	[[ ! ${MEMORY:-} ]] || { is_size "$MEMORY" && ((size >= 32 << 20)); } ||
		die "MEMORY='$MEMORY': not a size of at least 32M"
}

disks_asked()
{
	local disk size

	for disk in ${DISKS:-}; do
		if [[ $disk != */* ]]; then
			is_size "$disk" || die "DISKS: '$disk': not a size, e.g. 512M, nor a file with a / in it"
		elif [[ ! -f $disk || ! -r $disk || ! -w $disk ]]; then
			die "DISKS: '$disk': no file that can be read and written"
		fi
	done
}

mode_asked()
{
	[[ ${MODE:-auto} =~ ^(auto|seccomp|ptrace)$ ]] || die "MODE='$MODE': not auto, seccomp or ptrace"
}

cgroup_asked()
{
	[[ ${CGROUP:-v2} =~ ^(none|v2|v1:[a-z0-9_]+(,[a-z0-9_]+)*)$ ]] ||
		die "CGROUP='$CGROUP': not v2, v1:CONTROLLER,... or none"
}

# tree_asked: KERNEL_SRC and FEATURES.
tree_asked()
{
	features_selected >/dev/null || exit $?
	[[ ! ${KERNEL_SRC:-} ]] || "$BULKHEAD_ROOT/scripts/fetch-base" >/dev/null || exit $?
}
