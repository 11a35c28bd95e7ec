// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PVH direct boot (Xen's hvm/start_info.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acpi.h"
#include "board_private.h"
#include "boot.h"
#include "kernel.h"
#include "ram.h"
#include "rom.h"

enum {
	PVH_MAGIC = 0x336ec578,
	E820_RAM = 1,
	E820_RESERVED = 2,
	MEMMAP_ENTRIES = 6,
};

struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modlist, cmdline, rsdp, memmap;
	uint32_t memmap_entries, reserved;
};

struct modlist_entry {
	uint64_t paddr, size, cmdline, reserved;
};

struct memmap_entry {
	uint64_t addr, size;
	uint32_t type, reserved;
};

static struct {
	int kernel, initrd, rom;
} file = {-1, -1, -1};

static int open_one(const char *path, const char *what, int *fd, struct hv_error *err)
{
	struct stat st;

	if (!path)
		return 0;
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0)
		return hv_err(err, -errno, "%s %s: cannot be opened: %s", what, path,
			      strerror(errno));
	if (fstat(*fd, &st) || !S_ISREG(st.st_mode))
		return hv_err(err, -EINVAL, "%s %s: not a regular file", what, path);
	return 0;
}

int boot_open(const struct hv_config *c, struct hv_error *err)
{
	int rc = open_one(c->kernel, "kernel", &file.kernel, err);

	if (!rc)
		rc = open_one(c->initrd, "initrd", &file.initrd, err);
	if (!rc)
		rc = open_one(c->loader, "loader", &file.rom, err);
	return rc;
}

void boot_close(void)
{
	int *fds[] = {&file.kernel, &file.initrd, &file.rom};

	for (unsigned i = 0; i < 3; i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* [gpa, gpa+len) for the machine to fill, where the boot structures are not. */
static void *claim(uint64_t gpa, uint64_t len)
{
	static const struct {
		uint64_t from, to;
	} ours[] = {
		{BOOT_INFO, BOOT_MEMMAP + RAM_PAGE},
		{BOOT_CMDLINE, BOOT_CMDLINE + BOOT_CMDLINE_MAX},
		{BOOT_ACPI, BOOT_ACPI_END},
	};

	for (unsigned i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (gpa < ours[i].to && gpa + len > ours[i].from)
			return NULL;
	return ram_ptr(board.ram, gpa, len);
}

/* Read-only and private: the file may change under us, which must not be a fault of ours. */
static int map_file(int fd, const char *what, const char *path, uint8_t **at, size_t *len,
		    struct hv_error *err)
{
	struct stat st;
	size_t done = 0;

	if (fstat(fd, &st) || st.st_size <= 0)
		return hv_err(err, -ENOEXEC, "%s %s: is empty", what, path);
	if ((uint64_t)st.st_size > board.ram->low)
		return hv_err(err, -EFBIG, "%s %s: larger than the guest's memory", what, path);
	*len = (size_t)st.st_size;
	*at = mmap(NULL, *len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (*at == MAP_FAILED)
		return hv_err(err, -ENOMEM, "%s %s: not enough memory to read it", what, path);
	while (done < *len) {
		ssize_t n = pread(fd, *at + done, *len - done, (off_t)done);

		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		munmap(*at, *len);
		return hv_err(err, n ? -errno : -EIO, "%s %s: cannot be read: %s", what, path,
			      n ? strerror(errno) : "it became shorter");
	}
	return 0;
}

static int load_segments(const struct kernel *k, const char *path, uint64_t *end,
			 struct hv_error *err)
{
	*end = 0;
	for (unsigned i = 0; i < k->nsegs; i++) {
		const struct kernel_segment *s = &k->seg[i];
		uint8_t *at = claim(s->paddr, s->memsz);

		if (!at)
			return hv_err(err, -ENOSPC,
				      "kernel %s: wants %#" PRIx64 " to %#" PRIx64
				      ", where the guest (%" PRIu64 " MiB) has no free memory",
				      path, s->paddr, s->paddr + s->memsz,
				      (board.ram->low + board.ram->high) >> 20);
		memcpy(at, s->data, s->filesz);
		memset(at + s->filesz, 0, s->memsz - s->filesz);
		ram_written(board.ram, s->paddr, s->memsz);
		if (s->paddr < RAM_HIGH_BASE && s->paddr + s->memsz > *end)
			*end = s->paddr + s->memsz;
	}
	if (!ram_ptr(board.ram, k->entry, 1))
		return hv_err(err, -ENOEXEC, "kernel %s: its entry %#x is not in memory", path,
			      k->entry);
	return 0;
}

static int load_kernel(const struct hv_config *c, uint32_t *entry, uint64_t *end,
		       struct hv_error *err)
{
	struct kernel k = {0};
	uint8_t *image = NULL;
	size_t len = 0;
	int rc = map_file(file.kernel, "kernel", c->kernel, &image, &len, err);

	if (rc)
		return rc;
	rc = kernel_parse(image, len, board.ram->low + board.ram->high, c->kernel, &k, err);
	if (!rc)
		rc = load_segments(&k, c->kernel, end, err);
	*entry = k.entry;
	kernel_free(&k);
	munmap(image, len);
	return rc;
}

/* As high as it fits in low memory, behind the kernel. */
static int load_initrd(const struct hv_config *c, uint64_t kernel_end, struct modlist_entry *m,
		       struct hv_error *err)
{
	struct stat st;
	uint64_t at;
	size_t done = 0;

	if (fstat(file.initrd, &st))
		return hv_err(err, -errno, "initrd %s: %s", c->initrd, strerror(errno));
	if (st.st_size < 0 || (uint64_t)st.st_size > board.ram->low)
		return hv_err(err, -EFBIG, "initrd %s: larger than the guest's memory", c->initrd);
	at = (board.ram->low - (uint64_t)st.st_size) & ~(uint64_t)(RAM_PAGE - 1);
	if (at < kernel_end || at < BOOT_ACPI_END)
		return hv_err(err, -ENOSPC,
			      "initrd %s: %llu bytes do not fit into %" PRIu64
			      " MiB beside the kernel",
			      c->initrd, (unsigned long long)st.st_size, board.ram->low >> 20);
	while (done < (size_t)st.st_size) {
		ssize_t n = pread(file.initrd, board.ram->base + at + done,
				  (size_t)st.st_size - done, (off_t)done);

		if (n <= 0)
			return hv_err(err, n ? -errno : -EIO, "initrd %s: cannot be read: %s",
				      c->initrd, n ? strerror(errno) : "it became shorter");
		done += (size_t)n;
	}
	ram_written(board.ram, at, done);
	m->paddr = at;
	m->size = done;
	return 0;
}

static unsigned make_memmap(struct memmap_entry *m)
{
	unsigned n = 0;

	m[n++] = (struct memmap_entry){0, 0x9fc00, E820_RAM, 0};
	m[n++] = (struct memmap_entry){0x9fc00, 0x400, E820_RESERVED, 0};
	m[n++] = (struct memmap_entry){BOOT_ACPI, BOOT_ACPI_END - BOOT_ACPI, E820_RESERVED, 0};
	m[n++] = (struct memmap_entry){0x100000, board.ram->low - 0x100000, E820_RAM, 0};
	if (board.ram->high)
		m[n++] = (struct memmap_entry){RAM_HIGH_BASE, board.ram->high, E820_RAM, 0};
	return n;
}

static void put(uint64_t gpa, const void *data, size_t len)
{
	memcpy(board.ram->base + gpa, data, len);
	ram_written(board.ram, gpa, len);
}

static int load_pvh(const struct hv_config *c, struct hv_error *err)
{
	struct start_info info = {.magic = PVH_MAGIC, .version = 1};
	struct memmap_entry map[MEMMAP_ENTRIES];
	struct modlist_entry module = {0};
	uint64_t kernel_end;
	uint32_t entry;
	int rc;

	if (strlen(c->cmdline) >= BOOT_CMDLINE_MAX)
		return hv_err(err, -EINVAL, "cmdline: %zu bytes; at most %d are possible",
			      strlen(c->cmdline), BOOT_CMDLINE_MAX - 1);
	rc = load_kernel(c, &entry, &kernel_end, err);
	if (!rc && file.initrd >= 0)
		rc = load_initrd(c, kernel_end, &module, err);
	if (rc)
		return rc;
	if (module.size) {
		info.nr_modules = 1;
		info.modlist = BOOT_MODULES;
		put(BOOT_MODULES, &module, sizeof(module));
	}
	if (c->acpi) {
		rc = acpi_load(c, BOOT_ACPI, BOOT_ACPI_END, &info.rsdp, err);
		if (rc)
			return rc;
	}
	info.memmap_entries = make_memmap(map);
	info.memmap = BOOT_MEMMAP;
	info.cmdline = BOOT_CMDLINE;
	put(BOOT_MEMMAP, map, info.memmap_entries * sizeof(*map));
	put(BOOT_CMDLINE, c->cmdline, strlen(c->cmdline) + 1);
	put(BOOT_INFO, &info, sizeof(info));
	rc = board.engine_ops->boot(board.engine, entry, BOOT_INFO);
	return rc ? hv_err(err, rc, "vCPU 0: cannot be set to the kernel's entry: %s",
			   strerror(-rc))
		  : 0;
}

int boot_load(const struct hv_config *c, struct hv_error *err)
{
	return file.rom >= 0 ? rom_load(file.rom, c->loader, err) : load_pvh(c, err);
}
