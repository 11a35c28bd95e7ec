/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What guests that are one driver and nothing else share: 32-bit protected mode without paging, entered by
 * PVH's note with the start info in %ebx; ticks to sleep between; and
 * one virtio device, whose queues are waited for.  The guest is run().
 */
#ifndef SMALL_H
#define SMALL_H

#include <stdbool.h>
#include <stdint.h>

enum { QUEUE = 8, QUEUES = 2, COM1 = 0x3f8 };

__asm__(".section .note.pvh, \"a\", @note\n"
	".long 4, 4, 18\n"
	".asciz \"Xen\"\n"
	".long start\n"
	".text\n"
	".globl start\n"
	"start:\n"
	"mov $stack_end, %esp\n"
	"lgdt gdt_pointer\n"
	"ljmp $8, $1f\n"
	"1: mov $16, %eax\n"
	"mov %eax, %ds\n"
	"mov %eax, %es\n"
	"mov %eax, %ss\n"
	"push %ebx\n"
	"call run\n"
	"tick: push %eax\n"
	"mov $0x20, %al\n"
	"out %al, $0x20\n"
	"pop %eax\n"
	"iret\n");

extern const char tick[];

__attribute__((used, aligned(8))) static const uint64_t gdt[] = {0, 0x00cf9a000000ffffULL,
								 0x00cf92000000ffffULL};
__attribute__((used)) const struct {
	uint16_t limit;
	const void *base;
} __attribute__((packed)) gdt_pointer = {sizeof(gdt) - 1, gdt};
__attribute__((used)) char stack[16384] __attribute__((aligned(16)));
__asm__(".globl stack_end\n.set stack_end, stack + 16384\n");

/* --- the machine --- */

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t v;

	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static void say(const char *text)
{
	for (; *text; text++)
		outb(COM1, (uint8_t)*text);
}

static uint64_t idt[64];

/* tick_init() - @hz (19 or more) ticks a second, to sleep between. */
static void tick_init(uint32_t hz)
{
	uint32_t divisor = 1193182 / hz; /* of the PIT's clock */
	uint32_t at = (uint32_t)(uintptr_t)tick;
	struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) pointer = {sizeof(idt) - 1, (uint32_t)(uintptr_t)idt};

	idt[32] = (uint64_t)(at >> 16) << 48 | 0x8e00ULL << 32 | 8 << 16 | (at & 0xffff);
	__asm__ volatile("lidt %0" ::"m"(pointer));
	outb(0x20, 0x11);
	outb(0x21, 32);
	outb(0x21, 4);
	outb(0x21, 1);
	outb(0x21, 0xfe); /* the timer alone */
	outb(0xa1, 0xff);
	outb(0x43, 0x34);
	outb(0x40, divisor & 0xff);
	outb(0x40, (uint8_t)(divisor >> 8));
	__asm__ volatile("sti");
}

static uint32_t pci_read(uint32_t device, uint32_t off)
{
	outl(0xcf8, 0x80000000u | device << 11 | (off & 0xfc));
	return inl(0xcfc);
}

static uint8_t pci_byte(uint32_t device, uint32_t off)
{
	return (uint8_t)(pci_read(device, off) >> 8 * (off & 3));
}

/* number() - What follows @key in @line; 1 where that is no number, 0 where it is not there. */
static uint32_t number(const char *line, const char *key)
{
	uint32_t v = 0;

	for (; *line; line++) {
		const char *k = key, *l = line;

		while (*k && *k == *l)
			k++, l++;
		if (*k)
			continue;
		while (*l >= '0' && *l <= '9')
			v = v * 10 + (uint32_t)(*l++ - '0');
		return v ? v : 1;
	}
	return 0;
}

/* --- virtio (virtio 1.2 §4.1) --- */

static struct {
	volatile uint8_t *common, *notify;
	volatile uint32_t *config;
	uint32_t multiplier;
} dev;

static struct queue {
	struct {
		uint64_t addr;
		uint32_t len;
		uint16_t flags, next;
	} desc[QUEUE] __attribute__((aligned(16)));
	struct {
		uint16_t flags, idx, ring[QUEUE];
	} avail __attribute__((aligned(2)));
	volatile struct {
		uint16_t flags, idx;
		struct {
			uint32_t id, len;
		} ring[QUEUE];
	} used __attribute__((aligned(4)));
	uint16_t notify_off;
} queues[QUEUES];

static void put16(unsigned off, uint16_t v)
{
	*(volatile uint16_t *)(dev.common + off) = v;
}

static void put32(unsigned off, uint32_t v)
{
	*(volatile uint32_t *)(dev.common + off) = v;
}

/* find() - The first device of virtio's type @type: its registers in `dev`. */
static bool find(uint32_t type_id)
{
	uint32_t device, at;

	for (device = 0; device < 32; device++)
		if (pci_read(device, 0) == ((0x1040 + type_id) << 16 | 0x1af4))
			break;
	if (device == 32)
		return false;
	for (at = pci_byte(device, 0x34); at; at = pci_byte(device, at + 1)) {
		uint8_t type = pci_byte(device, at + 3), bar = pci_byte(device, at + 4);
		volatile uint8_t *where;

		if (pci_byte(device, at) != 9 || bar > 5)
			continue;
		where = (volatile uint8_t *)(uintptr_t)((pci_read(device, 0x10 + 4 * bar) & ~15u) +
							pci_read(device, at + 8));
		if (type == 1)
			dev.common = where;
		if (type == 2) {
			dev.notify = where;
			dev.multiplier = pci_read(device, at + 16);
		}
		if (type == 4)
			dev.config = (volatile uint32_t *)where;
	}
	outl(0xcf8, 0x80000000u | device << 11 | 4);
	outl(0xcfc, 6); /* memory, bus master */
	return dev.common && dev.notify && dev.config;
}

static void queue_init(unsigned n)
{
	struct queue *q = &queues[n];

	put16(22, (uint16_t)n);
	put16(24, QUEUE);
	put32(32, (uint32_t)(uintptr_t)q->desc);
	put32(36, 0);
	put32(40, (uint32_t)(uintptr_t)&q->avail);
	put32(44, 0);
	put32(48, (uint32_t)(uintptr_t)&q->used);
	put32(52, 0);
	q->notify_off = *(volatile uint16_t *)(dev.common + 30);
	put16(28, 1);
}

/* device_init() - VIRTIO_F_VERSION_1 and nothing else, and the first @n queues. */
static void device_init(unsigned n)
{
	dev.common[20] = 0;
	while (dev.common[20])
		;
	dev.common[20] = 1;
	dev.common[20] = 3;
	put32(8, 1);
	put32(12, 1);
	put32(8, 0);
	put32(12, 0);
	dev.common[20] = 11;
	for (unsigned i = 0; i < n; i++)
		queue_init(i);
	dev.common[20] = 15;
}

/* queue_run() - Hand over the chain that begins at descriptor 0, and sleep until it comes back. */
static void queue_run(unsigned n)
{
	struct queue *q = &queues[n];
	uint16_t want = (uint16_t)(q->avail.idx + 1);

	q->avail.ring[q->avail.idx % QUEUE] = 0;
	__asm__ volatile("" ::: "memory");
	q->avail.idx = want;
	__sync_synchronize();
	*(volatile uint16_t *)(dev.notify + q->notify_off * dev.multiplier) = (uint16_t)n;
	while (q->used.idx != want)
		__asm__ volatile("hlt"); /* the next tick comes */
	__asm__ volatile("" ::: "memory");
}

#endif
