/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block device, on a real image of 256 KiB; and one whose gate is closed. */
#include <stdlib.h>
#include <unistd.h>

#include "hvcore/vmm/virtio/blk.h"
#include "hvcore/vmm/virtio/devices.h"
#include "tests/fuzz/virtio_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct virtio *open_one, *closed_one;

static void open_disk(void)
{
	static char path[] = "/var/tmp/fuzz-blk-XXXXXX";
	static struct hv_disk disk = {.path = path, .discard = true};
	int fd = mkstemp(path);

	disk.target = (char *)"vda";
	disk.serial = (char *)"serial";
	rig_init();
	if (fd < 0 || ftruncate(fd, 256 * 1024) ||
	    virtio_blk_create(&disk, "fuzz", true, false, NULL))
		abort();
	open_one = rig.device;
	if (virtio_blk_create(&disk, "fuzz", true, true, NULL))
		abort();
	closed_one = rig.device;
	close(fd);
	unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!rig.device)
		open_disk();
	if (size && data[0] & 1) {
		struct blk *d = (struct blk *)closed_one;

		program_run(closed_one, data, size);
		/* Nothing came of it, and nothing of it counts as the disk's failure. */
		if (d->inflight || d->done || d->failed || d->gate.state != GATE_CLOSED)
			abort();
		return 0;
	}
	program_run(open_one, data, size);
	if (blk_list->inflight)
		abort();
	return 0;
}
