// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs for test_traps.c, 32-bit, linked nowhere: they are copied to PROGRAM
 * and use no absolute address of their own.  Port 0xf4 ends with AL, port 0xe0
 * makes the board act.
 */
#include "tests/unit/soft/programs.h"

/*
 * An IDT at 0x9000 whose vector 1 leads to a handler at 0xa000, copied there:
 * it counts in %edi, collects DR6 in %ebp and sets RF in the frame, so that an
 * instruction breakpoint does not hit again.
 */
#define SETUP_DEBUG                                                            \
	"	call 1f\n"                                                           \
	"1:	pop %ebx\n"                                                        \
	"	lea 8f-1b(%ebx), %esi\n"                                             \
	"	mov $0xa000, %edi\n	mov $9f-8f, %ecx\n	rep movsb\n"                  \
	"	movl $0x0008a000, 0x9008\n	movl $0x00008e00, 0x900c\n"               \
	"	movw $0x7ff, 0x8ff8\n	movl $0x9000, 0x8ffa\n	lidt 0x8ff8\n"          \
	"	movw $31, 0x8fe8\n	movl $0x8f00, 0x8fea\n"                           \
	"	movl $0x0000ffff, 0x8f08\n	movl $0x00cf9b00, 0x8f0c\n"               \
	"	movl $0x0000ffff, 0x8f10\n	movl $0x00cf9300, 0x8f14\n	lgdt 0x8fe8\n" \
	"	mov $0x8000, %esp\n	xor %edi, %edi\n	xor %ebp, %ebp\n"
#define HANDLER                                                      \
	"8:	inc %edi\n	push %eax\n	mov %dr6, %eax\n	or %eax, %ebp\n" \
	"	xor %eax, %eax\n	mov %eax, %dr6\n	pop %eax\n"              \
	"	orl $0x10000, 8(%esp)\n	iretl\n"                           \
	"9:\n"
#define REPORT \
	"	mov %edi, 0x7000\n	mov %ebp, 0x7004\n	mov $0, %al\n	out %al, $0xf4\n"

#define BEGIN(name) ".section .rodata\n.globl program_" #name "\nprogram_" #name ":\n.code32\n"
#define END(name)   ".globl program_" #name "_end\nprogram_" #name "_end:\n.code64\n.text\n"

/* The function at 0x200000 is called, replaced by the board, called again, 100 times. */
__asm__(BEGIN(device) "	mov $0x8000, %esp\n	xor %ebx, %ebx\n	mov $100, %ecx\n"
		      "1:	mov $0x200000, %edx\n	call *%edx\n	add %eax, %ebx\n"
		      "	mov %cl, %al\n	out %al, $0xe0\n	dec %ecx\n	jnz 1b\n"
		      "	mov %ebx, 0x7000\n	xor %eax, %eax\n	out %al, $0xf4\n" END(
			      device));

/* Stores into the block that is running, behind, before and at the next instruction. */
__asm__(BEGIN(
	self) "	mov $0x8000, %esp\n	call 1f\n1:	pop %ebx\n	xor %edx, %edx\n"
	      "	movb $0x42, 2f-1b(%ebx)\n" /* inc %ecx (41) becomes inc %edx (42) */
	      "2:	inc %ecx\n"
	      "	movb $7, 3f-1b+1(%ebx)\n"
	      "	nop\n	nop\n"
	      "3:	mov $1, %al\n	movzbl %al, %eax\n	shl $4, %edx\n	add %eax, %edx\n"
	      "	mov %edx, 0x7000\n"
	      /* REP STOSB over the instructions that follow it: five NOPs in place of a jump away. */
	      "	lea 4f-1b(%ebx), %edi\n	mov $5, %ecx\n	mov $0x90, %al\n	cld\n	rep stosb\n"
	      "4:	.byte 0xe9\n	.long 5f-.-4\n"
	      "	movl $1, 0x7004\n"
	      "5:	xor %eax, %eax\n	out %al, $0xf4\n" END(self));

/* TF over six instructions: PUSHF's own does not count, POPF's next does. */
__asm__(BEGIN(step) SETUP_DEBUG "	pushf\n	orl $0x100, (%esp)\n	popf\n"
				"	nop\n	mov $3, %ecx\n"
				"	rep lodsb\n" /* one trap an element */
				"	push $2\n"
				"	popf\n" /* clears TF; its own trap is taken */
				"	nop\n" REPORT HANDLER END(step));

/* DR0: an instruction; DR1: a word written. */
__asm__(BEGIN(breakpoints) SETUP_DEBUG
	"	lea 2f-1b(%ebx), %eax\n	mov %eax, %dr0\n"
	"	mov $0x7100, %eax\n	mov %eax, %dr1\n"
	"	mov $0x00d0000a, %eax\n	mov %eax, %dr7\n" /* G0 exec, G1 write 4 */
	"	mov $3, %ecx\n"
	"2:	nop\n"              /* three times */
	"	mov 0x7100, %eax\n" /* a read: no trap */
	"	movb $1, 0x7103\n"  /* three times */
	"	movb $1, 0x7104\n"
	"	loop 2b\n"
	"	xor %eax, %eax\n	mov %eax, %dr7\n"
	"	movb $1, 0x7103\n	nop\n" REPORT HANDLER END(breakpoints));
