// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TLS is spoken by a helper at the other end of a socket:
 *
 *   agent ── "ADDRESS PORT IDENTITY HEXKEY\n" ──► helper ── connects, shakes hands
 *   agent ◄── "ok\n", or "error: REASON\n" ────── helper
 *   agent ◄────────── bytes of messages ────────► helper ◄── TLS ──► taiki-fenced
 *
 * The key goes through the socket, so that it is in no list of processes.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fencing/agent.h"

#define HELPER "/usr/libexec/taiki/fence_taiki_tls"

enum { KEY_FILE_MAX = 4096 };

/*
 * read_key_file() - "IDENTITY KEY" or "KEY", in its first line that is no comment; @text is cut up.
 */
static int read_key_file(const char *path, char *text, size_t size, const char **identity,
			 const char **key)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;
	int rc = n < 0 ? -errno : 0;
	char *save, *line, *word;

	if (fd >= 0)
		close(fd);
	if (rc)
		return rc;
	text[n] = '\0';
	line = strtok_r(text, "\n", &save);
	while (line && (*line == '#' || !line[strspn(line, " \t\r")]))
		line = strtok_r(NULL, "\n", &save);
	word = line ? strtok_r(line, " \t\r", &save) : NULL;
	line = word ? strtok_r(NULL, " \t\r", &save) : NULL;
	*key = line ? line : word;
	*identity = line ? word : NULL;
	return word ? 0 : -EINVAL;
}

/* start_helper() - Its end of the socket is its standard input. */
static int start_helper(struct agent_link *l)
{
	const char *path = getenv("TAIKI_FENCE_TLS");
	posix_spawn_file_actions_t actions;
	char *argv[] = {(char[]){"fence_taiki_tls"}, NULL};
	int pair[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pair[1], 0);
	rc = posix_spawn(&l->helper, path ? path : HELPER, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pair[1]);
	if (rc) {
		snprintf(l->problem, sizeof(l->problem), "%s: %s", path ? path : HELPER,
			 strerror(rc));
		l->helper = 0;
		close(pair[0]);
		return -rc;
	}
	l->fd = pair[0];
	return 0;
}

/* read_verdict() - The helper's first line, byte by byte: what follows are messages. */
static int read_verdict(struct agent_link *l, int64_t deadline)
{
	char line[256] = "", c = 0;
	size_t n = 0;

	while (c != '\n' && n + 1 < sizeof(line)) {
		struct pollfd p = {.fd = l->fd, .events = POLLIN};
		int64_t left = deadline - agent_now_ms();

		if (left <= 0 || poll(&p, 1, (int)left) == 0) {
			/* Why an attempt before this one failed says more. */
			if (!l->problem[0])
				snprintf(l->problem, sizeof(l->problem), "no TLS session in time");
			return -ETIMEDOUT;
		}
		if (read(l->fd, &c, 1) != 1)
			break;
		line[n++] = c;
	}
	line[strcspn(line, "\n")] = '\0';
	if (!strcmp(line, "ok"))
		return 0;
	snprintf(l->problem, sizeof(l->problem), "%s",
		 line[0] ? line
			 : "fence_taiki_tls ended at once; it needs the library GnuTLS "
			   "(libgnutls30): install it, or use transport=channel");
	return -EPROTO;
}

int link_open_tls(struct agent_link *l, int64_t deadline)
{
	const char *file = options_get(l->options, OPT_KEY_FILE);
	const char *identity = options_get(l->options, OPT_IDENTITY);
	const char *key = options_get(l->options, OPT_PSK), *in_file = NULL;
	char text[KEY_FILE_MAX], hello[KEY_FILE_MAX + 512];
	int rc = 0, n;

	if (!key && file)
		rc = read_key_file(file, text, sizeof(text), &in_file, &key);
	if (!identity)
		identity = in_file;
	if (rc || !key || !identity) {
		snprintf(l->problem, sizeof(l->problem), "key_file=%s: %s", file,
			 rc == -EINVAL || !rc ? "it holds no key, or identity is missing"
					      : strerror(-rc));
		return -EINVAL;
	}
	rc = start_helper(l);
	if (!rc) {
		n = snprintf(hello, sizeof(hello), "%s %s %s %s\n", options_get(l->options, OPT_IP),
			     options_get(l->options, OPT_IPPORT), identity, key);
		/* A helper that has ended already says why, or does not, in its verdict. */
		if (send(l->fd, hello, (size_t)n, MSG_NOSIGNAL) != n)
			agent_detail("fence_taiki_tls does not listen");
		explicit_bzero(hello, sizeof(hello));
		rc = read_verdict(l, deadline);
	}
	explicit_bzero(text, sizeof(text));
	if (!rc)
		rc = fcntl(l->fd, F_SETFL, O_NONBLOCK) ? -errno : 0;
	return rc;
}
