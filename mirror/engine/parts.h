/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each part of the engine has of a volume; see private.h for the parts.
 */
#ifndef MIRROR_ENGINE_PARTS_H
#define MIRROR_ENGINE_PARTS_H

#include "mirror/drbd/digest.h"
#include "mirror/drbd/meta_file.h"
#include "mirror/engine/actlog.h"
#include "mirror/engine/bitmap.h"
#include "mirror/engine/disk.h"
#include "mirror/engine/handshake.h"
#include "mirror/engine/interval.h"
#include "mirror/engine/load.h"
#include "mirror/engine/pace.h"
#include "mirror/engine/pool.h"
#include "mirror/engine/stream.h"
#include "mirror/engine/volume.h"
#include "mirror/engine/window.h"

/* A range of the volume that is locked: go() is called when it is ours. */
struct range {
	struct interval i;
	void (*go)(struct range *r);
};

/* ---- keep.c ---- */

/* Who waits for something to be durable. */
struct keep_wait {
	struct list link;
	/* It is, or the metadata has failed, and can say nothing any more: see v->state.disk. */
	void (*done)(struct keep_wait *w);
};

enum { KEEP_BATCH = 64 }; /* pages in flight */

enum keep_job { KEEP_IDLE, KEEP_ACTLOG, KEEP_SUPER, KEEP_PAGES };

struct keep {
	enum keep_job job;
	struct list super_next, super_now, pages_next, pages_now; /* of keep_wait */
	bool want_super, want_pages, in_pages, failed;
	bool bits_first; /* bitmap and data have been brought to disk since the super block was wanted */
	bool for_super;                    /* that is what the pages are written for */
	uint32_t said;                     /* the flags of the last super block */
	uint64_t wanted, writing, durable; /* super blocks, counted: see keep_super() */
	uint32_t page;                     /* KEEP_PAGES: the next one to look at */
	unsigned npages, flying;           /* of the batch */
	struct disk_op op;                 /* flushes, super block, transaction */
	uint8_t *block;                    /* its 4 KiB */
	struct keep_page {
		struct disk_op op;
		struct volume *v;
		uint32_t page;
		uint8_t *buf;
	} page_of[KEEP_BATCH];
	struct md_al *al;
	struct task kick;
	uint64_t writes;
};

/* ---- tlog.c ---- */

/* A run of writes between two barriers. */
struct epoch {
	struct list link, writes;
	uint32_t handle, count;
	bool closed; /* its barrier was sent */
};

enum { TLOG_SLOTS = 8192, TLOG_EPOCH_MAX = 2048, TLOG_COPIES_MAX = 32 << 20 };

struct tlog {
	struct list epochs; /* oldest first; the last one is open */
	uint32_t next_handle, count;
	uint64_t copied;   /* bytes of copies: see struct write */
	uint64_t progress; /* loop time at which the peer answered last, or was first asked */
	struct timer idle; /* the open one is closed when nothing more comes */
	/* Of the open one: the writes that are done before the peer's disk has them. */
	struct intervals loose;
	/* What an acknowledgement's id says: never an address. */
	struct write *slot[TLOG_SLOTS];
	uint32_t free_slots[TLOG_SLOTS], nfree, serial;
};

enum remote {
	REMOTE_NONE,   /* the peer does not get it, or is gone */
	REMOTE_QUEUED, /* its data is not with the kernel yet */
	REMOTE_SENT,
	REMOTE_ACKED,
};

/* A client's write on its way; it stays, without its data, until the peer has confirmed its epoch. */
struct write {
	struct volume *v;
	struct request *r; /* NULL: its client was told */
	uint64_t sector;
	uint32_t bytes;
	uint32_t slot, serial; /* of its id */
	struct range range;
	struct list link; /* where it waits */
	struct list in_epoch;
	struct epoch *epoch;  /* NULL: in none, or confirmed */
	struct interval span; /* see tlog.loose */
	struct disk_op op;
	struct sent sent;
	enum remote remote;
	bool local; /* the disk has it */
	bool ranged, hot, queued, zero, told;
	bool resync; /* sent while a resync ran: the acknowledgement clears bits */
	bool strict; /* done when the peer's disk has it, whatever the protocol */
	bool loose;  /* is in tlog.loose */
	bool bare;   /* this disk does not have it: the peer's is the only one */
	/*
	 * BARE: its data, until the peer has confirmed the epoch: a peer that loses power and comes back would
	 * otherwise lose what this side has already said to be written.
	 */
	uint8_t *copy;
	struct request again; /* see redo.c */
};

/* ---- pwrite.c ---- */

struct pepoch {
	struct list link;
	uint32_t serial;
	struct wire_range *ranges; /* what was written: on disk, perhaps not on stable storage */
	uint32_t nranges;
	struct list held, flying; /* its writes: while epochs before it are not on disk; then */
	uint32_t handle, count, pending;
	bool closed;
};

struct pwrites {
	struct list epochs; /* oldest first; the last one is open */
	uint32_t serial;
	bool flushing;
	struct disk_op flush;
	uint32_t count;         /* writes that are not on disk yet */
	uint64_t bytes;         /* of their data in memory */
	struct list al_waiting; /* for their extents to be hot: the peer has no disk */
	struct keep_wait named; /* that the peer's writes are here alone */
};

enum { PWRITES_BYTES_MAX = 16 << 20 };

/* ---- the connection ---- */

enum link_phase {
	LINK_DOWN,     /* no connection is wanted */
	LINK_DRAIN,    /* the last one's disk requests have to end first */
	LINK_SEEK,     /* two sockets are being made */
	LINK_FEATURES, /* from here on: what the peer has to send next */
	LINK_CHALLENGE,
	LINK_RESPONSE,
	LINK_PROTOCOL,
	LINK_REPORT, /* sizes, identifiers, state */
	LINK_UP,
};

#define PHASE(p_) (1u << (p_))

struct seek;

struct link {
	enum link_phase phase;
	struct seek *seek;
	struct stream data, meta;
	struct wire_agreed agreed;
	bool tie_break; /* we accepted the meta socket: we resolve conflicts */
	bool stay_down; /* when it ends */
	bool discard;   /* our data, in a split brain */
	bool dry_run;   /* the peer only wants to see what would be done: nothing is */
	bool hold;      /* nothing is read from the peer: something has to be durable first */
	bool torn;      /* the peer has said that it disconnects */
	int why;        /* it ends, or ended last; 0: not yet */
	char why_text[160];
	char turned_away[2][TLS_WHY + 64]; /* what was last said of it: by us, by those who came */
	struct task end;
	struct timer tick;
	uint64_t ping_sent; /* loop_clock(); 0: none is on its way */
	uint64_t since;     /* of this phase */
	uint32_t flying;    /* disk requests on its behalf */
	struct digest auth;
	uint8_t challenge[WIRE_CHALLENGE]; /* ours */
	bool sizes_seen, uuids_seen;
	struct wire_sizes sizes;
	struct wire_uuids uuids;
	bool sync_paused; /* the peer has its resyncs paused */
	uint32_t seq;
};

/* ---- changes of state ---- */

enum change_what {
	CHANGE_PRIMARY,
	CHANGE_SECONDARY,
	CHANGE_DISCONNECT,
	CHANGE_INVALIDATE,
	CHANGE_OUTDATE,
	CHANGE_INVALIDATE_REMOTE,
	CHANGE_VERIFY,
	CHANGE_DETACH,
	CHANGE_ATTACH,
	CHANGE_RESIZE,
};

struct change {
	bool busy, force, asked, agreed, keeping;
	bool drains; /* it waits for what the peer has written */
	bool fenced; /* the fence-peer handler was asked for it */
	struct volume_resize resize;
	enum change_what what;
	volume_answer *answer;
	void *arg;
	int result;
	struct keep_wait kept;
	struct timer deadline;
	struct task tell;
};

/* ---- resync ---- */

struct sync {
	uint64_t total, cursor; /* bits */
	uint64_t same;          /* bits that were found equal by their digests */
	uint64_t zeroes;        /* bits that were given back: see thin.c */
	uint64_t began;         /* loop time */
	uint64_t unconfirmed;   /* SOURCE: bits of replies that were not acknowledged */
	struct window window;   /* TARGET: what was asked for and is not on disk */
	struct list asked;      /* TARGET: ranges that were asked for */
	struct list held_acks;  /* TARGET: the last ones, until the end is durable */
	bool ending, stale;     /* stale: what is in flight is of a resync that is no more */
	struct keep_wait kept;
	struct disk_op flush;
	struct timer more;        /* of a bitmap to send; pages to be kept */
	struct generation source; /* TARGET: its identifiers, from the handshake */
	uint64_t uuid;            /* of the resync */
	uint64_t sending, got;    /* exchange of bitmaps: bits; BITMAP_END: not going on */
};

/* ---- pread.c ---- */

enum pread_queue {
	PREAD_CLIENT, /* for its clients */
	PREAD_SYNC,   /* in a resync or a verify, which clients come before */
	PREAD_QUEUES,
};

struct preads {
	struct list waiting;
	uint32_t nwaiting, flying;
	uint64_t bytes; /* flying */
};

/* ---- verify.c, verify_serve.c ---- */

struct verify {
	uint64_t start, stop, cursor, reached; /* sectors */
	uint64_t found;                        /* sectors that differ */
	uint64_t run_start, run_end; /* of them, next to each other, that were found last */
	uint32_t runs;               /* before that */
	bool halted;                 /* nothing more is asked for */
	struct window window;
	struct list asked, again; /* VerifyS */
	struct list given;        /* VerifyT */
	uint32_t ngiven;
	uint64_t ends; /* VerifyT: when it does at the latest; loop time */
};

/* ---- pacer.c ---- */

struct pacer {
	struct pace pace;
	struct timer timer;
	uint64_t moved; /* bytes of resyncs and verifies */
};

/* ---- history.c ---- */

struct history {
	uint64_t count; /* ever */
	struct history_line line[HISTORY_MAX];
};

/* ---- detach.c ---- */

enum leave_step { LEAVE_NOT, LEAVE_DRAIN, LEAVE_FLUSH, LEAVE_KEEP, LEAVE_CLOSE };

struct leave {
	enum leave_step step;
	enum disk as;  /* what its metadata is to say of it */
	uint64_t uuid; /* the generation of its data */
	bool whole;    /* it had everything */
	bool orderly;  /* it works: nothing need be looked for in its activity log */
	bool clean;    /* nothing need, from the next super block on */
	struct task look;
	struct timer watch; /* of a disk that may hang */
	struct keep_wait kept;
	struct disk_op flush;
};

/* ---- behind.c ---- */

struct behind {
	uint64_t said,
		want; /* the generation that the file names, and what it is to name; 0: none */
	bool failed;
	struct behind_job *job;
};

/* ---- far.c ---- */

struct far {
	struct list reads, again; /* asked for; to be asked for again */
	uint64_t serial;
	uint64_t
		progress; /* loop time at which one was answered last, or the first was asked for */
	struct timer retry;
};

/* ---- grow.c ---- */

struct grow {
	bool busy;    /* from its beginning on: no client's request is begun */
	bool clean;   /* what is new counts as equal */
	bool answers; /* the peer has asked for it */
	uint64_t sectors;
	struct md_layout to;
	struct grow_job
		*job;   /* from when everything was drained on: the metadata is the thread's */
	uint64_t since; /* loop_clock(), of that or of the beginning */
	struct timer timer;
};

/* ---- fencing ---- */

struct fence {
	struct volume_fencer *fencer;
	bool asked;         /* the handler runs */
	uint32_t losses;    /* of the peer, counted */
	uint32_t asked_for; /* the one that the handler was asked about */
	bool promotes;      /* a promotion waits for it */
	bool lifted;        /* since the peer was lost last */
	struct task look;
	struct timer again;
};

#endif
