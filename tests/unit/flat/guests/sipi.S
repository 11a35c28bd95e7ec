/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two processors: INIT and SIPI wake the second in real mode; both then count
 * with locked instructions and under a spin lock, and interrupt each other.
 */
#include "long.inc"

#define APIC 0xfee00000
#define TRAMPOLINE 0x8000
#define TURNS 300

	.text
	.globl _start
_start:
	LONG_MODE
long_start:
	movl $trampoline, %esi
	movl $TRAMPOLINE, %edi
	movl $trampoline_end - trampoline, %ecx
	rep movsb
	movl $idt + 0x600, %edi
	movl $ipi, %eax
	call set_gate
	movl $APIC, %ebp
	movl $0x1ff, 0xf0(%rbp)
	movl $1 << 24, 0x310(%rbp)
	movl $0x4500, 0x300(%rbp)	/* INIT */
	movl $1 << 24, 0x310(%rbp)
	movl $0x4608, 0x300(%rbp)	/* start at 0x8000 */
	movl $1 << 24, 0x310(%rbp)
	movl $0x4608, 0x300(%rbp)	/* again, as everybody does: ignored */
1:	pause
	cmpl $1, ap_alive
	jne 1b
	call work
	/* It interrupts us, we interrupt it. */
	movl $1 << 24, 0x310(%rbp)
	movl $0x4060, 0x300(%rbp)
	sti
1:	pause
	cmpl $2, ipis
	jne 1b
	cli
1:	pause
	cmpl $1, ap_done
	jne 1b
	cmpl $2 * TURNS, locked
	CHECK 1
	cmpl $2 * TURNS, guarded
	CHECK 2
	cmpl $2 * TURNS, exchanged
	CHECK 3
	cmpl $1, ap_id
	CHECK 4
	cmpl $0x10, ap_starts
	CHECK 5
	FORGET 0xe0000
	FORGET 0x100000
	END

work:	movl $TURNS, %ecx
1:	lock incl locked
2:	lock btsl $0, spin
	jnc 3f
	pause
	jmp 2b
3:	movl guarded, %eax
	pause
	incl %eax
	movl %eax, guarded
	movl $0, spin
4:	movl exchanged, %eax
	leal 1(%rax), %edx
	lock cmpxchgl %edx, exchanged
	jne 4b
	loop 1b
	xorl %eax, %eax
	xorl %edx, %edx
	ret

ipi:	pushq %rax
	lock incl ipis
	movl $APIC, %eax
	movl $0, 0xb0(%rax)
	popq %rax
	iretq

ap_long:
	movl $idt_ptr, %eax
	lidt (%rax)
	movl $0xe0000, %esp
	movl $APIC, %ebp
	movl $0x1ff, 0xf0(%rbp)
	movl 0x20(%rbp), %eax
	shrl $24, %eax
	movl %eax, ap_id
	lock addl $0x10, ap_starts
	movl $1, ap_alive
	call work
	movl $0, 0x310(%rbp)
	movl $0x4060, 0x300(%rbp)
	sti
1:	pause
	cmpl $2, ipis
	jne 1b
	cli
	xorl %eax, %eax
	movl $1, ap_done
1:	jmp 1b

	.code16
trampoline:
	cli
	lgdtl %cs:gdt_ptr16 - trampoline
	movl $PML4, %eax
	movl %eax, %cr3
	movl $0x620, %eax
	movl %eax, %cr4
	movl $0xc0000080, %ecx
	movl $0x901, %eax
	xorl %edx, %edx
	wrmsr
	movl $0x80010033, %eax
	movl %eax, %cr0
	ljmpl $KCODE, $ap_trampoline
gdt_ptr16: .word gdt_end - gdt - 1
	.long gdt
trampoline_end:
	.code64
ap_trampoline:
	movl $KDATA, %eax
	movl %eax, %ss
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %fs
	movl %eax, %gs
	jmp ap_long

	.balign 4
ap_alive: .long 0
ap_done: .long 0
ap_id:	.long 0
ap_starts: .long 0
ipis:	.long 0
locked:	.long 0
guarded: .long 0
spin:	.long 0
exchanged: .long 0
	LONG_DATA
