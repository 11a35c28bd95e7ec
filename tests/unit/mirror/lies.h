/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of lies share. */
#ifndef TESTS_MIRROR_LIES_H
#define TESTS_MIRROR_LIES_H

#include "liar.h"

#define SAY(l_, meta_, ...)                            \
	do {                                           \
		struct wire_packet p_ = {__VA_ARGS__}; \
                                                       \
		talk_say(&(l_)->talk, meta_, &p_);     \
	} while (0)

/* lie_ack() - Acknowledge @b by @command. */
void lie_ack(struct liar *l, uint16_t command, struct wire_block b);

/* lies_meet.c */
typedef void lie_twist(struct liar *l, struct wire_packet *p);
typedef void lie_tell(struct liar *l);
lie_tell primary_too, state_of_nothing, wish_you_were_diskless, wish_you_were_secondary,
	wish_to_be_primary, wish_to_thaw_you, has_everything, bitmap_without_end, bitmap_of_nothing,
	garbage, garbage_on_meta;
lie_twist is_primary, is_unrelated, is_ahead, is_behind, is_smaller, speaks_too_old, allows_two,
	is_lax, asks_dry;

/* lies_resync.c */
lie_tell hole_unasked, hole_request, hole_of_more, hole_of_less, hole_of_another_sector,
	hole_outside, hole_twice, hole_for_data, hole_and_data;

#endif
