// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cache of decoded blocks, and code that changes.
 *
 * A page with code has an entry in pages[] with a bit for each 64-byte line
 * that was decoded.  No TLB gives write access to such a page, so that every
 * store comes to code_write() (through access.c): one that touches a decoded
 * line drops all blocks of the page.  The running block may be among them: its
 * memory stays until the pool is emptied, and the instruction behind the
 * storing one is replaced by op_resync, which goes on by address.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "hvcore/vmm/engine/soft/decode.h"
#include "hvcore/vmm/engine/soft/soft.h"

enum { POOL_MIN = 64 << 10 };

int cache_init(struct cache *k, const struct engine_config *cfg)
{
	uint64_t ram = cfg->ram->low + cfg->ram->high;

	k->size = cfg->block_cache ? cfg->block_cache : POOL_DEFAULT;
	if (k->size < POOL_MIN)
		k->size = POOL_MIN;
	k->flush_always = cfg->flush_always;
	k->gen = GEN_FIRST;
	/* Each page costs a block at least, a small one 160 bytes; 64 is on the safe side. */
	k->maxpages = k->size / 64;
	k->code_size = ram / PAGE_SIZE * sizeof(*k->code);
	k->pool = mmap(NULL, k->size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	k->code = mmap(NULL, k->code_size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	k->hash = calloc(1U << HASH_BITS, sizeof(*k->hash));
	k->pages = mmap(NULL, k->maxpages * sizeof(*k->pages), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (k->pool == MAP_FAILED || k->code == MAP_FAILED || !k->hash || k->pages == MAP_FAILED)
		return -ENOMEM;
	native_init(k);
	return 0;
}

void cache_fini(struct cache *k)
{
	if (k->pool && k->pool != MAP_FAILED)
		munmap(k->pool, k->size);
	if (k->code && k->code != MAP_FAILED)
		munmap(k->code, k->code_size);
	if (k->pages && k->pages != MAP_FAILED)
		munmap(k->pages, k->maxpages * sizeof(*k->pages));
	free(k->hash);
	native_fini(k);
}

uint32_t gen_new(struct engine *e)
{
	/* When the numbers wrap, no chain may be left that knows an old one. */
	if (++e->cache.gen == 0) {
		e->cache.gen = GEN_FIRST;
		cache_drop(e);
	}
	return e->cache.gen;
}

static void forget_all_jumps(struct engine *e)
{
	for (unsigned v = 0; v < e->vcpus; v++) {
		space_forget_jumps(e->cpu[v], &e->cpu[v]->spaces[0]);
		space_forget_jumps(e->cpu[v], &e->cpu[v]->spaces[1]);
	}
}

void cache_drop(struct engine *e)
{
	struct cache *k = &e->cache;

	for (unsigned n = 0; n < k->npages; n++)
		k->code[k->pages[n].page] = 0;
	k->npages = 0;
	memset(k->hash, 0, sizeof(*k->hash) << HASH_BITS);
	k->used = 0;
	native_reset(k);
	k->epoch++;
	forget_all_jumps(e);
}

void cache_trim(struct engine *e)
{
	cache_drop(e);
	/* Private anonymous memory: reads as zeroes afterwards. */
	madvise(e->cache.pool, e->cache.size, MADV_DONTNEED);
	madvise(e->cache.pages, e->cache.maxpages * sizeof(*e->cache.pages), MADV_DONTNEED);
	madvise(e->cache.code, e->cache.code_size, MADV_DONTNEED);
	native_trim(&e->cache);
}

static struct block **bucket(struct cache *k, uint64_t pa, uint8_t mode)
{
	uint64_t h = (pa ^ (uint64_t)mode << 40) * 0x9e3779b97f4a7c15ULL;

	return &k->hash[h >> (64 - HASH_BITS)];
}

/* page_slot() - Which of @b's two pages is page number @page. */
static unsigned page_slot(const struct engine *e, const struct block *b, uint32_t page)
{
	return ram_page(e, b->pa) == page ? 0 : 1;
}

static void unhash(struct engine *e, struct block *b)
{
	struct block **at = bucket(&e->cache, b->pa, b->mode);

	while (*at && *at != b)
		at = &(*at)->hash_next;
	if (*at)
		*at = b->hash_next;
}

/* kill() - @b's bytes changed.  @i, if it lies in @b, is the last of it to be executed. */
static void kill(struct engine *e, struct block *b, struct insn *i)
{
	unhash(e, b);
	b->dead = true;
	for (unsigned n = b->n - 1; n <= b->n; n++)
		if (b->insn[n].seg == SEG_BRANCH)
			b->insn[n].gen = GEN_NONE;
	if (i >= b->insn && i < b->insn + b->n && !(i[1].flags & INSN_END)) {
		i[1].fn = op_resync;
		native_resync(&e->cache, b, i + 1 - b->insn);
	}
}

static void drop_page(struct engine *e, struct code_page *p, struct insn *i)
{
	struct block *b = p->blocks, *next;

	for (; b; b = next) {
		next = b->page_next[page_slot(e, b, p->page)];
		if (!b->dead)
			kill(e, b, i);
	}
	p->blocks = NULL;
	p->lines = 0;
	/* The entry in pages[] stays, without a page, until everything is dropped. */
	e->cache.code[p->page] = 0;
	forget_all_jumps(e);
}

void code_write(struct engine *e, struct cpu *c, struct insn *i, uint64_t pa, uint64_t len)
{
	uint32_t page = ram_page(e, pa), index = e->cache.code[page];
	uint64_t first = (pa & ~PAGE_MASK) >> LINE_SHIFT;
	uint64_t last = ((pa & ~PAGE_MASK) + len - 1) >> LINE_SHIFT;
	uint64_t lines = (last == 63 ? ~0ULL : (1ULL << (last + 1)) - 1) & ~((1ULL << first) - 1);

	if (index && (e->cache.pages[index - 1].lines & lines))
		drop_page(e, &e->cache.pages[index - 1], i);
}

/* code_page() - The entry for the page of @pa, made if need be; write access is withdrawn. */
static struct code_page *code_page(struct engine *e, uint64_t pa)
{
	struct cache *k = &e->cache;
	uint32_t page = ram_page(e, pa);
	struct code_page *p;

	if (k->code[page])
		return &k->pages[k->code[page] - 1];
	p = &k->pages[k->npages++];
	p->lines = 0;
	p->blocks = NULL;
	p->page = page;
	/* Ordered before the bytes are read: see engine_soft's ram_written(). */
	__atomic_store_n(&k->code[page], k->npages, __ATOMIC_SEQ_CST);
	tlb_withdraw_writes(e, pa);
	return p;
}

static void add_lines(struct code_page *p, unsigned from, unsigned bytes)
{
	for (unsigned n = from >> LINE_SHIFT; n <= (from + bytes - 1) >> LINE_SHIFT; n++)
		p->lines |= 1ULL << n;
}

/* finish() - The pseudo-instruction, and fusing. */
static void finish(struct engine *e, struct block *b)
{
	struct insn *end = &b->insn[b->n];

	*end = (struct insn){.fn = op_block_end,
			     .disp = b->bytes,
			     .seg = SEG_BRANCH,
			     .flags = INSN_END,
			     .off = b->bytes};
}

/* place() - Copy @d to @b's end; true if the block ends with it. */
static bool place(struct block *b, const struct decoded *d, unsigned len)
{
	struct insn *i = &b->insn[b->n];

	*i = d->insn;
	i->off = b->bytes;
	if (i->seg == SEG_BRANCH || (i->base == REG_IP && i->modrm >> 6 != 3))
		i->disp += b->bytes;
	if ((d->flags & DEC_JCC) && b->n && (b->mode & MODE_SIZE) == MODE_CODE64) {
		insn_fn *fused = fuse(i - 1, i->op & 15);

		if (fused) {
			i[-1].fn = fused;
			b->tail = b->n - 1;
			b->fused = true;
		}
	}
	if ((d->flags & DEC_ENDS) && !b->fused)
		b->tail = b->n;
	b->ends = d->flags & DEC_ENDS;
	b->n++;
	b->bytes += len;
	return b->ends;
}

/* build() - Decode from @pa, which is RAM; @second: what follows the page, if it is needed. */
static void build(struct engine *e, struct block *b, const uint8_t *p, unsigned avail, bool single)
{
	unsigned most = single ? 1 : BLOCK_INSNS;

	while (b->n < most) {
		struct decoded d;
		unsigned len = decode(p + b->bytes, avail - b->bytes, b->mode, &d);

		if (!len || place(b, &d, len))
			break;
	}
	if (!b->n)
		return;
	if (!b->ends)
		b->tail = b->n;
	finish(e, b);
}

static struct block *block_new(struct cpu *c, void *at, uint64_t pa)
{
	struct block *b = at;

	memset(b, 0, sizeof(*b));
	b->pa = pa;
	b->pa2 = NO_PAGE;
	b->mode = c->mode;
	b->code = native_none;
	return b;
}

/*
 * build_alone() - The first instruction goes beyond its page, or is not in RAM:
 * it stands alone.  The second page's bytes are fetched only where the first's
 * do not do, since they may fault.
 */
static void build_alone(struct cpu *c, struct block *b, uint64_t la)
{
	struct engine *e = c->engine;
	uint8_t bytes[INSN_BYTES_MAX];
	unsigned first = PAGE_SIZE - (la & ~PAGE_MASK);
	uint64_t pa2;

	if (first > sizeof(bytes))
		first = sizeof(bytes);
	for (unsigned n = 0; n < first; n++)
		bytes[n] = phys_read(c, b->pa + n, 1);
	build(e, b, bytes, first, true);
	if (b->n)
		return;
	pa2 = mmu_translate(c, NULL, (la & PAGE_MASK) + PAGE_SIZE, ACC_EXEC, c->cpl == 3);
	for (unsigned n = first; n < sizeof(bytes); n++)
		bytes[n] = phys_read(c, pa2 + n - first, 1);
	b->pa2 = pa2;
	build(e, b, bytes, sizeof(bytes), true);
}

static void insert(struct engine *e, struct block *b)
{
	struct block **at = bucket(&e->cache, b->pa, b->mode);
	struct code_page *p = code_page(e, b->pa);
	unsigned first = PAGE_SIZE - (b->pa & ~PAGE_MASK);

	b->hash_next = *at;
	*at = b;
	b->page_next[0] = p->blocks;
	p->blocks = b;
	add_lines(p, b->pa & ~PAGE_MASK, b->bytes < first ? b->bytes : first);
	if (b->pa2 != NO_PAGE) {
		p = code_page(e, b->pa2);
		b->page_next[1] = p->blocks;
		p->blocks = b;
		add_lines(p, 0, b->bytes - first);
	}
}

static struct block *block_make(struct cpu *c, uint64_t la, uint64_t pa, bool keep)
{
	struct engine *e = c->engine;
	struct cache *k = &e->cache;
	const size_t most = sizeof(struct block) + (BLOCK_INSNS + 1) * sizeof(struct insn);
	unsigned avail = PAGE_SIZE - (pa & ~PAGE_MASK);
	struct block *b;

	if (keep && (k->size - k->used < most || k->npages + 2 > k->maxpages || native_full(k)))
		cache_drop(e);
	b = block_new(c, keep ? k->pool + k->used : (void *)c->scratch, pa);
	if (is_ram(e, pa)) {
		if (keep)
			code_page(e, pa); /* before the bytes are read */
		build(e, b, e->ram->base + pa, avail, !keep);
	}
	if (!b->n)
		build_alone(c, b, la);
	if (!keep)
		return b;
	if (b->pa2 != NO_PAGE && !is_ram(e, b->pa2)) {
		memcpy(c->scratch, b, sizeof(*b) + 2 * sizeof(struct insn));
		return c->scratch;
	}
	insert(e, b);
	native_emit(k, b);
	k->used += sizeof(*b) + (b->n + 1U) * sizeof(struct insn);
	return b;
}

/* fetch_address() - Where the instruction at r[REG_IP] is, linear and physical. */
static uint64_t fetch_address(struct cpu *c, uint64_t *la)
{
	const struct tlb_entry *t;

	*la = c->r[REG_IP] + c->seg[SEG_CS].base;
	if (!mode_is64(c)) {
		*la = (uint32_t)*la;
		if (unlikely(c->r[REG_IP] > c->seg[SEG_CS].limit))
			fault(c, NULL, EXC_GP, 0);
	}
	t = tlb_slot(c, *la);
	if (likely(t->exec == (*la & PAGE_MASK)))
		return *la + t->addend - (uintptr_t)c->engine->ram->base;
	return mmu_translate(c, NULL, *la, ACC_EXEC, c->cpl == 3);
}

struct block *block_find(struct cpu *c)
{
	struct engine *e = c->engine;
	uint64_t la, pa = fetch_address(c, &la);
	struct block *b;

	if (unlikely(c->slow || c->shadow || !is_ram(e, pa)))
		return block_make(c, la, pa, false);
	if (unlikely(e->cache.flush_always))
		cache_drop(e);
	for (b = *bucket(&e->cache, pa, c->mode); b; b = b->hash_next) {
		if (b->pa != pa || b->mode != c->mode)
			continue;
		if (likely(b->pa2 == NO_PAGE))
			return b;
		if (b->pa2 ==
		    mmu_translate(c, NULL, (la & PAGE_MASK) + PAGE_SIZE, ACC_EXEC, c->cpl == 3))
			return b;
	}
	return block_make(c, la, pa, true);
}
