// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether options make sense together, before anybody is asked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fencing/agent.h"

static bool wrong_numbers(const struct options *o, char *out, size_t size)
{
	for (int i = 0; i < OPT_COUNT; i++) {
		if (option_defs[i].type != TYPE_SECOND || options_ms(o, (enum option_id)i) >= 0)
			continue;
		snprintf(out, size, "%s=%s: not a number of seconds", option_defs[i].name,
			 options_get(o, (enum option_id)i));
		return true;
	}
	return false;
}

/* The same as a domain's name on the host (hv/config.h); libhv is not for guests. */
static bool is_name(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	return *name && strchr(letters, *name) && strlen(name) <= FENCE_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		       strlen(name);
}

static bool wrong_port(const char *port)
{
	char *end;
	long n = strtol(port, &end, 10);

	return *end || end == port || n < 1 || n > 65535;
}

static bool wrong_tls(const struct options *o, char *out, size_t size)
{
	const char *file = options_get(o, OPT_KEY_FILE);
	const char *port = options_get(o, OPT_IPPORT);
	const char *identity = options_get(o, OPT_IDENTITY);
	struct stat st;

	if (!options_get(o, OPT_IP))
		snprintf(out, size, "transport=tls needs ip, the address of a host");
	else if (wrong_port(port))
		snprintf(out, size, "ipport=%s: not a TCP port (1 to 65535)", port);
	else if (identity && !is_name(identity))
		snprintf(out, size, "identity=%s: not a name", identity);
	else if (!file && !options_get(o, OPT_PSK))
		snprintf(out, size, "transport=tls needs key_file or psk");
	else if (!identity && options_get(o, OPT_PSK))
		snprintf(out, size, "psk needs identity");
	else if (file && stat(file, &st))
		snprintf(out, size, "key_file=%s: %s", file, strerror(errno));
	else if (file && st.st_mode & 077)
		snprintf(out, size, "key_file=%s: others may read or write it (chmod 0600)", file);
	else
		return false;
	return true;
}

bool options_wrong(const struct options *o, const char *action, bool needs_plug, char *out,
		   size_t size)
{
	const char *transport = options_get(o, OPT_TRANSPORT), *plug = options_get(o, OPT_PLUG);

	if (wrong_numbers(o, out, size))
		return true;
	if (needs_plug && !plug)
		snprintf(out, size, "action=%s needs plug, the name of a domain", action);
	else if (plug && !is_name(plug))
		snprintf(out, size, "plug=%s: not the name of a domain", plug);
	else if (!strcmp(transport, "tls"))
		return wrong_tls(o, out, size);
	else if (strcmp(transport, "channel") != 0)
		snprintf(out, size, "transport=%s: channel or tls", transport);
	else
		return false;
	return true;
}
