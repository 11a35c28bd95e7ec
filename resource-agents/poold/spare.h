/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Spares: which numbers there are, and their own disks.
 *
 * A spare's writable disk that is not gated is a copy of the template's, in
 * DIRECTORY/NODE.K@spare.TARGET.img, made by reflink where the file system can.  How long they
 * stay: sweep.h.
 */
#ifndef POOL_SPARE_H
#define POOL_SPARE_H

#include "poold.h"

/* spares_want() - Which spares are wanted; adds what is missing. */
void spares_want(struct poold *d);

/*
 * spare_config() - What the spare @name is started with, its disks' paths in @directory.
 * @out is the caller's to free on success.
 */
int spare_config(const struct hv_config *template, const char *name, const char *directory,
		 struct hv_config *out, struct hv_error *err);

/* spare_or_twin_matches() - Whether what runs in @p was made of what its source is now. */
bool spare_or_twin_matches(const struct place *p);

/*
 * image_make() - Copy @from to @to, which is made anew: by reflink, or else in pieces; @step
 * (may be NULL) is told how much is done.  0 or -errno.
 */
int image_make(const char *from, const char *to,
	       void (*step)(void *arg, uint64_t done, uint64_t all), void *arg,
	       struct hv_error *err);

/* images_make() - All of @spare's own disks; what was made is removed again where one fails. */
int images_make(const struct hv_config *template, const struct hv_config *spare,
		void (*step)(void *arg, uint64_t done, uint64_t all), void *arg,
		struct hv_error *err);

#endif
