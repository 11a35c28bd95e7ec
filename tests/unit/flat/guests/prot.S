/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 32-bit protected mode: the exceptions of segmentation with their error
 * codes.  No IRET, INT n, LAR, LSL, VERR: a KVM that interprets does not know them here.
 */
#include "prot.inc"

	/* The frame is EIP, CS, EFLAGS below two words and three registers. */
	.macro RETURN
	popl %ebx
	popl %eax
	popl %ds
	addl $8, %esp
	pushl 8(%esp)
	popfl
	lretl $4
	.endm

	.text
	.code32
	.globl _start
_start:
	PROT_MODE

	FAULT 1f
	xorl %edx, %edx
	xorl %ecx, %ecx
	divl %ecx
1:	EXPECT 0, 0
	FAULT 1f
	ud2
1:	EXPECT 6, 0
	FAULT 1f
	movl $0x1234 * 8, %eax	/* beyond the GDT */
	movl %eax, %fs
1:	EXPECT 13, 0x91a0
	FAULT 1f
	movl $ABSENT, %eax
	movl %eax, %fs
1:	EXPECT 11, ABSENT
	FAULT 1f
	movl $ABSENT, %eax
	movl %eax, %ss
1:	EXPECT 12, ABSENT
	FAULT 1f
	xorl %eax, %eax
	movl %eax, %ss
1:	EXPECT 13, 0
	FAULT 1f
	movl $KCODE, %eax
	movl %eax, %ss
1:	EXPECT 13, KCODE

	/* Limits, read-only, expand-down, the null selector. */
	movl $SMALL, %eax
	movl %eax, %fs
	movl %fs:0xffc, %eax
	FAULT 1f
	movl %fs:0xffd, %eax
1:	EXPECT 13, 0
	FAULT 1f
	movl %eax, %fs:0
1:	EXPECT 13, 0
	movl $DOWN, %eax
	movl %eax, %fs
	movl %fs:0x1000, %eax
	FAULT 1f
	movl %fs:0xffc, %eax
1:	EXPECT 13, 0
	xorl %eax, %eax
	movl %eax, %fs
	FAULT 1f
	movl %fs:0, %eax
1:	EXPECT 13, 0
	FAULT 1f
	ljmp $KDATA, $1f
1:	EXPECT 13, KDATA

	movl $RESULTS, %ebx
	sgdt (%ebx)
	sidt 8(%ebx)
	sldt 16(%ebx)
	str 18(%ebx)
	smsw 20(%ebx)

	END

from_user:
	EXIT 0x10

	PROT_DATA
