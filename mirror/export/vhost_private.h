/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *   vhost.c          the socket and its front-end     vhost_io.c       its messages' bytes
 *   vhost_message.c  what they ask for                vhost_vring.c    of rings
 *   vhost_queue.c    a ring's life
 *   vhost_blk.c      what requests ask for            vhost_job.c      requests on their way
 *   vhost_proto, vhost_memory, vhost_ring, vhost_records: without I/O
 */
#ifndef MIRROR_EXPORT_VHOST_PRIVATE_H
#define MIRROR_EXPORT_VHOST_PRIVATE_H

#include <linux/virtio_blk.h>

#include "mirror/export/door.h"
#include "mirror/export/vhost.h"
#include "mirror/export/vhost_ring.h"

enum {
	VHOST_PARTS = 8,              /* of a request that are with the volume at once */
	VHOST_BUFFERS_MAX = 32 << 20, /* bytes of them, above which nothing new is begun; */
	VHOST_JOBS_MAX = 4096,        /* nor above so many requests */
	VHOST_SECTOR = 512,           /* bytes: what the device counts in */
	VHOST_SEG_MAX = 126,          /* with header and status, a ring of 128 */
	VHOST_DISCARD_MAX = 1 << 22,  /* sectors: 2 GiB a request */
	VHOST_ZEROES_MAX = 1 << 15,   /* sectors: 16 MiB, which may have to be written */
	VHOST_DIRECT_MIN =
		16 << 10, /* bytes in one piece that are read straight into guest memory */
};

struct vhost {
	struct loop *loop;
	struct volume *volume;
	struct door door;
	struct vhost_front *front; /* NULL: nobody */
	struct volume_listener changes;
	uint64_t told; /* bytes: the size that the front-end knows */
	void (*closed)(void *arg);
	void *closed_arg;
	struct task gone;
};

struct vhost_queue {
	struct vhost_front *front;
	unsigned index;
	struct vhost_ring ring;
	struct watch kick; /* fd -1: none */
	int call, err;     /* -1: none */
	bool enabled, runs;
	struct task tell; /* the driver, of what was pushed in this turn */
};

struct vhost_front {
	struct vhost *vhost;
	struct watch watch;
	struct holder holder;
	bool ending; /* the connection is gone: nothing is answered any more */
	struct task end;

	/* The message that is read, or waits until nothing is in flight. */
	uint8_t head[VHOST_HEADER], payload[VHOST_PAYLOAD_MAX];
	struct vhost_header header;
	const struct vhost_kind *kind; /* NULL: the header is not there yet */
	uint32_t got;
	int fd[VHOST_FDS_MAX];
	unsigned nfds;
	bool waits;
	struct task idle;

	uint64_t features, protocol;
	int backend; /* the socket for messages of ours; -1 */
	struct vhost_memory memory;
	uint8_t *records; /* all queues'; NULL: none */
	uint64_t records_size, records_each;
	struct vhost_queue queue[VHOST_QUEUES_MAX];

	unsigned jobs;      /* requests in flight */
	uint64_t buffers;   /* bytes of theirs */
	bool starved;       /* a ring has more than was begun */
	struct timer again; /* look once others had their turn */
	struct vhost_chain chain;
};

/* ---- vhost.c ---- */

/* vhost_drop() - The connection ends; @why is logged unless NULL. */
void vhost_drop(struct vhost_front *f, const char *why);

/* ---- vhost_io.c ---- */

void vhost_read(struct vhost_front *f);
/* vhost_idle() - Nothing is in flight any more: what has waited for that is done. */
void vhost_idle(struct vhost_front *f);
/* vhost_say() - @fd -1: none.  0 or -errno: the front-end does not read. */
int vhost_say(int sock, const uint8_t head[VHOST_HEADER], const void *data, size_t len, int fd);
void vhost_close_fds(struct vhost_front *f);

/* ---- vhost_message.c ---- */

/*
 * vhost_take() - Do what the message in f->payload says.  0; -errno: it cannot be done, and the front-end is
 * told, if it has asked; *@why: it is no message, and the front-end goes.
 */
int vhost_take(struct vhost_front *f, const char **why);

/* vhost_reply() - The answer to the message, @fd beside it (-1: none).  0 or -EPIPE: it is not read. */
int vhost_reply(struct vhost_front *f, const void *data, size_t len, int fd);
/* vhost_number() - The message's, if that is what it is. */
uint64_t vhost_number(const struct vhost_front *f);
/* vhost_take_fd() - A descriptor of the message's, which is the caller's now; -1: it has none. */
int vhost_take_fd(struct vhost_front *f, unsigned i);

/* ---- vhost_vring.c ---- */

/* As vhost_take(), of one message each. */
int vhost_set_num(struct vhost_front *f, const char **why);
int vhost_set_base(struct vhost_front *f, const char **why);
int vhost_get_base(struct vhost_front *f, const char **why);
int vhost_set_addr(struct vhost_front *f, const char **why);
int vhost_set_enable(struct vhost_front *f, const char **why);
int vhost_set_kick(struct vhost_front *f, const char **why);
int vhost_set_call(struct vhost_front *f, const char **why);
int vhost_set_err(struct vhost_front *f, const char **why);

/* ---- vhost_queue.c ---- */

void vhost_queue_init(struct vhost_queue *q, struct vhost_front *f, unsigned index);
/* vhost_queue_start() - It has a kick: it runs as soon as it can.  vhost_queue_stop() - It does not. */
int vhost_queue_start(struct vhost_queue *q, int kick);
void vhost_queue_stop(struct vhost_queue *q);
/* vhost_queue_look() - Begin what is there, if it runs. */
void vhost_queue_look(struct vhost_queue *q);
/* vhost_queues_look() - In all of them: something has changed. */
void vhost_queues_look(struct vhost_front *f);
/* vhost_queue_broken() - Stop it, and say so. */
void vhost_queue_broken(struct vhost_queue *q, const char *why);
/* vhost_queue_push() - Answer @head. */
void vhost_queue_push(struct vhost_queue *q, uint16_t head, uint32_t len);

/* ---- vhost_blk.c ---- */

/* vhost_blk_begin() - f->chain is a request of @q's. */
void vhost_blk_begin(struct vhost_queue *q);

/* vhost_blk_status() - Of a virtio request that ended with @error. */
uint8_t vhost_blk_status(int error);

/* ---- vhost_job.c ---- */

/* What a request comes to on the volume. */
struct vhost_order {
	enum request_verb verb;
	uint64_t off, len; /* bytes */
	bool unmap, fua;
	unsigned first, end; /* READ, WRITE: the segments of f->chain with its data */
	uint32_t skip;       /* bytes of the first that are none of it */
};

/* vhost_job_begin() - f->chain as @o says; it is answered when it is over.  0 or -ENOMEM. */
int vhost_job_begin(struct vhost_queue *q, const struct vhost_order *o);

#endif
