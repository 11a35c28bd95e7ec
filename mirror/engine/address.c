// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mirror/engine/address.h"

enum { BACKLOG = 8 };

static socklen_t size_of(const union address *a)
{
	return a->sa.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

static int port(const char *text, uint16_t *out)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !v || v > 65535)
		return -EINVAL;
	*out = htons((uint16_t)v);
	return 0;
}

int address_parse(union address *a, const char *text)
{
	char host[ADDRESS_TEXT];
	const char *colon;
	size_t len;
	bool six;

	memset(a, 0, sizeof(*a));
	if (!strncmp(text, "ipv4:", 5) || !strncmp(text, "ipv6:", 5))
		text += 5;
	colon = strrchr(text, ':');
	if (!colon)
		return -EINVAL;
	len = (size_t)(colon - text);
	six = text[0] == '[';
	if (six && (len < 3 || text[len - 1] != ']'))
		return -EINVAL;
	if (six) {
		text++;
		len -= 2;
	}
	if (!len || len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = 0;
	a->sa.sa_family = six ? AF_INET6 : AF_INET;
	if (inet_pton(a->sa.sa_family, host,
		      six ? (void *)&a->in6.sin6_addr : (void *)&a->in.sin_addr) != 1)
		return -EINVAL;
	return port(colon + 1, six ? &a->in6.sin6_port : &a->in.sin_port);
}

const char *address_print(const union address *a, char out[ADDRESS_TEXT])
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (a->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
		snprintf(out, ADDRESS_TEXT, "[%s]:%u", host, ntohs(a->in6.sin6_port));
	} else {
		inet_ntop(AF_INET, &a->in.sin_addr, host, sizeof(host));
		snprintf(out, ADDRESS_TEXT, "%s:%u", host, ntohs(a->in.sin_port));
	}
	return out;
}

static int compare_hosts(const union address *a, const union address *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return a->sa.sa_family < b->sa.sa_family ? -1 : 1;
	if (a->sa.sa_family == AF_INET6)
		return memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
	return memcmp(&a->in.sin_addr, &b->in.sin_addr, sizeof(a->in.sin_addr));
}

bool address_same_host(const union address *a, const union address *b)
{
	return !compare_hosts(a, b);
}

int address_compare(const union address *a, const union address *b)
{
	int c = compare_hosts(a, b);
	uint16_t pa = ntohs(a->in.sin_port),
		 pb = ntohs(b->in.sin_port); /* at one place in both kinds */

	return c ? c : (pa > pb) - (pa < pb);
}

static int make(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd < 0 ? -errno : fd;
}

static int closed(int fd)
{
	int e = -errno;

	close(fd);
	return e;
}

int address_listen(const union address *a)
{
	int fd = make(a->sa.sa_family), on = 1;

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &a->sa, size_of(a)) || listen(fd, BACKLOG))
		return closed(fd);
	return fd;
}

int address_connect(const union address *from, const union address *to)
{
	union address source = *from;
	int fd = make(to->sa.sa_family), on = 1;

	if (fd < 0)
		return fd;
	/* our address, any port */
	if (source.sa.sa_family == AF_INET6)
		source.in6.sin6_port = 0;
	else
		source.in.sin_port = 0;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, &source.sa, size_of(&source)) ||
	    (connect(fd, &to->sa, size_of(to)) && errno != EINPROGRESS))
		return closed(fd);
	return fd;
}

int address_accept(int listener, union address *from)
{
	socklen_t len = sizeof(*from);
	int fd = accept4(listener, &from->sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}
