/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an exec makes of a process: the program runs itself, or a copy of
 * itself whose file has an owner, a mode and capabilities, and the copy
 * reports what it has become.
 */
#ifndef PROBE_H
#define PROBE_H

#include <sys/auxv.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include "cap.h"

struct probe {
	uint64_t eff, prm, inh, bnd, amb;
	uid_t uid, euid, suid;
	gid_t gid, egid, sgid;
	int securebits, no_new_privs;
	/* What the dynamic linker goes by: AT_SECURE. */
	int secure;
};

static inline void probe_look(struct probe *p)
{
	memset(p, 0, sizeof(*p));
	p->eff = cap_mine("CapEff");
	p->prm = cap_mine("CapPrm");
	p->inh = cap_mine("CapInh");
	p->bnd = cap_mine("CapBnd");
	p->amb = cap_mine("CapAmb");
	must(!getresuid(&p->uid, &p->euid, &p->suid));
	must(!getresgid(&p->gid, &p->egid, &p->sgid));
	p->securebits = prctl(PR_GET_SECUREBITS);
	p->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	p->secure = getauxval(AT_SECURE);
}

/* main() of the copy: "--probe FD". */
static inline bool probe_asked(int argc, char **argv)
{
	struct probe p;

	if (argc != 3 || strcmp(argv[1], "--probe"))
		return false;
	probe_look(&p);
	must(write(atoi(argv[2]), &p, sizeof(p)) == sizeof(p));
	return true;
}

/* Runs @path in a child of the caller. Returns 0, or exec's -errno. */
static inline int probe_exec(const char *path, struct probe *p)
{
	int fd[2], end;
	char arg[16];
	pid_t pid;

	must(!pipe(fd));
	snprintf(arg, sizeof(arg), "%d", fd[1]);
	pid = fork();
	if (!pid) {
		execl(path, "probe", "--probe", arg, NULL);
		_exit(errno);
	}
	end = proc_end(pid);
	close(fd[1]);
	if (!end)
		must(read(fd[0], p, sizeof(*p)) == sizeof(*p));
	close(fd[0]);
	return -end;
}

static inline int probe_self(struct probe *p)
{
	return probe_exec("/proc/self/exe", p);
}

/* A copy of this program. */
static inline void probe_copy(const char *path, uid_t owner, gid_t group,
			      mode_t mode)
{
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), out;
	struct stat st;

	unlink(path);
	out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	must(in >= 0 && out >= 0 && !fstat(in, &st));
	for (off_t at = 0; at < st.st_size; )
		must(sendfile(out, in, &at, st.st_size - at) > 0);
	must(!fchown(out, owner, group));
	must(!fchmod(out, mode));
	close(in);
	close(out);
}

#endif /* PROBE_H */
