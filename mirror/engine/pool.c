// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "mirror/engine/pool.h"

static int class_of(size_t len)
{
	int c = 0;

	while ((size_t)1 << (c + POOL_MIN_SHIFT) < len)
		c++;
	return c;
}

void *pool_get(struct pool *p, size_t len)
{
	int c = class_of(len);
	size_t size = (size_t)1 << (c + POOL_MIN_SHIFT);
	struct pool_free *f;

	if (c >= POOL_CLASSES)
		return NULL;
	f = p->class[c];
	if (f) {
		p->class[c] = f->next;
		p->kept -= size;
	} else if (posix_memalign((void **)&f, (size_t)1 << POOL_MIN_SHIFT, size)) {
		return NULL;
	}
	p->used += size;
	return f;
}

void pool_put(struct pool *p, void *buf, size_t len)
{
	int c = class_of(len);
	size_t size = (size_t)1 << (c + POOL_MIN_SHIFT);
	struct pool_free *f = buf;

	if (!buf)
		return;
	p->used -= size;
	if (p->kept + size > POOL_KEEP) {
		free(buf);
		return;
	}
	f->next = p->class[c];
	p->class[c] = f;
	p->kept += size;
}

void pool_drain(struct pool *p)
{
	for (int c = 0; c < POOL_CLASSES; c++) {
		while (p->class[c]) {
			struct pool_free *f = p->class[c];

			p->class[c] = f->next;
			free(f);
		}
	}
	p->kept = 0;
}
