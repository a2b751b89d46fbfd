/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of mount namespaces that are saved have in common. */
#ifndef BULKHEAD_CKPT_MOUNTS_H
#define BULKHEAD_CKPT_MOUNTS_H

#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "ckpt.h"
#include "file.h"
#include "kselftest_harness.h"

#define IMAGE	CKPT_DIR "/image"
#define OWN	CKPT_DIR "/own"		/* where a tmpfs of its own is mounted */
#define SIDE	CKPT_DIR "/side"	/* an empty directory */
#define OTHER	CKPT_DIR "/other"	/* likewise */

static inline int mountinfo_by_text(const void *a, const void *b)
{
	return strcmp(*(char **)a, *(char **)b);
}

/* /proc/self/mountinfo without the numbers that are new ones, in order of its lines. */
static inline char *mountinfo(void)
{
	static char text[32768];
	char *lines[256], *line, *save = NULL, *word, *more, *out = malloc(sizeof(text));
	int n = 0, i, len = 0, field;

	must(out && file_read("/proc/self/mountinfo", text, sizeof(text)) > 0);
	for (line = strtok_r(text, "\n", &save); line && n < 256; line = strtok_r(NULL, "\n", &save)) {
		/* id, parent, device */
		for (field = 0; field < 3; field++)
			line = strchr(line, ' ') + 1;
		lines[n++] = line;
	}
	qsort(lines, n, sizeof(*lines), mountinfo_by_text);
	for (i = 0; i < n; i++) {
		for (word = strtok_r(lines[i], " ", &more); word; word = strtok_r(NULL, " ", &more))
			len += snprintf(out + len, sizeof(text) - len, "%.*s ",
					strncmp(word, "shared:", 7) && strncmp(word, "master:", 7) ?
					1000 : 7, word);
		len += snprintf(out + len, sizeof(text) - len, "\n");
	}
	return out;
}

/* The job "slave" is restarted, and then something is mounted in what it is a slave of. */
static inline void expect_slave(struct __test_metadata *_metadata)
{
	pid_t pid;

	ASSERT_EQ(mount(SIDE, SIDE, NULL, MS_BIND, NULL), 0);
	ASSERT_EQ(mount(NULL, SIDE, NULL, MS_SHARED, NULL), 0);
	ASSERT_EQ(mkdir(SIDE "/sub", 0755) || mkdir(SIDE "/mine", 0755), 0);
	pid = ckpt_start("slave");
	ASSERT_EQ(ckpt_save(pid, IMAGE), 0) TH_LOG("%s", ckpt_said());
	ckpt_kill(pid);
	ASSERT_EQ(ckpt_restart(IMAGE), 0) TH_LOG("%s", ckpt_said());
	job_touch(CKPT_DIR "/go");
	ASSERT_TRUE(ckpt_appears(CKPT_DIR "/mount-it") || ckpt_appears(CKPT_DIR "/verdict"));
	ASSERT_EQ(mount("sub", SIDE "/sub", "tmpfs", 0, NULL), 0);
	job_touch(SIDE "/sub/there");
	ASSERT_STREQ(ckpt_verdict(), "ok");
}

#endif /* BULKHEAD_CKPT_MOUNTS_H */
