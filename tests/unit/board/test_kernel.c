// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernel images, made here: ELF in both classes, bzImages in every packing,
 * and the same cut at every byte.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "hvcore/vmm/kernel.h"

enum { TEXT = 5000, LIMIT = 64 << 20 };

struct elf64 {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	struct {
		uint32_t namesz, descsz, type;
		char name[4];
		uint64_t desc;
	} note;
	uint8_t text[TEXT];
};

static void fill64(struct elf64 *e)
{
	memset(e, 0, sizeof(*e));
	memcpy(e->eh.e_ident, ELFMAG, SELFMAG);
	e->eh.e_ident[EI_CLASS] = ELFCLASS64;
	e->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	e->eh.e_machine = EM_X86_64;
	e->eh.e_phoff = offsetof(struct elf64, ph);
	e->eh.e_phentsize = sizeof(Elf64_Phdr);
	e->eh.e_phnum = 2;
	e->ph[0] = (Elf64_Phdr){
		.p_type = PT_NOTE,
		.p_offset = offsetof(struct elf64, note),
		.p_filesz = sizeof(e->note),
		.p_align = 4,
	};
	e->ph[1] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_offset = offsetof(struct elf64, text),
		.p_paddr = 0x1000000,
		.p_filesz = TEXT,
		.p_memsz = 2 * TEXT,
	};
	e->note.namesz = 4;
	e->note.descsz = 8;
	e->note.type = 18;
	memcpy(e->note.name, "Xen", 4);
	e->note.desc = 0x1000040;
	for (unsigned i = 0; i < TEXT; i++)
		e->text[i] = (uint8_t)(i * 7 + i / 256);
}

static int parse(const void *image, size_t len, struct kernel *k, struct hv_error *err)
{
	/* In a block of its own, so that the sanitizer sees a read beyond it. */
	uint8_t *copy = malloc(len ? len : 1);
	int rc;

	memcpy(copy, image, len);
	rc = kernel_parse(copy, len, LIMIT, "test", k, err);
	if (!rc && k->unpacked)
		assert_memory_equal(k->seg[0].data, ((struct elf64 *)k->unpacked)->text, TEXT);
	free(copy);
	return rc;
}

static void refuse(const void *image, size_t len, const char *word)
{
	struct hv_error err = {.text = ""};
	struct kernel k;

	assert_int_not_equal(parse(image, len, &k, &err), 0);
	if (!strstr(err.text, word))
		fail_msg("\"%s\" does not say \"%s\"", err.text, word);
	assert_null(k.unpacked);
}

static void elf64_is_understood(void **state)
{
	struct hv_error err;
	struct kernel k;
	struct elf64 e;

	fill64(&e);
	assert_int_equal(parse(&e, sizeof(e), &k, &err), 0);
	assert_int_equal(k.entry, 0x1000040);
	assert_int_equal(k.nsegs, 1);
	assert_int_equal(k.seg[0].paddr, 0x1000000);
	assert_int_equal(k.seg[0].filesz, TEXT);
	assert_int_equal(k.seg[0].memsz, 2 * TEXT);
	kernel_free(&k);
}

static void elf32_is_understood(void **state)
{
	struct {
		Elf32_Ehdr eh;
		Elf32_Phdr ph[2];
		uint32_t note[5];
		uint8_t text[16];
	} e = {0};
	struct hv_error err;
	struct kernel k;

	memcpy(e.eh.e_ident, ELFMAG, SELFMAG);
	e.eh.e_ident[EI_CLASS] = ELFCLASS32;
	e.eh.e_ident[EI_DATA] = ELFDATA2LSB;
	e.eh.e_machine = EM_386;
	e.eh.e_phoff = sizeof(e.eh);
	e.eh.e_phentsize = sizeof(Elf32_Phdr);
	e.eh.e_phnum = 2;
	e.ph[0] = (Elf32_Phdr){
		.p_type = PT_LOAD,
		.p_offset = sizeof(e) - 16,
		.p_paddr = 0x100000,
		.p_filesz = 16,
		.p_memsz = 16,
	};
	e.ph[1] = (Elf32_Phdr){
		.p_type = PT_NOTE,
		.p_offset = sizeof(e.eh) + sizeof(e.ph),
		.p_filesz = sizeof(e.note),
		.p_align = 4,
	};
	e.note[0] = 4;
	e.note[1] = 4;
	e.note[2] = 18;
	memcpy(&e.note[3], "Xen", 4);
	e.note[4] = 0x100004;
	assert_int_equal(parse(&e, sizeof(e), &k, &err), 0);
	assert_int_equal(k.entry, 0x100004);
	kernel_free(&k);
}

static void without_the_note_it_says_so(void **state)
{
	struct elf64 e;

	fill64(&e);
	e.note.type = 17;
	refuse(&e, sizeof(e), "PVH");
	fill64(&e);
	e.ph[0].p_type = PT_NULL;
	refuse(&e, sizeof(e), "PVH");
	fill64(&e);
	e.note.desc = 1ULL << 32; /* not a 32-bit address */
	refuse(&e, sizeof(e), "PVH");
	fill64(&e);
	e.note.namesz = 0xfffffff0;
	refuse(&e, sizeof(e), "PVH");
	fill64(&e);
	e.note.descsz = 0xffffffff;
	refuse(&e, sizeof(e), "PVH");
}

static void nonsense_in_headers_is_refused(void **state)
{
	struct elf64 e;

	fill64(&e);
	e.eh.e_machine = EM_AARCH64;
	refuse(&e, sizeof(e), "not for x86");
	fill64(&e);
	e.eh.e_phnum = 0xffff;
	refuse(&e, sizeof(e), "program headers");
	fill64(&e);
	e.eh.e_phoff = ~0ULL - 8;
	refuse(&e, sizeof(e), "cut off");
	fill64(&e);
	e.ph[1].p_filesz = ~0ULL;
	refuse(&e, sizeof(e), "cut off");
	fill64(&e);
	e.ph[1].p_memsz = 1;
	refuse(&e, sizeof(e), "impossible");
	fill64(&e);
	e.ph[1].p_paddr = ~0ULL - 10;
	refuse(&e, sizeof(e), "impossible");
	fill64(&e);
	e.ph[1].p_type = PT_NULL;
	refuse(&e, sizeof(e), "no segment");
	refuse("#!/bin/sh\n", 10, "neither");
	refuse("", 0, "neither");
}

static void every_cut_of_an_elf_is_refused(void **state)
{
	struct elf64 e;

	fill64(&e);
	for (size_t n = 0; n < sizeof(e); n++)
		refuse(&e, n, "kernel test");
}

enum packing { GZIP, XZ, LZMA, ZSTD, LZ4, PACKINGS };

static size_t pack_lzma(const struct elf64 *e, uint8_t *out, size_t size, enum packing how)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_options_lzma o;
	size_t n;

	lzma_lzma_preset(&o, 1);
	assert_int_equal(how == XZ ? lzma_easy_encoder(&z, 1, LZMA_CHECK_CRC32)
				   : lzma_alone_encoder(&z, &o),
			 LZMA_OK);
	z.next_in = (const uint8_t *)e;
	z.avail_in = sizeof(*e);
	z.next_out = out;
	z.avail_out = size;
	assert_int_equal(lzma_code(&z, LZMA_FINISH), LZMA_STREAM_END);
	n = size - z.avail_out;
	lzma_end(&z);
	return n;
}

static size_t pack_gzip(const struct elf64 *e, uint8_t *out, size_t size)
{
	z_stream z = {.next_in = (uint8_t *)e, .avail_in = sizeof(*e)};
	size_t n;

	deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_out = out;
	z.avail_out = (uInt)size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	n = size - z.avail_out;
	deflateEnd(&z);
	return n;
}

static size_t pack_lz4(const struct elf64 *e, uint8_t *out, size_t size)
{
	int n = LZ4_compress_default((const char *)e, (char *)out + 8, sizeof(*e), (int)size - 8);

	memcpy(out, "\x02\x21\x4c\x18", 4);
	for (unsigned i = 0; i < 4; i++)
		out[4 + i] = (uint8_t)(n >> 8 * i);
	return (size_t)n + 8;
}

static size_t pack(const struct elf64 *e, uint8_t *out, size_t size, enum packing how)
{
	switch (how) {
	case GZIP: return pack_gzip(e, out, size);
	case ZSTD: return ZSTD_compress(out, size, e, sizeof(*e), 1);
	case LZ4: return pack_lz4(e, out, size);
	default: return pack_lzma(e, out, size, how);
	}
}

enum { SETUP = 5 * 512, BZ_SIZE = 32768 };

/* One real-mode sector more than the four of old, then the payload and its size. */
static size_t make_bzimage(uint8_t *bz, const struct elf64 *e, enum packing how)
{
	size_t n;
	uint32_t v;

	memset(bz, 0, BZ_SIZE);
	bz[0x1f1] = 4;
	memcpy(bz + 0x202, "HdrS", 4);
	bz[0x206] = 0x0f;
	bz[0x207] = 0x02;
	n = pack(e, bz + SETUP + 32, BZ_SIZE - SETUP - 64, how);
	v = sizeof(*e);
	memcpy(bz + SETUP + 32 + n, &v, 4);
	v = 32;
	memcpy(bz + 0x248, &v, 4);
	v = (uint32_t)n + 4;
	memcpy(bz + 0x24c, &v, 4);
	return SETUP + 32 + n + 4;
}

static void every_packing_is_unpacked(void **state)
{
	uint8_t *bz = malloc(BZ_SIZE);
	struct elf64 e;

	fill64(&e);
	for (enum packing how = 0; how < PACKINGS; how++) {
		struct hv_error err = {.text = ""};
		struct kernel k;
		size_t len = make_bzimage(bz, &e, how);

		if (parse(bz, len, &k, &err))
			fail_msg("packing %d: %s", (int)how, err.text);
		assert_int_equal(k.entry, 0x1000040);
		assert_int_equal(k.unpacked_len, sizeof(e));
		assert_memory_equal(k.unpacked, &e, sizeof(e));
		kernel_free(&k);
	}
	free(bz);
}

static void every_cut_of_a_bzimage_is_refused(void **state)
{
	uint8_t *bz = malloc(BZ_SIZE);
	struct elf64 e;

	fill64(&e);
	for (enum packing how = 0; how < PACKINGS; how++) {
		size_t len = make_bzimage(bz, &e, how);

		for (size_t n = 0; n < len; n += n < SETUP ? 97 : 7)
			refuse(bz, n, "kernel test");
	}
	free(bz);
}

/* The header is right, the payload inside it ends too early. */
static void damaged_payloads_are_refused(void **state)
{
	uint8_t *bz = malloc(BZ_SIZE);
	struct elf64 e;

	fill64(&e);
	for (enum packing how = 0; how < PACKINGS; how++) {
		size_t len = make_bzimage(bz, &e, how);
		uint32_t n;

		memcpy(&n, bz + 0x24c, 4);
		n /= 2;
		memcpy(bz + 0x24c, &n, 4);
		refuse(bz, len, "kernel test");
		len = make_bzimage(bz, &e, how);
		memset(bz + SETUP + 32 + 40, 0x5a, 60);
		refuse(bz, len, "kernel test");
	}
	make_bzimage(bz, &e, GZIP);
	bz[SETUP + 32] = 0;
	refuse(bz, BZ_SIZE, "unknown way");
	make_bzimage(bz, &e, GZIP);
	bz[0x207] = 1;
	refuse(bz, BZ_SIZE, "boot protocol");
	free(bz);
}

/* A small file may not fill the host. */
static void bombs_are_bounded(void **state)
{
	size_t size = 80 << 20, room = 4 << 20;
	uint8_t *zeroes = calloc(1, size), *packed = malloc(room), *out;
	const char *what;
	size_t n = ZSTD_compress(packed, room, zeroes, size, 1), len;

	assert_false(ZSTD_isError(n));
	assert_int_equal(payload_unpack(packed, n, LIMIT, &out, &len, &what), -EFBIG);
	assert_null(out);
	assert_int_equal(payload_unpack(packed, n, size, &out, &len, &what), 0);
	assert_int_equal(len, size);
	payload_free(out, len);
	free(zeroes);
	free(packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elf64_is_understood),
		cmocka_unit_test(elf32_is_understood),
		cmocka_unit_test(without_the_note_it_says_so),
		cmocka_unit_test(nonsense_in_headers_is_refused),
		cmocka_unit_test(every_cut_of_an_elf_is_refused),
		cmocka_unit_test(every_packing_is_unpacked),
		cmocka_unit_test(every_cut_of_a_bzimage_is_refused),
		cmocka_unit_test(damaged_payloads_are_refused),
		cmocka_unit_test(bombs_are_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
