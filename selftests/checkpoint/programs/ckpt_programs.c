// SPDX-License-Identifier: GPL-2.0
/*
 * Programs that know nothing of checkpoints, as Debian packages them, are taken
 * again and again while they work, killed, and restarted from the image: what
 * they make in the end is what they make when left alone.
 */
#include "disturb.h"

/* Three parts of a pipe, background jobs, command substitution, arithmetic. */
TEST_F_TIMEOUT(programs, bash_with_jobs_and_pipes_comes_to_the_same_result, 300)
{
	int times;

	times = disturb(_metadata,
			"for i in $(seq 300); do echo line $i; usleep 2000; done |"
			" while read -r word n; do echo $((n * n)); done |"
			" { sum=0; while read -r n; do sum=$((sum + n)); done; echo $sum >sum; } &\n"
			"one=$!\n"
			"(n=0; for ((i = 0; i < 150000; i++)); do n=$(((n * 31 + i) % 65537)); done;"
			" echo $n >hash) &\n"
			"two=$!\n"
			"wait $one && wait $two && : >done");
	ASSERT_GT(times, 2) TH_LOG("%d times", times);
	TH_LOG("restarted %d times", times);
	EXPECT_EQ(file_number(CKPT_DIR "/sum"), 9045050);
	ASSERT_EQ(system("cd " CKPT_DIR "; /sbin/bash -c 'n=0; for ((i = 0; i < 150000; i++)); do"
			 " n=$(((n * 31 + i) % 65537)); done; echo $n >want'; cmp hash want"), 0);
}

/* An interpreter with a heap of many objects: primes, a dictionary, a chain of hashes, a generator. */
TEST_F_TIMEOUT(programs, python_in_a_computation_comes_to_the_same_result, 300)
{
	static const char program[] =
		"import hashlib, itertools, sys\n"
		"def primes():\n"
		"    found = []\n"
		"    for n in itertools.count(2):\n"
		"        if all(n % p for p in itertools.takewhile(lambda p: p * p <= n, found)):\n"
		"            found.append(n)\n"
		"            yield n\n"
		"chain, seen = b'', {}\n"
		"for p in itertools.islice(primes(), 25000):\n"
		"    chain = hashlib.sha256(chain + str(p).encode()).digest()\n"
		"    seen.setdefault(p % 997, []).append(chain.hex())\n"
		"text = repr(sorted((k, len(v), v[-1]) for k, v in seen.items()))\n"
		"open(sys.argv[1], 'w').write(hashlib.sha256(text.encode()).hexdigest())\n";
	int times;

	if (access("/sbin/python3", X_OK))
		SKIP(return, "the guest has no python3 (Debian's package python3-minimal)");
	job_touch(CKPT_DIR "/p.py");
	ASSERT_EQ(0, file_write(CKPT_DIR "/p.py", program));
	ASSERT_EQ(system("/sbin/python3 " CKPT_DIR "/p.py " CKPT_DIR "/want"), 0);
	times = disturb(_metadata, "python3 p.py got && : >done");
	ASSERT_GT(times, 2) TH_LOG("%d times", times);
	TH_LOG("restarted %d times", times);
	ASSERT_EQ(system("cd " CKPT_DIR "; cmp got want"), 0);
}

TEST_HARNESS_MAIN
