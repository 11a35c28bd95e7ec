/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets the local APIC's timer as it is told (LVT at RESULTS + 0x10, initial
 * count at + 0x14), says so at port 0xe9, and counts its interrupts at RESULTS.
 */
#include "long.inc"

#define APIC 0xfee00000
#define APIC_EOI 0xb0
#define APIC_SVR 0xf0
#define APIC_LVTT 0x320
#define APIC_TMICT 0x380
#define APIC_TDCR 0x3e0

	.text
	.globl _start
_start:
	LONG_MODE
long_start:
	movl $idt + 0x600, %edi
	movl $tick, %eax
	call set_gate
	movl $APIC, %ebp
	movl $0x1ff, APIC_SVR(%rbp)
	movl $0xb, APIC_TDCR(%rbp)	/* divide by 1 */
	movl RESULTS + 0x10, %eax
	movl %eax, APIC_LVTT(%rbp)
	movl RESULTS + 0x14, %eax
	movl %eax, APIC_TMICT(%rbp)
	outb %al, $0xe9
	sti
1:	pause
	jmp 1b

tick:	incl RESULTS
	movl $0, APIC_EOI(%rbp)
	iretq
	LONG_DATA
