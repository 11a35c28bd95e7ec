// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The command line of taiki-mirrord.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mirror/drbd/digest.h"
#include "mirror/mirrord.h"

static const char usage[] =
	"usage: taiki-mirrord --name NAME --disk PATH --local ADDRESS:PORT --peer ADDRESS:PORT\n"
	"                     [--meta-disk internal|PATH|PATH[INDEX]] [--protocol A|B|C]\n"
	"                     [--shared-secret-file PATH] [--cram-hmac-alg NAME] \n"
	"                     [--tls-psk PATH] [--al-extents N]\n"
	"                     [--connect-int SECONDS] [--ping-int MS] [--ping-timeout MS]\n"
	"                     [--timeout MS] [--ko-count N] [--quorum]\n"
	"                     [--csums-alg NAME] [--verify-alg NAME]\n"
	"                     [--c-max-rate KIB] [--c-min-rate KIB] [--c-fill-target SECTORS]\n"
	"                     [--c-delay-target TENTHS] [--c-plan-ahead TENTHS] [--resync-rate KIB]\n"
	"                     [--rs-discard-granularity BYTES]\n"
	"                     [--disk-timeout MS] [--on-no-data-accessible suspend-io|io-error]\n"
	"                     [--fencing dont-care|resource-only|resource-and-stonith]\n"
	"                     [--fence-peer PATH]\n"
	"                     [--nbd PATH] [--vhost-user PATH] [--control PATH] [--no-connect]\n"
	"       taiki-mirrord --help | --version\n"
	"\n"
	"See taiki-mirrord(8).\n";

enum { RATE_MAX = 4 << 20 /* KiB/s */, FILL_TARGET_MAX = 1 << 20 /* sectors */ };

enum option_name {
	O_NAME = 256,
	O_DISK,
	O_META,
	O_LOCAL,
	O_PEER,
	O_PROTOCOL,
	O_SECRET,
	O_CRAM,
	O_TLS,
	O_AL_EXTENTS,
	O_CONNECT_INT,
	O_PING_INT,
	O_PING_TIMEOUT,
	O_TIMEOUT,
	O_KO_COUNT,
	O_CSUMS,
	O_VERIFY,
	O_MAX_RATE,
	O_MIN_RATE,
	O_FILL_TARGET,
	O_DELAY_TARGET,
	O_PLAN_AHEAD,
	O_RESYNC_RATE,
	O_DISCARD_GRANULARITY,
	O_DISK_TIMEOUT,
	O_NO_DATA,
	O_FENCING,
	O_FENCE_PEER,
	O_QUORUM,
	O_NBD,
	O_VHOST_USER,
	O_CONTROL,
	O_NO_CONNECT,
	O_HELP,
	O_VERSION,
};

static const struct option longs[] = {
	{"name", required_argument, NULL, O_NAME},
	{"disk", required_argument, NULL, O_DISK},
	{"meta-disk", required_argument, NULL, O_META},
	{"local", required_argument, NULL, O_LOCAL},
	{"peer", required_argument, NULL, O_PEER},
	{"protocol", required_argument, NULL, O_PROTOCOL},
	{"shared-secret-file", required_argument, NULL, O_SECRET},
	{"cram-hmac-alg", required_argument, NULL, O_CRAM},
	{"tls-psk", required_argument, NULL, O_TLS},
	{"al-extents", required_argument, NULL, O_AL_EXTENTS},
	{"connect-int", required_argument, NULL, O_CONNECT_INT},
	{"ping-int", required_argument, NULL, O_PING_INT},
	{"ping-timeout", required_argument, NULL, O_PING_TIMEOUT},
	{"timeout", required_argument, NULL, O_TIMEOUT},
	{"ko-count", required_argument, NULL, O_KO_COUNT},
	{"csums-alg", required_argument, NULL, O_CSUMS},
	{"verify-alg", required_argument, NULL, O_VERIFY},
	{"c-max-rate", required_argument, NULL, O_MAX_RATE},
	{"c-min-rate", required_argument, NULL, O_MIN_RATE},
	{"c-fill-target", required_argument, NULL, O_FILL_TARGET},
	{"c-delay-target", required_argument, NULL, O_DELAY_TARGET},
	{"c-plan-ahead", required_argument, NULL, O_PLAN_AHEAD},
	{"resync-rate", required_argument, NULL, O_RESYNC_RATE},
	{"rs-discard-granularity", required_argument, NULL, O_DISCARD_GRANULARITY},
	{"disk-timeout", required_argument, NULL, O_DISK_TIMEOUT},
	{"on-no-data-accessible", required_argument, NULL, O_NO_DATA},
	{"fencing", required_argument, NULL, O_FENCING},
	{"fence-peer", required_argument, NULL, O_FENCE_PEER},
	{"quorum", no_argument, NULL, O_QUORUM},
	{"nbd", required_argument, NULL, O_NBD},
	{"vhost-user", required_argument, NULL, O_VHOST_USER},
	{"control", required_argument, NULL, O_CONTROL},
	{"no-connect", no_argument, NULL, O_NO_CONNECT},
	{"help", no_argument, NULL, O_HELP},
	{"version", no_argument, NULL, O_VERSION},
	{NULL, 0, NULL, 0},
};

static int number(const char *text, unsigned min, unsigned max, unsigned *out)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || v < min || v > max)
		return -EINVAL;
	*out = (unsigned)v;
	return 0;
}

static int path(char out[PLACE_PATH], const char *text)
{
	if (strlen(text) >= PLACE_PATH)
		return -EINVAL;
	strcpy(out, text);
	return 0;
}

/* The first line of the file. */
static int secret(struct volume_config *c, const char *file)
{
	char line[sizeof(c->secret) + 1] = "";
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return -EINVAL;
	line[strcspn(line, "\n")] = 0;
	if (!line[0] || strlen(line) >= sizeof(c->secret))
		return -EINVAL;
	strcpy(c->secret, line);
	return 0;
}

static int tls(struct volume_config *c, const char *file)
{
	const char *why = tls_key_read(&c->tls, file);

	if (why)
		fprintf(stderr, "taiki-mirrord: %s: %s\n", file, why);
	return why ? -EINVAL : 0;
}

static int algorithm(char out[WIRE_ALGORITHM_MAX], const char *name, bool hmac)
{
	struct digest d;

	if (strlen(name) >= WIRE_ALGORITHM_MAX || digest_find(&d, name) || (hmac && !d.hash))
		return -EINVAL;
	strcpy(out, name);
	return 0;
}

static int name(struct volume_config *c, const char *text)
{
	if (!place_name_ok(text))
		return -EINVAL;
	strcpy(c->name, text);
	return 0;
}

static int protocol(struct volume_config *c, const char *text)
{
	if (text[0] < 'A' || text[0] > 'C' || text[1])
		return -EINVAL;
	c->protocol = text[0] - 'A' + 1;
	return 0;
}

static int fencing(struct volume_config *c, const char *text)
{
	static const char *const names[] = {
		[FENCING_DONT_CARE] = "dont-care",
		[FENCING_RESOURCE_ONLY] = "resource-only",
		[FENCING_RESOURCE_AND_STONITH] = "resource-and-stonith",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text, names[i])) {
			c->fencing = (enum fencing)i;
			return 0;
		}
	return -EINVAL;
}

static int no_data(struct volume_config *c, const char *text)
{
	c->no_data_fails = !strcmp(text, "io-error");
	return c->no_data_fails || !strcmp(text, "suspend-io") ? 0 : -EINVAL;
}

static int disk(struct volume_config *c, const char *text)
{
	free(c->disk);
	c->disk = strdup(text);
	return c->disk ? 0 : -ENOMEM;
}

/* take() - One option.  0 or -errno: its value is bad. */
static int take(struct options *o, int option, const char *value)
{
	struct volume_config *c = &o->volume;
	unsigned n;
	int r;

	switch (option) {
	case O_NAME: return name(c, value);
	case O_DISK: return disk(c, value);
	case O_META: return place_meta(value, &c->meta, &c->meta_kind, &c->meta_index);
	case O_LOCAL: return address_parse(&c->local, value);
	case O_PEER: return address_parse(&c->peer, value);
	case O_PROTOCOL: return protocol(c, value);
	case O_SECRET: return secret(c, value);
	case O_CRAM: return algorithm(c->cram_alg, value, true);
	case O_TLS: return tls(c, value);
	case O_CSUMS: return algorithm(c->csums_alg, value, false);
	case O_VERIFY: return algorithm(c->verify_alg, value, false);
	case O_AL_EXTENTS:
		return number(value, MD_AL_EXTENTS_MIN, MD_AL_EXTENTS_MAX, &c->al_extents);
	case O_CONNECT_INT:
		r = number(value, 1, 120, &n);
		if (!r)
			c->connect_int_ms = n * 1000;
		return r;
	case O_PING_INT: return number(value, 50, 120000, &c->ping_int_ms);
	case O_PING_TIMEOUT: return number(value, 100, 30000, &c->ping_timeout_ms);
	case O_TIMEOUT: return number(value, 100, 60000, &c->timeout_ms);
	case O_KO_COUNT: return number(value, 0, 200, &c->ko_count);
	case O_MAX_RATE: return number(value, 0, RATE_MAX, &c->rates.max);
	case O_MIN_RATE: return number(value, 0, RATE_MAX, &c->rates.min);
	case O_FILL_TARGET: return number(value, 0, FILL_TARGET_MAX, &c->rates.fill_target);
	case O_DELAY_TARGET: return number(value, 0, 100, &c->rates.delay_target);
	case O_PLAN_AHEAD:
		r = number(value, 0, 300, &n);
		o->fixed_rate = !r && !n;
		return r;
	case O_RESYNC_RATE: return number(value, 1, RATE_MAX, &o->resync_rate);
	case O_DISCARD_GRANULARITY: return number(value, 0, WIRE_BULK_MAX, &c->discard_granularity);
	case O_DISK_TIMEOUT: return number(value, 0, 600000, &c->disk_timeout_ms);
	case O_NO_DATA: return no_data(c, value);
	case O_FENCING: return fencing(c, value);
	case O_FENCE_PEER: return *value == '/' ? path(o->fence_peer, value) : -EINVAL;
	case O_QUORUM: o->quorum = true; return 0;
	case O_NBD: return path(o->nbd, value);
	case O_VHOST_USER: return path(o->vhost, value);
	case O_CONTROL: return path(o->control, value);
	case O_NO_CONNECT: o->connect = false; return 0;
	default: return -EINVAL;
	}
}

static const char *missing(const struct options *o)
{
	const struct volume_config *c = &o->volume;

	if (!c->name[0])
		return "--name";
	if (!c->disk)
		return "--disk";
	if (!c->local.sa.sa_family)
		return "--local";
	if (!c->peer.sa.sa_family)
		return "--peer";
	return NULL;
}

static const char *spelled(int option)
{
	for (const struct option *l = longs; l->name; l++)
		if (l->val == option)
			return l->name;
	return "?";
}

/* consistent() - Options that mean something only with, or without, others. */
static int consistent(struct options *o)
{
	struct volume_config *c = &o->volume;

	if (c->secret[0] && !c->cram_alg[0])
		strcpy(c->cram_alg, "sha256");
	if (c->cram_alg[0] && !c->secret[0]) {
		fprintf(stderr, "taiki-mirrord: --cram-hmac-alg needs --shared-secret-file\n");
		return -EINVAL;
	}
	if (c->fencing == FENCING_RESOURCE_AND_STONITH && c->protocol == 1) {
		fprintf(stderr,
			"taiki-mirrord: --fencing resource-and-stonith means nothing with "
			"--protocol A, which says that a write is done before the peer has it\n");
		return -EINVAL;
	}
	/* as DRBD has it: without a plan the rate is the one that is given */
	if (o->fixed_rate && o->resync_rate)
		c->rates.max = o->resync_rate;
	return 0;
}

/* identity() - What the volume is, and where it is served. */
static int identity(struct options *o)
{
	struct volume_config *c = &o->volume;
	const char *what = missing(o);

	if (what) {
		fprintf(stderr, "taiki-mirrord: %s is missing\n%s", what, usage);
		return -EINVAL;
	}
	if (c->local.sa.sa_family != c->peer.sa.sa_family) {
		fprintf(stderr, "taiki-mirrord: --local and --peer are of two kinds\n");
		return -EINVAL;
	}
	if (!o->nbd[0] && place_path(o->nbd, c->name, "nbd.sock"))
		return -EINVAL;
	if (!o->vhost[0] && place_path(o->vhost, c->name, "vhost-user.sock"))
		return -EINVAL;
	if (!o->control[0] && place_path(o->control, c->name, "control.sock"))
		return -EINVAL;
	return 0;
}

/* read_all() - Every option of @argv.  As options_read(). */
static int read_all(struct options *o, int argc, char **argv)
{
	int option;

	memset(o, 0, sizeof(*o));
	volume_config_init(&o->volume);
	o->connect = true;
	optind = 0; /* from the beginning, also a second time */
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == O_HELP || option == O_VERSION) {
			fputs(option == O_HELP ? usage : "taiki-mirrord " TAIKI_VERSION "\n",
			      stdout);
			return 1;
		}
		if (option == '?') {
			fputs(usage, stderr);
			return -EINVAL;
		}
		if (take(o, option, optarg)) {
			fprintf(stderr, "taiki-mirrord: --%s: '%s' is no good\n", spelled(option),
				optarg ? optarg : "");
			return -EINVAL;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "taiki-mirrord: '%s' is not expected\n%s", argv[optind], usage);
		return -EINVAL;
	}
	return 0;
}

int options_read(struct options *o, int argc, char **argv)
{
	int r = read_all(o, argc, argv);

	if (r)
		return r;
	r = identity(o);
	return r ? r : consistent(o);
}

int options_again(struct options *o, int argc, char **argv)
{
	int r = read_all(o, argc, argv);

	if (!r && (o->volume.disk || o->volume.meta || o->volume.name[0] ||
		   o->volume.local.sa.sa_family || o->volume.peer.sa.sa_family))
		r = -EINVAL;
	if (!r)
		r = consistent(o);
	if (r) {
		free(o->volume.disk);
		free(o->volume.meta);
	}
	return r;
}
