/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard `lease`: sanlock's renewed on-disk lease.
 *
 * The client library is loaded only where a disk asks for it, so that nobody
 * else needs it installed or pays for it at start.  The registered socket is
 * kept for life: closing it would release the leases.
 */
#include "lease.h"

#include <dlfcn.h>
#include <errno.h>
#include <sanlock.h>
#include <sanlock_admin.h>
#include <sanlock_resource.h>
#include <sanlock_rv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/*
	 * Renewals seen by which an owner is known to be alive.  One could have
	 * been made before we began, and noticed after.
	 */
	ALIVE_RENEWALS = 2,
	/* Seconds in which sanlock has noticed that a process of this host is gone, and released its lease. */
	LOCAL_S = 10,
};

static struct {
	void *handle;
	int sock;
	int (*reg)(void);
	int (*restrict_)(int sock, uint32_t flags);
	int (*acquire)(int sock, int pid, uint32_t flags, int count, struct sanlk_resource **res,
		       struct sanlk_options *opt);
	int (*owners)(struct sanlk_resource *res, uint32_t flags, struct sanlk_host **hosts,
		      int *count);
	int (*hosts)(const char *lockspace, uint64_t id, struct sanlk_host **hosts, int *count,
		     uint32_t flags);
} sanlock = {.sock = -1};

static int load(const struct hv_disk *disk, struct hv_error *err)
{
	if (sanlock.handle)
		return 0;
	sanlock.handle = dlopen("libsanlock_client.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!sanlock.handle)
		return hv_err(err, -ENOENT,
			      "disk %s: guard lease: %s; install libsanlock-client1 and sanlock",
			      disk->target, dlerror());
	*(void **)&sanlock.reg = dlsym(sanlock.handle, "sanlock_register");
	*(void **)&sanlock.restrict_ = dlsym(sanlock.handle, "sanlock_restrict");
	*(void **)&sanlock.acquire = dlsym(sanlock.handle, "sanlock_acquire");
	*(void **)&sanlock.owners = dlsym(sanlock.handle, "sanlock_read_resource_owners");
	*(void **)&sanlock.hosts = dlsym(sanlock.handle, "sanlock_get_hosts");
	if (sanlock.reg && sanlock.restrict_ && sanlock.acquire && sanlock.owners && sanlock.hosts)
		return 0;
	dlclose(sanlock.handle);
	sanlock.handle = NULL;
	return hv_err(err, -ENOENT,
		      "disk %s: guard lease: libsanlock_client.so.1 lacks a function; install "
		      "sanlock 3",
		      disk->target);
}

int lease_register(const struct hv_disk *disk, struct hv_error *err)
{
	int rc = load(disk, err);

	if (rc || sanlock.sock >= 0)
		return rc;
	sanlock.sock = sanlock.reg();
	if (sanlock.sock < 0)
		return hv_err(err, sanlock.sock,
			      "disk %s: guard lease: cannot register with sanlock: %s; start "
			      "sanlock and join lockspace %s",
			      disk->target, strerror(-sanlock.sock), disk->lease_lockspace);
	/* A lost lease ends the guest at once: SIGTERM would leave it a grace to write in. */
	rc = sanlock.restrict_(sanlock.sock, SANLK_RESTRICT_SIGTERM);
	if (rc >= 0)
		return 0;
	close(sanlock.sock);
	sanlock.sock = -1;
	return hv_err(err, rc, "disk %s: guard lease: sanlock refuses to kill by SIGKILL only: %d",
		      disk->target, rc);
}

static bool owned(int rc)
{
	return rc == SANLK_ACQUIRE_IDLIVE || rc == SANLK_ACQUIRE_OWNED ||
	       rc == SANLK_ACQUIRE_OTHER || rc == SANLK_ACQUIRE_OWNED_RETRY;
}

/* When the owner last renewed its place in the lockspace (its own seconds); 0: cannot tell. */
static uint64_t owner_renewed(struct sanlk_resource *res)
{
	struct sanlk_host *owner = NULL, *host = NULL;
	uint64_t at = 0;
	int n = 0;

	if (sanlock.owners(res, 0, &owner, &n) >= 0 && n > 0 &&
	    sanlock.hosts(res->lockspace_name, owner[0].host_id, &host, &n, 0) >= 0 && n > 0)
		at = host[0].timestamp;
	free(owner);
	free(host);
	return at;
}

/*
 * Acquire, and wait where an owner may be dead: sanlock itself answers at once
 * that it is alive, until its lease has run out.  Alive is who renews.
 */
static int acquire(struct sanlk_resource *res, pid_t pid, unsigned patience)
{
	uint64_t last = 0;
	unsigned renewals = 0;
	int rc;

	for (unsigned s = 0;; s++) {
		uint64_t at;

		/* For another process sanlock is asked on a connection of its own. */
		rc = pid ? sanlock.acquire(-1, pid, 0, 1, &res, NULL)
			 : sanlock.acquire(sanlock.sock, -1, 0, 1, &res, NULL);
		if (rc == -EEXIST && s < LOCAL_S && s < patience) {
			sleep(1);
			continue;
		}
		if (!owned(rc) || s >= patience)
			return rc;
		at = owner_renewed(res);
		renewals += last && at != last;
		last = at;
		if (renewals == ALIVE_RENEWALS)
			return rc;
		sleep(1);
	}
}

/* sanlock's own results (sanlock_rv.h) beside -errno, as far as an operator can act on them. */
static int refused(const struct hv_disk *disk, int rc, struct hv_error *err)
{
	const char *why = rc > -200 ? strerror(-rc) : "sanlock refuses";
	const char *next = "see `sanlock client status` and sanlock's log";

	if (owned(rc)) {
		why = "another host holds it and renews its lockspace";
		next = "end the domain there";
	}
	switch (rc) {
	case -EEXIST:
		why = "another process of this host holds it";
		next = "end its domain first";
		break;
	case -ESRCH:
		why = "the process is not registered with sanlock";
		next = "it has ended, or was no standby";
		break;
	case -ENOSPC:
	case SANLK_ACQUIRE_LOCKSPACE:
		why = "this host has not joined the lockspace";
		next = "join it with `sanlock client add_lockspace`";
		break;
	case SANLK_LEADER_MAGIC:
	case SANLK_LEADER_RESOURCE:
	case SANLK_LEADER_LOCKSPACE:
		why = "there is no such lease at that place";
		next = "make it with `sanlock client init -r`";
		break;
	}
	return hv_err(err, rc > -200 && rc != -EEXIST ? rc : -EBUSY,
		      "disk %s: cannot acquire lease %s:%s at %s:%llu: %s (%d); %s", disk->target,
		      disk->lease_lockspace, disk->lease_key, disk->lease_path,
		      (unsigned long long)disk->lease_offset, why, rc, next);
}

int lease_acquire(const struct hv_disk *disk, pid_t pid, int timeout_ms, struct hv_error *err)
{
	struct sanlk_resource *res;
	int rc;

	if (!disk->lease_lockspace || !disk->lease_key || !disk->lease_path ||
	    strlen(disk->lease_lockspace) > SANLK_NAME_LEN ||
	    strlen(disk->lease_key) > SANLK_NAME_LEN || strlen(disk->lease_path) >= SANLK_PATH_LEN)
		return hv_err(err, -EINVAL,
			      "disk %s: guard lease needs a lockspace and a key of at most %d "
			      "bytes, and a path; complete the definition's <lease>",
			      disk->target, SANLK_NAME_LEN);
	rc = pid ? load(disk, err) : lease_register(disk, err);
	if (rc)
		return rc;
	res = calloc(1, sizeof(*res) + sizeof(struct sanlk_disk));
	if (!res)
		return hv_err(err, -ENOMEM, "disk %s: no memory for its lease", disk->target);
	/* Neither name needs a terminating NUL when it fills its field. */
	memcpy(res->lockspace_name, disk->lease_lockspace, strlen(disk->lease_lockspace));
	memcpy(res->name, disk->lease_key, strlen(disk->lease_key));
	res->num_disks = 1;
	strcpy(res->disks[0].path, disk->lease_path);
	res->disks[0].offset = disk->lease_offset;
	rc = acquire(res, pid, timeout_ms > 0 ? (unsigned)timeout_ms / 1000 : 0);
	free(res);
	return rc < 0 ? refused(disk, rc, err) : 0;
}
