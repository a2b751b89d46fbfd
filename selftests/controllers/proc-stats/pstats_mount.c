// SPDX-License-Identifier: GPL-2.0
/*
 * The mount option: its values, who may give it, whose numbers the instance then
 * shows, and that nothing else changes.
 *
 * Promises from filesystems/proc.rst, "stats=".
 */
#include <dirent.h>
#include <linux/mount.h>
#include "pstats.h"
#include "usermap.h"

BOXES_FIXTURE(opt)

#define AT	MNT_AREA "/p"

static bool shows_option(const char *at)
{
	struct mnt_info m;

	must(!mnt_info(at, &m));
	return mnt_opt(m.super, STATS);
}

TEST_F(opt, the_option_is_shown_where_it_was_given)
{
	EXPECT_TRUE(shows_option(self->a->proc));
	ASSERT_EQ(0, proc_mount(AT, NULL));
	EXPECT_FALSE(shows_option(AT));
	EXPECT_FALSE(shows_option("/proc"));
}

TEST_F(opt, the_default_can_be_said)
{
	ASSERT_EQ(0, proc_mount(AT, "stats=system"));
	EXPECT_FALSE(shows_option(AT));
}

TEST_F(opt, the_last_value_counts)
{
	ASSERT_EQ(0, proc_mount(AT, "stats=system,stats=cgroup"));
	EXPECT_TRUE(shows_option(AT));
	ASSERT_EQ(0, proc_mount(MNT_AREA "/q", "stats=cgroup,stats=system"));
	EXPECT_FALSE(shows_option(MNT_AREA "/q"));
}

TEST_F(opt, an_unknown_value_is_refused)
{
	EXPECT_EQ(-EINVAL, proc_mount(AT, "stats=host"));
	EXPECT_EQ(-EINVAL, proc_mount(AT, "stats=cgroup2"));
	EXPECT_EQ(-EINVAL, proc_mount(AT, "stats=1"));
	EXPECT_EQ(-EINVAL, proc_mount(AT, "stats="));
	EXPECT_EQ(-EINVAL, proc_mount(AT, "stats"));
	EXPECT_EQ(-EINVAL, proc_mount(AT, "nostats"));
}

TEST_F(opt, it_goes_with_the_other_options)
{
	struct mnt_info m;

	ASSERT_EQ(0, proc_mount(AT, "hidepid=2,stats=cgroup,gid=5"));
	ASSERT_EQ(0, mnt_info(AT, &m));
	EXPECT_TRUE(mnt_opt(m.super, STATS));
	EXPECT_TRUE(mnt_opt(m.super, "hidepid=invisible"));
	EXPECT_TRUE(mnt_opt(m.super, "gid=5"));
	ASSERT_EQ(0, proc_mount(MNT_AREA "/q", "subset=pid,stats=cgroup"));
	EXPECT_EQ(-1, access(MNT_AREA "/q/meminfo", F_OK));
}

TEST_F(opt, a_remount_cannot_change_it)
{
	ASSERT_EQ(0, proc_mount(AT, NULL));
	EXPECT_EQ(-1, mount("proc", AT, NULL, MS_REMOUNT, STATS));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_FALSE(shows_option(AT));
	EXPECT_EQ(-1, mount("proc", self->a->proc, NULL, MS_REMOUNT, "stats=system"));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(shows_option(self->a->proc));
}

TEST_F(opt, a_remount_keeps_the_cgroup)
{
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	/* From the machine's namespace: named or not, it changes nothing. */
	ASSERT_EQ(0, mount("proc", self->a->proc, NULL, MS_REMOUNT, "hidepid=1"));
	EXPECT_EQ(MB(64), box_mem(self->a, "MemTotal"));
	ASSERT_EQ(0, mount("proc", self->a->proc, NULL, MS_REMOUNT, STATS));
	EXPECT_EQ(MB(64), box_mem(self->a, "MemTotal"));
	EXPECT_TRUE(shows_option(self->a->proc));
}

TEST_F(opt, it_can_be_given_by_fsconfig)
{
	int fs = mnt_fsopen("proc"), fd;

	ASSERT_LE(0, fs);
	EXPECT_EQ(-EINVAL, mnt_fsconfig(fs, FSCONFIG_SET_STRING, "stats", "x", 0));
	EXPECT_EQ(-EINVAL, mnt_fsconfig(fs, FSCONFIG_SET_FLAG, "stats", NULL, 0));
	ASSERT_EQ(0, mnt_fsconfig(fs, FSCONFIG_SET_STRING, "stats", "cgroup", 0));
	ASSERT_EQ(0, mnt_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	fd = mnt_fsmount(fs, 0, 0);
	ASSERT_LE(0, fd);
	mnt_dir(AT);
	ASSERT_EQ(0, mnt_attach(fd, AT));
	EXPECT_TRUE(shows_option(AT));
}

/* "The cgroup is the root of the cgroup namespace of whoever gives the option" */
TEST_F(opt, who_gives_the_option_says_which_cgroup)
{
	int fs = mnt_fsopen("proc"), fd;

	ASSERT_EQ(0, cg_write(self->b->cg, "memory.max", "48M"));
	ASSERT_LE(0, fs);
	/* The file system is opened here, and the option given in the box. */
	ASSERT_EQ(0, IN_BOX(self->b, must(!mnt_fsconfig(fs, FSCONFIG_SET_STRING,
							"stats", "cgroup", 0))));
	ASSERT_EQ(0, mnt_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	fd = mnt_fsmount(fs, 0, 0);
	ASSERT_LE(0, fd);
	mnt_dir(AT);
	ASSERT_EQ(0, mnt_attach(fd, AT));
	EXPECT_EQ(MB(48), box_key(&(struct box){ .proc = AT }, "meminfo", "MemTotal"));
}

TEST_F(opt, a_context_that_is_given_up_lets_go_of_the_cgroup)
{
	int fs = mnt_fsopen("proc");

	ASSERT_LE(0, fs);
	ASSERT_EQ(0, IN_BOX(self->b, must(!mnt_fsconfig(fs, FSCONFIG_SET_STRING,
							"stats", "cgroup", 0))));
	ASSERT_EQ(0, mnt_fsconfig(fs, FSCONFIG_SET_STRING, "stats", "system", 0));
	ASSERT_EQ(0, IN_BOX(self->b, must(!mnt_fsconfig(fs, FSCONFIG_SET_STRING,
							"stats", "cgroup", 0))));
	close(fs);
	ASSERT_EQ(0, mnt_off(self->b->proc, 0));
	proc_kill(self->b->init);
	ASSERT_EQ(0, cg_await_empty(self->b->cg));
	ASSERT_EQ(0, cg_remove(self->b->cg));
	/* Dying cgroups are those that somebody holds. */
	EXPECT_TRUE(EVENTUALLY(cg_key(self->top, "cgroup.stat",
				      "nr_dying_descendants") == 0));
}

TEST_F(opt, in_the_first_namespace_it_shows_the_machine)
{
	ASSERT_EQ(0, proc_mount(AT, STATS));
	EXPECT_EQ(host_mem("MemTotal"), box_mem(&(struct box){ .proc = AT }, "MemTotal"));
	EXPECT_LT(box_mem(&(struct box){ .proc = AT }, "MemFree"), host_mem("MemTotal") - MB(2));
}

TEST_F(opt, a_reader_from_outside_sees_the_container)
{
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	EXPECT_EQ(MB(64), box_mem(self->a, "MemTotal"));
	EXPECT_LT(MB(64), host_mem("MemTotal"));
	/* And a reader in the other box sees it, too: the mount is what counts. */
	ASSERT_EQ(0, IN_BOX(self->b, must(box_mem(self->a, "MemTotal") == MB(64))));
}

TEST_F(opt, inside_a_plain_proc_still_shows_the_machine)
{
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	ASSERT_EQ(0, IN_BOX(self->a, ({
		must(!proc_mount(AT, NULL));
		must(box_mem(&(struct box){ .proc = AT }, "MemTotal") ==
		     host_mem("MemTotal"));
	})));
}

TEST_F(opt, a_container_within_a_container_has_its_own)
{
	struct box inner;
	char cg[PATH_MAX];

	/* What lives in a cgroup stands in the way of handing on controllers. */
	proc_kill(self->a->init);
	ASSERT_EQ(0, cg_await_empty(self->a->cg));
	ASSERT_EQ(0, cg_write(self->a->cg, "cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, cg_create(cg_path(cg, self->a->cg, "inner")));
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "96M"));
	ASSERT_EQ(0, cg_write(cg, "memory.max", "32M"));
	ASSERT_EQ(0, box_open(&inner, cg, "inner"));
	EXPECT_EQ(MB(96), box_mem(self->a, "MemTotal"));
	EXPECT_EQ(MB(32), box_mem(&inner, "MemTotal"));
}

TEST_F(opt, a_mount_holds_no_cgroup_after_it_is_gone)
{
	proc_kill(self->a->init);
	ASSERT_EQ(0, cg_await_empty(self->a->cg));
	ASSERT_EQ(0, cg_remove(self->a->cg));
	EXPECT_EQ(1, cg_key(self->top, "cgroup.stat", "nr_dying_descendants"));
	ASSERT_EQ(0, mnt_off(self->a->proc, 0));
	EXPECT_TRUE(EVENTUALLY(cg_key(self->top, "cgroup.stat",
				      "nr_dying_descendants") == 0));
}

/* A container whose cgroup was removed cannot be shown, so not mounted either. */
TEST_F(opt, the_cgroup_must_exist)
{
	int ns = ns_open(self->a->init, "cgroup"), pid;

	ASSERT_LE(0, ns);
	proc_kill(self->a->init);
	ASSERT_EQ(0, cg_await_empty(self->a->cg));
	ASSERT_EQ(0, cg_remove(self->a->cg));
	pid = proc_fork_bound(0);
	if (!pid) {
		must(!setns(ns, CLONE_NEWCGROUP));
		must(proc_mount(AT, STATS) == -ENODEV);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* Unprivileged: in a user namespace, with the namespaces that it may make there. */
TEST_F(opt, root_of_a_user_namespace_may_give_it)
{
	struct baton done = baton_make();
	pid_t pid;

	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	mnt_dir(AT);
	ASSERT_EQ(0, chmod(MNT_AREA, 0777));
	pid = userns_fork(0);
	if (!pid) {
		/* The parent moves it: a container's manager does. */
		baton_take(&done);
		must(!unshare(CLONE_NEWCGROUP | CLONE_NEWPID | CLONE_NEWNS));
		pid = proc_fork_bound(0);
		if (pid)
			_exit(proc_end(pid));
		must(!mnt_make("/", MS_REC | MS_PRIVATE));
		must(!proc_mount(AT, STATS));
		must(box_key(&(struct box){ .proc = AT }, "meminfo", "MemTotal") ==
		     MB(64));
		/* Nor is a plain one refused to it where that was fully visible. */
		must(!proc_mount(AT, NULL));
		must(box_key(&(struct box){ .proc = AT }, "meminfo", "MemTotal") >
		     MB(64));
		_exit(0);
	}
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, cg_enter(self->a->cg, pid));
	baton_pass(&done, 0);
	EXPECT_EQ(0, proc_end(pid));
}

/* Over single files of /proc mounts would stand in the way of that. */
TEST_F(opt, where_it_is_all_there_is_a_user_namespace_may_still_mount_procfs)
{
	mnt_dir(AT);
	EXPECT_EQ(0, IN_BOX(self->a, ({
		pid_t pid;

		must(!unshare(CLONE_NEWNS));
		must(!mnt_make("/", MS_REC | MS_PRIVATE));
		must(!mnt_off("/proc", MNT_DETACH));
		must(!proc_mount("/proc", STATS));
		pid = userns_fork(CLONE_NEWNS | CLONE_NEWPID);
		if (!pid) {
			must(!proc_mount(AT, NULL));
			_exit(0);
		}
		must(!proc_end(pid));
	})));
}

TEST_F(opt, whoever_may_not_mount_may_not_give_it)
{
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		mnt_dir(AT);
		proc_become_nobody();
		must(proc_mount(AT, STATS) == -EPERM);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

static bool reads_like_any_proc(const struct box *box, const char *file)
{
	static char plain[65536], stats[65536];
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s", file);
	must(file_read(path, plain, sizeof(plain)) >= 0);
	must(box_read(box, file, stats, sizeof(stats)) >= 0);
	return !strcmp(plain, stats);
}

/*
 * Everything else in the instance is as ever. Cgroups that were removed are
 * counted until the last reference is gone: between two reads, perhaps.
 */
TEST_F(opt, the_other_files_are_those_of_any_proc)
{
	static const char * const same[] = { "version", "cmdline", "filesystems",
					     "devices", "cgroups", "partitions" };

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		EXPECT_TRUE(EVENTUALLY(reads_like_any_proc(self->a, same[i])))
			TH_LOG("%s differs", same[i]);
	}
}

TEST_F(opt, the_modes_of_the_files_are_those_of_any_proc)
{
	static const char * const files[] = { "meminfo", "swaps", "vmstat", "stat",
					      "loadavg", "uptime", "cpuinfo",
					      "diskstats", "pressure/memory" };
	struct stat plain, stats;
	char path[64];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%s", files[i]);
		ASSERT_EQ(0, stat(path, &plain));
		ASSERT_EQ(0, stat(box_path(self->a, files[i]), &stats));
		EXPECT_EQ(plain.st_mode, stats.st_mode);
		EXPECT_EQ(plain.st_uid, stats.st_uid);
	}
}

/* A plain proc beside those with the option shows what it always did. */
TEST_F(opt, a_plain_proc_shows_the_machine_beside_them)
{
	struct box plain = { .proc = AT };
	char one[16384], two[16384];

	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "16M"));
	ASSERT_EQ(0, proc_mount(AT, NULL));
	EXPECT_EQ(host_mem("MemTotal"), box_mem(&plain, "MemTotal"));
	ASSERT_LE(0, box_read(&plain, "cpuinfo", one, sizeof(one)));
	ASSERT_LE(0, file_read("/proc/cpuinfo", two, sizeof(two)));
	EXPECT_STREQ(two, one);
	ASSERT_LE(0, box_read(&plain, "swaps", one, sizeof(one)));
	ASSERT_LE(0, file_read("/proc/swaps", two, sizeof(two)));
	EXPECT_STREQ(two, one);
}

/* What is read piecemeal, or waits for more. */
static bool is_endless(const char *name)
{
	return !strcmp(name, "kmsg") || !strcmp(name, "kcore") || !strncmp(name, "kpage", 5);
}

/*
 * Byte for byte where /proc stands still; of a file that moved meanwhile, the
 * beginnings of its lines, unless lines themselves came or went.
 */
TEST_F(opt, a_default_mount_is_proc_byte_for_byte)
{
	static char one[1 << 20], plain[1 << 20], two[1 << 20], a[1 << 20], b[1 << 20];
	struct box box = { .proc = AT }, host = { .proc = "/proc" };
	int still = 0, moved = 0, in_flux = 0;
	struct dirent *d;
	DIR *dir;

	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "32M"));
	ASSERT_EQ(0, proc_mount(AT, NULL));
	dir = opendir("/proc");
	ASSERT_NE(NULL, dir);
	while ((d = readdir(dir))) {
		if (d->d_type != DT_REG || is_endless(d->d_name) ||
		    access(box_path(&host, d->d_name), R_OK))
			continue;
		if (box_read(&host, d->d_name, one, sizeof(one)) < 0)
			continue;
		ASSERT_LE(0, box_read(&box, d->d_name, plain, sizeof(plain))) TH_LOG("%s", d->d_name);
		ASSERT_LE(0, box_read(&host, d->d_name, two, sizeof(two)));
		if (!strcmp(one, two)) {
			EXPECT_STREQ(one, plain) TH_LOG("%s", d->d_name);
			still++;
			continue;
		}
		moved++;
		line_keys(one, a, sizeof(a));
		line_keys(two, b, sizeof(b));
		if (strcmp(a, b)) {
			in_flux++;
			continue;
		}
		line_keys(plain, b, sizeof(b));
		EXPECT_STREQ(a, b) TH_LOG("%s", d->d_name);
	}
	closedir(dir);
	EXPECT_LE(20, still);
	/* uptime, loadavg and timer_list are nothing but numbers. */
	EXPECT_GE(10, in_flux);
	TH_LOG("%d files stood still, %d moved, %d of these had other lines", still, moved, in_flux);
}

TEST_HARNESS_MAIN
