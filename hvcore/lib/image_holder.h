/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HV_LIB_IMAGE_HOLDER_H
#define HV_LIB_IMAGE_HOLDER_H

#include <stddef.h>

/*
 * hv_image_holder() - Who on this host holds a lock on the file behind @fd, in
 * words ("process 4711 (hv-domain web)"), as far as /proc tells: F_OFD_GETLK
 * knows no process.
 */
void hv_image_holder(int fd, char *out, size_t size);

#endif
