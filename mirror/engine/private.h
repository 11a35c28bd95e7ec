/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine from the inside: the volume's parts and what they ask of one another.
 *
 *   attach.c   a volume's beginning and end      load.c     its disk and metadata, before they are its
 *   detach.c   a disk that is no longer used     reattach.c  and one that comes meanwhile
 *   behind.c   that it lacks what clients were told
 *   keep.c     metadata while it is in use: super block, bitmap pages, activity log
 *   request.c  what exports ask for               write.c     a client's write, here and at the peer
 *   tlog.c     writes that the peer may lose      flush.c     a client's flush
 *   seek.c     the peer's two sockets             link.c      a connection, from greeting to end
 *   packets.c  what may come when
 *   greet.c    features, challenge, protocol      meet.c      sizes, identifiers, states
 *   asked.c    changes of state, asked for here   answer.c    and by the peer
 *   change.c   how they are made
 *   state.c    state and generation
 *   fence.c    a Primary without its peer         history.c   what has happened
 *   reconfigure.c  other options
 *   far.c      reads from the peer                serve.c    the peer's reads
 *   redo.c     writes that only a lost peer had
 *   pwrite.c   the peer's writes                  pepoch.c   in its epochs
 *   exchange.c the bitmaps                       keep_flags.c  what the super block says of the state
 *   source.c   resync, giving                     target.c    resync, taking
 *   holder.c   who has it open                    map.c       where its storage is
 *   rsread.c   blocks that the peer asks for      csum.c      those that are perhaps equal
 *   resize.c   a larger size, agreed on          grow.c     and taken on
 *   verify.c   disks compared, asking             verify_serve.c  and answering
 *   pacer.c    resync and verify beside clients (pace.c, window.c decide)
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
	bool ranged, hot, queued, zero, told;
	bool resync; /* sent while a resync ran: the acknowledgement clears bits */
	bool strict; /* done when the peer's disk has it, whatever the protocol */
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

/* ---- rsread.c ---- */

struct rsreads {
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

/* volume_say() - A line of the log, kept. */
void volume_say(struct volume *v, int level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

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

/* ---- far.c, serve.c ---- */

struct far {
	struct list reads, again; /* asked for; to be asked for again */
	uint64_t serial;
	uint64_t
		progress; /* loop time at which one was answered last, or the first was asked for */
	struct timer retry;
};

struct serve {
	struct list waiting;
	uint32_t nwaiting, flying;
	uint64_t flying_bytes;
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
	struct serve serve;

	struct link link;
	struct volume_split split; /* of the last meeting */
	struct pwrites pwrites;
	struct sync sync;
	struct rsreads reads;
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

/* ---- attach.c ---- */

/* attach_take_over() - The disk becomes the volume's; v->attached_as.  0, or -errno: @x is dropped. */
int attach_take_over(struct volume *v, struct loaded *x);

/* attach_al_extents() - How many the activity log is to have. */
uint32_t attach_al_extents(const struct volume *v);

/* ---- grow.c, resize.c ---- */

void grow_init(struct volume *v);
void grow_free(struct volume *v);

/*
 * grow() - Have the volume @sectors, and metadata at @to; @clean: both sides' new parts count as equal.  Nothing is read
 * from the peer until resize_grown() has been told.
 */
void grow(struct volume *v, const struct md_layout *to, uint64_t sectors, bool clean);

/* resize_begin() - STATE_OK: change_resized() will be told; or why not. */
int resize_begin(struct volume *v, const struct volume_resize *w);

/* resize_sizes() - The peer, connected, asks for another size or has it. */
void resize_sizes(struct volume *v, const struct wire_sizes *s);

/* resize_follow() - The peer that is met is larger: become so, and meet it again.  False: there is no room. */
bool resize_follow(struct volume *v);

/* resize_grown() - It is over; @result: enum state_result. */
void resize_grown(struct volume *v, int result);

/* ---- detach.c ---- */

void detach_init(struct volume *v);
void detach_free(struct volume *v);

/* disk_is_here() - Whether requests may be given to the disk. */
bool disk_is_here(const struct volume *v);

/* disk_broke() - The disk has refused @what: it is no longer used. */
void disk_broke(struct volume *v, const char *what, int error);

/* detach_timeout() - The disk, or config.disk_timeout_ms, is another. */
void detach_timeout(struct volume *v);

/* detach() - It works, and is to be let go; change_detached() is told. */
void detach(struct volume *v);

/* detach_behind() - The disk that was let go lacks what somebody is about to be told. */
void detach_behind(struct volume *v);

/* detach_release() - Close a disk that has failed.  Whether there was one. */
bool detach_release(struct volume *v);

/* disk_returned() - For struct disk_file: nothing is in flight. */
void disk_returned(struct disk_file *d);

/* ---- behind.c ---- */

void behind_load(struct volume *v);
void behind_free(struct volume *v);

/* behind_record() - A disk with generation @uuid is behind.  behind_forget() - None is. */
void behind_record(struct volume *v, uint64_t uuid);
void behind_forget(struct volume *v);

/* behind_is_pending() - It is not on stable storage yet: nobody may be told of what follows from it. */
bool behind_is_pending(const struct volume *v);

/* behind_is() - Whether a disk with generation @uuid is. */
bool behind_is(const struct volume *v, uint64_t uuid);

/* ---- reattach.c ---- */

void reattach_init(struct volume *v);
void reattach_free(struct volume *v);

/* attach() - Load the disk; change_attached() is told. */
void attach(struct volume *v);

/*
 * attach_may_alone() - Whether what was attached can be used without asking the peer; else it is said why not.
 * attach_alone() - It is: @s is changed so.
 */
bool attach_may_alone(struct volume *v);
void attach_alone(struct volume *v, struct drbd_state *s);

/* ---- keep.c, keep_flags.c ---- */

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

/*
 * keep_flags() - What the super block is to say of the state: enum md_flags.
 * keep_compose() - v->super, as it is to be now.  Its flags.
 */
uint32_t keep_flags(const struct volume *v);
uint32_t keep_compose(struct volume *v);

/* keep_pages() - Write every page of the bitmap that is dirty now; @w may be NULL. */
void keep_pages(struct volume *v, struct keep_wait *w);

/* keep_actlog() - Somebody wants an extent to be hot. */
void keep_actlog(struct volume *v);

/* ---- request.c ---- */

void requests_init(struct volume *v);

/* data_is_reachable() - Whether a Primary in state @s can read everything, here or at the peer. */
bool data_is_reachable(const struct drbd_state *s);

/* request_again() - @r was begun, and nobody has it: it is begun anew when there is data again. */
void request_again(struct volume *v, struct request *r);

/* range_lock() - go() is called at once, or when whoever is in the way has ended. */
void range_lock(struct volume *v, struct range *r, uint64_t sector, uint32_t bytes, bool shared);
void range_unlock(struct volume *v, struct range *r);

/* requests_abandon() - Nobody waits for those that have to wait. */
void requests_abandon(struct volume *v);

/* request_tell() - @r is over; its client hears of it when v->tell_at is durable, if @wait. */
void request_tell(struct volume *v, struct request *r, int result, bool wait);

/* read_over() - The data of @r is there. */
void read_over(struct volume *v, struct request *r);

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

/* ---- map.c ---- */

void map_begin(struct volume *v, struct request *r);

/* ---- redo.c ---- */

/* redo_add() - @w, whose client was told, was at the peer alone: it is sent again when the peer is back. */
void redo_add(struct write *w);
/* redo_forget() - Nobody misses them. */
void redo_forget(struct volume *v);

/* ---- far.c ---- */

void far_init(struct volume *v);
/* far_read() - @r is read from the peer. */
void far_read(struct volume *v, struct request *r);
/* far_drop() - The connection is gone. */
void far_drop(struct volume *v);
void *far_room(struct volume *v, const struct wire_packet *p);
void far_forget(struct volume *v, const struct wire_packet *p);

/* ---- serve.c ---- */

void serve_init(struct volume *v);
void serve_drop(struct volume *v);
/* serve_pump() - Something that one of them waits for may be over. */
void serve_pump(struct volume *v);

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
/* tlog_cool() - The activity log is gone.  tlog_note() - The peer may not have what it has not confirmed. */
void tlog_cool(struct volume *v);
void tlog_note(struct volume *v);
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
/* flushes_again() - The peer, which had to say that it is done, is gone. */
void flushes_again(struct volume *v);

/* ---- reconfigure.c ---- */

/* reconfigure_connection() - A connection begins: what waited for it is taken. */
void reconfigure_connection(struct volume *v);

/* ---- seek.c ---- */

/* ---- secure.c ---- */

/* secure_first() - Whether what comes first at @fd, accepted, is as is configured.  0, -EAGAIN, or -errno: shut it. */
int secure_first(struct volume *v, int fd);
/* secure_begin() - TLS on @c, if it is configured; @came: it was accepted.  0 or -errno. */
int secure_begin(struct volume *v, struct channel *c, bool came);
/* secure_go_on() - 0: packets may go; -EAGAIN: when poll(2) sees tls_events(); else the log says why not. */
int secure_go_on(struct volume *v, struct channel *c, bool came);

/* seek_start() - Make two sockets; link_found() is told.  seek_stop() - Do not. */
int seek_start(struct volume *v);
void seek_stop(struct volume *v);

/* ---- link.c ---- */

void link_init(struct volume *v);
void link_seek(struct volume *v);
void link_found(struct volume *v, struct channel data, struct channel meta, bool tie_break);
void link_phase(struct volume *v, enum link_phase phase);

/* link_end() - With a reason, -errno and text for the log; @stay: do not look for the peer again. */
void link_end(struct volume *v, bool stay, int why, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* link_io_done() - A disk request on its behalf is over. */
void link_io_done(struct volume *v);
bool link_is_up(const struct volume *v);

/* link_mute() - The peer is told nothing that depends on what behind.c is still to record. */
void link_mute(struct volume *v);

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

/* Handlers of packets: 0, or -errno: the connection ends. */
typedef int handler(struct volume *v, const struct wire_packet *p, void *bulk);
struct packet_row {
	uint16_t command;
	uint32_t phases; /* PHASE() */
	handler *handle;
};

/* packet_row() - Who takes @command on @socket; NULL: nobody. */
const struct packet_row *packet_row(enum wire_socket socket, uint16_t command);

handler greet_features, greet_challenge, greet_response, greet_protocol;
handler meet_sync_param, meet_sizes, meet_uuids, meet_state;
handler answer_volume, answer_connection, change_reply;
handler tlog_barrier_ack, write_ack, write_neg_ack;
handler pwrite_data, pwrite_zeroes, pwrite_barrier, pwrite_out_of_sync;
handler exchange_plain, exchange_code, exchange_sync_uuid;
handler source_request, source_csum, source_ack;
handler target_reply, target_refused, csum_in_sync;
handler verify_request, verify_reply, verify_result;
handler far_reply, far_refused, serve_request;

/* meet_peer_disk() - What follows from the peer's disk being @is, where it was @was. */
void meet_peer_disk(struct volume *v, enum disk was, enum disk is);

/* greet_begin() - Ours is the first packet as well as the peer's. */
void greet_begin(struct volume *v);

void *pwrite_room(struct volume *v, const struct wire_packet *p);
void *target_room(struct volume *v, const struct wire_packet *p);

/* ---- pause.c ---- */

/* sync_is_paused() - Whether no more of a resync is asked for, by either side's wish. */
bool sync_is_paused(const struct volume *v);
/* state_shown() - The state as others are to see it: a resync that is paused is. */
struct drbd_state state_shown(const struct volume *v);
/* pause_heard() - What the peer's state says of it. */
void pause_heard(struct volume *v, const struct drbd_state *peer);

/* ---- change.c ---- */

void change_init(struct volume *v);

/* change_begin() - Unless one is under way. */
void change_begin(struct volume *v, enum change_what what, bool force, volume_answer *answer,
		  void *arg);

/* state_set() - The one way that v->state changes: logged, kept, told to the peer (@tell) and to listeners. */
void state_set(struct volume *v, struct drbd_state next, bool tell);

/* listeners_tell() - Something that they want to know has changed. */
void listeners_tell(struct volume *v);

/* new_generation() - What is written from now on the peer does not have. */
void new_generation(struct volume *v);

/* change_lost() - The connection is gone. */
void change_lost(struct volume *v);

/* change_fenced() - The promotion that waits for it may go on, or has failed. */
void change_fenced(struct volume *v, bool outdated);

/* change_detached(), change_attached(), change_resized() - It has come to an end; @result: enum state_result. */
void change_detached(struct volume *v);
void change_attached(struct volume *v, int result);
void change_resized(struct volume *v, int result);

/* change_check() - What a change waits for may have come. */
void change_check(struct volume *v);

/* alone() - What is written from now on the peer does not have: begin a new generation where that is due. */
void alone(struct volume *v);

/* ---- pwrite.c, pepoch.c, exchange.c, source.c, target.c ---- */

void pwrites_init(struct volume *v);
void pwrites_drop(struct volume *v);
/* pwrites_orphan() - Neither the connection that they came over nor the disk is there any more. */
void pwrites_orphan(struct volume *v);

/* pepoch_remember() - @bytes at @sector have been written in @e.  Others: one is always open, the last. */
void pepoch_remember(struct volume *v, struct pepoch *e, uint64_t sector, uint32_t bytes);
struct pepoch *pepoch_oldest(struct volume *v);
struct pepoch *pepoch_open(struct volume *v);
int pepoch_add(struct volume *v);
void pepoch_free(struct pepoch *e);

/* pwrites_lost() - The disk is gone: tell the peer what it may not have kept. */
void pwrites_lost(struct volume *v);
void pwrites_al_retry(struct volume *v);
/* pwrites_hold() - Nothing more is read from the peer until it is durable that its writes are here alone. */
void pwrites_hold(struct volume *v);
/* pwrites_serial() - Of the epoch that is open.  pwrites_reached() - Whether all before @serial are over. */
uint32_t pwrites_serial(const struct volume *v);
bool pwrites_reached(const struct volume *v, uint32_t serial);

void sync_init(struct volume *v);
/* sync_digests() - Those that are configured. */
void sync_digests(struct volume *v);
/* sync_say_over() - @what is the end of the resync. */
void sync_say_over(struct volume *v, const char *what);
/* sync_drop() - The connection is gone. */
void sync_drop(struct volume *v);
/* sync_waits() - Whether the next step of a resync is the peer's. */
bool sync_waits(const struct volume *v);
void exchange_begin(struct volume *v, bool full);
void exchange_more(struct volume *v);
void target_checkpoint(struct volume *v);
void source_begin(struct volume *v);
void source_check(struct volume *v);
void target_begin(struct volume *v);
/* target_go_on() - More may be asked for.  target_check() - Perhaps nothing is lacking any more. */
void target_go_on(struct volume *v);
void target_check(struct volume *v);
/* target_ack() - A block of the resync, or a write while one runs, is on our disk. */
void target_ack(struct volume *v, uint64_t sector, uint64_t id, uint32_t bytes);

/* target_check() - Perhaps nothing is lacking any more. */
void target_check(struct volume *v);

void target_drop(struct volume *v);
void source_drop(struct volume *v);

/* out_of_sync(), in_sync() - Bits, rounded to the safe side. */
void out_of_sync(struct volume *v, uint64_t sector, uint32_t bytes);
void in_sync(struct volume *v, uint64_t sector, uint32_t bytes);

#endif
