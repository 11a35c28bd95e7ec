/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work that can be interrupted, moved and continued: a generator writes over
 * 256 KiB in long mode, with an SSE register and flags carrying state along.  In the
 * middle of it port 0xe9 says so.
 */
#include "long.inc"

	.text
	.globl _start
_start:
	LONG_MODE
long_start:
	movl $12345, %eax
	movdqa carried, %xmm3
	movl $60000, %ecx
1:	imull $1103515245, %eax, %eax
	addl $12345, %eax
	movl %eax, %edx
	shrl $14, %edx
	andl $0x3fffc, %edx
	addl %eax, RESULTS(%rdx)
	adcl $0, %ebx
	rorl $3, %ebx
	xorl %eax, %ebx
	cmpl $30000, %ecx
	jne 2f
	outb %al, $0xe9
2:	decl %ecx
	jnz 1b
	movl %ebx, RESULTS - 8
	movdqa %xmm3, RESULTS - 32
	movq RESULTS - 32, %rdx
	cmpq carried, %rdx
	CHECK 1
	END

	.balign 16
carried: .quad 0x1122334455667788, 0x99aabbccddeeff00
	LONG_DATA
