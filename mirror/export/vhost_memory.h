/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's memory, as the front-end shares it.
 *
 * Whoever holds the file could cut it short under us, and the next access would kill this process, or fail in
 * the kernel as if the disk had.  So only memory that cannot shrink is taken: a memfd sealed with F_SEAL_SHRINK, and none of
 * huge pages out of hugetlbfs, where a hole that was punched may find no page to fill it.  It stays mapped while
 * requests use it.
 *
 * Its content is the guest's to change at any time.
 */
#ifndef MIRROR_EXPORT_VHOST_MEMORY_H
#define MIRROR_EXPORT_VHOST_MEMORY_H

#include "mirror/export/vhost_proto.h"

struct vhost_region {
	uint64_t gpa, uva, size;
	uint8_t *at; /* the first byte of it */
	void *map;
	size_t mapped;
};

struct vhost_memory {
	unsigned n;
	struct vhost_region region[VHOST_REGIONS_MAX];
};

/*
 * vhost_memory_map() - Take @n regions, each in the file @fd[i], in place of what was there; the descriptors
 * stay the caller's.  0; -errno: none is there then, and @why says what was wrong.
 */
int vhost_memory_map(struct vhost_memory *m, const struct vhost_wire_region *r, unsigned n,
		     const int *fd, const char **why);
void vhost_memory_unmap(struct vhost_memory *m);

/* vhost_memory_file() - Whether @fd can be trusted with @size bytes from @offset: NULL, or why not. */
const char *vhost_memory_file(int fd, uint64_t offset, uint64_t size);

/* vhost_guest() - Where @gpa is, and how many of @len bytes are there in one piece; NULL: nowhere. */
uint8_t *vhost_guest(const struct vhost_memory *m, uint64_t gpa, uint64_t *len);

/* vhost_front() - Where @len bytes at the front-end's own address @uva are; NULL. */
uint8_t *vhost_front(const struct vhost_memory *m, uint64_t uva, uint64_t len);

#endif
