// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bzImage (Documentation/arch/x86/boot.rst) and ELF.
 */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "kernel.h"

enum {
	BZ_SECTS = 0x1f1,
	BZ_MAGIC = 0x202, /* "HdrS" */
	BZ_VERSION = 0x206,
	BZ_PAYLOAD_OFFSET = 0x248, /* protocol 2.08 */
	BZ_PAYLOAD_LENGTH = 0x24c,
	BZ_HEADER_END = 0x250,
	NOTE_PVH = 18, /* XEN_ELFNOTE_PHYS32_ENTRY */
	PHDRS_MAX = 128,
};

struct image {
	const uint8_t *at;
	size_t len;
	const char *name;
	struct hv_error *err;
};

static uint64_t le(const uint8_t *p, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v |= (uint64_t)p[i] << 8 * i;
	return v;
}

static bool inside(const struct image *i, uint64_t off, uint64_t len)
{
	return off <= i->len && len <= i->len - off;
}

static bool is_elf(const uint8_t *p, size_t len)
{
	return len >= SELFMAG && !memcmp(p, ELFMAG, SELFMAG);
}

/* A program header, of either class. */
struct phdr {
	uint32_t type;
	uint64_t offset, paddr, filesz, memsz, align;
};

static struct phdr phdr_get(const uint8_t *p, bool is64)
{
	if (is64)
		return (struct phdr){le(p, 4),      le(p + 8, 8),  le(p + 24, 8),
				     le(p + 32, 8), le(p + 40, 8), le(p + 48, 8)};
	return (struct phdr){le(p, 4),      le(p + 4, 4),  le(p + 12, 4),
			     le(p + 16, 4), le(p + 20, 4), le(p + 28, 4)};
}

/*
 * The entry in a PT_NOTE segment: words for the lengths of name and
 * descriptor and the type, then both, each padded to @align.
 */
static bool find_entry(const struct image *i, const struct phdr *ph, uint32_t *entry)
{
	uint64_t pad = ph->align == 8 ? 7 : 3;
	uint64_t at = ph->offset, end = ph->offset + ph->filesz;

	while (end - at >= 12) {
		uint64_t namesz = le(i->at + at, 4), descsz = le(i->at + at + 4, 4);
		uint64_t type = le(i->at + at + 8, 4);
		uint64_t name = at + 12, desc = name + ((namesz + pad) & ~pad);

		if (desc > end || descsz > end - desc)
			return false;
		if (type == NOTE_PVH && namesz == 4 && !memcmp(i->at + name, "Xen", 4) &&
		    (descsz == 4 || descsz == 8)) {
			uint64_t v = le(i->at + desc, (unsigned)descsz);

			*entry = (uint32_t)v;
			return v <= UINT32_MAX;
		}
		at = desc + ((descsz + pad) & ~pad);
		if (at > end)
			return false;
	}
	return false;
}

static int add_segment(const struct image *i, const struct phdr *ph, struct kernel *k)
{
	if (ph->filesz > ph->memsz || ph->paddr + ph->memsz < ph->paddr)
		return hv_err(i->err, -ENOEXEC,
			      "kernel %s: the segment at %#" PRIx64 " has impossible sizes; "
			      "the file is damaged",
			      i->name, ph->paddr);
	if (k->nsegs == KERNEL_SEGMENTS_MAX)
		return hv_err(i->err, -ENOEXEC, "kernel %s: more than %d segments; is it a kernel?",
			      i->name, KERNEL_SEGMENTS_MAX);
	k->seg[k->nsegs++] = (struct kernel_segment){
		.paddr = ph->paddr,
		.memsz = ph->memsz,
		.data = i->at + ph->offset,
		.filesz = ph->filesz,
	};
	return 0;
}

static int parse_elf(const struct image *i, struct kernel *k)
{
	bool is64 = i->len > EI_CLASS && i->at[EI_CLASS] == ELFCLASS64, found = false;
	size_t ehsize = is64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	size_t phentsize = is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	uint64_t phoff;
	unsigned machine, phnum;

	if (i->len < ehsize)
		return hv_err(i->err, -ENOEXEC, "kernel %s: cut off in the ELF header", i->name);
	machine = (unsigned)le(i->at + 18, 2);
	if (i->at[EI_DATA] != ELFDATA2LSB || (machine != EM_X86_64 && machine != EM_386))
		return hv_err(i->err, -ENOEXEC,
			      "kernel %s: an ELF file for machine %u, not for x86", i->name,
			      machine);
	phoff = is64 ? le(i->at + 32, 8) : le(i->at + 28, 4);
	phnum = (unsigned)le(i->at + (is64 ? 56 : 44), 2);
	if (le(i->at + (is64 ? 54 : 42), 2) != phentsize || !phnum || phnum > PHDRS_MAX)
		return hv_err(i->err, -ENOEXEC,
			      "kernel %s: an ELF file with %u program headers; "
			      "is it a kernel?",
			      i->name, phnum);
	if (!inside(i, phoff, phnum * phentsize))
		return hv_err(i->err, -ENOEXEC, "kernel %s: cut off before its program headers",
			      i->name);
	for (unsigned n = 0; n < phnum; n++) {
		struct phdr ph = phdr_get(i->at + phoff + n * phentsize, is64);
		int rc;

		if (ph.type != PT_LOAD && ph.type != PT_NOTE)
			continue;
		if (!inside(i, ph.offset, ph.filesz))
			return hv_err(i->err, -ENOEXEC,
				      "kernel %s: cut off: segment %u needs bytes %" PRIu64
				      " to %" PRIu64 " of %zu",
				      i->name, n, ph.offset, ph.offset + ph.filesz, i->len);
		if (ph.type == PT_NOTE && !found)
			found = find_entry(i, &ph, &k->entry);
		rc = ph.type == PT_LOAD && ph.memsz ? add_segment(i, &ph, k) : 0;
		if (rc)
			return rc;
	}
	if (!k->nsegs)
		return hv_err(i->err, -ENOEXEC, "kernel %s: no segment to load", i->name);
	if (!found)
		return hv_err(
			i->err, -ENOEXEC,
			"kernel %s: has no PVH entry (ELF note Xen, 18); it must be built with "
			"CONFIG_PVH, as Debian's kernels are",
			i->name);
	return 0;
}

/* The payload of a bzImage stands after the real-mode sectors. */
static int parse_bzimage(const struct image *i, uint64_t max, struct kernel *k)
{
	unsigned version = (unsigned)le(i->at + BZ_VERSION, 2), sects = i->at[BZ_SECTS];
	uint64_t off = ((sects ? sects : 4) + 1) * 512ULL + le(i->at + BZ_PAYLOAD_OFFSET, 4);
	uint64_t len = le(i->at + BZ_PAYLOAD_LENGTH, 4);
	struct image elf = *i;
	const char *what;
	int rc;

	if (version < 0x208)
		return hv_err(i->err, -ENOEXEC,
			      "kernel %s: boot protocol %u.%02u; 2.08 or newer is needed", i->name,
			      version >> 8, version & 255);
	if (!inside(i, off, len))
		return hv_err(i->err, -ENOEXEC,
			      "kernel %s: cut off: its payload ends at byte %" PRIu64 " of %zu",
			      i->name, off + len, i->len);
	rc = payload_unpack(i->at + off, len, max, &k->unpacked, &k->unpacked_len, &what);
	if (rc == -EFBIG)
		return hv_err(i->err, rc,
			      "kernel %s: its payload (%s) unpacks to more than %" PRIu64
			      " MiB; does it fit into the guest's memory?",
			      i->name, what, max >> 20);
	if (rc == -ENOMEM)
		return hv_err(i->err, rc, "kernel %s: not enough memory to unpack it (%s)", i->name,
			      what);
	if (rc && what)
		return hv_err(i->err, rc, "kernel %s: its payload (%s) is damaged", i->name, what);
	if (rc)
		return hv_err(i->err, rc,
			      "kernel %s: its payload is packed in an unknown way; gzip, "
			      "xz, lzma, zstd and lz4 are understood",
			      i->name);
	elf.at = k->unpacked;
	elf.len = k->unpacked_len;
	if (!is_elf(elf.at, elf.len))
		return hv_err(i->err, -ENOEXEC, "kernel %s: its payload is not an ELF file",
			      i->name);
	return parse_elf(&elf, k);
}

int kernel_parse(const uint8_t *image, size_t len, uint64_t max, const char *name,
		 struct kernel *out, struct hv_error *err)
{
	struct image i = {.at = image, .len = len, .name = name, .err = err};
	int rc;

	memset(out, 0, sizeof(*out));
	if (max > KERNEL_UNPACKED_MAX)
		max = KERNEL_UNPACKED_MAX;
	if (is_elf(image, len))
		rc = parse_elf(&i, out);
	else if (len >= BZ_HEADER_END && !memcmp(image + BZ_MAGIC, "HdrS", 4))
		rc = parse_bzimage(&i, max, out);
	else
		rc = hv_err(err, -ENOEXEC,
			    "kernel %s: neither a bzImage nor an ELF vmlinux (%zu bytes)", name,
			    len);
	if (rc)
		kernel_free(out);
	return rc;
}

void kernel_free(struct kernel *k)
{
	payload_free(k->unpacked, k->unpacked_len);
	memset(k, 0, sizeof(*k));
}
