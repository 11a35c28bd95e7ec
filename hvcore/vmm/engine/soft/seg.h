/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Segments, privilege and transfers between them: what is behind far
 * branches, interrupts and legacy addressing.
 */
#ifndef SOFT_SEG_H
#define SOFT_SEG_H

#include "hvcore/vmm/engine/soft/insn.h"

enum { /* struct seg's attr */
       SEG_TYPE = 15,
       SEG_ACCESSED = 1,
       SEG_WRITE = 2, /* data: writable; code: readable */
       SEG_DOWN = 4,  /* data: expands down; code: conforming */
       SEG_CODE = 8,
       SEG_S = 1 << 4, /* code or data, not system */
       SEG_DPL_SHIFT = 5,
       SEG_P = 1 << 7,
       SEG_AVL = 1 << 12,
       SEG_L = 1 << 13,
       SEG_DB = 1 << 14,
       SEG_G = 1 << 15,
       SEG_UNUSABLE = 1 << 8, /* ours: loaded with a null selector */
};

/* A descriptor read from GDT, LDT or IDT. */
struct desc {
	uint64_t lo, hi; /* hi: the second half of a 16-byte one */
	uint64_t addr;   /* where it was read */
};

/*
 * seg_linear() - The linear address of @off in @seg for an access of @size
 * bytes, checked as the mode demands: #GP(0) or #SS(0).
 */
uint64_t seg_linear(struct cpu *c, struct insn *i, unsigned seg, uint64_t off, unsigned size,
		    bool write);

/* ea_truncate() - @ea within @i's address size. */
HOT uint64_t ea_truncate(const struct insn *i, uint64_t ea)
{
	if (i->flags & INSN_ADDR32)
		return (uint32_t)ea;
	return i->flags & INSN_ADDR16 ? (uint16_t)ea : ea;
}

/* seg_real() - Load @seg as real mode does. */
void seg_real(struct cpu *c, unsigned seg, uint16_t sel);
/* seg_load() - MOV/POP/LxS to a data segment register or SS, any mode. */
void seg_load(struct cpu *c, struct insn *i, unsigned seg, uint16_t sel);
/* seg_set() - The hidden part from descriptor @lo (not LDTR/TR in long mode: base's high half stays). */
void seg_set(struct seg *s, uint16_t sel, uint64_t lo);
/* desc_read() - The descriptor of @sel: false if outside its table. */
bool desc_read(struct cpu *c, struct insn *i, uint16_t sel, struct desc *d);
/* desc_accessed() - Set the accessed bit (or busy: @bits) in memory. */
void desc_mark(struct cpu *c, struct insn *i, const struct desc *d, unsigned bits);

HOT unsigned desc_attr(uint64_t lo)
{
	return lo >> 40 & 0xf0ff;
}
HOT unsigned desc_dpl(uint64_t lo)
{
	return lo >> 45 & 3;
}

/*
 * far_jump(), far_call(), far_ret(), iret() - Transfers to @sel:@ip; @bits is
 * the operand size.  They end with REG_IP, CS and mode set and return to the loop.
 */
void far_jump(struct cpu *c, struct insn *i, uint16_t sel, uint64_t ip, unsigned bits);
void far_call(struct cpu *c, struct insn *i, uint16_t sel, uint64_t ip, unsigned bits);
void far_ret(struct cpu *c, struct insn *i, unsigned bits, unsigned pop, bool iret);

/* A stack of another privilege, being filled before it is switched to. */
struct inner {
	struct seg ss;
	uint64_t sp, mask;
	bool supervisor; /* pushes are supervisor accesses */
};
/* stack_switch() - The stack that the TSS holds for @cpl; inner_push() - onto it. */
void stack_switch(struct cpu *c, struct insn *i, unsigned cpl, struct inner *n);
void inner_push(struct cpu *c, struct insn *i, struct inner *n, unsigned bits, uint64_t v);

/* interrupt() - Deliver @vector through the IDT; @soft: INT n; pushes c->fault_ip as return address. */
void interrupt(struct cpu *c, unsigned vector, bool soft, bool has_error, uint32_t error);

/* cpu_set_cpl(), cpu_update() - After CPL; after CR0, CR4, EFER or CS changed. */
void cpu_set_cpl(struct cpu *c, unsigned cpl);
void cpu_update(struct cpu *c);
/* cpu_flags_loaded() - After EFLAGS were loaded: TF, IF and pending events. */
void cpu_flags_loaded(struct cpu *c);

/* stack_*() - PUSH and POP in any mode, through SS. */
struct stack {
	uint64_t sp;   /* moves; the caller stores it when all is done */
	uint64_t mask; /* by SS.B, or all in 64-bit mode */
};
struct stack stack_begin(struct cpu *c);
void stack_push(struct cpu *c, struct insn *i, struct stack *s, unsigned bits, uint64_t v);
uint64_t stack_pop(struct cpu *c, struct insn *i, struct stack *s, unsigned bits);
void stack_end(struct cpu *c, const struct stack *s);

HOT bool mode_is64(const struct cpu *c)
{
	return (c->mode & MODE_SIZE) == MODE_CODE64;
}

/* resume() - End the block here; go on behind @i by address. */
struct insn *resume(struct cpu *c, struct insn *i);
/* insns_left() - Instructions of the block behind @i. */
unsigned insns_left(const struct insn *i);

#endif
