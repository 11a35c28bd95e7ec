// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * create-md: new metadata.  What is in its place is shown, and replaced only with --force.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mirror/cli/cli.h"
#include "mirror/drbd/meta_file.h"
#include "mirror/place.h"

struct wish {
	const char *disk, *meta;
	unsigned long stripes, stripe_kib;
	bool force;
};

static int complain(const char *what, int r)
{
	fprintf(stderr, "taiki-mirror: create-md: %s: %s\n", what, strerror(-r));
	return CLI_FAILED;
}

/* open_sized() - The descriptor, and how many sectors there are; or -errno. */
static int open_sized(const char *path, uint64_t *sectors)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int fd = open(path, O_RDWR | O_CLOEXEC), r = 0;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_OFD_SETLK, &lock))
		r = -EBUSY;
	else if (fstat(fd, &st))
		r = -errno;
	else if (S_ISBLK(st.st_mode) && ioctl(fd, BLKGETSIZE64, sectors))
		r = -errno;
	else if (S_ISREG(st.st_mode))
		*sectors = (uint64_t)st.st_size;
	else if (!S_ISBLK(st.st_mode))
		r = -ENOTBLK;
	*sectors /= 512;
	if (!r)
		return fd;
	close(fd);
	return r;
}

static int read_wish(struct wish *w, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--force")) {
			w->force = true;
			continue;
		}
		if (!value)
			return CLI_USAGE;
		i++;
		if (!strcmp(argv[i - 1], "--disk"))
			w->disk = value;
		else if (!strcmp(argv[i - 1], "--meta-disk"))
			w->meta = value;
		else if (!strcmp(argv[i - 1], "--al-stripes"))
			w->stripes = strtoul(value, NULL, 10);
		else if (!strcmp(argv[i - 1], "--al-stripe-size-kB"))
			w->stripe_kib = strtoul(value, NULL, 10);
		else
			return CLI_USAGE;
	}
	return w->disk ? CLI_OK : CLI_USAGE;
}

static int make(const struct wish *w, int meta, int data, enum md_kind kind, unsigned index,
		uint64_t meta_sectors, uint64_t data_sectors)
{
	uint32_t stripes = (uint32_t)w->stripes, stripe_4k = (uint32_t)(w->stripe_kib / 4);
	struct md_layout l;
	struct md_file f;
	int r;

	if (stripes && !stripe_4k)
		stripe_4k = MD_AL_STRIPE_4K;
	if (stripe_4k && !stripes)
		stripes = 1;
	r = md_file_load(&f, meta, kind, index, meta_sectors, data_sectors);
	if (r != -ENOENT && r != -ENOSPC && !w->force) {
		fprintf(stderr,
			"taiki-mirror: create-md: there is metadata already; with --force it is "
			"replaced, and what it says is lost\n");
		return CLI_FAILED;
	}
	r = md_layout(&l, kind, index, meta_sectors, data_sectors, stripes, stripe_4k);
	if (r)
		return complain("there is no room for it", r);
	r = md_file_create(meta, &l);
	if (r)
		return complain("writing it", r);
	printf("New metadata; the volume can have %llu bytes.\n",
	       (unsigned long long)l.data_max * 512);
	return CLI_OK;
}

int cli_create_md(int argc, char **argv)
{
	struct wish w = {.meta = "internal"};
	uint64_t data_sectors = 0, meta_sectors = 0;
	int r = read_wish(&w, argc, argv), data, meta;
	enum md_kind kind;
	unsigned index;
	char *path;

	if (r)
		return r;
	if (place_meta(w.meta, &path, &kind, &index))
		return CLI_USAGE;
	data = open_sized(w.disk, &data_sectors);
	if (data < 0) {
		free(path);
		return complain(w.disk, data);
	}
	meta = path ? open_sized(path, &meta_sectors) : data;
	if (meta < 0)
		r = complain(path, meta);
	else
		r = make(&w, meta, data, kind, index, path ? meta_sectors : data_sectors,
			 data_sectors);
	if (meta >= 0 && meta != data)
		close(meta);
	close(data);
	free(path);
	return r;
}
