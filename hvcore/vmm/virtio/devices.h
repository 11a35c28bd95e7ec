/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The virtio devices, as the machine creates and the control connection asks
 * them.  Create functions open everything the device will ever need (images,
 * taps, sockets), so they run before rights are dropped; each lives as long as
 * the process, and so do the @disk, @nic and config they are made from.  All functions are called with the board lock held.
 */
#ifndef VMM_VIRTIO_DEVICES_H
#define VMM_VIRTIO_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "hv/config.h"

/*
 * virtio_blk_create() - Guard, image and lock, then the device, named after
 * disk->target.  @fencing: the cluster's fencing may be relied on (guard
 * `fencing`).  @domain names the sanlock owner (guard `lease`).  @closed: a standby's
 * disk, whose gate is closed: it has neither guard nor image.  0, or -errno with @err.
 */
int virtio_blk_create(const struct hv_disk *disk, const char *domain, bool fencing, bool closed,
		      struct hv_error *err);
/*
 * virtio_blk_open_gate() - Open the gate of @target with the image @fd (block_attach()), or with the
 * connection @fd to a server, of which @s tells (block_attach_nbd(), block_attach_vhost()): when
 * its first sector has been read, the guest is told its capacity, X_TAIKI_GATE says so, and
 * control_answer(@ticket) too.  0: the answer comes, and @fd is the disk's; -errno with @err (-ENOENT, -EALREADY
 * it is open, -EBUSY, -EINVAL, -EAGAIN locked): @fd is still the caller's.
 */
struct served;
int virtio_blk_open_gate(const char *target, int fd, const struct served *s, uint64_t ticket,
			 struct hv_error *err);
/* virtio_blk_query(), virtio_blk_stats() - What query-block and query-blockstats return. */
json_t *virtio_blk_query(void);
json_t *virtio_blk_stats(void);
/*
 * virtio_blk_resize() - block_resize: truncate or extend the image of @target
 * (a block device: take over its size, which must be @bytes) and tell the guest.
 * -ENOENT, -EROFS, -EINVAL, or the host's -errno, with @err.
 */
int virtio_blk_resize(const char *target, uint64_t bytes, struct hv_error *err);

/*
 * virtio_blk_throttle() - block_set_io_throttle: the disk's rate limits from now
 * on.  -ENOENT, -EINVAL, with @err.
 */
int virtio_blk_throttle(const char *target, const struct hv_limits *l, struct hv_error *err);

/*
 * virtio_blk_retry() - The domain is paused: try again what failed on disks that keep it
 * (pause_on_error).  One request of each, at most every BLK_RETRY_NS; when that is done, the rest.
 */
enum { BLK_RETRY_NS = 1000 * 1000 * 1000 };
enum blk_retry {
	BLK_RETRY_NOTHING,   /* nothing is owed any more */
	BLK_RETRY_UNDER_WAY, /* look again soon */
	BLK_RETRY_FAILED,    /* the last attempt failed; look again after BLK_RETRY_NS */
};
enum blk_retry virtio_blk_retry(void);
/* virtio_blk_owing_ms() - For how long the disk that is worst has answered nothing, and its name; 0: none owes. */
uint64_t virtio_blk_owing_ms(const char **name);

/*
 * virtio_net_create() - Tap on its bridge, and the device, named "net@index".  @closed: a standby's
 * interface, whose link is down until virtio_net_link() opens it.
 */
int virtio_net_create(const struct hv_nic *nic, unsigned index, bool closed, struct hv_error *err);
/*
 * virtio_net_link() - The guest's cable: set_link.  While it is out nothing passes, in
 * either direction; when it comes in, the guest's address is announced.  -ENOENT.
 */
int virtio_net_link(const char *name, bool up, struct hv_error *err);
/* virtio_net_throttle() - x-taiki-net-throttle.  -ENOENT, -EINVAL. */
int virtio_net_throttle(const char *name, const struct hv_limits *l, struct hv_error *err);
/* virtio_net_query() - An array: name, tap, bridge, mac, link, packets, bytes, drops. */
json_t *virtio_net_query(void);

/*
 * virtio_console_create() - One multiport device: port 0 the console (its
 * socket @console, NULL: goes nowhere), one port a channel, at its socket or
 * @channel_dir/NAME.sock.
 */
int virtio_console_create(const struct hv_config *c, const char *console, const char *channel_dir,
			  struct hv_error *err);
/* virtio_console_moved() - The run directory @from is called @to now. */
void virtio_console_moved(const char *from, const char *to);
/* virtio_console_query() - An array: name, socket, open (by the guest), connected (by a client). */
json_t *virtio_console_query(void);

/*
 * virtio_role_say() - A line for the guest on HV_CHANNEL_ROLE: when it has the port open, and (@keep) again
 * whenever it opens it, until another is kept.  -ENODEV, -EINVAL (not 1..1023 bytes of
 * printable ASCII), -ENOBUFS, with @err.
 */
int virtio_role_say(const char *text, bool keep, struct hv_error *err);
/* virtio_role_served() - Whether the domain has that port. */
bool virtio_role_served(void);
/*
 * virtio_role_query() - An object: open (by the guest), last (what it said) and kept, or null;
 * queued, and heard and dropped lines.  NULL: there is no such port, or no memory.
 */
json_t *virtio_role_query(void);

int virtio_rng_create(struct hv_error *err);

/* virtio_balloon_create() - Starts with a target of c->current_memory. */
int virtio_balloon_create(const struct hv_config *c, struct hv_error *err);
/* virtio_balloon_set() - QMP balloon: memory the guest is to be left with.  -EINVAL, -ENODEV. */
int virtio_balloon_set(uint64_t bytes, struct hv_error *err);
/* virtio_balloon_actual() - QMP query-balloon: what it has now.  False: there is no balloon. */
bool virtio_balloon_actual(uint64_t *bytes);
/*
 * virtio_balloon_query() - x-taiki-query-memory: an object of "maximum", "asked"
 * and "reached" (bytes), "rate" (bytes a second, below 0 while the guest gives
 * memory back) and "state": "fixed" (no balloon), "reached", "moving",
 * "stalled" (nothing has come of it for a while), "no-driver".
 */
json_t *virtio_balloon_query(void);
/*
 * virtio_balloon_stats() - An object: "last-update" (seconds of CLOCK_REALTIME,
 * 0: never) and "stats" with the guest's figures (stat-free-memory, ...).
 */
json_t *virtio_balloon_stats(void);
/* virtio_balloon_stats_period() - Seconds between two requests, 0: off. */
int virtio_balloon_stats_period(unsigned seconds, struct hv_error *err);

#endif
