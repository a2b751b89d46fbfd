// SPDX-License-Identifier: GPL-2.0
/*
 * What batches need besides cgroups: a file system on a disk, swap, and what is in force in a cgroup
 * only as long as a program is there for it.
 *
 * A file system and swap are made when the first batch asks for them, and both are memory. A device
 * program and an OOM handler are in force while the task sits in their cgroup and no longer: the code behind
 * both is skipped when nobody has one, and that is what all other batches are compared with.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../init/guest.h"
#include "bench-guest.h"

#define DISK		"/dev/ram0"
#define DISK_DIR	"/tmp/disk"
#define SWAP		"/dev/ram1"
#define PAGE		4096
#define SETTLE_US	50000

#define MAX_RULES	16

/**
 * struct rule - what is in force while the task sits in a cgroup
 * @path: of the cgroup
 * @file: "bpf.device" or "memory.oom.handler"
 * @value: what was set
 * @fd: of the program, or the handler's open file; -1 when it is not in force
 */
struct rule {
	char *path, *file, *value;
	int fd;
};

static struct rule rules[MAX_RULES];
static int nrules;

/* No two runs differ: what mke2fs would draw by lot is given. */
static int make_file_system(void)
{
	static const char uuid[] = "00000000-0000-4000-8000-000000000001";
	char options[128];
	int status;
	pid_t pid;

	snprintf(options, sizeof(options), "hash_seed=%s,lazy_itable_init=0", uuid);
	pid = fork();
	if (!pid) {
		execl("/bin/mke2fs", "mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-O", "^has_journal",
		      "-U", uuid, "-E", options, DISK, NULL);
		_exit(127);
	}
	if (pid < 0)
		return -errno;
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ENOEXEC;
}

static int have_disk(void)
{
	static bool there;
	int fd, err;

	if (there)
		return 0;
	err = make_file_system();
	if (err)
		return err;
	if ((mkdir(DISK_DIR, 0755) && errno != EEXIST) || mount(DISK, DISK_DIR, "ext4", 0, NULL))
		return -errno;
	fd = open(DISK_DIR "/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "", 1) != 1 || fsync(fd))
		return -errno;
	close(fd);
	sync();
	usleep(SETTLE_US);
	there = true;
	return 0;
}

/* The first page of a swap area, as mkswap(8) writes it. */
static int write_swap_header(int fd)
{
	struct {
		char boot[1024];
		uint32_t version, last_page, bad_pages;
	} head = { .version = 1 };
	char page[PAGE] = "";
	off_t size = lseek(fd, 0, SEEK_END);

	if (size < 10 * PAGE)
		return size < 0 ? -errno : -ENOSPC;
	head.last_page = size / PAGE - 1;
	memcpy(page, &head, sizeof(head));
	memcpy(page + PAGE - 10, "SWAPSPACE2", 10);
	return pwrite(fd, page, PAGE, 0) == PAGE && !fsync(fd) ? 0 : -errno;
}

static int have_swap(void)
{
	static bool there;
	int fd, err;

	if (there)
		return 0;
	fd = open(SWAP, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write_swap_header(fd);
	close(fd);
	if (!err && swapon(SWAP, 0))
		err = -errno;
	if (err)
		return err;
	usleep(SETTLE_US);
	there = true;
	return 0;
}

int place_for(char **words)
{
	int err = 0;

	if (!strncmp(words[0], "swap-", 5))
		err = have_swap();
	for (; !err && *words; words++)
		if (!strncmp(*words, "path=" DISK_DIR, sizeof("path=" DISK_DIR) - 1))
			err = have_disk();
	return err;
}

/* The least program for devices: it allows all, or nothing. */
static int load_device_program(bool allow)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = allow },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)code,
		.insn_cnt = sizeof(code) / sizeof(*code),
		.license = (uintptr_t)"GPL",
	};
	int fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}

static int attach(int command, int cgroup, int program)
{
	union bpf_attr attr = {
		.target_fd = cgroup,
		.attach_bpf_fd = program,
		.attach_type = BPF_CGROUP_DEVICE,
	};

	return syscall(SYS_bpf, command, &attr, sizeof(attr)) ? -errno : 0;
}

static int device_rule(struct rule *r, bool on)
{
	char path[4096];
	int dir, err;

	snprintf(path, sizeof(path), CGROUP_DIR "/%s", r->path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	if (on)
		r->fd = load_device_program(!strcmp(r->value, "allow"));
	err = r->fd < 0 ? r->fd : attach(on ? BPF_PROG_ATTACH : BPF_PROG_DETACH, dir, r->fd);
	close(dir);
	return err;
}

static int handler_rule(struct rule *r, bool on)
{
	char path[4096];

	int err = cgroup_write(r->path, "memory.oom.timeout_ms", on ? "5000" : "0");

	/* closed, it is nobody's */
	if (!on || err)
		return err;
	snprintf(path, sizeof(path), CGROUP_DIR "/%s/%s", r->path, r->file);
	r->fd = open(path, O_RDWR | O_CLOEXEC);
	return r->fd < 0 || write(r->fd, r->value, strlen(r->value)) < 0 ? -errno : 0;
}

static int change_rule(struct rule *r, bool on)
{
	int err = strcmp(r->file, "bpf.device") ? handler_rule(r, on) : device_rule(r, on);

	if (!on || err) {
		if (r->fd >= 0)
			close(r->fd);
		r->fd = -1;
	}
	return err;
}

static bool is_rule(const char *file, const char *value)
{
	return (!strcmp(file, "bpf.device") && (!strcmp(value, "allow") || !strcmp(value, "deny"))) ||
	       !strcmp(file, "memory.oom.handler");
}

/* A device by its name, in what io.* files take. */
static int device_number(const char *name, char *number, size_t size)
{
	struct stat st;

	if (stat(name, &st))
		return -errno;
	if (!S_ISBLK(st.st_mode))
		return -ENOTBLK;
	snprintf(number, size, "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return 0;
}

int place_set(const char *path, const char *file, char **words)
{
	char value[1024] = "", number[32];
	size_t len = 0;
	int err, i;

	for (; *words && len < sizeof(value); words++) {
		const char *word = *words;

		if (!strncmp(word, "/dev/", 5)) {
			err = device_number(word, number, sizeof(number));
			if (err)
				return err;
			word = number;
		}
		len += snprintf(value + len, sizeof(value) - len, "%s%s", len ? " " : "", word);
	}
	if (len >= sizeof(value))
		return -E2BIG;
	if (!is_rule(file, value))
		return cgroup_write(path, file, value);
	/* each operation of a benchmark says it again */
	for (i = 0; i < nrules; i++)
		if (!strcmp(rules[i].path, path) && !strcmp(rules[i].file, file))
			return strcmp(rules[i].value, value) ? -EEXIST : 0;
	if (nrules == MAX_RULES)
		return -ENOSPC;
	rules[nrules++] = (struct rule){
		.path = strdup(path), .file = strdup(file), .value = strdup(value), .fd = -1,
	};
	return 0;
}

/*
 * Have a CPU forget what it keeps of pages that are charged to the cgroups below a top one. It keeps some for
 * seven cgroups and looks through them with each charge and uncharge: what is first found is found sooner.
 *
 * memory.high below what is used drains them before it reclaims, and one page less is found in them.
 */
static int drain(const char *path)
{
	char top[256], file[512], text[32];
	unsigned long long used;

	snprintf(top, sizeof(top), "%.*s", (int)strcspn(path, "/"), path);
	snprintf(file, sizeof(file), CGROUP_DIR "/%s/memory.current", top);
	if (read_text(file, text, sizeof(text)) < 0)
		return errno == ENOENT ? 0 : -errno;
	used = strtoull(text, NULL, 10);
	if (used < PAGE)
		return 0;
	snprintf(text, sizeof(text), "%llu", used - PAGE);
	return cgroup_write(top, "memory.high", text) ?: cgroup_write(top, "memory.high", "max");
}

int place_drain(void)
{
	DIR *dir = opendir(CGROUP_DIR);
	struct dirent *d;
	int err = 0;

	/* a kernel may have no cgroups */
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (d = readdir(dir)))
		if (d->d_type == DT_DIR && d->d_name[0] != '.')
			err = drain(d->d_name);
	closedir(dir);
	return err;
}

int place_enter(const char *path)
{
	static char left[4096];
	int err = 0, i;

	for (i = 0; !err && i < nrules; i++)
		if (rules[i].fd >= 0 && strcmp(rules[i].path, path))
			err = change_rule(&rules[i], false);
	err = err ? err : cgroup_write(path, "cgroup.procs", "0");
	for (i = 0; !err && i < nrules; i++)
		if (rules[i].fd < 0 && !strcmp(rules[i].path, path))
			err = change_rule(&rules[i], true);
	if (!err && events_watched() && *left && strcmp(left, path))
		err = drain(left);
	snprintf(left, sizeof(left), "%s", strcmp(path, ".") ? path : "");
	return err;
}
