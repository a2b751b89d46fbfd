/* SPDX-License-Identifier: GPL-2.0 */
/* Critical sections of rseq(2), which are written in the machine's language. */
#ifndef BULKHEAD_SECTIONS_H
#define BULKHEAD_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/rseq.h>

/* What stands before their abort handlers. */
#define SIG	0x53053053

/* Room for version 2, which has more than 32 bytes; what it holds is not all zeros. */
struct area {
	union {
		struct rseq r;
		char room[64];
	};
} __attribute__((aligned(64)));

/* What critical() is watched by. */
static struct critical {
	volatile int go, aborts, committed, ended, tid;
	volatile unsigned long handled;	/* where a signal found it */
} c;

extern char spin_start[], spin_end[], spin_abort[];

#if defined(__x86_64__)
/* Stays in a critical section until c.go; what makes it leave before is an abort. */
static void __attribute__((noinline, noclone)) spin(struct area *a)
{
	asm volatile(".pushsection __rseq_cs, \"aw\"\n"
		     ".balign 32\n"
		     "spin_cs: .long 0, 0\n"
		     ".quad spin_start, spin_end - spin_start, spin_abort\n"
		     ".popsection\n"
		     "spin_enter: leaq spin_cs(%%rip), %%rax\n"
		     "movq %%rax, %c[cs](%[area])\n"
		     "spin_start: cmpl $0, %c[go](%[c])\n"
		     "je spin_start\n"
		     "movl $1, %c[committed](%[c])\n"
		     "spin_end: jmp spin_out\n"
		     ".byte 0x0f, 0xb9, 0x3d\n"
		     ".long %c[sig]\n"
		     "spin_abort: incl %c[aborts](%[c])\n"
		     "cmpl $0, %c[go](%[c])\n"
		     "je spin_enter\n"
		     "spin_out:\n"
		     : : [area] "r" (a), [c] "r" (&c), [cs] "i" (offsetof(struct rseq, rseq_cs)),
		       [go] "i" (offsetof(struct critical, go)),
		       [aborts] "i" (offsetof(struct critical, aborts)),
		       [committed] "i" (offsetof(struct critical, committed)), [sig] "i" (SIG)
		     : "rax", "cc", "memory");
}

/* Adds one to *@slot, which is of who has *@id, slowly; false if it was interrupted. */
static inline bool add_one(struct area *a, uint32_t *id, uint32_t had, long *slot)
{
	asm goto(".pushsection __rseq_cs, \"aw\"\n"
		 ".balign 32\n"
		 "3: .long 0, 0\n"
		 ".quad 1f, 2f - 1f, 4f\n"
		 ".popsection\n"
		 "leaq 3b(%%rip), %%rax\n"
		 "movq %%rax, %c[cs](%[area])\n"
		 "1: cmpl %[had], (%[id])\n"
		 "jnz %l[aborted]\n"
		 "movq (%[slot]), %%rcx\n"
		 "movl $200, %%eax\n"
		 "5: decl %%eax\n"
		 "jnz 5b\n"
		 "incq %%rcx\n"
		 "movq %%rcx, (%[slot])\n"
		 "2: jmp 6f\n"
		 ".byte 0x0f, 0xb9, 0x3d\n"
		 ".long %c[sig]\n"
		 "4: jmp %l[aborted]\n"
		 "6:\n"
		 : : [area] "r" (a), [id] "r" (id), [had] "r" (had), [slot] "r" (slot),
		     [cs] "i" (offsetof(struct rseq, rseq_cs)), [sig] "i" (SIG)
		 : "rax", "rcx", "cc", "memory"
		 : aborted);
	return true;
aborted:
	return false;
}
#else
#error "critical sections are written in the machine's language"
#endif

#endif /* BULKHEAD_SECTIONS_H */
