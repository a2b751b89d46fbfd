/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of mount namespaces that are saved have in common. */
#ifndef BULKHEAD_CKPT_MOUNTS_H
#define BULKHEAD_CKPT_MOUNTS_H

#include <stdlib.h>
#include "ckpt.h"
#include "file.h"

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

#endif /* BULKHEAD_CKPT_MOUNTS_H */
