// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A definition's text, unparsed; apart, because the agent reads it and has no
 * XML parser.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/definition.h"

int hv_definition_read(const char *path, char **text, size_t *len, struct hv_error *err)
{
	bool standard = !strcmp(path, "-");
	/* O_NONBLOCK: a fifo without a writer must not hold us. */
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
	char *t = NULL;
	size_t n = 0;

	*text = NULL;
	*len = 0;
	if (fd < 0)
		return hv_err(err, -errno, "definition %s: cannot be opened: %s", path,
			      strerror(errno));
	t = malloc(HV_DEFINITION_MAX + 2);
	if (!t)
		rc = hv_err(err, -ENOMEM, "definition %s: not enough memory", path);
	while (!rc && n <= HV_DEFINITION_MAX) {
		ssize_t got = read(fd, t + n, HV_DEFINITION_MAX + 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			rc = hv_err(err, -errno, "definition %s: cannot be read: %s", path,
				    strerror(errno));
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (!rc && n > HV_DEFINITION_MAX)
		rc = hv_err(err, -EINVAL, "definition %s: larger than %d KiB, so not a definition",
			    path, HV_DEFINITION_MAX / 1024);
	if (!standard)
		close(fd);
	if (rc) {
		free(t);
		return rc;
	}
	t[n] = '\0';
	*text = t;
	*len = n;
	return 0;
}
