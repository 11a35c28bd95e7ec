/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables inside the state: bounded, each with its rule for what makes room.
 */
#ifndef TAIKI_FENCE_ORDER_TABLE_H
#define TAIKI_FENCE_ORDER_TABLE_H

#include "fencing/order.h"

/* order_copy() - @from into @to[@size], cut short if need be, the rest zeroed. */
void order_copy(char *to, size_t size, const char *from);

struct order_host *order_host(struct order_state *s, uint32_t nodeid);

/* order_domain_up() - Host @host runs it.  False when there is no room. */
bool order_domain_up(struct order_state *s, uint32_t host, const char *name,
		     const char *incarnation, const char *group, const char *resource);
/* order_domain_down() - That incarnation has ended on @host. */
void order_domain_down(struct order_state *s, uint32_t host, const char *incarnation);
/* order_any_up() - Whether any host is believed to run it. */
bool order_any_up(const struct order_state *s, const char *name);

void order_condemn(struct order_state *s, const char *incarnation, const uint8_t *by);
bool order_condemned(const struct order_state *s, const char *incarnation);

/* order_finish() - @p (in s->pending) has come to its end; its outcome stays. */
void order_finish(struct order_state *s, struct order_pending *p, enum fence_result result,
		  const char *text);
/* order_record() - The outcome of a request that never was pending. */
void order_record(struct order_state *s, const struct order_message *m, const char *incarnation,
		  enum fence_result result, const char *text);

#endif
