// SPDX-License-Identifier: GPL-2.0
/* Open files come back as they were; those that cannot are refused by name. */
#include <linux/capability.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include "kselftest_harness.h"
#include "ckpt.h"

JOB(regular)
{
	int a = open(CKPT_DIR "/a", O_RDWR | O_CREAT, 0600);
	int b = open(CKPT_DIR "/b", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	char buf[16] = "";
	int dup_a, far;

	must(write(a, "0123456789", 10) == 10 && lseek(a, 4, SEEK_SET) == 4);
	must(write(b, "one", 3) == 3);
	dup_a = dup(a);
	far = dup2(a, 77);
	must(dup_a > 0 && far == 77);
	job_pause();
	job_check(read(a, buf, 2) == 2 && !memcmp(buf, "45", 2));
	/* a duplicate shares the offset */
	job_check(read(dup_a, buf, 2) == 2 && !memcmp(buf, "67", 2));
	job_check(lseek(77, 0, SEEK_CUR) == 8);
	job_check(write(b, "two", 3) == 3 && lseek(b, 0, SEEK_CUR) == 6);
	job_check((fcntl(b, F_GETFL) & (O_ACCMODE | O_APPEND)) == (O_WRONLY | O_APPEND));
	job_check(fcntl(b, F_GETFD) == FD_CLOEXEC && !fcntl(a, F_GETFD));
	/* and nothing else is open */
	job_check(fcntl(dup_a + 1, F_GETFD) == -1 && errno == EBADF);
	job_check(open("/dev/null", O_RDONLY) == dup_a + 1);
}

JOB(special)
{
	int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
	int dir = open(CKPT_DIR, O_RDONLY | O_DIRECTORY), path = open(CKPT_DIR "/ready", O_PATH);
	struct stat st;
	char c = 1;

	must(null > 0 && zero > 0 && dir > 0);
	job_pause();
	job_check(write(null, &c, 1) == 1 && !read(null, &c, 1));
	job_check(read(zero, &c, 1) == 1 && !c);
	job_check(!fstat(dir, &st) && S_ISDIR(st.st_mode));
	job_check(!faccessat(dir, "ready", F_OK, 0));
	job_check(path < 0 || (fcntl(path, F_GETFL) & O_PATH));
}

JOB(pipes)
{
	int p[2], q[2], status;
	char buf[16] = "";
	pid_t pid;

	must(!pipe(p) && !pipe2(q, O_NONBLOCK));
	must(fcntl(p[1], F_SETPIPE_SZ, 16384) == 16384);
	must(write(p[1], "in flight", 9) == 9);
	pid = fork();
	if (!pid) {
		close(q[0]);
		close(p[1]);
		job_await_go();
		if (read(p[0], buf, 16) != 9 || memcmp(buf, "in flight", 9))
			_exit(1);
		_exit(write(q[1], "answer", 6) == 6 ? 4 : 2);
	}
	close(p[0]);
	close(q[1]);
	job_pause();
	job_check(fcntl(p[1], F_GETPIPE_SZ) == 16384);
	job_check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 4);
	job_check(fcntl(q[0], F_GETFL) & O_NONBLOCK);
	job_check(read(q[0], buf, 16) == 6 && !memcmp(buf, "answer", 6));
	/* the only writer has gone, and so has the only reader */
	job_check(!read(q[0], buf, 16));
	signal(SIGPIPE, SIG_IGN);
	job_check(write(p[1], "x", 1) == -1 && errno == EPIPE);
}

/* Tries to save @job, and says what is not as it should be with the refusal. */
static const char *refusal(const char *job, const char *text)
{
	pid_t pid = ckpt_start(job);
	char want[32];

	snprintf(want, sizeof(want), "pid %d: ", pid);
	if (ckpt_save(pid, CKPT_DIR "/image") != 1)
		return "it was saved";
	if (!strstr(ckpt_said(), want) || !strstr(ckpt_said(), text) ||
	    !strstr(ckpt_said(), "not supported"))
		return ckpt_said();
	if (!access(CKPT_DIR "/image", F_OK))
		return "an image was left";
	/* the job has noticed nothing */
	return ckpt_verdict();
}

FIXTURE(files) {
};

FIXTURE_SETUP(files)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(files)
{
	umount2(CKPT_DIR "/overlay", MNT_DETACH);
	ckpt_teardown();
}

TEST_F(files, regular_files_come_back_with_offset_and_flags)
{
	ASSERT_STREQ(ckpt_round_trip("regular"), "ok");
}

TEST_F(files, devices_without_state_directories_and_paths_come_back)
{
	ASSERT_STREQ(ckpt_round_trip("special"), "ok");
}

TEST_F(files, pipes_come_back_with_what_is_in_them)
{
	ASSERT_STREQ(ckpt_round_trip("pipes"), "ok");
}

/* Its limits allow it more files than those of whoever restarts it. */
JOB(many_files)
{
	struct rlimit limit = { 20000, 20000 };
	int fd = open(CKPT_DIR "/a", O_RDWR | O_CREAT, 0600);

	must(!setrlimit(RLIMIT_NOFILE, &limit));
	must(fd > 0 && dup2(fd, 19999) == 19999);
	job_pause();
	job_check(write(19999, "x", 1) == 1 && lseek(fd, 0, SEEK_CUR) == 1);
	job_check(!getrlimit(RLIMIT_NOFILE, &limit));
	job_check(limit.rlim_cur == 20000 && limit.rlim_max == 20000);
}

TEST_F(files, more_of_them_than_the_caller_may_have_come_back)
{
	struct rlimit limit;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	ASSERT_GT(20000, limit.rlim_max);
	EXPECT_STREQ("ok", ckpt_round_trip("many_files"));
}

TEST_F(files, who_may_not_have_as_many_is_told)
{
	pid_t pid = ckpt_start("many_files");

	ASSERT_EQ(0, ckpt_save(pid, CKPT_DIR "/image")) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	pid = cg_fork_into(CKPT_CG, 0);
	if (!pid) {
		must(!prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE));
		_exit(ckpt_tool("restart -d " CKPT_DIR "/image"));
	}
	EXPECT_EQ(1, proc_end(pid));
	EXPECT_NE(NULL, strstr(ckpt_said(), "fd 19999: it is beyond the limit of open files"))
		TH_LOG("%s", ckpt_said());
}

JOB(a_socket)
{
	must(socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
	job_pause();
}

TEST_F(files, a_socket_is_refused_by_name)
{
	ASSERT_STREQ(refusal("a_socket", "fd 3: socket:"), "ok");
}

JOB(epoll)
{
	must(epoll_create1(0) == 3);
	job_pause();
}

TEST_F(files, epoll_is_refused_by_name)
{
	ASSERT_STREQ(refusal("epoll", "fd 3: anon_inode:[eventpoll]"), "ok");
}

/* One that counts, one that is shared and does not block, and a semaphore. */
JOB(eventfds)
{
	uint64_t full = ~0ULL - 1, one = 1, v;
	int a = eventfd(5, 0), b = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int sem = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK), big = eventfd(0, EFD_NONBLOCK), status;
	pid_t pid;

	must(write(big, &full, 8) == 8);
	pid = fork();
	if (!pid) {
		if (read(a, &v, 8) != 8 || v != 5)
			_exit(1);
		job_touch(CKPT_DIR "/child");
		job_await_go();
		/* blocks until the parent writes */
		_exit(read(a, &v, 8) == 8 && v == 7 && write(b, &one, 8) == 8 ? 3 : 2);
	}
	/* what comes next is not to be added to the 5 */
	while (access(CKPT_DIR "/child", F_OK))
		ckpt_nap();
	job_pause();
	v = 7;
	job_check(read(b, &v, 8) == -1 && errno == EAGAIN && fcntl(b, F_GETFD) == FD_CLOEXEC);
	v = 7;
	job_check(write(a, &v, 8) == 8);
	job_check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
	job_check(read(b, &v, 8) == 8 && v == 1);
	job_check(read(sem, &v, 8) == 8 && v == 1 && read(sem, &v, 8) == 8 && v == 1);
	job_check(read(sem, &v, 8) == -1 && errno == EAGAIN);
	job_check(write(big, &one, 8) == -1 && errno == EAGAIN);
	job_check(read(big, &v, 8) == 8 && v == full);
}

TEST_F(files, eventfds_come_back_with_count_and_flags)
{
	ASSERT_STREQ(ckpt_round_trip("eventfds"), "ok");
}

TEST_F(files, originals_with_eventfds_run_on_unharmed)
{
	ASSERT_STREQ(ckpt_unharmed("eventfds"), "ok");
}

JOB(inotify)
{
	must(inotify_init() == 3);
	job_pause();
}

TEST_F(files, inotify_is_refused_by_name)
{
	ASSERT_STREQ(refusal("inotify", "fd 3: anon_inode:inotify"), "ok");
}

JOB(a_proc_file)
{
	must(open("/proc/self/status", O_RDONLY) == 3);
	job_pause();
}

TEST_F(files, a_proc_file_is_refused_by_name)
{
	ASSERT_STREQ(refusal("a_proc_file", "/status"), "ok");
}

#define HOLE	(1 << 20)

/* Deleted, with a hole in it, and open in several ways; and one that has never had a name. */
JOB(deleted)
{
	const struct timespec times[2] = { { 1000000000, 7 }, { 1100000000, 8 } };
	int fd = open(CKPT_DIR "/gone", O_CREAT | O_RDWR, 0600), ro, add, unnamed, hidden, status;
	char buf[16], path[32];
	struct stat st, dir;
	pid_t pid;

	must(write(fd, "0123456789", 10) == 10 && pwrite(fd, "far", 3, HOLE) == 3);
	must(!ftruncate(fd, 2 * HOLE + 5) && !fchown(fd, 7, 8) && !fchmod(fd, 04640));
	ro = open(CKPT_DIR "/gone", O_RDONLY | O_NOFOLLOW);
	add = open(CKPT_DIR "/gone", O_WRONLY | O_APPEND | O_CLOEXEC);
	must(ro >= 0 && add >= 0 && lseek(fd, 4, SEEK_SET) == 4 && lseek(ro, 2, SEEK_SET) == 2);
	must(!unlink(CKPT_DIR "/gone") && !futimens(fd, times));
	unnamed = open(CKPT_DIR, O_TMPFILE | O_RDWR, 0604);
	hidden = open(CKPT_DIR, O_TMPFILE | O_EXCL | O_RDWR, 0600);
	must(write(unnamed, "unnamed", 7) == 7 && hidden >= 0);
	pid = fork();
	if (!pid) {
		/* until the parent has looked at the time of the last access */
		while (!fstat(fd, &st) && st.st_size == 2 * HOLE + 5)
			ckpt_nap();
		_exit(read(fd, buf, 2) == 2 && !memcmp(buf, "45", 2) ? 3 : 2);
	}
	job_pause();
	job_check(!fstat(fd, &st) && !stat(CKPT_DIR, &dir) && st.st_dev == dir.st_dev);
	job_check(!st.st_nlink && st.st_size == 2 * HOLE + 5 && st.st_blocks < 64);
	job_check(st.st_mode == (S_IFREG | 04640) && st.st_uid == 7 && st.st_gid == 8);
	job_check(!memcmp(&st.st_atim, &times[0], sizeof(*times)));
	job_check(!memcmp(&st.st_mtim, &times[1], sizeof(*times)));
	job_check(lseek(fd, 0, SEEK_CUR) == 4 && lseek(ro, 0, SEEK_CUR) == 2);
	job_check(lseek(ro, 4096, SEEK_DATA) == HOLE);
	job_check(pread(ro, buf, 3, HOLE) == 3 && !memcmp(buf, "far", 3));
	job_check((fcntl(ro, F_GETFL) & (O_ACCMODE | O_NOFOLLOW)) == (O_RDONLY | O_NOFOLLOW));
	job_check(write(ro, "x", 1) == -1 && errno == EBADF);
	job_check((fcntl(add, F_GETFL) & (O_ACCMODE | O_APPEND)) == (O_WRONLY | O_APPEND));
	job_check(fcntl(add, F_GETFD) == FD_CLOEXEC && write(add, "end", 3) == 3);
	job_check(pread(ro, buf, 16, 2 * HOLE + 5) == 3 && !memcmp(buf, "end", 3));
	job_check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
	job_check(lseek(fd, 0, SEEK_CUR) == 6);
	job_check(access(CKPT_DIR "/gone", F_OK));
	/* who had no name may get one, and who has lost it may not */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	job_check(linkat(AT_FDCWD, path, AT_FDCWD, CKPT_DIR "/x", AT_SYMLINK_FOLLOW) == -1 &&
		  errno == ENOENT);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", hidden);
	job_check(linkat(AT_FDCWD, path, AT_FDCWD, CKPT_DIR "/x", AT_SYMLINK_FOLLOW) == -1 &&
		  errno == ENOENT);
	job_check((fcntl(unnamed, F_GETFL) & O_TMPFILE) == O_TMPFILE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", unnamed);
	job_check(!linkat(AT_FDCWD, path, AT_FDCWD, CKPT_DIR "/named", AT_SYMLINK_FOLLOW));
	job_check(!stat(CKPT_DIR "/named", &st) && (st.st_mode & 07777) == 0604 &&
		  st.st_size == 7 && st.st_nlink == 1);
	job_check(file_read(CKPT_DIR "/named", buf, sizeof(buf)) == 7 && !strcmp(buf, "unnamed"));
	job_check(!unlink(CKPT_DIR "/named"));
}

TEST_F(files, deleted_files_come_back_deleted)
{
	ASSERT_STREQ(ckpt_round_trip("deleted"), "ok");
}

TEST_F(files, originals_with_deleted_files_run_on_unharmed)
{
	ASSERT_STREQ(ckpt_unharmed("deleted"), "ok");
}

TEST_F(files, deleted_files_are_checkpointed_again)
{
	ASSERT_STREQ(ckpt_second_generation("deleted"), "ok");
}

TEST_F(files, each_of_two_images_with_deleted_files_is_restarted_twice)
{
	pid_t pid = ckpt_start("deleted");
	int i;

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/first"), 0) TH_LOG("%s", ckpt_said());
	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(ckpt_restart(i & 1 ? CKPT_DIR "/first" : CKPT_DIR "/image"), 0)
			TH_LOG("%s", ckpt_said());
		ASSERT_STREQ(ckpt_verdict(), "ok");
		ASSERT_EQ(cg_await_empty(CKPT_CG), 0);
		ckpt_reap();
	}
}

/* A job whose fd 3 is a deleted file in CKPT_DIR/dir. */
JOB(deleted_below)
{
	must(!mkdir(CKPT_DIR "/dir", 0700));
	must(open(CKPT_DIR "/dir/gone", O_CREAT | O_RDWR, 0600) == 3);
	must(!unlink(CKPT_DIR "/dir/gone"));
	job_pause();
}

TEST_F(files, a_deleted_file_needs_its_directory)
{
	pid_t pid = ckpt_start("deleted_below");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(rmdir(CKPT_DIR "/dir"), 0);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "deleted file in " CKPT_DIR "/dir: it cannot be made (error 2)"),
		  NULL) TH_LOG("%s", ckpt_said());
}

TEST_F(files, a_deleted_file_needs_permission_to_its_directory)
{
	pid_t pid = ckpt_start("deleted_below");

	ASSERT_EQ(ckpt_save(pid, CKPT_DIR "/image"), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(chown(CKPT_DIR "/dir", 7, 8), 0);
	pid = cg_fork_into(CKPT_CG, 0);
	if (!pid) {
		must(!prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE));
		must(!prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH));
		_exit(ckpt_tool("restart -d " CKPT_DIR "/image"));
	}
	ASSERT_EQ(proc_end(pid), 1);
	ASSERT_NE(strstr(ckpt_said(), "deleted file in " CKPT_DIR "/dir: it cannot be made (error 13)"),
		  NULL) TH_LOG("%s", ckpt_said());
}

JOB(another_link)
{
	must(open(CKPT_DIR "/gone", O_CREAT | O_RDWR, 0600) == 3);
	must(!link(CKPT_DIR "/gone", CKPT_DIR "/other") && !unlink(CKPT_DIR "/gone"));
	job_pause();
}

TEST_F(files, a_deleted_file_with_other_names_is_refused_by_name)
{
	ASSERT_STREQ(refusal("another_link", "fd 3: " CKPT_DIR "/gone (deleted), which has other names, is"),
		     "ok");
}

JOB(deleted_with_its_directory)
{
	must(!mkdir(CKPT_DIR "/dir", 0700));
	must(open(CKPT_DIR "/dir/gone", O_CREAT | O_RDWR, 0600) == 3);
	must(!unlink(CKPT_DIR "/dir/gone") && !rmdir(CKPT_DIR "/dir"));
	job_pause();
}

TEST_F(files, a_file_deleted_with_its_directory_is_refused_by_name)
{
	ASSERT_STREQ(refusal("deleted_with_its_directory",
			     "fd 3: gone (deleted), whose directory was deleted, too, is"), "ok");
}

JOB(deleted_with_attributes)
{
	must(open(CKPT_DIR "/gone", O_CREAT | O_RDWR, 0600) == 3);
	must(!fsetxattr(3, "trusted.bulkhead", "x", 1, 0) && !unlink(CKPT_DIR "/gone"));
	job_pause();
}

TEST_F(files, a_deleted_file_with_extended_attributes_is_refused_by_name)
{
	ASSERT_STREQ(refusal("deleted_with_attributes",
			     "fd 3: gone (deleted), which has extended attributes, is"), "ok");
}

JOB(deleted_outside)
{
	must(open(CKPT_DIR "/gone", O_CREAT | O_RDWR, 0600) == 3 && !unlink(CKPT_DIR "/gone"));
	job_outsider();
	job_pause();
}

TEST_F(files, a_deleted_file_that_somebody_outside_has_is_refused)
{
	pid_t pid = ckpt_start("deleted_outside");

	ASSERT_EQ(ckpt_save(file_number(CKPT_DIR "/child"), CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "fd 3: gone, in use outside, is not supported"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

/* An overlay, as the root of many a container is, with a deleted file at fd 3. */
static char *on_overlay(void)
{
	char *p;

	must(!mkdir(CKPT_DIR "/lower", 0755) && !mkdir(CKPT_DIR "/upper", 0755));
	must(!mkdir(CKPT_DIR "/work", 0755) && !mkdir(CKPT_DIR "/overlay", 0755));
	must(!mount("overlay", CKPT_DIR "/overlay", "overlay", 0, "lowerdir=" CKPT_DIR "/lower,"
		    "upperdir=" CKPT_DIR "/upper,workdir=" CKPT_DIR "/work"));
	must(open(CKPT_DIR "/overlay/gone", O_CREAT | O_RDWR, 0640) == 3);
	must(write(3, "above", 5) == 5);
	p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3, 0);
	must(p != MAP_FAILED && !unlink(CKPT_DIR "/overlay/gone"));
	return p;
}

JOB(deleted_above)
{
	struct stat st, dir;
	char buf[8];

	must(!munmap(on_overlay(), 4096));
	job_pause();
	job_check(!fstat(3, &st) && !stat(CKPT_DIR "/overlay", &dir) && st.st_dev == dir.st_dev);
	job_check(!st.st_nlink && st.st_mode == (S_IFREG | 0640) && st.st_size == 5);
	job_check(pread(3, buf, 8, 0) == 5 && !memcmp(buf, "above", 5));
}

TEST_F(files, deleted_files_of_an_overlay_come_back)
{
	ASSERT_STREQ(ckpt_round_trip("deleted_above"), "ok");
}

TEST_F(files, deleted_files_of_an_overlay_are_checkpointed_again)
{
	ASSERT_STREQ(ckpt_second_generation("deleted_above"), "ok");
}

/* Opens fd 3 of job @name anew, as /proc lets everybody do who may trace it. */
static const char *opened_anew(const char *name)
{
	pid_t pid = ckpt_start(name);
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fd/3", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	if (ckpt_save(pid, CKPT_DIR "/image") != 1 ||
	    !strstr(ckpt_said(), "fd 3: gone, in use outside, is not supported"))
		return ckpt_said();
	close(fd);
	/* and then it is nobody else's */
	if (ckpt_save(pid, CKPT_DIR "/image"))
		return ckpt_said();
	return strcmp(ckpt_verdict(), "ok") || proc_end(pid) ? "it was harmed" : "ok";
}

TEST_F(files, a_deleted_file_that_somebody_has_opened_anew_is_refused)
{
	ASSERT_STREQ(opened_anew("deleted_below"), "ok");
}

TEST_F(files, a_deleted_file_of_an_overlay_that_somebody_has_opened_anew_is_refused)
{
	ASSERT_STREQ(opened_anew("deleted_above"), "ok");
}

JOB(deleted_and_mapped_above)
{
	on_overlay();
	job_pause();
}

TEST_F(files, a_deleted_file_of_an_overlay_that_is_mapped_is_refused_by_name)
{
	ASSERT_STREQ(refusal("deleted_and_mapped_above",
			     "gone (deleted), mapped from a stacked file system, is"), "ok");
}

JOB(in_a_deleted_directory)
{
	must(!mkdir(CKPT_DIR "/dir", 0700) && !chdir(CKPT_DIR "/dir") && !rmdir(CKPT_DIR "/dir"));
	job_pause();
}

TEST_F(files, a_deleted_current_directory_is_refused_by_name)
{
	ASSERT_STREQ(refusal("in_a_deleted_directory",
			     "current directory: " CKPT_DIR "/dir (deleted) is"), "ok");
}

JOB(a_lock)
{
	must(open(CKPT_DIR "/l", O_CREAT | O_RDWR, 0600) == 3 && !flock(3, LOCK_EX));
	job_pause();
}

TEST_F(files, a_lock_is_refused_by_name)
{
	ASSERT_STREQ(refusal("a_lock", "fd 3: a lock"), "ok");
}

/* Packets, a stream between them, and one that is longer than who reads it wants. */
JOB(packets)
{
	char buf[8192], page[4096];
	int p[2], flags;

	must(!pipe2(p, O_DIRECT | O_NONBLOCK));
	memset(page, 'p', sizeof(page));
	must(write(p[1], "one", 3) == 3 && write(p[1], "three", 5) == 5);
	must(write(p[1], page, sizeof(page)) == sizeof(page));
	flags = fcntl(p[1], F_GETFL);
	must((flags & O_DIRECT) && !fcntl(p[1], F_SETFL, flags & ~O_DIRECT));
	must(write(p[1], "stream", 6) == 6 && write(p[1], "stream", 6) == 6);
	must(!fcntl(p[1], F_SETFL, flags) && write(p[1], "x", 1) == 1);
	job_pause();
	job_check(fcntl(p[1], F_GETFL) == flags);
	job_check(read(p[0], buf, sizeof(buf)) == 3 && !memcmp(buf, "one", 3));
	/* what a packet has more than is read is lost */
	job_check(read(p[0], buf, 2) == 2 && !memcmp(buf, "th", 2));
	job_check(read(p[0], buf, sizeof(buf)) == 4096 && !memcmp(buf, page, 4096));
	job_check(read(p[0], buf, 12) == 12 && !memcmp(buf, "streamstream", 12));
	job_check(read(p[0], buf, sizeof(buf)) == 1 && *buf == 'x');
	job_check(read(p[0], buf, 1) == -1 && errno == EAGAIN);
	job_check(write(p[1], "ab", 2) == 2 && write(p[1], "c", 1) == 1);
	job_check(read(p[0], buf, sizeof(buf)) == 2);
}

TEST_F(files, pipes_come_back_with_their_packets)
{
	ASSERT_STREQ(ckpt_round_trip("packets"), "ok");
}

TEST_F(files, originals_with_packets_run_on_unharmed)
{
	ASSERT_STREQ(ckpt_unharmed("packets"), "ok");
}

TEST_F(files, packets_are_checkpointed_again)
{
	ASSERT_STREQ(ckpt_second_generation("packets"), "ok");
}

static int fifo(const char *name, int how)
{
	char path[64];

	snprintf(path, sizeof(path), CKPT_DIR "/%s", name);
	must(!mkfifo(path, 0600) || errno == EEXIST);
	return open(path, how);
}

/* Events of @fd, at once. */
static short events(int fd)
{
	return proc_poll(fd, POLLIN | POLLOUT, 0);
}

JOB(fifos)
{
	int a = fifo("a", O_RDONLY | O_NONBLOCK), aw = fifo("a", O_WRONLY), status;
	int both = fifo("b", O_RDWR | O_CLOEXEC), quiet = fifo("c", O_RDONLY | O_NONBLOCK);
	int left = fifo("d", O_RDONLY | O_NONBLOCK), dw = fifo("d", O_WRONLY);
	int er = fifo("e", O_RDONLY | O_NONBLOCK), lonely = fifo("e", O_WRONLY | O_NONBLOCK), w;
	char buf[64];
	pid_t pid;

	must(fcntl(aw, F_SETPIPE_SZ, 16384) == 16384 && write(aw, "in flight", 9) == 9);
	must(write(both, "both", 4) == 4 && write(dw, "last", 4) == 4 && !close(dw));
	must(!fcntl(both, F_SETFL, O_DIRECT) && write(both, "ways", 4) == 4);
	must(!close(er) && events(quiet) == 0 && events(left) == (POLLIN | POLLHUP));
	signal(SIGPIPE, SIG_IGN);
	pid = fork();
	if (!pid) {
		close(aw);
		job_await_go();
		if (read(a, buf, 9) != 9 || memcmp(buf, "in flight", 9))
			_exit(1);
		/* until the parent writes, and until it has closed */
		must(proc_poll(a, POLLIN, PROC_HANG_MS) & POLLIN);
		if (read(a, buf, 64) != 4 || memcmp(buf, "more", 4))
			_exit(2);
		must(proc_poll(a, POLLIN, PROC_HANG_MS) == POLLHUP);
		_exit(read(a, buf, 64) ? 4 : 3);
	}
	job_pause();
	job_check(fcntl(a, F_GETFL) & O_NONBLOCK && !(fcntl(aw, F_GETFL) & O_NONBLOCK));
	job_check((fcntl(aw, F_GETFL) & O_ACCMODE) == O_WRONLY);
	job_check(fcntl(aw, F_GETPIPE_SZ) == 16384);
	job_check(fcntl(both, F_GETFD) == FD_CLOEXEC && fcntl(both, F_GETFL) & O_DIRECT);
	job_check(read(both, buf, 4) == 4 && !memcmp(buf, "both", 4));
	job_check(read(both, buf, 64) == 4 && !memcmp(buf, "ways", 4));
	/* one has not seen a writer yet, and the other one not its end */
	job_check(events(quiet) == 0 && !read(quiet, buf, 1));
	job_check(events(left) == (POLLIN | POLLHUP));
	job_check(read(left, buf, 64) == 4 && !read(left, buf, 64) && events(left) == POLLHUP);
	job_check(write(lonely, "x", 1) == -1 && errno == EPIPE);
	/* by the name it is the same */
	w = fifo("c", O_WRONLY | O_NONBLOCK);
	job_check(w >= 0 && write(w, "z", 1) == 1 && read(quiet, buf, 64) == 1 && !close(w));
	job_check(events(quiet) == POLLHUP);
	job_check(fifo("d", O_WRONLY | O_NONBLOCK) >= 0);
	job_check(write(aw, "more", 4) == 4 && !close(aw));
	job_check(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
}

TEST_F(files, fifos_come_back_with_what_is_in_them)
{
	ASSERT_STREQ(ckpt_round_trip("fifos"), "ok");
}

TEST_F(files, originals_with_fifos_run_on_unharmed)
{
	ASSERT_STREQ(ckpt_unharmed("fifos"), "ok");
}

TEST_F(files, fifos_are_checkpointed_again)
{
	ASSERT_STREQ(ckpt_second_generation("fifos"), "ok");
}

TEST_F(files, an_image_with_fifos_is_restarted_twice)
{
	ASSERT_STREQ(ckpt_twice("fifos"), "ok");
}

JOB(one_fifo)
{
	must(fifo("fifo", O_RDWR) == 3 && write(3, "x", 1) == 1);
	job_pause();
}

/* Saves a job with a FIFO, and ends it. */
static void save_fifo(void)
{
	pid_t pid = ckpt_start("one_fifo");

	must(!ckpt_save(pid, CKPT_DIR "/image"));
	ckpt_kill(pid);
}

TEST_F(files, a_fifo_that_somebody_uses_is_not_taken_over)
{
	char c;
	int fd;

	save_fifo();
	fd = fifo("fifo", O_RDONLY | O_NONBLOCK);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "file " CKPT_DIR "/fifo: somebody uses it"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_EQ(read(fd, &c, 1), 0);
}

TEST_F(files, what_is_no_fifo_any_more_is_refused)
{
	save_fifo();
	ASSERT_EQ(unlink(CKPT_DIR "/fifo"), 0);
	job_touch(CKPT_DIR "/fifo");
	ASSERT_EQ(ckpt_restart(CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "file " CKPT_DIR "/fifo: it is another one"), NULL)
		TH_LOG("%s", ckpt_said());
}

TEST_F(files, nobody_fills_a_fifo_that_he_may_not_write_to)
{
	pid_t pid;

	save_fifo();
	ASSERT_EQ(chown(CKPT_DIR "/fifo", 7, 8), 0);
	ASSERT_EQ(chmod(CKPT_DIR "/fifo", 0604), 0);
	pid = cg_fork_into(CKPT_CG, 0);
	if (!pid) {
		must(!prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE));
		_exit(ckpt_tool("restart -d " CKPT_DIR "/image"));
	}
	ASSERT_EQ(proc_end(pid), 1);
	ASSERT_NE(strstr(ckpt_said(), "file " CKPT_DIR "/fifo: it cannot be opened (error 13)"),
		  NULL) TH_LOG("%s", ckpt_said());
}

JOB(a_deleted_fifo)
{
	must(fifo("fifo", O_RDWR) == 3 && !unlink(CKPT_DIR "/fifo"));
	job_pause();
}

TEST_F(files, a_deleted_fifo_is_refused_by_name)
{
	ASSERT_STREQ(refusal("a_deleted_fifo", "fd 3: " CKPT_DIR "/fifo (deleted)"), "ok");
}

JOB(fifo_outside)
{
	int fd = fifo("fifo", O_RDWR);

	job_outsider();
	must(!close(fd) && fifo("fifo", O_RDONLY) == 3);
	job_pause();
}

TEST_F(files, a_fifo_that_leads_out_of_the_tree_is_refused)
{
	pid_t pid = ckpt_start("fifo_outside");

	ASSERT_EQ(ckpt_save(file_number(CKPT_DIR "/child"), CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "fd 3: a pipe with an end outside is not supported"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

JOB(eventfd_outside)
{
	must(eventfd(0, 0) == 3);
	job_outsider();
	job_pause();
}

TEST_F(files, an_eventfd_that_somebody_outside_has_is_refused)
{
	pid_t pid = ckpt_start("eventfd_outside");

	ASSERT_EQ(ckpt_save(file_number(CKPT_DIR "/child"), CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "fd 3: [eventfd], in use outside, is not supported"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

/* A process in a session of its own, so that only the pipe ties it to its parent. */
JOB(pipe_outside)
{
	int p[2];

	must(!pipe(p));
	job_outsider();
	job_pause();
}

TEST_F(files, a_pipe_that_leads_out_of_the_tree_is_refused)
{
	pid_t pid = ckpt_start("pipe_outside");

	ASSERT_EQ(ckpt_save(file_number(CKPT_DIR "/child"), CKPT_DIR "/image"), 1);
	ASSERT_NE(strstr(ckpt_said(), "an end outside is not supported"), NULL)
		TH_LOG("%s", ckpt_said());
	ASSERT_STREQ(ckpt_verdict(), "ok");
	ASSERT_EQ(proc_end(pid), 0);
}

TEST_HARNESS_MAIN
