// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Three messages of rtnetlink, written out: hv-domain links no library for them.
 */
#include "macvtap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "hv/rundir.h"

enum { ROOM = 256, ANSWER_S = 5 };

struct message {
	struct nlmsghdr h;
	struct ifinfomsg i;
	char attributes[ROOM];
};

static struct rtattr *put(struct message *m, unsigned short type, const void *value, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)m + NLMSG_ALIGN(m->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), value, len);
	m->h.nlmsg_len = (uint32_t)(NLMSG_ALIGN(m->h.nlmsg_len) + RTA_ALIGN(a->rta_len));
	return a;
}

/* close_nest() - What was put since @a was is inside of it. */
static void close_nest(const struct message *m, struct rtattr *a)
{
	a->rta_len = (unsigned short)((const char *)m + m->h.nlmsg_len - (char *)a);
}

/* answered() - The kernel's word: 0 or -errno. */
static int answered(int s)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char more[ROOM];
	} a;
	ssize_t n = recv(s, &a, sizeof(a), 0);

	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	if ((size_t)n < NLMSG_LENGTH(sizeof(a.e)) || a.h.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return a.e.error;
}

static int ask(struct message *m)
{
	struct timeval t = {.tv_sec = ANSWER_S};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), rc;

	if (s < 0)
		return -errno;
	m->h.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	if (setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) ||
	    sendto(s, m, m->h.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		rc = -errno;
	else
		rc = answered(s);
	close(s);
	return rc;
}

static struct message message(uint16_t type)
{
	return (struct message){
		.h = {.nlmsg_len = NLMSG_LENGTH(sizeof(struct ifinfomsg)), .nlmsg_type = type}};
}

/* By the interface below it: there is at most one. */
static void name_of(unsigned lower, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, "tkd%u", lower);
}

static int make(unsigned lower, const char *name)
{
	struct message m = message(RTM_NEWLINK);
	uint32_t mode = MACVLAN_MODE_PASSTHRU;
	struct rtattr *info, *data;

	m.h.nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	put(&m, IFLA_IFNAME, name, strlen(name) + 1);
	put(&m, IFLA_LINK, &lower, sizeof(lower));
	info = put(&m, IFLA_LINKINFO, NULL, 0);
	put(&m, IFLA_INFO_KIND, "macvtap", strlen("macvtap"));
	data = put(&m, IFLA_INFO_DATA, NULL, 0);
	put(&m, IFLA_MACVLAN_MODE, &mode, sizeof(mode));
	close_nest(&m, data);
	close_nest(&m, info);
	return ask(&m);
}

static int remove_named(const char *name)
{
	struct message m = message(RTM_DELLINK);
	int rc;

	put(&m, IFLA_IFNAME, name, strlen(name) + 1);
	rc = ask(&m);
	return rc == -ENODEV ? 0 : rc;
}

static int set_address(int s, const char *name, const uint8_t mac[6])
{
	struct ifreq r = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};

	memcpy(r.ifr_name, name, strlen(name) + 1);
	memcpy(r.ifr_hwaddr.sa_data, mac, 6);
	return ioctl(s, SIOCSIFHWADDR, &r);
}

static int bring_up(int s, const char *name)
{
	struct ifreq r = {0};

	memcpy(r.ifr_name, name, strlen(name) + 1);
	if (ioctl(s, SIOCGIFFLAGS, &r) < 0)
		return -1;
	r.ifr_flags |= IFF_UP;
	return ioctl(s, SIOCSIFFLAGS, &r);
}

static int set_up(const char *lower, const char *name, const uint8_t mac[6], struct hv_error *err)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;

	if (s < 0 || set_address(s, name, mac) || bring_up(s, lower) || bring_up(s, name))
		rc = hv_err(err, -errno, "interface %s: its macvtap %s cannot be set up: %s", lower,
			    name, strerror(errno));
	if (s >= 0)
		close(s);
	return rc;
}

int macvtap_take(const char *lower, struct hv_error *err)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%.4000s/.direct-%.15s", hv_run_root(), lower);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return hv_err(err, -errno, "%s: %s", path, strerror(errno));
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	close(fd);
	return hv_err(err, -EBUSY, "interface %s: another domain has it", lower);
}

int macvtap_make(const char *lower, const uint8_t mac[6], char name[IFNAMSIZ], struct hv_error *err)
{
	unsigned index = strlen(lower) < IFNAMSIZ ? if_nametoindex(lower) : 0;
	int rc;

	if (!index)
		return hv_err(err, -ENODEV,
			      "interface %s: there is no such interface here; see `ip link`",
			      lower);
	name_of(index, name);
	rc = remove_named(name);
	if (!rc)
		rc = make(index, name);
	if (rc)
		return hv_err(err, rc, "interface %s cannot be given to a guest: %s%s", lower,
			      strerror(-rc),
			      rc == -EBUSY || rc == -EINVAL
				      ? "; it is in use, as the port of a bridge or bond or below "
					"another macvlan"
			      : rc == -EOPNOTSUPP ? "; load the module macvtap"
			      : rc == -EPERM      ? "; run as root or with CAP_NET_ADMIN"
						  : "");
	rc = set_up(lower, name, mac, err);
	if (rc)
		remove_named(name);
	return rc;
}

int macvtap_remove(const char *lower)
{
	unsigned index = strlen(lower) < IFNAMSIZ ? if_nametoindex(lower) : 0;
	char name[IFNAMSIZ];
	int lock, rc;

	if (!index)
		return 0;
	name_of(index, name);
	if (!if_nametoindex(name))
		return 0;
	lock = macvtap_take(lower, NULL);
	if (lock < 0)
		return lock;
	rc = remove_named(name);
	close(lock);
	return rc;
}
