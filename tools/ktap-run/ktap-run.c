// SPDX-License-Identifier: GPL-2.0
/*
 * ktap-run: runs the programs of one suite, one after the other, as KTAP
 *
 *   ktap-run [--kselftest] DIR [PROGRAM...]
 *
 * Without programs, those listed in DIR/programs (one per line, as kselftest's
 * emit_tests gives them). Each program's output becomes an indented subtest,
 * and is followed by a result line of the program itself:
 *
 *   0      ok, if it spoke TAP at all
 *   4      ok # SKIP, as kselftest's KSFT_SKIP
 *   other  not ok # exit status N
 *   death  not ok # killed by signal N (NAME)
 *
 * A program DIR/setup, where there is one, prepares the guest first (a file system
 * on a disk, swap); unless it exits with 0, nothing else is run.
 *
 * With --kselftest, as the kernel's own run_kselftest.sh has it: a program starts
 * in DIR, and one that does not speak TAP is judged by its exit status alone.
 *
 * A line "# duration_ms X" goes in front of each result line: the wall time
 * since the result before it. What a program leaves running is killed when it
 * ends, and cannot keep the output open.
 *
 * Exit status: 0 all ok, 4 all skipped, 1 otherwise, 2 usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KSFT_SKIP	4
#define MAX_PROGRAMS	64

/* One program's output on its way to ours, line by line. */
struct relay {
	char line[4096];
	size_t len;
	bool mid_line;		/* a line longer than the buffer is under way */
	bool spoke_tap;		/* a version line was seen */
	double since;		/* when the last result was seen, ms */
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static bool is_version(const char *line)
{
	line += strspn(line, " ");
	return !strncmp(line, "TAP version ", 12) || !strncmp(line, "KTAP version ", 13);
}

static bool is_result(const char *line)
{
	line += strspn(line, " ");
	return !strncmp(line, "ok ", 3) || !strncmp(line, "not ok ", 7);
}

static void put_line(struct relay *r, bool complete)
{
	r->line[r->len] = '\0';
	if (!r->mid_line) {
		r->spoke_tap |= is_version(r->line);
		if (is_result(r->line)) {
			double now = now_ms();

			printf("  %.*s# duration_ms %.3f\n", (int)strspn(r->line, " "),
			       r->line, now - r->since);
			r->since = now;
		}
		fputs("  ", stdout);
	}
	fwrite(r->line, 1, r->len, stdout);
	r->mid_line = !complete;
	if (complete)
		putchar('\n');
	r->len = 0;
}

static void put_bytes(struct relay *r, const char *p, size_t n)
{
	for (; n; n--, p++) {
		if (*p == '\n') {
			put_line(r, true);
			continue;
		}
		r->line[r->len++] = *p;
		if (r->len == sizeof(r->line) - 1)
			put_line(r, false);
	}
}

/* Returns false at end of file. */
static bool drain(struct relay *r, int fd)
{
	char buf[8192];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		put_bytes(r, buf, n);
	fflush(stdout);
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static pid_t spawn(const char *dir, const char *program, int out)
{
	char path[512];
	sigset_t none;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", dir, program);
	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl(path, program, NULL);
	printf("# cannot run %s: %s\n", path, strerror(errno));
	fflush(stdout);
	_exit(127);
}

/* Whether there was nothing to prepare, or that went well. */
static bool prepare(const char *dir)
{
	char path[512];
	int status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/setup", dir);
	if (access(path, F_OK))
		return true;
	pid = spawn(dir, "setup", STDOUT_FILENO);
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("ktap-run: setup");
		return false;
	}
	if (status)
		printf("Bail out! setup %s %d\n",
		       WIFSIGNALED(status) ? "was killed by signal" : "ended with status",
		       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return !status;
}

/* Runs one program to its end; returns its wait status, and whether it spoke TAP. */
static int run(const char *dir, const char *program, int sigfd, bool *spoke_tap)
{
	struct relay r = { .since = now_ms() };
	struct signalfd_siginfo info;
	bool open_pipe = true;
	int fds[2], status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC)) {
		perror("ktap-run: pipe");
		exit(1);
	}
	pid = spawn(dir, program, fds[1]);
	if (pid < 0) {
		perror("ktap-run: fork");
		exit(1);
	}
	/* Names the one that was running when the output is cut off. */
	printf("  # Subtest: %s\n", program);
	fflush(stdout);
	close(fds[1]);
	fcntl(fds[0], F_SETFL, O_NONBLOCK);

	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd p[2] = {
			{ .fd = sigfd, .events = POLLIN },
			{ .fd = open_pipe ? fds[0] : -1, .events = POLLIN },
		};

		poll(p, 2, -1);
		if (p[0].revents && read(sigfd, &info, sizeof(info)) < 0)
			continue;
		if (p[1].revents)
			open_pipe = drain(&r, fds[0]);
	}
	kill(-pid, SIGKILL);
	/* Not to the end of file: a stray child in another group may hold it open. */
	drain(&r, fds[0]);
	if (r.len || r.mid_line)
		put_line(&r, true);
	close(fds[0]);
	*spoke_tap = r.spoke_tap;
	return status;
}

static int read_programs(const char *dir, char **programs)
{
	char path[512], line[256];
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/programs", dir);
	f = fopen(path, "re");
	if (!f) {
		fprintf(stderr, "ktap-run: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	while (n < MAX_PROGRAMS && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		if (*line)
			programs[n++] = strdup(line);
	}
	fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	bool kselftest = argc > 1 && !strcmp(argv[1], "--kselftest");
	char *listed[MAX_PROGRAMS], **programs;
	int i, n, failed = 0, skipped = 0, sigfd;
	sigset_t chld;

	argv += kselftest;
	argc -= kselftest;
	programs = argv + 2;
	n = argc - 2;
	if (argc < 2 || n > MAX_PROGRAMS) {
		fprintf(stderr, "usage: ktap-run [--kselftest] DIR [PROGRAM...]   (at most %d)\n",
			MAX_PROGRAMS);
		return 2;
	}
	if (!prepare(argv[1]))
		return 1;
	if (kselftest && chdir(argv[1])) {
		fprintf(stderr, "ktap-run: %s: %s\n", argv[1], strerror(errno));
		return 2;
	}
	if (!n) {
		programs = listed;
		n = read_programs(argv[1], listed);
	}

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	sigfd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sigfd < 0) {
		perror("ktap-run: signalfd");
		return 1;
	}

	printf("KTAP version 1\n1..%d\n", n);
	for (i = 0; i < n; i++) {
		bool spoke_tap;
		int status = run(argv[1], programs[i], sigfd, &spoke_tap);

		if (WIFSIGNALED(status)) {
			failed++;
			printf("not ok %d %s # killed by signal %d (%s)\n", i + 1, programs[i],
			       WTERMSIG(status), sigabbrev_np(WTERMSIG(status)) ?: "?");
		} else if (WEXITSTATUS(status) == KSFT_SKIP) {
			skipped++;
			printf("ok %d %s # SKIP all tests skipped\n", i + 1, programs[i]);
		} else if (WEXITSTATUS(status)) {
			failed++;
			printf("not ok %d %s # exit status %d\n", i + 1, programs[i],
			       WEXITSTATUS(status));
		} else if (!spoke_tap && !kselftest) {
			failed++;
			printf("not ok %d %s # exit status 0, but no TAP in its output\n", i + 1, programs[i]);
		} else {
			printf("ok %d %s\n", i + 1, programs[i]);
		}
		fflush(stdout);
	}
	return failed ? 1 : n && skipped == n ? KSFT_SKIP : 0;
}
