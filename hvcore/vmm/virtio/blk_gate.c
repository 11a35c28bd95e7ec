/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate of a standby's disk (design 5.5).  Closed, the device has no image:
 * not even a broken guest reaches what is not its own.  It opens once, with an image
 * that the cluster's agent has opened, locked and guarded:
 *
 *   CLOSED ── handed over ──► OPENING ── first read done ──► OPEN ── capacity read ──► SEEN
 *      ▲                         │ it failed
 *      └─────────────────────────┘
 *
 * The read is there because a descriptor says neither whether the disk behind it
 * answers nor which alignment it wants; and it is asynchronous, since it may hang.
 *
 * The block size is announced when the device is made, and the guest does not look at it again.
 * It is the definition's, or else 512, as nearly every disk has it: partition tables and file systems
 * are laid out in it, so the guest must find the same as after a start with the open image.  An image
 * whose storage wants more cannot be opened here, and is refused.
 */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hvcore/lib/served.h"
#include "hvcore/vmm/control/control.h"
#include "hvcore/vmm/virtio/blk.h"
#include "hvcore/vmm/virtio/devices.h"

enum { CAPACITY_BYTES = 8, CAPACITY_READ = 0xff };

static void report(const struct blk *d, const char *state)
{
	event_emit("X_TAIKI_GATE", json_pack("{s:s, s:s, s:I, s:I}", "device", d->v.name, "state",
					     state, "size", (json_int_t)d->block.size, "ns",
					     (json_int_t)(loop_host_now() - d->gate.since)));
}

const char *blk_gate_name(const struct blk *d)
{
	static const char *const names[] = {
		[GATE_CLOSED] = "closed",
		[GATE_OPENING] = "opening",
		[GATE_OPEN] = "open",
		[GATE_SEEN] = "seen",
	};

	return names[d->gate.state];
}

/* The driver reads the capacity in halves, or as it likes. */
void blk_gate_read(struct virtio *v, unsigned off, unsigned size)
{
	struct blk *d = (struct blk *)v;

	_Static_assert(offsetof(struct virtio_blk_config, capacity) == 0, "it comes first");
	if (d->gate.state != GATE_OPEN || off >= CAPACITY_BYTES)
		return;
	d->gate.read |= ((1U << size) - 1) << off;
	if (d->gate.read != CAPACITY_READ)
		return;
	d->gate.state = GATE_SEEN;
	report(d, "seen");
}

/* release() - The device as it was before it was to be opened; the descriptor, or -1. */
static int release(struct blk *d)
{
	int fd = block_release(&d->block);

	d->block.align = d->block.readonly ? 1 : d->sector;
	return fd;
}

static void failed(struct blk *d, int rc)
{
	struct blk_gate *g = &d->gate;
	struct hv_error err;
	int fd;

	if (rc == -EINVAL)
		hv_err(&err, rc,
		       "disk %s: image %s wants requests larger than the %u bytes that the guest "
		       "was told; give the disk <blockio logical_block_size='4096'/>",
		       d->v.name, d->block.path, d->sector);
	else
		hv_err(&err, rc, "disk %s: cannot read image %s: %s", d->v.name, d->block.path,
		       strerror(-rc));
	fd = release(d);
	if (fd >= 0)
		close(fd);
	g->state = GATE_CLOSED;
	control_answer(g->ticket, rc, NULL, &err);
}

static void probed(struct block_request *r, int result)
{
	struct blk *d = (struct blk *)((char *)r - offsetof(struct blk, gate.probe));
	struct blk_gate *g = &d->gate;

	free(g->buf);
	g->buf = NULL;
	if (result) {
		failed(d, result);
		return;
	}
	g->state = GATE_OPEN;
	g->read = 0;
	blk_set_capacity(d);
	virtio_config_changed(&d->v);
	report(d, "open");
	control_answer(g->ticket, 0, NULL, NULL);
}

/* The smallest request the guest may make, at an address aligned to no more than that. */
static int probe(struct blk *d)
{
	struct blk_gate *g = &d->gate;

	g->buf = aligned_alloc(2 * d->sector, 2 * d->sector);
	if (!g->buf)
		return -ENOMEM;
	g->iov = (struct iovec){.iov_base = g->buf + d->sector, .iov_len = d->sector};
	g->probe = (struct block_request){.block = &d->block,
					  .op = BLOCK_READ,
					  .len = d->sector,
					  .iov = &g->iov,
					  .niov = 1,
					  .done = probed};
	block_submit(&g->probe);
	block_kick();
	return 0;
}

/* Two disks with one image would be two writers in one process: the lock does not tell them apart. */
static const char *has_it(int fd)
{
	struct stat st, other;

	if (fstat(fd, &st) < 0)
		return NULL;
	for (const struct blk *d = blk_list; d; d = d->next)
		if (d->block.fd >= 0 && fstat(d->block.fd, &other) == 0 &&
		    other.st_mode == st.st_mode &&
		    (S_ISBLK(st.st_mode) ? other.st_rdev == st.st_rdev
					 : other.st_dev == st.st_dev && other.st_ino == st.st_ino))
			return d->v.name;
	return NULL;
}

static int may_open(const char *target, struct blk **out, struct hv_error *err)
{
	struct blk *d = blk_list;

	while (d && strcmp(d->v.name, target))
		d = d->next;
	*out = d;
	if (!d)
		return hv_err(err, -ENOENT, "there is no disk %s; query-block lists them", target);
	switch (d->gate.state) {
	case GATE_CLOSED: return 0;
	case GATE_NONE: return hv_err(err, -EINVAL, "disk %s has no gate; it is open", target);
	case GATE_OPENING:
		return hv_err(err, -EBUSY, "disk %s: its gate is being opened already", target);
	case GATE_OPEN:
	case GATE_SEEN: break;
	}
	return hv_err(err, -EALREADY, "disk %s: its gate is open, and opens once only", target);
}

/* attach() - Take what was handed over.  0 or -errno with @err: it is still the caller's. */
static int attach(struct blk *d, int fd, const struct served *s, struct hv_error *err)
{
	struct block *b = &d->block;
	int rc;

	if (s->how != SERVED_NOT)
		b->align = d->sector;
	switch (s->how) {
	case SERVED_NOT: rc = block_attach(b, fd, err); break;
	case SERVED_NBD: rc = block_attach_nbd(b, fd, &s->nbd, err); break;
	case SERVED_VHOST: rc = block_attach_vhost(b, fd, &s->vhost, err); break;
	default: rc = -EINVAL;
	}
	if (!rc && b->size < d->sector)
		rc = hv_err(err, -EINVAL, "disk %s: image %s is smaller than a sector of %u bytes",
			    d->v.name, b->path, d->sector);
	if (!rc && probe(d))
		rc = hv_err(err, -ENOMEM, "disk %s: no memory to open it", d->v.name);
	return rc;
}

int virtio_blk_open_gate(const char *target, int fd, const struct served *s, uint64_t ticket,
			 struct hv_error *err)
{
	const char *other;
	struct blk *d;
	int rc = may_open(target, &d, err);

	if (rc)
		return rc;
	other = has_it(fd);
	if (other)
		return hv_err(err, -EBUSY, "disk %s: what was handed over is disk %s already",
			      target, other);
	d->gate.since = loop_host_now();
	d->gate.ticket = ticket;
	rc = attach(d, fd, s, err);
	if (rc)
		release(d);
	else
		d->gate.state = GATE_OPENING;
	return rc;
}
