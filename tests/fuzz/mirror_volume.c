// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/mirror_volume.h"

struct volume {
	struct loop *loop;
	uint8_t data[FUZZ_VOLUME_BYTES];
};

unsigned fuzz_volume_requests;
static struct volume volume;

struct turns {
	struct timer timer;
	struct loop *loop;
	int left;
};

static void turned(struct timer *t)
{
	struct turns *x = list_entry(t, struct turns, timer);

	x->loop->stop = !--x->left;
	if (x->left)
		loop_timer(x->loop, t, 0);
}

void fuzz_turns(struct loop *l, int n)
{
	struct turns x = {.loop = l, .left = n};

	timer_init(&x.timer, turned);
	l->stop = false;
	loop_timer(l, &x.timer, 0);
	loop_run(l);
}

struct volume *fuzz_volume(struct loop *l)
{
	volume.loop = l;
	return &volume;
}

static void over(struct task *t)
{
	struct request *r = list_entry(t, struct request, task);

	if (!fuzz_volume_requests--)
		abort();
	r->done(r, r->result);
}

static int act(struct volume *v, struct request *r)
{
	struct volume_map *m = (struct volume_map *)(void *)r->buf;

	if (r->verb == REQUEST_FLUSH)
		return 0;
	if (!r->len || r->off % 512 || r->len % 512 || r->off > FUZZ_VOLUME_BYTES ||
	    r->len > FUZZ_VOLUME_BYTES - r->off)
		abort();
	switch (r->verb) {
	case REQUEST_READ: memcpy(r->buf, v->data + r->off, r->len); break;
	case REQUEST_WRITE: memcpy(v->data + r->off, r->buf, r->len); break;
	case REQUEST_ZERO: memset(v->data + r->off, 0, r->len); break;
	default:
		m->count = 2;
		m->extent[0] = (struct volume_extent){r->off + r->len / 2, true};
		m->extent[1] = (struct volume_extent){r->off + r->len, false};
	}
	return r->fua && r->off == 0 ? -5 /* EIO: disks do fail */ : 0;
}

void volume_submit(struct volume *v, struct request *r)
{
	fuzz_volume_requests++;
	r->result = act(v, r);
	task_init(&r->task, over);
	loop_task(v->loop, &r->task);
}

void *volume_buffer(struct volume *v, size_t len)
{
	return len ? malloc(len) : NULL;
}

void volume_buffer_put(struct volume *v, void *buf, size_t len)
{
	free(buf);
}

uint64_t volume_size(const struct volume *v)
{
	return FUZZ_VOLUME_BYTES;
}

unsigned volume_align(const struct volume *v)
{
	return 512;
}

uint64_t volume_out_of_sync(const struct volume *v, uint64_t off, bool *dirty)
{
	*dirty = off / 4096 % 2;
	return (off / 4096 + 1) * 4096;
}

bool volume_zeroes_fast(const struct volume *v)
{
	return true;
}

void volume_status(const struct volume *v, struct volume_status *s)
{
	*s = (struct volume_status){.name = "fuzz"};
}

void volume_listen(struct volume *v, struct volume_listener *l)
{
	list_init(&l->link);
}

void holder_init(struct holder *h, int fd)
{
	*h = (struct holder){.fd = fd};
	list_init(&h->link);
}

int volume_hold(struct volume *v, struct holder *h)
{
	return 0;
}

void volume_release(struct volume *v, struct holder *h)
{
}

void volume_abandon(struct volume *v, struct holder *h)
{
}

bool volume_is_left(const struct volume *v)
{
	return false;
}
