// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: /dev/checkpoint, see <linux/checkpoint.h>
 */
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "checkpoint.h"

/**
 * ckpt_fail - say why a request fails
 * @ctl: the open device
 * @err: error number, negative
 * @fmt: the task, its object and the reason
 *
 * Only the first failure is kept: what follows it is a consequence.
 *
 * Return: @err.
 */
int ckpt_fail(struct ckpt_ctl *ctl, int err, const char *fmt, ...)
{
	va_list args;

	guard(spinlock)(&ctl->message_lock);
	if (*ctl->message)
		return err;
	va_start(args, fmt);
	vscnprintf(ctl->message, CKPT_MESSAGE_LEN - 1, fmt, args);
	va_end(args);
	strcat(ctl->message, "\n");
	return err;
}

/* Drops the message about an earlier failure. */
void ckpt_forget(struct ckpt_ctl *ctl)
{
	guard(spinlock)(&ctl->message_lock);
	*ctl->message = '\0';
}

static int ioctl_snapshot(struct ckpt_ctl *ctl, void __user *p)
{
	struct task_struct *root __free(put_task) = NULL;
	struct checkpoint_snapshot arg;
	struct ckpt_snapshot *s;
	unsigned int flags;

	if (copy_from_user(&arg, p, sizeof(arg)))
		return -EFAULT;
	if (arg.flags & ~CHECKPOINT_FREEZE || arg.reserved)
		return -EINVAL;

	guard(mutex)(&ctl->lock);
	if (ctl->snapshot || ctl->restart)
		return -EBUSY;
	ckpt_forget(ctl);
	root = pidfd_get_task(arg.pidfd, &flags);
	if (IS_ERR(root))
		return PTR_ERR(no_free_ptr(root));
	s = ckpt_snapshot_take(ctl, root, arg.flags);
	if (IS_ERR(s))
		return PTR_ERR(s);
	arg.nr_tasks = s->nr_tasks;
	if (copy_to_user(p, &arg, sizeof(arg))) {
		ckpt_snapshot_free(s);
		return -EFAULT;
	}
	ctl->snapshot = s;
	return 0;
}

static int ioctl_write(struct ckpt_ctl *ctl, void __user *p)
{
	struct checkpoint_write arg;
	struct ckpt_snapshot *s;
	int err;

	if (copy_from_user(&arg, p, sizeof(arg)))
		return -EFAULT;
	if (arg.flags)
		return -EINVAL;

	guard(mutex)(&ctl->lock);
	if (!ctl->snapshot)
		return -EINVAL;
	CLASS(fd_pos, out)(arg.fd);

	if (fd_empty(out) || !(fd_file(out)->f_mode & FMODE_WRITE))
		return -EBADF;
	ckpt_forget(ctl);
	s = ctl->snapshot;
	ctl->snapshot = NULL;
	err = ckpt_snapshot_write(s, fd_file(out), &arg);
	ckpt_snapshot_free(s);
	if (!err && copy_to_user(p, &arg, sizeof(arg)))
		err = -EFAULT;
	return err;
}

static int ioctl_load(struct ckpt_ctl *ctl, void __user *p)
{
	struct checkpoint_load arg;
	int err;

	if (copy_from_user(&arg, p, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || arg.nr_pids)
		return -EINVAL;

	guard(mutex)(&ctl->lock);
	if (ctl->snapshot || ctl->restart)
		return -EBUSY;
	ckpt_forget(ctl);
	if (!checkpoint_restore_ns_capable(current_user_ns()))
		return -EPERM;
	CLASS(fd_pos, in)(arg.fd);

	if (fd_empty(in) || !(fd_file(in)->f_mode & FMODE_READ))
		return -EBADF;
	err = ckpt_restart_load(ctl, fd_file(in), &arg);
	if (!err && copy_to_user(p, &arg, sizeof(arg)))
		err = -EFAULT;
	return err;
}

/* Who joins does so without @ctl->lock, which is held while they are awaited. */
static struct ckpt_restart *restart_of(struct ckpt_ctl *ctl)
{
	return smp_load_acquire(&ctl->restart); /* pairs with ckpt_restart_load() */
}

static int ioctl_tasks(struct ckpt_ctl *ctl, void __user *p)
{
	struct ckpt_restart *r = restart_of(ctl);
	struct checkpoint_tasks arg;

	if (copy_from_user(&arg, p, sizeof(arg)))
		return -EFAULT;
	if (!r)
		return -EINVAL;
	return ckpt_restart_tasks(r, &arg);
}

static int ioctl_cgroups(struct ckpt_ctl *ctl, void __user *p)
{
	struct ckpt_restart *r = restart_of(ctl);
	struct checkpoint_cgroups arg;
	int err;

	if (copy_from_user(&arg, p, sizeof(arg)))
		return -EFAULT;
	if (arg.reserved || !r)
		return -EINVAL;
	err = ckpt_restart_cgroups(r, &arg);
	if ((!err || err == -ENOSPC) && copy_to_user(p, &arg, sizeof(arg)))
		err = -EFAULT;
	return err;
}

static int ioctl_mounts(struct ckpt_ctl *ctl, void __user *p)
{
	struct ckpt_restart *r = restart_of(ctl);
	struct checkpoint_mounts arg;
	int err;

	if (copy_from_user(&arg, p, sizeof(arg)))
		return -EFAULT;
	if (arg.reserved || !r)
		return -EINVAL;
	err = ckpt_restart_mounts(r, &arg);
	if ((!err || err == -ENOSPC) && copy_to_user(p, &arg, sizeof(arg)))
		err = -EFAULT;
	return err;
}

static int ioctl_filesystem(struct ckpt_ctl *ctl, void __user *p)
{
	struct ckpt_restart *r = restart_of(ctl);
	struct checkpoint_filesystem arg;

	if (copy_from_user(&arg, p, sizeof(arg)))
		return -EFAULT;
	if (!r || !arg.fs || arg.fs > r->stream.check.count[CKPT_FS])
		return -EINVAL;
	CLASS(fd_raw, f)(arg.fd);

	if (fd_empty(f))
		return -EBADF;
	return ckpt_restart_filesystem(r, arg.fs, &fd_file(f)->f_path);
}

static int ioctl_mount(struct ckpt_ctl *ctl, void __user *p)
{
	struct ckpt_restart *r = restart_of(ctl);
	struct checkpoint_mount arg;

	if (copy_from_user(&arg, p, sizeof(arg)))
		return -EFAULT;
	if (arg.reserved || !r)
		return -EINVAL;
	return ckpt_lock_mount(r, &arg);
}

static int ioctl_ns(struct ckpt_ctl *ctl, void __user *p)
{
	struct ckpt_restart *r = restart_of(ctl);
	struct checkpoint_ns arg;
	int err;

	if (copy_from_user(&arg, p, sizeof(arg)))
		return -EFAULT;
	if (!r)
		return -EINVAL;
	err = ckpt_restart_ns(r, &arg);
	if ((!err || err == -ENOSPC) && copy_to_user(p, &arg, sizeof(arg)))
		err = -EFAULT;
	return err;
}

static int ioctl_user(struct ckpt_ctl *ctl, void __user *p)
{
	struct ckpt_restart *r = restart_of(ctl);
	struct checkpoint_user arg;

	if (copy_from_user(&arg, p, sizeof(arg)))
		return -EFAULT;
	if (!r)
		return -EINVAL;
	guard(mutex)(&ctl->lock);
	if (r->leader != task_tgid(current))
		return -EPERM;
	return ckpt_adopt_user(r, &arg);
}

static int ioctl_finish(struct ckpt_ctl *ctl, void __user *p)
{
	struct ckpt_restart *r = restart_of(ctl);
	struct checkpoint_finish arg = {};
	int err;

	if (!r)
		return -EINVAL;
	guard(mutex)(&ctl->lock);
	if (r->leader != task_tgid(current))
		return -EPERM;
	if (clear_user(p, sizeof(arg)))
		return -EFAULT;
	err = ckpt_restart_finish(r, &arg);
	/* They run: that it can no longer be told is no error. */
	if (!err && copy_to_user(p, &arg, sizeof(arg)))
		pr_debug("checkpoint: size of the image not delivered\n");
	return err;
}

static long ckpt_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ckpt_ctl *ctl = file->private_data;
	void __user *p = (void __user *)arg;

	switch (cmd) {
	case CHECKPOINT_SNAPSHOT:
		return ioctl_snapshot(ctl, p);
	case CHECKPOINT_WRITE:
		return ioctl_write(ctl, p);
	case CHECKPOINT_LOAD:
		return ioctl_load(ctl, p);
	case CHECKPOINT_TASKS:
		return ioctl_tasks(ctl, p);
	case CHECKPOINT_RESTORE:
		return restart_of(ctl) ? ckpt_restart_join(restart_of(ctl), arg, file) : -EINVAL;
	case CHECKPOINT_CGROUPS:
		return ioctl_cgroups(ctl, p);
	case CHECKPOINT_MOUNTS:
		return ioctl_mounts(ctl, p);
	case CHECKPOINT_FILESYSTEM:
		return ioctl_filesystem(ctl, p);
	case CHECKPOINT_MOUNT:
		return ioctl_mount(ctl, p);
	case CHECKPOINT_NS:
		return ioctl_ns(ctl, p);
	case CHECKPOINT_USER:
		return ioctl_user(ctl, p);
	case CHECKPOINT_FINISH:
		return ioctl_finish(ctl, p);
	default:
		return -ENOTTY;
	}
}

static ssize_t ckpt_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct ckpt_ctl *ctl = file->private_data;
	loff_t from = 0;

	char *text __free(kfree) = kmalloc(CKPT_MESSAGE_LEN, GFP_KERNEL);

	if (!text)
		return -ENOMEM;
	scoped_guard(spinlock, &ctl->message_lock)
		strscpy(text, ctl->message, CKPT_MESSAGE_LEN);
	return simple_read_from_buffer(buf, len, &from, text, strlen(text));
}

static ssize_t ckpt_write(struct file *file, const char __user *buf, size_t len, loff_t *pos)
{
	struct ckpt_ctl *ctl = file->private_data;
	struct ckpt_restart *r = restart_of(ctl);

	if (!r)
		return -EINVAL;

	char *text __free(kfree) = memdup_user_nul(buf, min(len, CKPT_MESSAGE_LEN - 2));

	if (IS_ERR(text))
		return PTR_ERR(no_free_ptr(text));
	strim(text);
	ckpt_fail(ctl, 0, "%s", text);
	ckpt_restart_fail(r);
	return len;
}

static int ckpt_open(struct inode *inode, struct file *file)
{
	struct ckpt_ctl *ctl = kzalloc(sizeof(*ctl), GFP_KERNEL_ACCOUNT);

	if (!ctl)
		return -ENOMEM;
	ctl->message = kzalloc(CKPT_MESSAGE_LEN, GFP_KERNEL_ACCOUNT);
	if (!ctl->message) {
		kfree(ctl);
		return -ENOMEM;
	}
	mutex_init(&ctl->lock);
	spin_lock_init(&ctl->message_lock);
	file->private_data = ctl;
	return stream_open(inode, file);
}

static int ckpt_flush(struct file *file, fl_owner_t id)
{
	struct ckpt_restart *r = restart_of(file->private_data);

	if (r)
		ckpt_restart_closed(r);
	return 0;
}

static int ckpt_release(struct inode *inode, struct file *file)
{
	struct ckpt_ctl *ctl = file->private_data;

	if (ctl->snapshot)
		ckpt_snapshot_free(ctl->snapshot);
	if (ctl->restart)
		ckpt_restart_free(ctl->restart);
	kfree(ctl->message);
	kfree(ctl);
	return 0;
}

static const struct file_operations ckpt_fops = {
	.owner		= THIS_MODULE,
	.open		= ckpt_open,
	.read		= ckpt_read,
	.write		= ckpt_write,
	.unlocked_ioctl	= ckpt_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.flush		= ckpt_flush,
	.release	= ckpt_release,
	.llseek		= noop_llseek,
};

/* Open to all: every request looks at who asks, and for what. */
static struct miscdevice ckpt_device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "checkpoint",
	.fops	= &ckpt_fops,
	.mode	= 0666,
};

static int __init ckpt_init(void)
{
	return misc_register(&ckpt_device);
}
device_initcall(ckpt_init);
