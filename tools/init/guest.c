// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

ssize_t read_text(const char *path, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;
	int err, fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = errno;
			close(fd);
			errno = err;
			return -1;
		}
		len += n;
	}
	buf[len] = '\0';
	close(fd);
	return len;
}

int write_text(const char *path, const char *text)
{
	int err, fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	err = n < 0 ? errno : EIO;
	close(fd);
	if (n == (ssize_t)strlen(text))
		return 0;
	errno = err;
	return -1;
}

void kmsg(const char *fmt, ...)
{
	char text[8192], out[1000], *line, *save;
	int err = errno, fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	va_list ap;

	errno = err;		/* for %m */
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* One write(2) is one record; dprintf(3) would seek first, which /dev/kmsg refuses. */
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		int n = snprintf(out, sizeof(out), "<5>bulkhead-init: %.900s\n", line);

		if (write(fd < 0 ? STDERR_FILENO : fd, out, n) < 0)
			break;
	}
	if (fd >= 0)
		close(fd);
	errno = err;
}
