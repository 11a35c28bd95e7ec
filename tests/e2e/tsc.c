/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tsc - print the frequency of this machine's time stamp counter in kHz.
 *
 * QEMU's emulated processors have the machine's counter.  A kernel measures its
 * frequency against an emulated timer, and is wrong by any factor when the
 * machine is busy just then; so it is told.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

enum { TRIES = 50, SLEEP_NS = 200000000 };

struct moment {
	uint64_t tsc, ns;
};

/* Both clocks at once: of many readings the one that took least time. */
static struct moment look(void)
{
	struct moment best = {0};
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t before = __rdtsc(), after;
		struct timespec t;

		clock_gettime(CLOCK_MONOTONIC_RAW, &t);
		after = __rdtsc();
		if (after - before < least) {
			least = after - before;
			best.tsc = before + least / 2;
			best.ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
		}
	}
	return best;
}

int main(void)
{
	struct timespec pause = {0, SLEEP_NS};
	struct moment a = look(), b;

	nanosleep(&pause, NULL);
	b = look();
	printf("%llu\n", (unsigned long long)((b.tsc - a.tsc) * 1000000u / (b.ns - a.ns)));
	return 0;
}
