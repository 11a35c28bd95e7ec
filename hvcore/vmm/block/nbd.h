/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk behind an NBD server on a Unix socket: nbd_open.c (the greeting), nbd.c (requests). */
#ifndef VMM_BLOCK_NBD_H
#define VMM_BLOCK_NBD_H

#include <liburing.h>

#include "hvcore/vmm/block/block.h"
#include "hvcore/vmm/loop.h"

enum { NBD_SLOTS = 512, NBD_HEADER = 28, NBD_ANSWER = 16 };

enum nbd_flag {
	NBD_HAS_FLAGS = 0x1,
	NBD_READ_ONLY = 0x2,
	NBD_FLUSH = 0x4,
	NBD_TRIM = 0x20,
	NBD_ZEROES = 0x40,
};

/* What the server has said of its export. */
struct nbd_export {
	uint64_t size;  /* bytes */
	uint16_t flags; /* enum nbd_flag */
	uint32_t min,
		max; /* bytes: what offsets and lengths are multiples of; a request's data at most */
};

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
	struct block_request *refused;                 /* told by the timer, not from inside */
	struct loop_timer tell;
	uint8_t answer[NBD_ANSWER];
	uint32_t answered; /* bytes of it */
	struct nbd_slot *reading;
	uint32_t read; /* bytes of its data */
	struct block_nbd *next;
};

/*
 * nbd_greet() - Be let in at @fd (non-blocking), within @timeout_ms.  0 with what the export is, or -errno with
 * @err, which begins with @what.
 */
int nbd_greet(int fd, int timeout_ms, struct nbd_export *e, const char *what, struct hv_error *err);

/* nbd_open() - block_open() for a disk behind NBD. */
int nbd_open(struct block *b, const struct hv_disk *disk, struct hv_error *err);

/* nbd_step() - Give the server the next step of @r; block_step_done() follows, never from inside. */
void nbd_step(struct block_request *r);
/* nbd_kick() - Send what has gathered. */
void nbd_kick(void);

/* nbd_attach() - Use @fd, which was greeted, for @b.  0 or -errno with @err. */
int nbd_attach(struct block *b, int fd, const struct nbd_export *e, struct hv_error *err);
void nbd_detach(struct block *b);

#endif
