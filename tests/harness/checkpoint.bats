#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# What outlives the kernel it was made on: an image on a disk, restarted by the next boot.

bats_require_minimum_version 1.5.0
load helpers
load guest

setup() {
	needs_kernel
	grep -q '^CONFIG_CHECKPOINT=y' "$BUILT/default/.config" || skip "a kernel without CONFIG_CHECKPOINT"
	own_guest
	disk=$BATS_TEST_TMPDIR/disk
	truncate -s 64M "$disk"
}

# Counts in memory, and says on the disk that it began, and what it came to.
job='echo began >>/mnt/log; n=0; while [ $n -lt 400 ]; do n=$((n + 1)); usleep 5000; echo $n >/mnt/at; done
	echo "ended $n" >>/mnt/log'

# Its pids must be free after the next boot: far from those that every boot has.
save='mkfs.ext4 -q /dev/ubda && mount /dev/ubda /mnt || exit 90
	mkdir /sys/fs/cgroup/job
	echo 20000 >/proc/sys/kernel/ns_last_pid
	(echo 0 >/sys/fs/cgroup/job/cgroup.procs; cd /mnt; exec setsid sh -c "$JOB" </dev/null >/dev/null 2>&1) &
	until [ "$(cat /mnt/at 2>/dev/null || echo 0)" -gt 20 ]; do usleep 1000; done
	pid=$(head -n 1 /sys/fs/cgroup/job/cgroup.procs)
	for i in $(seq 100); do
		bulkhead checkpoint -o /mnt/image "$pid" && break
		usleep 3000
	done
	cat /mnt/at
	echo 1 >/sys/fs/cgroup/job/cgroup.kill
	bulkhead image verify /mnt/image && umount -l /mnt && sync'

restore='mount /dev/ubda /mnt || exit 90
	mkdir /sys/fs/cgroup/job
	echo 0 >/sys/fs/cgroup/job/cgroup.procs
	cp /mnt/log /mnt/before
	bulkhead restart /mnt/image && cat /mnt/before /mnt/log'

@test "a job that was saved to a disk goes on after the next boot" {
	boot --disk "$disk" -- env JOB="$job" sh -c "$save"
	verdict passed 0
	boot --disk "$disk" -- sh -c "$restore"
	verdict passed 0
	# it did not end before, did not begin again, and counted on
	[ "$output" = $'began\nbegan\nended 400' ]
}

@test "and again, from the same image, as often as one likes" {
	boot --disk "$disk" -- env JOB="$job" sh -c "$save"
	verdict passed 0
	boot --disk "$disk" -- sh -c "$restore"
	verdict passed 0
	boot --disk "$disk" -- sh -c "$restore"
	verdict passed 0
	[ "$output" = $'began\nended 400\nbegan\nended 400\nended 400' ]
}
