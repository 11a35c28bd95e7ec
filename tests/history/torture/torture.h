/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mirror-torture: two taiki-mirrord with one volume, a client that writes, reads and flushes at random, and
 * whatever can go wrong, at random, too.  Each round ends with the judgement of register.h.
 *
 *     client ─ NBD ─► mirrord a ═══ link ═══ mirrord b        host.c   daemons, disks, power
 *     load.c             │                      │             link.c   delays, cuts, loses
 *     nbd.c           storaged               storaged         fault.c  what goes wrong, and how it is mended
 *                     (cache)                (cache)          main.c   rounds
 *
 * It stands for the cluster, too: nobody is promoted whose peer may still be Primary, or has gone on
 * without it.
 */
#ifndef MIRROR_TORTURE_H
#define MIRROR_TORTURE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/history/register.h"
#include "tests/history/torture/nbd.h"

enum { SECTOR = 512, ZONES = 8, ZONE_SECTORS = 64, SECTORS = ZONES * ZONE_SECTORS };

struct settings {
	const char *build, *dir;
	uint64_t seed;
	unsigned rounds;
	char protocol;      /* 'A', 'B', 'C' */
	unsigned delay_ms;  /* of the link, one way */
	unsigned evict;     /* of a thousand writes, how many destage another page early */
	unsigned megabytes; /* of the volume */
	bool external;      /* metadata */
	bool thin;          /* resyncs leave out zeroes, block by block */
	const char *only;   /* fault's name; NULL: all */
	const char *lie;    /* host whose data disk only says that it has flushed; NULL: none */
	bool until_violation, verbose;
};

extern struct settings settings;

/* chance() - A number below @n, of the run's seed. */
uint64_t chance(uint64_t n);

/* now_ns() - CLOCK_MONOTONIC.  pause_ms() - Wait. */
uint64_t now_ns(void);
void pause_ms(unsigned ms);

/* say() - A line of TAP's comments.  give_up() - The test itself cannot go on: a line, and exit 2. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void give_up(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/* ---- link.c ---- */

/* link_open() - Forward between the two hosts' addresses, NET.2 and NET.3 stand for NET.1 and NET.4. */
void link_open(const char *net, unsigned port, unsigned delay_ms);
void link_close(void);

/* link_cut() - Nothing passes; nobody is told.  link_heal() - What waited goes on. */
void link_cut(void);
void link_heal(void);

/* link_lose() - What was on its way is lost.  Whoever lives hears of it when the link is healed. */
void link_lose(void);

/* ---- host.c ---- */

struct host {
	const char *name;
	struct host *peer;
	char root[96]; /* its directory */
	char address[40], peer_address[40];
	pid_t disk, mirror; /* 0: it does not run */
	unsigned power_cuts;
};

extern struct host hosts[2];

/* hosts_make() - Directories, images, metadata; and a first copy of everything.  hosts_end() - Nothing is left. */
void hosts_make(void);
void hosts_end(void);

void host_up(struct host *h);                       /* disk and daemon; waits until it answers */
void host_kill(struct host *h);                     /* the daemon; its disk keeps its cache */
void host_power_cut(struct host *h);                /* both, and the cache is lost */
void host_freeze(struct host *h, bool freeze);      /* the daemon */
void host_disk_freeze(struct host *h, bool freeze); /* its disk: requests hang */

/* host_disk_fault() - "eio data", "enospc meta", ...: storaged's words, what is befallen last.  NULL: none. */
void host_disk_fault(struct host *h, const char *what, const char *file);

/* host_ask() - Have it execute @command; 0, -EREMOTEIO it refuses, or another -errno. */
int host_ask(struct host *h, const char *command, unsigned ms);

/* host_attach() - Its disk is used again, if it is not: it works. */
void host_attach(struct host *h);

/* host_state() - A string or number of its status into @value; false: it does not answer. */
bool host_state(struct host *h, const char *key, char value[64]);
bool host_is(struct host *h, const char *key, const char *value);

/* host_data() - Bytes of its disk as it sees it. */
void host_read(struct host *h, void *buf, size_t len, uint64_t off);

/* What a cluster would know: @h may not be promoted; @h was seen to be dead. */
bool host_is_barred(struct host *h);
void host_dead(struct host *h, bool dead);

/* ---- load.c ---- */

struct load;

/* load_start() - A client of @h's export begins; NULL: it is not let in. */
struct load *load_start(struct host *h);

/*
 * load_stop() - It asks for no more, and hears what is still to be said.  False: after @ms something
 * was not answered, though nobody had closed the connection.
 */
bool load_stop(struct load *l, unsigned ms);

/* load_ops() - What it has done; kept until load_free().  load_errors() - How often it was told of one. */
struct register_op *load_ops(const struct load *l, size_t *n);
unsigned load_errors(const struct load *l);
void load_free(struct load *l);

/* zone_offset() - Of tracked sector @s, in sectors of the volume. */
uint64_t zone_offset(uint32_t s);

/* load_scan() - Read every tracked sector at @h. 0 or -errno. */
int load_scan(struct host *h, uint32_t values[SECTORS]);

/* ---- fault.c ---- */

/* One time that something goes wrong. */
struct round {
	struct host *primary; /* who serves; afterwards, who serves then */
	struct load *load;    /* its client; ended with whatever it is connected to */
	struct load *late;    /* a client of who has been replaced; NULL: there is none */
	uint64_t replaced;    /* since when; what `late` reads afterwards is nobody's promise */
	bool caches_lost;     /* what was told, but not flushed, may be lost */
	bool elsewhere;       /* the other host was promoted */
};

struct fault {
	const char *name;
	void (*happen)(struct round *r);
	unsigned weight;
};

extern const struct fault faults[];
extern const unsigned nfaults;

/* fault_mend() - Everything runs again, and nothing is held back any more. */
void fault_mend(void);

#endif
