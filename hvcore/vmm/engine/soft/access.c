// SPDX-License-Identifier: GPL-2.0-or-later
/* The slow paths of memory accesses: TLB misses, split operands, MMIO, pages with code. */
#include <unistd.h>

#include "hvcore/vmm/engine/soft/soft.h"
#include "hvcore/vmm/engine/soft/lapic.h"
#include "hvcore/vmm/engine/soft/msr.h"

static bool user(const struct cpu *c)
{
	return c->cpl == 3;
}

/* One access wherever it lies, as the guest's own would be. */
typedef volatile uint16_t __attribute__((aligned(1), may_alias)) any16;
typedef volatile uint32_t __attribute__((aligned(1), may_alias)) any32;
typedef volatile uint64_t __attribute__((aligned(1), may_alias)) any64;

static uint64_t load(const uint8_t *p, unsigned size)
{
	uint64_t v = 0;

	switch (size) {
	case 1: return *p;
	case 2: return *(const any16 *)p;
	case 4: return *(const any32 *)p;
	case 8: return *(const any64 *)p;
	default: memcpy(&v, p, size); return v;
	}
}

static void store(uint8_t *p, unsigned size, uint64_t v)
{
	switch (size) {
	case 1: *p = v; break;
	case 2: *(any16 *)p = v; break;
	case 4: *(any32 *)p = v; break;
	case 8: *(any64 *)p = v; break;
	default: memcpy(p, &v, size); break;
	}
}

/* mmio_step() - The largest naturally aligned piece at @pa of at most @size bytes. */
static unsigned mmio_step(uint64_t pa, unsigned size)
{
	unsigned n = 8;

	while (n > size || (pa & (n - 1)))
		n >>= 1;
	return n;
}

static bool is_lapic(const struct cpu *c, uint64_t pa)
{
	return (pa & PAGE_MASK) == (c->apic_base & PAGE_MASK) &&
	       (c->apic_base & (3 << 10)) == 2 << 10;
}

static uint64_t mmio_read(struct cpu *c, uint64_t pa, unsigned size)
{
	uint64_t v = 0;

	for (unsigned done = 0, n; done < size; done += n) {
		uint64_t part;

		n = mmio_step(pa + done, size - done);
		if (is_lapic(c, pa))
			part = lapic_mmio_read(c, (pa + done) & ~PAGE_MASK, n);
		else
			part = callback_mmio_read(c, pa + done, n);
		v |= (n < 8 ? part & ((1ULL << (8 * n)) - 1) : part) << (8 * done);
	}
	return v;
}

/* ring() - A doorbell at @pa? */
static bool ring(struct engine *e, uint64_t pa, unsigned size)
{
	bool found = false;

	if (!atomic_load_explicit(&e->ndoorbells, memory_order_relaxed))
		return false;
	pthread_mutex_lock(&e->lock);
	for (unsigned n = 0; n < e->ndoorbells && !found; n++)
		if (e->doorbell[n].gpa == pa &&
		    (!e->doorbell[n].size || e->doorbell[n].size == size)) {
			uint64_t one = 1;

			/* A full counter has already been rung. */
			if (write(e->doorbell[n].fd, &one, sizeof(one)) < 0)
				one = 0;
			found = true;
		}
	pthread_mutex_unlock(&e->lock);
	return found;
}

static void mmio_write(struct cpu *c, uint64_t pa, unsigned size, uint64_t v)
{
	struct engine *e = c->engine;

	for (unsigned done = 0, n; done < size; done += n) {
		n = mmio_step(pa + done, size - done);
		if (is_lapic(c, pa))
			lapic_mmio_write(c, (pa + done) & ~PAGE_MASK, n, v >> (8 * done));
		else if (!ring(e, pa + done, n))
			callback_mmio_write(c, pa + done, n, v >> (8 * done));
	}
}

uint64_t phys_read(struct cpu *c, uint64_t pa, unsigned size)
{
	if (likely(is_ram(c->engine, pa)))
		return load(c->engine->ram->base + pa, size);
	return mmio_read(c, pa, size);
}

void phys_write(struct cpu *c, struct insn *i, uint64_t pa, unsigned size, uint64_t v)
{
	struct engine *e = c->engine;

	if (unlikely(!is_ram(e, pa))) {
		mmio_write(c, pa, size, v);
		return;
	}
	if (has_code(e, pa))
		code_write(e, c, i, pa, size);
	mark_dirty(e, pa);
	store(e->ram->base + pa, size, v);
}

/* watch() - Note the data breakpoints that an access of [va, va+size) hits. */
static void watch(struct cpu *c, uint64_t va, unsigned size, bool write)
{
	static const unsigned len[4] = {1, 2, 8, 4};

	if (likely(!c->slow))
		return;
	for (unsigned n = 0; n < 4; n++) {
		unsigned rw = c->dr[7] >> (16 + 4 * n) & 3;
		uint64_t from = c->dr[n], bytes = len[c->dr[7] >> (18 + 4 * n) & 3];

		if (!(c->dr[7] >> (2 * n) & 3) || !(rw == 3 || (rw == 1 && write)))
			continue;
		from &= ~(bytes - 1);
		if (va < from + bytes && from < va + size)
			c->dr6_pending |= 1ULL << n;
	}
}

/* split() - How many of @size bytes at @va lie in its page. */
static unsigned split(uint64_t va, unsigned size)
{
	uint64_t room = PAGE_SIZE - (va & ~PAGE_MASK);

	return room < size ? room : size;
}

uint64_t mem_read_slow(struct cpu *c, struct insn *i, uint64_t va, unsigned size)
{
	unsigned n = split(va, size);
	uint64_t pa = mmu_translate(c, i, va, ACC_READ, user(c)), pa2, v;

	watch(c, va, size, false);
	if (n == size)
		return phys_read(c, pa, size);
	pa2 = mmu_translate(c, i, va + n, ACC_READ, user(c));
	v = 0;
	for (unsigned k = 0; k < size; k++)
		v |= phys_read(c, k < n ? pa + k : pa2 + k - n, 1) << (8 * k);
	return v;
}

void mem_write_slow(struct cpu *c, struct insn *i, uint64_t va, unsigned size, uint64_t v)
{
	unsigned n = split(va, size);
	uint64_t pa = mmu_translate(c, i, va, ACC_WRITE, user(c)), pa2;

	watch(c, va, size, true);
	if (n == size) {
		phys_write(c, i, pa, size, v);
		return;
	}
	pa2 = mmu_translate(c, i, va + n, ACC_WRITE, user(c));
	for (unsigned k = 0; k < size; k++)
		phys_write(c, i, k < n ? pa + k : pa2 + k - n, 1, v >> (8 * k) & 0xff);
}

void mem_read_bytes(struct cpu *c, struct insn *i, uint64_t va, void *buf, unsigned size)
{
	unsigned n = split(va, size);
	uint64_t pa = mmu_translate(c, i, va, ACC_READ, user(c)), pa2 = 0;
	uint8_t *out = buf;

	watch(c, va, size, false);
	if (n < size)
		pa2 = mmu_translate(c, i, va + n, ACC_READ, user(c));
	for (unsigned k = 0, part; k < size; k += part) {
		uint64_t at = k < n ? pa + k : pa2 + k - n, v;

		part = k < n ? n - k : size - k;
		part = mmio_step(at, part);
		v = phys_read(c, at, part);
		memcpy(out + k, &v, part);
	}
}

void mem_write_bytes(struct cpu *c, struct insn *i, uint64_t va, const void *buf, unsigned size)
{
	unsigned n = split(va, size);
	uint64_t pa = mmu_translate(c, i, va, ACC_WRITE, user(c)), pa2 = 0;
	const uint8_t *in = buf;

	watch(c, va, size, true);
	if (n < size)
		pa2 = mmu_translate(c, i, va + n, ACC_WRITE, user(c));
	for (unsigned k = 0, part; k < size; k += part) {
		uint64_t at = k < n ? pa + k : pa2 + k - n, v = 0;

		part = k < n ? n - k : size - k;
		part = mmio_step(at, part);
		memcpy(&v, in + k, part);
		phys_write(c, i, at, part, v);
	}
}

const void *mem_read16_slow(struct cpu *c, struct insn *i, uint64_t va)
{
	mem_read_bytes(c, i, va, c->rmw, 16);
	return c->rmw;
}

void mem_write16_slow(struct cpu *c, struct insn *i, uint64_t va, const void *v)
{
	mem_write_bytes(c, i, va, v, 16);
}

/*
 * mem_rmw_slow() - The operand itself if a filled TLB entry now allows it; else
 * its copy, which mem_rmw_store() writes back.  Both pages are checked for
 * writing before anything happens.
 */
void *mem_rmw_slow(struct cpu *c, struct insn *i, uint64_t va, unsigned size)
{
	const struct tlb_entry *e = tlb_slot(c, va);
	unsigned n = split(va, size);

	mmu_translate(c, i, va, ACC_WRITE, user(c));
	if (((va + size - 1) & PAGE_MASK) == e->write)
		return (void *)(va + e->addend);
	if (n < size)
		mmu_translate(c, i, va + n, ACC_WRITE, user(c));
	c->rmw_size = size;
	mem_read_bytes(c, i, va, c->rmw, size);
	return c->rmw;
}

void mem_rmw_store(struct cpu *c, struct insn *i, uint64_t va)
{
	mem_write_bytes(c, i, va, c->rmw, c->rmw_size);
}

void *mem_host(struct cpu *c, struct insn *i, uint64_t va, bool write)
{
	const struct tlb_entry *e = tlb_slot(c, va);
	uint64_t page = va & PAGE_MASK, pa;

	if (likely(page == (write ? e->write : e->read)))
		return (void *)(va + e->addend);
	pa = mmu_translate(c, i, va, write ? ACC_WRITE : ACC_READ, user(c));
	if (write && is_ram(c->engine, pa) && has_code(c->engine, pa)) {
		/* A run usually overwrites all of it: forget the code. */
		code_write(c->engine, c, i, pa & PAGE_MASK, PAGE_SIZE);
		mmu_translate(c, i, va, ACC_WRITE, user(c));
	}
	if (page == (write ? e->write : e->read))
		return (void *)(va + e->addend);
	return NULL;
}

/* sys_host() - The host address for an implicit supervisor access inside a page, or NULL. */
static void *sys_host(struct cpu *c, uint64_t va, unsigned size, bool write)
{
	const struct tlb_entry *e = &c->spaces[0].tlb[va >> PAGE_SHIFT & (TLB_SIZE - 1)];

	if (((va + size - 1) & PAGE_MASK) == (write ? e->write : e->read))
		return (void *)(va + e->addend);
	return NULL;
}

uint64_t sys_read(struct cpu *c, struct insn *i, uint64_t va, unsigned size)
{
	const void *p = sys_host(c, va, size, false);
	uint64_t v = 0;

	if (likely(p))
		return load(p, size);
	for (unsigned k = 0, n; k < size; k += n) {
		n = split(va + k, size - k);
		v |= phys_read(c, mmu_translate(c, i, va + k, ACC_READ, false), n) << (8 * k);
	}
	return v;
}

void sys_write(struct cpu *c, struct insn *i, uint64_t va, unsigned size, uint64_t v)
{
	void *p = sys_host(c, va, size, true);

	if (likely(p)) {
		store(p, size, v);
		return;
	}
	for (unsigned k = 0, n; k < size; k += n) {
		uint64_t pa = mmu_translate(c, i, va + k, ACC_WRITE, false);

		n = split(va + k, size - k);
		phys_write(c, i, pa, n, v >> (8 * k));
	}
}
