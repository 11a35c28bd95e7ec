/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening the device of a macvtap; see hvcore/lib/macvtap.h and tap.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hvcore/lib/macvtap.h"
#include "hvcore/vmm/net/tap.h"

/* device_of() - The number of its character device, as this network namespace's sysfs has it. */
static int device_of(const struct tap *t, unsigned index, dev_t *out)
{
	char path[128], text[32];
	unsigned major, minor;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/net/%s/macvtap/tap%u/dev", t->name, index);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%u:%u", &major, &minor) != 2)
		return -EIO;
	*out = makedev(major, minor);
	return 0;
}

/* open_device() - It: in /dev, or, where another namespace has that name, a node of our own for a moment. */
static int open_device(unsigned index, dev_t dev)
{
	char path[64];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "/dev/tap%u", index);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && !fstat(fd, &st) && S_ISCHR(st.st_mode) && st.st_rdev == dev)
		return fd;
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), "/dev/.taiki-tap%u-%d", index, (int)getpid());
	if (mknod(path, S_IFCHR | 0600, dev))
		return -errno;
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	unlink(path);
	return fd;
}

int tap_open_direct(struct tap *t, const struct hv_nic *nic, struct hv_error *err)
{
	unsigned features = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, index;
	struct ifreq ifr = {.ifr_flags = (short)features};
	int header = TAP_HEADER, rc;
	dev_t dev = 0;

	t->lock = macvtap_take(nic->direct, err);
	rc = t->lock < 0 ? t->lock : macvtap_make(nic->direct, nic->mac, t->name, err);
	if (rc)
		return rc;
	index = if_nametoindex(t->name);
	rc = device_of(t, index, &dev);
	if (!rc)
		t->fd = open_device(index, dev);
	if (rc || t->fd < 0)
		return hv_err(err, rc ? rc : t->fd, "interface %s: the device of %s: %s",
			      nic->direct, t->name, strerror(rc ? -rc : -t->fd));
	memcpy(ifr.ifr_name, t->name, IFNAMSIZ);
	if (ioctl(t->fd, TUNSETIFF, &ifr) < 0 || ioctl(t->fd, TUNSETVNETHDRSZ, &header) < 0)
		return hv_err(err, -errno, "interface %s: %s cannot be set up: %s", nic->direct,
			      t->name, strerror(errno));
	return 0;
}
