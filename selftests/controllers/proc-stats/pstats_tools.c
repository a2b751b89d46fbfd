// SPDX-License-Identifier: GPL-2.0
/*
 * Debian's procps and busybox, run in the container with its proc at /proc: they
 * show the container.
 */
#include "cpustat.h"

BOXES_FIXTURE(tool)

#define DEBIAN	"/lib/debian/"

#define NEEDS(path) do {						\
	if (access(path, X_OK))						\
		SKIP(return, path " is not here");			\
} while (0)

/* What the command prints; its own failure is one of the test. */
static void output(const char *command, char *buf, size_t size)
{
	FILE *f = popen(command, "re");
	size_t n;

	must(f);
	n = fread(buf, 1, size - 1, f);
	buf[n] = '\0';
	must(!pclose(f));
}

/* Has whoever is in the box see its proc, and nobody else. */
static void own_proc(void)
{
	must(!unshare(CLONE_NEWNS));
	must(!mnt_make("/", MS_REC | MS_PRIVATE));
	must(!proc_mount("/proc", STATS));
}

/* The numbers that follow @word on its line, at most @n. */
static int numbers(const char *text, const char *word, double *v, int n)
{
	const char *p = strstr(text, word), *end;
	int i = 0;

	if (!p)
		return 0;
	p += strlen(word);
	end = p + strcspn(p, "\n");
	while (i < n && p < end) {
		p += strcspn(p, "0123456789\n");
		if (p >= end)
			break;
		v[i++] = strtod(p, (char **)&p);
	}
	return i;
}

static void check_free(const char *command)
{
	char out[4096];
	double v[6];

	output(command, out, sizeof(out));
	must(numbers(out, "Mem:", v, 6) == 6);
	must(v[0] == MB(64));
	must(v[1] >= MB(16) && v[1] < MB(20));		/* used */
	must(v[2] > MB(40) && v[2] < MB(48));		/* free */
	must(v[5] >= v[2] && v[5] < MB(49));		/* available */
	must(numbers(out, "Swap:", v, 3) == 3);
	must(v[0] == host_mem("SwapTotal"));
}

TEST_F(tool, free_shows_the_memory_of_the_container)
{
	NEEDS(DEBIAN "free");
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	ASSERT_LT(0, hog_that_stays(self->a->cg, MB(16)));
	EXPECT_EQ(0, IN_BOX(self->a, ({
		own_proc();
		check_free(DEBIAN "free -b");
		check_free("/bin/busybox free -b");
	})));
}

TEST_F(tool, top_shows_the_memory_and_the_tasks_of_the_container)
{
	NEEDS(DEBIAN "top");
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	spinner(self->a->cg);
	spinner(self->b->cg);
	EXPECT_EQ(0, IN_BOX(self->a, ({
		char out[16384];
		double v[8];

		own_proc();
		output(DEBIAN "top -b -n 1 -w 120", out, sizeof(out));
		must(numbers(out, "MiB Mem", v, 3) == 3);
		must(v[0] == 64.0);
		must(v[1] > 50 && v[1] <= 64);
		must(numbers(out, "load average:", v, 3) == 3);
		output("/bin/busybox top -b -n 1", out, sizeof(out));
		must(numbers(out, "Mem:", v, 2) == 2);
		must(v[0] + v[1] == 65536);
		must(numbers(out, "CPU:", v, 7) == 7);
	})));
}

TEST_F(tool, top_shows_where_the_time_went)
{
	NEEDS(DEBIAN "top");
	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "50000 100000"));
	spinner(self->a->cg);
	EXPECT_EQ(0, IN_BOX(self->a, ({
		char out[32768];
		char *second;
		double v[8];

		own_proc();
		output(DEBIAN "top -b -n 2 -d 1.5 -w 120", out, sizeof(out));
		second = strstr(out, "%Cpu");
		must(second);
		second = strstr(second + 1, "%Cpu");
		must(second);
		/* us, sy, ni, id, wa, hi, si, st */
		must(numbers(second, "(s)", v, 8) == 8);
		/* By cpu.max half and half, but what was too much is made up for later. */
		must(v[0] + v[1] + v[7] > 60);
		must(v[0] + v[1] > 0 && v[7] > 0);
	})));
}

TEST_F(tool, uptime_shows_the_age_and_the_load_of_the_container)
{
	NEEDS(DEBIAN "uptime");
	spinner(self->a->cg);
	ASSERT_TRUE(EVENTUALLY(({
		char buf[64];

		box_read(self->a, "loadavg", buf, sizeof(buf)) > 0 && atof(buf) > 0;
	})));
	EXPECT_EQ(0, IN_BOX(self->a, ({
		char out[256];
		double v[3];
		struct tm tm = { .tm_isdst = -1 };
		struct cpu_stat s;

		own_proc();
		output(DEBIAN "uptime", out, sizeof(out));
		must(strstr(out, "up 0 min"));
		must(numbers(out, "load average:", v, 3) == 3);
		must(v[0] > 0.05 && v[0] < 0.5);
		output("/bin/busybox uptime", out, sizeof(out));
		must(strstr(out, "up 0 min"));
		must(numbers(out, "load average:", v, 3) == 3);
		must(v[0] > 0.05 && v[0] < 0.5);
		output(DEBIAN "uptime -s", out, sizeof(out));
		must(strptime(out, "%Y-%m-%d %H:%M:%S", &tm));
		must(!cpu_stat_read(self->a, &s));
		must(labs(timegm(&tm) - s.btime) <= 2);
	})));
}

TEST_F(tool, vmstat_shows_the_container)
{
	NEEDS(DEBIAN "vmstat");
	ASSERT_EQ(0, cg_write(self->a->cg, "memory.max", "64M"));
	ASSERT_EQ(0, cg_write(self->a->cg, "cpu.max", "50000 100000"));
	spinner(self->a->cg);
	EXPECT_EQ(0, IN_BOX(self->a, ({
		char out[4096];
		char *last;
		double v[17];

		own_proc();
		output(DEBIAN "vmstat -n 1 3", out, sizeof(out));
		out[strlen(out) - 1] = '\0';
		last = strrchr(out, '\n');
		must(last);
		last[0] = ' ';
		/* r b swpd free buff cache si so bi bo in cs us sy id wa st */
		must(numbers(last, " ", v, 17) == 17);
		must(v[0] >= 1 && v[0] <= 4);
		must(v[3] > 50 << 10 && v[3] < 64 << 10);
		/* By cpu.max half and half, but what was too much is made up for later. */
		must(v[12] + v[13] + v[16] > 60);
		must(v[12] + v[13] > 0 && v[16] > 0);
	})));
}

TEST_F(tool, ps_knows_how_old_the_processes_are)
{
	NEEDS(DEBIAN "ps");
	wait_ms(1100);
	EXPECT_EQ(0, IN_BOX(self->a, ({
		char out[4096];
		double v[2];

		own_proc();
		output(DEBIAN "ps -o pid=,etimes= -p 1", out, sizeof(out));
		must(numbers(out, "", v, 2) == 2);
		must(v[0] == 1 && v[1] >= 1 && v[1] <= 60);
		output(DEBIAN "ps -o etimes= -p $$", out, sizeof(out));
		must(numbers(out, "", v, 1) == 1);
		must(v[0] <= 2);
		/* It has no such column, but lists the container. */
		output("/bin/busybox ps -o pid,comm", out, sizeof(out));
		must(numbers(strchr(out, '\n') + 1, "", v, 1) == 1);
		must(v[0] == 1);
		must(!strstr(out, "kthreadd"));
	})));
}

TEST_F(tool, nproc_agrees_with_sysconf)
{
	NEEDS(DEBIAN "nproc");
	EXPECT_EQ(0, IN_BOX(self->a, ({
		char out[64];

		own_proc();
		output(DEBIAN "nproc", out, sizeof(out));
		must(atol(out) == sysconf(_SC_NPROCESSORS_ONLN));
		output("/bin/busybox nproc", out, sizeof(out));
		must(atol(out) == sysconf(_SC_NPROCESSORS_ONLN));
	})));
}

int main(int argc, char **argv)
{
	disk_swapon();
	return test_harness_run(argc, argv);
}
