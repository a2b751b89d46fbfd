# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# How this project calls the kernel's own make: sourced by configure and compile,
# which must agree on every word of it. Kconfig remembers the compiler it was asked
# with, so a different spelling of CC in one of the two would configure and
# recompile everything again. Needs common.sh.

# kbuild_setup TREE BUILDDIR: fills the array kbuild with the command, for the architecture
# that stands in BUILDDIR/.arch (um without it), and kbuild_cc with the compiler alone.
kbuild_setup()
{
	local tree=$1 out=$2 cache arch=um cc=${CC:-gcc}

	cache=$(cache_dir)
	# written by configure, as the flavour says
	[[ ! -r $out/.arch ]] || arch=$(<"$out/.arch")

	# What the caller's own make passes down (FLAVOUR=..., V=..., its job server)
	# and what a developer's shell may hold for other kernels is not for this one.
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES GNUMAKEFLAGS
	unset ARCH CROSS_COMPILE LLVM KBUILD_OUTPUT KBUILD_EXTMOD LOCALVERSION
	unset KCONFIG_ALLCONFIG KCONFIG_CONFIG KCONFIG_DEFCONFIG_LIST C W V M O
	export LC_ALL=C

	# The same source and configuration give the same bytes, whoever builds, whenever.
	export KBUILD_BUILD_TIMESTAMP='1970-01-01 00:00:00 UTC'
	export KBUILD_BUILD_USER=bulkhead KBUILD_BUILD_HOST=bulkhead KBUILD_BUILD_VERSION=1

	# Object files are found again by a clone in another folder: paths below the
	# project are hashed relative to the build folder, which lies at the same place
	# in each clone. A foreign tree lies elsewhere and keeps its own entries.
	if [[ $cc != *ccache* ]] && command -v ccache >/dev/null; then
		cc="ccache $cc"
		export CCACHE_DIR=${CCACHE_DIR:-$cache/ccache}
		export CCACHE_BASEDIR=${CCACHE_BASEDIR:-$BULKHEAD_ROOT}
		export CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content
		export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-5G}
		# Compiled from the preprocessor's output, what should be an error is none (-D__SIZEOF_INT128__=0),
		# and Kconfig takes a compiler for another.
		unset CCACHE_NOCPP2
		export CCACHE_CPP2=1
	fi
	# shellcheck disable=SC2034 # read by who sources this
	{
		kbuild_cc=$cc
		kbuild=(make -C "$tree" "O=$out" "ARCH=$arch" "CC=$cc" "HOSTCC=${HOSTCC:-gcc}")
	}
}
