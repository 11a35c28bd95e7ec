/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The smallest guest whose start can be seen: a PVH ELF (Xen's elfnote 18)
 * that writes one byte to the first serial port and halts for good.
 */
	.code32
	.section .text
	.globl _start
_start:
	movl $0x3f8, %edx
	movb $'!', %al
	outb %al, %dx
	cli
1:	hlt
	jmp 1b

	.section .note.Xen, "a", @note
	.long 4, 4, 18
	.asciz "Xen"
	.long _start
