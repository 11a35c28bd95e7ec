/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Paging in long mode: accessed and dirty bits, every error code of #PF, NX,
 * WP, huge and small pages, stale translations, accesses across pages,
 * non-canonical addresses, and repeated string instructions that fault in the
 * middle.
 */
#include "long.inc"

#define VIRT 0x8000000000	/* PML4 entry 1: four levels of our own */
#define P4 SPARE
#define P3 (SPARE + 0x1000)
#define P2 (SPARE + 0x2000)
#define P1 (SPARE + 0x3000)
#define FRAME 0x300000		/* what the test pages show */

	.text
	.globl _start
_start:
	LONG_MODE
long_start:
	movabsq $VIRT, %r12
	movq $P3 + 7, PML4 + 8
	movq $P2 + 7, P3
	movq $P1 + 7, P2
	/* Page 0 read/write, 1 read-only, 2 absent, 3 no-execute, 4 kernel only, 5 plain */
	movq $FRAME + 7, P1
	movq $FRAME + 0x1005, P1 + 8
	movq $0, P1 + 16
	movabsq $(1 << 63) + FRAME + 0x3007, %rax
	movq %rax, P1 + 24
	movq $FRAME + 0x4003, P1 + 32
	movq $FRAME + 0x5007, P1 + 40

	/* A read sets A at every level, a write D in the last. */
	movq (%r12), %rax
	movq P1, %rax
	cmpq $FRAME + 0x27, %rax
	CHECK 1
	movq $0x1122334455667788, %rbx
	movq %rbx, 0xf80(%r12)
	movq P1, %rax
	cmpq $FRAME + 0x67, %rax
	CHECK 2
	cmpq %rbx, FRAME + 0xf80
	CHECK 3
	movq PML4 + 8, %rax
	andl $0x20, %eax
	cmpl $0x20, %eax
	CHECK 4

	/* #PF: error code and CR2. */
	FAULT 1f
	movb $1, 0x1010(%r12)
1:	EXPECT 14, 3
	leaq 0x1010(%r12), %rax
	cmpq %rax, -8(%r15)
	CHECK 5
	FAULT 1f
	movb 0x2fff(%r12), %al
1:	EXPECT 14, 0
	FAULT 1f
	movb $1, 0x2001(%r12)
1:	EXPECT 14, 2
	FAULT 1f
	leaq 0x3000(%r12), %rax
	jmp *%rax
1:	EXPECT 14, 0x11
	movq $FRAME + 0x5007 + (1 << 46), %rax	/* a reserved address bit */
	movq %rax, P1 + 40
	FAULT 1f
	movb 0x5000(%r12), %al
1:	EXPECT 14, 9
	movq $FRAME + 0x5007, P1 + 40

	/* An access across pages faults on its second half, with that address. */
	FAULT 1f
	movq %rbx, 0xffc(%r12)
1:	EXPECT 14, 3
	leaq 0x1000(%r12), %rax
	cmpq %rax, -8(%r15)
	CHECK 6
	/* ... and reads across work. */
	movl $0xddccbbaa, FRAME + 0xffc
	movl $0x44332211, FRAME + 0x1000
	movq 0xffc(%r12), %rax
	movq $0x44332211ddccbbaa, %rcx
	cmpq %rcx, %rax
	CHECK 8

	/* WP off: the kernel may write read-only pages. */
	movq %cr0, %rax
	andl $~0x10000, %eax
	movq %rax, %cr0
	movb $0x77, 0x1010(%r12)
	orl $0x10000, %eax
	movq %rax, %cr0
	cmpb $0x77, FRAME + 0x1010
	CHECK 9

	/* A changed entry is seen after INVLPG, and after CR3. */
	movb 0x5000(%r12), %al
	movb $0x51, FRAME + 0x5000
	movb $0x61, FRAME + 0x6000
	movq $FRAME + 0x6007, P1 + 40
	invlpg 0x5000(%r12)
	cmpb $0x61, 0x5000(%r12)
	CHECK 10
	movq $FRAME + 0x5007, P1 + 40
	movq %cr3, %rax
	movq %rax, %cr3
	cmpb $0x51, 0x5000(%r12)
	CHECK 11
	/* A global one survives CR3, and not CR4.PGE. */
	movq %cr4, %rax
	orl $0x80, %eax
	movq %rax, %cr4
	movq $FRAME + 0x6107, P1 + 40
	invlpg 0x5000(%r12)
	cmpb $0x61, 0x5000(%r12)
	CHECK 12
	movq $FRAME + 0x5007, P1 + 40
	movq %cr4, %rax
	andl $~0x80, %eax
	movq %rax, %cr4
	cmpb $0x51, 0x5000(%r12)
	CHECK 13

	/* Non-canonical: #GP, and #SS through the stack. */
	movabsq $0x800000000000, %rcx
	FAULT 1f
	movb (%rcx), %al
1:	EXPECT 13, 0
	FAULT 1f
	movq %rcx, %rbp
	movb (%rbp), %al
1:	EXPECT 12, 0

	/* REP MOVSB into the read-only page: what fits is done, and the registers say so. */
	movq $FRAME + 0x7000, %rsi
	leaq 0xff0(%r12), %rdi
	movl $0x40, %ecx
	movq $0x5555555555555555, %rax
	movq %rax, FRAME + 0x7000
	movq %rax, FRAME + 0x7008
	cld
	FAULT 1f
	rep movsb
1:	EXPECT 14, 3
	cmpl $0x30, %ecx
	CHECK 14
	cmpq $FRAME + 0x7010, %rsi
	CHECK 15
	leaq 0x1000(%r12), %rax
	cmpq %rax, %rdi
	CHECK 16
	cmpq %rax, -8(%r15)
	CHECK 17
	/* The same downwards from the page after the absent one, in words. */
	leaq 0x3006(%r12), %rdi
	movl $16, %ecx
	movw $0x9999, %ax
	std
	FAULT 1f
	rep stosw
1:	cld
	EXPECT 14, 2
	cmpl $12, %ecx
	CHECK 18
	leaq 0x2ffe(%r12), %rax
	cmpq %rax, %rdi
	CHECK 19

	/* 2 MiB pages: dirty bit in the directory; then split into small ones. */
	movq $RESULTS + 0x87, P2 + 8
	movb 0x200000(%r12), %al
	movq P2 + 8, %rax
	cmpq $RESULTS + 0xa7, %rax
	CHECK 20

	/* Code across two pages, the second of which is mapped elsewhere. */
	movq $FRAME + 0x7007, P1 + 48
	movq $FRAME + 0x9007, P1 + 56
	movb $0xb8, FRAME + 0x7ffe	/* movl $0x12345678, %eax; ret */
	movb $0x78, FRAME + 0x7fff
	movl $0xc3123456, FRAME + 0x9000
	xorl %eax, %eax
	leaq 0x6ffe(%r12), %rcx
	call *%rcx
	cmpl $0x12345678, %eax
	CHECK 21
	movq $0, P1 + 56
	invlpg 0x7000(%r12)
	FAULT 1f
	movq %rsp, %rbp
	call *%rcx
1:	movq %rbp, %rsp
	EXPECT 14, 0x10
	leaq 0x7000(%r12), %rax
	cmpq %rax, -8(%r15)
	CHECK 22
	leaq 0x6ffe(%r12), %rax
	cmpq %rax, -48(%r15)
	CHECK 23

	/* Ring 3: the user bit, and that a fault there says so. */
	TO_USER
	FAULT 1f
	movb 0x4000(%r12), %al
1:	EXPECT 14, 5
	FAULT 1f
	movb %al, 0x4000(%r12)
1:	EXPECT 14, 7
	FAULT 1f
	hlt
1:	EXPECT 13, 0
	FAULT 1f
	cli
1:	EXPECT 13, 0
	FAULT 1f
	movq %cr3, %rax
1:	EXPECT 13, 0
	FAULT 1f
	rdmsr
1:	EXPECT 13, 0
	FAULT 1f
	outb %al, $0xe9
1:	EXPECT 13, 0
	TO_KERNEL
	END

	LONG_DATA
