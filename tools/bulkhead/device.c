// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bulkhead.h"
#include "device.h"

int device_open(void)
{
	int fd = open("/dev/checkpoint", O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		fprintf(stderr, "bulkhead: /dev/checkpoint: %s\n", strerror(errno));
		exit(EXIT_REFUSED);
	}
	return fd;
}

void device_complain(int fd, const char *what)
{
	const char *error = strerror(errno);
	char text[4096 + 256];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n > 0)
		fprintf(stderr, "bulkhead: %s: %.*s", what, (int)n, text);
	else
		fprintf(stderr, "bulkhead: %s: %s\n", what, error);
}
