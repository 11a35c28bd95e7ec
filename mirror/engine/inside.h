/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A volume from the inside, and what nearly every part of the engine does with it.
 *
 * Everything is owned by the loop's thread.
 */
#ifndef MIRROR_ENGINE_INSIDE_H
#define MIRROR_ENGINE_INSIDE_H

#include "mirror/engine/parts.h"

struct volume {
	struct loop *loop;
	struct volume_config config, next; /* next: from the next connection on, if has_next */
	bool has_next;
	struct pool pool;

	struct disk_file data, meta; /* meta.fd -1: internal; both: Diskless */
	struct disk_file *md;
	unsigned align; /* bytes: what clients were told */
	struct md_layout layout;
	struct md_super super; /* what neither state nor gen says */
	uint64_t sectors;
	struct bitmap bitmap;
	struct actlog al;
	struct list al_waiting; /* writes */
	bool al_starved; /* some of them wait for an extent, or a place in the log, to be given back */
	struct intervals locks;
	bool data_unflushed; /* bits were cleared for data that may be in the disk's cache */
	bool full_sync;      /* all bits are set, and not all of them on disk */
	bool crashed; /* a Primary stopped here, and nobody has brought us up to date since */
	bool clean;   /* the next super block is the last */
	struct keep keep;

	struct drbd_state state;
	struct generation gen;
	struct list holders;
	struct list listeners;
	struct change change;

	struct tlog tlog;
	struct list flushes;
	struct list untold; /* what is done, but may not be told before `tell_at` is durable */
	uint64_t tell_at;
	struct list frozen; /* requests that are not begun while clients have to wait */
	struct list redo;   /* what has to be done before them: struct write.again */
	uint32_t redoing;   /* how many of those there are, begun or not */
	struct task thaw;
	uint32_t requests;  /* of clients, in flight */
	uint64_t submitted; /* by clients, ever */
	bool no_quorum;
	bool sync_paused; /* resyncs are, by the administrator here */
	bool abandoned;   /* all who held it are gone: nobody waits for what is frozen */
	struct fence fence;

	struct leave leave;
	struct behind behind;
	struct grow grow;
	enum disk attached_as; /* what the metadata of a disk that is being attached says of it */
	struct attach_job *attach_job;
	struct keep_wait attach_kept;
	/* Diskless: the generation that clients have seen; is it known to be the peer's? */
	uint64_t exposed;
	bool exposed_is_peers;
	bool bare_told; /* and was anything written since that only the peer has? */
	struct far far;

	struct link link;
	struct volume_split split; /* of the last meeting */
	struct pwrites pwrites;
	struct sync sync;
	struct preads preads[PREAD_QUEUES];
	struct pacer pacer;
	struct verify verify;
	struct digest csums, verify_with; /* size 0: none */

	void (*down)(void *arg);
	void *down_arg;
	struct keep_wait down_wait;
	struct timer down_timer;
	bool down_pages;

	uint64_t written, read, sent, received;
	struct history history;
};

/* ---- the log, and what has happened: history.c ---- */

/* volume_say() - A line of the log, kept. */
void volume_say(struct volume *v, int level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- its disk: detach.c ---- */

/* disk_is_here() - Whether requests may be given to the disk. */
bool disk_is_here(const struct volume *v);

/* disk_broke() - The disk has refused @what: it is no longer used. */
void disk_broke(struct volume *v, const char *what, int error);

/* ---- what has to be durable: keep.c ---- */

/* keep_wait_init() - Before anything else.  keep_cancel() - It is no longer waited for. */
void keep_wait_init(struct keep_wait *w, void (*done)(struct keep_wait *));
void keep_cancel(struct keep_wait *w);

/*
 * keep_super() - Write what state and gen are when it begins; @w (may be NULL) is told when that is
 * durable.  Returns its number: durable when keep.durable has reached it.
 */
uint64_t keep_super(struct volume *v, struct keep_wait *w);

/* keep_pages() - Write every page of the bitmap that is dirty now; @w may be NULL. */
void keep_pages(struct volume *v, struct keep_wait *w);

/* ---- ranges that something is going on in: request.c ---- */

/* range_lock() - go() is called at once, or when whoever is in the way has ended. */
void range_lock(struct volume *v, struct range *r, uint64_t sector, uint32_t bytes, bool shared);
void range_unlock(struct volume *v, struct range *r);

/* ---- bits: sync.c ---- */

/* out_of_sync(), in_sync() - Bits, rounded to the safe side. */
void out_of_sync(struct volume *v, uint64_t sector, uint32_t bytes);
void in_sync(struct volume *v, uint64_t sector, uint32_t bytes);

/* ---- the connection: link.c, and the packets that several parts send: meet.c, sizes.c ---- */

/* link_end() - With a reason, -errno and text for the log; @stay: do not look for the peer again. */
void link_end(struct volume *v, bool stay, int why, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* link_io_done() - A disk request on its behalf is over. */
void link_io_done(struct volume *v);
bool link_is_up(const struct volume *v);

/* link_pause() - Read from the peer, or not: by link.hold, and the memory its data takes. */
void link_pause(struct volume *v);

void send_data(struct volume *v, const struct wire_packet *p, const void *bulk, struct sent *sent);
void send_meta(struct volume *v, const struct wire_packet *p);
void send_state(struct volume *v);
void send_uuids(struct volume *v);
void send_sizes(struct volume *v);
/* send_sizes_of() - Those of @s; the limits of requests are added. */
void send_sizes_of(struct volume *v, struct wire_sizes *s);
void send_ack(struct volume *v, uint16_t command, uint64_t sector, uint64_t id, uint32_t bytes);

/* ---- the state: state.c, pause.c ---- */

/* state_set() - The one way that v->state changes: logged, kept, told to the peer (@tell) and to listeners. */
void state_set(struct volume *v, struct drbd_state next, bool tell);

/* listeners_tell() - Something that they want to know has changed. */
void listeners_tell(struct volume *v);

#endif
