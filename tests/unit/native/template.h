/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The instructions of the user's architecture, as encodings. */
#ifndef TESTS_NATIVE_TEMPLATE_H
#define TESTS_NATIVE_TEMPLATE_H

#include <stdint.h>

enum {                    /* template.flags */
       T_M = 1 << 0,      /* ModRM */
       T_REG = 1 << 1,    /* register form only */
       T_MEM = 1 << 2,    /* memory form only */
       T_IB = 1 << 3,     /* immediate: 8 bits */
       T_IW = 1 << 4,     /* 16 bits */
       T_IZ = 1 << 5,     /* by operand size, at most 32 bits */
       T_IV = 1 << 6,     /* by operand size */
       T_O16 = 1 << 7,    /* an operand-size prefix may stand */
       T_W = 1 << 8,      /* REX.W may stand */
       T_LOCK = 1 << 9,   /* LOCK may stand, with memory */
       T_ALIGN = 1 << 10, /* memory mostly aligned to 16 */
       T_NO64 = 1 << 11,
       T_ONLY64 = 1 << 12,
       T_MOFFS = 1 << 13, /* an address of the address size */
       T_COUNT = 1 << 14, /* CL counts: small values matter */
};

enum kind { /* what has to be prepared, or follows */
	    K_PLAIN,
	    K_STRING,    /* rSI, rDI, rCX; REP */
	    K_STACK,     /* rSP */
	    K_STACK_ALL, /* rSP, and no fault: how far it then came is the processor's affair */
	    K_JUMP8,     /* relative, forward */
	    K_JUMPZ,
	    K_CALL,
	    K_LOOP,   /* rCX */
	    K_DIVIDE, /* rDX:rAX small */
	    K_BIT,    /* a bit offset in memory's reach */
	    K_XLAT,
	    K_RET, /* a return address */
	    K_RETF,
	    K_IRET,
	    K_POPF,
	    K_POPSEG,
	    K_INDIRECT, /* a target in the operand */
	    K_FAR,      /* a far pointer in memory */
	    K_FARPTR,   /* in the instruction */
	    K_FRAME,    /* rBP */
	    K_MASK,     /* rDI */
	    K_SELECTOR, /* a selector in the operand */
	    K_LOADSEG,  /* one that can be loaded into DS, ES */
	    K_FXRSTOR,
	    K_LDMXCSR,
	    K_CR,  /* any mod means registers */
	    K_INT, /* a vector in the immediate */
};

struct template
{
	const char *name;
	uint8_t map;       /* 0: one byte, 1: 0F */
	uint8_t pfx;       /* mandatory prefix or 0 */
	uint8_t op, count; /* opcodes op .. op + count - 1 */
	int8_t ext, last;  /* ModRM.reg from ext to last, each a template; -1: a register */
	uint8_t rm;        /* 1 + ModRM.rm where it selects the instruction */
	uint8_t kind;
	uint8_t size; /* bytes of memory; 0: the operand size */
	uint32_t flags;
	uint32_t undefined;
};

extern const struct template templates[];
extern const unsigned ntemplates;

#endif
