/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 *   nbd.c         the socket and its clients   nbd_io.c     their bytes
 *   nbd_greet.c   negotiation                  nbd_serve.c  requests
 *   nbd_answer.c  what they are answered
 */
#ifndef MIRROR_EXPORT_NBD_PRIVATE_H
#define MIRROR_EXPORT_NBD_PRIVATE_H

#include "mirror/export/door.h"
#include "mirror/export/nbd.h"
#include "mirror/export/nbd_proto.h"

enum {
	NBD_CLIENTS_MAX = 16,
	NBD_DATA_MAX = 4 << 20, /* bytes of a read or write */
	NBD_PARTS = 8,          /* of a request that are with the volume at once */
	NBD_MEMORY_MAX =
		32 << 20, /* bytes of a client's data in memory, above which it is not read */
	NBD_BUFFER = 64 << 10,
	NBD_EXTENTS_MAX = 256, /* that BLOCK_STATUS answers, of each context */
	/*
	 * What it is answered from, and then the answer; and more, so that no client can have many
	 * of them under way, each of which takes a thread.
	 */
	NBD_MAP_ROOM = 1 << 20,
};

struct nbd {
	struct loop *loop;
	struct volume *volume;
	struct door door;
	struct list clients;
	unsigned count;
	void (*closed)(void *arg);
	void *closed_arg;
	struct task gone;
};

/* A request of a client's: to the volume it is one or more of its requests. */
struct nbd_job {
	struct list link; /* in its client's replies */
	struct nbd_client *client;
	struct nbd_request is;
	uint8_t *buf;
	uint32_t room;   /* bytes of it */
	uint32_t at;     /* WRITE: data that has come */
	uint64_t next;   /* bytes that were given to the volume */
	unsigned flying; /* parts */
	int error;
	uint64_t broke; /* READ: where; or UINT64_MAX */
	/* The reply: its head, then @tail bytes of buf, of which @sent are. */
	uint32_t sent, heads, tail;
	uint8_t head[NBD_HEAD_MAX];
	struct nbd_part {
		struct request r;
		struct nbd_job *job;
	} part[NBD_PARTS];
};

enum nbd_stage { NBD_FLAGS, NBD_OPTIONS, NBD_REQUESTS, NBD_DATA, NBD_DISCARD, NBD_ENDING };

struct nbd_client {
	struct list link;
	struct nbd *nbd;
	struct watch watch;
	enum nbd_stage stage;
	struct nbd_export export;
	struct holder holder;
	bool no_zeroes, leaves; /* leaves: what it was answered is sent, then it is gone */
	uint8_t in[NBD_BUFFER]; /* in[at..end) is not looked at yet */
	uint32_t at, end;
	uint32_t discard;         /* bytes of data that nobody wants */
	struct nbd_job *incoming; /* whose data comes */
	unsigned jobs;            /* not answered yet */
	uint64_t memory;
	struct list replies; /* jobs that are to be answered, in order */
	uint8_t out[8192];   /* of the negotiation */
	uint32_t out_at, out_end;
	struct task flush;
};

/* nbd_client_drop() - It is gone, or goes; the structure lives until its requests are over. */
void nbd_client_drop(struct nbd_client *c);
/* nbd_client_check() - Whether it can be freed now. */
void nbd_client_check(struct nbd_client *c);

void nbd_read(struct nbd_client *c);
void nbd_write(struct nbd_client *c);
/* nbd_say() - Bytes of the negotiation.  0 or -ENOBUFS: the client does not read. */
int nbd_say(struct nbd_client *c, const void *data, size_t len);

/* nbd_greet() - What has come, from in[at] on.  Bytes used; 0: more has to come; -errno: the client goes. */
int nbd_greet(struct nbd_client *c);
int nbd_serve(struct nbd_client *c);
/* nbd_data() - All data of c->incoming is there. */
void nbd_data(struct nbd_client *c);
void nbd_job_free(struct nbd_job *j);

/* nbd_answer() - Put what @j came to into its head and tail. */
void nbd_answer(struct nbd_job *j);

#endif
