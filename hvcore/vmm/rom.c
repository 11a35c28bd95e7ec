// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "board_private.h"
#include "ram.h"
#include "rom.h"

static struct {
	uint8_t *at; /* whole pages, which the ROM ends; read-only once it is loaded */
	size_t size;
	const uint8_t *bytes;
	size_t len;
} rom;

static uint64_t rom_read(void *dev, uint64_t off, unsigned size)
{
	uint64_t v = 0;

	memcpy(&v, rom.at + off, size);
	return v;
}

static void rom_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	guest_fault("rom", "write at %#llx", (unsigned long long)(RAM_HIGH_BASE - rom.size + off));
}

static const struct region_ops ops = {.read = rom_read, .write = rom_write};

static int read_once(int fd, const char *path, struct hv_error *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return hv_err(err, -errno, "loader %s: %s", path, strerror(errno));
	if (st.st_size < 16 || st.st_size > ROM_MAX || st.st_size % 16)
		return hv_err(err, -EINVAL,
			      "loader %s: %lld bytes; a ROM has 16 bytes to 16 MiB, in steps of 16",
			      path, (long long)st.st_size);
	rom.len = (size_t)st.st_size;
	rom.size = (rom.len + RAM_PAGE - 1) & ~(size_t)(RAM_PAGE - 1);
	rom.at = mmap(NULL, rom.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (rom.at == MAP_FAILED)
		return hv_err(err, -ENOMEM, "loader %s: out of memory", path);
	memset(rom.at, 0xff, rom.size - rom.len);
	rom.bytes = rom.at + rom.size - rom.len;
	if (pread(fd, rom.at + rom.size - rom.len, rom.len, 0) != (ssize_t)rom.len)
		return hv_err(err, -EIO, "loader %s: cannot be read", path);
	mprotect(rom.at, rom.size, PROT_READ);
	return 0;
}

static int plug_in(const char *path, struct hv_error *err)
{
	int rc = board_add_mmio(RAM_HIGH_BASE - rom.size, rom.size, &ops, NULL, "rom");

	if (!rc && board.engine_ops->rom)
		rc = board.engine_ops->rom(board.engine, RAM_HIGH_BASE - rom.size, rom.at,
					   rom.size);
	return rc ? hv_err(err, rc, "loader %s: cannot be put below 4 GiB: %s", path, strerror(-rc))
		  : 0;
}

int rom_load(int fd, const char *path, struct hv_error *err)
{
	int rc = 0;
	size_t n;
	uint64_t at;

	if (!rom.at) {
		rc = read_once(fd, path, err);
		if (!rc)
			rc = plug_in(path, err);
	}
	if (rc)
		return rc;
	n = rom.len > ROM_SHADOW_MAX ? ROM_SHADOW_MAX : rom.len;
	at = 0x100000 - n;
	memcpy(board.ram->base + at, rom.bytes + rom.len - n, n);
	ram_written(board.ram, at, n);
	return 0;
}
