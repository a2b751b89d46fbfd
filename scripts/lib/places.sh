# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Where the parts of a build lie, for the tree that KERNEL_SRC and FEATURES ask
# for: sourced by the scripts that stand above the single steps. Needs common.sh.

# places FLAVOUR: sets tree, out, kernel (the build folder), guest, suites, headers, tools.
# The pinned base with the whole stack lives directly under build/; every other
# tree keeps what is made from it beside it, in <tree>.out.
places()
{
	# shellcheck disable=SC2034 # read by who sources this
	{
		tree=$(tree_path) || exit $?
		out=$BUILD
		[[ $tree == "$BUILD/tree" ]] || out=$tree.out
		kernel=$out/$1
		guest=$out/guest
		suites=$out/selftests
		headers=$out/headers
		tools=$BUILD/tools
	}
}

# known_flavour NAME: ends the script when there is no such flavour.
known_flavour()
{
	local f known=()

	for f in "$BULKHEAD_ROOT"/uml-configs/*.flavour; do
		f=${f##*/}
		known+=("${f%.flavour}")
	done
	[[ $1 =~ ^[A-Za-z0-9_-]+$ && -r $BULKHEAD_ROOT/uml-configs/$1.flavour ]] ||
		die "flavour '$1': no such flavour; there are: ${known[*]}"
}

# flavour_key NAME KEY: what NAME.flavour says of KEY in a line "key = value"; nothing if it does not.
flavour_key()
{
	sed -nE "s/^$2[[:space:]]*=[[:space:]]*([^[:space:]#]+).*/\\1/p" "$BULKHEAD_ROOT/uml-configs/$1.flavour"
}

# emulator_args NAME: sets emulator to what boot(1) and check(1) need for a kernel of another
# machine than User-Mode Linux; ends the script when nothing emulates that.
emulator_args()
{
	local arch

	emulator=()
	arch=$(flavour_key "$1" arch)
	[[ ${arch:-um} != um ]] || return 0
	"$BULKHEAD_ROOT/scripts/packages" counted ||
		die "flavour '$1' is a kernel for $arch: it needs what is missing above"
	# shellcheck disable=SC2034 # read by who sources this
	emulator=("--emulator=qemu-system-$arch")
}
