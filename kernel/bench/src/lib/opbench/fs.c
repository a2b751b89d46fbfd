// SPDX-License-Identifier: GPL-2.0
/* opbench: what is done through files and folders, control files of cgroups among them */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "opbench.h"

/**
 * opbench_open() - open @b->path, and @b->path2 if there is one
 * @b: the batch
 * @flags: O_RDONLY or O_WRONLY
 *
 * With the calling task's rights, in its namespaces.
 */
int opbench_open(struct opbench *b, int flags)
{
	const char *path[2] = { b->path, b->path2 };
	int i;

	for (i = 0; i < ARRAY_SIZE(path) && path[i]; i++) {
		struct file *file = filp_open(path[i], flags | O_LARGEFILE, 0);

		if (IS_ERR(file)) {
			opbench_close(b);
			return PTR_ERR(file);
		}
		b->file[i] = file;
	}
	return 0;
}

void opbench_close(struct opbench *b)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(b->file); i++) {
		if (b->file[i])
			__fput_sync(b->file[i]);
		b->file[i] = NULL;
	}
}

/* What a program of a cgroup forbids, or a mode: an answer like any other. */
static int opbench_open_close(struct opbench *b, unsigned long n)
{
	int err = 0;

	while (!err && n--) {
		err = opbench_open(b, O_RDONLY);
		opbench_close(b);
		if (err == -EPERM) {
			b->refused++;
			err = 0;
		}
		err = err ?: opbench_stop();
	}
	return err;
}

static int opbench_read_prepare(struct opbench *b)
{
	int err;

	b->priv = kmalloc(PAGE_SIZE, GFP_KERNEL);
	if (!b->priv)
		return -ENOMEM;
	err = opbench_open(b, O_RDONLY);
	if (err)
		kfree(b->priv);
	return err;
}

static void opbench_read_finish(struct opbench *b)
{
	opbench_close(b);
	kfree(b->priv);
}

static int opbench_read_file(struct opbench *b, unsigned long n)
{
	while (n--) {
		loff_t pos = 0;
		ssize_t got;
		int err;

		do {
			got = kernel_read(b->file[0], b->priv, PAGE_SIZE, &pos);
		} while (got > 0);
		err = got ?: opbench_stop();
		if (err)
			return err;
	}
	return 0;
}

static int opbench_write_prepare(struct opbench *b)
{
	return opbench_open(b, O_WRONLY);
}

/* With two files or two texts, in turn: the second undoes the first. */
static int opbench_write_file(struct opbench *b, unsigned long n)
{
	const char *text[2] = { b->text, b->text2 ?: b->text };
	struct file *file[2] = { b->file[0], b->file[1] ?: b->file[0] };

	while (n--) {
		int turn = b->pos++ & 1, err;
		ssize_t size = strlen(text[turn]), put;
		loff_t pos = 0;

		put = kernel_write(file[turn], text[turn], size, &pos);
		if (put < 0)
			return put;
		err = put == size ? opbench_stop() : -EIO;
		if (err)
			return err;
	}
	return 0;
}

static int opbench_fsync(struct opbench *b, unsigned long n)
{
	int err = 0;

	while (!err && n--)
		err = opbench_write_file(b, 1) ?: vfs_fsync(b->file[0], 0);
	return err;
}

int opbench_make_folder(const char *name)
{
	struct path parent;
	struct dentry *dentry;

	dentry = start_creating_path(AT_FDCWD, name, &parent, LOOKUP_DIRECTORY);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	dentry = vfs_mkdir(mnt_idmap(parent.mnt), d_inode(parent.dentry), dentry, 0755, NULL);
	end_creating_path(&parent, dentry);
	return PTR_ERR_OR_ZERO(dentry);
}

int opbench_remove_folder(const char *name)
{
	struct path parent;
	struct dentry *dentry;
	int err;

	dentry = start_removing_path(name, &parent);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	err = vfs_rmdir(mnt_idmap(parent.mnt), d_inode(parent.dentry), dentry, NULL);
	end_removing_path(&parent, dentry);
	return err;
}

static int opbench_mkdir_prepare(struct opbench *b)
{
	b->priv = kasprintf(GFP_KERNEL, "%s/opbench", b->path);
	return b->priv ? 0 : -ENOMEM;
}

static void opbench_mkdir_finish(struct opbench *b)
{
	kfree(b->priv);
}

static int opbench_mkdir(struct opbench *b, unsigned long n)
{
	int err = 0;

	while (!err && n--)
		err = opbench_make_folder(b->priv) ?: opbench_remove_folder(b->priv) ?:
		      opbench_stop();
	return err;
}

const struct opbench_op opbench_fs_ops[] = {
	{
		.name = "open", .run = opbench_open_close, .needs = OPBENCH_NEEDS_PATH,
		.what = "open a file or device for reading and close it",
	}, {
		.name = "read", .run = opbench_read_file, .needs = OPBENCH_NEEDS_PATH,
		.prepare = opbench_read_prepare, .finish = opbench_read_finish,
		.what = "read a file from its beginning to its end",
	}, {
		.name = "write", .run = opbench_write_file,
		.needs = OPBENCH_NEEDS_PATH | OPBENCH_NEEDS_TEXT,
		.prepare = opbench_write_prepare, .finish = opbench_close,
		.what = "write text= to path=; with text2= or path2=, one after the other in turn",
	}, {
		.name = "fsync", .run = opbench_fsync,
		.needs = OPBENCH_NEEDS_PATH | OPBENCH_NEEDS_TEXT,
		.prepare = opbench_write_prepare, .finish = opbench_close,
		.what = "write text= to path= and wait until it is on its disk",
	}, {
		.name = "mkdir", .run = opbench_mkdir, .needs = OPBENCH_NEEDS_PATH,
		.prepare = opbench_mkdir_prepare, .finish = opbench_mkdir_finish,
		.what = "make the folder \"opbench\" in path= and remove it: in cgroupfs, a cgroup",
	},
	{ }
};
