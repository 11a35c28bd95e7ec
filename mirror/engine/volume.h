/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mirrored volume: what exports and the control socket see of the engine.
 *
 * Everything runs on the loop's thread.  What has to wait for a disk or the peer ends with a callback.
 */
#ifndef MIRROR_ENGINE_VOLUME_H
#define MIRROR_ENGINE_VOLUME_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "mirror/drbd/meta.h"
#include "mirror/drbd/state_word.h"
#include "mirror/drbd/wire.h"
#include "mirror/engine/address.h"
#include "mirror/engine/generation.h"
#include "mirror/engine/list.h"
#include "mirror/engine/loop.h"
#include "mirror/engine/tls.h"

struct volume;

enum fencing { FENCING_DONT_CARE, FENCING_RESOURCE_ONLY, FENCING_RESOURCE_AND_STONITH };

/* What a resync or a verify is limited by, in drbd.conf's units; 0: by nothing that is set. */
struct volume_rates {
	uint32_t delay_target; /* 0.1 s that what is on its way may wait in queues */
	uint32_t fill_target;  /* sectors on their way */
	uint32_t max;          /* KiB/s */
	uint32_t
		min; /* KiB/s that it moves whatever the clients lose; 0: it does not yield to them */
};

struct volume_config {
	char name[64];     /* the resource's */
	char *disk, *meta; /* paths; meta NULL: internal */
	char *behind; /* path of the file that says that the disk is; NULL: it cannot be said */
	char *known_size; /* and of the one that says how large it was, for internal metadata; NULL: none */
	enum md_kind meta_kind;
	unsigned meta_index;
	union address local, peer;
	int protocol;                                  /* 1 A, 2 B, 3 C */
	char secret[65], cram_alg[WIRE_ALGORITHM_MAX]; /* empty: none */
	struct tls_key tls;                            /* length 0: none */
	bool discard_my_data;                          /* of the next connect only */
	uint32_t al_extents;                           /* 0: as many as fit */
	unsigned connect_int_ms, ping_int_ms, ping_timeout_ms, timeout_ms, ko_count;
	unsigned disk_timeout_ms; /* a disk that has not answered so long is given up; 0: never */
	bool no_data_fails; /* without a disk and without a peer that has one requests end with -EIO; else they wait */
	enum fencing fencing;
	char verify_alg[WIRE_ALGORITHM_MAX], csums_alg[WIRE_ALGORITHM_MAX]; /* empty: none */
	struct volume_rates rates;
	/*
	 * Bytes; as a resync's target, have zeroes given back where so many next to each other need not be sent.  Rounded
	 * up to a power of two, from 4 KiB to 1 MiB; 0: everything is sent, and written.
	 */
	unsigned discard_granularity;
};

/* volume_config_init() - The defaults. */
void volume_config_init(struct volume_config *c);

/*
 * volume_open() - Lock and open the disk, recover the metadata if a Primary was killed, and become
 * Secondary, not connected.  Waits for the disk.  @config is copied, its strings become the volume's.
 * 0 or -errno; the reason has been logged.
 */
int volume_open(struct volume **v, struct loop *l, const struct volume_config *config);

/* What of other options does not hold at once. */
enum volume_later {
	LATER_PROTOCOL = 1, /* from the next connection on */
	LATER_SECRET = 2,
	LATER_AL_EXTENTS = 4, /* from the next start on */
	LATER_FENCING = 8,
	LATER_DIGESTS = 16, /* csums-alg, verify-alg: from the next connection on */
	LATER_TLS = 32,
};

/*
 * volume_reconfigure() - Have the options of @config from now on, but for what the volume is: name, disk, metadata,
 * addresses.  A set of enum volume_later.
 */
unsigned volume_reconfigure(struct volume *v, const struct volume_config *config);

/*
 * volume_down() - Disconnect, write everything, and close; then call @done.  The volume is gone
 * then.  -EBUSY: it is Primary and in use.
 */
int volume_down(struct volume *v, void (*done)(void *arg), void *arg);

/* volume_connect() - Look for the peer, and again whenever it is lost.  @discard: give up our own data in a split brain. */
int volume_connect(struct volume *v, bool discard);

/* What an answer to a change of state is: enum state_result.  It comes once, perhaps from inside the call. */
typedef void volume_answer(void *arg, int result);

/* volume_disconnect() - Tell the peer, and stay StandAlone. */
void volume_disconnect(struct volume *v, volume_answer *answer, void *arg);

/* volume_primary() - @force: also with a disk that is not UpToDate, whose data is the truth then. */
void volume_primary(struct volume *v, bool force, volume_answer *answer, void *arg);
void volume_secondary(struct volume *v, volume_answer *answer, void *arg);

/*
 * volume_pause() - Resyncs wait, the one that runs and those to come, until they are resumed here (and at the peer, if it has
 * them paused).  -EALREADY: so it is.
 */
int volume_pause(struct volume *v, bool pause);

/* volume_invalidate() - Everything here is worthless; copy it from the peer. */
void volume_invalidate(struct volume *v, volume_answer *answer, void *arg);

/*
 * volume_outdate() - The peer, which is not here, has gone on without this disk: it is not promoted before it has met
 * the peer again (or by force).
 */
void volume_outdate(struct volume *v, volume_answer *answer, void *arg);

/* volume_invalidate_remote() - Everything at the peer is: copy it there.  It is not Primary, and this disk UpToDate. */
void volume_invalidate_remote(struct volume *v, volume_answer *answer, void *arg);

/*
 * volume_verify() - Compare both disks from sector @from (at a block of 4 KiB) up to, not with, @to, UINT64_MAX: the end,
 * while they are in use.  What differs is marked out of sync, and said in the log; it is not copied before the sides
 * meet anew.  The answer is that it has begun; volume_status() says how far it is.  With no verify_alg, not connected,
 * or while a resync runs it is refused.
 * volume_verify_stop() - Compare no more.  -ENOENT: none runs that was begun here.
 */
void volume_verify(struct volume *v, uint64_t from, uint64_t to, volume_answer *answer, void *arg);
int volume_verify_stop(struct volume *v);

/* What a resize is to be. */
struct volume_resize {
	uint64_t sectors;  /* no more than these; 0: as many as both disks have room for */
	bool assume_clean; /* what is new need not be made equal */
	bool alone;        /* without the peer: it follows when it is met */
};

/*
 * volume_resize() - Have the volume grow, while it is in use, to what both disks have room for now.  It is answered
 * when it has that size; what is new is copied from the Primary meanwhile.
 */
void volume_resize(struct volume *v, const struct volume_resize *r, volume_answer *answer,
		   void *arg);

/*
 * volume_detach() - Let the disk go: its descriptor is closed when this is answered, and clients of a Primary go on
 * with the peer's, which has to be UpToDate then.  A disk that fails is let go in the same way, but stays open until
 * it is attached again, or this is asked for.
 * volume_attach() - Open the disk again, or another one with new metadata in its place; what it lacks is copied from the
 * peer.  STATE_ATTACH_FAILED: the log says why.
 */
void volume_detach(struct volume *v, volume_answer *answer, void *arg);
void volume_attach(struct volume *v, volume_answer *answer, void *arg);

/*
 * Who has the peer outdated or fenced, with `fencing`.  fence() - Have it done, and call volume_fenced()
 * later, never from inside; until then it is not called again.  lift() - What fence() has brought about is
 * no longer needed.  Both return at once.
 */
struct volume_fencer {
	void (*fence)(struct volume_fencer *f, const char *resource, const char *disk);
	void (*lift)(struct volume_fencer *f, const char *resource);
};
void volume_fencer(struct volume *v, struct volume_fencer *f);

/* volume_fenced() - The exit status of a fence-peer handler; see fence.h. */
void volume_fenced(struct volume *v, int status);

/*
 * volume_quorum() - Whether this host is in a part of the cluster that may act.  Without it the clients of
 * a Primary wait, and nobody is promoted.
 */
void volume_quorum(struct volume *v, bool have);

/* Both sides have written since they met last, and have met again: what each would lose. */
struct volume_split {
	bool is;
	bool exact; /* else the amounts are what is known, and everything is copied */
	struct generation mine, peer;
	uint64_t mine_written, peer_written; /* sectors since */
};

struct volume_status {
	const char *name;
	struct drbd_state state;
	struct generation gen;
	uint64_t sectors, out_of_sync;  /* sectors, sectors */
	uint64_t sync_total, sync_left; /* sectors of the resync or verify that runs */
	uint64_t sync_same;             /* of them found equal by their digests */
	uint64_t sync_ms;               /* since it began */
	uint64_t
		verify_found; /* sectors that the last verify, or the one that runs, has found to differ */
	uint64_t written, read, sent, received; /* bytes since the start */
	uint64_t al_transactions, md_writes;
	uint32_t in_flight, epochs;
	uint32_t flags; /* as in the super block */
	bool no_quorum;
	bool tls;        /* connections are encrypted */
	const char *why; /* the last connection's end; NULL */
	struct volume_split split;
};

void volume_status(const struct volume *v, struct volume_status *s);

/* What has happened, newest last; lost when the daemon ends. */
enum { HISTORY_MAX = 256 };

struct history_line {
	struct timespec at; /* CLOCK_REALTIME */
	int level;          /* syslog's */
	char text[200];
};

void volume_history(const struct volume *v, void (*each)(void *arg, const struct history_line *l),
		    void *arg);

/* Where an export learns that something has changed: role, size, suspension. */
struct volume_listener {
	struct list link;
	void (*changed)(struct volume_listener *l);
};
void volume_listen(struct volume *v, struct volume_listener *l);

/* Requests. */
enum request_verb { REQUEST_READ, REQUEST_WRITE, REQUEST_ZERO, REQUEST_FLUSH, REQUEST_MAP };

enum { REQUEST_MAX = 1 << 20, REQUEST_ZERO_MAX = 4 << 20 };

/* What a MAP finds: runs with and without storage, from the request's offset on; perhaps not all of it. */
enum { VOLUME_MAP_EXTENTS = 256 };

struct volume_map {
	uint32_t count;
	struct volume_extent {
		uint64_t end; /* bytes: where the next one begins */
		bool hole;    /* there is no storage, and it reads as zeroes */
	} extent[VOLUME_MAP_EXTENTS];
};

struct request {
	enum request_verb verb;
	uint64_t off; /* bytes, whole sectors */
	uint32_t len; /* up to REQUEST_MAX, ZERO up to REQUEST_ZERO_MAX */
	/*
	 * Stays as it is until done().  READ, WRITE: from volume_buffer(), or any memory that is aligned
	 * like that and cannot go away.  MAP: a struct volume_map.
	 */
	uint8_t *buf;
	bool fua;   /* on stable storage, on both sides, when done() is called */
	bool unmap; /* ZERO: the storage may be given back */
	void (*done)(struct request *r, int result); /* 0 or -errno */
	/* private: */
	struct list link;
	struct task task;
	struct volume *volume;
	int result;
	bool redo;
};

/*
 * volume_submit() - Begin @r, which is the caller's again in done().  A write is done when what the
 * protocol promises is so; a flush when everything that was done before it is on stable storage
 * here, and, while the peer is connected, there.  Who is not Primary gets -EROFS.  A side without a disk has
 * the peer do it; without that, too, requests wait (or not: no_data_fails).
 */
void volume_submit(struct volume *v, struct request *r);

/* volume_buffer() - @len bytes for data, from the pool; NULL.  volume_buffer_put() - Back. */
void *volume_buffer(struct volume *v, size_t len);
void volume_buffer_put(struct volume *v, void *buf, size_t len);

/* volume_size() - Bytes.  volume_align() - Bytes that offsets and lengths are multiples of. */
uint64_t volume_size(const struct volume *v);
unsigned volume_align(const struct volume *v);

/* volume_out_of_sync() - Whether the peer may not have what is at @off, and up to where that is so. */
uint64_t volume_out_of_sync(const struct volume *v, uint64_t off, bool *dirty);

/* volume_zeroes_fast() - Whether the disk can zero without having zeroes written to it, as far as is known. */
bool volume_zeroes_fast(const struct volume *v);

/* Who has it open: an export's client, and its socket. */
struct holder {
	struct list link;
	int fd;
	bool gone;
};
void holder_init(struct holder *h, int fd);

/* volume_hold() - It stays Primary until volume_release(); again: nothing.  -EROFS: not Primary. */
int volume_hold(struct volume *v, struct holder *h);
/* volume_release() - And its requests are over.  Who does not hold it may say so, too. */
void volume_release(struct volume *v, struct holder *h);

/*
 * volume_abandon() - @h is gone, its socket closed, and only its requests are left.  Where all are gone and
 * their requests have to wait (fencing, quorum), those end with -EIO, until somebody holds it again.
 */
void volume_abandon(struct volume *v, struct holder *h);

/* volume_is_left() - Whether somebody who holds it has hung up, and nobody has noticed yet. */
bool volume_is_left(const struct volume *v);

#endif
