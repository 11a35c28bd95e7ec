// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads of a peer's clients, where it has no disk, or not yet what they want to read.
 */
#include "mirror/engine/pread.h"

static bool answer(struct pread *x)
{
	pread_send(x, WIRE_DATA_REPLY);
	return true;
}

int serve_request(struct volume *v, const struct wire_packet *p, void *bulk)
{
	static const struct pread_kind kind = {
		.queue = PREAD_CLIENT, .answer = answer, .refusal = WIRE_NEG_DREPLY};

	return pread_take(v, &kind, p, NULL);
}
