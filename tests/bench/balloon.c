// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flat guest that is nothing but a balloon driver: it follows the target as Linux does, 256 pages
 * a buffer, and says on the first serial port when it has reached it:
 *
 *   R   ready            all memory has been written to once, so that the host had to give it
 *   I   inflated         the target was above what the balloon had
 *   D   deflated         and below; U: each page that came back has been written to
 *
 * A PVH ELF for 32-bit protected mode without paging, run by hv-domain and QEMU alike.
 */
#include <stdint.h>

enum {
	POOL = 64 << 20,     /* the pages the balloon may take begin here ... */
	POOL_MAX = 1 << 18,  /* ... and are at most so many: 1 GiB */
	MEMORY = 1152 << 20, /* what the guest has in all */
	OWN = 2 << 20,       /* below: this program */
	PAGE = 4096,
	BATCH = 256,
	QUEUE = 8,
	VIRTIO_BALLOON = 0x1045, /* PCI device, modern */
	CAP_COMMON = 1,
	CAP_NOTIFY = 2,
	CAP_DEVICE = 4,
};

struct common {
	uint32_t device_select, device_feature, driver_select, driver_feature;
	uint16_t config_vector, queues;
	uint8_t status, generation;
	uint16_t select, size, vector, enable, notify_off;
	uint32_t desc[2], avail[2], used[2];
};

struct config {
	uint32_t target, actual; /* pages */
};

struct queue {
	struct {
		uint32_t addr, addr_high, len;
		uint16_t flags, next;
	} desc[QUEUE];
	struct {
		uint16_t flags, idx, ring[QUEUE];
	} avail __attribute__((aligned(64)));
	struct {
		uint16_t flags, idx;
		struct {
			uint32_t id, len;
		} ring[QUEUE];
	} used __attribute__((aligned(64)));
	volatile uint16_t *doorbell;
	uint32_t pfn[BATCH];
};

static struct queue inflate_queue __attribute__((aligned(4096)));
static struct queue deflate_queue __attribute__((aligned(4096)));
static volatile struct common *common;
static volatile struct config *config;
static uint32_t notify, notify_step;
static uint8_t stack[16384] __attribute__((aligned(16), used));

void guest_main(void);

static void outb(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static void outl(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port));
}

static uint32_t inl(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void say(char c)
{
	outb(0x3f8, (uint8_t)c);
	outb(0x3f8, '\n');
}

static uint32_t pci_read(uint32_t slot, uint32_t reg)
{
	outl(0xcf8, 0x80000000 | slot << 11 | (reg & ~3u));
	return inl(0xcfc);
}

static void pci_write(uint32_t slot, uint32_t reg, uint32_t value)
{
	outl(0xcf8, 0x80000000 | slot << 11 | (reg & ~3u));
	outl(0xcfc, value);
}

/* Where the firmware, or the machine itself, has put it. */
static uint32_t bar(uint32_t slot, uint32_t n)
{
	return pci_read(slot, 0x10 + 4 * n) & ~15u;
}

static void find_areas(uint32_t slot)
{
	uint32_t cap = pci_read(slot, 0x34) & 0xfc;

	for (; cap; cap = pci_read(slot, cap) >> 8 & 0xfc) {
		uint32_t head = pci_read(slot, cap), where = pci_read(slot, cap + 4) & 0xff;
		uint32_t at = pci_read(slot, cap + 8);

		if ((head & 0xff) != 9)
			continue;
		switch (head >> 24) {
		case CAP_COMMON: common = (struct common *)(bar(slot, where) + at); break;
		case CAP_DEVICE: config = (struct config *)(bar(slot, where) + at); break;
		case CAP_NOTIFY:
			notify = bar(slot, where) + at;
			notify_step = pci_read(slot, cap + 16);
			break;
		}
	}
	pci_write(slot, 4, pci_read(slot, 4) | 6); /* memory, bus master */
}

static int find(void)
{
	for (uint32_t slot = 0; slot < 32; slot++) {
		if (pci_read(slot, 0) != (VIRTIO_BALLOON << 16 | 0x1af4))
			continue;
		find_areas(slot);
		return common && config && notify;
	}
	return 0;
}

static void set_up_queue(struct queue *q, uint16_t index)
{
	common->select = index;
	common->size = QUEUE;
	common->desc[0] = (uint32_t)&q->desc;
	common->desc[1] = 0;
	common->avail[0] = (uint32_t)&q->avail;
	common->avail[1] = 0;
	common->used[0] = (uint32_t)&q->used;
	common->used[1] = 0;
	q->doorbell = (uint16_t *)(notify + common->notify_off * notify_step);
	common->enable = 1;
}

static void set_up(void)
{
	common->status = 0;
	while (common->status)
		;
	common->status = 1 | 2;
	common->driver_select = 0;
	common->driver_feature = 0;
	common->driver_select = 1;
	common->driver_feature = 1; /* VERSION_1 */
	common->status = 1 | 2 | 8;
	set_up_queue(&inflate_queue, 0);
	set_up_queue(&deflate_queue, 1);
	common->status = 1 | 2 | 8 | 4;
}

/* Hand over q->pfn[0..n) and wait until the device is done with them. */
static void tell(struct queue *q, uint16_t index, uint32_t n)
{
	volatile uint16_t *used = &q->used.idx;

	q->desc[0].addr = (uint32_t)q->pfn;
	q->desc[0].len = n * 4;
	q->avail.ring[q->avail.idx % QUEUE] = 0;
	__asm__ volatile("" ::: "memory");
	q->avail.idx++;
	__asm__ volatile("lock; addl $0, (%%esp)" ::: "memory");
	*q->doorbell = index;
	while (*used != q->avail.idx)
		__asm__ volatile("pause");
}

static void touch(uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		*(volatile uint32_t *)(POOL + i * PAGE) = i;
}

/* The pages [from, to) go, or come back. */
static void move(struct queue *q, uint16_t index, uint32_t from, uint32_t to)
{
	while (from < to) {
		uint32_t n = to - from < BATCH ? to - from : BATCH;

		for (uint32_t i = 0; i < n; i++)
			q->pfn[i] = POOL / PAGE + from + i;
		tell(q, index, n);
		from += n;
	}
}

void guest_main(void)
{
	uint32_t have = 0; /* pages in the balloon: the pool's first ones */

	if (!find()) {
		say('X');
		return;
	}
	set_up();
	for (uint32_t at = OWN; at < MEMORY; at += PAGE)
		*(volatile uint32_t *)at = at;
	say('R');
	for (;;) {
		uint32_t target = config->target;

		if (target > POOL_MAX)
			target = POOL_MAX;
		if (target > have) {
			move(&inflate_queue, 0, have, target);
			config->actual = target;
			say('I');
		} else if (target < have) {
			move(&deflate_queue, 1, target, have);
			config->actual = target;
			say('D');
			touch(target, have);
			say('U');
		}
		have = target;
		for (unsigned i = 0; i < 1000; i++)
			__asm__ volatile("pause");
	}
}

__asm__(".globl _start\n"
	"_start: movl $stack + 16384, %esp\n"
	"	call guest_main\n"
	"	cli\n"
	"1:	hlt\n"
	"	jmp 1b\n"
	"	.section .note.Xen, \"a\", @note\n"
	"	.long 4, 4, 18\n"
	"	.asciz \"Xen\"\n"
	"	.long _start\n"
	"	.text\n");
