/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * guestio - what a guest measures of its disk, without a fork per request.
 *
 *   guestio DEVICE seq MIB      reads MIB mebibytes in 1 MiB pieces, O_DIRECT
 *   guestio DEVICE rand COUNT   reads COUNT 4 KiB blocks, one at a time, O_DIRECT
 *
 * Says "@seq begins" and "@seq ends" (or "@rand"); the time between is stamped
 * by the reader of the console, not by the guest's clock.
 *
 * The pieces go into the parts of one pool in turn, as a database's do.  How the
 * guest's kernel laid out its pages decides how many addresses a host's disk is
 * given, and with a single buffer that is luck, different at every boot.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POOL = 32 << 20 };

int main(int argc, char **argv)
{
	int fd = argc == 4 ? open(argv[1], O_RDONLY | O_DIRECT) : -1;
	int sequential = argc == 4 && !strcmp(argv[2], "seq");
	size_t piece = sequential ? 1 << 20 : 4096;
	long count = argc == 4 ? atol(argv[3]) : 0;
	char *pool = aligned_alloc(4096, POOL);
	uint32_t seed = 1;
	off_t size;

	if (fd < 0 || !pool || count < 1) {
		perror("guestio: DEVICE seq|rand COUNT");
		return 2;
	}
	size = lseek(fd, 0, SEEK_END) / (off_t)piece;
	memset(pool, 1, POOL); /* its pages are there */
	printf("@%s begins\n", argv[2]);
	fflush(stdout);
	for (long i = 0; i < count; i++) {
		seed = seed * 1664525u + 1013904223u;
		off_t at = sequential ? i % size : (off_t)((uint64_t)seed * (uint64_t)size >> 32);

		if (pread(fd, pool + (size_t)i * piece % POOL, piece, at * (off_t)piece) !=
		    (ssize_t)piece) {
			perror("guestio: read");
			return 1;
		}
	}
	printf("@%s ends\n", argv[2]);
	return 0;
}
