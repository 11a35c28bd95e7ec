/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block device, on a real image of 256 KiB. */
#include <stdlib.h>
#include <unistd.h>

#include "hvcore/vmm/virtio/blk.h"
#include "hvcore/vmm/virtio/devices.h"
#include "tests/fuzz/virtio_program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_disk(void)
{
	static char path[] = "/var/tmp/fuzz-blk-XXXXXX";
	static struct hv_disk disk = {.path = path, .discard = true};
	int fd = mkstemp(path);

	disk.target = (char *)"vda";
	disk.serial = (char *)"serial";
	rig_init();
	if (fd < 0 || ftruncate(fd, 256 * 1024) || virtio_blk_create(&disk, "fuzz", true, NULL))
		abort();
	close(fd);
	unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!rig.device)
		open_disk();
	program_run(rig.device, data, size);
	if (blk_list->inflight)
		abort();
	return 0;
}
