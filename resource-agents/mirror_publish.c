// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The promotion score.  What was said last is remembered, so that a monitor runs no program where
 * nothing has changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/command.h"
#include "hvcore/lib/probe.h"

#include "mirror.h"

enum { SAY_MS = 5000 };

static int said_last(const char *path)
{
	char text[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	/* without a newline it was not written to its end */
	return n > 0 && text[n - 1] == '\n' ? atoi(text) : MIRROR_NO_SCORE - 1;
}

static void remember(const char *path, int score)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return; /* it is said again next time */
	if (dprintf(fd, "%d\n", score) < 0)
		unlink(path);
	close(fd);
}

static int say(int score, int64_t deadline, struct hv_error *err)
{
	char value[16];
	const char *set[] = {"crm_attribute", "--promotion", "-l", "reboot", "-v", value, NULL};
	const char *take[] = {"crm_attribute", "--promotion", "-l", "reboot", "-D", NULL};
	struct hv_command c = {.argv = score == MIRROR_NO_SCORE ? take : set};
	int left = hv_left_ms(deadline), rc;

	snprintf(value, sizeof(value), "%d", score);
	c.timeout_ms = left < SAY_MS ? left : SAY_MS;
	rc = hv_command(&c, NULL, NULL, err);
	return rc > 0 ? hv_err(err, rc, "crm_attribute ended with status %d", rc) : rc;
}

void mirror_publish(const char *resource, int score, bool always, int64_t deadline)
{
	struct hv_error err = {""};
	char path[PLACE_PATH];

	if (place_path(path, resource, "score"))
		return;
	if (!always && said_last(path) == score)
		return;
	unlink(path);
	if (say(score, deadline, &err))
		ocf_log("WARNING", "the promotion score %d cannot be told: %s", score, err.text);
	else
		remember(path, score);
}
