// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A changed configuration goes to the cluster as the difference to what was
 * read, with the version that was read: all of it at once, or, if anybody has
 * changed anything in between, none of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cib.h"
#include "hv/command.h"
#include "plan_apply.h"

/* crm_diff's and cibadmin's exit codes (crm_exit(3)). */
enum { CRM_EX_ERROR = 1, CRM_EX_DISCONNECT = 102, CRM_EX_OLD = 103, CRM_EX_DIGEST = 104 };

/* A text as a file that another program can open, as long as the descriptor lives. */
static int as_file(const char *text, size_t len, char path[64])
{
	int fd = memfd_create("cib", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0) {
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	snprintf(path, 64, "/proc/%d/fd/%d", (int)getpid(), fd);
	return fd;
}

/* A version behind the one that was read: cibadmin takes no difference without that. */
static void next_epoch(xmlDocPtr doc)
{
	xmlNodePtr root = xmlDocGetRootElement(doc);
	const char *epoch = plan_attr(root, "epoch");
	char next[24];

	snprintf(next, sizeof(next), "%ld", (epoch ? atol(epoch) : 0) + 1);
	xmlSetProp(root, (const xmlChar *)"epoch", (const xmlChar *)next);
	xmlSetProp(root, (const xmlChar *)"num_updates", (const xmlChar *)"0");
}

static int difference(const char *before, size_t len, xmlDocPtr after, char **patch, int timeout_ms,
		      struct hv_error *err)
{
	char from[64], to[64];
	const char *argv[] = {"crm_diff", "--cib", "--original", from, "--new", to, NULL};
	struct hv_command cmd = {.argv = argv, .timeout_ms = timeout_ms};
	xmlChar *text = NULL;
	int n = 0, a, b = -1, rc;

	next_epoch(after);
	xmlDocDumpMemory(after, &text, &n);
	a = as_file(before, len, from);
	if (text)
		b = as_file((const char *)text, (size_t)n, to);
	rc = a < 0 || b < 0 ? -ENOMEM : hv_command(&cmd, patch, NULL, err);
	if (a >= 0)
		close(a);
	if (b >= 0)
		close(b);
	xmlFree(text);
	if (rc == CRM_EX_ERROR && *patch && **patch)
		return 0;
	return rc < 0 ? rc : hv_err(err, -EIO, "crm_diff failed with exit code %d", rc);
}

int plan_patch(const char *before, size_t len, xmlDocPtr after, int timeout_ms,
	       struct hv_error *err)
{
	static const char *const argv[] = {"cibadmin", "--patch", "--xml-pipe", NULL};
	struct hv_command cmd = {.argv = argv, .timeout_ms = timeout_ms};
	char *patch = NULL;
	int rc = difference(before, len, after, &patch, timeout_ms, err);

	if (!rc) {
		cmd.input = patch;
		cmd.input_len = strlen(patch);
		rc = hv_command(&cmd, NULL, NULL, err);
	}
	free(patch);
	if (rc == CRM_EX_OLD || rc == CRM_EX_DIGEST)
		return hv_err(err, -EAGAIN, "the configuration changes all the time");
	if (rc == CRM_EX_DISCONNECT)
		return hv_err(err, -ENOTCONN,
			      "the cluster does not run on this host; start it first");
	return rc > 0 ? hv_err(err, -EIO, "cibadmin --patch failed with exit code %d", rc) : rc;
}
