// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A window of configuration space through which a BAR is reached without
 * being mapped (virtio 1.2 §4.1.4.9; firmware uses it).  It is a capability:
 *
 *   +4 BAR   +8 offset in it   +12 length of an access: 1, 2 or 4   +16 data
 *
 * all of which the guest writes.  Reading the data field makes the access and
 * shows its result, writing it makes the access with what was written.
 */
#include <string.h>

#include "pci_private.h"

enum { BAR = 4, OFFSET = 8, LENGTH = 12, DATA = 16, SIZE = 20 };

void pci_window(struct pci_device *d, unsigned cap)
{
	if (!cap)
		return;
	d->window = (uint8_t)cap;
	d->writable[cap + BAR] = 0xff;
	memset(d->writable + cap + OFFSET, 0xff, SIZE - OFFSET);
}

/* target() - The BAR the window is over, and where in it; NULL if the guest has not set it up. */
static const struct pci_bar *target(const struct pci_device *d, unsigned *bar, uint32_t *off,
				    uint32_t *len)
{
	*bar = d->config[d->window + BAR];
	*off = pci_get32(d, d->window + OFFSET);
	*len = pci_get32(d, d->window + LENGTH);
	if (*bar >= PCI_BARS || (*len != 1 && *len != 2 && *len != 4) || *off % *len ||
	    (uint64_t)*off + *len > d->bar[*bar].size)
		return NULL;
	return &d->bar[*bar];
}

static bool over_data(const struct pci_device *d, unsigned off, unsigned size)
{
	unsigned at = d->window;

	return at && off < at + SIZE && off + size > at + DATA;
}

void pci_window_read(struct pci_device *d, unsigned off, unsigned size)
{
	const struct pci_bar *b;
	uint32_t at, len;
	unsigned bar;
	uint64_t v;

	if (!over_data(d, off, size) || !(b = target(d, &bar, &at, &len)))
		return;
	v = b->ops->read(d->bar_dev[bar], at, len);
	for (unsigned i = 0; i < len; i++)
		d->config[d->window + DATA + i] = (uint8_t)(v >> 8 * i);
}

void pci_window_written(struct pci_device *d, unsigned off, unsigned size)
{
	const struct pci_bar *b;
	uint32_t at, len;
	unsigned bar;

	if (!over_data(d, off, size) || !(b = target(d, &bar, &at, &len)))
		return;
	b->ops->write(d->bar_dev[bar], at, len,
		      pci_get32(d, d->window + DATA) & (0xffffffffU >> (32 - 8 * len)));
}
