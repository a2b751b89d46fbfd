// SPDX-License-Identifier: GPL-2.0
/* opbench: what goes to a block device */
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/gfp.h>

#include "opbench.h"

static int opbench_bio_prepare(struct opbench *b)
{
	struct file *file;

	b->priv = alloc_page(GFP_KERNEL);
	if (!b->priv)
		return -ENOMEM;
	file = bdev_file_open_by_path(b->path, BLK_OPEN_READ, NULL, NULL);
	if (IS_ERR(file)) {
		__free_page(b->priv);
		return PTR_ERR(file);
	}
	b->file[0] = file;
	return 0;
}

static void opbench_bio_finish(struct opbench *b)
{
	opbench_close(b);
	__free_page(b->priv);
}

static int opbench_bio(struct opbench *b, unsigned long n)
{
	struct block_device *bdev = file_bdev(b->file[0]);
	int err = 0;

	while (!err && n--) {
		struct bio *bio = bio_alloc(bdev, 1, REQ_OP_READ, GFP_KERNEL);

		__bio_add_page(bio, b->priv, PAGE_SIZE, 0);
		err = submit_bio_wait(bio) ?: opbench_stop();
		bio_put(bio);
	}
	return err;
}

const struct opbench_op opbench_block_ops[] = {
	{
		.name = "bio", .run = opbench_bio, .needs = OPBENCH_NEEDS_PATH,
		.prepare = opbench_bio_prepare, .finish = opbench_bio_finish,
		.what = "read the first page of a block device by a bio of its own",
	},
	{ }
};
