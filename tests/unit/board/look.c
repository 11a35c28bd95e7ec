// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * look NAME: what a reader sees of a domain in two looks at its progress page,
 * 0.3 s apart, one word a line; "+" where it has grown, "=" where not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "hv/progress.h"

static void compare(const char *what, uint64_t before, uint64_t after)
{
	printf("%s%c %" PRIu64 "\n", what, after > before ? '+' : '=', after);
}

int main(int argc, char **argv)
{
	const struct timespec between = {.tv_nsec = 300000000};
	struct timespec cpu[2] = {{0}};
	const struct hv_progress *page;
	struct hv_progress a, b;
	struct hv_error err;
	clockid_t clock;
	pid_t pid = 0;

	if (argc != 2 || hv_progress_open(argv[1], &page, &err)) {
		fprintf(stderr, "look: %s\n", argc == 2 ? err.text : "NAME?");
		return 1;
	}
	hv_presence(argv[1], &pid, NULL);
	if (!pid || clock_getcpuclockid(pid, &clock))
		return 1;
	clock_gettime(clock, &cpu[0]);
	hv_progress_look(page, &a);
	nanosleep(&between, NULL);
	hv_progress_look(page, &b);
	clock_gettime(clock, &cpu[1]);
	printf("incarnation %s\nvcpus %u disks %u nics %u\nstate %" PRIu64 "\n", b.incarnation,
	       b.vcpus, b.disks, b.nics, b.state);
	compare("clock", a.clock, b.clock);
	compare("turns", a.turns, b.turns);
	compare("resets", 0, b.resets);
	compare("console", 0, b.console);
	compare("work", a.vcpu[0].work, b.vcpu[0].work);
	printf("halted %" PRIu64 "\n", b.vcpu[0].halted);
	printf("disk0 %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", b.disk[0].done, b.disk[0].errors,
	       b.disk[0].in_flight);
	/* More than waking now and then costs, and little of what a busy host still gives. */
	compare("cpu", 10000000,
		(uint64_t)((cpu[1].tv_sec - cpu[0].tv_sec) * 1000000000 + cpu[1].tv_nsec -
			   cpu[0].tv_nsec));
	hv_progress_close(page);
	return 0;
}
