/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest of one page that does one thing, as a ROM of 64 KiB that ends at
 * 4 GiB, in real mode.  MODE 0: powers off when the power button is pressed;
 * 1: never looks at it; 2: tells pvpanic that it has panicked; 3: powers off by itself;
 * 4: panics when the button is pressed.
 * They sleep until the next tick, so that a host of them is not busy with them.
 */
	.set PM1_STS, 0x600
	.set PM1_CNT, 0x604
	.set POWER_BUTTON, 1 << 8
	.set S5, 5 << 10 | 1 << 13
	.set PVPANIC, 0x505
	.set PIC, 0x20
	.set PIT, 0x40
	.set VECTOR, 8
	.set TICK, 11932	/* of 1193182 Hz: 100 Hz */

	.code16
	.text
start:	cli
	ljmp	$0xf000, $low - start	/* the same, where an interrupt can return to */
low:	mov	$0x3f8, %dx
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
	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %ss
	mov	$0x7000, %sp
	movw	$tick - start, VECTOR * 4
	movw	$0xf000, VECTOR * 4 + 2
	mov	$0x11, %al	/* ICW1: edges, ICW4 comes */
	out	%al, $PIC
	mov	$VECTOR, %al
	out	%al, $PIC + 1
	mov	$4, %al
	out	%al, $PIC + 1
	mov	$1, %al
	out	%al, $PIC + 1
	mov	$0xfe, %al	/* the timer alone */
	out	%al, $PIC + 1
	mov	$0x34, %al	/* counter 0, both bytes, mode 2 */
	out	%al, $PIT + 3
	mov	$TICK & 0xff, %al
	out	%al, $PIT
	mov	$TICK >> 8, %al
	out	%al, $PIT
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
	sti
	hlt
	cli
	jmp	look
tick:	push	%ax
	mov	$0x20, %al	/* end of interrupt */
	out	%al, $PIC
	pop	%ax
	iret
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
