/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest-hang: the test guest hangs as a kernel does that loops with interrupts
 * off.  The local APIC's task priority (x2APIC MSR 808h, SDM 3A 10.12.1.2) is
 * set so high that it delivers no interrupt any more, and the processor runs on.
 * It needs the module msr.
 *
 *   guest-hang [CPU [MS]]   that processor (0) only: with several, run one on each;
 *                           with MS it goes on after so many milliseconds (of
 *                           the clock it can read with interrupts off)
 */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { X2APIC_TPR = 0x808, HIGHEST = 0xff };

int main(int argc, char **argv)
{
	int cpu = argc > 1 ? atoi(argv[1]) : 0;
	long ms = argc > 2 ? atol(argv[2]) : 0;
	uint64_t value = HIGHEST, none = 0;
	struct timespec from, now;
	cpu_set_t set;
	char path[64];
	int fd;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	snprintf(path, sizeof(path), "/dev/cpu/%d/msr", cpu);
	fd = open(path, O_WRONLY);
	if (fd < 0 || mlockall(MCL_CURRENT) || sched_setaffinity(0, sizeof(set), &set) ||
	    pwrite(fd, &value, sizeof(value), X2APIC_TPR) != sizeof(value)) {
		perror(path);
		return 1;
	}
	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (!ms ||
	       (now.tv_sec - from.tv_sec) * 1000 + (now.tv_nsec - from.tv_nsec) / 1000000 < ms);
	return pwrite(fd, &none, sizeof(none), X2APIC_TPR) == sizeof(none) ? 0 : 1;
}
