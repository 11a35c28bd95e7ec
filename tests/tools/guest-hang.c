/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guest-hang: the test guest hangs as a kernel does that loops with interrupts
 * off.  The local APIC's task priority (x2APIC MSR 808h, SDM 3A 10.12.1.2) is
 * set so high that it delivers no interrupt any more, and the processor runs on.
 * It needs the module msr.
 *
 *   guest-hang [CPU]    that processor (0) only: with several, run one on each
 */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { X2APIC_TPR = 0x808, HIGHEST = 0xff };

int main(int argc, char **argv)
{
	int cpu = argc > 1 ? atoi(argv[1]) : 0;
	uint64_t value = HIGHEST;
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
	for (;;)
		;
}
