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

struct volume;

enum fencing { FENCING_DONT_CARE, FENCING_RESOURCE_ONLY, FENCING_RESOURCE_AND_STONITH };

struct volume_config {
	char name[64];     /* the resource's */
	char *disk, *meta; /* paths; meta NULL: internal */
	enum md_kind meta_kind;
	unsigned meta_index;
	union address local, peer;
	int protocol;                                  /* 1 A, 2 B, 3 C */
	char secret[65], cram_alg[WIRE_ALGORITHM_MAX]; /* empty: none */
	bool discard_my_data;                          /* of the next connect only */
	uint32_t al_extents;                           /* 0: as many as fit */
	unsigned connect_int_ms, ping_int_ms, ping_timeout_ms, timeout_ms, ko_count;
	enum fencing fencing;
};

/* volume_config_init() - The defaults. */
void volume_config_init(struct volume_config *c);

/*
 * volume_open() - Lock and open the disk, recover the metadata if a Primary was killed, and become
 * Secondary, not connected.  Waits for the disk.  @config is copied, its strings become the volume's.
 * 0 or -errno; the reason has been logged.
 */
int volume_open(struct volume **v, struct loop *l, const struct volume_config *config);

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

/* volume_invalidate() - Everything here is worthless; copy it from the peer. */
void volume_invalidate(struct volume *v, volume_answer *answer, void *arg);

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

struct volume_status {
	const char *name;
	struct drbd_state state;
	struct generation gen;
	uint64_t sectors, out_of_sync;          /* sectors, sectors */
	uint64_t sync_total, sync_left;         /* sectors of the resync that runs */
	uint64_t written, read, sent, received; /* bytes since the start */
	uint64_t al_transactions, md_writes;
	uint32_t in_flight, epochs;
	uint32_t flags; /* as in the super block */
	bool no_quorum;
	const char *why; /* the last connection's end; NULL */
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
enum request_verb { REQUEST_READ, REQUEST_WRITE, REQUEST_ZERO, REQUEST_FLUSH };

enum { REQUEST_MAX = 1 << 20, REQUEST_ZERO_MAX = 4 << 20 };

struct request {
	enum request_verb verb;
	uint64_t off; /* bytes, whole sectors */
	uint32_t len; /* up to REQUEST_MAX, ZERO up to REQUEST_ZERO_MAX */
	uint8_t *buf; /* from volume_buffer(); stays as it is until done() */
	bool fua;     /* on stable storage, on both sides, when done() is called */
	bool unmap;   /* ZERO: the storage may be given back */
	void (*done)(struct request *r, int result); /* 0 or -errno */
	/* private: */
	struct list link;
	struct task task;
	struct volume *volume;
	int result;
};

/*
 * volume_submit() - Begin @r, which is the caller's again in done().  A write is done when what the
 * protocol promises is so; a flush when everything that was done before it is on stable storage
 * here, and, while the peer is connected, there.  Who is not Primary gets -EROFS.
 */
void volume_submit(struct volume *v, struct request *r);

/* volume_buffer() - @len bytes for data, from the pool; NULL.  volume_buffer_put() - Back. */
void *volume_buffer(struct volume *v, size_t len);
void volume_buffer_put(struct volume *v, void *buf, size_t len);

/* volume_size() - Bytes.  volume_align() - Bytes that offsets and lengths are multiples of. */
uint64_t volume_size(const struct volume *v);
unsigned volume_align(const struct volume *v);

/* volume_hold() - An export has it open: it stays Primary until volume_release().  -EROFS: not Primary. */
int volume_hold(struct volume *v);
void volume_release(struct volume *v);

/*
 * volume_abandon() - All who held it are gone, and only their requests are left: where those have to wait
 * (fencing, quorum), they end with -EIO, until somebody holds it again.
 */
void volume_abandon(struct volume *v);

#endif
