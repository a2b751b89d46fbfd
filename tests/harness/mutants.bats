#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# Kernels that are wrong on purpose: every suite must fail for the right reason.
#
# A patch in tests/mutants is one small regression: a dropped permission check, a
# forgotten uncharge, a limit off by one. Its header names the suite that owns the
# behaviour and the tests that must fall:
#
#	Suite: controllers/pids
#	Test: pids_limit/pids.fork_fails_at_the_limit	(a glob; one per line)
#	Why: one sentence
#
# `make mutants` runs them all, MUTANTS="pids-off-by-one ..." some of them. They have a
# build folder of their own, build/mutants: the tree that others work with stays as it is.

load helpers

setup_file() {
	export BULKHEAD_BUILD=$PROJECT/build/mutants
	mkdir -p "$BULKHEAD_BUILD"
	echo "# building the kernel to be mutated; the log is build/mutants/build.log" >&3
	"$SCRIPTS/build" default >"$BULKHEAD_BUILD/build.log" 2>&1
}

setup() {
	export BULKHEAD_BUILD=$PROJECT/build/mutants
	tree=$BULKHEAD_BUILD/tree
	applied=''
	links=()
}

teardown() {
	[[ ! $applied ]] || patch -s -R -p1 -d "$tree" <"$applied"
	local file
	for file in "${links[@]}"; do
		ln -sfn "$(<"$tree/$file.link")" "$tree/$file"
		# newer than what it was compiled from, and yet not made from it
		rm -f "$tree/$file.link" "$BULKHEAD_BUILD/default/${file%.c}.o"
	done
}

# own_files PATCH: new files of the stack are links out of the tree; what is mutated is a copy.
own_files() {
	local file
	while read -r file; do
		[[ -L $tree/$file ]] || continue
		readlink "$tree/$file" >"$tree/$file.link"
		links+=("$file")
		cp "$tree/$file" "$tree/$file.copy"
		mv "$tree/$file.copy" "$tree/$file"
	done < <(sed -n 's,^+++ b/,,p' "$1")
}

# caught NAME: applies the mutant, runs the suite that owns it, and looks for the tests
# that must fall. That another test falls, or the kernel with it, is not enough.
caught() {
	local patch=$PROJECT/tests/mutants/$1.patch suite glob test outcome reason fell=
	[[ ! ${MUTANTS:-} || " $MUTANTS " == *" $1 "* ]] || skip "MUTANTS does not name it"

	suite=$(mutant_header "$patch" Suite)
	[[ $suite && $(mutant_header "$patch" Why) ]]
	own_files "$patch"
	patch -s -p1 -d "$tree" <"$patch"
	applied=$patch
	run "$SCRIPTS/check" "$suite"
	[[ $status == 1 ]] || {
		printf '%s passed on a kernel with %s\n%s\n' "$suite" "$1" "$output"
		return 1
	}
	while read -r glob; do
		fell=
		while IFS=$'\t' read -r _ test outcome _ reason; do
			# shellcheck disable=SC2053 # a glob is meant
			if [[ $test == $glob && $outcome =~ ^(FAIL|TIMEOUT|CRASH)$ ]]; then
				fell=y
				echo "# $1: $outcome $test: ${reason:0:100}" >&3
				break
			fi
		done <"$BULKHEAD_BUILD/results/latest/summary.tsv"
		[[ $fell ]] || {
			printf '%s did not fall:\n' "$glob"
			cat "$BULKHEAD_BUILD/results/latest/summary.tsv"
			return 1
		}
	done < <(mutant_header "$patch" Test)
	[[ $fell ]]
}


# bats finds tests by reading this file: one line for each patch. harness/check knows
# whether one is missing, and whether each still applies.

@test "cgroupns-depth" { caught cgroupns-depth; }
@test "cgroupns-opener" { caught cgroupns-opener; }
@test "cgroupns-remount" { caught cgroupns-remount; }
@test "cgroupns-source" { caught cgroupns-source; }
@test "cgroupns-v1-container-makes-hierarchy" { caught cgroupns-v1-container-makes-hierarchy; }
@test "checkpoint-affinity-lost" { caught checkpoint-affinity-lost; }
@test "checkpoint-alarm-rings-once" { caught checkpoint-alarm-rings-once; }
@test "checkpoint-altstack-lost" { caught checkpoint-altstack-lost; }
@test "checkpoint-any-creator" { caught checkpoint-any-creator; }
@test "checkpoint-anybody-restarts" { caught checkpoint-anybody-restarts; }
@test "checkpoint-anybody-takes" { caught checkpoint-anybody-takes; }
@test "checkpoint-bounding-set-lost" { caught checkpoint-bounding-set-lost; }
@test "checkpoint-cgroup-of-the-first" { caught checkpoint-cgroup-of-the-first; }
@test "checkpoint-changed-file-mapped" { caught checkpoint-changed-file-mapped; }
@test "checkpoint-cow-copied" { caught checkpoint-cow-copied; }
@test "checkpoint-deleted-mtime" { caught checkpoint-deleted-mtime; }
@test "checkpoint-freezes-strangers" { caught checkpoint-freezes-strangers; }
@test "checkpoint-locks-left-out" { caught checkpoint-locks-left-out; }
@test "checkpoint-mount-flags-unlocked" { caught checkpoint-mount-flags-unlocked; }
@test "checkpoint-overrun-lost" { caught checkpoint-overrun-lost; }
@test "checkpoint-segment-stays" { caught checkpoint-segment-stays; }
@test "checkpoint-userns-setgroups" { caught checkpoint-userns-setgroups; }
@test "clone-pid-32-levels-refused" { caught clone-pid-32-levels-refused; }
@test "clone-pid-any-wait-takes-it" { caught clone-pid-any-wait-takes-it; }
@test "clone-pid-init-retry" { caught clone-pid-init-retry; }
@test "clone-pid-last-pid-unchecked" { caught clone-pid-last-pid-unchecked; }
@test "clone-pid-max-off-by-one" { caught clone-pid-max-off-by-one; }
@test "clone-pid-perm-innermost-only" { caught clone-pid-perm-innermost-only; }
@test "clone-pid-perm-sys-admin-only" { caught clone-pid-perm-sys-admin-only; }
@test "clone-pid-race-taken-at-the-end" { caught clone-pid-race-taken-at-the-end; }
@test "clone-pid-refusal-keeps-inner" { caught clone-pid-refusal-keeps-inner; }
@test "core-kill-from-a-thread-s-cgroup" { caught core-kill-from-a-thread-s-cgroup; }
@test "core-v1-released-with-children" { caught core-v1-released-with-children; }
@test "core-v1-writer-not-opener" { caught core-v1-writer-not-opener; }
@test "cpu-burst-unbounded" { caught cpu-burst-unbounded; }
@test "cpu-clamp-negative-min" { caught cpu-clamp-negative-min; }
@test "cpu-idle-takes-weight" { caught cpu-idle-takes-weight; }
@test "cpu-nice-not-closest" { caught cpu-nice-not-closest; }
@test "cpu-pressure-any-namespace-s-root" { caught cpu-pressure-any-namespace-s-root; }
@test "cpu-smp-quota-per-cpu" { caught cpu-smp-quota-per-cpu; }
@test "cpu-v1-child-exceeds-parent" { caught cpu-v1-child-exceeds-parent; }
@test "cpu-weight-off-by-one" { caught cpu-weight-off-by-one; }
@test "cpu-weight-up-tasks" { caught cpu-weight-up-tasks; }
@test "cpuacct-reset-any" { caught cpuacct-reset-any; }
@test "cpuset-claim-superset" { caught cpuset-claim-superset; }
@test "cpuset-isolated-is-balanced" { caught cpuset-isolated-is-balanced; }
@test "cpuset-move-keeps-cpus" { caught cpuset-move-keeps-cpus; }
@test "cpuset-no-fallback" { caught cpuset-no-fallback; }
@test "cpuset-partition-takes-all" { caught cpuset-partition-takes-all; }
@test "cpuset-remote-unprivileged" { caught cpuset-remote-unprivileged; }
@test "cpuset-v1-empty-takes" { caught cpuset-v1-empty-takes; }
@test "cpuset-v1-mount-mode-ignored" { caught cpuset-v1-mount-mode-ignored; }
@test "cpuset-v1-superset-child" { caught cpuset-v1-superset-child; }
@test "devices-mount-unchecked" { caught devices-mount-unchecked; }
@test "devices-none-below" { caught devices-none-below; }
@test "devices-one-program-more" { caught devices-one-program-more; }
@test "devices-replace-below" { caught devices-replace-below; }
@test "devices-v1-children-all" { caught devices-v1-children-all; }
@test "devices-v1-no-revalidate" { caught devices-v1-no-revalidate; }
@test "devices-v1-partial-match" { caught devices-v1-partial-match; }
@test "devpts-count-leak" { caught devpts-count-leak; }
@test "devpts-gid-ignored" { caught devpts-gid-ignored; }
@test "devpts-peer-of-another" { caught devpts-peer-of-another; }
@test "devpts-reserve-for-all" { caught devpts-reserve-for-all; }
@test "enter-commit-early" { caught enter-commit-early; }
@test "enter-handle-no-perm" { caught enter-handle-no-perm; }
@test "enter-listns-page-repeats" { caught enter-listns-page-repeats; }
@test "enter-listns-sees-all" { caught enter-listns-sees-all; }
@test "enter-mnt-no-chroot" { caught enter-mnt-no-chroot; }
@test "enter-pidfd-no-ptrace" { caught enter-pidfd-no-ptrace; }
@test "enter-race-death-is-success" { caught enter-race-death-is-success; }
@test "flow-id-batch-skips" { caught flow-id-batch-skips; }
@test "flow-id-no-inherit" { caught flow-id-no-inherit; }
@test "flow-id-prio-overrides" { caught flow-id-prio-overrides; }
@test "flow-id-rights-keep-sender" { caught flow-id-rights-keep-sender; }
@test "freezer-born-running" { caught freezer-born-running; }
@test "freezer-no-event" { caught freezer-no-event; }
@test "freezer-race-kill-leaks-count" { caught freezer-race-kill-leaks-count; }
@test "freezer-removed-child-counted" { caught freezer-removed-child-counted; }
@test "freezer-sleep-stands-still" { caught freezer-sleep-stands-still; }
@test "freezer-thaw-below-frozen" { caught freezer-thaw-below-frozen; }
@test "freezer-usec-last-only" { caught freezer-usec-last-only; }
@test "freezer-v1-born-thawed" { caught freezer-v1-born-thawed; }
@test "freezer-v1-newcomer" { caught freezer-v1-newcomer; }
@test "freezer-v1-stopping-forgotten" { caught freezer-v1-stopping-forgotten; }
@test "freezer-vfork-not-frozen" { caught freezer-vfork-not-frozen; }
@test "fs-access-move-mount" { caught fs-access-move-mount; }
@test "fs-access-no-new-privs" { caught fs-access-no-new-privs; }
@test "fs-access-ptrace-out" { caught fs-access-ptrace-out; }
@test "fs-access-sixteen-layers" { caught fs-access-sixteen-layers; }
@test "interface-root-limit" { caught interface-root-limit; }
@test "interface-unknown-file" { caught interface-unknown-file; }
@test "interface-v1-swappiness" { caught interface-v1-swappiness; }
@test "interface-weight-range" { caught interface-weight-range; }
@test "io-hierarchy-limit" { caught io-hierarchy-limit; }
@test "io-latency-never-forgives" { caught io-latency-never-forgives; }
@test "io-prio-class-forgotten" { caught io-prio-class-forgotten; }
@test "io-stat-split-bytes" { caught io-stat-split-bytes; }
@test "io-v1-limit-for-all-below" { caught io-v1-limit-for-all-below; }
@test "io-weight-override-kept" { caught io-weight-override-kept; }
@test "io-zero-limit" { caught io-zero-limit; }
@test "ipcns-end-leaves-segments" { caught ipcns-end-leaves-segments; }
@test "ipcns-lrpid-is-a-thread" { caught ipcns-lrpid-is-a-thread; }
@test "ipcns-mq-limit-ns-capable" { caught ipcns-mq-limit-ns-capable; }
@test "ipcns-mq-uid-twice" { caught ipcns-mq-uid-twice; }
@test "ipcns-next-id-any-user-ns" { caught ipcns-next-id-any-user-ns; }
@test "ipcns-next-id-kept" { caught ipcns-next-id-kept; }
@test "ipcns-setns-keeps-undo" { caught ipcns-setns-keeps-undo; }
@test "ipcns-shmall-off-by-one" { caught ipcns-shmall-off-by-one; }
@test "keyring-chown" { caught keyring-chown; }
@test "keyring-chown-quota" { caught keyring-chown-quota; }
@test "keyring-helper-told-inner-uid" { caught keyring-helper-told-inner-uid; }
@test "keyring-key-users" { caught keyring-key-users; }
@test "keyring-names" { caught keyring-names; }
@test "kmem-cgroup-charges-nobody" { caught kmem-cgroup-charges-nobody; }
@test "kmem-pipe-uncharged" { caught kmem-pipe-uncharged; }
@test "kmem-sock-stays" { caught kmem-sock-stays; }
@test "kthreads-autofs-asks-for-strangers" { caught kthreads-autofs-asks-for-strangers; }
@test "kthreads-autofs-global-pid" { caught kthreads-autofs-global-pid; }
@test "kthreads-autofs-takeover" { caught kthreads-autofs-takeover; }
@test "kthreads-lock-holder-untranslated" { caught kthreads-lock-holder-untranslated; }
@test "memory-cap-ignored" { caught memory-cap-ignored; }
@test "memory-events-local-go-up" { caught memory-events-local-go-up; }
@test "memory-max-nonblock-kills" { caught memory-max-nonblock-kills; }
@test "memory-max-off-by-one" { caught memory-max-off-by-one; }
@test "memory-peak-peers-forget" { caught memory-peak-peers-forget; }
@test "memory-peak-reset-for-all" { caught memory-peak-reset-for-all; }
@test "memory-race-no-drain" { caught memory-race-no-drain; }
@test "memory-swap-max-untold" { caught memory-swap-max-untold; }
@test "memory-v1-late-listener" { caught memory-v1-late-listener; }
@test "memory-v1-threshold-upwards-only" { caught memory-v1-threshold-upwards-only; }
@test "memory-zswap-writeback-own" { caught memory-zswap-writeback-own; }
@test "mm-owner-exec-forgets" { caught mm-owner-exec-forgets; }
@test "mm-owner-fault-charges-current" { caught mm-owner-fault-charges-current; }
@test "mm-owner-leaders-only" { caught mm-owner-leaders-only; }
@test "mm-owner-no-stranger" { caught mm-owner-no-stranger; }
@test "mm-owner-race-gap" { caught mm-owner-race-gap; }
@test "mntns-idmap-again" { caught mntns-idmap-again; }
@test "mntns-locked-noexec" { caught mntns-locked-noexec; }
@test "mntns-mount-max-off-by-one" { caught mntns-mount-max-off-by-one; }
@test "mntns-move-unbindable" { caught mntns-move-unbindable; }
@test "mntns-proc-revealing" { caught mntns-proc-revealing; }
@test "mntns-race-both-unmount" { caught mntns-race-both-unmount; }
@test "mntns-setattr-writers" { caught mntns-setattr-writers; }
@test "mntns-umount-busy-copy" { caught mntns-umount-busy-copy; }
@test "netns-move-needs-one-cap" { caught netns-move-needs-one-cap; }
@test "netns-race-move-takes-name" { caught netns-race-move-takes-name; }
@test "netns-sksns-any-root" { caught netns-sksns-any-root; }
@test "netns-sysctl-any-root" { caught netns-sysctl-any-root; }
@test "netns-virtual-refund" { caught netns-virtual-refund; }
@test "nfs-control-of-the-reader" { caught nfs-control-of-the-reader; }
@test "nfs-foreign-socket" { caught nfs-foreign-socket; }
@test "nfs-unmounted-server-runs-on" { caught nfs-unmounted-server-runs-on; }
@test "nfs-user-root-mounts-server" { caught nfs-user-root-mounts-server; }
@test "oom-adj-min-ignored" { caught oom-adj-min-ignored; }
@test "oom-group-beyond-domain" { caught oom-group-beyond-domain; }
@test "oom-group-kills-protected" { caught oom-group-kills-protected; }
@test "oom-handler-abandoned-wait" { caught oom-handler-abandoned-wait; }
@test "oom-handler-child-has-a-say" { caught oom-handler-child-has-a-say; }
@test "oom-handler-clock-of-the-wait" { caught oom-handler-clock-of-the-wait; }
@test "oom-handler-kills-at-once" { caught oom-handler-kills-at-once; }
@test "oom-handler-mover-waits" { caught oom-handler-mover-waits; }
@test "oom-handler-no-slack" { caught oom-handler-no-slack; }
@test "oom-handler-not-paid-back" { caught oom-handler-not-paid-back; }
@test "oom-handler-two-of-them" { caught oom-handler-two-of-them; }
@test "oom-handler-waits-for-itself" { caught oom-handler-waits-for-itself; }
@test "oom-sharer-lives" { caught oom-sharer-lives; }
@test "oomh-slack-of-the-ancestor-s" { caught oomh-slack-of-the-ancestor-s; }
@test "pidns-33-levels" { caught pidns-33-levels; }
@test "pidns-code-protects-init" { caught pidns-code-protects-init; }
@test "pidns-enter-ancestor" { caught pidns-enter-ancestor; }
@test "pidns-group-told-inner-pid" { caught pidns-group-told-inner-pid; }
@test "pidns-init-leaves-early" { caught pidns-init-leaves-early; }
@test "pidns-init-unprotected" { caught pidns-init-unprotected; }
@test "pidns-last-pid-unchecked" { caught pidns-last-pid-unchecked; }
@test "pidns-locks-of-outsiders" { caught pidns-locks-of-outsiders; }
@test "pidns-race-births-go-on" { caught pidns-race-births-go-on; }
@test "pidns-ucount-leak" { caught pidns-ucount-leak; }
@test "pids-event-of-the-forking" { caught pids-event-of-the-forking; }
@test "pids-failed-fork-keeps-count" { caught pids-failed-fork-keeps-count; }
@test "pids-limit-off-by-one" { caught pids-limit-off-by-one; }
@test "pids-move-leaves-count" { caught pids-move-leaves-count; }
@test "pids-refusal-keeps-count" { caught pids-refusal-keeps-count; }
@test "pids-v1-event-of-the-limit" { caught pids-v1-event-of-the-limit; }
@test "proc-stats-blocked-no-load" { caught proc-stats-blocked-no-load; }
@test "proc-stats-forks-own-only" { caught proc-stats-forks-own-only; }
@test "proc-stats-hidden-time-lost" { caught proc-stats-hidden-time-lost; }
@test "proc-stats-limit-own-only" { caught proc-stats-limit-own-only; }
@test "proc-stats-machines-free" { caught proc-stats-machines-free; }
@test "proc-stats-quota-own-only" { caught proc-stats-quota-own-only; }
@test "proc-stats-remount" { caught proc-stats-remount; }
@test "proc-stats-removed-parent-shows" { caught proc-stats-removed-parent-shows; }
@test "proc-stats-sampled-by-age" { caught proc-stats-sampled-by-age; }
@test "proc-stats-shmem-available" { caught proc-stats-shmem-available; }
@test "proc-stats-start-of-machine" { caught proc-stats-start-of-machine; }
@test "proc-stats-stolen-is-idle" { caught proc-stats-stolen-is-idle; }
@test "proc-stats-swap-below-usage" { caught proc-stats-swap-below-usage; }
@test "proc-stats-sysinfo-without-mount" { caught proc-stats-sysinfo-without-mount; }
@test "proc-stats-v1-root-counts" { caught proc-stats-v1-root-counts; }
@test "procfs-gid-any-group" { caught procfs-gid-any-group; }
@test "procfs-hidepid-stat" { caught procfs-hidepid-stat; }
@test "procfs-pidns-no-perm" { caught procfs-pidns-no-perm; }
@test "procfs-subset-remount" { caught procfs-subset-remount; }
@test "procfs-visible-children" { caught procfs-visible-children; }
@test "quota-limit-off-by-one" { caught quota-limit-off-by-one; }
@test "quota-link-crosses" { caught quota-link-crosses; }
@test "quota-next-keeps-digits" { caught quota-next-keeps-digits; }
@test "quota-ns-cap-resource" { caught quota-ns-cap-resource; }
@test "quota-userns-sets-projid" { caught quota-userns-sets-projid; }
@test "timens-alarm-nsleep-forgets" { caught timens-alarm-nsleep-forgets; }
@test "timens-exec-stays" { caught timens-exec-stays; }
@test "timens-negative-clock" { caught timens-negative-clock; }
@test "timens-never-frozen" { caught timens-never-frozen; }
@test "timens-perm-at-home" { caught timens-perm-at-home; }
@test "timens-raw-forgets" { caught timens-raw-forgets; }
@test "timens-timerfd-forgets" { caught timens-timerfd-forgets; }
@test "um-last-cpu-left" { caught um-last-cpu-left; }
@test "um-user-time-is-system" { caught um-user-time-is-system; }
@test "unix-creds-claim-pid-any-userns" { caught unix-creds-claim-pid-any-userns; }
@test "unix-creds-listen-keeps-old-peer" { caught unix-creds-listen-keeps-old-peer; }
@test "unix-creds-passrights-stream" { caught unix-creds-passrights-stream; }
@test "unix-creds-stream-glues-gids" { caught unix-creds-stream-glues-gids; }
@test "userns-opener" { caught userns-opener; }
@test "userns-race-once" { caught userns-race-once; }
@test "userns-setfcap" { caught userns-setfcap; }
@test "userns-setgroups" { caught userns-setgroups; }
@test "userns-stop-mapped-twice" { caught userns-stop-mapped-twice; }
@test "userns-ucount-unwind" { caught userns-ucount-unwind; }
@test "utsns-domain-tail" { caught utsns-domain-tail; }
@test "utsns-install-no-owner" { caught utsns-install-no-owner; }
@test "utsns-length-off-by-one" { caught utsns-length-off-by-one; }
@test "utsns-owner-inherited" { caught utsns-owner-inherited; }
@test "utsns-race-unlocked-copy" { caught utsns-race-unlocked-copy; }
@test "writeback-charges-writer" { caught writeback-charges-writer; }
@test "writeback-journal-data" { caught writeback-journal-data; }
@test "writeback-never-switches" { caught writeback-never-switches; }
