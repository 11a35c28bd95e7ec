/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making a tap and plugging it into a bridge; see tap.h. */
#include "hvcore/vmm/net/tap.h"

#include "hvcore/lib/macvtap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if_arp.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int make(struct tap *t, const struct hv_nic *nic, struct hv_error *err)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
	int header = TAP_HEADER;

	if (nic->tap && strlen(nic->tap) >= IFNAMSIZ)
		return hv_err(err, -EINVAL, "tap %s: the name is longer than %d bytes", nic->tap,
			      IFNAMSIZ - 1);
	strncpy(ifr.ifr_name, nic->tap ? nic->tap : "tk%d", IFNAMSIZ - 1);
	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return hv_err(err, -errno, "cannot open /dev/net/tun: %s; load the module tun",
			      strerror(errno));
	if (ioctl(t->fd, TUNSETIFF, &ifr) < 0)
		return hv_err(err, -errno, "cannot make tap %s: %s%s", ifr.ifr_name,
			      strerror(errno),
			      errno == EBUSY   ? "; another process has it, give another <target>"
			      : errno == EPERM ? "; run as root or with CAP_NET_ADMIN"
					       : "");
	memcpy(t->name, ifr.ifr_name, IFNAMSIZ);
	t->name[IFNAMSIZ - 1] = '\0';
	if (ioctl(t->fd, TUNSETVNETHDRSZ, &header) < 0)
		return hv_err(err, -errno, "tap %s: cannot set a header of %d bytes: %s", t->name,
			      header, strerror(errno));
	return 0;
}

/* The host itself has no business on this cable: no link-local address, no router solicitations. */
static void no_ipv6(const struct tap *t)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", t->name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	/* A kernel without IPv6 has no such file; one that refuses loses only tidiness. */
	if (write(fd, "1", 1) < 0)
		errno = 0;
	close(fd);
}

/* A bridge takes the lowest address of its ports for its own: ours must never be that. */
static int set_address(const struct tap *t, int s, const struct hv_nic *nic)
{
	struct ifreq ifr = {.ifr_hwaddr.sa_family = ARPHRD_ETHER};

	memcpy(ifr.ifr_name, t->name, IFNAMSIZ);
	memcpy(ifr.ifr_hwaddr.sa_data, nic->mac, sizeof(nic->mac));
	/* Never the guest's own: the bridge would keep its frames for itself. */
	ifr.ifr_hwaddr.sa_data[0] = (char)(nic->mac[0] == 0xfe ? 0xfa : 0xfe);
	return ioctl(s, SIOCSIFHWADDR, &ifr);
}

/* A port with a smaller MTU would shrink the bridge's, and with it everybody's. */
static int take_mtu(struct tap *t, int s, const char *bridge)
{
	struct ifreq ifr = {0};

	memcpy(ifr.ifr_name, bridge, strlen(bridge) + 1);
	if (ioctl(s, SIOCGIFMTU, &ifr) < 0)
		return -1;
	memcpy(ifr.ifr_name, t->name, IFNAMSIZ);
	t->mtu = ifr.ifr_mtu;
	return ioctl(s, SIOCSIFMTU, &ifr);
}

/* A macvtap has its interface's own. */
static int take_mtu_of(struct tap *t, int s, const struct hv_nic *nic, struct hv_error *err)
{
	return take_mtu(t, s, nic->direct) < 0
		       ? hv_err(err, -errno, "interface %s: cannot take its MTU: %s", nic->direct,
				strerror(errno))
		       : 0;
}

static int bring_up(const struct tap *t, int s)
{
	struct ifreq ifr = {0};

	memcpy(ifr.ifr_name, t->name, IFNAMSIZ);
	if (ioctl(s, SIOCGIFFLAGS, &ifr) < 0)
		return -1;
	ifr.ifr_flags |= IFF_UP;
	return ioctl(s, SIOCSIFFLAGS, &ifr);
}

static int join(struct tap *t, int s, const struct hv_nic *nic, struct hv_error *err)
{
	struct ifreq ifr = {.ifr_ifindex = if_nametoindex(t->name)};

	if (strlen(nic->bridge) >= IFNAMSIZ || !if_nametoindex(nic->bridge))
		return hv_err(err, -ENODEV,
			      "interface of bridge %s: there is no such bridge here; make it, for "
			      "example with `ip link add %s type bridge`",
			      nic->bridge, nic->bridge);
	if (set_address(t, s, nic) < 0 || take_mtu(t, s, nic->bridge) < 0)
		return hv_err(err, -errno, "tap %s: cannot set its address or MTU: %s", t->name,
			      strerror(errno));
	memcpy(ifr.ifr_name, nic->bridge, strlen(nic->bridge) + 1);
	if (ioctl(s, SIOCBRADDIF, &ifr) < 0 && errno != EBUSY)
		return hv_err(err, -errno, "tap %s: cannot join %s: %s%s", t->name, nic->bridge,
			      strerror(errno), errno == EOPNOTSUPP ? "; it is not a bridge" : "");
	if (bring_up(t, s) < 0)
		return hv_err(err, -errno, "tap %s: cannot bring it up: %s", t->name,
			      strerror(errno));
	return 0;
}

int tap_open(struct tap *t, const struct hv_nic *nic, struct hv_error *err)
{
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc;

	*t = (struct tap){.fd = -1, .lock = -1};
	if (s < 0)
		return hv_err(err, -errno, "cannot open a socket to set up a tap: %s",
			      strerror(errno));
	rc = nic->direct ? tap_open_direct(t, nic, err) : make(t, nic, err);
	if (rc)
		goto out;
	no_ipv6(t);
	rc = nic->direct ? take_mtu_of(t, s, nic, err) : join(t, s, nic, err);
out:
	close(s);
	if (rc)
		tap_close(t);
	if (rc && nic->direct)
		macvtap_remove(nic->direct);
	return rc;
}

void tap_close(struct tap *t)
{
	if (t->fd >= 0)
		close(t->fd);
	if (t->lock >= 0)
		close(t->lock);
	t->fd = t->lock = -1;
}

int tap_offload(const struct tap *t, unsigned bits)
{
	return ioctl(t->fd, TUNSETOFFLOAD, (unsigned long)bits) < 0 ? -errno : 0;
}

void tap_carrier(const struct tap *t, bool on)
{
	unsigned carrier = on;

	if (ioctl(t->fd, TUNSETCARRIER, &carrier) < 0)
		return;
}
