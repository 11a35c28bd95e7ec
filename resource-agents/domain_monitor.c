// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * monitor: one process, nothing forked, nothing written.
 */
#include "domain.h"

/* gone() - Not running; of one that should be, why, as far as its log knows. */
static enum ocf_rc gone(const struct domain_list *l)
{
	char words[256];

	if (ocf_is_probe() || !l->n)
		return OCF_NOT_RUNNING;
	if (hv_last_words(l->name[0], words, sizeof(words)))
		return ocf_exit_reason(OCF_NOT_RUNNING, "domain %s ended: %s", l->name[0], words);
	return ocf_exit_reason(OCF_NOT_RUNNING,
			       "domain %s is gone: its process was killed or crashed; the last it "
			       "logged: %s",
			       l->name[0], *words ? words : "nothing");
}

static enum ocf_rc look_at(const char *name, const struct domain_list *l)
{
	struct domain_view v;
	struct domain_verdict verdict;

	domain_look(name, ocf_left_ms() / 4 * 3, &v);
	verdict = domain_judge(&v);
	if (verdict.rc == OCF_NOT_RUNNING)
		return gone(l);
	if (verdict.rc != OCF_SUCCESS)
		ocf_exit_reason(verdict.rc, "domain %s %s%s%s", name, verdict.what,
				v.err.text[0] ? ": " : "", v.err.text);
	return verdict.rc;
}

enum ocf_rc domain_monitor(void)
{
	struct domain_list l;
	enum ocf_rc rc;

	if (ocf_is_clone())
		return ocf_exit_reason(OCF_ERR_CONFIGURED,
				       "%s is a clone; a domain runs once: take the clone away",
				       ocf_instance());
	if (domain_find(&l))
		rc = ocf_exit_reason(OCF_ERR_GENERIC, "cannot tell which domains run here: %s",
				     l.err.text);
	else if (l.running > 1)
		rc = ocf_exit_reason(OCF_ERR_GENERIC, "two domains run for it: %s and %s",
				     l.name[0], l.name[1]);
	else if (l.running)
		rc = look_at(l.name[0], &l);
	else
		rc = gone(&l);
	domain_list_free(&l);
	return rc;
}
