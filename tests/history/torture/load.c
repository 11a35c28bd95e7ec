// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client that asks at random, DEPTH requests at a time, and notes when it asked and when it was told.
 *
 * What a sector holds says which write it is of, and where that was to go.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mirror/export/nbd_proto.h"
#include "tests/history/torture/torture.h"

enum { DEPTH = 24, WAIT_MS = 20, OPS_MAX = 1 << 17, COUNT_MAX = 16, COLD = 3 };

/* A request that is under way. */
struct flight {
	struct register_op *op; /* NULL: free */
	uint8_t data[ZONE_SECTORS * SECTOR];
};

struct load {
	struct host *host;
	pthread_t thread;
	int fd;
	bool stop, closed; /* closed: by the other side */
	uint64_t random;
	struct register_op *op;
	size_t nops;
	unsigned flying, errors;
	struct flight flight[DEPTH];
};

static uint32_t values; /* the last one; a number is never used again */

/* mix() - A word of sector @s as write @value leaves it. */
static uint64_t mix(uint32_t value, uint32_t s, unsigned word)
{
	uint64_t x = (uint64_t)value << 32 | s << 8 | word;

	x *= UINT64_C(0x9e3779b97f4a7c15);
	return x ^ x >> 29;
}

static void fill(uint8_t *data, uint32_t value, uint32_t s)
{
	uint64_t word[SECTOR / 8] = {value, s};

	for (unsigned i = 2; i < SECTOR / 8; i++)
		word[i] = mix(value, s, i);
	memcpy(data, word, SECTOR);
}

static uint32_t value_of(const uint8_t *data, uint32_t s)
{
	uint8_t expected[SECTOR] = {};
	uint64_t value;

	if (!memcmp(data, expected, SECTOR))
		return 0;
	memcpy(&value, data, sizeof(value));
	if (value >= REGISTER_TORN)
		return REGISTER_TORN;
	fill(expected, (uint32_t)value, s);
	return memcmp(data, expected, SECTOR) ? REGISTER_TORN : (uint32_t)value;
}

/*
 * Zones lie where things meet: the volume's beginning and end, the borders of blocks, bits, extents and
 * requests of a resync; the rest is spread over all extents.
 */
uint64_t zone_offset(uint32_t s)
{
	uint64_t sectors = (uint64_t)settings.megabytes * 2048 - 1024, zone = s / ZONE_SECTORS;
	uint64_t at[] = {0, 8192 - 32, 2048 - 33, 16384 - 1};

	if (zone < sizeof(at) / sizeof(at[0]))
		return at[zone] + s % ZONE_SECTORS;
	return sectors * (zone - 2) / (ZONES - 3) - ZONE_SECTORS + s % ZONE_SECTORS;
}

static uint64_t rnd(struct load *l, uint64_t n)
{
	l->random ^= l->random << 13;
	l->random ^= l->random >> 7;
	l->random ^= l->random << 17;
	return l->random % n;
}

static void choose(struct load *l, struct register_op *op)
{
	uint64_t what = rnd(l, 100);

	op->told = REGISTER_NEVER;
	if (what < 4) {
		op->verb = REGISTER_FLUSH;
		return;
	}
	op->verb = what < 70 ? REGISTER_WRITE : REGISTER_READ;
	op->durable = op->verb == REGISTER_WRITE && rnd(l, 16) == 0;
	op->count = (uint32_t)(rnd(l, 8) ? rnd(l, COUNT_MAX) + 1 : rnd(l, ZONE_SECTORS) + 1);
	/* some are touched seldom: what was written there is no longer in any log or cache */
	op->first = (uint32_t)((rnd(l, 200) ? rnd(l, ZONES - COLD) : ZONES - COLD + rnd(l, COLD)) *
				       ZONE_SECTORS +
			       rnd(l, ZONE_SECTORS - op->count + 1));
	if (op->verb == REGISTER_WRITE)
		op->value = __atomic_add_fetch(&values, 1, __ATOMIC_RELAXED);
}

static int ask(struct load *l, struct flight *f, uint32_t slot)
{
	static const unsigned types[] = {[REGISTER_READ] = NBD_CMD_READ,
					 [REGISTER_WRITE] = NBD_CMD_WRITE,
					 [REGISTER_FLUSH] = NBD_CMD_FLUSH};
	struct register_op *op = &l->op[l->nops++];
	bool write;

	choose(l, op);
	write = op->verb == REGISTER_WRITE;
	for (uint32_t i = 0; write && i < op->count; i++)
		fill(f->data + i * SECTOR, op->value, op->first + i);
	f->op = op;
	l->flying++;
	op->asked = now_ns();
	return nbd_ask(l->fd, types[op->verb], op->durable ? NBD_CMD_FLAG_FUA : 0, slot,
		       op->count ? zone_offset(op->first) * SECTOR : 0, op->count * SECTOR,
		       write ? f->data : NULL);
}

/* was_read() - What a read has seen, kept. */
static int was_read(struct load *l, struct flight *f)
{
	struct register_op *op = f->op;
	uint32_t *seen = malloc(op->count * sizeof(*seen));
	int r = seen ? nbd_take(l->fd, f->data, op->count * SECTOR) : -ENOMEM;

	if (r) {
		free(seen);
		return r;
	}
	for (uint32_t i = 0; i < op->count; i++)
		seen[i] = value_of(f->data + i * SECTOR, op->first + i);
	op->seen = seen;
	return 0;
}

/* hear() - The next answer.  0, -EAGAIN, or -errno: it has come to an end. */
static int hear(struct load *l)
{
	struct answer a;
	struct flight *f;
	int r = nbd_answer(l->fd, &a, WAIT_MS);

	if (r)
		return r;
	f = a.slot < DEPTH ? &l->flight[a.slot] : NULL;
	if (!f || !f->op)
		give_up("%s answers what was not asked", l->host->name);
	if (!a.error && f->op->verb == REGISTER_READ)
		r = was_read(l, f);
	if (!r && !a.error)
		f->op->told = now_ns();
	l->errors += a.error != 0;
	f->op = NULL;
	l->flying--;
	return r;
}

static void *client(void *arg)
{
	struct load *l = arg;
	int r = 0;

	while (!r || r == -EAGAIN) {
		bool stop = __atomic_load_n(&l->stop, __ATOMIC_ACQUIRE);

		if (stop && !l->flying)
			break;
		r = 0;
		for (uint32_t i = 0; i < DEPTH && !r && !stop && l->nops < OPS_MAX; i++)
			if (!l->flight[i].op)
				r = ask(l, &l->flight[i], i);
		/* what was said before it closed is heard all the same */
		r = hear(l);
	}
	__atomic_store_n(&l->closed, true, __ATOMIC_RELEASE);
	return NULL;
}

struct load *load_start(struct host *h)
{
	struct load *l = calloc(1, sizeof(*l));
	char path[NBD_HOST_PATH];

	if (!l)
		give_up("no memory");
	l->op = calloc(OPS_MAX, sizeof(*l->op));
	l->host = h;
	l->random = chance(UINT64_MAX) | 1;
	snprintf(path, sizeof(path), "%s/run/.mirror/r0/nbd.sock", h->root);
	l->fd = nbd_dial(path);
	if (!l->op || l->fd < 0 || pthread_create(&l->thread, NULL, client, l)) {
		load_free(l);
		return NULL;
	}
	return l;
}

bool load_stop(struct load *l, unsigned ms)
{
	uint64_t until = now_ns() + ms * UINT64_C(1000000);
	bool answered = true;

	if (l->fd < 0)
		return true;
	__atomic_store_n(&l->stop, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&l->closed, __ATOMIC_ACQUIRE)) {
		if (now_ns() > until) {
			answered = false;
			shutdown(l->fd, SHUT_RDWR);
			break;
		}
		pause_ms(1);
	}
	pthread_join(l->thread, NULL);
	close(l->fd);
	l->fd = -1;
	return answered;
}

struct register_op *load_ops(const struct load *l, size_t *n)
{
	*n = l->nops;
	return l->op;
}

unsigned load_errors(const struct load *l)
{
	return l->errors;
}

void load_free(struct load *l)
{
	if (l->fd >= 0)
		close(l->fd);
	for (size_t i = 0; i < l->nops; i++)
		free((uint32_t *)(uintptr_t)l->op[i].seen);
	free(l->op);
	free(l);
}

int load_scan(struct host *h, uint32_t v[SECTORS])
{
	uint8_t data[ZONE_SECTORS * SECTOR];
	char path[NBD_HOST_PATH];
	struct answer a;
	int fd, r = 0;

	snprintf(path, sizeof(path), "%s/run/.mirror/r0/nbd.sock", h->root);
	fd = nbd_dial(path);
	for (uint32_t z = 0; fd >= 0 && !r && z < ZONES; z++) {
		r = nbd_ask(fd, NBD_CMD_READ, 0, z, zone_offset(z * ZONE_SECTORS) * SECTOR,
			    sizeof(data), NULL);
		if (!r)
			r = nbd_answer(fd, &a, 30000);
		if (!r)
			r = a.error ? -a.error : nbd_take(fd, data, sizeof(data));
		for (uint32_t i = 0; !r && i < ZONE_SECTORS; i++)
			v[z * ZONE_SECTORS + i] = value_of(data + i * SECTOR, z * ZONE_SECTORS + i);
	}
	if (fd < 0)
		return fd;
	close(fd);
	return r;
}
