/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the agent wants of its daemon: RUN/.poold.json, written whole by the agent
 * before it starts the daemon or says that something has changed.
 */
#ifndef POOL_SETTINGS_H
#define POOL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "hv/config.h"

enum { POOL_DOMAINS_MAX = 512 };

struct pool_settings {
	char *resource;                 /* the pool's own, which its standbys name */
	char *domain[POOL_DOMAINS_MAX]; /* resources of domains, in order */
	unsigned ndomains;
	unsigned spares;
	char *template;  /* absolute path of the spares' definition, or NULL */
	char *directory; /* where the spares' images are, or NULL */
	int boot_timeout_ms;
	int ready_after_ms; /* a guest that says nothing counts as booted; 0: never */
	unsigned boots;     /* at the same time */
	bool assume_fencing;
};

/* pool_settings_check() - 0, or -EINVAL with @err: the parameter, and what to write. */
int pool_settings_check(const struct pool_settings *s, struct hv_error *err);

/* pool_settings_domains() - @text, names separated by blanks or commas, into @s.  0 or -EINVAL, -ENOMEM. */
int pool_settings_domains(struct pool_settings *s, const char *text, struct hv_error *err);

/* pool_settings_print() - As JSON, the caller's to free; NULL: no memory. */
char *pool_settings_print(const struct pool_settings *s);

/* pool_settings_parse() - And back; @s is the caller's to free on success.  0, -EINVAL, -ENOMEM. */
int pool_settings_parse(struct pool_settings *s, const char *text, size_t len,
			struct hv_error *err);

/* pool_settings_write(), pool_settings_read() - The file.  0 or -errno. */
int pool_settings_write(const struct pool_settings *s, struct hv_error *err);
int pool_settings_read(struct pool_settings *s, struct hv_error *err);

/* pool_settings_remove() - There is no pool any more. */
void pool_settings_remove(void);

void pool_settings_free(struct pool_settings *s);

#endif
