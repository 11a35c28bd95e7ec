/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GUEST(name, vCPUs, how it ends, engines): included twice, for the symbols and
 * for the table.  SOFT: what a KVM that interprets instructions gets wrong or
 * does not know; e2e covers it with a whole Linux.
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
