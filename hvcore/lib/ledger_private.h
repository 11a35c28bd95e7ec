/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the ledger share.  ledger_text, _share, _sum, _admit, _grow and _promise are
 * pure; ledger_read, _write, _book, _squeeze and _relax are around them.
 */
#ifndef HV_LIB_LEDGER_PRIVATE_H
#define HV_LIB_LEDGER_PRIVATE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/ledger.h"

/* Memory is moved in whole MiB where it can be. */
enum { LEDGER_GRAIN = 1 << 20 };

/* ledger_find() - The entry of @name, or NULL. */
struct hv_ledger_entry *ledger_find(const struct hv_ledger *l, const char *name);

/* ledger_change() - Note that @e goes to @to.  0 or -ENOMEM. */
int ledger_change(struct hv_ledger_answer *a, const struct hv_ledger_entry *e,
		  const struct hv_room *to);

/*
 * ledger_entry_worst() - hv_ledger_entry() of a domain that runs and about which nothing else
 * is known: all the memory and CPU it could ever have.
 */
void ledger_entry_worst(const struct hv_config *c, enum hv_ledger_kind kind,
			struct hv_ledger_entry *out);

static inline uint64_t ledger_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static inline uint64_t ledger_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static inline uint64_t ledger_max(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

#endif
