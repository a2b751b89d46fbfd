// SPDX-License-Identifier: GPL-2.0
/*
 * The names as files: /proc/sys/kernel/hostname and domainname. Reading,
 * writing, and poll(2) for a change.
 *
 * Promises from proc_sys_kernel(5), admin-guide/sysctl/kernel.rst (hostname,
 * domainname, sysctl_writes_strict) and uts_namespaces(7).
 */
#include "uts_fixture.h"

TEST_F(uts, what_is_written_is_the_name)
{
	EXPECT_EQ(0, file_write(HOSTNAME, "written"));
	EXPECT_TRUE(host_is("written"));
	EXPECT_EQ(0, file_write(DOMAINNAME, "written.example"));
	EXPECT_TRUE(domain_is("written.example"));
	EXPECT_TRUE(host_is("written"));
}

TEST_F(uts, a_newline_ends_the_name)
{
	EXPECT_EQ(0, file_write(HOSTNAME, "name\n"));
	EXPECT_TRUE(host_is("name"));
	EXPECT_EQ(0, file_write(HOSTNAME, "one\ntwo\n"));
	EXPECT_TRUE(host_is("one"));
	EXPECT_EQ(0, file_write(HOSTNAME, "\n"));
	EXPECT_TRUE(host_is(""));
}

/* The file cuts where the call refuses. */
TEST_F(uts, sixty_four_bytes_are_kept)
{
	char name[80];

	memset(name, 'n', sizeof(name));
	name[79] = '\0';
	EXPECT_EQ(0, file_write(HOSTNAME, name));
	EXPECT_EQ(0, file_write(DOMAINNAME, name));
	name[NAME_MAX_LEN] = '\0';
	EXPECT_TRUE(host_is(name));
	EXPECT_TRUE(domain_is(name));
	EXPECT_EQ(0, file_write(HOSTNAME, name));
	EXPECT_TRUE(host_is(name));
}

TEST_F(uts, nothing_written_is_no_change)
{
	int fd = open(HOSTNAME, O_WRONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, write(fd, "", 0));
	EXPECT_TRUE(host_is("outer"));
	close(fd);
}

TEST_F(uts, a_bad_address_changes_nothing)
{
	int fd = open(HOSTNAME, O_WRONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-1, syscall(SYS_write, fd, NULL, 5));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_TRUE(host_is("outer"));
	close(fd);
}

/* sysctl_writes_strict is 1 unless somebody changed it. */
TEST_F(uts, a_second_write_continues_the_first)
{
	int fd = open(HOSTNAME, O_RDWR | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(1, file_number("/proc/sys/kernel/sysctl_writes_strict"));
	ASSERT_EQ(3, write(fd, "one", 3));
	EXPECT_TRUE(host_is("one"));
	ASSERT_EQ(3, write(fd, "two", 3));
	EXPECT_TRUE(host_is("onetwo"));
	ASSERT_EQ(1, pwrite(fd, "x", 1, 1));
	EXPECT_TRUE(host_is("ox"));
	/* Past the end of the name there is nothing to continue. */
	ASSERT_EQ(1, pwrite(fd, "y", 1, 9));
	EXPECT_TRUE(host_is("ox"));
	close(fd);
}

TEST_F(uts, it_can_be_read_in_pieces)
{
	char text[16] = "";
	int fd = open(HOSTNAME, O_RDONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(2, read(fd, text, 2));
	EXPECT_EQ(4, read(fd, text + 2, sizeof(text) - 2));
	EXPECT_STREQ("outer\n", text);
	EXPECT_EQ(0, read(fd, text, sizeof(text)));
	EXPECT_EQ(3, pread(fd, text, sizeof(text), 3));
	EXPECT_EQ(0, memcmp(text, "er\n", 3));
	close(fd);
}

/*
 * The file is no namespace's: it shows, and changes, the names of whoever
 * reads and writes, wherever it was opened.
 */
TEST_F(uts, an_open_file_serves_the_namespace_of_its_user)
{
	char text[16] = "";
	int fd = open(HOSTNAME, O_RDWR | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, unshare(CLONE_NEWUTS));
	ASSERT_EQ(0, host("inner"));
	EXPECT_EQ(6, pread(fd, text, sizeof(text), 0));
	EXPECT_STREQ("inner\n", text);
	EXPECT_EQ(5, pwrite(fd, "again", 5, 0));
	EXPECT_TRUE(host_is("again"));
	ASSERT_EQ(0, ns_enter(self->ns, CLONE_NEWUTS));
	EXPECT_TRUE(host_is("outer"));
	EXPECT_EQ(6, pread(fd, text, sizeof(text), 0));
	EXPECT_STREQ("outer\n", text);
	close(fd);
}

TEST_F(uts, the_kernel_s_own_fields_show_and_cannot_be_written)
{
	static const struct {
		const char *path;
		size_t offset;
	} field[] = {
		{ "/proc/sys/kernel/ostype", offsetof(struct utsname, sysname) },
		{ "/proc/sys/kernel/osrelease", offsetof(struct utsname, release) },
		{ "/proc/sys/kernel/version", offsetof(struct utsname, version) },
	};
	struct utsname u;
	char text[128];

	ASSERT_EQ(0, uname(&u));
	for (size_t i = 0; i < ARRAY_SIZE(field); i++) {
		ASSERT_GT(file_read(field[i].path, text, sizeof(text)), 0);
		EXPECT_STREQ((char *)&u + field[i].offset, text);
		EXPECT_EQ(-EACCES, file_write(field[i].path, "mine"));
	}
}

static int watch(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	must(fd >= 0);
	return fd;
}

/*
 * Whether there was a change since the last look; takes the event. A change in
 * another namespace may wake a watcher as well, so no test waits for silence
 * while others change theirs.
 */
static bool changed(int fd, int ms)
{
	return proc_poll(fd, POLLPRI, ms) == (POLLPRI | POLLERR);
}

TEST_F(uts, poll_says_when_the_name_was_set)
{
	int h = watch(HOSTNAME), d = watch(DOMAINNAME);

	EXPECT_FALSE(changed(h, 0));
	EXPECT_FALSE(changed(d, 0));
	ASSERT_EQ(0, host("new"));
	EXPECT_TRUE(changed(h, 0));
	EXPECT_FALSE(changed(d, 0));
	/* Taken is taken. */
	EXPECT_FALSE(changed(h, 0));
	ASSERT_EQ(0, domain("new.example"));
	EXPECT_TRUE(changed(d, 0));
	EXPECT_FALSE(changed(h, 0));
	ASSERT_EQ(0, file_write(HOSTNAME, "newer"));
	EXPECT_TRUE(changed(h, 0));
	EXPECT_FALSE(changed(d, 0));
	ASSERT_EQ(0, file_write(DOMAINNAME, "newer.example"));
	EXPECT_TRUE(changed(d, 0));
	close(h);
	close(d);
}

TEST_F(uts, several_changes_are_one_event)
{
	int fd = watch(HOSTNAME);

	ASSERT_EQ(0, host("one"));
	ASSERT_EQ(0, host("two"));
	EXPECT_TRUE(changed(fd, 0));
	EXPECT_FALSE(changed(fd, 0));
	close(fd);
}

TEST_F(uts, every_watcher_has_its_event)
{
	int one = watch(HOSTNAME), two = watch(HOSTNAME);

	ASSERT_EQ(0, host("new"));
	EXPECT_TRUE(changed(one, 0));
	EXPECT_TRUE(changed(two, 0));
	close(one);
	close(two);
}

TEST_F(uts, a_refused_change_is_no_event)
{
	int fd = watch(HOSTNAME);

	ASSERT_EQ(-EINVAL, set_host("n", -1));
	ASSERT_EQ(-EFAULT, set_host(NULL, 1));
	EXPECT_FALSE(changed(fd, 0));
	close(fd);
}

TEST_F(uts, a_waiting_poll_is_woken)
{
	struct baton ready = baton_make();
	pid_t pid = proc_fork_bound(0);

	if (!pid) {
		int fd = watch(HOSTNAME);

		baton_pass(&ready, 0);
		must(changed(fd, PROC_HANG_MS));
		must(host_is("new"));
		_exit(0);
	}
	baton_take(&ready);
	ASSERT_EQ(0, host("new"));
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN
