// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board_private.h"
#include "ram.h"
#include "rom.h"

static struct {
	uint8_t *bytes;
	size_t len;
} rom;

static uint64_t rom_read(void *dev, uint64_t off, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, rom.bytes + off, size);
	return v;
}

static void rom_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	guest_fault("rom", "write at %#llx", (unsigned long long)(RAM_HIGH_BASE - rom.len + off));
}

static const struct region_ops ops = {.read = rom_read, .write = rom_write};

static int read_once(int fd, const char *path, struct hv_error *err)
{
	struct stat st;
	int rc;

	if (fstat(fd, &st))
		return hv_err(err, -errno, "loader %s: %s", path, strerror(errno));
	if (st.st_size < 16 || st.st_size > ROM_MAX || st.st_size % 16)
		return hv_err(err, -EINVAL,
			      "loader %s: %lld bytes; a ROM has 16 bytes to 16 MiB, in steps of 16",
			      path, (long long)st.st_size);
	rom.len = (size_t)st.st_size;
	rom.bytes = malloc(rom.len);
	if (!rom.bytes)
		return hv_err(err, -ENOMEM, "loader %s: out of memory", path);
	if (pread(fd, rom.bytes, rom.len, 0) != (ssize_t)rom.len)
		return hv_err(err, -EIO, "loader %s: cannot be read", path);
	rc = board_add_mmio(RAM_HIGH_BASE - rom.len, rom.len, &ops, NULL, "rom");
	return rc ? hv_err(err, rc, "loader %s: no room below 4 GiB: %s", path, strerror(-rc)) : 0;
}

/* The reset state (SDM 3A §10.1.1), with CS where the copy is. */
static int start(struct hv_error *err)
{
	struct engine_vcpu_state *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return hv_err(err, -ENOMEM, "vCPU 0: out of memory");
	rc = board.engine_ops->get(board.engine, 0, s);
	if (!rc) {
		s->sregs.cs.base = 0xf0000;
		s->sregs.cs.selector = 0xf000;
		s->regs.rip = 0xfff0;
		rc = board.engine_ops->set(board.engine, 0, s);
	}
	free(s);
	return rc ? hv_err(err, rc, "vCPU 0: cannot be set to the reset vector: %s", strerror(-rc))
		  : 0;
}

int rom_load(int fd, const char *path, struct hv_error *err)
{
	int rc = rom.bytes ? 0 : read_once(fd, path, err);
	size_t n;
	uint64_t at;

	if (rc)
		return rc;
	n = rom.len > ROM_SHADOW_MAX ? ROM_SHADOW_MAX : rom.len;
	at = 0x100000 - n;
	memcpy(board.ram->base + at, rom.bytes + rom.len - n, n);
	ram_written(board.ram, at, n);
	return start(err);
}
