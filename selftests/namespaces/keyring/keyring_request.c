// SPDX-License-Identifier: GPL-2.0
/*
 * A key that is asked for and not there is made by a helper, /sbin/request-key
 * of the initial namespaces: what it is told, what it may do, and what comes of
 * it for who asked. The helper is this program.
 *
 * Promises from request_key(2), keyctl_instantiate(3), keyrings(7) and
 * Documentation/security/keys/request-key.rst.
 */
#include "kselftest_harness.h"
#include <sys/stat.h>
#include "keys.h"
#include "usermap.h"

#define HELPER		"/sbin/request-key"
#define ORDER		"/tmp/request-key.order"
#define REPORT		"/tmp/request-key.report"
#define WANTED		"bulkhead:wanted"

/* What the helper has seen and done, a line in REPORT for each time it ran. */
struct report {
	int runs;
	char op[16];
	int key, uid, gid, thread, process, session;
	/* namespaces in which it ran, what it found, and what its act returned */
	ino_t pid_ns, user_ns;
	long marker, act;
	char callout[32];
};

static ino_t ns_inode(const char *name)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	must(!stat(path, &st));
	return st.st_ino;
}

static long instantiate(long key, const char *payload, long ring)
{
	return key_ctl(KEYCTL_INSTANTIATE, key, (unsigned long)payload, strlen(payload), ring);
}

/* As ORDER says: how a helper ends a request, or does not. */
static long act(const char *order, long key, long session)
{
	if (!strcmp(order, "instantiate"))
		return instantiate(key, "from the helper", session);
	if (!strcmp(order, "negate"))
		return key_ctl(KEYCTL_NEGATE, key, 1000, session, 0);
	if (!strcmp(order, "reject"))
		return key_ctl(KEYCTL_REJECT, key, 1000, EKEYREJECTED, session);
	if (!strcmp(order, "reject with what is no error"))
		return key_ctl(KEYCTL_REJECT, key, 1000, 0, session);
	return 0;
}

/* What the kernel runs: request-key OP KEY UID GID THREAD PROCESS SESSION. */
static int helper(int argc, char **argv)
{
	char order[64] = "", callout[32] = "";
	long key, session, marker, done;
	FILE *report;

	if (argc != 8)
		return 1;
	key = atol(argv[2]);
	session = atol(argv[7]);
	if (file_read(ORDER, order, sizeof(order)) < 0)
		return 1;
	if (!strcmp(order, "instantiate without authority")) {
		done = instantiate(key, "x", session);
	} else {
		if (key_ctl(KEYCTL_ASSUME_AUTHORITY, key, 0, 0, 0) < 0)
			return 1;
		key_read(KEY_SPEC_REQKEY_AUTH_KEY, callout, sizeof(callout));
		done = 0;
	}
	/* With its authority come the keyrings of who asked. */
	marker = key_find(session, "user", "bulkhead:marker");
	if (!done)
		done = act(order, key, session);
	report = fopen(REPORT, "a");
	if (!report)
		return 1;
	fprintf(report, "%s %s %s %s %s %s %s %lu %lu %ld %ld %s\n", argv[1], argv[2], argv[3],
		argv[4], argv[5], argv[6], argv[7], ns_inode("pid"), ns_inode("user"), marker,
		done, callout);
	return fclose(report) ? 1 : 0;
}

static struct report reported(void)
{
	struct report r = {};
	char line[256];
	FILE *f = fopen(REPORT, "r");

	while (f && fgets(line, sizeof(line), f)) {
		*r.callout = '\0';
		must(sscanf(line, "%15s %d %d %d %d %d %d %lu %lu %ld %ld %31s", r.op, &r.key,
			    &r.uid, &r.gid, &r.thread, &r.process, &r.session, &r.pid_ns,
			    &r.user_ns, &r.marker, &r.act, r.callout) >= 11);
		r.runs++;
	}
	if (f)
		fclose(f);
	return r;
}

static long request(const char *callout, long ring)
{
	long ret = syscall(SYS_request_key, "user", WANTED, callout, ring);

	return ret < 0 ? -errno : ret;
}

/* Tells the helper how to end the next request. */
static bool ordered(const char *what)
{
	FILE *f = fopen(ORDER, "w");

	return f && fputs(what, f) >= 0 && !fclose(f);
}

FIXTURE(request)
{
	long session;
	bool installed;
};

FIXTURE_SETUP(request)
{
	char self_path[PATH_MAX] = "";

	self->session = key_session(NULL);
	if (self->session == -ENOSYS)
		SKIP(return, "this kernel has no keys");
	ASSERT_GT(self->session, 0);
	if (!access(HELPER, F_OK))
		SKIP(return, "this guest has a " HELPER);
	ASSERT_GT(readlink("/proc/self/exe", self_path, sizeof(self_path) - 1), 0);
	ASSERT_EQ(0, symlink(self_path, HELPER));
	self->installed = true;
	unlink(REPORT);
}

FIXTURE_TEARDOWN(request)
{
	if (self->installed)
		EXPECT_EQ(0, unlink(HELPER));
}

TEST_F(request, a_helper_makes_the_key_for_who_asked)
{
	struct report r;
	long marker = key_user("bulkhead:marker", "x", self->session), key;

	ASSERT_TRUE(ordered("instantiate"));
	key = request("please", self->session);
	ASSERT_GT(key, 0);
	EXPECT_TRUE(key_is(key, "from the helper"));
	EXPECT_EQ(key, key_find(self->session, "user", WANTED));
	r = reported();
	EXPECT_EQ(1, r.runs);
	EXPECT_STREQ("create", r.op);
	EXPECT_EQ(key, r.key);
	EXPECT_EQ(0, r.uid);
	EXPECT_EQ(0, r.gid);
	EXPECT_EQ(self->session, r.session);
	EXPECT_EQ(marker, r.marker);
	EXPECT_EQ(0, r.act);
	EXPECT_STREQ("please", r.callout);
	/* It is there now, and nobody has to be asked. */
	EXPECT_EQ(key, request("please", self->session));
	EXPECT_EQ(1, reported().runs);
	EXPECT_EQ(-EPERM, instantiate(key, "once more", self->session));
}

/*
 * A container has no helper of its own: the initial namespaces' is asked, which
 * is told the ids that the user has there, and acts with the user's keyrings.
 */
TEST_F(request, a_container_s_request_is_for_the_initial_namespaces)
{
	ino_t pid_ns = ns_inode("pid"), user_ns = ns_inode("user");
	pid_t pid;

	ASSERT_TRUE(ordered("instantiate"));
	pid = userns_fork(CLONE_NEWPID);
	if (!pid) {
		long session, marker, thread, process, key;
		struct report r;

		userns_become(5, 6);
		session = key_session(NULL);
		must(session > 0);
		marker = key_user("bulkhead:marker", "x", session);
		must(marker > 0);
		thread = key_serial(KEY_SPEC_THREAD_KEYRING, true);
		process = key_serial(KEY_SPEC_PROCESS_KEYRING, true);
		must(thread > 0 && process > 0);
		key = request("please", session);
		must(key > 0 && key_is(key, "from the helper"));
		r = reported();
		must(r.runs == 1 && r.key == key);
		must(r.uid == USERNS_BASE + 5 && r.gid == USERNS_BASE + 6);
		must(r.thread == thread && r.process == process && r.session == session);
		must(r.pid_ns == pid_ns && r.user_ns == user_ns);
		must(r.marker == marker);
		must(r.pid_ns != ns_inode("pid") && r.user_ns != ns_inode("user"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

/* And that is remembered for as long as the helper says. */
TEST_F(request, a_negated_key_is_not_to_be_had)
{
	ASSERT_TRUE(ordered("negate"));
	EXPECT_EQ(-ENOKEY, request("please", self->session));
	EXPECT_EQ(0, reported().act);
	EXPECT_EQ(-ENOKEY, request("please", self->session));
	EXPECT_EQ(1, reported().runs);
	EXPECT_EQ(-ENOKEY, key_find(self->session, "user", WANTED));
}

TEST_F(request, a_rejected_key_has_the_helper_s_error)
{
	ASSERT_TRUE(ordered("reject"));
	EXPECT_EQ(-EKEYREJECTED, request("please", self->session));
	EXPECT_EQ(0, reported().act);
	EXPECT_EQ(-EKEYREJECTED, request("please", self->session));
	EXPECT_EQ(1, reported().runs);
	EXPECT_EQ(-EKEYREJECTED, key_find(self->session, "user", WANTED));
}

TEST_F(request, what_is_no_error_rejects_nothing)
{
	ASSERT_TRUE(ordered("reject with what is no error"));
	EXPECT_EQ(-ENOKEY, request("please", self->session));
	EXPECT_EQ(-EINVAL, reported().act);
}

TEST_F(request, a_helper_that_does_nothing_leaves_no_key)
{
	ASSERT_TRUE(ordered("nothing"));
	EXPECT_EQ(-ENOKEY, request("please", self->session));
	EXPECT_EQ(1, reported().runs);
}

/* To have been started for it is not enough. */
TEST_F(request, without_taking_authority_a_helper_makes_no_key)
{
	ASSERT_TRUE(ordered("instantiate without authority"));
	EXPECT_EQ(-ENOKEY, request("please", self->session));
	EXPECT_EQ(-EPERM, reported().act);
}

/* Only what comes with a text for the helper has one. */
TEST_F(request, without_callout_information_nobody_is_asked)
{
	ASSERT_TRUE(ordered("instantiate"));
	EXPECT_EQ(-ENOKEY, request(NULL, self->session));
	EXPECT_EQ(0, reported().runs);
	EXPECT_GT(request("", self->session), 0);
	EXPECT_EQ(1, reported().runs);
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');

	if (!strcmp(name ? name + 1 : argv[0], "request-key"))
		return helper(argc, argv);
	return test_harness_run(argc, argv);
}
