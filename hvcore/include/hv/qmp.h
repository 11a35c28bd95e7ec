/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QMP client.  Every call has a deadline; after any error but
 * -EREMOTEIO the connection is dead and only hv_qmp_close() is left.
 */
#ifndef HV_QMP_H
#define HV_QMP_H

#include <jansson.h>

#include "hv/config.h"

struct hv_qmp;

/*
 * hv_qmp_open() - Connect to @path, read the greeting and negotiate, within
 * @timeout_ms.  0, -ENOENT/-ECONNREFUSED (nobody serves it), -ETIMEDOUT,
 * -EPROTO.  *@out is the caller's.
 */
int hv_qmp_open(const char *path, int timeout_ms, struct hv_qmp **out, struct hv_error *err);
/* hv_qmp_open_domain() - The same for a domain's RUN/NAME/qmp.sock. */
int hv_qmp_open_domain(const char *name, int timeout_ms, struct hv_qmp **out, struct hv_error *err);
void hv_qmp_close(struct hv_qmp *q);

/*
 * hv_qmp_call() - Execute @command with @args (stolen; may be NULL).  On 0,
 * *@ret (if asked for) is the caller's reference to "return".  -EREMOTEIO:
 * the domain refused, @err holds its "desc".  Events that arrive meanwhile are queued.
 */
int hv_qmp_call(struct hv_qmp *q, const char *command, json_t *args, int timeout_ms, json_t **ret,
		struct hv_error *err);

/*
 * hv_qmp_getfd() - Hand the domain a duplicate of @fd under the name @fdname
 * (not beginning with a digit; at most 63 bytes), for a later command on this
 * connection.  The caller keeps @fd.  Errors as hv_qmp_call().
 */
int hv_qmp_getfd(struct hv_qmp *q, const char *fdname, int fd, int timeout_ms,
		 struct hv_error *err);

/* hv_qmp_event() - The next event, waiting at most @timeout_ms (-ETIMEDOUT). */
int hv_qmp_event(struct hv_qmp *q, int timeout_ms, json_t **event, struct hv_error *err);

/* hv_qmp_fd() - For the caller's own poll; read through hv_qmp_event() with timeout 0. */
int hv_qmp_fd(const struct hv_qmp *q);

#endif
