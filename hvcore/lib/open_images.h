/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_OPEN_IMAGES_H
#define HV_LIB_OPEN_IMAGES_H

#include "hv/config.h"

/*
 * hv_open_images() - The files and block devices that the process of @pidfd
 * has open for writing, as the disks of @c: what stands in for a config.json
 * that is gone.  Run directories' own files are left out.  0, -errno.
 */
int hv_open_images(int pidfd, struct hv_config *c);

#endif
