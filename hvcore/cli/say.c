// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How hv speaks: messages on stderr, answers on stdout, an exit code for each
 * kind of failure.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"

int fail(int rc, const struct hv_error *err)
{
	static const struct {
		int rc, code;
	} codes[] = {
		{-ENOENT, HV_EXIT_NOT_RUNNING},
		{-ESRCH, HV_EXIT_NOT_RUNNING},
		{-ECONNREFUSED, HV_EXIT_NOT_RUNNING},
		{-EINVAL, HV_EXIT_REFUSED},
		{-EPERM, HV_EXIT_REFUSED},
		{-EBUSY, HV_EXIT_REFUSED},
		{-EEXIST, HV_EXIT_REFUSED},
		{-ENOTSUP, HV_EXIT_REFUSED},
		{-ENOSPC, HV_EXIT_REFUSED}, /* of room on this host */
		{-ETIMEDOUT, HV_EXIT_TIMEOUT},
	};

	fprintf(stderr, "hv: %s\n", err->text[0] ? err->text : strerror(-rc));
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].rc == rc)
			return codes[i].code;
	return HV_EXIT_FAILED;
}

int usage(const char *fmt, ...)
{
	va_list ap;

	fputs("hv: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("; see `hv --help`\n", stderr);
	return HV_EXIT_USAGE;
}

int print_json(json_t *value, int code)
{
	char *text = value ? json_dumps(value, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;

	json_decref(value);
	if (!text) {
		fputs("hv: not enough memory\n", stderr);
		return HV_EXIT_FAILED;
	}
	puts(text);
	free(text);
	return code;
}

int left(const struct options *o)
{
	static int64_t began;
	struct timespec ts;
	int64_t now, rest;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	if (!began)
		began = now;
	rest = began + o->timeout_ms - now;
	return rest > 0 ? (int)rest : 1;
}
