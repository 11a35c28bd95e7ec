// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be asked of the machine without changing anything. */
#include "board_private.h"
#include "clock.h"
#include "device/device.h"
#include "machine.h"
#include "machine_private.h"
#include "threads.h"

void machine_info(struct machine_info *i)
{
	*i = (struct machine_info){
		.engine = board.engine_ops->name,
		.engine_why = machine_engine_why,
		.vcpus = board.config->vcpus,
		.clock = clock_now(board.clock),
		.resets = machine_counts.resets,
		.pauses = machine_counts.pauses,
		.guest_faults = board_counters.guest_faults,
		.io_reads = board_counters.io_reads,
		.io_writes = board_counters.io_writes,
		.mmio_reads = board_counters.mmio_reads,
		.mmio_writes = board_counters.mmio_writes,
		.uart_bytes = uart_bytes(),
	};
}

uint64_t machine_retired(unsigned vcpu)
{
	return vcpu < board.config->vcpus ? board.engine_ops->retired(board.engine, vcpu) : 0;
}

int machine_thread_id(unsigned vcpu)
{
	unsigned n = board.engine_ops->nthreads(board.engine);

	return threads_id(n > 1 ? vcpu : 0);
}
