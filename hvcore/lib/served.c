// SPDX-License-Identifier: GPL-2.0-or-later
#include "served.h"

enum served_how served_how(const struct hv_disk *disk)
{
	return disk->nbd ? SERVED_NBD : disk->vhost ? SERVED_VHOST : SERVED_NOT;
}

int served_dial(const struct hv_disk *disk, int64_t deadline, struct served *s,
		struct hv_error *err)
{
	s->how = served_how(disk);
	return s->how == SERVED_VHOST ? vhost_dial(disk, deadline, &s->vhost, err)
				      : nbd_dial(disk, deadline, &s->nbd, err);
}
