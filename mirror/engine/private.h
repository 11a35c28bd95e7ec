/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine from the inside: the volume's parts and what they ask of one another.
 *
 *   attach.c   disk and metadata, at the beginning and the end
 *   keep.c     metadata while it is in use: super block, bitmap pages, activity log
 *   request.c  what exports ask for               write.c     a client's write, here and at the peer
 *   tlog.c     writes that the peer may lose      flush.c     a client's flush
 *   seek.c     the peer's two sockets             link.c      a connection, from greeting to end
 *   greet.c    features, challenge, protocol      meet.c      sizes, identifiers, states
 *   change.c   changes of state, asked for here   answer.c    and by the peer
 *   state.c    state and generation
 *   fence.c    a Primary without its peer         history.c   what has happened
 *   pwrite.c   the peer's writes                  exchange.c  the bitmaps
 *   source.c   resync, giving                     target.c    resync, taking
 *
 * Everything is owned by the loop's thread.
 */
#ifndef MIRROR_ENGINE_PRIVATE_H
#define MIRROR_ENGINE_PRIVATE_H

#include "mirror/drbd/digest.h"
#include "mirror/drbd/meta_file.h"
#include "mirror/engine/actlog.h"
#include "mirror/engine/bitmap.h"
#include "mirror/engine/disk.h"
#include "mirror/engine/handshake.h"
#include "mirror/engine/interval.h"
#include "mirror/engine/pool.h"
#include "mirror/engine/stream.h"
#include "mirror/engine/volume.h"

/* A range of the volume that is locked: go() is called when it is ours. */
struct range {
	struct interval i;
	void (*go)(struct range *r);
};

/* ---- keep.c ---- */

/* Who waits for something to be durable. */
struct keep_wait {
	struct list link;
	void (*done)(struct keep_wait *w); /* never called when the metadata has failed */
};

enum { KEEP_BATCH = 64 }; /* pages in flight */

enum keep_job { KEEP_IDLE, KEEP_ACTLOG, KEEP_SUPER, KEEP_PAGES };

struct keep {
	enum keep_job job;
	struct list super_next, super_now, pages_next, pages_now; /* of keep_wait */
	bool want_super, want_pages, in_pages, failed;
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

enum { TLOG_SLOTS = 8192, TLOG_EPOCH_MAX = 2048 };

struct tlog {
	struct list epochs; /* oldest first; the last one is open */
	uint32_t next_handle, count;
	uint64_t progress; /* loop time at which the peer answered last, or was first asked */
	struct timer idle; /* the open one is closed when nothing more comes */
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
	struct epoch *epoch; /* NULL: in none, or confirmed */
	struct disk_op op;
	struct sent sent;
	enum remote remote;
	bool local; /* the disk has it */
	bool ranged, hot, queued;
	bool resync; /* sent while a resync ran: the acknowledgement clears bits */
	int error;
};

/* ---- pwrite.c ---- */

struct pepoch {
	struct list link;
	struct list held, flying; /* its writes: while epochs before it are not on disk; then */
	uint32_t handle, count, pending;
	bool closed;
};

struct pwrites {
	struct list epochs; /* oldest first; the last one is open */
	bool flushing;
	struct disk_op flush;
	uint64_t bytes; /* of their data in memory */
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
	bool hold;      /* nothing is read from the peer: something has to be durable first */
	bool torn;      /* the peer has said that it disconnects */
	int why;        /* it ends, or ended last; 0: not yet */
	char why_text[160];
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
	enum conn peer_conn;
	uint32_t seq;
};

/* ---- changes of state ---- */

enum change_what { CHANGE_PRIMARY, CHANGE_SECONDARY, CHANGE_DISCONNECT, CHANGE_INVALIDATE };

struct change {
	bool busy, force, asked, agreed, keeping;
	bool fenced; /* the fence-peer handler was asked for it */
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
	uint32_t flying;        /* SOURCE: reads; TARGET: requests without an answer, and writes */
	uint64_t flying_bytes;
	uint64_t unconfirmed; /* SOURCE: bits of replies that were not acknowledged */
	struct list waiting;  /* SOURCE: requests that are not read yet */
	uint32_t nwaiting;
	struct list asked;     /* TARGET: ranges that were asked for */
	struct list held_acks; /* TARGET: the last ones, until the end is durable */
	bool ending, stale;    /* stale: what is in flight is of a resync that is no more */
	struct keep_wait kept;
	struct disk_op flush;
	struct timer more;        /* of a bitmap to send; pages to be kept */
	struct generation source; /* TARGET: its identifiers, from the handshake */
	uint64_t uuid;            /* of the resync */
	uint64_t sending, got;    /* exchange of bitmaps: bits; BITMAP_END: not going on */
};

/* ---- history.c ---- */

struct history {
	uint64_t count; /* ever */
	struct history_line line[HISTORY_MAX];
};

/* volume_say() - A line of the log, kept. */
void volume_say(struct volume *v, int level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- fencing ---- */

struct fence {
	struct volume_fencer *fencer;
	bool asked;    /* the handler runs */
	bool promotes; /* a promotion waits for it */
	bool lifted;   /* since the peer was lost last */
	struct task look;
	struct timer again;
};

struct volume {
	struct loop *loop;
	struct volume_config config;
	struct pool pool;

	struct disk_file data, meta; /* meta.fd -1: internal */
	struct disk_file *md;
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
	uint32_t holds;
	struct list listeners;
	struct change change;

	struct tlog tlog;
	struct list flushes;
	struct list untold; /* what is done, but may not be told before `tell_at` is durable */
	uint64_t tell_at;
	struct list frozen; /* requests that are not begun while clients have to wait */
	uint32_t requests;  /* of clients, in flight */
	bool no_quorum;
	bool abandoned; /* nobody waits for what is frozen */
	struct fence fence;

	struct link link;
	struct pwrites pwrites;
	struct sync sync;

	void (*down)(void *arg);
	void *down_arg;
	struct keep_wait down_wait;
	struct timer down_timer;
	bool down_pages;

	uint64_t written, read, sent, received;
	struct history history;
};

/* ---- attach.c ---- */

/* disk_broke() - The disk has refused @what: it is no longer used. */
void disk_broke(struct volume *v, const char *what, int error);

/* ---- keep.c ---- */

int keep_init(struct volume *v);

/* keep_wait_init() - Before anything else.  keep_cancel() - It is no longer waited for. */
void keep_wait_init(struct keep_wait *w, void (*done)(struct keep_wait *));
void keep_cancel(struct keep_wait *w);
void keep_free(struct volume *v);

/*
 * keep_super() - Write what state and gen are when it begins; @w (may be NULL) is told when that is
 * durable.  Returns its number: durable when keep.durable has reached it.
 */
uint64_t keep_super(struct volume *v, struct keep_wait *w);

/* keep_flags() - What the super block is to say of the state: enum md_flags. */
uint32_t keep_flags(const struct volume *v);

/* keep_pages() - Write every page of the bitmap that is dirty now; @w may be NULL. */
void keep_pages(struct volume *v, struct keep_wait *w);

/* keep_actlog() - Somebody wants an extent to be hot. */
void keep_actlog(struct volume *v);

/* ---- request.c ---- */

/* range_lock() - go() is called at once, or when whoever is in the way has ended. */
void range_lock(struct volume *v, struct range *r, uint64_t sector, uint32_t bytes, bool shared);
void range_unlock(struct volume *v, struct range *r);

/* request_tell() - @r is over; its client hears of it when v->tell_at is durable, if @wait. */
void request_tell(struct volume *v, struct request *r, int result, bool wait);

/* request_refuse() - @r is over before it began; its client hears of it at the end of this turn. */
void request_refuse(struct volume *v, struct request *r, int why);

/* requests_tell() - What has become durable. */
void requests_tell(struct volume *v);

/* requests_thaw() - Begin and tell what had to wait, if nothing has it wait any more. */
void requests_thaw(struct volume *v);

/* ---- fence.c ---- */

void fence_init(struct volume *v);
void fence_free(struct volume *v);

/* fence_look() - The state has changed. */
void fence_look(struct volume *v);

/* fence_freezes() - Whether clients have to wait in state @next. */
bool fence_freezes(const struct volume *v, const struct drbd_state *next);

/* fence_promotes() - A promotion needs the peer outdated; change_fenced() is told, perhaps from inside. */
void fence_promotes(struct volume *v);

/* ---- write.c, tlog.c, flush.c ---- */

void write_begin(struct volume *v, struct request *r);
void writes_al_retry(struct volume *v);
void write_acked(struct write *w, enum remote remote);
/* write_left() - The peer is gone, or has lost it: it is out of sync. */
void write_left(struct write *w);
void write_confirmed(struct write *w);

int tlog_init(struct volume *v);
void tlog_free(struct volume *v);
/* tlog_add() - @w joins the open epoch; tlog_sent() once its packet is queued. */
void tlog_add(struct volume *v, struct write *w);
void tlog_sent(struct volume *v);
/* tlog_id() - What the peer is to echo.  tlog_find() - NULL: no such write. */
uint64_t tlog_id(const struct write *w);
struct write *tlog_find(struct volume *v, uint64_t id, uint64_t sector, uint32_t bytes);
void tlog_close(struct volume *v);
/* tlog_full() - It can take no more until something is confirmed. */
bool tlog_full(const struct volume *v);
/* tlog_open_handle() - Of the epoch that is open. */
uint32_t tlog_open_handle(struct volume *v);
/* tlog_confirmed() - Whether every epoch before @handle is on the peer's disk, or the peer gone. */
bool tlog_confirmed(struct volume *v, uint32_t handle);
int tlog_ack(struct volume *v, const struct wire_barrier *b);
void tlog_drop(struct volume *v);

void flush_begin(struct volume *v, struct request *r);
void flushes_check(struct volume *v);

/* ---- seek.c ---- */

/* seek_start() - Make two sockets; link_found() is told.  seek_stop() - Do not. */
int seek_start(struct volume *v);
void seek_stop(struct volume *v);

/* ---- link.c ---- */

void link_init(struct volume *v);
void link_seek(struct volume *v);
void link_found(struct volume *v, int data, int meta, bool tie_break);
void link_phase(struct volume *v, enum link_phase phase);

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
void send_sizes(struct volume *v, uint16_t flags);
void send_ack(struct volume *v, uint16_t command, uint64_t sector, uint64_t id, uint32_t bytes);

/* Handlers of packets: 0, or -errno: the connection ends. */
typedef int handler(struct volume *v, const struct wire_packet *p, void *bulk);
handler greet_features, greet_challenge, greet_response, greet_protocol;
handler meet_sync_param, meet_sizes, meet_uuids, meet_state;
handler answer_volume, answer_connection, change_reply;
handler tlog_barrier_ack, write_ack, write_neg_ack;
handler pwrite_data, pwrite_zeroes, pwrite_barrier, pwrite_out_of_sync;
handler exchange_plain, exchange_code, exchange_sync_uuid;
handler source_request, source_ack, target_reply, target_refused;

/* greet_begin() - Ours is the first packet as well as the peer's. */
void greet_begin(struct volume *v);

void *pwrite_room(struct volume *v, const struct wire_packet *p);
void *target_room(struct volume *v, const struct wire_packet *p);

/* ---- change.c ---- */

void change_init(struct volume *v);

/* state_set() - The one way that v->state changes: logged, kept, told to the peer (@tell) and to listeners. */
void state_set(struct volume *v, struct drbd_state next, bool tell);

/* new_generation() - What is written from now on the peer does not have. */
void new_generation(struct volume *v);

/* change_lost() - The connection is gone. */
void change_lost(struct volume *v);

/* change_fenced() - The promotion that waits for it may go on, or has failed. */
void change_fenced(struct volume *v, bool outdated);

/* change_check() - What a change waits for may have come. */
void change_check(struct volume *v);

/* alone() - A Primary without the peer: begin a new generation where that is due. */
void alone(struct volume *v);

/* ---- pwrite.c, exchange.c, source.c, target.c ---- */

void pwrites_init(struct volume *v);
void pwrites_drop(struct volume *v);

void sync_init(struct volume *v);
/* sync_drop() - The connection is gone. */
void sync_drop(struct volume *v);
void exchange_begin(struct volume *v, bool full);
void exchange_more(struct volume *v);
void target_checkpoint(struct volume *v);
void source_begin(struct volume *v);
void source_check(struct volume *v);
void target_begin(struct volume *v);
/* target_ack() - A block of the resync, or a write while one runs, is on our disk. */
void target_ack(struct volume *v, uint64_t sector, uint64_t id, uint32_t bytes);

void target_drop(struct volume *v);
void source_drop(struct volume *v);

/* out_of_sync(), in_sync() - Bits, rounded to the safe side. */
void out_of_sync(struct volume *v, uint64_t sector, uint32_t bytes);
void in_sync(struct volume *v, uint64_t sector, uint32_t bytes);

#endif
