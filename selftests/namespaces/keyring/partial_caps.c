// SPDX-License-Identifier: GPL-2.0
/*
 * An admin of a container with a part of the capabilities: what the part is
 * good for can be done, all else cannot, and no exec, set-user-ID file or file
 * capability brings the rest back.
 *
 * Promises from capabilities(7), "Capability bounding set", "Transformation of
 * capabilities during execve()", and user_namespaces(7).
 */
#include "kselftest_harness.h"
#include <net/if.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include "cap.h"
#include "usermap.h"

/* Somebody else in the container. */
#define OTHER	9

static pid_t other;

static int no(long ret)
{
	return ret < 0 ? -errno : 0;
}

static int do_chown(void)
{
	return no(chown("file.of.root", OTHER, -1));
}

static int do_override(void)
{
	int fd = open("file.of.other", O_RDWR);

	if (fd >= 0)
		close(fd);
	return no(fd);
}

static int do_fowner(void)
{
	return no(chmod("file.of.other", 0600));
}

static int do_kill(void)
{
	return no(kill(other, 0));
}

static int do_setuid(void)
{
	return no(setresuid(OTHER, OTHER, OTHER));
}

static int do_setgid(void)
{
	return no(setresgid(OTHER, OTHER, OTHER));
}

static int do_setpcap(void)
{
	return no(prctl(PR_CAPBSET_DROP, CAP_SYS_TTY_CONFIG));
}

static int do_bind(void)
{
	struct sockaddr sa = { .sa_family = AF_INET, .sa_data = { 0, 7 } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	must(fd >= 0);
	err = no(bind(fd, &sa, 16));
	close(fd);
	return err;
}

static int do_net(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	must(fd >= 0);
	err = no(ioctl(fd, SIOCSIFFLAGS, &ifr));
	close(fd);
	return err;
}

static int do_raw(void)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 1);

	if (fd >= 0)
		close(fd);
	return no(fd);
}

static int do_chroot(void)
{
	return no(chroot("/"));
}

static int do_ptrace(void)
{
	return no(ptrace(PTRACE_SEIZE, other, 0, 0));
}

static int do_admin(void)
{
	return no(sethostname("container", 9));
}

static int do_resource(void)
{
	return file_write("/proc/sys/user/max_pid_namespaces", "1000");
}

static int do_setfcap(void)
{
	return cap_file_set("file.of.root", CAP_BIT(CAP_KILL), CAP_FILE_V2);
}

static const struct deed {
	int cap;
	int (*try)(void);
	int refused;
	/* It changes who does it: for a process of its own. */
	bool changes;
} deeds[] = {
	{ CAP_CHOWN, do_chown, -EPERM },
	{ CAP_DAC_OVERRIDE, do_override, -EACCES },
	{ CAP_FOWNER, do_fowner, -EPERM },
	{ CAP_KILL, do_kill, -EPERM },
	{ CAP_SETUID, do_setuid, -EPERM, true },
	{ CAP_SETGID, do_setgid, -EPERM, true },
	{ CAP_SETPCAP, do_setpcap, -EPERM, true },
	{ CAP_NET_BIND_SERVICE, do_bind, -EACCES },
	{ CAP_NET_ADMIN, do_net, -EPERM },
	{ CAP_NET_RAW, do_raw, -EPERM },
	{ CAP_SYS_CHROOT, do_chroot, -EPERM },
	{ CAP_SYS_PTRACE, do_ptrace, -EPERM, true },
	{ CAP_SYS_ADMIN, do_admin, -EPERM },
	{ CAP_SYS_RESOURCE, do_resource, -EACCES },
	{ CAP_SETFCAP, do_setfcap, -EPERM },
};

static uint64_t all_deeds(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++)
		mask |= CAP_BIT(deeds[i].cap);
	return mask;
}

static int do_deed(const struct deed *deed)
{
	pid_t pid;

	if (!deed->changes)
		return deed->try();
	pid = fork();
	if (!pid)
		_exit(-deed->try());
	return -proc_end(pid);
}

/*
 * What this program does when the container's admin runs it: tries each deed,
 * and tells how many came out against @caps.
 */
static int check(uint64_t caps)
{
	int bad = 0;

	if (cap_mine("CapEff") != caps) {
		fprintf(stderr, "# effective: %llx, not %llx\n",
			(unsigned long long)cap_mine("CapEff"),
			(unsigned long long)caps);
		bad++;
	}
	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
		bool may = caps & CAP_BIT(deeds[i].cap);
		int got = do_deed(&deeds[i]);

		if (got == (may ? 0 : deeds[i].refused))
			continue;
		fprintf(stderr, "# capability %d of %llx: error %d\n",
			deeds[i].cap, (unsigned long long)caps, -got);
		bad++;
	}
	return bad;
}

/* Runs @path as the container's program. Returns how many deeds went wrong. */
static int run(const char *path, uint64_t caps)
{
	char mask[32], number[16];
	pid_t pid = fork();

	if (!pid) {
		snprintf(mask, sizeof(mask), "%llx", (unsigned long long)caps);
		snprintf(number, sizeof(number), "%d", other);
		execl(path, "partial_caps", "--check", mask, number, NULL);
		_exit(254);
	}
	return proc_end(pid);
}

static void touch(const char *path, uid_t uid, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	must(fd >= 0 && !fchown(fd, uid, uid) && !fchmod(fd, mode));
	close(fd);
}

/* A copy of this program with a set-user-ID bit or with capabilities. */
static void copy(const char *path, mode_t mode)
{
	int in = open("/proc/self/exe", O_RDONLY), out;
	struct stat st;

	unlink(path);
	out = open(path, O_WRONLY | O_CREAT | O_EXCL, 0700);
	must(in >= 0 && out >= 0 && !fstat(in, &st));
	for (off_t at = 0; at < st.st_size; )
		must(sendfile(out, in, &at, st.st_size - at) > 0);
	must(!fchmod(out, mode));
	close(in);
	close(out);
}

/* A container: all that a container owns, and one other user in it. */
static pid_t container(void)
{
	struct baton ready = baton_make();
	pid_t pid;

	if (mkdir("container", 0777) && errno != EEXIST)
		return -errno;
	must(!chmod("container", 0777));
	pid = userns_fork(CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWNS |
			  CLONE_NEWIPC);
	if (pid)
		return pid;
	must(!chdir("container"));
	touch("file.of.root", 0, 0600);
	touch("file.of.other", OTHER, 0);
	other = proc_fork_bound(0);
	if (!other) {
		userns_become(OTHER, OTHER);
		baton_pass(&ready, 0);
		proc_sleep_forever();
	}
	must(other > 0);
	baton_take(&ready);
	return 0;
}

/* The bounding set of the caller, and so of all that it runs. */
static void bound_to(uint64_t caps)
{
	uint64_t all = cap_all();

	for (int cap = 0; all >> cap; cap++)
		if (!(caps & CAP_BIT(cap)))
			must(!prctl(PR_CAPBSET_DROP, cap));
}

TEST(root_with_all_of_them_does_all)
{
	pid_t pid = container();

	if (!pid)
		_exit(run("/proc/self/exe", cap_all()));
	EXPECT_EQ(0, proc_end(pid));
}

/* Runs the container's program with each of the deeds' capabilities, or without. */
static int run_with_each(bool without)
{
	int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(deeds); i++) {
		uint64_t caps = CAP_BIT(deeds[i].cap);
		pid_t pid = fork();

		if (!pid) {
			if (without)
				caps = cap_all() & ~caps;
			bound_to(caps);
			_exit(run("/proc/self/exe", caps));
		}
		bad += proc_end(pid) != 0;
	}
	return bad;
}

TEST(root_with_one_of_them_does_that_and_nothing_else)
{
	pid_t pid = container();

	if (!pid)
		_exit(run_with_each(false));
	EXPECT_EQ(0, proc_end(pid));
}

TEST(root_without_one_of_them_does_all_else)
{
	pid_t pid = container();

	if (!pid)
		_exit(run_with_each(true));
	EXPECT_EQ(0, proc_end(pid));
}

TEST(root_with_none_of_them_is_an_ordinary_user)
{
	pid_t pid = container();

	if (!pid) {
		bound_to(0);
		_exit(run("/proc/self/exe", 0));
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* A user who is not root, with a part that was made ambient. */
TEST(another_user_does_its_part)
{
	const uint64_t part = CAP_BIT(CAP_NET_ADMIN) | CAP_BIT(CAP_KILL);
	pid_t pid = container();

	if (!pid) {
		must(!chown("file.of.root", 5, 5));
		must(!prctl(PR_SET_KEEPCAPS, 1));
		userns_become(5, 5);
		must(!cap_set(part, part, part));
		must(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE,
			    CAP_NET_ADMIN, 0, 0));
		must(!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL,
			    0, 0));
		/* It passes to everything that is run, however deep. */
		_exit(run("/proc/self/exe", part));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(a_setuid_file_does_not_bring_the_rest_back)
{
	const uint64_t part = CAP_BIT(CAP_NET_ADMIN);
	pid_t pid = container();

	if (!pid) {
		copy("suid", 04755);
		bound_to(part);
		must(!setresuid(5, 5, 5));
		must(!cap_mine("CapEff"));
		/* Root again, with what root has here. */
		_exit(run("./suid", part));
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(file_capabilities_do_not_bring_the_rest_back)
{
	const uint64_t part = CAP_BIT(CAP_NET_ADMIN);
	pid_t pid = container();

	if (!pid) {
		copy("caps", 0755);
		must(!cap_file_set("caps", all_deeds(), CAP_FILE_V2));
		bound_to(part);
		must(!setresuid(5, 5, 5));
		/* It would not have what it relies on, so it is not run. */
		must(run("./caps", part) == 254);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/*
 * A namespace below gives all capabilities, but over that alone: nothing that
 * the part does not cover opens in the container.
 */
TEST(a_namespace_below_does_not_bring_the_rest_back)
{
	pid_t pid = container();

	if (!pid) {
		int bad = 0;

		bound_to(CAP_BIT(CAP_NET_ADMIN));
		pid = fork();
		if (!pid) {
			/* Not as root: to map that would take CAP_SETFCAP. */
			must(!prctl(PR_SET_KEEPCAPS, 1));
			userns_become(5, 5);
			cap_keep(CAP_BIT(CAP_NET_ADMIN));
			must(!ns_become_user_root());
			must(cap_mine("CapEff") == cap_all());
			must(do_admin() == -EPERM);
			must(do_kill() == -EPERM);
			must(do_raw() == -EPERM);
			must(do_bind() == -EACCES);
			/* Not even what it had outside. */
			must(do_net() == -EPERM);
			/* The other user has no name there. */
			must(do_chown() == -EINVAL);
			_exit(0);
		}
		bad += proc_end(pid);
		_exit(bad);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(part_of_them_does_not_reach_into_a_full_process)
{
	pid_t pid = container();

	if (!pid) {
		/* The same user, but with more than one has: not to be traced. */
		pid_t full = userns_sleeper_in(0);

		must(full > 0);
		cap_keep(CAP_BIT(CAP_NET_ADMIN));
		must(ptrace(PTRACE_SEIZE, full, 0, 0) == -1 && errno == EPERM);
		must(!kill(full, 0));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "--check")) {
		other = atoi(argv[3]);
		return check(strtoull(argv[2], NULL, 16));
	}
	return test_harness_run(argc, argv);
}
