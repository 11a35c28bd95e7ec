// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * blockload - reads or writes at random with so many requests in flight, and says how fast that went.
 *
 *   blockload [OPTION...] read|write TARGET     TARGET: a block device, a file, an NBD export's socket, or
 *                                                        vhost:SOCKET
 *   blockload [-b BLOCK] check IMAGE <ACKS      is all that was acknowledged there?
 *
 *   -d DEPTH    requests in flight (1)          -t SECONDS   how long (5)
 *   -b BLOCK    bytes of a request (4096)       -n COUNT     or how many
 *   -S MIB      of the target's beginning       -s SEED      of the sequence (1)
 *   -q          in order instead of at random   -i MS        the rate in each such interval, on stderr
 *   -m          up to 64 KiB, and now and then a flush
 *   -a          a line "BLOCK NUMBER" on stdout for each write that was acknowledged
 *
 * The result is a JSON object on stdout (stderr with -a).  A block that is written holds its own number
 * and that of the write, all over, so that one that is lost, torn or elsewhere is seen.  No two requests
 * in flight touch the same block: what a disk makes of those is undefined.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mirror/drbd/bytes.h"
#include "tests/bench/blockload.h"

enum {
	MIXED_UNIT = 1 << 16,
	SECTOR = 512,
	STAMP = 16,
	FLUSH_EVERY = 16, /* of mixed requests, on average */
	STEPS = 16,       /* of the histogram, to the power of two */
	SECOND = 1000000000,
};

struct lane {
	uint8_t *buf;
	struct load_request r;
	uint64_t unit, number, began;
};

static struct {
	unsigned depth, block, seconds, interval;
	uint64_t count, seed, span;
	bool in_order, mixed, acks, write;
} want = {.depth = 1, .block = 4096, .seconds = 5, .seed = 1};

static struct lane lanes[LANES_MAX];
static uint64_t units, next_unit, number, begun, ended, worst;
static uint64_t histogram[64 * STEPS]; /* nanoseconds */

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* splitmix64 */
static uint64_t chance(void)
{
	uint64_t z = want.seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static unsigned bucket_of(uint64_t ns)
{
	unsigned top = 63 - (unsigned)__builtin_clzll(ns | STEPS);

	return top * STEPS + (unsigned)(ns >> (top - 4)) % STEPS;
}

/* percentile() - Microseconds. */
static double percentile(double part)
{
	uint64_t left = (uint64_t)((double)ended * part) + 1;

	for (unsigned b = 0; b < 64 * STEPS; b++) {
		if (left <= histogram[b])
			return (double)(UINT64_C(1) << b / STEPS) *
			       (1 + (b % STEPS + 0.5) / STEPS) / 1e3;
		left -= histogram[b];
	}
	return (double)worst / 1e3;
}

static void stamp(uint8_t *buf, uint32_t len, uint64_t unit, uint64_t n)
{
	for (uint32_t i = 0; i < len; i += STAMP) {
		put_be64(buf + i, unit);
		put_be64(buf + i + 8, n);
	}
}

/* A lane has the units to itself whose number leaves its own when divided by the depth. */
static uint64_t pick(unsigned lane)
{
	uint64_t own = units / want.depth;

	if (want.in_order)
		return next_unit++ % units;
	return chance() % own * want.depth + lane;
}

static int begin(struct load_target *t, unsigned i)
{
	struct lane *l = &lanes[i];
	uint32_t skip = 0, len = want.block;

	l->unit = pick(i);
	l->number = ++number;
	l->r = (struct load_request){
		.verb = want.write ? LOAD_WRITE : LOAD_READ, .lane = i, .buf = l->buf};
	if (want.mixed) {
		skip = (uint32_t)(chance() % (MIXED_UNIT / SECTOR)) * SECTOR;
		len = (uint32_t)(chance() % ((MIXED_UNIT - skip) / SECTOR) + 1) * SECTOR;
		if (chance() % FLUSH_EVERY == 0)
			l->r.verb = LOAD_FLUSH;
	}
	l->r.off = l->unit * (want.mixed ? MIXED_UNIT : want.block) + skip;
	l->r.len = len;
	if (l->r.verb == LOAD_WRITE)
		stamp(l->buf, len, l->unit, l->number);
	l->began = now(CLOCK_MONOTONIC);
	begun++;
	return t->submit(t, &l->r);
}

static void end(struct lane *l, uint64_t at)
{
	uint64_t ns = at - l->began;
	char line[64];
	int n;

	ended++;
	histogram[bucket_of(ns)]++;
	if (ns > worst)
		worst = ns;
	if (!want.acks || l->r.verb != LOAD_WRITE)
		return;
	n = snprintf(line, sizeof(line), "%" PRIu64 " %" PRIu64 "\n", l->unit, l->number);
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		exit(1);
}

static void report(FILE *out, uint64_t ns)
{
	double s = (double)ns / SECOND;

	fprintf(out,
		"{\"requests\":%" PRIu64 ",\"seconds\":%.3f,\"rate\":%.1f,\"mib\":%.2f,"
		"\"p50\":%.1f,\"p99\":%.1f,\"worst\":%.1f}\n",
		ended, s, (double)ended / s, (double)ended * want.block / s / (1 << 20),
		percentile(0.5), percentile(0.99), (double)worst / 1e3);
}

static bool is_over(uint64_t at, uint64_t start)
{
	return want.count ? begun >= want.count : at - start >= (uint64_t)want.seconds * SECOND;
}

/* interval() - The rate since it was said last. */
static void interval(uint64_t at, uint64_t start)
{
	static uint64_t said, before;

	if (!said)
		said = start;
	if (!want.interval || at - said < want.interval * UINT64_C(1000000))
		return;
	fprintf(stderr, "%.3f %.1f\n", (double)(at - start) / SECOND,
		(double)(ended - before) * SECOND / (double)(at - said));
	said = at;
	before = ended;
}

static int load(struct load_target *t)
{
	static struct load_end ends[LANES_MAX];
	uint64_t start = now(CLOCK_MONOTONIC), at = start;
	unsigned flying = 0;
	int r = 0;

	for (unsigned i = 0; !r && i < want.depth && !is_over(at, start); i++, flying++)
		r = begin(t, i);
	while (!r && flying) {
		int n = t->wait(t, ends);

		at = now(CLOCK_MONOTONIC);
		r = n < 0 ? n : 0;
		for (int i = 0; !r && i < n; i++) {
			struct lane *l = &lanes[ends[i].lane];

			r = ends[i].result;
			if (r) {
				fprintf(stderr, "blockload: at %" PRIu64 ": %s\n", l->r.off,
					strerror(-r));
				return r;
			}
			end(l, at);
			flying--;
			if (is_over(at, start))
				continue;
			r = begin(t, ends[i].lane);
			flying++;
		}
		interval(at, start);
	}
	report(want.acks ? stderr : stdout, at - start);
	return r;
}

/* ---- check ---- */

/* intact() - @block holds write @number of block @unit, or a later one, and nothing else. */
static bool intact(const uint8_t *block, uint64_t unit, uint64_t at_least)
{
	for (uint32_t i = 0; i < want.block; i += STAMP)
		if (get_be64(block + i) != unit || memcmp(block + i, block, STAMP) != 0)
			return false;
	return get_be64(block + 8) >= at_least;
}

static int check(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st = {0};
	uint64_t unit, n, seen = 0, lost = 0, *last;
	uint8_t *block = malloc(want.block);

	if (fd < 0 || !block || fstat(fd, &st))
		return -errno;
	units = (uint64_t)st.st_size / want.block;
	last = calloc(units, sizeof(*last));
	if (!last)
		return -ENOMEM;
	/* the last line may be cut: its number would be too small, and is no claim then */
	while (scanf("%" SCNu64 "%" SCNu64 "\n", &unit, &n) == 2)
		if (unit < units && n > last[unit])
			last[unit] = n;
	for (unit = 0; unit < units; unit++) {
		if (!last[unit])
			continue;
		seen++;
		if (pread(fd, block, want.block, (off_t)(unit * want.block)) ==
			    (ssize_t)want.block &&
		    intact(block, unit, last[unit]))
			continue;
		lost++;
		printf("block %" PRIu64 ": write %" PRIu64 " was acknowledged, it holds %" PRIu64
		       " of %" PRIu64 "\n",
		       unit, last[unit], get_be64(block + 8), get_be64(block));
	}
	printf("%" PRIu64 " blocks were acknowledged, %" PRIu64 " are lost\n", seen, lost);
	return lost ? -EIO : 0;
}

/* ---- the command line ---- */

static int usage(void)
{
	fprintf(stderr,
		"usage: blockload [-d DEPTH] [-b BLOCK] [-t SECONDS | -n COUNT] [-S MIB] [-s SEED] [-i MS] "
		"[-qma] read|write TARGET\n"
		"       blockload [-b BLOCK] check IMAGE <ACKS\n");
	return 2;
}

static void take(int option, const char *value)
{
	uint64_t n = value ? strtoull(value, NULL, 10) : 0;

	switch (option) {
	case 'd': want.depth = (unsigned)n; break;
	case 'b': want.block = (unsigned)n; break;
	case 't': want.seconds = (unsigned)n; break;
	case 'n': want.count = n; break;
	case 'S': want.span = n << 20; break;
	case 's': want.seed = n; break;
	case 'i': want.interval = (unsigned)n; break;
	case 'q': want.in_order = true; break;
	case 'm': want.mixed = true; break;
	case 'a': want.acks = true; break;
	}
}

static int prepare(struct load_target *t)
{
	uint32_t unit = want.mixed ? MIXED_UNIT : want.block;
	uint64_t span = want.span && want.span < t->size ? want.span : t->size;

	units = span / unit;
	if (units < want.depth)
		return -ENOSPC;
	/* later runs have higher numbers */
	number = now(CLOCK_REALTIME);
	for (unsigned i = 0; i < want.depth; i++) {
		if (t->buffer)
			lanes[i].buf = t->buffer(t, i);
		else if (posix_memalign((void **)&lanes[i].buf, 4096, unit))
			return -ENOMEM;
		memset(lanes[i].buf, 0, unit);
	}
	return 0;
}

static int open_target(struct load_target **t, const char *name)
{
	static const char vhost[] = "vhost:";
	struct stat st = {0};

	if (!strncmp(name, vhost, strlen(vhost)))
		return load_open_vhost(t, name + strlen(vhost));
	return !stat(name, &st) && S_ISSOCK(st.st_mode) ? load_open_nbd(t, name)
							: load_open_disk(t, name);
}

int main(int argc, char **argv)
{
	struct load_target *t;
	int option, r;

	while ((option = getopt(argc, argv, "d:b:t:n:S:s:i:qma")) != -1) {
		if (option == '?')
			return usage();
		take(option, optarg);
	}
	if (argc - optind != 2 || !want.depth || want.depth > LANES_MAX || want.block < SECTOR ||
	    want.block > BLOCK_MAX || want.block % SECTOR)
		return usage();
	want.write = !strcmp(argv[optind], "write");
	if (!strcmp(argv[optind], "check")) {
		r = check(argv[optind + 1]);
	} else {
		r = open_target(&t, argv[optind + 1]);
		if (!r)
			r = prepare(t);
		if (!r)
			r = load(t);
	}
	if (r)
		fprintf(stderr, "blockload: %s: %s\n", argv[optind + 1], strerror(-r));
	return r ? 1 : 0;
}
