// SPDX-License-Identifier: GPL-2.0
/*
 * Races in user namespaces: several writers of one map, births against the
 * limit, entering against death.
 *
 * Each test is a bounded number of rounds. What a round may end in is known
 * whoever wins, and that is what is asserted; which way it went is not.
 */
#include "kselftest_harness.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include "cap.h"
#include "usermap.h"

#define ROUNDS	24

/* Lets the two sides meet at ever different points. */
static void spin(int round)
{
	for (volatile int i = 0; i < (round * 997) % 20000; i++)
		;
}

static void close_baton(struct baton *b)
{
	close(b->fd[0]);
	close(b->fd[1]);
}

/* What is shared by all processes of a test. */
static void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED);
	return p;
}

/* Many lines, which take another way through the kernel than few do. */
static void fill(char *text, int lines, int base)
{
	*text = '\0';
	for (int i = 0; i < lines; i++)
		sprintf(text + strlen(text), "%d %d 1\n", i, base + 2 * i);
}

/* A writer that waits at the start, for the map of @pid. */
static pid_t writer(pid_t pid, const char *text, struct baton *ready,
		    atomic_int *go, int round)
{
	pid_t w = proc_fork_bound(0);
	char path[64];
	int fd;
	ssize_t n;

	if (w)
		return w;
	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	fd = open(path, O_RDWR);
	must(fd >= 0);
	baton_pass(ready, 0);
	while (!atomic_load(go))
		;
	spin(round);
	n = write(fd, text, strlen(text));
	must(n == (ssize_t)strlen(text) || (n < 0 && errno == EPERM));
	_exit(n < 0 ? 1 : 0);
}

TEST(of_several_writers_one_has_written_the_whole_map)
{
	static char text[4][4096], got[64];
	atomic_int *go = shared(sizeof(*go));
	static const int lines[] = { 1, 300, 5, 6 };

	for (int i = 0; i < 4; i++)
		fill(text[i], lines[i], 100000 * (i + 1));
	for (int round = 0; round < ROUNDS; round++) {
		struct baton ready = baton_make();
		pid_t pid = userns_sleeper_in(CLONE_NEWUSER), w[4];
		int winner = -1, count = 0;
		static char map[300 * 40];

		ASSERT_GT(pid, 0);
		atomic_store(go, 0);
		for (int i = 0; i < 4; i++)
			w[i] = writer(pid, text[i], &ready, go,
				      i & 1 ? round : 0);
		for (int i = 0; i < 4; i++)
			baton_take(&ready);
		atomic_store(go, 1);
		for (int i = 0; i < 4; i++) {
			int end = proc_end(w[i]);

			ASSERT_TRUE(end == 0 || end == 1);
			if (end)
				continue;
			ASSERT_EQ(-1, winner);
			winner = i;
		}
		ASSERT_GE(winner, 0);
		/* Nothing but what the winner wrote. */
		ASSERT_GT(userns_read(pid, "uid_map", map, sizeof(map)), 0);
		for (char *at = map; at; at = strchr(at, '\n')) {
			at += *at == '\n';
			snprintf(got, sizeof(got), "%10d %10d %10d", count,
				 100000 * (winner + 1) + 2 * count, 1);
			ASSERT_EQ(0, strncmp(at, got, strlen(got)))
				TH_LOG("line %d of winner %d", count, winner);
			count++;
		}
		ASSERT_EQ(lines[winner], count);
		ASSERT_EQ(-SIGKILL, proc_kill(pid));
		close_baton(&ready);
	}
}

/* Whichever is first: a group map without a denial, or a denial before it. */
TEST(setgroups_is_denied_before_the_gid_map_or_not_at_all)
{
	atomic_int *go = shared(sizeof(*go));

	for (int round = 0; round < ROUNDS; round++) {
		struct baton ready = baton_make();
		pid_t pid = userns_sleeper_in(CLONE_NEWUSER), w[2];
		int end[2];
		char text[16];

		ASSERT_GT(pid, 0);
		atomic_store(go, 0);
		for (int i = 0; i < 2; i++) {
			w[i] = proc_fork_bound(0);
			if (w[i])
				continue;
			baton_pass(&ready, 0);
			while (!atomic_load(go))
				;
			if (i)
				spin(round);
			_exit(i ? -userns_write(pid, "setgroups", "deny") :
				  -userns_write(pid, "gid_map", USERNS_MAP));
		}
		baton_take(&ready);
		baton_take(&ready);
		atomic_store(go, 1);
		end[0] = proc_end(w[0]);
		end[1] = proc_end(w[1]);
		ASSERT_EQ(0, end[0]);
		ASSERT_TRUE(end[1] == 0 || end[1] == EPERM);
		ASSERT_GT(userns_read(pid, "setgroups", text, sizeof(text)), 0);
		ASSERT_STREQ(end[1] ? "allow" : "deny", text);
		ASSERT_EQ(-SIGKILL, proc_kill(pid));
		close_baton(&ready);
	}
}

/*
 * Births without end in a few processes, and fewer places than these want. Who
 * has one says so before it gives it back, so there may never be more than the
 * places at a time.
 */
TEST(births_and_deaths_never_pass_the_limit)
{
	enum { PLACES = 3, PROCESSES = 6, TIMES = 8 };
	struct {
		atomic_int now, most, made;
	} *count = shared(sizeof(*count));
	pid_t pid = userns_fork(0);

	if (!pid) {
		pid_t storm[PROCESSES];

		must(!file_write("/proc/sys/user/max_user_namespaces", "3"));
		for (int i = 0; i < PROCESSES; i++) {
			storm[i] = proc_fork_bound(0);
			if (storm[i])
				continue;
			for (int n = 0; n < TIMES; ) {
				pid_t one = proc_fork(CLONE_NEWUSER);
				int now, most;

				must(one >= 0 || one == -ENOSPC);
				if (one > 0) {
					must(!proc_end(one));
					n++;
				}
				/*
				 * What a refused clone(2) has used is freed
				 * after a grace period: leave room for one.
				 */
				if (one < 0)
					usleep(500);
				if (one)
					continue;
				now = atomic_fetch_add(&count->now, 1) + 1;
				most = atomic_load(&count->most);
				while (now > most &&
				       !atomic_compare_exchange_weak(
						&count->most, &most, now))
					;
				atomic_fetch_add(&count->made, 1);
				/* Long enough for others to want one, too. */
				usleep(n * 300);
				atomic_fetch_sub(&count->now, 1);
				_exit(0);
			}
			_exit(0);
		}
		for (int i = 0; i < PROCESSES; i++)
			must(!proc_end(storm[i]));
		must(atomic_load(&count->most) <= PLACES);
		must(atomic_load(&count->made) == PROCESSES * TIMES);
		/* And all places are free in the end: none was lost. */
		for (int i = 0; i < PLACES; i++) {
			pid_t one;

			do {
				one = userns_sleeper_in(CLONE_NEWUSER);
				sched_yield();
			} while (one == -ENOSPC);
			must(one > 0);
		}
		must(proc_fork(CLONE_NEWUSER) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
	TH_LOG("at most %d at a time, %d in all", count->most, count->made);
}

/* Makes and leaves namespaces of all kinds at once, some of which are refused. */
TEST(refused_and_granted_births_leave_no_count_behind)
{
	static const char * const files[] = {
		"max_user_namespaces", "max_uts_namespaces",
	};
	pid_t pid = userns_fork(0);

	if (!pid) {
		pid_t storm[4];

		for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
			char path[64];

			snprintf(path, sizeof(path), "/proc/sys/user/%s",
				 files[i]);
			must(!file_write(path, "2"));
		}
		for (int i = 0; i < 4; i++) {
			storm[i] = proc_fork_bound(0);
			if (storm[i])
				continue;
			for (int n = 0; n < 30; n++) {
				pid_t one = proc_fork(CLONE_NEWUSER |
						      CLONE_NEWUTS);

				if (!one)
					_exit(sethostname("x", 1) ? 1 : 0);
				must(one > 0 ? !proc_end(one) : one == -ENOSPC);
			}
			_exit(0);
		}
		for (int i = 0; i < 4; i++)
			must(!proc_end(storm[i]));
		for (int i = 0; i < 2; i++) {
			pid_t one;

			do {
				one = userns_sleeper_in(CLONE_NEWUSER |
							CLONE_NEWUTS);
				sched_yield();
			} while (one == -ENOSPC);
			must(one > 0);
		}
		must(proc_fork(CLONE_NEWUTS) == -ENOSPC);
		must(proc_fork(CLONE_NEWUSER) == -ENOSPC);
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST(entering_against_the_death_of_the_last_one_inside)
{
	int entered = 0;

	for (int round = 0; round < ROUNDS; round++) {
		struct baton ready = baton_make();
		pid_t inside = userns_sleeper(), joiner;
		int fd = proc_pidfd(inside), end;

		ASSERT_GE(fd, 0);
		joiner = proc_fork_bound(0);
		if (!joiner) {
			char path[64];
			int err, ns;

			/* By its file, or by the process itself. */
			snprintf(path, sizeof(path), "/proc/%d/ns/user", inside);
			baton_pass(&ready, 0);
			for (int i = 0; round & 2 && i < 4 * round; i++)
				spin(19);
			if (round & 1) {
				err = ns_enter(fd, CLONE_NEWUSER);
				must(!err || err == -ESRCH);
			} else {
				ns = open(path, O_RDONLY);
				must(ns >= 0 || errno == ENOENT ||
				     errno == ESRCH || errno == EACCES);
				err = ns < 0 ? -ESRCH :
					       ns_enter(ns, CLONE_NEWUSER);
				must(!err || err == -ESRCH);
			}
			if (err)
				_exit(2);
			/* Entered is entered, and all is there. */
			must(cap_mine("CapEff") == cap_all());
			must(!setresuid(7, 7, 7));
			must(setresuid(65536, -1, -1) == -1);
			_exit(0);
		}
		baton_take(&ready);
		if (!(round & 2))
			spin(round);
		ASSERT_EQ(-SIGKILL, proc_kill(inside));
		end = proc_end(joiner);
		ASSERT_TRUE(end == 0 || end == 2)
			TH_LOG("end %d", end);
		entered += !end;
		close(fd);
		close_baton(&ready);
	}
	TH_LOG("entered %d of %d", entered, ROUNDS);
}

/* Its file closed last, its child, or its last task: each order must do. */
TEST(the_ends_of_a_namespace_and_of_its_child_in_any_order)
{
	for (int round = 0; round < ROUNDS; round++) {
		struct baton number = baton_make(), ready = baton_make();
		pid_t outer = userns_fork(0), inner, closer;
		int ns, fd;

		if (!outer) {
			inner = userns_sleeper_in(CLONE_NEWUSER | CLONE_NEWUTS);
			baton_pass(&number, inner);
			proc_sleep_forever();
		}
		inner = baton_take(&number);
		ASSERT_GT(inner, 0);
		fd = proc_pidfd(inner);
		ns = ns_open(inner, "uts");
		ASSERT_GE(ns, 0);
		closer = proc_fork_bound(0);
		if (!closer) {
			int up;

			baton_pass(&ready, 0);
			for (int i = 0; i < 20; i++) {
				up = userns_related(ns, NS_GET_USERNS);
				must(up >= 0);
				must(!close(up));
			}
			_exit(0);
		}
		close(ns);
		baton_take(&ready);
		spin(round);
		ASSERT_EQ(0, proc_pidfd_signal(fd, SIGKILL));
		ASSERT_EQ(-SIGKILL, proc_kill(outer));
		ASSERT_EQ(0, proc_end(closer));
		close(fd);
		close_baton(&number);
		close_baton(&ready);
	}
}

TEST_HARNESS_MAIN
