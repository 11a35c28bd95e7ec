/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef POOL_ACTIVE_H
#define POOL_ACTIVE_H

#include <stddef.h>

/*
 * active_on() - The node that @resource runs on, as crm_mon --output-as=xml has it in @text, into
 * @host; "" where it runs nowhere, on several, or that is not said.
 */
void active_on(const char *text, const char *resource, char *host, size_t size);

#endif
