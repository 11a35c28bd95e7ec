// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * COM1, a 16550A (National PC16550D).  The transmitter is always ready: what
 * the host cannot take is the chardev's business, the guest never waits.
 */
#include <string.h>

#include "../board_private.h"
#include "../chardev.h"
#include "../progress.h"
#include "device.h"

enum {
	BASE = 0x3f8,
	IRQ = 4,
	FIFO = 16,
	IER_RX = 1,
	IER_TX = 2,
	IER_LINE = 4,
	IER_MODEM = 8,
	IIR_NONE = 1,
	IIR_TX = 2,
	IIR_RX = 4,
	IIR_LINE = 6,
	IIR_TIMEOUT = 12,
	IIR_FIFO = 0xc0,
	FCR_ENABLE = 1,
	FCR_CLEAR_RX = 2,
	LCR_DLAB = 0x80,
	MCR_LOOP = 0x10,
	MCR_OUT2 = 0x08,
	LSR_DATA = 0x01,
	LSR_OVERRUN = 0x02,
	LSR_IDLE = 0x60, /* holding register and shifter empty */
	MSR_IDLE = 0xb0, /* carrier, ready, clear to send */
};

static struct {
	uint8_t ier, fcr, lcr, mcr, scratch, overrun;
	uint16_t divisor;
	uint8_t fifo[FIFO];
	unsigned head, n;
	bool tx_pending; /* the transmitter-empty interrupt has not been acknowledged */
	struct chardev *chardev;
	uint64_t bytes;
} uart;

static uint8_t interrupt_id(void)
{
	static const uint8_t levels[] = {1, 4, 8, 14};
	unsigned trigger = uart.fcr & FCR_ENABLE ? levels[uart.fcr >> 6] : 1;

	if ((uart.ier & IER_LINE) && uart.overrun)
		return IIR_LINE;
	if ((uart.ier & IER_RX) && uart.n)
		return uart.n >= trigger ? IIR_RX : IIR_TIMEOUT;
	if ((uart.ier & IER_TX) && uart.tx_pending)
		return IIR_TX;
	return IIR_NONE;
}

static void update(void)
{
	irq_set(IRQ, interrupt_id() != IIR_NONE && !(uart.mcr & MCR_LOOP));
}

static unsigned fifo_size(void)
{
	return uart.fcr & FCR_ENABLE ? FIFO : 1;
}

static void push(uint8_t byte)
{
	if (uart.n >= fifo_size()) {
		uart.overrun = LSR_OVERRUN;
		return;
	}
	uart.fifo[(uart.head + uart.n++) % FIFO] = byte;
}

static uint8_t pop(void)
{
	uint8_t byte = uart.fifo[uart.head];
	bool was_full = uart.n >= fifo_size();

	if (!uart.n)
		return 0;
	uart.head = (uart.head + 1) % FIFO;
	uart.n--;
	if (was_full && uart.chardev)
		chardev_accept_input(uart.chardev);
	return byte;
}

static void transmit(uint8_t byte)
{
	if (uart.mcr & MCR_LOOP) {
		push(byte);
	} else {
		uart.bytes++;
		progress_console(1);
		if (uart.chardev)
			chardev_write(uart.chardev, &byte, 1);
	}
	/* Empty again at once: the interrupt line falls and rises. */
	uart.tx_pending = false;
	update();
	uart.tx_pending = true;
}

static uint8_t modem_status(void)
{
	if (!(uart.mcr & MCR_LOOP))
		return MSR_IDLE;
	/* Looped back: RTS to CTS, DTR to DSR, OUT1 to RI, OUT2 to DCD. */
	return (uint8_t)((uart.mcr & 2) << 3 | (uart.mcr & 1) << 5 | (uart.mcr & 4) << 4 |
			 (uart.mcr & 8) << 4);
}

static uint8_t read_iir(void)
{
	uint8_t id = interrupt_id();

	if (id == IIR_TX)
		uart.tx_pending = false;
	return id | (uart.fcr & FCR_ENABLE ? IIR_FIFO : 0);
}

static uint8_t read_lsr(void)
{
	uint8_t v = (uint8_t)(LSR_IDLE | uart.overrun | (uart.n ? LSR_DATA : 0));

	uart.overrun = 0;
	return v;
}

static uint64_t uart_read(void *dev, uint64_t off, unsigned size)
{
	uint8_t v = 0;

	if (off < 2 && (uart.lcr & LCR_DLAB))
		return off ? uart.divisor >> 8 : uart.divisor & 0xff;
	switch (off) {
	case 0: v = pop(); break;
	case 1: v = uart.ier; break;
	case 2: v = read_iir(); break;
	case 3: v = uart.lcr; break;
	case 4: v = uart.mcr; break;
	case 5: v = read_lsr(); break;
	case 6: v = modem_status(); break;
	case 7: v = uart.scratch; break;
	}
	update();
	return v;
}

static void write_fcr(uint8_t v)
{
	bool was_full = uart.n >= fifo_size();

	if ((v ^ uart.fcr) & FCR_ENABLE || v & FCR_CLEAR_RX)
		uart.n = 0;
	uart.fcr = v & 0xc9;
	if (was_full && uart.chardev)
		chardev_accept_input(uart.chardev);
}

static void uart_write(void *dev, uint64_t off, unsigned size, uint64_t value)
{
	uint8_t v = (uint8_t)value;

	if (off < 2 && (uart.lcr & LCR_DLAB)) {
		uart.divisor = (uint16_t)(off ? v << 8 | (uart.divisor & 0xff)
					      : (uart.divisor & 0xff00) | v);
		return;
	}
	switch (off) {
	case 0: transmit(v); break;
	case 1:
		/* Enabling it while the transmitter is empty interrupts at once. */
		if (!(uart.ier & IER_TX) && (v & IER_TX))
			uart.tx_pending = true;
		uart.ier = v & 0x0f;
		break;
	case 2: write_fcr(v); break;
	case 3: uart.lcr = v; break;
	case 4: uart.mcr = v & 0x1f; break;
	case 7: uart.scratch = v; break;
	}
	update();
}

static size_t room(void *dev)
{
	return uart.mcr & MCR_LOOP ? 0
				   : fifo_size() - (uart.n < fifo_size() ? uart.n : fifo_size());
}

static void receive(void *dev, const uint8_t *data, size_t len)
{
	while (len--)
		push(*data++);
	update();
}

const struct chardev_ops uart_chardev = {.room = room, .receive = receive};

static const struct region_ops uart_ops = {.read = uart_read, .write = uart_write, .bytes = true};

static void uart_reset(struct device *d)
{
	struct chardev *c = uart.chardev;
	uint64_t bytes = uart.bytes;

	memset(&uart, 0, sizeof(uart));
	uart.chardev = c;
	uart.bytes = bytes;
	uart.divisor = 12;
	uart.tx_pending = true;
	if (c)
		chardev_accept_input(c);
	irq_set(IRQ, false);
}

static struct device device = {.name = "uart0", .reset = uart_reset};

void uart_attach(struct chardev *c)
{
	uart.chardev = c;
}

uint64_t uart_bytes(void)
{
	return uart.bytes;
}

int uart_create(void)
{
	int rc = board_add_io(BASE, 8, &uart_ops, NULL, "uart0");

	if (!rc) {
		uart_reset(&device);
		device_register(&device);
	}
	return rc;
}
