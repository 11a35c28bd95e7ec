// SPDX-License-Identifier: GPL-2.0-or-later
/* Other options for a volume that is up, over the control socket. */
#include "mirror/mirrord.h"

enum { WORDS_MAX = 64 };

/* later() - What does not hold at once, and from when on: [["protocol", "connection"], ...]. */
static json_t *later(unsigned set)
{
	static const struct {
		unsigned bit;
		const char *option, *when;
	} rows[] = {{LATER_PROTOCOL, "protocol", "connection"},
		    {LATER_SECRET, "shared-secret", "connection"},
		    {LATER_TLS, "tls-psk", "connection"},
		    {LATER_DIGESTS, "csums-alg or verify-alg", "connection"},
		    {LATER_AL_EXTENTS, "al-extents", "start"},
		    {LATER_FENCING, "fencing", "start"}};
	json_t *a = json_array();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (set & rows[i].bit)
			json_array_append_new(a, json_pack("[s, s]", rows[i].option, rows[i].when));
	return a;
}

json_t *reconfigure_json(struct mirrord *m, const json_t *arguments)
{
	const json_t *words = json_object_get(arguments, "options");
	char *argv[WORDS_MAX + 1] = {(char *)"taiki-mirrord"};
	size_t n = json_array_size(words);
	struct options o;

	if (!json_is_array(words) || n >= WORDS_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		argv[1 + i] = (char *)json_string_value(json_array_get(words, i));
		if (!argv[1 + i])
			return NULL;
	}
	if (options_again(&o, 1 + (int)n, argv))
		return NULL;
	return json_pack("{s:o}", "later", later(volume_reconfigure(m->volume, &o.volume)));
}
