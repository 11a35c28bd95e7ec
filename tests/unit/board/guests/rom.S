/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ROM of 64 KiB.  From the reset vector, in real mode at the top of 4 GiB, it
 * tries to overwrite itself, changes its copy below 1 MiB, and prints; so it
 * does from the copy, which says something else.  Then it resets the machine,
 * and the second time powers off.
 */
	.code16
	.text
	.globl start

start:	mov $0xf000, %ax	/* ours is at ffff0000: CS is not loaded yet */
	mov %ax, %ds
	movb $'a', text + 1
	movb $'x', %cs:text
	mov $top, %bx
	jmp print
top:	ljmp $0xf000, $low
low:	mov $done, %bx
	jmp print
done:	xor %ax, %ax
	mov %ax, %ds
	incb 0x500
	cmpb $1, 0x500
	jne 1f
	mov $0xfe, %al
	outb %al, $0x64
2:	pause
	jmp 2b
1:	mov $0x604, %dx
	mov $(5 << 10 | 1 << 13), %ax
	outw %ax, %dx
	jmp 2b

print:	mov $text, %si
1:	lodsb %cs:(%si), %al
	test %al, %al
	jz 2f
	mov $0x3f8, %dx
	outb %al, %dx
	jmp 1b
2:	jmp *%bx

text:	.asciz "rom\n"
	.org 0xfff0
	jmp start
	.org 0xffff
	.byte 0
