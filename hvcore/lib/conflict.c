// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What two domains of a host may not share: a MAC address, a tap and a
 * writable disk.  The image lock is the last line; this one has the words.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hv/definition.h"
#include "hv/rundir.h"
#include "hv/standby.h"
#include "probe.h"

struct identity {
	bool known, block;
	dev_t dev;
	ino_t ino;
};

struct identities {
	struct identity disk[HV_DISKS_MAX];
};

static int ask_identities(const void *arg, void *answer)
{
	const struct hv_config *c = arg;
	struct identities *ids = answer;

	for (unsigned i = 0; i < c->ndisks; i++) {
		struct identity *id = &ids->disk[i];
		struct stat st;

		if (stat(c->disk[i].path, &st))
			continue; /* not there: then nobody else has it open by this name */
		id->known = true;
		id->block = S_ISBLK(st.st_mode);
		id->dev = id->block ? st.st_rdev : st.st_dev;
		id->ino = id->block ? 0 : st.st_ino;
	}
	return 0;
}

static bool same_disk(const struct hv_disk *a, const struct identity *ia, const struct hv_disk *b,
		      const struct identity *ib)
{
	if (!strcmp(a->path, b->path))
		return true;
	return ia->known && ib->known && ia->block == ib->block && ia->dev == ib->dev &&
	       ia->ino == ib->ino;
}

static int compare_disks(const struct hv_config *a, const struct hv_config *b, int timeout_ms,
			 struct hv_error *err)
{
	struct identities ia = {0}, ib = {0};
	int rc = hv_probe(ask_identities, a, &ia, sizeof(ia), timeout_ms);

	if (!rc)
		rc = hv_probe(ask_identities, b, &ib, sizeof(ib), timeout_ms);
	/* A disk of the other's that does not answer leaves the names to compare. */
	if (rc && rc != -ETIMEDOUT)
		return hv_err(err, rc, "domain %s: its disks cannot be looked at: %s", a->name,
			      strerror(-rc));
	for (unsigned i = 0; i < a->ndisks; i++)
		for (unsigned j = 0; j < b->ndisks; j++) {
			const struct hv_disk *x = &a->disk[i], *y = &b->disk[j];

			/* What a closed gate names is nobody's yet. */
			if (hv_disk_is_closed(a, x) || hv_disk_is_closed(b, y))
				continue;
			if ((!x->readonly || !y->readonly) &&
			    same_disk(x, &ia.disk[i], y, &ib.disk[j]))
				return hv_err(
					err, -EBUSY,
					"domain %s: its disk %s (%s) is the disk %s of domain %s, which runs",
					a->name, x->target, x->path, y->target, b->name);
		}
	return 0;
}

static int compare_nics(const struct hv_config *a, const struct hv_config *b, struct hv_error *err)
{
	for (unsigned i = 0; i < a->nnics; i++)
		for (unsigned j = 0; j < b->nnics; j++) {
			const struct hv_nic *x = &a->nic[i], *y = &b->nic[j];
			const uint8_t *m = x->mac;

			/* A gate's MAC address is the role's: many wait for it, one has it. */
			if ((a->standby.waiting && x->gated) || (b->standby.waiting && y->gated))
				continue;
			if (!memcmp(m, y->mac, 6))
				return hv_err(
					err, -EBUSY,
					"domain %s: its MAC address %02x:%02x:%02x:%02x:%02x:%02x is that "
					"of domain %s, which runs",
					a->name, m[0], m[1], m[2], m[3], m[4], m[5], b->name);
			if (x->direct && y->direct && !strcmp(x->direct, y->direct))
				return hv_err(
					err, -EBUSY,
					"domain %s: the interface %s is that of domain %s, which "
					"runs",
					a->name, x->direct, b->name);
			if (x->tap && y->tap && !strcmp(x->tap, y->tap))
				return hv_err(
					err, -EBUSY,
					"domain %s: its interface %s is that of domain %s, which runs",
					a->name, x->tap, b->name);
		}
	return 0;
}

static int compare(const struct hv_config *c, const char *name, int timeout_ms,
		   struct hv_error *err)
{
	struct hv_config other = {0};
	char path[4096], *text = NULL;
	size_t len;
	int rc;

	/* One that ends while we look has no conflict; one without words is left to the locks. */
	if (hv_presence(name, NULL, NULL) != HV_PRESENT)
		return 0;
	rc = hv_run_path(path, sizeof(path), name, "config.json");
	if (rc || hv_definition_read(path, &text, &len, NULL))
		return 0;
	rc = hv_config_from_json(&other, text, len, NULL);
	free(text);
	if (rc)
		return 0;
	rc = compare_nics(c, &other, err);
	if (!rc)
		rc = compare_disks(c, &other, timeout_ms, err);
	hv_config_free(&other);
	return rc;
}

int hv_conflicts(const struct hv_config *c, int timeout_ms, struct hv_error *err)
{
	int64_t deadline = hv_clock_ms() + timeout_ms;
	char **names = hv_run_list(err);
	int rc = 0;

	if (!names)
		return -EIO;
	for (char **n = names; *n && !rc; n++)
		if (strcmp(*n, c->name))
			rc = compare(c, *n, hv_left_ms(deadline), err);
	free(names);
	return rc;
}
