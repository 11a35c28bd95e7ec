/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fault without an IDT to take it: double fault, triple fault, shutdown. */
#include "flat.inc"

	.text
	.code32
	.globl _start
_start:
	lidt nothing
	ud2
1:	jmp 1b
nothing: .word 0
	.long 0
