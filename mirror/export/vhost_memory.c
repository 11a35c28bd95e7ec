// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "mirror/export/vhost_memory.h"

enum { PAGE = 4096 };

const char *vhost_memory_file(int fd, uint64_t offset, uint64_t size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct statfs fs;
	struct stat st;

	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return "memory that could shrink: share a memfd that is sealed (QEMU: "
		       "memory-backend-memfd,share=on)";
	if (fstatfs(fd, &fs) || fs.f_type == HUGETLBFS_MAGIC)
		return "memory of hugetlbfs, which may run out of pages: use a memfd without hugetlb";
	if (fstat(fd, &st) || offset > (uint64_t)st.st_size || size > (uint64_t)st.st_size - offset)
		return "a region that is not in its file";
	return NULL;
}

static int map_one(struct vhost_region *v, const struct vhost_wire_region *r, int fd,
		   const char **why)
{
	uint64_t skip = r->offset % PAGE;

	*why = "a region that wraps around, or is empty";
	if (!r->size || r->gpa + r->size < r->gpa || r->uva + r->size < r->uva ||
	    r->offset + r->size < r->offset || r->offset > INT64_MAX)
		return -EINVAL;
	*why = vhost_memory_file(fd, r->offset, r->size);
	if (*why)
		return -EPERM;
	v->mapped = r->size + skip;
	v->map = mmap(NULL, v->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      (off_t)(r->offset - skip));
	if (v->map == MAP_FAILED) {
		*why = "memory that cannot be mapped";
		return -errno;
	}
	v->gpa = r->gpa;
	v->uva = r->uva;
	v->size = r->size;
	v->at = (uint8_t *)v->map + skip;
	return 0;
}

int vhost_memory_map(struct vhost_memory *m, const struct vhost_wire_region *r, unsigned n,
		     const int *fd, const char **why)
{
	int rc = 0;

	vhost_memory_unmap(m);
	for (unsigned i = 0; i < n && !rc; i++) {
		rc = map_one(&m->region[i], &r[i], fd[i], why);
		m->n += !rc;
	}
	if (rc)
		vhost_memory_unmap(m);
	return rc;
}

void vhost_memory_unmap(struct vhost_memory *m)
{
	while (m->n) {
		struct vhost_region *v = &m->region[--m->n];

		munmap(v->map, v->mapped);
	}
}

uint8_t *vhost_guest(const struct vhost_memory *m, uint64_t gpa, uint64_t *len)
{
	for (unsigned i = 0; i < m->n; i++) {
		const struct vhost_region *v = &m->region[i];

		if (gpa < v->gpa || gpa - v->gpa >= v->size)
			continue;
		if (*len > v->size - (gpa - v->gpa))
			*len = v->size - (gpa - v->gpa);
		return v->at + (gpa - v->gpa);
	}
	return NULL;
}

uint8_t *vhost_front(const struct vhost_memory *m, uint64_t uva, uint64_t len)
{
	for (unsigned i = 0; i < m->n; i++) {
		const struct vhost_region *v = &m->region[i];

		if (uva >= v->uva && uva - v->uva < v->size && len <= v->size - (uva - v->uva))
			return v->at + (uva - v->uva);
	}
	return NULL;
}
