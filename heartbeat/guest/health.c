// SPDX-License-Identifier: GPL-2.0-or-later
/* What the ends of the health command's runs come to. */
#include "heartbeat/guest/guest.h"

bool health_note(struct health *h, enum beat_health result)
{
	enum beat_health before = h->said;

	if (result == BEAT_HEALTH_OK) {
		h->row = 0;
		h->said = BEAT_HEALTH_OK;
	} else {
		h->failures++;
		h->row += h->row < h->limit;
		if (h->row == h->limit)
			h->said = result;
	}
	return h->said != before;
}
