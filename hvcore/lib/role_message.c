// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A domain's role, as its guest is told it.
 */
#include <stdio.h>
#include <string.h>

#include "hv/standby.h"

#include "mac.h"

int hv_role_message(const struct hv_config *c, uint64_t seq, struct hv_role *r)
{
	char key[16], mac[MAC_TEXT];
	int rc;

	memset(r, 0, sizeof(*r));
	r->kind = HV_ROLE_ROLE;
	r->seq = seq;
	snprintf(r->role, sizeof(r->role), "%s", HV_ROLE_ACTIVE);
	rc = hv_role_add(r, "name", c->name);
	for (unsigned i = 0, n = 0; i < c->nnics && !rc; i++) {
		if (!c->nic[i].gated)
			continue;
		snprintf(key, sizeof(key), n ? "mac%u" : "mac", n + 1);
		n++;
		mac_print(c->nic[i].mac, mac);
		rc = hv_role_add(r, key, mac);
	}
	for (unsigned i = 0; i < c->nroles && !rc; i++)
		rc = hv_role_add(r, c->role[i].key, c->role[i].value);
	return rc;
}
