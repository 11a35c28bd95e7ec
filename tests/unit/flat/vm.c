/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/flat/vm.h"

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define MSI_ADDR 0xfee00000ULL /* to APIC 0, physical */

enum { PIN = 5 };

/* leave() - All threads out of the guest. */
static void leave(struct vm *vm)
{
	pthread_cond_broadcast(&vm->ended);
	for (unsigned i = 0; i < vm->ops->nthreads(vm->engine); i++)
		vm->ops->kick(vm->engine, i);
}

static void end(struct vm *vm, int code)
{
	if (vm->end < 0)
		vm->end = code;
	leave(vm);
}

static void send_pin(struct vm *vm)
{
	vm->pins++;
	vm->ops->msi(vm->engine, MSI_ADDR, vm->pin_vector | 1U << 15 | 1U << 14);
}

static uint32_t io_read(void *opaque, uint16_t port, unsigned size)
{
	struct vm *vm = opaque;
	uint32_t v = 0xffffffff;

	pthread_mutex_lock(&vm->lock);
	switch (port) {
	case 0xe1: v = vm->intas; break;
	case 0xe5: v = vm->eois; break;
	case 0xf0: v = (uint32_t)vm->reg; break;
	default: break;
	}
	pthread_mutex_unlock(&vm->lock);
	return size == 4 ? v : v & ((1U << 8 * size) - 1);
}

static void io_write(void *opaque, uint16_t port, unsigned size, uint32_t value)
{
	struct vm *vm = opaque;

	pthread_mutex_lock(&vm->lock);
	switch (port) {
	case 0xe0:
		vm->inta_vector = (int)value;
		vm->ops->extint(vm->engine, true);
		break;
	case 0xe2:
		vm->pin_vector = value;
		vm->ops->ioapic_route(vm->engine, PIN, MSI_ADDR, value, true);
		break;
	case 0xe3:
		vm->pin_high = true;
		send_pin(vm);
		break;
	case 0xe4: vm->pin_high = false; break;
	case 0xe6: vm->ops->msi(vm->engine, MSI_ADDR, value); break;
	case 0xe9:
		if (vm->log_len < sizeof(vm->log) - 1)
			vm->log[vm->log_len++] = (char)value;
		if (vm->hold) {
			vm->hold = false;
			vm->held = true;
			leave(vm);
		}
		break;
	case 0xf0: vm->reg = vm->reg << 8 * size | value; break;
	case 0xf4: end(vm, value & 0xff); break;
	default: break;
	}
	pthread_mutex_unlock(&vm->lock);
}

static uint64_t mmio_read(void *opaque, uint64_t gpa, unsigned size)
{
	struct vm *vm = opaque;
	uint64_t v = ~0ULL, off = gpa - FLAT_MMIO;

	if (off < 4096) {
		pthread_mutex_lock(&vm->lock);
		v = off == 0xff8 ? vm->mmio_sum : (off * 0x0101010101010101ULL) ^ size;
		pthread_mutex_unlock(&vm->lock);
	}
	return size == 8 ? v : v & ((1ULL << 8 * size) - 1);
}

static void mmio_write(void *opaque, uint64_t gpa, unsigned size, uint64_t value)
{
	struct vm *vm = opaque;

	pthread_mutex_lock(&vm->lock);
	vm->mmio_sum = vm->mmio_sum * 31 + (gpa ^ value ^ (uint64_t)size << 56);
	pthread_mutex_unlock(&vm->lock);
}

static int pic_ack(void *opaque)
{
	struct vm *vm = opaque;
	int vector;

	pthread_mutex_lock(&vm->lock);
	vector = vm->inta_vector;
	vm->inta_vector = -1;
	vm->intas++;
	vm->ops->extint(vm->engine, false);
	pthread_mutex_unlock(&vm->lock);
	return vector < 0 ? 0xff : vector; /* 0xff: nobody asked; no guest expects it */
}

static void ioapic_eoi(void *opaque, uint8_t vector)
{
	struct vm *vm = opaque;

	pthread_mutex_lock(&vm->lock);
	if (vector == vm->pin_vector) {
		vm->eois++;
		if (vm->pin_high)
			send_pin(vm);
	}
	pthread_mutex_unlock(&vm->lock);
}

static void timers_due(void *opaque)
{
}

/* load() - The segments of a PVH ELF at their physical addresses; its entry. */
static uint32_t load(struct vm *vm, const uint8_t *elf, size_t len)
{
	const Elf64_Ehdr *h = (const void *)elf;

	assert_true(len > sizeof(*h) && !memcmp(h->e_ident, ELFMAG, SELFMAG));
	for (unsigned i = 0; i < h->e_phnum; i++) {
		const Elf64_Phdr *p = (const void *)(elf + h->e_phoff + i * sizeof(*p));
		void *to;

		if (p->p_type != PT_LOAD || !p->p_filesz)
			continue;
		to = ram_ptr(&vm->ram, p->p_paddr, p->p_memsz);
		assert_non_null(to);
		assert_true(p->p_offset + p->p_filesz <= len);
		memcpy(to, elf + p->p_offset, p->p_filesz);
	}
	return (uint32_t)h->e_entry;
}

static void written(void *opaque, uint64_t gpa, uint64_t len)
{
	struct vm *vm = opaque;

	if (vm->engine)
		vm->ops->ram_written(vm->engine, gpa, len);
}

void vm_reload(struct vm *vm, const void *elf, const void *elf_end)
{
	uint32_t entry;

	memset(vm->ram.base, 0, FLAT_RAM);
	entry = load(vm, elf, (uintptr_t)elf_end - (uintptr_t)elf);
	ram_written(&vm->ram, 0, FLAT_RAM);
	vm->end = -1;
	assert_int_equal(vm->ops->boot(vm->engine, entry, 0), 0);
}

void vm_needs(const struct engine_ops *ops)
{
	if (strcmp(ops->name, "kvm") != 0 || !access("/dev/kvm", F_OK))
		return;
	print_message("# skipped: there is no /dev/kvm on this machine\n");
	skip();
}

void vm_open(struct vm *vm, const struct engine_ops *ops, unsigned vcpus, const void *elf,
	     const void *elf_end)
{
	struct hv_error err = {""};
	int rc;

	vm_needs(ops);
	memset(vm, 0, sizeof(*vm));
	vm->ops = ops;
	vm->end = vm->inta_vector = -1;
	pthread_mutex_init(&vm->lock, NULL);
	pthread_cond_init(&vm->ended, NULL);
	assert_int_equal(ram_create(&vm->ram, FLAT_RAM, &err), 0);
	vm->ram.written = written;
	vm->ram.opaque = vm;
	clock_init(&vm->clock, false);
	vm->board = (struct engine_board){
		.opaque = vm,
		.io_read = io_read,
		.io_write = io_write,
		.mmio_read = mmio_read,
		.mmio_write = mmio_write,
		.pic_ack = pic_ack,
		.ioapic_eoi = ioapic_eoi,
		.timers_due = timers_due,
	};
	vm->config = (struct engine_config){
		.board = &vm->board,
		.ram = &vm->ram,
		.clock = &vm->clock,
		.vcpus = vcpus,
		.cpu = HV_CPU_TAIKI_BASE,
	};
	rc = ops->create(&vm->config, &vm->engine, &err);
	if (rc)
		fail_msg("%s: %s", ops->name, err.text);
	vm_reload(vm, elf, elf_end);
}

void vm_close(struct vm *vm)
{
	vm->ops->destroy(vm->engine);
	ram_destroy(&vm->ram);
	pthread_cond_destroy(&vm->ended);
	pthread_mutex_destroy(&vm->lock);
}

static void *run_thread(void *arg)
{
	struct vm_thread *t = arg;
	struct vm *vm = t->vm;
	const char *why = "";
	enum engine_exit e = vm->ops->run(vm->engine, t->index, &why);

	pthread_mutex_lock(&vm->lock);
	if (e == ENGINE_SHUTDOWN)
		end(vm, FLAT_SHUTDOWN);
	if (e == ENGINE_FAILED) {
		vm->why = why;
		end(vm, FLAT_FAILED);
	}
	pthread_mutex_unlock(&vm->lock);
	return NULL;
}

/* wait_end() - Whether the guest ended, or is held, before @ms. */
static bool wait_end(struct vm *vm, unsigned ms)
{
	struct timespec until;
	int rc = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	while (vm->end < 0 && !vm->held && !rc)
		rc = pthread_cond_timedwait(&vm->ended, &vm->lock, &until);
	return vm->end >= 0 || vm->held;
}

int vm_run(struct vm *vm, unsigned ms)
{
	unsigned n = vm->ops->nthreads(vm->engine);

	clock_continue(&vm->clock);
	vm->ops->clock_changed(vm->engine);
	pthread_mutex_lock(&vm->lock);
	vm->held = false;
	for (unsigned i = 0; i < n; i++) {
		vm->thread[i] = (struct vm_thread){.vm = vm, .index = i};
		pthread_create(&vm->thread[i].thread, NULL, run_thread, &vm->thread[i]);
	}
	if (!wait_end(vm, ms ? ms : FLAT_SECONDS * 1000)) {
		if (!ms)
			vm->end = FLAT_HUNG;
		for (unsigned i = 0; i < n; i++)
			vm->ops->kick(vm->engine, i);
	}
	pthread_mutex_unlock(&vm->lock);
	for (unsigned i = 0; i < n; i++)
		pthread_join(vm->thread[i].thread, NULL);
	vm->ops->settle(vm->engine);
	clock_stop(&vm->clock);
	vm->ops->clock_changed(vm->engine);
	return vm->end;
}
