// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Speed and duplex, which only the driver knows (ETHTOOL_GLINKSETTINGS).
 */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "link.h"

enum { WORDS_MAX = 127 };

struct settings {
	struct ethtool_link_settings s;
	uint32_t masks[3 * WORDS_MAX];
};

static int get(int fd, const struct link *l, struct settings *out, int words)
{
	struct ifreq r = {.ifr_data = (char *)out};

	*out = (struct settings){
		.s = {.cmd = ETHTOOL_GLINKSETTINGS, .link_mode_masks_nwords = (signed char)words}};
	memcpy(r.ifr_name, l->name, sizeof(r.ifr_name));
	return ioctl(fd, SIOCETHTOOL, &r);
}

void link_speed(struct link *l)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct settings s;

	l->speed = LINK_SPEED_UNKNOWN;
	l->duplex = LINK_DUPLEX_UNKNOWN;
	if (fd < 0)
		return;
	/* The first answer is how many words of bits there are, as a negative number. */
	if (!get(fd, l, &s, 0) && s.s.link_mode_masks_nwords < 0 &&
	    !get(fd, l, &s, -s.s.link_mode_masks_nwords) && s.s.link_mode_masks_nwords > 0) {
		if (s.s.speed != (uint32_t)SPEED_UNKNOWN)
			l->speed = s.s.speed;
		l->duplex = s.s.duplex == DUPLEX_FULL   ? LINK_DUPLEX_FULL
			    : s.s.duplex == DUPLEX_HALF ? LINK_DUPLEX_HALF
							: LINK_DUPLEX_UNKNOWN;
	}
	close(fd);
}
