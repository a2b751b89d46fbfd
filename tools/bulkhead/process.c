// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "../lib/util.h"
#include "bulkhead.h"
#include "process.h"

static sigset_t handed_on(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	return set;
}

void process_hold_signals(sigset_t *old)
{
	sigset_t set = handed_on();

	/* Ignored by whoever started us, it would take our child's status away. */
	signal(SIGCHLD, SIG_DFL);
	sigprocmask(SIG_BLOCK, &set, old);
}

int process_wait(pid_t pid, bool terminal)
{
	sigset_t set = handed_on();
	siginfo_t info;
	int status;
	pid_t ended;

	process_hold_signals(NULL);
	while (!(ended = waitpid(pid, &status, WNOHANG))) {
		if (sigwaitinfo(&set, &info) < 0 || info.si_signo == SIGCHLD)
			continue;
		if (!terminal || info.si_code != SI_KERNEL)
			kill(pid, info.si_signo);
	}
	if (ended < 0)
		return EXIT_REFUSED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
static struct sigaction before[ARRAY_SIZE(ends)];
static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

void process_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	size_t i;

	caught = 0;
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		sigaction(ends[i], NULL, &before[i]);
		/* what is ignored stays so */
		if (before[i].sa_handler != SIG_IGN)
			sigaction(ends[i], &action, NULL);
	}
}

void process_let_signals(void)
{
	size_t i;
	int sig;

	for (i = 0; i < ARRAY_SIZE(ends); i++)
		sigaction(ends[i], &before[i], NULL);
	sig = caught;
	caught = 0;
	if (sig)
		raise(sig);
}

int process_caught(void)
{
	return caught;
}

int signal_parse(const char *text)
{
	const char *name;
	long number;
	int sig;

	if (parse_int(text, 1, SIGRTMAX, &number))
		return number;
	if (!strncasecmp(text, "SIG", 3))
		text += 3;
	for (sig = 1; sig < NSIG; sig++) {
		name = sigabbrev_np(sig);
		if (name && !strcasecmp(text, name))
			return sig;
	}
	return 0;
}
