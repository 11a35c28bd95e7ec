// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fencing/door_keys.h"

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static void drop(struct door_keys *t)
{
	t->generation++;
	door_keys_wipe(t->key, t->n);
	t->key = NULL;
	t->n = 0;
}

/* may_be_used() - Whether only its owner, root or us, can touch it. */
static bool may_be_used(struct door_keys *t, const struct stat *st)
{
	const char *wrong = NULL;

	if (!S_ISREG(st->st_mode))
		wrong = "it is not a regular file";
	else if (st->st_uid != 0 && st->st_uid != geteuid())
		wrong = "it does not belong to root (chown root)";
	else if (st->st_mode & 077)
		wrong = "others may read or write it (chmod 0600)";
	else if (st->st_size > DOOR_KEYS_FILE_MAX)
		wrong = "it is larger than 1 MiB";
	if (wrong)
		snprintf(t->problem, sizeof(t->problem), "no key opens anything: %s", wrong);
	return !wrong;
}

static int read_whole(int fd, char *text, size_t size, size_t *len)
{
	*len = 0;
	while (*len < size) {
		ssize_t n = read(fd, text + *len, size - *len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		*len += (size_t)n;
	}
	text[*len] = '\0';
	return 0;
}

/* take() - The keys in @fd; with a problem those of before stay. */
static void take(struct door_keys *t, int fd, size_t size)
{
	char *text = malloc(size + 1), err[256];
	struct door_key *key = NULL;
	size_t len = 0, n = 0;
	int rc = text ? read_whole(fd, text, size, &len) : -ENOMEM;

	snprintf(err, sizeof(err), "%s", strerror(-rc));
	if (!rc)
		rc = door_keys_parse(text, len, &key, &n, err, sizeof(err));
	if (rc) {
		snprintf(t->problem, sizeof(t->problem), "%s; the keys from before are in use",
			 err);
	} else {
		drop(t);
		t->key = key;
		t->n = n;
	}
	if (text)
		explicit_bzero(text, size + 1);
	free(text);
}

int door_keys_refresh(struct door_keys *t)
{
	char before[sizeof(t->problem)];
	/* O_NONBLOCK: that it is no FIFO is known only afterwards. */
	int fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st = {0};

	snprintf(before, sizeof(before), "%s", t->problem);
	if (fd < 0 || fstat(fd, &st)) {
		snprintf(t->problem, sizeof(t->problem), "no key opens anything: %s",
			 strerror(errno));
		if (t->key)
			drop(t);
		memset(&t->seen, 0, sizeof(t->seen));
		if (fd >= 0)
			close(fd);
		return strcmp(before, t->problem) != 0;
	}
	if (same_file(&st, &t->seen)) {
		close(fd);
		return 0;
	}
	t->seen = st;
	t->problem[0] = '\0';
	if (may_be_used(t, &st))
		take(t, fd, (size_t)st.st_size);
	else
		drop(t);
	close(fd);
	return 1;
}

const struct door_key *door_keys_find(const struct door_keys *t, const char *identity)
{
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->key[i].identity, identity))
			return &t->key[i];
	return NULL;
}

void door_keys_free(struct door_keys *t)
{
	drop(t);
}
