/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes to known pages, without paging: 0x200, 0x203 (its last byte), 0x204
 * (as the second half of the same store), 0x210..0x213 (REP STOS), and reads from
 * 0x220.
 */
#include "flat.inc"

	.text
	.code32
	.globl _start
_start:
	movl $1, 0x200000
	movl $2, 0x203fff
	movl $0x210010, %edi
	movl $0x3000, %ecx
	movb $3, %al
	cld
	rep stosb
	movl 0x220000, %eax
	cmpl %eax, 0x220ffc
	END
