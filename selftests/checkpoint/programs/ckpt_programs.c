// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that know nothing of checkpoints, as Debian packages them, are taken
 * again and again while they work, killed, and restarted from the image: what
 * they make in the end is what they make when left alone.
 */
#include <sched.h>
#include "kselftest_harness.h"
#include "ckpt.h"

#define IMAGE	CKPT_DIR "/image"

/* Starts a command of bash in the job's cgroup. It ends by making CKPT_DIR/done. */
static pid_t start(const char *command)
{
	pid_t pid = cg_fork_into(CKPT_CG, 0);
	int fd, null;

	if (!pid) {
		must(setsid() > 0);
		must(!chdir(CKPT_DIR));
		null = open("/dev/null", O_RDWR);
		for (fd = 0; fd < 3; fd++)
			must(dup2(null, fd) == fd);
		must(!syscall(SYS_close_range, 3, ~0U, 0));
		setenv("PATH", "/sbin:/bin", 1);
		/* without these bash asks for the user, by way of a socket to nscd */
		setenv("HOME", "/", 1);
		setenv("SHELL", "/sbin/bash", 1);
		execl("/sbin/bash", "bash", "-c", command, NULL);
		_exit(127);
	}
	must(pid > 0);
	return pid;
}

static bool is_done(void)
{
	return !access(CKPT_DIR "/done", F_OK);
}

/*
 * Saves, kills and restarts what @command does until it is done. What can only
 * be taken a moment later is tried again. Returns how often it was, or -1.
 */
static int disturb(struct __test_metadata *_metadata, const char *command)
{
	pid_t pid = start(command);
	int times = 0, again;

	for (;;) {
		usleep(30000 + times * 7000);
		for (again = 0; ckpt_save(pid, IMAGE); again++) {
			if (is_done())
				goto out;
			/* an exec in a child of vfork, or one that ends just now */
			if (again == 100 || (!strstr(ckpt_said(), "vfork") &&
					     !strstr(ckpt_said(), "about to"))) {
				TH_LOG("%s", ckpt_said());
				return -1;
			}
			usleep(1000);
		}
		if (is_done())
			break;
		ckpt_kill(pid);
		if (is_done())
			break;
		if (ckpt_restart(IMAGE)) {
			TH_LOG("%s", ckpt_said());
			return -1;
		}
		times++;
	}
out:
	cg_write(CKPT_CG, "cgroup.kill", "1");
	must(!cg_await_empty(CKPT_CG));
	waitpid(pid, NULL, 0);
	ckpt_reap();
	return times;
}

FIXTURE(programs) {
};

FIXTURE_SETUP(programs)
{
	ckpt_setup();
}

FIXTURE_TEARDOWN(programs)
{
	ckpt_teardown();
}

/* Three parts of a pipe, background jobs, command substitution, arithmetic. */
TEST_F_TIMEOUT(programs, bash_with_jobs_and_pipes_comes_to_the_same_result, 300)
{
	int times;

	times = disturb(_metadata,
			"for i in $(seq 300); do echo line $i; usleep 2000; done |"
			" while read -r word n; do echo $((n * n)); done |"
			" { sum=0; while read -r n; do sum=$((sum + n)); done; echo $sum >sum; } &\n"
			"one=$!\n"
			"(n=0; for ((i = 0; i < 150000; i++)); do n=$(((n * 31 + i) % 65537)); done;"
			" echo $n >hash) &\n"
			"two=$!\n"
			"wait $one && wait $two && : >done");
	ASSERT_GT(times, 2) TH_LOG("%d times", times);
	TH_LOG("restarted %d times", times);
	EXPECT_EQ(file_number(CKPT_DIR "/sum"), 9045050);
	ASSERT_EQ(system("cd " CKPT_DIR "; /sbin/bash -c 'n=0; for ((i = 0; i < 150000; i++)); do"
			 " n=$(((n * 31 + i) % 65537)); done; echo $n >want'; cmp hash want"), 0);
}

/* A program of several threads, and a file that it writes. Not busybox's own xz. */
TEST_F_TIMEOUT(programs, xz_with_threads_compresses_to_the_same_bytes, 300)
{
	int times;

	ASSERT_EQ(system("cd " CKPT_DIR "; seq 600000 >data;"
			 " /sbin/xz -T3 --block-size=128KiB -4 -c data >want"), 0);
	times = disturb(_metadata, "xz -T3 --block-size=128KiB -4 -c data >data.xz && : >done");
	ASSERT_GT(times, 2) TH_LOG("%d times", times);
	TH_LOG("restarted %d times", times);
	ASSERT_EQ(system("cd " CKPT_DIR "; cmp data.xz want"), 0);
}

/* An interpreter with a heap of many objects: primes, a dictionary, a chain of hashes, a generator. */
TEST_F_TIMEOUT(programs, python_in_a_computation_comes_to_the_same_result, 300)
{
	static const char program[] =
		"import hashlib, itertools, sys\n"
		"def primes():\n"
		"    found = []\n"
		"    for n in itertools.count(2):\n"
		"        if all(n % p for p in itertools.takewhile(lambda p: p * p <= n, found)):\n"
		"            found.append(n)\n"
		"            yield n\n"
		"chain, seen = b'', {}\n"
		"for p in itertools.islice(primes(), 25000):\n"
		"    chain = hashlib.sha256(chain + str(p).encode()).digest()\n"
		"    seen.setdefault(p % 997, []).append(chain.hex())\n"
		"text = repr(sorted((k, len(v), v[-1]) for k, v in seen.items()))\n"
		"open(sys.argv[1], 'w').write(hashlib.sha256(text.encode()).hexdigest())\n";
	int times;

	if (access("/sbin/python3", X_OK))
		SKIP(return, "the guest has no python3 (Debian's package python3-minimal)");
	job_touch(CKPT_DIR "/p.py");
	ASSERT_EQ(0, file_write(CKPT_DIR "/p.py", program));
	ASSERT_EQ(system("/sbin/python3 " CKPT_DIR "/p.py " CKPT_DIR "/want"), 0);
	times = disturb(_metadata, "python3 p.py got && : >done");
	ASSERT_GT(times, 2) TH_LOG("%d times", times);
	TH_LOG("restarted %d times", times);
	ASSERT_EQ(system("cd " CKPT_DIR "; cmp got want"), 0);
}

TEST_HARNESS_MAIN
