/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Code that changes: the next instruction, earlier in the same loop, the
 * second half of an instruction across pages, through another address, by a
 * string instruction, by another's store into the page one runs in.
 */
#include "long.inc"

#define VIRT 0x8000000000
#define CODE 0x300000

	.text
	.globl _start
_start:
	LONG_MODE
long_start:
	/* The very next instruction (a taken jump between, as the manual asks). */
	movb $0x11, patch1 + 1
	jmp patch1
patch1:	movb $0x00, %al
	cmpb $0x11, %al
	CHECK 1

	/* An instruction of the running loop, each time round. */
	xorl %ebx, %ebx
	movl $100, %ecx
1:
patch2:	addl $1, %ebx
	movb %cl, patch2 + 2
	loop 1b
	/* 1, then 100, 99, ... 2 */
	cmpl $1 + 5050 - 1, %ebx
	CHECK 2

	/* Without a jump between: this too is coherent on every x86 since the 486's successor. */
	movl $0x90909090, patch3
patch3:	ud2
	ud2
	nop

	/* Executed by one address, written by another. */
	movl $SPARE + 0x1007, PML4 + 8
	movl $SPARE + 0x2007, SPARE + 0x1000
	movl $SPARE + 0x3007, SPARE + 0x2000
	movl $CODE + 7, SPARE + 0x3000
	movl $CODE + 0x1007, SPARE + 0x3008
	movabsq $VIRT, %r12
	movl $0xc301b0, CODE		/* mov $1, %al; ret */
	call *%r12
	cmpb $1, %al
	CHECK 4
	movb $2, CODE + 1
	call *%r12
	cmpb $2, %al
	CHECK 5
	movl $0xc303b0, (%r12)
	movl $CODE, %edx
	call *%rdx
	cmpb $3, %al
	CHECK 6

	/* Across the pages: only the second one changes. */
	leaq 0xffe(%r12), %r13
	movw $0x00b8, CODE + 0xffe	/* mov $imm32, %eax */
	movb $0x11, CODE + 0xfff
	movl $0xc3443322, CODE + 0x1000
	call *%r13
	cmpl $0x44332211, %eax
	CHECK 7
	movb $0x99, CODE + 0x1001
	call *%r13
	cmpl $0x44992211, %eax
	CHECK 8

	/* By REP STOSB over code that has run, and back by REP MOVSB. */
	movl $func, %esi
	movl $CODE + 0x100, %edi
	movl $func_end - func, %ecx
	cld
	rep movsb
	movl $CODE + 0x100, %edx
	call *%rdx
	cmpl $7, %eax
	CHECK 9
	movl $CODE + 0x100, %edi
	movl $func_end - func - 1, %ecx
	movb $0x90, %al
	rep stosb
	movl $5, %eax
	call *%rdx
	cmpl $5, %eax
	CHECK 10
	movl $func, %esi
	movl $CODE + 0x100, %edi
	movl $func_end - func, %ecx
	rep movsb
	call *%rdx
	cmpl $7, %eax
	CHECK 11

	/* A page table entry that moves: the same address, other code. */
	movl $0xc30bb0, CODE + 0x2000
	movl $0xc30ab0, CODE
	call *%r12
	cmpb $0xa, %al
	CHECK 12
	movl $CODE + 0x2007, SPARE + 0x3000
	invlpg (%r12)
	call *%r12
	cmpb $0xb, %al
	CHECK 13

	/* Data and code in one page, the data written all the time. */
	movl $CODE + 0x100, %edx
	movl $1000, %ecx
	xorl %ebx, %ebx
1:	movl %ecx, CODE + 0x800
	call *%rdx
	addl %eax, %ebx
	loop 1b
	cmpl $7000, %ebx
	CHECK 14
	END

func:	xorl %eax, %eax
	addl $3, %eax
	addl $4, %eax
	ret
func_end:
	LONG_DATA
