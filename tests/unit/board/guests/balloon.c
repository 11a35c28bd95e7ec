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
 * Built as the other guests are, by the test.
 */
#include "small.h"

enum {
	PAGE = 4096,
	FIRST = 0x800000, /* below it: this program, and what the starter handed over */
	BATCH = 256,      /* page numbers at once, as Linux has them */
};

static void send(unsigned n, const uint32_t *pfn, uint32_t count)
{
	queues[n].desc[0].addr = (uint32_t)(uintptr_t)pfn;
	queues[n].desc[0].len = count * 4;
	queue_run(n);
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

	tick_init(100);
	touch(FIRST, top);
	if (!find(5))
		say("no balloon\n");
	else
		device_init(2);
	say("ready\n");
	for (;;) {
		/* dev.config: num_pages, actual */
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
