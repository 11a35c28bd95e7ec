// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mirror-torture --build DIR --dir DIR [options]: rounds of faults under load, each judged.
 *
 * Exit: 0 nothing to complain about, 1 violations (printed), 2 it could not be judged.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/history/torture/torture.h"

enum { SYNC_MS = 60000, ANSWER_MS = 60000, POLL_MS = 10, LATE_MS = 20000 };

struct settings settings = {.seed = 1, .rounds = 20, .protocol = 'C', .megabytes = 48};

static uint64_t random_state;

/* What the whole run comes to. */
static struct {
	unsigned rounds, elsewhere, compared;
	uint64_t asked, told, writes, errors;
	long violations;
} total;

uint64_t chance(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % n;
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void pause_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("# ", stdout);
	vprintf(fmt, ap);
	fputc('\n', stdout);
	fflush(stdout);
	va_end(ap);
}

static void summary(void)
{
	say("%u rounds, %u promotions of the other side, %" PRIu64 " writes of %" PRIu64
	    " requests, %" PRIu64 " answered, %" PRIu64 " refused, %u comparisons: %ld violations",
	    total.rounds, total.elsewhere, total.writes, total.asked, total.told, total.errors,
	    total.compared, total.violations);
}

void give_up(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("# gives up: ", stdout);
	vprintf(fmt, ap);
	fputc('\n', stdout);
	va_end(ap);
	summary();
	fflush(stdout);
	for (int i = 0; i < 2; i++) { /* nobody else ends them */
		if (hosts[i].mirror > 0)
			kill(hosts[i].mirror, SIGKILL);
		if (hosts[i].disk > 0)
			kill(hosts[i].disk, SIGKILL);
	}
	_exit(2);
}

static void violation(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void violation(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("VIOLATION ", stdout);
	vprintf(fmt, ap);
	fputc('\n', stdout);
	fflush(stdout);
	va_end(ap);
	total.violations++;
}

/* ---- the judgement ---- */

/* gather() - What both clients have done, as one; the caller frees it. */
static struct register_op *gather(const struct round *r, size_t *n)
{
	struct load *of[] = {r->load, r->late};
	struct register_op *all = NULL, *ops;
	size_t k;

	*n = 0;
	for (int i = 0; i < 2 && of[i]; i++) {
		ops = load_ops(of[i], &k);
		all = realloc(all, (*n + k + 1) * sizeof(*all));
		if (!all)
			give_up("no memory");
		memcpy(all + *n, ops, k * sizeof(*all));
		for (size_t j = *n; i == 1 && j < *n + k; j++)
			if (all[j].verb == REGISTER_READ && all[j].told > r->replaced)
				all[j].told = REGISTER_NEVER;
		*n += k;
	}
	return all;
}

static void count(const struct register_op *op, size_t n)
{
	total.asked += n;
	for (size_t i = 0; i < n; i++) {
		total.told += op[i].told != REGISTER_NEVER;
		total.writes += op[i].verb == REGISTER_WRITE;
	}
}

static void judge(struct round *r, uint32_t before[SECTORS], const char *what)
{
	uint32_t after[SECTORS];
	struct register_round round = {.before = before,
				       .after = after,
				       .sectors = SECTORS,
				       .caches_lost = r->caches_lost};
	struct register_op *ops = gather(r, &round.nops);
	int error;
	long n;

	round.op = ops;
	round.settled = now_ns();
	error = load_scan(r->primary, after);
	if (error)
		give_up("%s: %s cannot be read: %s", what, r->primary->name, strerror(-error));
	n = register_check(&round, stdout);
	if (n < 0)
		give_up("no memory");
	total.violations += n;
	count(ops, round.nops);
	free(ops);
	memcpy(before, after, sizeof(after));
}

/* ---- equal sides ---- */

static bool synced(void)
{
	bool yes = true;

	for (int i = 0; yes && i < 2; i++)
		yes = host_is(&hosts[i], "connection", "Connected") &&
		      host_is(&hosts[i], "disk", "UpToDate") &&
		      host_is(&hosts[i], "peer-disk", "UpToDate");
	return yes;
}

static void describe(void)
{
	static const char *const keys[] = {"role",        "connection", "disk",       "peer-disk",
					   "out-of-sync", "in-flight",  "epochs",     "resync-left",
					   "received",    "sent",       "generations"};

	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
			char value[64] = "";

			host_state(&hosts[i], keys[k], value);
			say("%s: %s %s", hosts[i].name, keys[k], value);
		}
}

static bool equal(uint32_t zone)
{
	static uint8_t data[2][ZONE_SECTORS * SECTOR];

	for (int i = 0; i < 2; i++)
		host_read(&hosts[i], data[i], sizeof(data[i]),
			  zone_offset(zone * ZONE_SECTORS) * SECTOR);
	return !memcmp(data[0], data[1], sizeof(data[0]));
}

static void compare(const char *what)
{
	uint64_t until = now_ns() + SYNC_MS * UINT64_C(1000000);
	char gen[2][64], bits[64];

	while (!synced() || host_is_barred(&hosts[0]) || host_is_barred(&hosts[1])) {
		if (now_ns() > until) {
			violation("%s: the two are not brought together", what);
			describe();
			return;
		}
		pause_ms(POLL_MS);
	}
	for (int i = 0; i < 2; i++) {
		if (!host_state(&hosts[i], "generations", gen[i]) ||
		    !host_state(&hosts[i], "out-of-sync", bits))
			give_up("%s: no status of %s", what, hosts[i].name);
		if (strcmp(bits, "0"))
			violation("%s: %s says that %s bytes differ", what, hosts[i].name, bits);
	}
	if (strncmp(gen[0], gen[1], 15))
		violation("%s: generations %s and %s", what, gen[0], gen[1]);
	/* protocols A and B tell of writes that are still on their way to the other disk */
	until = now_ns() + (settings.protocol == 'C' ? 0 : LATE_MS * UINT64_C(1000000));
	for (uint32_t z = 0; z < ZONES; z++) {
		while (!equal(z) && now_ns() < until)
			pause_ms(POLL_MS);
		if (!equal(z))
			violation("%s: both are up to date, and differ in zone %u", what, z);
	}
	total.compared++;
}

/* ---- rounds ---- */

static const struct fault *choose(void)
{
	uint64_t sum = 0, n;

	for (unsigned i = 0; i < nfaults; i++) {
		if (settings.only && !strcmp(settings.only, faults[i].name))
			return &faults[i];
		sum += faults[i].weight;
	}
	if (settings.only)
		give_up("no fault is called %s", settings.only);
	n = chance(sum);
	for (const struct fault *f = faults;; f++) {
		if (n < f->weight)
			return f;
		n -= f->weight;
	}
}

static void end_load(struct load *l, const char *what)
{
	if (!load_stop(l, ANSWER_MS))
		violation("%s: a client waits in vain", what);
	total.errors += load_errors(l);
	if (load_errors(l))
		violation("%s: a client was told of %u errors", what, load_errors(l));
}

static struct host *one_round(struct host *p, uint32_t before[SECTORS], unsigned n)
{
	const struct fault *f = choose();
	struct round r = {.primary = p, .load = load_start(p)};
	char what[64];

	snprintf(what, sizeof(what), "round %u, %s of %s", n, f->name, p->name);
	if (!r.load)
		give_up("%s: %s lets no client in", what, p->name);
	pause_ms(10 + (unsigned)chance(400));
	f->happen(&r);
	fault_mend();
	pause_ms((unsigned)chance(200));
	end_load(r.load, what);
	if (r.late)
		end_load(r.late, what);
	judge(&r, before, what);
	/* now and then the next one comes before all is well again */
	if (settings.only || chance(3))
		compare(what);
	total.rounds++;
	total.elsewhere += r.elsewhere;
	if (settings.verbose)
		say("%s: %s serves, %ld violations so far", what, r.primary->name,
		    total.violations);
	load_free(r.load);
	if (r.late)
		load_free(r.late);
	return r.primary;
}

static const struct option options[] = {
	{"build", required_argument, NULL, 'b'},
	{"dir", required_argument, NULL, 'd'},
	{"seed", required_argument, NULL, 's'},
	{"rounds", required_argument, NULL, 'n'},
	{"protocol", required_argument, NULL, 'p'},
	{"delay", required_argument, NULL, 'D'},
	{"evict", required_argument, NULL, 'e'},
	{"megabytes", required_argument, NULL, 'm'},
	{"external", no_argument, NULL, 'x'},
	{"only", required_argument, NULL, 'o'},
	{"lie", required_argument, NULL, 'l'},
	{"until-violation", no_argument, NULL, 'u'},
	{"verbose", no_argument, NULL, 'v'},
	{"thin", no_argument, NULL, 't'},
	{NULL},
};

static bool parse(int argc, char **argv)
{
	struct settings *s = &settings;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned n = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;

		switch (c) {
		case 'b': s->build = optarg; break;
		case 'd': s->dir = optarg; break;
		case 's': s->seed = strtoull(optarg, NULL, 10); break;
		case 'n': s->rounds = n; break;
		case 'p': s->protocol = *optarg; break;
		case 'D': s->delay_ms = n; break;
		case 'e': s->evict = n; break;
		case 'm': s->megabytes = n; break;
		case 'x': s->external = true; break;
		case 't': s->thin = true; break;
		case 'o': s->only = optarg; break;
		case 'l': s->lie = optarg; break;
		case 'u': s->until_violation = true; break;
		case 'v': s->verbose = true; break;
		default: return false;
		}
	}
	return s->build && s->dir && optind == argc && s->megabytes >= 16;
}

int main(int argc, char **argv)
{
	uint32_t before[SECTORS] = {};
	struct host *p = &hosts[0];

	if (!parse(argc, argv)) {
		fprintf(stderr,
			"usage: mirror-torture --build DIR --dir DIR [--seed N] [--rounds N]\n"
			"       [--protocol A|B|C] [--delay MS] [--evict PERMILLE] [--megabytes N]\n"
			"       [--external] [--thin] [--only FAULT] [--lie a|b] [--until-violation]\n"
			"       [--verbose]\n");
		return 2;
	}
	random_state = settings.seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	hosts_make();
	if (host_ask(p, "primary", SYNC_MS))
		give_up("a is not promoted");
	for (unsigned n = 1; n <= settings.rounds; n++) {
		p = one_round(p, before, n);
		if (total.violations && settings.until_violation)
			break;
	}
	hosts_end();
	summary();
	return total.violations ? 1 : 0;
}
