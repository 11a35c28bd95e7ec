/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk behind an NBD server on a Unix socket: see nbd.c. */
#ifndef VMM_BLOCK_NBD_H
#define VMM_BLOCK_NBD_H

#include <liburing.h>

#include "hvcore/lib/nbd_greet.h"
#include "hvcore/vmm/block/block.h"
#include "hvcore/vmm/loop.h"

enum { NBD_SLOTS = 512, NBD_HEADER = 28, NBD_ANSWER = 16, NBD_ZERO_BYTES = 64 * 1024 };

/* A step that the server has, or is given. */
struct nbd_slot {
	struct block_request *r; /* NULL: free */
	uint32_t serial, sent, size;
	uint8_t header[NBD_HEADER];
	uint16_t next; /* of those that wait to be sent, or are free */
};

struct block_nbd {
	struct block *block;
	struct loop_fd fd;
	struct nbd_export export;
	bool broken;   /* for good: what it owes is never answered */
	bool watching; /* for room to send */
	struct nbd_slot slot[NBD_SLOTS];
	uint16_t free, send, send_last; /* NBD_SLOTS: none */
	uint32_t serial;
	struct block_request *waiting, **waiting_tail; /* no slot was free */
	uint8_t answer[NBD_ANSWER];
	uint32_t answered; /* bytes of it */
	struct nbd_slot *reading;
	uint32_t read; /* bytes of its data */
	struct block_nbd *next;
};

/* nbd_open() - block_open() for a disk behind NBD; before rights are dropped. */
int nbd_open(struct block *b, const struct hv_disk *disk, struct hv_error *err);

/* nbd_step() - Give the server the next step of @r; block_step_done() follows, never from inside. */
void nbd_step(struct block_request *r);
/* nbd_kick() - Send what has gathered. */
void nbd_kick(void);

/* nbd_broken() - The end of @n: the server @what (and why: @error, -errno; 0). */
void nbd_broken(struct block_nbd *n, const char *what, int error);
/* nbd_ready() - block_nbd.fd. */
void nbd_ready(struct loop_fd *w, uint32_t events);
extern struct block_nbd *nbd_all;

/* nbd_fits() - Whether the export will do for @b. */
int nbd_fits(const struct block *b, const struct nbd_export *e, struct hv_error *err);

/* nbd_attach() - Use @fd, which was greeted, for @b.  0 or -errno with @err. */
int nbd_attach(struct block *b, int fd, const struct nbd_export *e, struct hv_error *err);
void nbd_detach(struct block *b);

#endif
