// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * history-check [--image FILE [--at BYTES] [--mirror FILE] [--acks FILE]] [--shared PATH] [--at-least ACKS] RECORD...
 *
 * Judges what a lab's storage servers and client host recorded (history.h).
 * --at says where in the image the guest's disk begins: behind a partition table, in a volume.
 * --mirror names the image's other side: what was flushed there counts, if it is here in the end.
 * --shared names a file that several hosts write by design, a lockspace.
 * Exit: 0 nothing to complain about, 1 violations (printed), 2 it could not be judged:
 * unreadable, or fewer acknowledgements than --at-least asks for.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "history.h"

static const struct option options[] = {
	{"image", required_argument, NULL, 'i'},
	{"at", required_argument, NULL, 't'},
	{"acks", required_argument, NULL, 'a'},
	{"shared", required_argument, NULL, 's'},
	{"at-least", required_argument, NULL, 'n'},
	{"mirror", required_argument, NULL, 'm'},
	{NULL},
};

static int open_image(struct image *image, const char *path)
{
	struct stat st;

	image->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (image->fd < 0 || fstat(image->fd, &st)) {
		fprintf(stderr, "history-check: %s: cannot open: %s\n", path, strerror(errno));
		return -1;
	}
	image->ino = st.st_ino;
	image->size = (uint64_t)st.st_size;
	return 0;
}

static size_t count_writers(const struct history *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->nopenings; i++)
		n += h->opening[i].writable && h->opening[i].writes;
	return n;
}

int main(int argc, char **argv)
{
	struct history h = {0};
	struct image image = {.fd = -1};
	unsigned long at_least = 0;
	const char *path = NULL, *mirror = NULL;
	struct stat st;
	size_t violations;
	int c, rc = 2;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'i')
			path = optarg;
		else if (c == 't')
			image.at = strtoull(optarg, NULL, 10);
		else if (c == 'm')
			mirror = optarg;
		else if (c == 's')
			h.shared = optarg;
		else if (c == 'n')
			at_least = strtoul(optarg, NULL, 10);
		else if (c != 'a' || history_read_acks(&h, optarg))
			goto out;
	}
	if (optind == argc || (h.nacks && !path)) {
		fprintf(stderr, "usage: history-check [--image FILE [--at BYTES] [--mirror FILE] "
				"[--acks FILE]] [--shared PATH] [--at-least ACKS] RECORD...\n");
		goto out;
	}
	for (; optind < argc; optind++) {
		if (history_read(&h, argv[optind]))
			goto out;
	}
	history_sort(&h);
	if (path && open_image(&image, path))
		goto out;
	if (mirror && stat(mirror, &st)) {
		fprintf(stderr, "history-check: %s: cannot look at it: %s\n", mirror,
			strerror(errno));
		goto out;
	}
	image.mirror = mirror ? st.st_ino : 0;
	violations = check_writers(&h, stdout);
	if (path)
		violations += check_image(&h, &image, stdout);
	printf("history: %zu openings for writing that wrote, %zu operations, %zu acknowledgements: "
	       "%zu violations\n",
	       count_writers(&h), h.nops, h.nacks, violations);
	rc = violations ? 1 : 0;
	if (!rc && h.nacks < at_least) {
		fprintf(stderr, "history-check: only %zu acknowledgements, %lu were expected\n",
			h.nacks, at_least);
		rc = 2;
	}
out:
	if (image.fd >= 0)
		close(image.fd);
	history_free(&h);
	return rc;
}
