// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "hv/replace.h"
#include "hv/rundir.h"

#include "state.h"

#define FIRST_LINE "taiki-heartbeat 1\n"

size_t state_format(char out[STATE_TEXT_MAX], const struct state *s)
{
	size_t n = (size_t)snprintf(out, STATE_TEXT_MAX,
				    FIRST_LINE "incarnation %s\nboot %" PRId64
					       "\nbeaten %d\ngoodbye %d\nreported %d\n",
				    s->incarnation, s->boot, s->beaten, s->goodbye, s->reported);

	for (unsigned i = 0; i < s->nresets; i++)
		n += (size_t)snprintf(out + n, STATE_TEXT_MAX - n, "reset %" PRId64 "\n",
				      s->reset[i]);
	return n + (size_t)snprintf(out + n, STATE_TEXT_MAX - n, "crc %08lx\n",
				    crc32(0, (const unsigned char *)out, (unsigned)n));
}

/* A decimal number that is not negative, and nothing else. */
static bool number(const char *text, int64_t *out)
{
	char *end;

	if (!*text || strspn(text, "0123456789") != strlen(text) || strlen(text) > 18)
		return false;
	*out = strtoll(text, &end, 10);
	return !*end;
}

static bool flag(const char *text, bool *out)
{
	*out = text[0] == '1';
	return (text[0] == '0' || text[0] == '1') && !text[1];
}

static bool take_line(struct state *s, const char *key, const char *value)
{
	if (!strcmp(key, "incarnation")) {
		if (strlen(value) >= sizeof(s->incarnation) ||
		    strspn(value, "0123456789abcdef-") != strlen(value))
			return false;
		strcpy(s->incarnation, value);
		return true;
	}
	if (!strcmp(key, "boot"))
		return number(value, &s->boot);
	if (!strcmp(key, "beaten"))
		return flag(value, &s->beaten);
	if (!strcmp(key, "goodbye"))
		return flag(value, &s->goodbye);
	if (!strcmp(key, "reported"))
		return flag(value, &s->reported);
	if (!strcmp(key, "reset") && s->nresets < STATE_RESETS_MAX)
		return number(value, &s->reset[s->nresets++]);
	return false;
}

int state_parse(const char *text, size_t len, struct state *out)
{
	static const size_t last = sizeof("crc 01234567\n") - 1;
	char copy[STATE_TEXT_MAX], crc[16], *line = copy;
	struct state s = {0};

	if (len < sizeof(FIRST_LINE) - 1 + last || len >= sizeof(copy) ||
	    memcmp(text, FIRST_LINE, sizeof(FIRST_LINE) - 1) || memchr(text, '\0', len))
		return -EINVAL;
	snprintf(crc, sizeof(crc), "crc %08lx\n",
		 crc32(0, (const unsigned char *)text, (unsigned)(len - last)));
	if (memcmp(text + len - last, crc, last))
		return -EBADMSG;
	memcpy(copy, text, len - last);
	copy[len - last] = '\0';
	for (line += sizeof(FIRST_LINE) - 1; *line;) {
		char *nl = strchr(line, '\n'), *space;

		if (!nl)
			return -EINVAL;
		*nl = '\0';
		space = strchr(line, ' ');
		if (!space)
			return -EINVAL;
		*space = '\0';
		if (!take_line(&s, line, space + 1))
			return -EINVAL;
		line = nl + 1;
	}
	*out = s;
	return 0;
}

int state_read(const char *name, struct state *s)
{
	char path[4096], text[STATE_TEXT_MAX];
	int rc = hv_run_path(path, sizeof(path), name, "heartbeat"), fd;
	ssize_t n;

	if (rc)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text));
	rc = n < 0 ? -errno : state_parse(text, (size_t)n, s);
	close(fd);
	return rc;
}

int state_write(const char *name, const struct state *s)
{
	char path[4096], text[STATE_TEXT_MAX];
	size_t len = state_format(text, s);
	int rc = hv_run_path(path, sizeof(path), name, "heartbeat");

	return rc ? rc : hv_replace(path, text, len, 0600, false);
}

void state_note_reset(struct state *s, int64_t when)
{
	if (s->nresets == STATE_RESETS_MAX) {
		memmove(s->reset, s->reset + 1, sizeof(s->reset) - sizeof(s->reset[0]));
		s->nresets--;
	}
	s->reset[s->nresets++] = when;
}

int64_t state_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}
