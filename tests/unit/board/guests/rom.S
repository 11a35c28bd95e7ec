/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ROM of 64 KiB.  From the reset vector, in real mode at the top of 4 GiB, it
 * tries to overwrite itself, changes its copy below 1 MiB, and prints; so it
 * does from the copy, which says something else.  Then it resets the machine.
 * The second time it goes back to its place, with only that page of it mapped,
 * says so, and powers off.
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
1:	lgdtl %cs:gdt_at
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmpl $8, $0xffff0000 + paged

	.code32
paged:	mov $16, %eax
	mov %eax, %ds
	movl $0x2003, 0x1000			/* PML4 */
	movl $0x3003, 0x2000			/* PDPT: 2 MiB at 0 */
	movl $0x83, 0x3000
	movl $0x4003, 0x2000 + 8 * 3		/* and one page at its place */
	movl $0x5003, 0x4000 + 8 * 511
	movl $0xffff0003, 0x5000 + 8 * 0x1f0
	mov $0x20, %eax				/* PAE */
	mov %eax, %cr4
	mov $0x1000, %eax
	mov %eax, %cr3
	mov $0xc0000080, %ecx
	mov $0x100, %eax			/* LME */
	xor %edx, %edx
	wrmsr
	mov $0x80000011, %eax
	mov %eax, %cr0
	ljmpl $24, $0xffff0000 + wide
	.code64
wide:	mov $0x3f8, %edx
	mov $'p', %al
	outb %al, %dx
	mov $'\n', %al
	outb %al, %dx
	mov $0x604, %edx
	mov $(5 << 10 | 1 << 13), %eax
	outw %ax, %dx
3:	pause
	jmp 3b
	.code16

print:	mov $text, %si
1:	lodsb %cs:(%si), %al
	test %al, %al
	jz 2f
	mov $0x3f8, %dx
	outb %al, %dx
	jmp 1b
2:	jmp *%bx

text:	.asciz "rom\n"
	.balign 8
gdt:	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff
gdt_at:	.word gdt_at - gdt - 1
	.long 0xf0000 + gdt
	.org 0xfff0
	jmp start
	.org 0xffff
	.byte 0
