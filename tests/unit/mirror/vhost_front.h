/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vhost-user front-end with a guest of its own, and a taiki-mirrord's volume and export in a process that can be killed.
 */
#ifndef TESTS_MIRROR_VHOST_FRONT_H
#define TESTS_MIRROR_VHOST_FRONT_H

#include <linux/virtio_blk.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>

#include "mirror/export/vhost_ring.h"

enum {
	FRONT_MEMORY = 8 << 20,
	FRONT_RING = 64,
	/* guest-physical addresses */
	FRONT_DESC = 0x1000,
	FRONT_AVAIL = 0x3000,
	FRONT_USED = 0x5000,
	FRONT_HEADER = 0x10000, /* 16 bytes for each head */
	FRONT_STATUS = 0x18000, /* a byte for each */
	FRONT_TABLE = 0x20000,  /* an indirect one */
	FRONT_DATA = 0x100000,
	VOLUME_BYTES = 16 << 20,
};

#define FRONT_UVA UINT64_C(0x7000000000)

/* ---- the back-end ---- */

/* back_new() - A disk with metadata, on which back_start() begins a process; back_end() - All of it goes. */
void back_new(void);
void back_start(bool primary);
void back_kill(void);
void back_end(void);
/* back_lives() - Whether nothing has ended it. */
bool back_lives(void);

/* ---- the front-end ---- */

struct front {
	int sock, memory, kick, call, err, records;
	uint8_t *mem;
	struct vhost_records *seen; /* the records, as the front-end sees them */
	uint64_t features;
	uint32_t index;       /* of the ring that it uses */
	uint16_t avail, used; /* next to be made, and looked at */
};

/* front_connect() - A new connection; memory and records are kept if there are any. */
void front_connect(struct front *f);
void front_leave(struct front *f);
/* front_end() - And its memory. */
void front_end(struct front *f);

/* front_say() - A message.  front_hear() - Its answer's payload, of @size bytes; false: it was hung up on. */
void front_say(struct front *f, uint32_t request, uint32_t flags, const void *data, uint32_t size,
	       const int *fd, int nfds);
bool front_hear(struct front *f, uint32_t request, void *data, uint32_t size, int *fd);
/* front_ask() - Both, for a number. */
uint64_t front_ask(struct front *f, uint32_t request);
/* front_is_hung_up() - Whether that happens, within a minute. */
bool front_is_hung_up(struct front *f);

/* front_begin() - Everything, up to a ring that runs. */
void front_begin(struct front *f);
/* front_ring() - Its ring begins at @base. */
void front_ring(struct front *f, uint16_t base);
/* front_stop() - GET_VRING_BASE. */
uint16_t front_stop(struct front *f);

struct vring_desc *front_desc(struct front *f, unsigned i);
/* front_offer() - The chain at @head is available; front_kick() - and the back-end told. */
void front_offer(struct front *f, uint16_t head);
void front_kick(struct front *f);
/* front_wait() - The next used entry's head; it must come.  front_is_stopped() - The ring's error is signalled. */
uint16_t front_wait(struct front *f);
bool front_is_stopped(struct front *f);

/*
 * front_chain() - A request in the descriptors from @head on: header, @n pieces of memory of @len bytes each at
 * @gpa, @stride apart; status.
 */
void front_chain(struct front *f, uint16_t head, uint32_t type, uint64_t sector, uint64_t gpa,
		 uint32_t len, unsigned n, uint32_t stride);
/* front_do() - One of them, done: its status. */
uint8_t front_do(struct front *f, uint32_t type, uint64_t sector, uint64_t gpa, uint32_t len,
		 unsigned n, uint32_t stride);

#endif
