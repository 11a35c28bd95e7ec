/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GUEST(name, vCPUs, how it ends, engines): included twice, for the symbols and
 * for the table.  SOFT: what a KVM that interprets instructions gets wrong or
 * does not know; e2e covers it with a whole Linux.  NONE: only test_engine.c uses it.
 */
GUEST(real, 1, 0, BOTH)
GUEST(prot, 1, 0, BOTH)
GUEST(paging, 1, 0, BOTH)
GUEST(ring3, 1, 0, SOFT)
GUEST(irq, 1, 0, BOTH)
GUEST(smc, 1, 0, BOTH)
GUEST(mmio, 1, 0, BOTH)
GUEST(cpuid, 1, 0, BOTH)
GUEST(sipi, 2, 0, BOTH)
GUEST(shutdown, 1, FLAT_SHUTDOWN, BOTH)
GUEST(work, 1, 0, BOTH)
GUEST(dirty, 1, 0, BOTH)
GUEST(bell, 1, 0, BOTH)
GUEST(count, 1, FLAT_ENDLESS, NONE)
GUEST(timer, 1, FLAT_ENDLESS, NONE)
