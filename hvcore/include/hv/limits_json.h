/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIMITS_JSON_H
#define HV_LIMITS_JSON_H

#include <jansson.h>

#include "hv/config.h"

/*
 * How limits are spelled in JSON.  A disk's are QEMU's ("bps_rd_max", and
 * "bps_rd_max_length" in seconds); an interface's "rx-bps" (bytes a second),
 * "tx-pps", with "-max" and "-burst" (bytes, packets).
 */
enum hv_limit_words { HV_WORDS_DISK, HV_WORDS_NIC };

/* hv_limits_key() - The key of a limit, NULL where there is none: an interface has no total. */
const char *hv_limits_key(enum hv_limit_words words, enum hv_limit limit);

/*
 * hv_limits_set() - Change the one of @l that @key names, with either - or _
 * between its parts, to @value; an average of 0 lifts all of it.  0; -ENOENT: no key of a limit.
 */
int hv_limits_set(struct hv_limits *l, enum hv_limit_words words, const char *key, uint64_t value);

/* hv_limits_to_json() - Into the object @o: averages always, the rest where it is given. */
void hv_limits_to_json(const struct hv_limits *l, enum hv_limit_words words, json_t *o);

/*
 * hv_limits_from_json() - From @o, whose other keys are passed over; what is not
 * there is no limit.  0 or -EINVAL with @err: no numbers, or below 0.
 */
int hv_limits_from_json(struct hv_limits *l, enum hv_limit_words words, const json_t *o,
			struct hv_error *err);

#endif
