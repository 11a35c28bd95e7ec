// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A definition's bytes, as XML and as the packed form.  Whatever they are, the
 * answer is a consistent configuration, or an error with words in it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hv/definition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int holds)
{
	if (!holds)
		abort();
}

static void verdicts(const struct hv_definition *d, int rc, const struct hv_error *err)
{
	unsigned refused = 0;

	for (size_t i = 0; i < d->nverdicts; i++) {
		const struct hv_verdict *v = &d->verdict[i];

		must(v->path && v->kind <= HV_REFUSED && v->line >= 0);
		must(v->kind != HV_REFUSED || v->reason);
		refused += v->kind == HV_REFUSED;
	}
	must(refused == d->refused);
	must(rc == 0 || rc == -EINVAL);
	must(rc ? err->text[0] && !d->config.name : !refused && !hv_config_check(&d->config, NULL));
}

/* What is understood must survive the way to hv-domain. */
static void handed_over(const struct hv_config *c)
{
	char *text = hv_config_to_json(c), *again;
	struct hv_config back;

	must(text != NULL);
	must(!hv_config_from_json(&back, text, strlen(text), NULL));
	again = hv_config_to_json(&back);
	must(again && !strcmp(text, again));
	free(again);
	free(text);
	hv_config_free(&back);
}

static void packed(const char *encoded)
{
	struct hv_error err = {""};
	char *text, *again;
	size_t len;
	int rc = hv_definition_decode(encoded, &text, &len, &err);

	must(rc == 0 || (rc == -EINVAL && err.text[0] && !text));
	if (rc)
		return;
	must(len <= HV_DEFINITION_MAX && !text[len]);
	must(!hv_definition_encode(text, len, &again, &err));
	free(again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hv_error err = {""};
	struct hv_definition d;
	char *text = malloc(size + 1);
	int rc;

	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	rc = hv_definition_parse(&d, text, size, "fuzz.xml", &err);
	verdicts(&d, rc, &err);
	if (!rc)
		handed_over(&d.config);
	hv_definition_free(&d);
	packed(text);
	free(text);
	return 0;
}
