/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Left out: what leaves user mode (SYSCALL, SYSENTER), what no two machines
 * answer alike (CPUID, RDTSC), what UMIP or the host's kernel emulates (SGDT,
 * SIDT, SLDT, STR, SMSW), and FS, which holds the test's own thread.
 */
#include "tests/unit/native/template.h"

enum {
	CF = 1,
	PF = 4,
	AF = 0x10,
	ZF = 0x40,
	SF = 0x80,
	OF = 0x800,
	U_MUL = SF | ZF | AF | PF,
	U_DIV = U_MUL | OF | CF,
	U_SHIFT = OF | AF,
	U_BIT = OF | SF | AF | PF,
	U_SCAN = U_BIT | CF,
};

#define V     (T_O16 | T_W)
#define MV    (T_M | V)
#define ONE   .count = 1, .ext = -1, .last = -1
#define RANGE .ext = -1, .last = -1
/* The six encodings of an ALU operation. */
#define ALU(n, text, lock, undef)                                                             \
	{text, 0, 0, (n)*8, ONE, .size = 1, .flags = T_M | (lock), .undefined = undef},       \
		{text, 0, 0, (n)*8 + 1, ONE, .flags = MV | (lock), .undefined = undef},       \
		{text, 0, 0, (n)*8 + 2, ONE, .size = 1, .flags = T_M, .undefined = undef},    \
		{text, 0, 0, (n)*8 + 3, ONE, .flags = MV, .undefined = undef},                \
		{text, 0, 0, (n)*8 + 4, ONE, .flags = T_IB, .undefined = undef},              \
		{text, 0, 0, (n)*8 + 5, ONE, .flags = T_IZ | V, .undefined = undef},          \
		{text,                                                                        \
		 0,                                                                           \
		 0,                                                                           \
		 0x80,                                                                        \
		 1,                                                                           \
		 n,                                                                           \
		 n,                                                                           \
		 .size = 1,                                                                   \
		 .flags = T_M | T_IB | (lock),                                                \
		 .undefined = undef},                                                         \
		{text, 0, 0, 0x81, 1, n, n, .flags = MV | T_IZ | (lock), .undefined = undef}, \
		{text,                                                                        \
		 0,                                                                           \
		 0,                                                                           \
		 0x82,                                                                        \
		 1,                                                                           \
		 n,                                                                           \
		 n,                                                                           \
		 .size = 1,                                                                   \
		 .flags = T_M | T_IB | T_NO64 | (lock),                                       \
		 .undefined = undef},                                                         \
	{                                                                                     \
		text, 0, 0, 0x83, 1, n, n, .flags = MV | T_IB | (lock), .undefined = undef    \
	}
/* A shift by an immediate, by one, by CL. */
#define SHIFT(n, text, undef)                                                                       \
	{text, 0, 0, 0xc0, 1, n, n, .size = 1, .flags = T_M | T_IB, .undefined = undef},            \
		{text, 0, 0, 0xc1, 1, n, n, .flags = MV | T_IB, .undefined = undef},                \
		{text, 0, 0, 0xd0, 1, n, n, .size = 1, .flags = T_M, .undefined = (undef) & ~OF},   \
		{text, 0, 0, 0xd1, 1, n, n, .flags = MV, .undefined = (undef) & ~OF},               \
		{text, 0, 0, 0xd2, 1, n, n, .size = 1, .flags = T_M | T_COUNT, .undefined = undef}, \
	{                                                                                           \
		text, 0, 0, 0xd3, 1, n, n, .flags = MV | T_COUNT, .undefined = undef                \
	}
/* SSE: by prefix; RANGE of opcodes with both forms, registers only, memory only. */
#define SSE(pfx, first, n)                                                               \
	{                                                                                \
		"sse", 1, pfx, first, n, RANGE, .size = 16, .flags = T_M | T_W | T_ALIGN \
	}
#define SSE_R(pfx, first, n)                                                           \
	{                                                                              \
		"sse", 1, pfx, first, n, RANGE, .size = 16, .flags = T_M | T_W | T_REG \
	}
#define SSE_M(pfx, first, n)                                                               \
	{                                                                                  \
		"sse", 1, pfx, first, n, RANGE, .size = 16, .flags = T_M | T_ALIGN | T_MEM \
	}
#define SSE_I(pfx, first, n)                                                              \
	{                                                                                 \
		"sse", 1, pfx, first, n, RANGE, .size = 16, .flags = T_M | T_ALIGN | T_IB \
	}
#define SSE_RI(pfx, first, n)                                               \
	{                                                                   \
		"sse", 1, pfx, first, n, RANGE, .flags = T_M | T_REG | T_IB \
	}
#define SSE_GRP(pfx, op, digit)                                                 \
	{                                                                       \
		"sse", 1, pfx, op, 1, digit, digit, .flags = T_M | T_REG | T_IB \
	}

const struct template templates[] = {
	ALU(0, "add", T_LOCK, 0),
	ALU(1, "or", T_LOCK, AF),
	ALU(2, "adc", T_LOCK, 0),
	ALU(3, "sbb", T_LOCK, 0),
	ALU(4, "and", T_LOCK, AF),
	ALU(5, "sub", T_LOCK, 0),
	ALU(6, "xor", T_LOCK, AF),
	ALU(7, "cmp", 0, 0),
	{"push es", 0, 0, 0x06, ONE, .kind = K_STACK, .flags = T_NO64},
	{"push cs", 0, 0, 0x0e, ONE, .kind = K_STACK, .flags = T_NO64},
	{"push ss", 0, 0, 0x16, ONE, .kind = K_STACK, .flags = T_NO64},
	{"push ds", 0, 0, 0x1e, ONE, .kind = K_STACK, .flags = T_NO64},
	{"pop es", 0, 0, 0x07, ONE, .kind = K_POPSEG, .flags = T_NO64},
	{"pop ds", 0, 0, 0x1f, ONE, .kind = K_POPSEG, .flags = T_NO64},
	{"daa", 0, 0, 0x27, ONE, .flags = T_NO64, .undefined = OF},
	{"das", 0, 0, 0x2f, ONE, .flags = T_NO64, .undefined = OF},
	{"aaa", 0, 0, 0x37, ONE, .flags = T_NO64, .undefined = OF | SF | ZF | PF},
	{"aas", 0, 0, 0x3f, ONE, .flags = T_NO64, .undefined = OF | SF | ZF | PF},
	{"inc, dec", 0, 0, 0x40, 16, RANGE, .flags = T_NO64 | T_O16},
	{"push, pop", 0, 0, 0x50, 16, RANGE, .kind = K_STACK, .flags = T_O16},
	{"pusha, popa", 0, 0, 0x60, 2, RANGE, .kind = K_STACK_ALL, .flags = T_O16 | T_NO64},
	{"bound", 0, 0, 0x62, ONE, .flags = T_M | T_MEM | T_O16 | T_NO64, .size = 8},
	{"movsxd", 0, 0, 0x63, ONE, .flags = MV | T_ONLY64, .size = 4},
	{"arpl", 0, 0, 0x63, ONE, .flags = T_M | T_NO64, .size = 2},
	{"push imm", 0, 0, 0x68, ONE, .kind = K_STACK, .flags = T_O16 | T_IZ},
	{"imul", 0, 0, 0x69, ONE, .flags = MV | T_IZ, .undefined = U_MUL},
	{"push imm", 0, 0, 0x6a, ONE, .kind = K_STACK, .flags = T_O16 | T_IB},
	{"imul", 0, 0, 0x6b, ONE, .flags = MV | T_IB, .undefined = U_MUL},
	{"ins, outs", 0, 0, 0x6c, 4, RANGE, .kind = K_STRING, .flags = T_O16},
	{"jcc", 0, 0, 0x70, 16, RANGE, .kind = K_JUMP8},
	{"test", 0, 0, 0x84, ONE, .flags = T_M, .size = 1, .undefined = AF},
	{"test", 0, 0, 0x85, ONE, .flags = MV, .undefined = AF},
	{"xchg", 0, 0, 0x86, ONE, .flags = T_M | T_LOCK, .size = 1},
	{"xchg", 0, 0, 0x87, ONE, .flags = MV | T_LOCK},
	{"mov", 0, 0, 0x88, ONE, .flags = T_M, .size = 1},
	{"mov", 0, 0, 0x89, ONE, .flags = MV},
	{"mov", 0, 0, 0x8a, ONE, .flags = T_M, .size = 1},
	{"mov", 0, 0, 0x8b, ONE, .flags = MV},
	{"mov from es, cs, ss, ds", 0, 0, 0x8c, 1, 0, 3, .flags = MV | T_NO64, .size = 2},
	{"mov from cs, ss", 0, 0, 0x8c, 1, 1, 2, .flags = MV | T_ONLY64, .size = 2},
	{"mov to es", 0, 0, 0x8e, 1, 0, 0, .kind = K_LOADSEG, .flags = T_M, .size = 2},
	{"mov to ds", 0, 0, 0x8e, 1, 3, 3, .kind = K_LOADSEG, .flags = T_M, .size = 2},
	{"lea", 0, 0, 0x8d, ONE, .flags = MV | T_MEM},
	{"pop", 0, 0, 0x8f, 1, 0, 0, .kind = K_STACK, .flags = T_M | T_O16},
	{"xchg", 0, 0, 0x90, 8, RANGE, .flags = V},
	{"cbw, cwd", 0, 0, 0x98, 2, RANGE, .flags = V},
	{"call far", 0, 0, 0x9a, ONE, .kind = K_FARPTR, .flags = T_NO64},
	{"fwait", 0, 0, 0x9b, ONE},
	{"pushf", 0, 0, 0x9c, ONE, .kind = K_STACK, .flags = T_O16},
	{"popf", 0, 0, 0x9d, ONE, .kind = K_POPF, .flags = T_O16},
	{"sahf, lahf", 0, 0, 0x9e, 2, RANGE},
	{"mov moffs", 0, 0, 0xa0, ONE, .flags = T_MOFFS, .size = 1},
	{"mov moffs", 0, 0, 0xa1, ONE, .flags = T_MOFFS | V},
	{"mov moffs", 0, 0, 0xa2, ONE, .flags = T_MOFFS, .size = 1},
	{"mov moffs", 0, 0, 0xa3, ONE, .flags = T_MOFFS | V},
	{"movs", 0, 0, 0xa4, ONE, .kind = K_STRING, .size = 1},
	{"movs", 0, 0, 0xa5, ONE, .kind = K_STRING, .flags = V},
	{"cmps", 0, 0, 0xa6, ONE, .kind = K_STRING, .size = 1},
	{"cmps", 0, 0, 0xa7, ONE, .kind = K_STRING, .flags = V},
	{"test", 0, 0, 0xa8, ONE, .flags = T_IB, .undefined = AF},
	{"test", 0, 0, 0xa9, ONE, .flags = T_IZ | V, .undefined = AF},
	{"stos", 0, 0, 0xaa, ONE, .kind = K_STRING, .size = 1},
	{"stos", 0, 0, 0xab, ONE, .kind = K_STRING, .flags = V},
	{"lods", 0, 0, 0xac, ONE, .kind = K_STRING, .size = 1},
	{"lods", 0, 0, 0xad, ONE, .kind = K_STRING, .flags = V},
	{"scas", 0, 0, 0xae, ONE, .kind = K_STRING, .size = 1},
	{"scas", 0, 0, 0xaf, ONE, .kind = K_STRING, .flags = V},
	{"mov imm", 0, 0, 0xb0, 8, RANGE, .flags = T_IB},
	{"mov imm", 0, 0, 0xb8, 8, RANGE, .flags = T_IV | V},
	SHIFT(0, "rol", OF),
	SHIFT(1, "ror", OF),
	SHIFT(2, "rcl", OF),
	SHIFT(3, "rcr", OF),
	SHIFT(4, "shl", U_SHIFT),
	SHIFT(5, "shr", U_SHIFT),
	SHIFT(6, "sal", U_SHIFT),
	SHIFT(7, "sar", U_SHIFT),
	{"ret imm", 0, 0, 0xc2, ONE, .kind = K_RET, .flags = T_IW},
	{"ret", 0, 0, 0xc3, ONE, .kind = K_RET},
	{"les, lds", 0, 0, 0xc4, 2, RANGE, .kind = K_FAR, .flags = T_M | T_MEM | T_NO64},
	{"mov imm", 0, 0, 0xc6, 1, 0, 0, .flags = T_M | T_IB, .size = 1},
	{"mov imm", 0, 0, 0xc7, 1, 0, 0, .flags = MV | T_IZ},
	{"enter", 0, 0, 0xc8, ONE, .kind = K_FRAME, .flags = T_IW | T_IB},
	{"leave", 0, 0, 0xc9, ONE, .kind = K_FRAME, .flags = T_O16},
	{"retf imm", 0, 0, 0xca, ONE, .kind = K_RETF, .flags = T_IW | T_W},
	{"retf", 0, 0, 0xcb, ONE, .kind = K_RETF, .flags = T_W},
	{"int3", 0, 0, 0xcc, ONE},
	{"int", 0, 0, 0xcd, ONE, .kind = K_INT, .flags = T_IB},
	{"into", 0, 0, 0xce, ONE, .flags = T_NO64},
	{"iret", 0, 0, 0xcf, ONE, .kind = K_IRET, .flags = T_W},
	{"aam, aad", 0, 0, 0xd4, 2, RANGE, .flags = T_IB | T_NO64, .undefined = OF | AF | CF},
	{"salc", 0, 0, 0xd6, ONE, .flags = T_NO64},
	{"xlat", 0, 0, 0xd7, ONE, .kind = K_XLAT},
	{"loop", 0, 0, 0xe0, 4, RANGE, .kind = K_LOOP},
	{"in, out", 0, 0, 0xe4, 4, RANGE, .flags = T_IB},
	{"call", 0, 0, 0xe8, ONE, .kind = K_CALL},
	{"jmp", 0, 0, 0xe9, ONE, .kind = K_JUMPZ},
	{"jmp far", 0, 0, 0xea, ONE, .kind = K_FARPTR, .flags = T_NO64},
	{"jmp", 0, 0, 0xeb, ONE, .kind = K_JUMP8},
	{"in, out", 0, 0, 0xec, 4, RANGE},
	{"int1", 0, 0, 0xf1, ONE},
	{"hlt", 0, 0, 0xf4, ONE},
	{"cmc", 0, 0, 0xf5, ONE},
	{"test imm", 0, 0, 0xf6, 1, 0, 1, .flags = T_M | T_IB, .size = 1, .undefined = AF},
	{"not, neg", 0, 0, 0xf6, 1, 2, 3, .flags = T_M | T_LOCK, .size = 1},
	{"mul", 0, 0, 0xf6, 1, 4, 5, .flags = T_M, .size = 1, .undefined = U_MUL},
	{"div", 0, 0, 0xf6, 1, 6, 7, .kind = K_DIVIDE, .flags = T_M, .size = 1, .undefined = U_DIV},
	{"test imm", 0, 0, 0xf7, 1, 0, 1, .flags = MV | T_IZ, .undefined = AF},
	{"not, neg", 0, 0, 0xf7, 1, 2, 3, .flags = MV | T_LOCK},
	{"mul", 0, 0, 0xf7, 1, 4, 5, .flags = MV, .undefined = U_MUL},
	{"div", 0, 0, 0xf7, 1, 6, 7, .kind = K_DIVIDE, .flags = MV, .undefined = U_DIV},
	{"clc .. std", 0, 0, 0xf8, 6, RANGE},
	{"inc, dec", 0, 0, 0xfe, 1, 0, 1, .flags = T_M | T_LOCK, .size = 1},
	{"inc, dec", 0, 0, 0xff, 1, 0, 1, .flags = MV | T_LOCK},
	{"call, jmp", 0, 0, 0xff, 1, 2, 2, .kind = K_INDIRECT, .flags = T_M},
	{"jmp", 0, 0, 0xff, 1, 4, 4, .kind = K_INDIRECT, .flags = T_M},
	{"call far, jmp far", 0, 0, 0xff, 1, 3, 3, .kind = K_FAR, .flags = T_M | T_MEM},
	{"jmp far", 0, 0, 0xff, 1, 5, 5, .kind = K_FAR, .flags = T_M | T_MEM},
	{"push", 0, 0, 0xff, 1, 6, 6, .kind = K_STACK, .flags = T_M | T_O16},

	{"lldt, ltr", 1, 0, 0x00, 1, 2, 3, .flags = T_M, .size = 2},
	{"verr, verw", 1, 0, 0x00, 1, 4, 5, .kind = K_SELECTOR, .flags = T_M, .size = 2},
	{"lgdt, lidt", 1, 0, 0x01, 1, 2, 3, .flags = T_M | T_MEM, .size = 10},
	{"lmsw", 1, 0, 0x01, 1, 6, 6, .flags = T_M, .size = 2},
	{"invlpg", 1, 0, 0x01, 1, 7, 7, .flags = T_M | T_MEM, .size = 1},
	{"lar, lsl", 1, 0, 0x02, 2, RANGE, .kind = K_SELECTOR, .flags = MV, .size = 2},
	{"clts", 1, 0, 0x06, ONE},
	{"invd, wbinvd", 1, 0, 0x08, 2, RANGE},
	{"ud2", 1, 0, 0x0b, ONE},
	{"prefetchw", 1, 0, 0x0d, 1, 1, 1, .flags = T_M | T_MEM},
	{"prefetch", 1, 0, 0x18, 1, 0, 3, .flags = T_M | T_MEM},
	{"nop", 1, 0, 0x1f, 1, 0, 0, .flags = MV},
	{"mov cr, dr", 1, 0, 0x20, 4, RANGE, .kind = K_CR, .flags = T_M | T_REG},
	{"pause", 0, 0xf3, 0x90, ONE},
	{"swapgs", 1, 0, 0x01, 1, 7, 7, .rm = 1, .flags = T_M | T_REG | T_ONLY64},
	{"sysret", 1, 0, 0x07, ONE, .flags = T_ONLY64},
	{"wrmsr", 1, 0, 0x30, ONE},
	{"rdpmc", 1, 0, 0x33, ONE},
	{"sysexit", 1, 0, 0x35, ONE},
	{"rdmsr", 1, 0, 0x32, ONE},
	{"cmov", 1, 0, 0x40, 16, RANGE, .flags = MV},
	{"jcc", 1, 0, 0x80, 16, RANGE, .kind = K_JUMPZ},
	{"setcc", 1, 0, 0x90, 16, RANGE, .flags = T_M, .size = 1},
	{"push fs", 1, 0, 0xa0, ONE, .kind = K_STACK},
	{"push gs", 1, 0, 0xa8, ONE, .kind = K_STACK},
	{"bt", 1, 0, 0xa3, ONE, .kind = K_BIT, .flags = MV, .undefined = U_BIT},
	{"shld", 1, 0, 0xa4, ONE, .flags = MV | T_IB, .undefined = U_SHIFT},
	{"shld", 1, 0, 0xa5, ONE, .flags = MV | T_COUNT, .undefined = U_SHIFT},
	{"bts", 1, 0, 0xab, ONE, .kind = K_BIT, .flags = MV | T_LOCK, .undefined = U_BIT},
	{"shrd", 1, 0, 0xac, ONE, .flags = MV | T_IB, .undefined = U_SHIFT},
	{"shrd", 1, 0, 0xad, ONE, .flags = MV | T_COUNT, .undefined = U_SHIFT},
	{"fences", 1, 0, 0xae, 1, 5, 7, .flags = T_M | T_REG, .rm = 1},
	{"clflush", 1, 0, 0xae, 1, 7, 7, .flags = T_M | T_MEM, .size = 1},
	{"imul", 1, 0, 0xaf, ONE, .flags = MV, .undefined = U_MUL},
	{"cmpxchg", 1, 0, 0xb0, ONE, .flags = T_M | T_LOCK, .size = 1},
	{"cmpxchg", 1, 0, 0xb1, ONE, .flags = MV | T_LOCK},
	{"btr", 1, 0, 0xb3, ONE, .kind = K_BIT, .flags = MV | T_LOCK, .undefined = U_BIT},
	{"movzx", 1, 0, 0xb6, ONE, .flags = MV, .size = 1},
	{"movzx", 1, 0, 0xb7, ONE, .flags = MV, .size = 2},
	{"bt imm", 1, 0, 0xba, 1, 4, 4, .flags = MV | T_IB, .undefined = U_BIT},
	{"bts .. imm", 1, 0, 0xba, 1, 5, 7, .flags = MV | T_IB | T_LOCK, .undefined = U_BIT},
	{"btc", 1, 0, 0xbb, ONE, .kind = K_BIT, .flags = MV | T_LOCK, .undefined = U_BIT},
	{"bsf, bsr", 1, 0, 0xbc, 2, RANGE, .flags = MV, .undefined = U_SCAN},
	{"movsx", 1, 0, 0xbe, ONE, .flags = MV, .size = 1},
	{"movsx", 1, 0, 0xbf, ONE, .flags = MV, .size = 2},
	{"xadd", 1, 0, 0xc0, ONE, .flags = T_M | T_LOCK, .size = 1},
	{"xadd", 1, 0, 0xc1, ONE, .flags = MV | T_LOCK},
	{"movnti", 1, 0, 0xc3, ONE, .flags = T_M | T_MEM | T_W},
	{"cmpxchg8b", 1, 0, 0xc7, 1, 1, 1, .flags = T_M | T_MEM | T_LOCK | T_W | T_ALIGN,
	 .size = 16},
	{"bswap", 1, 0, 0xc8, 8, RANGE, .flags = V},

	SSE(0, 0x10, 3),
	SSE_M(0, 0x13, 1),
	SSE(0, 0x14, 3),
	SSE_M(0, 0x17, 1),
	SSE(0, 0x28, 3),
	SSE_M(0, 0x2b, 1),
	SSE(0, 0x2c, 4),
	SSE_R(0, 0x50, 1),
	SSE(0, 0x51, 15),
	SSE(0, 0x60, 12),
	SSE(0, 0x6e, 2),
	SSE_I(0, 0x70, 1),
	SSE_GRP(0, 0x71, 2),
	SSE_GRP(0, 0x71, 4),
	SSE_GRP(0, 0x71, 6),
	SSE_GRP(0, 0x72, 2),
	SSE_GRP(0, 0x72, 4),
	SSE_GRP(0, 0x72, 6),
	SSE_GRP(0, 0x73, 2),
	SSE_GRP(0, 0x73, 6),
	SSE(0, 0x74, 3),
	{"emms", 1, 0, 0x77, ONE},
	SSE(0, 0x7e, 2),
	SSE_I(0, 0xc2, 1),
	SSE_I(0, 0xc4, 1),
	SSE_RI(0, 0xc5, 1),
	SSE_I(0, 0xc6, 1),
	SSE(0, 0xd1, 5),
	SSE_R(0, 0xd7, 1),
	SSE(0, 0xd8, 14),
	SSE_M(0, 0xe7, 1),
	SSE(0, 0xe8, 8),
	SSE(0, 0xf1, 6),
	{"maskmovq", 1, 0, 0xf7, ONE, .kind = K_MASK, .flags = T_M | T_REG},
	SSE(0, 0xf8, 7),

	SSE(0x66, 0x10, 2),
	SSE_M(0x66, 0x12, 2),
	SSE(0x66, 0x14, 2),
	SSE_M(0x66, 0x16, 2),
	SSE(0x66, 0x28, 3),
	SSE_M(0x66, 0x2b, 1),
	SSE(0x66, 0x2c, 4),
	SSE_R(0x66, 0x50, 1),
	SSE(0x66, 0x51, 1),
	SSE(0x66, 0x54, 12),
	SSE(0x66, 0x60, 16),
	SSE_I(0x66, 0x70, 1),
	SSE_GRP(0x66, 0x71, 2),
	SSE_GRP(0x66, 0x71, 4),
	SSE_GRP(0x66, 0x71, 6),
	SSE_GRP(0x66, 0x72, 2),
	SSE_GRP(0x66, 0x72, 4),
	SSE_GRP(0x66, 0x72, 6),
	SSE_GRP(0x66, 0x73, 2),
	SSE_GRP(0x66, 0x73, 3),
	SSE_GRP(0x66, 0x73, 6),
	SSE_GRP(0x66, 0x73, 7),
	SSE(0x66, 0x74, 3),
	SSE(0x66, 0x7e, 2),
	SSE_I(0x66, 0xc2, 1),
	SSE_I(0x66, 0xc4, 1),
	SSE_RI(0x66, 0xc5, 1),
	SSE_I(0x66, 0xc6, 1),
	SSE(0x66, 0xd1, 6),
	SSE_R(0x66, 0xd7, 1),
	SSE(0x66, 0xd8, 15),
	SSE_M(0x66, 0xe7, 1),
	SSE(0x66, 0xe8, 8),
	SSE(0x66, 0xf1, 6),
	{"maskmovdqu", 1, 0x66, 0xf7, ONE, .kind = K_MASK, .flags = T_M | T_REG},
	SSE(0x66, 0xf8, 7),

	SSE(0xf3, 0x10, 2),
	SSE(0xf3, 0x2a, 1),
	SSE(0xf3, 0x2c, 2),
	SSE(0xf3, 0x51, 3),
	SSE(0xf3, 0x58, 8),
	SSE(0xf3, 0x6f, 1),
	SSE_I(0xf3, 0x70, 1),
	SSE(0xf3, 0x7e, 2),
	SSE_I(0xf3, 0xc2, 1),
	SSE_R(0xf3, 0xd6, 1),
	SSE(0xf3, 0xe6, 1),
	SSE(0xf2, 0x10, 2),
	SSE(0xf2, 0x2a, 1),
	SSE(0xf2, 0x2c, 2),
	SSE(0xf2, 0x51, 1),
	SSE(0xf2, 0x58, 3),
	SSE(0xf2, 0x5c, 4),
	SSE_I(0xf2, 0x70, 1),
	SSE_I(0xf2, 0xc2, 1),
	SSE_R(0xf2, 0xd6, 1),
	SSE(0xf2, 0xe6, 1),

	{"fxsave", 1, 0, 0xae, 1, 0, 0, .flags = T_M | T_MEM | T_W | T_ALIGN, .size = 255},
	{"fxrstor", 1, 0, 0xae, 1, 1, 1, .kind = K_FXRSTOR, .flags = T_M | T_MEM | T_W | T_ALIGN,
	 .size = 255},
	{"ldmxcsr", 1, 0, 0xae, 1, 2, 2, .kind = K_LDMXCSR, .flags = T_M | T_MEM, .size = 4},
	{"stmxcsr", 1, 0, 0xae, 1, 3, 3, .flags = T_M | T_MEM, .size = 4},

	/* x87: memory forms, but FISTTP of SSE3; register forms. */
	{"x87 m32", 0, 0, 0xd8, 1, 0, 7, .flags = T_M | T_MEM, .size = 4},
	{"x87 d9", 0, 0, 0xd9, 1, 0, 7, .flags = T_M | T_MEM | T_O16, .size = 28},
	{"x87 i32", 0, 0, 0xda, 1, 0, 7, .flags = T_M | T_MEM, .size = 4},
	{"x87 db", 0, 0, 0xdb, 1, 0, 0, .flags = T_M | T_MEM, .size = 4},
	{"x87 db", 0, 0, 0xdb, 1, 2, 7, .flags = T_M | T_MEM, .size = 10},
	{"x87 m64", 0, 0, 0xdc, 1, 0, 7, .flags = T_M | T_MEM, .size = 8},
	{"x87 dd", 0, 0, 0xdd, 1, 0, 0, .flags = T_M | T_MEM, .size = 8},
	{"x87 dd", 0, 0, 0xdd, 1, 2, 7, .flags = T_M | T_MEM | T_O16, .size = 108},
	{"x87 i16", 0, 0, 0xde, 1, 0, 7, .flags = T_M | T_MEM, .size = 2},
	{"x87 df", 0, 0, 0xdf, 1, 0, 0, .flags = T_M | T_MEM, .size = 2},
	{"x87 df", 0, 0, 0xdf, 1, 2, 7, .flags = T_M | T_MEM, .size = 10},
	{"x87 reg", 0, 0, 0xd8, 8, 0, 7, .flags = T_M | T_REG},
};
const unsigned ntemplates = sizeof(templates) / sizeof(templates[0]);
