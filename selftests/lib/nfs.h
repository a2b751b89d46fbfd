/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host that serves and mounts NFS, all of it in the caller's own net, mount
 * and uts namespace: the kernel's real server and client, and next to them
 * what user space owes them. There is no nfs-utils in the guest; a test says
 * itself what rpc.mountd and nfsdcld would have said.
 *
 * Everything is below NFS_HOST, a tmpfs of the host's own, so that the same
 * paths mean other files on every host.
 */
#ifndef BULKHEAD_NFS_H
#define BULKHEAD_NFS_H

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/nfsd/cld.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include "file.h"
#include "ns.h"
#include "proc.h"
#include "until.h"

#define NFS_HOST	"/mnt"
#define NFS_CONTROL	NFS_HOST "/nfsd"	/* the server's control files */
#define NFS_PIPES	NFS_HOST "/pipes"	/* rpc_pipefs */
#define NFS_EXPORT	NFS_HOST "/export"	/* what is served, as "/" */
#define NFS_CLIENT	NFS_HOST "/client"	/* where it is mounted */
#define NFS_CACHES	"/proc/net/rpc"

#define NFS_DOMAIN	"bulkhead"		/* the clients, by their name */
#define NFS_FOREVER	"2147483647"

/* exports(5): rw,sync,no_root_squash,no_subtree_check,fsid=0. */
#define NFS_RW		0x2400
#define NFS_RO		0x0001
#define NFS_INSECURE	0x0002
#define NFS_ROOTSQUASH	0x0004

/* Whether the kernel has both ends. */
static inline bool nfs_is_there(void)
{
	char buf[4096];

	if (file_read("/proc/filesystems", buf, sizeof(buf)) < 0)
		return false;
	return strstr(buf, "\tnfs4\n") && strstr(buf, "\tnfsd\n") &&
	       strstr(buf, "\trpc_pipefs\n");
}

static inline int nfs_link_set(const char *name, bool up)
{
	struct ifreq ifr = { .ifr_flags = up ? IFF_UP : 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		err = -errno;
	close(fd);
	return err;
}

static inline int nfs_mount_at(const char *type, const char *dir)
{
	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	return mount(type, dir, type, 0, NULL) ? -errno : 0;
}

static inline int nfs_link_up(const char *name)
{
	return nfs_link_set(name, true);
}

/* Moves the caller to a host of its own, which has a loopback device. */
static inline int nfs_become_host(const char *name)
{
	int err = 0;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS) ||
	    sethostname(name, strlen(name)) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	/* A copy of another host's mounts would keep its client mounted. */
	umount2(NFS_HOST, MNT_DETACH);
	err = nfs_link_up("lo");
	if (!err)
		err = nfs_mount_at("tmpfs", NFS_HOST);
	if (!err)
		err = nfs_mount_at("nfsd", NFS_CONTROL);
	if (!err)
		err = nfs_mount_at("rpc_pipefs", NFS_PIPES);
	if (!err)
		err = nfs_mount_at("tmpfs", NFS_EXPORT);
	if (!err && mkdir(NFS_CLIENT, 0755))
		err = -errno;
	return err;
}

/*
 * Writes to a control file and reads the answer: the same open file holds
 * both. @text NULL only asks.
 */
static inline ssize_t nfs_control(const char *file, const char *text,
				  char *answer, size_t size)
{
	char path[128];
	ssize_t n = 0;
	int fd, err;

	snprintf(path, sizeof(path), NFS_CONTROL "/%s", file);
	fd = open(path, (text ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (text)
		n = write(fd, text, strlen(text));
	if (n >= 0 && answer)
		n = read(fd, answer, size - 1);
	err = errno;
	close(fd);
	if (n < 0)
		return -err;
	if (answer) {
		if (n && answer[n - 1] == '\n')
			n--;
		answer[n] = '\0';
	}
	return n;
}

static inline int nfs_set(const char *file, const char *text)
{
	ssize_t n = nfs_control(file, text, NULL, 0);

	return n < 0 ? n : 0;
}

/* The number in a control file, or -errno. */
static inline long nfs_get(const char *file)
{
	char text[64], *end;
	ssize_t n = nfs_control(file, NULL, text, sizeof(text));
	long value;

	if (n < 0)
		return n;
	value = strtol(text, &end, 10);
	return end == text ? -EINVAL : value;
}

/* One line to a cache's channel, as from rpc.mountd. */
__attribute__((format(printf, 2, 3)))
static inline int nfs_tell(const char *cache, const char *fmt, ...)
{
	char path[128], text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), NFS_CACHES "/%s/channel", cache);
	return file_write(path, text);
}

/* The clients at @address are those we serve. */
static inline int nfs_admit(const char *address)
{
	return nfs_tell("auth.unix.ip", "nfsd %s " NFS_FOREVER " "
			NFS_DOMAIN "\n", address);
}

/* They may have NFS_EXPORT as their root. */
static inline int nfs_export(unsigned int flags)
{
	int err;

	err = nfs_tell("nfsd.export", NFS_DOMAIN " " NFS_EXPORT " " NFS_FOREVER
		       " %u 65534 65534 0\n", flags);
	if (err)
		return err;
	return nfs_tell("nfsd.fh", NFS_DOMAIN " 1 \\x00000000 " NFS_FOREVER " "
			NFS_EXPORT "\n");
}

/*
 * The server notes the second, since boot, in which it last heard of a client,
 * and 0 stands for a client that is gone: one that comes in the first second
 * of a machine's life makes it warn about itself. A guest is that young.
 */
static inline void nfs_await_second_1(void)
{
	struct timespec now;

	while (!clock_gettime(CLOCK_BOOTTIME, &now) && !now.tv_sec)
		poll(NULL, 0, 20);
}

/*
 * Without leases the server delegates no file to a client, and so never calls
 * one back to have it again. The client's callback thread can be the last to
 * let go of a client that is being unmounted, and then waits for its own end,
 * holding a mutex that the clients of all net namespaces need.
 */
static inline void nfs_without_leases(void)
{
	must(!file_write("/proc/sys/fs/leases-enable", "0"));
}

/* NFS 4 alone: the older versions want an rpcbind and a statd. */
static inline int nfs_start(int threads)
{
	char text[16];
	int err;

	nfs_await_second_1();
	nfs_without_leases();
	err = nfs_set("versions", "-3 +4 +4.1 +4.2\n");
	if (!err)
		err = nfs_set("portlist", "tcp 2049");
	if (err)
		return err;
	snprintf(text, sizeof(text), "%d", threads);
	return nfs_set("threads", text);
}

static inline int nfs_stop(void)
{
	return nfs_set("threads", "0");
}

/* mount(2), returning -errno. */
static inline int nfs_mount(const char *address, const char *dir,
			    const char *more)
{
	char source[64], options[256];

	if (mkdir(dir, 0755) && errno != EEXIST)
		return -errno;
	snprintf(source, sizeof(source), "%s:/", address);
	snprintf(options, sizeof(options),
		 "vers=4.1,proto=tcp,sec=sys,addr=%s,clientaddr=0.0.0.0%s%s",
		 address, *more ? "," : "", more);
	return mount(source, dir, "nfs4", 0, options) ? -errno : 0;
}

/* The clients that the server knows. */
static inline int nfs_clients(void)
{
	DIR *dir = opendir(NFS_CONTROL "/clients");
	struct dirent *d;
	int n = 0;

	while (dir && (d = readdir(dir)))
		n += d->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

/*
 * Stops a server whose clients have unmounted. What they send last (a file
 * closed, a silly name removed) may still be under way when umount(2) returns,
 * and a client whose server is gone by then waits for it, for minutes.
 */
static inline int nfs_stop_last(void)
{
	for (int i = 0; i < 500 && nfs_clients(); i++)
		poll(NULL, 0, 10);
	return nfs_stop();
}

/* The kernel threads called @name, as the /proc at @proc shows them. */
static inline int nfs_kthreads(const char *proc, const char *name)
{
	char path[300], text[64];
	DIR *dir = opendir(proc);
	struct dirent *d;
	int n = 0;

	must(dir);
	while ((d = readdir(dir))) {
		if (d->d_name[0] < '0' || d->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "%s/%s/comm", proc, d->d_name);
		if (file_read(path, text, sizeof(text)) > 0)
			n += !strcmp(text, name);
	}
	closedir(dir);
	return n;
}

/*
 * Whether the host's /proc comes to show @n threads of servers: one that was
 * stopped is there until it has exited, and nobody waits for that.
 */
static inline bool nfs_threads_become(int n)
{
	return EVENTUALLY(nfs_kthreads("/proc", "nfsd") == n);
}

/* To be said before a host with both ends is left. */
static inline void nfs_leave(void)
{
	int others;

	/* Not mounted is fine, in use is not. */
	if (umount(NFS_CLIENT))
		must(errno == EINVAL || errno == ENOENT);
	others = nfs_kthreads("/proc", "nfsd") - nfs_get("threads");
	nfs_stop_last();
	/* so that who comes next does not count them, where it can see them */
	if (others >= 0)
		must(EVENTUALLY(nfs_kthreads("/proc", "nfsd") <= others));
}

/*
 * What nfsdcld does: it remembers which clients have state on the server, so
 * that after a restart just those may reclaim theirs. One server start after
 * another, until it is killed. The kernel waits a second for such a daemon,
 * and sits out the grace period when there is none.
 */
struct nfs_recorder {
	struct cld_name known[8];
	size_t n;
};

static inline struct cld_name *nfs_known(struct nfs_recorder *r,
					 const struct cld_name *name)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->known[i].cn_len == name->cn_len &&
		    !memcmp(r->known[i].cn_id, name->cn_id, name->cn_len))
			return &r->known[i];
	return NULL;
}

static inline void nfs_record(struct nfs_recorder *r, int fd,
			      struct cld_msg_v2 *msg, size_t len)
{
	struct cld_name *name = &msg->cm_u.cm_clntinfo.cc_name, *known;

	known = msg->cm_cmd == Cld_Create || msg->cm_cmd == Cld_Remove ||
		msg->cm_cmd == Cld_Check ? nfs_known(r, name) : NULL;
	msg->cm_status = 0;
	switch (msg->cm_cmd) {
	case Cld_GetVersion:
		msg->cm_u.cm_version = 2;
		break;
	case Cld_Create:
		if (!known && r->n < sizeof(r->known) / sizeof(r->known[0]))
			r->known[r->n++] = *name;
		break;
	case Cld_Remove:
		if (known)
			*known = r->known[--r->n];
		break;
	case Cld_Check:
		msg->cm_status = known ? 0 : -EACCES;
		break;
	case Cld_GraceStart:
		msg->cm_status = -EINPROGRESS;
		for (size_t i = 0; i < r->n; i++) {
			memset(&msg->cm_u, 0, sizeof(msg->cm_u));
			*name = r->known[i];
			must(write(fd, msg, len) == (ssize_t)len);
		}
		msg->cm_status = 0;
		break;
	}
	/* The server may have given up on us meanwhile. */
	if (write(fd, msg, len) != (ssize_t)len)
		errno = 0;
}

static inline void nfs_record_for_ever(struct nfs_recorder *recorder)
{
	static struct cld_msg_v2 msg;
	ssize_t n;
	int fd;

	for (;;) {
		/* The pipe is there from the server's start to its stop. */
		fd = open(NFS_PIPES "/nfsd/cld", O_RDWR | O_CLOEXEC);
		if (fd < 0) {
			must(errno == ENOENT);
			poll(NULL, 0, 2);
			continue;
		}
		for (;;) {
			/* Nobody wakes us when the pipe goes away. */
			while (!proc_poll(fd, POLLIN, 10))
				;
			n = read(fd, &msg, sizeof(msg));
			if (n <= 0)
				break;
			nfs_record(recorder, fd, &msg, n);
		}
		close(fd);
	}
}

/* Starts it, knowing @client, if any, from before; it ends with the test. */
static inline pid_t nfs_recorder_of(const char *client)
{
	static struct nfs_recorder recorder;
	pid_t parent = getpid(), pid = proc_fork_bound(0);

	if (pid)
		return pid;
	/* The test may be over by the time we run. */
	if (getppid() != parent)
		_exit(1);
	if (client) {
		recorder.n = 1;
		recorder.known[0].cn_len = strlen(client);
		memcpy(recorder.known[0].cn_id, client, strlen(client));
	}
	nfs_record_for_ever(&recorder);
	_exit(1);
}

static inline pid_t nfs_recorder(void)
{
	return nfs_recorder_of(NULL);
}

/* Asks whether anybody listens at @address's NFS port, from where we are. */
static inline int nfs_connect(const char *address)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_port = htons(2049),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err = 0;

	must(fd >= 0);
	must(inet_pton(AF_INET, address, &sin.sin_addr) == 1);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)))
		err = -errno;
	close(fd);
	return err;
}

#endif /* BULKHEAD_NFS_H */
