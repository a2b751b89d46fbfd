// SPDX-License-Identifier: GPL-2.0
/*
 * Images of checkpoints: what is whole is accepted, and nothing else is. The
 * images are made here, field by field, and then damaged in two ways: with the
 * checksums as they were, and with checksums that fit the damage.
 */
#include "unit.h"
#include "../../tools/bulkhead/bulkhead.h"
#include "../../kernel/checkpoint/src/kernel/checkpoint/image.h"

#define PAGE	4096

static struct {
	uint8_t data[64 * 1024];
	size_t len;
} image;

static char why[256];

static void *record(uint16_t type, uint32_t id, uint32_t length)
{
	struct ckpt_record *r = (void *)(image.data + image.len);

	assert_true(image.len + sizeof(*r) + length + 8 < sizeof(image.data));
	memset(r, 0, sizeof(*r) + length + ckpt_padding(length));
	r->type = htole16(type);
	r->version = htole16(1);
	r->id = htole32(id);
	r->length = htole32(length);
	image.len += sizeof(*r) + length + ckpt_padding(length);
	return r + 1;
}

static struct ckpt_record *next_record(struct ckpt_record *r)
{
	uint32_t length = le32toh(r->length);

	return (void *)((uint8_t *)(r + 1) + length + ckpt_padding(length));
}

/* The @n-th record of a type, from 1 on. */
static struct ckpt_record *find_record(uint16_t type, int n)
{
	struct ckpt_record *r = (void *)image.data;

	while ((uint8_t *)r < image.data + image.len) {
		if (le16toh(r->type) == type && !--n)
			return r;
		r = next_record(r);
	}
	fail_msg("no record of type %u", type);
	return NULL;
}

static void *payload(uint16_t type, int n)
{
	return find_record(type, n) + 1;
}

/* Makes all checksums fit, as far as the lengths of records still lead. */
static void seal(void)
{
	uint8_t *end = image.data + image.len;
	struct ckpt_record *r = (void *)image.data;
	uint32_t crc = 0, length;

	while ((uint8_t *)(r + 1) <= end) {
		length = le32toh(r->length);
		if (length > (size_t)(end - (uint8_t *)(r + 1)))
			return;
		if (le16toh(r->type) == CKPT_TRAILER && length >= sizeof(struct ckpt_trailer))
			((struct ckpt_trailer *)(r + 1))->crc = htole32(crc);
		r->crc = htole32(ckpt_crc(ckpt_record_crc(r), r + 1, length));
		crc = ckpt_crc(crc, r, sizeof(*r));
		r = next_record(r);
	}
}

static void add_file(uint32_t id, const char *path)
{
	struct ckpt_file *f = record(CKPT_FILE, id, sizeof(*f) + strlen(path) + 1);

	f->kind = htole32(CKPT_FILE_PATH);
	f->mode = htole32(0100000);
	strcpy((char *)f->data, path);
}

static void add_pipe(uint32_t id, uint32_t number, const char *data)
{
	struct ckpt_file *f = record(CKPT_FILE, id, sizeof(*f) + strlen(data));

	f->kind = htole32(CKPT_FILE_PIPE);
	f->pipe = htole32(number);
	f->capacity = htole32(65536);
	f->size = htole64(strlen(data));
	memcpy(f->data, data, strlen(data));
}

/* Two packets, and a stream between them. */
static void add_fifo(uint32_t id, uint32_t number, const char *path)
{
	const uint32_t chunks[] = { 3 | CKPT_PACKET, 5, 1 | CKPT_PACKET };
	struct ckpt_file *f = record(CKPT_FILE, id, sizeof(*f) + 12 + 9 + strlen(path) + 1);
	int i;

	f->kind = htole32(CKPT_FILE_FIFO);
	f->pipe = htole32(number);
	f->capacity = htole32(4096);
	f->size = htole64(9);
	f->mode = htole32(3);
	f->rdev = htole32(1);
	for (i = 0; i < 3; i++)
		((uint32_t *)f->data)[i] = htole32(chunks[i]);
	memcpy(f->data + 12, "onehello2", 9);
	strcpy((char *)f->data + 21, path);
}

static void add_mm(uint32_t id)
{
	struct ckpt_mm *mm = record(CKPT_MM, id, sizeof(*mm));
	struct ckpt_vma *v;

	mm->exe = htole32(2);
	mm->nr_vmas = htole32(4);
	mm->mmap_base = htole64(0x700000);
	mm->flags = htole32(CKPT_MM_TOPDOWN);
	mm->start_brk = htole64(0x10000);
	mm->brk = htole64(0x20000);
	v = record(CKPT_VMA, 0, sizeof(*v));
	v->start = htole64(0x400000);
	v->end = htole64(0x402000);
	v->kind = htole32(CKPT_VMA_FILE);
	v->file = htole32(2);
	v->flags = htole32(CKPT_VMA_READ | CKPT_VMA_EXEC);
	v->family = htole32(1);
	v->anon_pgoff = htole64(0x400);
	v = record(CKPT_VMA, 0, sizeof(*v) + 5);
	strcpy((char *)v->name, "heap");
	v->start = htole64(0x500000);
	v->end = htole64(0x510000);
	v->kind = htole32(CKPT_VMA_ANON);
	v->family = htole32(2);
	v->anon_pgoff = htole64(0x500);
	v->flags = htole32(CKPT_VMA_READ | CKPT_VMA_WRITE);
	v = record(CKPT_VMA, 0, sizeof(*v));
	v->start = htole64(0x600000);
	v->end = htole64(0x601000);
	v->kind = htole32(CKPT_VMA_SHARED);
	v->file = htole32(6);
	v->flags = htole32(CKPT_VMA_READ | CKPT_VMA_WRITE | CKPT_VMA_MAYWRITE);
	v = record(CKPT_VMA, 0, sizeof(*v) + 5);
	strcpy((char *)v->name, "vdso");
	v->start = htole64(0x701000);
	v->end = htole64(0x702000);
	v->kind = htole32(CKPT_VMA_KERNEL);
	v->flags = htole32(CKPT_VMA_READ | CKPT_VMA_EXEC);
}

static void add_regs(void)
{
	struct ckpt_regs *regs = record(CKPT_REGS, 0, sizeof(*regs) + 24);

	regs->note = htole32(1);
	regs->size = htole32(24);
}

static void add_signal(bool shared)
{
	struct ckpt_signal *s = record(CKPT_SIGNAL, 0, sizeof(*s));

	s->signo = htole32(10);
	s->shared = htole32(shared);
	memcpy(s->info, &s->signo, 4);
}

static void add_timers(void)
{
	struct ckpt_timer *t = record(CKPT_TIMER, 0, sizeof(*t));

	t->kind = htole32(CKPT_TIMER_REAL);
	t->armed = htole32(1);
	t->left = htole64(1000);
	t = record(CKPT_TIMER, 0, sizeof(*t));
	t->kind = htole32(CKPT_TIMER_POSIX);
	t->id = htole32(3);
	t->clock = htole32(1);
	t->signo = htole32(14);
	t->armed = htole32(1);
	t->left = htole64(-5);
	t->interval = htole64(10);
}

static struct ckpt_task *task_record(uint32_t id, uint32_t pid, uint32_t parent, uint32_t leader,
				     uint32_t levels)
{
	struct ckpt_task *t = record(CKPT_TASK, id, sizeof(*t) + 8 + 4 * levels);

	t->pid = htole32(pid);
	t->parent = htole32(parent);
	t->leader = htole32(leader);
	t->nr_groups = htole32(1);
	t->nr_cpus = htole32(1);
	t->nr_pids = htole32(levels);
	strcpy(t->comm, "job");
	return t;
}

static struct ckpt_task *add_process(uint32_t id, uint32_t pid, uint32_t parent, uint32_t levels)
{
	struct ckpt_task *t = task_record(id, pid, parent, id, levels);

	t->pgrp = htole32(7);
	t->session = htole32(7);
	t->exit_signal = htole32(17);
	t->dumpable = htole32(1);
	return t;
}

static void add_live(uint32_t id, uint32_t pid, uint32_t parent, uint32_t mm)
{
	struct ckpt_task *t = add_process(id, pid, parent, 0);

	t->mm = htole32(mm);
	t->fdtable = htole32(mm);
	t->cwd = htole32(1);
	add_regs();
	record(CKPT_SIGACTIONS, 0, CKPT_NSIG * sizeof(struct ckpt_sigaction));
	add_signal(false);
	add_signal(true);
	add_timers();
}

static void add_thread(uint32_t id, uint32_t pid, uint32_t leader)
{
	struct ckpt_task *t = task_record(id, pid, leader, leader, 0);

	t->fdtable = htole32(1);
	t->cwd = htole32(1);
	add_regs();
	add_signal(false);
}

static void add_zombie(uint32_t id, uint32_t pid, uint32_t parent, uint32_t levels)
{
	struct ckpt_task *t = add_process(id, pid, parent, levels);
	uint32_t i;

	/* below its groups and CPUs */
	for (i = 0; i < levels; i++)
		t->data[2 + i] = htole32(1);
	t->state = htole32(CKPT_TASK_ZOMBIE);
	t->status = htole32(3 << 8);
}

/* A process that lives on as its second thread. */
static void add_headless(uint32_t id, uint32_t pid, uint32_t parent, uint32_t mm)
{
	struct ckpt_task *t = add_process(id, pid, parent, 0);

	t->pgrp = htole32(30);
	t->session = htole32(31);
	t->state = htole32(CKPT_TASK_HEADLESS);
	t->status = htole32(2 << 8);
	t->mm = htole32(mm);
	t->cwd = htole32(1);
	record(CKPT_SIGACTIONS, 0, CKPT_NSIG * sizeof(struct ckpt_sigaction));
	add_signal(true);
	add_thread(id + 1, pid + 1, id);
}

static void add_leader(uint32_t pid, uint32_t session)
{
	struct ckpt_leader *l = record(CKPT_LEADER, 0, sizeof(*l));

	l->pid = htole32(pid);
	l->session = htole32(session);
}

static void add_memfd(uint32_t id, const char *name)
{
	struct ckpt_inode *i = record(CKPT_INODE, id, sizeof(*i) + strlen(name) + 1);

	i->kind = htole32(CKPT_INODE_MEMFD);
	i->size = htole64(2 * PAGE);
	i->mode = htole32(0777);
	i->seals = htole32(1);
	strcpy((char *)i->data, name);
}

static void add_anon(uint32_t id)
{
	struct ckpt_inode *i = record(CKPT_INODE, id, sizeof(*i));

	i->kind = htole32(CKPT_INODE_ANON);
	i->size = htole64(PAGE);
	i->flags = htole32(CKPT_INODE_NORESERVE);
}

static void add_shm(uint32_t id)
{
	struct ckpt_inode *i = record(CKPT_INODE, id, sizeof(*i) + sizeof(struct ckpt_shm));
	struct ckpt_shm *s = (void *)i->data;

	i->kind = htole32(CKPT_INODE_SYSV);
	i->flags = htole32(CKPT_INODE_LOCKED);
	i->size = htole64(PAGE + 1);
	i->mode = htole32(0640);
	s->id = htole32(98305);
	s->key = htole32(0x1234);
	s->cpid = htole32(7);
	s->lpid = htole32(9);
	s->creator = htole32(8);
	s->ctime = htole64(1700000000);
}

static void add_deleted(uint32_t id, const char *dir)
{
	struct ckpt_inode *i = record(CKPT_INODE, id, sizeof(*i) + sizeof(struct ckpt_deleted) +
				      strlen(dir) + 1);
	struct ckpt_deleted *d = (void *)i->data;

	i->kind = htole32(CKPT_INODE_DELETED);
	i->flags = htole32(CKPT_INODE_LINKABLE);
	i->size = htole64(5);
	i->mode = htole32(04640);
	d->atime = htole64(1);
	d->mtime = htole64(-2);
	strcpy(d->dir, dir);
}

static void add_fs(uint32_t id)
{
	struct ckpt_fs *fs = record(CKPT_FS, id, sizeof(*fs) + 4);

	fs->kind = htole32(CKPT_FS_TMPFS);
	fs->flags = htole32(CKPT_FS_INODE64);
	fs->blocks = htole64(100);
	fs->mode = htole32(01777);
	strcpy(fs->source, "box");
}

static void add_node(uint32_t id, uint32_t mode, const char *path, const char *target, uint32_t link)
{
	uint32_t len = strlen(path) + 1, more = target ? strlen(target) + 1 : 0;
	struct ckpt_inode *i = record(CKPT_INODE, id, sizeof(*i) + sizeof(struct ckpt_node) + len + more);
	struct ckpt_node *n = (void *)i->data;

	i->kind = htole32(CKPT_INODE_NODE);
	i->mode = htole32(mode);
	n->fs = htole32(1);
	n->link = htole32(link);
	memcpy((char *)(n + 1), path, len);
	if (more)
		memcpy((char *)(n + 1) + len, target, more);
}

static void add_mount(uint32_t parent, uint32_t fs, const char *on, const char *source)
{
	uint32_t len = strlen(on) + 1;
	struct ckpt_mount *m = record(CKPT_MOUNT, 0, sizeof(*m) + len + strlen(source) + 1);

	m->parent = htole32(parent);
	m->fs = htole32(fs);
	memcpy((char *)(m + 1), on, len);
	strcpy((char *)(m + 1) + len, source);
}

static void add_inode_file(uint32_t id, uint32_t inode)
{
	struct ckpt_file *f = record(CKPT_FILE, id, sizeof(*f));

	f->kind = htole32(CKPT_FILE_INODE);
	f->flags = htole32(2);
	f->pos = htole64(5);
	f->inode = htole32(inode);
}

static void add_eventfd(uint32_t id, uint64_t count)
{
	struct ckpt_file *f = record(CKPT_FILE, id, sizeof(*f));

	f->kind = htole32(CKPT_FILE_EVENTFD);
	f->flags = htole32(2);
	f->size = htole64(count);
}

static void *add_ns(uint32_t id, uint32_t kind, uint32_t size)
{
	struct ckpt_ns *ns = record(CKPT_NS, id, sizeof(*ns) + size);

	ns->kind = htole32(kind);
	return ns->data;
}

/* One of users that maps  and  extents of ten, in that of @parent. */
static void add_user(uint32_t id, uint32_t parent, uint32_t uids, uint32_t gids)
{
	struct ckpt_user *u = add_ns(id, CKPT_NS_USER,
				     sizeof(*u) + (uids + gids) * sizeof(struct ckpt_extent));
	uint32_t i;

	((struct ckpt_ns *)payload(CKPT_NS, id))->owner = htole32(parent);
	u->nr_uids = htole32(uids);
	u->nr_gids = htole32(gids);
	for (i = 0; i < uids + gids; i++) {
		u->extents[i].first = htole32(10 * i);
		u->extents[i].lower = htole32(1000 + 10 * i);
		u->extents[i].count = htole32(10);
	}
}

/* What is wrong with the pid namespaces: nothing, or none has a process, or the last has no user. */
static enum { FINE, UNBORN, UNUSED } pid_namespaces;

/* One of each kind; the time namespace is for children only. */
static void add_namespaces(void)
{
	struct ckpt_clocks *clocks;
	struct ckpt_mount *mount;
	struct ckpt_uts *uts;
	struct ckpt_ipc *ipc;

	uts = add_ns(1, CKPT_NS_UTS, sizeof(*uts));
	strcpy(uts->hostname, "inside");
	strcpy(uts->domainname, "of.it");
	ipc = add_ns(2, CKPT_NS_IPC, sizeof(*ipc));
	ipc->shmmax = htole64(1234567);
	ipc->mq_msg_max = htole32(10);
	add_ns(3, CKPT_NS_CGROUP, 0);
	clocks = add_ns(4, CKPT_NS_TIME, sizeof(*clocks));
	clocks->monotonic = htole64(111);
	clocks->boottime = htole64(222);
	add_ns(5, CKPT_NS_UTS, sizeof(*uts));
	/* two of pids, the second within the first */
	add_ns(6, CKPT_NS_PID, sizeof(struct ckpt_pidns));
	((struct ckpt_mntns *)add_ns(7, CKPT_NS_MNT, sizeof(struct ckpt_mntns)))->mounts = htole32(2);
	add_mount(0, 0, "/", "/src");
	add_mount(1, 1, "/own", "/file");
	mount = payload(CKPT_MOUNT, 2);
	mount->attr = htole32(0xf);
	mount->flags = htole32(CKPT_MOUNT_LOCKS);
	if (pid_namespaces == UNBORN)
		return;
	((struct ckpt_pidns *)add_ns(8, CKPT_NS_PID, sizeof(struct ckpt_pidns)))->parent =
		htole32(6);
	/* and two of users, likewise */
	add_user(9, 0, 2, 1);
	add_user(10, 9, 1, 0);
}

static void set_namespaces(int task, int role, uint32_t ns)
{
	((struct ckpt_task *)payload(CKPT_TASK, task))->ns[role] = htole32(ns);
}

static void set_rseq(int task, uint64_t addr, uint32_t len)
{
	struct ckpt_task *t = payload(CKPT_TASK, task);

	t->rseq = htole64(addr);
	t->rseq_len = htole32(len);
	t->rseq_sig = htole32(0x53053053);
	t->rseq_flags = htole32(len > 32 ? CKPT_RSEQ_SLICE : 0);
}

static void add_pages(uint16_t type, uint32_t owner, uint64_t addr)
{
	struct ckpt_pages *p = record(type, 0, sizeof(*p) + PAGE);

	p->owner = htole32(owner);
	p->count = htole32(1);
	p->addr = htole64(addr);
	memset(p->data, 0x5a, PAGE);
}

static void add_shared(uint32_t owner, uint64_t addr, uint32_t from, uint64_t from_addr)
{
	struct ckpt_shared *s = record(CKPT_SHARED, 0, sizeof(*s));

	s->owner = htole32(owner);
	s->count = htole32(1);
	s->addr = htole64(addr);
	s->from = htole32(from);
	s->from_addr = htole64(from_addr);
}

/*
 * A tree of two processes that share a pipe; one has two threads, a child that
 * has ended, and one of which the first thread has, as have the leaders of its
 * group and session.
 */
static void make_image(void)
{
	struct ckpt_trailer *t;
	struct ckpt_image *im;
	struct ckpt_fd *fd;
	int i;

	image.len = 0;
	im = record(CKPT_IMAGE, 0, sizeof(*im));
	im->magic = htole64(CKPT_MAGIC);
	im->version = htole32(CKPT_VERSION);
	im->machine = htole32(62);
	im->page_size = htole32(PAGE);
	im->nr_tasks = htole32(8);
	strcpy(im->release, "7.3.4");
	add_fs(1);
	add_memfd(1, "heap");
	add_anon(2);
	add_shm(3);
	add_deleted(4, "/var/tmp");
	add_node(5, 0040755, "/", NULL, 0);
	add_node(6, 0100640, "/file", NULL, 0);
	add_node(7, 0, "/name", NULL, 6);
	add_node(8, 0120777, "/sym", "/file", 0);
	add_file(1, "/");
	add_file(2, "/bin/job");
	((struct ckpt_file *)payload(CKPT_FILE, 2))->mnt = htole32(1);
	add_pipe(3, 1, "hello");
	add_pipe(4, 1, "");
	add_inode_file(5, 1);
	add_inode_file(6, 2);
	add_eventfd(7, 99);
	add_inode_file(8, 3);
	add_fifo(9, 2, "/run/fifo");
	add_inode_file(10, 4);
	for (i = 1; i <= 2; i++) {
		fd = record(CKPT_FDTABLE, i, 2 * sizeof(*fd));
		fd[0].fd = htole32(3);
		fd[0].file = htole32(3);
		fd[1].fd = htole32(4);
		fd[1].file = htole32(4);
		fd[1].cloexec = htole32(1);
	}
	add_mm(1);
	add_mm(2);
	add_mm(3);
	add_namespaces();
	strcpy(record(CKPT_CGROUP, 1, 5), "/a/b");
	add_live(1, 7, 0, 1);
	add_thread(2, 8, 1);
	add_zombie(3, 10, 1, 0);
	add_live(4, 9, 2, 2);
	add_headless(5, 20, 1, 3);
	add_zombie(7, 11, 4, pid_namespaces == UNBORN ? 0 : 1);
	add_zombie(8, 12, 7, pid_namespaces == FINE ? 2 : 0);
	set_rseq(1, 0x500040, 33);
	set_rseq(2, 0x500080, 32);
	set_namespaces(1, CKPT_ROLE_UTS, 1);
	set_namespaces(1, CKPT_ROLE_IPC, 2);
	set_namespaces(1, CKPT_ROLE_CGROUP, 3);
	set_namespaces(1, CKPT_ROLE_TIME_CHILDREN, 4);
	set_namespaces(2, CKPT_ROLE_UTS, 5);
	set_namespaces(4, CKPT_ROLE_UTS, 1);
	((struct ckpt_task *)payload(CKPT_TASK, 4))->cgroup = htole32(1);
	set_namespaces(4, CKPT_ROLE_TIME, 4);
	set_namespaces(4, CKPT_ROLE_PID_CHILDREN, 6);
	set_namespaces(4, CKPT_ROLE_MNT, 7);
	if (pid_namespaces != UNBORN)
		set_namespaces(7, CKPT_ROLE_PID, 6);
	if (pid_namespaces == FINE)
		set_namespaces(8, CKPT_ROLE_PID, 8);
	if (pid_namespaces != UNBORN) {
		set_namespaces(4, CKPT_ROLE_USER, 10);
		set_namespaces(7, CKPT_ROLE_USER, 10);
		((struct ckpt_task *)payload(CKPT_TASK, 4))->exec_user = htole32(9);
	}
	add_leader(30, 31);
	add_leader(31, 31);
	add_pages(CKPT_CONTENTS, 1, PAGE);
	add_pages(CKPT_CONTENTS, 2, 0);
	add_pages(CKPT_PAGES, 1, 0x500000);
	add_pages(CKPT_PAGES, 1, 0x503000);
	add_shared(2, 0x4ff000, 1, 0x503000);
	add_pages(CKPT_PAGES, 2, 0x500000);
	t = record(CKPT_TRAILER, 0, sizeof(*t));
	t->records = htole64(85);
	t->bytes = htole64(image.len);
	seal();
}

static int check_bytes(const void *data, size_t len, FILE *out, bool json)
{
	/* a copy of its very size: one byte beyond it is noticed */
	void *copy = malloc(len + !len);
	FILE *in;
	int err;

	memcpy(copy, data, len);
	in = fmemopen(copy, len + !len, "r");
	assert_non_null(in);
	if (!len)
		fgetc(in);
	err = image_read(in, out, json, why, sizeof(why));
	fclose(in);
	free(copy);
	return err;
}

static int check(void)
{
	return check_bytes(image.data, image.len, NULL, false);
}

static void a_whole_image_is_accepted(void **state)
{
	(void)state;
	make_image();
	assert_int_equal(check(), 0);
	assert_non_null(strstr(why, "85 records"));
	assert_non_null(strstr(why, "8 tasks"));
	assert_non_null(strstr(why, "5 pages"));
}

static void the_checksum_is_crc32c(void **state)
{
	uint8_t zeros[32] = { 0 };

	(void)state;
	/* the test vectors of RFC 3720, B.4 */
	assert_int_equal(ckpt_crc(0, zeros, 32), 0x8a9136aa);
	assert_int_equal(ckpt_crc(0, "123456789", 9), 0xe3069283);
	assert_int_equal(ckpt_crc(ckpt_crc(0, "1234", 4), "56789", 5), 0xe3069283);
}

static void every_truncation_is_refused(void **state)
{
	size_t len;

	(void)state;
	make_image();
	for (len = 0; len < image.len; len++)
		if (!check_bytes(image.data, len, NULL, false))
			fail_msg("accepted after %zu of %zu bytes", len, image.len);
}

static void a_byte_behind_the_trailer_is_refused(void **state)
{
	(void)state;
	make_image();
	image.data[image.len++] = 0;
	assert_int_equal(check(), -EBADMSG);
	assert_non_null(strstr(why, "behind the trailer"));
}

static void every_flipped_bit_is_noticed(void **state)
{
	size_t i;
	int bit;

	(void)state;
	make_image();
	for (i = 0; i < image.len; i++) {
		/* of the contents of pages and handlers, one bit in each byte will do */
		for (bit = 0; bit < 8; bit += i % 16 ? 3 : 1) {
			image.data[i] ^= 1 << bit;
			if (!check())
				fail_msg("bit %d of byte %zu was not noticed", bit, i);
			image.data[i] ^= 1 << bit;
		}
	}
	assert_int_equal(check(), 0);
}

/* One field each, with checksums that fit: what must be found by its meaning. */
#define FIELD(type, n, s, field, value, reason)					\
	do {									\
		make_image();							\
		((struct s *)payload(type, n))->field = value;			\
		seal();								\
		if (check() != -EBADMSG || !strstr(why, reason))		\
			fail_msg("%s.%s: \"%s\"", #s, #field, why);		\
	} while (0)

#define SHM(field, value, reason)						\
	do {									\
		make_image();							\
		((struct ckpt_shm *)((struct ckpt_inode *)payload(CKPT_INODE, 3))->data)->field = value; \
		seal();								\
		if (check() != -EBADMSG || !strstr(why, reason))		\
			fail_msg("shm.%s: \"%s\"", #field, why);		\
	} while (0)

#define NODE(n, field, value, reason)						\
	do {									\
		make_image();							\
		((struct ckpt_node *)((struct ckpt_inode *)payload(CKPT_INODE, n))->data)->field = value; \
		seal();								\
		if (check() != -EBADMSG || !strstr(why, reason))		\
			fail_msg("node.%s: \"%s\"", #field, why);		\
	} while (0)

#define HEADER(type, n, field, value, reason)					\
	do {									\
		make_image();							\
		find_record(type, n)->field = value;				\
		seal();								\
		if (check() != -EBADMSG || !strstr(why, reason))		\
			fail_msg("header of %s: %s: \"%s\"", #type, #field, why); \
	} while (0)

#define USER(n, field, value, reason)						\
	do {									\
		make_image();							\
		((struct ckpt_user *)((struct ckpt_ns *)payload(CKPT_NS, n))->data)->field = value; \
		seal();								\
		if (check() != -EBADMSG || !strstr(why, reason))		\
			fail_msg("user.%s: \"%s\"", #field, why);		\
	} while (0)

static void users_are_checked(void)
{
	USER(9, flags, htole32(2), "cannot have");
	USER(9, uid, ~0, "cannot have");
	USER(9, gid, ~0, "cannot have");
	USER(9, nr_uids, htole32(3), "cannot have");
	USER(9, nr_gids, htole32(2), "cannot have");
	USER(9, nr_gids, htole32(341), "cannot have");
	USER(9, nr_projids, ~0, "cannot have");
	USER(9, limits[CKPT_LIMIT_TIME], htole32(1U << 31), "cannot have");
	USER(9, rlimits[CKPT_RLIMIT_MEMLOCK], htole64(1ULL << 63), "cannot have");
	USER(9, extents[0].count, 0, "cannot have");
	USER(9, extents[2].count, 0, "cannot have");
	USER(9, extents[0].first, ~0, "cannot have");
	USER(9, extents[0].lower, htole32(0xfffffff7), "cannot have");
	USER(9, extents[1].first, htole32(9), "cannot have");
	USER(9, extents[1].lower, htole32(991), "cannot have");
	FIELD(CKPT_NS, 9, ckpt_ns, kind, htole32(CKPT_NS_CGROUP), "cannot have");
	FIELD(CKPT_NS, 9, ckpt_ns, owner, htole32(9), "owner is not there");
	FIELD(CKPT_NS, 10, ckpt_ns, owner, htole32(8), "owner is not there");
	FIELD(CKPT_NS, 10, ckpt_ns, owner, htole32(11), "owner is not there");
	FIELD(CKPT_TASK, 4, ckpt_task, ns[CKPT_ROLE_USER], htole32(8), "namespace that is not there");
	FIELD(CKPT_TASK, 4, ckpt_task, ns[CKPT_ROLE_USER], htole32(11), "namespace that is not there");
	FIELD(CKPT_TASK, 2, ckpt_task, ns[CKPT_ROLE_USER], htole32(9), "another user namespace");
	FIELD(CKPT_TASK, 4, ckpt_task, exec_user, htole32(5), "user namespace that is not there");
	FIELD(CKPT_TASK, 2, ckpt_task, exec_user, htole32(9), "another user namespace");
	FIELD(CKPT_TASK, 7, ckpt_task, exec_user, htole32(9), "not all of it");
	FIELD(CKPT_TASK, 1, ckpt_task, pid_owner, htole32(9), "not of the image");
	FIELD(CKPT_TASK, 4, ckpt_task, pid_owner, htole32(9), "not of the image");
	FIELD(CKPT_TASK, 4, ckpt_task, pid_owner, htole32(11), "user namespace that is not there");
	/* a user namespace of nobody */
	make_image();
	((struct ckpt_task *)payload(CKPT_TASK, 4))->ns[CKPT_ROLE_USER] = 0;
	((struct ckpt_task *)payload(CKPT_TASK, 7))->ns[CKPT_ROLE_USER] = 0;
	seal();
	assert_int_equal(check(), -EBADMSG);
	assert_non_null(strstr(why, "a namespace of no task"));
}

static void every_field_is_checked_by_its_meaning(void **state)
{
	static const char * const bad_paths[] = {
		"a/b/", "/a/b/", "/a//", "//ab", "/./a", "/../", "/a/.", "/a\0b", "/a\nb", "/\0\0\0",
	};
	size_t i;

	(void)state;
	HEADER(CKPT_IMAGE, 1, type, htole16(CKPT_FILE), "not an image");
	HEADER(CKPT_FILE, 1, type, htole16(99), "unknown type");
	HEADER(CKPT_FILE, 1, version, htole16(2), "unknown version");
	HEADER(CKPT_FILE, 2, id, htole32(1), "wrong id");
	HEADER(CKPT_VMA, 1, id, htole32(1), "wrong id");
	HEADER(CKPT_FILE, 1, length, htole32(3), "impossible length");
	HEADER(CKPT_PAGES, 1, length, htole32(0xfffffff0), "impossible length");
	HEADER(CKPT_IMAGE, 1, length, htole32(8), "impossible length");

	FIELD(CKPT_IMAGE, 1, ckpt_image, magic, 1, "not an image");
	FIELD(CKPT_IMAGE, 1, ckpt_image, version, htole32(2), "unknown version");
	FIELD(CKPT_IMAGE, 1, ckpt_image, page_size, htole32(4097), "size of pages");
	FIELD(CKPT_IMAGE, 1, ckpt_image, page_size, 0, "size of pages");
	FIELD(CKPT_IMAGE, 1, ckpt_image, nr_tasks, 0, "number of tasks");
	FIELD(CKPT_IMAGE, 1, ckpt_image, nr_tasks, htole32(9), "tasks are missing");
	FIELD(CKPT_IMAGE, 1, ckpt_image, nr_tasks, htole32(1), "more tasks");
	FIELD(CKPT_IMAGE, 1, ckpt_image, release[63], 'x', "release");

	FIELD(CKPT_FILE, 1, ckpt_file, kind, htole32(99), "unknown kind");
	FIELD(CKPT_FILE, 1, ckpt_file, data[0], 'x', "path");
	FIELD(CKPT_FILE, 2, ckpt_file, data[3], 0, "path");
	FIELD(CKPT_FILE, 1, ckpt_file, pos, htole64(1ULL << 63), "offset");
	FIELD(CKPT_FILE, 1, ckpt_file, pipe, htole32(1), "cannot have");
	FIELD(CKPT_FILE, 1, ckpt_file, mapped, htole32(2), "cannot have");
	FIELD(CKPT_FILE, 1, ckpt_file, inode, htole32(1), "cannot have");
	FIELD(CKPT_FILE, 5, ckpt_file, inode, 0, "inode is not there");
	FIELD(CKPT_FILE, 5, ckpt_file, inode, htole32(9), "inode is not there");
	FIELD(CKPT_FILE, 5, ckpt_file, mode, 1, "cannot have");
	FIELD(CKPT_FILE, 5, ckpt_file, pipe, 1, "cannot have");
	FIELD(CKPT_FILE, 5, ckpt_file, pos, htole64(1ULL << 63), "offset");

	FIELD(CKPT_FILE, 7, ckpt_file, mode, htole32(2), "eventfd");
	FIELD(CKPT_FILE, 7, ckpt_file, size, ~0ULL, "eventfd");
	FIELD(CKPT_FILE, 7, ckpt_file, pos, 1, "eventfd");
	FIELD(CKPT_FILE, 7, ckpt_file, inode, htole32(1), "cannot have");

	FIELD(CKPT_INODE, 1, ckpt_inode, kind, 0, "unknown kind");
	FIELD(CKPT_INODE, 1, ckpt_inode, kind, htole32(CKPT_INODE_NR_KINDS), "unknown kind");
	FIELD(CKPT_INODE, 1, ckpt_inode, flags, htole32(0x80), "unknown flags");
	FIELD(CKPT_INODE, 1, ckpt_inode, mode, htole32(0100777), "unknown flags");
	FIELD(CKPT_INODE, 1, ckpt_inode, size, htole64(1ULL << 63), "impossible size");
	FIELD(CKPT_INODE, 1, ckpt_inode, seals, htole32(0x40), "seals");
	FIELD(CKPT_INODE, 2, ckpt_inode, seals, htole32(1), "seals");
	FIELD(CKPT_INODE, 1, ckpt_inode, data[1], 0, "wrong name");
	FIELD(CKPT_INODE, 2, ckpt_inode, kind, htole32(CKPT_INODE_MEMFD), "wrong name");

	HEADER(CKPT_INODE, 3, length, htole32(sizeof(struct ckpt_inode)), "impossible length");
	FIELD(CKPT_INODE, 1, ckpt_inode, flags, htole32(CKPT_INODE_LOCKED), "unknown flags");
	FIELD(CKPT_INODE, 3, ckpt_inode, flags, htole32(8), "unknown flags");
	FIELD(CKPT_INODE, 3, ckpt_inode, flags, htole32(CKPT_INODE_REMOVED), "not its key");
	FIELD(CKPT_INODE, 3, ckpt_inode, size, 0, "cannot have");
	FIELD(CKPT_INODE, 3, ckpt_inode, mode, htole32(01640), "cannot have");
	FIELD(CKPT_INODE, 3, ckpt_inode, seals, htole32(1), "seals");
	FIELD(CKPT_INODE, 3, ckpt_inode, kind, htole32(CKPT_INODE_ANON), "unknown flags");
	SHM(id, htole32(0x80000000), "impossible id");
	SHM(cpid, htole32(0x400001), "impossible pid");
	SHM(lpid, htole32(0x400001), "impossible pid");
	SHM(creator, htole32(-1), "impossible pid");
	SHM(reserved, htole32(1), "cannot have");

	HEADER(CKPT_INODE, 4, length, htole32(sizeof(struct ckpt_inode) + 24), "without a directory");
	HEADER(CKPT_INODE, 4, length, htole32(sizeof(struct ckpt_inode) + 8), "without a directory");
	FIELD(CKPT_INODE, 4, ckpt_inode, flags, htole32(1), "unknown flags");
	FIELD(CKPT_INODE, 3, ckpt_inode, flags, htole32(CKPT_INODE_LINKABLE), "unknown flags");
	FIELD(CKPT_INODE, 4, ckpt_inode, seals, htole32(1), "seals");
	FIELD(CKPT_INODE, 4, ckpt_inode, data[24], 'x', "without a directory");
	FIELD(CKPT_INODE, 4, ckpt_inode, data[28], 0, "without a directory");

	FIELD(CKPT_FILE, 3, ckpt_file, pipe, 0, "wrong number");
	FIELD(CKPT_FILE, 3, ckpt_file, pipe, htole32(2), "wrong number");
	FIELD(CKPT_FILE, 3, ckpt_file, size, htole64(6), "contents");
	FIELD(CKPT_FILE, 3, ckpt_file, capacity, htole32(4), "impossible size");
	FIELD(CKPT_FILE, 3, ckpt_file, capacity, htole32(65537), "impossible size");
	FIELD(CKPT_FILE, 4, ckpt_file, pos, 1, "cannot have");
	FIELD(CKPT_FILE, 3, ckpt_file, mode, htole32(1), "contents are wrong");
	FIELD(CKPT_FILE, 3, ckpt_file, mode, htole32(0xffffffff), "contents are wrong");
	FIELD(CKPT_FILE, 3, ckpt_file, rdev, htole32(1), "cannot have");
	FIELD(CKPT_FILE, 9, ckpt_file, pipe, htole32(1), "contents are wrong");
	FIELD(CKPT_FILE, 9, ckpt_file, pipe, htole32(3), "wrong number");
	FIELD(CKPT_FILE, 9, ckpt_file, size, htole64(99), "path");
	FIELD(CKPT_FILE, 9, ckpt_file, size, htole64(-8), "path");
	FIELD(CKPT_FILE, 9, ckpt_file, mode, htole32(99), "path");
	FIELD(CKPT_FILE, 9, ckpt_file, rdev, htole32(2), "cannot have");
	FIELD(CKPT_FILE, 9, ckpt_file, data[21], 'x', "path");
	FIELD(CKPT_FILE, 9, ckpt_file, data[24], 0, "path");
	FIELD(CKPT_FILE, 9, ckpt_file, data[0], 4, "contents are wrong");
	FIELD(CKPT_FILE, 9, ckpt_file, data[0], 0, "impossible packet");
	FIELD(CKPT_FILE, 9, ckpt_file, data[1], 0x10, "impossible packet");
	FIELD(CKPT_FILE, 9, ckpt_file, inode, htole32(1), "cannot have");

	FIELD(CKPT_FDTABLE, 1, ckpt_fd, file, htole32(11), "not there");
	FIELD(CKPT_FDTABLE, 1, ckpt_fd, file, 0, "not there");
	FIELD(CKPT_FDTABLE, 1, ckpt_fd, fd, htole32(4), "out of order");
	FIELD(CKPT_FDTABLE, 1, ckpt_fd, cloexec, htole32(2), "unknown flags");

	FIELD(CKPT_MM, 1, ckpt_mm, exe, htole32(11), "executable");
	FIELD(CKPT_MM, 1, ckpt_mm, nr_vmas, htole32(5), "mapping is missing");
	FIELD(CKPT_MM, 1, ckpt_mm, nr_vmas, htole32(3), "no address space");
	FIELD(CKPT_MM, 1, ckpt_mm, brk, htole64(1), "ends before it begins");

	FIELD(CKPT_MM, 1, ckpt_mm, reserved, 1, "unknown flags");
	FIELD(CKPT_MM, 1, ckpt_mm, mmap_base, htole64(0x700001), "impossible base");
	FIELD(CKPT_MM, 1, ckpt_mm, flags, htole32(CKPT_MM_FLAGS + 1), "unknown flags");
	FIELD(CKPT_MM, 1, ckpt_mm, flags, htole32(CKPT_MM_MDWE_NO_INHERIT), "unknown flags");
	FIELD(CKPT_MM, 1, ckpt_mm, flags, htole32(CKPT_MM_LOCK_ONFAULT), "unknown flags");

	FIELD(CKPT_VMA, 2, ckpt_vma, name[1], '\n', "wrong name");
	FIELD(CKPT_VMA, 2, ckpt_vma, name[1], '$', "wrong name");
	FIELD(CKPT_VMA, 2, ckpt_vma, name[1], 0, "wrong name");
	FIELD(CKPT_VMA, 3, ckpt_vma, kind, htole32(CKPT_VMA_KERNEL), "file that is not there");
	FIELD(CKPT_VMA, 4, ckpt_vma, name[0], '[', "wrong name");
	FIELD(CKPT_VMA, 4, ckpt_vma, name[1], 0, "wrong name");
	FIELD(CKPT_VMA, 2, ckpt_vma, flags, htole32(CKPT_VMA_ONFAULT), "unknown flags");
	FIELD(CKPT_VMA, 1, ckpt_vma, start, htole64(0x402000), "impossible size");
	FIELD(CKPT_VMA, 1, ckpt_vma, end, htole64(0x401001), "impossible size");
	FIELD(CKPT_VMA, 2, ckpt_vma, start, htole64(0x401000), "out of order");
	FIELD(CKPT_VMA, 2, ckpt_vma, flags, htole32(CKPT_VMA_FLAGS + 1), "unknown flags");
	FIELD(CKPT_VMA, 2, ckpt_vma, kind, htole32(0), "unknown kind");
	FIELD(CKPT_VMA, 2, ckpt_vma, kind, htole32(CKPT_VMA_FILE), "file that is not there");
	FIELD(CKPT_VMA, 2, ckpt_vma, kind, htole32(CKPT_VMA_SHARED), "file that is not there");
	FIELD(CKPT_VMA, 2, ckpt_vma, kind, htole32(CKPT_VMA_NR_KINDS), "unknown kind");
	FIELD(CKPT_VMA, 2, ckpt_vma, file, htole32(1), "file that is not there");
	FIELD(CKPT_VMA, 1, ckpt_vma, flags, htole32(CKPT_VMA_GROWSDOWN), "stack");
	FIELD(CKPT_VMA, 1, ckpt_vma, flags, htole32(CKPT_VMA_MAYWRITE), "may not be");
	FIELD(CKPT_VMA, 3, ckpt_vma, flags, htole32(CKPT_VMA_WRITE), "may not be");
	FIELD(CKPT_VMA, 1, ckpt_vma, pgoff, htole64(~0ULL), "behind the end");
	FIELD(CKPT_VMA, 1, ckpt_vma, family, htole32(2), "family that is none");
	FIELD(CKPT_VMA, 2, ckpt_vma, family, htole32(3), "family that is none");
	FIELD(CKPT_VMA, 3, ckpt_vma, family, htole32(1), "family that is none");
	FIELD(CKPT_VMA, 1, ckpt_vma, family, 0, "only one of a family has");
	FIELD(CKPT_VMA, 3, ckpt_vma, anon_pgoff, 1, "only one of a family has");
	FIELD(CKPT_VMA, 1, ckpt_vma, anon_pgoff, htole64(~0ULL), "impossible address");
	FIELD(CKPT_VMA, 1, ckpt_vma, anon_pgoff, htole64((1ULL << 51) - 1), "impossible address");

	FIELD(CKPT_NS, 1, ckpt_ns, kind, 0, "unknown kind");
	FIELD(CKPT_NS, 1, ckpt_ns, kind, htole32(CKPT_NS_NR_KINDS), "unknown kind");
	FIELD(CKPT_NS, 1, ckpt_ns, kind, htole32(CKPT_NS_IPC), "cannot have");
	FIELD(CKPT_NS, 1, ckpt_ns, owner, htole32(1), "owner is not there");
	FIELD(CKPT_NS, 1, ckpt_ns, data[64], 1, "cannot have");
	FIELD(CKPT_NS, 1, ckpt_ns, data[7], 1, "cannot have");
	FIELD(CKPT_NS, 1, ckpt_ns, data[CKPT_UTS_LEN + 71], 1, "cannot have");
	FIELD(CKPT_NS, 2, ckpt_ns, data[offsetof(struct ckpt_ipc, shm_rmid_forced)], 2,
	      "cannot have");
	FIELD(CKPT_NS, 2, ckpt_ns, data[offsetof(struct ckpt_ipc, msgmax) + 3], 0x80,
	      "cannot have");
	FIELD(CKPT_NS, 2, ckpt_ns, data[offsetof(struct ckpt_ipc, sem[3]) + 3], 2, "cannot have");
	FIELD(CKPT_NS, 2, ckpt_ns, data[offsetof(struct ckpt_ipc, mq_msg_max) + 2], 2,
	      "cannot have");
	FIELD(CKPT_NS, 3, ckpt_ns, kind, htole32(CKPT_NS_TIME), "cannot have");
	FIELD(CKPT_NS, 6, ckpt_ns, kind, htole32(CKPT_NS_CGROUP), "cannot have");
	FIELD(CKPT_NS, 4, ckpt_ns, data[7], 0x40, "cannot have");
	FIELD(CKPT_NS, 4, ckpt_ns, data[offsetof(struct ckpt_clocks, entered)], 2, "cannot have");
	FIELD(CKPT_NS, 4, ckpt_ns, data[offsetof(struct ckpt_clocks, reserved)], 1,
	      "cannot have");
	HEADER(CKPT_NS, 1, length, htole32(4), "impossible length");
	FIELD(CKPT_TASK, 1, ckpt_task, ns[CKPT_ROLE_UTS], htole32(10), "namespace that is not there");
	FIELD(CKPT_TASK, 1, ckpt_task, ns[CKPT_ROLE_UTS], htole32(2), "namespace that is not there");
	FIELD(CKPT_TASK, 1, ckpt_task, ns[CKPT_ROLE_UTS], 0, "namespace that is not there");
	FIELD(CKPT_TASK, 1, ckpt_task, ns[CKPT_ROLE_IPC], htole32(1), "namespace that is not there");
	FIELD(CKPT_TASK, 2, ckpt_task, ns[CKPT_ROLE_UTS], htole32(1), "namespace that is not there");
	FIELD(CKPT_TASK, 3, ckpt_task, ns[CKPT_ROLE_UTS], htole32(1), "not all of it");
	FIELD(CKPT_TASK, 5, ckpt_task, ns[CKPT_ROLE_UTS], htole32(1), "not all of it");
	FIELD(CKPT_NS, 6, ckpt_ns, data[0], 6, "cannot have");
	FIELD(CKPT_NS, 8, ckpt_ns, data[0], 5, "cannot have");
	FIELD(CKPT_NS, 8, ckpt_ns, data[0], 8, "cannot have");
	FIELD(CKPT_NS, 8, ckpt_ns, data[0], 0, "pids of another pid namespace");
	FIELD(CKPT_NS, 8, ckpt_ns, data[4], 1, "cannot have");
	FIELD(CKPT_FILE, 1, ckpt_file, mnt, htole32(2), "mount namespace that is not there");
	FIELD(CKPT_FILE, 3, ckpt_file, mnt, htole32(1), "cannot have");
	FIELD(CKPT_FILE, 5, ckpt_file, mnt, htole32(1), "cannot have");
	FIELD(CKPT_FILE, 1, ckpt_file, reserved, 1, "cannot have");
	FIELD(CKPT_INODE, 4, ckpt_inode, data[offsetof(struct ckpt_deleted, mnt)], 2,
	      "mount namespace that is not there");
	FIELD(CKPT_INODE, 4, ckpt_inode, data[offsetof(struct ckpt_deleted, reserved)], 1, "reserved");
	FIELD(CKPT_FS, 1, ckpt_fs, kind, 0, "unknown kind");
	FIELD(CKPT_FS, 1, ckpt_fs, kind, htole32(CKPT_FS_NR_KINDS), "unknown kind");
	FIELD(CKPT_FS, 1, ckpt_fs, kind, htole32(CKPT_FS_PROC), "cannot have");
	FIELD(CKPT_FS, 1, ckpt_fs, flags, htole32(4), "cannot have");
	FIELD(CKPT_FS, 1, ckpt_fs, mode, htole32(010000), "cannot have");
	FIELD(CKPT_FS, 1, ckpt_fs, blocks, htole64(1ULL << 63), "cannot have");
	FIELD(CKPT_FS, 1, ckpt_fs, inodes, htole64(1ULL << 63), "cannot have");
	FIELD(CKPT_FS, 1, ckpt_fs, reserved, 1, "cannot have");
	FIELD(CKPT_FS, 1, ckpt_fs, source[1], 0, "without a source");
	FIELD(CKPT_INODE, 5, ckpt_inode, mode, htole32(0100644), "does not come first");
	FIELD(CKPT_INODE, 5, ckpt_inode, mode, htole32(0200644), "unknown flags");
	FIELD(CKPT_INODE, 5, ckpt_inode, size, htole64(1), "cannot have");
	FIELD(CKPT_INODE, 6, ckpt_inode, mode, htole32(0140644), "cannot have");
	FIELD(CKPT_INODE, 6, ckpt_inode, mode, htole32(0120644), "cannot have");
	FIELD(CKPT_INODE, 6, ckpt_inode, flags, htole32(1), "unknown flags");
	FIELD(CKPT_INODE, 6, ckpt_inode, seals, htole32(1), "seals");
	FIELD(CKPT_INODE, 7, ckpt_inode, mode, htole32(0644), "cannot have");
	FIELD(CKPT_INODE, 8, ckpt_inode, mode, htole32(0100644), "cannot have");
	NODE(5, fs, 0, "file system that is not there");
	NODE(5, fs, htole32(2), "file system that is not there");
	NODE(5, path[0], 0, "without a path");
	NODE(6, path[1], 0, "does not come first");
	NODE(6, path[1], '/', "without a path");
	NODE(6, rdev, htole32(1), "cannot have");
	NODE(6, reserved, 1, "cannot have");
	NODE(7, link, htole32(7), "name of a file that is not there");
	NODE(7, atime, 1, "cannot have");
	NODE(8, path[6], 0, "cannot have");
	FIELD(CKPT_NS, 7, ckpt_ns, owner, htole32(6), "owner is not there");
	FIELD(CKPT_NS, 7, ckpt_ns, owner, htole32(9), "owner is not there");
	FIELD(CKPT_NS, 7, ckpt_ns, data[0], 0, "cannot have");
	FIELD(CKPT_NS, 7, ckpt_ns, data[0], 1, "a mount of no namespace");
	FIELD(CKPT_NS, 7, ckpt_ns, data[0], 3, "a mount is missing");
	FIELD(CKPT_NS, 7, ckpt_ns, data[4], 1, "cannot have");
	FIELD(CKPT_MOUNT, 1, ckpt_mount, parent, htole32(1), "on one that is not there");
	FIELD(CKPT_MOUNT, 2, ckpt_mount, parent, 0, "on one that is not there");
	FIELD(CKPT_MOUNT, 2, ckpt_mount, parent, htole32(2), "on one that is not there");
	FIELD(CKPT_MOUNT, 1, ckpt_mount, attr, htole32(0x100000), "unknown flags");
	FIELD(CKPT_MOUNT, 1, ckpt_mount, attr, htole32(0x30), "unknown flags");
	FIELD(CKPT_MOUNT, 1, ckpt_mount, flags, htole32(0x100), "unknown flags");
	FIELD(CKPT_MOUNT, 1, ckpt_mount, flags, htole32(CKPT_MOUNT_LOCK_RDONLY), "unknown flags");
	FIELD(CKPT_MOUNT, 1, ckpt_mount, flags, htole32(CKPT_MOUNT_LOCK_NODEV), "unknown flags");
	FIELD(CKPT_MOUNT, 2, ckpt_mount, attr, htole32(0xd), "unknown flags");
	FIELD(CKPT_MOUNT, 2, ckpt_mount, attr, htole32(0x7), "unknown flags");
	FIELD(CKPT_MOUNT, 1, ckpt_mount, flags, htole32(3), "unknown flags");
	FIELD(CKPT_MOUNT, 2, ckpt_mount, flags, htole32(2), "unknown flags");
	FIELD(CKPT_MOUNT, 1, ckpt_mount, reserved, 1, "unknown flags");
	FIELD(CKPT_MOUNT, 1, ckpt_mount, group, htole32(2), "peer group");
	FIELD(CKPT_MOUNT, 2, ckpt_mount, fs, htole32(2), "file system that is not there");
	FIELD(CKPT_MOUNT, 2, ckpt_mount, fs, 0, "without a mount");
	FIELD(CKPT_MOUNT, 1, ckpt_mount, data[0], 'x', "wrong path");
	FIELD(CKPT_MOUNT, 1, ckpt_mount, data[2], 'x', "wrong path");
	FIELD(CKPT_MOUNT, 2, ckpt_mount, data[1], '/', "wrong path");
	FIELD(CKPT_MOUNT, 2, ckpt_mount, data[6], '/', "wrong path");
	FIELD(CKPT_TASK, 4, ckpt_task, ns[CKPT_ROLE_MNT], 0, "namespace");
	FIELD(CKPT_TASK, 4, ckpt_task, ns[CKPT_ROLE_MNT], htole32(6), "namespace that is not there");
	for (i = 0; i < sizeof(bad_paths) / sizeof(*bad_paths); i++) {
		make_image();
		memcpy(payload(CKPT_CGROUP, 1), bad_paths[i], 5);
		seal();
		if (check() != -EBADMSG || !strstr(why, "cgroup with a wrong path"))
			fail_msg("path \"%s\": \"%s\"", bad_paths[i], why);
	}
	FIELD(CKPT_TASK, 1, ckpt_task, cgroup, htole32(1), "cgroup that is not there");
	FIELD(CKPT_TASK, 2, ckpt_task, cgroup, htole32(1), "thread in another cgroup");
	FIELD(CKPT_TASK, 3, ckpt_task, cgroup, htole32(1), "not all of it");
	FIELD(CKPT_TASK, 4, ckpt_task, cgroup, htole32(2), "cgroup that is not there");
	FIELD(CKPT_TASK, 4, ckpt_task, cgroup, 0, "cgroup of no task");
	users_are_checked();
	FIELD(CKPT_TASK, 1, ckpt_task, nr_pids, htole32(1), "or pids");
	FIELD(CKPT_TASK, 1, ckpt_task, nr_pids, ~0, "or pids");
	FIELD(CKPT_TASK, 1, ckpt_task, ns[CKPT_ROLE_PID], htole32(6), "namespace that is not there");
	FIELD(CKPT_TASK, 4, ckpt_task, ns[CKPT_ROLE_PID], htole32(6), "pids of another");
	FIELD(CKPT_TASK, 7, ckpt_task, ns[CKPT_ROLE_PID], 0, "pids of another");
	FIELD(CKPT_TASK, 8, ckpt_task, ns[CKPT_ROLE_PID], htole32(6), "pids of another");
	FIELD(CKPT_TASK, 8, ckpt_task, ns[CKPT_ROLE_PID_CHILDREN], htole32(8), "not all of it");
	FIELD(CKPT_TASK, 7, ckpt_task, data[2], 0, "impossible pid");
	FIELD(CKPT_TASK, 7, ckpt_task, data[2], htole32(2), "does not come first");
	FIELD(CKPT_TASK, 8, ckpt_task, data[2], htole32((1 << 22) + 1), "impossible pid");

	FIELD(CKPT_TASK, 1, ckpt_task, pid, 0, "impossible pid");
	FIELD(CKPT_TASK, 1, ckpt_task, parent, htole32(1), "parent");
	FIELD(CKPT_TASK, 1, ckpt_task, leader, htole32(2), "no process");
	FIELD(CKPT_TASK, 1, ckpt_task, state, htole32(CKPT_TASK_ZOMBIE), "parent is not there");
	FIELD(CKPT_TASK, 4, ckpt_task, parent, 0, "parent");
	FIELD(CKPT_TASK, 4, ckpt_task, parent, htole32(4), "parent");
	FIELD(CKPT_TASK, 4, ckpt_task, pid, htole32(7), "same pid");
	FIELD(CKPT_TASK, 4, ckpt_task, pid, htole32(8), "same pid");
	FIELD(CKPT_TASK, 4, ckpt_task, pgrp, htole32(8), "group has no leader");
	FIELD(CKPT_TASK, 4, ckpt_task, pgrp, htole32(11), "group has no leader");
	FIELD(CKPT_TASK, 4, ckpt_task, session, htole32(11), "session has no leader");
	FIELD(CKPT_TASK, 4, ckpt_task, session, htole32(9), "leads no process group");
	FIELD(CKPT_TASK, 4, ckpt_task, mm, htole32(1), "lacks memory");
	FIELD(CKPT_TASK, 4, ckpt_task, mm, htole32(3), "lacks memory");
	FIELD(CKPT_TASK, 4, ckpt_task, mm, 0, "lacks memory");
	FIELD(CKPT_TASK, 4, ckpt_task, fdtable, htole32(3), "lacks memory, files");
	FIELD(CKPT_TASK, 4, ckpt_task, fdtable, htole32(1), "of no task");
	FIELD(CKPT_TASK, 4, ckpt_task, cwd, 0, "directory");
	FIELD(CKPT_TASK, 1, ckpt_task, umask, htole32(01000), "unknown flags");
	FIELD(CKPT_TASK, 1, ckpt_task, flags, htole32(0x40), "unknown flags");
	FIELD(CKPT_TASK, 1, ckpt_task, flags, htole32(CKPT_TASK_OWN_FS), "unknown flags");
	FIELD(CKPT_TASK, 1, ckpt_task, exit_signal, htole32(65), "signal");
	FIELD(CKPT_TASK, 1, ckpt_task, pdeath_signal, htole32(65), "signal");
	FIELD(CKPT_TASK, 1, ckpt_task, dumpable, htole32(3), "out of range");
	FIELD(CKPT_TASK, 1, ckpt_task, nice, htole32(20), "out of range");
	FIELD(CKPT_TASK, 1, ckpt_task, rt_priority, htole32(100), "out of range");
	FIELD(CKPT_TASK, 1, ckpt_task, oom_score_adj, htole32(1001), "out of range");
	FIELD(CKPT_TASK, 1, ckpt_task, oom_score_adj_min, htole32(-1001), "out of range");
	FIELD(CKPT_TASK, 1, ckpt_task, restart, htole32(9), "system call");
	FIELD(CKPT_TASK, 1, ckpt_task, nr_groups, htole32(2), "number of groups");
	FIELD(CKPT_TASK, 1, ckpt_task, nr_cpus, 0, "number of groups or CPUs");
	FIELD(CKPT_TASK, 1, ckpt_task, rlimits[3][0], htole64(1), "limit");
	FIELD(CKPT_TASK, 1, ckpt_task, comm[15], 'x', "name");
	FIELD(CKPT_TASK, 1, ckpt_task, rseq_flags, htole32(CKPT_RSEQ_FLAGS + 1), "sequence area with unknown");
	FIELD(CKPT_TASK, 1, ckpt_task, rseq_len, htole32(31), "sequence area at an impossible");
	FIELD(CKPT_TASK, 1, ckpt_task, rseq_len, htole32(32), "sequence area with unknown");
	FIELD(CKPT_TASK, 1, ckpt_task, rseq, htole64(0x500050), "sequence area at an impossible");
	FIELD(CKPT_TASK, 1, ckpt_task, rseq, htole64(0ULL - 32), "sequence area at an impossible");
	FIELD(CKPT_TASK, 1, ckpt_task, rseq, 0, "sequence area that is nowhere");
	FIELD(CKPT_TASK, 4, ckpt_task, rseq_len, htole32(32), "sequence area that is nowhere");
	FIELD(CKPT_TASK, 4, ckpt_task, rseq_sig, htole32(1), "sequence area that is nowhere");
	FIELD(CKPT_TASK, 4, ckpt_task, rseq_flags, htole32(1), "sequence area that is nowhere");
	FIELD(CKPT_TASK, 3, ckpt_task, rseq, htole64(64), "not all of it");
	FIELD(CKPT_TASK, 5, ckpt_task, rseq, htole64(64), "not all of it");
	FIELD(CKPT_TASK, 1, ckpt_task, root, htole32(11), "directory");
	FIELD(CKPT_TASK, 3, ckpt_task, root, htole32(1), "not all of it");
	FIELD(CKPT_TASK, 1, ckpt_task, state, htole32(CKPT_TASK_NR_STATES), "unknown state");
	FIELD(CKPT_TASK, 1, ckpt_task, status, htole32(1), "but how");
	FIELD(CKPT_TASK, 1, ckpt_task, state, htole32(CKPT_TASK_STOPPED), "impossible signal");

	FIELD(CKPT_TASK, 2, ckpt_task, leader, htole32(3), "no process");
	FIELD(CKPT_TASK, 2, ckpt_task, parent, htole32(2), "no process");
	FIELD(CKPT_TASK, 2, ckpt_task, state, htole32(CKPT_TASK_ZOMBIE), "no process");
	FIELD(CKPT_TASK, 2, ckpt_task, mm, htole32(1), "lacks memory");
	FIELD(CKPT_TASK, 2, ckpt_task, pgrp, htole32(7), "only a process has");
	FIELD(CKPT_TASK, 2, ckpt_task, exit_signal, htole32(17), "only a process has");
	FIELD(CKPT_TASK, 2, ckpt_task, flags, htole32(CKPT_TASK_SUBREAPER), "only a process has");
	FIELD(CKPT_TASK, 2, ckpt_task, rlimits[2][1], 1, "only a process has");
	FIELD(CKPT_TASK, 4, ckpt_task, leader, htole32(1), "no process");
	FIELD(CKPT_TASK, 3, ckpt_task, leader, htole32(2), "no process");
	FIELD(CKPT_TASK, 3, ckpt_task, mm, htole32(1), "not all of it");
	FIELD(CKPT_TASK, 3, ckpt_task, cwd, htole32(1), "not all of it");
	FIELD(CKPT_TASK, 3, ckpt_task, status, htole32(0x10000), "ended like that");
	FIELD(CKPT_TASK, 3, ckpt_task, status, htole32(0x309), "ended like that");
	FIELD(CKPT_TASK, 3, ckpt_task, state, 0, "lacks memory");

	FIELD(CKPT_TASK, 5, ckpt_task, status, htole32(0x309), "ended like that");
	FIELD(CKPT_TASK, 5, ckpt_task, fdtable, htole32(1), "lacks memory, files");
	FIELD(CKPT_TASK, 5, ckpt_task, mm, 0, "lacks memory");
	FIELD(CKPT_TASK, 5, ckpt_task, cwd, 0, "directory");
	FIELD(CKPT_TASK, 5, ckpt_task, state, 0, "lacks memory");
	FIELD(CKPT_TASK, 6, ckpt_task, state, htole32(CKPT_TASK_HEADLESS), "no process");
	FIELD(CKPT_TASK, 6, ckpt_task, leader, htole32(6), "none of whose threads");
	FIELD(CKPT_SIGNAL, 6, ckpt_signal, shared, 0, "impossible signal");

	FIELD(CKPT_LEADER, 1, ckpt_leader, pid, 0, "impossible pid");
	FIELD(CKPT_LEADER, 1, ckpt_leader, session, htole32((1 << 22) + 1), "impossible pid");
	FIELD(CKPT_LEADER, 1, ckpt_leader, pid, htole32(7), "same pid");
	FIELD(CKPT_LEADER, 1, ckpt_leader, pid, htole32(32), "group has no leader");
	FIELD(CKPT_LEADER, 1, ckpt_leader, session, htole32(32), "in two sessions");
	FIELD(CKPT_LEADER, 1, ckpt_leader, session, htole32(7), "in two sessions");
	FIELD(CKPT_LEADER, 2, ckpt_leader, session, htole32(7), "session has no leader");
	FIELD(CKPT_TASK, 5, ckpt_task, pgrp, htole32(31), "leader of nobody");
	HEADER(CKPT_LEADER, 1, id, htole32(1), "wrong id");

	FIELD(CKPT_TIMER, 1, ckpt_timer, kind, htole32(4), "unknown kind");
	FIELD(CKPT_TIMER, 1, ckpt_timer, armed, htole32(2), "impossible time");
	FIELD(CKPT_TIMER, 1, ckpt_timer, armed, 0, "impossible time");
	FIELD(CKPT_TIMER, 1, ckpt_timer, left, htole64(-1), "cannot have");
	FIELD(CKPT_TIMER, 1, ckpt_timer, signo, htole32(14), "cannot have");
	FIELD(CKPT_TIMER, 2, ckpt_timer, interval, htole64(-1), "impossible time");
	FIELD(CKPT_TIMER, 2, ckpt_timer, id, htole32(1U << 31), "out of range");
	FIELD(CKPT_TIMER, 2, ckpt_timer, clock, htole32(16), "out of range");
	FIELD(CKPT_TIMER, 2, ckpt_timer, signo, htole32(65), "out of range");

	FIELD(CKPT_REGS, 1, ckpt_regs, size, htole32(16), "wrong size");
	FIELD(CKPT_SIGNAL, 1, ckpt_signal, signo, htole32(65), "impossible signal");
	FIELD(CKPT_SIGNAL, 1, ckpt_signal, signo, htole32(11), "impossible signal");
	FIELD(CKPT_SIGNAL, 1, ckpt_signal, shared, htole32(2), "impossible signal");
	/* of the thread */
	FIELD(CKPT_SIGNAL, 3, ckpt_signal, shared, htole32(1), "impossible signal");
	HEADER(CKPT_CONTENTS, 2, type, htole16(CKPT_PAGES), "out of order");
	HEADER(CKPT_PAGES, 2, type, htole16(CKPT_CONTENTS), "out of order");
	FIELD(CKPT_CONTENTS, 1, ckpt_pages, owner, htole32(5), "out of order");
	FIELD(CKPT_CONTENTS, 1, ckpt_pages, addr, htole64(1), "impossible address");
	FIELD(CKPT_CONTENTS, 2, ckpt_pages, owner, htole32(1), "out of order");
	FIELD(CKPT_PAGES, 1, ckpt_pages, owner, htole32(3), "out of order");
	FIELD(CKPT_PAGES, 3, ckpt_pages, owner, htole32(1), "out of order");
	FIELD(CKPT_PAGES, 1, ckpt_pages, count, htole32(2), "number of pages");
	FIELD(CKPT_PAGES, 1, ckpt_pages, addr, htole64(0x500001), "impossible address");
	FIELD(CKPT_PAGES, 2, ckpt_pages, addr, htole64(0x500000), "out of order");
	FIELD(CKPT_SHARED, 1, ckpt_shared, owner, htole32(3), "out of order");
	FIELD(CKPT_SHARED, 1, ckpt_shared, owner, htole32(1), "out of order");
	FIELD(CKPT_SHARED, 1, ckpt_shared, addr, htole64(0x501000), "out of order");
	FIELD(CKPT_SHARED, 1, ckpt_shared, addr, htole64(1), "impossible address");
	FIELD(CKPT_SHARED, 1, ckpt_shared, count, 0, "number of pages");
	FIELD(CKPT_SHARED, 1, ckpt_shared, count, htole32(257), "number of pages");
	FIELD(CKPT_SHARED, 1, ckpt_shared, count, htole32(2), "out of order");
	FIELD(CKPT_SHARED, 1, ckpt_shared, from, 0, "did not come before");
	FIELD(CKPT_SHARED, 1, ckpt_shared, from, htole32(2), "did not come before");
	FIELD(CKPT_SHARED, 1, ckpt_shared, from_addr, htole64(1), "impossible address");
	FIELD(CKPT_SHARED, 1, ckpt_shared, from_addr, htole64(-0x1000), "impossible address");
	FIELD(CKPT_SHARED, 1, ckpt_shared, reserved, 1, "reserved");
	FIELD(CKPT_TRAILER, 1, ckpt_trailer, records, htole64(33), "records are missing");
	FIELD(CKPT_TRAILER, 1, ckpt_trailer, bytes, htole64(1), "records are missing");
	FIELD(CKPT_TRAILER, 1, ckpt_trailer, reserved, 1, "reserved");
}

static void every_namespace_is_of_a_task(void **state)
{
	(void)state;
	pid_namespaces = UNUSED;
	make_image();
	assert_int_equal(check(), -EBADMSG);
	assert_non_null(strstr(why, "a namespace of no task"));
	pid_namespaces = UNBORN;
	make_image();
	assert_int_equal(check(), -EBADMSG);
	assert_non_null(strstr(why, "a pid namespace without its first process"));
	pid_namespaces = FINE;
}

static void a_record_that_is_left_out_or_doubled_is_noticed(void **state)
{
	static uint8_t whole[sizeof(image.data)];
	size_t len, at = 0, size;
	struct ckpt_record *r;

	(void)state;
	make_image();
	len = image.len;
	memcpy(whole, image.data, len);
	while (at < len) {
		r = (void *)(whole + at);
		size = (uint8_t *)next_record(r) - (uint8_t *)r;

		memcpy(image.data, whole, at);
		memcpy(image.data + at, whole + at + size, len - at - size);
		image.len = len - size;
		seal();
		assert_int_equal(check(), -EBADMSG);

		memcpy(image.data, whole, at + size);
		memcpy(image.data + at + size, whole + at, len - at);
		image.len = len + size;
		seal();
		assert_int_equal(check(), -EBADMSG);
		at += size;
	}
}

static void the_order_of_records_is_covered_by_the_checksum(void **state)
{
	struct ckpt_record *a, *b;
	uint8_t page[sizeof(struct ckpt_record) + sizeof(struct ckpt_pages) + PAGE];
	uint64_t addr;

	(void)state;
	/* two records that change places, each with its own right checksum */
	make_image();
	a = find_record(CKPT_PAGES, 1);
	b = find_record(CKPT_PAGES, 2);
	addr = ((struct ckpt_pages *)(a + 1))->addr;
	memcpy(page, a, sizeof(page));
	memcpy(a, b, sizeof(page));
	memcpy(b, page, sizeof(page));
	((struct ckpt_pages *)(b + 1))->addr = htole64(le64toh(addr) + 8 * PAGE);
	b->crc = htole32(ckpt_crc(ckpt_record_crc(b), b + 1, le32toh(b->length)));
	assert_int_equal(check(), -EBADMSG);
	assert_non_null(strstr(why, "checksum of the whole"));
}

/* With checksums that fit, some are harmless; none may be a fault. */
static void mutants_do_no_harm(void **state)
{
	FILE *out = fopen("/dev/null", "w");
	uint64_t seed = 20260926;
	int i, n, refused = 0;

	(void)state;
	assert_non_null(out);
	for (i = 0; i < 10000; i++) {
		make_image();
		for (n = 1 + unit_random(&seed) % 4; n; n--)
			image.data[unit_random(&seed) % image.len] = unit_random(&seed);
		if (unit_random(&seed) % 4 == 0)
			image.len = unit_mutate((char *)image.data, image.len,
						sizeof(image.data), &seed);
		seal();
		refused += check_bytes(image.data, image.len, out, i & 1) != 0;
	}
	fclose(out);
	/* and the check is no formality */
	assert_true(refused > 3000);
}

static void show_prints_text_and_json(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out;

	(void)state;
	make_image();
	out = open_memstream(&text, &size);
	assert_int_equal(check_bytes(image.data, image.len, out, false), 0);
	fclose(out);
	assert_non_null(strstr(text, "task 4: pid=9 parent=2 leader=4 state=\"live\" pgrp=7 session=7 comm=\"job\""));
	assert_non_null(strstr(text, "file 2: flags=0 mnt=1 path=\"/bin/job\""));
	assert_non_null(strstr(text, "pages: mm=1 addr=0x500000 count=1"));
	assert_non_null(strstr(text, "inode 1: kind=\"memfd\" size=8192 mode=0777 uid=0 gid=0 "
			       "seals=1 name=\"heap\""));
	assert_non_null(strstr(text, "inode 3: kind=\"sysv\" size=4097 mode=0640 uid=0 gid=0 flags=0x2 "
			       "shmid=98305 key=0x1234 cuid=0 cgid=0 cpid=7 lpid=9 creator=8 "
			       "atime=0 dtime=0 ctime=1700000000"));
	assert_non_null(strstr(text, "inode 4: kind=\"deleted\" size=5 mode=04640 uid=0 gid=0 "
			       "linkable=1 atime_ns=1 mtime_ns=-2 dir=\"/var/tmp\""));
	assert_non_null(strstr(text, "file 6: flags=2 inode=2 pos=5"));
	assert_non_null(strstr(text, "fs 1: kind=\"tmpfs\" source=\"box\" flags=0x2 blocks=100 inodes=0 "
			       "mode=01777 uid=0 gid=0\n"));
	assert_non_null(strstr(text, "fs=1 path=\"/name\" link=6"));
	assert_non_null(strstr(text, "fs=1 path=\"/sym\" target=\"/file\""));
	assert_non_null(strstr(text, "ns 7: kind=\"mount\" owner=0 mounts=2\n"));
	assert_non_null(strstr(text, "mount: parent=1 on=\"/own\" fs=1 source=\"/file\" attr=0xf "
			       "flags=0xfc locks=[mount rdonly nosuid nodev noexec atime]\n"));
	assert_non_null(strstr(text, "file 9: flags=0 pipe=2 capacity=4096 bytes=9 chunks=3 "
			       "fifo=\"/run/fifo\" unseen=1"));
	assert_non_null(strstr(text, "leader: pid=30 session=31"));
	assert_non_null(strstr(text, "contents: inode=1 offset=0x1000 count=1"));
	assert_non_null(strstr(text, "ns 1: kind=\"uts\" owner=0 hostname=\"inside\" "
			       "domainname=\"of.it\""));
	assert_non_null(strstr(text, "ns 2: kind=\"ipc\" owner=0 shmmax=1234567"));
	assert_non_null(strstr(text, "ns 3: kind=\"cgroup\" owner=0\n"));
	assert_non_null(strstr(text, "cgroup 1: path=\"/a/b\"\n"));
	assert_non_null(strstr(text, "ns 4: kind=\"time\" owner=0 monotonic_ns=111 "
			       "boottime_ns=222 entered=0"));
	assert_non_null(strstr(text, " uts_ns=1 ipc_ns=2 cgroup_ns=3 time_ns_for_children=4 "
			       "rseq=0x500040 rseq_len=33 rseq_sig=0x53053053 rseq_flags=1\n"));
	assert_non_null(strstr(text, "vma: kind=\"kernel\" start=0x701000 end=0x702000 prot=\"r-x\" "
			       "flags=0x5 name=\"vdso\""));
	assert_non_null(strstr(text, " mmap_base=0x700000"));
	assert_non_null(strstr(text, "shared: mm=2 addr=0x4ff000 count=1 from=1 from_addr=0x503000"));
	assert_non_null(strstr(text, "name=\"heap\" family=2 anon_pgoff=1280"));
	assert_non_null(strstr(text, "ns 8: kind=\"pid\" owner=0 parent=6\n"));
	assert_non_null(strstr(text, " pid_ns=8 pids=[1 1]\n"));
	assert_non_null(strstr(text, "ns 9: kind=\"user\" owner=0 uid=0 gid=0 setgroups=\"allow\" "
			       "uid_map=[0:1000:10 10:1010:10] gid_map=[20:1020:10] projid_map=[]"));
	assert_non_null(strstr(text, " user_ns=10 exec_user_ns=9"));
	free(text);

	out = open_memstream(&text, &size);
	assert_int_equal(check_bytes(image.data, image.len, out, true), 0);
	fclose(out);
	assert_memory_equal(text, "[{\"type\": \"image\", \"id\": 0, \"version\": 1", 40);
	assert_non_null(strstr(text, "{\"type\": \"task\", \"id\": 4, \"pid\": 9, \"parent\": 2"));
	assert_non_null(strstr(text, "\"addr\": \"0x500000\""));
	assert_non_null(strstr(text, "\"rseq\": \"0x500080\", \"rseq_len\": 32, \"rseq_sig\": \"0x53053053\", "
			       "\"rseq_flags\": 0}"));
	assert_non_null(strstr(text, "\"hostname\": \"inside\", \"domainname\""));
	assert_non_null(strstr(text, "\"uid_map\": [[0, 1000, 10], [10, 1010, 10]]"));
	assert_non_null(strstr(text, "\"uts_ns\": 1, \"time_ns\": 4, "
			       "\"pid_ns_for_children\": 6, \"mnt_ns\": 7, \"user_ns\": 10, "
			       "\"exec_user_ns\": 9, \"cgroup\": 1}"));
	assert_non_null(strstr(text, "\"pid_ns\": 8, \"pids\": [1, 1]}"));
	assert_string_equal(text + strlen(text) - 3, "}]\n");
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_image_is_accepted),
		cmocka_unit_test(the_checksum_is_crc32c),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(a_byte_behind_the_trailer_is_refused),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(every_field_is_checked_by_its_meaning),
		cmocka_unit_test(every_namespace_is_of_a_task),
		cmocka_unit_test(a_record_that_is_left_out_or_doubled_is_noticed),
		cmocka_unit_test(the_order_of_records_is_covered_by_the_checksum),
		cmocka_unit_test(mutants_do_no_harm),
		cmocka_unit_test(show_prints_text_and_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
