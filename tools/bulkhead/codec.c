// SPDX-License-Identifier: GPL-2.0
/* The kernel's check of images, compiled for user space. */
#include "../../kernel/checkpoint/src/kernel/checkpoint/image.c"
