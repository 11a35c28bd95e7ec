/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One guest for the domain's life: the first letter of its command line says
 * what it does.  32-bit protected mode, hardly a stack, no interrupts.
 */
#define UART 0x3f8
#define PM1_STATUS 0x600
#define PM1_ENABLE 0x602
#define PM1_CONTROL 0x604
#define SMI_COMMAND 0x60c
#define S5 (5 << 10 | 1 << 13)
#define BUTTON 0x100
#define COUNTER 0x300000 /* outside the image: survives a reset */

	.code32
	.section .note.pvh, "a", @note
	.long 4, 4, 18
	.asciz "Xen"
	.long start

	.text
	.globl start
start:
	mov $stack, %esp
	mov 24(%ebx), %esi /* hvm_start_info.cmdline_paddr */
	mov (%esi), %al
	cmp $'h', %al
	je hello
	cmp $'r', %al
	je reboot
	cmp $'t', %al
	je triple
	cmp $'p', %al
	je panic
	cmp $'b', %al
	je button
	cmp $'e', %al
	je echo
	cmp $'d', %al
	je debug
	cmp $'g', %al
	je garbage
	cmp $'s', %al
	je spin
	cmp $'i', %al
	je esb
	cmp $'a', %al
	je wdat
wait:
	hlt /* for ever: interrupts are off */
	jmp wait

spin:
	jmp spin

/*
 * Starts a watchdog and does not feed it, but waits for the power button; the
 * second time it says whether the watchdog says that it was the cause.
 */
#define WDAT_CONTROL 0x621
#define WDAT_STATUS 0x622
#define WDAT_COUNT 0x624
wdat:
	mov $WDAT_STATUS, %dx
	inb %dx, %al
	test $1, %al
	jnz was_bitten
	mov $WDAT_COUNT, %dx
	mov $10, %eax /* a second */
	cmpb $'l', 1(%esi)
	jne 1f
	mov $50, %eax /* or long */
1:	outl %eax, %dx
	mov $WDAT_CONTROL, %dx
	mov $1, %al
	outb %al, %dx
	jmp take_nmi

#define I6300ESB 0x25ab8086
esb:
	mov $0x80000000, %ebx
1:	add $1 << 11, %ebx
	mov $0xcf8, %dx
	mov %ebx, %eax
	outl %eax, %dx
	mov $0xcfc, %dx
	inl %dx, %eax
	cmp $I6300ESB, %eax
	jne 1b
	mov $4, %al /* command: memory */
	mov $2, %ecx
	call config
	mov $0x10, %al
	call config_read
	mov %eax, %ebp
	mov 12(%ebp), %ax
	test $0x200, %ax
	jnz was_bitten
	mov $0x60, %al /* the fast clock, no interrupt */
	mov $7, %ecx
	call config
	movw $0x80, 12(%ebp)
	movw $0x86, 12(%ebp)
	movl $500000, 0(%ebp) /* half a second */
	movw $0x80, 12(%ebp)
	movw $0x86, 12(%ebp)
	movl $500000, 4(%ebp)
	mov $0x68, %al /* enable */
	mov $2, %ecx
	call config
	jmp take_nmi

/* the register %al of the function %ebx = %ecx */
config:
	call address
	mov $0xcfc, %dx
	mov %ecx, %eax
	outl %eax, %dx
	ret
config_read:
	call address
	mov $0xcfc, %dx
	inl %dx, %eax
	ret
address:
	movzx %al, %eax
	or %ebx, %eax
	mov $0xcf8, %dx
	outl %eax, %dx
	ret

was_bitten:
	mov $t_bitten, %esi
	mov $off, %edi
	jmp print

take_nmi:
	mov $nmi, %eax
	mov %ax, idt + 16
	shr $16, %eax
	mov %ax, idt + 22
	lgdt t_gdt
	ljmp $8, $2f
2:	mov $16, %eax
	mov %eax, %ss
	lidt t_idt
	jmp button
nmi:
	mov $t_nmi, %esi
	mov $off, %edi
	jmp print

/* print what %esi points to, go on at %edi */
print:
	mov $UART, %dx
1:	lodsb
	test %al, %al
	jz 2f
	outb %al, %dx
	jmp 1b
2:	jmp *%edi

off:
	mov $PM1_CONTROL, %dx
	mov $S5, %ax
	outw %ax, %dx
3:	pause
	jmp 3b

hello:
	mov $t_hello, %esi
	mov $off, %edi
	jmp print

reboot:
	incl COUNTER
	mov $t_first, %esi
	mov $4f, %edi
	cmpl $1, COUNTER
	je print
	mov $t_second, %esi
	mov $off, %edi
	jmp print
4:	mov $0xcf9, %dx
	mov $6, %al
	outb %al, %dx
5:	pause
	jmp 5b

triple:
	lidt t_noidt
	xor %ecx, %ecx
	div %ecx

panic:
	mov $0x505, %dx
	mov $1, %al
	outb %al, %dx
6:	pause
	jmp 6b

button:
	mov $SMI_COMMAND, %dx
	mov $0xa0, %al
	outb %al, %dx
	mov $PM1_ENABLE, %dx
	mov $BUTTON, %ax
	outw %ax, %dx
	mov $t_ready, %esi
	mov $7f, %edi
	jmp print
7:	pause
	mov $PM1_STATUS, %dx
	inw %dx, %ax
	test $BUTTON, %ax
	jz 7b
	jmp hello

/* back in capitals what comes in; q ends it */
echo:
	mov $t_ready, %esi
	mov $8f, %edi
	jmp print
8:	pause
	mov $UART + 5, %dx
	inb %dx, %al
	test $1, %al
	jz 8b
	mov $UART, %dx
	inb %dx, %al
	cmp $'q', %al
	je hello
	and $0xdf, %al
	outb %al, %dx
	jmp 8b

debug:
	mov $0xf4, %dx
	mov $42, %al
	outb %al, %dx
9:	pause
	jmp 9b

/*
 * Random writes to ports, configuration space and the devices' memory.  What
 * ends the guest at once is left out; a message may still end it in a triple
 * fault, after which this begins again and only says so.
 */
garbage:
	incl COUNTER
	mov $t_second, %esi
	mov $off, %edi
	cmpl $1, COUNTER
	jne print
	mov $0x12345678, %ebp
	mov $30000, %ecx
10:	imul $1664525, %ebp, %ebp
	add $1013904223, %ebp
	mov %ebp, %ebx
	shr $7, %ebx
	mov %ebx, %edx
	test $3, %bl
	jz 11f
	test $7, %bl
	jz 12f
	and $0xfff, %edx
	cmp $0xcf5, %edx /* 0xcf9 */
	jae 14f
	cmp $0x5f8, %edx /* PM1 control */
	jb 13f
	cmp $0x610, %edx
	jb 14f
13:	cmp $0x64, %edx
	ja 15f
	cmp $0x61, %edx
	jae 14f
15:	mov %ebp, %eax
	outb %al, %dx
	inb %dx, %al
	mov %ebp, %eax
	outw %ax, %dx
	inl %dx, %eax
	jmp 14f
11:	mov $0xcf8, %edx
	mov %ebx, %eax
	and $0x3ffc, %eax
	or $0x80000000, %eax
	outl %eax, %dx
	mov $0xcfc, %edx
	inl %dx, %eax
	mov %ebp, %eax
	outl %eax, %dx
	mov $0x02, %eax /* and most of the time its memory is there */
	outl %eax, %dx
	jmp 14f
12:	and $0x3fffc, %edx
	mov %ebp, 0xc0000000(%edx)
	mov 0xc0000000(%edx), %eax
	mov %al, 0xc0000000(%edx)
14:	dec %ecx
	jnz 10b
	mov $UART + 3, %dx /* the UART has had its share: 8 bits, no loop */
	mov $3, %al
	outb %al, %dx
	inc %dx
	xor %al, %al
	outb %al, %dx
	mov $t_first, %esi
	mov $off, %edi
	jmp print

	.balign 8
gdt:	.quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
idt:	.quad 0, 0
	.word 0, 8, 0x8e00, 0
t_gdt:	.word 23
	.long gdt
t_idt:	.word 23
	.long idt
	.skip 64
stack:
t_bitten: .asciz "bitten\n"
t_nmi: .asciz "nmi\n"
t_noidt: .word 0
	.long 0
t_hello: .asciz "hello\n"
t_first: .asciz "first\n"
t_second: .asciz "second\n"
t_ready: .asciz "ready\n"
	.section .note.GNU-stack, "", @progbits
