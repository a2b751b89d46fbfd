// SPDX-License-Identifier: GPL-2.0
/* bulkhead run COMMAND...: runs a command as a container */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "../lib/util.h"
#include "bulkhead.h"
#include "cgroup.h"
#include "container.h"
#include "limits.h"
#include "ns.h"
#include "process.h"
#include "say.h"

/* As shells have it. */
enum {
	EXIT_CANNOT_RUN	= 126,
	EXIT_NO_COMMAND	= 127,
};

enum {
	KEY_PID = 0x100, KEY_UTS, KEY_IPC, KEY_NET, KEY_MOUNT, KEY_CGROUP, KEY_TIME, KEY_USER,
	KEY_ALL, KEY_NONE, KEY_ROOT, KEY_TMPFS, KEY_BIND,
};

/* What it is to have mounted: a tmpfs, or what is at @source. */
struct extra_mount {
	char *source;		/* NULL: a tmpfs */
	char *at;
	const char *options;	/* of a tmpfs */
	bool read_only;
};

struct arguments {
	const char *name;
	const char *hostname;
	const char *root;
	const char *dir;
	const char *log;
	bool detach;
	bool json;
	bool chosen;		/* namespaces, by an option */
	uint64_t namespaces;	/* CLONE_NEW* */
	bool shifted;
	long shift;		/* of a time namespace, in seconds */
	char uid_map[NS_MAP_TEXT];
	char gid_map[NS_MAP_TEXT];
	struct limits limits;
	char **env;
	size_t nr_env;
	struct extra_mount *mounts;
	size_t nr_mounts;
	char **command;
};

static const struct argp_option options[] = {
	{ "name", 'n', "NAME", 0, "what it is called; otherwise a name is made up", 0 },
	{ "detach", 'd', NULL, 0, "print the name and leave it alone; its standard files are "
	  "/dev/null", 0 },
	{ "log", 'l', "FILE", 0, "append what it prints to FILE", 0 },
	{ "env", 'e', "NAME=VALUE", 0, "set a variable of its environment", 0 },
	{ "chdir", 'C', "DIR", 0, "start there", 0 },
	{ "root", KEY_ROOT, "DIR", 0, "with this root directory; implies --mount", 0 },
	{ "tmpfs", KEY_TMPFS, "PATH[:OPTIONS]", 0, "with a tmpfs of its own there; implies --mount", 0 },
	{ "bind", KEY_BIND, "SOURCE:PATH[:ro]", 0, "with what is at SOURCE there; implies --mount", 0 },
	{ "json", 'J', NULL, 0, "with --detach: print what was made as JSON", 0 },
	{ NULL, 0, NULL, 0, "Namespaces of its own (of processes only, if none is asked for):", 1 },
	{ "pid", KEY_PID, NULL, 0, "processes", 0 },
	{ "uts", KEY_UTS, "HOSTNAME", OPTION_ARG_OPTIONAL, "host name; its own name unless said "
	  "otherwise", 0 },
	{ "ipc", KEY_IPC, NULL, 0, "System V IPC and POSIX message queues", 0 },
	{ "net", KEY_NET, NULL, 0, "network, with a loopback device", 0 },
	{ "mount", KEY_MOUNT, NULL, 0, "mounts, with a fresh /proc if it has --pid, too", 0 },
	{ "cgroup", KEY_CGROUP, NULL, 0, "cgroups: it sees its own as the root", 0 },
	{ "time", KEY_TIME, "SECONDS", OPTION_ARG_OPTIONAL, "clocks since boot, SECONDS later", 0 },
	{ "user", KEY_USER, "MAP", OPTION_ARG_OPTIONAL, "users; MAP is INSIDE:OUTSIDE:COUNT[,...] "
	  "for users and groups, by default the caller is root", 0 },
	{ "all", KEY_ALL, NULL, 0, "all of them but users", 0 },
	{ "none", KEY_NONE, NULL, 0, "none", 0 },
	{ 0 }
};

static void add_env(struct arguments *a, char *arg, struct argp_state *state)
{
	if (*arg == '=' || !strchr(arg, '='))
		argp_error(state, "--env: '%s': it is NAME=VALUE", arg);
	a->env = xrealloc(a->env, (a->nr_env + 1) * sizeof(*a->env));
	a->env[a->nr_env++] = arg;
}

static void want(struct arguments *a, uint64_t flags)
{
	a->namespaces |= flags;
	a->chosen = true;
}

static struct extra_mount *add_mount(struct arguments *a)
{
	want(a, CLONE_NEWNS);
	a->mounts = xrealloc(a->mounts, (a->nr_mounts + 1) * sizeof(*a->mounts));
	memset(&a->mounts[a->nr_mounts], 0, sizeof(*a->mounts));
	return &a->mounts[a->nr_mounts++];
}

static void want_tmpfs(struct arguments *a, const char *arg, struct argp_state *state)
{
	struct extra_mount *m = add_mount(a);
	size_t len = strcspn(arg, ":");

	m->at = xstrdup(arg);
	m->at[len] = '\0';
	m->options = arg[len] && arg[len + 1] ? arg + len + 1 : NULL;
	if (*arg != '/')
		argp_error(state, "--tmpfs: '%s': it is PATH[:OPTIONS], an absolute path", arg);
}

static void want_bind(struct arguments *a, const char *arg, struct argp_state *state)
{
	struct extra_mount *m = add_mount(a);
	const char *at = strchr(arg, ':'), *flags;

	flags = at ? strchr(at + 1, ':') : NULL;
	if (!at || at == arg || at[1] != '/' || (flags && strcmp(flags, ":ro") && strcmp(flags, ":rw")))
		argp_error(state, "--bind: '%s': it is SOURCE:PATH[:ro], an absolute path", arg);
	m->source = xstrdup(arg);
	m->source[at - arg] = '\0';
	m->at = xstrdup(at + 1);
	if (flags)
		m->at[flags - at - 1] = '\0';
	m->read_only = flags && !strcmp(flags, ":ro");
}

static void want_user(struct arguments *a, const char *map, struct argp_state *state)
{
	want(a, CLONE_NEWUSER);
	if (!map) {
		snprintf(a->uid_map, NS_MAP_TEXT, "0 %u 1\n", geteuid());
		snprintf(a->gid_map, NS_MAP_TEXT, "0 %u 1\n", getegid());
		return;
	}
	if (!ns_map_parse(map, a->uid_map))
		argp_error(state, "--user: '%s': it is INSIDE:OUTSIDE:COUNT[,...]", map);
	memcpy(a->gid_map, a->uid_map, NS_MAP_TEXT);
}

static void want_time(struct arguments *a, const char *arg, struct argp_state *state)
{
	want(a, CLONE_NEWTIME);
	if (!arg)
		return;
	/* what the kernel takes at most: some 292 years, of which nobody needs half */
	if (!parse_int(arg, -4000000000, 4000000000, &a->shift))
		argp_error(state, "--time: '%s': a number of seconds is needed", arg);
	a->shifted = true;
}

static void check(struct arguments *a, struct argp_state *state)
{
	if (!a->command)
		argp_usage(state);
	if (!a->chosen)
		a->namespaces = CLONE_NEWPID;
	if (a->shifted && a->namespaces & CLONE_NEWUSER)
		argp_error(state, "--time=SECONDS does not go with --user");
	if (a->json && !a->detach)
		argp_error(state, "--json needs --detach: what is printed is the command's");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	static const uint64_t flags[] = {
		CLONE_NEWPID, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS,
		CLONE_NEWCGROUP,
	};
	struct arguments *a = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &a->limits;
		return 0;
	case 'n':
		container_name_check(state, arg);
		a->name = arg;
		return 0;
	case 'd':
		a->detach = true;
		return 0;
	case 'l':
		a->log = arg;
		return 0;
	case 'e':
		add_env(a, arg, state);
		return 0;
	case 'C':
		a->dir = arg;
		return 0;
	case 'J':
		a->json = true;
		return 0;
	case KEY_ROOT:
		a->root = arg;
		want(a, CLONE_NEWNS);
		return 0;
	case KEY_TMPFS:
		want_tmpfs(a, arg, state);
		return 0;
	case KEY_BIND:
		want_bind(a, arg, state);
		return 0;
	case KEY_UTS:
		a->hostname = arg;
		/* fall through */
	case KEY_PID:
	case KEY_IPC:
	case KEY_NET:
	case KEY_MOUNT:
	case KEY_CGROUP:
		want(a, flags[key - KEY_PID]);
		return 0;
	case KEY_TIME:
		want_time(a, arg, state);
		return 0;
	case KEY_USER:
		want_user(a, arg, state);
		return 0;
	case KEY_ALL:
		want(a, NS_ALL);
		return 0;
	case KEY_NONE:
		want(a, 0);
		return 0;
	case ARGP_KEY_ARG:
		/* all that is left is the command's */
		a->command = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		check(a, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child children[] = {
	{ &limits_argp, 0, NULL, 0 },
	{ 0 }
};

static const struct argp argp = {
	options, parse, "COMMAND [ARGUMENT...]",
	"Runs a command as a container: in a cgroup and in namespaces of its own.\v"
	"Waits for the command, hands signals on to it, and exits as it does, 128 and more if a "
	"signal killed it; whoever is left is then killed. 127 there is no such command, 126 it "
	"cannot be run, 1 refused or failed, 2 bad usage.",
	children, NULL, NULL
};

/* What the new process needs to know beside the arguments. */
struct birth {
	const struct arguments *a;
	const struct container *c;
	sigset_t signals;
	bool terminal;		/* it stays on that of the caller */
	int go[2];		/* a byte for it to go on */
	int said[2];		/* what it complains of; closed by exec */
	int in;			/* its standard files, -1: those of the caller */
	int out;
};

/* In the new process: tells why it cannot be, and ends. */
static void __attribute__((noreturn, format(printf, 3, 4)))
give_up(const struct birth *b, int status, const char *fmt, ...)
{
	const char *error = strerror(errno);
	va_list ap;

	va_start(ap, fmt);
	vdprintf(b->said[1], fmt, ap);
	va_end(ap);
	dprintf(b->said[1], ": %s", error);
	_exit(status);
}

/* Fails with errno set from what helpers return. */
static void need(const struct birth *b, int err, const char *what)
{
	if (!err)
		return;
	errno = -err;
	give_up(b, EXIT_REFUSED, "%s", what);
}

static int sys(int ret)
{
	return ret < 0 ? -errno : 0;
}

/* Where @path is under the new root, which is not entered yet. */
static const char *below(const struct arguments *a, const char *path, char *text)
{
	snprintf(text, PATH_MAX, "%s%s", a->root ? a->root : "", path);
	return text;
}

static void mount_fresh(const struct birth *b, const char *type, const char *where)
{
	char path[PATH_MAX];

	if (!mount(type, below(b->a, where, path), type, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return;
	/* a root directory without a place for it is nobody's mistake */
	if (errno != ENOENT || !b->a->root)
		give_up(b, EXIT_REFUSED, "%s on %s", type, path);
}

/* With all that is mounted below. */
static int make_read_only(const char *path)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	return syscall(SYS_mount_setattr, AT_FDCWD, path, AT_RECURSIVE, &attr, sizeof(attr));
}

static void mount_extra(const struct birth *b, const struct extra_mount *m)
{
	char path[PATH_MAX];

	below(b->a, m->at, path);
	if (!m->source) {
		if (mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, m->options))
			give_up(b, EXIT_REFUSED, "--tmpfs: %s", m->at);
		return;
	}
	if (mount(m->source, path, NULL, MS_BIND | MS_REC, NULL))
		give_up(b, EXIT_REFUSED, "--bind: %s on %s", m->source, m->at);
	if (m->read_only && make_read_only(path))
		give_up(b, EXIT_REFUSED, "--bind: %s read-only", m->at);
}

static void enter_root(const struct birth *b)
{
	const char *root = b->a->root;

	/* pivot_root(2) wants a mount, and puts the old one on top of it here */
	if (chdir(root) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) ||
	    chdir("/"))
		give_up(b, EXIT_REFUSED, "--root: %s", root);
}

static void set_up_mounts(const struct birth *b)
{
	const struct arguments *a = b->a;
	size_t i;

	need(b, sys(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL)), "mounts of its own");
	if (a->root && mount(a->root, a->root, NULL, MS_BIND | MS_REC, NULL))
		give_up(b, EXIT_REFUSED, "--root: %s", a->root);
	if (a->namespaces & CLONE_NEWPID)
		mount_fresh(b, "proc", "/proc");
	for (i = 0; i < a->nr_mounts; i++)
		mount_extra(b, &a->mounts[i]);
	if (a->root)
		enter_root(b);
}

static void set_up_namespaces(const struct birth *b)
{
	const struct arguments *a = b->a;
	const char *host = a->hostname ? a->hostname : b->c->name;

	if (a->namespaces & CLONE_NEWUSER)
		need(b, ns_become_root(), "root of its user namespace");
	/* not by clone3(2), whose namespace has the caller's cgroup for its root */
	if (a->namespaces & CLONE_NEWCGROUP)
		need(b, sys(unshare(CLONE_NEWCGROUP)), "a cgroup namespace");
	if (a->namespaces & CLONE_NEWUTS && sethostname(host, strlen(host)))
		give_up(b, EXIT_REFUSED, "--uts: %s", host);
	if (a->namespaces & CLONE_NEWNET)
		need(b, ns_loopback_up(), "its loopback device");
	if (a->namespaces & CLONE_NEWNS)
		set_up_mounts(b);
}

/* The new process, from its first breath to exec. */
static void __attribute__((noreturn)) live(struct birth *b)
{
	const struct arguments *a = b->a;
	size_t i;
	char c;

	close(b->go[1]);
	if (read(b->go[0], &c, 1) != 1)
		_exit(EXIT_REFUSED);
	if (!b->terminal)
		setsid();
	set_up_namespaces(b);
	if ((b->in >= 0 && dup2(b->in, 0) < 0) ||
	    (b->out >= 0 && (dup2(b->out, 1) < 0 || dup2(b->out, 2) < 0)))
		give_up(b, EXIT_REFUSED, "its standard files");
	/* files that the caller left open would be in the way of a checkpoint */
	need(b, sys(syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC)), "open files");
	for (i = 0; i < a->nr_env; i++)
		putenv(a->env[i]);
	if (a->dir && chdir(a->dir))
		give_up(b, EXIT_REFUSED, "--chdir: %s", a->dir);
	sigprocmask(SIG_SETMASK, &b->signals, NULL);
	execvp(a->command[0], a->command);
	give_up(b, errno == ENOENT ? EXIT_NO_COMMAND : EXIT_CANNOT_RUN, "%s", a->command[0]);
}

static int open_files(struct birth *b)
{
	const struct arguments *a = b->a;

	b->in = b->out = -1;
	if (a->detach) {
		b->in = open("/dev/null", O_RDWR | O_CLOEXEC);
		b->out = b->in;
		if (b->in < 0)
			return refuse("/dev/null: %s", strerror(errno));
	}
	if (a->log) {
		b->out = open(a->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
		if (b->out < 0)
			return refuse("--log: %s: %s", a->log, strerror(errno));
	}
	if (pipe2(b->go, O_CLOEXEC) || pipe2(b->said, O_CLOEXEC))
		return refuse("a pipe: %s", strerror(errno));
	return 0;
}

static int complain_of_clone(const struct birth *b, int err)
{
	char names[128];

	ns_names(b->a->namespaces, names, sizeof(names));
	if (err == EACCES)
		return refuse("cgroup %s: no permission to start a process in it", b->c->path);
	if (err == EPERM && *names && !(b->a->namespaces & CLONE_NEWUSER))
		return refuse("namespaces (%s): %s; an ordinary user needs --user", names,
			      strerror(err));
	return refuse("%s: a process in it, namespaces (%s): %s", b->c->name,
		      *names ? names : "none", strerror(err));
}

/* Makes the process; in it this does not return. */
static pid_t make(struct birth *b)
{
	struct clone_args args = {
		.flags = (b->a->namespaces & ~CLONE_NEWCGROUP) | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
	};
	int cgroup = open(b->c->path, O_PATH | O_DIRECTORY | O_CLOEXEC), err;
	pid_t pid;

	if (cgroup < 0) {
		refuse("cgroup %s: %s", b->c->path, strerror(errno));
		return -1;
	}
	if (b->a->shifted) {
		err = ns_shift_time(b->a->shift);
		if (err) {
			refuse("--time: %ld: %s", b->a->shift, strerror(-err));
			return -1;
		}
		args.flags &= ~CLONE_NEWTIME;
	}
	args.cgroup = cgroup;
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid)
		live(b);
	if (pid < 0)
		complain_of_clone(b, errno);
	close(cgroup);
	return pid;
}

/* Does for the process what only its parent can do, and lets it go. */
static int release(struct birth *b, struct container *c, pid_t pid)
{
	int err;

	if (b->a->namespaces & CLONE_NEWUSER) {
		err = ns_map_write(pid, b->a->uid_map, b->a->gid_map);
		if (err)
			return refuse("--user: %.*s: %s", (int)strcspn(b->a->uid_map, "\n"),
				      b->a->uid_map, strerror(-err));
	}
	err = container_record(c, pid);
	if (err)
		return err;
	return write(b->go[1], "", 1) == 1 ? 0 : refuse("a pipe: %s", strerror(errno));
}

/* What the process says before it becomes the command. Returns whether that was nothing. */
static bool listen_to(struct birth *b)
{
	char text[PATH_MAX + 256];
	size_t len = 0;
	ssize_t n;

	close(b->said[1]);
	while ((n = read(b->said[0], text + len, sizeof(text) - len)) > 0)
		len += n;
	close(b->said[0]);
	if (len)
		refuse("%s: %.*s", b->c->name, (int)len, text);
	return !len;
}

/* Makes the first process of @c. Returns its pid, or -1 after it has said why. */
static pid_t start(struct birth *b, struct container *c)
{
	pid_t pid = open_files(b) ? -1 : make(b);
	int err = 0;

	if (pid < 0)
		return -1;
	close(b->go[0]);
	err = release(b, c, pid);
	close(b->go[1]);
	if (!err)
		return pid;
	waitpid(pid, NULL, 0);
	return -1;
}

static void report(const struct arguments *a, const struct container *c)
{
	if (!a->json) {
		puts(c->name);
		return;
	}
	printf("{\"name\": ");
	json_string(stdout, c->name);
	printf(", \"pid\": %d}\n", c->state.pid);
}

static int run(const struct arguments *a)
{
	struct container c;
	struct birth b = {
		.a = a, .c = &c, .terminal = !a->detach && isatty(STDIN_FILENO),
	};
	char place[PATH_MAX];
	int lock, status;
	pid_t pid = -1;

	if (container_create(&c, a->name, a->command[0], &lock))
		return EXIT_REFUSED;
	snprintf(place, sizeof(place), "%.*s", (int)(strrchr(c.path, '/') - c.path), c.path);
	process_hold_signals(&b.signals);
	if (!limits_apply(&a->limits, place, c.path))
		pid = start(&b, &c);
	if (pid < 0)
		container_discard(&c);
	container_unlock(lock);
	if (pid < 0)
		return EXIT_REFUSED;
	if (listen_to(&b) && a->detach) {
		report(a, &c);
		return 0;
	}
	status = process_wait(pid, b.terminal);
	container_destroy(&c, CGROUP_PATIENCE_MS);
	return status;
}

/* A pipe of ours must not become one of the command's standard files. */
static void fill_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int cmd_run(int argc, char **argv)
{
	struct arguments a = { 0 };

	fill_standard_files();
	argp_err_exit_status = EXIT_USAGE;
	argv[0] = "bulkhead run";
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &a);
	return run(&a);
}
