// SPDX-License-Identifier: GPL-2.0
/*
 * What the name of a core file says of a process in namespaces of its own: which
 * of its numbers, users and host names.
 *
 * Promises from Documentation/admin-guide/sysctl/kernel.rst, "core_pattern",
 * core(5); for host names that are paths fs/coredump.c, cn_esc_printf().
 */
#include "kselftest_harness.h"
#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>
#include "ns.h"
#include "proc.h"
#include "until.h"
#include "userns.h"

#define CORE_PATTERN	"/proc/sys/kernel/core_pattern"

/* What the ids of the user namespaces of these tests are outside. */
#define BASE		100000

/* Where the helper puts what it has been told. */
#define TOLD		"/tmp/pidns_core.told"

/* The pattern is put back; cores without a path come to a tmpfs at /mnt. */
FIXTURE(core)
{
	char before[256];
};

FIXTURE_SETUP(core)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	if (file_read(CORE_PATTERN, self->before, sizeof(self->before)) < 0) {
		self->before[0] = '\0';
		return;
	}
	ASSERT_EQ(0, setrlimit(RLIMIT_CORE, &unlimited));
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	ASSERT_EQ(0, mount("none", "/mnt", "tmpfs", 0, "mode=0777"));
}

FIXTURE_TEARDOWN(core)
{
	if (self->before[0])
		file_write(CORE_PATTERN, self->before);
}

#define NEEDS_CORES() do {						\
	if (!self->before[0])						\
		SKIP(return, "no " CORE_PATTERN " (CONFIG_COREDUMP)");	\
} while (0)

/* A process that dumped core, and its thread that made it do so, numbered outside. */
struct crashed {
	pid_t process, thread;
};

static int own_number_outside(void)
{
	char text[128];

	must(!file_field("/proc/thread-self/status", "NSpid", text, sizeof(text)));
	return atoi(text);
}

static void *crash_in_thread(void *up)
{
	must(syscall(SYS_gettid) == 3);
	baton_pass(up, own_number_outside());
	__builtin_trap();
}

/*
 * Lets thread 3 of process 2 of new namespaces, user 7 and group 8 there, dump
 * core on a host with the name @host.
 */
static struct crashed crash_inside(const char *host)
{
	struct baton up = baton_make();
	struct crashed crashed;
	pid_t init;

	init = userns_fork(CLONE_NEWPID | CLONE_NEWUTS, BASE, 10);
	if (!init) {
		int status;

		must(!sethostname(host, strlen(host)));
		must(!chdir("/mnt"));
		if (!fork()) {
			pthread_t thread;

			must(!setresgid(8, 8, 8));
			must(!setresuid(7, 7, 7));
			/* With the change of ids it lost that too. */
			must(!prctl(PR_SET_DUMPABLE, 1));
			baton_pass(&up, own_number_outside());
			must(!pthread_create(&thread, NULL, crash_in_thread, &up));
			proc_sleep_forever();
		}
		status = proc_reap(2);
		must(WIFSIGNALED(status) && WTERMSIG(status) == SIGILL);
		_exit(WCOREDUMP(status) ? 7 : 6);
	}
	crashed.process = baton_take(&up);
	crashed.thread = baton_take(&up);
	must(proc_end(init) == 7);
	close(up.fd[0]);
	close(up.fd[1]);
	return crashed;
}

/* The name of the one file in the folder that is not hidden; "" if there is none. */
static void only_file(const char *path, char out[256])
{
	DIR *dir = opendir(path);
	struct dirent *d;

	must(dir);
	out[0] = '\0';
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		must(!out[0]);
		snprintf(out, 256, "%s", d->d_name);
	}
	closedir(dir);
}

TEST_F(core, a_name_has_the_numbers_of_inside_and_of_the_initial_namespace)
{
	char expected[256], found[256];
	struct crashed crashed;

	NEEDS_CORES();
	ASSERT_EQ(0, file_write(CORE_PATTERN, "c.%p.%P.%i.%I"));
	crashed = crash_inside("inner");
	only_file("/mnt", found);
	snprintf(expected, sizeof(expected), "c.2.%d.3.%d", crashed.process, crashed.thread);
	EXPECT_STREQ(expected, found);
}

TEST_F(core, a_name_has_the_users_of_the_initial_namespace)
{
	char found[256];

	NEEDS_CORES();
	ASSERT_EQ(0, file_write(CORE_PATTERN, "c.%p.%u.%g"));
	crash_inside("inner");
	only_file("/mnt", found);
	EXPECT_STREQ("c.2.100007.100008", found);
}

TEST_F(core, a_name_has_the_host_s_name_of_inside)
{
	char found[256];

	NEEDS_CORES();
	ASSERT_EQ(0, file_write(CORE_PATTERN, "c.%p.%h"));
	crash_inside("inner");
	only_file("/mnt", found);
	EXPECT_STREQ("c.2.inner", found);
}

/* Who may name the host does not choose the folder. */
TEST_F(core, a_host_s_name_is_no_path)
{
	char found[256];

	NEEDS_CORES();
	umask(0);
	ASSERT_EQ(0, mkdir("/mnt/.sub", 0777));
	ASSERT_EQ(0, file_write(CORE_PATTERN, ".sub/%h.%p"));
	crash_inside("../up");
	EXPECT_EQ(0, access("/mnt/.sub/..!up.2", F_OK));
	only_file("/mnt", found);
	EXPECT_STREQ("", found);

	ASSERT_EQ(0, mkdir("/mnt/.sub/!.", 0777));
	ASSERT_EQ(0, file_write(CORE_PATTERN, ".sub/%h/c.%p"));
	crash_inside("..");
	EXPECT_EQ(0, access("/mnt/.sub/!./c.2", F_OK));
	only_file("/mnt", found);
	EXPECT_STREQ("", found);
}

TEST_F(core, the_file_is_the_process_s_user_s)
{
	struct stat st;

	NEEDS_CORES();
	ASSERT_EQ(0, file_write(CORE_PATTERN, "c.%p"));
	crash_inside("inner");
	ASSERT_EQ(0, stat("/mnt/c.2", &st));
	EXPECT_EQ(BASE + 7, st.st_uid);
	EXPECT_EQ(BASE + 8, st.st_gid);
	EXPECT_EQ(0600, st.st_mode & 07777);
	EXPECT_GT(st.st_size, 0);
}

/* The caller's pid, user and uts namespaces as /proc links them. */
static void namespaces(char out[256])
{
	static const char *const links[] = { "pid", "user", "uts" };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		char path[64], text[64] = "";

		snprintf(path, sizeof(path), "/proc/self/ns/%s", links[i]);
		must(readlink(path, text, sizeof(text) - 1) > 0);
		n += snprintf(out + n, 256 - n, " %s", text);
	}
}

/* What the kernel starts to take the core: tells what it is told, and where it is. */
static int be_the_helper(int argc, char **argv)
{
	char text[1024], where[256];
	size_t n = 0;

	while (read(0, text, sizeof(text)) > 0)
		n++;
	namespaces(where);
	snprintf(text, sizeof(text), "%s %s %s %s %s %s %s, core %d, user %d,%s", argv[2],
		 argv[3], argv[4], argv[5], argv[6], argv[7], argv[8], n > 0, geteuid(), where);
	close(open(TOLD ".new", O_WRONLY | O_CREAT | O_TRUNC, 0600));
	must(!file_write(TOLD ".new", text));
	return rename(TOLD ".new", TOLD);
}

TEST_F(core, a_helper_runs_outside_and_is_told_both_sides)
{
	char expected[1024], told[1024], where[256], path[128] = "";
	struct crashed crashed;

	NEEDS_CORES();
	ASSERT_GT(readlink("/proc/self/exe", path, sizeof(path) - 1), 0);
	unlink(TOLD);
	/* No more than 127 characters. */
	ASSERT_LT(strlen(path), 80);
	ASSERT_EQ(0, file_printf(CORE_PATTERN, "|%s --helper %%p %%P %%i %%I %%u %%g %%h", path));
	crashed = crash_inside("inner");
	ASSERT_TRUE(EVENTUALLY(!access(TOLD, F_OK)));
	ASSERT_GT(file_read(TOLD, told, sizeof(told)), 0);
	unlink(TOLD);
	namespaces(where);
	snprintf(expected, sizeof(expected), "2 %d 3 %d %d %d inner, core 1, user 0,%s",
		 crashed.process, crashed.thread, BASE + 7, BASE + 8, where);
	EXPECT_STREQ(expected, told);
}

int main(int argc, char **argv)
{
	if (argc == 9 && !strcmp(argv[1], "--helper"))
		return be_the_helper(argc, argv);
	return test_harness_run(argc, argv);
}
