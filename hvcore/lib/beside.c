// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beside.h"

void hv_beside(char *out, size_t size, const char *variable, const char *program,
	       const char *fallback)
{
	const char *given = getenv(variable);
	char self[4096];
	ssize_t n;

	if (given && *given) {
		snprintf(out, size, "%s", given);
		return;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n > 0) {
		char *slash;

		self[n] = '\0';
		slash = strrchr(self, '/');
		snprintf(out, size, "%.*s/%s", (int)(slash - self), self, program);
		if (!access(out, X_OK))
			return;
	}
	snprintf(out, size, "%s", fallback);
}
