// SPDX-License-Identifier: GPL-2.0
/*
 * A packaged program whose threads run at the same time is taken again and again
 * while it works, killed, and restarted from the image: what it makes in the end
 * is what it makes when left alone.
 */
#include "disturb.h"

/* A program of several threads, and a file that it writes. Not busybox's own xz. */
TEST_F_TIMEOUT(programs, xz_with_threads_compresses_to_the_same_bytes, 300)
{
	int times;

	ASSERT_EQ(system("cd " CKPT_DIR "; seq 150000 >data;"
			 " /sbin/xz -T3 --block-size=128KiB -4 -c data >want"), 0);
	times = disturb(_metadata, "xz -T3 --block-size=128KiB -4 -c data >data.xz && : >done");
	ASSERT_GT(times, 2) TH_LOG("%d times", times);
	TH_LOG("restarted %d times", times);
	ASSERT_EQ(system("cd " CKPT_DIR "; cmp data.xz want"), 0);
}

TEST_HARNESS_MAIN
