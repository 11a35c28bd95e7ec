// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thunks of SLOW_CALL (cpu.h): call a C function and keep every integer
 * register but RAX.  A fault leaves by longjmp, so nothing here needs undoing.
 */
#include "hvcore/vmm/engine/soft/insn.h"

#ifndef SOFT_LOOP
#define THUNK(name)                                                                            \
	__asm__(".text\n\t.p2align 4\n\t.globl " #name "_thunk\n\t.hidden " #name "_thunk\n\t" \
		".type " #name "_thunk, @function\n" #name "_thunk:\n\t"                       \
		"push %rbp\n\tmov %rsp, %rbp\n\t"                                              \
		"push %rdi\n\tpush %rsi\n\tpush %rdx\n\tpush %rcx\n\t"                         \
		"push %r8\n\tpush %r9\n\tpush %r10\n\tpush %r11\n\t"                           \
		"and $-16, %rsp\n\tcall " #name "\n\t"                                         \
		"lea -64(%rbp), %rsp\n\t"                                                      \
		"pop %r11\n\tpop %r10\n\tpop %r9\n\tpop %r8\n\t"                               \
		"pop %rcx\n\tpop %rdx\n\tpop %rsi\n\tpop %rdi\n\tpop %rbp\n\tret\n\t"          \
		".size " #name "_thunk, . - " #name "_thunk")

THUNK(mem_read_slow);
THUNK(mem_write_slow);
THUNK(mem_read16_slow);
THUNK(mem_write16_slow);
THUNK(mem_rmw_slow);
THUNK(mem_rmw_store);
THUNK(ea_general);
#endif
