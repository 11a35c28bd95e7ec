// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading a definition in another process, for programs that must not carry
 * an XML parser (design 5.5).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "beside.h"
#include "hv/command.h"
#include "hv/definition.h"

int hv_definition_resolve(struct hv_config *c, const char *text, size_t len, const char *file,
			  int timeout_ms, struct hv_error *err)
{
	char hv[4096], *answer = NULL;
	const char *argv[] = {hv, "define", "--resolve", "--as", file, "-", NULL};
	struct hv_command cmd = {
		.argv = argv, .input = text, .input_len = len, .timeout_ms = timeout_ms};
	size_t n = 0;
	int rc;

	memset(c, 0, sizeof(*c));
	hv_beside(hv, sizeof(hv), "TAIKI_HV", "hv", "/usr/sbin/hv");
	rc = hv_command(&cmd, &answer, &n, err);
	if (rc == 0) {
		rc = hv_config_from_json(c, answer, n, err);
	} else if (rc > 0) {
		answer[strcspn(answer, "\n")] = '\0';
		rc = hv_err(err, -EINVAL, "%s",
			    *answer ? answer : "the definition could not be read");
	}
	free(answer);
	return rc;
}
