/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ring 3 and back in 32-bit protected mode: IRET, gates, the TSS's stack; LAR, LSL, VERR, VERW. */
#include "prot.inc"

	.macro RETURN
	popl %ebx
	popl %eax
	popl %ds
	addl $8, %esp
	iretl
	.endm

	.text
	.code32
	.globl _start
_start:
	PROT_MODE
	movw $0x0e00, idt + 8 * 0x81 + 4
	FAULT 1f
	int $0x81		/* gate not present */
1:	EXPECT 11, 0x81*8+2
	FAULT 1f
	int3
1:	EXPECT 3, 0

	/* What descriptors say. */
	movl $RESULTS, %ebx
	.irp sel, KCODE, KDATA, UCODE, ABSENT, SMALL, DOWN, TSS, 0x200
	movl $\sel, %ecx
	xorl %eax, %eax
	larl %ecx, %eax
	setz 4(%ebx)
	movl %eax, (%ebx)
	xorl %eax, %eax
	lsll %ecx, %eax
	setz 12(%ebx)
	movl %eax, 8(%ebx)
	verr %cx
	setz 13(%ebx)
	verw %cx
	setz 14(%ebx)
	addl $16, %ebx
	.endr
	movl %esp, ring0_esp
	pushl $UDATA
	pushl $0xe0000
	pushl $0x2
	pushl $UCODE
	pushl $user
	iretl
user:
	movl %cs, %eax
	cmpl $UCODE, %eax
	jne user_bad
	movl $UDATA, %eax
	movl %eax, %ds
	movl %eax, %es
	FAULT 1f
	hlt
1:	EXPECT 13, 0
	FAULT 1f
	inb $0x60, %al
1:	EXPECT 13, 0
	FAULT 1f
	int $0x20		/* DPL 0 */
1:	EXPECT 13, 0x20*8+2
	FAULT 1f
	movl $KDATA, %eax
	movl %eax, %fs
1:	EXPECT 13, KDATA
	FAULT 1f
	movl %eax, %cr3
1:	EXPECT 13, 0
	movl $0x600d, %esi
	int $0x80
user_bad:
	EXIT 0x10

from_user:
	movl $KDATA, %eax
	movl %eax, %ds
	movl %eax, %es
	cmpl $0x600d, %esi
	CHECK 0x11
	cmpl $UCODE, 4(%esp)
	CHECK 0x12
	cmpl $tss_stack - 20, %esp
	CHECK 0x13
	movl ring0_esp, %esp
	END

	PROT_DATA
