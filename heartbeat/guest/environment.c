// SPDX-License-Identifier: GPL-2.0-or-later
/* What a script of role.d is told besides its argument: TAIKI_ROLE, TAIKI_ROLE_KEY, ... */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "heartbeat/guest/guest.h"

#define PREFIX "TAIKI_ROLE"

enum {
	INHERITED_MAX = 128,
	OURS_MAX = 2 + HV_ROLE_PAIRS_MAX,
	ENTRY_MAX = sizeof(PREFIX) + 2 + HV_ROLE_KEY_MAX + HV_ROLE_VALUE_MAX,
};

static char ours[OURS_MAX][ENTRY_MAX];
static char *list[INHERITED_MAX + OURS_MAX + 1];

/* put() - "address-2" becomes TAIKI_ROLE_ADDRESS_2. */
static void put(char entry[ENTRY_MAX], const char *key, const char *value)
{
	char *p = entry + sprintf(entry, PREFIX "_");

	for (; *key; key++)
		*p++ = *key == '-' ? '_' : *key >= 'a' && *key <= 'z' ? *key - 'a' + 'A' : *key;
	sprintf(p, "=%s", value);
}

char *const *role_environment(const struct hv_role *role)
{
	unsigned n = 0, entry = 0;

	for (unsigned i = 0; environ[i] && n < INHERITED_MAX; i++) {
		if (strncmp(environ[i], PREFIX, strlen(PREFIX)))
			list[n++] = environ[i];
	}
	sprintf(ours[entry], PREFIX "=%s", role->role);
	list[n++] = ours[entry++];
	if (role->seq) {
		sprintf(ours[entry], PREFIX "_SEQ=%ju", (uintmax_t)role->seq);
		list[n++] = ours[entry++];
	}
	for (unsigned i = 0; i < role->pairs; i++) {
		put(ours[entry], role->pair[i].key, role->pair[i].value);
		list[n++] = ours[entry++];
	}
	list[n] = NULL;
	return list;
}
