/* SPDX-License-Identifier: GPL-2.0 */
/* The command that a tool waits for. */
#ifndef BULKHEAD_PROCESS_H
#define BULKHEAD_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * From here on signals that the command should have wait for process_wait().
 * *@old, if any, is what is to be restored in the command.
 */
void process_hold_signals(sigset_t *old);

/*
 * Waits for @pid, a child, and hands SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and
 * SIGUSR2 on to it. @terminal: it hears itself what the terminal has to say.
 * Returns its exit status, or 128 and the signal that killed it.
 */
int process_wait(pid_t pid, bool terminal);

/*
 * Between these two the signals that process_wait() hands on end nothing but waits: what
 * is to be undone can be. The second one lets the last of them have its way.
 */
void process_catch_signals(void);
void process_let_signals(void);

/* The signal that came meanwhile, or 0. */
int process_caught(void);

/* A signal by name, with or without SIG, or by number; 0: there is none such. */
int signal_parse(const char *text);

#endif
