/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real mode: segments, wrapping, the IVT, string operations, 16-bit addressing. */
#include "flat.inc"

#define BASE 0x8000	/* where the 16-bit part runs: */
#define SEG 0x0800	/* its segment */

	.text
	.code32
	.globl _start
_start:
	cld
	movl $real, %esi
	movl $BASE, %edi
	movl $real_end - real, %ecx
	rep movsb
	lgdt gdt_ptr
	lidt ivt_ptr
	ljmp $0x08, $BASE + (prot16 - real)

gdt:	.quad 0
	.quad 0x00009b000000ffff	/* 16-bit code at 0 */
	.quad 0x000093000000ffff	/* data at 0 */
gdt_ptr: .word 23
	.long gdt
ivt_ptr: .word 0x3ff
	.long 0

#define REL(label) ((label) - real)

	.code16
real:
prot16:
	/* Selector 8 has base 0 and a 64 KiB limit; this still runs by its linear address. */
	movw $0x10, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	movl %cr0, %eax
	andb $0xfe, %al
	movl %eax, %cr0
	ljmp $SEG, $REL(in_real)
in_real:
	xorw %ax, %ax
	movw %ax, %ss
	movw $0x8000, %sp
	movw %ax, %ds
	movw $0x2000, %ax
	movw %ax, %es

	/* INT n through the IVT; the handler counts in DX and sees IF clear. */
	movw $REL(handler), 0x21 * 4
	movw $SEG, 0x21 * 4 + 2
	xorw %dx, %dx
	sti
	int $0x21
	cli
	cmpw $0x0101, %dx
	jne bad1

	/* #DE and #BR return to the instruction; INTO after it. */
	movw $REL(div_handler), 0
	movw $SEG, 2
	movw $REL(into_handler), 4 * 4
	movw $SEG, 4 * 4 + 2
	movw $100, %ax
	xorb %cl, %cl
	divb %cl		/* the handler gives CL a value */
	cmpw $50, %ax
	jne bad2
	movb $0x7f, %al
	addb $1, %al
	into
	cmpb $0x55, %bh
	jne bad3

	/* 16-bit addresses wrap inside the segment. */
	movw $0x2000, %ax
	movw %ax, %ds
	movl $0x11223344, 0
	movl $0xaabbccdd, %ss:0
	movw $0xfff0, %bx
	movw $0x0010, %si
	movl (%bx, %si), %eax
	cmpl $0x11223344, %eax
	jne bad4

	/* Strings: forward, backward, compare and scan with a count left over. */
	cld
	movw $0x100, %di
	movw $0x5a5a, %ax
	movw $64, %cx
	rep stosw
	movw $0x100, %si
	movw $0x300, %di
	movw $128, %cx
	rep movsb
	movb $1, %es:0x340
	movw $0x100, %si
	movw $0x300, %di
	movw $128, %cx
	repe cmpsb
	cmpw $63, %cx
	jne bad5
	std
	movw $0x37f, %di
	movb $1, %al
	movw $128, %cx
	repne scasb
	cmpw $0x33f, %di
	jne bad6
	cld

	/* Decimal arithmetic. */
	movb $0x38, %al
	addb $0x4b, %al
	subb $0x05, %al
	das
	cmpb $0x78, %al
	jne bad7
	movw $0x0705, %ax
	aad
	cmpb $75, %al
	jne bad7
	aam
	cmpw $0x0705, %ax
	jne bad7

	/* Far calls, a stack of words, ENTER and LEAVE, LOOP with 16 and 32-bit counts. */
	lcall $SEG, $REL(far)
	cmpw $0x77, %si
	jne bad8
	enter $8, $0
	leave
	pushw $0x1234
	popf
	pushf
	popw %ax
	movl $0x10003, %ecx
	xorw %bx, %bx
1:	incw %bx
	loop 1b
	cmpl $0x10000, %ecx
	jne bad9
	movl $3, %ecx
1:	incw %bx
	addr32 loop 1b
	cmpw $6, %bx
	jne bad9
	pushal
	popal
	lds %cs:REL(pointer), %si
	xorw %ax, %ax
	movw %ax, %ds
	movb $0, %al
	jmp out
handler:
	pushf
	popw %dx
	andw $0x200, %dx	/* IF: clear in the handler */
	addw $0x101, %dx
	iret
div_handler:
	movb $2, %cl
	iret
into_handler:
	movb $0x55, %bh
	iret
far:
	movw $0x77, %si
	lret
pointer: .word 0x1111, 0x2222
	.irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9
bad\n:	movb $\n, %al
	jmp out
	.endr
out:
	outb %al, $0xf4
1:	jmp 1b
real_end:
