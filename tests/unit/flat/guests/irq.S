/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts: the PIC's through LINT0, messages, a level-triggered IOAPIC pin
 * and its EOI, the local APIC's own (self IPI, priorities, TPR, timers)
 * in xAPIC and x2APIC mode.  Each one leaves its vector and the address it
 * returns to at RESULTS.
 */
#include "long.inc"

#define APIC 0xfee00000
#define APIC_TPR 0x80
#define APIC_EOI 0xb0
#define APIC_SVR 0xf0
#define APIC_ISR 0x100
#define APIC_IRR 0x200
#define APIC_ICR 0x300
#define APIC_ICR2 0x310
#define APIC_LVTT 0x320
#define APIC_TMICT 0x380
#define APIC_TDCR 0x3e0

#define DEADLINE_LOG (RESULTS + 0x1000)
#define X2APIC_LOG (RESULTS + 0x2000)

	/* Until @n interrupts have come in all. */
	.macro AWAIT n
93:	pause
	cmpl $\n, count
	jb 93b
	cmpl $\n, count
	.endm

	.text
	.globl _start
_start:
	LONG_MODE
long_start:
	/* Gates 0x50..0x6f. */
	movl $idt + 0x500, %edi
	movl $irq_stubs, %eax
	movl $32, %ecx
1:	call set_gate
	addl $16, %edi
	addl $16, %eax
	loop 1b
	movl $APIC, %ebp
	movl $0x1ff, APIC_SVR(%rbp)

	/* The PIC: at once when open, after STI and one instruction when not. */
	sti
	movb $0x50, %al
	outb %al, $0xe0
	AWAIT 1
	CHECK 1
	cli
	movb $0x51, %al
	outb %al, $0xe0
	.rept 20
	nop
	.endr
	cmpl $1, count
	CHECK 2
	sti
	nop
after_shadow:
	nop
	AWAIT 2
	CHECK 3
	cmpq $1, RESULTS + 24
	CHECK 4
	cli
	movb $0x52, %al
	outb %al, $0xe0
	sti
	hlt
after_hlt:
	cli
	cmpq $after_hlt, RESULTS + 40
	CHECK 5
	inb $0xe1, %al
	cmpb $3, %al
	CHECK 6

	/* LINT0 masked: the PIC waits, although IF is set. */
	movl $0x10700, 0x350(%rbp)
	movb $0x53, %al
	outb %al, $0xe0
	sti
	.rept 20
	nop
	.endr
	cmpl $3, count
	CHECK 7
	movl $0x700, 0x350(%rbp)
	AWAIT 4
	CHECK 8
	cli

	/* Two at once: the higher first; the lower stays in IRR meanwhile. */
	movl $0, APIC_ICR2(%rbp)
	movl $0x40054, APIC_ICR(%rbp)
	movl $0x40065, APIC_ICR(%rbp)
	movl APIC_IRR + 0x20(%rbp), %eax
	cmpl $1 << 20, %eax
	CHECK 9
	movl APIC_IRR + 0x30(%rbp), %eax
	cmpl $1 << 5, %eax
	CHECK 10
	sti
	AWAIT 6
	CHECK 11
	cmpl $0x65, RESULTS + 64
	CHECK 12
	cmpl $0x54, RESULTS + 80
	CHECK 13

	/* TPR holds back what is not above it; CR8 is the same register. */
	movl $0x60, APIC_TPR(%rbp)
	movl $0x4005f, APIC_ICR(%rbp)
	.rept 20
	nop
	.endr
	cmpl $6, count
	CHECK 14
	movq %cr8, %rax
	cmpq $6, %rax
	CHECK 15
	movl $0, APIC_TPR(%rbp)
	AWAIT 7
	CHECK 16

	/* A level-triggered pin: high until the second time it is served. */
	movl $0x61, %eax
	outl %eax, $0xe2
	outb %al, $0xe3
	AWAIT 9
	CHECK 17
	inl $0xe5, %eax
	cmpl $2, %eax
	CHECK 18

	/* Edge messages. */
	movl $0x62, %eax
	outl %eax, $0xe6
	AWAIT 10
	CHECK 19
	movl $0x63, %eax
	outl %eax, $0xe6
	AWAIT 11
	CHECK 20
	movl $0x66, %eax
	outl %eax, $0xe6
	AWAIT 12
	CHECK 21

	/* The timer: once, three times, by deadline, and a deadline that has passed. */
	movl $0xb, APIC_TDCR(%rbp)
	movl $0x64, APIC_LVTT(%rbp)
	movl $100000, APIC_TMICT(%rbp)
1:	cli
	cmpl $13, count
	jae 1f
	sti
	hlt
	jmp 1b
1:	movl $0x20067, APIC_LVTT(%rbp)
	movl $200000, APIC_TMICT(%rbp)
	sti
	AWAIT 16
	cli
	movl $0, APIC_TMICT(%rbp)
	/* It may have come more often than asked for, and late: forget those. */
	sti
	movl $5000, %ecx
1:	pause
	loop 1b
	cli
	movl $RESULTS + 16 * 16, %edi
	movl $0x400, %ecx
	xorl %eax, %eax
	rep stosb
	movl $0x40068, APIC_LVTT(%rbp)
	movl $0, count
	movl $0x6e0, %ecx
	rdtsc
	addl $300000, %eax
	adcl $0, %edx
	movl %eax, %esi
	movl %edx, %edi
	movq $DEADLINE_LOG, log_at
	wrmsr
	shlq $32, %rdi
	orq %rdi, %rsi
	/* Both, the interrupt and the time: one of the periodic timer's may still be under way. */
1:	sti
	pause
	cli
	movl $0x6e0, %ecx
	rdtsc
	shlq $32, %rdx
	orq %rdx, %rax
	cmpq %rsi, %rax
	jb 1b
	cmpl $0, count
	je 1b
	cmpl $0x68, last
	jne 1b
	rdmsr
	orl %edx, %eax		/* disarmed */
	CHECK 24
	movl $0, count
	movl $1, %eax
	xorl %edx, %edx
	sti
	wrmsr
	AWAIT 1
	CHECK 25
	cli
	movl $0x10000, APIC_LVTT(%rbp)

	/* x2APIC: the same registers as MSRs. */
	movq $X2APIC_LOG, log_at
	movl $0, count
	movl $0x1b, %ecx
	rdmsr
	orl $0x400, %eax
	wrmsr
	movb $1, x2apic
	movl $0x802, %ecx
	rdmsr
	testl %eax, %eax
	CHECK 26
	sti
	movl $0x83f, %ecx	/* self IPI */
	movl $0x55, %eax
	xorl %edx, %edx
	wrmsr
	AWAIT 1
	CHECK 27
	movl $0x830, %ecx
	movl $0x40056, %eax
	wrmsr
	AWAIT 2
	CHECK 28
	cli
	movl $0x800, %ecx	/* no such register */
	FAULT 1f
	rdmsr
1:	EXPECT 13, 0
	movl $DEADLINE_LOG, %edi
	movl $0x100, %ecx
	xorl %eax, %eax
	rep stosb
	FORGET 0x100000
	xorl %esi, %esi
	xorl %ebx, %ebx
	xorl %edx, %edx
	END

	.balign 16
	.set v, 0x50
irq_stubs:
	.rept 32
	.balign 16
	pushq $v
	jmp irq
	.set v, v + 1
	.endr

irq:	pushq %rax
	pushq %rcx
	pushq %rdx
	movq log_at, %rcx
	movq 24(%rsp), %rax
	/* Once too often, see test_flat.c: its EOI is all it gets. */
	cmpb $0x61, %al
	jne 1f
	cmpl $9, count
	jae eoi
1:	movl %eax, (%rcx)
	movl %eax, last
	movq 32(%rsp), %rdx
	/* An interrupt comes when it comes: what is certain is not before the shadow's end... */
	cmpb $0x51, %al
	jne 1f
	cmpq $after_shadow, %rdx
	setae %dl
	movzbl %dl, %edx
	jmp 2f
	/* ... and after the HLT that waited for it. */
1:	cmpb $0x52, %al
	je 2f
	xorl %edx, %edx
2:	movq %rdx, 8(%rcx)
	addq $16, log_at
	incl count
	cmpb $0x61, %al
	jne 1f
	cmpl $9, count
	jne 1f
	outb %al, $0xe4
1:
eoi:	cmpb $0x54, %al
	jb 2f			/* the PIC's needs no EOI here */
	cmpb $0, x2apic
	jne 1f
	movl $APIC, %eax
	movl $0, APIC_EOI(%rax)
	jmp 2f
1:	movl $0x80b, %ecx
	xorl %eax, %eax
	xorl %edx, %edx
	wrmsr
2:	popq %rdx
	popq %rcx
	popq %rax
	addq $8, %rsp
	iretq

	.balign 8
count:	.long 0
last:	.long 0
x2apic:	.long 0
log_at:	.quad RESULTS
	LONG_DATA
