// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Metadata contexts: what a client may ask about blocks besides their content.
 */
#include <errno.h>
#include <string.h>

#include "mirror/drbd/bytes.h"
#include "mirror/export/nbd_proto.h"

static const char *const names[NBD_CONTEXTS] = {
	[NBD_ALLOCATION] = "base:allocation",
	[NBD_OUT_OF_SYNC] = "taiki:out-of-sync",
};

const char *nbd_context_name(enum nbd_context c)
{
	return names[c];
}

/* Those that a query means: one by its name; of a list also all of a namespace, "base:". */
static unsigned matching(uint32_t option, const uint8_t *q, uint32_t len)
{
	unsigned found = 0;

	for (unsigned i = 0; i < NBD_CONTEXTS; i++) {
		size_t all = strlen(names[i]),
		       space = (size_t)(strchr(names[i], ':') - names[i]) + 1;
		bool of_space = option == NBD_OPT_LIST_META_CONTEXT && len == space;

		if ((len == all || of_space) && !memcmp(q, names[i], len))
			found |= 1U << i;
	}
	return found;
}

int nbd_wanted_contexts(uint32_t option, const uint8_t *in, size_t len,
			struct nbd_wanted_contexts *w)
{
	uint32_t n, at;

	memset(w, 0, sizeof(*w));
	if (len < 8)
		return -EPROTO;
	n = get_be32(in);
	if (n > len - 8 || n >= sizeof(w->name))
		return -EPROTO;
	memcpy(w->name, in + 4, n);
	at = 4 + n;
	n = get_be32(in + at);
	at += 4;
	if (!n && option == NBD_OPT_LIST_META_CONTEXT)
		w->contexts = (1U << NBD_CONTEXTS) - 1;
	for (; n; n--) {
		uint32_t q = len - at < 4 ? UINT32_MAX : get_be32(in + at);

		if (len - at < 4 || q > len - at - 4)
			return -EPROTO;
		w->contexts |= matching(option, in + at + 4, q);
		at += 4 + q;
	}
	return at == len ? 0 : -EPROTO;
}
