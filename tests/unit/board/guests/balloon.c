/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that is a balloon driver and nothing else (virtio 1.2 §5.5), polled once a
 * tick.  It touches all its memory at the start, and again what it takes back, so that the
 * host really has to have it.
 *
 *   size=MIB     the memory it was given
 *   floor=MIB    it does not shrink below that (0)
 *   deaf         it never looks at what it is asked for
 *
 * 32-bit protected mode without paging.  Built as the other guests are, by the test.
 */
#include <stdbool.h>
#include <stdint.h>

enum {
	PAGE = 4096,
	FIRST = 0x800000, /* below it: this program, and what the starter handed over */
	BATCH = 256,      /* page numbers at once, as Linux has them */
	QUEUE = 8,
	COM1 = 0x3f8,
};

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

/* A hundred ticks a second, to sleep between. */
static void tick_init(void)
{
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
	outb(0x40, 11932 & 0xff);
	outb(0x40, 11932 >> 8);
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

/* --- virtio (§4.1) --- */

static struct {
	volatile uint8_t *common, *notify;
	volatile uint32_t *config; /* num_pages, actual */
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
} queues[2];

static void put16(unsigned off, uint16_t v)
{
	*(volatile uint16_t *)(dev.common + off) = v;
}

static void put32(unsigned off, uint32_t v)
{
	*(volatile uint32_t *)(dev.common + off) = v;
}

static bool find(void)
{
	uint32_t device, at;

	for (device = 0; device < 32; device++)
		if (pci_read(device, 0) == 0x10451af4)
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

static void device_init(void)
{
	dev.common[20] = 0;
	while (dev.common[20])
		;
	dev.common[20] = 1;
	dev.common[20] = 3;
	put32(8, 1);
	put32(12, 1); /* VIRTIO_F_VERSION_1 */
	put32(8, 0);
	put32(12, 0);
	dev.common[20] = 11;
	queue_init(0);
	queue_init(1);
	dev.common[20] = 15;
}

static void send(unsigned n, const uint32_t *pfn, uint32_t count)
{
	struct queue *q = &queues[n];
	uint16_t want = (uint16_t)(q->avail.idx + 1);

	q->desc[0].addr = (uint32_t)(uintptr_t)pfn;
	q->desc[0].len = count * 4;
	q->avail.ring[q->avail.idx % QUEUE] = 0;
	__asm__ volatile("" ::: "memory");
	q->avail.idx = want;
	__sync_synchronize();
	*(volatile uint16_t *)(dev.notify + q->notify_off * dev.multiplier) = (uint16_t)n;
	while (q->used.idx != want)
		__asm__ volatile("hlt"); /* the next tick comes */
}

/* --- the guest --- */

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

static void touch(uint32_t from, uint32_t to)
{
	for (uint32_t at = from; at < to; at += PAGE)
		*(volatile uint32_t *)(uintptr_t)at = at | 1;
}

/* The balloon is the last @given pages; it grows down and shrinks up. */
__attribute__((used, noreturn)) void run(const uint32_t *info)
{
	const char *line = (const char *)(uintptr_t)info[6]; /* hvm_start_info.cmdline_paddr */
	uint32_t top = number(line, "size=") << 20, floor = number(line, "floor=") << 20;
	uint32_t given = 0, most = (top - (floor > FIRST ? floor : FIRST)) / PAGE;
	bool deaf = number(line, "deaf");
	static uint32_t pfn[BATCH];

	tick_init();
	touch(FIRST, top);
	if (!find())
		say("no balloon\n");
	else
		device_init();
	say("ready\n");
	for (;;) {
		uint32_t want = dev.config && !deaf ? dev.config[0] : 0, n = 0;

		if (want > most)
			want = most;
		if (given < want) {
			while (given < want && n < BATCH)
				pfn[n++] = (top >> 12) - ++given;
			send(0, pfn, n);
		} else if (given > want) {
			while (given > want && n < BATCH)
				pfn[n++] = (top >> 12) - given--;
			send(1, pfn, n);
			touch(pfn[0] << 12, (pfn[n - 1] + 1) << 12);
		} else {
			__asm__ volatile("hlt");
			continue;
		}
		dev.config[1] = given;
	}
}
