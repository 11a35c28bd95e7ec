// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "hv/daemon.h"

#include "daemon_parts.h"

static int change_user(const char *user, struct hv_error *err)
{
	const struct passwd *pw;

	if (geteuid() != 0)
		return 0; /* a developer's run: what this user is refused is reported */
	pw = getpwnam(user);
	if (!pw)
		return hv_err(err, -ENOENT, "there is no user %s", user);
	if (setgroups(0, NULL) || setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid))
		return hv_err(err, -errno, "cannot become %s: %s", user, strerror(errno));
	return 0;
}

int hv_become(const char *user, pid_t parent, struct hv_error *err)
{
	int rc = change_user(user, err);

	if (rc)
		return rc;
	rc = hv_privilege_drop(NULL, 0);
	if (rc)
		return hv_err(err, rc, "rights cannot be dropped: %s", strerror(-rc));
	hv_die_with(parent); /* after the change of user, which clears it */
	return 0;
}
