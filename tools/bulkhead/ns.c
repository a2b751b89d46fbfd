// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../lib/util.h"
#include "ns.h"

static const struct {
	const char *name;
	const char *file;
	uint64_t flag;
} kinds[] = {
	{ "user", "user", CLONE_NEWUSER },
	{ "pid", "pid", CLONE_NEWPID },
	{ "uts", "uts", CLONE_NEWUTS },
	{ "ipc", "ipc", CLONE_NEWIPC },
	{ "net", "net", CLONE_NEWNET },
	{ "mount", "mnt", CLONE_NEWNS },
	{ "cgroup", "cgroup", CLONE_NEWCGROUP },
	{ "time", "time", CLONE_NEWTIME },
};

bool ns_map_parse(const char *arg, char *text)
{
	unsigned long long inside, outside, count;
	size_t len = 0;
	int end;

	/* scanf() would take signs and white space */
	if (arg[strspn(arg, "0123456789:,")])
		return false;
	for (;;) {
		if (sscanf(arg, "%10llu:%10llu:%10llu%n", &inside, &outside, &count, &end) != 3)
			return false;
		if (!count || inside + count > 1ULL << 32 || outside + count > 1ULL << 32)
			return false;
		len += snprintf(text + len, NS_MAP_TEXT - len, "%llu %llu %llu\n", inside, outside, count);
		if (len >= NS_MAP_TEXT)
			return false;
		arg += end;
		if (!*arg)
			return true;
		if (*arg++ != ',')
			return false;
	}
}

/* Opens, writes once, closes. */
static int put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : -errno;
	close(fd);
	return err;
}

int ns_map_write(pid_t pid, const char *uid_map, const char *gid_map)
{
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
	err = put(path, uid_map);
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	err = put(path, gid_map);
	if (err != -EPERM)
		return err;
	/* Who may not change groups here may map his own if nobody can there. */
	snprintf(path, sizeof(path), "/proc/%d/setgroups", pid);
	err = put(path, "deny");
	if (err)
		return err;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);
	return put(path, gid_map);
}

int64_t ns_different(pid_t pid)
{
	struct stat theirs, ours;
	char path[64];
	int64_t flags = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", kinds[i].file);
		/* a kernel without this kind */
		if (stat(path, &ours))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, kinds[i].file);
		if (stat(path, &theirs))
			return -errno;
		if (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino)
			flags |= kinds[i].flag;
	}
	return flags;
}

int ns_become_root(void)
{
	/* not where setgroups(2) had to be denied: then the groups are the caller's */
	if (setgroups(0, NULL) && errno != EPERM)
		return -errno;
	if (setresgid(0, 0, 0) || setresuid(0, 0, 0))
		return -errno;
	return 0;
}

int ns_loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFFLAGS, &request)) {
		err = -errno;
	} else {
		request.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &request))
			err = -errno;
	}
	close(fd);
	return err;
}

int ns_shift_time(long seconds)
{
	char text[128];

	if (unshare(CLONE_NEWTIME))
		return -errno;
	snprintf(text, sizeof(text), "monotonic %ld 0\nboottime %ld 0\n", seconds, seconds);
	return put("/proc/self/timens_offsets", text);
}

void ns_names(uint64_t flags, char *text, size_t size)
{
	size_t len = 0, i;

	*text = '\0';
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (flags & kinds[i].flag && len < size)
			len += snprintf(text + len, size - len, "%s%s", len ? ", " : "",
					kinds[i].name);
}
