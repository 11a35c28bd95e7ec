/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rings: three times four bytes, twice two, at 0xd0000800, and ends.
 */
#include "flat.inc"

#define BELL 0xd0000800

	.text
	.code32
	.globl _start
_start:
	movl $1, BELL
	movl $2, BELL
	movl $3, BELL
	movw $4, BELL
	movw $5, BELL
	END
