/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every CPUID leaf there is, and those MSRs that both engines have the same of. */
#include "long.inc"

	.text
	.globl _start
_start:
	LONG_MODE
long_start:
	movl $RESULTS, %edi
	xorl %esi, %esi
	movl $0xc, %r8d
	call leaves
	movl $0x40000000, %esi
	movl $2, %r8d
	call leaves
	movl $0x40000010, %eax	/* the TSC's frequency is the host's with kvm */
	cpuid
	testl %eax, %eax
	setnz (%rdi)
	movl %ebx, 4(%rdi)
	addl $16, %edi
	movl $0x80000000, %esi
	movl $9, %r8d
	call leaves
	cmpl $0xb, RESULTS
	CHECK 1

	.irp msr, 0x1b, 0x1a0, 0x174, 0x175, 0x176, 0xc0000080, 0xc0000081, 0xc0000082, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102
	movl $\msr, %ecx
	rdmsr
	movl %eax, (%rdi)
	movl %edx, 4(%rdi)
	addl $8, %edi
	.endr
	/* What a stock kernel does before it has an IDT (cpuid.c). */
	movl $0x1a0, %ecx
	rdmsr
	wrmsr
	movl $0x8b, %ecx
	xorl %eax, %eax
	xorl %edx, %edx
	wrmsr
	rdmsr
	FAULT 1f
	movl $0xdeadbeef, %ecx
	rdmsr
1:	EXPECT 13, 0
	FAULT 1f
	wrmsr
1:	EXPECT 13, 0
	FAULT 1f
	movl $0xc0000080, %ecx
	rdmsr
	orl $2, %eax		/* reserved */
	wrmsr
1:	EXPECT 13, 0
	xorl %eax, %eax
	xorl %edx, %edx
	cmpl %eax, %eax
	END

/* leaves from %esi on, %r8d of them, three subleaves each */
leaves:	xorl %r9d, %r9d
1:	movl %esi, %eax
	movl %r9d, %ecx
	cpuid
	/* A KVM without hardware virtualization shows its host's features here: ours are among them. */
	cmpl $1, %esi
	jne 2f
	andl $0x81202000, %ecx
	andl $0x0788ab7d, %edx
2:	cmpl $7, %esi
	jne 3f
	xorl %eax, %eax
	andl $0x200, %ebx
	xorl %ecx, %ecx
	xorl %edx, %edx
3:	movl %eax, (%rdi)
	movl %ebx, 4(%rdi)
	movl %ecx, 8(%rdi)
	movl %edx, 12(%rdi)
	addl $16, %edi
	incl %r9d
	cmpl $3, %r9d
	jb 1b
	incl %esi
	decl %r8d
	jnz leaves
	ret
	LONG_DATA
