// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What another host of the cluster can send: whole messages, bodies of each kind without
 * their checksum in the way, and states.  Whatever is taken is applied.
 */
#include <stdlib.h>
#include <string.h>

#include "fencing/bytes.h"
#include "fencing/order.h"
#include "fencing/order_table.h"
#include "hv/crc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct order_state *state;

static void apply(const uint8_t *bytes, size_t len)
{
	struct order_message m;
	uint8_t again[65536];
	int n;

	if (order_decode(bytes, len, &m))
		return;
	/* What was read is what is written. */
	n = order_encode(again, sizeof(again), &m);
	if (n >= 0 && ((size_t)n != len || memcmp(again, bytes, len)))
		abort();
	order_apply(state, m.nodeid & 3, &m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t framed[65536];

	if (!state) {
		state = calloc(1, sizeof(*state));
		for (uint32_t n = 0; n < 4; n++)
			order_member(state, n, "node", "boot");
	}
	apply(data, len);
	if (len > 3 && len < sizeof(framed) - 32) {
		memset(framed, 0, 24);
		memcpy(framed, "TKO1", 4);
		fence_put16(framed + 4, 1);
		fence_put16(framed + 6, data[0]);
		fence_put32(framed + 8, (uint32_t)len - 1);
		fence_put32(framed + 12, hv_crc32(data + 1, len - 1));
		memcpy(framed + 24, data + 1, len - 1);
		apply(framed, len + 23);
	}
	order_state_decode(data, len, state);
	return 0;
}
