/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets as they were seen between two kernels: data/kernel-pair.txt.
 */
#ifndef TESTS_MIRROR_CAPTURE_H
#define TESTS_MIRROR_CAPTURE_H

#include "mirror/drbd/wire.h"

struct captured {
	char sender; /* 'A', 'B' */
	enum wire_socket socket;
	uint8_t bytes[WIRE_HEADER_MAX + WIRE_FIELDS_MAX]; /* header and fields */
	uint32_t len;
	uint32_t bulk; /* bytes of data that were left out */
};

/* capture_each() - Call @f for each packet, in order; how many there were. */
unsigned capture_each(void (*f)(const struct captured *c, void *arg), void *arg);

#endif
