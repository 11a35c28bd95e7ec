// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * writer IMAGE HOST:PORT [--no-lock] [--no-flush] [--interval MS]
 *
 * What a domain and the writer in its guest do to a disk, without a guest: it
 * locks IMAGE, goes on after the last record it finds, and writes one record
 * after the other with O_DIRECT; after the fsync of each it tells HOST:PORT.
 * --no-lock and --no-flush plant the faults that the history checker must find.
 *
 * Exit: 1 the image is locked by another, or I/O failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RECORD = 4096, CONNECT_MS = 2000 };

static const struct option options[] = {
	{"no-lock", no_argument, NULL, 'l'},
	{"no-flush", no_argument, NULL, 'f'},
	{"interval", required_argument, NULL, 'i'},
	{NULL},
};

static void sleep_ms(long ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static int dial(const char *to)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	struct timeval limit = {.tv_sec = CONNECT_MS / 1000};
	char host[64];
	unsigned port;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || sscanf(to, "%63[^:]:%u", host, &port) != 2 ||
	    inet_pton(AF_INET, host, &a.sin_addr) != 1)
		return -1;
	a.sin_port = htons((uint16_t)port);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		fprintf(stderr, "writer: %s: %s\n", to, strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static int open_image(const char *path, bool lock)
{
	struct flock whole = {.l_type = F_WRLCK};
	int fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);

	if (fd < 0 || (lock && fcntl(fd, F_OFD_SETLK, &whole))) {
		fprintf(stderr, "writer: %s: %s\n", path,
			fd < 0 ? strerror(errno) : "another holds its lock");
		exit(1);
	}
	return fd;
}

static bool is_record(const char *block)
{
	return !strncmp(block, "taiki-record ", 13);
}

static void run(int image, int to, bool flush, long interval)
{
	char *block = aligned_alloc(RECORD, RECORD), boot[64] = "", line[128];
	unsigned long long n = 1;
	struct stat st;
	int fd = open("/proc/sys/kernel/random/uuid", O_RDONLY | O_CLOEXEC);

	if (!block || fstat(image, &st) || fd < 0 || read(fd, boot, 36) != 36)
		exit(1);
	while (pread(image, block, RECORD, (off_t)(n * RECORD)) == RECORD && is_record(block))
		n++;
	printf("writer: goes on at %llu\n", n);
	fflush(stdout);
	for (; (off_t)((n + 1) * RECORD) <= st.st_size; n++) {
		memset(block, 0, RECORD);
		snprintf(block, RECORD, "taiki-record %llu %s\n", n, boot);
		if (pwrite(image, block, RECORD, (off_t)(n * RECORD)) != RECORD ||
		    (flush && fdatasync(image))) {
			fprintf(stderr, "writer: record %llu: %s\n", n, strerror(errno));
			exit(1);
		}
		int len = snprintf(line, sizeof(line), "ack %llu %s\n", n, boot);

		/* Nobody listens: the record is no less on the disk. */
		if (to >= 0 && send(to, line, (size_t)len, MSG_NOSIGNAL) != len) {
			close(to);
			to = -1;
		}
		sleep_ms(interval);
	}
}

int main(int argc, char **argv)
{
	bool lock = true, flush = true;
	long interval = 20;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'l')
			lock = false;
		else if (c == 'f')
			flush = false;
		else if (c == 'i')
			interval = strtol(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: writer IMAGE HOST:PORT [--no-lock] [--no-flush] "
				"[--interval MS]\n");
		return 2;
	}
	run(open_image(argv[optind], lock), dial(argv[optind + 1]), flush, interval);
	return 0;
}
