// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file system of storaged: names and attributes pass through to the shared
 * directory at once, data goes through the cache.  Advisory locks are not
 * implemented here, so the kernel keeps them in this mount's own superblock:
 * another node does not see them, as on real hosts.
 */
#define FUSE_USE_VERSION 312
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "storaged.h"

/* One open file or directory; its address is the handle the kernel gives back. */
struct handle {
	struct inode *in; /* NULL: a directory */
	uint64_t id;      /* in the record; never used again */
	int fd;
	bool writable;
};

static int backing = -1;
static unsigned evict; /* of a thousand writes */

void storaged_backing(int dirfd)
{
	backing = dirfd;
}

void storaged_evict(unsigned permille)
{
	evict = permille;
}

static const char *rel(const char *path)
{
	return path[1] ? path + 1 : ".";
}

static struct handle *handle_of(const struct fuse_file_info *fi)
{
	return (struct handle *)(uintptr_t)fi->fh;
}

static void *init(struct fuse_conn_info *conn, struct fuse_config *cfg)
{
	cfg->use_ino = 1;
	cfg->direct_io = 1; /* every read and write is seen here */
	cfg->entry_timeout = 0;
	cfg->attr_timeout = 0;
	cfg->negative_timeout = 0;
	cfg->nullpath_ok = 1;
	return NULL;
}

static int op_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
	int rc = fi ? fstat(handle_of(fi)->fd, st)
		    : fstatat(backing, rel(path), st, AT_SYMLINK_NOFOLLOW);

	if (rc)
		return -errno;
	if (S_ISREG(st->st_mode))
		st->st_size = inode_size_of(st->st_ino, st->st_size);
	return 0;
}

static int op_opendir(const char *path, struct fuse_file_info *fi)
{
	int fd = openat(backing, rel(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct handle *h = fd < 0 ? NULL : calloc(1, sizeof(*h));

	if (fd < 0)
		return -errno;
	if (!h) {
		close(fd);
		return -ENOMEM;
	}
	h->fd = fd;
	fi->fh = (uint64_t)(uintptr_t)h;
	return 0;
}

static int op_releasedir(const char *path, struct fuse_file_info *fi)
{
	close(handle_of(fi)->fd);
	free(handle_of(fi));
	return 0;
}

/* @path is NULL here, as with every operation that has a handle (nullpath_ok). */
static int op_readdir(const char *path, void *buf, fuse_fill_dir_t fill, off_t off,
		      struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
	int fd = openat(handle_of(fi)->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		int rc = -errno;

		if (fd >= 0)
			close(fd);
		return rc;
	}
	while ((d = readdir(dir))) {
		struct stat st = {.st_ino = d->d_ino, .st_mode = (mode_t)d->d_type << 12};

		if (fill(buf, d->d_name, &st, 0, 0))
			break;
	}
	closedir(dir);
	return 0;
}

/* Writes need reads of part sectors, and destaging may come by any handle: O_RDWR. */
static int opened(const char *path, int fd, struct fuse_file_info *fi)
{
	struct handle *h = calloc(1, sizeof(*h));
	int mode = fi->flags & O_ACCMODE;

	if (h)
		h->in = inode_open(fd, path);
	if (!h || !h->in) {
		free(h);
		close(fd);
		return -ENOMEM;
	}
	h->fd = fd;
	fi->fh = (uint64_t)(uintptr_t)h;
	fi->direct_io = 1;
	h->writable = mode != O_RDONLY;
	h->id = record_opened(h->in, h->writable, fuse_get_context()->pid);
	if (fi->flags & O_TRUNC)
		inode_forget(h->in, 0, SIZE_MAX);
	return 0;
}

static int op_open(const char *path, struct fuse_file_info *fi)
{
	int trunc = fi->flags & O_TRUNC;
	int fd = openat(backing, rel(path), O_RDWR | O_CLOEXEC | O_NOFOLLOW | trunc);

	return fd < 0 ? -errno : opened(path, fd, fi);
}

static int op_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	struct fuse_context *ctx = fuse_get_context();
	int fd = openat(backing, rel(path),
			O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (fi->flags & O_TRUNC), mode);

	if (fd < 0)
		return -errno;
	if (fchown(fd, ctx->uid, ctx->gid))
		fprintf(stderr, "storaged: %s: cannot give to its maker\n", path);
	return opened(path, fd, fi);
}

static int op_read(const char *path, char *buf, size_t len, off_t off, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);

	if (fault_now(inode_path(h->in)) == FAULT_EIO)
		return -EIO;
	return (int)inode_read(h->in, h->fd, buf, len, off);
}

static int op_write(const char *path, const char *buf, size_t len, off_t off,
		    struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);
	uint64_t op = record_submit(h->id, "write", off, len, buf);
	enum fault fault = fault_now(inode_path(h->in));
	ssize_t destaged = 0;
	int rc = fault == FAULT_EIO      ? -EIO
		 : fault == FAULT_ENOSPC ? -ENOSPC
					 : inode_write(h->in, h->fd, buf, len, off);

	if (!rc && op * 7919 % 1000 < evict)
		inode_evict(h->in, h->fd);
	if (!rc && fi->flags & (O_DSYNC | O_SYNC) && fault != FAULT_LOSE_FLUSH) {
		destaged = inode_destage(h->in, h->fd);
		if (destaged < 0)
			rc = (int)destaged;
	}
	record_complete(op, rc ? rc : (ssize_t)len, destaged > 0 ? (size_t)destaged : 0);
	return rc ? rc : (int)len;
}

static int flush(struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);
	uint64_t op = record_submit(h->id, "flush", 0, 0, NULL);
	enum fault fault = fault_now(inode_path(h->in));
	ssize_t rc = 0;

	if (fault == FAULT_EIO)
		rc = -EIO;
	else if (fault != FAULT_LOSE_FLUSH)
		rc = inode_destage(h->in, h->fd);
	if (rc >= 0)
		platter_flushed();
	record_complete(op, rc < 0 ? rc : 0, rc > 0 ? (size_t)rc : 0);
	return rc < 0 ? (int)rc : 0;
}

static int op_fsync(const char *path, int datasync, struct fuse_file_info *fi)
{
	return flush(fi);
}

/* close(2).  Nothing dirty: nothing to do, not even on a disk that hangs. */
static int op_flush(const char *path, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);

	return h->writable && inode_dirty(h->in) ? flush(fi) : 0;
}

static int op_release(const char *path, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);

	record_closed(h->id, inode_close(h->in));
	close(h->fd);
	free(h);
	return 0;
}

static int op_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	int rc, fd = fi ? handle_of(fi)->fd : openat(backing, rel(path), O_RDWR | O_CLOEXEC);
	struct inode *in;

	if (fd < 0)
		return -errno;
	in = inode_open(fd, path ? path : "");
	rc = ftruncate(fd, size) ? -errno : 0;
	if (in && !rc)
		inode_forget(in, size, SIZE_MAX);
	if (in)
		inode_close(in);
	if (!fi)
		close(fd);
	return rc;
}

/* Discards and zeroed ranges.  They take effect at once: harder than a cache is allowed to be. */
static int op_fallocate(const char *path, int mode, off_t off, off_t len, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);
	uint64_t op = record_submit(h->id, "write", off, (size_t)len, NULL);
	int rc = 0;

	enum fault fault = fault_now(inode_path(h->in));

	if (fault == FAULT_EIO || fault == FAULT_ENOSPC)
		rc = fault == FAULT_EIO ? -EIO : -ENOSPC;
	else if (fault == FAULT_NO_HOLES)
		rc = -EOPNOTSUPP;
	else if (inode_destage(h->in, h->fd) < 0 || fallocate(h->fd, mode, off, len))
		rc = -errno;
	else
		platter_wrote(off, NULL, (size_t)len);
	record_complete(op, rc ? rc : (ssize_t)len, rc ? 0 : (size_t)len);
	return rc;
}

static int op_unlink(const char *path)
{
	return unlinkat(backing, rel(path), 0) ? -errno : 0;
}

static int op_mkdir(const char *path, mode_t mode)
{
	return mkdirat(backing, rel(path), mode) ? -errno : 0;
}

static int op_rmdir(const char *path)
{
	return unlinkat(backing, rel(path), AT_REMOVEDIR) ? -errno : 0;
}

static int op_rename(const char *from, const char *to, unsigned flags)
{
	return renameat2(backing, rel(from), backing, rel(to), flags) ? -errno : 0;
}

static int op_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	return (fi ? fchmod(handle_of(fi)->fd, mode) : fchmodat(backing, rel(path), mode, 0))
		       ? -errno
		       : 0;
}

static int op_chown(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *fi)
{
	return fchownat(backing, rel(path), uid, gid, AT_SYMLINK_NOFOLLOW) ? -errno : 0;
}

static int op_utimens(const char *path, const struct timespec t[2], struct fuse_file_info *fi)
{
	return (fi ? futimens(handle_of(fi)->fd, t) : utimensat(backing, rel(path), t, 0)) ? -errno
											   : 0;
}

static int op_statfs(const char *path, struct statvfs *st)
{
	return fstatvfs(backing, st) ? -errno : 0;
}

const struct fuse_operations storaged_operations = {
	.init = init,
	.getattr = op_getattr,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.releasedir = op_releasedir,
	.open = op_open,
	.create = op_create,
	.read = op_read,
	.write = op_write,
	.fsync = op_fsync,
	.flush = op_flush,
	.release = op_release,
	.truncate = op_truncate,
	.fallocate = op_fallocate,
	.unlink = op_unlink,
	.mkdir = op_mkdir,
	.rmdir = op_rmdir,
	.rename = op_rename,
	.chmod = op_chmod,
	.chown = op_chown,
	.utimens = op_utimens,
	.statfs = op_statfs,
};
