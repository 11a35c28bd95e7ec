/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ROM of 64 KiB: from the reset vector, in real mode, it prints and powers off. */
	.code16
	.text
	.globl start
start:
	mov $text, %si
1:	lodsb %cs:(%si), %al
	test %al, %al
	jz 2f
	mov $0x3f8, %dx
	outb %al, %dx
	jmp 1b
2:	mov $0x604, %dx
	mov $(5 << 10 | 1 << 13), %ax
	outw %ax, %dx
3:	pause
	jmp 3b
text:	.asciz "rom\n"
	.org 0xfff0
	ljmp $0xf000, $start
	.org 0xffff
	.byte 0
