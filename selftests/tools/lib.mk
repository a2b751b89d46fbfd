# SPDX-License-Identifier: GPL-2.0
# Stands where a suite expects kselftest's lib.mk when the suite is built from here and not
# from within a kernel tree (scripts/selftests): hands over to that of the tree at hand.
ifeq ($(selfdir),)
$(error selfdir=TREE/tools/testing/selftests says which kernel tree to build against)
endif
include $(selfdir)/lib.mk
