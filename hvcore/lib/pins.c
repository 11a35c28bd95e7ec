// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/cpuset.h"
#include "pins.h"

void pins_of(const struct hv_config *c, struct pins *p)
{
	memset(p, 0, sizeof(*p));
	for (unsigned i = 0; i < c->npins; i++)
		if (c->pin[i].vcpu < HV_VCPUS_MAX)
			(void)hv_cpuset_parse(c->pin[i].cpuset, &p->on[c->pin[i].vcpu]);
	if (c->emulatorpin)
		(void)hv_cpuset_parse(c->emulatorpin, &p->on[PINS_EMULATOR]);
}

void pins_all(const struct pins *p, cpu_set_t *all)
{
	CPU_ZERO(all);
	for (unsigned i = 0; i < PINS_THREADS; i++)
		CPU_OR(all, all, &p->on[i]);
}

void pins_print(const struct pins *p, char out[PINS_TEXT])
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned i = 0; i < PINS_THREADS && n < PINS_TEXT; i++) {
		char set[HV_CPUSET_TEXT];

		if (!CPU_COUNT(&p->on[i]))
			continue;
		hv_cpuset_print(&p->on[i], set);
		n += (size_t)(i == PINS_EMULATOR
				      ? snprintf(out + n, PINS_TEXT - n, "emulator %s\n", set)
				      : snprintf(out + n, PINS_TEXT - n, "vcpu %u %s\n", i, set));
	}
}

void pins_parse(const char *text, struct pins *p)
{
	char line[HV_CPUSET_TEXT + 32], set[HV_CPUSET_TEXT];
	unsigned vcpu;

	memset(p, 0, sizeof(*p));
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		cpu_set_t cpus;

		snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
		if (sscanf(line, "vcpu %u %4095s", &vcpu, set) == 2 && vcpu < HV_VCPUS_MAX &&
		    !hv_cpuset_parse(set, &cpus))
			p->on[vcpu] = cpus;
		else if (sscanf(line, "emulator %4095s", set) == 1 && !hv_cpuset_parse(set, &cpus))
			p->on[PINS_EMULATOR] = cpus;
	}
}

unsigned pins_thread(const char *comm)
{
	char *end;
	long n;

	if (strncmp(comm, "vcpu", 4) || !isdigit((unsigned char)comm[4]))
		return PINS_EMULATOR;
	n = strtol(comm + 4, &end, 10);
	return (*end && *end != '\n') || n >= HV_VCPUS_MAX ? PINS_EMULATOR : (unsigned)n;
}

void pins_where(const struct pins *p, unsigned thread, const cpu_set_t *shared, cpu_set_t *to)
{
	if (CPU_COUNT(&p->on[thread]))
		*to = p->on[thread];
	else if (CPU_COUNT(shared))
		*to = *shared;
	else
		pins_all(p, to);
}
