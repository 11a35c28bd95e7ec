/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports and memory-mapped registers: every size, string I/O, read-modify-write. */
#include "long.inc"

#define MMIO 0xd0000000

	.text
	.globl _start
_start:
	LONG_MODE
long_start:
	movl $MMIO, %ebp
	movl $RESULTS, %edi
	/* Reads: the value depends on address and size. */
	movb 0x11(%rbp), %al
	movb %al, (%rdi)
	movw 0x22(%rbp), %ax
	movw %ax, 2(%rdi)
	movl 0x44(%rbp), %eax
	movl %eax, 4(%rdi)
	movq 0x88(%rbp), %rax
	movq %rax, 8(%rdi)
	movzbl 0x91(%rbp), %eax
	movl %eax, 16(%rdi)
	movswl 0x92(%rbp), %eax
	movl %eax, 20(%rdi)
	movslq 0x94(%rbp), %rax
	movq %rax, 24(%rdi)

	/* Writes, and read-modify-write: order and sizes go into the checksum. */
	movb $1, 1(%rbp)
	movw $0x2345, 2(%rbp)
	movl $0x6789abcd, 4(%rbp)
	movq %rdi, 8(%rbp)
	addl $5, 0x10(%rbp)
	incw 0x20(%rbp)
	orb $0x80, 0x30(%rbp)
	xchgl %eax, 0x40(%rbp)
	movl %eax, 32(%rdi)
	movq 0xff8(%rbp), %rax
	movq %rax, 40(%rdi)
	testl $0xff, 0x50(%rbp)
	setz 48(%rdi)
	cmpb $0x51, 0x51(%rbp)
	setz 49(%rdi)
	pushq 0x58(%rbp)
	popq 56(%rdi)

	/* String instructions from registers and to them. */
	cld
	movl $MMIO + 0x100, %esi
	movl $RESULTS + 0x100, %edi
	movl $8, %ecx
	rep movsl
	movl $RESULTS + 0x100, %esi
	movl $MMIO + 0x200, %edi
	movl $4, %ecx
	rep movsq
	movl $MMIO + 0x300, %edi
	movl $0x5a5a5a5a, %eax
	movl $3, %ecx
	rep stosl
	movl $RESULTS + 0x180, %edi
	movl $MMIO, %ebp
	movq 0xff8(%rbp), %rax
	movq %rax, (%rdi)

	/* Ports. */
	movb $0x12, %al
	outb %al, $0xf0
	movw $0x3456, %ax
	outw %ax, $0xf0
	inl $0xf0, %eax
	cmpl $0x123456, %eax
	CHECK 1
	movw $0xf0, %dx
	movl $text, %esi
	movl $4, %ecx
	rep outsb
	inl %dx, %eax
	cmpl $0x61626364, %eax	/* the bytes, the last one lowest */
	CHECK 2
	movl $RESULTS + 0x200, %edi
	movl $3, %ecx
	rep insl
	cmpl $0x61626364, RESULTS + 0x208
	CHECK 3
	cmpl $RESULTS + 0x20c, %edi
	CHECK 4
	movl $0xffffffff, %eax
	inb %dx, %al
	cmpl $0xffffff64, %eax
	CHECK 5
	inw %dx, %ax
	cmpl $0xffff6364, %eax
	CHECK 6
	/* Nobody's port, nobody's memory. */
	inb $0x99, %al
	cmpb $0xff, %al
	CHECK 7
	movl $0xd8000000, %ebx
	movl (%rbx), %eax
	cmpl $-1, %eax
	CHECK 8
	movl $0, (%rbx)
	END

text:	.ascii "abcd"
	LONG_DATA
