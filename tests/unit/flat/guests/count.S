/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts for ever, at RESULTS. */
#include "flat.inc"

	.text
	.code32
	.globl _start
_start:
1:	incl RESULTS
	jmp 1b
