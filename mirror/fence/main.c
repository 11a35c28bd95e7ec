// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * taiki-fence-peer: the handler that taiki-mirrord asks; see taiki-fence-peer(8).
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "hv/command.h"
#include "hvcore/lib/probe.h"
#include "mirror/fence/fence.h"

enum {
	SAYS_NOTHING = 1,
	SAYS_USAGE = 2,
	SAYS_OUTDATED = 4,
	SAYS_PRIMARY = 6,
	SAYS_DOWN = 7,
	PATIENCE_MS = 90 * 1000, /* for fencing, and for quorum */
	COMMAND_MS = 10 * 1000,
	PEER_MS = 3000,
	TURN_MS = 250,
	EXISTS = 76,     /* CRM_EX_EXISTS */
	NO_OBJECT = 105, /* CRM_EX_NOSUCH */
};

static const char usage[] = "usage: taiki-fence-peer fence RESOURCE\n"
			    "       taiki-fence-peer unfence RESOURCE\n"
			    "       taiki-fence-peer --help | --version\n"
			    "\n"
			    "See taiki-fence-peer(8).\n";

static void complain(const char *what, const char *why)
{
	fprintf(stderr, "taiki-fence-peer: %s: %s\n", what, why);
}

/* run() - Its exit status, or -errno. */
static int run(const char *const argv[], int timeout_ms, char **out, size_t *len)
{
	struct hv_command c = {.argv = argv, .timeout_ms = timeout_ms};
	struct hv_error err;

	*out = NULL;
	return hv_command(&c, out, len, &err);
}

static int quiet(const char *const argv[])
{
	char *out;
	size_t len;
	int rc = run(argv, COMMAND_MS, &out, &len);

	free(out);
	return rc;
}

static int find_me(char me[FENCE_NAME])
{
	static const char *const argv[] = {"crm_node", "-n", NULL};
	const char *given = getenv("TAIKI_NODE");
	char *out = NULL;
	size_t len;

	me[0] = '\0';
	if (given && *given) {
		snprintf(me, FENCE_NAME, "%s", given);
		return 0;
	}
	if (!run(argv, COMMAND_MS, &out, &len))
		snprintf(me, FENCE_NAME, "%.*s", (int)strcspn(out, "\n"), out);
	free(out);
	return me[0] ? 0 : -ENOENT;
}

/* ---- what is so ---- */

/* find_peer() - Who the other side is to the drbd.conf that describes the volume; nobody, where it does not say. */
static void find_peer(struct fence_facts *f, const char *resource, const char *me)
{
	const char *const argv[] = {"drbdadm", "-c", f->conf, "dump-xml", resource, NULL};
	char *out;
	size_t len;

	setenv("DRBD_DRIVER_VERSION_OVERRIDE", "8.4.11", 0);
	if (!run(argv, COMMAND_MS, &out, &len))
		fence_read_conf(f, out, len, me);
	free(out);
}

static int look(struct fence_facts *f, const char *resource, const char *me)
{
	static const char *const cib[] = {"cibadmin", "-Q", "-l", NULL};
	static const char *const status[] = {"crm_mon", "-1", "--output-as=xml", NULL};
	char *out;
	size_t len;
	int rc = run(cib, COMMAND_MS, &out, &len);

	if (!rc)
		rc = fence_read_cib(f, out, len, resource, me);
	free(out);
	if (!rc && f->conf[0])
		find_peer(f, resource, me);
	if (rc)
		return rc;
	rc = run(status, COMMAND_MS, &out, &len);
	if (!rc)
		rc = fence_read_status(f, out, len);
	free(out);
	return rc;
}

/* ask_peer() - Whether its own copy of the configuration has our constraint. */
static bool ask_peer(const struct fence_facts *f, const char *resource, const char *me)
{
	const char *const argv[] = {"cibadmin", "-Q", "-N", f->peer, "-o", "constraints", NULL};
	struct fence_facts there = *f;
	char *out;
	size_t len;
	bool has = !run(argv, PEER_MS, &out, &len) &&
		   !fence_read_cib(&there, out, len, resource, me) && !strcmp(there.only, me);

	free(out);
	return has;
}

static void place(const struct fence_facts *f, const char *resource, const char *me)
{
	char xml[8 * FENCE_NAME], id[FENCE_NAME];
	const char *const argv[] = {"cibadmin", "-C", "-o", "constraints", "-X", xml, NULL};
	int rc;

	fence_constraint_id(id, resource);
	snprintf(xml, sizeof(xml),
		 "<rsc_location rsc=\"%s\" id=\"%s\">"
		 "<rule role=\"Master\" score=\"-INFINITY\" id=\"%s-rule\">"
		 "<expression attribute=\"#uname\" operation=\"ne\" value=\"%s\" id=\"%s-only\"/>"
		 "</rule></rsc_location>",
		 f->clone, id, id, me, id);
	rc = quiet(argv);
	if (rc && rc != EXISTS)
		fprintf(stderr, "taiki-fence-peer: %s: the constraint %s is not placed (%d)\n",
			resource, id, rc);
}

/* ---- fence and unfence ---- */

static int fence(const char *resource)
{
	int64_t deadline = hv_clock_ms() + PATIENCE_MS;
	struct fence_facts f = {0};
	char me[FENCE_NAME];

	if (find_me(me)) {
		complain(resource, "Pacemaker does not say what this node is called");
		return SAYS_NOTHING;
	}
	for (; hv_left_ms(deadline); poll(NULL, 0, TURN_MS)) {
		if (look(&f, resource, me))
			continue;
		switch (fence_decide(&f, me)) {
		case FENCE_WAIT: f.peer_has_it = false; break;
		case FENCE_PLACE: place(&f, resource, me); break;
		case FENCE_ASK: f.peer_has_it = ask_peer(&f, resource, me); break;
		case FENCE_SAY_OUTDATED: return SAYS_OUTDATED;
		case FENCE_SAY_DOWN: return SAYS_DOWN;
		case FENCE_SAY_PRIMARY:
			fprintf(stderr,
				"taiki-fence-peer: %s: by a constraint only %s may be promoted\n",
				resource, f.only);
			return SAYS_PRIMARY;
		case FENCE_SAY_UNCONFIGURED:
			complain(resource, "no clone of an ocf:taiki:mirror has this volume and "
					   "names this node in its parameter hosts, or its config");
			return SAYS_NOTHING;
		}
	}
	complain(resource, !f.quorate ? "the cluster has no quorum here"
				      : "the peer's host is neither a member nor fenced");
	return SAYS_NOTHING;
}

/* unfence() - Ours is taken away, in one step; the peer's, which it may have placed meanwhile, stays. */
static int unfence(const char *resource)
{
	char xpath[4 * FENCE_NAME], id[FENCE_NAME], me[FENCE_NAME];
	const char *const argv[] = {"cibadmin", "-D", "--xpath", xpath, NULL};
	int rc;

	if (find_me(me) || strchr(me, '\'')) {
		complain(resource, "Pacemaker does not say what this node is called");
		return SAYS_NOTHING;
	}
	fence_constraint_id(id, resource);
	snprintf(xpath, sizeof(xpath),
		 "//constraints/rsc_location[@id='%s'][rule/expression/@value='%s']", id, me);
	rc = quiet(argv);
	return rc == NO_OBJECT ? 0 : rc < 0 ? SAYS_NOTHING : rc;
}

/* A volume's name needs no quoting in XML. */
static bool is_name(const char *s)
{
	size_t len = strlen(s);

	return len && len < 64 &&
	       len == strspn(s,
			     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help"))
		return fputs(usage, stdout) < 0;
	if (argc == 2 && !strcmp(argv[1], "--version"))
		return puts("taiki-fence-peer " TAIKI_VERSION) < 0;
	if (argc != 3 || !is_name(argv[2])) {
		fputs(usage, stderr);
		return SAYS_USAGE;
	}
	/* Whoever asked and is gone is no longer answered for. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!strcmp(argv[1], "fence"))
		return fence(argv[2]);
	if (!strcmp(argv[1], "unfence"))
		return unfence(argv[2]);
	fputs(usage, stderr);
	return SAYS_USAGE;
}
