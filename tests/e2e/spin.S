/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that takes all of the processor it gets: a PVH ELF (Xen's elfnote 18)
 * that says so on the first serial port and spins.
 */
	.code32
	.section .text
	.globl _start
_start:
	movl $0x3f8, %edx
	movb $'!', %al
	outb %al, %dx
1:	jmp 1b

	.section .note.Xen, "a", @note
	.long 4, 4, 18
	.asciz "Xen"
	.long _start
