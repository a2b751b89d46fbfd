// SPDX-License-Identifier: GPL-2.0
/*
 * The user's terminal during a session: raw, its size passed on, and restored
 * however the session ends.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "boot.h"

static struct termios saved;
static bool is_raw;

void terminal_restore(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	is_raw = false;
}

void terminal_raw(void)
{
	struct termios t;

	if (is_raw || tcgetattr(STDIN_FILENO, &saved))
		return;
	t = saved;
	cfmakeraw(&t);
	is_raw = !tcsetattr(STDIN_FILENO, TCSADRAIN, &t);
	atexit(terminal_restore);
}

void terminal_copy_size(int master)
{
	struct winsize size;

	if (!ioctl(STDIN_FILENO, TIOCGWINSZ, &size))
		ioctl(master, TIOCSWINSZ, &size);
}
