/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fuzzer's bytes as a hostile driver: a device is set up as a good driver
 * would, then each input is a short program of register accesses, writes to
 * guest memory, doorbells, timers, pauses and resets.
 */
#ifndef TESTS_FUZZ_VIRTIO_PROGRAM_H
#define TESTS_FUZZ_VIRTIO_PROGRAM_H

#include <stddef.h>

#include "tests/unit/virtio/driver.h"

/*
 * program_run() - One input against @v.  Afterwards the device is reset, and
 * the harness aborts if it did not come back or kept a write to itself.
 */
void program_run(struct virtio *v, const uint8_t *data, size_t size);

#endif
