// SPDX-License-Identifier: GPL-2.0
/*
 * uid_map, gid_map and projid_map: what a map may look like, that it is
 * written once and in one go, how long it may be, and that it then says what
 * was written.
 *
 * Promises from user_namespaces(7), "Defining user and group ID mappings:
 * writing to uid_map and gid_map". Who may write is in userns_mapwriters.c.
 */
#include "kselftest_harness.h"
#include "usermap.h"

/* user_namespaces(7): "since Linux 4.15, 340 lines". */
#define MAX_LINES	340
/* As many as fit the namespace itself; more are kept, and found, elsewhere. */
#define FEW_LINES	5

/* A namespace without maps, whose creator, the test, is root. */
FIXTURE(map)
{
	pid_t pid;
};

FIXTURE_VARIANT(map)
{
	const char *file;
};

FIXTURE_VARIANT_ADD(map, uid) { .file = "uid_map" };
FIXTURE_VARIANT_ADD(map, gid) { .file = "gid_map" };
FIXTURE_VARIANT_ADD(map, projid) { .file = "projid_map" };

FIXTURE_SETUP(map)
{
	self->pid = userns_sleeper_in(CLONE_NEWUSER);
	ASSERT_GT(self->pid, 0);
}

FIXTURE_TEARDOWN(map)
{
	proc_kill(self->pid);
}

/* Lines of a map in the order and with the blanks that a reader gets. */
static void line(char *out, uint32_t first, uint32_t lower, uint32_t count)
{
	sprintf(out + strlen(out), "%10u %10u %10u\n", first, lower, count);
}

/* Whether the map of @pid reads as @expected, which may end in a newline. */
static bool reads(pid_t pid, const char *file, const char *expected)
{
	static char text[MAX_LINES * 40];
	size_t len = strlen(expected);

	if (len && expected[len - 1] == '\n')
		len--;
	return userns_read(pid, file, text, sizeof(text)) == (ssize_t)len &&
	       !strncmp(text, expected, len);
}

TEST_F(map, it_is_empty_until_it_is_written)
{
	EXPECT_TRUE(reads(self->pid, variant->file, ""));
}

TEST_F(map, the_initial_one_maps_everything_and_is_not_written)
{
	EXPECT_TRUE(reads(0, variant->file,
			  "         0          0 4294967295"));
	EXPECT_EQ(-EPERM, userns_write(0, variant->file, "0 0 1"));
}

TEST_F(map, malformed_ones_are_refused_and_change_nothing)
{
	static const char * const maps[] = {
		/* fields that are missing, too many, or no numbers */
		"", "\n", " ", "0", "0 0", "0 0 ", "0 0\n", "0 0 1 1",
		"0 0 1x", "0 0 1 x", "x 0 1", "0 x 1", "0 0 x", "0x0 0 1",
		"0,0,1", "0 0 1.5", "+0 0 1", "\"0 0 1\"", "# 0 0 1",
		"-1 0 1", "0 -1 1", "0 0 -1", "0 0 1;0 1 1",
		/* an empty line anywhere */
		"\n0 0 1", "0 0 1\n\n", "0 0 1\n\n1 1 1", "0 0 1\n \n",
		/* nothing, and what is no id */
		"0 0 0", "4294967295 0 1", "0 4294967295 1",
		/* beyond the last id, on either side */
		"4294967294 0 2", "0 4294967294 2", "1 0 4294967295",
		"0 1 4294967295", "2147483648 0 2147483648",
		"0 2147483648 2147483648", "0 0 4294967296",
		/* overlaps: the same, one inside another, at either end */
		"0 0 1\n0 0 1", "0 0 1\n0 10 1", "0 0 1\n10 0 1",
		"0 0 10\n9 100 1", "0 0 10\n100 9 1", "5 5 5\n4 100 2",
		"5 5 5\n100 4 2", "0 0 10\n2 100 2", "2 100 2\n0 0 10",
		"0 0 10\n100 2 2", "100 2 2\n0 0 10",
		"0 0 1\n1 1 1\n2 2 1\n3 3 1\n4 4 1\n5 5 1\n6 6 1\n3 9 1",
		/* what is wrong may come late */
		"0 0 1\n1 1 1\n2 2 0", "0 0 1\n1 1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		EXPECT_EQ(-EINVAL, userns_write(self->pid, variant->file,
						maps[i]))
			TH_LOG("writing '%s'", maps[i]);
		EXPECT_TRUE(reads(self->pid, variant->file, ""));
	}
	/* None of them was the one write that there may be. */
	EXPECT_EQ(0, userns_write(self->pid, variant->file, "0 0 1"));
	EXPECT_TRUE(reads(self->pid, variant->file,
			  "         0          0          1"));
}

TEST_F(map, blanks_and_a_last_newline_are_as_one_likes)
{
	static const char * const maps[] = {
		"7 3 2", "7 3 2\n", "  7 3 2", "7   3   2", "7\t3\t2",
		"\t7 3 2 \t\n", "0007 03 2",
	};

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		pid_t pid = userns_sleeper_in(CLONE_NEWUSER);

		EXPECT_EQ(0, userns_write(pid, variant->file, maps[i]))
			TH_LOG("writing '%s'", maps[i]);
		EXPECT_TRUE(reads(pid, variant->file,
				  "         7          3          2"));
		EXPECT_EQ(-SIGKILL, proc_kill(pid));
	}
}

TEST_F(map, ranges_may_touch_and_cross)
{
	/* Side by side above, the other way round below. */
	ASSERT_EQ(0, userns_write(self->pid, variant->file,
				  "0 20 10\n10 10 10\n20 0 10"));
	EXPECT_TRUE(reads(self->pid, variant->file,
			  "         0         20         10\n"
			  "        10         10         10\n"
			  "        20          0         10"));
}

TEST_F(map, all_ids_may_be_mapped)
{
	ASSERT_EQ(0, userns_write(self->pid, variant->file, "0 0 4294967295"));
	EXPECT_TRUE(reads(self->pid, variant->file,
			  "         0          0 4294967295"));
}

TEST_F(map, the_last_id_may_be_mapped)
{
	ASSERT_EQ(0, userns_write(self->pid, variant->file,
				  "4294967294 4294967294 1"));
	EXPECT_TRUE(reads(self->pid, variant->file,
			  "4294967294 4294967294          1"));
}

TEST_F(map, it_is_written_once)
{
	ASSERT_EQ(0, userns_write(self->pid, variant->file, "0 100 1"));
	EXPECT_EQ(-EPERM, userns_write(self->pid, variant->file, "1 101 1"));
	EXPECT_EQ(-EPERM, userns_write(self->pid, variant->file, "0 100 1"));
	EXPECT_TRUE(reads(self->pid, variant->file,
			  "         0        100          1"));
}

TEST_F(map, it_is_written_from_the_beginning)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", self->pid, variant->file);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(1, lseek(fd, 1, SEEK_SET));
	EXPECT_EQ(-1, write(fd, "0 0 1", 5));
	EXPECT_EQ(EINVAL, errno);
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	EXPECT_EQ(5, write(fd, "0 0 1", 5));
	/* Where the first write ended there is no place for a second line. */
	EXPECT_EQ(-1, write(fd, "1 1 1", 5));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_TRUE(reads(self->pid, variant->file,
			  "         0          0          1"));
	close(fd);
}

TEST_F(map, less_than_a_page_is_taken_and_a_page_is_not)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *text = malloc(page + 2);

	ASSERT_NE(NULL, text);
	memset(text, ' ', page + 1);
	memcpy(text, "0 0 1", 5);
	text[page + 1] = '\0';
	EXPECT_EQ(-EINVAL, userns_write(self->pid, variant->file, text));
	text[page] = '\0';
	EXPECT_EQ(-EINVAL, userns_write(self->pid, variant->file, text));
	EXPECT_TRUE(reads(self->pid, variant->file, ""));
	text[page - 1] = '\0';
	EXPECT_EQ(0, userns_write(self->pid, variant->file, text));
	free(text);
}

/* @n lines, each for one id; what is first above is last below. */
static void many_lines(char *write, char *read, int n)
{
	*write = *read = '\0';
	for (int i = 0; i < n; i++) {
		sprintf(write + strlen(write), "%d %d 1\n", i, 500 - i);
		line(read, i, 500 - i, 1);
	}
}

TEST_F(map, many_lines_read_as_they_were_written)
{
	static const int counts[] = {
		2, FEW_LINES, FEW_LINES + 1, 100, MAX_LINES - 1, MAX_LINES,
	};
	static char text[4096], expected[MAX_LINES * 40];

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		pid_t pid = userns_sleeper_in(CLONE_NEWUSER);

		many_lines(text, expected, counts[i]);
		EXPECT_EQ(0, userns_write(pid, variant->file, text))
			TH_LOG("%d lines", counts[i]);
		EXPECT_TRUE(reads(pid, variant->file, expected))
			TH_LOG("%d lines", counts[i]);
		EXPECT_EQ(-SIGKILL, proc_kill(pid));
	}
}

TEST_F(map, one_line_too_many_is_refused_with_all_the_others)
{
	static char text[4096], expected[(MAX_LINES + 1) * 40];

	many_lines(text, expected, MAX_LINES + 1);
	ASSERT_LT(strlen(text), 4096);
	EXPECT_EQ(-EINVAL, userns_write(self->pid, variant->file, text));
	EXPECT_TRUE(reads(self->pid, variant->file, ""));
	many_lines(text, expected, MAX_LINES);
	EXPECT_EQ(0, userns_write(self->pid, variant->file, text));
	EXPECT_TRUE(reads(self->pid, variant->file, expected));
}

/* The whole of a refused map of many lines is forgotten, too. */
TEST_F(map, a_late_mistake_undoes_many_lines)
{
	static char text[4096], expected[MAX_LINES * 40];

	many_lines(text, expected, 100);
	strcat(text, "100 500 1\n");
	EXPECT_EQ(-EINVAL, userns_write(self->pid, variant->file, text));
	EXPECT_TRUE(reads(self->pid, variant->file, ""));
	EXPECT_EQ(0, userns_write(self->pid, variant->file, "0 0 1"));
	EXPECT_TRUE(reads(self->pid, variant->file,
			  "         0          0          1"));
}

/*
 * Whether the caller, root of its namespace, becomes the outside's @outer
 * when it becomes @inner: a file that it makes shows that.
 */
static bool is_mapped(uid_t inner, uid_t outer, struct baton *ask,
		      struct baton *answer)
{
	must(!setresuid(inner, inner, 0));
	baton_pass(ask, outer);
	must(!baton_take(answer));
	must(!setresuid(0, 0, 0));
	return true;
}

/* Few lines are searched one by one, many by halving: each must be found. */
TEST(ids_are_translated_by_every_line)
{
	static const int counts[] = { FEW_LINES, FEW_LINES + 1, MAX_LINES };
	static char text[4096], expected[MAX_LINES * 40], field[64], path[64];

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct baton ask = baton_make(), answer = baton_make();
		int n = counts[i];
		pid_t pid;

		many_lines(text, expected, n);
		pid = userns_fork_mapped(0, text, text);
		if (!pid) {
			/* Root has come in with an id that nobody has here. */
			must(getuid() == 65534);
			must(!setresuid(0, 0, 0));
			for (int id = 0; id < n; id++)
				must(is_mapped(id, 500 - id, &ask, &answer));
			/* There is nobody beyond the last. */
			must(setresuid(n, -1, -1) == -1 && errno == EINVAL);
			_exit(0);
		}
		ASSERT_GT(pid, 0);
		snprintf(path, sizeof(path), "/proc/%d/status", pid);
		for (int id = 0; id < n; id++) {
			uint32_t outer = baton_take(&ask);

			ASSERT_EQ(0, file_field(path, "Uid", field,
						sizeof(field)));
			EXPECT_EQ(outer, atoi(field));
			baton_pass(&answer, 0);
		}
		EXPECT_EQ(0, proc_end(pid));
	}
}

TEST(what_is_mapped_must_be_mapped_in_the_parent)
{
	pid_t pid = userns_fork_mapped(0, "0 100000 10\n10 200000 10",
				       "0 100000 10\n10 200000 10");

	if (!pid) {
		static const char * const unmapped[] = {
			"0 20 1", "0 19 2", "0 0 100", "0 100000 1",
			"0 0 1\n1 20 1",
			/* There, but not within one of the parent's lines. */
			"0 9 2", "0 0 20",
		};

		userns_become(0, 0);
		pid = userns_sleeper_in(CLONE_NEWUSER);
		for (size_t i = 0; i < ARRAY_SIZE(unmapped); i++) {
			must(userns_write(pid, "uid_map", unmapped[i]) ==
			     -EPERM);
			must(userns_write(pid, "gid_map", unmapped[i]) ==
			     -EPERM);
			must(userns_write(pid, "projid_map", unmapped[i]) ==
			     -EPERM);
		}
		must(!userns_write(pid, "uid_map", "0 0 10\n10 10 10"));
		must(!userns_write(pid, "gid_map", "0 0 10\n10 10 10"));
		_exit(0);
	}
	EXPECT_EQ(0, proc_end(pid));
}

TEST_HARNESS_MAIN
