/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that writes numbered records to its disk and nothing else: tests/tools/guest-writer
 * without a Linux, so that it starts at once and costs nothing.  Block N of 4 KiB is "taiki-record N BOOT",
 * padded with zeroes; "ack N BOOT" on the console says that it is on stable storage (a driver
 * that cannot flush is owed that, §5.2.6.2).  It goes on after the highest number it finds.  An
 * error of the disk is told, "error N", and tried again after a second.
 *
 *   every=TICKS   of a 20th of a second, between two records (4)
 *
 * Built as the other guests are, by the test.
 */
#include "small.h"

enum { BLOCK = 4096, SECTOR = 512, NEXT = 1, WRITE = 2, SECOND = 20 };

static uint8_t block[BLOCK] __attribute__((aligned(4096)));
static char boot[17];

static char *put_number(char *to, uint32_t n)
{
	char digits[10];
	int i = 0;

	do
		digits[i++] = (char)('0' + n % 10);
	while (n /= 10);
	while (i)
		*to++ = digits[--i];
	return to;
}

static char *put(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	return to;
}

static void tell(const char *what, uint32_t n)
{
	char line[64], *end = put(put_number(put(put(line, what), " "), n), " ");

	end = put(put(end, boot), "\n");
	*end = '\0';
	say(line);
}

static void sleep(uint32_t ticks)
{
	while (ticks--)
		__asm__ volatile("hlt");
}

/* Block @n to or from the disk (virtio 1.2 §5.2.6); whether it was done. */
static bool transfer(uint32_t n, bool out)
{
	static struct {
		uint32_t type, reserved;
		uint64_t sector;
	} header;
	static volatile uint8_t status;
	struct queue *q = &queues[0];

	header.type = out;
	header.sector = (uint64_t)n * (BLOCK / SECTOR);
	status = 0xff;
	q->desc[0].addr = (uint32_t)(uintptr_t)&header;
	q->desc[0].len = sizeof(header);
	q->desc[0].flags = NEXT;
	q->desc[0].next = 1;
	q->desc[1].addr = (uint32_t)(uintptr_t)block;
	q->desc[1].len = BLOCK;
	q->desc[1].flags = NEXT | (out ? 0 : WRITE);
	q->desc[1].next = 2;
	q->desc[2].addr = (uint32_t)(uintptr_t)&status;
	q->desc[2].len = 1;
	q->desc[2].flags = WRITE;
	queue_run(0);
	return status == 0;
}

static void until_done(uint32_t n, bool out)
{
	while (!transfer(n, out)) {
		tell("error", n);
		sleep(SECOND);
	}
}

static bool is_record(uint32_t n)
{
	static const char begins[] = "taiki-record ";

	until_done(n, false);
	for (unsigned i = 0; begins[i]; i++)
		if (block[i] != (uint8_t)begins[i])
			return false;
	return true;
}

/* Records have no gaps: halve the range until the first block that holds none. */
static uint32_t first_free(uint32_t blocks)
{
	uint32_t n = 1, high = blocks;

	while (n < high) {
		uint32_t middle = (n + high) / 2;

		if (is_record(middle))
			n = middle + 1;
		else
			high = middle;
	}
	return n;
}

static void make_record(uint32_t n)
{
	char *end = (char *)block;

	for (unsigned i = 0; i < BLOCK; i++)
		block[i] = 0;
	end = put(put_number(put(end, "taiki-record "), n), " ");
	put(put(end, boot), "\n");
}

/* The hour, minute and second of the RTC, and the counter: no two starts have both. */
static void name_boot(void)
{
	uint32_t word[2] = {0};

	for (uint8_t reg = 4;; reg -= 2) {
		outb(0x70, reg);
		word[0] = word[0] << 8 | inb(0x71);
		if (!reg)
			break;
	}
	__asm__ volatile("rdtsc" : "=a"(word[1])::"edx");
	for (unsigned i = 0; i < 16; i++)
		boot[i] = "0123456789abcdef"[word[i / 8] >> 4 * (7 - i % 8) & 15];
}

__attribute__((used, noreturn)) void run(const uint32_t *info)
{
	const char *line = (const char *)(uintptr_t)info[6]; /* hvm_start_info.cmdline_paddr */
	uint32_t every = number(line, "every="), n, blocks;

	name_boot();
	tick_init(SECOND);
	if (!find(2))
		say("no disk\n");
	else
		device_init(1);
	blocks = dev.config ? dev.config[0] / (BLOCK / SECTOR) : 0;
	n = first_free(blocks);
	tell("begins", n);
	for (; n < blocks; n++) {
		make_record(n);
		until_done(n, true);
		tell("ack", n);
		sleep(every ? every : 4);
	}
	say("full\n");
	for (;;)
		__asm__ volatile("hlt");
}
