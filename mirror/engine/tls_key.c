// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mirror/engine/tls.h"

static int digit(char c)
{
	return c >= '0' && c <= '9'         ? c - '0'
	       : isxdigit((unsigned char)c) ? (c | 32) - 'a' + 10
					    : -1;
}

/* line() - The first that says something; NULL: there is none. */
static const char *line(const char *text)
{
	while (*text == '\n' || *text == '#') {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return *text ? text : NULL;
}

const char *tls_key_parse(struct tls_key *k, const char *text)
{
	const char *at = line(text), *hex = at ? strchr(at, ':') : NULL;
	size_t name = hex ? (size_t)(hex - at) : 0, n;

	*k = (struct tls_key){0};
	if (!name || name > TLS_IDENTITY_MAX || memchr(at, '\n', name))
		return "there is no line IDENTITY:KEY, as psktool writes it, with an identity of 1 to 32 bytes";
	for (size_t i = 0; i < name; i++)
		if (!isgraph((unsigned char)at[i]) || at[i] == '@')
			return "its identity has other bytes than printable ones, or an @";
	hex++;
	n = strcspn(hex, "\n");
	if (n % 2 || n < 2 * TLS_KEY_MIN || n > 2 * TLS_KEY_MAX)
		return "its key is not of 16 to 64 bytes in hexadecimal";
	for (size_t i = 0; i < n; i += 2) {
		if (digit(hex[i]) < 0 || digit(hex[i + 1]) < 0)
			return "its key is not hexadecimal";
		k->key[i / 2] = (uint8_t)(digit(hex[i]) << 4 | digit(hex[i + 1]));
	}
	memcpy(k->identity, at, name);
	k->length = (unsigned)n / 2;
	return NULL;
}

static const char *check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return "it is no file";
	if (st.st_mode & 077)
		return "others may read or write it: chmod 600";
	if (st.st_uid != geteuid() && st.st_uid)
		return "it is neither root's nor ours: chown root";
	return NULL;
}

const char *tls_key_read(struct tls_key *k, const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *why = fd < 0 ? strerror(errno) : check(fd);
	ssize_t n = why ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (why)
		return why;
	if (n < 0)
		return strerror(errno);
	text[n] = 0;
	why = tls_key_parse(k, text);
	explicit_bzero(text, sizeof(text));
	return why;
}
