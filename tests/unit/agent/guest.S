/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest of one page that does one thing, as a ROM of 64 KiB that ends at
 * 4 GiB, in real mode.  MODE 0: powers off when the power button is pressed;
 * 1: never looks at it; 2: tells pvpanic that it has panicked; 3: powers off by itself;
 * 4: panics when the button is pressed.
 */
	.set PM1_STS, 0x600
	.set PM1_CNT, 0x604
	.set POWER_BUTTON, 1 << 8
	.set S5, 5 << 10 | 1 << 13
	.set PVPANIC, 0x505

	.code16
	.text
start:	cli
	mov	$0x3f8, %dx
	mov	$'G', %al
	out	%al, %dx
	.if MODE == 2
	mov	$PVPANIC, %dx
	mov	$1, %al
	out	%al, %dx
	.endif
	.if MODE == 3
	jmp	off
	.endif
look:	mov	$PM1_STS, %dx
	in	%dx, %ax
	.if MODE == 0
	test	$POWER_BUTTON, %ax
	jnz	off
	.endif
	.if MODE == 4
	test	$POWER_BUTTON, %ax
	jnz	panic
	.endif
	jmp	look
panic:	mov	$PVPANIC, %dx
	mov	$1, %al
	out	%al, %dx
	jmp	look
off:	mov	$PM1_CNT, %dx
	mov	$S5, %ax
	out	%ax, %dx
	jmp	look
	.org	0xfff0
	jmp	start
	.org	0x10000, 0xff
