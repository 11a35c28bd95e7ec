// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The decoder against Zydis: the same lengths over the code of the C library,
 * and #UD for exactly what taiki-base does not have.
 */
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <Zydis/Zydis.h>

#include "hvcore/vmm/engine/soft/decode.h"

static const char libc_path[] = "/lib/x86_64-linux-gnu/libc.so.6";

/* missing() - Whether the processor of taiki-base refuses @z.  What it takes for a hint, it has. */
static bool missing(const ZydisDecodedInstruction *z)
{
	if (z->mnemonic == ZYDIS_MNEMONIC_UD0 || z->mnemonic == ZYDIS_MNEMONIC_UD1 ||
	    z->mnemonic == ZYDIS_MNEMONIC_UD2)
		return true;
	switch (z->meta.isa_set) {
	case ZYDIS_ISA_SET_I86:
	case ZYDIS_ISA_SET_I186:
	case ZYDIS_ISA_SET_I286PROTECTED:
	case ZYDIS_ISA_SET_I286REAL:
	case ZYDIS_ISA_SET_I386:
	case ZYDIS_ISA_SET_I486:
	case ZYDIS_ISA_SET_I486REAL:
	case ZYDIS_ISA_SET_PENTIUMREAL:
	case ZYDIS_ISA_SET_PENTIUMMMX:
	case ZYDIS_ISA_SET_PPRO:
	case ZYDIS_ISA_SET_LONGMODE:
	case ZYDIS_ISA_SET_CMPXCHG16B:
	case ZYDIS_ISA_SET_CMOV:
	case ZYDIS_ISA_SET_FCMOV:
	case ZYDIS_ISA_SET_LAHF:
	case ZYDIS_ISA_SET_RDPMC:
	case ZYDIS_ISA_SET_RDTSCP:
	case ZYDIS_ISA_SET_CLFSH:
	case ZYDIS_ISA_SET_X87:
	case ZYDIS_ISA_SET_FXSAVE:
	case ZYDIS_ISA_SET_FXSAVE64:
	case ZYDIS_ISA_SET_SSE:
	case ZYDIS_ISA_SET_SSEMXCSR:
	case ZYDIS_ISA_SET_SSE2:
	case ZYDIS_ISA_SET_SSE2MMX:
	/* Long NOPs and prefetches; TZCNT and LZCNT, which are BSF and BSR there. */
	case ZYDIS_ISA_SET_FAT_NOP:
	case ZYDIS_ISA_SET_PAUSE:
	case ZYDIS_ISA_SET_PREFETCH_NOP:
	case ZYDIS_ISA_SET_SSE_PREFETCH:
	case ZYDIS_ISA_SET_PREFETCHWT1:
	case ZYDIS_ISA_SET_AMD3DNOW:
	case ZYDIS_ISA_SET_MPX:
	case ZYDIS_ISA_SET_CLDEMOTE:
	case ZYDIS_ISA_SET_LZCNT: return false;
	case ZYDIS_ISA_SET_CET:
		return z->mnemonic != ZYDIS_MNEMONIC_ENDBR64 &&
		       z->mnemonic != ZYDIS_MNEMONIC_ENDBR32 &&
		       z->mnemonic != ZYDIS_MNEMONIC_RDSSPD && z->mnemonic != ZYDIS_MNEMONIC_RDSSPQ;
	case ZYDIS_ISA_SET_BMI1: return z->mnemonic != ZYDIS_MNEMONIC_TZCNT;
	default: return true;
	}
}

/* compare() - One instruction at @p; returns its length to go on. */
static unsigned compare(const ZydisDecoder *zd, const uint8_t *p, size_t left, unsigned mode,
			unsigned *seen, unsigned *refused)
{
	ZydisDecodedInstruction z;
	struct decoded d;
	unsigned len;

	if (ZYAN_FAILED(ZydisDecoderDecodeInstruction(zd, NULL, p, left, &z)))
		return 1;
	len = decode(p, left < INSN_BYTES_MAX ? left : INSN_BYTES_MAX, mode, &d);
	if (missing(&z)) {
		if (d.insn.fn != op_ud)
			fail_msg("%s at %p should be refused: %02x %02x %02x %02x",
				 ZydisMnemonicGetString(z.mnemonic), (const void *)p, p[0], p[1],
				 p[2], p[3]);
		++*refused;
		return z.length;
	}
	if (len != z.length || d.insn.fn == op_ud || d.insn.len != len)
		fail_msg("%s: %u bytes by Zydis, %u here%s: %02x %02x %02x %02x %02x %02x",
			 ZydisMnemonicGetString(z.mnemonic), z.length, len,
			 d.insn.fn == op_ud ? ", refused" : "", p[0], p[1], p[2], p[3], p[4], p[5]);
	++*seen;
	return z.length;
}

static const uint8_t *map_text(size_t *len)
{
	int fd = open(libc_path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	const uint8_t *p;
	const Elf64_Ehdr *eh;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	close(fd);
	eh = (const Elf64_Ehdr *)p;
	for (unsigned n = 0; n < eh->e_phnum; n++) {
		const Elf64_Phdr *ph = (const Elf64_Phdr *)(p + eh->e_phoff) + n;

		if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X)) {
			*len = ph->p_filesz;
			return p + ph->p_offset;
		}
	}
	fail_msg("%s has no code", libc_path);
	return NULL;
}

/* The whole of the library's code, in 64-bit mode. */
static void libc_lengths(void **state)
{
	ZydisDecoder zd;
	size_t len = 0, at = 0;
	const uint8_t *text = map_text(&len);
	unsigned seen = 0, refused = 0;

	ZydisDecoderInit(&zd, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	while (at < len)
		at += compare(&zd, text + at, len - at, MODE_CODE64, &seen, &refused);
	print_message("%u instructions, %u refused\n", seen, refused);
	assert_true(seen > 100000);
	assert_true(refused > 1000);
}

/* An instruction that goes beyond what is readable is not decoded, at any cut. */
static void cut_short(void **state)
{
	static const uint8_t code[] = {0x67, 0x48, 0xc7, 0x84, 0x8b, 1, 2, 3, 4, 5, 6, 7, 8};
	struct decoded d;

	for (unsigned n = 0; n < sizeof(code); n++)
		assert_int_equal(decode(code, n, MODE_CODE64, &d), 0);
	assert_int_equal(decode(code, sizeof(code), MODE_CODE64, &d), sizeof(code));
}

/* Fifteen bytes are an instruction, sixteen are #GP. */
static void too_long(void **state)
{
	uint8_t code[16];
	struct decoded d;

	memset(code, 0x66, sizeof(code));
	code[14] = 0x90;
	assert_int_equal(decode(code, 16, MODE_CODE64, &d), 15);
	assert_ptr_equal(d.insn.fn, op_nop);
	code[14] = 0x66;
	code[15] = 0x90;
	assert_int_equal(decode(code, 16, MODE_CODE64, &d), 15);
	assert_ptr_equal(d.insn.fn, op_gp);
}

/* LOCK is for memory destinations of certain instructions only. */
static void lock_prefix(void **state)
{
	static const struct {
		uint8_t code[6];
		bool allowed;
	} cases[] = {
		{{0xf0, 0x01, 0x03}, true},          /* add %eax, (%rbx) */
		{{0xf0, 0x01, 0xc3}, false},         /* add %eax, %ebx */
		{{0xf0, 0x03, 0x03}, false},         /* add (%rbx), %eax */
		{{0xf0, 0x39, 0x03}, false},         /* cmp %eax, (%rbx) */
		{{0xf0, 0x89, 0x03}, false},         /* mov */
		{{0xf0, 0x87, 0x03}, true},          /* xchg */
		{{0xf0, 0xff, 0x03}, true},          /* incl (%rbx) */
		{{0xf0, 0xf7, 0x1b}, true},          /* negl (%rbx) */
		{{0xf0, 0x0f, 0xb1, 0x03}, true},    /* cmpxchg */
		{{0xf0, 0x0f, 0xab, 0x03}, true},    /* bts */
		{{0xf0, 0x0f, 0xa3, 0x03}, false},   /* bt */
		{{0xf0, 0x0f, 0xba, 0x2b, 1}, true}, /* btsl $1, (%rbx) */
		{{0xf0, 0x0f, 0xc7, 0x0b}, true},    /* cmpxchg8b */
		{{0xf0, 0x90}, false},
	};
	struct decoded d;

	for (unsigned n = 0; n < sizeof(cases) / sizeof(cases[0]); n++) {
		decode(cases[n].code, sizeof(cases[n].code), MODE_CODE64, &d);
		if ((d.insn.fn != op_ud) != cases[n].allowed)
			fail_msg("case %u", n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libc_lengths),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(too_long),
		cmocka_unit_test(lock_prefix),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("the decoder", tests, NULL, NULL);
}
