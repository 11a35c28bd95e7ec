// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Values in a definition: strings, numbers and amounts of memory, and the
 * verdicts their readers give.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reading.h"

enum hv_verdict_kind hv_read_refuse(struct reading *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, ap);
	va_end(ap);
	return HV_REFUSED;
}

enum hv_verdict_kind hv_read_pass(struct reading *r, const char *why)
{
	snprintf(r->why, sizeof(r->why), "%s", why);
	return HV_PASSED_OVER;
}

enum hv_verdict_kind hv_read_string(struct reading *r, char **to, const char *value)
{
	if (!*value)
		return hv_read_refuse(r, "it is empty");
	if (*to)
		return hv_read_refuse(r, "it is given twice");
	*to = strdup(value);
	if (!*to)
		r->nomem = true;
	return HV_UNDERSTOOD;
}

enum hv_verdict_kind hv_read_u64(struct reading *r, uint64_t *to, const char *value)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(value, &end, 10);
	/* strtoull() would take blanks and a sign. */
	if (!isdigit((unsigned char)*value) || *end || errno || n > INT64_MAX)
		return hv_read_refuse(r, "\"%.40s\" is not a number from 0 to 2^63-1", value);
	*to = n;
	return HV_UNDERSTOOD;
}

enum hv_verdict_kind hv_read_uint(struct reading *r, unsigned *to, const char *value)
{
	uint64_t n = 0;

	if (hv_read_u64(r, &n, value) != HV_UNDERSTOOD || n > UINT32_MAX)
		return hv_read_refuse(r, "\"%.40s\" is not a number from 0 to 2^32-1", value);
	*to = (unsigned)n;
	return HV_UNDERSTOOD;
}

enum hv_verdict_kind hv_read_memory(struct reading *r, uint64_t *bytes, const char *value,
				    const char *unit)
{
	/* libvirt's units: powers of 1000 are spelled KB, of 1024 KiB or just k. */
	static const struct {
		const char *name;
		uint64_t factor;
	} units[] = {
		{"b", 1},          {"bytes", 1},        {"KB", 1000},
		{"k", 1ULL << 10}, {"KiB", 1ULL << 10}, {"MB", 1000000},
		{"M", 1ULL << 20}, {"MiB", 1ULL << 20}, {"GB", 1000000000},
		{"G", 1ULL << 30}, {"GiB", 1ULL << 30}, {"TB", 1000000000000},
		{"T", 1ULL << 40}, {"TiB", 1ULL << 40},
	};
	uint64_t factor = 0, n = 0;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcasecmp(units[i].name, unit ? unit : "KiB"))
			factor = units[i].factor;
	if (!factor)
		return hv_read_refuse(r, "\"%.20s\" is not a unit of memory: b, KiB, MiB, GiB, TiB",
				      unit);
	if (hv_read_u64(r, &n, value) != HV_UNDERSTOOD)
		return HV_REFUSED;
	if (!n || n > INT64_MAX / factor)
		return hv_read_refuse(r, "%.40s %s of memory cannot be had", value,
				      unit ? unit : "KiB");
	*bytes = n * factor;
	return HV_UNDERSTOOD;
}

enum hv_verdict_kind hv_read_duration(struct reading *r, unsigned *ms, const char *value)
{
	static const struct {
		const char *name;
		unsigned ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"min", 60 * 1000}, {"h", 3600 * 1000}};
	size_t digits = strspn(value, "0123456789");
	unsigned long long n = digits ? strtoull(value, NULL, 10) : 0;

	if (!strcmp(value, "0")) {
		*ms = 0;
		return HV_UNDERSTOOD;
	}
	for (size_t i = 0; digits && i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(units[i].name, value + digits))
			continue;
		if (n > UINT32_MAX / units[i].ms)
			return hv_read_refuse(r, "\"%.40s\" is too long a time", value);
		*ms = (unsigned)n * units[i].ms;
		return HV_UNDERSTOOD;
	}
	return hv_read_refuse(r, "\"%.40s\" is not a time: give a number and ms, s, min or h",
			      value);
}

char *hv_read_attr(xmlNodePtr node, const char *name)
{
	return (char *)xmlGetNoNsProp(node, (const xmlChar *)name);
}

bool hv_read_attr_is(xmlNodePtr node, const char *name, const char *value)
{
	char *is = hv_read_attr(node, name);
	bool same = is && !strcmp(is, value);

	xmlFree(is);
	return same;
}

xmlNodePtr hv_read_child(xmlNodePtr node, const char *name)
{
	for (xmlNodePtr n = node->children; n; n = n->next)
		if (n->type == XML_ELEMENT_NODE && !n->ns && !strcmp((const char *)n->name, name))
			return n;
	return NULL;
}
